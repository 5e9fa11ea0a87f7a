//! Walks over a tree: what blocks are made of, and which of them lead to a block. Nothing here takes
//! a level of the stack for a level of the tree, brackets in FROM aside.

use super::block::{
    Block, BlockKind, Distinct, FromItem, GroupBy, JoinCondition, ProjectionKind, Select, Source, Star,
};
use super::tree::{BlockId, Expr, ExprId, NamedRelation, SortKey, Tree, Window};

/// What a block, a FROM item or a clause is directly made of.
#[derive(Debug, Default)]
pub struct Parts<'t> {
    /// The expressions, in order; those that they are made of are not among them.
    pub exprs: Vec<ExprId>,
    /// The blocks: branches of a set operation, derived tables, CTEs. Those inside expressions are
    /// not among them, nor is a recursive CTE inside itself.
    pub blocks: Vec<BlockId>,
    /// The relations, also those that a table function can be.
    pub relations: Vec<&'t NamedRelation>,
}

impl Tree {
    /// What a block is directly made of.
    #[must_use]
    pub fn block_parts(&self, block: BlockId) -> Parts<'_> {
        let mut parts = Parts::default();
        self.gather(self.block(block), &mut parts);
        parts
    }

    /// The blocks that lead to some blocks, themselves included, in order.
    #[must_use]
    pub fn reachable(&self, blocks: impl IntoIterator<Item = BlockId>) -> Vec<BlockId> {
        let mut seen = vec![false; self.block_count()];
        let mut seen_exprs = vec![false; self.expr_count()];
        let mut pending: Vec<BlockId> = blocks.into_iter().collect();
        let mut reached = Vec::new();
        while let Some(block) = pending.pop() {
            if std::mem::replace(&mut seen[block.index()], true) {
                continue;
            }
            reached.push(block);
            let parts = self.block_parts(block);
            pending.extend(parts.blocks);
            let mut exprs = parts.exprs;
            while let Some(expr) = exprs.pop() {
                if std::mem::replace(&mut seen_exprs[expr.index()], true) {
                    continue;
                }
                if let Expr::Subquery { block, .. } = self.expr(expr) {
                    pending.push(*block);
                }
                exprs.extend(self.parts(expr));
            }
        }
        reached.sort_unstable();
        reached
    }

    fn gather<'t>(&'t self, block: &'t Block, parts: &mut Parts<'t>) {
        match &block.kind {
            BlockKind::Select(select) => self.gather_select(select, parts),
            BlockKind::SetOperation(operation) => parts.blocks.extend(&operation.branches),
            BlockKind::Values(rows) => rows.iter().for_each(|row| parts.exprs.extend(self.list(*row))),
        }
        keys(&block.order_by, parts);
        if let Some(limit) = &block.limit {
            parts.exprs.extend(limit.count.iter().chain(&limit.offset).chain(self.list(limit.by)));
        }
    }

    fn gather_select<'t>(&'t self, select: &'t Select, parts: &mut Parts<'t>) {
        select.from.iter().for_each(|item| self.gather_item(item, parts));
        parts.exprs.extend(select.selection.iter().chain(self.list(select.hierarchy)));
        for item in &select.projection {
            match &item.kind {
                ProjectionKind::Expr(expr, _) | ProjectionKind::Several(expr, _) => parts.exprs.push(*expr),
                ProjectionKind::Star(star) => replaced(star, parts),
                ProjectionKind::Fields(expr, star) => {
                    parts.exprs.push(*expr);
                    replaced(star, parts);
                }
            }
        }
        if let GroupBy::Keys { keys, .. } = select.group_by {
            parts.exprs.extend(self.list(keys));
        }
        parts.exprs.extend(&select.having);
        select.windows.iter().for_each(|(_, window)| self.gather_window(window, parts));
        parts.exprs.extend(&select.qualify);
        if let Distinct::On(keys) = select.distinct {
            parts.exprs.extend(self.list(keys));
        }
    }

    fn gather_window(&self, window: &Window, parts: &mut Parts<'_>) {
        parts.exprs.extend(self.list(window.partition_by));
        keys(&window.order_by, parts);
        parts.exprs.extend(self.list(window.frame_args));
    }

    fn gather_item<'t>(&'t self, item: &'t FromItem, parts: &mut Parts<'t>) {
        match &item.source {
            Source::Relation { relation, .. } => parts.relations.push(relation),
            Source::Block(block) => parts.blocks.push(*block),
            Source::Recursive(_) => {}
            Source::Nested(items) => items.iter().for_each(|item| self.gather_item(item, parts)),
            Source::Unnest { arrays, .. } => parts.exprs.extend(self.list(*arrays)),
            Source::Function { relation, args, .. } => {
                parts.relations.extend(relation);
                parts.exprs.extend(self.list(*args));
            }
            Source::Pivot(pivot) => {
                self.gather_item(&pivot.input, parts);
                parts.exprs.extend(pivot.aggregates.iter().map(|(expr, _)| *expr));
                parts.exprs.extend(self.list(pivot.columns));
                parts.exprs.extend(pivot.values.iter().flatten().map(|(expr, _)| *expr));
                parts.exprs.extend(pivot.group_by.iter().flat_map(|keys| self.list(*keys)));
                parts.exprs.extend(&pivot.default);
            }
            Source::Unpivot(unpivot) => {
                self.gather_item(&unpivot.input, parts);
                parts.exprs.extend(unpivot.columns.iter().filter_map(|(_, label)| *label));
            }
            Source::MatchRecognize(recognize) => {
                self.gather_item(&recognize.input, parts);
                parts.exprs.extend(self.list(recognize.partition_by));
                keys(&recognize.order_by, parts);
                parts.exprs.extend(recognize.measures.iter().map(|(expr, _)| *expr));
                parts.exprs.extend(recognize.definitions.iter().map(|(_, expr)| *expr));
            }
        }
        parts.exprs.extend(&item.join.closest);
        if let JoinCondition::On(condition) = item.join.condition {
            parts.exprs.push(condition);
        }
    }
}

fn keys(keys: &[SortKey], parts: &mut Parts<'_>) {
    parts.exprs.extend(keys.iter().map(|key| key.expr));
}

fn replaced(star: &Star, parts: &mut Parts<'_>) {
    parts.exprs.extend(star.replace.iter().map(|(_, expr)| *expr));
}
