//! Digests: what is not urgent is kept, told together when it is due, and dropped where it no longer holds.

use serde_json::{Value, json};

use crate::http::{Answer, Server};
use crate::ledger::{headsup, outcomes, report};
use crate::places::HOOK;
use crate::support::{Fixture, list, word};

/// Monday morning, before eight; and the days after.
const MONDAY: &str = "--now 2026-11-23T07:00:00Z";
const LATER: &str = "--now 2026-11-23T07:30:00Z";
const DUE: &str = "--now 2026-11-23T08:00:00Z";
const NEXT_WEEK: &str = "--now 2026-11-30T09:00:00Z";

/// A heads-up that is not urgent.
fn calm(owner: &str, channel: &str, happens: &str) -> Value {
    let mut headsup = headsup(owner, channel, happens);
    headsup["about"][0]["criticality"] = json!("normal");
    headsup
}

fn fixture(headsups: &[Value]) -> Fixture {
    let settings = "version: 1\nteams:\n  finance: { digest: daily, channel: out }\nchannels:\n  \
                    out: { kind: file, path: out.txt }\n  weekly: { kind: file, path: weekly.txt, digest: weekly }\n  \
                    plain: { kind: file, path: plain.txt }\n";
    let fixture = Fixture::new(&[("headsup.yml", settings), ("a.sql", "create view a as select 1 as x")]);
    write(&fixture, "report.json", "optimise-orders", headsups);
    fixture
}

fn write(fixture: &Fixture, path: &str, head: &str, headsups: &[Value]) {
    fixture.write(path, report(headsups).replace("optimise-orders", head));
}

/// The outcomes of a run, without reasons.
fn of(fixture: &Fixture, arguments: &str) -> Vec<String> {
    let (all, _) = outcomes(fixture, arguments);
    all.into_iter().map(|line| line.split(':').next().unwrap().to_owned()).collect()
}

fn read(fixture: &Fixture, path: &str) -> String {
    std::fs::read_to_string(fixture.root().join(path)).unwrap_or_default()
}

