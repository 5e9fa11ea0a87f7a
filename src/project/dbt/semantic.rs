//! The semantic layer of a package: semantic models, metrics and saved queries, as what reads models.
//! It must not know how a metric is computed, only from which columns and by which definitions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headsup_lineage::dialect::Dialect;
use headsup_lineage::relation::{Reference, RelationId};
use serde_json::{Map, Value as Json};

use super::assemble::criticality;
use super::config;
use super::declared::depended;
use super::engine::Engine;
use super::graph::Graph;
use super::nodes::Known;
use super::properties::{self, Entry, Object, meta_owner, objects};
use super::render;
use super::sought::Sought;
use crate::project::definition::{self, Defined, DefinedBy, Definition};
use crate::project::{Contact, DeclaredJob, JobKind, OwnerClaim, OwnerRule};

/// The owners of groups, by package and group.
type Groups = BTreeMap<(Arc<str>, String), Arc<Object>>;

/// A consumer with what it says, rendered.
struct Said<'a> {
    entry: &'a Entry,
    said: Arc<Object>,
    config: config::Config,
}

impl Said<'_> {
    /// What it says by itself, under the name of its job; some of its keys are told in another way.
    fn definition(&self, kind: &str, elsewhere: &[&str], read: Option<&Reference>, dialect: Dialect) -> DefinedBy {
        let Some(name) = properties::name(&self.said) else { return DefinedBy::new() };
        let definition = Definition {
            said: definition::said(&self.said, elsewhere),
            reads: read.cloned().into_iter().collect(),
            path: Arc::clone(&self.entry.path),
            dialect,
        };
        let defined = Defined { name: Arc::from(format!("{kind}:{name}")), part: None };
        DefinedBy::from([(defined, Arc::new(definition))])
    }
}

/// A semantic model: the relation that it stands for, and what its parts are called in it.
struct Semantic<'a> {
    said: Said<'a>,
    model: Reference,
    /// What the relation is called, for [`DeclaredJob::columns`].
    relation: String,
    /// Columns by entity, dimension and measure; `None` for one that is computed.
    parts: BTreeMap<String, Option<String>>,
    entities: BTreeSet<String>,
    /// What it says of itself and of each of its parts.
    definitions: DefinedBy,
    /// The dimension of time by which each measure is added up, and what else it needs.
    measures: BTreeMap<String, BTreeSet<String>>,
}

/// What something is computed from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Needs {
    /// Relations, each with its columns, or all of it.
    reads: BTreeMap<usize, Columns>,
    definitions: DefinedBy,
}

/// How much of a relation is read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Columns {
    All,
    Some(BTreeSet<String>),
}

impl Needs {
    fn add(&mut self, semantic: usize, columns: Columns) {
        let held = self.reads.entry(semantic).or_insert_with(|| Columns::Some(BTreeSet::new()));
        match (held, columns) {
            (Columns::Some(held), Columns::Some(more)) => held.extend(more),
            (held, Columns::All) => *held = Columns::All,
            (Columns::All, Columns::Some(_)) => {}
        }
    }

    fn take(&mut self, other: &Self) {
        for (semantic, columns) in &other.reads {
            self.add(*semantic, columns.clone());
        }
        self.define(&other.definitions);
    }

    fn define<'d>(&mut self, definitions: impl IntoIterator<Item = (&'d Defined, &'d Arc<Definition>)>) {
        self.definitions.extend(definitions.into_iter().map(|(defined, said)| (defined.clone(), Arc::clone(said))));
    }
}

/// The semantic layer of a package.
pub(super) struct Layer<'a> {
    semantics: Vec<Semantic<'a>>,
    metrics: BTreeMap<String, Said<'a>>,
    saved: Vec<Said<'a>>,
    /// What the metrics of before 1.6 read, which name a model themselves.
    direct: BTreeMap<String, Reference>,
    /// In which expressions are written.
    dialect: Dialect,
}

