//! Exactly what was typed. It must not know files or defaults that depend on them.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use headsup_lineage::dialect::Dialect;

use crate::git::Side;
use crate::moment::Rfc3339;

mod history;

pub use history::{Audience, IncidentsArgs, JobsFrom, Period, ReleaseNotesArgs, ReplayArgs, SuspectsArgs};

/// Warns the right team, before a merge, that a warehouse change reaches one of its critical jobs.
#[derive(Debug, Parser)]
#[command(name = "headsup", version, about, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = "Exit status: 0 done · 1 findings at or above --fail-on · 2 usage or configuration ·\n\
                        3 input could not be read · 4 a heads-up could not be delivered")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What every command takes.
    #[command(flatten)]
    pub common: Common,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// Folder of the repository to look at [default: the current one]
    #[arg(long, global = true, value_name = "DIR", env = "HEADSUP_PROJECT_DIR", hide_env = true)]
    pub project_dir: Option<PathBuf>,
    /// Settings file [default: headsup.yml in the project folder, if there is one]
    #[arg(long, global = true, value_name = "FILE", env = "HEADSUP_CONFIG", hide_env = true)]
    pub config: Option<PathBuf>,
    /// Form of the report: every command has text, markdown and json
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Write the report to a file instead of standard output
    #[arg(long, short, global = true, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = ColorWhen::Auto)]
    pub color: ColorWhen,
    /// Say only what was found
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more: messages in full, every diagnostic
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Dialect of SQL files whose project has none set
    #[arg(long, global = true, value_name = "DIALECT")]
    pub dialect: Option<Dialect>,
    /// Read a dbt manifest instead of the repository's dbt projects
    #[arg(long, global = true, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// Take the columns of tables from a catalog that dbt wrote
    #[arg(long, global = true, value_name = "FILE")]
    pub catalog: Option<PathBuf>,
    /// Take the columns of tables from a CSV file of an information schema
    #[arg(long, global = true, value_name = "FILE")]
    pub columns: Option<PathBuf>,
    /// Where to keep answers for the next run [default: headsup in the user's cache folder]
    #[arg(long, global = true, value_name = "DIR", env = "HEADSUP_CACHE_DIR", hide_env = true)]
    pub cache_dir: Option<PathBuf>,
    /// Find everything anew, and keep nothing
    #[arg(long, global = true, env = "HEADSUP_NO_CACHE", hide_env = true, value_parser = FalseyValueParser::new())]
    pub no_cache: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first headsup.yml, and show what the latest merges would have sent with it
    Init(InitArgs),
    /// Show what a branch changes, which jobs that reaches, and whom to tell
    Impact(ImpactArgs),
    /// Tell each owner whose job a change reaches, once
    Notify(NotifyArgs),
    /// Show what was to be sent and was not, and send it
    Outbox(OutboxArgs),
    /// Say that a change may land although a job that it reaches is frozen, or needs your word
    Approve(ApproveArgs),
    /// Show who depends on a table or a column, and with --upstream on what it depends
    #[command(visible_alias = "who")]
    Depends(DependsArgs),
    /// Show why a job or a table depends on something, step by step, or where the way ends
    Why(WhyArgs),
    /// Show which columns and rows a file, standard input or a project fills, and from what
    Lineage(LineageArgs),
    /// Show whether one SQL text gives what another one gives, and what may differ
    Compare(CompareArgs),
    /// List the tables that were read, and how well
    Models(ModelsArgs),
    /// List the jobs, and who hears of them
    Jobs(JobsArgs),
    /// Hold the repository to its policy: private tables, owners of critical jobs, names that are gone
    Check(CheckArgs),
    /// Show what could not be read, and how to mend it
    Doctor(OneSide),
    /// Show how many messages each team would have had, by going through the history
    Replay(ReplayArgs),
    /// Show which commit could have made a job fail
    Suspects(SuspectsArgs),
    /// Show how often jobs failed, and by whose change
    Incidents(IncidentsArgs),
    /// Show what changed between two releases, and what that is to whom
    ReleaseNotes(ReleaseNotesArgs),
    /// Show the main job on a sample warehouse
    Demo(DemoArgs),
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Take what is proposed, and ask nothing
    #[arg(long)]
    pub yes: bool,
    /// Replace the settings file that is there
    #[arg(long)]
    pub force: bool,
    /// At how many of the latest merges to look: those of the last week, or where there are none, the last
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    pub merges: usize,
    /// The end of the last week, such as 2026-11-30T12:00:00Z [default: now]
    #[arg(long, value_name = "RFC3339")]
    pub now: Option<jiff::Timestamp>,
}

