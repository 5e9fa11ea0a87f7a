//! What files one side has: a tree, the index, the working tree or a plain directory, as paths from
//! the root of the repository (or of the directory) to content ids.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use git2::{ObjectType, Repository, Tree};
use headsup_lineage::diagnostic::Diagnostic;

use super::contents::{self, Endings, OnDisk};
use super::links::{self, Destination};
use super::{content_id, fault};
use crate::error::{Error, Result};
use crate::snapshot::ContentId;

const LINK: u32 = 0o120_000;
const SUBMODULE: u32 = 0o160_000;
const KIND: u32 = 0o170_000;

/// One file: what identifies its content, and where the content is if not in the object database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) id: ContentId,
    pub(super) on_disk: Option<OnDisk>,
}

/// The files of one side.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) files: BTreeMap<String, File>,
    /// Symbolic links and their target texts, until they are settled.
    links: BTreeMap<String, String>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// What is found at a path that a listing does not cover.
pub(super) enum Found {
    File(File),
    Directory,
    Nothing,
}

impl Listing {
    fn diagnose(&mut self, diagnostic: Diagnostic, path: &str) {
        self.diagnostics.push(diagnostic.in_file(path));
    }

    /// A path as text; one that is not UTF-8 is kept under a readable name.
    fn name(&mut self, bytes: &[u8]) -> String {
        match std::str::from_utf8(bytes) {
            Ok(name) => name.to_owned(),
            Err(_) => {
                let name = String::from_utf8_lossy(bytes).into_owned();
                let note = "the name of the file is not UTF-8, so it is shown with replacement characters";
                self.diagnose(Diagnostic::note("path-not-utf8", note).hint("rename the file"), &name);
                name
            }
        }
    }

    fn skip_submodule(&mut self, path: &str) {
        let diagnostic = Diagnostic::warning("submodule-skipped", "a submodule is not read")
            .hint("run headsup in the submodule, or read its directory with dir:PATH");
        self.diagnose(diagnostic, path);
    }

    /// Puts the file that each link leads to in the link's place; `lookup` finds what is outside the listing.
    fn settle_links(&mut self, lookup: impl Fn(&str) -> Result<Found>) -> Result<()> {
        for link in self.links.keys().cloned().collect::<Vec<_>>() {
            let found = match links::follow(&self.links, &link) {
                Destination::Path(path) => self.at(&path, &lookup)?,
                Destination::Outside => {
                    let diagnostic =
                        Diagnostic::warning("symlink-outside", "the link leaves the repository and is not followed")
                            .hint("replace the link with the file itself");
                    self.diagnose(diagnostic, &link);
                    continue;
                }
                Destination::Loop => Found::Nothing,
            };
            match found {
                Found::File(file) => {
                    self.files.insert(link, file);
                }
                Found::Directory => {
                    let note = "a link to a directory is not followed; its files are read where they are";
                    self.diagnose(Diagnostic::note("symlink-directory", note), &link);
                }
                Found::Nothing => {
                    let diagnostic = Diagnostic::warning("symlink-broken", "the link leads to no file")
                        .hint("mend or remove the link");
                    self.diagnose(diagnostic, &link);
                }
            }
        }
        Ok(())
    }

    fn at(&self, path: &str, lookup: impl Fn(&str) -> Result<Found>) -> Result<Found> {
        if let Some(file) = self.files.get(path) {
            return Ok(Found::File(file.clone()));
        }
        if path.is_empty() || self.has_below(path) {
            return Ok(Found::Directory);
        }
        lookup(path)
    }

    pub(super) fn of(files: BTreeMap<String, File>) -> Self {
        Self { files, ..Self::default() }
    }

    /// The same files, were the directory that was listed below another.
    pub(super) fn below(self, directory: &str) -> Self {
        let files = self.files.into_iter().map(|(path, file)| (format!("{directory}/{path}"), file)).collect();
        Self { files, ..self }
    }

    /// Whether any of its files is a symbolic link, which changes when another file does.
    pub(super) fn has_links(&self) -> bool {
        !self.links.is_empty()
    }

    /// Whether any file stands below a directory.
    pub(super) fn has_below(&self, directory: &str) -> bool {
        let prefix = format!("{directory}/");
        self.files.range(prefix.clone()..).next().is_some_and(|(path, _)| path.starts_with(&prefix))
    }
}

