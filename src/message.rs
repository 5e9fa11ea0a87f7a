//! What one owner is told of one change: a heads-up together with the occasion that it was written on.
//! The words are chosen here, for a reader who did not write the change. It must not know markup, nor
//! where a message goes.

use headsup_lineage::change::EffectKind;
use headsup_lineage::reach::Reach;
use serde::{Deserialize, Serialize};

use crate::audience::Hold;
use crate::headsup::{AboutJob, HeadsUp, checked, cut_at, held};
use crate::project::Criticality;
use crate::settings::Standard;
use crate::text::turns_direction;

mod digest;

/// The longest name that a message repeats; longer ones are cut.
const LONGEST_NAME: usize = 120;
/// The longest sentence.
const LONGEST_SENTENCE: usize = 400;
/// What somebody is advised to do who makes the change himself.
const AGAIN: &str = "look again";
/// The longest note of an author.
const LONGEST_NOTE: usize = 1_000;

/// One message to one owner about one change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Whom it is for.
    pub owner: String,
    /// Whether it announces a change, or takes back what was announced.
    pub status: Status,
    /// What it says in a line.
    pub subject: String,
    /// What changed, a sentence a table.
    pub what: Vec<String>,
    /// What that means for each job of the owner, the most critical first.
    pub about: Vec<AboutJob>,
    /// Jobs of the owner of which it cannot be told, and of which he wants to hear in passing only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentioned: Vec<AboutJob>,
    /// How all this is known.
    pub known_by: String,
    /// What the author of the change adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who is changing what, and where.
    pub occasion: Occasion,
    /// How many other jobs of the owner were checked and are not reached.
    pub spared: usize,
    /// The messages that a digest holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub digest: Vec<Message>,
}

/// What a message does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It says that a change reaches somebody.
    Announced,
    /// It says that a change that was announced reaches him no longer.
    Withdrawn,
    /// It holds others.
    Digest,
}

/// Who is changing what, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occasion {
    /// What the change is called across its versions: the pull request, else the branch. Messages about
    /// one change to one owner are one conversation.
    pub change: String,
    /// The branch, the commit, or `working tree`.
    pub head: String,
    /// What it is compared with.
    pub base: String,
    /// Who makes the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Such as `pull request 412`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Where the change can be seen and answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// When it lands, where somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lands: Option<String>,
}

/// A line of a message: what it is about, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Such as `For you`; empty where the line goes on with the one before.
    pub label: &'static str,
    /// Plain text.
    pub text: String,
    /// A page that it is about, where that is another one than the message's.
    pub link: Option<String>,
}

impl Message {
    /// The message that a heads-up is on an occasion.
    #[must_use]
    pub fn new(headsup: &HeadsUp, occasion: &Occasion, note: Option<&str>) -> Self {
        let cut_at = |text: &str, most| cut_at(&one_line(text), most);
        let sentence = |text: &String| cut_at(text, LONGEST_SENTENCE);
        let about = |job: &AboutJob| AboutJob {
            job: cut_at(&job.job, LONGEST_NAME),
            happens: sentence(&job.happens),
            way: job.way.iter().map(|name| cut_at(name, LONGEST_NAME)).collect(),
            reason: job.reason.as_ref().map(sentence),
            ..job.clone()
        };
        Self {
            owner: cut_at(&headsup.owner, LONGEST_NAME),
            status: Status::Announced,
            subject: cut_at(&headsup.subject, 2 * LONGEST_NAME),
            what: headsup.what.iter().map(sentence).collect(),
            about: headsup.about.iter().map(about).collect(),
            mentioned: headsup.mentioned.iter().map(about).collect(),
            known_by: sentence(&headsup.known_by),
            note: note.map(|note| cut_at(note.trim(), LONGEST_NOTE)).filter(|note| !note.is_empty()),
            occasion: occasion.clone(),
            spared: headsup.spared,
            digest: Vec::new(),
        }
    }

    /// The message that takes back one of which no more is known than its owner and his jobs.
    #[must_use]
    pub fn recalled(owner: &str, jobs: &[String], occasion: &Occasion) -> Self {
        let about = |job: &String| AboutJob {
            job: cut_at(&one_line(job), LONGEST_NAME),
            criticality: Criticality::Normal,
            standard: Standard::default(),
            reach: Reach::Reached,
            happens: String::new(),
            effects: Vec::new(),
            cause: None,
            way: Vec::new(),
            reason: None,
            hold: None,
        };
        let message = Self {
            owner: owner.to_owned(),
            status: Status::Announced,
            subject: String::new(),
            what: Vec::new(),
            about: jobs.iter().map(about).collect(),
            mentioned: Vec::new(),
            known_by: String::new(),
            note: None,
            occasion: occasion.clone(),
            spared: 0,
            digest: Vec::new(),
        };
        message.withdrawn(occasion)
    }

