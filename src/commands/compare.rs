//! `headsup compare`: whether one text gives what another one gives.

use std::io::Read as _;
use std::path::Path;

use rayon::prelude::*;

use super::deliver;
use crate::cli::{Common, CompareArgs};
use crate::error::{Error, ExitStatus, Result};
use crate::lines::{Bounds, batches};
use crate::pair::log::{Answer, Defaults, answer};
use crate::pair::{Schema, SchemaFault, judge};
use crate::project::recognise_texts;
use crate::render::{Flow, Stream};
use crate::report::VERSION;
use crate::report::compare::CompareReport;
use crate::ui::Ui;

pub(super) fn run(args: &CompareArgs, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let schema = schema(args)?;
    let (Some(old), Some(new)) = (&args.old, &args.new) else { return stream(&schema, common) };
    let (before, after) = (text(old)?, text(new)?);
    let guessed = || recognise_texts(&[before.clone(), after.clone()]);
    let dialect = common.dialect.or_else(guessed).unwrap_or_default();
    let judged = judge(&before, &after, &schema, dialect).map_err(|fault| wrong(fault, args))?;
    ui.diagnostics(&judged.diagnostics);
    let report = CompareReport {
        version: VERSION,
        old: old.display().to_string(),
        new: new.display().to_string(),
        dialect: dialect.name().to_owned(),
        judged,
    };
    deliver(&report, common)?;
    Ok(ExitStatus::Done)
}

fn stream(schema: &Schema, common: &Common) -> Result<ExitStatus> {
    let defaults = Defaults { dialect: common.dialect.unwrap_or_default(), schema };
    let mut out = Stream::open(common.output.as_deref())?;
    for batch in batches(std::io::stdin(), Bounds::default()) {
        let batch = batch.map_err(|error| Error::input("cannot read standard input").caused_by(error))?;
        let answers: Vec<Answer> = batch.par_iter().map(|line| answer(line, defaults)).collect();
        if out.write(&answers)? == Flow::Closed {
            break;
        }
    }
    Ok(ExitStatus::Done)
}

fn schema(args: &CompareArgs) -> Result<Schema> {
    let Some(path) = &args.schema else { return Ok(Schema::Unknown) };
    Schema::of_text(&text(path)?).map_err(|fault| wrong(fault, args))
}

fn wrong(fault: SchemaFault, args: &CompareArgs) -> Error {
    let path = args.schema.as_deref().unwrap_or_else(|| Path::new("--schema"));
    Error::input(format!("cannot read {}: {}", path.display(), fault.message)).hint(fault.hint.to_owned())
}

fn text(path: &Path) -> Result<String> {
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    match path.to_str() {
        Some("-") => std::io::stdin().read_to_end(&mut bytes).map(drop),
        _ => std::fs::read(path).map(|read| bytes = read),
    }
    .map_err(|error| {
        let hint = "name two SQL files; one of them may be `-` for standard input";
        Error::input(format!("cannot read {name}")).hint(hint.to_owned()).caused_by(error)
    })?;
    crate::text::decode(bytes)
        .map_err(|diagnostic| Error::input(format!("cannot read {name}: {}", diagnostic.message)).hint(diagnostic.hint))
}
