//! The renderer of a project: its packages' macros, its variables, and the target as far as a
//! profile in the repository tells it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use headsup_lineage::diagnostic::Diagnostic;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::name::Quoting;
use rayon::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::config::truthy;
use super::engine::{Engine, Macro};
use super::layout::{Folder, Layout, Package};
use super::relation::QuotePolicy;
use super::split::{BlockKind, blocks};
use super::tokens::plain_spaces;
use super::world::{TARGET_DATABASE, TARGET_SCHEMA, World, adapter_of, prefixes};
use super::yaml;
use super::{Options, Remembered};
use crate::snapshot::Snapshot;

/// Macros of dbt's own, and those of the package that nearly every project uses.
const DBT: &str = include_str!("prelude/dbt.sql");
const DBT_UTILS: &str = include_str!("prelude/dbt_utils.sql");
const DBT_DATE: &str = include_str!("prelude/dbt_date.sql");
const DBT_EXPECTATIONS: &str = include_str!("prelude/dbt_expectations.sql");
const DBT_UTILS_KNOWN: &str = include_str!("prelude/dbt_utils_known.sql");

/// Builds the renderer.
pub(super) fn engine(
    snapshot: &Snapshot,
    layout: &Layout,
    options: &Options<'_>,
    remembered: &Remembered,
    diagnostics: &mut Vec<Diagnostic>,
) -> Engine {
    let world = Arc::new(world(snapshot, layout, options, diagnostics));
    let mut macros: BTreeMap<(Arc<str>, Arc<str>), Arc<Macro>> = BTreeMap::new();
    let mut add = |one: Arc<Macro>| macros.insert((Arc::clone(&one.package), Arc::clone(&one.name)), one);
    for one in prelude("dbt", DBT) {
        add(one);
    }
    for package in &layout.packages {
        // The packages of dbt's own cannot be replaced from outside.
        let files = if &*package.name == "dbt" {
            Vec::new()
        } else {
            let mut files = package.files(snapshot, Folder::Macros, &["sql", "jinja"]);
            let tests = package.files(snapshot, Folder::Tests, &["sql"]);
            files.extend(tests.into_iter().filter(|(_, inner)| inner.starts_with("generic/")));
            files
        };
        let read: Vec<_> =
            files.par_iter().map(|(path, _)| macros_of_file(snapshot, &package.name, path, remembered)).collect();
        for file in read {
            match file {
                Ok(found) => found.iter().for_each(|one| {
                    add(Arc::clone(one));
                }),
                Err(diagnostic) => diagnostics.push(*diagnostic),
            }
        }
    }
    let popular = [("dbt_utils", DBT_UTILS), ("dbt_date", DBT_DATE), ("dbt_expectations", DBT_EXPECTATIONS)];
    for (name, text) in popular {
        if !layout.packages.iter().any(|package| &*package.name == name) {
            for one in prelude(name, text) {
                add(one);
            }
        }
    }
    for one in prelude("dbt_utils", DBT_UTILS_KNOWN) {
        add(one);
    }
    let macros: Vec<Arc<Macro>> = macros.into_values().collect();
    let kept = remembered.of_project(options.root);
    let of_world = kept.renderings.number(&world);
    let number = kept.recall.number(of_world, &macros);
    Engine::new(world, (of_world, number), macros)
}

fn prelude(package: &str, text: &str) -> Vec<Arc<Macro>> {
    let text: Arc<str> = Arc::from(text);
    let (package, path) = (Arc::from(package), Arc::from(format!("<{package}>")));
    blocks(&text).iter().map(|block| Arc::new(Macro::new(&package, &path, &text, block))).collect()
}

/// The macros of a file of a package.
fn macros_of_file(
    snapshot: &Snapshot,
    package: &Arc<str>,
    path: &Arc<str>,
    remembered: &Remembered,
) -> Result<Arc<[Arc<Macro>]>, Box<Diagnostic>> {
    let key = snapshot.id(path).map(|id| (id, Arc::clone(package), Arc::clone(path)));
    if let Some(kept) = key.as_ref().and_then(|key| remembered.macros.get(key)) {
        return Ok(kept);
    }
    let text: Arc<str> = Arc::from(plain_spaces(snapshot.text(path)?));
    let mut blocks = blocks(&text);
    blocks.retain(|block| matches!(block.kind, BlockKind::Macro | BlockKind::Test));
    // To dbt a test is a macro.
    for test in blocks.iter_mut().filter(|block| block.kind == BlockKind::Test) {
        test.name.insert_str(0, "test_");
    }
    let found = blocks.iter().map(|block| Arc::new(Macro::new(package, path, &text, block)));
    let found: Arc<[Arc<Macro>]> = found.collect();
    if let Some(key) = key {
        remembered.macros.put(key, Arc::clone(&found));
    }
    Ok(found)
}

fn project_file(root: &Package) -> String {
    let slash = if root.directory.is_empty() { "" } else { "/" };
    format!("{}{slash}dbt_project.yml", root.directory)
}

