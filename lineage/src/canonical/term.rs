//! Scalar expressions with names resolved away, each kept once: two that are equal have one id, on
//! whichever side they stand. It must not know how they come about, nor when two forms of them mean
//! the same.

use std::sync::Arc;

use super::plan::PlanId;
use crate::query::tree::{CastMode, Direction, LiteralKind, NullsAt};

/// A term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TermId(pub(super) u32);

/// A text: of a literal, an operator, a function, a type, a column's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(pub(super) u32);

/// A column of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Column {
    /// Of which block: 0 is the one that the term stands in, 1 the one around that, and so on. Each
    /// plan, in FROM as in an expression, is one level.
    pub level: u32,
    /// The place among the inputs of that block.
    pub input: u32,
    /// Which column of it.
    pub part: Part,
}

/// Which column of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// An output of the nested plan that the input is, by its place.
    Place(u32),
    /// A column of a relation, or one that passes through the rest of a plan, by its name.
    Name(Word),
    /// The whole row.
    Row,
}

/// A scalar expression.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Term {
    /// A column.
    Column(Column),
    /// The one of several columns that there is: which one has the name is not known.
    Candidates(Vec<TermId>),
    /// A constant.
    Literal(LiteralKind, Word),
    /// A placeholder, a variable, a constant that is spelled like a name.
    Parameter(Word),
    /// A parameter of a lambda: how many lambdas further out, and its place.
    Bound(u32, u32),
    /// An operator or a form with a grammar of its own.
    Apply(Word, Vec<TermId>),
    /// A call of a function.
    Call(Box<Call>),
    /// CASE without an operand: conditions with their results, and what there is otherwise.
    Case(Vec<(TermId, TermId)>, TermId),
    /// A cast to a type.
    Cast(TermId, Word, CastMode),
    /// A field of a record.
    Field(TermId, Word),
    /// An element of an array or map.
    Index(TermId, TermId),
    /// A query in an expression.
    Subquery(SubqueryKind, Option<TermId>, PlanId),
    /// A function of so many parameters.
    Lambda(u32, TermId),
    /// An expression with a name: a field of a struct, a named argument.
    Named(Word, TermId),
}

/// In what role a query stands in an expression. What is negated has `not` around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubqueryKind {
    /// Its one value.
    Scalar,
    /// Whether it has rows.
    Exists,
    /// Whether its rows hold the operand.
    In,
    /// `operand op ANY (…)`, `operand op ALL (…)`.
    Compared(Word),
    /// `ARRAY(SELECT …)`.
    Array,
}

/// A call of a function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    /// Its name.
    pub function: Word,
    /// Its arguments; none for `count(*)`.
    pub args: Vec<TermId>,
    /// DISTINCT.
    pub distinct: bool,
    /// ORDER BY in the brackets or WITHIN GROUP.
    pub order: Vec<Sort>,
    /// FILTER.
    pub filter: Option<TermId>,
    /// OVER.
    pub over: Option<Over>,
    /// IGNORE NULLS and the like.
    pub modifiers: Option<Word>,
    /// Expressions of the modifiers.
    pub modifier_args: Vec<TermId>,
}

impl Call {
    /// A call of nothing but a function and arguments.
    #[must_use]
    pub const fn plain(function: Word, args: Vec<TermId>) -> Self {
        Self {
            function,
            args,
            distinct: false,
            order: Vec::new(),
            filter: None,
            over: None,
            modifiers: None,
            modifier_args: Vec::new(),
        }
    }

    /// Whether it is nothing but a function and arguments.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        !self.distinct
            && self.order.is_empty()
            && self.filter.is_none()
            && self.over.is_none()
            && self.modifiers.is_none()
            && self.modifier_args.is_empty()
    }
}

/// A window.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Over {
    /// PARTITION BY: a set.
    pub partition: Vec<TermId>,
    /// ORDER BY.
    pub order: Vec<Sort>,
    /// The frame.
    pub frame: Option<Word>,
    /// The bounds of the frame that are no constants.
    pub frame_args: Vec<TermId>,
}

/// A key of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sort {
    /// What is sorted by.
    pub term: TermId,
    /// Which way.
    pub direction: Direction,
    /// Where NULLs go, where that is said.
    pub nulls: Option<NullsAt>,
}

/// What is known of a term or a plan without looking into it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// How many levels of blocks around it must be there for its columns to mean something: 0 if it
    /// names no column that is not its own.
    pub outer: u32,
    /// What is in it.
    pub traits: Traits,
    /// How many parts it has, itself included; repeated parts count again.
    pub size: u32,
}

/// What is somewhere in a term, outside of its subqueries but for [`Traits::VOLATILE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traits(u8);