#[test]
fn what_is_not_urgent_is_told_together_when_it_is_due() {
    let fixture = fixture(&[calm("finance", "out", "tax may differ"), calm("sales", "plain", "x may differ")]);
    let (said, _) = outcomes(&fixture, &format!("notify --from report.json {MONDAY}"));
    assert_eq!(
        said,
        ["finance collected: it is not urgent; the digest is due Mon 23 November 2026, 08:00 (UTC)", "sales sent"]
    );
    write(&fixture, "other.json", "rename-column", &[calm("finance", "out", "revenue may differ")]);
    assert_eq!(of(&fixture, &format!("notify --from other.json {LATER}")), ["finance collected"]);
    assert_eq!(of(&fixture, &format!("notify --from other.json {LATER}")), ["finance collected"], "it waits already");
    assert_eq!(read(&fixture, "out.txt"), "");
    let waiting = fixture.json("outbox");
    assert_eq!(list(&waiting["collected"]).len(), 2, "{waiting}");
    assert_eq!(waiting["collected"][0]["due"], "2026-11-23T08:00:00Z");
    assert_eq!(of(&fixture, &format!("outbox --due {LATER}")), Vec::<String>::new());
    assert_eq!(of(&fixture, &format!("outbox --due {DUE}")), ["finance sent"]);
    let shown = read(&fixture, "out.txt");
    let shown: Vec<&str> = shown.lines().filter(|line| !line.starts_with("-- ")).collect();
    insta::assert_snapshot!(shown.join("\n"), @"
    To finance:
    Digest: 2 changes for finance
    Changes  optimise-orders: finance_report reads marts.fct_revenue.revenue, which
             is made from core.orders: tax may differ
             rename-column: finance_report reads marts.fct_revenue.revenue, which is
             made from core.orders: revenue may differ
    Do       nothing, if this is what you expect; otherwise answer where the change
             is
    ");
    assert_eq!(of(&fixture, &format!("outbox --due {DUE}")), Vec::<String>::new(), "once");
    assert_eq!(
        of(&fixture, &format!("notify --from report.json {DUE}")),
        ["finance already_told", "sales already_told"]
    );
    // What changes after that is news again.
    write(&fixture, "report.json", "optimise-orders", &[calm("finance", "out", "tax is null")]);
    assert_eq!(of(&fixture, &format!("notify --from report.json {DUE}")), ["finance collected", "sales sent"]);
}

#[test]
fn any_run_sends_what_is_due() {
    let fixture = fixture(&[calm("sales", "weekly", "x may differ")]);
    assert_eq!(of(&fixture, &format!("notify --from report.json {DUE}")), ["sales collected"]);
    write(&fixture, "other.json", "rename-column", &[]);
    assert_eq!(of(&fixture, &format!("notify --from other.json {DUE}")), Vec::<String>::new());
    assert_eq!(of(&fixture, &format!("notify --from other.json {NEXT_WEEK}")), ["sales sent"]);
    assert!(read(&fixture, "weekly.txt").contains("Digest: 1 change for sales"));
    let resumed = self::fixture(&[calm("sales", "weekly", "x may differ")]);
    of(&resumed, &format!("notify --from report.json {DUE}"));
    assert_eq!(of(&resumed, &format!("notify --resume {NEXT_WEEK}")), ["sales sent"]);
}

#[test]
fn what_is_urgent_does_not_wait() {
    let fixture = fixture(&[calm("finance", "out", "tax may differ")]);
    assert_eq!(of(&fixture, &format!("notify --from report.json {MONDAY}")), ["finance collected"]);
    // The next push makes it critical.
    write(&fixture, "report.json", "optimise-orders", &[headsup("finance", "out", "tax is gone")]);
    assert_eq!(of(&fixture, &format!("notify --from report.json {LATER}")), ["finance sent"]);
    assert_eq!(of(&fixture, &format!("outbox --due {DUE}")), Vec::<String>::new(), "it is told");
    // And the next one less so: what was told by itself is corrected by itself.
    write(&fixture, "report.json", "optimise-orders", &[calm("finance", "out", "tax may differ")]);
    assert_eq!(of(&fixture, &format!("notify --from report.json {DUE}")), ["finance sent"]);
}

#[test]
fn what_is_withdrawn_drops_out_and_what_was_told_is_taken_back() {
    let fixture = fixture(&[calm("finance", "out", "tax may differ")]);
    of(&fixture, &format!("notify --from report.json {MONDAY}"));
    write(&fixture, "other.json", "rename-column", &[calm("finance", "out", "revenue may differ")]);
    of(&fixture, &format!("notify --from other.json {MONDAY}"));
    assert_eq!(of(&fixture, &format!("notify --from report.json --withdraw {LATER}")), Vec::<String>::new());
    assert_eq!(of(&fixture, &format!("outbox --due {DUE}")), ["finance sent"]);
    let first = read(&fixture, "out.txt");
    assert!(first.contains("rename-column: ") && !first.contains("optimise-orders: "), "{first}");
    assert_eq!(of(&fixture, &format!("notify --from other.json --withdraw {DUE}")), Vec::<String>::new());
    assert_eq!(of(&fixture, &format!("outbox --due {NEXT_WEEK}")), ["finance sent"]);
    let second = read(&fixture, "out.txt").replace(&first, "");
    assert!(second.contains("Changes  rename-column no longer reaches finance_report"), "{second}");
}

#[test]
fn nothing_is_kept_where_it_would_be_lost() {
    let in_ci = || fixture(&[calm("finance", "out", "tax may differ")]).with("CI", "true");
    assert_eq!(of(&in_ci(), &format!("notify --from report.json {MONDAY}")), ["finance sent"]);
    let lasting = in_ci().with("HEADSUP_LEDGER", "[DIR]/kept.db");
    assert_eq!(of(&lasting, &format!("notify --from report.json {MONDAY}")), ["finance collected"]);
    let dry = fixture(&[calm("finance", "out", "tax may differ")]);
    assert_eq!(of(&dry, &format!("notify --from report.json --dry-run {MONDAY}")), ["finance collected"]);
    assert!(!dry.root().join(".headsup").exists());
}

#[test]
fn a_digest_that_fails_is_sent_again_and_not_twice() {
    let bad = Server::new(|_| Answer::text(403, "no_service"));
    let settings = "version: 1\nchannels:\n  hook: { kind: slack, webhook_env: HOOK, digest: daily }\n";
    let fixture = Fixture::new(&[("headsup.yml", settings), ("a.sql", "create view a as select 1 as x")]);
    write(&fixture, "report.json", "optimise-orders", &[calm("finance", "hook", "tax may differ")]);
    let fixture = fixture.with("HOOK", &format!("{}{HOOK}", bad.url));
    of(&fixture, &format!("notify --from report.json {MONDAY}"));
    assert_eq!(outcomes(&fixture, &format!("outbox --due {DUE}")).1, 4);
    assert_eq!(of(&fixture, &format!("outbox --due {DUE}")), Vec::<String>::new(), "it is in the outbox now");
    let good = crate::places::Slack::new();
    let fixture = fixture.with("HOOK", &format!("{}{HOOK}", good.server.url));
    assert_eq!(of(&fixture, "outbox --retry"), ["finance sent"]);
    assert_eq!(good.messages().len(), 1);
    assert!(good.messages()[0].text().starts_with("Digest: 1 change for finance"), "{:?}", good.messages());
}

#[test]
fn a_ledger_of_an_earlier_form_gets_what_it_lacks() {
    let fixture = fixture(&[calm("sales", "plain", "x may differ")]);
    assert_eq!(of(&fixture, "notify --from report.json"), ["sales sent"]);
    let path = fixture.root().join(".headsup/ledger.db");
    let ledger = rusqlite::Connection::open(&path).unwrap();
    ledger
        .execute_batch("drop table approval; drop table collected; drop table page; pragma user_version = 1")
        .unwrap();
    drop(ledger);
    assert_eq!(of(&fixture, "notify --from report.json"), ["sales already_told"]);
    let ledger = rusqlite::Connection::open(&path).unwrap();
    let form: i64 = ledger.query_row("pragma user_version", [], |row| row.get(0)).unwrap();
    let tables: i64 = ledger
        .query_row("select count(*) from sqlite_schema where name in ('approval', 'collected', 'page')", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!((form, tables), (4, 3));
    assert_eq!(word(&fixture.json("outbox --all")["letters"][0]["state"]), "sent");
}

#[test]
fn what_was_settled_long_ago_is_forgotten_and_what_waits_is_not() {
    let fixture = fixture(&[calm("sales", "plain", "x may differ"), calm("finance", "out", "y may differ")]);
    write(&fixture, "other.json", "rename-column", &[calm("sales", "plain", "z may differ")]);
    of(&fixture, "notify --from report.json --now 2025-01-01T00:00:00Z");
    let path = fixture.root().join(".headsup/ledger.db");
    let ledger = rusqlite::Connection::open(&path).unwrap();
    let long_ago = "update letter set changed = changed - 401 * 86400000, created = created - 401 * 86400000;
                    update collected set created = created - 401 * 86400000;
                    insert into approval values ('audit', 'f', 'ann', 0);";
    ledger.execute_batch(long_ago).unwrap();
    assert_eq!(list(&fixture.json("outbox --all")["letters"]).len(), 1);
    of(&fixture, "notify --from other.json --now 2025-01-01T00:00:00Z");
    let listed = fixture.json("outbox --all");
    assert_eq!(list(&listed["letters"]).len(), 1, "the other one: {listed}");
    assert_eq!(list(&listed["collected"]).len(), 1, "it still waits: {listed}");
    let approvals: i64 = ledger.query_row("select count(*) from approval", [], |row| row.get(0)).unwrap();
    assert_eq!(approvals, 0);
}

#[test]
fn a_run_that_is_killed_between_two_steps_of_a_digest_sends_it_once() {
    let fixture = fixture(&[calm("finance", "out", "tax may differ")]);
    of(&fixture, &format!("notify --from report.json {MONDAY}"));
    assert_eq!(of(&fixture, &format!("outbox --due {DUE}")), ["finance sent"]);
    let ledger = rusqlite::Connection::open(fixture.root().join(".headsup/ledger.db")).unwrap();
    // Killed after the digest was put into the outbox, or sent, and before its parts were noted as told.
    ledger.execute_batch("update collected set state = 'collected'").unwrap();
    assert_eq!(of(&fixture, &format!("outbox --due {DUE}")), Vec::<String>::new());
    // Killed before it was sent.
    ledger.execute_batch("update collected set state = 'collected'; update letter set state = 'waiting'").unwrap();
    assert_eq!(of(&fixture, "notify --resume"), ["finance already_told"], "the file has it");
    assert_eq!(read(&fixture, "out.txt").matches("Digest: ").count(), 1);
}
