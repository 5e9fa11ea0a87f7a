//! Relations to a graph: what each name means, who reads whom. It must not know columns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::catalog::{Catalog, Found};
use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::filling::{OPEN, Target};
use crate::hashing::HashMap;
use crate::name::RelationName;
use crate::query::{Read, ReadRole, Returns, TableSchema};
use crate::relation::{Declaration, Reference, Relation, RelationId, RelationKind, Rung};

use super::compose::{Weaving, compose};
use super::lineages::{self, Fillings, Lineages};
use super::tables::Tables;
use super::{BuiltGraph, LineageGraph, Node, ReadSite};

/// A graph under construction.
#[derive(Debug, Default)]
pub(super) struct Builder {
    built: LineageGraph,
    /// The texts of the relations, by their places.
    fillings: Vec<Fillings>,
    externals: BTreeMap<RelationName, Node>,
    diagnostics: Vec<Diagnostic>,
}

/// Names that are set apart, each with what showed it.
pub(super) type SetApart = BTreeMap<RelationName, Diagnostic>;

impl Builder {
    pub(super) fn new(mut relations: Vec<Arc<Relation>>, lineages: Option<&Lineages>) -> Self {
        relations.sort_by(|a, b| a.id.cmp(&b.id));
        let mut builder = Self::default();
        for relation in relations {
            builder.add(relation, lineages);
        }
        builder
    }

    /// Says who reads whom.
    pub(super) fn connect_all(mut self, apart: &SetApart) -> Self {
        for (name, diagnostic) in apart {
            self.built.catalog.set_apart(name.clone());
            self.diagnostics.push(diagnostic.clone());
        }
        self.connect_sources_to_what_fills_them();
        self.connect_writers();
        self
    }

    /// Finds the columns of what is connected.
    pub(super) fn finish(mut self, tables: &Tables, lineages: Option<&Lineages>, weaving: Weaving) -> BuiltGraph {
        let fillings = std::mem::take(&mut self.fillings);
        compose(&mut self.built, fillings, &self.externals, tables, lineages, weaving);
        self.list_externals();
        let mut diagnostics = self.diagnostics;
        diagnostics.extend(cycle_diagnostics(&self.built));
        diagnostics.extend(open_diagnostics(&self.built));
        diagnostics.sort();
        diagnostics.dedup();
        BuiltGraph { graph: self.built, diagnostics }
    }

    fn add(&mut self, relation: Arc<Relation>, lineages: Option<&Lineages>) {
        if self.built.by_id.contains_key(&relation.id) {
            return;
        }
        let (relation, fillings) = lineages::apart(relation, lineages);
        let node = Node(NodeIndex::new(self.built.graph.node_count()));
        for name in std::iter::once(&relation.name).chain(&relation.aliases) {
            self.built.catalog.add(name.clone(), &relation.project, node);
        }
        if relation.kind == RelationKind::Routine {
            self.built.returns.insert(node, returned(&fillings));
        }
        self.built.by_id.insert(relation.id.clone(), node);
        self.built.graph.add_node(relation);
        self.fillings.push(fillings);
    }

    /// A model in `orders.sql` that reads `raw.orders`, itself or through others, is named like its
    /// source: nothing is built from itself, so `raw.orders`, wherever it is read, is another table.
    pub(super) fn named_after_sources(&self) -> SetApart {
        let (firm, loose) = self.bindings();
        let circles = circles(&firm, &loose);
        let mut apart = SetApart::new();
        for binding in loose {
            let in_circle = circles.get(&binding.reader) == circles.get(&binding.read);
            if !in_circle || !reaches(&firm, binding.reader, binding.read) {
                continue;
            }
            let (reader, model) = (self.built.relation(binding.reader), self.built.relation(binding.read));
            let message = format!("`{}` is taken for a source, not for `{}`", binding.name, model.name);
            let because = match binding.reader == binding.read {
                true => "a model is not built from itself".to_owned(),
                false => format!("`{}` is built from `{}`", model.name, reader.name),
            };
            let diagnostic = Diagnostic::note("source-named-like-model", format!("{message}: {because}"))
                .in_file(&*binding.path)
                .at(binding.position)
                .hint("if both are one table, give the project its `schema` in headsup.yml");
            apart.entry(binding.name).or_insert(diagnostic);
        }
        apart
    }

