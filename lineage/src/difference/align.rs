//! Which input of a block of base is which input of a block of head. A wrong answer costs exactness,
//! never truth: what is not matched counts as gone and as new. It must not know what differs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::canonical::plan::{Block, From, FromPart, Input, Plan, PlanId};
use crate::canonical::substitute::Replacement;
use crate::canonical::term::{Column, Part, Term, TermId, Word};
use crate::canonical::terms::{Terms, number};

/// Of more inputs that look the same, the written order counts.
const MOST_ALIKE: usize = 12;

/// An input of base, one of head, or one that both have.
pub(super) type Pair = (Option<u32>, Option<u32>);

/// Matches the inputs that depend on no others.
pub(super) fn align(terms: &mut Terms, base: &Block, head: &Block) -> Vec<Pair> {
    let mut pairs = same_plans(terms, base, head);
    let mut left: Vec<u32> = free(terms, base, &pairs.iter().filter_map(|pair| pair.0).collect());
    let mut right: Vec<u32> = free(terms, head, &pairs.iter().filter_map(|pair| pair.1).collect());
    let mut likeness: Vec<(usize, u32, u32)> = Vec::new();
    for base_input in &left {
        for head_input in &right {
            let (b, h) = (&base.inputs[*base_input as usize], &head.inputs[*head_input as usize]);
            let like = if b.sample == h.sample { like(terms, b.plan, h.plan) } else { 0 };
            if like > 0 {
                likeness.push((like, *base_input, *head_input));
            }
        }
    }
    likeness.sort_by_key(|(like, b, h)| (usize::MAX - like, b.abs_diff(*h), *b, *h));
    for (_, b, h) in likeness {
        if left.contains(&b) && right.contains(&h) {
            left.retain(|input| *input != b);
            right.retain(|input| *input != h);
            pairs.push((Some(b), Some(h)));
        }
    }
    // What stands alone on both sides stands for each other, if it stands in the same place.
    if let ([b], [h]) = (left.as_slice(), right.as_slice())
        && is_core(&base.from, *b) == is_core(&head.from, *h)
        && base.inputs.len() == head.inputs.len()
    {
        pairs.push((Some(*b), Some(*h)));
        (left, right) = (Vec::new(), Vec::new());
    }
    pairs.sort_unstable();
    pairs.extend(left.into_iter().map(|input| (Some(input), None)));
    pairs.extend(right.into_iter().map(|input| (None, Some(input))));
    pairs
}

/// Whether an input is joined with others by nothing but conditions.
pub(super) fn is_core(from: &From, input: u32) -> bool {
    from.core.contains(&FromPart::Input(input))
}

fn free(terms: &Terms, block: &Block, taken: &BTreeSet<u32>) -> Vec<u32> {
    let all = 0..number(block.inputs.len());
    all.filter(|input| !taken.contains(input) && is_closed(terms, &block.inputs[*input as usize])).collect()
}

pub(super) fn is_closed(terms: &Terms, input: &Input) -> bool {
    !uses_row(terms, input.plan)
}

/// Whether a plan uses columns of the block whose input it is.
fn uses_row(terms: &Terms, plan: PlanId) -> bool {
    if terms.plan_facts(plan).outer == 0 {
        return false;
    }
    let mut usage = crate::canonical::usage::Usage::default();
    usage.add_plan(terms, plan);
    !usage.columns.is_empty()
}

/// Inputs of base and of head that are the same.
type Alike = (Vec<u32>, Vec<u32>);

fn same_plans(terms: &mut Terms, base: &Block, head: &Block) -> Vec<Pair> {
    let mut groups: BTreeMap<(PlanId, Option<Word>), Alike> = BTreeMap::new();
    for (place, input) in base.inputs.iter().enumerate() {
        if is_closed(terms, input) {
            groups.entry((input.plan, input.sample)).or_default().0.push(number(place));
        }
    }
    for (place, input) in head.inputs.iter().enumerate() {
        if is_closed(terms, input) {
            groups.entry((input.plan, input.sample)).or_default().1.push(number(place));
        }
    }
    let mut pairs: Vec<Pair> = Vec::new();
    for (left, right) in groups.into_values() {
        match (left.as_slice(), right.as_slice()) {
            ([], _) | (_, []) => {}
            ([b], [h]) => pairs.push((Some(*b), Some(*h))),
            _ if left.len() + right.len() > MOST_ALIKE => {
                pairs.extend(left.iter().zip(&right).map(|(b, h)| (Some(*b), Some(*h))));
            }
            _ => pairs.extend(by_use(terms, base, head, &left, &right)),
        }
    }
    pairs
}

/// Inputs of one plan are told apart by the terms that they stand in.
fn by_use(terms: &mut Terms, base: &Block, head: &Block, left: &[u32], right: &[u32]) -> Vec<Pair> {
    let mut numbers: HashMap<PlanId, u32> = HashMap::new();
    let left_uses: Vec<BTreeSet<(u32, TermId)>> =
        left.iter().map(|input| uses(terms, base, *input, &mut numbers)).collect();
    let right_uses: Vec<BTreeSet<(u32, TermId)>> =
        right.iter().map(|input| uses(terms, head, *input, &mut numbers)).collect();
    let mut scores: Vec<(usize, u32, usize, usize)> = Vec::new();
    for (b, base_uses) in left_uses.iter().enumerate() {
        for (h, head_uses) in right_uses.iter().enumerate() {
            let shared = base_uses.intersection(head_uses).count();
            let same_kind = usize::from(is_core(&base.from, left[b]) == is_core(&head.from, right[h]));
            scores.push((usize::MAX - (2 * shared + same_kind), left[b].abs_diff(right[h]), b, h));
        }
    }
    scores.sort_unstable();
    let (mut taken_left, mut taken_right) = (BTreeSet::new(), BTreeSet::new());
    let mut pairs = Vec::new();
    for (_, _, b, h) in scores {
        if !taken_left.contains(&b) && !taken_right.contains(&h) {
            taken_left.insert(b);
            taken_right.insert(h);
            pairs.push((Some(left[b]), Some(right[h])));
        }
    }
    pairs
}

