//! SQL to its dependencies as text, so that a test is a query and what it depends on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use headsup_lineage::columns::lineage;
use headsup_lineage::dependency::{Dependency, Extent, Ground, Key, OutputLineage, Proof, QueryLineage, Shape, Slot};
use headsup_lineage::dialect::Dialect;
use headsup_lineage::name::{ColumnName, Quoting, RelationName};
use headsup_lineage::parse::parse;
use headsup_lineage::script::lineage as script_lineage;

/// What is known of relations: `orders(order_id!, amount); raw.events(id, ...)`. A `!` marks a key of
/// one column, `...` says that there may be more columns.
pub(crate) fn schemas(dialect: Dialect, text: &str) -> BTreeMap<RelationName, Shape> {
    let mut found = BTreeMap::new();
    for relation in text.split(';').map(str::trim).filter(|relation| !relation.is_empty()) {
        let (name, columns) = relation.trim_end_matches(')').split_once('(').expect("columns in brackets");
        let (mut known, mut keys, mut extent) = (Vec::new(), Vec::new(), Extent::Closed);
        for column in columns.split(',').map(str::trim).filter(|column| !column.is_empty()) {
            if column == "..." {
                extent = Extent::Open;
                continue;
            }
            let plain = column.trim_end_matches('!');
            let column_name = ColumnName::new(dialect, plain, Quoting::Bare);
            if plain != column {
                let proof = Proof { steps: vec!["declared".to_owned()], ground: Ground::Declared };
                keys.push(Key { columns: BTreeSet::from([column_name.clone()]), proof });
            }
            known.push(column_name);
        }
        let shape = Shape { columns: known.into(), extent, keys: keys.into() };
        found.insert(RelationName::parse(dialect, name.trim()), shape);
    }
    found
}

/// The dependencies of every output of a text.
pub(crate) fn outputs(dialect: Dialect, schema: &str, sql: &str) -> Vec<OutputLineage> {
    let schemas = schemas(dialect, schema);
    let script = parse(sql, dialect);
    assert!(script.diagnostics.is_empty(), "{sql}\n{:?}", script.diagnostics);
    let queries = script.statements.iter().filter_map(|statement| statement.queries.as_ref());
    queries.flat_map(|queries| lineage(queries, &schemas)).collect()
}

/// Checks the dependencies of a script, whose statements know what those before them build and declare.
pub(crate) fn check_script(dialect: Dialect, schema: &str, sql: &str, expected: &str) {
    let script = parse(sql, dialect);
    assert!(script.diagnostics.is_empty(), "{sql}\n{:?}", script.diagnostics);
    let outputs = script_lineage(&script, &schemas(dialect, schema)).into_iter().flatten();
    compare(sql, &spelled(outputs), expected);
}

/// The dependencies as text, a line for each column and one for the rows.
pub(crate) fn print(dialect: Dialect, schema: &str, sql: &str) -> String {
    spelled(outputs(dialect, schema, sql))
}

fn spelled(outputs: impl IntoIterator<Item = OutputLineage>) -> String {
    let mut text = String::new();
    for output in outputs {
        if let Some(target) = &output.target {
            writeln!(text, "{target} {:?}", output.action).expect("a string takes all");
        }
        print_query(&output.lineage, &mut text);
    }
    text
}

fn print_query(lineage: &QueryLineage, text: &mut String) {
    for column in &lineage.columns {
        line(text, column.name.as_str(), &column.sources, lineage);
    }
    for rest in &lineage.rest {
        let except: Vec<&str> = rest.except.iter().map(ColumnName::as_str).collect();
        let inside = rest.inside.as_ref().map(|path| format!(".{path}")).unwrap_or_default();
        let mut also = String::new();
        line(&mut also, "", &rest.also, lineage);
        let also = if rest.also.is_empty() { String::new() } else { format!(" also{}", also.trim_end()) };
        let input = &lineage.inputs[rest.input.index()].name;
        writeln!(text, "* <- {input}{inside} {} except ({}){also}", rest.kind, except.join(", ")).expect("a string");
    }
    line(text, "rows", &lineage.rows, lineage);
    for key in &lineage.keys {
        let columns: Vec<&str> = key.columns.iter().map(ColumnName::as_str).collect();
        writeln!(text, "key ({})", columns.join(", ")).expect("a string");
    }
    for open in &lineage.open {
        writeln!(text, "open: {}", open.message).expect("a string");
    }
}

fn line(text: &mut String, name: &str, sources: &[Dependency], lineage: &QueryLineage) {
    let spelled = |dependency: &Dependency| {
        let input = &lineage.inputs[dependency.input.index()].name;
        let part = match &dependency.on {
            Slot::Rows => String::new(),
            Slot::Any => ".*".to_owned(),
            Slot::Column(path) => format!(".{path}"),
        };
        format!("{input}{part} {}", dependency.kind)
    };
    let sources: Vec<String> = sources.iter().map(spelled).collect();
    writeln!(text, "{name} <- {}", sources.join(", ")).expect("a string takes all");
}

/// Checks the dependencies of a query; both texts are compared line by line, without indentation.
pub(crate) fn check(dialect: Dialect, schema: &str, sql: &str, expected: &str) {
    compare(sql, &print(dialect, schema, sql), expected);
}

fn compare(sql: &str, found: &str, expected: &str) {
    let wanted: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let lines: Vec<&str> = found.lines().map(str::trim_end).collect();
    assert!(lines == wanted, "{sql}\n\nfound\n{found}\nexpected\n{}\n", wanted.join("\n"));
}
