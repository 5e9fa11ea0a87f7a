//! dbt's packages: they are downloaded into the working tree and ignored by git, yet every side needs
//! them. Both sides of a comparison are given the same ones, from the working tree.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use headsup_lineage::diagnostic::Diagnostic;

use super::listing::{self, File, Listing};
use crate::error::Result;

/// One installed package.
struct Package {
    /// Its directory, from the root of the repository.
    directory: String,
    origin: Origin,
}

enum Origin {
    /// Its files, by their whole path.
    Installed(Vec<(String, File)>),
    /// dbt installs a package of the same repository (`local:`) as a link to it; each side has its own version.
    Linked(String),
}

/// What is installed in a working tree (or a directory).
#[derive(Default)]
pub(super) struct Packages {
    packages: Vec<Package>,
    diagnostics: Vec<Diagnostic>,
}

/// What is installed beside any of the dbt projects of the listings.
pub(super) fn find<'a>(root: &Path, listings: impl IntoIterator<Item = &'a Listing>) -> Result<Packages> {
    beside(root, &listings.into_iter().flat_map(projects).collect())
}

/// The directories of the dbt projects of a listing.
pub(super) fn projects(listing: &Listing) -> BTreeSet<String> {
    let directory = |path: &String| {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        (name == "dbt_project.yml").then(|| directory.to_owned())
    };
    listing.files.keys().filter_map(directory).collect()
}

/// What is installed beside any of these dbt projects.
pub(super) fn beside(root: &Path, projects: &BTreeSet<String>) -> Result<Packages> {
    let mut packages = Packages::default();
    for project in projects {
        let file = std::fs::read(root.join(joined(project, "dbt_project.yml"))).unwrap_or_default();
        for folder in folders_of(project, &String::from_utf8_lossy(&file)) {
            packages.add_folder(root, &folder)?;
        }
    }
    Ok(packages)
}

/// Where a project installs packages; what leads out of it is left alone.
fn folders_of(project: &str, file: &str) -> Vec<String> {
    let inside = |path: &String| !path.starts_with('/') && path.split('/').all(|part| part != "..");
    let folders = crate::packages::of_project_file(file).into_iter().filter(inside);
    folders.map(|path| joined(project, path.trim_start_matches("./"))).collect()
}

fn joined(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

impl Packages {
    fn add_folder(&mut self, root: &Path, folder: &str) -> Result<()> {
        let Ok(entries) = std::fs::read_dir(root.join(folder)) else { return Ok(()) };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let Some(name) = path.file_name() else { continue };
            let directory = joined(folder, &name.to_string_lossy());
            let origin = if path.is_symlink() {
                match inside(root, &path) {
                    Some(target) => Origin::Linked(target),
                    None => {
                        let message = "the package is a link that leaves the repository and is not followed";
                        self.diagnostics.push(Diagnostic::warning("symlink-outside", message).in_file(directory));
                        continue;
                    }
                }
            } else if path.is_dir() {
                Origin::Installed(files_below(&path, &directory)?)
            } else {
                continue;
            };
            self.packages.push(Package { directory, origin });
        }
        Ok(())
    }

    /// Adds the packages that the side does not have itself; `list` lists a directory of that side.
    pub(super) fn overlay(&self, listing: &mut Listing, list: impl Fn(&str) -> Result<Listing>) -> Result<()> {
        for package in &self.packages {
            if listing.has_below(&package.directory) {
                continue;
            }
            match &package.origin {
                Origin::Installed(files) => listing.files.extend(files.iter().cloned()),
                Origin::Linked(target) => {
                    // The whole package of that side, though the project may be a directory beside it.
                    let linked = list(target)?.files.into_iter().filter_map(|(path, file)| {
                        let rest = path.strip_prefix(target.as_str())?.strip_prefix('/')?;
                        Some((joined(&package.directory, rest), file))
                    });
                    listing.files.extend(linked);
                }
            }
        }
        listing.diagnostics.extend(self.diagnostics.iter().cloned());
        Ok(())
    }
}

fn files_below(path: &Path, directory: &str) -> Result<Vec<(String, File)>> {
    let mut files = Vec::new();
    let mut pending = vec![(path.to_owned(), directory.to_owned())];
    while let Some((path, directory)) = pending.pop() {
        let Ok(entries) = std::fs::read_dir(&path) else { continue };
        for entry in entries.flatten() {
            let name = joined(&directory, &entry.file_name().to_string_lossy());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && entry.file_name() != ".git" => pending.push((entry.path(), name)),
                Ok(kind) if kind.is_file() => files.push((name, listing::plain(&entry.path())?)),
                // A link inside a package is the package's own affair, and none is known to matter.
                _ => {}
            }
        }
    }
    Ok(files)
}

/// The path of what a link leads to, from the root, if it is below it.
fn inside(root: &Path, link: &Path) -> Option<String> {
    let target = link.canonicalize().ok()?;
    let relative = target.strip_prefix(root.canonicalize().ok()?).ok()?;
    relative.to_str().map(|path| path.replace('\\', "/"))
}
