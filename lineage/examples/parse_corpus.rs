//! Reads every SQL file of some directories and says how well each was understood.
//!
//! `cargo run --release --example parse_corpus -- bigquery DIR… [--failures] [--reads] [--trees]
//! [--name query.sql]…`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use files::sql_files;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::name::RelationName;
use headsup_lineage::parse::parse;
use headsup_lineage::query::{ReadRole, Reading, Script, StatementKind};

#[path = "shared/files.rs"]
mod files;

/// What was asked for.
#[derive(Default)]
struct Wanted {
    dialect: Dialect,
    directories: Vec<PathBuf>,
    names: Vec<String>,
    failures: bool,
    reads: bool,
    trees: bool,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wanted = wanted()?;
    let named = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        wanted.names.is_empty() || wanted.names.contains(&name)
    };
    let files: Vec<PathBuf> =
        wanted.directories.iter().flat_map(|directory| sql_files(directory)).filter(named).collect();
    let mut out = String::new();
    let mut trees = Trees::default();
    let (mut read, mut parsed, mut skipped, mut bytes, mut statements) = (0_usize, 0_usize, 0_usize, 0_usize, 0_usize);
    let mut time = Duration::ZERO;
    let mut slowest = (Duration::ZERO, PathBuf::new());
    for path in &files {
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        if text.contains("{%") || text.contains("{{") {
            skipped += 1;
            continue;
        }
        let start = Instant::now();
        let script = parse(&text, wanted.dialect);
        let spent = start.elapsed();
        time += spent;
        if spent > slowest.0 {
            slowest = (spent, path.clone());
        }
        read += 1;
        bytes += text.len();
        statements += script.statements.len();
        parsed += usize::from(script.reading == Reading::Parsed);
        trees.count(path, &script, &wanted, &mut out);
        describe(path, &script, &wanted, &mut out);
    }
    let share = |part: usize| 100.0 * part as f64 / read.max(1) as f64;
    let speed = bytes as f64 / 1e6 / time.as_secs_f64().max(1e-9);
    out.push_str(&format!(
        "{read} files ({skipped} templates skipped), {statements} statements, parsed {parsed} ({:.2} %), \
         scanned {} ({:.2} %), {speed:.1} MB/s, slowest {:?} {}\n",
        share(parsed),
        read - parsed,
        share(read - parsed),
        slowest.0,
        slowest.1.display(),
    ));
    out.push_str(&format!(
        "{} of {} statements that fill or query have trees ({:.2} %); {} reads are in \
         no tree, {} relations only in a tree\n",
        trees.built,
        trees.asked,
        100.0 * trees.built as f64 / trees.asked.max(1) as f64,
        trees.missing,
        trees.surplus,
    ));
    std::io::Write::write_all(&mut std::io::stdout().lock(), out.as_bytes())?;
    Ok(())
}

fn wanted() -> Result<Wanted, Box<dyn std::error::Error>> {
    let mut wanted = Wanted::default();
    let mut arguments = std::env::args().skip(1);
    wanted.dialect = arguments.next().ok_or("name a dialect and directories")?.parse()?;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--failures" => wanted.failures = true,
            "--reads" => wanted.reads = true,
            "--trees" => wanted.trees = true,
            "--name" => wanted.names.extend(arguments.next()),
            _ => wanted.directories.push(argument.into()),
        }
    }
    Ok(wanted)
}

/// How many statements of texts that parsed have their queries as trees, among those that could
/// have some.
#[derive(Default)]
struct Trees {
    asked: usize,
    built: usize,
    /// Reads that no tree holds.
    missing: usize,
    /// Relations in trees that are no reads.
    surplus: usize,
}

impl Trees {
    fn count(&mut self, path: &Path, script: &Script, wanted: &Wanted, out: &mut String) {
        for statement in script.statements.iter().filter(|_| script.reading == Reading::Parsed) {
            let asked = match statement.kind {
                StatementKind::Query | StatementKind::Build(_) => true,
                StatementKind::Fill | StatementKind::Empty => !statement.reads.is_empty(),
                _ => false,
            };
            self.asked += usize::from(asked);
            self.built += usize::from(asked && statement.queries.is_some());
            if wanted.failures && asked && statement.queries.is_none() {
                out.push_str(&format!("{}:{} without a tree\n", path.display(), statement.position));
            }
            let Some(queries) = &statement.queries else { continue };
            // What the walk over the parser's tree reads and what the trees hold must be the same, but
            // for what is only filled, and for functions.
            let held: BTreeSet<&RelationName> = (queries.tree.blocks())
                .flat_map(|(id, _)| queries.tree.block_parts(id).relations)
                .map(|relation| &relation.name)
                .collect();
            for read in &statement.reads {
                if read.role == ReadRole::Table && !held.contains(&read.name) {
                    self.missing += 1;
                    out.push_str(&format!("{}:{} {} is in no tree\n", path.display(), read.position, read.name));
                }
            }
            for name in held {
                if !statement.reads.iter().any(|read| read.name == *name) && !statement.targets.contains(name) {
                    self.surplus += 1;
                    out.push_str(&format!("{}:{} {name} is only in a tree\n", path.display(), statement.position));
                }
            }
        }
    }
}

fn describe(path: &Path, script: &Script, wanted: &Wanted, out: &mut String) {
    if wanted.failures {
        for diagnostic in &script.diagnostics {
            let place = diagnostic.position.map(|position| position.to_string()).unwrap_or_default();
            out.push_str(&format!("{}:{place} {}: {}\n", path.display(), diagnostic.code, diagnostic.message));
        }
    }
    if wanted.trees {
        for statement in &script.statements {
            let tree = statement.queries.as_ref().map_or("no tree".to_owned(), |queries| queries.to_string());
            out.push_str(&format!("{}:{}\n{tree}\n", path.display(), statement.position));
        }
    }
    if wanted.reads {
        for statement in &script.statements {
            let reads: Vec<String> =
                statement.reads.iter().map(|read| format!("{:?} {}", read.role, read.name)).collect();
            let kind = format!("{:?}", statement.kind);
            let kind = kind.split(['(', ' ']).next().unwrap_or_default();
            out.push_str(&format!("{} {kind} {:?} <- {}\n", path.display(), statement.targets, reads.join(", ")));
        }
    }
}
