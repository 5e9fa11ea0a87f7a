//! Many versions of one project, read one after the other: what was read of one is kept for the next, and
//! each version is read once though it is compared twice, as head and then as base.
//!
//! What a sequence gives is what [`read_both`](super::read_both) gives for each pair. It must not know
//! where the versions come from.

use std::sync::Arc;

use headsup_lineage::graph::{LineageGraph, Lineages, NamesApart};

use super::assemble::Assembled;
use super::elsewhere::Elsewhere;
use super::{Plan, Project, Source, gather};
use crate::snapshot::Snapshot;

/// Of so many versions what was read is kept, before it is let go of: a version of long ago helps no more.
const KEPT: usize = 200;

/// Versions that are read one after the other.
#[derive(Debug)]
pub struct Sequence {
    plan: Plan,
    last: Option<Last>,
    /// How many versions were read since memory was empty.
    read: usize,
    lineages: Lineages,
    planned: Planned,
}

/// Whether the plan is for later versions as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Planned {
    /// It is, until something changes that asks for another.
    Lasting,
    /// The two versions for which it was made may ask for different ones, and the next one for neither of these.
    Once,
}

/// A version whose files were read before its turn came, to be compared with the one before it.
#[derive(Debug)]
pub struct Ahead {
    elsewhere: Elsewhere,
    read: Assembled,
}

impl Ahead {
    /// Reads the files of `head`, which comes after `base`, as planned. Others may be compared meanwhile.
    #[must_use]
    pub fn read(base: &Snapshot, head: &Snapshot, plan: &Plan) -> Self {
        let elsewhere = Elsewhere::between(base, head);
        let read = gather(Source { snapshot: head, manifest: None }, plan, &elsewhere);
        Self { elsewhere, read }
    }
}

/// The version that was read last.
#[derive(Debug)]
struct Last {
    files: Snapshot,
    project: Project,
    apart: NamesApart,
    read_for: ReadFor,
}

/// With what a version can be compared as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReadFor {
    /// With any other.
    Any,
    /// With the one that it was read with: relations of it were rendered for targets that only one of these asks for.
    Pair,
}

impl Sequence {
    /// A sequence of which nothing has been read.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        Self { plan, last: None, read: 0, lineages: Lineages::default(), planned: Planned::Once }
    }

    /// How versions are read.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whether a version that differs in these files from the one before may ask for another plan than this.
    #[must_use]
    pub fn needs_plan(&self, differing: &[Arc<str>]) -> bool {
        self.planned == Planned::Once || self.plan.may_change_with(differing)
    }

    /// Reads the versions from here on by the plan for two that differ in these files. A plan is made for two versions:
    /// where they ask for different ones, it is not the plan for the second of them and a third.
    pub fn change_plan(&mut self, plan: Plan, differing: &[Arc<str>]) {
        let asks = self.plan.may_change_with(differing) || plan.may_change_with(differing);
        if self.plan.reads_like(&plan) {
            self.plan.of_dbt = plan.of_dbt;
        } else {
            *self = Self::new(plan);
        }
        self.planned = if asks { Planned::Once } else { Planned::Lasting };
    }

    /// Says that a version differs from the one that was read last in nothing that a project reads.
    pub fn pass(&mut self, version: &Snapshot) {
        if let Some(last) = &mut self.last {
            last.files = version.clone();
        }
    }

    /// The projects of two versions, of which the first is the one that was read or passed last; if it is not,
    /// it is read now. What was read `ahead` is of the second one, by the plan that is in force.
    pub fn next(&mut self, base: Source<'_>, head: Source<'_>, ahead: Option<Ahead>) -> (Project, &Project) {
        self.read += 1;
        if self.read > KEPT {
            self.plan.memory.forget();
            self.read = 0;
        }
        self.plan.memory.sweep();
        let (elsewhere, mut ahead) = match ahead {
            Some(Ahead { elsewhere, read }) => (elsewhere, Some(read)),
            None => (Elsewhere::between(base.snapshot, head.snapshot), None),
        };
        let last = self.last.take().filter(|last| {
            let graph = &last.project.graph;
            let mut relations = graph.nodes().map(|node| graph.relation(node));
            last.read_for == ReadFor::Any && !relations.any(|relation| elsewhere.concerns(relation))
        });
        let read_for = |head: &Assembled| match head.relations.iter().any(|relation| elsewhere.concerns(relation)) {
            true => ReadFor::Pair,
            false => ReadFor::Any,
        };
        let last = last.filter(|last| {
            base.manifest.is_none() && head.manifest.is_none() && last.files.has_files_of(base.snapshot)
        });
        let files = head.snapshot.clone();
        if let Some(last) = last {
            let mut read = ahead.take().unwrap_or_else(|| gather(head, &self.plan, &elsewhere));
            let read_for = read_for(&read);
            let relations = std::mem::take(&mut read.relations);
            if let Some((built, apart)) =
                last.project.graph.build_next(relations, &last.apart, &self.plan.tables, &self.lineages)
            {
                let project = read.with_graph(built);
                return (last.project, &self.last.insert(Last { files, project, apart, read_for }).project);
            }
        }
        let (mut before, mut after) = (gather(base, &self.plan, &elsewhere), gather(head, &self.plan, &elsewhere));
        let read_for = read_for(&after);
        let relations = (std::mem::take(&mut before.relations), std::mem::take(&mut after.relations));
        let (of_base, of_head, apart) =
            LineageGraph::build_first(relations.0, relations.1, &self.plan.tables, &self.lineages);
        let project = after.with_graph(of_head);
        (before.with_graph(of_base), &self.last.insert(Last { files, project, apart, read_for }).project)
    }
}

#[cfg(test)]
mod tests;
