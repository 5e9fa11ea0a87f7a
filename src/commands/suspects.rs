//! `headsup suspects`: which commit could have made a job fail.

use std::ops::Range;
use std::path::Path;

use headsup_lineage::diagnostic::Position;
use headsup_lineage::relation::{Reference, RelationKind};

use super::depends::dialects;
use super::history::{Found, Walk};
use super::reading::Reading;
use super::{deliver, reading};
use crate::audience::Job;
use crate::cli::{Common, JobsFrom, OneSide, SuspectsArgs};
use crate::error::{Error, ExitStatus, Result};
use crate::git::{self, Side};
use crate::history::runs::{Ended, Failure, Results, Run, read_log, read_results};
use crate::history::suspicion::{Failed, Suspect, Symptoms, rank};
use crate::history::{Commit, When, day, minute};
use crate::report::VERSION;
use crate::report::replay::SkippedEntry;
use crate::report::suspects::{FailureEntry, Known, Point, PostMortem, ReachedEntry, SuspectEntry, SuspectsReport};
use crate::selection::{Finder, Share};
use crate::ui::Ui;

/// How far back it looks unless somebody says when it last worked.
const FAR: i64 = 30 * 86_400;

pub(super) fn run(args: &SuspectsArgs, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let results = args.run_results.as_deref().map(results).transpose()?;
    let log = args.runs.as_deref().map(runs).transpose()?.unwrap_or_default();
    let mut walk = Walk::open(common, JobsFrom::Now, args.branch.as_deref(), ui)?;
    let page = git::origin::page(&reading::project_dir(common)?);
    let asked: Vec<(String, Vec<&Failure>)> = match (&args.job, &results) {
        (Some(job), results) => vec![(job.clone(), results.iter().flat_map(|found| &found.failures).collect())],
        (None, Some(results)) => failed_nodes(results),
        (None, None) => Vec::new(),
    };
    let mut windows = Vec::new();
    for (name, failures) in asked {
        windows.push(window(&name, &failures, args, results.as_ref(), &log, &walk)?);
    }
    if windows.is_empty() {
        return Err(Error::usage("nothing failed in these results").hint("name the job that failed".to_owned()));
    }
    let mut targets = Vec::new();
    for window in &mut windows {
        let job = target(&window.name, &walk, &window.places, common, ui)?;
        window.sharpen(&job, &walk);
        window.name.clone_from(&job.name);
        targets.push(job);
    }
    walk.ask(common, targets.clone());
    let mut entries = Vec::new();
    for (window, job) in windows.into_iter().zip(&targets) {
        let found = walk.passages(window.places.clone(), ui)?;
        entries.push(entry(window, job, &found, &walk, page.as_deref()));
    }
    let report = SuspectsReport { version: VERSION, failures: entries };
    if args.post_mortem {
        deliver(&PostMortem(report), common)?
    } else {
        deliver(&report, common)?
    }
    Ok(ExitStatus::Done)
}

fn results(path: &Path) -> Result<Results> {
    read_results(&text(path)?).map_err(|why| {
        Error::input(format!("{} is no run_results.json: {why}", path.display()))
            .hint("dbt writes one to `target/` at the end of each run".to_owned())
    })
}

/// A log of runs.
pub(super) fn runs(path: &Path) -> Result<Vec<Run>> {
    read_log(&text(path)?).map_err(|bad| {
        Error::input(format!("cannot read {}:{}: {}", path.display(), bad.line, bad.why))
            .hint("a log is CSV with job,status,started_at,error, or one JSON object a line with these".to_owned())
    })
}

fn text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path)
        .map_err(|error| Error::usage(format!("cannot read {}", path.display())).caused_by(error))?;
    crate::text::decode(bytes)
        .map_err(|found| Error::input(format!("cannot read {}: {}", path.display(), found.message)))
}

