//! Nodes to relations: the second and third reading of each, what it refers to, and what could not
//! be read of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headsup_lineage::diagnostic::{Diagnostic, Position};
use headsup_lineage::name::{ColumnName, Quoting, RelationName};
use headsup_lineage::query::{DeclaredColumn, Nullability, Read, ReadRole, TableSchema};
use headsup_lineage::relation::{Body, Declaration, Reference, Relation, RelationId, RelationKind, Rung, Writer};
use serde_json::Value as Json;

use super::answered::{Answers, Asking};
use super::call::{Cause, Located};
use super::columns;
use super::conditions::Columns;
use super::config::{self, Config};
use super::engine::Engine;
use super::function;
use super::graph::Graph;
use super::hook::Hooks;
use super::nodes::{Content, Node};
use super::physical;
use super::properties;
use super::python;
use super::recall::{Depends, Link, Recall};
use super::relation::TableName;
use super::rows::header;
use super::scan;
use super::sought::Sought;
use super::subject::{Asked, Captured, Pass, RefCall, View};
use super::told;
use super::trace::{Question, Renderings};
use super::types;
use super::writes;
use crate::project::elsewhere::{Elsewhere, NOTHING};
use crate::project::{Access, Attributes, Criticality, OwnerClaim, OwnerRule, Written};
use crate::snapshot::Snapshot;

/// What the assembly of every node needs.
pub(super) struct Assembly<'a> {
    /// The files.
    pub(super) snapshot: &'a Snapshot,
    /// The renderer, with the graph.
    pub(super) engine: &'a Arc<Engine>,
    /// The graph.
    pub(super) graph: &'a Graph,
    /// What was rendered before.
    pub(super) renderings: &'a Renderings,
    /// What was found of single nodes before.
    pub(super) recall: &'a Recall,
    /// Packages that are named but not there.
    pub(super) missing: &'a [String],
    /// The owners of groups, by package and group.
    pub(super) groups: &'a BTreeMap<(Arc<str>, String), Arc<properties::Object>>,
    /// What files ask of the target that differ in the other version.
    pub(super) elsewhere: &'a Elsewhere,
}

/// A relation with what else is said of it.
#[derive(Debug, Clone)]
pub(super) struct Assembled {
    /// The relation.
    pub(super) relation: Arc<Relation>,
    /// Owners, tags, criticality.
    pub(super) attributes: Attributes,
    /// What its hooks write beside its own table.
    pub(super) written: Vec<Written>,
    /// What could not be read.
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// What a node reads, as its readings found it.
#[derive(Default)]
pub(super) struct Found {
    pub(super) refs: BTreeMap<RefCall, Option<usize>>,
    pub(super) sources: BTreeMap<(String, String), Option<usize>>,
    tables: BTreeSet<Vec<String>>,
    /// Nodes of which only the columns matter.
    described: BTreeSet<RelationId>,
    /// Nodes that an answer of the warehouse may hold.
    ids: BTreeSet<String>,
    pub(super) incomplete: Option<String>,
    /// How it is configured for other targets, where that is otherwise.
    pub(super) configured: Config,
    /// Whether anything of it may be other than it is because of nodes that are not named.
    pub(super) view: View,
}

impl Found {
    /// Adds what a rendering found.
    pub(super) fn add(&mut self, captured: &Captured) {
        for call in &captured.refs {
            self.refs.entry(call.clone()).or_insert(None);
        }
        for call in &captured.sources {
            self.sources.entry(call.clone()).or_insert(None);
        }
        self.tables.extend(captured.tables.iter().cloned());
        self.view = self.view.max(captured.view);
        if self.incomplete.is_none() {
            self.incomplete.clone_from(&captured.computed);
        }
    }

    fn add_answers(&mut self, answers: Answers) {
        for captured in &answers.captured {
            self.add(captured);
        }
        for call in answers.refs {
            self.refs.entry(call).or_insert(None);
        }
        for call in answers.sources {
            self.sources.entry(call).or_insert(None);
        }
        self.ids.extend(answers.ids);
        self.tables.extend(answers.tables);
    }

