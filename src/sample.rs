//! The sample warehouse that the binary carries: a small shop, three teams, and four branches that
//! tell the story of the incident. It must not know how impact is computed.

use std::path::Path;

use include_dir::{Dir, include_dir};

use crate::error::{Error, Result, did_you_mean};
use crate::git::create::{Branch, create};

static MAIN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/examples/warehouse");
static BRANCHES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/examples/branches");

/// The branch that is shown when none is named: the incident.
pub const FIRST_BRANCH: &str = "optimise-orders";

/// The sample's branches in the order in which the story tells them, each with its gist.
pub const STORY: [(&str, &str); 4] = [
    (FIRST_BRANCH, "a join that lists a few orders twice"),
    ("tidy-customers", "a real refactor in which nothing can be noticed"),
    ("rename-refund-column", "a column is renamed and one reader forgotten"),
    ("new-marketing-column", "a column that only marketing sees"),
];

/// What the author of a branch says and what really happens: the text beside the branch.
///
/// # Errors
/// If the sample has no such branch.
pub fn story_of(branch: &str) -> Result<&'static str> {
    let text = BRANCHES.get_file(format!("{branch}.md")).and_then(|file| file.contents_utf8());
    text.ok_or_else(|| {
        let names = STORY.map(|(name, _)| name);
        let hint = match did_you_mean(branch, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", names.join(", ")),
        };
        Error::usage(format!("the sample has no branch `{branch}`")).hint(hint)
    })
}

/// Writes the sample as a git repository, with `branch` checked out.
///
/// # Errors
/// If the sample has no such branch, or the folder is not empty or cannot be written.
pub fn write(directory: &Path, branch: &str) -> Result<()> {
    story_of(branch)?;
    let main = Branch {
        name: "main",
        message: "warehouse: orders, customers, and what is built on them",
        files: files(&MAIN, ""),
    };
    let mut branches = Vec::new();
    for (name, _) in STORY {
        let message = story_of(name)?;
        let changed = BRANCHES.get_dir(name).map(|dir| files(dir, &format!("{name}/"))).unwrap_or_default();
        branches.push(Branch { name, message, files: changed });
    }
    create(directory, &main, &branches, branch)
}

/// Every file below a folder, by its path without the prefix.
fn files<'a>(folder: &'a Dir<'a>, prefix: &str) -> Vec<(&'a str, &'a [u8])> {
    let mut found = Vec::new();
    for file in folder.files() {
        if let Some(path) = file.path().to_str().and_then(|path| path.strip_prefix(prefix)) {
            found.push((path, file.contents()));
        }
    }
    for below in folder.dirs() {
        found.extend(files(below, prefix));
    }
    found
}
