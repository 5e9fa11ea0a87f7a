//! `headsup.yml`: what a repository says of its projects, jobs, teams and channels, validated once and
//! immutable afterwards. It must not know git, nor how SQL is read.

mod channels;
mod fields;
mod freeze;
mod names;
pub mod policy;
mod sections;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use globset::GlobMatcher;
use headsup_lineage::diagnostic::{Diagnostic, Position, Severity};
use headsup_lineage::dialect::Dialect;
use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::project::Criticality;
use crate::project::name_pattern::NamePattern;
use crate::project::sql::Results;
use crate::yaml::Content;

pub use channels::{Channel, GITHUB_CHECK, Route};
pub use freeze::FreezeSettings;
pub use names::{EnvName, ProjectPath};
pub use policy::Policy;

/// The names that the file may have at the root of the project directory, first found first.
pub const FILE_NAMES: [&str; 4] = ["headsup.yml", "headsup.yaml", ".headsup.yml", ".headsup.yaml"];

/// Everything that `headsup.yml` says; without the file, nothing.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The dialect of projects that do not name one; `None` is detected.
    pub dialect: Option<Dialect>,
    /// The projects, in the order of the file; none are detected.
    pub projects: Vec<ProjectSettings>,
    /// The teams by name.
    pub teams: BTreeMap<String, Team>,
    /// The jobs, in the order of the file.
    pub jobs: Vec<Job>,
    /// The channels by name.
    pub channels: BTreeMap<String, Channel>,
    /// What freeze windows are counted in.
    pub calendar: Calendar,
    /// Owners by path, in the order of the file; see [`Settings::owner_of`].
    pub owners: Vec<PathOwner>,
    /// Environment variables that `env_var` may read.
    pub allow_env: BTreeSet<EnvName>,
    /// dbt variables, over those of `dbt_project.yml`.
    pub vars: BTreeMap<String, Content>,
    /// A catalog that dbt wrote, whose tables' columns are known.
    pub catalog: Option<ProjectPath>,
    /// A CSV file of an information schema, whose tables' columns are known.
    pub columns: Option<ProjectPath>,
    /// What `headsup check` holds the repository to.
    pub policy: Policy,
}

/// One project of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectSettings {
    /// What kind of project it is.
    pub kind: ProjectKind,
    /// Its directory, or the manifest's file.
    pub path: ProjectPath,
    /// Its dialect, if not the default one.
    pub dialect: Option<Dialect>,
    /// The schema that its unqualified names live in.
    pub schema: Option<String>,
    /// Where the file says so.
    pub position: Position,
}

/// The kinds of projects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectKind {
    /// A dbt project, read from source.
    Dbt {
        /// The target that it is read with; `None` is detected.
        target: Option<String>,
    },
    /// A folder of `.sql` files.
    Sql {
        /// How files that are a bare SELECT are named; `None` is detected.
        name: Option<NamePattern>,
        /// What becomes of the rows that such a file returns.
        results: Results,
    },
    /// A dbt manifest.
    Manifest,
}

/// People who own jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Team {
    /// A person or an address.
    pub owner: Option<String>,
    /// A channel of [`Settings::channels`].
    pub channel: Option<String>,
    /// When its jobs hear of a change.
    pub standard: Option<Standard>,
    /// What becomes of changes of which it cannot be told whether they reach its jobs.
    pub unknown: Option<Unknown>,
    /// When its jobs must be left alone.
    pub freeze: Option<FreezeSettings>,
    /// Who may say that a change reaches its jobs all the same.
    pub sign_off: Option<Vec<String>>,
    /// How often what is not urgent is told together.
    pub digest: Option<Digest>,
    /// A sentence for people.
    pub description: Option<String>,
}

/// How often what is not urgent is told together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// Each morning.
    Daily,
    /// Each Monday morning.
    Weekly,
}

impl Digest {
    /// Every value by its name.
    pub const ALL: [(&str, Self); 2] = [("daily", Self::Daily), ("weekly", Self::Weekly)];
}

/// What somebody cares about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its name; an exposure of that name is the same job.
    pub name: String,
    /// A team of [`Settings::teams`].
    pub team: Option<String>,
    /// A person or an address; over the team's.
    pub owner: Option<String>,
    /// A channel of [`Settings::channels`]; over the team's.
    pub channel: Option<String>,
    /// How much it matters, where the file says so.
    pub criticality: Option<Criticality>,
    /// The relations that it reads, as written; none for what only adds to an exposure.
    pub reads: Vec<String>,
    /// Where each of `reads` stands.
    pub reads_at: Vec<Position>,
    /// The columns that it reads, for some of `reads`.
    pub columns: BTreeMap<String, Vec<String>>,
    /// When it hears of a change; over the team's.
    pub standard: Option<Standard>,
    /// What becomes of a change of which it cannot be told whether it reaches the job; over the team's.
    pub unknown: Option<Unknown>,
    /// When it must be left alone; over the team's.
    pub freeze: Option<FreezeSettings>,
    /// Who may say that a change reaches it all the same; over the team's.
    pub sign_off: Option<Vec<String>>,
    /// Its address, for people.
    pub url: Option<String>,
    /// A sentence for people.
    pub description: Option<String>,
    /// Where the file says so.
    pub position: Position,
}

