//! `headsup impact`: what a branch changes, which jobs that reaches, and whom to tell. Reads like
//! the straight line of the design.

use std::collections::BTreeSet;
use std::sync::Arc;

use headsup_lineage::change::{Change, Comparison, Version, compare_with};
use headsup_lineage::diagnostic::{Diagnostic, Severity};
use headsup_lineage::name::ColumnName;
use headsup_lineage::reach::{Cut, JobReach, Names, Noticed, Reach, Spread, Step, spread};
use headsup_lineage::relation::{Relation, RelationId};

use super::answer::Asked;
use super::depends::dialects;
use super::reading::Reading;
use super::{hold, reading};
use crate::audience::{Doubt, Facts, Hold, Job};
use crate::cli::{Common, FailOn, ImpactArgs};
use crate::error::{Error, ExitStatus, Result};
use crate::git;
use crate::headsup::{self, Impact, Sender, words};
use crate::project::definition::redefinitions;
use crate::project::{self, Criticality, Project, Source};
use crate::report::{
    ChangeEntry, Changed, EffectEntry, ImpactReport, JobEntry, Nearness, RelationEntry, StepEntry, UnchangedEntry,
    VERSION,
};
use crate::selection::Finder;
use crate::settings::Unknown;
use crate::snapshot::is_below;
use crate::ui::Ui;
use crate::verdict;

mod places;

pub(super) fn run(args: &ImpactArgs, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let sides = sides(args, common)?;
    let question = sides.clone();
    Asked::between("impact", args, &question, args.base_manifest.as_deref(), common)?.answer(common, || {
        let report = compute_between(sides, args, common, ui)?;
        ui.diagnostics(&report.diagnostics);
        let status = status(&args.fail_on, report.jobs.iter().map(Judged::new));
        Ok((report, status))
    })
}

/// Two versions of a repository, and what lies between them.
pub(super) struct Versions {
    pub(super) sides: git::Comparison,
    pub(super) base: Project,
    /// Head.
    pub(super) reading: Reading,
    pub(super) comparison: Comparison,
    /// How many files differ.
    pub(super) differing: usize,
    /// The jobs that base declares.
    pub(super) of_base: Vec<Job>,
}

impl Versions {
    /// The jobs of both versions.
    pub(super) fn jobs(&self) -> impl Iterator<Item = &Job> {
        let jobs = &self.reading.jobs;
        let gone = self.of_base.iter().filter(|job| jobs.iter().all(|known| known.name != job.name));
        jobs.iter().chain(gone)
    }

    /// What is amiss in either version.
    pub(super) fn diagnostics(&self) -> Vec<Diagnostic> {
        with_those_of_base(self.reading.diagnostics.clone(), &self.base.diagnostics)
    }
}

/// The two versions that are meant.
pub(super) fn sides(args: &ImpactArgs, common: &Common) -> Result<git::Comparison> {
    git::resolve(&reading::project_dir(common)?, args.base.as_ref(), args.head.as_ref())
}

/// Reads two versions and compares them.
pub(super) fn versions(sides: git::Comparison, args: &ImpactArgs, common: &Common, ui: Ui) -> Result<Versions> {
    let progress = ui.progress("reading the repository");
    let settings = reading::settings_of(&sides.head, common)?;
    let manifest = reading::manifest(common.manifest.as_deref())?;
    let base_manifest = reading::manifest(args.base_manifest.as_deref())?;
    let versions = [&sides.base.snapshot, &sides.head.snapshot];
    let mut plan = project::plan(&versions, &settings.settings, common.dialect);
    plan.tables = reading::tables(common, &settings, &sides.head, &plan)?;
    if let (Some(_), None, Some(file)) = (&manifest, &base_manifest, plan.file_of_dbt(&sides.changed)) {
        let message = format!("{file} differs, and --manifest says only what its project is in head");
        return Err(Error::usage(message).hint(
            "give base's manifest with --base-manifest, or leave both out to read the project from its source"
                .to_owned(),
        ));
    }
    progress.now(format!("reading {} and {}", sides.base.snapshot.label(), sides.head.snapshot.label()));
    let base = Source { snapshot: &sides.base.snapshot, manifest: base_manifest.as_ref().or(manifest.as_ref()) };
    let head = Source { snapshot: &sides.head.snapshot, manifest: manifest.as_ref() };
    let (base, head) = project::read_both(base, head, &plan);
    reading::need_readable(base_manifest.as_ref(), &base)?;
    reading::need_readable(manifest.as_ref(), &head)?;
    progress.now("comparing");
    let differing: BTreeSet<_> = sides.changed.iter().cloned().collect();
    let file = |version: Version, path: &str| {
        let side = match version {
            Version::Base => &sides.base,
            Version::Head => &sides.head,
        };
        side.snapshot.text(path).ok()
    };
    let mut comparison = compare_with(&base.graph, &head.graph, &differing, &file);
    comparison.unread = unread(&base, &head, &differing);
    comparison.redefined = redefinitions(&base, &head, &comparison);
    let mut reading = reading::finish(&sides.head, settings, plan, head);
    let of_base = reading::jobs_of_base(&reading.settings, &reading.codeowners, &sides.base, &base, common);
    reading::hold_to_base(&mut reading.jobs, &of_base);
    Ok(Versions { base, reading, comparison, differing: differing.len(), of_base, sides })
}

