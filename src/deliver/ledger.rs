//! What was to be sent, and what became of it: a SQLite file. A letter is in it before it is sent, and
//! whoever sends it holds a lease on it meanwhile. It holds no secret.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};

mod approved;
mod collected;
mod pages;

pub(super) use collected::Collected;
pub use collected::Waiting;

use super::{Letter, clock, digest};
use crate::error::{Error, Result};

/// The form of the file.
const VERSION: i64 = 4;

const SCHEMA: &str = "
    create table letter (
        id integer primary key,
        conversation text not null,
        fingerprint text not null,
        change text not null,
        channel text not null,
        owner text,
        subject text not null,
        announces integer not null,
        content text not null,
        state text not null check (state in ('waiting', 'sent', 'failed', 'replaced')),
        attempts integer not null default 0,
        next_attempt integer not null default 0,
        holder text,
        lease_until integer not null default 0,
        reference text,
        said text,
        created integer not null,
        changed integer not null
    ) strict;
    create index letter_by_conversation on letter (conversation, id);
    create index letter_by_state on letter (state);
    create index letter_by_change on letter (change);
";

/// How long what is settled is kept: a year and a month.
const KEPT: Duration = Duration::from_secs(400 * 86_400);

/// The columns that an entry is made of.
const COLUMNS: &str = "id, content, fingerprint, state, attempts, next_attempt, reference, said, changed, subject";

/// The ledger, open.
#[derive(Debug)]
pub struct Ledger {
    connection: Connection,
}

/// What became of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is to be sent.
    Waiting,
    /// It is there.
    Sent,
    /// It was refused.
    Failed,
    /// A later one of the same conversation took its place before it was sent.
    Replaced,
}

impl State {
    const ALL: [(&'static str, Self); 4] =
        [("waiting", Self::Waiting), ("sent", Self::Sent), ("failed", Self::Failed), ("replaced", Self::Replaced)];

    fn read(text: &str) -> Self {
        Self::ALL.into_iter().find(|(name, _)| *name == text).map_or(Self::Failed, |(_, state)| state)
    }
}

/// A letter in the ledger.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its number.
    pub id: i64,
    /// The letter.
    pub letter: Letter,
    /// Its fingerprint.
    pub fingerprint: String,
    /// What became of it.
    pub state: State,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is to be tried again, in milliseconds since 1970.
    pub next_attempt: i64,
    /// What it is found by at its channel.
    pub reference: Option<String>,
    /// What went wrong last.
    pub said: Option<String>,
    /// When anything about it changed, in milliseconds since 1970.
    pub changed: i64,
    /// What it says in a line.
    pub subject: String,
}

/// What becomes of a letter that is put into the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// It is to be sent.
    New(i64),
    /// It is in there already, and still to be sent.
    Waiting(i64),
    /// It was sent before, and nothing has changed since.
    Told,
}

/// Whose turn it is to send a letter.
#[derive(Debug)]
pub(super) enum Turn {
    /// Ours, until the lease ends.
    Ours(Box<Entry>),
    /// Somebody else is at it.
    Theirs,
    /// It need not be sent any more.
    Over(State),
}

