//! headsup: what a change to the warehouse's SQL reaches, and whom to tell.
//!
//! This crate is the outside world around `headsup_lineage`: arguments, settings, git, projects,
//! people, words and formats. The binary calls [`run`] and exits with what it returns.

pub mod audience;
pub mod cache;
pub mod calendar;
pub mod cli;
pub mod commands;
pub mod deliver;
pub mod dependents;
pub mod error;
pub mod evidence;
pub mod git;
pub mod headsup;
pub mod history;
pub mod lines;
pub mod message;
pub mod moment;
mod packages;
pub mod pair;
pub mod places;
pub mod policy;
pub mod project;
pub mod proposal;
pub mod query_log;
pub mod records;
pub mod render;
pub mod report;
pub mod sample;
pub mod selection;
pub mod selector;
pub mod settings;
pub mod snapshot;
pub mod statements;
pub mod text;
pub mod ui;
pub mod verdict;
pub mod yaml;

use cli::Cli;
use error::ExitStatus;
use ui::{Ui, Verbosity};

/// Does what was typed and says how it ended; the only place that turns an error into a status.
#[must_use]
pub fn run(cli: &Cli) -> ExitStatus {
    let verbosity = match (cli.common.quiet, cli.common.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, 0) => Verbosity::Normal,
        (false, _) => Verbosity::Verbose,
    };
    let ui = Ui::new(verbosity, cli.common.color);
    match commands::run(cli, ui) {
        Ok(status) => status,
        Err(error) => {
            ui.error(&error);
            ExitStatus::from(&error)
        }
    }
}
