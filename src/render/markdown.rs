//! Reports as Markdown, for a comment on a pull request or a page. Names and messages are escaped:
//! whatever a project calls its tables, it cannot mention, link or mark up anything.

use std::fmt::Write as _;

use headsup_lineage::name::RelationName;
use headsup_lineage::reach::Reach;
use headsup_lineage::relation::Rung;

use crate::headsup::happens;
use crate::project::Criticality;
use crate::render::text::{hears_of, told_by};
use crate::render::words::{how, together};
use crate::report::approve::ApproveReport;
use crate::report::compare::CompareReport;
use crate::report::init::InitReport;
use crate::report::{Coverage, DoctorReport, ImpactReport, JobEntry, JobsReport, ModelsReport};
use crate::text::turns_direction;

mod check;
mod depends;
mod incidents;
mod lineage;
mod message;
mod notify;
mod reaching;
mod release;
mod replay;
mod suspects;
mod why;

pub(super) use check::check;
pub(super) use depends::depends;
pub(super) use incidents::incidents;
pub(super) use lineage::lineage;
pub use message::{Comment, comment};
pub(super) use notify::{notify, outbox};
pub(super) use reaching::reaching;
pub(super) use release::{release, release_for_changelog, release_for_slack};
pub(super) use replay::replay;
pub(super) use suspects::{post_mortem, suspects};
pub(super) use why::why;

/// A text that Markdown shows as it is.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '!' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // A zero-width space keeps a name from becoming a mention or an address a link.
            '@' => out.push_str("@\u{200b}"),
            ':' => out.push_str(":\u{200b}"),
            '\n' | '\r' | '\t' => out.push(' '),
            c if c.is_control() || turns_direction(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// A name in code style: backticks as many as it takes.
fn code(text: &str) -> String {
    let text = text.chars().filter(|c| !turns_direction(*c));
    let text: String = text.map(|c| if c.is_control() || c == '|' { ' ' } else { c }).collect();
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if longest > 0 { format!("{fence} {text} {fence}") } else { format!("{fence}{text}{fence}") }
}

fn table(out: &mut String, header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
    let _ = writeln!(out, "| {} |", header.join(" | "));
    let _ = writeln!(out, "|{}", " --- |".repeat(header.len()));
    for row in rows {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    out.push('\n');
}

pub(super) fn impact(report: &ImpactReport) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "### {}\n", verdict(report));
    let told: Vec<&JobEntry> = {
        let mut told: Vec<&JobEntry> = report.jobs.iter().filter(|job| job.reach > Reach::NotReached).collect();
        told.sort_by(|a, b| (b.criticality, b.reach, &a.job).cmp(&(a.criticality, a.reach, &b.job)));
        told
    };
    let (folded, told): (Vec<&JobEntry>, Vec<&JobEntry>) = told.into_iter().partition(|job| job.is_nobodys_metric());
    if !told.is_empty() {
        table(&mut out, &["job", "", "owner", "how"], told.iter().map(|job| job_row(job)));
    }
    if !folded.is_empty() {
        let _ = writeln!(
            out,
            "<details><summary>{} of dbt's metrics and the like, which nobody owns</summary>\n",
            folded.len()
        );
        table(&mut out, &["job", "", "owner", "how"], folded.iter().map(|job| job_row(job)));
        out.push_str("</details>\n\n");
    }
    if report.changes.is_empty() {
        let _ = writeln!(out, "{} differ, no table changed.\n", files(report));
    } else {
        let _ = writeln!(out, "**What changed** ({})\n", files(report));
        let rows = together(&report.changes, how).into_iter().map(|(how, changes)| match changes.as_slice() {
            [change] => vec![code(&change.relation.to_string()), escape(&how)],
            changes => vec![names(changes.iter().map(|change| &change.relation)), escape(&how)],
        });
        table(&mut out, &["table", "what changes"], rows);
    }
    if !report.unchanged.is_empty() {
        let _ =
            writeln!(out, "<details><summary>{} touched, and the same as before</summary>\n", report.unchanged.len());
        let same = together(&report.unchanged, |entry| entry.why.clone());
        let rows = same.into_iter().map(|(why, entries)| match entries.as_slice() {
            [entry] => vec![code(&entry.relation.to_string()), escape(&why)],
            entries => vec![names(entries.iter().map(|entry| &entry.relation)), escape(&why)],
        });
        table(&mut out, &["table", "why"], rows);
        out.push_str("</details>\n\n");
    }
    let spared = report.jobs.iter().filter(|job| job.reach == Reach::NotReached).count();
    let _ = write!(out, "<sub>{} of {} jobs not reached. {}", spared, report.jobs.len(), coverage(&report.coverage));
    if report.changes.iter().any(crate::report::ChangeEntry::is_coarse) {
        out.push_str(" Some tables were compared as a whole.");
    }
    out.push_str("</sub>\n");
    out
}

