//! What the names in a writer's SQL mean, and what is known of the columns behind them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::dependency::{Extent, Schemas, Shape};
use crate::graph::{LineageGraph, Node, UNKNOWN};
use crate::hashing::{HashMap, HashSet};
use crate::name::{ColumnName, RelationName};
use crate::query::{Read, ReadRole, Returns};
use crate::relation::{Reference, Relation, RelationKind, Writer};

/// The names in the SQL of one writer.
pub(in crate::graph) struct Names<'a> {
    graph: &'a LineageGraph,
    externals: &'a BTreeMap<RelationName, Node>,
    project: &'a str,
    /// The relation itself.
    own: Node,
    /// The names of the relation itself and of those that its writer refers to by id.
    given: HashMap<&'a RelationName, Vec<Node>>,
}

impl<'a> Names<'a> {
    pub(in crate::graph) fn new(
        graph: &'a LineageGraph,
        externals: &'a BTreeMap<RelationName, Node>,
        node: Node,
        writer: &Writer,
    ) -> Self {
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
        Self { graph, externals, project: &graph.relation(node).project, own: node, given }
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
                    found.extend(self.externals.get(name));
                }
                found.extend(self.graph.catalog.behind(name).into_iter().filter(|node| *node != self.own));
            }
        }
        found
    }
}

fn names(relation: &Relation) -> impl Iterator<Item = &RelationName> {
    std::iter::once(&relation.name).chain(&relation.aliases)
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
    /// Of the relation itself.
    pub(super) own: (Node, &'a Shape),
}

impl Seen<'_> {
    fn shape(&self, node: Node) -> &Shape {
        let (own, shape) = self.own;
        if node == own {
            return shape;
        }
        self.shapes.get(node.0.index()).and_then(Option::as_ref).unwrap_or(&UNKNOWN)
    }
}

/// What a query sees of the relations that it names.
pub(super) struct View<'a> {
    pub(super) names: &'a Names<'a>,
    pub(super) seen: Seen<'a>,
}

impl Schemas for View<'_> {
    fn shape(&self, name: &RelationName) -> Shape {
        let nodes = self.names.find(name, ReadRole::Table);
        joint(nodes.iter().map(|node| self.seen.shape(*node)))
    }

    fn routine(&self, name: &RelationName) -> Option<Returns> {
        let found = self.names.find(name, ReadRole::Call);
        found.iter().map(|node| self.names.graph.returns.get(node).copied().unwrap_or_default()).max()
    }
}
