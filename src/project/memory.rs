//! What was read once in a run, kept for whoever reads it again: the other version of a comparison, and
//! other projects that use the same package. Who keeps something decides what it means.
//!
//! A key holds everything that its value depends on. So what is found is always right, and what is not
//! found is made anew.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use foldhash::HashMap;
use headsup_lineage::relation::Relation;

use super::elsewhere::Elsewhere;
use super::{Part, dbt, rendered};

/// What was read once in a run.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// What dbt's readers keep.
    pub(super) dbt: dbt::Remembered,
    /// What rendered SQL says.
    pub(super) rendered: rendered::Known,
    /// Relations that are called by the name of their project as well.
    pub(super) namesakes: Derived<Arc<Relation>>,
    /// What whole projects of dbt hold.
    pub(super) parts: Parts,
}

impl Memory {
    /// Lets go of what was made for versions of long ago.
    pub(super) fn sweep(&self) {
        self.dbt.sweep();
        self.rendered.sweep();
        self.namesakes.sweep();
    }

    /// Lets go of what the versions of a project in a folder have in common, once all of them have been read.
    pub(super) fn forget_project(&self, root: &Arc<str>) {
        self.dbt.forget_project(root);
        self.parts.0.remove(root);
    }

    /// Lets go of what nobody reads again once all versions have been read: their graphs need the room.
    pub(super) fn forget(&self) {
        self.dbt.forget();
        self.rendered.forget();
        self.namesakes.forget();
        self.parts.0.forget();
    }
}

/// What each project of dbt was found to hold by its last reading, with the files that were read. Most commits
/// touch one project of a repository and leave the others as they are.
#[derive(Debug, Default)]
pub(super) struct Parts(Shelf<Arc<str>, Arc<(dbt::Inputs, Part)>>);

impl Parts {
    /// What the project in a folder holds: what was found before where its files are the same, or what is read now;
    /// what is read for two versions only is not kept.
    pub(super) fn get_or_read(
        &self,
        root: &Arc<str>,
        inputs: dbt::Inputs,
        elsewhere: &Elsewhere,
        read: impl FnOnce() -> Part,
    ) -> Part {
        let is_for_any = |part: &Part| !part.relations.iter().any(|relation| elsewhere.concerns(relation));
        if let Some(kept) = self.0.get(root).filter(|kept| kept.0 == inputs && is_for_any(&kept.1)) {
            return kept.1.clone();
        }
        let part = read();
        if is_for_any(&part) {
            self.0.put(Arc::clone(root), Arc::new((inputs, part.clone())));
        }
        part
    }
}

/// Values of one kind by what they depend on.
#[derive(Debug)]
pub(super) struct Shelf<K, V>(Mutex<HashMap<K, V>>);

impl<K, V> Default for Shelf<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq, V: Clone> Shelf<K, V> {
    /// What is kept under a key.
    pub(super) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Lets go of everything.
    pub(super) fn forget(&self) {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Lets go of what is kept under a key. That may be much to take apart, which nobody else waits for.
    pub(super) fn remove<Q: Hash + Eq + ?Sized>(&self, key: &Q)
    where
        K: Borrow<Q>,
    {
        let removed = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        drop(removed);
    }

    /// Lets go of what is kept under keys of which something holds.
    pub(super) fn remove_all(&self, goes: impl Fn(&K) -> bool) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let removed: Vec<(K, V)> = kept.extract_if(|key, _| goes(key)).collect();
        kept.shrink_to_fit();
        drop(kept);
        drop(removed);
    }

    /// Lets go of what is not to stay.
    pub(super) fn retain(&self, stays: impl Fn(&V) -> bool) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let removed: Vec<(K, V)> = kept.extract_if(|_, value| !stays(value)).collect();
        drop(kept);
        drop(removed);
    }

    /// All that is kept.
    pub(super) fn values(&self) -> Vec<V> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Keeps a value in place of the one that was kept.
    pub(super) fn put(&self, key: K, value: V) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, value);
    }

    /// What is kept under a key, or what is made now. Two threads that come at the same time may both
    /// make it; they make the same.
    pub(super) fn get_or_make(&self, key: K, make: impl FnOnce() -> V) -> V {
        if let Some(kept) = self.get(&key) {
            return kept;
        }
        let made = make();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(made).clone()
    }
}

/// What was made of relations, each by its own place in memory, as long as somebody else holds that.
#[derive(Debug)]
pub(super) struct Derived<T>(Mutex<HashMap<usize, (Weak<Relation>, T)>>);

impl<T> Default for Derived<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Derived<T> {
    /// What was made of a relation, or what is made of it now. Two threads may both make it; they make the same.
    pub(super) fn get_or_make(&self, of: &Arc<Relation>, make: impl FnOnce() -> T) -> T {
        let place = Arc::as_ptr(of).addr();
        // As long as it is referred to, if weakly, nothing else comes to its place.
        let known = self.held().get(&place).filter(|(of, _)| of.strong_count() > 0).map(|(_, made)| made.clone());
        known.unwrap_or_else(|| {
            let made = make();
            self.held().insert(place, (Arc::downgrade(of), made.clone()));
            made
        })
    }

    /// Lets go of what was made of relations that nobody holds any more.
    pub(super) fn sweep(&self) {
        self.held().retain(|_, (of, _)| of.strong_count() > 0);
    }

    /// Lets go of everything.
    pub(super) fn forget(&self) {
        std::mem::take(&mut *self.held());
    }

    fn held(&self) -> MutexGuard<'_, HashMap<usize, (Weak<Relation>, T)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use headsup_lineage::dialect::Dialect;
    use headsup_lineage::name::RelationName;
    use headsup_lineage::query::TableSchema;
    use headsup_lineage::relation::{Declaration, Relation, RelationId, RelationKind, Rung};

    use super::{Derived, Shelf};

    fn relation() -> Arc<Relation> {
        Arc::new(Relation {
            id: RelationId::new("orders"),
            name: RelationName::bare(Dialect::Ansi, ["orders"]),
            aliases: Vec::new(),
            kind: RelationKind::Source,
            rung: Rung::Open,
            project: Arc::from("shop"),
            writers: Vec::new(),
            declared_in: None,
            schema: TableSchema::default(),
            declaration: Declaration::Described,
            config: BTreeMap::new(),
        })
    }

    #[test]
    fn what_is_made_of_a_relation_stays_as_long_as_the_relation() {
        let derived: Derived<u32> = Derived::default();
        let made = Cell::new(0);
        let make = || {
            made.set(made.get() + 1);
            made.get()
        };
        let (one, equal) = (relation(), relation());
        assert_eq!([&one, &one, &equal, &one].map(|of| derived.get_or_make(of, make)), [1, 1, 2, 1]);
        drop(one);
        derived.sweep();
        assert_eq!(derived.held().len(), 1);
        assert_eq!(derived.get_or_make(&equal, make), 2);
    }

    #[test]
    fn what_is_kept_is_not_made_again() {
        let shelf: Shelf<&str, u32> = Shelf::default();
        assert_eq!(shelf.get("a"), None);
        assert_eq!(shelf.get_or_make("a", || 1), 1);
        assert_eq!(shelf.get_or_make("a", || 2), 1);
        assert_eq!(shelf.get("a"), Some(1));
        shelf.forget();
        assert_eq!(shelf.get("a"), None);
    }
}
