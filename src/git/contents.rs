//! Where a snapshot's bytes come from: the object database, or a file on disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};

use super::content_id;
use crate::snapshot::{ContentId, Contents};

/// What git would do to the line endings of a file on disk when adding it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endings {
    /// Nothing.
    Kept,
    /// Every CRLF becomes LF.
    Normalised,
}

/// A file on disk, and how its bytes become the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OnDisk {
    pub(super) path: PathBuf,
    pub(super) endings: Endings,
}

impl OnDisk {
    pub(super) fn read(&self) -> std::io::Result<Vec<u8>> {
        let bytes = std::fs::read(&self.path)?;
        Ok(match self.endings {
            Endings::Kept => bytes,
            Endings::Normalised => without_carriage_returns(&bytes),
        })
    }
}

pub(super) fn without_carriage_returns(bytes: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(bytes.len());
    for (index, byte) in bytes.iter().enumerate() {
        if !(*byte == b'\r' && bytes.get(index + 1) == Some(&b'\n')) {
            result.push(*byte);
        }
    }
    result
}

/// Repositories for reading, one for each thread that reads at the same time: a repository of git's
/// library can move between threads, but two threads cannot share one.
#[derive(Clone)]
pub(super) struct Pool {
    git_dir: Arc<Path>,
    idle: Arc<Mutex<Vec<git2::Repository>>>,
}

impl Pool {
    pub(super) fn new(git_dir: &Path) -> Self {
        Self { git_dir: Arc::from(git_dir), idle: Arc::default() }
    }

    fn blob(&self, id: ContentId) -> anyhow::Result<Vec<u8>> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let repository = match idle {
            Some(repository) => repository,
            None => git2::Repository::open(&self.git_dir).context("cannot open the repository again")?,
        };
        let bytes = read_blob(&repository, id);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(repository);
        bytes
    }
}

fn read_blob(repository: &git2::Repository, id: ContentId) -> anyhow::Result<Vec<u8>> {
    let oid = git2::Oid::from_bytes(&id.0)?;
    match repository.find_blob(oid) {
        Ok(blob) => Ok(blob.content().to_vec()),
        Err(error) if error.code() == git2::ErrorCode::NotFound => {
            bail!("object {id} is missing from the repository; {}", super::fault::MISSING_OBJECT)
        }
        Err(error) => Err(error.into()),
    }
}

/// The contents of one snapshot.
pub(super) struct Store {
    /// Where whatever is not on disk comes from.
    pub(super) objects: Option<Pool>,
    /// The files that are read from disk, by their path in the snapshot.
    pub(super) on_disk: BTreeMap<Arc<str>, OnDisk>,
}

impl Contents for Store {
    fn read(&self, path: &str, id: ContentId) -> anyhow::Result<Vec<u8>> {
        let Some(file) = self.on_disk.get(path) else {
            return match &self.objects {
                Some(pool) => pool.blob(id),
                None => bail!("{path} is not in the snapshot"),
            };
        };
        let bytes = file.read()?;
        // What is kept by content id must be that content, also when somebody saves while we read.
        if content_id(&bytes)? != id {
            bail!("the file changed while it was being read; run again");
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::without_carriage_returns;

    #[test]
    fn only_the_carriage_returns_before_a_newline_go() {
        assert_eq!(without_carriage_returns(b"a\r\nb\rc\r\r\n\r"), b"a\nb\rc\r\n\r");
    }
}
