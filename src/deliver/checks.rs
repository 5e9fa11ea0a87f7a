//! GitHub: one check run on the newest commit of a pull request, with notes beside the lines. A run of the same name on
//! the same commit is brought up to date; its notes can only be added to, so one with notes that no longer hold gets
//! a successor, which GitHub shows in its place.

use reqwest::Method;
use serde_json::{Value, json};

use super::channel::{Channel, Parcel, Receipt, Sight};
use super::comment::MOST_PAGES;
use super::github::Repository;
use super::transport::Request;
use super::{Fault, Letter};
use crate::render::message::{Comment, comment};
use crate::verdict::{Note, Verdict};

/// How many notes GitHub takes at once.
const NOTES_AT_ONCE: usize = 50;
/// The most bytes of a summary; GitHub takes some more characters.
const LONGEST_SUMMARY: usize = 65_000;

/// The check runs of one name on a commit.
pub(super) struct Checks {
    pub(super) repository: Repository,
    /// What the check is called.
    pub(super) name: String,
}

/// What is kept with a run, by which it is known as ours and as this one.
fn mark(letter: &Letter) -> String {
    format!("headsup {} ", letter.conversation())
}

impl Checks {
    /// The requests that a verdict takes beside where they go: the run without its end, more notes, and the last with
    /// its end. What is there already of the notes is left out.
    fn bodies(&self, letter: &Letter, verdict: &Verdict, there: &[Note]) -> Vec<Value> {
        let missing: Vec<Value> = verdict.notes.iter().filter(|note| !there.contains(note)).map(annotation).collect();
        let mut batches: Vec<&[Value]> = missing.chunks(NOTES_AT_ONCE).collect();
        if batches.is_empty() {
            batches.push(&[]);
        }
        let last = batches.len() - 1;
        let body = |(place, notes): (usize, &&[Value])| {
            let mut body = json!({
                "name": self.name,
                "head_sha": verdict.commit,
                "external_id": format!("{}{}", mark(letter), letter.fingerprint()),
                "status": "in_progress",
                "output": { "title": title(verdict), "summary": summary(letter, verdict), "annotations": notes },
            });
            if place == last {
                body["status"] = json!("completed");
                body["conclusion"] = json!(verdict.conclusion.name());
            }
            body
        };
        batches.iter().enumerate().map(body).collect()
    }

    fn make(&self, body: &Value) -> Result<u64, Fault> {
        let url = self.repository.url("check-runs")?;
        let answer = self.repository.call(Request::json(Method::POST, url, body)).map_err(|fault| match fault {
            Fault::Lasting { said } if said.contains("answered 403") => {
                Fault::lasting(format!("{said}; a check needs the permission `checks: write`, and the token of an app"))
            }
            fault => fault,
        })?;
        let answer = answer.value()?;
        answer["id"].as_u64().ok_or_else(|| Fault::passing("GitHub did not say which check run it made"))
    }

    fn change(&self, id: &str, body: &Value) -> Result<(), Fault> {
        let url = self.repository.url(&format!("check-runs/{id}"))?;
        self.repository.call(Request::json(Method::PATCH, url, body)).map(drop)
    }

    /// The notes that a run has.
    fn notes(&self, id: &str) -> Result<Vec<Note>, Fault> {
        let mut notes = Vec::new();
        for page in 1..=MOST_PAGES {
            let url = self.repository.url(&format!("check-runs/{id}/annotations?per_page=100&page={page}"))?;
            let answer = self.repository.call(Request::get(url))?.value()?;
            let list = answer.as_array().ok_or_else(|| Fault::passing("GitHub sent no list of annotations"))?;
            notes.extend(list.iter().filter_map(read));
            if list.len() < 100 {
                break;
            }
        }
        Ok(notes)
    }

