//! `headsup compare` for a person.

use super::{Mark, Page, Sheet};
use crate::pair::Verdict;
use crate::render::{Report, markdown, words};
use crate::report::compare::CompareReport;

impl Report for CompareReport {
    fn text(&self, page: &Page) -> String {
        let mut sheet = Sheet::new(page);
        let mark = match self.judged.verdict {
            Verdict::Same => Mark::Faint,
            Verdict::Changed | Verdict::Unknown => Mark::Strong,
        };
        sheet.line(&[
            (None, &format!("{} → {}, read as {}: ", self.old, self.new, self.dialect)),
            (Some(mark), self.judged.verdict.phrase()),
        ]);
        if let Some(reason) = &self.judged.reason {
            sheet.hanging("  ", 2, reason);
        }
        if !self.judged.effects.is_empty() {
            sheet.blank();
            let rows: Vec<Vec<String>> = self.judged.effects.iter().map(words::effect_row).collect();
            sheet.table(2, None, &rows);
        }
        sheet.finish()
    }

    fn markdown(&self) -> String {
        markdown::compare(self)
    }
}
