//! Outer joins that are inner joins, and those that nobody notices.

use std::collections::{BTreeMap, BTreeSet};

use super::Outcome;
use crate::canonical::plan::{Block, Distinct, From, FromPart};
use crate::canonical::term::{Column, TermId, Traits};
use crate::canonical::terms::Terms;
use crate::canonical::usage::Usage;
use crate::query::block::JoinKind;

/// A LEFT JOIN whose WHERE drops every row without a match is an inner join: some condition cannot be
/// true where all columns of that side are NULL.
pub(super) fn rejected_nulls(terms: &mut Terms, block: &mut Block) -> Outcome {
    for place in 0..block.from.steps.len() {
        let step = &block.from.steps[place];
        if step.kind != JoinKind::Left {
            continue;
        }
        let side: BTreeSet<u32> = step.right.inputs().into_iter().collect();
        let absent = |input: u32| side.contains(&input);
        if block.conditions.iter().any(|condition| terms.rejects(*condition, &absent)) {
            let step = block.from.steps.remove(place);
            block.from.core.extend(step.right.core);
            // What the side joins itself stood behind this join already.
            let behind = block.from.steps.split_off(place);
            block.from.steps.extend(step.right.steps);
            block.from.steps.extend(behind);
            block.conditions.extend(step.on);
            return Outcome::Changed;
        }
    }
    Outcome::Unchanged
}

/// A FULL JOIN whose WHERE drops the rows without a match on a side is an outer join the other way round.
pub(super) fn rejected_full(terms: &mut Terms, block: &mut Block) -> Outcome {
    for place in 0..block.from.core.len() {
        let FromPart::Full(full) = &block.from.core[place] else { continue };
        let rejects = |from: &From| {
            let side: BTreeSet<u32> = from.inputs().into_iter().collect();
            let absent = |input: u32| side.contains(&input);
            block.conditions.iter().any(|condition| terms.rejects(*condition, &absent))
        };
        // Where the left side is NULL no row is left: what remains are the rows of the left.
        let (keeps_left, keeps_right) = (rejects(&full.left.0), rejects(&full.right.0));
        if !keeps_left && !keeps_right {
            continue;
        }
        let FromPart::Full(full) = block.from.core.remove(place) else { continue };
        let (kept, other) = if keeps_left { (full.left, full.right) } else { (full.right, full.left) };
        block.from.core.extend(kept.0.core);
        let mut steps = kept.0.steps;
        let on = full.on.into_iter().chain(other.1).collect();
        steps.push(crate::canonical::plan::Step { kind: JoinKind::Left, right: other.0, on });
        steps.append(&mut block.from.steps);
        block.from.steps = steps;
        block.conditions.extend(kept.1);
        return Outcome::Changed;
    }
    Outcome::Unchanged
}

/// A LEFT JOIN of which no column is used adds and drops no row, if at most one row matches: the side is
/// unique on what the ON compares. Under DISTINCT, or where groups are only asked for what duplicates
/// do not change, it may match as often as it likes.
pub(super) fn unused_join(terms: &mut Terms, block: &mut Block) -> Outcome {
    if block.from.steps.is_empty() {
        return Outcome::Unchanged;
    }
    let blind = is_blind_to_duplicates(terms, block);
    let users = users(terms, block);
    for place in (0..block.from.steps.len()).rev() {
        let step = &block.from.steps[place];
        if step.kind != JoinKind::Left || step.on.iter().any(|term| terms.has(*term, Traits::VOLATILE)) {
            continue;
        }
        let side: BTreeSet<u32> = step.right.inputs().into_iter().collect();
        let is_used = |input: &u32| users.get(input).is_some_and(|users| users.iter().any(|user| *user != Some(place)));
        if side.iter().any(is_used) {
            continue;
        }
        let proof = match (step.right.core.as_slice(), step.right.steps.as_slice()) {
            ([FromPart::Input(input)], []) => terms.matches_once(block, *input, &step.on, &|other| other != *input),
            _ => None,
        };
        if !blind && proof.is_none() {
            continue;
        }
        if !blind {
            terms.proofs.extend(proof.into_iter().flatten());
        }
        block.from.steps.remove(place);
        terms.compact(block);
        return Outcome::Changed;
    }
    Outcome::Unchanged
}

/// Which steps use each input, by their numbers; `None` stands for what is no step.
fn users(terms: &Terms, block: &Block) -> BTreeMap<u32, BTreeSet<Option<usize>>> {
    let mut users: BTreeMap<u32, BTreeSet<Option<usize>>> = BTreeMap::new();
    let mut add = |usage: &Usage, user: Option<usize>| {
        for column in &usage.columns {
            users.entry(column.input).or_default().insert(user);
        }
    };
    let mut step_of: BTreeMap<u32, usize> = BTreeMap::new();
    for (place, step) in block.from.steps.iter().enumerate() {
        step_of.extend(step.right.inputs().into_iter().map(|input| (input, place)));
        let mut usage = Usage::default();
        step.on.iter().chain(&step.right.terms()).for_each(|term| usage.add(terms, *term));
        add(&usage, Some(place));
    }
    let mut without = block.clone();
    without.from.steps.clear();
    let mut usage = Usage::default();
    without.terms().into_iter().for_each(|term| usage.add(terms, term));
    add(&usage, None);
    for (place, input) in block.inputs.iter().enumerate() {
        let mut usage = Usage::default();
        usage.add_plan(terms, input.plan);
        add(&usage, step_of.get(&crate::canonical::terms::number(place)).copied());
    }
    for (input, _) in block.rest.iter().flat_map(|rest| &rest.parts) {
        users.entry(*input).or_default().insert(None);
    }
    users
}

/// Whether a block gives the same if its rows before grouping are there several times.
pub(super) fn is_blind_to_duplicates(terms: &Terms, block: &Block) -> bool {
    if block.limit.is_some() && block.group.is_none() && block.distinct == Distinct::All {
        return false;
    }
    let all: Vec<TermId> = block
        .outputs
        .iter()
        .chain(&block.having)
        .chain(&block.qualify)
        .chain(block.order.iter().map(|key| &key.term))
        .copied()
        .collect();
    match &block.group {
        Some(group) => {
            group.sets.is_none() && all.iter().all(|term| only_blind_aggregates(terms, *term)) && block.rest.is_none()
        }
        None => {
            block.distinct == Distinct::Distinct
                && !all.iter().any(|term| {
                    terms.has(*term, Traits::WINDOW.and(Traits::VOLATILE).and(Traits::GENERATOR).and(Traits::UNKNOWN))
                })
        }
    }
}

fn only_blind_aggregates(terms: &Terms, term: TermId) -> bool {
    if !terms.has(term, Traits::AGGREGATE.and(Traits::UNKNOWN).and(Traits::VOLATILE).and(Traits::GENERATOR)) {
        return true;
    }
    if super::call::ignores_duplicates(terms, term) {
        return true;
    }
    if let crate::canonical::Term::Call(call) = terms.term(term)
        && call.over.is_none()
    {
        // What else is called: a function of aggregates, if it is none itself.
        let own = terms.text(call.function);
        if crate::canonical::behaviour::may_aggregate(own) || crate::canonical::behaviour::surely_aggregates(own, call)
        {
            return false;
        }
    }
    let parts = terms.term(term).parts();
    !parts.is_empty() && crate::stack::with_room(|| parts.into_iter().all(|part| only_blind_aggregates(terms, part)))
}

impl Column {
    /// Whether it is a column of one of the block's own inputs.
    pub(in crate::canonical) const fn is_of(self, input: u32) -> bool {
        self.level == 0 && self.input == input
    }
}
