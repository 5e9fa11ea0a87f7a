//! `headsup check` for a person.

use headsup_lineage::diagnostic::Severity;

use super::{Detail, Mark, Page, Sheet, count};
use crate::policy::Check;
use crate::render::{Report, annotations, markdown, sarif};
use crate::report::check::{CheckReport, FindingEntry};

/// How many reads that were there before are listed without being asked for.
const LISTED: usize = 12;

impl Report for CheckReport {
    fn text(&self, page: &Page) -> String {
        let mut sheet = Sheet::new(page);
        let compared = self.base.as_ref().map(|base| format!(" → {base}")).unwrap_or_default();
        sheet.line(&[(Some(Mark::Strong), &self.head), (None, &format!("{compared}: {}", summary(self)))]);
        for note in &self.notes {
            sheet.paragraph(0, note);
        }
        let full = page.detail == Detail::Full;
        let (known, found): (Vec<&FindingEntry>, Vec<&FindingEntry>) = self
            .findings
            .iter()
            .filter(|finding| finding.allowed.is_none())
            .partition(|finding| is_known_read(finding) && !full);
        sheet.blank();
        for finding in found.iter().filter(|finding| finding.severity > Severity::Note || full) {
            entry(&mut sheet, finding);
        }
        known_reads(&mut sheet, &known, page);
        if full {
            for finding in self.findings.iter().filter(|finding| finding.allowed.is_some()) {
                entry(&mut sheet, finding);
            }
        }
        let hidden = found.iter().filter(|finding| finding.severity == Severity::Note).count();
        let pardoned = self.counts.allowed + self.counts.baseline;
        if !full && hidden + pardoned > 0 {
            sheet.blank();
            let mut parts = Vec::new();
            if hidden > 0 {
                parts.push(count(hidden, "note", "notes"));
            }
            if self.counts.allowed > 0 {
                parts.push(format!(
                    "{} by a comment",
                    count(self.counts.allowed, "finding allowed", "findings allowed")
                ));
            }
            if self.counts.baseline > 0 {
                parts.push(format!("{} in the baseline", count(self.counts.baseline, "finding", "findings")));
            }
            sheet.paragraph(0, &format!("Not shown: {}. -v shows all.", parts.join(", ")));
        }
        sheet.finish()
    }

    fn markdown(&self) -> String {
        markdown::check(self)
    }

    fn sarif(&self) -> Option<serde_json::Value> {
        Some(sarif::log(self))
    }

    fn annotations(&self) -> Option<String> {
        Some(annotations::lines(self))
    }
}

/// How many findings there are, in words.
pub(in crate::render) fn summary(report: &CheckReport) -> String {
    let counts = &report.counts;
    match (counts.error, counts.warning) {
        (0, 0) => "nothing is amiss".to_owned(),
        (errors, 0) => count(errors, "error", "errors"),
        (0, warnings) => count(warnings, "warning", "warnings"),
        (errors, warnings) => {
            format!("{}, {}", count(errors, "error", "errors"), count(warnings, "warning", "warnings"))
        }
    }
}

/// Whether it is a read of a private table that nobody is stopped by.
fn is_known_read(finding: &FindingEntry) -> bool {
    finding.severity == Severity::Note && finding.code == Check::PrivateRead.code()
}

fn entry(sheet: &mut Sheet<'_>, finding: &FindingEntry) {
    let (mark, word) = match (finding.severity, &finding.allowed) {
        (_, Some(_)) => (Mark::Faint, "allowed"),
        (Severity::Error, None) => (Mark::Alarm, "error"),
        (Severity::Warning, None) => (Mark::Doubt, "warning"),
        (Severity::Note, None) => (Mark::Faint, "note"),
    };
    let before = if finding.age == Some("old") { ", there before" } else { "" };
    let place = place(finding);
    sheet.line(&[
        (Some(mark), word),
        (None, "  "),
        (Some(Mark::Strong), &place),
        (Some(Mark::Faint), &format!("  {}{before}", finding.code)),
    ]);
    sheet.paragraph(2, &finding.message);
    let because = finding.allowed.as_ref().map(|allowed| allowed.because.as_deref());
    match (because, &finding.hint) {
        (Some(Some(reason)), _) => sheet.hanging("  because: ", 11, reason),
        (Some(None), _) => sheet.paragraph(2, "known from the baseline"),
        (None, Some(hint)) => sheet.hanging("  mend: ", 8, hint),
        (None, None) => {}
    }
}

fn known_reads(sheet: &mut Sheet<'_>, known: &[&FindingEntry], page: &Page) {
    if known.is_empty() || page.detail == Detail::Findings {
        return;
    }
    sheet.blank();
    sheet.paragraph(
        0,
        &format!("Private tables are read by others in {} that are not new:", count(known.len(), "place", "places")),
    );
    let rows: Vec<Vec<String>> =
        known.iter().take(LISTED).map(|finding| vec![place(finding), finding.message.clone()]).collect();
    for row in rows {
        sheet.line(&[(None, "  "), (Some(Mark::Faint), &row[0])]);
        sheet.paragraph(4, &row[1]);
    }
    if known.len() > LISTED {
        sheet.paragraph(2, &format!("and {} more: -v shows them.", known.len() - LISTED));
    }
}

fn place(finding: &FindingEntry) -> String {
    match (finding.path.is_empty(), finding.line) {
        (true, _) => "headsup.yml".to_owned(),
        (false, line) => format!("{}:{line}", finding.path),
    }
}
