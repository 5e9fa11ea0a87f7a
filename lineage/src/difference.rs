//! What two versions of a query differ in: which of their columns and rows may be others, and why. Both
//! are in canonical form, so what cannot matter is gone. It must not know who reads the result.
//!
//! What is not said is proved: with the columns that are told left out, the two give the same bag of
//! rows on every database, but for the rows that are told. What is too unlike to be compared clause by
//! clause is one [`EffectKind::Unspecified`]. Of several ways to compare two plans, each of which is
//! right, the one that says least is taken.

use std::collections::{HashMap, HashSet};

use crate::canonical::plan::{Block, FromPart, Input, Plan, PlanId, SetPlan};
use crate::canonical::term::{Column, Part, Term, Word};
use crate::canonical::terms::number;
use crate::canonical::{Canonical, Terms};
use crate::change::EffectKind;
use crate::dependency::Proof;
use crate::diagnostic::Position;
use crate::name::{ColumnName, Quoting};
use crate::query::block::Lateral;
use crate::stack::with_room;

mod align;
mod arrivals;
mod block;
mod bridge;
mod carried;
mod conditions;
mod delta;
mod ending;
mod failing;
mod grain;
mod implies;
mod joins;
mod recursive;
mod sets;
mod side;
mod stage;
#[cfg(test)]
mod tests;

pub use carried::{RelationChange, carried};
pub use failing::failing;

use block::Matching;
use delta::{ColumnChange, Delta, Evidence, Rows, because};

/// One thing that may differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What happens.
    pub kind: EffectKind,
    /// To which column; none where it is the rows, or all of it.
    pub column: Option<ColumnName>,
    /// What speaks for it, as a lower-case fragment.
    pub detail: String,
    /// What stood there before, as short SQL or in words.
    pub before: Option<String>,
    /// What stands there now.
    pub after: Option<String>,
    /// Where that is in base.
    pub base_position: Option<Position>,
    /// Where that is in head.
    pub head_position: Option<Position>,
}

/// Whether columns stand in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColumnOrder {
    /// Those that both have do.
    #[default]
    Kept,
    /// Whoever reads them by place reads others.
    Changed,
}

/// Everything that may differ between two queries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Differences {
    /// What may differ; none: the same columns and the same bag of rows, by name.
    pub list: Vec<Difference>,
    /// Whether columns stand in the same order.
    pub order: ColumnOrder,
    /// Columns that only one side has and that look like one with another name, by their places in base
    /// and in head.
    pub alike: Vec<(usize, usize)>,
    /// The declared facts on which it rests that no more differs, those of the canonical forms included.
    pub proofs: Vec<Proof>,
}

/// What may differ between two queries in canonical form.
#[must_use]
pub fn differences(terms: &mut Terms, base: &Canonical, head: &Canonical) -> Differences {
    let matching = by_name(&base.columns, &head.columns);
    let order = order_of(&matching);
    let mut proofs: Vec<Proof> = base.proofs.iter().chain(&head.proofs).cloned().collect();
    let mut comparer = Comparer::new(terms, base, head);
    let delta = comparer.plans(base.plan, head.plan, Some(&matching));
    proofs.append(&mut comparer.proofs);
    proofs.sort();
    proofs.dedup();
    let alike = alike(&delta, &matching);
    Differences { list: told(&delta, base, head, terms), order, alike, proofs }
}

/// The column of base of each column of head, by name; of several of one name the first is the first.
fn by_name(base: &[ColumnName], head: &[ColumnName]) -> Vec<Option<u32>> {
    let mut places: HashMap<&ColumnName, Vec<u32>> = HashMap::new();
    for (place, name) in base.iter().enumerate().rev() {
        places.entry(name).or_default().push(number(place));
    }
    head.iter().map(|name| places.get_mut(name).and_then(Vec::pop)).collect()
}

fn order_of(matching: &[Option<u32>]) -> ColumnOrder {
    let found: Vec<u32> = matching.iter().flatten().copied().collect();
    let sorted = found.windows(2).all(|pair| pair[0] < pair[1]);
    // A column that comes or goes in front of others moves these.
    let moved = matching.iter().enumerate().any(|(at, place)| place.is_some_and(|place| place != number(at)));
    if sorted && !moved { ColumnOrder::Kept } else { ColumnOrder::Changed }
}

