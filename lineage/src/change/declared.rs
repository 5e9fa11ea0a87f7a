//! What differs about what a relation declares: its columns and keys, its name, and how it is built.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::graph::{LineageGraph, Node};
use crate::name::ColumnName;
use crate::relation::{Relation, RelationKind};

use super::{Effect, EffectKind};

/// Columns that DDL declares: there the declaration is what the table has.
pub(super) fn schema_effects(before: &Relation, after: &Relation) -> Vec<Effect> {
    let mut effects = Vec::new();
    // Nearly all of them: looking columns up in each other takes long where there are very many.
    if before.schema == after.schema {
        return effects;
    }
    for column in &before.schema.columns {
        match after.schema.columns.iter().find(|other| other.name == column.name) {
            None => effects.push(Effect::on_column(EffectKind::Removed, &column.name, "no longer declared")),
            Some(other) if other.data_type != column.data_type => {
                let was = if column.data_type.is_empty() { "without a type" } else { &column.data_type };
                let is = if other.data_type.is_empty() { "without a type" } else { &other.data_type };
                let detail = format!("declared as {is}, was {was}");
                effects.push(Effect::on_column(EffectKind::Retyped, &column.name, detail));
            }
            Some(other) if other.nullability != column.nullability => {
                effects.push(Effect::on_column(EffectKind::Revalued, &column.name, "its NOT NULL changed"));
            }
            Some(_) => {}
        }
    }
    for column in &after.schema.columns {
        if before.schema.columns.iter().all(|other| other.name != column.name) {
            effects.push(Effect::on_column(EffectKind::Added, &column.name, "newly declared"));
        }
    }
    let moved = moved(before, after);
    if !moved.is_empty() {
        effects.push(Effect::on_relation(EffectKind::Reordered, "its columns are declared in another order"));
    }
    // Who puts rows in without naming columns fills others now.
    if !after.writers.is_empty() {
        let why = "it is declared at another place, and rows may be put in by place";
        effects.extend(moved.iter().map(|name| Effect::on_column(EffectKind::Revalued, name, why)));
    }
    if before.schema.keys != after.schema.keys || before.schema.references != after.schema.references {
        effects.push(Effect::on_relation(EffectKind::Regrained, "its declared keys differ"));
    }
    effects
}

/// The columns that both versions declare, and at another place among those.
fn moved<'r>(before: &Relation, after: &'r Relation) -> Vec<&'r ColumnName> {
    let names = |one: &'_ Relation| one.schema.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
    let (old, new) = (names(before), names(after));
    let was = old.iter().filter(|name| new.contains(name));
    let is = after.schema.columns.iter().map(|column| &column.name).filter(|name| old.contains(name));
    was.zip(is).filter(|(was, is)| was != is).map(|(_, is)| is).collect()
}

/// Columns of models whose contract is enforced: what their properties declare is what they have. Where it comes or goes, that
/// matters for types with a length or a precision, of which dbt only compares what they are called.
pub(super) fn contract_effects(before: &Relation, after: &Relation) -> Vec<Effect> {
    let is_enforced = |one: &Relation| one.config.contains_key("contract");
    let types = |one: &'_ Relation| -> Vec<(ColumnName, String)> {
        let said = one.schema.columns.iter().filter(|column| !column.data_type.is_empty());
        said.map(|column| (column.name.clone(), column.data_type.clone())).collect()
    };
    let mut effects = Vec::new();
    let mut retyped = |column: &ColumnName, detail: String| {
        effects.push(Effect::on_column(EffectKind::Retyped, column, detail));
    };
    match (is_enforced(before), is_enforced(after)) {
        (true, true) => {
            let old = types(before);
            for (column, is) in types(after) {
                if let Some((_, was)) = old.iter().find(|(other, was)| *other == column && *was != is) {
                    retyped(&column, format!("its contract says {is}, and said {was}"));
                }
            }
        }
        (false, true) if is_cast(after) => {
            let measured = types(after).into_iter().filter(|(_, is)| is_measured(is));
            measured.for_each(|(column, is)| retyped(&column, format!("its contract says {is} now")));
        }
        (true, false) if is_cast(before) => {
            let measured = types(before).into_iter().filter(|(_, was)| is_measured(was));
            measured.for_each(|(column, was)| retyped(&column, format!("its contract no longer says {was}")));
        }
        _ => {}
    }
    effects
}

/// Whether a query's rows are put into columns of declared types: those of a view have the query's own.
fn is_cast(relation: &Relation) -> bool {
    !matches!(
        relation.config.get("materialized").map(|value| value.trim_matches('"')),
        None | Some("view" | "ephemeral")
    )
}

