//! What is unique per row of a block, and which joins are on a unique key. It must not know changes.
//!
//! Keys begin at declared keys of relations, at GROUP BY, DISTINCT, `row_number()` and single rows, and
//! are carried through joins and projections. A key is unique where none of its columns is NULL, as
//! SQL's own constraint is: that is what a join on it needs.

use std::collections::{BTreeMap, BTreeSet};

use crate::dependency::{Ground, Key, Proof};
use crate::name::ColumnName;
use crate::query::block::{BlockKind, Duplicates, SetOperation, SetOperator};
use crate::query::tree::{BlockId, Expr, Tree};
use crate::resolve::Resolved;
use crate::stack::with_room;

mod equality;
mod from;
mod outputs;
mod select;

use equality::Atom;

/// The keys of every block of a tree, and the joins on unique keys.
#[derive(Debug, Default)]
pub struct Grain {
    /// By block; `None` if nothing reaches it.
    keys: Vec<Option<Vec<BlockKey>>>,
    /// The joins of which at most one row of the right side matches, by block and step.
    unique: BTreeMap<(BlockId, usize), Proof>,
}

/// A key of a block: places of its columns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlockKey {
    /// The columns; none if there is at most one row.
    pub columns: BTreeSet<usize>,
    /// How it is known.
    pub proof: Proof,
}

/// More keys than this of one block serve nobody.
const MAX_KEYS: usize = 8;
/// Nor does one of more columns than this, put together from the keys of relations that are joined.
const MAX_JOINED: usize = 100;
/// A proof of more steps than this is read by nobody; what is beyond is left out.
const MAX_STEPS: usize = 16;

/// Works out the keys of the blocks that names were bound in.
#[must_use]
pub fn grain(tree: &Tree, resolved: &Resolved, roots: impl IntoIterator<Item = BlockId>) -> Grain {
    let grain = Grain { keys: vec![None; tree.block_count()], unique: BTreeMap::new() };
    let mut prover = Prover { tree, resolved, grain };
    for root in roots {
        prover.keys(root);
    }
    // Blocks of subqueries in expressions are reached by nobody else.
    for (id, _) in tree.blocks() {
        if !resolved.block(id).outputs.is_empty() {
            prover.keys(id);
        }
    }
    prover.grain
}

impl Grain {
    /// The keys of a block.
    #[must_use]
    pub fn keys(&self, block: BlockId) -> &[BlockKey] {
        self.keys.get(block.index()).and_then(Option::as_deref).unwrap_or_default()
    }

    /// The keys of a block, in the names of its columns, or of those that a list gives them.
    #[must_use]
    pub fn keys_of(&self, block: BlockId, resolved: &Resolved, names: &[ColumnName]) -> Vec<Key> {
        let outputs = &resolved.block(block).outputs;
        let name = |place: usize| names.get(place).or_else(|| outputs.get(place).map(|column| &column.name)).cloned();
        let key = |key: &BlockKey| {
            let columns: Option<BTreeSet<ColumnName>> = key.columns.iter().map(|place| name(*place)).collect();
            // Two columns of one name cannot be told apart by it.
            columns
                .filter(|columns| columns.len() == key.columns.len())
                .map(|columns| Key { columns, proof: key.proof.clone() })
        };
        self.keys(block).iter().filter_map(key).collect()
    }

    /// Whether at most one row of a join's right side matches each row of its left.
    #[must_use]
    pub fn joins_one(&self, block: BlockId, join: usize) -> bool {
        self.proof_of_join(block, join).is_some()
    }

    /// How it is known that at most one row of a join's right side matches each row of its left.
    #[must_use]
    pub fn proof_of_join(&self, block: BlockId, join: usize) -> Option<&Proof> {
        self.unique.get(&(block, join))
    }
}

impl Proof {
    /// A proof of one step from the SQL itself.
    #[must_use]
    pub fn inferred(step: impl Into<String>) -> Self {
        Self { steps: vec![step.into()], ground: Ground::Inferred }
    }

