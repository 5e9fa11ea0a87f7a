//! One side drops repeated rows of a derived table and the other does not, or one reads a union of which the
//! other reads a single branch, where that table is part of the block that reads it. What stands between the two:
//! the same without dropping them, or with that branch alone. It must not know what differs beside that.

use std::sync::Arc;

use super::Comparer;
use super::align::like;
use super::block::Matching;
use super::delta::Delta;
use crate::canonical::plan::{Block, Distinct, Plan, PlanId};
use crate::canonical::terms::number;
use crate::query::block::{Duplicates, SetOperator};

impl Comparer<'_> {
    /// The way from base to head over a form in which an input of one of them keeps all its rows, or those of one
    /// branch only, if that says less.
    pub(super) fn bridged(
        &mut self,
        delta: Delta,
        (base, old): (PlanId, &Block),
        (head, new): (PlanId, &Block),
        matching: Matching<'_>,
    ) -> Delta {
        /// Rows are dropped or put together in few derived tables of one query.
        const MOST: usize = 4;
        let mut best = delta;
        for (between, merged) in self.between(new, (base, old), MOST) {
            if merged == head {
                continue;
            }
            let first = self.plans(base, merged, matching);
            let straight: Vec<Option<u32>> = (0..number(new.outputs.len())).map(Some).collect();
            let second = self.blocks(&between, new, Some(&straight));
            let whole = first.then(second);
            if whole.weight() < best.weight() {
                best = whole;
            }
        }
        for (between, merged) in self.between(old, (head, new), MOST) {
            if merged == base {
                continue;
            }
            let straight: Vec<Option<u32>> = (0..number(old.outputs.len())).map(Some).collect();
            let first = self.blocks(old, &between, Some(&straight));
            let second = self.plans(merged, head, matching);
            let whole = first.before(second);
            if whole.weight() < best.weight() {
                best = whole;
            }
        }
        best
    }

    /// What may stand between a block and another, as it is and in its normal form.
    fn between(&mut self, block: &Block, (plan, other): (PlanId, &Block), most: usize) -> Vec<(Block, PlanId)> {
        let mut found = Vec::new();
        for input in self.dropping(block, other).into_iter().take(most) {
            found.extend(self.keeping(block, input));
        }
        for (input, branch) in self.uniting(block, other).into_iter().take(most) {
            let mut between = block.clone();
            between.inputs[input].plan = branch;
            // Whether more differs than the branches is not looked for: each way would be tried inside each.
            let merged = self.terms.normal_block(between.clone());
            if merged == plan {
                return vec![(between, merged)];
            }
        }
        found
    }

    /// The inputs of a block that put the rows of branches together, each with a branch that reads what another
    /// block reads without a union.
    fn uniting(&self, block: &Block, other: &Block) -> Vec<(usize, PlanId)> {
        let is_union = |plan: PlanId| matches!(self.terms.plan(plan), Plan::Set(_));
        if other.inputs.iter().any(|input| is_union(input.plan)) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (at, input) in block.inputs.iter().enumerate() {
            let Plan::Set(set) = self.terms.plan(input.plan) else { continue };
            if set.operator != SetOperator::Union || set.duplicates != Duplicates::Kept || set.limit.is_some() {
                continue;
            }
            let reads = |branch: &PlanId| other.inputs.iter().any(|own| like(self.terms, *branch, own.plan) > 0);
            found.extend(set.branches.iter().copied().filter(reads).map(|branch| (at, branch)));
        }
        found
    }

    /// The inputs of a block that drop repeated rows, and that another block does not have.
    fn dropping(&self, block: &Block, other: &Block) -> Vec<usize> {
        let drops = |plan: PlanId| match self.terms.plan(plan) {
            Plan::Block(inner) => {
                inner.frozen.is_none()
                    && inner.rest.is_none()
                    && (inner.distinct == Distinct::Distinct
                        || inner.qualify.iter().any(|condition| self.terms.first_of(*condition).is_some()))
            }
            _ => false,
        };
        let is_other = |plan: PlanId| other.inputs.iter().any(|input| input.plan == plan);
        (0..block.inputs.len())
            .filter(|at| drops(block.inputs[*at].plan) && !is_other(block.inputs[*at].plan))
            .collect()
    }

    /// A block of which an input keeps all its rows, as it is and in its normal form.
    fn keeping(&mut self, block: &Block, input: usize) -> Option<(Block, PlanId)> {
        let mut inner = self.terms.block_of(block.inputs.get(input)?.plan)?.clone();
        if inner.distinct == Distinct::Distinct {
            inner.distinct = Distinct::All;
        } else {
            inner.qualify.clear();
        }
        let mut between = block.clone();
        between.inputs[input].plan = self.terms.keep_plan(Plan::Block(Box::new(inner)));
        let merged = self.terms.normal_block(between.clone());
        Some((between, merged))
    }
}

impl Delta {
    /// This, and behind it a change that leaves the columns where they are.
    fn then(mut self, next: Self) -> Self {
        let of_next: Vec<_> = next.columns.iter().map(|(place, found)| (self.places.of_head(*place), found)).collect();
        for (place, (change, why)) in of_next {
            self.columns.entry(place).or_insert_with(|| (*change, Arc::clone(why)));
        }
        self.and(next)
    }

    /// This, which leaves the columns where they are, and behind it another change.
    fn before(self, mut next: Self) -> Self {
        for (place, (change, why)) in &self.columns {
            next.columns.entry(*place).or_insert_with(|| (*change, Arc::clone(why)));
        }
        next.and(self)
    }

    /// Both, but for the columns that are found by place.
    fn and(mut self, other: Self) -> Self {
        for (rows, why) in &other.rows {
            self.say(*rows, why);
        }
        for (name, change) in other.named {
            self.named.entry(name).or_insert(change);
        }
        self.anything = self.anything.or(other.anything);
        self.rest.0.extend(other.rest.0);
        self.rest.1.extend(other.rest.1);
        self
    }
}
