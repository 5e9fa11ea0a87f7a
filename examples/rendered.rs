//! Prints what a dbt project in a directory is read as: a line of JSON for each model, seed, snapshot and source,
//! with its rendered SQL, its parents, its name in the warehouse and its configuration. `tests/dbt_fidelity.py`
//! compares that with dbt's own manifest.
//!
//! `cargo run --release --example rendered -- DIRECTORY [PROJECT [DIALECT [TARGET]]]`, where PROJECT is the
//! folder of `dbt_project.yml` within the directory.

#![allow(clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context;
use headsup::project::{Attributes, dbt};
use headsup::snapshot::Snapshot;
use headsup_lineage::name::RelationName;
use headsup_lineage::relation::{Body, Reference, Relation, RelationKind};
use serde_json::{Value, json};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().context("which directory?")?);
    let root = arguments.next().unwrap_or_default();
    let dialect = match arguments.next() {
        Some(name) => Some(name.parse().map_err(|_| anyhow::anyhow!("no dialect is called {name}"))?),
        None => None,
    };
    let target = arguments.next();
    let mut files = Vec::new();
    collect(&directory, &directory, &mut files)?;
    let snapshot = Snapshot::of_texts("directory", files)?;
    let options = dbt::Options { root: &root, dialect, target: target.as_deref(), ..dbt::Options::default() };
    let part = dbt::read(&snapshot, &options);
    let nothing = Attributes::default();
    for relation in part.relations.iter().filter(|relation| relation.kind != RelationKind::External) {
        println!("{}", line(relation, part.attributes.get(&relation.id).unwrap_or(&nothing)));
    }
    Ok(())
}

fn line(relation: &Relation, said: &Attributes) -> Value {
    let writers = || relation.writers.iter();
    let variants: Vec<&str> = writers()
        .flat_map(|writer| match &writer.body {
            Body::Sql { variants, .. } => variants.iter().map(|text| &**text).collect(),
            _ => Vec::new(),
        })
        .collect();
    let parents: BTreeSet<&str> = writers()
        .flat_map(|writer| &writer.reads)
        .filter_map(|read| match read {
            Reference::Id(id, _) => Some(id.as_str()),
            Reference::Name(_) => None,
        })
        .collect();
    let config: BTreeMap<String, &str> =
        relation.config.iter().map(|(key, value)| (key.to_string(), &**value)).collect();
    let name = |alias: &RelationName| alias.keys().map(ToOwned::to_owned).collect();
    let names: Vec<Vec<String>> = relation.aliases.iter().map(name).collect();
    let access = said.access.map(|access| format!("{access:?}").to_lowercase());
    json!({
        "id": relation.id.as_str(), "rung": relation.rung.to_string(), "variants": variants, "parents": parents,
        "names": names, "config": config, "tags": said.tags, "group": said.group, "access": access,
    })
}

/// The files below a directory that git and dbt do not write themselves.
fn collect(base: &Path, directory: &Path, files: &mut Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let in_target = directory.file_name().is_some_and(|name| name == "target");
        let name = entry.file_name();
        let is_left = matches!(name.to_str(), Some(".git" | "logs"))
            || in_target && matches!(name.to_str(), Some("compiled" | "run"));
        if kind.is_dir() && !is_left {
            collect(base, &path, files)?;
        } else if kind.is_file() {
            let inner = path.strip_prefix(base)?.to_string_lossy().replace('\\', "/");
            files.push((inner, std::fs::read(&path)?));
        }
    }
    Ok(())
}
