//! Impacts to one heads-up per owner: the words. It must not know markup or where a message goes.

use std::collections::BTreeMap;

use headsup_lineage::change::{ChangeKind, Effect, EffectKind};
use headsup_lineage::name::{ColumnName, RelationName};
use headsup_lineage::reach::Reach;
use serde::{Deserialize, Serialize};

use crate::audience::{Hears, Hold};
use crate::project::Criticality;
use crate::report::{ChangeEntry, EffectEntry, JobEntry};
use crate::settings::Standard;

/// One message to one owner about one base..head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadsUp {
    /// Whom it is for.
    pub owner: String,
    /// Where he is told, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// What it says in a line.
    pub subject: String,
    /// What it says, in plain text, a paragraph a line.
    pub body: String,
    /// The owner's jobs that it is about.
    pub jobs: Vec<String>,
    /// What changed, a sentence a table, as far as it concerns these jobs.
    pub what: Vec<String>,
    /// What that means for each of the jobs, the most critical first.
    pub about: Vec<AboutJob>,
    /// The owner's jobs of which it cannot be told, and of which he wants to hear in passing only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentioned: Vec<AboutJob>,
    /// How all this is known.
    pub known_by: String,
    /// How many other jobs of the owner were checked and are not reached.
    pub spared: usize,
}

/// What a change means for one job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AboutJob {
    /// Its name.
    pub job: String,
    /// How much it matters.
    pub criticality: Criticality,
    /// How much its owner wants to hear.
    pub standard: Standard,
    /// Whether it is reached.
    pub reach: Reach,
    /// What happens to what it reads, in a phrase; empty where no more is known than that something does.
    pub happens: String,
    /// What happens to what it reads, worst first, each once.
    pub effects: Vec<EffectKind>,
    /// What happens where the way to it starts, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<EffectKind>,
    /// The tables from the change to what it reads, with columns where they are known.
    pub way: Vec<String>,
    /// Why it cannot be told, where it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What holds the change up for its sake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
}

/// A job of an owner, and whether his standard asks for a message about it.
#[derive(Debug, Clone)]
pub struct Impact {
    /// The job and what arrives.
    pub job: JobEntry,
    /// Where the owner is told.
    pub channel: Option<String>,
    /// How much he wants to hear.
    pub standard: Standard,
    /// Whether he hears of it.
    pub hears: Hears,
}

/// Who is behind a change, as far as is known.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The branch, the commit, or `working tree`.
    pub head: String,
    /// What it is compared with.
    pub base: String,
}

/// One heads-up for each owner with a job whose standard is met, by owner.
///
/// A job without an owner gives none: that it has nobody to tell is a finding of its own.
#[must_use]
pub fn write(impacts: &[Impact], changes: &[ChangeEntry], sender: &Sender) -> Vec<HeadsUp> {
    let mut by_owner: BTreeMap<(&str, Option<&str>), Vec<&Impact>> = BTreeMap::new();
    for impact in impacts {
        if let Some(owner) = &impact.job.owner {
            by_owner.entry((owner, impact.channel.as_deref())).or_default().push(impact);
        }
    }
    let mut headsups = Vec::new();
    for ((owner, channel), impacts) in by_owner {
        let that = |hears: Hears| {
            let mut found: Vec<&Impact> = impacts.iter().filter(|impact| impact.hears == hears).copied().collect();
            found.sort_by(|a, b| {
                let (a, b) = (&a.job, &b.job);
                (b.criticality, b.reach, &a.job).cmp(&(a.criticality, a.reach, &b.job))
            });
            found
        };
        let (heard, mentioned) = (that(Hears::Yes), that(Hears::InPassing));
        if heard.is_empty() {
            continue;
        }
        let told: Vec<&JobEntry> = heard.iter().map(|impact| &impact.job).collect();
        // Of a job that is reached, and whose owner wants to hear of less, nothing is said.
        let is_spared = |impact: &&&Impact| impact.hears == Hears::No && impact.job.reach == Reach::NotReached;
        let spared = impacts.iter().filter(is_spared).count();
        let mentioned: Vec<AboutJob> = mentioned.into_iter().map(about).collect();
        headsups.push(HeadsUp {
            owner: owner.to_owned(),
            channel: channel.map(str::to_owned),
            subject: subject(&told),
            body: body(&told, changes, sender, checked(spared, &mentioned)),
            jobs: told.iter().map(|job| job.job.clone()).collect(),
            what: sentences(&told, changes),
            about: heard.iter().map(|impact| about(impact)).collect(),
            mentioned,
            known_by: known_by(&told, changes),
            spared,
        });
    }
    headsups
}

