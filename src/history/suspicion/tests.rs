//! Which commit is suspected first, of a few that differ in one thing.

use headsup_lineage::change::ChangeKind;

use super::*;
use crate::history::{Changed, Commit};
use crate::project::Criticality;
use crate::settings::Standard;

const DAY: i64 = 86_400;

/// A commit on a day that changes a table in a way, and so arrives at `audit`.
fn commit(day: i64, relation: &str, effect: EffectKind, column: Option<&str>, path: &[&str]) -> Passage {
    let happening = Happening { effect, column: column.map(str::to_owned) };
    let subject = format!("{relation} {effect}");
    let commit = Commit {
        id: format!("{day:040}"),
        time: day * DAY,
        author: "Ann".to_owned(),
        subject,
        trailers: Vec::new(),
        request: None,
    };
    let change = Changed {
        relation: relation.to_owned(),
        kind: ChangeKind::Modified,
        effects: vec![happening.clone()],
        phrase: String::new(),
        files: Vec::new(),
    };
    let job = TouchedJob {
        job: "audit".to_owned(),
        owner: None,
        criticality: Criticality::Critical,
        standard: Standard::Reachable,
        meets: Some(Standard::Reachable),
        reach: if path.is_empty() { Reach::NotReached } else { Reach::Reached },
        effects: vec![happening],
        path: path.iter().map(|&name| name.to_owned()).collect(),
        way: Vec::new(),
        happens: "something happens".to_owned(),
        reason: None,
    };
    Passage { changes: vec![change], jobs: vec![job], ..Passage::nothing(commit, String::new(), 1) }
}

/// The tables that the commits change, most suspicious first.
fn order(passages: &[Passage], errors: &[&str]) -> Vec<String> {
    let failed = Failed { at: 10 * DAY, symptoms: Symptoms::of(errors.iter().copied()), tables: Vec::new() };
    rank(passages, "audit", &failed)
        .into_iter()
        .map(|suspect| suspect.passage.changes.first().map(|change| change.relation.clone()).unwrap_or_default())
        .collect()
}

#[test]
fn without_an_error_what_breaks_is_first() {
    let passages = [
        commit(9, "values", EffectKind::Revalued, Some("a"), &["values"]),
        commit(8, "gone", EffectKind::Broken, Some("b"), &["gone", "marts"]),
        commit(9, "apart", EffectKind::Removed, None, &[]),
    ];
    assert_eq!(order(&passages, &[]), ["gone", "values"]);
}

#[test]
fn an_error_points_at_what_it_names() {
    let passages = [
        commit(9, "gone", EffectKind::Broken, Some("b"), &["gone"]),
        commit(5, "values", EffectKind::Retyped, Some("tax_rate"), &["values", "x", "y"]),
        commit(7, "twice", EffectKind::RowsDuplicated, None, &["twice", "x"]),
    ];
    assert_eq!(order(&passages, &["Numeric value 'x' is not recognized: TAX_RATE"])[0], "values");
    assert_eq!(order(&passages, &["unique_marts_order_key"])[0], "twice");
    assert_eq!(order(&passages, &["invalid identifier B"])[0], "gone");
}

#[test]
fn of_equals_the_nearer_and_the_newer_is_first() {
    let near = commit(9, "near", EffectKind::Revalued, Some("a"), &["near"]);
    let far = commit(9, "far", EffectKind::Revalued, Some("a"), &["far", "x", "y", "z"]);
    let old = commit(2, "old", EffectKind::Revalued, Some("a"), &["old"]);
    assert_eq!(order(&[old, far, near], &[]), ["near", "far", "old"]);
}

#[test]
fn a_table_that_failed_is_looked_at_first() {
    let passages = [
        commit(9, "marts.other", EffectKind::Removed, None, &["marts.other"]),
        commit(9, "marts.orders", EffectKind::Revalued, Some("a"), &["marts.orders", "x"]),
    ];
    let failed = Failed { at: 10 * DAY, symptoms: Symptoms::default(), tables: vec!["orders".to_owned()] };
    let first = rank(&passages, "audit", &failed).remove(0);
    assert_eq!(
        first.reasons,
        [
            "it changes marts.orders, which failed",
            "it came 1 day before",
            "something happens",
            "it begins 1 table upstream"
        ]
    );
}

#[test]
fn time_counts_less_and_less() {
    let passage = |day| commit(day, "t", EffectKind::Revalued, None, &["t"]);
    let failed = Failed { at: 100 * DAY, ..Failed::default() };
    let points: Vec<u32> = [100, 99, 96, 92, 60, -400].map(|day| by_time(&passage(day), &failed).0).to_vec();
    assert_eq!(points, [30, 26, 15, 7, 0, 0]);
}
