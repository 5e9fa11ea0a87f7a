//! Our lexemes as the parser's tokens. The parser's own tokenizer would read each text a second time,
//! character by character, and keep every space of it. Converted is only what provably is the same token
//! for that tokenizer as well, by what the token is and by the character behind it; where a lexeme is not,
//! the statement is left to the tokenizer. It must not know what surrounds a token but that character.

use std::sync::LazyLock;

use sqlparser::dialect as stock;
use sqlparser::keywords::{ALL_KEYWORDS, ALL_KEYWORDS_INDEX, Keyword};
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer, Word};

use super::lexer::{Lexeme, LexemeKind};
use crate::dialect::Dialect;
use crate::hashing::HashMap;

/// Adds the tokens of some lexemes of a statement, without layout, where all of them can be converted. The
/// places are counted from the statement's beginning, of which `place` knows.
pub(super) fn convert(
    tokens: &mut Vec<TokenWithSpan>,
    text: &str,
    lexemes: &[Lexeme],
    dialect: Dialect,
    place: impl Fn(&Lexeme) -> Location,
) -> Option<()> {
    let end = lexemes.last()?.range().end;
    let converter = Converter { text, end, dialect, grammar: dialect.grammar() };
    let before = tokens.len();
    let mut previous: Option<&Lexeme> = None;
    for lexeme in lexemes {
        let begins = lexeme.range().start;
        let ended = previous.map_or(begins, |previous| previous.range().end);
        let converted = if ended == begins {
            converter.token(lexeme, previous)
        } else if is_layout(text.get(ended..begins)?, dialect) {
            converter.token(lexeme, None)
        } else {
            None
        };
        let Some(token) = converted else {
            tokens.truncate(before);
            return None;
        };
        let start = place(lexeme);
        tokens.push(TokenWithSpan::new(token, Span::new(start, behind(start, lexeme.text(text)))));
        previous = Some(lexeme);
    }
    Some(())
}

/// The place behind a text.
fn behind(start: Location, text: &str) -> Location {
    if text.is_ascii() && !text.as_bytes().contains(&b'\n') {
        return Location::new(start.line, start.column + text.len() as u64);
    }
    text.chars().fold(start, |at, c| match c {
        '\n' => Location::new(at.line + 1, 1),
        _ => Location::new(at.line, at.column + 1),
    })
}

/// Whether what stands between two lexemes is layout for the parser as well.
fn is_layout(mut gap: &str, dialect: Dialect) -> bool {
    loop {
        gap = gap.trim_start_matches([' ', '\t', '\n', '\r']);
        let comment = match gap.as_bytes() {
            [] => return true,
            [b'-', b'-', ..] => line_comment(gap),
            [b'#', ..] if matches!(dialect, Dialect::MySql | Dialect::BigQuery) => line_comment(gap),
            [b'/', b'/', ..] if dialect == Dialect::Snowflake => line_comment(gap),
            [b'/', b'*', ..] => plain_comment(gap),
            _ => None,
        };
        match comment.and_then(|length| gap.get(length..)) {
            Some(rest) => gap = rest,
            None => return false,
        }
    }
}

/// The length of a comment up to the end of its line, if only a line feed ends lines in it.
fn line_comment(gap: &str) -> Option<usize> {
    let line = &gap[..gap.find('\n')?];
    (!line.trim_end_matches('\r').contains('\r')).then_some(line.len())
}

/// The length of a comment between delimiters, if it is none that nests or that says something.
fn plain_comment(gap: &str) -> Option<usize> {
    let length = gap.get(2..)?.find("*/")?;
    let body = &gap[2..2 + length];
    (!body.contains("/*") && !body.ends_with('/') && !body.starts_with(['!', '+']) && !body.starts_with("M!"))
        .then_some(length + 4)
}

struct Converter<'t> {
    text: &'t str,
    /// Where the parser's text ends.
    end: usize,
    dialect: Dialect,
    grammar: &'static dyn stock::Dialect,
}