    /// Two proofs of which both are needed.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        for step in &other.steps {
            if self.steps.len() < MAX_STEPS && !self.steps.contains(step) {
                self.steps.push(step.clone());
            }
        }
        self.ground = self.ground.max(other.ground);
        self
    }
}

struct Prover<'a> {
    tree: &'a Tree,
    resolved: &'a Resolved,
    grain: Grain,
}

impl Prover<'_> {
    fn keys(&mut self, id: BlockId) -> Vec<BlockKey> {
        if let Some(known) = &self.grain.keys[id.index()] {
            return known.clone();
        }
        // A recursive block finds itself without keys.
        self.grain.keys[id.index()] = Some(Vec::new());
        let keys = with_room(|| self.prove(id));
        let keys = least(keys);
        self.grain.keys[id.index()] = Some(keys.clone());
        keys
    }

    fn prove(&mut self, id: BlockId) -> Vec<BlockKey> {
        let tree = self.tree;
        let block = tree.block(id);
        let mut keys = match &block.kind {
            BlockKind::Select(select) => self.select(id, select),
            BlockKind::SetOperation(operation) => self.set_operation(id, operation),
            BlockKind::Values(rows) => {
                let single = BlockKey { columns: BTreeSet::new(), proof: Proof::inferred("a single row of values") };
                if rows.len() <= 1 { vec![single] } else { Vec::new() }
            }
        };
        if !crate::aggregation::generators_behind(tree, block).is_empty() {
            keys.clear();
        }
        let one =
            block.limit.and_then(|limit| limit.count.filter(|_| limit.by.is_empty() && limit.modifiers.is_none()));
        if let Some(count) = one
            && let Expr::Literal(_, text) = tree.expr(count)
            && tree.text(*text) == "1"
        {
            keys.push(BlockKey { columns: BTreeSet::new(), proof: Proof::inferred("limited to one row") });
        }
        keys
    }

    /// What is left of a first branch is as unique as it was; what has no duplicates is unique as a
    /// whole; branches that are put together are not.
    fn set_operation(&mut self, id: BlockId, operation: &SetOperation) -> Vec<BlockKey> {
        let mut keys = Vec::new();
        for (place, branch) in operation.branches.iter().enumerate() {
            let found = self.keys(*branch);
            let alone = operation.branches.len() == 1;
            if place == 0 && (alone || operation.operator != SetOperator::Union) {
                keys.extend(found);
            }
        }
        let block = self.resolved.block(id);
        if operation.duplicates == Duplicates::Dropped && block.rest.is_empty() {
            let columns = (0..block.outputs.len()).collect();
            keys.push(BlockKey { columns, proof: Proof::inferred("duplicates are dropped by the set operation") });
        }
        keys
    }
}

/// The least keys, the smallest first; a key that holds another says nothing more.
fn least<K: Ord + Clone + HasColumns>(mut keys: Vec<K>) -> Vec<K> {
    keys.sort_by(|a, b| (a.size(), a).cmp(&(b.size(), b)));
    let mut kept: Vec<K> = Vec::new();
    for key in keys {
        if kept.len() < MAX_KEYS && !kept.iter().any(|smaller| smaller.is_within(&key)) {
            kept.push(key);
        }
    }
    kept
}

/// A set of columns.
trait HasColumns {
    fn size(&self) -> usize;
    fn is_within(&self, other: &Self) -> bool;
}

impl HasColumns for BlockKey {
    fn size(&self) -> usize {
        self.columns.len()
    }

    fn is_within(&self, other: &Self) -> bool {
        self.columns.is_subset(&other.columns)
    }
}

/// A key of FROM: columns of its items.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct FromKey {
    columns: BTreeSet<Atom>,
    proof: Proof,
}

impl HasColumns for FromKey {
    fn size(&self) -> usize {
        self.columns.len()
    }

    fn is_within(&self, other: &Self) -> bool {
        self.columns.is_subset(&other.columns)
    }
}
