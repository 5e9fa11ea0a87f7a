//! DISTINCT that drops nothing, and DISTINCT below what does not see duplicates.

use std::collections::{BTreeMap, BTreeSet};

use super::{Outcome, outer};
use crate::canonical::plan::{Block, Distinct, Input, Plan, SetPlan};
use crate::canonical::term::{Call, Column, Term, TermId, Traits};
use crate::canonical::terms::Terms;
use crate::query::block::{Duplicates, SetOperator};

/// DISTINCT over columns that are unique per row, also where they are NULL, drops nothing.
pub(super) fn distinct_over_unique(terms: &mut Terms, block: &mut Block) -> Outcome {
    if block.distinct != Distinct::Distinct || block.group.is_some() || block.rest.is_some() {
        return Outcome::Unchanged;
    }
    if block.outputs.iter().any(|output| terms.has(*output, Traits::GENERATOR.and(Traits::UNKNOWN))) {
        return Outcome::Unchanged;
    }
    let is_projected =
        |column: &Column| block.outputs.iter().any(|output| *terms.term(*output) == Term::Column(*column));
    let found = terms.row_keys(block).into_iter().find(|key| key.with_nulls && key.columns.iter().all(is_projected));
    let Some(key) = found else { return Outcome::Unchanged };
    terms.proofs.extend(key.proofs);
    block.distinct = Distinct::All;
    Outcome::Changed
}

/// GROUP BY of columns that are unique per row, without an aggregate, groups nothing.
pub(super) fn group_over_unique(terms: &mut Terms, block: &mut Block) -> Outcome {
    let Some(group) = block.group.as_ref().filter(|group| group.sets.is_none() && !group.keys.is_empty()) else {
        return Outcome::Unchanged;
    };
    const MORE: Traits = Traits::AGGREGATE.and(Traits::UNKNOWN).and(Traits::GENERATOR).and(Traits::VOLATILE);
    let others =
        block.outputs.iter().chain(&block.having).chain(&block.qualify).chain(block.order.iter().map(|key| &key.term));
    if others.into_iter().any(|term| terms.has(*term, MORE)) || block.rest.is_some() {
        return Outcome::Unchanged;
    }
    let is_key = |column: &Column| group.keys.iter().any(|key| *terms.term(*key) == Term::Column(*column));
    let found = terms.row_keys(block).into_iter().find(|key| key.with_nulls && key.columns.iter().all(is_key));
    let Some(key) = found else { return Outcome::Unchanged };
    terms.proofs.extend(key.proofs);
    block.group = None;
    let having = std::mem::take(&mut block.having);
    block.conditions.extend(having);
    Outcome::Changed
}

/// An aggregate of the only row of a group has no duplicates to drop: the keys are unique per row.
pub(super) fn distinct_of_one(terms: &mut Terms, block: &mut Block) -> Outcome {
    let Some(group) = block.group.as_ref().filter(|group| group.sets.is_none() && !group.keys.is_empty()) else {
        return Outcome::Unchanged;
    };
    let is_distinct = |terms: &Terms, id: TermId| {
        matches!(terms.term(id), Term::Call(call) if call.distinct && call.over.is_none()
            && matches!(terms.text(call.function), "count" | "sum" | "avg"))
    };
    let mut found: BTreeSet<TermId> = BTreeSet::new();
    let mut seen: BTreeSet<TermId> = BTreeSet::new();
    let mut ahead: Vec<TermId> = block.outputs.iter().chain(&block.having).copied().collect();
    while let Some(id) = ahead.pop() {
        if !terms.has(id, Traits::AGGREGATE) || !seen.insert(id) {
            continue;
        }
        if is_distinct(terms, id) {
            found.insert(id);
        }
        ahead.extend(terms.term(id).parts());
    }
    if found.is_empty() {
        return Outcome::Unchanged;
    }
    let is_key = |column: &Column| group.keys.iter().any(|key| *terms.term(*key) == Term::Column(*column));
    let unique = terms.row_keys(block).into_iter().find(|key| key.with_nulls && key.columns.iter().all(is_key));
    let Some(unique) = unique else { return Outcome::Unchanged };
    terms.proofs.extend(unique.proofs);
    let mut put: BTreeMap<TermId, TermId> = BTreeMap::new();
    for id in found {
        let Term::Call(call) = terms.term(id) else { continue };
        let plain = Call { distinct: false, ..(**call).clone() };
        put.insert(id, terms.make(Term::Call(Box::new(plain))));
    }
    let mut known = BTreeMap::new();
    let mut all = |list: &mut Vec<TermId>| {
        list.iter_mut().for_each(|term| *term = super::marker::put_in(terms, *term, &put, &mut known));
    };
    all(&mut block.outputs);
    all(&mut block.having);
    Outcome::Changed
}

/// A DISTINCT below another, or below groups that are only asked for what duplicates do not change, is
/// not needed, if nothing keeps the first so many of its rows.
pub(super) fn distinct_below(terms: &mut Terms, block: &mut Block) -> Outcome {
    if block.frozen.is_some() || !outer::is_blind_to_duplicates(terms, block) {
        return Outcome::Unchanged;
    }
    let mut changed = Outcome::Unchanged;
    for place in 0..block.inputs.len() {
        let input = block.inputs[place];
        if input.sample.is_some() {
            continue;
        }
        if let Some(plan) = without_distinct(terms, input.plan) {
            block.inputs[place] = Input { plan, ..input };
            changed = Outcome::Changed;
        }
    }
    changed
}

