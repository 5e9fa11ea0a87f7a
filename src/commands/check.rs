//! `headsup check`: what a repository is held to, and where it does not keep to it.

use std::collections::BTreeSet;
use std::path::Path;

use headsup_lineage::diagnostic::{Diagnostic, Severity};
use headsup_lineage::reach::spread;

use super::answer::Asked;
use super::depends::dialects;
use super::impact::{Versions, sides, versions};
use super::reading::Reading;
use super::{deliver, reading};
use crate::audience::{self, Job};
use crate::cli::{CheckArgs, Common, FailOnFinding, HoldArgs, ImpactArgs};
use crate::error::{Error, ExitStatus, Result};
use crate::git;
use crate::policy::baseline::Baseline;
use crate::policy::{self, Before, Finding, Side, allow};
use crate::report::VERSION;
use crate::report::check::{CheckReport, Counts, FindingEntry};
use crate::ui::Ui;

/// One or two versions, and what was found in them.
struct Checked {
    base: Option<String>,
    head: git::Version,
    found: Vec<Finding>,
    reading: Reading,
    diagnostics: Vec<Diagnostic>,
    notes: Vec<String>,
}

pub(super) fn run(args: &CheckArgs, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let asked = ImpactArgs {
        base: args.base.clone(),
        head: args.head.clone(),
        base_manifest: args.base_manifest.clone(),
        fail_on: Vec::new(),
        hold: HoldArgs::default(),
    };
    let sides = match sides(&asked, common) {
        Ok(sides) => sides,
        Err(error) if args.base.is_some() => return Err(error),
        Err(error) => return alone(args, common, ui, error),
    };
    let question = sides.clone();
    let find = || report(two(versions(sides, &asked, common, ui)?), args, ui);
    if args.write_baseline {
        return show(find()?, common);
    }
    Asked::between("check", args, &question, args.base_manifest.as_deref(), common)?
        .with(args.baseline.as_deref())
        .answer(common, find)
}

/// Head without a base: everything counts as there before.
fn alone(args: &CheckArgs, common: &Common, ui: Ui, why: Error) -> Result<ExitStatus> {
    // What is wrong with more than the base is so with head alone, and the first error says it best.
    let Ok(head) = git::single(&reading::project_dir(common)?, args.head.as_ref()) else { return Err(why) };
    show(report(one(head, common, ui, &why)?, args, ui)?, common)
}

fn show((report, status): (CheckReport, ExitStatus), common: &Common) -> Result<ExitStatus> {
    deliver(&report, common)?;
    Ok(status)
}

/// What was found as a report, with what the baseline knows, and how the run ends.
fn report(mut checked: Checked, args: &CheckArgs, ui: Ui) -> Result<(CheckReport, ExitStatus)> {
    ui.diagnostics(&checked.diagnostics);
    if let (Some(path), false) = (&args.baseline, args.write_baseline) {
        let gone = read_baseline(path)?.pardon(&mut checked.found);
        if gone > 0 {
            let entries = if gone == 1 { "1 entry" } else { &format!("{gone} entries") };
            let note = format!("The baseline has {entries} that nothing answers to; --write-baseline drops them.");
            checked.notes.push(note);
        }
    }
    if let (Some(path), true) = (&args.baseline, args.write_baseline) {
        let baseline = Baseline::of(&checked.found);
        std::fs::write(path, baseline.text())
            .map_err(|error| Error::usage(format!("cannot write {}", path.display())).caused_by(error))?;
        baseline.pardon(&mut checked.found);
        checked.notes.push(format!("Written to {}: {} findings.", path.display(), baseline.len()));
    }
    let status = status(&checked.found, args.fail_on);
    let report = CheckReport {
        version: VERSION,
        base: checked.base,
        head: checked.head.snapshot.label().to_owned(),
        counts: Counts::of(&checked.found),
        findings: checked.found.iter().map(FindingEntry::from).collect(),
        notes: checked.notes,
        coverage: checked.reading.project.coverage(),
        diagnostics: checked.diagnostics,
        prefix: checked.head.outer.prefix.clone(),
    };
    Ok((report, status))
}

fn read_baseline(path: &Path) -> Result<Baseline> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::usage(format!("cannot read the baseline {}", path.display()))
            .hint("--write-baseline writes one".to_owned())
            .caused_by(error)
    })?;
    Baseline::parse(&text).map_err(|why| Error::usage(format!("{} is no baseline: {why}", path.display())))
}

fn two(versions: Versions) -> Checked {
    let (head_jobs, base_jobs) = (own_jobs(&versions.reading), versions.of_base.clone());
    let tongues: BTreeSet<_> = dialects(&versions.reading).collect();
    let spread = spread(&versions.base.graph, &versions.reading.project.graph, &versions.comparison);
    let head = side(&versions.reading, &head_jobs, &tongues, &versions.sides.head);
    let base = Side { project: &versions.base, jobs: &base_jobs, files: &versions.sides.base.snapshot, ..head };
    let mut found = policy::findings(&head, Some(&Before { base, comparison: &versions.comparison, spread: &spread }));
    let snapshot = &versions.sides.head.snapshot;
    allow::pardon(&mut found, &versions.sides.changed, &|path| snapshot.text(path).ok());
    let found = policy::held_to(found, &versions.reading.settings);
    Checked {
        base: Some(versions.sides.base.snapshot.label().to_owned()),
        found,
        diagnostics: versions.diagnostics(),
        notes: Vec::new(),
        head: versions.sides.head,
        reading: versions.reading,
    }
}

fn one(head: git::Version, common: &Common, ui: Ui, why: &Error) -> Result<Checked> {
    let reading = reading::read(&head, common, ui)?;
    let jobs = own_jobs(&reading);
    let tongues: BTreeSet<_> = dialects(&reading).collect();
    let mut found = policy::findings(&side(&reading, &jobs, &tongues, &head), None);
    allow::pardon(&mut found, &[], &|path| head.snapshot.text(path).ok());
    let found = policy::held_to(found, &reading.settings);
    let note = format!("Nothing to compare with ({why}): everything is listed as there before.");
    let diagnostics = reading.diagnostics.clone();
    Ok(Checked { base: None, head, found, reading, diagnostics, notes: vec![note] })
}

/// The jobs as head declares them: what base says of them is for warnings, not for rules.
fn own_jobs(reading: &Reading) -> Vec<Job> {
    audience::jobs(&reading.settings, &reading.settings_path, &reading.project, &reading.codeowners)
}

fn side<'a>(
    reading: &'a Reading,
    jobs: &'a [Job],
    dialects: &'a BTreeSet<headsup_lineage::dialect::Dialect>,
    version: &'a git::Version,
) -> Side<'a> {
    Side {
        project: &reading.project,
        jobs,
        settings: &reading.settings,
        settings_path: &reading.settings_path,
        codeowners: &reading.codeowners,
        listed: &reading.plan.tables,
        dialects,
        files: &version.snapshot,
    }
}

fn status(found: &[Finding], fail_on: FailOnFinding) -> ExitStatus {
    let least = match fail_on {
        FailOnFinding::Never => return ExitStatus::Done,
        FailOnFinding::Error => Severity::Error,
        FailOnFinding::Warning => Severity::Warning,
    };
    match found.iter().any(|finding| finding.counts() && finding.severity >= least) {
        true => ExitStatus::Findings,
        false => ExitStatus::Done,
    }
}
