//! `headsup replay` as Markdown, for a page.

use std::fmt::Write as _;

use super::{code, escape, table};
use crate::render::text::Detail;
use crate::render::text::replay::{SPARED, doubtful, heading, line_of, silence, told, verdict};
use crate::report::replay::{Messages, ReplayReport};
use crate::settings::Standard;

pub(in crate::render) fn replay(report: &ReplayReport) -> String {
    let mut out = String::from("## Replay\n\n");
    let _ = writeln!(out, "{}\n", heading(report));
    if report.teams.is_empty() {
        let _ = writeln!(out, "{}\n", silence(report));
    } else {
        let header = ["team", "jobs", "touched", "changed", "reachable", "breaking", "reachable a week", "in doubt"];
        let mut rows: Vec<Vec<String>> = report
            .teams
            .iter()
            .map(|team| row(report, escape(&team.team), &team.jobs.to_string(), (team.messages, team.unknown)))
            .collect();
        if report.teams.len() > 1 {
            let unknown = report.teams.iter().map(|team| team.unknown).sum();
            rows.push(row(report, "**all**".to_owned(), "", (report.messages, unknown)));
        }
        table(&mut out, &header, rows);
    }
    if let Some(intro) = doubtful(report) {
        let _ = writeln!(out, "{intro}\n");
        for doubt in &report.doubts {
            let _ = writeln!(out, "- {}: {}", doubt.messages, escape(&doubt.reason));
        }
        let _ = writeln!(out, "\n{SPARED}\n");
    }
    if !report.periods.is_empty() {
        let header = ["from", "commits", "touched", "changed", "reachable", "breaking"];
        let rows = report.periods.iter().map(|period| {
            let counts = Standard::ALL.map(|(_, standard)| period.messages.under(standard).to_string());
            [period.start.clone(), period.commits.to_string()].into_iter().chain(counts).collect()
        });
        table(&mut out, &header, rows);
    }
    for incident in &report.incidents {
        let commit = &incident.commit;
        let _ = writeln!(out, "### {} {}\n", commit.day(), escape(&commit.subject));
        let _ = writeln!(out, "{}: {}\n", code(commit.short()), escape(&line_of(incident)));
        let rows = Standard::ALL
            .map(|(name, standard)| vec![name.to_owned(), escape(&told(incident, standard, Detail::Full))]);
        table(&mut out, &["standard", "who would have been told"], rows);
    }
    if let Some(verdict) = verdict(report) {
        // Only what was missed is called as somebody typed it.
        let verdict = if report.quietest.is_some() { verdict } else { escape(&verdict) };
        let _ = writeln!(out, "{verdict}");
    }
    if let Some(first) = report.skipped.first() {
        let number = report.skipped.len();
        let _ =
            writeln!(out, "\nNot judged: {number}, such as {}: {}", code(first.commit.short()), escape(&first.reason));
    }
    while out.ends_with("\n\n") {
        out.pop();
    }
    out
}

fn row(report: &ReplayReport, team: String, jobs: &str, (messages, unknown): (Messages, usize)) -> Vec<String> {
    let counts = Standard::ALL.map(|(_, standard)| messages.under(standard).to_string());
    let rate = format!("{:.1}", report.a_week(messages.under(Standard::default())));
    [team, jobs.to_owned()].into_iter().chain(counts).chain([rate, unknown.to_string()]).collect()
}