/// The tables that failed, with what was said of each: a test speaks of the table that it tests.
fn failed_nodes(results: &Results) -> Vec<(String, Vec<&Failure>)> {
    let mut nodes: Vec<(String, Vec<&Failure>)> = Vec::new();
    for failure in &results.failures {
        let name = failure.name().to_owned();
        match nodes.iter_mut().find(|(known, _)| *known == name) {
            Some((_, failures)) => failures.push(failure),
            None => nodes.push((name, vec![failure])),
        }
    }
    nodes
}

/// A failure, and the commits among which its cause is looked for.
pub(super) struct Window {
    name: String,
    failed_at: Point,
    last_good: Point,
    said: Vec<String>,
    failed: Failed,
    pub(super) places: Range<usize>,
}

impl Window {
    /// The commits between two runs of a job.
    pub(super) fn between(name: &str, good: &Run, bad: &Run, walk: &Walk<'_>) -> Result<Self> {
        let point = |time| Point { time, text: minute(time), by: Known::Log };
        let (since, until) = (exact(good.time + 1), exact(bad.time));
        let said: Vec<String> = bad.error.iter().cloned().collect();
        Ok(Self {
            name: name.to_owned(),
            failed_at: point(bad.time),
            last_good: point(good.time),
            failed: Failed {
                at: bad.time,
                symptoms: Symptoms::of(said.iter().map(String::as_str)),
                tables: Vec::new(),
            },
            said,
            places: walk.span(Some(&since), Some(&until))?,
        })
    }

    /// Notes which of the tables that were named in what was said are upstream of the job.
    fn sharpen(&mut self, job: &Job, walk: &Walk<'_>) {
        let Some(now) = walk.now() else { return };
        let graph = &now.project.graph;
        let reads = job.reads.iter().flat_map(|read| graph.resolve(read, job.project.as_deref()));
        let upstream = graph.upstream(reads).into_iter().map(|node| graph.relation(node).name.to_string());
        self.failed.tables.extend(upstream.filter(|name| self.failed.symptoms.names_failed(name)));
    }

    /// The commits that could have caused it, most suspicious first.
    pub(super) fn suspects<'f>(&self, job: &str, found: &'f Found) -> Vec<Suspect<'f>> {
        rank(&found.passages, job, &self.failed)
    }

    /// What was said is of the world outside.
    pub(super) fn is_outside(&self) -> bool {
        self.failed.symptoms.is_outside()
    }
}

const fn exact(time: i64) -> When {
    When::Time { first: time, last: time }
}

