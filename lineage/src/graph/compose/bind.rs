//! What relations read, bound to their columns and rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::dependency::{ColumnPath, Dependency, EdgeKind, Shape, Slot};
use crate::diagnostic::Position;
use crate::graph::columns::Part;
use crate::graph::columns::weave::{Spot, Thread, Weave};
use crate::graph::{LineageGraph, Node};
use crate::name::ColumnName;
use crate::query::ReadRole;
use crate::relation::Writer;

use super::reading::{Reading, Text, Written};

/// Columns that flow into a relation without being named.
#[derive(Debug)]
pub(super) struct Passing {
    /// Where they come from: several where a name is ambiguous, none where columns have no name.
    pub(super) from: Vec<Node>,
    /// Where it is the fields of one column that flow: which.
    pub(super) inside: Option<ColumnPath>,
    /// The columns that do not.
    pub(super) except: BTreeSet<ColumnName>,
    /// What each of them depends on besides.
    pub(super) also: Vec<(Thread, EdgeKind, Spot)>,
    /// How they flow.
    pub(super) kind: EdgeKind,
    /// The file that says so.
    pub(super) path: Arc<str>,
    /// Where in it.
    pub(super) spot: Spot,
}

/// Relations with their columns bound, but for what flows without a name.
#[derive(Debug)]
pub(super) struct Woven {
    pub(super) weave: Weave,
    /// What flows into each relation without a name.
    pub(super) passing: BTreeMap<Node, Vec<Passing>>,
}

/// Binds the columns of relations.
pub(super) struct Weaver<'a> {
    graph: &'a LineageGraph,
    woven: Woven,
}

impl<'a> Weaver<'a> {
    pub(super) fn new(graph: &'a LineageGraph) -> Self {
        Self { graph, woven: Woven { weave: Weave::default(), passing: BTreeMap::new() } }
    }

    /// All that was bound.
    pub(super) fn finish(self) -> Woven {
        self.woven
    }

    /// Says which columns a relation has: they come before all that others ask of it.
    pub(super) fn know(&mut self, node: Node, shape: &Shape) {
        self.woven.weave.part(node, Part::Rows);
        for column in shape.columns.iter() {
            let column = self.woven.weave.part(node, Part::Column(ColumnPath::whole(column.clone())));
            self.woven.weave.know(column);
        }
    }

    /// Binds a relation to what it reads; what is known of any relation is `known`. Columns that nobody declares
    /// are spelled as they are first asked for, so the order in which this is done shows.
    pub(super) fn weave<'s>(&mut self, reading: &Reading, known: &impl Fn(Node) -> Option<&'s Shape>) {
        let node = reading.node;
        let graph = self.graph;
        if let Some(shape) = known(node) {
            self.know(node, shape);
        }
        for (writer, written) in graph.relation(node).writers.iter().zip(&reading.writers) {
            self.read_otherwise(node, writer, written);
            for text in &written.texts {
                Binding { weave: &mut self.woven.weave, node, writer, text }.bind(known, &mut self.woven.passing);
            }
        }
        super::history::keep(graph.relation(node), node, &mut self.woven.weave);
        self.fill_source(reading);
    }

    /// What a writer reads and no query of it names: every column and the rows depend on every column
    /// and the rows of that, and on no more than the rows of a routine that is called.
    fn read_otherwise(&mut self, node: Node, writer: &Writer, written: &Written) {
        let weave = &mut self.woven.weave;
        for unfollowed in &written.unfollowed {
            let parts: &[Part] = match unfollowed.role {
                ReadRole::Call => &[Part::Rows],
                ReadRole::Table => &[Part::Rows, Part::Any],
            };
            for on in parts {
                let on = weave.part(unfollowed.read, on.clone());
                for part in [Part::Rows, Part::Every] {
                    let reader = weave.part(node, part);
                    weave.depend(on, reader, EdgeKind::Unknown, &writer.path, unfollowed.position);
                }
            }
        }
    }

    /// A declared source that is built elsewhere in the repository is what builds it.
    fn fill_source(&mut self, reading: &Reading) {
        let node = reading.node;
        for builder in &reading.builders {
            let site =
                self.graph.read_sites(*builder, node).first().map(|site| (Arc::clone(&site.path), site.position));
            let (path, position) = site.unwrap_or_else(|| (Arc::from(""), Position::START));
            let weave = &mut self.woven.weave;
            let (rows, own) = (weave.part(*builder, Part::Rows), weave.part(node, Part::Rows));
            weave.depend(rows, own, EdgeKind::Rows, &path, position);
            let passing = Passing {
                from: vec![*builder],
                inside: None,
                except: BTreeSet::new(),
                also: Vec::new(),
                kind: EdgeKind::Identity,
                path,
                spot: position.into(),
            };
            self.woven.passing.entry(node).or_default().push(passing);
        }
    }
}

