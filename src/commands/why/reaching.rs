//! `headsup why --base`: by which way what lies between two versions reaches a job or a table, or where
//! it stops.

use headsup_lineage::change::Comparison;
use headsup_lineage::diagnostic::Position;
use headsup_lineage::name::ColumnName;
use headsup_lineage::reach::{JobReach, Way, spread};
use headsup_lineage::relation::{Reference, Relation};

use super::{entries, job_entry};
use crate::cli::{Common, HoldArgs, ImpactArgs, WhyArgs};
use crate::commands::answer::Asked;
use crate::commands::depends::{dialects, warehouse};
use crate::commands::impact::{Versions, arriving, cut, sides, step_entry, versions};
use crate::error::{ExitStatus, Result};
use crate::report::VERSION;
use crate::report::reaching::{ReachingReport, WayEntry};
use crate::report::why::Dependent;
use crate::selection::{Finder, Selection, Share};
use crate::ui::Ui;

pub(super) fn run(args: &WhyArgs, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let asked = ImpactArgs {
        base: args.base.clone(),
        head: args.side.head.clone(),
        base_manifest: None,
        fail_on: Vec::new(),
        hold: HoldArgs::default(),
    };
    let sides = sides(&asked, common)?;
    let question = sides.clone();
    Asked::between("why --base", args, &question, None, common)?.answer(common, || {
        let versions = versions(sides, &asked, common, ui)?;
        let report = report(args, &versions)?;
        ui.diagnostics(&report.diagnostics);
        Ok((report, ExitStatus::Done))
    })
}

fn report(args: &WhyArgs, versions: &Versions) -> Result<ReachingReport> {
    let Versions { sides, base, reading, comparison, .. } = versions;
    let finder = Finder::new(&reading.project, &reading.jobs, dialects(reading));
    let graph = &reading.project.graph;
    let spread = spread(&base.graph, graph, comparison);
    let (job, dependent, reached) = match versions.jobs().find(|job| job.name == args.dependent) {
        Some(job) => {
            let reached = arriving(job, &spread, comparison, &finder);
            (Some(job), Selection { targets: finder.reads(job), notes: Vec::new() }, reached)
        }
        None => {
            let found = finder.find_beside_jobs(&args.dependent)?;
            let reads: Vec<Reference> = found
                .targets
                .iter()
                .map(|target| Reference::Id(graph.relation(target.relation).id.clone(), Position::START))
                .collect();
            let wanted = |relation: &Relation| -> Option<Vec<ColumnName>> {
                let of_it = found.targets.iter().filter(|target| graph.relation(target.relation).id == relation.id);
                let columns = of_it.map(|target| match &target.share {
                    Share::Column(path) => Some(path.column.clone()),
                    Share::All | Share::Rows => None,
                });
                columns.collect()
            };
            let reached = spread.judge(&reads, None, &wanted);
            (None, found, reached)
        }
    };
    let warehouse = warehouse(reading, &finder);
    let not_reached = reached.ways.is_empty();
    Ok(ReachingReport {
        version: VERSION,
        base: sides.base.snapshot.label().to_owned(),
        head: sides.head.snapshot.label().to_owned(),
        dependent: Dependent { job: job.map(job_entry), targets: entries(warehouse, &dependent.targets) },
        reach: reached.reach,
        cut: not_reached.then(|| cut(&reached, comparison)),
        ways: ways(reached, comparison),
        notes: dependent.notes,
        coverage: reading.project.coverage(),
        diagnostics: versions.diagnostics(),
    })
}

/// What arrives, with what takes the same way put together.
fn ways(reached: JobReach, comparison: &Comparison) -> Vec<WayEntry> {
    let mut ways: Vec<Way> = reached.ways;
    ways.sort_by(|a, b| {
        let key = |way: &Way| (std::cmp::Reverse(way.reach), way.effect.kind, way.steps.len());
        (key(a), &a.relation, &a.effect.column).cmp(&(key(b), &b.relation, &b.effect.column))
    });
    let mut entries: Vec<WayEntry> = Vec::new();
    for way in ways {
        let because = because(&way, comparison);
        let relations = |entry: &WayEntry| entry.steps.iter().map(|step| step.relation.clone()).collect::<Vec<_>>();
        let own: Vec<_> = way.steps.iter().map(|step| step.relation.clone()).collect();
        let alike = entries.iter_mut().find(|entry| {
            entry.relation == way.relation
                && entry.effect == way.effect.kind
                && entry.columns.is_empty() == way.effect.column.is_none()
                && entry.reach == way.reach
                && entry.reason == way.reason
                && entry.because == because
                && relations(entry) == own
        });
        match alike {
            Some(entry) => entry.columns.extend(way.effect.column.filter(|column| !entry.columns.contains(column))),
            None => entries.push(WayEntry {
                relation: way.relation,
                effect: way.effect.kind,
                columns: way.effect.column.into_iter().collect(),
                reach: way.reach,
                because,
                steps: way.steps.iter().map(step_entry).collect(),
                reason: way.reason,
            }),
        }
    }
    entries
}

/// What was found where a way begins.
fn because(way: &Way, comparison: &Comparison) -> Vec<String> {
    let Some(first) = way.steps.first() else { return Vec::new() };
    let Some(change) = comparison.all().find(|change| change.name == first.relation) else {
        return Vec::new();
    };
    let is_it = |effect: &&headsup_lineage::change::Effect| {
        let column = effect.column.as_ref().map(ToString::to_string);
        effect.kind == first.kind && (column == first.column || effect.column.is_none())
    };
    let mut found: Vec<String> = Vec::new();
    for detail in change.effects.iter().filter(is_it).filter_map(|effect| effect.detail.clone()) {
        if !found.contains(&detail) {
            found.push(detail);
        }
    }
    found
}
