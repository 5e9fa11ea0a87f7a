//! What the operators, filters and methods of a template cost beside its steps, which the renderer counts:
//! one step may copy, sort or compare a large value. Large values take fuel where they are made, and again
//! in every round of a loop and every call of a macro, for each may use them.
//!
//! It must not know what a value is for.

use minijinja::value::ValueKind;
use minijinja::{Error, State, Value};

use super::call::{Cause, caused};
use super::engine::run_of;
use super::size::printed;

/// No value may print more bytes.
const LARGEST: usize = 64 << 20;
/// Nor hold more, with what is in it several times counted as often.
const LARGEST_NESTED: i64 = 64 << 20;
/// Smaller values cost nothing.
const LIGHT: usize = 16 << 10;
/// How many bytes of a text one item of a list stands for.
const ITEM: usize = 16;
/// Larger factors may make much of a text or a list.
const FACTOR: i64 = 4_096;
/// What an operation costs that may make much.
const MUCH: i64 = 10_000;

fn too_large() -> Error {
    caused(Cause::Limit, "the template makes a value that is too large; is there a loop without end?")
}

/// How large a value is, without what its items hold.
fn weight(value: &Value) -> usize {
    match (value.as_str(), value.kind()) {
        (Some(text), _) => text.len(),
        (None, ValueKind::Seq | ValueKind::Iterable | ValueKind::Map) => {
            value.len().unwrap_or_default().saturating_mul(ITEM)
        }
        _ => 0,
    }
}

/// Takes account of a value that is kept, copied or gone through.
pub(super) fn weigh(state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    let weight = weight(value);
    if weight <= LIGHT {
        return Ok(());
    }
    if weight > LARGEST {
        return Err(too_large());
    }
    match run_of(state) {
        Some(run) => run.carry(i64::try_from(weight).unwrap_or(i64::MAX)),
        None => Ok(()),
    }
}

/// A value behind an operator that may copy it.
pub(super) fn operand(state: &mut State<'_, '_>, value: Value) -> Result<Value, Error> {
    weigh(state, &value)?;
    Ok(value)
}

/// A value behind `*`.
pub(super) fn factor(state: &mut State<'_, '_>, value: Value) -> Result<Value, Error> {
    let is_small = value.as_i64().is_some_and(|number| number < FACTOR)
        || value.kind() == ValueKind::Number && value.as_i64().is_none();
    if let (false, Some(run)) = (is_small, run_of(state)) {
        run.spend(MUCH)?;
    }
    operand(state, value)
}

/// A round of a loop.
pub(super) fn tick(state: &mut State<'_, '_>, _: &[Value]) -> Result<Value, Error> {
    if let Some(run) = run_of(state) {
        run.tick()?;
    }
    Ok(Value::from(""))
}

/// Refuses a value that holds others so often that nobody could go through it.
pub(super) fn nested(value: &Value) -> Result<(), Error> {
    match value.as_object().is_some() && printed(value, LARGEST_NESTED, 0) > LARGEST_NESTED {
        true => Err(too_large()),
        false => Ok(()),
    }
}

/// Refuses to make a text of so many parts, each so large.
pub(super) fn product(parts: usize, each: usize) -> Result<(), Error> {
    if parts.saturating_mul(each) > LARGEST { Err(too_large()) } else { Ok(()) }
}

/// Refuses to make a text of a value that would be too long, with so many bytes before each item.
pub(super) fn text_of(value: &Value, between: usize) -> Result<(), Error> {
    let most = i64::try_from(LARGEST).unwrap_or(i64::MAX);
    product(value.len().unwrap_or_default(), between)?;
    if printed(value, most, 0) > most { Err(too_large()) } else { Ok(()) }
}
