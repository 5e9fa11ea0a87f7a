//! What tests of published schemas ask beside whether a value fits. It must not know what a schema is about.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// The published schema leaves room for fields to come; in tests, one that it does not name is a mistake.
pub(crate) fn closed(schema: &Value) -> Value {
    match schema {
        Value::Object(pairs) => {
            let mut closed: serde_json::Map<_, _> =
                pairs.iter().map(|(key, value)| (key.clone(), self::closed(value))).collect();
            if pairs.get("type") == Some(&json!("object")) {
                closed.insert("additionalProperties".to_owned(), json!(false));
            }
            Value::Object(closed)
        }
        Value::Array(items) => Value::Array(items.iter().map(closed).collect()),
        other => other.clone(),
    }
}

/// Every key of every object inside a value.
pub(crate) fn keys(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(pairs) => {
            for (key, value) in pairs {
                found.insert(key.clone());
                keys(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}
