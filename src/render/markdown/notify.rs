//! `headsup notify` and `headsup outbox` as Markdown.

use super::{escape, table};
use crate::deliver::{Outcome, State};
use crate::report::notify::{NotifyReport, OutboxReport};

/// What was sent to whom, a row a message.
pub(in crate::render) fn notify(report: &NotifyReport) -> String {
    if report.deliveries.is_empty() {
        return "Nobody needs to hear.\n".to_owned();
    }
    let mut out = String::new();
    let rows = report.deliveries.iter().map(|entry| {
        let word = match entry.outcome {
            Outcome::Sent => "sent",
            Outcome::Updated => "changed",
            Outcome::AlreadyTold => "told before",
            Outcome::Collected => "for the digest",
            Outcome::WouldSend => "would send",
            Outcome::Skipped => "left out",
            Outcome::Waiting => "**not yet sent**",
            Outcome::Undelivered => "**not sent**",
        };
        let said = entry.said.as_deref().unwrap_or_default();
        let owners = if entry.owners.is_empty() { "all".to_owned() } else { entry.owners.join(", ") };
        vec![word.to_owned(), escape(&owners), escape(&entry.channel), escape(&entry.subject), escape(said)]
    });
    table(&mut out, &["", "to", "by", "message", "why"], rows);
    out
}

/// What is in the ledger, a row a letter.
pub(in crate::render) fn outbox(report: &OutboxReport) -> String {
    if report.letters.is_empty() && report.collected.is_empty() {
        return "Nothing is waiting.\n".to_owned();
    }
    let mut out = String::new();
    let rows = report.letters.iter().map(|letter| {
        let state = match letter.state {
            State::Waiting => "waiting",
            State::Sent => "sent",
            State::Failed => "refused",
            State::Replaced => "replaced",
        };
        vec![
            letter.id.to_string(),
            state.to_owned(),
            escape(letter.owner.as_deref().unwrap_or("all")),
            escape(&letter.channel),
            escape(&letter.subject),
            escape(letter.said.as_deref().unwrap_or_default()),
        ]
    });
    let collected = report.collected.iter().map(|entry| {
        let due = format!("due {}", entry.due);
        let (owner, channel, subject) = (escape(&entry.owner), escape(&entry.channel), escape(&entry.subject));
        vec![String::new(), "for the digest".to_owned(), owner, channel, subject, due]
    });
    table(&mut out, &["", "", "to", "by", "message", "why"], rows.chain(collected));
    out
}
