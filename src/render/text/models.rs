//! `headsup models` for a person.

use super::impact::coverage;
use super::{Detail, Mark, Page, Sheet, count};
use crate::render::{Report, markdown};
use crate::report::{ModelEntry, ModelsReport};

impl Report for ModelsReport {
    fn text(&self, page: &Page) -> String {
        let mut sheet = Sheet::new(page);
        let files = page.detail == Detail::Full;
        let row = |entry: &ModelEntry| {
            let mut row = vec![
                entry.relation.to_string(),
                format!("{:?}", entry.kind).to_lowercase(),
                entry.rung.to_string(),
                entry.owner.clone().unwrap_or_default(),
            ];
            row.extend(files.then(|| entry.files.join(" ")));
            row
        };
        let rows: Vec<Vec<String>> = self.relations.iter().map(row).collect();
        let header = ["table", "kind", "rung", "owner", "file"];
        sheet.table(0, Some(&header[..if files { 5 } else { 4 }]), &rows);
        if page.detail >= Detail::Normal {
            sheet.blank();
            sheet.line(&[
                (Some(Mark::Strong), &self.head),
                (None, &format!(": {}", count(rows.len(), "table", "tables"))),
            ]);
            sheet.paragraph(0, &coverage(&self.coverage));
        }
        sheet.finish()
    }

    fn markdown(&self) -> String {
        markdown::models(self)
    }
}
