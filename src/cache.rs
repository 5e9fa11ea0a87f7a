//! What earlier runs found, in files that are named after the question: the name is a digest of all that an
//! answer depends on, so what is found is right, and what is not is found anew. It must not know what it
//! holds.
//!
//! Nothing here can fail a run. A folder that cannot be written, an entry that is damaged, a file that
//! another run has just removed: each is an answer that is not there. Entries are written beside their
//! place and then moved, so two runs at once see whole entries only.

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

/// So many bytes are kept; beyond that, what was not asked for the longest goes.
const LIMIT: u64 = 256 << 20;

/// What every entry begins with; another form of entries has another beginning.
const FORM: &[u8; 8] = b"headsup\x01";

/// The bytes of a SHA-256 digest.
const DIGEST: usize = 32;

/// The folder of what earlier runs found.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    limit: u64,
}

/// What an answer depends on, as a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(String);

/// A key in the making.
#[derive(Debug, Clone)]
pub struct Question(Sha256);

impl Cache {
    /// A folder, which need not be there yet.
    #[must_use]
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder, limit: LIMIT }
    }

    /// The folder that the user's surroundings give to such files, if they give one.
    #[must_use]
    pub fn of_user() -> Option<Self> {
        let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = named("XDG_CACHE_HOME")
            .or_else(|| named("HOME").map(|home| home.join(".cache")))
            .or_else(|| named("LOCALAPPDATA"))?;
        Some(Self::new(folder.join("headsup")))
    }

    /// What was kept under a key.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<Vec<u8>> {
        let path = self.path(key);
        let entry = std::fs::read(&path).ok()?;
        let Some(value) = value_of(&entry) else {
            let _ = std::fs::remove_file(&path);
            return None;
        };
        // What is asked for stays; where files cannot be written, it goes in the order of its making.
        if let Ok(file) = std::fs::File::options().append(true).open(&path) {
            let _ = file.set_modified(SystemTime::now());
        }
        Some(value.to_vec())
    }

    /// Keeps a value, unless that cannot be.
    pub fn put(&self, key: &Key, value: &[u8]) {
        let path = self.path(key);
        let Some(folder) = path.parent() else { return };
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            for part in [FORM.as_slice(), Sha256::digest(value).as_slice(), value] {
                file.write_all(part)?;
            }
            file.persist(&path)?;
            Ok(())
        };
        if write().is_ok() {
            self.shrink();
        }
    }

    fn path(&self, key: &Key) -> PathBuf {
        let (folder, name) = key.0.split_at(2);
        self.folder.join(folder).join(name)
    }

    /// Removes the oldest entries while there is more than may be kept.
    fn shrink(&self) {
        let mut entries: Vec<(SystemTime, u64, PathBuf)> = files_below(&self.folder);
        let mut size: u64 = entries.iter().map(|(_, size, _)| size).sum();
        entries.sort();
        for (_, bytes, path) in entries {
            if size <= self.limit {
                break;
            }
            if std::fs::remove_file(path).is_ok() {
                size -= bytes;
            }
        }
    }
}

impl Default for Question {
    fn default() -> Self {
        Self(Sha256::new())
    }
}

impl Question {
    /// Adds something that the answer depends on, and what that is called.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        for part in [name.as_bytes(), value.as_ref()] {
            self.0.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            self.0.update(part);
        }
        self
    }

    /// The key of all that was added, in its order.
    #[must_use]
    pub fn key(self) -> Key {
        Key(Hex(&self.0.finalize()).to_string())
    }
}

/// Bytes as hexadecimal digits.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// The value of an entry that is whole.
fn value_of(entry: &[u8]) -> Option<&[u8]> {
    let (digest, value) = entry.strip_prefix(FORM)?.split_at_checked(DIGEST)?;
    (Sha256::digest(value).as_slice() == digest).then_some(value)
}

/// The files of a cache, each with the time when it was last asked for, and its size.
fn files_below(folder: &Path) -> Vec<(SystemTime, u64, PathBuf)> {
    let list = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = list(folder).flat_map(|below| list(&below.path()).collect::<Vec<_>>());
    let described = files.filter_map(|file| {
        let about = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
        Some((about.modified().ok()?, about.len(), file.path()))
    });
    described.collect()
}

#[cfg(test)]
mod tests;
