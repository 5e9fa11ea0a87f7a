//! Derived tables that only join, filter and project go into the block that reads them.

use super::Outcome;
use super::wrapper::is_one_star;
use crate::canonical::plan::{Block, Distinct, From, FromPart, Input, Rest};
use crate::canonical::substitute::Replacement;
use crate::canonical::term::{Column, Part, Term, TermId, Traits, Word};
use crate::canonical::terms::{Terms, number};
use crate::canonical::usage::Usage;
use crate::hashing::{HashMap, HashSet};
use crate::query::block::JoinKind;

/// What would have more inputs than this is not put together.
const MOST_INPUTS: usize = 200;

/// An input whose block goes into its reader, and how.
struct Candidate {
    /// By place among the inputs.
    blocks: HashMap<u32, Block>,
}

/// `SELECT … FROM (SELECT … FROM a, b WHERE p) …` is one SELECT, if the inner one neither groups,
/// windows, limits nor drops duplicates and computes nothing that may differ from call to call.
/// On the side of an outer join that may have no match, what is computed must be NULL where its
/// columns are; conditions go to that join's ON.
pub(super) fn merge_inputs(terms: &mut Terms, block: &mut Block) -> Outcome {
    let used = terms.columns_in(block);
    let mut columns: HashMap<u32, Vec<Part>> = HashMap::default();
    for column in used {
        columns.entry(column.input).or_default().push(column.part);
    }
    let mut nullable: HashMap<u32, Side> = HashMap::default();
    sides(&block.from, &mut nullable);
    // What the ON of a side's own join asks for sees only rows that are there.
    let outside = outside_uses(terms, block, &nullable);
    let mut found = Candidate { blocks: HashMap::default() };
    for (place, input) in block.inputs.iter().enumerate() {
        let place = number(place);
        if input.sample.is_some() {
            continue;
        }
        let Some(inner) = terms.block_of(input.plan) else { continue };
        let parts = columns.get(&place).map(Vec::as_slice).unwrap_or_default();
        let side = nullable.get(&place).copied().unwrap_or(Side::Kept);
        let is_fit = is_flat(terms, inner)
            && parts.iter().all(|part| finds(terms, inner, *part))
            && rest_fits(terms, block, place, inner)
            && match side {
                Side::Kept => true,
                Side::Closest => inner.conditions.is_empty() && inner.from.steps.is_empty() && inner.inputs.len() == 1,
                Side::Nullable(_) => !inner.inputs.is_empty(),
            }
            && (side == Side::Kept
                || parts
                    .iter()
                    .all(|part| !outside.contains(&(place, *part)) || is_null_without_row(terms, inner, *part)))
            && (side == Side::Kept
                || block.rest.as_ref().is_none_or(|rest| rest.parts.iter().all(|(input, _)| *input != place))
                || inner.outputs.is_empty());
        if is_fit {
            found.blocks.insert(place, inner.clone());
        }
    }
    // A block that is read twice by one that is read twice, and so on, has no end.
    let together: usize = found.blocks.values().map(|inner| inner.inputs.len()).sum();
    if block.inputs.len() + together > MOST_INPUTS {
        found.blocks.retain(|_, inner| inner.inputs.len() <= 1);
    }
    if found.blocks.is_empty() {
        return Outcome::Unchanged;
    }
    merge(terms, block, found);
    Outcome::Changed
}

/// On which side of an outer join an input stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// All its rows that the conditions leave stay as they are.
    Kept,
    /// Where there is no match, its columns are NULL. Which join, by number.
    Nullable(usize),
    /// That of an ASOF join, which looks for the closest of all rows.
    Closest,
}

fn sides(from: &From, found: &mut HashMap<u32, Side>) {
    let mut counter = 0;
    gather_sides(from, None, &mut counter, found);
}

fn gather_sides(from: &From, around: Option<Side>, counter: &mut usize, found: &mut HashMap<u32, Side>) {
    for part in &from.core {
        match part {
            FromPart::Input(input) => {
                if let Some(side) = around {
                    found.insert(*input, side);
                }
            }
            FromPart::Full(full) => {
                *counter += 1;
                let side = around.filter(|side| *side == Side::Closest).unwrap_or(Side::Nullable(*counter));
                gather_sides(&full.left.0, Some(side), counter, found);
                *counter += 1;
                gather_sides(&full.right.0, Some(side), counter, found);
            }
        }
    }
    for step in &from.steps {
        *counter += 1;
        let side = if step.kind == JoinKind::Left && around != Some(Side::Closest) {
            Side::Nullable(*counter)
        } else {
            Side::Closest
        };
        gather_sides(&step.right, Some(side), counter, found);
    }
}

