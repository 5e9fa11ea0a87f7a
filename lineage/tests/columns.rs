//! What the columns and rows of queries depend on, construct by construct.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "columns/support.rs"]
mod support;

#[path = "columns/binding.rs"]
mod binding;
#[path = "columns/changes.rs"]
mod changes;
#[path = "columns/commands.rs"]
mod commands;
#[path = "columns/expressions.rs"]
mod expressions;
#[path = "columns/from.rs"]
mod from;
#[path = "columns/grain.rs"]
mod grain;
#[path = "columns/laws.rs"]
mod laws;
#[path = "columns/rows.rs"]
mod rows;
#[path = "columns/sets.rs"]
mod sets;
#[path = "columns/stars.rs"]
mod stars;
