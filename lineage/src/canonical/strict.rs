//! Where NULL comes out because NULL went in. It must not know which columns can be NULL.

use super::term::{Column, Term, TermId};
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
        // What is put together of itself over and over is not gone through.
        const LARGEST: u32 = 10_000;
        if self.facts(id).outer == 0 || self.facts(id).size > LARGEST {
            return self.is_null(id);
        }
        with_room(|| match self.term(id) {
            Term::Column(column) => column.level == 0 && absent(*column),
            Term::Cast(inner, ..) | Term::Field(inner, _) => self.is_null_with(*inner, absent),
            Term::Apply(operator, args) if is_strict_operator(self.text(*operator)) => {
                args.iter().any(|arg| self.is_null_with(*arg, absent))
            }
            Term::Call(call) if call.is_plain() && is_strict_function(self.text(call.function)) => {
                call.args.first().is_some_and(|arg| self.is_null_with(*arg, absent))
            }
            // Whichever of its results it has.
            Term::Call(call) if call.is_plain() && self.text(call.function) == "coalesce" => {
                call.args.iter().all(|arg| self.is_null_with(*arg, absent))
            }
            Term::Case(branches, otherwise) => {
                branches.iter().all(|(_, then)| self.is_null_with(*then, absent))
                    && self.is_null_with(*otherwise, absent)
            }
            _ => false,
        })
    }

    /// Whether a condition cannot be true if the columns of some inputs of the block are NULL.
    pub(super) fn rejects_where(&self, condition: TermId, absent: &dyn Fn(Column) -> bool) -> bool {
        if self.is_null_with(condition, absent) {
            return true;
        }
        with_room(|| match self.applied(condition) {
            Some(("and", args)) => args.iter().any(|arg| self.rejects_where(*arg, absent)),
            Some(("or", args)) => args.iter().all(|arg| self.rejects_where(*arg, absent)),
            Some(("in", args)) => args.first().is_some_and(|operand| self.is_null_with(*operand, absent)),
            Some(("is true" | "is false", [arg])) => self.rejects_is(*arg, absent),
            Some(("not", [arg])) => match self.applied(*arg) {
                Some(("is null", [operand])) => self.is_null_with(*operand, absent),
                Some(("in", args)) => args.first().is_some_and(|operand| self.is_null_with(*operand, absent)),
                Some(("or", args)) => args.iter().any(|arg| self.is_null_with(*arg, absent)),
                _ => false,
            },
            _ => self.truth_of(condition) == Some(false),
        })
    }

    /// Whether a condition cannot be true if the columns of some inputs of the block are NULL.
    pub(super) fn rejects(&self, condition: TermId, absent: &dyn Fn(u32) -> bool) -> bool {
        self.rejects_where(condition, &|column| absent(column.input))
    }

    fn rejects_is(&self, operand: TermId, absent: &dyn Fn(Column) -> bool) -> bool {
        self.is_null_with(operand, absent)
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