/// Columns that may be one with another name: those made of the same, then those in the same place.
fn alike(delta: &Delta, matching: &[Option<u32>]) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (gone, come) in &delta.renamed {
        if let Some(come) = delta.places.in_head(*come) {
            found.push((*gone as usize, come));
        }
    }
    let kept: HashSet<usize> = matching.iter().flatten().map(|place| *place as usize).collect();
    for (at, place) in matching.iter().enumerate() {
        let is_free = found.iter().all(|(gone, come)| *gone != at && *come != at);
        if place.is_none() && is_free && at < delta.places.base as usize && !kept.contains(&at) {
            found.push((at, at));
        }
    }
    found
}

/// A delta in the words of effects.
fn told(delta: &Delta, base: &Canonical, head: &Canonical, terms: &Terms) -> Vec<Difference> {
    let difference = |kind: EffectKind, column: Option<ColumnName>, why: &Evidence| Difference {
        kind,
        column,
        detail: why.detail.clone(),
        before: why.before.clone(),
        after: why.after.clone(),
        base_position: why.base_position,
        head_position: why.head_position,
    };
    if let Some(why) = &delta.anything {
        return vec![difference(EffectKind::Unspecified, None, why)];
    }
    let mut list: Vec<Difference> = Vec::new();
    let name = |place: u32| match delta.places.in_head(place) {
        Some(at) => head.columns.get(at).cloned(),
        None => base.columns.get(place as usize).cloned(),
    };
    for (place, (change, why)) in &delta.columns {
        let kind = match change {
            ColumnChange::Revalued => EffectKind::Revalued,
            ColumnChange::Retyped => EffectKind::Retyped,
            ColumnChange::Added => EffectKind::Added,
            ColumnChange::Removed => EffectKind::Removed,
        };
        let mut found = difference(kind, name(*place), why);
        for (gone, come) in &delta.renamed {
            let (Some(gone_name), Some(come_name)) = (name(*gone), name(*come)) else { continue };
            if place == gone {
                found.detail = format!("renamed to {come_name}");
            } else if place == come {
                found.detail = format!("renamed from {gone_name}");
            }
        }
        list.push(found);
    }
    for (word, (change, why)) in &delta.named {
        let kind = match change {
            ColumnChange::Revalued => EffectKind::Revalued,
            ColumnChange::Retyped => EffectKind::Retyped,
            ColumnChange::Added => EffectKind::Added,
            ColumnChange::Removed => EffectKind::Removed,
        };
        list.push(difference(kind, Some(ColumnName::new(terms.dialect, terms.text(*word), Quoting::Quoted)), why));
    }
    for (rows, why) in &delta.rows {
        let kind = match rows {
            Rows::Added => EffectKind::RowsAdded,
            Rows::Removed | Rows::Fewer => EffectKind::RowsRemoved,
            Rows::More => EffectKind::RowsDuplicated,
            Rows::Regrained => EffectKind::Regrained,
        };
        let found = difference(kind, None, why);
        if !list.contains(&found) {
            list.push(found);
        }
    }
    for (names, kind, words) in [
        (&delta.rest.0, EffectKind::Removed, "the star leaves it out now"),
        (&delta.rest.1, EffectKind::Added, "the star no longer leaves it out"),
    ] {
        // A column that is left out of the star may stand beside it.
        let beside = |name: &String| {
            let here = |columns: &[ColumnName]| columns.iter().any(|column| column.key() == name);
            here(&base.columns) || here(&head.columns)
        };
        for name in names.iter().filter(|name| !beside(name)) {
            let column = ColumnName::new(terms.dialect, name, Quoting::Quoted);
            list.push(difference(kind, Some(column), &because(words)));
        }
        if names.iter().any(beside) {
            list.push(difference(
                EffectKind::Unspecified,
                None,
                &because("columns that pass through a star stand beside it on one side"),
            ));
        }
    }
    list.sort_by(|a, b| (a.kind, &a.column, &a.detail).cmp(&(b.kind, &b.column, &b.detail)));
    list
}

/// So many pairs of plans are compared for one pair of queries.
const MOST: usize = 400;
/// Queries are taken apart to this depth.
const DEEPEST: usize = 200;

/// Two plans, and which column is which where that is known beforehand.
type Asked = (PlanId, PlanId, Option<Vec<Option<u32>>>);

/// What compares plans.
struct Comparer<'a> {
    terms: &'a mut Terms,
    base: &'a Canonical,
    head: &'a Canonical,
    /// What is known already.
    known: HashMap<Asked, Delta>,
    /// What is being compared right now.
    open: HashSet<(PlanId, PlanId)>,
    left: usize,
    depth: usize,
    proofs: Vec<Proof>,
    /// What differs about relations that are read.
    carried: HashMap<Word, Delta>,
    /// Whether plans read any of these.
    affected: HashMap<PlanId, bool>,
}

