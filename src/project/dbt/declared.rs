//! What property files declare beside nodes: sources and exposures.

use std::collections::BTreeSet;
use std::sync::Arc;

use headsup_lineage::diagnostic::{Diagnostic, Position};
use headsup_lineage::name::RelationName;
use headsup_lineage::query::{Read, ReadRole};
use headsup_lineage::relation::{Declaration, Reference, Relation, RelationId, RelationKind, Rung};
use rayon::prelude::*;
use serde_json::Value as Json;

use super::assemble::criticality;
use super::config::{self, Config, ELSEWHERE};
use super::engine::Engine;
use super::graph::{Entry as GraphEntry, Graph};
use super::nodes::Known;
use super::physical;
use super::proof::SECTIONS;
use super::properties::{self, Entry, Object, SourceEntry, meta_owner};
use super::recall::Recall;
use super::relation::TableName;
use super::render;
use super::rewrite::matching;
use super::scan::reference;
use super::semantic::Layer;
use super::sought::Sought;
use super::split::{arguments, literal};
use super::subject::Subject;
use super::tokens::tokens;
use super::told::OfSource;
use crate::project::definition::{Defined, DefinedBy, Definition};
use crate::project::{Attributes, DeclaredJob, JobKind, OwnerClaim, OwnerRule};

/// A table of a source.
#[derive(Debug)]
pub(super) struct Source {
    /// Its entry in the graph.
    pub(super) entry: GraphEntry,
    /// The source and the table, as `source()` names them.
    pub(super) key: (String, String),
    /// The relation.
    pub(super) relation: Arc<Relation>,
    /// What is told of it.
    pub(super) told: OfSource,
    /// Owners and tags.
    pub(super) attributes: Attributes,
}

/// The sources of a package that are switched on: as they were found before, where nothing that they depend on
/// differs.
pub(super) fn sources(engine: &Arc<Engine>, known: &Known<'_>, recall: &Recall) -> Vec<Arc<[Source]>> {
    let sections = |settings: &Json| ["sources", SECTIONS[0], SECTIONS[1]].map(|key| settings.get(key).cloned());
    let files = [Some(known.settings), known.root].into_iter().flatten();
    let mut configured: Vec<Option<Json>> = files.flat_map(sections).collect();
    configured.extend(known.replaced_tests.iter().map(|test| Some(Json::from(*test))));
    let package = &known.package.name;
    let found = |entry: &Arc<SourceEntry>| {
        recall.sources(engine, package, entry, &configured, |sought| tables(engine, known, entry, sought).into())
    };
    known.properties.sources.par_iter().map(found).collect()
}

/// The tables of one source that are switched on.
fn tables(engine: &Arc<Engine>, known: &Known<'_>, entry: &SourceEntry, sought: &Sought) -> Vec<Source> {
    let mut found = Vec::new();
    let package = &known.package.name;
    let Entry { path, inner, .. } = &entry.source;
    let said = render::object(engine, package, path, &entry.source.said, sought);
    let Some(source_name) = properties::name(&said) else { return found };
    let prefix = known.prefix(inner);
    for (table, position) in &entry.tables {
        let table = render::object(engine, package, path, table, sought);
        let Some(table_name) = properties::name(&table) else { continue };
        let mut fqn = prefix.clone();
        fqn.extend([source_name.to_owned(), table_name.to_owned()]);
        let config = known.source_config(&said, &fqn, &table);
        let off = |held: &Object| held.get("enabled").and_then(config::truthy) == Some(false);
        if !config::is_enabled(&config) || off(&said) || off(&table) {
            continue;
        }
        let place = (path, *position);
        let table = known.trusting(&table, inner, &format!("{source_name}_{table_name}"));
        found.push(source(engine, package, place, (&said, source_name), (&table, table_name), &config));
    }
    found
}

