//! What every channel can do: show what it would send, look whether it is there already, send it.

use std::time::Duration;

use super::{Fault, Letter};

/// A place where letters go.
pub trait Channel: Send + Sync {
    /// What would be sent, with secrets left out.
    fn preview(&self, letter: &Letter) -> Vec<Parcel>;

    /// What is there already of a conversation; `known` is what the ledger has of it.
    ///
    /// # Errors
    /// If the service does not answer, or not as it should.
    fn look(&self, letter: &Letter, known: Option<&str>) -> Result<Sight, Fault>;

    /// Sends a letter, in place of what is there where the service allows that. Each step that is done is
    /// noted at once, so that a run that ends in between is not repeated from its beginning.
    ///
    /// # Errors
    /// If it did not arrive, or may not have.
    fn send(&self, letter: &Letter, there: Option<&str>, note: &mut dyn FnMut(&str)) -> Result<Receipt, Fault>;

    /// The letters about a change that stand there and announce something, for where no ledger remembers
    /// them. A channel that cannot be asked has none.
    ///
    /// # Errors
    /// If the service does not answer.
    fn recall(&self, change: &str) -> Result<Vec<Recalled>, Fault> {
        let _ = change;
        Ok(Vec::new())
    }

    /// How long to wait between two letters.
    fn pace(&self) -> Duration {
        Duration::ZERO
    }
}

/// What is at a channel already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// The service was asked, and has nothing of this conversation; or cannot be asked.
    Nothing,
    /// This very letter is there.
    Same(String),
    /// An earlier letter of the conversation is there, or a part of this one.
    Other(String),
}

/// A letter as its channel remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recalled {
    /// Whom it is for.
    pub owner: String,
    /// The jobs that it is about.
    pub jobs: Vec<String>,
}

/// What happened to a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// It is there, anew; with a reference by which it is found again, where there is one.
    Sent(Option<String>),
    /// It is there in place of an earlier one.
    Updated(Option<String>),
}

impl Receipt {
    /// What the letter is found by.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::Sent(reference) | Self::Updated(reference) => reference.as_deref(),
        }
    }
}

/// Something that would be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Where to, without anything secret.
    pub to: String,
    /// What exactly.
    pub body: String,
}
