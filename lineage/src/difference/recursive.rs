//! Queries that read what they gave before: where they begin, and the step. What differs after one step is what
//! the next one reads, so steps are compared until nothing more is found. It must not know what a step looks like.

use std::mem;

use super::Comparer;
use super::block::Matching;
use super::delta::{Delta, Places, Rows};
use crate::canonical::plan::{Plan, PlanId, SetPlan};
use crate::canonical::term::Word;
use crate::canonical::terms::number;
use crate::query::block::{Duplicates, SetOperator};
use crate::stack::with_room;

/// What a recursive query is made of.
struct Parts {
    /// What it begins with.
    seed: PlanId,
    /// What is made of what was given before, which is a relation of its own here.
    step: PlanId,
    duplicates: Duplicates,
    width: usize,
}

impl Comparer<'_> {
    /// What differs between two recursive queries; `None` if they are not taken apart.
    ///
    /// What holds of the rows that both begin with and, if it holds of what is read, of one step more, holds
    /// however many steps are made.
    pub(super) fn recursive(&mut self, base: PlanId, head: PlanId, matching: Matching<'_>) -> Option<Delta> {
        // No table is called so: there are no-break spaces in it.
        let before = self.terms.word("the\u{a0}rows\u{a0}before");
        let (old, new) = (self.parts(base, before)?, self.parts(head, before)?);
        let straight: Vec<Option<u32>> = (0..number(old.width)).map(Some).collect();
        let in_place = matching.is_none_or(|matching| *matching == *straight);
        if !in_place || old.width != new.width || old.duplicates != new.duplicates {
            return None;
        }
        let (known, affected) = (mem::take(&mut self.known), mem::take(&mut self.affected));
        let found = self.steps(&old, &new, before, &straight);
        self.carried.remove(&before);
        (self.known, self.affected) = (known, affected);
        found
    }

    fn steps(&mut self, old: &Parts, new: &Parts, before: Word, straight: &[Option<u32>]) -> Option<Delta> {
        /// Each round finds another column or another way in which rows differ.
        const MOST: usize = 12;
        let mut found = Delta::none(old.width);
        found.take(self.plans(old.seed, new.seed, Some(straight)))?;
        for _ in 0..MOST {
            // Which rows are there already decides which are given once more.
            let why = found.rows.first().map(|(_, why)| why).or_else(|| found.some_column()).cloned();
            if let Some(why) = why.filter(|_| old.duplicates == Duplicates::Dropped) {
                found.say(Rows::Added, &why);
                found.say(Rows::Removed, &why);
            }
            if found.is_none() {
                self.carried.remove(&before);
            } else {
                self.carried.insert(before, found.clone());
            }
            // What was found before is not what is found now.
            self.known.clear();
            self.affected.clear();
            let step = self.plans(old.step, new.step, Some(straight));
            let known = found.size();
            found.take(step)?;
            if found.size() == known {
                return Some(found);
            }
        }
        None
    }

    fn parts(&mut self, plan: PlanId, before: Word) -> Option<Parts> {
        let Plan::Recursive(inner) = self.terms.plan(plan) else { return None };
        let inner = *inner;
        let Plan::Set(set) = self.terms.plan(inner) else { return None };
        let set = set.clone();
        if set.operator != SetOperator::Union || set.limit.is_some() || self.terms.plan_facts(plan).outer > 0 {
            return None;
        }
        let (mut seeds, mut steps) = (Vec::new(), Vec::new());
        for branch in &set.branches {
            let branch = *branch;
            if self.reads_itself(branch) {
                steps.push(with_room(|| self.without_step(branch, before))?);
            } else {
                seeds.push(branch);
            }
        }
        let width = set.width as usize;
        let duplicates = set.duplicates;
        let mut together = |branches: Vec<PlanId>| match branches.as_slice() {
            [] => None,
            [one] => Some(*one),
            _ => {
                Some(self.terms.keep_plan(Plan::Set(SetPlan { branches, duplicates: Duplicates::Kept, ..set.clone() })))
            }
        };
        let (seed, step) = (together(seeds)?, together(steps)?);
        Some(Parts { seed, step, duplicates, width })
    }

    /// Whether a plan reads what a recursive query gave before.
    fn reads_itself(&self, plan: PlanId) -> bool {
        matches!(self.terms.plan(plan), Plan::Step(_))
            || with_room(|| {
                super::carried::parts_of(self.terms, plan).0.into_iter().any(|part| self.reads_itself(part))
            })
    }

    /// A plan that reads a relation where it reads what was given before. `None` where that stands in a query of
    /// an expression, or belongs to another recursive query.
    fn without_step(&mut self, plan: PlanId, before: Word) -> Option<PlanId> {
        if !self.reads_itself(plan) {
            return Some(plan);
        }
        match self.terms.plan(plan).clone() {
            Plan::Step(0) => Some(self.terms.keep_plan(Plan::Relation(before, None))),
            Plan::Block(mut block) => {
                let terms = block.terms();
                let in_terms = terms.into_iter().flat_map(|term| super::stage::plans_in(self.terms, term));
                if in_terms.collect::<Vec<_>>().into_iter().any(|(_, plan)| self.reads_itself(plan)) {
                    return None;
                }
                for input in &mut block.inputs {
                    input.plan = with_room(|| self.without_step(input.plan, before))?;
                }
                Some(self.terms.keep_plan(Plan::Block(block)))
            }
            Plan::Set(mut set) => {
                for branch in &mut set.branches {
                    *branch = with_room(|| self.without_step(*branch, before))?;
                }
                Some(self.terms.keep_plan(Plan::Set(set)))
            }
            _ => None,
        }
    }
}

impl Delta {
    /// Takes in what another finds of the same columns in the same places; `None` if anything may differ.
    fn take(&mut self, other: Self) -> Option<()> {
        let straight = Places::same(self.places.base as usize);
        let has_more = !other.named.is_empty() || other.rest != (Vec::new(), Vec::new());
        if other.anything.is_some() || has_more || other.places != straight {
            return None;
        }
        for (rows, why) in &other.rows {
            if !self.has(*rows) {
                self.say(*rows, why);
            }
        }
        for (place, change) in other.columns {
            self.columns.entry(place).or_insert(change);
        }
        Some(())
    }

    fn size(&self) -> usize {
        self.rows.len() + self.columns.len()
    }
}
