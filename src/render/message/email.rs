//! Messages as e-mail: a subject, a text and a page.

use super::{escaped_within, harmless, headline};
use crate::message::{Line, Message};

/// The longest subject.
const LONGEST_SUBJECT: usize = 180;
/// How wide the text is.
const WIDTH: usize = 76;

/// The parts of an e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// One line.
    pub subject: String,
    /// For readers without HTML.
    pub text: String,
    /// The same as a page.
    pub html: String,
}

/// A message as e-mail.
#[must_use]
pub fn email(message: &Message) -> Email {
    let subject = escaped_within(&harmless(&headline(message)), LONGEST_SUBJECT, |c, out| out.push(c));
    let mut text = super::plain(message, WIDTH);
    let details = message.details();
    if !details.is_empty() {
        text.push_str("\nDetails\n\n");
        text.push_str(&crate::render::text::message_lines(&details, WIDTH));
    }
    let lines = message.lines();
    let ours = lines.iter().chain(&details).filter_map(|line| line.link.as_deref());
    let ours: Vec<&str> = ours.chain(message.occasion.link.as_deref()).collect();
    Email { subject, text: without_links(&text, &ours), html: html(message, &details) }
}

/// A text in which the only addresses that a reader's program makes links of are our own.
fn without_links(text: &str, ours: &[&str]) -> String {
    let lines = text.lines().map(|line| match ours.contains(&line.trim()) {
        true => line.to_owned(),
        false => line.replace("://", ":\u{200b}//"),
    });
    lines.map(|line| line + "\n").collect()
}

fn html(message: &Message, details: &[Line]) -> String {
    let mut out = String::from("<!doctype html><html><body style=\"font-family:sans-serif;font-size:14px\">\n");
    out.push_str(&format!("<p><strong>{}</strong></p>\n", escape(&headline(message))));
    rows(&mut out, &message.lines());
    if let Some(link) = &message.occasion.link {
        let name = escape(&message.occasion.named());
        out.push_str(&format!("<p><a href=\"{}\">Open {name}</a></p>\n", escape_attribute(link)));
    }
    if !details.is_empty() {
        out.push_str("<details><summary>Details</summary>\n");
        rows(&mut out, details);
        out.push_str("</details>\n");
    }
    out.push_str("</body></html>\n");
    out
}

fn rows(out: &mut String, lines: &[Line]) {
    out.push_str("<table>\n");
    for line in lines {
        let label = escape(line.label);
        let mut text = escape(&line.text);
        if let Some(link) = &line.link {
            text.push_str(&format!(" <a href=\"{}\">open</a>", escape_attribute(link)));
        }
        out.push_str(&format!(
            "<tr><td valign=\"top\" style=\"padding-right:12px\"><strong>{label}</strong></td><td>{text}</td></tr>\n"
        ));
    }
    out.push_str("</table>\n");
}

fn escape(text: &str) -> String {
    escape_attribute(&harmless(text))
}

fn escape_attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
