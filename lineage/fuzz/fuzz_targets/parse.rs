//! Any text, in any dialect, is read: as statements, and as the tokens by which texts are compared.
#![no_main]

use headsup_lineage::dialect::Dialect;
use headsup_lineage::parse::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((dialect, text)) = data.split_first() else { return };
    let dialect = Dialect::ALL[usize::from(*dialect) % Dialect::ALL.len()];
    let text = String::from_utf8_lossy(text);
    let script = parse(&text, dialect);
    for queries in script.statements.iter().filter_map(|statement| statement.queries.as_ref()) {
        assert!(!queries.to_string().is_empty());
    }
});
