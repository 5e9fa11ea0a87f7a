//! `headsup suspects` as Markdown, and as a post-mortem to be filled in.

use std::fmt::Write as _;

use headsup_lineage::reach::Reach;

use super::{code, escape, table};
use crate::history::minute;
use crate::project::Criticality;
use crate::render::text::suspects::{between, nothing, numbers, title};
use crate::report::suspects::{FailureEntry, Known, SuspectEntry, SuspectsReport};

pub(in crate::render) fn suspects(report: &SuspectsReport) -> String {
    let mut out = String::new();
    for failure in &report.failures {
        let _ = writeln!(out, "## What could have broken {}\n", code(&failure.job));
        let _ = writeln!(out, "{}\n", between(failure));
        let _ = writeln!(out, "{}\n", numbers(failure));
        candidates(&mut out, failure);
        if let Some(nothing) = nothing(failure) {
            let _ = writeln!(out, "{}\n", escape(&nothing));
        }
        if !failure.others.is_empty() {
            let _ = writeln!(out, "<details><summary>{} not reach it</summary>\n", does(failure.others.len()));
            for commit in &failure.others {
                let _ = writeln!(out, "- {} {} {}", commit.day(), code(commit.short()), escape(&title(commit)));
            }
            out.push_str("\n</details>\n\n");
        }
    }
    trimmed(out)
}

fn does(number: usize) -> String {
    if number == 1 { "1 other commit does".to_owned() } else { format!("{number} other commits do") }
}

fn candidates(out: &mut String, failure: &FailureEntry) {
    if failure.suspects.is_empty() {
        return;
    }
    let row = |suspect: &SuspectEntry| {
        let commit = &suspect.commit;
        let name = match &suspect.link {
            Some(link) => format!("[{}]({link})", escape(&title(commit))),
            None => format!("{} {}", code(commit.short()), escape(&title(commit))),
        };
        let doubt = if suspect.reach == Reach::Unknown { "may reach it: " } else { "" };
        let what = suspect.what.iter().map(|what| escape(what)).collect::<Vec<_>>().join("; ");
        vec![
            suspect.rank.to_string(),
            minute(commit.time),
            name,
            escape(&commit.author),
            format!("{doubt}{what}"),
            escape(&suspect.way.join(" → ")),
            suspect.reasons.iter().map(|reason| escape(reason)).collect::<Vec<_>>().join("; "),
        ]
    };
    let header = ["", "when", "commit", "by", "changes", "way", "because"];
    table(out, &header, failure.suspects.iter().map(row));
}

/// A post-mortem: what is known is written, what people have to find out is asked for.
pub(in crate::render) fn post_mortem(report: &SuspectsReport) -> String {
    let mut out = String::new();
    for failure in &report.failures {
        let day = failure.failed_at.text.split(' ').next().unwrap_or_default();
        let _ = writeln!(out, "# Post-mortem: {} failed on {day}\n", code(&failure.job));
        let owner = failure.owner.as_deref().unwrap_or("nobody is known");
        let _ = writeln!(out, "Owner of the job: {}. Written by: … Status: draft\n", escape(owner));
        out.push_str("## Summary\n\nTwo sentences for those who read no further: …\n\n");
        timeline(&mut out, failure);
        out.push_str("## Root cause\n\n");
        if let Some(nothing) = nothing(failure) {
            let _ = writeln!(out, "{}\n", escape(&nothing));
        } else {
            let _ = writeln!(out, "Candidates, most suspicious first. {}\n", numbers(failure));
            candidates(&mut out, failure);
        }
        out.push_str("The cause was: …\n\n");
        impact(&mut out, failure);
        out.push_str(
            "## Fix\n\n- what stopped the damage: …\n- what was repaired, and how that was checked: …\n\n\
             ## Prevention\n\n- would a message before the merge have helped? `headsup replay --incident COMMIT` says which \
             standard would have sent one\n- a test that would have failed: …\n- what else: …\n\n",
        );
    }
    trimmed(out)
}

fn timeline(out: &mut String, failure: &FailureEntry) {
    out.push_str("## Timeline\n\nAll times in UTC.\n\n");
    let mut events: Vec<(i64, String)> = Vec::new();
    let good = match failure.last_good.by {
        Known::Assumed => "as far back as was looked; when it last worked is not known",
        _ => "it last worked",
    };
    events.push((failure.last_good.time, good.to_owned()));
    for suspect in failure.suspects.iter().take(3) {
        let commit = &suspect.commit;
        let what = format!("{} came to the branch, by {}", code(commit.short()), escape(&commit.author));
        events.push((commit.time, format!("{what}: {}", escape(&title(commit)))));
    }
    events.push((failure.failed_at.time, format!("{} failed", code(&failure.job))));
    events.sort_by_key(|(time, _)| *time);
    let rows = events.into_iter().map(|(time, what)| vec![minute(time), what]);
    let open = ["somebody noticed", "the damage was stopped", "all was well again"];
    table(out, &["when", "what"], rows.chain(open.map(|what| vec!["…".to_owned(), what.to_owned()])));
    for said in &failure.said {
        let text = said.replace("```", "'''");
        let _ = writeln!(out, "```text\n{}\n```\n", text.trim());
    }
}

/// Every job that the first suspect reaches.
fn impact(out: &mut String, failure: &FailureEntry) {
    out.push_str("## Impact\n\n");
    let Some(first) = failure.suspects.first().filter(|first| !first.reached.is_empty()) else {
        let _ = writeln!(out, "{} and those who read it: …\n", code(&failure.job));
        return;
    };
    let _ = writeln!(out, "Everything that {} reaches:\n", code(first.commit.short()));
    let mut reached: Vec<_> = first.reached.iter().collect();
    reached.sort_by(|a, b| (b.criticality, b.reach, &a.job).cmp(&(a.criticality, a.reach, &b.job)));
    let rows = reached.into_iter().map(|other| {
        let criticality = match other.criticality {
            Criticality::Critical => "critical",
            Criticality::Important => "important",
            Criticality::Normal => "",
        };
        let happens = match other.reach {
            Reach::Unknown => "may be reached".to_owned(),
            _ => escape(&other.happens),
        };
        vec![code(&other.job), escape(other.owner.as_deref().unwrap_or("nobody")), criticality.to_owned(), happens]
    });
    table(out, &["job", "owner", "", "what happens to it"], rows);
    out.push_str("Who was told wrong numbers, and since when: …\n\n");
}

fn trimmed(mut out: String) -> String {
    while out.ends_with("\n\n") {
        out.pop();
    }
    out
}