    /// The message that takes this one back.
    #[must_use]
    pub fn withdrawn(&self, occasion: &Occasion) -> Self {
        let jobs = match self.about.as_slice() {
            [] => "your jobs".to_owned(),
            [one] => one.job.clone(),
            [first, rest @ ..] => format!("{} and {} more of your jobs", first.job, rest.len()),
        };
        let subject = format!("all clear: {} no longer reaches {jobs}", occasion.named());
        Self {
            status: Status::Withdrawn,
            subject: cut_at(&subject, 2 * LONGEST_NAME),
            note: None,
            occasion: Occasion { lands: None, ..occasion.clone() },
            ..self.clone()
        }
    }

    /// What a reader in a hurry sees: nine lines below the subject at most.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        match self.status {
            Status::Announced => self.announcement(),
            Status::Withdrawn => self.withdrawal(),
            Status::Digest => self.digest_lines(),
        }
    }

    fn announcement(&self) -> Vec<Line> {
        let mut lines = Lines::default();
        let held = self.held();
        // There is room for two lines of each, and for one for each line that is not always there.
        let extra = usize::from(self.note.is_some()) + usize::from(held.is_some());
        lines.several("What", &self.what, if extra > 0 { 1 } else { 2 }, "more tables changed");
        let for_you: Vec<(String, usize)> =
            alike(&self.about).iter().map(|alike| (for_you(alike), alike.len())).collect();
        lines.counted("For you", &for_you, if extra > 1 { 1 } else { 2 }, "more of your jobs");
        if let Some((label, text)) = held {
            lines.add(label, text);
        }
        if let Some(expect) = self.expectation() {
            lines.add("Expect", expect.to_owned());
        }
        lines.add("Known by", self.known_by.clone());
        if let Some(note) = &self.note {
            lines.add("Author", note.clone());
        }
        lines.add("Who", self.occasion.who());
        lines.add("Do", self.advice());
        if let Some(checked) = checked(self.spared, &self.mentioned) {
            lines.add("Checked", checked);
        }
        lines.0
    }

    fn withdrawal(&self) -> Vec<Line> {
        let mut lines = Lines::default();
        let said = "what was said here no longer holds: the change was taken back, or was made so that it \
                    reaches none of your jobs";
        lines.add("What", said.to_owned());
        let jobs: Vec<String> = self.about.iter().map(|about| format!("{} is as before", about.job)).collect();
        lines.several("For you", &jobs, 2, "more of your jobs");
        lines.add("Who", self.occasion.who_alone());
        lines.add("Do", "nothing".to_owned());
        lines.0
    }

    /// Everything else that is known, for a fold or a thread: each job with the way to it.
    #[must_use]
    pub fn details(&self) -> Vec<Line> {
        let mut lines = Lines::default();
        match self.status {
            Status::Announced => {}
            Status::Withdrawn => return lines.0,
            Status::Digest => return self.digest_details(),
        }
        for what in &self.what {
            lines.add("Changed", what.clone());
        }
        for about in &self.about {
            let critical = match about.criticality {
                Criticality::Critical => " (critical)",
                Criticality::Important => " (important)",
                Criticality::Normal => "",
            };
            let way: Vec<&str> = about.way.iter().map(String::as_str).chain([about.job.as_str()]).collect();
            let mut text = format!("{}{critical}", about.job);
            if about.reach == Reach::Unknown {
                let reason = about.reason.as_deref().unwrap_or("no reason is known");
                text.push_str(&format!(" may be reached: {reason}"));
            } else if !about.happens.is_empty() {
                text.push_str(&format!(": {}", about.happens));
            }
            lines.add("Job", text);
            if about.way.is_empty() {
                continue;
            }
            lines.add("Way", way.join(" → "));
        }
        for (about, hold) in self.about.iter().filter_map(|about| Some((about, about.hold.as_ref()?))) {
            let (label, text) = held(&about.job, hold);
            let window = hold.frozen.as_ref().map(|frozen| format!(" ({})", frozen.window)).unwrap_or_default();
            lines.add(label, text + &window);
        }
        for about in &self.mentioned {
            let reason = about.reason.as_deref().unwrap_or("no reason is known");
            lines.add("Unknown", format!("{}: {reason}", about.job));
        }
        lines.add("Known by", self.known_by.clone());
        lines.0
    }

    /// What the reader has to expect, by the worst that happens to one of his jobs.
    fn expectation(&self) -> Option<&'static str> {
        if self.is_told_anyway() {
            return Some("the same figures as before");
        }
        let reached = self.about.iter().filter(|about| about.reach == Reach::Reached);
        reached.filter_map(worst).min().map(expectation)
    }

    /// What holds the change up, worst first.
    fn held(&self) -> Option<(&'static str, String)> {
        let mut held: Vec<(&AboutJob, &Hold)> =
            self.about.iter().filter_map(|about| Some((about, about.hold.as_ref()?))).collect();
        held.sort_by_key(|(_, hold)| (!hold.is_on(), hold.frozen.is_none()));
        let (about, hold) = held.first()?;
        let (label, text) = self::held(&about.job, hold);
        let more = match held.len() - 1 {
            0 => String::new(),
            1 => "; and 1 more of your jobs is held".to_owned(),
            number => format!("; and {number} more of your jobs are held"),
        };
        Some((label, text + &more))
    }

    fn advice(&self) -> String {
        let holds = || self.about.iter().filter_map(|about| about.hold.as_ref()).filter(|hold| hold.is_on());
        let at = self.occasion.request.as_ref().map(|request| format!(" at {request}")).unwrap_or_default();
        if let Some(hold) = holds().find(|hold| hold.is_frozen()) {
            return match hold.sign_off.is_empty() {
                true => format!("see that it waits until the freeze is over; answer{at} if it must not land at all"),
                false => format!("approve it{at} if it may land in the freeze; otherwise it has to wait"),
            };
        }
        if holds().next().is_some() {
            return format!("approve it{at} if this is what you expect; otherwise say there what is wrong");
        }
        let place = match (&self.occasion.request, &self.occasion.author) {
            // Nobody is to be told to tell himself.
            (_, Some(author)) if is_same_person(author, &self.owner) => AGAIN.to_owned(),
            (Some(request), _) => format!("answer at {request}"),
            (None, Some(author)) => format!("tell {author}"),
            (None, None) => "answer".to_owned(),
        };
        let fails = |effect: &EffectKind| matches!(effect, EffectKind::Broken | EffectKind::Removed);
        let reached = || self.about.iter().filter(|about| about.reach == Reach::Reached);
        if self.is_told_anyway() {
            "nothing; you asked to hear of every change upstream".to_owned()
        } else if reached().any(|about| about.effects.iter().any(fails)) {
            format!("{place} before it is merged, unless you know that it is being mended")
        } else if reached().next().is_none() {
            let and = if place == AGAIN { String::new() } else { format!(" if it matters to you, and {place}") };
            format!("have a look{and} before it is merged")
        } else {
            format!("nothing, if this is what you expect; otherwise {place} before it is merged")
        }
    }

    /// Whether none of the jobs is reached, and their owner wants to hear all the same.
    fn is_told_anyway(&self) -> bool {
        self.about.iter().all(|about| about.reach == Reach::NotReached)
    }
}

