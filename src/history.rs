//! The history of a branch as values: its commits, and what each of them does to whom. It must not know
//! git, nor how a version is read.

use std::convert::Infallible;
use std::str::FromStr;

use headsup_lineage::change::{ChangeKind, EffectKind};
use headsup_lineage::reach::Reach;
use serde::{Deserialize, Serialize};

use crate::moment::{Moment, Rfc3339};
use crate::project::Criticality;
use crate::settings::Standard;

pub mod runs;
pub mod suspicion;

/// One commit of a branch's own line: a merge, or what was pushed to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its id.
    pub id: String,
    /// When it came to the branch, in seconds since 1970.
    pub time: i64,
    /// Who made the change: of a merge, who wrote what was merged.
    pub author: String,
    /// What it says in a line: of a merge of a pull request, the request's title.
    pub subject: String,
    /// `Reviewed-by: Ann` and the like.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trailers: Vec<(String, String)>,
    /// The number of its pull or merge request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<u64>,
}

impl Commit {
    /// The first characters of its id.
    #[must_use]
    pub fn short(&self) -> &str {
        short(&self.id)
    }

    /// The day of its time, in UTC.
    #[must_use]
    pub fn day(&self) -> String {
        day(self.time)
    }

    /// Its request or itself on the page of its repository.
    #[must_use]
    pub fn link(&self, page: Option<&str>) -> Option<String> {
        let page = page?;
        let is_gitlab = page.contains("gitlab");
        Some(match self.request {
            Some(number) if is_gitlab => format!("{page}/-/merge_requests/{number}"),
            Some(number) => format!("{page}/pull/{number}"),
            None if is_gitlab => format!("{page}/-/commit/{}", self.id),
            None => format!("{page}/commit/{}", self.id),
        })
    }
}

/// The first characters of a commit's id.
#[must_use]
pub fn short(id: &str) -> &str {
    id.get(..7).unwrap_or(id)
}

/// A moment as a day, in UTC.
#[must_use]
pub fn day(seconds: i64) -> String {
    Moment::from_seconds(seconds).format("%Y-%m-%d")
}

/// A moment to the minute, in UTC.
#[must_use]
pub fn minute(seconds: i64) -> String {
    Moment::from_seconds(seconds).format("%Y-%m-%d %H:%M")
}

/// `1 table`, `2 tables`.
fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// A point of history as somebody names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// A moment, or a day from its first second to its last.
    Time {
        /// The first second.
        first: i64,
        /// The last second.
        last: i64,
    },
    /// A branch, a tag or a commit.
    Revision(String),
}

impl FromStr for When {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(moment(text).unwrap_or_else(|| Self::Revision(text.to_owned())))
    }
}

/// A moment as people and machines write it: RFC 3339, with or without the zone, or a day.
fn moment(text: &str) -> Option<When> {
    const DAY: i64 = 86_400;
    if let Some(day) = Moment::parse(text, "%Y-%m-%d") {
        return Some(When::Time { first: day.seconds(), last: day.seconds() + DAY - 1 });
    }
    let seconds = seconds(text)?;
    Some(When::Time { first: seconds, last: seconds })
}

/// The seconds since 1970 of a moment as logs write it; without a zone it is UTC.
#[must_use]
pub fn seconds(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(moment) = text.replacen(' ', "T", 1).parse::<Rfc3339>() {
        return moment.seconds();
    }
    let plain = text.replacen(' ', "T", 1);
    let plain = plain.split_once('.').map_or(plain.as_str(), |(whole, _)| whole).trim_end_matches('Z');
    ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"]
        .into_iter()
        .find_map(|format| Moment::parse(plain, format))
        .map(Moment::seconds)
}

/// A span of history on a branch: the commits from one place of its line to another.
#[must_use]
pub fn between(line: &[Commit], since: Option<i64>, until: Option<i64>) -> std::ops::Range<usize> {
    let start = since.map_or(0, |since| line.iter().position(|commit| commit.time >= since).unwrap_or(line.len()));
    let end = until
        .map_or(line.len(), |until| line.iter().rposition(|commit| commit.time <= until).map_or(0, |place| place + 1));
    start..end.max(start)
}

