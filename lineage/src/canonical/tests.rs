//! Pairs of queries that are the same, and pairs that look alike and are not. A pair of a rule is a
//! line; what is known of relations is written as `t(a!, b*, c, ...)`: `!` marks a key of one column that
//! is never NULL, `?` one that may be, `*` a column that is never NULL, `->` a foreign key, `...` that
//! there may be other columns.

use std::collections::{BTreeMap, BTreeSet};

use super::{Canonical, Reference, Relations, Terms, canonicalize};
use crate::dependency::{Extent, Ground, Key, Proof, Schemas, Shape};
use crate::dialect::Dialect;
use crate::name::{ColumnName, Quoting, RelationName};
use crate::parse::parse;

mod blocks;
mod groups;
mod laws;
mod matches;
mod scalars;
mod shapes;

/// What is known of relations.
#[derive(Default)]
pub(crate) struct Known {
    shapes: BTreeMap<RelationName, Shape>,
    not_null: BTreeMap<RelationName, BTreeSet<ColumnName>>,
    references: BTreeMap<RelationName, Vec<Reference>>,
    /// Whether all columns are whole numbers.
    numbers: bool,
}

impl Schemas for Known {
    fn shape(&self, name: &RelationName) -> Shape {
        self.shapes.shape(name)
    }
}

impl Relations for Known {
    fn not_null(&self, name: &RelationName) -> BTreeSet<ColumnName> {
        self.not_null.get(name).cloned().unwrap_or_default()
    }

    fn types(&self, name: &RelationName) -> BTreeMap<ColumnName, String> {
        let columns = self.shapes.get(name).map(|shape| shape.columns.clone()).unwrap_or_default();
        columns.iter().filter(|_| self.numbers).map(|column| (column.clone(), "integer".to_owned())).collect()
    }

    fn references(&self, name: &RelationName) -> Vec<Reference> {
        self.references.get(name).cloned().unwrap_or_default()
    }
}

/// Reads what is known of relations.
pub(crate) fn known(dialect: Dialect, text: &str) -> Known {
    let mut found = Known::default();
    let column = |name: &str| ColumnName::new(dialect, name, Quoting::Bare);
    for relation in text.split(';').map(str::trim).filter(|relation| !relation.is_empty()) {
        let (name, columns) = relation.trim_end_matches(')').split_once('(').expect("columns in brackets");
        let name = RelationName::parse(dialect, name.trim());
        let mut shape = Shape { extent: Extent::Closed, ..Shape::default() };
        let (mut known, mut keys) = (Vec::new(), Vec::new());
        for written in columns.split(',').map(str::trim).filter(|column| !column.is_empty()) {
            if written == "..." {
                shape.extent = Extent::Open;
                continue;
            }
            let (written, reference) = match written.split_once("->") {
                Some((written, reference)) => (written.trim(), Some(reference.trim())),
                None => (written, None),
            };
            let plain = written.trim_end_matches(['!', '*', '?']);
            if written.ends_with(['!', '?']) {
                let proof = Proof { steps: vec!["declared".to_owned()], ground: Ground::Declared };
                keys.push(Key { columns: BTreeSet::from([column(plain)]), proof });
            }
            if written.ends_with(['!', '*']) {
                found.not_null.entry(name.clone()).or_default().insert(column(plain));
            }
            if let Some((relation, other)) = reference.and_then(|reference| reference.split_once('.')) {
                found.references.entry(name.clone()).or_default().push(Reference {
                    columns: vec![column(plain)],
                    relation: RelationName::parse(dialect, relation),
                    relation_columns: vec![column(other)],
                });
            }
            known.push(column(plain));
        }
        (shape.columns, shape.keys) = (known.into(), keys.into());
        found.shapes.insert(name, shape);
    }
    found
}

pub(crate) const SCHEMA: &str = "t(id!, a, b, c*); u(id!, a, d); v(k?, x, y*); \
     orders(order_id!, customer_id* -> customers.customer_id, amount, status); customers(customer_id!, name, region); o(...)";

