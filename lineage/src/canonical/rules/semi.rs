//! Joins that only ask whether there is a match.

use std::collections::{BTreeMap, BTreeSet};

use super::{Outcome, outer};
use crate::canonical::order;
use crate::canonical::plan::{Block, From, FromPart, Plan};
use crate::canonical::substitute::Replacement;
use crate::canonical::term::{Column, SubqueryKind, Term, TermId, Traits};
use crate::canonical::terms::{Terms, number};
use crate::canonical::usage::Usage;
use crate::dependency::Proof;
use crate::query::block::JoinKind;

/// A LEFT JOIN whose rows with a match are dropped by `r.c IS NULL` is a NOT EXISTS, if c is never NULL
/// in a row that matches and nothing else is used of that side.
pub(super) fn anti_join(terms: &mut Terms, block: &mut Block) -> Outcome {
    for place in 0..block.from.steps.len() {
        let step = &block.from.steps[place];
        let ([FromPart::Input(input)], [], JoinKind::Left) =
            (step.right.core.as_slice(), step.right.steps.as_slice(), step.kind)
        else {
            continue;
        };
        let input = *input;
        let asks = |condition: &TermId| -> Option<Column> {
            let [operand] = terms.args_of(*condition, "is null")? else { return None };
            match terms.term(*operand) {
                Term::Column(column) if column.is_of(input) => Some(*column),
                _ => None,
            }
        };
        let Some(asked) = block.conditions.iter().position(|condition| asks(condition).is_some()) else { continue };
        let Some(column) = asks(&block.conditions[asked]) else { continue };
        // In a row that matches, the column is not NULL because the table or the ON says so.
        let mut matched = Block { inputs: block.inputs.clone(), conditions: step.on.clone(), ..Block::default() };
        matched.from.core.push(FromPart::Input(input));
        if !terms.is_required(&matched, column) || !is_movable(terms, block, input, &step.on) {
            continue;
        }
        let on = step.on.clone();
        let mut without = block.clone();
        without.from.steps.remove(place);
        without.conditions.remove(asked);
        if uses(terms, &without, input) {
            continue;
        }
        let exists = as_exists(terms, &without, input, on);
        let none = terms.apply("not", vec![exists]);
        *block = without;
        block.conditions.push(none);
        terms.compact(block);
        return Outcome::Changed;
    }
    Outcome::Unchanged
}

/// An inner join of which no column is used, and that matches at most once or where duplicates make no
/// difference, is an EXISTS.
pub(super) fn semi_join(terms: &mut Terms, block: &mut Block) -> Outcome {
    if block.from.core.len() < 2 || block.inputs.len() > MOST {
        return Outcome::Unchanged;
    }
    let blind = outer::is_blind_to_duplicates(terms, block);
    let keys = order::input_keys(terms, block);
    // The one at the end of a chain of joins goes first, whichever was written first.
    let mut best: Option<((usize, u64), Candidate)> = None;
    for place in 0..block.from.core.len() {
        let FromPart::Input(input) = block.from.core[place] else { continue };
        let (own, others): (Vec<TermId>, Vec<TermId>) =
            block.conditions.iter().partition(|condition| terms.inputs_of(**condition).contains(&input));
        if !is_movable(terms, block, input, &own) {
            continue;
        }
        let proofs = terms.matches_once(block, input, &own, &|other| other != input);
        if !blind && proofs.is_none() {
            continue;
        }
        let mut without = block.clone();
        without.from.core.remove(place);
        without.conditions = others;
        if uses(terms, &without, input) {
            continue;
        }
        let joined: BTreeSet<u32> = own.iter().flat_map(|condition| terms.inputs_of(*condition)).collect();
        let rank = (joined.len(), keys.get(input as usize).copied().unwrap_or_default());
        if best.as_ref().is_none_or(|(known, _)| rank < *known) {
            let proofs = if blind { Vec::new() } else { proofs.unwrap_or_default() };
            best = Some((rank, Candidate { input, own, without, proofs }));
        }
    }
    let Some((_, Candidate { input, own, without, proofs })) = best else { return Outcome::Unchanged };
    terms.proofs.extend(proofs);
    let exists = as_exists(terms, &without, input, own);
    *block = without;
    block.conditions.push(exists);
    terms.compact(block);
    Outcome::Changed
}

/// An input that only asks whether there is a match.
struct Candidate {
    input: u32,
    /// The conditions on it.
    own: Vec<TermId>,
    /// The block without it.
    without: Block,
    proofs: Vec<Proof>,
}

