//! A small evaluator of JSON Schema for the schemas in `docs/`: the keywords that they use, and no
//! others. It must not know what a schema is about.

use serde_json::Value;

/// Checks a value against a schema.
///
/// # Errors
/// The first place that does not fit, and the keyword that it breaks.
///
/// # Panics
/// On a keyword that is not known here: a schema that uses one would be checked in part only.
pub(crate) fn check(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    at("", root, schema, value)
}

fn at(place: &str, root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    for (keyword, argument) in schema.as_object().expect("a schema is an object") {
        let fits = match keyword.as_str() {
            "$schema" | "title" | "description" | "$defs" => true,
            "$ref" => {
                let target = argument.as_str().and_then(|text| root.pointer(text.strip_prefix('#')?));
                at(place, root, target.unwrap_or_else(|| panic!("{argument} leads nowhere")), value)?;
                true
            }
            "type" => match argument {
                Value::Array(kinds) => kinds.iter().any(|kind| is_a(kind, value)),
                kind => is_a(kind, value),
            },
            "enum" => argument.as_array().expect("a list").contains(value),
            "const" => argument == value,
            "minimum" => value.as_i64().is_none_or(|number| Some(number) >= argument.as_i64()),
            "pattern" => {
                let pattern = regex::Regex::new(argument.as_str().expect("a text")).expect("a pattern");
                value.as_str().is_none_or(|text| pattern.is_match(text))
            }
            "required" => {
                let mut keys = argument.as_array().expect("a list").iter().filter_map(Value::as_str);
                value.as_object().is_none_or(|object| keys.all(|key| object.contains_key(key)))
            }
            "properties" => {
                for (key, value) in value.as_object().into_iter().flatten() {
                    if let Some(schema) = argument.get(key) {
                        at(&format!("{place}/{key}"), root, schema, value)?;
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = |key: &str| schema.get("properties").is_some_and(|known| known.get(key).is_some());
                for (key, value) in value.as_object().into_iter().flatten().filter(|(key, _)| !known(key)) {
                    if argument == &Value::Bool(false) {
                        return Err(format!("{place} has a key `{key}` that the schema does not know"));
                    }
                    at(&format!("{place}/{key}"), root, argument, value)?;
                }
                true
            }
            "items" => {
                for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                    at(&format!("{place}/{index}"), root, argument, value)?;
                }
                true
            }
            "oneOf" => branches(place, root, argument, value) == 1,
            "anyOf" => branches(place, root, argument, value) > 0,
            other => panic!("the keyword {other} is not understood"),
        };
        if !fits {
            return Err(format!("{place} is {value}, against `{keyword}`: {argument}"));
        }
    }
    Ok(())
}

/// How many of some schemas a value fits.
fn branches(place: &str, root: &Value, schemas: &Value, value: &Value) -> usize {
    let schemas = schemas.as_array().expect("a list");
    schemas.iter().filter(|schema| at(place, root, schema, value).is_ok()).count()
}

fn is_a(kind: &Value, value: &Value) -> bool {
    match kind.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        _ => panic!("the type {kind} is not understood"),
    }
}
