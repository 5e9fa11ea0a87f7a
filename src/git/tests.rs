//! Repositories are built by git's library in temporary directories; their own configuration overrides
//! whatever the machine has.

use std::fs;
use std::path::Path;

use git2::{Oid, Repository, RepositoryInitOptions, Signature, Time};
use tempfile::TempDir;

use super::{Comparison, Side, Version, content_id, resolve, single};
use crate::error::{Error, ErrorKind};
use crate::snapshot::Snapshot;

mod history;
mod listings;

/// A repository on branch `main`, without commits.
struct Fixture {
    directory: TempDir,
    repository: Repository,
}

impl Fixture {
    fn empty() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut options = RepositoryInitOptions::new();
        let repository =
            Repository::init_opts(directory.path(), options.initial_head("main").external_template(false)).unwrap();
        let mut config = repository.config().unwrap();
        config.set_str("core.autocrlf", "false").unwrap();
        config.set_str("core.excludesfile", "").unwrap();
        config.set_str("core.attributesfile", "").unwrap();
        Self { directory, repository }
    }

    /// One commit with `models/orders.sql`.
    fn new() -> Self {
        let fixture = Self::empty();
        fixture.write("models/orders.sql", "select 1");
        fixture.commit("first");
        fixture
    }

    fn root(&self) -> &Path {
        self.directory.path()
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn add(&self) -> Oid {
        let mut index = self.repository.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
        index.update_all(["*"], None).unwrap();
        index.write().unwrap();
        index.write_tree().unwrap()
    }

    fn commit(&self, message: &str) -> Oid {
        let tree = self.add();
        self.commit_tree(message, tree)
    }

    fn commit_tree(&self, message: &str, tree: Oid) -> Oid {
        let tree = self.repository.find_tree(tree).unwrap();
        let parent = self.repository.head().ok().map(|head| head.peel_to_commit().unwrap());
        let parents: Vec<_> = parent.iter().collect();
        let author = Signature::new("Ann", "ann@example.com", &Time::new(1_700_000_000, 0)).unwrap();
        self.repository.commit(Some("HEAD"), &author, &author, message, &tree, &parents).unwrap()
    }

    fn branch(&self, name: &str) {
        let head = self.repository.head().unwrap().peel_to_commit().unwrap();
        self.repository.branch(name, &head, false).unwrap();
        self.switch(name);
    }

    fn switch(&self, name: &str) {
        self.repository.set_head(&format!("refs/heads/{name}")).unwrap();
        self.repository.checkout_head(Some(git2::build::CheckoutBuilder::new().force())).unwrap();
    }

    fn reference(&self, name: &str, commit: Oid) {
        self.repository.reference(name, commit, true, "").unwrap();
    }

    fn compare(&self, base: &str, head: &str) -> Comparison {
        self.try_compare(base, head).unwrap()
    }

    /// The empty text is the default.
    fn try_compare(&self, base: &str, head: &str) -> Result<Comparison, Error> {
        compare_in(self.root(), base, head)
    }

    fn single(&self, side: &str) -> Version {
        single(self.root(), side_of(side).as_ref()).unwrap()
    }
}

fn side_of(text: &str) -> Option<Side> {
    (!text.is_empty()).then(|| text.parse().unwrap())
}

fn compare_in(directory: &Path, base: &str, head: &str) -> Result<Comparison, Error> {
    resolve(directory, side_of(base).as_ref(), side_of(head).as_ref())
}

fn paths(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.files().map(|(path, _)| path.as_ref()).collect()
}

fn changed(comparison: &Comparison) -> Vec<&str> {
    comparison.changed.iter().map(AsRef::as_ref).collect()
}

/// Each finding as `code path`.
fn findings(snapshot: &Snapshot) -> Vec<String> {
    let of = |path: &Option<String>| path.clone().unwrap_or_default();
    snapshot.diagnostics().iter().map(|found| format!("{} {}", found.code, of(&found.path))).collect()
}

#[track_caller]
fn fails(result: Result<Comparison, Error>, kind: ErrorKind, message: &str, hint: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(message), "{error}");
    let given = error.hint_text().unwrap_or_default();
    assert!(given.contains(hint), "{given}");
}

#[test]
fn sides_are_read_as_they_are_written() {
    for text in ["worktree", "index", "dir:/old", "exact:main", "feature/x", "HEAD~3"] {
        assert_eq!(text.parse::<Side>().unwrap().to_string(), text);
    }
    assert_eq!("dir:x".parse(), Ok(Side::Directory("x".into())));
}

#[test]
fn outside_git_a_directory_is_still_a_version() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("a.sql"), "select 1").unwrap();
    let version = single(directory.path(), None).unwrap();
    assert_eq!(paths(&version.snapshot), ["a.sql"]);
    assert_eq!(version.commit, None);
    let compared = compare_in(directory.path(), "", "");
    fails(compared, ErrorKind::Input, "is not in a git repository", "dir:");
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let missing = Path::new("/nonexistent/dwh");
    fails(compare_in(missing, "", ""), ErrorKind::Usage, "/nonexistent/dwh", "--project-dir");
    let fixture = Fixture::new();
    fails(fixture.try_compare("dir:/nonexistent/old", ""), ErrorKind::Usage, "/nonexistent/old", "dir:PATH");
}

