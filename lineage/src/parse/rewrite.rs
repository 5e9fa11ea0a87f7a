//! Token-level rewrites, tried only after a clean parse failed. Each keeps which relations a
//! statement reads and fills, and which columns of them; what a rule cannot put into the tokens, it
//! notes down, and one that loses a column says so.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Word};

use crate::dialect::Dialect;
use crate::name::Quoting;
use crate::query::block::Matching;

mod joins;
mod json;
mod reshapes;
mod samples;
mod sets;
mod tables;
mod types;
mod versions;
mod words;

pub(super) use reshapes::GROUPED;

type Tokens = Vec<TokenWithSpan>;

/// What a rewritten statement said and its tokens do not.
#[derive(Debug)]
pub(super) struct Notes {
    /// The versions of relations, by the places of their names: `for version as of 12`, `only`.
    versions: Vec<(Location, String)>,
    /// How INSERT matches columns.
    pub(super) matching: Matching,
    /// That set operations by name keep what all branches have, or these columns.
    pub(super) corresponding: Option<Vec<(String, Quoting)>>,
    /// What is left of the statement.
    pub(super) kept: Kept,
}

/// What is left of a statement when it is rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// Everything that decides about columns and rows.
    Columns,
    /// The relations only.
    Relations,
}

impl Notes {
    /// Those of a statement that is as it was written.
    pub(super) const fn none() -> Self {
        Self { versions: Vec::new(), matching: Matching::Position, corresponding: None, kept: Kept::Columns }
    }

    /// The version of the relation whose name stands here.
    pub(super) fn version(&self, place: Location) -> Option<&str> {
        self.versions.iter().find(|(at, _)| *at == place).map(|(_, version)| version.as_str())
    }

    fn version_at(&mut self, tokens: &[TokenWithSpan], index: usize, version: String) {
        if let Some(token) = tokens.get(index) {
            self.versions.push((token.span.start, version));
        }
    }
}

/// Rewrites what the parser is known to miss; `None` if nothing applied.
pub(super) fn rewrite(tokens: &mut Tokens, dialect: Dialect) -> Option<Notes> {
    let rules: [fn(&mut Tokens, Dialect, &mut Notes); 24] = [
        streams,
        words::dropped,
        names_after_dots,
        table_arguments,
        versions::time_travel,
        versions::merged,
        json::clauses,
        types::typed_arrays,
        types::casts,
        joins::one_match,
        joins::unnamed_offsets,
        joins::updated,
        samples::dropped,
        sets::corresponding,
        reshapes::commands,
        reshapes::summaries,
        start_as_name,
        match_recognize_modes,
        query_of_create,
        columns_of_create,
        template_holes,
        directories,
        tables::commands,
        bracketed_set_operations,
    ];
    let before = tokens.clone();
    let mut notes = Notes::none();
    for rule in rules {
        rule(tokens, dialect, &mut notes);
    }
    (*tokens != before).then_some(notes)
}

fn is(tokens: &[TokenWithSpan], index: usize, wanted: &str) -> bool {
    match tokens.get(index).map(|token| &token.token) {
        Some(Token::Word(word)) => word.quote_style.is_none() && word.value.eq_ignore_ascii_case(wanted),
        _ => false,
    }
}

fn is_any(tokens: &[TokenWithSpan], index: usize, wanted: &[&str]) -> bool {
    wanted.iter().any(|wanted| is(tokens, index, wanted))
}

fn token(tokens: &[TokenWithSpan], index: usize) -> &Token {
    tokens.get(index).map_or(&Token::EOF, |token| &token.token)
}

