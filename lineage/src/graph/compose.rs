//! From relations to their columns. Relations are gone through from their sources downstream, so
//! that each query sees the columns of what it reads; no query is ever put inside another. What has
//! no query that was understood depends on all that it reads. It must not know SQL.
//!
//! What is known of each relation is found for all of them. The edges between columns are many more, and are made
//! for as many relations as somebody asks for.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use petgraph::Direction;
use petgraph::algo::tarjan_scc;
use rayon::prelude::*;

use crate::dependency::Shape;
use crate::diagnostic::Diagnostic;
use crate::hashing::HashMap;
use crate::relation::{Body, Relation, Rung};

use super::columns::ColumnGraph;
use super::lineages::{Lineages, is_same_to_the_letter};
use super::since::{Since, Standing};
use super::tables::Tables;
use super::{LineageGraph, NeverNull, Node};

mod bind;
mod complete;
mod history;
pub(super) mod names;
mod nulls;
mod reading;
mod shape;

use bind::Weaver;
use names::{Asked, Names, Seen, View};
pub(super) use reading::Reading;
use reading::{Asks, Text, Written};
use shape::Draft;

/// When the columns of relations are bound to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weaving {
    /// At once: somebody will ask for all of them.
    Now,
    /// When somebody asks: who compares two versions asks for what is downstream of what differs.
    Later,
}

/// Finds the columns of all relations, and says of which not all are bound. `texts` are the relations with their
/// texts, by their places.
///
/// Names find no externals yet but what is written just so, as they did when it was found out who reads whom, so
/// that a name means the same here as there.
///
/// `lineages` are those that other versions of the relations have in common with this one, if there are others. Of
/// relations that stand in the version before as they do here, and all that they read as well, what was found there
/// holds.
pub(super) fn compose(
    graph: &mut LineageGraph,
    mut texts: Vec<Option<Arc<Relation>>>,
    before: Option<(&LineageGraph, &Since)>,
    tables: &Tables,
    lineages: Option<&Lineages>,
    weaving: Weaving,
) {
    let count = graph.graph.node_count();
    texts.resize(count, None);
    let steps = steps(graph);
    let is_circling = |step: &Step| matches!(step, Step::Circle(_));
    let circling = steps.iter().filter(|step| is_circling(step)).flat_map(|step| step.nodes()).copied().collect();
    graph.circling = circling;
    let mut composer = Composer {
        graph,
        before: before.map(|(graph, since)| Before { graph, since, settled: vec![false; count] }),
        tables,
        lineages,
        shapes: vec![None; count],
        never_null: vec![None; count],
        open: HashMap::default(),
    };
    let mut weaver = Weaver::new(graph);
    let mut weave_now = |read: Vec<Arc<Reading>>, composer: &Composer<'_>| {
        read.iter().for_each(|reading| weaver.weave(reading, &|node| composer.known(node)));
    };
    let mut readings: Vec<Option<Arc<Reading>>> = vec![None; count];
    let mut order: Vec<u32> = vec![0; count];
    for (rank, node) in (0..).zip(steps.iter().flat_map(Step::nodes)) {
        order[node.0.index()] = rank;
    }
    for step in &steps {
        let at_once = if is_circling(step) { 1 } else { AT_ONCE };
        let mut read = Vec::new();
        for some in step.nodes().chunks(at_once) {
            let mut differing = Vec::new();
            for node in some {
                let text = std::mem::take(&mut texts[node.0.index()]);
                match composer.as_before(*node) {
                    Some(found) => read.push(composer.take(found)),
                    None => differing.push((*node, text)),
                }
            }
            let found: Vec<Found> = differing
                .into_par_iter()
                .with_max_len(SHARE)
                .map(|(node, text)| composer.read(node, text.as_deref()))
                .collect();
            read.extend(found.into_iter().map(|found| composer.take(found)));
            if at_once > 1 && weaving == Weaving::Now {
                weave_now(std::mem::take(&mut read), &composer);
            }
        }
        // Those of a circle are all known before one of them is bound.
        match weaving {
            Weaving::Now => weave_now(read, &composer),
            Weaving::Later => read.into_iter().for_each(|reading| {
                let place = reading.node.0.index();
                readings[place] = Some(reading);
            }),
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
        Weaving::Later => {
            graph.readings = readings.into_iter().flatten().collect();
            graph.order = order;
        }
    }
    let rung = |node: Node| {
        let relation = graph.relation(node);
        let is_bound = !relation.writers.is_empty() && !open.contains_key(&node);
        if relation.rung == Rung::Open && is_bound { Rung::Columns } else { relation.rung }
    };
    graph.rungs = graph.nodes().map(rung).collect();
    graph.openness = open;
}

