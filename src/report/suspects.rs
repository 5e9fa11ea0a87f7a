//! What `headsup suspects` found: which commits could have made a job fail, as plain values. It must not know
//! markup.

use serde::Serialize;

use crate::history::{Commit, Happening};
use crate::project::Criticality;
use headsup_lineage::reach::Reach;

/// What `headsup suspects` found.
#[derive(Debug, Clone, Serialize)]
pub struct SuspectsReport {
    /// [`super::VERSION`].
    pub version: u32,
    /// What failed, each by itself.
    pub failures: Vec<FailureEntry>,
}

/// A job or a table that failed, and what could have caused it.
#[derive(Debug, Clone, Serialize)]
pub struct FailureEntry {
    /// The job or the table.
    pub job: String,
    /// Whom it belongs to.
    pub owner: Option<String>,
    /// When it failed.
    pub failed_at: Point,
    /// When it last worked.
    pub last_good: Point,
    /// What was said, a line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<String>,
    /// How many commits came to the branch in between.
    pub commits: usize,
    /// Those whose effects reach it or may reach it, most suspicious first.
    pub suspects: Vec<SuspectEntry>,
    /// Those that do not reach it, newest first.
    pub others: Vec<Commit>,
    /// The sources that it reads, where no commit reaches it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// The commits that could not be judged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<super::replay::SkippedEntry>,
}

/// A point in time, and how it is known.
#[derive(Debug, Clone, Serialize)]
pub struct Point {
    /// In seconds since 1970.
    pub time: i64,
    /// To the minute, in UTC.
    pub text: String,
    /// Who says so.
    pub by: Known,
}

/// How a point in time is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// It was given.
    Given,
    /// The commit was given.
    Commit,
    /// A log of runs says so.
    Log,
    /// dbt's results say so.
    Results,
    /// Nobody says.
    Assumed,
}

/// A commit that could have caused a failure.
#[derive(Debug, Clone, Serialize)]
pub struct SuspectEntry {
    /// Its place among all of them, from one.
    pub rank: usize,
    /// How much speaks for it.
    pub points: u32,
    /// The commit.
    pub commit: Commit,
    /// Its page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Whether it reaches the job.
    pub reach: Reach,
    /// What happens to what the job reads.
    pub effects: Vec<Happening>,
    /// What it changes where the way to the job begins, in words.
    pub what: Vec<String>,
    /// The tables from there to what the job reads, with columns where they are known.
    pub way: Vec<String>,
    /// What speaks for it, the strongest first.
    pub reasons: Vec<String>,
    /// Everything that the commit reaches.
    pub reached: Vec<ReachedEntry>,
}

/// A job that a suspect reaches.
#[derive(Debug, Clone, Serialize)]
pub struct ReachedEntry {
    /// The job.
    pub job: String,
    /// Whom it belongs to.
    pub owner: Option<String>,
    /// How much it matters.
    pub criticality: Criticality,
    /// Whether it is reached, or may be.
    pub reach: Reach,
    /// What happens to it, in words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub happens: String,
}

/// The same as a post-mortem to be filled in.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct PostMortem(pub SuspectsReport);
