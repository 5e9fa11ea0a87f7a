//! headsup: what a change to the warehouse's SQL reaches, and whom to tell.
//!
//! This crate is the outside world around `headsup_lineage`: arguments, settings, git, projects,
//! people, words and formats. The binary calls `run` and exits with what it returns.

pub mod error;
pub mod git;
pub mod project;
pub mod settings;
pub mod snapshot;
pub mod text;
pub mod yaml;