/// Binds the columns of some relations to what these read; where a relation is among them, so is all that reads it.
/// What they read is there with its columns, and without what is upstream of it.
pub(super) fn weave(graph: &LineageGraph, some: &BTreeSet<Node>) -> ColumnGraph {
    let beside: BTreeSet<Node> = some.iter().flat_map(|node| graph.parents(*node)).collect();
    let mut weaver = Weaver::new(graph);
    beside.difference(some).for_each(|node| weaver.know(*node, graph.shape(*node)));
    // In the order in which they were read, for that shows.
    let mut readings: Vec<&Arc<Reading>> = some.iter().filter_map(|node| graph.readings.get(node.0.index())).collect();
    readings.sort_by_key(|reading| graph.order.get(reading.node.0.index()));
    readings.into_iter().for_each(|reading| weaver.weave(reading, &|node| Some(graph.shape(node))));
    let concerned: Vec<Node> = beside.union(some).copied().collect();
    complete::complete(graph, weaver.finish(), &concerned)
}

/// So many relations are read before what they say is woven, so that little waits for that.
const AT_ONCE: usize = 512;

/// So many are read by one thread before another one may take those that follow: some are a hundred times as large as
/// others.
const SHARE: usize = 4;

/// Relations that can be read when those of all steps before have been.
enum Step {
    /// None of them reads another.
    Apart(Vec<Node>),
    /// They read each other.
    Circle(Vec<Node>),
}

impl Step {
    fn nodes(&self) -> &[Node] {
        match self {
            Self::Apart(nodes) | Self::Circle(nodes) => nodes,
        }
    }
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
    before: Option<Before<'a>>,
    tables: &'a Tables,
    lineages: Option<&'a Lineages>,
    /// What is known of each relation that was gone through, by its place.
    shapes: Vec<Option<Shape>>,
    /// The columns of each in which NULL never stands.
    never_null: Vec<NeverNull>,
    open: HashMap<Node, Arc<[Diagnostic]>>,
}

/// What was found in the version before.
struct Before<'a> {
    graph: &'a LineageGraph,
    since: &'a Since,
    /// Of which relations that were gone through others see the same as there, by their places.
    settled: Vec<bool>,
}

/// What was found of a relation.
struct Found {
    reading: Arc<Reading>,
    shape: Shape,
    never_null: NeverNull,
    open: Option<Arc<[Diagnostic]>>,
}

