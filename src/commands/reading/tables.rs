//! The lists of tables that arguments or settings name.

use std::path::Path;

use headsup_lineage::dialect::Dialect;
use headsup_lineage::graph::tables::Tables;

use super::SettingsFile;
use crate::cli::Common;
use crate::error::{Error, Result};
use crate::git::Version;
use crate::project::Plan;
use crate::project::tables::{Reader, read_catalog, read_information_schema};
use crate::settings::ProjectPath;
use crate::text;

/// One list: where it lies and how it is read.
struct List<'a> {
    argument: Option<&'a Path>,
    setting: Option<&'a ProjectPath>,
    reader: Reader,
}

/// The tables that lists give, of which an argument replaces the one that settings name. Settings name
/// files of the version that they are read from.
pub(in crate::commands) fn tables(
    common: &Common,
    file: &SettingsFile,
    version: &Version,
    plan: &Plan,
) -> Result<Tables> {
    let settings = &file.settings;
    let lists = [
        List { argument: common.catalog.as_deref(), setting: settings.catalog.as_ref(), reader: read_catalog },
        List {
            argument: common.columns.as_deref(),
            setting: settings.columns.as_ref(),
            reader: read_information_schema,
        },
    ];
    let dialect = common.dialect.or(settings.dialect).or_else(|| plan.dialect()).unwrap_or_default();
    read(&lists, dialect, |path| {
        version
            .snapshot
            .text(path.as_str())
            .map_err(|found| Error::input(format!("cannot read {path}: {}", found.message)).hint(found.hint.clone()))
    })
}

/// The tables that the lists of the arguments give, for a text that belongs to no project.
pub(in crate::commands) fn tables_of_arguments(common: &Common, dialect: Dialect) -> Result<Tables> {
    let lists = [
        List { argument: common.catalog.as_deref(), setting: None, reader: read_catalog },
        List { argument: common.columns.as_deref(), setting: None, reader: read_information_schema },
    ];
    read(&lists, dialect, |path| Err(Error::input(format!("cannot read {path}"))))
}

fn read(lists: &[List<'_>], dialect: Dialect, committed: impl Fn(&ProjectPath) -> Result<String>) -> Result<Tables> {
    let mut tables = Tables::default();
    for list in lists {
        let (name, text) = match (list.argument, list.setting) {
            (Some(path), _) => (path.display().to_string(), on_disk(path)?),
            (None, Some(path)) => (path.to_string(), committed(path)?),
            (None, None) => continue,
        };
        (list.reader)(&text, &name, dialect, &mut tables).map_err(|found| {
            let place = found.position.map(|position| format!(":{position}")).unwrap_or_default();
            Error::input(format!("cannot read {name}{place}: {}", found.message)).hint(found.hint.clone())
        })?;
    }
    Ok(tables)
}

fn on_disk(path: &Path) -> Result<String> {
    let name = path.display();
    let bytes = std::fs::read(path).map_err(|error| Error::input(format!("cannot read {name}")).caused_by(error))?;
    text::decode(bytes)
        .map_err(|found| Error::input(format!("cannot read {name}: {}", found.message)).hint(found.hint.clone()))
}
