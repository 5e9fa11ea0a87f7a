//! `headsup depends` as Markdown.

use std::fmt::Write as _;

use headsup_lineage::trace::Certainty;

use super::{code, coverage, escape, table};
use crate::project::Criticality;
use crate::render::words::{self, Way};
use crate::report::depends::{DependencyEntry, DependsReport};

/// How many columns of a table are named.
const MOST: usize = 6;

pub(in crate::render) fn depends(report: &DependsReport) -> String {
    let mut out = String::new();
    if report.downstream.is_some() || report.upstream.is_none() {
        let _ = writeln!(out, "### {}\n", escape(&words::dependents(report)));
        relations(&mut out, Way::Downstream, report.downstream.as_deref().unwrap_or_default());
        jobs(&mut out, report);
    }
    if let Some(upstream) = &report.upstream {
        let _ = writeln!(out, "### {}\n", escape(&words::dependencies(report)));
        relations(&mut out, Way::Upstream, upstream);
    }
    for sentence in words::doubts(report, 1) {
        let _ = writeln!(out, "{}\n", escape(&sentence));
    }
    let _ = writeln!(out, "<sub>{}</sub>", coverage(&report.coverage));
    out
}

const fn mark(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Certain => "",
        Certainty::Possible => " \\~",
    }
}

pub(super) fn relations(out: &mut String, way: Way, entries: &[DependencyEntry]) {
    if entries.is_empty() {
        return;
    }
    let row = |entry: &DependencyEntry| {
        vec![
            entry.depth.to_string(),
            format!("{}{}", code(&entry.relation.to_string()), mark(entry.certainty)),
            words::kind(entry.kind).to_owned(),
            escape(entry.owner.as_deref().unwrap_or_default()),
            escape(&words::parts(entry, way, MOST)),
        ]
    };
    table(out, &["steps", "table", "how", "owner", "columns"], entries.iter().map(row));
}

fn jobs(out: &mut String, report: &DependsReport) {
    if report.jobs.is_empty() {
        return;
    }
    let rows = report.jobs.iter().map(|job| {
        let criticality = match job.criticality {
            Criticality::Critical => "**critical**",
            Criticality::Important => "**important**",
            Criticality::Normal => "",
        };
        let reads: Vec<String> = job.reads.iter().map(|name| code(&name.to_string())).collect();
        let how = match &job.reason {
            Some(reason) => format!("cannot tell: {}", escape(reason)),
            None => format!("reads {}", reads.join(", ")),
        };
        let owner = escape(job.owner.as_deref().unwrap_or("nobody"));
        vec![format!("{}{}", code(&job.job), mark(job.certainty)), criticality.to_owned(), owner, how]
    });
    table(out, &["job", "", "owner", "how"], rows);
}
