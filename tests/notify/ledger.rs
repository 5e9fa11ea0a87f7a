//! What is kept and what comes of it: nothing is sent twice, nothing is lost, one failing channel does not
//! stop another.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::http::{Answer, Manner, Server};
use crate::places::{HOOK, Slack};
use crate::support::{Fixture, list, word};

/// A heads-up to an owner by a channel, as `impact` writes it.
pub fn headsup(owner: &str, channel: &str, happens: &str) -> Value {
    json!({
        "owner": owner,
        "channel": channel,
        "subject": format!("a change to core.orders reaches {owner}_report"),
        "body": "",
        "jobs": [format!("{owner}_report")],
        "what": ["core.orders: rows may be duplicated: the join to stg_promotions is not on a unique key"],
        "about": [{
            "job": format!("{owner}_report"), "criticality": "critical", "standard": "reachable", "reach": "reached",
            "happens": happens, "effects": ["revalued"], "way": ["core.orders", "marts.fct_revenue.revenue"],
        }],
        "known_by": "which columns and rows depend on which, in the SQL of both versions",
        "spared": 2,
    })
}

/// A report with some heads-ups.
pub fn report(headsups: &[Value]) -> String {
    json!({ "version": 1, "base": "main", "head": "optimise-orders", "headsups": headsups }).to_string()
}

/// A repository with channels and a report; the folder of the ledger is left out by git.
pub fn fixture(channels: &str, headsups: &[Value]) -> Fixture {
    let settings = format!("version: 1\nchannels:\n{channels}");
    let fixture = Fixture::new(&[("headsup.yml", &settings), ("a.sql", "create view a as select 1 as x")]);
    fixture.write("report.json", report(headsups));
    fixture
}

/// The outcomes of a run: `finance sent`.
pub fn outcomes(fixture: &Fixture, arguments: &str) -> (Vec<String>, i32) {
    let run = fixture.run(&format!("{arguments} --format json"));
    let value: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}{}", run.stdout, run.stderr));
    let line = |entry: &Value| {
        let owners: Vec<String> = list(&entry["owners"]).iter().map(word).collect();
        let said = entry["said"].as_str().map(|said| format!(": {said}")).unwrap_or_default();
        format!("{} {}{said}", owners.join("+"), word(&entry["outcome"]))
    };
    (list(&value["deliveries"]).iter().map(line).collect(), run.code)
}

const FILES: &str =
    "  out: { kind: file, path: out/messages.txt }\n  lines: { kind: file, path: out/messages.jsonl }\n";

#[test]
fn the_same_is_said_once_and_what_changed_again() {
    let fixture =
        fixture(FILES, &[headsup("finance", "out", "revenue may differ"), headsup("sales", "lines", "x may differ")]);
    let (first, code) = outcomes(&fixture, "notify --from report.json");
    assert_eq!((first, code), (vec!["sales sent".to_owned(), "finance sent".to_owned()], 0));
    let (second, _) = outcomes(&fixture, "notify --from report.json");
    assert_eq!(second, ["sales already_told", "finance already_told"]);
    fixture.write(
        "report.json",
        report(&[headsup("finance", "out", "revenue is gone"), headsup("sales", "lines", "x may differ")]),
    );
    let (third, _) = outcomes(&fixture, "notify --from report.json");
    assert_eq!(third, ["sales already_told", "finance sent"]);
    assert_eq!(fixture.read("out/messages.txt").matches("To finance:").count(), 2);
    let lines = fixture.read("out/messages.jsonl");
    let value: Value = serde_json::from_str(lines.trim_end()).unwrap();
    assert_eq!((value["message"]["owner"].as_str(), value["version"].as_u64()), (Some("sales"), Some(1)));
    // As it was at first: that is news again.
    fixture.write(
        "report.json",
        report(&[headsup("finance", "out", "revenue may differ"), headsup("sales", "lines", "x may differ")]),
    );
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["sales already_told", "finance sent"]);
}

#[test]
fn what_was_announced_and_no_longer_reaches_is_taken_back() {
    let both = [headsup("finance", "out", "revenue may differ"), headsup("sales", "lines", "x may differ")];
    let fixture = fixture(FILES, &both);
    outcomes(&fixture, "notify --from report.json");
    fixture.write("report.json", report(&both[1..]));
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["sales already_told", "finance sent"]);
    let text = fixture.read("out/messages.txt");
    assert!(text.contains("all clear: optimise-orders no longer reaches finance_report"), "{text}");
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["sales already_told"]);
    assert_eq!(outcomes(&fixture, "notify --from report.json --withdraw").0, ["sales sent"]);
    assert!(fixture.read("out/messages.jsonl").lines().last().unwrap().contains("withdrawn"));
    // Reached again.
    fixture.write("report.json", report(&both));
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["sales sent", "finance sent"]);
}

