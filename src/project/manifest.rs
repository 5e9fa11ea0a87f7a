//! A `manifest.json` that dbt wrote: what it read of the project, with the SQL that it compiled.
//!
//! Every version from v10 on has the fields that are read here; one that is missing is as if it
//! were empty. A manifest says what its writer knew: it is as old as the run that wrote it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headsup_lineage::diagnostic::{Diagnostic, Position};
use headsup_lineage::dialect::Dialect;
use headsup_lineage::name::{Quoting, RelationName};
use headsup_lineage::relation::{Body, Declaration, Reference, Relation, RelationId, RelationKind, Rung, Writer};
use serde_json::{Map, Value as Json};

use crate::project::dbt::{Compiled, Written, config, created, criticality, properties};
use crate::project::definition::{self, Defined, DefinedBy, Definition};
use crate::project::{Access, Attributes, DeclaredJob, JobKind, OwnerClaim, OwnerRule, Part};

type Object = Map<String, Json>;

/// The adapters whose macros come with dbt, and change with it and not with the project.
const ADAPTERS: [&str; 12] = [
    "athena",
    "bigquery",
    "clickhouse",
    "databricks",
    "duckdb",
    "fabric",
    "mysql",
    "postgres",
    "redshift",
    "snowflake",
    "spark",
    "trino",
];

/// The oldest manifest that is read: dbt 1.6's.
const OLDEST: u32 = 10;

/// Reads a manifest; `path` is where it lies, for people.
#[must_use]
pub fn read(text: &str, path: &str) -> Part {
    let mut part = Part::default();
    let manifest: Json = match serde_json::from_str(text) {
        Ok(manifest) => manifest,
        Err(error) => {
            let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).max(1);
            part.diagnostics.push(
                Diagnostic::error("invalid-manifest", "the file is not valid JSON")
                    .in_file(path)
                    .at(Position::new(number(error.line()), number(error.column())))
                    .hint("write it again with `dbt parse` or `dbt compile`"),
            );
            return part;
        }
    };
    let metadata = manifest.get("metadata").and_then(Json::as_object);
    let version = metadata
        .and_then(|metadata| metadata.get("dbt_schema_version"))
        .and_then(Json::as_str)
        .and_then(schema_version);
    match version {
        None => {
            part.diagnostics.push(
                Diagnostic::error("invalid-manifest", "the file does not say that it is a dbt manifest")
                    .in_file(path)
                    .hint("point to the manifest.json in dbt's target directory"),
            );
            return part;
        }
        Some(version) if version < OLDEST => part.diagnostics.push(
            Diagnostic::warning("old-manifest", format!("the manifest has version {version}, older than {OLDEST}"))
                .in_file(path)
                .hint("write it with dbt 1.6 or newer; it is read as far as it goes"),
        ),
        Some(_) => {}
    }
    let said = |key: &str| metadata.and_then(|metadata| metadata.get(key)).and_then(Json::as_str);
    let adapter = said("adapter_type").unwrap_or_default();
    let dialect = adapter.parse::<Dialect>().unwrap_or_default();
    let reader = Reader {
        manifest: &manifest,
        dialect,
        project: Arc::from(said("project_name").unwrap_or("dbt")),
        path: Arc::from(path),
    };
    reader.nodes(&mut part);
    reader.sources(&mut part);
    reader.exposures(&mut part);
    reader.queries(&mut part);
    part.relations.sort_by(|left, right| left.id.cmp(&right.id));
    part.jobs.sort_by(|left, right| (&left.name, &left.path).cmp(&(&right.name, &right.path)));
    part.diagnostics.sort();
    part
}

/// The number in `https://schemas.getdbt.com/dbt/manifest/v12.json`.
fn schema_version(text: &str) -> Option<u32> {
    text.split("/manifest/v").nth(1)?.trim_end_matches(".json").parse().ok()
}

struct Reader<'a> {
    manifest: &'a Json,
    dialect: Dialect,
    project: Arc<str>,
    path: Arc<str>,
}

fn text<'a>(object: &'a Object, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Json::as_str).filter(|text| !text.is_empty())
}

