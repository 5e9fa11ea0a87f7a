//! What was worked out of expressions and FROM items, and how long that holds: what depends on rows
//! that are still being worked out is not complete, so it is forgotten when they are.

use std::rc::Rc;

use super::dependencies::Dep;
use crate::hashing::HashMap;
use crate::name::ColumnName;
use crate::query::tree::{BlockId, ExprId};
use crate::scope::ColumnAt;

/// What was worked out.
#[derive(Debug)]
pub(super) struct Known {
    complete: Memory,
    /// The same while rows are being worked out, one for each of those.
    partly: Vec<Memory>,
}

/// A column of an item by its place, and a field of it.
pub(super) type Computed = (usize, ColumnAt, Vec<ColumnName>);

/// What is remembered, by block.
#[derive(Debug, Default)]
struct Memory {
    blocks: HashMap<BlockId, OfBlock>,
    /// The expressions of projections, whichever block asks.
    exprs: HashMap<ExprId, Rc<[Dep]>>,
}

/// What is remembered of a block.
#[derive(Debug, Default)]
struct OfBlock {
    /// The expressions that were worked out for it.
    exprs: Vec<ExprId>,
    /// The columns of its items that are computed.
    computed: HashMap<Computed, Rc<[Dep]>>,
    /// What decides which rows a reshaped item has.
    deciding: HashMap<usize, Rc<[Dep]>>,
}

impl Memory {
    fn block(&mut self, block: BlockId) -> &mut OfBlock {
        self.blocks.entry(block).or_default()
    }
}

impl Known {
    /// Nothing.
    pub(super) fn new() -> Self {
        Self { complete: Memory::default(), partly: Vec::new() }
    }

    /// Rows begin to be worked out.
    pub(super) fn begin_rows(&mut self) {
        self.partly.push(Memory::default());
    }

    /// The same rows are worked out.
    pub(super) fn end_rows(&mut self) {
        self.partly.pop();
    }

    /// Forgets what was worked out for a block since the rows began that are being worked out now.
    pub(super) fn forget(&mut self, block: BlockId) {
        let memory = self.now();
        for expr in memory.blocks.remove(&block).into_iter().flat_map(|block| block.exprs) {
            memory.exprs.remove(&expr);
        }
    }

    fn now(&mut self) -> &mut Memory {
        self.partly.last_mut().unwrap_or(&mut self.complete)
    }

    fn find<'a>(&'a self, of: impl Fn(&'a Memory) -> Option<&'a Rc<[Dep]>>) -> Option<Rc<[Dep]>> {
        of(&self.complete).or_else(|| of(self.partly.last()?)).cloned()
    }

    /// The expression of a projection.
    pub(super) fn expr(&self, expr: ExprId) -> Option<Rc<[Dep]>> {
        self.find(|memory| memory.exprs.get(&expr))
    }

    pub(super) fn keep_expr(&mut self, block: BlockId, expr: ExprId, deps: &Rc<[Dep]>) {
        let now = self.now();
        now.exprs.insert(expr, Rc::clone(deps));
        now.block(block).exprs.push(expr);
    }

    /// A column of an item that is computed.
    pub(super) fn computed(&self, block: BlockId, column: &Computed) -> Option<Rc<[Dep]>> {
        self.find(|memory| memory.blocks.get(&block)?.computed.get(column))
    }

    pub(super) fn keep_computed(&mut self, block: BlockId, column: Computed, deps: &Rc<[Dep]>) {
        self.now().block(block).computed.insert(column, Rc::clone(deps));
    }

    /// What decides which rows a reshaped item has.
    pub(super) fn deciding(&self, block: BlockId, item: usize) -> Option<Rc<[Dep]>> {
        self.find(|memory| memory.blocks.get(&block)?.deciding.get(&item))
    }

    pub(super) fn keep_deciding(&mut self, block: BlockId, item: usize, deps: &Rc<[Dep]>) {
        self.now().block(block).deciding.insert(item, Rc::clone(deps));
    }
}