#[test]
fn another_change_is_another_conversation() {
    let fixture = fixture(FILES, &[headsup("finance", "out", "revenue may differ")]);
    outcomes(&fixture, "notify --from report.json");
    let other = fixture.read("report.json").replace("optimise-orders", "rename-column");
    fixture.write("report.json", other);
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["finance sent"]);
}

#[test]
fn a_dry_run_touches_nothing() {
    let fixture = fixture(FILES, &[headsup("finance", "out", "revenue may differ")]);
    let text = fixture.text("notify --from report.json --dry-run");
    assert!(
        text.contains("would send  to finance by out (file)") && text.contains("→ the end of out/messages.txt"),
        "{text}"
    );
    assert!(!fixture.root().join("out").exists() && !fixture.root().join(".headsup").exists());
    outcomes(&fixture, "notify --from report.json");
    assert_eq!(outcomes(&fixture, "notify --from report.json --dry-run").0, ["finance already_told"]);
}

#[test]
fn only_one_team_is_told_where_that_is_asked() {
    let both = [headsup("finance", "out", "revenue may differ"), headsup("sales", "lines", "x may differ")];
    let fixture = fixture(FILES, &both);
    assert_eq!(outcomes(&fixture, "notify --from report.json --only sales").0, ["sales sent"]);
    let error = fixture.error("notify --from report.json --only salse");
    assert!(error.contains("nobody is called `salse`"), "{error}");
}

#[test]
fn one_failing_channel_does_not_stop_another() {
    let bad = Server::new(|_| Answer::text(403, "no_service"));
    let channels = "  good: { kind: file, path: out.txt }\n  bad: { kind: slack, webhook_env: BAD }\n  unset: { kind: slack, webhook_env: UNSET }\n";
    let all =
        [headsup("a", "bad", "x"), headsup("b", "good", "x"), headsup("c", "unset", "x"), headsup("d", "nowhere", "x")];
    let fixture = fixture(channels, &all).with("BAD", &format!("{}{HOOK}", bad.url));
    let (said, code) = outcomes(&fixture, "notify --from report.json");
    assert_eq!(
        said,
        [
            "a undelivered: Slack answered 403: no_service",
            "b sent",
            "d undelivered: no channel of this name is defined in headsup.yml",
            "c undelivered: the environment variable UNSET is not set",
        ]
    );
    assert_eq!(code, 4);
    let text = fixture.text("outbox");
    assert_eq!(text.matches("refused").count(), 3, "{text}");
    // Mended, they are sent, and what was sent is not.
    let good = Slack::new();
    let fixture =
        fixture.with("BAD", &format!("{}{HOOK}", good.server.url)).with("UNSET", &format!("{}{HOOK}", good.server.url));
    let (said, code) = outcomes(&fixture, "outbox --retry");
    assert_eq!((said[0].as_str(), said[2].as_str(), code), ("a sent", "c sent", 4));
    assert_eq!(good.messages().len(), 2);
}

#[test]
fn an_owner_without_a_channel_is_a_failure() {
    let mut nowhere = headsup("finance", "x", "y");
    nowhere.as_object_mut().unwrap().remove("channel");
    let fixture = fixture(FILES, &[nowhere]);
    let (said, code) = outcomes(&fixture, "notify --from report.json");
    assert_eq!(
        (said[0].as_str(), code),
        ("finance undelivered: nobody says where to tell this owner; give the team a `channel`", 4)
    );
}

#[test]
fn a_busy_service_is_left_alone_as_long_as_it_asks() {
    let slack = Slack::with(&[(0, Answer::busy(1)), (1, Answer::text(503, "later"))]);
    let fixture = fixture("  hook: { kind: slack, webhook_env: HOOK }\n", &[headsup("finance", "hook", "x")])
        .with("HOOK", &format!("{}{HOOK}", slack.server.url));
    let start = std::time::Instant::now();
    assert_eq!(outcomes(&fixture, "notify --from report.json"), (vec!["finance sent".to_owned()], 0));
    assert!(start.elapsed().as_millis() >= 1_250, "{:?}", start.elapsed());
    assert_eq!(slack.messages().len(), 1);
}

#[test]
fn what_takes_too_long_waits_in_the_ledger_and_is_resumed() {
    let slack = Slack::with(&[(0, Answer::busy(3))]);
    let fixture = fixture("  hook: { kind: slack, webhook_env: HOOK }\n", &[headsup("finance", "hook", "x")])
        .with("HOOK", &format!("{}{HOOK}", slack.server.url));
    let (said, code) = outcomes(&fixture, "notify --from report.json --give-up-after 1");
    assert_eq!((said[0].as_str(), code), ("finance waiting: Slack answered 429: ratelimited", 4));
    assert!(fixture.text("outbox").starts_with("waiting  1  to finance by hook, 1 attempt"));
    // Not before it is asked again.
    assert_eq!(outcomes(&fixture, "notify --resume --give-up-after 0").1, 4);
    assert_eq!(slack.messages().len(), 0);
    assert_eq!(outcomes(&fixture, "notify --resume"), (vec!["finance sent".to_owned()], 0));
    assert_eq!((slack.messages().len(), fixture.text("outbox").as_str()), (1, "Nothing is waiting.\n"));
    assert_eq!(fixture.text("notify --resume"), "Nothing is waiting.\n");
    assert!(fixture.text("outbox --all").starts_with("sent  1  to finance by hook, 2 attempts"));
}

