//! What each rule reads, as compact text: `kind targets <- reads`, a call in brackets.

mod bodies;
mod properties;
mod reads;
mod robustness;
mod scans;
mod schemas;

use super::*;
use crate::dialect::Dialect;
use crate::query::{Lifetime, ReadRole, Reading, Script, Statement, StatementKind};

/// A statement in one line, such as `fill core.orders <- raw.orders, [f]`.
fn summary(statement: &Statement) -> String {
    let kind = match &statement.kind {
        StatementKind::Query => "query",
        StatementKind::Build(Lifetime::Permanent) => "build",
        StatementKind::Build(Lifetime::Temporary) => "build temp",
        StatementKind::Fill => "fill",
        StatementKind::Empty => "empty",
        StatementKind::Declare(Lifetime::Permanent, _) => "declare",
        StatementKind::Declare(Lifetime::Temporary, _) => "declare temp",
        StatementKind::Routine(Lifetime::Permanent) => "routine",
        StatementKind::Routine(Lifetime::Temporary) => "temp routine",
        StatementKind::Drop => "drop",
        StatementKind::Dynamic => "dynamic",
        StatementKind::Other => "other",
    };
    let mut line = kind.to_owned();
    for (index, target) in statement.targets.iter().enumerate() {
        line.push_str(if index == 0 { " " } else { ", " });
        line.push_str(&target.to_string());
    }
    for (index, read) in statement.reads.iter().enumerate() {
        line.push_str(if index == 0 { " <- " } else { ", " });
        match read.role {
            ReadRole::Table => line.push_str(&read.name.to_string()),
            ReadRole::Call => line.push_str(&format!("[{}]", read.name)),
        }
    }
    if statement.incomplete.is_some() {
        line.push_str(" …");
    }
    line
}

fn summaries(script: &Script) -> String {
    script.statements.iter().map(summary).collect::<Vec<_>>().join("; ")
}

/// The text must parse and say this.
#[track_caller]
fn check(dialect: Dialect, sql: &str, expected: &str) {
    let script = parse(sql, dialect);
    assert_eq!(summaries(&script), expected, "{dialect}: {sql}\n{:?}", script.diagnostics);
    assert_eq!(script.reading, Reading::Parsed, "{dialect}: {sql}\n{:?}", script.diagnostics);
}

/// The text must not parse, and the scan must say this.
#[track_caller]
fn check_scan(dialect: Dialect, sql: &str, expected: &str) {
    let script = parse(sql, dialect);
    assert_eq!(summaries(&script), expected, "{dialect}: {sql}\n{:?}", script.diagnostics);
    assert_eq!(script.reading, Reading::Scanned, "{dialect}: {sql}");
    assert!(script.diagnostics.iter().any(|diagnostic| diagnostic.code == "sql-not-parsed"), "{sql}");
}

/// Every dialect must read this alike.
#[track_caller]
fn check_all(sql: &str, expected: &str) {
    for dialect in Dialect::ALL {
        check(dialect, sql, expected);
    }
}
