//! `modules`, a clock that stands still, and the empty answers of a warehouse that is not there.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Tuple};
use minijinja::{Error, ErrorKind, State, Value};

use super::call::{Arguments, function};
use super::values::{dict, invalid, list, record};
use crate::moment::{Moment, Span};

/// An answer that nobody gave: whatever is asked of it, it is empty again.
#[derive(Debug)]
pub(super) struct Nothing;

/// An answer that nobody gave.
pub(super) fn nothing() -> Value {
    Value::from_object(Nothing)
}

impl Object for Nothing {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn get_value(self: &Arc<Self>, _: &Value) -> Option<Value> {
        Some(Value::from_dyn_object(Arc::clone(self)))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Empty
    }

    fn is_true(self: &Arc<Self>) -> bool {
        false
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, _: &[Value]) -> Result<Value, Error> {
        Ok(Value::from_dyn_object(Arc::clone(self)))
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, _: &[Value]) -> Result<Value, Error> {
        Ok(match method {
            "values" | "keys" | "items" | "split" => list([]),
            _ => Value::from_dyn_object(Arc::clone(self)),
        })
    }

    fn render(self: &Arc<Self>, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

/// The answer of a query that nobody ran.
pub(super) fn empty_table() -> Value {
    nothing()
}

/// A date or a time as a value.
#[derive(Debug, Clone, Copy)]
struct Clock(Moment);

/// A difference of times as a value.
#[derive(Debug, Clone, Copy)]
struct Delta(Span);

/// The moment at which everything is rendered.
pub(super) fn now() -> Value {
    Value::from_object(Clock(Moment::START))
}

fn clock(moment: Option<Moment>) -> Result<Value, Error> {
    moment.map(|moment| Value::from_object(Clock(moment))).ok_or_else(|| invalid("no such date"))
}

fn number(arguments: &Arguments, index: usize, name: &str, default: i64) -> i64 {
    let value = arguments.at(index, name);
    value.and_then(|value| value.as_i64().or_else(|| value.to_string().parse().ok())).unwrap_or(default)
}

impl Object for Clock {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn custom_cmp(self: &Arc<Self>, other: &minijinja::value::DynObject) -> Option<std::cmp::Ordering> {
        Some(self.0.cmp(&other.downcast_ref::<Self>()?.0))
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let (year, month, day) = self.0.date();
        let (hour, minute, second) = self.0.time();
        Some(Value::from(match key.as_str()? {
            "year" => year,
            "month" => month,
            "day" => day,
            "hour" => hour,
            "minute" => minute,
            "second" => second,
            "microsecond" => 0,
            "tzinfo" => return Some(Value::from("UTC")),
            _ => return None,
        }))
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let arguments = Arguments::of(args);
        Ok(match method {
            "strftime" => Value::from(self.0.format(&arguments.text(0, "format")?)),
            "isoformat" => Value::from(self.0.format(if self.0.is_date() { "%Y-%m-%d" } else { "%Y-%m-%dT%H:%M:%S" })),
            "date" => Value::from_object(Clock(self.0.midnight())),
            "weekday" => Value::from(self.0.weekday()),
            "isoweekday" => Value::from(self.0.weekday() + 1),
            "timestamp" => Value::from(self.0.seconds()),
            "astimezone" | "time" | "localize" => Value::from_dyn_object(Arc::clone(self)),
            "replace" => {
                let (year, month, day) = self.0.date();
                let (hour, minute, second) = self.0.time();
                let part =
                    |name: &str, now: i64| arguments.keyword(name).and_then(|value| value.as_i64()).unwrap_or(now);
                return clock(Moment::new(
                    [part("year", year), part("month", month), part("day", day)],
                    [part("hour", hour), part("minute", minute), part("second", second)],
                    self.0.is_date(),
                ));
            }
            "__add__" | "__sub__" => {
                let sign = if method == "__add__" { 1 } else { -1 };
                let other = arguments.at(0, "other").unwrap_or_default();
                if let Some(delta) = other.downcast_object_ref::<Delta>() {
                    return clock(self.0.plus(delta.0, sign));
                }
                let other = other.downcast_object_ref::<Self>().ok_or_else(|| invalid("not a time"))?;
                Value::from_object(Delta(Span { seconds: self.0.seconds() - other.0.seconds() }))
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        })
    }

    fn render(self: &Arc<Self>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.format(if self.0.is_date() { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M:%S" }))
    }
}

impl Object for Delta {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(Value::from(match key.as_str()? {
            "days" => self.0.seconds.div_euclid(86_400),
            "seconds" => self.0.seconds.rem_euclid(86_400),
            "microseconds" => 0,
            _ => return None,
        }))
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        match (method, args.first()) {
            ("total_seconds", _) => Ok(Value::from(self.0.seconds)),
            ("__add__", Some(other)) if other.downcast_object_ref::<Clock>().is_some() => {
                clock(other.downcast_object_ref::<Clock>().and_then(|other| other.0.plus(self.0, 1)))
            }
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }

    fn render(self: &Arc<Self>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} seconds", self.0.seconds)
    }
}

/// A class of Python's that makes dates: callable, with functions of its own.
#[derive(Debug)]
struct DateClass {
    date_only: bool,
}

impl Object for DateClass {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let arguments = Arguments::of(args);
        let date =
            [number(&arguments, 0, "year", 2000), number(&arguments, 1, "month", 1), number(&arguments, 2, "day", 1)];
        let time = if self.date_only {
            [0; 3]
        } else {
            [number(&arguments, 3, "hour", 0), number(&arguments, 4, "minute", 0), number(&arguments, 5, "second", 0)]
        };
        clock(Moment::new(date, time, self.date_only))
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let arguments = Arguments::of(args);
        match method {
            "now" | "utcnow" | "today" | "fromtimestamp" | "utcfromtimestamp" => {
                let moment = if self.date_only { Moment::START.midnight() } else { Moment::START };
                clock(Some(moment))
            }
            "strptime" => clock(Moment::parse(&arguments.text(0, "date")?, &arguments.text(1, "format")?)),
            "fromisoformat" => {
                let text = arguments.text(0, "date")?.replace('T', " ");
                let formats = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"];
                clock(formats.iter().find_map(|format| Moment::parse(&text, format)))
            }
            "combine" => Ok(arguments.at(0, "date").unwrap_or_default()),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "min" => Some(Value::from_object(Clock(Moment::START))),
            _ => None,
        }
    }
}

/// `api.Column`: callable, and the maker of columns from nothing but a name and a type; types in an adapter's words.
pub(super) fn column_class(adapter: &str) -> Value {
    let numeric = if matches!(adapter, "spark" | "databricks") { "decimal" } else { "" };
    let labels: &'static [(&str, &str)] = match adapter {
        "bigquery" => &[("TEXT", "STRING"), ("FLOAT", "FLOAT64"), ("INTEGER", "INT64")],
        "trino" => &[("STRING", "VARCHAR"), ("FLOAT", "DOUBLE")],
        "spark" | "databricks" => &[("LONG", "BIGINT")],
        _ => &[("STRING", "TEXT")],
    };
    record([
        ("create", function(|arguments| Ok(column(arguments)))),
        (
            "string_type",
            function(|arguments| Ok(Value::from(format!("character varying({})", number(arguments, 0, "size", 256))))),
        ),
        (
            "numeric_type",
            function(move |arguments| {
                let said = arguments.text(0, "dtype")?;
                let name = if numeric.is_empty() { said.as_str() } else { numeric };
                let part = |index, name| arguments.at(index, name).filter(|value| !value.is_none());
                Ok(Value::from(match (part(1, "precision"), part(2, "scale")) {
                    (Some(precision), Some(scale)) => format!("{name}({precision},{scale})"),
                    _ => said,
                }))
            }),
        ),
        (
            "translate_type",
            function(move |arguments| {
                let name = arguments.text(0, "dtype")?;
                let label = labels.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name));
                Ok(Value::from(label.map_or(name, |(_, label)| (*label).to_owned())))
            }),
        ),
    ])
}

