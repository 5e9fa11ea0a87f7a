//! A template as pieces: text, comments, raw blocks, and tags with their tokens. It must not know
//! what a tag means.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A word: a name or a keyword.
    Name,
    /// A string with its quotes.
    Text,
    /// A number.
    Number,
    /// An operator or a bracket.
    Symbol,
}

/// A token of a tag; the range is of bytes in the whole text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: TokenKind,
    /// Where it stands.
    pub(super) range: Range<usize>,
}

impl Token {
    /// Its text.
    pub(super) fn text<'a>(&self, source: &'a str) -> &'a str {
        source.get(self.range.clone()).unwrap_or_default()
    }
}

/// What a piece of a template is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PieceKind {
    /// Text that is output as it stands.
    Text,
    /// `{# … #}`
    Comment,
    /// `{% raw %} … {% endraw %}`
    Raw,
    /// `{{ … }}`
    Print,
    /// `{% … %}`
    Tag,
}

/// A piece of a template.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// What it is.
    pub(super) kind: PieceKind,
    /// Where it stands, delimiters included.
    pub(super) range: Range<usize>,
    /// The tokens of a tag or an expression.
    pub(super) tokens: Vec<Token>,
    /// Whether the tag takes the white space before it away: `{%-`.
    pub(super) trims_before: bool,
    /// Whether the tag takes the white space after it away: `-%}`.
    pub(super) trims_after: bool,
}

impl Piece {
    /// The first word of a tag.
    pub(super) fn keyword<'a>(&self, source: &'a str) -> &'a str {
        match (self.kind, self.tokens.first()) {
            (PieceKind::Tag, Some(token)) if token.kind == TokenKind::Name => token.text(source),
            _ => "",
        }
    }
}

/// The text with no-break spaces as plain ones, byte for byte as long: in Python both are white space.
pub(super) fn plain_spaces(text: String) -> String {
    if text.contains('\u{a0}') { text.replace('\u{a0}', "  ") } else { text }
}

/// Splits a template. A tag that never ends is left to the renderer to complain about: it becomes
/// text together with all that follows it.
pub(super) fn pieces(source: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    let mut text_from = 0;
    while let Some(found) = source[at..].find('{') {
        let start = at + found;
        let piece = match source.as_bytes().get(start + 1) {
            Some(b'#') => comment(source, start),
            Some(b'{') => tag(source, start, PieceKind::Print),
            Some(b'%') => tag(source, start, PieceKind::Tag),
            _ => {
                at = start + 1;
                continue;
            }
        };
        let Some(mut piece) = piece else { break };
        if piece.keyword(source) == "raw" && piece.tokens.len() == 1 {
            piece = raw(source, &piece);
        }
        if text_from < start {
            pieces.push(plain(text_from..start));
        }
        at = piece.range.end;
        text_from = at;
        pieces.push(piece);
    }
    if text_from < source.len() {
        pieces.push(plain(text_from..source.len()));
    }
    pieces
}

fn plain(range: Range<usize>) -> Piece {
    Piece { kind: PieceKind::Text, range, tokens: Vec::new(), trims_before: false, trims_after: false }
}

fn comment(source: &str, start: usize) -> Option<Piece> {
    let end = start + 2 + source[start + 2..].find("#}")? + 2;
    Some(Piece { kind: PieceKind::Comment, ..plain(start..end) })
}

/// The rest of a raw block, whose content is no template.
fn raw(source: &str, opening: &Piece) -> Piece {
    let mut at = opening.range.end;
    while let Some(found) = source[at..].find("{%") {
        let start = at + found;
        if let Some(closing) = tag(source, start, PieceKind::Tag)
            && closing.keyword(source) == "endraw"
        {
            return Piece { kind: PieceKind::Raw, ..plain(opening.range.start..closing.range.end) };
        }
        at = start + 2;
    }
    Piece { kind: PieceKind::Raw, ..plain(opening.range.start..source.len()) }
}

