//! Templates inside YAML: what `dbt_project.yml` and property files compute. Hooks, variables, descriptions and what tests
//! are given stay as they are, for others render those or nobody does.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::conditions::varies;
use super::config::ELSEWHERE;
use super::engine::{Engine, Run};
use super::natives::to_json;
use super::proof::SECTIONS;
use super::sought::Sought;
use super::subject::{Pass, Sees, Subject};

/// Keys whose values are not rendered here.
fn is_kept(key: &str) -> bool {
    matches!(
        key.trim_start_matches('+'),
        "vars"
            | "pre-hook"
            | "post-hook"
            | "pre_hook"
            | "post_hook"
            | "on-run-start"
            | "on-run-end"
            | "query-comment"
            | "description"
            | "relation"
            | "depends_on"
            | "unit_tests"
            | "freshness"
    )
}

/// Below what tests are listed, of which only that is rendered by which they are run and fail.
fn lists_tests(key: &str) -> bool {
    SECTIONS.contains(&key.trim_start_matches('+'))
}

fn is_of_test(key: &str) -> bool {
    matches!(key, "enabled" | "error_if" | "fail_calc" | "limit" | "severity")
}

/// Whether a text has tags.
pub(super) fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// Whether anything in a value would be rendered.
fn has_template(json: &Json) -> bool {
    match json {
        Json::String(text) => is_template(text),
        Json::Array(items) => items.iter().any(has_template),
        Json::Object(pairs) => has_templates(pairs),
        _ => false,
    }
}

/// Whether anything in tests would be rendered.
fn tests_have_template(json: &Json) -> bool {
    match json {
        Json::Array(items) => items.iter().any(tests_have_template),
        Json::Object(pairs) => pairs.iter().any(|(key, held)| match held {
            Json::String(text) => is_of_test(key) && is_template(text),
            held => tests_have_template(held),
        }),
        _ => false,
    }
}

/// Whether anything of an entry would be rendered.
fn has_templates(said: &Map<String, Json>) -> bool {
    said.iter().any(|(key, held)| match key {
        key if is_kept(key) => false,
        key if lists_tests(key) => tests_have_template(held),
        _ => has_template(held),
    })
}

/// A value with its templates rendered; one that fails stays as it is.
pub(super) fn value(run: &Arc<Run>, json: &Json) -> Json {
    match json {
        Json::String(text) if is_template(text) => {
            run.evaluate(text).map_or_else(|_| json.clone(), |value| to_json(&value))
        }
        Json::Array(items) => Json::Array(items.iter().map(|item| value(run, item)).collect()),
        Json::Object(pairs) => Json::Object(map(run, pairs)),
        other => other.clone(),
    }
}

fn map(run: &Arc<Run>, pairs: &Map<String, Json>) -> Map<String, Json> {
    let mut rendered = Map::new();
    for (key, held) in pairs {
        if is_kept(key) {
            rendered.insert(key.clone(), held.clone());
        } else if lists_tests(key) && held.is_array() {
            rendered.insert(key.clone(), tests(run, held));
        } else {
            add(&mut rendered, run, key, held);
        }
    }
    rendered
}

/// Adds a key with its templates rendered.
fn add(rendered: &mut Map<String, Json>, run: &Arc<Run>, key: &str, held: &Json) {
    let mut made = value(run, held);
    // What is said for another target or environment counts as it is written, and what is on there is on.
    if let Json::String(text) = held
        && varies(text)
    {
        rendered.insert(format!("{key}{ELSEWHERE}"), held.clone());
        if key.trim_start_matches('+') == "enabled" {
            made = Json::Bool(true);
        }
    }
    rendered.insert(key.to_owned(), made);
}

/// Tests with that rendered by which they are run and fail.
fn tests(run: &Arc<Run>, json: &Json) -> Json {
    match json {
        Json::Array(items) => Json::Array(items.iter().map(|item| tests(run, item)).collect()),
        Json::Object(pairs) => {
            let mut rendered = Map::new();
            for (key, held) in pairs {
                if held.is_string() && is_of_test(key) {
                    add(&mut rendered, run, key, held);
                } else {
                    rendered.insert(key.clone(), tests(run, held));
                }
            }
            Json::Object(rendered)
        }
        other => other.clone(),
    }
}

/// A run for a file that is no node.
pub(super) fn run(engine: &Arc<Engine>, package: &Arc<str>, path: &Arc<str>, sees: Sees) -> Arc<Run> {
    let subject = Subject { package: Arc::clone(package), path: Arc::clone(path), sees, ..Subject::default() };
    Run::new(engine, &Arc::new(subject), Pass::Parse)
}

/// An entry of a property file with its templates rendered; one without templates is itself.
pub(super) fn object(
    engine: &Arc<Engine>,
    package: &Arc<str>,
    path: &Arc<str>,
    said: &Arc<Map<String, Json>>,
    sought: &Sought,
) -> Arc<Map<String, Json>> {
    if !has_templates(said) {
        return Arc::clone(said);
    }
    let run = run(engine, package, path, Sees::All);
    let rendered = map(&run, said);
    run.tell(sought);
    Arc::new(rendered)
}
