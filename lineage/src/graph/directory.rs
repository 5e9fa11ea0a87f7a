//! What ids and names mean in one version. It must not know who asks.
//!
//! Versions of a history share what none of them changes: relations have numbers that stay, and each version says at
//! which place the relation of a number stands in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::{Catalog, Ends, Found, best};
use crate::hashing::{HashMap, HashSet};
use crate::name::RelationName;
use crate::relation::{Relation, RelationId};

use super::Node;

/// The number of a relation in all versions that were made of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(u32);

impl Number {
    const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What ids and names mean in one version.
#[derive(Debug, Default)]
pub(super) struct Directory {
    /// The same in all versions that have their numbers in common.
    numbering: Arc<()>,
    ids: Arc<HashMap<RelationId, Number>>,
    names: Arc<Catalog<Number>>,
    /// Where the relation of a number is, if this version has it.
    places: Arc<Vec<Option<Node>>>,
    /// The numbers of the relations, by their places.
    numbers: Arc<Vec<Number>>,
    /// Names that mean none of the relations that end them.
    apart: HashSet<RelationName>,
    /// What is read and nothing declares.
    pub(super) externals: Externals,
}

/// What is read and nothing declares.
#[derive(Debug, Default)]
pub(super) struct Externals {
    pub(super) by_name: BTreeMap<RelationName, Node>,
    pub(super) by_id: HashMap<RelationId, Node>,
    /// Their names, once all of them are known: whether a name is found must not depend on who was connected first.
    listed: Catalog<Node>,
}

/// The names of a relation.
pub(super) fn names(relation: &Relation) -> impl Iterator<Item = &RelationName> {
    std::iter::once(&relation.name).chain(&relation.aliases)
}

impl Directory {
    /// The directory of a version without relations, with the numbers of another one. What is external is not in it.
    pub(super) fn after(before: &Self) -> Self {
        let Self { numbering, ids, names, places, numbers, apart: _, externals: _ } = before;
        Self {
            numbering: Arc::clone(numbering),
            ids: Arc::clone(ids),
            names: Arc::clone(names),
            places: Arc::clone(places),
            numbers: Arc::clone(numbers),
            apart: HashSet::default(),
            externals: Externals::default(),
        }
    }

    /// Takes the names of a relation out.
    pub(super) fn remove(&mut self, node: Node, relation: &Relation) {
        let Some(number) = self.numbers.get(node.0.index()).copied() else { return };
        let known = Arc::make_mut(&mut self.names);
        names(relation).for_each(|name| known.remove(name, number));
    }

    /// The number of an id.
    fn number(&mut self, id: &RelationId) -> Number {
        if let Some(number) = self.ids.get(id) {
            return *number;
        }
        #[allow(clippy::cast_possible_truncation)]
        let number = Number(self.ids.len() as u32);
        Arc::make_mut(&mut self.ids).insert(id.clone(), number);
        number
    }

    /// Adds the names of a relation.
    pub(super) fn add(&mut self, relation: &Relation) -> Number {
        let number = self.number(&relation.id);
        let known = Arc::make_mut(&mut self.names);
        names(relation).for_each(|name| known.add(name.clone(), &relation.project, number));
        number
    }

    /// The number of the relation at a place.
    pub(super) fn number_at(&self, node: Node) -> Option<Number> {
        self.numbers.get(node.0.index()).copied()
    }

    /// Says at which places the relations of some numbers are, those of all others nowhere.
    pub(super) fn place(&mut self, numbers: Vec<Number>) {
        if *self.numbers == numbers {
            return;
        }
        let mut places = vec![None; self.ids.len()];
        for (place, number) in numbers.iter().enumerate() {
            places[number.index()] = Some(Node::at(place));
        }
        self.places = Arc::new(places);
        self.numbers = Arc::new(numbers);
    }

    /// Says that names, written in full, mean none of the relations that end them.
    pub(super) fn set_apart(&mut self, names: impl Iterator<Item = RelationName>) {
        self.apart = names.collect();
    }

    /// How many relations there are that something declares.
    pub(super) fn declared(&self) -> usize {
        self.numbers.len()
    }

    /// Where the relation of an id is, if something declares it.
    pub(super) fn by_id(&self, id: &RelationId) -> Option<Node> {
        self.ids.get(id).and_then(|number| self.at(*number))
    }

    /// Where the relation of another version is that stands there at a place, if something declares it here.
    pub(super) fn counterpart(&self, other: &Self, node: Node) -> Option<Option<Node>> {
        let is_known = Arc::ptr_eq(&self.numbering, &other.numbering);
        is_known.then(|| other.number_at(node).and_then(|number| self.at(number)))
    }

    fn at(&self, number: Number) -> Option<Node> {
        self.places.get(number.index()).copied().flatten()
    }

    /// What a name means, read from a file of a project.
    pub(super) fn find(&self, name: &RelationName, project: Option<&str>) -> Found<Node> {
        let ends = if self.apart.contains(name) { Ends::Apart } else { Ends::Meant };
        let declared = self.names.near(name).filter_map(|entry| Some(entry.of(self.at(entry.relation)?)));
        let external = self.externals.listed.near(name).map(|entry| entry.of(entry.relation));
        best(name, project, ends, declared.chain(external))
    }

    /// What a name means of the relations that are wanted, by names of more than one part.
    pub(super) fn find_in_full(&self, name: &RelationName, is_wanted: impl Fn(Node) -> bool) -> Found<Node> {
        let near = self.names.near(name).filter(|entry| entry.name.len() > 1);
        let near = near.filter_map(|entry| Some(entry.of(self.at(entry.relation).filter(|node| is_wanted(*node))?)));
        best(name, None, Ends::Meant, near)
    }

    /// The relations that a wildcard stands for; a relation of just that name is not among them.
    pub(super) fn behind(&self, wildcard: &RelationName) -> Vec<Node> {
        if wildcard.wildcard().is_none() {
            return Vec::new();
        }
        let declared = self.names.behind(wildcard).filter_map(|entry| self.at(entry.relation));
        let external = self.externals.listed.behind(wildcard).map(|entry| entry.relation);
        let mut behind: Vec<Node> = declared.chain(external).collect();
        behind.sort_unstable();
        behind.dedup();
        behind
    }
}

impl Externals {
    /// Lets names find them.
    pub(super) fn list(&mut self) {
        let nameless: Arc<str> = Arc::from("");
        self.by_name.iter().for_each(|(name, node)| self.listed.add(name.clone(), &nameless, *node));
    }
}
