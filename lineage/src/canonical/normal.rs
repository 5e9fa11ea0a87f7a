//! Blocks brought to their normal form: rules are applied until none applies, and what SQL leaves open,
//! such as the order of inputs and conditions, is put in one order. It must not know the rules.

use super::order;
use super::plan::{Block, Distinct, Input, Plan, PlanId, SetPlan};
use super::rules;
use super::substitute::Replacement;
use super::term::{Column, Term, TermId, Traits};
use super::terms::{Terms, number};
use crate::hashing::HashMap;

/// So often rules are applied to one block; each makes it smaller or simpler, so this is never met.
const ROUNDS: usize = 200;
/// So often inputs are put in order.
const ORDERS: usize = 4;

impl Terms {
    /// A term in its normal form, made of parts that are in theirs.
    pub(super) fn make(&mut self, term: Term) -> TermId {
        rules::scalar(self, term)
    }

    /// A block in its normal form.
    pub(super) fn block(&mut self, block: Block) -> PlanId {
        self.effort.spend(1 + block.outputs.len() + block.conditions.len() + block.inputs.len());
        let mut block = block;
        // Some rules look at inputs one after the other, so they are asked again once these are in order.
        for _ in 0..ORDERS {
            if let Some(plan) = self.apply_rules(&mut block) {
                return plan;
            }
            self.compact(&mut block);
            let before = block.clone();
            order::arrange(self, &mut block);
            self.tidy(&mut block);
            if block == before {
                break;
            }
        }
        if let Some(plan) = rules::wrapper::only_passes(self, &block) {
            return plan;
        }
        self.keep_plan(Plan::Block(Box::new(block)))
    }

    /// Applies rules until none applies, or the block is another plan.
    fn apply_rules(&mut self, block: &mut Block) -> Option<PlanId> {
        for _ in 0..ROUNDS {
            self.tidy(block);
            self.effort.spend(block.terms().len());
            if block.frozen.is_some() || self.effort.is_spent() {
                break;
            }
            match rules::block(self, block) {
                rules::Outcome::Unchanged => break,
                rules::Outcome::Changed => {}
                rules::Outcome::Becomes(plan) => return Some(plan),
            }
        }
        None
    }

    /// A block in its normal form, for what compares forms.
    pub(crate) fn normal_block(&mut self, block: Block) -> PlanId {
        self.block(block)
    }

    /// A set operation in its normal form.
    pub(super) fn set(&mut self, set: SetPlan) -> PlanId {
        self.effort.spend(1 + set.branches.len());
        rules::set(self, set)
    }

    /// Rows in their normal form.
    pub(super) fn values(&mut self, rows: Vec<Vec<TermId>>) -> PlanId {
        if let [row] = rows.as_slice() {
            return self.block(Block { outputs: row.clone(), ..Block::default() });
        }
        self.keep_plan(Plan::Values(rows))
    }

    /// Some columns of a plan.
    pub(super) fn projection(&mut self, plan: PlanId, outputs: Vec<TermId>) -> PlanId {
        let mut block = Block { outputs, ..Block::default() };
        block.inputs.push(Input { plan, sample: None, lateral: crate::query::block::Lateral::No });
        block.from.core.push(super::plan::FromPart::Input(0));
        self.block(block)
    }

    /// Some columns of a plan, for what compares forms.
    pub(crate) fn picked(&mut self, plan: PlanId, outputs: Vec<TermId>) -> PlanId {
        self.projection(plan, outputs)
    }

    /// NULL, for what compares forms.
    pub(crate) fn none(&mut self) -> TermId {
        self.null()
    }

    /// How many columns a plan has, where that is known.
    pub(crate) fn width(&self, plan: PlanId) -> Option<usize> {
        match self.plan(plan) {
            Plan::Block(block) => block.rest.is_none().then_some(block.outputs.len()),
            Plan::Set(set) => Some(set.width as usize),
            Plan::Values(rows) => rows.first().map(Vec::len),
            Plan::Recursive(inner) => self.width(*inner),
            Plan::Opaque(text, ..) => self.widths.get(text).copied(),
            _ => None,
        }
    }

