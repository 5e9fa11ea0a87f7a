//! Set operations that match columns by name in the words of the standard: CORRESPONDING, which keeps the columns
//! that all branches have, and CORRESPONDING BY (a, b), which names them.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{Kept, Notes, closing, is, is_any, token, word};
use crate::dialect::Dialect;
use crate::name::Quoting;

/// Puts BY NAME in the place of CORRESPONDING, and notes down which columns it names. Two operations that name
/// others cannot be told apart.
pub(super) fn corresponding(tokens: &mut Vec<TokenWithSpan>, _: Dialect, notes: &mut Notes) {
    const BEFORE: [&str; 6] = ["UNION", "EXCEPT", "INTERSECT", "MINUS", "ALL", "DISTINCT"];
    let by_name = (1..tokens.len()).any(|index| is(tokens, index - 1, "BY") && is(tokens, index, "NAME"));
    let mut index = 1;
    while index < tokens.len() {
        if !is(tokens, index, "CORRESPONDING") || !is_any(tokens, index - 1, &BEFORE) {
            index += 1;
            continue;
        }
        let listed = is(tokens, index + 1, "BY") && *token(tokens, index + 2) == Token::LParen;
        let end = if listed { (closing(tokens, index + 2) + 1).min(tokens.len()) } else { index + 1 };
        let names: Vec<(String, Quoting)> = tokens[index + 1..end]
            .iter()
            .skip(2)
            .filter_map(|token| match &token.token {
                Token::Word(word) => {
                    let quoting = if word.quote_style.is_some() { Quoting::Quoted } else { Quoting::Bare };
                    Some((word.value.clone(), quoting))
                }
                _ => None,
            })
            .collect();
        if by_name || notes.corresponding.as_ref().is_some_and(|known| *known != names) {
            notes.kept = Kept::Relations;
        }
        notes.corresponding = Some(names);
        let span = tokens[index].span;
        let written = [word("BY"), word("NAME")].into_iter().map(|token| TokenWithSpan::new(token, span));
        tokens.splice(index..end, written);
        index += 2;
    }
}