fn window(
    name: &str,
    failures: &[&Failure],
    args: &SuspectsArgs,
    results: Option<&Results>,
    log: &[Run],
    walk: &Walk<'_>,
) -> Result<Window> {
    let newest = walk.line.last().map_or(0, |commit| commit.time);
    let runs: Vec<&Run> = log.iter().filter(|run| run.job == name).collect();
    if runs.is_empty() && !log.is_empty() {
        let mut known: Vec<&str> = log.iter().map(|run| run.job.as_str()).collect();
        known.dedup();
        let near = crate::error::near_names(name, known, 1).first().map(|near| format!("did you mean `{near}`?"));
        return Err(Error::usage(format!("the log has no run of `{name}`"))
            .hint(near.unwrap_or_else(|| "the names are those in its column `job`".to_owned())));
    }
    let last_bad = runs.iter().rev().find(|run| run.ended == Ended::Badly);
    let (until, by) = match (&args.failed_at, results.and_then(|results| results.time), last_bad) {
        (Some(when @ When::Time { .. }), ..) => (when.clone(), Known::Given),
        (Some(when), ..) => (when.clone(), Known::Commit),
        (None, Some(time), _) => (exact(time), Known::Results),
        (None, None, Some(run)) => (exact(run.time), Known::Log),
        (None, None, None) => (exact(newest), Known::Assumed),
    };
    let end = match &until {
        When::Time { last, .. } => *last,
        When::Revision(revision) => walk.line.get(walk.place_of(revision)?).map_or(newest, |commit| commit.time),
    };
    let good = runs.iter().rev().find(|run| run.ended == Ended::Well && run.time < end);
    let (since, known) = match (&args.last_good, good) {
        (Some(when @ When::Time { .. }), _) => (when.clone(), Known::Given),
        (Some(when), _) => (when.clone(), Known::Commit),
        (None, Some(run)) => (exact(run.time + 1), Known::Log),
        (None, None) => (exact(end - FAR), Known::Assumed),
    };
    let start = match &since {
        When::Time { first, .. } => *first,
        When::Revision(revision) => walk.line.get(walk.place_of(revision)?).map_or(0, |commit| commit.time),
    };
    if start > end {
        return Err(Error::usage("it last worked after it failed").hint("check --last-good and --failed-at".to_owned()));
    }
    let mut said: Vec<String> = args.error.iter().cloned().collect();
    said.extend(failures.iter().map(|failure| match failure.message.trim() {
        "" => failure.name().to_owned(),
        message => format!("{}: {message}", failure.name()),
    }));
    let at_end = runs.iter().rev().find(|run| run.ended == Ended::Badly && run.time <= end);
    said.extend(at_end.and_then(|run| run.error.clone()));
    let models = failures.iter().filter(|failure| failure.kind() != "test").map(|failure| failure.name().to_owned());
    let point = |time, when: &When, by| match when {
        When::Time { first, last } if first < last => Point { time, text: day(time), by },
        _ => Point { time, text: minute(time), by },
    };
    Ok(Window {
        name: name.to_owned(),
        failed_at: point(end, &until, by),
        last_good: point(start, &since, known),
        failed: Failed { at: end, symptoms: Symptoms::of(said.iter().map(String::as_str)), tables: models.collect() },
        said,
        places: walk.span(Some(&since), Some(&until))?,
    })
}

/// What is meant by a name: a job, or a table as a job that reads it; by what there was when it failed, else by what
/// there is now. A name may mean another table today.
fn target(name: &str, walk: &Walk<'_>, places: &Range<usize>, common: &Common, ui: Ui) -> Result<Job> {
    let now = walk.now().ok_or_else(|| Error::input("nothing was read"))?;
    let last = places.end.checked_sub(1).and_then(|last| walk.line.get(last));
    if let Some(commit) = last.filter(|commit| Some(&commit.id) != walk.line.last().map(|newest| &newest.id)) {
        let side = OneSide { head: Some(Side::Revision(commit.id.clone())) };
        let then = reading::read(&reading::version(&side, common)?, common, ui);
        if let Some(job) = then.ok().and_then(|then| find(name, &then).ok()) {
            return Ok(job);
        }
    }
    find(name, now)
}

fn find(name: &str, reading: &Reading) -> Result<Job> {
    let finder = Finder::new(&reading.project, &reading.jobs, dialects(reading));
    if let Some(job) = finder.job(name) {
        return Ok(job.clone());
    }
    let tested = tested_by(name, reading);
    let found = finder.find_beside_jobs(tested.as_deref().unwrap_or(name))?;
    let graph = &reading.project.graph;
    let whole = found.targets.iter().filter(|target| target.share == Share::All).map(|target| target.relation);
    let relations: Vec<_> = whole.map(|node| graph.relation(node)).collect();
    let Some(first) = relations.first() else {
        return Err(
            Error::usage(format!("`{name}` is a column, and jobs and tables fail")).hint("name the table".to_owned())
        );
    };
    Ok(Job {
        name: first.name.to_string(),
        reads: relations.iter().map(|relation| Reference::Id(relation.id.clone(), Position::START)).collect(),
        owner: crate::audience::owner_of(first, &reading.settings, &reading.project, &reading.codeowners),
        ..Job::default()
    })
}

