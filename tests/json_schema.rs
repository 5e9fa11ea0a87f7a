//! The JSON of every command is what `docs/json.md` and the schemas beside it say of it.

#![allow(clippy::expect_used, clippy::panic, reason = "the helpers of a test are part of it")]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use headsup_lineage::change::EffectKind;
use headsup_lineage::dependency::EdgeKind;
use headsup_lineage::reach::Reach;
use headsup_lineage::relation::Rung;
use headsup_lineage::trace::BY_STRENGTH;
use serde_json::{Value, json};

#[path = "support/fields.rs"]
mod fields;
#[path = "support/schema.rs"]
mod schema;

use fields::{closed, keys};

const PUBLISHED: &str = include_str!("../docs/impact.schema.json");
const PAGE: &str = include_str!("../docs/json.md");

/// The branches of the sample.
const BRANCHES: [&str; 4] = ["optimise-orders", "tidy-customers", "rename-refund-column", "new-marketing-column"];

/// A path, what base holds there, and what head does.
type Pair = (&'static str, Option<&'static [u8]>, Option<&'static [u8]>);

/// Two versions of a warehouse in which everything that a report can say happens.
const TROUBLE: [Pair; 8] = [
    (
        "headsup.yml",
        None,
        Some(
            b"projects: [{kind: sql, path: ., dialect: postgres}]\n\
              teams: {finance: {owner: a@example.com, channel: out}}\n\
              channels: {out: {kind: stdout}}\n\
              jobs:\n\
              - {name: reached, team: finance, criticality: critical, reads: [mart.reader]}\n\
              - {name: spared, reads: [mart.kept]}\n\
              - {name: frozen, team: finance, freeze: 01-01..12-31, sign_off: ann, reads: [mart.reader]}\n\
              - {name: perhaps, team: finance, unknown: mention, reads: [mart.torn]}\n\
              - {name: nobody, criticality: critical, reads: [mart.nowhere]}\n",
        ),
    ),
    (
        "raw.sql",
        Some(b"create table shop.raw (id int primary key, a text)"),
        Some(b"create table shop.raw (id int, a int, b text)"),
    ),
    ("gone.sql", Some(b"create table mart.gone as select 1 as a"), None),
    (
        "reader.sql",
        Some(b"create table mart.reader as select * from mart.gone"),
        Some(b"create table mart.reader as select * from mart.gone"),
    ),
    (
        "kept.sql",
        Some(b"create table mart.kept as select 1 as a"),
        Some(b"-- as before\ncreate table mart.kept as select 1 as a"),
    ),
    ("template.sql", Some(b"select * from {{ a }}.t"), Some(b"select * from {{ a }}.t, shop.raw")),
    ("torn.sql", Some(b"create table mart.torn as select ((1"), Some(b"create table mart.torn as select ((2")),
    ("latin.sql", None, Some(b"select 'caf\xe9'")),
];

fn headsup(arguments: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headsup"));
    for variable in ["HEADSUP_CONFIG", "HEADSUP_PROJECT_DIR", "DBT_PROJECT_DIR"] {
        command.env_remove(variable);
    }
    command.env("HEADSUP_NO_CACHE", "1");
    let output = command.args(arguments).args(["--format", "json"]).output().expect("the binary runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the output is JSON")
}

/// A folder, the sample in it, and what each branch of it changes.
fn demo(branch: &str) -> (tempfile::TempDir, Value) {
    let folder = tempfile::tempdir().expect("a folder");
    let report = headsup(&["demo", "--branch", branch, &text(folder.path())]);
    (folder, report)
}

fn trouble() -> (tempfile::TempDir, PathBuf, Value) {
    let folder = tempfile::tempdir().expect("a folder");
    let (base, head) = (folder.path().join("base"), folder.path().join("head"));
    for side in [&base, &head] {
        std::fs::create_dir(side).expect("a folder");
    }
    for (path, before, after) in TROUBLE {
        for (side, content) in [(&base, before), (&head, after)] {
            if let Some(content) = content {
                std::fs::write(side.join(path), content).expect("a file");
            }
        }
    }
    let sides = [format!("dir:{}", text(&base)), format!("dir:{}", text(&head))];
    let report = headsup(&["impact", "--project-dir", &text(&head), "--base", &sides[0], "--head", &sides[1]]);
    (folder, head, report)
}

fn text(path: &Path) -> String {
    path.to_str().expect("a path of text").to_owned()
}

fn published() -> Value {
    serde_json::from_str(PUBLISHED).expect("the schema is JSON")
}

/// Every key that a schema gives a meaning.
fn described(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(pairs) => {
            if let Some(Value::Object(properties)) = pairs.get("properties") {
                found.extend(properties.keys().cloned());
            }
            pairs.values().for_each(|value| described(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| described(item, found)),
        _ => {}
    }
}

#[test]
fn impact_prints_what_the_schema_says_and_all_of_it() {
    let (open, closed) = (published(), closed(&published()));
    let mut seen = BTreeSet::new();
    let reports = BRANCHES.map(|branch| demo(branch).1).into_iter().chain([trouble().2]);
    for report in reports {
        for schema in [&open, &closed] {
            assert_eq!(schema::check(schema, schema, &report), Ok(()), "{report:#}");
        }
        keys(&report, &mut seen);
    }
    let mut named = BTreeSet::new();
    described(&open, &mut named);
    assert_eq!(named, seen);
}

#[test]
fn the_schema_refuses_what_impact_never_prints() {
    let schema = published();
    let (_, good) = demo("optimise-orders");
    for (pointer, bad) in [
        ("/version", json!(2)),
        ("/files_changed", json!(-1)),
        ("/changes/0/effects/0/effect", json!("rows duplicated")),
        ("/changes/0/kind", json!("touched")),
        ("/jobs/0/reach", json!("maybe")),
        ("/relations/0", json!({})),
    ] {
        let mut report = good.clone();
        *report.pointer_mut(pointer).expect("the report has it") = bad;
        assert!(schema::check(&schema, &schema, &report).is_err(), "{pointer}");
    }
}

#[test]
fn the_schema_names_every_word_that_the_code_has() {
    use EffectKind::{
        Added, Broken, Config, MayFail, Moved, Regrained, Removed, Reordered, Retyped, Revalued, RowsAdded,
        RowsDuplicated, RowsRemoved, Unspecified,
    };
    let effects = [
        Broken,
        Removed,
        Retyped,
        RowsDuplicated,
        Regrained,
        MayFail,
        RowsRemoved,
        RowsAdded,
        Revalued,
        Unspecified,
        Moved,
        Reordered,
        Config,
        Added,
    ];
    // Does not compile when there is one more: it belongs into the schema as well.
    let _: fn(EffectKind) = |effect| match effect {
        Broken | Removed | Retyped | RowsDuplicated | Regrained | MayFail | RowsRemoved | RowsAdded | Revalued
        | Unspecified | Moved | Reordered | Config | Added => {}
    };
    let schema = published();
    assert_eq!(schema["$defs"]["effect"]["enum"], json!(effects.map(EffectKind::name)));
    assert_eq!(json!(effects), json!(effects.map(EffectKind::name)));
    let reaches = [Reach::Reached, Reach::Unknown, Reach::NotReached];
    assert_eq!(schema["$defs"]["reach"]["enum"], json!(reaches));
    assert_eq!(schema["$defs"]["coverage"]["required"], json!(Rung::ALL));
}

/// A folder in which all that `depends`, `why` and `lineage` can say happens.
fn warehouse() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in WAREHOUSE {
        std::fs::write(folder.path().join(path), text).expect("a file");
    }
    folder
}

const WAREHOUSE: [(&str, &str); 9] = [
    (
        "headsup.yml",
        "projects: [{kind: sql, path: ., dialect: postgres}]\nowners: [{path: mart.sql, owner: ann}]\nteams: {finance: {}}\n\
         jobs:\n- {name: audit, team: finance, criticality: critical, reads: [mart], columns: {mart: [total]}}\n\
         - {name: nowhere, reads: [gone]}\n",
    ),
    ("orders.sql", "create table orders as select id, amount, promo, lines from raw.orders"),
    (
        "mart.sql",
        "create table mart as select sum(amount) as total, count(*) as number from orders, raw.days where day > 1",
    ),
    ("torn.sql", "create table torn as select ((( id from orders"),
    ("other.sql", "create table other as select id from torn union all select id from orders"),
    ("template.sql", "create table template as select * from {{ x }}"),
    ("below.sql", "create table below as select * from template"),
    ("lines.sql", "create table orders.lines as select 1 as id"),
    (
        "many.sql",
        "create table m1 as select id from orders; create table m2 as select id from orders;\n\
         create table m3 as select id from orders; create table m4 as select id from orders;\n\
         create table many as select id from m1 union all select id from m2 union all select id from m3\n\
         union all select id from m4",
    ),
];

const SCRIPT: &str = "insert all into t1 (x) values (p) into t2 (y) values (q) select p, q from u;\n\
    create table v as select * exclude (z) from w; select ((( from x";

fn lines(command_name: &str, input: &str) -> Vec<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headsup"));
    command.args([command_name, "--jsonl"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The reports of a command fit its schema, and between them have every key that it describes.
#[track_caller]
fn check_all(schema: &str, pointer: &str, reports: &[Value]) -> BTreeSet<String> {
    let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    let mut seen = BTreeSet::new();
    for schema in [&schema, &closed(&schema)] {
        let part = schema.pointer(pointer).expect("the schema has it");
        for report in reports {
            assert_eq!(schema::check(schema, part, report), Ok(()), "{report:#}");
            keys(report, &mut seen);
        }
    }
    seen
}

#[track_caller]
fn described_by(schema: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    described(&serde_json::from_str(schema).expect("the schema is JSON"), &mut named);
    named
}

#[test]
fn depends_why_and_lineage_print_what_their_schemas_say_and_all_of_it() {
    let folder = warehouse();
    let project = text(folder.path());
    let in_project = |arguments: &[&str]| headsup(&[arguments, &["--project-dir", &project]].concat());
    let depends: Vec<Value> = [
        &["depends", "orders.amount"][..],
        &["depends", "raw.orders"],
        &["depends", "orders.lines"],
        &["depends", "mart", "--upstream"],
        &["depends", "orders", "--jobs-only"],
    ]
    .map(in_project)
    .into();
    let seen = check_all(include_str!("../docs/depends.schema.json"), "", &depends);
    assert_eq!(seen, described_by(include_str!("../docs/depends.schema.json")));
    let why: Vec<Value> = [
        &["why", "audit"][..],
        &["why", "audit", "raw.orders.amount"],
        &["why", "audit", "orders.promo"],
        &["why", "other", "orders"],
        &["why", "below", "orders.lines"],
        &["why", "torn", "raw.orders"],
        &["why", "many", "orders.id"],
    ]
    .map(in_project)
    .into();
    let seen = check_all(include_str!("../docs/why.schema.json"), "", &why);
    assert_eq!(seen, described_by(include_str!("../docs/why.schema.json")));
    let mut reaching = Vec::new();
    for (branch, asked) in
        [("optimise-orders", "finance_audit_report"), ("rename-refund-column", "refund_reconciliation")]
    {
        let (folder, _) = demo(branch);
        let asked = ["why", asked, "--base", "main", "--project-dir", &text(folder.path())];
        reaching.push(headsup(&asked));
    }
    let schema = include_str!("../docs/why-base.schema.json");
    let seen = check_all(schema, "", &reaching);
    assert!(seen.is_subset(&described_by(schema)));
    let script = folder.path().join("script.txt");
    std::fs::write(&script, SCRIPT).expect("a file");
    let lineage = [in_project(&["lineage"]), headsup(&["lineage", &text(&script), "--dialect", "snowflake"])];
    let schema = include_str!("../docs/lineage.schema.json");
    let mut seen = check_all(schema, "", &lineage);
    let answers = lines("lineage", "{\"id\":1,\"sql\":\"select 1\"}\n{\"sql\":\"select (((\"}\nx\n");
    seen.extend(check_all(schema, "/$defs/answer", &answers));
    assert_eq!(seen, described_by(schema));
    for key in depends.iter().chain(&why).chain(&reaching).chain(&lineage).chain(&answers).flat_map(|report| {
        let mut seen = BTreeSet::new();
        keys(report, &mut seen);
        seen
    }) {
        assert!(PAGE.contains(&format!("`{key}`")), "docs/json.md does not name `{key}`");
    }
}

#[test]
fn compare_prints_what_its_schema_says_and_all_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, sql: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, sql).expect("a file");
        text(&path)
    };
    let old = file("old.sql", "select a, b from t");
    let reports: Vec<Value> =
        ["select a, c as b from t where a > 0", "select ((( from t", "select a, b from t -- same"]
            .iter()
            .map(|new| headsup(&["compare", &old, &file("new.sql", new)]))
            .collect();
    let schema = include_str!("../docs/compare.schema.json");
    let mut seen = check_all(schema, "", &reports);
    let answers = lines(
        "compare",
        "{\"id\":1,\"old\":\"select a from t\",\"new\":\"select b as a from t\"}\n{\"old\":\"select 1\"}\n\
        {\"old\":\"select a from t\",\"new\":\"select (((\"}\n",
    );
    seen.extend(check_all(schema, "/$defs/answer", &answers));
    assert_eq!(seen, described_by(schema));
    for key in seen {
        assert!(PAGE.contains(&format!("`{key}`")), "docs/json.md does not name `{key}`");
    }
}

