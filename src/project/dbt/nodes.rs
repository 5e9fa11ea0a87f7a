//! The nodes of a project: which files are models, seeds and snapshots, what is configured of each,
//! and dbt's first reading of each, in which refs are collected.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use headsup_lineage::diagnostic::{Diagnostic, Position};
use headsup_lineage::parse::parse;
use headsup_lineage::query::ReadRole;
use headsup_lineage::relation::RelationKind;
use rayon::prelude::*;
use serde_json::{Map, Value as Json};

use super::call::Located;
use super::conditions::may_be_enabled;
use super::config::{self, Config};
use super::engine::{Engine, Macro, Run};
use super::layout::{Folder, Package};
use super::properties::{Entry, Object, Properties, name as name_of, objects};
use super::recall::{Recall, Told};
use super::rewrite::{self, Rewritten};
use super::sought::Sought;
use super::split::{BlockKind, blocks};
use super::subject::{Captured, Pass, RefCall, Sees, Subject};
use super::tokens::plain_spaces;
use super::trace::Renderings;
use super::values::lock;
use super::world::TARGET_SCHEMA;
use super::{render, setup};
use crate::snapshot::Snapshot;

/// What fills a node.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// A template: a file, the part of it, the template made of it, and the macros beside it.
    Template { file: Arc<str>, body: Range<usize>, template: Arc<Rewritten>, local: Arc<[Arc<Macro>]> },
    /// A Python model.
    Python(Arc<str>),
    /// Rows.
    Data,
    /// A file that is no text.
    Unreadable,
}

impl Content {
    /// Whether another one is of the same text. All else of a template is made from that.
    fn is_same(&self, other: &Self) -> bool {
        let same = |one: &Arc<str>, other: &Arc<str>| Arc::ptr_eq(one, other) || one == other;
        match (self, other) {
            (Self::Template { file, body, .. }, Self::Template { file: other, body: range, .. }) => {
                body == range && same(file, other)
            }
            (Self::Python(text), Self::Python(other)) => same(text, other),
            (Self::Data, Self::Data) | (Self::Unreadable, Self::Unreadable) => true,
            _ => false,
        }
    }
}

/// A node as its file and its properties tell it.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// What it is.
    pub(super) kind: RelationKind,
    /// The package.
    pub(super) package: Arc<str>,
    /// The file.
    pub(super) path: Arc<str>,
    /// Where in the file.
    pub(super) position: Position,
    /// The name, without its version.
    pub(super) name: String,
    /// The version.
    pub(super) version: Option<String>,
    /// Whether a `ref` without a version means this one.
    pub(super) is_latest: bool,
    /// Package, folders, name, version.
    pub(super) fqn: Vec<String>,
    /// What fills it.
    pub(super) content: Content,
    /// What its properties say.
    pub(super) said: Arc<Object>,
    /// What is configured before and after its own file says something.
    configured: Arc<Configured>,
}

/// What is configured of a node beside its own file.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Configured {
    /// Before that says something.
    before: Config,
    /// What the root project configures after that, for a node of another package.
    after: Vec<Map<String, Json>>,
}

/// A node after dbt's first reading.
#[derive(Debug)]
pub(super) struct Node {
    /// Its file and properties.
    pub(super) candidate: Candidate,
    /// Its id.
    pub(super) id: String,
    /// All its configuration.
    pub(super) config: Config,
    /// What the first reading found, but for its hooks.
    pub(super) captured: Captured,
    /// What it found of each of its hooks, by the hook's text.
    pub(super) hooks: Vec<(String, Captured)>,
    /// The text of the first reading, or why there is none.
    pub(super) parsed: Result<Arc<str>, Located>,
}

