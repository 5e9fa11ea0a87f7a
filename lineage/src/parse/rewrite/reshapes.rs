//! DuckDB's commands PIVOT, UNPIVOT and SUMMARIZE, which are queries, as the queries that they stand for.

use std::ops::Range;

use sqlparser::tokenizer::{Span, Token, TokenWithSpan};

use super::{Notes, closing, is, is_any, token, word};
use crate::dialect::Dialect;

type Tokens = Vec<TokenWithSpan>;

/// Stands before the keys of a GROUP BY that the parser has no place for, in DEFAULT ON NULL, which DuckDB
/// does not have.
pub(in super::super) const GROUPED: &str = "group by";

/// Words that begin a clause of these commands, or what may follow them.
const CLAUSES: [&str; 11] =
    ["ON", "USING", "GROUP", "INTO", "ORDER", "LIMIT", "OFFSET", "UNION", "EXCEPT", "INTERSECT", "INCLUDE"];

/// Words that stand before JOIN.
const JOINS: [&str; 13] = [
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "FULL",
    "OUTER",
    "CROSS",
    "NATURAL",
    "SEMI",
    "ANTI",
    "ASOF",
    "POSITIONAL",
    "ANY",
];

/// `PIVOT t ON c USING sum(x) GROUP BY g` is `SELECT * FROM t PIVOT (sum(x) FOR c IN (ANY))`, and
/// `UNPIVOT t ON a, b INTO NAME n VALUE v` is `SELECT * FROM t UNPIVOT (v FOR n IN (a, b))`.
pub(super) fn commands(tokens: &mut Tokens, dialect: Dialect, _: &mut Notes) {
    if dialect != Dialect::DuckDb {
        return;
    }
    let mut index = 0;
    while index < tokens.len() {
        if begins_query(tokens, index) {
            let written = if is_any(tokens, index, &["PIVOT", "PIVOT_WIDER"]) {
                pivot(tokens, index)
            } else if is_any(tokens, index, &["UNPIVOT", "PIVOT_LONGER"]) {
                unpivot(tokens, index)
            } else {
                None
            };
            if let Some((query, end)) = written {
                tokens.splice(index..end, query);
            }
        }
        index += 1;
    }
}

/// Whether a query can begin here.
fn begins_query(tokens: &[TokenWithSpan], index: usize) -> bool {
    let Some(before) = index.checked_sub(1) else { return true };
    match token(tokens, before) {
        Token::LParen => true,
        // Behind WITH, or behind the columns of an INSERT.
        Token::RParen => is_any(tokens, 0, &["WITH", "INSERT", "CREATE"]),
        Token::Word(_) => {
            is_any(tokens, before, &["AS", "UNION", "ALL", "NAME"]) || (is(tokens, 0, "INSERT") && index < 8)
        }
        _ => false,
    }
}

/// What is reshaped, and the index behind it: a name or a query in brackets, perhaps with an alias.
fn source(tokens: &[TokenWithSpan], from: usize) -> Option<Range<usize>> {
    let mut end = match token(tokens, from) {
        Token::LParen => closing(tokens, from) + 1,
        Token::Word(_) | Token::SingleQuotedString(_) => {
            let mut end = from + 1;
            while *token(tokens, end) == Token::Period {
                end += 2;
            }
            if *token(tokens, end) == Token::LParen { closing(tokens, end) + 1 } else { end }
        }
        _ => return None,
    };
    if is(tokens, end, "AS") {
        end += 2;
    } else if matches!(token(tokens, end), Token::Word(_))
        && !is_any(tokens, end, &CLAUSES)
        && !is_any(tokens, end, &JOINS)
    {
        end += 1;
    }
    (end <= tokens.len()).then_some(from..end)
}

