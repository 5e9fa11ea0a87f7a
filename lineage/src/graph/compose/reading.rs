//! What the texts of a relation say, with what their names mean: all that is needed to bind its columns, at
//! once or later. It must not know how columns are bound.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::dependency::{ColumnPath, Dependency, Extent, Shape, Slot};
use crate::diagnostic::{Diagnostic, Position};
use crate::filling::{Filled, Filling, OPEN, Places};
use crate::graph::{LineageGraph, Node};
use crate::query::ReadRole;
use crate::relation::{Body, Reference, RelationKind, Writer};

use super::names::{Asked, Names};

/// What the texts of a relation say.
#[derive(Debug)]
pub(in crate::graph) struct Reading {
    /// The relation.
    pub(in crate::graph) node: Node,
    /// By writer.
    pub(super) writers: Vec<Written>,
    /// What builds it elsewhere, where it is a declared source.
    pub(super) builders: Vec<Node>,
    /// Of what its texts depend on.
    pub(super) asks: Asks,
}

/// On what of other relations the texts of one depend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// On those that the relation is known to read, and on nothing else.
    Read,
    /// On others as well, or on there being none of some name.
    Beside,
}

impl Reading {
    /// The same in another version, where each of the relations may be elsewhere; `None` if one is nowhere.
    pub(super) fn followed(self: &Arc<Self>, to: &impl Fn(Node) -> Option<Node>) -> Option<Arc<Self>> {
        match self.nodes().all(|node| to(node) == Some(node)) {
            true => Some(Arc::clone(self)),
            false => self.moved(to).map(Arc::new),
        }
    }

    /// Every relation that is named.
    fn nodes(&self) -> impl Iterator<Item = Node> + '_ {
        let texts = self.writers.iter().flat_map(|written| &written.texts);
        let read = texts.flat_map(|text| text.inputs.iter().flatten().copied());
        let unfollowed = self.writers.iter().flat_map(|written| &written.unfollowed).map(|one| one.read);
        std::iter::once(self.node).chain(self.builders.iter().copied()).chain(read).chain(unfollowed)
    }

    fn moved(&self, to: &impl Fn(Node) -> Option<Node>) -> Option<Self> {
        let all = |nodes: &[Node]| nodes.iter().map(|node| to(*node)).collect::<Option<Vec<Node>>>();
        let unfollowed = |one: &Unfollowed| Some(Unfollowed { read: to(one.read)?, ..*one });
        let text = |text: &Text| {
            let inputs = text.inputs.iter().map(|nodes| all(nodes)).collect::<Option<_>>()?;
            Some(Text { places: text.places, filled: Arc::clone(&text.filled), inputs })
        };
        let written = |written: &Written| {
            Some(Written {
                texts: written.texts.iter().map(text).collect::<Option<_>>()?,
                unfollowed: written.unfollowed.iter().map(unfollowed).collect::<Option<_>>()?,
            })
        };
        Some(Self {
            node: to(self.node)?,
            writers: self.writers.iter().map(written).collect::<Option<_>>()?,
            builders: all(&self.builders)?,
            asks: self.asks,
        })
    }
}

/// What the texts of one writer say.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) texts: Vec<Text>,
    /// What it reads and no text of it is known to use.
    pub(super) unfollowed: Vec<Unfollowed>,
}

/// A relation that is read in a way that is not followed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unfollowed {
    pub(super) read: Node,
    pub(super) position: Position,
    /// Whether it is a routine that is called, of which nothing but what it does counts.
    pub(super) role: ReadRole,
}

/// What a text fills, and what its inputs mean.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) places: Places,
    pub(super) filled: Arc<Filled>,
    /// The relations of each input; none for functions that every engine has.
    pub(super) inputs: Vec<Vec<Node>>,
}

impl Text {
    pub(super) fn new(filling: &Filling, filled: Arc<Filled>, names: &Names<'_>, asked: &Asked) -> Self {
        let inputs = filled.inputs.iter().map(|read| asked.find(names, &read.name, read.role)).collect();
        Self { places: filling.places, filled, inputs }
    }

    /// The relations that something depends on.
    fn used(&self) -> impl Iterator<Item = Node> {
        self.filled.used.iter().filter_map(|input| self.inputs.get(input.index())).flatten().copied()
    }