/// The columns of inputs on nullable sides that are used anywhere but in the ON of a LEFT JOIN to just
/// that input.
fn outside_uses(terms: &Terms, block: &Block, sides: &HashMap<u32, Side>) -> HashSet<(u32, Part)> {
    if sides.is_empty() {
        return HashSet::default();
    }
    let mut rest = block.clone();
    let mut own: HashMap<TermId, u32> = HashMap::default();
    for step in &mut rest.from.steps {
        if let ([FromPart::Input(input)], [], JoinKind::Left) =
            (step.right.core.as_slice(), step.right.steps.as_slice(), step.kind)
        {
            own.extend(step.on.drain(..).map(|term| (term, *input)));
        }
    }
    let mut found: HashSet<(u32, Part)> =
        terms.columns_in(&rest).into_iter().map(|column| (column.input, column.part)).collect();
    for (term, input) in own {
        let mut usage = Usage::default();
        usage.add(terms, term);
        found.extend(
            usage.columns.iter().filter(|column| column.input != input).map(|column| (column.input, column.part)),
        );
    }
    found
}

/// Whether a block only joins, filters and projects.
pub(super) fn is_flat(terms: &Terms, block: &Block) -> bool {
    const MANY: Traits =
        Traits::AGGREGATE.and(Traits::WINDOW).and(Traits::GENERATOR).and(Traits::VOLATILE).and(Traits::UNKNOWN);
    block.frozen.is_none()
        && block.group.is_none()
        && block.having.is_empty()
        && block.qualify.is_empty()
        && block.distinct == Distinct::All
        && block.order.is_empty()
        && block.limit.is_none()
        && block.inputs.iter().all(|input| input.sample.is_none())
        && !block.outputs.iter().any(|output| terms.has(*output, MANY))
        && !block.conditions.iter().any(|condition| terms.has(*condition, Traits::VOLATILE))
        && !block.from.terms().iter().any(|condition| terms.has(*condition, Traits::VOLATILE))
}

/// Whether a part of a block can be told.
fn finds(terms: &Terms, inner: &Block, part: Part) -> bool {
    match part {
        Part::Place(place) => (place as usize) < inner.outputs.len(),
        Part::Name(name) => passes(terms, inner, name).is_some(),
        Part::Row => false,
    }
}

/// The input that a column passes through from by its name.
pub(super) fn passes(terms: &Terms, inner: &Block, name: Word) -> Option<u32> {
    let rest = inner.rest.as_ref()?;
    let [(input, except)] = rest.parts.as_slice() else { return None };
    let has_names = !rest.names.contains(&name) && !except.contains(&name);
    let is_plain = !terms.text(rest.skeleton).contains('?');
    (has_names && is_plain).then_some(*input)
}

/// Whether what passes on through the block from an input passes on through the inner one just as well.
fn rest_fits(terms: &Terms, block: &Block, place: u32, inner: &Block) -> bool {
    let Some(rest) = block.rest.as_ref().filter(|rest| rest.parts.iter().any(|(input, _)| *input == place)) else {
        return true;
    };
    let Some(inner_rest) = &inner.rest else { return false };
    // `SELECT * FROM (SELECT * FROM t)`, whatever either leaves out; or `SELECT *` alone over anything.
    let only = rest.parts.len() == 1 && inner_rest.parts.len() == 1;
    // A star of several items shows where each of them stands.
    let star_alone = is_one_star(terms.text(rest.skeleton)) && rest.names == inner_rest.names;
    only && ((terms.text(inner_rest.skeleton) == "*" && inner.outputs.is_empty()) || star_alone)
        && !terms.text(inner_rest.skeleton).contains('?')
}

/// Whether a column of a block is NULL wherever all columns of its inputs are.
fn is_null_without_row(terms: &Terms, inner: &Block, part: Part) -> bool {
    match part {
        Part::Place(place) => inner.outputs.get(place as usize).is_some_and(|output| terms.is_strict(*output)),
        Part::Name(_) => true,
        Part::Row => false,
    }
}

