//! `headsup release-notes` for a person at a terminal.

use headsup_lineage::change::ChangeKind;
use headsup_lineage::reach::Reach;

use super::suspects::title;
use super::{Detail, Mark, Page, Sheet, count, list};
use crate::cli::Audience;
use crate::project::Criticality;
use crate::render::{Report, markdown};
use crate::report::release::{ChangeNote, CommitNote, JobNote, ReleaseReport, TeamNotes};

/// So many tables are named in a row.
const NAMES: usize = 8;

impl Report for ReleaseReport {
    fn text(&self, page: &Page) -> String {
        match self.audience {
            Audience::Page => terminal(self, page),
            Audience::Slack => markdown::release_for_slack(self),
            Audience::Changelog => markdown::release_for_changelog(self),
        }
    }

    fn markdown(&self) -> String {
        match self.audience {
            Audience::Page => markdown::release(self),
            Audience::Slack => markdown::release_for_slack(self),
            Audience::Changelog => markdown::release_for_changelog(self),
        }
    }
}

fn terminal(report: &ReleaseReport, page: &Page) -> String {
    let mut sheet = Sheet::new(page);
    sheet.paragraph(0, &summary(report));
    for notes in &report.teams {
        sheet.blank();
        team(&mut sheet, report, notes);
    }
    for (heading, names) in lists(report) {
        sheet.blank();
        sheet.hanging(&format!("{heading}: "), 2, &list(&names, most(page)));
    }
    if page.detail >= Detail::Normal && !report.commits.is_empty() {
        sheet.blank();
        sheet.line(&[(None, "Commits")]);
        for note in report.commits.iter().take(if page.detail == Detail::Full { usize::MAX } else { 15 }) {
            let head = format!("  {}  {}  ", note.commit.day(), note.commit.short());
            sheet.hanging(&head, 23, &format!("{}, {}", title(&note.commit), note.commit.author));
        }
        if page.detail < Detail::Full && report.commits.len() > 15 {
            sheet.paragraph(2, &format!("and {} more; -v shows all", report.commits.len() - 15));
        }
    }
    sheet.finish()
}

const fn most(page: &Page) -> usize {
    match page.detail {
        Detail::Full => usize::MAX,
        _ => NAMES,
    }
}

/// What the release is, in a sentence.
pub(in crate::render) fn summary(report: &ReleaseReport) -> String {
    let authors = report.authors();
    let by = if authors.is_empty() { String::new() } else { format!(" by {}", list(&authors, 5)) };
    let reached: usize = report.teams.iter().map(|team| team.reached.len()).sum();
    let jobs = match reached {
        0 => "no job is reached".to_owned(),
        number => format!("{} or may be", count(number, "job is reached", "jobs are reached")),
    };
    format!(
        "From {} to {}: {}{by}; {}, and {jobs}.",
        report.base,
        report.head,
        count(report.commits.len(), "commit", "commits"),
        count(report.changes.len(), "table differs", "tables differ"),
    )
}

/// The tables that are new, gone, called otherwise, or deprecated; each list with its heading.
pub(in crate::render) fn lists(report: &ReleaseReport) -> Vec<(&'static str, Vec<String>)> {
    let of_kind =
        |kind| report.changes.iter().filter(move |change| change.kind == kind).map(|change| change.relation.clone());
    let all = [
        ("New tables", of_kind(ChangeKind::Added).collect()),
        ("Removed tables", of_kind(ChangeKind::Removed).collect()),
        ("Renamed tables", of_kind(ChangeKind::Renamed).collect()),
        ("Deprecated tables", report.deprecated.clone()),
    ];
    all.into_iter().filter(|(_, names): &(_, Vec<String>)| !names.is_empty()).collect()
}

/// What is to come at a job, in words.
pub(in crate::render) fn happens(job: &JobNote) -> String {
    match (job.reach, &job.reason) {
        (Reach::Unknown, Some(reason)) => format!("it cannot be told whether it is reached: {reason}"),
        (Reach::Unknown, None) => "it cannot be told whether it is reached".to_owned(),
        _ if job.happens.is_empty() => "it is reached".to_owned(),
        _ => job.happens.clone(),
    }
}

