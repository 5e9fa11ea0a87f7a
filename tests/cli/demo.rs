//! The sample that the binary carries.

use std::collections::BTreeSet;

use crate::support::{Fixture, list, names, word};

/// The branches of the story, with the jobs that each reaches.
const STORY: [(&str, &[&str]); 4] = [
    ("optimise-orders", &["finance_audit_report"]),
    ("tidy-customers", &[]),
    ("rename-refund-column", &["returns_dashboard"]),
    ("new-marketing-column", &["campaign_dashboard"]),
];

fn empty() -> Fixture {
    Fixture::folder(&[])
}

#[test]
fn the_first_branch_is_the_incident() {
    let fixture = empty();
    assert_eq!(fixture.text("demo a"), fixture.text("demo b --branch optimise-orders").replace("  b\n", "  a\n"));
}

#[test]
fn each_branch_reads_well_at_eighty_columns() {
    for (branch, _) in STORY {
        let text = empty().text(&format!("demo [DIR]/shop --branch {branch}"));
        let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{wide:?}");
        insta::assert_snapshot!(branch, text);
    }
}

#[test]
fn a_comment_on_the_incident() {
    insta::assert_snapshot!(empty().text("demo shop --format markdown"));
}

#[test]
fn each_branch_reaches_its_own_jobs() {
    for (branch, reached) in STORY {
        let report = empty().json(&format!("demo shop --branch {branch}"));
        assert_eq!((word(&report["base"]), word(&report["head"])), ("main".to_owned(), branch.to_owned()));
        let of = |reach: &str| -> Vec<String> {
            let jobs = list(&report["jobs"]).iter();
            jobs.filter(|job| job["reach"] == *reach).map(|job| word(&job["job"])).collect()
        };
        assert_eq!(of("reached"), reached, "{branch}");
        assert_eq!(of("not_reached").len(), 7 - reached.len(), "{branch}");
        let told: BTreeSet<String> = names(&report["headsups"], "owner").into_iter().collect();
        assert_eq!(told.len(), list(&report["headsups"]).len(), "one message an owner");
        // A reader still asks for the column that this branch renames.
        let gone = usize::from(branch == "rename-refund-column");
        let messages: Vec<String> = names(&report["diagnostics"], "message");
        assert_eq!(messages.len(), gone, "{branch}: {messages:?}");
        assert!(messages.iter().all(|message| message.contains("`r.reason` is no column")), "{messages:?}");
        assert_eq!(report["coverage"]["columns"], 23 - gone);
    }
}

#[test]
fn what_is_written_is_a_repository_that_gives_the_same_report() {
    let fixture = empty();
    let shown = fixture.json("demo shop --branch rename-refund-column");
    let repository = git2::Repository::open(fixture.root().join("shop")).unwrap();
    let mut branches: Vec<String> = repository
        .branches(Some(git2::BranchType::Local))
        .unwrap()
        .map(|branch| branch.unwrap().0.name().unwrap().unwrap().to_owned())
        .collect();
    branches.sort();
    let mut expected: Vec<&str> = STORY.iter().map(|(branch, _)| *branch).chain(["main"]).collect();
    expected.sort_unstable();
    assert_eq!(branches, expected);
    assert_eq!(repository.head().unwrap().shorthand().unwrap(), "rename-refund-column");
    assert!(repository.statuses(None).unwrap().is_empty(), "the branch is checked out clean");
    let there = |arguments: &str| -> serde_json::Value {
        let text = fixture.run_in("shop", &format!("{arguments} --format json")).ok();
        serde_json::from_str(&text).unwrap()
    };
    assert_eq!(there("impact"), shown);
    assert_eq!(there("impact --head rename-refund-column"), shown);
    assert_ne!(there("impact --head tidy-customers"), shown);
}

#[test]
fn without_a_folder_a_temporary_one_is_kept() {
    let text = empty().text("demo");
    let place = text.lines().find_map(|line| line.trim().strip_prefix("[PLACE]/tmp/"));
    assert!(place.is_some_and(|name| name.starts_with("headsup-demo-")), "{text}");
}

#[test]
fn an_unknown_branch_is_met_with_the_nearest() {
    insta::assert_snapshot!(empty().error("demo shop --branch optimize-orders"), @"
    exit 2
    error: the sample has no branch `optimize-orders`
    hint: did you mean `optimise-orders`?
    ");
    insta::assert_snapshot!(empty().error("demo shop --branch main"), @"
    exit 2
    error: the sample has no branch `main`
    hint: there are optimise-orders, tidy-customers, rename-refund-column, new-marketing-column
    ");
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let fixture = Fixture::folder(&[("shop/notes.txt", "mine")]);
    insta::assert_snapshot!(fixture.error("demo shop"), @"
    exit 2
    error: shop is not empty
    hint: name a folder that does not exist, or leave it out for a temporary one
    ");
    insta::assert_snapshot!(fixture.error("demo shop/notes.txt"), @"
    exit 2
    error: shop/notes.txt is not empty
    hint: name a folder that does not exist, or leave it out for a temporary one
    ");
    assert_eq!(fixture.read("shop/notes.txt"), "mine");
    assert!(!fixture.root().join("shop/.git").exists());
}
