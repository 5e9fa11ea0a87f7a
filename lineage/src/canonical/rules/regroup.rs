//! Groups of groups. What is grouped twice, with aggregates that can be put together from parts, is grouped
//! once: `sum(n)` over `count(*) AS n` counts rows. So the parts of a UNION ALL may each be grouped before.

use std::collections::BTreeSet;

use super::Outcome;
use super::equality::is_whole_type;
use super::wrapper::single_input;
use crate::canonical::behaviour;
use crate::canonical::plan::{Block, Distinct, Plan, PlanId, SetPlan};
use crate::canonical::term::{Call, Column, Part, Term, TermId, Traits};
use crate::canonical::terms::Terms;
use crate::dialect::Dialect;
use crate::query::block::{Duplicates, SetOperator};
use crate::query::tree::LiteralKind;
use crate::stack::with_room;

/// A GROUP BY over a GROUP BY, or over a UNION ALL of them, groups the rows of the inner one itself. Holds if
/// the inner one has neither HAVING, windows, DISTINCT nor a limit; if the outer one asks conditions and
/// groups by nothing but inner keys; and if each aggregate can be put together from the inner ones: MIN of
/// MIN, MAX of MAX, SUM of SUM and of COUNT, or one of inner keys to which it does not matter that they are
/// there more than once. A SUM of counts is NULL where COUNT is 0, so there must be a group, or a COALESCE
/// around it. SUM of SUM must be of whole numbers, since other sums depend on the order of rows, and the type
/// of the result must be the same in the dialect.
pub(super) fn groups_of_groups(terms: &mut Terms, block: &mut Block) -> Outcome {
    let Some(outer_keys) = block.group.as_ref().filter(|group| group.sets.is_none()).map(|group| group.keys.clone())
    else {
        return Outcome::Unchanged;
    };
    let Some(plan) = single_input(block) else { return Outcome::Unchanged };
    if block.rest.is_some() || terms.plan_facts(plan).outer > 0 {
        return Outcome::Unchanged;
    }
    let (branches, union) = match terms.plan(plan) {
        Plan::Block(_) => (vec![plan], None),
        Plan::Set(set)
            if set.operator == SetOperator::Union && set.duplicates == Duplicates::Kept && set.limit.is_none() =>
        {
            (set.branches.clone(), Some(set.clone()))
        }
        _ => return Outcome::Unchanged,
    };
    let Some(parts) = branches.iter().map(|branch| Parts::of(terms, *branch)).collect::<Option<Vec<Parts>>>() else {
        return Outcome::Unchanged;
    };
    let one_key =
        if union.is_none() { parts.first().and_then(|part| part.key_beside(terms, &outer_keys)) } else { None };
    // Without keys there is a row where nothing is grouped: it must not be asked for anything but aggregates,
    // and these must be NULL or 0 in it.
    let is_there_anyhow = parts.iter().any(|part| part.keys.is_empty());
    if is_there_anyhow && (!block.conditions.is_empty() || terms.dialect == Dialect::ClickHouse) {
        return Outcome::Unchanged;
    }
    let has_groups = !outer_keys.is_empty() || is_there_anyhow;
    let outer_is_fit = (parts.iter().all(|part| !part.keys.is_empty()) || outer_keys.is_empty())
        && outer_keys.iter().chain(&block.conditions).all(|term| over_keys(terms, *term, &parts));
    if !outer_is_fit {
        return Outcome::Unchanged;
    }
    let lifting = Lifting { parts: &parts, one_key, has_groups, is_there_anyhow };
    let mut found = block.clone();
    let mut fits = true;
    let mut lift = |terms: &mut Terms, term: &mut TermId| match lifting.lift(terms, *term) {
        Some(lifted) => *term = lifted,
        None => fits = false,
    };
    found.outputs.iter_mut().for_each(|term| lift(terms, term));
    found.having.iter_mut().for_each(|term| lift(terms, term));
    found.order.iter_mut().for_each(|key| lift(terms, &mut key.term));
    let others = found.qualify.is_empty() && !matches!(found.distinct, Distinct::On(_));
    if !fits || !others {
        return Outcome::Unchanged;
    }
    let opened: Vec<PlanId> = parts.iter().map(|part| part.opened(terms)).collect();
    let made = match (union, opened.as_slice()) {
        (Some(set), _) => terms.set(SetPlan { branches: opened, ..set }),
        (None, [only]) => *only,
        (None, _) => return Outcome::Unchanged,
    };
    found.inputs[0].plan = made;
    *block = found;
    Outcome::Changed
}

