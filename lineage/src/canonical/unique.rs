//! Which columns of plans and inputs are unique per row, and which are never NULL. It must not know what
//! that is used for.

use crate::hashing::HashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::plan::{Block, Distinct, FromPart, Plan, PlanId};
use super::term::{Column, Part, Term, TermId, Traits, Word};
use super::terms::Terms;
use crate::dependency::Proof;
use crate::query::block::Duplicates;
use crate::query::tree::LiteralKind;
use crate::stack::with_room;

/// More keys than this of one plan serve nobody.
const MOST: usize = 8;

/// Nor do those that are put together from more inputs than this.
const MOST_JOINED: usize = 100;

/// Columns that are unique per row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unique {
    /// The columns; none if there is at most one row.
    pub(crate) columns: BTreeSet<Part>,
    /// Whether rows with NULL in them are unique too.
    pub(crate) with_nulls: bool,
    /// What is declared that this rests on.
    pub(crate) proofs: Vec<Proof>,
}

impl Terms {
    /// The keys of a plan.
    pub(crate) fn keys(&self, plan: PlanId) -> Arc<Vec<Unique>> {
        if let Some(known) = self.known_keys.borrow().get(&plan) {
            return Arc::clone(known);
        }
        let found = Arc::new(self.prove_keys(plan));
        self.known_keys.borrow_mut().insert(plan, Arc::clone(&found));
        found
    }

    fn prove_keys(&self, plan: PlanId) -> Vec<Unique> {
        with_room(|| match self.plan(plan) {
            Plan::Relation(name, None) => self.declared_keys(*name),
            Plan::Block(block) => self.block_keys(block),
            Plan::Set(set) if set.duplicates == Duplicates::Dropped => {
                vec![Unique {
                    columns: (0..set.width).map(Part::Place).collect(),
                    with_nulls: true,
                    proofs: Vec::new(),
                }]
            }
            _ => Vec::new(),
        })
    }

    fn declared_keys(&self, name: Word) -> Vec<Unique> {
        let Some(declared) = self.declared.get(&name) else { return Vec::new() };
        let keys = declared.keys.iter().map(|(columns, proof)| Unique {
            columns: columns.iter().map(|column| Part::Name(*column)).collect(),
            with_nulls: columns.iter().all(|column| declared.not_null.contains(column)),
            proofs: vec![proof.clone()],
        });
        keys.collect()
    }

    fn block_keys(&self, block: &Block) -> Vec<Unique> {
        if block.frozen.is_some() || block.rest.is_some() {
            return Vec::new();
        }
        let mut found = Vec::new();
        let makes_rows = block.outputs.iter().any(|output| self.has(*output, Traits::GENERATOR.and(Traits::UNKNOWN)));
        if makes_rows && block.distinct != Distinct::Distinct {
            return found;
        }
        if self.is_single(block) {
            found.push(Unique { columns: BTreeSet::new(), with_nulls: true, proofs: Vec::new() });
        }
        let place_of: HashMap<TermId, u32> = block
            .outputs
            .iter()
            .enumerate()
            .rev()
            .map(|(place, output)| (*output, super::terms::number(place)))
            .collect();
        let places = |terms: &[TermId]| -> Option<BTreeSet<Part>> {
            terms.iter().map(|term| place_of.get(term).map(|place| Part::Place(*place))).collect()
        };
        if let Some(group) = block.group.as_ref().filter(|group| group.sets.is_none())
            && let Some(columns) = places(&group.keys)
        {
            found.push(Unique { columns, with_nulls: true, proofs: Vec::new() });
        }
        if let Distinct::On(keys) = &block.distinct
            && let Some(columns) = places(keys)
        {
            found.push(Unique { columns, with_nulls: true, proofs: Vec::new() });
        }
        for condition in &block.qualify {
            if let Some(columns) = self.first_of(*condition).and_then(|partition| places(&partition)) {
                found.push(Unique { columns, with_nulls: true, proofs: Vec::new() });
            }
        }
        if block.distinct == Distinct::Distinct {
            let varies = |place: &usize| self.constant(block.outputs[*place]).is_none();
            let places = (0..block.outputs.len()).filter(varies);
            let columns = places.map(|place| Part::Place(super::terms::number(place))).collect();
            found.push(Unique { columns, with_nulls: true, proofs: Vec::new() });
        }
        if makes_rows {
            found.retain(|key| key.columns.len() >= block.outputs.len());
        }
        if block.group.is_none() && !makes_rows {
            for key in self.row_keys(block) {
                let columns: Option<BTreeSet<Part>> = key
                    .columns
                    .iter()
                    .map(|column| {
                        let place =
                            block.outputs.iter().position(|output| *self.term(*output) == Term::Column(*column))?;
                        Some(Part::Place(super::terms::number(place)))
                    })
                    .collect();
                found.extend(columns.map(|columns| Unique { columns, with_nulls: key.with_nulls, proofs: key.proofs }));
            }
        }
        found.truncate(MOST);
        found
    }

