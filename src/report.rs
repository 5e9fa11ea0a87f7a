//! What commands found, as plain values: formats render them, and their JSON form is the one that
//! `docs/json.md` documents. It must not know markup.

use headsup_lineage::change::{ChangeKind, Effect, EffectKind};
use headsup_lineage::dependency::EdgeKind;
use headsup_lineage::diagnostic::Diagnostic;
use headsup_lineage::name::{ColumnName, RelationName};
use headsup_lineage::reach::Reach;
use headsup_lineage::relation::{RelationKind, Rung};
use serde::Serialize;

use crate::audience::{Hold, SetBy, TeamRule};
use crate::headsup::HeadsUp;
use crate::places::Place;
use crate::project::{Criticality, OwnerRule};
use crate::settings::{Standard, Unknown};

pub mod approve;
pub mod check;
pub mod compare;
pub mod depends;
pub mod incidents;
pub mod init;
pub mod lineage;
pub mod notify;
pub mod reaching;
pub mod release;
pub mod replay;
pub mod suspects;
pub mod why;

/// The version of the JSON form; it grows when a field changes its meaning or goes, not when one comes.
pub const VERSION: u32 = 1;

/// What `headsup impact` found.
#[derive(Debug, Clone, Serialize)]
pub struct ImpactReport {
    /// [`VERSION`].
    pub version: u32,
    /// What base is called.
    pub base: String,
    /// What head is called.
    pub head: String,
    /// How many files of the projects differ.
    pub files_changed: usize,
    /// The relations that differ, by name.
    pub changes: Vec<ChangeEntry>,
    /// The relations whose files differ and which do not, by name.
    pub unchanged: Vec<UnchangedEntry>,
    /// Every relation at or downstream of a change, by name.
    pub relations: Vec<RelationEntry>,
    /// Every job, by name.
    pub jobs: Vec<JobEntry>,
    /// One message for each owner who needs to hear.
    pub headsups: Vec<HeadsUp>,
    /// How many models of head stand on each rung.
    pub coverage: Coverage,
    /// What could not be read, or not be decided; by file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// The project's directory from the root of the repository.
    #[serde(skip)]
    pub prefix: String,
}

/// A relation that differs.
#[derive(Debug, Clone, Serialize)]
pub struct ChangeEntry {
    /// Which.
    pub relation: RelationName,
    /// Whether it is one.
    #[serde(skip)]
    pub what: Changed,
    /// How it came to differ.
    pub kind: ChangeKind,
    /// What differs, worst first.
    pub effects: Vec<Effect>,
    /// The files that fill or declare it.
    pub files: Vec<String>,
    /// Why it cannot be told whether it really differs, where it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where in its files that stands by which it reaches jobs, where it is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
}

/// What it is that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Changed {
    /// A relation.
    #[default]
    Table,
    /// What a metric or another job is computed by.
    Definition,
}

impl ChangeEntry {
    /// Whether it is not known which of its columns and rows differ.
    #[must_use]
    pub fn is_coarse(&self) -> bool {
        self.effects.iter().any(|effect| effect.kind == EffectKind::Unspecified)
    }
}

/// A relation whose files differ and which does not.
#[derive(Debug, Clone, Serialize)]
pub struct UnchangedEntry {
    /// Which.
    pub relation: RelationName,
    /// Those of its files that differ.
    pub files: Vec<String>,
    /// Why it is the same.
    pub why: String,
}

