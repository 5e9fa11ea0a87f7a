//! From relations to their columns. Relations are gone through from their sources downstream, so
//! that each query sees the columns of what it reads; no query is ever put inside another. What has
//! no query that was understood depends on all that it reads. It must not know SQL.
//!
//! What is known of each relation is found for all of them. The edges between columns are many more, and are made
//! for as many relations as somebody asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use petgraph::Direction;
use petgraph::algo::tarjan_scc;
use rayon::prelude::*;

use crate::dependency::Shape;
use crate::diagnostic::Diagnostic;
use crate::name::{ColumnName, RelationName};
use crate::relation::{Body, Relation, Rung};

use super::columns::ColumnGraph;
use super::lineages::{Fillings, Lineages};
use super::tables::Tables;
use super::{LineageGraph, Node};

mod bind;
mod complete;
mod history;
pub(super) mod names;
mod nulls;
mod reading;
mod shape;

use bind::Weaver;
use names::{Names, Seen, View};
pub(super) use reading::Reading;
use reading::{Text, Written};
use shape::Draft;

/// When the columns of relations are bound to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weaving {
    /// At once: somebody will ask for all of them.
    Now,
    /// When somebody asks: who compares two versions asks for what is downstream of what differs.
    Later,
}

/// Finds the columns of all relations, and says of which not all are bound.
///
/// Externals are not in the catalog yet, as they were not when it was found out who reads whom, so
/// that a name means the same here as there.
///
/// `lineages` are those that other versions of the relations have in common with this one, if there are others.
pub(super) fn compose(
    graph: &mut LineageGraph,
    mut fillings: Vec<Fillings>,
    externals: &BTreeMap<RelationName, Node>,
    tables: &Tables,
    lineages: Option<&Lineages>,
    weaving: Weaving,
) {
    let count = graph.graph.node_count();
    fillings.resize_with(count, Fillings::new);
    let mut composer = Composer {
        graph,
        externals,
        tables,
        lineages,
        shapes: vec![None; count],
        never_null: vec![BTreeSet::new(); count],
        open: BTreeMap::new(),
    };
    let mut weaver = Weaver::new(graph);
    let mut weave_now = |read: Vec<Reading>, composer: &Composer<'_>| {
        read.iter().for_each(|reading| weaver.weave(reading, &|node| composer.known(node)));
    };
    let mut readings: Vec<Reading> = Vec::new();
    for step in steps(graph) {
        let (nodes, at_once) = match step {
            Step::Circle(nodes) => (nodes, 1),
            Step::Apart(nodes) => (nodes, AT_ONCE),
        };
        let mut read = Vec::new();
        for some in nodes.chunks(at_once) {
            let texts: Vec<(Node, Fillings)> =
                some.iter().map(|node| (*node, std::mem::take(&mut fillings[node.0.index()]))).collect();
            let found: Vec<Found> =
                texts.into_par_iter().map(|(node, fillings)| composer.read(node, fillings)).collect();
            read.extend(found.into_iter().map(|found| composer.take(found)));
            if at_once > 1 && weaving == Weaving::Now {
                weave_now(std::mem::take(&mut read), &composer);
            }
        }
        // Those of a circle are all known before one of them is bound.
        match weaving {
            Weaving::Now => weave_now(read, &composer),
            Weaving::Later => readings.extend(read),
        }
    }
    let Composer { shapes, never_null, open, .. } = composer;
    let woven = weaver.finish();
    graph.shapes = shapes.into_iter().map(Option::unwrap_or_default).collect();
    graph.never_null = never_null;
    match weaving {
        Weaving::Now => {
            let all: Vec<Node> = graph.nodes().collect();
            graph.columns = Arc::new(complete::complete(graph, woven, &all)).into();
        }
        Weaving::Later => graph.readings = readings,
    }
    let rung = |node: Node| {
        let relation = graph.relation(node);
        let is_bound = !relation.writers.is_empty() && !open.contains_key(&node);
        if relation.rung == Rung::Open && is_bound { Rung::Columns } else { relation.rung }
    };
    graph.rungs = graph.nodes().map(rung).collect();
    graph.openness = open.into_iter().map(|(node, reasons)| (node, reasons.into_iter().collect())).collect();
}

/// Binds the columns of some relations to what these read; where a relation is among them, so is all that reads it.
/// What they read is there with its columns, and without what is upstream of it.
pub(super) fn weave(graph: &LineageGraph, some: &BTreeSet<Node>) -> ColumnGraph {
    let beside: BTreeSet<Node> = some.iter().flat_map(|node| graph.parents(*node)).collect();
    let mut weaver = Weaver::new(graph);
    beside.difference(some).for_each(|node| weaver.know(*node, graph.shape(*node)));
    let readings = graph.readings.iter().filter(|reading| some.contains(&reading.node));
    readings.for_each(|reading| weaver.weave(reading, &|node| Some(graph.shape(node))));
    let concerned: Vec<Node> = beside.union(some).copied().collect();
    complete::complete(graph, weaver.finish(), &concerned)
}

/// So many relations are read before what they say is woven, so that little waits for that.
const AT_ONCE: usize = 512;

/// Relations that can be read when those of all steps before have been.
enum Step {
    /// None of them reads another.
    Apart(Vec<Node>),
    /// They read each other.
    Circle(Vec<Node>),
}

