//! The one order of a block's inputs: by what they are, then by how they are used, then as written. The
//! last makes fewer blocks equal, never more. It must not know what inputs mean.

use crate::hashing::HashMap;
use std::hash::{BuildHasher, Hash};

use super::plan::{Block, From, FromPart, Step};
use super::term::{Term, TermId};
use super::terms::{Terms, number};

/// Of more inputs that look the same, the written order counts.
const MOST_ALIKE: usize = 24;

/// Puts the inputs and joins of a block in order.
pub(super) fn arrange(terms: &mut Terms, block: &mut Block) {
    let colours = colours(terms, block, Outputs::Placed);
    let mut from = std::mem::take(&mut block.from);
    sort_from(&mut from, &colours, terms);
    let order = from.inputs();
    block.from = from;
    if order.iter().enumerate().all(|(place, input)| *input as usize == place) {
        return;
    }
    let places: HashMap<u32, u32> = order.iter().enumerate().map(|(place, input)| (*input, number(place))).collect();
    terms.renumber(block, &order, &places);
}

/// A number for each output of a block that does not depend on the order of inputs and outputs.
pub(super) fn output_keys(terms: &Terms, block: &Block) -> Vec<u64> {
    let colours = colours(terms, block, Outputs::Loose);
    let mut painter = Painter { terms, colours: &colours, marked: u32::MAX, known: HashMap::default() };
    block.outputs.iter().map(|output| painter.paint(*output, 0)).collect()
}

/// A number for each input of a block that does not depend on their order.
pub(super) fn input_keys(terms: &Terms, block: &Block) -> Vec<u64> {
    colours(terms, block, Outputs::Placed)
}

/// Whether the places of outputs tell anything.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outputs {
    Placed,
    Loose,
}

/// What each input looks like.
fn colours(terms: &Terms, block: &Block, outputs: Outputs) -> Vec<u64> {
    let mut colours: Vec<u64> = block
        .inputs
        .iter()
        .map(|input| {
            // What depends on other inputs is told apart by how it is used alone: its own form may
            // change with their places.
            let closed = terms.plan_facts(input.plan).outer == 0;
            hash_of(&(if closed { Some(input.plan) } else { None }, input.sample, input.lateral))
        })
        .collect();
    roles(&block.from, 1, &mut colours);
    for _ in 0..3 {
        let mut counts: HashMap<u64, usize> = HashMap::default();
        colours.iter().for_each(|colour| *counts.entry(*colour).or_default() += 1);
        let alike: Vec<bool> = colours.iter().map(|colour| counts[colour] > 1).collect();
        let count = alike.iter().filter(|alike| **alike).count();
        if count == 0 || count > MOST_ALIKE {
            break;
        }
        colours = refined(terms, block, &colours, &alike, outputs);
    }
    colours
}

/// Tells inputs apart by where in the joins they stand.
fn roles(from: &From, role: u64, colours: &mut [u64]) {
    for part in &from.core {
        match part {
            FromPart::Input(input) => {
                if let Some(colour) = colours.get_mut(*input as usize) {
                    *colour = hash_of(&(*colour, role));
                }
            }
            FromPart::Full(full) => {
                roles(&full.left.0, hash_of(&(role, 2)), colours);
                roles(&full.right.0, hash_of(&(role, 2)), colours);
            }
        }
    }
    for step in &from.steps {
        roles(&step.right, hash_of(&(role, 3, step.kind)), colours);
    }
}

/// Tells inputs that look the same apart by the terms that they stand in.
fn refined(terms: &Terms, block: &Block, colours: &[u64], alike: &[bool], outputs: Outputs) -> Vec<u64> {
    let tagged = tagged_terms(block, outputs);
    let mut found = colours.to_vec();
    for (input, colour) in found.iter_mut().enumerate().filter(|(input, _)| alike[*input]) {
        let mut painter = Painter { terms, colours, marked: number(input), known: HashMap::default() };
        let mut uses: Vec<u64> = Vec::new();
        for (tag, term) in &tagged {
            if painter.is_used(*term) {
                uses.push(hash_of(&(*tag, painter.paint(*term, 0))));
            }
        }
        uses.sort_unstable();
        *colour = hash_of(&(*colour, uses));
    }
    found
}

/// The terms of a block, each with what tells its place apart from others.
fn tagged_terms(block: &Block, outputs: Outputs) -> Vec<(u64, TermId)> {
    let mut found: Vec<(u64, TermId)> = Vec::new();
    found.extend(block.from.terms().into_iter().map(|term| (1, term)));
    found.extend(block.conditions.iter().map(|term| (2, *term)));
    if let Some(group) = &block.group {
        found.extend(group.keys.iter().map(|term| (3, *term)));
    }
    found.extend(block.having.iter().map(|term| (4, *term)));
    found.extend(block.qualify.iter().map(|term| (5, *term)));
    let tag = |place: usize| if outputs == Outputs::Placed { 100 + place as u64 } else { 100 };
    found.extend(block.outputs.iter().enumerate().map(|(place, term)| (tag(place), *term)));
    found.extend(block.order.iter().map(|key| (6, key.term)));
    found
}

