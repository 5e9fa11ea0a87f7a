//! Whether a condition is true wherever others are. NULL is as good as false on either side. It must not
//! know where conditions stand.

use std::cmp::Ordering;

use crate::canonical::term::{Term, TermId};
use crate::canonical::terms::Terms;
use crate::query::tree::LiteralKind;
use crate::stack::with_room;

/// Whether a condition is true wherever all of some others are.
pub(super) fn all_imply(terms: &Terms, premises: &[TermId], condition: TermId) -> bool {
    if premises.contains(&condition) || premises.iter().any(|premise| terms.truth_of(*premise) == Some(false)) {
        return true;
    }
    match terms.applied(condition) {
        Some(("and", parts)) => with_room(|| parts.iter().all(|part| all_imply(terms, premises, *part))),
        Some(("or", parts)) => {
            with_room(|| parts.iter().any(|part| all_imply(terms, premises, *part)))
                || premises.iter().any(|premise| implies(terms, *premise, condition))
        }
        _ => premises.iter().any(|premise| implies(terms, *premise, condition)),
    }
}

/// Whether a condition is true wherever another is.
fn implies(terms: &Terms, premise: TermId, condition: TermId) -> bool {
    if premise == condition {
        return true;
    }
    match terms.applied(premise) {
        Some(("or", parts)) => return with_room(|| parts.iter().all(|part| implies(terms, *part, condition))),
        Some(("and", parts)) if with_room(|| all_imply(terms, parts, condition)) => return true,
        _ => {}
    }
    if let Some(("or", parts)) = terms.applied(condition) {
        return with_room(|| parts.iter().any(|part| implies(terms, premise, *part)));
    }
    if let Some(operand) = is_not_null(terms, condition) {
        return rejects_null(terms, premise, operand);
    }
    let (Some((operand, had)), Some((other, wanted))) = (range(terms, premise), range(terms, condition)) else {
        return false;
    };
    operand == other && had.is_within(terms, &wanted)
}

/// The operand of `x IS NOT NULL`.
fn is_not_null(terms: &Terms, condition: TermId) -> Option<TermId> {
    match terms.args_of(condition, "not")? {
        [inner] => terms.args_of(*inner, "is null")?.first().copied(),
        _ => None,
    }
}

/// Whether a condition is not true where a term is NULL.
fn rejects_null(terms: &Terms, condition: TermId, operand: TermId) -> bool {
    match terms.applied(condition) {
        Some(("=" | "<>" | "<" | "<=" | "like" | "ilike" | "in", args)) => {
            args.iter().take(2).enumerate().any(|(place, arg)| {
                *arg == operand && (place == 0 || !matches!(terms.applied(condition), Some(("in", _))))
            })
        }
        Some(("not", [inner])) => match terms.applied(*inner) {
            Some(("in", [found, ..])) => *found == operand,
            Some(("like" | "ilike", args)) => args.first() == Some(&operand),
            _ => false,
        },
        _ => false,
    }
}

/// Values that a condition allows.
enum Range {
    /// One of these constants.
    Among(Vec<TermId>),
    /// None of these constants, and not NULL.
    NotAmong(Vec<TermId>),
    /// Above a constant, or the constant too.
    Above(TermId, bool),
    /// Below a constant, or the constant too.
    Below(TermId, bool),
}