    /// Puts what is a set in order: conjunctions come apart, what is always true goes.
    fn tidy(&mut self, block: &mut Block) {
        self.conjuncts(&mut block.conditions);
        self.conjuncts(&mut block.having);
        self.conjuncts(&mut block.qualify);
        self.tidy_from(&mut block.from);
        if let Some(group) = block.group.as_mut().filter(|group| group.sets.is_none()) {
            group.keys.sort_unstable();
            group.keys.dedup();
        }
        if let Distinct::On(keys) = &mut block.distinct {
            keys.sort_unstable();
            keys.dedup();
        }
    }

    fn tidy_from(&mut self, from: &mut super::plan::From) {
        for part in &mut from.core {
            if let super::plan::FromPart::Full(full) = part {
                self.conjuncts(&mut full.on);
                for side in [&mut full.left, &mut full.right] {
                    self.tidy_from(&mut side.0);
                    self.conjuncts(&mut side.1);
                }
            }
        }
        for step in &mut from.steps {
            self.tidy_from(&mut step.right);
            self.conjuncts(&mut step.on);
        }
    }

    /// Conditions as a set of what is no conjunction itself.
    pub(super) fn conjuncts(&mut self, conditions: &mut Vec<TermId>) {
        let mut found = Vec::with_capacity(conditions.len());
        let mut ahead: Vec<TermId> = std::mem::take(conditions);
        while let Some(condition) = ahead.pop() {
            if let Some(parts) = self.args_of(condition, "and") {
                let parts = parts.to_vec();
                if let Some(origin) = self.origins.get(&condition).copied() {
                    for part in &parts {
                        self.origins.entry(*part).or_insert(origin);
                    }
                }
                ahead.extend(parts);
                continue;
            }
            let condition = rules::filter(self, condition);
            if self.args_of(condition, "and").is_some() {
                ahead.push(condition);
                continue;
            }
            // A conjunct that is never true makes all of them so.
            if self.is_null(condition) || self.truth_of(condition) == Some(false) {
                let never = self.truth(false);
                *conditions = vec![never];
                return;
            }
            if self.truth_of(condition) != Some(true) {
                found.push(condition);
            }
        }
        found.sort_unstable();
        found.dedup_by(|one, other| one == other && !self.has(*one, Traits::VOLATILE));
        *conditions = found;
    }

    /// Drops inputs that FROM does not join, and numbers the others anew.
    pub(super) fn compact(&mut self, block: &mut Block) {
        let kept = block.from.inputs();
        if kept.len() == block.inputs.len() {
            return;
        }
        let places: HashMap<u32, u32> = kept.iter().enumerate().map(|(place, input)| (*input, number(place))).collect();
        self.renumber(block, &kept, &places);
    }

    /// Puts the inputs of a block in another order; those that are missing are dropped.
    pub(super) fn renumber(&mut self, block: &mut Block, order: &[u32], places: &HashMap<u32, u32>) {
        let mut moved = |terms: &mut Self, column: Column| {
            let input = match places.get(&column.input) {
                Some(place) if column.level == 0 => *place,
                _ => column.input,
            };
            terms.keep(Term::Column(Column { input, ..column }))
        };
        let mut replacement = Replacement::new(&mut moved);
        let mut inputs: Vec<Input> = Vec::with_capacity(order.len());
        for input in order {
            let Some(input) = block.inputs.get(*input as usize).copied() else { continue };
            let plan = self.replace_plan(&mut replacement, input.plan, 1);
            inputs.push(Input { plan, ..input });
        }
        block.inputs = inputs;
        block.change_terms(&mut |term| self.replace(&mut replacement, term));
        let place = |input: u32| places.get(&input).copied().unwrap_or(input);
        block.from.change(&mut |input| place(input), &mut |term| term);
        if let Some(rest) = &mut block.rest {
            rest.parts.iter_mut().for_each(|(input, _)| *input = place(*input));
        }
    }
}
