//! `headsup depends` as boxes and arrows.

use std::collections::BTreeSet;

use headsup_lineage::trace::Certainty;

use super::{Diagram, Look};
use crate::render::words;
use crate::report::depends::{DependsReport, Shown};

pub(in crate::render) fn depends(report: &DependsReport) -> Diagram {
    let mut diagram = Diagram::default();
    let asked: BTreeSet<String> = report.targets.iter().map(|target| target.relation.to_string()).collect();
    for name in &asked {
        diagram.shape(None, name, Look::Asked);
    }
    if report.shown == Shown::Everything {
        for edge in &report.edges {
            let from = diagram.shape(None, &edge.from.to_string(), Look::Plain);
            let to = diagram.shape(None, &edge.to.to_string(), Look::Plain);
            diagram.arrow(from, to, words::kind(edge.kind), edge.certainty);
        }
    }
    for job in &report.jobs {
        // A job may be called like a table, and is a box of its own all the same.
        let number = diagram.extra(&job.job, Look::Job);
        let certainty = if job.depth.is_some() { Certainty::Certain } else { Certainty::Possible };
        for read in &job.reads {
            let read = diagram.shape(None, &read.to_string(), Look::Plain);
            diagram.arrow(read, number, "", certainty);
        }
    }
    diagram
}
