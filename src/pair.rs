//! Two texts to a verdict: whether the second gives what the first gives. They are read as two versions of a
//! project of one file, so what is told of them is what `impact` tells. It must not know where they come from.

use std::collections::BTreeSet;
use std::sync::Arc;

use headsup_lineage::canonical::{TextComparison, compare_texts};
use headsup_lineage::change::{Effect, compare};
use headsup_lineage::diagnostic::Diagnostic;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::parse::parse;
use serde::Serialize;

use crate::project::texts::{QUERY, Texts, read_texts};

pub mod log;
mod schema;

pub use schema::{Schema, SchemaFault};

/// Whether one text gives what another one gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The same columns in the same order with the same types, and the same bag of rows, on every database that
    /// satisfies the schema.
    Same,
    /// It may give something else, and the effects say what.
    Changed,
    /// It cannot be told.
    Unknown,
}

impl Verdict {
    /// The name used in output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Changed => "changed",
            Self::Unknown => "unknown",
        }
    }

    /// The same for people.
    #[must_use]
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::Same => "the same columns and rows, whatever the data are",
            Self::Changed => "not the same",
            Self::Unknown => "cannot tell",
        }
    }
}

/// What was found of a pair.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// Whether they give the same.
    pub verdict: Verdict,
    /// What may differ, worst first.
    pub effects: Vec<Effect>,
    /// Why it cannot be told, where it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What could not be read.
    #[serde(skip)]
    pub diagnostics: Vec<Diagnostic>,
}

/// What a text gives beside what another one gave, where tables are as a schema says.
///
/// # Errors
/// If the schema cannot be read.
pub fn judge(old: &str, new: &str, schema: &Schema, dialect: Dialect) -> Result<Judged, SchemaFault> {
    let tables = schema.tables(dialect)?;
    let texts = Texts { old, new, ddl: schema.ddl(), tables, dialect };
    let (base, head) = read_texts(&texts);
    let comparison = compare(&base.graph, &head.graph, &BTreeSet::from([Arc::from(QUERY)]));
    let mut effects: Vec<Effect> = comparison.changes.iter().flat_map(|change| change.effects.clone()).collect();
    effects.sort();
    effects.dedup();
    let mut diagnostics = base.diagnostics;
    diagnostics.extend(head.diagnostics);
    diagnostics.retain(|diagnostic| diagnostic.path.as_deref() == Some(QUERY));
    diagnostics.sort();
    diagnostics.dedup();
    let unknown = comparison.changes.iter().find_map(|change| change.unknown.clone());
    let is_compared = !comparison.unchanged.is_empty() || !effects.is_empty();
    let reason = unknown.or_else(|| unread(&texts, is_compared));
    let reason = reason.or_else(|| effects.is_empty().then(|| left_out(&texts)).flatten());
    let verdict = match (&reason, effects.is_empty()) {
        (Some(_), _) => Verdict::Unknown,
        (None, true) => Verdict::Same,
        (None, false) => Verdict::Changed,
    };
    Ok(Judged { verdict, effects, reason, diagnostics })
}

/// Why a pair of texts that differ could not be compared at all.
fn unread(texts: &Texts<'_>, is_compared: bool) -> Option<String> {
    if texts.old == texts.new {
        return None;
    }
    if crate::project::sql::has_tags(texts.old) || crate::project::sql::has_tags(texts.new) {
        return Some("it is a template that was not rendered".to_owned());
    }
    (!is_compared).then(|| "nothing that gives rows or fills a table was found in it".to_owned())
}

/// Why texts that fill the same tables in the same way may yet do different things: each table is compared by
/// itself, and of what stands beside that, and of the order, nothing is known.
fn left_out(texts: &Texts<'_>) -> Option<String> {
    if compare_texts(texts.old, texts.new, texts.dialect) != TextComparison::Different {
        return None;
    }
    let both = [texts.old, texts.new];
    if both.iter().any(|text| parse(text, texts.dialect).statements.len() > 1) {
        return Some("it has several statements, and they are compared table by table only".to_owned());
    }
    let keeps =
        |text: &&str| text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ").contains("if not exists");
    match both.iter().filter(|text| keeps(text)).count() {
        1 => Some("one of the texts leaves a table as it is that is there already".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
