//! Where a project's files are: the project itself, the packages that it installed, and those that
//! lie beside it. It must not know what the files say, beyond `dbt_project.yml` and `packages.yml`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headsup_lineage::diagnostic::Diagnostic;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use serde_json::{Map, Value as Json};

use super::yaml;
use crate::packages;
use crate::snapshot::{ContentId, Snapshot, is_below};

/// The file that makes a directory a project.
pub(super) const PROJECT_FILE: &str = "dbt_project.yml";
/// The file that names what dbt does not read of it.
const IGNORE_FILE: &str = ".dbtignore";
/// Where dbt installs packages unless told otherwise, now and formerly.
const INSTALL_PATHS: [&str; 2] = ["dbt_packages", "dbt_modules"];

/// The project, or a package that it uses.
#[derive(Debug, Clone)]
pub(super) struct Package {
    /// Its name.
    pub(super) name: Arc<str>,
    /// Its directory.
    pub(super) directory: String,
    /// Its `dbt_project.yml`.
    pub(super) settings: Json,
    /// What of its files dbt does not read, by its `.dbtignore`.
    ignored: Option<Gitignore>,
}

/// What lies in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folder {
    /// Models and their properties.
    Models,
    /// Seeds and their properties.
    Seeds,
    /// Snapshots and their properties.
    Snapshots,
    /// Functions and their properties.
    Functions,
    /// Macros and their properties.
    Macros,
    /// Tests, of which those below `generic` can be asked for by their names.
    Tests,
}

impl Package {
    /// The directories of a kind, relative to the package.
    fn folders(&self, folder: Folder) -> Vec<String> {
        let (keys, default): (&[&str], &str) = match folder {
            Folder::Models => (&["model-paths", "source-paths"], "models"),
            Folder::Seeds => (&["seed-paths", "data-paths"], "seeds"),
            Folder::Snapshots => (&["snapshot-paths"], "snapshots"),
            Folder::Functions => (&["function-paths"], "functions"),
            Folder::Macros => (&["macro-paths"], "macros"),
            Folder::Tests => (&["test-paths"], "tests"),
        };
        let said = keys.iter().find_map(|key| self.settings.get(*key));
        match said {
            Some(Json::Array(paths)) => paths.iter().filter_map(Json::as_str).map(ToOwned::to_owned).collect(),
            Some(Json::String(path)) => vec![path.clone()],
            // Before there were seeds there was `data`.
            _ if folder == Folder::Seeds && self.settings.get("config-version").is_none() => {
                vec!["data".to_owned(), default.to_owned()]
            }
            _ => vec![default.to_owned()],
        }
    }

    /// The files of a kind with one of the endings, each with its path relative to the folder.
    pub(super) fn files(&self, snapshot: &Snapshot, folder: Folder, endings: &[&str]) -> Vec<(Arc<str>, String)> {
        let mut found = BTreeMap::new();
        for path in self.folders(folder) {
            let Some(directory) = join(&self.directory, &path) else { continue };
            // A folder that is the package itself would hold the packages inside it as well.
            let prefix = if directory.is_empty() { 0 } else { directory.len() + 1 };
            for (file, _) in snapshot.below(&directory) {
                let inner = &file[prefix..];
                let ending = inner.rsplit_once('.').map_or("", |(_, ending)| ending);
                let is_read = || !is_installed(inner) && !self.ignores(file);
                if endings.iter().any(|known| known.eq_ignore_ascii_case(ending)) && is_read() {
                    found.entry(Arc::clone(file)).or_insert_with(|| inner.to_owned());
                }
            }
        }
        found.into_iter().collect()
    }

    fn ignores(&self, file: &str) -> bool {
        let inner = file.strip_prefix(self.directory.as_str()).unwrap_or(file).trim_start_matches('/');
        self.ignored.as_ref().is_some_and(|ignored| ignored.matched_path_or_any_parents(inner, false).is_ignore())
    }

    /// A section of its project file, such as `models`.
    pub(super) fn section(&self, name: &str) -> Option<&Map<String, Json>> {
        self.settings.get(name).and_then(Json::as_object)
    }
}

fn is_installed(path: &str) -> bool {
    path.split('/').any(|part| INSTALL_PATHS.contains(&part))
}

