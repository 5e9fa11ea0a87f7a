//! Reads a folder of rendered SQL as one project, from the texts to the finished graph of columns, and
//! says how long each stage took and how much memory it needed.
//!
//!     cargo run --release -p headsup-lineage --example project_graph -- trino path/to/sql [THREADS]
//!
//! `path/to/sql/core/orders.sql` is the table `core.orders`; `orders.1.sql` beside it is another text
//! that fills the same table.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use files::sql_files;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::graph::LineageGraph;
use headsup_lineage::graph::tables::Tables;
use headsup_lineage::relation::{Relation, Rung};
use mimalloc::MiMalloc;
use project::{Source, relation};
use rayon::prelude::*;

#[path = "shared/files.rs"]
mod files;
#[path = "../benches/lineage/project.rs"]
mod project;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn sources(folder: &Path) -> Vec<Source> {
    let mut tables: BTreeMap<Vec<String>, Vec<Arc<str>>> = BTreeMap::new();
    for path in sql_files(folder) {
        let (Ok(inner), Ok(text)) = (path.strip_prefix(folder), std::fs::read_to_string(&path)) else { continue };
        let mut table: Vec<String> = inner.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if let Some(last) = table.last_mut() {
            last.truncate(last.find('.').unwrap_or(last.len()));
        }
        tables.entry(table).or_default().push(Arc::from(text));
    }
    tables.into_iter().map(|(table, texts)| Source { table, texts }).collect()
}

/// A line of what the system says of this process, in megabytes.
fn megabytes(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let found = status.lines().find_map(|said| said.strip_prefix(line)?.strip_prefix(':'));
    found.and_then(|said| said.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default() / 1024
}

/// The time that all threads have worked so far, in seconds.
fn worked() -> f64 {
    let status = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = status.rsplit(") ").next().unwrap_or_default();
    // In user mode and in the kernel, in hundredths of a second.
    let ticks = behind_name.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// Does a stage and says what it took.
#[allow(clippy::print_stdout)]
fn stage<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let (worked_before, start) = (worked(), Instant::now());
    let done = work();
    let (seconds, spent) = (start.elapsed().as_secs_f64(), worked() - worked_before);
    let (holds, most) = (megabytes("VmRSS"), megabytes("VmHWM"));
    println!("{name:6} {seconds:6.2} s, {spent:5.2} s of work; holds {holds:4} MB, at most {most} MB");
    done
}

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dialect, folder, rest @ ..] = arguments.as_slice() else {
        eprintln!("usage: project_graph DIALECT FOLDER [THREADS]");
        return;
    };
    let dialect: Dialect = dialect.parse().unwrap_or_default();
    if let Some(threads) = rest.first().and_then(|threads| threads.parse().ok()) {
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    }
    let sources = stage("read", || sources(Path::new(folder)));
    let texts = sources.iter().map(|source| source.texts.len()).sum::<usize>();
    let bytes = sources.iter().flat_map(|source| &source.texts).map(|text| text.len()).sum::<usize>();
    println!(
        "{} tables, {texts} texts, {:.1} MB, {} threads",
        sources.len(),
        bytes as f64 / 1e6,
        rayon::current_num_threads()
    );
    let start = Instant::now();
    let relations: Vec<Relation> =
        stage("parse", || sources.into_par_iter().map(|source| relation(source, dialect)).collect());
    let (mut queries, mut expressions) = (0, 0);
    for filling in relations.iter().flat_map(|relation| &relation.writers).flat_map(|writer| &writer.fillings) {
        for statement in &filling.text.script().statements {
            queries += usize::from(statement.queries.is_some());
            expressions += statement.queries.as_ref().map_or(0, |queries| queries.tree.expr_count());
        }
    }
    println!("{queries} statements with queries, {expressions} expressions");
    let built = stage("graph", || LineageGraph::build(relations, &Tables::default()));
    println!("texts to graph: {:.2} s", start.elapsed().as_secs_f64());
    let columns = built.graph.columns();
    let mut rungs: BTreeMap<Rung, usize> = BTreeMap::new();
    for node in built.graph.nodes() {
        *rungs.entry(built.graph.rung(node)).or_default() += 1;
    }
    println!("{} parts of relations, {} edges; {rungs:?}", columns.len(), columns.edge_count());
    std::mem::forget(built);
}
