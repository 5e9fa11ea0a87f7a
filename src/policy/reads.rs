//! Reads of private tables by those whom they are not for.

use std::collections::BTreeMap;
use std::sync::Arc;

use headsup_lineage::diagnostic::{Position, Severity};
use headsup_lineage::graph::{LineageGraph, Node, ReadSite};
use headsup_lineage::relation::{Relation, RelationId, RelationKind};

use super::party::{Kinship, Party};
use super::{Age, Check, Finding, Side};
use crate::audience::Job;
use crate::project::Access;

/// For whom a table is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Circle {
    /// For its dbt group; one that is in no group is for nobody.
    Group(Option<String>),
    /// For its dbt project.
    Project,
    /// For the team that it belongs to.
    Team,
}

/// Every read of a private table by somebody else.
pub(super) fn private_reads(side: &Side<'_>, base: Option<&Side<'_>>) -> Vec<Finding> {
    let graph = &side.project.graph;
    let mut jobs: Option<BTreeMap<Node, Vec<&Job>>> = None;
    let mut found = Vec::new();
    for node in graph.nodes() {
        let table = graph.relation(node);
        let Some((circle, owner)) = circle_of(table, side) else { continue };
        for (reader, path, position) in readers(graph, node) {
            let relation = graph.relation(reader);
            let Some(kinship) = outside(&circle, &owner, (relation, table), side) else { continue };
            let age = base.map(|base| match was_read(base, &table.id, &relation.id) {
                true => Age::Old,
                false => Age::New,
            });
            let read = Read { table, circle: &circle, owner: &owner, kinship, age };
            let about = format!("{} reads {}", relation.id, table.id);
            found.push(read.finding((&path, position), format!("`{}`", relation.name), about));
        }
        for job in jobs.get_or_insert_with(|| jobs_by_table(side)).get(&node).into_iter().flatten() {
            let party = Party::of_job(job, side);
            let kinship = match &circle {
                // dbt's own word is about `ref`; a job in another project reads what the warehouse has.
                Circle::Project => continue,
                Circle::Group(Some(group)) if party.is_called(group) => continue,
                Circle::Group(_) => Kinship::Other,
                Circle::Team => owner.kinship(&party),
            };
            // A critical model is a job that reads itself.
            if kinship == Kinship::Same || table.files().contains(&job.path) {
                continue;
            }
            let age = base.map(|base| match was_read_by_job(base, &table.id, &job.name) {
                true => Age::Old,
                false => Age::New,
            });
            let read = Read { table, circle: &circle, owner: &owner, kinship, age };
            let about = format!("job {} reads {}", job.name, table.id);
            found.push(read.finding((&job.path, job.position), format!("the job `{}`", job.name), about));
        }
    }
    found
}

/// A read of a private table.
struct Read<'a> {
    table: &'a Relation,
    circle: &'a Circle,
    owner: &'a Party,
    kinship: Kinship,
    age: Option<Age>,
}

impl Read<'_> {
    fn finding(&self, place: (&Arc<str>, Position), reader: String, about: String) -> Finding {
        let severity = match (self.age, self.kinship) {
            (Some(Age::New), Kinship::Unknown) => Severity::Warning,
            (Some(Age::New), _) => Severity::Error,
            _ => Severity::Note,
        };
        let team = self.owner.label.as_deref().unwrap_or("its team");
        let whose = match self.circle {
            Circle::Group(Some(group)) => format!("private to the group `{group}`"),
            Circle::Group(None) => "private, and in no group".to_owned(),
            Circle::Project => format!("protected, which is for the project `{}` only", self.table.project),
            Circle::Team => format!("private to {team}"),
        };
        let nobody = match self.kinship {
            Kinship::Unknown => " and belongs to nobody itself",
            Kinship::Same | Kinship::Other => "",
        };
        let message = format!("{reader} reads `{}`, which is {whose}{nobody}", self.table.name);
        let hint = match self.kinship {
            Kinship::Unknown => "say under `owners` in headsup.yml whose it is".to_owned(),
            Kinship::Same | Kinship::Other => format!("read a public table, or have {team} publish this one"),
        };
        let finding = Finding::new(Check::PrivateRead, severity, place, about).says(message).hint(hint);
        Finding { age: self.age, ..finding }
    }
}

