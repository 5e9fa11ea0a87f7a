//! Several messages to one owner as one: a line a change, and what each means below.

use headsup_lineage::change::EffectKind;
use headsup_lineage::reach::Reach;

use super::{Line, Lines, Message, Occasion, Status, for_you};
use crate::audience::Hold;
use crate::project::Criticality;

/// The most changes that have a line.
const MOST: usize = 7;

impl Message {
    /// Whether its owner has to hear at once: something critical is reached, may break, or is held up.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        let breaks = |effect: &EffectKind| effect.may_break();
        self.status == Status::Announced
            && self.about.iter().any(|about| {
                about.criticality == Criticality::Critical
                    || about.hold.as_ref().is_some_and(Hold::is_on)
                    || (about.reach == Reach::Reached && about.effects.iter().any(breaks))
            })
    }

    /// One message that holds several.
    #[must_use]
    pub fn digest(owner: &str, messages: Vec<Self>) -> Self {
        let changes = if messages.len() == 1 { "1 change".to_owned() } else { format!("{} changes", messages.len()) };
        Self {
            owner: owner.to_owned(),
            status: Status::Digest,
            subject: format!("{changes} for {owner}"),
            what: Vec::new(),
            about: Vec::new(),
            mentioned: Vec::new(),
            known_by: String::new(),
            note: None,
            occasion: Occasion::default(),
            spared: 0,
            digest: messages,
        }
    }

    /// A line a change.
    pub(super) fn digest_lines(&self) -> Vec<Line> {
        let mut lines = Lines::default();
        for (place, message) in self.digest.iter().take(MOST).enumerate() {
            let more = self.digest.len().saturating_sub(MOST);
            let rest =
                if place + 1 == MOST && more > 0 { format!("; and {more} more changes, below") } else { String::new() };
            let label = if place == 0 { "Changes" } else { "" };
            lines.0.push(Line { label, text: message.in_a_line() + &rest, link: message.occasion.link.clone() });
        }
        lines.add("Do", "nothing, if this is what you expect; otherwise answer where the change is".to_owned());
        lines.0
    }

    /// Each change with what it means.
    pub(super) fn digest_details(&self) -> Vec<Line> {
        let mut lines = Lines::default();
        for message in &self.digest {
            let text = format!("{}: {}", message.occasion.who_alone(), message.subject);
            lines.0.push(Line { label: "Change", text, link: message.occasion.link.clone() });
            if message.status == Status::Withdrawn {
                continue;
            }
            for what in &message.what {
                lines.add("Changed", what.clone());
            }
            for about in &message.about {
                lines.add("For you", for_you(&[about]));
            }
            if let Some(note) = &message.note {
                lines.add("Author", note.clone());
            }
        }
        lines.0
    }

    fn in_a_line(&self) -> String {
        let Occasion { author, .. } = &self.occasion;
        let by = author.as_ref().map(|author| format!(" by {author}")).unwrap_or_default();
        let change = format!("{}{by}", self.occasion.named());
        let Some(first) = self.about.first() else { return format!("{change}: {}", self.subject) };
        let more = match self.about.len() - 1 {
            0 => String::new(),
            1 => "; and 1 more of your jobs".to_owned(),
            number => format!("; and {number} more of your jobs"),
        };
        match self.status {
            Status::Withdrawn => format!("{change} no longer reaches {}{more}", first.job),
            Status::Announced | Status::Digest => format!("{change}: {}{more}", for_you(&[first])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headsup::HeadsUp;

    fn message(job: &str, request: &str) -> Message {
        let headsup: HeadsUp = serde_json::from_value(serde_json::json!({
            "owner": "finance", "subject": format!("a change to core.orders reaches {job}"), "body": "", "jobs": [job],
            "what": ["core.orders: column tax may differ"], "known_by": "", "spared": 0,
            "about": [{
                "job": job, "criticality": "normal", "standard": "reachable", "reach": "reached",
                "happens": "tax may differ", "effects": ["revalued"], "way": ["core.orders.tax"],
            }],
        }))
        .unwrap();
        let occasion = Occasion {
            head: "branch".to_owned(),
            author: Some("ann".to_owned()),
            request: Some(request.to_owned()),
            ..Occasion::default()
        };
        Message::new(&headsup, &occasion, None)
    }

    #[test]
    fn a_digest_has_at_most_ten_lines_and_each_change_below() {
        let messages: Vec<Message> =
            (1..=9).map(|number| message("report", &format!("pull request {number}"))).collect();
        let digest = Message::digest("finance", messages);
        assert_eq!(digest.subject, "9 changes for finance");
        let lines = digest.lines();
        assert_eq!(lines.len(), 8);
        assert_eq!(lines[0].text, "pull request 1 by ann: report reads core.orders.tax: tax may differ");
        assert!(lines[6].text.ends_with("; and 2 more changes, below"), "{}", lines[6].text);
        assert_eq!(digest.details().iter().filter(|line| line.label == "Change").count(), 9);
        let gone = message("report", "pull request 3").withdrawn(&Occasion::default());
        let one = Message::digest("finance", vec![gone]);
        assert_eq!((one.subject.as_str(), one.details().len()), ("1 change for finance", 1));
    }

    #[test]
    fn what_is_critical_breaks_or_is_held_up_is_urgent() {
        let plain = message("report", "pull request 1");
        assert!(!plain.is_urgent());
        let with = |change: fn(&mut Message)| {
            let mut message = plain.clone();
            change(&mut message);
            message.is_urgent()
        };
        assert!(with(|message| message.about[0].criticality = Criticality::Critical));
        assert!(with(|message| message.about[0].effects = vec![EffectKind::Broken]));
        assert!(with(|message| {
            message.about[0].hold = Some(Hold {
                frozen: None,
                sign_off: vec!["ann".to_owned()],
                approved_by: Vec::new(),
                fingerprint: String::new(),
            });
        }));
        assert!(!with(|message| message.status = Status::Withdrawn));
    }
}
