//! Lines of JSON that ask something, each answered by a line: what every such log has in common. A line that is
//! wrong is one answer that says so. It must not know what is asked.

use headsup_lineage::dialect::Dialect;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::lines::{Content, Line};

/// What becomes of a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer<T> {
    /// What the line called itself; null if it did not.
    pub id: Value,
    /// Its number, from one.
    pub line: u64,
    /// What it asked for, or what is wrong with it.
    #[serde(flatten)]
    pub outcome: Outcome<T>,
}

/// What a line asked for, or what is wrong with it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Outcome<T> {
    /// What it asked for.
    Found(T),
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

impl Fault {
    /// A fault of a kind.
    pub(crate) fn new(code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: hint.into() }
    }
}

/// Answers a line; `form` says how to write one, and `find` what the object that it is asks for.
pub(crate) fn answer<T>(
    line: &Line,
    form: &str,
    find: impl FnOnce(&Map<String, Value>) -> Result<T, Fault>,
) -> Answer<T> {
    let (id, found) = match object(line, form) {
        Ok((id, asked)) => (id, find(&asked)),
        Err(error) => (Value::Null, Err(error)),
    };
    let outcome = found.map_or_else(|error| Outcome::Wrong { error }, Outcome::Found);
    Answer { id, line: line.number, outcome }
}

/// The object that a line is, and apart from it what it calls itself.
fn object(line: &Line, form: &str) -> Result<(Value, Map<String, Value>), Fault> {
    let text = match &line.content {
        Content::Text(text) => text.strip_prefix('\u{feff}').filter(|_| line.number == 1).unwrap_or(text),
        Content::NotUtf8 => return Err(Fault::new("not-utf8", "the line is not UTF-8", "write the log as UTF-8")),
        Content::TooLong => {
            return Err(Fault::new("line-too-long", "the line is too long", "leave out texts above 64 MiB"));
        }
    };
    match serde_json::from_str(text) {
        Ok(Value::Object(mut asked)) => Ok((asked.remove("id").unwrap_or_default(), asked)),
        Ok(_) => Err(Fault::new("not-an-object", "the line is JSON, but no object", form)),
        Err(error) => Err(Fault::new("invalid-json", format!("the line is no JSON: {error}"), form)),
    }
}

/// The dialect that a line names, if it names one.
pub(crate) fn dialect_of(asked: &Map<String, Value>, default: Dialect) -> Result<Dialect, Fault> {
    match asked.get("dialect") {
        None | Some(Value::Null) => Ok(default),
        Some(Value::String(name)) => {
            let names = || Dialect::ALL.map(Dialect::name).join(", ");
            name.parse()
                .map_err(|error| Fault::new("unknown-dialect", format!("{error}"), format!("it is one of {}", names())))
        }
        Some(_) => Err(Fault::new("unknown-dialect", "`dialect` is no text", "write a name, such as \"snowflake\"")),
    }
}
