//! `headsup release-notes` for a release page, for a channel in Slack, and as a section of a changelog.

use std::fmt::Write as _;

use headsup_lineage::change::ChangeKind;

use super::{code, escape};
use crate::render::text::release::{causes, happens, lists, name, rest, summary, weight};
use crate::render::text::suspects::title;
use crate::report::release::{ChangeNote, CommitNote, ReleaseReport, TeamNotes};

pub(in crate::render) fn release(report: &ReleaseReport) -> String {
    let mut out = format!(
        "## What changed from {} to {}\n\n{}\n\n",
        escape(&report.base),
        escape(&report.head),
        escape(&summary(report))
    );
    for notes in &report.teams {
        team(&mut out, report, notes);
    }
    for (heading, names) in lists(report) {
        let names: Vec<String> = names.iter().map(|name| code(name)).collect();
        let _ = writeln!(out, "**{heading}:** {}\n", names.join(", "));
    }
    if !report.commits.is_empty() {
        let _ = writeln!(out, "<details><summary>{} commits</summary>\n", report.commits.len());
        for note in &report.commits {
            let _ = writeln!(out, "- {}, {} {}", linked(note), escape(&who(note)), note.commit.day());
        }
        out.push_str("\n</details>\n");
    }
    while out.ends_with("\n\n") {
        out.pop();
    }
    out
}

/// A commit by its title, as a link where it has a page.
fn linked(note: &CommitNote) -> String {
    match &note.link {
        Some(link) => format!("[{}]({link})", escape(&title(&note.commit))),
        None => format!("{} {}", code(note.commit.short()), escape(&title(&note.commit))),
    }
}

/// Who made a commit.
fn who(note: &CommitNote) -> String {
    let all: Vec<&str> =
        std::iter::once(note.commit.author.as_str()).chain(note.with.iter().map(String::as_str)).collect();
    all.join(" and ")
}

fn team(out: &mut String, report: &ReleaseReport, notes: &TeamNotes) {
    let _ = writeln!(out, "### {}\n", escape(name(notes)));
    for job in &notes.reached {
        let weight = weight(job.criticality);
        let weight = if weight.is_empty() { String::new() } else { format!(" ({weight})") };
        let way = if job.way.is_empty() { String::new() } else { format!("  \n  {}", escape(&job.way.join(" → "))) };
        let _ = writeln!(out, "- **{}**{weight}: {}{way}", escape(&job.job), escape(&happens(job)));
    }
    if !notes.reached.is_empty() {
        out.push('\n');
    }
    let causes = causes(report, notes);
    for change in &causes {
        let commits: Vec<String> =
            report.commits_of(change).map(|note| format!("{}, by {}", linked(note), escape(&who(note)))).collect();
        let commits = if commits.is_empty() { String::new() } else { format!(" ({})", commits.join("; ")) };
        let _ = writeln!(out, "- because {}: {}{commits}", code(&change.relation), escape(&change.phrase));
    }
    if !causes.is_empty() {
        out.push('\n');
    }
    let Some(rest) = rest(notes) else { return };
    if notes.upstream.len() < 2 && notes.others.len() < 2 {
        let _ = writeln!(out, "{}\n", escape(&rest));
        return;
    }
    let _ = writeln!(out, "<details><summary>{}</summary>\n", escape(&rest));
    for relation in notes.others.iter().chain(&notes.upstream) {
        let phrase = report.change(relation).map(|change| escape(&change.phrase)).unwrap_or_default();
        let _ = writeln!(out, "- {}: {phrase}", code(relation));
    }
    out.push_str("\n</details>\n\n");
}

/// A text that Slack shows as it is.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_control() && !crate::text::turns_direction(*c)) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A zero-width space keeps a name from becoming a mention, and a mark from marking.
            '@' | '*' | '_' | '~' | '`' => {
                out.push('\u{200b}');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

pub(in crate::render) fn release_for_slack(report: &ReleaseReport) -> String {
    let mut out = format!(
        "*What changed from {} to {}*\n{}\n",
        plain(&report.base),
        plain(&report.head),
        plain(&summary(report))
    );
    for notes in &report.teams {
        let _ = writeln!(out, "\n*{}*", plain(name(notes)));
        for job in &notes.reached {
            let weight = weight(job.criticality);
            let weight = if weight.is_empty() { String::new() } else { format!(" ({weight})") };
            let _ = writeln!(out, "• *{}*{weight}: {}", plain(&job.job), plain(&happens(job)));
        }
        for change in causes(report, notes) {
            let commits: Vec<String> = report.commits_of(change).map(in_slack).collect();
            let commits = if commits.is_empty() { String::new() } else { format!(" ({})", commits.join("; ")) };
            let _ = writeln!(out, "   because {}: {}{commits}", plain(&change.relation), plain(&change.phrase));
        }
        if let Some(rest) = rest(notes) {
            let _ = writeln!(out, "{}", plain(&rest));
        }
    }
    for (heading, names) in lists(report) {
        let _ = writeln!(out, "\n*{heading}:* {}", plain(&names.join(", ")));
    }
    out
}

fn in_slack(note: &CommitNote) -> String {
    match &note.link {
        Some(link) => format!("<{link}|{}>, {}", plain(&title(&note.commit)).replace('|', "¦"), plain(&who(note))),
        None => format!("{}, {}", plain(&title(&note.commit)), plain(&who(note))),
    }
}

/// A section as Keep a Changelog has it: what differs, by kind, with the requests.
pub(in crate::render) fn release_for_changelog(report: &ReleaseReport) -> String {
    let day = report.day.as_ref().map(|day| format!(" - {day}")).unwrap_or_default();
    let mut out = format!("## [{}]{day}\n", escape(&report.head));
    let sections = [
        ("Added", &[ChangeKind::Added][..]),
        ("Changed", &[ChangeKind::Modified, ChangeKind::Renamed]),
        ("Removed", &[ChangeKind::Removed]),
    ];
    for (heading, kinds) in sections {
        if heading == "Removed" && !report.deprecated.is_empty() {
            out.push_str("\n### Deprecated\n\n");
            for name in &report.deprecated {
                let _ = writeln!(out, "- {}", code(name));
            }
        }
        let changes: Vec<&ChangeNote> = report.changes.iter().filter(|change| kinds.contains(&change.kind)).collect();
        if changes.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n### {heading}\n");
        for change in changes {
            let requests: Vec<String> = report.commits_of(change).filter_map(request).collect();
            let requests = if requests.is_empty() { String::new() } else { format!(" ({})", requests.join(", ")) };
            let phrase = match heading {
                "Changed" => format!(": {}", escape(&change.phrase)),
                _ => String::new(),
            };
            let _ = writeln!(out, "- {}{phrase}{requests}", code(&change.relation));
        }
    }
    out
}

fn request(note: &CommitNote) -> Option<String> {
    let number = note.commit.request?;
    Some(match &note.link {
        Some(link) => format!("[#{number}]({link})"),
        None => format!("#{number}"),
    })
}
