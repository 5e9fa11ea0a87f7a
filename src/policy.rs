//! What a repository is held to: rules from values to findings. It must not know markup, git, or how
//! anything was read.

use std::collections::BTreeSet;
use std::sync::Arc;

use headsup_lineage::change::Comparison;
use headsup_lineage::diagnostic::{Position, Severity};
use headsup_lineage::dialect::Dialect;
use headsup_lineage::graph::tables::Tables;
use headsup_lineage::reach::Spread;

use crate::audience::Job;
use crate::audience::codeowners::Codeowners;
use crate::project::Project;
use crate::settings::Settings;
use crate::snapshot::Snapshot;

pub mod allow;
pub mod baseline;
pub mod check;
mod contract;
mod critical;
mod names;
mod party;
mod reads;
mod tables;

pub use check::Check;

/// One version of a repository, as the rules look at it.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// What it builds and reads.
    pub project: &'a Project,
    /// Its jobs, as this version alone declares them.
    pub jobs: &'a [Job],
    /// What it is held to.
    pub settings: &'a Settings,
    /// What the settings file is called; empty if there is none.
    pub settings_path: &'a str,
    /// Who owns which files.
    pub codeowners: &'a Codeowners,
    /// The tables that somebody listed from outside.
    pub listed: &'a Tables,
    /// The dialects of its files.
    pub dialects: &'a BTreeSet<Dialect>,
    /// Its files.
    pub files: &'a Snapshot,
}

/// What was there before, and what has become of it.
pub struct Before<'a> {
    /// The version that is compared with.
    pub base: Side<'a>,
    /// What differs.
    pub comparison: &'a Comparison,
    /// What the changes since then reach.
    pub spread: &'a Spread<'a>,
}

/// Something that a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub check: Check,
    /// How grave it is.
    pub severity: Severity,
    /// The file.
    pub path: Arc<str>,
    /// Where in the file.
    pub position: Position,
    /// What was found, as a lower-case fragment.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
    /// What it is about, in words that stay the same when lines move.
    pub about: String,
    /// Whether it was there before; `None` if nothing is known of before.
    pub age: Option<Age>,
    /// Why it does not count, if it does not.
    pub pardon: Option<Pardon>,
}

/// Whether a finding was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// It came with the change.
    New,
    /// It was there before.
    Old,
}

/// Why a finding does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pardon {
    /// A comment allows it, for a reason.
    Comment(String),
    /// The baseline has it.
    Baseline,
}

impl Finding {
    fn new(check: Check, severity: Severity, (path, position): (&Arc<str>, Position), about: String) -> Self {
        Self {
            check,
            severity,
            path: Arc::clone(path),
            position,
            message: String::new(),
            hint: None,
            about,
            age: None,
            pardon: None,
        }
    }

    fn says(self, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..self }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Whether nobody allowed it.
    #[must_use]
    pub const fn counts(&self) -> bool {
        self.pardon.is_none()
    }

    /// What makes it the same finding in another version.
    #[must_use]
    pub fn key(&self) -> (Check, &str) {
        (self.check, &self.about)
    }
}

/// Everything that the rules find in a version, gravest first; comments and baselines come later.
#[must_use]
pub fn findings(head: &Side<'_>, before: Option<&Before<'_>>) -> Vec<Finding> {
    let mut found = of_one_version(head, before);
    if let Some(before) = before {
        let of_base = of_one_version(&before.base, None);
        let known: BTreeSet<(Check, &str)> = of_base.iter().map(Finding::key).collect();
        for finding in found.iter_mut().filter(|finding| finding.age.is_none()) {
            finding.age = Some(if known.contains(&finding.key()) { Age::Old } else { Age::New });
        }
        found.extend(contract::broken(head, before));
    }
    found.iter_mut().for_each(tables::soften);
    held_to(found, head.settings)
}

fn of_one_version(side: &Side<'_>, before: Option<&Before<'_>>) -> Vec<Finding> {
    let mut found = reads::private_reads(side, before.map(|before| &before.base));
    found.extend(critical::unowned(side));
    found.extend(critical::half_read(side));
    found.extend(names::unknown(side, before.map(|before| &before.base)));
    found.extend(names::unused_patterns(side));
    found.extend(tables::undeclared(side));
    found.extend(tables::circles(side));
    found
}

/// Findings as grave as the settings want them, in order.
pub(crate) fn held_to(found: Vec<Finding>, settings: &Settings) -> Vec<Finding> {
    let wanted = |finding: Finding| match settings.policy.severity.get(&finding.check) {
        None => Some(finding),
        Some(None) => None,
        // What was there before is listed; nobody is stopped by what somebody else did.
        Some(Some(_)) if finding.check == Check::PrivateRead && finding.age != Some(Age::New) => Some(finding),
        Some(Some(severity)) => Some(Finding { severity: *severity, ..finding }),
    };
    let mut found: Vec<Finding> = found.into_iter().filter_map(wanted).collect();
    found.sort_by(|a, b| {
        let key = |finding: &Finding| {
            let Finding { check, path, position, about, .. } = finding;
            (std::cmp::Reverse(finding.severity), *check, Arc::clone(path), *position, about.clone())
        };
        key(a).cmp(&key(b))
    });
    found.dedup();
    found
}
