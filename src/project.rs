//! A snapshot to a project: the relations that it builds and reads, its jobs, and what could not be
//! read. One reader for each kind of project; it must not know lineage's insides.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headsup_lineage::diagnostic::{Diagnostic, Position};
use headsup_lineage::graph::LineageGraph;
use headsup_lineage::relation::{Reference, Relation, RelationId, RelationKind};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::report::Coverage;
use crate::selector::definition::Definitions;
use crate::snapshot::Snapshot;

mod assemble;
pub mod dbt;
pub mod definition;
pub mod elsewhere;
pub mod manifest;
mod memory;
pub mod name_pattern;
mod plan;
mod rendered;
mod sequence;
pub mod sql;
pub mod tables;
pub mod texts;
mod written;

use assemble::Assembled;
use definition::DefinedBy;
use elsewhere::Elsewhere;
pub use plan::{Plan, Planned, PlannedKind, plan, recognise_texts};
pub use sequence::{Ahead, Sequence};
pub use written::Written;

/// What one reader found in one project of a snapshot.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// The relations, in any order. Another version, or another project, may hold the same ones.
    pub relations: Vec<Arc<Relation>>,
    /// What else is said of a relation, where anything is.
    pub attributes: BTreeMap<RelationId, Attributes>,
    /// The jobs that the project itself declares.
    pub jobs: Vec<DeclaredJob>,
    /// The selections that the project gives a name.
    pub selectors: Definitions,
    /// The tables that are written beside those that the project builds or fills by a file of their own.
    pub written: Vec<Written>,
    /// What could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// What a project says of a relation beside its SQL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Who owns it, best rule first.
    pub owners: Vec<OwnerClaim>,
    /// Whether `meta: {critical: true}` makes it a job of its own.
    pub criticality: Option<Criticality>,
    /// Its tags.
    pub tags: BTreeSet<String>,
    /// The dbt group that it is in.
    pub group: Option<String>,
    /// Who may read it, where dbt's `access` says so.
    pub access: Option<Access>,
}

/// Who may read a relation, in dbt's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Its group.
    Private,
    /// Its project.
    Protected,
    /// Everybody.
    Public,
}

impl Access {
    /// What a text of dbt's means.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "private" => Some(Self::Private),
            "protected" => Some(Self::Protected),
            "public" => Some(Self::Public),
            _ => None,
        }
    }
}

/// What kind of job a project declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobKind {
    /// An exposure: a dashboard, a report. Where nobody is named, it belongs to who owns what it reads.
    Exposure,
    /// What others ask for by its name: a metric, a semantic model, a saved query. It belongs to whom it
    /// names, and to nobody else.
    Query,
}

/// A job that a project declares: a dbt exposure, or a query of the semantic layer.
#[derive(Debug, Clone)]
pub struct DeclaredJob {
    /// Its name.
    pub name: String,
    /// What kind it is.
    pub kind: JobKind,
    /// Who owns it, best rule first.
    pub owners: Vec<OwnerClaim>,
    /// How much it matters, where the project says so.
    pub criticality: Option<Criticality>,
    /// The relations that it reads.
    pub reads: Vec<Reference>,
    /// For some of the relations, the columns that it reads: `meta.referenced_columns`, by the relation's
    /// name as written there.
    pub columns: BTreeMap<String, Vec<String>>,
    /// By what it is computed beside these.
    pub definitions: DefinedBy,
    /// Where it is declared.
    pub path: Arc<str>,
    /// Where in the file.
    pub position: Position,
    /// Its address, for people.
    pub url: Option<String>,
}

/// How much a job matters, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Criticality {
    /// As any job.
    #[default]
    Normal,
    /// Worth a look before merging.
    Important,
    /// Must not fail.
    Critical,
}

/// Someone said to own something, and which rule says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerClaim {
    /// The rule.
    pub rule: OwnerRule,
    /// The owner.
    pub contact: Contact,
}

/// The rules that name owners, strongest first (design, section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerRule {
    /// `jobs:` in headsup.yml.
    Settings,
    /// `config.meta` or `meta` of an exposure.
    ExposureMeta,
    /// `owner` of an exposure.
    Exposure,
    /// The group of a model.
    Group,
    /// `meta.owner` of a model.
    ModelMeta,
    /// `owners:` in headsup.yml, by path.
    SettingsPath,
    /// CODEOWNERS.
    Codeowners,
}

/// Whom to tell, as far as a project says.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contact {
    /// A person or a team.
    pub name: Option<String>,
    /// Addresses.
    pub emails: Vec<String>,
    /// A channel, such as `#finance-audit`.
    pub channel: Option<String>,
}