    /// What names find, in two kinds: firmly, by all of the name or by id; and loosely, by a
    /// relation whose own name is only the end of it.
    fn bindings(&self) -> (HashMap<Node, Vec<Node>>, Vec<LooseBinding>) {
        let mut firm: HashMap<Node, Vec<Node>> = HashMap::default();
        let mut loose = Vec::new();
        for reader in self.built.nodes() {
            let relation = self.built.relation(reader);
            for (writer, reference) in
                relation.writers.iter().flat_map(|writer| writer.reads.iter().map(move |read| (writer, read)))
            {
                let found = self.built.resolve(reference, Some(&relation.project));
                if let (Reference::Name(read), [one]) = (reference, found.as_slice())
                    && read.role == ReadRole::Table
                    && self.names(*one).all(|name| name.len() < read.name.len())
                {
                    loose.push(LooseBinding {
                        reader,
                        read: *one,
                        name: read.name.clone(),
                        path: Arc::clone(&writer.path),
                        position: read.position,
                    });
                } else {
                    for node in found {
                        firm.entry(node).or_default().push(reader);
                    }
                }
            }
        }
        (firm, loose)
    }

    fn names(&self, node: Node) -> impl Iterator<Item = &RelationName> {
        let relation = self.built.relation(node);
        std::iter::once(&relation.name).chain(&relation.aliases)
    }

    /// A declared source that another project of the repository builds reads from what builds it.
    ///
    /// Schema and table must both agree: a table's name alone is shared too often between the raw
    /// and the modelled world.
    fn connect_sources_to_what_fills_them(&mut self) {
        let mut edges: Vec<(Node, Node)> = Vec::new();
        let sources: Vec<Node> =
            self.built.nodes().filter(|node| self.built.relation(*node).kind == RelationKind::Source).collect();
        let mut built = Catalog::default();
        for node in self.built.nodes() {
            let relation = self.built.relation(node);
            if matches!(relation.kind, RelationKind::Model | RelationKind::Seed | RelationKind::Snapshot) {
                for name in std::iter::once(&relation.name).chain(&relation.aliases).filter(|name| name.len() > 1) {
                    built.add(name.clone(), &relation.project, node);
                }
            }
        }
        for source in sources {
            for name in self.built.relation(source).aliases.iter().filter(|name| name.len() > 1) {
                edges.extend(built.find(name, None).candidates().into_iter().map(|model| (model, source)));
            }
        }
        for (model, source) in edges {
            let site = match &self.built.relation(source).declared_in {
                Some((path, position)) => ReadSite { path: Arc::clone(path), position: *position },
                None => ReadSite { path: Arc::from(""), position: Position::START },
            };
            self.connect(model, source, site);
        }
    }

    fn connect_writers(&mut self) {
        let readers: Vec<Node> = self.built.nodes().collect();
        for reader in readers {
            let relation = self.built.relation(reader);
            let project = Arc::clone(&relation.project);
            let reads: Vec<(Arc<str>, Reference)> = relation
                .writers
                .iter()
                .flat_map(|writer| writer.reads.iter().map(|read| (Arc::clone(&writer.path), read.clone())))
                .collect();
            for (path, reference) in reads {
                self.connect_read(reader, &project, path, &reference);
            }
        }
    }

    fn connect_read(&mut self, reader: Node, project: &str, path: Arc<str>, reference: &Reference) {
        let (position, parents) = match reference {
            Reference::Id(id, position) => {
                let parent = self.built.by_id(id).unwrap_or_else(|| self.external_by_id(id));
                (*position, vec![parent])
            }
            Reference::Name(read) => (read.position, self.named(read, project, &path)),
        };
        let is_wildcard = matches!(reference, Reference::Name(read) if read.name.wildcard().is_some());
        for parent in parents {
            // What is built from a wildcard is not among the tables that it stands for.
            if is_wildcard && parent == reader {
                continue;
            }
            self.connect(parent, reader, ReadSite { path: Arc::clone(&path), position });
        }
    }

