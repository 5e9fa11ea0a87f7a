//! `headsup jobs` for a person.

use super::{Detail, Mark, Page, Sheet, count, list};
use crate::audience::{SetBy, TeamRule};
use crate::project::{Criticality, OwnerRule};
use crate::render::{Report, markdown};
use crate::report::{FreezeDescription, JobDescription, JobsReport};
use crate::settings::Unknown;

impl Report for JobsReport {
    fn text(&self, page: &Page) -> String {
        let mut sheet = Sheet::new(page);
        if self.jobs.is_empty() {
            sheet.paragraph(
                0,
                "No jobs are known. A job is a dbt exposure, a model with `meta: {critical: true}`, or an \
                 entry of `jobs:` in headsup.yml.",
            );
            return sheet.finish();
        }
        for job in &self.jobs {
            sheet.blank();
            describe(&mut sheet, job);
        }
        if page.detail >= Detail::Normal {
            sheet.blank();
            let critical = self.jobs.iter().filter(|job| job.criticality == Criticality::Critical).count();
            let unowned = self.jobs.iter().filter(|job| job.owner.is_none()).count();
            let mut text = format!("{}, {critical} critical", count(self.jobs.len(), "job", "jobs"));
            if unowned > 0 {
                text.push_str(&format!(", {unowned} without an owner"));
            }
            sheet.paragraph(0, &(text + "."));
        }
        sheet.finish()
    }

    fn markdown(&self) -> String {
        markdown::jobs(self)
    }
}

fn describe(sheet: &mut Sheet<'_>, job: &JobDescription) {
    let criticality = match job.criticality {
        Criticality::Critical => "  critical",
        Criticality::Important => "  important",
        Criticality::Normal => "",
    };
    sheet.line(&[(Some(Mark::Strong), &job.job), (Some(Mark::Alarm), criticality)]);
    sheet.hanging("  owner     ", 12, &owner(job));
    sheet.hanging("  told by   ", 12, &told_by(job));
    sheet.hanging("  hears of  ", 12, &hears_of(job));
    if let Some(freeze) = &job.freeze {
        sheet.hanging("  frozen    ", 12, &frozen(freeze));
    }
    if !job.sign_off.is_empty() {
        let by = job.sign_off_by.and_then(SetBy::words).map(|by| format!(" ({by})")).unwrap_or_default();
        sheet.hanging("  sign-off  ", 12, &format!("by {}{by}", job.sign_off.join(" or ")));
    }
    let reads = match job.reads.as_slice() {
        [] => "nothing that is known here".to_owned(),
        reads => format!("{} ({} upstream)", list(reads, 12), count(job.upstream, "table", "tables")),
    };
    sheet.hanging("  reads     ", 12, &reads);
    sheet.hanging("  from      ", 12, &job.file);
}

/// Whom it belongs to, and which rule says so.
pub(in crate::render) fn owner(job: &JobDescription) -> String {
    let Some(owner) = &job.owner else {
        return "nobody: give it a `team` or an `owner` in headsup.yml".to_owned();
    };
    let mut because = Vec::new();
    because.extend(job.contact.clone());
    match (job.team_by, job.owner_by) {
        (Some(TeamRule::Job), _) => because.push("the job's `team`".to_owned()),
        (Some(TeamRule::Owner), Some(rule)) => {
            because.push(format!("{}; the address is that of the team's owner", rule.words()));
        }
        (_, Some(rule)) => because.push(rule.words().to_owned()),
        (Some(TeamRule::Owner), None) | (None, None) => {}
    }
    if because.is_empty() { owner.clone() } else { format!("{owner} ({})", because.join(", ")) }
}

/// The channel, where it comes from, and whether there is one.
pub(in crate::render) fn told_by(job: &JobDescription) -> String {
    let comments = match job.comments.iter().filter(|name| Some(*name) != job.channel.as_ref()).collect::<Vec<_>>() {
        others if others.is_empty() => String::new(),
        others => format!("; also {}, the comment on the pull request", list(&others, 3)),
    };
    let by = job.channel_by.and_then(SetBy::words).map(|by| format!("; {by}")).unwrap_or_default();
    match (&job.channel, &job.channel_kind) {
        (Some(channel), Some(kind)) if channel == kind => {
            format!("{channel} ({}){comments}", by.trim_start_matches("; "))
        }
        (Some(channel), Some(kind)) => format!("{channel} ({kind}{by}){comments}"),
        (Some(channel), None) => {
            format!("nothing: no channel is called {channel} ({}){comments}", by.trim_start_matches("; "))
        }
        (None, _) if job.comments.is_empty() => "nothing: no channel is set".to_owned(),
        (None, _) => comments.trim_start_matches("; also ").to_owned(),
    }
}

/// The standard and what becomes of doubt, and where both come from.
pub(in crate::render) fn hears_of(job: &JobDescription) -> String {
    let by = |by: SetBy| by.words().unwrap_or("the default");
    let doubt = match job.unknown {
        Unknown::Notify => "also where it cannot be told",
        Unknown::Mention => "in passing where it cannot be told",
        Unknown::Ignore => "not where it cannot be told",
    };
    let standard = format!("what is {}", job.standard);
    match job.standard_by == job.unknown_by {
        true => format!("{standard}, {doubt} ({})", by(job.standard_by)),
        false => format!("{standard} ({}), {doubt} ({})", by(job.standard_by), by(job.unknown_by)),
    }
}

/// When it must be left alone: now, or next.
fn frozen(freeze: &FreezeDescription) -> String {
    let by = freeze.freeze_by.words().map(|by| format!(" ({by})")).unwrap_or_default();
    let when = match (&freeze.frozen, &freeze.next) {
        (Some(until), _) => format!(": now, {until}"),
        (None, Some(next)) => format!(": next {next}"),
        (None, None) => ": not any more".to_owned(),
    };
    format!("{}{by}{when}", freeze.windows.join(", "))
}

impl SetBy {
    /// What says so, in a person's words; nothing where nobody does.
    const fn words(self) -> Option<&'static str> {
        match self {
            Self::Job => Some("of the job"),
            Self::Team => Some("of the team"),
            Self::Project => Some("of the project"),
            Self::Default => None,
        }
    }
}

impl OwnerRule {
    /// The rule in a person's words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Settings => "headsup.yml",
            Self::ExposureMeta => "meta of the exposure",
            Self::Exposure => "owner of the exposure",
            Self::Group => "group of the model",
            Self::ModelMeta => "meta of the model",
            Self::SettingsPath => "owners: in headsup.yml, by path",
            Self::Codeowners => "CODEOWNERS",
        }
    }
}
