//! A new repository from texts, for the sample: the only thing that headsup ever writes with git,
//! and only into a folder that is new or empty.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use git2::{Oid, Repository, Signature, Time};

use crate::error::{Error, Result};

/// A branch of a new repository.
#[derive(Debug, Clone)]
pub struct Branch<'a> {
    /// Its name.
    pub name: &'a str,
    /// The message of its one commit.
    pub message: &'a str,
    /// The files that differ from where it starts.
    pub files: Vec<(&'a str, &'a [u8])>,
}

/// Who commits the sample, and when: fixed, so that it has the same commits everywhere.
const AUTHOR: (&str, &str) = ("Data team", "data@example.com");
const WHEN: i64 = 1_767_225_600;

/// Writes a repository whose `main` holds some files, with branches that start there; `checked_out`
/// is the branch whose files are left in the folder.
///
/// # Errors
/// If the folder is not empty or cannot be written.
pub fn create(directory: &Path, main: &Branch<'_>, branches: &[Branch<'_>], checked_out: &str) -> Result<()> {
    let occupied = fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some());
    if occupied || directory.is_file() {
        return Err(Error::usage(format!("{} is not empty", directory.display()))
            .hint("name a folder that does not exist, or leave it out for a temporary one".to_owned()));
    }
    write(directory, main, branches, checked_out)
        .map_err(|error| Error::input(format!("cannot write the sample to {}", directory.display())).caused_by(error))
}

fn write(directory: &Path, main: &Branch<'_>, branches: &[Branch<'_>], checked_out: &str) -> anyhow::Result<()> {
    fs::create_dir_all(directory)?;
    let mut options = git2::RepositoryInitOptions::new();
    options.initial_head("main").external_template(false).no_reinit(true);
    let repository = Repository::init_opts(directory, &options).context("cannot start a repository")?;
    let root = commit(&repository, main, None)?;
    for branch in branches {
        commit(&repository, branch, Some(root))?;
    }
    let reference = format!("refs/heads/{checked_out}");
    repository.set_head(&reference)?;
    repository.checkout_head(Some(git2::build::CheckoutBuilder::new().force()))?;
    Ok(())
}

fn commit(repository: &Repository, branch: &Branch<'_>, parent: Option<Oid>) -> anyhow::Result<Oid> {
    let parent = parent.map(|id| repository.find_commit(id)).transpose()?;
    let mut index = git2::Index::new()?;
    if let Some(parent) = &parent {
        index.read_tree(&parent.tree()?)?;
    }
    for (path, bytes) in &branch.files {
        let entry = git2::IndexEntry {
            ctime: git2::IndexTime::new(0, 0),
            mtime: git2::IndexTime::new(0, 0),
            dev: 0,
            ino: 0,
            mode: 0o100_644,
            uid: 0,
            gid: 0,
            file_size: u32::try_from(bytes.len())?,
            id: repository.blob(bytes)?,
            flags: 0,
            flags_extended: 0,
            path: path.as_bytes().to_vec(),
        };
        index.add(&entry)?;
    }
    let tree = repository.find_tree(index.write_tree_to(repository)?)?;
    let author = Signature::new(AUTHOR.0, AUTHOR.1, &Time::new(WHEN, 0))?;
    let reference = format!("refs/heads/{}", branch.name);
    let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
    Ok(repository.commit(Some(&reference), &author, &author, branch.message, &tree, &parents)?)
}
