//! `headsup incidents`: how often jobs failed, and by whose change, as far as history tells.

use std::collections::{BTreeMap, BTreeSet};

use headsup_lineage::reach::Reach;

use super::deliver;
use super::history::Walk;
use super::reading::Reading;
use super::suspects::{Window, runs};
use crate::audience::{Job, owner_of};
use crate::cli::{Common, IncidentsArgs, JobsFrom};
use crate::error::{Error, ExitStatus, Result};
use crate::history::runs::{Ended, Run};
use crate::history::suspicion::Suspect;
use crate::report::incidents::{Cause, Incident, IncidentsReport};
use crate::report::replay::Span;
use crate::ui::Ui;

pub(super) fn run(args: &IncidentsArgs, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let log = runs(&args.runs)?;
    let (Some(first), Some(last)) = (log.first(), log.last()) else {
        return Err(Error::input(format!("{} has no runs", args.runs.display()))
            .hint("a log has a line for each run of a job".to_owned()));
    };
    let span = Span { since: first.time, until: last.time };
    let mut walk = Walk::open(common, JobsFrom::Now, args.branch.as_deref(), ui)?;
    let mut incidents = Vec::new();
    for failure in failures(&log) {
        incidents.push(incident(&failure, &mut walk, ui)?);
    }
    let named: BTreeSet<&str> = log.iter().map(|run| run.job.as_str()).collect();
    let teams: Vec<Option<String>> = match walk.now() {
        Some(now) => {
            let jobs = now.jobs.iter().filter(|job| named.contains(job.name.as_str()));
            jobs.map(|job| job.owner_label().map(str::to_owned)).collect()
        }
        None => Vec::new(),
    };
    deliver(&IncidentsReport::new(span, args.by, &teams, incidents), common)?;
    Ok(ExitStatus::Done)
}

/// A run that failed after one that worked, and how often it failed again.
struct Failure<'r> {
    bad: &'r Run,
    good: Option<&'r Run>,
    repeats: usize,
}

/// Each time that a job stopped working.
fn failures(log: &[Run]) -> Vec<Failure<'_>> {
    let mut by_job: BTreeMap<&str, Vec<&Run>> = BTreeMap::new();
    for run in log {
        by_job.entry(&run.job).or_default().push(run);
    }
    let mut failures: Vec<Failure<'_>> = Vec::new();
    for runs in by_job.into_values() {
        let mut good: Option<&Run> = None;
        let mut failing = false;
        for run in runs {
            match (run.ended, failing) {
                (Ended::Well, _) => {
                    good = Some(run);
                    failing = false;
                }
                (Ended::Badly, false) => {
                    failures.push(Failure { bad: run, good, repeats: 0 });
                    failing = true;
                }
                (Ended::Badly, true) => {
                    if let Some(failure) = failures.last_mut() {
                        failure.repeats += 1;
                    }
                }
            }
        }
    }
    failures
}

fn incident(failure: &Failure<'_>, walk: &mut Walk<'_>, ui: Ui) -> Result<Incident> {
    let known = walk.now().and_then(|now| now.jobs.iter().find(|job| job.name == failure.bad.job)).cloned();
    let found = |cause, because: &str, suspect| Incident {
        job: failure.bad.job.clone(),
        team: known.as_ref().and_then(|job| job.owner_label().map(str::to_owned)),
        failed_at: failure.bad.time,
        last_good: failure.good.map(|run| run.time),
        repeats: failure.repeats,
        cause,
        because: because.to_owned(),
        suspect,
    };
    let Some(job) = &known else {
        return Ok(found(Cause::Unknown, "no job of the repository has this name", None));
    };
    let Some(good) = failure.good else {
        return Ok(found(Cause::Unknown, "the log has no run before it that worked", None));
    };
    let window = Window::between(&job.name, good, failure.bad, walk)?;
    if window.is_outside() {
        return Ok(found(Cause::SourceOrExternal, "the error is of the machine or the network", None));
    }
    let passed = walk.passages(window.places.clone(), ui)?;
    let suspects = window.suspects(&job.name, &passed);
    let Some(first) = suspects.first() else {
        return Ok(match passed.skipped.is_empty() {
            true => found(Cause::SourceOrExternal, "no change of the code reaches it since it last worked", None),
            false => found(Cause::Unknown, "not all commits since it last worked could be judged", None),
        });
    };
    let commit = Some(first.passage.commit.clone());
    if first.job.reach == Reach::Unknown {
        return Ok(found(Cause::Unknown, "it cannot be told whether a change of the code reaches it", commit));
    }
    Ok(match walk.now().is_some_and(|now| is_own(job, first, now)) {
        true => found(Cause::OwnChange, "the commit suspected most begins at a table of the team itself", commit),
        false => found(Cause::UpstreamChange, "the commit suspected most begins at a table of somebody else", commit),
    })
}

/// Whether the table at which a change begins belongs to whom the job belongs to.
fn is_own(job: &Job, suspect: &Suspect<'_>, now: &Reading) -> bool {
    let graph = &now.project.graph;
    let Some(start) = suspect.job.path.first() else { return false };
    let table = graph.nodes().map(|node| graph.relation(node)).find(|relation| relation.name.to_string() == *start);
    let owner = table.and_then(|table| owner_of(table, &now.settings, &now.project, &now.codeowners));
    let Some(owner) = owner else { return false };
    let of_job = job.owner.as_ref().map(|claim| &claim.contact);
    let is_team = |name: &str| job.team.as_deref() == Some(name);
    let same_person = of_job.is_some_and(|contact| {
        contact.name.is_some() && contact.name == owner.contact.name
            || contact.emails.iter().any(|email| owner.contact.emails.contains(email))
    });
    same_person || owner.contact.name.as_deref().is_some_and(is_team)
}
