//! `headsup check`: each rule on a small repository, the ways to allow a finding, and the forms.

use serde_json::{Value, json};

use crate::support::{File, Fixture, list, word};

/// Two teams in plain SQL, one of which publishes its facts.
const TEAMS: [File; 4] = [
    (
        "headsup.yml",
        "projects: [{kind: sql, path: ., dialect: postgres}]\n\
         teams: {core: {owner: core@example.com}, finance: {owner: finance@example.com}}\n\
         owners:\n- {path: 'core/**', team: core}\n- {path: 'finance/**', team: finance}\n\
         policy: {public: [core.fct_*]}\n",
    ),
    ("core/int_orders.sql", "create table core.int_orders as select 1 as id, 2 as amount"),
    ("core/fct_orders.sql", "create table core.fct_orders as select id, amount from core.int_orders"),
    ("finance/report.sql", "create table finance.report as\nselect id, amount from core.fct_orders"),
];

/// Findings, a line each: `severity code path:line about`, and how it is allowed.
#[track_caller]
fn found(fixture: &Fixture, arguments: &str) -> String {
    let run = fixture.run(&format!("check {arguments} --format json"));
    assert!(run.code <= 1, "{}", run.stderr);
    let report: Value = serde_json::from_str(&run.stdout).expect("the report is JSON");
    let line = |finding: &Value| {
        let allowed = match &finding["allowed"] {
            Value::Null => String::new(),
            allowed => format!(" [{} {}]", word(&allowed["by"]), allowed["because"].as_str().unwrap_or_default()),
        };
        let age = finding["age"].as_str().map(|age| format!("{age} ")).unwrap_or_default();
        let place = format!("{}:{}", word(&finding["path"]), finding["line"]);
        format!(
            "{age}{} {} {place} {}{allowed}",
            word(&finding["severity"]),
            word(&finding["code"]),
            word(&finding["about"])
        )
    };
    list(&report["findings"]).iter().map(line).collect::<Vec<_>>().join("\n")
}

const NEW_READ: (&str, &str) = (
    "finance/report.sql",
    "create table finance.report as\nselect o.id, i.amount\nfrom core.fct_orders o\njoin core.int_orders i on i.id = o.id",
);

#[test]
fn a_new_read_of_a_private_table_is_an_error_and_an_old_one_a_note() {
    let fixture = Fixture::pair(&TEAMS, &[NEW_READ]);
    assert_eq!(
        found(&fixture, ""),
        "new error private-table-read finance/report.sql:4 sql.finance.report reads sql.core.int_orders"
    );
    assert_eq!(fixture.run("check").code, 1);
    assert_eq!(fixture.run("check --fail-on never").code, 0);
    let later = fixture.branch("later", &[("finance/other.sql", "create table finance.other as select 1 as a")]);
    assert_eq!(
        found(&later, "--base change"),
        "old note private-table-read finance/report.sql:4 sql.finance.report reads sql.core.int_orders"
    );
    assert_eq!(later.run("check --base change --fail-on warning").code, 0);
}

#[test]
fn without_a_base_everything_was_there_before() {
    let fixture = Fixture::folder(&[TEAMS[0], TEAMS[1], TEAMS[2], NEW_READ]);
    assert_eq!(
        found(&fixture, ""),
        "note private-table-read finance/report.sql:4 sql.finance.report reads sql.core.int_orders"
    );
    let text = fixture.text("check");
    assert!(text.contains("Nothing to compare with (. is not in a git repository)"), "{text}");
    assert!(text.contains("finance/report.sql:4\n    `finance.report` reads `core.int_orders`"), "{text}");
}

#[test]
fn a_reader_without_owner_and_a_job_of_another_team_are_told() {
    let settings = format!(
        "{}jobs: [{{name: audit, team: finance, reads: [core.int_orders]}}, {{name: own, team: core, reads: [core.int_orders]}}]\n",
        TEAMS[0].1
    );
    let nobody = ("loose.sql", "create table loose as select id from core.int_orders");
    let fixture = Fixture::pair(&TEAMS, &[("headsup.yml", &settings), nobody]);
    assert_eq!(
        found(&fixture, ""),
        "new error private-table-read headsup.yml:7 job audit reads sql.core.int_orders\n\
         new warning private-table-read loose.sql:1 sql.loose reads sql.core.int_orders"
    );
}

