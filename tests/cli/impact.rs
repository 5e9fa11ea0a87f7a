//! `headsup impact`: which versions are compared, what that says, and how it ends.

use serde_json::json;

use crate::support::{File, Fixture, GONE, fields, list, names, state, verdict, word};

/// Two lines of tables, each with a job at its end: one critical, one not.
const SHOP: &[File] = &[
    (
        "headsup.yml",
        "version: 1\ndialect: postgres\nprojects:\n  - { kind: sql, path: models, name: \"{parent}.{stem}\" }\n\
         jobs:\n  - { name: audit, owner: finance@example.com, criticality: critical, reads: [marts.revenue] }\n  \
         - { name: newsletter, owner: marketing@example.com, reads: [marts.audience] }\n",
    ),
    ("models/core/orders.sql", "select id, amount from raw.orders"),
    ("models/core/people.sql", "select id, mail from raw.people"),
    ("models/marts/revenue.sql", "select sum(amount) as revenue from core.orders"),
    ("models/marts/audience.sql", "select mail from core.people"),
];
const ORDERS: File = ("models/core/orders.sql", "select id, amount from raw.orders where paid");
const PEOPLE: File = ("models/core/people.sql", "select id, lower(mail) as mail from raw.people");

fn orders_changed() -> Fixture {
    Fixture::pair(SHOP, &[ORDERS])
}

fn head_and_base(fixture: &Fixture, arguments: &str) -> String {
    let report = fixture.json(arguments);
    format!(
        "{} → {}: {}",
        word(&report["head"]),
        word(&report["base"]),
        names(&report["changes"], "relation").join(", ")
    )
}

