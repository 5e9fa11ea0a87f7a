//! From the ledger to the channels: each letter by whoever has its turn, as often as it takes and is
//! sensible, every channel for itself. A letter that may have arrived is looked for before it is sent
//! again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::channel::{Channel, Receipt, Sight};
use super::ledger::{Entry, Put, State, Turn, holder};
use super::secret::Secrets;
use super::{Fault, Ledger, Letter, Routes, clock};
use crate::error::{Error, Result};

/// How hard a run tries.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// How long to go on with what fails.
    pub give_up_after: Duration,
    /// How long a lease is; whoever ends without letting go keeps others waiting for so long.
    pub lease: Duration,
}

/// What became of a letter in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was sent.
    Sent,
    /// An earlier one was changed.
    Updated,
    /// It was there already; nothing was sent.
    AlreadyTold,
    /// It is kept for a digest.
    Collected,
    /// A dry run: it would be sent.
    WouldSend,
    /// It has no place here, and need not: no pull request, or one from a fork.
    Skipped,
    /// It could not be delivered yet, and waits in the ledger.
    Waiting,
    /// It could not be delivered.
    Undelivered,
}

/// A letter and what became of it.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The letter.
    pub letter: Letter,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, where it is not there; without secrets.
    pub said: Option<String>,
}

/// The ledger and the channels of a run.
#[derive(Debug)]
pub struct Outbox<'a> {
    /// Where the ledger is.
    pub path: PathBuf,
    /// Where letters go.
    pub routes: &'a Routes,
    /// How hard to try.
    pub effort: Effort,
    /// What must not be said.
    pub secrets: Arc<Secrets>,
}

