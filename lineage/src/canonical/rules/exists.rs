//! Queries of which only counts whether they have rows, and those of which only counts which rows.

use super::distinct::without_distinct;
use crate::canonical::plan::{Block, Distinct, Plan, PlanId};
use crate::canonical::term::{SubqueryKind, Term, TermId, Traits};
use crate::canonical::terms::Terms;
use crate::query::tree::LiteralKind;

/// A query in an expression.
pub(super) fn subquery(terms: &mut Terms, kind: SubqueryKind, operand: Option<TermId>, plan: PlanId) -> TermId {
    let mut plan = plan;
    // In nothing is nothing, not even NULL.
    if matches!(kind, SubqueryKind::Exists | SubqueryKind::In) && terms.has_no_rows(plan) {
        return terms.truth(false);
    }
    match kind {
        SubqueryKind::Exists => match only_rows(terms, plan) {
            Rows::Always => return terms.truth(true),
            Rows::Some(found) => plan = found,
        },
        SubqueryKind::In => {
            while let Some(found) = without_distinct(terms, plan) {
                plan = found;
            }
        }
        SubqueryKind::Scalar | SubqueryKind::Array | SubqueryKind::Compared(_) => {}
    }
    terms.keep(Term::Subquery(kind, operand, plan))
}

/// What is left of a query of which only counts whether it has rows.
enum Rows {
    /// It always has.
    Always,
    /// This one has rows when it has.
    Some(PlanId),
}

/// EXISTS does not look at columns, order or duplicates; groups have rows where their rows have, but a
/// single group of all rows is always there.
fn only_rows(terms: &mut Terms, plan: PlanId) -> Rows {
    let shared = terms.shared_plan(plan);
    let Plan::Block(block) = &*shared else { return Rows::Some(plan) };
    if block.frozen.is_some()
        || block.outputs.iter().any(|output| terms.has(*output, Traits::GENERATOR.and(Traits::UNKNOWN)))
    {
        return Rows::Some(plan);
    }
    let mut found: Block = (**block).clone();
    found.rest = None;
    found.outputs.clear();
    if found.limit.as_ref().is_some_and(|limit| {
        limit.offset.is_none()
            && limit.by.is_empty()
            && limit.modifiers.is_none()
            && limit.count.is_some_and(|count| {
                matches!(terms.constant(count), Some((LiteralKind::Number, text)) if text.parse::<u64>().is_ok_and(|count| count > 0))
            })
    }) {
        found.limit = None;
    }
    if found.limit.is_some() {
        return Rows::Some(plan);
    }
    found.order.clear();
    found.distinct = Distinct::All;
    if let Some(group) = found.group.clone().filter(|group| group.sets.is_none()) {
        if !found.having.is_empty() || !found.qualify.is_empty() {
            if found == **block {
                return Rows::Some(plan);
            }
        } else if group.keys.is_empty() {
            return Rows::Always;
        } else {
            found.group = None;
        }
    }
    if found.group.is_none() && found.qualify.is_empty() {
        for place in 0..found.inputs.len() {
            let input = found.inputs[place];
            if let Some(plan) = without_distinct(terms, input.plan).filter(|_| input.sample.is_none()) {
                found.inputs[place].plan = plan;
            }
        }
    }
    if found == **block {
        return Rows::Some(plan);
    }
    // One row of constants.
    if found.inputs.is_empty() && found.conditions.is_empty() && found.qualify.is_empty() && found.group.is_none() {
        return Rows::Always;
    }
    Rows::Some(terms.block(found))
}
