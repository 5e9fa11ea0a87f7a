//! What `headsup depends` found, as plain values. It must not know markup.

use headsup_lineage::dependency::EdgeKind;
use headsup_lineage::diagnostic::Diagnostic;
use headsup_lineage::name::RelationName;
use headsup_lineage::relation::Rung;
use headsup_lineage::trace::Certainty;
use serde::Serialize;

use super::Coverage;
use crate::project::Criticality;

/// What `headsup depends` found.
#[derive(Debug, Clone, Serialize)]
pub struct DependsReport {
    /// [`super::VERSION`].
    pub version: u32,
    /// What was read.
    pub head: String,
    /// What was asked about, in the order in which it was.
    pub targets: Vec<TargetEntry>,
    /// What is worth knowing of how that was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What depends on it, nearest first, what is certain before what is not, by name; absent where that
    /// was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub downstream: Option<Vec<DependencyEntry>>,
    /// What it depends on, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Vec<DependencyEntry>>,
    /// The jobs that depend on it, those that matter most first.
    pub jobs: Vec<DependentJob>,
    /// Who reads whom among all of these.
    pub edges: Vec<DependencyEdge>,
    /// The relations of which nobody can tell whether they have part in this, by name.
    pub unknown: Vec<UnknownEntry>,
    /// How many models stand on each rung.
    pub coverage: Coverage,
    /// What could not be read, or not be decided.
    pub diagnostics: Vec<Diagnostic>,
    /// What was left out on demand.
    #[serde(skip)]
    pub shown: Shown,
}

/// What of a report is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Relations and jobs.
    Everything,
    /// Jobs.
    Jobs,
}

/// A relation or a column that was asked about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct TargetEntry {
    /// The relation.
    pub relation: RelationName,
    /// The column; absent for all of the relation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

/// A relation up- or downstream of what was asked about.
#[derive(Debug, Clone, Serialize)]
pub struct DependencyEntry {
    /// Which.
    pub relation: RelationName,
    /// What it is called across versions.
    pub id: String,
    /// How many steps away, from one.
    pub depth: usize,
    /// How: for the column of which most can be said; `rows` where no column has part in it.
    pub kind: EdgeKind,
    /// Whether it is known to.
    pub certainty: Certainty,
    /// Its columns that have part in it, in order; `*` for columns whose names are not known.
    pub columns: Vec<PartEntry>,
    /// How its rows have part in it; empty where they have none.
    pub rows: Vec<EdgeKind>,
    /// How many columns of it are known.
    pub known_columns: usize,
    /// Whom it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// How well it was read.
    pub rung: Rung,
}

/// A column, and how it has part in a dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartEntry {
    /// The column.
    pub column: String,
    /// How.
    pub kind: EdgeKind,
    /// Whether that is known.
    pub certainty: Certainty,
}

/// A job that depends on what was asked about.
#[derive(Debug, Clone, Serialize)]
pub struct DependentJob {
    /// Its name.
    pub job: String,
    /// Whom it belongs to; null if nobody is known.
    pub owner: Option<String>,
    /// The team, where settings name one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// How much it matters.
    pub criticality: Criticality,
    /// Whether it is known to depend on it.
    pub certainty: Certainty,
    /// How many steps away, from one; absent where it only may depend on it, and no way is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<usize>,
    /// The relations by which it depends on it, the nearest first.
    pub reads: Vec<RelationName>,
    /// Why it cannot be told, where no way is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The file that declares it, with the line.
    pub file: String,
}

/// One relation, or a job, reads another relation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct DependencyEdge {
    /// What is read.
    pub from: RelationName,
    /// What reads it.
    pub to: RelationName,
    /// How.
    pub kind: EdgeKind,
    /// Whether that is known.
    pub certainty: Certainty,
}

/// A relation of which it cannot be told whether it has part in this.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct UnknownEntry {
    /// Which.
    pub relation: RelationName,
    /// The relation upstream of it that may read more than could be found; absent where it is that one
    /// itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<RelationName>,
    /// Why.
    pub reason: String,
}
