//! `headsup incidents` for a person: one row a team in the order of names, and no commentary.

use super::{Detail, Page, Sheet, count, thousands};
use crate::history::minute;
use crate::render::csv::{self, Grid};
use crate::render::{Report, markdown, svg};
use crate::report::incidents::{Cause, Incident, IncidentsReport, TeamCauses};

/// The headings of the table.
pub(in crate::render) const HEADER: [&str; 6] =
    ["team", "failures", "own change", "upstream change", "source or external", "unknown"];

impl Report for IncidentsReport {
    fn text(&self, page: &Page) -> String {
        let mut sheet = Sheet::new(page);
        sheet.paragraph(0, &summary(self));
        for period in &self.periods {
            sheet.blank();
            if self.periods.len() > 1 {
                sheet.line(&[(None, &format!("from {}", period.start))]);
            }
            if period.teams.is_empty() {
                sheet.line(&[(None, "no failures")]);
                continue;
            }
            let rows: Vec<Vec<String>> = period.teams.iter().map(row).collect();
            sheet.table(0, Some(&HEADER), &rows);
        }
        if page.detail == Detail::Full {
            sheet.blank();
            for incident in &self.incidents {
                let head = format!("{}  ", minute(incident.failed_at));
                sheet.hanging(&head, 18, &line(incident));
            }
        }
        sheet.finish()
    }

    fn markdown(&self) -> String {
        markdown::incidents(self)
    }

    fn grid(&self) -> Option<Grid> {
        Some(csv::incidents(self))
    }

    fn picture(&self) -> Option<String> {
        Some(svg::incidents(self))
    }
}

/// What was gone through, in a sentence.
pub(in crate::render) fn summary(report: &IncidentsReport) -> String {
    format!("{} to {}: {}.", report.since, report.until, count(report.failures, "failure", "failures"))
}

/// Who is meant by a row.
pub(in crate::render) fn name(team: &TeamCauses) -> &str {
    team.team.as_deref().unwrap_or("(nobody)")
}

fn row(team: &TeamCauses) -> Vec<String> {
    let causes = Cause::ALL.map(|cause| thousands(team.causes.of(cause)));
    [name(team).to_owned(), thousands(team.failures)].into_iter().chain(causes).collect()
}

/// A failure in a line.
pub(in crate::render) fn line(incident: &Incident) -> String {
    let suspect = incident.suspect.as_ref().map(|commit| format!(" ({})", commit.short())).unwrap_or_default();
    let again = match incident.repeats {
        0 => String::new(),
        number => format!(", and {}", count(number, "time more", "times more")),
    };
    format!("{}{again}: {}, as {}{suspect}", incident.job, incident.cause.words(), incident.because)
}
