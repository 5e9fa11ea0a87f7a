//! Slack, GitHub and GitLab as far as they matter here, with their limits.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::checks::{self, Run};
use crate::http::{Answer, Asked, Manner, Server};

pub const SLACK_TOKEN: &str = "xoxb-1234-s3cr3t-slack";
pub const GITHUB_TOKEN: &str = "ghs_s3cr3tgithub0000";
pub const GITLAB_TOKEN: &str = "glpat-s3cr3tgitlab00";
/// What comes after the host of a webhook.
pub const HOOK: &str = "/services/T000/B000/s3cr3thook";

/// What goes wrong, by the number of the request.
pub type Trouble = Arc<Mutex<BTreeMap<usize, Answer>>>;

/// A message in a channel.
#[derive(Debug, Clone)]
pub struct Posted {
    pub ts: String,
    pub body: Value,
    /// How often it was put there or changed.
    pub changes: usize,
}

impl Posted {
    pub fn text(&self) -> &str {
        self.body["text"].as_str().unwrap_or_default()
    }

    pub fn all_text(&self) -> String {
        self.body["blocks"].to_string()
    }

    pub fn is_reply(&self) -> bool {
        self.body.get("thread_ts").is_some()
    }
}

/// Slack: a workspace with its API and webhooks.
pub struct Slack {
    pub server: Server,
    posted: Arc<Mutex<Vec<Posted>>>,
}

impl Slack {
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// The same, with trouble at some requests.
    pub fn with(trouble: &[(usize, Answer)]) -> Self {
        let posted: Arc<Mutex<Vec<Posted>>> = Arc::default();
        let state = Arc::clone(&posted);
        let last: Mutex<Option<Instant>> = Mutex::default();
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
                Some(answer) if answer.manner != Manner::Whole && answer.status == 200 => {
                    let done = slack(asked, &state, &last);
                    Answer { manner: answer.manner, ..done }
                }
                Some(answer) => answer,
                None => slack(asked, &state, &last),
            }
        });
        Self { server, posted }
    }

    pub fn posted(&self) -> Vec<Posted> {
        self.posted.lock().unwrap().clone()
    }

    /// The messages that are no replies.
    pub fn messages(&self) -> Vec<Posted> {
        self.posted().into_iter().filter(|posted| !posted.is_reply()).collect()
    }
}

/// What Slack says to a request.
fn slack(asked: &Asked, posted: &Mutex<Vec<Posted>>, last: &Mutex<Option<Instant>>) -> Answer {
    let fail = |error: &str| Answer::json(200, &json!({ "ok": false, "error": error }));
    let is_hook = asked.path == HOOK;
    if !is_hook && asked.header("authorization") != format!("Bearer {SLACK_TOKEN}") {
        return if asked.path.starts_with("/api/") { fail("invalid_auth") } else { Answer::text(404, "no_team") };
    }
    let mut posted = posted.lock().unwrap();
    if asked.method == "POST" {
        let body = asked.json();
        if let Some(error) = too_much(&body) {
            return if is_hook { Answer::text(400, error) } else { fail(error) };
        }
        if asked.path == "/api/chat.update" {
            return match posted.iter_mut().find(|message| body["ts"] == message.ts) {
                Some(message) => {
                    let thread = message.body.get("thread_ts").cloned();
                    message.body = body.clone();
                    if let Some(thread) = thread {
                        message.body["thread_ts"] = thread;
                    }
                    message.changes += 1;
                    Answer::json(200, &json!({ "ok": true, "channel": "C0FINANCE", "ts": body["ts"] }))
                }
                None => fail("message_not_found"),
            };
        }
        let mut last = last.lock().unwrap();
        let is_reply = body.get("thread_ts").is_some();
        if !is_reply {
            if last.is_some_and(|last| last.elapsed() < Duration::from_millis(950)) {
                return Answer::busy(1);
            }
            *last = Some(Instant::now());
        }
        let ts = format!("1700000000.{:06}", posted.len() + 1);
        posted.push(Posted { ts: ts.clone(), body, changes: 1 });
        return match is_hook {
            true => Answer::text(200, "ok"),
            false => Answer::json(200, &json!({ "ok": true, "channel": "C0FINANCE", "ts": ts })),
        };
    }
    // The latest first, two a page.
    let thread = asked.query.get("ts");
    let of_it = |message: &&Posted| message.body.get("thread_ts").and_then(Value::as_str) == thread.map(String::as_str);
    let all: Vec<Value> = posted
        .iter()
        .rev()
        .filter(of_it)
        .map(|message| json!({ "ts": message.ts, "text": message.text(), "metadata": message.body["metadata"] }))
        .collect();
    let from = asked.query.get("cursor").map_or(0, |cursor| cursor.parse::<usize>().unwrap());
    let next = if from + 2 < all.len() { (from + 2).to_string() } else { String::new() };
    let page: Vec<&Value> = all.iter().skip(from).take(2).collect();
    Answer::json(200, &json!({ "ok": true, "messages": page, "response_metadata": { "next_cursor": next } }))
}

