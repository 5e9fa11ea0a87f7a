//! Clauses inside JSON functions, which say how values are quoted and what replaces errors.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{Kept, Notes, closing, contains_query, is, is_any, spelled, token};
use crate::dialect::Dialect;

const FUNCTIONS: [&str; 8] = [
    "JSON_QUERY",
    "JSON_VALUE",
    "JSON_EXISTS",
    "JSON_OBJECT",
    "JSON_ARRAY",
    "JSON_OBJECTAGG",
    "JSON_ARRAYAGG",
    "JSON_TABLE",
];

const CLAUSES: [&str; 10] =
    ["OMIT", "KEEP", "RETURNING", "DEFAULT", "WITH", "WITHOUT", "ABSENT", "ERROR", "PASSING", "FORMAT"];

/// The clauses become arguments: a text that spells them, and the values that they hold.
pub(super) fn clauses(tokens: &mut Vec<TokenWithSpan>, _: Dialect, notes: &mut Notes) {
    let mut index = 0;
    while index + 1 < tokens.len() {
        if is_any(tokens, index, &FUNCTIONS) && *token(tokens, index + 1) == Token::LParen {
            let table = is(tokens, index, "JSON_TABLE");
            let end = closing(tokens, index + 1);
            let mut at = index + 2;
            while at < end {
                match token(tokens, at) {
                    Token::LParen => at = closing(tokens, at),
                    Token::Colon => tokens[at].token = Token::Comma,
                    _ if is(tokens, at, "VALUE") => tokens[at].token = Token::Comma,
                    _ if at > index + 2 && *token(tokens, at - 1) != Token::Comma && begins_clause(tokens, at) => {
                        let end = end.min(tokens.len());
                        if !contains_query(&tokens[at..end]) {
                            let arguments = if table { Vec::new() } else { arguments(&tokens[at..end]) };
                            if table && holds_values(&tokens[at..end]) {
                                notes.kept = Kept::Relations;
                            }
                            tokens.splice(at..end, arguments);
                        }
                        break;
                    }
                    _ => {}
                }
                at += 1;
            }
        }
        index += 1;
    }
}

fn begins_clause(tokens: &[TokenWithSpan], at: usize) -> bool {
    is_any(tokens, at, &CLAUSES) || (is(tokens, at, "NULL") && is(tokens, at + 1, "ON"))
}

fn holds_values(tokens: &[TokenWithSpan]) -> bool {
    (0..tokens.len()).any(|index| is_any(tokens, index, &["PASSING", "DEFAULT"]))
}

/// `PASSING a AS x, b AS y DEFAULT c ON EMPTY OMIT QUOTES` as `, 'passing x y default on empty omit
/// quotes', a, b, c`.
fn arguments(tokens: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let Some(span) = tokens.first().map(|token| token.span) else { return Vec::new() };
    let mut words: Vec<TokenWithSpan> = Vec::new();
    let mut values: Vec<TokenWithSpan> = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let passing = is(tokens, index, "PASSING");
        words.push(tokens[index].clone());
        index += 1;
        if !passing && !is(tokens, index - 1, "DEFAULT") {
            continue;
        }
        // The values, up to what follows them.
        values.push(TokenWithSpan::new(Token::Comma, span));
        let mut named = false;
        while index < tokens.len() {
            if (passing && begins_clause(tokens, index)) || (!passing && is(tokens, index, "ON")) {
                break;
            }
            let last = if *token(tokens, index) == Token::LParen { closing(tokens, index) } else { index };
            let last = last.min(tokens.len() - 1);
            if *token(tokens, index) == Token::Comma {
                named = false;
            } else if passing && is(tokens, index, "AS") {
                named = true;
            }
            let kept = if named { &mut words } else { &mut values };
            kept.extend_from_slice(&tokens[index..=last]);
            index = last + 1;
        }
    }
    let text = Token::SingleQuotedString(spelled(&words));
    let said = [Token::Comma, text].into_iter().map(|token| TokenWithSpan::new(token, span));
    said.chain(values).collect()
}
