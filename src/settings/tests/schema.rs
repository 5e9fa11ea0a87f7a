//! The published schema accepts what the code accepts. What it cannot say (references, duplicates,
//! patterns) it leaves to the code.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::{channels, freeze, policy, sections};
use super::*;
use crate::policy::Check;

#[path = "../../../tests/support/schema.rs"]
mod evaluator;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../docs/headsup.schema.json")).unwrap()
}

#[test]
fn schema_and_code_agree_on_what_is_right_and_wrong() {
    let schema = schema();
    let verdict = |text: &str| evaluator::check(&schema, &schema, &serde_yaml::from_str(text).unwrap()).is_ok();
    for text in GOOD {
        assert!(verdict(text), "{text}");
    }
    let beyond = [
        "settings-reference",
        "settings-duplicate",
        "settings-glob",
        "duplicate-key",
        "leaves the project",
        "is no day",
        "no time zone",
    ];
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
    assert_eq!(keys("/$defs/calendar"), code(&freeze::CALENDAR));
    assert_eq!(keys("/$defs/freeze/anyOf/2"), code(&freeze::FREEZE));
    assert_eq!(keys("/$defs/policy"), code(&policy::KEYS));
    assert_eq!(keys("/$defs/policy/properties/severity"), code(&Check::ALL.map(Check::code)));
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
    let keys = [
        &sections::ROOT[..],
        &sections::PROJECT,
        &sections::TEAM,
        &sections::JOB,
        &sections::OWNER,
        &channels::KEYS,
        &freeze::CALENDAR,
        &freeze::FREEZE,
        &policy::KEYS,
    ];
    for key in keys.into_iter().flatten() {
        assert!(page.contains(&format!("`{key}`")), "{key}");
    }
}