    /// The relations that a dependency may be on: of those that a name may mean, those that may have the
    /// column; all if none does.
    pub(super) fn meant<'s>(&self, on: &Dependency, known: &impl Fn(Node) -> Option<&'s Shape>) -> Vec<Node> {
        let nodes = self.inputs.get(on.input.index()).map(Vec::as_slice).unwrap_or_default();
        let (Slot::Column(ColumnPath { column, .. }), [_, _, ..]) = (&on.on, nodes) else { return nodes.to_vec() };
        let may_have = |node: &&Node| {
            known(**node).is_none_or(|shape| shape.extent != Extent::Closed || shape.columns.contains(column))
        };
        let may: Vec<Node> = nodes.iter().filter(may_have).copied().collect();
        if may.is_empty() { nodes.to_vec() } else { may }
    }

    fn in_file(&self, reason: Diagnostic, writer: &Writer) -> Diagnostic {
        // Places in what a template renders to are no places in the file.
        let place = reason.position.map(|place| match self.places {
            Places::File => place,
            Places::Rendering => writer.position,
        });
        let message = match (self.places, reason.position) {
            (Places::Rendering, Some(place)) => format!("{} (line {} of its rendered SQL)", reason.message, place.line),
            _ => reason.message.clone(),
        };
        Diagnostic { message, ..reason }.in_file(&*writer.path).at(place.unwrap_or(writer.position))
    }

    /// Why columns that it fills are not all bound.
    fn doubts(&self, writer: &Writer, open: &mut BTreeSet<Diagnostic>) {
        let filled = &self.filled;
        open.extend(filled.open.iter().map(|reason| self.in_file(reason.clone(), writer)));
        if !filled.open.is_empty() {
            return;
        }
        for rest in &filled.rest {
            if let Some(read) = filled.inputs.get(rest.input.index()) {
                let message = format!("it passes on all columns of `{}`, which are not all known", read.name);
                open.insert(doubt(writer, message));
            }
        }
        if !filled.others.is_empty() {
            open.insert(doubt(writer, "it fills columns by their places, and not all of their names are known"));
        }
    }
}

impl Written {
    pub(super) fn new(
        texts: Vec<Text>,
        writer: &Writer,
        names: &Names<'_>,
        graph: &LineageGraph,
        explained: &mut BTreeSet<Node>,
    ) -> Self {
        let covered: BTreeSet<Node> = texts.iter().flat_map(Text::used).collect();
        let mut unfollowed = Vec::new();
        for reference in &writer.reads {
            let (position, role) = match reference {
                Reference::Id(_, position) => (*position, ReadRole::Table),
                Reference::Name(read) => (read.position, read.role),
            };
            for read in names.of_reference(reference) {
                explained.insert(read);
                if matches!(reference, Reference::Id(id, _) if writer.described.contains(id)) {
                    continue;
                }
                if !covered.contains(&read) {
                    let is_routine = graph.relation(read).kind == RelationKind::Routine;
                    let role = if is_routine { role } else { ReadRole::Table };
                    unfollowed.push(Unfollowed { read, position, role });
                }
            }
        }
        Self { texts, unfollowed }
    }

    /// Why columns that it fills are not all bound, or rows not all explained.
    pub(super) fn doubts(&self, writer: &Writer, graph: &LineageGraph, open: &mut BTreeSet<Diagnostic>) {
        self.texts.iter().for_each(|text| text.doubts(writer, open));
        if self.texts.is_empty() && !matches!(writer.body, Body::Data { .. }) {
            open.insert(doubt(writer, "its query is not understood column by column"));
        }
        if let Some(reason) = &writer.incomplete {
            open.insert(doubt(writer, format!("it may read more than could be found: {reason}")));
        }
        for unfollowed in self.unfollowed.iter().filter(|_| !self.texts.is_empty()) {
            let name = &graph.relation(unfollowed.read).name;
            open.insert(doubt(writer, format!("it reads `{name}` in a way that is not followed")));
        }
    }
}

fn doubt(writer: &Writer, reason: impl Into<String>) -> Diagnostic {
    Diagnostic::note(OPEN, reason).in_file(&*writer.path).at(writer.position)
}
