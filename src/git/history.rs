//! The line of a branch: its commits by first parents, the files in which each differs from the one
//! before, and each as a version. It must not know what the files mean.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use git2::{Delta, DiffOptions, Oid, Sort};

use super::packages::{self, Packages};
use super::revision::{self, Named, Place};
use super::{Source, Version, discover, fault, need};
use crate::error::{Error, Result};
use crate::history::Commit;

/// A repository whose history is walked along.
pub struct History {
    place: Place,
    /// The directories of dbt projects that were met so far, and what is installed beside them.
    projects: BTreeSet<String>,
    packages: Packages,
    links: Links,
}

/// Whether versions hold symbolic links, as far as they were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Links {
    None,
    Some,
}

impl std::fmt::Debug for History {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "History({})", self.place.repository.path().display())
    }
}

impl History {
    /// The repository that a folder is in.
    ///
    /// # Errors
    /// If it is in none, or that cannot be opened.
    pub fn open(folder: &Path) -> Result<Self> {
        let shown = folder.display().to_string();
        let place = discover(folder)?.ok_or_else(|| fault::not_a_repository(&shown))?;
        need(Some(&place), folder)?;
        Ok(Self { place, projects: BTreeSet::new(), packages: Packages::default(), links: Links::None })
    }

    /// The commit that a revision is, by its id.
    ///
    /// # Errors
    /// If there is no such revision.
    pub fn id_of(&self, typed: &str) -> Result<String> {
        Ok(revision::find(&self.place.repository, typed)?.commit.to_string())
    }

    /// The commits of the default branch, of which each is the first parent of the next, oldest first; of HEAD
    /// where there is no default branch.
    ///
    /// # Errors
    /// If there is no commit, or one cannot be read.
    pub fn line(&self) -> Result<Vec<Commit>> {
        self.line_to(self.end()?)
    }

    /// The newest commit of the default branch, by its id; HEAD where there is no default branch.
    ///
    /// # Errors
    /// If there is no commit.
    pub fn tip(&self) -> Result<String> {
        Ok(self.end()?.to_string())
    }

    fn end(&self) -> Result<Oid> {
        let repository = &self.place.repository;
        match revision::default_branch(repository) {
            Some(branch) => Ok(branch.commit),
            None => Ok(revision::head(repository)?.ok_or_else(fault::no_commits)?.commit),
        }
    }

    /// The same up to a revision, along its own first parents.
    ///
    /// # Errors
    /// If there is no such revision, or a commit cannot be read.
    pub fn line_of(&self, typed: &str) -> Result<Vec<Commit>> {
        self.line_to(revision::find(&self.place.repository, typed)?.commit)
    }

    fn line_to(&self, tip: Oid) -> Result<Vec<Commit>> {
        let fail = |error| fault::reading("cannot read the history", error);
        let repository = &self.place.repository;
        let mut walk = repository.revwalk().map_err(fail)?;
        walk.set_sorting(Sort::TOPOLOGICAL).map_err(fail)?;
        walk.simplify_first_parent().map_err(fail)?;
        walk.push(tip).map_err(fail)?;
        let mut line = Vec::new();
        for id in walk {
            let commit = id.and_then(|id| repository.find_commit(id)).map_err(fail)?;
            line.push(of(repository, &commit));
        }
        line.reverse();
        Ok(line)
    }

    /// The place on a line of the commit by which a revision came to it; `None` if it did not.
    ///
    /// # Errors
    /// If there is no such revision, or the history cannot be read.
    pub fn place_on(&self, line: &[Commit], typed: &str) -> Result<Option<usize>> {
        let repository = &self.place.repository;
        let wanted = revision::find(repository, typed)?.commit;
        let holds = |commit: &Commit| {
            oid(commit).is_ok_and(|id| id == wanted || repository.graph_descendant_of(id, wanted).unwrap_or(false))
        };
        // Whatever comes after a commit that holds it holds it as well.
        let place = line.partition_point(|commit| !holds(commit));
        Ok((place < line.len()).then_some(place))
    }

    /// The place of the first commit of a line that a revision does not have yet.
    ///
    /// # Errors
    /// If there is no such revision.
    pub fn first_after(&self, line: &[Commit], typed: &str) -> Result<usize> {
        let repository = &self.place.repository;
        let base = revision::find(repository, typed)?.commit;
        let has = |commit: &Commit| {
            oid(commit).is_ok_and(|id| id == base || repository.graph_descendant_of(base, id).unwrap_or(false))
        };
        Ok(line.partition_point(has))
    }

