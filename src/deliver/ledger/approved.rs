//! What was approved by `headsup approve`: who, which job, and what exactly reached it.

use rusqlite::params;

use super::{Ledger, clock, failed};
use crate::error::Result;

/// The table; a ledger of the first form has none.
pub(super) const SCHEMA: &str = "
    create table approval (
        job text not null,
        fingerprint text not null,
        name text not null,
        created integer not null,
        primary key (job, fingerprint, name)
    ) strict;
";

impl Ledger {
    /// Notes that somebody approves what reaches a job; whether that is new.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub fn approve(&self, job: &str, fingerprint: &str, name: &str) -> Result<bool> {
        let statement = "insert into approval (job, fingerprint, name, created) values (?, ?, ?, ?)
                         on conflict do nothing";
        let rows = self.connection.execute(statement, params![job, fingerprint, name, clock::now()]);
        rows.map(|rows| rows == 1).map_err(|error| failed(&error))
    }

    /// Who has approved what reaches a job.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn approved(&self, job: &str, fingerprint: &str) -> Result<Vec<String>> {
        let work = || -> rusqlite::Result<Vec<String>> {
            let mut query =
                self.connection.prepare("select name from approval where job = ? and fingerprint = ? order by name")?;
            let rows = query.query_map(params![job, fingerprint], |row| row.get(0))?;
            rows.collect()
        };
        work().map_err(|error| failed(&error))
    }
}
