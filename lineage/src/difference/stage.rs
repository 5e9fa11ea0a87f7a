//! What has changed so far on the way through a block: from FROM over WHERE, GROUP BY and windows to
//! its columns. It must not know in which clause.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::delta::{Because, ColumnChange, Rows, any, only_repeats, say};
use crate::canonical::plan::PlanId;
use crate::canonical::term::{Column, Part, SubqueryKind, Term, TermId, Traits, Word};
use crate::canonical::terms::Terms;
use crate::stack::with_room;

/// The rows at one point of a block: how they may differ, and which of the columns of inputs.
#[derive(Debug, Default)]
pub(super) struct Stage {
    pub(super) rows: Vec<(Rows, Because)>,
    columns: HashMap<Column, (ColumnChange, Because)>,
    inputs: HashMap<u32, Because>,
    /// Rows are put together by these from here on.
    grouped: Option<Grouped>,
    /// Terms of which another choice is made: they stand for one row of several.
    chosen: Option<Grouped>,
    /// Why windows see other rows, if they do.
    seen: Option<Because>,
    /// Queries in expressions that may find something else.
    plans: HashMap<(SubqueryKind, PlanId), Because>,
}

/// What rows are put together by.
#[derive(Debug, Clone)]
struct Grouped {
    keys: Vec<TermId>,
    /// Why what is no key may differ, if it may.
    unstable: Option<Because>,
    /// Whether only how often rows stand there differs in the groups.
    repeats: bool,
}

impl Stage {
    /// Adds a way in which rows may differ.
    pub(super) fn say(&mut self, rows: Rows, why: &Because) {
        say(&mut self.rows, rows, why);
    }

    /// A column of an input may differ.
    pub(super) fn touch(&mut self, input: u32, part: Part, change: ColumnChange, why: &Because) {
        let column = Column { level: 0, input, part };
        self.columns.entry(column).or_insert_with(|| (change, Arc::clone(why)));
    }

    /// The columns of an input that are known by name and may differ.
    pub(super) fn named(&self, input: u32) -> Vec<(Word, ColumnChange, Because)> {
        let of_input = self.columns.iter().filter(|(column, _)| column.input == input);
        let named = of_input.filter_map(|(column, (change, why))| match column.part {
            Part::Name(name) => Some((name, *change, Arc::clone(why))),
            Part::Place(_) | Part::Row => None,
        });
        let mut found: Vec<_> = named.collect();
        found.sort_by_key(|(name, ..)| *name);
        found
    }

    /// Why every column of an input may differ, or one that is found by its place.
    pub(super) fn unnamed(&self, input: u32) -> Option<&Because> {
        self.inputs.get(&input).or_else(|| {
            let mut found: Vec<_> = self.columns.iter().collect();
            found.retain(|(column, _)| column.input == input && matches!(column.part, Part::Place(_)));
            found.sort_by_key(|(column, _)| **column);
            found.first().map(|(_, (_, why))| why)
        })
    }

    /// What subqueries find may differ.
    pub(super) fn find_in(&mut self, kind: SubqueryKind, plan: PlanId, why: Because) {
        self.plans.insert((kind, plan), why);
    }

    /// Every column of an input may differ.
    pub(super) fn touch_all(&mut self, input: u32, why: &Because) {
        self.inputs.entry(input).or_insert_with(|| Arc::clone(why));
    }

    /// Why some column of an input may differ.
    pub(super) fn some_of(&self, input: u32) -> Option<&Because> {
        self.inputs.get(&input).or_else(|| {
            let mut found: Vec<_> = self.columns.iter().filter(|(column, _)| column.input == input).collect();
            found.sort_by_key(|(column, _)| **column);
            found.first().map(|(_, (_, why))| why)
        })
    }

    /// Why a column may differ.
    pub(super) fn column(&self, column: Column) -> Option<&Because> {
        match column.part {
            Part::Row => self.some_of(column.input),
            _ => self.inputs.get(&column.input).or_else(|| self.columns.get(&column).map(|(_, why)| why)),
        }
    }

    /// Rows are put together by keys that are the same on both sides, or by others, and then what is
    /// no key may differ for this reason.
    pub(super) fn group(&mut self, keys: Vec<TermId>, differ: Option<&Because>) {
        let unstable = differ.or_else(|| any(&self.rows)).cloned();
        let repeats = differ.is_none() && only_repeats(&self.rows);
        self.rows.retain(|(rows, _)| matches!(rows, Rows::Added | Rows::Removed));
        // All rows make one row, however many there are.
        if keys.is_empty() && differ.is_none() {
            self.rows.clear();
        }
        self.grouped = Some(Grouped { keys, unstable, repeats });
    }

    /// Rows are put together on one side only: on the way from one to the other they stand apart once, so
    /// nothing about them is absorbed.
    pub(super) fn group_on_one_side(&mut self, keys: Vec<TermId>, why: &Because) {
        self.grouped = Some(Grouped { keys, unstable: Some(Arc::clone(why)), repeats: false });
    }

