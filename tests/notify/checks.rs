//! A check run on GitHub: its conclusion, its notes beside the lines within what GitHub takes at once, and that it stays
//! one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::http::{Answer, Asked, Manner, Server};
use crate::ledger::{headsup, outcomes};
use crate::places::{Forge, GITHUB_TOKEN, May, SLACK_TOKEN, Slack};
use crate::support::{Fixture, list, word};

pub const SHA: &str = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";
const SETTINGS: &str = "version: 1\nchannels:\n  check: { kind: github-check }\n  out: { kind: file, path: out.txt }\n";

/// A check run as GitHub keeps it.
#[derive(Debug, Clone)]
pub struct Run {
    pub body: Value,
    pub notes: Vec<Value>,
    pub changes: usize,
}

/// GitHub's check runs of one repository.
struct Github {
    server: Server,
    runs: Arc<Mutex<Vec<Run>>>,
}

impl Github {
    fn new(may: May, trouble: &[(usize, Answer)]) -> Self {
        Self::below("", may, trouble)
    }

    /// The same with its API below a path, as on Enterprise.
    fn below(path: &'static str, may: May, trouble: &[(usize, Answer)]) -> Self {
        let runs: Arc<Mutex<Vec<Run>>> = Arc::default();
        let state = Arc::clone(&runs);
        let trouble: Mutex<BTreeMap<usize, Answer>> = Mutex::new(trouble.iter().cloned().collect());
        let count = Mutex::new(0);
        let server = Server::new(move |asked| {
            let number = {
                let mut count = count.lock().unwrap();
                *count += 1;
                *count - 1
            };
            let bad = trouble.lock().unwrap().remove(&number);
            match bad {
                // What is only answered badly is done all the same.
                Some(answer) if answer.manner != Manner::Whole => {
                    Answer { manner: answer.manner, ..answered(asked, path, &state, may) }
                }
                Some(answer) => answer,
                None => answered(asked, path, &state, may),
            }
        });
        Self { server, runs }
    }

    fn runs(&self) -> Vec<Run> {
        self.runs.lock().unwrap().clone()
    }

    /// Requests that write.
    fn writes(&self) -> Vec<String> {
        self.server.lines().into_iter().filter(|line| !line.starts_with("GET ")).collect()
    }
}

fn refused(said: &str) -> Answer {
    Answer::json(422, &json!({ "message": format!("Invalid request.\n\n{said}") }))
}

/// What GitHub says to a request about check runs.
pub fn answered(asked: &Asked, below: &str, runs: &Mutex<Vec<Run>>, may: May) -> Answer {
    if asked.header("authorization") != format!("Bearer {GITHUB_TOKEN}") {
        return Answer::json(401, &json!({ "message": "Bad credentials" }));
    }
    let Some(path) = asked.path.strip_prefix(&format!("{below}/repos/acme/warehouse/")) else {
        return Answer::json(404, &json!({ "message": "Not Found" }));
    };
    let mut runs = runs.lock().unwrap();
    let parts: Vec<&str> = path.split('/').collect();
    match (asked.method.as_str(), parts.as_slice()) {
        ("GET", ["commits", sha, "check-runs"]) => {
            let name = &asked.query["check_name"];
            let of_it =
                |run: &&(usize, &Run)| run.1.body["head_sha"] == json!(sha) && run.1.body["name"] == json!(name);
            // Only the latest of a name is listed.
            let all: Vec<(usize, &Run)> = runs.iter().enumerate().collect();
            let latest = all.iter().rfind(of_it);
            let shown = latest.map(|(place, run)| {
                json!({ "id": place + 1, "external_id": run.body["external_id"], "status": run.body["status"] })
            });
            Answer::json(200, &json!({ "total_count": 1, "check_runs": shown.into_iter().collect::<Vec<_>>() }))
        }
        ("GET", ["check-runs", id, "annotations"]) => {
            let (size, page) = (asked.number("per_page", 30).min(100), asked.number("page", 1));
            let notes = &runs[id.parse::<usize>().unwrap() - 1].notes;
            let shown: Vec<&Value> = notes.iter().skip((page - 1) * size).take(size).collect();
            Answer::json(200, &json!(shown))
        }
        ("POST" | "PATCH", ["check-runs", ..]) if may == May::Read => {
            Answer::json(403, &json!({ "message": "Resource not accessible by integration" }))
        }
        (method, ["check-runs", rest @ ..]) => {
            let body = asked.json();
            if let Some(wrong) = wrong(&body) {
                return refused(wrong);
            }
            let notes = body["output"]["annotations"].as_array().cloned().unwrap_or_default();
            let id = match (method, rest) {
                ("POST", []) => {
                    runs.push(Run { body: Value::Null, notes: Vec::new(), changes: 0 });
                    runs.len()
                }
                ("PATCH", [id]) => id.parse().unwrap(),
                _ => return Answer::json(404, &json!({ "message": "Not Found" })),
            };
            let run = &mut runs[id - 1];
            run.body = body;
            run.notes.extend(notes);
            run.changes += 1;
            Answer::json(if method == "POST" { 201 } else { 200 }, &json!({ "id": id }))
        }
        _ => Answer::json(404, &json!({ "message": "Not Found" })),
    }
}

