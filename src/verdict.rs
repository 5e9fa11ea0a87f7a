//! The verdict on a change as a check of a pull request has it: a conclusion, a line, and notes beside the lines that
//! reach jobs. It must not know which service shows it.

use std::collections::BTreeMap;

use headsup_lineage::reach::Reach;
use serde::{Deserialize, Serialize};

use crate::audience::Hold;
use crate::places::Place;
use crate::project::Criticality;
use crate::report::{ImpactReport, JobEntry};
use crate::text::turns_direction;

/// The most notes; those on critical jobs come first.
const MOST: usize = 500;
/// The most jobs that a note names.
const MOST_JOBS: usize = 5;
/// The longest name of a job; longer ones are cut.
const LONGEST_NAME: usize = 120;
/// The longest title, which is what GitHub takes.
const LONGEST_TITLE: usize = 250;
/// The longest text of a note.
const LONGEST_MESSAGE: usize = 4_000;

/// What a check says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The commit that it is about.
    pub commit: String,
    /// Whether the change may land.
    pub conclusion: Conclusion,
    /// It all in a line.
    pub title: String,
    /// What stands beside lines.
    pub notes: Vec<Note>,
    /// How many notes there were no room for.
    #[serde(default)]
    pub left_out: usize,
}

/// Whether a change may land, as far as this is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Conclusion {
    /// It reaches no job.
    Success,
    /// It reaches jobs, or may.
    Neutral,
    /// It is at or above what a run was told to fail on.
    Failure,
}

/// A note beside a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Note {
    /// How grave it is.
    pub level: Level,
    /// The file, from the root of the repository.
    pub path: String,
    /// The line in head.
    pub line: u32,
    /// Whom it reaches.
    pub title: String,
    /// What changes, and what that reaches; a line each.
    pub message: String,
}

/// How grave a note is, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A critical job is reached, or may be.
    Warning,
    /// Other jobs are.
    Notice,
}

impl Level {
    /// What services call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

impl Conclusion {
    /// What services call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Neutral => "neutral",
            Self::Failure => "failure",
        }
    }
}

/// What of a report decides a verdict; read from its JSON as well.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Findings {
    /// The relations that differ.
    #[serde(default)]
    pub changes: Vec<Changed>,
    /// The jobs.
    #[serde(default)]
    pub jobs: Vec<Judged>,
}

/// A relation that differs.
#[derive(Debug, Clone, Deserialize)]
pub struct Changed {
    /// Its name.
    pub relation: String,
    /// Where that stands by which it reaches jobs.
    #[serde(default)]
    pub places: Vec<Place>,
}

/// A job, as far as it is needed here and for the exit status.
#[derive(Debug, Clone, Deserialize)]
pub struct Judged {
    /// Its name.
    pub job: String,
    /// Whom it belongs to.
    #[serde(default)]
    pub owner: Option<String>,
    /// How much it matters.
    pub criticality: Criticality,
    /// Whether it is reached.
    pub reach: Reach,
    /// What holds the change up for its sake.
    #[serde(default)]
    pub hold: Option<Hold>,
}

impl From<&ImpactReport> for Findings {
    fn from(report: &ImpactReport) -> Self {
        let changed = report.changes.iter().filter(|change| !change.places.is_empty());
        let changed = changed
            .map(|change| Changed { relation: change.relation.to_string(), places: change.places.clone() })
            .collect();
        Self { changes: changed, jobs: report.jobs.iter().map(Judged::from).collect() }
    }
}

impl From<&JobEntry> for Judged {
    fn from(entry: &JobEntry) -> Self {
        Self {
            job: entry.job.clone(),
            owner: entry.owner.clone(),
            criticality: entry.criticality,
            reach: entry.reach,
            hold: entry.hold.clone(),
        }
    }
}

impl Findings {
    /// The verdict on a commit; `failed` says whether the run ends as one that fails, and `prefix` is the project's
    /// folder from the root of the repository.
    #[must_use]
    pub fn verdict(&self, commit: &str, failed: Failed, prefix: &str) -> Verdict {
        let mut notes = self.notes(prefix);
        let left_out = notes.len().saturating_sub(MOST);
        notes.truncate(MOST);
        let conclusion = match failed {
            Failed::Yes => Conclusion::Failure,
            Failed::No if self.jobs.iter().any(|job| job.reach > Reach::NotReached) => Conclusion::Neutral,
            Failed::No => Conclusion::Success,
        };
        Verdict { commit: commit.to_owned(), conclusion, title: self.title(), notes, left_out }
    }

