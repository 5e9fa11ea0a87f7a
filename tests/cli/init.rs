//! The first settings file: what is proposed, that it is right, and that nothing is replaced by accident.

use serde_json::{Value, json};

use crate::support::{File, Fixture, list, names, word};

#[path = "../support/schema.rs"]
mod schema;

const SHOP: [File; 11] = [
    ("dbt_project.yml", "name: shop\nprofile: shop\n"),
    ("profiles.yml", "shop:\n  target: dev\n  outputs: { dev: { type: snowflake } }\n"),
    ("models/staging/stg_orders.sql", "select id, amount from {{ source('shop', 'orders') }}"),
    ("models/staging/stg_old.sql", "select 1 as x"),
    ("models/core/orders.sql", "select * from {{ ref('stg_orders') }}"),
    ("models/marts/finance/revenue.sql", "select sum(amount) as revenue from {{ ref('orders') }}"),
    ("models/marts/finance/refunds.sql", "select id from {{ ref('orders') }}"),
    ("models/marts/sales/leads.sql", "select id from {{ ref('orders') }}"),
    ("models/marts/sales/board.sql", "select id from {{ ref('leads') }}"),
    (
        "models/marts/exposures.yml",
        "exposures:\n  - name: board_report\n    type: dashboard\n    owner: { name: \"Bo: #1\", email: bo@example.com }\n    depends_on: [ref('board')]\n",
    ),
    (".github/CODEOWNERS", "models/marts/finance/ @acme/finance-data\n"),
];

fn shop() -> Fixture {
    let fixture = Fixture::new(&SHOP);
    fixture.write("models/core/orders.sql", "select *, 1 as one from {{ ref('stg_orders') }}");
    fixture.commit("Add a column (#2)");
    fixture.write("models/marts/finance/revenue.sql", "select sum(amount) + 1 as revenue from {{ ref('orders') }}");
    fixture.commit("Count one more (#3)");
    fixture.write("README.md", "about");
    fixture.commit("Say what it is (#4)");
    fixture
}

