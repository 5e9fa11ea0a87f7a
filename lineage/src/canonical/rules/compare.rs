//! Comparisons, BETWEEN, IN, IS NULL.

use super::logic;
use crate::canonical::term::{Term, TermId, Traits};
use crate::canonical::terms::Terms;
use crate::query::tree::LiteralKind;

/// `a = b` is `b = a`, and `a > b` is `b < a`, unless a collation is spelled out, which may hold for the
/// side that it stands on. A comparison with NULL is NULL; one of whole numbers is worked out.
pub(super) fn comparison(terms: &mut Terms, operator: &str, mut args: Vec<TermId>) -> TermId {
    if args.iter().any(|arg| terms.is_null(*arg)) && operator != "is not distinct from" {
        return terms.null();
    }
    if let [left, right] = args.as_slice()
        && let (Some(left), Some(right)) = (whole_number(terms, *left), whole_number(terms, *right))
    {
        let truth = match operator {
            "=" | "is not distinct from" => left == right,
            "<>" => left != right,
            "<" => left < right,
            "<=" => left <= right,
            ">" => left > right,
            _ => left >= right,
        };
        return terms.truth(truth);
    }
    if let Some(found) = super::results::compared(terms, operator, &args).filter(|_| operator != "is not distinct from")
    {
        return found;
    }
    let collated = args.iter().any(|arg| terms.args_of(*arg, "collate").is_some());
    let operator = match operator {
        ">" if !collated => {
            args.reverse();
            "<"
        }
        ">=" if !collated => {
            args.reverse();
            "<="
        }
        "is not distinct from" => {
            // `x IS NOT DISTINCT FROM NULL` is `x IS NULL`.
            if let [left, right] = args.as_slice() {
                let (left, right) = (*left, *right);
                if terms.is_null(right) {
                    return is_null(terms, left);
                }
                if terms.is_null(left) {
                    return is_null(terms, right);
                }
            }
            operator
        }
        _ => operator,
    };
    if let ("=" | "<>", [left, right]) = (operator, args.as_slice())
        && let Some(plain) = against_truth(terms, operator == "=", *left, *right)
    {
        return plain;
    }
    if matches!(operator, "=" | "<>" | "is not distinct from") && !collated {
        args.sort_unstable();
    }
    let operator = terms.word(operator);
    terms.keep(Term::Apply(operator, args))
}

/// `p = TRUE` is p, and `p = FALSE` is NOT p, where p is a truth value for sure.
fn against_truth(terms: &mut Terms, equal: bool, left: TermId, right: TermId) -> Option<TermId> {
    let (operand, truth) = match (terms.truth_of(left), terms.truth_of(right)) {
        (None, Some(truth)) => (left, truth),
        (Some(truth), None) => (right, truth),
        _ => return None,
    };
    if !terms.is_truth(operand) {
        return None;
    }
    Some(if truth == equal { operand } else { logic::negation(terms, operand) })
}

/// A whole number that every engine can hold.
pub(super) fn whole_number(terms: &Terms, term: TermId) -> Option<i64> {
    match terms.constant(term)? {
        (LiteralKind::Number, text) => text.parse::<i32>().ok().map(i64::from),
        _ => None,
    }
}

/// `x BETWEEN a AND b` is `x >= a AND x <= b`, if x is the same both times; between one number and itself
/// there is only that.
pub(super) fn between(terms: &mut Terms, args: &[TermId]) -> Option<TermId> {
    let [operand, low, high] = args else { return None };
    if terms.has(*operand, Traits::VOLATILE.and(Traits::UNKNOWN)) {
        return None;
    }
    if low == high && whole_number(terms, *low).is_some() {
        return Some(terms.apply("=", vec![*operand, *low]));
    }
    let low = terms.apply("<=", vec![*low, *operand]);
    let high = terms.apply("<=", vec![*operand, *high]);
    Some(terms.apply("and", vec![low, high]))
}

