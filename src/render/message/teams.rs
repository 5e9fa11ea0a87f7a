//! Messages as an Adaptive Card for Microsoft Teams. All text is in text runs, which know no markup.

use serde_json::{Value, json};

use super::{escaped_within, harmless, headline};
use crate::message::{Line, Message};

/// The longest text of a line; a card may have some 28,000 bytes.
const LONGEST_LINE: usize = 400;
/// The most lines of details.
const MOST_DETAILS: usize = 20;

/// What a workflow's webhook takes: a message with one card.
#[must_use]
pub fn card(message: &Message) -> Value {
    let title = json!({
        "type": "RichTextBlock",
        "inlines": [run(&headline(message), "Bolder")],
    });
    let lines: Vec<Value> = message.lines().iter().map(line).collect();
    let details: Vec<Value> = message.details().iter().take(MOST_DETAILS).map(line).collect();
    let mut actions = Vec::new();
    if let Some(link) = &message.occasion.link {
        let title = format!("Open {}", plain(&message.occasion.named(), 60));
        actions.push(json!({ "type": "Action.OpenUrl", "title": title, "url": link }));
    }
    let mut body = vec![title];
    body.extend(lines);
    if !details.is_empty() {
        body.push(json!({ "type": "Container", "id": "details", "isVisible": false, "items": details }));
        actions.push(json!({ "type": "Action.ToggleVisibility", "title": "Details", "targetElements": ["details"] }));
    }
    json!({
        "type": "message",
        "summary": plain(&headline(message), LONGEST_LINE),
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": { "width": "Full" },
                "body": body,
                "actions": actions,
            },
        }],
    })
}

fn line(line: &Line) -> Value {
    let mut inlines = Vec::new();
    if !line.label.is_empty() {
        inlines.push(run(&format!("{}  ", line.label), "Bolder"));
    }
    inlines.push(run(&line.text, "Default"));
    if let Some(link) = &line.link {
        let mut open = run("  open", "Default");
        open["selectAction"] = json!({ "type": "Action.OpenUrl", "url": link });
        inlines.push(open);
    }
    json!({ "type": "RichTextBlock", "inlines": inlines })
}

fn run(text: &str, weight: &str) -> Value {
    json!({ "type": "TextRun", "text": plain(text, LONGEST_LINE), "weight": weight })
}

fn plain(text: &str, most: usize) -> String {
    escaped_within(&harmless(text), most, |c, out| out.push(c))
}
