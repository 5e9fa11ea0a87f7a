//! Along the line of a branch: each commit compared with the one before it, as `impact` would, but with each
//! version read once, and nothing read twice in two runs.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use headsup_lineage::change::{Comparison, Version as Of, compare_with};
use headsup_lineage::reach::spread_toward;

use super::depends::dialects_of;
use super::impact::{self, Standing};
use super::reading::project_dir;
use super::reading::{self, Reading, SettingsFile};
use crate::audience::{self, Hears, Job};
use crate::cli::{Common, JobsFrom, OneSide};
use crate::error::{Error, Result};
use crate::git::history::History;
use crate::git::{self, Version};
use crate::headsup::{self, Impact, Sender};
use crate::history::{Commit, Passage, When, between};
use crate::project::definition::redefinitions;
use crate::project::{self, Ahead, Plan, Project, Sequence, Source};
use crate::report::ChangeEntry;
use crate::selection::Finder;
use crate::settings::{Settings, Standard};
use crate::ui::{Progress, Ui};

mod cache;
mod passage;

use cache::Kept;

/// A branch whose commits are gone through.
pub(super) struct Walk<'c> {
    common: &'c Common,
    git: History,
    /// The branch's own commits, oldest first.
    pub(super) line: Vec<Commit>,
    jobs: JobsOf,
    kept: Kept,
    sequence: Option<Sequence>,
    settings: Option<SettingsFile>,
    last: Option<Last>,
    /// The commit after that, if its files were read while it was judged.
    ahead: Option<Next>,
}

/// A commit whose turn comes next.
struct Next {
    commit: String,
    version: Version,
    /// The files that differ from the version before.
    changed: Vec<Arc<str>>,
    read: Ahead,
}

/// The version that was read last, and the commit whose files it has, as far as any project reads them.
struct Last {
    commit: String,
    version: Version,
}

/// Whose jobs are judged.
enum JobsOf {
    /// Those that each commit has.
    Then,
    /// Those of today.
    Now(Box<Reading>),
}

/// What was found on the way.
#[derive(Default)]
pub(super) struct Found {
    pub(super) passages: Vec<Passage>,
    /// The commits that could not be judged, with the reason.
    pub(super) skipped: Vec<(Commit, String)>,
}

impl<'c> Walk<'c> {
    /// Opens the history of the default branch, or of a revision's own line.
    pub(super) fn open(common: &'c Common, from: JobsFrom, revision: Option<&str>, ui: Ui) -> Result<Self> {
        if common.manifest.is_some() {
            return Err(Error::usage("a manifest says only what one version is")
                .hint("leave --manifest out: the versions of a history are read from their source".to_owned()));
        }
        let folder = project_dir(common)?;
        let git = History::open(&folder)?;
        let line = match revision {
            Some(revision) => git.line_of(revision)?,
            None => git.line()?,
        };
        let now = reading::read(&reading::version(&OneSide { head: None }, common)?, common, ui)?;
        Ok(Self::with(common, git, line, now, from))
    }

    /// A line of commits whose effects on what was read already are asked for.
    pub(super) fn with(common: &'c Common, git: History, line: Vec<Commit>, now: Reading, from: JobsFrom) -> Self {
        let kept = Kept::open(common, Some(&now.jobs).filter(|_| from == JobsFrom::Now), &now);
        let jobs = match from {
            JobsFrom::Then => JobsOf::Then,
            JobsFrom::Now => JobsOf::Now(Box::new(now)),
        };
        Self { common, git, line, jobs, kept, sequence: None, settings: None, last: None, ahead: None }
    }

    /// What there is now, if its jobs are judged.
    pub(super) fn now(&self) -> Option<&Reading> {
        match &self.jobs {
            JobsOf::Now(now) => Some(now),
            JobsOf::Then => None,
        }
    }

    /// Judges these jobs beside those of today, and in place of those that have their names.
    pub(super) fn ask(&mut self, common: &Common, jobs: Vec<Job>) {
        let JobsOf::Now(now) = &mut self.jobs else { return };
        now.jobs.retain(|known| jobs.iter().all(|job| job.name != known.name));
        now.jobs.extend(jobs);
        now.jobs.sort_by(|a, b| a.name.cmp(&b.name));
        self.kept = Kept::open(common, Some(&now.jobs), now);
    }