    /// Windows look at the rows as they are here.
    pub(super) fn see(&mut self) {
        self.seen = any(&self.rows).cloned();
    }

    /// One row of those with the same keys is kept; which one may differ if rows do, or for this reason.
    pub(super) fn choose(&mut self, keys: Vec<TermId>, differ: Option<&Because>) {
        let repeats = only_repeats(&self.rows);
        let unstable = differ.or_else(|| any(&self.rows).filter(|_| !repeats)).cloned();
        self.rows.retain(|(rows, _)| matches!(rows, Rows::Added | Rows::Removed));
        self.chosen = Some(Grouped { keys, unstable, repeats: false });
    }

    /// Why a term that is the same on both sides may have another value.
    pub(super) fn unstable(&self, terms: &Terms, term: TermId) -> Option<Because> {
        for column in terms.columns_of(term) {
            if let Some(why) = self.column(column) {
                return Some(Arc::clone(why));
            }
        }
        if !self.plans.is_empty()
            && let Some(why) = plans_in(terms, term).iter().find_map(|plan| self.plans.get(plan))
        {
            return Some(Arc::clone(why));
        }
        if let Some(chosen) = &self.chosen
            && let Some(why) = &chosen.unstable
            && !is_made_of(terms, term, &chosen.keys)
        {
            return Some(Arc::clone(why));
        }
        let traits = terms.facts(term).traits;
        if let Some(grouped) = &self.grouped
            && let Some(why) = &grouped.unstable
            && !is_made_of(terms, term, &grouped.keys)
            && !(grouped.repeats && ignores_repeats(terms, term, &grouped.keys))
        {
            return Some(Arc::clone(why));
        }
        // A window sees the rows; what may aggregate does too.
        let sees_rows = traits.has(Traits::WINDOW)
            || (self.grouped.is_none() && traits.has(Traits::UNKNOWN.and(Traits::AGGREGATE)));
        self.seen.clone().filter(|_| sees_rows)
    }
}

/// The queries in a term.
pub(super) fn plans_in(terms: &Terms, term: TermId) -> Vec<(SubqueryKind, PlanId)> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut ahead = vec![term];
    while let Some(term) = ahead.pop() {
        if !terms.has(term, Traits::SUBQUERY) || !seen.insert(term) {
            continue;
        }
        if let Term::Subquery(kind, _, plan) = terms.term(term) {
            found.push((*kind, *plan));
        }
        ahead.extend(terms.term(term).parts());
    }
    found
}

/// Whether a term has one value for each value of some others.
pub(super) fn is_made_of(terms: &Terms, term: TermId, keys: &[TermId]) -> bool {
    if keys.contains(&term) {
        return true;
    }
    const DEPENDS_ON_MORE: Traits = Traits::AGGREGATE
        .and(Traits::UNKNOWN)
        .and(Traits::WINDOW)
        .and(Traits::VOLATILE)
        .and(Traits::GENERATOR)
        .and(Traits::BOUND);
    let facts = terms.facts(term);
    if facts.traits.has(DEPENDS_ON_MORE) {
        return false;
    }
    if terms.columns_of(term).is_empty() {
        return true;
    }
    match terms.term(term) {
        Term::Column(_) | Term::Subquery(..) | Term::Candidates(_) => false,
        other => with_room(|| other.parts().into_iter().all(|part| is_made_of(terms, part, keys))),
    }
}

/// Whether a term over groups does not see how often rows stand there.
fn ignores_repeats(terms: &Terms, term: TermId, keys: &[TermId]) -> bool {
    if is_made_of(terms, term, keys) {
        return true;
    }
    match terms.term(term) {
        Term::Call(call) if call.over.is_none() && terms.has(term, Traits::AGGREGATE) => {
            let function = terms.text(call.function);
            let own = !call.args.iter().any(|arg| terms.has(*arg, Traits::AGGREGATE.and(Traits::UNKNOWN)));
            let sets = matches!(
                function,
                "min"
                    | "max"
                    | "bool_or"
                    | "bool_and"
                    | "logical_or"
                    | "logical_and"
                    | "every"
                    | "boolor_agg"
                    | "booland_agg"
                    | "bit_and"
                    | "bit_or"
                    | "approx_distinct"
                    | "approx_count_distinct"
                    | "uniq"
                    | "uniqexact"
                    | "count_distinct"
            );
            own && (sets || (call.distinct && call.order.is_empty()))
        }
        Term::Call(call) if call.over.is_some() => false,
        Term::Column(_) | Term::Subquery(..) | Term::Candidates(_) | Term::Lambda(..) => false,
        Term::Call(_) if terms.has(term, Traits::UNKNOWN) && !terms.has(term, Traits::AGGREGATE) => false,
        other => {
            let parts = other.parts();
            !parts.is_empty() && with_room(|| parts.into_iter().all(|part| ignores_repeats(terms, part, keys)))
        }
    }
}