impl Ledger {
    /// Opens a ledger, and makes one where there is none.
    ///
    /// # Errors
    /// If the file cannot be made or opened, or is that of a later version.
    pub fn open(path: &Path) -> Result<Self> {
        let broken = |error: &rusqlite::Error| {
            Error::delivery(format!("cannot open the ledger {}: {error}", path.display()))
                .hint("name another file with --ledger, or remove this one: what was sent is then forgotten".to_owned())
        };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            make_folder(folder).map_err(|error| {
                Error::delivery(format!("cannot make the folder {}", folder.display())).caused_by(error)
            })?;
        }
        let mut connection = Connection::open(path).map_err(|error| broken(&error))?;
        let version = prepare(&mut connection).map_err(|error| broken(&error))?;
        if version != VERSION {
            return Err(Error::delivery(format!("the ledger {} is of a later headsup", path.display()))
                .hint("update headsup, or name another file with --ledger".to_owned()));
        }
        Ok(Self { connection })
    }

    /// Puts a letter in, unless the same is the last that its conversation has.
    pub(super) fn put(&mut self, letter: &Letter) -> Result<Put> {
        let (conversation, fingerprint, now) = (letter.conversation(), letter.fingerprint(), clock::now());
        let content = serde_json::to_string(letter).map_err(|error| failed(&error))?;
        let mut work = || -> rusqlite::Result<Put> {
            let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let last: Option<(i64, String, String)> = change
                .query_row(
                    "select id, fingerprint, state from letter where conversation = ? and state <> 'replaced'
                     order by id desc limit 1",
                    [&conversation],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
                )
                .optional()?;
            let put = match last {
                Some((_, print, state)) if print == fingerprint && state == "sent" => Put::Told,
                Some((id, print, _)) if print == fingerprint => {
                    let again = "update letter set state = 'waiting', changed = ?, content = ? where id = ?";
                    change.execute(again, params![now, content, id])?;
                    Put::Waiting(id)
                }
                _ => {
                    change.execute(
                        "update letter set state = 'replaced', changed = ?
                         where conversation = ? and state in ('waiting', 'failed')",
                        params![now, conversation],
                    )?;
                    change.execute(
                        "insert into letter (conversation, fingerprint, change, channel, owner, subject, announces,
                         content, state, created, changed) values (?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?)",
                        params![
                            conversation,
                            fingerprint,
                            letter.change,
                            letter.channel,
                            letter.owner,
                            letter.subject(),
                            letter.announces(),
                            content,
                            now,
                            now
                        ],
                    )?;
                    Put::New(change.last_insert_rowid())
                }
            };
            change.commit()?;
            Ok(put)
        };
        work().map_err(|error| failed(&error))
    }

    /// Takes the turn to send a letter, if nobody has it.
    pub(super) fn take(&mut self, id: i64, holder: &str, lease: Duration) -> Result<Turn> {
        let now = clock::now();
        let until = now + millis(lease);
        let mut work = || -> rusqlite::Result<Turn> {
            let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let ours = change.execute(
                "update letter set holder = ?, lease_until = ?, changed = ?
                 where id = ? and state = 'waiting' and (holder is null or holder = ? or lease_until < ?)",
                params![holder, until, now, id, holder, now],
            )?;
            let entry = entry_of(&change, id)?;
            change.commit()?;
            Ok(match (ours, entry) {
                (1, Some(entry)) => Turn::Ours(Box::new(entry)),
                (_, Some(entry)) if entry.state == State::Waiting => Turn::Theirs,
                (_, Some(entry)) => Turn::Over(entry.state),
                (_, None) => Turn::Over(State::Replaced),
            })
        };
        work().map_err(|error| failed(&error))
    }

    /// Holds on to a lease; whether it is still ours.
    pub(super) fn hold(&self, id: i64, holder: &str, lease: Duration) -> Result<bool> {
        let until = clock::now() + millis(lease);
        let held = "update letter set lease_until = ? where id = ? and holder = ?";
        let held = self.connection.execute(held, params![until, id, holder]).map_err(|error| failed(&error))?;
        Ok(held == 1)
    }

    /// Notes that an attempt begins: from now on the letter may have arrived.
    pub(super) fn begin(&self, id: i64) -> Result<()> {
        self.change("update letter set attempts = attempts + 1, said = null, changed = ? where id = ?", id)
    }

    /// Notes where a letter, or a part of it, is.
    pub(super) fn note(&self, id: i64, reference: &str) -> Result<()> {
        let note = "update letter set reference = ? where id = ?";
        self.connection.execute(note, params![reference, id]).map(|_| ()).map_err(|error| failed(&error))
    }

    /// Notes that a letter arrived.
    pub(super) fn acknowledge(&self, id: i64, reference: Option<&str>) -> Result<()> {
        let sent = "update letter set state = 'sent', holder = null, said = null,
                    reference = coalesce(?, reference), changed = ? where id = ?";
        self.connection.execute(sent, params![reference, clock::now(), id]).map(|_| ()).map_err(|error| failed(&error))
    }

    /// Notes what went wrong, and when to try again.
    pub(super) fn postpone(&self, id: i64, said: &str, next: i64) -> Result<()> {
        let later = "update letter set said = ?, next_attempt = ?, holder = null, changed = ? where id = ?";
        let now = clock::now();
        self.connection.execute(later, params![said, next, now, id]).map(|_| ()).map_err(|error| failed(&error))
    }

    /// Notes that a letter is refused.
    pub(super) fn refuse(&self, id: i64, said: &str) -> Result<()> {
        let refused = "update letter set state = 'failed', said = ?, holder = null, changed = ? where id = ?";
        self.connection.execute(refused, params![said, clock::now(), id]).map(|_| ()).map_err(|error| failed(&error))
    }

    /// Takes it that a conversation's letters are not there any more.
    pub(super) fn forget(&self, conversation: &str) -> Result<()> {
        let gone = "update letter set state = 'replaced', changed = ? where conversation = ? and state = 'sent'";
        self.connection.execute(gone, params![clock::now(), conversation]).map(|_| ()).map_err(|error| failed(&error))
    }

    /// Takes a letter out of the line that has nothing to say any more.
    pub(super) fn drop_letter(&self, id: i64) -> Result<()> {
        self.change("update letter set state = 'replaced', holder = null, changed = ? where id = ?", id)
    }

    fn change(&self, statement: &str, id: i64) -> Result<()> {
        self.connection.execute(statement, params![clock::now(), id]).map(|_| ()).map_err(|error| failed(&error))
    }

    /// Where the last letter of a conversation is that was sent.
    pub(super) fn reference(&self, conversation: &str) -> Result<Option<String>> {
        let query = "select reference from letter where conversation = ? and reference is not null
                     order by id desc limit 1";
        let found = self.connection.query_row(query, [conversation], |row| row.get(0)).optional();
        found.map_err(|error| failed(&error))
    }

    /// Whether a letter would say nothing new: the last of its conversation is the same, and was sent.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn is_told(&self, letter: &Letter) -> Result<bool> {
        let query = "select fingerprint = ?2 and state = 'sent' from letter
                     where conversation = ?1 and state <> 'replaced' order by id desc limit 1";
        let found = self
            .connection
            .query_row(query, params![letter.conversation(), letter.fingerprint()], |row| row.get(0))
            .optional();
        Ok(found.map_err(|error| failed(&error))?.unwrap_or(false))
    }

    /// The last letters about a change that arrived, or may have, and that announced something.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn announced(&self, change: &str) -> Result<Vec<Entry>> {
        self.entries(
            "where announces and id in (select max(id) from letter where change = ?1
             and (state = 'sent' or (attempts > 0 and said is null)) group by conversation) order by id",
            change,
        )
    }

    /// Whether it has anything about a change.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn knows(&self, change: &str) -> Result<bool> {
        let query = "select exists (select 1 from letter where change = ?1)
                     or exists (select 1 from collected where change = ?1)";
        self.connection.query_row(query, [change], |row| row.get(0)).map_err(|error| failed(&error))
    }

    /// The letters about a change that surely have not arrived.
    pub(super) fn unarrived(&self, change: &str) -> Result<Vec<Entry>> {
        self.entries(
            "where change = ?1 and state in ('waiting', 'failed') and (attempts = 0 or said is not null) order by id",
            change,
        )
    }

    /// What is not sent, oldest first.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn unsent(&self) -> Result<Vec<Entry>> {
        self.entries("where ?1 = '' and state in ('waiting', 'failed') order by id", "")
    }

    /// Everything, oldest first.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn all(&self) -> Result<Vec<Entry>> {
        self.entries("where ?1 = '' order by id", "")
    }

    /// Puts what was refused back into the line.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub fn revive(&self) -> Result<()> {
        let again = "update letter set state = 'waiting', next_attempt = 0, changed = ? where state = 'failed'";
        self.connection.execute(again, [clock::now()]).map(|_| ()).map_err(|error| failed(&error))
    }

    /// Forgets what nobody asks about any more: what was settled so long ago that its change is long over.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub fn prune(&self) -> Result<()> {
        let before = clock::now() - millis(KEPT);
        let settled = [
            "delete from letter where state in ('sent', 'replaced') and changed < ?",
            "delete from collected where state = 'told' and created < ?",
            "delete from approval where created < ?",
            "delete from page where created < ?",
        ];
        for statement in settled {
            self.connection.execute(statement, [before]).map_err(|error| failed(&error))?;
        }
        Ok(())
    }

    fn entries(&self, condition: &str, argument: &str) -> Result<Vec<Entry>> {
        let work = || -> rusqlite::Result<Vec<Entry>> {
            let mut query = self.connection.prepare(&format!("select {COLUMNS} from letter {condition}"))?;
            let rows = query.query_map([argument], entry)?;
            rows.collect()
        };
        work().map_err(|error| failed(&error))
    }
}

