//! Rows as CSV for a spreadsheet. Cells are made harmless: whatever a project calls its tables, no cell
//! is a formula.

use headsup_lineage::trace::Certainty;

use crate::report::depends::{DependencyEntry, DependsReport};
use crate::report::incidents::{Cause, IncidentsReport};
use crate::report::replay::ReplayReport;
use crate::settings::Standard;
use crate::text::turns_direction;

/// A heading and rows below it, each with a cell for every heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// The headings.
    pub(super) header: &'static [&'static str],
    /// The rows.
    pub(super) rows: Vec<Vec<String>>,
}

pub(super) fn render(grid: &Grid) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(grid.header)?;
    for row in &grid.rows {
        writer.write_record(row.iter().map(|cell| harmless(cell)))?;
    }
    let bytes = writer.into_inner().map_err(|error| anyhow::anyhow!("{}", error.error()))?;
    Ok(String::from_utf8(bytes)?)
}

/// A row for each column and for the rows of each table, and one for each job and table that it reads.
pub(super) fn depends(report: &DependsReport) -> Grid {
    let mut rows = Vec::new();
    for (way, entries) in [("downstream", &report.downstream), ("upstream", &report.upstream)] {
        for entry in entries.iter().flatten() {
            rows.extend(parts(way, entry));
        }
    }
    for job in &report.jobs {
        let row = |read: String| {
            let certainty = if job.depth.is_some() { name(job.certainty) } else { "unknown" };
            let depth = job.depth.map(|depth| depth.to_string()).unwrap_or_default();
            let owner = job.owner.clone().unwrap_or_default();
            let what = ["downstream".to_owned(), depth, "job".to_owned(), job.job.clone(), String::new()];
            what.into_iter().chain(["reads".to_owned(), certainty.to_owned(), owner, read]).collect()
        };
        match job.reads.as_slice() {
            [] => rows.push(row(String::new())),
            reads => rows.extend(reads.iter().map(|read| row(read.to_string()))),
        }
    }
    let way = if report.downstream.is_some() || report.upstream.is_none() { "downstream" } else { "upstream" };
    rows.extend(report.unknown.iter().map(|entry| {
        let what = [way, "", "table", &entry.relation.to_string(), "", "", "unknown", "", ""];
        what.map(str::to_owned).to_vec()
    }));
    let header = &["direction", "steps", "type", "name", "column", "kind", "certainty", "owner", "reads"];
    Grid { header, rows }
}

/// A row for each commit and each team with something upstream that it touched.
pub(super) fn replay(report: &ReplayReport) -> Grid {
    let mut rows = Vec::new();
    for passage in &report.passages {
        for sent in passage.under(Standard::Touched) {
            let told = |standard| passage.under(standard).find(|other| other.owner == sent.owner);
            let counts = Standard::ALL.map(|(_, standard)| if told(standard).is_some() { "1" } else { "0" }.to_owned());
            let jobs = told(Standard::default()).map(|sent| sent.jobs.join("; ")).unwrap_or_default();
            let commit = &passage.commit;
            let request = commit.request.map(|number| number.to_string()).unwrap_or_default();
            let about = [commit.day(), commit.id.clone(), commit.author.clone(), commit.subject.clone(), request];
            rows.push(about.into_iter().chain([sent.owner.clone()]).chain(counts).chain([jobs]).collect());
        }
    }
    let header = &[
        "day",
        "commit",
        "author",
        "subject",
        "request",
        "team",
        "touched",
        "changed",
        "reachable",
        "breaking",
        "jobs reached",
    ];
    Grid { header, rows }
}

/// A row for each team, in each week or month.
pub(super) fn incidents(report: &IncidentsReport) -> Grid {
    let mut rows = Vec::new();
    for period in &report.periods {
        for team in &period.teams {
            let causes = Cause::ALL.map(|cause| team.causes.of(cause).to_string());
            let name = team.team.clone().unwrap_or_default();
            rows.push([period.start.clone(), name, team.failures.to_string()].into_iter().chain(causes).collect());
        }
    }
    let header = &["from", "team", "failures", "own change", "upstream change", "source or external", "unknown"];
    Grid { header, rows }
}

fn parts(way: &str, entry: &DependencyEntry) -> Vec<Vec<String>> {
    let row = |column: &str, kind: &str, certainty: Certainty| {
        let what = [way.to_owned(), entry.depth.to_string(), "table".to_owned(), entry.relation.to_string()];
        let how = [column.to_owned(), kind.to_owned(), name(certainty.max(entry.certainty)).to_owned()];
        let owner = entry.owner.clone().unwrap_or_default();
        what.into_iter().chain(how).chain([owner, String::new()]).collect::<Vec<String>>()
    };
    let columns = entry.columns.iter().map(|part| row(&part.column, part.kind.name(), part.certainty));
    let rows = entry.rows.iter().map(|kind| row("", kind.name(), entry.certainty));
    columns.chain(rows).collect()
}

const fn name(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Certain => "certain",
        Certainty::Possible => "possible",
    }
}

/// A cell that is shown and not computed: spreadsheets take one that begins like a formula for one.
fn harmless(cell: &str) -> String {
    let mut out = String::with_capacity(cell.len());
    if cell.trim_start().starts_with(['=', '+', '-', '@', '|', '%']) {
        out.push('\'');
    }
    out.extend(cell.chars().filter(|c| !turns_direction(*c)).map(|c| if c.is_control() { ' ' } else { c }));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(harmless("core.orders"), "core.orders");
        assert_eq!(harmless("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(harmless("\t@SUM(A1)"), "' @SUM(A1)");
        assert_eq!(harmless("a\nb\u{1b}[1m\u{202e}"), "a b [1m");
    }

    #[test]
    fn cells_with_commas_and_quotes_stay_one_cell() {
        let grid = Grid { header: &["a", "b"], rows: vec![vec!["x,y".to_owned(), "say \"z\"".to_owned()]] };
        assert_eq!(render(&grid).unwrap(), "a,b\n\"x,y\",\"say \"\"z\"\"\"\n");
    }
}
