//! `headsup release-notes`: what changed between two releases, and what that is to whom.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headsup_lineage::change::{Change, Comparison};
use headsup_lineage::reach::{Reach, Spread, spread};
use headsup_lineage::relation::RelationId;

use super::deliver;
use super::depends::dialects;
use super::history::Walk;
use super::impact::{self, Versions};
use super::reading::{self, Reading};
use crate::audience::Job;
use crate::cli::{Common, HoldArgs, ImpactArgs, JobsFrom, ReleaseNotesArgs};
use crate::error::{Error, ExitStatus, Result, near_names};
use crate::git::history::History;
use crate::git::{self, Side};
use crate::headsup::{describe, happens};
use crate::history::{Commit, day};
use crate::project::Criticality;
use crate::report::release::{ChangeNote, CommitNote, JobNote, ReleaseReport, TeamNotes};
use crate::report::{JobEntry, VERSION};
use crate::selection::Finder;
use crate::ui::Ui;

/// So many tables that differ are looked at each by itself.
const MOST_ALONE: usize = 400;

pub(super) fn run(args: &ReleaseNotesArgs, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let (base, head) = ends(&args.range)?;
    let asked = ImpactArgs {
        base: Some(Side::Exact(base.to_owned())),
        head: Some(Side::Revision(head.to_owned())),
        base_manifest: None,
        fail_on: Vec::new(),
        hold: HoldArgs::default(),
    };
    let folder = reading::project_dir(common)?;
    let versions = impact::versions(impact::sides(&asked, common)?, &asked, common, ui)?;
    let page = git::origin::page(&folder);
    let git = History::open(&folder)?;
    let line = git.line_of(head)?;
    let made = made(&git, &line, base)?;
    let mut teams = teams(&versions);
    if let Some(team) = &args.team {
        keep_only(team, &mut teams)?;
    }
    let deprecated = deprecated(&versions);
    let day = versions.sides.head.committed.map(day);
    let mut changes: Vec<ChangeNote> = versions.comparison.all().map(|change| by_file(change, &made)).collect();
    if common.manifest.is_none() {
        // Two versions at a time are enough to hold.
        drop(versions.base);
        let reading = Reading { jobs: Vec::new(), ..versions.reading };
        let walk = Walk::with(common, git, line, reading, JobsFrom::Now);
        let files: Vec<&[Arc<str>]> = versions.comparison.all().map(|change| &*change.files).collect();
        by_effect(&mut changes, &files, &made, walk, ui);
    }
    changes.sort_by_cached_key(|change| Reverse(weight(change, &teams)));
    let report = ReleaseReport {
        version: VERSION,
        base: release(base),
        head: release(head),
        day,
        teams,
        changes,
        deprecated,
        commits: made.iter().rev().map(|made| note(&made.commit, page.as_deref())).collect(),
        audience: args.audience,
    };
    deliver(&report, common)?;
    Ok(ExitStatus::Done)
}

/// The two releases of `A..B`.
fn ends(range: &str) -> Result<(&str, &str)> {
    let wrong = || {
        Error::usage(format!("`{range}` does not say from where to where"))
            .hint("name two releases with two dots between them, such as v1.4..v1.5".to_owned())
    };
    let (base, head) = range.split_once("..").ok_or_else(wrong)?;
    let head = if head.is_empty() { "HEAD" } else { head };
    if base.is_empty() || head.starts_with('.') { Err(wrong()) } else { Ok((base, head)) }
}

/// What a release is called: a whole id of a commit by its beginning.
fn release(named: &str) -> String {
    let is_id = named.len() == 40 && named.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id { named.chars().take(8).collect() } else { named.to_owned() }
}

/// A commit of a release.
struct Made {
    commit: Commit,
    /// Its place on the line.
    place: usize,
    /// The files in which it differs from the one before.
    files: BTreeSet<String>,
}

/// The commits of a release by its own line, oldest first.
fn made(git: &History, line: &[Commit], base: &str) -> Result<Vec<Made>> {
    let start = git.first_after(line, base)?;
    let mut made = Vec::new();
    for (place, commit) in line.iter().enumerate().skip(start) {
        let files = match place.checked_sub(1).and_then(|before| line.get(before)) {
            Some(before) => git.changed(before, commit)?.iter().map(ToString::to_string).collect(),
            None => BTreeSet::new(),
        };
        made.push(Made { commit: commit.clone(), place, files });
    }
    Ok(made)
}

/// How much a change matters to whom the notes are for: how critical the job is that it arrives at, at how many jobs
/// it begins, and how many teams it may concern besides.
fn weight(change: &ChangeNote, teams: &[TeamNotes]) -> (Option<Criticality>, usize, usize) {
    let jobs = teams.iter().flat_map(|notes| &notes.reached);
    let begins: Vec<Criticality> = jobs
        .filter(|job| job.from.as_ref().is_some_and(|from| *from == change.relation))
        .map(|job| job.criticality)
        .collect();
    let besides = teams.iter().filter(|notes| notes.others.contains(&change.relation)).count();
    (begins.iter().max().copied(), begins.len(), besides)
}