/// What of a check run GitHub would not take.
fn wrong(body: &Value) -> Option<&'static str> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let output = &body["output"];
    let notes = output["annotations"].as_array().map_or(&[][..], Vec::as_slice);
    let completed = body["status"] == json!("completed");
    let levels = [json!("notice"), json!("warning"), json!("failure")];
    let conclusions = [json!("success"), json!("neutral"), json!("failure")];
    let is_sha = |sha: &str| sha.len() == 40 && sha.chars().all(|c| c.is_ascii_hexdigit());
    if text(&body["name"]).is_empty() || !is_sha(&text(&body["head_sha"])) {
        Some("name and head_sha are needed")
    } else if completed != conclusions.contains(&body["conclusion"]) {
        Some("a run that is completed has a conclusion, and no other")
    } else if text(&output["title"]).chars().count() > 255 || text(&output["title"]).is_empty() {
        Some("the title is too long, or missing")
    } else if text(&output["summary"]).is_empty() || text(&output["summary"]).chars().count() > 65_535 {
        Some("Only 65535 characters are allowed")
    } else if notes.len() > 50 {
        Some("No more than 50 items are allowed; 51 were supplied.")
    } else if notes.iter().any(|note| {
        let line = note["start_line"].as_u64().unwrap_or_default();
        let message = text(&note["message"]);
        text(&note["path"]).is_empty()
            || line == 0
            || note["end_line"].as_u64() != Some(line)
            || !levels.contains(&note["annotation_level"])
            || message.is_empty()
            || message.len() > 64 * 1024
            || text(&note["title"]).chars().count() > 255
    }) {
        Some("an annotation is not of the form")
    } else {
        None
    }
}

/// A report in which so many lines of a table reach the audit.
fn report(lines: usize) -> String {
    let places: Vec<Value> = (1..=lines)
        .map(|line| {
            let says = format!("column c{line} may differ");
            json!({ "file": "core/orders.sql", "line": line, "says": says, "jobs": ["audit"] })
        })
        .collect();
    let reach = if lines == 0 { "not_reached" } else { "reached" };
    let headsups = if lines == 0 { Vec::new() } else { vec![headsup("finance", "out", "revenue may differ")] };
    json!({
        "version": 1, "base": "main", "head": "optimise-orders", "headsups": headsups,
        "changes": [{ "relation": "core.orders", "places": places }],
        "jobs": [{ "job": "audit", "owner": "finance", "criticality": "critical", "reach": reach }],
    })
    .to_string()
}

/// A run for pull request 412, whose newest commit has this id.
fn fixture(api: &str, lines: usize) -> Fixture {
    let fixture = Fixture::new(&[("headsup.yml", SETTINGS), ("a.sql", "create view a as select 1 as x")]);
    fixture.write("report.json", report(lines));
    event(&fixture, SHA, "acme/warehouse");
    fixture
        .with("GITHUB_TOKEN", GITHUB_TOKEN)
        .with("GITHUB_REPOSITORY", "acme/warehouse")
        .with("GITHUB_API_URL", api)
        .with("GITHUB_EVENT_PATH", "[DIR]/event.json")
        .with("GITHUB_STEP_SUMMARY", "[DIR]/summary.md")
}