/// Whether two names are surely one person's.
fn is_same_person(one: &str, other: &str) -> bool {
    let plain = |name: &str| name.trim().trim_start_matches('@').to_lowercase();
    plain(one) == plain(other)
}

/// A text that a project wrote, in one line and without characters that do not show: what they would do
/// where a message is read nobody knows.
fn one_line(text: &str) -> String {
    let blank = |c: char| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c };
    text.chars().map(blank).filter(|c| !c.is_control() && !turns_direction(*c)).collect()
}

/// Lines under construction.
#[derive(Default)]
struct Lines(Vec<Line>);

impl Lines {
    fn add(&mut self, label: &'static str, text: String) {
        self.0.push(Line { label, text, link: None });
    }

    /// At most so many texts, the last of which says how many more there are.
    fn several(&mut self, label: &'static str, texts: &[String], most: usize, rest: &str) {
        let texts: Vec<(String, usize)> = texts.iter().map(|text| (text.clone(), 1)).collect();
        self.counted(label, &texts, most, rest);
    }

    /// The same where a text may stand for more than one thing.
    fn counted(&mut self, label: &'static str, texts: &[(String, usize)], most: usize, rest: &str) {
        for (place, (text, _)) in texts.iter().take(most).enumerate() {
            let more: usize = texts.iter().skip(most).map(|(_, number)| number).sum();
            let ends = place + 1 == most && more > 0;
            let text = if ends { format!("{text}; and {more} {rest}") } else { text.clone() };
            self.add(if place == 0 { label } else { "" }, text);
        }
    }
}

impl Occasion {
    /// The change, as one would call it.
    #[must_use]
    pub fn named(&self) -> String {
        self.request.clone().unwrap_or_else(|| cut_at(&self.head, LONGEST_NAME))
    }

    /// Who is changing what, and whether it is there already.
    fn who(&self) -> String {
        let lands = match &self.lands {
            Some(when) => format!("planned for {}", cut_at(&one_line(when), LONGEST_NAME)),
            None => format!("not merged into {} yet", cut_at(&self.base, LONGEST_NAME)),
        };
        format!("{}, {lands}", self.who_alone())
    }

