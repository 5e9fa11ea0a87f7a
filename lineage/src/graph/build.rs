//! Relations to a graph: what each name means, who reads whom. It must not know columns.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::catalog::Found;
use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::filling::{OPEN, Target};
use crate::name::RelationName;
use crate::query::{Read, ReadRole, Returns, TableSchema};
use crate::relation::{Declaration, Reference, Relation, RelationId, RelationKind, Rung, Writer};

use super::bindings::Bindings;
use super::compose::{Weaving, compose};
use super::directory::{Directory, Externals};
use super::lineages::{self, Lineages};
use super::since::{Since, Standing};
use super::tables::Tables;
use super::{BuiltGraph, LineageGraph, Node, ReadSite};

/// A graph under construction.
#[derive(Debug, Default)]
pub(super) struct Builder {
    built: LineageGraph,
    /// How the relations stand to those of the version before, if there is one.
    since: Option<Since>,
    /// The relations with their texts, by their places, where they have any.
    texts: Vec<Option<Arc<Relation>>>,
    diagnostics: Vec<Diagnostic>,
}

/// So many relations are looked at by one thread, before another one may take those that follow.
pub(super) const AT_ONCE: usize = 64;

/// What a reference of a writer was found to mean.
enum Meant {
    /// These relations.
    These(Vec<Node>),
    /// Any of these, which is to be said.
    AnyOf(Vec<Node>, Diagnostic),
    /// What nothing declares, and the relations that it stands for as a wildcard.
    Undeclared(Vec<Node>),
}

/// Names that are set apart, each with what showed it.
pub(super) type SetApart = BTreeMap<RelationName, Diagnostic>;

impl Builder {
    /// A graph of these relations; of those that stand in the version before as they are, what was found there holds.
    /// The same version is to be given to whatever else is done.
    pub(super) fn new(
        mut relations: Vec<Arc<Relation>>,
        before: Option<&LineageGraph>,
        lineages: Option<&Lineages>,
    ) -> Self {
        relations.sort_by(|a, b| a.id.cmp(&b.id));
        relations.dedup_by(|later, first| later.id == first.id);
        let (bare, texts): (Vec<_>, Vec<_>) =
            relations.into_iter().map(|relation| lineages::apart(relation, lineages)).unzip();
        let since = before.map(|before| Since::of(before, &bare));
        let mut builder = Self { since, texts, ..Self::default() };
        builder.list(&bare, before);
        builder.built.graph.reserve_exact_nodes(bare.len());
        for relation in bare {
            builder.built.graph.add_node(relation);
        }
        builder.say_what_routines_return(before);
        builder
    }

    /// Says what ids and names mean.
    fn list(&mut self, relations: &[Arc<Relation>], before: Option<&LineageGraph>) {
        let mut directory = before.map(|before| Directory::after(&before.directory)).unwrap_or_default();
        if let (Some(since), Some(before)) = (&self.since, before) {
            since.uncalled().for_each(|node| directory.remove(node, before.relation(node)));
        }
        let number = |(place, relation): (usize, &Arc<Relation>)| {
            let node = Node::at(place);
            let then = self.since.as_ref().and_then(|since| match since.standing(node) {
                Standing::Same | Standing::Edited => since.then(node),
                Standing::New | Standing::Renamed => None,
            });
            let known = then.zip(before).and_then(|(then, before)| before.directory.number_at(then));
            known.unwrap_or_else(|| directory.add(relation))
        };
        let numbers = relations.iter().enumerate().map(number).collect();
        directory.place(numbers);
        self.built.directory = directory;
    }

    fn say_what_routines_return(&mut self, before: Option<&LineageGraph>) {
        for node in self.built.nodes().collect::<Vec<_>>() {
            if self.built.relation(node).kind != RelationKind::Routine {
                continue;
            }
            let text = self.texts.get(node.0.index()).and_then(Option::as_deref);
            let then = self.since.as_ref().filter(|since| since.standing(node) == Standing::Same);
            let known = then.and_then(|since| before?.returns.get(&since.then(node)?).copied());
            let returns = known.unwrap_or_else(|| text.map(returned).unwrap_or_default());
            self.built.returns.insert(node, returns);
        }
    }

    /// What is built so far.
    pub(super) const fn built(&self) -> &LineageGraph {
        &self.built
    }

