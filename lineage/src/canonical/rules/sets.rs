//! Set operations.

use super::Outcome;
use super::distinct::without_distinct;
use super::wrapper::single_input;
use crate::canonical::plan::{Block, Distinct, Input, Plan, PlanId, SetPlan};
use crate::canonical::term::{Column, Part, Term, TermId, Traits};
use crate::canonical::terms::Terms;
use crate::query::block::{Duplicates, SetOperator};
use crate::query::tree::LiteralKind;

/// Branches of UNION and INTERSECT are a bag, a set where duplicates are dropped; a union of unions is
/// one; duplicates need not be dropped in a branch if they are dropped in the end. The first branch of
/// EXCEPT stays where it is.
pub(super) fn normal(terms: &mut Terms, set: SetPlan) -> PlanId {
    let mut set = set;
    let drops = set.duplicates == Duplicates::Dropped;
    if set.operator == SetOperator::Union {
        let mut flat: Vec<PlanId> = Vec::with_capacity(set.branches.len());
        let mut ahead: Vec<PlanId> = set.branches.iter().rev().copied().collect();
        while let Some(branch) = ahead.pop() {
            let inner = match terms.plan(branch) {
                Plan::Set(inner)
                    if inner.operator == SetOperator::Union
                        && inner.limit.is_none()
                        && inner.width == set.width
                        && terms.plan_facts(branch).outer == 0
                        && (drops || inner.duplicates == Duplicates::Kept) =>
                {
                    Some(inner.branches.clone())
                }
                _ => None,
            };
            match inner {
                Some(inner) => ahead.extend(inner.into_iter().rev()),
                None if drops => match without_distinct(terms, branch) {
                    Some(found) => ahead.push(found),
                    None => flat.push(branch),
                },
                None => flat.push(branch),
            }
        }
        set.branches = flat;
    }
    flatten(terms, &mut set);
    if drops && set.operator != SetOperator::Union {
        for branch in &mut set.branches {
            while let Some(found) = without_distinct(terms, *branch) {
                *branch = found;
            }
        }
    }
    drop_void(terms, &mut set);
    let is_volatile = set.branches.iter().any(|branch| terms.plan_facts(*branch).traits.has(Traits::VOLATILE));
    match set.operator {
        SetOperator::Union | SetOperator::Intersect => {
            set.branches.sort_unstable();
            if drops && !is_volatile {
                set.branches.dedup();
            }
        }
        SetOperator::Except => {
            if let Some((_, others)) = set.branches.split_first_mut() {
                others.sort_unstable();
            }
            if drops && !is_volatile && set.branches.len() > 2 {
                let first = set.branches.remove(0);
                set.branches.dedup();
                set.branches.insert(0, first);
            }
        }
    }
    if let ([only], None, SetOperator::Union | SetOperator::Except) =
        (set.branches.as_slice(), &set.limit, set.operator)
        && terms.plan_facts(*only).outer == 0
        && terms.width(*only) == Some(set.width as usize)
    {
        let only = *only;
        if !drops {
            return only;
        }
        let outputs = (0..set.width)
            .map(|place| terms.keep(Term::Column(Column { level: 0, input: 0, part: Part::Place(place) })))
            .collect();
        let mut block = Block { outputs, distinct: Distinct::Distinct, ..Block::default() };
        block.inputs.push(Input { plan: only, sample: None, lateral: crate::query::block::Lateral::No });
        block.from.core.push(crate::canonical::plan::FromPart::Input(0));
        return terms.block(block);
    }
    terms.keep_plan(Plan::Set(set))
}

/// A branch without rows adds nothing to a UNION, and takes nothing away behind EXCEPT. Its columns must not
/// decide over the types of the result: each is NULL, or just what stands there in another branch.
fn drop_void(terms: &mut Terms, set: &mut SetPlan) {
    let first = match set.operator {
        SetOperator::Union => 0,
        SetOperator::Except => 1,
        SetOperator::Intersect => return,
    };
    let mut place = first;
    while place < set.branches.len() && set.branches.len() > 1 {
        let branch = set.branches[place];
        let others: Vec<PlanId> =
            set.branches.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, branch)| *branch).collect();
        if terms.has_no_rows(branch) && says_nothing(terms, branch, &others) {
            set.branches.remove(place);
        } else {
            place += 1;
        }
    }
}

fn says_nothing(terms: &mut Terms, branch: PlanId, others: &[PlanId]) -> bool {
    let Some(block) = terms.block_of(branch).filter(|block| block.rest.is_none()).cloned() else { return false };
    if terms.plan_facts(branch).outer > 0 {
        return false;
    }
    (0..block.outputs.len()).all(|place| {
        terms.is_null(block.outputs[place]) || {
            let own = void_column(terms, &block, place);
            others.iter().any(|other| {
                let other = terms.block_of(*other).filter(|other| other.outputs.len() > place).cloned();
                other.is_some_and(|other| own.is_some() && void_column(terms, &other, place) == own)
            })
        }
    })
}

