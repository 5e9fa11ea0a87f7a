//! A revision, the index, the working tree or a directory to a [`Snapshot`], without a checkout. The
//! only code that names `git2`. It must not know SQL, and it writes nothing, the refreshed index included.

mod contents;
pub mod create;
mod fault;
pub mod history;
pub mod hunks;
mod links;
mod listing;
pub mod origin;
mod packages;
pub mod recent;
mod revision;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use git2::{Oid, Repository};
use headsup_lineage::diagnostic::Diagnostic;

use crate::error::{Error, Result};
use crate::snapshot::{ContentId, Snapshot};
use contents::{Pool, Store};
use listing::{Found, Listing};
use revision::{Base, Named, Place, State};

/// What identifies a content, as git computes it.
///
/// # Errors
/// If git's library refuses the bytes, which no content is known to cause.
pub fn content_id(bytes: &[u8]) -> anyhow::Result<ContentId> {
    let oid = git2::Oid::hash_object(git2::ObjectType::Blob, bytes)?;
    let mut id = [0; 20];
    id.copy_from_slice(oid.as_bytes());
    Ok(ContentId(id))
}

/// One side of a comparison, as somebody names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// `worktree`: the files on disk, untracked ones that are not ignored included.
    Worktree,
    /// `index`: what would be committed.
    Index,
    /// A branch, a tag or a commit. As a base, its merge base with the head: what a pull request
    /// compares with. That is the commit itself whenever the head descends from it.
    Revision(String),
    /// `exact:REV`: that commit, also where the head does not descend from it.
    Exact(String),
    /// `dir:PATH`: a directory, outside git, whose root is the project's root.
    Directory(PathBuf),
}

impl FromStr for Side {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "worktree" => Self::Worktree,
            "index" => Self::Index,
            _ => match (text.strip_prefix("dir:"), text.strip_prefix("exact:")) {
                (Some(path), _) => Self::Directory(PathBuf::from(path)),
                (_, Some(revision)) => Self::Exact(revision.to_owned()),
                _ => Self::Revision(text.to_owned()),
            },
        })
    }
}

impl fmt::Display for Side {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worktree => out.write_str("worktree"),
            Self::Index => out.write_str("index"),
            Self::Revision(revision) => out.write_str(revision),
            Self::Exact(revision) => write!(out, "exact:{revision}"),
            Self::Directory(path) => write!(out, "dir:{}", path.display()),
        }
    }
}

/// A commit's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(Oid);

impl CommitId {
    /// Its first characters, for people.
    #[must_use]
    pub fn short(self) -> String {
        revision::short(self.0)
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, out)
    }
}

/// The files at the root of the repository that speak of the whole of it, where the project is a
/// directory inside: CODEOWNERS.
#[derive(Debug, Clone)]
pub struct OuterFiles {
    /// The project's directory from the root of the repository, with `/`; empty for the root.
    pub prefix: String,
    /// The files, by their path from the root of the repository.
    pub files: Snapshot,
}

/// Where CODEOWNERS is looked for, first found first.
pub const CODEOWNERS: [&str; 4] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"];

/// One version of a project.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its files, from the project directory.
    pub snapshot: Snapshot,
    /// What of the surrounding repository matters.
    pub outer: OuterFiles,
    /// Its commit; for the working tree and the index, the one below. `None` outside git.
    pub commit: Option<CommitId>,
    /// When that commit was made, in seconds since 1970.
    pub committed: Option<i64>,
    /// What it is and why it was chosen, in more words than the snapshot's label.
    pub description: String,
}

/// Two versions of a project.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// What was.
    pub base: Version,
    /// What is to be.
    pub head: Version,
    /// The files that differ, from the project directory; sorted.
    pub changed: Vec<Arc<str>>,
}

