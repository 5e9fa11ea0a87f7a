//! Conditions that others say already, and those that cannot hold together.

use std::collections::{BTreeMap, BTreeSet};

use super::Outcome;
use super::compare::whole_number;
use crate::canonical::plan::{Block, Distinct, From, FromPart};
use crate::canonical::term::{TermId, Traits};
use crate::canonical::terms::Terms;
use crate::canonical::usage::Usage;

/// Of a block without rows nothing counts but its columns: neither joins nor what else is asked of rows that
/// are not there. Where all rows make one group, that is there without rows too, and only the joins go. There
/// are no rows where a condition never holds, the limit keeps none, or what has none is joined.
pub(super) fn no_rows(terms: &mut Terms, block: &mut Block) -> Outcome {
    let is_never = matches!(block.conditions.as_slice(), [only] if terms.truth_of(*only) == Some(false));
    let is_one_group = block.group.as_ref().is_some_and(|group| group.keys.is_empty() || group.sets.is_some());
    let keeps_none = block.limit.as_ref().is_some_and(|limit| terms.keeps_none(limit));
    if !(is_never || terms.has_void_core(block) || (keeps_none && !is_one_group)) || block.rest.is_some() {
        return Outcome::Unchanged;
    }
    let mut bare = block.clone();
    bare.from = From::default();
    bare.conditions = vec![terms.truth(false)];
    if !is_one_group {
        bare.having.clear();
        bare.qualify.clear();
        bare.distinct = Distinct::All;
        bare.order.clear();
        bare.limit = None;
    }
    let mut usage = Usage::default();
    bare.terms().into_iter().for_each(|term| usage.add(terms, term));
    let mut used: BTreeSet<u32> = usage.columns.iter().map(|column| column.input).collect();
    // What is lateral brings along what it depends on.
    let mut ahead: Vec<u32> = used.iter().copied().collect();
    while let Some(input) = ahead.pop() {
        let Some(found) = block.inputs.get(input as usize) else { continue };
        let mut usage = Usage::default();
        usage.add_plan(terms, found.plan);
        ahead.extend(usage.columns.iter().map(|column| column.input).filter(|input| used.insert(*input)));
    }
    bare.from.core = used.into_iter().map(FromPart::Input).collect();
    let same_core = bare.from.core.len() == block.from.core.len()
        && bare.from.core.iter().all(|part| block.from.core.contains(part));
    if same_core {
        bare.from.core.clone_from(&block.from.core);
    }
    if bare == *block {
        return Outcome::Unchanged;
    }
    *block = bare;
    terms.compact(block);
    Outcome::Changed
}

/// Which whole numbers leave a condition on one operand true.
#[derive(Default)]
struct Range {
    /// Not below this, with the condition that says so; the flag: nor this itself.
    low: Option<(i64, bool, TermId)>,
    /// Not above this.
    high: Option<(i64, bool, TermId)>,
    /// Only this.
    only: Option<(i64, TermId)>,
    /// None of these.
    never: Vec<(i64, TermId)>,
    /// All conditions.
    all: Vec<TermId>,
}

/// Of comparisons of one operand with whole numbers the narrowest are kept, and what is neither less nor more
/// than a number is that number; if none is left to hold, the block has no rows. What is NULL satisfies none
/// of them.
pub(super) fn comparisons(terms: &mut Terms, block: &mut Block) -> Outcome {
    let mut changed = Outcome::Unchanged;
    for list in [&mut block.conditions, &mut block.having, &mut block.qualify] {
        if list.len() > 1 && narrow(terms, list) {
            changed = Outcome::Changed;
        }
    }
    changed
}

fn narrow(terms: &mut Terms, conditions: &mut Vec<TermId>) -> bool {
    let mut ranges: BTreeMap<TermId, Range> = BTreeMap::new();
    for condition in conditions.iter() {
        let Some((operator, [left, right])) = terms.applied(*condition) else { continue };
        let (operand, number, operator) = match (whole_number(terms, *left), whole_number(terms, *right)) {
            (None, Some(number)) => (*left, number, operator),
            (Some(number), None) => {
                let mirrored = match operator {
                    "<" => ">",
                    "<=" => ">=",
                    other => other,
                };
                (*right, number, mirrored)
            }
            _ => continue,
        };
        if terms.has(operand, Traits::VOLATILE.and(Traits::UNKNOWN)) {
            continue;
        }
        let range = ranges.entry(operand).or_default();
        match operator {
            "=" => {
                if range.only.is_some_and(|(only, _)| only != number) {
                    *conditions = vec![terms.truth(false)];
                    return true;
                }
                range.only = Some((number, *condition));
            }
            ">" | ">=" => {
                let strict = operator == ">";
                if range.low.is_none_or(|(low, low_strict, _)| (number, strict) > (low, low_strict)) {
                    range.low = Some((number, strict, *condition));
                }
            }
            "<" | "<=" => {
                let strict = operator == "<";
                // Narrower is less, and of the same number the strict one.
                if range.high.is_none_or(|(high, high_strict, _)| (number, !strict) < (high, !high_strict)) {
                    range.high = Some((number, strict, *condition));
                }
            }
            "<>" => {
                range.never.push((number, *condition));
                continue;
            }
            _ => continue,
        }
        range.all.push(*condition);
    }
    let mut gone: BTreeSet<TermId> = BTreeSet::new();
    let mut fixed: Vec<TermId> = Vec::new();
    for range in ranges.values() {
        let Some((only, _)) = range.only else { continue };
        if range.never.iter().any(|(number, _)| *number == only) {
            *conditions = vec![terms.truth(false)];
            return true;
        }
        gone.extend(range.never.iter().map(|(_, condition)| *condition));
    }
    for (operand, range) in ranges.iter().filter(|(_, range)| range.all.len() > 1) {
        let above = |number: i64| range.low.is_none_or(|(low, strict, _)| number > low || (number == low && !strict));
        let below =
            |number: i64| range.high.is_none_or(|(high, strict, _)| number < high || (number == high && !strict));
        let kept: Vec<TermId> = match (range.only, range.low, range.high) {
            (Some((only, condition)), ..) if above(only) && below(only) => vec![condition],
            (Some(_), ..) => Vec::new(),
            (None, Some((low, false, one)), Some((high, false, _))) if low == high => {
                // `1 <= x AND x <= 1`.
                let parts = terms.applied(one).map(|(_, args)| args.to_vec()).unwrap_or_default();
                let Some(number) = parts.into_iter().find(|part| part != operand) else { continue };
                fixed.push(terms.apply("=", vec![*operand, number]));
                gone.extend(range.all.iter().copied());
                continue;
            }
            (None, Some((low, low_strict, one)), Some((high, high_strict, other))) => {
                if low > high || (low == high && (low_strict || high_strict)) { Vec::new() } else { vec![one, other] }
            }
            (None, low, high) => low.into_iter().chain(high).map(|(.., condition)| condition).collect(),
        };
        if kept.is_empty() {
            *conditions = vec![terms.truth(false)];
            return true;
        }
        gone.extend(range.all.iter().filter(|condition| !kept.contains(condition)));
    }
    if gone.is_empty() {
        return false;
    }
    conditions.retain(|condition| !gone.contains(condition));
    conditions.extend(fixed);
    true
}
