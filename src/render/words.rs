//! Phrases that text and Markdown share. It must not know either.

use std::collections::HashMap;

use headsup_lineage::change::Effect;
use headsup_lineage::dependency::EdgeKind;
use headsup_lineage::reach::Reach;
use headsup_lineage::relation::Rung;
use headsup_lineage::trace::{BY_STRENGTH, Certainty};

use super::text::{count, list};
use crate::headsup::{describe, happens, words as happening_of};
use crate::report::ChangeEntry;
use crate::report::depends::{DependencyEntry, DependentJob, DependsReport, PartEntry, TargetEntry};
use crate::report::lineage::{ColumnEntry, LineageReport, NAMELESS, SourceEntry, StatementEntry};
use crate::report::reaching::{ReachingReport, WayEntry};
use crate::report::why::{Answer, EndEntry, PlaceName, Site, TablesWord, TextWord, Verdict, WhyReport};

/// A kind of dependency in words.
pub(super) const fn kind(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::GroupBy => "group by",
        other => other.name(),
    }
}

/// What differs about a table.
pub(super) fn how(change: &ChangeEntry) -> String {
    match &change.reason {
        Some(reason) => format!("cannot tell: {reason}"),
        None => describe(&change.effects),
    }
}

/// So many tables of which the same is said are told as one.
const TOGETHER: usize = 4;

/// Tables of which something is said, in their order: those of which the same is said together, if
/// they are many.
pub(super) fn together<T>(entries: &[T], said: impl Fn(&T) -> String) -> Vec<(String, Vec<&T>)> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<(String, Vec<&T>)> = Vec::new();
    for entry in entries {
        let text = said(entry);
        let place = *places.entry(text.clone()).or_insert_with(|| {
            groups.push((text, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(entry);
    }
    let split = groups.into_iter().flat_map(|(text, group)| match group.len() {
        0..TOGETHER => group.into_iter().map(|one| (text.clone(), vec![one])).collect(),
        _ => vec![(text, group)],
    });
    split.collect()
}

/// Whether a change reaches what it was asked of.
pub(super) fn asked(report: &ReachingReport) -> String {
    let dependent = match &report.dependent.job {
        Some(job) => job.job.clone(),
        None => subject(&report.dependent.targets),
    };
    let change = format!("{} → {}", report.head, report.base);
    match report.reach {
        Reach::Reached => format!("{dependent} is reached: {change}"),
        Reach::Unknown => format!("{dependent} may be reached: {change}"),
        Reach::NotReached => format!("{dependent} is not reached: {change}"),
    }
}

/// What happens to what is read by one way.
pub(super) fn happening(way: &WayEntry) -> String {
    match happens(&way.effects()) {
        told if told.is_empty() => happening_of(way.effect).to_owned(),
        told => told,
    }
}

/// What a text was read as, and how much it holds: `2 statements, read as postgres`.
pub(super) fn read_as(report: &LineageReport) -> String {
    let in_project = report.statements.iter().any(|entry| entry.file.is_some());
    let number = report.statements.len();
    let things = if in_project { count(number, "table", "tables") } else { count(number, "statement", "statements") };
    match &report.dialect {
        Some(dialect) => format!("{things}, read as {dialect}"),
        None => things,
    }
}

/// What a statement fills; `query` where it fills nothing.
pub(super) fn targets(entry: &StatementEntry) -> String {
    match entry.targets.as_slice() {
        [] => "query".to_owned(),
        targets => list(targets, 4),
    }
}

/// Where a statement stands.
pub(super) fn place(entry: &StatementEntry) -> String {
    match &entry.file {
        Some(file) => file.clone(),
        None => format!("line {}", entry.position.line),
    }
}

/// A column of a statement, with its table where there are several.
pub(super) fn column(column: &ColumnEntry) -> String {
    let name = if column.target == NAMELESS { "(all others)" } else { &column.target };
    match &column.of {
        Some(of) => format!("{of}.{name}"),
        None => name.to_owned(),
    }
}

/// What stands for the rows of what a statement fills.
pub(super) const ROWS: &str = "(rows)";

/// Whether all that is known is listed, or what repeats itself is folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folding {
    /// What a column has from the rows is listed with the rows only.
    Folded,
    /// All of it is listed.
    Unfolded,
}

/// A way in which something depends on others, and on what.
pub(super) type WayOf = (EdgeKind, Vec<String>);

/// The columns of a statement, and at last its rows: each with the ways in which it depends on others,
/// what says most first, and on what.
pub(super) fn dependencies_of(entry: &StatementEntry, folding: Folding) -> Vec<(String, Vec<WayOf>)> {
    let of_rows = |source: &SourceEntry| {
        let counts_them = source.column.is_none() && entry.rows.iter().any(|row| row.relation == source.relation);
        counts_them
            || entry
                .rows
                .iter()
                .any(|row| (&row.column, row.kind, &row.relation) == (&source.column, source.kind, &source.relation))
    };
    if let [one] = entry.columns.as_slice()
        && one.target == NAMELESS
        && one.sources == entry.rows
    {
        let mut sources: Vec<String> = entry.rows.iter().map(|row| format!("all of {}", row.relation)).collect();
        sources.dedup();
        return vec![("(all)".to_owned(), vec![(EdgeKind::Unknown, sources)])];
    }
    let mut all = Vec::new();
    for one in &entry.columns {
        let (shared, own): (Vec<&SourceEntry>, Vec<&SourceEntry>) =
            one.sources.iter().partition(|source| folding == Folding::Folded && of_rows(source));
        let mut ways = by_kind(&own, entry);
        if !shared.is_empty() {
            let first = shared.iter().map(|source| source.kind).min_by_key(|kind| strength(*kind));
            let kind = first.unwrap_or(EdgeKind::Rows);
            match ways.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, sources)) => sources.push(ROWS.to_owned()),
                None => ways.push((kind, vec![ROWS.to_owned()])),
            }
        }
        ways.sort_by_key(|(kind, _)| strength(*kind));
        all.push((column(one), ways));
    }
    if !entry.rows.is_empty() {
        all.push((ROWS.to_owned(), by_kind(&entry.rows.iter().collect::<Vec<_>>(), entry)));
    }
    all
}

