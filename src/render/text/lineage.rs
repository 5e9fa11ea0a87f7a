//! `headsup lineage` for a person.

use headsup_lineage::diagnostic::Severity;
use headsup_lineage::name::RelationName;

use super::{Detail, Mark, Page, Sheet, count, list};
use crate::render::diagram::{self, Diagram};
use crate::render::words::{Folding, WayOf};
use crate::render::{Report, markdown, openlineage, words};
use crate::report::lineage::{LineageReport, StatementEntry};

impl Report for LineageReport {
    fn text(&self, page: &Page) -> String {
        let mut sheet = Sheet::new(page);
        sheet.line(&[(Some(Mark::Strong), &self.input), (None, &format!(": {}", words::read_as(self)))]);
        for entry in &self.statements {
            sheet.blank();
            statement(&mut sheet, entry);
        }
        if page.detail >= Detail::Normal {
            footer(&mut sheet, self);
        }
        sheet.finish()
    }

    fn markdown(&self) -> String {
        markdown::lineage(self)
    }

    fn diagram(&self) -> Option<Diagram> {
        Some(diagram::lineage(self))
    }

    fn events(&self) -> Option<Vec<serde_json::Value>> {
        Some(openlineage::events(self))
    }
}

fn statement(sheet: &mut Sheet<'_>, entry: &StatementEntry) {
    let most = if sheet.page.detail == Detail::Full { usize::MAX } else { 8 };
    let mark = if entry.complete { "" } else { " ~" };
    sheet.line(&[
        (Some(Mark::Strong), &format!("{}{mark}", words::targets(entry))),
        (None, "  "),
        (Some(Mark::Faint), &words::place(entry)),
    ]);
    let sources: Vec<String> = entry.sources.iter().map(RelationName::to_string).collect();
    if !sources.is_empty() {
        sheet.hanging("  reads ", 8, &list(&sources, most));
    }
    let folding = if sheet.page.detail == Detail::Full { Folding::Unfolded } else { Folding::Folded };
    let rows: Vec<Vec<String>> = words::dependencies_of(entry, folding).into_iter().flat_map(by_kind).collect();
    sheet.table(2, None, &rows);
    for reason in &entry.reasons {
        sheet.hanging("  ~ ", 4, reason);
    }
}

/// A line for each way in which something depends on others, the first with its name.
fn by_kind((name, ways): (String, Vec<WayOf>)) -> Vec<Vec<String>> {
    let line = |(kind, sources): WayOf| vec![String::new(), words::kind(kind).to_owned(), sources.join(", ")];
    let mut rows: Vec<Vec<String>> = ways.into_iter().map(line).collect();
    if rows.is_empty() {
        rows.push(vec![String::new(), "constant".to_owned(), String::new()]);
    }
    rows[0][0] = name;
    rows
}

fn footer(sheet: &mut Sheet<'_>, report: &LineageReport) {
    let problems = report.diagnostics.iter().filter(|diagnostic| diagnostic.severity > Severity::Note);
    let problems: Vec<_> = problems.collect();
    if problems.is_empty() {
        return;
    }
    sheet.blank();
    let most = if sheet.page.detail == Detail::Full { usize::MAX } else { 3 };
    for diagnostic in problems.iter().take(most) {
        let place = match (&diagnostic.path, diagnostic.position) {
            (Some(path), Some(position)) => format!("{path}:{position}: "),
            (Some(path), None) => format!("{path}: "),
            (None, Some(position)) => format!("line {}: ", position.line),
            (None, None) => String::new(),
        };
        sheet.hanging("", 2, &format!("{place}{}", diagnostic.message));
    }
    if problems.len() > most {
        sheet.paragraph(
            0,
            &format!("and {}; -v shows all", count(problems.len() - most, "problem more", "problems more")),
        );
    }
}