fn event(fixture: &Fixture, sha: &str, repository: &str) {
    let event = json!({ "pull_request": {
        "number": 412, "user": { "login": "ann" },
        "head": { "sha": sha, "ref": "optimise-orders", "repo": { "full_name": repository } },
    } });
    fixture.write("event.json", event.to_string());
}

const NOTIFY: &str = "notify --from report.json";

#[test]
fn a_check_has_a_conclusion_and_notes_beside_the_lines() {
    let github = Github::new(May::Write, &[]);
    let fixture = fixture(&github.server.url, 2);
    assert_eq!(outcomes(&fixture, NOTIFY), (vec!["finance sent".to_owned(), "finance sent".to_owned()], 0));
    let runs = github.runs();
    assert_eq!((runs.len(), runs[0].changes), (1, 1));
    let body = &runs[0].body;
    assert_eq!((word(&body["name"]), word(&body["head_sha"])), ("headsup".to_owned(), SHA.to_owned()));
    assert_eq!(word(&body["conclusion"]), "neutral");
    assert_eq!(word(&body["output"]["title"]), "Reaches audit, which is critical");
    assert!(word(&body["output"]["summary"]).contains("For **finance**"), "{body}");
    assert_eq!(
        runs[0].notes[1],
        json!({
            "path": "core/orders.sql", "start_line": 2, "end_line": 2, "annotation_level": "warning",
            "title": "reaches audit, which is critical",
            "message": "core.orders: column c2 may differ\nReaches audit (critical, finance)",
        })
    );
}

#[test]
fn the_conclusion_is_that_of_the_run() {
    for (lines, arguments, conclusion, code) in [
        (1, "", "neutral", 0),
        (1, "--fail-on critical", "failure", 1),
        (0, "--fail-on critical", "success", 0),
        (0, "", "success", 0),
    ] {
        let github = Github::new(May::Write, &[]);
        let fixture = fixture(&github.server.url, lines);
        assert_eq!(fixture.run(&format!("{NOTIFY} {arguments}")).code, code);
        assert_eq!(github.runs()[0].body["conclusion"], conclusion, "{lines} {arguments}");
    }
}

#[test]
fn more_notes_than_go_at_once_take_more_requests_and_the_last_one_ends_the_run() {
    let github = Github::new(May::Write, &[]);
    let fixture = fixture(&github.server.url, 120);
    assert_eq!(outcomes(&fixture, NOTIFY).1, 0);
    let runs = github.runs();
    assert_eq!((runs.len(), runs[0].notes.len(), runs[0].changes), (1, 120, 3));
    let states: Vec<String> = github
        .server
        .asked()
        .iter()
        .filter(|asked| asked.method != "GET")
        .map(|asked| word(&asked.json()["status"]))
        .collect();
    assert_eq!(states, ["in_progress", "in_progress", "completed"]);
    let dry = fixture.json(&format!("{NOTIFY} --dry-run --ledger other.db"));
    let check = list(&dry["deliveries"]).iter().find(|entry| entry["kind"] == "github-check").unwrap();
    let to: Vec<String> = list(&check["parcels"]).iter().map(|parcel| word(&parcel["to"])).collect();
    assert_eq!(to.len(), 3);
    assert!(to[0].contains("POST ") && to[2].ends_with("check-runs/ID"), "{to:?}");
}

