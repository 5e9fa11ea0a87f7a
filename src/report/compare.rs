//! What `headsup compare` found, as plain values. It must not know markup.

use serde::Serialize;

use crate::pair::Judged;

/// What `headsup compare` found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompareReport {
    /// [`super::VERSION`].
    pub version: u32,
    /// The first text.
    pub old: String,
    /// The second.
    pub new: String,
    /// The dialect that both were read in.
    pub dialect: String,
    /// What was found.
    #[serde(flatten)]
    pub judged: Judged,
}
