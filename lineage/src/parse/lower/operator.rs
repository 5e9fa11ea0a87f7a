//! The one spelling of each operator. It must not know how expressions are put together.

use std::borrow::Cow;

use sqlparser::ast::{BinaryOperator, UnaryOperator};

use crate::dialect::Dialect;

/// How a binary operator is spelled, and whether NOT stands around it.
pub(super) fn binary(operator: &BinaryOperator, dialect: Dialect) -> (Cow<'static, str>, Sign) {
    use BinaryOperator as Op;
    let plain = match operator {
        Op::Plus => "+",
        Op::Minus => "-",
        Op::Multiply => "*",
        Op::Divide => "/",
        Op::Modulo => "%",
        Op::StringConcat => "||",
        Op::Gt => ">",
        Op::Lt => "<",
        Op::GtEq => ">=",
        Op::LtEq => "<=",
        // Elsewhere it is an operator of an extension.
        Op::Spaceship if matches!(dialect, Dialect::MySql | Dialect::Databricks | Dialect::ClickHouse) => {
            "is not distinct from"
        }
        Op::Spaceship => "<=>",
        Op::Eq => "=",
        Op::NotEq => "<>",
        Op::And => "and",
        Op::Or => "or",
        Op::Xor => "xor",
        Op::BitwiseOr => "|",
        Op::BitwiseAnd => "&",
        Op::BitwiseXor => "^",
        Op::DuckIntegerDivide => "//",
        Op::MyIntegerDivide => "div",
        Op::PGBitwiseShiftLeft => "<<",
        Op::PGBitwiseShiftRight => ">>",
        Op::Regexp => "rlike",
        Op::PGLikeMatch => "like",
        Op::PGILikeMatch => "ilike",
        Op::PGNotLikeMatch => return (Cow::Borrowed("like"), Sign::Negated),
        Op::PGNotILikeMatch => return (Cow::Borrowed("ilike"), Sign::Negated),
        Op::PGRegexMatch => "~",
        Op::PGRegexIMatch => "~*",
        Op::PGRegexNotMatch => return (Cow::Borrowed("~"), Sign::Negated),
        Op::PGRegexNotIMatch => return (Cow::Borrowed("~*"), Sign::Negated),
        Op::Arrow => "->",
        Op::LongArrow => "->>",
        other => return (Cow::Owned(other.to_string().to_lowercase()), Sign::Plain),
    };
    (Cow::Borrowed(plain), Sign::Plain)
}

/// Whether NOT stands around an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Plain,
    Negated,
}

impl Sign {
    pub(super) const fn of(negated: bool) -> Self {
        if negated { Self::Negated } else { Self::Plain }
    }
}

/// Whether a chain of an operator is one application.
pub(super) const fn is_chained(operator: &BinaryOperator) -> bool {
    matches!(
        operator,
        BinaryOperator::And
            | BinaryOperator::Or
            | BinaryOperator::StringConcat
            | BinaryOperator::Plus
            | BinaryOperator::Multiply
    )
}

/// How a unary operator is spelled.
pub(super) fn unary(operator: UnaryOperator) -> Cow<'static, str> {
    match operator {
        UnaryOperator::Not | UnaryOperator::BangNot => Cow::Borrowed("not"),
        UnaryOperator::Minus => Cow::Borrowed("-"),
        UnaryOperator::Plus => Cow::Borrowed("+"),
        UnaryOperator::BitwiseNot => Cow::Borrowed("~"),
        other => Cow::Owned(other.to_string()),
    }
}
