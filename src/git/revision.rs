//! Revisions by name, and the commit that a change is compared with when nobody says.

use git2::{BranchType, Oid, Repository};

use super::fault;
use crate::error::{Error, Result, did_you_mean};

/// Where a project directory is in its repository.
pub(super) struct Place {
    pub(super) repository: Repository,
    /// The project directory from the root of the repository, with `/`; empty for the root.
    pub(super) prefix: String,
}

/// A commit and how people call it.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) commit: Oid,
    /// The branch, tag or revision as typed; `main` for `HEAD` on `main`.
    pub(super) name: String,
    /// The branch, if the name is one of this repository's.
    pub(super) branch: Option<String>,
}

/// What the base is and why.
#[derive(Debug)]
pub(super) struct Base {
    /// `None` is the empty tree: what the first commit is compared with.
    pub(super) commit: Option<Oid>,
    pub(super) label: String,
    pub(super) reason: String,
}

/// Whether the head side has changes beyond its commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Committed,
    Uncommitted,
}

/// The first characters of a commit's id.
pub(super) fn short(commit: Oid) -> String {
    commit.to_string().chars().take(7).collect()
}

/// When a commit was made, in seconds since 1970.
pub(super) fn committed(place: &Place, commit: Oid) -> Option<i64> {
    place.repository.find_commit(commit).ok().map(|commit| commit.time().seconds())
}

/// What HEAD is; `None` without commits.
pub(super) fn head(repository: &Repository) -> Result<Option<Named>> {
    let head = match repository.head() {
        Ok(head) => head,
        Err(error) if matches!(error.code(), git2::ErrorCode::UnbornBranch | git2::ErrorCode::NotFound) => {
            return Ok(None);
        }
        Err(error) => return Err(fault::reading("cannot read HEAD", error)),
    };
    let commit = head.peel_to_commit().map_err(|error| fault::reading("cannot read the commit of HEAD", error))?.id();
    let branch = head.is_branch().then(|| head.shorthand().ok().map(str::to_owned)).flatten();
    Ok(Some(Named { commit, name: branch.clone().unwrap_or_else(|| short(commit)), branch }))
}

/// The commit of a revision as typed.
///
/// A name that is no local branch but one of the remote's is that one: CI checks out one branch only.
pub(super) fn find(repository: &Repository, typed: &str) -> Result<Named> {
    let Some(head) = head(repository)? else {
        // A repository without a HEAD commit may still have other branches.
        return match lookup(repository, typed) {
            Ok(named) => Ok(named),
            Err(_) => Err(fault::no_commits()),
        };
    };
    if matches!(typed, "HEAD" | "@") { Ok(head) } else { lookup(repository, typed) }
}

fn lookup(repository: &Repository, typed: &str) -> Result<Named> {
    let remote_name = format!("{}/{typed}", first_remote(repository).unwrap_or_else(|| "origin".to_owned()));
    let (object, reference, name) = match repository.revparse_ext(typed) {
        Ok((object, reference)) => (object, reference, typed.to_owned()),
        Err(error) => match repository.revparse_ext(&remote_name) {
            Ok((object, reference)) => (object, reference, remote_name),
            Err(_) => return Err(unknown(repository, typed, error)),
        },
    };
    let commit = object.peel_to_commit().map_err(|error| {
        let kind = object.kind().map_or("object", |kind| kind.str());
        Error::usage(format!("`{typed}` is a {kind}, not a commit"))
            .hint("name a branch, a tag or a commit".to_owned())
            .caused_by(error)
    })?;
    let branch = reference
        .filter(git2::Reference::is_branch)
        .and_then(|reference| reference.shorthand().ok().map(str::to_owned));
    let full = typed.len() >= 40 && commit.id().to_string().starts_with(&typed.to_ascii_lowercase());
    Ok(Named { commit: commit.id(), name: if full { short(commit.id()) } else { name }, branch })
}

