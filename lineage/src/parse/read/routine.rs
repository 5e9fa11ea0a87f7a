//! The head of a routine: where its statement begins, how long it lives, what it is called and what it returns.

use std::ops::Range;

use super::super::lexer::Lexeme;
use super::super::script::Words;
use crate::dialect::Dialect;
use crate::name::RelationName;
use crate::query::{Lifetime, Returns};

/// Where the statement begins that declares the routine whose name stands at `name`, and how long
/// the routine lives: `CREATE TEMP FUNCTION f` declares one for its script only.
pub(super) fn routine_start(text: &str, lexemes: &[Lexeme], name: usize) -> (usize, Lifetime) {
    const WORDS_BEFORE_A_NAME: usize = 8;
    let words = Words { text, lexemes };
    let mut lifetime = Lifetime::Permanent;
    for index in (name.saturating_sub(WORDS_BEFORE_A_NAME)..name).rev() {
        if words.is_any(index, &["TEMP", "TEMPORARY"]) {
            lifetime = Lifetime::Temporary;
        }
        if words.is_any(index, &["CREATE", "ALTER"]) {
            return (index, lifetime);
        }
    }
    (name, Lifetime::Permanent)
}

/// What a routine returns whose name ends before this place.
pub(super) fn routine_returns(words: &Words<'_>, from: usize) -> Returns {
    const LONGEST_HEAD: usize = 400;
    let end = words.lexemes.len().min(from.saturating_add(LONGEST_HEAD));
    let mut at = from;
    while at < end && words.at(at) != ";" && !words.is_any(at, &["AS", "BEGIN"]) {
        if words.is(at, "RETURNS") && words.is_any(at + 1, &["SETOF", "TABLE"]) {
            return Returns::Rows;
        }
        at = if words.at(at) == "(" { words.after_brackets(at, end) } else { at + 1 };
    }
    Returns::Value
}

pub(super) fn routine_name(words: &Words<'_>, dialect: Dialect) -> Option<RelationName> {
    let range: Range<usize> = words.lexemes.first()?.range().start..words.lexemes.last()?.range().end;
    let name = RelationName::parse(dialect, words.text.get(range)?);
    (!name.is_empty()).then_some(name)
}