    /// Keeps what names found, for the next version.
    pub(super) fn keep_bindings(&mut self, bindings: Bindings) {
        self.built.bindings = bindings;
    }

    /// Says who reads whom.
    pub(super) fn connect_all(mut self, apart: &SetApart, before: Option<&LineageGraph>) -> Self {
        self.built.directory.set_apart(apart.keys().cloned());
        self.diagnostics.extend(apart.values().cloned());
        self.connect_sources_to_what_fills_them(before);
        self.built.fills = self.built.graph.edge_count();
        self.connect_writers(before);
        if let (Some(since), Some(before)) = (&mut self.since, before) {
            since.add_externals(before, &self.built);
        }
        self
    }

    /// Finds the columns of what is connected.
    pub(super) fn finish(
        mut self,
        before: Option<&LineageGraph>,
        tables: &Tables,
        lineages: Option<&Lineages>,
        weaving: Weaving,
    ) -> BuiltGraph {
        let texts = std::mem::take(&mut self.texts);
        let before = before.zip(self.since.as_ref());
        compose(&mut self.built, texts, before, tables, lineages, weaving);
        self.built.directory.externals.list();
        let mut diagnostics = self.diagnostics;
        diagnostics.extend(self.built.ambiguous.values().flatten().cloned());
        diagnostics.extend(cycle_diagnostics(&self.built));
        diagnostics.extend(open_diagnostics(&self.built));
        diagnostics.sort();
        diagnostics.dedup();
        BuiltGraph { graph: self.built, diagnostics }
    }

    /// Where a relation was in the version before, if it is the same and reads the same.
    pub(super) fn then(&self, node: Node) -> Option<Node> {
        self.since.as_ref()?.then_if_same(node)
    }

    /// Where a relation of the version before is.
    pub(super) fn now(&self, node: Node) -> Option<Node> {
        self.since.as_ref()?.now(node)
    }

    /// A declared source that another project of the repository builds reads from what builds it.
    ///
    /// Schema and table must both agree: a table's name alone is shared too often between the raw
    /// and the modelled world.
    fn connect_sources_to_what_fills_them(&mut self, before: Option<&LineageGraph>) {
        let sources: Vec<Node> =
            self.built.nodes().filter(|node| self.built.relation(*node).kind == RelationKind::Source).collect();
        let is_built = |node: Node| {
            let kind = self.built.relation(node).kind;
            matches!(kind, RelationKind::Model | RelationKind::Seed | RelationKind::Snapshot)
        };
        let models = |source: &Node| -> Vec<Node> {
            if let (Some(then), Some(before)) = (self.then(*source), before) {
                let fills = before.edges_into(then).into_iter().filter(|edge| edge.index() < before.fills);
                let models = fills.filter_map(|edge| before.graph.edge_endpoints(edge));
                return models.filter_map(|(model, _)| self.now(Node(model))).collect();
            }
            let names = self.built.relation(*source).aliases.iter().filter(|name| name.len() > 1);
            names.flat_map(|name| self.built.directory.find_in_full(name, is_built).candidates()).collect()
        };
        let found: Vec<Vec<Node>> = sources.par_iter().with_max_len(AT_ONCE).map(models).collect();
        let edges = sources
            .into_iter()
            .zip(found)
            .flat_map(|(source, models)| models.into_iter().map(move |model| (model, source)));
        for (model, source) in edges {
            let site = match &self.built.relation(source).declared_in {
                Some((path, position)) => ReadSite { path: Arc::clone(path), position: *position },
                None => ReadSite { path: Arc::from(""), position: Position::START },
            };
            self.connect(model, source, site);
        }
    }

    fn connect_writers(&mut self, before: Option<&LineageGraph>) {
        let readers: Vec<Node> =
            self.built.nodes().filter(|node| !self.built.relation(*node).writers.is_empty()).collect();
        let meant = |reader: &Node| {
            let then = self.then(*reader).filter(|_| before.is_some());
            then.map_or_else(|| Err(self.meant(*reader)), Ok)
        };
        let found: Vec<Result<Node, Vec<Meant>>> = readers.par_iter().with_max_len(AT_ONCE).map(meant).collect();
        for (reader, found) in readers.into_iter().zip(found) {
            let relation = Arc::clone(&self.built.graph[reader.0]);
            match (found, before) {
                (Ok(then), Some(before)) => self.connect_again(reader, &relation, then, before),
                (Ok(_), None) => {}
                (Err(meant), _) => {
                    let references = relation
                        .writers
                        .iter()
                        .flat_map(|writer| writer.reads.iter().map(move |reference| (&writer.path, reference)));
                    for ((path, reference), meant) in references.zip(meant) {
                        self.connect_read(reader, path, reference, meant);
                    }
                }
            }
        }
    }

