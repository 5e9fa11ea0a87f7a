//! The shortest ways from some parts of relations to others, step by step, or none.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::dependency::EdgeKind;
use crate::diagnostic::Position;
use crate::graph::Node;
use crate::graph::columns::{ColumnEdge, ColumnGraph, ColumnId, Direction, Part};

use super::{Certainty, certainty, neighbours};

/// One dependency on a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<'g> {
    /// What is read.
    pub from: ColumnId,
    /// What reads it.
    pub to: ColumnId,
    /// How, and where that is written.
    pub edge: &'g ColumnEdge,
    /// Whether it is known to be there.
    pub certainty: Certainty,
}

/// How some parts of relations reach others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection<'g> {
    /// The ways, shortest first, each through a relation that the ones before do not go through. No
    /// step at all: where it begins is where it ends.
    pub paths: Vec<Vec<Step<'g>>>,
    /// The other relations that lie between.
    pub others: BTreeSet<Node>,
    /// Whether every step of the first way is known to be there; that of the others is the same.
    pub certainty: Certainty,
}

/// Which edges a search may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Certain,
    All,
}

/// The shortest ways downstream from some parts to others, at most so many; `None` if there is none.
/// A way of which every step is known to be there comes before any other, however long.
#[must_use]
pub fn connect<'g>(
    columns: &'g ColumnGraph,
    from: &[ColumnId],
    to: &[ColumnId],
    most: usize,
) -> Option<Connection<'g>> {
    [Use::Certain, Use::All].into_iter().find_map(|usable| Search::new(columns, from, to, usable).connection(most))
}

/// How far a part is from where a search began: how many steps from one relation to the next, and on
/// how many of them no value flows.
type Distance = (usize, usize);

/// How far parts are from where a search began, and from where each is reached in the shortest way.
type Distances<'g> = BTreeMap<ColumnId, (Distance, Option<(ColumnId, &'g ColumnEdge)>)>;

struct Search<'g> {
    columns: &'g ColumnGraph,
    usable: Use,
    after: Distances<'g>,
    before: Distances<'g>,
}

impl<'g> Search<'g> {
    fn new(columns: &'g ColumnGraph, from: &[ColumnId], to: &[ColumnId], usable: Use) -> Self {
        let mut search = Self { columns, usable, after: BTreeMap::new(), before: BTreeMap::new() };
        search.after = search.distances(from, Direction::Downstream);
        search.before = search.distances(to, Direction::Upstream);
        search
    }

    /// The shortest ways from some parts to all others; of two that are equally long, the one along
    /// which values flow.
    fn distances(&self, from: &[ColumnId], way: Direction) -> Distances<'g> {
        let mut found: Distances<'g> = BTreeMap::new();
        let mut ahead: BinaryHeap<Reverse<(Distance, ColumnId)>> = BinaryHeap::new();
        for id in from {
            found.insert(*id, ((0, 0), None));
            ahead.push(Reverse(((0, 0), *id)));
        }
        while let Some(Reverse((distance, id))) = ahead.pop() {
            let via = match found.get(&id) {
                Some((known, via)) if *known == distance => *via,
                _ => continue,
            };
            for (next, edge) in neighbours(self.columns, id, way, via.is_none()) {
                let (read, reader) = in_order(way, id, next);
                if self.usable == Use::Certain && certainty(self.columns, read, reader, edge) == Certainty::Possible {
                    continue;
                }
                let is_step = self.columns.node(id).relation != self.columns.node(next).relation;
                let there = (distance.0 + usize::from(is_step), distance.1 + usize::from(!edge.kind.is_direct()));
                if found.get(&next).is_none_or(|(known, _)| there < *known) {
                    found.insert(next, (there, Some((id, edge))));
                    ahead.push(Reverse((there, next)));
                }
            }
        }
        found
    }

    fn connection(&self, most: usize) -> Option<Connection<'g>> {
        let mut best: BTreeMap<Node, (Distance, ColumnId)> = BTreeMap::new();
        for (id, (after, _)) in &self.after {
            let Some((before, _)) = self.before.get(id) else { continue };
            let rank = ((after.0 + before.0, after.1 + before.1), *id);
            let relation = self.columns.node(*id).relation;
            best.entry(relation).and_modify(|known| *known = rank.min(*known)).or_insert(rank);
        }
        let mut ranked: Vec<((Distance, ColumnId), Node)> = best.iter().map(|(node, rank)| (*rank, *node)).collect();
        ranked.sort_unstable();
        let mut paths = Vec::new();
        let mut shown: BTreeSet<Node> = BTreeSet::new();
        for ((_, id), relation) in ranked {
            if paths.len() == most || shown.contains(&relation) {
                continue;
            }
            let path = self.path(id);
            if paths.is_empty() || self.is_straight(&path) {
                shown
                    .extend(path.iter().flat_map(|step| [step.from, step.to]).map(|id| self.columns.node(id).relation));
                shown.insert(relation);
                paths.push(path);
            }
        }
        let others: BTreeSet<Node> = best.into_keys().filter(|relation| !shown.contains(relation)).collect();
        let certainty = match self.usable {
            Use::Certain => Certainty::Certain,
            Use::All => Certainty::Possible,
        };
        (!paths.is_empty()).then_some(Connection { paths, others, certainty })
    }

    /// The shortest way through a part.
    fn path(&self, through: ColumnId) -> Vec<Step<'g>> {
        let mut path = Vec::new();
        let mut here = through;
        while let Some((_, Some((from, edge)))) = self.after.get(&here) {
            path.push(self.step(*from, here, edge));
            here = *from;
        }
        path.reverse();
        here = through;
        while let Some((_, Some((to, edge)))) = self.before.get(&here) {
            path.push(self.step(here, *to, edge));
            here = *to;
        }
        path
    }

    fn step(&self, from: ColumnId, to: ColumnId, edge: &'g ColumnEdge) -> Step<'g> {
        Step { from, to, edge, certainty: certainty(self.columns, from, to, edge) }
    }

    /// Whether a way comes to no relation twice: to one that it has left.
    fn is_straight(&self, path: &[Step<'g>]) -> bool {
        let mut left = BTreeSet::new();
        path.iter().all(|step| {
            let (from, to) = (self.columns.node(step.from).relation, self.columns.node(step.to).relation);
            from == to || (left.insert(from) && !left.contains(&to))
        })
    }
}

const fn in_order(way: Direction, here: ColumnId, next: ColumnId) -> (ColumnId, ColumnId) {
    match way {
        Direction::Downstream => (here, next),
        Direction::Upstream => (next, here),
    }
}

/// Whether an edge only says what is part of what, or what stands for what, within a relation.
#[must_use]
pub fn is_inner(columns: &ColumnGraph, from: ColumnId, to: ColumnId, edge: &ColumnEdge) -> bool {
    let (from, to) = (columns.node(from), columns.node(to));
    let is_alike = || match (&from.part, &to.part) {
        (Part::Column(column), Part::Column(field)) if column.column == field.column => {
            edge.kind == EdgeKind::Identity && field.fields().len() > column.fields().len()
        }
        // A name that is spelled in another case, or one that the relation is not known to have.
        (Part::Column(column), Part::Column(asked)) => {
            let (spelled, asked) = (column.column.as_str(), asked.column.as_str());
            edge.kind == EdgeKind::Identity && spelled.eq_ignore_ascii_case(asked)
        }
        (Part::Any, Part::Column(_)) => edge.kind == EdgeKind::Unknown && edge.position == Position::START,
        _ => false,
    };
    from.relation == to.relation && (to.part == Part::Any || from.part == Part::Every || is_alike())
}
