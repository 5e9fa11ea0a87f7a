//! DuckDB's samples, `USING SAMPLE 10%` and `TABLESAMPLE reservoir(10 ROWS)`: dropped, as they take their size
//! from constants only. A text with another sample is still another text.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{Notes, closing, is, is_any, token};
use crate::dialect::Dialect;

/// Drops each sample.
pub(super) fn dropped(tokens: &mut Vec<TokenWithSpan>, dialect: Dialect, _: &mut Notes) {
    if dialect != Dialect::DuckDb {
        return;
    }
    let mut index = 1;
    while index < tokens.len() {
        let size = if is(tokens, index, "USING") && is(tokens, index + 1, "SAMPLE") {
            Some(index + 2)
        } else if is(tokens, index, "TABLESAMPLE") {
            Some(index + 1)
        } else {
            None
        };
        match size.and_then(|size| end(tokens, size)) {
            Some(end) => drop(tokens.drain(index..end)),
            None => index += 1,
        }
    }
}

/// The index behind a sample's size, method and seed.
fn end(tokens: &[TokenWithSpan], from: usize) -> Option<usize> {
    match token(tokens, from) {
        // `reservoir(50 ROWS) REPEATABLE (100)`
        Token::Word(_) if *token(tokens, from + 1) == Token::LParen => {
            let close = closing(tokens, from + 1);
            let behind_size = size(tokens, from + 2)?;
            if behind_size != close {
                return None;
            }
            let seeded = is(tokens, close + 1, "REPEATABLE") && *token(tokens, close + 2) == Token::LParen;
            Some(if seeded { closing(tokens, close + 2) + 1 } else { close + 1 }).filter(|end| *end <= tokens.len())
        }
        // `20% (system, 377)`
        Token::Number(..) => {
            let end = size(tokens, from)?;
            let method =
                *token(tokens, end) == Token::LParen && is_any(tokens, end + 1, &["SYSTEM", "BERNOULLI", "RESERVOIR"]);
            Some(if method { closing(tokens, end) + 1 } else { end }).filter(|end| *end <= tokens.len())
        }
        _ => None,
    }
}

/// The index behind a size: `10`, `10%`, `10 PERCENT`, `10 ROWS`.
fn size(tokens: &[TokenWithSpan], from: usize) -> Option<usize> {
    if !matches!(token(tokens, from), Token::Number(..)) {
        return None;
    }
    let unit = *token(tokens, from + 1) == Token::Mod || is_any(tokens, from + 1, &["PERCENT", "ROWS"]);
    Some(if unit { from + 2 } else { from + 1 })
}
