//! CASE, COALESCE and the functions that only spell them.

use crate::canonical::term::{Call, Term, TermId, Traits};
use crate::canonical::terms::Terms;
use crate::query::tree::LiteralKind;

/// CASE without branches that are never taken, without those behind one that always is, with branches of
/// the same result as one, and with a CASE in its ELSE written out. Only conditions that are true count.
pub(super) fn case(terms: &mut Terms, branches: Vec<(TermId, TermId)>, otherwise: TermId) -> TermId {
    let as_written = Term::Case(branches.clone(), otherwise);
    let mut results: Vec<TermId> = branches.iter().map(|(_, then)| *then).collect();
    let mut last = otherwise;
    while let Term::Case(inner, after) = terms.term(last) {
        results.extend(inner.iter().map(|(_, then)| *then));
        last = *after;
    }
    results.push(last);
    let mut otherwise = otherwise;
    let mut found: Vec<(TermId, TermId)> = Vec::with_capacity(branches.len());
    let mut ahead = branches;
    let mut ends = false;
    loop {
        for (when, then) in std::mem::take(&mut ahead) {
            let when = super::filter::only_true(terms, when);
            if terms.truth_of(when) == Some(true) {
                otherwise = then;
                ends = true;
                break;
            }
            if terms.truth_of(when) == Some(false) || terms.is_null(when) {
                continue;
            }
            match found.last_mut() {
                Some((before, result)) if *result == then => *before = terms.apply("or", vec![*before, when]),
                _ => found.push((when, then)),
            }
        }
        let inner = match terms.term(otherwise) {
            Term::Case(inner, last) => Some((inner.clone(), *last)),
            _ => None,
        };
        match inner {
            Some((inner, last)) if !ends || found.is_empty() || !inner.is_empty() => {
                ahead = inner;
                otherwise = last;
                ends = false;
            }
            _ => break,
        }
    }
    while found.last().is_some_and(|(_, then)| *then == otherwise) {
        found.pop();
    }
    // The type of a CASE is that of all its results, also of those that never come.
    let mut kept: Vec<TermId> = found.iter().map(|(_, then)| *then).collect();
    kept.push(otherwise);
    let is_typed = |result: &TermId| kept.contains(result) || kept.iter().any(|kept| are_alike(terms, *result, *kept));
    if !results.iter().all(is_typed) {
        return terms.keep(as_written);
    }
    if found.is_empty() {
        return otherwise;
    }
    if let [(when, then)] = found.as_slice()
        && let Some(short) = short_case(terms, *when, *then, otherwise)
    {
        return short;
    }
    terms.keep(Term::Case(found, otherwise))
}

/// Whether a result adds nothing to the type of another: NULL, or a constant of the same kind.
fn are_alike(terms: &Terms, result: TermId, other: TermId) -> bool {
    match (terms.constant(result), terms.constant(other)) {
        (Some((LiteralKind::Null, _)), _) => true,
        (Some((LiteralKind::Number, one)), Some((LiteralKind::Number, other))) => {
            one.parse::<i32>().is_ok() && other.parse::<i32>().is_ok()
        }
        (Some((one, _)), Some((other, _))) => one == other && one != LiteralKind::Other,
        _ => false,
    }
}

