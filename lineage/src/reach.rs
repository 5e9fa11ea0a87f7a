//! Changes carried downstream: which columns and rows they reach, which jobs, and where they stop. It
//! must not know owners or policy.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::change::{Comparison, EffectKind};
use crate::dependency::EdgeKind;
use crate::diagnostic::Position;
use crate::graph::LineageGraph;
use crate::graph::columns::Part;
use crate::name::{ColumnName, RelationName};
use crate::relation::{Reference, RelationId};

mod carry;
mod concerned;
mod cut;
mod gone;
mod judge;
mod walk;

pub use cut::{Cut, Names};
pub use judge::{JobReach, Wanted, Way};

use concerned::{OfBoth, concerned, concerned_upstream};
use walk::{Hit, Place, Walk};

/// Whether something is reached, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// No change can be noticed there.
    NotReached,
    /// It cannot be told; policy treats it as reached.
    Unknown,
    /// A change arrives.
    Reached,
}

impl Reach {
    /// The name used in output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotReached => "not_reached",
            Self::Unknown => "unknown",
            Self::Reached => "reached",
        }
    }
}

/// What happens to a column, to the rows, or to a relation as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Noticed {
    /// What happens.
    pub kind: EffectKind,
    /// To which column; `None` is the rows, or the relation as a whole, as the kind says.
    pub column: Option<ColumnName>,
}

/// What arrives at one relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// How sure it is; never [`Reach::NotReached`].
    pub reach: Reach,
    /// What happens to the relation.
    pub effects: BTreeSet<Noticed>,
    /// Why it cannot be told, where `reach` is [`Reach::Unknown`].
    pub reason: Option<Arc<str>>,
}

/// One step of the way from a change to what it reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The relation.
    pub relation: RelationName,
    /// The column or field of it, where the way goes through one.
    pub column: Option<String>,
    /// What happens there.
    pub kind: EffectKind,
    /// By which dependency on the step before, and where that is written.
    pub by: Option<(EdgeKind, Arc<str>, Position)>,
}

/// What one version's changes reach.
pub struct Spread<'a> {
    walk: Walk<'a>,
    arrivals: BTreeMap<RelationId, Arrival>,
    /// The surest and shortest way to each relation, by where it ends.
    nearest: BTreeMap<RelationId, Hit>,
    anything_changed: bool,
    /// Why there may be more changes than are known.
    unread: Option<String>,
}

/// Carries changes downstream. What is gone is walked on base, everything else on head.
#[must_use]
pub fn spread<'a>(base: &'a LineageGraph, head: &'a LineageGraph, comparison: &Comparison) -> Spread<'a> {
    spread_among(&concerned(base, head, comparison), base, head, comparison)
}

/// Carries changes downstream as far as they are on the way to something that somebody reads: whom it is asked of is
/// judged as by [`spread`], and what arrives elsewhere is not all known. Each read is given with the project that it is
/// written in.
#[must_use]
pub fn spread_toward<'a, 'r>(
    reads: impl IntoIterator<Item = (&'r Reference, Option<&'r str>)>,
    base: &'a LineageGraph,
    head: &'a LineageGraph,
    comparison: &Comparison,
) -> Spread<'a> {
    spread_among(&concerned_upstream(base, head, comparison, reads), base, head, comparison)
}

fn spread_among<'a>(
    relations: &OfBoth,
    base: &'a LineageGraph,
    head: &'a LineageGraph,
    comparison: &Comparison,
) -> Spread<'a> {
    let mut walk = Walk::new(base, head, relations);
    walk.start(comparison);
    walk.run();
    let anything_changed = !comparison.is_silent();
    if anything_changed {
        walk.start_where_reads_are_incomplete();
        walk.run();
    }
    let mut spread = Spread {
        walk,
        arrivals: BTreeMap::new(),
        nearest: BTreeMap::new(),
        anything_changed,
        unread: comparison.unread.first().cloned(),
    };
    spread.gather();
    spread
}

