//! What templates see of what property files tell of a node or a source: descriptions, columns, tags and `meta`. It must not
//! know who looks at it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, State, Value};
use serde_json::{Map, Value as Json, json};

use super::config::Config;
use super::engine::Run;
use super::natives::from_json;
use super::properties::{self, name, objects};
use super::tokens::{PieceKind, pieces};
use super::values::{dict, list, own_deep, record};

/// The parts of what is told of a node that a template sees beside its configuration.
const PARTS: [&str; 2] = ["columns", "description"];

/// Whether the same is told of two nodes, as far as templates see it.
pub(super) fn is_same(one: &Arc<properties::Object>, other: &Arc<properties::Object>) -> bool {
    Arc::ptr_eq(one, other) || PARTS.iter().all(|part| one.get(*part) == other.get(*part))
}

/// What is told of a node and what is configured of it, as far as texts that are not rendered name that.
pub(super) fn named_in<'t>(
    texts: impl Iterator<Item = &'t str> + Clone,
    config: &Config,
    said: &properties::Object,
) -> Option<String> {
    let mut named = Vec::new();
    if texts.clone().any(|text| text.contains("config") || text.contains("model")) {
        named.push(json!(config).to_string());
    }
    for part in PARTS {
        let is_named = |text: &str| text.contains("model") && text.contains(part);
        if texts.clone().any(is_named) {
            named.extend(said.get(part).map(ToString::to_string));
        }
    }
    (!named.is_empty()).then(|| named.join("\n"))
}

/// A text that is told, empty where none is. Of what stands in another file, its name stands there.
pub(super) fn text(said: &properties::Object, key: &str) -> String {
    let text = said.get(key).and_then(Json::as_str).unwrap_or_default();
    let mut told = String::with_capacity(text.len());
    let mut from = 0;
    for piece in pieces(text) {
        if piece.kind == PieceKind::Text {
            continue;
        }
        let words = piece.tokens.iter().map(|token| token.text(text).trim_matches(['\'', '"']));
        let words: Vec<&str> = words.filter(|word| word.chars().all(|c| c.is_alphanumeric() || c == '_')).collect();
        told.push_str(&text[from..piece.range.start]);
        told.push_str(&words.join(" "));
        from = piece.range.end;
    }
    told.push_str(&text[from..]);
    told
}