impl Candidate {
    /// What dbt calls it.
    pub(super) const fn resource(&self) -> &'static str {
        match self.kind {
            RelationKind::Seed => "seed",
            RelationKind::Snapshot => "snapshot",
            RelationKind::Routine => "function",
            _ => "model",
        }
    }

    /// Its name with its version.
    pub(super) fn full_name(&self) -> String {
        match &self.version {
            Some(version) => format!("{}_v{version}", self.name),
            None => self.name.clone(),
        }
    }

    /// What dbt calls it and nothing else.
    pub(super) fn id(&self) -> String {
        let version = self.version.as_ref().map(|version| format!(".v{version}")).unwrap_or_default();
        format!("{}.{}.{}{version}", self.resource(), self.package, self.name)
    }

    /// What a run of it is about.
    pub(super) fn subject(&self, config: &Config) -> Subject {
        let local: HashMap<String, Arc<Macro>> = match &self.content {
            Content::Template { local, .. } => {
                local.iter().map(|one| (one.name.to_string(), Arc::clone(one))).collect()
            }
            _ => HashMap::new(),
        };
        Subject {
            id: self.id(),
            resource: self.resource(),
            name: self.name.clone(),
            version: self.version.clone(),
            package: Arc::clone(&self.package),
            path: Arc::clone(&self.path),
            fqn: self.fqn.clone(),
            config: config.clone(),
            this: None,
            local,
            said: Arc::clone(&self.said),
            sees: Sees::All,
        }
    }

    /// Whether another one has the same file, and the same is said of it.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let Self { kind, package, path, position, name, version, is_latest, fqn, content, said, configured } = self;
        *kind == other.kind
            && *package == other.package
            && *path == other.path
            && *position == other.position
            && *name == other.name
            && *version == other.version
            && *is_latest == other.is_latest
            && *fqn == other.fqn
            && content.is_same(&other.content)
            && (Arc::ptr_eq(said, &other.said) || *said == other.said)
            && (Arc::ptr_eq(configured, &other.configured) || *configured == other.configured)
    }

    /// Reads it as dbt does first, to learn its configuration and what it refers to.
    pub(super) fn parse(self, engine: &Arc<Engine>, renderings: &Renderings, sought: &Sought) -> Node {
        let mut config = self.configured.before.clone();
        let mut captured = Captured::default();
        let mut parsed = Ok(Arc::from(""));
        match &self.content {
            Content::Template { file, template, body, .. } => {
                let subject = Arc::new(self.subject(&config));
                let part = (file, body);
                (parsed, captured) = renderings.render(engine, &subject, Pass::Parse, part, template, sought);
            }
            Content::Python(text) => super::python::capture(text, &mut captured),
            Content::Data | Content::Unreadable => {}
        }
        let mut said = Map::new();
        for (key, value) in &captured.config {
            // Calls of `config` add up as places do, but a later call replaces hooks of an earlier one.
            said.insert(key.clone(), value.clone());
        }
        config::merge(&mut config, &said);
        if let Content::Template { file, body, .. } = &self.content
            && !config::is_enabled(&config)
            && may_be_enabled(&file[body.clone()])
        {
            config.insert("enabled".to_owned(), Json::Bool(true));
        }
        for level in &self.configured.after {
            config::merge(&mut config, level);
        }
        let subject = LazyCell::new(|| Arc::new(self.subject(&config)));
        // A hook is a template of its own, and what it refers to counts.
        let mut hooks = Vec::new();
        for hook in ["pre_hook", "post_hook"].iter().filter_map(|key| config.get(*key)).flat_map(hook_texts) {
            let mut captured = Captured::default();
            if !render::is_template(hook) {
                captured.tables.extend(self.named_in(hook, &[], engine));
                hooks.push((hook.to_owned(), captured));
                continue;
            }
            let run = Run::new(engine, &subject, Pass::Parse);
            let template = rewrite::template(hook, &(0..hook.len()), &[], "");
            let sql = run.render(&template, hook);
            run.tell(sought);
            let found = lock(&run.captured);
            if let Ok(sql) = sql {
                captured.tables.extend(self.named_in(&sql, &found.refs, engine));
            }
            captured.refs.extend(found.refs.iter().cloned());
            captured.sources.extend(found.sources.iter().cloned());
            hooks.push((hook.to_owned(), captured));
        }
        drop(subject);
        Node { id: self.id(), config, captured, hooks, parsed, candidate: self }
    }
}