/// Whether none of the first columns of a query is ever NULL.
pub(super) fn gives_no_null(terms: &Terms, plan: crate::canonical::PlanId, count: usize) -> bool {
    let Plan::Block(inner) = terms.plan(plan) else { return false };
    if inner.group.as_ref().is_some_and(|group| group.sets.is_some()) || inner.outputs.len() < count {
        return false;
    }
    inner.outputs.iter().take(count).all(|output| match terms.term(*output) {
        Term::Column(column) => column.level == 0 && terms.is_required(inner, *column),
        _ => terms.is_never_null(*output),
    })
}

/// In blocks of more inputs this is not looked for.
const MOST: usize = 100;

/// Whether an input can stand in a query of its own under conditions.
pub(super) fn is_movable(terms: &Terms, block: &Block, input: u32, on: &[TermId]) -> bool {
    let Some(found) = block.inputs.get(input as usize) else { return false };
    found.sample.is_none()
        && terms.plan_facts(found.plan).outer == 0
        && !terms.plan_facts(found.plan).traits.has(Traits::VOLATILE)
        && !on.iter().any(|term| terms.has(*term, Traits::VOLATILE.and(Traits::ROW)))
}

pub(super) fn uses(terms: &Terms, block: &Block, input: u32) -> bool {
    let mut usage = Usage::default();
    block.terms().into_iter().for_each(|term| usage.add(terms, term));
    for (place, other) in block.inputs.iter().enumerate() {
        if number(place) != input {
            usage.add_plan(terms, other.plan);
        }
    }
    let passes = block.rest.as_ref().is_some_and(|rest| rest.parts.iter().any(|(other, _)| *other == input));
    passes || usage.columns.iter().any(|column| column.is_of(input))
}

/// EXISTS over an input under conditions that stood in the block itself.
pub(super) fn as_exists(terms: &mut Terms, block: &Block, input: u32, on: Vec<TermId>) -> TermId {
    let mut inside = |terms: &mut Terms, column: Column| {
        let column = match column.is_of(input) {
            true => Column { input: 0, ..column },
            false => Column { level: column.level + 1, ..column },
        };
        terms.keep(Term::Column(column))
    };
    let mut replacement = Replacement::new(&mut inside);
    let conditions = on.into_iter().map(|term| terms.replace(&mut replacement, term)).collect();
    let from = From { core: vec![FromPart::Input(0)], steps: Vec::new() };
    let inner = Block { inputs: vec![block.inputs[input as usize]], from, conditions, ..Block::default() };
    let plan = terms.block(inner);
    terms.subquery(SubqueryKind::Exists, None, plan)
}

/// What a WHERE says is true in the rows that are left: a CASE need not ask again.
pub(super) fn said_by_where(terms: &mut Terms, block: &mut Block) -> Outcome {
    let said: BTreeSet<TermId> =
        block.conditions.iter().filter(|term| !terms.has(**term, Traits::VOLATILE)).copied().collect();
    if said.is_empty() {
        return Outcome::Unchanged;
    }
    let mut known: BTreeMap<TermId, TermId> = BTreeMap::new();
    let before = block.outputs.clone();
    for output in &mut block.outputs {
        *output = without_said(terms, *output, &said, &mut known);
    }
    if block.outputs == before { Outcome::Unchanged } else { Outcome::Changed }
}

fn without_said(
    terms: &mut Terms,
    id: TermId,
    said: &BTreeSet<TermId>,
    known: &mut BTreeMap<TermId, TermId>,
) -> TermId {
    if terms.facts(id).outer == 0 {
        return id;
    }
    if let Some(found) = known.get(&id) {
        return *found;
    }
    let term = terms.shared(id);
    let found = crate::stack::with_room(|| match &*term {
        Term::Case(branches, otherwise) => {
            let truth = terms.truth(true);
            let branches = branches
                .iter()
                .map(|(when, then)| {
                    let when = if said.contains(when) { truth } else { *when };
                    (when, without_said(terms, *then, said, known))
                })
                .collect();
            let otherwise = without_said(terms, *otherwise, said, known);
            terms.make(Term::Case(branches, otherwise))
        }
        _ => {
            let parts = term.parts();
            let made: Vec<TermId> = parts.iter().map(|part| without_said(terms, *part, said, known)).collect();
            if made == parts { id } else { terms.make(term.with_parts(&made)) }
        }
    });
    known.insert(id, found);
    found
}