fn source(
    engine: &Arc<Engine>,
    package: &Arc<str>,
    (path, position): (&Arc<str>, Position),
    (said, source_name): (&Arc<Object>, &str),
    (table, table_name): (&Arc<Object>, &str),
    config: &Config,
) -> Source {
    let world = &engine.world;
    let id = format!("source.{package}.{source_name}.{table_name}");
    let subject = Subject { name: table_name.to_owned(), ..Subject::default() };
    let physical: TableName = physical::source_table(engine, &subject, said, table);
    let relation = Relation {
        id: RelationId::new(id.as_str()),
        name: RelationName::bare(world.dialect, [source_name, table_name]),
        aliases: physical::aliases(&physical),
        kind: RelationKind::Source,
        rung: Rung::Open,
        project: Arc::clone(&world.root),
        writers: Vec::new(),
        declared_in: Some((Arc::clone(path), position)),
        schema: properties::schema(table, world.dialect),
        declaration: Declaration::Described,
        config: config::of_source(config, table.get("external"))
            .into_iter()
            .chain(named_elsewhere([&**said, &**table], config))
            .collect(),
    };
    let meta = config.get("meta");
    let tags = config.get("tags").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    Source {
        entry: GraphEntry {
            id,
            package: package.to_string(),
            table: Arc::new(physical),
            version: None,
            is_latest: true,
        },
        key: (source_name.to_owned(), table_name.to_owned()),
        relation: Arc::new(relation),
        told: OfSource { source: Arc::clone(said), table: Arc::clone(table), config: config.clone() },
        attributes: Attributes {
            owners: meta_owner(meta, OwnerRule::ModelMeta).into_iter().collect(),
            criticality: criticality(meta),
            tags: tags.map(ToOwned::to_owned).collect(),
            ..Attributes::default()
        },
    }
}

/// From what the names of a source's table are computed, where they may be others elsewhere, and whether it is on.
fn named_elsewhere<'s>(said: [&'s Object; 2], config: &'s Config) -> impl Iterator<Item = (Arc<str>, Arc<str>)> + 's {
    const NAMING: [&str; 6] = ["catalog", "database", "enabled", "identifier", "name", "schema"];
    let said = said.into_iter().flat_map(|held| held.iter()).chain(config);
    said.filter_map(|(key, text)| {
        let is_naming = key.strip_suffix(ELSEWHERE).is_some_and(|key| NAMING.contains(&key));
        is_naming.then(|| (Arc::from(key.as_str()), Arc::from(text.to_string())))
    })
}

