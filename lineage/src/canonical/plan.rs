//! Queries with names resolved away, each kept once. A [`Block`] is one SELECT in which nothing is left
//! of aliases, of the order of conditions, and of derived tables that only project and filter. It must
//! not know how it comes about.

use super::term::{Sort, TermId, Word};
use crate::query::block::{Duplicates, JoinKind, Lateral, SetOperator};

/// A plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanId(pub(super) u32);

/// A query, or what stands in FROM. Its columns are found by place, or by name where it is a relation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Plan {
    /// A relation outside the query, by its identity, and the version of it that is read.
    Relation(Word, Option<Word>),
    /// A SELECT.
    Block(Box<Block>),
    /// A set operation, matched by place.
    Set(SetPlan),
    /// Rows.
    Values(Vec<Vec<TermId>>),
    /// A recursive query: inside it, [`Plan::Step`] is what the steps before gave.
    Recursive(PlanId),
    /// What the steps before gave, of so many recursive queries further out.
    Step(u32),
    /// One row for each element of arrays; the word spells which columns there are. The arrays stand
    /// in this plan, one level below the block whose input it is.
    Unnest(Word, Vec<TermId>),
    /// A table function, with its relation if it can be one.
    Function(Word, Option<Word>, Vec<TermId>),
    /// What is not understood: equal only to what is written the same over the same parts.
    Opaque(Word, Vec<TermId>, Vec<PlanId>),
}

/// A set operation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SetPlan {
    /// Which.
    pub operator: SetOperator,
    /// What becomes of duplicates.
    pub duplicates: Duplicates,
    /// The branches.
    pub branches: Vec<PlanId>,
    /// How many columns there are.
    pub width: u32,
    /// The order that the limit keeps to.
    pub order: Vec<Sort>,
    /// How many rows are kept.
    pub limit: Option<Limit>,
}

/// One SELECT.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Block {
    /// What stands in FROM.
    pub inputs: Vec<Input>,
    /// How they are joined.
    pub from: From,
    /// What holds of every row: WHERE and the conditions of inner joins. A set.
    pub conditions: Vec<TermId>,
    /// GROUP BY, and aggregates without it.
    pub group: Option<Group>,
    /// HAVING. A set.
    pub having: Vec<TermId>,
    /// QUALIFY. A set.
    pub qualify: Vec<TermId>,
    /// DISTINCT.
    pub distinct: Distinct,
    /// The columns.
    pub outputs: Vec<TermId>,
    /// Columns that pass through by their own names.
    pub rest: Option<Rest>,
    /// The order that LIMIT or DISTINCT ON keeps to; none without these.
    pub order: Vec<Sort>,
    /// How many rows are kept.
    pub limit: Option<Limit>,
    /// Why no rule may touch it, where that is so.
    pub frozen: Option<Word>,
}

/// An input of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Input {
    /// What it is.
    pub plan: PlanId,
    /// TABLESAMPLE.
    pub sample: Option<Word>,
    /// Whether it can depend on the row of other inputs.
    pub lateral: Lateral,
}

/// How inputs are joined: all parts with each other, and then step by step. What inner joins ask for
/// stands among the conditions around it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct From {
    /// Joined with each other, each pair of rows.
    pub core: Vec<FromPart>,
    /// Joined to all before.
    pub steps: Vec<Step>,
}

/// One of the parts that are joined with each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FromPart {
    /// An input.
    Input(u32),
    /// A full join.
    Full(Box<Full>),
}

/// A full join.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Full {
    /// One side, and what holds of its rows.
    pub left: (From, Vec<TermId>),
    /// The other side, and what holds of its rows.
    pub right: (From, Vec<TermId>),
    /// Which pairs match.
    pub on: Vec<TermId>,
}

/// An outer join to all before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step {
    /// [`JoinKind::Left`], [`JoinKind::AsOf`] or [`JoinKind::AsOfLeft`].
    pub kind: JoinKind,
    /// What is joined.
    pub right: From,
    /// Which pairs match; what holds of the right side alone is among them.
    pub on: Vec<TermId>,
}

/// GROUP BY.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Group {
    /// The keys: a set, but for several grouping sets, whose order counts. None at all: all rows make
    /// one row, also if there are none.
    pub keys: Vec<TermId>,
    /// Several grouping sets, as spelled.
    pub sets: Option<Word>,
}

/// DISTINCT.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Distinct {
    /// None.
    #[default]
    All,
    /// SELECT DISTINCT.
    Distinct,
    /// DISTINCT ON.
    On(Vec<TermId>),
}

