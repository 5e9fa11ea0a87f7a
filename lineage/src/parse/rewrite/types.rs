//! Types that the parser does not know, in casts and before literals.

use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{Notes, after_angles, closing, is, is_any, spelled, token, word};
use crate::dialect::Dialect;

/// `ARRAY<STRUCT<k STRING>>[…]` is `CAST([…] AS ARRAY<STRUCT<k STRING>>)`.
pub(super) fn typed_arrays(tokens: &mut Vec<TokenWithSpan>, _: Dialect, _: &mut Notes) {
    let mut index = 0;
    while index + 1 < tokens.len() {
        if is(tokens, index, "ARRAY")
            && *token(tokens, index + 1) == Token::Lt
            && let Some(open) = after_angles(tokens, index + 1)
            && *token(tokens, open) == Token::LBracket
            && let Some(close) = after_bracket(tokens, open)
        {
            let span = tokens[index].span;
            let data_type: Vec<TokenWithSpan> = tokens[index..open].to_vec();
            let end = std::iter::once(TokenWithSpan::new(Token::RParen, span));
            let cast = std::iter::once(TokenWithSpan::new(word("AS"), span)).chain(data_type).chain(end);
            tokens.splice(close..close, cast);
            let begin = [word("CAST"), Token::LParen].into_iter().map(|token| TokenWithSpan::new(token, span));
            tokens.splice(index..open, begin);
        }
        index += 1;
    }
}

/// The index after the `]` that closes the `[` here.
fn after_bracket(tokens: &[TokenWithSpan], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for index in open..tokens.len() {
        match token(tokens, index) {
            Token::LBracket => depth += 1,
            Token::RBracket => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// `CAST(x AS ROW(y ARRAY(VARCHAR)))`: a type that the parser does not know is the name of one.
pub(super) fn casts(tokens: &mut Vec<TokenWithSpan>, dialect: Dialect, _: &mut Notes) {
    let mut index = 0;
    while index + 1 < tokens.len() {
        if is_any(tokens, index, &["CAST", "TRY_CAST", "SAFE_CAST"]) && *token(tokens, index + 1) == Token::LParen {
            let end = closing(tokens, index + 1);
            let mut at = index + 2;
            let mut typed = None;
            let mut format = None;
            while at < end {
                match token(tokens, at) {
                    Token::LParen => at = closing(tokens, at),
                    _ if is(tokens, at, "AS") => (typed, format) = (Some(at + 1), None),
                    _ if is(tokens, at, "FORMAT") => format = Some(at),
                    _ => {}
                }
                at += 1;
            }
            let end = format.unwrap_or(end);
            if let Some(typed) = typed.filter(|typed| *typed < end && end <= tokens.len())
                && !is_known(&tokens[typed..end], dialect)
            {
                let span = tokens[typed].span;
                let quote =
                    if matches!(dialect, Dialect::BigQuery | Dialect::MySql | Dialect::Databricks) { '`' } else { '"' };
                let name = Token::make_word(&spelled(&tokens[typed..end]).replace(quote, ""), Some(quote));
                tokens.splice(typed..end, [TokenWithSpan::new(name, span)]);
            }
        }
        index += 1;
    }
}

/// Whether the parser reads all of it as a type.
fn is_known(tokens: &[TokenWithSpan], dialect: Dialect) -> bool {
    let mut parser = Parser::new(dialect.grammar()).with_tokens_with_locations(tokens.to_vec());
    parser.parse_data_type().is_ok() && parser.peek_token_ref().token == Token::EOF
}
