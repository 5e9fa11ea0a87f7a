//! What hangs together with some parts of relations: how near, in which ways, and how surely. It must
//! not know whom that concerns.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Serialize;

use crate::dependency::{ColumnPath, EdgeKind};
use crate::graph::Node;
use crate::graph::columns::{ColumnEdge, ColumnGraph, ColumnId, Direction, Part};

mod paths;

pub use paths::{Connection, Step, connect, is_inner};

/// Whether a dependency is known to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// It is there.
    Certain,
    /// It may be: something on the way was not understood, or depends on some column and nobody knows
    /// on which.
    Possible,
}

/// Which dependencies are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Follow {
    /// All of them.
    Everything,
    /// Those by which a value flows, and those of which nobody knows whether one does.
    Values,
}

impl Follow {
    const fn takes(self, kind: EdgeKind) -> bool {
        match self {
            Self::Everything => true,
            Self::Values => kind.is_direct() || matches!(kind, EdgeKind::Unknown),
        }
    }
}

/// In which ways one thing depends on another: a set of kinds, each known to be there or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ways(u32);

/// Every kind, the one that says most first: how a value flows, then what decides about values, then
/// what decides about rows.
pub const BY_STRENGTH: [EdgeKind; 15] = [
    EdgeKind::Aggregation,
    EdgeKind::Transformation,
    EdgeKind::Identity,
    EdgeKind::Conditional,
    EdgeKind::Window,
    EdgeKind::Expansion,
    EdgeKind::Subquery,
    EdgeKind::Join,
    EdgeKind::Filter,
    EdgeKind::GroupBy,
    EdgeKind::Distinct,
    EdgeKind::Sort,
    EdgeKind::Rows,
    EdgeKind::Unknown,
    EdgeKind::Named,
];

impl Ways {
    const fn bit(kind: EdgeKind, certainty: Certainty) -> u32 {
        match certainty {
            Certainty::Certain => 1 << kind as u32,
            Certainty::Possible => 1 << (16 + kind as u32),
        }
    }

    /// Adds a way; whether it is new.
    fn add(&mut self, kind: EdgeKind, certainty: Certainty) -> bool {
        let before = self.0;
        self.0 |= Self::bit(kind, certainty);
        before != self.0
    }

    /// These ways and others.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether any of them is known to be there.
    #[must_use]
    pub const fn certainty(self) -> Certainty {
        if self.0 & 0xffff == 0 { Certainty::Possible } else { Certainty::Certain }
    }

    /// The kinds that are known to be there, or if none is, those that may be; the one that says most
    /// first.
    #[must_use]
    pub fn kinds(self) -> Vec<EdgeKind> {
        let certainty = self.certainty();
        BY_STRENGTH.into_iter().filter(|kind| self.0 & Self::bit(*kind, certainty) != 0).collect()
    }

    /// The kind that says most.
    #[must_use]
    pub fn strongest(self) -> EdgeKind {
        self.kinds().first().copied().unwrap_or(EdgeKind::Unknown)
    }
}

/// A part of a relation, and how it hangs together with where a trace began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Which.
    pub id: ColumnId,
    /// How many steps from one relation to the next there are on the nearest way.
    pub depth: usize,
    /// In which ways.
    pub ways: Ways,
}

/// Everything that hangs together with some parts of relations, in one direction.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// The parts, those where it began included, the nearest first.
    pub arrivals: Vec<Arrival>,
    /// The steps from one relation to the next, from what is read to what reads it, each with the ways
    /// in which it reads.
    pub steps: BTreeMap<(Node, Node), Ways>,
}

/// One way by which a part was reached.
#[derive(Debug, Clone, Copy)]
struct State {
    id: ColumnId,
    kind: EdgeKind,
    certainty: Certainty,
}

