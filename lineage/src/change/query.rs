//! What differs between two versions of one query. It must not know files, nor who is downstream.

use std::collections::{BTreeMap, BTreeSet};

use crate::canonical::{Relations, Terms, canonicalize};
use crate::dialect::Dialect;
use crate::difference::{ColumnOrder, Difference, RelationChange, carried, differences};
use crate::name::ColumnName;
use crate::parse::{TokenKind, parse, tokens};
use crate::query::{Action, Output, Queries, Reading, Script, Statement};

use super::{Effect, EffectKind};

/// What the comparison of two queries says.
#[derive(Debug)]
pub(super) enum Compared {
    /// They are shown to give the same on every database.
    Same,
    /// They differ in this, and in nothing else.
    Differ(Vec<Effect>),
    /// It is not worked out.
    Unclear(String),
}

/// One version of a query, and what it sees.
pub(crate) struct Version<'a> {
    pub(crate) text: &'a str,
    pub(crate) sees: &'a dyn Relations,
}

/// Compares two versions of a query.
pub(super) fn compare(base: &Version<'_>, head: &Version<'_>, dialect: Dialect) -> Compared {
    let (before, after) = (parse(base.text, dialect), parse(head.text, dialect));
    let (Some((old, before, from)), Some((new, after, to))) = (only_query(&before), only_query(&after)) else {
        return Compared::Unclear("it is more than one query".to_owned());
    };
    if (from.action, &from.target, &from.columns, &from.matching) != (to.action, &to.target, &to.columns, &to.matching)
        || !matches!(from.action, Action::Return | Action::Replace)
    {
        return Compared::Unclear("what becomes of its rows differs".to_owned());
    }
    if let Some(word) = unheld(base.text, head.text, dialect, [old, new]) {
        return Compared::Unclear(format!("`{word}` is in one version only, and is not understood"));
    }
    let mut terms = Terms::new(dialect);
    let old = canonicalize(&mut terms, before, from.block, base.sees);
    let new = canonicalize(&mut terms, after, to.block, head.sees);
    let (mut old, mut new) = match (old, new) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(why), _) | (_, Err(why)) => return Compared::Unclear(why),
    };
    // A list of columns gives them other names.
    for (form, output) in [(&mut old, from), (&mut new, to)] {
        if output.columns.len() == form.columns.len() {
            form.columns.clone_from(&output.columns);
        }
    }
    let found = differences(&mut terms, &old, &new);
    let mut effects: Vec<Effect> = found.list.into_iter().map(effect).collect();
    let comes_or_goes = |effect: &Effect| matches!(effect.kind, EffectKind::Added | EffectKind::Removed);
    if found.order == ColumnOrder::Changed && !effects.iter().any(comes_or_goes) {
        effects.push(Effect::on_relation(EffectKind::Reordered, "its columns stand in another order"));
    }
    if effects.is_empty() { Compared::Same } else { Compared::Differ(effects) }
}

fn effect(difference: Difference) -> Effect {
    Effect { kind: difference.kind, column: difference.column, detail: Some(difference.detail) }
}

/// The query of a text that is one query, and what becomes of its rows.
fn only_query(script: &Script) -> Option<(&Statement, &Queries, &Output)> {
    let [statement] = script.statements.as_slice() else { return None };
    let queries = statement.queries.as_deref().filter(|_| script.reading == Reading::Parsed)?;
    let [output] = queries.outputs.as_slice() else { return None };
    Some((statement, queries, output))
}

/// Words whose meaning a tree holds by its structure, so that they need not be found in it.
const HELD: [&str; 96] = [
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
];

/// A word that stands more often in one text than in the other, and that neither statement holds: what
/// is lost between a text and its tree must not make two texts the same.
fn unheld(base: &str, head: &str, dialect: Dialect, statements: [&Statement; 2]) -> Option<String> {
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
    let is_held = |word: &str| {
        let bare = word.trim_matches(|quote| "\"'`[]".contains(quote));
        held.contains(bare) || spelled.iter().any(|text| text.contains(bare))
    };
    balance.into_iter().filter(|(_, weight)| *weight != 0).map(|(word, _)| word).find(|word| !is_held(word))
}

/// What of a query that has not changed shows that rows of a relation are there more often.
#[derive(Debug, Clone, Default)]
pub(crate) struct Copied {
    /// What happens to its rows.
    pub(crate) rows: BTreeSet<EffectKind>,
    /// The columns that may hold something else.
    pub(crate) columns: BTreeSet<ColumnName>,
}

/// Carries copies of rows of the relation of an identity through a query; `None` if that is not worked
/// out.
pub(crate) fn copied(version: &Version<'_>, dialect: Dialect, identity: &str) -> Option<Copied> {
    let script = parse(version.text, dialect);
    let (_, queries, output) = only_query(&script)?;
    if !matches!(output.action, Action::Return | Action::Replace) {
        return None;
    }
    let more = |relation: &str| {
        let rows = vec![(EffectKind::RowsDuplicated, "rows are there more often".to_owned())];
        let is_it = relation.split(" or ").any(|one| one == identity);
        is_it.then(|| RelationChange { rows, ..RelationChange::default() })
    };
    let mut terms = Terms::new(dialect);
    let found = carried(&mut terms, queries, output.block, version.sees, &more).ok()?;
    let mut copied = Copied::default();
    for difference in found.list {
        match (difference.kind, difference.column) {
            (EffectKind::Unspecified, _) => return None,
            (kind, None) => drop(copied.rows.insert(kind)),
            // A list of columns gives them other names, and nobody is to miss one of them.
            (_, Some(_)) if !output.columns.is_empty() => return None,
            (_, Some(column)) => drop(copied.columns.insert(column)),
        }
    }
    Some(copied)
}