/// Whether values may be cut to fit a type: one with a length, or a number of which none is said, which is whole on some
/// engines.
fn is_measured(data_type: &str) -> bool {
    const NUMBERS: [&str; 4] = ["DEC", "DECIMAL", "NUMBER", "NUMERIC"];
    data_type.contains('(') || NUMBERS.contains(&data_type)
}

/// The value of a configuration that nobody gives.
const UNSET: &str = "not set";

/// A longer value of a configuration is not shown.
const LONGEST_VALUE: usize = 30;

pub(super) fn config_effects(before: &Relation, after: &Relation, readers: Readers) -> Vec<Effect> {
    let mut effects = Vec::new();
    let keys: BTreeSet<&Arc<str>> = before.config.keys().chain(after.config.keys()).collect();
    let ways = (Way::of(before), Way::of(after));
    for key in keys {
        let (old, new) = (before.config.get(key), after.config.get(key));
        // Where nothing is added, it makes no difference how it would be.
        let is_idle = match &**key {
            // Only who goes by batches of time asks for it, in his own table and in those that he reads.
            "event_time" => readers == Readers::Whole && ![before, after].into_iter().any(by_batches),
            key => matches!(ways, (Way::Anew, _) | (_, Way::Anew)) && ADDING.contains(&key),
        };
        if old != new && !is_idle {
            let (old, new) = (old.map_or(UNSET, |value| &**value), new.map_or(UNSET, |value| &**value));
            let detail = match old.len().max(new.len()) {
                0..=LONGEST_VALUE => format!("{key}: {old} → {new}"),
                _ => format!("{key} differs"),
            };
            // What types the columns of a file of rows have is said of each of them.
            let is_said = &**key == "column_types" && [before, after].iter().all(|one| one.kind == RelationKind::Seed);
            match (&**key, ways) {
                ("materialized", (Way::Added, Way::Anew) | (Way::Anew, Way::Added)) => {
                    effects.extend(of_earlier_runs(ways.1, after, &detail));
                    continue;
                }
                (key, _) => {
                    let kinds = if is_said { &[] } else { effects_on_rows(key, ways, old, new, after) };
                    effects.extend(kinds.iter().map(|kind| Effect::on_relation(*kind, detail.clone())));
                }
            }
            effects.push(Effect::on_relation(EffectKind::Config, detail));
        }
    }
    if let (Some(old), Some(new)) = (before.aliases.first(), after.aliases.first())
        && old != new
    {
        let detail = format!("{old} → {new}");
        // A table that keeps what earlier runs gave starts anew under another name.
        let keeps = |relation: &Relation| relation.kind == RelationKind::Snapshot || Way::of(relation) == Way::Added;
        if keeps(before) && keeps(after) {
            effects.extend(of_earlier_runs(Way::Anew, after, &detail));
        }
        effects.push(Effect::on_relation(EffectKind::Moved, detail));
    }
    effects
}

/// How those who read a relation take its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// As they are.
    Whole,
    /// Some take them in batches of time.
    ByBatches,
}

impl Readers {
    /// Those of a relation of either version.
    pub(super) fn of(sides: [(&LineageGraph, Node); 2]) -> Self {
        let is_read = |(graph, node): (&LineageGraph, Node)| {
            graph.children(node).into_iter().any(|child| by_batches(graph.relation(child)))
        };
        if sides.into_iter().any(is_read) { Self::ByBatches } else { Self::Whole }
    }
}

/// Whether a model is run for one span of time after the other.
fn by_batches(relation: &Relation) -> bool {
    relation.config.get("incremental_strategy").is_some_and(|strategy| strategy.trim_matches('"') == "microbatch")
}

/// How a model's query becomes what its table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Each run starts afresh.
    Anew,
    /// Each run adds to what earlier ones left.
    Added,
    /// Otherwise, or in a way that is not known here.
    Other,
}

impl Way {
    /// That of a relation.
    pub(super) fn of(relation: &Relation) -> Self {
        match relation.config.get("materialized").map_or(UNSET, |value| value.trim_matches('"')) {
            _ if relation.kind != RelationKind::Model => Self::Other,
            "incremental" => Self::Added,
            way if is_built_anew(way) => Self::Anew,
            _ => Self::Other,
        }
    }
}

/// What of a configuration decides how rows are added, and nothing where a table is built anew.
const ADDING: [&str; 12] = [
    "batch_size",
    "begin",
    "event_time",
    "full_refresh",
    "incremental_predicates",
    "incremental_strategy",
    "lookback",
    "merge_exclude_columns",
    "merge_update_columns",
    "on_schema_change",
    "predicates",
    "unique_key",
];

/// What of a configuration decides how rows lie on disk. Which of them there are it decides only where a run
/// replaces those of a partition.
const STORED: [&str; 4] = ["buckets", "clustered_by", "file_format", "partition_by"];

