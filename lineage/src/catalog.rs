//! What a name refers to: relations by the longest matching suffix of their names.
//!
//! SQL names one table in many ways: `orders`, `core.orders`, `shop.core.orders`. A name and a
//! relation *agree* when the shorter of the two is a suffix of the other. Of all relations that
//! agree, those that share the most parts are meant; among those an exact name wins, then the
//! reader's own project. What is left over is ambiguous, and the reader depends on all of it: an
//! edge too many is better than one missing.
//!
//! A wildcard of BigQuery, `ds.events_*`, is a relation of its own, for those that nobody knows, and all
//! those of the same schema that begin like it, whatever a condition on `_TABLE_SUFFIX` leaves of them.

use std::sync::Arc;

use crate::hashing::HashMap;
use crate::name::RelationName;

/// Names and what stands behind them; `T` identifies a relation. A copy shares with it what neither changes.
#[derive(Debug, Clone)]
pub struct Catalog<T> {
    by_table: HashMap<Arc<str>, Arc<Group<T>>>,
}

/// The relations of one table name, by the schema that they say they are in, those first that say none. There are
/// thousands of some, such as `transactions`, one a schema.
#[derive(Debug, Clone)]
struct Group<T> {
    entries: Vec<Entry<T>>,
}

impl<T> Group<T> {
    fn add(&mut self, entry: Entry<T>) {
        let schema = schema_key(&entry.name);
        let place = self.entries.partition_point(|other| schema_key(&other.name) <= schema);
        self.entries.insert(place, entry);
    }

    /// The entries that may agree with a name: all of them with a bare one, else those of its schema and
    /// the bare ones.
    fn near(&self, name: &RelationName) -> impl Iterator<Item = &Entry<T>> {
        let (bare, of_schema) = match schema_key(name) {
            None => (self.entries.as_slice(), [].as_slice()),
            schema => (self.of_schema(None), self.of_schema(schema)),
        };
        bare.iter().chain(of_schema)
    }

    fn of_schema(&self, schema: Option<&str>) -> &[Entry<T>] {
        let from = self.entries.partition_point(|entry| schema_key(&entry.name) < schema);
        let to = self.entries.partition_point(|entry| schema_key(&entry.name) <= schema);
        self.entries.get(from..to).unwrap_or_default()
    }
}

/// The part of a name before the table.
fn schema_key(name: &RelationName) -> Option<&str> {
    name.keys().rev().nth(1)
}

/// A name of a relation.
#[derive(Debug, Clone)]
pub(crate) struct Entry<T> {
    /// The name.
    pub(crate) name: RelationName,
    /// The project that the relation belongs to.
    project: Arc<str>,
    /// The relation.
    pub(crate) relation: T,
}

impl<T> Entry<T> {
    /// The name with whatever identifies the relation to who looks it up.
    pub(crate) fn of<U>(&self, relation: U) -> (&RelationName, &str, U) {
        (&self.name, &self.project, relation)
    }
}

/// What a name refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<T> {
    /// One relation.
    One(T),
    /// Any of several; sorted.
    Ambiguous(Vec<T>),
    /// No relation of the catalog.
    Nothing,
}

impl<T> Found<T> {
    /// Every relation that may be meant.
    #[must_use]
    pub fn candidates(self) -> Vec<T> {
        match self {
            Self::One(relation) => vec![relation],
            Self::Ambiguous(relations) => relations,
            Self::Nothing => Vec::new(),
        }
    }
}

impl<T> Default for Catalog<T> {
    fn default() -> Self {
        Self { by_table: HashMap::default() }
    }
}

impl<T: Copy + Ord> Catalog<T> {
    /// Adds a name of a relation that belongs to a project.
    pub fn add(&mut self, name: RelationName, project: &Arc<str>, relation: T) {
        if name.is_empty() {
            return;
        }
        let entry = Entry { name, project: Arc::clone(project), relation };
        match self.by_table.get_mut(entry.name.table_key()) {
            Some(group) => Arc::make_mut(group).add(entry),
            None => {
                let key = Arc::from(entry.name.table_key());
                self.by_table.insert(key, Arc::new(Group { entries: vec![entry] }));
            }
        }
    }

    /// Takes a name of a relation out.
    pub(crate) fn remove(&mut self, name: &RelationName, relation: T) {
        let Some(group) = self.by_table.get_mut(name.table_key()) else { return };
        let entries = &mut Arc::make_mut(group).entries;
        entries.retain(|entry| entry.relation != relation || entry.name != *name);
        if entries.is_empty() {
            self.by_table.remove(name.table_key());
        }
    }

    /// The names that may agree with a name.
    pub(crate) fn near<'c>(&'c self, name: &'c RelationName) -> impl Iterator<Item = &'c Entry<T>> {
        let group = self.by_table.get(name.table_key());
        group.into_iter().flat_map(move |group| group.near(name))
    }

    /// The names of the relations that a wildcard stands for; a relation of just that name is not among them.
    pub(crate) fn behind<'c>(&'c self, wildcard: &'c RelationName) -> impl Iterator<Item = &'c Entry<T>> {
        let groups = self.by_table.values().filter(|_| wildcard.wildcard().is_some());
        let entries = groups.flat_map(|group| &group.entries);
        entries.filter(|entry| entry.name.wildcard().is_none() && wildcard.stands_for(&entry.name))
    }

    /// What a name refers to, read from a file of a project.
    #[must_use]
    pub fn find(&self, name: &RelationName, project: Option<&str>) -> Found<T> {
        best(name, project, Ends::Meant, self.near(name).map(|entry| entry.of(entry.relation)))
    }
}

