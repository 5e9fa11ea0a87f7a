//! Settings as texts: the example of the documentation, and every way in which one can be wrong.

use std::sync::Arc;

use super::*;

mod schema;

/// The example of the documentation.
const EXAMPLE: &str = r#"
version: 1
projects:
  - { kind: dbt, path: transform }
  - { kind: sql, path: jobs, dialect: duckdb, name: "{stem}" }
teams:
  finance: { owner: finance@example.com, channel: slack-finance, standard: breaking }
jobs:
  - { name: finance_audit_report, team: finance, criticality: critical, reads: [marts.fct_revenue], columns: { marts.fct_revenue: [revenue, month] } }
channels:
  slack-finance: { kind: slack, webhook_env: SLACK_FINANCE_WEBHOOK }
owners:
  - { path: "models/finance/**", team: finance }
"#;

/// Files that are right.
const GOOD: [&str; 11] = [
    EXAMPLE,
    "",
    "# nothing yet\n",
    "version: 1\nteams:\njobs:\n",
    "teams: {a: }\njobs: [{name: x, team: a}]",
    "calendar: {time_zone: Europe/Berlin, holidays: [2026-12-25, 01-01], year_starts: april}\n\
     teams: {a: {freeze: month-end-2..month-start+3bd, sign_off: ann}}\n\
     jobs:\n- {name: x, freeze: [2026-12-24, friday 16:00..monday 8:00, 12-20..01-05], sign_off: [ann, bob]}\n\
     - {name: y, freeze: {windows: [quarter-end-3..quarter-start+5], time_zone: America/New_York}}\n- {name: z, freeze: []}\n",
    "teams: {a: {digest: weekly}}\nchannels: {a: {kind: stdout, digest: daily}, b: {kind: slack, webhook_env: W, digest: weekly}}",
    "teams: {a: {unknown: mention}}\njobs: [{name: x, unknown: ignore}, {name: y, unknown: notify}]",
    "channels:\n  a: {kind: slack, token_env: T, channel: '#x'}\n  b: {kind: github}\n  c: {kind: gitlab, token_env: G}\n  d: {kind: teams, webhook_env: W}\n  e: {kind: email, to: a@b.c}\n  f: {kind: email, to: [a@b.c, d@e.f], smtp_env: S}\n  g: {kind: webhook, webhook_env: W, token_env: T, secret_env: S}\n  j: {kind: slack, webhook_env: W, mention: here}\n  k: {kind: slack, token_env: T, channel: C0, mention: [U1, S2]}\n  l: {kind: email, to: a@b.c, from: d@e.f}\n  h: {kind: file, path: out/h.md}\n  i: {kind: stdout}\n  m: {kind: github-check}\n  n: {kind: github-check, token_env: T, name: warehouse}\n",
    "dialect: snowflake\nallow_env: [DBT_TARGET]\nvars: {a: [1, {b: c}]}\ncatalog: target/catalog.json\ncolumns: columns.csv\nprojects: [{kind: manifest, path: target/manifest.json, schema: core}]\n",
    "policy:\n  public: ['marts.*', models/marts/**]\n  private: [stg_*]\n  severity: {circle: off, undeclared-source: error}\n",
];

