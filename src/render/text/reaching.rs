//! `headsup why --base` for a person.

use headsup_lineage::reach::Reach;

use super::impact::coverage;
use super::{Detail, Mark, Page, Sheet, count};
use crate::headsup::words;
use crate::render::words::{asked, happening, kind};
use crate::render::{Report, markdown};
use crate::report::reaching::{ReachingReport, WayEntry};

impl Report for ReachingReport {
    fn text(&self, page: &Page) -> String {
        let mut sheet = Sheet::new(page);
        let style = match self.reach {
            Reach::Reached => Mark::Alarm,
            Reach::Unknown => Mark::Doubt,
            Reach::NotReached => Mark::Calm,
        };
        sheet.line(&[(Some(style), &asked(self))]);
        if let Some(cut) = &self.cut {
            sheet.hanging("", 2, &format!("{cut}."));
        }
        let most = if page.detail == Detail::Full { usize::MAX } else { 8 };
        for way in self.ways.iter().take(most) {
            sheet.blank();
            one(&mut sheet, self, way);
        }
        if self.ways.len() > most {
            sheet.blank();
            let more = count(self.ways.len() - most, "way more", "ways more");
            sheet.paragraph(0, &format!("And by {more}; -v shows all."));
        }
        if page.detail >= Detail::Normal {
            sheet.blank();
            for note in &self.notes {
                sheet.hanging("", 2, &format!("Note: {note}."));
            }
            sheet.paragraph(0, &coverage(&self.coverage));
        }
        sheet.finish()
    }

    fn markdown(&self) -> String {
        markdown::reaching(self)
    }
}

fn one(sheet: &mut Sheet<'_>, report: &ReachingReport, way: &WayEntry) {
    let sure = if way.reach == Reach::Unknown { "perhaps " } else { "" };
    sheet.hanging("", 2, &format!("{}: {sure}{}", way.relation, happening(way)));
    if let Some(reason) = &way.reason {
        sheet.hanging("  ", 4, &format!("Not sure: {reason}."));
    }
    for because in &way.because {
        sheet.hanging("  ", 4, &format!("Because {because}."));
    }
    let mut rows: Vec<[String; 3]> = Vec::new();
    for (number, step) in way.steps.iter().enumerate() {
        let arrow = if number == 0 { "" } else { "→ " };
        let how = step.kind.map_or_else(String::new, |by| format!(", by {}", kind(by)));
        let what = format!("{}{how}", words(step.effect));
        rows.push([format!("{arrow}{}", step.place()), what, step.site().unwrap_or_default()]);
    }
    if let Some(job) = &report.dependent.job {
        rows.push([format!("→ {}", job.job), "reads it".to_owned(), job.file.clone()]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    if 2 + width(0) + 2 + width(1) + 2 + width(2) <= sheet.page.width {
        let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
        sheet.table(2, None, &rows);
        return;
    }
    for [to, how, site] in &rows {
        sheet.hanging("  ", 4, &format!("{to}  {how}"));
        if !site.is_empty() {
            sheet.line(&[(None, "      "), (Some(Mark::Faint), site)]);
        }
    }
}
