//! What cannot be read: each with a clear message and the right exit status, and never the end of
//! the rest.

use crate::support::{File, Fixture, names, verdict};

/// A table, its reader, and the job at the end.
const SHOP: &[File] = &[
    (
        "headsup.yml",
        "version: 1\ndialect: postgres\njobs:\n  - { name: audit, owner: finance@example.com, reads: [revenue] }\n",
    ),
    ("orders.sql", "select * from raw_orders"),
    ("revenue.sql", "select sum(x) as x from orders"),
];

#[test]
fn garbage_is_scanned_for_tables() {
    let fixture = Fixture::pair(SHOP, &[("orders.sql", "select ((( from raw_orders join ]] 'never closed")]);
    insta::assert_snapshot!(fixture.graph(), @"
    orders: model, tables ← raw_orders
    raw_orders: external, open
    revenue: model, columns ← orders
    ");
    insta::assert_snapshot!(fixture.diagnostics(), @"
    sql-not-parsed orders.sql:1:17 the statement `SELECT (` was not understood; its relations were found word by word (Expected: ), found: raw_orders)
    sql-not-tokenized orders.sql:1:36 a quote that is never closed
    ");
    insta::assert_snapshot!(fixture.verdict("impact"), @"
    modified orders: unspecified
    unknown audit by orders → revenue
    ");
}

#[test]
fn files_that_are_no_text_stay_as_models_that_may_read_anything() {
    let fixture = Fixture::new(SHOP);
    fixture.write("binary.sql", b"PAR1\0\x01\x02\xff\xfe");
    fixture.write("latin.sql", b"select 1 as x\n-- caf\xe9");
    fixture.write("sixteen.sql", b"\xff\xfes\0e\0l\0e\0c\0t\0 \x001\0 \0a\0s\0 \0x\0");
    fixture.write("pointer.sql", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n");
    insta::assert_snapshot!(fixture.graph(), @"
    binary: model, opaque
    latin: model, opaque
    orders: model, open ← raw_orders
    pointer: model, opaque
    raw_orders: external, open
    revenue: model, columns ← orders
    sixteen: model, columns
    ");
    insta::assert_snapshot!(fixture.diagnostics(), @"
    binary-file binary.sql the file is binary, not text
    not-utf8 latin.sql:2:7 byte 20 (0xe9) is not UTF-8
    lfs-pointer pointer.sql the file is a Git LFS pointer, not its content
    ");
    insta::assert_snapshot!(fixture.text("doctor"), @"
    working tree: 6 models read: 2 with all columns, 1 with some columns open, 3 not readable.

    project  kind  dialect   names   models  known from
    .        sql   postgres  {stem}  6       found

    rung     models  what is known
    columns  2       parsed, every column bound
    open     1       parsed; some column bound to all that it may be
    tables   0       not parsed as a whole; tables found in the tokens
    refs     0       not rendered; tables found in the template
    opaque   3       not readable; declared tables only

    binary-file  binary.sql
      the file is binary, not text
      mend: leave it out of the project's path
    not-utf8  latin.sql:2:7
      byte 20 (0xe9) is not UTF-8
      mend: save the file as UTF-8, for instance with `iconv -f latin1 -t utf-8`
    lfs-pointer  pointer.sql
      the file is a Git LFS pointer, not its content
      mend: run `git lfs pull` and compare directories: dir:PATH

    3 errors, 0 warnings.
    1 note: -v shows them.
    ");
}

#[test]
fn an_empty_file_builds_nothing() {
    let fixture = Fixture::new(SHOP);
    for (path, text) in
        [("empty.sql", ""), ("blank.sql", " \n\n"), ("comment.sql", "-- nothing yet\n"), ("semicolon.sql", ";;")]
    {
        fixture.write(path, text);
    }
    insta::assert_snapshot!(fixture.graph(), @"
    orders: model, open ← raw_orders
    raw_orders: external, open
    revenue: model, columns ← orders
    ");
    insta::assert_snapshot!(fixture.diagnostics(), @"");
    let emptied = Fixture::pair(SHOP, &[("orders.sql", "")]);
    insta::assert_snapshot!(emptied.verdict("impact"), @"
    removed orders: removed
    reached audit by orders → revenue
    ");
}

#[test]
fn a_file_of_fifty_megabytes_ends() {
    let fixture = Fixture::new(SHOP);
    let row = "(1, 'one of a great many rows'),\n";
    let rows = format!("insert into raw_orders values\n{}(0, '');", row.repeat(50 * 1024 * 1024 / row.len()));
    fixture.write("rows.sql", &rows);
    let report = fixture.json("impact --base HEAD");
    insta::assert_snapshot!(verdict(&report), @"
    added raw_orders: added
    reached audit by raw_orders → orders → revenue
    ");
    insta::assert_snapshot!(report["diagnostics"][1]["message"], @r#""a text of 52 MB; its relations were found word by word""#);
}

#[test]
fn deep_nesting_ends() {
    let fixture = Fixture::new(SHOP);
    fixture.write("deep.sql", format!("select {}1{} as x from orders", "(".repeat(20_000), ")".repeat(20_000)));
    fixture.write("deeper.sql", "select * from (".repeat(20_000));
    fixture.write("deep.yml", "[".repeat(20_000));
    fixture.write("dbt/dbt_project.yml", "name: d\n");
    fixture.write("dbt/models/m.sql", format!("{}x{}", "{{ (".repeat(5_000), ") }}".repeat(5_000)));
    fixture.write("dbt/models/loop.sql", "{% for i in range(1000000000) %}{{ i }}{% endfor %}");
    fixture.write("dbt/models/deep.yml", "[".repeat(20_000));
    let graph = fixture.graph();
    for model in ["deep", "deeper", "m", "loop"] {
        assert!(graph.lines().any(|line| line.starts_with(&format!("{model}: model"))), "{model} in {graph}");
    }
}

#[test]
fn broken_settings_are_told_all_at_once() {
    let settings = "version: 1\nteems:\n  finance: {}\nprojects:\n  - { kind: sqll, path: jobs }\njobs:\n  \
                    - { name: audit, criticallity: critical, reads: [revenue], team: finanze }\n  - { name: audit, reads: 3 }\nteams:\n  finance: { standard: loud }\n";
    let fixture = Fixture::pair(SHOP, &[("headsup.yml", settings)]);
    for command in ["impact", "models", "jobs", "doctor"] {
        assert!(fixture.error(command).starts_with("exit 2\n"), "{command}");
    }
    insta::assert_snapshot!(fixture.error("impact"), @"
    exit 2
    error: headsup.yml has 7 problems
      headsup.yml:2:1: headsup.yml has no key `teems` (settings-unknown-key)
        did you mean `teams`?
      headsup.yml:5:13: `kind` cannot be `sqll` (settings-value)
        did you mean `sql`? it is one of dbt, sql, manifest
      headsup.yml:7:20: the job has no key `criticallity` (settings-unknown-key)
        did you mean `criticality`?
      headsup.yml:7:68: no team is called `finanze` (settings-reference)
        did you mean `finance`?
      headsup.yml:8:13: two jobs are called `audit` (settings-duplicate)
        the first is on line 7; rename or merge them
      headsup.yml:8:27: `reads` must be a list, not a number (settings-type)
      headsup.yml:10:24: `standard` cannot be `loud` (settings-value)
        it is one of touched, changed, reachable, breaking
    ");
    let syntax = Fixture::pair(SHOP, &[("headsup.yml", "version: 1\njobs:\n  - name: [a\n    owner: b\n")]);
    insta::assert_snapshot!(syntax.error("impact"), @"
    exit 2
    error: headsup.yml has a problem
      headsup.yml:4:10: not YAML: did not find expected ',' or ']', while parsing a flow sequence (yaml-unreadable)
    ");
    let empty = Fixture::pair(SHOP, &[("headsup.yml", "# nothing yet\n")]);
    assert_eq!(empty.json("jobs")["jobs"], serde_json::json!([]));
    let binary = Fixture::new(SHOP);
    binary.write("headsup.yml", b"\0\0\xff");
    insta::assert_snapshot!(binary.error("impact"), @"
    exit 2
    error: headsup.yml has a problem
      headsup.yml: the file is binary, not text (binary-file)
        leave it out of the project's path
    ");
    assert_eq!(fixture.run("models --head main").code, 0, "the settings are those of the version that is read");
}

#[test]
fn broken_yaml_of_dbt_is_told_with_its_place() {
    let files = [
        ("dbt_project.yml", "name: shop\n"),
        ("models/a.sql", "select 1 as id"),
        ("models/b.sql", "select * from {{ ref('a') }}"),
        ("models/one.yml", "models:\n  - name: a\n   columns: [\n"),
        ("models/two.yml", "models:\n  - name: b\n    columns: {x: }}\n"),
        ("models/three.yml", "- just\n- a list\n"),
        ("models/four.yml", "models: all of them\nexposures:\n  - 3\n"),
    ];
    let fixture = Fixture::new(&files);
    insta::assert_snapshot!(fixture.graph(), @"
    a: model, columns
    b: model, columns ← a
    ");
    insta::assert_snapshot!(fixture.diagnostics(), @"
    dialect-unknown dbt_project.yml no profile in the repository says which warehouse the project is for
    invalid-yaml models/one.yml:3:4 the file is not valid YAML: did not find expected '-' indicator
    invalid-yaml models/two.yml:3:19 the file is not valid YAML: did not find expected key
    ");
}

#[test]
fn a_broken_project_file_loses_no_job() {
    let files = [
        ("dbt_project.yml", "name: shop\n"),
        ("models/a.sql", "select 1 as id"),
        (
            "models/e.yml",
            "exposures:\n  - name: audit\n    type: dashboard\n    owner: { email: finance@example.com }\n    depends_on: [ref('a')]\n",
        ),
    ];
    for broken in [("dbt_project.yml", "name: [shop\n"), ("models/e.yml", "exposures: [\n")] {
        let fixture = Fixture::pair(&files, &[broken, ("models/a.sql", "select 2 as id")]);
        assert_eq!(names(&fixture.json("impact")["jobs"], "job"), ["audit"], "{broken:?}");
        assert_eq!(fixture.run("impact --fail-on unknown").code, 1, "{broken:?}");
    }
}

#[test]
fn a_submodule_is_left_out_and_told() {
    let fixture = Fixture::new(SHOP);
    let repository = fixture.repository();
    let commit = repository.head().unwrap().target().unwrap();
    let mut index = repository.index().unwrap();
    let mut entry = index.get_path("orders.sql".as_ref(), 0).unwrap();
    entry.path = b"vendor/other".to_vec();
    entry.mode = 0o160_000;
    entry.id = commit;
    index.add(&entry).unwrap();
    index.write().unwrap();
    fixture
        .write(".gitmodules", "[submodule \"other\"]\n\tpath = vendor/other\n\turl = https://example.com/other.git\n");
    let report = fixture.json("doctor --head index");
    assert_eq!(names(&report["diagnostics"], "code"), ["open-columns", "submodule-skipped"]);
    insta::assert_snapshot!(report["diagnostics"][1]["message"], @r#""a submodule is not read""#);
}

#[test]
#[cfg(unix)]
fn a_link_that_leaves_the_repository_is_not_followed() {
    let fixture = Fixture::new(SHOP);
    fixture.write("../secret.sql", "select * from not_yours");
    for (target, link) in [
        ("../secret.sql", "outside.sql"),
        ("/etc", "folder"),
        ("orders.sql", "inside.sql"),
        ("gone.sql", "broken.sql"),
        ("loop.sql", "loop.sql"),
    ] {
        std::os::unix::fs::symlink(target, fixture.root().join(link)).unwrap();
    }
    insta::assert_snapshot!(fixture.graph(), @"
    inside: model, open ← raw_orders
    orders: model, open ← raw_orders
    raw_orders: external, open
    revenue: model, columns ← orders
    ");
    insta::assert_snapshot!(fixture.diagnostics(), @"
    symlink-broken broken.sql the link leads to no file
    symlink-outside folder the link leaves the repository and is not followed
    symlink-broken loop.sql the link leads to no file
    symlink-outside outside.sql the link leaves the repository and is not followed
    ");
    fixture.commit("links");
    assert!(!fixture.graph_of("models --head HEAD").contains("not_yours"));
}

#[test]
fn a_bare_repository_compares_revisions() {
    let fixture = Fixture::pair(SHOP, &[("orders.sql", "select * from raw_orders where paid")]);
    let url = fixture.root().display().to_string();
    let bare = fixture.root().join("../bare.git");
    git2::build::RepoBuilder::new().bare(true).clone(&url, &bare).unwrap();
    insta::assert_snapshot!(fixture.verdict("impact --project-dir ../bare.git --base main --head change"), @"
    modified orders: rows_removed
    reached audit by orders → revenue
    ");
    insta::assert_snapshot!(fixture.error("impact --project-dir ../bare.git --head worktree"), @"
    exit 2
    error: a bare repository has neither a working tree nor an index
    hint: name two revisions: `--base main --head my-branch`
    ");
    assert_eq!(fixture.run("models --project-dir ../bare.git").code, 0);
}

#[test]
fn a_repository_without_commits_has_nothing_to_compare() {
    let fixture = Fixture::unborn(SHOP);
    insta::assert_snapshot!(fixture.error("impact"), @"
    exit 3
    error: the repository has no commits yet, so there is nothing to compare with
    hint: commit first, or compare with a directory: `--base dir:OLD`
    ");
    assert_eq!(fixture.run("models").code, 0);
}

#[test]
fn outside_git_there_is_no_history() {
    let fixture = Fixture::folder(SHOP);
    insta::assert_snapshot!(fixture.error("impact"), @"
    exit 3
    error: . is not in a git repository
    hint: name the project with --project-dir, or compare two directories with `--base dir:OLD --head dir:NEW`
    ");
    insta::assert_snapshot!(fixture.error("impact --head dir:."), @"
    exit 3
    error: . is not in a git repository
    hint: name the project with --project-dir, or compare two directories with `--base dir:OLD --head dir:NEW`
    ");
    assert_eq!(fixture.run("models").code, 0);
    let nothing = Fixture::folder(&[]);
    insta::assert_snapshot!(nothing.text("models"), @"
    .: 0 tables
    No model was found.
    ");
}

#[test]
fn an_unknown_revision_is_met_with_the_nearest() {
    let fixture = Fixture::pair(SHOP, &[("orders.sql", "select 1 as x")]);
    insta::assert_snapshot!(fixture.error("impact --base mian"), @"
    exit 2
    error: no branch, tag or commit is called `mian`
    hint: did you mean `main`?
    ");
    insta::assert_snapshot!(fixture.error("impact --head release/24.1"), @"
    exit 2
    error: no branch, tag or commit is called `release/24.1`
    hint: if it is a branch of the remote, run `git fetch origin release/24.1` first
    ");
    insta::assert_snapshot!(fixture.error("impact --head dir:nowhere --base main"), @"
    exit 2
    error: cannot find the directory nowhere
    hint: a side that is a directory is given as dir:PATH
    ");
    insta::assert_snapshot!(fixture.error("models --head chnage"), @"
    exit 2
    error: no branch, tag or commit is called `chnage`
    hint: did you mean `change`?
    ");
}

#[test]
fn a_shallow_clone_names_the_depth_that_mends_it() {
    let fixture = Fixture::new(SHOP);
    let first = fixture.repository().head().unwrap().target().unwrap();
    let fixture = fixture.branch("change", &[("orders.sql", "select 1 as x")]);
    let repository = fixture.repository();
    let change = repository.head().unwrap().target().unwrap();
    fixture.switch("main");
    fixture.write("more.sql", "select 2 as x");
    let main = fixture.commit("main moves on");
    fixture.switch("change");
    std::fs::write(repository.path().join("shallow"), format!("{main}\n{change}\n")).unwrap();
    let id = first.to_string();
    std::fs::remove_file(repository.path().join("objects").join(&id[..2]).join(&id[2..])).unwrap();
    insta::assert_snapshot!(fixture.error("impact"), @"
    exit 3
    error: the clone is shallow and does not reach the merge base of `main` and `change`
    hint: fetch the whole history: `git fetch --unshallow`, or `fetch-depth: 0` for actions/checkout, `GIT_DEPTH: 0` in GitLab CI
    ");
    insta::assert_snapshot!(fixture.error("impact --base main --head change"), @"
    exit 3
    error: the clone is shallow and does not reach the merge base of `main` and `change`
    hint: fetch the whole history: `git fetch --unshallow`, or `fetch-depth: 0` for actions/checkout, `GIT_DEPTH: 0` in GitLab CI
    ");
}

#[test]
fn names_are_harmless_wherever_they_are_shown() {
    let evil = "\u{1b}[31mred\u{1b}[0m\u{202e} <!channel> @here [x](http://evil.example) `|` **b** <script>";
    let quoted = evil.replace('\u{1b}', "\\e").replace('\u{202e}', "\\u202e");
    let settings = format!(
        "version: 1\ndialect: postgres\njobs:\n  - {{ name: \"job {quoted}\", owner: \"owner {quoted}\", criticality: critical, reads: [t] }}\n"
    );
    let table = |filter: &str| {
        format!("create table t as select 1 as x;\ncreate table \"{evil}\" as select * from t {filter};")
    };
    let fixture = Fixture::pair(
        &[("headsup.yml", &settings), ("a.sql", &table("")), ("b.sql", "select frm \u{1b}[2J (")],
        &[("a.sql", &table("where x = 1").replace("1 as x", "2 as x"))],
    );
    let commands = ["impact -v", "models -v", "jobs", "doctor -v"];
    for command in commands {
        let run = fixture.run(command);
        assert_eq!(run.code, 0, "{}", run.stderr);
        for text in [&run.stdout, &run.stderr] {
            let steers = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
            assert!(!text.contains(steers), "{command}: {text:?}");
        }
        let markdown = fixture.text(&format!("{command} --format markdown"));
        assert!(!markdown.contains(|c: char| c.is_control() && c != '\n'), "{command}: {markdown:?}");
        // What stands between backticks is shown as it is.
        let outside = spans_removed(&markdown);
        for alive in ["<!channel>", "@here", "[x](", "<script>", "**b**"] {
            assert!(!outside.contains(alive), "{command}: {alive} in {outside}");
        }
    }
    insta::assert_snapshot!(fixture.text("impact"), @r#"
    change → main: 1 file differs, 2 tables changed

      "\u{1b}[31mred\u{1b}[0m <!channel> @here [x](http://evil.example) `|` **b**
      <script>"
          `t.x = 1` filters rows now
      t
          column x may differ: the expression changed from `1` to `2`

    REACHED  job \u{1b}[31mred\u{1b}[0m <!channel> @here [x](http://evil.example) `|` **b** <script>  critical · tell owner \u{1b}[31mred\u{1b}[0m <!channel> @here [x](http://evil.example) `|` **b** <script>
             t.x → job \u{1b}[31mred\u{1b}[0m <!channel> @here
               [x](http://evil.example) `|` **b** <script>
             x may differ.

    3 models read: 2 with all columns, 1 by their tables only.
    1 problem while reading: `headsup doctor` shows what and how to mend it.
    "#);
    let markdown = fixture.text("impact --format markdown").replace('\u{200b}', "(zero width)");
    insta::assert_snapshot!(markdown, @r#"
    ### Reaches 1 job, 1 critical

    | job |  | owner | how |
    | --- | --- | --- | --- |
    | `` job  [31mred [0m <!channel> @here [x](http://evil.example) ` ` **b** <script> `` | **critical** | owner \[31mred\[0m &lt;\!channel&gt; @(zero width)here \[x\]\(http:(zero width)//evil.example\) \`\|\` \*\*b\*\* &lt;script&gt; | `t.x`: x may differ |

    **What changed** (1 file)

    | table | what changes |
    | --- | --- |
    | `` " [31mred [0m <!channel> @here [x](http://evil.example) ` ` **b** <script>" `` | \`t.x = 1\` filters rows now |
    | `t` | column x may differ:(zero width) the expression changed from \`1\` to \`2\` |

    <sub>0 of 1 jobs not reached. 3 models read (2 columns, 1 tables).</sub>
    "#);
    insta::assert_snapshot!(fixture.error("impact --base \u{1b}[31mx"), @r"
    exit 2
    error: no branch, tag or commit is called `\u{1b}[31mx`
      because failed to parse revision specifier - Invalid pattern '\u{1b}[31mx'; class=Invalid (3); code=InvalidSpec (-12)
    hint: if it is a branch of the remote, run `git fetch origin \u{1b}[31mx` first
    ");
}

/// A text without its code spans, whose ends are equally many backticks.
fn spans_removed(markdown: &str) -> String {
    let mut out = String::new();
    let mut rest = markdown;
    while let Some(start) = rest.find('`') {
        let fence = rest[start..].len() - rest[start..].trim_start_matches('`').len();
        out.push_str(&rest[..start]);
        let inside = &rest[start + fence..];
        let mut at = 0;
        let end = loop {
            let Some(found) = inside[at..].find('`') else { break None };
            let run = inside[at + found..].len() - inside[at + found..].trim_start_matches('`').len();
            if run == fence {
                break Some(at + found + run);
            }
            at += found + run;
        };
        match end {
            Some(end) => rest = &inside[end..],
            None => {
                out.push_str(&rest[start..start + fence]);
                rest = inside;
            }
        }
    }
    out + rest
}
