//! Differences held against a database. Random pairs of a query and an edit of it run on many small
//! databases; whatever differs in their results must have been told.
//!
//! `ORACLE_ROUNDS` says how many pairs are tried, `ORACLE_SEED` where to begin, and `ORACLE_SHOW` names
//! a kind of edit of which pairs are printed that were told to differ and were not seen to, or of which too little was told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "oracle/chance.rs"]
mod chance;
#[path = "oracle/data.rs"]
mod data;
#[path = "oracle/edit.rs"]
mod edit;
#[path = "oracle/lineage.rs"]
mod lineage;
#[path = "oracle/project.rs"]
mod project;
#[path = "oracle/query.rs"]
mod query;
#[path = "oracle/recursive.rs"]
mod recursive;
#[path = "oracle/refactor.rs"]
mod refactor;
#[path = "oracle/text.rs"]
mod text;
#[path = "oracle/warehouse.rs"]
mod warehouse;

use std::collections::{BTreeMap, BTreeSet};

use chance::Chance;
use data::{Cell, DIALECT, Declared, database, run, values};
use headsup_lineage::canonical::{Canonical, Terms, canonicalize};
use headsup_lineage::change::EffectKind;
use headsup_lineage::difference::{Difference, Differences, differences};
use headsup_lineage::parse::parse;
use query::{Maker, Query};
use rusqlite::Connection;

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn form(terms: &mut Terms, sql: &str) -> Option<Canonical> {
    let script = parse(sql, DIALECT);
    let queries = script.statements.first()?.queries.clone()?;
    canonicalize(terms, &queries, queries.outputs[0].block, &Declared).ok()
}

/// How often each row is there.
fn bag(rows: &[Vec<Cell>], places: &[usize]) -> BTreeMap<Vec<Cell>, usize> {
    let mut found = BTreeMap::new();
    for row in rows {
        let row: Vec<Cell> = places.iter().map(|place| row[*place].clone()).collect();
        *found.entry(row).or_default() += 1;
    }
    found
}

type Table = (Vec<String>, Vec<Vec<Cell>>);

/// What was found and not told; none if all was.
fn missed(told: &Differences, base: &Table, head: &Table) -> Option<String> {
    let kinds: BTreeSet<EffectKind> = told.list.iter().map(|difference| difference.kind).collect();
    if kinds.contains(&EffectKind::Unspecified) {
        return None;
    }
    let touched: BTreeSet<String> = told
        .list
        .iter()
        .filter_map(|difference| difference.column.as_ref().map(|column| column.as_str().to_owned()))
        .collect();
    for name in base.0.iter().chain(&head.0) {
        let lone = base.0.contains(name) != head.0.contains(name);
        if lone && !touched.contains(name) {
            return Some(format!("column {name} came or went"));
        }
    }
    let same: Vec<&String> = base.0.iter().filter(|name| head.0.contains(name) && !touched.contains(*name)).collect();
    let places = |table: &Table| -> Vec<usize> {
        same.iter().map(|name| table.0.iter().position(|found| found == *name).expect("a column")).collect()
    };
    let (old, new) = (bag(&base.1, &places(base)), bag(&head.1, &places(head)));
    let (added, removed) = (kinds.contains(&EffectKind::RowsAdded), kinds.contains(&EffectKind::RowsRemoved));
    let more = kinds.contains(&EffectKind::RowsDuplicated);
    let names: Vec<&str> = same.iter().map(|name| name.as_str()).collect();
    for (row, count) in &new {
        let before = old.get(row).copied().unwrap_or_default();
        if before == 0 && !added {
            return Some(format!("row {row:?} of {names:?} is new"));
        }
        if *count > before && !added && !more {
            return Some(format!("row {row:?} of {names:?} is there {count} times instead of {before}"));
        }
    }
    for (row, count) in &old {
        let after = new.get(row).copied().unwrap_or_default();
        if after < *count && !removed {
            return Some(format!("row {row:?} of {names:?} is there {after} times instead of {count}"));
        }
    }
    None
}

/// Whether anything at all differs.
fn differs(base: &Table, head: &Table) -> bool {
    let names: BTreeSet<&String> = base.0.iter().collect();
    if names != head.0.iter().collect() {
        return true;
    }
    let places = |table: &Table| -> Vec<usize> {
        names.iter().map(|name| table.0.iter().position(|found| found == *name).expect("a column")).collect()
    };
    bag(&base.1, &places(base)) != bag(&head.1, &places(head))
}

fn databases(seed: u64, count: usize) -> Vec<Connection> {
    let mut chance = Chance::new(seed);
    (0..count).map(|_| database(&values(&mut chance))).collect()
}

