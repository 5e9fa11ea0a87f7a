//! What every command starts with: a version of the repository, its settings, its project, its jobs.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use headsup_lineage::diagnostic::Diagnostic;
use headsup_lineage::relation::Reference;

use crate::audience::codeowners::Codeowners;
use crate::audience::{self, Job};
use crate::cli::{Common, OneSide};
use crate::error::{Error, Result};
use crate::git::{self, Version};
use crate::project::{self, ManifestFile, Plan, Project, Source};
use crate::settings::Settings;
use crate::snapshot::ContentId;
use crate::ui::Ui;

mod tables;

pub(super) use tables::{tables, tables_of_arguments};

/// The code of a file that is no manifest.
const INVALID_MANIFEST: &str = "invalid-manifest";

/// What `headsup.yml` says, and what the file is called.
pub(super) struct SettingsFile {
    pub(super) settings: Settings,
    pub(super) path: String,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// One version, read.
pub(super) struct Reading {
    pub(super) label: String,
    /// When its commit was made, in seconds since 1970.
    pub(super) committed: Option<i64>,
    pub(super) settings: Settings,
    /// What the settings file is called; empty if there is none.
    pub(super) settings_path: String,
    pub(super) plan: Plan,
    pub(super) project: Project,
    pub(super) codeowners: Codeowners,
    pub(super) jobs: Vec<Job>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The files of dbt's installed packages, which are not part of any commit.
    pub(super) installed: Vec<(Arc<str>, ContentId)>,
}

/// The one version that a command looks at.
pub(super) fn version(args: &OneSide, common: &Common) -> Result<Version> {
    git::single(&project_dir(common)?, args.head.as_ref())
}

/// Reads a version.
pub(super) fn read(version: &Version, common: &Common, ui: Ui) -> Result<Reading> {
    let progress = ui.progress("reading the repository");
    let settings = settings_of(version, common)?;
    let manifest = manifest(common.manifest.as_deref())?;
    let mut plan = project::plan(&[&version.snapshot], &settings.settings, common.dialect);
    plan.tables = tables(common, &settings, version, &plan)?;
    progress.now(format!("reading {}", version.snapshot.label()));
    let project = project::read(Source { snapshot: &version.snapshot, manifest: manifest.as_ref() }, &plan);
    need_readable(manifest.as_ref(), &project)?;
    Ok(finish(version, settings, plan, project))
}

/// The folder to look at: the argument, else dbt's variable, else the current one.
pub(super) fn project_dir(common: &Common) -> Result<PathBuf> {
    const OF_DBT: &str = "DBT_PROJECT_DIR";
    let variable = std::env::var_os(OF_DBT).filter(|value| !value.is_empty());
    let (directory, said) = match (&common.project_dir, variable) {
        (Some(directory), _) => (directory.clone(), "--project-dir"),
        (None, Some(directory)) => (PathBuf::from(directory), OF_DBT),
        (None, None) => (PathBuf::from("."), "the current folder"),
    };
    if !directory.is_dir() {
        let message = format!("there is no folder {}", directory.display());
        return Err(Error::usage(message).hint(format!("check {said}")));
    }
    Ok(directory)
}

/// Adds who owns what.
pub(super) fn finish(version: &Version, file: SettingsFile, plan: Plan, project: Project) -> Reading {
    let (codeowners, mut diagnostics) = codeowners_of(version);
    let settings = file.settings;
    let jobs = audience::jobs(&settings, &file.path, &project, &codeowners);
    diagnostics.extend(file.diagnostics);
    diagnostics.extend(version.snapshot.diagnostics().iter().cloned());
    diagnostics.extend(project.diagnostics.iter().cloned());
    diagnostics.extend(audience::amiss(&jobs, &project.graph));
    diagnostics.sort();
    diagnostics.dedup();
    let label = version.snapshot.label().to_owned();
    let is_installed = |path: &str| path.split('/').any(|part| matches!(part, "dbt_packages" | "dbt_modules"));
    let files = version.snapshot.files().filter(|(path, _)| is_installed(path));
    let installed = files.map(|(path, id)| (Arc::clone(path), id)).collect();
    let (settings_path, committed) = (file.path, version.committed);
    Reading { label, committed, settings, settings_path, plan, project, codeowners, jobs, diagnostics, installed }
}

/// Holds the jobs of head to what base says of them as well: a branch cannot take a job out of the
/// way of its own change by having it read less, matter less, hear less, or be open when it was frozen.
pub(super) fn hold_to_base(jobs: &mut [Job], of_base: &[Job]) {
    for job in jobs {
        let Some(before) = of_base.iter().find(|before| before.name == job.name) else { continue };
        job.criticality = job.criticality.max(before.criticality);
        job.standard = job.standard.min(before.standard);
        job.unknown = job.unknown.min(before.unknown);
        let closed: Vec<_> = before.freezes.iter().filter(|freeze| !job.freezes.contains(freeze)).cloned().collect();
        job.freezes.extend(closed);
        if !before.sign_off.is_empty() {
            job.sign_off.clone_from(&before.sign_off);
        }
        let more: Vec<_> =
            before.reads.iter().filter(|read| !job.reads.iter().any(|known| same_read(known, read))).cloned().collect();
        job.reads.extend(more);
    }
}

/// Whether two references name the same thing, wherever they stand.
fn same_read(one: &Reference, other: &Reference) -> bool {
    match (one, other) {
        (Reference::Id(one, _), Reference::Id(other, _)) => one == other,
        (Reference::Name(one), Reference::Name(other)) => one.name == other.name,
        _ => false,
    }
}

/// The jobs that base declares: who loses an exposure or an entry in the settings, or has it in a
/// file that can no longer be read, hears of what happens to it as before.
pub(super) fn jobs_of_base(
    of_head: &Settings,
    codeowners: &Codeowners,
    version: &Version,
    base: &Project,
    common: &Common,
) -> Vec<Job> {
    // Settings that are wrong in base were of no use there, and head may be what mends them.
    let file = settings_of(version, common).ok();
    let (settings, path) = file.as_ref().map_or((of_head, ""), |file| (&file.settings, &file.path));
    audience::jobs(settings, path, base, codeowners)
}

/// The settings of a version: the file that an argument names, else the one at the project's root.
pub(super) fn settings_of(version: &Version, common: &Common) -> Result<SettingsFile> {
    let (text, path) = match &common.config {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                Error::usage(format!("cannot read the settings file {}", path.display())).caused_by(error)
            })?;
            (text, path.display().to_string())
        }
        None => {
            let found = crate::settings::FILE_NAMES.into_iter().find(|name| version.snapshot.id(name).is_some());
            let Some(name) = found else {
                need_no_settings_above(version, common)?;
                let settings = Settings::default();
                return Ok(SettingsFile { settings, path: String::new(), diagnostics: Vec::new() });
            };
            let text = version.snapshot.text(name).map_err(|diagnostic| bad_settings(name, vec![*diagnostic]))?;
            (text, name.to_owned())
        }
    };
    match Settings::from_yaml(&text, &path) {
        Ok((settings, diagnostics)) => Ok(SettingsFile { settings, path, diagnostics }),
        Err(problems) => Err(bad_settings(&path, problems)),
    }
}

