//! From relations to their columns. Relations are gone through from their sources downstream, so
//! that each query sees the columns of what it reads; no query is ever put inside another. What has
//! no query that was understood depends on all that it reads. It must not know SQL.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use petgraph::Direction;
use petgraph::algo::tarjan_scc;
use rayon::prelude::*;

use crate::dependency::{ColumnPath, Shape};
use crate::diagnostic::Diagnostic;
use crate::filling::{Filling, OPEN};
use crate::name::RelationName;
use crate::relation::{Body, Relation, Rung, Writer};

use super::columns::Part;
use super::columns::weave::Weave;
use super::lineages::Lineages;
use super::tables::Tables;
use super::{LineageGraph, Node};

mod bind;
mod complete;
mod history;
pub(super) mod names;
mod nulls;
mod shape;

use bind::{Passing, Text, Understood};
use names::{Names, Seen, View};
use shape::Draft;

/// Binds the columns of all relations, and says of which that could not be done for all.
///
/// Externals are not in the catalog yet, as they were not when it was found out who reads whom, so
/// that a name means the same here as there.
///
/// `lineages` are those that other versions of the relations have in common with this one, if there are others.
pub(super) fn compose(
    graph: &mut LineageGraph,
    externals: &BTreeMap<RelationName, Node>,
    tables: &Tables,
    lineages: Option<&Lineages>,
) {
    let mut fillings = take_fillings(graph);
    let mut composer = Composer {
        graph,
        externals,
        tables,
        lineages,
        weave: Weave::default(),
        shapes: vec![None; graph.graph.node_count()],
        passing: BTreeMap::new(),
        open: BTreeMap::new(),
    };
    for step in steps(graph) {
        match step {
            Step::Circle(nodes) => nodes.into_iter().for_each(|node| {
                let read = composer.read(node, std::mem::take(&mut fillings[node.0.index()]));
                composer.weave(read);
            }),
            Step::Apart(nodes) => {
                for some in nodes.chunks(AT_ONCE) {
                    let texts: Vec<(Node, Fillings)> =
                        some.iter().map(|node| (*node, std::mem::take(&mut fillings[node.0.index()]))).collect();
                    let read: Vec<Reading<'_>> =
                        texts.into_par_iter().map(|(node, fillings)| composer.read(node, fillings)).collect();
                    read.into_iter().for_each(|read| composer.weave(read));
                }
            }
        }
    }
    let Composer { weave, shapes, passing, open, .. } = composer;
    graph.shapes = shapes.into_iter().map(Option::unwrap_or_default).collect();
    graph.columns = complete::complete(graph, weave, &passing);
    let order = steps(graph).into_iter().flat_map(|step| match step {
        Step::Circle(nodes) | Step::Apart(nodes) => nodes,
    });
    graph.never_null = nulls::never_null(graph, &order.collect::<Vec<_>>());
    for node in graph.nodes().collect::<Vec<_>>() {
        let relation = &mut graph.graph[node.0];
        let is_bound = !relation.writers.is_empty() && !open.contains_key(&node);
        if relation.rung == Rung::Open && is_bound {
            relation.rung = Rung::Columns;
        }
    }
    graph.openness = open.into_iter().map(|(node, reasons)| (node, reasons.into_iter().collect())).collect();
}

/// So many relations are read before what they say is woven, so that little waits for that.
const AT_ONCE: usize = 512;

/// The fillings of a relation, by writer.
type Fillings = Vec<Vec<Filling>>;

/// Takes the fillings out of a graph, by the places of its relations. They are by far the largest part
/// of what was read, and each is dropped as soon as its relation has been.
fn take_fillings(graph: &mut LineageGraph) -> Vec<Fillings> {
    let of_relation = |relation: &mut Relation| {
        relation.writers.iter_mut().map(|writer| std::mem::take(&mut writer.fillings)).collect()
    };
    graph.graph.node_weights_mut().map(of_relation).collect()
}

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
    weave: Weave,
    /// What is known of each relation that was gone through, by its place.
    shapes: Vec<Option<Shape>>,
    passing: BTreeMap<Node, Vec<Passing>>,
    open: BTreeMap<Node, BTreeSet<Diagnostic>>,
}

/// What the texts of a relation say.
struct Reading<'a> {
    node: Node,
    shape: Shape,
    writers: Vec<(&'a Writer, Names<'a>, Vec<Text<'a>>)>,
}

impl<'a> Composer<'a> {
    /// Reads the texts of a relation; those of all that it reads have been.
    fn read(&self, node: Node, fillings: Fillings) -> Reading<'a> {
        let relation = self.graph.relation(node);
        let mut draft = Draft::new(relation, self.tables);
        let mut writers = Vec::with_capacity(relation.writers.len());
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
                let text = Text::new(node, writer, filling.places, filled, &names);
                draft.take(&text.filled);
                texts.push(text);
            }
            if texts.is_empty() && !matches!(writer.body, Body::Data { .. }) {
                draft.take_unknown();
            }
            writers.push((writer, names, texts));
        }
        Reading { node, shape: draft.shape(), writers }
    }

    /// Binds a relation to what its texts read.
    fn weave(&mut self, reading: Reading<'a>) {
        let Reading { node, shape, writers } = reading;
        self.weave.part(node, Part::Rows);
        self.shapes[node.0.index()] = Some(shape);
        let mut explained = BTreeSet::new();
        for (writer, names, texts) in &writers {
            let mut covered = BTreeSet::new();
            for text in texts {
                self.doubt_text(text);
                covered.extend(text.used());
            }
            if texts.is_empty() && !matches!(writer.body, Body::Data { .. }) {
                self.doubt(node, writer, "its query is not understood column by column");
            }
            if let Some(reason) = &writer.incomplete {
                self.doubt(node, writer, format!("it may read more than could be found: {reason}"));
            }
            let understood = if texts.is_empty() { Understood::No } else { Understood::Yes };
            self.read_otherwise(node, (writer, understood), names, &covered, &mut explained);
        }
        self.know_columns(node);
        writers.iter().flat_map(|(_, _, texts)| texts).for_each(|text| self.bind(text));
        self.keep_history(node);
        self.fill_source(node, &explained);
    }

    /// Columns that are known come before all that others ask for.
    fn know_columns(&mut self, node: Node) {
        for column in self.shape(node).columns {
            let column = self.weave.part(node, Part::Column(ColumnPath::whole(column)));
            self.weave.know(column);
        }
    }

    fn shape(&self, node: Node) -> Shape {
        self.shapes[node.0.index()].clone().unwrap_or_default()
    }

    fn doubt(&mut self, node: Node, writer: &Writer, reason: impl Into<String>) {
        let reason = Diagnostic::note(OPEN, reason).in_file(&*writer.path).at(writer.position);
        self.open.entry(node).or_default().insert(reason);
    }
}
