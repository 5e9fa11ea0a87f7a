//! Messages to the places where they are read: once each, in time, and again if that fails. What is to be
//! sent is written to the ledger first, and acknowledged afterwards. It must not know how impact is
//! computed, nor choose the words.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::message::{Message, Status};
use crate::verdict::Verdict;

mod approvals;
mod channel;
mod checks;
mod clock;
mod comment;
mod digests;
mod email;
mod file;
mod github;
mod gitlab;
mod ledger;
mod letters;
mod memory;
mod outbox;
mod route;
mod secret;
mod slack;
mod stdout;
mod surroundings;
mod teams;
mod transport;
mod webhook;

pub use approvals::{Approval, Service};
pub use channel::{Channel, Parcel, Recalled, Receipt, Sight};
pub use digests::{Keeping, Sorted, due, sort, take_back};
pub use ledger::{Entry, Ledger, State, Waiting};
pub use letters::{Letters, letters, recalls, withdrawals};
pub use memory::Memory;
pub use outbox::{Effort, Outbox, Outcome, Sent};
pub use route::{Routes, Undeliverable};
pub use secret::{Environment, Secrets};
pub use surroundings::{Fate, Forge, Surroundings, is_link};

/// What goes to one channel at once: a message to one owner, or a comment or a check with the messages to all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The name of the channel.
    pub channel: String,
    /// Whom it is for; none for a comment that all read.
    pub owner: Option<String>,
    /// Which change it is about.
    pub change: String,
    /// What it says; nothing for a comment that has nothing to say any more.
    pub messages: Vec<Message>,
    /// What a check says beside that; none where it is not for a check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

impl Letter {
    /// What all letters about one change to one owner in one channel share.
    #[must_use]
    pub fn conversation(&self) -> String {
        digest(&[&self.change, &self.channel, self.owner.as_deref().unwrap_or("")])[..20].to_owned()
    }

    /// What tells two letters of one conversation apart: the change, the jobs with what happens to them,
    /// the team and its standard. Two letters that say the same have the same one, whatever the commit.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut parts = vec![self.conversation()];
        for message in &self.messages {
            let about = serde_json::to_string(&message.about).unwrap_or_default();
            let status = match message.status {
                Status::Announced => "announced",
                Status::Withdrawn => "withdrawn",
                Status::Digest => "digest",
            };
            let digest: Vec<_> =
                message.digest.iter().map(|one| (&one.occasion.change, one.status, &one.about)).collect();
            parts.push(if digest.is_empty() {
                String::new()
            } else {
                serde_json::to_string(&digest).unwrap_or_default()
            });
            parts.extend([status.to_owned(), message.owner.clone(), about, message.what.join("\n")]);
            parts.push(message.note.clone().unwrap_or_default());
            parts.push(message.occasion.lands.clone().unwrap_or_default());
        }
        parts.extend(self.verdict.as_ref().map(|verdict| serde_json::to_string(verdict).unwrap_or_default()));
        digest(&parts.iter().map(String::as_str).collect::<Vec<_>>())[..32].to_owned()
    }

    /// Whether there is anything in it; a comment without anything is there to change an older one.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.verdict.is_none()
    }

    /// What it says in a line.
    #[must_use]
    pub fn subject(&self) -> String {
        if let Some(verdict) = &self.verdict {
            return verdict.title.clone();
        }
        match self.messages.as_slice() {
            [] => "all clear".to_owned(),
            [one] => one.subject.clone(),
            [first, rest @ ..] => format!("{}, and {} more", first.subject, rest.len()),
        }
    }

    /// Whether it announces anything.
    #[must_use]
    pub fn announces(&self) -> bool {
        self.messages.iter().any(|message| message.status != Status::Withdrawn)
    }
}

/// Why something did not arrive, in words that hold no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It may work in a while: a busy service, a network that fails. It may even have arrived.
    Passing {
        /// What happened.
        said: String,
        /// How long the service asks to be left alone.
        after: Option<Duration>,
    },
    /// It will not work like this: a wrong token, a channel that does not exist.
    Lasting {
        /// What happened.
        said: String,
    },
    /// Writing is not allowed here, and need not be: a pull request from a fork.
    Forbidden {
        /// What happened.
        said: String,
    },
}

impl Fault {
    fn passing(said: impl Into<String>) -> Self {
        Self::Passing { said: said.into(), after: None }
    }

    fn lasting(said: impl Into<String>) -> Self {
        Self::Lasting { said: said.into() }
    }

    /// What happened.
    #[must_use]
    pub fn said(&self) -> &str {
        match self {
            Self::Passing { said, .. } | Self::Lasting { said } | Self::Forbidden { said } => said,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.said())
    }
}

/// A digest of several texts, in hexadecimal digits; no two lists of texts run together.
fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