pub(crate) fn form(terms: &mut Terms, sql: &str, known: &Known) -> Canonical {
    let script = parse(sql, terms.dialect);
    assert!(script.diagnostics.is_empty(), "{sql}\n{:?}", script.diagnostics);
    let queries = script.statements[0].queries.clone().expect("a query");
    canonicalize(terms, &queries, queries.outputs[0].block, known).expect(sql)
}

pub(super) fn are_same(dialect: Dialect, base: &str, head: &str) -> bool {
    let known = known(dialect, SCHEMA);
    let mut terms = Terms::new(dialect);
    let base = form(&mut terms, base, &known);
    let head = form(&mut terms, head, &known);
    base.is_same(&head)
}

fn show(dialect: Dialect, base: &str, head: &str) -> String {
    let known = known(dialect, SCHEMA);
    let mut terms = Terms::new(dialect);
    let base = form(&mut terms, base, &known);
    let head = form(&mut terms, head, &known);
    format!("{:#?}\n{:#?}", terms.plan(base.plan), terms.plan(head.plan))
}

/// Checks pairs that are the same, both ways round.
pub(super) fn check_same(dialect: Dialect, pairs: &[(&str, &str)]) {
    let failed: Vec<String> = pairs
        .iter()
        .filter(|(base, head)| !(are_same(dialect, base, head) && are_same(dialect, head, base)))
        .map(|(base, head)| {
            format!(
                "{base}\n{head}\n{}",
                if std::env::var_os("SHOW").is_some() { show(dialect, base, head) } else { String::new() }
            )
        })
        .collect();
    assert!(failed.is_empty(), "{dialect}: not shown to be the same\n\n{}", failed.join("\n\n"));
}

/// Checks pairs that are not the same, or not surely.
pub(super) fn check_different(dialect: Dialect, pairs: &[(&str, &str)]) {
    let failed: Vec<String> = pairs
        .iter()
        .filter(|(base, head)| are_same(dialect, base, head) || are_same(dialect, head, base))
        .map(|(base, head)| format!("{base}\n{head}"))
        .collect();
    assert!(failed.is_empty(), "{dialect}: wrongly the same\n\n{}", failed.join("\n\n"));
}

/// Whether two queries are the same where all columns are whole numbers.
fn are_same_numbers(dialect: Dialect, base: &str, head: &str) -> bool {
    let mut known = known(dialect, SCHEMA);
    known.numbers = true;
    let mut terms = Terms::new(dialect);
    let one = form(&mut terms, base, &known);
    let other = form(&mut terms, head, &known);
    one.is_same(&other)
}

/// Checks pairs that are the same if all columns are whole numbers, both ways round.
pub(super) fn check_same_where_numbers(dialect: Dialect, pairs: &[(&str, &str)]) {
    for (base, head) in pairs {
        assert!(are_same_numbers(dialect, base, head), "{dialect}: not shown to be the same\n{base}\n{head}");
        assert!(are_same_numbers(dialect, head, base), "{dialect}: not shown to be the same\n{head}\n{base}");
    }
}

/// Checks pairs that are not the same, or not surely, even if all columns are whole numbers.
pub(super) fn check_different_numbers(dialect: Dialect, pairs: &[(&str, &str)]) {
    for (base, head) in pairs {
        assert!(!are_same_numbers(dialect, base, head), "{dialect}: wrongly the same\n{base}\n{head}");
        assert!(!are_same_numbers(dialect, head, base), "{dialect}: wrongly the same\n{head}\n{base}");
    }
}

/// Checks pairs that are the same if all columns are whole numbers, and are not shown to be otherwise.
pub(super) fn check_same_numbers(pairs: &[(&str, &str)]) {
    let mut known = known(Dialect::Ansi, SCHEMA);
    for (base, head) in pairs {
        for numbers in [true, false] {
            known.numbers = numbers;
            let mut terms = Terms::new(Dialect::Ansi);
            let one = form(&mut terms, base, &known);
            let other = form(&mut terms, head, &known);
            assert_eq!(one.is_same(&other), numbers, "{base}\n{head}");
        }
    }
}
