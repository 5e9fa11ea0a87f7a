//! What waits for a digest: letters that are not urgent, each with the moment at which it is due. What was
//! told in a digest stays, so that it is not told again.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, TransactionBehavior, params};

use super::{Ledger, clock, failed};
use crate::deliver::Letter;
use crate::error::Result;

/// The table; a ledger of an earlier form has none.
pub(super) const SCHEMA: &str = "
    create table collected (
        id integer primary key,
        conversation text not null,
        fingerprint text not null,
        change text not null,
        channel text not null,
        owner text not null,
        announces integer not null,
        content text not null,
        state text not null check (state in ('collected', 'told')),
        due integer not null,
        created integer not null
    ) strict;
    create index collected_by_conversation on collected (conversation, id);
    create index collected_by_state on collected (state, channel, owner);
";

/// What becomes of a letter that is not urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collected {
    /// It waits for a digest that is due at a moment, in milliseconds since 1970.
    Waits(i64),
    /// An earlier digest told it, and nothing has changed since.
    Told,
    /// It goes on with what was told by itself, and so does not wait.
    Apart,
}

/// A letter that waits for a digest.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Its number.
    pub id: i64,
    /// The letter.
    pub letter: Letter,
    /// When its digest is due, in milliseconds since 1970.
    pub due: i64,
}

impl Ledger {
    /// Puts a letter to those that wait for a digest; one of the same conversation that waits gives way.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub fn collect(&mut self, letter: &Letter, due: i64) -> Result<Collected> {
        let (conversation, fingerprint) = (letter.conversation(), letter.fingerprint());
        let content = serde_json::to_string(letter).map_err(|error| failed(&error))?;
        let owner = letter.owner.clone().unwrap_or_default();
        let mut work = || -> rusqlite::Result<Collected> {
            let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let apart = "select exists (select 1 from letter where conversation = ? and state <> 'replaced')";
            if change.query_row(apart, [&conversation], |row| row.get(0))? {
                return Ok(Collected::Apart);
            }
            let last: Option<(i64, String, String, i64)> = change
                .query_row(
                    "select id, fingerprint, state, due from collected where conversation = ? order by id desc limit 1",
                    [&conversation],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
                )
                .optional()?;
            let put = match last {
                Some((_, print, state, _)) if print == fingerprint && state == "told" => Collected::Told,
                // What waits longest decides when the digest is due.
                Some((id, _, state, first)) if state == "collected" => {
                    let newer = "update collected set fingerprint = ?, content = ?, announces = ? where id = ?";
                    change.execute(newer, params![fingerprint, content, letter.announces(), id])?;
                    Collected::Waits(first)
                }
                _ => {
                    change.execute(
                        "insert into collected (conversation, fingerprint, change, channel, owner, announces, content,
                         state, due, created) values (?, ?, ?, ?, ?, ?, ?, 'collected', ?, ?)",
                        params![
                            conversation,
                            fingerprint,
                            letter.change,
                            letter.channel,
                            owner,
                            letter.announces(),
                            content,
                            due,
                            clock::now()
                        ],
                    )?;
                    Collected::Waits(due)
                }
            };
            change.commit()?;
            Ok(put)
        };
        work().map_err(|error| failed(&error))
    }

    /// Takes a letter out that waits for a digest; whether there was one.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub fn uncollect(&self, conversation: &str) -> Result<bool> {
        let gone = "delete from collected where conversation = ? and state = 'collected'";
        self.connection.execute(gone, [conversation]).map(|rows| rows > 0).map_err(|error| failed(&error))
    }

    /// The last letters about a change that waited for a digest or were told in one, and announce something; with
    /// whether they were told.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn collected_about(&self, change: &str) -> Result<Vec<(Letter, bool)>> {
        let work = || -> rusqlite::Result<Vec<(Letter, bool)>> {
            let mut query = self.connection.prepare(
                "select content, exists (select 1 from collected as told where told.conversation = last.conversation
                                         and told.state = 'told' and told.announces)
                 from collected as last where announces and id in
                 (select max(id) from collected where change = ? group by conversation) order by id",
            )?;
            let rows = query.query_map([change], |row| Ok((read(&row.get::<_, String>(0)?)?, row.get(1)?)))?;
            rows.collect()
        };
        work().map_err(|error| failed(&error))
    }

    /// All that waits for digests, by channel and owner, oldest first.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn collected(&self) -> Result<BTreeMap<(String, String), Vec<Waiting>>> {
        let work = || -> rusqlite::Result<BTreeMap<(String, String), Vec<Waiting>>> {
            let mut query = self.connection.prepare(
                "select channel, owner, id, content, due from collected where state = 'collected' order by id",
            )?;
            let rows = query.query_map([], |row| {
                let waiting = Waiting { id: row.get(2)?, letter: read(&row.get::<_, String>(3)?)?, due: row.get(4)? };
                Ok(((row.get(0)?, row.get(1)?), waiting))
            })?;
            let mut groups: BTreeMap<(String, String), Vec<Waiting>> = BTreeMap::new();
            for row in rows {
                let (key, waiting) = row?;
                groups.entry(key).or_default().push(waiting);
            }
            Ok(groups)
        };
        work().map_err(|error| failed(&error))
    }

    /// Notes that letters are in a digest that is on its way.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub fn tell_collected(&self, ids: &[i64]) -> Result<()> {
        for id in ids {
            let told = "update collected set state = 'told' where id = ?";
            self.connection.execute(told, [id]).map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}

fn read(content: &str) -> rusqlite::Result<Letter> {
    serde_json::from_str(content)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into()))
}
