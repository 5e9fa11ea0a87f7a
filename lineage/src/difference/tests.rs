//! Pairs of queries and what they differ in: a line for each difference, `kind column: detail`.

use super::{ColumnOrder, differences};
use crate::canonical::Terms;
use crate::canonical::tests::{form, known};
use crate::dialect::Dialect;

mod clauses;
mod nested;
mod recursive;
mod through;

const SCHEMA: &str = "orders(order_id!, customer_id* -> customers.customer_id, amount, refund, status, tags); \
     customers(customer_id!, name, region); lines(order_id, sku, quantity, day); raw(...)";

fn found(base: &str, head: &str) -> Vec<String> {
    let dialect = Dialect::Postgres;
    let known = known(dialect, SCHEMA);
    let mut terms = Terms::new(dialect);
    let base = form(&mut terms, base, &known);
    let head = form(&mut terms, head, &known);
    let found = differences(&mut terms, &base, &head);
    let mut lines: Vec<String> = found
        .list
        .iter()
        .map(|difference| {
            let column = difference.column.as_ref().map(|column| format!(" {column}")).unwrap_or_default();
            format!("{}{column}: {}", difference.kind, difference.detail)
        })
        .collect();
    if found.order == ColumnOrder::Changed {
        lines.push("reordered".to_owned());
    }
    lines
}

/// Checks what pairs differ in. An expectation that ends in `…` is the start of a line.
fn check(pairs: &[(&str, &str, &[&str])]) {
    let fits = |line: &String, wanted: &&str| match wanted.strip_suffix('…') {
        Some(start) => line.starts_with(start),
        None => line == wanted,
    };
    let mut failed = Vec::new();
    for (base, head, expected) in pairs {
        let lines = found(base, head);
        if lines.len() != expected.len() || !lines.iter().zip(*expected).all(|(line, wanted)| fits(line, wanted)) {
            failed.push(format!(
                "{base}\n{head}\n  found\n    {}\n  expected\n    {}",
                lines.join("\n    "),
                expected.join("\n    ")
            ));
        }
    }
    assert!(failed.is_empty(), "{} of {}\n\n{}", failed.len(), pairs.len(), failed.join("\n\n"));
}
