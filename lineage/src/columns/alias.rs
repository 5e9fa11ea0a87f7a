//! What the expressions of a projection depend on, each worked out once, for its own column and for
//! whoever names it by its alias.

use std::rc::Rc;

use super::block::Composer;
use super::dependencies::{Dep, Way};
use crate::dependency::EdgeKind;
use crate::hashing::HashMap;
use crate::query::tree::{BlockId, ExprId};
use crate::stack::with_room;

/// The expressions that are being worked out.
#[derive(Debug)]
pub(super) struct Begun {
    /// With how many others were begun before each.
    before: HashMap<ExprId, usize>,
    /// The earliest of those that was asked for again.
    asked: usize,
}

impl Default for Begun {
    fn default() -> Self {
        Self { before: HashMap::default(), asked: usize::MAX }
    }
}

impl Composer<'_> {
    /// What the expression of a projection depends on.
    pub(super) fn alias(&mut self, block: BlockId, expr: ExprId) -> Rc<[Dep]> {
        if let Some(known) = self.known.expr(expr) {
            return known;
        }
        if let Some(before) = self.begun.before.get(&expr) {
            // An alias over itself: ClickHouse sees aliases before they are given.
            self.begun.asked = self.begun.asked.min(*before);
            return Rc::from([]);
        }
        let before = self.begun.before.len();
        self.begun.before.insert(expr, before);
        let asked = std::mem::replace(&mut self.begun.asked, usize::MAX);
        let mut deps = Vec::new();
        let way = Way::new(EdgeKind::Identity, self.tree.block(block).position);
        with_room(|| self.expression(block, expr, way, &mut deps));
        self.begun.before.remove(&expr);
        let deps = self.normal(deps);
        // What ends at an alias that is not worked out yet is not complete.
        if self.begun.asked >= before {
            self.known.keep_expr(block, expr, &deps);
            self.begun.asked = usize::MAX;
        }
        self.begun.asked = self.begun.asked.min(asked);
        deps
    }
}
