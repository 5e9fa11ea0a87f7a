//! Two blocks, clause by clause in the order in which they work: FROM, WHERE, GROUP BY, HAVING, QUALIFY,
//! the columns, DISTINCT, LIMIT. It must not know what the plans around them are.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Comparer;
use super::align::{self, Pair};
use super::delta::{Because, ColumnChange, Delta, Evidence, Places, Rows, any, because};
use super::side::{Shared, Side, Which};
use super::stage::{Stage, plans_in};
use crate::canonical::plan::{Block, Plan, PlanId};
use crate::canonical::term::{Column, SubqueryKind, Term, TermId, Traits};
use crate::canonical::terms::number;

/// The place in base of each column of head, where it is known beforehand.
pub(super) type Matching<'m> = Option<&'m [Option<u32>]>;

impl Comparer<'_> {
    pub(super) fn blocks(&mut self, base: &Block, head: &Block, matching: Matching<'_>) -> Delta {
        if base.frozen.is_some() || head.frozen.is_some() {
            let places = self.places(base.outputs.len(), head.outputs.len(), matching);
            return Delta::anything(places, because("it is written in a form that is not taken apart"));
        }
        let (base, head, shared) = self.share(base, head);
        let (base_form, head_form) = (self.base, self.head);
        let old = Side::new(self.terms, Which::Base, &base, &head, &shared, base_form);
        let new = Side::new(self.terms, Which::Head, &head, &base, &shared, head_form);
        let mut stage = Stage::default();
        self.subqueries(&old, &new, &mut stage);
        let (before, after) = self.joins(&shared, &old, &new, &mut stage);
        self.lateral_inputs(&shared, &new, &mut stage);
        let weaker = self.conditions(&old, &new, &before, &after, &mut stage);
        self.fan_out(&shared, &old, &new, &weaker, &mut stage);
        self.groups(&old, &new, &mut stage);
        self.conditions(&old, &new, &old.block.having, &new.block.having, &mut stage);
        stage.see();
        self.qualify(&old, &new, &mut stage);
        let mut delta = self.outputs(&old, &new, matching, &mut stage);
        self.rest(&old, &new, &stage, &mut delta);
        self.distinct(&old, &new, &mut stage, &mut delta);
        self.limit(&old, &new, &mut stage);
        delta.rows = std::mem::take(&mut stage.rows);
        delta
    }

    /// Brings the inputs of both blocks under shared numbers, and compares those that both have.
    fn share(&mut self, base: &Block, head: &Block) -> (Block, Block, Shared) {
        let (mut base, mut head) = (base.clone(), head.clone());
        let pairs = align::align(self.terms, &base, &head);
        for (left, right) in pairs.iter().filter_map(|pair| Some((pair.0?, pair.1?))) {
            let (b, h) = (base.inputs[left as usize].plan, head.inputs[right as usize].plan);
            let is_block = |plan: PlanId| matches!(self.terms.plan(plan), Plan::Block(_) | Plan::Set(_));
            if is_block(b) && !is_block(h) {
                if let Some(found) = align::behind_block(self.terms, &head, right) {
                    head = found;
                }
            } else if is_block(h)
                && !is_block(b)
                && let Some(found) = align::behind_block(self.terms, &base, left)
            {
                base = found;
            }
        }
        let mut shared = Shared::default();
        for pair in pairs {
            let delta = match pair {
                (Some(left), Some(right)) => {
                    let (b, h) = (base.inputs[left as usize], head.inputs[right as usize]);
                    self.input(b.plan, h.plan, b.sample == h.sample, b.sample.is_some())
                }
                _ => None,
            };
            shared.pairs.push(pair);
            shared.deltas.push(delta);
        }
        self.share_lateral(&base, &head, &mut shared);
        (base, head, shared)
    }

    /// What differs about an input.
    fn input(&mut self, base: PlanId, head: PlanId, same_sample: bool, samples: bool) -> Option<Delta> {
        let found = if base == head && !self.is_affected(base) {
            None
        } else {
            Some(self.plans(base, head, None)).filter(|delta| !delta.is_none() || !is_straight(delta))
        };
        match found {
            None if same_sample => None,
            None => {
                let width = self.terms.width(base).unwrap_or_default();
                let mut delta = Delta::none(width);
                let why = because("another sample of the rows is taken");
                delta.say(Rows::Added, &why);
                delta.say(Rows::Removed, &why);
                Some(delta)
            }
            Some(mut delta) => {
                if samples || !same_sample {
                    let why = because("a sample is taken of other rows");
                    delta.say(Rows::Added, &why);
                    delta.say(Rows::Removed, &why);
                }
                Some(delta)
            }
        }
    }

    /// Inputs that depend on others are the same if they are so once those have one number.
    fn share_lateral(&mut self, base: &Block, head: &Block, shared: &mut Shared) {
        let rest = |taken: BTreeSet<u32>, block: &Block| -> Vec<u32> {
            (0..number(block.inputs.len())).filter(|input| !taken.contains(input)).collect()
        };
        let left = rest(shared.pairs.iter().filter_map(|pair| pair.0).collect(), base);
        let mut right = rest(shared.pairs.iter().filter_map(|pair| pair.1).collect(), head);
        for input in left {
            let plan = self.shared_plan(base.inputs[input as usize].plan, Which::Base, shared);
            let mut found: Option<usize> = None;
            for (place, other) in right.iter().enumerate() {
                let candidate = self.shared_plan(head.inputs[*other as usize].plan, Which::Head, shared);
                if candidate == plan && base.inputs[input as usize].sample == head.inputs[*other as usize].sample {
                    found = Some(place);
                    break;
                }
            }
            let pair: Pair = (Some(input), found.map(|place| right.remove(place)));
            let affected = pair.1.is_some() && self.is_affected(plan);
            shared.pairs.push(pair);
            shared.deltas.push(affected.then(|| self.plans(plan, plan, None)));
        }
        for input in right {
            shared.pairs.push((None, Some(input)));
            shared.deltas.push(None);
        }
    }

    /// An input with the columns that it takes from others under shared numbers.
    fn shared_plan(&mut self, plan: PlanId, which: Which, shared: &Shared) -> PlanId {
        let mut moved = |terms: &mut crate::canonical::Terms, column: Column| {
            terms.keep(Term::Column(shared.column(which, column)))
        };
        let mut replacement = crate::canonical::substitute::Replacement::new(&mut moved);
        self.terms.replace_plan(&mut replacement, plan, 1)
    }

    /// What an input that depends on others takes from them may differ.
    fn lateral_inputs(&mut self, shared: &Shared, head: &Side<'_>, stage: &mut Stage) {
        for (input, pair) in shared.pairs.iter().enumerate() {
            let (Some(_), Some(own)) = pair else { continue };
            let Some(plan) = head.own.inputs.get(*own as usize).map(|input| input.plan) else { continue };
            let plan = self.shared_plan(plan, Which::Head, shared);
            let mut usage = crate::canonical::usage::Usage::default();
            usage.add_plan(self.terms, plan);
            let why = usage.columns.iter().find_map(|column| stage.column(*column).cloned());
            if let Some(why) = why {
                stage.touch_all(number(input), &why);
                for rows in [Rows::Added, Rows::Removed, Rows::More] {
                    stage.say(rows, &why);
                }
            }
        }
    }

    /// Where a condition of a join became weaker, rows may match several times.
    fn fan_out(&mut self, shared: &Shared, old: &Side<'_>, new: &Side<'_>, weaker: &[TermId], stage: &mut Stage) {
        let joins = weaker.iter().find(|condition| self.terms.inputs_of(**condition).len() > 1).copied();
        let Some(condition) = joins else { return };
        let Some(input) = self.fans_out(shared, new, condition) else { return };
        let not = if self.fans_out(shared, old, condition) != Some(input) {
            "no longer on a unique key"
        } else {
            "not on a unique key"
        };
        let name = self.join_of(shared, new, input);
        let why = Arc::new(Evidence {
            detail: format!("rows may be duplicated: the join to {name} is {not}"),
            before: Some(old.text(self.terms, condition)),
            after: None,
            base_position: old.position(self.terms, condition),
            head_position: new.block.conditions.iter().find_map(|term| new.position(self.terms, *term)),
        });
        stage.say(Rows::More, &why);
    }

    /// Queries in expressions that are the same and over relations that are not.
    fn subqueries(&mut self, old: &Side<'_>, new: &Side<'_>, stage: &mut Stage) {
        if self.carried.is_empty() {
            return;
        }
        let mut plans = BTreeSet::new();
        for term in old.block.terms().into_iter().chain(new.block.terms()) {
            plans.extend(plans_in(self.terms, term));
        }
        for (kind, plan) in plans {
            if !self.is_affected(plan) {
                continue;
            }
            let delta = self.plans(plan, plan, None);
            let row = delta.rows.iter().find(|(rows, _)| matches!(rows, Rows::Added | Rows::Removed));
            let row = row.map(|(_, why)| why);
            let why = match kind {
                // Whether there is a row does not depend on what it holds, nor on how often it is there.
                SubqueryKind::Exists => row,
                SubqueryKind::In | SubqueryKind::Compared(_) => row.or_else(|| delta.some_column()),
                SubqueryKind::Scalar | SubqueryKind::Array => any(&delta.rows).or_else(|| delta.some_column()),
            };
            if let Some(why) = delta.anything.as_ref().or(why) {
                stage.find_in(kind, plan, Arc::clone(why));
            }
        }
    }

    pub(super) fn places(&self, base: usize, head: usize, matching: Matching<'_>) -> Places {
        match matching {
            Some(matching) => Places::matched(base, matching),
            None => {
                let both: Vec<Option<u32>> = (0..head).map(|place| (place < base).then(|| number(place))).collect();
                Places::matched(base, &both)
            }
        }
    }

    /// Which columns of nested blocks are which: those with the same term, and then in order, if as many
    /// are left on both sides.
    fn matched_by_term(&self, old: &[TermId], new: &[TermId]) -> Places {
        let mut free: Vec<Option<TermId>> = old.iter().copied().map(Some).collect();
        let mut matched: Vec<Option<u32>> = vec![None; new.len()];
        let mut at: std::collections::HashMap<TermId, Vec<usize>> = std::collections::HashMap::new();
        for (place, term) in old.iter().enumerate().rev() {
            at.entry(*term).or_default().push(place);
        }
        for (place, term) in new.iter().enumerate() {
            if let Some(found) = at.get_mut(term).and_then(Vec::pop) {
                free[found] = None;
                matched[place] = Some(number(found));
            }
        }
        let left: Vec<usize> = (0..old.len()).filter(|place| free[*place].is_some()).collect();
        let open: Vec<usize> = (0..new.len()).filter(|place| matched[*place].is_none()).collect();
        // Another column that takes the place of one is that one changed.
        let mut left = left.into_iter().peekable();
        let mut rest = open.len();
        for place in open {
            let near = left.peek().is_some_and(|found| *found >= place) || rest <= left.len();
            if near && let Some(found) = left.next() {
                matched[place] = Some(number(found));
            }
            rest -= 1;
        }
        Places::matched(old.len(), &matched)
    }

    /// The columns.
    fn outputs(&mut self, old: &Side<'_>, new: &Side<'_>, matching: Matching<'_>, stage: &mut Stage) -> Delta {
        let (before, after) = (&old.block.outputs, &new.block.outputs);
        let places = match matching {
            Some(matching) => Places::matched(before.len(), matching),
            None => self.matched_by_term(before, after),
        };
        let mut delta = Delta { places, ..Delta::default() };
        let mut lone: (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
        for (place, was, is) in delta.places.pairs() {
            let was = was.and_then(|place| before.get(place)).copied();
            let is = is.and_then(|place| after.get(place)).copied();
            let makes_rows = was != is && was.iter().chain(&is).any(|term| self.terms.has(*term, Traits::GENERATOR));
            let change = match (was, is) {
                (Some(was), Some(is)) if was == is => {
                    let why = stage.unstable(self.terms, is).filter(|_| !self.is_first(old, new, is));
                    why.map(|why| (ColumnChange::Revalued, self.through(new, is, &why)))
                }
                (Some(was), Some(is)) => Some(self.rewritten(old, new, was, is)),
                (Some(was), None) => {
                    lone.0.push(place);
                    let why = Arc::new(Evidence {
                        detail: "the column is gone".to_owned(),
                        before: Some(old.text(self.terms, was)),
                        base_position: old.position(self.terms, was),
                        ..Evidence::default()
                    });
                    Some((ColumnChange::Removed, why))
                }
                (None, Some(is)) => {
                    lone.1.push(place);
                    let why = Arc::new(Evidence {
                        detail: "the column is new".to_owned(),
                        after: Some(new.text(self.terms, is)),
                        head_position: new.position(self.terms, is),
                        ..Evidence::default()
                    });
                    Some((ColumnChange::Added, why))
                }
                (None, None) => None,
            };
            if let Some((change, why)) = change {
                if makes_rows || (self.makes_rows(is) && change == ColumnChange::Revalued) {
                    for rows in [Rows::Added, Rows::Removed, Rows::More] {
                        stage.say(rows, &why);
                    }
                }
                delta.columns.insert(place, (change, why));
            }
        }
        for gone in &lone.0 {
            let term = before.get(*gone as usize);
            let same = lone.1.iter().copied().find(|come| {
                let is = delta.places.in_head(*come).and_then(|place| after.get(place));
                is == term && is.is_some_and(|is| stage.unstable(self.terms, *is).is_none())
            });
            if let Some(come) = same {
                lone.1.retain(|place| *place != come);
                delta.renamed.push((*gone, come));
            }
        }
        delta
    }

    /// Whether a term is the number by which both sides keep the first row of several: it is 1 in all of them.
    fn is_first(&self, old: &Side<'_>, new: &Side<'_>, term: TermId) -> bool {
        let keeps = |condition: &TermId| {
            self.terms.first_of(*condition).is_some()
                && self.terms.args_of(*condition, "=").is_some_and(|sides| sides.contains(&term))
        };
        self.terms.has(term, Traits::WINDOW) && [old, new].iter().all(|side| side.block.qualify.iter().any(keeps))
    }

    fn makes_rows(&self, term: Option<TermId>) -> bool {
        term.is_some_and(|term| self.terms.has(term, Traits::GENERATOR))
    }

    /// A column that is written as before, over what differs.
    fn through(&self, side: &Side<'_>, term: TermId, why: &Because) -> Because {
        let text = side.text(self.terms, term);
        let detail = if matches!(self.terms.term(term), Term::Column(_)) {
            why.detail.clone()
        } else {
            format!("`{text}` is over what differs: {}", why.detail)
        };
        let mut evidence = Evidence { detail, ..(**why).clone() };
        evidence.head_position = evidence.head_position.or_else(|| side.position(self.terms, term));
        Arc::new(evidence)
    }

    /// A column that is another expression now.
    fn rewritten(&self, old: &Side<'_>, new: &Side<'_>, was: TermId, is: TermId) -> (ColumnChange, Because) {
        let (before, after) = (old.text(self.terms, was), new.text(self.terms, is));
        let bare = |term: TermId| match self.terms.term(term) {
            Term::Cast(inner, ..) => *inner,
            _ => term,
        };
        let change = if bare(was) == bare(is) { ColumnChange::Retyped } else { ColumnChange::Revalued };
        let detail = if before == after {
            format!("the expression `{after}` is over something else")
        } else {
            format!("the expression changed from `{before}` to `{after}`")
        };
        let why = Evidence {
            detail,
            before: Some(before),
            after: Some(after),
            base_position: old.position(self.terms, was),
            head_position: new.position(self.terms, is),
        };
        (change, Arc::new(why))
    }
}

/// Whether each column of head is the one at the same place in base.
fn is_straight(delta: &Delta) -> bool {
    delta.places.base as usize == delta.places.head.len()
        && delta.places.head.iter().enumerate().all(|(at, place)| number(at) == *place)
}

/// A column without its relation.
pub(super) fn plain(text: &str) -> String {
    let is_name = text.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.'));
    match text.rsplit_once('.') {
        Some((_, last)) if is_name => last.to_owned(),
        _ => text.to_owned(),
    }
}
