//! The configuration of a node, from the places that can say something of it, in dbt's order.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::yaml::sorted;

/// A configuration: the canonical names of keys, and values as files have them.
pub(in crate::project) type Config = BTreeMap<String, Json>;

/// The name under which dbt knows a key.
fn canonical(key: &str) -> String {
    let key = key.trim_start_matches('+').trim();
    match key {
        "pre-hook" => "pre_hook".to_owned(),
        "post-hook" => "post_hook".to_owned(),
        other => other.to_owned(),
    }
}

/// What a section of a project file says of a node, folder by folder, outermost first.
pub(super) fn levels(section: &Map<String, Json>, fqn: &[String]) -> Vec<Map<String, Json>> {
    let mut levels = vec![said(section)];
    let mut current = section;
    for part in fqn {
        match current.get(part) {
            Some(Json::Object(inner)) => {
                levels.push(said(inner));
                current = inner;
            }
            _ => break,
        }
    }
    levels
}

/// The keys of one level that are configuration rather than folders.
fn said(level: &Map<String, Json>) -> Map<String, Json> {
    level
        .iter()
        .filter(|(key, value)| key.starts_with('+') || !value.is_object())
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Adds one place's say to what the places before it said: hooks and tags add up, `meta` merges,
/// everything else is replaced.
pub(in crate::project) fn merge<'a>(config: &mut Config, said: impl IntoIterator<Item = (&'a String, &'a Json)>) {
    for (key, value) in said {
        let key = canonical(key);
        match key.as_str() {
            "tags" | "pre_hook" | "post_hook" => {
                let mut items = config.remove(&key).map(listed).unwrap_or_default();
                for item in listed(value.clone()) {
                    if key != "tags" || !items.contains(&item) {
                        items.push(item);
                    }
                }
                config.insert(key, Json::Array(items));
            }
            "meta" | "grants" => match (config.get_mut(&key), value) {
                (Some(Json::Object(held)), Json::Object(more)) => {
                    held.extend(more.iter().map(|(key, value)| (key.clone(), value.clone())));
                }
                _ => {
                    config.insert(key, value.clone());
                }
            },
            _ => {
                config.insert(key, value.clone());
            }
        }
    }
}

fn listed(value: Json) -> Vec<Json> {
    match value {
        Json::Array(items) => items,
        Json::Null => Vec::new(),
        one => vec![one],
    }
}

/// A value as text, if it is one.
pub(in crate::project) fn text(config: &Config, key: &str) -> Option<String> {
    match config.get(key)? {
        Json::Null => None,
        Json::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}

/// Whether a value means yes, as YAML 1.1 and people spell it.
pub(in crate::project) fn truthy(value: &Json) -> Option<bool> {
    match value {
        Json::Bool(yes) => Some(*yes),
        Json::Number(number) => Some(number.as_f64() != Some(0.0)),
        Json::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" | "1" => Some(true),
            "false" | "no" | "off" | "n" | "0" | "none" | "" => Some(false),
            _ => None,
        },
        Json::Null => None,
        Json::Array(_) | Json::Object(_) => Some(true),
    }
}

/// Behind a key: what it is computed from, where that may be another thing elsewhere.
pub(super) const ELSEWHERE: &str = " elsewhere";

/// Whether a key decides how a relation is built; elsewhere, whether and where it is built as well.
fn is_building(key: &str) -> bool {
    match key.strip_suffix(ELSEWHERE) {
        Some("alias" | "database" | "enabled" | "schema") => true,
        Some(key) => !NOT_BUILDING.contains(&key),
        None => !NOT_BUILDING.contains(&key),
    }
}

/// Whether a key is compared by itself, with how a relation is built or with its names.
pub(super) fn is_compared(key: &str) -> bool {
    is_building(key) || matches!(key, "alias" | "database" | "enabled" | "schema")
}

/// Whether a node is switched on.
pub(super) fn is_enabled(config: &Config) -> bool {
    config.get("enabled").and_then(truthy).unwrap_or(true)
}

/// Keys that decide nothing about a relation's columns and rows: its names are compared apart, and
/// the rest is for people, for dbt, or for how and where the warehouse stores and computes it. A key
/// that is not known stays in: a materialization of the project's own may read it.
const NOT_BUILDING: [&str; 37] = [
    "access",
    "alias",
    "auto_refresh",
    "automatic_clustering",
    "backup",
    "bind",
    "cluster_by",
    "copy_grants",
    "database",
    "deprecation_date",
    "description",
    "dist",
    "docs",
    "enabled",
    "grants",
    "group",
    "hours_to_expiration",
    "indexes",
    "kms_key_name",
    "labels",
    "meta",
    "persist_docs",
    "project",
    "query_tag",
    "quoting",
    "require_partition_filter",
    "resource_tags",
    "schema",
    "secure",
    "snowflake_warehouse",
    "sort",
    "sort_type",
    "static_analysis",
    "tags",
    "tblproperties",
    "transient",
    "unlogged",
];