/// What a column of an inner block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    /// Made of keys.
    Key,
    /// An aggregate that can be put together from parts.
    Min,
    Max,
    Sum,
    /// Of an argument, or of rows.
    Count,
    Rows,
    /// Anything else.
    Other,
}

/// An inner block that groups.
struct Parts {
    block: Block,
    keys: BTreeSet<TermId>,
    made: Vec<Made>,
}

impl Parts {
    fn of(terms: &Terms, plan: PlanId) -> Option<Self> {
        let block = terms.block_of(plan)?;
        // DISTINCT groups by all columns.
        let keys: BTreeSet<TermId> = match (&block.group, &block.distinct) {
            (Some(group), Distinct::All) if group.sets.is_none() => group.keys.iter().copied().collect(),
            (None, Distinct::Distinct) => block.outputs.iter().copied().collect(),
            _ => return None,
        };
        let plain = block.frozen.is_none()
            && block.having.is_empty()
            && block.qualify.is_empty()
            && block.limit.is_none()
            && block.order.is_empty()
            && block.rest.is_none()
            && block.inputs.iter().all(|input| input.sample.is_none());
        if !plain {
            return None;
        }
        const MORE: Traits = Traits::VOLATILE
            .and(Traits::UNKNOWN)
            .and(Traits::SUBQUERY)
            .and(Traits::WINDOW)
            .and(Traits::GENERATOR)
            .and(Traits::AGGREGATE);
        if keys.iter().any(|key| terms.has(*key, MORE)) {
            return None;
        }
        let made = block.outputs.iter().map(|output| made_of(terms, block, *output, &keys)).collect();
        Some(Self { block: block.clone(), keys, made })
    }

    /// The one key by which there are groups beyond those of the outer block; with none, the rows that it
    /// groups are unique by its keys, and any of its keys will do.
    fn key_beside(&self, terms: &Terms, outer: &[TermId]) -> Option<OneKey> {
        let mut left = self.keys.clone();
        for key in outer {
            let Term::Column(Column { level: 0, part: Part::Place(place), .. }) = terms.term(*key) else { continue };
            left.remove(self.block.outputs.get(*place as usize)?);
        }
        left.retain(|key| terms.constant(*key).is_none());
        match left.len() {
            0 => Some(OneKey::Any),
            1 => left.pop_first().map(OneKey::This),
            _ => None,
        }
    }

    /// The block without its groups: what it aggregates stands in the place of the aggregates.
    fn opened(&self, terms: &mut Terms) -> PlanId {
        let mut block = self.block.clone();
        block.group = None;
        block.distinct = Distinct::All;
        for (output, made) in block.outputs.iter_mut().zip(&self.made) {
            let argument = match terms.term(*output) {
                Term::Call(call) if *made != Made::Key => call.args.first().copied(),
                _ => Some(*output),
            };
            *output = match argument {
                Some(argument) if *made != Made::Other => argument,
                // It is not asked for: rows are counted.
                _ => terms.literal(LiteralKind::Number, "1"),
            };
        }
        terms.block(block)
    }
}

#[derive(Debug, Clone, Copy)]
enum OneKey {
    This(TermId),
    Any,
}