const DBT: [File; 5] = [
    ("dbt_project.yml", "name: shop\nversion: '1.0'\n"),
    ("requirements.txt", "dbt-postgres\n"),
    (
        "models/m.yml",
        "groups:\n- {name: core, owner: {name: Core}}\n- {name: finance, owner: {name: Finance}}\n\
         models:\n- {name: raw_orders, config: {access: private, group: core}}\n\
         - {name: orders, access: public, config: {group: core}}\n- {name: report, group: finance}\n",
    ),
    ("models/raw_orders.sql", "select 1 as id, 2 as amount"),
    ("models/orders.sql", "select id, amount from {{ ref('raw_orders') }}"),
];

#[test]
fn groups_and_access_of_dbt_are_held() {
    let head = [("models/report.sql", "select id\nfrom {{ ref('raw_orders') }}"), ("models/own.sql", "select 1 as a")];
    let fixture = Fixture::pair(&DBT, &head);
    assert_eq!(
        found(&fixture, ""),
        "new error private-table-read models/report.sql:2 model.shop.report reads model.shop.raw_orders"
    );
    let report = fixture.run("check").stdout;
    assert!(report.contains("`report` reads `raw_orders`, which is private to the group `core`"), "{report}");
}

#[test]
fn another_project_reads_what_is_protected_by_a_source() {
    let other = [
        ("a/dbt_project.yml", "name: a\nversion: '1.0'\n"),
        ("a/requirements.txt", "dbt-postgres\n"),
        ("a/models/orders.sql", "{{ config(schema='core', access='protected') }} select 1 as id"),
        ("a/macros/s.sql", "{% macro generate_schema_name(name, node) %}{{ name }}{% endmacro %}"),
        ("b/dbt_project.yml", "name: b\nversion: '1.0'\n"),
        ("b/requirements.txt", "dbt-postgres\n"),
        ("b/models/s.yml", "sources: [{name: core, tables: [{name: orders}]}]\n"),
    ];
    let fixture = Fixture::pair(&other, &[("b/models/report.sql", "select id from {{ source('core', 'orders') }}")]);
    assert_eq!(
        found(&fixture, ""),
        "new error private-table-read b/models/report.sql:1 model.b.report reads model.a.orders"
    );
}

#[test]
fn a_public_table_must_not_break_under_others() {
    let narrower = ("core/fct_orders.sql", "create table core.fct_orders as select id from core.int_orders");
    let fixture = Fixture::pair(&TEAMS, &[narrower]);
    assert_eq!(found(&fixture, ""), "new error public-table-breaks core/fct_orders.sql:1 table sql.core.fct_orders");
    let text = fixture.run("check").stdout;
    assert!(text.contains("`amount` removed; read by `finance.report` of"), "{text}");
    let moved = ("finance/report.sql", "create table finance.report as select id from core.fct_orders");
    let fixture = Fixture::pair(&TEAMS, &[narrower, moved]);
    let text = fixture.run("check").stdout;
    assert!(text.starts_with("change → main: 1 warning\n"), "{text}");
    let wider =
        ("core/fct_orders.sql", "create table core.fct_orders as select id, amount, 1 as n from core.int_orders");
    assert_eq!(found(&Fixture::pair(&TEAMS, &[wider]), ""), "");
    let gone = [("core/fct_orders.sql", crate::support::GONE)];
    assert_eq!(
        found(&Fixture::pair(&TEAMS, &gone), ""),
        "new error public-table-breaks core/fct_orders.sql:1 table sql.core.fct_orders"
    );
}

#[test]
fn critical_jobs_have_an_owner_a_channel_and_firm_ground() {
    let settings = "projects: [{kind: sql, path: ., dialect: postgres}]\n\
                    teams: {finance: {owner: f@example.com}}\nchannels: {out: {kind: stdout}}\n\
                    jobs:\n- {name: nobody, criticality: critical, reads: [a]}\n\
                    - {name: silent, team: finance, criticality: critical, reads: [a]}\n\
                    - {name: shaky, team: finance, channel: out, criticality: critical, reads: [b]}\n\
                    - {name: calm, reads: [b]}\n";
    let files = [
        ("headsup.yml", settings),
        ("a.sql", "create table a as select 1 as x"),
        ("b.sql", "create table b as select ((1 from a"),
    ];
    let fixture = Fixture::folder(&files);
    assert_eq!(
        found(&fixture, ""),
        "error critical-job-without-owner headsup.yml:5 job nobody owner\n\
         warning critical-job-without-channel headsup.yml:6 job silent channel\n\
         warning critical-job-half-read headsup.yml:7 job shaky"
    );
    let without_channels = settings.replace("channels: {out: {kind: stdout}}\n", "").replace("channel: out, ", "");
    fixture.write("headsup.yml", without_channels);
    assert!(found(&fixture, "").contains("note critical-job-without-channel headsup.yml:5 job silent channel"));
}