    /// Whether a block has at most one row.
    pub(crate) fn is_single(&self, block: &Block) -> bool {
        let one = block.limit.as_ref().is_some_and(|limit| {
            limit.by.is_empty()
                && limit.modifiers.is_none()
                && limit
                    .count
                    .is_some_and(|count| matches!(self.constant(count), Some((LiteralKind::Number, "0" | "1"))))
        });
        // Constant keys make one group, or none where there are no rows.
        let is_constant = |key: &TermId| self.constant(*key).is_some();
        let grouped =
            block.group.as_ref().is_some_and(|group| group.sets.is_none() && group.keys.iter().all(is_constant));
        let makes_rows = block.outputs.iter().any(|output| self.has(*output, Traits::GENERATOR.and(Traits::UNKNOWN)));
        let distinct =
            block.distinct == Distinct::Distinct && block.rest.is_none() && block.outputs.iter().all(is_constant);
        one || ((grouped || distinct || (block.inputs.is_empty() && block.rest.is_none())) && !makes_rows)
    }

    /// The partition of a condition that keeps one row of each: `row_number() OVER (…) = 1`.
    pub(crate) fn first_of(&self, condition: TermId) -> Option<Vec<TermId>> {
        let [left, right] = self.args_of(condition, "=")? else { return None };
        let (call, one) = if self.constant(*left).is_some() { (*right, *left) } else { (*left, *right) };
        if self.constant(one) != Some((LiteralKind::Number, "1")) {
            return None;
        }
        let Term::Call(call) = self.term(call) else { return None };
        let over = call.over.as_ref().filter(|_| self.text(call.function) == "row_number")?;
        Some(over.partition.clone())
    }

    /// Columns of a block's inputs that are unique per row of its joins, before it groups.
    pub(super) fn row_keys(&self, block: &Block) -> Vec<RowKey> {
        if block.inputs.len() > MOST_JOINED {
            return Vec::new();
        }
        // One key of each input that is joined with the others; none of those that match at most once.
        let mut all: Vec<RowKey> = vec![RowKey::default()];
        let mut before_it: BTreeSet<u32> = BTreeSet::new();
        for part in &block.from.core {
            let FromPart::Input(input) = part else { return Vec::new() };
            let Some(found) = block.inputs.get(*input as usize).filter(|input| input.sample.is_none()) else {
                return Vec::new();
            };
            let keys = self.keys(found.plan);
            let mut next: Vec<RowKey> = Vec::new();
            for before in &all {
                // An input that matches once adds nothing to what is unique already.
                if !before.columns.is_empty()
                    && let Some(proofs) =
                        self.matches_once(block, *input, &block.conditions, &|other| before_it.contains(&other))
                {
                    next.push(RowKey { proofs: [before.proofs.clone(), proofs].concat(), ..before.clone() });
                    continue;
                }
                for key in keys.iter() {
                    let mut joined = before.clone();
                    joined.columns.extend(key.columns.iter().map(|part| Column {
                        level: 0,
                        input: *input,
                        part: *part,
                    }));
                    let required =
                        |part: &Part| self.is_required(block, Column { level: 0, input: *input, part: *part });
                    joined.with_nulls &= key.with_nulls || key.columns.iter().all(required);
                    joined.proofs.extend(key.proofs.iter().cloned());
                    next.push(joined);
                }
            }
            next.truncate(MOST);
            all = next;
            before_it.insert(*input);
        }
        for step in &block.from.steps {
            let ([FromPart::Input(input)], []) = (step.right.core.as_slice(), step.right.steps.as_slice()) else {
                return Vec::new();
            };
            let one_at_most = step.kind != crate::query::block::JoinKind::Left;
            if one_at_most {
                continue;
            }
            let Some(proofs) = self.matches_once(block, *input, &step.on, &|other| other != *input) else {
                return Vec::new();
            };
            all.iter_mut().for_each(|key| key.proofs.extend(proofs.iter().cloned()));
        }
        all
    }

