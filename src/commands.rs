//! One file a subcommand, one line a stage. It must not know what is inside the stages.

use crate::cli::{Cli, ColorWhen, Command, Common, Format};
use crate::error::{Error, ExitStatus, Result};
use crate::render::{Color, Detail, Page, Report, color_of_stdout, render, to_stdout, width_of_stdout};
use crate::ui::Ui;

mod answer;
mod approve;
mod check;
mod compare;
mod demo;
mod depends;
mod doctor;
mod history;
mod hold;
mod impact;
mod incidents;
mod init;
mod jobs;
mod lineage;
mod models;
mod notify;
mod outbox;
mod reading;
mod release_notes;
mod replay;
mod stream;
mod suspects;
mod why;

/// Does what was typed.
///
/// # Errors
/// Whatever ends a run early.
pub fn run(cli: &Cli, ui: Ui) -> Result<ExitStatus> {
    need_form(cli)?;
    match &cli.command {
        Command::Approve(args) => approve::run(args, &cli.common, ui),
        Command::Depends(args) => depends::run(args, &cli.common, ui),
        Command::Init(args) => init::run(args, &cli.common, ui),
        Command::Impact(args) => impact::run(args, &cli.common, ui),
        Command::Lineage(args) => lineage::run(args, &cli.common, ui),
        Command::Compare(args) => compare::run(args, &cli.common, ui),
        Command::Models(args) => models::run(args, &cli.common, ui),
        Command::Notify(args) => notify::run(args, &cli.common, ui),
        Command::Outbox(args) => outbox::run(args, &cli.common, ui),
        Command::Jobs(args) => jobs::run(args, &cli.common, ui),
        Command::Check(args) => check::run(args, &cli.common, ui),
        Command::Doctor(args) => doctor::run(args, &cli.common, ui),
        Command::Why(args) => why::run(args, &cli.common, ui),
        Command::Replay(args) => replay::run(args, &cli.common, ui),
        Command::Incidents(args) => incidents::run(args, &cli.common, ui),
        Command::ReleaseNotes(args) => release_notes::run(args, &cli.common, ui),
        Command::Suspects(args) => suspects::run(args, &cli.common, ui),
        Command::Demo(args) => demo::run(args, &cli.common, ui),
    }
}

/// Ends the run before it begins where the report has no such form.
fn need_form(cli: &Cli) -> Result<()> {
    use Format::{Csv, Dot, Github, Json, Markdown, Mermaid, OpenLineage, Sarif, Svg, Text};
    let (command, forms): (&str, &[Format]) = match &cli.command {
        Command::Approve(_) => ("approve", &[Text, Markdown, Json]),
        Command::Check(_) => ("check", &[Text, Markdown, Json, Sarif, Github]),
        Command::Depends(_) => ("depends", &[Text, Markdown, Json, Mermaid, Dot, Csv]),
        Command::Init(_) => ("init", &[Text, Markdown, Json]),
        Command::Impact(_) => ("impact", &[Text, Markdown, Json, Github]),
        Command::Lineage(args) if args.jsonl => ("lineage --jsonl", &[Text, Json]),
        Command::Lineage(_) => ("lineage", &[Text, Markdown, Json, Mermaid, Dot, OpenLineage]),
        Command::Compare(args) if args.jsonl => ("compare --jsonl", &[Text, Json]),
        Command::Compare(_) => ("compare", &[Text, Markdown, Json]),
        Command::Models(_) => ("models", &[Text, Markdown, Json]),
        Command::Notify(_) => ("notify", &[Text, Markdown, Json]),
        Command::Outbox(_) => ("outbox", &[Text, Markdown, Json]),
        Command::Jobs(_) => ("jobs", &[Text, Markdown, Json]),
        Command::Doctor(_) => ("doctor", &[Text, Markdown, Json]),
        Command::Why(_) => ("why", &[Text, Markdown, Json]),
        Command::Replay(_) => ("replay", &[Text, Markdown, Json, Csv, Svg]),
        Command::Suspects(_) => ("suspects", &[Text, Markdown, Json]),
        Command::Incidents(_) => ("incidents", &[Text, Markdown, Json, Csv, Svg]),
        Command::ReleaseNotes(_) => ("release-notes", &[Text, Markdown, Json]),
        Command::Demo(_) => ("demo", &[Text, Markdown, Json]),
    };
    let asked = cli.common.format;
    if forms.contains(&asked) {
        return Ok(());
    }
    let names: Vec<&str> = forms.iter().map(|form| form.name()).collect();
    Err(Error::usage(format!("`headsup {command}` has no form `{}`", asked.name()))
        .hint(format!("--format is one of {}", names.join(", "))))
}

/// Writes a report where the arguments want it.
fn deliver(report: &impl Report, common: &Common) -> Result<()> {
    let text = render(report, common.format, &page(common))
        .map_err(|error| Error::input("cannot write the report").caused_by(error))?;
    write(&text, common)
}

fn write(text: &str, common: &Common) -> Result<()> {
    match &common.output {
        Some(path) => std::fs::write(path, text)
            .map_err(|error| Error::usage(format!("cannot write {}", path.display())).caused_by(error)),
        None => to_stdout(text),
    }
}

/// What the report will be shown on: a file and a pipe have no colour, and eighty columns.
fn page(common: &Common) -> Page {
    let color = match (common.color, &common.output) {
        (ColorWhen::Always, _) => Color::Ansi,
        (ColorWhen::Never, _) | (ColorWhen::Auto, Some(_)) => Color::Plain,
        (ColorWhen::Auto, None) => color_of_stdout(),
    };
    let detail = match (common.quiet, common.verbose) {
        (true, _) => Detail::Findings,
        (false, 0) => Detail::Normal,
        (false, _) => Detail::Full,
    };
    let width = match &common.output {
        Some(_) => 80,
        // Prose is hard to read beyond a hundred characters, and tables break below fifty.
        None => width_of_stdout().unwrap_or(80).clamp(50, 100),
    };
    Page { width, color, detail }
}
