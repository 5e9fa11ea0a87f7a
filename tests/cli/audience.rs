//! Who hears what: owners by the rules that name them, standards, and jobs about which something is
//! amiss.

use crate::support::{Fixture, list, names, word};

/// A table, its reader, and a job for each standard.
const SETTINGS: &str = "version: 1
dialect: postgres
teams:
  touchy: { owner: touchy@example.com, standard: touched }
  careful: { owner: careful@example.com, standard: changed }
  usual: { owner: usual@example.com }
  calm: { owner: calm@example.com, standard: breaking }
jobs:
  - { name: one, team: touchy, reads: [revenue] }
  - { name: two, team: careful, reads: [revenue] }
  - { name: three, team: usual, reads: [revenue] }
  - { name: four, team: calm, reads: [revenue] }
";
const ORDERS: &str = "create table raw.orders (id int primary key, x int)";

#[test]
fn a_standard_says_how_much_is_heard() {
    let told = |reads: &str, path: &str, text: &str| {
        let settings = SETTINGS.replace("revenue", reads);
        let base = [
            ("headsup.yml", settings.as_str()),
            ("orders.sql", ORDERS),
            ("revenue.sql", "create view revenue as select sum(x) as x from raw.orders"),
            ("other.sql", "create view other as select 1 as x"),
        ];
        names(&Fixture::pair(&base, &[(path, text)]).json("impact")["headsups"], "owner").join(", ")
    };
    let everybody = "calm, careful, touchy, usual";
    assert_eq!(told("revenue", "other.sql", "create view other as select 2 as x"), "");
    let reworded = "CREATE TABLE raw.orders (id int primary key, x int) -- same";
    assert_eq!(told("revenue", "orders.sql", reworded), "touchy");
    let wider = "create table raw.orders (id int primary key, x int, y int)";
    assert_eq!(told("raw.orders", "orders.sql", wider), "careful, touchy, usual", "a new column breaks nothing");
    assert_eq!(told("revenue", "orders.sql", wider), "careful, touchy", "it does not read the new column");
    assert_eq!(told("raw.orders", "orders.sql", "create table raw.orders (id int primary key)"), everybody);
    let other_sum = "create view revenue as select sum(x) + 1 as x from raw.orders";
    assert_eq!(told("revenue", "revenue.sql", other_sum), "careful, touchy, usual", "another value breaks nothing");
}

#[test]
fn what_cannot_be_told_is_heard_as_the_owner_wants_it() {
    let heard = |of_team: &str, of_job: &str, surely: &str| {
        let settings = format!(
            "version: 1\ndialect: postgres\nteams: {{ t: {{ owner: t@example.com{of_team} }} }}\njobs:\n  \
             - {{ name: doubtful, team: t, reads: [torn]{of_job} }}\n  - {{ name: sure, team: t, reads: [plain] }}\n"
        );
        let torn = ("torn.sql", "create table torn as select ((2");
        let base = [
            ("headsup.yml", settings.as_str()),
            ("torn.sql", "create table torn as select ((1"),
            ("plain.sql", "create view plain as select 1 as x"),
        ];
        let report = Fixture::pair(&base, &[torn, ("plain.sql", surely)]).json("impact");
        let lines = list(&report["headsups"]).iter().map(|headsup| {
            let mentioned = headsup.get("mentioned").map(|found| names(found, "job")).unwrap_or_default();
            let body = word(&headsup["body"]);
            let checked = body.lines().find_map(|line| line.strip_prefix("Checked  ")).unwrap_or_default();
            format!("{} ({}) {checked}", names(&headsup["about"], "job").join(", "), mentioned.join(", "))
        });
        assert_eq!(report["jobs"][0]["reach"], "unknown", "the report shows it always");
        lines.collect::<Vec<_>>().join("; ")
    };
    let (same, other) = ("create view plain as select 1 as x", "create view plain as select 2 as x");
    assert_eq!(heard("", "", same), "doubtful () your other job is not reached");
    assert_eq!(heard("", ", unknown: mention", same), "", "nothing is sent for it alone");
    assert_eq!(heard("", ", unknown: mention", other), "sure (doubtful) whether doubtful is reached cannot be told");
    assert_eq!(heard(", unknown: mention", "", other), "sure (doubtful) whether doubtful is reached cannot be told");
    assert_eq!(heard("", ", unknown: ignore", other), "sure () ", "nothing is said of it, not even that it is spared");
    assert_eq!(heard(", unknown: ignore", ", unknown: notify", same), "doubtful () your other job is not reached");
    assert_eq!(heard("", ", unknown: ignore, standard: touched", same), "doubtful () your other job is not reached");
}

