//! `headsup notify` and `headsup outbox` for a person.

use super::{Detail, Mark, Page, Sheet, count, list};
use crate::deliver::{Outcome, State};
use crate::render::{Report, markdown};
use crate::report::notify::{DeliveryEntry, NotifyReport, OutboxReport};

impl Report for NotifyReport {
    fn text(&self, page: &Page) -> String {
        let mut sheet = Sheet::new(page);
        if let (Some(head), Some(base)) = (&self.head, &self.base) {
            let messages = match self.deliveries.len() {
                0 => "nobody needs to hear".to_owned(),
                number => count(number, "message", "messages"),
            };
            sheet.line(&[(Some(Mark::Strong), head), (None, &format!(" → {base}: {messages}"))]);
        } else if self.deliveries.is_empty() {
            sheet.line(&[(None, "Nothing is waiting.")]);
        }
        for entry in &self.deliveries {
            sheet.blank();
            delivery(&mut sheet, entry);
        }
        let undelivered = self.undelivered().count();
        if undelivered > 0 && page.detail >= Detail::Normal {
            sheet.blank();
            let text = if self.dry_run {
                format!("{}.", count(undelivered, "message has nowhere to go", "messages have nowhere to go"))
            } else {
                // What has no channel is not in the ledger, and waits for nobody.
                let waits = self.deliveries.iter().any(|entry| entry.outcome == Outcome::Waiting);
                let kept = if waits { "`headsup notify --resume`" } else { "`headsup outbox --retry`" };
                let what = count(undelivered, "message is not there", "messages are not there");
                format!("{what}. When that is mended, the same command sends it, and {kept} all that the ledger has.")
            };
            sheet.paragraph(0, &text);
        }
        sheet.finish()
    }

    fn markdown(&self) -> String {
        markdown::notify(self)
    }
}

fn delivery(sheet: &mut Sheet<'_>, entry: &DeliveryEntry) {
    let (mark, word) = match entry.outcome {
        Outcome::Sent => (Mark::Calm, "sent"),
        Outcome::Updated => (Mark::Calm, "changed"),
        Outcome::AlreadyTold => (Mark::Calm, "told before"),
        Outcome::Collected => (Mark::Calm, "for the digest"),
        Outcome::WouldSend => (Mark::Calm, "would send"),
        Outcome::Skipped => (Mark::Doubt, "left out"),
        Outcome::Waiting => (Mark::Alarm, "NOT YET SENT"),
        Outcome::Undelivered => (Mark::Alarm, "NOT SENT"),
    };
    let to = if entry.owners.is_empty() { "all".to_owned() } else { list(&entry.owners, 3) };
    let by = match (&entry.kind, entry.channel.as_str()) {
        (_, "") => String::new(),
        (Some(kind), channel) if kind == channel => format!(" by {channel}"),
        (Some(kind), channel) => format!(" by {channel} ({kind})"),
        (None, channel) => format!(" by {channel}"),
    };
    sheet.line(&[(Some(mark), word), (None, &format!("  to {to}{by}"))]);
    sheet.paragraph(2, &entry.subject);
    if let Some(said) = &entry.said {
        let because = if entry.outcome == Outcome::WouldSend { "" } else { "because " };
        sheet.paragraph(2, &format!("{because}{said}"));
    }
    for parcel in &entry.parcels {
        sheet.paragraph(2, &format!("→ {}", parcel.to));
        for line in parcel.body.lines() {
            sheet.line(&[(None, "    "), (None, line)]);
        }
    }
}

impl Report for OutboxReport {
    fn text(&self, page: &Page) -> String {
        let mut sheet = Sheet::new(page);
        if self.letters.is_empty() && self.collected.is_empty() {
            sheet.line(&[(None, "Nothing is waiting.")]);
        }
        for letter in &self.letters {
            sheet.blank();
            let (mark, word) = match letter.state {
                State::Waiting => (Mark::Doubt, "waiting"),
                State::Sent => (Mark::Calm, "sent"),
                State::Failed => (Mark::Alarm, "refused"),
                State::Replaced => (Mark::Faint, "replaced"),
            };
            let owner = letter.owner.as_deref().unwrap_or("all");
            let tried = count(letter.attempts as usize, "attempt", "attempts");
            let rest = format!("  {}  to {owner} by {}, {tried}, {}", letter.id, letter.channel, letter.changed);
            sheet.line(&[(Some(mark), word), (None, &rest)]);
            sheet.paragraph(2, &letter.subject);
            if let Some(said) = &letter.said {
                sheet.paragraph(2, &format!("because {said}"));
            }
        }
        for entry in &self.collected {
            sheet.blank();
            let rest = format!("  to {} by {}, due {}", entry.owner, entry.channel, entry.due);
            sheet.line(&[(Some(Mark::Calm), "for the digest"), (None, &rest)]);
            sheet.paragraph(2, &entry.subject);
        }
        sheet.finish()
    }

    fn markdown(&self) -> String {
        markdown::outbox(self)
    }
}
