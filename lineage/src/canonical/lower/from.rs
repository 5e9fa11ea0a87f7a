//! FROM: its leaves as inputs, its joins as parts and steps.

use super::Lowering;
use crate::canonical::plan::{Block, From, FromPart, Full, Input, Plan, PlanId, Step};
use crate::canonical::term::{SubqueryKind, TermId};
use crate::canonical::terms::number;
use crate::hashing::{HashMap, HashSet};

use crate::query::block::{BlockKind, FromItem, JoinKind, Select, Source};
use crate::query::tree::{BlockId, ExprId, Tree};
use crate::scope::{self, ItemSource, JoinStep, UsingPair};

/// Some leaves that are joined, and what holds of their rows.
struct Joined {
    start: usize,
    end: usize,
    from: From,
    conditions: Vec<TermId>,
}

/// The leaves of FROM, in order; none where an item is more than a leaf.
pub(super) fn leaves(select: &Select) -> Option<Vec<&FromItem>> {
    let mut found = Vec::new();
    let mut ahead: Vec<&FromItem> = select.from.iter().rev().collect();
    while let Some(item) = ahead.pop() {
        match &item.source {
            // A sample of what is joined is none of its leaves.
            Source::Nested(items) if item.sample.is_none() => ahead.extend(items.iter().rev()),
            Source::Nested(_) | Source::Pivot(_) | Source::Unpivot(_) | Source::MatchRecognize(_) => return None,
            _ => found.push(item),
        }
    }
    Some(found)
}

/// How many FROM items read each block.
pub(super) fn readers(tree: &Tree) -> HashMap<BlockId, usize> {
    let mut found: HashMap<BlockId, usize> = HashMap::default();
    for (id, _) in tree.blocks() {
        for read in tree.block_parts(id).blocks {
            *found.entry(read).or_default() += 1;
        }
    }
    found
}

/// The blocks that name themselves.
pub(super) fn recursions(tree: &Tree) -> HashSet<BlockId> {
    let mut found = HashSet::default();
    for (_, block) in tree.blocks() {
        let BlockKind::Select(select) = &block.kind else { continue };
        let mut ahead: Vec<&FromItem> = select.from.iter().collect();
        while let Some(item) = ahead.pop() {
            match &item.source {
                Source::Recursive(block) => drop(found.insert(*block)),
                Source::Nested(items) => ahead.extend(items),
                Source::Pivot(pivot) => ahead.push(&pivot.input),
                Source::Unpivot(unpivot) => ahead.push(&unpivot.input),
                Source::MatchRecognize(recognize) => ahead.push(&recognize.input),
                _ => {}
            }
        }
    }
    found
}

impl<'a> Lowering<'a> {
    /// The inputs of a block, one for each item; none if one of them is not understood.
    pub(super) fn inputs(&mut self, leaves: &[&FromItem], from: &'a scope::From) -> Option<Vec<Input>> {
        if leaves.len() != from.items.len() {
            return None;
        }
        let mut inputs = Vec::with_capacity(leaves.len());
        for (leaf, item) in leaves.iter().zip(&from.items) {
            let plan = self.leaf(leaf, item)?;
            let sample = leaf.sample.map(|sample| self.terms.word(self.tree.text(sample)));
            inputs.push(Input { plan, sample, lateral: item.lateral });
        }
        Some(inputs)
    }

    fn leaf(&mut self, leaf: &FromItem, item: &scope::Item) -> Option<PlanId> {
        let tree = self.tree;
        match (&leaf.source, &item.source) {
            (Source::Relation { relation, version }, _) => {
                let name = self.relation_word(&relation.name);
                let version = version.map(|version| self.terms.word(tree.text(version)));
                Some(self.terms.keep_plan(Plan::Relation(name, version)))
            }
            (Source::Block(block), _) => {
                // A list of names counts columns, and behind a star they cannot be counted.
                if !leaf.columns.is_empty() && !self.resolved.block(*block).rest.is_empty() {
                    return None;
                }
                Some(self.block(*block))
            }
            (Source::Recursive(block), _) => {
                let further_out = self.recursive.iter().rev().position(|id| id == block)?;
                Some(self.terms.keep_plan(Plan::Step(number(further_out))))
            }
            (Source::Unnest { output, .. }, ItemSource::Unnest { arrays, parts }) => {
                let arrays = self.shifted(arrays);
                let spelled = self.terms.word(&format!("{output:?} {parts:?}"));
                Some(self.terms.keep_plan(Plan::Unnest(spelled, arrays)))
            }
            (Source::Function { function, relation, columns, offset, .. }, ItemSource::Function { args, .. }) => {
                let args = self.shifted(args);
                let names: Vec<&str> = columns.iter().map(|column| tree.name(*column).key()).collect();
                let ordinality = if offset.is_some() { " with ordinality" } else { "" };
                let spelled = format!("{}({}){ordinality}", tree.text(*function), names.join(", "));
                let spelled = self.terms.word(&spelled);
                let relation = relation.as_ref().map(|relation| self.relation_word(&relation.name));
                Some(self.terms.keep_plan(Plan::Function(spelled, relation, args)))
            }
            _ => None,
        }
    }

    /// Expressions that stand in a plan below the block that is read.
    fn shifted(&mut self, exprs: &[ExprId]) -> Vec<TermId> {
        let terms: Vec<TermId> = exprs.iter().map(|expr| self.expr(*expr)).collect();
        terms.into_iter().map(|term| self.terms.shift(term, 1)).collect()
    }