fn column(arguments: &Arguments) -> Value {
    let part = |index: usize, name: &str| arguments.at(index, name).unwrap_or_else(|| Value::from(()));
    record([
        ("name", part(0, "name")),
        ("column", part(0, "name")),
        ("quoted", part(0, "name")),
        ("dtype", part(1, "label_or_dtype")),
        ("data_type", part(1, "label_or_dtype")),
    ])
}

/// `modules`.
pub(super) fn all() -> Value {
    let timedelta = function(|arguments| {
        let part = |index: usize, name: &str, seconds: i64| number(arguments, index, name, 0).saturating_mul(seconds);
        let seconds = [
            part(0, "days", 86_400),
            part(1, "seconds", 1),
            part(4, "minutes", 60),
            part(5, "hours", 3_600),
            part(6, "weeks", 604_800),
        ];
        Ok(Value::from_object(Delta(Span { seconds: seconds.into_iter().fold(0, i64::saturating_add) })))
    });
    let zone = || function(|_| Ok(Value::from("UTC")));
    record([
        (
            "datetime",
            record([
                ("datetime", Value::from_object(DateClass { date_only: false })),
                ("date", Value::from_object(DateClass { date_only: true })),
                ("timedelta", timedelta),
                ("timezone", record([("utc", Value::from("UTC"))])),
            ]),
        ),
        ("pytz", record([("timezone", zone()), ("utc", Value::from("UTC")), ("UTC", Value::from("UTC"))])),
        ("re", super::regex::module()),
        ("itertools", itertools()),
    ])
}

