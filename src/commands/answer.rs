//! Answers that an earlier run gave to the same question about the same versions.
//!
//! Everything that a report depends on is part of the question: what was typed, every file of the versions
//! by its content, the settings, the files that arguments name, the environment as far as projects may
//! see it, the page, and this very program.

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use super::{page, reading, write};
use crate::cache::{Cache, Key, Question};
use crate::cli::Common;
use crate::error::{Error, ExitStatus, Result};
use crate::git::{Comparison, Version};
use crate::render::{Report, render};
use crate::settings::Settings;

/// What is asked: a command with its arguments, about some versions.
pub(super) struct Asked<'a> {
    command: &'a str,
    arguments: &'a dyn Debug,
    versions: Vec<&'a Version>,
    settings: Settings,
    /// Files beside those that every command takes.
    files: Vec<&'a Path>,
}

impl<'a> Asked<'a> {
    /// A question about one version.
    pub(super) fn of(
        command: &'a str,
        arguments: &'a dyn Debug,
        version: &'a Version,
        common: &Common,
    ) -> Result<Self> {
        let settings = reading::settings_of(version, common)?.settings;
        Ok(Self { command, arguments, versions: vec![version], settings, files: Vec::new() })
    }

    /// A question about what lies between two versions.
    pub(super) fn between(
        command: &'a str,
        arguments: &'a dyn Debug,
        sides: &'a Comparison,
        base_manifest: Option<&'a Path>,
        common: &Common,
    ) -> Result<Self> {
        let head = Self::of(command, arguments, &sides.head, common)?;
        Ok(Self { versions: vec![&sides.base, &sides.head], ..head }.with(base_manifest))
    }

    /// The same question, about what a file says as well.
    pub(super) fn with(mut self, file: Option<&'a Path>) -> Self {
        self.files.extend(file);
        self
    }

    /// Writes the report that answers, and says how the command ends: as an earlier run did, or as is
    /// found now.
    pub(super) fn answer<R: Report>(
        &self,
        common: &Common,
        find: impl FnOnce() -> Result<(R, ExitStatus)>,
    ) -> Result<ExitStatus> {
        let place = self.place(common);
        let kept = place.as_ref().and_then(|(cache, key)| cache.get(key));
        if let Some((text, status)) = kept.as_deref().and_then(unpacked) {
            write(text, common)?;
            return Ok(status);
        }
        let (report, status) = find()?;
        let text = render(&report, common.format, &page(common))
            .map_err(|error| Error::input("cannot write the report").caused_by(error))?;
        write(&text, common)?;
        if let Some((cache, key)) = &place {
            cache.put(key, &packed(&text, status));
        }
        Ok(status)
    }

    /// Whether the answer may be another one soon: where freezes and approvals have a part in it.
    fn passes(&self, common: &Common) -> bool {
        let settings = |version: &&Version| reading::settings_of(version, common).ok();
        let mut all = self.versions.iter().filter_map(settings);
        matches!(self.command, "impact" | "jobs") && all.any(|file| file.settings.asks_the_time())
    }

    /// Where the answer would be; `None` where it is to be found anew.
    fn place(&self, common: &Common) -> Option<(Cache, Key)> {
        // Diagnostics on the way to a report are said on standard error, and not kept.
        if common.no_cache || common.verbose > 0 || self.passes(common) {
            return None;
        }
        let cache = common.cache_dir.clone().map(Cache::new).or_else(Cache::of_user)?;
        let said = Common { output: None, cache_dir: None, ..common.clone() };
        let mut question = Question::default()
            .with("program", this_program()?)
            .with("command", self.command)
            .with("arguments", format!("{:?}", self.arguments))
            .with("common", format!("{said:?}"))
            .with("page", format!("{:?}", page(common)));
        let of_all = [&common.config, &common.manifest, &common.catalog, &common.columns];
        for file in of_all.into_iter().flatten().map(PathBuf::as_path).chain(self.files.iter().copied()) {
            question = question.with("file", std::fs::read(file).ok()?);
        }
        for name in &self.settings.allow_env {
            let value = std::env::var_os(name.as_str()).map(|value| value.into_encoded_bytes());
            question = question.with(name.as_str(), format!("{value:?}"));
        }
        for version in &self.versions {
            question = with_version(question, version);
        }
        Some((cache, question.key()))
    }
}

fn with_version(question: Question, version: &Version) -> Question {
    let Version { snapshot, outer, commit, committed, description } = version;
    let mut question = question
        .with("version", snapshot.label())
        .with("commit", format!("{commit:?} {committed:?}"))
        .with("description", description)
        .with("diagnostics", format!("{:?}", snapshot.diagnostics()))
        .with("prefix", &outer.prefix);
    for files in [snapshot, &outer.files] {
        question = question.with("files", files.files().count().to_le_bytes());
        for (path, id) in files.files() {
            question = question.with(path, id.0);
        }
    }
    question
}

/// What tells this program from any other version of it: when its file was made, and how long that is.
pub(super) fn this_program() -> Option<String> {
    let file = std::env::current_exe().ok()?.metadata().ok()?;
    Some(format!("{} {} {:?}", env!("CARGO_PKG_VERSION"), file.len(), file.modified().ok()?))
}

fn packed(text: &str, status: ExitStatus) -> Vec<u8> {
    let mut value = vec![status.code()];
    value.extend_from_slice(text.as_bytes());
    value
}

fn unpacked(value: &[u8]) -> Option<(&str, ExitStatus)> {
    let (code, text) = value.split_first()?;
    let status = [ExitStatus::Done, ExitStatus::Findings].into_iter().find(|status| status.code() == *code)?;
    Some((std::str::from_utf8(text).ok()?, status))
}