impl Traits {
    /// A call that makes one value of many rows, or may do so.
    pub const AGGREGATE: Self = Self(1);
    /// A window function.
    pub const WINDOW: Self = Self(2);
    /// What may give another value each time.
    pub const VOLATILE: Self = Self(4);
    /// A call that makes several rows of one.
    pub const GENERATOR: Self = Self(8);
    /// A query.
    pub const SUBQUERY: Self = Self(16);
    /// The row of an input as a whole.
    pub const ROW: Self = Self(32);
    /// A call of a function of which nothing is known.
    pub const UNKNOWN: Self = Self(64);
    /// A parameter of a lambda.
    pub const BOUND: Self = Self(128);

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Without some.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Those that are among others too.
    #[must_use]
    pub const fn only(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether any of some are there.
    #[must_use]
    pub const fn has(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }
}

impl Term {
    /// The terms that it is directly made of, in order; what is inside of plans is not among them.
    pub fn parts(&self) -> Vec<TermId> {
        match self {
            Self::Column(_) | Self::Literal(..) | Self::Parameter(_) | Self::Bound(..) => Vec::new(),
            Self::Candidates(parts) | Self::Apply(_, parts) => parts.clone(),
            Self::Call(call) => call.parts(),
            Self::Case(branches, otherwise) => {
                let mut parts: Vec<TermId> = branches.iter().flat_map(|(when, then)| [*when, *then]).collect();
                parts.push(*otherwise);
                parts
            }
            Self::Cast(inner, ..) | Self::Field(inner, _) | Self::Lambda(_, inner) | Self::Named(_, inner) => {
                vec![*inner]
            }
            Self::Index(inner, at) => vec![*inner, *at],
            Self::Subquery(_, operand, _) => operand.iter().copied().collect(),
        }
    }

    /// The same with other parts, in the same order.
    #[must_use]
    pub fn with_parts(&self, parts: &[TermId]) -> Self {
        let mut next = parts.iter().copied();
        let mut map = |old: TermId| next.next().unwrap_or(old);
        match self {
            Self::Column(_) | Self::Literal(..) | Self::Parameter(_) | Self::Bound(..) => self.clone(),
            Self::Candidates(old) => Self::Candidates(old.iter().map(|part| map(*part)).collect()),
            Self::Apply(word, old) => Self::Apply(*word, old.iter().map(|part| map(*part)).collect()),
            Self::Call(call) => Self::Call(Box::new(call.map(&mut map))),
            Self::Case(branches, otherwise) => {
                let branches = branches.iter().map(|(when, then)| (map(*when), map(*then))).collect();
                Self::Case(branches, map(*otherwise))
            }
            Self::Cast(inner, data_type, mode) => Self::Cast(map(*inner), *data_type, *mode),
            Self::Field(inner, name) => Self::Field(map(*inner), *name),
            Self::Lambda(count, inner) => Self::Lambda(*count, map(*inner)),
            Self::Named(name, inner) => Self::Named(*name, map(*inner)),
            Self::Index(inner, at) => {
                let inner = map(*inner);
                Self::Index(inner, map(*at))
            }
            Self::Subquery(kind, operand, plan) => Self::Subquery(*kind, operand.map(map), *plan),
        }
    }
}

impl Call {
    fn parts(&self) -> Vec<TermId> {
        let mut parts = self.args.clone();
        parts.extend(self.order.iter().map(|key| key.term));
        parts.extend(self.filter);
        if let Some(over) = &self.over {
            parts.extend_from_slice(&over.partition);
            parts.extend(over.order.iter().map(|key| key.term));
            parts.extend_from_slice(&over.frame_args);
        }
        parts.extend_from_slice(&self.modifier_args);
        parts
    }

    fn map(&self, map: &mut impl FnMut(TermId) -> TermId) -> Self {
        let mut call = self.clone();
        call.args.iter_mut().for_each(|part| *part = map(*part));
        call.order.iter_mut().for_each(|key| key.term = map(key.term));
        call.filter = call.filter.map(&mut *map);
        if let Some(over) = &mut call.over {
            over.partition.iter_mut().for_each(|part| *part = map(*part));
            over.order.iter_mut().for_each(|key| key.term = map(key.term));
            over.frame_args.iter_mut().for_each(|part| *part = map(*part));
        }
        call.modifier_args.iter_mut().for_each(|part| *part = map(*part));
        call
    }
}

/// A term that is kept, and what is known of it.
#[derive(Debug, Clone)]
pub(super) struct Kept<T> {
    pub(super) value: Arc<T>,
    pub(super) facts: Facts,
}