/// The table that a test of dbt tests, by its name: `unique_orders_id` tests `orders`.
fn tested_by(name: &str, reading: &Reading) -> Option<String> {
    const KINDS: [&str; 5] = ["source_unique_", "unique_", "not_null_", "accepted_values_", "relationships_"];
    let rest = KINDS.iter().find_map(|kind| name.strip_prefix(kind));
    let rest = rest.or_else(|| name.split_once("_expect_").map(|(_, rest)| rest)).unwrap_or(name);
    let graph = &reading.project.graph;
    if graph.nodes().any(|node| graph.relation(node).name.table().eq_ignore_ascii_case(name)) {
        return None;
    }
    let names = graph.nodes().map(|node| &graph.relation(node).name).filter(|known| {
        let table = known.table().to_lowercase();
        table.len() > 2 && rest.to_lowercase().split("__").any(|part| part.starts_with(&table))
            || rest.to_lowercase().contains(&format!("{table}_"))
    });
    names.max_by_key(|name| name.table().len()).map(ToString::to_string)
}

fn entry(window: Window, job: &Job, found: &Found, walk: &Walk<'_>, page: Option<&str>) -> FailureEntry {
    let ranked = window.suspects(&job.name, found);
    let is_suspect = |commit: &Commit| ranked.iter().any(|suspect| suspect.passage.commit.id == commit.id);
    let others: Vec<Commit> = found
        .passages
        .iter()
        .rev()
        .map(|passage| &passage.commit)
        .filter(|commit| !is_suspect(commit))
        .cloned()
        .collect();
    let suspects: Vec<SuspectEntry> =
        ranked.iter().enumerate().map(|(at, suspect)| suspect_entry(at + 1, suspect, page)).collect();
    let sources = if suspects.is_empty() { sources(job, walk) } else { Vec::new() };
    let skipped = found.skipped.iter().cloned().map(|(commit, reason)| SkippedEntry { commit, reason });
    FailureEntry {
        job: job.name.clone(),
        owner: job.owner_label().map(str::to_owned),
        failed_at: window.failed_at,
        last_good: window.last_good,
        said: window.said,
        commits: window.places.len(),
        suspects,
        others,
        sources,
        skipped: skipped.collect(),
    }
}

fn suspect_entry(rank: usize, suspect: &Suspect<'_>, page: Option<&str>) -> SuspectEntry {
    let (passage, job) = (suspect.passage, suspect.job);
    let start = job.path.first();
    let begins = passage.changes.iter().filter(|change| Some(&change.relation) == start);
    let reached = passage.jobs.iter().filter(|other| other.reach > headsup_lineage::reach::Reach::NotReached);
    SuspectEntry {
        rank,
        points: suspect.points,
        link: passage.commit.link(page),
        commit: passage.commit.clone(),
        reach: job.reach,
        effects: job.effects.clone(),
        what: begins.map(|change| format!("{}: {}", change.relation, change.phrase)).collect(),
        way: job.way.clone(),
        reasons: suspect.reasons.clone(),
        reached: reached
            .map(|other| ReachedEntry {
                job: other.job.clone(),
                owner: other.owner.clone(),
                criticality: other.criticality,
                reach: other.reach,
                happens: other.happens.clone(),
            })
            .collect(),
    }
}

/// The tables that a job gets its data from and that nothing here builds.
fn sources(job: &Job, walk: &Walk<'_>) -> Vec<String> {
    let Some(now) = walk.now() else { return Vec::new() };
    let graph = &now.project.graph;
    let reads = job.reads.iter().flat_map(|read| graph.resolve(read, job.project.as_deref()));
    let is_source = |kind| matches!(kind, RelationKind::Source | RelationKind::External | RelationKind::Seed);
    let mut names: Vec<String> = graph
        .upstream(reads)
        .into_iter()
        .map(|node| graph.relation(node))
        .filter(|relation| is_source(relation.kind))
        .map(|relation| relation.name.to_string())
        .collect();
    names.sort();
    names.dedup();
    names
}
