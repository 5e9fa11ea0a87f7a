//! What `headsup why` found, as plain values. It must not know markup.

use headsup_lineage::dependency::EdgeKind;
use headsup_lineage::diagnostic::Diagnostic;
use headsup_lineage::name::RelationName;
use headsup_lineage::trace::Certainty;
use serde::Serialize;

use super::Coverage;
use super::depends::{DependencyEntry, TargetEntry};
use crate::project::Criticality;

/// What `headsup why` found.
#[derive(Debug, Clone, Serialize)]
pub struct WhyReport {
    /// [`super::VERSION`].
    pub version: u32,
    /// What was read.
    pub head: String,
    /// Whose dependencies were asked about.
    #[serde(flatten)]
    pub dependent: Dependent,
    /// What is worth knowing of how that was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What it was asked to depend on, and whether it does; absent where that was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<Answer>,
    /// All that it depends on, nearest first, where no more was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Vec<DependencyEntry>>,
    /// Why more may be upstream than could be found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// How many models stand on each rung.
    pub coverage: Coverage,
    /// What could not be read, or not be decided.
    pub diagnostics: Vec<Diagnostic>,
}

/// A job, or tables and columns, whose dependencies were asked about.
#[derive(Debug, Clone, Serialize)]
pub struct Dependent {
    /// The job, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<JobEntry>,
    /// The tables and columns; of a job, those that it reads.
    pub targets: Vec<TargetEntry>,
}

/// A job, and where it is declared.
#[derive(Debug, Clone, Serialize)]
pub struct JobEntry {
    /// Its name.
    pub job: String,
    /// Whom it belongs to; null if nobody is known.
    pub owner: Option<String>,
    /// How much it matters.
    pub criticality: Criticality,
    /// The file that declares it, with the line.
    pub file: String,
}

/// Whether something depends on something, and how that is known.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    /// What it may depend on.
    pub target: TargetEntry,
    /// Whether it does.
    pub verdict: Verdict,
    /// The ways by which it does, or may, shortest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<Vec<StepEntry>>,
    /// The other relations that lie between, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<RelationName>,
    /// What of it depends on that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub affected: Vec<DependencyEntry>,
    /// Who reads it directly, where no way was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub readers: Vec<DependencyEntry>,
    /// Where the ways end that lead from table to table, where none does from column to column.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<EndEntry>,
    /// How the tables hang together.
    pub tables: TablesWord,
}

/// Whether something depends on something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It does.
    Depends,
    /// It cannot be told.
    Unknown,
    /// It does not.
    Independent,
}

/// How tables hang together, whatever their columns do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TablesWord {
    /// The one is upstream of the other.
    Upstream,
    /// It is the other way round.
    Downstream,
    /// Neither is.
    Apart,
}

/// One dependency on a way, from what is read to what reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepEntry {
    /// What is read.
    pub from: PlaceName,
    /// What reads it.
    pub to: PlaceName,
    /// How.
    pub kind: EdgeKind,
    /// Whether that is known.
    pub certainty: Certainty,
    /// Where that is written.
    #[serde(flatten)]
    pub site: Site,
}

/// A column of a relation, or its rows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PlaceName {
    /// The relation.
    pub relation: RelationName,
    /// The column; `*` for one whose name is not known; absent for the rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

/// Where something is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Site {
    /// The file.
    pub file: String,
    /// The line; absent where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The character within the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Of which text the line is.
    pub of: TextWord,
}

/// Of which text a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TextWord {
    /// Of the file.
    File,
    /// Of the SQL that the file renders to.
    Rendering,
}

/// Where a way ends: something that depends is read by what does not read that part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct EndEntry {
    /// The relation.
    pub relation: RelationName,
    /// What of it depends: columns, `*` for those without a name.
    pub columns: Vec<String>,
    /// Whether its rows do.
    pub rows: bool,
    /// What reads it, on the way to what was asked about: a relation, or the job.
    pub reader: String,
    /// The columns that are read of it.
    pub reads: Vec<String>,
    /// Where it is read.
    #[serde(flatten)]
    pub site: Site,
}