/// What dbt does unless told otherwise; to say so changes nothing, and a manifest says it always.
const DEFAULTS: [(&str, &str); 5] = [
    ("delimiter", ","),
    ("lookback", "1"),
    ("on_configuration_change", "apply"),
    ("on_schema_change", "ignore"),
    ("full_refresh", "null"),
];

/// What of a configuration decides how the relation is built, each value in one spelling.
pub(in crate::project) fn building(config: &Config) -> BTreeMap<Arc<str>, Arc<str>> {
    config
        .iter()
        .filter(|(key, _)| is_building(key))
        .filter_map(|(key, value)| {
            let value = match key.as_str() {
                "pre_hook" | "post_hook" => Json::Array(listed(value.clone()).into_iter().map(hook).collect()),
                "contract" => contract(value)?,
                _ => value.clone(),
            };
            let text = match &value {
                Json::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
                other => sorted(other).to_string(),
            };
            let default = DEFAULTS.iter().any(|(known, default)| known == key && *default == text);
            (!is_nothing(&value) && !default).then(|| (Arc::from(key.as_str()), Arc::from(text)))
        })
        .collect()
}

/// The same of a source: models that are run in batches of time take its rows by their time, and nothing builds it; but
/// its rows may lie in files, and where those are is said in `config` or `meta` for DuckDB, and in `external` for tables
/// that a package declares in the warehouse.
pub(in crate::project) fn of_source<'c>(
    config: impl IntoIterator<Item = (&'c String, &'c Json)>,
    external: Option<&Json>,
) -> BTreeMap<Arc<str>, Arc<str>> {
    const OF_FILES: [&str; 2] = ["external_location", "formatter"];
    const EXTERNAL: [&str; 5] = ["location", "pattern", "file_format", "options", "partitions"];
    let mut counts = Config::new();
    for (key, value) in config {
        let meta = value.as_object().filter(|_| key == "meta").into_iter().flatten();
        let of_meta = meta.filter(|(key, _)| OF_FILES.contains(&key.as_str()));
        for (key, value) in of_meta {
            counts.entry(key.clone()).or_insert_with(|| value.clone());
        }
        if key == "event_time" || OF_FILES.contains(&key.as_str()) {
            counts.insert(key.clone(), value.clone());
        }
    }
    for key in EXTERNAL {
        counts.extend(external.and_then(|said| said.get(key)).map(|value| (format!("external.{key}"), value.clone())));
    }
    building(&counts)
}

/// A hook that runs inside the transaction, as it does unless told otherwise, is its text.
fn hook(hook: Json) -> Json {
    match hook.get("sql") {
        Some(sql) if hook.get("transaction").and_then(truthy) != Some(false) => sql.clone(),
        _ => hook,
    }
}

/// A contract that is not enforced is none.
fn contract(value: &Json) -> Option<Json> {
    let enforced = value.get("enforced").and_then(truthy).or_else(|| truthy(value).filter(|_| !value.is_object()));
    enforced.filter(|enforced| *enforced).map(|_| Json::from("enforced"))
}

fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(pairs) => pairs.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn folders_refine_what_the_project_says() {
        let section = json!({"+enabled": true, "shop": {"materialized": "view", "marts": {"+materialized": "table", "+tags": ["m"]}}});
        let fqn = ["shop", "marts", "orders"].map(String::from);
        let mut config = Config::new();
        for level in levels(section.as_object().unwrap(), &fqn) {
            merge(&mut config, &level);
        }
        assert_eq!(config["materialized"], json!("table"));
        assert_eq!(config["tags"], json!(["m"]));
    }

    #[test]
    fn what_dbt_does_anyway_is_not_worth_saying() {
        let said = json!({"contract": {"enforced": false}, "on_schema_change": "ignore", "lookback": 1, "post-hook": {"sql": "a", "transaction": true}});
        let mut config = Config::new();
        merge(&mut config, said.as_object().unwrap());
        let building = building(&config);
        assert_eq!(building.len(), 1);
        assert_eq!(&*building["post_hook"], r#"["a"]"#);
    }

    #[test]
    fn hooks_add_up_and_tags_do_not_decide_how_a_table_is_built() {
        let mut config = Config::new();
        for said in [json!({"post-hook": "a", "tags": "x"}), json!({"+post_hook": ["b"], "tags": "x"})] {
            merge(&mut config, said.as_object().unwrap());
        }
        let building = building(&config);
        assert_eq!(building.len(), 1);
        assert_eq!(&*building["post_hook"], r#"["a","b"]"#);
    }
}
