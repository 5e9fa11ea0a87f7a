//! What `headsup notify` and `headsup outbox` did, as plain values.

use serde::Serialize;

use crate::deliver::{Entry, Outcome, Parcel, Sent, State, Waiting};
use crate::moment::Rfc3339;

/// What `headsup notify` did, or would do.
#[derive(Debug, Clone, Serialize)]
pub struct NotifyReport {
    /// [`super::VERSION`].
    pub version: u32,
    /// What base is called; absent when waiting messages were sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// What head is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// Whether anything was really sent.
    pub dry_run: bool,
    /// Each message, by channel and owner.
    pub deliveries: Vec<DeliveryEntry>,
}

/// A message and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct DeliveryEntry {
    /// Whom it is for; several for a comment that all read.
    pub owners: Vec<String>,
    /// The channel; empty if the owner has none.
    pub channel: String,
    /// What kind of channel it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What it says in a line.
    pub subject: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, where it did not arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// What messages about one change to one owner share.
    pub conversation: String,
    /// What tells two such messages apart.
    pub fingerprint: String,
    /// What would be sent, in a dry run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parcels: Vec<ParcelEntry>,
}

/// Something that would be sent.
#[derive(Debug, Clone, Serialize)]
pub struct ParcelEntry {
    /// Where to, without anything secret.
    pub to: String,
    /// What exactly.
    pub body: String,
}

impl DeliveryEntry {
    /// A letter and what became of it.
    #[must_use]
    pub fn new(sent: &Sent, kind: Option<&str>, parcels: Vec<Parcel>) -> Self {
        let letter = &sent.letter;
        let owners = match &letter.owner {
            Some(owner) => vec![owner.clone()],
            None => letter.messages.iter().map(|message| message.owner.clone()).collect(),
        };
        Self {
            owners,
            channel: letter.channel.clone(),
            kind: kind.map(str::to_owned),
            subject: letter.subject(),
            outcome: sent.outcome,
            said: sent.said.clone(),
            conversation: letter.conversation(),
            fingerprint: letter.fingerprint(),
            parcels: parcels.into_iter().map(|parcel| ParcelEntry { to: parcel.to, body: parcel.body }).collect(),
        }
    }
}

impl NotifyReport {
    /// What could not be delivered, now or at all.
    pub fn undelivered(&self) -> impl Iterator<Item = &DeliveryEntry> {
        self.deliveries.iter().filter(|entry| matches!(entry.outcome, Outcome::Undelivered | Outcome::Waiting))
    }
}

/// What is in the ledger.
#[derive(Debug, Clone, Serialize)]
pub struct OutboxReport {
    /// [`super::VERSION`].
    pub version: u32,
    /// The letters, oldest first.
    pub letters: Vec<LetterEntry>,
    /// What waits for a digest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub collected: Vec<CollectedEntry>,
}

/// A message that waits for a digest.
#[derive(Debug, Clone, Serialize)]
pub struct CollectedEntry {
    /// Whom it is for.
    pub owner: String,
    /// The channel.
    pub channel: String,
    /// What it says in a line.
    pub subject: String,
    /// When the digest is due.
    pub due: String,
}

impl CollectedEntry {
    /// What the ledger says of it.
    #[must_use]
    pub fn new(waiting: &Waiting) -> Self {
        Self {
            owner: waiting.letter.owner.clone().unwrap_or_default(),
            channel: waiting.letter.channel.clone(),
            subject: waiting.letter.subject(),
            due: Rfc3339::from_seconds(waiting.due / 1_000).to_string(),
        }
    }
}

/// A letter in the ledger.
#[derive(Debug, Clone, Serialize)]
pub struct LetterEntry {
    /// Its number.
    pub id: i64,
    /// Whom it is for; null for a comment that all read.
    pub owner: Option<String>,
    /// The channel.
    pub channel: String,
    /// What it says in a line.
    pub subject: String,
    /// What became of it.
    pub state: State,
    /// How often it was tried.
    pub attempts: u32,
    /// What went wrong last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// When anything about it changed.
    pub changed: String,
}

impl LetterEntry {
    /// What the ledger says of a letter.
    #[must_use]
    pub fn new(entry: &Entry) -> Self {
        Self {
            id: entry.id,
            owner: entry.letter.owner.clone(),
            channel: entry.letter.channel.clone(),
            subject: entry.subject.clone(),
            state: entry.state,
            attempts: entry.attempts,
            said: entry.said.clone(),
            changed: Rfc3339::from_seconds(entry.changed / 1_000).to_string(),
        }
    }
}