/// Arguments of `impact`.
#[derive(Debug, Args)]
pub struct ImpactArgs {
    /// What to compare with: a revision, or dir:PATH [default: where head left the main branch]
    #[arg(long, value_name = "REV")]
    pub base: Option<Side>,
    /// What changes: worktree, index, a revision, or dir:PATH [default: HEAD and what is not committed]
    #[arg(long, value_name = "REV")]
    pub head: Option<Side>,
    /// Read base from a dbt manifest
    #[arg(long, value_name = "FILE", requires = "manifest")]
    pub base_manifest: Option<PathBuf>,
    /// When to exit with status 1; several with commas between them
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',', default_value = "never")]
    pub fail_on: Vec<FailOn>,
    /// What is known of freezes and approvals.
    #[command(flatten)]
    pub hold: HoldArgs,
}

/// What freezes and approvals are judged by.
#[derive(Debug, Clone, Default, Args)]
pub struct HoldArgs {
    /// The moment by which freezes are judged, such as 2026-11-30T12:00:00Z [default: the clock's]
    #[arg(long, value_name = "RFC3339")]
    pub now: Option<jiff::Timestamp>,
    /// The file that keeps approvals and what was sent [default: .headsup/ledger.db in the project folder]
    #[arg(long, value_name = "FILE", env = "HEADSUP_LEDGER", hide_env = true)]
    pub ledger: Option<PathBuf>,
    /// Whether the service that has the pull request is asked for approvals.
    #[arg(skip)]
    pub asks: Asks,
}

/// Whether a service is asked who has approved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Asks {
    /// Where the exit status hangs on it.
    #[default]
    WhereItDecides,
    /// In any case.
    Always,
    /// Not at all.
    Never,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// What was there before: a revision, or dir:PATH [default: where head left the main branch]
    #[arg(long, value_name = "REV")]
    pub base: Option<Side>,
    /// What is checked: worktree, index, a revision, or dir:PATH [default: HEAD and what is not committed]
    #[arg(long, value_name = "REV")]
    pub head: Option<Side>,
    /// Read base from a dbt manifest
    #[arg(long, value_name = "FILE", requires = "manifest")]
    pub base_manifest: Option<PathBuf>,
    /// A file of findings that are known and do not count
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write what is found to the baseline
    #[arg(long, requires = "baseline")]
    pub write_baseline: bool,
    /// Which findings make the run exit with status 1
    #[arg(long, value_enum, default_value_t = FailOnFinding::Error)]
    pub fail_on: FailOnFinding,
}

/// Arguments of `notify`.
#[derive(Debug, Args)]
pub struct NotifyArgs {
    /// What to compare with: a revision, or dir:PATH [default: where head left the main branch]
    #[arg(long, value_name = "REV", conflicts_with_all = ["from", "resume"])]
    pub base: Option<Side>,
    /// What changes: worktree, index, a revision, or dir:PATH [default: HEAD and what is not committed]
    #[arg(long, value_name = "REV", conflicts_with_all = ["from", "resume"])]
    pub head: Option<Side>,
    /// Read base from a dbt manifest
    #[arg(long, value_name = "FILE", requires = "manifest")]
    pub base_manifest: Option<PathBuf>,
    /// Send what `headsup impact --format json` found before
    #[arg(long, value_name = "REPORT.json", conflicts_with = "resume")]
    pub from: Option<PathBuf>,
    /// Send what an earlier run left in the ledger, and nothing else
    #[arg(long, conflicts_with_all = ["dry_run", "only", "withdraw"])]
    pub resume: bool,
    /// Show exactly what would be sent, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Tell only one team or owner
    #[arg(long, value_name = "TEAM")]
    pub only: Option<String>,
    /// What the author of the change adds
    #[arg(long, value_name = "TEXT")]
    pub message: Option<String>,
    /// Where the change can be seen [default: from the CI service, or the remote]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// When the change lands, such as "24 November"
    #[arg(long, value_name = "TEXT")]
    pub lands: Option<String>,
    /// The change is given up: take back what was announced
    #[arg(long)]
    pub withdraw: bool,
    /// When to exit with status 1, once all is sent; several with commas between them
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',', default_value = "never")]
    pub fail_on: Vec<FailOn>,
    /// The moment by which freezes are judged and digests are due [default: the clock's]
    #[arg(long, value_name = "RFC3339")]
    pub now: Option<jiff::Timestamp>,
    /// How to deliver.
    #[command(flatten)]
    pub delivery: DeliveryArgs,
}

