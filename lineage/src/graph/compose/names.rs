//! What the names in a writer's SQL mean, and what is known of the columns behind them.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::dependency::{Extent, Schemas, Shape};
use crate::graph::directory::names;
use crate::graph::{LineageGraph, Node, UNKNOWN};
use crate::hashing::{HashMap, HashSet};
use crate::name::{ColumnName, RelationName};
use crate::query::{Read, ReadRole, Returns};
use crate::relation::{Reference, RelationKind, Writer};

use super::shape::Draft;

/// The names in the SQL of one writer.
pub(in crate::graph) struct Names<'a> {
    graph: &'a LineageGraph,
    project: &'a str,
    /// The relation itself.
    own: Node,
    /// The names of the relation itself and of those that its writer refers to by id.
    given: HashMap<&'a RelationName, Vec<Node>>,
}

impl<'a> Names<'a> {
    pub(in crate::graph) fn new(graph: &'a LineageGraph, node: Node, writer: &Writer) -> Self {
        let mut given: HashMap<&RelationName, Vec<Node>> = HashMap::default();
        let by_id = writer.reads.iter().filter_map(|read| match read {
            Reference::Id(id, _) => graph.by_id(id),
            Reference::Name(_) => None,
        });
        for known in by_id.chain([node]) {
            for name in names(graph.relation(known)) {
                let nodes = given.entry(name).or_default();
                if !nodes.contains(&known) {
                    nodes.push(known);
                }
            }
        }
        Self { graph, project: &graph.relation(node).project, own: node, given }
    }

    /// The relations that a name may mean.
    pub(in crate::graph) fn find(&self, name: &RelationName, role: ReadRole) -> Vec<Node> {
        match (self.given.get(name), role) {
            (Some(given), ReadRole::Table) => given.clone(),
            _ => self.found(name, role),
        }
    }

    /// The relations that a reference of the writer means.
    pub(super) fn of_reference(&self, reference: &Reference) -> Vec<Node> {
        match reference {
            Reference::Id(id, _) => self.graph.by_id(id).into_iter().collect(),
            Reference::Name(Read { name, role, .. }) => self.found(name, *role),
        }
    }

    fn found(&self, name: &RelationName, role: ReadRole) -> Vec<Node> {
        let mut found = self.graph.by_name(name, Some(self.project)).candidates();
        match role {
            ReadRole::Call => found.retain(|node| self.graph.relation(*node).kind == RelationKind::Routine),
            ReadRole::Table => {
                if found.is_empty() {
                    found.extend(self.graph.directory.externals.by_name.get(name));
                }
                found.extend(self.graph.directory.behind(name).into_iter().filter(|node| *node != self.own));
            }
        }
        found
    }
}

/// What is known of what may be any of several relations: it has the columns of all of them, perhaps.
pub(in crate::graph) fn joint<'s>(mut shapes: impl Iterator<Item = &'s Shape>) -> Shape {
    let Some(first) = shapes.next() else { return Shape::default() };
    let Some(second) = shapes.next() else { return first.clone() };
    let columns = [first, second].into_iter().chain(shapes).flat_map(|shape| shape.columns.iter());
    Shape { columns: each_once(columns), extent: Extent::Open, keys: Arc::default() }
}

/// Columns in the order in which they first come.
pub(super) fn each_once<'c>(columns: impl Iterator<Item = &'c ColumnName>) -> Arc<[ColumnName]> {
    let mut known: HashSet<&ColumnName> = HashSet::default();
    columns.filter(|column| known.insert(column)).cloned().collect()
}

/// What is known of relations while the texts of one are read.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    /// Of those before, by their places.
    pub(super) shapes: &'a [Option<Shape>],
    /// The relation itself.
    pub(super) own: Node,
    /// Of itself, which few texts ask for.
    pub(super) draft: &'a Draft<'a>,
    /// The same once it was asked for.
    pub(super) drafted: &'a OnceCell<Shape>,
}

impl Seen<'_> {
    fn shape(&self, node: Node) -> &Shape {
        if node == self.own {
            return self.drafted.get_or_init(|| self.draft.shape());
        }
        self.shapes.get(node.0.index()).and_then(Option::as_ref).unwrap_or(&UNKNOWN)
    }
}

/// What the texts of a relation asked for by name, each with the relations that it may mean.
#[derive(Debug, Default)]
pub(super) struct Asked(RefCell<HashMap<(RelationName, ReadRole), Vec<Node>>>);

impl Asked {
    /// The relations that a name may mean to a writer.
    pub(super) fn find(&self, names: &Names<'_>, name: &RelationName, role: ReadRole) -> Vec<Node> {
        let key = (name.clone(), role);
        if let Some(found) = self.0.borrow().get(&key) {
            return found.clone();
        }
        let found = names.find(name, role);
        self.0.borrow_mut().insert(key, found.clone());
        found
    }

    /// Whether all that was asked is among what the writer is known to read: then nothing else decides what its
    /// texts say.
    pub(super) fn is_read(&self, names: &Names<'_>, writer: &Writer, read: &BTreeSet<Node>) -> bool {
        let reads: HashSet<&RelationName> = writer
            .reads
            .iter()
            .filter_map(|read| match read {
                Reference::Name(read) => Some(&read.name),
                Reference::Id(..) => None,
            })
            .collect();
        self.0.borrow().iter().all(|((name, _), found)| {
            (reads.contains(name) || names.given.contains_key(name))
                && found.iter().all(|node| *node == names.own || read.contains(node))
        })
    }
}

/// What a query sees of the relations that it names.
pub(super) struct View<'a> {
    pub(super) names: &'a Names<'a>,
    pub(super) asked: &'a Asked,
    pub(super) seen: Seen<'a>,
}

impl Schemas for View<'_> {
    fn shape(&self, name: &RelationName) -> Shape {
        let nodes = self.asked.find(self.names, name, ReadRole::Table);
        joint(nodes.iter().map(|node| self.seen.shape(*node)))
    }

    fn routine(&self, name: &RelationName) -> Option<Returns> {
        let found = self.asked.find(self.names, name, ReadRole::Call);
        found.iter().map(|node| self.names.graph.returns.get(node).copied().unwrap_or_default()).max()
    }
}