    /// The files in which two commits differ, from the project directory, sorted; from the root of the repository
    /// where files outside of that directory may matter, as the ends of links do.
    ///
    /// # Errors
    /// If a commit cannot be read.
    pub fn changed(&self, base: &Commit, head: &Commit) -> Result<Vec<Arc<str>>> {
        let fail = |error| fault::reading("cannot compare two commits", error);
        let (before, after) = (self.place.tree(oid(base)?)?, self.place.tree(oid(head)?)?);
        let mut options = DiffOptions::new();
        options.skip_binary_check(true).include_typechange(true);
        let diff =
            self.place.repository.diff_tree_to_tree(Some(&before), Some(&after), Some(&mut options)).map_err(fail)?;
        let prefix = &self.place.prefix;
        let mut paths = BTreeSet::new();
        for delta in diff.deltas() {
            let file = if delta.status() == Delta::Deleted { delta.old_file() } else { delta.new_file() };
            let same = delta.status() == Delta::Modified && delta.old_file().id() == delta.new_file().id();
            let path = file.path_bytes().map(String::from_utf8_lossy).unwrap_or_default();
            let inner = match prefix.as_str() {
                "" => Some(&*path),
                prefix => path.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')),
            };
            if let (Some(inner), false) = (inner, same) {
                paths.insert(Arc::from(inner));
            }
        }
        Ok(paths.into_iter().collect())
    }

    /// Whether files of the versions that were read so far change when files elsewhere do, so that
    /// [`changed`](Self::changed) does not name all that differ.
    #[must_use]
    pub fn has_links(&self) -> bool {
        self.links == Links::Some
    }

    /// The files of a commit, with the packages of dbt that are installed in the working tree.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn version(&mut self, commit: &Commit) -> Result<Version> {
        let id = oid(commit)?;
        let mut opened = self.place.open_commit(Named { commit: id, name: revision::short(id), branch: None })?;
        if opened.listing.has_links() {
            self.links = Links::Some;
        }
        if let Some(root) = self.place.repository.workdir() {
            let projects = packages::projects(&opened.listing);
            if !projects.is_subset(&self.projects) {
                self.projects.extend(projects);
                self.packages = packages::beside(root, &self.projects)?;
            }
            let (place, source) = (&self.place, &opened.source);
            self.packages.overlay(&mut opened.listing, |directory| place.list(source, directory))?;
        }
        debug_assert!(matches!(opened.source, Source::Commit(_)));
        opened.finish(Some(&self.place))
    }
}

fn oid(commit: &Commit) -> Result<Oid> {
    Oid::from_str(&commit.id).map_err(|error| Error::input(format!("`{}` is no commit", commit.id)).caused_by(error))
}

/// A commit as people know it.
fn of(repository: &git2::Repository, commit: &git2::Commit<'_>) -> Commit {
    let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
    let (subject, request) = said(&message);
    let writer = commit.parent_id(1).ok().and_then(|merged| repository.find_commit(merged).ok());
    let author = writer.as_ref().unwrap_or(commit).author();
    let trailers = git2::message_trailers_strs(&message)
        .map(|found| found.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect());
    Commit {
        id: commit.id().to_string(),
        time: commit.time().seconds(),
        author: String::from_utf8_lossy(author.name_bytes()).trim().to_owned(),
        subject,
        trailers: trailers.unwrap_or_default(),
        request,
    }
}

/// The title of what a message is about, and the number of its request: `Title (#12)`, or what GitHub, GitLab,
/// Bitbucket and Azure write into merges.
fn said(message: &str) -> (String, Option<u64>) {
    let mut lines = message.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let number = |text: &str| {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u64>().ok()
    };
    let after = |text: &str, mark: &str| text.rfind(mark).and_then(|place| number(&text[place + mark.len()..]));
    if first.starts_with("Merge pull request #") {
        let title = lines.next().unwrap_or(first);
        return (title.to_owned(), after(first, "Merge pull request #"));
    }
    if let Some(rest) = first.strip_prefix("Merged PR ")
        && let Some((digits, title)) = rest.split_once(": ")
    {
        return (title.to_owned(), number(digits));
    }
    if first.starts_with("Merge branch ") || first.starts_with("Merged in ") {
        let request =
            lines.clone().find_map(|line| line.starts_with("See merge request ").then(|| after(line, "!")).flatten());
        let request = request.or_else(|| after(first, "pull request #"));
        let title = lines.next().filter(|_| request.is_some()).unwrap_or(first);
        return (title.to_owned(), request);
    }
    if let Some(inner) = first.strip_suffix(')')
        && let Some((title, digits)) = inner.rsplit_once("(#")
        && digits.bytes().all(|c| c.is_ascii_digit())
    {
        return (title.trim().to_owned(), number(digits));
    }
    let of_gitlab = message.lines().find_map(|line| line.trim().strip_prefix("See merge request "));
    (first.to_owned(), of_gitlab.and_then(|line| after(line, "!")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_merges_name_their_requests() {
        for (message, title, request) in [
            ("Add a column (#12)\n\nbody", "Add a column", Some(12)),
            ("Merge pull request #7 from ann/branch\n\nAdd a column", "Add a column", Some(7)),
            ("Merge branch 'x' into 'main'\n\nAdd a column\n\nSee merge request data/dwh!31", "Add a column", Some(31)),
            ("Merged in fast (pull request #5)\n\nFaster", "Faster", Some(5)),
            ("Merged PR 44: Faster orders", "Faster orders", Some(44)),
            ("Merge branch 'main' of host", "Merge branch 'main' of host", None),
            ("Fix (again)", "Fix (again)", None),
            ("", "", None),
        ] {
            assert_eq!(said(message), (title.to_owned(), request), "{message}");
        }
    }
}
