//! Columns through a whole project: what each part of a relation depends on.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

#[path = "graph/binding.rs"]
mod binding;
#[path = "graph/histories.rs"]
mod histories;
#[path = "graph/laws.rs"]
mod laws;
#[path = "graph/scripts.rs"]
mod scripts;
#[path = "graph/shapes.rs"]
mod shapes;
#[path = "graph/support.rs"]
mod support;
#[path = "graph/walks.rs"]
mod walks;