/// What is reshaped, and whatever is joined to it.
fn sources(tokens: &[TokenWithSpan], from: usize) -> Option<Sources> {
    let mut range = source(tokens, from)?;
    let is_query = is_any(tokens, from + 1, &["SELECT", "WITH", "FROM", "VALUES", "TABLE", "PIVOT", "UNPIVOT"]);
    let mut joined = *token(tokens, from) == Token::LParen && !is_query;
    loop {
        let words = (range.end..tokens.len()).take_while(|at| is_any(tokens, *at, &JOINS)).count();
        let join = range.end + words;
        if words == 0 || !is(tokens, join - 1, "JOIN") {
            return Some(Sources { range, joined });
        }
        let all = (range.end..join).any(|at| is_any(tokens, at, &["CROSS", "NATURAL", "POSITIONAL"]));
        range.end = source(tokens, join)?.end;
        joined = true;
        if !all && is(tokens, range.end, "ON") {
            range.end = condition_end(tokens, range.end + 1);
        } else if !all && is(tokens, range.end, "USING") && *token(tokens, range.end + 1) == Token::LParen {
            range.end = (closing(tokens, range.end + 1) + 1).min(tokens.len());
        }
    }
}

/// What a command reshapes.
struct Sources {
    range: Range<usize>,
    /// Whether it is a join, which stands in a query of its own.
    joined: bool,
}

/// Where the condition of a join ends that begins here.
fn condition_end(tokens: &[TokenWithSpan], from: usize) -> usize {
    let mut at = from;
    while at < tokens.len() && !is_any(tokens, at, &CLAUSES) && !is_any(tokens, at, &JOINS) {
        match token(tokens, at) {
            Token::LParen => at = closing(tokens, at) + 1,
            Token::RParen | Token::SemiColon => break,
            _ => at += 1,
        }
    }
    at.min(tokens.len())
}

/// Where a clause ends that begins here.
fn clause_end(tokens: &[TokenWithSpan], from: usize) -> usize {
    let mut at = from;
    while at < tokens.len() {
        match token(tokens, at) {
            Token::LParen => at = closing(tokens, at) + 1,
            Token::RParen | Token::SemiColon => break,
            _ if is_any(tokens, at, &CLAUSES) => break,
            _ => at += 1,
        }
    }
    at.min(tokens.len())
}

/// The parts between commas outside brackets.
fn parts(tokens: &[TokenWithSpan], range: Range<usize>) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = range.start;
    let mut at = range.start;
    while at < range.end {
        match token(tokens, at) {
            Token::LParen => at = closing(tokens, at) + 1,
            Token::Comma => {
                parts.push(start..at);
                start = at + 1;
                at = start;
            }
            _ => at += 1,
        }
    }
    if start < range.end {
        parts.push(start..range.end);
    }
    parts
}

/// Tokens that are made up, all in one place.
struct Made(Tokens, Span);

impl Made {
    fn add(&mut self, more: impl IntoIterator<Item = Token>) {
        self.0.extend(more.into_iter().map(|token| TokenWithSpan::new(token, self.1)));
    }

    fn copy(&mut self, tokens: &[TokenWithSpan], range: Range<usize>) {
        self.0.extend_from_slice(tokens.get(range).unwrap_or_default());
    }

    fn from(&mut self, tokens: &[TokenWithSpan], sources: &Sources) {
        self.add([word("FROM")]);
        if sources.joined {
            self.add([Token::LParen, word("SELECT"), Token::Mul, word("FROM")]);
        }
        self.copy(tokens, sources.range.clone());
        if sources.joined {
            self.add([Token::RParen]);
        }
    }
}