    /// Brings a run up to date; whether that can be done.
    fn update(&self, id: &str, letter: &Letter, verdict: &Verdict) -> Result<bool, Fault> {
        let done = self.notes(id).and_then(|there| {
            if there.iter().any(|note| !verdict.notes.contains(note)) {
                return Ok(false);
            }
            let bodies = self.bodies(letter, verdict, &there);
            bodies.iter().try_for_each(|body| self.change(id, body)).map(|()| true)
        });
        match done {
            // Gone, or made by somebody who alone may change it.
            Err(Fault::Lasting { said }) if said.contains("answered 404") || said.contains("answered 403") => Ok(false),
            done => done,
        }
    }
}

fn title(verdict: &Verdict) -> String {
    let mut letters = verdict.title.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}

fn summary(letter: &Letter, verdict: &Verdict) -> String {
    let mut text = match verdict.left_out {
        0 => String::new(),
        1 => "There is no room for 1 more note.\n\n".to_owned(),
        more => format!("There is no room for {more} more notes.\n\n"),
    };
    match letter.messages.as_slice() {
        [] => text.push_str("Nobody has to hear of this change.\n"),
        messages => text.push_str(&comment(messages, Comment { marker: "", most: LONGEST_SUMMARY - text.len() })),
    }
    text
}

fn annotation(note: &Note) -> Value {
    json!({
        "path": note.path,
        "start_line": note.line,
        "end_line": note.line,
        "annotation_level": note.level.name(),
        "title": note.title,
        "message": note.message,
    })
}

/// A note as GitHub has it.
fn read(value: &Value) -> Option<Note> {
    Some(Note {
        level: serde_json::from_value(value["annotation_level"].clone()).ok()?,
        path: value["path"].as_str()?.to_owned(),
        line: u32::try_from(value["start_line"].as_u64()?).ok()?,
        title: value["title"].as_str()?.to_owned(),
        message: value["message"].as_str()?.to_owned(),
    })
}

impl Channel for Checks {
    fn preview(&self, letter: &Letter) -> Vec<Parcel> {
        let Some(verdict) = &letter.verdict else { return Vec::new() };
        let first = self.repository.shown("check-runs");
        let to = |place: usize| match place {
            0 => format!("POST {first}, or PATCH ours"),
            _ => format!("PATCH {first}/ID"),
        };
        let bodies = self.bodies(letter, verdict, &[]);
        bodies.iter().enumerate().map(|(place, body)| Parcel { to: to(place), body: format!("{body:#}") }).collect()
    }

    fn look(&self, letter: &Letter, _: Option<&str>) -> Result<Sight, Fault> {
        let Some(verdict) = &letter.verdict else { return Ok(Sight::Nothing) };
        let mut url = self.repository.url(&format!("commits/{}/check-runs", verdict.commit))?;
        url.query_pairs_mut().append_pair("check_name", &self.name).append_pair("per_page", "100");
        let page = self.repository.page(
            &url,
            |answer| answer["check_runs"].as_array(),
            |run| Some(json!({ "id": run["id"], "external_id": run["external_id"], "status": run["status"] })),
        )?;
        let mark = mark(letter);
        let ours = page.items.iter().filter_map(|run| {
            let print = run["external_id"].as_str()?.strip_prefix(&mark)?;
            Some((run["id"].as_u64()?, print == letter.fingerprint() && run["status"] == json!("completed")))
        });
        // Of several the latest stands.
        Ok(match ours.max() {
            Some((id, true)) => Sight::Same(id.to_string()),
            Some((id, false)) => Sight::Other(id.to_string()),
            None => Sight::Nothing,
        })
    }

    fn send(&self, letter: &Letter, there: Option<&str>, note: &mut dyn FnMut(&str)) -> Result<Receipt, Fault> {
        let Some(verdict) = &letter.verdict else { return Ok(Receipt::Sent(None)) };
        if let Some(id) = there
            && self.update(id, letter, verdict)?
        {
            return Ok(Receipt::Updated(Some(id.to_owned())));
        }
        let bodies = self.bodies(letter, verdict, &[]);
        let [first, more @ ..] = bodies.as_slice() else { return Ok(Receipt::Sent(None)) };
        let id = self.make(first)?.to_string();
        note(&id);
        more.iter().try_for_each(|body| self.change(&id, body))?;
        Ok(Receipt::Sent(Some(id)))
    }
}