impl Spread<'_> {
    /// Puts together what arrives at the parts of each relation.
    fn gather(&mut self) {
        for (hit, known) in &self.walk.known {
            let Some(effect) = self.noticed(hit) else { continue };
            let id = walk::id_of(&self.walk, &hit.place);
            let arrival = self.arrivals.entry(id.clone()).or_insert_with(|| Arrival {
                reach: known.reach,
                effects: BTreeSet::new(),
                reason: known.reason.clone(),
            });
            arrival.effects.insert(effect);
            if known.reach > arrival.reach {
                arrival.reach = known.reach;
                arrival.reason.clone_from(&known.reason);
            }
            let nearest = self.nearest.entry(id.clone()).or_insert_with(|| hit.clone());
            if self.walk.is_before(hit, nearest) {
                *nearest = hit.clone();
            }
        }
        self.arrivals.values_mut().for_each(|arrival| Self::fold(&mut arrival.effects));
    }

    /// The effects of a relation of which anything may be otherwise are that alone.
    fn fold(effects: &mut BTreeSet<Noticed>) {
        if effects.contains(&Noticed { kind: EffectKind::Unspecified, column: None }) {
            effects.retain(|effect| effect.kind != EffectKind::Unspecified || effect.column.is_none());
        }
    }

    /// What an effect is to whoever reads the relation; nothing for what is only a hub inside it.
    fn noticed(&self, hit: &Hit) -> Option<Noticed> {
        let column = match &hit.place {
            Place::Part(id) => match &self.walk.columns.node(*id).part {
                Part::Rows | Part::Others => None,
                Part::Column(path) => Some(path.column.clone()),
                Part::Any | Part::Every => return None,
            },
            Place::Lost(_, column) => Some(column.clone()),
            // Nobody notices that but by place, and then other values show it.
            Place::Whole(_) if hit.kind == EffectKind::Reordered => return None,
            Place::Whole(_) | Place::Gone(_) => None,
        };
        Some(Noticed { kind: hit.kind, column })
    }

    /// What arrives at each relation, changed ones included, by id.
    #[must_use]
    pub fn arrivals(&self) -> &BTreeMap<RelationId, Arrival> {
        &self.arrivals
    }

    /// What reports call a relation of either version.
    #[must_use]
    pub fn name(&self, id: &RelationId) -> Option<&RelationName> {
        let of = |graph: &LineageGraph| graph.by_id(id);
        of(self.walk.head)
            .map(|node| &self.walk.head.relation(node).name)
            .or_else(|| of(self.walk.base).map(|node| &self.walk.base.relation(node).name))
    }

    /// The relations from the change to `id`, both included.
    #[must_use]
    pub fn path(&self, id: &RelationId) -> Vec<RelationName> {
        self.nearest.get(id).map(|hit| relations(&self.steps(hit))).unwrap_or_default()
    }

    /// The way from a change to an effect, part by part.
    fn steps(&self, hit: &Hit) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        let mut next = Some(hit);
        while let Some(hit) = next {
            let Some(known) = self.walk.known.get(hit) else { break };
            // Predecessors never form a circle; the bound is for a future that forgets it.
            if steps.len() > self.walk.known.len() {
                break;
            }
            let by = known.from.as_ref().and_then(|(_, link)| link.as_ref());
            steps.push(Step {
                relation: self.name(walk::id_of(&self.walk, &hit.place)).cloned().unwrap_or_else(nameless),
                column: self.column_of(hit),
                kind: hit.kind,
                by: by.map(|link| (link.way, Arc::clone(&link.path), link.position)),
            });
            next = known.from.as_ref().map(|(from, _)| from);
        }
        steps.reverse();
        steps
    }

    fn column_of(&self, hit: &Hit) -> Option<String> {
        match &hit.place {
            Place::Part(id) => self.walk.columns.node(*id).column().map(ToString::to_string),
            Place::Lost(_, column) => Some(column.to_string()),
            Place::Whole(_) | Place::Gone(_) => None,
        }
    }
}

/// The relations of a way, each once in a row.
fn relations(steps: &[Step]) -> Vec<RelationName> {
    let mut names: Vec<RelationName> = steps.iter().map(|step| step.relation.clone()).collect();
    names.dedup();
    names
}

fn nameless() -> RelationName {
    RelationName::bare(crate::dialect::Dialect::Ansi, ["?"])
}
