//! Set operations and lists of rows. It must not know what is inside the branches.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::Comparer;
use super::align::like;
use super::block::Matching;
use super::delta::{Because, ColumnChange, Delta, Evidence, Rows, any, because};
use crate::canonical::plan::{Plan, PlanId, SetPlan};
use crate::canonical::term::TermId;
use crate::canonical::terms::number;
use crate::query::block::{Duplicates, SetOperator};

impl Comparer<'_> {
    /// Which columns of two unions are which, where branches that both have show that they stand in another order;
    /// their places in base by those in head.
    ///
    /// The order of columns is that of the terms in the branches, so that one more branch can give another.
    pub(super) fn columns_of_unions(&mut self, base: &SetPlan, head: &SetPlan) -> Option<Vec<Option<u32>>> {
        let is_union = |set: &SetPlan| set.operator == SetOperator::Union;
        if !is_union(base) || !is_union(head) || base.width != head.width || base.branches == head.branches {
            return None;
        }
        let mut known: HashMap<PlanId, Vec<TermId>> = HashMap::new();
        for branch in &base.branches {
            if let Some((key, outputs)) = self.unordered(*branch) {
                known.entry(key).or_insert(outputs);
            }
        }
        // What each column is in every branch that both have.
        let width = base.width as usize;
        let (mut was, mut is) = (vec![Vec::new(); width], vec![Vec::new(); width]);
        for branch in &head.branches {
            let Some((key, outputs)) = self.unordered(*branch) else { continue };
            let Some(old) = known.remove(&key) else { continue };
            for (place, (old, new)) in old.into_iter().zip(outputs).enumerate().take(width) {
                was[place].push(old);
                is[place].push(new);
            }
        }
        if was.first().is_none_or(Vec::is_empty) {
            return None;
        }
        let mut places: HashMap<&[TermId], VecDeque<u32>> = HashMap::new();
        for (place, terms) in was.iter().enumerate() {
            places.entry(terms).or_default().push_back(number(place));
        }
        let found: Option<Vec<Option<u32>>> =
            is.iter().map(|terms| Some(Some(places.get_mut(terms.as_slice())?.pop_front()?))).collect();
        found.filter(|found| found.iter().enumerate().any(|(place, was)| *was != Some(number(place))))
    }

    /// A branch whatever the order of its columns, and these in their order.
    fn unordered(&mut self, branch: PlanId) -> Option<(PlanId, Vec<TermId>)> {
        let Plan::Block(block) = self.terms.plan(branch) else { return None };
        let mut block = block.clone();
        if block.rest.is_some() {
            return None;
        }
        let outputs = block.outputs.clone();
        block.outputs.sort_unstable();
        Some((self.terms.keep_plan(Plan::Block(block)), outputs))
    }

    pub(super) fn sets(&mut self, base: &SetPlan, head: &SetPlan, matching: Matching<'_>) -> Delta {
        let places = self.places(base.width as usize, head.width as usize, matching);
        let alone = |set: &SetPlan| set.branches.len() == 1;
        if base.operator != head.operator && !alone(base) && !alone(head) {
            let why = because(format!("{} instead of {}", words(head), words(base)));
            let mut delta = Delta { places, ..Delta::default() };
            self.missing(&mut delta);
            for rows in [Rows::Added, Rows::Removed, Rows::More] {
                delta.say(rows, &why);
            }
            return delta;
        }
        let operator = if alone(base) { head.operator } else { base.operator };
        let (old, new) = (kept(base, head), kept(head, base));
        let mut delta = Delta { places, ..Delta::default() };
        if operator == SetOperator::Union {
            self.unions(base, head, matching, &mut delta);
        } else {
            self.others(operator, base, head, matching, &mut delta);
        }
        // What one side keeps is compared before columns change, or after.
        let both = old == Duplicates::Dropped && new == Duplicates::Dropped;
        if both || operator != SetOperator::Union {
            delta.rows.retain(|(rows, _)| !both || matches!(rows, Rows::Added | Rows::Removed));
            self.compared(operator, &mut delta);
        }
        match (old, new) {
            (Duplicates::Dropped, Duplicates::Kept) => {
                let why = because("rows may be duplicated: UNION became UNION ALL");
                let why = if operator == SetOperator::Union {
                    why
                } else {
                    because("rows may be duplicated: ALL keeps them")
                };
                delta.say(Rows::More, &why);
                delta.say(Rows::Regrained, &why);
                if operator != SetOperator::Union {
                    delta.say(Rows::Added, &why);
                    delta.say(Rows::Removed, &why);
                }
            }
            (Duplicates::Kept, Duplicates::Dropped) => {
                let why = because(format!("{} drops repeated rows now", words(head)));
                delta.say(Rows::Fewer, &why);
                delta.say(Rows::Regrained, &why);
                if operator != SetOperator::Union {
                    delta.say(Rows::Added, &why);
                    delta.say(Rows::Removed, &why);
                }
            }
            _ => {}
        }
        self.set_limit(base, head, &mut delta);
        delta
    }

    /// Branches whose rows are put together.
    fn unions(&mut self, base: &SetPlan, head: &SetPlan, matching: Matching<'_>, delta: &mut Delta) {
        let is_straight = matching.is_none_or(|matching| {
            matching.iter().enumerate().all(|(at, place)| *place == Some(number(at))) && base.width == head.width
        });
        let mut left: Vec<PlanId> = base.branches.clone();
        let mut right: Vec<PlanId> = Vec::new();
        for branch in &head.branches {
            let is_settled = !self.is_affected(*branch);
            let as_base = if is_straight { Some(*branch) } else { self.in_order(*branch, matching) };
            match left.iter().position(|found| Some(*found) == as_base).filter(|_| is_settled) {
                Some(place) => drop(left.remove(place)),
                None => right.push(*branch),
            }
        }
        let mut likeness: Vec<(usize, usize, usize)> = Vec::new();
        for (b, old) in left.iter().enumerate() {
            for (h, new) in right.iter().enumerate() {
                let like = like(self.terms, *old, *new) + usize::from(old == new) * 1000;
                likeness.push((usize::MAX - like, b.abs_diff(h), b * right.len() + h));
            }
        }
        likeness.sort_unstable();
        let (mut taken, mut given) = (BTreeSet::new(), BTreeSet::new());
        let width = right.len();
        for (unlike, _, pair) in likeness {
            let (b, h) = (pair / width, pair % width);
            // Those that have nothing in common are not one that changed, unless nothing else is left.
            let alone = left.len() == 1 && width == 1;
            if taken.contains(&b) || given.contains(&h) || (unlike == usize::MAX && !alone) {
                continue;
            }
            taken.insert(b);
            given.insert(h);
            let mut part = self.branch(left[b], right[h], base, head, matching);
            // A branch that is another one altogether is one that went and one that came.
            if part.anything.is_some() {
                part.anything = None;
            }
            for (rows, why) in &part.rows {
                delta.say(*rows, why);
            }
            for (place, change) in part.columns {
                delta.columns.entry(place).or_insert(change);
            }
        }
        for (place, plan) in left.iter().enumerate().filter(|(place, _)| !taken.contains(place)) {
            let _ = place;
            let name = self.terms.print_plan(*plan);
            delta.say(Rows::Removed, &because(format!("the rows of {name} are no longer put in by the set operation")));
        }
        for (place, plan) in right.iter().enumerate().filter(|(place, _)| !given.contains(place)) {
            let _ = place;
            let name = self.terms.print_plan(*plan);
            delta.say(Rows::Added, &because(format!("the rows of {name} are put in by the set operation now")));
        }
        self.missing(delta);
    }

    /// A branch of head with its columns in the order of base, if each of them has its place there.
    fn in_order(&mut self, branch: PlanId, matching: Matching<'_>) -> Option<PlanId> {
        let places = matching?;
        let Plan::Block(block) = self.terms.plan(branch) else { return None };
        let mut block = block.clone();
        if block.rest.is_some() || block.outputs.len() != places.len() {
            return None;
        }
        let mut outputs: Vec<Option<TermId>> = vec![None; places.len()];
        for (term, place) in block.outputs.iter().zip(places) {
            *outputs.get_mut((*place)? as usize)? = Some(*term);
        }
        block.outputs = outputs.into_iter().collect::<Option<_>>()?;
        Some(self.terms.keep_plan(Plan::Block(block)))
    }

    /// A branch against its counterpart.
    fn branch(&mut self, old: PlanId, new: PlanId, base: &SetPlan, head: &SetPlan, matching: Matching<'_>) -> Delta {
        match matching {
            Some(matching) => self.plans(old, new, Some(matching)),
            None => {
                let straight: Vec<Option<u32>> =
                    (0..head.width).map(|place| (place < base.width).then_some(place)).collect();
                self.plans(old, new, Some(&straight))
            }
        }
    }

    /// Columns that only one side has.
    fn missing(&mut self, delta: &mut Delta) {
        for (place, was, is) in delta.places.pairs() {
            match (was, is) {
                (Some(_), None) => {
                    delta.columns.insert(place, (ColumnChange::Removed, because("the column is gone")));
                }
                (None, Some(_)) => {
                    delta.columns.insert(place, (ColumnChange::Added, because("the column is new")));
                }
                _ => {}
            }
        }
    }

    /// INTERSECT and EXCEPT: the first branch, and what is compared with it.
    fn others(
        &mut self,
        operator: SetOperator,
        base: &SetPlan,
        head: &SetPlan,
        matching: Matching<'_>,
        delta: &mut Delta,
    ) {
        let keeps = [base, head].iter().any(|set| set.duplicates == Duplicates::Kept && set.branches.len() > 1);
        let longest = base.branches.len().max(head.branches.len());
        for place in 0..longest {
            match (base.branches.get(place), head.branches.get(place)) {
                (Some(old), Some(new)) => {
                    let part = self.branch(*old, *new, base, head, matching);
                    let turned = place > 0 && operator == SetOperator::Except;
                    for (rows, why) in &part.rows {
                        let (rows, also) = match (rows, turned) {
                            (Rows::Added, false) | (Rows::Removed, true) => (Rows::Added, None),
                            (Rows::Removed, false) | (Rows::Added, true) => (Rows::Removed, None),
                            (Rows::More, false) | (Rows::Fewer, true) => (Rows::More, Some(Rows::Added)),
                            (Rows::Fewer, false) | (Rows::More, true) => (Rows::Fewer, Some(Rows::Removed)),
                            (Rows::Regrained, _) => (Rows::Regrained, None),
                        };
                        delta.say(rows, why);
                        if let Some(also) = also.filter(|_| keeps) {
                            delta.say(also, why);
                        }
                    }
                    if place == 0 {
                        delta.columns.extend(part.columns);
                    } else if let Some(why) = part.some_column() {
                        delta.say(Rows::Added, why);
                        delta.say(Rows::Removed, why);
                    }
                }
                (was, _) => {
                    let gone = was.is_some();
                    let plan = was.or_else(|| head.branches.get(place)).copied();
                    let name = plan.map(|plan| self.terms.print_plan(plan)).unwrap_or_default();
                    let detail = if gone {
                        format!("the rows are no longer compared with those of {name}")
                    } else {
                        format!("the rows are compared with those of {name} now")
                    };
                    delta.say(if gone { Rows::Added } else { Rows::Removed }, &because(detail));
                }
            }
        }
        self.missing(delta);
    }

    /// Rows are compared by columns that changed.
    fn compared(&mut self, operator: SetOperator, delta: &mut Delta) {
        let mut said: Vec<(Rows, Because)> = Vec::new();
        for (change, why) in delta.columns.values() {
            let rows = match change {
                ColumnChange::Added if operator == SetOperator::Union => vec![Rows::More, Rows::Regrained],
                ColumnChange::Removed if operator == SetOperator::Union => vec![Rows::Fewer, Rows::Regrained],
                _ => vec![Rows::Added, Rows::Removed],
            };
            let detail = format!("rows are compared by a column that changed: {}", why.detail);
            let why = Arc::new(Evidence { detail, ..(**why).clone() });
            said.extend(rows.into_iter().map(|rows| (rows, Arc::clone(&why))));
        }
        for (rows, why) in said {
            delta.say(rows, &why);
        }
    }

    fn set_limit(&mut self, base: &SetPlan, head: &SetPlan, delta: &mut Delta) {
        if base.limit.is_none() && head.limit.is_none() {
            return;
        }
        let column = delta.some_column();
        let why = if base.limit != head.limit || base.order != head.order {
            Some(because("the LIMIT changed"))
        } else {
            any(&delta.rows).or(column).cloned()
        };
        if let Some(why) = why {
            delta.say(Rows::Added, &why);
            delta.say(Rows::Removed, &why);
        }
    }

    /// Lists of rows.
    pub(super) fn lists(&mut self, base: &[Vec<TermId>], head: &[Vec<TermId>], matching: Matching<'_>) -> Delta {
        let width = |rows: &[Vec<TermId>]| rows.first().map(Vec::len);
        let (old, new) = (width(base).unwrap_or_default(), width(head).unwrap_or_default());
        let places = self.places(old, new, matching);
        let mut delta = Delta { places, ..Delta::default() };
        self.missing(&mut delta);
        let both: Vec<(usize, usize)> =
            delta.places.pairs().into_iter().filter_map(|(_, was, is)| Some((was?, is?))).collect();
        let mut left: HashMap<Vec<Option<&TermId>>, usize> = HashMap::new();
        for row in base {
            *left.entry(both.iter().map(|(was, _)| row.get(*was)).collect()).or_default() += 1;
        }
        let mut come: Option<Because> = None;
        for row in head {
            let row: Vec<Option<&TermId>> = both.iter().map(|(_, is)| row.get(*is)).collect();
            match left.get_mut(&row).filter(|times| **times > 0) {
                Some(times) => *times -= 1,
                None => come = come.or_else(|| Some(because("a row of the list is new"))),
            }
        }
        if let Some(why) = come {
            delta.say(Rows::Added, &why);
        }
        if left.values().any(|times| *times > 0) {
            delta.say(Rows::Removed, &because("a row of the list is gone"));
        }
        delta
    }
}

/// What becomes of duplicates: a single branch is as the other side has it, if that keeps them.
fn kept(set: &SetPlan, other: &SetPlan) -> Duplicates {
    if set.branches.len() == 1 && other.operator == SetOperator::Union { Duplicates::Kept } else { set.duplicates }
}

fn words(set: &SetPlan) -> String {
    let all = if set.duplicates == Duplicates::Kept { " ALL" } else { "" };
    let operator = match set.operator {
        SetOperator::Union => "UNION",
        SetOperator::Intersect => "INTERSECT",
        SetOperator::Except => "EXCEPT",
    };
    format!("{operator}{all}")
}
