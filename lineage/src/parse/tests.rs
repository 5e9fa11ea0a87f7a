//! What each rule reads, as compact text: `kind targets <- reads`, a call in brackets.

mod bodies;
mod properties;
mod reads;
mod robustness;
mod scans;
mod schemas;

use std::collections::BTreeSet;

use super::*;
use crate::dialect::Dialect;
use crate::name::RelationName;
use crate::query::tree::Expr;
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
        StatementKind::Alter(_) => "alter",
        StatementKind::Routine(Lifetime::Permanent, _) => "routine",
        StatementKind::Routine(Lifetime::Temporary, _) => "temp routine",
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

/// What holds for the queries of every statement: parts come before wholes, and the relations in the
/// trees are those that the statement reads, but for what it only fills or calls.
#[track_caller]
fn check_trees(sql: &str, script: &Script) {
    for statement in &script.statements {
        let Some(queries) = &statement.queries else { continue };
        let tree = &queries.tree;
        let mut held: BTreeSet<&RelationName> = BTreeSet::new();
        for (id, _) in tree.blocks() {
            let parts = tree.block_parts(id);
            held.extend(parts.relations.iter().map(|relation| &relation.name));
            assert!(parts.blocks.iter().all(|part| *part < id), "a block before its parts: {sql}\n{queries}");
            let mut pending = parts.exprs;
            while let Some(expr) = pending.pop() {
                if let Expr::Subquery { block, .. } = tree.expr(expr) {
                    assert!(*block < id, "a block before its subqueries: {sql}\n{queries}");
                }
                assert!(tree.parts(expr).iter().all(|part| *part < expr), "a part behind its whole: {sql}\n{queries}");
                pending.extend(tree.parts(expr));
            }
        }
        for output in &queries.outputs {
            if let Some(target) = &output.target {
                assert!(statement.targets.contains(target), "{target} is no target: {sql}\n{queries}");
            }
        }
        for read in statement.reads.iter().filter(|read| read.role == ReadRole::Table) {
            assert!(held.contains(&read.name), "{} is in no tree: {sql}\n{queries}", read.name);
        }
        for name in held {
            let known = statement.targets.contains(name) || statement.reads.iter().any(|read| read.name == *name);
            assert!(known, "{name} is only in a tree: {sql}\n{queries}");
        }
    }
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
    check_trees(sql, &script);
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
