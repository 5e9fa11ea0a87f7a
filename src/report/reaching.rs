//! What `headsup why --base` found: how a change reaches a job or a table, as plain values. It must not
//! know markup.

use headsup_lineage::change::EffectKind;
use headsup_lineage::diagnostic::Diagnostic;
use headsup_lineage::name::{ColumnName, RelationName};
use headsup_lineage::reach::Reach;
use serde::Serialize;

use super::why::Dependent;
use super::{Coverage, EffectEntry, StepEntry};

/// How a change reaches a job or a table, effect by effect, or where it stops.
#[derive(Debug, Clone, Serialize)]
pub struct ReachingReport {
    /// [`super::VERSION`].
    pub version: u32,
    /// What was compared with.
    pub base: String,
    /// What was compared.
    pub head: String,
    /// Of what it was asked.
    #[serde(flatten)]
    pub dependent: Dependent,
    /// Whether it is reached.
    pub reach: Reach,
    /// What arrives, and by which way; what breaks first.
    pub ways: Vec<WayEntry>,
    /// Where the change stops, where it is not reached; for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<String>,
    /// What is worth knowing of how that was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// How many models stand on each rung.
    pub coverage: Coverage,
    /// What could not be read, or not be decided.
    pub diagnostics: Vec<Diagnostic>,
}

/// Effects on one relation that arrive by one way.
#[derive(Debug, Clone, Serialize)]
pub struct WayEntry {
    /// The relation that is read.
    pub relation: RelationName,
    /// What happens to it.
    pub effect: EffectKind,
    /// To which columns; none where it is the rows, or the relation as a whole.
    pub columns: Vec<ColumnName>,
    /// Whether that is sure.
    pub reach: Reach,
    /// What was changed where the way begins, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<String>,
    /// The way, part by part, from the change on.
    pub steps: Vec<StepEntry>,
    /// Why it cannot be told, where it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl WayEntry {
    /// What happens, as a list of effects.
    #[must_use]
    pub fn effects(&self) -> Vec<EffectEntry> {
        let entry = |column: Option<ColumnName>| EffectEntry { effect: self.effect, column };
        if self.columns.is_empty() {
            return vec![entry(None)];
        }
        self.columns.iter().map(|column| entry(Some(column.clone()))).collect()
    }
}

impl StepEntry {
    /// The part of a relation: `core.orders.amount`, or the relation alone.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.column {
            Some(column) => format!("{}.{column}", self.relation),
            None => self.relation.to_string(),
        }
    }

    /// The file and line that say so.
    #[must_use]
    pub fn site(&self) -> Option<String> {
        let file = self.file.as_ref()?;
        Some(self.line.map_or_else(|| file.clone(), |line| format!("{file}:{line}")))
    }
}
