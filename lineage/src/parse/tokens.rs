//! The token stream by which texts that did not parse are compared. Two texts that could mean
//! different things never have the same tokens; two that differ in layout and comments do.

use super::lexer::{LexemeKind, lex};
use crate::diagnostic::{Diagnostic, Position};
use crate::dialect::Dialect;

/// One token of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its text: a keyword in upper case, anything else exactly as written.
    pub text: Box<str>,
    /// Where it stands.
    pub position: Position,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenKind {
    /// An unquoted word; whether its case matters is the dialect's to say.
    Word,
    /// A word that is reserved in every dialect, in upper case.
    Keyword,
    /// A quoted name with its quotes.
    Quoted,
    /// A string literal with its prefix and quotes.
    String,
    /// A number.
    Number,
    /// An operator, a bracket, a comma. A line break between two string literals is one too,
    /// because it decides whether they are one literal.
    Punctuation,
    /// An optimizer hint or an executable comment.
    Hint,
}

/// Reserved in every dialect, so that no name can be spelled like it without quotes.
const RESERVED: [&str; 24] = [
    "AND", "AS", "BY", "CASE", "CROSS", "DISTINCT", "ELSE", "FROM", "GROUP", "HAVING", "IN", "INNER", "INTO", "JOIN",
    "NOT", "NULL", "ON", "OR", "ORDER", "SELECT", "THEN", "UNION", "WHEN", "WHERE",
];

/// Reads a text into tokens: comments and layout dropped, optimizer hints kept.
///
/// # Errors
///
/// A quote or comment is never closed, or the text is larger than four gigabytes.
pub fn tokens(text: &str, dialect: Dialect) -> Result<Vec<Token>, Diagnostic> {
    if u32::try_from(text.len()).is_err() {
        return Err(Diagnostic::error("text-too-large", "a text of more than four gigabytes"));
    }
    let lexed = lex(text, dialect);
    if let Some((position, what)) = lexed.problem {
        return Err(Diagnostic::error("sql-not-tokenized", what).at(position));
    }
    let mut tokens: Vec<Token> = Vec::with_capacity(lexed.lexemes.len());
    let mut end = 0;
    for lexeme in &lexed.lexemes {
        let range = lexeme.range();
        let previous = tokens.last();
        let written = lexeme.text(text);
        let adjacent_strings =
            lexeme.kind == LexemeKind::String && previous.is_some_and(|token| token.kind == TokenKind::String);
        if adjacent_strings && text.get(end..range.start).is_some_and(|gap| gap.contains('\n')) {
            tokens.push(Token { kind: TokenKind::Punctuation, text: "\n".into(), position: lexeme.position });
        }
        let kind = match lexeme.kind {
            LexemeKind::Quoted => TokenKind::Quoted,
            LexemeKind::String => TokenKind::String,
            LexemeKind::Number => TokenKind::Number,
            LexemeKind::Punctuation => TokenKind::Punctuation,
            LexemeKind::Hint => TokenKind::Hint,
            LexemeKind::Word => {
                // After a dot or AS even a reserved word can be a name, whose case may matter.
                let named = tokens.last().is_some_and(|token| matches!(&*token.text, "." | "AS"));
                if !named && reserved(written) { TokenKind::Keyword } else { TokenKind::Word }
            }
        };
        let written: Box<str> =
            if kind == TokenKind::Keyword { written.to_ascii_uppercase().into() } else { written.into() };
        tokens.push(Token { kind, text: written, position: lexeme.position });
        end = range.end;
    }
    Ok(tokens)
}

fn reserved(word: &str) -> bool {
    word.len() <= 8 && RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word))
}