/// Whether rows go or become one by the partition that they are in, whoever writes them: they expire, or the engine
/// merges those of a partition.
fn goes_by_partition(relation: &Relation) -> bool {
    let merges = |engine: &str| {
        let engine = engine.trim_matches('"').trim_start();
        !engine.starts_with("MergeTree") && !engine.starts_with("ReplicatedMergeTree")
    };
    relation
        .config
        .iter()
        .any(|(key, value)| key.contains("expiration") || key.contains("ttl") || (&**key == "engine" && merges(value)))
}

/// Whether a run of a table that is added to goes by a key or adds only, however its rows are stored.
fn finds_rows_by_key_or_none(relation: &Relation) -> bool {
    let said = relation.config.get("incremental_strategy").map(|value| value.trim_matches('"'));
    matches!(said, Some("append" | "delete+insert" | "merge"))
}

/// What becomes of the rows where a query that was added to a table is kept as a whole, or the other way
/// round.
///
/// Both give what the query gives to a table that is not there yet. They differ in what earlier runs left: rows
/// that it no longer gives, rows that came too late to be taken in, and values that were others then. The columns are
/// the same. A table that is only added to can have rows twice, unless they are found again by a key.
fn of_earlier_runs(way: Way, after: &Relation, detail: &str) -> Vec<Effect> {
    let why = match way {
        Way::Anew => format!("{detail}, so rows and values that earlier runs left may differ"),
        Way::Added | Way::Other => format!("{detail}, so rows and values of earlier runs may stay"),
    };
    let kinds = [EffectKind::RowsAdded, EffectKind::RowsRemoved, EffectKind::Revalued, EffectKind::Config];
    let mut effects: Vec<Effect> = kinds.into_iter().map(|kind| Effect::on_relation(kind, why.clone())).collect();
    if way == Way::Added && !finds_rows_again(after) {
        let why = "rows may be there twice, as no key finds them again";
        effects.push(Effect::on_relation(EffectKind::RowsDuplicated, why));
    }
    effects
}

/// Whether a run of a table that is added to replaces the rows that it gives again.
fn finds_rows_again(relation: &Relation) -> bool {
    let said = |key: &str| relation.config.get(key).map(|value| value.trim_matches('"'));
    match said("incremental_strategy") {
        Some("append") => false,
        Some("insert_overwrite" | "microbatch") => true,
        _ => said("unique_key").is_some(),
    }
}

/// What another configuration does to the rows of a table, if anything.
///
/// How a query is kept, as a view or as a table that is built anew, makes no difference to what it holds
/// when it has run. A table that is added to is another matter: by what rows are found again, whether
/// they are, and which of their columns are written. Its columns are those of the query either way: what becomes of others
/// that it had before is no part of what it is said to have.
fn effects_on_rows(key: &str, ways: (Way, Way), old: &str, new: &str, after: &Relation) -> &'static [EffectKind] {
    const ROWS: [EffectKind; 3] = [EffectKind::RowsAdded, EffectKind::RowsRemoved, EffectKind::Revalued];
    const COPIES: [EffectKind; 4] =
        [EffectKind::RowsDuplicated, EffectKind::RowsAdded, EffectKind::RowsRemoved, EffectKind::Revalued];
    match key {
        "materialized" if is_built_anew(old) && is_built_anew(new) => &[],
        "contract" => &[],
        "event_time" => &ROWS,
        "on_schema_change" if ways == (Way::Added, Way::Added) => &[],
        // A key where there was none finds rows again that were there twice.
        "unique_key" if ways == (Way::Added, Way::Added) && old == UNSET => &ROWS,
        "unique_key" if ways == (Way::Added, Way::Added) => &COPIES,
        "unique_key" => &[EffectKind::RowsDuplicated],
        "incremental_strategy" if ways == (Way::Added, Way::Added) && !finds_rows_again(after) => &COPIES,
        key if ways == (Way::Added, Way::Added) && ADDING.contains(&key) => &ROWS,
        key if STORED.contains(&key) => match ways {
            _ if goes_by_partition(after) => &ROWS,
            (Way::Other, _) | (_, Way::Other) => &[EffectKind::Unspecified],
            (Way::Added, Way::Added) if !finds_rows_by_key_or_none(after) => &ROWS,
            _ => &[],
        },
        _ => &[EffectKind::Unspecified],
    }
}

/// Whether a way to keep a query's rows, as a view or as a table, holds those of one run and no others.
pub(super) fn is_built_anew(materialized: &str) -> bool {
    const ANEW: [&str; 7] =
        [UNSET, "view", "table", "ephemeral", "materialized_view", "materialized view", "dynamic_table"];
    ANEW.contains(&materialized.trim_matches('"'))
}