fn pivot(tokens: &[TokenWithSpan], index: usize) -> Option<(Tokens, usize)> {
    let sources = sources(tokens, index + 1)?;
    let mut at = sources.range.end;
    let (mut columns, mut aggregates, mut keys) = (Vec::new(), 0..0, 0..0);
    loop {
        let is_grouping = is(tokens, at, "GROUP") && is(tokens, at + 1, "BY");
        let begin = if is_grouping { at + 2 } else { at + 1 };
        if !is_grouping && !is_any(tokens, at, &["ON", "USING"]) {
            break;
        }
        let end = clause_end(tokens, begin);
        if is_grouping {
            keys = begin..end;
        } else if is(tokens, at, "ON") {
            columns = parts(tokens, begin..end);
        } else {
            aggregates = begin..end;
        }
        at = end;
    }
    // `c IN ('a', 'b')` says which values become columns.
    let values = |part: &Range<usize>| part.clone().find(|at| is(tokens, *at, "IN"));
    let mut made = Made(Vec::new(), tokens.get(index)?.span);
    let Some(first) = columns.first().cloned() else {
        // Without columns whose values become columns it is a SELECT with aggregates.
        if aggregates.is_empty() {
            return None;
        }
        made.add([word("SELECT")]);
        if !keys.is_empty() {
            made.copy(tokens, keys.clone());
            made.add([Token::Comma]);
        }
        made.copy(tokens, aggregates);
        made.from(tokens, &sources);
        if !keys.is_empty() {
            made.add([word("GROUP"), word("BY")]);
            made.copy(tokens, keys);
        }
        return Some((made.0, at));
    };
    made.add([word("SELECT"), Token::Mul]);
    made.from(tokens, &sources);
    made.add([word("PIVOT"), Token::LParen]);
    if aggregates.is_empty() {
        made.add([word("count"), Token::LParen, Token::Mul, Token::RParen]);
    } else {
        made.copy(tokens, aggregates);
    }
    made.add([word("FOR")]);
    match (columns.as_slice(), values(&first)) {
        ([only], Some(list)) if *token(tokens, list + 1) == Token::LParen => {
            made.copy(tokens, first.start..list);
            made.add([word("IN")]);
            made.copy(tokens, list + 1..only.end);
        }
        _ => {
            // A query among the values would be lost here.
            if (first.start..at).any(|at| is_any(tokens, at, &["SELECT", "FROM"])) {
                return None;
            }
            made.add([Token::LParen]);
            for (place, part) in columns.iter().enumerate() {
                if place > 0 {
                    made.add([Token::Comma]);
                }
                made.copy(tokens, part.start..values(part).unwrap_or(part.end));
            }
            made.add([Token::RParen, word("IN"), Token::LParen, word("ANY"), Token::RParen]);
        }
    }
    if !keys.is_empty() {
        made.add([word("DEFAULT"), word("ON"), word("NULL"), Token::LParen, Token::LParen]);
        made.add([Token::SingleQuotedString(GROUPED.to_owned()), Token::Comma]);
        made.copy(tokens, keys);
        made.add([Token::RParen, Token::RParen]);
    }
    made.add([Token::RParen]);
    Some((made.0, at))
}

fn unpivot(tokens: &[TokenWithSpan], index: usize) -> Option<(Tokens, usize)> {
    let sources = sources(tokens, index + 1)?;
    let on = sources.range.end;
    if !is(tokens, on, "ON") {
        return None;
    }
    let columns = on + 1..clause_end(tokens, on + 1);
    let listed = parts(tokens, columns.clone());
    let is_name = |part: &Range<usize>| match token(tokens, part.start) {
        Token::Word(_) => part.len() == 1 || *token(tokens, part.start + 1) != Token::LParen,
        Token::LParen => true,
        _ => false,
    };
    let by_pattern = !listed.iter().all(is_name);
    let mut made = Made(Vec::new(), tokens.get(index)?.span);
    let (mut name, mut value, mut end) = (word("name"), vec![word("value")], columns.end);
    if is(tokens, end, "INTO") && is(tokens, end + 1, "NAME") && is(tokens, end + 3, "VALUE") {
        let values = end + 4..clause_end(tokens, end + 4);
        name = token(tokens, end + 2).clone();
        value = tokens.get(values.clone())?.iter().map(|token| token.token.clone()).collect();
        end = values.end;
    }
    if by_pattern {
        return by_any_column(tokens, &sources, columns, (name, value), made).map(|made| (made.0, end));
    }
    made.add([word("SELECT"), Token::Mul]);
    made.from(tokens, &sources);
    made.add([word("UNPIVOT")]);
    if is(tokens, end, "INCLUDE") && is(tokens, end + 1, "NULLS") {
        made.add([word("INCLUDE"), word("NULLS")]);
        end += 2;
    }
    made.add([Token::LParen]);
    if value.len() > 1 {
        value.insert(0, Token::LParen);
        value.push(Token::RParen);
    }
    made.add(value);
    made.add([word("FOR"), name, word("IN"), Token::LParen]);
    made.copy(tokens, columns);
    made.add([Token::RParen, Token::RParen]);
    Some((made.0, end))
}

