//! TABLESAMPLE and SAMPLE: its words as a text and, where the size or the buckets are computed, what they
//! are computed from, as what limits the rows.

use sqlparser::ast::{Expr as Ast, TableFactor, TableSample, TableSampleKind, UnaryOperator};

use super::super::Lowering;
use super::super::query::item;
use crate::query::block::{BlockKind, FromItem, Lateral, Limit, Projection, ProjectionKind, Select, Source};
use crate::query::tree::{ExprId, List};

impl<'a> Lowering<'a> {
    /// The item with the sample that is taken of it. A sample that is computed is one of the rows of a
    /// derived table with a limit, so that the rows depend on what the limit is computed from.
    pub(super) fn sampled(&mut self, mut sampled: FromItem, factor: &'a TableFactor) -> FromItem {
        let (TableFactor::Table { sample: Some(sample), .. } | TableFactor::Derived { sample: Some(sample), .. }) =
            factor
        else {
            return sampled;
        };
        let (TableSampleKind::BeforeTableAlias(sample) | TableSampleKind::AfterTableAlias(sample)) = sample;
        let spelled = sample.to_string();
        sampled.sample = Some(self.lower_text(spelled.trim()));
        let Some(count) = self.sample_size(sample) else { return sampled };
        let position = sampled.position;
        let name = match &sampled.source {
            Source::Relation { relation, .. } => relation.name.qualifier(self.dialect),
            _ => None,
        };
        let alias = sampled.alias.or_else(|| name.map(|name| self.build.symbol(name)));
        let lateral = std::mem::replace(&mut sampled.lateral, Lateral::No);
        let projection = vec![Projection { kind: ProjectionKind::Star(Box::default()), position }];
        let select = Select { from: vec![sampled], projection, ..Select::default() };
        let mut block = crate::query::block::Block::new(BlockKind::Select(Box::new(select)), position);
        block.limit = Some(limited(count));
        let block = self.build.block(block);
        FromItem { alias, lateral, ..item(Source::Block(block), position) }
    }

    /// What the size of a sample is computed from, if it is no constant.
    pub(in super::super) fn sample_size(&mut self, sample: &'a TableSample) -> Option<ExprId> {
        let quantity = sample.quantity.as_ref().map(|quantity| &quantity.value);
        let bucket = sample.bucket.as_ref().and_then(|bucket| bucket.on.as_ref());
        let computed: Vec<ExprId> = quantity
            .into_iter()
            .chain(bucket)
            .chain(&sample.offset)
            .filter(|expr| !is_constant(expr))
            .map(|expr| self.expr(expr))
            .collect();
        (!computed.is_empty()).then(|| self.apply("sample", &computed))
    }
}

/// A limit of so many rows.
pub(in super::super) fn limited(count: ExprId) -> Limit {
    Limit { count: Some(count), offset: None, by: List::default(), modifiers: None }
}

/// Whether an expression is made of constants only.
fn is_constant(expr: &Ast) -> bool {
    match expr {
        Ast::Value(_) => true,
        Ast::Nested(inner) | Ast::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr: inner } => {
            is_constant(inner)
        }
        Ast::BinaryOp { left, right, .. } => is_constant(left) && is_constant(right),
        _ => false,
    }
}
