//! FROM: what comes in, goes, or is joined otherwise. It must not know what is made of the rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Comparer;
use super::arrivals::Come;
use super::delta::{Because, Evidence, Rows, any, because, has};
use super::implies::all_imply;
use super::side::{Shared, Side};
use super::stage::Stage;
use crate::canonical::plan::{Block, FromPart, Full, Step};
use crate::canonical::term::{Part, TermId};
use crate::query::block::JoinKind;

/// How an input stands in FROM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Absent,
    /// Joined by conditions alone.
    Core,
    /// The right side of a left join, by its place among the steps.
    Step(usize),
    /// In a form that is compared as a whole.
    Whole,
}

/// What FROM says of one side, taken apart.
pub(super) struct Joins {
    pub(super) roles: Vec<Role>,
    steps: Vec<Step>,
    /// The forms that are compared as wholes.
    fulls: Vec<Full>,
    others: Vec<Step>,
    /// Conditions of inner joins and WHERE.
    pub(super) conditions: Vec<TermId>,
}

impl Joins {
    fn new(block: &Block, shared: &Shared) -> Self {
        let mut joins = Self {
            roles: vec![Role::Absent; shared.pairs.len()],
            steps: Vec::new(),
            fulls: Vec::new(),
            others: Vec::new(),
            conditions: block.conditions.clone(),
        };
        for part in &block.from.core {
            match part {
                FromPart::Input(input) => joins.set(*input, Role::Core),
                FromPart::Full(full) => {
                    let inputs = [full.left.0.inputs(), full.right.0.inputs()].concat();
                    inputs.into_iter().for_each(|input| joins.set(input, Role::Whole));
                    joins.fulls.push((**full).clone());
                }
            }
        }
        for step in &block.from.steps {
            match single(step) {
                Some(input) if step.kind == JoinKind::Left => {
                    joins.set(input, Role::Step(joins.steps.len()));
                    joins.steps.push(step.clone());
                }
                _ => {
                    step.right.inputs().into_iter().for_each(|input| joins.set(input, Role::Whole));
                    joins.others.push(step.clone());
                }
            }
        }
        joins
    }

    fn set(&mut self, input: u32, role: Role) {
        if let Some(found) = self.roles.get_mut(input as usize) {
            *found = role;
        }
    }

    pub(super) fn role(&self, input: u32) -> Role {
        self.roles.get(input as usize).copied().unwrap_or(Role::Absent)
    }

    fn step(&self, input: u32) -> Option<&Step> {
        match self.role(input) {
            Role::Step(place) => self.steps.get(place),
            _ => None,
        }
    }

    /// What an input is joined on: the conditions of a left join, or all that use it.
    pub(super) fn on(&self, terms: &crate::canonical::Terms, input: u32) -> Vec<TermId> {
        match self.step(input) {
            Some(step) => step.on.clone(),
            None => self
                .conditions
                .iter()
                .filter(|condition| terms.inputs_of(**condition).contains(&input))
                .copied()
                .collect(),
        }
    }
}

fn single(step: &Step) -> Option<u32> {
    match (step.right.core.as_slice(), step.right.steps.as_slice()) {
        ([FromPart::Input(input)], []) => Some(*input),
        _ => None,
    }
}

