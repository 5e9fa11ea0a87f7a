//! Messages as one comment on a pull request: all owners in it, details folded, cut to the size that
//! services take.

use std::fmt::Write as _;

use super::escape;
use crate::message::{Line, Message, Status};
use crate::render::message::headline;

/// A comment under construction: what marks it as ours, and how long it may be.
#[derive(Debug, Clone, Copy)]
pub struct Comment<'a> {
    /// A line that readers do not see, by which the comment is found again.
    pub marker: &'a str,
    /// The most bytes.
    pub most: usize,
}

/// Messages to several owners as one comment.
#[must_use]
pub fn comment(messages: &[Message], comment: Comment<'_>) -> String {
    let mut out = String::new();
    if !comment.marker.is_empty() {
        let _ = writeln!(out, "{}", comment.marker);
    }
    for message in messages {
        section(&mut out, message);
    }
    if messages.is_empty() {
        out.push_str("### All clear\n\nThis change no longer reaches any job.\n");
    }
    within(out, comment.most)
}

fn section(out: &mut String, message: &Message) {
    let _ = writeln!(out, "### {}\n", escape(&headline(message)));
    let _ = writeln!(out, "For **{}**\n", escape(&message.owner));
    let mut rows = Vec::new();
    for line in message.lines() {
        rows.push(row(&line));
    }
    super::table(out, &["", ""], rows);
    let details = message.details();
    if message.status != Status::Withdrawn && !details.is_empty() {
        out.push_str("<details><summary>Details</summary>\n\n");
        super::table(out, &["", ""], details.iter().map(row));
        out.push_str("</details>\n\n");
    }
}

fn row(line: &Line) -> Vec<String> {
    let label = if line.label.is_empty() { String::new() } else { format!("**{}**", line.label) };
    vec![label, escape(&line.text)]
}

/// A comment no longer than so many bytes: whole lines only, folds closed.
fn within(text: String, most: usize) -> String {
    const CLOSING: &str = "\n</details>\n\nThis was cut: the full report is in the summary of the run.\n";
    if text.len() <= most {
        return text;
    }
    let mut kept = String::new();
    let mut is_open = false;
    for line in text.split_inclusive('\n') {
        if kept.len() + line.len() + CLOSING.len() > most {
            break;
        }
        is_open = (is_open || line.starts_with("<details>")) && !line.starts_with("</details>");
        kept.push_str(line);
    }
    kept.push_str(if is_open { CLOSING } else { CLOSING.trim_start_matches("\n</details>\n") });
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_comment_closes_its_folds() {
        let text = format!("a\n<details>\n{}", "row\n".repeat(100));
        let cut = within(text, 200);
        assert!(cut.len() <= 200 && cut.contains("</details>") && cut.ends_with("of the run.\n"), "{cut}");
        assert_eq!(within("short\n".to_owned(), 200), "short\n");
    }
}