impl<'a> Layer<'a> {
    /// Reads what property files declare and nobody switched off.
    pub(super) fn read(engine: &Arc<Engine>, known: &Known<'a>, graph: &Graph) -> Self {
        let package = &known.package.name;
        let dialect = engine.world.dialect;
        let read = |entries: &'a [Entry], section: &str| -> Vec<Said<'a>> {
            let said = entries.iter().map(|entry| {
                let said = render::object(engine, package, &entry.path, &entry.said, &Sought::default());
                let mut fqn = known.prefix(&entry.inner);
                fqn.extend(properties::name(&said).map(ToOwned::to_owned));
                let config = known.consumer_config(section, &fqn, &said);
                Said { entry, said, config }
            });
            said.filter(|said| config::is_enabled(&said.config)).collect()
        };
        let model = |said: &Said<'a>| {
            let text = said.said.get("model").and_then(Json::as_str)?;
            depended(engine, graph, package, text, said.entry).ok().flatten()
        };
        let mut semantics = Vec::new();
        for said in read(&known.properties.semantic_models, "semantic-models") {
            if let Some(model) = model(&said) {
                let relation = table_of(&model, graph);
                semantics.push(semantic(said, model, relation, dialect));
            }
        }
        let mut metrics = BTreeMap::new();
        let mut direct = BTreeMap::new();
        for said in read(&known.properties.metrics, "metrics") {
            let Some(name) = properties::name(&said.said).map(ToOwned::to_owned) else { continue };
            direct.extend(model(&said).map(|model| (name.clone(), model)));
            metrics.insert(name, said);
        }
        let saved = read(&known.properties.saved_queries, "saved-queries");
        Self { semantics, metrics, saved, direct, dialect }
    }

    /// What a metric is computed from, and by which definitions.
    pub(super) fn of_metric(&self, name: &str) -> (Vec<Reference>, DefinedBy) {
        let needs = self.metric(name, &mut BTreeSet::new());
        let mut reads: Vec<Reference> =
            needs.reads.keys().map(|semantic| self.semantics[*semantic].model.clone()).collect();
        reads.extend(self.direct.get(name).cloned());
        (reads, needs.definitions)
    }

    /// Everything of the layer that reads a relation, as consumers.
    pub(super) fn consumers(&self, package: &Arc<str>, groups: &Groups) -> Vec<DeclaredJob> {
        let mut found = Vec::new();
        for (index, semantic) in self.semantics.iter().enumerate() {
            let mut needs = Needs::default();
            needs.add(index, semantic.all());
            needs.define(&semantic.definitions);
            found.extend(self.consumer("semantic_model", &semantic.said, &needs, package, groups));
        }
        for (name, said) in &self.metrics {
            let needs = self.metric(name, &mut BTreeSet::new());
            found.extend(self.consumer("metric", said, &needs, package, groups));
        }
        for said in &self.saved {
            let asked = said.said.get("query_params").and_then(Json::as_object);
            let mut needs = Needs::default();
            needs.define(&said.definition("saved_query", &[], None, self.dialect));
            for metric in asked.and_then(|asked| asked.get("metrics")).and_then(Json::as_array).into_iter().flatten() {
                if let Some(name) = named(metric) {
                    needs.take(&self.metric(name, &mut BTreeSet::new()));
                }
            }
            for key in ["group_by", "where"] {
                let text = asked.and_then(|asked| asked.get(key)).map(Json::to_string).unwrap_or_default();
                let own = needs.clone();
                needs.take(&self.asked_for(&text, &own));
            }
            found.extend(self.consumer("saved_query", said, &needs, package, groups));
        }
        found
    }

    fn consumer(
        &self,
        kind: &str,
        said: &Said<'_>,
        needs: &Needs,
        package: &Arc<str>,
        groups: &Groups,
    ) -> Option<DeclaredJob> {
        let name = properties::name(&said.said)?;
        let mut reads: Vec<Reference> = Vec::new();
        let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut whole = BTreeSet::new();
        for (semantic, asked) in &needs.reads {
            let semantic = &self.semantics[*semantic];
            reads.push(semantic.model.clone());
            match asked {
                Columns::All => {
                    whole.insert(&semantic.relation);
                }
                Columns::Some(names) => {
                    columns.entry(semantic.relation.clone()).or_default().extend(names.iter().cloned())
                }
            }
        }
        columns.retain(|relation, _| !whole.contains(relation));
        reads.extend((kind == "metric").then(|| self.direct.get(name).cloned()).flatten());
        reads.sort();
        reads.dedup();
        if reads.is_empty() {
            return None;
        }
        let meta = said.config.get("meta");
        let group = config::text(&said.config, "group").and_then(|group| {
            let said = groups.get(&(Arc::clone(package), group.clone()))?;
            let mut contact: Contact = said.get("owner").and_then(properties::contact).unwrap_or_default();
            contact.name.get_or_insert(group);
            Some(OwnerClaim { rule: OwnerRule::Group, contact })
        });
        Some(DeclaredJob {
            name: format!("{kind}:{name}"),
            kind: JobKind::Query,
            owners: meta_owner(meta, OwnerRule::ExposureMeta).into_iter().chain(group).collect(),
            criticality: criticality(meta),
            reads,
            columns,
            definitions: needs.definitions.clone(),
            path: Arc::clone(&said.entry.path),
            position: said.entry.position,
            url: None,
        })
    }

    /// What a metric needs; one that is defined by itself needs nothing more.
    fn metric(&self, name: &str, seen: &mut BTreeSet<String>) -> Needs {
        let mut needs = Needs::default();
        if !seen.insert(name.to_owned()) {
            return needs;
        }
        let Some(said) = self.metrics.get(name) else {
            // A measure may ask for a metric of its own name.
            return self.measure(name);
        };
        needs.define(&said.definition("metric", &["model"], self.direct.get(name), self.dialect));
        let nothing = Map::new();
        let asked = said.said.get("type_params").and_then(Json::as_object).unwrap_or(&nothing);
        let mut measures: Vec<&Json> = asked.get("measure").into_iter().collect();
        let conversion = asked.get("conversion_type_params").and_then(Json::as_object);
        for key in ["base_measure", "conversion_measure"] {
            measures.extend(conversion.and_then(|conversion| conversion.get(key)));
        }
        let entity =
            conversion.and_then(|conversion| conversion.get("entity")).map(Json::to_string).unwrap_or_default();
        for measure in measures {
            needs.take(&named(measure).map(|name| self.measure(name)).unwrap_or_default());
        }
        let listed = asked.get("metrics").and_then(Json::as_array).into_iter().flatten();
        for metric in ["numerator", "denominator"].iter().filter_map(|key| asked.get(*key)).chain(listed) {
            needs.take(&named(metric).map(|name| self.metric(name, seen)).unwrap_or_default());
        }
        let mut filters = String::new();
        collect_filters(&Json::Object(Object::clone(&said.said)), &mut filters);
        let own = needs.clone();
        needs.take(&self.asked_for(&filters, &own));
        if !entity.is_empty() {
            for semantic in own.reads.keys() {
                needs.add(*semantic, Columns::All);
                needs.define(self.semantics[*semantic].parts_named(&["entity"], |part| entity.contains(part)));
            }
        }
        needs
    }

    fn measure(&self, name: &str) -> Needs {
        let mut needs = Needs::default();
        let with = self.semantics.iter().enumerate().find(|(_, semantic)| semantic.measures.contains_key(name));
        if let Some((index, semantic)) = with {
            let needed = semantic.measures.get(name).into_iter().flatten().map(String::as_str);
            needs.add(index, semantic.columns(needed.clone().chain([name])));
            needs.define(semantic.parts_named(&["measure"], |part| part == name));
            needs.define(semantic.parts_named(&BESIDE, |part| needed.clone().any(|needed| needed == part)));
        }
        needs
    }

    /// What a filter or a grouping names: parts of the semantic models at hand, and whatever is joined by
    /// an entity that it names.
    fn asked_for(&self, text: &str, own: &Needs) -> Needs {
        let mut needs = Needs::default();
        let words: BTreeSet<&str> = text
            .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .flat_map(|word| word.split("__"))
            .filter(|word| !word.is_empty())
            .collect();
        if words.is_empty() {
            return needs;
        }
        for (index, semantic) in self.semantics.iter().enumerate() {
            let named: Vec<&str> =
                semantic.parts.keys().map(String::as_str).filter(|part| words.contains(part)).collect();
            let is_own = own.reads.contains_key(&index);
            // What is joined is joined for a dimension of it, by an entity that both have.
            let is_entity = |part: &str| semantic.entities.contains(part);
            let is_joined = named.iter().any(|part| is_entity(part)) && named.iter().any(|part| !is_entity(part));
            if (is_own && !named.is_empty()) || is_joined {
                needs.define(semantic.parts_named(&BESIDE, |part| named.contains(&part)));
                needs.add(index, semantic.columns(named));
            }
        }
        for word in words {
            if text.contains("Metric(") && self.metrics.contains_key(word) {
                needs.take(&self.metric(word, &mut BTreeSet::from([word.to_owned()])));
            }
        }
        needs
    }
}