fn about(impact: &Impact) -> AboutJob {
    let job = &impact.job;
    let mut effects: Vec<EffectKind> = job.effects.iter().map(|effect| effect.effect).collect();
    effects.sort_unstable();
    effects.dedup();
    AboutJob {
        job: job.job.clone(),
        criticality: job.criticality,
        standard: impact.standard,
        reach: job.reach,
        happens: happens(&job.effects),
        effects,
        cause: job.steps.first().map(|step| step.effect),
        way: job.way(),
        reason: job.reason.clone(),
        hold: job.hold.clone(),
    }
}

fn subject(told: &[&JobEntry]) -> String {
    let of = |reach: Reach| told.iter().copied().filter(|job| job.reach == reach).collect::<Vec<_>>();
    let named = |jobs: &[&JobEntry]| match jobs {
        [one] => one.job.clone(),
        [first, rest @ ..] => format!("{} and {} more of your jobs", first.job, rest.len()),
        [] => String::new(),
    };
    let (reached, doubtful) = (of(Reach::Reached), of(Reach::Unknown));
    let may = match (reached.len(), doubtful.len()) {
        (_, 0) => String::new(),
        (1, number) => format!(", and may reach {number} more of your jobs"),
        (_, number) => format!(", and may reach {number} more"),
    };
    match (reached.as_slice(), doubtful.as_slice()) {
        ([], []) => format!("a change upstream of {}", named(told)),
        ([], doubtful) => format!("a change may reach {}", named(doubtful)),
        (reached, _) => match origin(reached) {
            Some(relation) => format!("a change to {relation} reaches {}{may}", named(reached)),
            None => format!("a change reaches {}{may}", named(reached)),
        },
    }
}

/// The relation that the change starts at, if all told jobs are reached from the same one.
fn origin<'a>(told: &[&'a JobEntry]) -> Option<&'a RelationName> {
    let mut origins = told.iter().filter_map(|job| job.path.as_ref().and_then(|path| path.first()));
    let first = origins.next()?;
    origins.all(|other| other == first).then_some(first)
}

fn body(told: &[&JobEntry], changes: &[ChangeEntry], sender: &Sender, checked: Option<String>) -> String {
    let mut lines = Vec::new();
    let mut say = |label: &str, text: String| lines.push(format!("{label:<9}{text}"));
    for text in what(told, changes) {
        say("What", text);
    }
    for job in told.iter().take(5) {
        say("For you", for_you(job));
    }
    if told.len() > 5 {
        say("", format!("and {} more of your jobs", told.len() - 5));
    }
    for job in told {
        if let Some(hold) = &job.hold {
            let (label, text) = held(&job.job, hold);
            say(label, text);
        }
    }
    say("Known by", known_by(told, changes));
    say("Who", format!("{}, not merged into {} yet", sender.head, sender.base));
    say("Do", "nothing if the timing is fine; otherwise answer before it is merged".to_owned());
    if let Some(checked) = checked {
        say("Checked", checked);
    }
    lines.join("\n")
}

/// What holds a change up for a job's sake, behind its label.
#[must_use]
pub fn held(job: &str, hold: &Hold) -> (&'static str, String) {
    let word = hold.sign_off_words();
    match &hold.frozen {
        Some(frozen) => ("Frozen", format!("{job}, {}; {word}", frozen.until)),
        None => ("Sign-off", format!("{job}: {word}")),
    }
}

