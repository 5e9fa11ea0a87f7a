//! Templates inside YAML: what `dbt_project.yml` and property files compute. Hooks, variables,
//! descriptions and tests stay as they are, for others render those or nobody does.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::conditions::varies;
use super::config::ELSEWHERE;
use super::engine::{Engine, Run};
use super::natives::to_json;
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
            | "tests"
            | "data_tests"
            | "relation"
            | "depends_on"
            | "unit_tests"
            | "freshness"
    )
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
        Json::Object(pairs) => pairs.iter().any(|(key, held)| !is_kept(key) && has_template(held)),
        _ => false,
    }
}

/// Whether anything of an entry would be rendered.
fn has_templates(said: &Map<String, Json>) -> bool {
    said.iter().any(|(key, held)| !is_kept(key) && has_template(held))
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
        let mut made = if is_kept(key) { held.clone() } else { value(run, held) };
        // What is said for another target or environment counts as it is written, and what is on there is on.
        if let Json::String(text) = held
            && !is_kept(key)
            && varies(text)
        {
            rendered.insert(format!("{key}{ELSEWHERE}"), held.clone());
            if key.trim_start_matches('+') == "enabled" {
                made = Json::Bool(true);
            }
        }
        rendered.insert(key.clone(), made);
    }
    rendered
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
