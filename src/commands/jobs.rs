//! `headsup jobs`: the jobs, and who hears of them.

use jiff::Timestamp;

use super::answer::Asked;
use super::{hold, reading};
use crate::audience::Job;
use crate::cli::{Common, JobsArgs};
use crate::error::{ExitStatus, Result};
use crate::git::Version;
use crate::project::Project;
use crate::report::{FreezeDescription, JobDescription, JobsReport, VERSION};
use crate::settings::Settings;
use crate::ui::Ui;

pub(super) fn run(args: &JobsArgs, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let version = reading::version(&args.side, common)?;
    Asked::of("jobs", args, &version, common)?.answer(common, || report(args, &version, common, ui))
}

fn report(args: &JobsArgs, version: &Version, common: &Common, ui: Ui) -> Result<(JobsReport, ExitStatus)> {
    let reading = reading::read(version, common, ui)?;
    ui.diagnostics(&reading.diagnostics);
    let now = hold::now(args.now);
    let report = JobsReport {
        version: VERSION,
        head: reading.label.clone(),
        jobs: reading.jobs.iter().map(|job| describe(job, &reading.project, &reading.settings, now)).collect(),
        diagnostics: reading.diagnostics,
    };
    Ok((report, ExitStatus::Done))
}

fn freeze(job: &Job, now: Timestamp) -> Option<FreezeDescription> {
    let first = job.freezes.first()?;
    let windows = job.freezes.iter().flat_map(|freeze| &freeze.windows);
    Some(FreezeDescription {
        windows: windows.map(ToString::to_string).collect(),
        time_zone: first.calendar.zone().to_owned(),
        freeze_by: job.freeze_by,
        frozen: first.at(now).map(|frozen| frozen.until),
        next: first.next(now),
    })
}

fn describe(job: &Job, project: &Project, settings: &Settings, now: Timestamp) -> JobDescription {
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
        freeze: freeze(job, now),
        sign_off: job.sign_off.clone(),
        sign_off_by: (!job.sign_off.is_empty()).then_some(job.sign_off_by),
        reads,
        upstream: graph.upstream(read).len(),
        file: format!("{}:{}", job.path, job.position.line),
    }
}