/// Joins two paths and takes `.` and `..` away; `None` if the result lies outside.
pub(super) fn join(directory: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The directory of a path.
pub(super) fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

fn read_yaml(snapshot: &Snapshot, path: &str) -> Result<Json, Box<Diagnostic>> {
    let text = snapshot.text(path)?;
    yaml::parse(&text).map_err(|diagnostic| Box::new(diagnostic.in_file(path)))
}

/// A package from its directory.
fn package(snapshot: &Snapshot, directory: &str) -> Result<Package, Box<Diagnostic>> {
    let path = join(directory, PROJECT_FILE).unwrap_or_default();
    let settings = read_yaml(snapshot, &path)?;
    let name = match settings.get("name") {
        Some(Json::String(name)) => name.clone(),
        _ => directory.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("project").to_owned(),
    };
    let ignored = join(directory, IGNORE_FILE).filter(|path| snapshot.id(path).is_some());
    let ignored = ignored.map(|path| snapshot.text(&path)).transpose()?.map(|text| patterns(&text));
    Ok(Package { name: Arc::from(name), directory: directory.to_owned(), settings, ignored })
}

/// The patterns of a file that are understood; dbt reads the same as git does.
fn patterns(text: &str) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    for line in text.lines() {
        // What is no pattern names no file.
        let _ = builder.add_line(None, line);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// The folders that dbt reads or writes, of every project of a snapshot: SQL in them is dbt's, and
/// SQL outside of them is not.
pub(super) fn folders(snapshot: &Snapshot) -> Vec<Arc<str>> {
    const OTHERS: [(&str, &[&str]); 6] = [
        ("analysis-paths", &["analyses", "analysis"]),
        ("docs-paths", &["docs"]),
        ("asset-paths", &["assets"]),
        ("target-path", &["target"]),
        ("packages-install-path", &INSTALL_PATHS),
        ("log-path", &["logs"]),
    ];
    let mut folders = Vec::new();
    for (path, _) in snapshot.files().filter(|(path, _)| path.rsplit('/').next() == Some(PROJECT_FILE)) {
        let Ok(package) = package(snapshot, directory(path)) else { continue };
        let mut paths: Vec<String> = [Folder::Models, Folder::Seeds, Folder::Snapshots, Folder::Macros, Folder::Tests]
            .into_iter()
            .flat_map(|folder| package.folders(folder))
            .collect();
        // Before dbt had functions a folder of that name was one of plain SQL; dbt's have properties.
        let has_properties = |folder: &String| {
            let folder = join(&package.directory, folder);
            let is_yaml = |path: &str| path.ends_with(".yml") || path.ends_with(".yaml");
            folder.is_some_and(|folder| snapshot.below(&folder).any(|(path, _)| is_yaml(path)))
        };
        paths.extend(package.folders(Folder::Functions).into_iter().filter(has_properties));
        for (key, defaults) in OTHERS {
            match package.settings.get(key) {
                Some(Json::Array(said)) => paths.extend(said.iter().filter_map(Json::as_str).map(ToOwned::to_owned)),
                Some(Json::String(said)) if key == "packages-install-path" => {
                    paths.extend(packages::folders(Some(said)))
                }
                Some(Json::String(said)) => paths.push(said.clone()),
                _ => paths.extend(defaults.iter().map(|default| (*default).to_owned())),
            }
        }
        folders.extend(paths.iter().filter_map(|path| join(&package.directory, path)).map(Arc::from));
    }
    folders
}

/// Every file that the reading of a project may look into, with what identifies its content.
pub(super) fn files(snapshot: &Snapshot, layout: &Layout) -> Vec<(Arc<str>, ContentId)> {
    const ENDINGS: [&str; 6] = ["sql", "py", "yml", "yaml", "csv", "jinja"];
    let mut directories: BTreeSet<String> = BTreeSet::new();
    for package in &layout.packages {
        // Folders may lie outside of the package.
        let folders =
            [Folder::Models, Folder::Seeds, Folder::Snapshots, Folder::Functions, Folder::Macros, Folder::Tests];
        let outside = folders.into_iter().flat_map(|folder| package.folders(folder));
        directories.extend(outside.filter_map(|path| join(&package.directory, &path)));
        directories.insert(package.directory.clone());
    }
    let mut files: BTreeMap<&Arc<str>, ContentId> = BTreeMap::new();
    for directory in &directories {
        // What is below another one of them has been gone through with that.
        let is_inside = |outer: &String| outer != directory && is_below(directory, outer);
        if !directories.iter().any(is_inside) {
            files.extend(snapshot.below(directory));
        }
    }
    let matters = |path: &str| {
        if path.ends_with(IGNORE_FILE) {
            return true;
        }
        let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
        ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending))
    };
    files.into_iter().filter(|(path, _)| matters(path)).map(|(path, id)| (Arc::clone(path), id)).collect()
}

/// The packages that a project names, and those of them that it does not have.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// The project itself first, then its packages by name.
    pub(super) packages: Vec<Package>,
    /// Packages that are named but not there.
    pub(super) missing: Vec<String>,
}

