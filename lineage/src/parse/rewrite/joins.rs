//! Joins that the parser does not know as they are written: those in which a row finds at most one (ASOF
//! of DuckDB and ClickHouse, ANY of ClickHouse), and the tables of a MySQL UPDATE. The parser knows the
//! form of Snowflake, `ASOF JOIN t MATCH_CONDITION (…)`; in the place of its condition stands a text that
//! says which join it was.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{Kept, Notes, closing, is, is_any, token, word};
use crate::dialect::Dialect;

/// What can stand before JOIN together with ASOF and ANY.
const WORDS: [&str; 8] = ["GLOBAL", "ALL", "ANY", "ASOF", "LEFT", "INNER", "RIGHT", "FULL"];

/// What ends a joined table.
const ENDS: [&str; 24] = [
    "ON",
    "USING",
    "JOIN",
    "LEFT",
    "RIGHT",
    "INNER",
    "CROSS",
    "FULL",
    "NATURAL",
    "ASOF",
    "ANY",
    "GLOBAL",
    "WHERE",
    "PREWHERE",
    "GROUP",
    "ORDER",
    "HAVING",
    "QUALIFY",
    "WINDOW",
    "LIMIT",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "SELECT",
];

/// `ASOF LEFT JOIN t ON …` is `ASOF JOIN t MATCH_CONDITION ('asof left') ON …`.
pub(super) fn one_match(tokens: &mut Vec<TokenWithSpan>, dialect: Dialect, notes: &mut Notes) {
    if dialect == Dialect::Snowflake {
        return;
    }
    let mut index = 0;
    while index < tokens.len() {
        let Some(join) = run(tokens, index) else {
            index += 1;
            continue;
        };
        let has = |wanted: &str| (index..join).any(|at| is(tokens, at, wanted));
        let any = dialect == Dialect::ClickHouse && has("ANY");
        if !has("ASOF") && !any {
            index = join + 1;
            continue;
        }
        if has("RIGHT") || has("FULL") {
            // Which side it is that finds one cannot be said.
            notes.kept = Kept::Relations;
            tokens.drain((index..join).find(|at| is_any(tokens, *at, &["ASOF", "ANY"])).map_or(0..0, |at| at..at + 1));
            index += 1;
            continue;
        }
        let kind = match (has("ASOF"), has("LEFT")) {
            (true, true) => "asof left",
            (true, false) => "asof",
            (false, true) => "any left",
            (false, false) => "any",
        };
        let span = tokens[index].span;
        let mut end = join + 1;
        while end < tokens.len() && !is_any(tokens, end, &ENDS) {
            match token(tokens, end) {
                Token::LParen => end = closing(tokens, end) + 1,
                Token::Comma | Token::RParen | Token::SemiColon => break,
                _ => end += 1,
            }
        }
        let end = end.min(tokens.len());
        let marked = |token| TokenWithSpan::new(token, span);
        let condition =
            [word("MATCH_CONDITION"), Token::LParen, Token::SingleQuotedString(kind.to_owned()), Token::RParen];
        tokens.splice(end..end, condition.map(marked));
        tokens.splice(index..join, [marked(word("ASOF"))]);
        index += 2;
    }
}

/// The JOIN at the end of the words here that say which join it is.
fn run(tokens: &[TokenWithSpan], index: usize) -> Option<usize> {
    let mut at = index;
    while is_any(tokens, at, &WORDS) || (at > index && is(tokens, at, "OUTER")) {
        at += 1;
    }
    (at > index && is(tokens, at, "JOIN")).then_some(at)
}

/// `UPDATE t, u SET …` of MySQL is `UPDATE t CROSS JOIN u SET …`, which the parser knows.
pub(super) fn updated(tokens: &mut Vec<TokenWithSpan>, dialect: Dialect, _: &mut Notes) {
    let first = (0..tokens.len()).find(|index| is(tokens, *index, "UPDATE"));
    let Some(update) = first.filter(|_| dialect == Dialect::MySql && is_any(tokens, 0, &["UPDATE", "WITH"])) else {
        return;
    };
    let mut index = update + 1;
    while index < tokens.len() && !is(tokens, index, "SET") {
        match token(tokens, index) {
            Token::LParen => index = closing(tokens, index) + 1,
            Token::Comma => {
                let span = tokens[index].span;
                let join = [word("CROSS"), word("JOIN")].map(|token| TokenWithSpan::new(token, span));
                tokens.splice(index..=index, join);
                index += 2;
            }
            _ => index += 1,
        }
    }
    // Words about how it runs stand where the parser looks for the table.
    while is_any(tokens, update + 1, &["LOW_PRIORITY", "IGNORE"]) {
        tokens.remove(update + 1);
    }
}

/// `UNNEST(xs) WITH OFFSET LEFT JOIN t`: LEFT is no name for the offset.
pub(super) fn unnamed_offsets(tokens: &mut Vec<TokenWithSpan>, dialect: Dialect, _: &mut Notes) {
    if dialect != Dialect::BigQuery {
        return;
    }
    let mut index = 1;
    while index + 1 < tokens.len() {
        if is(tokens, index, "OFFSET")
            && is(tokens, index - 1, "WITH")
            && is_any(tokens, index + 1, &["LEFT", "RIGHT", "FULL", "INNER", "CROSS"])
        {
            let span = tokens[index].span;
            let alias = [word("AS"), word("offset")].map(|token| TokenWithSpan::new(token, span));
            tokens.splice(index + 1..index + 1, alias);
        }
        index += 1;
    }
}
