//! Lists and dicts that can change, as Python's do: the renderer's own are immutable, and dbt
//! projects append to theirs everywhere.

use std::cmp::Ordering;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::value::{DynObject, Enumerator, Object, ObjectRepr, Tuple, ValueKind};
use minijinja::{Error, ErrorKind, State, Value};

use super::modules::Nothing;
use super::work;

/// How deep a value may nest; deeper ones would take the renderer's stack.
const MAX_NESTING: usize = 64;
/// How long a dict may grow, whose keys are looked for one after the other.
const MAX_PAIRS: usize = 50_000;
/// How long a list may grow.
const MAX_LENGTH: usize = 1_000_000;

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// A list that can change.
#[derive(Debug, Default)]
pub(super) struct PyList(Mutex<Vec<Value>>);

/// A dict that can change and keeps the order of insertion.
#[derive(Debug, Default)]
pub(super) struct PyDict(Mutex<Vec<(Value, Value)>>);

/// A list of values.
pub(super) fn list(values: impl IntoIterator<Item = Value>) -> Value {
    Value::from_object(PyList(Mutex::new(values.into_iter().collect())))
}

/// A dict of pairs; a later pair replaces an earlier one with the same key.
pub(super) fn dict(pairs: impl IntoIterator<Item = (Value, Value)>) -> Value {
    let dict = PyDict::default();
    {
        let mut held = lock(&dict.0);
        let mut places: foldhash::HashMap<Value, usize> = foldhash::HashMap::default();
        for (key, value) in pairs {
            match places.get(&key) {
                Some(place) => held[*place].1 = value,
                None => {
                    places.insert(key.clone(), held.len());
                    held.push((key, value));
                }
            }
        }
    }
    Value::from_object(dict)
}

/// A dict with text keys.
pub(super) fn record<'a>(pairs: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    dict(pairs.into_iter().map(|(key, value)| (Value::from(key), value)))
}

/// The value as one that can change, if it is a list or a dict; anything else as it is.
pub(super) fn own(value: Value) -> Value {
    let Some(object) = value.as_object() else { return value };
    if object.is::<PyList>() || object.is::<PyDict>() || object.is::<Tuple>() || object.is::<Nothing>() {
        return value;
    }
    if super::sentinel::is_part(object) {
        return value;
    }
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => match value.try_iter() {
            Ok(items) => list(items),
            Err(_) => value,
        },
        // Only the renderer's plain maps are copied: a map that belongs to us may do more than hold pairs.
        ValueKind::Map if is_plain_map(object) => match object.try_iter_pairs() {
            Some(pairs) => dict(pairs.collect::<Vec<_>>()),
            None => value,
        },
        _ => value,
    }
}

fn is_plain_map(object: &DynObject) -> bool {
    object.type_name().contains("IndexMap") || object.type_name().contains("BTreeMap")
}

/// The value with everything inside made changeable.
pub(super) fn own_deep(value: &Value, depth: usize) -> Value {
    if depth > MAX_NESTING {
        return value.clone();
    }
    match value.kind() {
        ValueKind::Seq => value.try_iter().map_or_else(
            |_| value.clone(),
            |items| list(items.map(|item| own_deep(&item, depth + 1)).collect::<Vec<_>>()),
        ),
        ValueKind::Map => match value.as_object().and_then(DynObject::try_iter_pairs) {
            Some(pairs) => dict(pairs.map(|(key, item)| (key, own_deep(&item, depth + 1))).collect::<Vec<_>>()),
            None => value.clone(),
        },
        _ => value.clone(),
    }
}

/// The value, if it may stand inside a container.
fn fits(state: &State<'_, '_>, container: usize, value: &Value) -> Result<Value, Error> {
    work::weigh(state, value)?;
    work::nested(value)?;
    let value = own(value.clone());
    if holds(&value, container, MAX_NESTING) {
        return Err(invalid("a list or dict holds itself or nests too deep"));
    }
    Ok(value)
}

