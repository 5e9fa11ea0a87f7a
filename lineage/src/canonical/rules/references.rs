//! Joins along declared foreign keys.

use std::collections::{BTreeMap, BTreeSet};

use super::Outcome;
use crate::canonical::plan::{Block, FromPart, Plan};
use crate::canonical::term::{Column, Part, Term, TermId, Word};
use crate::canonical::terms::Terms;
use crate::canonical::usage::Usage;
use crate::dependency::{Ground, Proof};
use crate::query::block::JoinKind;

/// A LEFT JOIN along a foreign key whose columns are never NULL finds its row, so it is an inner join.
pub(super) fn always_found(terms: &mut Terms, block: &mut Block) -> Outcome {
    for place in 0..block.from.steps.len() {
        let step = &block.from.steps[place];
        let ([FromPart::Input(input)], [], JoinKind::Left) =
            (step.right.core.as_slice(), step.right.steps.as_slice(), step.kind)
        else {
            continue;
        };
        let Some(proof) = refers(terms, block, *input, &step.on) else { continue };
        terms.proofs.push(proof);
        let step = block.from.steps.remove(place);
        block.from.core.extend(step.right.core);
        block.conditions.extend(step.on);
        return Outcome::Changed;
    }
    Outcome::Unchanged
}

/// An inner join along a foreign key whose columns are never NULL, to a relation of which nothing else is
/// used, keeps every row once.
pub(super) fn unused_reference(terms: &mut Terms, block: &mut Block) -> Outcome {
    for place in 0..block.from.core.len() {
        let FromPart::Input(input) = block.from.core[place] else { continue };
        let is_referred_to = match block.inputs.get(input as usize).map(|input| terms.plan(input.plan)) {
            Some(Plan::Relation(name, None)) => terms.is_referred_to(*name),
            _ => false,
        };
        if !is_referred_to {
            continue;
        }
        let (own, others): (Vec<TermId>, Vec<TermId>) =
            block.conditions.iter().partition(|condition| terms.inputs_of(**condition).contains(&input));
        if own.is_empty() {
            continue;
        }
        let mut without = block.clone();
        without.conditions.clone_from(&others);
        let mut usage = Usage::default();
        without.terms().into_iter().for_each(|term| usage.add(terms, term));
        without.inputs.iter().for_each(|other| usage.add_plan(terms, other.plan));
        let passes = block.rest.as_ref().is_some_and(|rest| rest.parts.iter().any(|(other, _)| *other == input));
        if passes || usage.columns.iter().any(|column| column.is_of(input)) {
            continue;
        }
        let Some(proof) = refers(terms, &without, input, &own) else { continue };
        terms.proofs.push(proof);
        block.conditions = others;
        block.from.core.remove(place);
        terms.compact(block);
        return Outcome::Changed;
    }
    Outcome::Unchanged
}

/// Whether conditions say nothing but that the columns of a foreign key are those that it refers to, in
/// an input that is the relation itself, and the columns are never NULL.
fn refers(terms: &Terms, block: &Block, input: u32, on: &[TermId]) -> Option<Proof> {
    let found = block.inputs.get(input as usize).filter(|input| input.sample.is_none())?;
    let Plan::Relation(target, None) = terms.plan(found.plan) else { return None };
    let mut pairs: BTreeMap<Word, Column> = BTreeMap::new();
    let mut from: Option<u32> = None;
    for condition in on {
        let [left, right] = terms.args_of(*condition, "=")? else { return None };
        let (Term::Column(left), Term::Column(right)) = (terms.term(*left), terms.term(*right)) else { return None };
        let (own, other) = if left.is_of(input) { (*left, *right) } else { (*right, *left) };
        if !own.is_of(input) || other.level != 0 || other.input == input {
            return None;
        }
        let Part::Name(name) = own.part else { return None };
        if pairs.insert(name, other).is_some() || *from.get_or_insert(other.input) != other.input {
            return None;
        }
    }
    let from = from?;
    let source = block.inputs.get(from as usize)?;
    let Plan::Relation(name, None) = terms.plan(source.plan) else { return None };
    let reference = terms.references_of(*name).iter().find(|(columns, relation, others)| {
        relation == target
            && columns.len() == others.len()
            && columns.len() == pairs.len()
            && columns
                .iter()
                .zip(others)
                .all(|(column, other)| pairs.get(other).is_some_and(|found| found.part == Part::Name(*column)))
    })?;
    let never_null = reference
        .0
        .iter()
        .all(|column| terms.is_required(block, Column { level: 0, input: from, part: Part::Name(*column) }));
    // The other side of the key must be unique: a reference says so.
    let columns: BTreeSet<&str> = reference.0.iter().map(|column| terms.text(*column)).collect();
    let columns: Vec<&str> = columns.into_iter().collect();
    let step = format!("{} refers to {} by ({})", terms.text(*name), terms.text(*target), columns.join(", "));
    never_null.then(|| Proof { steps: vec![step], ground: Ground::Declared })
}
