//! Statements as trees, in the compact text of queries: a line a block, then what becomes of the rows.

mod changes;
mod expressions;
mod from;
mod limits;
mod pipes;
mod properties;
mod queries;
mod rewrites;

use crate::dialect::Dialect;
use crate::parse::parse;
use crate::query::{Reading, Script};

/// The trees of a text, a line each. That the last block is returned goes without saying.
fn lines(script: &Script) -> Vec<String> {
    let mut lines = Vec::new();
    for statement in &script.statements {
        match &statement.queries {
            Some(queries) => lines.extend(queries.to_string().lines().map(str::to_owned)),
            None => lines.push("no queries".to_owned()),
        }
    }
    let blocks = lines.iter().filter(|line| line.starts_with('#')).count();
    let returns = lines.iter().filter(|line| line.starts_with("return")).count();
    if returns == 1
        && lines
            .last()
            .is_some_and(|last| Some(last) == blocks.checked_sub(1).map(|last| format!("return #{last}")).as_ref())
    {
        lines.pop();
    }
    lines
}

#[track_caller]
fn check(dialect: Dialect, sql: &str, expected: &[&str]) {
    let script = parse(sql, dialect);
    assert_eq!(script.reading, Reading::Parsed, "{dialect}: {sql}\n{:?}", script.diagnostics);
    assert_eq!(lines(&script), expected, "{dialect}: {sql}");
}