/// Two versions to the report on what lies between them.
pub(super) fn compute(args: &ImpactArgs, common: &Common, ui: Ui) -> Result<ImpactReport> {
    compute_between(sides(args, common)?, args, common, ui)
}

fn compute_between(sides: git::Comparison, args: &ImpactArgs, common: &Common, ui: Ui) -> Result<ImpactReport> {
    let versions = versions(sides, args, common, ui)?;
    let Versions { sides, base, reading, comparison, differing, .. } = &versions;
    let spread = spread(&base.graph, &reading.project.graph, comparison);
    let mut impacts = impacts(&versions, &spread);
    let mut changes = changes(comparison);
    places::add(&mut changes, &impacts, sides);
    let doubts = hold::add(&mut impacts, &versions, args, common, ui)?;
    let sender = Sender { head: sides.head.snapshot.label().to_owned(), base: sides.base.snapshot.label().to_owned() };
    let headsups = headsup::write(&impacts, &changes, &sender);
    let report = ImpactReport {
        version: VERSION,
        base: sender.base,
        head: sender.head,
        files_changed: *differing,
        changes,
        unchanged: unchanged(comparison),
        relations: relations(&spread),
        jobs: impacts.into_iter().map(|impact| impact.job).collect(),
        headsups,
        coverage: reading.project.coverage(),
        diagnostics: versions.diagnostics().into_iter().chain(doubts).collect(),
        prefix: sides.head.outer.prefix.clone(),
    };
    // To take two graphs apart takes time that nobody has to wait for.
    drop(spread);
    let Versions { base, reading, .. } = versions;
    rayon::spawn(move || drop((base, reading.project)));
    Ok(report)
}

/// The jobs of both versions by name, each with what arrives at it.
pub(super) fn impacts(versions: &Versions, spread: &Spread<'_>) -> Vec<Impact> {
    let Versions { reading, comparison, .. } = versions;
    let finder = Finder::new(&reading.project, &reading.jobs, dialects(reading));
    let mut impacts: Vec<Impact> =
        versions.jobs().map(|job| impact(job, spread, comparison, &finder, &reading.project)).collect();
    impacts.sort_by(|a, b| a.job.job.cmp(&b.job.job));
    impacts
}

/// The projects that differ and could not be read in one of the versions, as reasons.
pub(super) fn unread(base: &Project, head: &Project, differing: &BTreeSet<Arc<str>>) -> Vec<String> {
    let matters = |file: &str| [".sql", ".py", ".yml", ".yaml", ".csv"].iter().any(|end| file.ends_with(end));
    let differs = |root: &str| differing.iter().any(|file| matters(file) && is_below(file, root));
    let found = head.unread.iter().chain(&base.unread).filter(|(root, _)| differs(root));
    let reasons = found.map(|(root, diagnostic)| {
        let file = diagnostic.path.as_deref().unwrap_or(root);
        format!("a project could not be read, and differs: {file}: {}", diagnostic.message)
    });
    reasons.collect()
}

/// Findings of head, and those that base alone has: a version that cannot be read well is compared
/// badly, whichever it is.
fn with_those_of_base(mut diagnostics: Vec<Diagnostic>, base: &[Diagnostic]) -> Vec<Diagnostic> {
    let key = |diagnostic: &Diagnostic| (diagnostic.code, diagnostic.path.clone(), diagnostic.message.clone());
    let known: BTreeSet<_> = diagnostics.iter().map(key).collect();
    for diagnostic in base {
        if diagnostic.severity > Severity::Note && !known.contains(&key(diagnostic)) {
            let message = format!("in base: {}", diagnostic.message);
            diagnostics.push(Diagnostic { message, ..diagnostic.clone() });
        }
    }
    diagnostics.sort();
    diagnostics
}

