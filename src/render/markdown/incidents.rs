//! `headsup incidents` as Markdown, for a page that everybody reads.

use std::fmt::Write as _;

use super::{escape, table};
use crate::history::minute;
use crate::render::text::incidents::{HEADER, line, name, summary};
use crate::report::incidents::{Cause, IncidentsReport, TeamCauses};

pub(in crate::render) fn incidents(report: &IncidentsReport) -> String {
    let mut out = format!("## Failures\n\n{}\n\n", summary(report));
    for period in &report.periods {
        if report.periods.len() > 1 {
            let _ = writeln!(out, "### From {}\n", period.start);
        }
        if period.teams.is_empty() {
            out.push_str("No failures.\n\n");
            continue;
        }
        table(&mut out, &HEADER, period.teams.iter().map(row));
    }
    if !report.incidents.is_empty() {
        out.push_str("<details><summary>each of them</summary>\n\n");
        for incident in &report.incidents {
            let _ = writeln!(out, "- {} {}", minute(incident.failed_at), escape(&line(incident)));
        }
        out.push_str("\n</details>\n");
    }
    while out.ends_with("\n\n") {
        out.pop();
    }
    out
}

fn row(team: &TeamCauses) -> Vec<String> {
    let causes = Cause::ALL.map(|cause| team.causes.of(cause).to_string());
    [escape(name(team)), team.failures.to_string()].into_iter().chain(causes).collect()
}