/// What is configured of everything, whether it is said or not.
pub(super) fn granted() -> [(&'static str, Json); 2] {
    [("meta", json!({})), ("tags", json!([]))]
}

/// What is configured, with what dbt takes for granted.
pub(super) fn configured(config: &Config) -> Map<String, Json> {
    let mut listed = Map::from_iter(granted().map(|(key, value)| (key.to_owned(), value)));
    listed.extend(config.iter().map(|(key, value)| (key.clone(), value.clone())));
    listed
}

/// The columns of which something is told, by their names.
pub(super) fn columns(said: &properties::Object) -> Map<String, Json> {
    let listed = |column: &properties::Object| {
        let of = |key: &str, otherwise: Json| column.get(key).cloned().unwrap_or(otherwise);
        let configured = column.get("config").and_then(Json::as_object);
        let beside = |key: &str, otherwise: Json| match configured.and_then(|config| config.get(key)) {
            Some(value) if column.get(key).is_none() => value.clone(),
            _ => of(key, otherwise),
        };
        let (meta, tags) = (beside("meta", json!({})), beside("tags", json!([])));
        let name = name(column)?;
        let listed = json!({
            "name": name, "description": text(column, "description"), "data_type": of("data_type", Json::Null),
            "quote": of("quote", Json::Null), "config": of("config", json!({"meta": meta, "tags": tags})), "meta": meta,
            "tags": tags, "constraints": of("constraints", json!([])), "granularity": of("granularity", Json::Null),
        });
        Some((name.to_owned(), listed))
    };
    objects(said, "columns").filter_map(listed).collect()
}

/// What a template sees of its node.
pub(super) fn node(run: &Run) -> Value {
    let subject = &run.subject;
    let text = |text: &str| Value::from(text);
    let config = dict(subject.config.iter().map(|(key, value)| (text(key), own_deep(&from_json(value), 0))));
    let tags = subject.config.get("tags").map_or_else(|| list([]), |tags| own_deep(&from_json(tags), 0));
    let meta = subject.config.get("meta").map_or_else(|| dict([]), |meta| own_deep(&from_json(meta), 0));
    let table = subject.this.clone().unwrap_or_else(|| run.engine.world.table(&subject.name));
    let part = |part: Option<&String>| part.map_or_else(|| Value::from(()), |part| text(part));
    record([
        ("unique_id", text(&subject.id)),
        ("name", text(&subject.name)),
        ("version", part(subject.version.as_ref())),
        ("alias", part(table.identifier.as_ref())),
        ("identifier", part(table.identifier.as_ref())),
        ("schema", part(table.schema.as_ref())),
        ("database", part(table.database.as_ref())),
        ("resource_type", text(subject.resource)),
        ("package_name", text(&subject.package)),
        ("path", Value::from(subject.inner_path())),
        ("original_file_path", text(&subject.path)),
        ("fqn", list(subject.fqn.iter().map(|part| text(part)))),
        ("language", text("sql")),
        ("description", Value::from(self::text(&subject.said, "description"))),
        ("raw_code", text("")),
        ("columns", Columns::of(&subject.said)),
        ("refs", list([])),
        ("sources", list([])),
        ("depends_on", record([("nodes", list([])), ("macros", list([]))])),
        ("relation_name", text(&table.to_string())),
        ("tags", tags),
        ("meta", meta),
        ("config", config),
    ])
}

/// What is told of a table of a source.
#[derive(Debug)]
pub(super) struct OfSource {
    /// What is said of the source.
    pub(super) source: Arc<properties::Object>,
    /// What is said of the table.
    pub(super) table: Arc<properties::Object>,
    /// What is configured by both.
    pub(super) config: Config,
}

impl OfSource {
    /// What `graph.sources` has of it beside its names.
    pub(super) fn listed(&self) -> Map<String, Json> {
        let Self { source, table, config } = self;
        let either = |key: &str| table.get(key).or_else(|| source.get(key)).cloned().unwrap_or_default();
        let of_config = |key: &str, otherwise: Json| config.get(key).cloned().unwrap_or(otherwise);
        let listed = [
            ("config", Json::Object(configured(config))),
            ("tags", of_config("tags", json!([]))),
            ("meta", of_config("meta", json!({}))),
            ("columns", Json::Object(columns(table))),
            ("description", json!(text(table, "description"))),
            ("source_description", json!(text(source, "description"))),
            ("loader", json!(text(source, "loader"))),
            ("source_meta", source.get("meta").cloned().unwrap_or_else(|| json!({}))),
            ("freshness", either("freshness")),
            ("loaded_at_field", either("loaded_at_field")),
            ("external", table.get("external").cloned().unwrap_or_default()),
        ];
        listed.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

/// The columns of a node, as a dict that is made when a template first looks into it.
pub(super) struct Columns {
    said: Arc<properties::Object>,
    made: OnceLock<Value>,
}

impl Columns {
    /// Those of which something is told.
    pub(super) fn of(said: &Arc<properties::Object>) -> Value {
        Value::from_object(Self { said: Arc::clone(said), made: OnceLock::new() })
    }

    fn made(&self) -> &Value {
        self.made.get_or_init(|| own_deep(&from_json(&Json::Object(columns(&self.said))), 0))
    }
}

impl fmt::Debug for Columns {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.made(), out)
    }
}

impl Object for Columns {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.made().get_item(key).ok().filter(|value| !value.is_undefined())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.made().try_iter().map(Iterator::collect).unwrap_or_default())
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        self.made().call_method(state, method, args)
    }

    fn render(self: &Arc<Self>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.made(), out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(json: Json) -> properties::Object {
        json.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn what_stands_in_another_file_is_named() {
        let of = |told: &str| text(&said(json!({"description": told})), "description");
        assert_eq!(of("one day"), "one day");
        assert_eq!(of("{{ doc('a_day') }} or {{ doc(\"shop\", 'b') }}"), "doc a_day or doc shop b");
        assert_eq!(text(&said(json!({})), "description"), "");
    }

    #[test]
    fn only_what_templates_see_is_compared() {
        let one = Arc::new(said(json!({"description": "a", "columns": [{"name": "x"}], "tests": ["t"]})));
        let same = |other: Json| is_same(&one, &Arc::new(said(other)));
        assert!(same(json!({"description": "a", "columns": [{"name": "x"}], "docs": {"show": false}})));
        assert!(!same(json!({"description": "b", "columns": [{"name": "x"}]})));
        assert!(!same(json!({"description": "a", "columns": [{"name": "x", "description": "y"}]})));
    }
}
