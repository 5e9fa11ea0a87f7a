//! Which files a side has.

use super::*;

#[test]
fn the_sides_of_one_content_have_one_id() {
    let fixture = Fixture::new();
    fixture.write("models/staged.sql", "select 2");
    fixture.add();
    let id = content_id(b"select 1").unwrap();
    for side in ["worktree", "index", "HEAD"] {
        assert_eq!(fixture.single(side).snapshot.id("models/orders.sql"), Some(id), "{side}");
    }
    fixture.write("models/staged.sql", "select 3");
    let text = |side| fixture.single(side).snapshot.text("models/staged.sql").unwrap();
    assert_eq!((text("index").as_str(), text("worktree").as_str()), ("select 2", "select 3"));
}

#[test]
fn the_working_tree_has_what_git_would_add() {
    let fixture = Fixture::new();
    fixture.write(".gitignore", "*.log\nbuild/\n");
    fixture.write("deep/new/a.sql", "select 2");
    fixture.write("x.log", "noise");
    fixture.write("build/b.sql", "select 3");
    fs::remove_file(fixture.root().join("models/orders.sql")).unwrap();
    assert_eq!(paths(&fixture.single("").snapshot), [".gitignore", "deep/new/a.sql"]);
}

#[test]
fn a_project_in_a_subdirectory_is_rooted_there_and_knows_the_codeowners_above() {
    let fixture = Fixture::new();
    fixture.write("transform/models/a.sql", "select 1");
    fixture.write("transform-old/models/a.sql", "select 0");
    fixture.write(".github/CODEOWNERS", "* @data");
    fixture.commit("second");
    fixture.branch("feature");
    fixture.write("transform/models/a.sql", "select 2");
    fixture.write("models/orders.sql", "select 2");
    fixture.commit("third");
    let directory = fixture.root().join("transform");
    for head in ["", "HEAD", "index", "worktree"] {
        let comparison = compare_in(&directory, "", head).unwrap();
        assert_eq!(paths(&comparison.head.snapshot), ["models/a.sql"], "{head}");
        assert_eq!(changed(&comparison), ["models/a.sql"]);
        assert_eq!(comparison.head.outer.prefix, "transform");
        assert_eq!(comparison.head.outer.files.text(".github/CODEOWNERS").unwrap(), "* @data");
        assert_eq!(comparison.head.snapshot.text("models/a.sql").unwrap(), "select 2");
    }
    let absent = compare_in(&directory, "HEAD~2", "").unwrap();
    assert_eq!(findings(&absent.base.snapshot), ["project-absent "]);
    assert_eq!(fixture.single("").outer.prefix, "");
}

#[test]
fn packages_are_where_the_project_says() {
    let fixture = Fixture::new();
    fixture.write("dbt_project.yml", "packages-install-path: \"{{ env_var('T' ~ '/p', 'target/p') }}\"");
    fixture.write("escape/dbt_project.yml", "packages-install-path: ../../..");
    fixture.write(".gitignore", "target/\ndbt_packages/\n");
    fixture.commit("second");
    fixture.write("target/p/dbt_utils/macros/star.sql", "star");
    fixture.write("target/run/a.sql", "x");
    fixture.write("dbt_packages/old/macros/m.sql", "old");
    for version in [&fixture.single("HEAD"), &fixture.single("")] {
        assert_eq!(version.snapshot.text("target/p/dbt_utils/macros/star.sql").unwrap(), "star");
        assert_eq!(version.snapshot.below("target").count(), 1);
        assert_eq!(version.snapshot.below("dbt_packages").count(), 0);
    }
}

#[test]
fn both_sides_see_the_packages_of_dbt_that_git_ignores() {
    let fixture = Fixture::new();
    fixture.write("dbt_project.yml", "name: shop");
    fixture.write(".gitignore", "dbt_packages/\ntarget/\n");
    fixture.write("local_package/macros/m.sql", "one");
    fixture.commit("second");
    fixture.branch("feature");
    fixture.write("local_package/macros/m.sql", "two");
    fixture.commit("third");
    fixture.write("dbt_packages/dbt_utils/macros/star.sql", "star");
    fixture.write("dbt_packages/dbt_utils/.git/HEAD", "x");
    fixture.write("target/compiled.sql", "x");
    link("../local_package", &fixture.root().join("dbt_packages/local"));
    link("/etc", &fixture.root().join("dbt_packages/outside"));
    let comparison = fixture.compare("", "");
    assert_eq!(changed(&comparison), ["dbt_packages/local/macros/m.sql", "local_package/macros/m.sql"]);
    for version in [&comparison.base, &comparison.head, &fixture.single("index"), &fixture.single("")] {
        assert_eq!(version.snapshot.text("dbt_packages/dbt_utils/macros/star.sql").unwrap(), "star");
        assert_eq!(version.snapshot.below("dbt_packages").count(), 2);
        assert!(version.snapshot.below("target").next().is_none());
        assert_eq!(findings(&version.snapshot), ["symlink-outside dbt_packages/outside"]);
    }
    assert_eq!(comparison.base.snapshot.text("dbt_packages/local/macros/m.sql").unwrap(), "one");
    assert_eq!(comparison.head.snapshot.label(), "feature");
}

