//! `TABLE orders`, which is `SELECT * FROM orders`, wherever a query can stand.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{Notes, is, is_any, token, word};
use crate::dialect::Dialect;

/// What a query can stand behind.
const BEFORE: [&str; 8] = ["UNION", "EXCEPT", "INTERSECT", "MINUS", "ALL", "DISTINCT", "NAME", "AS"];

/// What can follow a query.
const AFTER: [&str; 13] = [
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "MINUS",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "FETCH",
    "ON",
    "RETURNING",
    "AS",
    "WITH",
    "SETTINGS",
];

/// Writes the command out. Elsewhere the word says what a name is, as in CREATE TABLE and INSERT INTO
/// TABLE, and there no query could begin; or a column is called so, and there no name follows.
pub(super) fn commands(tokens: &mut Vec<TokenWithSpan>, _: Dialect, _: &mut Notes) {
    let mut index = 0;
    while index < tokens.len() {
        if is(tokens, index, "TABLE") && begins_query(tokens, index) && is_all_of_it(tokens, index + 1) {
            let span = tokens[index].span;
            let query = [word("SELECT"), Token::Mul, word("FROM")];
            tokens.splice(index..=index, query.map(|token| TokenWithSpan::new(token, span)));
            index += 2;
        }
        index += 1;
    }
}

fn begins_query(tokens: &[TokenWithSpan], index: usize) -> bool {
    let Some(before) = index.checked_sub(1) else { return true };
    match token(tokens, before) {
        Token::LParen => true,
        Token::RParen => is_any(tokens, 0, &["INSERT", "REPLACE", "WITH"]),
        Token::Word(_) if is_any(tokens, before, &BEFORE) => true,
        // `INSERT INTO x TABLE y`, but not `INSERT INTO TABLE y`.
        Token::Word(_) => is_any(tokens, 0, &["INSERT", "REPLACE", "WITH"]) && follows_target(tokens, before),
        _ => false,
    }
}

/// Whether the name that ends here is what INTO fills.
fn follows_target(tokens: &[TokenWithSpan], last: usize) -> bool {
    if is_any(tokens, last, &["INTO", "OVERWRITE"]) {
        return false;
    }
    let mut first = last;
    while first >= 2 && *token(tokens, first - 1) == Token::Period {
        first -= 2;
    }
    first > 0 && is_any(tokens, first - 1, &["INTO", "OVERWRITE", "TABLE", "REPLACE", "INSERT"])
}

/// Whether a name stands here, and nothing behind it that a query could not be followed by.
fn is_all_of_it(tokens: &[TokenWithSpan], from: usize) -> bool {
    if !matches!(token(tokens, from), Token::Word(_)) {
        return false;
    }
    let mut end = from + 1;
    while *token(tokens, end) == Token::Period {
        end += 2;
    }
    matches!(token(tokens, end), Token::EOF | Token::RParen | Token::SemiColon) || is_any(tokens, end, &AFTER)
}
