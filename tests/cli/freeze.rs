//! Freezes and sign-offs: when a change is held up, for which jobs, and what lifts that.

use serde_json::Value;

use crate::support::{Fixture, list, word};

const SETTINGS: &str = "version: 1
dialect: postgres
calendar: { time_zone: Europe/Berlin, holidays: [2026-11-30] }
teams:
  finance: { owner: finance@example.com, channel: out, freeze: month-end-2bd..month-start+3, sign_off: [ann, '@Bob'] }
jobs:
  - { name: audit, team: finance, criticality: critical, reads: [revenue] }
  - { name: board, team: finance, freeze: [], sign_off: [], reads: [revenue] }
  - { name: stock, owner: stock@example.com, freeze: friday 16:00..monday 08:00, reads: [items] }
channels: { out: { kind: stdout } }
";
const REVENUE: (&str, &str) = ("revenue.sql", "create view revenue as select sum(x) + 1 as x from orders");
/// Finance is frozen; stock is not.
const FROZEN: &str = "--now 2026-12-01T12:00:00Z";
/// Nothing is frozen.
const OPEN: &str = "--now 2026-11-10T12:00:00Z";

fn fixture(change: &[(&str, &str)]) -> Fixture {
    let base = [
        ("headsup.yml", SETTINGS),
        ("orders.sql", "create table orders (id int primary key, x int)"),
        ("revenue.sql", "create view revenue as select sum(x) as x from orders"),
        ("items.sql", "create view items as select 1 as x"),
    ];
    Fixture::pair(&base, change)
}

fn code(fixture: &Fixture, arguments: &str) -> i32 {
    fixture.run(arguments).code
}

fn hold(fixture: &Fixture, arguments: &str) -> Value {
    let report = fixture.json(arguments);
    list(&report["jobs"]).iter().find(|job| job["job"] == "audit").unwrap()["hold"].clone()
}

#[test]
fn a_frozen_job_holds_up_what_reaches_it_and_nothing_else() {
    let reaching = fixture(&[REVENUE]);
    assert_eq!(code(&reaching, &format!("impact {FROZEN} --fail-on freeze")), 1);
    assert_eq!(code(&reaching, &format!("impact {OPEN} --fail-on freeze")), 0, "the window is over");
    assert_eq!(code(&reaching, &format!("impact {FROZEN}")), 0, "nobody asked");
    let elsewhere = fixture(&[("items.sql", "create view items as select 2 as x")]);
    assert_eq!(code(&elsewhere, &format!("impact {FROZEN} --fail-on freeze,sign-off")), 0, "another job is frozen");
    assert_eq!(code(&elsewhere, "impact --now 2026-11-27T16:00:00Z --fail-on freeze"), 1, "Friday, five in Berlin");
    assert_eq!(code(&elsewhere, "impact --now 2026-11-27T14:59:00Z --fail-on freeze"), 0);
    let silent = fixture(&[("revenue.sql", "create view revenue as select sum( x ) as x from orders -- sum")]);
    assert_eq!(code(&silent, &format!("impact {FROZEN} --fail-on freeze,sign-off,reached")), 0, "nothing changed");
    let lifted = SETTINGS.replace(", freeze: month-end-2bd..month-start+3, sign_off: [ann, '@Bob']", "");
    let cunning = fixture(&[REVENUE, ("headsup.yml", &lifted)]);
    assert_eq!(
        code(&cunning, &format!("impact {FROZEN} --fail-on freeze")),
        1,
        "a branch does not lift its own freeze"
    );
    let usurped = fixture(&[REVENUE, ("headsup.yml", &SETTINGS.replace("[ann, '@Bob']", "[mallory]"))]);
    assert_eq!(hold(&usurped, &format!("impact {FROZEN}"))["sign_off"], serde_json::json!(["ann", "@Bob"]));
}

#[test]
fn a_sign_off_is_needed_in_any_season() {
    let fixture = fixture(&[REVENUE]);
    assert_eq!(code(&fixture, &format!("impact {OPEN} --fail-on sign-off")), 1);
    assert_eq!(code(&fixture, &format!("impact {OPEN} --fail-on never,sign-off")), 1);
    assert_eq!(code(&fixture, &format!("notify {OPEN} --fail-on sign-off")), 1, "after all is sent");
    assert_eq!(code(&fixture, &format!("notify {OPEN} --dry-run --fail-on freeze")), 0);
}

