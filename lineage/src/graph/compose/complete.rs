//! What is left when all queries are bound: columns that are asked of a relation without being known
//! there, fields inside columns, and the edges of what stands for columns without names.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::dependency::{ColumnPath, EdgeKind, Extent};
use crate::diagnostic::Position;
use crate::graph::columns::weave::{Thread, Weave};
use crate::graph::columns::{ColumnEdge, ColumnGraph, Part};
use crate::graph::{LineageGraph, Node};
use crate::hashing::HashMap;
use crate::name::ColumnName;

use super::bind::{Passing, Woven};

/// A path into a record that is longer than this is followed no further than to its column, so that
/// a circle that takes records apart comes to an end.
const LONGEST_PATH: usize = 16;

/// Completes a graph in which the queries of some relations are bound; `nodes` are those and what they read.
pub(super) fn complete(graph: &LineageGraph, woven: Woven, nodes: &[Node]) -> ColumnGraph {
    let Woven { weave, passing } = woven;
    let mut completion = Completion { graph, weave, passing: &passing, identities: HashMap::default(), indexed: 0 };
    completion.find_columns();
    completion.connect_nameless(nodes);
    completion.weave.finish(graph.graph.node_count())
}

struct Completion<'a> {
    graph: &'a LineageGraph,
    weave: Weave,
    passing: &'a BTreeMap<Node, Vec<Passing>>,
    /// The columns whose values each column is, by their places among the edges; only those of the
    /// first so many edges.
    identities: HashMap<Thread, Vec<usize>>,
    indexed: usize,
}