impl Range {
    fn is_within(&self, terms: &Terms, wanted: &Self) -> bool {
        let order = |left: TermId, right: TermId| compare(terms, left, right);
        match (self, wanted) {
            (Self::Among(had), Self::Among(allowed)) => had.iter().all(|value| allowed.contains(value)),
            (Self::Among(had), Self::NotAmong(denied)) => had.iter().all(|value| {
                denied.iter().all(|other| matches!(order(*value, *other), Some(Ordering::Less | Ordering::Greater)))
            }),
            (Self::NotAmong(had), Self::NotAmong(denied)) => denied.iter().all(|value| had.contains(value)),
            (Self::Among(had), Self::Above(limit, with)) => had.iter().all(|value| {
                matches!((order(*value, *limit), with), (Some(Ordering::Greater), _) | (Some(Ordering::Equal), true))
            }),
            (Self::Among(had), Self::Below(limit, with)) => had.iter().all(|value| {
                matches!((order(*value, *limit), with), (Some(Ordering::Less), _) | (Some(Ordering::Equal), true))
            }),
            (Self::Above(had, with), Self::Above(limit, wanted)) => match order(*had, *limit) {
                Some(Ordering::Greater) => true,
                Some(Ordering::Equal) => *wanted || !with,
                _ => false,
            },
            (Self::Below(had, with), Self::Below(limit, wanted)) => match order(*had, *limit) {
                Some(Ordering::Less) => true,
                Some(Ordering::Equal) => *wanted || !with,
                _ => false,
            },
            (Self::Above(had, with), Self::NotAmong(denied)) => denied.iter().all(|value| {
                matches!((order(*value, *had), with), (Some(Ordering::Less), _) | (Some(Ordering::Equal), false))
            }),
            (Self::Below(had, with), Self::NotAmong(denied)) => denied.iter().all(|value| {
                matches!((order(*value, *had), with), (Some(Ordering::Greater), _) | (Some(Ordering::Equal), false))
            }),
            _ => false,
        }
    }
}

/// What a condition says of one operand by constants alone.
fn range(terms: &Terms, condition: TermId) -> Option<(TermId, Range)> {
    let is_constant = |term: &TermId| terms.constant(*term).is_some() && !terms.is_null(*term);
    let all_constant = |items: &[TermId]| items.iter().all(is_constant);
    match terms.applied(condition)? {
        (operator @ ("=" | "<>"), [left, right]) => {
            let (operand, value) = match (is_constant(left), is_constant(right)) {
                (false, true) => (*left, *right),
                (true, false) => (*right, *left),
                _ => return None,
            };
            let values = vec![value];
            Some((operand, if operator == "=" { Range::Among(values) } else { Range::NotAmong(values) }))
        }
        (operator @ ("<" | "<="), [left, right]) => {
            let with = operator == "<=";
            match (is_constant(left), is_constant(right)) {
                (false, true) => Some((*left, Range::Below(*right, with))),
                (true, false) => Some((*right, Range::Above(*left, with))),
                _ => None,
            }
        }
        ("in", [operand, items @ ..]) if all_constant(items) && !is_constant(operand) => {
            Some((*operand, Range::Among(items.to_vec())))
        }
        ("not", [inner]) => match terms.applied(*inner)? {
            ("in", [operand, items @ ..]) if all_constant(items) && !is_constant(operand) => {
                Some((*operand, Range::NotAmong(items.to_vec())))
            }
            _ => None,
        },
        _ => None,
    }
}

/// How two constants are ordered, whatever they are compared with and in whatever collation.
fn compare(terms: &Terms, left: TermId, right: TermId) -> Option<Ordering> {
    if left == right {
        return Some(Ordering::Equal);
    }
    let ((left_kind, left_text), (right_kind, right_text)) = (constant(terms, left)?, constant(terms, right)?);
    if left_kind != right_kind {
        return None;
    }
    match left_kind {
        LiteralKind::Number => {
            let (left, right): (f64, f64) = (left_text.parse().ok()?, right_text.parse().ok()?);
            // Numbers that are too near to each other to be told apart are not compared.
            left.partial_cmp(&right).filter(|order| *order != Ordering::Equal)
        }
        LiteralKind::String => {
            let shape = |text: &str| -> Vec<Option<char>> {
                text.chars().map(|letter| if letter.is_ascii_digit() { None } else { Some(letter) }).collect()
            };
            // Dates and times of one format.
            let is_date = left_text.starts_with(|letter: char| letter.is_ascii_digit())
                && left_text.contains('-')
                && left_text.len() >= 8
                && shape(left_text) == shape(right_text);
            is_date.then(|| left_text.cmp(right_text))
        }
        _ => None,
    }
}

/// A constant, also in a cast to a date.
fn constant(terms: &Terms, term: TermId) -> Option<(LiteralKind, &str)> {
    match terms.term(term) {
        Term::Literal(..) => terms.constant(term),
        _ => None,
    }
}
