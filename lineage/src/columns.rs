//! One statement's dependencies: what each column and the rows of its outputs depend on. It must not
//! know the graph, nor what other relations are but for their shapes.
//!
//! Every block is a relation like any other: its columns and rows depend on those of its FROM items,
//! and what these depend on is put in their place, so that in the end only relations outside the
//! query are left. The rules are those of section 4 of the design:
//!
//! - a column depends on what its expression is computed from, and on what decides among values;
//! - rows depend on the rows of every FROM item, and on every column in a condition, a GROUP BY key,
//!   a DISTINCT, a LIMIT's order, a set operation other than UNION ALL, an UNNEST;
//! - what aggregates or windows depends on rows, and on all that decides which rows there are;
//! - what comes through the nullable side of an outer join depends on the rows of that side and on
//!   the columns of the condition;
//! - a LEFT JOIN to what is unique on the join's key adds and drops no row;
//! - an aggregate without GROUP BY has one row, whatever the rows below;
//! - what is named and nothing of it flows, the rows depend on only in so far as it must be there.
//!
//! Where there is too much of it for all that to be told, every column and the rows depend on every
//! column and the rows of whatever the statement reads.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::dependency::{Dependency, Input, InputId, OutputColumn, OutputLineage, QueryLineage, Rest, Schemas, Slot};
use crate::diagnostic::{Diagnostic, Position};
use crate::grain::{self, Grain};
use crate::hashing::HashSet;
use crate::query::{Action, Output, Queries};
use crate::resolve::{Outcome, Resolved, resolve};
use crate::scope::ItemSource;

mod alias;
mod block;
mod coarse;
mod dependencies;
mod expression;
mod fill;
mod item;
mod known;
mod named;
mod recursion;
mod rest;
mod rows;

use block::{Composer, Flat};
use dependencies::{Dep, SlotId, Slots};

/// What the outputs of a statement depend on, in their order.
#[must_use]
pub fn lineage(queries: &Queries, schemas: &dyn Schemas) -> Vec<OutputLineage> {
    let outputs = queries.outputs.iter().map(|output| output.block);
    let resolved = resolve(&queries.tree, outputs.chain(named::unread(&queries.tree)), schemas);
    if resolved.outcome == Outcome::GivenUp {
        return coarse::lineage(queries);
    }
    let roots = queries.outputs.iter().map(|output| output.block);
    let grain = grain::grain(&queries.tree, &resolved, roots);
    let mut composer = Composer::new(&queries.tree, &resolved, &grain);
    let flats: Vec<Rc<Flat>> = queries.outputs.iter().map(|output| composer.flat(output.block)).collect();
    let named = named::named(&queries.tree, &resolved, &mut composer.slots);
    let idle = idle(&flats, &named, &composer.slots);
    let each = |output: &Output| OutputLineage {
        target: output.target.clone(),
        action: output.action,
        lineage: output_lineage(output, &resolved, &grain, &mut composer, &idle),
    };
    let outputs = queries.outputs.iter().map(each).collect();
    if composer.has_given_up() { coarse::lineage(queries) } else { outputs }
}

fn output_lineage(
    output: &Output,
    resolved: &Resolved,
    grain: &Grain,
    composer: &mut Composer<'_>,
    idle: &[Dep],
) -> QueryLineage {
    let flat = composer.flat(output.block);
    let mut rows = flat.rows.to_vec();
    rows.extend(idle);
    let within = resolved.within(output.block);
    let mut used: BTreeSet<InputId> = BTreeSet::new();
    for block in &within {
        for item in &resolved.block(*block).from.items {
            match &item.source {
                ItemSource::Input(input) | ItemSource::Function { relation: Some(input), .. } => {
                    used.insert(*input);
                }
                _ => {}
            }
        }
    }
    used.extend(idle.iter().map(|dep| dep.input));
    used.extend(resolved.calls().map(|(input, _)| input));
    let used: Vec<InputId> = used.into_iter().collect();
    let numbers = Numbers(&used);
    let columns = &resolved.block(output.block).outputs;
    let given = |place: usize| output.columns.get(place).cloned();
    let columns = columns.iter().zip(&flat.columns).enumerate().map(|(place, (column, deps))| OutputColumn {
        name: given(place).unwrap_or_else(|| column.name.clone()),
        sources: numbers.dependencies(deps, &composer.slots),
        position: column.position,
    });
    let doubts =
        resolved.open.iter().filter(|(block, _)| within.contains(block)).map(|(_, diagnostic)| diagnostic.clone());
    // What an UPDATE or DELETE returns is not what its target holds.
    let keys = match output.action {
        Action::Return | Action::Replace => grain.keys_of(output.block, resolved, &output.columns),
        Action::Append | Action::Update | Action::Delete => Vec::new(),
    };
    let mut open: Vec<Diagnostic> = doubts.collect();
    let mut columns: Vec<OutputColumn> = columns.collect();
    let mut rest = rest_of(&flat, &numbers, &composer.slots);
    if !output.columns.is_empty() && !rest.is_empty() {
        // There are the columns that are listed and no others. How many pass through a `*` nobody knows, and
        // so which of them is whose.
        let sources = all_of(&columns, &rest);
        let position = composer.tree.block(output.block).position;
        columns = output
            .columns
            .iter()
            .map(|name| OutputColumn { name: name.clone(), sources: sources.clone(), position })
            .collect();
        rest.clear();
        let message = "which column of a `*` goes to which of those that are listed is not known";
        open.push(Diagnostic::note("column-not-bound", message).at(position));
    }
    QueryLineage {
        columns,
        rest,
        rows: numbers.dependencies(&rows, &composer.slots),
        keys,
        open,
        inputs: used.iter().map(|input| resolved.inputs[input.index()].clone()).collect::<Vec<Input>>(),
    }
}