fn strength(kind: EdgeKind) -> usize {
    BY_STRENGTH.iter().position(|other| *other == kind).unwrap_or(BY_STRENGTH.len())
}

/// Sources by the way in which something depends on them. A table is named with a column unless it is
/// the only one.
fn by_kind(sources: &[&SourceEntry], entry: &StatementEntry) -> Vec<WayOf> {
    let mut found: Vec<WayOf> = Vec::new();
    for kind in BY_STRENGTH {
        let of_kind = sources.iter().filter(|source| source.kind == kind);
        let named = of_kind.map(|source| match source.column.as_deref() {
            Some(NAMELESS) => format!("any column of {}", source.relation),
            Some(column) if entry.sources.len() == 1 => column.to_owned(),
            Some(column) => format!("{}.{column}", source.relation),
            None if matches!(kind, EdgeKind::Rows | EdgeKind::Named) => source.relation.to_string(),
            None => format!("rows of {}", source.relation),
        });
        let named: Vec<String> = named.collect();
        if !named.is_empty() {
            found.push((kind, named));
        }
    }
    found
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

/// Which way dependencies are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// What depends on something.
    Downstream,
    /// What something depends on.
    Upstream,
}

/// What of a table has part in a dependency, at most so many columns by name: `revenue, tax and 12
/// more`; its rows with how.
pub(super) fn parts(entry: &DependencyEntry, way: Way, most: usize) -> String {
    if !is_parsed(entry) {
        return "any column; rows".to_owned();
    }
    let named: Vec<&PartEntry> = entry.columns.iter().filter(|part| part.column != NAMELESS).collect();
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
    if entry.columns.is_empty() && entry.rows == [EdgeKind::Named] {
        return "nothing; it is only named".to_owned();
    }
    if !entry.rows.is_empty() {
        let says = |kind: &&EdgeKind| !matches!(kind, EdgeKind::Rows | EdgeKind::Unknown | EdgeKind::Named);
        let how: Vec<EdgeKind> = entry.rows.iter().filter(says).copied().collect();
        let how = if how.is_empty() || way == Way::Upstream { String::new() } else { format!(" by {}", kinds(&how)) };
        parts.push(format!("rows{how}"));
    }
    parts.join("; ")
}