/// Whether a name may mean a relation whose own name is only the end of it.
///
/// A model in `orders.sql` that reads `raw.orders` proves that `raw.orders` is not itself, so
/// whoever else reads `raw.orders` does not read the model either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// It may.
    Meant,
    /// It is set apart from those.
    Apart,
}

/// What a name refers to of names that may agree with it, each with its project and its relation.
pub(crate) fn best<'c, T: Copy + Ord>(
    name: &RelationName,
    project: Option<&str>,
    ends: Ends,
    entries: impl Iterator<Item = (&'c RelationName, &'c str, T)>,
) -> Found<T> {
    let mut best: Option<(usize, bool, bool)> = None;
    let mut meant: Vec<T> = Vec::new();
    for (other, of_project, relation) in entries {
        let Some(shared) = name.agreement(other) else { continue };
        if ends == Ends::Apart && other.len() < name.len() {
            continue;
        }
        let rank = (shared, other.len() == name.len(), project == Some(of_project));
        match best {
            Some(best) if rank < best => continue,
            Some(best) if rank == best => {}
            _ => {
                best = Some(rank);
                meant.clear();
            }
        }
        meant.push(relation);
    }
    meant.sort_unstable();
    meant.dedup();
    match meant.as_slice() {
        [] => Found::Nothing,
        [one] => Found::One(*one),
        _ => Found::Ambiguous(meant),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;

    fn name(text: &str) -> RelationName {
        RelationName::parse(Dialect::Postgres, text)
    }

    fn catalog(names: &[&str]) -> Catalog<usize> {
        let mut catalog = Catalog::default();
        for (index, text) in names.iter().enumerate() {
            catalog.add(name(text), &Arc::from("shop"), index);
        }
        catalog
    }

    #[test]
    fn the_longest_shared_suffix_is_meant() {
        let catalog = catalog(&["core.orders", "raw.orders"]);
        assert_eq!(catalog.find(&name("shop.raw.orders"), None), Found::One(1));
        assert_eq!(catalog.find(&name("core.orders"), None), Found::One(0));
        assert_eq!(catalog.find(&name("other.orders"), None), Found::Nothing);
    }

    #[test]
    fn a_short_name_that_fits_several_means_all_of_them() {
        let catalog = catalog(&["core.orders", "raw.orders"]);
        assert_eq!(catalog.find(&name("orders"), None), Found::Ambiguous(vec![0, 1]));
    }

    #[test]
    fn an_exact_name_wins_over_a_suffix() {
        let catalog = catalog(&["core.orders", "orders"]);
        assert_eq!(catalog.find(&name("orders"), None), Found::One(1));
    }

    #[test]
    fn the_readers_own_project_wins_among_equals() {
        let mut catalog = catalog(&["core.orders"]);
        catalog.add(name("core.orders"), &Arc::from("other"), 7);
        assert_eq!(catalog.find(&name("core.orders"), Some("other")), Found::One(7));
        assert_eq!(catalog.find(&name("core.orders"), None), Found::Ambiguous(vec![0, 7]));
    }

    #[test]
    fn two_names_of_one_relation_are_no_ambiguity() {
        let mut catalog = catalog(&["shop.core.orders"]);
        catalog.add(name("dev.core.orders"), &Arc::from("shop"), 0);
        assert_eq!(catalog.find(&name("core.orders"), None), Found::One(0));
    }

    #[test]
    fn a_name_set_apart_no_longer_means_what_ends_it() {
        let catalog = catalog(&["orders", "lake.raw.orders"]);
        let apart = |text: &str| {
            let name = name(text);
            best(&name, None, Ends::Apart, catalog.near(&name).map(|entry| entry.of(entry.relation)))
        };
        assert_eq!(catalog.find(&name("raw.orders"), None), Found::One(1));
        assert_eq!(catalog.find(&name("core.orders"), None), Found::One(0));
        assert_eq!([apart("raw.orders"), apart("core.orders")], [Found::One(1), Found::Nothing]);
    }

    #[test]
    fn a_wildcard_stands_for_what_begins_like_it() {
        let catalog = catalog(&["ds.events_2024", "shop.ds.events_", "other.events_2024", "events_2024", "ds.event"]);
        let behind = |text: &str| {
            let mut behind: Vec<usize> = catalog.behind(&name(text)).map(|entry| entry.relation).collect();
            behind.sort_unstable();
            behind
        };
        assert_eq!(behind("ds.\"events_*\""), [0, 1]);
        assert_eq!(behind("shop.ds.\"events_*\""), [0, 1]);
        assert_eq!(behind("ds.events_2024"), [] as [usize; 0]);
    }

    #[test]
    fn what_is_taken_out_is_found_no_more_and_copies_keep_it() {
        let before = catalog(&["core.orders", "raw.orders"]);
        let mut after = before.clone();
        after.remove(&name("core.orders"), 0);
        assert_eq!(after.find(&name("orders"), None), Found::One(1));
        assert_eq!(after.find(&name("core.orders"), None), Found::Nothing);
        assert_eq!(before.find(&name("orders"), None), Found::Ambiguous(vec![0, 1]));
        after.remove(&name("raw.orders"), 0);
        assert_eq!(after.find(&name("orders"), None), Found::One(1));
    }

    #[test]
    fn a_quoted_dot_is_no_separator() {
        let catalog = catalog(&["\"core.orders\"", "core.orders"]);
        assert_eq!(catalog.find(&name("core.orders"), None), Found::One(1));
        assert_eq!(catalog.find(&name("\"core.orders\""), None), Found::One(0));
    }
}