impl<'a> Comparer<'a> {
    fn new(terms: &'a mut Terms, base: &'a Canonical, head: &'a Canonical) -> Self {
        Self {
            terms,
            base,
            head,
            known: HashMap::new(),
            open: HashSet::new(),
            left: MOST,
            depth: 0,
            proofs: Vec::new(),
            carried: HashMap::new(),
            affected: HashMap::new(),
        }
    }

    /// What differs between two plans. Without a matching, columns are found by what they are.
    fn plans(&mut self, base: PlanId, head: PlanId, matching: Matching<'_>) -> Delta {
        let straight = matching.is_none_or(|matching| {
            self.terms.width(base).is_none_or(|width| width == matching.len())
                && matching.iter().enumerate().all(|(at, place)| *place == Some(number(at)))
        });
        if base == head && straight && !self.is_affected(base) {
            let width = self.terms.width(base).unwrap_or_else(|| {
                let outputs = self.terms.block_of(base).map(|block| block.outputs.len());
                outputs.or(matching.map(<[_]>::len)).unwrap_or_default()
            });
            return Delta::none(width);
        }
        let asked = (base, head, matching.map(<[_]>::to_vec));
        if let Some(known) = self.known.get(&asked) {
            return known.clone();
        }
        // A block around one side reads what the block itself does: that way there is no end to it.
        if matching.is_none() && self.open.contains(&(base, head)) {
            return self.anything(base, head, matching, "it is built in another way");
        }
        if self.left == 0 || self.depth > DEEPEST || self.terms.is_spent() {
            return self.anything(base, head, matching, "it is too large to be compared");
        }
        self.left -= 1;
        self.depth += 1;
        let opened = matching.is_none() && self.open.insert((base, head));
        let delta = with_room(|| self.compare(base, head, matching));
        self.depth -= 1;
        if opened {
            self.open.remove(&(base, head));
        }
        self.known.insert(asked, delta.clone());
        delta
    }

    fn compare(&mut self, base: PlanId, head: PlanId, matching: Matching<'_>) -> Delta {
        let (old, new) = (self.terms.shared_plan(base), self.terms.shared_plan(head));
        match (&*old, &*new) {
            (_, Plan::Values(rows)) if rows.is_empty() && base != head => {
                self.without_rows(base, matching, Rows::Removed, "it has no rows any more")
            }
            (Plan::Values(rows), _) if rows.is_empty() && base != head => {
                self.without_rows(head, matching, Rows::Added, "it had no rows before")
            }
            (Plan::Block(old), Plan::Block(new)) => {
                let delta = self.blocks(old, new, matching);
                self.through_wrappers(delta, (base, old), (head, new), matching)
            }
            (Plan::Set(old), Plan::Set(new)) => {
                let found = if matching.is_none() { self.columns_of_unions(old, new) } else { None };
                self.sets(old, new, matching.or(found.as_deref()))
            }
            (Plan::Values(old), Plan::Values(new)) if base != head => self.lists(old, new, matching),
            (Plan::Set(old), _) if self.is_free(head) => {
                let width = self.terms.width(head).unwrap_or_default();
                let alone = single(old, head, width);
                let delta = self.sets(old, &alone, matching);
                self.better_wrapped(delta, base, head, matching)
            }
            (_, Plan::Set(new)) if self.is_free(base) => {
                let width = self.terms.width(base).unwrap_or_default();
                let alone = single(new, base, width);
                let delta = self.sets(&alone, new, matching);
                self.better_wrapped(delta, base, head, matching)
            }
            (Plan::Block(_), _) | (_, Plan::Block(_)) => {
                let delta = self.anything(base, head, matching, "it is built in another way");
                self.better_wrapped(delta, base, head, matching)
            }
            (Plan::Relation(name, _), _) if base == head => self.carried.get(name).cloned().unwrap_or_default(),
            (Plan::Relation(old, _), Plan::Relation(new, _)) => {
                let why = if old == new {
                    format!("another version of {} is read", self.terms.text(*new))
                } else {
                    format!("{} is read instead of {}", self.terms.text(*new), self.terms.text(*old))
                };
                self.anything(base, head, matching, &why)
            }
            (Plan::Recursive(_), Plan::Recursive(_)) => {
                let found = self.recursive(base, head, matching);
                found.unwrap_or_else(|| self.anything(base, head, matching, "a recursive query changed"))
            }
            _ if base == head => self.anything(base, head, matching, "what it reads changed"),
            (Plan::Recursive(_) | Plan::Step(_), Plan::Recursive(_) | Plan::Step(_)) => {
                self.anything(base, head, matching, "a recursive query changed")
            }
            (Plan::Unnest(..) | Plan::Function(..), Plan::Unnest(..) | Plan::Function(..)) => {
                self.anything(base, head, matching, "rows are made in another way")
            }
            _ => self.anything(base, head, matching, "it is written in a form that is not taken apart"),
        }
    }