/// Finds a project and its packages.
pub(super) fn find(snapshot: &Snapshot, root: &str, diagnostics: &mut Vec<Diagnostic>) -> Layout {
    let root = match package(snapshot, root.trim_matches('/')) {
        Ok(root) => root,
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            return Layout::default();
        }
    };
    let mut found: BTreeMap<Arc<str>, Package> = BTreeMap::new();
    let mut layout = Layout::default();
    let installed = packages::folders(root.settings.get("packages-install-path").and_then(Json::as_str));
    let mut queue = vec![root.clone()];
    for path in installed {
        let Some(directory) = join(&root.directory, &path) else { continue };
        let depth = directory.len() + 1;
        for (file, _) in snapshot.below(&directory) {
            if let Some((name, PROJECT_FILE)) = file[depth..].split_once('/') {
                match package(snapshot, &format!("{directory}/{name}")) {
                    Ok(package) => queue.push(package),
                    Err(diagnostic) => diagnostics.push(*diagnostic),
                }
            }
        }
    }
    let mut named = Vec::new();
    while let Some(package_found) = queue.pop() {
        let is_root = package_found.directory == root.directory;
        for file in ["packages.yml", "dependencies.yml"] {
            let path = join(&package_found.directory, file).unwrap_or_default();
            if snapshot.id(&path).is_none() {
                continue;
            }
            let entries = match read_yaml(snapshot, &path) {
                Ok(declared) => declared.get("packages").and_then(Json::as_array).cloned().unwrap_or_default(),
                Err(diagnostic) => {
                    diagnostics.push(*diagnostic);
                    continue;
                }
            };
            for entry in entries {
                let text = |key: &str| entry.get(key).and_then(Json::as_str);
                if let Some(local) = text("local") {
                    let directory = join(&package_found.directory, local);
                    let project = directory.as_deref().and_then(|directory| join(directory, PROJECT_FILE));
                    if let (Some(directory), Some(true)) = (directory, project.map(|path| snapshot.id(&path).is_some()))
                    {
                        let known = found.values().any(|known| known.directory == directory);
                        if !known
                            && directory != root.directory
                            && let Ok(local) = package(snapshot, &directory)
                        {
                            queue.push(local);
                        }
                        continue;
                    }
                    named.push(local.to_owned());
                } else if let Some(name) = text("package").or_else(|| text("git")) {
                    named.push(name.to_owned());
                }
            }
        }
        if !is_root && package_found.name != root.name {
            found.entry(Arc::clone(&package_found.name)).or_insert(package_found);
        }
    }
    named.retain(|name| {
        let short = name.trim_end_matches('/').trim_end_matches(".git").rsplit('/').next().unwrap_or(name);
        let plain = |text: &str| text.replace('-', "_").trim_start_matches("dbt_").to_lowercase();
        !found.keys().any(|known| plain(known) == plain(short))
    });
    named.sort();
    named.dedup();
    layout.packages = std::iter::once(root).chain(found.into_values()).collect();
    layout.missing = named;
    layout
}

/// Finds every project of a snapshot that stands for itself.
///
/// Installed packages are no projects. Neither is a project that names another one as a local
/// package, as `integration_tests` does with the package around it: what it would add are tests of
/// that package. Where several projects use a common one as a local package, each of them counts,
/// and so does the common one.
pub(super) fn roots(snapshot: &Snapshot) -> Vec<Arc<str>> {
    let mut found: Vec<(Arc<str>, Vec<String>)> = Vec::new();
    for (path, _) in snapshot.files() {
        if path.rsplit('/').next() != Some(PROJECT_FILE) || is_installed(path) {
            continue;
        }
        let place = directory(path);
        let mut local = Vec::new();
        for file in ["packages.yml", "dependencies.yml"] {
            let path = join(place, file).unwrap_or_default();
            let declared = if snapshot.id(&path).is_some() { read_yaml(snapshot, &path).ok() } else { None };
            let entries = declared.as_ref().and_then(|declared| declared.get("packages")).and_then(Json::as_array);
            let paths = entries.into_iter().flatten().filter_map(|entry| entry.get("local").and_then(Json::as_str));
            local.extend(paths.filter_map(|path| join(place, path)));
        }
        found.push((Arc::from(place), local));
    }
    let custom: Vec<String> = found
        .iter()
        .filter_map(|(place, _)| {
            let settings = read_yaml(snapshot, &join(place, PROJECT_FILE)?).ok()?;
            let said = settings.get("packages-install-path")?.as_str()?;
            packages::folders(Some(said)).first().and_then(|path| join(place, path))
        })
        .collect();
    let inside = |inner: &str, outer: &str| outer.is_empty() || inner.starts_with(&format!("{outer}/"));
    // The projects inside another one that use it as a local package.
    let around = |outer: &str| {
        let uses = |(place, local): &&(Arc<str>, Vec<String>)| {
            **place != *outer && inside(place, outer) && local.iter().any(|used| used == outer)
        };
        found.iter().filter(uses).map(|(place, _)| Arc::clone(place)).collect::<Vec<_>>()
    };
    found
        .iter()
        .filter(|(place, local)| {
            let installed = custom.iter().any(|path| !path.is_empty() && inside(place, path));
            let replaced = around(place).len() == 1;
            let one_of_several = local.iter().any(|outer| {
                let rivals = around(outer);
                rivals.len() > 1 && rivals.contains(place)
            });
            !installed && !replaced && !one_of_several
        })
        .map(|(place, _)| Arc::clone(place))
        .collect()
}
