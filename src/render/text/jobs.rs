//! `headsup jobs` for a person.

use super::{Detail, Mark, Page, Sheet, count, list};
use crate::project::{Criticality, OwnerRule};
use crate::render::{Report, markdown};
use crate::report::{JobDescription, JobsReport};

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
    let owner = match (&job.owner, job.owner_by) {
        (Some(owner), Some(rule)) => format!("{owner} ({})", rule.words()),
        (Some(owner), None) => owner.clone(),
        (None, _) => "nobody: give it a `team` or an `owner` in headsup.yml".to_owned(),
    };
    sheet.hanging("  owner     ", 12, &owner);
    let told = job.channel.as_deref().unwrap_or("no channel is set");
    sheet.hanging("  hears     ", 12, &format!("{told}, of what is {}", job.standard));
    let reads = match job.reads.as_slice() {
        [] => "nothing that is known here".to_owned(),
        reads => format!("{} ({} upstream)", list(reads, 12), count(job.upstream, "table", "tables")),
    };
    sheet.hanging("  reads     ", 12, &reads);
    sheet.hanging("  from      ", 12, &job.file);
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
