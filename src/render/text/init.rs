//! `headsup init` for a person.

use super::{Detail, Mark, Page, Sheet, count, list};
use crate::render::{Report, markdown};
use crate::report::init::{InitReport, MergeEntry};

impl Report for InitReport {
    fn text(&self, page: &Page) -> String {
        let mut sheet = Sheet::new(page);
        let what = format!(
            ": {}, {}, {}",
            count(self.projects, "project", "projects"),
            count(self.jobs, "job", "jobs"),
            count(self.teams, "team", "teams")
        );
        sheet.line(&[(None, "Wrote "), (Some(Mark::Strong), &self.path), (None, &what)]);
        if self.left_out > 0 {
            let groups = count(self.left_out, "group of tables stands", "groups of tables stand");
            sheet.paragraph(0, &format!("{groups} in it as a comment: steps on the way, by their folders."));
        }
        if !self.unowned.is_empty() {
            sheet.paragraph(0, &format!("Nobody is named as the owner of {}.", list(&self.unowned, 6)));
        }
        if self.problems > 0 {
            let problems = count(self.problems, "problem", "problems");
            let text = format!(
                "{problems} while reading, so more is unknown than need be: `headsup doctor` says how to mend it."
            );
            sheet.paragraph(0, &text);
        }
        recent(&mut sheet, self);
        if page.detail >= Detail::Normal {
            sheet.blank();
            sheet.paragraph(
                0,
                "Next: read the file, name owners and channels, mark what is critical, and commit it. `headsup jobs` \
                 shows what it comes to.",
            );
        }
        sheet.finish()
    }

    fn markdown(&self) -> String {
        markdown::init(self)
    }
}

fn recent(sheet: &mut Sheet<'_>, report: &InitReport) {
    if report.merges.is_empty() {
        return;
    }
    let (messages, telling, looked) = report.counts();
    sheet.blank();
    let of = match report.merges.len() {
        1 => "the last merge".to_owned(),
        number => format!("the last {number} merges"),
    };
    sheet.line(&[(None, &format!("What {of} would have sent:"))]);
    let mut before: Option<&MergeEntry> = None;
    for entry in &report.merges {
        merge(sheet, entry, before);
        before = Some(entry);
    }
    sheet.blank();
    let sum =
        format!("{} by {telling} of {}.", count(messages, "message", "messages"), count(looked, "merge", "merges"));
    let unseen = report.merges.len() - looked;
    let rest = if unseen > 0 { format!(" {unseen} more could not be judged.") } else { String::new() };
    sheet.paragraph(0, &(sum + &rest));
    let owners = report.by_owner();
    if owners.len() > 1 {
        let owners: Vec<String> = owners.iter().map(|(owner, number)| format!("{owner} {number}")).collect();
        sheet.hanging("By owner: ", 2, &format!("{}.", list(&owners, 10)));
    }
}

/// The most messages that a merge shows.
const MOST: usize = 3;

fn merge(sheet: &mut Sheet<'_>, entry: &MergeEntry, before: Option<&MergeEntry>) {
    let head = format!("  {}  {}  ", entry.date, entry.commit);
    sheet.hanging(&head, head.len(), &entry.subject);
    match &entry.told {
        None => sheet.hanging("              ", 14, "it could not be judged"),
        Some(told) if told.is_empty() => sheet.hanging("              ", 14, "nobody needs to hear"),
        Some(told) if before.is_some_and(|before| before.told.as_ref() == Some(told)) => {
            sheet.hanging("              ", 14, "the same as the one above");
        }
        Some(told) => {
            let shown = if told.len() > MOST + 1 { MOST } else { told.len() };
            for one in &told[..shown] {
                sheet.hanging("              ", 16, &format!("to {}: {}", one.owner, one.subject));
            }
            if told.len() > shown {
                sheet.hanging("              ", 16, &format!("and to {} more", told.len() - shown));
            }
        }
    }
}