    /// Connects a relation to what it read in the version before.
    fn connect_again(&mut self, reader: Node, relation: &Relation, then: Node, before: &LineageGraph) {
        for edge in before.edges_into(then) {
            let (Some((parent, _)), Some(site)) = (before.graph.edge_endpoints(edge), before.graph.edge_weight(edge))
            else {
                continue;
            };
            if edge.index() < before.fills {
                continue;
            }
            let external = &before.graph[parent];
            let parent = match self.now(Node(parent)) {
                Some(parent) => parent,
                None => self.external_again(external, relation, &before.directory.externals),
            };
            self.connect(parent, reader, site.clone());
        }
        if let Some(ambiguous) = before.ambiguous.get(&then) {
            self.built.ambiguous.insert(reader, ambiguous.clone());
        }
    }

    fn connect_read(&mut self, reader: Node, path: &Arc<str>, reference: &Reference, meant: Meant) {
        let position = match reference {
            Reference::Id(_, position) => *position,
            Reference::Name(read) => read.position,
        };
        let parents = match meant {
            Meant::These(nodes) => nodes,
            Meant::AnyOf(nodes, ambiguity) => {
                self.built.ambiguous.entry(reader).or_default().push(ambiguity);
                nodes
            }
            Meant::Undeclared(behind) => {
                let whole = match reference {
                    Reference::Id(id, _) => self.external_by_id(id),
                    Reference::Name(read) => self.external(&read.name),
                };
                std::iter::once(whole).chain(behind).collect()
            }
        };
        let is_wildcard = matches!(reference, Reference::Name(read) if read.name.wildcard().is_some());
        for parent in parents {
            // What is built from a wildcard is not among the tables that it stands for.
            if is_wildcard && parent == reader {
                continue;
            }
            self.connect(parent, reader, ReadSite { path: Arc::clone(path), position });
        }
    }

    /// What each reference of a relation's writers means.
    fn meant(&self, reader: Node) -> Vec<Meant> {
        let relation = self.built.relation(reader);
        let of_writer = |writer: &Writer| {
            let meant = |reference: &Reference| match reference {
                Reference::Id(id, _) => match self.built.directory.by_id(id) {
                    Some(node) => Meant::These(vec![node]),
                    None => Meant::Undeclared(Vec::new()),
                },
                Reference::Name(read) => self.named(read, &relation.project, &writer.path),
            };
            writer.reads.iter().map(meant).collect::<Vec<_>>()
        };
        relation.writers.iter().flat_map(of_writer).collect()
    }

    fn named(&self, read: &Read, project: &str, path: &str) -> Meant {
        let found = self.built.by_name(&read.name, Some(project));
        if read.role == ReadRole::Call {
            let mut routines = found.candidates();
            routines.retain(|node| self.built.relation(*node).kind == RelationKind::Routine);
            return Meant::These(routines);
        }
        let behind = self.built.directory.behind(&read.name);
        match found {
            Found::Nothing => Meant::Undeclared(behind),
            found if !behind.is_empty() => Meant::These(found.candidates().into_iter().chain(behind).collect()),
            Found::One(node) => Meant::These(vec![node]),
            Found::Ambiguous(nodes) => {
                let mut names: Vec<String> =
                    nodes.iter().map(|node| format!("`{}`", self.built.relation(*node).name)).collect();
                names.sort();
                let message = format!("`{}` can mean {}", read.name, names.join(" or "));
                let ambiguity = Diagnostic::warning("ambiguous-name", message)
                    .in_file(path)
                    .at(read.position)
                    .hint("write the schema in front; until then the model depends on each of them");
                Meant::AnyOf(nodes, ambiguity)
            }
        }
    }

    fn external(&mut self, name: &RelationName) -> Node {
        if let Some(node) = self.built.directory.externals.by_name.get(name) {
            return *node;
        }
        let id = RelationId::new(format!("external.{}", name.keys().collect::<Vec<_>>().join(".")));
        let node = self.add_external(external(id, name));
        self.built.directory.externals.by_name.insert(name.clone(), node);
        node
    }