/// What tells one container from another: where its content lives.
fn address<T>(content: &Mutex<T>) -> usize {
    std::ptr::from_ref(content).addr()
}

/// Whether a value is a container, holds it, or nests too deep to say.
fn holds(value: &Value, container: usize, room: usize) -> bool {
    let Some(object) = value.as_object() else { return false };
    let here = match (object.downcast_ref::<PyList>(), object.downcast_ref::<PyDict>()) {
        (Some(held), _) => address(&held.0),
        (_, Some(held)) => address(&held.0),
        _ => 0,
    };
    if room == 0 || here == container {
        return true;
    }
    let items: Vec<Value> = if let Some(held) = object.downcast_ref::<PyList>() {
        lock(&held.0).iter().filter(|item| item.as_object().is_some()).cloned().collect()
    } else if let Some(held) = object.downcast_ref::<PyDict>() {
        lock(&held.0).iter().map(|(_, item)| item).filter(|item| item.as_object().is_some()).cloned().collect()
    } else if let Some(held) = object.downcast_ref::<Tuple>() {
        held.clone().into_vec()
    } else {
        Vec::new()
    };
    items.iter().any(|item| holds(item, container, room - 1))
}

fn check_length(length: usize) -> Result<(), Error> {
    if length > MAX_LENGTH { Err(invalid("a list grows beyond a million entries")) } else { Ok(()) }
}

/// The arguments of a method, keyword arguments apart.
fn argument(args: &[Value], index: usize) -> Result<&Value, Error> {
    args.get(index).filter(|value| !value.is_kwargs()).ok_or_else(|| Error::from(ErrorKind::MissingArgument))
}

fn keyword(args: &[Value], name: &str) -> Option<Value> {
    let last = args.last().filter(|last| last.is_kwargs())?;
    last.get_attr(name).ok().filter(|value| !value.is_undefined())
}

fn place(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    let index = if index < 0 { index + length } else { index };
    usize::try_from(index).ok()
}

/// Python's order; `None` values and mixed kinds fall back to the renderer's.
pub(super) fn compare(left: &Value, right: &Value) -> Ordering {
    left.cmp(right)
}

