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

use crate::lines::{Content, Line};
use crate::report::lineage::StatementEntry;
use crate::statements::of_text;

/// What becomes of a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// What the line called itself; null if it did not.
    pub id: Value,
    /// Its number, from one.
    pub line: u64,
    /// What its SQL says, or what is wrong with it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What a line says, or what is wrong with it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// What its SQL says.
    Lineage {
        /// The statements, in order.
        statements: Vec<StatementEntry>,
        /// What could not be read.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        diagnostics: Vec<Diagnostic>,
    },
    /// What is wrong with it.
    Wrong {
        /// What.
        error: Fault,
    },
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// A stable name of the kind of fault.
    pub code: &'static str,
    /// What was found.
    pub message: String,
    /// How to mend it.
    pub hint: String,
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
pub fn answer(line: &Line, defaults: Defaults<'_>) -> Answer {
    let (id, found) = match object_of(line, FORM) {
        Ok((id, asked)) => (id, lineage(&asked, defaults)),
        Err(error) => (Value::Null, Err(error)),
    };
    let outcome = match found {
        Ok((statements, diagnostics)) => Outcome::Lineage { statements, diagnostics },
        Err(error) => Outcome::Wrong { error },
    };
    Answer { id, line: line.number, outcome }
}

/// The object that a line is, and apart from it what it calls itself; `form` says how to write one.
pub(crate) fn object_of(line: &Line, form: &str) -> Result<(Value, Map<String, Value>), Fault> {
    let text = match &line.content {
        Content::Text(text) => text.strip_prefix('\u{feff}').filter(|_| line.number == 1).unwrap_or(text),
        Content::NotUtf8 => return Err(fault("not-utf8", "the line is not UTF-8", "write the log as UTF-8")),
        Content::TooLong => {
            return Err(fault("line-too-long", "the line is too long", "leave out texts above 64 MiB"));
        }
    };
    match serde_json::from_str(text) {
        Ok(Value::Object(mut asked)) => Ok((asked.remove("id").unwrap_or_default(), asked)),
        Ok(_) => Err(fault("not-an-object", "the line is JSON, but no object", form)),
        Err(error) => Err(fault("invalid-json", format!("the line is no JSON: {error}"), form)),
    }
}

/// The dialect that a line names, if it names one.
pub(crate) fn dialect_of(asked: &Map<String, Value>, default: Dialect) -> Result<Dialect, Fault> {
    match asked.get("dialect") {
        None | Some(Value::Null) => Ok(default),
        Some(Value::String(name)) => {
            let names = || Dialect::ALL.map(Dialect::name).join(", ");
            name.parse()
                .map_err(|error| fault("unknown-dialect", format!("{error}"), format!("it is one of {}", names())))
        }
        Some(_) => Err(fault("unknown-dialect", "`dialect` is no text", "write a name, such as \"snowflake\"")),
    }
}

pub(crate) fn fault(code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Fault {
    Fault { code, message: message.into(), hint: hint.into() }
}

fn lineage(
    asked: &Map<String, Value>,
    defaults: Defaults<'_>,
) -> Result<(Vec<StatementEntry>, Vec<Diagnostic>), Fault> {
    let sql = match asked.get("sql") {
        Some(Value::String(sql)) => sql,
        Some(_) => return Err(fault("missing-sql", "`sql` is no text", FORM)),
        None => return Err(fault("missing-sql", "the line has no `sql`", FORM)),
    };
    let dialect = dialect_of(asked, defaults.dialect)?;
    let own = match asked.get("schema") {
        None | Some(Value::Null) => Tables::default(),
        Some(schema) => tables(schema, dialect)?,
    };
    Ok(of_text(sql, dialect, &Layered { own, others: defaults.schemas }))
}

/// Tables as a line describes them: `{"orders": ["id", "amount"]}` or `{"orders": {"id": "int"}}`.
fn tables(schema: &Value, dialect: Dialect) -> Result<Tables, Fault> {
    const HINT: &str = "write {\"table\": [\"column\", …]} or {\"table\": {\"column\": \"type\", …}}";
    let wrong = |message: String| fault("invalid-schema", message, HINT);
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