/// A change with the commits that touched a file of its table.
fn by_file(change: &Change, made: &[Made]) -> ChangeNote {
    let touches = |made: &&Made| change.files.iter().any(|file| made.files.contains(&**file));
    ChangeNote {
        relation: change.name.to_string(),
        kind: change.kind,
        phrase: describe(&change.effects),
        commits: made.iter().filter(touches).map(|made| made.commit.id.clone()).collect(),
    }
}

/// Finds the commits of the changes that no commit's files explain: a macro, a variable or a setting did it. Each commit
/// is judged by itself for that, those first that touch what is no table's own file. A table is the same if its name is, or
/// a file of it: what it is called may depend on which others there are.
fn by_effect(changes: &mut [ChangeNote], files: &[&[Arc<str>]], made: &[Made], mut walk: Walk<'_>, ui: Ui) {
    let is_own = |file: &String| file.ends_with(".sql") && !file.split('/').any(|part| part == "macros");
    let (shared, own): (Vec<&Made>, Vec<&Made>) = made.iter().partition(|made| !made.files.iter().all(is_own));
    for commits in [shared, own] {
        let mut open: Vec<(&mut ChangeNote, &[Arc<str>])> =
            changes.iter_mut().zip(files.iter().copied()).filter(|(change, _)| change.commits.is_empty()).collect();
        if open.is_empty() {
            return;
        }
        let places: Vec<usize> = commits.iter().map(|made| made.place).filter(|place| *place > 0).collect();
        for passage in walk.at(&places, ui).passages {
            let names: BTreeSet<&str> = passage.changes.iter().map(|other| other.relation.as_str()).collect();
            let touched: BTreeSet<&str> =
                passage.changes.iter().flat_map(|other| other.files.iter().map(String::as_str)).collect();
            for (change, files) in &mut open {
                if names.contains(change.relation.as_str()) || files.iter().any(|file| touched.contains(&**file)) {
                    change.commits.push(passage.commit.id.clone());
                }
            }
        }
    }
}

fn note(commit: &Commit, page: Option<&str>) -> CommitNote {
    let with = commit.trailers.iter().filter(|(key, _)| key.eq_ignore_ascii_case("co-authored-by"));
    let name = |(_, value): &(String, String)| value.split('<').next().unwrap_or(value).trim().to_owned();
    let mut with: Vec<String> = with.map(name).filter(|name| *name != commit.author).collect();
    with.sort();
    with.dedup();
    CommitNote { commit: commit.clone(), link: commit.link(page), with }
}

/// What is gathered for one team.
#[derive(Default)]
struct Told {
    reached: Vec<JobEntry>,
    /// The tables upstream of its jobs that differ.
    upstream: BTreeSet<String>,
    /// Those of which something may arrive.
    may: BTreeSet<String>,
    spared: usize,
}

/// What each team or owner has to know, who is hit hardest first.
fn teams(versions: &Versions) -> Vec<TeamNotes> {
    let Versions { base, reading, comparison, .. } = versions;
    let project = &reading.project;
    let spread = spread(&base.graph, &project.graph, comparison);
    let finder = Finder::new(project, &reading.jobs, dialects(reading));
    let mut teams: BTreeMap<Option<String>, Told> = BTreeMap::new();
    for job in versions.jobs() {
        let entry = impact::judged(job, &spread, comparison, &finder, project).impact.job;
        let told = teams.entry(entry.owner.clone()).or_default();
        told.upstream.extend(changed_upstream(job, versions, comparison));
        match entry.reach {
            Reach::NotReached => told.spared += 1,
            reach => {
                told.may.extend(may_arrive(job, reach, &spread, versions));
                told.reached.push(entry);
            }
        }
    }
    sharpen(&mut teams, versions, &finder);
    let notes = teams.into_iter().map(|(team, mut told)| {
        told.reached.sort_by(|a, b| (b.criticality, b.reach, &a.job).cmp(&(a.criticality, a.reach, &b.job)));
        let reached: Vec<JobNote> = told.reached.into_iter().map(job_note).collect();
        for way in reached.iter().filter_map(|job| job.from.as_ref()) {
            told.upstream.remove(way);
        }
        let (others, upstream) = told.upstream.into_iter().partition(|table| told.may.contains(table));
        TeamNotes { team, reached, others, upstream, spared: told.spared }
    });
    let mut notes: Vec<TeamNotes> = notes.collect();
    let hardest = |notes: &TeamNotes| notes.reached.first().map(|job| (job.criticality, job.reach));
    notes.sort_by(|a, b| (hardest(b), b.reached.len(), &a.team).cmp(&(hardest(a), a.reached.len(), &b.team)));
    notes
}