    /// How the inputs are joined, and what holds of the rows; none if that is not understood. Inputs of
    /// semi-joins go into conditions.
    pub(super) fn joined(&mut self, from: &'a scope::From, inputs: &[Input]) -> Option<(From, Vec<TermId>)> {
        let leaf = |place: usize| Joined {
            start: place,
            end: place + 1,
            from: From { core: vec![FromPart::Input(number(place))], steps: Vec::new() },
            conditions: Vec::new(),
        };
        let mut joined: Vec<Option<Joined>> = (0..from.items.len()).map(leaf).map(Some).collect();
        for step in &from.joins {
            if step.natural_rest {
                return None;
            }
            let left = joined.get_mut(step.start)?.take()?;
            let right = joined.get_mut(step.right)?.take()?;
            if left.end != step.right || right.end != step.end {
                return None;
            }
            let on = self.on(step);
            let both = self.join(step.kind, left, right, on, inputs)?;
            let start = both.start;
            joined[start] = Some(both);
        }
        let mut all = From::default();
        let mut conditions = Vec::new();
        for part in joined.into_iter().flatten() {
            all.core.extend(part.from.core);
            all.steps.extend(part.from.steps);
            conditions.extend(part.conditions);
        }
        Some((all, conditions))
    }

    fn on(&mut self, step: &JoinStep) -> Vec<TermId> {
        let mut on: Vec<TermId> = step.on.iter().map(|expr| self.expr(*expr)).collect();
        on.extend(step.using.iter().map(|pair| self.using(pair)));
        on
    }

    fn using(&mut self, pair: &UsingPair) -> TermId {
        let Some(block) = self.frames.last().map(|frame| frame.block) else { return self.terms.null() };
        let side = |parts: &scope::Parts| -> Vec<crate::resolve::ColumnUse> {
            let used = |(item, column): &(usize, scope::ColumnAt)| crate::resolve::ColumnUse {
                block,
                item: *item,
                column: column.clone(),
                fields: Vec::new(),
            };
            parts.iter().map(used).collect()
        };
        let (left, right) = (side(&pair.left), side(&pair.right));
        if left.is_empty() || right.is_empty() {
            self.refuse("a column of USING is not found");
            return self.terms.null();
        }
        let (left, right) = (self.columns(&left), self.columns(&right));
        self.terms.apply("=", vec![left, right])
    }

    fn join(
        &mut self,
        kind: JoinKind,
        left: Joined,
        right: Joined,
        on: Vec<TermId>,
        inputs: &[Input],
    ) -> Option<Joined> {
        let (start, end) = (left.start.min(right.start), left.end.max(right.end));
        let (mut from, mut conditions) = (left.from, left.conditions);
        match kind {
            JoinKind::Cross | JoinKind::Inner => {
                from.core.extend(right.from.core);
                from.steps.extend(right.from.steps);
                conditions.extend(right.conditions);
                conditions.extend(on);
            }
            JoinKind::Left => {
                let on = on.into_iter().chain(right.conditions).collect();
                from.steps.push(Step { kind, right: right.from, on });
            }
            JoinKind::Right => {
                let on = on.into_iter().chain(conditions).collect();
                let left = std::mem::replace(&mut from, right.from);
                conditions = right.conditions;
                from.steps.push(Step { kind: JoinKind::Left, right: left, on });
            }
            JoinKind::Full => {
                let full = Full { left: (from, conditions), right: (right.from, right.conditions), on };
                from = From { core: vec![FromPart::Full(Box::new(full))], steps: Vec::new() };
                conditions = Vec::new();
            }
            JoinKind::AsOf | JoinKind::AsOfLeft => {
                // The closest of some rows is not the closest of all.
                if !right.conditions.is_empty() {
                    return None;
                }
                from.steps.push(Step { kind, right: right.from, on });
            }
            JoinKind::Semi | JoinKind::Anti => {
                let on = on.into_iter().chain(right.conditions).collect();
                conditions.push(self.exists(kind == JoinKind::Semi, &right.from, on, inputs)?);
            }
            JoinKind::RightSemi | JoinKind::RightAnti => {
                let on = on.into_iter().chain(conditions).collect();
                let exists = self.exists(kind == JoinKind::RightSemi, &from, on, inputs)?;
                from = right.from;
                conditions = right.conditions;
                conditions.push(exists);
            }
        }
        Some(Joined { start, end, from, conditions })
    }

    /// A semi-join as a condition: its side as a block below the one that is read.
    fn exists(&mut self, plain: bool, side: &From, on: Vec<TermId>, inputs: &[Input]) -> Option<TermId> {
        let mut block = Block::default();
        let mut places: Vec<Option<u32>> = vec![None; inputs.len()];
        for place in side.inputs() {
            let input = inputs.get(place as usize)?;
            if self.terms.plan_facts(input.plan).outer > 0 {
                return None;
            }
            places[place as usize] = Some(number(block.inputs.len()));
            block.inputs.push(*input);
        }
        block.from = side.clone();
        block.conditions = on;
        let terms = &mut *self.terms;
        let mut into = |terms: &mut crate::canonical::Terms, column: crate::canonical::term::Column| {
            use crate::canonical::term::{Column, Term};
            let moved = match places.get(column.input as usize).copied().flatten() {
                Some(input) if column.level == 0 => Column { input, ..column },
                _ => Column { level: column.level + 1, ..column },
            };
            terms.keep(Term::Column(moved))
        };
        let mut replacement = crate::canonical::substitute::Replacement::new(&mut into);
        let places_of = |place: u32| places.get(place as usize).copied().flatten().unwrap_or(place);
        block.from.change(&mut |place| places_of(place), &mut |term| terms.replace(&mut replacement, term));
        block.conditions.iter_mut().for_each(|term| *term = terms.replace(&mut replacement, *term));
        let plan = terms.block(block);
        let exists = terms.subquery(SubqueryKind::Exists, None, plan);
        Some(if plain { exists } else { terms.apply("not", vec![exists]) })
    }
}