/// The two sides to compare, from what was asked for.
///
/// Without a base, it is the merge base of the head with the default branch: `origin/HEAD`, `origin/main`
/// or `origin/master`, the same of any other remote, then `main`, then `master`. On the default branch
/// itself, with nothing uncommitted, it is the merge base with its upstream if the branch is ahead of
/// that, else the commit before. Without a head, it is the working tree if anything there differs from
/// HEAD, else HEAD.
///
/// # Errors
/// If either side cannot be found or read; the error says what to try.
pub fn resolve(project_dir: &Path, base: Option<&Side>, head: Option<&Side>) -> Result<Comparison> {
    let place = discover(project_dir)?;
    let place = place.as_ref();
    let mut head_side = match head {
        Some(side) => open(place, project_dir, side)?,
        None => default_head(need(place, project_dir)?)?,
    };
    let mut base_side = match base {
        Some(Side::Revision(typed)) => {
            let place = need(place, project_dir)?;
            let named = revision::find(&place.repository, typed)?;
            let base = match &head_side.named {
                Some(head) => revision::merge_base(&place.repository, &named, head, head_side.state)?,
                None => exactly(&named),
            };
            open_base(place, base)?
        }
        Some(side) => open(place, project_dir, side)?,
        None => {
            let place = need(place, project_dir)?;
            match &head_side.named {
                Some(head) => open_base(place, revision::default_base(&place.repository, head, head_side.state)?)?,
                None if matches!(head, Some(Side::Directory(_))) => {
                    let message = "a directory has no history, so headsup cannot tell what to compare it with";
                    return Err(Error::usage(message).hint("name the other side with --base".to_owned()));
                }
                None => return Err(fault::no_commits()),
            }
        }
    };
    overlay(place, &mut [&mut base_side, &mut head_side])?;
    let base = base_side.finish(place)?;
    let head = head_side.finish(place)?;
    let changed = changed(&base.snapshot, &head.snapshot);
    Ok(Comparison { base, head, changed })
}

/// One version: by default the working tree, outside git the directory, in a bare repository HEAD.
///
/// # Errors
/// If it cannot be found or read; the error says what to try.
pub fn single(project_dir: &Path, side: Option<&Side>) -> Result<Version> {
    let place = discover(project_dir)?;
    let place = place.as_ref();
    let default = match place {
        None => Side::Directory(project_dir.to_owned()),
        Some(place) if place.repository.workdir().is_none() => Side::Revision("HEAD".to_owned()),
        Some(_) => Side::Worktree,
    };
    let mut opened = open(place, project_dir, side.unwrap_or(&default))?;
    overlay(place, &mut [&mut opened])?;
    opened.finish(place)
}

/// The files that only one side has, or that differ.
pub(crate) fn changed(base: &Snapshot, head: &Snapshot) -> Vec<Arc<str>> {
    let paths: BTreeSet<&Arc<str>> = base.files().chain(head.files()).map(|(path, _)| path).collect();
    paths.into_iter().filter(|path| base.id(path) != head.id(path)).cloned().collect()
}

/// The repository that a directory is in, if it is in one.
fn discover(project_dir: &Path) -> Result<Option<Place>> {
    let shown = project_dir.display().to_string();
    let project_dir = project_dir.canonicalize().map_err(|error| {
        Error::usage(format!("cannot find the directory {shown}"))
            .hint("check --project-dir".to_owned())
            .caused_by(error)
    })?;
    let repository = match Repository::discover(&project_dir) {
        Ok(repository) => repository,
        Err(error) => return fault::opening(&shown, error).map_or(Ok(None), Err),
    };
    // Inside git's own directory there is no working tree, though one may be configured, or be
    // supposed where a mirror has no configuration.
    let repository = match repository.path().canonicalize() {
        Ok(git_dir) if project_dir.starts_with(&git_dir) => Repository::open_bare(&git_dir)
            .map_err(|error| Error::input(format!("cannot open the repository at {shown}")).caused_by(error))?,
        _ => repository,
    };
    let prefix = repository
        .workdir()
        .and_then(|root| root.canonicalize().ok())
        .and_then(|root| Some(project_dir.strip_prefix(root).ok()?.to_string_lossy().replace('\\', "/")))
        .unwrap_or_default();
    Ok(Some(Place { repository, prefix }))
}

fn need<'a>(place: Option<&'a Place>, project_dir: &Path) -> Result<&'a Place> {
    place.ok_or_else(|| fault::not_a_repository(&project_dir.display().to_string()))
}

/// Where the files of a side are listed from.
enum Source {
    Commit(Option<Oid>),
    Index,
    WorkingTree(PathBuf),
    Directory(PathBuf),
}

/// A side on its way to a [`Version`].
struct Opened {
    source: Source,
    listing: Listing,
    /// The commit at or below it, which merge bases are taken with.
    named: Option<Named>,
    state: State,
    label: String,
    description: String,
}