/// The files of a tree below a directory; an absent directory has none.
pub(super) fn of_tree(repository: &Repository, root: &Tree<'_>, prefix: &str) -> Result<Listing> {
    let fail = |error| fault::reading("cannot read a directory of the commit", error);
    let mut listing = Listing::default();
    let start = match prefix {
        "" => root.id(),
        prefix => match root.get_path(Path::new(prefix)) {
            Ok(entry) if entry.kind() == Some(ObjectType::Tree) => entry.id(),
            _ => return Ok(listing),
        },
    };
    // A stack, not recursion: the depth of a tree is up to whoever wrote the pull request.
    let mut pending = vec![(prefix.to_owned(), start)];
    while let Some((directory, id)) = pending.pop() {
        let tree = repository.find_tree(id).map_err(fail)?;
        for entry in &tree {
            let name = listing.name(entry.name_bytes());
            let path = if directory.is_empty() { name } else { format!("{directory}/{name}") };
            match (entry.kind(), entry.filemode_raw().unsigned_abs() & KIND) {
                (Some(ObjectType::Tree), _) => pending.push((path, entry.id())),
                (_, SUBMODULE) => listing.skip_submodule(&path),
                (_, LINK) => {
                    let target = link_text(repository, entry.id())?;
                    listing.links.insert(path, target);
                }
                _ => {
                    listing.files.insert(path, File { id: id_of(entry.id())?, on_disk: None });
                }
            }
        }
    }
    listing.settle_links(|path| in_tree(root, path))?;
    Ok(listing)
}

/// What a tree has at a path.
pub(super) fn in_tree(root: &Tree<'_>, path: &str) -> Result<Found> {
    let Ok(entry) = root.get_path(Path::new(path)) else { return Ok(Found::Nothing) };
    Ok(match (entry.kind(), entry.filemode_raw().unsigned_abs() & KIND) {
        (Some(ObjectType::Tree), _) => Found::Directory,
        (_, SUBMODULE | LINK) => Found::Nothing,
        _ => Found::File(File { id: id_of(entry.id())?, on_disk: None }),
    })
}

/// The files of the index below a directory.
pub(super) fn of_index(repository: &Repository, prefix: &str) -> Result<Listing> {
    let (mut listing, unmerged) = index_entries(repository, prefix, Purpose::Commit)?;
    for path in unmerged {
        let diagnostic = Diagnostic::warning("unmerged", "the file has a merge conflict; our side of it is read")
            .hint("resolve the conflict and add the file");
        listing.diagnose(diagnostic, &path);
    }
    listing.settle_links(|path| in_index(repository, path))?;
    Ok(listing)
}

/// What the index has at a path.
pub(super) fn in_index(repository: &Repository, path: &str) -> Result<Found> {
    let index = repository.index().map_err(|error| fault::reading("cannot read the index", error))?;
    match index.get_path(Path::new(path), 0) {
        Some(entry) if !matches!(entry.mode & KIND, LINK | SUBMODULE) => {
            Ok(Found::File(File { id: id_of(entry.id)?, on_disk: None }))
        }
        Some(_) => Ok(Found::Nothing),
        None if index.find_prefix(format!("{path}/")).is_ok() => Ok(Found::Directory),
        None => Ok(Found::Nothing),
    }
}

/// What the index is listed for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// As what would be committed: links need their texts, conflicts a side.
    Commit,
    /// As what the working tree is compared with.
    WorkingTree,
}

/// The entries of the index, and the paths with a merge conflict.
fn index_entries(repository: &Repository, prefix: &str, purpose: Purpose) -> Result<(Listing, BTreeSet<String>)> {
    let index = repository.index().map_err(|error| fault::reading("cannot read the index", error))?;
    let mut listing = Listing::default();
    let mut unmerged = BTreeSet::new();
    for entry in index.iter() {
        if !is_below(&entry.path, prefix) {
            continue;
        }
        let path = listing.name(&entry.path);
        let stage = (entry.flags >> 12) & 3;
        if stage != 0 {
            unmerged.insert(path.clone());
            // Stage 2 is our side; stage 3, theirs, stands in where we deleted the file.
            if stage == 1 || purpose == Purpose::WorkingTree || (stage == 3 && listing.files.contains_key(&path)) {
                continue;
            }
        }
        let intended = git2::IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended).is_intent_to_add();
        match entry.mode & KIND {
            SUBMODULE => listing.skip_submodule(&path),
            // The content of a file that is only intended to be added is not in the index.
            _ if intended => {}
            LINK => {
                let target = link_text(repository, entry.id)?;
                listing.links.insert(path, target);
            }
            _ => {
                listing.files.insert(path, File { id: id_of(entry.id)?, on_disk: None });
            }
        }
    }
    Ok((listing, unmerged))
}

fn is_below(path: &[u8], prefix: &str) -> bool {
    prefix.is_empty() || path.strip_prefix(prefix.as_bytes()).is_some_and(|rest| rest.starts_with(b"/"))
}

