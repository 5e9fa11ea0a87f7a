//! What `headsup replay` found: how many messages each team would have had under each standard, as plain
//! values. It must not know markup.

use std::collections::{BTreeMap, BTreeSet};

use headsup_lineage::reach::Reach;
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use crate::cli::{JobsFrom, Period};
use crate::history::{Commit, Passage, Sent, day};
use crate::moment::Moment;
use crate::settings::Standard;

/// What `headsup replay` found.
#[derive(Debug, Clone, Serialize)]
pub struct ReplayReport {
    /// [`super::VERSION`].
    pub version: u32,
    /// The first day.
    pub since: String,
    /// The last day.
    pub until: String,
    /// How many weeks that is, a part of one being one.
    pub weeks: f64,
    /// Whose jobs were judged.
    #[serde(serialize_with = "jobs_from")]
    pub jobs_from: JobsFrom,
    /// How many commits the branch itself has in that time: merges, and what was pushed.
    pub commits: usize,
    /// Of these, how many change a table.
    pub changing: usize,
    /// The messages to all.
    pub messages: Messages,
    /// The teams and owners, by name.
    pub teams: Vec<TeamEntry>,
    /// Why messages under `reachable` are sent of which it cannot be told whether the change arrives.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<DoubtEntry>,
    /// The messages of each week or month, where that was asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub periods: Vec<PeriodEntry>,
    /// The incidents that were named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub incidents: Vec<IncidentEntry>,
    /// The narrowest standard under which each incident would have been told, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quietest: Option<Standard>,
    /// The commits under which somebody's files upstream changed, oldest first.
    pub passages: Vec<Passage>,
    /// The commits that could not be judged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<SkippedEntry>,
}

fn jobs_from<S: Serializer>(from: &JobsFrom, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match from {
        JobsFrom::Now => "now",
        JobsFrom::Then => "then",
    })
}

/// How many messages there are under each standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Messages([usize; 4]);

impl Messages {
    /// How many there are under one standard.
    #[must_use]
    pub fn under(&self, standard: Standard) -> usize {
        let place = Standard::ALL.iter().position(|(_, other)| *other == standard);
        place.and_then(|place| self.0.get(place)).copied().unwrap_or_default()
    }

    fn add(&mut self, standard: Standard) {
        let place = Standard::ALL.iter().position(|(_, other)| *other == standard);
        if let Some(count) = place.and_then(|place| self.0.get_mut(place)) {
            *count += 1;
        }
    }
}

impl Serialize for Messages {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        for (name, standard) in Standard::ALL {
            map.serialize_entry(name, &self.under(standard))?;
        }
        map.end()
    }
}

/// A team or an owner, and what would have been sent to it.
#[derive(Debug, Clone, Serialize)]
pub struct TeamEntry {
    /// Its name.
    pub team: String,
    /// How many of its jobs were met on the way, reached or not.
    pub jobs: usize,
    /// The messages under each standard.
    pub messages: Messages,
    /// Of those under `reachable`, the ones of which it cannot be told whether the change arrives.
    pub unknown: usize,
}

/// A reason for which it cannot be told whether changes arrive.
#[derive(Debug, Clone, Serialize)]
pub struct DoubtEntry {
    /// The reason.
    pub reason: String,
    /// How many messages are sent for it and for nothing surer.
    pub messages: usize,
}

/// A week or a month.
#[derive(Debug, Clone, Serialize)]
pub struct PeriodEntry {
    /// Its first day.
    pub start: String,
    /// How many commits it has.
    pub commits: usize,
    /// The messages under each standard.
    pub messages: Messages,
}

/// An incident, and who would have been told of the commit that caused it.
#[derive(Debug, Clone, Serialize)]
pub struct IncidentEntry {
    /// As it was named.
    pub named: String,
    /// The commit by which it came to the branch.
    pub commit: Commit,
    /// The job that is meant, where one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// What differed.
    pub changes: Vec<String>,
    /// What each owner would have been told, for each standard.
    pub said: Vec<Sent>,
    /// The narrowest standard under which it would have been told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quietest: Option<Standard>,
}

/// A commit that could not be judged.
#[derive(Debug, Clone, Serialize)]
pub struct SkippedEntry {
    /// The commit.
    pub commit: Commit,
    /// Why.
    pub reason: String,
}

/// From when to when.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// The first second.
    pub since: i64,
    /// The last second.
    pub until: i64,
}

/// An incident as it was named, and the place of its commit among the passages.
#[derive(Debug, Clone)]
pub struct Named {
    /// As typed.
    pub named: String,
    /// The commit by which it came to the branch.
    pub passage: Passage,
    /// The job that is meant.
    pub job: Option<String>,
}

