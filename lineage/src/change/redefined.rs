//! What is no relation and is defined otherwise: a metric, a semantic model, an exposure. Who reads project files
//! finds it; here it stands beside the relations that differ, and arrives at the jobs that are computed by it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Change, Comparison, Effect, EffectKind};
use crate::reach::{JobReach, Noticed};
use crate::relation::RelationId;

/// A definition that differs, and to whom.
#[derive(Debug, Clone)]
pub struct Redefinition {
    /// What differs of it, under the name that reports call it.
    pub change: Change,
    /// The jobs that are computed by it, each with those of the effects that concern it.
    pub concerns: BTreeMap<Arc<str>, BTreeSet<Effect>>,
    /// All that it says in both versions, of which the effects may show the beginning only.
    pub said: String,
}

impl Comparison {
    /// All that differs: the relations, then what is no relation.
    pub fn all(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().chain(self.redefined.iter().map(|redefined| &redefined.change))
    }

    /// What a relation of base is in head: another one where it has another name there.
    #[must_use]
    pub fn now<'i>(&'i self, id: &'i RelationId) -> &'i RelationId {
        self.followed.now(id).unwrap_or(id)
    }
}

impl JobReach {
    /// Joins what is defined otherwise of that by which a job is computed.
    pub fn redefine(&mut self, job: &str, comparison: &Comparison) {
        for redefined in &comparison.redefined {
            let name = &redefined.change.name;
            for effect in redefined.concerns.get(job).into_iter().flatten() {
                // What others are made of and is gone is what they break by.
                let is_of_another = effect.kind == EffectKind::Removed && redefined.change.id.as_str() != job;
                let kind = if is_of_another { EffectKind::Broken } else { effect.kind };
                self.join_definition(name, effect, Noticed { kind, column: effect.column.clone() });
            }
        }
    }
}