/// Follows dependencies from some parts of relations, at most so many relations far.
///
/// What reads a record is downstream of each of its fields that the trace begins at.
#[must_use]
pub fn trace(columns: &ColumnGraph, from: &[ColumnId], way: Direction, follow: Follow, most: usize) -> Trace {
    let starts: BTreeSet<ColumnId> = from.iter().copied().collect();
    let mut found: BTreeMap<ColumnId, usize> = BTreeMap::new();
    let mut trace = Trace::default();
    let start = |id: &ColumnId| {
        let kind = if columns.node(*id).part == Part::Rows { EdgeKind::Rows } else { EdgeKind::Identity };
        State { id: *id, kind, certainty: Certainty::Certain }
    };
    let mut here: VecDeque<State> = starts.iter().map(start).collect();
    for depth in 0..=most {
        let mut beyond = VecDeque::new();
        while let Some(state) = here.pop_front() {
            let place = *found.entry(state.id).or_insert_with(|| {
                trace.arrivals.push(Arrival { id: state.id, depth, ways: Ways::default() });
                trace.arrivals.len() - 1
            });
            if !trace.arrivals[place].ways.add(state.kind, state.certainty) {
                continue;
            }
            let is_start = depth == 0 && starts.contains(&state.id);
            for (id, edge) in neighbours(columns, state.id, way, is_start) {
                if !follow.takes(edge.kind) {
                    continue;
                }
                let (read, reader) = match way {
                    Direction::Downstream => (state.id, id),
                    Direction::Upstream => (id, state.id),
                };
                let certainty = state.certainty.max(certainty(columns, read, reader, edge));
                let kind = match way {
                    Direction::Downstream => state.kind.then(edge.kind),
                    Direction::Upstream => edge.kind.then(state.kind),
                };
                let (from, to) = (columns.node(read).relation, columns.node(reader).relation);
                if from == to {
                    here.push_back(State { id, kind, certainty });
                } else if depth < most {
                    trace.steps.entry((from, to)).or_default().add(edge.kind, certainty);
                    beyond.push_back(State { id, kind, certainty });
                }
            }
        }
        if beyond.is_empty() {
            break;
        }
        here = beyond;
    }
    trace
}

/// What is one step away from a part; from one where a trace begins, the readers of its record too.
fn neighbours(columns: &ColumnGraph, id: ColumnId, way: Direction, is_start: bool) -> Vec<(ColumnId, &ColumnEdge)> {
    match way {
        Direction::Upstream => columns.upstream(id).collect(),
        Direction::Downstream => {
            let mut readers: Vec<_> = columns.downstream(id).collect();
            if is_start {
                readers.extend(readers_of_the_record(columns, id));
            }
            readers
        }
    }
}

/// What reads the column and the records that a field is in; the other fields are no part of it.
fn readers_of_the_record(columns: &ColumnGraph, id: ColumnId) -> Vec<(ColumnId, &ColumnEdge)> {
    let node = columns.node(id);
    let Part::Column(path) = &node.part else { return Vec::new() };
    let record = |depth: usize| Part::Column(ColumnPath::field(path.column.clone(), &path.fields()[..depth]));
    let records = (0..path.fields().len()).filter_map(|depth| columns.part(node.relation, &record(depth)));
    let is_part_of_it = |reader: &ColumnId| {
        let other = columns.node(*reader);
        other.relation == node.relation && other.column().is_some_and(|other| other.column == path.column)
    };
    records.flat_map(|record| columns.downstream(record)).filter(|(reader, _)| !is_part_of_it(reader)).collect()
}

/// Whether a dependency is known to be there.
fn certainty(columns: &ColumnGraph, read: ColumnId, reader: ColumnId, edge: &ColumnEdge) -> Certainty {
    if edge.kind == EdgeKind::Unknown || is_guess(columns, read, reader) {
        Certainty::Possible
    } else {
        Certainty::Certain
    }
}

/// Whether an edge stands for all columns of a relation because nobody knows which.
fn is_guess(columns: &ColumnGraph, read: ColumnId, reader: ColumnId) -> bool {
    let (read, reader) = (columns.node(read), columns.node(reader));
    read.relation == reader.relation && (reader.part == Part::Any || read.part == Part::Every)
}