impl Composer<'_> {
    /// What was found of a relation in the version before, where that holds still.
    fn as_before(&self, node: Node) -> Option<Found> {
        let Before { graph: before, since, settled } = self.before.as_ref()?;
        let then = since.then_if_same(node)?;
        let reading = before.readings.get(then.0.index()).filter(|reading| reading.asks == Asks::Read)?;
        // In a circle it shows who was read first.
        if before.circling.contains(&then) || self.graph.circling.contains(&node) {
            return None;
        }
        let mut parents = self.graph.graph.neighbors_directed(node.0, Direction::Incoming);
        if !parents.all(|parent| parent == node.0 || settled.get(parent.index()).is_some_and(|settled| *settled)) {
            return None;
        }
        Some(Found {
            reading: reading.followed(&|node| since.now(node))?,
            shape: before.shape(then).clone(),
            never_null: before.never_null.get(then.0.index()).cloned().flatten(),
            open: before.openness.get(&then).map(Arc::clone),
        })
    }

    /// Reads the texts of a relation; those of all that it reads have been.
    fn read(&self, node: Node, with_texts: Option<&Relation>) -> Found {
        let relation = &*self.graph.graph[node.0];
        let mut draft = Draft::new(relation, self.tables);
        let mut writers = Vec::with_capacity(relation.writers.len());
        let mut explained = BTreeSet::new();
        let mut open = BTreeSet::new();
        let mut asks = Asks::Read;
        let parents = self.graph.parents(node);
        for (place, writer) in relation.writers.iter().enumerate() {
            let fillings = with_texts.and_then(|relation| relation.writers.get(place));
            let fillings = fillings.map(|writer| writer.fillings.as_slice()).unwrap_or_default();
            let names = Names::new(self.graph, node, writer);
            let asked = Asked::default();
            let mut texts = Vec::with_capacity(fillings.len());
            for filling in fillings {
                let drafted = OnceCell::new();
                let seen = Seen { shapes: &self.shapes, own: node, draft: &draft, drafted: &drafted };
                let view = View { names: &names, asked: &asked, seen };
                let filled = match self.lineages {
                    Some(lineages) => lineages.of(filling, draft.places(), &view),
                    None => Arc::new(filling.lineage(draft.places(), &view)),
                };
                draft.take(&filled);
                // Hardly any is asked for again, and all of them together are a third of what is in memory.
                filling.text.let_go();
                texts.push(Text::new(filling, filled, &names, &asked));
            }
            if !asked.is_read(&names, writer, &parents) {
                asks = Asks::Beside;
            }
            if texts.is_empty() && !matches!(writer.body, Body::Data { .. }) {
                draft.take_unknown();
            }
            let written = Written::new(texts, writer, &names, self.graph, &mut explained);
            written.doubts(writer, self.graph, &mut open);
            writers.push(written);
        }
        let mut builders = parents;
        builders.retain(|parent| !explained.contains(parent));
        let shape = self.settled_shape(node, self.built_shape(draft.shape(), &builders));
        let reading = Reading { node, writers, builders: builders.into_iter().collect(), asks };
        let never_null = nulls::never_null(relation, &shape, &reading, self);
        Found {
            reading: Arc::new(reading),
            shape,
            never_null: (!never_null.is_empty()).then(|| Arc::new(never_null)),
            open: (!open.is_empty()).then(|| open.into_iter().collect()),
        }
    }

    /// What is known of a relation, with what is known of those that build it without our knowing how.
    fn built_shape(&self, shape: Shape, builders: &BTreeSet<Node>) -> Shape {
        let built = builders.iter().map(|builder| self.known(*builder).cloned().unwrap_or_default());
        shape::with_builders(shape, &built.collect::<Vec<_>>())
    }

    /// What is known of a relation, held as the version before held it if that is the same to the letter: readers
    /// see sooner then that it is the same.
    fn settled_shape(&self, node: Node, shape: Shape) -> Shape {
        let then = self.before.as_ref().and_then(|before| Some(before.graph.shape(before.since.then(node)?)));
        then.filter(|then| is_same_to_the_letter(then, &shape)).cloned().unwrap_or(shape)
    }

    /// Remembers what is known of a relation, for those that read it.
    fn take(&mut self, found: Found) -> Arc<Reading> {
        let Found { reading, shape, never_null, open } = found;
        let place = reading.node.0.index();
        if let Some(before) = &mut self.before {
            before.settled[place] = before.is_settled(self.graph, reading.node, &shape, &never_null);
        }
        self.shapes[place] = Some(shape);
        self.never_null[place] = never_null;
        if let Some(open) = open {
            self.open.insert(reading.node, open);
        }
        reading
    }

    /// What is known of a relation, if it was gone through.
    fn known(&self, node: Node) -> Option<&Shape> {
        self.shapes.get(node.0.index())?.as_ref()
    }
}

impl Before<'_> {
    /// Whether those that read a relation see the same of it as in the version before.
    fn is_settled(&self, graph: &LineageGraph, node: Node, shape: &Shape, never_null: &NeverNull) -> bool {
        let Some(then) = self.since.then(node) else { return false };
        matches!(self.since.standing(node), Standing::Same | Standing::Edited)
            && is_same_to_the_letter(self.graph.shape(then), shape)
            && self.graph.never_null.get(then.0.index()) == Some(never_null)
            && self.graph.returns.get(&then) == graph.returns.get(&node)
    }
}