fn tag(source: &str, start: usize, kind: PieceKind) -> Option<Piece> {
    let bytes = source.as_bytes();
    let closing = if kind == PieceKind::Print { b'}' } else { b'%' };
    let mut at = start + 2;
    let trims_before = bytes.get(at) == Some(&b'-');
    if matches!(bytes.get(at), Some(b'-' | b'+')) {
        at += 1;
    }
    let mut tokens = Vec::new();
    let mut depth = 0_usize;
    loop {
        let byte = *bytes.get(at)?;
        if byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        if depth == 0 {
            let signed = usize::from(matches!(byte, b'-' | b'+'));
            if bytes.get(at + signed) == Some(&closing) && bytes.get(at + signed + 1) == Some(&b'}') {
                let range = start..at + signed + 2;
                return Some(Piece { kind, range, tokens, trims_before, trims_after: byte == b'-' });
            }
        }
        let (token, end) = token(source, at);
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        tokens.push(Token { kind: token, range: at..end });
        at = end;
    }
}

/// The tokens of a part of a text that is no template, such as a Python file.
pub(super) fn tokens(source: &str, part: Range<usize>) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = part.start;
    while at < part.end {
        if source.as_bytes().get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
            continue;
        }
        let (kind, end) = token(source, at);
        tokens.push(Token { kind, range: at..end });
        at = end;
    }
    tokens
}

fn token(source: &str, at: usize) -> (TokenKind, usize) {
    let bytes = source.as_bytes();
    let while_matching =
        |from: usize, test: fn(u8) -> bool| from + bytes[from..].iter().take_while(|byte| test(**byte)).count();
    match bytes[at] {
        quote @ (b'"' | b'\'') => {
            let mut end = at + 1;
            while let Some(byte) = bytes.get(end) {
                end += 1;
                if *byte == quote {
                    break;
                }
                if *byte == b'\\' {
                    end += 1;
                }
            }
            let mut end = end.min(source.len());
            while !source.is_char_boundary(end) {
                end += 1;
            }
            (TokenKind::Text, end)
        }
        b'0'..=b'9' => {
            let mut end = while_matching(at, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
                end = while_matching(end + 1, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
            }
            (TokenKind::Number, end)
        }
        byte if byte.is_ascii_alphabetic() || byte == b'_' || !byte.is_ascii() => (
            TokenKind::Name,
            while_matching(at, |byte| byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()),
        ),
        first => {
            let double = match bytes.get(at + 1) {
                Some(b'=') => matches!(first, b'=' | b'!' | b'<' | b'>'),
                Some(second) => *second == first && matches!(first, b'/' | b'*'),
                None => false,
            };
            (TokenKind::Symbol, at + 1 + usize::from(double))
        }
    }
}

/// The value of a string token: without quotes, escapes resolved as far as names need them.
pub(super) fn string_value(text: &str) -> String {
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    let mut value = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        if character == '\\' {
            match characters.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some(other) => value.push(other),
                None => {}
            }
        } else {
            value.push(character);
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(source: &str) -> Vec<(PieceKind, &str)> {
        pieces(source).into_iter().map(|piece| (piece.kind, &source[piece.range])).collect()
    }

    #[test]
    fn braces_and_quotes_inside_a_tag_do_not_end_it() {
        assert_eq!(
            kinds("a {{ {'x': {}} }} b {% if '%}' %}"),
            [
                (PieceKind::Text, "a "),
                (PieceKind::Print, "{{ {'x': {}} }}"),
                (PieceKind::Text, " b "),
                (PieceKind::Tag, "{% if '%}' %}"),
            ]
        );
    }

    #[test]
    fn raw_blocks_and_comments_hold_no_tags() {
        assert_eq!(
            kinds("{# {{ x }} #}{% raw %}{{ y }}{%- endraw -%}z"),
            [
                (PieceKind::Comment, "{# {{ x }} #}"),
                (PieceKind::Raw, "{% raw %}{{ y }}{%- endraw -%}"),
                (PieceKind::Text, "z"),
            ]
        );
    }

    #[test]
    fn an_open_tag_becomes_text() {
        assert_eq!(kinds("a {{ b"), [(PieceKind::Text, "a {{ b")]);
    }
}