/// What one commit of a branch changes, and what that is to each job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// The commit.
    pub commit: Commit,
    /// The commit before it.
    pub base: String,
    /// How many files differ.
    pub files: usize,
    /// The relations that differ.
    pub changes: Vec<Changed>,
    /// How many relations only seem to differ.
    pub unchanged: usize,
    /// The jobs with something upstream that was touched, by name.
    pub jobs: Vec<TouchedJob>,
    /// What would be sent if all owners had the same standard.
    pub messages: Vec<Sent>,
}

/// One relation that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Which.
    pub relation: String,
    /// How it came to differ.
    pub kind: ChangeKind,
    /// What differs, worst first.
    pub effects: Vec<Happening>,
    /// What differs, in a phrase.
    pub phrase: String,
    /// The files that fill or declare it.
    pub files: Vec<String>,
}

/// One thing that happens to a relation, or to what a job reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Happening {
    /// What happens.
    pub effect: EffectKind,
    /// To which column; absent for the rows, or the relation as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

/// A job with something upstream that was touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TouchedJob {
    /// Its name.
    pub job: String,
    /// Whom it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// How much it matters.
    pub criticality: Criticality,
    /// The standard that it has.
    pub standard: Standard,
    /// The narrowest standard under which its owner hears; he does under all wider ones. Absent where he wants to be
    /// spared what cannot be told, and no more is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meets: Option<Standard>,
    /// Whether it is reached.
    pub reach: Reach,
    /// What happens to what it reads.
    pub effects: Vec<Happening>,
    /// The relations from the change to what it reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    /// The same way with columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub way: Vec<String>,
    /// What happens to it, in a phrase.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub happens: String,
    /// Why it cannot be told, where it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One message that would be sent under a standard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The standard.
    pub standard: Standard,
    /// Whom it is for.
    pub owner: String,
    /// What it says in a line.
    pub subject: String,
    /// The jobs that it is about.
    pub jobs: Vec<String>,
}

impl Passage {
    /// A commit that changes nothing that anybody reads.
    #[must_use]
    pub fn nothing(commit: Commit, base: String, files: usize) -> Self {
        Self { commit, base, files, changes: Vec::new(), unchanged: 0, jobs: Vec::new(), messages: Vec::new() }
    }

    /// The messages of one standard.
    pub fn under(&self, standard: Standard) -> impl Iterator<Item = &Sent> {
        self.messages.iter().filter(move |sent| sent.standard == standard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_moments_and_revisions() {
        let when = |text: &str| text.parse::<When>().unwrap();
        assert_eq!(when("1970-01-02"), When::Time { first: 86_400, last: 172_799 });
        assert_eq!(when("1970-01-01T00:01:00Z"), When::Time { first: 60, last: 60 });
        assert_eq!(when("1970-01-01T01:01:00+01:00"), When::Time { first: 60, last: 60 });
        assert_eq!(when("1970-01-01 00:01"), When::Time { first: 60, last: 60 });
        assert_eq!(when("1970-01-01 00:00:07.123"), When::Time { first: 7, last: 7 });
        assert_eq!(when("v1.2"), When::Revision("v1.2".to_owned()));
        assert_eq!(when("1970-13-01"), When::Revision("1970-13-01".to_owned()));
    }

    fn commit(time: i64) -> Commit {
        let id = format!("{time:040}");
        Commit { id, time, author: String::new(), subject: String::new(), trailers: Vec::new(), request: Some(7) }
    }

    #[test]
    fn a_span_takes_in_its_ends() {
        let line: Vec<Commit> = [10, 20, 30].map(commit).to_vec();
        assert_eq!(between(&line, None, None), 0..3);
        assert_eq!(between(&line, Some(20), Some(20)), 1..2);
        assert_eq!(between(&line, Some(31), None), 3..3);
        assert_eq!(between(&line, Some(25), Some(5)), 2..2);
    }

    #[test]
    fn requests_have_pages() {
        let link = |page| commit(1).link(Some(page)).unwrap();
        assert_eq!(link("https://github.com/acme/dwh"), "https://github.com/acme/dwh/pull/7");
        assert_eq!(link("https://gitlab.com/acme/dwh"), "https://gitlab.com/acme/dwh/-/merge_requests/7");
        let pushed = Commit { request: None, ..commit(1) };
        assert!(
            pushed
                .link(Some("https://github.com/acme/dwh"))
                .unwrap()
                .ends_with("/commit/0000000000000000000000000000000000000001")
        );
        assert_eq!(pushed.link(None), None);
    }
}