    /// What a project refers to by id and does not have: a package that is not installed.
    fn external_by_id(&mut self, id: &RelationId) -> Node {
        if let Some(node) = self.built.directory.externals.by_id.get(id) {
            return *node;
        }
        let name = RelationName::bare(crate::dialect::Dialect::Ansi, [id.as_str()]);
        self.add_external(external(id.clone(), &name))
    }

    /// What was read in the version before and nothing declares there or here.
    fn external_again(&mut self, known: &Arc<Relation>, reader: &Relation, before: &Externals) -> Node {
        if let Some(node) = self.built.directory.externals.by_id.get(&known.id) {
            return *node;
        }
        if !before.by_name.contains_key(&known.name) {
            return self.add_external(Arc::clone(known));
        }
        // It is called as the first one writes it who reads it, and that may have been another one.
        let reads = reader.writers.iter().flat_map(|writer| &writer.reads);
        let mut named = reads.filter_map(|read| match read {
            Reference::Name(read) => Some(&read.name),
            Reference::Id(..) => None,
        });
        let written = named.find(|name| **name == known.name).unwrap_or(&known.name);
        if written.to_string() != known.name.to_string() {
            return self.external(written);
        }
        let node = self.add_external(Arc::clone(known));
        self.built.directory.externals.by_name.insert(known.name.clone(), node);
        node
    }

    fn add_external(&mut self, relation: Arc<Relation>) -> Node {
        let id = relation.id.clone();
        let node = Node(self.built.graph.add_node(relation));
        self.built.directory.externals.by_id.insert(id, node);
        node
    }

    fn connect(&mut self, parent: Node, reader: Node, site: ReadSite) {
        self.built.graph.add_edge(parent.0, reader.0, site);
    }
}

/// What is read and nothing declares.
fn external(id: RelationId, name: &RelationName) -> Arc<Relation> {
    Arc::new(Relation {
        id,
        name: name.clone(),
        aliases: Vec::new(),
        kind: RelationKind::External,
        rung: Rung::Open,
        project: Arc::from(""),
        writers: Vec::new(),
        declared_in: None,
        schema: TableSchema::default(),
        declaration: Declaration::Described,
        config: BTreeMap::new(),
    })
}

/// What a routine returns, as the texts say that declare it.
fn returned(relation: &Relation) -> Returns {
    let fillings = relation.writers.iter().flat_map(|writer| &writer.fillings);
    let said = fillings.filter_map(|filling| match &filling.target {
        Target::Named(name) => filling.text.script().returns(name),
        Target::Whole | Target::Part => None,
    });
    said.max().unwrap_or_default()
}

fn cycle_diagnostics(graph: &LineageGraph) -> Vec<Diagnostic> {
    let describe = |cycle: &Vec<Node>| {
        let names: Vec<String> = cycle.iter().take(6).map(|node| graph.relation(*node).name.to_string()).collect();
        let more =
            if cycle.len() > names.len() { format!(" and {} more", cycle.len() - names.len()) } else { String::new() };
        let mut diagnostic =
            Diagnostic::note("cycle", format!("{} read each other in a circle{more}", names.join(", ")))
                .hint("a change to one of them is taken to reach all of them");
        if let Some(writer) = cycle.iter().find_map(|node| graph.relation(*node).writers.first()) {
            diagnostic = diagnostic.in_file(&*writer.path).at(writer.position);
        }
        diagnostic
    };
    graph.cycles().iter().map(describe).collect()
}

/// One finding for each relation whose columns are not all bound, though its SQL was understood.
fn open_diagnostics(graph: &LineageGraph) -> impl Iterator<Item = Diagnostic> + '_ {
    graph.nodes().filter(|node| graph.rung(*node) == Rung::Open).filter_map(|node| {
        let reasons = graph.openness(node);
        let first = reasons.first()?;
        let more = match reasons.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let message =
            format!("not all of `{}` is bound to one column: {}{more}", graph.relation(node).name, first.message);
        let found = Diagnostic { message, code: OPEN, severity: Severity::Note, hint: None, ..first.clone() };
        Some(found.hint("say which columns its sources have, with --catalog or --columns"))
    })
}