impl Candidate {
    /// The tables that the SQL of a hook reads by their names, but for the node's own; what `ref` and `this`
    /// stand for has the target's schema as long as the nodes are not all known, as has what the hook
    /// itself looks for there.
    fn named_in(&self, sql: &str, refs: &[RefCall], engine: &Engine) -> Vec<Vec<String>> {
        let script = parse(sql, engine.world.dialect);
        let reads = script.statements.iter().flat_map(|statement| &statement.reads);
        let reads = reads.filter(|read| read.role == ReadRole::Table);
        let named = reads.map(|read| read.name.keys().map(str::to_owned).collect::<Vec<_>>());
        let own = |parts: &[String]| parts.last().is_none_or(|table| table.eq_ignore_ascii_case(&self.name));
        let of_target = |parts: &[String]| parts.iter().any(|part| part.eq_ignore_ascii_case(TARGET_SCHEMA));
        let is_ref = |parts: &[String]| {
            of_target(parts)
                && parts.last().is_some_and(|table| refs.iter().any(|call| call.name.eq_ignore_ascii_case(table)))
        };
        named.filter(|parts| !own(parts) && !is_ref(parts)).collect()
    }
}

pub(super) fn hook_texts(hooks: &Json) -> Vec<&str> {
    let items = hooks.as_array().map_or_else(|| std::slice::from_ref(hooks), Vec::as_slice);
    items.iter().filter_map(|hook| hook.as_str().or_else(|| hook.get("sql").and_then(Json::as_str))).collect()
}

/// A package as nodes see it: its properties, and its project configuration, rendered.
pub(super) struct Known<'a> {
    /// The package.
    pub(super) package: &'a Package,
    /// Its property files.
    pub(super) properties: &'a Properties,
    /// Its project file with templates in configuration rendered.
    pub(super) settings: &'a Json,
    /// The project file of the root package, if that is another one.
    pub(super) root: Option<&'a Json>,
    /// The number of both, which other versions have that configure the same.
    pub(super) settings_number: usize,
    /// What was found of the nodes of other versions.
    pub(super) recall: &'a Recall,
    /// The tests of dbt that the project or a package writes anew.
    pub(super) replaced_tests: &'a BTreeSet<&'static str>,
}

