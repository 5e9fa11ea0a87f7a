//! Reports to text, Markdown, JSON, diagrams and the like. It must not know where the text goes.

use std::io::Write as _;

use serde::Serialize;

use crate::cli::Format;
use crate::error::Error;

mod annotations;
mod csv;
mod diagram;
mod dot;
mod json;
mod markdown;
mod mermaid;
pub mod message;
mod openlineage;
mod sarif;
mod stream;
mod svg;
mod text;
mod words;

pub use csv::Grid;
pub use diagram::Diagram;
pub use stream::{Flow, Stream};
pub use text::{Color, Detail, Page};

/// A report that can be shown as text, Markdown and JSON, and perhaps otherwise.
pub trait Report: Serialize {
    /// For a person at a terminal.
    fn text(&self, page: &Page) -> String;
    /// For a comment or a page.
    fn markdown(&self) -> String;
    /// As boxes and arrows, if that says anything.
    fn diagram(&self) -> Option<Diagram> {
        None
    }
    /// As rows for a spreadsheet, if that says anything.
    fn grid(&self) -> Option<Grid> {
        None
    }
    /// As a picture in SVG, if there is anything to see.
    fn picture(&self) -> Option<String> {
        None
    }
    /// As events, a JSON object each, if anything runs.
    fn events(&self) -> Option<Vec<serde_json::Value>> {
        None
    }
    /// As a SARIF log, if it holds findings.
    fn sarif(&self) -> Option<serde_json::Value> {
        None
    }
    /// As commands for GitHub's runner, if it holds findings.
    fn annotations(&self) -> Option<String> {
        None
    }
}

/// Writes a text to standard output; a reader who has seen enough and closes the pipe is no error.
///
/// # Errors
/// If standard output cannot be written, as on a full disk.
pub fn to_stdout(text: &str) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::input("cannot write to standard output").caused_by(error))
        }
        _ => Ok(()),
    }
}

/// Whether standard output shows colour: a terminal does, unless the environment says otherwise.
#[must_use]
pub fn color_of_stdout() -> Color {
    match anstream::AutoStream::choice(&std::io::stdout()) {
        anstream::ColorChoice::Never => Color::Plain,
        _ => Color::Ansi,
    }
}

/// How many characters a line of standard output holds, if that is a terminal.
#[must_use]
pub fn width_of_stdout() -> Option<usize> {
    terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0))
}

/// A report in one format, ending with a newline.
///
/// # Errors
/// If the report cannot be shown so; which formats a command has is checked before it begins. If a
/// value cannot be written as JSON, which none of ours is known to cause.
pub fn render(report: &impl Report, format: Format, page: &Page) -> anyhow::Result<String> {
    let shown = match format {
        Format::Text => Some(report.text(page)),
        Format::Markdown => Some(report.markdown()),
        Format::Json => Some(json::render(report)?),
        Format::Mermaid => report.diagram().map(|diagram| mermaid::render(&diagram)),
        Format::Dot => report.diagram().map(|diagram| dot::render(&diagram)),
        Format::Csv => report.grid().map(|grid| csv::render(&grid)).transpose()?,
        Format::Svg => report.picture(),
        Format::Sarif => report.sarif().map(|log| json::render(&log)).transpose()?,
        Format::Github => report.annotations(),
        Format::OpenLineage => report.events().map(|events| json::lines(&events)).transpose()?,
    };
    shown.ok_or_else(|| anyhow::anyhow!("the report has no form `{}`", format.name()))
}

/// A path from the root of the repository.
fn from_root(prefix: &str, path: &str) -> String {
    match prefix.trim_matches('/') {
        "" => path.to_owned(),
        prefix => format!("{prefix}/{path}"),
    }
}