    /// What stands beside lines, the gravest first.
    #[must_use]
    pub fn notes(&self, prefix: &str) -> Vec<Note> {
        let jobs: BTreeMap<&str, &Judged> = self.jobs.iter().map(|job| (job.job.as_str(), job)).collect();
        let mut notes = Vec::new();
        for change in &self.changes {
            for place in &change.places {
                let named: Vec<&Judged> = place.jobs.iter().filter_map(|job| jobs.get(job.as_str()).copied()).collect();
                notes.extend(note(&change.relation, place, &named, prefix));
            }
        }
        notes.sort();
        notes.dedup();
        notes
    }

    /// It all in a line: `reaches 2 jobs, 1 critical`.
    #[must_use]
    pub fn title(&self) -> String {
        let reached: Vec<&Judged> = self.jobs.iter().filter(|job| job.reach > Reach::NotReached).collect();
        match reach_of(&reached) {
            None => "reaches no job".to_owned(),
            Some(words) => cut(&harmless(&(words + &held(&reached))), LONGEST_TITLE),
        }
    }
}

/// Whether a run ends as one that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// It found what it was told to fail on.
    Yes,
    /// It did not.
    No,
}

fn note(relation: &str, place: &Place, jobs: &[&Judged], prefix: &str) -> Option<Note> {
    let title = reach_of(jobs)?;
    let critical = jobs.iter().any(|job| job.criticality == Criticality::Critical);
    let mut message = vec![format!("{relation}: {}", place.says)];
    for (words, reach) in [("Reaches", Reach::Reached), ("May reach", Reach::Unknown)] {
        let names: Vec<String> = jobs.iter().filter(|job| job.reach == reach).map(|job| named(job)).collect();
        if !names.is_empty() {
            message.push(format!("{words} {}", some_of(&names)));
        }
    }
    let message = message.iter().map(|line| harmless(line)).collect::<Vec<_>>().join("\n");
    let path = match prefix.trim_matches('/') {
        "" => place.file.clone(),
        prefix => format!("{prefix}/{}", place.file),
    };
    Some(Note {
        level: if critical { Level::Warning } else { Level::Notice },
        path,
        line: place.line,
        title: cut(&harmless(&title), LONGEST_TITLE),
        message: cut(&message, LONGEST_MESSAGE),
    })
}

/// What is reached, in numbers; of a single job, its name. Nothing where there is none.
fn reach_of(jobs: &[&Judged]) -> Option<String> {
    let count = |reach: Reach| jobs.iter().filter(|job| job.reach == reach).count();
    let (reached, unknown) = (count(Reach::Reached), count(Reach::Unknown));
    let critical = jobs.iter().filter(|job| job.criticality == Criticality::Critical).count();
    let these = |number: usize| match (number, jobs) {
        (1, [one]) => cut(&one.job, LONGEST_NAME),
        (1, _) => "1 job".to_owned(),
        (number, _) => format!("{number} jobs"),
    };
    let of_them = match (critical, jobs.len()) {
        (0, _) => String::new(),
        (1, 1) => ", which is critical".to_owned(),
        (number, _) => format!(", {number} critical"),
    };
    match (reached, unknown) {
        (0, 0) => None,
        (0, unknown) => Some(format!("may reach {}{of_them}", these(unknown))),
        (reached, 0) => Some(format!("reaches {}{of_them}", these(reached))),
        (reached, unknown) => Some(format!("reaches {}, and may reach {unknown} more{of_them}", these(reached))),
    }
}

/// What holds a change up.
fn held(jobs: &[&Judged]) -> String {
    let holds = || jobs.iter().filter_map(|job| job.hold.as_ref());
    if let Some(frozen) = holds().filter(|hold| hold.is_frozen()).find_map(|hold| hold.frozen.as_ref()) {
        return format!("; frozen {}", frozen.until);
    }
    match holds().find(|hold| hold.lacks_sign_off()) {
        Some(hold) => format!("; {}", hold.sign_off_words()),
        None => String::new(),
    }
}