#[test]
fn names_that_are_gone_are_told() {
    let settings = "projects: [{kind: sql, path: ., dialect: postgres}]\n\
                    owners: [{path: 'old/**', owner: ann}]\npolicy: {private: ['*.tmp']}\n\
                    jobs:\n- {name: one, reads: [a, order_s], columns: {a: [x, yy]}}\n- name: two\n  reads:\n  - kept\n";
    let base = [
        ("headsup.yml", settings),
        ("a.sql", "create table a as select 1 as x"),
        ("orders.sql", "create table orders as select 1 as x"),
        ("kept.sql", "create table kept as select 1 as x"),
        ("reader.sql", "create table reader as select x from kept"),
    ];
    let fixture = Fixture::pair(&base, &[("kept.sql", crate::support::GONE)]);
    assert_eq!(
        found(&fixture, ""),
        "old error job-reads-unknown-table headsup.yml:5 job one reads order_s\n\
         new error job-reads-unknown-table headsup.yml:8 job two reads kept\n\
         old warning job-reads-unknown-column headsup.yml:5 job one reads sql.a.yy\n\
         old warning pattern-fits-nothing headsup.yml:2 pattern old/**\n\
         old warning pattern-fits-nothing headsup.yml:3 pattern *.tmp"
    );
}

#[test]
fn what_nobody_declares_and_what_turns_in_a_circle_is_told() {
    let report = ("models/report.sql", "select 1 as a\nfrom raw.payments p join information_schema.tables t on true");
    let fixture = Fixture::pair(&DBT, &[report]);
    assert_eq!(found(&fixture, ""), "new warning undeclared-source models/report.sql:2 table external.raw.payments");
    let sql = [("a.sql", "create table a as select * from b"), ("b.sql", "create table b as select 1 as x")];
    let fixture = Fixture::pair(&sql, &[("b.sql", "create table b as select x from a join outside using (x)")]);
    assert_eq!(found(&fixture, ""), "new warning circle a.sql:1 sql.a sql.b");
    fixture.write("columns.csv", "table_name,column_name\na,x\nb,x\n");
    assert_eq!(
        found(&fixture, "--columns columns.csv"),
        "new warning undeclared-source b.sql:1 table external.outside\nnew warning circle a.sql:1 sql.a sql.b"
    );
}

#[test]
fn a_comment_with_a_reason_allows_a_finding() {
    let allowed = |comment: &str| {
        let text = NEW_READ.1.replace("join core", &format!("{comment}\njoin core"));
        Fixture::pair(&TEAMS, &[("finance/report.sql", &text)])
    };
    let fixture = allowed("-- headsup: allow(private-table-read) because core publishes it in May");
    assert_eq!(
        found(&fixture, ""),
        "new error private-table-read finance/report.sql:5 sql.finance.report reads sql.core.int_orders \
         [comment core publishes it in May]"
    );
    assert_eq!(fixture.run("check").code, 0);
    assert!(fixture.text("check").contains("1 finding allowed by a comment"));
    let fixture = allowed("-- headsup: allow(private-table-read, circle, privat)");
    assert_eq!(fixture.run("check").code, 1);
    assert_eq!(
        found(&fixture, ""),
        "new error private-table-read finance/report.sql:5 sql.finance.report reads sql.core.int_orders\n\
         warning allow-without-reason finance/report.sql:4 finance/report.sql allows circle\n\
         warning allow-without-reason finance/report.sql:4 finance/report.sql allows private-table-read\n\
         warning allow-unknown-code finance/report.sql:4 finance/report.sql allows privat"
    );
    let fixture = allowed("-- headsup: allow(circle) because it is none");
    assert!(
        found(&fixture, "")
            .ends_with("note allow-without-finding finance/report.sql:4 finance/report.sql allows circle")
    );
}

