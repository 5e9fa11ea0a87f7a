//! A log from standard input, answered line by line and in order, in constant memory.

use rayon::prelude::*;
use serde::Serialize;

use crate::cli::Common;
use crate::error::{Error, ExitStatus, Result};
use crate::lines::{Bounds, Line, batches};
use crate::records::Answer;
use crate::render::{Flow, Stream};

pub(super) fn run<T: Serialize + Send>(
    common: &Common,
    answer: impl Fn(&Line) -> Answer<T> + Sync,
) -> Result<ExitStatus> {
    let mut out = Stream::open(common.output.as_deref())?;
    for batch in batches(std::io::stdin(), Bounds::default()) {
        let batch = batch.map_err(|error| Error::input("cannot read standard input").caused_by(error))?;
        let answers: Vec<Answer<T>> = batch.par_iter().map(&answer).collect();
        if out.write(&answers)? == Flow::Closed {
            break;
        }
    }
    Ok(ExitStatus::Done)
}
