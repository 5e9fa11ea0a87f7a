//! What holds a change up for a job's sake: a freeze, or a word that is still to be said. It must not
//! know who asks for that word, or where it is kept.

use std::collections::BTreeSet;

use headsup_lineage::change::Comparison;
use headsup_lineage::graph::LineageGraph;
use headsup_lineage::parse::tokens;
use headsup_lineage::reach::Reach;
use headsup_lineage::relation::conditions::Conditions;
use headsup_lineage::relation::{Body, RelationId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Job;
use crate::report::JobEntry;
use crate::settings::Unknown;

/// What holds a change up that reaches a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The freeze that the job is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<FrozenJob>,
    /// Who may say that it may land all the same; one of them is enough.
    pub sign_off: Vec<String>,
    /// Who of them has.
    pub approved_by: Vec<String>,
    /// What an approval is bound to: what reaches the job, and how.
    pub fingerprint: String,
}

/// A freeze that a job is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenJob {
    /// The window, as written.
    pub window: String,
    /// When it is over, for people: `until the end of Fri 4 December 2026 (UTC)`.
    pub until: String,
    /// The same as a moment.
    pub ends: String,
}

impl Hold {
    /// Whether a freeze holds the change up.
    #[must_use]
    pub const fn is_frozen(&self) -> bool {
        self.frozen.is_some() && self.approved_by.is_empty()
    }

    /// Whether a word is still to be said.
    #[must_use]
    pub const fn lacks_sign_off(&self) -> bool {
        !self.sign_off.is_empty() && self.approved_by.is_empty()
    }

    /// Whether anything holds the change up.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.is_frozen() || self.lacks_sign_off()
    }

    /// Whose word is needed: `ann or bob`.
    #[must_use]
    pub fn signers(&self) -> String {
        match self.sign_off.as_slice() {
            [] => String::new(),
            [one] => one.clone(),
            [first @ .., last] => format!("{} or {last}", first.join(", ")),
        }
    }

    /// What is still missing, or who has said it.
    #[must_use]
    pub fn sign_off_words(&self) -> String {
        match (self.approved_by.as_slice(), self.sign_off.is_empty()) {
            ([], true) => "nobody is named who could lift that".to_owned(),
            ([], false) => format!("waits for the approval of {}", self.signers()),
            (names, _) => format!("approved by {}", names.join(" and ")),
        }
    }
}

impl Job {
    /// What holds up a change that reaches the job, without regard to who has approved it. What may only
    /// reach it counts where its owner wants to be told of that.
    #[must_use]
    pub fn hold(&self, reach: Reach, now: Timestamp) -> Option<Hold> {
        let counts = reach == Reach::Reached || (reach == Reach::Unknown && self.unknown == Unknown::Notify);
        if !counts {
            return None;
        }
        let frozen = self.freezes.iter().filter_map(|freeze| freeze.at(now)).max_by_key(|frozen| frozen.ends);
        let frozen = frozen.map(|frozen| FrozenJob {
            window: frozen.window,
            until: frozen.until,
            ends: frozen.ends.to_string(),
        });
        (frozen.is_some() || !self.sign_off.is_empty()).then(|| Hold {
            frozen,
            sign_off: self.sign_off.clone(),
            approved_by: Vec::new(),
            fingerprint: String::new(),
        })
    }
}

/// What an approval is bound to: the job, what happens to it, and what upstream of it differs, as it was
/// and as it is to be. Layout and comments do not count.
#[must_use]
pub fn fingerprint(
    job: &Job,
    entry: &JobEntry,
    comparison: &Comparison,
    base: &LineageGraph,
    head: &LineageGraph,
) -> String {
    let mut parts = Parts(Sha256::new());
    parts.add(&job.name);
    parts.add(&format!("{:?}", entry.reach));
    parts.add(&serde_json::to_string(&entry.effects).unwrap_or_default());
    parts.add(entry.reason.as_deref().unwrap_or_default());
    let mut upstream: BTreeSet<&RelationId> = BTreeSet::new();
    for graph in [base, head] {
        let read = job.reads.iter().flat_map(|read| graph.resolve(read, job.project.as_deref()));
        upstream.extend(graph.upstream(read).into_iter().map(|node| &graph.relation(node).id));
    }
    let mut changes: Vec<_> = comparison.changes.iter().filter(|change| upstream.contains(&change.id)).collect();
    changes.sort_by_key(|change| &change.id);
    for change in changes {
        parts.add(&change.name.to_string());
        parts.add(&serde_json::to_string(&change.effects).unwrap_or_default());
        for graph in [base, head] {
            let Some(relation) = graph.by_id(&change.id).map(|node| graph.relation(node)) else { continue };
            parts.add("as");
            for (key, value) in &relation.config {
                parts.add(key);
                parts.add(value);
            }
            relation.writers.iter().for_each(|writer| parts.add_body(&writer.body));
        }
    }
    for redefined in comparison.redefined.iter().filter(|one| one.concerns.contains_key(job.name.as_str())) {
        parts.add(&redefined.said);
    }
    comparison.unread.iter().for_each(|reason| parts.add(reason));
    parts.0.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Texts that become one digest; no two lists of texts run together.
struct Parts(Sha256);

impl Parts {
    fn add(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text.as_bytes());
    }

    fn add_body(&mut self, body: &Body) {
        match body {
            Body::Sql { dialect, variants, conditions } => {
                for text in variants {
                    match tokens(text, *dialect) {
                        Ok(tokens) => tokens.iter().for_each(|token| self.add(&token.text)),
                        Err(_) => self.add(text),
                    }
                }
                if let Some(conditions) = conditions {
                    let Conditions {
                        whole,
                        parts,
                        places,
                        rest,
                        shared,
                        columns,
                        apart,
                        elsewhere,
                        answers: _,
                        files: _,
                    } = &**conditions;
                    [whole, shared, columns, apart]
                        .into_iter()
                        .chain(parts)
                        .chain(rest)
                        .for_each(|text| self.add(text));
                    places.iter().for_each(|place| self.add(&place.to_string()));
                    elsewhere.iter().flat_map(|under| &under.texts).for_each(|text| self.add(text));
                }
            }
            Body::Template { text, inputs, .. } => {
                self.add(text);
                self.add(inputs);
            }
            Body::Data { digest } | Body::Opaque { digest } => self.add(digest),
        }
    }
}
