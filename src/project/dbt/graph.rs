//! What `ref` and `source` mean, once every node has been found.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use headsup_lineage::relation::{RelationId, RelationKind};
use minijinja::Value;
use minijinja::value::{Enumerator, Object};
use serde_json::{Map, Value as Json, json};

use super::declared::Source;
use super::engine::Engine;
use super::listed::Listed;
use super::natives::from_json;
use super::nodes::Node;
use super::properties;
use super::relation::TableName;
use super::subject::RefCall;
use super::values::lock;

/// A node that can be referred to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its id.
    pub(super) id: String,
    /// Its package.
    pub(super) package: String,
    /// The table that it builds.
    pub(super) table: Arc<TableName>,
    /// Its version, where it has one.
    pub(super) version: Option<String>,
    /// Whether `ref` without a version means it.
    pub(super) is_latest: bool,
}

/// Models, seeds and snapshots by name.
pub(super) type Nodes = BTreeMap<String, Vec<Entry>>;

/// Sources by source and table.
pub(super) type Sources = BTreeMap<(String, String), Vec<Entry>>;

/// Every node by its name.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// The package that the run is about.
    pub(super) root: String,
    /// Whether a package looks into itself before it looks into the root.
    pub(super) own_first: bool,
    /// Models, seeds and snapshots by name.
    pub(super) nodes: Arc<Nodes>,
    /// Sources by source and table.
    pub(super) sources: Arc<Sources>,
    /// The number of what `ref` and `source` mean: in graphs of one project with one number, they mean the same.
    pub(super) number: usize,
    /// The nodes with their tables, as templates can see them.
    pub(super) listed: Vec<(Arc<Node>, Arc<TableName>)>,
    listed_nodes: OnceLock<Value>,
    listed_sources: OnceLock<Value>,
    /// The sources, as templates can see them.
    declared: Vec<Arc<[Source]>>,
    /// Exposures and metrics, the same: the part that each is in, its id, and what is said of it.
    pub(super) consumers: Vec<(&'static str, String, Arc<properties::Object>)>,
    /// Names of nodes that are switched off, with their files.
    pub(super) disabled: BTreeMap<String, String>,
}

/// What templates see as `graph`: the nodes and sources that an engine knows, which cannot be changed. Few look at
/// it, and it is large, so each part is made when the first one does.
#[derive(Debug)]
pub(super) struct Listing(pub(super) Arc<Engine>);

/// What `graph` holds; parts that are not made here have nothing in them.
const PARTS: [&str; 8] =
    ["nodes", "sources", "exposures", "metrics", "groups", "semantic_models", "saved_queries", "unit_tests"];

impl Object for Listing {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let part = key.as_str().filter(|key| PARTS.contains(key))?;
        let graph = self.0.graph.get()?;
        Some(match part {
            "nodes" => graph.listed_nodes.get_or_init(|| graph.list_nodes(&self.0)).clone(),
            "sources" => graph.listed_sources.get_or_init(|| graph.list_sources()).clone(),
            part => graph.list_consumers(part),
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&PARTS)
    }
}

impl Graph {
    /// What the warehouse calls the table of a node or a source.
    pub(super) fn table_called(&self, id: &RelationId) -> Option<String> {
        let mut entries = self.nodes.values().chain(self.sources.values()).flatten();
        entries.find(|entry| entry.id == id.as_str()).and_then(|entry| entry.table.identifier.clone())
    }

    fn list_nodes(&self, engine: &Arc<Engine>) -> Value {
        let listed = self.listed.iter().filter(|(node, _)| node.candidate.kind != RelationKind::Routine);
        let listed = listed.map(|(node, table)| {
            let listed = Listed { node: Arc::clone(node), table: Arc::clone(table), engine: Arc::downgrade(engine) };
            (Value::from(node.id.as_str()), Value::from_object(listed))
        });
        Value::from_pairs(listed)
    }

    fn list_consumers(&self, part: &str) -> Value {
        let of_part = self.consumers.iter().filter(|(held, ..)| *held == part);
        let listed = of_part.map(|(_, id, said)| {
            let mut value = Map::clone(said);
            value.insert("unique_id".to_owned(), json!(id));
            (id.clone(), Json::Object(value))
        });
        from_json(&Json::Object(listed.collect()))
    }

    fn list_sources(&self) -> Value {
        let mut sources = Map::new();
        for Source { entry, key: (source, table_name), told, .. } in self.declared.iter().flat_map(|found| found.iter())
        {
            let table = &entry.table;
            let mut value = told.listed();
            let Json::Object(named) = json!({
                "unique_id": entry.id, "source_name": source, "name": table_name, "identifier": table.identifier,
                "resource_type": "source", "package_name": entry.package, "schema": table.schema,
                "database": table.database, "relation_name": table.to_string(),
                "fqn": [entry.package, source, table_name],
            }) else {
                continue;
            };
            value.extend(named);
            sources.insert(entry.id.clone(), Json::Object(value));
        }
        from_json(&Json::Object(sources))
    }