/// What of a message is more than Slack takes.
fn too_much(body: &Value) -> Option<&'static str> {
    let blocks = body["blocks"].as_array().map_or(&[][..], Vec::as_slice);
    let texts: Vec<usize> =
        blocks.iter().map(|block| block["text"]["text"].as_str().unwrap_or_default().chars().count()).collect();
    let whole = texts.iter().sum::<usize>() + body["text"].as_str().unwrap_or_default().chars().count();
    if blocks.len() > 40 || texts.iter().any(|length| *length == 0 || *length > 3_000) {
        Some("invalid_blocks")
    } else if whole > 8_000 {
        Some("msg_too_long")
    } else {
        None
    }
}

/// A comment or a note.
#[derive(Debug, Clone)]
pub struct Comment {
    pub id: u64,
    pub body: String,
    pub changes: usize,
}

/// GitHub or GitLab: one pull request with its comments.
pub struct Forge {
    pub server: Server,
    comments: Arc<Mutex<Vec<Comment>>>,
    runs: Arc<Mutex<Vec<Run>>>,
    /// How many requests may still come, of those that count.
    budget: Arc<Mutex<usize>>,
}

/// What the token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    Write,
    Read,
}

impl Forge {
    /// A pull request with comments of others.
    pub fn new(others: &[&str], may: May, trouble: &[(usize, Answer)]) -> Self {
        let comment =
            |(place, body): (usize, &&str)| Comment { id: place as u64 + 1, body: (*body).to_owned(), changes: 1 };
        let comments: Arc<Mutex<Vec<Comment>>> = Arc::new(Mutex::new(others.iter().enumerate().map(comment).collect()));
        let runs: Arc<Mutex<Vec<Run>>> = Arc::default();
        let (state, checks) = (Arc::clone(&comments), Arc::clone(&runs));
        let trouble: Mutex<BTreeMap<usize, Answer>> = Mutex::new(trouble.iter().cloned().collect());
        let count = Mutex::new(0);
        let budget = Arc::new(Mutex::new(5_000));
        let left = Arc::clone(&budget);
        let answered = move |asked: &Asked| {
            let answer = match asked.path.contains("/check-runs") {
                true => checks::answered(asked, "", &checks, may),
                false => forge(asked, &state, may),
            };
            limited(answer.tagged(asked), &left)
        };
        let server = Server::new(move |asked| {
            let number = {
                let mut count = count.lock().unwrap();
                *count += 1;
                *count - 1
            };
            let bad = trouble.lock().unwrap().remove(&number);
            match bad {
                Some(answer) if answer.manner != Manner::Whole && answer.status == 200 => {
                    Answer { manner: answer.manner, ..answered(asked) }
                }
                Some(answer) => answer,
                None => answered(asked),
            }
        });
        Self { server, comments, runs, budget }
    }

    /// How many requests may still come.
    pub fn budget(&self) -> usize {
        *self.budget.lock().unwrap()
    }

