//! One side of a pair of blocks, with its columns numbered as both sides share them, so that equal
//! terms have equal ids. It must not know what differs.

use std::collections::HashMap;

use super::align::Pair;
use super::delta::{Delta, Places};
use crate::canonical::Canonical;
use crate::canonical::plan::{Block, Input, PlanId};
use crate::canonical::substitute::Replacement;
use crate::canonical::term::{Column, Part, Term, TermId};
use crate::canonical::terms::{Terms, number};
use crate::diagnostic::Position;

/// Which side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Base,
    Head,
}

/// Both sides' inputs under one number each.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) pairs: Vec<Pair>,
    /// What differs about an input that both have.
    pub(super) deltas: Vec<Option<Delta>>,
}

impl Shared {
    pub(super) fn in_base(&self, input: u32) -> bool {
        self.pairs.get(input as usize).is_some_and(|pair| pair.0.is_some())
    }

    pub(super) fn in_head(&self, input: u32) -> bool {
        self.pairs.get(input as usize).is_some_and(|pair| pair.1.is_some())
    }

    pub(super) fn in_both(&self, input: u32) -> bool {
        self.in_base(input) && self.in_head(input)
    }

    pub(super) fn all(&self) -> std::ops::Range<u32> {
        0..number(self.pairs.len())
    }

    /// A column of one side under the number that both share.
    pub(super) fn column(&self, which: Which, column: Column) -> Column {
        if column.level > 0 {
            return column;
        }
        let found = self.pairs.iter().position(|(base, head)| match which {
            Which::Base => *base == Some(column.input),
            Which::Head => *head == Some(column.input),
        });
        let Some(input) = found else {
            // One that is not matched yet is nobody else's.
            const UNMATCHED: u32 = 1 << 24;
            let side = if which == Which::Base { UNMATCHED } else { 2 * UNMATCHED };
            return Column { input: side + column.input, ..column };
        };
        let part = match (column.part, self.deltas.get(input).and_then(Option::as_ref), which) {
            (Part::Place(place), Some(delta), Which::Head) => Part::Place(delta.places.of_head(place)),
            (part, ..) => part,
        };
        Column { level: 0, input: number(input), part }
    }
}

/// A query of head with its columns where both sides number them: its keys are asked for by those numbers.
fn laid_out(terms: &mut Terms, plan: PlanId, places: &Places) -> PlanId {
    let moves = places.head.iter().enumerate().any(|(at, place)| number(at) != *place);
    if !moves || terms.plan_facts(plan).outer > 0 || terms.width(plan) != Some(places.head.len()) {
        return plan;
    }
    let count = places.head.iter().map(|place| place + 1).max().unwrap_or_default();
    let outputs = (0..count)
        .map(|place| match places.in_head(place) {
            Some(at) => terms.keep(Term::Column(Column { level: 0, input: 0, part: Part::Place(number(at)) })),
            None => terms.none(),
        })
        .collect();
    terms.picked(plan, outputs)
}

/// A block of one side.
pub(super) struct Side<'a> {
    pub(super) which: Which,
    /// As the side itself numbers its columns.
    pub(super) own: Block,
    /// As both sides do.
    pub(super) block: Block,
    /// Terms of the side itself for those that are numbered anew.
    written: HashMap<TermId, TermId>,
    canonical: &'a Canonical,
}

impl<'a> Side<'a> {
    pub(super) fn new(
        terms: &mut Terms,
        which: Which,
        own: &Block,
        other: &Block,
        shared: &Shared,
        canonical: &'a Canonical,
    ) -> Self {
        terms.take_side(canonical);
        let mut block = own.clone();
        let mut written = HashMap::new();
        let mut moved = |terms: &mut Terms, column: Column| terms.keep(Term::Column(shared.column(which, column)));
        let mut replacement = Replacement::new(&mut moved);
        block.change_terms(&mut |term| {
            let found = terms.replace(&mut replacement, term);
            written.insert(found, term);
            found
        });
        let place = |input: u32| shared.column(which, Column { level: 0, input, part: Part::Row }).input;
        block.from.change(&mut |input| place(input), &mut |term| term);
        if let Some(rest) = &mut block.rest {
            rest.parts.iter_mut().for_each(|(input, _)| *input = place(*input));
        }
        let input_of = |(base, head): &Pair| -> Option<Input> {
            let (mine, others) = match which {
                Which::Base => (base, head),
                Which::Head => (head, base),
            };
            match (mine, others) {
                (Some(input), _) => own.inputs.get(*input as usize).copied(),
                (None, Some(input)) => other.inputs.get(*input as usize).copied(),
                (None, None) => None,
            }
        };
        block.inputs = shared.pairs.iter().filter_map(input_of).collect();
        if which == Which::Head {
            for (input, delta) in block.inputs.iter_mut().zip(&shared.deltas) {
                if let Some(delta) = delta {
                    input.plan = laid_out(terms, input.plan, &delta.places);
                }
            }
        }
        Self { which, own: own.clone(), block, written, canonical }
    }

    /// A term as its side shows it.
    pub(super) fn text(&self, terms: &Terms, term: TermId) -> String {
        match self.written.get(&term) {
            Some(own) => terms.print(*own, Some(&self.own)),
            None => terms.print(term, Some(&self.block)),
        }
    }

    /// Where a term stands.
    pub(super) fn position(&self, terms: &Terms, term: TermId) -> Option<Position> {
        self.canonical.position(terms, self.written.get(&term).copied().unwrap_or(term))
    }

    /// What an input is called.
    pub(super) fn input_name(&self, terms: &Terms, input: u32) -> String {
        self.block.inputs.get(input as usize).map_or_else(|| "…".to_owned(), |input| terms.print_plan(input.plan))
    }

    /// The canonical form's own side.
    pub(super) const fn canonical(&self) -> &'a Canonical {
        self.canonical
    }
}