/// What is known of the owner's jobs that the message is not about.
#[must_use]
pub fn checked(spared: usize, mentioned: &[AboutJob]) -> Option<String> {
    let spared = match spared {
        0 => None,
        1 => Some("your other job is not reached".to_owned()),
        number => Some(format!("your other {number} jobs are not reached")),
    };
    let doubtful = match mentioned {
        [] => None,
        [one] => Some(format!("whether {} is reached cannot be told", one.job)),
        [first, rest @ ..] => {
            Some(format!("whether {} and {} more of your jobs are reached cannot be told", first.job, rest.len()))
        }
    };
    match (spared, doubtful) {
        (Some(spared), Some(doubtful)) => Some(format!("{spared}; {doubtful}")),
        (one, other) => one.or(other),
    }
}

fn what(told: &[&JobEntry], changes: &[ChangeEntry]) -> Vec<String> {
    let mut texts = Vec::new();
    for job in told {
        let Some(start) = job.path.as_ref().and_then(|path| path.first()) else { continue };
        let Some(change) = changes.iter().find(|change| change.relation == *start) else { continue };
        let text = format!("{}: {}", change.relation, describe(&concerning(job, &change.effects)));
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    if texts.len() > 4 {
        let more = texts.len() - 3;
        texts.truncate(3);
        texts.push(format!("and {more} more relations"));
    }
    texts
}

/// What changed, a sentence a table, as somebody would say it who does not know the code: all tables that
/// the told jobs hear of, each once.
fn sentences(told: &[&JobEntry], changes: &[ChangeEntry]) -> Vec<String> {
    const MOST: usize = 50;
    let mut texts = Vec::new();
    for job in told {
        let Some(start) = job.path.as_ref().and_then(|path| path.first()) else { continue };
        let Some(change) = changes.iter().find(|change| change.relation == *start) else { continue };
        let text = sentence(change, &concerning(job, &change.effects));
        if !texts.contains(&text) && texts.len() < MOST {
            texts.push(text);
        }
    }
    // Where no way is known, any of the changes may be the one.
    if texts.is_empty() && told.iter().any(|job| job.reach == Reach::Unknown) {
        texts.extend(changes.iter().take(MOST).map(|change| sentence(change, &change.effects)));
    }
    texts
}

fn sentence(change: &ChangeEntry, effects: &[Effect]) -> String {
    match change.kind {
        ChangeKind::Removed => format!("{} is gone", change.relation),
        ChangeKind::Added => format!("{} is new", change.relation),
        ChangeKind::Modified | ChangeKind::Renamed => format!("{}: {}", change.relation, plainly(effects)),
    }
}

/// The same for somebody who does not know the code: `column tax is gone`.
#[must_use]
pub fn plainly(effects: &[Effect]) -> String {
    in_a_row(effects.iter().map(plain_phrase))
}

/// An effect as one says it: `column tax is gone`.
fn plain_phrase(effect: &Effect) -> String {
    match (&effect.column, effect.kind, effect.detail.as_deref()) {
        (Some(column), EffectKind::Added, None | Some("the column is new")) => format!("column {column} is new"),
        (Some(column), EffectKind::Removed, None | Some("the column is gone")) => format!("column {column} is gone"),
        (Some(column), EffectKind::Removed, Some(detail)) => format!("column {column} is gone: {detail}"),
        _ => phrase(effect),
    }
}

/// Of what differs where the way to a job starts, that by which it comes there; all of it if that
/// cannot be told.
#[must_use]
pub fn concerning(job: &JobEntry, effects: &[Effect]) -> Vec<Effect> {
    let Some(first) = job.steps.first() else { return effects.to_vec() };
    let is_it = |effect: &&Effect| {
        let column = effect.column.as_ref().map(ColumnName::as_str);
        effect.kind == first.effect && column == first.column.as_deref()
    };
    let found: Vec<Effect> = effects.iter().filter(is_it).cloned().collect();
    if found.is_empty() { effects.to_vec() } else { found }
}

/// How it is known that the jobs are reached: column by column, unless some change on the way was only
/// compared as a whole.
fn known_by(told: &[&JobEntry], changes: &[ChangeEntry]) -> String {
    let is_coarse = |job: &&JobEntry| {
        let start = job.path.as_ref().and_then(|path| path.first());
        let change = start.and_then(|start| changes.iter().find(|change| change.relation == *start));
        change.is_some_and(ChangeEntry::is_coarse)
    };
    let how = "which columns and rows depend on which, in the SQL of both versions";
    match told.iter().any(is_coarse) {
        true => format!("{how}; what changed was compared as a whole, so your job may not notice"),
        false => how.to_owned(),
    }
}

fn for_you(job: &JobEntry) -> String {
    let what = match happens(&job.effects) {
        what if what.is_empty() => String::new(),
        what => format!(": {what}"),
    };
    match job.reach {
        Reach::Reached => match job.path.as_deref() {
            Some([only]) => format!("{} reads {only}{what}", job.job),
            Some([first, .., last]) => format!("{} reads {last}, which is built from {first}{what}", job.job),
            _ => format!("{} is reached{what}", job.job),
        },
        Reach::Unknown => {
            format!("{} may be reached: {}", job.job, job.reason.as_deref().unwrap_or("it cannot be told"))
        }
        Reach::NotReached => format!("{} has it upstream, and is not reached", job.job),
    }
}

/// What happens to what a job reads, worst first: `total may differ; rows may be duplicated`. Nothing
/// where no more is known than that something does.
#[must_use]
pub fn happens(effects: &[EffectEntry]) -> String {
    const MOST: usize = 3;
    let mut kinds: Vec<EffectKind> = effects.iter().map(|effect| effect.effect).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut phrases = Vec::new();
    for kind in kinds.into_iter().filter(|kind| *kind != EffectKind::Unspecified) {
        let of_kind = || effects.iter().filter(move |effect| effect.effect == kind);
        let columns: Vec<&ColumnName> = of_kind().filter_map(|effect| effect.column.as_ref()).collect();
        if columns.is_empty() {
            phrases.push(match kind {
                EffectKind::Revalued => "columns that nobody names may differ".to_owned(),
                EffectKind::Removed => "it is gone".to_owned(),
                EffectKind::Broken
                | EffectKind::Regrained
                | EffectKind::MayFail
                | EffectKind::Moved
                | EffectKind::Config => {
                    format!("it {}", words(kind))
                }
                EffectKind::Added => "it is new".to_owned(),
                _ => words(kind).to_owned(),
            });
            continue;
        }
        let shown: Vec<&str> = columns.iter().take(MOST).map(|column| column.as_str()).collect();
        let more = match columns.len().saturating_sub(MOST) {
            0 => String::new(),
            number => format!(" and {number} more columns"),
        };
        phrases.push(format!("{}{more} {}", shown.join(", "), words_of_columns(kind, columns.len())));
    }
    phrases.join("; ")
}

/// An effect on one column or on several.
fn words_of_columns(kind: EffectKind, columns: usize) -> String {
    match (kind, columns) {
        (EffectKind::Removed, 1) => "is gone".to_owned(),
        (EffectKind::Removed, _) => "are gone".to_owned(),
        (EffectKind::Added, 1) => "is new".to_owned(),
        (EffectKind::Added, _) => "are new".to_owned(),
        (EffectKind::Broken, 1) => "is gone, and the job names it".to_owned(),
        (EffectKind::Broken, _) => "are gone, and the job names them".to_owned(),
        (EffectKind::Retyped, 1) => "has another type".to_owned(),
        (EffectKind::Retyped, _) => "have another type".to_owned(),
        _ => words(kind).to_owned(),
    }
}

/// Effects as one phrase, worst first: `the SQL differs; materialized: view → table`.
#[must_use]
pub fn describe(effects: &[Effect]) -> String {
    in_a_row(effects.iter().map(phrase))
}

fn phrase(effect: &Effect) -> String {
    match (&effect.column, &effect.detail) {
        (Some(column), Some(detail)) => format!("column {column} {}: {detail}", words(effect.kind)),
        (Some(column), None) => format!("column {column} {}", words(effect.kind)),
        (None, Some(detail)) => detail.clone(),
        (None, None) => words(effect.kind).to_owned(),
    }
}

/// Phrases in one, each once, and the first few of many.
fn in_a_row(all: impl Iterator<Item = String>) -> String {
    let mut phrases: Vec<String> = Vec::new();
    for phrase in all {
        let phrase = clipped(&phrase);
        if !phrases.contains(&phrase) {
            phrases.push(phrase);
        }
    }
    if phrases.len() > 4 {
        let more = phrases.len() - 3;
        phrases.truncate(3);
        phrases.push(format!("{more} more"));
    }
    phrases.join("; ")
}

/// A phrase in which no quotation of SQL is so long that nobody would read it.
fn clipped(phrase: &str) -> String {
    const LONGEST_QUOTE: usize = 64;
    const LONGEST: usize = 240;
    let mut parts: Vec<String> = phrase.split('`').map(ToOwned::to_owned).collect();
    // What became of what: the beginning that both have says nothing.
    if let [_, was, between, is, _] = parts.as_mut_slice()
        && between == " to "
        && was.chars().count().max(is.chars().count()) > LONGEST_QUOTE
    {
        (*was, *is) = without_common_start(was, is);
    }
    let shorter = parts
        .iter()
        .enumerate()
        .map(|(place, part)| if place % 2 == 1 { cut_at(part, LONGEST_QUOTE) } else { part.clone() });
    cut_at(&shorter.collect::<Vec<_>>().join("`"), LONGEST)
}

/// Two texts from shortly before where they differ.
fn without_common_start(left: &str, right: &str) -> (String, String) {
    /// So much of what both have shows where it is.
    const SHOWN: usize = 16;
    let common = left.char_indices().zip(right.chars()).take_while(|((_, left), right)| left == right);
    let same: Vec<(usize, char)> = common.map(|(left, _)| left).collect();
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '.';
    // From the beginning of a word.
    let until = same.len().saturating_sub(SHOWN);
    let start = same[..until].iter().rposition(|(_, letter)| !is_word(*letter)).map_or(0, |place| place + 1);
    match same.get(start) {
        Some((at, _)) if start > 1 => (format!("…{}", &left[*at..]), format!("…{}", &right[*at..])),
        _ => (left.to_owned(), right.to_owned()),
    }
}

/// The beginning of a text, up to a space, if it is longer than so many characters.
pub(crate) fn cut_at(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let start: String = text.chars().take(most).collect();
    let end = start.rfind(' ').unwrap_or(start.len());
    format!("{} …", start[..end].trim_end())
}

/// An effect in a person's words.
#[must_use]
pub const fn words(effect: EffectKind) -> &'static str {
    match effect {
        EffectKind::Broken => "no longer runs",
        EffectKind::Removed => "removed",
        EffectKind::Retyped => "retyped",
        EffectKind::RowsDuplicated => "rows may be duplicated",
        EffectKind::Regrained => "has another grain",
        EffectKind::MayFail => "may fail when it runs",
        EffectKind::RowsRemoved => "rows may be missing",
        EffectKind::RowsAdded => "rows may be added",
        EffectKind::Revalued => "may differ",
        EffectKind::Unspecified => "columns and rows may differ",
        EffectKind::Moved => "has another name",
        EffectKind::Reordered => "has its columns in another order",
        EffectKind::Config => "is built in another way",
        EffectKind::Added => "added",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_expressions_are_shown_where_they_differ() {
        let long = |column: &str| {
            format!("md5(cast(coalesce(cast(cast(stg_tracks.{column} as date) as text), '_null_') as text))")
        };
        let phrase = format!("the expression changed from `{}` to `{}`", long("received_at"), long("timestamp"));
        assert_eq!(
            clipped(&phrase),
            "the expression changed from `…cast(stg_tracks.received_at as date) as text), '_null_') as …` to \
             `…cast(stg_tracks.timestamp as date) as text), '_null_') as …`"
        );
        assert_eq!(clipped("from `a` to `ab`"), "from `a` to `ab`");
        assert_eq!(without_common_start("äö", "äü"), ("äö".to_owned(), "äü".to_owned()));
        let same = "x".repeat(90);
        assert_eq!(without_common_start(&same, &same).0, same);
    }
}
