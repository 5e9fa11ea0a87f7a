//! What is made of the columns at the end: what a star passes on, DISTINCT, LIMIT. It must not know where
//! the rows come from.

use std::sync::Arc;

use super::Comparer;
use super::delta::{Because, ColumnChange, Delta, Evidence, Rows, any, because};
use super::side::Side;
use super::stage::{Stage, is_made_of};
use crate::canonical::plan::Distinct;
use crate::canonical::term::TermId;
use crate::query::tree::LiteralKind;

impl Comparer<'_> {
    /// Columns that pass through a star.
    pub(super) fn rest(&mut self, old: &Side<'_>, new: &Side<'_>, stage: &Stage, delta: &mut Delta) {
        let (before, after) = match (&old.block.rest, &new.block.rest) {
            (None, None) => return,
            (Some(before), Some(after)) => (before, after),
            (before, _) => {
                let now = if before.is_some() { "no longer pass" } else { "pass" };
                delta.anything = Some(because(format!("columns that are not known {now} through a star")));
                return;
            }
        };
        let inputs =
            |rest: &crate::canonical::plan::Rest| -> Vec<u32> { rest.parts.iter().map(|part| part.0).collect() };
        if inputs(before) != inputs(after) {
            delta.anything = Some(because("columns that are not known pass through a star from something else"));
            return;
        }
        for (input, except) in &after.parts {
            if let Some(why) = stage.unnamed(*input) {
                delta.anything = Some(Arc::clone(why));
                return;
            }
            for (name, change, why) in stage.named(*input) {
                if !except.contains(&name) {
                    delta.named.insert(name, (change, why));
                }
            }
        }
        // A chosen or grouped row passes other values; so does a window over them.
        if old.block.group.is_some() || new.block.group.is_some() || !new.block.qualify.is_empty() {
            if let Some(why) = any(&stage.rows) {
                delta.anything = Some(Arc::clone(why));
                return;
            }
            if before != after || old.block.qualify != new.block.qualify {
                delta.anything = Some(because("columns that pass through a star are of another row"));
                return;
            }
        }
        let words = |words: &[crate::canonical::term::Word], others: &[crate::canonical::term::Word]| -> Vec<String> {
            words.iter().filter(|word| !others.contains(word)).map(|word| self.terms.text(*word).to_owned()).collect()
        };
        for ((_, were), (_, are)) in before.parts.iter().zip(&after.parts) {
            delta.rest.0.extend(words(are, were));
            delta.rest.1.extend(words(were, are));
        }
    }

    /// DISTINCT.
    pub(super) fn distinct(&mut self, old: &Side<'_>, new: &Side<'_>, stage: &mut Stage, delta: &mut Delta) {
        match (&old.block.distinct, &new.block.distinct) {
            (Distinct::All, Distinct::All) => {}
            (Distinct::Distinct, Distinct::Distinct) => {
                stage.rows.retain(|(rows, _)| matches!(rows, Rows::Added | Rows::Removed));
                let mut said: Vec<(Rows, Because)> = Vec::new();
                for (change, why) in delta.columns.values() {
                    let rows = match change {
                        ColumnChange::Added => vec![Rows::More, Rows::Regrained],
                        ColumnChange::Removed => vec![Rows::Fewer, Rows::Regrained],
                        ColumnChange::Revalued | ColumnChange::Retyped => vec![Rows::Added, Rows::Removed],
                    };
                    let detail = format!("the rows are distinct by a column that changed: {}", why.detail);
                    let why = Arc::new(Evidence { detail, ..(**why).clone() });
                    said.extend(rows.into_iter().map(|rows| (rows, Arc::clone(&why))));
                }
                if let Some((_, why)) = delta.named.values().next() {
                    said.extend([Rows::Added, Rows::Removed].map(|rows| (rows, Arc::clone(why))));
                }
                if delta.rest != (Vec::new(), Vec::new()) {
                    let why = because("the rows are distinct by other columns");
                    said.extend([Rows::More, Rows::Fewer, Rows::Regrained].map(|rows| (rows, Arc::clone(&why))));
                }
                for (rows, why) in said {
                    stage.say(rows, &why);
                }
            }
            (Distinct::All, Distinct::Distinct) => {
                let why = because("DISTINCT drops repeated rows now");
                stage.say(Rows::Fewer, &why);
                stage.say(Rows::Regrained, &why);
            }
            (Distinct::Distinct, Distinct::All) => {
                let why = because("rows may be duplicated: DISTINCT is gone");
                stage.say(Rows::More, &why);
                stage.say(Rows::Regrained, &why);
            }
            (Distinct::On(before), Distinct::On(after)) if before == after => {
                let order_differs = old.block.order != new.block.order;
                let sorted = new.block.order.iter().find_map(|key| stage.unstable(self.terms, key.term));
                let keys = before.iter().find_map(|key| stage.unstable(self.terms, *key));
                let why = keys.clone().or(sorted).or_else(|| any(&stage.rows).cloned()).or_else(|| {
                    order_differs.then(|| because("another row is kept: DISTINCT ON goes by another order"))
                });
                let Some(why) = why else { return };
                stage.rows.retain(|(rows, _)| matches!(rows, Rows::Added | Rows::Removed));
                if keys.is_some() {
                    stage.say(Rows::Added, &why);
                    stage.say(Rows::Removed, &why);
                }
                self.revalue(old, new, before, &why, delta);
            }
            (was, is) => {
                let why = because(match (was, is) {
                    (Distinct::All, _) => "only one row is kept of several now",
                    (_, Distinct::All) => "rows may be duplicated: DISTINCT ON is gone",
                    _ => "the rows are distinct by something else",
                });
                for rows in [Rows::Regrained, Rows::More, Rows::Fewer, Rows::Added, Rows::Removed] {
                    stage.say(rows, &why);
                }
                self.revalue(old, new, &[], &why, delta);
            }
        }
    }

    /// Every column but those made of some terms may differ.
    fn revalue(&self, old: &Side<'_>, new: &Side<'_>, keys: &[TermId], why: &Because, delta: &mut Delta) {
        for (place, was, is) in delta.places.pairs() {
            let (Some(_), Some(is)) = (was.and_then(|at| old.block.outputs.get(at)), is) else { continue };
            let is_key = new.block.outputs.get(is).is_some_and(|term| is_made_of(self.terms, *term, keys));
            if !is_key {
                delta.columns.entry(place).or_insert_with(|| (ColumnChange::Revalued, Arc::clone(why)));
            }
        }
        if new.block.rest.is_some() {
            delta.anything.get_or_insert_with(|| Arc::clone(why));
        }
    }

    /// LIMIT.
    pub(super) fn limit(&mut self, old: &Side<'_>, new: &Side<'_>, stage: &mut Stage) {
        let count = |limit: &crate::canonical::plan::Limit| -> Option<i64> {
            let plain = limit.offset.is_none() && limit.by.is_empty() && limit.modifiers.is_none();
            let (kind, text) = self.terms.constant(limit.count.filter(|_| plain)?)?;
            if kind == LiteralKind::Number { text.parse().ok() } else { None }
        };
        match (&old.block.limit, &new.block.limit) {
            (None, None) => {}
            (Some(_), None) => stage.say(Rows::Added, &because("all rows are kept: the LIMIT is gone")),
            (None, Some(_)) => stage.say(Rows::Removed, &because("only some rows are kept: there is a LIMIT now")),
            (Some(before), Some(after)) => {
                let differs = if old.block.order == new.block.order {
                    new.block.order.iter().find_map(|key| stage.unstable(self.terms, key.term))
                } else {
                    Some(because("the LIMIT keeps other rows: it goes by another order"))
                };
                let differs = differs.or_else(|| any(&stage.rows).cloned());
                if let Some(why) = differs {
                    stage.say(Rows::Added, &why);
                    stage.say(Rows::Removed, &why);
                }
                if before != after {
                    let why = because("the LIMIT changed");
                    let (was, is) = (count(before), count(after));
                    let both = was.is_none() || is.is_none();
                    if both || was < is {
                        stage.say(Rows::Added, &why);
                    }
                    if both || was > is {
                        stage.say(Rows::Removed, &why);
                    }
                }
            }
        }
    }
}
