//! Words that say how a statement runs, not what it reads: dropped one by one. Those that decide
//! about columns or rows all the same are noted down.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{Notes, closing, is, is_any, token};
use crate::dialect::Dialect;
use crate::query::block::Matching;

/// Table hints of T-SQL, at least one of which begins a `WITH (…)` that is a hint.
const HINTS: [&str; 14] = [
    "NOLOCK",
    "HOLDLOCK",
    "TABLOCK",
    "TABLOCKX",
    "UPDLOCK",
    "ROWLOCK",
    "READPAST",
    "READUNCOMMITTED",
    "SERIALIZABLE",
    "XLOCK",
    "PAGLOCK",
    "INDEX",
    "NOEXPAND",
    "FORCESEEK",
];

/// What begins an `OPTION (…)` behind a statement of T-SQL: hints for how it runs.
const OPTIONS: [&str; 22] = [
    "RECOMPILE",
    "MAXDOP",
    "MAXRECURSION",
    "HASH",
    "MERGE",
    "LOOP",
    "CONCAT",
    "ORDER",
    "FAST",
    "FORCE",
    "KEEP",
    "KEEPFIXED",
    "EXPAND",
    "OPTIMIZE",
    "PARAMETERIZATION",
    "QUERYTRACEON",
    "ROBUST",
    "USE",
    "TABLE",
    "LABEL",
    "MAX_GRANT_PERCENT",
    "MIN_GRANT_PERCENT",
];

/// Drops what the parser does not know and what changes no relation.
pub(super) fn dropped(tokens: &mut Vec<TokenWithSpan>, dialect: Dialect, notes: &mut Notes) {
    let mut index = 0;
    while index < tokens.len() {
        let length = length(tokens, index, dialect);
        if length > 0 {
            noted(tokens, index, notes);
        }
        if is(tokens, index, "APPROXIMATE") && is_any(tokens, index + 1, &["COUNT", "PERCENTILE_DISC"]) {
            let name = format!("APPROXIMATE_{}", token(tokens, index + 1));
            tokens[index + 1].token = Token::make_word(&name, None);
            tokens.remove(index);
        }
        if length == 0 {
            index += 1;
        } else {
            let end = (index + length).min(tokens.len());
            tokens.drain(index..end);
        }
    }
    // COPY makes the same table as CLONE.
    if is(tokens, 0, "CREATE")
        && let Some(copy) = (1..tokens.len().min(24)).find(|index| is(tokens, *index, "COPY"))
    {
        tokens[copy].token = Token::make_word("CLONE", None);
    }
}

/// Keeps what the words say that are dropped.
fn noted(tokens: &[TokenWithSpan], index: usize, notes: &mut Notes) {
    if is(tokens, index, "BY") {
        notes.matching = Matching::Name;
    } else if is_any(tokens, index, &["ONLY", "STREAM"]) {
        notes.version_at(tokens, index + 1, token(tokens, index).to_string().to_lowercase());
    }
}

/// How many tokens to drop here.
fn length(tokens: &[TokenWithSpan], index: usize, dialect: Dialect) -> usize {
    let last = tokens.len();
    if is(tokens, index, "BY") && is(tokens, index + 1, "NAME") && is(tokens, 0, "INSERT") {
        2
    } else if is(tokens, index, "WITH") && is(tokens, index + 1, "DATA") && index + 2 == last {
        last - index
    } else if is(tokens, index, "WITH") && is(tokens, index + 1, "NO") && index + 3 == last {
        3
    } else if dialect == Dialect::TSql {
        tsql(tokens, index)
    } else {
        usize::from(
            is_only(tokens, index)
                || (is_any(tokens, index, &["SHALLOW", "DEEP"]) && is(tokens, index + 1, "CLONE"))
                || (dialect == Dialect::Databricks && is_stream(tokens, index))
                || (dialect == Dialect::ClickHouse && is_join_strictness(tokens, index)),
        )
    }
}

fn is_name(tokens: &[TokenWithSpan], index: usize) -> bool {
    matches!(token(tokens, index), Token::Word(_))
}

fn follows(tokens: &[TokenWithSpan], index: usize, words: &[&str]) -> bool {
    index > 0 && is_any(tokens, index - 1, words)
}

/// `FROM ONLY t`: without the tables that inherit from it.
fn is_only(tokens: &[TokenWithSpan], index: usize) -> bool {
    is(tokens, index, "ONLY")
        && follows(tokens, index, &["FROM", "JOIN"])
        && is_name(tokens, index + 1)
        && !is(tokens, index + 1, "AS")
}

/// `FROM STREAM t`: only the rows that are new.
fn is_stream(tokens: &[TokenWithSpan], index: usize) -> bool {
    is(tokens, index, "STREAM") && follows(tokens, index, &["FROM", "JOIN"]) && is_name(tokens, index + 1)
}

/// `GLOBAL ALL LEFT JOIN`: where the join runs, and that every match counts, as it does anyway.
fn is_join_strictness(tokens: &[TokenWithSpan], index: usize) -> bool {
    is_any(tokens, index, &["ALL", "GLOBAL"])
        && is_any(tokens, index + 1, &["LEFT", "RIGHT", "INNER", "JOIN", "FULL", "ANY", "ALL", "ASOF"])
        && !follows(tokens, index, &["UNION", "EXCEPT", "INTERSECT"])
}

fn tsql(tokens: &[TokenWithSpan], index: usize) -> usize {
    if is(tokens, index, "WITH") && *token(tokens, index + 1) == Token::LParen && is_any(tokens, index + 2, &HINTS) {
        return closing(tokens, index + 1) + 1 - index;
    }
    if is(tokens, index, "OPTION") && *token(tokens, index + 1) == Token::LParen && is_any(tokens, index + 2, &OPTIONS)
    {
        return closing(tokens, index + 1) + 1 - index;
    }
    if is(tokens, index, "WITH") && is_any(tokens, index + 1, &["SCHEMABINDING", "VIEW_METADATA", "ENCRYPTION"]) {
        return 2;
    }
    if is(tokens, index, "WITH") && is(tokens, index + 1, "CHECK") && is(tokens, index + 2, "OPTION") {
        return 3;
    }
    usize::from(is_any(tokens, index, &["CLUSTERED", "NONCLUSTERED"]))
}