/// The exposures of a package that are switched on.
pub(super) fn exposures(
    engine: &Arc<Engine>,
    known: &Known<'_>,
    graph: &Graph,
    layer: &Layer<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<DeclaredJob> {
    let package = &known.package.name;
    let mut jobs = Vec::new();
    for entry in &known.properties.exposures {
        let said = render::object(engine, package, &entry.path, &entry.said, &Sought::default());
        let mut fqn = known.prefix(&entry.inner);
        fqn.extend(properties::name(&said).map(ToOwned::to_owned));
        let config = known.consumer_config("exposures", &fqn, &said);
        let Some(name) = properties::name(&said).filter(|_| config::is_enabled(&config)) else { continue };
        let (mut reads, mut definitions, mut metrics) = (Vec::new(), DefinedBy::new(), BTreeSet::new());
        for dependency in said.get("depends_on").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
        {
            match depended(engine, graph, package, dependency, entry) {
                Ok(Some(read)) => reads.push(read),
                Ok(None) => metrics.extend(metric_named(dependency)),
                Err(diagnostic) => {
                    diagnostics.push(diagnostic.0);
                    reads.extend(diagnostic.1);
                }
            }
        }
        let depends = metrics.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let own = Definition {
            said: (!metrics.is_empty()).then(|| ("metrics".to_owned(), depends)).into_iter().collect(),
            reads: reads.clone(),
            path: Arc::clone(&entry.path),
            dialect: engine.world.dialect,
        };
        definitions.insert(Defined { name: Arc::from(format!("exposure:{name}")), part: None }, Arc::new(own));
        for (read, defined) in metrics.iter().map(|name| layer.of_metric(name)) {
            reads.extend(read);
            definitions.extend(defined);
        }
        reads.sort();
        reads.dedup();
        let metas = [config.get("meta"), said.get("meta")];
        let mut owners: Vec<OwnerClaim> =
            metas.iter().filter_map(|meta| meta_owner(*meta, OwnerRule::ExposureMeta)).collect();
        owners.extend(
            said.get("owner")
                .and_then(properties::contact)
                .map(|contact| OwnerClaim { rule: OwnerRule::Exposure, contact }),
        );
        owners.dedup();
        let columns = metas.iter().flatten().find_map(|meta| meta.get("referenced_columns")).and_then(Json::as_object);
        jobs.push(DeclaredJob {
            name: name.to_owned(),
            kind: JobKind::Exposure,
            owners,
            criticality: metas.iter().find_map(|meta| criticality(*meta)),
            reads,
            columns: columns.into_iter().flatten().map(|(relation, names)| (relation.clone(), texts(names))).collect(),
            definitions,
            path: Arc::clone(&entry.path),
            position: entry.position,
            url: said.get("url").and_then(Json::as_str).map(ToOwned::to_owned),
        });
    }
    jobs
}

fn texts(value: &Json) -> Vec<String> {
    match value {
        Json::String(text) => vec![text.clone()],
        Json::Array(items) => items.iter().filter_map(Json::as_str).map(ToOwned::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// An unknown dependency, and the external relation that it is taken for.
pub(super) struct Unknown(Diagnostic, Option<Reference>);

/// The metric that an entry of `depends_on` names.
fn metric_named(text: &str) -> Option<String> {
    let inside = text.trim().trim_start_matches("{{").trim().strip_prefix("metric")?.trim_start().strip_prefix('(')?;
    let name = inside.split(')').next()?.rsplit(',').next()?.trim().trim_matches(['\'', '"']);
    Some(name.to_owned())
}

/// What an entry of `depends_on` means; a metric means nothing that is built.
pub(super) fn depended(
    engine: &Engine,
    graph: &Graph,
    package: &str,
    text: &str,
    entry: &Entry,
) -> Result<Option<Reference>, Box<Unknown>> {
    let call = text.trim().trim_start_matches("{{").trim_end_matches("}}").trim();
    let found = tokens(call, 0..call.len());
    let name = found.first().map_or("", |token| token.text(call));
    let closing = matching(call, &found, 1);
    let args = closing.map(|closing| arguments(call, &found[2..closing])).unwrap_or_default();
    let names: Option<Vec<String>> = args.iter().map(|arg| literal(call, arg)).collect();
    let (resolved, parts) = match (name, names.as_deref()) {
        ("ref", _) => match reference(call, &args) {
            Some(wanted) => (graph.reference(package, &wanted), vec![wanted.name]),
            None => (None, Vec::new()),
        },
        ("source", Some([source, table])) => {
            (graph.source(package, source, table), vec![source.clone(), table.clone()])
        }
        ("metric", _) => return Ok(None),
        _ => (None, Vec::new()),
    };
    if let Some(resolved) = resolved {
        return Ok(Some(Reference::Id(RelationId::new(resolved.id.as_str()), entry.position)));
    }
    let read = (!parts.is_empty()).then(|| {
        let name = RelationName::bare(engine.world.dialect, parts.iter().map(String::as_str));
        Reference::Name(Read { name, role: ReadRole::Table, position: entry.position })
    });
    let diagnostic =
        Diagnostic::warning("unknown-ref", format!("the exposure depends on `{call}`, which is not there"))
            .in_file(&*entry.path)
            .at(entry.position)
            .hint("correct the name under `depends_on`, or enable the model");
    Err(Box::new(Unknown(diagnostic, read)))
}
