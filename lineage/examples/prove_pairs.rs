//! Says of pairs of queries which are proved to be the same, and how long that takes. Reads lines of JSON
//! from a file, `{"id", "before", "after", "schema"?, "dialect"?, "same"?}`: `schema` is DDL, and `same: false`
//! says that the two give different rows on some database, so that proving them the same is wrong.
//! The names of columns do not count, only their places.
//!
//!     cargo run --example prove_pairs -- pairs.jsonl
//!     cargo run --example prove_pairs -- pairs.jsonl ID…     (shows the forms of these)

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use headsup_lineage::canonical::{Canonical, Reference, Relations, Terms, canonicalize};
use headsup_lineage::dependency::{Extent, Ground, Key, Proof, Schemas, Shape};
use headsup_lineage::dialect::Dialect;
use headsup_lineage::name::{ColumnName, RelationName};
use headsup_lineage::parse::parse;
use headsup_lineage::query::{Nullability, StatementKind, TableSchema};

/// What the DDL of a pair declares.
#[derive(Default)]
struct Declared {
    tables: BTreeMap<RelationName, TableSchema>,
}

impl Declared {
    fn read(ddl: &str, dialect: Dialect) -> Self {
        let mut found = Self::default();
        for statement in parse(ddl, dialect).statements {
            if let (StatementKind::Declare(_, schema), [target]) = (statement.kind, statement.targets.as_slice()) {
                found.tables.insert(target.clone(), schema);
            }
        }
        found
    }
}

impl Schemas for Declared {
    fn shape(&self, name: &RelationName) -> Shape {
        let Some(table) = self.tables.get(name) else { return Shape::default() };
        let proof = |columns: &[ColumnName]| Proof {
            steps: vec![format!("a key of {} columns is declared", columns.len())],
            ground: Ground::Declared,
        };
        let key = |columns: &[ColumnName]| Key { columns: columns.iter().cloned().collect(), proof: proof(columns) };
        Shape {
            columns: table.columns.iter().map(|column| column.name.clone()).collect(),
            extent: Extent::Closed,
            keys: table.keys.iter().map(|declared| key(&declared.columns)).collect(),
        }
    }
}

impl Relations for Declared {
    fn not_null(&self, name: &RelationName) -> BTreeSet<ColumnName> {
        let columns = self.tables.get(name).map(|table| table.columns.as_slice()).unwrap_or_default();
        let never = columns.iter().filter(|column| column.nullability == Nullability::NotNull);
        never.map(|column| column.name.clone()).collect()
    }

    fn types(&self, name: &RelationName) -> BTreeMap<ColumnName, String> {
        let columns = self.tables.get(name).map(|table| table.columns.as_slice()).unwrap_or_default();
        columns.iter().map(|column| (column.name.clone(), column.data_type.clone())).collect()
    }

    fn references(&self, name: &RelationName) -> Vec<Reference> {
        let references = self.tables.get(name).map(|table| table.references.as_slice()).unwrap_or_default();
        let read = references.iter().map(|found| Reference {
            columns: found.columns.clone(),
            relation: found.relation.clone(),
            relation_columns: found.relation_columns.clone(),
        });
        read.collect()
    }
}

fn form(terms: &mut Terms, sql: &str, declared: &Declared) -> Result<Canonical, String> {
    let script = parse(sql, terms.dialect);
    let statement = script.statements.first().ok_or("no statement")?;
    let queries = statement.queries.clone().ok_or_else(|| format!("not understood: {:?}", script.diagnostics))?;
    let output = queries.outputs.first().ok_or("no query")?;
    canonicalize(terms, &queries, output.block, declared)
}

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((path, shown)) = arguments.split_first() else {
        eprintln!("usage: prove_pairs FILE [ID…]");
        return;
    };
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("cannot read {path}");
        return;
    };
    let (mut proved, mut void, mut open, mut wrong, mut failed, mut longest) = (0, 0, 0, 0, 0, 0.0_f64);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let pair: serde_json::Value = match serde_json::from_str(line) {
            Ok(pair) => pair,
            Err(error) => {
                eprintln!("{error}: {line}");
                continue;
            }
        };
        let field = |name: &str| match &pair[name] {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let (id, before, after) = (field("id"), field("before"), field("after"));
        if !shown.is_empty() && !shown.contains(&id) {
            continue;
        }
        let dialect: Dialect = field("dialect").parse().unwrap_or_default();
        let declared = Declared::read(&field("schema"), dialect);
        let mut terms = Terms::new(dialect);
        let start = Instant::now();
        let (one, other) = (form(&mut terms, &before, &declared), form(&mut terms, &after, &declared));
        let milliseconds = start.elapsed().as_secs_f64() * 1000.0;
        longest = longest.max(milliseconds);
        let is_different = pair["same"] == serde_json::Value::Bool(false);
        let verdict = match (&one, &other) {
            (Ok(one), Ok(other))
                if is_different
                    && (one.plan == other.plan || (terms.has_no_rows(one.plan) && terms.has_no_rows(other.plan))) =>
            {
                wrong += 1;
                "WRONG".to_owned()
            }
            (Ok(one), Ok(other)) if one.plan == other.plan => {
                proved += 1;
                "proved".to_owned()
            }
            // The types of columns in which nothing stands are often lost when a query is written.
            (Ok(one), Ok(other)) if terms.has_no_rows(one.plan) && terms.has_no_rows(other.plan) => {
                void += 1;
                "proved: no rows".to_owned()
            }
            (Ok(_), Ok(_)) => {
                open += 1;
                "open".to_owned()
            }
            (Err(why), _) | (_, Err(why)) => {
                failed += 1;
                format!("no form: {why}")
            }
        };
        println!("{id}\t{verdict}\t{milliseconds:.1} ms");
        if !shown.is_empty() {
            println!("{before}\n{after}");
            for form in [&one, &other].into_iter().flatten() {
                println!("{}", terms.outline(form.plan));
            }
        }
    }
    println!(
        "{proved} proved, {void} more without rows, {open} open, {failed} without a form, {wrong} wrong; longest {longest:.1} ms"
    );
}