fn made_of(terms: &Terms, block: &Block, output: TermId, keys: &BTreeSet<TermId>) -> Made {
    if terms.is_made_of(output, keys) {
        return Made::Key;
    }
    let Term::Call(call) = terms.term(output) else { return Made::Other };
    let plain = call.is_plain() && behaviour::surely_aggregates(terms.text(call.function), call);
    match (terms.text(call.function), call.args.as_slice()) {
        _ if !plain => Made::Other,
        ("count", []) => Made::Rows,
        (_, [argument])
            if terms
                .has(*argument, Traits::VOLATILE.and(Traits::UNKNOWN).and(Traits::SUBQUERY).and(Traits::GENERATOR)) =>
        {
            Made::Other
        }
        ("count", [_]) => Made::Count,
        ("min", [_]) => Made::Min,
        ("max", [_]) => Made::Max,
        ("sum", [argument]) if is_whole(terms, block, *argument) => Made::Sum,
        _ => Made::Other,
    }
}

/// Whether a term is a whole number: a column declared as one, a constant, NULL, or a CASE of such.
fn is_whole(terms: &Terms, block: &Block, term: TermId) -> bool {
    with_room(|| match terms.term(term) {
        Term::Column(column) => terms.type_of(block, *column).is_some_and(is_whole_type),
        Term::Case(branches, otherwise) => {
            branches.iter().all(|(_, then)| is_whole(terms, block, *then)) && is_whole(terms, block, *otherwise)
        }
        _ => terms.is_null(term) || super::compare::whole_number(terms, term).is_some(),
    })
}

/// Whether a term of the outer block uses nothing of the inner ones but what is made of keys.
fn over_keys(terms: &Terms, term: TermId, parts: &[Parts]) -> bool {
    const MORE: Traits =
        Traits::AGGREGATE.and(Traits::WINDOW).and(Traits::VOLATILE).and(Traits::UNKNOWN).and(Traits::GENERATOR);
    !terms.has(term, MORE) && terms.columns_of(term).iter().all(|column| is_key(*column, parts))
}

fn is_key(column: Column, parts: &[Parts]) -> bool {
    match column.part {
        Part::Place(place) => parts.iter().all(|part| part.made.get(place as usize) == Some(&Made::Key)),
        _ => false,
    }
}

struct Lifting<'a> {
    parts: &'a [Parts],
    one_key: Option<OneKey>,
    /// Whether the outer block has a row only where the inner ones have.
    has_groups: bool,
    /// Whether an inner one has a row where there is nothing to group.
    is_there_anyhow: bool,
}

