//! Phrases that text and Markdown share. It must not know either.

use headsup_lineage::dependency::EdgeKind;
use headsup_lineage::trace::Certainty;

use super::text::{count, list};
use crate::report::depends::{DependencyEntry, DependentJob, DependsReport, PartEntry, TargetEntry};

/// A kind of dependency in words.
pub(super) const fn kind(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::GroupBy => "group by",
        other => other.name(),
    }
}

/// Several kinds: `join, filter`.
pub(super) fn kinds(kinds: &[EdgeKind]) -> String {
    kinds.iter().map(|one| kind(*one)).collect::<Vec<_>>().join(", ")
}

impl std::fmt::Display for TargetEntry {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", self.relation)?;
        self.column.as_ref().map_or(Ok(()), |column| write!(out, ".{column}"))
    }
}

/// What was asked about: `core.orders.amount`, `core.orders and 2 more`.
pub(super) fn subject(targets: &[TargetEntry]) -> String {
    match targets {
        [] => "nothing".to_owned(),
        [first, second] => format!("{first} and {second}"),
        targets => list(targets, 1),
    }
}

/// How many tables and jobs depend on what was asked about; those that only may are counted apart.
pub(super) fn dependents(report: &DependsReport) -> String {
    let subject = subject(&report.targets);
    let tables = report.downstream.as_deref().unwrap_or_default();
    let certain = |certainty: Certainty| certainty == Certainty::Certain;
    let known: Vec<&DependentJob> = report.jobs.iter().filter(|job| job.depth.is_some()).collect();
    let sure = (
        tables.iter().filter(|table| certain(table.certainty)).count(),
        known.iter().filter(|job| certain(job.certainty)).count(),
    );
    let possible = (tables.len() - sure.0, known.len() - sure.1);
    let depend = if sure.0 + sure.1 == 1 { "depends" } else { "depend" };
    match (sure, possible) {
        ((0, 0), (0, 0)) => format!("Nothing here is known to depend on {subject}"),
        ((0, 0), possible) => format!("{} may depend on {subject}", things(possible)),
        (sure, (0, 0)) => format!("{} {depend} on {subject}", things(sure)),
        (sure, possible) => format!("{} {depend} on {subject}, and {} more may", things(sure), things(possible)),
    }
}

/// How many tables what was asked about depends on.
pub(super) fn dependencies(report: &DependsReport) -> String {
    let subject = subject(&report.targets);
    let depends = if report.targets.len() > 1 { "depend" } else { "depends" };
    let tables = report.upstream.as_deref().unwrap_or_default();
    let sure = tables.iter().filter(|table| table.certainty == Certainty::Certain).count();
    let may = tables.len() - sure;
    match (sure, may) {
        (0, 0) => format!("{subject} {depends} on nothing that is known here"),
        (0, may) => format!("{subject} may depend on {}", things((may, 0))),
        (sure, 0) => format!("{subject} {depends} on {}", things((sure, 0))),
        (sure, may) => format!("{subject} {depends} on {}, and may on {may} more", things((sure, 0))),
    }
}

/// `3 tables and 1 job`
fn things((tables, jobs): (usize, usize)) -> String {
    match (tables, jobs) {
        (tables, 0) => count(tables, "table", "tables"),
        (0, jobs) => count(jobs, "job", "jobs"),
        (tables, jobs) => format!("{} and {}", count(tables, "table", "tables"), count(jobs, "job", "jobs")),
    }
}

/// What of a table has part in a dependency, at most so many columns by name: `revenue, tax and 12
/// more`; its rows with how.
pub(super) fn parts(entry: &DependencyEntry, most: usize) -> String {
    let named: Vec<&PartEntry> = entry.columns.iter().filter(|part| part.column != "*").collect();
    let nameless = entry.columns.len() > named.len();
    let mut parts = Vec::new();
    if named.len() > most.max(1) && named.len() == entry.known_columns {
        parts.push(format!("all {} columns", named.len()));
    } else if !named.is_empty() {
        let names: Vec<&str> = named.iter().map(|part| part.column.as_str()).collect();
        parts.push(list(&names, most));
    }
    if nameless {
        parts.push(if named.is_empty() { "any column" } else { "columns that nobody names" }.to_owned());
    }
    if !entry.rows.is_empty() {
        let how = match entry.rows.as_slice() {
            [EdgeKind::Rows | EdgeKind::Unknown] => String::new(),
            how => format!(" by {}", kinds(how)),
        };
        parts.push(format!("rows{how}"));
    }
    parts.join("; ")
}

/// What the mark `~` means and what cannot be told, a sentence each.
pub(super) fn doubts(report: &DependsReport, most: usize) -> Vec<String> {
    let mut sentences = report.notes.clone();
    let tables = report.downstream.iter().chain(&report.upstream).flatten();
    let parsed = |entry: &&DependencyEntry| {
        use headsup_lineage::relation::Rung;
        matches!(entry.rung, Rung::Columns | Rung::Open)
    };
    let (open, unread): (Vec<_>, Vec<_>) =
        tables.filter(|table| table.certainty == Certainty::Possible).partition(parsed);
    let jobs = report.jobs.iter().filter(|job| job.certainty == Certainty::Possible && job.depth.is_some()).count();
    if !unread.is_empty() {
        sentences.push(format!("~ may depend: the SQL of {} was not parsed.", count(unread.len(), "table", "tables")));
    }
    if !open.is_empty() {
        let of = count(open.len(), "table", "tables");
        sentences.push(format!("~ may depend: of {of} it is not known which columns are read on the way."));
    }
    if unread.is_empty() && open.is_empty() && jobs > 0 {
        sentences.push("~ may depend: not all on the way was understood.".to_owned());
    }
    let (roots, below): (Vec<_>, Vec<_>) = report.unknown.iter().partition(|entry| entry.because.is_none());
    if let Some(first) = roots.first() {
        let below = match below.len() {
            0 => String::new(),
            number => format!(", and so {} downstream of them", count(number, "table", "tables")),
        };
        let first = if roots.len() == 1 || most > 1 {
            let all: Vec<&str> = roots.iter().map(|root| root.reason.as_str()).collect();
            all[..all.len().min(most)].join("; ")
        } else {
            format!("for instance, {}", first.reason)
        };
        let tables = count(roots.len(), "table", "tables");
        sentences.push(format!("Cannot tell for {tables}{below}: {first}."));
    }
    sentences
}
