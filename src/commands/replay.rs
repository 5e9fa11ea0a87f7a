//! `headsup replay`: how many messages each team would have had under each standard.

use std::ops::Range;

use super::answer::Asked;
use super::history::Walk;
use super::reading;
use crate::cli::{Common, OneSide, ReplayArgs};
use crate::error::{Error, ExitStatus, Result, near_names};
use crate::git::history::History;
use crate::history::{Passage, When};
use crate::report::replay::{Named, ReplayReport, SkippedEntry, Span};
use crate::ui::Ui;

/// How far back it goes unless somebody says.
const YEAR: i64 = 365 * 86_400;

pub(super) fn run(args: &ReplayArgs, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let version = reading::version(&OneSide { head: None }, common)?;
    let question = format!("{args:?} {:?}", revisions(args, common)?);
    Asked::of("replay", &question, &version, common)?
        .answer(common, || Ok((report(args, common, ui)?, ExitStatus::Done)))
}

/// What all revisions that are named stand for, and the end of the history: they may move.
fn revisions(args: &ReplayArgs, common: &Common) -> Result<Vec<String>> {
    let git = History::open(&reading::project_dir(common)?)?;
    let named = |when: &Option<When>| match when {
        Some(When::Revision(revision)) => Some(revision.clone()),
        _ => None,
    };
    let incidents =
        args.incident.iter().map(|named| named.split_once('=').map_or(named.as_str(), |(revision, _)| revision));
    let typed: Vec<String> = [named(&args.since), named(&args.until), args.branch.clone()]
        .into_iter()
        .flatten()
        .chain(incidents.map(str::to_owned))
        .collect();
    let mut ids: Vec<String> = typed.iter().map(|typed| git.id_of(typed)).collect::<Result<_>>()?;
    ids.push(git.tip()?);
    Ok(ids)
}

fn report(args: &ReplayArgs, common: &Common, ui: Ui) -> Result<ReplayReport> {
    let mut walk = Walk::open(common, args.jobs_from, args.branch.as_deref(), ui)?;
    let places = places(args, &walk)?;
    let incidents: Vec<(String, usize, Option<String>)> =
        args.incident.iter().map(|named| incident(named, &walk)).collect::<Result<_>>()?;
    let time = |place: usize| walk.line.get(place).map(|commit| commit.time);
    let (first, last) = (time(places.start), places.end.checked_sub(1).and_then(time));
    let (Some(first), Some(last)) = (first.filter(|_| !places.is_empty()), last) else {
        return Err(Error::usage("there are no commits in that time")
            .hint("--since and --until take a day such as 2026-01-31, or a revision".to_owned()));
    };
    let edge = |when: Option<&When>, first: bool| match when {
        Some(When::Time { first: start, .. }) if first => Some(*start),
        Some(When::Time { last: end, .. }) => Some(*end),
        _ => None,
    };
    let since =
        edge(args.since.as_ref(), true).unwrap_or(if args.since.is_none() { first.max(last - YEAR) } else { first });
    let newest = walk.line.last().map_or(last, |commit| commit.time);
    let until = edge(args.until.as_ref(), false).map_or(last, |until| until.min(newest)).max(last);
    let mut found = walk.passages(places.clone(), ui)?;
    let mut named = Vec::new();
    for (name, place, job) in incidents {
        let id = walk.line.get(place).map(|commit| commit.id.clone()).unwrap_or_default();
        let known = found.passages.iter().find(|passage| passage.commit.id == id).cloned();
        let passage = match known {
            Some(passage) => passage,
            None => walk.passages(place..place + 1, ui)?.passages.pop().ok_or_else(|| {
                Error::usage(format!("`{name}` is the first commit, which changed nothing that was there before"))
            })?,
        };
        check_job(&name, job.as_deref(), &passage, &found.passages)?;
        named.push(Named { named: name, passage, job });
    }
    let skipped = std::mem::take(&mut found.skipped);
    let mut report = ReplayReport::new(Span { since, until }, args.jobs_from, args.by, found.passages, named);
    report.skipped = skipped.into_iter().map(|(commit, reason)| SkippedEntry { commit, reason }).collect();
    Ok(report)
}

/// The commits that are asked about, by their places; a year of them if nobody says.
fn places(args: &ReplayArgs, walk: &Walk<'_>) -> Result<Range<usize>> {
    let mut places = walk.span(args.since.as_ref(), args.until.as_ref())?;
    if args.since.is_none()
        && let Some(last) = places.end.checked_sub(1).and_then(|last| walk.line.get(last))
    {
        let since = When::Time { first: last.time - YEAR, last: last.time - YEAR };
        places.start = walk.span(Some(&since), None)?.start.min(places.end);
    }
    Ok(places)
}

/// An incident as it is named: `REV` or `REV=JOB`.
fn incident(named: &str, walk: &Walk<'_>) -> Result<(String, usize, Option<String>)> {
    let (revision, job) = match named.split_once('=') {
        Some((revision, job)) => (revision, Some(job.to_owned())),
        None => (named, None),
    };
    Ok((named.to_owned(), walk.place_of(revision)?, job))
}

/// That a job is not among those that the commit touched may be the answer, or a slip.
fn check_job(named: &str, job: Option<&str>, passage: &Passage, all: &[Passage]) -> Result<()> {
    let Some(job) = job else { return Ok(()) };
    let mut known = all.iter().chain([passage]).flat_map(|passage| &passage.jobs).map(|known| known.job.as_str());
    if known.any(|known| known == job) {
        return Ok(());
    }
    let mut names: Vec<&str> = all.iter().flat_map(|passage| &passage.jobs).map(|known| known.job.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let hint = match near_names(job, names, 1).first() {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`headsup jobs` lists them".to_owned(),
    };
    Err(Error::usage(format!("in `{named}`, nothing in all that time touched a job called `{job}`")).hint(hint))
}
