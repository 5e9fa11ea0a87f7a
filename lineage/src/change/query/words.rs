//! Words that are lost on the way from a text to its tree. It must not know what the tree means.

use std::collections::{BTreeMap, BTreeSet};

use crate::dialect::Dialect;
use crate::parse::{TokenKind, tokens};
use crate::query::Statement;

/// Words whose meaning a tree holds by its structure, so that they need not be found in it.
const HELD: [&str; 99] = [
    "all",
    "and",
    "any",
    "anti",
    "array",
    "as",
    "asc",
    "between",
    "by",
    "case",
    "cast",
    "create",
    "cross",
    "cube",
    "current",
    "date",
    "desc",
    "distinct",
    "else",
    "end",
    "escape",
    "except",
    "exclude",
    "exists",
    "extract",
    "false",
    "fetch",
    "filter",
    "first",
    "following",
    "for",
    "from",
    "full",
    "group",
    "grouping",
    "having",
    "if",
    "ilike",
    "in",
    "inner",
    "intersect",
    "interval",
    "is",
    "join",
    "lateral",
    "left",
    "like",
    "limit",
    "minus",
    "natural",
    "next",
    "not",
    "null",
    "nulls",
    "of",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "over",
    "partition",
    "pivot",
    "preceding",
    "qualify",
    "range",
    "recursive",
    "rename",
    "replace",
    "right",
    "rlike",
    "rollup",
    "row",
    "rows",
    "safe_cast",
    "select",
    "semi",
    "sets",
    "some",
    "struct",
    "table",
    "then",
    "time",
    "timestamp",
    "top",
    "true",
    "try_cast",
    "unbounded",
    "union",
    "unnest",
    "using",
    "values",
    "view",
    "when",
    "where",
    "window",
    "with",
    "within",
];

/// A word that stands more often in one text than in the other, and that neither statement holds: what
/// is lost between a text and its tree must not make two texts the same.
pub(in crate::change) fn unheld(
    base: &str,
    head: &str,
    dialect: Dialect,
    statements: [&Statement; 2],
) -> Option<String> {
    let (Ok(base), Ok(head)) = (tokens(base, dialect), tokens(head, dialect)) else { return Some("?".to_owned()) };
    let mut balance: BTreeMap<String, i32> = BTreeMap::new();
    for (side, weight) in [(&base, 1), (&head, -1)] {
        for token in side.iter().filter(|token| token.kind != TokenKind::Punctuation) {
            *balance.entry(token.text.to_lowercase()).or_default() += weight;
        }
    }
    let held: BTreeSet<&str> = HELD.into_iter().collect();
    let mut spelled: Vec<String> = Vec::new();
    for statement in statements {
        let names = statement.reads.iter().map(|read| &read.name).chain(&statement.targets);
        spelled.extend(names.flat_map(|name| name.keys().map(str::to_lowercase).collect::<Vec<_>>()));
        let texts = statement.queries.iter().flat_map(|queries| queries.tree.spelled());
        spelled.extend(texts.map(str::to_lowercase));
    }
    let letters = |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>();
    // How a text is quoted and escaped, and a name is put together, differs from what it spells.
    let bare: Vec<String> = spelled.iter().map(|text| letters(text)).collect();
    let is_held = |word: &str| {
        let word = word.trim_matches(|quote| "\"'`[]".contains(quote));
        if held.contains(word) || spelled.iter().any(|text| text.contains(word)) {
            return true;
        }
        // Bytes are spelled without what begins them.
        if let Some(bytes) = word.strip_prefix("0x").filter(|bytes| !bytes.is_empty()) {
            return spelled.iter().any(|text| text.contains(bytes));
        }
        let mut parts = word.split('.').map(letters).filter(|part| !part.is_empty()).peekable();
        parts.peek().is_some() && parts.all(|part| bare.iter().any(|text| text.contains(&part)))
    };
    balance.into_iter().filter(|(_, weight)| *weight != 0).map(|(word, _)| word).find(|word| !is_held(word))
}