/// A relation at or downstream of a change.
#[derive(Debug, Clone, Serialize)]
pub struct RelationEntry {
    /// Which.
    pub relation: RelationName,
    /// Whether it is reached.
    pub reach: Reach,
    /// What happens to it.
    pub effects: Vec<EffectEntry>,
    /// The relations from the change to it, both included.
    pub path: Vec<RelationName>,
    /// Why it cannot be told, where it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One thing that happens to a relation or to what a job reads.
#[derive(Debug, Clone, Serialize)]
pub struct EffectEntry {
    /// What happens.
    pub effect: EffectKind,
    /// To which column; absent for the rows, or the relation as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<ColumnName>,
}

/// A job, and whether it is reached.
#[derive(Debug, Clone, Serialize)]
pub struct JobEntry {
    /// Its name.
    pub job: String,
    /// Whom it belongs to; null if nobody is known.
    pub owner: Option<String>,
    /// The team, where settings name one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// How much it matters.
    pub criticality: Criticality,
    /// Whether it is reached.
    pub reach: Reach,
    /// What happens to what it reads.
    pub effects: Vec<EffectEntry>,
    /// The relations from the change to what it reads, where it is reached or unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Vec<RelationName>>,
    /// The same way part by part, with what happens at each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepEntry>,
    /// Where the change stops, where it is not reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<String>,
    /// How near the change comes, where it is not reached.
    #[serde(skip)]
    pub nearness: Nearness,
    /// Why it cannot be told, where it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What holds the change up for its sake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
}

/// How near a change comes to a job that it does not reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nearness {
    /// Nothing upstream of it changed.
    #[default]
    Apart,
    /// Something upstream of it changed, and it does not notice.
    Upstream,
}

/// One step of the way from a change to what a job reads.
#[derive(Debug, Clone, Serialize)]
pub struct StepEntry {
    /// The relation.
    pub relation: RelationName,
    /// The column or field of it; absent for its rows, or the relation as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What happens there.
    pub effect: EffectKind,
    /// In which way it depends on the step before; absent for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<EdgeKind>,
    /// The file that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in it, or in what it renders to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

impl JobEntry {
    /// Whether it is a metric of dbt, a semantic model or a saved query that nobody owns, and that nobody has
    /// made a job of some weight.
    #[must_use]
    pub fn is_nobodys_metric(&self) -> bool {
        let is_dbts = ["metric:", "semantic_model:", "saved_query:"].iter().any(|kind| self.job.starts_with(kind));
        is_dbts && self.owner.is_none() && self.team.is_none() && self.criticality == Criticality::Normal
    }

    /// The way from the change to what the job reads, a relation at a time: `core.orders.amount` where it
    /// goes through a column, else the relation alone.
    #[must_use]
    pub fn way(&self) -> Vec<String> {
        let mut way: Vec<(&RelationName, Option<&str>)> = Vec::new();
        for step in &self.steps {
            match way.last_mut() {
                Some((relation, column)) if **relation == step.relation => *column = step.column.as_deref(),
                _ => way.push((&step.relation, step.column.as_deref())),
            }
        }
        if way.is_empty() {
            way.extend(self.path.iter().flatten().map(|relation| (relation, None)));
        }
        let spell = |(relation, column): (&RelationName, Option<&str>)| match column {
            Some(column) => format!("{relation}.{column}"),
            None => relation.to_string(),
        };
        way.into_iter().map(spell).collect()
    }
}

/// How many models, seeds and snapshots stand on each rung.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Every column bound.
    pub columns: usize,
    /// Parsed.
    pub open: usize,
    /// Relations found in the tokens.
    pub tables: usize,
    /// Relations found in the template.
    pub refs: usize,
    /// Not readable.
    pub opaque: usize,
}

impl Coverage {
    /// Counts one model.
    pub const fn add(&mut self, rung: Rung) {
        match rung {
            Rung::Columns => self.columns += 1,
            Rung::Open => self.open += 1,
            Rung::Tables => self.tables += 1,
            Rung::Refs => self.refs += 1,
            Rung::Opaque => self.opaque += 1,
        }
    }

    /// The count of one rung.
    #[must_use]
    pub const fn of(&self, rung: Rung) -> usize {
        match rung {
            Rung::Columns => self.columns,
            Rung::Open => self.open,
            Rung::Tables => self.tables,
            Rung::Refs => self.refs,
            Rung::Opaque => self.opaque,
        }
    }

    /// How many there are.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.columns + self.open + self.tables + self.refs + self.opaque
    }
}