impl Completion<'_> {
    /// Goes through all columns and fields, those that come up on the way included.
    fn find_columns(&mut self) {
        for passing in self.passing.values().flatten() {
            if let Some(record) = &passing.inside {
                for node in &passing.from {
                    self.weave.column(*node, record);
                }
            }
        }
        let mut seen = 0;
        while let Some(thread) = self.weave.after(seen) {
            seen += 1;
            let node = self.weave.node(thread);
            let relation = node.relation;
            let Part::Column(path) = node.part.clone() else { continue };
            match path.fields() {
                [] => self.column(thread, relation, &path.column),
                [.., last] => self.field(thread, relation, &path, last),
            }
        }
    }

    /// A column also depends on the column of its name wherever a `*` passes that on.
    fn column(&mut self, thread: Thread, relation: Node, name: &ColumnName) {
        let graph = self.graph;
        for passing in self.passing.get(&relation).into_iter().flatten().filter(|one| !one.except.contains(name)) {
            let there = match &passing.inside {
                None => ColumnPath::whole(name.clone()),
                Some(record) => {
                    let fields = [record.fields(), std::slice::from_ref(name)].concat();
                    ColumnPath::field(record.column.clone(), &fields)
                }
            };
            let whole = Part::Column(ColumnPath::whole(there.column.clone()));
            let may_have = |node: &&Node| {
                let is_known = self.weave.find(**node, &whole).is_some_and(|column| self.weave.is_known(column));
                is_known || graph.shape(**node).extent == Extent::Open
            };
            let from: Vec<Node> = passing.from.iter().filter(may_have).copied().collect();
            for node in &from {
                let on = self.weave.column(*node, &there);
                self.weave.depend(on, thread, passing.kind, &passing.path, passing.spot);
            }
            if passing.from.is_empty() || !from.is_empty() {
                for (on, kind, spot) in &passing.also {
                    self.weave.depend(*on, thread, *kind, &passing.path, *spot);
                }
            }
        }
        if !self.weave.is_known(thread) && graph.shape(relation).extent == Extent::Closed {
            self.unknown_column(thread, relation, name);
        }
    }

    /// A column that its relation does not have. SQL that runs asks for none, so either its name is
    /// spelled in another case than ours, or what we know of the relation is wrong.
    fn unknown_column(&mut self, thread: Thread, relation: Node, name: &ColumnName) {
        let columns = &self.graph.shape(relation).columns;
        let spelled = columns.iter().find(|column| column.as_str().eq_ignore_ascii_case(name.as_str())).cloned();
        let file = self.file(relation);
        if let Some(column) = spelled {
            let column = self.weave.column(relation, &ColumnPath::whole(column));
            self.weave.depend(column, thread, EdgeKind::Identity, &file, Position::START);
        } else if !self.graph.relation(relation).writers.is_empty() {
            let any = self.weave.part(relation, Part::Any);
            self.weave.depend(any, thread, EdgeKind::Unknown, &file, Position::START);
        }
    }

    /// A field depends on its record, and on the same field of a record that its record is.
    fn field(&mut self, thread: Thread, relation: Node, path: &ColumnPath, last: &ColumnName) {
        let outer = &path.fields()[..path.fields().len() - 1];
        let record = self.weave.column(relation, &ColumnPath::field(path.column.clone(), outer));
        let file = self.file(relation);
        self.weave.depend(record, thread, EdgeKind::Identity, &file, Position::START);
        self.index_identities();
        for place in self.identities.get(&record).cloned().unwrap_or_default() {
            let (from, _, edge) = &self.weave.edges()[place];
            let edge = edge.clone();
            let source = self.weave.node(*from);
            let source_relation = source.relation;
            let Part::Column(source_path) = &source.part else { continue };
            let is_part_of = source_relation == relation && source_path.column == path.column;
            if is_part_of || source_path.fields().len() >= LONGEST_PATH {
                continue;
            }
            let fields = [source_path.fields(), std::slice::from_ref(last)].concat();
            let same_field = ColumnPath::field(source_path.column.clone(), &fields);
            let on = self.weave.column(source_relation, &same_field);
            self.weave.depend(on, thread, edge.kind, &edge.path, edge.spot());
        }
    }

    fn index_identities(&mut self) {
        let edges = self.weave.edges();
        for (place, (_, to, ColumnEdge { kind, .. })) in edges.iter().enumerate().skip(self.indexed) {
            if *kind == EdgeKind::Identity {
                self.identities.entry(*to).or_default().push(place);
            }
        }
        self.indexed = edges.len();
    }

    /// Connects what stands for columns without names.
    fn connect_nameless(&mut self, nodes: &[Node]) {
        let graph = self.graph;
        let open: Vec<Node> = nodes.iter().copied().filter(|node| graph.shape(*node).extent == Extent::Open).collect();
        for node in &open {
            self.weave.part(*node, Part::Others);
        }
        for node in open {
            for passing in self.passing.get(&node).into_iter().flatten() {
                self.pass_others(node, passing);
            }
        }
        for node in nodes.iter().copied() {
            let [others, any, every] = [Part::Others, Part::Any, Part::Every].map(|part| self.weave.find(node, &part));
            if any.is_none() && every.is_none() {
                continue;
            }
            let file = self.file(node);
            let columns: Vec<Thread> = self.weave.columns(node).map(|(_, column)| column).chain(others).collect();
            for column in columns {
                if let Some(every) = every {
                    self.weave.depend(every, column, EdgeKind::Identity, &file, Position::START);
                }
                if let Some(any) = any {
                    self.weave.depend(column, any, EdgeKind::Identity, &file, Position::START);
                }
            }
        }
    }

    /// The columns that nobody names in a relation are those that nobody names where they come from,
    /// and those that somebody names only there.
    fn pass_others(&mut self, node: Node, passing: &Passing) {
        let others = self.weave.part(node, Part::Others);
        for from in &passing.from {
            if let Some(record) = &passing.inside {
                let record = self.weave.column(*from, record);
                self.weave.depend(record, others, passing.kind, &passing.path, passing.spot);
                continue;
            }
            let only_there: Vec<Thread> = self
                .weave
                .columns(*from)
                .filter(|(name, _)| !passing.except.contains(name))
                .filter(|(name, _)| self.weave.find(node, &Part::Column(ColumnPath::whole((*name).clone()))).is_none())
                .map(|(_, column)| column)
                .collect();
            for on in only_there.into_iter().chain(self.weave.find(*from, &Part::Others)) {
                self.weave.depend(on, others, passing.kind, &passing.path, passing.spot);
            }
        }
        for (on, kind, spot) in &passing.also {
            self.weave.depend(*on, others, *kind, &passing.path, *spot);
        }
    }

    fn file(&self, relation: Node) -> Arc<str> {
        self.graph.relation(relation).files().first().map_or_else(|| Arc::from(""), Arc::clone)
    }
}
