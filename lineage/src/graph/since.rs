//! How the relations of a version stand to those of the version before: which are the same, and which names mean
//! something else. It must not know columns.
//!
//! Most commits touch a few files of thousands. What was found of a relation holds for it in the next version if it is
//! the same there and all that it reads is; that is for who found it to say.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::hashing::HashSet;
use crate::relation::{Reference, Relation, RelationId, RelationKind};

use super::directory::names;
use super::{LineageGraph, Node};

/// How the relations of a version stand to those of the version before.
#[derive(Debug, Default)]
pub(super) struct Since {
    /// Where each relation of the version before is now, by its place there.
    now: Vec<Option<Node>>,
    /// Where each relation of this version was, by its place.
    then: Vec<Option<Node>>,
    /// How each stands to what it was.
    standings: Vec<Standing>,
    /// Whether all that each reads has the same meaning.
    reads: Vec<Meaning>,
    /// The last parts of names that may find something else.
    names: HashSet<Box<str>>,
    /// The ids of relations that one of the versions lacks.
    ids: HashSet<RelationId>,
}

/// How a relation stands to what it was in the version before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The version before does not have it.
    New,
    /// Nothing about it differs.
    Same,
    /// It differs, but is called as it was and is of the same kind.
    Edited,
    /// It is called otherwise, or is of another kind.
    Renamed,
}

/// Whether names mean what they meant in the version before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// They do.
    Same,
    /// Some may not.
    Doubtful,
}

impl Since {
    /// How relations, sorted by their ids, stand to those of a version before.
    pub(super) fn of(before: &LineageGraph, relations: &[Arc<Relation>]) -> Self {
        let mut since = Self { now: vec![None; before.directory.declared()], ..Self::default() };
        let mut old = (0..since.now.len()).map(Node::at).peekable();
        for (place, relation) in relations.iter().enumerate() {
            while let Some(gone) = old.next_if(|node| before.relation(*node).id < relation.id) {
                since.lacks(before.relation(gone));
            }
            let then = old.next_if(|node| match before.relation(*node).id.cmp(&relation.id) {
                Ordering::Equal => true,
                Ordering::Less | Ordering::Greater => false,
            });
            let standing = then.map_or(Standing::New, |then| standing(&before.graph[then.0], relation));
            match (standing, then) {
                (Standing::Renamed, Some(then)) => {
                    since.called(before.relation(then));
                    since.called(relation);
                }
                (Standing::New, _) => since.lacks(relation),
                _ => {}
            }
            if let Some(then) = then {
                since.now[then.0.index()] = Some(Node::at(place));
            }
            since.then.push(then);
            since.standings.push(standing);
        }
        old.for_each(|gone| since.lacks(before.relation(gone)));
        let meaning = |(relation, standing): (&Arc<Relation>, &Standing)| match standing {
            Standing::Same if since.means_the_same(relation) => Meaning::Same,
            _ => Meaning::Doubtful,
        };
        since.reads = relations.iter().zip(&since.standings).map(meaning).collect();
        since
    }

    /// One of the versions has a relation that the other one lacks.
    fn lacks(&mut self, relation: &Relation) {
        self.ids.insert(relation.id.clone());
        self.called(relation);
    }

    fn called(&mut self, relation: &Relation) {
        self.names.extend(names(relation).map(|name| Box::from(name.table_key())));
    }

    /// Whether what a relation reads, and what fills it where it is a declared source, has the meaning that it had.
    fn means_the_same(&self, relation: &Relation) -> bool {
        if self.names.is_empty() && self.ids.is_empty() {
            return true;
        }
        let mut reads = relation.writers.iter().flat_map(|writer| &writer.reads);
        let reads_the_same = reads.all(|read| match read {
            Reference::Id(id, _) => !self.ids.contains(id),
            Reference::Name(read) => read.name.wildcard().is_none() && !self.names.contains(read.name.table_key()),
        });
        let is_filled_by_the_same = || {
            relation.kind != RelationKind::Source
                || relation.aliases.iter().all(|name| !self.names.contains(name.table_key()))
        };
        reads_the_same && is_filled_by_the_same()
    }

    /// How a relation stands to what it was.
    pub(super) fn standing(&self, node: Node) -> Standing {
        self.standings.get(node.0.index()).copied().unwrap_or(Standing::New)
    }

    /// Where a relation was.
    pub(super) fn then(&self, node: Node) -> Option<Node> {
        self.then.get(node.0.index()).copied().flatten()
    }

    /// Where a relation of the version before is.
    pub(super) fn now(&self, node: Node) -> Option<Node> {
        self.now.get(node.0.index()).copied().flatten()
    }

    /// Where a relation was that is the same as there, and reads the same.
    pub(super) fn then_if_same(&self, node: Node) -> Option<Node> {
        let is_same = self.reads.get(node.0.index()) == Some(&Meaning::Same);
        self.then(node).filter(|_| is_same)
    }

    /// The relations of the version before that this one lacks or calls otherwise.
    pub(super) fn uncalled(&self) -> impl Iterator<Item = Node> + '_ {
        let goes = |now: Option<Node>| now.is_none_or(|now| self.standing(now) == Standing::Renamed);
        self.now.iter().enumerate().filter(move |(_, now)| goes(**now)).map(|(place, _)| Node::at(place))
    }

    /// Says where relations are that nothing declares, in both versions.
    pub(super) fn add_externals(&mut self, before: &LineageGraph, graph: &LineageGraph) {
        self.now.resize(before.graph.node_count(), None);
        for place in self.then.len()..graph.graph.node_count() {
            let node = Node::at(place);
            let relation = &graph.graph[node.0];
            let then = before.directory.externals.by_id.get(&relation.id).copied();
            let standing = then.map_or(Standing::New, |then| standing(&before.graph[then.0], relation));
            if let Some(then) = then {
                self.now[then.0.index()] = Some(node);
            }
            self.then.push(then);
            self.standings.push(standing);
            self.reads.push(if standing == Standing::Same { Meaning::Same } else { Meaning::Doubtful });
        }
    }
}

fn standing(before: &Arc<Relation>, now: &Arc<Relation>) -> Standing {
    if Arc::ptr_eq(before, now) {
        return Standing::Same;
    }
    // Names print as they are written, whatever they are compared by.
    let called = |relation: &Relation| names(relation).map(ToString::to_string).collect::<Vec<_>>();
    let is_called_alike = before.name == now.name
        && before.aliases == now.aliases
        && before.kind == now.kind
        && before.project == now.project
        && called(before) == called(now);
    if is_called_alike { Standing::Edited } else { Standing::Renamed }
}
