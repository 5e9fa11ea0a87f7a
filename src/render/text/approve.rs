//! `headsup approve` for a person.

use super::{Mark, Page, Sheet};
use crate::render::{Report, markdown};
use crate::report::approve::ApproveReport;

impl Report for ApproveReport {
    fn text(&self, page: &Page) -> String {
        let mut sheet = Sheet::new(page);
        let rest = format!(" → {}", self.base);
        sheet.line(&[(Some(Mark::Strong), &self.head), (None, &rest)]);
        if self.approvals.is_empty() {
            sheet.paragraph(0, "Nothing that the change reaches waits for this word.");
        }
        for entry in &self.approvals {
            let frozen = entry.frozen.as_ref().map(|until| format!(", which is frozen {until}")).unwrap_or_default();
            sheet.hanging("  ", 4, &format!("{} approves it for {}{frozen}", entry.approved_by, entry.job));
        }
        if !self.approvals.is_empty() {
            sheet.paragraph(0, "A push that changes what reaches these jobs asks again.");
        }
        sheet.finish()
    }

    fn markdown(&self) -> String {
        markdown::approve(self)
    }
}
