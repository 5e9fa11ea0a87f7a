//! One line of a query log to one line of lineage, each by itself: a line that is wrong is one record
//! that says so. It must not know where lines come from or go.

use headsup_lineage::dependency::{Schemas, Shape};
use headsup_lineage::diagnostic::Diagnostic;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::graph::tables::Tables;
use headsup_lineage::name::{ColumnName, Quoting, RelationName};
use headsup_lineage::query::{DeclaredColumn, Nullability, TableSchema};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::lines::Line;
use crate::records::{self, Answer, Fault, dialect_of};
use crate::report::lineage::StatementEntry;
use crate::statements::of_text;

/// What the SQL of a line says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lineage {
    /// The statements, in order.
    statements: Vec<StatementEntry>,
    /// What could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<Diagnostic>,
}

/// What holds for lines that do not say otherwise.
#[derive(Clone, Copy)]
pub struct Defaults<'a> {
    /// The dialect.
    pub dialect: Dialect,
    /// What is known of tables that a line does not describe.
    pub schemas: &'a (dyn Schemas + Sync),
}

const FORM: &str = "write {\"id\": …, \"sql\": \"…\"}, one object a line";

/// What becomes of a line.
#[must_use]
pub fn answer(line: &Line, defaults: Defaults<'_>) -> Answer<Lineage> {
    records::answer(line, FORM, |asked| lineage(asked, defaults))
}

fn lineage(asked: &Map<String, Value>, defaults: Defaults<'_>) -> Result<Lineage, Fault> {
    let sql = match asked.get("sql") {
        Some(Value::String(sql)) => sql,
        Some(_) => return Err(Fault::new("missing-sql", "`sql` is no text", FORM)),
        None => return Err(Fault::new("missing-sql", "the line has no `sql`", FORM)),
    };
    let dialect = dialect_of(asked, defaults.dialect)?;
    let own = match asked.get("schema") {
        None | Some(Value::Null) => Tables::default(),
        Some(schema) => tables(schema, dialect)?,
    };
    let (statements, diagnostics) = of_text(sql, dialect, &Layered { own, others: defaults.schemas });
    Ok(Lineage { statements, diagnostics })
}

/// Tables as a line describes them: `{"orders": ["id", "amount"]}` or `{"orders": {"id": "int"}}`.
fn tables(schema: &Value, dialect: Dialect) -> Result<Tables, Fault> {
    const HINT: &str = "write {\"table\": [\"column\", …]} or {\"table\": {\"column\": \"type\", …}}";
    let wrong = |message: String| Fault::new("invalid-schema", message, HINT);
    let Value::Object(described) = schema else { return Err(wrong("`schema` is no object".to_owned())) };
    let mut tables = Tables::default();
    for (table, columns) in described {
        let names: Option<Vec<&str>> = match columns {
            Value::Array(columns) => columns.iter().map(Value::as_str).collect(),
            Value::Object(columns) => Some(columns.keys().map(String::as_str).collect()),
            _ => None,
        };
        let names = names.ok_or_else(|| wrong(format!("the columns of `{table}` are no list of names")))?;
        let column = |name: &str| DeclaredColumn {
            name: ColumnName::new(dialect, name, Quoting::Bare),
            data_type: String::new(),
            nullability: Nullability::Nullable,
        };
        let columns = names.into_iter().map(column).collect();
        tables.add(RelationName::parse(dialect, table), None, TableSchema { columns, ..TableSchema::default() });
    }
    Ok(tables)
}

/// What a line says of tables, and below that what is known of others.
struct Layered<'a> {
    own: Tables,
    others: &'a (dyn Schemas + Sync),
}

impl Schemas for Layered<'_> {
    fn shape(&self, name: &RelationName) -> Shape {
        let own = self.own.shape(name);
        if own == Shape::default() { self.others.shape(name) } else { own }
    }
}