#[test]
fn check_prints_what_its_schema_says_and_all_of_it() {
    let (_kept, head, _) = trouble();
    let base = head.with_file_name("base");
    std::fs::write(
        head.join("headsup.yml"),
        "projects: [{kind: sql, path: ., dialect: postgres}]\njobs:\n# headsup: allow(critical-job-without-owner) because of May\n\
         - {name: nobody, criticality: critical, reads: [mart.nowhere]}\n",
    )
    .expect("a file");
    let known = head.with_file_name("known.json");
    let sides = [text(&head), format!("dir:{}", text(&base)), format!("dir:{}", text(&head)), text(&known)];
    let two = ["check", "--fail-on", "never", "--project-dir", &sides[0], "--base", &sides[1], "--head", &sides[2]];
    let mut reports = vec![headsup(&two), headsup(&["check", "--fail-on", "never", "--project-dir", &sides[0]])];
    let baseline = [&two[..], &["--baseline", &sides[3], "--write-baseline"]].concat();
    reports.push(headsup(&baseline));
    let schema = include_str!("../docs/check.schema.json");
    let seen = check_all(schema, "", &reports);
    assert_eq!(seen, described_by(schema));
    for key in seen {
        assert!(PAGE.contains(&format!("`{key}`")), "docs/json.md does not name `{key}`");
    }
    let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    let codes = headsup::policy::Check::ALL.map(headsup::policy::Check::code);
    assert_eq!(schema["$defs"]["finding"]["properties"]["code"]["enum"], json!(codes));
}