    /// The commits from one point to another, by their places on the line. A revision as the start is left out,
    /// as in `A..B`, and as the end is taken in.
    pub(super) fn span(&self, since: Option<&When>, until: Option<&When>) -> Result<Range<usize>> {
        let time = |when: &When, edge: fn(i64, i64) -> i64| match when {
            When::Time { first, last } => Some(edge(*first, *last)),
            When::Revision(_) => None,
        };
        let since_time = since.and_then(|when| time(when, |first, _| first));
        let until_time = until.and_then(|when| time(when, |_, last| last));
        let mut span = between(&self.line, since_time, until_time);
        if let Some(When::Revision(revision)) = since {
            span.start = self.place_of(revision)? + 1;
        }
        if let Some(When::Revision(revision)) = until {
            span.end = self.place_of(revision)? + 1;
        }
        // The first commit of all has nothing to be compared with.
        span.start = span.start.max(1).min(self.line.len());
        span.end = span.end.max(span.start);
        Ok(span)
    }

    /// The place of the commit by which a revision came to the branch.
    pub(super) fn place_of(&self, revision: &str) -> Result<usize> {
        self.git.place_on(&self.line, revision)?.ok_or_else(|| {
            Error::usage(format!("`{revision}` did not come to the branch whose history is read"))
                .hint("name a commit of the default branch, or one that was merged into it".to_owned())
        })
    }

    /// What some commits of the line change, by their places. What cannot be judged is passed over.
    pub(super) fn at(&mut self, places: &[usize], ui: Ui) -> Found {
        let progress = ui.count("going through the history", places.len());
        let mut found = Found::default();
        for (number, place) in places.iter().enumerate() {
            let then = places.get(number + 1).copied().filter(|then| *then == place + 1);
            self.one(*place, then, &mut found, &progress);
        }
        found
    }

    /// What each commit of a span changes, and what that is to each job.
    pub(super) fn passages(&mut self, span: Range<usize>, ui: Ui) -> Result<Found> {
        let found = self.at(&span.clone().collect::<Vec<_>>(), ui);
        match (found.passages.is_empty(), found.skipped.first()) {
            (true, Some((commit, why))) => {
                Err(Error::input(format!("none of {} commits could be judged: {}: {why}", span.len(), commit.short())))
            }
            _ => Ok(found),
        }
    }

    /// Judges the commit at a place; the place of another one is given if that comes right after it.
    fn one(&mut self, place: usize, then: Option<usize>, found: &mut Found, progress: &Progress) {
        let Some([base, head]) = place.checked_sub(1).and_then(|before| self.line.get(before..=place)) else { return };
        if let Some(known) = self.kept.get(&base.id, &head.id) {
            found.passages.push(known);
        } else {
            let (base, head) = (base.clone(), head.clone());
            let then = then.and_then(|then| self.line.get(then)).cloned();
            match self.compare(&base, &head, then.as_ref()) {
                Ok(passage) => {
                    self.kept.keep(&passage);
                    found.passages.push(passage);
                }
                Err(error) => {
                    self.last = None;
                    found.skipped.push((head, error.to_string()));
                }
            }
        }
        progress.done_one();
    }

    fn compare(&mut self, base: &Commit, head: &Commit, then: Option<&Commit>) -> Result<Passage> {
        if let Some(Next { version, changed, read, .. }) = self.ahead.take().filter(|next| next.commit == head.id)
            && let Some(last) = self.last.take().filter(|last| last.commit == base.id)
        {
            let passage = self.judge([base, head], [&last.version, &version], &changed, (Some(read), then))?;
            self.last = Some(Last { commit: head.id.clone(), version });
            return Ok(passage);
        }
        let changed = self.git.changed(base, head)?;
        let goes_on = self.last.as_ref().is_some_and(|last| last.commit == base.id);
        let is_read = self.git.has_links()
            || self.lists_differ(&changed)
            || self.sequence.as_ref().is_none_or(|sequence| sequence.plan().may_read(&changed));
        if let (Some(last), true, false) = (&mut self.last, goes_on, is_read) {
            last.commit.clone_from(&head.id);
            return Ok(Passage::nothing(head.clone(), base.id.clone(), changed.len()));
        }
        let before = match self.last.take() {
            Some(last) if goes_on => last.version,
            _ => self.git.version(base)?,
        };
        let after = self.git.version(head)?;
        let changed = match self.git.has_links() {
            true => git::changed(&before.snapshot, &after.snapshot),
            false => changed,
        };
        self.prepare(&before, &after, &changed, goes_on)?;
        let passage = self.judge([base, head], [&before, &after], &changed, (None, then))?;
        self.last = Some(Last { commit: head.id.clone(), version: after });
        Ok(passage)
    }