/// What is told of a pair.
fn words(base: &str, head: &str) -> String {
    let mut terms = Terms::new(DIALECT);
    let (Some(old), Some(new)) = (form(&mut terms, base), form(&mut terms, head)) else { return String::new() };
    let told = differences(&mut terms, &old, &new).list;
    let line = |told: &Difference| format!("  {} {:?}: {}", told.kind, told.column, told.detail);
    told.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What one pair shows.
enum Outcome {
    /// It does not run, or has no form.
    Void,
    Missed(String),
    Fine {
        told: bool,
        differed: bool,
        unspecified: bool,
    },
}

/// Tries a pair; differences of one kind can be left unsaid, to see whether that is noticed.
fn try_pair(base: &str, head: &str, databases: &[Connection], unsaid: Option<EffectKind>) -> Outcome {
    let mut terms = Terms::new(DIALECT);
    let (Some(old), Some(new)) = (form(&mut terms, base), form(&mut terms, head)) else { return Outcome::Void };
    let mut told = differences(&mut terms, &old, &new);
    told.list.retain(|difference| Some(difference.kind) != unsaid);
    let mut differed = false;
    for database in databases {
        let (Ok(before), Ok(after)) = (run(database, base), run(database, head)) else { return Outcome::Void };
        differed |= differs(&before, &after);
        if old.is_same(&new) && differs(&before, &after) {
            return Outcome::Missed("the forms are the same, the results are not".to_owned());
        }
        if let Some(what) = missed(&told, &before, &after) {
            return Outcome::Missed(format!("{what}\ntold:\n{}", words(base, head)));
        }
    }
    let unspecified = told.list.iter().any(|difference| difference.kind == EffectKind::Unspecified);
    Outcome::Fine { told: !told.list.is_empty(), differed, unspecified }
}

fn pair(seed: u64) -> (Query, Query, &'static str) {
    let mut chance = Chance::new(seed);
    let mut maker = Maker { chance: &mut chance, count: 0, models: Vec::new() };
    let depth = maker.chance.below(3);
    let base = maker.query(depth);
    let mut head = base.clone();
    let mut name = maker.edit(&mut head);
    while maker.chance.percent(15) {
        maker.edit(&mut head);
        name = "several";
    }
    // What comes on one way goes on the other.
    if seed.is_multiple_of(2) { (base, head, name) } else { (head, base, name) }
}

#[test]
fn whatever_differs_is_told() {
    let rounds = number("ORACLE_ROUNDS", 1500);
    let first = number("ORACLE_SEED", 1);
    let show = std::env::var("ORACLE_SHOW").ok();
    let databases = databases(first, 24);
    let mut missed: Vec<String> = Vec::new();
    let (mut void, mut by_edit) = (0, BTreeMap::<&str, [usize; 4]>::new());
    for seed in first..first + rounds {
        let (base, head, edit) = pair(seed);
        let (base, head) = (base.sql(), head.sql());
        let counts = by_edit.entry(edit).or_default();
        match try_pair(&base, &head, &databases, None) {
            Outcome::Void => void += 1,
            Outcome::Missed(what) => missed.push(format!("seed {seed}, {edit}\n{base}\n{head}\n{what}")),
            Outcome::Fine { told, differed, unspecified } => {
                if told && (unspecified || !differed) && show.as_deref() == Some(edit) {
                    println!("seed {seed}\n{base}\n{head}\n{}\n", words(&base, &head));
                }
                counts[0] += 1;
                counts[1] += usize::from(told);
                counts[2] += usize::from(told && !differed);
                counts[3] += usize::from(unspecified);
            }
        }
    }
    println!("{rounds} pairs, {void} void, {} missed", missed.len());
    println!("{:>22} {:>7} {:>7} {:>7} {:>7}", "edit", "pairs", "told", "quiet", "unspec.");
    for (edit, [all, told, quiet, unspecified]) in &by_edit {
        println!("{edit:>22} {all:>7} {told:>7} {quiet:>7} {unspecified:>7}");
    }
    missed.sort_by_key(String::len);
    let shown: Vec<&String> = missed.iter().take(12).collect();
    assert!(
        missed.is_empty(),
        "{} missed\n\n{}",
        missed.len(),
        shown.into_iter().cloned().collect::<Vec<_>>().join("\n\n")
    );
    assert!(void < rounds / 2, "most pairs do not run");
}

#[test]
fn what_is_left_unsaid_is_noticed() {
    let databases = databases(7, 12);
    let kinds = [
        EffectKind::RowsAdded,
        EffectKind::RowsRemoved,
        EffectKind::RowsDuplicated,
        EffectKind::Revalued,
        EffectKind::Added,
        EffectKind::Removed,
    ];
    for kind in kinds {
        let noticed = (1..400).any(|seed| {
            let (base, head, _) = pair(seed);
            matches!(try_pair(&base.sql(), &head.sql(), &databases, Some(kind)), Outcome::Missed(_))
        });
        assert!(noticed, "{kind}");
    }
}
