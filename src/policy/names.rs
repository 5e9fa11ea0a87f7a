//! Names in settings and jobs of which nothing is there any more.

use std::sync::Arc;

use headsup_lineage::dependency::{ColumnPath, Extent};
use headsup_lineage::diagnostic::{Position, Severity};
use headsup_lineage::graph::columns::Part;
use headsup_lineage::relation::{Reference, RelationKind};

use super::reads::tables_of;
use super::{Check, Finding, Side};
use crate::audience::Job;
use crate::error::did_you_mean;
use crate::selection::Finder;

/// Tables and columns that jobs name and that are not there.
pub(super) fn unknown(side: &Side<'_>, base: Option<&Side<'_>>) -> Vec<Finding> {
    let mut found = Vec::new();
    for job in side.jobs {
        for read in &job.reads {
            if is_gone(read, job, side, base) {
                found.push(unknown_table(read, job, side));
            }
        }
    }
    if side.jobs.iter().any(|job| !job.columns.is_empty()) {
        let finder = Finder::new(side.project, side.jobs, side.dialects.iter().copied());
        for job in side.jobs.iter().filter(|job| !job.columns.is_empty()) {
            found.extend(unknown_columns(job, side, &finder));
        }
    }
    found
}

/// Whether a table that a job names is not there; one that others only read as well is gone if it was
/// built before.
fn is_gone(read: &Reference, job: &Job, side: &Side<'_>, base: Option<&Side<'_>>) -> bool {
    let builds = |side: &Side<'_>| {
        let graph = &side.project.graph;
        let nodes = graph.resolve(read, job.project.as_deref());
        let kinds: Vec<RelationKind> = nodes.into_iter().map(|node| graph.relation(node).kind).collect();
        (kinds.is_empty(), kinds.iter().any(|kind| *kind != RelationKind::External))
    };
    match builds(side) {
        (true, _) => true,
        (false, true) => false,
        (false, false) => base.is_some_and(|base| builds(base).1),
    }
}

fn unknown_table(read: &Reference, job: &Job, side: &Side<'_>) -> Finding {
    let set = side.settings.jobs.iter().any(|set| set.name == job.name && !set.reads.is_empty());
    let (name, position) = match read {
        Reference::Name(read) if set => (read.name.to_string(), read.position),
        Reference::Name(read) => (read.name.to_string(), job.position),
        Reference::Id(id, _) => (id.to_string(), job.position),
    };
    // What an exposure names wrongly dbt refuses itself; it may be in a package that is not here.
    let severity = if set { Severity::Error } else { Severity::Warning };
    let about = format!("job {} reads {name}", job.name);
    let message = format!("the job `{}` reads `{name}`, which nothing here builds", job.name);
    let graph = &side.project.graph;
    let known: Vec<String> = graph
        .nodes()
        .map(|node| graph.relation(node))
        .filter(|relation| relation.kind != RelationKind::External)
        .map(|relation| relation.name.to_string())
        .collect();
    let finding = Finding::new(Check::UnknownTable, severity, (&job.path, position), about).says(message);
    match did_you_mean(&name, known.iter().map(String::as_str)) {
        Some(near) => finding.hint(format!("did you mean `{near}`?")),
        None => finding.hint("correct the name, or take it out of what the job reads"),
    }
}

fn unknown_columns(job: &Job, side: &Side<'_>, finder: &Finder<'_>) -> Vec<Finding> {
    let graph = &side.project.graph;
    let mut found = Vec::new();
    for node in tables_of(job, graph) {
        let relation = graph.relation(node);
        if graph.shape(node).extent != Extent::Closed {
            continue;
        }
        for column in finder.columns_read(job, relation).unwrap_or_default() {
            if graph.columns().part(node, &Part::Column(ColumnPath::whole(column.clone()))).is_some() {
                continue;
            }
            let about = format!("job {} reads {}.{column}", job.name, relation.id);
            let message = format!("the job `{}` reads `{}.{column}`, which is not there", job.name, relation.name);
            let finding =
                Finding::new(Check::UnknownColumn, Severity::Warning, (&job.path, job.position), about).says(message);
            let known: Vec<&str> = graph.shape(node).columns.iter().map(|column| column.as_str()).collect();
            found.push(match did_you_mean(column.as_str(), known) {
                Some(near) => finding.hint(format!("did you mean `{near}`?")),
                None => finding.hint("correct the name under `columns`, or leave it out"),
            });
        }
    }
    found
}

/// Patterns of the settings that fit no file or table.
pub(super) fn unused_patterns(side: &Side<'_>) -> Vec<Finding> {
    let path: Arc<str> = Arc::from(side.settings_path);
    let finding = |text: &str, position: Position, what: &str| {
        Finding::new(Check::UnusedPattern, Severity::Warning, (&path, position), format!("pattern {text}"))
            .says(format!("the pattern `{text}` fits no {what}"))
            .hint("correct it, or take it out")
    };
    let mut found = Vec::new();
    for owner in &side.settings.owners {
        if !side.files.files().any(|(file, _)| owner.glob.is_match(&**file)) {
            found.push(finding(&owner.pattern, owner.position, "file"));
        }
    }
    let graph = &side.project.graph;
    let policy = &side.settings.policy;
    for pattern in policy.public.iter().chain(&policy.private) {
        if !graph.nodes().any(|node| pattern.fits(graph.relation(node))) {
            found.push(finding(&pattern.text, pattern.position, "table"));
        }
    }
    found
}