/// What differs, by name.
pub(super) fn changes(comparison: &Comparison) -> Vec<ChangeEntry> {
    let tables = comparison.changes.iter().map(|change| change_entry(change, Changed::Table));
    let redefined = comparison.redefined.iter().map(|one| change_entry(&one.change, Changed::Definition));
    tables.chain(redefined).collect()
}

fn change_entry(change: &Change, what: Changed) -> ChangeEntry {
    ChangeEntry {
        relation: change.name.clone(),
        what,
        kind: change.kind,
        effects: change.effects.clone(),
        files: change.files.iter().map(ToString::to_string).collect(),
        reason: change.unknown.clone(),
        places: Vec::new(),
    }
}

fn unchanged(comparison: &Comparison) -> Vec<UnchangedEntry> {
    let entry = |unchanged: &headsup_lineage::change::Unchanged| UnchangedEntry {
        relation: unchanged.name.clone(),
        files: unchanged.files.iter().map(ToString::to_string).collect(),
        why: unchanged.why.to_owned(),
    };
    comparison.unchanged.iter().map(entry).collect()
}

fn effect_entries<'a>(effects: impl IntoIterator<Item = &'a Noticed>) -> Vec<EffectEntry> {
    effects.into_iter().map(|effect| EffectEntry { effect: effect.kind, column: effect.column.clone() }).collect()
}

fn relations(spread: &Spread<'_>) -> Vec<RelationEntry> {
    let mut entries: Vec<(RelationEntry, &RelationId)> = spread
        .arrivals()
        .iter()
        .filter_map(|(id, arrival)| {
            let entry = RelationEntry {
                relation: spread.name(id)?.clone(),
                reach: arrival.reach,
                effects: effect_entries(&arrival.effects),
                path: spread.path(id),
                reason: arrival.reason.as_ref().map(ToString::to_string),
            };
            Some((entry, id))
        })
        .collect();
    entries.sort_by(|(a, first), (b, second)| (&a.relation, first).cmp(&(&b.relation, second)));
    entries.into_iter().map(|(entry, _)| entry).collect()
}

/// A job, what arrives at it, and whether its owner hears.
fn impact(job: &Job, spread: &Spread<'_>, comparison: &Comparison, finder: &Finder<'_>, project: &Project) -> Impact {
    judged(job, spread, comparison, finder, project).impact
}

/// A job, what arrives at it, and which standards are met.
pub(super) struct Standing {
    pub(super) impact: Impact,
    /// With all that cannot be told.
    pub(super) facts: Facts,
    /// As far as its owner wants to be told.
    pub(super) told: Facts,
}

/// The same, and which standards are met.
pub(super) fn judged(
    job: &Job,
    spread: &Spread<'_>,
    comparison: &Comparison,
    finder: &Finder<'_>,
    project: &Project,
) -> Standing {
    let reach = arriving(job, spread, comparison, finder);
    let facts = Facts::new(job, &reach, comparison, &project.graph, Doubt::Counts);
    let doubt = if job.unknown == Unknown::Notify { Doubt::Counts } else { Doubt::Passes };
    let told = Facts::new(job, &reach, comparison, &project.graph, doubt);
    let hears = job.hears(&reach, comparison, &project.graph);
    let job_entry = job_entry(job, reach, comparison);
    let impact = Impact { job: job_entry, channel: job.channel.clone(), standard: job.standard, hears };
    Standing { impact, facts, told }
}

/// What arrives at a job, through what it reads and by how that is computed.
pub(super) fn arriving(job: &Job, spread: &Spread<'_>, comparison: &Comparison, finder: &Finder<'_>) -> JobReach {
    let wanted = |relation: &Relation| finder.columns_read(job, relation);
    let mut reach = spread.judge(&job.reads, job.project.as_deref(), &wanted);
    reach.redefine(&job.name, comparison);
    reach
}

fn job_entry(job: &Job, reach: JobReach, comparison: &Comparison) -> JobEntry {
    let arrives = reach.reach > Reach::NotReached;
    JobEntry {
        job: job.name.clone(),
        owner: job.owner_label().map(str::to_owned),
        team: job.team.clone(),
        criticality: job.criticality,
        reach: reach.reach,
        effects: effect_entries(&reach.effects),
        nearness: match &reach.cut {
            Some(Cut::Unnoticed { .. }) => Nearness::Upstream,
            Some(Cut::NothingUpstream) | None => Nearness::Apart,
        },
        cut: (!arrives).then(|| cut(&reach, comparison)),
        steps: reach.steps.iter().map(step_entry).collect(),
        path: arrives.then_some(reach.path),
        reason: reach.reason,
        hold: None,
    }
}

