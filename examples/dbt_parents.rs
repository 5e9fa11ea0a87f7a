//! Prints what the dbt reader makes of a directory, as JSON; a tool for comparing with dbt itself.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::path::Path;

use headsup::project::dbt;
use headsup::snapshot::Snapshot;
use headsup_lineage::relation::{Body, Reference};
use serde_json::json;

fn walk(base: &Path, directory: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && !matches!(entry.file_name().to_str(), Some(".git" | "target")) {
            walk(base, &path, files);
        } else if kind.is_file() {
            files.push((path.strip_prefix(base).unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()));
        }
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut files = Vec::new();
    if !args[0].ends_with(".json") {
        walk(Path::new(&args[0]), Path::new(&args[0]), &mut files);
    }
    let snapshot = Snapshot::of_texts("directory", files).unwrap();
    let options = dbt::Options {
        root: args.get(1).map_or("", String::as_str),
        dialect: args.get(2).and_then(|name| name.parse().ok()),
        target: args.get(3).map(String::as_str),
        ..dbt::Options::default()
    };
    let started = std::time::Instant::now();
    let part = if args[0].ends_with(".json") {
        headsup::project::manifest::read(&std::fs::read_to_string(&args[0]).unwrap(), &args[0])
    } else {
        dbt::read(&snapshot, &options)
    };
    eprintln!("{:?} read, roots {:?}", started.elapsed(), dbt::find_roots(&snapshot));
    let relations: serde_json::Map<String, serde_json::Value> = part
        .relations
        .iter()
        .map(|relation| {
            let mut parents = Vec::new();
            let mut incomplete = Vec::new();
            let mut sql = Vec::new();
            for writer in &relation.writers {
                incomplete.extend(writer.incomplete.as_deref());
                for read in &writer.reads {
                    parents.push(match read {
                        Reference::Id(id, _) => id.to_string(),
                        Reference::Name(read) => format!("name:{}", read.name),
                    });
                }
                match &writer.body {
                    Body::Sql { variants, .. } => sql.extend(variants.iter().map(ToString::to_string)),
                    Body::Template { reason, .. } => sql.push(format!("reason: {reason}")),
                    _ => {}
                }
            }
            parents.sort();
            parents.dedup();
            let config: std::collections::BTreeMap<String, String> =
                relation.config.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
            let aliases: Vec<String> = relation.aliases.iter().map(ToString::to_string).collect();
            (
                relation.id.to_string(),
                json!({"parents": parents, "rung": relation.rung.name(), "config": config, "aliases": aliases,
                    "incomplete": incomplete, "sql": sql, "schema": relation.schema}),
            )
        })
        .collect();
    let jobs: serde_json::Map<String, serde_json::Value> = part
        .jobs
        .iter()
        .map(|job| {
            let reads: Vec<String> = job
                .reads
                .iter()
                .map(|read| match read {
                    Reference::Id(id, _) => id.to_string(),
                    Reference::Name(read) => format!("name:{}", read.name),
                })
                .collect();
            (job.name.clone(), json!({"reads": reads, "owners": format!("{:?}", job.owners), "at": format!("{}:{}", job.path, job.position)}))
        })
        .collect();
    println!("{}", json!({"relations": relations, "jobs": jobs, "diagnostics": part.diagnostics}));
}
