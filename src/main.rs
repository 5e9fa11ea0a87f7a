//! Parses the arguments, runs, exits.

use std::process::ExitCode;

use clap::Parser;
use headsup::cli::Cli;
use headsup::error::ExitStatus;
use mimalloc::MiMalloc;

/// Reading SQL is making many small things on many threads, which the allocators of some systems are slow at.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => headsup::run(&cli).into(),
        Err(error) => {
            // Help and version are asked for and go to standard output; the rest is a usage error.
            let status = if error.use_stderr() { ExitStatus::Usage } else { ExitStatus::Done };
            // A closed pipe leaves nobody to tell.
            let _ = error.print();
            status.into()
        }
    }
}