/// Arguments of `outbox`.
#[derive(Debug, Args)]
pub struct OutboxArgs {
    /// Show what was sent, too
    #[arg(long, conflicts_with = "retry")]
    pub all: bool,
    /// Send again what waits or was refused
    #[arg(long)]
    pub retry: bool,
    /// Send the digests that are due
    #[arg(long, conflicts_with_all = ["retry", "all"])]
    pub due: bool,
    /// The moment by which digests are due, such as 2026-11-30T12:00:00Z [default: the clock's]
    #[arg(long, value_name = "RFC3339", requires = "due")]
    pub now: Option<jiff::Timestamp>,
    /// How to deliver.
    #[command(flatten)]
    pub delivery: DeliveryArgs,
}

/// Arguments of `approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// Who approves, as `sign_off` in headsup.yml has it
    #[arg(long = "as", value_name = "NAME")]
    pub name: String,
    /// For which job [default: all that the change reaches and that wait for this word]
    #[arg(long = "for", value_name = "JOB")]
    pub job: Option<String>,
    /// What to compare with: a revision, or dir:PATH [default: where head left the main branch]
    #[arg(long, value_name = "REV")]
    pub base: Option<Side>,
    /// What changes: worktree, index, a revision, or dir:PATH [default: HEAD and what is not committed]
    #[arg(long, value_name = "REV")]
    pub head: Option<Side>,
    /// Read base from a dbt manifest
    #[arg(long, value_name = "FILE", requires = "manifest")]
    pub base_manifest: Option<PathBuf>,
    /// What is known of freezes and approvals.
    #[command(flatten)]
    pub hold: HoldArgs,
}

/// How messages are delivered.
#[derive(Debug, Args)]
pub struct DeliveryArgs {
    /// The file that knows what was sent [default: .headsup/ledger.db in the project folder]
    #[arg(long, value_name = "FILE", env = "HEADSUP_LEDGER", hide_env = true)]
    pub ledger: Option<PathBuf>,
    /// How long to go on trying what fails; the rest stays in the ledger
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub give_up_after: u64,
    /// How long to wait for one answer
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout: u64,
    /// How long others wait for a run that ended without letting go.
    #[arg(long, hide = true, default_value_t = 10_000)]
    pub lease_ms: u64,
}

/// Arguments of `depends`.
#[derive(Debug, Args)]
pub struct DependsArgs {
    /// Tables or columns, by the end of their names: `orders`, `core.orders.amount`; selectors as in
    /// dbt: `2+orders+`, `tag:finance`, `path:models/marts`, `source:shop`, `exposure:audit`
    #[arg(value_name = "TABLE[.COLUMN]", required = true)]
    pub targets: Vec<String>,
    /// Show what they depend on instead
    #[arg(long)]
    pub upstream: bool,
    /// Look at most so many steps far [default: all the way]
    #[arg(long, value_name = "STEPS", value_parser = clap::value_parser!(u32).range(1..))]
    pub depth: Option<u32>,
    /// Show only the jobs
    #[arg(long, conflicts_with = "upstream")]
    pub jobs_only: bool,
    /// Follow only where the value itself flows: no filters, joins or counts of rows
    #[arg(long)]
    pub direct: bool,
    /// Which version to read.
    #[command(flatten)]
    pub side: OneSide,
}

/// Arguments of `why`.
#[derive(Debug, Args)]
pub struct WhyArgs {
    /// A job, a table or a column
    #[arg(value_name = "JOB_OR_TABLE")]
    pub dependent: String,
    /// What it may depend on, a table or a column [default: list all that it depends on]
    #[arg(value_name = "TABLE[.COLUMN]")]
    pub on: Option<String>,
    /// Say what reaches it of what lies between this and head: a revision, or dir:PATH
    #[arg(long, value_name = "REV", conflicts_with = "on")]
    pub base: Option<Side>,
    /// Which version to read.
    #[command(flatten)]
    pub side: OneSide,
}

