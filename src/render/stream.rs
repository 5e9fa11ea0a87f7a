//! Values as JSON, one a line, while they come up.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::Path;

use serde::Serialize;

use super::json;
use crate::error::Error;

/// Where lines go while they come up.
pub struct Stream {
    out: Box<dyn Write>,
}

/// Whether anybody reads on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// As far as is known.
    Open,
    /// Nobody: the pipe is closed.
    Closed,
}

impl Stream {
    /// A stream into a file, or to standard output.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn open(path: Option<&Path>) -> Result<Self, Error> {
        let out: Box<dyn Write> = match path {
            Some(path) => {
                let file = File::create(path)
                    .map_err(|error| Error::usage(format!("cannot write {}", path.display())).caused_by(error))?;
                Box::new(BufWriter::new(file))
            }
            None => Box::new(BufWriter::new(std::io::stdout())),
        };
        Ok(Self { out })
    }

    /// Writes values, and hands them over to whoever reads.
    ///
    /// # Errors
    /// If they cannot be written, as on a full disk.
    pub fn write(&mut self, values: &[impl Serialize]) -> Result<Flow, Error> {
        let failed = |error: anyhow::Error| Error::input("cannot write the lines").caused_by(error);
        let lines = json::lines(values).map_err(failed)?;
        match self.out.write_all(lines.as_bytes()).and_then(|()| self.out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Flow::Closed),
            Err(error) => Err(failed(error.into())),
            Ok(()) => Ok(Flow::Open),
        }
    }
}