impl Place {
    fn list(&self, source: &Source, prefix: &str) -> Result<Listing> {
        match source {
            Source::Commit(None) => Ok(Listing::default()),
            Source::Commit(Some(commit)) => listing::of_tree(&self.repository, &self.tree(*commit)?, prefix),
            Source::Index => listing::of_index(&self.repository, prefix),
            Source::WorkingTree(root) => listing::of_working_tree(&self.repository, root, prefix),
            Source::Directory(root) => listing::of_directory(root),
        }
    }

    fn tree(&self, commit: Oid) -> Result<git2::Tree<'_>> {
        self.repository
            .find_commit(commit)
            .and_then(|commit| commit.tree())
            .map_err(|error| fault::reading(&format!("cannot read commit {}", revision::short(commit)), error))
    }

    fn root(&self) -> Result<PathBuf> {
        match self.repository.workdir() {
            Some(root) => Ok(root.to_owned()),
            None => Err(Error::usage("a bare repository has neither a working tree nor an index")
                .hint("name two revisions: `--base main --head my-branch`".to_owned())),
        }
    }

    fn open(&self, source: Source, named: Option<Named>, label: String, description: String) -> Result<Opened> {
        let listing = self.list(&source, &self.prefix)?;
        let state = if matches!(source, Source::Commit(_)) { State::Committed } else { State::Uncommitted };
        Ok(Opened { source, listing, named, state, label, description })
    }

    fn open_commit(&self, named: Named) -> Result<Opened> {
        let description = if named.name == revision::short(named.commit) {
            format!("commit {}", named.name)
        } else {
            format!("`{}`, {}", named.name, revision::short(named.commit))
        };
        self.open(Source::Commit(Some(named.commit)), Some(named.clone()), named.name, description)
    }
}

fn open(place: Option<&Place>, project_dir: &Path, side: &Side) -> Result<Opened> {
    match side {
        Side::Revision(typed) | Side::Exact(typed) => {
            let place = need(place, project_dir)?;
            place.open_commit(revision::find(&place.repository, typed)?)
        }
        Side::Worktree | Side::Index => {
            let place = need(place, project_dir)?;
            let root = place.root()?;
            let (source, label) = match side {
                Side::Index => (Source::Index, "index"),
                _ => (Source::WorkingTree(root), "working tree"),
            };
            let named = revision::head(&place.repository)?;
            let description = match &named {
                Some(head) => format!("the {label} on `{}`, {}", head.name, revision::short(head.commit)),
                None => format!("the {label}"),
            };
            place.open(source, named, label.to_owned(), description)
        }
        Side::Directory(path) => {
            let shown = path.display().to_string();
            let root = path.canonicalize().ok().filter(|path| path.is_dir()).ok_or_else(|| {
                Error::usage(format!("cannot find the directory {shown}"))
                    .hint("a side that is a directory is given as dir:PATH".to_owned())
            })?;
            let listing = listing::of_directory(&root)?;
            let description = format!("the directory {shown}");
            let source = Source::Directory(root);
            Ok(Opened { source, listing, named: None, state: State::Uncommitted, label: shown, description })
        }
    }
}

fn exactly(named: &Named) -> Base {
    let reason = format!("`{}`, {}", named.name, revision::short(named.commit));
    Base { commit: Some(named.commit), label: named.name.clone(), reason }
}

fn open_base(place: &Place, base: Base) -> Result<Opened> {
    let named = base.commit.map(|commit| Named { commit, name: base.label.clone(), branch: None });
    place.open(Source::Commit(base.commit), named, base.label, base.reason)
}

/// HEAD, with the working tree if that differs.
fn default_head(place: &Place) -> Result<Opened> {
    let head = revision::head(&place.repository)?;
    if place.repository.workdir().is_none() {
        return place.open_commit(head.ok_or_else(fault::no_commits)?);
    }
    let mut worktree = open(Some(place), Path::new(""), &Side::Worktree)?;
    let Some(head) = head else { return Ok(worktree) };
    let committed = place.open_commit(head)?;
    let ids = |listing: &Listing| -> Vec<(String, ContentId)> {
        listing.files.iter().map(|(path, file)| (path.clone(), file.id)).collect()
    };
    if ids(&worktree.listing) == ids(&committed.listing) {
        return Ok(committed);
    }
    worktree.label = format!("{} with uncommitted changes", committed.label);
    Ok(worktree)
}