fn job_note(entry: JobEntry) -> JobNote {
    JobNote {
        way: entry.way(),
        from: entry.path.as_ref().and_then(|path| path.first()).map(ToString::to_string),
        happens: happens(&entry.effects),
        job: entry.job,
        criticality: entry.criticality,
        reach: entry.reach,
        reason: entry.reason,
    }
}

/// The tables upstream of a job that differ.
fn changed_upstream(job: &Job, versions: &Versions, comparison: &Comparison) -> Vec<String> {
    let graph = &versions.reading.project.graph;
    let read = job.reads.iter().flat_map(|read| graph.resolve(read, job.project.as_deref()));
    let upstream: BTreeSet<&RelationId> =
        graph.upstream(read).into_iter().map(|node| &graph.relation(node).id).collect();
    let changed = comparison.changes.iter().filter(|change| upstream.contains(&change.id));
    changed.map(|change| change.name.to_string()).collect()
}

/// The tables that differ from which a way leads to what a job reads, on which something arrives at each table. Where it
/// cannot be told what a table on the way reads, that is every one upstream.
fn may_arrive(job: &Job, reach: Reach, spread: &Spread<'_>, versions: &Versions) -> BTreeSet<String> {
    let graph = &versions.reading.project.graph;
    let arrivals = spread.arrivals();
    let changed: BTreeMap<&RelationId, String> =
        versions.comparison.changes.iter().map(|change| (&change.id, change.name.to_string())).collect();
    let mut open: Vec<_> = job.reads.iter().flat_map(|read| graph.resolve(read, job.project.as_deref())).collect();
    let (mut seen, mut found, mut doubt) = (BTreeSet::new(), BTreeSet::new(), reach == Reach::Unknown);
    while let Some(node) = open.pop() {
        let id = &graph.relation(node).id;
        let (arrival, change) = (arrivals.get(id), changed.get(id));
        if (arrival.is_none() && change.is_none()) || !seen.insert(node) {
            continue;
        }
        doubt |= arrival.is_some_and(|arrival| arrival.reach == Reach::Unknown);
        found.extend(change.cloned());
        open.extend(graph.parents(node));
    }
    if doubt { changed_upstream(job, versions, &versions.comparison).into_iter().collect() } else { found }
}

/// Takes out of what may arrive those tables that, were they all that differs, would reach no job of the team.
fn sharpen(teams: &mut BTreeMap<Option<String>, Told>, versions: &Versions, finder: &Finder<'_>) {
    let Versions { base, reading, comparison, .. } = versions;
    let named: BTreeSet<String> = teams.values().flat_map(|told| told.may.iter().cloned()).collect();
    if named.len() > MOST_ALONE {
        return;
    }
    let mut alone = comparison.clone();
    alone.redefined.clear();
    for change in &comparison.changes {
        let name = change.name.to_string();
        if !named.contains(&name) {
            continue;
        }
        alone.changes = vec![change.clone()];
        let spread = spread(&base.graph, &reading.project.graph, &alone);
        let reached: BTreeSet<Option<String>> = versions
            .jobs()
            .map(|job| impact::judged(job, &spread, &alone, finder, &reading.project).impact.job)
            .filter(|entry| entry.reach > Reach::NotReached)
            .map(|entry| entry.owner)
            .collect();
        for (owner, told) in teams.iter_mut() {
            if !reached.contains(owner) {
                told.may.remove(&name);
            }
        }
    }
}

/// Leaves the notes of one team, also if there is nothing that it has to know.
fn keep_only(team: &str, teams: &mut Vec<TeamNotes>) -> Result<()> {
    if teams.iter().any(|notes| notes.team.as_deref() == Some(team)) {
        teams.retain(|notes| notes.team.as_deref() == Some(team));
        return Ok(());
    }
    let names = teams.iter().filter_map(|notes| notes.team.as_deref());
    let hint = match near_names(team, names, 1).first() {
        Some(near) => format!("did you mean `{near}`?"),
        None => "--team takes a team of headsup.yml, or an owner as `headsup jobs` shows him".to_owned(),
    };
    Err(Error::usage(format!("no job belongs to `{team}`")).hint(hint))
}

/// The tables that have the tag `deprecated` now.
fn deprecated(versions: &Versions) -> Vec<String> {
    const TAG: &str = "deprecated";
    let Versions { base, reading, .. } = versions;
    let is_tagged = |attributes: Option<&crate::project::Attributes>| {
        attributes.is_some_and(|said| said.tags.iter().any(|tag| tag.eq_ignore_ascii_case(TAG)))
    };
    let graph = &reading.project.graph;
    let tagged = reading.project.attributes.iter().filter(|(_, said)| is_tagged(Some(said)));
    let new = tagged.filter(|(id, _)| !is_tagged(base.attributes.get(id)));
    let mut names: Vec<String> =
        new.filter_map(|(id, _)| Some(graph.relation(graph.by_id(id)?).name.to_string())).collect();
    names.sort();
    names
}
