//! What the documentation lists is what the code has: diagnostics and exit statuses.

#![allow(clippy::expect_used, reason = "the helpers of a test are part of it")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use headsup::error::ExitStatus;
use headsup::policy::Check;
use regex::Regex;

/// The sources of both crates, tests left out.
fn sources() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pending: Vec<PathBuf> = vec![root.join("src"), root.join("lineage/src")];
    let mut texts = Vec::new();
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.ends_with("tests") || path.ends_with("tests.rs") {
                continue;
            } else if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                texts.push(std::fs::read_to_string(path).expect("a text"));
            }
        }
    }
    texts
}

#[test]
fn every_diagnostic_has_its_paragraph() {
    let made = Regex::new(r#"(?:Diagnostic::(?:error|warning|note)|\breport)\(\s*"([a-z0-9-]+)""#).expect("a pattern");
    let sources = sources();
    let used: BTreeSet<&str> = sources
        .iter()
        .flat_map(|text| made.captures_iter(text))
        .filter_map(|found| Some(found.get(1)?.as_str()))
        .collect();
    let page = include_str!("../docs/diagnostics.md");
    let listed: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    for code in &used {
        assert!(listed.contains(code), "docs/diagnostics.md has no paragraph on `{code}`");
    }
    for code in &listed {
        let quoted = format!("\"{code}\"");
        assert!(sources.iter().any(|text| text.contains(&quoted)), "nothing gives `{code}` any more");
    }
    let distinct: BTreeSet<&&str> = listed.iter().collect();
    assert_eq!(distinct.len(), listed.len(), "a code has two paragraphs");
}

#[test]
fn every_check_has_its_section() {
    let page = include_str!("../docs/checks.md");
    let (_, checks) = page.split_once("\n# The checks\n").expect("the part on checks");
    let listed: Vec<&str> = checks.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(listed, Check::ALL.map(Check::code));
    for check in Check::ALL {
        assert_eq!(Check::parse(check.code()), Some(check));
    }
}

#[test]
fn every_exit_status_is_listed() {
    let page = include_str!("../docs/exit-codes.md");
    for status in
        [ExitStatus::Done, ExitStatus::Findings, ExitStatus::Usage, ExitStatus::Input, ExitStatus::Undelivered]
    {
        assert!(page.contains(&format!("\n| {} |", status.code())), "{status:?}");
    }
}
