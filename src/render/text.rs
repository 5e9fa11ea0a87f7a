//! Reports for a person at a terminal. A report is written with styles marked in it; at the end the
//! marks become colour or nothing, and control characters that came from a project become harmless.

use std::fmt::Write as _;

use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Modify, Padding, Style};

use crate::text::turns_direction;

mod approve;
mod check;
mod compare;
mod depends;
mod doctor;
mod impact;
pub(super) mod incidents;
mod init;
mod jobs;
mod lineage;
mod message;
mod models;
mod notify;
mod reaching;
pub(super) mod release;
pub(super) mod replay;
pub(super) mod suspects;
mod why;

pub(super) use check::summary;
pub(super) use jobs::{hears_of, told_by};
pub use message::message;
pub(super) use message::message_lines;

/// Where a text is shown.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// How many characters a line may have.
    pub width: usize,
    /// Whether styles are shown.
    pub color: Color,
    /// How much is shown.
    pub detail: Detail,
}

/// Whether styles are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// As terminal colours.
    Ansi,
    /// Not at all.
    Plain,
}

/// How much of a report is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// The findings.
    Findings,
    /// The findings and what leads on from them.
    Normal,
    /// Everything, messages in full.
    Full,
}

impl Default for Page {
    /// Eighty plain columns.
    fn default() -> Self {
        Self { width: 80, color: Color::Plain, detail: Detail::Normal }
    }
}

/// What stands out in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// Something to act on.
    Alarm,
    /// Something in doubt.
    Doubt,
    /// Something that is fine.
    Calm,
    /// A name to look at.
    Strong,
    /// What matters less.
    Faint,
}

/// Marks are private-use characters while a text is being laid out: they have no meaning of their
/// own, and whatever a project's names contain of them is dropped.
const MARKS: [(Mark, char); 5] = [
    (Mark::Alarm, '\u{e001}'),
    (Mark::Doubt, '\u{e002}'),
    (Mark::Calm, '\u{e003}'),
    (Mark::Strong, '\u{e004}'),
    (Mark::Faint, '\u{e005}'),
];
/// A space at which no line is broken.
const JOINER: char = '\u{a0}';
const END: char = '\u{e000}';

impl Mark {
    const fn style(self) -> anstyle::Style {
        use anstyle::{AnsiColor, Style};
        match self {
            Self::Alarm => AnsiColor::Red.on_default().bold(),
            Self::Doubt => AnsiColor::Yellow.on_default().bold(),
            Self::Calm => AnsiColor::Green.on_default(),
            Self::Strong => Style::new().bold(),
            Self::Faint => Style::new().dimmed(),
        }
    }
}

/// A last column narrower than this runs over the edge rather than down the page.
const NARROWEST: usize = 24;

/// What stands between two columns.
const GAP: usize = 2;

/// A text under construction.
struct Sheet<'p> {
    page: &'p Page,
    text: String,
}

impl<'p> Sheet<'p> {
    fn new(page: &'p Page) -> Self {
        Self { page, text: String::new() }
    }

    /// A line as it is, in pieces, marked or not.
    fn line(&mut self, pieces: &[(Option<Mark>, &str)]) {
        for (mark, piece) in pieces {
            let piece = clean(piece);
            match mark.and_then(|mark| MARKS.iter().find(|(other, _)| *other == mark)) {
                Some((_, sign)) if !piece.is_empty() => {
                    let _ = write!(self.text, "{sign}{piece}{END}");
                }
                _ => self.text.push_str(&piece),
            }
        }
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        self.text.push('\n');
    }

    fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A paragraph, wrapped to the page, every line after `indent` spaces.
    fn paragraph(&mut self, indent: usize, text: &str) {
        self.hanging(&" ".repeat(indent), indent, text);
    }

    /// A paragraph whose first line starts with `head` and whose others with `indent` spaces.
    fn hanging(&mut self, head: &str, indent: usize, text: &str) {
        let rest = " ".repeat(indent);
        let head = clean(head);
        let options = textwrap::Options::new(self.page.width)
            .initial_indent(&head)
            .subsequent_indent(&rest)
            .break_words(false)
            .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        for line in textwrap::wrap(&clean(text), options) {
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
    }

    /// Whether rows in aligned columns leave the last column enough of the page.
    fn has_room_for(&self, indent: usize, header: &[&str], rows: &[Vec<String>]) -> bool {
        let before = header.len().saturating_sub(1);
        let widest = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(String::as_str);
            let cells = cells.chain(header.get(column).copied());
            cells.map(textwrap::core::display_width).max().unwrap_or(0)
        };
        indent + (0..before).map(|column| widest(column) + GAP).sum::<usize>() + NARROWEST <= self.page.width
    }

