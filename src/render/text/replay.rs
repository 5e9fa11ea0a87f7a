//! `headsup replay` for a person: bars, the incidents, and what was told most.

use super::{Detail, Mark, Page, Sheet, count, thousands};
use crate::cli::JobsFrom;
use crate::history::{Passage, Sent};
use crate::render::csv::{self, Grid};
use crate::render::{Report, markdown, svg};
use crate::report::replay::{IncidentEntry, Messages, ReplayReport};
use crate::settings::Standard;

/// What can be done about doubts.
pub(in crate::render) const SPARED: &str = "A team or a job with `unknown: mention` in headsup.yml is spared these; `headsup doctor` says what cannot be read.";
/// So many reasons for doubts are named.
const REASONS: usize = 3;
/// So many commits are named that would have told most owners.
const LOUDEST: usize = 5;

impl Report for ReplayReport {
    fn text(&self, page: &Page) -> String {
        let mut sheet = Sheet::new(page);
        sheet.paragraph(0, &heading(self));
        sheet.blank();
        if self.teams.is_empty() {
            sheet.paragraph(0, &silence(self));
        }
        let most = self.teams.iter().map(|team| team.messages.under(Standard::Touched)).max().unwrap_or_default();
        for team in &self.teams {
            sheet.line(&[(Some(Mark::Strong), &team.team), (None, &format!(", {}", count(team.jobs, "job", "jobs")))]);
            bars(&mut sheet, self, team.messages, most);
        }
        if self.teams.len() > 1 {
            sheet.line(&[(Some(Mark::Strong), &format!("all {} teams and owners", self.teams.len()))]);
            bars(&mut sheet, self, self.messages, self.messages.under(Standard::Touched));
        }
        doubts(&mut sheet, self);
        periods(&mut sheet, self);
        incidents(&mut sheet, self);
        if page.detail >= Detail::Normal {
            loudest(&mut sheet, self);
        }
        skipped(&mut sheet, self);
        sheet.finish()
    }

    fn markdown(&self) -> String {
        markdown::replay(self)
    }

    fn grid(&self) -> Option<Grid> {
        Some(csv::replay(self))
    }

    fn picture(&self) -> Option<String> {
        Some(svg::replay(self))
    }
}

/// What was gone through, in a sentence.
pub(in crate::render) fn heading(report: &ReplayReport) -> String {
    let jobs = match report.jobs_from {
        JobsFrom::Now => "the jobs of today",
        JobsFrom::Then => "the jobs that each commit had",
    };
    format!(
        "{} to {}: {} came to the branch, {} of them change a table. Messages to the owners of {jobs}, if all had \
         one standard:",
        report.since,
        report.until,
        count(report.commits, "commit", "commits"),
        thousands(report.changing),
    )
}

/// Why nobody is listed.
pub(in crate::render) fn silence(report: &ReplayReport) -> String {
    match report.changing {
        0 => "Nothing changed a table, so nobody would have been told anything.".to_owned(),
        _ => "Nothing upstream of any job with an owner was touched. `headsup jobs` lists the jobs and their owners."
            .to_owned(),
    }
}

fn bars(sheet: &mut Sheet<'_>, report: &ReplayReport, messages: Messages, most: usize) {
    let room = sheet.page.width.saturating_sub(38).clamp(8, 40);
    for (name, standard) in Standard::ALL {
        let number = messages.under(standard);
        let mut length = (number * room).div_ceil(most.max(1));
        length = length.min(room);
        let rest =
            format!("{}  {:>5}  {:>5.1} a week", " ".repeat(room - length), thousands(number), report.a_week(number));
        let mark = if standard == Standard::default() { Some(Mark::Calm) } else { None };
        sheet.line(&[(None, &format!("  {name:<11}")), (mark, &"█".repeat(length)), (None, &rest)]);
    }
    sheet.blank();
}

/// How many messages are sent only because it cannot be told better, in a sentence.
pub(in crate::render) fn doubtful(report: &ReplayReport) -> Option<String> {
    let unknown: usize = report.teams.iter().map(|team| team.unknown).sum();
    let all = count(report.messages.under(Standard::Reachable), "message", "messages");
    (unknown > 0).then(|| {
        let are = if unknown == 1 { "is" } else { "are" };
        format!(
            "{} of {all} under `reachable` {are} sent because it cannot be told whether the change arrives:",
            thousands(unknown)
        )
    })
}

fn doubts(sheet: &mut Sheet<'_>, report: &ReplayReport) {
    let Some(intro) = doubtful(report) else { return };
    sheet.paragraph(0, &intro);
    let most = if sheet.page.detail == Detail::Full { usize::MAX } else { REASONS };
    for doubt in report.doubts.iter().take(most) {
        sheet.hanging(&format!("  {:>5}  ", thousands(doubt.messages)), 9, &doubt.reason);
    }
    if report.doubts.len() > most {
        sheet.paragraph(
            2,
            &format!("and {}; -v shows all", count(report.doubts.len() - most, "more reason", "more reasons")),
        );
    }
    sheet.paragraph(2, SPARED);
    sheet.blank();
}

