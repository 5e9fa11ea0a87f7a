//! What `impact` finds between two commits, as the plain values that a history is made of.

use headsup_lineage::change::Effect;

use super::{Touched, under};
use crate::headsup::{Impact, Sender, describe, happens};
use crate::history::{Changed, Happening, Sent, TouchedJob};
use crate::report::{ChangeEntry, EffectEntry};
use crate::settings::Standard;

/// A relation that differs.
pub(super) fn changed(entry: &ChangeEntry) -> Changed {
    let happening =
        |effect: &Effect| Happening { effect: effect.kind, column: effect.column.as_ref().map(ToString::to_string) };
    Changed {
        relation: entry.relation.to_string(),
        kind: entry.kind,
        effects: entry.effects.iter().map(happening).collect(),
        phrase: describe(&entry.effects),
        files: entry.files.clone(),
    }
}

/// A job with something upstream that was touched.
pub(super) fn touched(impact: &Impact, meets: Option<Standard>) -> TouchedJob {
    let job = &impact.job;
    let happening = |entry: &EffectEntry| Happening {
        effect: entry.effect,
        column: entry.column.as_ref().map(ToString::to_string),
    };
    TouchedJob {
        job: job.job.clone(),
        owner: job.owner.clone(),
        criticality: job.criticality,
        standard: impact.standard,
        meets,
        reach: job.reach,
        effects: job.effects.iter().map(happening).collect(),
        path: job.path.iter().flatten().map(ToString::to_string).collect(),
        way: job.way(),
        happens: happens(&job.effects),
        reason: job.reason.clone(),
    }
}

/// The messages of each standard, if all owners had that one.
pub(super) fn messages(impacts: &[Touched], changes: &[ChangeEntry], sender: &Sender) -> Vec<Sent> {
    let mut messages = Vec::new();
    for (_, standard) in Standard::ALL {
        for headsup in under(standard, impacts, changes, sender) {
            let (owner, subject, jobs) = (headsup.owner, headsup.subject, headsup.jobs);
            messages.push(Sent { standard, owner, subject, jobs });
        }
    }
    messages
}
