//! Messages that arrive: the binary against servers on this machine that hold to the limits of the real
//! ones, and fail as they do.
#![allow(missing_docs, unreachable_pub, dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod approvals;
mod checks;
mod crash;
mod digests;
mod forges;
mod http;
mod ledger;
mod mail;
mod places;
mod schema;
mod secrets;
mod situations;
mod slack;
mod smtp;
#[path = "../cli/support.rs"]
mod support;
mod tls;
