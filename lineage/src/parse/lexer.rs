//! Our own reading of a text into lexemes. It never fails: where quotes or comments are not closed
//! it says so and goes on, so that the token scan has something to scan. It must not know grammar.

use std::ops::Range;

use crate::diagnostic::Position;
use crate::dialect::Dialect;

/// What a lexeme is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LexemeKind {
    /// An unquoted word: a keyword, a name, a parameter such as `@x` or `$1`.
    Word,
    /// A quoted name, quotes included.
    Quoted,
    /// A string literal, prefix and quotes included.
    String,
    /// A number.
    Number,
    /// An operator, a bracket, a comma.
    Punctuation,
    /// An optimizer hint or an executable comment, delimiters included.
    Hint,
}

/// A piece of the text: where it stands and what it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexeme {
    pub(super) kind: LexemeKind,
    start: u32,
    end: u32,
    pub(super) position: Position,
}

impl Lexeme {
    /// Its bytes in the text.
    pub(super) fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Its text.
    pub(super) fn text<'t>(&self, source: &'t str) -> &'t str {
        source.get(self.range()).unwrap_or("")
    }
}

/// A text as lexemes.
#[derive(Debug, Default)]
pub(super) struct Lexed {
    pub(super) lexemes: Vec<Lexeme>,
    /// The first quote or comment that is never closed.
    pub(super) problem: Option<(Position, &'static str)>,
}

/// Longest first within one first character; `>>` is left out because it also closes two types.
const OPERATORS: [&str; 61] = [
    "?||", "?-|", "<<|", "|>>", "&<|", "|&>", "||/", "->>", "#>>", "<=>", "<->", "@-@", "!~~*", "!~~", "!~*", "~~*",
    "<<=", ">>=", "...", "<>", "!=", "<=", ">=", "=>", "->", "<-", ":=", "::", "||", "&&", "==", "**", "//", "|>",
    "<<", "<@", "@>", "@@", "@?", "#>", "#-", "##", "?|", "?&", "?#", "?-", "&<", "&>", "<^", ">^", "~=", "~*", "~~",
    "!~", "!!", "^@", "|/", "..", "+=", "-=", "*=",
];

/// The word characters of names in every dialect.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

struct Lexer<'t> {
    text: &'t str,
    dialect: Dialect,
    at: usize,
    /// How far `line` and `column` have been counted.
    counted: usize,
    line: u32,
    column: u32,
    /// Openers whose closing was looked for in vain: looking again for each would be quadratic.
    unclosed: Vec<&'static str>,
    lexed: Lexed,
}

