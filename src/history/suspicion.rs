//! Which of some commits could have made a job fail, and how much speaks for each. It must not know git, nor
//! where errors come from.
//!
//! What speaks for a commit is counted in points, and every point has its reason in words: what arrives at
//! the job, how that fits the error, how near it is, and how long ago.

use headsup_lineage::change::EffectKind;
use headsup_lineage::reach::Reach;

use super::{Happening, Passage, TouchedJob};

mod symptom;

pub use symptom::{Symptom, Symptoms};

/// What is known of a failure.
#[derive(Debug, Clone, Default)]
pub struct Failed {
    /// When, in seconds since 1970.
    pub at: i64,
    /// What was said.
    pub symptoms: Symptoms,
    /// The tables that failed, or whose tests did, by name.
    pub tables: Vec<String>,
}

/// A commit that could have caused a failure.
#[derive(Debug, Clone)]
pub struct Suspect<'p> {
    /// What it changes.
    pub passage: &'p Passage,
    /// What arrives at the job.
    pub job: &'p TouchedJob,
    /// How much speaks for it.
    pub points: u32,
    /// What speaks for it, the strongest first.
    pub reasons: Vec<String>,
}

/// The commits whose effects reach a job or may reach it, most suspicious first.
#[must_use]
pub fn rank<'p>(passages: &'p [Passage], job: &str, failed: &Failed) -> Vec<Suspect<'p>> {
    let arrives = |passage: &'p Passage| {
        let found = passage.jobs.iter().find(|touched| touched.job == job)?;
        (found.reach > Reach::NotReached).then(|| suspect(passage, found, failed))
    };
    let mut suspects: Vec<Suspect<'p>> = passages.iter().filter_map(arrives).collect();
    // Of two that are as suspicious the later one is looked at first.
    suspects.sort_by_key(|suspect| std::cmp::Reverse((suspect.points, suspect.passage.commit.time)));
    suspects
}

fn suspect<'p>(passage: &'p Passage, job: &'p TouchedJob, failed: &Failed) -> Suspect<'p> {
    let mut reasons = vec![by_kind(passage, job)];
    reasons.extend(by_table(passage, job, failed));
    reasons.extend(by_error(passage, job, failed));
    reasons.push(by_distance(job));
    reasons.push(by_time(passage, failed));
    let points: u32 = reasons.iter().map(|(points, _)| points).sum();
    // What may have nothing to do with the job stands behind what surely reaches it.
    let points = if job.reach == Reach::Unknown { points / 2 } else { points };
    reasons.sort_by_key(|(points, _)| std::cmp::Reverse(*points));
    let reasons = reasons.into_iter().filter(|(_, why)| !why.is_empty()).map(|(_, why)| why).collect();
    Suspect { passage, job, points, reasons }
}

/// How much an effect speaks for itself: what breaks readers before what only differs.
const fn weight(effect: EffectKind) -> u32 {
    match effect {
        EffectKind::Broken => 60,
        EffectKind::Removed => 55,
        EffectKind::Moved => 50,
        EffectKind::Retyped | EffectKind::RowsDuplicated => 45,
        EffectKind::Regrained | EffectKind::MayFail => 40,
        EffectKind::RowsRemoved | EffectKind::Unspecified => 30,
        EffectKind::RowsAdded | EffectKind::Revalued => 25,
        EffectKind::Reordered => 15,
        EffectKind::Config => 10,
        EffectKind::Added => 5,
    }
}

/// What arrives at the job, and what that comes of: values that only differ are worse where rows were duplicated.
fn by_kind(passage: &Passage, job: &TouchedJob) -> (u32, String) {
    use EffectKind::{Regrained, Retyped, RowsDuplicated, RowsRemoved};
    let worst = job.effects.iter().map(|happening| weight(happening.effect)).max().unwrap_or_default();
    let begins = passage.changes.iter().filter(|change| job.path.first() == Some(&change.relation));
    let spoils = |effect: EffectKind| matches!(effect, RowsDuplicated | Regrained | RowsRemoved | Retyped);
    let causes = begins.flat_map(|change| &change.effects).filter(|happening| spoils(happening.effect));
    let cause = causes.max_by_key(|happening| weight(happening.effect));
    let of_cause = cause.map_or(0, |happening| weight(happening.effect) * 3 / 4);
    let happens = if job.happens.is_empty() { "anything may differ" } else { &job.happens };
    let because = match cause.filter(|_| of_cause > worst) {
        Some(cause) => format!("{happens}, as {} where it begins", of_rows(cause.effect)),
        None => happens.to_owned(),
    };
    let points = worst.max(of_cause);
    let (points, taken_back) = match is_revert(passage) {
        true => (points / 2, "it takes an earlier commit back, and so "),
        false => (points, ""),
    };
    match (job.reach, &job.reason) {
        (Reach::Unknown, Some(reason)) => (points, format!("it may reach the job: {reason}")),
        (Reach::Unknown, None) => (points, "it may reach the job".to_owned()),
        _ => (points, format!("{taken_back}{because}")),
    }
}

/// Whether a commit restores what was before another.
fn is_revert(passage: &Passage) -> bool {
    let subject = passage.commit.subject.trim_start_matches(['"', '[', '(']).to_lowercase();
    subject.starts_with("revert")
}

