//! What is known of a change at one job, and whether that is enough for its owner to hear of it. It must
//! not know owners or channels.

use std::collections::BTreeSet;

use headsup_lineage::change::Comparison;
use headsup_lineage::graph::LineageGraph;
use headsup_lineage::reach::{JobReach, Reach};
use headsup_lineage::relation::RelationId;

use super::Job;
use crate::settings::{Standard, Unknown};

/// What is known of a change at one job, from the widest standard to the narrowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// A file upstream differs.
    pub touched: bool,
    /// A relation upstream differs.
    pub changed: bool,
    /// It arrives.
    pub reachable: bool,
    /// It arrives and may break something.
    pub breaking: bool,
}

/// How what cannot be told is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// As if it were so.
    Counts,
    /// As if it were not.
    Passes,
}

/// Whether an owner hears of a change at his job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hears {
    /// He is told.
    Yes,
    /// A message that is sent anyway mentions it.
    InPassing,
    /// Nothing is said.
    No,
}

impl Facts {
    /// What a comparison and its spread say of a job.
    ///
    /// Each standard takes in the one after it, whatever the input: what is reachable counts as
    /// changed even where the reason is one that no relation upstream shows.
    #[must_use]
    pub fn new(job: &Job, reach: &JobReach, comparison: &Comparison, graph: &LineageGraph, doubt: Doubt) -> Self {
        let read = job.reads.iter().flat_map(|read| graph.resolve(read, job.project.as_deref()));
        let upstream: BTreeSet<&RelationId> =
            graph.upstream(read).into_iter().map(|node| &graph.relation(node).id).collect();
        let is_sure = |sure: bool| sure || doubt == Doubt::Counts;
        let reachable = reach.reach > Reach::NotReached && is_sure(reach.reach == Reach::Reached);
        let breaking =
            reachable && (reach.reach == Reach::Unknown || reach.effects.iter().any(|effect| effect.kind.may_break()));
        let mut changes = comparison.changes.iter().filter(|change| upstream.contains(&change.id));
        let changed = reachable || changes.clone().any(|change| is_sure(change.unknown.is_none()));
        let touched = changed
            || changes.next().is_some()
            || comparison.unchanged.iter().any(|unchanged| upstream.contains(&unchanged.id));
        Self { touched, changed, reachable, breaking }
    }

    /// The narrowest standard that is met, if any is.
    #[must_use]
    pub fn narrowest(self) -> Option<Standard> {
        Standard::ALL.into_iter().rev().map(|(_, standard)| standard).find(|standard| self.meet(*standard))
    }

    /// Whether someone with a standard hears of it.
    #[must_use]
    pub const fn meet(self, standard: Standard) -> bool {
        match standard {
            Standard::Touched => self.touched,
            Standard::Changed => self.changed,
            Standard::Reachable => self.reachable,
            Standard::Breaking => self.breaking,
        }
    }
}

impl Job {
    /// Whether the job's owner hears of a change. What he asked to hear of and is surely so, he hears;
    /// what may only be so, as he wants it.
    #[must_use]
    pub fn hears(&self, reach: &JobReach, comparison: &Comparison, graph: &LineageGraph) -> Hears {
        let meet = |doubt| Facts::new(self, reach, comparison, graph, doubt).meet(self.standard);
        match self.unknown {
            _ if !meet(Doubt::Counts) => Hears::No,
            Unknown::Notify => Hears::Yes,
            _ if meet(Doubt::Passes) => Hears::Yes,
            Unknown::Mention => Hears::InPassing,
            Unknown::Ignore => Hears::No,
        }
    }
}