#[test]
fn another_run_for_the_same_commit_updates_the_same_check() {
    let github = Github::new(May::Write, &[]);
    let fixture = fixture(&github.server.url, 60);
    outcomes(&fixture, NOTIFY);
    // With a ledger or without one, the same again writes nothing.
    let before = github.writes().len();
    assert_eq!(outcomes(&fixture, NOTIFY).0, ["finance already_told", "finance already_told"]);
    assert_eq!(outcomes(&fixture, &format!("{NOTIFY} --ledger new.db")).0[0], "finance already_told");
    assert_eq!(github.writes().len(), before);
    // Another conclusion, and more notes: those that are there are not sent again.
    fixture.write("report.json", report(61));
    assert_eq!(outcomes(&fixture, &format!("{NOTIFY} --fail-on critical --ledger newer.db")).0[0], "finance updated");
    let runs = github.runs();
    assert_eq!((runs.len(), runs[0].notes.len()), (1, 61));
    assert_eq!(runs[0].body["conclusion"], "failure");
    // Notes cannot be taken away: a run whose notes no longer hold gets a successor.
    fixture.write("report.json", report(1));
    assert_eq!(outcomes(&fixture, &format!("{NOTIFY} --ledger newest.db")).0[0], "finance sent");
    let runs = github.runs();
    assert_eq!((runs.len(), runs[1].notes.len()), (2, 1));
    // A push has a check of its own.
    event(&fixture, &SHA.replace('c', "d"), "acme/warehouse");
    assert_eq!(outcomes(&fixture, NOTIFY).0[0], "finance sent");
    assert_eq!(github.runs().len(), 3);
}

#[test]
fn a_run_that_ends_halfway_is_taken_up_where_it_was() {
    // The answer to the second batch is lost; then the run is over, and another one goes on.
    for lost in [1, 2, 3] {
        let silent = Answer::text(200, "").in_manner(Manner::Silent);
        let github = Github::new(May::Write, &[(lost, silent)]);
        let fixture = fixture(&github.server.url, 120);
        outcomes(&fixture, &format!("{NOTIFY} --give-up-after 0"));
        assert_eq!(outcomes(&fixture, &format!("{NOTIFY} --ledger new.db")).1, 0);
        let runs = github.runs();
        assert_eq!((runs.len(), runs[0].notes.len()), (1, 120), "{lost}: {:?}", github.server.lines());
        assert_eq!(runs[0].body["status"], "completed");
    }
}

#[test]
fn a_token_that_may_only_read_is_a_failure_but_for_a_fork() {
    let github = Github::new(May::Read, &[]);
    let fixture = fixture(&github.server.url, 1);
    let (said, code) = outcomes(&fixture, NOTIFY);
    let wanted = "finance undelivered: GitHub answered 403: Resource not accessible by integration; a check needs the \
                  permission `checks: write`, and the token of an app";
    assert_eq!((said[0].as_str(), code), (wanted, 4));
    event(&fixture, SHA, "somebody/warehouse");
    let (said, code) = outcomes(&fixture, &format!("{NOTIFY} --ledger fork.db"));
    assert!(said[0].starts_with("finance skipped: GitHub answered 403") && code == 0, "{said:?}");
    assert!(fixture.read("summary.md").contains("For **finance**"));
    let fixture = fixture.with("GITHUB_TOKEN", "");
    let (said, code) = outcomes(&fixture, &format!("{NOTIFY} --ledger none.db"));
    assert!(said[0].contains("runs for a fork have no secrets") && code == 0, "{said:?}");
}

#[test]
fn enterprise_has_its_api_below_a_path() {
    let github = Github::below("/api/v3", May::Write, &[]);
    let fixture = fixture(&format!("{}/api/v3", github.server.url), 1);
    assert_eq!(outcomes(&fixture, NOTIFY).1, 0);
    assert_eq!(github.runs().len(), 1);
}

#[test]
fn a_check_is_for_pull_requests_and_for_all_and_tells_nobody_by_itself() {
    let github = Github::new(May::Write, &[]);
    let checked = fixture(&github.server.url, 1);
    let told_by_check = checked.read("report.json").replace("\"channel\":\"out\"", "\"channel\":\"check\"");
    checked.write("report.json", told_by_check);
    let (said, code) = outcomes(&checked, NOTIFY);
    let wanted =
        "finance undelivered: a check on the pull request tells nobody by itself; give the team another `channel`";
    assert_eq!((said[0].as_str(), code), (wanted, 4), "{said:?}");
    let before = github.writes().len();
    let checked = fixture(&github.server.url, 1);
    assert_eq!(outcomes(&checked, &format!("{NOTIFY} --only finance")).0, ["finance sent"]);
    assert_eq!(outcomes(&checked, &format!("{NOTIFY} --withdraw")).0, ["finance sent"]);
    checked.write("event.json", "{}");
    assert_eq!(outcomes(&checked, NOTIFY).0, ["finance sent"]);
    assert_eq!(github.writes().len(), before);
}

