//! `headsup check` as Markdown.

use std::fmt::Write as _;

use super::{code, escape, table};
use crate::render::text::summary;
use crate::report::check::CheckReport;

pub(in crate::render) fn check(report: &CheckReport) -> String {
    let mut out = format!("**headsup check: {}**\n\n", summary(report));
    for note in &report.notes {
        let _ = writeln!(out, "{}\n", escape(note));
    }
    let shown = report.findings.iter().filter(|finding| finding.allowed.is_none());
    let rows: Vec<Vec<String>> = shown
        .map(|finding| {
            let severity = format!("{:?}", finding.severity).to_lowercase();
            let place = format!("{} {}", code(&finding.path), finding.line);
            let hint = finding.hint.as_deref().unwrap_or_default();
            vec![severity, code(finding.code), place, escape(&finding.message), escape(hint)]
        })
        .collect();
    if !rows.is_empty() {
        table(&mut out, &["", "check", "where", "what", "how to mend it"], rows);
    }
    out
}
