//! Messages in the form of the place where they go. Whatever a project calls its tables, it cannot
//! mention, link or mark up anything there. It must not know how a message is sent.

use crate::message::{Line, Message, Status};
use crate::text::turns_direction;

mod email;
mod slack;
mod teams;

pub use super::markdown::{Comment, comment};
pub use super::text::message as plain;
pub use email::{Email, email};
pub use slack::{SlackPost, details as slack_details, post as slack};
pub use teams::card;

/// What stands before the subject of a message.
const fn greeting(status: Status) -> &'static str {
    match status {
        Status::Announced => "Heads-up: ",
        Status::Withdrawn => "",
        Status::Digest => "Digest: ",
    }
}

/// The subject as a reader sees it first.
#[must_use]
pub fn headline(message: &Message) -> String {
    format!("{}{}", greeting(message.status), message.subject)
}

/// A message as JSON, for programs: all that it is made of, and its lines.
#[must_use]
pub fn json(message: &Message) -> serde_json::Value {
    let line = |line: &Line| serde_json::json!({ "label": line.label, "text": line.text });
    let lines: Vec<_> = message.lines().iter().map(line).collect();
    serde_json::json!({ "version": crate::report::VERSION, "message": message, "lines": lines })
}

/// A text without anything that its place would take for more than a text: no control characters or
/// changes of direction, no mention, no address that becomes a link.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            c if c.is_control() || turns_direction(c) => {}
            '@' => out.push_str("@\u{200b}"),
            '/' if out.ends_with(":/") => {
                out.pop();
                out.push_str("\u{200b}//");
            }
            c => out.push(c),
        }
    }
    out
}

/// The beginning of a text of which each character becomes what `escape` makes of it, so that all of it
/// is no longer than so many characters; no escape is cut in two.
fn escaped_within(text: &str, most: usize, escape: impl Fn(char, &mut String)) -> String {
    let mut out = String::new();
    let mut length = 0;
    for c in text.chars() {
        let mut one = String::new();
        escape(c, &mut one);
        let more = one.chars().count();
        if length + more + 1 > most {
            out.push('…');
            return out;
        }
        length += more;
        out.push_str(&one);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_name_acts() {
        assert_eq!(harmless("a\u{1b}[1m\u{202e}b\r\nc"), "a[1mb  c");
        assert_eq!(harmless("@here http://evil"), "@\u{200b}here http:\u{200b}//evil");
    }

    #[test]
    fn no_escape_is_cut_in_two() {
        let escape = |c: char, out: &mut String| if c == '&' { out.push_str("&amp;") } else { out.push(c) };
        assert_eq!(escaped_within("a&&", 20, escape), "a&amp;&amp;");
        assert_eq!(escaped_within("a&&", 10, escape), "a&amp;…");
        assert_eq!(escaped_within(&"&".repeat(10_000), 3_000, escape).chars().count(), 2_996);
    }
}