pub(super) fn step_entry(step: &Step) -> StepEntry {
    let by = step.by.as_ref();
    StepEntry {
        relation: step.relation.clone(),
        column: step.column.clone(),
        effect: step.kind,
        kind: by.map(|(kind, ..)| *kind),
        file: by.map(|(_, path, _)| path.to_string()),
        line: by.map(|(.., position)| position.line),
    }
}

/// Where the change stops, in words.
pub(super) fn cut(reach: &JobReach, comparison: &Comparison) -> String {
    let changed = || some_of(comparison.changes.iter().map(|change| &change.name));
    match &reach.cut {
        None => "no table changed".to_owned(),
        Some(Cut::NothingUpstream) => {
            let upstream = match reach.upstream {
                1 => "1 table".to_owned(),
                number => format!("{number} tables"),
            };
            format!(
                "changed {}; the job reads {}, with {upstream} upstream in all, and none of them changed",
                changed(),
                some_of(&reach.reads)
            )
        }
        Some(Cut::Unnoticed { from, effects, reader, reads, names, more }) => {
            let columns: BTreeSet<&ColumnName> = effects.iter().filter_map(|effect| effect.column.as_ref()).collect();
            let rows = effects.iter().find(|effect| effect.column.is_none());
            let mut what: Vec<String> = Vec::new();
            if !columns.is_empty() {
                what.push(some_of(columns.iter().map(|column| format!("{from}.{column}"))));
            }
            if let Some(effect) = rows {
                what.push(format!("{from} ({})", words(effect.kind)));
            }
            let reader = reader.as_ref().map_or_else(|| "the job".to_owned(), ToString::to_string);
            let is_read = reads.iter().any(|read| columns.contains(read));
            let reads = match reads.len() {
                _ if *names == Names::Followed => {
                    format!("{reader} asks for the new name, and gets what it got before")
                }
                0 => format!("{reader} reads no column of it"),
                _ if columns.is_empty() || is_read => format!("{reader} does not notice that"),
                1 => format!("{reader} reads {} of it, and not that", reads[0]),
                number => format!("{reader} reads {number} of its columns ({}), and not that", some_of(reads)),
            };
            let more = match more {
                0 => String::new(),
                1 => "; and so at one more place".to_owned(),
                number => format!("; and so at {number} more places"),
            };
            format!("changed {}; {reads}{more}", what.join(", "))
        }
    }
}

/// The first few of some names, and how many there are more.
fn some_of<T: ToString>(names: impl IntoIterator<Item = T>) -> String {
    const MOST: usize = 4;
    let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    let shown = names[..names.len().min(MOST)].join(", ");
    if names.len() > MOST { format!("{shown} and {} more", names.len() - MOST) } else { shown }
}

/// What of a job decides the exit status.
pub(super) struct Judged<'a> {
    pub(super) criticality: Criticality,
    pub(super) reach: Reach,
    pub(super) hold: Option<&'a Hold>,
}

impl<'a> Judged<'a> {
    fn new(job: &'a JobEntry) -> Self {
        Self { criticality: job.criticality, reach: job.reach, hold: job.hold.as_ref() }
    }
}

impl<'a> From<&'a verdict::Judged> for Judged<'a> {
    fn from(job: &'a verdict::Judged) -> Self {
        Self { criticality: job.criticality, reach: job.reach, hold: job.hold.as_ref() }
    }
}

/// The exit status for what was found; what cannot be told counts as reached where a critical job
/// is at stake.
pub(super) fn status<'a>(fail_on: &[FailOn], mut jobs: impl Iterator<Item = Judged<'a>>) -> ExitStatus {
    let fails = |job: &Judged<'_>, fail_on: &FailOn| {
        let critical = job.criticality == Criticality::Critical && job.reach > Reach::NotReached;
        match fail_on {
            FailOn::Never => false,
            FailOn::Critical => critical,
            FailOn::Reached => critical || job.reach == Reach::Reached,
            FailOn::Unknown => job.reach > Reach::NotReached,
            FailOn::Freeze => job.hold.is_some_and(Hold::is_frozen),
            FailOn::SignOff => job.hold.is_some_and(Hold::lacks_sign_off),
        }
    };
    if jobs.any(|job| fail_on.iter().any(|fail_on| fails(&job, fail_on))) {
        ExitStatus::Findings
    } else {
        ExitStatus::Done
    }
}
