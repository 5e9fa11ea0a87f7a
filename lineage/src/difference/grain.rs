//! What a row stands for: GROUP BY, and QUALIFY where it keeps one row of each kind. It must not know
//! how rows are joined.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Comparer;
use super::block::plain;
use super::delta::{Because, Evidence, Rows};
use super::side::Side;
use super::stage::Stage;
use crate::canonical::term::{Term, TermId};

impl Comparer<'_> {
    /// GROUP BY.
    pub(super) fn groups(&mut self, old: &Side<'_>, new: &Side<'_>, stage: &mut Stage) {
        match (&old.block.group, &new.block.group) {
            (None, None) => {}
            (Some(before), Some(after)) => {
                let (was, is): (BTreeSet<TermId>, BTreeSet<TermId>) =
                    (before.keys.iter().copied().collect(), after.keys.iter().copied().collect());
                let shared: Vec<TermId> = was.intersection(&is).copied().collect();
                let unstable = shared.iter().find_map(|key| stage.unstable(self.terms, *key));
                if was == is && before.sets == after.sets {
                    if let Some(why) = &unstable {
                        stage.say(Rows::Added, why);
                        stage.say(Rows::Removed, why);
                    }
                    let keys = if unstable.is_some() { Vec::new() } else { shared };
                    stage.group(keys, unstable.as_ref());
                    return;
                }
                let (then, now) = (self.each(old, &before.keys), self.each(new, &after.keys));
                let why = Arc::new(Evidence {
                    detail: another_key(&then, &now),
                    before: Some(then),
                    after: Some(now),
                    base_position: before.keys.iter().find_map(|key| old.position(self.terms, *key)),
                    head_position: after.keys.iter().find_map(|key| new.position(self.terms, *key)),
                });
                stage.group(shared, Some(&why));
                stage.say(Rows::Regrained, &why);
                let plain = before.sets.is_none() && after.sets.is_none() && unstable.is_none();
                if !(plain && is.is_subset(&was)) {
                    stage.say(Rows::More, &why);
                }
                if !(plain && was.is_subset(&is)) {
                    stage.say(Rows::Fewer, &why);
                }
                if !plain || is.is_empty() {
                    stage.say(Rows::Added, &why);
                }
                if !plain || was.is_empty() {
                    stage.say(Rows::Removed, &why);
                }
            }
            (before, after) => {
                let (grouped, is_new) = match (before, after) {
                    (None, Some(after)) => (after, true),
                    (Some(before), _) => (before, false),
                    (None, None) => return,
                };
                let side = if is_new { new } else { old };
                let each = self.each(side, &grouped.keys);
                let detail =
                    if is_new { format!("one row for {each} now") } else { format!("no longer one row for {each}") };
                let mut evidence = Evidence { detail, ..Evidence::default() };
                let position = grouped.keys.iter().find_map(|key| side.position(self.terms, *key));
                if is_new {
                    (evidence.after, evidence.head_position) = (Some(each), position);
                } else {
                    (evidence.before, evidence.base_position) = (Some(each), position);
                }
                let why = Arc::new(evidence);
                let unstable = grouped.keys.iter().find_map(|key| stage.unstable(self.terms, *key));
                stage.group_on_one_side(grouped.keys.clone(), &why);
                stage.say(Rows::Regrained, &why);
                stage.say(if is_new { Rows::Fewer } else { Rows::More }, &why);
                // All rows make one row, also if there are none.
                if grouped.keys.is_empty() || grouped.sets.is_some() || unstable.is_some() {
                    stage.say(Rows::Added, &why);
                    stage.say(Rows::Removed, &why);
                }
            }
        }
    }

    /// QUALIFY, which often keeps one row of each kind.
    pub(super) fn qualify(&mut self, old: &Side<'_>, new: &Side<'_>, stage: &mut Stage) {
        let (before, after) = (&old.block.qualify, &new.block.qualify);
        let first = |terms: &crate::canonical::Terms, conditions: &[TermId]| -> Option<(TermId, Vec<TermId>)> {
            conditions.iter().find_map(|condition| Some((*condition, terms.first_of(*condition)?)))
        };
        match (first(self.terms, before), first(self.terms, after)) {
            (None, None) => drop(self.conditions(old, new, before, after, stage)),
            (Some((was, keys)), Some((is, others))) if before.len() == 1 && after.len() == 1 => {
                let (left, right): (BTreeSet<TermId>, BTreeSet<TermId>) =
                    (keys.iter().copied().collect(), others.iter().copied().collect());
                let unstable = keys.iter().chain(&others).find_map(|key| stage.unstable(self.terms, *key));
                if let Some(why) = unstable {
                    for rows in [Rows::Added, Rows::Removed] {
                        stage.say(rows, &why);
                    }
                    stage.choose(Vec::new(), Some(&why));
                    return;
                }
                if left == right {
                    let by = self.order_of_first(is);
                    let differs = if was == is {
                        by.iter().find_map(|key| stage.unstable(self.terms, *key))
                    } else {
                        Some(self.otherwise(old, new, was, is, "another row is kept of"))
                    };
                    stage.choose(keys, differs.as_ref());
                    return;
                }
                let (then, now) = (self.each(old, &keys), self.each(new, &others));
                let mut why = (*self.otherwise(old, new, was, is, "")).clone();
                why.detail = another_key(&then, &now);
                (why.before, why.after) = (Some(then), Some(now));
                let why = Arc::new(why);
                let shared: Vec<TermId> = left.intersection(&right).copied().collect();
                stage.choose(shared, Some(&why));
                stage.say(Rows::Regrained, &why);
                if !right.is_subset(&left) {
                    stage.say(Rows::More, &why);
                }
                if !left.is_subset(&right) {
                    stage.say(Rows::Fewer, &why);
                }
            }
            (was, is) => {
                self.conditions(old, new, before, after, stage);
                let was_kept = was.as_ref().is_some_and(|(condition, _)| after.contains(condition));
                if let Some((condition, keys)) = was.filter(|_| !was_kept) {
                    let then = self.each(old, &keys);
                    let why = Arc::new(Evidence {
                        detail: format!("no longer one row for {then}: rows may be duplicated"),
                        before: Some(then),
                        base_position: old.position(self.terms, condition),
                        ..Evidence::default()
                    });
                    for rows in [Rows::Regrained, Rows::More, Rows::Added] {
                        stage.say(rows, &why);
                    }
                }
                if let Some((condition, keys)) = is.filter(|_| !was_kept) {
                    let now = self.each(new, &keys);
                    let why = Arc::new(Evidence {
                        detail: format!("only one row for {now} now"),
                        after: Some(now),
                        head_position: new.position(self.terms, condition),
                        ..Evidence::default()
                    });
                    for rows in [Rows::Regrained, Rows::Removed] {
                        stage.say(rows, &why);
                    }
                }
            }
        }
    }

    /// What one row stands for.
    fn each(&self, side: &Side<'_>, keys: &[TermId]) -> String {
        let keys: Vec<String> = keys.iter().map(|key| plain(&side.text(self.terms, *key))).collect();
        if keys.is_empty() { "all rows".to_owned() } else { format!("each {}", keys.join(", ")) }
    }

    /// What a window that keeps the first row sorts by.
    fn order_of_first(&self, condition: TermId) -> Vec<TermId> {
        let Some(args) = self.terms.args_of(condition, "=") else { return Vec::new() };
        let calls = args.iter().filter_map(|arg| match self.terms.term(*arg) {
            Term::Call(call) => call.over.as_ref(),
            _ => None,
        });
        calls.flat_map(|over| over.order.iter().map(|key| key.term)).collect()
    }

    /// A term that is written otherwise.
    fn otherwise(&self, old: &Side<'_>, new: &Side<'_>, was: TermId, is: TermId, what: &str) -> Because {
        let (before, after) = (old.text(self.terms, was), new.text(self.terms, is));
        Arc::new(Evidence {
            detail: format!("{what} several: `{after}` instead of `{before}`"),
            before: Some(before),
            after: Some(after),
            base_position: old.position(self.terms, was),
            head_position: new.position(self.terms, is),
        })
    }
}

/// Another key, in words. What is written the same may be of something else.
fn another_key(then: &str, now: &str) -> String {
    if then == now {
        format!("one row for {now}, which is of something else now")
    } else {
        format!("one row for {now} instead of {then}")
    }
}