impl Comparer<'_> {
    /// Compares what is joined; what is left are conditions on rows that both sides join alike.
    pub(super) fn joins(
        &mut self,
        shared: &Shared,
        base: &Side<'_>,
        head: &Side<'_>,
        stage: &mut Stage,
    ) -> (Vec<TermId>, Vec<TermId>) {
        let mut old = Joins::new(&base.block, shared);
        let mut new = Joins::new(&head.block, shared);
        self.full_joins(&mut old, &mut new, shared, head, stage);
        for input in shared.all().filter(|input| old.role(*input) == Role::Core && new.role(*input) == Role::Core) {
            self.core_input(shared, input, stage);
        }
        self.come(shared, head, &new, Come::In, stage);
        self.come(shared, base, &old, Come::Out, stage);
        // In the order of the joins, so that what one asks for is known.
        let mut order: Vec<u32> = old.steps.iter().chain(&new.steps).filter_map(single).collect();
        let mut seen = BTreeSet::new();
        order.retain(|input| seen.insert(*input));
        for input in order {
            self.step(shared, base, head, (&mut old, &mut new), input, stage);
        }
        // They may ask for anything that is joined before.
        self.wholes(&old, &new, shared, head, stage);
        let terms = &*self.terms;
        let alone = |roles: &[Role], condition: TermId, in_other: &dyn Fn(u32) -> bool| {
            terms
                .inputs_of(condition)
                .into_iter()
                .any(|input| !in_other(input) && roles.get(input as usize) == Some(&Role::Core))
        };
        let roles = old.roles.clone();
        old.conditions.retain(|condition| !alone(&roles, *condition, &|input| shared.in_head(input)));
        let roles = new.roles.clone();
        new.conditions.retain(|condition| !alone(&roles, *condition, &|input| shared.in_base(input)));
        (old.conditions, new.conditions)
    }

    /// An input that both sides join by conditions.
    fn core_input(&mut self, shared: &Shared, input: u32, stage: &mut Stage) {
        let Some(delta) = shared.deltas.get(input as usize).and_then(Option::as_ref) else { return };
        for (rows, why) in &delta.rows {
            stage.say(*rows, why);
        }
        touch_columns(delta, input, stage);
    }

    /// A full join of two inputs of which the other side keeps but some of the rows without a match.
    fn full_joins(&mut self, old: &mut Joins, new: &mut Joins, shared: &Shared, head: &Side<'_>, stage: &mut Stage) {
        for rows in [Rows::Removed, Rows::Added] {
            let (this, other) = if rows == Rows::Removed { (&mut *old, &mut *new) } else { (&mut *new, &mut *old) };
            let mut kept = Vec::new();
            for full in std::mem::take(&mut this.fulls) {
                let side = |side: &(crate::canonical::plan::From, Vec<TermId>)| match (
                    side.0.core.as_slice(),
                    side.0.steps.as_slice(),
                    side.1.as_slice(),
                ) {
                    ([FromPart::Input(input)], [], []) => Some(*input),
                    _ => None,
                };
                let (Some(left), Some(right)) = (side(&full.left), side(&full.right)) else {
                    kept.push(full);
                    continue;
                };
                let (kept_side, joined) = match (other.role(left), other.role(right)) {
                    (Role::Core, Role::Step(_)) => (left, right),
                    (Role::Step(_), Role::Core) => (right, left),
                    (Role::Core, Role::Core) => (left, right),
                    _ => {
                        kept.push(full);
                        continue;
                    }
                };
                if !shared.in_both(left) || !shared.in_both(right) {
                    kept.push(full);
                    continue;
                }
                let (a, b) = (head.input_name(self.terms, left), head.input_name(self.terms, right));
                let why = if rows == Rows::Removed {
                    because(format!("rows of {a} or {b} without a match are no longer kept: the full join is none now"))
                } else {
                    because(format!("rows of {a} and {b} without a match are kept: the join is a full join now"))
                };
                stage.say(rows, &why);
                this.set(kept_side, Role::Core);
                if other.role(joined) == Role::Core {
                    this.set(joined, Role::Core);
                    this.conditions.extend(full.on);
                    this.conditions.sort_unstable();
                    this.conditions.dedup();
                } else {
                    this.set(joined, Role::Step(this.steps.len()));
                    let right = crate::canonical::plan::From { core: vec![FromPart::Input(joined)], steps: Vec::new() };
                    this.steps.push(Step { kind: JoinKind::Left, right, on: full.on });
                }
            }
            this.fulls = kept;
        }
    }

    /// Forms that are compared as wholes.
    fn wholes(&mut self, old: &Joins, new: &Joins, shared: &Shared, head: &Side<'_>, stage: &mut Stage) {
        let inputs: Vec<u32> =
            shared.all().filter(|input| old.role(*input) == Role::Whole || new.role(*input) == Role::Whole).collect();
        if inputs.is_empty() {
            return;
        }
        let sorted = |joins: &Joins| {
            let (mut fulls, mut others) = (joins.fulls.clone(), joins.others.clone());
            fulls.sort();
            others.sort();
            (fulls, others)
        };
        let mut why: Option<Because> = None;
        if sorted(old) != sorted(new) {
            let names: Vec<String> = inputs.iter().map(|input| head.input_name(self.terms, *input)).collect();
            why = Some(because(format!("the outer joins of {} changed", names.join(", "))));
        }
        for input in &inputs {
            let delta = shared.deltas.get(*input as usize).and_then(Option::as_ref);
            why = why.or_else(|| delta.filter(|delta| !delta.is_none()).map(delta_reason));
        }
        if why.is_none() {
            let pieces = old.fulls.iter().flat_map(full_terms).chain(old.others.iter().flat_map(step_terms));
            for term in pieces.collect::<Vec<_>>() {
                why = why.or_else(|| stage.unstable(self.terms, term));
            }
            // Rows of what is joined before may match others.
            let sees = old.others.iter().any(|step| step.kind != JoinKind::Left);
            why = why.or_else(|| any(&stage.rows).filter(|_| sees).cloned());
        }
        let Some(why) = why else { return };
        for rows in [Rows::Added, Rows::Removed, Rows::More] {
            stage.say(rows, &why);
        }
        inputs.into_iter().for_each(|input| stage.touch_all(input, &why));
    }

    /// An input that is the right side of a left join on one side at least.
    fn step(
        &mut self,
        shared: &Shared,
        base: &Side<'_>,
        head: &Side<'_>,
        (old, new): (&mut Joins, &mut Joins),
        input: u32,
        stage: &mut Stage,
    ) {
        let name = head.input_name(self.terms, input);
        match (old.role(input), new.role(input)) {
            (Role::Step(_), Role::Step(_)) => self.same_step(shared, base, head, (old, new), input, stage),
            (Role::Core, Role::Step(_)) if self.is_left_join(shared, base, old, input) => {
                self.same_step(shared, base, head, (old, new), input, stage);
            }
            (Role::Step(_), Role::Core) if self.is_left_join(shared, head, new, input) => {
                self.same_step(shared, base, head, (old, new), input, stage);
            }
            (Role::Core, Role::Step(_)) => {
                self.core_input(shared, input, stage);
                let on = new.step(input).map(|step| step.on.clone()).unwrap_or_default();
                let detail = format!("rows without a match in {name} are kept: the inner join is a left join now");
                let why = self.at_join(head, new, input, detail);
                let exact = on.iter().all(|condition| old.conditions.contains(condition));
                self.turned(old, &on, exact, [Rows::Added, Rows::Removed], &why, stage);
            }
            (Role::Step(_), Role::Core) => {
                self.core_input(shared, input, stage);
                let on = old.step(input).map(|step| step.on.clone()).unwrap_or_default();
                let detail = format!("rows without a match in {name} are dropped: the left join is an inner join now");
                let why = self.at_join(head, new, input, detail);
                let exact = on.iter().all(|condition| new.conditions.contains(condition));
                self.turned(new, &on, exact, [Rows::Removed, Rows::Added], &why, stage);
            }
            _ => {}
        }
    }

    /// Makes a left join of an inner join that always finds one row.
    fn is_left_join(&mut self, shared: &Shared, side: &Side<'_>, joins: &mut Joins, input: u32) -> bool {
        self.terms.take_side(side.canonical());
        let on = joins.on(self.terms, input);
        let Some(proofs) = self.terms.matches_once(&side.block, input, &on, &|other| other != input) else {
            return false;
        };
        let known: BTreeSet<u32> = shared.all().filter(|other| *other != input).collect();
        if !self.matches_always(side, joins, input, &on, &known) {
            return false;
        }
        self.proofs.extend(proofs);
        joins.conditions.retain(|condition| !on.contains(condition));
        joins.set(input, Role::Step(joins.steps.len()));
        let right = crate::canonical::plan::From { core: vec![FromPart::Input(input)], steps: Vec::new() };
        joins.steps.push(Step { kind: JoinKind::Left, right, on });
        true
    }

    /// An inner join on one side is a left join on the other.
    #[allow(clippy::too_many_arguments)]
    fn turned(
        &mut self,
        inner: &mut Joins,
        on: &[TermId],
        exact: bool,
        rows: [Rows; 2],
        why: &Because,
        stage: &mut Stage,
    ) {
        stage.say(rows[0], why);
        let unstable = on.iter().find_map(|condition| stage.unstable(self.terms, *condition));
        // With rows both added and removed, nothing is claimed of the columns.
        if !exact || unstable.is_some() {
            stage.say(rows[1], why);
        }
        inner.conditions.retain(|condition| !on.contains(condition));
    }

    /// A left join that both sides have.
    fn same_step(
        &mut self,
        shared: &Shared,
        base: &Side<'_>,
        head: &Side<'_>,
        (old, new): (&mut Joins, &mut Joins),
        input: u32,
        stage: &mut Stage,
    ) {
        let (Some(before), Some(after)) = (old.step(input), new.step(input)) else { return };
        let (before, after) = (before.on.clone(), after.on.clone());
        let name = head.input_name(self.terms, input);
        let (mut more, mut fewer): (Option<Because>, Option<Because>) = (None, None);
        let mut whole: Option<Because> = None;
        if before != after {
            let text = |side: &Side<'_>, on: &[TermId]| {
                let all: Vec<String> = on.iter().map(|term| side.text(self.terms, *term)).collect();
                all.join(" and ")
            };
            let (was, is) = (text(base, &before), text(head, &after));
            let why = Arc::new(Evidence {
                detail: format!("the left join to {name} changed from `{was}` to `{is}`"),
                before: Some(was),
                after: Some(is),
                base_position: before.iter().find_map(|term| base.position(self.terms, *term)),
                head_position: after.iter().find_map(|term| head.position(self.terms, *term)),
            });
            if !before.iter().all(|condition| all_imply(self.terms, &after, *condition)) {
                more = Some(Arc::clone(&why));
            }
            if !after.iter().all(|condition| all_imply(self.terms, &before, *condition)) {
                fewer = Some(Arc::clone(&why));
            }
            whole = Some(why);
        }
        if let Some(delta) = shared.deltas.get(input as usize).and_then(Option::as_ref) {
            for (rows, why) in &delta.rows {
                match rows {
                    Rows::Added | Rows::More => more = more.or_else(|| Some(Arc::clone(why))),
                    Rows::Removed | Rows::Fewer => fewer = fewer.or_else(|| Some(Arc::clone(why))),
                    Rows::Regrained => {}
                }
            }
            // Repeated rows of the right side give no other values.
            if has(&delta.rows, Rows::Added) || has(&delta.rows, Rows::Removed) {
                whole = whole.or_else(|| any(&delta.rows).cloned());
            }
            touch_columns(delta, input, stage);
        }
        for condition in before.iter().chain(&after) {
            if let Some(why) = stage.unstable(self.terms, *condition) {
                more = more.or_else(|| Some(Arc::clone(&why)));
                fewer = fewer.or_else(|| Some(Arc::clone(&why)));
                whole = whole.or(Some(why));
            }
        }
        if let Some(why) = &whole {
            stage.touch_all(input, why);
        }
        if more.is_none() && fewer.is_none() {
            return;
        }
        self.terms.take_side(base.canonical());
        let was_unique = self.terms.matches_once(&base.block, input, &before, &|other| other != input);
        self.terms.take_side(head.canonical());
        let is_unique = self.terms.matches_once(&head.block, input, &after, &|other| other != input);
        // A key that is declared does not hold of rows that are there more often now.
        let delta = shared.deltas.get(input as usize).and_then(Option::as_ref);
        let is_unique = is_unique.filter(|_| !delta.is_some_and(|delta| delta.has(Rows::More)));
        let was_unique = was_unique.filter(|_| !delta.is_some_and(|delta| delta.has(Rows::Fewer)));
        if was_unique.is_some() && is_unique.is_some() {
            self.proofs.extend(was_unique.into_iter().chain(is_unique).flatten());
            return;
        }
        if let Some(why) = more.filter(|_| is_unique.is_none()) {
            let on = self.join_columns(head, new, input);
            let not = if was_unique.is_some() { "no longer on a unique key" } else { "not on a unique key" };
            let detail = format!("rows may be duplicated: the join to {name}{on} is {not} ({})", why.detail);
            stage.say(Rows::More, &Arc::new(Evidence { detail, ..(*why).clone() }));
        }
        if let Some(why) = fewer.filter(|_| was_unique.is_none()) {
            stage.say(Rows::Fewer, &why);
        }
    }

    /// The inputs of a condition of which more than one row may match, given a row of each other.
    pub(super) fn fans_out(&mut self, shared: &Shared, side: &Side<'_>, condition: TermId) -> Option<u32> {
        let joins = Joins::new(&side.block, shared);
        self.terms.take_side(side.canonical());
        let inputs = self.terms.inputs_of(condition).into_iter().filter(|input| joins.role(*input) == Role::Core);
        inputs.collect::<Vec<_>>().into_iter().find(|input| {
            let on = joins.on(self.terms, *input);
            self.terms.matches_once(&side.block, *input, &on, &|other| other != *input).is_none()
        })
    }

    /// The join of an input, for people.
    pub(super) fn join_of(&self, shared: &Shared, side: &Side<'_>, input: u32) -> String {
        let joins = Joins::new(&side.block, shared);
        format!("{}{}", side.input_name(self.terms, input), self.join_columns(side, &joins, input))
    }
}

fn touch_columns(delta: &super::delta::Delta, input: u32, stage: &mut Stage) {
    if let Some(why) = &delta.anything {
        stage.touch_all(input, why);
    }
    if delta.rest != (Vec::new(), Vec::new()) {
        stage.touch_all(input, &because("columns that pass through a star changed"));
    }
    // Whoever uses the row as a whole sees columns that come and go, too.
    for (place, (change, why)) in &delta.columns {
        stage.touch(input, Part::Place(*place), *change, why);
    }
    for (name, (change, why)) in &delta.named {
        stage.touch(input, Part::Name(*name), *change, why);
    }
}

fn delta_reason(delta: &super::delta::Delta) -> Because {
    any(&delta.rows).or_else(|| delta.some_column()).cloned().unwrap_or_else(|| because("what is joined changed"))
}

fn full_terms(full: &Full) -> Vec<TermId> {
    let mut found = full.on.clone();
    for side in [&full.left, &full.right] {
        found.extend(side.0.terms());
        found.extend_from_slice(&side.1);
    }
    found
}

fn step_terms(step: &Step) -> Vec<TermId> {
    let mut found = step.on.clone();
    found.extend(step.right.terms());
    found
}
