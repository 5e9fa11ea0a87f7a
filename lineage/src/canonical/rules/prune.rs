//! Columns that nobody reads, and the order of those that are read by place.

use std::collections::{BTreeMap, BTreeSet};

use super::Outcome;
use crate::canonical::order;
use crate::canonical::plan::{Block, Distinct, Input, Plan, PlanId, SetPlan};
use crate::canonical::substitute::Replacement;
use crate::canonical::term::{Column, Part, Term, TermId, Traits};
use crate::canonical::terms::{Terms, number};
use crate::query::block::{Duplicates, SetOperator};

/// An inner block has the columns that are read, each once, in an order of its own. Where duplicates are
/// dropped all columns count, and so do those that make rows.
pub(super) fn unread_columns(terms: &mut Terms, block: &mut Block) -> Outcome {
    if block.frozen.is_some() {
        return Outcome::Unchanged;
    }
    let mut read: BTreeMap<u32, Option<BTreeSet<u32>>> = BTreeMap::new();
    for column in terms.columns_in(block) {
        let places = read.entry(column.input).or_insert_with(|| Some(BTreeSet::new()));
        match (column.part, places) {
            (Part::Place(place), Some(places)) => drop(places.insert(place)),
            (_, places) => *places = None,
        }
    }
    for (input, _) in block.rest.iter().flat_map(|rest| &rest.parts) {
        read.insert(*input, None);
    }
    let mut moved: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for place in 0..block.inputs.len() {
        let input = block.inputs[place];
        let Some(places) = read.get(&number(place)).cloned().unwrap_or_else(|| Some(BTreeSet::new())) else { continue };
        if let Some((plan, order)) = pruned(terms, input.plan, &places) {
            block.inputs[place] = Input { plan, ..input };
            moved.insert(number(place), order);
        }
    }
    if moved.is_empty() {
        return Outcome::Unchanged;
    }
    let mut put = |terms: &mut Terms, column: Column| {
        let part = match (column.part, moved.get(&column.input)) {
            (Part::Place(place), Some(order)) if column.level == 0 => {
                Part::Place(order.get(place as usize).copied().unwrap_or(place))
            }
            (part, _) => part,
        };
        terms.keep(Term::Column(Column { part, ..column }))
    };
    let mut replacement = Replacement::new(&mut put);
    block.change_terms(&mut |term| terms.replace(&mut replacement, term));
    for place in 0..block.inputs.len() {
        let plan = terms.replace_plan(&mut replacement, block.inputs[place].plan, 1);
        block.inputs[place].plan = plan;
    }
    Outcome::Changed
}

