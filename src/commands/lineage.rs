//! `headsup lineage`: which columns and rows a text or a project fills, and from what.

use std::path::{Path, PathBuf};

use headsup_lineage::diagnostic::Diagnostic;
use headsup_lineage::dialect::Dialect;

use super::{deliver, reading, stream};
use crate::cli::{Common, LineageArgs};
use crate::error::{Error, ExitStatus, Result};
use crate::moment::Rfc3339;
use crate::project::{recognise_texts, sql};
use crate::query_log::{Defaults, answer};
use crate::report::VERSION;
use crate::report::lineage::{LineageReport, Run, StatementEntry};
use crate::statements::{of_project, of_text};
use crate::ui::Ui;

pub(super) fn run(args: &LineageArgs, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let columns = args.schema.clone().or_else(|| common.columns.clone());
    let common = &Common { columns, ..common.clone() };
    if args.jsonl {
        return log(args, common);
    }
    let report = match input(args)? {
        Input::Text { name, text } => text_report(args, common, name, &text)?,
        Input::File { path, text } if sql::has_tags(&text) => template_report(args, common, ui, &path, &text)?,
        Input::File { path, text } => text_report(args, common, path.display().to_string(), &text)?,
        Input::Project(folder) => project_report(args, &folder_of(common, folder), ui, None)?,
    };
    ui.diagnostics(&report.diagnostics);
    deliver(&report, common)?;
    Ok(ExitStatus::Done)
}

/// What is to be read.
enum Input {
    Text { name: String, text: String },
    File { path: PathBuf, text: String },
    Project(Option<PathBuf>),
}

fn input(args: &LineageArgs) -> Result<Input> {
    let Some(path) = &args.input else { return Ok(Input::Project(None)) };
    if path.is_dir() {
        return Ok(Input::Project(Some(path.clone())));
    }
    let text = reading::text(path, "name a SQL file, a folder, or `-` for standard input")?;
    Ok(match path.as_os_str() == "-" {
        true => Input::Text { name: "-".to_owned(), text },
        false => Input::File { path: path.clone(), text },
    })
}

/// A query log from standard input, line by line.
fn log(args: &LineageArgs, common: &Common) -> Result<ExitStatus> {
    if args.input.as_ref().is_some_and(|input| input.as_os_str() != "-") {
        let message = "--jsonl reads standard input, and no file";
        return Err(Error::usage(message).hint("write `headsup lineage --jsonl < FILE`".to_owned()));
    }
    let dialect = common.dialect.unwrap_or_default();
    let tables = reading::tables_of_arguments(common, dialect)?;
    let defaults = Defaults { dialect, schemas: &tables };
    stream::run(common, |line| answer(line, defaults))
}

/// One text by itself, in the dialect of the arguments or the one that it looks like.
fn text_report(args: &LineageArgs, common: &Common, name: String, text: &str) -> Result<LineageReport> {
    let dialect = common.dialect.or_else(|| recognise_texts(&[text.to_owned()])).unwrap_or_default();
    let tables = reading::tables_of_arguments(common, dialect)?;
    let (statements, diagnostics) = of_text(text, dialect, &tables);
    Ok(report(args, name, Some(dialect), statements, diagnostics, Facts { digest: text.to_owned(), committed: None }))
}

/// A template is rendered only as a part of its project; by itself it is read without its tags.
fn template_report(args: &LineageArgs, common: &Common, ui: Ui, path: &Path, text: &str) -> Result<LineageReport> {
    let folder = reading::project_dir(common)?;
    let inside = path.canonicalize().ok().zip(folder.canonicalize().ok());
    let inside = inside.and_then(|(path, folder)| path.strip_prefix(folder).ok().map(Path::to_owned));
    if let Some(inside) = inside {
        let inside = inside.to_string_lossy().replace('\\', "/");
        // A folder that is no project of its own may be where the file is, and nothing more.
        if let Ok(report) = project_report(args, common, ui, Some(&inside))
            && !report.statements.is_empty()
        {
            return Ok(report);
        }
    }
    text_report(args, common, path.display().to_string(), text)
}

/// A project, or what one file of it fills.
fn project_report(args: &LineageArgs, common: &Common, ui: Ui, file: Option<&str>) -> Result<LineageReport> {
    let reading = reading::read(&reading::version(&args.side, common)?, common, ui)?;
    let mut statements = of_project(&reading.project);
    let mut diagnostics = reading.diagnostics;
    if let Some(file) = file {
        statements.retain(|statement| statement.file.as_deref() == Some(file));
        diagnostics.retain(|diagnostic| diagnostic.path.as_deref() == Some(file));
    }
    let name = file.map_or(reading.label.clone(), str::to_owned);
    let facts = Facts { digest: reading.label, committed: reading.committed };
    Ok(report(args, name, reading.plan.dialect(), statements, diagnostics, facts))
}

/// The arguments for another folder.
fn folder_of(common: &Common, folder: Option<PathBuf>) -> Common {
    Common { project_dir: folder.or_else(|| common.project_dir.clone()), ..common.clone() }
}

/// What events are made from beside lineage.
struct Facts {
    digest: String,
    committed: Option<i64>,
}

fn report(
    args: &LineageArgs,
    input: String,
    dialect: Option<Dialect>,
    statements: Vec<StatementEntry>,
    diagnostics: Vec<Diagnostic>,
    facts: Facts,
) -> LineageReport {
    let time = args.event_time.clone().unwrap_or_else(|| Rfc3339::from_seconds(facts.committed.unwrap_or(0)));
    let engine = dialect.filter(|dialect| *dialect != Dialect::Ansi);
    let namespace = engine.map_or("warehouse", Dialect::name);
    let run = Run {
        time: time.to_string(),
        namespace: args.namespace.clone().unwrap_or_else(|| namespace.to_owned()),
        digest: facts.digest,
    };
    let dialect = dialect.map(|dialect| dialect.name().to_owned());
    LineageReport { version: VERSION, input, dialect, statements, diagnostics, run }
}