/// Files with one problem: the text, and the problem as `line:column code message | hint`.
const BAD: [(&str, &str); 47] = [
    ("verion: 1", "1:1 settings-unknown-key headsup.yml has no key `verion` | did you mean `version`?"),
    ("colours: 1", "1:1 settings-unknown-key headsup.yml has no key `colours` | the keys are version, dialect"),
    ("version: 2", "1:10 settings-version this headsup reads version 1 of the settings | write `version: 1`"),
    ("- a", "1:3 settings-type the file must be a mapping, not a list"),
    ("jobs: {name: x}", "1:8 settings-type `jobs` must be a list, not a mapping"),
    ("teams: [a]", "1:9 settings-type `teams` must be a mapping, not a list"),
    ("jobs: [{name: 12}]", "1:15 settings-type `name` must be a text, not a number | put it in quotes"),
    ("jobs: [{}]", "1:1 settings-missing the job needs `name`"),
    ("jobs: [{name: ''}]", "1:15 settings-value `name` is empty"),
    (
        "jobs:\n  - name: a\n    criticality: high",
        "3:18 settings-value `criticality` cannot be `high` | it is one of critical, important, normal",
    ),
    (
        "jobs: [{name: a, standard: reachabel}]",
        "1:28 settings-value `standard` cannot be `reachabel` | did you mean `reachable`?",
    ),
    (
        "jobs: [{name: a, unknown: mentioned}]",
        "1:27 settings-value `unknown` cannot be `mentioned` | did you mean `mention`?",
    ),
    ("jobs: [{name: a, freeze: month}]", "1:26 settings-value `month` is no day | for instance 2026-12-20..2027-01-03"),
    ("jobs: [{name: a, freeze: [friday, 2026-02-30]}]", "1:35 settings-value `2026-02-30` is no day"),
    ("jobs: [{name: a, freeze: {time_zone: UTC}}]", "1:27 settings-missing the freeze needs `windows`"),
    (
        "jobs: [{name: a, freeze: {windows: friday, zone: UTC}}]",
        "1:44 settings-unknown-key the freeze has no key `zone`",
    ),
    (
        "calendar: {time_zone: Europe/Berlim}",
        "1:23 settings-value there is no time zone `Europe/Berlim` | it is a name such as",
    ),
    (
        "calendar: {holidays: [friday]}",
        "1:23 settings-value `friday` is no date | write 2026-12-25, or 12-25 for each year",
    ),
    ("calendar: {year_starts: 4}", "1:25 settings-type `year_starts` must be a text, not a number"),
    ("teams: {a: {digest: hourly}}", "1:21 settings-value `digest` cannot be `hourly` | it is one of daily, weekly"),
    ("channels: {a: {kind: github, name: b}}", "1:30 settings-unknown-key the channel has no key `name`"),
    ("channels: {a: {kind: github, digest: daily}}", "1:30 settings-unknown-key the channel has no key `digest`"),
    ("dialect: snowflak", "1:10 settings-value unknown dialect `snowflak` | did you mean `snowflake`?"),
    ("projects: [{kind: dbt}]", "1:13 settings-missing the project needs `path`"),
    ("projects: [{path: a}]", "1:13 settings-missing the project needs `kind`"),
    ("projects: [{kind: dbt, path: ../a}]", "1:30 settings-value `../a` leaves the project directory"),
    ("projects: [{kind: dbt, path: /a}]", "1:30 settings-value `/a` is not a relative path"),
    ("projects: [{kind: sql, path: a, target: prod}]", "1:41 settings-value `target` is for projects of kind dbt"),
    ("projects: [{kind: dbt, path: a, name: '{stem}'}]", "1:39 settings-value `name` is for projects of kind sql"),
    (
        "projects: [{kind: sql, path: a, name: '{file}'}]",
        "1:39 settings-value `{file}` is none of {stem}, {parent}, {parent2} and {parent3} | for instance `{stem}`",
    ),
    (
        "jobs: [{name: a}, {name: b}, {name: a}]",
        "1:37 settings-duplicate two jobs are called `a` | the first is on line 1",
    ),
    ("version: 1\nversion: 1", "2:1 duplicate-key the key `version` is given twice | the first is on line 1"),
    (
        "teams: {finance: {}}\njobs: [{name: a, team: finanse}]",
        "2:24 settings-reference no team is called `finanse` | did you mean `finance`?",
    ),
    ("jobs: [{name: a, channel: x}]", "1:27 settings-reference no channel is called `x` | define it under `channels:`"),
    (
        "jobs: [{name: a, reads: [m.orders], columns: {m.order: [a]}}]",
        "1:47 settings-reference the job does not read `m.order` | did you mean `m.orders`?",
    ),
    ("owners: [{path: 'a[', owner: x}]", "1:17 settings-glob `a[` is not a pattern"),
    ("owners: [{path: 'a/**'}]", "1:11 settings-missing the owner needs `team` or `owner`"),
    ("channels: {a: {webhook_env: W}}", "1:16 settings-missing the channel needs `kind` | it is one of slack, github"),
    (
        "channels: {a: {kind: slack}}",
        "1:16 settings-missing the channel needs `webhook_env`, or `token_env` and `channel`",
    ),
    (
        "channels: {a: {kind: slack, webhook_env: W, channel: x}}",
        "1:16 settings-value a Slack webhook has its channel built in",
    ),
    (
        "channels: {a: {kind: teams, webhook: https://hooks.example.com/s3cret}}",
        "1:38 settings-secret `webhook` holds a secret | put it in an environment variable",
    ),
    (
        "channels: {a: {kind: slack, webhook_env: https://hooks.example.com/s3cret}}",
        "1:42 settings-secret `webhook_env` holds a secret | put it in an environment variable",
    ),
    (
        "channels: {a: {kind: github, token: ghp_s3cret}}",
        "1:37 settings-secret `token` holds a secret | put it in an environment variable and name that with a channel's `token_env`",
    ),
    ("policy: {publik: []}", "1:10 settings-unknown-key the policy has no key `publik` | did you mean `public`?"),
    (
        "policy: {severity: {cirkle: off}}",
        "1:21 settings-value no check has the code `cirkle` | did you mean `circle`?",
    ),
    ("policy: {private: ['a[']}", "1:20 settings-glob `a[` is not a pattern"),
    ("allow_env: [A-B]", "1:13 settings-value this is not the name of an environment variable"),
];

