//! SQL in, lineage, changes and reach out: the pure core of headsup.
//!
//! Text and values go in, values come out. Nothing here names a file system, git, the environment,
//! a network, a terminal or a clock, so the crate can be embedded, fuzzed, and run inside a
//! distributed job. Paths appear only as text that a caller attached for its own diagnostics.
//!
//! The modules stand in the order of the straight line: a [`dialect`] says how to read, [`name`]
//! says when two names are one, [`parse`] turns text into the statements of [`query`],
//! [`catalog`] finds what a name refers to, [`graph`] composes what each relation reads,
//! [`change`] compares two versions, and [`reach`] carries a change downstream.

pub mod aggregation;
pub mod canonical;
pub mod catalog;
pub mod change;
pub mod columns;
pub mod dependency;
pub mod diagnostic;
pub mod dialect;
pub mod difference;
mod effort;
pub mod filling;
pub mod functions;
pub mod grain;
pub mod graph;
mod hashing;
pub mod name;
pub mod parse;
pub mod parsed;
pub mod query;
pub mod reach;
pub mod relation;
pub mod resolve;
pub mod scope;
pub mod script;
mod stack;
pub mod trace;
