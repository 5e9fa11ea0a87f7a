//! Any text as the template of a dbt model and, behind a line `---`, as a file of macros that the model
//! can call: it is rendered, or it is said why not.
#![no_main]

use headsup::project::dbt::{self, Options};
use headsup::snapshot::Snapshot;
use headsup_lineage::dialect::Dialect;
use libfuzzer_sys::{Corpus, fuzz_target};

const PROJECT: &str = "name: shop\nconfig-version: 2\nvars:\n  since: '2024-01-01'\n  kinds: [a, b, c]\n";

/// Numbers of more digits make loops and lists that use up what a template may do, a second each; other
/// tests have those, and here they would be nearly all that is tried.
const DIGITS: usize = 2;

fuzz_target!(|data: &[u8]| -> Corpus {
    let text = String::from_utf8_lossy(data);
    if text.split(|c: char| !c.is_ascii_digit()).any(|number| number.len() > DIGITS) {
        return Corpus::Reject;
    }
    let (model, macros) = text.split_once("\n---\n").unwrap_or((&text, ""));
    let files = [
        ("dbt_project.yml", PROJECT),
        ("models/m.sql", model),
        ("models/a.sql", "select 1 as id"),
        ("macros/more.sql", macros),
    ];
    let Ok(snapshot) = Snapshot::of_texts("fuzz", files) else { return Corpus::Reject };
    let part = dbt::read(&snapshot, &Options { dialect: Some(Dialect::DuckDb), ..Options::default() });
    assert!(!part.relations.is_empty());
    Corpus::Keep
});
