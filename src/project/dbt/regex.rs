//! Python's `re` as far as templates use it; patterns run in linear time, so none can hang a run.

use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Tuple};
use minijinja::{Error, ErrorKind, State, Value};
use regex::{Regex, RegexBuilder};

use super::call::{Arguments, function};
use super::values::{invalid, list, record};

/// `modules.re`.
pub(super) fn module() -> Value {
    let of = |method: &'static str| {
        function(move |arguments| {
            let pattern = pattern(arguments)?;
            apply(&pattern, method, &arguments.positional[1.min(arguments.positional.len())..], arguments)
        })
    };
    record([
        ("match", of("match")),
        ("search", of("search")),
        ("fullmatch", of("fullmatch")),
        ("findall", of("findall")),
        ("sub", of("sub")),
        ("split", of("split")),
        ("compile", function(|arguments| Ok(Value::from_object(Pattern(pattern(arguments)?))))),
        ("escape", function(|arguments| Ok(Value::from(regex::escape(&arguments.text(0, "pattern")?))))),
        ("IGNORECASE", Value::from(2)),
        ("I", Value::from(2)),
        ("MULTILINE", Value::from(8)),
        ("M", Value::from(8)),
        ("DOTALL", Value::from(16)),
        ("S", Value::from(16)),
    ])
}

fn pattern(arguments: &Arguments) -> Result<Regex, Error> {
    let first = arguments.at(0, "pattern").unwrap_or_default();
    if let Some(compiled) = first.downcast_object_ref::<Pattern>() {
        return Ok(compiled.0.clone());
    }
    let flags = arguments.keyword("flags").and_then(|flags| flags.as_i64()).unwrap_or(0);
    RegexBuilder::new(&first.to_string())
        .case_insensitive(flags & 2 != 0)
        .multi_line(flags & 8 != 0)
        .dot_matches_new_line(flags & 16 != 0)
        .size_limit(1 << 20)
        .build()
        .map_err(|_| invalid(format!("the pattern `{first}` is not supported")))
}

fn apply(pattern: &Regex, method: &str, rest: &[Value], arguments: &Arguments) -> Result<Value, Error> {
    let argument = |index: usize, name: &str| {
        let value = rest.get(index).cloned().or_else(|| arguments.keyword(name));
        value.map(|value| value.to_string()).ok_or_else(|| Error::from(ErrorKind::MissingArgument))
    };
    if method == "sub" {
        let replacement = argument(0, "repl")?;
        let text = argument(1, "string")?;
        // Python writes groups as `\1`, this crate as `${1}`.
        let mut template = String::new();
        let mut characters = replacement.chars().peekable();
        while let Some(character) = characters.next() {
            match (character, characters.peek()) {
                ('\\', Some(digit)) if digit.is_ascii_digit() => {
                    template.push_str(&format!("${{{digit}}}"));
                    characters.next();
                }
                ('$', _) => template.push_str("$$"),
                _ => template.push(character),
            }
        }
        super::work::product(pattern.find_iter(&text).count(), template.len())?;
        return Ok(Value::from(pattern.replace_all(&text, template.as_str()).into_owned()));
    }
    let text = argument(0, "string")?;
    Ok(match method {
        "findall" => list(pattern.captures_iter(&text).map(|found| {
            let group = |index: usize| Value::from(found.get(index).map_or("", |group| group.as_str()));
            match found.len() {
                1 => group(0),
                2 => group(1),
                groups => Value::from(Tuple::from((1..groups).map(group).collect::<Vec<_>>())),
            }
        })),
        "split" => list(pattern.split(&text).map(Value::from)),
        _ => {
            let found = pattern.captures(&text).filter(|found| {
                let whole = found.get(0);
                whole.is_some_and(|whole| match method {
                    "match" => whole.start() == 0,
                    "fullmatch" => whole.start() == 0 && whole.end() == text.len(),
                    _ => true,
                })
            });
            match found {
                Some(found) => Value::from_object(Match {
                    groups: found.iter().map(|group| group.map(|group| group.as_str().to_owned())).collect(),
                    names: pattern
                        .capture_names()
                        .enumerate()
                        .filter_map(|(index, name)| Some((name?.to_owned(), index)))
                        .collect(),
                }),
                None => Value::from(()),
            }
        }
    })
}

#[derive(Debug)]
struct Pattern(Regex);

impl Object for Pattern {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let arguments = Arguments::of(args);
        apply(&self.0, method, &arguments.positional, &arguments)
    }
}

#[derive(Debug)]
struct Match {
    groups: Vec<Option<String>>,
    names: Vec<(String, usize)>,
}

impl Match {
    fn group(&self, key: Option<&Value>) -> Value {
        let index = key.map_or(Some(0), |key| match key.as_str() {
            Some(name) => self.names.iter().find(|(held, _)| held == name).map(|(_, index)| *index),
            None => key.as_usize(),
        });
        let group = index.and_then(|index| self.groups.get(index)).and_then(Option::as_ref);
        group.map_or_else(|| Value::from(()), |group| Value::from(group.as_str()))
    }
}

impl Object for Match {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(self.group(Some(key)))
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        match method {
            "group" => Ok(self.group(args.first())),
            "groups" => {
                let groups = (1..self.groups.len()).map(|index| self.group(Some(&Value::from(index))));
                Ok(Value::from(Tuple::from(groups.collect::<Vec<_>>())))
            }
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}