    fn who_alone(&self) -> String {
        let head = cut_at(&self.head, LONGEST_NAME);
        let head = one_line(&head);
        let change = self.request.as_ref().map_or_else(|| head.clone(), |request| format!("{request} ({head})"));
        match &self.author {
            Some(author) => format!("{}, {change}", cut_at(&one_line(author), LONGEST_NAME)),
            None => change,
        }
    }
}

/// The worst that happens to a job. Where figures differ because of rows, that says more about how.
fn worst(about: &AboutJob) -> Option<EffectKind> {
    let worst = about.effects.iter().min().copied();
    let of_rows = [EffectKind::RowsDuplicated, EffectKind::RowsRemoved, EffectKind::RowsAdded];
    match (worst, about.cause) {
        (Some(EffectKind::Revalued), Some(cause)) if of_rows.contains(&cause) => Some(cause),
        _ => worst,
    }
}

/// Jobs of which the same is to be said, together; the first of each where it was.
fn alike(about: &[AboutJob]) -> Vec<Vec<&AboutJob>> {
    let said = |job: &AboutJob| {
        (job.reach, job.happens.clone(), job.way.clone(), job.reason.clone(), job.cause, job.effects.clone())
    };
    let mut groups: Vec<Vec<&AboutJob>> = Vec::new();
    for job in about {
        match groups.iter_mut().find(|group| group.first().is_some_and(|first| said(first) == said(job))) {
            Some(group) => group.push(job),
            None => groups.push(vec![job]),
        }
    }
    groups
}

/// What a change means for jobs of which the same is to be said: what happens, and by which table it comes.
fn for_you(alike: &[&AboutJob]) -> String {
    let Some(about) = alike.first() else { return String::new() };
    let (reads, is, has, it, differs) = match alike.len() {
        1 => ("reads", "is", "has", "it", "what it reads may differ"),
        _ => ("read", "are", "have", "they", "what they read may differ"),
    };
    let jobs = match alike {
        [one, other] => format!("{} and {}", one.job, other.job),
        [one] => one.job.clone(),
        _ => format!("{} and {} more of your jobs", about.job, alike.len() - 1),
    };
    let happens = if about.happens.is_empty() { differs } else { &about.happens };
    match (about.reach, about.way.as_slice()) {
        (Reach::Unknown, _) => {
            let reason = about.reason.as_deref().unwrap_or("it cannot be told");
            format!("whether {jobs} {is} reached cannot be told: {reason}")
        }
        (Reach::NotReached, _) => format!("{jobs} {has} it upstream, and {is} not reached"),
        (Reach::Reached, [only]) if is_gone(about) => {
            format!("{jobs} {reads} {only}, which is gone: {it} will fail")
        }
        (Reach::Reached, [first, .., last]) if is_gone(about) => {
            format!("{jobs} {reads} {last}, which needs {first}: that is gone, so {it} will fail")
        }
        (Reach::Reached, []) => format!("{jobs}: {happens}"),
        (Reach::Reached, [only]) => format!("{jobs} {reads} {only}: {happens}"),
        (Reach::Reached, [first, .., last]) => {
            format!("{jobs} {reads} {last}, which is made from {first}: {happens}")
        }
    }
}

/// Whether a job breaks because something is gone.
fn is_gone(about: &AboutJob) -> bool {
    about.cause == Some(EffectKind::Removed) && about.effects.contains(&EffectKind::Broken)
}

/// What somebody who reads something has to expect when this happens to it.
const fn expectation(effect: EffectKind) -> &'static str {
    match effect {
        EffectKind::Broken => "it will fail as soon as this is merged",
        EffectKind::Removed => "what still asks for it will fail as soon as this is merged",
        EffectKind::Retyped => "no error perhaps, but comparisons, joins and formats may work otherwise",
        EffectKind::RowsDuplicated => "no error, but sums and counts may come out too high",
        EffectKind::Regrained => "no error, but wrong figures where one row for each key is counted on",
        EffectKind::MayFail => "the same figures as long as it runs; some data may make the run fail now",
        EffectKind::RowsRemoved => "no error, but rows may be missing, and totals with them",
        EffectKind::RowsAdded => "no error, but there may be more rows, and other totals",
        EffectKind::Revalued => "no error, but figures may be others than before",
        EffectKind::Unspecified => "figures may be others than before, or the same",
        EffectKind::Moved => "what asks for it by its old name will fail, or read the old table",
        EffectKind::Reordered => "no error, but what takes columns by their place may take others",
        EffectKind::Config => "the same figures, perhaps later or in another form",
        EffectKind::Added => "nothing, unless all columns are taken that there are",
    }
}
