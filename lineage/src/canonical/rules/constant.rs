//! Constants that are worked out, and casts that say nothing new. Only whole numbers of few digits are
//! computed with, and never divided: what a division gives differs by dialect, and so does the scale of a
//! decimal number.

use super::compare::whole_number;
use crate::canonical::term::{Term, TermId};
use crate::canonical::terms::Terms;
use crate::dialect::Dialect;
use crate::query::tree::{CastMode, LiteralKind};

/// Sums, differences and products of whole numbers; `a + b` as `b + a` where both are numbers for sure
/// or `+` means nothing else. More than two floats are not added in another order.
pub(super) fn arithmetic(terms: &mut Terms, operator: &str, mut args: Vec<TermId>) -> TermId {
    if let ("-", [only]) = (operator, args.as_slice())
        && let Some(number) = whole_number(terms, *only).and_then(i64::checked_neg)
    {
        return number_term(terms, number);
    }
    let numbers: Option<Vec<i64>> = args.iter().map(|arg| whole_number(terms, *arg)).collect();
    if let Some(numbers) = numbers.filter(|numbers| numbers.len() > 1) {
        let combined = numbers.iter().skip(1).try_fold(numbers[0], |sum, number| match operator {
            "+" => sum.checked_add(*number),
            "-" => sum.checked_sub(*number),
            _ => sum.checked_mul(*number),
        });
        if let Some(result) = combined.filter(|result| i32::try_from(*result).is_ok()) {
            return number_term(terms, result);
        }
    }
    // In T-SQL `+` puts texts together.
    if (operator == "*" || (operator == "+" && terms.dialect != Dialect::TSql)) && args.len() > 1 {
        args[..2].sort_unstable();
    }
    let operator = terms.word(operator);
    terms.keep(Term::Apply(operator, args))
}

fn number_term(terms: &mut Terms, number: i64) -> TermId {
    terms.literal(LiteralKind::Number, &number.to_string())
}

/// A cast to what a cast gave already; types under one of their names; a date that is written as a text.
pub(super) fn cast(terms: &mut Terms, inner: TermId, data_type: &str, mode: CastMode) -> TermId {
    let data_type = type_name(terms.dialect, data_type);
    if let Term::Cast(_, before, _) = terms.term(inner)
        && terms.text(*before) == data_type
    {
        return inner;
    }
    if data_type == "DATE"
        && mode == CastMode::Strict
        && let Some((LiteralKind::String, text)) = terms.constant(inner)
        && is_date(text)
    {
        let spelled = format!("DATE '{text}'");
        return terms.literal(LiteralKind::Other, &spelled);
    }
    let data_type = terms.word(data_type);
    terms.keep(Term::Cast(inner, data_type, mode))
}

/// Whether a text is a date as every engine reads it.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// The name of a type that has several in a dialect.
fn type_name(dialect: Dialect, name: &str) -> &str {
    match (dialect, name) {
        (_, "INTEGER" | "INT4") if dialect != Dialect::Snowflake && dialect != Dialect::BigQuery => "INT",
        (_, "BOOL") => "BOOLEAN",
        (_, "CHARACTER VARYING") => "VARCHAR",
        (_, "DECIMAL") if dialect != Dialect::ClickHouse => "NUMERIC",
        (Dialect::Postgres | Dialect::Redshift, "FLOAT8") => "DOUBLE PRECISION",
        (Dialect::Postgres | Dialect::Redshift, "INT8") => "BIGINT",
        (Dialect::Snowflake, "STRING" | "TEXT") => "VARCHAR",
        (Dialect::Snowflake, "INTEGER" | "BIGINT" | "SMALLINT" | "TINYINT" | "BYTEINT") => "INT",
        (Dialect::Snowflake, "NUMBER") => "NUMERIC",
        (Dialect::Snowflake, "DOUBLE" | "FLOAT4" | "FLOAT8" | "DOUBLE PRECISION" | "REAL") => "FLOAT",
        (Dialect::Snowflake, "DATETIME") => "TIMESTAMP_NTZ",
        (Dialect::BigQuery, "INT" | "INTEGER" | "BIGINT" | "SMALLINT" | "TINYINT" | "BYTEINT") => "INT64",
        (Dialect::DuckDb, "STRING" | "TEXT") => "VARCHAR",
        (Dialect::Databricks, "LONG") => "BIGINT",
        _ => name,
    }
}

/// Functions of constants.
pub(super) fn function(terms: &mut Terms, name: &str, args: &[TermId]) -> Option<TermId> {
    match (name, args) {
        // `current_date` with and without brackets is one call already.
        ("date", [only]) if terms.dialect == Dialect::BigQuery => {
            let (LiteralKind::String, text) = terms.constant(*only)? else { return None };
            let text = text.to_owned();
            is_date(&text).then(|| terms.literal(LiteralKind::Other, &format!("DATE '{text}'")))
        }
        _ => None,
    }
}