#[test]
fn committed_packages_are_each_sides_own() {
    let fixture = Fixture::new();
    fixture.write("dbt_project.yml", "name: shop");
    fixture.write("dbt_packages/p/a.sql", "one");
    fixture.commit("second");
    fixture.branch("feature");
    fixture.write("dbt_packages/p/a.sql", "two");
    fixture.write("dbt_packages/p/b.sql", "new");
    fixture.commit("third");
    assert_eq!(changed(&fixture.compare("", "")), ["dbt_packages/p/a.sql", "dbt_packages/p/b.sql"]);
}

#[test]
fn a_directory_has_its_packages_and_not_what_is_ignored_or_built() {
    let directory = tempfile::tempdir().unwrap();
    let write = |path: &str| {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    };
    fs::write(directory.path().join(".gitignore"), "dbt_packages\nsecret.sql\n").unwrap();
    for path in [
        "dbt_project.yml",
        "models/a.sql",
        "models/target/b.sql",
        "secret.sql",
        "target/run/a.sql",
        "node_modules/x.sql",
        ".git/config",
        "dbt_packages/p/macros/m.sql",
    ] {
        write(path);
    }
    let version = single(directory.path(), Some(&Side::Directory(directory.path().to_owned()))).unwrap();
    assert_eq!(
        paths(&version.snapshot),
        [".gitignore", "dbt_packages/p/macros/m.sql", "dbt_project.yml", "models/a.sql", "models/target/b.sql"]
    );
}

#[cfg(unix)]
fn link(target: &str, place: &Path) {
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(target, place).unwrap();
}

#[test]
#[cfg(unix)]
fn links_stand_for_files_inside_and_for_nothing_outside() {
    let fixture = Fixture::new();
    let at = |path: &str| fixture.root().join(path);
    link("orders.sql", &at("models/alias.sql"));
    link("alias.sql", &at("models/alias_of_alias.sql"));
    link("/etc/passwd", &at("models/passwd.sql"));
    link("../../../outside.sql", &at("models/up.sql"));
    link("gone.sql", &at("models/dangling.sql"));
    link("loop.sql", &at("models/loop.sql"));
    link("models", &at("all_models"));
    let expected = [
        "symlink-broken models/dangling.sql",
        "symlink-broken models/loop.sql",
        "symlink-directory all_models",
        "symlink-outside models/passwd.sql",
        "symlink-outside models/up.sql",
    ];
    let files = ["models/alias.sql", "models/alias_of_alias.sql", "models/orders.sql"];
    let check = |side: &str| {
        let snapshot = fixture.single(side).snapshot;
        assert_eq!(paths(&snapshot), files, "{side}");
        let mut found = findings(&snapshot);
        found.sort();
        assert_eq!(found, expected, "{side}");
        assert_eq!(snapshot.text("models/alias_of_alias.sql").unwrap(), "select 1");
    };
    check("worktree");
    fixture.commit("links");
    ["worktree", "index", "HEAD"].into_iter().for_each(check);
    check(&format!("dir:{}", fixture.root().display()));
}

#[test]
#[cfg(unix)]
fn a_link_from_a_subdirectory_may_lead_to_elsewhere_in_the_repository() {
    let fixture = Fixture::new();
    link("../models/orders.sql", &fixture.root().join("jobs/orders.sql"));
    fixture.write("jobs/x.sql", "select 9");
    fixture.commit("second");
    for side in ["worktree", "index", "HEAD"] {
        let version = single(&fixture.root().join("jobs"), side_of(side).as_ref()).unwrap();
        assert_eq!(version.snapshot.text("orders.sql").unwrap(), "select 1", "{side}");
    }
}

#[test]
fn a_submodule_is_skipped_and_said_so() {
    let fixture = Fixture::new();
    let mut builder = fixture.repository.treebuilder(None).unwrap();
    let commit = fixture.repository.head().unwrap().target().unwrap();
    builder.insert("vendored", commit, 0o160_000).unwrap();
    let tree = builder.write().unwrap();
    fixture.commit_tree("submodule", tree);
    let version = fixture.single("HEAD");
    assert_eq!(findings(&version.snapshot), ["submodule-skipped vendored"]);
    // A repository inside the working tree that is no submodule yet is read no more than one that is.
    Repository::init(fixture.root().join("inner")).unwrap();
    fixture.write("inner/a.sql", "select 1");
    assert!(findings(&fixture.single("worktree").snapshot).contains(&"submodule-skipped inner".to_owned()));
}