impl Reader<'_> {
    fn section(&self, name: &str) -> impl Iterator<Item = (&String, &Object)> {
        let section = self.manifest.get(name).and_then(Json::as_object);
        section.into_iter().flatten().filter_map(|(id, value)| Some((id, value.as_object()?)))
    }

    fn nodes(&self, part: &mut Part) {
        // Tests say which columns are unique; they are nodes of their own in a manifest.
        let mut tests: BTreeMap<&str, Vec<(&Object, &Object)>> = BTreeMap::new();
        for (_, node) in self.section("nodes") {
            let metadata = node.get("test_metadata").and_then(Json::as_object);
            if let (Some("test"), Some(metadata), Some(tested)) =
                (text(node, "resource_type"), metadata, text(node, "attached_node"))
            {
                tests.entry(tested).or_default().push((node, metadata));
            }
        }
        for (id, node) in self.section("nodes").chain(self.section("functions")) {
            let kind = match text(node, "resource_type") {
                Some("model") => RelationKind::Model,
                Some("seed") => RelationKind::Seed,
                Some("snapshot") => RelationKind::Snapshot,
                Some("function") => RelationKind::Routine,
                _ => continue,
            };
            let config: config::Config = node.get("config").and_then(Json::as_object).into_iter().flatten().fold(
                config::Config::new(),
                |mut config, (key, value)| {
                    config::merge(&mut config, [(key, value)]);
                    config
                },
            );
            let (rung, mut body, incomplete) = self.body(kind, node, &config);
            if kind == RelationKind::Routine {
                let name = ["schema", "alias"].iter().filter_map(|part| text(node, part)).collect::<Vec<_>>();
                body = created(body, &name.join("."), node);
            }
            let name = match node.get("version").filter(|version| !version.is_null()) {
                Some(version) => {
                    format!("{}_v{}", text(node, "name").unwrap_or(id), version.to_string().trim_matches('"'))
                }
                None => text(node, "name").unwrap_or(id).to_owned(),
            };
            let relation_id = RelationId::new(id.as_str());
            let attributes = self.attributes(node, &config);
            if attributes != Attributes::default() {
                part.attributes.insert(relation_id.clone(), attributes);
            }
            let tests = tests.get(id.as_str()).map(Vec::as_slice).unwrap_or_default();
            part.relations.push(Arc::new(Relation {
                id: relation_id,
                name: RelationName::bare(self.dialect, [name.as_str()]),
                aliases: self.physical(node, "alias").into_iter().collect(),
                kind,
                rung,
                project: Arc::clone(&self.project),
                writers: vec![Writer {
                    path: self.file(node),
                    position: Position::START,
                    reads: self.parents(node),
                    described: Default::default(),
                    incomplete,
                    body,
                    fillings: Vec::new(),
                }],
                declared_in: None,
                schema: properties::schema(&described(node, tests), self.dialect),
                declaration: Declaration::Described,
                config: config::building(&config),
            }));
        }
    }

    /// What fills a node, and how well that is known.
    fn body(&self, kind: RelationKind, node: &Object, config: &config::Config) -> (Rung, Body, Option<Arc<str>>) {
        let checksum = node.get("checksum").and_then(|checksum| checksum.get("checksum")).and_then(Json::as_str);
        let digest = || Arc::from(checksum.unwrap_or_default());
        if kind == RelationKind::Seed {
            return (Rung::Columns, Body::Data { digest: digest() }, None);
        }
        if text(node, "language") == Some("python") {
            return (Rung::Opaque, Body::Opaque { digest: digest() }, None);
        }
        // Before 1.3 these were called `compiled_sql` and `raw_sql`.
        let raw = text(node, "raw_code").or_else(|| text(node, "raw_sql")).unwrap_or_default();
        if let Some(compiled) = text(node, "compiled_code").or_else(|| text(node, "compiled_sql")) {
            let macros = self.macros(node);
            let conditions = Compiled { raw, path: self.file(node), config, said: node, macros }.conditions();
            return (
                Rung::Open,
                Body::Sql { dialect: self.dialect, variants: vec![Arc::from(compiled)], conditions },
                None,
            );
        }
        if !raw.is_empty() && !raw.contains("{{") && !raw.contains("{%") && !raw.contains("{#") {
            return (
                Rung::Open,
                Body::Sql { dialect: self.dialect, variants: vec![Arc::from(raw)], conditions: None },
                None,
            );
        }
        let body = Body::Template {
            text: Arc::from(raw),
            inputs: self.macros(node).iter().map(|one| one.text).collect::<Vec<_>>().join("\n").into(),
            reason: Arc::from("the manifest holds no compiled SQL of it"),
        };
        (Rung::Refs, body, None)
    }

    /// The macros that a node reaches, but for dbt's own and those of its adapter.
    fn macros(&self, node: &Object) -> Vec<Written<'_>> {
        let all = self.manifest.get("macros").and_then(Json::as_object);
        let named = |object: &Object| -> Vec<String> {
            let macros = object.get("depends_on").and_then(|depends| depends.get("macros")).and_then(Json::as_array);
            macros.into_iter().flatten().filter_map(Json::as_str).map(ToOwned::to_owned).collect()
        };
        let mut queue = named(node);
        let mut reached = BTreeSet::new();
        while let Some(id) = queue.pop() {
            if reached.contains(&id) {
                continue;
            }
            if let Some(called) = all.and_then(|all| all.get(&id)).and_then(Json::as_object) {
                queue.extend(named(called));
            }
            reached.insert(id);
        }
        let written = |id: &String| {
            let one = all?.get(id)?.as_object()?;
            let package = text(one, "package_name").unwrap_or_default();
            let path = text(one, "original_file_path").unwrap_or_default();
            Some(Written { package, path, text: text(one, "macro_sql")? })
        };
        let is_own = |one: &Written<'_>| {
            one.package == "dbt" || one.package.strip_prefix("dbt_").is_some_and(|name| ADAPTERS.contains(&name))
        };
        reached.iter().filter_map(written).filter(|one| !is_own(one)).collect()
    }

    fn parents(&self, node: &Object) -> Vec<Reference> {
        let nodes = node.get("depends_on").and_then(|depends| depends.get("nodes")).and_then(Json::as_array);
        let mut parents = BTreeSet::new();
        let mut queue: Vec<&str> = nodes.into_iter().flatten().filter_map(Json::as_str).collect();
        let mut seen = BTreeSet::new();
        while let Some(id) = queue.pop() {
            if !seen.insert(id) {
                continue;
            }
            match id.split('.').next() {
                Some("model" | "seed" | "snapshot" | "source") => {
                    parents.insert(Reference::Id(RelationId::new(id), Position::START));
                }
                // A metric stands for the models that it is computed from.
                Some(kind @ ("metric" | "semantic_model" | "saved_query")) => {
                    let section = match kind {
                        "metric" => "metrics",
                        "semantic_model" => "semantic_models",
                        _ => "saved_queries",
                    };
                    let held = self.manifest.get(section).and_then(|section| section.get(id));
                    let nodes = held.and_then(|held| held.get("depends_on")).and_then(|depends| depends.get("nodes"));
                    queue.extend(nodes.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str));
                }
                _ => {}
            }
        }
        parents.into_iter().collect()
    }

    fn sources(&self, part: &mut Part) {
        for (id, source) in self.section("sources") {
            let config = source.get("config").and_then(Json::as_object);
            if config.and_then(|config| config.get("enabled")).and_then(config::truthy) == Some(false) {
                continue;
            }
            let (Some(source_name), Some(table)) = (text(source, "source_name"), text(source, "name")) else {
                continue;
            };
            let meta = source.get("meta");
            let attributes = Attributes {
                owners: properties::meta_owner(meta, OwnerRule::ModelMeta).into_iter().collect(),
                criticality: criticality(meta),
                tags: texts(source.get("tags")).into_iter().collect(),
                ..Attributes::default()
            };
            let relation_id = RelationId::new(id.as_str());
            if attributes != Attributes::default() {
                part.attributes.insert(relation_id.clone(), attributes);
            }
            part.relations.push(Arc::new(Relation {
                id: relation_id,
                name: RelationName::bare(self.dialect, [source_name, table]),
                aliases: self.physical(source, "identifier").into_iter().collect(),
                kind: RelationKind::Source,
                rung: Rung::Open,
                project: Arc::clone(&self.project),
                writers: Vec::new(),
                declared_in: Some((self.file(source), Position::START)),
                schema: properties::schema(&described(source, &[]), self.dialect),
                declaration: Declaration::Described,
                config: config::of_source(config.into_iter().flatten(), source.get("external")),
            }));
        }
    }

    fn exposures(&self, part: &mut Part) {
        for (id, exposure) in self.section("exposures") {
            let config = exposure.get("config").and_then(Json::as_object);
            if config.and_then(|config| config.get("enabled")).and_then(config::truthy) == Some(false) {
                continue;
            }
            let metas = [config.and_then(|config| config.get("meta")), exposure.get("meta")];
            let mut owners: Vec<OwnerClaim> =
                metas.iter().filter_map(|meta| properties::meta_owner(*meta, OwnerRule::ExposureMeta)).collect();
            let owner = exposure.get("owner").and_then(properties::contact);
            owners.extend(owner.map(|contact| OwnerClaim { rule: OwnerRule::Exposure, contact }));
            owners.dedup();
            let columns =
                metas.iter().flatten().find_map(|meta| meta.get("referenced_columns")).and_then(Json::as_object);
            part.jobs.push(DeclaredJob {
                name: text(exposure, "name").unwrap_or(id).to_owned(),
                kind: JobKind::Exposure,
                owners,
                criticality: metas.iter().find_map(|meta| criticality(*meta)),
                reads: self.parents(exposure),
                columns: columns
                    .into_iter()
                    .flatten()
                    .map(|(name, columns)| (name.clone(), texts(Some(columns))))
                    .collect(),
                definitions: self.definitions(id, exposure),
                path: self.file(exposure),
                position: Position::START,
                url: text(exposure, "url").map(ToOwned::to_owned),
            });
        }
    }

    /// The semantic layer; a manifest does not say of it which columns are read.
    fn queries(&self, part: &mut Part) {
        for (section, kind) in
            [("semantic_models", "semantic_model"), ("metrics", "metric"), ("saved_queries", "saved_query")]
        {
            for (id, said) in self.section(section) {
                let config = said.get("config").and_then(Json::as_object);
                let reads = self.parents(said);
                if reads.is_empty()
                    || config.and_then(|config| config.get("enabled")).and_then(config::truthy) == Some(false)
                {
                    continue;
                }
                let metas = [config.and_then(|config| config.get("meta")), said.get("meta")];
                let owners = metas.iter().filter_map(|meta| properties::meta_owner(*meta, OwnerRule::ExposureMeta));
                part.jobs.push(DeclaredJob {
                    name: format!("{kind}:{}", text(said, "name").unwrap_or(id)),
                    kind: JobKind::Query,
                    owners: owners.collect(),
                    criticality: metas.iter().find_map(|meta| criticality(*meta)),
                    reads,
                    columns: BTreeMap::new(),
                    definitions: self.definitions(id, said),
                    path: self.file(said),
                    position: Position::START,
                    url: None,
                });
            }
        }
    }

    /// What something and all of the semantic layer that it depends on say of themselves.
    fn definitions(&self, id: &str, said: &Object) -> DefinedBy {
        let mut found = DefinedBy::new();
        let mut open = vec![(id, said)];
        while let Some((id, said)) = open.pop() {
            let kind = id.split('.').next().unwrap_or_default();
            let defined = Defined { name: format!("{kind}:{}", text(said, "name").unwrap_or(id)).into(), part: None };
            if found.contains_key(&defined) {
                continue;
            }
            let depends = said.get("depends_on").and_then(|depends| depends.get("nodes")).and_then(Json::as_array);
            let depends = || depends.into_iter().flatten().filter_map(Json::as_str);
            let is_table = |id: &&str| !["metric.", "semantic_model."].iter().any(|kind| id.starts_with(kind));
            let reads = depends().filter(is_table).map(|id| Reference::Id(RelationId::new(id), Position::START));
            let definition = Definition {
                said: match kind {
                    "exposure" => {
                        let metrics: BTreeSet<&str> = depends().filter(|id| !is_table(id)).collect();
                        let metrics = metrics.into_iter().collect::<Vec<_>>().join(", ");
                        [("metrics".to_owned(), metrics)].into_iter().filter(|(_, names)| !names.is_empty()).collect()
                    }
                    // A manifest repeats the measures there, and the model by its physical name.
                    _ => definition::said(said, &["model", "node_relation", "version"]),
                },
                reads: reads.collect(),
                path: self.file(said),
                dialect: self.dialect,
            };
            found.insert(defined, Arc::new(definition));
            for id in depends().filter(|id| !is_table(id)) {
                let section = if id.starts_with("metric.") { "metrics" } else { "semantic_models" };
                let held = self.manifest.get(section).and_then(|section| section.get(id)).and_then(Json::as_object);
                open.extend(held.map(|held| (id, held)));
            }
        }
        found
    }

    fn attributes(&self, node: &Object, config: &config::Config) -> Attributes {
        let meta = config.get("meta").or_else(|| node.get("meta"));
        let mut owners = Vec::new();
        let group = config::text(config, "group").or_else(|| text(node, "group").map(ToOwned::to_owned));
        let access = config::text(config, "access").or_else(|| text(node, "access").map(ToOwned::to_owned));
        if let Some(group) = &group {
            let id = format!("group.{}.{group}", text(node, "package_name").unwrap_or_default());
            let said = self.manifest.get("groups").and_then(|groups| groups.get(id));
            let mut contact = said.and_then(|said| said.get("owner")).and_then(properties::contact).unwrap_or_default();
            contact.name.get_or_insert_with(|| group.clone());
            owners.push(OwnerClaim { rule: OwnerRule::Group, contact });
        }
        owners.extend(properties::meta_owner(meta, OwnerRule::ModelMeta));
        Attributes {
            owners,
            criticality: criticality(meta),
            tags: texts(node.get("tags")).into_iter().collect(),
            // A manifest says `protected` of every model of which nobody said anything.
            access: access.and_then(|access| Access::parse(&access)).filter(|access| *access != Access::Protected),
            group,
        }
    }

    fn physical(&self, node: &Object, table: &str) -> Option<RelationName> {
        let own = text(node, table).or_else(|| text(node, "name"))?;
        let parts = [text(node, "database"), text(node, "schema"), Some(own)];
        // Unquoted as dbt prints it means folded as the warehouse does; `relation_name` tells which.
        let printed = text(node, "relation_name").unwrap_or_default();
        let quoting = |part: &str| {
            let quoted = ['"', '`'].iter().any(|mark| printed.contains(&format!("{mark}{part}{mark}")));
            if quoted { Quoting::Quoted } else { Quoting::Bare }
        };
        Some(RelationName::new(self.dialect, parts.into_iter().flatten().map(|part| (part, quoting(part)))))
    }

    fn file(&self, node: &Object) -> Arc<str> {
        text(node, "original_file_path")
            .map_or_else(|| Arc::clone(&self.path), |path| Arc::from(path.replace('\\', "/")))
    }
}

