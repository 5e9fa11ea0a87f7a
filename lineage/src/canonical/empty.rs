//! Queries that surely have no rows. It must not know what follows from that.

use super::plan::{Block, From, FromPart, Limit, Plan, PlanId};
use super::terms::Terms;
use crate::query::block::SetOperator;
use crate::query::tree::LiteralKind;
use crate::stack::with_room;

impl Terms {
    /// Whether a query has no rows on any database. The types of its columns are another matter.
    #[must_use]
    pub fn has_no_rows(&self, plan: PlanId) -> bool {
        with_room(|| match self.plan(plan) {
            Plan::Block(block) => self.is_void(block),
            Plan::Set(set) => {
                let mut voids = set.branches.iter().map(|branch| self.has_no_rows(*branch));
                set.limit.as_ref().is_some_and(|limit| self.keeps_none(limit))
                    || match set.operator {
                        SetOperator::Union => voids.all(|is_void| is_void),
                        SetOperator::Intersect => voids.any(|is_void| is_void),
                        SetOperator::Except => voids.next() == Some(true),
                    }
            }
            Plan::Values(rows) => rows.is_empty(),
            _ => false,
        })
    }

    fn is_void(&self, block: &Block) -> bool {
        let never =
            |conditions: &[super::TermId]| conditions.iter().any(|condition| self.truth_of(*condition) == Some(false));
        let has_input_rows = !never(&block.conditions) && !self.has_void_core(block);
        // One group of all rows is there without rows too.
        let is_one_group = block.group.as_ref().is_some_and(|group| group.keys.is_empty() || group.sets.is_some());
        block.frozen.is_none()
            && ((!has_input_rows && !is_one_group)
                || never(&block.having)
                || never(&block.qualify)
                || block.limit.as_ref().is_some_and(|limit| self.keeps_none(limit)))
    }

    /// Whether something without rows is joined with all else.
    pub(super) fn has_void_core(&self, block: &Block) -> bool {
        block.from.core.iter().any(|part| match part {
            FromPart::Input(input) => {
                block.inputs.get(*input as usize).is_some_and(|input| self.has_no_rows(input.plan))
            }
            FromPart::Full(full) => self.is_void_side(block, &full.left.0) && self.is_void_side(block, &full.right.0),
        })
    }

    fn is_void_side(&self, block: &Block, from: &From) -> bool {
        let side = Block { inputs: block.inputs.clone(), from: from.clone(), ..Block::default() };
        self.has_void_core(&side)
    }

    /// Whether a limit keeps no row.
    pub(super) fn keeps_none(&self, limit: &Limit) -> bool {
        limit.modifiers.is_none()
            && limit.count.is_some_and(|count| matches!(self.constant(count), Some((LiteralKind::Number, "0"))))
    }
}