/// A plan that gives the same rows more often; none if it drops no duplicates.
pub(super) fn without_distinct(terms: &mut Terms, plan: crate::canonical::PlanId) -> Option<crate::canonical::PlanId> {
    let plan = terms.shared_plan(plan);
    match &*plan {
        Plan::Block(inner)
            if inner.distinct == Distinct::Distinct && inner.limit.is_none() && inner.frozen.is_none() =>
        {
            let mut inner = (**inner).clone();
            inner.distinct = Distinct::All;
            Some(terms.block(inner))
        }
        // Groups of which only the keys are asked for are each there once.
        Plan::Block(inner) if only_keys(terms, inner) => {
            let mut inner = (**inner).clone();
            inner.group = None;
            Some(terms.block(inner))
        }
        Plan::Set(set)
            if set.operator == SetOperator::Union && set.duplicates == Duplicates::Dropped && set.limit.is_none() =>
        {
            Some(terms.set(SetPlan { duplicates: Duplicates::Kept, ..set.clone() }))
        }
        _ => None,
    }
}

/// Whether a block groups, and asks for nothing of its groups but what they are grouped by.
fn only_keys(terms: &Terms, block: &Block) -> bool {
    const MORE: Traits = Traits::AGGREGATE
        .and(Traits::WINDOW)
        .and(Traits::UNKNOWN)
        .and(Traits::GENERATOR)
        .and(Traits::VOLATILE)
        .and(Traits::SUBQUERY);
    block.group.as_ref().is_some_and(|group| group.sets.is_none() && !group.keys.is_empty())
        && block.frozen.is_none()
        && block.distinct == Distinct::All
        && block.having.is_empty()
        && block.qualify.is_empty()
        && block.limit.is_none()
        && block.rest.is_none()
        && !block.outputs.iter().any(|output| terms.has(*output, MORE))
}

/// COUNT of a column that is never NULL counts rows, and of such a column IS NULL is false.
pub(super) fn never_null(terms: &mut Terms, block: &mut Block) -> Outcome {
    if block.frozen.is_some() {
        return Outcome::Unchanged;
    }
    let mut changed = Outcome::Unchanged;
    let mut replace = |terms: &mut Terms, list: &mut Vec<TermId>, from: &Block| {
        for term in list.iter_mut() {
            let found = counted(terms, *term, from);
            if found != *term {
                *term = found;
                changed = Outcome::Changed;
            }
        }
    };
    let before = block.clone();
    if block.group.is_some() {
        replace(terms, &mut block.outputs, &before);
        replace(terms, &mut block.having, &before);
    }
    // A condition must not be dropped for what it says itself.
    let mut kept = Vec::with_capacity(block.conditions.len());
    let conditions = std::mem::take(&mut block.conditions);
    for (place, condition) in conditions.iter().enumerate() {
        let asked = null_test(terms, *condition);
        let Some((column, is_null)) = asked else {
            kept.push(*condition);
            continue;
        };
        let mut others = before.clone();
        others.conditions.remove(place);
        if !terms.is_required(&others, column) {
            kept.push(*condition);
            continue;
        }
        changed = Outcome::Changed;
        if is_null {
            kept.push(terms.truth(false));
        } else {
            // The others must not rest on this one.
            kept.extend(conditions[place + 1..].iter().copied());
            break;
        }
    }
    block.conditions = kept;
    changed
}

/// The column that a condition says is NULL (true) or is not (false).
fn null_test(terms: &Terms, condition: TermId) -> Option<(Column, bool)> {
    let (operand, is_null) = match terms.applied(condition)? {
        ("is null", [operand]) => (*operand, true),
        ("not", [inner]) => (terms.args_of(*inner, "is null")?.first().copied()?, false),
        _ => return None,
    };
    match terms.term(operand) {
        Term::Column(column) if column.level == 0 => Some((*column, is_null)),
        _ => None,
    }
}

fn counted(terms: &mut Terms, term: TermId, block: &Block) -> TermId {
    if !terms.has(term, Traits::AGGREGATE) {
        return term;
    }
    let shared = terms.shared(term);
    if let Term::Call(call) = &*shared {
        let counts = terms.text(call.function) == "count" && !call.distinct && call.over.is_none();
        if let ([arg], true) = (call.args.as_slice(), counts)
            && let Term::Column(column) = terms.term(*arg)
            && column.level == 0
            && terms.is_required(block, *column)
        {
            let mut call = (**call).clone();
            call.args.clear();
            return terms.make(Term::Call(Box::new(call)));
        }
    }
    let parts = shared.parts();
    let counted: Vec<TermId> =
        crate::stack::with_room(|| parts.iter().map(|part| counted(terms, *part, block)).collect());
    if counted == parts { term } else { terms.make(shared.with_parts(&counted)) }
}