fn problems(text: &str) -> Vec<String> {
    let diagnostics = match Settings::from_yaml(text, "headsup.yml") {
        Ok((_, diagnostics)) | Err(diagnostics) => diagnostics,
    };
    let shown = |found: &Diagnostic| {
        assert_eq!(found.path.as_deref(), Some("headsup.yml"));
        let place = found.position.map(|place| place.to_string()).unwrap_or_default();
        let hint = found.hint.as_ref().map(|hint| format!(" | {hint}")).unwrap_or_default();
        format!("{place} {} {}{hint}", found.code, found.message)
    };
    diagnostics.iter().map(shown).collect()
}

fn read(text: &str) -> Settings {
    Settings::from_yaml(text, "headsup.yml").unwrap().0
}

#[test]
fn right_files_are_read_without_a_word() {
    for text in GOOD {
        assert_eq!(problems(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn each_problem_is_told_with_place_reason_and_remedy() {
    for (text, expected) in BAD {
        let problems = problems(text);
        assert!(problems.len() == 1 && problems[0].starts_with(expected), "{text}\n{problems:#?}\n{expected}");
        assert!(Settings::from_yaml(text, "headsup.yml").is_err());
    }
}

#[test]
fn the_example_is_read_as_it_is_meant() {
    let settings = read(EXAMPLE);
    assert_eq!(settings.projects[0].kind, ProjectKind::Dbt { target: None });
    assert_eq!(settings.projects[1].dialect, Some(Dialect::DuckDb));
    assert_eq!(settings.projects[1].position, Position::new(5, 7));
    let job = &settings.jobs[0];
    assert_eq!((job.criticality, job.position), (Some(Criticality::Critical), Position::new(9, 13)));
    assert_eq!(job.columns["marts.fct_revenue"], ["revenue", "month"]);
    assert_eq!(settings.teams["finance"].standard, Some(Standard::Breaking));
    assert_eq!(settings.owner_of("models/finance/a/b.sql").unwrap().team.as_deref(), Some("finance"));
    assert!(settings.owner_of("models/core/a.sql").is_none());
    let Route::SlackWebhook { webhook_env, .. } = &settings.channels["slack-finance"].route else { panic!() };
    assert_eq!(webhook_env.as_str(), "SLACK_FINANCE_WEBHOOK");
}

#[test]
fn no_problem_hides_another() {
    let all: Vec<String> = problems(
        "version: 3\nprojects:\n  - {kind: dbtt, path: /x, dialect: no}\njobs:\n  - {nam: a, criticality: 1}\n  - 7\n  \
         - {name: b, team: nobody, reads: x}\nchannels:\n  a: {kind: fax, url: 'https://x'}\n  b: 3\nowners:\n  - {path: '[', who: me}\n",
    );
    let codes: Vec<&str> = all.iter().filter_map(|problem| problem.split(' ').nth(1)).collect();
    let expected = [
        "settings-version",
        "settings-value",
        "settings-value",
        "settings-value",
        "settings-unknown-key",
        "settings-missing",
        "settings-type",
        "settings-type",
        "settings-reference",
        "settings-type",
        "settings-value",
        "settings-secret",
        "settings-type",
        "settings-missing",
        "settings-glob",
        "settings-unknown-key",
    ];
    assert_eq!(codes, expected, "{all:#?}");
}

#[test]
fn a_secret_is_never_repeated() {
    for text in [
        "channels: {a: {kind: teams, webhook: s3cret}}",
        "channels: {a: {kind: https://x/s3cret}}",
        "channels: {a: {kind: slack, webhook_env: s3cret-value}}",
        "teams: {a: {channel: https://x/s3cret}}",
        "jobs: [{name: a, channel: xoxb-s3cret}]",
        "channels: {a: {kind: email, to: a@b.c, smtp: 'smtps://u:s3cret@h'}}",
    ] {
        let all = problems(text).join("\n");
        assert!(!all.is_empty() && !all.contains("s3cret"), "{text}: {all}");
    }
}

#[test]
fn of_several_owners_the_last_that_matches_wins() {
    let settings = read("owners: [{path: '**', owner: all}, {path: 'a/*.sql', owner: some}]");
    let owner = |path: &str| settings.owner_of(path).unwrap().owner.clone().unwrap();
    assert_eq!((owner("a/x.sql"), owner("a/b/x.sql")), ("some".to_owned(), "all".to_owned()));
}

#[test]
fn anchors_and_merge_keys_are_as_good_as_repetition() {
    let settings = read("jobs:\n  - &base {name: a, criticality: critical, owner: x}\n  - {<<: *base, name: b}\n");
    assert_eq!(settings.jobs[1].criticality, Some(Criticality::Critical));
    assert_eq!(settings.jobs[1].name, "b");
}

#[test]
fn tables_are_meant_by_name_or_by_path() {
    use headsup_lineage::name::RelationName;
    use headsup_lineage::relation::{Declaration, Relation, RelationId, RelationKind, Rung};
    let relation = Relation {
        id: RelationId::new("x"),
        name: RelationName::bare(Dialect::Snowflake, ["marts", "Orders"]),
        aliases: vec![RelationName::bare(Dialect::Snowflake, ["prod", "marts", "orders"])],
        kind: RelationKind::Model,
        rung: Rung::Open,
        project: Arc::from("shop"),
        writers: Vec::new(),
        declared_in: Some((Arc::from("models/marts/orders.sql"), Position::START)),
        schema: headsup_lineage::query::TableSchema::default(),
        declaration: Declaration::Described,
        config: BTreeMap::new(),
    };
    let fits = |pattern: &str| read(&format!("policy: {{public: ['{pattern}']}}")).policy.public[0].fits(&relation);
    for pattern in ["marts.*", "ORDERS", "o*s", "prod.marts.orders", "prod.**", "models/marts/*", "models/**"] {
        assert!(fits(pattern), "{pattern}");
    }
    for pattern in ["*.stg", "mart.*", "prod.*", "models/*", "marts/*"] {
        assert!(!fits(pattern), "{pattern}");
    }
}