/// How much a job matters, where that is worth a word.
pub(in crate::render) const fn weight(criticality: Criticality) -> &'static str {
    match criticality {
        Criticality::Critical => "critical",
        Criticality::Important => "important",
        Criticality::Normal => "",
    }
}

/// Who is meant by notes.
pub(in crate::render) fn name(notes: &TeamNotes) -> &str {
    notes.team.as_deref().unwrap_or("jobs of nobody")
}

/// What does not concern a team, in a sentence; none where there is nothing.
pub(in crate::render) fn rest(notes: &TeamNotes) -> Option<String> {
    let jobs = match (notes.spared, notes.reached.is_empty()) {
        (0, _) => String::new(),
        (1, true) => "the one job is not reached".to_owned(),
        (number, true) => format!("none of {number} jobs is reached"),
        (1, false) => "one other job is not reached".to_owned(),
        (number, false) => format!("{number} other jobs are not reached"),
    };
    let tables = match notes.upstream.len() {
        0 => String::new(),
        1 => format!("{} upstream differs, and nothing of it arrives", notes.upstream[0]),
        number => format!("{number} tables upstream differ, and nothing of them arrives"),
    };
    let others = match notes.others.len() {
        0 => String::new(),
        1 => format!("one more table upstream differs, and may have part in it: {}", notes.others[0]),
        number => format!("{number} more tables upstream differ, and may have part in it"),
    };
    let both: Vec<String> = [others, jobs, tables].into_iter().filter(|text| !text.is_empty()).collect();
    let text = both.join("; ");
    // The name of a table stays as it is.
    if notes.upstream.first().is_some_and(|table| text.starts_with(table.as_str())) {
        return Some(format!("{text}."));
    }
    let mut chars = text.chars();
    chars.next().map(|first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}

/// The changes by which jobs are reached, each once, in the order of the jobs.
pub(in crate::render) fn causes<'r>(report: &'r ReleaseReport, notes: &TeamNotes) -> Vec<&'r ChangeNote> {
    let mut causes: Vec<&ChangeNote> = Vec::new();
    for change in notes.reached.iter().filter_map(|job| report.change(job.from.as_deref()?)) {
        if !causes.iter().any(|known| known.relation == change.relation) {
            causes.push(change);
        }
    }
    causes
}

fn team(sheet: &mut Sheet<'_>, report: &ReleaseReport, notes: &TeamNotes) {
    sheet.line(&[(Some(Mark::Strong), name(notes))]);
    let most = most(sheet.page);
    for job in notes.reached.iter().take(most) {
        let mark = if job.reach == Reach::Unknown { Mark::Doubt } else { Mark::Alarm };
        let weight = weight(job.criticality);
        let gap = if weight.is_empty() { "" } else { "  " };
        sheet.line(&[(None, "  "), (Some(mark), &job.job), (None, &format!("{gap}{weight}"))]);
        sheet.hanging("    ", 4, &happens(job));
        if !job.way.is_empty() {
            sheet.hanging("    ", 6, &job.way.join(" → "));
        }
    }
    if notes.reached.len() > most {
        sheet.paragraph(2, &format!("and {} more; -v shows all", notes.reached.len() - most));
    }
    for change in causes(report, notes).into_iter().take(most) {
        let commits: Vec<&CommitNote> = report.commits_of(change).collect();
        sheet.hanging("  because ", 4, &format!("{}: {}", change.relation, change.phrase));
        for note in commits.iter().take(3) {
            sheet.hanging("    ", 6, &format!("{}, {}", title(&note.commit), note.commit.author));
        }
        if commits.len() > 3 {
            sheet.paragraph(4, &format!("and {} more", count(commits.len() - 3, "commit", "commits")));
        }
    }
    if let Some(rest) = rest(notes) {
        sheet.hanging("  ", 2, &rest);
    }
}
