//! What only filters and projects goes into the block below it that groups, windows or drops duplicates.

use super::Outcome;
use super::merge;
use super::wrapper::single_input;
use crate::canonical::plan::{Block, Distinct};
use crate::canonical::substitute::Replacement;
use crate::canonical::term::{Column, Part, Sort, Term, TermId, Traits};
use crate::canonical::terms::Terms;

/// `SELECT f(s) FROM (SELECT k, sum(x) AS s FROM t GROUP BY k) WHERE p` is one block: p is asked after
/// grouping, and after windows where there are any. Holds if the outer block neither groups nor joins,
/// the inner one has no limit, and windows are not put into windows; for an inner DISTINCT, if all its
/// columns pass. Nothing that may differ from call to call is copied or dropped.
pub(super) fn into_inner(terms: &mut Terms, block: &mut Block) -> Outcome {
    let Some(plan) = single_input(block) else { return Outcome::Unchanged };
    if block.group.is_some() || block.rest.is_some() {
        return Outcome::Unchanged;
    }
    let Some(inner) = terms.block_of(plan) else { return Outcome::Unchanged };
    if !is_open(terms, block, inner) || !finds_all(terms, block, inner) {
        return Outcome::Unchanged;
    }
    let inner_windows =
        !inner.qualify.is_empty() || inner.outputs.iter().any(|output| terms.has(*output, Traits::WINDOW));
    let outer_windows = block
        .outputs
        .iter()
        .chain(&block.qualify)
        .chain(block.order.iter().map(|key| &key.term))
        .any(|term| terms.has(*term, Traits::WINDOW));
    const PER_CALL: Traits = Traits::VOLATILE.and(Traits::UNKNOWN).and(Traits::GENERATOR);
    let moves = block.terms().iter().any(|term| terms.has(*term, Traits::GENERATOR.and(Traits::UNKNOWN)));
    let copies = inner.outputs.iter().any(|output| terms.has(*output, PER_CALL));
    if moves || copies || (inner_windows && outer_windows) || (inner_windows && !block.qualify.is_empty()) {
        return Outcome::Unchanged;
    }
    let inner_is_distinct = inner.distinct == Distinct::Distinct;
    if inner_is_distinct && (outer_windows || !passes_all(terms, block, inner)) {
        return Outcome::Unchanged;
    }
    // Without a group, a filter behind DISTINCT is one before it; windows see the rows before it.
    if inner_is_distinct && inner_windows && !block.conditions.is_empty() {
        return Outcome::Unchanged;
    }
    let inner = inner.clone();
    *block = merged(terms, block, &inner, inner_windows);
    Outcome::Changed
}

/// Whether a block may take in what stands above it.
fn is_open(terms: &Terms, outer: &Block, inner: &Block) -> bool {
    inner.frozen.is_none()
        && (inner.rest.is_none() || (inner.group.is_none() && inner.distinct == Distinct::All))
        && ((inner.limit.is_none() && inner.order.is_empty() && !matches!(inner.distinct, Distinct::On(_)))
            || only_projects(terms, outer))
        && inner.group.as_ref().is_none_or(|group| group.sets.is_none())
        && inner.inputs.iter().all(|input| input.sample.is_none())
        && !inner
            .conditions
            .iter()
            .chain(&inner.having)
            .chain(&inner.qualify)
            .any(|term| terms.has(*term, Traits::VOLATILE))
}

/// Whether a block does nothing but compute columns, row by row. That can be done before or after the first
/// so many rows are kept.
fn only_projects(terms: &Terms, outer: &Block) -> bool {
    const MORE: Traits = Traits::WINDOW.and(Traits::AGGREGATE).and(Traits::VOLATILE);
    outer.conditions.is_empty()
        && outer.qualify.is_empty()
        && outer.distinct == Distinct::All
        && outer.order.is_empty()
        && outer.limit.is_none()
        && !outer.outputs.iter().any(|output| terms.has(*output, MORE))
}

fn finds_all(terms: &Terms, block: &Block, inner: &Block) -> bool {
    terms.columns_in(block).iter().all(|column| match column.part {
        Part::Place(place) => (place as usize) < inner.outputs.len(),
        Part::Name(name) => merge::passes(terms, inner, name).is_some(),
        Part::Row => false,
    })
}

/// Whether the outputs of a block hold every column of its input as it is.
fn passes_all(terms: &Terms, block: &Block, inner: &Block) -> bool {
    let mut passed = vec![false; inner.outputs.len()];
    for output in &block.outputs {
        if let Term::Column(Column { level: 0, input: 0, part: Part::Place(place) }) = terms.term(*output)
            && let Some(passed) = passed.get_mut(*place as usize)
        {
            *passed = true;
        }
    }
    passed.iter().all(|passed| *passed)
}

fn merged(terms: &mut Terms, block: &Block, inner: &Block, inner_windows: bool) -> Block {
    // The inner block's own columns stay; what is around it is one level nearer.
    let mut nearer = |terms: &mut Terms, column: Column| {
        let level = column.level.saturating_sub(1);
        terms.keep(Term::Column(Column { level, ..column }))
    };
    let mut replacement = Replacement::new(&mut nearer);
    let mut result = inner.clone();
    result.change_terms(&mut |term| terms.replace(&mut replacement, term));
    for input in &mut result.inputs {
        input.plan = terms.replace_plan(&mut replacement, input.plan, 1);
    }
    let outputs = std::mem::take(&mut result.outputs);
    let passed = result.rest.take().map_or(0, |rest| rest.parts.first().map_or(0, |(input, _)| *input));
    let mut put = |terms: &mut Terms, column: Column| match (column.level, column.part) {
        (0, Part::Place(place)) => outputs[place as usize],
        // A column of an open relation, found by its name.
        (0, Part::Name(_)) => terms.keep(Term::Column(Column { input: passed, ..column })),
        _ => terms.keep(Term::Column(column)),
    };
    let mut replacement = Replacement::new(&mut put);
    let mut all =
        |found: &[TermId]| -> Vec<TermId> { found.iter().map(|term| terms.replace(&mut replacement, *term)).collect() };
    let conditions = all(&block.conditions);
    if inner_windows {
        result.qualify.extend(conditions);
    } else if result.group.is_some() {
        result.having.extend(conditions);
    } else {
        result.conditions.extend(conditions);
    }
    result.qualify.extend(all(&block.qualify));
    result.outputs = all(&block.outputs);
    if !block.order.is_empty() {
        let order: Vec<TermId> = block.order.iter().map(|key| key.term).collect();
        let order = all(&order);
        result.order = block.order.iter().zip(order).map(|(key, term)| Sort { term, ..*key }).collect();
    }
    match &block.distinct {
        Distinct::All => {}
        Distinct::Distinct => result.distinct = Distinct::Distinct,
        Distinct::On(keys) => result.distinct = Distinct::On(all(keys)),
    }
    if let Some(mut limit) = block.limit.clone() {
        limit.change(&mut |term| terms.replace(&mut replacement, term));
        result.limit = Some(limit);
    }
    result
}