impl Known<'_> {
    fn section<'a>(settings: &'a Json, section: &str) -> Option<&'a Map<String, Json>> {
        settings.get(section).and_then(Json::as_object)
    }

    /// What a node's configuration is before and after its own file.
    fn configured(&self, section: &str, fqn: &[String], said: &Object, default: &str) -> Configured {
        let mut before = Config::new();
        before.insert("materialized".to_owned(), Json::String(default.to_owned()));
        if let Some(section) = Self::section(self.settings, section) {
            for level in config::levels(section, fqn) {
                config::merge(&mut before, &level);
            }
        }
        // What is built takes tags from its configuration alone; exposures and metrics have them beside it.
        let is_built = matches!(section, "models" | "seeds" | "snapshots");
        let beside: &[&str] =
            if is_built { &["meta", "group", "access"] } else { &["meta", "tags", "group", "access"] };
        config::merge(&mut before, beside.iter().filter_map(|key| said.get_key_value(*key)));
        if let Some(Json::Object(config)) = said.get("config") {
            config::merge(&mut before, config);
        }
        let after = self.root.and_then(|root| Self::section(root, section));
        Configured { before, after: after.map(|section| config::levels(section, fqn)).unwrap_or_default() }
    }

    /// What templates see of exposures and metrics: the kind, the id, and what is said of each.
    pub(super) fn consumers(&self) -> impl Iterator<Item = (&'static str, String, Arc<Object>)> + '_ {
        let of = |kind: &'static str, section, entries: &'_ [Entry]| {
            let package = &self.package.name;
            let listed = |entry: &Entry| {
                Some((section, format!("{kind}.{package}.{}", name_of(&entry.said)?), Arc::clone(&entry.said)))
            };
            entries.iter().filter_map(listed).collect::<Vec<_>>()
        };
        let exposures = of("exposure", "exposures", &self.properties.exposures);
        exposures.into_iter().chain(of("metric", "metrics", &self.properties.metrics))
    }

    /// What is configured of an exposure, a metric and the like.
    pub(super) fn consumer_config(&self, section: &str, fqn: &[String], said: &Object) -> Config {
        let Configured { before: mut config, after } = self.configured(section, fqn, said, "");
        for level in after {
            config::merge(&mut config, &level);
        }
        config
    }

    /// Whether a source's table is switched on.
    pub(super) fn source_config(&self, source: &Object, fqn: &[String], said: &Object) -> Config {
        let Configured { before: mut config, after } = self.configured("sources", fqn, source, "source");
        let beside = ["meta", "tags"].iter().filter_map(|key| said.get_key_value(*key));
        config::merge(&mut config, beside);
        for said in [source.get("config"), said.get("config")].into_iter().flatten().filter_map(Json::as_object) {
            config::merge(&mut config, said);
        }
        for level in after {
            config::merge(&mut config, &level);
        }
        config
    }

    /// The package and the folders of a file.
    pub(super) fn prefix(&self, inner: &str) -> Vec<String> {
        let mut fqn = vec![self.package.name.to_string()];
        let mut folders: Vec<&str> = inner.split('/').collect();
        folders.pop();
        fqn.extend(folders.into_iter().map(ToOwned::to_owned));
        fqn
    }

    /// Every node of the package.
    pub(super) fn candidates(
        &self,
        snapshot: &Snapshot,
        engine: &Arc<Engine>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<Candidate> {
        let models = self.package.files(snapshot, Folder::Models, &["sql", "py"]);
        let is_declared = |inner: &str| self.properties.patches.contains_key(&("functions", stem(inner).to_owned()));
        let mut functions = self.package.files(snapshot, Folder::Functions, &["sql", "py"]);
        functions.retain(|(_, inner)| is_declared(inner));
        let count = models.len();
        let files: Vec<(Arc<str>, String)> = models.into_iter().chain(functions).collect();
        let read = files.par_iter().enumerate().map(|(place, (path, inner))| {
            let make = || {
                let text = snapshot.text(path)?;
                Ok(match path.ends_with(".py") {
                    true => Content::Python(Arc::from(text)),
                    false => template(&self.package.name, path, text),
                })
            };
            let content = self.recall.content((snapshot.id(path), &self.package.name, path), make);
            let (content, diagnostic) = match content {
                Ok(content) => (content, None),
                Err(diagnostic) => (Content::Unreadable, Some(*diagnostic)),
            };
            let candidate = match place < count {
                true => self.model(engine, path, inner, content),
                false => self.node(engine, RelationKind::Routine, (path, inner), stem(inner).to_owned(), content),
            };
            (candidate, diagnostic)
        });
        let (mut found, unreadable): (Vec<Candidate>, Vec<Option<Diagnostic>>) = read.unzip();
        diagnostics.extend(unreadable.into_iter().flatten());
        for (path, inner) in self.package.files(snapshot, Folder::Snapshots, &["sql"]) {
            match snapshot.text(&path) {
                Ok(text) => self.snapshots(engine, &path, &inner, &Arc::from(plain_spaces(text)), &mut found),
                Err(diagnostic) => diagnostics.push(*diagnostic),
            }
        }
        self.yaml_snapshots(engine, &mut found);
        for (path, inner) in self.package.files(snapshot, Folder::Seeds, &["csv"]) {
            let name = stem(&inner).to_owned();
            found.push(self.node(engine, RelationKind::Seed, (&path, &inner), name, Content::Data));
        }
        found
    }

    fn node(
        &self,
        engine: &Arc<Engine>,
        kind: RelationKind,
        (path, inner): (&Arc<str>, &str),
        name: String,
        content: Content,
    ) -> Candidate {
        let mut fqn = self.prefix(inner);
        fqn.push(name.clone());
        let (section, default) = match kind {
            RelationKind::Seed => ("seeds", "seed"),
            RelationKind::Snapshot => ("snapshots", "snapshot"),
            RelationKind::Routine => ("functions", "function"),
            _ => ("models", "view"),
        };
        let entry = self.properties.patches.get(&(section, name.clone()));
        let told = entry.map(|entry| &entry.said);
        let key = (section, path, name.as_str());
        let told = self.recall.configured(&engine.world.root, key, told, self.settings_number, || {
            let render = |entry: &Entry| {
                render::object(engine, &self.package.name, &entry.path, &entry.said, &Sought::default())
            };
            let rendered = entry.map(render).unwrap_or_default();
            let configured = Arc::new(self.configured(section, &fqn, &rendered, default));
            let trusted =
                entry.map_or_else(|| Arc::clone(&rendered), |entry| self.trusting(&rendered, &entry.inner, &name));
            Told { rendered, trusted, configured }
        });
        Candidate {
            kind,
            package: Arc::clone(&self.package.name),
            path: Arc::clone(path),
            position: Position::START,
            name,
            version: None,
            is_latest: true,
            fqn,
            content,
            said: told.trusted,
            configured: told.configured,
        }
    }

    fn model(&self, engine: &Arc<Engine>, path: &Arc<str>, inner: &str, content: Content) -> Candidate {
        let stem = stem(inner);
        let Some((base, version, latest)) = self.version_of(stem) else {
            return self.node(engine, RelationKind::Model, (path, inner), stem.to_owned(), content);
        };
        let mut candidate = self.node(engine, RelationKind::Model, (path, inner), base, content);
        candidate.fqn.push(format!("v{version}"));
        let own = objects(&candidate.said, "versions")
            .find(|said| said.get("v").map(plain).as_ref() == Some(&version))
            .cloned();
        let mut said = Object::clone(&candidate.said);
        if let Some(own) = own {
            if let Some(Json::Object(config)) = own.get("config") {
                let entry = said.entry("config").or_insert_with(|| Json::Object(Map::new()));
                if let Json::Object(base) = entry {
                    base.extend(config.clone());
                }
            }
            merge_columns(&mut said, &own);
        }
        let configured = Arc::new(self.configured("models", &candidate.fqn, &said, "view"));
        let mut said = Arc::new(said);
        if let Some(entry) = self.properties.patches.get(&("models", candidate.name.clone())) {
            said = self.trusting(&said, &entry.inner, &candidate.name);
        }
        Candidate { is_latest: version == latest, version: Some(version), said, configured, ..candidate }
    }

    /// The model, the version and the latest version of a file that holds one version of a model.
    fn version_of(&self, stem: &str) -> Option<(String, String, String)> {
        for name in &self.properties.versioned {
            let Some(entry) = self.properties.patches.get(&("models", name.clone())) else { continue };
            let versions: Vec<(String, Option<&str>)> = objects(&entry.said, "versions")
                .filter_map(|said| Some((plain(said.get("v")?), said.get("defined_in").and_then(Json::as_str))))
                .collect();
            let newest = || {
                let key = |version: &str| version.parse::<f64>().unwrap_or(f64::NEG_INFINITY);
                versions
                    .iter()
                    .map(|(version, _)| version)
                    .max_by(|left, right| key(left).total_cmp(&key(right)).then(left.cmp(right)))
            };
            let latest = entry.said.get("latest_version").map(plain).or_else(|| newest().cloned())?;
            let found = versions.iter().find(|(version, file)| match file {
                Some(file) => file.trim_end_matches(".sql").trim_end_matches(".py") == stem,
                None => {
                    stem == format!("{name}_v{version}")
                        || stem == format!("{name}.v{version}")
                        || (stem == name && *version == latest)
                }
            });
            if let Some((version, _)) = found {
                return Some((name.clone(), version.clone(), latest));
            }
        }
        None
    }

    fn snapshots(
        &self,
        engine: &Arc<Engine>,
        path: &Arc<str>,
        inner: &str,
        text: &Arc<str>,
        found: &mut Vec<Candidate>,
    ) {
        let local: Arc<[Arc<Macro>]> = setup::local_macros(&self.package.name, path, text).into_values().collect();
        for block in blocks(text).into_iter().filter(|block| block.kind == BlockKind::Snapshot) {
            let content = Content::Template {
                file: Arc::clone(text),
                template: Arc::new(rewrite::template(text, &block.body, &[], "")),
                body: block.body,
                local: Arc::clone(&local),
            };
            let mut candidate = self.node(engine, RelationKind::Snapshot, (path, inner), block.name, content);
            candidate.position = crate::text::position(text, block.outer.start);
            found.push(candidate);
        }
    }

    /// Snapshots that are declared in YAML, by the relation that they follow.
    fn yaml_snapshots(&self, engine: &Arc<Engine>, found: &mut Vec<Candidate>) {
        for ((section, name), entry) in &self.properties.patches {
            let Some(relation) = entry.said.get("relation").and_then(Json::as_str).filter(|_| *section == "snapshots")
            else {
                continue;
            };
            let relation = relation.trim().trim_start_matches("{{").trim_end_matches("}}").trim();
            let text = format!("select * from {{{{ {relation} }}}}");
            let content = template(&self.package.name, &entry.path, text);
            let mut candidate =
                self.node(engine, RelationKind::Snapshot, (&entry.path, &entry.inner), name.clone(), content);
            candidate.position = entry.position;
            found.push(candidate);
        }
    }
}

/// A template from a file, its macros taken out.
fn template(package: &Arc<str>, path: &Arc<str>, text: String) -> Content {
    let file: Arc<str> = Arc::from(plain_spaces(text));
    let holes: Vec<Range<usize>> = blocks(&file).into_iter().map(|block| block.outer).collect();
    let local = setup::local_macros(package, path, &file).into_values().collect();
    let template = rewrite::template(&file, &(0..file.len()), &holes, "");
    Content::Template { body: 0..file.len(), file, template: Arc::new(template), local }
}

/// The name that a file gives its node: all before the ending.
fn stem(inner: &str) -> &str {
    let file = inner.rsplit('/').next().unwrap_or(inner);
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}

/// A number or a text as text.
fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// The columns of one version: the model's, as far as it includes them, and its own.
fn merge_columns(said: &mut Object, own: &Object) {
    let mut columns: BTreeMap<String, Json> = BTreeMap::new();
    let mut order = Vec::new();
    let names = |value: Option<&Json>| -> Vec<String> {
        value.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).map(ToOwned::to_owned).collect()
    };
    let Some(Json::Array(listed)) = own.get("columns") else { return };
    let rule = listed.iter().filter_map(Json::as_object).find(|entry| entry.contains_key("include"));
    let all = rule.is_none_or(|rule| rule.get("include").and_then(Json::as_array).is_none());
    let (included, excluded) =
        (names(rule.and_then(|rule| rule.get("include"))), names(rule.and_then(|rule| rule.get("exclude"))));
    let base: Vec<Object> = objects(said, "columns").cloned().collect();
    let kept = base.into_iter().filter(|column| {
        name_of(column).is_some_and(|name| {
            (all || included.iter().any(|one| one == name)) && !excluded.iter().any(|one| one == name)
        })
    });
    for column in kept.chain(listed.iter().filter_map(Json::as_object).cloned()) {
        if let Some(name) = name_of(&column).map(ToOwned::to_owned)
            && columns.insert(name.clone(), Json::Object(column)).is_none()
        {
            order.push(name);
        }
    }
    let merged = order.iter().filter_map(|name| columns.remove(name)).collect();
    said.insert("columns".to_owned(), Json::Array(merged));
}