/// A plan with only some of its columns, and where each column went.
fn pruned(terms: &mut Terms, plan: PlanId, read: &BTreeSet<u32>) -> Option<(PlanId, Vec<u32>)> {
    let shared = terms.shared_plan(plan);
    match &*shared {
        Plan::Block(inner) if inner.frozen.is_none() && inner.rest.is_none() => {
            let keys = order::output_keys(terms, inner);
            let mut kept: Vec<(u64, TermId)> = inner
                .outputs
                .iter()
                .enumerate()
                .filter(|(place, output)| {
                    inner.distinct == Distinct::Distinct
                        || read.contains(&number(*place))
                        || terms.has(**output, Traits::GENERATOR.and(Traits::UNKNOWN))
                })
                .map(|(place, output)| (keys[place], *output))
                .collect();
            // Stable, so that what looks the same does not change places again and again.
            kept.sort_by_key(|(key, _)| *key);
            let mut kept: Vec<TermId> = kept.into_iter().map(|(_, output)| output).collect();
            // What differs from call to call is not one column because it is written alike.
            let mut seen: BTreeSet<TermId> = BTreeSet::new();
            kept.retain(|output| terms.has(*output, Traits::VOLATILE.and(Traits::UNKNOWN)) || seen.insert(*output));
            if kept == inner.outputs {
                return None;
            }
            let mut inner_new = (**inner).clone();
            inner_new.outputs.clone_from(&kept);
            // A second one of what is written alike but differs is found behind the first.
            let mut taken: BTreeSet<usize> = BTreeSet::new();
            let mut order = Vec::with_capacity(inner.outputs.len());
            for output in &inner.outputs {
                let moves = terms.has(*output, Traits::VOLATILE.and(Traits::UNKNOWN));
                let mut places = kept.iter().enumerate().filter(|(_, kept)| *kept == output).map(|(place, _)| place);
                let place = match moves {
                    true => places.find(|place| !taken.contains(place)),
                    false => places.next(),
                };
                taken.extend(place);
                order.push(place.map_or(u32::MAX, number));
            }
            let made = terms.block(inner_new);
            // The block may have become another, whose columns stand as they were asked for.
            (terms.width(made) == Some(kept.len())).then_some((made, order))
        }
        Plan::Set(set)
            if set.operator == SetOperator::Union
                && set.duplicates == Duplicates::Kept
                && set.limit.is_none()
                && set.branches.iter().all(|branch| is_pruned(terms, *branch, set.width)) =>
        {
            let same = same_columns(terms, set);
            let stands_for = |place: u32| same.get(&place).copied().unwrap_or(place);
            let kept = kept_of(terms, set, &read.iter().map(|place| stands_for(*place)).collect());
            if kept.iter().copied().eq(0..set.width) {
                return None;
            }
            let mut branches = Vec::with_capacity(set.branches.len());
            for branch in &set.branches {
                let outputs = kept
                    .iter()
                    .map(|place| terms.keep(Term::Column(Column { level: 0, input: 0, part: Part::Place(*place) })))
                    .collect();
                branches.push(terms.projection(*branch, outputs));
            }
            let order = (0..set.width)
                .map(|place| kept.iter().position(|kept| *kept == stands_for(place)).map_or(u32::MAX, number))
                .collect();
            let made = terms.set(SetPlan { branches, width: number(kept.len()), ..set.clone() });
            (terms.width(made) == Some(kept.len())).then_some((made, order))
        }
        _ => None,
    }
}

fn is_pruned(terms: &Terms, branch: PlanId, width: u32) -> bool {
    terms.plan_facts(branch).outer == 0 && terms.width(branch) == Some(width as usize)
}

/// The columns of a UNION ALL that are read, in an order that does not depend on how they are written: each
/// is known by what it is in the branches.
fn kept_of(terms: &Terms, set: &SetPlan, read: &BTreeSet<u32>) -> Vec<u32> {
    let mut kept: Vec<u32> = read.iter().copied().filter(|place| *place < set.width).collect();
    let mut looks: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for branch in &set.branches {
        let Some(block) = terms.block_of(*branch) else { return kept };
        for (place, key) in order::output_keys(terms, block).into_iter().enumerate() {
            looks.entry(number(place)).or_default().push(key);
        }
    }
    looks.values_mut().for_each(|keys| keys.sort_unstable());
    kept.sort_by(|one, other| looks.get(one).cmp(&looks.get(other)));
    kept
}

/// The columns of a UNION ALL that are in each branch what another column is, and which.
fn same_columns(terms: &Terms, set: &SetPlan) -> BTreeMap<u32, u32> {
    let mut first: BTreeMap<Vec<TermId>, u32> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for place in 0..set.width {
        let column: Option<Vec<TermId>> =
            set.branches.iter().map(|branch| terms.block_of(*branch)?.outputs.get(place as usize).copied()).collect();
        let Some(column) = column else { return BTreeMap::new() };
        // What differs from call to call is not one column because it is written alike.
        if column.iter().any(|term| terms.has(*term, Traits::VOLATILE.and(Traits::UNKNOWN).and(Traits::GENERATOR))) {
            continue;
        }
        match first.get(&column) {
            Some(before) => drop(found.insert(place, *before)),
            None => drop(first.insert(column, place)),
        }
    }
    found
}