    /// Whether one of the lists of tables that settings name is among some files.
    fn lists_differ(&self, changed: &[Arc<str>]) -> bool {
        let Some(file) = self.settings.as_ref() else { return false };
        let lists = [&file.settings.catalog, &file.settings.columns];
        lists.into_iter().flatten().any(|list| changed.iter().any(|path| **path == *list.as_str()))
    }

    /// Sees to it that settings and plan are those of the pair.
    fn prepare(&mut self, before: &Version, after: &Version, changed: &[Arc<str>], goes_on: bool) -> Result<()> {
        let sequence = self.sequence.as_ref().filter(|_| goes_on);
        if sequence.is_some_and(|known| !known.needs_plan(changed)) && !self.lists_differ(changed) {
            return Ok(());
        }
        let versions = [&before.snapshot, &after.snapshot];
        let planned = |settings: &Settings| project::plan(&versions, settings, self.common.dialect);
        let plan = match &self.jobs {
            JobsOf::Now(now) => {
                let mut plan = planned(&now.settings);
                plan.tables = now.plan.tables.clone();
                plan
            }
            JobsOf::Then => {
                let file = reading::settings_of(after, self.common)?;
                let mut plan = planned(&file.settings);
                plan.tables = reading::tables(self.common, &file, after, &plan)?;
                self.settings = Some(file);
                plan
            }
        };
        match &mut self.sequence {
            Some(sequence) => sequence.change_plan(plan, changed),
            None => self.sequence = Some(Sequence::new(plan)),
        }
        Ok(())
    }

    /// The commit after one, with its version and what differs there, if it is to be read by the plan that is in
    /// force.
    fn following(&mut self, head: &Commit, then: &Commit) -> Option<(String, Version, Vec<Arc<str>>)> {
        if self.git.has_links() || self.kept.get(&head.id, &then.id).is_some() {
            return None;
        }
        // Whatever is wrong with it is found when its turn comes.
        let changed = self.git.changed(head, then).ok()?;
        let sequence = self.sequence.as_ref()?;
        let is_read = sequence.plan().may_read(&changed);
        if !is_read || sequence.needs_plan(&changed) || self.lists_differ(&changed) {
            return None;
        }
        Some((then.id.clone(), self.git.version(then).ok()?, changed))
    }

    /// Reads both versions, as far as that has not been done, and compares them; meanwhile the commit after them is
    /// read.
    fn judge(
        &mut self,
        commits: [&Commit; 2],
        versions: [&Version; 2],
        changed: &[Arc<str>],
        (ahead, then): (Option<Ahead>, Option<&Commit>),
    ) -> Result<Passage> {
        let sequence = self.sequence.as_ref().ok_or_else(|| Error::input("the history was not planned"))?;
        let plan = sequence.plan().clone();
        let following = then.and_then(|then| self.following(commits[1], then));
        std::thread::scope(|scope| {
            let (plan, base) = (&plan, &versions[1].snapshot);
            let reading = following.and_then(|(commit, version, changed)| {
                let read = move || {
                    let read = Ahead::read(base, &version.snapshot, plan);
                    Next { commit, version, changed, read }
                };
                // Without a thread it is read when its turn comes.
                std::thread::Builder::new().spawn_scoped(scope, read).ok()
            });
            let passage = self.judge_read(commits, versions, changed, plan, ahead);
            self.ahead = reading.and_then(|reading| reading.join().ok());
            passage
        })
    }