/// The index of the bracket that closes the one here, or the end.
fn closing(tokens: &[TokenWithSpan], open: usize) -> usize {
    let mut depth = 0_usize;
    for index in open..tokens.len() {
        match token(tokens, index) {
            Token::LParen => depth += 1,
            Token::RParen => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return index;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

/// The index after the `>` that closes the `<` here, if one does.
fn after_angles(tokens: &[TokenWithSpan], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for index in open..tokens.len() {
        let closed = match token(tokens, index) {
            Token::Lt => {
                depth += 1;
                0
            }
            Token::Gt => 1,
            Token::ShiftRight => 2,
            Token::Word(_) | Token::Comma | Token::Period | Token::LParen | Token::RParen | Token::Number(..) => 0,
            _ => return None,
        };
        if closed > 0 && closed >= depth {
            return Some(index + 1);
        }
        depth = depth.saturating_sub(closed);
    }
    None
}

fn word(text: &str) -> Token {
    Token::make_word(text, None)
}

/// Tokens as text, in lower case.
fn spelled(tokens: &[TokenWithSpan]) -> String {
    let mut text = String::new();
    for token in tokens {
        let word = matches!(token.token, Token::Word(_) | Token::Number(..) | Token::SingleQuotedString(_));
        if word && text.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '\'' | '"' | ')')) {
            text.push(' ');
        }
        match &token.token {
            Token::Word(word) if word.quote_style.is_none() => text.push_str(&word.value.to_lowercase()),
            token => text.push_str(&token.to_string()),
        }
    }
    text
}

fn contains_query(tokens: &[TokenWithSpan]) -> bool {
    (0..tokens.len()).any(|index| is(tokens, index, "SELECT"))
}

/// `mozfun.assert.null(1)`: a word after a dot is a name whatever it spells.
fn names_after_dots(tokens: &mut Tokens, _: Dialect, _: &mut Notes) {
    for index in 1..tokens.len() {
        if tokens[index - 1].token == Token::Period
            && let Token::Word(Word { keyword, .. }) = &mut tokens[index].token
        {
            *keyword = Keyword::NoKeyword;
        }
    }
}

/// `f(input => TABLE(SELECT …))`, `f(TABLE t)` and `ML.PREDICT(MODEL m, …)`: arguments that are
/// relations, as the subqueries that they stand for.
fn table_arguments(tokens: &mut Tokens, _: Dialect, _: &mut Notes) {
    let mut index = 1;
    while index < tokens.len() {
        let argument = matches!(token(tokens, index - 1), Token::LParen | Token::Comma | Token::RArrow);
        if !argument || !is_any(tokens, index, &["TABLE", "MODEL"]) {
            index += 1;
            continue;
        }
        if *token(tokens, index + 1) == Token::LParen {
            // `TABLE(SELECT …)` is a subquery, `TABLE(t)` a table.
            if is_any(tokens, index + 2, &["SELECT", "WITH"]) {
                tokens.remove(index);
            } else if matches!(token(tokens, index + 2), Token::Word(_)) {
                let end = closing(tokens, index + 1);
                replace_with_query(tokens, index, index + 2..end, end + 1);
            }
        } else if matches!(token(tokens, index + 1), Token::Word(_)) {
            let mut end = index + 2;
            while *token(tokens, end) == Token::Period || *token(tokens, end) == Token::Minus {
                end += 2;
            }
            let end = end.min(tokens.len());
            replace_with_query(tokens, index, index + 1..end, end);
        }
        index += 1;
    }
}

/// Puts `(SELECT * FROM name)` in the place of the tokens from `from` to `to`.
fn replace_with_query(tokens: &mut Tokens, from: usize, name: std::ops::Range<usize>, to: usize) {
    let Some(span) = tokens.get(from).map(|token| token.span) else { return };
    let to = to.min(tokens.len());
    let name: Tokens = tokens.get(name).unwrap_or_default().to_vec();
    let before = [Token::LParen, word("SELECT"), Token::Mul, word("FROM")];
    let query = before.into_iter().map(|token| TokenWithSpan::new(token, span));
    let after = std::iter::once(TokenWithSpan::new(Token::RParen, span));
    let replacement: Tokens = query.chain(name).chain(after).collect();
    tokens.splice(from..to, replacement);
}

/// START is a keyword only before WITH and TRANSACTION.
fn start_as_name(tokens: &mut Tokens, _: Dialect, _: &mut Notes) {
    for index in 1..tokens.len() {
        if is(tokens, index, "START")
            && !is_any(tokens, index + 1, &["WITH", "TRANSACTION"])
            && let Token::Word(word) = &mut tokens[index].token
        {
            word.keyword = Keyword::NoKeyword;
        }
    }
}

/// `FINAL LAST(x)` and `RUNNING LAST(x)` in the measures of MATCH_RECOGNIZE: the mode becomes an
/// argument.
fn match_recognize_modes(tokens: &mut Tokens, dialect: Dialect, _: &mut Notes) {
    if dialect == Dialect::ClickHouse {
        return;
    }
    let mut index = 1;
    while index + 2 < tokens.len() {
        if is_any(tokens, index, &["FINAL", "RUNNING"])
            && matches!(token(tokens, index + 1), Token::Word(_))
            && *token(tokens, index + 2) == Token::LParen
        {
            let end = closing(tokens, index + 2);
            if end > index + 3 && end < tokens.len() {
                let mode = spelled(&tokens[index..=index]);
                let span = tokens[index].span;
                let argument = [Token::Comma, Token::SingleQuotedString(mode)];
                tokens.splice(end..end, argument.into_iter().map(|token| TokenWithSpan::new(token, span)));
            }
            tokens.remove(index);
        }
        index += 1;
    }
}

/// What can stand between CREATE and TABLE or VIEW.
pub(super) const MODIFIERS: [&str; 24] = [
    "OR",
    "REPLACE",
    "ALTER",
    "TEMP",
    "TEMPORARY",
    "TRANSIENT",
    "VOLATILE",
    "EXTERNAL",
    "SNAPSHOT",
    "DYNAMIC",
    "MATERIALIZED",
    "RECURSIVE",
    "SECURE",
    "ICEBERG",
    "HYBRID",
    "GLOBAL",
    "LOCAL",
    "UNLOGGED",
    "LIVE",
    "STREAMING",
    "FORCE",
    "FOREIGN",
    "MULTISET",
    "SET",
];

/// Where the name of a created relation begins and ends, and whether it is a view.
fn created(tokens: &[TokenWithSpan]) -> Option<(usize, usize, Created)> {
    if !is(tokens, 0, "CREATE") {
        return None;
    }
    let mut at = 1;
    let mut kind = None;
    while let Token::Word(_) = token(tokens, at) {
        if is_any(tokens, at, &["TABLE", "MODEL"]) {
            kind = Some(Created::Table);
        } else if is(tokens, at, "VIEW") {
            kind = Some(Created::View);
        } else if kind.is_some() {
            if !is_any(tokens, at, &["IF", "NOT", "EXISTS"]) {
                break;
            }
        } else if !is_any(tokens, at, &MODIFIERS) {
            return None;
        }
        at += 1;
    }
    let mut end = at + 1;
    while matches!(token(tokens, end), Token::Period | Token::Minus) {
        end += 2;
    }
    kind.filter(|_| end <= tokens.len()).map(|kind| (at, end, kind))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Created {
    Table,
    View,
}

/// The words before the name of a created relation that every parser reads.
fn plain_head(tokens: &mut Tokens, name: usize, kind: Created) -> usize {
    let span = tokens[0].span;
    let temporary = (1..name).any(|index| is_any(tokens, index, &["TEMP", "TEMPORARY", "VOLATILE"]));
    let mut head = vec![word("CREATE")];
    if temporary {
        head.push(word("TEMPORARY"));
    }
    head.push(word(if kind == Created::View { "VIEW" } else { "TABLE" }));
    let length = head.len();
    tokens.splice(0..name, head.into_iter().map(|token| TokenWithSpan::new(token, span)));
    length
}

/// `CREATE … name … AS query`: what stands between the name and the query says how the result is
/// stored, not what it is made of.
fn query_of_create(tokens: &mut Tokens, _: Dialect, _: &mut Notes) {
    let Some((name, end, kind)) = created(tokens) else { return };
    let mut at = end;
    while at < tokens.len() {
        match token(tokens, at) {
            Token::LParen => at = closing(tokens, at),
            _ if is(tokens, at, "AS") => {
                let mut query = at + 1;
                while *token(tokens, query) == Token::LParen {
                    query += 1;
                }
                if is_any(tokens, query, &["SELECT", "WITH", "FROM", "VALUES"]) {
                    let columns = column_names(&tokens[end..at], kind);
                    tokens.splice(end..at, columns);
                    plain_head(tokens, name, kind);
                    return;
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// The names of the columns that stand directly behind the name of a created relation, in brackets;
/// a table wants a type with each.
fn column_names(tokens: &[TokenWithSpan], kind: Created) -> Tokens {
    let mut names: Tokens = Vec::new();
    if *token(tokens, 0) != Token::LParen {
        return names;
    }
    let end = closing(tokens, 0);
    let mut begins = true;
    let mut index = 1;
    while index < end {
        match token(tokens, index) {
            Token::LParen => index = closing(tokens, index),
            Token::Comma => begins = true,
            Token::Word(_) if begins => {
                begins = false;
                let constraint = ["CONSTRAINT", "PRIMARY", "FOREIGN", "UNIQUE", "CHECK", "INDEX", "KEY"];
                if !is_any(tokens, index, &constraint) {
                    let at = &tokens[index];
                    names.push(at.clone());
                    if kind == Created::Table {
                        names.push(TokenWithSpan::new(word("INT"), at.span));
                    }
                    names.push(TokenWithSpan::new(Token::Comma, at.span));
                }
            }
            _ => begins = false,
        }
        index += 1;
    }
    let Some(last) = names.last_mut() else { return names };
    last.token = Token::RParen;
    let span = last.span;
    names.insert(0, TokenWithSpan::new(Token::LParen, span));
    names
}

/// `CREATE … name (columns) …` without a query: only the columns count.
fn columns_of_create(tokens: &mut Tokens, dialect: Dialect, _: &mut Notes) {
    let Some((name, end, kind)) = created(tokens) else { return };
    let reads = (end..tokens.len()).any(|index| is_any(tokens, index, &["SELECT", "CLONE", "LIKE", "COPY"]));
    let after = if *token(tokens, end) == Token::LParen { closing(tokens, end) } else { end };
    if kind == Created::View || reads || (after..tokens.len()).any(|index| is(tokens, index, "AS")) {
        return;
    }
    if *token(tokens, end) == Token::LParen {
        let close = closing(tokens, end);
        tokens.truncate(close + 1);
        column_options(tokens, end, dialect);
    } else {
        let span = tokens[end - 1].span;
        tokens.truncate(end);
        let empty = [Token::LParen, Token::RParen];
        tokens.extend(empty.into_iter().map(|token| TokenWithSpan::new(token, span)));
    }
    plain_head(tokens, name, kind);
}

/// Drops `OPTIONS (…)`, `COMMENT '…'` and the like after a column's type.
fn column_options(tokens: &mut Tokens, open: usize, _: Dialect) {
    let mut index = open + 1;
    while index < tokens.len() {
        if is_any(tokens, index, &["OPTIONS", "OPTION", "AS"]) && *token(tokens, index + 1) == Token::LParen {
            let end = (closing(tokens, index + 1) + 1).min(tokens.len());
            tokens.drain(index..end);
        } else if is_any(tokens, index, &["COMMENT", "CODEC", "TTL", "ENCODE"]) {
            let end =
                if *token(tokens, index + 1) == Token::LParen { closing(tokens, index + 1) + 1 } else { index + 2 };
            tokens.drain(index..end.min(tokens.len()));
        } else {
            index += 1;
        }
    }
}

/// What a template leaves behind where a value was to stand: `{name}` of a Python format.
fn template_holes(tokens: &mut Tokens, dialect: Dialect, notes: &mut Notes) {
    if matches!(dialect, Dialect::DuckDb | Dialect::ClickHouse | Dialect::Snowflake) {
        return;
    }
    let mut index = 0;
    while index + 2 < tokens.len() {
        if *token(tokens, index) == Token::LBrace
            && matches!(token(tokens, index + 1), Token::Word(_))
            && *token(tokens, index + 2) == Token::RBrace
        {
            tokens.remove(index + 2);
            tokens.remove(index);
            // Whatever is put there can name columns.
            notes.kept = Kept::Relations;
        }
        index += 1;
    }
}

/// `INSERT OVERWRITE DIRECTORY '…' USING … query` writes files: only the query counts.
fn directories(tokens: &mut Tokens, _: Dialect, _: &mut Notes) {
    if !is(tokens, 0, "INSERT") || !(is_any(tokens, 2, &["DIRECTORY", "LOCAL"])) {
        return;
    }
    let mut at = 0;
    while at < tokens.len() && !is_any(tokens, at, &["SELECT", "WITH"]) {
        at = if *token(tokens, at) == Token::LParen { closing(tokens, at) } else { at + 1 };
    }
    if at < tokens.len() {
        tokens.drain(..at);
    }
}

/// `((SELECT …) UNION (SELECT …))` in an expression, as a query that begins with SELECT.
fn bracketed_set_operations(tokens: &mut Tokens, _: Dialect, _: &mut Notes) {
    let mut index = 0;
    while index + 2 < tokens.len() {
        if *token(tokens, index) == Token::LParen
            && *token(tokens, index + 1) == Token::LParen
            && is_any(tokens, index + 2, &["SELECT", "WITH"])
        {
            let end = closing(tokens, index + 1);
            if is_any(tokens, end + 1, &["UNION", "EXCEPT", "INTERSECT", "MINUS"]) {
                let span = tokens[index].span;
                let query = [word("SELECT"), Token::Mul, word("FROM")];
                tokens.splice(index + 1..index + 1, query.into_iter().map(|token| TokenWithSpan::new(token, span)));
            }
        }
        index += 1;
    }
}

/// `CREATE STREAM s ON TABLE t` of Snowflake: a relation that holds what changed in another.
fn streams(tokens: &mut Tokens, dialect: Dialect, notes: &mut Notes) {
    if dialect != Dialect::Snowflake || !is(tokens, 0, "CREATE") {
        return;
    }
    let Some(stream) = (1..4).find(|index| is(tokens, *index, "STREAM")) else { return };
    let Some(on) = (stream..tokens.len().min(stream + 12)).find(|index| is(tokens, *index, "ON")) else { return };
    let mut source = on + 1;
    while is_any(tokens, source, &["TABLE", "VIEW", "EXTERNAL", "DYNAMIC"]) {
        source += 1;
    }
    let mut end = source + 1;
    while *token(tokens, end) == Token::Period {
        end += 2;
    }
    let mut name = stream + 1;
    while is_any(tokens, name, &["IF", "NOT", "EXISTS"]) {
        name += 1;
    }
    tokens.truncate(end);
    // A stream has columns and rows of its own beside those of its table.
    notes.kept = Kept::Relations;
    let span = tokens[0].span;
    let query = [word("AS"), word("SELECT"), Token::Mul, word("FROM")];
    tokens.splice(on..source.min(tokens.len()), query.into_iter().map(|token| TokenWithSpan::new(token, span)));
    let head = [word("CREATE"), word("VIEW")];
    tokens.splice(0..name.min(tokens.len()), head.into_iter().map(|token| TokenWithSpan::new(token, span)));
}
