//! The checks that there are: a stable code each, which `docs/checks.md` explains, and how grave it is.

use std::fmt;

/// One rule of `headsup check`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// Another team reads a private table.
    PrivateRead,
    /// A public table changes in a way that breaks who reads it, and other teams do.
    PublicContract,
    /// A critical job belongs to nobody.
    JobWithoutOwner,
    /// The owner of a critical job cannot be told anything.
    JobWithoutChannel,
    /// A critical job stands on tables that were not read by column.
    JobBelowOpen,
    /// A job names a table that is not there.
    UnknownTable,
    /// A job names a column that its table does not have.
    UnknownColumn,
    /// A pattern of the settings fits nothing.
    UnusedPattern,
    /// A table is read that nobody declares.
    UndeclaredSource,
    /// Tables are built from each other.
    Circle,
    /// A comment allows a finding and does not say why.
    AllowWithoutReason,
    /// A comment allows what no check is called.
    AllowUnknown,
    /// A comment allows what is not found.
    AllowUnused,
}

impl Check {
    /// Every check, in the order of the documentation.
    pub const ALL: [Self; 13] = [
        Self::PrivateRead,
        Self::PublicContract,
        Self::JobWithoutOwner,
        Self::JobWithoutChannel,
        Self::JobBelowOpen,
        Self::UnknownTable,
        Self::UnknownColumn,
        Self::UnusedPattern,
        Self::UndeclaredSource,
        Self::Circle,
        Self::AllowWithoutReason,
        Self::AllowUnknown,
        Self::AllowUnused,
    ];

    /// Its code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::PrivateRead => "private-table-read",
            Self::PublicContract => "public-table-breaks",
            Self::JobWithoutOwner => "critical-job-without-owner",
            Self::JobWithoutChannel => "critical-job-without-channel",
            Self::JobBelowOpen => "critical-job-half-read",
            Self::UnknownTable => "job-reads-unknown-table",
            Self::UnknownColumn => "job-reads-unknown-column",
            Self::UnusedPattern => "pattern-fits-nothing",
            Self::UndeclaredSource => "undeclared-source",
            Self::Circle => "circle",
            Self::AllowWithoutReason => "allow-without-reason",
            Self::AllowUnknown => "allow-unknown-code",
            Self::AllowUnused => "allow-without-finding",
        }
    }

    /// What is wrong where it finds something, in one line.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::PrivateRead => "another team reads a private table",
            Self::PublicContract => "a public table breaks, and other teams read it",
            Self::JobWithoutOwner => "a critical job has no owner",
            Self::JobWithoutChannel => "the owner of a critical job has no channel",
            Self::JobBelowOpen => "a critical job stands on tables that were not read by column",
            Self::UnknownTable => "a job reads a table that is not there",
            Self::UnknownColumn => "a job reads a column that its table does not have",
            Self::UnusedPattern => "a pattern of the settings fits nothing",
            Self::UndeclaredSource => "a table is read that nobody declares",
            Self::Circle => "tables are built from each other in a circle",
            Self::AllowWithoutReason => "a finding is allowed without a reason",
            Self::AllowUnknown => "a comment allows a code that no check has",
            Self::AllowUnused => "a comment allows what is not found",
        }
    }

    /// The check of a code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.code() == code)
    }
}

impl fmt::Display for Check {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}