/// Columns that pass through a block by their own names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rest {
    /// In what order columns and stars stand: `e` for an expression, `*` for a star.
    pub skeleton: Word,
    /// From which inputs, in order, and what of each does not pass.
    pub parts: Vec<(u32, Vec<Word>)>,
    /// The names of the columns that are known.
    pub names: Vec<Word>,
}

/// How many rows are kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Limit {
    /// At most so many.
    pub count: Option<TermId>,
    /// After so many.
    pub offset: Option<TermId>,
    /// LIMIT n BY these.
    pub by: Vec<TermId>,
    /// WITH TIES, PERCENT.
    pub modifiers: Option<Word>,
}

impl From {
    /// The inputs in it, in order.
    #[must_use]
    pub fn inputs(&self) -> Vec<u32> {
        let mut found = Vec::new();
        self.gather(&mut found);
        found
    }

    fn gather(&self, found: &mut Vec<u32>) {
        for part in &self.core {
            match part {
                FromPart::Input(input) => found.push(*input),
                FromPart::Full(full) => {
                    full.left.0.gather(found);
                    full.right.0.gather(found);
                }
            }
        }
        self.steps.iter().for_each(|step| step.right.gather(found));
    }

    /// The conditions in it: of its steps and full joins.
    #[must_use]
    pub fn terms(&self) -> Vec<TermId> {
        let mut found = Vec::new();
        self.each_term(&mut |term| found.push(*term));
        found
    }

    fn each_term(&self, visit: &mut impl FnMut(&TermId)) {
        for part in &self.core {
            if let FromPart::Full(full) = part {
                full.left.0.each_term(visit);
                full.left.1.iter().for_each(&mut *visit);
                full.right.0.each_term(visit);
                full.right.1.iter().for_each(&mut *visit);
                full.on.iter().for_each(&mut *visit);
            }
        }
        for step in &self.steps {
            step.right.each_term(visit);
            step.on.iter().for_each(&mut *visit);
        }
    }

    /// Changes its inputs and its conditions.
    pub(crate) fn change(&mut self, input: &mut dyn FnMut(u32) -> u32, term: &mut dyn FnMut(TermId) -> TermId) {
        for part in &mut self.core {
            match part {
                FromPart::Input(place) => *place = input(*place),
                FromPart::Full(full) => {
                    for side in [&mut full.left, &mut full.right] {
                        side.0.change(input, term);
                        side.1.iter_mut().for_each(|condition| *condition = term(*condition));
                    }
                    full.on.iter_mut().for_each(|condition| *condition = term(*condition));
                }
            }
        }
        for step in &mut self.steps {
            step.right.change(input, term);
            step.on.iter_mut().for_each(|condition| *condition = term(*condition));
        }
    }
}

impl Block {
    /// Every term of the block itself, in a fixed order.
    #[must_use]
    pub fn terms(&self) -> Vec<TermId> {
        let mut found = self.from.terms();
        found.extend_from_slice(&self.conditions);
        found.extend(self.group.iter().flat_map(|group| &group.keys));
        found.extend_from_slice(&self.having);
        found.extend_from_slice(&self.qualify);
        if let Distinct::On(keys) = &self.distinct {
            found.extend_from_slice(keys);
        }
        found.extend_from_slice(&self.outputs);
        found.extend(self.order.iter().map(|key| key.term));
        found.extend(self.limit.iter().flat_map(Limit::terms));
        found
    }

    /// Changes every term of the block itself.
    pub(crate) fn change_terms(&mut self, change: &mut dyn FnMut(TermId) -> TermId) {
        self.from.change(&mut |input| input, change);
        let mut all = |terms: &mut Vec<TermId>| terms.iter_mut().for_each(|term| *term = change(*term));
        all(&mut self.conditions);
        if let Some(group) = &mut self.group {
            all(&mut group.keys);
        }
        all(&mut self.having);
        all(&mut self.qualify);
        if let Distinct::On(keys) = &mut self.distinct {
            all(keys);
        }
        all(&mut self.outputs);
        self.order.iter_mut().for_each(|key| key.term = change(key.term));
        if let Some(limit) = &mut self.limit {
            limit.change(change);
        }
    }
}

impl Limit {
    fn terms(&self) -> impl Iterator<Item = &TermId> {
        self.count.iter().chain(&self.offset).chain(&self.by)
    }

    pub(crate) fn change(&mut self, change: &mut dyn FnMut(TermId) -> TermId) {
        self.count = self.count.map(&mut *change);
        self.offset = self.offset.map(&mut *change);
        self.by.iter_mut().for_each(|term| *term = change(*term));
    }
}

impl SetPlan {
    pub(super) fn terms(&self) -> Vec<TermId> {
        self.order.iter().map(|key| key.term).chain(self.limit.iter().flat_map(Limit::terms).copied()).collect()
    }
}