fn world(snapshot: &Snapshot, layout: &Layout, options: &Options<'_>, diagnostics: &mut Vec<Diagnostic>) -> World {
    let Some(root) = layout.packages.first() else { return World::default() };
    let found;
    let Profile(profile) = match options.profile {
        Some(profile) => profile,
        None => {
            found = profile_of(snapshot, root, options.dialect, options.target);
            &found
        }
    };
    let text =
        |key: &str| profile.get(key).and_then(Json::as_str).filter(|text| !text.contains("{{")).map(ToOwned::to_owned);
    let said = text("type");
    let said_dialect = said.as_deref().and_then(|adapter| adapter.parse::<Dialect>().ok());
    let dialect = options.dialect.or(said_dialect).unwrap_or_default();
    let adapter = match (said, said_dialect) {
        (Some(adapter), Some(own)) if own == dialect => adapter,
        _ => adapter_of(dialect).to_owned(),
    };
    if options.dialect.is_none() && said_dialect.is_none() {
        diagnostics.push(
            Diagnostic::note("dialect-unknown", "no profile in the repository says which warehouse the project is for")
                .in_file(project_file(root))
                .hint("name the dialect in the settings"),
        );
    }
    let schema = text("schema").or_else(|| text("dataset")).unwrap_or_else(|| TARGET_SCHEMA.to_owned());
    let database = ["database", "dbname", "project", "catalog"].iter().find_map(|key| text(key));
    let database = database.unwrap_or_else(|| TARGET_DATABASE.to_owned());
    let name = text(TARGET).unwrap_or_else(|| "dev".to_owned());
    if profile.contains_key(NO_OUTPUT) {
        diagnostics.push(
            Diagnostic::warning(
                "target-unknown",
                format!("no profile in the repository has an output called `{name}`"),
            )
            .in_file(project_file(root))
            .hint("another one is read under that name; `target` in the settings names it"),
        );
    }
    let mut target = json!({
        "name": name, "target_name": name, "type": adapter, "schema": schema, "dataset": schema,
        "database": database, "dbname": database, "project": database, "catalog": database,
        "profile_name": root.settings.get("profile").and_then(Json::as_str).unwrap_or("default"),
        "threads": 1, "user": "dbt_user", "role": "dbt_role", "warehouse": "dbt_warehouse",
        "account": "dbt_account", "host": "dbt_host", "port": 0, "location": null, "path": "",
    });
    if let Json::Object(target) = &mut target {
        for key in ["role", "warehouse", "location"] {
            if let Some(value) = text(key) {
                target.insert(key.to_owned(), Json::String(value));
            }
        }
    }
    let mut dispatch = BTreeMap::new();
    for entry in root.settings.get("dispatch").and_then(Json::as_array).into_iter().flatten() {
        let namespace = entry.get("macro_namespace").and_then(Json::as_str);
        let order = entry.get("search_order").and_then(Json::as_array);
        if let (Some(namespace), Some(order)) = (namespace, order) {
            let order = order.iter().filter_map(Json::as_str).map(ToOwned::to_owned).collect();
            dispatch.insert(namespace.to_owned(), order);
        }
    }
    World {
        root: Arc::clone(&root.name),
        dialect,
        prefixes: prefixes(&adapter),
        adapter,
        target,
        packages: layout
            .packages
            .iter()
            .map(|package| (package.name.to_string(), package.section("vars").cloned().unwrap_or_default()))
            .collect(),
        overrides: options.vars.clone(),
        environment: options.environment.clone(),
        dispatch,
        quoting: root
            .settings
            .get("quoting")
            .and_then(Json::as_object)
            .map(|said| quoting(said, QuotePolicy::of(dialect))),
    }
}

/// What a `quoting:` block changes.
pub(super) fn quoting(said: &Map<String, Json>, otherwise: QuotePolicy) -> QuotePolicy {
    let part = |key: &str, otherwise: Quoting| match said.get(key).and_then(truthy) {
        Some(true) => Quoting::Quoted,
        Some(false) => Quoting::Bare,
        None => otherwise,
    };
    QuotePolicy {
        database: part("database", otherwise.database),
        schema: part("schema", otherwise.schema),
        identifier: part("identifier", otherwise.identifier),
    }
}

/// What a repository says of the warehouse that a project is for: the output of a profile, or as
/// much of one as its Python requirements tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile(Map<String, Json>);

impl Profile {
    /// The dialect of its adapter, where it names one that is known.
    #[must_use]
    pub fn dialect(&self) -> Option<Dialect> {
        self.0.get("type").and_then(Json::as_str)?.parse().ok()
    }
}