    /// From now on no request may come that counts.
    pub fn exhaust(&self) {
        *self.budget.lock().unwrap() = 0;
    }

    /// The check runs.
    pub fn runs(&self) -> Vec<Run> {
        self.runs.lock().unwrap().clone()
    }

    pub fn comments(&self) -> Vec<Comment> {
        self.comments.lock().unwrap().clone()
    }

    /// Somebody removes every comment.
    pub fn clear(&self) {
        self.comments.lock().unwrap().clear();
    }

    /// The comments that are ours.
    pub fn ours(&self) -> Vec<Comment> {
        self.comments().into_iter().filter(|comment| comment.body.starts_with("<!-- headsup")).collect()
    }
}

/// An answer, unless too many were given. That nothing has changed does not count.
fn limited(answer: Answer, left: &Mutex<usize>) -> Answer {
    let mut left = left.lock().unwrap();
    if answer.status == 304 {
        return answer;
    }
    match left.checked_sub(1) {
        Some(rest) => {
            *left = rest;
            answer
        }
        None => Answer::json(403, &json!({ "message": "API rate limit exceeded" }))
            .with("x-ratelimit-remaining", "0")
            .with("x-ratelimit-reset", "4102444800"),
    }
}

fn forge(asked: &Asked, comments: &Mutex<Vec<Comment>>, may: May) -> Answer {
    let is_github = asked.path.starts_with("/repos/acme/warehouse/issues/");
    let allowed = match is_github {
        true => asked.header("authorization") == format!("Bearer {GITHUB_TOKEN}"),
        false => asked.header("private-token") == GITLAB_TOKEN,
    };
    if !allowed {
        return Answer::json(401, &json!({ "message": "Bad credentials" }));
    }
    let is_list = ["/repos/acme/warehouse/issues/412/comments", "/api/v4/projects/77/merge_requests/412/notes"]
        .contains(&asked.path.as_str());
    if !is_list && !asked.path.contains("/comments/") && !asked.path.contains("/notes/") {
        return Answer::json(404, &json!({ "message": "Not Found" }));
    }
    let mut comments = comments.lock().unwrap();
    if asked.method == "GET" {
        let (size, page) = (asked.number("per_page", 30).min(100), asked.number("page", 1));
        let shown = comments.iter().skip((page - 1) * size).take(size);
        let list: Vec<Value> = shown.map(|comment| json!({ "id": comment.id, "body": comment.body })).collect();
        let more = comments.len() > page * size;
        let answer = Answer::json(200, &Value::Array(list));
        return match (is_github, more) {
            (true, true) => answer.with("Link", &format!("<http://x/?page={}>; rel=\"next\"", page + 1)),
            (true, false) => answer,
            (false, true) => answer.with("X-Next-Page", &(page + 1).to_string()),
            (false, false) => answer.with("X-Next-Page", ""),
        };
    }
    if may == May::Read {
        return Answer::json(403, &json!({ "message": "Resource not accessible by integration" }));
    }
    if asked.method == "DELETE" {
        comments.retain(|comment| !asked.path.ends_with(&format!("/{}", comment.id)));
        return Answer::text(204, "");
    }
    let body = asked.json()["body"].as_str().unwrap().to_owned();
    if body.chars().count() > 65_536 {
        return Answer::json(422, &json!({ "message": "Body is too long (maximum is 65536 characters)" }));
    }
    if asked.method == "POST" {
        let id = comments.iter().map(|comment| comment.id).max().unwrap_or(0) + 1;
        comments.push(Comment { id, body, changes: 1 });
        return Answer::json(201, &json!({ "id": id }));
    }
    let id: u64 = asked.path.rsplit('/').next().unwrap().parse().unwrap();
    match comments.iter_mut().find(|comment| comment.id == id) {
        Some(comment) => {
            comment.body = body;
            comment.changes += 1;
            Answer::json(200, &json!({ "id": id }))
        }
        None => Answer::json(404, &json!({ "message": "Not Found" })),
    }
}