impl Object for PyList {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let held = lock(&self.0);
        held.get(place(key.as_i64()?, held.len())?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(lock(&self.0).clone())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(lock(&self.0).len())
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let this = address(&self.0);
        let none = Ok(Value::from(()));
        match method {
            "append" => {
                let value = fits(state, this, argument(args, 0)?)?;
                let mut held = lock(&self.0);
                check_length(held.len() + 1)?;
                held.push(value);
                none
            }
            "extend" => {
                let mut values = Vec::new();
                for value in argument(args, 0)?.try_iter()? {
                    values.push(fits(state, this, &value)?);
                }
                let mut held = lock(&self.0);
                check_length(held.len() + values.len())?;
                held.extend(values);
                none
            }
            "insert" => {
                let value = fits(state, this, argument(args, 1)?)?;
                let mut held = lock(&self.0);
                check_length(held.len() + 1)?;
                let index = argument(args, 0)?.as_i64().and_then(|index| place(index, held.len())).unwrap_or(0);
                let index = index.min(held.len());
                held.insert(index, value);
                none
            }
            "pop" => {
                let mut held = lock(&self.0);
                let index = args.first().and_then(Value::as_i64).unwrap_or(-1);
                match place(index, held.len()) {
                    Some(index) if index < held.len() => Ok(held.remove(index)),
                    _ => Err(invalid("pop from an empty list or beyond its end")),
                }
            }
            "remove" => {
                let wanted = argument(args, 0)?;
                let items = lock(&self.0).clone();
                let index =
                    items.iter().position(|item| item == wanted).ok_or_else(|| invalid("no such value in the list"))?;
                lock(&self.0).remove(index);
                none
            }
            "clear" => {
                lock(&self.0).clear();
                none
            }
            "reverse" => {
                lock(&self.0).reverse();
                none
            }
            "sort" => {
                work::weigh(state, &Value::from_dyn_object(Arc::clone(self)))?;
                let mut items = lock(&self.0).clone();
                if let Some(key) = keyword(args, "key") {
                    let mut keyed = Vec::with_capacity(items.len());
                    for item in items {
                        keyed.push((key.call(state, std::slice::from_ref(&item))?, item));
                    }
                    keyed.sort_by(|left, right| compare(&left.0, &right.0));
                    items = keyed.into_iter().map(|(_, item)| item).collect();
                } else {
                    items.sort_by(compare);
                }
                if keyword(args, "reverse").is_some_and(|reverse| reverse.is_true()) {
                    items.reverse();
                }
                *lock(&self.0) = items;
                none
            }
            "copy" => Ok(list(lock(&self.0).clone())),
            "index" => {
                let wanted = argument(args, 0)?;
                let items = lock(&self.0).clone();
                let index = items.iter().position(|item| item == wanted);
                index.map(Value::from).ok_or_else(|| invalid("no such value in the list"))
            }
            "count" => {
                let wanted = argument(args, 0)?;
                let items = lock(&self.0).clone();
                Ok(Value::from(items.iter().filter(|item| *item == wanted).count()))
            }
            // Sets of Python, as far as projects use them, are lists without repetition.
            "add" => {
                let value = fits(state, this, argument(args, 0)?)?;
                let items = lock(&self.0).clone();
                if !items.contains(&value) {
                    check_length(items.len() + 1)?;
                    lock(&self.0).push(value);
                }
                none
            }
            "discard" => {
                let wanted = argument(args, 0)?.clone();
                let items: Vec<Value> = lock(&self.0).clone().into_iter().filter(|item| *item != wanted).collect();
                *lock(&self.0) = items;
                none
            }
            "union" | "intersection" | "difference" | "symmetric_difference" | "issubset" | "issuperset" => {
                let mine = lock(&self.0).clone();
                let mut theirs = Vec::new();
                for arg in args {
                    theirs.extend(arg.try_iter()?);
                }
                if method != "union" {
                    work::product(mine.len(), theirs.len())?;
                }
                Ok(match method {
                    "union" => list(distinct(mine.into_iter().chain(theirs))),
                    "intersection" => list(mine.into_iter().filter(|item| theirs.contains(item)).collect::<Vec<_>>()),
                    "difference" => list(mine.into_iter().filter(|item| !theirs.contains(item)).collect::<Vec<_>>()),
                    "issubset" => Value::from(mine.iter().all(|item| theirs.contains(item))),
                    "issuperset" => Value::from(theirs.iter().all(|item| mine.contains(item))),
                    _ => {
                        let left = mine.iter().filter(|item| !theirs.contains(item));
                        let right = theirs.iter().filter(|item| !mine.contains(item));
                        list(left.chain(right).cloned().collect::<Vec<_>>())
                    }
                })
            }
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }

    fn render(self: &Arc<Self>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        write_items(&mut text, &lock(&self.0).clone(), 0);
        out.write_str(&text)
    }
}

/// The values without repetition, first come first kept.
pub(super) fn distinct(values: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let mut texts = std::collections::HashSet::new();
    for value in values {
        // A container's hash could change under it.
        // What two print alike is the same, or as good as.
        let new = match value.as_object() {
            Some(_) => texts.insert(representation(&value)),
            None => seen.insert(value.clone()),
        };
        if new {
            kept.push(value);
        }
    }
    kept
}

impl PyDict {
    fn find(&self, key: &Value) -> Option<Value> {
        lock(&self.0).iter().find(|(held, _)| held == key).map(|(_, value)| value.clone())
    }

