//! A column graph under construction: parts are added as they come up, and put in order at the end.

use std::cmp::Ordering;
use std::sync::Arc;

use petgraph::graph::{DiGraph, NodeIndex};
use rayon::prelude::*;

use crate::dependency::{ColumnPath, EdgeKind};
use crate::diagnostic::Position;
use crate::filling::Places;
use crate::hashing::HashMap;
use crate::name::ColumnName;

use super::{ColumnEdge, ColumnGraph, ColumnNode, Part};
use crate::graph::Node;

/// A part of a graph under construction, by the order in which parts came up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::graph) struct Thread(u32);

impl Thread {
    const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A place, and of which text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graph) struct Spot {
    pub(in crate::graph) position: Position,
    pub(in crate::graph) places: Places,
}

impl From<Position> for Spot {
    /// A place in a file.
    fn from(position: Position) -> Self {
        Self { position, places: Places::File }
    }
}

/// A column graph under construction.
#[derive(Debug, Default)]
pub(in crate::graph) struct Weave {
    nodes: Vec<ColumnNode>,
    places: HashMap<Node, HashMap<Part, Thread>>,
    /// Which columns are known to be there, with their order; others are only asked for.
    known: HashMap<Thread, u32>,
    edges: Vec<(Thread, Thread, ColumnEdge)>,
}

impl Weave {
    /// The place of a part, which is added if it is not there yet.
    #[allow(clippy::cast_possible_truncation)]
    pub(in crate::graph) fn part(&mut self, relation: Node, part: Part) -> Thread {
        let places = self.places.entry(relation).or_default();
        if let Some(known) = places.get(&part) {
            return *known;
        }
        let new = Thread(self.nodes.len() as u32);
        places.insert(part.clone(), new);
        self.nodes.push(ColumnNode { relation, part });
        new
    }

    /// The place of a column or a field, after those of the records that it is in.
    pub(in crate::graph) fn column(&mut self, relation: Node, path: &ColumnPath) -> Thread {
        for depth in 0..path.fields().len() {
            self.part(relation, Part::Column(ColumnPath::field(path.column.clone(), &path.fields()[..depth])));
        }
        self.part(relation, Part::Column(path.clone()))
    }

    /// The whole columns of a relation, in any order.
    pub(in crate::graph) fn columns(&self, relation: Node) -> impl Iterator<Item = (&ColumnName, Thread)> {
        let parts = self.places.get(&relation).into_iter().flatten();
        parts.filter_map(|(part, thread)| match part {
            Part::Column(path) if path.fields().is_empty() => Some((&path.column, *thread)),
            _ => None,
        })
    }

    /// The place of a part that is there already.
    pub(in crate::graph) fn find(&self, relation: Node, part: &Part) -> Option<Thread> {
        self.places.get(&relation)?.get(part).copied()
    }

    /// What stands at a place.
    pub(in crate::graph) fn node(&self, thread: Thread) -> &ColumnNode {
        &self.nodes[thread.index()]
    }

    /// Says that a column is one that its relation is known to have, after those before.
    #[allow(clippy::cast_possible_truncation)]
    pub(in crate::graph) fn know(&mut self, column: Thread) {
        let order = self.known.len() as u32;
        self.known.entry(column).or_insert(order);
    }

    /// Whether a column is one that its relation is known to have.
    pub(in crate::graph) fn is_known(&self, column: Thread) -> bool {
        self.known.contains_key(&column)
    }

    /// The part that came up after so many others.
    #[allow(clippy::cast_possible_truncation)]
    pub(in crate::graph) fn after(&self, others: usize) -> Option<Thread> {
        (others < self.nodes.len()).then_some(Thread(others as u32))
    }

    /// Says that one part depends on another; nothing depends on itself.
    pub(in crate::graph) fn depend(
        &mut self,
        on: Thread,
        reader: Thread,
        kind: EdgeKind,
        path: &Arc<str>,
        spot: impl Into<Spot>,
    ) {
        let Spot { position, places } = spot.into();
        if on != reader {
            self.edges.push((on, reader, ColumnEdge { kind, path: Arc::clone(path), position, places }));
        }
    }

    /// The dependencies so far, from what is read to what reads it.
    pub(in crate::graph) fn edges(&self) -> &[(Thread, Thread, ColumnEdge)] {
        &self.edges
    }

    /// The graph, for so many relations.
    ///
    /// Of dependencies that differ in nothing but their place the first stays. Petgraph hands out the
    /// edges of a node in the reverse order of their making.
    #[allow(clippy::cast_possible_truncation)]
    pub(in crate::graph) fn finish(self, relations: usize) -> ColumnGraph {
        let Self { nodes, known, mut edges, .. } = self;
        let mut order: Vec<u32> = (0..nodes.len() as u32).collect();
        order.par_sort_by_cached_key(|index| {
            let node = &nodes[*index as usize];
            let known = known.get(&Thread(*index)).copied();
            let group = match (&node.part, known) {
                (Part::Rows, _) => 0,
                (Part::Column(_), Some(_)) => 1,
                (Part::Column(_), None) => 2,
                (Part::Others | Part::Any | Part::Every, _) => 3,
            };
            (node.relation, group, known, node.part.clone())
        });
        let mut new_places = vec![0_u32; nodes.len()];
        for (place, old) in order.iter().enumerate() {
            new_places[*old as usize] = place as u32;
        }
        let mut by_place: Vec<Option<ColumnNode>> = vec![None; nodes.len()];
        for (node, place) in nodes.into_iter().zip(&new_places) {
            by_place[*place as usize] = Some(node);
        }
        for (from, to, _) in &mut edges {
            *from = Thread(new_places[from.index()]);
            *to = Thread(new_places[to.index()]);
        }
        edges.par_sort_unstable_by(in_order);
        edges.dedup_by(|(from, to, edge), (first_from, first_to, first)| {
            (*from, *to, edge.kind, &edge.path) == (*first_from, *first_to, first.kind, &first.path)
        });
        let mut graph = DiGraph::with_capacity(by_place.len(), edges.len());
        let mut starts = Vec::with_capacity(relations + 1);
        for node in by_place.into_iter().flatten() {
            while starts.len() <= node.relation.0.index() {
                starts.push(graph.node_count() as u32);
            }
            graph.add_node(node);
        }
        starts.resize(relations + 1, graph.node_count() as u32);
        for (from, to, edge) in edges.into_iter().rev() {
            graph.add_edge(NodeIndex::new(from.index()), NodeIndex::new(to.index()), edge);
        }
        let mut sorted: Vec<NodeIndex> = graph.node_indices().collect();
        sorted.par_sort_unstable_by(|a, b| {
            let (a, b) = (&graph[*a], &graph[*b]);
            (a.relation, &a.part).cmp(&(b.relation, &b.part))
        });
        ColumnGraph { graph, starts, sorted }
    }
}

/// The order of edges; nearly always two of one reader are of one file, which need not be compared.
fn in_order(
    (from, to, edge): &(Thread, Thread, ColumnEdge),
    (other_from, other_to, other): &(Thread, Thread, ColumnEdge),
) -> Ordering {
    let of_paths = || if Arc::ptr_eq(&edge.path, &other.path) { Ordering::Equal } else { edge.path.cmp(&other.path) };
    (from, to, edge.kind)
        .cmp(&(other_from, other_to, other.kind))
        .then_with(of_paths)
        .then_with(|| (edge.position, edge.places).cmp(&(other.position, other.places)))
}