fn unknown(repository: &Repository, typed: &str, error: git2::Error) -> Error {
    if error.code() == git2::ErrorCode::Ambiguous {
        return Error::usage(format!("more than one object begins with `{typed}`"))
            .hint("give more characters of the commit's id".to_owned())
            .caused_by(error);
    }
    let names = names(repository);
    let steps_back = typed.find(['~', '^']).is_some_and(|end| repository.revparse_single(&typed[..end]).is_ok());
    let hint = if steps_back && repository.is_shallow() {
        format!("the clone is shallow: fetch more, with {UNSHALLOW}")
    } else if steps_back {
        "the history does not go back that far".to_owned()
    } else if let Some(name) = did_you_mean(typed, names.iter().map(String::as_str)) {
        format!("did you mean `{name}`?")
    } else if repository.is_shallow() {
        format!("the clone is shallow: fetch more, with {UNSHALLOW}")
    } else {
        format!("if it is a branch of the remote, run `git fetch origin {typed}` first")
    };
    let unknown = Error::usage(format!("no branch, tag or commit is called `{typed}`")).hint(hint);
    // That it was not found is all that git's library adds.
    if error.code() == git2::ErrorCode::NotFound { unknown } else { unknown.caused_by(error) }
}

/// Branches and tags, as people type them; branches of a remote with and without its name.
fn names(repository: &Repository) -> Vec<String> {
    let Ok(references) = repository.references() else { return Vec::new() };
    let mut names = Vec::new();
    for reference in references.flatten() {
        let Ok(name) = reference.name() else { continue };
        if name.ends_with("/HEAD") {
            continue;
        }
        if let Some(name) = name.strip_prefix("refs/heads/").or_else(|| name.strip_prefix("refs/tags/")) {
            names.push(name.to_owned());
        } else if let Some(name) = name.strip_prefix("refs/remotes/") {
            names.push(name.to_owned());
            names.extend(name.split_once('/').map(|(_, branch)| branch.to_owned()));
        }
    }
    names.sort();
    names.dedup();
    names
}

fn first_remote(repository: &Repository) -> Option<String> {
    remotes(repository).into_iter().next()
}

/// The remotes, `origin` first.
fn remotes(repository: &Repository) -> Vec<String> {
    let Ok(names) = repository.remotes() else { return Vec::new() };
    let mut names: Vec<String> = names.iter().flatten().flatten().map(str::to_owned).collect();
    names.sort_by_key(|name| (name != "origin", name.clone()));
    names
}

/// What to fetch when history is cut off too early.
const UNSHALLOW: &str =
    "`git fetch --unshallow`, or `fetch-depth: 0` for actions/checkout, `GIT_DEPTH: 0` in GitLab CI";

/// The merge base of a revision that somebody named and the head.
pub(super) fn merge_base(repository: &Repository, base: &Named, head: &Named, state: State) -> Result<Base> {
    let commit = common_ancestor(repository, base, head)?;
    let reason = if commit == base.commit {
        format!("`{}`, {}", base.name, short(commit))
    } else {
        format!("merge base of `{}` and `{}`, {}", base.name, head.name, short(commit))
    };
    // Nothing of the head is new to such a base: whoever wants to go back to it asks for it exactly.
    let label = if state == State::Committed && commit == head.commit && commit != base.commit {
        format!("{} (which holds {} already; --base exact:{} compares the two)", base.name, head.name, base.name)
    } else {
        base.name.clone()
    };
    Ok(Base { commit: Some(commit), label, reason })
}

fn common_ancestor(repository: &Repository, base: &Named, head: &Named) -> Result<Oid> {
    repository.merge_base(base.commit, head.commit).map_err(|error| {
        let both = format!("`{}` and `{}`", base.name, head.name);
        // In a shallow clone the parents behind the cut are missing objects, or no parents at all.
        if repository.is_shallow() {
            Error::input(format!("the clone is shallow and does not reach the merge base of {both}"))
                .hint(format!("fetch the whole history: {UNSHALLOW}"))
        } else if error.code() == git2::ErrorCode::NotFound && error.class() != git2::ErrorClass::Odb {
            Error::usage(format!("{both} have no commit in common"))
                .hint(format!("compare with the commit itself: `--base exact:{}`", base.name))
        } else {
            fault::reading(&format!("cannot find the merge base of {both}"), error)
        }
    })
}