fn itertools() -> Value {
    let product = function(|arguments| {
        let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
        for value in &arguments.positional {
            let items: Vec<Value> = value.try_iter()?.collect();
            if rows.len().saturating_mul(items.len()) > 100_000 {
                return Err(invalid("a product of more than 100000 rows"));
            }
            rows = rows
                .iter()
                .flat_map(|row| items.iter().map(move |item| row.iter().chain([item]).cloned().collect()))
                .collect();
        }
        Ok(list(rows.into_iter().map(|row| Value::from(Tuple::from(row)))))
    });
    let chain = function(|arguments| {
        let mut items = Vec::new();
        for value in &arguments.positional {
            items.extend(value.try_iter()?);
        }
        Ok(list(items))
    });
    let combinations = function(|arguments| {
        let items: Vec<Value> = arguments.at(0, "iterable").unwrap_or_default().try_iter()?.collect();
        let size = usize::try_from(number(arguments, 1, "r", 2)).unwrap_or(2);
        let mut rows: Vec<Vec<usize>> = vec![Vec::new()];
        for _ in 0..size {
            rows = rows
                .iter()
                .flat_map(|row| {
                    let next = row.last().map_or(0, |last| last + 1);
                    (next..items.len()).map(move |index| row.iter().copied().chain([index]).collect())
                })
                .collect();
            if rows.len() > 100_000 {
                return Err(invalid("more than 100000 combinations"));
            }
        }
        Ok(list(rows.into_iter().map(|row| {
            Value::from(Tuple::from(row.into_iter().map(|index| items[index].clone()).collect::<Vec<_>>()))
        })))
    });
    let zip_longest = function(|arguments| {
        let mut columns = Vec::new();
        for value in &arguments.positional {
            columns.push(value.try_iter()?.collect::<Vec<_>>());
        }
        let filler = arguments.keyword("fillvalue").unwrap_or_else(|| Value::from(()));
        let length = columns.iter().map(Vec::len).max().unwrap_or(0);
        Ok(list((0..length).map(|row| {
            let cells = columns.iter().map(|column| column.get(row).unwrap_or(&filler).clone());
            Value::from(Tuple::from(cells.collect::<Vec<_>>()))
        })))
    });
    dict([
        (Value::from("product"), product),
        (Value::from("chain"), chain),
        (Value::from("combinations"), combinations),
        (Value::from("zip_longest"), zip_longest),
    ])
}