#[test]
fn the_schemas_name_every_kind_of_dependency() {
    let kinds: Vec<&str> = {
        let mut kinds = BY_STRENGTH.to_vec();
        kinds.sort();
        kinds.into_iter().map(EdgeKind::name).collect()
    };
    for schema in [
        include_str!("../docs/depends.schema.json"),
        include_str!("../docs/why.schema.json"),
        include_str!("../docs/lineage.schema.json"),
    ] {
        let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
        assert_eq!(schema["$defs"]["kind"]["enum"], json!(kinds));
    }
}

#[test]
fn the_page_names_every_field_of_every_command() {
    let (sample, impact) = demo("optimise-orders");
    let (_kept, head, troubled) = trouble();
    let mut seen = BTreeSet::new();
    keys(&impact, &mut seen);
    keys(&troubled, &mut seen);
    for project in [text(sample.path()), text(&head)] {
        for command in ["models", "jobs", "doctor"] {
            let report = headsup(&[command, "--project-dir", &project]);
            assert_eq!(report["version"], json!(1));
            keys(&report, &mut seen);
        }
    }
    for key in seen {
        assert!(PAGE.contains(&format!("`{key}`")), "docs/json.md does not name `{key}`");
    }
}

/// The sample's branch whose commit lists a few orders twice.
const INCIDENT: &str = "optimise-orders";

