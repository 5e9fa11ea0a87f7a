//! Critical jobs: whether somebody would hear, and whether what they stand on was read well enough.

use headsup_lineage::diagnostic::Severity;
use headsup_lineage::relation::{Relation, RelationKind, Rung};

use super::reads::tables_of;
use super::{Check, Finding, Side};
use crate::audience::Job;
use crate::project::Criticality;
use crate::settings::Route;

fn critical<'a>(side: &Side<'a>) -> impl Iterator<Item = &'a Job> + use<'a> {
    side.jobs.iter().filter(|job| job.criticality == Criticality::Critical)
}

/// Critical jobs of which nobody would hear.
pub(super) fn unowned(side: &Side<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for job in critical(side) {
        let about = |what: &str| format!("job {} {what}", job.name);
        if job.owner_label().is_none() {
            let finding =
                Finding::new(Check::JobWithoutOwner, Severity::Error, (&job.path, job.position), about("owner"));
            found.push(
                finding
                    .says(format!("the critical job `{}` has no owner: nobody would hear", job.name))
                    .hint("give it a `team` or an `owner` in headsup.yml, or its exposure an `owner`"),
            );
        } else if let Some(why) = unreachable(job, side) {
            // Who has no channels at all does not send messages with headsup.
            let severity = if side.settings.channels.is_empty() { Severity::Note } else { Severity::Warning };
            let finding = Finding::new(Check::JobWithoutChannel, severity, (&job.path, job.position), about("channel"));
            found.push(
                finding
                    .says(format!("the critical job `{}` {why}", job.name))
                    .hint("give its team a `channel` in headsup.yml"),
            );
        }
    }
    found
}

/// Why a message to the owner of a job would go nowhere, if it would.
fn unreachable(job: &Job, side: &Side<'_>) -> Option<String> {
    let channels = &side.settings.channels;
    let is_for_all = |route: &Route| matches!(route, Route::GitHub { .. } | Route::GitLab { .. });
    match &job.channel {
        _ if channels.values().any(|channel| is_for_all(&channel.route)) => None,
        Some(channel) => match channels.get(channel).map(|channel| &channel.route) {
            Some(Route::GitHubCheck { .. }) => {
                Some(format!("has the channel `{channel}`, a check, which tells nobody by itself"))
            }
            Some(_) => None,
            None => Some(format!("has the channel `{channel}`, which headsup.yml does not define")),
        },
        None => Some("has an owner, and no channel to tell them by".to_owned()),
    }
}

/// Critical jobs of which it cannot be told by column what reaches them.
pub(super) fn half_read(side: &Side<'_>) -> Vec<Finding> {
    const SHOWN: usize = 4;
    let graph = &side.project.graph;
    let mut found = Vec::new();
    for job in critical(side) {
        let is_built = |relation: &Relation| {
            matches!(relation.kind, RelationKind::Model | RelationKind::Snapshot | RelationKind::Routine)
        };
        let upstream = graph.upstream(tables_of(job, graph));
        let mut low: Vec<&Relation> = upstream
            .into_iter()
            .map(|node| graph.relation(node))
            .filter(|relation| is_built(relation) && relation.rung > Rung::Open)
            .collect();
        low.sort_by(|a, b| (b.rung, &a.name).cmp(&(a.rung, &b.name)));
        if low.is_empty() {
            continue;
        }
        let shown: Vec<String> =
            low.iter().take(SHOWN).map(|relation| format!("`{}` ({})", relation.name, relation.rung)).collect();
        let more = match low.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let tables = if low.len() == 1 { "a table that was" } else { "tables that were" };
        let message = format!(
            "the critical job `{}` stands on {tables} not read by column: {}{more}",
            job.name,
            shown.join(", ")
        );
        let about = format!("job {}", job.name);
        let finding = Finding::new(Check::JobBelowOpen, Severity::Warning, (&job.path, job.position), about);
        found.push(finding.says(message).hint("`headsup doctor` says what keeps each of them from being read"));
    }
    found
}
