//! AND, OR and NOT.

use crate::canonical::term::{Term, TermId, Word};
use crate::canonical::terms::Terms;

pub(super) fn simplify(terms: &mut Terms, term: Term) -> TermId {
    let Term::Apply(operator, args) = &term else { return terms.keep(term) };
    match terms.text(*operator) {
        "and" | "or" => {
            let is_and = terms.text(*operator) == "and";
            junction(terms, is_and, args.clone())
        }
        "=" | "<>" | "is not distinct from" => commuted(terms, *operator, args.clone()),
        ">" | ">=" => mirrored(terms, *operator, args.clone()),
        _ => terms.keep(term),
    }
}

/// `a = b` is `b = a`, unless a collation is spelled out, which may hold for the side that it stands on.
fn commuted(terms: &mut Terms, operator: Word, mut args: Vec<TermId>) -> TermId {
    if !args.iter().any(|arg| terms.args_of(*arg, "collate").is_some()) {
        args.sort_unstable();
    }
    terms.keep(Term::Apply(operator, args))
}

/// `a > b` is `b < a`, unless a collation is spelled out.
fn mirrored(terms: &mut Terms, operator: Word, mut args: Vec<TermId>) -> TermId {
    if args.iter().any(|arg| terms.args_of(*arg, "collate").is_some()) {
        return terms.keep(Term::Apply(operator, args));
    }
    let mirror = if terms.text(operator) == ">" { "<" } else { "<=" };
    args.reverse();
    let mirror = terms.word(mirror);
    terms.keep(Term::Apply(mirror, args))
}

/// AND and OR as sets. Three-valued logic has no order either.
fn junction(terms: &mut Terms, is_and: bool, args: Vec<TermId>) -> TermId {
    let operator = if is_and { "and" } else { "or" };
    let mut flat = Vec::with_capacity(args.len());
    for arg in args {
        match terms.args_of(arg, operator) {
            Some(inner) => flat.extend_from_slice(inner),
            None => flat.push(arg),
        }
    }
    flat.sort_unstable();
    flat.dedup();
    let absorbing = terms.truth(!is_and);
    if flat.contains(&absorbing) {
        return absorbing;
    }
    let neutral = terms.truth(is_and);
    if flat.len() > 1 {
        flat.retain(|arg| *arg != neutral);
    }
    match flat.as_slice() {
        [] => neutral,
        [only] => *only,
        _ => {
            let operator = terms.word(operator);
            terms.keep(Term::Apply(operator, flat))
        }
    }
}