fn merge(terms: &mut Terms, block: &mut Block, found: Candidate) {
    // Inputs of inner blocks stand behind all others; those that were merged are dropped later.
    let mut offsets: HashMap<u32, u32> = HashMap::default();
    let mut next = number(block.inputs.len());
    let mut places: Vec<u32> = found.blocks.keys().copied().collect();
    places.sort_unstable();
    for place in &places {
        offsets.insert(*place, next);
        next += number(found.blocks[place].inputs.len());
    }
    let mut lifted: HashMap<u32, Block> = HashMap::default();
    let mut added: Vec<Input> = Vec::new();
    for place in &places {
        let inner = lift(terms, &found.blocks[place], offsets[place]);
        added.extend(&inner.inputs);
        lifted.insert(*place, inner);
    }
    let mut put = |terms: &mut Terms, column: Column| match lifted.get(&column.input).filter(|_| column.level == 0) {
        None => terms.keep(Term::Column(column)),
        Some(inner) => match column.part {
            Part::Place(place) => inner.outputs[place as usize],
            Part::Name(_) | Part::Row => {
                let input = inner.rest.as_ref().map_or(0, |rest| rest.parts[0].0);
                terms.keep(Term::Column(Column { input, ..column }))
            }
        },
    };
    let mut replacement = Replacement::new(&mut put);
    let mut inputs: Vec<Input> = Vec::with_capacity(block.inputs.len() + added.len());
    for (place, input) in block.inputs.iter().enumerate() {
        let plan = if lifted.contains_key(&number(place)) {
            input.plan
        } else {
            terms.replace_plan(&mut replacement, input.plan, 1)
        };
        inputs.push(Input { plan, ..*input });
    }
    for input in &added {
        let plan = terms.replace_plan(&mut replacement, input.plan, 1);
        inputs.push(Input { plan, ..*input });
    }
    block.inputs = inputs;
    block.change_terms(&mut |term| terms.replace(&mut replacement, term));
    // A lateral block names columns of others that are merged at the same time.
    let mut inner_conditions = |inner: &Block, terms: &mut Terms| -> (From, Vec<TermId>) {
        let mut from = inner.from.clone();
        from.change(&mut |input| input, &mut |term| terms.replace(&mut replacement, term));
        let conditions = inner.conditions.iter().map(|term| terms.replace(&mut replacement, *term)).collect();
        (from, conditions)
    };
    let mut froms: HashMap<u32, (From, Vec<TermId>)> = HashMap::default();
    for (place, inner) in &lifted {
        let parts = inner_conditions(inner, terms);
        froms.insert(*place, parts);
    }
    let mut conditions = std::mem::take(&mut block.conditions);
    open(&mut block.from, &mut froms, &mut conditions);
    block.conditions = conditions;
    if let Some(rest) = &mut block.rest {
        merge_rest(terms, rest, &lifted);
    }
    terms.compact(block);
}

/// A block's terms and inputs as those of the block around it, its inputs counted from a place on.
fn lift(terms: &mut Terms, inner: &Block, offset: u32) -> Block {
    let mut out = |terms: &mut Terms, column: Column| {
        let column = match column.level {
            0 => Column { input: column.input + offset, ..column },
            level => Column { level: level - 1, ..column },
        };
        terms.keep(Term::Column(column))
    };
    let mut replacement = Replacement::new(&mut out);
    let mut lifted = inner.clone();
    lifted.from.change(&mut |input| input + offset, &mut |term| term);
    lifted.change_terms(&mut |term| terms.replace(&mut replacement, term));
    for input in &mut lifted.inputs {
        input.plan = terms.replace_plan(&mut replacement, input.plan, 1);
    }
    if let Some(rest) = &mut lifted.rest {
        rest.parts.iter_mut().for_each(|(input, _)| *input += offset);
    }
    lifted
}

/// Puts the FROM of inner blocks in the place of their inputs; what holds of their rows goes to where
/// it can be asked.
fn open(from: &mut From, inner: &mut HashMap<u32, (From, Vec<TermId>)>, conditions: &mut Vec<TermId>) {
    let mut core = Vec::with_capacity(from.core.len());
    let mut steps = Vec::new();
    for mut part in std::mem::take(&mut from.core) {
        match &mut part {
            FromPart::Input(input) => {
                if let Some((inner, asked)) = inner.remove(input) {
                    core.extend(inner.core);
                    steps.extend(inner.steps);
                    conditions.extend(asked);
                    continue;
                }
            }
            FromPart::Full(full) => {
                for side in [&mut full.left, &mut full.right] {
                    let (from, conditions) = side;
                    open(from, inner, conditions);
                }
            }
        }
        core.push(part);
    }
    for step in &mut from.steps {
        open(&mut step.right, inner, &mut step.on);
    }
    steps.append(&mut from.steps);
    from.core = core;
    from.steps = steps;
}

fn merge_rest(terms: &mut Terms, rest: &mut Rest, lifted: &HashMap<u32, Block>) {
    let [(input, except)] = rest.parts.as_mut_slice() else { return };
    let Some(inner) = lifted.get(input) else { return };
    let Some(inner_rest) = &inner.rest else { return };
    let [(inner_input, inner_except)] = inner_rest.parts.as_slice() else { return };
    if terms.text(inner_rest.skeleton) != "*" {
        rest.skeleton = inner_rest.skeleton;
    }
    except.extend_from_slice(inner_except);
    except.sort_unstable();
    except.dedup();
    *input = *inner_input;
}