/// Reads a text into lexemes. Texts beyond four gigabytes are the caller's to refuse.
pub(super) fn lex(text: &str, dialect: Dialect) -> Lexed {
    let mut lexer =
        Lexer { text, dialect, at: 0, counted: 0, line: 1, column: 1, unclosed: Vec::new(), lexed: Lexed::default() };
    lexer.lexed.lexemes.reserve(text.len() / 6);
    if text.starts_with('\u{feff}') {
        lexer.at = '\u{feff}'.len_utf8();
        lexer.counted = lexer.at;
    }
    while let Some(c) = lexer.rest().chars().next() {
        lexer.step(c);
    }
    lexer.lexed
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// The position of a byte at or after the last one asked for.
    fn position(&mut self, at: usize) -> Position {
        for &byte in &self.text.as_bytes()[self.counted..at] {
            if byte == b'\n' {
                self.line = self.line.saturating_add(1);
                self.column = 1;
            } else if byte & 0xC0 != 0x80 {
                self.column = self.column.saturating_add(1);
            }
        }
        self.counted = at;
        Position::new(self.line, self.column)
    }

    fn push(&mut self, kind: LexemeKind, length: usize) {
        let position = self.position(self.at);
        let end = self.at + length;
        let bound = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
        self.lexed.lexemes.push(Lexeme { kind, start: bound(self.at), end: bound(end), position });
        self.at = end;
    }

    fn step(&mut self, c: char) {
        let rest = self.rest();
        if c.is_whitespace() || c == '\u{feff}' {
            self.at += c.len_utf8();
        } else if matches!(c, '(' | ')' | ',' | ';') {
            self.push(LexemeKind::Punctuation, 1);
        } else if let Some(length) = self.comment(rest) {
            self.at += length;
        } else if let Some(length) = self.hint(rest) {
            self.push(LexemeKind::Hint, length);
        } else if let Some((kind, length)) = self.quoted(rest) {
            self.push(kind, length);
        } else if c.is_ascii_digit() || (c == '.' && !self.follows_name() && starts_with_digit(&rest[1..])) {
            self.number(rest);
        } else if self.starts_word(c, rest) {
            let first = c.len_utf8() + usize::from(rest.starts_with("@@"));
            let length = first + rest[first..].find(|c| !self.continues_word(c)).unwrap_or(rest.len() - first);
            self.push(LexemeKind::Word, length);
        } else {
            // Most operators are one character before a name, a number or a space.
            let long = rest.as_bytes().get(1).is_some_and(u8::is_ascii_punctuation);
            let is_it = |operator: &&&str| {
                operator.as_bytes().first() == rest.as_bytes().first() && rest.starts_with(**operator)
            };
            let operator = OPERATORS.iter().filter(|_| long).find(is_it);
            self.push(LexemeKind::Punctuation, operator.map_or(c.len_utf8(), |operator| operator.len()));
        }
    }

    fn starts_word(&self, c: char, rest: &str) -> bool {
        let next = rest[c.len_utf8()..].chars().next();
        match c {
            '@' => {
                let named = rest.strip_prefix("@@").map_or(next, |after| after.chars().next());
                !matches!(self.dialect, Dialect::Postgres) && named.is_some_and(|c| c.is_alphabetic() || c == '_')
            }
            '#' => self.dialect == Dialect::TSql && next.is_some_and(|c| is_word(c) || c == '#'),
            '$' => next.is_some_and(is_word),
            c => c.is_alphabetic() || c == '_',
        }
    }

    fn continues_word(&self, c: char) -> bool {
        is_word(c) || (self.dialect == Dialect::TSql && matches!(c, '@' | '#'))
    }

    /// Whether what stands directly before is a name or a closing bracket, so that a dot is an access.
    fn follows_name(&self) -> bool {
        self.lexed.lexemes.last().is_some_and(|last| {
            last.range().end == self.at
                && (matches!(last.kind, LexemeKind::Word | LexemeKind::Quoted)
                    || matches!(last.text(self.text), "]" | ")" | "}"))
        })
    }

    fn number(&mut self, rest: &str) {
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
        let after_dot =
            self.lexed.lexemes.last().is_some_and(|last| last.range().end == self.at && last.text(self.text) == ".");
        let mut length = if rest.starts_with('.') { 0 } else { digits(rest) };
        if !after_dot {
            let tail = &rest[length..];
            let whole = tail.starts_with('.')
                && !tail.starts_with("..")
                && !tail[1..].starts_with(|c: char| c.is_alphabetic() && !matches!(c, 'e' | 'E') || c == '_');
            if whole {
                length += 1;
                length += digits(&rest[length..]);
            }
            let tail = &rest[length..];
            if tail.starts_with(['e', 'E']) {
                let signed = 1 + usize::from(tail[1..].starts_with(['+', '-']));
                if starts_with_digit(&tail[signed..]) {
                    length += signed;
                    length += digits(&rest[length..]);
                }
            }
        }
        // `7d_active` is a name in several dialects, `0xAB` a number in all: one lexeme either way.
        let name = rest[length..].find(|c| !is_word(c)).unwrap_or(rest.len() - length);
        let hexadecimal = rest.starts_with("0x") || rest.starts_with("0X");
        let kind = if name > 0 && !hexadecimal { LexemeKind::Word } else { LexemeKind::Number };
        self.push(kind, (length + name).max(1));
    }

    /// The length of a comment that says nothing.
    fn comment(&mut self, rest: &str) -> Option<usize> {
        let dialect = self.dialect;
        let line = if let Some(after) = rest.strip_prefix("--") {
            // `a--1` subtracts a negative number in MySQL.
            dialect != Dialect::MySql || after.is_empty() || after.starts_with(|c: char| c.is_whitespace())
        } else if rest.starts_with('#') {
            matches!(dialect, Dialect::MySql | Dialect::BigQuery)
                || (dialect == Dialect::ClickHouse && (rest.starts_with("# ") || rest.starts_with("#!")))
        } else {
            dialect == Dialect::Snowflake && rest.starts_with("//")
        };
        if line {
            return Some(rest.find('\n').unwrap_or(rest.len()));
        }
        if !rest.starts_with("/*") || is_hint(rest, dialect) || self.unclosed.contains(&"/*") {
            return None;
        }
        let length = if nests_comments(dialect) { nested_comment(rest) } else { plain_comment(rest) };
        if length.is_none() {
            self.problem("/*", "a comment that is never closed");
        }
        length
    }

    /// The length of an optimizer hint or an executable comment.
    fn hint(&mut self, rest: &str) -> Option<usize> {
        if !is_hint(rest, self.dialect) || self.unclosed.contains(&"/*") {
            return None;
        }
        let length = plain_comment(rest);
        if length.is_none() {
            self.problem("/*", "a comment that is never closed");
        }
        length
    }

    fn problem(&mut self, opener: &'static str, what: &'static str) {
        self.unclosed.push(opener);
        let position = self.position(self.at);
        self.lexed.problem.get_or_insert((position, what));
    }

    /// A string literal or a quoted name, with its prefix.
    fn quoted(&mut self, rest: &str) -> Option<(LexemeKind, usize)> {
        if rest.starts_with('$') {
            return self.dollar_quoted(rest);
        }
        let dialect = self.dialect;
        let prefix = string_prefix(rest);
        let body = &rest[prefix..];
        let (opener, kind): (&'static str, _) = match body.as_bytes().first()? {
            b'\'' => ("'", LexemeKind::String),
            b'"' if dialect.double_quote() == DoubleQuote::String => ("\"", LexemeKind::String),
            b'"' if prefix == 0 || body.len() + 2 == rest.len() => ("\"", LexemeKind::Quoted),
            b'`' if prefix == 0 => ("`", LexemeKind::Quoted),
            b'[' if prefix == 0 && dialect == Dialect::TSql => ("[", LexemeKind::Quoted),
            _ => return None,
        };
        let triple = dialect == Dialect::BigQuery && kind == LexemeKind::String;
        let triple: Option<&'static str> = match body.get(..3) {
            Some("'''") if triple => Some("'''"),
            Some("\"\"\"") if triple => Some("\"\"\""),
            _ => None,
        };
        let opener = triple.unwrap_or(opener);
        if self.unclosed.contains(&opener) {
            return None;
        }
        let escapes = match kind {
            LexemeKind::String => backslash_escapes(dialect, &rest[..prefix]),
            _ if dialect == Dialect::BigQuery => Backslash::Escapes,
            _ => Backslash::Plain,
        };
        let length = match triple {
            Some(triple) => closed_by(body, triple, escapes),
            None => closed(body, opener, escapes),
        };
        if length.is_none() {
            self.problem(opener, "a quote that is never closed");
        }
        length.map(|length| (kind, prefix + length))
    }

    fn dollar_quoted(&mut self, rest: &str) -> Option<(LexemeKind, usize)> {
        if matches!(self.dialect, Dialect::BigQuery | Dialect::MySql | Dialect::TSql) || self.unclosed.contains(&"$$") {
            return None;
        }
        let tag = rest[1..].find(|c: char| !(c.is_alphanumeric() || c == '_'))? + 1;
        if !rest[tag..].starts_with('$') || rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let delimiter = &rest[..=tag];
        match rest[delimiter.len()..].find(delimiter) {
            Some(end) => Some((LexemeKind::String, end + 2 * delimiter.len())),
            None => {
                self.problem("$$", "a dollar quote that is never closed");
                None
            }
        }
    }
}