    /// Rows in aligned columns after `indent` spaces. The last column is wrapped to fit the page,
    /// between words only: a name that is cut cannot be searched for.
    fn table(&mut self, indent: usize, header: Option<&[&str]>, rows: &[Vec<String>]) {
        let Some(columns) = rows.first().map(Vec::len) else { return };
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| clean(cell)).collect()).collect();
        let widest = |column: usize| {
            let heading = header.and_then(|header| header.get(column)).map_or(0, |cell| cell.len());
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| textwrap::core::display_width(cell)).max().unwrap_or(0).max(heading)
        };
        let before: usize = indent + (0..columns.saturating_sub(1)).map(|column| widest(column) + GAP).sum::<usize>();
        if header.is_none() && before + NARROWEST > self.page.width {
            self.stack(indent, &rows);
            return;
        }
        let last = textwrap::Options::new(self.page.width.saturating_sub(before).max(NARROWEST))
            .break_words(false)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        let mut builder = Builder::default();
        if let Some(header) = header {
            builder.push_record(header.iter().map(|cell| (*cell).to_owned()));
        }
        for mut row in rows {
            if let Some(cell) = row.last_mut() {
                *cell = textwrap::fill(cell, &last);
            }
            builder.push_record(row);
        }
        let mut table = builder.build();
        table
            .with(Style::empty())
            .with(Padding::new(0, GAP, 0, 0))
            .with(Modify::new(Columns::first()).with(Padding::new(indent, GAP, 0, 0)));
        for (number, line) in table.to_string().lines().enumerate() {
            let line = line.trim_end();
            if header.is_some() && number == 0 {
                self.line(&[(Some(Mark::Faint), line)]);
            } else {
                self.text.push_str(line);
                self.text.push('\n');
            }
        }
    }

    /// Rows whose cells stand below each other, for where the page is too narrow for columns.
    fn stack(&mut self, indent: usize, rows: &[Vec<String>]) {
        for row in rows {
            for (index, cell) in row.iter().enumerate() {
                self.paragraph(if index == 0 { indent } else { indent + 4 }, cell);
            }
        }
    }

    /// The text with its marks as the page wants them.
    fn finish(self) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut open = None;
        for c in self.text.chars() {
            let mark = MARKS.iter().find(|(_, sign)| *sign == c).map(|(mark, _)| *mark);
            match (mark, self.page.color) {
                (Some(mark), Color::Ansi) => {
                    let _ = write!(out, "{}", mark.style().render());
                    open = Some(mark);
                }
                (None, Color::Ansi) if c == END => {
                    if open.take().is_some() {
                        let _ = write!(out, "{}", anstyle::Reset);
                    }
                }
                (Some(_), Color::Plain) => {}
                (None, _) if c == END => {}
                (None, _) if c == JOINER => out.push(' '),
                (None, _) => out.push(c),
            }
        }
        out
    }
}

/// A project's text made harmless: no control characters, no marks of ours, no changes of direction.
fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let ours = c == END || MARKS.iter().any(|(_, sign)| *sign == c);
        if ours || turns_direction(c) {
            continue;
        }
        if c.is_control() && c != '\n' {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// `1 job`, `2 jobs`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number), if number == 1 { one } else { many })
}

/// `7,449`
pub(super) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Names in a row, at most `most` of them: `a, b and 3 more`.
pub(super) fn list<T: std::fmt::Display>(names: &[T], most: usize) -> String {
    let shown: Vec<String> = names.iter().take(most).map(ToString::to_string).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_project_writes_cannot_steer_the_terminal() {
        let page = Page { color: Color::Ansi, ..Page::default() };
        let mut sheet = Sheet::new(&page);
        sheet.line(&[(Some(Mark::Strong), "a\u{1b}[2Jb\u{e001}c\u{202e}d")]);
        assert_eq!(sheet.finish(), "\u{1b}[1ma\\u{1b}[2Jbcd\u{1b}[0m\n");
    }

    #[test]
    fn a_table_wraps_its_last_column_between_words() {
        let page = Page { width: 40, ..Page::default() };
        let mut sheet = Sheet::new(&page);
        let rows = [vec![
            "short".to_owned(),
            "a long text that goes on and on for ever and a/path/that/is/never/cut".to_owned(),
        ]];
        sheet.table(2, None, &rows);
        let expected =
            "  short  a long text that goes\n         on and on for ever and\n         a/path/that/is/never/cut\n";
        assert_eq!(sheet.finish(), expected);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(thousands(7), "7");
        assert_eq!(thousands(7449), "7,449");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}
