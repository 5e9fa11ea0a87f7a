//! Where a change stops on its way to something that it does not reach.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::Node;
use crate::graph::columns::Part;
use crate::name::{ColumnName, RelationName};

use super::judge::Wanted;
use super::{Noticed, Spread};

/// Where the changes upstream of something stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cut {
    /// None of the relations upstream changed.
    NothingUpstream,
    /// A relation that changed is read by one that does not notice.
    Unnoticed {
        /// What changed or is reached last.
        from: RelationName,
        /// What happens to it.
        effects: Vec<Noticed>,
        /// Who reads it and does not notice; `None` if it is the job itself, which names its columns.
        reader: Option<RelationName>,
        /// The columns of it that the reader depends on.
        reads: Vec<ColumnName>,
        /// Whether the reader knows what has another name there.
        names: Names,
        /// How many more such places there are.
        more: usize,
    },
}

/// Whether a reader asks for what changed by its new name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// It does, and reads what it read before.
    Followed,
    /// What it reads has the name that it had.
    AsBefore,
}

impl Spread<'_> {
    /// Where changes stop on their way to relations that they do not reach, or of which they reach
    /// only what is not wanted.
    pub(super) fn cut(&self, read: &BTreeSet<Node>, wanted: &Wanted<'_>) -> Option<Cut> {
        if !self.anything_changed {
            return None;
        }
        let head = self.walk.head;
        let upstream = head.upstream(read.iter().copied());
        let arrived = |node: Node| self.arrivals.get(&head.relation(node).id);
        let mut places: BTreeMap<(RelationName, Option<RelationName>), (Node, Option<Node>)> = BTreeMap::new();
        for node in upstream.iter().copied().filter(|node| arrived(*node).is_some()) {
            let name = &head.relation(node).name;
            if read.contains(&node) {
                places.insert((name.clone(), None), (node, None));
            }
            for reader in head.children(node) {
                if upstream.contains(&reader) && arrived(reader).is_none() {
                    places.insert((name.clone(), Some(head.relation(reader).name.clone())), (node, Some(reader)));
                }
            }
        }
        let more = places.len().saturating_sub(1);
        let Some(((from, reader), (node, reading))) = places.into_iter().next() else {
            return Some(Cut::NothingUpstream);
        };
        let reads = match reading {
            Some(reading) => self.columns_read(node, reading),
            None => wanted(head.relation(node)).unwrap_or_default(),
        };
        let effects = arrived(node).map(|arrival| arrival.effects.iter().cloned().collect()).unwrap_or_default();
        let followed = &self.walk.followed;
        let is_followed = |reading: Node| {
            let has_new_name = |column: &ColumnName| {
                followed.columns(&head.relation(node).id).iter().any(|renamed| renamed.head == *column)
            };
            followed.is_settled(&head.relation(reading).id)
                && (reads.iter().any(has_new_name) || followed.before(&head.relation(node).id).is_some())
        };
        let names = if reading.is_some_and(is_followed) { Names::Followed } else { Names::AsBefore };
        Some(Cut::Unnoticed { from, effects, reader, reads, names, more })
    }

    /// The columns of one relation that another depends on.
    fn columns_read(&self, read: Node, reader: Node) -> Vec<ColumnName> {
        let columns = &self.walk.columns;
        let mut found = Vec::new();
        for id in columns.parts_of(read) {
            let Part::Column(path) = &columns.node(id).part else { continue };
            let is_read = columns.downstream(id).any(|(to, _)| columns.node(to).relation == reader);
            if is_read && !found.contains(&path.column) {
                found.push(path.column.clone());
            }
        }
        found
    }
}