/// How many tables there are, and which, folded up.
fn names<'a>(relations: impl ExactSizeIterator<Item = &'a RelationName>) -> String {
    let number = relations.len();
    let all: Vec<String> = relations.map(|name| code(&name.to_string())).collect();
    format!("<details><summary>{number} tables</summary>{}</details>", all.join(", "))
}

fn files(report: &ImpactReport) -> String {
    match report.files_changed {
        1 => "1 file".to_owned(),
        number => format!("{number} files"),
    }
}

fn verdict(report: &ImpactReport) -> String {
    let reached = report.jobs.iter().filter(|job| job.reach == Reach::Reached).count();
    let unknown = report.jobs.iter().filter(|job| job.reach == Reach::Unknown).count();
    let critical = report
        .jobs
        .iter()
        .filter(|job| job.reach > Reach::NotReached && job.criticality == Criticality::Critical)
        .count();
    let jobs = |number: usize| if number == 1 { "1 job".to_owned() } else { format!("{number} jobs") };
    let of_them = if critical > 0 { format!(", {critical} critical") } else { String::new() };
    match (reached, unknown) {
        (0, 0) => "Reaches no job".to_owned(),
        (0, unknown) => format!("May reach {}{of_them}", jobs(unknown)),
        (reached, 0) => format!("Reaches {}{of_them}", jobs(reached)),
        (reached, unknown) => format!("Reaches {}, and may reach {unknown} more{of_them}", jobs(reached)),
    }
}

fn job_row(job: &JobEntry) -> Vec<String> {
    let mut marks = Vec::new();
    if job.criticality > Criticality::Normal {
        marks.push(format!("**{}**", format!("{:?}", job.criticality).to_lowercase()));
    }
    if job.reach == Reach::Unknown {
        marks.push("unknown".to_owned());
    }
    let mut how = job.way().iter().map(|place| code(place)).collect::<Vec<_>>().join(" → ");
    let what = happens(&job.effects);
    if job.reach == Reach::Reached && !what.is_empty() {
        how.push_str(&format!(": {}", escape(&what)));
    }
    if let Some(reason) = &job.reason {
        if !how.is_empty() {
            how.push_str("; ");
        }
        how.push_str(&escape(reason));
    }
    if let Some(hold) = &job.hold {
        let (label, text) = match &hold.frozen {
            Some(frozen) => ("frozen", format!("{}; {}", frozen.until, hold.sign_off_words())),
            None => ("sign-off", hold.sign_off_words()),
        };
        how.push_str(&format!("{}**{label}** {}", if how.is_empty() { "" } else { "; " }, escape(&text)));
    }
    vec![code(&job.job), marks.join(", "), escape(job.owner.as_deref().unwrap_or("nobody")), how]
}

fn coverage(coverage: &Coverage) -> String {
    let parts: Vec<String> = Rung::ALL
        .into_iter()
        .filter(|rung| coverage.of(*rung) > 0)
        .map(|rung| format!("{} {rung}", coverage.of(rung)))
        .collect();
    format!("{} models read ({}).", coverage.total(), parts.join(", "))
}

