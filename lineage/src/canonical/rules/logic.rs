//! AND, OR and NOT, which form a distributive lattice with De Morgan's laws also where NULL is a third
//! value; what makes two values of three, such as `a OR NOT a`, is no law.

use std::collections::{BTreeMap, BTreeSet};

use crate::canonical::term::{Term, TermId, Traits};
use crate::canonical::terms::Terms;
use crate::dialect::Dialect;
use crate::query::tree::LiteralKind;

/// More parts than this are not looked at pair by pair.
const FEW: usize = 64;

/// AND and OR as sets, without what is neutral, with what is absorbed gone and what all parts of an OR
/// share in front of it.
pub(super) fn junction(terms: &mut Terms, operator: &str, args: Vec<TermId>) -> TermId {
    let is_and = operator == "and";
    let mut flat = Vec::with_capacity(args.len());
    for arg in args {
        match terms.args_of(arg, operator) {
            Some(inner) => flat.extend_from_slice(inner),
            None => flat.push(arg),
        }
    }
    flat.sort_unstable();
    // What differs from call to call is not the same because it is written alike.
    flat.dedup_by(|one, other| one == other && !terms.has(*one, Traits::VOLATILE));
    let absorbing = terms.truth(!is_and);
    if flat.contains(&absorbing) {
        return absorbing;
    }
    let neutral = terms.truth(is_and);
    flat.retain(|arg| *arg != neutral);
    if flat.is_empty() {
        return neutral;
    }
    absorb(terms, is_and, &mut flat);
    gather_lists(terms, is_and, &mut flat);
    if !is_and && let Some(factored) = factor(terms, &flat) {
        return factored;
    }
    match flat.as_slice() {
        // A number counts as a truth value only inside AND and OR.
        [only] if terms.is_truth(*only) => *only,
        _ => {
            let operator = terms.word(operator);
            terms.keep(Term::Apply(operator, flat))
        }
    }
}

/// `a AND (a OR b)` is a, and `a OR (a AND b)` is a.
fn absorb(terms: &Terms, is_and: bool, flat: &mut Vec<TermId>) {
    if flat.len() < 2 {
        return;
    }
    let inner = if is_and { "or" } else { "and" };
    let own: BTreeSet<TermId> = flat.iter().filter(|arg| !terms.has(**arg, Traits::VOLATILE)).copied().collect();
    flat.retain(|arg| terms.args_of(*arg, inner).is_none_or(|parts| !parts.iter().any(|part| own.contains(part))));
}

/// `a = 1 OR a = 2` is `a IN (1, 2)`, and `a <> 1 AND a <> 2` is `a NOT IN (1, 2)`, where the constants
/// are of one kind: a list of several kinds may be brought to one of them.
fn gather_lists(terms: &mut Terms, is_and: bool, flat: &mut Vec<TermId>) {
    if flat.len() < 2 {
        return;
    }
    let mut lists: BTreeMap<(TermId, bool), Vec<TermId>> = BTreeMap::new();
    let mut parts: BTreeMap<(TermId, bool), Vec<TermId>> = BTreeMap::new();
    for arg in flat.iter() {
        let Some((operand, constants)) = membership(terms, *arg, is_and) else { continue };
        let Some(kind) = kind_of(terms, &constants) else { continue };
        lists.entry((operand, kind)).or_default().extend(constants);
        parts.entry((operand, kind)).or_default().push(*arg);
    }
    for (key, args) in parts.into_iter().filter(|(_, args)| args.len() > 1) {
        let gone: BTreeSet<TermId> = args.into_iter().collect();
        flat.retain(|arg| !gone.contains(arg));
        let mut list = vec![key.0];
        list.extend(lists.remove(&key).unwrap_or_default());
        let found = terms.apply("in", list);
        flat.push(if is_and { terms.apply("not", vec![found]) } else { found });
    }
    flat.sort_unstable();
    flat.dedup_by(|one, other| one == other && !terms.has(*one, Traits::VOLATILE));
}

