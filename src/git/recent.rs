//! What landed lately, and who changed what: the first parents of HEAD, and the authors of commits by
//! folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use git2::{Commit, Delta, DiffOptions, Repository, Sort};

use super::{fault, revision};
use crate::error::Result;

/// How many commits are looked at.
const MOST_COMMITS: usize = 1_000;

/// A commit on the main line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// Its id.
    pub commit: String,
    /// The same for people.
    pub short: String,
    /// The first line of its message.
    pub subject: String,
    /// When it was committed, in seconds since 1970.
    pub when: i64,
}

/// The latest commits of the main line that change anything that builds tables below a folder: those since a
/// moment, and where there are none, the last ones; so many at most, the latest first.
///
/// # Errors
/// If the history cannot be read.
pub fn landed(project_dir: &Path, since: i64, most: usize) -> Result<Vec<Landed>> {
    let Some(place) = super::discover(project_dir)? else { return Ok(Vec::new()) };
    let failed = |error| fault::reading("cannot read the history", error);
    let repository = &place.repository;
    let Some(head) = revision::head(repository)? else { return Ok(Vec::new()) };
    let mut walk = repository.revwalk().map_err(failed)?;
    walk.push(head.commit).map_err(failed)?;
    walk.simplify_first_parent().map_err(failed)?;
    let mut found: Vec<Landed> = Vec::new();
    for id in walk.take(MOST_COMMITS) {
        let commit = repository.find_commit(id.map_err(failed)?).map_err(failed)?;
        let when = commit.time().seconds();
        if found.len() >= most || (when < since && found.first().is_some_and(|landed| landed.when >= since)) {
            break;
        }
        // A clone that is not deep enough ends here.
        let Ok(files) = files(repository, &commit, &place.prefix) else { break };
        if files.iter().any(|file| matters(file)) {
            found.push(Landed {
                commit: commit.id().to_string(),
                short: revision::short(commit.id()),
                subject: String::from_utf8_lossy(commit.summary_bytes().unwrap_or_default()).into_owned(),
                when,
            });
        }
    }
    Ok(found)
}

/// Who changed files in how many of the latest commits, by folder from the project's, bots and merges left out.
///
/// # Errors
/// If the history cannot be read.
pub fn authors(project_dir: &Path) -> Result<BTreeMap<String, BTreeMap<String, usize>>> {
    let mut found: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    let Some(place) = super::discover(project_dir)? else { return Ok(found) };
    let failed = |error| fault::reading("cannot read the history", error);
    let repository = &place.repository;
    let Some(head) = revision::head(repository)? else { return Ok(found) };
    let mut walk = repository.revwalk().map_err(failed)?;
    walk.set_sorting(Sort::TIME).map_err(failed)?;
    walk.push(head.commit).map_err(failed)?;
    for id in walk.take(MOST_COMMITS) {
        let commit = repository.find_commit(id.map_err(failed)?).map_err(failed)?;
        let author = String::from_utf8_lossy(commit.author().name_bytes()).trim().to_owned();
        let is_bot = author.to_lowercase().ends_with("bot") || author.contains("[bot]");
        if commit.parent_count() != 1 || author.is_empty() || is_bot {
            continue;
        }
        let Ok(files) = files(repository, &commit, &place.prefix) else { break };
        let folders: BTreeSet<&str> = files
            .iter()
            .filter(|file| matters(file))
            .map(|file| file.rsplit_once('/').map_or("", |(dir, _)| dir))
            .collect();
        for folder in folders {
            *found.entry(folder.to_owned()).or_default().entry(author.clone()).or_default() += 1;
        }
    }
    Ok(found)
}

/// Whether a file may build a table; what stands in hidden folders is for other programs.
fn matters(path: &str) -> bool {
    let is_hidden = path.split('/').any(|part| part.starts_with('.'));
    !is_hidden && [".sql", ".py", ".yml", ".yaml", ".csv"].iter().any(|ending| path.ends_with(ending))
}

/// The files below a folder that a commit changes, from that folder.
fn files(repository: &Repository, commit: &Commit<'_>, prefix: &str) -> std::result::Result<Vec<String>, git2::Error> {
    let before = commit.parent(0)?.tree()?;
    let mut options = DiffOptions::new();
    if !prefix.is_empty() {
        options.pathspec(prefix).disable_pathspec_match(true);
    }
    let diff = repository.diff_tree_to_tree(Some(&before), Some(&commit.tree()?), Some(&mut options))?;
    let path = |delta: git2::DiffDelta<'_>| {
        let file = if delta.status() == Delta::Deleted { delta.old_file() } else { delta.new_file() };
        let path = String::from_utf8_lossy(file.path_bytes()?).into_owned();
        path.strip_prefix(prefix).map(|path| path.trim_start_matches('/').to_owned())
    };
    Ok(diff.deltas().filter_map(path).collect())
}
