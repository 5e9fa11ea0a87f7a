//! Slack: threads, changes in place, pace, limits, and looking before sending.

use std::time::Instant;

use serde_json::json;

use crate::http::{Answer, Manner};
use crate::ledger::{fixture, headsup, outcomes, report};
use crate::places::{HOOK, SLACK_TOKEN, Slack};
use crate::support::Fixture;

const BOT: &str = "  bot: { kind: slack, token_env: TOKEN, channel: C0FINANCE, mention: [S0AUDIT, here] }\n";

fn with_bot(slack: &Slack, headsups: &[serde_json::Value]) -> Fixture {
    fixture(BOT, headsups).with("TOKEN", SLACK_TOKEN).with("SLACK_API_URL", &format!("{}/api", slack.server.url))
}

#[test]
fn a_bot_posts_a_message_with_details_in_its_thread_and_changes_them_in_place() {
    let slack = Slack::new();
    let fixture = with_bot(&slack, &[headsup("finance", "bot", "revenue may differ")]);
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["finance sent"]);
    let posted = slack.posted();
    assert_eq!(posted.len(), 2);
    assert!(posted[0].text().starts_with("<!subteam^S0AUDIT> <!here> Heads-up: a change to core.orders"));
    assert_eq!(posted[1].body["thread_ts"], json!(posted[0].ts));
    assert!(posted[1].all_text().contains("core.orders → marts.fct_revenue.revenue → finance_report"));
    // The same again: nobody is asked anything.
    let before = slack.server.asked().len();
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["finance already_told"]);
    assert_eq!(slack.server.asked().len(), before);
    // Another effect: the same two messages, changed.
    fixture.write("report.json", report(&[headsup("finance", "bot", "revenue is gone")]));
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["finance updated"]);
    let posted = slack.posted();
    assert_eq!(posted.iter().map(|posted| posted.changes).collect::<Vec<_>>(), [2, 2]);
    assert!(posted[0].all_text().contains("revenue is gone") && posted[1].all_text().contains("revenue is gone"));
    // It no longer reaches: the message says so.
    fixture.write("report.json", report(&[]));
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["finance updated"]);
    let posted = slack.posted();
    assert_eq!(posted.len(), 2);
    assert_eq!(posted[0].text(), "all clear: optimise-orders no longer reaches finance_report");
}

#[test]
fn without_a_ledger_the_bot_finds_what_it_said() {
    let slack = Slack::new();
    let fixture = with_bot(&slack, &[headsup("finance", "bot", "revenue may differ")]);
    for place in 0..3 {
        // Other messages of ours stand above it.
        let other = report(&[headsup("finance", "bot", "x")]).replace("optimise-orders", &format!("other-{place}"));
        fixture.write("other.json", other);
        outcomes(&fixture, "notify --from other.json");
        if place == 0 {
            outcomes(&fixture, "notify --from report.json");
        }
    }
    let (before, posted) = (slack.posted(), slack.posted().len());
    assert_eq!(posted, 8);
    assert_eq!(outcomes(&fixture, "notify --from report.json --ledger new.db").0, ["finance already_told"]);
    fixture.write("report.json", report(&[headsup("finance", "bot", "revenue is gone")]));
    assert_eq!(outcomes(&fixture, "notify --from report.json --ledger newer.db").0, ["finance updated"]);
    assert_eq!(slack.posted().len(), before.len());
}

#[test]
fn without_a_ledger_what_no_longer_reaches_is_taken_back() {
    let slack = Slack::new();
    let both = [headsup("finance", "bot", "revenue may differ"), headsup("sales", "bot", "x may differ")];
    let fixture = with_bot(&slack, &both);
    outcomes(&fixture, "notify --from report.json");
    fixture.write("report.json", report(&both[1..]));
    let (said, _) = outcomes(&fixture, "notify --from report.json --ledger new.db");
    assert_eq!(said, ["finance updated", "sales already_told"]);
    let messages = slack.messages();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0].text(), "all clear: optimise-orders no longer reaches finance_report");
    // It is taken back already.
    assert_eq!(outcomes(&fixture, "notify --from report.json --ledger newer.db").0, ["sales already_told"]);
    assert_eq!(slack.messages()[0].changes, 2);
}

#[test]
fn a_message_that_was_removed_is_posted_anew() {
    let slack = Slack::new();
    let fixture = with_bot(&slack, &[headsup("finance", "bot", "revenue may differ")]);
    outcomes(&fixture, "notify --from report.json");
    let empty = Slack::new();
    let fixture = fixture.with("SLACK_API_URL", &format!("{}/api", empty.server.url));
    fixture.write("report.json", report(&[headsup("finance", "bot", "revenue is gone")]));
    outcomes(&fixture, "notify --from report.json");
    assert_eq!((empty.messages().len(), empty.posted().len()), (1, 2));
}

#[test]
fn an_answer_that_is_lost_does_not_cost_a_second_message() {
    // The message is there, and the answer that says so is not; then the same for its details.
    for number in [1, 2] {
        let lost = Answer::text(200, "").in_manner(Manner::Silent);
        let slack = Slack::with(&[(number, lost)]);
        let fixture = with_bot(&slack, &[headsup("finance", "bot", "revenue may differ")]);
        assert_eq!(outcomes(&fixture, "notify --from report.json").1, 0);
        assert_eq!((slack.messages().len(), slack.posted().len()), (1, 2), "{:?}", slack.server.lines());
    }
}

#[test]
fn a_channel_gets_about_one_message_a_second() {
    let slack = Slack::new();
    let all = [headsup("a", "hook", "x"), headsup("b", "hook", "x"), headsup("c", "hook", "x")];
    let fixture = fixture("  hook: { kind: slack, webhook_env: HOOK }\n", &all)
        .with("HOOK", &format!("{}{HOOK}", slack.server.url));
    let start = Instant::now();
    assert_eq!(outcomes(&fixture, "notify --from report.json").1, 0);
    assert!(start.elapsed().as_millis() >= 2_000);
    // No request was too many.
    assert_eq!((slack.messages().len(), slack.server.asked().len()), (3, 3));
}

#[test]
fn a_wrong_token_is_said_and_not_tried_again() {
    let slack = Slack::new();
    let fixture = with_bot(&slack, &[headsup("finance", "bot", "x")]).with("TOKEN", "xoxb-wrong-token");
    let (said, code) = outcomes(&fixture, "notify --from report.json");
    assert_eq!((said[0].as_str(), code), ("finance undelivered: Slack refused: invalid_auth", 4));
    assert!(slack.posted().is_empty());
}

#[test]
fn the_largest_messages_stay_within_the_limits() {
    let long = "&<>\u{1F600}".repeat(3_000);
    let mut large = headsup("finance", "bot", &long);
    large["subject"] = json!(long);
    large["what"] = json!(vec![long.clone(); 60]);
    large["about"] = json!(vec![large["about"][0].clone(); 60]);
    for about in large["about"].as_array_mut().unwrap() {
        about["job"] = json!(long);
        about["way"] = json!(vec![long.clone(); 12]);
    }
    large["known_by"] = json!(long);
    let slack = Slack::new();
    let fixture = with_bot(&slack, &[large]);
    let (said, code) = outcomes(&fixture, "notify --from report.json");
    assert_eq!((said[0].ends_with(" sent"), code), (true, 0), "{said:?}");
    assert_eq!(slack.posted().len(), 2);
}
