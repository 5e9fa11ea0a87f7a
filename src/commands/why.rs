//! `headsup why`: why a job or a table depends on something, step by step, or where the way ends.

use headsup_lineage::graph::columns::Direction;
use headsup_lineage::trace::Follow;

use super::answer::Asked;
use super::depends::{dialects, warehouse};
use super::reading::{self, Reading};
use crate::audience::Job;
use crate::cli::{Common, WhyArgs};
use crate::dependents::{Neighbourhood, Warehouse};
use crate::error::{Error, ExitStatus, Result};
use crate::evidence::{self, Question};
use crate::report::VERSION;
use crate::report::depends::TargetEntry;
use crate::report::why::{Dependent, JobEntry, WhyReport};
use crate::selection::{Finder, Selection, Share, Target};
use crate::selector::Steps;
use crate::ui::Ui;

mod reaching;

pub(super) fn run(args: &WhyArgs, common: &Common, ui: Ui) -> Result<ExitStatus> {
    if args.base.is_some() {
        return reaching::run(args, common, ui);
    }
    let version = reading::version(&args.side, common)?;
    Asked::of("why", args, &version, common)?.answer(common, || {
        let reading = reading::read(&version, common, ui)?;
        ui.diagnostics(&reading.diagnostics);
        let finder = Finder::new(&reading.project, &reading.jobs, dialects(&reading));
        let report = report(args, &reading, &finder)?;
        Ok((report, ExitStatus::Done))
    })
}

fn report(args: &WhyArgs, reading: &Reading, finder: &Finder<'_>) -> Result<WhyReport> {
    let warehouse = warehouse(reading, finder);
    let (job, dependent) = match finder.job(&args.dependent) {
        Some(job) => (Some(job), Selection { targets: finder.reads(job), notes: Vec::new() }),
        None => (None, finder.find_beside_jobs(&args.dependent)?),
    };
    let on = args.on.as_deref().map(|on| one(on, finder)).transpose()?;
    let targets = &dependent.targets;
    let mut notes = dependent.notes.clone();
    let answer = on.map(|(on, more)| {
        notes.extend(more);
        evidence::answer(warehouse, Question { job, dependent: targets, on: &on })
    });
    let upstream = answer.is_none().then(|| {
        let around: Vec<(Target, Steps)> = targets.iter().map(|target| (target.clone(), Steps::All)).collect();
        Neighbourhood::new(warehouse, &around, Direction::Upstream, Follow::Everything).relations()
    });
    let entries = entries(warehouse, targets);
    Ok(WhyReport {
        version: VERSION,
        head: reading.label.clone(),
        dependent: Dependent { job: job.map(job_entry), targets: entries },
        notes,
        on: answer,
        upstream,
        unknown: evidence::doubts(warehouse, job, targets),
        coverage: reading.project.coverage(),
        diagnostics: reading.diagnostics.clone(),
    })
}

/// Tables and columns by name.
fn entries(warehouse: Warehouse<'_>, targets: &[Target]) -> Vec<TargetEntry> {
    // A job that names columns reads the rows as well, which goes without saying.
    let said = targets.iter().filter(|target| target.share != Share::Rows);
    let mut entries: Vec<_> = said.map(|target| evidence::entry(warehouse, target)).collect();
    entries.sort();
    entries.dedup();
    entries
}

/// The one table or column that a name means, and what is worth knowing of that.
fn one(typed: &str, finder: &Finder<'_>) -> Result<(Target, Vec<String>)> {
    let Selection { targets, notes } = finder.find(typed)?;
    match <[Target; 1]>::try_from(targets) {
        Ok([target]) => Ok((target, notes)),
        Err(targets) => {
            let message = format!("`{typed}` means {} tables, and `why` explains one", targets.len());
            Err(Error::usage(message).hint("name one of them".to_owned()))
        }
    }
}

fn job_entry(job: &Job) -> JobEntry {
    JobEntry {
        job: job.name.clone(),
        owner: job.owner_label().map(str::to_owned),
        criticality: job.criticality,
        file: format!("{}:{}", job.path, job.position.line),
    }
}