/// Whether it changes a table that failed, or lies on the way to it.
fn by_table(passage: &Passage, job: &TouchedJob, failed: &Failed) -> Option<(u32, String)> {
    let is_failed = |relation: &str| failed.tables.iter().any(|table| same_table(table, relation));
    let changed = passage.changes.iter().find(|change| is_failed(&change.relation));
    let on_the_way = || job.path.iter().find(|relation| is_failed(relation));
    match (changed, on_the_way()) {
        (Some(change), _) => Some((50, format!("it changes {}, which failed", change.relation))),
        (None, Some(relation)) => Some((25, format!("it reaches the job through {relation}, which failed"))),
        (None, None) => None,
    }
}

/// Whether two names end in the same table.
fn same_table(one: &str, other: &str) -> bool {
    let last = |name: &str| name.rsplit('.').next().unwrap_or(name).trim_matches('"').to_lowercase();
    last(one) == last(other)
}

/// How well it explains what was said.
fn by_error(passage: &Passage, job: &TouchedJob, failed: &Failed) -> Vec<(u32, String)> {
    let symptoms = &failed.symptoms;
    let mut reasons: Vec<(u32, String)> = named_table(passage, symptoms).into_iter().collect();
    let of_changes = passage.changes.iter().flat_map(|change| &change.effects);
    let happenings: Vec<&Happening> = of_changes.chain(&job.effects).collect();
    let fits = |happening: &&&Happening| symptoms.kinds.iter().any(|symptom| symptom.comes_of(happening.effect));
    let names = |happening: &&&Happening| happening.column.as_ref().is_some_and(|column| symptoms.name(column));
    if let Some(happening) = happenings.iter().find(|happening| fits(happening) && names(happening)) {
        let column = happening.column.as_deref().unwrap_or_default();
        reasons.push((100, format!("the error names {column}, {}", words(happening.effect))));
        return reasons;
    }
    if let Some(happening) = happenings.iter().find(names) {
        let column = happening.column.as_deref().unwrap_or_default();
        reasons.push((50, format!("the error names {column}, which it touches")));
    }
    let fitting = symptoms.kinds.iter().find_map(|symptom| {
        let found = happenings.iter().find(|happening| symptom.comes_of(happening.effect))?;
        Some((symptom, found))
    });
    if let Some((symptom, happening)) = fitting {
        reasons.push((40, format!("{} can come of it: {}", symptom.words(), of_rows(happening.effect))));
    }
    reasons
}

/// Whether what was said names a table that it changes.
fn named_table(passage: &Passage, symptoms: &Symptoms) -> Option<(u32, String)> {
    let change = passage.changes.iter().find(|change| symptoms.name(&change.relation))?;
    let gone = change.effects.iter().any(|happening| {
        matches!(happening.effect, EffectKind::Removed | EffectKind::Moved) && happening.column.is_none()
    });
    let points = if gone && symptoms.kinds.contains(&Symptom::MissingTable) { 100 } else { 45 };
    Some((points, format!("the error names {}, which it changes", change.relation)))
}

/// An effect on a column that an error names.
const fn words(effect: EffectKind) -> &'static str {
    match effect {
        EffectKind::Broken => "which is gone and was still asked for",
        EffectKind::Removed => "which it takes away",
        EffectKind::Retyped => "to which it gives another type",
        EffectKind::Added => "which it adds",
        _ => "whose values it changes",
    }
}

const fn of_rows(effect: EffectKind) -> &'static str {
    match effect {
        EffectKind::Broken | EffectKind::Removed => "something that was there is gone",
        EffectKind::Moved => "a table has another name",
        EffectKind::Retyped => "a type differs",
        EffectKind::RowsDuplicated => "rows may be duplicated",
        EffectKind::Regrained => "the grain differs",
        EffectKind::MayFail => "it may fail when it runs",
        EffectKind::RowsRemoved => "rows may be missing",
        EffectKind::RowsAdded => "there may be other rows",
        EffectKind::Revalued => "values may differ",
        EffectKind::Unspecified => "anything may differ",
        EffectKind::Reordered | EffectKind::Config | EffectKind::Added => "a table is built in another way",
    }
}

/// How near the change is to the job.
fn by_distance(job: &TouchedJob) -> (u32, String) {
    match job.path.len() {
        0 => (0, String::new()),
        1 => (20, format!("it changes {}, which is read directly", job.path.first().map_or("", String::as_str))),
        length => {
            let steps = u32::try_from(length).unwrap_or(u32::MAX);
            (20 / steps, format!("it begins {} upstream", super::count(length - 1, "table")))
        }
    }
}

/// How long before the failure it came: what is new is suspected first.
fn by_time(passage: &Passage, failed: &Failed) -> (u32, String) {
    const HOUR: i64 = 3_600;
    const DAY: i64 = 24 * HOUR;
    /// After so many days half of the points are left.
    const HALF: i64 = 4;
    let ago = (failed.at - passage.commit.time).max(0);
    let mut points = 30_000;
    for _ in 0..(ago / (HALF * DAY)).min(15) {
        points /= 2;
    }
    let rest = u32::try_from(ago % (HALF * DAY) * 1_000 / (HALF * DAY)).unwrap_or_default();
    points -= points / 2 * rest / 1_000;
    let words = match (ago / DAY, ago / HOUR) {
        (0, 0) => "it came within the hour before".to_owned(),
        (0, hours) => format!("it came {} before", super::count(usize::try_from(hours).unwrap_or_default(), "hour")),
        (days, _) => format!("it came {} before", super::count(usize::try_from(days).unwrap_or_default(), "day")),
    };
    (points / 1_000, words)
}

#[cfg(test)]
mod tests;
