//! What one text says of a relation, as edges between columns.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::dependency::{ColumnPath, Dependency, EdgeKind, Extent, Slot};
use crate::diagnostic::{Diagnostic, Position};
use crate::filling::{Filled, OPEN, Places};
use crate::graph::Node;
use crate::graph::columns::Part;
use crate::graph::columns::weave::{Spot, Thread};
use crate::name::ColumnName;
use crate::query::ReadRole;
use crate::relation::{Reference, RelationKind, Writer};

use super::Composer;
use super::names::Names;

/// Columns that flow into a relation by their own names, or without a name at all.
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

/// Whether the queries of a writer were understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Understood {
    /// Its texts are bound.
    Yes,
    /// It has none that could be.
    No,
}

/// One text of a writer, and what it does.
pub(super) struct Text<'a> {
    node: Node,
    writer: &'a Writer,
    places: Places,
    pub(super) filled: Arc<Filled>,
    /// What its inputs mean; nothing for functions that every engine has.
    pub(super) inputs: Vec<Vec<Node>>,
}

impl<'a> Text<'a> {
    pub(super) fn new(node: Node, writer: &'a Writer, places: Places, filled: Arc<Filled>, names: &Names<'a>) -> Self {
        let inputs = filled.inputs.iter().map(|read| names.find(&read.name, read.role)).collect();
        Self { node, writer, places, filled, inputs }
    }

    /// The relations that something depends on.
    pub(super) fn used(&self) -> impl Iterator<Item = Node> {
        self.filled.used.iter().filter_map(|input| self.inputs.get(input.index())).flatten().copied()
    }

    /// Places in what a template renders to are no places in the file.
    const fn position(&self, position: Position) -> Position {
        match self.places {
            Places::File => position,
            Places::Rendering => self.writer.position,
        }
    }

    /// A place in the text, as an edge has it.
    const fn spot(&self, position: Position) -> Spot {
        Spot { position, places: self.places }
    }

    fn in_file(&self, reason: Diagnostic) -> Diagnostic {
        let place = reason.position.map(|place| self.position(place));
        let message = match (self.places, reason.position) {
            (Places::Rendering, Some(place)) => format!("{} (line {} of its rendered SQL)", reason.message, place.line),
            _ => reason.message.clone(),
        };
        Diagnostic { message, ..reason }.in_file(&*self.writer.path).at(place.unwrap_or(self.writer.position))
    }
}

impl<'a> Composer<'a> {
    /// Says why columns that a text fills are not all bound.
    pub(super) fn doubt_text(&mut self, text: &Text<'_>) {
        let filled = &text.filled;
        let mut reasons: Vec<Diagnostic> = filled.open.iter().map(|reason| text.in_file(reason.clone())).collect();
        let mut say = |message: String| {
            let reason = Diagnostic::note(OPEN, message).in_file(&*text.writer.path).at(text.writer.position);
            reasons.push(reason);
        };
        if filled.open.is_empty() {
            for rest in &filled.rest {
                if let Some(read) = filled.inputs.get(rest.input.index()) {
                    say(format!("it passes on all columns of `{}`, which are not all known", read.name));
                }
            }
            if !filled.others.is_empty() {
                say("it fills columns by their places, and not all of their names are known".to_owned());
            }
        }
        if !reasons.is_empty() {
            self.open.entry(text.node).or_default().extend(reasons);
        }
    }

    /// Binds what a text fills to what it depends on.
    pub(super) fn bind(&mut self, text: &Text<'_>) {
        let node = text.node;
        let rows = self.weave.part(node, Part::Rows);
        self.depend(text, &text.filled.rows, rows);
        if !text.filled.every.is_empty() {
            let every = self.weave.part(node, Part::Every);
            self.depend(text, &text.filled.every, every);
        }
        for column in &text.filled.columns {
            let reader = self.weave.column(node, &ColumnPath::whole(column.name.clone()));
            self.depend(text, &column.sources, reader);
        }
        for rest in &text.filled.rest {
            let position = text.filled.inputs.get(rest.input.index()).map_or(Position::START, |read| read.position);
            let passing = Passing {
                from: text.inputs.get(rest.input.index()).cloned().unwrap_or_default(),
                inside: rest.inside.clone(),
                except: rest.except.clone(),
                also: self.threads(text, &rest.also),
                kind: rest.kind,
                path: Arc::clone(&text.writer.path),
                spot: text.spot(position),
            };
            self.passing.entry(node).or_default().push(passing);
        }
        for others in &text.filled.others {
            let passing = Passing {
                from: Vec::new(),
                inside: None,
                except: others.except.clone(),
                also: self.threads(text, &others.sources),
                kind: EdgeKind::Unknown,
                path: Arc::clone(&text.writer.path),
                spot: text.writer.position.into(),
            };
            self.passing.entry(node).or_default().push(passing);
        }
    }

