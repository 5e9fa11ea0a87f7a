//! `headsup replay`: how many messages a history would have sent, and that each commit is judged as
//! `impact` judges it.

use serde_json::Value;

use crate::support::{File, Fixture, GONE, list, word};

/// Two teams with a job each, one of them critical, and a job of nobody.
const SHOP: &[File] = &[
    (
        "headsup.yml",
        "version: 1\ndialect: postgres\nprojects: [{ kind: sql, path: models, name: \"{parent}.{stem}\" }]\n\
         teams: { finance: {}, marketing: {} }\n\
         jobs:\n  - { name: audit, team: finance, criticality: critical, reads: [marts.revenue] }\n  \
         - { name: newsletter, team: marketing, reads: [marts.audience] }\n",
    ),
    ("models/core/orders.sql", "select id, amount, note from raw.orders"),
    ("models/core/people.sql", "select id, mail from raw.people"),
    ("models/marts/revenue.sql", "select sum(amount) as revenue from core.orders"),
    ("models/marts/audience.sql", "select mail from core.people"),
];

/// A quarter of a shop's history; the commit of the incident is called `joined`.
pub(crate) fn quarter() -> Fixture {
    let fixture = Fixture::new(SHOP);
    let day = |days, message, files: &[File]| fixture.day(days, message, files).to_string();
    day(3, "Format the orders (#11)", &[("models/core/orders.sql", "select id,\n  amount,\n  note\nfrom raw.orders")]);
    day(5, "Say what this is", &[("readme.md", "A shop.")]);
    day(
        9,
        "Shorten notes (#12)",
        &[("models/core/orders.sql", "select id, amount, left(note, 80) as note from raw.orders")],
    );
    let joined = day(
        20,
        "Add refunds to the orders (#14)",
        &[(
            "models/core/orders.sql",
            "select o.id, o.amount, left(o.note, 80) as note from raw.orders o left join raw.refunds r on r.order_id = o.id",
        )],
    );
    day(
        23,
        "Revert refunds (#15)\n\nReviewed-by: Bob",
        &[("models/core/orders.sql", "select id, amount, left(note, 80) as note from raw.orders")],
    );
    day(
        40,
        "Mails in lower case (#19)",
        &[("models/core/people.sql", "select id, lower(mail) as mail from raw.people")],
    );
    day(41, "Give up the audience", &[("models/marts/audience.sql", GONE)]);
    day(47, "Give it back", &[("models/marts/audience.sql", "select mail from core.people")]);
    day(
        70,
        "Mails of orders",
        &[("models/core/orders.sql", "select id, amount, left(note, 80) as note, mail from raw.orders")],
    );
    {
        let repository = fixture.repository();
        let commit = repository.revparse_single(&joined).unwrap();
        repository.tag_lightweight("joined", &commit, false).unwrap();
    }
    fixture
}