    fn named(&mut self, read: &Read, project: &str, path: &str) -> Vec<Node> {
        let behind = self.built.catalog.behind(&read.name);
        if read.role == ReadRole::Table && !behind.is_empty() {
            let whole = match self.built.by_name(&read.name, Some(project)) {
                Found::Nothing => vec![self.external(&read.name)],
                found => found.candidates(),
            };
            return whole.into_iter().chain(behind).collect();
        }
        match (self.built.by_name(&read.name, Some(project)), read.role) {
            (found, ReadRole::Call) => {
                let routines = found.candidates().into_iter();
                routines.filter(|node| self.built.relation(*node).kind == RelationKind::Routine).collect()
            }
            (Found::One(node), ReadRole::Table) => vec![node],
            (Found::Ambiguous(nodes), ReadRole::Table) => {
                let mut names: Vec<String> =
                    nodes.iter().map(|node| format!("`{}`", self.built.relation(*node).name)).collect();
                names.sort();
                let message = format!("`{}` can mean {}", read.name, names.join(" or "));
                self.diagnostics.push(
                    Diagnostic::warning("ambiguous-name", message)
                        .in_file(path)
                        .at(read.position)
                        .hint("write the schema in front; until then the model depends on each of them"),
                );
                nodes
            }
            (Found::Nothing, ReadRole::Table) => vec![self.external(&read.name)],
        }
    }

    fn external(&mut self, name: &RelationName) -> Node {
        if let Some(node) = self.externals.get(name) {
            return *node;
        }
        let node =
            self.add_external(RelationId::new(format!("external.{}", name.keys().collect::<Vec<_>>().join("."))), name);
        self.externals.insert(name.clone(), node);
        node
    }

    /// What a project refers to by id and does not have: a package that is not installed.
    fn external_by_id(&mut self, id: &RelationId) -> Node {
        let name = RelationName::bare(crate::dialect::Dialect::Ansi, [id.as_str()]);
        self.add_external(id.clone(), &name)
    }

    /// Externals stay out of the catalog while names are looked up in it: whether a name is found
    /// must not depend on who was connected first.
    fn add_external(&mut self, id: RelationId, name: &RelationName) -> Node {
        let relation = Relation {
            id: id.clone(),
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
        };
        let node = Node(self.built.graph.add_node(Arc::new(relation)));
        self.built.by_id.insert(id, node);
        node
    }

    fn list_externals(&mut self) {
        for (name, node) in &self.externals {
            self.built.catalog.add(name.clone(), "", *node);
        }
    }

    fn connect(&mut self, parent: Node, reader: Node, site: ReadSite) {
        self.built.graph.add_edge(parent.0, reader.0, site);
    }
}

/// A name that found a relation whose own name is only its end.
struct LooseBinding {
    reader: Node,
    read: Node,
    name: RelationName,
    path: Arc<str>,
    position: Position,
}

/// What a routine returns, as the texts say that declare it.
fn returned(fillings: &Fillings) -> Returns {
    let said = fillings.iter().flatten().filter_map(|filling| match &filling.target {
        Target::Named(name) => filling.script.returns(name),
        Target::Whole | Target::Part => None,
    });
    said.max().unwrap_or_default()
}

/// Which circle of all bindings each node is in; nodes in none have a circle of their own.
fn circles(firm: &HashMap<Node, Vec<Node>>, loose: &[LooseBinding]) -> HashMap<Node, usize> {
    let mut graph: DiGraph<(), ()> = DiGraph::new();
    let edges = firm.iter().flat_map(|(read, readers)| readers.iter().map(move |reader| (read.0, reader.0)));
    for (read, reader) in edges.chain(loose.iter().map(|binding| (binding.read.0, binding.reader.0))) {
        while graph.node_count() <= read.index().max(reader.index()) {
            graph.add_node(());
        }
        graph.add_edge(read, reader, ());
    }
    let components = tarjan_scc(&graph);
    components
        .iter()
        .enumerate()
        .flat_map(|(number, nodes)| nodes.iter().map(move |node| (Node(*node), number)))
        .collect()
}

/// Whether a node is downstream of another, or the same, by firm bindings alone.
fn reaches(firm: &HashMap<Node, Vec<Node>>, from: Node, to: Node) -> bool {
    let mut seen = BTreeSet::new();
    let mut ahead = vec![from];
    while let Some(node) = ahead.pop() {
        if node == to {
            return true;
        }
        if seen.insert(node) {
            ahead.extend(firm.get(&node).into_iter().flatten());
        }
    }
    false
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