/// A text of a relation that is being bound.
struct Binding<'b> {
    weave: &'b mut Weave,
    node: Node,
    writer: &'b Writer,
    text: &'b Text,
}

impl Binding<'_> {
    /// Binds what the text fills to what it depends on.
    fn bind<'s>(&mut self, known: &impl Fn(Node) -> Option<&'s Shape>, passing: &mut BTreeMap<Node, Vec<Passing>>) {
        let (node, text) = (self.node, self.text);
        let filled = &text.filled;
        let rows = self.weave.part(node, Part::Rows);
        self.depend(&filled.rows, rows, known);
        if !filled.every.is_empty() {
            let every = self.weave.part(node, Part::Every);
            self.depend(&filled.every, every, known);
        }
        for column in &filled.columns {
            let reader = self.weave.column(node, &ColumnPath::whole(column.name.clone()));
            self.depend(&column.sources, reader, known);
        }
        for rest in &filled.rest {
            let position = filled.inputs.get(rest.input.index()).map_or(Position::START, |read| read.position);
            let one = Passing {
                from: text.inputs.get(rest.input.index()).cloned().unwrap_or_default(),
                inside: rest.inside.clone(),
                except: rest.except.clone(),
                also: self.threads(&rest.also, known),
                kind: rest.kind,
                path: Arc::clone(&self.writer.path),
                spot: self.spot(position),
            };
            passing.entry(node).or_default().push(one);
        }
        for others in &filled.others {
            let one = Passing {
                from: Vec::new(),
                inside: None,
                except: others.except.clone(),
                also: self.threads(&others.sources, known),
                kind: EdgeKind::Unknown,
                path: Arc::clone(&self.writer.path),
                spot: self.writer.position.into(),
            };
            passing.entry(node).or_default().push(one);
        }
    }

    /// A place in the text, as an edge has it.
    const fn spot(&self, position: Position) -> Spot {
        Spot { position, places: self.text.places }
    }

    fn depend<'s>(&mut self, sources: &[Dependency], reader: Thread, known: &impl Fn(Node) -> Option<&'s Shape>) {
        for (on, kind, spot) in self.threads(sources, known) {
            self.weave.depend(on, reader, kind, &self.writer.path, spot);
        }
    }

    /// What dependencies name, in every relation that their inputs may mean.
    fn threads<'s>(
        &mut self,
        sources: &[Dependency],
        known: &impl Fn(Node) -> Option<&'s Shape>,
    ) -> Vec<(Thread, EdgeKind, Spot)> {
        let mut threads = Vec::new();
        for source in sources {
            let spot = self.spot(source.position);
            for node in self.text.meant(source, known) {
                let thread = match &source.on {
                    Slot::Rows => self.weave.part(node, Part::Rows),
                    Slot::Any => self.weave.part(node, Part::Any),
                    Slot::Column(path) => self.weave.column(node, path),
                };
                threads.push((thread, source.kind, spot));
            }
        }
        threads
    }
}
