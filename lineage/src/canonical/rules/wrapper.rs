//! Blocks that only pass on what they read.

use crate::canonical::plan::{Block, Distinct, FromPart, PlanId};
use crate::canonical::term::{Column, Part, Term};
use crate::canonical::terms::Terms;

/// `SELECT * FROM (q)` is q, if it is all the columns of q in their order, and nothing else is said.
pub(in crate::canonical) fn only_passes(terms: &Terms, block: &Block) -> Option<PlanId> {
    let input = single_input(block)?;
    let passes = block.conditions.is_empty()
        && block.group.is_none()
        && block.having.is_empty()
        && block.qualify.is_empty()
        && block.distinct == Distinct::All
        && block.rest.is_none()
        && block.order.is_empty()
        && block.limit.is_none();
    if !passes || terms.plan_facts(input).outer > 0 || terms.width(input)? != block.outputs.len() {
        return None;
    }
    let in_place = block.outputs.iter().enumerate().all(|(place, output)| {
        *terms.term(*output)
            == Term::Column(Column { level: 0, input: 0, part: Part::Place(crate::canonical::terms::number(place)) })
    });
    in_place.then_some(input)
}

/// The one input of a block that joins nothing and samples nothing.
pub(in crate::canonical) fn single_input(block: &Block) -> Option<PlanId> {
    match (block.inputs.as_slice(), block.from.core.as_slice(), block.from.steps.as_slice()) {
        ([input], [FromPart::Input(0)], []) if input.sample.is_none() && block.frozen.is_none() => Some(input.plan),
        _ => None,
    }
}