/// What `headsup models` found.
#[derive(Debug, Clone, Serialize)]
pub struct ModelsReport {
    /// [`VERSION`].
    pub version: u32,
    /// What was read.
    pub head: String,
    /// Every relation, by name.
    pub relations: Vec<ModelEntry>,
    /// How many models stand on each rung.
    pub coverage: Coverage,
    /// What could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// One relation as it was read.
#[derive(Debug, Clone, Serialize)]
pub struct ModelEntry {
    /// What reports call it.
    pub relation: RelationName,
    /// What it is called across versions; dbt's unique id for what dbt builds.
    pub id: String,
    /// What kind of thing it is.
    pub kind: RelationKind,
    /// How well it was read.
    pub rung: Rung,
    /// The project that it belongs to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// The files that fill or declare it.
    pub files: Vec<String>,
    /// Whom it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The ids of what it reads.
    pub parents: Vec<String>,
}

/// What `headsup jobs` found.
#[derive(Debug, Clone, Serialize)]
pub struct JobsReport {
    /// [`VERSION`].
    pub version: u32,
    /// What was read.
    pub head: String,
    /// Every job, by name.
    pub jobs: Vec<JobDescription>,
    /// What could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// A job and who hears of it.
#[derive(Debug, Clone, Serialize)]
pub struct JobDescription {
    /// Its name.
    pub job: String,
    /// Whom it belongs to; null if nobody is known.
    pub owner: Option<String>,
    /// Which rule named the owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_by: Option<OwnerRule>,
    /// Who the owner is, where `owner` is a team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The team, where settings name one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// What makes it that team's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_by: Option<TeamRule>,
    /// Where its owner is told, where settings or the project say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// What names the channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_by: Option<SetBy>,
    /// What kind of channel it is; absent where settings define none of that name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_kind: Option<String>,
    /// The comments on a pull request that show every message.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub comments: Vec<String>,
    /// How much it matters.
    pub criticality: Criticality,
    /// How much its owner wants to hear.
    pub standard: Standard,
    /// What says so.
    pub standard_by: SetBy,
    /// What he hears where it cannot be told.
    pub unknown: Unknown,
    /// What says so.
    pub unknown_by: SetBy,
    /// When it must be left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze: Option<FreezeDescription>,
    /// Who may say that a change reaches it all the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sign_off: Vec<String>,
    /// What says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_off_by: Option<SetBy>,
    /// The relations that it reads.
    pub reads: Vec<RelationName>,
    /// How many relations are upstream of it, those that it reads included.
    pub upstream: usize,
    /// The file that declares it.
    pub file: String,
}

/// When a job must be left alone.
#[derive(Debug, Clone, Serialize)]
pub struct FreezeDescription {
    /// The windows, as written.
    pub windows: Vec<String>,
    /// The time zone that they are in.
    pub time_zone: String,
    /// What says so.
    pub freeze_by: SetBy,
    /// Until when it is frozen now, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
    /// From when it is frozen next, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What `headsup doctor` found.
#[derive(Debug, Clone, Serialize)]
pub struct DoctorReport {
    /// [`VERSION`].
    pub version: u32,
    /// What was read.
    pub head: String,
    /// The projects of the repository.
    pub projects: Vec<ProjectEntry>,
    /// How many models stand on each rung.
    pub coverage: Coverage,
    /// What could not be read, by file and place.
    pub diagnostics: Vec<Diagnostic>,
}

/// A project of the repository, as it was found or set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProjectEntry {
    /// `dbt`, `sql` or `manifest`.
    pub kind: String,
    /// Its folder; `.` for the root.
    pub path: String,
    /// Its dialect, where one is set or was recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// How bare queries are named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether settings say so, or it was found.
    pub origin: Origin,
    /// How many models it has.
    pub models: usize,
}

/// Where knowledge of a project comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// headsup.yml.
    Settings,
    /// An argument.
    Argument,
    /// Found by looking at the files.
    Found,
}
