//! Many versions of one project, read one after the other: what was read of one is kept for the next, and
//! each version is read once though it is compared twice, as head and then as base.
//!
//! What a sequence gives is what [`read_both`](super::read_both) gives for each pair. It must not know
//! where the versions come from.

use std::sync::Arc;

use headsup_lineage::graph::{LineageGraph, Lineages, NamesApart};

use super::assemble::Assembled;
use super::dbt::where_projects_were_read;
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
        let (elsewhere, ahead) = match ahead {
            Some(Ahead { elsewhere, read }) => (elsewhere, Some(read)),
            None => (Elsewhere::between(base.snapshot, head.snapshot), None),
        };
        let files = head.snapshot.clone();
        let mut after = ahead.unwrap_or_else(|| gather(head, &self.plan, &elsewhere));
        let read_for = match after.relations.iter().any(|relation| elsewhere.concerns(relation)) {
            true => ReadFor::Pair,
            false => ReadFor::Any,
        };
        let of_head = std::mem::take(&mut after.relations);
        let has_manifest = base.manifest.is_some() || head.manifest.is_some();
        let earlier = self.last.take();
        if let Some(last) = &earlier
            && !has_manifest
            && last.is_base(base.snapshot, &elsewhere)
            && let Some((built, apart)) = where_projects_were_read(|| {
                last.project.graph.build_next(of_head.clone(), &last.apart, &self.plan.tables, &self.lineages)
            })
        {
            let project = after.with_graph(built);
            let head = self.last.insert(Last { files, project, apart, read_for });
            return (earlier.map(|last| last.project).unwrap_or_default(), &head.project);
        }
        let mut before = gather(base, &self.plan, &elsewhere);
        let of_base = std::mem::take(&mut before.relations);
        let (tables, lineages) = (&self.plan.tables, &self.lineages);
        let (of_base, of_head, apart) = where_projects_were_read(|| match &earlier {
            Some(Last { project, apart, .. }) => project.graph.build_pair(apart, of_base, of_head, tables, lineages),
            None => LineageGraph::build_first(of_base, of_head, tables, lineages),
        });
        let project = after.with_graph(of_head);
        (before.with_graph(of_base), &self.last.insert(Last { files, project, apart, read_for }).project)
    }
}

impl Last {
    /// Whether this is how a version is read to be compared with another one, from which it differs in what its files ask
    /// `elsewhere`.
    fn is_base(&self, version: &Snapshot, elsewhere: &Elsewhere) -> bool {
        let graph = &self.project.graph;
        self.read_for == ReadFor::Any
            && !graph.nodes().any(|node| elsewhere.concerns(graph.relation(node)))
            && self.files.has_files_of(version)
    }
}

#[cfg(test)]
mod tests;
