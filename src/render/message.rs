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
    let line = |line: &Line| match &line.link {
        Some(link) => serde_json::json!({ "label": line.label, "text": line.text, "link": link }),
        None => serde_json::json!({ "label": line.label, "text": line.text }),
    };
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
    use crate::message::Occasion;

    #[test]
    fn nothing_of_a_name_acts() {
        assert_eq!(harmless("a\u{1b}[1m\u{202e}b\r\nc"), "a[1mb  c");
        assert_eq!(harmless("@here http://evil"), "@\u{200b}here http:\u{200b}//evil");
    }

    #[test]
    fn each_change_of_a_digest_has_its_own_link_and_no_other() {
        const PAGE: &str = "https://github.com/acme/w/pull/7";
        let occasion =
            Occasion { head: "see http://evil".to_owned(), link: Some(PAGE.to_owned()), ..Occasion::default() };
        let gone = Message::recalled("finance", &["report".to_owned()], &occasion);
        let digest = Message::digest("finance", vec![gone]);
        let mail = email(&digest);
        for (shown, wanted) in [
            (plain(&digest, 76), format!("\n         {PAGE}\n")),
            (mail.text, format!("\n         {PAGE}\n")),
            (mail.html, format!("<a href=\"{PAGE}\">open</a>")),
            (slack(&digest, &["here".to_owned()]).blocks.to_string(), format!("<{PAGE}|open>")),
            (card(&digest).to_string(), format!("\"url\":\"{PAGE}\"")),
            (json(&digest)["lines"][0]["link"].to_string(), format!("\"{PAGE}\"")),
        ] {
            assert!(shown.contains(&wanted), "{wanted}: {shown}");
            assert!(!shown.contains("<!here>"), "nobody is called for a digest: {shown}");
        }
        assert!(!email(&digest).text.contains("http://evil"));
    }

    #[test]
    fn no_escape_is_cut_in_two() {
        let escape = |c: char, out: &mut String| if c == '&' { out.push_str("&amp;") } else { out.push(c) };
        assert_eq!(escaped_within("a&&", 20, escape), "a&amp;&amp;");
        assert_eq!(escaped_within("a&&", 10, escape), "a&amp;…");
        assert_eq!(escaped_within(&"&".repeat(10_000), 3_000, escape).chars().count(), 2_996);
    }
}