impl Lifting<'_> {
    /// A term of the outer block over what the inner ones group; none if it cannot be told from that.
    fn lift(&self, terms: &mut Terms, term: TermId) -> Option<TermId> {
        if over_keys(terms, term, self.parts) {
            return Some(term);
        }
        if terms.has(term, Traits::WINDOW.and(Traits::VOLATILE).and(Traits::UNKNOWN).and(Traits::GENERATOR)) {
            return None;
        }
        let shared = terms.shared(term);
        match &*shared {
            Term::Column(_) | Term::Subquery(..) | Term::Candidates(_) => None,
            Term::Call(call) if behaviour::surely_aggregates(terms.text(call.function), call) => {
                self.aggregate(terms, call, !self.has_groups)
            }
            Term::Call(call) if call.is_plain() && terms.text(call.function) == "coalesce" => {
                let mut args = call.args.clone();
                // The SUM of no counts is NULL, and this makes it the 0 that COUNT gives.
                if let [sum, zero] = args.as_slice()
                    && super::compare::whole_number(terms, *zero) == Some(0)
                    && let Term::Call(inner) = &*terms.shared(*sum)
                    && behaviour::surely_aggregates(terms.text(inner.function), inner)
                {
                    args[0] = self.aggregate(terms, inner, false)?;
                } else {
                    args = args.into_iter().map(|arg| with_room(|| self.lift(terms, arg))).collect::<Option<_>>()?;
                }
                Some(terms.make(Term::Call(Box::new(Call { args, ..(**call).clone() }))))
            }
            other => {
                let parts = other
                    .parts()
                    .into_iter()
                    .map(|part| with_room(|| self.lift(terms, part)))
                    .collect::<Option<Vec<TermId>>>()?;
                Some(terms.make(other.with_parts(&parts)))
            }
        }
    }

    fn aggregate(&self, terms: &mut Terms, call: &Call, null_without_rows: bool) -> Option<TermId> {
        if call.filter.is_some() || !call.order.is_empty() || call.modifiers.is_some() || call.over.is_some() {
            return None;
        }
        let name = terms.text(call.function).to_owned();
        let [argument] = call.args.as_slice() else { return None };
        if over_keys(terms, *argument, self.parts) {
            if self.is_there_anyhow {
                return None;
            }
            let mut call = call.clone();
            let blind = call.distinct || matches!(name.as_str(), "min" | "max" | "bool_and" | "bool_or");
            if !blind {
                self.each_once(terms, *argument, &name)?;
                call.distinct = true;
            }
            return Some(terms.make(Term::Call(Box::new(call))));
        }
        let Term::Column(Column { level: 0, input: 0, part: Part::Place(place) }) = terms.term(*argument) else {
            return None;
        };
        let place = *place as usize;
        let made = self.parts.first()?.made.get(place)?;
        if call.distinct || !self.parts.iter().all(|part| part.made.get(place) == Some(made)) {
            return None;
        }
        let name = match (name.as_str(), made) {
            ("min", Made::Min) => "min",
            ("max", Made::Max) => "max",
            ("sum", Made::Sum) if sums_stay(terms.dialect) => "sum",
            ("sum", Made::Count | Made::Rows) if !null_without_rows && counts_sum_up(terms.dialect) => "count",
            _ => return None,
        };
        if *made == Made::Count && self.parts.len() > 1 && !self.is_of_one_type(terms, place) {
            return None;
        }
        let args = if *made == Made::Rows { Vec::new() } else { vec![*argument] };
        let function = terms.word(name);
        Some(terms.make(Term::Call(Box::new(Call::plain(function, args)))))
    }

    /// Whether an argument made of keys has each of its values once in each group of the outer block.
    fn each_once(&self, terms: &Terms, argument: TermId, name: &str) -> Option<()> {
        if !matches!(name, "count" | "sum" | "avg") {
            return None;
        }
        let Term::Column(Column { level: 0, input: 0, part: Part::Place(place) }) = terms.term(argument) else {
            return None;
        };
        let [only] = self.parts else { return None };
        let key = *only.block.outputs.get(*place as usize)?;
        match self.one_key? {
            OneKey::This(one) => (one == key).then_some(()),
            OneKey::Any => only.keys.contains(&key).then_some(()),
        }
    }

    /// Whether what is counted has one declared type in all branches, so that it can stand in one column.
    fn is_of_one_type(&self, terms: &Terms, place: usize) -> bool {
        let mut types = self.parts.iter().map(|part| {
            let Term::Call(call) = terms.term(*part.block.outputs.get(place)?) else { return None };
            match terms.term(*call.args.first()?) {
                Term::Column(column) => terms.type_of(&part.block, *column),
                _ => None,
            }
        });
        let first = types.next().flatten();
        first.is_some() && types.all(|found| found == first)
    }
}

/// Whether the SUM of sums of whole numbers has the type that their SUM has.
const fn sums_stay(dialect: Dialect) -> bool {
    matches!(
        dialect,
        Dialect::BigQuery
            | Dialect::Trino
            | Dialect::Databricks
            | Dialect::ClickHouse
            | Dialect::TSql
            | Dialect::Snowflake
    )
}

/// Whether the SUM of counts has the type of a count.
const fn counts_sum_up(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::BigQuery | Dialect::Trino | Dialect::Databricks | Dialect::ClickHouse | Dialect::TSql)
}