#[test]
fn an_approval_lifts_it_until_something_else_reaches() {
    let fixture = fixture(&[REVENUE]);
    let said = fixture.text(&format!("approve --as BOB {FROZEN}"));
    insta::assert_snapshot!(said, @"
    change → main
      @Bob approves it for audit, which is frozen until the end of Fri 4 December
        2026 (Europe/Berlin)
    A push that changes what reaches these jobs asks again.
    ");
    assert_eq!(code(&fixture, &format!("impact {FROZEN} --fail-on freeze,sign-off")), 0);
    assert_eq!(hold(&fixture, &format!("impact {FROZEN}"))["approved_by"], serde_json::json!(["@Bob"]));
    let formatted = "create view revenue\nas select sum(x) + 1 AS x\nFROM orders -- one more";
    fixture.write("revenue.sql", formatted);
    fixture.write("items.sql", "create view items as select 3 as x");
    assert_eq!(code(&fixture, &format!("impact {FROZEN} --fail-on sign-off")), 0, "the same reaches it");
    fixture.write("revenue.sql", "create view revenue as select sum(x) + 2 as x from orders");
    assert_eq!(code(&fixture, &format!("impact {FROZEN} --fail-on sign-off")), 1, "what reaches it differs");
    fixture.write("revenue.sql", formatted);
    assert_eq!(
        code(&fixture, &format!("impact {FROZEN} --ledger other.db --fail-on freeze")),
        1,
        "nothing is known there"
    );
    assert_eq!(code(&fixture, &format!("impact {FROZEN} --fail-on freeze")), 0);
}

#[test]
fn only_those_who_are_named_approve() {
    let fixture = fixture(&[REVENUE]);
    insta::assert_snapshot!(fixture.error("approve --as mallory --for audit"), @"
    exit 2
    error: `mallory` does not sign off `audit`
    hint: that is for ann or @Bob
    ");
    insta::assert_snapshot!(fixture.error("approve --as ann --for audits"), @"
    exit 2
    error: no job is called `audits`
    hint: did you mean `audit`?
    ");
    let stock = self::fixture(&[("items.sql", "create view items as select 2 as x")]);
    insta::assert_snapshot!(stock.error("approve --as ann --for stock --now 2026-11-28T12:00:00Z"), @"
    exit 2
    error: nobody signs off `stock`
    hint: name people under `sign_off` in headsup.yml
    ");
    insta::assert_snapshot!(fixture.text("approve --as mallory"), @"
    change → main
    Nothing that the change reaches waits for this word.
    ");
    assert!(!fixture.root().join(".headsup").exists(), "nothing was noted");
    assert_eq!(fixture.text("approve --as ann --for stock"), fixture.text("approve --as mallory"), "it is not reached");
}

#[test]
fn reports_and_messages_say_what_is_held_up_and_whose_word_is_missing() {
    let fixture = fixture(&[REVENUE]);
    insta::assert_snapshot!(fixture.text(&format!("impact -v {FROZEN}")), @"
    change → main: 1 file differs, 1 table changed

      revenue  column x may differ: the expression changed from `sum(orders.x)` to
               `sum(orders.x) + 1` (revenue.sql)

    REACHED  audit  critical · finance · tell out
             revenue.x → audit
             x may differ.
             FROZEN until the end of Fri 4 December 2026 (Europe/Berlin), by
               month-end-2bd..month-start+3; waits for the approval of ann or @Bob.

    REACHED  board  finance · tell out
             revenue.x → board
             x may differ.

    Not reached: 1 job: stock.

    To finance (out):
      Heads-up: a change to revenue reaches audit and 1 more of your jobs
      What     revenue: column x may differ: the expression changed from
               `sum(orders.x)` to `sum(orders.x) + 1`
      For you  audit reads revenue: x may differ
      For you  board reads revenue: x may differ
      Frozen   audit, until the end of Fri 4 December 2026 (Europe/Berlin); waits
               for the approval of ann or @Bob
      Known by which columns and rows depend on which, in the SQL of both versions
      Who      change, not merged into main yet
      Do       nothing if the timing is fine; otherwise answer before it is merged

    2 models read: 2 with all columns.
    ");
    let markdown = fixture.text(&format!("impact --format markdown {OPEN}"));
    assert!(markdown.contains("x may differ; **sign-off** waits for the approval of ann or @"), "{markdown}");
    fixture.text(&format!("approve --as ann {FROZEN}"));
    let hold = fixture.text(&format!("impact {FROZEN}"));
    assert!(
        hold.contains("frozen until the end of Fri 4 December 2026 (Europe/Berlin)")
            && hold.contains("approved by ann"),
        "{hold}"
    );
    let shown = fixture.text(&format!("notify --dry-run {FROZEN}"));
    assert!(
        shown.contains("approved\n             by ann") && shown.contains("nothing, if this is what you expect"),
        "{shown}"
    );
}

#[test]
fn jobs_say_when_they_are_frozen() {
    let fixture = fixture(&[]);
    let frozen = |arguments: &str| {
        let report = fixture.json(arguments);
        let line = |job: &Value| {
            let said = job["freeze"].get("frozen").or_else(|| job["freeze"].get("next"));
            format!("{}: {}", word(&job["job"]), said.map_or("never".to_owned(), word))
        };
        list(&report["jobs"]).iter().map(line).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(frozen(&format!("jobs {FROZEN}")), @"
    audit: until the end of Fri 4 December 2026 (Europe/Berlin)
    board: never
    stock: from Fri 4 December 2026 16:00 (Europe/Berlin)
    ");
    insta::assert_snapshot!(frozen(&format!("jobs {OPEN}")), @"
    audit: from Wed 25 November 2026 (Europe/Berlin)
    board: never
    stock: from Fri 13 November 2026 16:00 (Europe/Berlin)
    ");
    insta::assert_snapshot!(fixture.text(&format!("jobs {FROZEN}")).split("\n\n").next().unwrap(), @"
    audit  critical
      owner     finance (finance@example.com, the job's `team`)
      told by   out (stdout; of the team)
      hears of  what is reachable, also where it cannot be told (the default)
      frozen    month-end-2bd..month-start+3 (of the team): now, until the end of
                Fri 4 December 2026 (Europe/Berlin)
      sign-off  by ann or @Bob (of the team)
      reads     revenue (2 tables upstream)
      from      headsup.yml:7
    ");
    assert!(fixture.run("jobs --now yesterday").stderr.contains("--now"));
}