pub(super) fn models(report: &ModelsReport) -> String {
    let mut out = String::new();
    let rows = report.relations.iter().map(|entry| {
        vec![
            code(&entry.relation.to_string()),
            format!("{:?}", entry.kind).to_lowercase(),
            entry.rung.to_string(),
            escape(entry.owner.as_deref().unwrap_or_default()),
            entry.files.iter().map(|file| code(file)).collect::<Vec<_>>().join(" "),
        ]
    });
    table(&mut out, &["table", "kind", "rung", "owner", "file"], rows);
    let _ = writeln!(out, "{}", coverage(&report.coverage));
    out
}

pub(super) fn jobs(report: &JobsReport) -> String {
    let mut out = String::new();
    let rows = report.jobs.iter().map(|job| {
        vec![
            code(&job.job),
            format!("{:?}", job.criticality).to_lowercase(),
            escape(job.owner.as_deref().unwrap_or("nobody")),
            job.owner_by.map(|rule| rule.words().to_owned()).unwrap_or_default(),
            escape(&told_by(job)),
            escape(&hears_of(job)),
            job.reads.iter().map(|name| code(&name.to_string())).collect::<Vec<_>>().join(" "),
        ]
    });
    table(&mut out, &["job", "criticality", "owner", "known from", "told by", "hears of", "reads"], rows);
    out
}

pub(super) fn doctor(report: &DoctorReport) -> String {
    let mut out = format!("{}\n\n", coverage(&report.coverage));
    let rows = report.diagnostics.iter().map(|diagnostic| {
        let mut place = diagnostic.path.as_deref().map(code).unwrap_or_default();
        if let Some(position) = diagnostic.position {
            let _ = write!(place, " {position}");
        }
        let hint = diagnostic.hint.as_deref().unwrap_or_default();
        vec![place, diagnostic.code.to_owned(), escape(&diagnostic.message), escape(hint)]
    });
    table(&mut out, &["where", "what", "message", "how to mend it"], rows);
    out
}

pub(super) fn init(report: &InitReport) -> String {
    let mut out = format!("Wrote {}.\n\n", code(&report.path));
    let rows = report.merges.iter().map(|merge| {
        let told = match &merge.told {
            None => "it could not be judged".to_owned(),
            Some(told) if told.is_empty() => "nobody needs to hear".to_owned(),
            Some(told) => {
                let told = told.iter().map(|one| format!("{}: {}", escape(&one.owner), escape(&one.subject)));
                told.collect::<Vec<_>>().join("<br>")
            }
        };
        vec![merge.date.clone(), code(&merge.commit), escape(&merge.subject), told]
    });
    table(&mut out, &["date", "merge", "", "would have been sent"], rows);
    out
}

pub(super) fn approve(report: &ApproveReport) -> String {
    let mut out = String::new();
    let rows = report.approvals.iter().map(|entry| {
        vec![code(&entry.job), escape(&entry.approved_by), escape(entry.frozen.as_deref().unwrap_or_default())]
    });
    table(&mut out, &["job", "approved by", "frozen"], rows);
    out
}

pub(super) fn compare(report: &CompareReport) -> String {
    let judged = &report.judged;
    let (old, new) = (code(&report.old), code(&report.new));
    let mut out = format!("{old} → {new}: **{}**\n\n", judged.verdict.phrase());
    if let Some(reason) = &judged.reason {
        out.push_str(&format!("{}\n\n", escape(reason)));
    }
    if !judged.effects.is_empty() {
        let rows = judged.effects.iter().map(|effect| {
            let row = super::words::effect_row(effect);
            row.iter().map(|cell| escape(cell)).collect()
        });
        table(&mut out, &["column", "effect", "how that is known"], rows);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_mention_link_or_mark_up() {
        assert_eq!(
            escape("<!channel> @here [x](http://evil)"),
            "&lt;\\!channel&gt; @\u{200b}here \\[x\\]\\(http:\u{200b}//evil\\)"
        );
        assert_eq!(escape("a|b\nc\u{1b}[1m"), "a\\|b c\\[1m");
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(code("a|b"), "`a b`");
        assert_eq!((escape("a\u{202e}b"), code("a\u{202e}b")), ("ab".to_owned(), "`ab`".to_owned()));
    }
}