/// What a run is called that holds leases.
pub(super) fn holder() -> String {
    let seed = [clock::chance().to_string(), clock::now().to_string(), std::process::id().to_string()];
    digest(&seed.each_ref().map(String::as_str))[..16].to_owned()
}

fn entry_of(connection: &Connection, id: i64) -> rusqlite::Result<Option<Entry>> {
    connection.query_row(&format!("select {COLUMNS} from letter where id = ?"), [id], entry).optional()
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let content: String = row.get(1)?;
    let letter = serde_json::from_str(&content)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, error.into()))?;
    Ok(Entry {
        id: row.get(0)?,
        letter,
        fingerprint: row.get(2)?,
        state: State::read(&row.get::<_, String>(3)?),
        attempts: row.get(4)?,
        next_attempt: row.get(5)?,
        reference: row.get(6)?,
        said: row.get(7)?,
        changed: row.get(8)?,
        subject: row.get(9)?,
    })
}

/// Makes the tables where there are none; the version of the file.
fn prepare(connection: &mut Connection) -> rusqlite::Result<i64> {
    connection.busy_timeout(Duration::from_secs(20))?;
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = change.query_row("pragma user_version", [], |row| row.get(0))?;
    // A ledger of an earlier form gets what it lacks.
    if (0..VERSION).contains(&version) {
        if version == 0 {
            change.execute_batch(SCHEMA)?;
        }
        if version <= 1 {
            change.execute_batch(approved::SCHEMA)?;
        }
        if version <= 2 {
            change.execute_batch(collected::SCHEMA)?;
        }
        change.execute_batch(pages::SCHEMA)?;
        change.pragma_update(None, "user_version", VERSION)?;
        change.commit()?;
        return Ok(VERSION);
    }
    Ok(version)
}

/// The folder of the ledger, which git is told to leave alone.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    let is_new = !folder.exists();
    std::fs::create_dir_all(folder)?;
    if is_new {
        std::fs::write(folder.join(".gitignore"), "*\n")?;
    }
    Ok(())
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 4)
}

fn failed(error: &dyn std::error::Error) -> Error {
    Error::delivery(format!("the ledger cannot be used: {error}"))
}