/// Everything that one version builds and reads, with its jobs.
#[derive(Debug, Default)]
pub struct Project {
    /// Who reads whom.
    pub graph: LineageGraph,
    /// What else is said of a relation, where anything is.
    pub attributes: BTreeMap<RelationId, Attributes>,
    /// The jobs that the projects themselves declare.
    pub jobs: Vec<DeclaredJob>,
    /// The selections that the projects give a name.
    pub selectors: Definitions,
    /// What could not be read, or not be decided.
    pub diagnostics: Vec<Diagnostic>,
    /// How many models, seeds and snapshots each project of the repository has, by its folder.
    pub sizes: BTreeMap<Arc<str>, usize>,
    /// The projects that could not be read at all, by folder, each with the finding that says why.
    pub unread: BTreeMap<Arc<str>, Diagnostic>,
}

impl Project {
    /// The names of those jobs that others ask for by their name: metrics and the like.
    #[must_use]
    pub fn queries(&self) -> BTreeSet<&str> {
        let queries = self.jobs.iter().filter(|declared| declared.kind == JobKind::Query);
        queries.map(|declared| declared.name.as_str()).collect()
    }

    /// How many models, seeds and snapshots stand on each rung.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        let mut coverage = Coverage::default();
        for node in self.graph.nodes() {
            if is_built(self.graph.relation(node)) {
                coverage.add(self.graph.rung(node));
            }
        }
        coverage
    }
}

const fn is_built(relation: &Relation) -> bool {
    matches!(relation.kind, RelationKind::Model | RelationKind::Seed | RelationKind::Snapshot)
}

/// A manifest given as an argument.
#[derive(Debug, Clone)]
pub struct ManifestFile {
    /// What to call it.
    pub path: Arc<str>,
    /// Its content.
    pub text: String,
}

/// One version to read: its files, and the manifest that an argument gives for it.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The files.
    pub snapshot: &'a Snapshot,
    /// Stands in for the dbt projects.
    pub manifest: Option<&'a ManifestFile>,
}

/// Reads one version as planned.
#[must_use]
pub fn read(source: Source<'_>, plan: &Plan) -> Project {
    let mut read = gather(source, plan, &Elsewhere::default());
    let relations = std::mem::take(&mut read.relations);
    let build = || LineageGraph::build(relations, &plan.tables);
    let ((), built) = dbt::where_projects_were_read(|| rayon::join(|| plan.memory.forget(), build));
    read.with_graph(built)
}

/// Reads two versions as planned; names mean the same in both.
#[must_use]
pub fn read_both(base: Source<'_>, head: Source<'_>, plan: &Plan) -> (Project, Project) {
    let elsewhere = Elsewhere::between(base.snapshot, head.snapshot);
    let [mut base, mut head] = gather_all([base, head], plan, &elsewhere, Planned::forget);
    let relations = (std::mem::take(&mut base.relations), std::mem::take(&mut head.relations));
    let build = || LineageGraph::build_both(relations.0, relations.1, &plan.tables);
    let ((), (of_base, of_head)) = dbt::where_projects_were_read(|| rayon::join(|| plan.memory.forget(), build));
    (base.with_graph(of_base), head.with_graph(of_head))
}

/// Reads the projects of a version; what they hold is kept for the next one.
fn gather(source: Source<'_>, plan: &Plan, elsewhere: &Elsewhere) -> Assembled {
    let [read] = gather_all([source], plan, elsewhere, |_, _| ());
    read
}

/// Reads the projects of some versions side by side: where one comes to an end or does what only one thread can,
/// threads go on with another. One project is read in all of the versions, and that `is_read` is said of it, before
/// the next: what its versions share need not be kept as long as the others are read.
fn gather_all<const N: usize>(
    sources: [Source<'_>; N],
    plan: &Plan,
    elsewhere: &Elsewhere,
    is_read: impl Fn(&Planned, &Plan) + Sync,
) -> [Assembled; N] {
    let is_asked = |source: &Source<'_>, planned: &Planned| {
        source.manifest.is_none() || !matches!(planned.kind, PlannedKind::Dbt { .. })
    };
    let read = || {
        let read = plan.projects.par_iter().map(|planned| {
            let read =
                |source: Source<'_>| is_asked(&source, planned).then(|| planned.read(source.snapshot, plan, elsewhere));
            let parts = sources.map(read);
            is_read(planned, plan);
            (&planned.root, parts)
        });
        read.collect::<Vec<_>>()
    };
    // Where there are no such threads, each project of dbt says so.
    let read = dbt::on_deep_threads(read).unwrap_or_else(|_| read());
    let mut all: [Vec<(Arc<str>, Part)>; N] = [const { Vec::new() }; N];
    for (root, parts) in read {
        for (of_version, part) in all.iter_mut().zip(parts) {
            of_version.extend(part.map(|part| (Arc::clone(root), part)));
        }
    }
    for (of_version, source) in all.iter_mut().zip(&sources) {
        let Some(manifest) = source.manifest else { continue };
        let part = rendered::with_named_reads(manifest::read(&manifest.text, &manifest.path), &plan.memory.rendered);
        of_version.push((Arc::clone(&manifest.path), part));
    }
    all.map(|parts| assemble::assemble(parts, &plan.memory.namesakes))
}