impl ReplayReport {
    /// Counts what each commit would have sent.
    #[must_use]
    pub fn new(
        span: Span,
        from: JobsFrom,
        by: Option<Period>,
        mut passages: Vec<Passage>,
        incidents: Vec<Named>,
    ) -> Self {
        let mut messages = Messages::default();
        let mut teams: BTreeMap<&str, (BTreeSet<&str>, Messages, usize)> = BTreeMap::new();
        let mut doubts: BTreeMap<&str, usize> = BTreeMap::new();
        for passage in &passages {
            for job in &passage.jobs {
                if let Some(owner) = &job.owner {
                    teams.entry(owner).or_default().0.insert(&job.job);
                }
            }
            for sent in &passage.messages {
                messages.add(sent.standard);
                let (_, messages, unknown) = teams.entry(&sent.owner).or_default();
                messages.add(sent.standard);
                if let Some(reason) = doubt(passage, sent) {
                    *unknown += 1;
                    *doubts.entry(reason).or_default() += 1;
                }
            }
        }
        let team = |(team, (jobs, messages, unknown)): (&str, (BTreeSet<&str>, Messages, usize))| TeamEntry {
            team: team.to_owned(),
            jobs: jobs.len(),
            messages,
            unknown,
        };
        let teams = teams.into_iter().map(team).collect();
        let doubt = |(reason, messages): (&str, usize)| DoubtEntry { reason: reason.to_owned(), messages };
        let mut doubts: Vec<DoubtEntry> = doubts.into_iter().map(doubt).collect();
        doubts.sort_by_key(|doubt| std::cmp::Reverse(doubt.messages));
        let periods = by.map(|by| periods(span, by, &passages)).unwrap_or_default();
        let incidents: Vec<IncidentEntry> = incidents.into_iter().map(incident).collect();
        let quietest = incidents.iter().map(|incident| incident.quietest).min().flatten();
        let (commits, changing) =
            (passages.len(), passages.iter().filter(|passage| !passage.changes.is_empty()).count());
        passages.retain(|passage| !passage.jobs.is_empty());
        Self {
            version: super::VERSION,
            since: day(span.since),
            until: day(span.until),
            weeks: weeks(span),
            jobs_from: from,
            commits,
            changing,
            messages,
            teams,
            doubts,
            periods,
            incidents,
            quietest,
            passages,
            skipped: Vec::new(),
        }
    }

    /// How many of something there are in a week.
    #[must_use]
    pub fn a_week(&self, number: usize) -> f64 {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        f64::from(number) / self.weeks
    }
}

/// Why a message under `reachable` is only sent because it cannot be told better; none if it is about a job that is
/// surely reached.
fn doubt<'p>(passage: &'p Passage, sent: &Sent) -> Option<&'p str> {
    if sent.standard != Standard::Reachable {
        return None;
    }
    let told = || passage.jobs.iter().filter(|job| sent.jobs.contains(&job.job));
    if told().any(|job| job.reach == Reach::Reached) {
        return None;
    }
    told().find_map(|job| job.reason.as_deref())
}

const DAY: i64 = 86_400;

fn weeks(span: Span) -> f64 {
    let days = (span.until - span.since).max(0) / DAY + 1;
    let weeks = f64::from(u32::try_from(days).unwrap_or(u32::MAX)) / 7.0;
    (weeks.max(1.0) * 10.0).round() / 10.0
}

/// The narrowest standard under which somebody would have been told, about the job where one is meant.
fn incident(named: Named) -> IncidentEntry {
    let Named { named, passage, job } = named;
    let is_meant = |sent: &&Sent| job.as_ref().is_none_or(|job| sent.jobs.contains(job));
    let quietest = passage.messages.iter().filter(is_meant).map(|sent| sent.standard).max();
    let changes = passage.changes.iter().map(|change| format!("{}: {}", change.relation, change.phrase)).collect();
    IncidentEntry { named, commit: passage.commit, job, changes, said: passage.messages, quietest }
}

/// The first seconds of the weeks or months of a span.
pub(super) fn starts(span: Span, by: Period) -> Vec<i64> {
    let mut starts = Vec::new();
    let mut start = first_of(span.since, by);
    while start <= span.until && starts.len() < 5_000 {
        starts.push(start);
        start = match by {
            Period::Week => start + 7 * DAY,
            Period::Month => first_of(start + 32 * DAY, by),
        };
    }
    starts
}

fn periods(span: Span, by: Period, passages: &[Passage]) -> Vec<PeriodEntry> {
    let starts = starts(span, by);
    let entry = |start: &i64| PeriodEntry { start: day(*start), commits: 0, messages: Messages::default() };
    let mut entries: Vec<PeriodEntry> = starts.iter().map(entry).collect();
    for passage in passages {
        let place = starts.partition_point(|start| *start <= passage.commit.time).saturating_sub(1);
        if let Some(entry) = entries.get_mut(place) {
            entry.commits += 1;
            passage.messages.iter().for_each(|sent| entry.messages.add(sent.standard));
        }
    }
    entries
}

/// The first second of the period that a moment is in.
pub(super) fn first_of(seconds: i64, by: Period) -> i64 {
    let midnight = Moment::from_seconds(seconds).midnight();
    let days = match by {
        Period::Week => midnight.weekday(),
        Period::Month => midnight.date().2 - 1,
    };
    midnight.seconds() - days * DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_begin_on_mondays_and_firsts() {
        // 2026-02-28 is a Saturday.
        let seconds = crate::history::seconds("2026-02-28T13:00:00Z").unwrap();
        assert_eq!(day(first_of(seconds, Period::Week)), "2026-02-23");
        assert_eq!(day(first_of(seconds, Period::Month)), "2026-02-01");
        let span = Span { since: seconds, until: seconds + 31 * DAY };
        let starts = |by| periods(span, by, &[]).into_iter().map(|entry| entry.start).collect::<Vec<_>>();
        assert_eq!(starts(Period::Month), ["2026-02-01", "2026-03-01"]);
        assert_eq!(
            starts(Period::Week),
            ["2026-02-23", "2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23", "2026-03-30"]
        );
        assert_eq!(weeks(span), 4.6);
    }
}
