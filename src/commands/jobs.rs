//! `headsup jobs`: the jobs, and who hears of them.

use super::{deliver, reading};
use crate::audience::Job;
use crate::cli::{Common, OneSide};
use crate::error::{ExitStatus, Result};
use crate::project::Project;
use crate::report::{JobDescription, JobsReport, VERSION};
use crate::ui::Ui;

pub(super) fn run(args: &OneSide, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let version = reading::version(args, common)?;
    let reading = reading::read(&version, common, ui)?;
    ui.diagnostics(&reading.diagnostics);
    let report = JobsReport {
        version: VERSION,
        head: reading.label.clone(),
        jobs: reading.jobs.iter().map(|job| describe(job, &reading.project)).collect(),
        diagnostics: reading.diagnostics,
    };
    deliver(&report, common)?;
    Ok(ExitStatus::Done)
}

fn describe(job: &Job, project: &Project) -> JobDescription {
    let graph = &project.graph;
    let read: Vec<_> = job.reads.iter().flat_map(|read| graph.resolve(read, job.project.as_deref())).collect();
    let mut reads: Vec<_> = read.iter().map(|node| graph.relation(*node).name.clone()).collect();
    reads.sort();
    reads.dedup();
    JobDescription {
        job: job.name.clone(),
        owner: job.owner_label().map(str::to_owned),
        owner_by: job.owner.as_ref().map(|claim| claim.rule),
        team: job.team.clone(),
        channel: job.channel.clone(),
        criticality: job.criticality,
        standard: job.standard.to_string(),
        reads,
        upstream: graph.upstream(read).len(),
        file: format!("{}:{}", job.path, job.position.line),
    }
}