impl Converter<'_> {
    /// The token that a lexeme is; `before` is the lexeme that ends where this one begins.
    fn token(&self, lexeme: &Lexeme, before: Option<&Lexeme>) -> Option<Token> {
        let written = lexeme.text(self.text);
        let next = self.text.get(lexeme.range().end..self.end)?.chars().next();
        match lexeme.kind {
            LexemeKind::Word => self.word(written, next),
            LexemeKind::Quoted => self.quoted(written, next),
            LexemeKind::String => self.string(written, next),
            LexemeKind::Number => self.number(written, next, before),
            LexemeKind::Punctuation => self.sign(written, next, before),
            LexemeKind::Hint => None,
        }
    }

    /// Whether the parser takes the character behind a word or number for a part of it.
    fn goes_on(&self, next: Option<char>) -> bool {
        next.is_some_and(|next| {
            !next.is_ascii() || matches!(next, '@' | '#' | '$') && self.grammar.is_identifier_part(next)
        })
    }

    fn word(&self, written: &str, next: Option<char>) -> Option<Token> {
        let bytes = written.as_bytes();
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        // A short word before a quote can be the prefix of a literal.
        let is_prefix = matches!(next, Some('\'' | '"')) || (bytes.len() == 1 && next == Some('&'));
        if bytes.first()?.is_ascii_digit() || !bytes.iter().all(plain) || is_prefix || self.goes_on(next) {
            return None;
        }
        Some(Token::Word(Word { value: written.to_owned(), quote_style: None, keyword: keyword(bytes) }))
    }

    fn quoted(&self, written: &str, next: Option<char>) -> Option<Token> {
        let quote = written.chars().next()?;
        let inner = inner(written, quote);
        match inner {
            Some(inner) if self.grammar.is_delimited_identifier_start(quote) => {
                let (value, quote_style) = (inner.to_owned(), Some(quote));
                Some(Token::Word(Word { value, quote_style, keyword: Keyword::NoKeyword }))
            }
            _ => self.by_itself(written, next),
        }
    }

    fn string(&self, written: &str, next: Option<char>) -> Option<Token> {
        let quote = written.chars().next()?;
        match inner(written, quote) {
            // Of an empty one the parser wants to know whether it opens one between three quotes.
            Some(inner) if quote == '\'' && !inner.is_empty() => Some(Token::SingleQuotedString(inner.to_owned())),
            _ => self.by_itself(written, next),
        }
    }

    /// The token of a literal or name between quotes that the parser's tokenizer finds in it, if it is one.
    fn by_itself(&self, written: &str, next: Option<char>) -> Option<Token> {
        if next == written.chars().last() {
            return None;
        }
        let read = Tokenizer::new(self.grammar, written).tokenize().ok()?;
        <[Token; 1]>::try_from(read).ok().map(|[token]| token).filter(|token| !matches!(token, Token::Whitespace(_)))
    }

    fn number(&self, written: &str, next: Option<char>, before: Option<&Lexeme>) -> Option<Token> {
        let after_dot = before.is_some_and(|before| before.text(self.text).ends_with('.'));
        if after_dot || next == Some('.') || self.goes_on(next) || !written.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        if let Some(digits) = written.strip_prefix("0x") {
            let hexadecimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            return hexadecimal.then(|| Token::HexStringLiteral(digits.to_owned()));
        }
        let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
        written.bytes().all(plain).then(|| Token::Number(written.to_owned(), false))
    }

    fn sign(&self, written: &str, next: Option<char>, before: Option<&Lexeme>) -> Option<Token> {
        // These are what they are, whatever follows.
        let token = match written {
            "(" => Token::LParen,
            ")" => Token::RParen,
            "," => Token::Comma,
            ";" => Token::SemiColon,
            "]" => Token::RBracket,
            "{" => Token::LBrace,
            "}" => Token::RBrace,
            "+" => Token::Plus,
            "*" => Token::Mul,
            "::" => Token::DoubleColon,
            ":=" => Token::Assignment,
            "=>" => Token::RArrow,
            "!=" => Token::Neq,
            "." => return Self::dot(next, before),
            "[" if self.dialect == Dialect::TSql || self.dialect == Dialect::Redshift => return None,
            "[" => Token::LBracket,
            _ => return Self::operator(written, next),
        };
        Some(token)
    }

    /// A dot; before an underscore it is one only directly behind a name.
    fn dot(next: Option<char>, before: Option<&Lexeme>) -> Option<Token> {
        let named = || before.is_some_and(|before| matches!(before.kind, LexemeKind::Word | LexemeKind::Quoted));
        match next {
            Some('_') if !named() => None,
            Some(next) if next.is_ascii_digit() => None,
            _ => Some(Token::Period),
        }
    }

    /// An operator before something that is surely no part of it.
    fn operator(written: &str, next: Option<char>) -> Option<Token> {
        let ends = next.is_none_or(|next| {
            next.is_ascii_alphanumeric()
                || matches!(next, ' ' | '\n' | '\r' | '\t' | '_' | '(' | ')' | ',' | '\'' | '"')
        });
        let token = match written {
            _ if !ends => return None,
            "=" => Token::Eq,
            "<" => Token::Lt,
            ">" => Token::Gt,
            "<=" => Token::LtEq,
            ">=" => Token::GtEq,
            "<>" => Token::Neq,
            "-" => Token::Minus,
            "/" => Token::Div,
            "%" if next == Some(' ') => Token::Mod,
            "||" => Token::StringConcat,
            "->" => Token::Arrow,
            "->>" => Token::LongArrow,
            "|" => Token::Pipe,
            "&" => Token::Ampersand,
            "~" => Token::Tilde,
            "^" => Token::Caret,
            ":" => Token::Colon,
            _ => return None,
        };
        Some(token)
    }
}

