//! `headsup compare`: whether one text gives what another one gives.

use std::path::Path;

use super::{deliver, reading, stream};
use crate::cli::{Common, CompareArgs};
use crate::error::{Error, ExitStatus, Result};
use crate::pair::log::{Defaults, answer};
use crate::pair::{Schema, SchemaFault, judge};
use crate::project::recognise_texts;
use crate::report::VERSION;
use crate::report::compare::CompareReport;
use crate::ui::Ui;

/// What may be given.
const FILES: &str = "name two SQL files; one of them may be `-` for standard input";

pub(super) fn run(args: &CompareArgs, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let schema = schema(args)?;
    let (Some(old), Some(new)) = (&args.old, &args.new) else {
        let defaults = Defaults { dialect: common.dialect.unwrap_or_default(), schema: &schema };
        return stream::run(common, |line| answer(line, defaults));
    };
    let (before, after) = (reading::text(old, FILES)?, reading::text(new, FILES)?);
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

fn schema(args: &CompareArgs) -> Result<Schema> {
    let Some(path) = &args.schema else { return Ok(Schema::Unknown) };
    Schema::of_text(&reading::text(path, FILES)?).map_err(|fault| wrong(fault, args))
}

fn wrong(fault: SchemaFault, args: &CompareArgs) -> Error {
    let path = args.schema.as_deref().unwrap_or_else(|| Path::new("--schema"));
    Error::input(format!("cannot read {}: {}", path.display(), fault.message)).hint(fault.hint.to_owned())
}