#[test]
fn two_directories_compare_without_git() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (directory, text) in [(&old, "select 1"), (&new, "select 2")] {
        fs::write(directory.path().join("a.sql"), text).unwrap();
        fs::write(directory.path().join("same.sql"), "select 0").unwrap();
    }
    let side = |directory: &TempDir| format!("dir:{}", directory.path().display());
    let comparison = compare_in(old.path(), &side(&old), &side(&new)).unwrap();
    assert_eq!(changed(&comparison), ["a.sql"]);
    fails(compare_in(old.path(), "", &side(&new)), ErrorKind::Input, "not in a git repository", "--base dir:");
}

#[test]
fn a_directory_compares_with_a_revision_by_content() {
    let fixture = Fixture::new();
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("models")).unwrap();
    fs::write(directory.path().join("models/orders.sql"), "select 1").unwrap();
    let side = format!("dir:{}", directory.path().display());
    assert!(changed(&fixture.compare(&side, "")).is_empty());
    assert!(changed(&fixture.compare("main", &side)).is_empty());
    fails(fixture.try_compare("", &side), ErrorKind::Usage, "no history", "--base");
}

#[test]
fn a_repository_without_commits_has_a_working_tree_and_no_base() {
    let fixture = Fixture::empty();
    fixture.write("a.sql", "select 1");
    assert_eq!(paths(&fixture.single("").snapshot), ["a.sql"]);
    for (base, head) in [("", ""), ("main", ""), ("", "worktree"), ("", "HEAD"), ("exact:main", "index")] {
        fails(fixture.try_compare(base, head), ErrorKind::Input, "no commits yet", "commit first");
    }
}

#[test]
fn a_bare_repository_has_revisions_only() {
    let fixture = Fixture::new();
    fixture.branch("feature");
    fixture.write("models/orders.sql", "select 2");
    fixture.commit("second");
    let bare = tempfile::tempdir().unwrap();
    let url = fixture.root().to_str().unwrap();
    git2::build::RepoBuilder::new().bare(true).clone(url, bare.path()).unwrap();
    let comparison = compare_in(bare.path(), "main", "feature").unwrap();
    assert_eq!(changed(&comparison), ["models/orders.sql"]);
    assert_eq!(comparison.head.snapshot.text("models/orders.sql").unwrap(), "select 2");
    assert_eq!(paths(&single(bare.path(), None).unwrap().snapshot), ["models/orders.sql"]);
    fs::remove_file(bare.path().join("config")).unwrap();
    assert_eq!(paths(&single(bare.path(), None).unwrap().snapshot), ["models/orders.sql"]);
    for head in ["worktree", "index"] {
        fails(compare_in(bare.path(), "main", head), ErrorKind::Usage, "bare repository", "two revisions");
    }
}

#[test]
#[cfg(unix)]
fn a_repository_of_somebody_else_is_not_read() {
    let fixture = Fixture::new();
    // Only a privileged user can give a directory away; elsewhere the message has a test of its own.
    for path in [fixture.root().to_owned(), fixture.root().join(".git")] {
        if std::os::unix::fs::chown(path, Some(54_321), None).is_err() {
            return;
        }
    }
    fails(fixture.try_compare("", ""), ErrorKind::Input, "belongs to another user", "safe.directory");
}

#[test]
fn a_partial_clone_is_refused_in_so_many_words() {
    let fixture = Fixture::new();
    let mut config = fixture.repository.config().unwrap();
    config.set_i32("core.repositoryformatversion", 1).unwrap();
    config.set_str("extensions.partialClone", "origin").unwrap();
    fails(fixture.try_compare("", ""), ErrorKind::Input, "is a partial clone", "--filter");
}

#[test]
fn a_linked_working_tree_is_a_repository_like_any_other() {
    let fixture = Fixture::new();
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("linked");
    fixture.repository.worktree("linked", &root, None).unwrap();
    fs::write(root.join("models/orders.sql"), "select 2").unwrap();
    let comparison = compare_in(&root, "", "").unwrap();
    assert_eq!(changed(&comparison), ["models/orders.sql"]);
    assert_eq!(comparison.head.snapshot.label(), "linked with uncommitted changes");
    assert_eq!(comparison.base.snapshot.text("models/orders.sql").unwrap(), "select 1");
}

#[test]
fn nothing_in_the_repository_is_written() {
    let fixture = Fixture::new();
    fixture.branch("feature");
    fixture.write("models/orders.sql", "select 2");
    fixture.write("models/new.sql", "select 3");
    let state = || -> Vec<_> {
        let mut pending = vec![fixture.root().to_owned()];
        let mut state = Vec::new();
        while let Some(path) = pending.pop() {
            let metadata = fs::metadata(&path).unwrap();
            if metadata.is_dir() {
                pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
                state.push((path, None, None));
            } else {
                state.push((
                    path.clone(),
                    Some(content_id(&fs::read(&path).unwrap()).unwrap()),
                    metadata.modified().ok(),
                ));
            }
        }
        state.sort();
        state
    };
    let before = state();
    for (base, head) in [("", ""), ("main", "index"), ("exact:main", "worktree"), ("worktree", "index")] {
        let comparison = fixture.compare(base, head);
        for (path, _) in comparison.head.snapshot.files() {
            comparison.head.snapshot.bytes(path).unwrap();
        }
    }
    assert_eq!(state(), before);
}
