//! `headsup why --base` as Markdown.

use std::fmt::Write as _;

use super::{code, coverage, escape, table};
use crate::headsup::words;
use crate::render::words::{asked, happening, kind};
use crate::report::reaching::{ReachingReport, WayEntry};

pub(in crate::render) fn reaching(report: &ReachingReport) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "### {}\n", escape(&asked(report)));
    if let Some(cut) = &report.cut {
        let _ = writeln!(out, "{}.\n", escape(cut));
    }
    for way in &report.ways {
        let _ = writeln!(out, "**{}**: {}\n", code(&way.relation.to_string()), escape(&happening(way)));
        for because in &way.because {
            let _ = writeln!(out, "- because {}", escape(because));
        }
        if let Some(reason) = &way.reason {
            let _ = writeln!(out, "- not sure: {}", escape(reason));
        }
        if !way.because.is_empty() || way.reason.is_some() {
            out.push('\n');
        }
        table(&mut out, &["part", "what happens", "how", "where"], rows(report, way));
    }
    for note in &report.notes {
        let _ = writeln!(out, "{}\n", escape(note));
    }
    let _ = writeln!(out, "<sub>{}</sub>", coverage(&report.coverage));
    out
}

fn rows(report: &ReachingReport, way: &WayEntry) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = way
        .steps
        .iter()
        .map(|step| {
            let how = step.kind.map_or_else(String::new, |by| kind(by).to_owned());
            let site = step.site().map(|site| code(&site)).unwrap_or_default();
            vec![code(&step.place()), escape(words(step.effect)), how, site]
        })
        .collect();
    if let Some(job) = &report.dependent.job {
        rows.push(vec![code(&job.job), "reads it".to_owned(), String::new(), code(&job.file)]);
    }
    rows
}