    fn judge_read(
        &mut self,
        commits: [&Commit; 2],
        versions: [&Version; 2],
        changed: &[Arc<str>],
        plan: &Plan,
        ahead: Option<Ahead>,
    ) -> Result<Passage> {
        let ([base_commit, head_commit], [before, after]) = (commits, versions);
        let sequence = self.sequence.as_mut().ok_or_else(|| Error::input("the history was not planned"))?;
        let source = |version| Source { snapshot: version, manifest: None };
        let (base, head) = sequence.next(source(&before.snapshot), source(&after.snapshot), ahead);
        let differing: BTreeSet<_> = changed.iter().cloned().collect();
        let file = |version: Of, path: &str| {
            let side = match version {
                Of::Base => before,
                Of::Head => after,
            };
            side.snapshot.text(path).ok()
        };
        let mut comparison = compare_with(&base.graph, &head.graph, &differing, &file);
        comparison.unread = impact::unread(&base, head, &differing);
        comparison.redefined = redefinitions(&base, head, &comparison);
        let (jobs, settings);
        match &self.jobs {
            JobsOf::Now(now) => {
                settings = &now.settings;
                jobs = now.jobs.iter().filter_map(|job| known_in(job, &base, head)).collect();
            }
            JobsOf::Then => {
                let file = self.settings.as_ref().ok_or_else(|| Error::input("the settings were not read"))?;
                settings = &file.settings;
                jobs = jobs_then(file, before, after, &base, head, self.common);
            }
        }
        let (impacts, changes) = judged(&jobs, &base, head, &comparison, plan, settings);
        let sender = Sender { head: head_commit.short().to_owned(), base: base_commit.short().to_owned() };
        let messages = passage::messages(&impacts, &changes, &sender);
        // Nobody has to wait until it is taken apart.
        rayon::spawn(move || drop(base));
        Ok(Passage {
            commit: head_commit.clone(),
            base: base_commit.id.clone(),
            files: changed.len(),
            changes: changes.iter().map(passage::changed).collect(),
            unchanged: comparison.unchanged.len(),
            jobs: impacts.iter().map(|(impact, meets)| passage::touched(impact, *meets)).collect(),
            messages,
        })
    }
}

impl Drop for Walk<'_> {
    /// What was kept of the versions takes time to take apart, which nobody has to wait for.
    fn drop(&mut self) {
        let kept = (self.sequence.take(), self.ahead.take());
        rayon::spawn(move || drop(kept));
    }
}

/// A job with something upstream that was touched, and the narrowest standard under which its owner hears, if he does.
type Touched = (Impact, Option<Standard>);

/// The jobs that something upstream of which was touched, each with the narrowest standard that is met; and
/// what differs.
fn judged(
    jobs: &[Job],
    base: &Project,
    head: &Project,
    comparison: &Comparison,
    plan: &Plan,
    settings: &Settings,
) -> (Vec<Touched>, Vec<ChangeEntry>) {
    let reads = jobs.iter().flat_map(|job| job.reads.iter().map(|read| (read, job.project.as_deref())));
    let spread = spread_toward(reads, &base.graph, &head.graph, comparison);
    let finder = Finder::new(head, jobs, dialects_of(plan, settings));
    let judge = |job: &Job| impact::judged(job, &spread, comparison, &finder, head);
    let is_touched = |judged: &Standing| judged.facts.narrowest().is_some();
    let judged = jobs.iter().map(judge).filter(is_touched);
    let mut impacts: Vec<Touched> = judged.map(|judged| (judged.impact, judged.told.narrowest())).collect();
    impacts.sort_by(|(a, _), (b, _)| a.job.job.cmp(&b.job.job));
    (impacts, impact::changes(comparison))
}

/// A job of today as far as its reads are found in two versions; `None` if it did not exist then.
fn known_in(job: &Job, base: &Project, head: &Project) -> Option<Job> {
    let is_found = |project: &Project, read| !project.graph.resolve(read, job.project.as_deref()).is_empty();
    let reads: Vec<_> = job.reads.iter().filter(|read| is_found(base, read) || is_found(head, read)).cloned().collect();
    (!reads.is_empty() || job.reads.is_empty()).then(|| Job { reads, ..job.clone() })
}

/// The jobs of both versions, as `impact` judges them.
fn jobs_then(
    file: &SettingsFile,
    before: &Version,
    after: &Version,
    base: &Project,
    head: &Project,
    common: &Common,
) -> Vec<Job> {
    let codeowners = reading::codeowners_of(after).0;
    let mut jobs = audience::jobs(&file.settings, &file.path, head, &codeowners);
    let of_base = reading::jobs_of_base(&file.settings, &codeowners, before, base, common);
    reading::hold_to_base(&mut jobs, &of_base);
    let gone: Vec<Job> = of_base.into_iter().filter(|job| jobs.iter().all(|known| known.name != job.name)).collect();
    jobs.extend(gone);
    jobs
}

/// The messages that are sent if all owners have one standard.
fn under(standard: Standard, impacts: &[Touched], changes: &[ChangeEntry], sender: &Sender) -> Vec<headsup::HeadsUp> {
    let impacts: Vec<Impact> = impacts
        .iter()
        .map(|(impact, meets)| {
            let hears = if meets.is_some_and(|meets| meets >= standard) { Hears::Yes } else { Hears::No };
            Impact { hears, standard, ..impact.clone() }
        })
        .collect();
    headsup::write(&impacts, changes, sender)
}
