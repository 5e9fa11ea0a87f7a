//! What is typed to ask a history. It must not know files, or defaults that depend on them.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::history::When;

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Begin here: a day, a moment, or after a revision [default: a year before the end]
    #[arg(long, value_name = "DATE|REV")]
    pub since: Option<When>,
    /// End here: a day, a moment, or a revision [default: the newest commit of the default branch]
    #[arg(long, value_name = "DATE|REV")]
    pub until: Option<When>,
    /// Show the messages of each week or month as well
    #[arg(long, value_enum)]
    pub by: Option<Period>,
    /// A commit that broke something; REV=JOB where one job is meant. May be given more than once
    #[arg(long, value_name = "REV[=JOB]")]
    pub incident: Vec<String>,
    /// Whose jobs: those of today, or those that each commit had
    #[arg(long, value_enum, default_value_t = JobsFrom::Now)]
    pub jobs_from: JobsFrom,
    /// Go along the line of this branch or revision [default: the default branch]
    #[arg(long, value_name = "REV")]
    pub branch: Option<String>,
}

/// How long a row of a history is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Period {
    /// From Monday on.
    Week,
    /// From the first on.
    Month,
}

/// Whose jobs are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum JobsFrom {
    /// Those of the working tree, as far as what they read was there.
    Now,
    /// Those that each commit has.
    Then,
}

/// Arguments of `suspects`.
#[derive(Debug, Args)]
pub struct SuspectsArgs {
    /// The job that failed, or a table [default: what --run-results says failed]
    #[arg(value_name = "JOB_OR_TABLE", required_unless_present = "run_results")]
    pub job: Option<String>,
    /// When it failed, or at which commit [default: by the log or the results, else now]
    #[arg(long, value_name = "TIME|REV")]
    pub failed_at: Option<When>,
    /// When it last worked, or with which commit [default: by the log, else 30 days before]
    #[arg(long, value_name = "TIME|REV")]
    pub last_good: Option<When>,
    /// What dbt's run came to: its run_results.json
    #[arg(long, value_name = "FILE")]
    pub run_results: Option<PathBuf>,
    /// When jobs ran and how that ended: CSV with job,status,started_at,error, or a JSON object a line
    #[arg(long, value_name = "LOG")]
    pub runs: Option<PathBuf>,
    /// What the failure said
    #[arg(long, value_name = "TEXT")]
    pub error: Option<String>,
    /// Write a post-mortem to be filled in, in Markdown
    #[arg(long)]
    pub post_mortem: bool,
    /// Go along the line of this branch or revision [default: the default branch]
    #[arg(long, value_name = "REV")]
    pub branch: Option<String>,
}

/// Arguments of `release-notes`.
#[derive(Debug, Args)]
pub struct ReleaseNotesArgs {
    /// From which release to which, such as v1.4..v1.5; without the second, to HEAD
    #[arg(value_name = "A..B")]
    pub range: String,
    /// Tell only what one team or owner has to know
    #[arg(long, value_name = "TEAM")]
    pub team: Option<String>,
    /// Whom it is for
    #[arg(long = "for", value_enum, default_value_t = Audience::Page)]
    pub audience: Audience,
}

/// Whom release notes are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Audience {
    /// Readers of a release page.
    Page,
    /// A channel in Slack.
    Slack,
    /// The next section of a changelog, as Keep a Changelog has it.
    Changelog,
}

/// Arguments of `incidents`.
#[derive(Debug, Args)]
pub struct IncidentsArgs {
    /// When jobs ran and how that ended: CSV with job,status,started_at,error, or a JSON object a line
    #[arg(long, value_name = "LOG")]
    pub runs: PathBuf,
    /// A table for each week or month
    #[arg(long, value_enum)]
    pub by: Option<Period>,
    /// Go along the line of this branch or revision [default: the default branch]
    #[arg(long, value_name = "REV")]
    pub branch: Option<String>,
}
