//! Reports to text, Markdown or JSON. It must not know where the text goes.

use std::io::Write as _;

use serde::Serialize;

use crate::cli::Format;
use crate::error::Error;

mod json;
mod markdown;
mod text;

pub use text::{Color, Detail, Page};

/// A report that every format can show.
pub trait Report: Serialize {
    /// For a person at a terminal.
    fn text(&self, page: &Page) -> String;
    /// For a comment or a page.
    fn markdown(&self) -> String;
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
/// If a value cannot be written as JSON, which none of ours is known to cause.
pub fn render(report: &impl Report, format: Format, page: &Page) -> anyhow::Result<String> {
    match format {
        Format::Text => Ok(report.text(page)),
        Format::Markdown => Ok(report.markdown()),
        Format::Json => json::render(report),
    }
}
