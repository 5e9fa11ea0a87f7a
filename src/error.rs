//! What ends a run early, with what to try, and which exit status it becomes. It must not print.

use std::fmt;
use std::process::ExitCode;

use headsup_lineage::diagnostic::Diagnostic;

/// How a run ends; the numbers are part of the interface and documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ExitStatus {
    /// The run did what it was asked, whatever it found.
    Done = 0,
    /// Something was found at or above `--fail-on`.
    Findings = 1,
    /// The arguments or the settings are wrong.
    Usage = 2,
    /// The input could not be read at all.
    Input = 3,
    /// A heads-up could not be delivered.
    Undelivered = 4,
}

impl ExitStatus {
    /// The number that the process exits with.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

impl From<&Error> for ExitStatus {
    fn from(error: &Error) -> Self {
        match error.kind {
            ErrorKind::Usage | ErrorKind::Configuration => Self::Usage,
            ErrorKind::Input => Self::Input,
            ErrorKind::Delivery => Self::Undelivered,
        }
    }
}

/// Whose fault an error is, which decides the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorKind {
    /// An argument is wrong, or does not fit the repository.
    Usage,
    /// headsup.yml is wrong.
    Configuration,
    /// What was to be read cannot be.
    Input,
    /// A heads-up could not be delivered.
    Delivery,
}

/// What ended a run: a message, what to try, and what was behind it.
///
/// Messages are lower-case fragments without a full stop, as in [`Diagnostic`].
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
    source: Option<anyhow::Error>,
    diagnostics: Vec<Diagnostic>,
}

/// The result of a stage that can end the run.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, source: None, diagnostics: Vec::new() }
    }

    /// An argument is wrong.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// headsup.yml is wrong; `diagnostics` are all of its problems.
    #[must_use]
    pub fn configuration(message: impl Into<String>, diagnostics: Vec<Diagnostic>) -> Self {
        Self { diagnostics, ..Self::new(ErrorKind::Configuration, message) }
    }

    /// The input cannot be read.
    #[must_use]
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Input, message)
    }

    /// A heads-up could not be delivered.
    #[must_use]
    pub fn delivery(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Delivery, message)
    }

    /// The same error with what to try.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The same error with what was behind it.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<anyhow::Error>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whose fault it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What to try.
    #[must_use]
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The findings that make up the error, for a settings file with several problems.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// How the run ends.
    #[must_use]
    pub fn exit_status(&self) -> ExitStatus {
        ExitStatus::from(self)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(AsRef::as_ref)
    }
}

/// The candidate that somebody most likely meant, if one is near enough to be worth naming.
#[must_use]
pub fn did_you_mean<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    candidates
        .into_iter()
        .filter_map(|candidate| Some((distance(&typed, &candidate.to_lowercase())?, candidate)))
        .min()
        .map(|(_, candidate)| candidate)
}

/// The candidates that somebody may have meant, the most likely first: those that are near enough, then
/// those that hold the typed text.
#[must_use]
pub fn near_names<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    /// Shorter texts are in too many names.
    const SHORTEST: usize = 3;
    let typed = typed.to_lowercase();
    let holds = |candidate: &str| typed.chars().count() >= SHORTEST && candidate.contains(&typed);
    let rank = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        distance(&typed, &candidate).or_else(|| holds(&candidate).then_some(candidate.len()))
    };
    let mut near: Vec<(usize, &str)> =
        candidates.into_iter().filter_map(|candidate| Some((rank(candidate)?, candidate))).collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(most).map(|(_, candidate)| candidate).collect()
}

/// How many slips lie between two words in lower case, if they are few enough: one in a short word,
/// one in three characters of a long one. Beyond that a guess is noise.
fn distance(typed: &str, candidate: &str) -> Option<usize> {
    let allowed = (typed.chars().count() / 3).clamp(1, 4);
    let distance = strsim::osa_distance(typed, candidate);
    (distance <= allowed && distance < candidate.chars().count()).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_exit_status() {
        assert_eq!(Error::usage("x").exit_status().code(), 2);
        assert_eq!(Error::configuration("x", Vec::new()).exit_status().code(), 2);
        assert_eq!(Error::input("x").exit_status().code(), 3);
        assert_eq!(Error::delivery("x").exit_status().code(), 4);
        assert_eq!((ExitStatus::Done.code(), ExitStatus::Findings.code()), (0, 1));
    }

    #[test]
    fn only_near_words_are_suggested() {
        assert_eq!(did_you_mean("criticallity", ["owner", "criticality"]), Some("criticality"));
        assert_eq!(did_you_mean("Teem", ["team", "name"]), Some("team"));
        assert_eq!(did_you_mean("colour", ["team", "name"]), None);
        assert_eq!(did_you_mean("x", ["y"]), None);
    }

    #[test]
    fn names_that_hold_what_was_typed_come_after_near_ones() {
        let tables = ["core.orders", "marts.fct_revenue", "marts.fct_revenue_daily", "revenu"];
        assert_eq!(near_names("revenue", tables, 2), ["revenu", "marts.fct_revenue"]);
        assert_eq!(near_names("fc", tables, 3), Vec::<&str>::new());
    }
}
