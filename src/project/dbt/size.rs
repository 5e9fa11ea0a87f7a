//! How much a value prints, so that a template is stopped before it fills the memory.

use minijinja::Value;
use minijinja::value::ValueKind;

/// How deep lists may stand in each other.
const DEEPEST: usize = 120;

/// About how many bytes a value prints, counted no further than a little beyond `most`; lists that
/// stand too deep in each other to be printed count as more than that.
pub(super) fn printed(value: &Value, most: i64, depth: usize) -> i64 {
    const AROUND: i64 = 2;
    let bytes = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    if let Some(text) = value.as_str() {
        return bytes(text.len());
    }
    // What has no length is read once only, so it is left to whoever prints it.
    let Some(items) = value.len().map(bytes) else { return 8 };
    if depth >= DEEPEST {
        return most.saturating_add(1);
    }
    let mut sum = items.saturating_mul(AROUND);
    if sum > most {
        return sum;
    }
    for item in value.try_iter().into_iter().flatten() {
        if sum > most {
            break;
        }
        let held = if value.kind() == ValueKind::Map { value.get_item(&item).ok() } else { None };
        for value in std::iter::once(item).chain(held) {
            sum += printed(&value, (most - sum).max(0), depth + 1);
        }
    }
    sum
}
