//! Arguments over the environment, over the file, over the defaults; resolved once.

use std::ffi::OsString;
use std::path::PathBuf;

use headsup_lineage::diagnostic::Diagnostic;
use headsup_lineage::dialect::Dialect;

use super::{Settings, load};
use crate::error::{Error, Result};

/// What was typed, as far as settings can say the same.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// `--project-dir`.
    pub project_dir: Option<PathBuf>,
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--dialect`.
    pub dialect: Option<Dialect>,
}

/// Where a value comes from, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// An argument.
    Argument,
    /// This environment variable.
    Environment(&'static str),
    /// The settings file.
    File,
    /// Nobody said.
    Default,
}

/// What holds, after all layers.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The project directory; the current one by default.
    pub project_dir: PathBuf,
    /// Who named the project directory.
    pub project_dir_layer: Layer,
    /// The settings file that was read.
    pub config: Option<PathBuf>,
    /// Who named the settings file; `Default` for the one at its usual place, or none.
    pub config_layer: Layer,
    /// Who named the default dialect; `Default` if it is to be detected.
    pub dialect_layer: Layer,
    /// What the file says, with what was typed over it.
    pub settings: Settings,
    /// What the file could say better.
    pub diagnostics: Vec<Diagnostic>,
}

/// Lays what was typed over the environment, over the file, over the defaults.
///
/// # Errors
/// If the project directory is not there, or the settings file cannot be read or is wrong.
pub fn resolve(typed: Typed, environment: impl Fn(&str) -> Option<OsString>) -> Result<Resolved> {
    let variable = |name: &'static str| {
        environment(name)
            .filter(|value| !value.is_empty())
            .map(|value| (PathBuf::from(value), Layer::Environment(name)))
    };
    let (project_dir, project_dir_layer) = typed
        .project_dir
        .map(|path| (path, Layer::Argument))
        .or_else(|| variable("HEADSUP_PROJECT_DIR"))
        .or_else(|| variable("DBT_PROJECT_DIR"))
        .unwrap_or_else(|| (PathBuf::from("."), Layer::Default));
    if !project_dir.is_dir() {
        let said = match project_dir_layer {
            Layer::Environment(name) => name,
            _ => "--project-dir",
        };
        let message = format!("cannot find the directory {}", project_dir.display());
        return Err(Error::usage(message).hint(format!("check {said}")));
    }
    let given = typed.config.map(|path| (path, Layer::Argument)).or_else(|| variable("HEADSUP_CONFIG"));
    let loaded = load(&project_dir, given.as_ref().map(|(path, _)| path.as_path()))?;
    let mut settings = loaded.settings;
    let dialect_layer = match (typed.dialect, settings.dialect) {
        (Some(_), _) => Layer::Argument,
        (None, Some(_)) => Layer::File,
        (None, None) => Layer::Default,
    };
    settings.dialect = typed.dialect.or(settings.dialect);
    Ok(Resolved {
        project_dir,
        project_dir_layer,
        config: loaded.path,
        config_layer: given.map_or(Layer::Default, |(_, layer)| layer),
        dialect_layer,
        settings,
        diagnostics: loaded.diagnostics,
    })
}
