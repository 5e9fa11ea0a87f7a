//! What was found of single nodes, for the next version in which nothing that they depend on differs: a commit
//! touches a few files of thousands. What something depends on is kept beside it and held against the present;
//! it must not be guessed from the files that differ.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use headsup_lineage::diagnostic::{Diagnostic, Position};
use serde_json::Value as Json;

use super::assemble::Assembled;
use super::config;
use super::declared::Source;
use super::engine::{Engine, Macro};
use super::graph::{Entry as GraphEntry, Graph};
use super::nodes::{Candidate, Content, Node};
use super::physical;
use super::properties::{Entry, Object, SourceEntry};
use super::relation::TableName;
use super::render;
use super::subject::RefCall;
use super::trace::Renderings;
use super::values::lock;
use crate::project::memory::Shelf;
use crate::snapshot::ContentId;

/// What was found of the nodes of the versions that were read so far; of each the last is kept.
#[derive(Debug, Default)]
pub(super) struct Recall {
    contents: Shelf<(ContentId, Arc<str>, Arc<str>), Content>,
    read: Shelf<Key, Arc<Read>>,
    relations: Shelf<Key, Arc<Built>>,
    sources: Shelf<SourceKey, Arc<Declared>>,
    engines: Mutex<Engines>,
}

/// The root project, the file and the id of a node.
type Key = (Arc<str>, Arc<str>, String);

/// The root project, the package, and where in which file a source is declared.
type SourceKey = (Arc<str>, Arc<str>, Arc<str>, Position);

/// The tables of a source, and what they depend on: the renderer, the entry, and the configuration of sources.
#[derive(Debug)]
struct Declared {
    renderer: Renderer,
    entry: Arc<SourceEntry>,
    configured: [Option<Json>; 2],
    tables: Arc<[Source]>,
}

/// By what of a renderer something was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Renderer {
    /// By its world alone: there are no templates in it, which alone call macros.
    World(usize),
    /// By its world and its macros.
    Whole(usize),
}

impl Renderer {
    fn is(self, engine: &Engine) -> bool {
        match self {
            Self::World(number) => number == engine.world_number,
            Self::Whole(number) => number == engine.number,
        }
    }

    /// What the tables of a source are made by.
    fn of_source(entry: &SourceEntry, engine: &Engine) -> Self {
        let mut said = std::iter::once(&entry.source.said).chain(entry.tables.iter().map(|(said, _)| said));
        match said.any(|said| render::has_templates(said)) {
            true => Self::Whole(engine.number),
            false => Self::World(engine.world_number),
        }
    }
}

/// Renderers that were met, by what they know: the number of their world, and their macros.
#[derive(Debug, Default)]
struct Engines {
    known: VecDeque<(usize, Vec<Arc<Macro>>)>,
    let_go: usize,
}

/// So many renderers are told from others; where macros change often, those of long ago help no more.
const ENGINES: usize = 32;

/// A node after dbt's first reading.
#[derive(Debug)]
struct Read {
    /// The renderer by which it was read.
    engine: usize,
    node: Arc<Node>,
    table: Option<TableName>,
}

/// A node that was put together.
#[derive(Debug)]
struct Built {
    depends: Depends,
    links: Vec<Link>,
    assembled: Assembled,
}

/// What a relation depends on beside what its node refers to.
#[derive(Debug)]
pub(super) struct Depends {
    /// The node, which holds all that its file and its properties say, and with it the renderer.
    pub(super) node: Arc<Node>,
    /// The table that it builds.
    pub(super) table: TableName,
    /// The file as it is.
    pub(super) file: Option<ContentId>,
    /// The group that it is in.
    pub(super) group: Option<Arc<Object>>,
}

/// A call of `ref` or `source`, and what it was found to mean.
#[derive(Debug)]
pub(super) struct Link {
    call: Call,
    id: String,
    table: TableName,
}

#[derive(Debug)]
enum Call {
    Ref(RefCall),
    Source(String, String),
}

impl Link {
    /// What a call of `ref` in a package means; `None` if it means nothing.
    pub(super) fn of_ref(graph: &Graph, package: &str, call: &RefCall) -> Option<Self> {
        Self::of(Call::Ref(call.clone()), graph, package)
    }

    /// The same for a call of `source`.
    pub(super) fn of_source(graph: &Graph, package: &str, source: &str, table: &str) -> Option<Self> {
        Self::of(Call::Source(source.to_owned(), table.to_owned()), graph, package)
    }

    fn of(call: Call, graph: &Graph, package: &str) -> Option<Self> {
        let GraphEntry { id, table, .. } = call.find(graph, package)?.clone();
        Some(Self { call, id, table })
    }

    fn holds(&self, graph: &Graph, package: &str) -> bool {
        self.call.find(graph, package).is_some_and(|entry| entry.id == self.id && entry.table == self.table)
    }
}

