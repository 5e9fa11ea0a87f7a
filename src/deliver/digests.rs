//! What need not be told at once is kept, and told together: which letters that is, when, and in which
//! words they are put together. It must not know how anything is sent.

use jiff::Timestamp;

use super::ledger::{Collected, Ledger};
use super::{Letter, Outcome, Sent};
use crate::error::Result;
use crate::message::{Message, Occasion};
use crate::settings::{Digest, Settings};

/// Letters to be sent now, and what became of the others.
#[derive(Debug, Default)]
pub struct Sorted {
    /// To be sent now.
    pub now: Vec<Letter>,
    /// Kept, or told in an earlier digest.
    pub kept: Vec<Sent>,
}

/// Whether a run may keep letters for later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// The ledger lasts.
    Lasts,
    /// It may be gone after the run, and what is kept with it.
    Ends,
}

/// How often the owner of a letter hears of what is not urgent, where he wants to hear of that together.
fn digest(letter: &Letter, settings: &Settings) -> Option<Digest> {
    let of_team = letter.owner.as_ref().and_then(|owner| settings.teams.get(owner)?.digest);
    let of_channel = settings.channels.get(&letter.channel).and_then(|channel| channel.digest);
    letter.owner.as_ref()?;
    of_team.or(of_channel).filter(|_| !letter.messages.iter().any(Message::is_urgent))
}

/// Takes those out that may wait. Without a ledger, what would become of them is said.
///
/// # Errors
/// If the ledger cannot be used.
pub fn sort(
    letters: Vec<Letter>,
    settings: &Settings,
    keeping: Keeping,
    now: Timestamp,
    mut ledger: Option<&mut Ledger>,
) -> Result<Sorted> {
    let mut sorted = Sorted::default();
    for letter in letters {
        let digest = digest(&letter, settings).filter(|_| keeping == Keeping::Lasts);
        let Some(digest) = digest else {
            if let Some(ledger) = &ledger {
                ledger.uncollect(&letter.conversation())?;
            }
            sorted.now.push(letter);
            continue;
        };
        let due = settings.calendar.morning_after(now, digest == Digest::Weekly);
        let put = match &mut ledger {
            Some(ledger) => ledger.collect(&letter, due.as_millisecond())?,
            None => Collected::Waits(due.as_millisecond()),
        };
        match put {
            Collected::Apart => sorted.now.push(letter),
            Collected::Told => sorted.kept.push(Sent { letter, outcome: Outcome::AlreadyTold, said: None }),
            Collected::Waits(due) => {
                let due = Timestamp::from_millisecond(due).unwrap_or(now);
                let said = format!("it is not urgent; the digest is due {}", settings.calendar.shown(due));
                sorted.kept.push(Sent { letter, outcome: Outcome::Collected, said: Some(said) });
            }
        }
    }
    Ok(sorted)
}

/// What no longer holds of what waits for digests or was told in one: what waits is dropped, and what was told
/// is taken back in the next digest.
///
/// # Errors
/// If the ledger cannot be used.
pub fn take_back(
    ledger: &mut Ledger,
    current: &[String],
    occasion: &Occasion,
    only: Option<&str>,
    settings: &Settings,
    now: Timestamp,
) -> Result<()> {
    for (letter, was_told) in ledger.collected_about(&occasion.change)? {
        let concerns = only.is_none_or(|only| letter.owner.as_deref() == Some(only));
        if !concerns || current.contains(&letter.conversation()) {
            continue;
        }
        ledger.uncollect(&letter.conversation())?;
        if was_told {
            let messages = letter.messages.iter().map(|message| message.withdrawn(occasion)).collect();
            let weekly = digest(&letter, settings) == Some(Digest::Weekly);
            let due = settings.calendar.morning_after(now, weekly);
            ledger.collect(&Letter { messages, ..letter }, due.as_millisecond())?;
        }
    }
    Ok(())
}

/// The digests that are due, each with what it is made of.
///
/// # Errors
/// If the ledger cannot be read.
pub fn due(ledger: &Ledger, now: Timestamp) -> Result<Vec<(Letter, Vec<i64>)>> {
    let mut digests = Vec::new();
    for ((channel, owner), waiting) in ledger.collected()? {
        let Some(first) = waiting.iter().map(|one| one.due).min().filter(|due| *due <= now.as_millisecond()) else {
            continue;
        };
        let messages: Vec<Message> = waiting.iter().flat_map(|one| one.letter.messages.clone()).collect();
        let ids = waiting.iter().map(|one| one.id).collect();
        let message = Message::digest(&owner, messages);
        // The same digest has the same name after a crash, so it is not sent twice.
        let change = format!("digest {first}");
        let letter = Letter { channel, owner: Some(owner), change, messages: vec![message], verdict: None };
        digests.push((letter, ids));
    }
    Ok(digests)
}
