//! Outer joins of which only is asked whether they found something, and IN where nothing is NULL.

use std::collections::{BTreeMap, BTreeSet};

use super::semi::{as_exists, gives_no_null, is_movable, uses};
use super::{Outcome, outer};
use crate::canonical::plan::{Block, FromPart};
use crate::canonical::term::{Column, SubqueryKind, Term, TermId, Traits};
use crate::canonical::terms::Terms;
use crate::query::block::JoinKind;
use crate::stack::with_room;

/// A LEFT JOIN of which nothing is used but whether some column is NULL is an EXISTS in the places where that
/// is asked, if the column is never NULL in a row that matches, and if at most one row matches or it makes no
/// difference how many do.
pub(super) fn asks_for_match(terms: &mut Terms, block: &mut Block) -> Outcome {
    let blind = !block.from.steps.is_empty() && outer::is_blind_to_duplicates(terms, block);
    for place in 0..block.from.steps.len() {
        let step = &block.from.steps[place];
        let ([FromPart::Input(input)], [], JoinKind::Left) =
            (step.right.core.as_slice(), step.right.steps.as_slice(), step.kind)
        else {
            continue;
        };
        let input = *input;
        let once = terms.matches_once(block, input, &step.on, &|other| other != input);
        if (!blind && once.is_none()) || !is_movable(terms, block, input, &step.on) {
            continue;
        }
        let mut matched = Block { inputs: block.inputs.clone(), conditions: step.on.clone(), ..Block::default() };
        matched.from.core.push(FromPart::Input(input));
        let mut without = block.clone();
        let on = without.from.steps.remove(place).on;
        let asked = tests_of(terms, &without, input);
        if asked.is_empty() || !asked.values().all(|column| terms.is_required(&matched, *column)) {
            continue;
        }
        let exists = as_exists(terms, &without, input, on);
        let none = terms.apply("not", vec![exists]);
        let put: BTreeMap<TermId, TermId> = asked.keys().map(|test| (*test, none)).collect();
        let mut known = BTreeMap::new();
        without.change_terms(&mut |term| put_in(terms, term, &put, &mut known));
        if uses(terms, &without, input) {
            continue;
        }
        if !blind {
            terms.proofs.extend(once.into_iter().flatten());
        }
        *block = without;
        terms.compact(block);
        return Outcome::Changed;
    }
    Outcome::Unchanged
}

/// The terms `c IS NULL` of a block for columns of one input.
fn tests_of(terms: &Terms, block: &Block, input: u32) -> BTreeMap<TermId, Column> {
    let mut found = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut ahead = block.terms();
    while let Some(id) = ahead.pop() {
        if terms.facts(id).outer == 0 || !seen.insert(id) {
            continue;
        }
        if let Some([operand]) = terms.args_of(id, "is null")
            && let Term::Column(column) = terms.term(*operand)
            && column.is_of(input)
        {
            found.insert(id, *column);
            continue;
        }
        ahead.extend(terms.term(id).parts());
    }
    found
}

/// A term with others in the place of some of its parts, outside of its queries.
pub(super) fn put_in(
    terms: &mut Terms,
    id: TermId,
    put: &BTreeMap<TermId, TermId>,
    known: &mut BTreeMap<TermId, TermId>,
) -> TermId {
    if let Some(found) = put.get(&id).or_else(|| known.get(&id)) {
        return *found;
    }
    if terms.facts(id).outer == 0 {
        return id;
    }
    let term = terms.shared(id);
    let parts = term.parts();
    let made: Vec<TermId> = with_room(|| parts.iter().map(|part| put_in(terms, *part, put, known)).collect());
    let found = if made == parts { id } else { terms.make(term.with_parts(&made)) };
    known.insert(id, found);
    found
}

/// `x IN (SELECT y …)` is true or false and nothing else if neither x nor y is ever NULL: wherever it stands,
/// it is an EXISTS.
pub(super) fn in_without_nulls(terms: &mut Terms, block: &mut Block) -> Outcome {
    // What a condition asks must not rest on that condition itself, nor two of them on each other.
    for place in 0..block.conditions.len() {
        let mut others = block.clone();
        let condition = others.conditions.remove(place);
        if let Some(found) = as_exists_where_it_is(terms, &others, condition) {
            block.conditions[place] = found;
            return Outcome::Changed;
        }
    }
    if block.group.is_some() {
        return Outcome::Unchanged;
    }
    let mut changed = Outcome::Unchanged;
    for place in 0..block.outputs.len() {
        if let Some(found) = as_exists_where_it_is(terms, block, block.outputs[place]) {
            block.outputs[place] = found;
            changed = Outcome::Changed;
        }
    }
    changed
}

/// A term of a block with EXISTS in the place of each IN that is never NULL; none if it has none.
fn as_exists_where_it_is(terms: &mut Terms, block: &Block, term: TermId) -> Option<TermId> {
    let mut put: BTreeMap<TermId, TermId> = BTreeMap::new();
    for found in gather_in(terms, block, term) {
        let exists = super::filter(terms, found);
        if exists != found {
            put.insert(found, exists);
        }
    }
    (!put.is_empty()).then(|| put_in(terms, term, &put, &mut BTreeMap::new()))
}

/// The IN of terms whose operand and query are never NULL.
fn gather_in(terms: &Terms, block: &Block, from: TermId) -> BTreeSet<TermId> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut ahead = vec![from];
    while let Some(id) = ahead.pop() {
        if !terms.has(id, Traits::SUBQUERY) || !seen.insert(id) {
            continue;
        }
        if let Term::Subquery(SubqueryKind::In, Some(operand), plan) = terms.term(id) {
            let parts = terms.args_of(*operand, "tuple").map_or_else(|| vec![*operand], <[TermId]>::to_vec);
            let is_there = |part: &TermId| match terms.term(*part) {
                Term::Column(column) => column.level == 0 && terms.is_required(block, *column),
                _ => terms.is_never_null(*part),
            };
            if parts.iter().all(is_there) && gives_no_null(terms, *plan, parts.len()) {
                found.insert(id);
            }
        }
        ahead.extend(terms.term(id).parts());
    }
    found
}
