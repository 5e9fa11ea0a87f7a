//! `headsup depends`: who depends on a table or a column, or on what it depends.

use headsup_lineage::dialect::Dialect;
use headsup_lineage::graph::columns::Direction;
use headsup_lineage::trace::Follow;

use super::answer::Asked;
use super::reading::{self, Reading};
use crate::cli::{Common, DependsArgs};
use crate::dependents::{Neighbourhood, Warehouse, unread_projects};
use crate::error::{ExitStatus, Result};
use crate::project::Plan;
use crate::report::VERSION;
use crate::report::depends::{DependencyEdge, DependsReport, Shown, TargetEntry};
use crate::selection::{Finder, Share, Target};
use crate::selector::{Selector, Steps, Subject};
use crate::settings::Settings;
use crate::ui::Ui;

pub(super) fn run(args: &DependsArgs, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let selectors: Vec<Selector> = args.targets.iter().map(|typed| Selector::parse(typed)).collect::<Result<_>>()?;
    let version = reading::version(&args.side, common)?;
    Asked::of("depends", args, &version, common)?.answer(common, || {
        let reading = reading::read(&version, common, ui)?;
        ui.diagnostics(&reading.diagnostics);
        let finder = Finder::new(&reading.project, &reading.jobs, dialects(&reading));
        let found = find(args, &selectors, &finder)?;
        Ok((report(args, &found, &reading, &finder), ExitStatus::Done))
    })
}

/// The dialects whose rules of case a typed name may follow.
pub(super) fn dialects(reading: &Reading) -> impl Iterator<Item = Dialect> {
    dialects_of(&reading.plan, &reading.settings)
}

/// The same of what was planned.
pub(super) fn dialects_of(plan: &Plan, settings: &Settings) -> impl Iterator<Item = Dialect> {
    plan.projects.iter().filter_map(|project| project.dialect).chain(settings.dialect)
}

/// What was read, and who owns what in it.
pub(super) fn warehouse<'a>(reading: &'a Reading, finder: &'a Finder<'a>) -> Warehouse<'a> {
    let Reading { project, settings, codeowners, jobs, .. } = reading;
    Warehouse { project, settings, codeowners, jobs, finder }
}

/// What was asked about, and how far to look around each of it.
#[derive(Default)]
struct Found {
    targets: Vec<Target>,
    downstream: Option<Vec<(Target, Steps)>>,
    upstream: Option<Vec<(Target, Steps)>>,
    notes: Vec<String>,
}

fn find(args: &DependsArgs, selectors: &[Selector], finder: &Finder<'_>) -> Result<Found> {
    let farthest = args.depth.map_or(Steps::All, |depth| Steps::AtMost(usize::try_from(depth).unwrap_or(usize::MAX)));
    let mut asked = Found::default();
    for selector in selectors {
        let selection = finder.select(selector)?;
        // Nothing is downstream of a job, so what is asked of one is what it reads.
        let is_upstream = args.upstream || matches!(selector.subject, Subject::Exposure(_));
        let (up, down) = match (selector.upstream, selector.downstream) {
            (None, None) if is_upstream => (Some(farthest), None),
            (None, None) => (None, Some(farthest)),
            (up, down) => (up.map(|steps| steps.min(farthest)), down.map(|steps| steps.min(farthest))),
        };
        for (steps, list) in [(up, &mut asked.upstream), (down, &mut asked.downstream)] {
            if let Some(steps) = steps {
                let targets = selection.targets.iter().map(|target| (target.clone(), steps));
                list.get_or_insert_with(Vec::new).extend(targets);
            }
        }
        asked.targets.extend(selection.targets);
        asked.notes.extend(selection.notes);
    }
    Ok(asked)
}

fn report(args: &DependsArgs, asked: &Found, reading: &Reading, finder: &Finder<'_>) -> DependsReport {
    let warehouse = warehouse(reading, finder);
    let follow = if args.direct { Follow::Values } else { Follow::Everything };
    let around = |targets: &Option<Vec<(Target, Steps)>>, way| {
        targets.as_ref().map(|targets| Neighbourhood::new(warehouse, targets, way, follow))
    };
    let (down, up) = (around(&asked.downstream, Direction::Downstream), around(&asked.upstream, Direction::Upstream));
    let both = || down.iter().chain(&up);
    let mut edges: Vec<DependencyEdge> = both().flat_map(Neighbourhood::edges).collect();
    edges.sort();
    edges.dedup();
    let shown = if args.jobs_only { Shown::Jobs } else { Shown::Everything };
    let relations = |found: &Option<Neighbourhood<'_>>| {
        found.as_ref().filter(|_| shown == Shown::Everything).map(Neighbourhood::relations)
    };
    DependsReport {
        version: VERSION,
        head: reading.label.clone(),
        targets: targets(asked, reading),
        notes: asked.notes.iter().cloned().chain(unread_projects(&reading.project)).collect(),
        downstream: relations(&down),
        upstream: relations(&up),
        jobs: down.as_ref().map(Neighbourhood::jobs).unwrap_or_default(),
        edges,
        unknown: both().flat_map(Neighbourhood::unknown).collect(),
        coverage: reading.project.coverage(),
        diagnostics: reading.diagnostics.clone(),
        shown,
    }
}

fn targets(asked: &Found, reading: &Reading) -> Vec<TargetEntry> {
    let mut entries: Vec<TargetEntry> = Vec::new();
    for target in &asked.targets {
        let relation = reading.project.graph.relation(target.relation).name.clone();
        let column = match &target.share {
            Share::All => None,
            Share::Column(path) => Some(path.to_string()),
            // A job that names columns reads the rows as well, which goes without saying.
            Share::Rows => continue,
        };
        let entry = TargetEntry { relation, column };
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    entries
}
