//! One line with a pair of texts to one line with a verdict, each by itself. It must not know where lines come
//! from or go.

use headsup_lineage::dialect::Dialect;
use serde_json::{Map, Value};

use super::{Judged, Schema, SchemaFault, judge};
use crate::lines::Line;
use crate::records::{self, Answer, Fault, dialect_of};

/// What holds for lines that do not say otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Defaults<'a> {
    /// The dialect.
    pub dialect: Dialect,
    /// The schema.
    pub schema: &'a Schema,
}

const FORM: &str = "write {\"id\": …, \"old\": \"…\", \"new\": \"…\"}, one object a line";

/// What becomes of a line.
#[must_use]
pub fn answer(line: &Line, defaults: Defaults<'_>) -> Answer<Judged> {
    records::answer(line, FORM, |asked| judged(asked, defaults))
}

fn judged(asked: &Map<String, Value>, defaults: Defaults<'_>) -> Result<Judged, Fault> {
    let text = |key: &str| {
        let found = asked.get(key).and_then(Value::as_str);
        found.ok_or_else(|| Fault::new("missing-sql", format!("the line has no text `{key}`"), FORM))
    };
    let (old, new) = (text("old")?, text("new")?);
    let dialect = dialect_of(asked, defaults.dialect)?;
    let wrong = |found: SchemaFault| Fault::new("invalid-schema", found.message, found.hint);
    let own = match asked.get("schema") {
        None | Some(Value::Null) => None,
        Some(schema) => Some(Schema::of_value(schema).map_err(wrong)?),
    };
    judge(old, new, own.as_ref().unwrap_or(defaults.schema), dialect).map_err(wrong)
}
