//! Blocks that only pass on what they read.

use crate::canonical::plan::{Block, Distinct, FromPart, Plan, PlanId, Rest};
use crate::canonical::term::{Column, Part, Term};
use crate::canonical::terms::Terms;

/// `SELECT * FROM (q)` is q, if it is all the columns of q in their order, and nothing else is said.
pub(in crate::canonical) fn only_passes(terms: &Terms, block: &Block) -> Option<PlanId> {
    let input = single_input(block)?;
    let plain = block.conditions.is_empty()
        && block.group.is_none()
        && block.having.is_empty()
        && block.qualify.is_empty()
        && block.distinct == Distinct::All
        && block.order.is_empty()
        && block.limit.is_none();
    if let (Some(rest), Plan::Opaque(..)) = (&block.rest, terms.plan(input)) {
        return (plain && passes_star(terms, block, rest) && terms.plan_facts(input).outer == 0).then_some(input);
    }
    if !plain || block.rest.is_some() || terms.plan_facts(input).outer > 0 || terms.width(input)? != block.outputs.len()
    {
        return None;
    }
    let in_place = block.outputs.iter().enumerate().all(|(place, output)| {
        *terms.term(*output)
            == Term::Column(Column { level: 0, input: 0, part: Part::Place(crate::canonical::terms::number(place)) })
    });
    in_place.then_some(input)
}

/// Whether a block is one star over its input: each column that is known in its place, and the rest.
fn passes_star(terms: &Terms, block: &Block, rest: &Rest) -> bool {
    let [(0, except)] = rest.parts.as_slice() else { return false };
    let in_place = block.outputs.iter().enumerate().all(|(place, output)| {
        *terms.term(*output)
            == Term::Column(Column { level: 0, input: 0, part: Part::Place(crate::canonical::terms::number(place)) })
    });
    is_one_star(terms.text(rest.skeleton)) && in_place && except.iter().all(|name| rest.names.contains(name))
}

/// Whether a skeleton is that of a star over one input and nothing else.
pub(in crate::canonical) fn is_one_star(skeleton: &str) -> bool {
    skeleton == "*" || (skeleton.starts_with('[') && !skeleton.contains(',') && skeleton.ends_with("+]"))
}

/// The one input of a block that joins nothing and samples nothing.
pub(in crate::canonical) fn single_input(block: &Block) -> Option<PlanId> {
    match (block.inputs.as_slice(), block.from.core.as_slice(), block.from.steps.as_slice()) {
        ([input], [FromPart::Input(0)], []) if input.sample.is_none() && block.frozen.is_none() => Some(input.plan),
        _ => None,
    }
}