/// The operand and the constants that a condition says that it is one of, or none of.
fn membership(terms: &Terms, condition: TermId, negated: bool) -> Option<(TermId, Vec<TermId>)> {
    let pair = |args: &[TermId]| match args {
        [left, right] if terms.constant(*right).is_some() && terms.constant(*left).is_none() => {
            Some((*left, vec![*right]))
        }
        [left, right] if terms.constant(*left).is_some() && terms.constant(*right).is_none() => {
            Some((*right, vec![*left]))
        }
        _ => None,
    };
    match terms.applied(condition)? {
        ("=", args) if !negated => pair(args),
        ("<>", args) if negated => pair(args),
        ("in", [operand, items @ ..]) if !negated => Some((*operand, items.to_vec())),
        ("not", [inner]) if negated => match terms.applied(*inner)? {
            ("in", [operand, items @ ..]) => Some((*operand, items.to_vec())),
            _ => None,
        },
        _ => None,
    }
}

/// Whether constants are all whole numbers (true) or all texts (false); none if they are neither.
pub(super) fn kind_of(terms: &Terms, constants: &[TermId]) -> Option<bool> {
    let kind = |term: &TermId| match terms.constant(*term)? {
        (LiteralKind::Number, text) => text.parse::<i64>().is_ok().then_some(true),
        (LiteralKind::String, _) => Some(false),
        _ => None,
    };
    let first = kind(constants.first()?)?;
    constants.iter().all(|term| kind(term) == Some(first)).then_some(first)
}

/// `(a AND b) OR (a AND c)` is `a AND (b OR c)`.
fn factor(terms: &mut Terms, flat: &[TermId]) -> Option<TermId> {
    if flat.len() < 2 || flat.len() > FEW {
        return None;
    }
    let parts = |term: TermId| -> BTreeSet<TermId> {
        match terms.args_of(term, "and") {
            Some(args) => args.iter().copied().collect(),
            None => BTreeSet::from([term]),
        }
    };
    let all: Vec<BTreeSet<TermId>> = flat.iter().map(|term| parts(*term)).collect();
    let (first, others) = all.split_first()?;
    let shared: Vec<TermId> =
        first.iter().filter(|part| others.iter().all(|set| set.contains(part))).copied().collect();
    if shared.is_empty() {
        return None;
    }
    let rest: Vec<TermId> = all
        .iter()
        .map(|set| {
            let own: Vec<TermId> = set.iter().filter(|part| !shared.contains(part)).copied().collect();
            terms.apply("and", own)
        })
        .collect();
    let either = terms.apply("or", rest);
    let mut whole = shared;
    whole.push(either);
    Some(terms.apply("and", whole))
}

/// NOT as far inside as it goes.
pub(super) fn negation(terms: &mut Terms, arg: TermId) -> TermId {
    if let Some(truth) = terms.truth_of(arg) {
        return terms.truth(!truth);
    }
    if terms.is_null(arg) {
        return arg;
    }
    let inner = terms.applied(arg).map(|(operator, args)| (operator.to_owned(), args.to_vec()));
    if let Some((operator, args)) = inner {
        match (operator.as_str(), args.as_slice()) {
            ("not", [inner]) if terms.is_truth(*inner) => return *inner,
            // NOT (a AND b) is NOT a OR NOT b.
            ("and" | "or", _) => {
                let negated: Vec<TermId> = args.iter().map(|arg| negation(terms, *arg)).collect();
                return terms.apply(if operator == "and" { "or" } else { "and" }, negated);
            }
            ("=", _) => return terms.apply("<>", args),
            ("<>", _) => return terms.apply("=", args),
            // NOT a < b is b <= a, unless something is neither less nor more nor the same.
            ("<" | "<=", [left, right]) if !has_unordered(terms.dialect) => {
                let (left, right) = (*left, *right);
                return terms.apply(if operator == "<" { "<=" } else { "<" }, vec![right, left]);
            }
            _ => {}
        }
    }
    let not = terms.word("not");
    terms.keep(Term::Apply(not, vec![arg]))
}

/// Whether comparisons with NaN are false whichever way round. Where it is not known, they may be.
const fn has_unordered(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::BigQuery | Dialect::Trino | Dialect::ClickHouse)
}
