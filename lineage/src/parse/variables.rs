//! Variables of a script that are made of what its queries read: each is a table of one column that lives
//! in the script, `@x` with the column `x`, which an assignment fills and a mention reads as a subquery.
//! So what a later statement makes of a variable depends on what the variable was made of.
//!
//! The record of a FOR over a query is a table like any other: `@r` with the columns of the query. What stands in
//! the loop runs once for each of its rows, so what it fills depends on these as well.
//!
//! A variable that only ever holds constants is nobody's dependency, and stays a parameter.

use std::collections::BTreeSet;

use crate::dialect::Dialect;
use crate::name::{ColumnName, Quoting, RelationName};
use crate::query::{Lifetime, Statement, StatementKind};

/// What is known of the variables of a script while one of its statements is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Variables<'v> {
    /// Those that are made of what queries read, by key.
    pub(super) known: &'v BTreeSet<String>,
    /// The one that the statement is the value of.
    pub(super) assigned: Option<&'v str>,
    /// Those that are records, whose columns are the fields.
    pub(super) records: &'v BTreeSet<String>,
    /// The records of the loops around the statement.
    pub(super) loops: &'v [Option<String>],
    /// The record that takes the rows of the query.
    pub(super) looped: Option<&'v str>,
}

/// What tells variables apart: their names without the sign that marks them.
pub(super) fn key(name: &str) -> Option<String> {
    let bare = name.trim_start_matches(['@', '$', ':']);
    let is_number = bare.bytes().all(|byte| byte.is_ascii_digit());
    (!is_number && !name.starts_with("@@")).then(|| bare.to_lowercase())
}

/// Whether variables of a dialect look like columns, at least inside a block.
pub(super) const fn look_like_columns(dialect: Dialect) -> bool {
    !matches!(dialect, Dialect::TSql)
}

/// Whether a name with a sign is that of a variable. In BigQuery it is that of a parameter.
pub(super) const fn have_signs(dialect: Dialect) -> bool {
    !matches!(dialect, Dialect::BigQuery)
}

/// The table that stands for a variable.
pub(super) fn relation(dialect: Dialect, key: &str) -> RelationName {
    let name = format!("@{key}");
    RelationName::bare(dialect, [name.as_str()])
}

/// The column that holds its value.
pub(super) fn column(dialect: Dialect, key: &str) -> ColumnName {
    ColumnName::new(dialect, key, Quoting::Bare)
}

/// Whether a relation stands for a variable, or is a table variable of T-SQL.
pub(super) fn is_variable(name: &RelationName) -> bool {
    name.len() == 1 && name.table().starts_with('@')
}

/// The variables that a statement sets.
pub(super) fn assigned(statement: &Statement) -> impl Iterator<Item = String> {
    let sets = statement.kind == StatementKind::Build(Lifetime::Temporary);
    let targets = statement.targets.iter().filter(move |target| sets && is_variable(target));
    targets.filter_map(|target| key(target.table()))
}