    fn put(&self, key: Value, value: Value) -> Result<(), Error> {
        let mut held = lock(&self.0);
        if let Some(pair) = held.iter_mut().find(|(held, _)| *held == key) {
            pair.1 = value;
        } else {
            if held.len() >= MAX_PAIRS {
                return Err(invalid("a dict grows beyond fifty thousand entries"));
            }
            held.push((key, value));
        }
        Ok(())
    }
}

impl Object for PyDict {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.find(key)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(lock(&self.0).iter().map(|(key, _)| key.clone()).collect())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(lock(&self.0).len())
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let this = address(&self.0);
        match method {
            "keys" => Ok(list(lock(&self.0).iter().map(|(key, _)| key.clone()).collect::<Vec<_>>())),
            "values" => Ok(list(lock(&self.0).iter().map(|(_, value)| value.clone()).collect::<Vec<_>>())),
            "items" => {
                let pairs = lock(&self.0).clone();
                Ok(list(pairs.into_iter().map(|(key, value)| Value::from(Tuple::from([key, value])))))
            }
            "get" => {
                let default = args.get(1).filter(|value| !value.is_kwargs()).cloned();
                let default = default.or_else(|| keyword(args, "default")).unwrap_or_else(|| Value::from(()));
                Ok(self.find(argument(args, 0)?).unwrap_or(default))
            }
            "update" => {
                for arg in args {
                    if let Some(pairs) = arg.as_object().filter(|object| object.repr() == ObjectRepr::Map) {
                        for (key, value) in pairs.try_iter_pairs().into_iter().flatten().collect::<Vec<_>>() {
                            self.put(key, fits(state, this, &value)?)?;
                        }
                    } else {
                        for pair in arg.try_iter()? {
                            let value = fits(state, this, &pair.get_item(&Value::from(1))?)?;
                            self.put(pair.get_item(&Value::from(0))?, value)?;
                        }
                    }
                }
                Ok(Value::from(()))
            }
            "setdefault" => {
                let key = argument(args, 0)?;
                if let Some(value) = self.find(key) {
                    return Ok(value);
                }
                let value = fits(state, this, args.get(1).unwrap_or(&Value::from(())))?;
                self.put(key.clone(), value.clone())?;
                Ok(value)
            }
            "__setitem__" => {
                self.put(argument(args, 0)?.clone(), fits(state, this, argument(args, 1)?)?)?;
                Ok(Value::from(()))
            }
            "pop" => {
                let key = argument(args, 0)?;
                let mut held = lock(&self.0);
                match held.iter().position(|(held, _)| held == key) {
                    Some(index) => Ok(held.remove(index).1),
                    None => args.get(1).cloned().ok_or_else(|| invalid(format!("no key {key} in the dict"))),
                }
            }
            "clear" => {
                lock(&self.0).clear();
                Ok(Value::from(()))
            }
            "copy" => Ok(dict(lock(&self.0).clone())),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }

    fn render(self: &Arc<Self>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        write_pairs(&mut text, &lock(&self.0).clone(), 0);
        out.write_str(&text)
    }
}

/// A value as Python shows it inside a list.
pub(super) fn representation(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value, 0);
    text
}

fn write_value(out: &mut String, value: &Value, depth: usize) {
    if depth > MAX_NESTING {
        out.push('…');
    } else if let Some(text) = value.as_str() {
        let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
        out.push(quote);
        for character in text.chars() {
            match character {
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '\\' => out.push_str("\\\\"),
                _ if character == quote => {
                    out.push('\\');
                    out.push(character);
                }
                _ => out.push(character),
            }
        }
        out.push(quote);
    } else if let Some(object) = value.as_object() {
        if let Some(held) = object.downcast_ref::<PyList>() {
            write_items(out, &lock(&held.0).clone(), depth);
        } else if let Some(held) = object.downcast_ref::<PyDict>() {
            write_pairs(out, &lock(&held.0).clone(), depth);
        } else {
            let _ = write!(out, "{value}");
        }
    } else {
        let _ = write!(out, "{value}");
    }
}

fn write_items(out: &mut String, items: &[Value], depth: usize) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_value(out, item, depth + 1);
    }
    out.push(']');
}

fn write_pairs(out: &mut String, pairs: &[(Value, Value)], depth: usize) {
    out.push('{');
    for (index, (key, value)) in pairs.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_value(out, key, depth + 1);
        out.push_str(": ");
        write_value(out, value, depth + 1);
    }
    out.push('}');
}
