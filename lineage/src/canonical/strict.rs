//! Where NULL comes out because NULL went in. It must not know which columns can be NULL.

use super::plan::PlanId;
use super::term::{Column, SubqueryKind, Term, TermId};
use super::terms::Terms;
use crate::stack::with_room;

/// Operators that give NULL as soon as one operand is NULL, in every dialect.
fn is_strict_operator(operator: &str) -> bool {
    matches!(
        operator,
        "+" | "-"
            | "*"
            | "/"
            | "%"
            | "//"
            | "div"
            | "="
            | "<>"
            | "<"
            | "<="
            | ">"
            | ">="
            | "like"
            | "ilike"
            | "~"
            | "~*"
            | "rlike"
            | "not"
    )
}

/// Functions that give NULL as soon as their first argument is NULL, in every dialect.
fn is_strict_function(function: &str) -> bool {
    matches!(
        function,
        "abs"
            | "ceil"
            | "ceiling"
            | "floor"
            | "round"
            | "lower"
            | "upper"
            | "trim"
            | "ltrim"
            | "rtrim"
            | "length"
            | "substring"
            | "substr"
            | "sqrt"
            | "ln"
            | "exp"
            | "sign"
            | "reverse"
    )
}

impl Terms {
    /// Whether a term is NULL if all columns of the block's inputs that it uses are, and it uses some.
    pub(super) fn is_strict(&self, id: TermId) -> bool {
        self.is_null_with(id, &|_| true)
    }

    /// Whether a term is NULL if the columns of some inputs of the block are.
    pub(super) fn is_null_with(&self, id: TermId, absent: &dyn Fn(Column) -> bool) -> bool {
        self.is_null_at(id, 0, absent)
    }

    /// The same for columns of the block so many levels around the term.
    fn is_null_at(&self, id: TermId, level: u32, absent: &dyn Fn(Column) -> bool) -> bool {
        // What is put together of itself over and over is not gone through.
        const LARGEST: u32 = 10_000;
        if self.facts(id).outer <= level || self.facts(id).size > LARGEST {
            return self.is_null(id);
        }
        let is_null = |part: &TermId| self.is_null_at(*part, level, absent);
        with_room(|| match self.term(id) {
            Term::Column(column) => column.level == level && absent(Column { level: 0, ..*column }),
            Term::Cast(inner, ..) | Term::Field(inner, _) => is_null(inner),
            Term::Apply(operator, args) if is_strict_operator(self.text(*operator)) => args.iter().any(is_null),
            Term::Call(call) if call.is_plain() && is_strict_function(self.text(call.function)) => {
                call.args.first().is_some_and(is_null)
            }
            // Whichever of its results it has.
            Term::Call(call) if call.is_plain() && self.text(call.function) == "coalesce" => {
                call.args.iter().all(is_null)
            }
            Term::Case(branches, otherwise) => branches.iter().all(|(_, then)| is_null(then)) && is_null(otherwise),
            _ => false,
        })
    }

    /// Whether a condition cannot be true if the columns of some inputs of the block are NULL.
    pub(super) fn rejects_where(&self, condition: TermId, absent: &dyn Fn(Column) -> bool) -> bool {
        self.rejects_at(condition, 0, absent)
    }

    fn rejects_at(&self, condition: TermId, level: u32, absent: &dyn Fn(Column) -> bool) -> bool {
        if self.is_null_at(condition, level, absent) {
            return true;
        }
        let is_null = |part: &TermId| self.is_null_at(*part, level, absent);
        with_room(|| match self.applied(condition) {
            Some(("and", args)) => args.iter().any(|arg| self.rejects_at(*arg, level, absent)),
            Some(("or", args)) => args.iter().all(|arg| self.rejects_at(*arg, level, absent)),
            Some(("in", args)) => args.first().is_some_and(is_null),
            Some(("is true" | "is false", [arg])) => is_null(arg),
            Some(("not", [arg])) => match self.applied(*arg) {
                Some(("is null", [operand])) => is_null(operand),
                Some(("in", args)) => args.first().is_some_and(is_null),
                Some(("or", args)) => args.iter().any(is_null),
                _ => false,
            },
            Some(_) => self.truth_of(condition) == Some(false),
            None => match self.term(condition) {
                Term::Subquery(SubqueryKind::Exists, _, plan) => self.finds_nothing(*plan, level + 1, absent),
                _ => self.truth_of(condition) == Some(false),
            },
        })
    }

    /// Whether a query has no rows if the columns of some inputs so many levels around it are NULL: one of its
    /// conditions cannot be true then. All rows as one group are there all the same.
    fn finds_nothing(&self, plan: PlanId, level: u32, absent: &dyn Fn(Column) -> bool) -> bool {
        let Some(block) = self.block_of(plan).filter(|block| block.frozen.is_none()) else { return false };
        let is_one_group = block.group.as_ref().is_some_and(|group| group.keys.is_empty() || group.sets.is_some());
        !is_one_group && block.conditions.iter().any(|condition| self.rejects_at(*condition, level, absent))
    }

    /// Whether a condition cannot be true if the columns of some inputs of the block are NULL.
    pub(super) fn rejects(&self, condition: TermId, absent: &dyn Fn(u32) -> bool) -> bool {
        self.rejects_where(condition, &|column| absent(column.input))
    }

    /// Whether a term is TRUE, FALSE or NULL in every dialect.
    pub(super) fn is_truth(&self, id: TermId) -> bool {
        match self.applied(id) {
            Some((operator, _)) => matches!(
                operator,
                "and"
                    | "or"
                    | "not"
                    | "="
                    | "<>"
                    | "<"
                    | "<="
                    | ">"
                    | ">="
                    | "is null"
                    | "is true"
                    | "is false"
                    | "in"
                    | "between"
                    | "like"
                    | "ilike"
                    | "is not distinct from"
                    | "in unnest"
                    | "rlike"
                    | "~"
                    | "~*"
            ),
            None => match self.term(id) {
                Term::Subquery(kind, ..) => {
                    matches!(kind, super::term::SubqueryKind::Exists | super::term::SubqueryKind::In)
                }
                _ => self.truth_of(id).is_some() || self.is_null(id),
            },
        }
    }
}
