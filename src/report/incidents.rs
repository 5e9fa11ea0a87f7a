//! What `headsup incidents` found: how often jobs failed, and by whose change, as plain values. It must not know
//! markup.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::replay::{Span, first_of, starts};
use crate::cli::Period;
use crate::history::{Commit, day};

/// What `headsup incidents` found.
#[derive(Debug, Clone, Serialize)]
pub struct IncidentsReport {
    /// [`super::VERSION`].
    pub version: u32,
    /// The first day.
    pub since: String,
    /// The last day.
    pub until: String,
    /// How many failures there are.
    pub failures: usize,
    /// How many of each cause.
    pub causes: Causes,
    /// The teams by week or month; one that takes in all where that was not asked.
    pub periods: Vec<PeriodTeams>,
    /// The teams over all, by name.
    pub teams: Vec<TeamCauses>,
    /// Each failure, oldest first.
    #[serde(rename = "list")]
    pub incidents: Vec<Incident>,
}

/// What a failure comes of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A change of the team's own tables.
    OwnChange,
    /// A change of somebody else's tables.
    UpstreamChange,
    /// Data from outside, or the machine.
    SourceOrExternal,
    /// It cannot be told.
    Unknown,
}

impl Cause {
    /// Every cause, in the order of the table.
    pub const ALL: [Self; 4] = [Self::OwnChange, Self::UpstreamChange, Self::SourceOrExternal, Self::Unknown];

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::OwnChange => "own change",
            Self::UpstreamChange => "upstream change",
            Self::SourceOrExternal => "source or external",
            Self::Unknown => "unknown",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::OwnChange => "own_change",
            Self::UpstreamChange => "upstream_change",
            Self::SourceOrExternal => "source_or_external",
            Self::Unknown => "unknown",
        }
    }
}

/// How many failures there are of each cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Causes([usize; 4]);

impl Causes {
    /// How many there are of one cause.
    #[must_use]
    pub fn of(&self, cause: Cause) -> usize {
        let place = Cause::ALL.iter().position(|other| *other == cause);
        place.and_then(|place| self.0.get(place)).copied().unwrap_or_default()
    }

    /// How many there are.
    #[must_use]
    pub fn all(&self) -> usize {
        self.0.iter().sum()
    }

    fn add(&mut self, cause: Cause) {
        let place = Cause::ALL.iter().position(|other| *other == cause);
        if let Some(count) = place.and_then(|place| self.0.get_mut(place)) {
            *count += 1;
        }
    }
}

impl Serialize for Causes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        for cause in Cause::ALL {
            map.serialize_entry(cause.key(), &self.of(cause))?;
        }
        map.end()
    }
}

/// A week or a month, or all of the log.
#[derive(Debug, Clone, Serialize)]
pub struct PeriodTeams {
    /// Its first day.
    pub start: String,
    /// The teams with a failure in it, by name.
    pub teams: Vec<TeamCauses>,
}

/// A team or an owner, and its failures.
#[derive(Debug, Clone, Serialize)]
pub struct TeamCauses {
    /// Its name; absent for the jobs of nobody.
    pub team: Option<String>,
    /// How many failures.
    pub failures: usize,
    /// How many of each cause.
    pub causes: Causes,
}

/// A job that failed; failing again before it has worked is no other failure.
#[derive(Debug, Clone, Serialize)]
pub struct Incident {
    /// The job.
    pub job: String,
    /// Whom it belongs to.
    pub team: Option<String>,
    /// When it failed first, in seconds since 1970.
    pub failed_at: i64,
    /// When it had last worked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_good: Option<i64>,
    /// How often it failed again before it worked.
    pub repeats: usize,
    /// What it comes of.
    pub cause: Cause,
    /// By which rule, in words.
    pub because: String,
    /// The commit that is suspected most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspect: Option<Commit>,
}

impl IncidentsReport {
    /// Counts failures by team and cause; every team that has jobs has a row.
    #[must_use]
    pub fn new(span: Span, by: Option<Period>, teams: &[Option<String>], mut incidents: Vec<Incident>) -> Self {
        incidents.sort_by(|a, b| (a.failed_at, &a.job).cmp(&(b.failed_at, &b.job)));
        let mut causes = Causes::default();
        incidents.iter().for_each(|incident| causes.add(incident.cause));
        let periods = match by {
            None => vec![PeriodTeams { start: day(span.since), teams: count(teams, &incidents) }],
            Some(by) => {
                let of = |start: i64| {
                    let inside = |one: &&Incident| first_of(one.failed_at, by) == start;
                    let inside: Vec<Incident> = incidents.iter().filter(inside).cloned().collect();
                    PeriodTeams { start: day(start), teams: count(&[], &inside) }
                };
                starts(span, by).into_iter().map(of).collect()
            }
        };
        Self {
            version: super::VERSION,
            since: day(span.since),
            until: day(span.until),
            failures: incidents.len(),
            causes,
            periods,
            teams: count(teams, &incidents),
            incidents,
        }
    }
}

/// A row for each team, by name; the jobs of nobody come last.
fn count(teams: &[Option<String>], incidents: &[Incident]) -> Vec<TeamCauses> {
    let mut counts: BTreeMap<(bool, Option<String>), Causes> = BTreeMap::new();
    for team in teams {
        counts.entry((team.is_none(), team.clone())).or_default();
    }
    for incident in incidents {
        counts.entry((incident.team.is_none(), incident.team.clone())).or_default().add(incident.cause);
    }
    counts.into_iter().map(|((_, team), causes)| TeamCauses { team, failures: causes.all(), causes }).collect()
}