struct Painter<'a> {
    terms: &'a Terms,
    colours: &'a [u64],
    marked: u32,
    known: HashMap<(TermId, u32), u64>,
}

impl Painter<'_> {
    fn is_used(&self, term: TermId) -> bool {
        self.terms.facts(term).outer > 0
    }

    /// A number for a term in which inputs are told apart by colour only, but for the marked one.
    fn paint(&mut self, id: TermId, depth: u32) -> u64 {
        let facts = self.terms.facts(id);
        if facts.outer <= depth {
            return hash_of(&id);
        }
        if let Some(known) = self.known.get(&(id, depth)) {
            return *known;
        }
        let painted = crate::stack::with_room(|| match self.terms.term(id) {
            Term::Column(column) if column.level == depth => {
                let colour = self.colours.get(column.input as usize).copied().unwrap_or_default();
                hash_of(&(colour, column.input == self.marked, column.part))
            }
            term => {
                let mut parts: Vec<u64> = term.parts().into_iter().map(|part| self.paint(part, depth)).collect();
                if let Term::Apply(operator, _) = term
                    && matches!(
                        self.terms.text(*operator),
                        "and" | "or" | "=" | "<>" | "+" | "*" | "is not distinct from"
                    )
                {
                    parts.sort_unstable();
                }
                let shape = term.with_parts(&vec![TermId(0); parts.len()]);
                // What a correlated query is made of is not looked at.
                let shape = match shape {
                    Term::Subquery(kind, operand, _) => hash_of(&(kind, operand)),
                    other => hash_of(&other),
                };
                hash_of(&(shape, parts))
            }
        });
        self.known.insert((id, depth), painted);
        painted
    }
}

/// The same in every run, since the order of inputs is shown.
fn hash_of(value: &impl Hash) -> u64 {
    foldhash::quality::FixedState::default().hash_one(value)
}

fn sort_from(from: &mut From, colours: &[u64], terms: &Terms) {
    for part in &mut from.core {
        if let FromPart::Full(full) = part {
            sort_from(&mut full.left.0, colours, terms);
            sort_from(&mut full.right.0, colours, terms);
            // A full join has no sides; the smaller one stands first.
            if colours_of(&full.left.0, colours) > colours_of(&full.right.0, colours) {
                std::mem::swap(&mut full.left, &mut full.right);
            }
        }
    }
    let part_colours = |part: &FromPart| match part {
        FromPart::Input(input) => vec![colours.get(*input as usize).copied().unwrap_or_default()],
        FromPart::Full(full) => {
            let mut both = colours_of(&full.left.0, colours);
            both.extend(colours_of(&full.right.0, colours));
            both
        }
    };
    from.core.sort_by_cached_key(part_colours);
    from.steps.iter_mut().for_each(|step| sort_from(&mut step.right, colours, terms));
    sort_steps(&mut from.steps, colours, terms);
}

fn colours_of(from: &From, colours: &[u64]) -> Vec<u64> {
    from.inputs().into_iter().map(|input| colours.get(input as usize).copied().unwrap_or_default()).collect()
}

/// Steps in the order of what they look like, each behind those whose columns it asks for: what an
/// outer join adds to a row depends on that row alone.
fn sort_steps(steps: &mut Vec<Step>, colours: &[u64], terms: &Terms) {
    if steps.len() < 2 {
        return;
    }
    let mut step_of: HashMap<u32, usize> = HashMap::default();
    for (place, step) in steps.iter().enumerate() {
        step_of.extend(step.right.inputs().into_iter().map(|input| (input, place)));
    }
    let mut waits: Vec<usize> = vec![0; steps.len()];
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    for (place, step) in steps.iter().enumerate() {
        let mut asked: Vec<usize> = Vec::new();
        for term in step.on.iter().copied().chain(step.right.terms()) {
            asked.extend(terms.inputs_of(term).iter().filter_map(|input| step_of.get(input)));
        }
        asked.sort_unstable();
        asked.dedup();
        for before in asked.into_iter().filter(|before| *before != place) {
            waits[place] += 1;
            followers[before].push(place);
        }
    }
    let keys: Vec<Vec<u64>> = steps.iter().map(|step| colours_of(&step.right, colours)).collect();
    let mut ready: std::collections::BTreeSet<(&Vec<u64>, usize)> =
        (0..steps.len()).filter(|place| waits[*place] == 0).map(|place| (&keys[place], place)).collect();
    let mut order = Vec::with_capacity(steps.len());
    while let Some((_, place)) = ready.pop_first() {
        order.push(place);
        for follower in &followers[place] {
            waits[*follower] -= 1;
            if waits[*follower] == 0 {
                ready.insert((&keys[*follower], *follower));
            }
        }
    }
    if order.len() == steps.len() {
        let mut taken: Vec<Option<Step>> = std::mem::take(steps).into_iter().map(Some).collect();
        steps.extend(order.into_iter().filter_map(|place| taken[place].take()));
    }
}
