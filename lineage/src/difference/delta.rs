//! What may differ between two plans: which of their columns, and how their rows. It must not know how
//! that is found out, nor what people call it.
//!
//! A delta promises this. Take the columns that both plans have and that are not among the changed ones.
//! As to these, the two are the same bag of rows, but for what the kinds of rows allow: without
//! [`Rows::Added`] head has no row that base has not, without [`Rows::Removed`] the other way round;
//! where only these two are missing, rows of base may stand in head more often ([`Rows::More`]) or more
//! rarely ([`Rows::Fewer`]). Deltas of one change after the other add up.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::canonical::term::Word;
use crate::diagnostic::Position;

/// How the rows may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Rows {
    /// Rows that were not there before.
    Added,
    /// Rows that are there no longer.
    Removed,
    /// Rows that were there before, more often.
    More,
    /// Rows that are still there, more rarely.
    Fewer,
    /// What a row stands for is another thing; says nothing that the others do not.
    Regrained,
}

/// What speaks for a change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Evidence {
    pub(super) detail: String,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    pub(super) base_position: Option<Position>,
    pub(super) head_position: Option<Position>,
}

/// Evidence is passed on to whatever it reaches.
pub(super) type Because = Arc<Evidence>;

/// Evidence of nothing but words.
pub(super) fn because(detail: impl Into<String>) -> Because {
    Arc::new(Evidence { detail: detail.into(), ..Evidence::default() })
}

/// How a column may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ColumnChange {
    Revalued,
    Retyped,
    Added,
    Removed,
}

/// Where the columns of head stand: at places of base, or behind them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Places {
    /// How many columns base has.
    pub(super) base: u32,
    /// The place of each column of head.
    pub(super) head: Vec<u32>,
}

impl Places {
    /// Each column stands for itself.
    pub(super) fn same(width: usize) -> Self {
        let width = u32::try_from(width).unwrap_or(u32::MAX);
        Self { base: width, head: (0..width).collect() }
    }

    /// From the place in base of each column of head that has one.
    pub(super) fn matched(base: usize, head: &[Option<u32>]) -> Self {
        let base = u32::try_from(base).unwrap_or(u32::MAX);
        let mut next = base;
        let mut place = |found: &Option<u32>| {
            found.unwrap_or_else(|| {
                next += 1;
                next - 1
            })
        };
        Self { base, head: head.iter().map(&mut place).collect() }
    }

    /// The place of a column of head.
    pub(super) fn of_head(&self, place: u32) -> u32 {
        self.head.get(place as usize).copied().unwrap_or(u32::MAX)
    }

    /// The column of head at a place.
    pub(super) fn in_head(&self, place: u32) -> Option<usize> {
        self.head.iter().position(|found| *found == place)
    }

    /// Every place, with that of its column in base and in head.
    pub(super) fn pairs(&self) -> Vec<(u32, Option<usize>, Option<usize>)> {
        let of_head: BTreeMap<u32, usize> = self.head.iter().enumerate().map(|(at, place)| (*place, at)).collect();
        let mut pairs: Vec<_> =
            (0..self.base).map(|place| (place, Some(place as usize), of_head.get(&place).copied())).collect();
        pairs.extend(of_head.range(self.base..).map(|(place, at)| (*place, None, Some(*at))));
        pairs
    }
}

/// What may differ between two plans.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Delta {
    pub(super) places: Places,
    pub(super) rows: Vec<(Rows, Because)>,
    /// By place.
    pub(super) columns: BTreeMap<u32, (ColumnChange, Because)>,
    /// By name: columns of a relation, and those that pass through a star.
    pub(super) named: BTreeMap<Word, (ColumnChange, Because)>,
    /// Anything may differ: why that is not known better.
    pub(super) anything: Option<Because>,
    /// Columns of base that are columns of head by another name.
    pub(super) renamed: Vec<(u32, u32)>,
    /// Columns that pass through by their own names: which are left out in head only, and in base only.
    pub(super) rest: (Vec<String>, Vec<String>),
}

