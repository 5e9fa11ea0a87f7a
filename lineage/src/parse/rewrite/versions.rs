//! Another version of the same relation, noted down beside its name: time travel, and FINAL of
//! ClickHouse.

use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{Notes, closing, contains_query, is, is_any, spelled, token};
use crate::dialect::Dialect;

/// `t FOR VERSION AS OF …`, `t VERSION AS OF …`: another version of the same table.
pub(super) fn time_travel(tokens: &mut Vec<TokenWithSpan>, dialect: Dialect, notes: &mut Notes) {
    const ENDS: [&str; 24] = [
        "JOIN",
        "WHERE",
        "AS",
        "ON",
        "LEFT",
        "RIGHT",
        "INNER",
        "CROSS",
        "FULL",
        "GROUP",
        "ORDER",
        "LIMIT",
        "UNION",
        "USING",
        "NATURAL",
        "HAVING",
        "QUALIFY",
        "WINDOW",
        "EXCEPT",
        "INTERSECT",
        "TABLESAMPLE",
        "PIVOT",
        "UNPIVOT",
        "SELECT",
    ];
    let mut index = 1;
    while index < tokens.len() {
        let kinds = ["VERSION", "TIMESTAMP", "SYSTEM_VERSION", "SYSTEM_TIME"];
        let for_at = usize::from(is(tokens, index, "FOR"));
        let travels = is_any(tokens, index + for_at, &kinds)
            && is(tokens, index + for_at + 1, "AS")
            && is(tokens, index + for_at + 2, "OF");
        if travels {
            let mut end = index + for_at + 3;
            while end < tokens.len() {
                match token(tokens, end) {
                    Token::LParen => end = closing(tokens, end),
                    Token::RParen | Token::Comma | Token::SemiColon => break,
                    _ if is_any(tokens, end, &ENDS) => break,
                    _ => {}
                }
                end += 1;
            }
            let end = end.min(tokens.len());
            let end = after_expression(tokens, index + for_at + 3, end, dialect);
            if !contains_query(&tokens[index..end]) {
                let version = spelled(&tokens[index..end]);
                notes.version_at(tokens, beginning(tokens, index - 1), version);
                tokens.drain(index..end);
            }
        }
        index += 1;
    }
}

/// `orders AS o FINAL`: the rows after they are merged.
pub(super) fn merged(tokens: &mut Vec<TokenWithSpan>, dialect: Dialect, notes: &mut Notes) {
    if dialect != Dialect::ClickHouse {
        return;
    }
    let mut index = 2;
    while index < tokens.len() {
        let follows = matches!(token(tokens, index - 1), Token::Word(_));
        if !follows || !is(tokens, index, "FINAL") || is_any(tokens, index - 1, &["AS", "FROM", "JOIN"]) {
            index += 1;
            continue;
        }
        let named = if is(tokens, index - 2, "AS") {
            index.saturating_sub(3)
        } else if matches!(token(tokens, index - 2), Token::Word(_)) && !is_any(tokens, index - 2, &["FROM", "JOIN"]) {
            index - 2
        } else {
            index - 1
        };
        notes.version_at(tokens, beginning(tokens, named), "final".to_owned());
        tokens.remove(index);
    }
}

/// Where the expression ends that begins here; what follows it within the range is an alias.
fn after_expression(tokens: &[TokenWithSpan], from: usize, to: usize, dialect: Dialect) -> usize {
    let Some(range) = tokens.get(from..to) else { return to };
    let mut parser = Parser::new(dialect.grammar()).with_tokens_with_locations(range.to_vec());
    match parser.parse_expr() {
        Ok(_) => (from + parser.index()).min(to),
        Err(_) => to,
    }
}

/// Where the dotted name begins whose last part stands here.
fn beginning(tokens: &[TokenWithSpan], last: usize) -> usize {
    let mut at = last;
    while at >= 2 && *token(tokens, at - 1) == Token::Period {
        at -= 2;
    }
    at
}