    /// Whether at most one row of an input matches conditions for given rows of the others: they compare
    /// all columns of one of its keys with columns of the others. What that rests on.
    pub(crate) fn matches_once(
        &self,
        block: &Block,
        input: u32,
        on: &[TermId],
        given: &dyn Fn(u32) -> bool,
    ) -> Option<Vec<Proof>> {
        let found = block.inputs.get(input as usize).filter(|input| input.sample.is_none())?;
        let mut fixed: BTreeSet<Part> = BTreeSet::new();
        for condition in on {
            let Some([left, right]) = self.args_of(*condition, "=") else { continue };
            for (own, other) in [(*left, *right), (*right, *left)] {
                if let Term::Column(column) = self.term(own)
                    && column.is_of(input)
                    && !self.has(other, Traits::VOLATILE.and(Traits::SUBQUERY).and(Traits::UNKNOWN))
                    && self.inputs_of(other).into_iter().all(given)
                {
                    fixed.insert(column.part);
                }
            }
        }
        let keys = self.keys(found.plan);
        keys.iter().find(|key| key.columns.is_subset(&fixed)).map(|key| key.proofs.clone())
    }

    /// Whether a column of a joined input is never NULL in the rows that a block is left with.
    pub(crate) fn is_required(&self, block: &Block, column: Column) -> bool {
        let is_core = block.from.core.contains(&FromPart::Input(column.input));
        if is_core && self.is_declared_not_null(block, column) {
            return true;
        }
        block.conditions.iter().any(|condition| self.rejects_column(*condition, column))
    }

    fn is_declared_not_null(&self, block: &Block, column: Column) -> bool {
        let Some(input) = block.inputs.get(column.input as usize) else { return false };
        match (self.plan(input.plan), column.part) {
            (Plan::Relation(name, _), Part::Name(word)) => {
                self.declared.get(name).is_some_and(|declared| declared.not_null.contains(&word))
            }
            (Plan::Block(inner), Part::Place(place)) => {
                let Some(output) = inner.outputs.get(place as usize) else { return false };
                match self.term(*output) {
                    Term::Column(column) if column.level == 0 => {
                        inner.group.as_ref().is_none_or(|group| group.sets.is_none())
                            && self.is_required(inner, *column)
                    }
                    _ => self.is_never_null(*output) && inner.group.as_ref().is_none_or(|group| group.sets.is_none()),
                }
            }
            _ => false,
        }
    }

    /// Whether a condition cannot be true where one column is NULL.
    pub(super) fn rejects_column(&self, condition: TermId, column: Column) -> bool {
        self.facts(condition).outer > 0 && self.rejects_where(condition, &|found| found == column)
    }

    /// Whether a declared foreign key leads to a relation.
    pub(super) fn is_referred_to(&self, name: Word) -> bool {
        self.declared.values().any(|declared| declared.references.iter().any(|(_, relation, _)| *relation == name))
    }

    /// What the columns of each relation among the inputs are declared to refer to.
    pub(crate) fn references_of(&self, name: Word) -> &[(Vec<Word>, Word, Vec<Word>)] {
        self.declared.get(&name).map(|declared| declared.references.as_slice()).unwrap_or_default()
    }
}

/// Columns of inputs that are unique per joined row.
#[derive(Debug, Clone)]
pub(super) struct RowKey {
    pub(super) columns: BTreeSet<Column>,
    pub(crate) with_nulls: bool,
    pub(super) proofs: Vec<Proof>,
}

impl Default for RowKey {
    fn default() -> Self {
        Self { columns: BTreeSet::new(), with_nulls: true, proofs: Vec::new() }
    }
}
