//! Rows as CSV for a spreadsheet. Cells are made harmless: whatever a project calls its tables, no cell
//! is a formula.

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