    fn place(&mut self, scan: &scan::Scan) {
        for (call, offset) in &scan.refs {
            if let Some(place) = self.refs.get_mut(call) {
                place.get_or_insert(*offset);
            }
        }
        for (call, offset) in &scan.sources {
            if let Some(place) = self.sources.get_mut(call) {
                place.get_or_insert(*offset);
            }
        }
    }
}

impl Assembly<'_> {
    /// The relation of a node, with what it is for other targets if that may differ in the other version.
    pub(super) fn relation(&self, node: &Arc<Node>, table: &Arc<TableName>) -> Assembled {
        let here = self.here(node, table);
        if !self.elsewhere.concerns(&here.relation) {
            return here;
        }
        self.assemble(node, table, &Sought::default()).0
    }

    /// The relation of a node: as it was put together before, where nothing that it depends on differs.
    fn here(&self, node: &Arc<Node>, table: &Arc<TableName>) -> Assembled {
        let depends = Depends {
            node: Arc::clone(node),
            table: Arc::clone(table),
            file: self.snapshot.id(&node.candidate.path),
            group: self.group(node).map(|(_, said)| Arc::clone(said)),
        };
        if let Some(kept) = self.recall.relation(self.engine, &depends, self.graph) {
            return kept;
        }
        let sought = Sought::default();
        let (assembled, found) = Assembly { elsewhere: &NOTHING, ..*self }.assemble(node, table, &sought);
        if let Some(links) = self.links(node, &found, &sought) {
            self.recall.keep((self.engine, self.graph), depends, links, &sought, assembled.clone());
        }
        assembled
    }

    /// What all that a node refers to was found to mean; `None` where more than that matters.
    fn links(&self, node: &Node, found: &Found, sought: &Sought) -> Option<Vec<Link>> {
        if found.view == View::Whole {
            return None;
        }
        // What a rendering for another target asked is in its text, if the node reads it or not.
        let mut asked = sought.nodes();
        asked.extend(found.refs.keys().cloned().map(Question::Ref));
        asked.extend(found.sources.keys().cloned().map(|(source, table)| Question::Source(source, table)));
        asked.into_iter().map(|question| Link::of(question, self.graph, &node.candidate.package)).collect()
    }

    fn assemble(&self, node: &Node, table: &TableName, sought: &Sought) -> (Assembled, Found) {
        let candidate = &node.candidate;
        let world = &self.engine.world;
        let mut diagnostics = Vec::new();
        let mut found = Found::default();
        found.add(&node.captured);
        let mut hooks = Hooks::of(self.engine, &candidate.package, &node.config, sought);
        let written = writes::of_node(self, node, table, &mut hooks, sought);
        found.view = found.view.max(written.view);
        for (hook, captured) in &node.hooks {
            found.add(&written.read(self, node, hook, captured));
        }
        let digest = || self.snapshot.id(&candidate.path).map_or_else(String::new, |id| id.to_string());
        let (rung, body) = match &candidate.content {
            Content::Data => (Rung::Columns, Body::Data { digest: Arc::from(digest()) }),
            Content::Python(text) => {
                let digest = format!("{}{}", digest(), python::asked(text, &node.config));
                (Rung::Opaque, Body::Opaque { digest: Arc::from(digest) })
            }
            Content::Unreadable => {
                found.incomplete = Some("its file cannot be read".to_owned());
                (Rung::Opaque, Body::Opaque { digest: Arc::from(digest()) })
            }
            Content::Template { .. } => self.template(node, table, &hooks, sought, &mut found, &mut diagnostics),
        };
        let body = match candidate.kind {
            RelationKind::Routine => function::created(body, &table.to_string(), &candidate.said),
            _ => body,
        };
        let text: Option<&Arc<str>> = match &candidate.content {
            Content::Template { file, body, .. } => {
                found.place(&scan::template(file, body.clone()));
                Some(file)
            }
            Content::Python(file) => Some(file),
            Content::Data | Content::Unreadable => None,
        };
        let reads = self.reads(node, &found, text, &mut diagnostics);
        let mut schema = properties::schema(&candidate.said, world.dialect);
        if candidate.kind == RelationKind::Seed {
            self.seed_columns(node, &mut schema, &mut diagnostics);
        }
        let mut config = config::building(&hooks.config);
        config.extend(config::building(&found.configured));
        if candidate.version.is_some() {
            config.remove("version");
        }
        let relation = Relation {
            id: RelationId::new(node.id.as_str()),
            name: RelationName::bare(world.dialect, [candidate.full_name().as_str()]),
            aliases: physical::aliases(table),
            kind: candidate.kind,
            rung,
            project: Arc::clone(&world.root),
            writers: vec![Writer {
                path: Arc::clone(&candidate.path),
                position: candidate.position,
                reads,
                described: found.described.clone(),
                incomplete: found.incomplete.as_deref().map(Arc::from),
                body,
                fillings: Vec::new(),
            }],
            declared_in: None,
            schema,
            declaration: match candidate.kind {
                RelationKind::Seed => Declaration::Ddl,
                _ => Declaration::Described,
            },
            config,
        };
        let (attributes, written) = (self.attributes(node), written.list);
        (Assembled { relation: Arc::new(relation), attributes, written, diagnostics }, found)
    }