    /// The packages to search, in order; `None` is any.
    fn order<'a>(&'a self, package: &'a str) -> Vec<Option<&'a str>> {
        if package == self.root {
            vec![Some(package), None]
        } else if self.own_first {
            vec![Some(package), Some(&self.root), None]
        } else {
            vec![Some(&self.root), Some(package), None]
        }
    }

    fn search<'a>(
        &self,
        entries: &'a [Entry],
        order: &[Option<&str>],
        fits: impl Fn(&Entry) -> bool,
    ) -> Option<&'a Entry> {
        order.iter().find_map(|package| {
            entries.iter().find(|entry| package.is_none_or(|package| package == entry.package) && fits(entry))
        })
    }

    /// What `ref` means in a package.
    pub(super) fn reference(&self, package: &str, call: &RefCall) -> Option<&Entry> {
        let entries = self.nodes.get(&call.name)?;
        let order = match &call.package {
            Some(named) => vec![Some(named.as_str())],
            None => self.order(package),
        };
        self.search(entries, &order, |entry| match &call.version {
            Some(version) => entry.version.as_deref() == Some(version.trim_start_matches('v')),
            None => entry.is_latest,
        })
    }

    /// What `source` means in a package.
    pub(super) fn source(&self, package: &str, source: &str, table: &str) -> Option<&Entry> {
        let entries = self.sources.get(&(source.to_owned(), table.to_owned()))?;
        self.search(entries, &self.order(package), |_| true)
    }
}

/// What `ref` and `source` meant in the version of a project that was read last: in most of the next it is the same.
#[derive(Debug, Default)]
pub(super) struct Meanings(Mutex<Meaning>);

#[derive(Debug, Default)]
struct Meaning {
    number: usize,
    searched: (String, bool),
    nodes: Arc<Nodes>,
    sources: Arc<Sources>,
    /// What the sources were made of.
    declared: Vec<Arc<[Source]>>,
}

impl Meanings {
    /// A graph of nodes and sources, with those of the last one where they are the same. What it lists is left out.
    pub(super) fn graph(&self, root: &str, own_first: bool, nodes: Nodes, declared: Vec<Arc<[Source]>>) -> Graph {
        let mut last = lock(&self.0);
        let searched = (root.to_owned(), own_first);
        let same_nodes = *last.nodes == nodes;
        let same_sources = last.declared.len() == declared.len()
            && last.declared.iter().zip(&declared).all(|(one, other)| Arc::ptr_eq(one, other));
        if !same_nodes {
            last.nodes = Arc::new(nodes);
        }
        if !same_sources {
            let mut sources = Sources::new();
            for source in declared.iter().flat_map(|found| found.iter()) {
                sources.entry(source.key.clone()).or_default().push(source.entry.clone());
            }
            last.sources = Arc::new(sources);
            last.declared = declared;
        }
        if !same_nodes || !same_sources || last.searched != searched {
            last.searched = searched;
            last.number += 1;
        }
        Graph {
            root: root.to_owned(),
            own_first,
            nodes: Arc::clone(&last.nodes),
            sources: Arc::clone(&last.sources),
            number: last.number,
            declared: last.declared.clone(),
            ..Graph::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use headsup_lineage::dialect::Dialect;

    use super::super::world::World;
    use super::*;

    #[test]
    fn a_number_is_that_of_one_meaning() {
        let meanings = Meanings::default();
        let world = World { dialect: Dialect::DuckDb, ..World::default() };
        let entry = |table: &str, version: Option<&str>| Entry {
            id: "model.shop.a".to_owned(),
            package: "shop".to_owned(),
            table: Arc::new(world.table(table)),
            version: version.map(str::to_owned),
            is_latest: true,
        };
        let nodes = |entry: Entry| Nodes::from([("a".to_owned(), vec![entry])]);
        let number = |own_first, entry| meanings.graph("shop", own_first, nodes(entry), Vec::new()).number;
        let first = number(false, entry("a", None));
        assert_eq!(number(false, entry("a", None)), first);
        let others = [
            number(true, entry("a", None)),
            number(false, entry("b", None)),
            number(false, entry("a", Some("1"))),
            meanings.graph("shop", false, Nodes::new(), Vec::new()).number,
            meanings.graph("shop", false, Nodes::new(), vec![Arc::from(Vec::new())]).number,
            meanings.graph("tools", false, Nodes::new(), Vec::new()).number,
            number(false, entry("a", None)),
        ];
        let all: std::collections::BTreeSet<usize> = others.into_iter().chain([first]).collect();
        assert_eq!(all.len(), others.len() + 1);
    }
}