#[test]
fn slow_and_cut_connections_are_tried_again() {
    for manner in [Manner::Slow(3_000), Manner::Silent, Manner::Cut] {
        let broken = Answer::text(500, "this is cut in two").in_manner(manner);
        let slack = Slack::with(&[(0, broken)]);
        let fixture = fixture("  hook: { kind: slack, webhook_env: HOOK }\n", &[headsup("finance", "hook", "x")])
            .with("HOOK", &format!("{}{HOOK}", slack.server.url));
        let (said, code) = outcomes(&fixture, "notify --from report.json --timeout 1");
        assert_eq!((said, code), (vec!["finance sent".to_owned()], 0), "{manner:?}");
        assert_eq!(slack.messages().len(), 1, "{manner:?}");
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Server::new(|_| Answer::text(200, "ok"));
    let target = elsewhere.url.clone();
    let redirecting = Server::new(move |_| Answer::text(307, "").with("Location", &target));
    let fixture =
        fixture("  hook: { kind: webhook, webhook_env: HOOK, token_env: TOKEN }\n", &[headsup("finance", "hook", "x")])
            .with("HOOK", &format!("{}{HOOK}", redirecting.url))
            .with("TOKEN", "a-s3cr3t-token");
    let (said, code) = outcomes(&fixture, "notify --from report.json");
    assert_eq!(
        (said[0].as_str(), code),
        ("finance undelivered: the webhook answered 307, a redirect, which is not followed", 4)
    );
    assert_eq!((redirecting.asked().len(), elsewhere.asked().len()), (1, 0));
}

#[test]
fn nothing_is_sent_in_the_clear_to_another_machine() {
    let fixture = fixture("  hook: { kind: slack, webhook_env: HOOK }\n", &[headsup("finance", "hook", "x")])
        .with("HOOK", &format!("http://hooks.example.com{HOOK}"));
    let (said, code) = outcomes(&fixture, "notify --from report.json");
    assert_eq!((said[0].as_str(), code), ("finance undelivered: what HOOK holds is an address without TLS", 4));
}

#[test]
fn two_runs_at_once_do_not_send_twice() {
    let slack = Slack::new();
    let channels = "  hook: { kind: slack, webhook_env: HOOK }\n  out: { kind: file, path: out.jsonl }\n";
    let all =
        [headsup("a", "hook", "x"), headsup("b", "hook", "x"), headsup("c", "out", "x"), headsup("d", "out", "x")];
    let fixture = fixture(channels, &all).with("HOOK", &format!("{}{HOOK}", slack.server.url));
    let start = || {
        let mut command: Command = fixture.command("notify --from report.json");
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let mut runs = [start(), start(), start()];
    assert!(runs.iter_mut().all(|run| run.wait().unwrap().success()));
    assert_eq!(slack.messages().len(), 2);
    assert_eq!(fixture.read("out.jsonl").lines().count(), 2);
}

#[test]
fn the_ledger_is_left_alone_by_git_and_is_not_taken_from_a_later_version() {
    let fixture = fixture(FILES, &[headsup("finance", "out", "x")]);
    outcomes(&fixture, "notify --from report.json");
    assert_eq!(fixture.read(".headsup/.gitignore"), "*\n");
    let ledger = rusqlite::Connection::open(fixture.root().join(".headsup/ledger.db")).unwrap();
    ledger.pragma_update(None, "user_version", 99).unwrap();
    let error = fixture.error("notify --from report.json");
    assert!(error.starts_with("exit 4") && error.contains("is of a later headsup"), "{error}");
    fixture.write("broken.db", "this is no database, and never was one");
    let error = fixture.error("notify --from report.json --ledger broken.db");
    assert!(error.starts_with("exit 4") && error.contains("cannot open the ledger broken.db"), "{error}");
}

#[test]
fn a_report_that_is_none_is_said_to_be_none() {
    let fixture = fixture(FILES, &[]);
    for text in ["", "{}", "[1]", "{\"version\": 2, \"base\": \"a\", \"head\": \"b\", \"headsups\": []}"] {
        fixture.write("report.json", text);
        let error = fixture.error("notify --from report.json");
        assert!(error.starts_with("exit 3\nerror: report.json is ") && error.contains("report of"), "{error}");
    }
    assert!(fixture.error("notify --from nothing.json").starts_with("exit 3\nerror: nothing.json cannot be read"));
    assert!(fixture.error("notify --url javascript:alert(1)").contains("is not the address of a page"));
}
