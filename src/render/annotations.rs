//! Findings, and what reaches jobs, as commands for GitHub's runner, which shows them beside the lines.

use std::fmt::Write as _;

use headsup_lineage::diagnostic::Severity;

use crate::report::ImpactReport;
use crate::report::check::CheckReport;
use crate::verdict::Findings;

/// A line a finding that counts, and one that sums up.
pub(super) fn lines(report: &CheckReport) -> String {
    let mut out = String::new();
    for finding in report.findings.iter().filter(|finding| finding.allowed.is_none()) {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let place = match finding.path.is_empty() {
            true => String::new(),
            false => {
                let path = property(&super::from_root(&report.prefix, &finding.path));
                format!("file={path},line={},col={},", finding.line, finding.column)
            }
        };
        let hint = finding.hint.as_ref().map(|hint| format!("\n{hint}")).unwrap_or_default();
        let message = data(&format!("{}{hint}", finding.message));
        let _ = writeln!(out, "::{command} {place}title={}::{message}", property(finding.code));
    }
    let _ = writeln!(out, "headsup check: {}", super::text::summary(report));
    out
}

/// A line a place by which a change reaches jobs, and one that sums up.
pub(super) fn impact(report: &ImpactReport) -> String {
    let findings = Findings::from(report);
    let mut out = String::new();
    for note in findings.notes(&report.prefix) {
        let place = format!("file={},line={}", property(&note.path), note.line);
        let (level, title) = (note.level.name(), property(&note.title));
        let _ = writeln!(out, "::{level} {place},title={title}::{}", data(&note.message));
    }
    let _ = writeln!(out, "headsup impact: {}", findings.title());
    out
}

/// A message, with what would end the command written otherwise.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property, with what would end it written otherwise.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_project_writes_cannot_be_a_command() {
        assert_eq!(data("a\n::error::b%"), "a%0A::error::b%25");
        assert_eq!(property("a:b,c"), "a%3Ab%2Cc");
    }
}