/// Whether the SQL of a table was parsed.
const fn is_parsed(entry: &DependencyEntry) -> bool {
    matches!(entry.rung, Rung::Columns | Rung::Open)
}

/// What the mark `~` means and what cannot be told, a sentence each.
pub(super) fn doubts(report: &DependsReport, most: usize) -> Vec<String> {
    let mut sentences: Vec<String> = report.notes.iter().map(|note| format!("Note: {note}.")).collect();
    let tables = report.downstream.iter().chain(&report.upstream).flatten();
    let (open, unread): (Vec<_>, Vec<_>) =
        tables.filter(|table| table.certainty == Certainty::Possible).partition(|entry| is_parsed(entry));
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

/// Whose dependencies were asked about: the job, or its tables.
pub(super) fn dependent(report: &WhyReport) -> String {
    match &report.dependent.job {
        Some(job) => job.job.clone(),
        None => subject(&report.dependent.targets),
    }
}

/// Whether it depends on what was asked.
pub(super) fn verdict(report: &WhyReport, answer: &Answer) -> String {
    let (dependent, target) = (dependent(report), &answer.target);
    match answer.verdict {
        Verdict::Depends => format!("{dependent} depends on {target}"),
        Verdict::Unknown if answer.paths.is_empty() => {
            format!("{dependent} is not known to depend on {target}, and may")
        }
        Verdict::Unknown => format!("{dependent} may depend on {target}"),
        Verdict::Independent => format!("{dependent} does not depend on {target}"),
    }
}

impl std::fmt::Display for PlaceName {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.column.as_deref() {
            None => write!(out, "{} {ROWS}", self.relation),
            Some(NAMELESS) => write!(out, "{} (any column)", self.relation),
            Some(column) => write!(out, "{}.{column}", self.relation),
        }
    }
}

/// A file with the line, or which line of what it renders to.
pub(super) fn site(site: &Site) -> String {
    match (site.line, site.of) {
        (Some(line), TextWord::File) => format!("{}:{line}", site.file),
        (Some(line), TextWord::Rendering) => format!("{}, rendered line {line}", site.file),
        (None, _) => site.file.clone(),
    }
}

/// Where a way ends, in a sentence.
pub(super) fn end(end: &EndEntry, most: usize) -> String {
    let what = match (end.columns.as_slice(), end.rows) {
        ([], true) => "its rows".to_owned(),
        ([], false) => "what depends".to_owned(),
        (columns, _) => list(columns, most),
    };
    let reads = match end.reads.as_slice() {
        [] => format!("no column of {}", end.relation),
        [one] => format!("{one} of {}", end.relation),
        several => {
            format!("{} of {} ({})", count(several.len(), "column", "columns"), end.relation, list(several, most))
        }
    };
    format!("{} reads {reads}, and not {what}", end.reader)
}

/// Who reads something, with how: `core.customers (filter)`.
pub(super) fn readers(readers: &[DependencyEntry], most: usize) -> String {
    let named: Vec<String> = readers
        .iter()
        .map(|entry| match entry.kind {
            EdgeKind::Rows => format!("{} ({})", entry.relation, kinds(&entry.rows)),
            how => format!("{} ({})", entry.relation, kind(how)),
        })
        .collect();
    list(&named, most)
}

/// What is upstream and downstream, where no table leads from one to the other.
pub(super) fn apart(report: &WhyReport, answer: &Answer) -> Option<String> {
    let (dependent, on) = (dependent(report), &answer.target.relation);
    match answer.tables {
        TablesWord::Upstream => None,
        TablesWord::Downstream => Some(format!("It is the other way round: {on} is downstream of it.")),
        TablesWord::Apart => Some(format!("No table leads from {on} to {dependent}.")),
    }
}

/// What an effect is on, its name, and how it is known.
pub(super) fn effect_row(effect: &Effect) -> Vec<String> {
    let column = effect.column.as_ref().map_or_else(|| "(all)".to_owned(), ToString::to_string);
    let name = effect.kind.name().replace('_', " ");
    vec![column, name, effect.detail.clone().unwrap_or_default()]
}