impl Call {
    fn find<'g>(&self, graph: &'g Graph, package: &str) -> Option<&'g GraphEntry> {
        match self {
            Self::Ref(call) => graph.reference(package, call),
            Self::Source(source, table) => graph.source(package, source, table),
        }
    }
}

impl Depends {
    fn is_same(&self, other: &Self) -> bool {
        let same_group = match (&self.group, &other.group) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other) || one == other,
            (None, None) => true,
            _ => false,
        };
        Arc::ptr_eq(&self.node, &other.node) && self.table == other.table && self.file == other.file && same_group
    }
}

impl Recall {
    /// What a file of a package holds, by its content.
    ///
    /// # Errors
    /// Whatever making it fails with.
    pub(super) fn content(
        &self,
        (id, package, path): (Option<ContentId>, &Arc<str>, &Arc<str>),
        make: impl FnOnce() -> Result<Content, Box<Diagnostic>>,
    ) -> Result<Content, Box<Diagnostic>> {
        let Some(id) = id else { return make() };
        let key = (id, Arc::clone(package), Arc::clone(path));
        match self.contents.get(&key) {
            Some(kept) => Ok(kept),
            None => {
                let made = make()?;
                self.contents.put(key, made.clone());
                Ok(made)
            }
        }
    }

    /// The number of a renderer: those that know the same have the same one.
    pub(super) fn number(&self, world: usize, macros: &[Arc<Macro>]) -> usize {
        let mut engines = lock(&self.engines);
        let is_same = |(of_world, known): &(usize, Vec<Arc<Macro>>)| {
            *of_world == world
                && known.len() == macros.len()
                && known.iter().zip(macros).all(|(one, other)| one.is_same(other))
        };
        let found = engines.known.iter().position(is_same);
        let place = found.unwrap_or_else(|| {
            if engines.known.len() == ENGINES {
                engines.known.pop_front();
                engines.let_go += 1;
            }
            engines.known.push_back((world, macros.to_vec()));
            engines.known.len() - 1
        });
        engines.let_go + place
    }

    /// A candidate as dbt reads it first, with the table that it builds unless it is switched off.
    pub(super) fn read(
        &self,
        candidate: Candidate,
        engine: &Arc<Engine>,
        renderings: &Renderings,
    ) -> (Arc<Node>, Option<TableName>) {
        let key = (Arc::clone(&engine.world.root), Arc::clone(&candidate.path), candidate.id());
        if let Some(kept) = self.read.get(&key)
            && kept.engine == engine.number
            && kept.node.candidate.is_same(&candidate)
        {
            return (Arc::clone(&kept.node), kept.table.clone());
        }
        let node = Arc::new(candidate.parse(engine, renderings));
        let table = config::is_enabled(&node.config).then(|| physical::table(engine, &node));
        // Why a template failed names places in files of macros, and those may be others in the next version.
        if node.parsed.is_ok() {
            let read = Read { engine: engine.number, node: Arc::clone(&node), table: table.clone() };
            self.read.put(key, Arc::new(read));
        }
        (node, table)
    }

    /// The tables of a source of a package, where sources are configured so.
    pub(super) fn sources(
        &self,
        engine: &Engine,
        package: &Arc<str>,
        entry: &Arc<SourceEntry>,
        configured: &[Option<Json>; 2],
        make: impl FnOnce() -> Arc<[Source]>,
    ) -> Arc<[Source]> {
        let Entry { path, position, .. } = &entry.source;
        let key = (Arc::clone(&engine.world.root), Arc::clone(package), Arc::clone(path), *position);
        if let Some(kept) = self.sources.get(&key)
            && kept.renderer.is(engine)
            && Arc::ptr_eq(&kept.entry, entry)
            && kept.configured == *configured
        {
            return Arc::clone(&kept.tables);
        }
        let tables = make();
        let renderer = Renderer::of_source(entry, engine);
        let (entry, configured) = (Arc::clone(entry), configured.clone());
        let declared = Declared { renderer, entry, configured, tables: Arc::clone(&tables) };
        self.sources.put(key, Arc::new(declared));
        tables
    }

    /// The relation of a node as it was put together, if nothing that it depends on differs.
    pub(super) fn relation(&self, root: &Arc<str>, depends: &Depends, graph: &Graph) -> Option<Assembled> {
        let candidate = &depends.node.candidate;
        let kept = self.relations.get(&(Arc::clone(root), Arc::clone(&candidate.path), depends.node.id.clone()))?;
        let holds =
            kept.depends.is_same(depends) && kept.links.iter().all(|link| link.holds(graph, &candidate.package));
        holds.then(|| kept.assembled.clone())
    }

    /// Keeps a relation with all that it depends on.
    pub(super) fn keep(&self, root: &Arc<str>, depends: Depends, links: Vec<Link>, assembled: Assembled) {
        let key = (Arc::clone(root), Arc::clone(&depends.node.candidate.path), depends.node.id.clone());
        self.relations.put(key, Arc::new(Built { depends, links, assembled }));
    }
}