impl Outbox<'_> {
    /// Sends letters, and takes back what was announced about the same change and is not among them.
    /// `only` is the owner that the run is about, if it is about one.
    ///
    /// # Errors
    /// If the ledger cannot be used.
    pub fn send(
        &self,
        letters: Vec<Letter>,
        change: &str,
        only: Option<&str>,
        withdrawn: &[Letter],
    ) -> Result<Vec<Sent>> {
        let mut ledger = Ledger::open(&self.path)?;
        let mut done = Vec::new();
        let mut queue = Vec::new();
        let current: Vec<String> = letters.iter().map(Letter::conversation).collect();
        for entry in ledger.unarrived(change)? {
            let concerns = only.is_none_or(|owner| entry.letter.owner.as_deref() == Some(owner));
            if concerns && !current.contains(&entry.letter.conversation()) {
                ledger.drop_letter(entry.id)?;
            }
        }
        for letter in letters.into_iter().chain(withdrawn.iter().cloned()) {
            // A comment without messages is there to change an older one, if there is one.
            if letter.is_empty() && !self.has_something(&letter, &mut done) {
                continue;
            }
            match ledger.put(&letter)? {
                Put::New(id) | Put::Waiting(id) => queue.push((id, letter)),
                // A comment can be removed or changed by others, so it is looked at.
                Put::Told if letter.owner.is_none() && self.is_elsewise(&letter) => {
                    ledger.forget(&letter.conversation())?;
                    if let Put::New(id) | Put::Waiting(id) = ledger.put(&letter)? {
                        queue.push((id, letter));
                    }
                }
                Put::Told => done.push(Sent { letter, outcome: Outcome::AlreadyTold, said: None }),
            }
        }
        ledger.prune()?;
        done.extend(self.work(queue)?);
        Ok(done)
    }

    /// Sends what is in the ledger and not sent.
    ///
    /// # Errors
    /// If the ledger cannot be used.
    pub fn resume(&self) -> Result<Vec<Sent>> {
        let ledger = Ledger::open(&self.path)?;
        let waiting = ledger.unsent()?.into_iter().filter(|entry| entry.state == State::Waiting);
        self.work(waiting.map(|entry| (entry.id, entry.letter)).collect())
    }

    /// Sends the digests that are due.
    ///
    /// # Errors
    /// If the ledger cannot be used.
    pub fn send_digests(&self, now: jiff::Timestamp) -> Result<Vec<Sent>> {
        let mut ledger = Ledger::open(&self.path)?;
        let mut queue = Vec::new();
        for (letter, ids) in super::due(&ledger, now)? {
            let put = ledger.put(&letter)?;
            ledger.tell_collected(&ids)?;
            if let Put::New(id) | Put::Waiting(id) = put {
                queue.push((id, letter));
            }
        }
        drop(ledger);
        self.work(queue)
    }

    /// Whether a channel surely does not have a letter that was sent.
    fn is_elsewise(&self, letter: &Letter) -> bool {
        let sight = self.routes.channel(&letter.channel).ok().and_then(|channel| channel.look(letter, None).ok());
        matches!(sight, Some(Sight::Nothing | Sight::Other(_)))
    }

    /// Whether a channel has anything of a conversation.
    fn has_something(&self, letter: &Letter, done: &mut Vec<Sent>) -> bool {
        let Ok(channel) = self.routes.channel(&letter.channel) else { return false };
        let until = Instant::now() + self.effort.give_up_after;
        let mut attempt = 0;
        loop {
            match channel.look(letter, None) {
                Ok(sight) => return matches!(sight, Sight::Other(_)),
                Err(Fault::Passing { after, .. }) if Instant::now() + after.unwrap_or_default() < until => {
                    clock::wait(after.unwrap_or_else(|| clock::backoff(attempt)));
                    attempt += 1;
                }
                Err(fault) => {
                    let said = Some(self.secrets.mask(&format!("whether it has an old comment is unknown: {fault}")));
                    let outcome =
                        if matches!(fault, Fault::Forbidden { .. }) { Outcome::Skipped } else { Outcome::Undelivered };
                    done.push(Sent { letter: letter.clone(), outcome, said });
                    return false;
                }
            }
        }
    }

    /// Each channel by itself, so that none waits for another.
    fn work(&self, queue: Vec<(i64, Letter)>) -> Result<Vec<Sent>> {
        let mut by_channel: BTreeMap<String, Vec<(i64, Letter)>> = BTreeMap::new();
        for (id, letter) in queue {
            by_channel.entry(letter.channel.clone()).or_default().push((id, letter));
        }
        let done = Mutex::new(Vec::new());
        let until = Instant::now() + self.effort.give_up_after;
        let failures = std::thread::scope(|scope| {
            let threads: Vec<_> = by_channel
                .into_values()
                .map(|letters| scope.spawn(|| self.work_channel(letters, until, &done)))
                .collect();
            let ended =
                || Err(Error::delivery("the work on a channel ended early; what is not there is in the ledger"));
            let results = threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| ended()));
            results.filter_map(Result::err).collect::<Vec<_>>()
        });
        match failures.into_iter().next() {
            Some(failure) => Err(failure),
            None => Ok(done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)),
        }
    }

    fn work_channel(&self, letters: Vec<(i64, Letter)>, until: Instant, done: &Mutex<Vec<Sent>>) -> Result<()> {
        let mut sender = Sender {
            ledger: Ledger::open(&self.path)?,
            path: &self.path,
            holder: holder(),
            effort: self.effort,
            until,
        };
        for (place, (id, letter)) in letters.into_iter().enumerate() {
            let (outcome, said) = match self.routes.channel(&letter.channel) {
                Ok(channel) => {
                    if place > 0 {
                        clock::wait(channel.pace());
                    }
                    sender.deliver(id, channel)?
                }
                Err(why) => {
                    sender.ledger.refuse(id, &self.secrets.mask(why))?;
                    (Outcome::Undelivered, Some(why.to_owned()))
                }
            };
            let said = said.map(|said| self.secrets.mask(&said));
            done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(Sent { letter, outcome, said });
        }
        Ok(())
    }
}

/// One channel's share of a run.
struct Sender<'a> {
    ledger: Ledger,
    path: &'a Path,
    holder: String,
    effort: Effort,
    until: Instant,
}