/// The relations, each after all that it reads but for circles.
fn steps(graph: &LineageGraph) -> Vec<Step> {
    let mut heights: Vec<Option<usize>> = vec![None; graph.graph.node_count()];
    let mut by_height: Vec<(Vec<Node>, Vec<Step>)> = Vec::new();
    for component in tarjan_scc(&graph.graph).into_iter().rev() {
        let parents = component.iter().flat_map(|node| graph.graph.neighbors_directed(*node, Direction::Incoming));
        // Those of the circle itself have no height yet.
        let height =
            parents.filter_map(|parent| heights[parent.index()]).map(|below| below + 1).max().unwrap_or_default();
        component.iter().for_each(|node| heights[node.index()] = Some(height));
        if by_height.len() <= height {
            by_height.resize_with(height + 1, Default::default);
        }
        let (apart, circles) = &mut by_height[height];
        match component.as_slice() {
            [node] => apart.push(Node(*node)),
            _ => {
                let mut nodes: Vec<Node> = component.into_iter().map(Node).collect();
                nodes.sort_unstable();
                circles.push(Step::Circle(nodes));
            }
        }
    }
    by_height.into_iter().flat_map(|(apart, circles)| std::iter::once(Step::Apart(apart)).chain(circles)).collect()
}

struct Composer<'a> {
    graph: &'a LineageGraph,
    externals: &'a BTreeMap<RelationName, Node>,
    tables: &'a Tables,
    lineages: Option<&'a Lineages>,
    /// What is known of each relation that was gone through, by its place.
    shapes: Vec<Option<Shape>>,
    /// The columns of each in which NULL never stands.
    never_null: Vec<BTreeSet<ColumnName>>,
    open: BTreeMap<Node, BTreeSet<Diagnostic>>,
}

/// What was found of a relation.
struct Found {
    reading: Reading,
    shape: Shape,
    never_null: BTreeSet<ColumnName>,
    open: BTreeSet<Diagnostic>,
}

impl Composer<'_> {
    /// Reads the texts of a relation; those of all that it reads have been.
    fn read(&self, node: Node, fillings: Fillings) -> Found {
        let relation = &self.graph.graph[node.0];
        if relation.writers.is_empty() {
            return self.read_declared(node, relation);
        }
        let mut draft = Draft::new(relation, self.tables);
        let mut writers = Vec::with_capacity(relation.writers.len());
        let mut explained = BTreeSet::new();
        let mut open = BTreeSet::new();
        for (writer, fillings) in relation.writers.iter().zip(fillings) {
            let names = Names::new(self.graph, self.externals, node, writer);
            let mut texts = Vec::with_capacity(fillings.len());
            for filling in fillings {
                let seen = Seen { shapes: &self.shapes, own: (node, &draft.shape()) };
                let view = View { names: &names, seen };
                let filled = match self.lineages {
                    Some(lineages) => lineages.of(&filling, draft.places(), &view),
                    None => Arc::new(filling.lineage(draft.places(), &view)),
                };
                draft.take(&filled);
                texts.push(Text::new(&filling, filled, &names));
            }
            if texts.is_empty() && !matches!(writer.body, Body::Data { .. }) {
                draft.take_unknown();
            }
            let written = Written::new(texts, writer, &names, self.graph, &mut explained);
            written.doubts(writer, self.graph, &mut open);
            writers.push(written);
        }
        let mut builders = self.graph.parents(node);
        builders.retain(|parent| !explained.contains(parent));
        let shape = self.built_shape(draft.shape(), &builders);
        let shape = self.lineages.map_or_else(|| shape.clone(), |lineages| lineages.settled(&relation.id, &shape));
        let reading = Reading { node, writers, builders: builders.into_iter().collect() };
        let never_null = nulls::never_null(relation, &shape, &reading, self);
        Found { reading, shape, never_null, open }
    }

    /// The same of a relation that no file fills: most of them, where a project declares all that a warehouse has.
    fn read_declared(&self, node: Node, relation: &Arc<Relation>) -> Found {
        let declared = || Draft::new(relation, self.tables).shape();
        let shape = self.lineages.map_or_else(declared, |lineages| lineages.declared(relation, declared));
        let builders = self.graph.parents(node);
        let shape = self.built_shape(shape, &builders);
        let reading = Reading { node, writers: Vec::new(), builders: builders.into_iter().collect() };
        let never_null = nulls::never_null(relation, &shape, &reading, self);
        Found { reading, shape, never_null, open: BTreeSet::new() }
    }

    /// What is known of a relation, with what is known of those that build it without our knowing how.
    fn built_shape(&self, shape: Shape, builders: &BTreeSet<Node>) -> Shape {
        let built = builders.iter().map(|builder| self.known(*builder).cloned().unwrap_or_default());
        shape::with_builders(shape, &built.collect::<Vec<_>>())
    }

    /// Remembers what is known of a relation, for those that read it.
    fn take(&mut self, found: Found) -> Reading {
        let Found { reading, shape, never_null, open } = found;
        let place = reading.node.0.index();
        self.shapes[place] = Some(shape);
        self.never_null[place] = never_null;
        if !open.is_empty() {
            self.open.insert(reading.node, open);
        }
        reading
    }

    /// What is known of a relation, if it was gone through.
    fn known(&self, node: Node) -> Option<&Shape> {
        self.shapes.get(node.0.index())?.as_ref()
    }
}
