//! Answers that stand out: what a warehouse might have said to a query, made of letters that nothing
//! else has, so that it can be seen where they come to stand. It must not know what is asked.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{DynObject, Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use super::call::Arguments;
use super::values::{dict, list, record};

/// What the cells of an answer hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Sample {
    /// One row of texts.
    Row,
    /// Two rows of texts.
    Rows,
    /// A row of texts, and one of NULLs.
    Gap,
    /// A row of numbers.
    Number,
}

impl Sample {
    /// Those whose texts can be told apart.
    pub(super) const TEXTS: [Self; 3] = [Self::Row, Self::Rows, Self::Gap];

    fn cells(self) -> Vec<Value> {
        let text = |length: usize| Value::from(LETTER.to_string().repeat(length));
        match self {
            Self::Row => vec![text(3)],
            Self::Rows => vec![text(3), text(4)],
            Self::Gap => vec![text(3), Value::from(())],
            Self::Number => vec![Value::from(3)],
        }
    }
}

/// A letter that no table is called by; it has no case, and each part of a text of it is one again.
const LETTER: char = 'ꙮ';
/// What stands for it where SQL is read, as not every dialect takes any letter.
const WORD: &str = "headsup_answer";

/// A text with the answers in it as words that every dialect reads; none if there are none.
pub(super) fn spelled(text: &str) -> Option<String> {
    if !text.contains(LETTER) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for letter in text.chars() {
        match (letter == LETTER, before == LETTER) {
            (true, false) => out.push_str(WORD),
            (true, true) => {}
            (false, _) => out.push(letter),
        }
        before = letter;
    }
    Some(out)
}

/// Whether a word is an answer and nothing else.
pub(super) fn is_answer(word: &str) -> bool {
    word.eq_ignore_ascii_case(WORD)
}

/// Whether an answer is part of a word.
pub(super) fn has_answer(word: &str) -> bool {
    word.to_lowercase().contains(WORD)
}

/// Whether a value is an answer or a part of one, and more than a list.
pub(super) fn is_part(object: &DynObject) -> bool {
    object.is::<Table>() || object.is::<Columns>() || object.is::<Cells>()
}

/// `run_query`: rows with columns of any name.
pub(super) fn table(sample: Sample) -> Value {
    Value::from_object(Table(sample))
}

/// `load_result`.
pub(super) fn result(sample: Sample) -> Value {
    record([("response", Value::from("")), ("data", rows(sample)), ("table", table(sample))])
}

fn rows(sample: Sample) -> Value {
    list(sample.cells().into_iter().map(|cell| Value::from_object(Cells { cell, sample: None })))
}

fn column(sample: Sample) -> Value {
    Value::from_object(Cells { cell: sample.cells().first().cloned().unwrap_or_default(), sample: Some(sample) })
}

/// An answer as a whole.
#[derive(Debug)]
struct Table(Sample);

impl Object for Table {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(match key.as_str() {
            Some("rows") => rows(self.0),
            Some("columns") => Value::from_object(Columns(self.0)),
            Some("column_names") => list([Value::from(LETTER.to_string())]),
            Some("column_types") => list([]),
            _ => rows(self.0).get_item(key).ok()?,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(rows(self.0).try_iter().map(Iterator::collect).unwrap_or_default())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, _: &[Value]) -> Result<Value, Error> {
        match method {
            "print_table" | "print_csv" | "print_json" => Ok(Value::from("")),
            "select" | "exclude" | "where" | "order_by" | "limit" | "distinct" | "rename" => {
                Ok(Value::from_dyn_object(Arc::clone(self)))
            }
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }

    fn render(self: &Arc<Self>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{LETTER}")
    }
}

/// The columns of an answer, of whatever name or place.
#[derive(Debug)]
struct Columns(Sample);

impl Object for Columns {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn get_value(self: &Arc<Self>, _: &Value) -> Option<Value> {
        Some(column(self.0))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(vec![column(self.0)])
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, _: &[Value]) -> Result<Value, Error> {
        match method {
            "get" => Ok(column(self.0)),
            "keys" => Ok(list([Value::from(LETTER.to_string())])),
            "values" => Ok(list([column(self.0)])),
            "items" => Ok(list([list([Value::from(LETTER.to_string()), column(self.0)])])),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}

/// A row or a column of an answer: its cells are alike under any name and at any place.
#[derive(Debug)]
struct Cells {
    cell: Value,
    /// Of a column, the cells.
    sample: Option<Sample>,
}

impl Cells {
    fn values(&self) -> Vec<Value> {
        match self.sample {
            Some(sample) => sample.cells(),
            None => vec![self.cell.clone()],
        }
    }
}

impl Object for Cells {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match (self.sample, key.as_str()) {
            (Some(_), Some("name")) => Some(Value::from(LETTER.to_string())),
            (Some(sample), _) => list(sample.cells()).get_item(key).ok().filter(|value| !value.is_undefined()),
            (None, _) => Some(self.cell.clone()),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.values())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let name = || Value::from(LETTER.to_string());
        match method {
            "values" | "values_distinct" | "values_without_nulls" | "values_sorted" => Ok(list(self.values())),
            "get" => {
                let key = Arguments::of(args).at(0, "key").unwrap_or_default();
                Ok(self.get_value(&key).unwrap_or_default())
            }
            "keys" => Ok(list([name()])),
            "items" => Ok(list([list([name(), self.cell.clone()])])),
            "dict" => match self.sample {
                // Whatever key is asked for is there.
                None => Ok(Value::from_dyn_object(Arc::clone(self))),
                Some(_) => Ok(dict([])),
            },
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }

    fn render(self: &Arc<Self>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{LETTER}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_seen_whatever_is_done_with_their_letters() {
        let sample = Sample::Rows.cells()[1].to_string();
        let half: String = sample.to_uppercase().chars().take(1).collect();
        assert_eq!(spelled(&format!("a_{half} '{sample}'")).as_deref(), Some("a_headsup_answer 'headsup_answer'"));
        assert_eq!(spelled("select 1"), None);
        assert!(is_answer("HEADSUP_ANSWER") && !is_answer("n_headsup_answer") && has_answer("N_HEADSUP_ANSWER"));
    }
}
