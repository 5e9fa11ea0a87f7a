//! One line with a pair of texts to one line with a verdict, each by itself. It must not know where lines come
//! from or go.

use headsup_lineage::dialect::Dialect;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Judged, Schema, SchemaFault, judge};
use crate::lines::Line;
use crate::query_log::{Fault, dialect_of, fault, object_of};

/// What becomes of a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// What the line called itself; null if it did not.
    pub id: Value,
    /// Its number, from one.
    pub line: u64,
    /// The verdict, or what is wrong with the line.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// A verdict, or what is wrong with a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// What was found of the pair.
    Verdict(Judged),
    /// What is wrong.
    Wrong {
        /// What.
        error: Fault,
    },
}

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
pub fn answer(line: &Line, defaults: Defaults<'_>) -> Answer {
    let (id, outcome) = match object_of(line, FORM) {
        Ok((id, asked)) => (id, judged(&asked, defaults)),
        Err(error) => (Value::Null, Err(error)),
    };
    let outcome = outcome.map_or_else(|error| Outcome::Wrong { error }, Outcome::Verdict);
    Answer { id, line: line.number, outcome }
}

fn judged(asked: &Map<String, Value>, defaults: Defaults<'_>) -> Result<Judged, Fault> {
    let text = |key: &str| {
        let found = asked.get(key).and_then(Value::as_str);
        found.ok_or_else(|| fault("missing-sql", format!("the line has no text `{key}`"), FORM))
    };
    let (old, new) = (text("old")?, text("new")?);
    let dialect = dialect_of(asked, defaults.dialect)?;
    let wrong = |found: SchemaFault| fault("invalid-schema", found.message, found.hint);
    let own = match asked.get("schema") {
        None | Some(Value::Null) => None,
        Some(schema) => Some(Schema::of_value(schema).map_err(wrong)?),
    };
    judge(old, new, own.as_ref().unwrap_or(defaults.schema), dialect).map_err(wrong)
}
