//! `headsup why` for a person.

use headsup_lineage::trace::Certainty;

use super::depends::{mark, relations};
use super::impact::coverage;
use super::{Detail, Mark, Page, Sheet, count, list};
use crate::project::Criticality;
use crate::render::words::{self, Way};
use crate::render::{Report, markdown};
use crate::report::why::{Answer, StepEntry, Verdict, WhyReport};

impl Report for WhyReport {
    fn text(&self, page: &Page) -> String {
        let mut sheet = Sheet::new(page);
        match (&self.on, &self.upstream) {
            (Some(on), _) => answer(&mut sheet, self, on),
            (None, upstream) => {
                all(&mut sheet, self);
                relations(&mut sheet, Way::Upstream, upstream.as_deref().unwrap_or_default());
            }
        }
        if page.detail >= Detail::Normal {
            footer(&mut sheet, self);
        }
        sheet.finish()
    }

    fn markdown(&self) -> String {
        markdown::why(self)
    }
}

fn answer(sheet: &mut Sheet<'_>, report: &WhyReport, on: &Answer) {
    let style = match on.verdict {
        Verdict::Depends => Mark::Strong,
        Verdict::Unknown => Mark::Doubt,
        Verdict::Independent => Mark::Calm,
    };
    sheet.line(&[(Some(style), &words::verdict(report, on))]);
    for (number, path) in on.paths.iter().enumerate() {
        sheet.blank();
        if number > 0 {
            sheet.line(&[(None, "Another way:")]);
        }
        steps(sheet, report, on, path);
    }
    if !on.paths.is_empty() {
        beside(sheet, on);
        return;
    }
    sheet.blank();
    let most = most(sheet);
    match on.readers.as_slice() {
        [] => sheet.paragraph(0, &format!("No table here reads {}.", on.target)),
        readers => sheet.hanging("", 2, &format!("{} is read by {}.", on.target, words::readers(readers, most))),
    }
    if let Some(apart) = words::apart(report, on) {
        sheet.hanging("", 2, &apart);
        return;
    }
    if !on.ends.is_empty() {
        sheet.line(&[(None, "The way ends here:")]);
    }
    for end in on.ends.iter().take(most) {
        sheet.hanging("  ", 4, &words::end(end, most));
        sheet.line(&[(None, "    "), (Some(Mark::Faint), &words::site(&end.site))]);
    }
    if on.ends.len() > most {
        sheet.paragraph(
            2,
            &format!("and at {}; -v shows all", count(on.ends.len() - most, "place more", "places more")),
        );
    }
}

const fn most(sheet: &Sheet<'_>) -> usize {
    match sheet.page.detail {
        Detail::Full => usize::MAX,
        Detail::Normal | Detail::Findings => 8,
    }
}

/// A way, from what was asked about to what depends on it.
fn steps(sheet: &mut Sheet<'_>, report: &WhyReport, on: &Answer, path: &[StepEntry]) {
    let start = path.first().map_or_else(|| on.target.to_string(), |step| step.from.to_string());
    sheet.line(&[(None, "  "), (Some(Mark::Strong), &start)]);
    let mut rows: Vec<[String; 3]> = path
        .iter()
        .map(|step| {
            let how = format!("{}{}", words::kind(step.kind), mark(step.certainty));
            [format!("→ {}", step.to), how, words::site(&step.site)]
        })
        .collect();
    if let Some(job) = &report.dependent.job {
        rows.push([format!("→ {}", job.job), "reads it".to_owned(), job.file.clone()]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    // A path of a file is not broken, so that it can be searched for.
    if 2 + width(0) + 2 + width(1) + 2 + width(2) <= sheet.page.width {
        let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
        sheet.table(2, None, &rows);
        return;
    }
    for [to, how, site] in &rows {
        sheet.line(&[(None, &format!("  {to}  {how}"))]);
        sheet.line(&[(None, "      "), (Some(Mark::Faint), site)]);
    }
}

/// What else of the dependent depends on it, and what else lies between.
fn beside(sheet: &mut Sheet<'_>, on: &Answer) {
    sheet.blank();
    let most = most(sheet);
    for entry in &on.affected {
        sheet.hanging(
            "",
            2,
            &format!("What depends on it in {}: {}.", entry.relation, words::parts(entry, Way::Downstream, most)),
        );
    }
    if !on.others.is_empty() {
        let tables = count(on.others.len(), "more table lies", "more tables lie");
        sheet.hanging("", 2, &format!("{tables} between: {}.", list(&on.others, most)));
    }
    let doubtful = on.paths.iter().flatten().any(|step| step.certainty == Certainty::Possible);
    if doubtful {
        sheet.paragraph(0, "~ may depend: what is done there was not understood in full.");
    }
}

fn all(sheet: &mut Sheet<'_>, report: &WhyReport) {
    let targets = words::subject(&report.dependent.targets);
    let upstream = report.upstream.as_deref().unwrap_or_default();
    let number = count(upstream.len(), "table", "tables");
    match &report.dependent.job {
        Some(job) => {
            let criticality = match job.criticality {
                Criticality::Critical => "  critical",
                Criticality::Important => "  important",
                Criticality::Normal => "",
            };
            sheet.line(&[(Some(Mark::Strong), &job.job), (Some(Mark::Alarm), criticality)]);
            if report.dependent.targets.is_empty() {
                sheet.paragraph(2, "reads nothing that is known here");
                return;
            }
            let names: Vec<String> = report.dependent.targets.iter().map(ToString::to_string).collect();
            let most = most(sheet);
            sheet.hanging("  reads ", 8, &list(&names, most));
            sheet.hanging("  and by way of that depends on ", 8, &number);
        }
        None if upstream.is_empty() => sheet.paragraph(0, &format!("{targets} depends on nothing that is known here")),
        None => sheet.paragraph(0, &format!("{targets} depends on {number}")),
    }
}

fn footer(sheet: &mut Sheet<'_>, report: &WhyReport) {
    sheet.blank();
    let most = if sheet.page.detail == Detail::Full { usize::MAX } else { 1 };
    for note in &report.notes {
        sheet.hanging("", 2, &format!("Note: {note}."));
    }
    if !report.unknown.is_empty() {
        sheet.hanging("", 2, &format!("It may depend on more: {}.", list(&report.unknown, most)));
    }
    if let Some(last) = report.upstream.as_ref().and_then(|upstream| upstream.last()) {
        let dependent = words::dependent(report);
        sheet.paragraph(0, &format!("`headsup why {dependent} {}` shows the way.", last.relation));
    }
    sheet.paragraph(0, &coverage(&report.coverage));
}