/// The terms that use an input, in which inputs are told apart by what they are, but for that one.
fn uses(terms: &mut Terms, block: &Block, marked: u32, numbers: &mut HashMap<PlanId, u32>) -> BTreeSet<(u32, TermId)> {
    const MARK: u32 = 1 << 20;
    let of_input: Vec<u32> = block
        .inputs
        .iter()
        .enumerate()
        .map(|(place, input)| {
            let next = number(numbers.len());
            let found = *numbers.entry(input.plan).or_insert(next);
            if number(place) == marked { found + MARK } else { found }
        })
        .collect();
    let tagged: Vec<(u32, TermId)> = {
        let outputs: BTreeSet<TermId> = block.outputs.iter().copied().collect();
        block.terms().into_iter().map(|term| (u32::from(outputs.contains(&term)), term)).collect()
    };
    let used: Vec<(u32, TermId)> =
        tagged.into_iter().filter(|(_, term)| terms.inputs_of(*term).contains(&marked)).collect();
    let mut painted = |terms: &mut Terms, column: Column| {
        let input = match of_input.get(column.input as usize) {
            Some(input) if column.level == 0 => *input,
            _ => column.input,
        };
        terms.keep(Term::Column(Column { input, ..column }))
    };
    let mut replacement = Replacement::new(&mut painted);
    used.into_iter().map(|(tag, term)| (tag, terms.replace(&mut replacement, term))).collect()
}

/// How alike two plans are; 0 if they have nothing in common.
pub(super) fn like(terms: &Terms, base: PlanId, head: PlanId) -> usize {
    let (left, right) = (relations(terms, base), relations(terms, head));
    let shared = left.intersection(&right).count();
    if shared == 0 {
        return 0;
    }
    let all = left.union(&right).count();
    let same_kind = std::mem::discriminant(terms.plan(base)) == std::mem::discriminant(terms.plan(head));
    100 * shared / all + usize::from(same_kind) * 10 + usize::from(kind(terms, base) == kind(terms, head)) * 10
}

/// What decides what a row of a plan is.
fn kind(terms: &Terms, plan: PlanId) -> (bool, bool, usize) {
    match terms.plan(plan) {
        Plan::Block(block) => (block.group.is_some(), block.limit.is_some(), block.outputs.len()),
        _ => (false, false, 0),
    }
}

/// The relations that a plan reads.
fn relations(terms: &Terms, plan: PlanId) -> BTreeSet<Word> {
    /// Of more, these are enough to tell.
    const MOST: usize = 400;
    let mut found = BTreeSet::new();
    let mut seen: BTreeSet<PlanId> = BTreeSet::new();
    let mut ahead = vec![plan];
    while let Some(plan) = ahead.pop() {
        if seen.len() > MOST || !seen.insert(plan) {
            continue;
        }
        match terms.plan(plan) {
            Plan::Relation(name, _) => drop(found.insert(*name)),
            Plan::Block(block) => ahead.extend(block.inputs.iter().map(|input| input.plan)),
            Plan::Set(set) => ahead.extend(&set.branches),
            Plan::Recursive(inner) => ahead.push(*inner),
            Plan::Opaque(_, _, plans) => ahead.extend(plans),
            Plan::Function(_, Some(name), _) => drop(found.insert(*name)),
            Plan::Values(_) | Plan::Step(_) | Plan::Unnest(..) | Plan::Function(_, None, _) => {}
        }
    }
    found
}

/// A block that reads a relation through a block of its own, with the columns that are used.
pub(super) fn behind_block(terms: &mut Terms, block: &Block, input: u32) -> Option<Block> {
    let found = block.inputs.get(input as usize)?;
    if !matches!(terms.plan(found.plan), Plan::Relation(..)) || found.sample.is_some() {
        return None;
    }
    if block.rest.as_ref().is_some_and(|rest| rest.parts.iter().any(|(part, _)| *part == input)) {
        return None;
    }
    let mut usage = crate::canonical::usage::Usage::default();
    block.terms().into_iter().for_each(|term| usage.add(terms, term));
    block.inputs.iter().for_each(|input| usage.add_plan(terms, input.plan));
    let mut places: HashMap<Part, u32> = HashMap::new();
    let mut inner = Block::default();
    inner.inputs.push(Input { lateral: crate::query::block::Lateral::No, ..*found });
    inner.from.core.push(FromPart::Input(0));
    for column in usage.columns.iter().filter(|column| column.input == input) {
        if column.part == Part::Row {
            return None;
        }
        places.insert(column.part, number(inner.outputs.len()));
        inner.outputs.push(terms.keep(Term::Column(Column { level: 0, input: 0, part: column.part })));
    }
    let plan = terms.keep_plan(Plan::Block(Box::new(inner)));
    let mut moved = |terms: &mut Terms, column: Column| {
        let part = match places.get(&column.part) {
            Some(place) if column.level == 0 && column.input == input => Part::Place(*place),
            _ => column.part,
        };
        terms.keep(Term::Column(Column { part, ..column }))
    };
    let mut replacement = Replacement::new(&mut moved);
    let mut outer = block.clone();
    for other in &mut outer.inputs {
        other.plan = terms.replace_plan(&mut replacement, other.plan, 1);
    }
    outer.inputs[input as usize].plan = plan;
    outer.change_terms(&mut |term| terms.replace(&mut replacement, term));
    Some(outer)
}
