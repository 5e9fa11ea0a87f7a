//! From relations to their columns. Relations are gone through from their sources downstream, so
//! that each query sees the columns of what it reads; no query is ever put inside another. What has
//! no query that was understood depends on all that it reads. It must not know SQL.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::tarjan_scc;

use crate::dependency::{ColumnPath, Shape};
use crate::diagnostic::Diagnostic;
use crate::filling::OPEN;
use crate::name::RelationName;
use crate::relation::{Body, Rung, Writer};

use super::columns::Part;
use super::columns::weave::Weave;
use super::tables::Tables;
use super::{LineageGraph, Node};

mod bind;
mod complete;
mod history;
pub(super) mod names;
mod shape;

use bind::{Passing, Text};
use names::Names;
use shape::Draft;

/// Binds the columns of all relations, and says of which that could not be done for all.
///
/// Externals are not in the catalog yet, as they were not when it was found out who reads whom, so
/// that a name means the same here as there.
pub(super) fn compose(graph: &mut LineageGraph, externals: &BTreeMap<RelationName, Node>, tables: &Tables) {
    let mut composer = Composer {
        graph,
        externals,
        tables,
        weave: Weave::default(),
        shapes: vec![None; graph.graph.node_count()],
        passing: BTreeMap::new(),
        open: BTreeMap::new(),
    };
    for node in downstream(graph) {
        composer.relation(node);
    }
    let Composer { weave, shapes, passing, open, .. } = composer;
    graph.shapes = shapes.into_iter().map(Option::unwrap_or_default).collect();
    graph.columns = complete::complete(graph, weave, &passing);
    for node in graph.nodes().collect::<Vec<_>>() {
        let relation = &mut graph.graph[node.0];
        let is_bound = !relation.writers.is_empty() && !open.contains_key(&node);
        if relation.rung == Rung::Open && is_bound {
            relation.rung = Rung::Columns;
        }
        // They are by far the largest part of what was read, and nobody asks for them any more.
        relation.writers.iter_mut().for_each(|writer| writer.fillings = Vec::new());
    }
    graph.openness = open.into_iter().map(|(node, reasons)| (node, reasons.into_iter().collect())).collect();
}

/// The relations, each after all that it reads but for circles.
fn downstream(graph: &LineageGraph) -> Vec<Node> {
    let mut order = Vec::new();
    for component in tarjan_scc(&graph.graph).into_iter().rev() {
        let mut nodes: Vec<Node> = component.into_iter().map(Node).collect();
        nodes.sort_unstable();
        order.extend(nodes);
    }
    order
}

struct Composer<'a> {
    graph: &'a LineageGraph,
    externals: &'a BTreeMap<RelationName, Node>,
    tables: &'a Tables,
    weave: Weave,
    /// What is known of each relation that was gone through, by its place.
    shapes: Vec<Option<Shape>>,
    passing: BTreeMap<Node, Vec<Passing>>,
    open: BTreeMap<Node, BTreeSet<Diagnostic>>,
}

impl<'a> Composer<'a> {
    fn relation(&mut self, node: Node) {
        let relation = self.graph.relation(node);
        self.weave.part(node, Part::Rows);
        let mut draft = Draft::new(relation, self.tables);
        self.shapes[node.0.index()] = Some(draft.shape());
        let mut texts = Vec::new();
        let mut explained = BTreeSet::new();
        for writer in &relation.writers {
            let names = Names::new(self.graph, self.externals, node, writer);
            let mut covered = BTreeSet::new();
            for filling in &writer.fillings {
                let text = Text::new(node, writer, filling, &names, &draft, &self.shapes);
                draft.take(&text.filled);
                self.shapes[node.0.index()] = Some(draft.shape());
                self.doubt_text(&text);
                covered.extend(text.used());
                texts.push(text);
            }
            if writer.fillings.is_empty() && !matches!(writer.body, Body::Data { .. }) {
                draft.take_unknown();
                self.doubt(node, writer, "its query is not understood column by column");
            }
            if let Some(reason) = &writer.incomplete {
                self.doubt(node, writer, format!("it may read more than could be found: {reason}"));
            }
            self.read_otherwise(node, writer, &names, &covered, &mut explained);
        }
        self.shapes[node.0.index()] = Some(draft.shape());
        self.know_columns(node);
        texts.into_iter().for_each(|text| self.bind(&text));
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