/// What stands between two quotes, if nothing in it has a meaning of its own.
fn inner(written: &str, quote: char) -> Option<&str> {
    let inner = written.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains([quote, '\\'])).then_some(inner)
}

/// The parser's keywords.
struct Keywords {
    of: HashMap<&'static [u8], Keyword>,
}

/// No keyword is longer; a test holds it.
const LONGEST: usize = 48;

static KEYWORDS: LazyLock<Keywords> = LazyLock::new(|| {
    let words = ALL_KEYWORDS.iter().map(|word| word.as_bytes());
    Keywords { of: words.zip(ALL_KEYWORDS_INDEX.iter().copied()).collect() }
});

/// The keyword that an unquoted word is.
fn keyword(word: &[u8]) -> Keyword {
    let mut upper = [0; LONGEST];
    let Some(upper) = upper.get_mut(..word.len()) else { return Keyword::NoKeyword };
    upper.copy_from_slice(word);
    upper.make_ascii_uppercase();
    KEYWORDS.of.get(&*upper).copied().unwrap_or(Keyword::NoKeyword)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::lexer::lex;
    use super::*;
    use crate::diagnostic::Position;

    /// What can stand beside one another in a text, and much that can be misread there.
    const PIECES: &[&str] = &[
        "select",
        "FROM",
        "a",
        "b",
        "r",
        "n",
        "N",
        "x",
        "U",
        "e",
        "q",
        "nq",
        "_a",
        "a1",
        "1a",
        "a$b",
        "$1",
        "$$",
        "$t$",
        "@x",
        "@@x",
        "#t",
        "é",
        "a\u{301}",
        "1",
        "0",
        "12.5",
        "1.",
        ".5",
        "1e5",
        "1E-5",
        "2e",
        "0x1F",
        "0xg",
        "0X1",
        "1_000",
        "1L",
        "''",
        "'a'",
        "'it''s'",
        "'a\\'b'",
        "'\\\\'",
        "'é\n'",
        "'''a'''",
        "\"a\"",
        "\"a\"\"b\"",
        "\"\\\"\"",
        "\"\"\"a\"\"\"",
        "`a`",
        "`a``b`",
        "[a]",
        "[a]]b]",
        "['a']",
        "b'1'",
        "r'\\'",
        "rb'a'",
        "e'\\''",
        "x'1F'",
        "u&'\\0041'",
        "n'a'",
        "q'[a]'",
        "(",
        ")",
        ",",
        ";",
        "[",
        "]",
        "{",
        "}",
        ".",
        "..",
        "...",
        "._",
        ":",
        "::",
        ":=",
        "=",
        "==",
        "=>",
        "=-",
        "<",
        ">",
        "<=",
        ">=",
        "<=>",
        "<>",
        "!=",
        "!",
        "!!",
        "-",
        "->",
        "->>",
        "<-",
        "<->",
        "--",
        "/",
        "//",
        "*",
        "**",
        "+",
        "+=",
        "%",
        "%a",
        "|",
        "||",
        "||/",
        "|>",
        "|/",
        "&",
        "&&",
        "&<",
        "~",
        "~*",
        "!~~",
        "^",
        "^@",
        "@",
        "@>",
        "<@",
        "#",
        "#>",
        "##",
        "?",
        "?|",
        "?1",
        "\\",
        "'",
        "\"",
        "`",
        " ",
        " ",
        "  ",
        "\n",
        "\t",
        "\r\n",
        "\r",
        "\u{a0}",
        "\u{b}",
        "\u{feff}",
        "-- c\n",
        "--c\r\n",
        "-- a\rb\n",
        "--\n",
        "# c\n",
        "// c\n",
        "/* c */",
        "/* a /* b */ c */",
        "/*/ a */",
        "/* a /*/",
        "/*! a */",
        "/*!50110 b */",
        "/*+ a */",
        "/*M! a */",
        "/**/",
        "/***/",
    ];

    const ORDINARY: &[&str] = &[
        "select a.b, \"C d\" as e, sum(x) over (partition by y order by z desc) + 1.5 * -2e10, 'it is' || t.u /* no */ from s.t as t -- x",
        "select cast(a as decimal(38, 0)), b::int, c <> 1, d != 2, e <= 3 and f >= 4 or g < 5 and h > 6, i % 2, [1, 2][0], _x._y\nfrom t;",
        "insert into t (a, b) values (0x1f, 'x'), (1.0, '');\tselect * from `p`.q where r = 'né' and s in (1,2,3)",
    ];

    fn place(from: Position, lexeme: &Lexeme) -> Location {
        let at = lexeme.position;
        let column = if at.line == from.line { at.column - from.column + 1 } else { at.column };
        Location::new(u64::from(at.line - from.line) + 1, u64::from(column))
    }

    /// Whether a text is converted; if so, into what the parser's tokenizer makes of it.
    fn same(text: &str, dialect: Dialect) -> bool {
        let lexed = lex(text, dialect);
        let (Some(first), Some(last)) = (lexed.lexemes.first(), lexed.lexemes.last()) else { return false };
        let mut ours = Vec::new();
        let place = |lexeme: &Lexeme| place(first.position, lexeme);
        if convert(&mut ours, text, &lexed.lexemes, dialect, place).is_none() {
            assert!(ours.is_empty());
            return false;
        }
        let slice = &text[first.range().start..last.range().end];
        let read = Tokenizer::new(dialect.grammar(), slice).tokenize_with_location();
        let mut theirs = read.unwrap_or_else(|error| panic!("{text:?} in {dialect}: {error}"));
        theirs.retain(|token| !matches!(token.token, Token::Whitespace(_)));
        let pairs = |tokens: Vec<TokenWithSpan>| -> Vec<(Token, Span)> {
            tokens.into_iter().map(|token| (token.token, token.span)).collect()
        };
        assert_eq!(pairs(ours), pairs(theirs), "{text:?} in {dialect}");
        true
    }

    #[test]
    fn ordinary_sql_is_converted_in_every_dialect() {
        for text in ORDINARY {
            for dialect in Dialect::ALL {
                // A quoted name of one dialect is a sign of another, and brackets are quotes of two.
                let foreign = (text.contains('`') && !dialect.grammar().is_delimited_identifier_start('`'))
                    || (text.contains('[') && matches!(dialect, Dialect::TSql | Dialect::Redshift));
                assert!(same(text, dialect) || foreign, "{text} in {dialect}");
            }
        }
    }

    #[test]
    fn two_or_three_of_anything_are_what_the_tokenizer_makes_of_them() {
        for dialect in Dialect::ALL {
            let mut converted = 0;
            for first in PIECES {
                for second in PIECES {
                    converted += usize::from(same(&format!("{first}{second}"), dialect));
                    converted += usize::from(same(&format!("a {first}{second} b"), dialect));
                    converted += usize::from(same(&format!("{first}{second}1"), dialect));
                }
            }
            assert!(converted > 5_000, "{converted} in {dialect}");
        }
    }

    #[test]
    fn keywords_are_the_parsers() {
        assert!(ALL_KEYWORDS.iter().all(|word| word.len() <= LONGEST));
        for word in ALL_KEYWORDS.iter().copied().chain(["orders", "selec", "selects", ""]) {
            let Token::Word(theirs) = Token::make_word(word, None) else { panic!("{word} is a word") };
            assert_eq!(keyword(word.to_lowercase().as_bytes()), theirs.keyword);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]
        #[test]
        fn any_text_is_what_the_tokenizer_makes_of_it(
            pieces in prop::collection::vec(prop::sample::select(PIECES), 1..12),
            dialect in prop::sample::select(Dialect::ALL.to_vec()),
        ) {
            same(&pieces.concat(), dialect);
            same(&pieces.join(" "), dialect);
        }

        #[test]
        fn a_text_with_something_in_it_is_what_the_tokenizer_makes_of_it(
            text in prop::sample::select(ORDINARY),
            at in 0_usize..200,
            piece in prop::sample::select(PIECES),
            dialect in prop::sample::select(Dialect::ALL.to_vec()),
        ) {
            let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            same(&format!("{}{piece}{}", &text[..at], &text[at..]), dialect);
        }
    }
}
