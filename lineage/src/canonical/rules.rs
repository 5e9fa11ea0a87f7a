//! The rules, one function each, with the condition under which it holds in words. They hold under
//! three-valued logic, with NULLs, duplicates and empty tables, on every database on which both forms
//! run to the end. They must not know where terms and plans come from.

use super::plan::{Block, Plan, PlanId, SetPlan};
use super::term::{Term, TermId};
use super::terms::Terms;

mod logic;
mod merge;
pub(super) mod wrapper;

/// What a rule did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing.
    Unchanged,
    /// It changed the block.
    Changed,
    /// The block is another plan.
    Becomes(PlanId),
}

/// Scalar rules, on a term whose parts are in their form.
pub(super) fn scalar(terms: &mut Terms, term: Term) -> TermId {
    logic::simplify(terms, term)
}

/// Rules on what only has to be true or not: NULL counts as false.
pub(super) fn filter(_: &mut Terms, condition: TermId) -> TermId {
    condition
}

/// The first rule that applies to a block.
pub(super) fn block(terms: &mut Terms, block: &mut Block) -> Outcome {
    const RULES: [fn(&mut Terms, &mut Block) -> Outcome; 1] = [merge::merge_inputs];
    for rule in RULES {
        match rule(terms, block) {
            Outcome::Unchanged => {}
            done => return done,
        }
    }
    Outcome::Unchanged
}

/// Rules on set operations.
pub(super) fn set(terms: &mut Terms, set: SetPlan) -> PlanId {
    terms.keep_plan(Plan::Set(set))
}