impl Semantic<'_> {
    /// The columns behind some parts; all, if one of them is computed.
    fn columns<'n>(&self, parts: impl IntoIterator<Item = &'n str>) -> Columns {
        let mut columns = BTreeSet::new();
        for part in parts {
            match self.parts.get(part) {
                Some(Some(column)) => columns.extend((!column.is_empty()).then(|| column.clone())),
                Some(None) => return Columns::All,
                None => {}
            }
        }
        // A job that names no column of a table reads all of it, and counting rows needs none.
        if columns.is_empty() { Columns::All } else { Columns::Some(columns) }
    }

    fn all(&self) -> Columns {
        self.columns(self.parts.keys().map(String::as_str))
    }

    /// What it says of itself, and of its parts of some kinds and names.
    fn parts_named<'d>(
        &'d self,
        kinds: &[&str],
        is_named: impl Fn(&str) -> bool,
    ) -> impl Iterator<Item = (&'d Defined, &'d Arc<Definition>)> {
        self.definitions.iter().filter(move |(defined, _)| match &defined.part {
            None => true,
            Some((kind, name)) => kinds.contains(kind) && is_named(name),
        })
    }
}

/// The kinds of parts that filters and groupings name.
const BESIDE: [&str; 2] = ["dimension", "entity"];

