//! The binary as a person or a script meets it: arguments in; standard output, standard error and an
//! exit status out.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod annotations;
mod answers;
mod audience;
mod bad_input;
mod cache;
mod check;
mod compare;
mod dbt;
mod ddl;
mod demo;
mod depends;
mod doubt;
mod freeze;
mod hooks;
mod impact;
mod incidents;
mod incremental;
mod init;
mod lineage;
mod metrics;
mod release_notes;
mod replay;
mod selectors;
mod sql;
mod support;
mod suspects;
mod tables;
mod why;
