//! Walks over columns: what is up- or downstream of some of them, and how far.

use std::collections::VecDeque;

use crate::dependency::ColumnPath;

use super::{ColumnEdge, ColumnGraph, ColumnId, Part};

/// Which way to walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// To what depends on it.
    Downstream,
    /// To what it depends on.
    Upstream,
}

impl Direction {
    pub(super) const fn of_edges(self) -> petgraph::Direction {
        match self {
            Self::Downstream => petgraph::Direction::Outgoing,
            Self::Upstream => petgraph::Direction::Incoming,
        }
    }
}

/// A part of a relation that a walk reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached<'a> {
    /// Which.
    pub id: ColumnId,
    /// How many steps from one relation to the next there are between it and the nearest start.
    pub depth: usize,
    /// From where it was reached first, and by which edge; `None` for a start.
    pub via: Option<(ColumnId, &'a ColumnEdge)>,
}

impl ColumnGraph {
    /// Everything up- or downstream of some parts, themselves included: each once, the nearest first,
    /// with the way by which it was reached first. Circles are walked once.
    ///
    /// What reads a record is downstream of each of its fields that the walk starts at.
    #[must_use]
    pub fn walk(&self, from: &[ColumnId], way: Direction) -> Vec<Reached<'_>> {
        let mut seen = vec![false; self.len()];
        let mut found = Vec::new();
        let mut starts = from.to_vec();
        starts.sort_unstable();
        let mut here: VecDeque<Reached<'_>> =
            starts.into_iter().map(|id| Reached { id, depth: 0, via: None }).collect();
        let mut beyond = VecDeque::new();
        while !here.is_empty() {
            while let Some(reached) = here.pop_front() {
                if std::mem::replace(&mut seen[reached.id.0.index()], true) {
                    continue;
                }
                found.push(reached);
                let mut steps: Vec<_> = self.neighbours(reached.id, way).collect();
                if reached.via.is_none() && way == Direction::Downstream {
                    steps.extend(self.readers_of_the_record(reached.id));
                }
                for (id, edge) in steps.into_iter().filter(|(id, _)| !seen[id.0.index()]) {
                    let via = Some((reached.id, edge));
                    if self.node(id).relation == self.node(reached.id).relation {
                        here.push_back(Reached { id, depth: reached.depth, via });
                    } else {
                        beyond.push_back(Reached { id, depth: reached.depth + 1, via });
                    }
                }
            }
            std::mem::swap(&mut here, &mut beyond);
        }
        found
    }

    /// What reads the columns and records that a field is in; the other fields are no part of it.
    fn readers_of_the_record(&self, id: ColumnId) -> Vec<(ColumnId, &ColumnEdge)> {
        let node = self.node(id);
        let Part::Column(path) = &node.part else { return Vec::new() };
        let depths = 0..path.fields().len();
        let record = |depth: usize| ColumnPath::field(path.column.clone(), &path.fields()[..depth]);
        let records = depths.filter_map(|depth| self.part(node.relation, &Part::Column(record(depth))));
        let is_field_of_it = |id: &ColumnId| {
            let other = self.node(*id);
            other.relation == node.relation && other.column().is_some_and(|other| other.column == path.column)
        };
        records.flat_map(|record| self.downstream(record)).filter(|(reader, _)| !is_field_of_it(reader)).collect()
    }
}