/// Gives every side the same packages of dbt; a directory has its own.
fn overlay(place: Option<&Place>, sides: &mut [&mut Opened]) -> Result<()> {
    let in_git = |side: &&mut Opened| !matches!(side.source, Source::Directory(_));
    if let Some((place, root)) = place.and_then(|place| Some((place, place.repository.workdir()?))) {
        let listings = sides.iter().filter(|side| in_git(side)).map(|side| &side.listing);
        let packages = packages::find(root, listings)?;
        for side in sides.iter_mut().filter(|side| in_git(side)) {
            packages.overlay(&mut side.listing, |directory| place.list(&side.source, directory))?;
        }
    }
    for side in sides.iter_mut() {
        if let Source::Directory(root) = &side.source {
            let packages = packages::find(root, [&side.listing])?;
            packages.overlay(&mut side.listing, |directory| {
                listing::of_directory(&root.join(directory)).map(|listing| listing.below(directory))
            })?;
        }
    }
    Ok(())
}

impl Opened {
    fn finish(self, place: Option<&Place>) -> Result<Version> {
        let (prefix, pool) = match (&self.source, place) {
            (Source::Directory(_), _) | (_, None) => ("", None),
            (_, Some(place)) => (place.prefix.as_str(), Some(Pool::new(place.repository.path()))),
        };
        let mut listing = self.listing;
        if !prefix.is_empty() && listing.files.is_empty() {
            let message = format!("there is no directory `{prefix}` in {}", self.label);
            listing.diagnostics.push(Diagnostic::note("project-absent", message));
        }
        let outer = outer_files(&self.source, place, &listing)?;
        let outer = Listing::of(outer);
        let commit = match self.source {
            Source::Commit(commit) => commit,
            _ => self.named.map(|named| named.commit),
        };
        Ok(Version {
            snapshot: snapshot(&self.label, listing, prefix, pool.clone()),
            outer: OuterFiles { prefix: prefix.to_owned(), files: snapshot(&self.label, outer, "", pool) },
            commit: commit.map(CommitId),
            committed: place.zip(commit).and_then(|(place, commit)| revision::committed(place, commit)),
            description: self.description,
        })
    }
}

fn snapshot(label: &str, listing: Listing, prefix: &str, objects: Option<Pool>) -> Snapshot {
    let relative = |path: &str| {
        path.strip_prefix(prefix)
            .filter(|_| !prefix.is_empty())
            .map_or(path, |path| path.trim_start_matches('/'))
            .to_owned()
    };
    let mut files = BTreeMap::new();
    let mut on_disk = BTreeMap::new();
    for (path, file) in listing.files {
        let path: Arc<str> = Arc::from(relative(&path));
        if let Some(place) = file.on_disk {
            on_disk.insert(Arc::clone(&path), place);
        }
        files.insert(path, file.id);
    }
    let mut diagnostics = listing.diagnostics;
    for diagnostic in &mut diagnostics {
        diagnostic.path = diagnostic.path.as_deref().map(relative);
    }
    diagnostics.sort();
    diagnostics.dedup();
    Snapshot::new(label, files, Arc::new(Store { objects, on_disk }), diagnostics)
}

/// The CODEOWNERS files of the repository as the side has them.
fn outer_files(source: &Source, place: Option<&Place>, listing: &Listing) -> Result<BTreeMap<String, listing::File>> {
    let tree = match (source, place) {
        (Source::Commit(Some(commit)), Some(place)) => Some(place.tree(*commit)?),
        _ => None,
    };
    let mut files = BTreeMap::new();
    for path in CODEOWNERS {
        let found = match (source, place, &tree) {
            (Source::Directory(_), ..) => listing.files.get(path).cloned().map_or(Found::Nothing, Found::File),
            (_, _, Some(tree)) => listing::in_tree(tree, path)?,
            (Source::Index, Some(place), _) => listing::in_index(&place.repository, path)?,
            (Source::WorkingTree(root), Some(place), _) => listing::in_working_tree(&place.repository, root, path)?,
            _ => Found::Nothing,
        };
        if let Found::File(file) = found {
            files.insert(path.to_owned(), file);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests;
