//! Long lists of rows that hold nothing but constants. No column comes out of them but those that the
//! first rows have as well, so the others stand in the tree as one row that says which they were: parsing
//! each of them would take most of the time and memory that a project of such lists needs.
//!
//! It must not know what surrounds a list.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer, TokenizerError};

use super::convert::convert;
use super::lexer::{Lexeme, LexemeKind};
use super::script::Words;
use crate::dialect::Dialect;

/// So many rows are kept as they are.
const KEPT: usize = 2;
/// Fewer others are kept too.
const WORTHWHILE: usize = 8;

/// Which rows of constants become part of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    /// The first ones, and one that stands for the others.
    Short,
    /// All of them.
    Whole,
}

/// Rows that are left out, with the comma before them.
struct LeftOut {
    lexemes: Range<usize>,
    rows: usize,
    columns: usize,
}

/// The tokens of a statement, maybe with layout among them, and without the rows of constants that are too many;
/// `None` if the parser cannot tell the tokens apart.
pub(super) fn tokens(text: &str, lexemes: &[Lexeme], dialect: Dialect, lists: Lists) -> Option<Vec<TokenWithSpan>> {
    let left_out = match lists {
        Lists::Short => left_out(&Words { text, lexemes }),
        Lists::Whole => Vec::new(),
    };
    // Nearly every lexeme is a token.
    let kept = lexemes.len() - left_out.iter().map(|rows| rows.lexemes.len()).sum::<usize>();
    let mut tokens = Vec::with_capacity(kept + 1);
    let mut start = 0;
    for rows in &left_out {
        add(&mut tokens, text, lexemes, start..rows.lexemes.start, dialect).ok()?;
        stand_in(&mut tokens, text, lexemes, rows);
        start = rows.lexemes.end;
    }
    add(&mut tokens, text, lexemes, start..lexemes.len(), dialect).ok()?;
    Some(tokens)
}

/// Adds the tokens of some lexemes, with their places in the whole statement.
fn add(
    tokens: &mut Vec<TokenWithSpan>,
    text: &str,
    lexemes: &[Lexeme],
    range: Range<usize>,
    dialect: Dialect,
) -> Result<(), TokenizerError> {
    let Some(part @ ([first, .., last] | [first @ last])) = lexemes.get(range) else { return Ok(()) };
    if convert(tokens, text, part, dialect, |lexeme| place(lexemes, lexeme)).is_some() {
        return Ok(());
    }
    let slice = text.get(first.range().start..last.range().end).unwrap_or("");
    let before = tokens.len();
    Tokenizer::new(dialect.grammar(), slice).tokenize_with_location_into_buf(tokens)?;
    let begin = place(lexemes, first);
    if begin != Location::new(1, 1) {
        for token in tokens.iter_mut().skip(before) {
            token.span = Span::new(behind(begin, token.span.start), behind(begin, token.span.end));
        }
    }
    Ok(())
}

/// The place of a lexeme in the statement.
fn place(lexemes: &[Lexeme], lexeme: &Lexeme) -> Location {
    let Some(first) = lexemes.first() else { return Location::new(1, 1) };
    let (from, at) = (first.position, lexeme.position);
    let column = if at.line == from.line { at.column - from.column + 1 } else { at.column };
    Location::new(u64::from(at.line - from.line) + 1, u64::from(column))
}

/// A place in a piece as one in what the piece is of.
fn behind(begin: Location, location: Location) -> Location {
    match location.line {
        1 => Location::new(begin.line, begin.column + location.column.saturating_sub(1)),
        line => Location::new(begin.line + line - 1, location.column),
    }
}

/// Adds one row for those that are left out: each of its values says which those were.
fn stand_in(tokens: &mut Vec<TokenWithSpan>, text: &str, lexemes: &[Lexeme], rows: &LeftOut) {
    let Some(first) = lexemes.get(rows.lexemes.start) else { return };
    let at = place(lexemes, first);
    let said = format!("{} rows {:032x}", rows.rows, digest(text, &lexemes[rows.lexemes.clone()]));
    let mut push = |token: Token| tokens.push(TokenWithSpan::new(token, Span::new(at, at)));
    push(Token::Comma);
    push(Token::LParen);
    for column in 0..rows.columns {
        if column > 0 {
            push(Token::Comma);
        }
        push(Token::SingleQuotedString(said.clone()));
    }
    push(Token::RParen);
}

/// The same for the same lexemes, whatever their layout.
fn digest(text: &str, lexemes: &[Lexeme]) -> u128 {
    let mut halves = [DefaultHasher::new(), DefaultHasher::new()];
    halves[1].write_u8(1);
    for lexeme in lexemes {
        let said = lexeme.text(text);
        halves.iter_mut().for_each(|half| said.hash(half));
    }
    let [high, low] = halves.map(|half| u128::from(half.finish()));
    high << 64 | low
}

