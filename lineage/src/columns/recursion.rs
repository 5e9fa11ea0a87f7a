//! Recursive CTEs: a block that reads itself is composed with what was found of it before, until
//! nothing is added. What is found only grows, so this ends.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::block::{Composer, Flat};
use crate::hashing::HashMap;
use crate::query::tree::{BlockId, Tree};
use crate::resolve::Resolved;
use crate::scope::ItemSource;

/// Which blocks read themselves, and those that are being composed.
#[derive(Debug, Default)]
pub(super) struct Recursion {
    /// Of each block that reads itself, the blocks that change with it, itself included.
    changing: BTreeMap<BlockId, BTreeSet<BlockId>>,
    /// The recursive queries that are being composed, inner ones last.
    open: Vec<Fixpoint>,
}

/// A recursive query that is composed again and again; others that stand in it and read it are
/// composed along with it.
#[derive(Debug, Default)]
struct Fixpoint {
    /// The blocks that change with it.
    changing: BTreeSet<BlockId>,
    /// What the recursive ones of them came to last.
    found: HashMap<BlockId, Rc<Flat>>,
    /// Whether something was found that was not found before.
    progress: Progress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Progress {
    #[default]
    None,
    Some,
}

impl Recursion {
    /// Finds the blocks that read themselves.
    pub(super) fn of(tree: &Tree, resolved: &Resolved) -> Self {
        let mut readers: BTreeMap<BlockId, Vec<BlockId>> = BTreeMap::new();
        for (id, _) in tree.blocks() {
            for item in &resolved.block(id).from.items {
                if let ItemSource::Recursive(own) = item.source {
                    readers.entry(own).or_default().push(id);
                }
            }
        }
        if readers.is_empty() {
            return Self::default();
        }
        // What a block is made of, upside down; and who uses columns of a block around it.
        let mut users: HashMap<BlockId, Vec<BlockId>> = HashMap::default();
        for (id, _) in tree.blocks() {
            for child in &resolved.block(id).children {
                users.entry(*child).or_default().push(id);
            }
        }
        for (inner, outer) in &resolved.outward {
            users.entry(*outer).or_default().push(*inner);
        }
        let mut changing = BTreeMap::new();
        for (own, ahead) in readers {
            let mut ahead = ahead;
            let mut found = BTreeSet::new();
            while let Some(block) = ahead.pop() {
                if found.insert(block) && block != own {
                    ahead.extend(users.get(&block).into_iter().flatten());
                }
            }
            if found.contains(&own) {
                changing.insert(own, found);
            }
        }
        Self { changing, open: Vec::new() }
    }

    /// Whether a block reads itself.
    pub(super) fn reads_itself(&self, block: BlockId) -> bool {
        self.changing.contains_key(&block)
    }
}

impl Composer<'_> {
    /// What a recursive block depends on.
    pub(super) fn compose_recursive(&mut self, id: BlockId) -> Rc<Flat> {
        let changing = self.recursion.changing.get(&id).cloned().unwrap_or_default();
        if let Some(open) = self.recursion.open.last_mut().filter(|open| open.changing.contains(&id)) {
            open.changing.extend(changing);
            return self.compose_once_more(id);
        }
        self.recursion.open.push(Fixpoint { changing, ..Fixpoint::default() });
        loop {
            let flat = self.compose_once_more(id);
            let progress = self.recursion.open.last_mut().map(|open| std::mem::take(&mut open.progress));
            if progress != Some(Progress::Some) || self.has_given_up() {
                self.recursion.open.pop();
                return flat;
            }
            self.forget_what_changes();
        }
    }

    /// Composes a recursive block with what was found of it before.
    fn compose_once_more(&mut self, id: BlockId) -> Rc<Flat> {
        let known = self.recursion.open.last().and_then(|open| open.found.get(&id)).cloned();
        let before = known.unwrap_or_else(|| {
            let width = self.resolved.block(id).outputs.len();
            Rc::new(Flat { columns: vec![Rc::from([]); width], ..Flat::default() })
        });
        self.flats[id.index()] = Some(Rc::clone(&before));
        let flat = Rc::new(self.compose(id));
        self.flats[id.index()] = Some(Rc::clone(&flat));
        if let Some(open) = self.recursion.open.last_mut() {
            if flat != before {
                open.progress = Progress::Some;
            }
            open.found.insert(id, Rc::clone(&flat));
        }
        flat
    }

    fn forget_what_changes(&mut self) {
        let changing = self.recursion.open.last().map(|open| open.changing.clone()).unwrap_or_default();
        for block in changing {
            self.flats[block.index()] = None;
            self.input_rows.remove(&block);
            self.grouped_rows.remove(&block);
            self.nullable.remove(&block);
            self.known.forget(block);
        }
    }
}
