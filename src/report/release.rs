//! What `headsup release-notes` found: what changed between two releases, and what that is to whom, as plain
//! values. It must not know markup.

use headsup_lineage::change::ChangeKind;
use headsup_lineage::reach::Reach;
use serde::Serialize;

use crate::cli::Audience;
use crate::history::Commit;
use crate::project::Criticality;

/// What `headsup release-notes` found.
#[derive(Debug, Clone, Serialize)]
pub struct ReleaseReport {
    /// [`super::VERSION`].
    pub version: u32,
    /// The release before.
    pub base: String,
    /// The release.
    pub head: String,
    /// Its day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// What each team or owner has to know, who is hit hardest first.
    pub teams: Vec<TeamNotes>,
    /// The tables that differ, those first that matter most to whom the notes are for, then by name.
    pub changes: Vec<ChangeNote>,
    /// The tables that are deprecated now and were not before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deprecated: Vec<String>,
    /// The commits, newest first.
    pub commits: Vec<CommitNote>,
    /// Whom it is for.
    #[serde(skip)]
    pub audience: Audience,
}

/// What one team or owner has to know.
#[derive(Debug, Clone, Serialize)]
pub struct TeamNotes {
    /// Its name; absent for the jobs of nobody.
    pub team: Option<String>,
    /// The jobs that are reached or may be, the most critical first.
    pub reached: Vec<JobNote>,
    /// The tables upstream of its jobs that differ as well, and may have part in what arrives.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// The tables upstream of its jobs that differ, and do not reach them.
    pub upstream: Vec<String>,
    /// How many of its jobs are not reached.
    pub spared: usize,
}

/// What is to come at a job.
#[derive(Debug, Clone, Serialize)]
pub struct JobNote {
    /// Its name.
    pub job: String,
    /// How much it matters.
    pub criticality: Criticality,
    /// Whether it is reached.
    pub reach: Reach,
    /// What happens to it, in words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub happens: String,
    /// The tables from the change to what it reads, with columns where they are known.
    pub way: Vec<String>,
    /// The table at which the way begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Why it cannot be told, where it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A table that differs.
#[derive(Debug, Clone, Serialize)]
pub struct ChangeNote {
    /// Which.
    pub relation: String,
    /// How it came to differ.
    pub kind: ChangeKind,
    /// What differs, in words.
    pub phrase: String,
    /// The ids of the commits that changed its files.
    pub commits: Vec<String>,
}

/// A commit of the release.
#[derive(Debug, Clone, Serialize)]
pub struct CommitNote {
    /// The commit.
    #[serde(flatten)]
    pub commit: Commit,
    /// Its page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Who else made it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<String>,
}

impl ReleaseReport {
    /// The commits of a change.
    pub fn commits_of<'r>(&'r self, change: &'r ChangeNote) -> impl Iterator<Item = &'r CommitNote> {
        self.commits.iter().filter(|commit| change.commits.contains(&commit.commit.id))
    }

    /// The change of a table.
    #[must_use]
    pub fn change(&self, relation: &str) -> Option<&ChangeNote> {
        self.changes.iter().find(|change| change.relation == relation)
    }

    /// Everybody who made a commit of it, by name.
    #[must_use]
    pub fn authors(&self) -> Vec<&str> {
        let of_commit = self.commits.iter().map(|note| note.commit.author.as_str());
        let with = self.commits.iter().flat_map(|note| note.with.iter().map(String::as_str));
        let mut authors: Vec<&str> = of_commit.chain(with).collect();
        authors.sort_unstable();
        authors.dedup();
        authors
    }
}
