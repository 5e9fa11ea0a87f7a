//! Conditions of which only counts whether they are true: NULL is as good as false.

use crate::canonical::plan::{Block, FromPart, Input};
use crate::canonical::term::{Column, Part, SubqueryKind, Term, TermId};
use crate::canonical::terms::Terms;
use crate::dialect::Dialect;
use crate::query::block::Lateral;
use crate::stack::with_room;

/// The form of a condition that is true where it is. Goes through AND and OR, in which what is false
/// instead of NULL changes nothing about when they are true.
pub(in crate::canonical) fn only_true(terms: &mut Terms, condition: TermId) -> TermId {
    let found = with_room(|| once(terms, condition));
    if found != condition
        && let Some(origin) = terms.origins.get(&condition).copied()
    {
        terms.origins.entry(found).or_insert(origin);
    }
    found
}

fn once(terms: &mut Terms, condition: TermId) -> TermId {
    match terms.term(condition).clone() {
        Term::Apply(operator, args) => {
            let operator = terms.text(operator).to_owned();
            match (operator.as_str(), args.as_slice()) {
                ("and" | "or", _) => {
                    let parts: Vec<TermId> = args.iter().map(|arg| only_true(terms, *arg)).collect();
                    if parts == args { condition } else { terms.apply(&operator, parts) }
                }
                ("is true", [arg]) if terms.is_truth(*arg) || has_truth_columns(terms.dialect) => {
                    only_true(terms, *arg)
                }
                ("is false", [arg]) if terms.is_truth(*arg) || has_truth_columns(terms.dialect) => {
                    let negated = terms.apply("not", vec![*arg]);
                    only_true(terms, negated)
                }
                ("=", [left, right]) if has_truth_columns(terms.dialect) => {
                    let (operand, truth) = match (terms.truth_of(*left), terms.truth_of(*right)) {
                        (None, Some(truth)) => (*left, truth),
                        (Some(truth), None) => (*right, truth),
                        _ => return condition,
                    };
                    let plain = if truth { operand } else { terms.apply("not", vec![operand]) };
                    only_true(terms, plain)
                }
                // Where x is not known to be there, `x = x` is `x IS NOT NULL`.
                ("=", [left, right]) if left == right && !may_differ(terms, *left) => {
                    let is_null = terms.apply("is null", vec![*left]);
                    terms.apply("not", vec![is_null])
                }
                _ => condition,
            }
        }
        // `COALESCE(p, FALSE)`.
        Term::Call(call)
            if call.is_plain()
                && call.args.len() == 2
                && terms.text(call.function) == "coalesce"
                && terms.truth_of(call.args[1]) == Some(false)
                && (terms.is_truth(call.args[0]) || has_truth_columns(terms.dialect)) =>
        {
            only_true(terms, call.args[0])
        }
        // `CASE WHEN p THEN TRUE ELSE FALSE END`.
        Term::Case(branches, otherwise)
            if branches.len() == 1
                && terms.truth_of(branches[0].1) == Some(true)
                && (terms.truth_of(otherwise) == Some(false) || terms.is_null(otherwise)) =>
        {
            branches[0].0
        }
        Term::Case(branches, otherwise) => super::results::only_true(terms, &branches, otherwise).unwrap_or(condition),
        Term::Subquery(SubqueryKind::In, Some(operand), plan) => {
            in_as_exists(terms, operand, plan).unwrap_or(condition)
        }
        _ => condition,
    }
}

/// Whether a value may differ from itself: NaN where it does, what is computed anew each time.
fn may_differ(terms: &Terms, term: TermId) -> bool {
    use crate::canonical::term::Traits;
    matches!(terms.dialect, Dialect::BigQuery | Dialect::Trino | Dialect::ClickHouse | Dialect::Ansi)
        || terms.has(term, Traits::VOLATILE.and(Traits::UNKNOWN).and(Traits::SUBQUERY))
}

/// Whether nothing but a truth value can be a condition, so that a column that is one holds truth values.
const fn has_truth_columns(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::BigQuery | Dialect::Postgres | Dialect::Redshift | Dialect::Trino | Dialect::Databricks)
}

/// `x IN (SELECT y …)` is true where `EXISTS (SELECT … WHERE y = x)` is: neither is for a NULL.
fn in_as_exists(terms: &mut Terms, operand: TermId, plan: crate::canonical::PlanId) -> Option<TermId> {
    // `(a, b) IN (SELECT x, y …)` compares column by column.
    let operands: Vec<TermId> = match terms.args_of(operand, "tuple") {
        Some(parts) => parts.to_vec(),
        None => vec![operand],
    };
    if terms.width(plan) != Some(operands.len()) {
        return None;
    }
    if terms.has(operand, crate::canonical::term::Traits::VOLATILE.and(crate::canonical::term::Traits::UNKNOWN))
        || terms.plan_facts(plan).traits.has(crate::canonical::term::Traits::VOLATILE)
    {
        return None;
    }
    let plan = terms.shift_plan(plan, 1);
    let mut conditions = Vec::with_capacity(operands.len());
    for (place, operand) in operands.into_iter().enumerate() {
        let operand = terms.shift(operand, 1);
        let part = Part::Place(crate::canonical::terms::number(place));
        let column = terms.keep(Term::Column(Column { level: 0, input: 0, part }));
        conditions.push(terms.apply("=", vec![column, operand]));
    }
    let mut block = Block { conditions, ..Block::default() };
    block.inputs.push(Input { plan, sample: None, lateral: Lateral::Yes });
    block.from.core.push(FromPart::Input(0));
    let plan = terms.block(block);
    Some(terms.subquery(SubqueryKind::Exists, None, plan))
}
