//! The SQL files that an example is to read. It must not know what is in them.

use std::path::{Path, PathBuf};

/// A file, or all SQL files below a folder, in order.
pub(crate) fn sql_files(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut ahead = vec![path.to_owned()];
    while let Some(path) = ahead.pop() {
        match std::fs::read_dir(&path) {
            Ok(entries) => ahead.extend(entries.flatten().map(|entry| entry.path())),
            Err(_) => found.push(path),
        }
    }
    found.retain(|file| file == path || file.extension().is_some_and(|ending| ending == "sql"));
    found.sort();
    found
}
