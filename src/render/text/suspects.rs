//! `headsup suspects` for a person.

use headsup_lineage::reach::Reach;

use super::{Detail, Mark, Page, Sheet, count, list};
use crate::history::Commit;
use crate::render::{Report, markdown};
use crate::report::suspects::{FailureEntry, Known, PostMortem, SuspectEntry, SuspectsReport};

/// So many suspects are told in full.
const SUSPECTS: usize = 5;

impl Report for SuspectsReport {
    fn text(&self, page: &Page) -> String {
        let mut sheet = Sheet::new(page);
        for failure in &self.failures {
            sheet.blank();
            describe(&mut sheet, failure);
        }
        sheet.finish()
    }

    fn markdown(&self) -> String {
        markdown::suspects(self)
    }
}

impl Report for PostMortem {
    /// A page to be filled in is Markdown wherever it is written.
    fn text(&self, _: &Page) -> String {
        markdown::post_mortem(&self.0)
    }

    fn markdown(&self) -> String {
        markdown::post_mortem(&self.0)
    }
}

/// What failed, and between when and when.
pub(in crate::render) fn between(failure: &FailureEntry) -> String {
    let good = match failure.last_good.by {
        Known::Assumed => format!("nobody says when it last worked, so this looks back to {}", failure.last_good.text),
        Known::Commit => format!("it worked with the commit of {}", failure.last_good.text),
        Known::Given | Known::Log | Known::Results => format!("it last worked {}", failure.last_good.text),
    };
    let failed = match failure.failed_at.by {
        Known::Assumed => format!("Up to {}, the newest commit", failure.failed_at.text),
        Known::Commit => format!("Failed with the commit of {}", failure.failed_at.text),
        Known::Given | Known::Log | Known::Results => format!("Failed {}", failure.failed_at.text),
    };
    format!("{failed}; {good}. Times are in UTC.")
}

/// How many came, and how many of them matter.
pub(in crate::render) fn numbers(failure: &FailureEntry) -> String {
    let came = match failure.commits {
        0 => return "No commit came to the branch in between.".to_owned(),
        1 => "1 commit came to the branch in between".to_owned(),
        number => format!("{number} commits came to the branch in between"),
    };
    let reached = failure.suspects.iter().filter(|suspect| suspect.reach == Reach::Reached).count();
    let unknown = failure.suspects.len() - reached;
    let reach = match (reached, unknown) {
        (0, 0) if failure.commits == 1 => "which does not reach it".to_owned(),
        (1, 0) if failure.commits == 1 => "which reaches it".to_owned(),
        (0, 1) if failure.commits == 1 => "which may reach it".to_owned(),
        (0, 0) => "none of them reaches it".to_owned(),
        (reached, 0) => format!("{} it", verb(reached, "reaches", "reach")),
        (0, unknown) => format!("{} it", verb(unknown, "may reach", "may reach")),
        (reached, unknown) => format!("{} it and {} more may", verb(reached, "reaches", "reach"), unknown),
    };
    if failure.commits == 1 { format!("{came}, {reach}.") } else { format!("{came}; {reach}.") }
}

fn verb(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// That it is not the code's doing.
pub(in crate::render) fn nothing(failure: &FailureEntry) -> Option<String> {
    if !failure.suspects.is_empty() {
        return None;
    }
    let mut text = format!(
        "No change of the warehouse's code reaches {} since {}: look at the sources",
        failure.job, failure.last_good.text
    );
    match failure.sources.as_slice() {
        [] => text.push_str(", and at the machine that runs it."),
        sources => text.push_str(&format!(", {}.", list(sources, 12))),
    }
    Some(text)
}

/// A commit's title with the number of its request.
pub(in crate::render) fn title(commit: &Commit) -> String {
    match commit.request {
        Some(number) => format!("{} (#{number})", commit.subject),
        None => commit.subject.clone(),
    }
}

fn describe(sheet: &mut Sheet<'_>, failure: &FailureEntry) {
    let owner = failure.owner.as_ref().map(|owner| format!(", of {owner}")).unwrap_or_default();
    sheet.line(&[(Some(Mark::Strong), &failure.job), (None, &owner)]);
    sheet.paragraph(0, &between(failure));
    for said in failure.said.iter().take(3) {
        let first = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
        sheet.hanging("  said: ", 8, &first);
    }
    sheet.paragraph(0, &numbers(failure));
    sheet.blank();
    let most = if sheet.page.detail == Detail::Full { usize::MAX } else { SUSPECTS };
    for suspect in failure.suspects.iter().take(most) {
        one(sheet, suspect);
        sheet.blank();
    }
    if failure.suspects.len() > most {
        sheet.paragraph(0, &format!("And {} more; -v shows all.", failure.suspects.len() - most));
        sheet.blank();
    }
    if let Some(nothing) = nothing(failure) {
        sheet.paragraph(0, &nothing);
        sheet.blank();
    }
    others(sheet, failure);
}

fn one(sheet: &mut Sheet<'_>, suspect: &SuspectEntry) {
    let commit = &suspect.commit;
    let (mark, doubt) = match suspect.reach {
        Reach::Unknown => (Mark::Doubt, "  may reach it"),
        _ => (Mark::Alarm, ""),
    };
    let head = format!("{}.  {}  {}  {}", suspect.rank, commit.day(), commit.short(), commit.author);
    sheet.line(&[(Some(mark), &head), (None, doubt)]);
    sheet.hanging("    ", 4, &title(commit));
    for what in suspect.what.iter().take(3) {
        sheet.hanging("    ", 6, what);
    }
    if !suspect.way.is_empty() {
        sheet.hanging("    ", 6, &suspect.way.join(" → "));
    }
    let reasons: Vec<&str> = suspect.reasons.iter().map(String::as_str).collect();
    sheet.hanging("    because ", 12, &reasons.join("; "));
    if let Some(link) = &suspect.link {
        sheet.line(&[(Some(Mark::Faint), &format!("    {link}"))]);
    }
}

fn others(sheet: &mut Sheet<'_>, failure: &FailureEntry) {
    if sheet.page.detail < Detail::Normal || failure.others.is_empty() {
        return;
    }
    let number = count(failure.others.len(), "other commit does", "other commits do");
    if sheet.page.detail < Detail::Full {
        sheet.paragraph(0, &format!("{number} not reach it; -v lists them."));
    } else {
        sheet.line(&[(None, &format!("{number} not reach it:"))]);
        for commit in &failure.others {
            sheet.hanging(&format!("  {}  {}  ", commit.day(), commit.short()), 23, &title(commit));
        }
    }
    if let Some(first) = failure.skipped.first() {
        let number = count(failure.skipped.len(), "commit", "commits");
        sheet.paragraph(0, &format!("{number} could not be judged; {}: {}", first.commit.short(), first.reason));
    }
}
