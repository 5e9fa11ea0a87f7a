//! The rules, one function each, with the condition under which it holds in words. They hold under
//! three-valued logic, with NULLs, duplicates and empty tables, on every database on which both forms
//! run to the end. They must not know where terms and plans come from.

use super::plan::{Block, PlanId, SetPlan};
use super::term::{Term, TermId};
use super::terms::Terms;

mod absorb;
mod call;
mod choice;
mod compare;
mod conditions;
mod constant;
mod distinct;
mod equality;
mod exists;
mod filter;
mod group;
mod logic;
mod marker;
mod merge;
mod outer;
mod prune;
mod references;
mod regroup;
mod results;
mod semi;
mod sets;
pub(super) mod wrapper;

/// What a rule did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing.
    Unchanged,
    /// It changed the block.
    Changed,
    /// The block is another plan.
    Becomes(PlanId),
}

/// Scalar rules, on a term whose parts are in their form.
pub(super) fn scalar(terms: &mut Terms, term: Term) -> TermId {
    match term {
        Term::Apply(operator, args) => {
            let name = terms.text(operator).to_owned();
            apply(terms, operator, &name, args)
        }
        Term::Call(found) => call::call(terms, *found),
        Term::Case(branches, otherwise) => choice::case(terms, branches, otherwise),
        Term::Cast(inner, data_type, mode) => {
            let data_type = terms.text(data_type).to_owned();
            constant::cast(terms, inner, &data_type, mode)
        }
        Term::Subquery(kind, operand, plan) => exists::subquery(terms, kind, operand, plan),
        other => terms.keep(other),
    }
}

fn apply(terms: &mut Terms, operator: super::term::Word, name: &str, args: Vec<TermId>) -> TermId {
    match (name, args.as_slice()) {
        ("and" | "or", _) => logic::junction(terms, name, args),
        ("not", [only]) => logic::negation(terms, *only),
        ("=" | "<>" | "<" | "<=" | ">" | ">=" | "is not distinct from", [_, _]) => {
            compare::comparison(terms, name, args)
        }
        ("between", _) => match compare::between(terms, &args) {
            Some(found) => found,
            None => terms.keep(Term::Apply(operator, args)),
        },
        ("in", _) => compare::in_list(terms, args),
        ("is null", [only]) => compare::is_null(terms, *only),
        ("is true" | "is false", [only]) => compare::is_truth(terms, name, *only),
        ("+" | "-" | "*", _) => constant::arithmetic(terms, name, args),
        _ => terms.keep(Term::Apply(operator, args)),
    }
}

/// Rules on what only has to be true or not: NULL counts as false.
pub(super) fn filter(terms: &mut Terms, condition: TermId) -> TermId {
    filter::only_true(terms, condition)
}

/// The first rule that applies to a block.
pub(super) fn block(terms: &mut Terms, block: &mut Block) -> Outcome {
    const RULES: [fn(&mut Terms, &mut Block) -> Outcome; 29] = [
        merge::merge_inputs,
        absorb::into_inner,
        conditions::comparisons,
        conditions::no_rows,
        group::having_over_keys,
        group::qualify_over_partitions,
        outer::rejected_nulls,
        outer::rejected_full,
        references::always_found,
        equality::equal_columns,
        outer::unused_join,
        references::unused_reference,
        semi::anti_join,
        semi::semi_join,
        marker::asks_for_match,
        marker::in_without_nulls,
        semi::said_by_where,
        group::constant_keys,
        regroup::groups_of_groups,
        group::group_as_distinct,
        group::distinct_over_groups,
        distinct::distinct_over_unique,
        distinct::group_over_unique,
        distinct::distinct_of_one,
        distinct::distinct_below,
        distinct::never_null,
        sets::into_branches,
        prune::unread_columns,
        call::sort_keys,
    ];
    for rule in RULES {
        match rule(terms, block) {
            Outcome::Unchanged => {}
            done => return done,
        }
    }
    Outcome::Unchanged
}

/// Rules on set operations.
pub(super) fn set(terms: &mut Terms, set: SetPlan) -> PlanId {
    sets::normal(terms, set)
}