/// The base when nobody named one: the merge base with the default branch, or, for a commit of the
/// default branch itself, what came before it.
pub(super) fn default_base(repository: &Repository, head: &Named, state: State) -> Result<Base> {
    let default = default_branch(repository).ok_or_else(|| {
        let hint = if repository.is_shallow() || first_remote(repository).is_some() {
            "name the branch with --base; if only one branch was cloned, fetch it first: \
             `git fetch origin main:refs/remotes/origin/main`"
        } else {
            "name the branch with --base"
        };
        Error::usage("cannot find the default branch: no origin/HEAD, origin/main, origin/master, main or master")
            .hint(hint.to_owned())
    })?;
    let ancestor = common_ancestor(repository, &default, head)?;
    let local = default.name.rsplit('/').next();
    let on_default = head.branch.is_none() || head.branch.as_deref() == local;
    if state == State::Uncommitted || ancestor != head.commit || !on_default {
        let reason = if ancestor == default.commit {
            format!("`{}`, {}", default.name, short(ancestor))
        } else {
            format!("merge base of `{}` and `{}`, {}", default.name, head.name, short(ancestor))
        };
        return Ok(Base { commit: Some(ancestor), label: default.name, reason });
    }
    if let Some(base) = upstream_base(repository, head)? {
        return Ok(base);
    }
    parent(repository, head)
}

/// The merge base with the upstream of the branch, if the branch is ahead of it.
fn upstream_base(repository: &Repository, head: &Named) -> Result<Option<Base>> {
    let upstream = head
        .branch
        .as_deref()
        .and_then(|branch| repository.find_branch(branch, BranchType::Local).ok())
        .and_then(|branch| branch.upstream().ok());
    let Some(upstream) = upstream else { return Ok(None) };
    let (Ok(Some(name)), Ok(commit)) =
        (upstream.name().map(|name| name.map(str::to_owned)), upstream.get().peel_to_commit())
    else {
        return Ok(None);
    };
    let upstream = Named { commit: commit.id(), name, branch: None };
    let base = merge_base(repository, &upstream, head, State::Uncommitted)?;
    Ok((base.commit != Some(head.commit)).then_some(base))
}

fn parent(repository: &Repository, head: &Named) -> Result<Base> {
    let fail = |error| fault::reading("cannot read the commit", error);
    let commit = repository.find_commit(head.commit).map_err(fail)?;
    let recorded = commit.raw_header().is_ok_and(|header| header.lines().any(|line| line.starts_with("parent ")));
    match commit.parent(0) {
        Ok(parent) => Ok(Base {
            commit: Some(parent.id()),
            label: short(parent.id()),
            reason: format!("the commit before {}, the last of `{}`", short(head.commit), head.name),
        }),
        Err(_) if recorded => {
            let message = format!("the clone is shallow and does not reach the commit before {}", short(head.commit));
            Err(Error::input(message).hint(
                "one commit more is enough: `git fetch --deepen 1`, or `fetch-depth: 2` for actions/checkout, \
                 `GIT_DEPTH: 2` in GitLab CI"
                    .to_owned(),
            ))
        }
        Err(_) => Ok(Base {
            commit: None,
            label: "nothing".to_owned(),
            reason: format!("{} is the first commit", short(head.commit)),
        }),
    }
}

/// The default branch: the remote's, else `main`, else `master`.
pub(super) fn default_branch(repository: &Repository) -> Option<Named> {
    let remotes = remotes(repository);
    // A clone without a configured remote may still carry `origin`'s branches.
    let remotes = if remotes.is_empty() { vec!["origin".to_owned()] } else { remotes };
    let candidates = remotes
        .iter()
        .flat_map(|remote| ["HEAD", "main", "master"].map(|branch| format!("refs/remotes/{remote}/{branch}")))
        .chain(["refs/heads/main".to_owned(), "refs/heads/master".to_owned()]);
    candidates.into_iter().find_map(|name| {
        let reference = repository.find_reference(&name).ok()?.resolve().ok()?;
        let commit = reference.peel_to_commit().ok()?.id();
        Some(Named { commit, name: reference.shorthand().ok()?.to_owned(), branch: None })
    })
}