#[test]
fn a_branch_cannot_have_its_owner_hear_less_of_it() {
    let settings = |more: &str| {
        format!("version: 1\ndialect: postgres\njobs:\n  - {{ name: a, owner: a@example.com, reads: [t]{more} }}\n")
    };
    let (before, after) = (settings(""), settings(", standard: breaking, unknown: ignore"));
    let told = |old: &str, new: &str| {
        let base = [("headsup.yml", before.as_str()), ("t.sql", old)];
        let report = Fixture::pair(&base, &[("headsup.yml", &after), ("t.sql", new)]).json("impact");
        list(&report["headsups"]).len()
    };
    assert_eq!(told("create view t as select 1 as x", "create view t as select 2 as x"), 1);
    assert_eq!(told("create table t as select ((1", "create table t as select ((2"), 1);
}

#[test]
fn each_job_says_who_hears_of_it_and_why() {
    let settings = "version: 1
teams:
  finance: { owner: ann@example.com, channel: chat, standard: breaking, unknown: mention }
jobs:
  - { name: a, team: finance, reads: [t] }
  - { name: b, owner: Ann@example.com, standard: changed, reads: [t] }
  - { name: c, owner: bob, channel: mail, unknown: ignore, reads: [t] }
channels:
  chat: { kind: slack, webhook_env: CHAT }
  mail: { kind: email, to: bob@example.com }
  pr: { kind: github }
";
    let exposure = "exposures:\n  - name: d\n    type: dashboard\n    owner: { name: Dee, email: dee@example.com }\n    \
                    meta: { channel: '#dee' }\n    depends_on: [ref('t')]\n";
    let fixture = Fixture::new(&[
        ("headsup.yml", settings),
        ("dbt_project.yml", "name: shop\n"),
        ("models/t.sql", "select 1 as x"),
        ("models/e.yml", exposure),
    ]);
    insta::assert_snapshot!(fixture.text("jobs"), @"
    a
      owner     finance (ann@example.com, the job's `team`)
      told by   chat (slack; of the team); also pr, the comment on the pull request
      hears of  what is breaking, in passing where it cannot be told (of the team)
      reads     t (1 table upstream)
      from      headsup.yml:5

    b
      owner     finance (Ann@example.com, headsup.yml; the address is that of the
                team's owner)
      told by   chat (slack; of the team); also pr, the comment on the pull request
      hears of  what is changed (of the job), in passing where it cannot be told (of
                the team)
      reads     t (1 table upstream)
      from      headsup.yml:6

    c
      owner     bob (headsup.yml)
      told by   mail (email; of the job); also pr, the comment on the pull request
      hears of  what is reachable (the default), not where it cannot be told (of the
                job)
      reads     t (1 table upstream)
      from      headsup.yml:7

    d
      owner     Dee (owner of the exposure)
      told by   pr, the comment on the pull request
      hears of  what is reachable, also where it cannot be told (the default)
      reads     t (1 table upstream)
      from      models/e.yml:2

    4 jobs, 0 critical.
    ");
}

#[test]
fn an_owner_is_found_by_the_first_rule_that_names_one() {
    let exposure = |owner: &str| {
        format!("exposures:\n  - name: audit\n    type: dashboard\n{owner}    depends_on: [ref('revenue')]\n")
    };
    let owned = exposure("    owner: { name: By exposure }\n");
    let with_meta = exposure("    owner: { name: By exposure }\n    meta: { owner: By meta of the exposure }\n");
    let bare = exposure("");
    let group = "groups:\n  - name: g\n    owner: { name: By group }\nmodels:\n  - { name: revenue, group: g, config: { meta: { owner: By meta } } }\n";
    let meta = "models:\n  - { name: revenue, config: { meta: { owner: By meta } } }\n";
    let by_path = "version: 1\nowners:\n  - { path: \"models/**\", owner: By path }\n";
    let by_job = "version: 1\njobs:\n  - { name: audit, owner: By settings }\n";
    let owner = |settings: &str, exposures: &str, properties: &str| {
        let files = [
            ("dbt_project.yml", "name: shop\n"),
            ("models/revenue.sql", "select 1 as x"),
            ("models/exposures.yml", exposures),
            ("models/properties.yml", properties),
            ("headsup.yml", settings),
            ("CODEOWNERS", "*.md @writers\nmodels/ @by-codeowners\n"),
        ];
        let job = Fixture::new(&files).json("jobs")["jobs"][0].clone();
        format!("{} by {}", word(&job["owner"]), word(&job["owner_by"]))
    };
    assert_eq!(owner(by_job, &with_meta, group), "By settings by settings");
    assert_eq!(owner(by_path, &with_meta, group), "By meta of the exposure by exposure_meta");
    assert_eq!(owner(by_path, &owned, group), "By exposure by exposure");
    assert_eq!(owner(by_path, &bare, group), "By group by group");
    assert_eq!(owner(by_path, &bare, meta), "By meta by model_meta");
    assert_eq!(owner(by_path, &bare, ""), "By path by settings_path");
    assert_eq!(owner("version: 1\n", &bare, ""), "@by-codeowners by codeowners");
}

#[test]
fn what_is_amiss_with_a_job_is_told_and_counts_as_unknown() {
    let settings = "version: 1\ndialect: postgres\njobs:\n  - { name: lost, criticality: critical, reads: [marts.revenu] }\n  \
                    - { name: idle, owner: ann@example.com, reads: [] }\n";
    let base = [("headsup.yml", settings), ("a.sql", "create view marts.revenue as select 1 as x")];
    let fixture = Fixture::pair(&base, &[("a.sql", "create view marts.revenue as select 2 as x")]);
    insta::assert_snapshot!(fixture.diagnostics(), @"
    job-without-owner headsup.yml:4:13 the critical job `lost` has no owner: nobody would hear
    unknown-relation headsup.yml:4:13 the job `lost` reads `marts.revenu`, which nothing here builds or reads
    job-without-reads headsup.yml:5:13 nothing says what the job `idle` reads, so any change may reach it
    ");
    insta::assert_snapshot!(fixture.verdict("impact"), @"
    modified marts.revenue: revalued x
    unknown idle
    unknown lost
    ");
    insta::assert_snapshot!(fixture.text("jobs"), @"
    idle
      owner     ann@example.com (headsup.yml)
      told by   nothing: no channel is set
      hears of  what is reachable, also where it cannot be told (the default)
      reads     nothing that is known here
      from      headsup.yml:5

    lost  critical
      owner     nobody: give it a `team` or an `owner` in headsup.yml
      told by   nothing: no channel is set
      hears of  what is reachable, also where it cannot be told (the default)
      reads     nothing that is known here
      from      headsup.yml:4

    2 jobs, 1 critical, 1 without an owner.
    ");
    let told = names(&fixture.json("impact")["headsups"], "owner");
    assert_eq!(told, ["ann@example.com"], "nobody is known to tell of the other");
}

#[test]
fn one_owner_of_several_jobs_gets_one_message() {
    let settings = "version: 1\ndialect: postgres\nteams:\n  finance: { owner: f@example.com, channel: chat }\n\
                    channels:\n  chat: { kind: slack, webhook_env: CHAT }\njobs:\n  \
                    - { name: a, team: finance, reads: [t] }\n  - { name: b, team: finance, criticality: critical, reads: [u] }\n  \
                    - { name: c, team: finance, reads: [other] }\n";
    let base = [
        ("headsup.yml", settings),
        ("t.sql", "select 1 as x"),
        ("u.sql", "select x from t"),
        ("other.sql", "select 1 as x"),
    ];
    let fixture = Fixture::pair(&base, &[("t.sql", "select 2 as x")]).with("CHAT", "https://chat.example/secret");
    let report = fixture.json("impact");
    let [headsup] = list(&report["headsups"]) else { panic!("one message: {report}") };
    assert_eq!((word(&headsup["owner"]), word(&headsup["channel"])), ("finance".to_owned(), "chat".to_owned()));
    assert_eq!(headsup["jobs"], serde_json::json!(["b", "a"]));
    insta::assert_snapshot!(word(&headsup["subject"]), @"a change to t reaches b and 1 more of your jobs");
    insta::assert_snapshot!(word(&headsup["body"]), @"
    What     t: column x may differ: the expression changed from `1` to `2`
    For you  b reads u, which is built from t: x may differ
    For you  a reads t: x may differ
    Known by which columns and rows depend on which, in the SQL of both versions
    Who      change, not merged into main yet
    Do       nothing if the timing is fine; otherwise answer before it is merged
    Checked  your other job is not reached
    ");
    assert!(!fixture.text("jobs -v").contains("secret"));
}

#[test]
fn a_job_that_head_takes_away_is_judged_all_the_same() {
    let exposure = "exposures:\n  - name: audit\n    type: dashboard\n    owner: { email: finance@example.com }\n    depends_on: [ref('b')]\n";
    let base = [
        ("dbt_project.yml", "name: shop\n"),
        ("models/a.sql", "select 1 as x"),
        ("models/b.sql", "select x from {{ ref('a') }}"),
        ("models/e.yml", exposure),
    ];
    let gone = crate::support::GONE;
    let with_its_table = Fixture::pair(&base, &[("models/e.yml", gone), ("models/b.sql", gone)]);
    insta::assert_snapshot!(with_its_table.verdict("impact"), @"
    removed b: removed
    reached audit by b
    ");
    let alone = Fixture::pair(&base, &[("models/e.yml", gone)]);
    insta::assert_snapshot!(alone.verdict("impact"), @"not_reached audit");
    let settings =
        "version: 1\njobs:\n  - { name: report, owner: finance@example.com, criticality: critical, reads: [b] }\n";
    let base = [&base[..3], &[("headsup.yml", settings)]].concat();
    let change = [("headsup.yml", "version: 1\n"), ("models/a.sql", "select 2 as x")];
    let silenced = Fixture::pair(&base, &change);
    assert_eq!(silenced.run("impact --fail-on critical").code, 1, "a branch cannot strike a job off its own list");
    assert_eq!(names(&silenced.json("impact")["headsups"], "owner"), ["finance@example.com"]);
    let mended = Fixture::pair(&[base[1], ("headsup.yml", "version: 7\n")], &[("headsup.yml", "version: 1\n")]);
    assert_eq!(mended.run("impact").code, 0);
}