fn semantic(said: Said<'_>, model: Reference, relation: String, dialect: Dialect) -> Semantic<'_> {
    let mut parts = BTreeMap::new();
    let mut entities = BTreeSet::new();
    let mut measures = BTreeMap::new();
    let object = &said.said;
    let text = |held: &Object, key: &str| held.get(key).and_then(Json::as_str).map(ToOwned::to_owned);
    let default = object.get("defaults").and_then(|defaults| defaults.get("agg_time_dimension")).and_then(Json::as_str);
    const OWN: [&str; 5] = ["defaults", "dimensions", "entities", "measures", "model"];
    let mut definitions = said.definition("semantic_model", &OWN, Some(&model), dialect);
    let own = definitions.first_key_value().map(|(defined, _)| Arc::clone(&defined.name)).unwrap_or_default();
    for (section, kind) in [("entities", "entity"), ("dimensions", "dimension"), ("measures", "measure")] {
        for part in objects(object, section) {
            let Some(name) = properties::name(part).map(ToOwned::to_owned) else { continue };
            let mut full = part.clone();
            if full.get("expr").is_none_or(Json::is_null) {
                full.insert("expr".to_owned(), Json::from(name.as_str()));
            }
            if let ("measure", None, Some(default)) = (kind, text(part, "agg_time_dimension"), default) {
                full.insert("agg_time_dimension".to_owned(), Json::from(default));
            }
            let definition = Definition {
                said: definition::said(&full, &[]),
                reads: Vec::new(),
                path: Arc::clone(&said.entry.path),
                dialect,
            };
            let defined = Defined { name: Arc::clone(&own), part: Some((kind, Arc::from(name.as_str()))) };
            definitions.insert(defined, Arc::new(definition));
            let column = match part.get("expr") {
                None | Some(Json::Null) => Some(name.clone()),
                Some(Json::String(expression)) => column_of(expression),
                // A number, as in counting rows.
                Some(_) => Some(String::new()),
            };
            match section {
                "entities" => {
                    entities.insert(name.clone());
                }
                "measures" => {
                    let time = text(part, "agg_time_dimension").or_else(|| default.map(ToOwned::to_owned));
                    let additive = part.get("non_additive_dimension").and_then(Json::as_object);
                    let window =
                        additive.and_then(|additive| additive.get("window_groupings")).and_then(Json::as_array);
                    let window = window.into_iter().flatten().filter_map(Json::as_str).map(ToOwned::to_owned);
                    let needed =
                        time.into_iter().chain(additive.and_then(|additive| text(additive, "name"))).chain(window);
                    measures.insert(name.clone(), needed.collect());
                }
                _ => {}
            }
            // A measure may be called like a dimension: then both columns count.
            match (parts.get(&name), &column) {
                (Some(held), column) if held != column => {
                    parts.insert(name, None);
                }
                _ => {
                    parts.insert(name, column);
                }
            }
        }
    }
    Semantic { said, model, relation, parts, entities, definitions, measures }
}

/// The column that an expression is; an empty name for a constant number, `None` for what is computed.
fn column_of(expression: &str) -> Option<String> {
    let text = expression.trim();
    if text.parse::<f64>().is_ok() {
        return Some(String::new());
    }
    let is_name = text.chars().all(|letter| letter.is_alphanumeric() || letter == '_') && !text.is_empty();
    is_name.then(|| text.to_owned())
}

/// `x`, or `{name: x, …}`.
fn named(value: &Json) -> Option<&str> {
    value.as_str().or_else(|| value.get("name").and_then(Json::as_str))
}

/// The texts of all filters in an object, however deep.
fn collect_filters(value: &Json, text: &mut String) {
    match value {
        Json::Object(pairs) => {
            for (key, held) in pairs {
                if key == "filter" || key == "filters" {
                    text.push_str(&held.to_string());
                    text.push(' ');
                } else {
                    collect_filters(held, text);
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| collect_filters(item, text)),
        _ => {}
    }
}

/// What the warehouse calls a relation, or how it was written if nothing here builds it.
fn table_of(model: &Reference, graph: &Graph) -> String {
    match model {
        Reference::Name(read) => read.name.to_string(),
        Reference::Id(id, _) => graph.table_called(id).unwrap_or_else(|| last_part(id)),
    }
}

fn last_part(id: &RelationId) -> String {
    id.as_str().rsplit('.').next().unwrap_or_default().to_owned()
}