/// A folder of a repository whose root has settings is asked about without its jobs: that would
/// find nobody to tell, whatever the change.
fn need_no_settings_above(version: &Version, common: &Common) -> Result<()> {
    let folder = project_dir(common)?;
    let levels = version.outer.prefix.split('/').filter(|part| !part.is_empty()).count();
    let above = (1..=levels).map(|level| folder.join("../".repeat(level)));
    let files = above.flat_map(|folder| crate::settings::FILE_NAMES.map(|name| folder.join(name)));
    match files.into_iter().find(|file| file.is_file()) {
        None => Ok(()),
        Some(file) => {
            let file = file.canonicalize().unwrap_or(file);
            let message = format!("{} is for a folder above this one, and names its jobs", file.display());
            Err(Error::usage(message)
                .hint("run headsup there, or name settings for this folder with --config".to_owned()))
        }
    }
}

fn bad_settings(path: &str, problems: Vec<Diagnostic>) -> Error {
    let number = problems.len();
    let problems_are = if number == 1 { "has a problem".to_owned() } else { format!("has {number} problems") };
    Error::configuration(format!("{path} {problems_are}"), problems)
}

/// A manifest that an argument names.
pub(super) fn manifest(path: Option<&Path>) -> Result<Option<ManifestFile>> {
    let Some(path) = path else { return Ok(None) };
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::input(format!("cannot read the manifest {}", path.display())).caused_by(error))?;
    Ok(Some(ManifestFile { path: Arc::from(path.display().to_string()), text }))
}

/// Ends the run where a manifest that an argument names is none: without it nothing is known of the
/// project that it stands for, and nothing would be found.
pub(super) fn need_readable(manifest: Option<&ManifestFile>, project: &Project) -> Result<()> {
    let Some(manifest) = manifest else { return Ok(()) };
    let unreadable = |diagnostic: &&Diagnostic| {
        diagnostic.code == INVALID_MANIFEST && diagnostic.path.as_deref() == Some(&*manifest.path)
    };
    match project.diagnostics.iter().find(unreadable) {
        Some(found) => {
            let place = found.position.map(|position| format!(":{position}")).unwrap_or_default();
            let message = format!("cannot read the manifest {}{place}: {}", manifest.path, found.message);
            Err(Error::input(message).hint(found.hint.clone()))
        }
        None => Ok(()),
    }
}

pub(super) fn codeowners_of(version: &Version) -> (Codeowners, Vec<Diagnostic>) {
    let outer = &version.outer;
    for place in git::CODEOWNERS {
        if outer.files.id(place).is_some() {
            return match outer.files.text(place) {
                Ok(text) => {
                    let (rules, diagnostics) = Codeowners::parse(&text, place);
                    (rules.below(&outer.prefix), diagnostics)
                }
                Err(diagnostic) => (Codeowners::default(), vec![*diagnostic]),
            };
        }
    }
    (Codeowners::default(), Vec::new())
}

/// The text of a file that an argument names, or of standard input for `-`; `hint` says what may be given.
pub(super) fn text(path: &Path, hint: &str) -> Result<String> {
    let (name, read) = match path.to_str() {
        Some("-") => {
            let mut bytes = Vec::new();
            ("standard input".to_owned(), std::io::stdin().read_to_end(&mut bytes).map(|_| bytes))
        }
        _ => (path.display().to_string(), std::fs::read(path)),
    };
    let bytes =
        read.map_err(|error| Error::input(format!("cannot read {name}")).hint(hint.to_owned()).caused_by(error))?;
    crate::text::decode(bytes)
        .map_err(|diagnostic| Error::input(format!("cannot read {name}: {}", diagnostic.message)).hint(diagnostic.hint))
}