/// A column of a block as that of a query without rows: it says only of which type it is.
fn void_column(terms: &mut Terms, block: &Block, place: usize) -> Option<PlanId> {
    if block.group.is_some() || block.frozen.is_some() || block.rest.is_some() {
        return None;
    }
    let never = terms.truth(false);
    let outputs = vec![*block.outputs.get(place)?];
    let void = Block { conditions: vec![never], outputs, qualify: Vec::new(), limit: None, ..block.clone() };
    Some(terms.block(void))
}

/// `(a INTERSECT b) INTERSECT c` is one INTERSECT of three, and `(a EXCEPT b) EXCEPT c` takes away both, if
/// duplicates are kept by both or dropped by both. What stands behind EXCEPT stays a query of its own.
fn flatten(terms: &Terms, set: &mut SetPlan) {
    if set.operator == SetOperator::Union {
        return;
    }
    let inner_of = |branch: PlanId| match terms.plan(branch) {
        Plan::Set(inner)
            if inner.operator == set.operator
                && inner.duplicates == set.duplicates
                && inner.limit.is_none()
                && inner.width == set.width
                && terms.plan_facts(branch).outer == 0 =>
        {
            Some(inner.branches.clone())
        }
        _ => None,
    };
    let mut flat: Vec<PlanId> = Vec::with_capacity(set.branches.len());
    for (place, branch) in set.branches.iter().enumerate() {
        match inner_of(*branch) {
            Some(inner) if place == 0 || set.operator == SetOperator::Intersect => flat.extend(inner),
            _ => flat.push(*branch),
        }
    }
    set.branches = flat;
}

/// What only picks columns and compares them with constants goes into the branches of a UNION ALL. What
/// computes with them does not: a column may have another type in a branch than it has in the union.
pub(super) fn into_branches(terms: &mut Terms, block: &mut Block) -> Outcome {
    let Some(plan) = single_input(block) else { return Outcome::Unchanged };
    let shared = terms.shared_plan(plan);
    let Plan::Set(set) = &*shared else { return Outcome::Unchanged };
    let plain = block.group.is_none()
        && block.qualify.is_empty()
        && block.rest.is_none()
        && block.limit.is_none()
        && block.order.is_empty()
        && set.limit.is_none()
        && set.operator == SetOperator::Union
        && terms.plan_facts(plan).outer == 0;
    if !plain
        || !block.outputs.iter().all(|output| picks(terms, *output))
        || !block.conditions.iter().all(|condition| tests(terms, *condition))
    {
        return Outcome::Unchanged;
    }
    let passes: Vec<bool> = (0..set.width)
        .map(|place| {
            let column = Term::Column(Column { level: 0, input: 0, part: Part::Place(place) });
            block.outputs.iter().any(|output| *terms.term(*output) == column)
        })
        .collect();
    let duplicates = match (&block.distinct, set.duplicates) {
        (Distinct::All, Duplicates::Kept) => Duplicates::Kept,
        (Distinct::Distinct, Duplicates::Kept) => Duplicates::Dropped,
        // Dropped before or after the columns are picked: the same if all are.
        (Distinct::All | Distinct::Distinct, Duplicates::Dropped) if passes.iter().all(|passes| *passes) => {
            Duplicates::Dropped
        }
        (Distinct::Distinct, Duplicates::Dropped) => Duplicates::Dropped,
        _ => return Outcome::Unchanged,
    };
    let mut branches = Vec::with_capacity(set.branches.len());
    for branch in &set.branches {
        let mut on_branch = block.clone();
        on_branch.distinct = Distinct::All;
        on_branch.inputs[0].plan = *branch;
        branches.push(terms.block(on_branch));
    }
    let width = crate::canonical::terms::number(block.outputs.len());
    let set = SetPlan { operator: SetOperator::Union, duplicates, branches, width, order: Vec::new(), limit: None };
    Outcome::Becomes(terms.set(set))
}

fn picks(terms: &Terms, output: TermId) -> bool {
    match terms.term(output) {
        Term::Column(column) => column.is_of(0) && matches!(column.part, Part::Place(_)),
        Term::Literal(..) => true,
        _ => false,
    }
}

/// Whether a condition compares one column with constants, whatever its type.
fn tests(terms: &Terms, condition: TermId) -> bool {
    match terms.applied(condition) {
        Some(("and" | "or", args)) => args.iter().all(|arg| tests(terms, *arg)),
        Some(("not", [inner])) => tests(terms, *inner),
        Some(("is null", [operand])) => picks(terms, *operand),
        Some(("=" | "<>" | "<" | "<=" | "in", args)) => {
            let is_plain = |arg: &TermId| match terms.constant(*arg) {
                Some((kind, _)) => matches!(kind, LiteralKind::Number | LiteralKind::String | LiteralKind::Boolean),
                None => picks(terms, *arg),
            };
            args.iter().all(is_plain) && args.iter().filter(|arg| terms.constant(**arg).is_none()).count() == 1
        }
        _ => terms.truth_of(condition).is_some(),
    }
}