#[test]
fn a_change_for_a_person() {
    insta::assert_snapshot!(orders_changed().text("impact"), @"
    change → main: 1 file differs, 1 table changed

      core.orders  `orders.paid` filters rows now

    REACHED  audit  critical · tell finance@example.com
             core.orders → marts.revenue.revenue → audit
             revenue may differ.

    Not reached: 1 job: newsletter.

    4 models read: 4 with all columns.
    ");
}

#[test]
fn the_base_is_where_the_branch_left_the_default_branch() {
    let fixture = orders_changed();
    let main = fixture.repository().find_branch("main", git2::BranchType::Local).unwrap().get().target().unwrap();
    fixture.switch("main");
    fixture.write(PEOPLE.0, PEOPLE.1);
    let moved_on = fixture.commit("main moves on");
    fixture.switch("change");
    assert_eq!(head_and_base(&fixture, "impact"), "change → main: core.orders");
    let repository = fixture.repository();
    repository.reference("refs/remotes/origin/trunk", moved_on, true, "").unwrap();
    repository.reference_symbolic("refs/remotes/origin/HEAD", "refs/remotes/origin/trunk", true, "").unwrap();
    assert_eq!(head_and_base(&fixture, "impact"), "change → origin/trunk: core.orders");
    assert_eq!(head_and_base(&fixture, "impact --base exact:main"), "change → main: core.orders, core.people");
    repository.find_reference("refs/remotes/origin/HEAD").unwrap().delete().unwrap();
    repository.find_reference("refs/remotes/origin/trunk").unwrap().delete().unwrap();
    repository.reference("refs/heads/master", main, true, "").unwrap();
    repository.find_reference("refs/heads/main").unwrap().delete().unwrap();
    assert_eq!(head_and_base(&fixture, "impact"), "change → master: core.orders");
}

#[test]
fn the_head_is_what_is_committed_and_what_is_not() {
    let fixture = orders_changed();
    assert_eq!(head_and_base(&fixture, "impact"), "change → main: core.orders");
    fixture.write(PEOPLE.0, PEOPLE.1);
    fixture.write("models/core/new.sql", "select 1 as one");
    assert_eq!(
        head_and_base(&fixture, "impact"),
        "change with uncommitted changes → main: core.new, core.orders, core.people"
    );
    assert_eq!(head_and_base(&fixture, "impact --head HEAD"), "change → main: core.orders");
    assert_eq!(head_and_base(&fixture, "impact --head index"), "index → main: core.orders");
    assert_eq!(
        head_and_base(&fixture, "impact --head worktree"),
        "working tree → main: core.new, core.orders, core.people"
    );
    assert_eq!(
        head_and_base(&fixture, "impact --base HEAD"),
        "change with uncommitted changes → change: core.new, core.people"
    );
    fixture.add();
    assert_eq!(head_and_base(&fixture, "impact --base change --head index"), "index → change: core.new, core.people");
    let commit = fixture.repository().revparse_single("change").unwrap().id().to_string();
    assert_eq!(
        head_and_base(&fixture, &format!("impact --head {commit}")),
        format!("{} → main: core.orders", &commit[..7])
    );
    assert_eq!(
        head_and_base(&fixture, "impact --base change --head main"),
        "main → change (which holds main already; --base exact:change compares the two): "
    );
    assert_eq!(head_and_base(&fixture, "impact --base exact:change --head main"), "main → change: core.orders");
}

#[test]
fn either_side_may_be_a_directory() {
    let fixture = orders_changed();
    for (path, text) in SHOP {
        fixture.write(&format!("../old/{path}"), text);
        fixture.write(&format!("../new/{path}"), text);
    }
    fixture.write(&format!("../new/{}", PEOPLE.0), PEOPLE.1);
    let changes = |arguments: &str| names(&fixture.json(arguments)["changes"], "relation").join(", ");
    assert_eq!(changes("impact --base dir:../old"), "core.orders");
    assert_eq!(changes("impact --base main --head dir:../new"), "core.people");
    assert_eq!(changes("impact --base dir:[DIR]/../old --head dir:[DIR]/../new"), "core.people");
    let outside = Fixture::folder(&[]);
    for (path, text) in SHOP {
        outside.write(&format!("old/{path}"), text);
        outside.write(&format!("new/{path}"), text);
    }
    outside.write(&format!("new/{}", ORDERS.0), ORDERS.1);
    assert_eq!(
        outside.verdict("impact --base dir:old --head dir:new"),
        "modified core.orders: rows_removed\nreached audit by core.orders → marts.revenue\nnot_reached newsletter"
    );
}

#[test]
fn a_second_run_says_the_same_to_the_byte() {
    let fixture =
        Fixture::pair(SHOP, &[ORDERS, PEOPLE, ("models/core/more.sql", "select * from core.people, gone.table")]);
    for arguments in ["impact", "impact -v --color always", "impact --format json", "impact --format markdown"] {
        let first = fixture.run(arguments);
        for _ in 0..3 {
            assert_eq!(fixture.run(arguments), first);
        }
    }
}

#[test]
fn a_version_against_itself_is_silent() {
    let fixture = orders_changed();
    for arguments in
        ["--base HEAD", "--base main --head main", "--base exact:change --head change", "--base dir:. --head dir:."]
    {
        let report = fixture.json(&format!("impact {arguments}"));
        for empty in ["changes", "unchanged", "relations", "headsups"] {
            assert_eq!(report[empty], json!([]), "{arguments}: {empty}");
        }
        assert_eq!(report["files_changed"], 0);
        let run = fixture.run(&format!("impact {arguments} --fail-on unknown"));
        assert_eq!(run.code, 0, "{run:?}");
    }
    insta::assert_snapshot!(fixture.text("impact --base HEAD"), @"
    change → change: 0 files differ, no table changed

    Nobody needs to know.
    None of the 2 jobs is reached.

    4 models read: 4 with all columns.
    ");
}

#[test]
fn wording_is_no_change() {
    let same = |before: &str, after: &str| {
        let fixture = Fixture::pair(&[("a.sql", before)], &[("a.sql", after)]);
        let report = fixture.json("impact");
        assert_eq!(report["changes"], json!([]), "{after}");
        assert_eq!(names(&report["unchanged"], "relation"), ["a"], "{after}");
        assert_eq!(report["relations"], json!([]), "{after}");
    };
    let query = "select id, amount from raw.orders where paid";
    same(query, "select\n    id,\n    amount\nfrom raw.orders\nwhere paid\n");
    same(query, "SELECT id, amount FROM raw.orders WHERE paid;");
    same(query, "-- paid ones\nselect id, /* in cents */ amount from raw.orders where paid -- only");
    same(query, "\u{feff}select\tid , amount\r\nfrom raw.orders\r\nwhere paid");
    let fixture = Fixture::pair(&[("a.sql", "select 'A b' as x")], &[("a.sql", "select 'a b' as x")]);
    assert_eq!(names(&fixture.json("impact")["changes"], "relation"), ["a"], "a text is no keyword");
}

#[test]
fn templates_that_render_the_same_are_no_change() {
    let project = ("dbt_project.yml", "name: shop\nvars: { from: 2024 }\n");
    let base = [
        project,
        ("models/a.sql", "select 1 as id"),
        ("models/b.sql", "select id from {{ ref('a') }} where y >= 2024"),
    ];
    let written_otherwise = [
        ("models/b.sql", "{#- years -#}\n{% set t = ref(\"a\") %}select id from {{ t }} where y >= {{ var('from') }}"),
        ("models/a.sql", "{{ config(tags=['x']) }}\nselect 1 as {{ 'id' }}"),
    ];
    insta::assert_snapshot!(Fixture::pair(&base, &written_otherwise).verdict("impact"), @"
    unchanged a: its query differs only in layout, comments or letter case
    unchanged b: the file differs outside its query
    ");
    let other_value = [("dbt_project.yml", "name: shop\nvars: { from: 2025 }\n")];
    assert_eq!(Fixture::pair(&base, &other_value).verdict("impact"), "");
    let used = [base[0], base[1], written_otherwise[0]];
    insta::assert_snapshot!(Fixture::pair(&used, &other_value).verdict("impact"), @"modified b: rows_removed");
}

#[test]
fn relations_come_go_and_differ() {
    let change = [
        ("models/core/orders.sql", GONE),
        ("models/core/refunds.sql", "select id from raw.refunds"),
        ("models/marts/audience.sql", "select mail from core.people union all select mail from core.refunds"),
    ];
    let fixture = Fixture::pair(SHOP, &change);
    insta::assert_snapshot!(fixture.verdict("impact"), @"
    removed core.orders: removed
    added core.refunds: added
    modified marts.audience: rows_added
    reached audit by core.orders → marts.revenue
    reached newsletter by marts.audience
    ");
    insta::assert_snapshot!(fixture.text("impact -v"), @"
    change → main: 3 files differ, 3 tables changed

      core.orders     removed model (models/core/orders.sql)
      core.refunds    new model (models/core/refunds.sql)
      marts.audience  the rows of refunds are put in by the set operation now
                      (models/marts/audience.sql)

    REACHED  audit  critical · tell finance@example.com
             core.orders → marts.revenue → audit
             it no longer runs.

    REACHED  newsletter  tell marketing@example.com
             marts.audience → newsletter
             rows may be added.

    To finance@example.com:
      Heads-up: a change to core.orders reaches audit
      What     core.orders: removed model
      For you  audit reads marts.revenue, which is built from core.orders: it no
               longer runs
      Known by which columns and rows depend on which, in the SQL of both versions
      Who      change, not merged into main yet
      Do       nothing if the timing is fine; otherwise answer before it is merged

    To marketing@example.com:
      Heads-up: a change to marts.audience reaches newsletter
      What     marts.audience: the rows of refunds are put in by the set operation
               now
      For you  newsletter reads marts.audience: rows may be added
      Known by which columns and rows depend on which, in the SQL of both versions
      Who      change, not merged into main yet
      Do       nothing if the timing is fine; otherwise answer before it is merged

    4 models read: 3 with all columns, 1 with some columns open.
    ");
}

#[test]
fn a_moved_file_is_the_same_model_where_its_name_stays() {
    let base = [("a/orders.sql", "create table core.orders as select 1 as id"), ("b.sql", "select * from core.orders")];
    let moved = [("a/orders.sql", GONE), ("z/all.sql", "create table core.orders as select 1 as id")];
    insta::assert_snapshot!(Fixture::pair(&base, &moved).verdict("impact"), @"unchanged core.orders: only the file moved");
}

#[test]
fn what_cannot_be_read_and_differs_is_unknown() {
    let base = [SHOP, &[("models/core/orders.sql", "select frm whre ( raw.orders")]].concat();
    let fixture = Fixture::pair(&base, &[("models/core/orders.sql", "select frm whre (( raw.orders")]);
    let report = fixture.json("impact");
    let audit = &report["jobs"][0];
    assert_eq!((word(&audit["job"]), word(&audit["reach"])), ("audit".to_owned(), "unknown".to_owned()));
    insta::assert_snapshot!(word(&audit["reason"]), @"core.orders: its SQL is understood in part only, and its text differs");
    assert_eq!(names(&report["headsups"], "owner"), ["finance@example.com"], "unknown counts as reached");
    insta::assert_snapshot!(fixture.text("impact"), @"
    change → main: 1 file differs, 1 table changed

      core.orders  cannot tell: its SQL is understood in part only, and its text
                   differs

    UNKNOWN  audit  critical · tell finance@example.com
             core.orders → marts.revenue.revenue → audit
             core.orders: its SQL is understood in part only, and its text differs

    Not reached: 1 job: newsletter.

    It was compared as a whole, so what is reached from there may turn out not to
    notice.
    4 models read: 3 with all columns, 1 by their tables only.
    1 problem while reading: `headsup doctor` shows what and how to mend it.
    ");
}

#[test]
fn the_exit_status_is_what_fail_on_asks_for() {
    let unreadable = ("models/core/orders.sql", "select frm whre (( raw.orders");
    let base = [SHOP, &[("models/core/orders.sql", "select frm whre ( raw.orders")]].concat();
    let uncritical: Vec<File> =
        SHOP.iter().map(|(path, text)| (*path, if *path == "headsup.yml" { NOT_CRITICAL } else { *text })).collect();
    let unreadable_uncritical =
        [&uncritical[..], &[("models/core/orders.sql", "select frm whre ( raw.orders")]].concat();
    let cases = [
        ("nothing", Fixture::pair(SHOP, &[("notes.md", "x")]), [0, 0, 0, 0]),
        ("a normal job", Fixture::pair(SHOP, &[PEOPLE]), [0, 0, 1, 1]),
        ("a critical job", Fixture::pair(SHOP, &[ORDERS]), [0, 1, 1, 1]),
        ("perhaps a critical job", Fixture::pair(&base, &[unreadable]), [0, 1, 1, 1]),
        ("perhaps a normal job", Fixture::pair(&unreadable_uncritical, &[unreadable]), [0, 0, 0, 1]),
    ];
    for (what, fixture, expected) in cases {
        let code = |on: &str| fixture.run(&format!("impact --fail-on {on}")).code;
        assert_eq!(["never", "critical", "reached", "unknown"].map(code), expected, "{what}");
        assert_eq!(code("never,critical,reached"), expected[2], "{what}: any of several");
        assert_eq!(fixture.run("impact").code, 0, "{what}: by default nothing fails");
    }
}

const NOT_CRITICAL: &str = "version: 1\nprojects:\n  - { kind: sql, path: models, name: \"{parent}.{stem}\" }\n\
                            jobs:\n  - { name: audit, owner: finance@example.com, reads: [marts.revenue] }\n";

#[test]
fn the_report_goes_to_a_file_where_asked() {
    let fixture = orders_changed();
    let shown = fixture.text("impact --format markdown");
    let run = fixture.run("impact --format markdown --output ../report.md");
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""));
    assert_eq!(fixture.read("../report.md"), shown);
    let failing = fixture.run("impact -o ../report.txt --fail-on reached");
    assert_eq!((failing.code, failing.stdout.as_str()), (1, ""));
    assert!(fixture.read("../report.txt").contains("REACHED"));
    insta::assert_snapshot!(fixture.error("impact --output nowhere/report.md"), @"
    exit 2
    error: cannot write nowhere/report.md
      because No such file or directory (os error 2)
    ");
}

#[test]
fn the_json_has_the_fields_that_are_documented() {
    let fixture = Fixture::pair(SHOP, &[ORDERS]);
    let report = fixture.json("impact");
    assert_eq!(report["version"], 1);
    assert_eq!((report["base"].as_str(), report["head"].as_str()), (Some("main"), Some("change")));
    assert_eq!(
        report["changes"],
        json!([{
            "relation": "core.orders",
            "kind": "modified",
            "effects": [{ "effect": "rows_removed", "detail": "`orders.paid` filters rows now" }],
            "files": ["models/core/orders.sql"],
            "places": [{ "file": "models/core/orders.sql", "line": 1, "says": "`orders.paid` filters rows now", "jobs": ["audit"] }],
        }])
    );
    assert_eq!(
        report["relations"],
        json!([
            { "relation": "core.orders", "reach": "reached", "effects": [{ "effect": "rows_removed" }], "path": ["core.orders"] },
            {
                "relation": "marts.revenue",
                "reach": "reached",
                "effects": [{ "effect": "revalued", "column": "revenue" }],
                "path": ["core.orders", "marts.revenue"],
            },
        ])
    );
    let [audit, newsletter] = list(&report["jobs"]) else { panic!("two jobs: {report}") };
    assert_eq!(
        *audit,
        json!({
            "job": "audit",
            "owner": "finance@example.com",
            "criticality": "critical",
            "reach": "reached",
            "effects": [{ "effect": "revalued", "column": "revenue" }],
            "path": ["core.orders", "marts.revenue"],
            "steps": [
                { "relation": "core.orders", "effect": "rows_removed" },
                {
                    "relation": "marts.revenue",
                    "column": "revenue",
                    "effect": "revalued",
                    "kind": "aggregation",
                    "file": "models/marts/revenue.sql",
                    "line": 1,
                },
            ],
        })
    );
    assert_eq!(fields(newsletter), ["criticality", "cut", "effects", "job", "owner", "reach"]);
    insta::assert_snapshot!(word(&newsletter["cut"]), @"changed core.orders; the job reads marts.audience, with 3 tables upstream in all, and none of them changed");
    let [headsup] = list(&report["headsups"]) else { panic!("one message: {report}") };
    assert_eq!(fields(headsup), ["about", "body", "jobs", "known_by", "owner", "spared", "subject", "what"]);
    assert_eq!(headsup["jobs"], json!(["audit"]));
    assert_eq!(report["coverage"], json!({ "columns": 4, "open": 0, "tables": 0, "refs": 0, "opaque": 0 }));
    assert_eq!(report["diagnostics"], json!([]));
    let named = [
        "base",
        "changes",
        "coverage",
        "diagnostics",
        "files_changed",
        "head",
        "headsups",
        "jobs",
        "relations",
        "unchanged",
        "version",
    ];
    assert_eq!(fields(&report), named);
}

#[test]
fn the_json_of_what_is_in_doubt_says_why() {
    let base = [SHOP, &[("models/core/orders.sql", "select frm whre ( raw.orders")]].concat();
    let report = Fixture::pair(&base, &[("models/core/orders.sql", "select frm whre (( raw.orders")]).json("impact");
    assert_eq!(fields(&report["changes"][0]), ["effects", "files", "kind", "places", "reason", "relation"]);
    assert_eq!(fields(&report["relations"][1]), ["effects", "path", "reach", "reason", "relation"]);
    assert_eq!(
        fields(&report["jobs"][0]),
        ["criticality", "effects", "job", "owner", "path", "reach", "reason", "steps"]
    );
    let found = &report["diagnostics"][0];
    assert_eq!(fields(found), ["code", "column", "hint", "line", "message", "path", "severity"]);
    assert_eq!(
        (word(&found["code"]), word(&found["path"])),
        ("sql-not-parsed".to_owned(), "models/core/orders.sql".to_owned())
    );
}

#[test]
fn every_relation_downstream_is_listed_whether_changed_or_reached() {
    let chain = [
        ("a.sql", "select 1 as id"),
        ("b.sql", "select id from a"),
        ("c.sql", "select id from b"),
        ("d.sql", "select id from b join c using (id)"),
        ("e.sql", "select 2 as id"),
    ];
    let fixture = Fixture::pair(&chain, &[("a.sql", "select 2 as id"), ("c.sql", "select id + 1 as id from b")]);
    let report = fixture.json("impact");
    assert_eq!(names(&report["changes"], "relation"), ["a", "c"]);
    assert_eq!(names(&report["relations"], "relation"), ["a", "b", "c", "d"]);
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let fixture = orders_changed();
    assert!(!fixture.text("impact").contains('\u{1b}'), "a pipe has no colour");
    assert!(!fixture.text("impact --color never").contains('\u{1b}'));
    let coloured = fixture.text("impact --color always");
    assert!(coloured.contains("\u{1b}["), "{coloured}");
    let stripped = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap().replace_all(&coloured, "").into_owned();
    assert_eq!(stripped, fixture.text("impact"));
    assert!(fixture.run("impact --base nope --color always").stderr.contains("\u{1b}["));
    assert!(!fixture.run("impact --base nope --color never").stderr.contains('\u{1b}'));
    assert!(!fixture.text("impact --color always --format json").contains('\u{1b}'));
}

#[test]
fn quiet_says_less_and_verbose_says_more() {
    let base = [SHOP, &[("models/core/odd.sql", "select frm whre (")]].concat();
    let fixture = Fixture::pair(&base, &[ORDERS]);
    insta::assert_snapshot!(fixture.text("impact -q"), @"
    change → main: 1 file differs, 1 table changed

      core.orders  `orders.paid` filters rows now

    REACHED  audit  critical · tell finance@example.com
             core.orders → marts.revenue.revenue → audit
             revenue may differ.

    Not reached: 1 job: newsletter.
    ");
    let (normal, verbose) = (fixture.run("impact"), fixture.run("impact -v"));
    assert_eq!(normal.stderr, "");
    insta::assert_snapshot!(verbose.stderr, @"warning: models/core/odd.sql:1:17: the statement `SELECT FRM` was not understood; its relations were found word by word (the statement should end before `(`) (sql-not-parsed)");
    assert!(verbose.stdout.contains("Heads-up: a change to core.orders reaches audit"), "{}", verbose.stdout);
    assert!(!normal.stdout.contains("Heads-up:"), "{}", normal.stdout);
    assert!(fixture.error("impact -q --base nope").contains("error: "), "errors are never quiet");
    assert_eq!(fixture.run("impact -q -v").code, 2);
}

#[test]
fn nothing_in_the_repository_is_written() {
    let fixture = orders_changed();
    fixture.write(PEOPLE.0, PEOPLE.1);
    // A file whose time differs from the one in the index tempts readers of git to refresh that.
    fixture.write(SHOP[3].0, SHOP[3].1);
    let status = || -> Vec<(String, git2::Status)> {
        let repository = fixture.repository();
        let statuses = repository.statuses(None).unwrap();
        statuses.iter().map(|entry| (entry.path().unwrap().to_owned(), entry.status())).collect()
    };
    let before = (state(&fixture.root()), status());
    assert_eq!(before.1.len(), 1);
    for arguments in [
        "impact",
        "impact --head worktree",
        "impact --head index",
        "impact --base main --head change --format json",
        "models",
        "jobs",
        "doctor",
        "impact --base nope",
    ] {
        fixture.run(arguments);
        assert_eq!(state(&fixture.root()), before.0, "{arguments}");
    }
    assert_eq!(status(), before.1);
}

#[test]
fn a_project_may_be_a_folder_of_the_repository() {
    let below = |files: &[File]| -> Vec<(String, String)> {
        files.iter().map(|(path, text)| (format!("warehouse/{path}"), (*text).to_owned())).collect()
    };
    let (shop, change) = (below(SHOP), below(&[ORDERS]));
    let mut base: Vec<File> = shop.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    base.push(("elsewhere/models/core/orders.sql", "select 1"));
    let mut head: Vec<File> = change.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    head.push(("elsewhere/models/core/orders.sql", "select 2"));
    let fixture = Fixture::pair(&base, &head);
    let expected =
        "modified core.orders: rows_removed\nreached audit by core.orders → marts.revenue\nnot_reached newsletter";
    assert_eq!(fixture.verdict("impact --project-dir warehouse"), expected);
    assert_eq!(
        fixture.json("impact --project-dir warehouse")["changes"][0]["files"],
        json!(["models/core/orders.sql"])
    );
    let inside = fixture.run_in("warehouse", "impact --format json").ok();
    assert_eq!(verdict(&serde_json::from_str(&inside).unwrap()), expected);
    for variable in ["HEADSUP_PROJECT_DIR", "DBT_PROJECT_DIR"] {
        let fixture = Fixture::pair(&base, &head).with(variable, "[DIR]/warehouse");
        assert_eq!(fixture.verdict("impact"), expected, "{variable}");
        assert_ne!(fixture.verdict("impact --project-dir ."), expected, "the argument is stronger than {variable}");
    }
    let both = Fixture::pair(&base, &head).with("HEADSUP_PROJECT_DIR", "warehouse").with("DBT_PROJECT_DIR", "nowhere");
    assert_eq!(both.verdict("impact"), expected);
    insta::assert_snapshot!(fixture.error("impact --project-dir nowhere"), @"
    exit 2
    error: there is no folder nowhere
    hint: check --project-dir
    ");
}

#[test]
fn the_settings_may_be_another_file() {
    let fixture = orders_changed();
    fixture.write("../other.yml", SHOP[0].1.replace("name: audit", "name: other_audit"));
    assert!(fixture.verdict("impact --config ../other.yml").contains("reached other_audit by"));
    assert_eq!(names(&fixture.json("jobs --config ../other.yml")["jobs"], "job"), ["newsletter", "other_audit"]);
    let set = orders_changed().with("HEADSUP_CONFIG", "../other.yml");
    set.write("../other.yml", SHOP[0].1.replace("name: audit", "name: other_audit"));
    assert!(set.verdict("impact").contains("reached other_audit by"));
    insta::assert_snapshot!(fixture.error("impact --config ../none.yml"), @"
    exit 2
    error: cannot read the settings file ../none.yml
      because No such file or directory (os error 2)
    ");
}

#[test]
fn without_jobs_the_tables_are_named() {
    let fixture = Fixture::pair(&SHOP[1..], &[ORDERS]);
    insta::assert_snapshot!(fixture.text("impact"), @"
    change → main: 1 file differs, 1 table changed

      orders  `orders.paid` filters rows now

    Reaches 1 table: revenue.

    No jobs are known, so there is nobody to tell. Name the reports that matter
    under `jobs:` in headsup.yml, or as dbt exposures.

    4 models read: 4 with all columns.
    ");
}

#[test]
fn arguments_are_checked() {
    let fixture = orders_changed();
    for (arguments, said) in [
        ("", "Usage: headsup"),
        ("impcat", "impact"),
        ("impact --fail-on sometimes", "[possible values: never, critical, reached, unknown, freeze, sign-off]"),
        ("impact --format pdf", "dot, csv, svg, openlineage, sarif, github]"),
        ("impact --dialect klingon", "klingon"),
        ("impact --base-manifest x.json", "--manifest"),
    ] {
        let run = fixture.run(arguments);
        assert_eq!(run.code, 2, "{arguments}");
        assert!(run.stderr.contains(said), "{arguments}: {}", run.stderr);
        assert_eq!(run.stdout, "");
    }
    assert!(fixture.text("--help").contains("Exit status: 0 done"));
    assert!(fixture.text("--version").starts_with("headsup "));
}