/// When a job hears of a change; each is a part of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standard {
    /// A file upstream differs.
    Touched,
    /// A relation upstream means something else.
    Changed,
    /// What the job reads can come out otherwise.
    #[default]
    Reachable,
    /// What the job reads is broken, removed, retyped, duplicated or regrained, or may fail.
    Breaking,
}

impl Standard {
    /// Every standard by its name, widest first.
    pub const ALL: [(&str, Self); 4] = [
        ("touched", Self::Touched),
        ("changed", Self::Changed),
        ("reachable", Self::Reachable),
        ("breaking", Self::Breaking),
    ];
}

impl fmt::Display for Standard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.into_iter().find(|(_, standard)| standard == self).map_or("", |(name, _)| name);
        out.write_str(name)
    }
}

/// What becomes of a change of which it cannot be told whether it reaches a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unknown {
    /// The owner is told, as if it reached the job.
    #[default]
    Notify,
    /// It is mentioned in a message that is sent anyway.
    Mention,
    /// The owner is not told.
    Ignore,
}

impl Unknown {
    /// Every value by its name, the most told first.
    pub const ALL: [(&str, Self); 3] = [("notify", Self::Notify), ("mention", Self::Mention), ("ignore", Self::Ignore)];
}

impl fmt::Display for Unknown {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.into_iter().find(|(_, unknown)| unknown == self).map_or("", |(name, _)| name);
        out.write_str(name)
    }
}

/// Who owns the files of a pattern.
#[derive(Debug, Clone)]
pub struct PathOwner {
    /// The pattern as written.
    pub pattern: String,
    /// Matches paths from the project directory; `*` stays within a directory.
    pub glob: GlobMatcher,
    /// A team of [`Settings::teams`].
    pub team: Option<String>,
    /// A person or an address.
    pub owner: Option<String>,
    /// Where the pattern stands.
    pub position: Position,
}

impl Settings {
    /// Reads the text of a settings file; `path` is what the findings call it.
    ///
    /// # Errors
    /// Every problem of the file at once, in the order of the text.
    pub fn from_yaml(text: &str, path: &str) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let (settings, mut diagnostics) = sections::read(text);
        diagnostics.sort_by_key(|diagnostic| diagnostic.position);
        let diagnostics: Vec<Diagnostic> = diagnostics.into_iter().map(|diagnostic| diagnostic.in_file(path)).collect();
        if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
            Err(diagnostics)
        } else {
            Ok((settings, diagnostics))
        }
    }

    /// The owner of a file by `owners:`. Of several patterns that match the last wins, as in CODEOWNERS.
    #[must_use]
    pub fn owner_of(&self, path: &str) -> Option<&PathOwner> {
        self.owners.iter().rev().find(|owner| owner.glob.is_match(path))
    }
}

impl Settings {
    /// Whether what is found hangs on when it is asked, or on what somebody says meanwhile.
    #[must_use]
    pub fn asks_the_time(&self) -> bool {
        let of_jobs = self.jobs.iter().any(|job| job.freeze.is_some() || job.sign_off.is_some());
        of_jobs || self.teams.values().any(|team| team.freeze.is_some() || team.sign_off.is_some())
    }

    /// The variable with the token for the service that has the pull request: what a channel for its
    /// comments names, else the usual one.
    #[must_use]
    pub fn comment_token(&self, usual: &str) -> Option<EnvName> {
        let named = self.channels.values().find_map(|channel| match &channel.route {
            Route::GitHub { token_env } | Route::GitHubCheck { token_env, .. } if usual == "GITHUB_TOKEN" => {
                Some(token_env.clone())
            }
            Route::GitLab { token_env } if usual == "GITLAB_TOKEN" => Some(token_env.clone()),
            _ => None,
        });
        named.or_else(|| EnvName::new(usual).ok())
    }

    /// The variable with a token that may read the members of teams, where the usual one may not.
    #[must_use]
    pub fn teams_token() -> Option<EnvName> {
        EnvName::new("HEADSUP_TEAMS_TOKEN").ok()
    }
}

#[cfg(test)]
mod tests;
