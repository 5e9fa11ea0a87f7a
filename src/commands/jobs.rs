//! `headsup jobs`: the jobs, and who hears of them.

use super::{deliver, reading};
use crate::audience::Job;
use crate::cli::{Common, OneSide};
use crate::error::{ExitStatus, Result};
use crate::project::Project;
use crate::report::{JobDescription, JobsReport, VERSION};
use crate::settings::Settings;
use crate::ui::Ui;

pub(super) fn run(args: &OneSide, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let version = reading::version(args, common)?;
    let reading = reading::read(&version, common, ui)?;
    ui.diagnostics(&reading.diagnostics);
    let report = JobsReport {
        version: VERSION,
        head: reading.label.clone(),
        jobs: reading.jobs.iter().map(|job| describe(job, &reading.project, &reading.settings)).collect(),
        diagnostics: reading.diagnostics,
    };
    deliver(&report, common)?;
    Ok(ExitStatus::Done)
}

fn describe(job: &Job, project: &Project, settings: &Settings) -> JobDescription {
    let route = |name: &String| settings.channels.get(name).map(|channel| &channel.route);
    let contact = job.owner.as_ref().and_then(|claim| claim.contact.label()).map(str::to_owned);
    let comments = settings.channels.iter().filter(|(_, channel)| channel.route.is_comment());
    let graph = &project.graph;
    let read: Vec<_> = job.reads.iter().flat_map(|read| graph.resolve(read, job.project.as_deref())).collect();
    let mut reads: Vec<_> = read.iter().map(|node| graph.relation(*node).name.clone()).collect();
    reads.sort();
    reads.dedup();
    JobDescription {
        job: job.name.clone(),
        owner: job.owner_label().map(str::to_owned),
        owner_by: job.owner.as_ref().map(|claim| claim.rule),
        contact: contact.filter(|contact| job.owner_label() != Some(contact)),
        team: job.team.clone(),
        team_by: job.team_by,
        channel: job.channel.clone(),
        channel_by: job.channel.is_some().then_some(job.channel_by),
        channel_kind: job.channel.as_ref().and_then(route).map(|route| route.kind().to_owned()),
        comments: comments.map(|(name, _)| name.clone()).collect(),
        criticality: job.criticality,
        standard: job.standard,
        standard_by: job.standard_by,
        unknown: job.unknown,
        unknown_by: job.unknown_by,
        reads,
        upstream: graph.upstream(read).len(),
        file: format!("{}:{}", job.path, job.position.line),
    }
}
