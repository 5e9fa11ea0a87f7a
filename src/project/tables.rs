//! Lists of tables from outside the project, to the columns that they give: the catalog that dbt
//! writes, and a CSV file of an information schema. It must not know where the files lie.

use headsup_lineage::diagnostic::{Diagnostic, Position};
use headsup_lineage::dialect::Dialect;
use headsup_lineage::graph::tables::Tables;
use headsup_lineage::name::{ColumnName, Quoting, RelationName};
use headsup_lineage::query::{DeclaredColumn, Nullability};

mod catalog;
mod information_schema;

pub use catalog::read as read_catalog;
pub use information_schema::read as read_information_schema;

/// Names stand in such lists as the warehouse keeps them, which is as in quotes.
fn relation<'a>(dialect: Dialect, parts: impl IntoIterator<Item = &'a str>) -> RelationName {
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    RelationName::new(dialect, parts.map(|part| (part, Quoting::Quoted)))
}

fn column(dialect: Dialect, name: &str, data_type: &str, nullability: Nullability) -> DeclaredColumn {
    let data_type = data_type.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase();
    DeclaredColumn { name: ColumnName::new(dialect, name, Quoting::Quoted), data_type, nullability }
}

fn bad_list(path: &str, position: Position, message: impl Into<String>, hint: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::error("invalid-table-list", message).in_file(path).at(position).hint(hint))
}

/// What became of a list: nothing to say, or why it is none.
pub type Read = Result<(), Box<Diagnostic>>;

/// A function that adds the tables of a list: its text, what to call it, and the dialect of its names.
pub type Reader = fn(&str, &str, Dialect, &mut Tables) -> Read;

#[cfg(test)]
mod tests;