/// `UNPIVOT t ON COLUMNS(…)`: which columns become rows only the table knows, so the values are of any of them:
/// `SELECT id, '' AS name, unnest(concat(*)) AS value FROM t`. Those that `* EXCLUDE` names stay as they are; of a
/// pattern it is not known which.
fn by_any_column(
    tokens: &[TokenWithSpan],
    sources: &Sources,
    columns: Range<usize>,
    (name, value): (Token, Vec<Token>),
    mut made: Made,
) -> Option<Made> {
    let [value] = <[Token; 1]>::try_from(value).ok()?;
    if columns.clone().any(|at| is_any(tokens, at, &["SELECT", "FROM"])) {
        return None;
    }
    let mut pattern = columns.clone();
    let in_call = is(tokens, pattern.start, "COLUMNS") && closing(tokens, pattern.start + 1) + 1 == pattern.end;
    if in_call {
        pattern = pattern.start + 2..pattern.end - 1;
    }
    let is_star = *token(tokens, pattern.start) == Token::Mul;
    let first = pattern.start + 2;
    made.add([word("SELECT")]);
    if is_star && pattern.len() == 1 {
        // None stays as it is.
    } else if is_star && is_any(tokens, pattern.start + 1, &["EXCLUDE", "EXCEPT"]) {
        let kept = if *token(tokens, first) == Token::LParen && closing(tokens, first) + 1 == pattern.end {
            first + 1..pattern.end - 1
        } else if pattern.len() == 3 && matches!(token(tokens, first), Token::Word(_)) {
            first..pattern.end
        } else {
            return None;
        };
        made.copy(tokens, kept);
        made.add([Token::Comma]);
    } else if in_call {
        made.add([Token::Mul, Token::Comma]);
    } else {
        return None;
    }
    made.add([Token::SingleQuotedString(String::new()), word("AS"), name, Token::Comma]);
    made.add([word("unnest"), Token::LParen, word("concat"), Token::LParen, Token::Mul, Token::RParen, Token::RParen]);
    made.add([word("AS"), value]);
    made.from(tokens, sources);
    Some(made)
}

/// What SUMMARIZE says of each column, and a function that depends on the column as it does.
const SUMMARY: [(&str, &str); 12] = [
    ("column_name", "concat"),
    ("column_type", "concat"),
    ("min", "min"),
    ("max", "max"),
    ("approx_unique", "max"),
    ("avg", "avg"),
    ("std", "avg"),
    ("q25", "avg"),
    ("q50", "avg"),
    ("q75", "avg"),
    ("count", "count"),
    ("null_percentage", "avg"),
];

/// `SUMMARIZE t` is a row for each column of `t`, with aggregates over it: grouped by the column's name.
/// `SUMMARIZE SELECT …` is the same of a query.
pub(super) fn summaries(tokens: &mut Tokens, dialect: Dialect, _: &mut Notes) {
    if dialect != Dialect::DuckDb {
        return;
    }
    let mut index = 0;
    while index < tokens.len() {
        if is(tokens, index, "SUMMARIZE") && begins_query(tokens, index) {
            summary(tokens, index);
        }
        index += 1;
    }
}

fn summary(tokens: &mut Tokens, index: usize) {
    let is_query = is_any(tokens, index + 1, &["SELECT", "WITH", "FROM", "VALUES"]);
    let end = if is_query {
        let mut at = index + 1;
        while at < tokens.len() && !matches!(token(tokens, at), Token::RParen | Token::SemiColon) {
            at = if *token(tokens, at) == Token::LParen { closing(tokens, at) + 1 } else { at + 1 };
        }
        at.min(tokens.len())
    } else if let Some(source) = source(tokens, index + 1) {
        source.end
    } else {
        return;
    };
    let mut made = Made(Vec::new(), tokens[index].span);
    made.add([word("SELECT")]);
    for (place, (name, function)) in SUMMARY.into_iter().enumerate() {
        if place > 0 {
            made.add([Token::Comma]);
        }
        made.add([
            word(function),
            Token::LParen,
            Token::Mul,
            Token::RParen,
            word("AS"),
            Token::make_word(name, Some('"')),
        ]);
    }
    made.add([word("FROM")]);
    if is_query {
        made.add([Token::LParen]);
    }
    made.copy(tokens, index + 1..end);
    if is_query {
        made.add([Token::RParen]);
    }
    made.add([word("GROUP"), word("BY"), Token::Number("1".to_owned(), false)]);
    tokens.splice(index..end, made.0);
}