/// The profile of a project; with a dialect given, an output of that dialect or none.
pub(super) fn profile_of(
    snapshot: &Snapshot,
    root: &Package,
    dialect: Option<Dialect>,
    target: Option<&str>,
) -> Profile {
    let named = target.and_then(|target| output(snapshot, root, dialect, Some(target)));
    let mut profile = match (named, target) {
        (Some(named), _) => named,
        (None, target) => {
            let mut other = output(snapshot, root, dialect, None).unwrap_or_default();
            if let Some(target) = target {
                // What is in the repository is not what runs under that name, but as near as we come.
                if other.insert(TARGET.to_owned(), Json::String(target.to_owned())).is_some() {
                    other.insert(NO_OUTPUT.to_owned(), Json::Bool(true));
                }
            }
            other
        }
    };
    if dialect.is_none()
        && !profile.contains_key("type")
        && let Some(adapter) = required_adapter(snapshot, root)
    {
        profile.insert("type".to_owned(), Json::String(adapter));
    }
    Profile(profile)
}

/// Under which key of a profile the name of its output is kept.
const TARGET: &str = "__target";
/// The key that says that no output has that name.
const NO_OUTPUT: &str = "__no_output";
/// What an output is called that production runs with.
const PRODUCTION: [&str; 4] = ["prod", "production", "prd", "live"];

/// The output of a profile in the repository that fits best. Secrets that a profile may hold are never looked at.
fn output(
    snapshot: &Snapshot,
    root: &Package,
    dialect: Option<Dialect>,
    target: Option<&str>,
) -> Option<Map<String, Json>> {
    let wanted = root.settings.get("profile").and_then(Json::as_str).unwrap_or("default");
    let mut paths: Vec<&Arc<str>> = snapshot
        .files()
        .map(|(path, _)| path)
        .filter(|path| path.rsplit('/').next().is_some_and(|name| matches!(name, "profiles.yml" | "profiles.yaml")))
        .collect();
    let inside = |path: &str| root.directory.is_empty() || path.starts_with(&format!("{}/", root.directory));
    paths.sort_by_key(|path| (!inside(path), path.matches('/').count(), path.len()));
    paths.into_iter().find_map(|path| {
        let Some(Json::Object(file)) = snapshot.text(path).ok().and_then(|text| yaml::parse(&text).ok()) else {
            return None;
        };
        let profile = file.get(wanted)?;
        let outputs = profile.get("outputs").and_then(Json::as_object)?;
        let name = match target {
            Some(target) => outputs.get_key_value(target).map(|(name, _)| name.as_str()),
            None => {
                let default = profile.get("target").and_then(Json::as_str);
                fitting(outputs, default, dialect)
            }
        }?;
        let mut output = outputs.get(name)?.as_object()?.clone();
        output.insert(TARGET.to_owned(), Json::String(name.to_owned()));
        Some(output)
    })
}

/// The output to read a project with: the default one, unless production runs on another warehouse. Many a project
/// is tried out on an engineer's machine, on DuckDB say, with macros of its own for that; what jobs read is built elsewhere.
fn fitting<'a>(outputs: &'a Map<String, Json>, default: Option<&str>, dialect: Option<Dialect>) -> Option<&'a str> {
    let own = |name: &str| outputs.get(name)?.get("type")?.as_str()?.parse::<Dialect>().ok();
    let fits =
        |name: &&str| outputs.get(*name).is_some_and(Json::is_object) && (dialect.is_none() || dialect == own(name));
    let names = || outputs.keys().map(String::as_str).filter(fits);
    let default = default.and_then(|default| names().find(|name| *name == default));
    let production = names().find(|name| PRODUCTION.contains(&name.to_lowercase().as_str()));
    match (default, production) {
        (Some(default), Some(production)) if own(default) == own(production) => Some(default),
        (default, production) => production.or(default).or_else(|| names().next()),
    }
}

/// The adapter that the project's Python requirements name.
fn required_adapter(snapshot: &Snapshot, root: &Package) -> Option<String> {
    const ADAPTERS: [&str; 13] = [
        "snowflake",
        "bigquery",
        "redshift",
        "databricks",
        "spark",
        "trino",
        "athena",
        "duckdb",
        "mysql",
        "sqlserver",
        "fabric",
        "clickhouse",
        "postgres",
    ];
    let mut paths: Vec<&Arc<str>> = snapshot
        .files()
        .map(|(path, _)| path)
        .filter(|path| {
            let name = path.rsplit('/').next().unwrap_or(path);
            name.starts_with("requirements")
                || matches!(name, "pyproject.toml" | "Pipfile" | "setup.py" | "environment.yml")
        })
        .collect();
    let inside = |path: &str| !root.directory.is_empty() && path.starts_with(&format!("{}/", root.directory));
    paths.sort_by_key(|path| (!inside(path), path.matches('/').count(), path.len()));
    paths.into_iter().take(50).find_map(|path| {
        let text = snapshot.text(path).ok()?.to_lowercase();
        ADAPTERS.into_iter().find(|adapter| text.contains(&format!("dbt-{adapter}"))).map(ToOwned::to_owned)
    })
}

/// The macros of one file of a model, by name.
pub(super) fn local_macros(package: &Arc<str>, path: &Arc<str>, text: &Arc<str>) -> HashMap<String, Arc<Macro>> {
    blocks(text)
        .iter()
        .filter(|block| block.kind == BlockKind::Macro)
        .map(|block| (block.name.clone(), Arc::new(Macro::new(package, path, text, block))))
        .collect()
}
