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

use crate::hashing::{HashMap, HashSet};
use crate::name::RelationName;

/// Names and what stands behind them; `T` identifies a relation.
#[derive(Debug, Clone)]
pub struct Catalog<T> {
    by_table: HashMap<Box<str>, Group<T>>,
    foreign: HashSet<RelationName>,
}

/// The relations of one table name. There are thousands of some, such as `transactions`, one a schema.
#[derive(Debug, Clone)]
struct Group<T> {
    entries: Vec<Entry<T>>,
    /// The places of those that say in which schema they are, by that schema.
    by_schema: HashMap<Box<str>, Vec<usize>>,
    /// The places of those that do not.
    bare: Vec<usize>,
}

impl<T> Default for Group<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), by_schema: HashMap::default(), bare: Vec::new() }
    }
}

impl<T> Group<T> {
    fn add(&mut self, entry: Entry<T>) {
        let place = self.entries.len();
        match schema_key(&entry.name) {
            Some(schema) => self.by_schema.entry(schema.into()).or_default().push(place),
            None => self.bare.push(place),
        }
        self.entries.push(entry);
    }

    /// The entries that may agree with a name: all of them with a bare one, else those of its schema and
    /// the bare ones.
    fn near(&self, name: &RelationName) -> impl Iterator<Item = &Entry<T>> {
        let schema = schema_key(name);
        let all = if schema.is_none() { self.entries.as_slice() } else { &[] };
        let of_schema = schema.and_then(|schema| self.by_schema.get(schema)).into_iter().flatten();
        let bare = self.bare.iter().filter(move |_| schema.is_some());
        all.iter().chain(of_schema.chain(bare).filter_map(|place| self.entries.get(*place)))
    }
}

/// The part of a name before the table.
fn schema_key(name: &RelationName) -> Option<&str> {
    name.keys().rev().nth(1)
}

#[derive(Debug, Clone)]
struct Entry<T> {
    name: RelationName,
    project: Box<str>,
    relation: T,
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
        Self { by_table: HashMap::default(), foreign: HashSet::default() }
    }
}

impl<T: Copy + Ord> Catalog<T> {
    /// Adds a name of a relation that belongs to a project.
    pub fn add(&mut self, name: RelationName, project: &str, relation: T) {
        if name.is_empty() {
            return;
        }
        let group = self.by_table.entry(name.table_key().into()).or_default();
        group.add(Entry { name, project: project.into(), relation });
    }

    /// Says that a name, written in full, means none of the relations that end it.
    ///
    /// A model in `orders.sql` that reads `raw.orders` proves that `raw.orders` is not itself, so
    /// whoever else reads `raw.orders` does not read the model either.
    pub fn set_apart(&mut self, name: RelationName) {
        self.foreign.insert(name);
    }

    /// The relations that a wildcard stands for; a relation of just that name is not among them.
    #[must_use]
    pub fn behind(&self, wildcard: &RelationName) -> Vec<T> {
        if wildcard.wildcard().is_none() {
            return Vec::new();
        }
        let entries = self.by_table.values().flat_map(|group| &group.entries);
        let meant = entries.filter(|entry| entry.name.wildcard().is_none() && wildcard.stands_for(&entry.name));
        let mut meant: Vec<T> = meant.map(|entry| entry.relation).collect();
        meant.sort_unstable();
        meant.dedup();
        meant
    }

    /// What a name refers to, read from a file of a project.
    #[must_use]
    pub fn find(&self, name: &RelationName, project: Option<&str>) -> Found<T> {
        let Some(group) = self.by_table.get(name.table_key()) else {
            return Found::Nothing;
        };
        let shorter_is_meant = !self.foreign.contains(name);
        let mut best: Option<(usize, bool, bool)> = None;
        let mut meant: Vec<T> = Vec::new();
        for entry in group.near(name) {
            let Some(shared) = name.agreement(&entry.name) else { continue };
            if !shorter_is_meant && entry.name.len() < name.len() {
                continue;
            }
            let rank = (shared, entry.name.len() == name.len(), project == Some(&*entry.project));
            match best {
                Some(best) if rank < best => continue,
                Some(best) if rank == best => {}
                _ => {
                    best = Some(rank);
                    meant.clear();
                }
            }
            meant.push(entry.relation);
        }
        meant.sort_unstable();
        meant.dedup();
        match meant.as_slice() {
            [] => Found::Nothing,
            [one] => Found::One(*one),
            _ => Found::Ambiguous(meant),
        }
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
            catalog.add(name(text), "shop", index);
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
        catalog.add(name("core.orders"), "other", 7);
        assert_eq!(catalog.find(&name("core.orders"), Some("other")), Found::One(7));
        assert_eq!(catalog.find(&name("core.orders"), None), Found::Ambiguous(vec![0, 7]));
    }

    #[test]
    fn two_names_of_one_relation_are_no_ambiguity() {
        let mut catalog = catalog(&["shop.core.orders"]);
        catalog.add(name("dev.core.orders"), "shop", 0);
        assert_eq!(catalog.find(&name("core.orders"), None), Found::One(0));
    }

    #[test]
    fn a_name_set_apart_no_longer_means_what_ends_it() {
        let mut catalog = catalog(&["orders", "lake.raw.orders"]);
        catalog.set_apart(name("raw.orders"));
        assert_eq!(catalog.find(&name("raw.orders"), None), Found::One(1));
        assert_eq!(catalog.find(&name("orders"), None), Found::One(0));
        assert_eq!(catalog.find(&name("core.orders"), None), Found::One(0));
    }

    #[test]
    fn a_wildcard_stands_for_what_begins_like_it() {
        let catalog = catalog(&["ds.events_2024", "shop.ds.events_", "other.events_2024", "events_2024", "ds.event"]);
        assert_eq!(catalog.behind(&name("ds.\"events_*\"")), [0, 1]);
        assert_eq!(catalog.behind(&name("shop.ds.\"events_*\"")), [0, 1]);
        assert_eq!(catalog.behind(&name("ds.events_2024")), [] as [usize; 0]);
    }

    #[test]
    fn a_quoted_dot_is_no_separator() {
        let catalog = catalog(&["\"core.orders\"", "core.orders"]);
        assert_eq!(catalog.find(&name("core.orders"), None), Found::One(1));
        assert_eq!(catalog.find(&name("\"core.orders\""), None), Found::One(0));
    }
}