/// Of what a statement names, that of which nothing flows into any output. Where a field of a column
/// flows the column is needed as well; of a relation whose columns are not all idle the columns tell.
fn idle(flats: &[Rc<Flat>], named: &[Dep], slots: &Slots) -> Vec<Dep> {
    let of_columns = flats.iter().flat_map(|flat| &flat.columns).flat_map(|deps| deps.iter());
    let rests = || flats.iter().flat_map(|flat| &flat.rest);
    let of_rests = rests().flat_map(|rest| rest.also.iter());
    let of_rows = flats.iter().flat_map(|flat| flat.rows.iter());
    let flowing: Vec<&Dep> = of_columns.chain(of_rests).chain(of_rows).collect();
    let column = |dep: &Dep| Some((dep.input, slots.column(dep.slot)?));
    let needed: HashSet<(InputId, SlotId)> = flowing.iter().filter_map(|dep| column(dep)).collect();
    let mut relations: HashSet<InputId> = flowing.iter().map(|dep| dep.input).collect();
    relations.extend(rests().map(|rest| rest.input));
    let mut idle = Vec::new();
    for dep in named {
        if column(dep).is_some_and(|column| !needed.contains(&column)) {
            relations.insert(dep.input);
            idle.push(*dep);
        }
    }
    idle.extend(named.iter().filter(|dep| column(dep).is_none() && !relations.contains(&dep.input)));
    idle
}

/// What some column depends on.
fn all_of(columns: &[OutputColumn], rest: &[Rest]) -> Vec<Dependency> {
    let mut all: Vec<Dependency> = columns.iter().flat_map(|column| column.sources.iter().cloned()).collect();
    for rest in rest {
        let on = rest.inside.clone().map_or(Slot::Any, Slot::Column);
        all.push(Dependency { input: rest.input, on, kind: rest.kind, position: Position::START });
        all.extend(rest.also.iter().cloned());
    }
    all.sort();
    all.dedup_by(|later, first| (later.input, &later.on, later.kind) == (first.input, &first.on, first.kind));
    all
}

fn rest_of(flat: &Flat, numbers: &Numbers<'_>, slots: &Slots) -> Vec<Rest> {
    let rest = flat.rest.iter().map(|rest| Rest {
        input: numbers.of(rest.input),
        inside: rest.inside.clone(),
        except: (*rest.except).clone(),
        also: numbers.dependencies(&rest.also, slots),
        kind: rest.kind,
    });
    rest.collect()
}

/// The inputs of one output among those of the statement.
struct Numbers<'a>(&'a [InputId]);

impl Numbers<'_> {
    /// The number of an input; every input that something depends on is used.
    fn of(&self, input: InputId) -> InputId {
        let place = self.0.binary_search(&input).unwrap_or_else(|place| place);
        InputId(u32::try_from(place).unwrap_or(u32::MAX))
    }

    fn dependencies(&self, deps: &[Dep], slots: &Slots) -> Vec<Dependency> {
        let dependency = |dep: &Dep| Dependency {
            input: self.of(dep.input),
            on: slots.slot(dep.slot).clone(),
            kind: dep.kind,
            position: dep.position,
        };
        let mut dependencies: Vec<Dependency> = deps.iter().map(dependency).collect();
        dependencies.sort();
        dependencies
            .dedup_by(|later, first| (later.input, &later.on, later.kind) == (first.input, &first.on, first.kind));
        dependencies
    }
}

/// The part of a relation that a path names.
fn slot_of(path: crate::dependency::ColumnPath) -> Slot {
    Slot::Column(path)
}
