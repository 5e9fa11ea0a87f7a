//! From heads-ups to letters: who hears by which channel, and who cannot be told. It must not know how
//! anything is sent.

use super::outbox::{Outcome, Sent};
use super::route::{Routes, Undeliverable};
use super::{Entry, Letter};
use crate::headsup::HeadsUp;
use crate::message::{Message, Occasion};
use crate::verdict::Verdict;

/// Letters, and what cannot become one.
#[derive(Debug, Default)]
pub struct Letters {
    /// To be sent.
    pub letters: Vec<Letter>,
    /// What has nowhere to go.
    pub stuck: Vec<Sent>,
    /// What a run for a pull request would write into its comment, and this run cannot.
    pub elsewhere: Vec<Sent>,
}

/// Heads-ups to letters; `only` is the owner that the run is about, if it is about one.
#[must_use]
pub fn letters(
    headsups: &[HeadsUp],
    occasion: &Occasion,
    note: Option<&str>,
    only: Option<&str>,
    routes: &Routes,
) -> Letters {
    let mut all = Letters::default();
    let comments: Vec<&str> = routes.comments().collect();
    let usable = |name: &&&str| routes.obstacle(name).is_none();
    let has_comment = only.is_none() && comments.iter().any(|name| usable(&name));
    let is_fork = comments.iter().any(|name| matches!(routes.obstacle(name), Some(Undeliverable::Fork(_))));
    let is_elsewhere = |name: &&&str| matches!(routes.obstacle(name), Some(Undeliverable::NotHere(_)));
    let mut messages = Vec::new();
    for headsup in headsups.iter().filter(|headsup| only.is_none_or(|only| headsup.owner == only)) {
        let message = Message::new(headsup, occasion, note);
        messages.push(message.clone());
        let letter = |channel: &str| Letter {
            channel: channel.to_owned(),
            owner: Some(message.owner.clone()),
            change: occasion.change.clone(),
            messages: vec![message.clone()],
            verdict: None,
        };
        match &headsup.channel {
            None if has_comment => {}
            None if is_fork => {
                all.stick(letter(""), Outcome::Skipped, "runs for a fork have no secrets, and so no comment");
            }
            None if let Some(name) = comments.iter().find(|name| is_elsewhere(name)) => all.elsewhere.push(Sent {
                letter: letter(name),
                outcome: Outcome::Undelivered,
                said: Some(
                    "the comment is for runs on a pull request, and this is none; give the team a `channel` of its own"
                        .to_owned(),
                ),
            }),
            None => all.stick(
                letter(""),
                Outcome::Undelivered,
                "nobody says where to tell this owner; give the team a `channel`",
            ),
            Some(name) if comments.contains(&name.as_str()) => match (routes.obstacle(name), only) {
                (None, None) => {}
                (None, Some(_)) => all.stick(
                    letter(name),
                    Outcome::Skipped,
                    "the comment is for all owners, and is written without --only",
                ),
                (Some(Undeliverable::NotHere(said)), _) => all.elsewhere.push(Sent {
                    letter: letter(name),
                    outcome: Outcome::Undelivered,
                    said: Some(said.clone()),
                }),
                (Some(obstacle), _) => all.stuck_at(letter(name), obstacle),
            },
            Some(name) if routes.checks().any(|check| check == name) => all.stick(
                letter(name),
                Outcome::Undelivered,
                "a check on the pull request tells nobody by itself; give the team another `channel`",
            ),
            Some(name) => match routes.obstacle(name) {
                Some(obstacle @ Undeliverable::Fork(_)) => all.stuck_at(letter(name), obstacle),
                _ => all.letters.push(letter(name)),
            },
        }
    }
    if only.is_some() {
        return all;
    }
    for name in comments {
        let letter = Letter {
            channel: name.to_owned(),
            owner: None,
            change: occasion.change.clone(),
            messages: messages.clone(),
            verdict: None,
        };
        match routes.obstacle(name) {
            None => all.letters.push(letter),
            Some(obstacle @ Undeliverable::Wrong(_)) if !messages.is_empty() => {
                all.stuck_at(letter, obstacle);
            }
            // A run that is not for a pull request has no place for a comment, and needs none.
            Some(_) => {}
        }
    }
    all
}

impl Letters {
    /// Adds the verdict for every check.
    pub fn add_checks(&mut self, verdict: &Verdict, messages: &[Message], change: &str, routes: &Routes) {
        for name in routes.checks() {
            let letter = Letter {
                channel: name.to_owned(),
                owner: None,
                change: change.to_owned(),
                messages: messages.to_vec(),
                verdict: Some(verdict.clone()),
            };
            match routes.obstacle(name) {
                None => self.letters.push(letter),
                Some(obstacle) => self.stuck_at(letter, obstacle),
            }
        }
    }

    fn stick(&mut self, letter: Letter, outcome: Outcome, said: &str) {
        self.stuck.push(Sent { letter, outcome, said: Some(said.to_owned()) });
    }

    fn stuck_at(&mut self, letter: Letter, obstacle: &Undeliverable) {
        let outcome = match obstacle {
            Undeliverable::Fork(_) => Outcome::Skipped,
            Undeliverable::NotHere(_) | Undeliverable::Wrong(_) => Outcome::Undelivered,
        };
        self.stick(letter, outcome, obstacle.said());
    }
}

/// What takes back what channels remember of a change, for where the ledger knows nothing of it: a run in
/// CI that began with an empty disk.
#[must_use]
pub fn recalls(current: &[Letter], occasion: &Occasion, only: Option<&str>, routes: &Routes) -> Letters {
    let known: Vec<String> = current.iter().map(Letter::conversation).collect();
    let mut all = Letters::default();
    for name in routes.names() {
        let Ok(channel) = routes.channel(name) else { continue };
        let letter = |owner: Option<String>, messages| Letter {
            channel: name.to_owned(),
            owner,
            change: occasion.change.clone(),
            messages,
            verdict: None,
        };
        match channel.recall(&occasion.change) {
            Ok(recalled) => {
                for one in recalled.iter().filter(|one| only.is_none_or(|only| only == one.owner)) {
                    let message = Message::recalled(&one.owner, &one.jobs, occasion);
                    let letter = letter(Some(one.owner.clone()), vec![message]);
                    if !known.contains(&letter.conversation()) && !all.letters.contains(&letter) {
                        all.letters.push(letter);
                    }
                }
            }
            Err(fault) => {
                let said = format!("whether an earlier message has to be taken back is unknown: {fault}");
                all.stick(letter(None, Vec::new()), Outcome::Undelivered, &said);
            }
        }
    }
    all
}

/// What takes back what was announced about a change and is not announced any more.
#[must_use]
pub fn withdrawals(announced: &[Entry], current: &[Letter], occasion: &Occasion, only: Option<&str>) -> Vec<Letter> {
    let known: Vec<String> = current.iter().map(Letter::conversation).collect();
    let gone = announced.iter().filter(|entry| !known.contains(&entry.letter.conversation()));
    let of_owner = gone.filter(|entry| match (&entry.letter.owner, only) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(owner), Some(only)) => owner == only,
    });
    let letter = |entry: &Entry| {
        let messages = entry.letter.messages.iter().map(|message| message.withdrawn(occasion)).collect();
        Letter { messages, ..entry.letter.clone() }
    };
    of_owner.map(letter).collect()
}