/// `x IN (a)` is `x = a`; constants of one kind are a set, and what is no constant is compared by itself.
pub(super) fn in_list(terms: &mut Terms, args: Vec<TermId>) -> TermId {
    let Some((operand, items)) = args.split_first() else { return terms.truth(false) };
    let (operand, mut items) = (*operand, items.to_vec());
    let is_row = |term: &TermId| matches!(terms.applied(*term), Some(("tuple", _)));
    if is_row(&operand) || items.iter().any(is_row) || items.is_empty() {
        let word = terms.word("in");
        return terms.keep(Term::Apply(word, args));
    }
    items.sort_unstable();
    items.dedup();
    if let [only] = items.as_slice() {
        let only = *only;
        return terms.apply("=", vec![operand, only]);
    }
    let constants: Vec<TermId> = items.iter().filter(|item| terms.constant(**item).is_some()).copied().collect();
    let repeated = terms.has(operand, Traits::VOLATILE.and(Traits::UNKNOWN));
    let of_one_kind = constants.is_empty() || logic::kind_of(terms, &constants).is_some();
    if constants.len() < items.len() && !repeated && of_one_kind {
        let mut each: Vec<TermId> = Vec::new();
        for item in items.iter().filter(|item| !constants.contains(item)) {
            each.push(terms.apply("=", vec![operand, *item]));
        }
        if !constants.is_empty() {
            let mut list = vec![operand];
            list.extend(constants);
            each.push(terms.apply("in", list));
        }
        return terms.apply("or", each);
    }
    let mut list = vec![operand];
    list.extend(items);
    let word = terms.word("in");
    terms.keep(Term::Apply(word, list))
}

/// `x IS NULL`, worked out for constants and for what is never NULL.
pub(super) fn is_null(terms: &mut Terms, operand: TermId) -> TermId {
    if let Some((kind, _)) = terms.constant(operand) {
        // In Oracle's kin an empty text is NULL; none of the dialects here is one of them.
        return terms.truth(kind == LiteralKind::Null);
    }
    if terms.is_never_null(operand) {
        return terms.truth(false);
    }
    if let Some(found) = super::results::is_null(terms, operand) {
        return found;
    }
    let word = terms.word("is null");
    terms.keep(Term::Apply(word, vec![operand]))
}

/// `p IS TRUE` and `p IS FALSE` of constants.
pub(super) fn is_truth(terms: &mut Terms, operator: &str, operand: TermId) -> TermId {
    if let Some(truth) = terms.truth_of(operand) {
        return terms.truth(truth == (operator == "is true"));
    }
    if terms.is_null(operand) {
        return terms.truth(false);
    }
    let word = terms.word(operator);
    terms.keep(Term::Apply(word, vec![operand]))
}

impl Terms {
    /// Whether a term is never NULL whatever the columns are.
    pub(in crate::canonical) fn is_never_null(&self, term: TermId) -> bool {
        const LARGEST: u32 = 10_000;
        if self.facts(term).size > LARGEST {
            return false;
        }
        crate::stack::with_room(|| match self.term(term) {
            Term::Literal(kind, _) => *kind != LiteralKind::Null,
            Term::Apply(operator, args) => {
                matches!(self.text(*operator), "is null" | "is true" | "is false" | "is not distinct from")
                    || (matches!(self.text(*operator), "not" | "and" | "or")
                        && args.iter().all(|arg| self.is_truth(*arg) && self.is_never_null(*arg)))
            }
            Term::Call(call) => {
                let name = self.text(call.function);
                crate::functions::counts_rows(name)
                    || matches!(name, "row_number" | "rank" | "dense_rank")
                    || (name == "coalesce" && call.args.iter().any(|arg| self.is_never_null(*arg)))
            }
            Term::Subquery(crate::canonical::term::SubqueryKind::Exists, ..) => true,
            _ => false,
        })
    }
}
