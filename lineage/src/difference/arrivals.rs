//! Inputs that only one side has: whether rows go or are repeated for their sake. It must not know how
//! the others are joined.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Comparer;
use super::delta::{Because, Evidence, Rows};
use super::joins::{Joins, Role};
use super::side::{Shared, Side};
use super::stage::Stage;
use crate::canonical::plan::Plan;
use crate::canonical::term::{Column, Part, Term, TermId};

/// Which way an input goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Come {
    In,
    Out,
}

impl Comparer<'_> {
    /// Inputs that only one side has.
    pub(super) fn come(&mut self, shared: &Shared, side: &Side<'_>, joins: &Joins, come: Come, stage: &mut Stage) {
        let alone = |input: u32| match come {
            Come::In => !shared.in_base(input),
            Come::Out => !shared.in_head(input),
        };
        self.terms.take_side(side.canonical());
        let mut pending: Vec<u32> = shared
            .all()
            .filter(|input| alone(*input) && matches!(joins.role(*input), Role::Core | Role::Step(_)))
            .collect();
        let core: Vec<u32> = pending.iter().copied().filter(|input| joins.role(*input) == Role::Core).collect();
        let mut known: BTreeSet<u32> = shared.all().filter(|input| !alone(*input)).collect();
        let mut exact: BTreeSet<u32> = BTreeSet::new();
        loop {
            let found = pending.iter().copied().find_map(|input| {
                let on = joins.on(self.terms, input);
                let proofs = self.terms.matches_once(&side.block, input, &on, &|other| known.contains(&other))?;
                Some((input, on, proofs))
            });
            let Some((input, on, proofs)) = found else { break };
            self.proofs.extend(proofs);
            if joins.role(input) == Role::Core && self.matches_always(side, joins, input, &on, &known) {
                exact.insert(input);
            }
            known.insert(input);
            pending.retain(|other| *other != input);
        }
        for input in core.iter().filter(|input| !exact.contains(input)) {
            let name = side.input_name(self.terms, *input);
            let (rows, detail) = match come {
                Come::In => (Rows::Removed, format!("only rows with a match in {name} are left: it is joined in now")),
                Come::Out => (Rows::Added, format!("rows no longer need a match in {name}: it is not joined any more")),
            };
            stage.say(rows, &self.at_join(side, joins, *input, detail));
        }
        for input in pending {
            let name = side.input_name(self.terms, input);
            let on = self.join_columns(side, joins, input);
            let (rows, detail) = match come {
                Come::In => {
                    (Rows::More, format!("rows may be duplicated: the join to {name}{on} is not on a unique key"))
                }
                Come::Out => (Rows::Fewer, format!("rows may no longer be duplicated: the join to {name}{on} is gone")),
            };
            stage.say(rows, &self.at_join(side, joins, input, detail));
        }
    }

    /// Evidence at the conditions of a join.
    pub(super) fn at_join(&self, side: &Side<'_>, joins: &Joins, input: u32, detail: String) -> Because {
        let on = joins.on(self.terms, input);
        let position = on.iter().find_map(|term| side.position(self.terms, *term));
        let mut evidence = Evidence { detail, ..Evidence::default() };
        match side.which {
            super::side::Which::Base => evidence.base_position = position,
            super::side::Which::Head => evidence.head_position = position,
        }
        Arc::new(evidence)
    }

    /// The columns of an input that its join asks for: ` on (a, b)`.
    pub(super) fn join_columns(&self, side: &Side<'_>, joins: &Joins, input: u32) -> String {
        let mut columns: Vec<String> = Vec::new();
        for condition in joins.on(self.terms, input) {
            let others = self.terms.inputs_of(condition).len() > 1;
            for column in self.terms.columns_of(condition) {
                if column.input == input && others {
                    let text = match (self.terms.plan(side.block.inputs[input as usize].plan), column.part) {
                        (Plan::Block(inner), Part::Place(place)) => match inner.outputs.get(place as usize) {
                            Some(output) => self.terms.print(*output, Some(inner)),
                            None => continue,
                        },
                        (_, Part::Name(name)) => self.terms.text(name).to_owned(),
                        _ => continue,
                    };
                    let text = super::block::plain(&text);
                    if !columns.contains(&text) {
                        columns.push(text);
                    }
                }
            }
        }
        if columns.is_empty() { String::new() } else { format!(" on ({})", columns.join(", ")) }
    }

    /// Whether exactly one row of an input that matches at most once is there for each row of others.
    pub(super) fn matches_always(
        &mut self,
        side: &Side<'_>,
        joins: &Joins,
        input: u32,
        on: &[TermId],
        known: &BTreeSet<u32>,
    ) -> bool {
        let Some(found) = side.block.inputs.get(input as usize) else { return false };
        match self.terms.plan(found.plan) {
            // All rows make one row, and that is always there.
            Plan::Block(inner) if on.is_empty() => {
                let one = inner.group.as_ref().is_some_and(|group| group.keys.is_empty() && group.sets.is_none());
                (one || inner.inputs.is_empty())
                    && inner.conditions.iter().all(|_| one)
                    && inner.having.is_empty()
                    && inner.qualify.is_empty()
                    && inner.limit.is_none()
                    && inner.rest.is_none()
                    && self.terms.is_single(inner)
            }
            Plan::Relation(name, None) => {
                let name = *name;
                let mut pairs: Vec<(Column, crate::canonical::term::Word)> = Vec::new();
                for condition in on {
                    let Some([left, right]) = self.terms.args_of(*condition, "=") else { return false };
                    let (Term::Column(left), Term::Column(right)) = (self.terms.term(*left), self.terms.term(*right))
                    else {
                        return false;
                    };
                    let (own, other) = if left.input == input { (*left, *right) } else { (*right, *left) };
                    let Part::Name(word) = own.part else { return false };
                    if own.input != input || !known.contains(&other.input) || joins.role(other.input) != Role::Core {
                        return false;
                    }
                    pairs.push((other, word));
                }
                let Some((first, _)) = pairs.first() else { return false };
                let referring = first.input;
                let Some(from) = side.block.inputs.get(referring as usize) else { return false };
                let Plan::Relation(from, _) = self.terms.plan(from.plan) else { return false };
                let references = self.terms.references_of(*from).iter().any(|(columns, other, others)| {
                    *other == name
                        && columns.len() == pairs.len()
                        && columns.iter().zip(others).all(|(column, target)| {
                            pairs.iter().any(|(found, word)| {
                                found.input == referring && found.part == Part::Name(*column) && word == target
                            })
                        })
                });
                // What the join itself asks for does not count: without it, it is not asked for.
                let mut bare = side.block.clone();
                bare.conditions.retain(|condition| !on.contains(condition));
                references && pairs.iter().all(|(column, _)| self.terms.is_required(&bare, *column))
            }
            _ => false,
        }
    }
}
