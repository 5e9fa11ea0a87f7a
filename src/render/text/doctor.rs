//! `headsup doctor` for a person.

use headsup_lineage::diagnostic::{Diagnostic, Severity};
use headsup_lineage::relation::Rung;

use super::impact::coverage;
use super::{Detail, Mark, Page, Sheet, count, thousands};
use crate::render::{Report, markdown};
use crate::report::{DoctorReport, Origin};

impl Report for DoctorReport {
    fn text(&self, page: &Page) -> String {
        let mut sheet = Sheet::new(page);
        sheet.line(&[(Some(Mark::Strong), &self.head), (None, &format!(": {}", coverage(&self.coverage)))]);
        projects(&mut sheet, self);
        rungs(&mut sheet, self);
        diagnostics(&mut sheet, self);
        sheet.finish()
    }

    fn markdown(&self) -> String {
        markdown::doctor(self)
    }
}

fn projects(sheet: &mut Sheet<'_>, report: &DoctorReport) {
    sheet.blank();
    let rows: Vec<Vec<String>> = report
        .projects
        .iter()
        .map(|project| {
            let origin = match project.origin {
                Origin::Settings => "headsup.yml",
                Origin::Argument => "argument",
                Origin::Found => "found",
            };
            vec![
                project.path.clone(),
                project.kind.clone(),
                project.dialect.clone().unwrap_or_else(|| "unknown".to_owned()),
                project.name.clone().unwrap_or_default(),
                thousands(project.models),
                origin.to_owned(),
            ]
        })
        .collect();
    sheet.table(0, Some(&["project", "kind", "dialect", "names", "models", "known from"]), &rows);
}

fn rungs(sheet: &mut Sheet<'_>, report: &DoctorReport) {
    sheet.blank();
    let rows: Vec<Vec<String>> = Rung::ALL
        .into_iter()
        .map(|rung| {
            let meaning = match rung {
                Rung::Columns => "parsed, every column bound",
                Rung::Open => "parsed; some column bound to all that it may be",
                Rung::Tables => "not parsed as a whole; tables found in the tokens",
                Rung::Refs => "not rendered; tables found in the template",
                Rung::Opaque => "not readable; declared tables only",
            };
            vec![rung.to_string(), thousands(report.coverage.of(rung)), meaning.to_owned()]
        })
        .collect();
    sheet.table(0, Some(&["rung", "models", "what is known"]), &rows);
}

fn diagnostics(sheet: &mut Sheet<'_>, report: &DoctorReport) {
    sheet.blank();
    let shown: Vec<&Diagnostic> = report
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity > Severity::Note || sheet.page.detail == Detail::Full)
        .collect();
    for diagnostic in &shown {
        let mark = match diagnostic.severity {
            Severity::Error => Mark::Alarm,
            Severity::Warning => Mark::Doubt,
            Severity::Note => Mark::Faint,
        };
        let place = match (&diagnostic.path, diagnostic.position) {
            (Some(path), Some(position)) => format!("{path}:{position}"),
            (Some(path), None) => path.clone(),
            (None, _) => String::new(),
        };
        sheet.line(&[(Some(mark), diagnostic.code), (None, "  "), (Some(Mark::Strong), &place)]);
        sheet.paragraph(2, &diagnostic.message);
        if let Some(hint) = &diagnostic.hint {
            sheet.hanging("  mend: ", 8, hint);
        }
    }
    sheet.blank();
    let of = |severity| report.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let (errors, warnings, notes) = (of(Severity::Error), of(Severity::Warning), of(Severity::Note));
    if errors + warnings == 0 {
        sheet.line(&[(Some(Mark::Calm), "Everything could be read.")]);
    } else {
        let text = format!("{}, {}.", count(errors, "error", "errors"), count(warnings, "warning", "warnings"));
        sheet.paragraph(0, &text);
    }
    if notes > 0 && sheet.page.detail < Detail::Full {
        sheet.paragraph(0, &format!("{}: -v shows them.", count(notes, "note", "notes")));
    }
}