#[test]
fn a_merge_conflict_is_read_from_our_side() {
    let fixture = Fixture::new();
    let entry = |stage: u16, text: &str| git2::IndexEntry {
        ctime: git2::IndexTime::new(0, 0),
        mtime: git2::IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode: 0o100_644,
        uid: 0,
        gid: 0,
        file_size: 0,
        id: fixture.repository.blob(text.as_bytes()).unwrap(),
        flags: stage << 12,
        flags_extended: 0,
        path: b"models/orders.sql".to_vec(),
    };
    let mut index = fixture.repository.index().unwrap();
    index.remove_path(Path::new("models/orders.sql")).unwrap();
    for (stage, text) in [(1, "base"), (2, "ours"), (3, "theirs")] {
        index.add(&entry(stage, text)).unwrap();
    }
    index.write().unwrap();
    fixture.write("models/orders.sql", "<<<<<<<");
    let staged = fixture.single("index").snapshot;
    assert_eq!(staged.text("models/orders.sql").unwrap(), "ours");
    assert_eq!(findings(&staged), ["unmerged models/orders.sql"]);
    assert_eq!(fixture.single("worktree").snapshot.text("models/orders.sql").unwrap(), "<<<<<<<");
}

#[test]
fn line_endings_are_normalised_as_git_would() {
    let fixture = Fixture::new();
    fixture.write(".gitattributes", "*.sql text\n*.bin -text\n");
    fixture.write("a.bin", "x\ny\n");
    fixture.write("models/orders.sql", "select 1\nfrom t\n");
    fixture.commit("second");
    fixture.write("models/orders.sql", "select 1\r\nfrom t\r\n");
    fixture.write("a.bin", "x\r\ny\r\n");
    fixture.write("b.txt", "x\r\n");
    let comparison = fixture.compare("HEAD", "worktree");
    assert_eq!(changed(&comparison), ["a.bin", "b.txt"]);
    assert_eq!(comparison.head.snapshot.text("b.txt").unwrap(), "x\r\n");
    fixture.repository.config().unwrap().set_str("core.autocrlf", "true").unwrap();
    assert_eq!(fixture.compare("HEAD", "worktree").head.snapshot.text("b.txt").unwrap(), "x\n");
}

#[test]
fn a_sparse_checkout_deletes_nothing() {
    let fixture = Fixture::new();
    let mut index = fixture.repository.index().unwrap();
    let mut entry = index.get_path(Path::new("models/orders.sql"), 0).unwrap();
    entry.flags |= 1 << 14;
    entry.flags_extended |= git2::IndexEntryExtendedFlag::SKIP_WORKTREE.bits();
    index.add(&entry).unwrap();
    index.write().unwrap();
    fs::remove_file(fixture.root().join("models/orders.sql")).unwrap();
    assert_eq!(fixture.single("worktree").snapshot.text("models/orders.sql").unwrap(), "select 1");
}

#[test]
fn a_file_saved_while_we_read_is_not_taken_for_what_was_listed() {
    let fixture = Fixture::new();
    fixture.write("models/new.sql", "select 2");
    let snapshot = fixture.single("worktree").snapshot;
    fixture.write("models/new.sql", "select 3");
    let diagnostic = snapshot.text("models/new.sql").unwrap_err();
    assert!(diagnostic.message.contains("changed while it was being read"), "{}", diagnostic.message);
}

#[test]
fn a_pointer_of_git_lfs_is_no_text() {
    let fixture = Fixture::new();
    fixture.write("seeds/a.csv", "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 1\n");
    assert_eq!(fixture.single("").snapshot.text("seeds/a.csv").unwrap_err().code, "lfs-pointer");
}

#[test]
#[cfg(target_os = "linux")]
fn a_name_that_is_not_utf8_is_kept_readable() {
    use std::os::unix::ffi::OsStrExt;
    let fixture = Fixture::new();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.sql");
    fs::write(fixture.root().join(name), "select 7").unwrap();
    let check = |side: &str| {
        let snapshot = fixture.single(side).snapshot;
        assert_eq!(snapshot.text("caf\u{fffd}.sql").unwrap(), "select 7", "{side}");
        assert_eq!(findings(&snapshot), ["path-not-utf8 caf\u{fffd}.sql"], "{side}");
    };
    check("worktree");
    fixture.commit("second");
    ["worktree", "index", "HEAD"].into_iter().for_each(check);
}

#[test]
fn contents_are_read_from_many_threads() {
    use rayon::prelude::*;
    let fixture = Fixture::empty();
    for number in 0..300 {
        fixture.write(&format!("models/m{number}.sql"), format!("select {number}"));
    }
    fixture.commit("first");
    let snapshot = fixture.single("HEAD").snapshot;
    (0..300).into_par_iter().for_each(|number| {
        assert_eq!(snapshot.text(&format!("models/m{number}.sql")).unwrap(), format!("select {number}"));
    });
}
