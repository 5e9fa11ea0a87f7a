//! CASE of constants, asked for which of them it is.

use std::collections::BTreeSet;

use super::compare::whole_number;
use crate::canonical::term::{Term, TermId};
use crate::canonical::terms::Terms;
use crate::query::tree::LiteralKind;

/// More results than this are not gone through.
const MOST: usize = 64;

/// The results of a CASE, if each is a whole number or NULL and there are not many.
fn numbers(terms: &Terms, id: TermId) -> Option<(Vec<(TermId, TermId)>, TermId)> {
    let Term::Case(branches, otherwise) = terms.term(id) else { return None };
    let is_number = |result: &TermId| terms.is_null(*result) || whole_number(terms, *result).is_some();
    let fits = branches.len() <= MOST && branches.iter().all(|(_, then)| is_number(then)) && is_number(otherwise);
    fits.then(|| (branches.clone(), *otherwise))
}

/// `CASE WHEN p THEN 1 ELSE 2 END = 1` compares each result: `CASE WHEN p THEN TRUE ELSE FALSE END`. Holds for
/// whole numbers, which are compared the same in every engine; what is NULL stays NULL.
pub(super) fn compared(terms: &mut Terms, operator: &str, args: &[TermId]) -> Option<TermId> {
    let [left, right] = args else { return None };
    let (left, right) = (*left, *right);
    let (found, is_left) = match (whole_number(terms, left), whole_number(terms, right)) {
        (None, Some(_)) => (numbers(terms, left)?, true),
        (Some(_), None) => (numbers(terms, right)?, false),
        _ => return None,
    };
    let mut each = |result: TermId| {
        let args = if is_left { vec![result, right] } else { vec![left, result] };
        terms.apply(operator, args)
    };
    let branches = found.0.iter().map(|(when, then)| (*when, each(*then))).collect();
    let otherwise = each(found.1);
    Some(terms.make(Term::Case(branches, otherwise)))
}

/// `CASE WHEN p THEN NULL ELSE 1 END IS NULL` asks which result is taken.
pub(super) fn is_null(terms: &mut Terms, operand: TermId) -> Option<TermId> {
    let Term::Case(branches, otherwise) = terms.term(operand) else { return None };
    let (branches, otherwise) = (branches.clone(), *otherwise);
    let is_constant = |result: &TermId| terms.constant(*result).is_some();
    if branches.len() > MOST || !branches.iter().all(|(_, then)| is_constant(then)) || !is_constant(&otherwise) {
        return None;
    }
    let branches = branches.iter().map(|(when, then)| (*when, terms.truth(terms.is_null(*then)))).collect();
    let otherwise = terms.truth(terms.is_null(otherwise));
    Some(terms.make(Term::Case(branches, otherwise)))
}

/// A CASE of TRUE, FALSE and NULL is true where a condition of a TRUE is, if none before it that leads
/// elsewhere can be true at the same time: they compare one operand with other whole numbers.
pub(super) fn only_true(terms: &mut Terms, branches: &[(TermId, TermId)], otherwise: TermId) -> Option<TermId> {
    let is_truth = |result: TermId| terms.truth_of(result).is_some() || terms.is_null(result);
    let is_true = |result: TermId| terms.truth_of(result) == Some(true);
    if branches.len() > MOST || is_true(otherwise) || !is_truth(otherwise) {
        return None;
    }
    if !branches.iter().all(|(_, then)| is_truth(*then)) {
        return None;
    }
    let mut found = Vec::new();
    for (place, (when, _)) in branches.iter().enumerate().filter(|(_, (_, then))| is_true(*then)) {
        let mut before = branches[..place].iter().filter(|(_, then)| !is_true(*then));
        if !before.all(|(other, _)| are_exclusive(terms, *when, *other)) {
            return None;
        }
        found.push(*when);
    }
    Some(match found.as_slice() {
        [] => terms.truth(false),
        [only] => *only,
        _ => terms.apply("or", found),
    })
}

fn are_exclusive(terms: &Terms, one: TermId, other: TermId) -> bool {
    match (listed(terms, one), listed(terms, other)) {
        (Some((operand, numbers)), Some((other, others))) => operand == other && numbers.is_disjoint(&others),
        _ => false,
    }
}

/// The operand and the whole numbers of `x = 1`, `x IN (1, 2)`.
fn listed(terms: &Terms, condition: TermId) -> Option<(TermId, BTreeSet<i64>)> {
    use crate::canonical::term::Traits;
    let found = match terms.applied(condition)? {
        ("=", [left, right]) => match (whole_number(terms, *left), whole_number(terms, *right)) {
            (None, Some(number)) => (*left, BTreeSet::from([number])),
            (Some(number), None) => (*right, BTreeSet::from([number])),
            _ => return None,
        },
        ("in", [operand, items @ ..]) => {
            let numbers: Option<BTreeSet<i64>> = items.iter().map(|item| whole_number(terms, *item)).collect();
            (*operand, numbers?)
        }
        _ => return None,
    };
    // A text may equal several numbers at once where it is brought to one.
    let is_text = matches!(terms.constant(found.0), Some((LiteralKind::String, _)));
    (!is_text && !terms.has(found.0, Traits::VOLATILE.and(Traits::UNKNOWN).and(Traits::SUBQUERY))).then_some(found)
}
