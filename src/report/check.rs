//! What `headsup check` found, as plain values. It must not know markup.

use headsup_lineage::diagnostic::{Diagnostic, Severity};
use serde::Serialize;

use super::Coverage;
use crate::policy::{Age, Finding, Pardon};

/// What `headsup check` found.
#[derive(Debug, Clone, Serialize)]
pub struct CheckReport {
    /// [`super::VERSION`].
    pub version: u32,
    /// What base is called, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// What head is called.
    pub head: String,
    /// The findings, gravest first.
    pub findings: Vec<FindingEntry>,
    /// How many of each kind there are.
    pub counts: Counts,
    /// What is worth knowing of how they were found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// How many models of head stand on each rung.
    pub coverage: Coverage,
    /// What could not be read, or not be decided.
    pub diagnostics: Vec<Diagnostic>,
    /// The project's folder from the root of the repository, for services that know only that.
    #[serde(skip)]
    pub prefix: String,
}

/// How many findings of each kind there are.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Counts {
    /// Errors that count.
    pub error: usize,
    /// Warnings that count.
    pub warning: usize,
    /// Notes.
    pub note: usize,
    /// Those that a comment allows.
    pub allowed: usize,
    /// Those that the baseline knows.
    pub baseline: usize,
}

/// One finding.
#[derive(Debug, Clone, Serialize)]
pub struct FindingEntry {
    /// The code of its check.
    pub code: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// The file, from the project's folder.
    pub path: String,
    /// The line.
    pub line: u32,
    /// The character in the line.
    pub column: u32,
    /// What was found.
    pub message: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What it is about; the same when lines move.
    pub about: String,
    /// Whether it was there before, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<&'static str>,
    /// Why it does not count, if it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Allowed>,
}

/// Why a finding does not count.
#[derive(Debug, Clone, Serialize)]
pub struct Allowed {
    /// `comment` or `baseline`.
    pub by: &'static str,
    /// The reason that the comment gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

impl Counts {
    /// The counts of some findings.
    #[must_use]
    pub fn of(found: &[Finding]) -> Self {
        let mut counts = Self::default();
        for finding in found {
            let counter = match (&finding.pardon, finding.severity) {
                (Some(Pardon::Comment(_)), _) => &mut counts.allowed,
                (Some(Pardon::Baseline), _) => &mut counts.baseline,
                (None, Severity::Error) => &mut counts.error,
                (None, Severity::Warning) => &mut counts.warning,
                (None, Severity::Note) => &mut counts.note,
            };
            *counter += 1;
        }
        counts
    }
}

impl From<&Finding> for FindingEntry {
    fn from(finding: &Finding) -> Self {
        Self {
            code: finding.check.code(),
            severity: finding.severity,
            path: finding.path.to_string(),
            line: finding.position.line,
            column: finding.position.column,
            message: finding.message.clone(),
            hint: finding.hint.clone(),
            about: finding.about.clone(),
            age: finding.age.map(|age| match age {
                Age::New => "new",
                Age::Old => "old",
            }),
            allowed: finding.pardon.as_ref().map(|pardon| match pardon {
                Pardon::Comment(reason) => Allowed { by: "comment", because: Some(reason.clone()) },
                Pardon::Baseline => Allowed { by: "baseline", because: None },
            }),
        }
    }
}
