//! Texts that nobody writes, but that somebody may send, from the text to what depends on what: each
//! gets an answer, soon, on a small stack and in little memory.
//!
//! A release build goes up to the sizes that are promised, a debug build to a part of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "robustness/texts.rs"]
mod texts;

use std::collections::BTreeSet;
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use headsup_lineage::columns::lineage;
use headsup_lineage::dependency::{Extent, Ground, Key, NoSchemas, Proof, Schemas, Shape};
use headsup_lineage::dialect::Dialect;
use headsup_lineage::name::{ColumnName, Quoting, RelationName};
use headsup_lineage::parse::parse;
use texts::{CHAINED, Kind, LONG, NESTED};

/// What is promised: a text takes less work than this, which is less than this time where nothing else
/// runs. A debug build says only that it ends.
const LONGEST: f64 = if cfg!(debug_assertions) { 60.0 } else { 10.0 };
/// So long is waited, whatever else the machine does.
const PATIENCE: Duration = Duration::from_secs(180);
/// And less than this, in megabytes.
const LARGEST: u64 = 1_000;
/// What Rust gives a thread if nobody says otherwise.
const STACK: usize = 2 << 20;

/// One at a time, so that each has the machine for itself.
static TURN: Mutex<()> = Mutex::new(());

/// Every relation has the same hundred columns and a key.
struct Wide(Dialect);

impl Schemas for Wide {
    fn shape(&self, _: &RelationName) -> Shape {
        let column = |name: &str| ColumnName::new(self.0, name, Quoting::Bare);
        let mut columns: Vec<ColumnName> = (0..98).map(|place| column(&format!("c{place}"))).collect();
        columns.extend(["a", "b"].map(column));
        let proof = Proof { steps: vec!["declared".to_owned()], ground: Ground::Declared };
        let keys = vec![Key { columns: BTreeSet::from([column("c0")]), proof }];
        Shape { columns: columns.into(), extent: Extent::Closed, keys: keys.into() }
    }
}

/// The allocator of the program, which gives back what it no longer holds.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Most of what the process has held since it was last forgotten, in megabytes, where the system says so.
fn largest() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? / 1_000)
}

/// Reads a text and works out what depends on what, once with and once without schemas.
fn read(text: &str, dialect: Dialect) {
    let script = parse(text, dialect);
    for queries in script.statements.iter().filter_map(|statement| statement.queries.as_ref()) {
        let schemas: [&dyn Schemas; 2] = [&NoSchemas, &Wide(dialect)];
        for schemas in schemas {
            assert_eq!(lineage(queries, schemas).len(), queries.outputs.len());
        }
    }
}

/// How many seconds all threads have worked so far, where the system says so.
fn worked() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/stat").ok()?;
    let ticks = status.rsplit(") ").next()?.split(' ').skip(11).take(2);
    Some(ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0)
}

/// What is wrong with how a text is read.
#[track_caller]
fn wrong(what: &str, text: String, dialect: Dialect) -> Option<String> {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // Where the system does not know this, what the texts before have held counts as well.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let (before, start) = (worked(), Instant::now());
    let (done, outcome) = channel();
    let work = move || {
        read(&text, dialect);
        done.send(()).expect("the test waits");
    };
    let thread = Builder::new().stack_size(STACK).spawn(work).expect("a thread");
    assert!(outcome.recv_timeout(PATIENCE).is_ok(), "{what} in {dialect}: no answer");
    assert!(thread.join().is_ok(), "{what} in {dialect}: it panics");
    let seconds = match (before, worked()) {
        (Some(before), Some(after)) => after - before,
        _ => start.elapsed().as_secs_f64(),
    };
    let megabytes = largest().unwrap_or_default();
    println!("{seconds:6.2} s {megabytes:5} MB  {what} in {dialect}");
    drop(turn);
    (seconds >= LONGEST || megabytes >= LARGEST).then(|| format!("{what} in {dialect}: {seconds} s, {megabytes} MB"))
}

#[track_caller]
fn all_answer(kinds: &[Kind], size: usize, dialects: &[Dialect]) {
    let texts = kinds.iter().flat_map(|kind| dialects.iter().map(move |dialect| (kind, *dialect)));
    let wrong: Vec<String> =
        texts.filter_map(|((name, text), dialect)| wrong(&format!("{size} {name}"), text(size), dialect)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A size in a debug build, and the one that is promised.
const fn size(debug: usize, release: usize) -> usize {
    if cfg!(debug_assertions) { debug } else { release }
}

#[test]
fn every_kind_is_read_in_every_dialect() {
    for kinds in [NESTED, CHAINED, LONG] {
        all_answer(kinds, size(8, 40), &Dialect::ALL);
    }
}

#[test]
fn deep_nesting_is_answered() {
    all_answer(NESTED, size(100, 390), &[Dialect::Ansi, Dialect::BigQuery]);
    all_answer(NESTED, 10_000, &[Dialect::Snowflake]);
}

#[test]
fn long_chains_are_answered() {
    all_answer(CHAINED, size(300, 10_000), &[Dialect::Ansi, Dialect::Snowflake]);
    all_answer(CHAINED, size(3_000, 100_000), &[Dialect::Postgres]);
}

#[test]
fn wide_statements_are_answered() {
    all_answer(LONG, size(200, 1_000), &[Dialect::BigQuery, Dialect::ClickHouse]);
    all_answer(LONG, size(500, 10_000), &[Dialect::Snowflake]);
}

#[test]
fn a_hundred_thousand_of_anything_is_answered() {
    all_answer(LONG, size(1_000, 100_000), &[Dialect::DuckDb]);
}

#[test]
fn a_large_file_is_answered() {
    let (_, script) = LONG.iter().find(|(name, _)| *name == "a script").expect("a script");
    let bytes = size(1_000_000, 50_000_000);
    let text = script(bytes / script(1).len());
    assert!(text.len() > bytes * 9 / 10);
    assert_eq!(wrong("a large file", text, Dialect::Redshift), None);
}