/// Runs around that commit, of a job that it reaches, and one of a job that nobody knows.
const RUNS: &str = "job,status,started_at,error\nfinance_audit_report,success,2025-12-31T06:00:00Z,\n\
    finance_audit_report,failed,2026-01-02T06:00:00Z,unique_fct_revenue\n\
    finance_audit_report,failed,2026-01-03T06:00:00Z,\nelsewhere,failed,2026-01-02T06:00:00Z,\n";

/// What commands on the history of the sample print fits their schemas, which name no more than there can be.
#[test]
fn a_history_is_told_as_its_schemas_say() {
    let (folder, _) = demo(INCIDENT);
    let project = text(folder.path());
    let in_project = |arguments: &[&str]| headsup(&[arguments, &["--project-dir", &project]].concat());
    let replays = [
        &["replay", "--branch", INCIDENT, "--by", "month", "--incident", INCIDENT][..],
        &["replay", "--branch", INCIDENT, "--jobs-from", "then", "--incident", "optimise-orders=finance_audit_report"],
    ]
    .map(in_project);
    let log = folder.path().join("runs.csv");
    std::fs::write(&log, RUNS).expect("a file");
    let log = text(&log);
    let suspects = [
        &["suspects", "finance_audit_report", "--branch", INCIDENT, "--runs", &log][..],
        &["suspects", "newsletter_audience", "--branch", INCIDENT, "--last-good", "main", "--error", "column tax"],
    ]
    .map(in_project);
    let notes = [in_project(&["release-notes", "main..optimise-orders"])];
    let incidents = [in_project(&["incidents", "--branch", INCIDENT, "--runs", &log, "--by", "week"])];
    let kinds = [
        (include_str!("../docs/replay.schema.json"), &replays[..]),
        (include_str!("../docs/suspects.schema.json"), &suspects),
        (include_str!("../docs/release-notes.schema.json"), &notes),
        (include_str!("../docs/incidents.schema.json"), &incidents),
    ];
    for (schema, reports) in kinds {
        let seen = check_all(schema, "", reports);
        let named = described_by(schema);
        assert!(seen.is_subset(&named), "{:?}", seen.difference(&named));
        for key in named {
            assert!(PAGE.contains(&format!("`{key}`")), "docs/json.md does not name `{key}`");
        }
    }
}