    /// Renders as dbt does when it builds, or falls back to what the text names.
    fn template(
        &self,
        node: &Node,
        table: &TableName,
        hooks: &Hooks,
        sought: &Sought,
        found: &mut Found,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> (Rung, Body) {
        let Content::Template { file, body, template, local } = &node.candidate.content else {
            return (Rung::Opaque, Body::Opaque { digest: Arc::from("") });
        };
        let dialect = self.engine.world.dialect;
        let parsed = match &node.parsed {
            Ok(text) => text,
            Err(located) => {
                found.view = View::Whole;
                let package = &node.candidate.package;
                let reach = scan::reach(self.engine, package, local, file, body.clone(), sought);
                for (call, place) in &reach.refs {
                    found.refs.entry(call.clone()).or_insert(*place);
                }
                for (call, place) in &reach.sources {
                    found.sources.entry(call.clone()).or_insert(*place);
                }
                found.incomplete = reach.incomplete.clone();
                let mut located = located.clone();
                if let (Cause::Other | Cause::UnknownMacro, Some(unknown)) = (located.cause, reach.unknown.first()) {
                    if located.cause == Cause::Other {
                        located.message = format!("{}; `{unknown}` is no macro that is known here", located.message);
                    }
                    located.cause = Cause::UnknownMacro;
                }
                if located.cause == Cause::UnknownMacro {
                    found.incomplete.get_or_insert_with(|| located.message.clone());
                }
                diagnostics.push(self.not_rendered(node, &located));
                let mut inputs: String = reach.macros.values().map(|one| one.text()).collect::<Vec<_>>().join("\n");
                // A text that was never run may take tables out of an answer.
                let asks = |text: &str| {
                    ["run_query", "load_result", "get_relations_by"].iter().any(|what| text.contains(what))
                };
                if asks(file) || asks(&inputs) {
                    found.incomplete.get_or_insert_with(|| "it asks the warehouse what to read".to_owned());
                }
                inputs.push('\n');
                inputs.push_str(&self.engine.world.variables_text());
                let texts = std::iter::once(&**file).chain(reach.macros.values().map(|one| one.text()));
                inputs.extend(told::named_in(texts, &node.config, &node.candidate.said));
                let body = Body::Template {
                    text: Arc::clone(file),
                    inputs: Arc::from(inputs),
                    reason: Arc::from(located.message.as_str()),
                };
                return (Rung::Refs, body);
            }
        };
        let mut subject = node.candidate.subject(&node.config);
        subject.this = Some(table.clone());
        let subject = Arc::new(subject);
        let mut rung = Rung::Open;
        let mut variants: Vec<Arc<str>> = Vec::new();
        let incremental = config::text(&node.config, "materialized").as_deref() == Some("incremental");
        let passes: &[Pass] = if incremental { &[Pass::Full, Pass::Incremental] } else { &[Pass::Full] };
        let mut asked = None;
        let mut queries = BTreeSet::new();
        let mut described = BTreeSet::new();
        let (mut column_questions, mut type_questions) = (0, 0);
        for name in node.captured.unknown_vars.iter().collect::<BTreeSet<_>>() {
            diagnostics.push(
                Diagnostic::note(
                    "unknown-var",
                    format!("`{}` reads the variable `{name}`, which has no value", node.candidate.full_name()),
                )
                .in_file(&*node.candidate.path)
                .at(node.candidate.position)
                .hint("give it a value under `vars` of headsup.yml, as dbt's --vars does"),
            );
        }
        for pass in passes {
            let part = (file, body);
            let (result, captured) = self.renderings.render(self.engine, &subject, *pass, part, template, sought);
            found.add(&captured);
            queries.extend(captured.queries);
            described.extend(captured.described);
            column_questions += captured.column_questions;
            type_questions += captured.type_questions;
            asked = asked.max(captured.asked);
            if result.is_err() {
                found.incomplete.get_or_insert_with(|| "its template could be rendered in part only".to_owned());
            }
            let text = result.unwrap_or_else(|located| {
                found.view = View::Whole;
                // dbt itself would have the warehouse's answers here; without them its first reading must do.
                rung = Rung::Tables;
                let mut diagnostic = self.not_rendered(node, &located);
                diagnostic.severity = headsup_lineage::diagnostic::Severity::Note;
                diagnostic.code = "rendered-in-part";
                diagnostics.push(diagnostic);
                Arc::clone(parsed)
            });
            if !variants.contains(&text) {
                variants.push(text);
            }
        }
        if !queries.is_empty() || column_questions > 0 {
            found.view = View::Whole;
        }
        // What a hook asks that changes nothing decides nothing.
        let blanked = hooks.blanked(file);
        let without_hooks = blanked.as_deref().unwrap_or(file);
        let package = &node.candidate.package;
        let reach = scan::reach(self.engine, package, local, without_hooks, body.clone(), sought);
        let (queries, reached) = (&queries, &reach);
        let asking = Asking { subject: &subject, file, body, template, passes, queries, reach: reached, sought };
        match self.answers(&asking) {
            Some(answers) => found.add_answers(answers),
            None => asked = asked.map(|asked| Asked::Tables(asked.what().to_owned())),
        }
        if type_questions > 0 && types::decide(without_hooks, &reach) {
            asked = asked.max(Some(Asked::Columns("the types of columns".to_owned())));
        }
        let columns = if asked.is_some() { Columns::Asked } else { Columns::Known };
        let is_answered = asked.is_none() && queries.is_empty();
        if let Some(asked) = asked {
            // The answer decides what the SQL says, so no column of it can be relied on.
            rung = Rung::Tables;
            let hint = match &asked {
                Asked::Columns(_) | Asked::Query(_) => {
                    "it is read as if every column depended on everything that it reads"
                }
                Asked::Tables(what) => {
                    found.incomplete.get_or_insert_with(|| format!("it asks the warehouse, with {what}, what to read"));
                    "give the tables that it finds as `-- depends_on: {{ ref('…') }}`; until then it may read anything"
                }
            };
            diagnostics.push(
                Diagnostic::note(
                    "asks-warehouse",
                    format!("`{}` asks the warehouse while it compiles: {}", node.candidate.full_name(), asked.what()),
                )
                .in_file(&*node.candidate.path)
                .at(node.candidate.position)
                .hint(hint),
            );
        }
        let conditions = self.elsewhere(node, hooks, without_hooks, columns, &asking, found);
        if is_answered {
            let elsewhere = conditions.iter().flat_map(|conditions| conditions.texts());
            let texts: Vec<Arc<str>> = variants.iter().chain(elsewhere).cloned().collect();
            found.described = columns::only_described(self.graph, node, &described, &texts);
        }
        (rung, Body::Sql { dialect, variants, conditions })
    }

    fn not_rendered(&self, node: &Node, located: &Located) -> Diagnostic {
        let name = node.candidate.full_name();
        let code = if located.cause == Cause::UnknownMacro { "unknown-macro" } else { "not-rendered" };
        let hint = match located.cause {
            Cause::UnknownMacro if !self.missing.is_empty() => {
                format!(
                    "packages that are named but not in the repository: {}; run `dbt deps` before, or commit them",
                    self.missing.join(", ")
                )
            }
            Cause::UnknownMacro => "is a package missing from packages.yml, or the name misspelt?".to_owned(),
            Cause::Raised => "give the variables that it asks for, under `vars` of headsup.yml".to_owned(),
            Cause::Limit => "the model is read by what its text names".to_owned(),
            Cause::Syntax => "mend the template; dbt would refuse it too".to_owned(),
            Cause::Other => "the model is read by what its text and its macros name".to_owned(),
        };
        Diagnostic::warning(code, format!("`{name}` cannot be rendered: {}", located.message))
            .in_file(&*located.path)
            .at(located.position)
            .hint(hint)
    }

    fn reads(
        &self,
        node: &Node,
        found: &Found,
        text: Option<&Arc<str>>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<Reference> {
        let candidate = &node.candidate;
        let place = |offset: Option<usize>| match (text, offset) {
            (Some(text), Some(offset)) => crate::text::position(text, offset),
            _ => candidate.position,
        };
        let mut reads: BTreeMap<RelationId, Position> = BTreeMap::new();
        let mut names = Vec::new();
        let mut add = |id: &str, position: Position| {
            let held = reads.entry(RelationId::new(id)).or_insert(position);
            *held = (*held).min(position);
        };
        let mut external = |parts: &[&str], position: Position| {
            let name = RelationName::bare(self.engine.world.dialect, parts.iter().copied());
            names.push(Reference::Name(Read { name, role: ReadRole::Table, position }));
        };
        for id in found.ids.iter().filter(|id| **id != node.id) {
            add(id, candidate.position);
        }
        for parts in &found.tables {
            external(&parts.iter().map(String::as_str).collect::<Vec<_>>(), candidate.position);
        }
        for (call, offset) in &found.refs {
            let position = place(*offset);
            if let Some(entry) = self.graph.reference(&candidate.package, call) {
                add(&entry.id, position);
            } else {
                external(&[&call.name], position);
                diagnostics.push(self.unknown_ref(node, call).at(position));
            }
        }
        for ((source, table), offset) in &found.sources {
            let position = place(*offset);
            if let Some(entry) = self.graph.source(&candidate.package, source, table) {
                add(&entry.id, position);
            } else {
                external(&[source, table], position);
                let known = self.graph.sources.keys().map(|(source, table)| format!("{source}.{table}"));
                diagnostics.push(
                    Diagnostic::warning(
                        "unknown-source",
                        format!("no property file declares the source `{source}.{table}`"),
                    )
                    .in_file(&*candidate.path)
                    .at(position)
                    .hint(near(&format!("{source}.{table}"), known).map_or_else(
                        || "declare it under `sources:`".to_owned(),
                        |near| format!("did you mean `{near}`?"),
                    )),
                );
            }
        }
        let mut reads: Vec<Reference> = reads.into_iter().map(|(id, position)| Reference::Id(id, position)).collect();
        names.sort();
        names.dedup();
        reads.extend(names);
        reads
    }

    fn unknown_ref(&self, node: &Node, call: &RefCall) -> Diagnostic {
        let version = call.version.as_ref().map(|version| format!(" in version {version}")).unwrap_or_default();
        let package = call.package.as_ref().map(|package| format!(" of package {package}")).unwrap_or_default();
        let (message, hint) = match self.graph.disabled.get(&call.name) {
            Some(path) => (
                format!("`{}`{package} is switched off", call.name),
                format!("enable it in {path}, or do not refer to it"),
            ),
            None => (
                format!("no model, seed or snapshot is called `{}`{package}{version}", call.name),
                near(&call.name, self.graph.nodes.keys().cloned()).map_or_else(
                    || "it is taken for a relation that is built elsewhere".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                ),
            ),
        };
        Diagnostic::warning("unknown-ref", message).in_file(&*node.candidate.path).hint(hint)
    }

    /// The group that a node is in, by its name, with what is said of it; `None` where nothing is.
    fn group(&self, node: &Node) -> Option<(String, &Arc<properties::Object>)> {
        let name = config::text(&node.config, "group")?;
        let (key, said) = self.groups.get_key_value(&(Arc::clone(&node.candidate.package), name))?;
        Some((key.1.clone(), said))
    }

    fn attributes(&self, node: &Node) -> Attributes {
        let meta = node.config.get("meta");
        let mut owners = Vec::new();
        let group = config::text(&node.config, "group");
        let access = config::text(&node.config, "access").and_then(|access| Access::parse(&access));
        if let Some((group, said)) = self.group(node) {
            let mut contact = said.get("owner").and_then(properties::contact).unwrap_or_default();
            contact.name.get_or_insert_with(|| group.clone());
            owners.push(OwnerClaim { rule: OwnerRule::Group, contact });
        }
        owners.extend(properties::meta_owner(meta, OwnerRule::ModelMeta));
        let tags = match node.config.get("tags") {
            Some(Json::Array(tags)) => tags.iter().filter_map(Json::as_str).map(ToOwned::to_owned).collect(),
            _ => Default::default(),
        };
        Attributes { owners, criticality: criticality(meta), tags, group, access }
    }

    /// The columns of a seed: its header, with the types that its configuration gives.
    fn seed_columns(&self, node: &Node, schema: &mut TableSchema, diagnostics: &mut Vec<Diagnostic>) {
        let dialect = self.engine.world.dialect;
        let text = match self.snapshot.text(&node.candidate.path) {
            Ok(text) => text,
            Err(diagnostic) => {
                diagnostics.push(*diagnostic);
                return;
            }
        };
        let delimiter = config::text(&node.config, "delimiter").and_then(|text| text.chars().next()).unwrap_or(',');
        let types = node.config.get("column_types").and_then(Json::as_object);
        let columns = header(&text, delimiter).into_iter().map(|name| {
            let column = ColumnName::new(dialect, &name, Quoting::Bare);
            let declared = schema.columns.iter().find(|declared| declared.name == column);
            let said = types.and_then(|types| types.iter().find(|(key, _)| key.eq_ignore_ascii_case(&name)));
            DeclaredColumn {
                data_type: said
                    .and_then(|(_, value)| value.as_str())
                    .map(str::to_uppercase)
                    .or_else(|| declared.map(|declared| declared.data_type.clone()))
                    .unwrap_or_default(),
                nullability: declared.map_or(Nullability::Nullable, |declared| declared.nullability),
                name: column,
            }
        });
        schema.columns = columns.collect();
    }
}

/// How much a job matters, as a `meta` says.
pub(in crate::project) fn criticality(meta: Option<&Json>) -> Option<Criticality> {
    let meta = meta?.as_object()?;
    match (meta.get("criticality").and_then(Json::as_str), meta.get("critical").and_then(config::truthy)) {
        (Some("critical"), _) | (_, Some(true)) => Some(Criticality::Critical),
        (Some("important" | "high"), _) => Some(Criticality::Important),
        (Some("normal" | "low"), _) => Some(Criticality::Normal),
        _ => None,
    }
}

/// The known name that is most like a text, if one is like it at all.
fn near(text: &str, known: impl Iterator<Item = String>) -> Option<String> {
    known
        .map(|name| (strsim::jaro_winkler(text, &name), name))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|left, right| left.0.total_cmp(&right.0).then_with(|| right.1.cmp(&left.1)))
        .map(|(_, name)| name)
}