fn texts(value: Option<&Json>) -> Vec<String> {
    match value {
        Some(Json::String(text)) => vec![text.clone()],
        Some(Json::Array(items)) => items.iter().filter_map(Json::as_str).map(ToOwned::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// A node as a property file would describe it: columns as a list, with the tests that hold for them.
fn described(node: &Object, tests: &[(&Object, &Object)]) -> Object {
    let mut said = Object::new();
    let mut columns: Vec<Object> = node
        .get("columns")
        .and_then(Json::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(_, column)| column.as_object().cloned())
        .collect();
    let mut whole = Vec::new();
    for (test, metadata) in tests {
        let Some(name) = text(metadata, "name") else { continue };
        let namespace = text(metadata, "namespace").unwrap_or("dbt");
        // A project may write dbt's tests anew.
        let macros = test.get("depends_on").and_then(|depends| depends.get("macros")).and_then(Json::as_array);
        let is_another = |id: &str| {
            let (package, called) = id.trim_start_matches("macro.").split_once('.').unwrap_or_default();
            called.ends_with(&format!("test_{name}")) && package != namespace
        };
        if macros.into_iter().flatten().filter_map(Json::as_str).any(is_another) {
            continue;
        }
        let mut arguments = metadata.get("kwargs").and_then(Json::as_object).cloned().unwrap_or_default();
        if let Some(config) = test.get("config") {
            // A manifest spells out every key; `where: null` says nothing.
            let config = config.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
            arguments.insert(
                "config".to_owned(),
                Json::Object(config.map(|(key, value)| (key.clone(), value.clone())).collect()),
            );
        }
        let entry = Json::Object(std::iter::once((format!("{namespace}.{name}"), Json::Object(arguments))).collect());
        match text(test, "column_name") {
            None => whole.push(entry),
            Some(column) => {
                let held = columns
                    .iter_mut()
                    .find(|held| text(held, "name").is_some_and(|name| name.eq_ignore_ascii_case(column)));
                let held = match held {
                    Some(held) => held,
                    None => {
                        columns.push(std::iter::once(("name".to_owned(), Json::from(column))).collect());
                        let last = columns.len() - 1;
                        &mut columns[last]
                    }
                };
                if let Json::Array(tests) = held.entry("tests").or_insert_with(|| Json::Array(Vec::new())) {
                    tests.push(entry);
                }
            }
        }
    }
    said.insert("columns".to_owned(), Json::Array(columns.into_iter().map(Json::Object).collect()));
    said.insert("tests".to_owned(), Json::Array(whole));
    if let Some(constraints) = node.get("constraints") {
        said.insert("constraints".to_owned(), constraints.clone());
    }
    said
}

#[cfg(test)]
mod tests;
