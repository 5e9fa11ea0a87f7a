//! The published schema accepts what the code accepts. What it cannot say (references, duplicates,
//! patterns) it leaves to the code.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::{channels, sections};
use super::*;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../docs/headsup.schema.json")).unwrap()
}

/// The part of JSON Schema that our schema uses; any other keyword is a mistake in this test.
fn accepts(root: &Value, schema: &Value, value: &Value) -> bool {
    schema.as_object().unwrap().iter().all(|(keyword, argument)| match keyword.as_str() {
        "$schema" | "title" | "description" | "$defs" => true,
        "$ref" => accepts(root, root.pointer(argument.as_str().unwrap().trim_start_matches('#')).unwrap(), value),
        "type" => match argument {
            Value::Array(types) => types.iter().any(|kind| is_a(kind, value)),
            kind => is_a(kind, value),
        },
        "enum" => argument.as_array().unwrap().contains(value),
        "const" => argument == value,
        "pattern" => {
            let pattern = regex::Regex::new(argument.as_str().unwrap()).unwrap();
            value.as_str().is_none_or(|text| pattern.is_match(text))
        }
        "required" => {
            let keys = argument.as_array().unwrap();
            value.as_object().is_none_or(|object| keys.iter().all(|key| object.contains_key(key.as_str().unwrap())))
        }
        "properties" => value.as_object().is_none_or(|object| {
            object.iter().all(|(key, value)| argument.get(key).is_none_or(|schema| accepts(root, schema, value)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|object| {
            let known = schema.get("properties");
            let mut others = object.iter().filter(|(key, _)| known.is_none_or(|known| known.get(key).is_none()));
            match argument {
                Value::Bool(false) => others.next().is_none(),
                schema => others.all(|(_, value)| accepts(root, schema, value)),
            }
        }),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| accepts(root, argument, item))),
        "oneOf" => argument.as_array().unwrap().iter().filter(|schema| accepts(root, schema, value)).count() == 1,
        "anyOf" => argument.as_array().unwrap().iter().any(|schema| accepts(root, schema, value)),
        other => panic!("{other} is not understood"),
    })
}

fn is_a(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "null" => value.is_null(),
        other => panic!("{other} is not understood"),
    }
}

#[test]
fn schema_and_code_agree_on_what_is_right_and_wrong() {
    let schema = schema();
    let verdict = |text: &str| accepts(&schema, &schema, &serde_yaml::from_str(text).unwrap());
    for text in GOOD {
        assert!(verdict(text), "{text}");
    }
    let beyond = ["settings-reference", "settings-duplicate", "settings-glob", "duplicate-key", "leaves the project"];
    for (text, problem) in BAD {
        if !problem.contains("duplicate-key") {
            assert_eq!(verdict(text), beyond.iter().any(|beyond| problem.contains(beyond)), "{text}");
        }
    }
}

#[test]
fn schema_and_code_have_the_same_keys() {
    let schema = schema();
    let keys = |at: &str| -> BTreeSet<String> {
        let part = schema.pointer(at).unwrap();
        let branches = part.get("oneOf").and_then(Value::as_array).cloned().unwrap_or_default();
        [part.clone()]
            .iter()
            .chain(&branches)
            .filter_map(|part| part.get("properties")?.as_object())
            .flat_map(|properties| properties.keys().cloned())
            .collect()
    };
    let code = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(keys(""), code(&sections::ROOT));
    assert_eq!(keys("/$defs/project"), code(&sections::PROJECT));
    assert_eq!(keys("/$defs/team"), code(&sections::TEAM));
    assert_eq!(keys("/$defs/job"), code(&sections::JOB));
    assert_eq!(keys("/$defs/owner"), code(&sections::OWNER));
    assert_eq!(keys("/$defs/channel"), code(&channels::KEYS));
}

#[test]
fn schema_and_code_have_the_same_dialects() {
    let schema = schema();
    let named: Vec<&str> =
        schema["$defs"]["dialect"]["enum"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(Dialect::ALL.iter().all(|dialect| named.contains(&dialect.name())));
    assert!(named.iter().all(|name| name.parse::<Dialect>().is_ok()));
}

#[test]
fn the_documentation_names_every_key_and_its_example_is_right() {
    let page = include_str!("../../../docs/settings.md");
    let example = page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(problems(example), Vec::<String>::new());
    let keys =
        [&sections::ROOT[..], &sections::PROJECT, &sections::TEAM, &sections::JOB, &sections::OWNER, &channels::KEYS];
    for key in keys.into_iter().flatten() {
        assert!(page.contains(&format!("`{key}`")), "{key}");
    }
}