/// For whom a table is, if it is not for everybody, and whose it is.
fn circle_of(table: &Relation, side: &Side<'_>) -> Option<(Circle, Party)> {
    let policy = &side.settings.policy;
    let said = side.project.attributes.get(&table.id);
    let access = said.and_then(|said| said.access);
    let party = || Party::of_relation(table, side);
    if access == Some(Access::Private) {
        return Some((Circle::Group(said.and_then(|said| said.group.clone())), party()));
    }
    let is_private = policy.private.iter().any(|pattern| pattern.fits(table));
    let is_unpublished = !policy.public.is_empty()
        && access != Some(Access::Public)
        && !policy.public.iter().any(|pattern| pattern.fits(table));
    if is_private || is_unpublished {
        // What belongs to nobody has no team that it could be private to.
        return Some((Circle::Team, party())).filter(|(_, party)| !party.is_nobody());
    }
    (access == Some(Access::Protected)).then(|| (Circle::Project, party()))
}

/// Whether a table is published: dbt says so, or the settings do.
pub(super) fn is_public(table: &Relation, side: &Side<'_>) -> bool {
    let policy = &side.settings.policy;
    let is_private = policy.private.iter().any(|pattern| pattern.fits(table));
    let access = side.project.attributes.get(&table.id).and_then(|said| said.access);
    let is_published = policy.public.iter().any(|pattern| pattern.fits(table));
    !is_private && (access == Some(Access::Public) || is_published)
}

/// Whether a reader stands outside the circle of a table, and how surely.
fn outside(
    circle: &Circle,
    owner: &Party,
    (reader, table): (&Relation, &Relation),
    side: &Side<'_>,
) -> Option<Kinship> {
    let is_inside = match circle {
        Circle::Project => reader.project == table.project,
        Circle::Group(None) => false,
        Circle::Group(group) => {
            let own = side.project.attributes.get(&reader.id).and_then(|said| said.group.as_ref());
            own == group.as_ref() && reader.project == table.project
        }
        Circle::Team => {
            let kinship = owner.kinship(&Party::of_relation(reader, side));
            return (kinship != Kinship::Same).then_some(kinship);
        }
    };
    (!is_inside).then_some(Kinship::Other)
}

/// Who reads a table, with the first place where. A source that the table fills only hands it on.
pub(super) fn readers(graph: &LineageGraph, table: Node) -> Vec<(Node, Arc<str>, Position)> {
    let mut found = Vec::new();
    let mut ahead = vec![table];
    let mut seen = vec![table];
    while let Some(node) = ahead.pop() {
        for child in graph.children(node) {
            if seen.contains(&child) {
                continue;
            }
            seen.push(child);
            let relation = graph.relation(child);
            if relation.kind == RelationKind::Source && relation.writers.is_empty() {
                ahead.push(child);
            } else if let Some(site) = first_site(graph, node, child) {
                found.push((child, Arc::clone(&site.path), site.position));
            }
        }
    }
    found
}

/// The first place where a table is read; a place in rendered SQL is known as the beginning of its file,
/// and any other one says more.
fn first_site(graph: &LineageGraph, table: Node, reader: Node) -> Option<&ReadSite> {
    graph.read_sites(table, reader).into_iter().min_by_key(|site| (site.position == Position::START, *site))
}

fn was_read(base: &Side<'_>, table: &RelationId, reader: &RelationId) -> bool {
    let graph = &base.project.graph;
    let (Some(table), Some(reader)) = (graph.by_id(table), graph.by_id(reader)) else { return false };
    readers(graph, table).iter().any(|(node, ..)| *node == reader)
}

fn was_read_by_job(base: &Side<'_>, table: &RelationId, job: &str) -> bool {
    let graph = &base.project.graph;
    let job = base.jobs.iter().find(|known| known.name == job);
    let reads = job.into_iter().flat_map(|job| tables_of(job, graph));
    reads.into_iter().any(|node| graph.relation(node).id == *table)
}

/// The tables that a job reads.
pub(super) fn tables_of(job: &Job, graph: &LineageGraph) -> Vec<Node> {
    job.reads.iter().flat_map(|read| graph.resolve(read, job.project.as_deref())).collect()
}

/// The jobs that read each table.
pub(super) fn jobs_by_table<'a>(side: &Side<'a>) -> BTreeMap<Node, Vec<&'a Job>> {
    let mut jobs: BTreeMap<Node, Vec<&Job>> = BTreeMap::new();
    for job in side.jobs {
        for node in tables_of(job, &side.project.graph) {
            jobs.entry(node).or_default().push(job);
        }
    }
    jobs
}