/// The rows of VALUES that can be left out.
fn left_out(words: &Words<'_>) -> Vec<LeftOut> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.lexemes.len() {
        if !words.is_any(at, &["VALUES"]) {
            at += 1;
            continue;
        }
        at += 1;
        let Some((mut end, columns)) = row(words, at) else { continue };
        let mut rows = 1;
        let mut start = end;
        while is_sign(words, end, ",")
            && let Some((next, width)) = row(words, end + 1)
            && width == columns
        {
            end = next;
            rows += 1;
            if rows == KEPT {
                start = end;
            }
        }
        if rows >= KEPT + WORTHWHILE {
            found.push(LeftOut { lexemes: start..end, rows: rows - KEPT, columns });
        }
        at = end;
    }
    found
}

fn is_sign(words: &Words<'_>, at: usize, sign: &str) -> bool {
    words.kind(at) == Some(LexemeKind::Punctuation) && words.at(at) == sign
}

/// Where a row of constants ends that begins at a place, and how many there are in it.
fn row(words: &Words<'_>, start: usize) -> Option<(usize, usize)> {
    if !is_sign(words, start, "(") {
        return None;
    }
    let mut at = start + 1;
    let mut columns = 0;
    loop {
        at = constant(words, at)?;
        columns += 1;
        if is_sign(words, at, ")") {
            return Some((at + 1, columns));
        }
        if !is_sign(words, at, ",") {
            return None;
        }
        at += 1;
    }
}

/// Where a constant ends that begins at a place.
fn constant(words: &Words<'_>, mut at: usize) -> Option<usize> {
    while is_sign(words, at, "-") || is_sign(words, at, "+") {
        at += 1;
    }
    match words.kind(at)? {
        LexemeKind::Number | LexemeKind::String => Some(at + 1),
        LexemeKind::Word if words.is_any(at, &["NULL", "TRUE", "FALSE"]) => Some(at + 1),
        // A type and a text that it reads: `DATE '2024-01-01'`.
        LexemeKind::Word if words.kind(at + 1) == Some(LexemeKind::String) => Some(at + 2),
        LexemeKind::Word | LexemeKind::Quoted | LexemeKind::Punctuation | LexemeKind::Hint => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::Dialect;
    use crate::parse::parse;

    fn rows(count: usize, row: impl Fn(usize) -> String) -> String {
        (0..count).map(row).collect::<Vec<_>>().join(", ")
    }

    /// The tree of a query, as it is printed.
    fn tree(sql: &str) -> String {
        let script = parse(sql, Dialect::Trino);
        assert!(script.diagnostics.is_empty(), "{:?}", script.diagnostics);
        script.statements[0].queries.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    fn list(count: usize, last: &str) -> String {
        let rows = rows(count, |row| format!("({row}, -1.5, 'x', NULL, DATE '2024-01-01', 0xAB)"));
        tree(&format!("SELECT a, c FROM (VALUES {rows}, {last}) AS t (a, b, c, d, e, f) WHERE a > 1"))
    }

    const LAST: &str = "(7, 8, 'y', TRUE, DATE '2024-01-02', 1)";

    #[test]
    fn many_rows_of_constants_are_three() {
        let (few, many) = (list(9, LAST), list(5_000, LAST));
        assert!(few.contains("9") && many.len() < 2 * few.len(), "{many}");
        assert!(many.contains("4999 rows"), "{many}");
    }

    #[test]
    fn another_row_makes_another_tree_and_other_layout_does_not() {
        let one = list(50, LAST);
        assert_ne!(one, list(51, LAST));
        assert_ne!(one, list(50, "(7, 8, 'z', TRUE, DATE '2024-01-02', 1)"));
        assert_eq!(one, list(50, "(7 , 8,/* why */'y', TRUE , DATE  '2024-01-02', 1 )"));
    }

    #[test]
    fn a_row_that_holds_more_than_constants_stays() {
        for odd in ["(1, 2, c, 4, 5, 6)", "(1, 2, (SELECT x FROM u), 4, 5, 6)", "(1, 2, f(3), 4, 5, 6)"] {
            let tree = list(50, odd);
            assert!(tree.contains("48 rows"), "{tree}");
            assert!(["c", "u", "f"].iter().any(|name| tree.contains(name)), "{tree}");
        }
    }

    #[test]
    fn places_behind_a_list_are_those_of_the_text() {
        let rows = rows(20, |row| format!("\n    ({row}, 'x')"));
        let script =
            parse(&format!("SELECT 1 FROM (VALUES {rows}) AS t (a, b)\n  JOIN u ON u.a = t.a"), Dialect::Trino);
        let read = &script.statements[0].reads[0];
        assert_eq!((read.name.to_string().as_str(), read.position.to_string().as_str()), ("u", "22:8"));
    }
}
