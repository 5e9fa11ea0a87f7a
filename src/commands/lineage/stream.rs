//! `headsup lineage --jsonl`: a query log from standard input, line by line.

use rayon::prelude::*;

use crate::cli::{Common, LineageArgs};
use crate::commands::reading;
use crate::error::{Error, ExitStatus, Result};
use crate::lines::{Bounds, batches};
use crate::query_log::{Answer, Defaults, answer};
use crate::render::{Flow, Stream};

pub(super) fn run(args: &LineageArgs, common: &Common) -> Result<ExitStatus> {
    if args.input.as_ref().is_some_and(|input| input.as_os_str() != "-") {
        let message = "--jsonl reads standard input, and no file";
        return Err(Error::usage(message).hint("write `headsup lineage --jsonl < FILE`".to_owned()));
    }
    let dialect = common.dialect.unwrap_or_default();
    let tables = reading::tables_of_arguments(common, dialect)?;
    let defaults = Defaults { dialect, schemas: &tables };
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
