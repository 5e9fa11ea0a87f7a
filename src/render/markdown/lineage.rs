//! `headsup lineage` as Markdown.

use std::fmt::Write as _;

use super::{code, escape, table};
use crate::render::words::{self, Folding};
use crate::report::lineage::{LineageReport, StatementEntry};

pub(in crate::render) fn lineage(report: &LineageReport) -> String {
    let mut out = format!("### {}: {}\n\n", code(&report.input), escape(&words::read_as(report)));
    for entry in &report.statements {
        statement(&mut out, entry);
    }
    out
}

fn statement(out: &mut String, entry: &StatementEntry) {
    let doubt = if entry.complete { "" } else { " \\~" };
    let _ = writeln!(out, "**{}**{doubt}, {}\n", escape(&words::targets(entry)), escape(&words::place(entry)));
    let mut rows = Vec::new();
    for (name, ways) in words::dependencies_of(entry, Folding::Folded) {
        rows.extend(ways.into_iter().map(|(kind, sources)| {
            let sources: Vec<String> = sources.iter().map(|source| code(source)).collect();
            vec![code(&name), words::kind(kind).to_owned(), sources.join(", ")]
        }));
    }
    if !rows.is_empty() {
        table(out, &["column", "how", "from"], rows);
    }
    for reason in &entry.reasons {
        let _ = writeln!(out, "\\~ {}\n", escape(reason));
    }
}
