//! What a query that has not changed makes of changes in what it reads.

use std::collections::BTreeMap;

use super::SCHEMA;
use crate::canonical::Terms;
use crate::canonical::tests::known;
use crate::change::EffectKind;
use crate::dialect::Dialect;
use crate::difference::{RelationChange, carried};
use crate::name::{ColumnName, Quoting};
use crate::parse::parse;

/// A change as `relation: rows_duplicated` or `relation.column`.
fn change(text: &str) -> (String, RelationChange) {
    let mut found = RelationChange::default();
    if let Some((relation, rows)) = text.split_once(": ") {
        let kinds =
            [EffectKind::RowsAdded, EffectKind::RowsRemoved, EffectKind::RowsDuplicated, EffectKind::Unspecified];
        let kind = kinds.into_iter().find(|kind| kind.name() == rows).expect(text);
        found.rows.push((kind, "x".to_owned()));
        return (relation.to_owned(), found);
    }
    let (relation, column) = text.split_once('.').expect(text);
    let name = ColumnName::new(Dialect::Postgres, column, Quoting::Bare);
    found.columns = BTreeMap::from([(name, (EffectKind::Revalued, "x".to_owned()))]);
    (relation.to_owned(), found)
}

fn check(cases: &[(&str, &str, &[&str])]) {
    let mut failed = Vec::new();
    for (sql, text, expected) in cases {
        let (relation, change) = change(text);
        let known = known(Dialect::Postgres, SCHEMA);
        let script = parse(sql, Dialect::Postgres);
        let queries = script.statements[0].queries.clone().expect("a query");
        let mut terms = Terms::new(Dialect::Postgres);
        let found = carried(&mut terms, &queries, queries.outputs[0].block, &known, &|name| {
            (name == relation).then(|| change.clone())
        })
        .expect(sql);
        let lines: Vec<String> = found
            .list
            .iter()
            .map(|told| match &told.column {
                Some(column) => format!("{} {column}", told.kind),
                None => told.kind.to_string(),
            })
            .collect();
        if lines != *expected {
            failed.push(format!("{sql}\n{text}\n  found {lines:?}\n  expected {expected:?}"));
        }
    }
    assert!(failed.is_empty(), "{} of {}\n\n{}", failed.len(), cases.len(), failed.join("\n\n"));
}

#[test]
fn repeated_rows() {
    check(&[
        ("select order_id, amount from orders", "orders: rows_duplicated", &["rows_duplicated"]),
        ("select distinct order_id, amount from orders", "orders: rows_duplicated", &[]),
        (
            "select customer_id, max(amount) as m, count(distinct status) as s, sum(amount) as t from orders group by 1",
            "orders: rows_duplicated",
            &["revalued t"],
        ),
        ("select count(*) as n from orders", "orders: rows_duplicated", &["revalued n"]),
        ("select max(amount) as n from orders", "orders: rows_duplicated", &[]),
        (
            "select * from (select *, row_number() over (partition by order_id order by day) as rn from lines) q where rn = 1",
            "lines: rows_duplicated",
            &[],
        ),
        (
            "select order_id, sku from (select *, row_number() over (partition by order_id order by day) as rn from lines) q where rn = 1",
            "lines: rows_duplicated",
            &[],
        ),
        (
            "select name from customers where customer_id in (select customer_id from orders)",
            "orders: rows_duplicated",
            &[],
        ),
        // A key that is declared does not hold any more.
        (
            "select o.order_id from orders o left join customers c on c.customer_id = o.customer_id",
            "customers: rows_duplicated",
            &["rows_duplicated"],
        ),
        ("select o.order_id, o.* from raw o", "raw: rows_duplicated", &["rows_duplicated"]),
        ("select order_id from orders union select order_id from lines", "lines: rows_duplicated", &[]),
        (
            "select order_id from orders union all select order_id from lines",
            "lines: rows_duplicated",
            &["rows_duplicated"],
        ),
    ]);
}

#[test]
fn other_rows_and_values() {
    check(&[
        ("select order_id, amount + 1 as a from orders", "orders.amount", &["revalued a"]),
        ("select order_id from orders where amount > 1", "orders.amount", &["rows_removed", "rows_added"]),
        ("select order_id from orders", "orders.amount", &[]),
        ("select * from raw", "raw.anything", &["revalued anything"]),
        (
            "select o.order_id, c.name from orders o left join customers c on c.customer_id = o.customer_id",
            "customers: rows_added",
            &["revalued name"],
        ),
        (
            "select name, (select count(*) from orders o where o.customer_id = c.customer_id) as n from customers c",
            "orders: rows_added",
            &["revalued n"],
        ),
        (
            "select name from customers c where not exists (select 1 from orders o where o.customer_id = c.customer_id)",
            "orders.customer_id",
            &["rows_removed", "rows_added"],
        ),
        (
            "select region, count(*) as n from customers group by 1",
            "customers: rows_removed",
            &["rows_removed", "revalued n"],
        ),
        ("select order_id from orders", "customers: unspecified", &[]),
    ]);
}
