//! Messages as Slack's blocks, within Slack's limits. Our own labels and links are marked up; all
//! else is escaped and stays what it is.

use serde_json::{Value, json};

use super::{escaped_within, harmless, headline};
use crate::message::{Line, Message, Status};

/// The longest text of a section, in characters.
const LONGEST_SECTION: usize = 3_000;
/// The most characters of one message.
const LONGEST_POST: usize = 8_000;
/// The most blocks of one message.
const MOST_BLOCKS: usize = 40;
/// The longest line of ours, so that nine fit into a section.
const LONGEST_LINE: usize = 320;

/// What is posted: blocks, and a text for where blocks are not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlackPost {
    /// For notifications and screen readers.
    pub text: String,
    /// At most forty.
    pub blocks: Value,
}

/// The message for the channel; `mentions` are the people that settings name.
#[must_use]
pub fn post(message: &Message, mentions: &[String]) -> SlackPost {
    let mentions = match message.status {
        Status::Announced => mentions.iter().map(|who| mention(who)).collect::<Vec<_>>().join(" "),
        Status::Withdrawn | Status::Digest => String::new(),
    };
    let title = escape(&headline(message), LONGEST_LINE);
    let spaced = if mentions.is_empty() { String::new() } else { format!("{mentions} ") };
    let mut lines: Vec<String> = message.lines().iter().map(line).collect();
    if let Some(link) = &message.occasion.link
        && let Some(who) = lines.iter_mut().find(|line| line.starts_with("*Who*"))
    {
        who.push_str(&format!("  <{}|open>", link_target(link)));
    }
    let head = section(&format!("{spaced}*{title}*"));
    SlackPost { text: format!("{spaced}{title}"), blocks: json!([head, section(&lines.join("\n"))]) }
}

/// What goes into the thread below the message; nothing if there is no more to say.
#[must_use]
pub fn details(message: &Message) -> Option<SlackPost> {
    let lines: Vec<String> = message.details().iter().map(line).collect();
    if lines.is_empty() {
        return None;
    }
    let text = format!("Details: {}", escape(&message.subject, LONGEST_LINE));
    let mut left = LONGEST_POST - text.chars().count() - LONGEST_LINE;
    let mut sections: Vec<String> = vec![String::new()];
    for (place, line) in lines.iter().enumerate() {
        let length = line.chars().count() + 1;
        if length > left {
            let more = format!("… and {} lines more", lines.len() - place);
            sections.push(more);
            break;
        }
        left -= length;
        match sections.last_mut() {
            Some(last) if last.chars().count() + length <= LONGEST_SECTION => {
                if !last.is_empty() {
                    last.push('\n');
                }
                last.push_str(line);
            }
            _ => sections.push(line.clone()),
        }
    }
    let blocks: Vec<Value> = sections.iter().take(MOST_BLOCKS).map(|text| section(text)).collect();
    Some(SlackPost { text, blocks: Value::Array(blocks) })
}

fn section(text: &str) -> Value {
    // `verbatim` keeps Slack from finding addresses, channels and names in the text.
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text, "verbatim": true } })
}

fn line(line: &Line) -> String {
    let mut text = escape(&line.text, LONGEST_LINE - 20);
    if let Some(link) = &line.link {
        text.push_str(&format!("  <{}|open>", link_target(link)));
    }
    if line.label.is_empty() { text } else { format!("*{}*  {text}", line.label) }
}

fn escape(text: &str, most: usize) -> String {
    escaped_within(&harmless(text), most, |c, out| match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        // Where it could begin or end a style, a character of no width keeps it from doing so.
        '*' | '~' => {
            out.push(c);
            out.push('\u{200b}');
        }
        c => out.push(c),
    })
}

/// An address inside a link: no character that ends it.
fn link_target(link: &str) -> String {
    link.replace('&', "&amp;").replace('<', "%3C").replace('>', "%3E").replace('|', "%7C")
}

/// Somebody as Slack writes him: an id of a user or a group, or `here`, `channel`, `everyone`.
fn mention(who: &str) -> String {
    match who {
        "here" | "channel" | "everyone" => format!("<!{who}>"),
        group if group.starts_with('S') => format!("<!subteam^{group}>"),
        user => format!("<@{user}>"),
    }
}