#[test]
fn a_first_file_is_written_and_says_what_it_would_have_sent() {
    let fixture = shop();
    insta::assert_snapshot!(fixture.text("init --yes"), @"
    Wrote headsup.yml: 1 project, 2 jobs, 1 team
    1 group of tables stands in it as a comment: steps on the way, by their folders.
    1 problem while reading, so more is unknown than need be: `headsup doctor` says
    how to mend it.

    What the last 2 merges would have sent:
      2026-01-01  3fa8a4d  Count one more (#3)
                  to finance-data: a change to revenue reaches marts/finance
      2026-01-01  30d4931  Add a column (#2)
                  nobody needs to hear

    1 message by 1 of 2 merges.

    Next: read the file, name owners and channels, mark what is critical, and commit
    it. `headsup jobs` shows what it comes to.
    ");
    insta::assert_snapshot!(fixture.read("headsup.yml"), @r#"
    # Who hears of which changes to this warehouse. `headsup jobs` shows what this comes to, `headsup
    # impact` whom a branch reaches, and `headsup notify --dry-run` what would be sent.
    version: 1

    # What is read, and in which dialect. Nothing else is read. Without this block, projects are found
    # anew in every run.
    projects:
      - { kind: dbt, path: ., dialect: snowflake }  # 7 tables

    # Whom to tell. `owner` is a person or an address, `channel` a name under `channels`. `standard`
    # says how much a team hears: touched, changed, reachable, breaking, each a part of the one before.
    teams:
      finance-data:
        owner: "@acme/finance-data"  # from CODEOWNERS
        # Who changed its tables lately, in how many commits: Ann (1)
        standard: reachable

    # What teams care about. A change that reaches a job is told to its team. What is `critical` can
    # fail a check (`--fail-on critical`); the others are `important` and `normal`.
    jobs:
      # Declared in the project, which says what they read and mostly whose they are. An entry here adds
      # to that: a team, a criticality, a channel.
      - name: board_report  # Bo: #1, owner of the exposure
      # models/marts/finance: 2 tables that nothing in the repository reads
      - name: marts/finance
        team: finance-data
        criticality: normal
        reads:
          - refunds
          - revenue
      # Left out: 1 table in models/staging that nothing reads either, steps on the way by their folder
      #   reads:
      #     - stg_old
      # More that a job may have: when it must be left alone, and who may lift that
      #   freeze: month-end-2bd..month-start+3bd
      #   sign_off: [ann, bob]

    # Where messages go. Secrets stay in the environment: the file names the variables that hold them.
    channels:
      pull-request: { kind: github }  # one comment for all, with GITHUB_TOKEN
      # slack: { kind: slack, webhook_env: SLACK_WEBHOOK }
      # teams: { kind: teams, webhook_env: TEAMS_WEBHOOK }
      # email: { kind: email, to: data@example.com, smtp_env: SMTP_URL }
      # merge-request: { kind: gitlab }  # one note for all, with GITLAB_TOKEN
      # check: { kind: github-check }  # a check with notes beside the lines
    "#);
}

#[test]
fn what_is_written_is_right_by_the_reader_and_the_schema() {
    let plain = Fixture::new(&[
        ("jobs/a: b/x-1.sql", "create table \"Mixed Case\".t as select 1 as x"),
        ("jobs/a: b/y.sql", "create table no.yes as select 1 as x"),
        ("jobs/tests/z.sql", "create table z.z as select 1 as x"),
    ]);
    let nothing = Fixture::new(&[("README.md", "nothing")]);
    for fixture in [shop(), plain, nothing] {
        fixture.text("init --yes");
        let text = fixture.read("headsup.yml");
        let value: Value = serde_yaml::from_str(&text).unwrap();
        let published: Value = serde_json::from_str(include_str!("../../docs/headsup.schema.json")).unwrap();
        assert_eq!(schema::check(&published, &published, &value), Ok(()), "{text}");
        let jobs = fixture.json("jobs");
        let codes: Vec<String> = list(&jobs["diagnostics"]).iter().map(|found| word(&found["code"])).collect();
        assert!(!codes.iter().any(|code| code == "unknown-relation"), "each name is found again: {text}\n{jobs}");
        assert!(text.lines().all(|line| line.chars().count() <= 110), "{text}");
    }
}

#[test]
fn many_folders_become_few_jobs() {
    let deep = |place: usize| format!("sql/area{}/table{place}/query.sql", place % 5);
    let files: Vec<(String, String)> = (0..40)
        .map(|place| (deep(place), format!("create table area{}.t{place} as select 1 as x", place % 5)))
        .collect();
    let files: Vec<File> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let fixture = Fixture::new(&files);
    fixture.text("init --yes --merges 0");
    let mut jobs = names(&fixture.json("jobs")["jobs"], "job");
    jobs.sort();
    assert_eq!(jobs, ["area0", "area1", "area2", "area3", "area4"]);
}

#[test]
fn nothing_is_replaced_or_asked_by_accident() {
    let fixture = shop();
    insta::assert_snapshot!(fixture.error("init"), @"
    exit 2
    error: there is no terminal to ask questions on
    hint: --yes takes what is proposed
    ");
    assert!(!fixture.root().join("headsup.yml").exists());
    fixture.write(".headsup.yml", "version: 7");
    insta::assert_snapshot!(fixture.error("init --yes"), @"
    exit 2
    error: .headsup.yml is there already
    hint: --force replaces it; `headsup jobs` shows what it comes to
    ");
    assert_eq!(fixture.read(".headsup.yml"), "version: 7");
    fixture.text("init --yes --force --merges 0");
    assert!(fixture.read(".headsup.yml").starts_with("# Who hears") && !fixture.root().join("headsup.yml").exists());
    fixture.text("init --yes --config other.yml --merges 0");
    assert!(fixture.read("other.yml").starts_with("# Who hears"));
    assert_eq!(Fixture::folder(&SHOP).json("init --yes")["merges"], json!([]), "outside git there is no history");
}

#[test]
fn the_last_week_is_looked_at_and_without_one_the_last_merges() {
    let fixture = shop();
    let subjects =
        |arguments: &str| names(&fixture.json(&format!("init --yes --force {arguments}"))["merges"], "subject");
    assert_eq!(subjects("--now 2026-01-02T00:00:00Z"), ["Count one more (#3)", "Add a column (#2)"]);
    assert_eq!(subjects("--now 2026-06-02T00:00:00Z --merges 1"), ["Count one more (#3)"]);
    let report = fixture.json("init --yes --force --merges 1");
    assert_eq!(
        report["merges"][0]["told"],
        json!([{
            "owner": "finance-data", "subject": "a change to revenue reaches marts/finance"
        }])
    );
    assert_eq!((report["unowned"].clone(), report["left_out"].clone()), (json!([]), json!(1)));
    let page = include_str!("../../docs/json.md");
    for key in report.as_object().unwrap().keys() {
        assert!(page.contains(&format!("`{key}`")), "docs/json.md does not name `{key}`");
    }
}

#[test]
fn a_merge_that_reaches_many_is_told_in_a_few_lines() {
    let files: Vec<(String, String)> = (0..6)
        .flat_map(|area| {
            let table = |name: &str| {
                (format!("models/area{area}/{name}{area}.sql"), "select * from {{ ref('core') }}".to_owned())
            };
            [table("one"), table("two")]
        })
        .chain([
            ("dbt_project.yml".to_owned(), "name: shop\n".to_owned()),
            ("models/core/core.sql".to_owned(), "select 1 as x".to_owned()),
        ])
        .collect();
    let files: Vec<File> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let fixture = Fixture::new(&files);
    fixture.write("models/core/core.sql", "select 2 as x");
    fixture.commit("Two");
    fixture.write("models/area0/one0.sql", "select 3 as x");
    fixture.commit("Three");
    let text = fixture.text("init --yes");
    let told: Vec<&str> =
        text.lines().skip_while(|line| !line.starts_with("What")).filter(|line| !line.contains("2026")).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    What the last 2 merges would have sent:
                  to area0: a change to one0 reaches area0
                  to area0: a change to core reaches area0
                  to area1: a change to core reaches area1
                  to area2: a change to core reaches area2
                  and to 3 more

    7 messages by 2 of 2 merges.
    By owner: area0 2, area1 1, area2 1, area3 1, area4 1, area5 1.

    Next: read the file, name owners and channels, mark what is critical, and commit
    it. `headsup jobs` shows what it comes to.
    ");
}

#[test]
fn a_metric_is_no_job_to_be_given_a_team_and_what_it_reads_may_be_one() {
    let layer = "semantic_models:\n- {name: o, model: \"ref('orders')\", measures: [{name: n, agg: sum, expr: id}]}\n\
                 metrics: [{name: number, type: simple, type_params: {measure: n}}]\n";
    let files = [SHOP[0], SHOP[1], SHOP[2], ("models/marts/orders.sql", SHOP[4].1), ("models/marts/m.yml", layer)];
    let fixture = Fixture::new(&files);
    assert_eq!(fixture.run("init --yes").code, 0);
    let written = fixture.read("headsup.yml");
    assert!(!written.contains("metric:") && !written.contains("semantic_model:"), "{written}");
    assert!(written.contains("      - orders\n"), "{written}");
}

#[test]
fn a_merge_that_sends_the_same_as_the_one_before_says_only_that() {
    let fixture = Fixture::new(&[
        ("dbt_project.yml", "name: shop\n"),
        ("models/core/core.sql", "select 1 as x"),
        ("models/area/one.sql", "select * from {{ ref('core') }}"),
    ]);
    for number in 2..5 {
        fixture.write("models/core/core.sql", format!("select {number} as x"));
        fixture.commit(&format!("Now {number}"));
    }
    let text = fixture.text("init --yes");
    let told: Vec<&str> = text.lines().filter(|line| line.starts_with("     ")).map(str::trim).collect();
    assert_eq!(
        told,
        ["to area: a change to core reaches area", "the same as the one above", "the same as the one above"]
    );
    assert!(text.contains("3 messages by 3 of 3 merges."), "{text}");
}
