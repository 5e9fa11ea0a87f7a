//! The walls between the modules, held by reading the sources: who may name what, how long a file
//! may be, and what has to be documented.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex::Regex;

/// A source file, by its path from the root of the workspace.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// What is compiled into the product: without comments and without tests.
    fn code(&self) -> String {
        let text = self.text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
    }

    /// Whether the file is there for tests only.
    fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/") || self.path.starts_with("tests/")
    }

    /// Whether it is a module or below it: `src/git` is `src/git.rs` and `src/git/`.
    fn is_in(&self, module: &str) -> bool {
        self.path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }
}

/// Every Rust file below a folder of the workspace, sorted; no file if there is no such folder.
fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pending = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            found.push(Source { path: relative, text: fs::read_to_string(&path).unwrap() });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The sources of both crates, without what is there for tests only.
fn product() -> Vec<Source> {
    let all: Vec<Source> = ["src", "lineage/src"].into_iter().flat_map(sources).collect();
    assert!(all.len() > 50, "the sources are where they are looked for");
    all.into_iter().filter(|source| !source.is_test()).collect()
}

fn everything() -> Vec<Source> {
    [
        "src",
        "lineage/src",
        "tests",
        "lineage/tests",
        "examples",
        "lineage/examples",
        "lineage/benches",
        "lineage/fuzz/fuzz_targets",
    ]
    .into_iter()
    .flat_map(sources)
    .collect()
}

/// Says where something is named that only some modules may name.
#[track_caller]
fn only(allowed: &[&str], what: &str, pattern: &str) {
    let pattern = Regex::new(pattern).unwrap();
    let mut wrong = Vec::new();
    for source in product() {
        if allowed.iter().any(|module| source.is_in(module)) {
            continue;
        }
        let code = source.code();
        wrong.extend(pattern.find_iter(&code).map(|found| format!("{}: {}", source.path, found.as_str())));
    }
    assert!(wrong.is_empty(), "only {allowed:?} may {what}:\n{}", wrong.join("\n"));
}

/// A pattern for modules of the standard library, alone or in braces.
fn of_std(modules: &str) -> String {
    format!(r"\bstd::(?:{modules})\b|\bstd::\{{[^}}]*\b(?:{modules})\b")
}

#[test]
fn lineage_knows_nothing_of_the_outside_world() {
    only(&["src"], "name the outside world", &of_std("fs|env|net|process|io|time"));
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("lineage/Cargo.toml")).unwrap();
    for package in ["git2", "clap", "ignore", "tempfile", "anstream", "indicatif", "minijinja", "ureq", "reqwest"] {
        assert!(!manifest.contains(package), "lineage must not depend on {package}");
    }
}

#[test]
fn only_the_parser_and_the_dialects_name_the_sql_parser() {
    only(&["lineage/src/parse", "lineage/src/dialect"], "name sqlparser", r"\bsqlparser\b");
}

/// What is carried downstream is carried along the edges that were made for it: places in two graphs of columns
/// are not each other's.
#[test]
fn reach_walks_along_one_graph_of_columns() {
    let whole = Regex::new(r"\b(?:base|head|graph)\.columns\(\)").unwrap();
    let of_reach = product().into_iter().filter(|source| source.is_in("lineage/src/reach"));
    let wrong: Vec<String> =
        of_reach.filter(|source| whole.is_match(&source.code())).map(|source| source.path).collect();
    assert!(wrong.is_empty(), "the walk's own columns are to be asked, not those of a whole graph: {wrong:?}");
}

#[test]
fn only_git_names_the_git_library() {
    only(&["src/git"], "name git2", r"\bgit2\b");
}

#[test]
fn only_delivery_opens_sockets() {
    only(&["src/deliver"], "open sockets", &of_std("net"));
    only(&["src/deliver"], "name what opens them, or the database", r"\b(?:reqwest|lettre|rustls|rusqlite)::");
}

#[test]
fn only_reports_and_the_ui_write() {
    only(&["src/render", "src/ui"], "write", r"\be?print(?:ln)?!|\bdbg!|\bio::std(?:out|err)\b|\bstd(?:out|err)\(\)");
}

#[test]
fn nothing_ends_the_process_but_main() {
    only(&[], "end the process", r"\bprocess::(?:exit|abort)\b");
}

#[test]
fn main_is_short_and_no_file_is_long() {
    for source in everything() {
        let lines = source.text.lines().count();
        let most = if source.path == "src/main.rs" { 59 } else { 600 };
        assert!(lines <= most, "{} has {lines} lines; the most is {most}", source.path);
    }
}

#[test]
fn a_module_stands_beside_its_folder() {
    for source in ["src", "lineage/src"].into_iter().flat_map(sources) {
        assert!(!source.path.ends_with("/mod.rs"), "{} is called after its folder instead", source.path);
    }
}

#[test]
fn every_file_begins_with_what_it_is_for() {
    for source in everything() {
        assert!(source.text.starts_with("//! "), "{} has to begin with `//!`", source.path);
    }
}

#[test]
fn every_diagnostic_is_documented() {
    let made =
        Regex::new(r#"(?:\bDiagnostic::(?:error|warning|note)\(|\.report\(|\bcode = )\s*"([a-z0-9-]+)""#).unwrap();
    let chosen = Regex::new(r#"\bcode = (?:if|match)\b[^;]*;"#).unwrap();
    let literal = Regex::new(r#""([a-z0-9]+(?:-[a-z0-9]+)+)""#).unwrap();
    let mut codes = BTreeSet::new();
    for source in product() {
        let code = source.code();
        codes.extend(made.captures_iter(&code).map(|found| found[1].to_owned()));
        for choice in chosen.find_iter(&code) {
            codes.extend(literal.captures_iter(choice.as_str()).map(|found| found[1].to_owned()));
        }
    }
    assert!(codes.len() > 40, "codes are found: {codes:?}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/diagnostics.md");
    let document = fs::read_to_string(path).expect("docs/diagnostics.md can be read");
    let headings: BTreeSet<String> = document
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(|code| code.trim().trim_matches('`').to_owned())
        .collect();
    let missing: Vec<&String> = codes.difference(&headings).collect();
    assert!(missing.is_empty(), "docs/diagnostics.md has no heading `## …` for {missing:?}");
}
