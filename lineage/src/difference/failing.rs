//! What can fail when it runs and could not before: a division or a conversion that has lost what stood
//! before it. Two queries with the same rows wherever both run to the end may differ in that alone, so it
//! is told beside what differs, and never instead of it. It must not know what differs otherwise.
//!
//! A query is looked at SELECT by SELECT, as it is written: what a SELECT works out, it works out for the
//! rows that its own conditions and those inside of it leave, and conditions further out come later. In
//! which order one SELECT does its work nobody says, so all of its conditions count as guards. Something
//! is guarded if it is so in each of them.
//!
//! What is new altogether is not told: a third of all changes write a cast or a division that was not there,
//! and who reads of the change reads of that.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::canonical::plan::{Block, Plan, PlanId};
use crate::canonical::term::{SubqueryKind, Term, TermId};
use crate::canonical::{Canonical, Terms};

mod guards;
mod risks;

use guards::Guards;
use risks::{Risk, Seen};

/// So many SELECTs of a query are looked at.
const MOST: usize = 2_000;

/// What may fail now and did not before, as lower-case fragments, sorted.
#[must_use]
pub fn failing(terms: &Terms, base: &Canonical, head: &Canonical) -> Vec<String> {
    let (old, new) = (Side::of(terms, base), Side::of(terms, head));
    let mut told = BTreeSet::new();
    for (risk, now) in new.risks.iter().filter(|(risk, _)| new.last.contains_key(*risk)) {
        let Some(before) = old.risks.get(risk) else { continue };
        let Some(shown) = now.unguarded.as_ref() else { continue };
        if before.unguarded.is_none()
            && let Some(guard) = before.guards.first()
        {
            told.insert(format!("`{shown}` may fail now: {}", guard.lost(&new.conditions)));
        } else if let Some(later) = before.keys().find(|key| !now.stands_behind(key) && new.conditions.contains(*key)) {
            told.insert(format!("`{shown}` may fail now: it is worked out before `{later}`"));
        }
    }
    let lost = old.single.difference(&new.single).next();
    if let (Some(_), Some(plan)) = (lost, new.several.difference(&old.several).next()) {
        let plan = terms.print_plan(*plan);
        told.insert(format!("a query of `{plan}` that stands for one value may find several rows now"));
    }
    told.into_iter().collect()
}

/// What one version works out.
#[derive(Default)]
struct Side {
    /// What may fail, wherever it is worked out first.
    risks: BTreeMap<Risk, Seen>,
    /// What may fail in what is left of it when all is said.
    last: BTreeMap<Risk, Seen>,
    /// All conditions.
    conditions: BTreeSet<String>,
    /// Queries that stand for one value and surely have one row at most, without regard to keys.
    single: BTreeSet<PlanId>,
    /// Those that may have several.
    several: BTreeSet<PlanId>,
}

impl Side {
    fn of(terms: &Terms, form: &Canonical) -> Self {
        let mut side = Self::default();
        let mut guards = Guards::new(terms);
        for plan in form.stages().iter().take(MOST) {
            if let Plan::Block(block) = terms.plan(*plan) {
                risks::gather(terms, &mut guards, *plan, block, &mut side.risks);
            }
        }
        let mut seen = HashSet::new();
        let mut ahead = vec![form.plan];
        while let Some(plan) = ahead.pop().filter(|_| seen.len() <= MOST) {
            if !seen.insert(plan) {
                continue;
            }
            match terms.plan(plan) {
                Plan::Block(block) => {
                    risks::gather(terms, &mut guards, plan, block, &mut side.last);
                    side.conditions.extend(guards.of(plan).conditions().map(str::to_owned));
                    ahead.extend(block.inputs.iter().map(|input| input.plan));
                    side.queries(terms, block, &mut ahead);
                }
                Plan::Set(set) => ahead.extend(&set.branches),
                Plan::Recursive(inner) => ahead.push(*inner),
                Plan::Opaque(_, _, inner) => ahead.extend(inner),
                Plan::Relation(..) | Plan::Values(_) | Plan::Step(_) | Plan::Unnest(..) | Plan::Function(..) => {}
            }
        }
        side
    }

    /// The queries in the expressions of a block.
    fn queries(&mut self, terms: &Terms, block: &Block, ahead: &mut Vec<PlanId>) {
        let mut seen: HashSet<TermId> = HashSet::new();
        let mut parts = block.terms();
        while let Some(part) = parts.pop() {
            if !seen.insert(part) {
                continue;
            }
            let term = terms.term(part);
            if let Term::Subquery(kind, _, plan) = term {
                ahead.push(*plan);
                if *kind == SubqueryKind::Scalar {
                    let is_single = terms.block_of(*plan).is_some_and(|block| terms.is_single(block));
                    if is_single { &mut self.single } else { &mut self.several }.insert(*plan);
                }
            }
            parts.extend(term.parts());
        }
    }
}

#[cfg(test)]
mod tests;
