//! `headsup doctor`: what could not be read, and how to mend it.

use super::answer::Asked;
use super::reading;
use crate::cli::{Common, OneSide};
use crate::error::{ExitStatus, Result};
use crate::report::{DoctorReport, VERSION};
use crate::ui::Ui;

pub(super) fn run(args: &OneSide, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let version = reading::version(args, common)?;
    Asked::of("doctor", args, &version, common)?.answer(common, || {
        let reading = reading::read(&version, common, ui)?;
        let report = DoctorReport {
            version: VERSION,
            head: reading.label.clone(),
            projects: reading.plan.describe(&reading.project),
            coverage: reading.project.coverage(),
            diagnostics: reading.diagnostics,
        };
        Ok((report, ExitStatus::Done))
    })
}
