//! What is unique per row of a block, and which joins are on a unique key. It must not know changes.

use crate::dependency::{Key, Schemas};
use crate::name::ColumnName;
use crate::query::tree::{BlockId, Tree};
use crate::resolve::Resolved;

/// The keys of every block of a tree.
#[derive(Debug, Default)]
pub struct Grain {
    keys: Vec<Vec<Key>>,
}

/// Works out the keys of every block.
#[must_use]
pub fn grain(tree: &Tree, resolved: &Resolved, schemas: &dyn Schemas) -> Grain {
    let _ = (tree, resolved, schemas);
    Grain::default()
}

impl Grain {
    /// The keys of a block, in the names of its columns, or of those that a list gives them.
    #[must_use]
    pub fn keys_of(&self, block: BlockId, resolved: &Resolved, names: &[ColumnName]) -> Vec<Key> {
        let _ = (resolved, names);
        self.keys.get(block.index()).cloned().unwrap_or_default()
    }

    /// Whether at most one row of a join's right side matches each row of its left.
    #[must_use]
    pub fn joins_one(&self, block: BlockId, join: usize) -> bool {
        let _ = (block, join);
        false
    }
}
