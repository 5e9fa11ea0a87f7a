//! `headsup why` as Markdown.

use std::fmt::Write as _;

use headsup_lineage::trace::Certainty;

use super::depends::relations;
use super::{code, coverage, escape, table};
use crate::render::words::{self, Way};
use crate::report::why::{Answer, StepEntry, WhyReport};

/// How many names stand in a row.
const MOST: usize = 8;

pub(in crate::render) fn why(report: &WhyReport) -> String {
    let mut out = String::new();
    match (&report.on, &report.upstream) {
        (Some(on), _) => answer(&mut out, report, on),
        (None, upstream) => {
            let dependent = escape(&words::dependent(report));
            let upstream = upstream.as_deref().unwrap_or_default();
            let _ = writeln!(out, "### {dependent} depends on {} tables\n", upstream.len());
            if report.dependent.job.is_some() {
                let reads: Vec<String> =
                    report.dependent.targets.iter().map(|target| code(&target.to_string())).collect();
                let _ = writeln!(out, "It reads {}.\n", reads.join(", "));
            }
            relations(&mut out, Way::Upstream, upstream);
        }
    }
    for note in report.notes.iter().chain(&report.unknown) {
        let _ = writeln!(out, "{}\n", escape(note));
    }
    let _ = writeln!(out, "<sub>{}</sub>", coverage(&report.coverage));
    out
}

fn answer(out: &mut String, report: &WhyReport, on: &Answer) {
    let _ = writeln!(out, "### {}\n", escape(&words::verdict(report, on)));
    for path in &on.paths {
        table(out, &["from", "to", "how", "where"], rows(report, on, path));
    }
    for entry in &on.affected {
        let parts = escape(&words::parts(entry, Way::Downstream, MOST));
        let _ = writeln!(out, "What depends on it in {}: {parts}.\n", code(&entry.relation.to_string()));
    }
    if !on.paths.is_empty() {
        return;
    }
    if !on.readers.is_empty() {
        let _ = writeln!(out, "It is read by {}.\n", escape(&words::readers(&on.readers, MOST)));
    }
    if let Some(apart) = words::apart(report, on) {
        let _ = writeln!(out, "{}\n", escape(&apart));
        return;
    }
    for end in &on.ends {
        let _ = writeln!(out, "- {} ({})", escape(&words::end(end, MOST)), code(&words::site(&end.site)));
    }
    if !on.ends.is_empty() {
        out.push('\n');
    }
}

fn rows(report: &WhyReport, on: &Answer, path: &[StepEntry]) -> Vec<Vec<String>> {
    let row = |step: &StepEntry| {
        let mark = if step.certainty == Certainty::Possible { " \\~" } else { "" };
        let how = format!("{}{mark}", words::kind(step.kind));
        vec![code(&step.from.to_string()), code(&step.to.to_string()), how, code(&words::site(&step.site))]
    };
    let mut rows: Vec<Vec<String>> = path.iter().map(row).collect();
    if let Some(job) = &report.dependent.job {
        let last = path.last().map_or_else(|| on.target.to_string(), |step| step.to.to_string());
        rows.push(vec![code(&last), code(&job.job), "reads it".to_owned(), code(&job.file)]);
    }
    rows
}