#[test]
fn a_name_of_its_own_and_texts_that_want_to_be_more() {
    let github = Github::new(May::Write, &[]);
    let fixture = fixture(&github.server.url, 1);
    let settings = "version: 1\nchannels:\n  check: { kind: github-check, name: warehouse }\n  out: { kind: file, path: out.txt }\n";
    fixture.write("headsup.yml", settings);
    let evil = "@here \u{1b}[31m\n::error::x [a](http://evil)".to_owned() + &"x".repeat(10_000);
    let mut report: Value = serde_json::from_str(&report(1)).unwrap();
    report["changes"][0]["relation"] = json!(evil);
    report["changes"][0]["places"][0]["jobs"] = json!([evil]);
    report["jobs"][0]["job"] = json!(evil);
    fixture.write("report.json", report.to_string());
    assert_eq!(outcomes(&fixture, NOTIFY).1, 0);
    let run = github.runs().remove(0);
    assert_eq!(run.body["name"], "warehouse");
    let shown = run.body.to_string() + &json!(run.notes).to_string();
    assert!(!shown.contains("@here") && !shown.contains("\\u001b"), "{shown}");
}

#[test]
fn a_dry_run_shows_to_the_letter_what_is_sent_then() {
    let github = Forge::new(&[], May::Write, &[]);
    let (slack, any) = (Slack::new(), Server::new(|_| Answer::text(204, "")));
    let settings = format!(
        "{SETTINGS}  pr: {{ kind: github }}\n  bot: {{ kind: slack, token_env: BOT, channel: C0FINANCE }}\n  \
         any: {{ kind: webhook, webhook_env: ANY, secret_env: KEY }}\n"
    );
    let fixture = fixture(&github.server.url, 60)
        .with("BOT", SLACK_TOKEN)
        .with("SLACK_API_URL", &format!("{}/api", slack.server.url))
        .with("ANY", &any.url)
        .with("KEY", "a-s3cr3t-key");
    fixture.write("headsup.yml", settings);
    let mut report: Value = serde_json::from_str(&report(60)).unwrap();
    report["headsups"] = json!(["out", "bot", "any"].map(|channel| headsup(channel, channel, "revenue may differ")));
    fixture.write("report.json", report.to_string());
    let dry = fixture.json(&format!("{NOTIFY} --dry-run"));
    let mut shown: Vec<Value> = Vec::new();
    for entry in list(&dry["deliveries"]) {
        for parcel in list(&entry["parcels"]) {
            let body = word(&parcel["body"]);
            match word(&entry["kind"]).as_str() {
                "file" => {}
                "github" => shown.push(json!({ "body": body })),
                _ => shown.push(serde_json::from_str(&body).unwrap()),
            }
        }
    }
    assert!(github.server.asked().is_empty() && slack.server.asked().is_empty(), "a dry run asks nobody");
    fixture.run(NOTIFY);
    let asked = github.server.asked().into_iter().chain(slack.server.asked()).chain(any.asked());
    let mut sent: Vec<Value> = asked.filter(|asked| asked.method != "GET").map(|asked| asked.json()).collect();
    for reply in sent.iter_mut().filter(|body| body.get("thread_ts").is_some()) {
        // In which thread is known only when the message above is there.
        reply.as_object_mut().unwrap().remove("thread_ts");
        reply["channel"] = json!("C0FINANCE");
    }
    let sorted = |mut all: Vec<Value>| {
        all.sort_by_key(ToString::to_string);
        all
    };
    assert_eq!(shown.len(), 6);
    assert_eq!(sorted(shown), sorted(sent));
}