/// The files of the working tree below a directory: tracked ones, and untracked ones that are not ignored.
///
/// A file that git finds unchanged since the index keeps the index's id and is read from the object
/// database; the others are hashed, as git would when adding them. Nothing is written, the refreshed
/// index included.
pub(super) fn of_working_tree(repository: &Repository, root: &Path, prefix: &str) -> Result<Listing> {
    let (mut listing, unmerged) = index_entries(repository, prefix, Purpose::WorkingTree)?;
    let mut options = git2::DiffOptions::new();
    options
        .include_untracked(true)
        .recurse_untracked_dirs(true)
        .include_typechange(true)
        .ignore_filemode(true)
        .ignore_submodules(true)
        .update_index(false);
    if !prefix.is_empty() {
        options.pathspec(prefix).disable_pathspec_match(true);
    }
    let diff = repository
        .diff_index_to_workdir(None, Some(&mut options))
        .map_err(|error| fault::reading("cannot compare the working tree with the index", error))?;
    let mut touched: BTreeMap<String, PathBuf> =
        unmerged.into_iter().map(|path| (path.clone(), PathBuf::from(path))).collect();
    for delta in diff.deltas() {
        let file = if delta.new_file().path_bytes().is_some() { delta.new_file() } else { delta.old_file() };
        if let (Some(bytes), Some(path)) = (file.path_bytes(), file.path()) {
            touched.insert(listing.name(bytes), path.to_owned());
        }
    }
    let index = repository.index().map_err(|error| fault::reading("cannot read the index", error))?;
    for (path, relative) in touched {
        let on_disk = root.join(&relative);
        match std::fs::symlink_metadata(&on_disk) {
            Ok(metadata) if metadata.is_symlink() => {
                listing.files.remove(&path);
                let target = std::fs::read_link(&on_disk).unwrap_or_default();
                listing.links.insert(path, target.to_string_lossy().into_owned());
            }
            Ok(metadata) if metadata.is_file() => {
                listing.links.remove(&path);
                let file = hashed(repository, &path, on_disk)?;
                listing.files.insert(path, file);
            }
            Ok(metadata) if metadata.is_dir() => {
                // Git names an untracked directory, not its files, only if it is a repository of its own.
                let path = path.trim_end_matches('/').to_owned();
                listing.files.remove(&path);
                listing.skip_submodule(&path);
            }
            Ok(_) => {
                listing.files.remove(&path);
                listing.diagnose(Diagnostic::note("special-file", "neither a file nor a directory; not read"), &path);
            }
            // A sparse checkout leaves files out on purpose: they are not deleted.
            Err(_) if is_left_out(&index, &relative) => {}
            Err(_) => {
                listing.files.remove(&path);
                listing.links.remove(&path);
            }
        }
    }
    listing.settle_links(|path| in_working_tree(repository, root, path))?;
    Ok(listing)
}

fn is_left_out(index: &git2::Index, path: &Path) -> bool {
    index
        .get_path(path, 0)
        .is_some_and(|entry| git2::IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended).is_skip_worktree())
}

/// What the working tree has at a path.
pub(super) fn in_working_tree(repository: &Repository, root: &Path, path: &str) -> Result<Found> {
    let on_disk = root.join(path);
    Ok(match std::fs::symlink_metadata(&on_disk) {
        Ok(metadata) if metadata.is_file() => Found::File(hashed(repository, path, on_disk)?),
        Ok(metadata) if metadata.is_dir() => Found::Directory,
        _ => Found::Nothing,
    })
}

/// A file of the working tree with the id that git would give it.
fn hashed(repository: &Repository, path: &str, on_disk: PathBuf) -> Result<File> {
    let Ok(bytes) = std::fs::read(&on_disk) else { return unreadable(on_disk) };
    let endings = endings(repository, path, &bytes);
    let bytes = match endings {
        Endings::Kept => bytes,
        Endings::Normalised => contents::without_carriage_returns(&bytes),
    };
    Ok(File { id: hash(&bytes)?, on_disk: Some(OnDisk { path: on_disk, endings }) })
}

/// A file that is there but cannot be read: in the listing, or it would look deleted, and equal to
/// no other, or it would look unchanged. Whoever reads it learns why it cannot be read.
fn unreadable(path: PathBuf) -> Result<File> {
    let id = hash(format!("headsup: unreadable: {}", path.display()).as_bytes())?;
    Ok(File { id, on_disk: Some(OnDisk { path, endings: Endings::Kept }) })
}

fn hash(bytes: &[u8]) -> Result<ContentId> {
    content_id(bytes).map_err(|error| Error::input("cannot hash a file").caused_by(error))
}