/// Whether a backslash in a literal takes the next character with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Backslash {
    Escapes,
    Plain,
}

/// What double quotes hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DoubleQuote {
    String,
    Name,
}

impl Dialect {
    const fn double_quote(self) -> DoubleQuote {
        match self {
            Self::BigQuery | Self::MySql | Self::Databricks => DoubleQuote::String,
            _ => DoubleQuote::Name,
        }
    }
}

fn backslash_escapes(dialect: Dialect, prefix: &str) -> Backslash {
    let escaped = prefix.eq_ignore_ascii_case("e");
    let raw = prefix.eq_ignore_ascii_case("r") && dialect == Dialect::Databricks;
    match dialect {
        // A raw literal of BigQuery keeps the backslash, yet `\'` does not close it.
        Dialect::BigQuery | Dialect::MySql | Dialect::Databricks | Dialect::Snowflake | Dialect::ClickHouse if !raw => {
            Backslash::Escapes
        }
        _ if escaped => Backslash::Escapes,
        _ => Backslash::Plain,
    }
}

/// The length of `r`, `b`, `rb`, `e`, `n`, `x`, `u&` or a charset before a quote; 0 for none.
fn string_prefix(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let quote = |at: usize| matches!(bytes.get(at), Some(b'\'' | b'"'));
    let lower = |at: usize| bytes.get(at).map(u8::to_ascii_lowercase);
    match (lower(0), lower(1)) {
        (Some(b'u'), Some(b'&')) if quote(2) => 2,
        (Some(b'r'), Some(b'b')) | (Some(b'b'), Some(b'r')) if quote(2) => 2,
        (Some(b'r' | b'b'), _) if quote(1) => 1,
        (Some(b'e' | b'n' | b'x'), Some(b'\'')) => 1,
        _ => 0,
    }
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

fn nests_comments(dialect: Dialect) -> bool {
    matches!(
        dialect,
        Dialect::Postgres
            | Dialect::Redshift
            | Dialect::DuckDb
            | Dialect::TSql
            | Dialect::Databricks
            | Dialect::ClickHouse
    )
}

fn is_hint(rest: &str, dialect: Dialect) -> bool {
    rest.starts_with("/*+")
        || (matches!(dialect, Dialect::MySql | Dialect::Ansi) && (rest.starts_with("/*!") || rest.starts_with("/*M!")))
}

fn plain_comment(rest: &str) -> Option<usize> {
    rest.get(2..)?.find("*/").map(|end| end + 4)
}

fn nested_comment(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => {
                depth += 1;
                at += 2;
            }
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => at += 1,
        }
    }
    None
}

/// The length up to the closing quote; a doubled quote is one of the content.
fn closed(body: &str, opener: &str, escapes: Backslash) -> Option<usize> {
    let closing = if opener == "[" { b']' } else { *opener.as_bytes().first()? };
    let bytes = body.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        if bytes[at] == b'\\' && escapes == Backslash::Escapes {
            at += 2;
        } else if bytes[at] != closing {
            at += 1;
        } else if bytes.get(at + 1) == Some(&closing) {
            at += 2;
        } else {
            return Some(at + 1);
        }
    }
    None
}

/// The length up to a closing delimiter of several characters.
fn closed_by(body: &str, delimiter: &str, escapes: Backslash) -> Option<usize> {
    let bytes = body.as_bytes();
    let mut at = delimiter.len();
    while at < bytes.len() {
        if bytes[at] == b'\\' && escapes == Backslash::Escapes {
            at += 2;
        } else if bytes[at..].starts_with(delimiter.as_bytes()) {
            return Some(at + delimiter.len());
        } else {
            at += 1;
        }
    }
    None
}