impl Delta {
    /// Nothing differs.
    pub(super) fn none(width: usize) -> Self {
        Self { places: Places::same(width), ..Self::default() }
    }

    /// Anything may differ.
    pub(super) fn anything(places: Places, why: Because) -> Self {
        let mut delta = Self { places, ..Self::default() };
        for (place, base, head) in delta.places.pairs() {
            let change = match (base, head) {
                (Some(_), Some(_)) => ColumnChange::Revalued,
                (Some(_), None) => ColumnChange::Removed,
                (None, _) => ColumnChange::Added,
            };
            delta.columns.insert(place, (change, Arc::clone(&why)));
        }
        for rows in [Rows::Added, Rows::Removed, Rows::More] {
            delta.say(rows, &why);
        }
        delta.anything = Some(why);
        delta
    }

    /// Whether the two plans are the same, columns by their places.
    pub(super) fn is_none(&self) -> bool {
        self.rows.is_empty()
            && self.columns.is_empty()
            && self.named.is_empty()
            && self.anything.is_none()
            && self.rest == (Vec::new(), Vec::new())
    }

    /// Adds a way in which rows may differ.
    pub(super) fn say(&mut self, rows: Rows, why: &Because) {
        say(&mut self.rows, rows, why);
    }

    /// Why some column differs.
    pub(super) fn some_column(&self) -> Option<&Because> {
        self.columns.values().chain(self.named.values()).next().map(|(_, why)| why)
    }

    /// How much it says: the more, the coarser.
    pub(super) fn weight(&self) -> usize {
        let kinds = [(Rows::Added, 30), (Rows::Removed, 30), (Rows::More, 10), (Rows::Fewer, 10), (Rows::Regrained, 5)];
        let rows: usize = kinds.iter().filter(|(rows, _)| self.has(*rows)).map(|(_, weight)| weight).sum();
        // Rows that are there more often and less often are as good as rows that come and go.
        let rows = if self.has(Rows::More) && self.has(Rows::Fewer) { rows + 40 } else { rows };
        let anything = if self.anything.is_some() { 10_000 } else { 0 };
        // Of rows nothing is claimed any more, and the columns of such rows are of little use.
        let any_rows = [Rows::Added, Rows::Removed, Rows::More].into_iter().all(|rows| self.has(rows));
        let anything = anything + if any_rows { 1_000 } else { 0 };
        let columns: usize = self
            .columns
            .values()
            .chain(self.named.values())
            .map(|(change, _)| match change {
                ColumnChange::Revalued => 10,
                ColumnChange::Retyped => 9,
                ColumnChange::Added | ColumnChange::Removed => 1,
            })
            .sum();
        rows + anything + columns + self.rest.0.len() + self.rest.1.len()
    }

    /// Whether rows may differ in some way.
    pub(super) fn has(&self, rows: Rows) -> bool {
        has(&self.rows, rows)
    }
}

/// Adds a way in which rows may differ, once.
pub(super) fn say(all: &mut Vec<(Rows, Because)>, rows: Rows, why: &Because) {
    /// More reasons of one kind are read by nobody.
    const MOST: usize = 6;
    let alike = all.iter().filter(|(found, _)| *found == rows);
    if alike.clone().count() < MOST && !alike.clone().any(|(_, known)| known == why) {
        all.push((rows, Arc::clone(why)));
    }
}

/// Whether rows may differ in some way.
pub(super) fn has(all: &[(Rows, Because)], rows: Rows) -> bool {
    all.iter().any(|(found, _)| *found == rows)
}

/// Whether rows differ at all.
pub(super) fn any(all: &[(Rows, Because)]) -> Option<&Because> {
    all.iter().find(|(rows, _)| *rows != Rows::Regrained).map(|(_, why)| why)
}

/// Whether rows only stand there more or less often.
pub(super) fn only_repeats(all: &[(Rows, Because)]) -> bool {
    !has(all, Rows::Added) && !has(all, Rows::Removed)
}