    /// One side has no rows at all.
    fn without_rows(&mut self, other: PlanId, matching: Matching<'_>, rows: Rows, why: &str) -> Delta {
        let found = self.anything(other, other, matching, why);
        let Some(why) = &found.anything else { return found };
        let mut delta = Delta { places: found.places.clone(), ..Delta::default() };
        delta.say(rows, why);
        // What is in both has no value on one side; what comes or goes does so all the same.
        let lone = |change: &ColumnChange| matches!(change, ColumnChange::Added | ColumnChange::Removed);
        delta.columns = found.columns.into_iter().filter(|(_, (change, _))| lone(change)).collect();
        delta
    }

    /// Whether a plan has a known number of columns and needs nothing around it.
    fn is_free(&self, plan: PlanId) -> bool {
        self.terms.width(plan).is_some() && self.terms.plan_facts(plan).outer == 0
    }

    fn anything(&mut self, base: PlanId, head: PlanId, matching: Matching<'_>, why: &str) -> Delta {
        let width = |terms: &Terms, plan: PlanId| {
            let outputs = terms.block_of(plan).map(|block| block.outputs.len());
            terms.width(plan).or(outputs).unwrap_or_default()
        };
        let (old, new) = (width(self.terms, base), width(self.terms, head));
        Delta::anything(self.places(old, new, matching), because(why))
    }

    /// A block around what the other side has without it, if that says less.
    fn through_wrappers(
        &mut self,
        delta: Delta,
        (base, old): (PlanId, &Block),
        (head, new): (PlanId, &Block),
        matching: Matching<'_>,
    ) -> Delta {
        let unlike = delta.weight() >= 9;
        let mut best = delta;
        if !unlike || base == head {
            return best;
        }
        if self.reads_like(old, head) {
            best = self.wrapped(best, (base, false), (head, true), matching);
        }
        if self.reads_like(new, base) {
            best = self.wrapped(best, (base, true), (head, false), matching);
        }
        self.bridged(best, (base, old), (head, new), matching)
    }

    fn better_wrapped(&mut self, delta: Delta, base: PlanId, head: PlanId, matching: Matching<'_>) -> Delta {
        let is_block = |terms: &Terms, plan: PlanId| terms.block_of(plan).is_some();
        let (wrap_base, wrap_head) = (!is_block(self.terms, base), !is_block(self.terms, head));
        if wrap_base == wrap_head {
            return delta;
        }
        self.wrapped(delta, (base, wrap_base), (head, wrap_head), matching)
    }

    /// Whether a block has an input that is like a plan.
    fn reads_like(&self, block: &Block, plan: PlanId) -> bool {
        let is_nested = |input: &Input| matches!(self.terms.plan(input.plan), Plan::Block(_) | Plan::Set(_));
        block.inputs.iter().any(|input| is_nested(input) && align::like(self.terms, input.plan, plan) > 0)
    }

    fn wrapped(
        &mut self,
        delta: Delta,
        (base, wrap_base): (PlanId, bool),
        (head, wrap_head): (PlanId, bool),
        matching: Matching<'_>,
    ) -> Delta {
        let block = |comparer: &mut Self, plan: PlanId, wrap: bool| -> Option<Block> {
            if wrap { comparer.pass(plan) } else { comparer.terms.block_of(plan).cloned() }
        };
        let (Some(old), Some(new)) = (block(self, base, wrap_base), block(self, head, wrap_head)) else {
            return delta;
        };
        let other = self.blocks(&old, &new, matching);
        if other.weight() < delta.weight() { other } else { delta }
    }

    /// A block that only passes on a plan.
    fn pass(&mut self, plan: PlanId) -> Option<Block> {
        if !self.is_free(plan) {
            return None;
        }
        let width = self.terms.width(plan)?;
        let outputs = (0..number(width))
            .map(|place| self.terms.keep(Term::Column(Column { level: 0, input: 0, part: Part::Place(place) })))
            .collect();
        let mut block = Block { outputs, ..Block::default() };
        block.inputs.push(Input { plan, sample: None, lateral: Lateral::No });
        block.from.core.push(FromPart::Input(0));
        Some(block)
    }
}

/// A plan as the only branch of a set operation like another.
fn single(like: &SetPlan, plan: PlanId, width: usize) -> SetPlan {
    SetPlan {
        operator: like.operator,
        duplicates: like.duplicates,
        branches: vec![plan],
        width: number(width),
        order: Vec::new(),
        limit: None,
    }
}
