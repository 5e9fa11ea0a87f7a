//! `headsup depends` for a person.

use headsup_lineage::trace::Certainty;

use super::impact::coverage;
use super::{Detail, Mark, Page, Sheet};
use crate::project::Criticality;
use crate::render::diagram::{self, Diagram};
use crate::render::words::{self, Way};
use crate::render::{Grid, Report, csv, markdown};
use crate::report::depends::{DependencyEntry, DependentJob, DependsReport};

impl Report for DependsReport {
    fn text(&self, page: &Page) -> String {
        let mut sheet = Sheet::new(page);
        let asks_downstream = self.downstream.is_some() || self.upstream.is_none();
        if asks_downstream {
            sheet.hanging("", 2, &words::dependents(self));
            relations(&mut sheet, Way::Downstream, self.downstream.as_deref().unwrap_or_default());
            jobs(&mut sheet, self);
        }
        if let Some(upstream) = &self.upstream {
            sheet.blank();
            sheet.hanging("", 2, &words::dependencies(self));
            relations(&mut sheet, Way::Upstream, upstream);
        }
        if page.detail >= Detail::Normal {
            footer(&mut sheet, self);
        }
        sheet.finish()
    }

    fn markdown(&self) -> String {
        markdown::depends(self)
    }

    fn diagram(&self) -> Option<Diagram> {
        Some(diagram::depends(self))
    }

    fn grid(&self) -> Option<Grid> {
        Some(csv::depends(self))
    }
}

/// The mark of what only may be there.
pub(super) const fn mark(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Certain => "",
        Certainty::Possible => " ~",
    }
}

pub(super) fn relations(sheet: &mut Sheet<'_>, way: Way, entries: &[DependencyEntry]) {
    if entries.is_empty() {
        return;
    }
    sheet.blank();
    let most = if sheet.page.detail == Detail::Full { usize::MAX } else { 3 };
    let owned = entries.iter().any(|entry| entry.owner.is_some());
    let mut rows = Vec::new();
    let mut depth = 0;
    for entry in entries {
        let mut row = vec![
            if entry.depth == depth { String::new() } else { entry.depth.to_string() },
            format!("{}{}", entry.relation, mark(entry.certainty)),
            words::kind(entry.kind).to_owned(),
        ];
        row.extend(owned.then(|| entry.owner.clone().unwrap_or_default()));
        row.push(words::parts(entry, way, most));
        rows.push(row);
        depth = entry.depth;
    }
    let header: &[&str] =
        if owned { &["steps", "table", "how", "owner", "columns"] } else { &["steps", "table", "how", "columns"] };
    if sheet.has_room_for(0, header, &rows) {
        sheet.table(0, Some(header), &rows);
    } else {
        stacked(sheet, &rows);
    }
}

/// What the page is too narrow for in columns: two lines a table.
fn stacked(sheet: &mut Sheet<'_>, rows: &[Vec<String>]) {
    for row in rows {
        let [steps, table, facts @ .., parts] = row.as_slice() else { continue };
        if !steps.is_empty() {
            let word = if steps == "1" { "step" } else { "steps" };
            sheet.line(&[(Some(Mark::Faint), &format!("{steps} {word}"))]);
        }
        let facts: Vec<&str> = facts.iter().map(String::as_str).filter(|fact| !fact.is_empty()).collect();
        sheet.line(&[(None, "  "), (Some(Mark::Strong), table), (None, "  "), (None, &facts.join(" · "))]);
        sheet.hanging("      ", 6, parts);
    }
}

fn jobs(sheet: &mut Sheet<'_>, report: &DependsReport) {
    let (known, unknown): (Vec<&DependentJob>, Vec<&DependentJob>) =
        report.jobs.iter().partition(|job| job.depth.is_some());
    if !known.is_empty() {
        sheet.blank();
    }
    for job in known {
        let name = format!("{}{}", job.job, mark(job.certainty));
        facts(sheet, job, &name);
        let most = if sheet.page.detail == Detail::Full { usize::MAX } else { 4 };
        sheet.hanging("     reads ", 11, &super::list(&job.reads, most));
    }
    if unknown.is_empty() {
        return;
    }
    sheet.blank();
    for job in unknown {
        facts(sheet, job, &format!("{} ?", job.job));
        let reason = job.reason.as_deref().unwrap_or("it cannot be told");
        sheet.hanging("     cannot tell: ", 11, reason);
    }
}

fn facts(sheet: &mut Sheet<'_>, job: &DependentJob, name: &str) {
    let criticality = match job.criticality {
        Criticality::Critical => Some("critical"),
        Criticality::Important => Some("important"),
        Criticality::Normal => None,
    };
    let owner = job.owner.as_deref().unwrap_or("nobody owns it");
    let facts: Vec<&str> = criticality.into_iter().chain([owner]).collect();
    sheet.line(&[(None, "job  "), (Some(Mark::Strong), name), (None, "  "), (Some(Mark::Faint), &facts.join(" · "))]);
}

fn footer(sheet: &mut Sheet<'_>, report: &DependsReport) {
    sheet.blank();
    let most = if sheet.page.detail == Detail::Full { usize::MAX } else { 1 };
    for sentence in words::doubts(report, most) {
        sheet.hanging("", 2, &sentence);
    }
    sheet.paragraph(0, &coverage(&report.coverage));
}
