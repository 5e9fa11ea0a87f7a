//! Whether a template decides anything by the types of columns. A type is known as its cast writes it, and a warehouse
//! may call it otherwise (`int`, `INTEGER`, `NUMBER(38,0)`): printed it says the same, compared it does not. It must not
//! know which columns there are.

use std::collections::BTreeSet;

use super::scan::Reach;
use super::tokens::{Piece, PieceKind, Token, TokenKind, pieces, string_value};

/// What templates call the type of a column.
pub(super) const NAMES: [&str; 2] = ["data_type", "dtype"];

/// Whether a file or a macro that it reaches does more with types than print them.
pub(super) fn decide(file: &str, reach: &Reach) -> bool {
    let macros = reach.macros.values().filter(|one| &*one.package != "dbt");
    decides(file) || macros.into_iter().any(|one| decides(one.text()))
}

fn decides(text: &str) -> bool {
    if !NAMES.iter().any(|name| text.contains(name)) {
        return false;
    }
    let pieces = pieces(text);
    let mut names = BTreeSet::from(NAMES.map(str::to_owned));
    loop {
        let known = names.len();
        for piece in &pieces {
            match types(text, piece, &names) {
                Use::None => {}
                Use::Kept(name) => drop(names.insert(name)),
                Use::Other => return true,
            }
        }
        if names.len() == known {
            return false;
        }
    }
}

/// What a piece of a template does with types.
enum Use {
    /// Nothing, or it prints them.
    None,
    /// It keeps one under a name.
    Kept(String),
    /// Anything else.
    Other,
}

fn types(text: &str, piece: &Piece, names: &BTreeSet<String>) -> Use {
    let is_type = |token: &Token| match token.kind {
        TokenKind::Name => names.contains(token.text(text)),
        // `map(attribute='data_type')`
        TokenKind::Text => names.contains(&string_value(token.text(text))),
        TokenKind::Number | TokenKind::Symbol => false,
    };
    if !piece.tokens.iter().any(is_type) {
        return Use::None;
    }
    match (piece.kind, piece.keyword(text)) {
        // The names of its parameters.
        (_, "macro") => Use::None,
        (PieceKind::Print, _) if is_plain(text, &piece.tokens) => Use::None,
        (_, "set") => match piece.tokens.get(1..) {
            Some([name, equals, value @ ..]) if equals.text(text) == "=" && is_plain(text, value) => {
                Use::Kept(name.text(text).to_owned())
            }
            _ => Use::Other,
        },
        _ => Use::Other,
    }
}

/// Whether an expression passes on what it names: attributes, texts put together, a value of a dictionary by its key.
fn is_plain(text: &str, tokens: &[Token]) -> bool {
    tokens.iter().enumerate().all(|(place, token)| match (token.kind, token.text(text)) {
        (TokenKind::Name, word) => !["if", "else", "in", "is", "and", "or", "not"].contains(&word),
        (TokenKind::Symbol, "." | "~" | "|" | "," | ")") => true,
        (TokenKind::Symbol, "(") => {
            let before = tokens[..place].iter().rev().map(|token| token.text(text));
            before.take(2).eq(["get", "."])
        }
        (TokenKind::Symbol, _) => false,
        (TokenKind::Text | TokenKind::Number, _) => true,
    })
}

#[cfg(test)]
mod tests {
    use super::decides;

    #[test]
    fn types_that_are_printed_decide_nothing() {
        for text in [
            "{% for c in cs %}cast(null as {{ c.data_type }}) as {{ c.name }}{% endfor %}",
            "{% set kind = given.get(c.name, c.data_type) %}cast(a as {{ kind | lower }})",
            "{{ c.name ~ ' ' ~ c.dtype }}",
            "{% macro as_type(a, data_type) %}cast({{ a }} as {{ data_type }}){% endmacro %}",
            "{% if c.name == 'data' %}1{% endif %}",
        ] {
            assert!(!decides(text), "{text}");
        }
    }

    #[test]
    fn types_that_are_compared_decide() {
        for text in [
            "{% if c.data_type == 'int' %}1{% endif %}",
            "{{ 1 if c.dtype == 'int' else 2 }}",
            "{{ c.dtype in kinds }}",
            "{% set kind = c.dtype %}{% set same = kind %}{% if same.startswith('int') %}1{% endif %}",
            "{% for c in cs | selectattr('dtype', 'equalto', 'int') %}{{ c.name }}{% endfor %}",
            "{{ as_number(c.dtype) }}",
            "{% do kinds.append(c.data_type) %}",
        ] {
            assert!(decides(text), "{text}");
        }
    }
}
