//! What `headsup init` wrote, and what that would have come to, as plain values.

use std::collections::BTreeMap;

use serde::Serialize;

/// What `headsup init` wrote.
#[derive(Debug, Clone, Serialize)]
pub struct InitReport {
    /// [`super::VERSION`].
    pub version: u32,
    /// The file.
    pub path: String,
    /// How many projects it names.
    pub projects: usize,
    /// How many teams.
    pub teams: usize,
    /// How many jobs.
    pub jobs: usize,
    /// How many groups of tables stand in it as comments only.
    pub left_out: usize,
    /// The teams of which nobody says who owns them.
    pub unowned: Vec<String>,
    /// How many problems there were while reading, by which more may be unknown than need be.
    pub problems: usize,
    /// The latest merges, the latest first.
    pub merges: Vec<MergeEntry>,
}

/// A merge, and whom it would have been told to.
#[derive(Debug, Clone, Serialize)]
pub struct MergeEntry {
    /// The commit.
    pub commit: String,
    /// The first line of its message.
    pub subject: String,
    /// When it was committed.
    pub date: String,
    /// The messages; null where it could not be judged.
    pub told: Option<Vec<ToldEntry>>,
}

/// A message that would have been sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToldEntry {
    /// To whom.
    pub owner: String,
    /// What it says in a line.
    pub subject: String,
}

impl InitReport {
    /// How many messages each owner would have had, the most first.
    #[must_use]
    pub fn by_owner(&self) -> Vec<(&str, usize)> {
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        for one in self.merges.iter().filter_map(|merge| merge.told.as_ref()).flatten() {
            *count.entry(&one.owner).or_default() += 1;
        }
        let mut count: Vec<(&str, usize)> = count.into_iter().collect();
        count.sort_by_key(|(owner, number)| (std::cmp::Reverse(*number), *owner));
        count
    }

    /// How many messages the merges that were looked at would have sent, how many of them any, and how
    /// many were looked at.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        let told = || self.merges.iter().filter_map(|merge| merge.told.as_ref());
        (told().map(Vec::len).sum(), told().filter(|told| !told.is_empty()).count(), told().count())
    }
}