fn periods(sheet: &mut Sheet<'_>, report: &ReplayReport) {
    if report.periods.is_empty() {
        return;
    }
    let header = ["from", "commits", "touched", "changed", "reachable", "breaking"];
    let rows: Vec<Vec<String>> = report
        .periods
        .iter()
        .map(|period| {
            let counts = Standard::ALL.map(|(_, standard)| thousands(period.messages.under(standard)));
            [period.start.clone(), thousands(period.commits)].into_iter().chain(counts).collect()
        })
        .collect();
    sheet.table(0, Some(&header), &rows);
    sheet.blank();
}

fn incidents(sheet: &mut Sheet<'_>, report: &ReplayReport) {
    for incident in &report.incidents {
        sheet.line(&[(Some(Mark::Alarm), "incident"), (None, &format!("  {}", title(incident)))]);
        let job = incident.job.as_ref().map(|job| format!(", which broke {job}")).unwrap_or_default();
        sheet.hanging("  ", 2, &format!("{}{job}", line_of(incident)));
        for (name, standard) in Standard::ALL {
            sheet.hanging(&format!("  {name:<11}"), 13, &told(incident, standard, sheet.page.detail));
        }
        sheet.blank();
    }
    if let Some(verdict) = verdict(report) {
        sheet.paragraph(0, &verdict);
        sheet.blank();
    }
}

/// The commit that caused an incident.
pub(in crate::render) fn title(incident: &IncidentEntry) -> String {
    let commit = &incident.commit;
    let request = commit.request.map(|number| format!(" (#{number})")).unwrap_or_default();
    format!("{}  {}  {}{request}", commit.day(), commit.short(), commit.subject)
}

/// What differed, in a line.
pub(in crate::render) fn line_of(incident: &IncidentEntry) -> String {
    match incident.changes.as_slice() {
        [] => "it changes no table".to_owned(),
        [one] => one.clone(),
        [one, rest @ ..] => format!("{one}; and {} more changed", count(rest.len(), "table", "tables")),
    }
}

/// Who would have been told under a standard.
pub(in crate::render) fn told(incident: &IncidentEntry, standard: Standard, detail: Detail) -> String {
    let most = if detail == Detail::Full { usize::MAX } else { 2 };
    let said: Vec<&Sent> = incident.said.iter().filter(|sent| sent.standard == standard).collect();
    if said.is_empty() {
        return "nobody".to_owned();
    }
    let mut texts: Vec<String> =
        said.iter().take(most).map(|sent| format!("{}: {}", sent.owner, sent.subject)).collect();
    if said.len() > texts.len() {
        texts.push(format!("and {} more", said.len() - texts.len()));
    }
    texts.join("; ")
}

/// Which standard includes every incident.
pub(in crate::render) fn verdict(report: &ReplayReport) -> Option<String> {
    if report.incidents.is_empty() {
        return None;
    }
    let every = match report.incidents.len() {
        1 => "the incident".to_owned(),
        number => format!("all {number} incidents"),
    };
    let Some(quietest) = report.quietest else {
        let missed: Vec<&str> =
            report.incidents.iter().filter(|one| one.quietest.is_none()).map(|one| &*one.named).collect();
        return Some(format!("No standard includes {every}: nobody would have been told of {}.", missed.join(", ")));
    };
    let number = report.messages.under(quietest);
    Some(format!(
        "The quietest standard that includes {every} is `{quietest}`: {} in all, {:.1} a week.",
        count(number, "message", "messages"),
        report.a_week(number)
    ))
}

fn loudest(sheet: &mut Sheet<'_>, report: &ReplayReport) {
    let most = if sheet.page.detail == Detail::Full { usize::MAX } else { LOUDEST };
    let told = |passage: &Passage| passage.under(Standard::default()).count();
    let mut loud: Vec<&Passage> = report.passages.iter().filter(|passage| told(passage) > 0).collect();
    if loud.is_empty() {
        return;
    }
    let all = loud.len();
    if most < usize::MAX {
        loud.sort_by_key(|passage| (std::cmp::Reverse(told(passage)), passage.commit.time));
    }
    let intro = match all > most {
        true => "Most owners were told, under `reachable`, of",
        false => "Owners were told, under `reachable`, of",
    };
    sheet.line(&[(None, intro)]);
    for passage in loud.into_iter().take(most) {
        let commit = &passage.commit;
        let request = commit.request.map(|number| format!(" (#{number})")).unwrap_or_default();
        let head = format!("  {}  {}  ", commit.day(), commit.short());
        sheet.hanging(&head, 21, &format!("{}{request}: {}", commit.subject, count(told(passage), "owner", "owners")));
        if sheet.page.detail == Detail::Full {
            for sent in passage.under(Standard::default()) {
                sheet.hanging(&format!("{:21}", ""), 23, &format!("{}: {}", sent.owner, sent.subject));
            }
        }
    }
    if all > most {
        sheet.paragraph(2, &format!("and {} more; -v shows all, and what was said", all - most));
    }
}

fn skipped(sheet: &mut Sheet<'_>, report: &ReplayReport) {
    let Some(first) = report.skipped.first() else { return };
    sheet.blank();
    let number = count(report.skipped.len(), "commit", "commits");
    sheet.paragraph(0, &format!("{number} could not be judged; {}: {}", first.commit.short(), first.reason));
}
