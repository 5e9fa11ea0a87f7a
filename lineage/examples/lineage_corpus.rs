//! Works out the dependencies of every statement of the SQL files below a folder, and says how long
//! that took, how many statements have queries, and why what is open is open.
//!
//!     cargo run --release --example lineage_corpus -- bigquery path/to/sql

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use files::sql_files;
use headsup_lineage::columns::lineage;
use headsup_lineage::dependency::NoSchemas;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::parse::parse;
use headsup_lineage::query::StatementKind;

#[path = "shared/files.rs"]
mod files;

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, dialect, folders @ ..] = arguments.as_slice() else {
        eprintln!("usage: lineage_corpus DIALECT FOLDER…");
        return;
    };
    let dialect: Dialect = dialect.parse().unwrap_or_default();
    let paths = folders.iter().flat_map(|folder| sql_files(Path::new(folder)));
    let texts: Vec<(PathBuf, String)> =
        paths.filter_map(|path| std::fs::read_to_string(&path).ok().map(|text| (path, text))).collect();
    let bytes: usize = texts.iter().map(|(_, text)| text.len()).sum();
    let mut reasons: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let (mut parsing, mut resolving) = (0.0, 0.0);
    let (mut statements, mut with_queries, mut columns, mut edges, mut open) = (0, 0, 0, 0, 0);
    for (path, text) in &texts {
        let start = Instant::now();
        let script = parse(text, dialect);
        parsing += start.elapsed().as_secs_f64();
        for statement in &script.statements {
            let reads = matches!(
                statement.kind,
                StatementKind::Query | StatementKind::Build(_) | StatementKind::Fill | StatementKind::Empty
            );
            statements += usize::from(reads);
            let Some(queries) = &statement.queries else {
                if reads {
                    let reason = ("no queries".to_owned(), path.display().to_string());
                    let entry = reasons.entry(reason.0).or_insert((0, reason.1));
                    entry.0 += 1;
                }
                continue;
            };
            with_queries += usize::from(reads);
            let start = Instant::now();
            let outputs = lineage(queries, &NoSchemas);
            resolving += start.elapsed().as_secs_f64();
            for output in outputs {
                columns += output.lineage.columns.len();
                edges += output.lineage.rows.len();
                edges += output.lineage.columns.iter().map(|column| column.sources.len()).sum::<usize>();
                open += usize::from(!output.lineage.open.is_empty());
                for reason in output.lineage.open {
                    let words = reason.message.split('`').step_by(2).collect::<Vec<_>>().join("…");
                    let entry = reasons.entry(words).or_insert((0, path.display().to_string()));
                    entry.0 += 1;
                }
            }
        }
    }
    #[allow(clippy::cast_precision_loss)]
    let megabytes = bytes as f64 / 1e6;
    println!("{} files, {megabytes:.1} MB: parsed in {parsing:.2} s, resolved in {resolving:.2} s", texts.len());
    println!("{statements} statements that read or fill, {with_queries} with queries");
    println!("{columns} columns, {edges} edges; {open} outputs are open");
    for (reason, (count, example)) in reasons {
        println!("{count:6} {reason} ({example})");
    }
}
