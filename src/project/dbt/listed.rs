//! A node as templates see it in `graph`. There are thousands, and a template that goes through them looks at a few
//! parts of each, so each part is made when it is asked for.

use std::sync::{Arc, Weak};

use minijinja::Value;
use minijinja::value::{Enumerator, Object};
use serde_json::{Value as Json, json};

use super::engine::Engine;
use super::natives::from_json;
use super::nodes::Node;
use super::relation::TableName;
use super::subject::inner_path;
use super::told;

/// A node of `graph.nodes`.
#[derive(Debug)]
pub(super) struct Listed {
    /// The node.
    pub(super) node: Arc<Node>,
    /// The table that it builds.
    pub(super) table: Arc<TableName>,
    /// Who knows the others; it holds what is listed, which must not hold it.
    pub(super) engine: Weak<Engine>,
}

/// What is known of a node, in the order in which it is printed.
const PARTS: [&str; 25] = [
    "unique_id",
    "name",
    "version",
    "resource_type",
    "package_name",
    "alias",
    "schema",
    "database",
    "relation_name",
    "path",
    "original_file_path",
    "fqn",
    "config",
    "tags",
    "meta",
    "columns",
    "depends_on",
    "refs",
    "sources",
    "description",
    "language",
    "raw_code",
    "docs",
    "access",
    "group",
];

impl Object for Listed {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let candidate = &self.node.candidate;
        let configured = |key: &str| self.node.config.get(key);
        let or_none = |part: Option<&String>| part.map_or_else(|| Value::from(()), |part| Value::from(part.as_str()));
        Some(match key.as_str()? {
            "unique_id" => Value::from(self.node.id.as_str()),
            "name" => Value::from(candidate.name.as_str()),
            "version" => or_none(candidate.version.as_ref()),
            "resource_type" => Value::from(candidate.resource()),
            "package_name" => Value::from(&*candidate.package),
            "alias" => or_none(self.table.identifier.as_ref()),
            "schema" => or_none(self.table.schema.as_ref()),
            "database" => or_none(self.table.database.as_ref()),
            "relation_name" => Value::from(self.table.to_string()),
            "path" => Value::from(inner_path(&candidate.path, &candidate.fqn)),
            "original_file_path" => Value::from(&*candidate.path),
            "fqn" => candidate.fqn.iter().map(String::as_str).map(Value::from).collect(),
            "config" => Value::from_object(Configuration(Arc::clone(&self.node))),
            "tags" => configured("tags").map_or_else(|| from_json(&json!([])), from_json),
            "meta" => configured("meta").map_or_else(|| from_json(&json!({})), from_json),
            "columns" => from_json(&Json::Object(told::columns(&candidate.said))),
            "depends_on" => from_json(&json!({"nodes": self.parents(), "macros": []})),
            "refs" | "sources" => from_json(&json!([])),
            "description" => Value::from(told::text(&candidate.said, "description")),
            "raw_code" => Value::from(""),
            "language" => Value::from("sql"),
            "docs" => from_json(&json!({"show": true})),
            "access" => Value::from("protected"),
            "group" => from_json(configured("group").unwrap_or(&Json::Null)),
            _ => return None,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&PARTS)
    }
}

impl Listed {
    /// The ids of what it refers to.
    fn parents(&self) -> Vec<String> {
        let Some(engine) = self.engine.upgrade() else { return Vec::new() };
        let Some(graph) = engine.graph.get() else { return Vec::new() };
        let package = &self.node.candidate.package;
        let of_hooks = self.node.hooks.iter().map(|(_, captured)| captured);
        let captured: Vec<_> = std::iter::once(&self.node.captured).chain(of_hooks).collect();
        let refs = captured.iter().flat_map(|found| &found.refs).filter_map(|call| graph.reference(package, call));
        let calls = captured.iter().flat_map(|found| &found.sources);
        let sources = calls.filter_map(|(source, table)| graph.source(package, source, table));
        refs.chain(sources).map(|entry| entry.id.clone()).collect()
    }
}

/// How a node is configured, with what dbt takes for granted.
#[derive(Debug)]
struct Configuration(Arc<Node>);

impl Object for Configuration {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        let granted =
            || told::granted().into_iter().find(|(known, _)| *known == key).map(|(_, value)| from_json(&value));
        self.0.config.get(key).map(from_json).or_else(granted)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let granted = told::granted().map(|(key, _)| key);
        let others = self.0.config.keys().map(String::as_str).filter(|key| !granted.contains(key));
        Enumerator::Values(granted.into_iter().chain(others).map(Value::from).collect())
    }
}