impl Sender<'_> {
    /// Sends a letter as soon as it is our turn, until it is there, is refused, or time is up.
    fn deliver(&mut self, id: i64, channel: &dyn Channel) -> Result<(Outcome, Option<String>)> {
        const GLANCE: Duration = Duration::from_millis(150);
        let mut tries = 0;
        loop {
            let entry = match self.ledger.take(id, &self.holder, self.effort.lease)? {
                Turn::Ours(entry) => *entry,
                Turn::Over(State::Failed) => {
                    return Ok((Outcome::Undelivered, Some("another run was refused".to_owned())));
                }
                Turn::Over(_) => return Ok((Outcome::AlreadyTold, None)),
                Turn::Theirs if Instant::now() < self.until => {
                    clock::wait(GLANCE);
                    continue;
                }
                Turn::Theirs => return Ok((Outcome::Waiting, Some("another run is sending it".to_owned()))),
            };
            let early = Duration::from_millis(u64::try_from(entry.next_attempt - clock::now()).unwrap_or(0));
            if Instant::now() + early > self.until {
                let said = entry.said.unwrap_or_else(|| "it is to be tried again later".to_owned());
                self.ledger.postpone(id, &said, entry.next_attempt)?;
                return Ok((Outcome::Waiting, Some(said)));
            }
            let held = Held::new(self.path, id, &self.holder, self.effort.lease)?;
            clock::wait(early);
            let result = self.attempt(&entry, channel);
            drop(held);
            match result {
                Ok((outcome, reference)) => {
                    self.ledger.acknowledge(id, reference.as_deref())?;
                    return Ok((outcome, None));
                }
                Err(Fault::Passing { said, after }) => {
                    let pause = after.unwrap_or_else(|| clock::backoff(tries));
                    tries += 1;
                    let next = clock::now() + i64::try_from(pause.as_millis()).unwrap_or(i64::MAX / 4);
                    self.ledger.postpone(id, &said, next)?;
                    if Instant::now() + pause > self.until {
                        return Ok((Outcome::Waiting, Some(said)));
                    }
                }
                Err(Fault::Lasting { said }) => {
                    self.ledger.refuse(id, &said)?;
                    return Ok((Outcome::Undelivered, Some(said)));
                }
                Err(Fault::Forbidden { said }) => {
                    self.ledger.drop_letter(id)?;
                    return Ok((Outcome::Skipped, Some(said)));
                }
            }
        }
    }

    fn attempt(&self, entry: &Entry, channel: &dyn Channel) -> Result<(Outcome, Option<String>), Fault> {
        let kept = |_| Fault::passing("the ledger cannot be used");
        let known = match &entry.reference {
            Some(reference) => Some(reference.clone()),
            None => self.ledger.reference(&entry.letter.conversation()).map_err(kept)?,
        };
        let there = match channel.look(&entry.letter, known.as_deref())? {
            Sight::Same(reference) => return Ok((Outcome::AlreadyTold, Some(reference))),
            Sight::Other(reference) => Some(reference),
            Sight::Nothing => None,
        };
        self.ledger.begin(entry.id).map_err(kept)?;
        let mut note = |reference: &str| {
            // What cannot be noted is looked for the next time.
            let _ = self.ledger.note(entry.id, reference);
        };
        let receipt = channel.send(&entry.letter, there.as_deref(), &mut note)?;
        let outcome = match receipt {
            Receipt::Sent(_) => Outcome::Sent,
            Receipt::Updated(_) => Outcome::Updated,
        };
        Ok((outcome, receipt.reference().map(str::to_owned)))
    }
}

/// Holds on to a lease while it lives, however long an attempt takes.
struct Held {
    over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Held {
    fn new(path: &Path, id: i64, holder: &str, lease: Duration) -> Result<Self> {
        const GLANCE: Duration = Duration::from_millis(20);
        let ledger = Ledger::open(path)?;
        let (over, holder) = (Arc::new(AtomicBool::new(false)), holder.to_owned());
        let is_over = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut renewed = Instant::now();
            while !is_over.load(Ordering::Relaxed) {
                clock::wait(GLANCE);
                if renewed.elapsed() > lease / 4 {
                    // A lease that cannot be renewed now is tried again at the next glance.
                    if ledger.hold(id, &holder, lease).is_ok() {
                        renewed = Instant::now();
                    }
                }
            }
        });
        Ok(Self { over, thread: Some(thread) })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked holds nothing.
            let _ = thread.join();
        }
    }
}