/// A job with what its reader has to know of it: `finance_audit_report (critical, finance)`.
fn named(job: &Judged) -> String {
    let critical = match job.criticality {
        Criticality::Critical => Some("critical".to_owned()),
        Criticality::Important => Some("important".to_owned()),
        Criticality::Normal => None,
    };
    let about: Vec<String> = critical.into_iter().chain(job.owner.clone()).collect();
    let name = cut(&job.job, LONGEST_NAME);
    if about.is_empty() { name } else { format!("{name} ({})", about.join(", ")) }
}

fn some_of(names: &[String]) -> String {
    let shown = names[..names.len().min(MOST_JOBS)].join(", ");
    match names.len().saturating_sub(MOST_JOBS) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A text that a service shows as it is: one line, without mentions.
fn harmless(text: &str) -> String {
    let blank = |c: char| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c };
    let text = text.chars().map(blank).filter(|c| !c.is_control() && !turns_direction(*c));
    text.collect::<String>().replace('@', "@\u{200b}")
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(name: &str, criticality: Criticality, reach: Reach) -> Judged {
        Judged { job: name.to_owned(), owner: Some("finance".to_owned()), criticality, reach, hold: None }
    }

    fn findings(jobs: Vec<Judged>) -> Findings {
        let names = jobs.iter().map(|job| job.job.clone()).collect();
        let place =
            Place { file: "orders.sql".to_owned(), line: 14, says: "column tax is gone".to_owned(), jobs: names };
        Findings { changes: vec![Changed { relation: "core.orders".to_owned(), places: vec![place] }], jobs }
    }

    #[test]
    fn a_note_says_what_changes_and_whom_it_reaches() {
        let notes = findings(vec![
            job("audit", Criticality::Critical, Reach::Reached),
            job("@here\n", Criticality::Normal, Reach::Unknown),
            job("calm", Criticality::Normal, Reach::NotReached),
        ])
        .notes("warehouse/");
        let [note] = notes.as_slice() else { panic!("{notes:?}") };
        assert_eq!((note.level, note.path.as_str(), note.line), (Level::Warning, "warehouse/orders.sql", 14));
        assert_eq!(note.title, "reaches 1 job, and may reach 1 more, 1 critical");
        assert_eq!(
            note.message,
            "core.orders: column tax is gone\nReaches audit (critical, finance)\nMay reach @\u{200b}here  (finance)"
        );
    }

    #[test]
    fn the_conclusion_follows_the_reach_and_what_a_run_fails_on() {
        let of = |reach, failed| {
            let verdict = findings(vec![job("audit", Criticality::Critical, reach)]).verdict("c0ffee", failed, "");
            (verdict.conclusion.name(), verdict.title, verdict.notes.len())
        };
        assert_eq!(of(Reach::NotReached, Failed::No), ("success", "reaches no job".to_owned(), 0));
        let title = |words: &str| format!("{words} audit, which is critical");
        assert_eq!(of(Reach::Reached, Failed::No), ("neutral", title("reaches"), 1));
        assert_eq!(of(Reach::Unknown, Failed::No), ("neutral", title("may reach"), 1));
        assert_eq!(of(Reach::Reached, Failed::Yes), ("failure", title("reaches"), 1));
    }

    #[test]
    fn there_are_not_more_notes_than_anybody_reads_and_the_gravest_stay() {
        let mut many = findings(vec![job("calm", Criticality::Normal, Reach::Reached)]);
        many.jobs.push(job("audit", Criticality::Critical, Reach::Reached));
        let place = many.changes[0].places[0].clone();
        let places = (1..=600).map(|line| {
            let jobs = vec![if line == 600 { "audit" } else { "calm" }.to_owned()];
            Place { line, jobs, ..place.clone() }
        });
        many.changes[0].places = places.collect();
        let verdict = many.verdict("c0ffee", Failed::No, "");
        assert_eq!((verdict.notes.len(), verdict.left_out, verdict.notes[0].line), (500, 100, 600));
    }
}