/// A CASE of one branch that is a COALESCE, and `IS NOT NULL` as `IS NULL` the other way round.
fn short_case(terms: &mut Terms, when: TermId, then: TermId, otherwise: TermId) -> Option<TermId> {
    if let Some([inner]) = terms.args_of(when, "not")
        && terms.args_of(*inner, "is null").is_some()
    {
        let inner = *inner;
        return Some(terms.make(Term::Case(vec![(inner, otherwise)], then)));
    }
    // `CASE WHEN p THEN TRUE ELSE FALSE END`, where p is never NULL.
    if let (Some(one), Some(other)) = (terms.truth_of(then), terms.truth_of(otherwise))
        && one != other
        && terms.is_truth(when)
        && terms.is_never_null(when)
    {
        return Some(if one { when } else { super::logic::negation(terms, when) });
    }
    // `CASE WHEN NOT p THEN x ELSE y END`, where p is never NULL.
    if let Some([inner]) = terms.args_of(when, "not")
        && terms.is_truth(*inner)
        && terms.is_never_null(*inner)
    {
        let inner = *inner;
        return Some(terms.make(Term::Case(vec![(inner, otherwise)], then)));
    }
    // `CASE WHEN x IS NULL THEN y ELSE x END`.
    if let Some([operand]) = terms.args_of(when, "is null")
        && *operand == otherwise
        && !terms.has(otherwise, Traits::VOLATILE.and(Traits::UNKNOWN))
    {
        let coalesce = terms.word("coalesce");
        return Some(terms.make(Term::Call(Box::new(Call::plain(coalesce, vec![otherwise, then])))));
    }
    None
}

/// Functions that are a CASE or a COALESCE. T-SQL's ISNULL has the type of its first argument and stays.
pub(super) fn function(terms: &mut Terms, name: &str, args: &[TermId]) -> Option<TermId> {
    match (name, args) {
        ("coalesce" | "ifnull" | "nvl", [_, ..]) if name == "coalesce" || args.len() == 2 => {
            Some(coalesce(terms, args))
        }
        ("if" | "iff" | "iif", [when, then, otherwise]) => {
            let case = Term::Case(vec![(*when, *then)], *otherwise);
            Some(terms.make(case))
        }
        ("if" | "iif", [when, then]) => {
            let null = terms.null();
            Some(terms.make(Term::Case(vec![(*when, *then)], null)))
        }
        ("nvl2", [operand, then, otherwise]) => {
            let is_null = terms.apply("is null", vec![*operand]);
            Some(terms.make(Term::Case(vec![(is_null, *otherwise)], *then)))
        }
        ("nullif", [operand, other]) if !terms.has(*operand, Traits::VOLATILE.and(Traits::UNKNOWN)) => {
            let equal = terms.apply("=", vec![*operand, *other]);
            let null = terms.null();
            Some(terms.make(Term::Case(vec![(equal, null)], *operand)))
        }
        ("zeroifnull", [operand]) => {
            let zero = terms.literal(LiteralKind::Number, "0");
            Some(coalesce(terms, &[*operand, zero]))
        }
        _ => None,
    }
}

/// Whether a term counts rows or values.
fn is_count(terms: &Terms, term: TermId) -> bool {
    matches!(terms.term(term), Term::Call(call) if terms.text(call.function) == "count")
}

/// COALESCE without another inside, without NULL and repetitions, and without what stands behind what is
/// never NULL by its form, if that is a constant like it: the type must stay.
fn coalesce(terms: &mut Terms, args: &[TermId]) -> TermId {
    let name = terms.word("coalesce");
    let mut flat: Vec<TermId> = Vec::with_capacity(args.len());
    for arg in args {
        match terms.term(*arg) {
            Term::Call(call) if call.function == name && call.is_plain() => flat.extend_from_slice(&call.args),
            _ => flat.push(*arg),
        }
    }
    let mut seen = crate::hashing::HashSet::default();
    let mut kept: Vec<TermId> = Vec::with_capacity(flat.len());
    for arg in flat {
        let again = !terms.has(arg, Traits::VOLATILE.and(Traits::UNKNOWN)) && !seen.insert(arg);
        if !again && !terms.is_null(arg) {
            kept.push(arg);
        }
    }
    // A count is never NULL, and wider than a small whole number.
    let is_small = |arg: &TermId| super::compare::whole_number(terms, *arg).is_some_and(|number| number >= 0);
    if let Some((first, others)) = kept.split_first()
        && is_count(terms, *first)
        && others.iter().all(is_small)
    {
        return *first;
    }
    match kept.as_slice() {
        [] => terms.null(),
        [only] => *only,
        _ => terms.keep(Term::Call(Box::new(Call::plain(name, kept)))),
    }
}
