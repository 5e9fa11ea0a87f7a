//! `headsup lineage` as boxes and arrows: columns in their tables for a text, tables for a project.

use std::collections::BTreeMap;

use headsup_lineage::dependency::EdgeKind;
use headsup_lineage::name::RelationName;
use headsup_lineage::trace::Certainty;

use super::{Diagram, Look};
use crate::render::words;
use crate::report::lineage::{LineageReport, SourceEntry, StatementEntry};

/// The box of a table's rows.
const ROWS: &str = "(rows)";

pub(in crate::render) fn lineage(report: &LineageReport) -> Diagram {
    if report.statements.iter().any(|entry| entry.file.is_some()) { tables(report) } else { columns(report) }
}

fn tables(report: &LineageReport) -> Diagram {
    let mut diagram = Diagram::default();
    for entry in &report.statements {
        let certainty = if entry.complete { Certainty::Certain } else { Certainty::Possible };
        for target in &entry.targets {
            let to = diagram.shape(None, &target.to_string(), Look::Plain);
            for source in entry.sources.iter().filter(|source| *source != target) {
                let from = diagram.shape(None, &source.to_string(), Look::Plain);
                diagram.arrow(from, to, "", certainty);
            }
        }
    }
    diagram
}

fn columns(report: &LineageReport) -> Diagram {
    let mut drawing = Drawing::default();
    for (number, entry) in report.statements.iter().enumerate() {
        drawing.statement(number, entry);
    }
    drawing.diagram
}

#[derive(Default)]
struct Drawing {
    diagram: Diagram,
    frames: BTreeMap<String, usize>,
}

impl Drawing {
    fn frame(&mut self, label: String) -> usize {
        if let Some(known) = self.frames.get(&label) {
            return *known;
        }
        let frame = self.diagram.frame(label.clone());
        self.frames.insert(label, frame);
        frame
    }

    fn statement(&mut self, number: usize, entry: &StatementEntry) {
        let first = match entry.targets.first() {
            Some(target) => target.to_string(),
            None => format!("query {}", number + 1),
        };
        for column in &entry.columns {
            let of = column.of.as_ref().map_or_else(|| first.clone(), RelationName::to_string);
            let frame = self.frame(of);
            let to = self.diagram.shape(Some(frame), &column.target, Look::Plain);
            self.arrows(&column.sources, to);
        }
        if !entry.rows.is_empty() {
            let frame = self.frame(first);
            let to = self.diagram.shape(Some(frame), ROWS, Look::Plain);
            self.arrows(&entry.rows, to);
        }
    }

    fn arrows(&mut self, sources: &[SourceEntry], to: usize) {
        for source in sources {
            let frame = self.frame(source.relation.to_string());
            let from = self.diagram.shape(Some(frame), source.column.as_deref().unwrap_or(ROWS), Look::Plain);
            let certainty = if source.kind == EdgeKind::Unknown { Certainty::Possible } else { Certainty::Certain };
            let label = if source.kind == EdgeKind::Identity { "" } else { words::kind(source.kind) };
            self.diagram.arrow(from, to, label, certainty);
        }
    }
}
