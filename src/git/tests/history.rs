//! Which commits are compared.

use super::*;

/// `main` with two commits, `feature` with one on top of the first.
fn forked() -> (Fixture, Oid, Oid) {
    let fixture = Fixture::new();
    let first = fixture.repository.head().unwrap().target().unwrap();
    fixture.branch("feature");
    fixture.write("models/new.sql", "select 2");
    fixture.commit("feature");
    fixture.switch("main");
    fixture.write("models/main_only.sql", "select 3");
    let main = fixture.commit("main moves on");
    fixture.switch("feature");
    (fixture, first, main)
}

fn base_of(comparison: &Comparison) -> Option<String> {
    comparison.base.commit.map(|commit| commit.to_string())
}

#[test]
fn the_base_is_where_the_branch_left_the_default_branch() {
    let (fixture, first, _) = forked();
    let comparison = fixture.compare("", "");
    assert_eq!(changed(&comparison), ["models/new.sql"]);
    assert_eq!(base_of(&comparison), Some(first.to_string()));
    assert_eq!(comparison.base.snapshot.label(), "main");
    assert_eq!(comparison.head.snapshot.label(), "feature");
    let short = &first.to_string()[..7];
    assert_eq!(comparison.base.description, format!("merge base of `main` and `feature`, {short}"));
}

#[test]
fn the_remotes_default_branch_comes_before_a_local_one() {
    let (fixture, first, main) = forked();
    fixture.reference("refs/remotes/origin/trunk", main);
    fixture.repository.reference_symbolic("refs/remotes/origin/HEAD", "refs/remotes/origin/trunk", true, "").unwrap();
    let comparison = fixture.compare("", "");
    assert_eq!(comparison.base.snapshot.label(), "origin/trunk");
    assert_eq!(base_of(&comparison), Some(first.to_string()));
    fixture.repository.find_reference("refs/remotes/origin/HEAD").unwrap().delete().unwrap();
    fixture.reference("refs/remotes/origin/master", main);
    assert_eq!(fixture.compare("", "").base.snapshot.label(), "origin/master");
}

#[test]
fn another_remote_stands_in_for_origin() {
    let (fixture, _, main) = forked();
    fixture.repository.remote("upstream", "https://example.com/dwh.git").unwrap();
    fixture.reference("refs/remotes/upstream/main", main);
    assert_eq!(fixture.compare("", "").base.snapshot.label(), "upstream/main");
}

#[test]
fn a_named_base_is_met_at_the_merge_base_and_an_exact_one_is_not() {
    let (fixture, first, main) = forked();
    let merged = fixture.compare("main", "feature");
    assert_eq!((changed(&merged), base_of(&merged)), (vec!["models/new.sql"], Some(first.to_string())));
    let exact = fixture.compare("exact:main", "feature");
    assert_eq!(changed(&exact), ["models/main_only.sql", "models/new.sql"]);
    assert_eq!(base_of(&exact), Some(main.to_string()));
}

#[test]
fn uncommitted_changes_are_part_of_the_head() {
    let (fixture, ..) = forked();
    fixture.write("models/untracked.sql", "select 4");
    let comparison = fixture.compare("", "");
    assert_eq!(changed(&comparison), ["models/new.sql", "models/untracked.sql"]);
    assert_eq!(comparison.head.snapshot.label(), "feature with uncommitted changes");
    assert_eq!(changed(&fixture.compare("", "HEAD")), ["models/new.sql"]);
    fixture.add();
    assert_eq!(changed(&fixture.compare("HEAD", "index")), ["models/untracked.sql"]);
}

#[test]
fn on_the_default_branch_the_last_commit_is_compared_with_the_one_before() {
    let (fixture, first, main) = forked();
    fixture.switch("main");
    let comparison = fixture.compare("", "");
    assert_eq!(changed(&comparison), ["models/main_only.sql"]);
    assert_eq!(base_of(&comparison), Some(first.to_string()));
    assert!(comparison.base.description.contains("the commit before"), "{}", comparison.base.description);
    fixture.repository.set_head_detached(main).unwrap();
    assert_eq!(changed(&fixture.compare("", "")), ["models/main_only.sql"]);
    fixture.switch("main");
    fixture.write("models/dirty.sql", "select 5");
    assert_eq!(changed(&fixture.compare("", "")), ["models/dirty.sql"]);
}

#[test]
fn the_first_commit_is_compared_with_nothing() {
    let fixture = Fixture::new();
    let comparison = fixture.compare("", "");
    assert_eq!(changed(&comparison), ["models/orders.sql"]);
    assert_eq!(comparison.base.snapshot.label(), "nothing");
    assert_eq!(comparison.base.commit, None);
}