#[test]
fn a_history_for_a_person() {
    insta::assert_snapshot!(quarter().text("replay --incident joined"), @"
    2026-01-04 to 2026-03-12: 9 commits came to the branch, 7 of them change a
    table. Messages to the owners of the jobs of today, if all had one standard:

    finance, 1 job
      touched    ████████████████████████████████████████      5    0.5 a week
      changed    ████████████████████████████████              4    0.4 a week
      reachable  ████████████████                              2    0.2 a week
      breaking                                                 0    0.0 a week

    marketing, 1 job
      touched    ████████████████████████                      3    0.3 a week
      changed    ████████████████████████                      3    0.3 a week
      reachable  ████████████████████████                      3    0.3 a week
      breaking   ████████                                      1    0.1 a week

    all 2 teams and owners
      touched    ████████████████████████████████████████      8    0.8 a week
      changed    ███████████████████████████████████           7    0.7 a week
      reachable  █████████████████████████                     5    0.5 a week
      breaking   █████                                         1    0.1 a week

    incident  2026-01-21  1f3d2f2  Add refunds to the orders (#14)
      core.orders: rows may be duplicated: the join to refunds on (order_id) is not
      on a unique key
      touched    finance: a change to core.orders reaches audit
      changed    finance: a change to core.orders reaches audit
      reachable  finance: a change to core.orders reaches audit
      breaking   nobody

    The quietest standard that includes the incident is `reachable`: 5 messages in
    all, 0.5 a week.

    Owners were told, under `reachable`, of
      2026-01-21  1f3d2f2  Add refunds to the orders (#14): 1 owner
      2026-01-24  4d2a8a7  Revert refunds (#15): 1 owner
      2026-02-10  00ae856  Mails in lower case (#19): 1 owner
      2026-02-11  c5d6f22  Give up the audience: 1 owner
      2026-02-17  353bfb2  Give it back: 1 owner
    ");
}

#[test]
fn by_month_and_only_some_of_it() {
    let fixture = quarter();
    insta::assert_snapshot!(fixture.text("replay --by month --since 2026-01-10 --quiet"), @"
    2026-01-10 to 2026-03-12: 7 commits came to the branch, 7 of them change a
    table. Messages to the owners of the jobs of today, if all had one standard:

    finance, 1 job
      touched    ████████████████████████████████████████      4    0.4 a week
      changed    ████████████████████████████████████████      4    0.4 a week
      reachable  ████████████████████                          2    0.2 a week
      breaking                                                 0    0.0 a week

    marketing, 1 job
      touched    ██████████████████████████████                3    0.3 a week
      changed    ██████████████████████████████                3    0.3 a week
      reachable  ██████████████████████████████                3    0.3 a week
      breaking   ██████████                                    1    0.1 a week

    all 2 teams and owners
      touched    ████████████████████████████████████████      7    0.8 a week
      changed    ████████████████████████████████████████      7    0.8 a week
      reachable  █████████████████████████████                 5    0.6 a week
      breaking   ██████                                        1    0.1 a week

    from        commits  touched  changed  reachable  breaking
    2026-01-01  3        3        3        2          0
    2026-02-01  3        3        3        3          1
    2026-03-01  1        1        1        0          0
    ");
}

#[test]
fn everything_that_was_said() {
    insta::assert_snapshot!(quarter().text("replay -v --since joined --until 2026-02-20"), @"
    2026-01-24 to 2026-02-20: 4 commits came to the branch, 4 of them change a
    table. Messages to the owners of the jobs of today, if all had one standard:

    finance, 1 job
      touched    ██████████████                                1    0.2 a week
      changed    ██████████████                                1    0.2 a week
      reachable  ██████████████                                1    0.2 a week
      breaking                                                 0    0.0 a week

    marketing, 1 job
      touched    ████████████████████████████████████████      3    0.8 a week
      changed    ████████████████████████████████████████      3    0.8 a week
      reachable  ████████████████████████████████████████      3    0.8 a week
      breaking   ██████████████                                1    0.2 a week

    all 2 teams and owners
      touched    ████████████████████████████████████████      4    1.0 a week
      changed    ████████████████████████████████████████      4    1.0 a week
      reachable  ████████████████████████████████████████      4    1.0 a week
      breaking   ██████████                                    1    0.2 a week

    Owners were told, under `reachable`, of
      2026-01-24  4d2a8a7  Revert refunds (#15): 1 owner
                         finance: a change to core.orders reaches audit
      2026-02-10  00ae856  Mails in lower case (#19): 1 owner
                         marketing: a change to core.people reaches newsletter
      2026-02-11  c5d6f22  Give up the audience: 1 owner
                         marketing: a change to marts.audience reaches newsletter
      2026-02-17  353bfb2  Give it back: 1 owner
                         marketing: a change to marts.audience reaches newsletter
    ");
}

#[test]
fn for_a_page_and_a_spreadsheet() {
    let fixture = quarter();
    insta::assert_snapshot!(fixture.text("replay --incident joined=audit --format markdown").replace('\u{200b}', ""), @r#"
    ## Replay

    2026-01-04 to 2026-03-12: 9 commits came to the branch, 7 of them change a table. Messages to the owners of the jobs of today, if all had one standard:

    | team | jobs | touched | changed | reachable | breaking | reachable a week | in doubt |
    | --- | --- | --- | --- | --- | --- | --- | --- |
    | finance | 1 | 5 | 4 | 2 | 0 | 0.2 | 0 |
    | marketing | 1 | 3 | 3 | 3 | 1 | 0.3 | 0 |
    | **all** |  | 8 | 7 | 5 | 1 | 0.5 | 0 |

    ### 2026-01-21 Add refunds to the orders

    `1f3d2f2`: core.orders: rows may be duplicated: the join to refunds on \(order\_id\) is not on a unique key

    | standard | who would have been told |
    | --- | --- |
    | touched | finance: a change to core.orders reaches audit |
    | changed | finance: a change to core.orders reaches audit |
    | reachable | finance: a change to core.orders reaches audit |
    | breaking | nobody |

    The quietest standard that includes the incident is `reachable`: 5 messages in all, 0.5 a week.
    "#);
    let rows = fixture.text("replay --since joined --format csv");
    let without_ids = |line: &str| {
        line.split(',').enumerate().filter(|(at, _)| *at != 1).map(|(_, cell)| cell).collect::<Vec<_>>().join(",")
    };
    insta::assert_snapshot!(rows.lines().map(without_ids).collect::<Vec<_>>().join("\n"), @"
    day,author,subject,request,team,touched,changed,reachable,breaking,jobs reached
    2026-01-24,Ann,Revert refunds,15,finance,1,1,1,0,audit
    2026-02-10,Ann,Mails in lower case,19,marketing,1,1,1,0,newsletter
    2026-02-11,Ann,Give up the audience,,marketing,1,1,1,1,newsletter
    2026-02-17,Ann,Give it back,,marketing,1,1,1,0,newsletter
    2026-03-12,Ann,Mails of orders,,finance,1,1,0,0,
    ");
    let picture = fixture.text("replay --format svg");
    assert!(picture.starts_with("<svg ") && picture.contains(">finance</text>"), "{picture}");
}

#[test]
fn an_incident_that_nobody_would_have_heard_of() {
    let fixture = quarter();
    let text = fixture.text("replay --incident joined=newsletter --quiet");
    assert!(text.contains("No standard includes the incident"), "{text}");
    insta::assert_snapshot!(fixture.error("replay --incident joined=newletter"), @"
    exit 2
    error: in `joined=newletter`, nothing in all that time touched a job called `newletter`
    hint: did you mean `newsletter`?
    ");
    insta::assert_snapshot!(fixture.error("replay --incident nowhere"), @"
    exit 2
    error: no branch, tag or commit is called `nowhere`
    hint: if it is a branch of the remote, run `git fetch origin nowhere` first
    ");
    insta::assert_snapshot!(fixture.error("replay --since 2027-01-01"), @"
    exit 2
    error: there are no commits in that time
    hint: --since and --until take a day such as 2026-01-31, or a revision
    ");
    insta::assert_snapshot!(fixture.error("replay --format dot"), @"
    exit 2
    error: `headsup replay` has no form `dot`
    hint: --format is one of text, markdown, json, csv, svg
    ");
}

/// SQL that was never understood: whatever changes in it may reach whom it feeds.
fn doubtful(unknown: &str) -> Fixture {
    let settings = SHOP[0].1.replace("finance: {}", &format!("finance: {{ unknown: {unknown} }}"));
    let torn = |text: &'static str| ("models/core/orders.sql", text);
    let mut files = SHOP.to_vec();
    files[0].1 = &settings;
    files[1] = torn("select ((( amount from raw.orders");
    let fixture = Fixture::new(&files);
    fixture.day(3, "Another column", &[torn("select ((( amounts from raw.orders")]);
    fixture.day(9, "And another", &[torn("select ((( price from raw.orders")]);
    fixture
}

#[test]
fn messages_that_are_sent_in_doubt() {
    insta::assert_snapshot!(doubtful("notify").text("replay --quiet"), @"
    2026-01-04 to 2026-01-10: 2 commits came to the branch, 2 of them change a
    table. Messages to the owners of the jobs of today, if all had one standard:

    finance, 1 job
      touched    ████████████████████████████████████████      2    2.0 a week
      changed    ████████████████████████████████████████      2    2.0 a week
      reachable  ████████████████████████████████████████      2    2.0 a week
      breaking   ████████████████████████████████████████      2    2.0 a week

    2 of 2 messages under `reachable` are sent because it cannot be told whether the
    change arrives:
          2  core.orders: its SQL is understood in part only, and its text differs
      A team or a job with `unknown: mention` in headsup.yml is spared these;
      `headsup doctor` says what cannot be read.
    ");
    insta::assert_snapshot!(doubtful("ignore").text("replay --quiet"), @"
    2026-01-04 to 2026-01-10: 2 commits came to the branch, 2 of them change a
    table. Messages to the owners of the jobs of today, if all had one standard:

    finance, 1 job
      touched    ████████████████████████████████████████      2    2.0 a week
      changed                                                  0    0.0 a week
      reachable                                                0    0.0 a week
      breaking                                                 0    0.0 a week
    ");
}

/// Each commit by itself, as `impact` sees it.
fn alone(fixture: &Fixture, base: &str, head: &str) -> Vec<String> {
    let report = fixture.json(&format!("impact --base exact:{base} --head {head}"));
    let mut lines: Vec<String> = list(&report["changes"])
        .iter()
        .map(|change| format!("{} {}", word(&change["relation"]), kinds(&change["effects"])))
        .collect();
    for job in list(&report["jobs"]) {
        if job["reach"] != "not_reached" {
            lines.push(format!("{} {} {}", word(&job["job"]), word(&job["reach"]), kinds(&job["effects"])));
        }
    }
    // All jobs here have the standard `reachable`.
    lines.extend(
        list(&report["headsups"]).iter().map(|sent| format!("{}: {}", word(&sent["owner"]), word(&sent["subject"]))),
    );
    lines
}

fn kinds(effects: &Value) -> String {
    let kind = |effect: &Value| format!("{} {}", word(&effect["effect"]), effect["column"].as_str().unwrap_or("-"));
    list(effects).iter().map(kind).collect::<Vec<_>>().join(", ")
}

fn together(passage: &Value) -> Vec<String> {
    let mut lines: Vec<String> = list(&passage["changes"])
        .iter()
        .map(|change| format!("{} {}", word(&change["relation"]), kinds(&change["effects"])))
        .collect();
    for job in list(&passage["jobs"]) {
        if job["reach"] != "not_reached" {
            lines.push(format!("{} {} {}", word(&job["job"]), word(&job["reach"]), kinds(&job["effects"])));
        }
    }
    let told = list(&passage["messages"]).iter().filter(|sent| sent["standard"] == "reachable");
    lines.extend(told.map(|sent| format!("{}: {}", word(&sent["owner"]), word(&sent["subject"]))));
    lines
}

#[test]
fn each_commit_is_judged_as_impact_judges_it() {
    let fixture = quarter();
    // The first run finds, the second remembers.
    for jobs in ["then", "now", "then"] {
        let report = fixture.json(&format!("replay --jobs-from {jobs}"));
        let passages = list(&report["passages"]);
        assert_eq!(passages.len(), 8, "{jobs}");
        for passage in passages {
            let (base, head) = (word(&passage["base"]), word(&passage["commit"]["id"]));
            assert_eq!(together(passage), alone(&fixture, &base, &head), "{jobs}: {}", passage["commit"]["subject"]);
        }
    }
    // Some of the commits are known, and what is said of them is the same.
    let some = fixture.json("replay --since joined --jobs-from then");
    let anew = fixture.json("replay --since joined --jobs-from then --no-cache");
    assert_eq!(some, anew);
    assert!(fixture.repository().statuses(None).unwrap().is_empty(), "nothing is written into the repository");
}

#[test]
fn what_moves_is_asked_again() {
    let fixture = quarter();
    let commits = |fixture: &Fixture| fixture.json("replay")["commits"].as_u64().unwrap();
    let before = commits(&fixture);
    fixture.day(75, "One more", &[("models/core/new.sql", "select 1 as one")]);
    assert_eq!(commits(&fixture), before + 1);
    let repository = fixture.repository();
    let head = repository.revparse_single("HEAD~1").unwrap();
    let since = |fixture: &Fixture| fixture.json("replay --since joined")["commits"].as_u64().unwrap();
    let before = since(&fixture);
    repository.tag_lightweight("joined", &head, true).unwrap();
    assert!(since(&fixture) < before);
}