#[test]
fn a_baseline_knows_findings_by_what_they_are_about() {
    let fixture = Fixture::pair(&TEAMS, &[NEW_READ]);
    assert!(fixture.error("check --baseline known.json").starts_with("exit 2\nerror: cannot read the baseline"));
    let run = fixture.run("check --baseline known.json --write-baseline");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(
        fixture.read("known.json"),
        "{\n  \"version\": 1,\n  \"findings\": [\n    \
         {\"code\":\"private-table-read\",\"about\":\"sql.finance.report reads sql.core.int_orders\"}\n  ]\n}\n"
    );
    fixture.write("finance/report.sql", format!("-- moved down\n\n{}", NEW_READ.1));
    assert_eq!(
        found(&fixture, "--baseline known.json"),
        "new error private-table-read finance/report.sql:6 sql.finance.report reads sql.core.int_orders [baseline ]"
    );
    fixture.write(TEAMS[3].0, TEAMS[3].1);
    let run = fixture.run("check --baseline known.json");
    assert!(run.stdout.contains("1 entry that nothing answers to"), "{}", run.stdout);
    fixture.write("known.json", "{\"version\": 2, \"findings\": []}");
    assert!(fixture.error("check --baseline known.json").contains("is no baseline: it has version 2"));
}

#[test]
fn settings_decide_how_grave_a_check_is() {
    let with = |severity: &str| {
        let settings =
            TEAMS[0].1.replace("policy: {", &format!("policy: {{severity: {{private-table-read: {severity}}}, "));
        Fixture::pair(&TEAMS, &[NEW_READ, ("headsup.yml", &settings)])
    };
    assert!(found(&with("warning"), "").starts_with("new warning private-table-read"));
    assert_eq!(found(&with("off"), ""), "");
}

#[test]
fn annotations_are_one_line_each_from_the_root_of_the_repository() {
    let fixture = Fixture::pair(&TEAMS, &[NEW_READ]);
    let run = fixture.run("check --format github");
    insta::assert_snapshot!(run.stdout, @r"
    ::error file=finance/report.sql,line=4,col=6,title=private-table-read::`finance.report` reads `core.int_orders`, which is private to core%0Aread a public table, or have core publish this one
    headsup check: 1 error
    ");
    let inner: Vec<(String, &str)> =
        TEAMS.iter().chain([&NEW_READ]).map(|(path, text)| (format!("w/{path}"), *text)).collect();
    let inner: Vec<File> = inner.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let fixture = Fixture::pair(&inner[..4], &inner[4..]);
    let run = fixture.run_in("w", "check --format github");
    assert!(run.stdout.starts_with("::error file=w/finance/report.sql,line=4,"), "{run:?}");
}

#[test]
fn sarif_says_which_rule_where_how_grave_and_why_not() {
    let text = NEW_READ.1.replace("join core", "-- headsup: allow(private-table-read) because of May\njoin core");
    let odd = ("finance/a b.sql", "create table finance.odd as select id from core.int_orders");
    let fixture = Fixture::pair(&TEAMS, &[("finance/report.sql", &text), odd]);
    let run = fixture.run("check --format sarif");
    let log: Value = serde_json::from_str(&run.stdout).expect("the log is JSON");
    assert_eq!((&log["version"], list(&log["runs"]).len()), (&json!("2.1.0"), 1));
    let rules = list(&log["runs"][0]["tool"]["driver"]["rules"]);
    let results = list(&log["runs"][0]["results"]);
    assert_eq!(results.len(), 2);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("a small one");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!((&result["level"], &result["baselineState"]), (&json!("error"), &json!("new")));
        assert!(result["partialFingerprints"]["about/v1"].is_string());
    }
    assert_eq!(
        results[0]["locations"][0]["physicalLocation"],
        json!({"artifactLocation": {"uri": "finance/a%20b.sql", "uriBaseId": "%SRCROOT%"}, "region": {"startLine": 1, "startColumn": 44}})
    );
    assert_eq!(results[0]["suppressions"], Value::Null);
    assert_eq!(results[1]["suppressions"], json!([{"kind": "inSource", "justification": "of May"}]));
}

#[test]
fn what_is_not_about_the_base_ends_the_run() {
    let fixture = Fixture::pair(&TEAMS, &[("headsup.yml", "policy: {publik: []}\n")]);
    assert!(fixture.error("check").contains("the policy has no key `publik`"));
    assert!(fixture.error("check --base nowhere").contains("no branch, tag or commit is called `nowhere`"));
    assert!(fixture.error("check --format dot").contains("`headsup check` has no form `dot`"));
}