#[test]
fn on_a_default_branch_that_is_ahead_the_upstream_is_the_base() {
    let (fixture, first, _) = forked();
    fixture.switch("main");
    fixture.repository.remote("origin", "https://example.com/dwh.git").unwrap();
    fixture.reference("refs/remotes/origin/main", first);
    fixture.repository.find_branch("main", git2::BranchType::Local).unwrap().set_upstream(Some("origin/main")).unwrap();
    fixture.write("models/more.sql", "select 6");
    fixture.commit("third");
    let comparison = fixture.compare("", "");
    assert_eq!(changed(&comparison), ["models/main_only.sql", "models/more.sql"]);
    assert_eq!(comparison.base.snapshot.label(), "origin/main");
}

#[test]
fn a_branch_without_commits_of_its_own_changes_nothing() {
    let (fixture, ..) = forked();
    fixture.switch("main");
    fixture.branch("fresh");
    assert!(changed(&fixture.compare("", "")).is_empty());
}

#[test]
fn an_unknown_revision_is_met_with_the_nearest_name() {
    let (fixture, _, main) = forked();
    let unknown = |typed: &str, hint: &str| {
        fails(fixture.try_compare(typed, ""), ErrorKind::Usage, &format!("called `{typed}`"), hint);
    };
    unknown("featrue", "did you mean `feature`?");
    unknown("nothing-like-it", "git fetch origin nothing-like-it");
    fixture.reference("refs/tags/release-2024", main);
    unknown("release-2025", "did you mean `release-2024`?");
    fixture.reference("refs/remotes/origin/develop", main);
    unknown("devlop", "did you mean `develop`?");
    assert_eq!(fixture.compare("develop", "").base.snapshot.label(), "origin/develop");
    unknown("HEAD~99", "does not go back that far");
}

#[test]
fn a_name_of_something_else_than_a_commit_is_refused() {
    let (fixture, ..) = forked();
    fails(fixture.try_compare("HEAD:models", ""), ErrorKind::Usage, "is a tree, not a commit", "branch");
}

#[test]
fn without_a_default_branch_the_base_has_to_be_named() {
    let fixture = Fixture::new();
    fixture.branch("feature");
    fixture.repository.find_branch("main", git2::BranchType::Local).unwrap().delete().unwrap();
    fails(fixture.try_compare("", ""), ErrorKind::Usage, "cannot find the default branch", "--base");
}

#[test]
fn histories_without_a_common_commit_are_told_apart_from_shallow_ones() {
    let (fixture, ..) = forked();
    fixture.repository.set_head("refs/heads/orphan").unwrap();
    fixture.commit("unrelated");
    fails(fixture.try_compare("main", ""), ErrorKind::Usage, "no commit in common", "exact:main");
    fixture.compare("exact:main", "");
}

/// Cuts history off below `commit`, as a clone of depth one does.
fn shallow(fixture: &Fixture, commits: &[Oid]) -> Repository {
    let lines: String = commits.iter().map(|commit| format!("{commit}\n")).collect();
    fs::write(fixture.repository.path().join("shallow"), lines).unwrap();
    Repository::open(fixture.root()).unwrap()
}

fn remove_object(repository: &Repository, object: Oid) {
    let name = object.to_string();
    let path = repository.path().join("objects").join(&name[..2]).join(&name[2..]);
    let _ = fs::remove_file(path);
}

#[test]
fn a_shallow_clone_without_the_merge_base_says_what_to_fetch() {
    let (fixture, first, main) = forked();
    let feature = fixture.repository.head().unwrap().target().unwrap();
    let repository = shallow(&fixture, &[main, feature]);
    remove_object(&repository, first);
    fails(fixture.try_compare("", ""), ErrorKind::Input, "the clone is shallow", "git fetch --unshallow");
    fails(fixture.try_compare("main", ""), ErrorKind::Input, "merge base of `main` and `feature`", "fetch-depth: 0");
}

#[test]
fn a_shallow_clone_of_the_default_branch_needs_one_commit_more() {
    let (fixture, first, main) = forked();
    fixture.switch("main");
    let repository = shallow(&fixture, &[main]);
    remove_object(&repository, first);
    fails(fixture.try_compare("HEAD~1", ""), ErrorKind::Usage, "called `HEAD~1`", "the clone is shallow");
    fails(fixture.try_compare("", ""), ErrorKind::Input, "the commit before", "fetch-depth: 2");
}

#[test]
fn a_missing_object_is_told_when_its_file_is_read() {
    let (fixture, ..) = forked();
    let id = content_id(b"select 1").unwrap();
    remove_object(&fixture.repository, Oid::from_bytes(&id.0).unwrap());
    let comparison = fixture.compare("", "HEAD");
    let diagnostic = comparison.head.snapshot.text("models/orders.sql").unwrap_err();
    assert_eq!(diagnostic.code, "file-unreadable");
    assert!(diagnostic.message.contains("missing from the repository"), "{}", diagnostic.message);
}

#[test]
fn a_missing_tree_is_told_with_what_mends_it() {
    let (fixture, first, _) = forked();
    let tree = fixture.repository.find_commit(first).unwrap().tree_id();
    remove_object(&fixture.repository, tree);
    fails(fixture.try_compare("", "HEAD"), ErrorKind::Input, "missing", "--filter");
}
