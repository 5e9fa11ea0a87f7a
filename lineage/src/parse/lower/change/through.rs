//! Tables that are changed through a CTE over them, as T-SQL does: `WITH c AS (SELECT * FROM t)
//! DELETE FROM c`.

use sqlparser::ast::ObjectName;

use super::super::Lowering;
use crate::name::{ColumnName, RelationName};
use crate::query::block::{BlockKind, Distinct, GroupBy, ProjectionKind, Select, Source};
use crate::query::tree::{BlockId, Expr};

impl<'a> Lowering<'a> {
    /// The CTE that a name of one part means.
    pub(super) fn cte_of(&mut self, name: &'a ObjectName) -> Option<BlockId> {
        let [part] = name.0.as_slice() else { return None };
        let ident = part.as_ident()?;
        let symbol = self.symbol(ident);
        let place = self.place_of(ident.span.start);
        match self.cte(symbol, place)? {
            Source::Block(block) => Some(block),
            _ => None,
        }
    }

    /// The one relation whose rows a block passes on.
    pub(super) fn base_of(&self, mut block: BlockId) -> Option<RelationName> {
        loop {
            match &self.step(block)?.from.first()?.source {
                Source::Relation { relation, .. } => return Some(relation.name.clone()),
                Source::Block(inner) => block = *inner,
                _ => return None,
            }
        }
    }

    /// A block that passes on the rows of the one item that it reads.
    fn step(&self, block: BlockId) -> Option<&Select> {
        let BlockKind::Select(select) = &self.build.tree().block(block).kind else { return None };
        let plain = select.from.len() == 1 && select.group_by == GroupBy::None && select.distinct == Distinct::All;
        plain.then_some(&**select)
    }

    /// The column of the base that a column of a block is.
    pub(super) fn base_column(&self, mut block: BlockId, column: &ColumnName) -> Option<ColumnName> {
        let mut column = column.clone();
        loop {
            let select = self.step(block)?;
            column = self.passed_on(select, &column)?;
            match &select.from.first()?.source {
                Source::Block(inner) => block = *inner,
                _ => return Some(column),
            }
        }
    }

    /// The column of its item that a SELECT projects under a name.
    fn passed_on(&self, select: &Select, column: &ColumnName) -> Option<ColumnName> {
        let tree = self.build.tree();
        let mut found = None;
        for item in &select.projection {
            match &item.kind {
                ProjectionKind::Expr(expr, alias) => {
                    let path = match tree.expr(*expr) {
                        Expr::Column(path, _) => tree.path(*path).last().copied(),
                        _ => None,
                    };
                    if alias.or(path).is_some_and(|name| tree.name(name) == column) {
                        return Some(tree.name(path?).clone());
                    }
                }
                ProjectionKind::Star(_) => found = Some(column.clone()),
                ProjectionKind::Several(..) | ProjectionKind::Fields(..) => {}
            }
        }
        found
    }
}
