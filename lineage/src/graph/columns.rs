//! The columns and rows of all relations, and what depends on what. Edges point downstream. It must
//! not know how dependencies were found.
//!
//! Most nodes are a relation's rows, a column, or a field inside one. Three more stand for columns
//! whose names nobody knows, so that what is known only by half needs a few edges and not a product:
//!
//! - [`Part::Any`] is *read*: something depends on some column of the relation. It is downstream of
//!   each of its columns.
//! - [`Part::Every`] is *written*: a query that was not understood fills the relation. Each of its
//!   columns is downstream of it.
//! - [`Part::Others`] are the columns that nobody names: a `*` may pass them on, and
//!   [`Part::Any`] is downstream of them too.
//!
//! A field is downstream of its column. What reads the whole column is downstream of the field as
//! well, but has no edge from it, or else each field would reach all others through their column;
//! [`ColumnGraph::walk`] knows that.

use std::ops::Range;
use std::sync::Arc;

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::dependency::{ColumnPath, EdgeKind, Slot};
use crate::diagnostic::Position;
use crate::filling::Places;

use super::Node;

mod walk;
pub(super) mod weave;

pub use walk::{Direction, Reached};

/// The place of a part of a relation in a [`ColumnGraph`]; meaningful in that graph only. Their order
/// is that of the relations, and within one that of [`ColumnGraph::parts_of`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnId(NodeIndex);

/// A part of a relation that others can depend on, or that depends on others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Which rows there are, and how often.
    Rows,
    /// A column, or a field of one.
    Column(ColumnPath),
    /// The columns that nobody names.
    Others,
    /// Some column, as something reads it: downstream of all columns.
    Any,
    /// All columns, as something fills them: upstream of all columns.
    Every,
}

/// A part of a relation in the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnNode {
    /// The relation.
    pub relation: Node,
    /// The part.
    pub part: Part,
}

impl ColumnNode {
    /// The part as a dependency names it.
    #[must_use]
    pub fn slot(&self) -> Slot {
        match &self.part {
            Part::Rows => Slot::Rows,
            Part::Column(path) => Slot::Column(path.clone()),
            Part::Others | Part::Any | Part::Every => Slot::Any,
        }
    }

    /// The column, or the field of one.
    #[must_use]
    pub fn column(&self) -> Option<&ColumnPath> {
        match &self.part {
            Part::Column(path) => Some(path),
            _ => None,
        }
    }
}

/// One dependency, and where it is written. An edge inside a relation that only says what is part of
/// what is an [`EdgeKind::Identity`] at the beginning of the relation's file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ColumnEdge {
    /// In which way.
    pub kind: EdgeKind,
    /// The file.
    pub path: Arc<str>,
    /// Where in it, or in what it renders to.
    pub position: Position,
    /// Which of the two.
    pub places: Places,
}

impl ColumnEdge {
    pub(super) const fn spot(&self) -> weave::Spot {
        weave::Spot { position: self.position, places: self.places }
    }
}

/// Rows and columns of relations, and what depends on what.
#[derive(Debug, Default)]
pub struct ColumnGraph {
    graph: DiGraph<ColumnNode, ColumnEdge>,
    /// Where the parts of each relation begin, by its place; one more at the end.
    starts: Vec<u32>,
    /// The parts of each relation, sorted by what they are.
    sorted: Vec<NodeIndex>,
}

impl ColumnGraph {
    /// The part of a relation that a slot names; [`Slot::Any`] is [`Part::Any`].
    #[must_use]
    pub fn find(&self, relation: Node, slot: &Slot) -> Option<ColumnId> {
        match slot {
            Slot::Rows => self.part(relation, &Part::Rows),
            Slot::Any => self.part(relation, &Part::Any),
            Slot::Column(path) => self.part(relation, &Part::Column(path.clone())),
        }
    }

    /// A part of a relation.
    #[must_use]
    pub fn part(&self, relation: Node, part: &Part) -> Option<ColumnId> {
        let range = self.range(relation);
        let sorted = self.sorted.get(range)?;
        let place = sorted.binary_search_by(|node| self.graph[*node].part.cmp(part)).ok()?;
        Some(ColumnId(sorted[place]))
    }

    /// The part that stands for a slot: its own, or for a field that nobody reads by itself the column,
    /// or for a column that nobody names the other columns of its relation. `None` if the relation is
    /// known not to have it.
    #[must_use]
    pub fn locate(&self, relation: Node, slot: &Slot) -> Option<ColumnId> {
        let own = self.find(relation, slot);
        let Slot::Column(path) = slot else { return own };
        let held = |fields| self.part(relation, &Part::Column(ColumnPath::field(path.column.clone(), fields)));
        let outer = (0..path.fields().len()).rev().find_map(|depth| held(&path.fields()[..depth]));
        own.or(outer).or_else(|| self.part(relation, &Part::Others))
    }

    /// What stands at a place.
    #[must_use]
    pub fn node(&self, id: ColumnId) -> &ColumnNode {
        &self.graph[id.0]
    }

    /// The rows of a relation and its columns: those that it is known to have in order, then those that
    /// are only asked of it, by name, fields among them.
    pub fn columns_of(&self, relation: Node) -> impl Iterator<Item = ColumnId> + '_ {
        self.parts_of(relation).filter(|id| matches!(self.node(*id).part, Part::Rows | Part::Column(_)))
    }

    /// The rows and columns of a relation, and then what stands for columns without a name.
    pub fn parts_of(&self, relation: Node) -> impl Iterator<Item = ColumnId> + '_ {
        self.range(relation).map(|index| ColumnId(NodeIndex::new(index)))
    }

    /// What depends on a part directly, sorted.
    pub fn downstream(&self, id: ColumnId) -> impl Iterator<Item = (ColumnId, &ColumnEdge)> {
        self.neighbours(id, Direction::Downstream)
    }

    /// What a part depends on directly, sorted.
    pub fn upstream(&self, id: ColumnId) -> impl Iterator<Item = (ColumnId, &ColumnEdge)> {
        self.neighbours(id, Direction::Upstream)
    }

    /// How many parts of relations there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.graph.node_count()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.graph.node_count() == 0
    }

    /// How many dependencies there are.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.graph.edge_count()
    }

    fn neighbours(&self, id: ColumnId, way: Direction) -> impl Iterator<Item = (ColumnId, &ColumnEdge)> {
        self.graph.edges_directed(id.0, way.of_edges()).map(move |edge| {
            let other = match way {
                Direction::Downstream => edge.target(),
                Direction::Upstream => edge.source(),
            };
            (ColumnId(other), edge.weight())
        })
    }

    fn range(&self, relation: Node) -> Range<usize> {
        let place = |index: usize| self.starts.get(index).map_or(self.graph.node_count(), |start| *start as usize);
        let index = relation.0.index();
        place(index)..place(index + 1)
    }
}