/// Arguments of `lineage`.
#[derive(Debug, Args)]
pub struct LineageArgs {
    /// A SQL file, `-` for standard input, or the folder of a project [default: the project here]
    #[arg(value_name = "FILE|-|PROJECT")]
    pub input: Option<PathBuf>,
    /// Read one JSON object a line from standard input, {"id", "sql", "dialect"?, "schema"?}, and write
    /// one result a line
    #[arg(long)]
    pub jsonl: bool,
    /// Take the columns of tables from a CSV file of an information schema, as --columns does
    #[arg(long, value_name = "FILE", conflicts_with = "columns")]
    pub schema: Option<PathBuf>,
    /// When the events of --format openlineage were [default: when head was committed, or 1970]
    #[arg(long, value_name = "RFC3339")]
    pub event_time: Option<Rfc3339>,
    /// Where the tables are, for --format openlineage, such as snowflake://acme [default: the dialect]
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Which version of a project to read.
    #[command(flatten)]
    pub side: OneSide,
}

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The first text: a SQL file, or `-` for standard input
    #[arg(value_name = "OLD", required_unless_present = "jsonl", requires = "new")]
    pub old: Option<PathBuf>,
    /// The second text
    #[arg(value_name = "NEW")]
    pub new: Option<PathBuf>,
    /// Read one JSON object a line from standard input, {"id", "old", "new", "dialect"?, "schema"?}, and write
    /// one verdict a line
    #[arg(long, conflicts_with_all = ["old", "new"])]
    pub jsonl: bool,
    /// What is known of the tables: CREATE TABLE statements with their keys, or the same as JSON
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
}

/// Arguments of `models`.
#[derive(Debug, Args)]
pub struct ModelsArgs {
    /// Which tables to list, by selectors as in dbt: `+orders`, `tag:finance`, `group:core`,
    /// `config.materialized:view`, `selector:nightly` [default: all]
    #[arg(value_name = "SELECTOR")]
    pub selectors: Vec<String>,
    /// Which version to read.
    #[command(flatten)]
    pub side: OneSide,
}

/// Arguments of the commands that look at one version.
#[derive(Debug, Args)]
pub struct OneSide {
    /// What to read: worktree, index, a revision, or dir:PATH [default: worktree]
    #[arg(long, value_name = "REV")]
    pub head: Option<Side>,
}

/// Arguments of `jobs`.
#[derive(Debug, Args)]
pub struct JobsArgs {
    /// The moment by which freezes are judged, such as 2026-11-30T12:00:00Z [default: the clock's]
    #[arg(long, value_name = "RFC3339")]
    pub now: Option<jiff::Timestamp>,
    /// Which version to read.
    #[command(flatten)]
    pub side: OneSide,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Folder to write the sample to; it must not exist or be empty [default: a new temporary one]
    pub directory: Option<PathBuf>,
    /// Which of the sample's branches to look at
    #[arg(long, value_name = "NAME", default_value = crate::sample::FIRST_BRANCH)]
    pub branch: String,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a person at a terminal.
    Text,
    /// For a comment or a page.
    Markdown,
    /// For programs; see docs/json.md.
    Json,
    /// A diagram for a page that draws Mermaid.
    Mermaid,
    /// A diagram for Graphviz.
    Dot,
    /// A row a dependency, for a spreadsheet.
    Csv,
    /// A picture for a page.
    Svg,
    /// One OpenLineage RunEvent a line.
    #[value(name = "openlineage")]
    OpenLineage,
    /// A SARIF log, for code scanning.
    Sarif,
    /// Commands for GitHub's runner, which shows what was found beside the lines.
    Github,
}

impl Format {
    /// The name that it has as an argument.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Markdown => "markdown",
            Self::Json => "json",
            Self::Mermaid => "mermaid",
            Self::Dot => "dot",
            Self::Csv => "csv",
            Self::Svg => "svg",
            Self::OpenLineage => "openlineage",
            Self::Sarif => "sarif",
            Self::Github => "github",
        }
    }
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What makes a run exit with status 1; of several, any one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Nothing.
    Never,
    /// A critical job is reached, or may be.
    Critical,
    /// Any job is reached, or a critical one may be.
    Reached,
    /// Any job is reached, or may be.
    Unknown,
    /// A job is reached, or may be, that is frozen, and nobody has approved it.
    Freeze,
    /// A job is reached, or may be, that somebody has to sign off, and nobody has.
    SignOff,
}

/// Which findings of `check` make a run exit with status 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOnFinding {
    /// Errors.
    Error,
    /// Errors and warnings.
    Warning,
    /// None.
    Never,
}