    fn depend(&mut self, text: &Text<'_>, sources: &[Dependency], reader: Thread) {
        for (on, kind, spot) in self.threads(text, sources) {
            self.weave.depend(on, reader, kind, &text.writer.path, spot);
        }
    }

    /// What dependencies name, in every relation that their inputs may mean.
    fn threads(&mut self, text: &Text<'_>, sources: &[Dependency]) -> Vec<(Thread, EdgeKind, Spot)> {
        let mut threads = Vec::new();
        for Dependency { input, on, kind, position } in sources {
            let nodes = text.inputs.get(input.index()).map(Vec::as_slice).unwrap_or_default();
            let spot = text.spot(*position);
            for node in self.with_the_column(nodes, on) {
                let thread = match on {
                    Slot::Rows => self.weave.part(node, Part::Rows),
                    Slot::Any => self.weave.part(node, Part::Any),
                    Slot::Column(path) => self.weave.column(node, path),
                };
                threads.push((thread, *kind, spot));
            }
        }
        threads
    }

    /// Of the relations that a name may mean, those that may have a column; all if none does.
    fn with_the_column(&self, nodes: &[Node], on: &Slot) -> Vec<Node> {
        let (Slot::Column(path), [_, _, ..]) = (on, nodes) else { return nodes.to_vec() };
        let part = Part::Column(ColumnPath::whole(path.column.clone()));
        let may_have = |node: &&Node| {
            let shape = self.shapes[node.0.index()].as_ref();
            let is_closed = shape.is_some_and(|shape| shape.extent == Extent::Closed);
            !is_closed || self.weave.find(**node, &part).is_some_and(|column| self.weave.is_known(column))
        };
        let may: Vec<Node> = nodes.iter().filter(may_have).copied().collect();
        if may.is_empty() { nodes.to_vec() } else { may }
    }

    /// What a writer reads and no query of it names: every column and the rows depend on every column
    /// and the rows of that, and on no more than the rows of a routine that is called.
    pub(super) fn read_otherwise(
        &mut self,
        node: Node,
        (writer, understood): (&Writer, Understood),
        names: &Names<'_>,
        covered: &BTreeSet<Node>,
        explained: &mut BTreeSet<Node>,
    ) {
        for reference in &writer.reads {
            let (position, role) = match reference {
                Reference::Id(_, position) => (*position, ReadRole::Table),
                Reference::Name(read) => (read.position, read.role),
            };
            for parent in names.of_reference(reference) {
                explained.insert(parent);
                if covered.contains(&parent) {
                    continue;
                }
                let relation = self.graph.relation(parent);
                if understood == Understood::Yes {
                    self.doubt(node, writer, format!("it reads `{}` in a way that is not followed", relation.name));
                }
                let is_call = role == ReadRole::Call && relation.kind == RelationKind::Routine;
                let parts: &[Part] = if is_call { &[Part::Rows] } else { &[Part::Rows, Part::Any] };
                for on in parts {
                    let on = self.weave.part(parent, on.clone());
                    for part in [Part::Rows, Part::Every] {
                        let reader = self.weave.part(node, part);
                        self.weave.depend(on, reader, EdgeKind::Unknown, &writer.path, position);
                    }
                }
            }
        }
    }

    /// A declared source that is built elsewhere in the repository is what builds it.
    pub(super) fn fill_source(&mut self, node: Node, explained: &BTreeSet<Node>) {
        let builders: Vec<Node> =
            self.graph.parents(node).into_iter().filter(|parent| !explained.contains(parent)).collect();
        for builder in &builders {
            let site =
                self.graph.read_sites(*builder, node).first().map(|site| (Arc::clone(&site.path), site.position));
            let (path, position) = site.unwrap_or_else(|| (Arc::from(""), Position::START));
            let (rows, own) = (self.weave.part(*builder, Part::Rows), self.weave.part(node, Part::Rows));
            self.weave.depend(rows, own, EdgeKind::Rows, &path, position);
            let passing = Passing {
                from: vec![*builder],
                inside: None,
                except: BTreeSet::new(),
                also: Vec::new(),
                kind: EdgeKind::Identity,
                path,
                spot: position.into(),
            };
            self.passing.entry(node).or_default().push(passing);
        }
        if builders.is_empty() {
            return;
        }
        let mut shape = self.shape(node);
        let mut known: crate::hashing::HashSet<ColumnName> = shape.columns.iter().cloned().collect();
        for built in builders.iter().map(|builder| self.shape(*builder)) {
            shape.columns.extend(built.columns.iter().filter(|column| known.insert((*column).clone())).cloned());
            if builders.len() == 1 {
                shape.extent = built.extent;
                shape.keys.extend(built.keys);
            }
        }
        self.shapes[node.0.index()] = Some(shape);
        self.know_columns(node);
    }
}