/// Whether git normalises the line endings of a file: by its attributes, else by `core.autocrlf`.
///
/// Other filters (`ident`, `working-tree-encoding`, the programs of Git LFS and its like) are not
/// applied: a file under one of those is changed if its raw bytes differ from what is committed.
fn endings(repository: &Repository, path: &str, bytes: &[u8]) -> Endings {
    if !bytes.windows(2).any(|pair| pair == b"\r\n") {
        return Endings::Kept;
    }
    let attribute = |name: &str| {
        let value = repository.get_attr(Path::new(path), name, git2::AttrCheckFlags::FILE_THEN_INDEX);
        git2::AttrValue::from_string(value.ok().flatten())
    };
    match attribute("text") {
        git2::AttrValue::False => Endings::Kept,
        git2::AttrValue::True => Endings::Normalised,
        git2::AttrValue::Unspecified if attribute("eol") != git2::AttrValue::Unspecified => Endings::Normalised,
        git2::AttrValue::Unspecified if !converts(repository) => Endings::Kept,
        // `auto`: text only, and never what is already committed with CRLF.
        _ if bytes.contains(&0) || is_committed_with_crlf(repository, path) => Endings::Kept,
        _ => Endings::Normalised,
    }
}

fn converts(repository: &Repository) -> bool {
    let value = repository.config().and_then(|config| config.get_string("core.autocrlf"));
    value.is_ok_and(|value| matches!(value.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1" | "input"))
}

fn is_committed_with_crlf(repository: &Repository, path: &str) -> bool {
    repository
        .index()
        .ok()
        .and_then(|index| index.get_path(Path::new(path), 0))
        .and_then(|entry| repository.find_blob(entry.id).ok())
        .is_some_and(|blob| blob.content().windows(2).any(|pair| pair == b"\r\n"))
}

/// The files of a directory outside git, without what its `.gitignore` files name, nor what tools build.
pub(super) fn of_directory(root: &Path) -> Result<Listing> {
    let mut listing = Listing::default();
    let walk = ignore::WalkBuilder::new(root)
        .standard_filters(false)
        .git_ignore(true)
        .require_git(false)
        .filter_entry(|entry| !is_built(entry.path()))
        .build();
    for entry in walk {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                listing.diagnostics.push(Diagnostic::error("directory-unreadable", error.to_string()));
                continue;
            }
        };
        let Ok(relative) = entry.path().strip_prefix(root) else { continue };
        let path = listing.name(&slashed(relative));
        match entry.file_type() {
            Some(kind) if kind.is_symlink() => {
                let target = std::fs::read_link(entry.path()).unwrap_or_default();
                listing.links.insert(path, target.to_string_lossy().into_owned());
            }
            Some(kind) if kind.is_file() => {
                listing.files.insert(path, plain(entry.path())?);
            }
            _ => {}
        }
    }
    listing.settle_links(|_| Ok(Found::Nothing))?;
    Ok(listing)
}

/// A path as bytes with `/`.
fn slashed(path: &Path) -> Vec<u8> {
    let bytes = path.as_os_str().as_encoded_bytes();
    if std::path::MAIN_SEPARATOR == '/' {
        bytes.to_vec()
    } else {
        bytes.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect()
    }
}

/// A file outside git.
pub(super) fn plain(path: &Path) -> Result<File> {
    let Ok(bytes) = std::fs::read(path) else { return unreadable(path.to_owned()) };
    Ok(File { id: hash(&bytes)?, on_disk: Some(OnDisk { path: path.to_owned(), endings: Endings::Kept }) })
}

/// Whether a directory is git's own, or what a build leaves behind: dbt's `target` stands next to its
/// project file, Cargo's next to its manifest; any other `target` is a folder like the rest.
fn is_built(path: &Path) -> bool {
    let beside = |name: &str| path.with_file_name(name).is_file();
    match path.file_name().and_then(|name| name.to_str()) {
        Some(".git" | "node_modules" | ".venv" | "__pycache__") => true,
        Some("target") => path.is_dir() && (beside("dbt_project.yml") || beside("Cargo.toml")),
        _ => false,
    }
}

fn link_text(repository: &Repository, id: git2::Oid) -> Result<String> {
    let blob = repository.find_blob(id).map_err(|error| fault::reading("cannot read a symbolic link", error))?;
    Ok(String::from_utf8_lossy(blob.content()).into_owned())
}

fn id_of(oid: git2::Oid) -> Result<ContentId> {
    let bytes: [u8; 20] = oid
        .as_bytes()
        .try_into()
        .map_err(|_| Error::input("the repository names objects by SHA-256, which headsup cannot read"))?;
    Ok(ContentId(bytes))
}
