//! The clauses of a SELECT behind its projection, and ORDER BY and LIMIT of any block.

use super::{ResolvedBlock, Resolver, Value};
use crate::dialect::Clause;
use crate::query::block::{Block, Distinct, GroupBy, Select};
use crate::query::tree::{BlockId, Expr, ExprId, LiteralKind, SortKey, Tree, Window};

/// What a key of GROUP BY or ORDER BY is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortedBy {
    /// A column of the block, by its place: `ORDER BY 1`.
    Output(usize),
    /// A place behind a `*` whose columns are not all known: any of them.
    Unknown,
    /// An expression.
    Expr(ExprId),
}

/// A key that is a place in the projection, or an expression.
#[must_use]
pub fn sorted_by(tree: &Tree, block: &ResolvedBlock, key: ExprId) -> SortedBy {
    if let Expr::Literal(LiteralKind::Number, text) = tree.expr(key)
        && let Ok(place) = tree.text(*text).parse::<usize>()
    {
        if !block.rest.is_empty() {
            return SortedBy::Unknown;
        }
        if (1..=block.outputs.len()).contains(&place) {
            return SortedBy::Output(place - 1);
        }
    }
    SortedBy::Expr(key)
}

impl Resolver<'_> {
    /// Binds what stands in the clauses of a SELECT, its projection being read already.
    pub(super) fn clauses(&mut self, id: BlockId, select: &Select, resolved: &ResolvedBlock) {
        if let Some(condition) = select.selection {
            self.bind_expr(condition, Clause::Where);
        }
        self.bind_list(select.hierarchy, Clause::Where);
        if let GroupBy::Keys { keys, .. } = &select.group_by {
            self.bind_list(*keys, Clause::GroupBy);
        }
        if let Some(condition) = select.having {
            self.bind_expr(condition, Clause::Having);
        }
        for (_, window) in &select.windows {
            self.window(window);
        }
        if let Some(condition) = select.qualify {
            self.bind_expr(condition, Clause::Qualify);
        }
        if let Distinct::On(keys) = select.distinct {
            self.bind_list(keys, Clause::OrderBy);
        }
        let tree = self.tree;
        self.order(tree.block(id), resolved);
    }

    fn window(&mut self, window: &Window) {
        self.bind_list(window.partition_by, Clause::Projection);
        for key in &window.order_by {
            self.bind_expr(key.expr, Clause::Projection);
        }
    }

    fn order(&mut self, block: &Block, resolved: &ResolvedBlock) {
        // Star columns have no alias in the projection; ORDER BY finds them among the FROM items.
        for SortKey { expr, .. } in &block.order_by {
            if sorted_by(self.tree, resolved, *expr) == SortedBy::Expr(*expr) {
                self.bind_expr(*expr, Clause::OrderBy);
            }
        }
        if let Some(limit) = block.limit {
            for expr in limit.count.into_iter().chain(limit.offset) {
                self.bind_expr(expr, Clause::OrderBy);
            }
            self.bind_list(limit.by, Clause::OrderBy);
        }
    }

    /// ORDER BY and LIMIT behind a set operation or VALUES see its columns and nothing else. What they
    /// sort by are columns of the block itself, which the block's own columns stand for.
    pub(super) fn bind_behind(&mut self, id: BlockId, resolved: &ResolvedBlock) {
        let tree = self.tree;
        let block = tree.block(id);
        if block.order_by.is_empty() && block.limit.is_none() {
            return;
        }
        self.enter(id);
        for column in &resolved.outputs {
            if let Value::Expr(expr) = column.value {
                self.scope.aliases.insert(column.name.clone(), expr);
            }
        }
        self.order(block, resolved);
        self.leave();
    }
}
