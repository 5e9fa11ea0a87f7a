//! What was found of single nodes, for the next version in which nothing that they depend on differs: a commit
//! touches a few files of thousands. What something depends on is kept beside it and held against the present;
//! it must not be guessed from the files that differ.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use headsup_lineage::diagnostic::{Diagnostic, Position};
use serde_json::Value as Json;

use super::assemble::Assembled;
use super::config;
use super::declared::Source;
use super::engine::{Engine, Macro};
use super::graph::{Entry as GraphEntry, Graph};
use super::nodes::{Candidate, Configured, Content, Node};
use super::physical;
use super::properties::{Entry, Object, SourceEntry};
use super::relation::TableName;
use super::sought::{Names, Sought};
use super::trace::{Question, Renderings};
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
    configured: Shelf<ConfiguredKey, Arc<Said>>,
    settings: Mutex<Settings>,
    engines: Mutex<Engines>,
}

/// The root project, the file, the section of the project file, and the name of a node.
type ConfiguredKey = (Arc<str>, Arc<str>, &'static str, String);

/// What is said of a node beside its file where that is no template, and the number of the settings by which it is
/// configured.
#[derive(Debug)]
struct Said {
    said: Option<Arc<Object>>,
    settings: usize,
    told: Told,
}

/// What a property file says of a node.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// All of it, rendered.
    pub(super) rendered: Arc<Object>,
    /// The same without the tests that prove nothing.
    pub(super) trusted: Arc<Object>,
    /// How the node is configured by it and around it.
    pub(super) configured: Arc<Configured>,
}

/// The project files of a package and of the root project, and the tests that the project writes anew, that were met
/// last, and how many before them.
#[derive(Debug, Default)]
struct Settings {
    known: VecDeque<(Json, Option<Json>, BTreeSet<&'static str>)>,
    let_go: usize,
}

/// The root project, the file and the id of a node.
type Key = (Arc<str>, Arc<str>, String);

/// The root project, the package, and where in which file a source is declared.
type SourceKey = (Arc<str>, Arc<str>, Arc<str>, Position);

/// The tables of a source, and what they depend on: the renderer, the entry, and the configuration of sources.
#[derive(Debug)]
struct Declared {
    made: Made,
    entry: Arc<SourceEntry>,
    configured: Vec<Option<Json>>,
    tables: Arc<[Source]>,
}

/// By what of a renderer something was made.
#[derive(Debug)]
struct Made {
    /// The renderer, or a later one that has the same of all that was sought.
    engine: AtomicUsize,
    /// The macros that were sought, by their names.
    names: Names,
}

/// Renderers that were met, by what they know: the number of their world, and their macros by package and name.
#[derive(Debug, Default)]
struct Engines {
    known: VecDeque<(usize, Vec<Arc<Macro>>)>,
    let_go: usize,
    /// What differs between two of them.
    differing: HashMap<(usize, usize), Differing>,
}

/// The names of the macros that differ between two renderers; none where anything may differ.
type Differing = Option<Arc<BTreeSet<Arc<str>>>>;

/// So many renderers are told from others; where macros change often, those of long ago help no more.
const ENGINES: usize = 32;

/// A node after dbt's first reading.
#[derive(Debug)]
struct Read {
    made: Made,
    node: Arc<Node>,
    table: Option<Arc<TableName>>,
}

/// A node that was put together.
#[derive(Debug)]
struct Built {
    made: Made,
    depends: Depends,
    links: Vec<Link>,
    /// The number of the last graph in which the links were found to hold.
    graph: AtomicUsize,
    assembled: Assembled,
}

/// What a relation depends on beside what its node refers to.
#[derive(Debug)]
pub(super) struct Depends {
    /// The node, which holds all that its file and its properties say.
    pub(super) node: Arc<Node>,
    /// The table that it builds.
    pub(super) table: Arc<TableName>,
    /// The file as it is.
    pub(super) file: Option<ContentId>,
    /// The group that it is in.
    pub(super) group: Option<Arc<Object>>,
}

/// A question for a node, and what was answered.
#[derive(Debug)]
pub(super) struct Link {
    question: Question,
    id: String,
    table: Arc<TableName>,
}

impl Link {
    /// What `ref` or `source` means in a package; `None` if it means nothing, or more is asked than that.
    pub(super) fn of(question: Question, graph: &Graph, package: &str) -> Option<Self> {
        let GraphEntry { id, table, .. } = find(&question, graph, package)?.clone();
        Some(Self { question, id, table })
    }

    fn holds(&self, graph: &Graph, package: &str) -> bool {
        find(&self.question, graph, package).is_some_and(|entry| entry.id == self.id && entry.table == self.table)
    }
}

fn find<'g>(question: &Question, graph: &'g Graph, package: &str) -> Option<&'g GraphEntry> {
    match question {
        Question::Ref(call) => graph.reference(package, call),
        Question::Source(source, table) => graph.source(package, source, table),
        Question::Told | Question::Name(..) | Question::Macro(..) | Question::Dispatch(..) | Question::Columns(_) => {
            None
        }
    }
}

impl Made {
    fn by(engine: &Engine, sought: &Sought) -> Self {
        Self { engine: AtomicUsize::new(engine.number), names: sought.names() }
    }
}

impl Engines {
    /// The names of the macros that two renderers do not have in common.
    fn differing(&mut self, one: usize, other: usize) -> Differing {
        if let Some(known) = self.differing.get(&(one, other)) {
            return known.clone();
        }
        let known = |number: usize| self.known.get(number.checked_sub(self.let_go)?);
        let differing = known(one).zip(known(other)).and_then(|(one, other)| differing(one, other)).map(Arc::new);
        self.differing.insert((one, other), differing.clone());
        differing
    }
}

/// The names of the macros that differ, in whatever package; none where more differs than macros of packages that both
/// have.
fn differing(
    (one_world, one): &(usize, Vec<Arc<Macro>>),
    (other_world, other): &(usize, Vec<Arc<Macro>>),
) -> Option<BTreeSet<Arc<str>>> {
    let packages = |macros: &[Arc<Macro>]| macros.iter().map(|one| Arc::clone(&one.package)).collect::<BTreeSet<_>>();
    if one_world != other_world || packages(one) != packages(other) {
        return None;
    }
    let by_name = |macros: &[Arc<Macro>]| -> BTreeMap<(Arc<str>, Arc<str>), Arc<Macro>> {
        macros.iter().map(|one| ((Arc::clone(&one.package), Arc::clone(&one.name)), Arc::clone(one))).collect()
    };
    let (one, other) = (by_name(one), by_name(other));
    let is_in =
        |key, found: &Arc<Macro>, all: &BTreeMap<_, Arc<Macro>>| all.get(key).is_some_and(|other| found.is_same(other));
    let gone = one.iter().filter(|(key, found)| !is_in(*key, found, &other));
    let come = other.iter().filter(|(key, found)| !is_in(*key, found, &one));
    Some(gone.chain(come).map(|((_, name), _)| Arc::clone(name)).collect())
}

impl Depends {
    fn key(&self, engine: &Engine) -> Key {
        (Arc::clone(&engine.world.root), Arc::clone(&self.node.candidate.path), self.node.id.clone())
    }

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
    /// Lets go of files and sources that no version has any more.
    pub(super) fn sweep(&self) {
        self.contents.retain(|content| match content {
            Content::Template { file, .. } => Arc::strong_count(file) > 1,
            Content::Python(text) => Arc::strong_count(text) > 1,
            Content::Data | Content::Unreadable => true,
        });
        self.sources.retain(|declared| Arc::strong_count(&declared.tables) > 1);
    }

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

    /// Whether a renderer has the same of all that something was made by.
    fn is_same(&self, made: &Made, engine: &Engine) -> bool {
        let by = made.engine.load(Ordering::Relaxed);
        if by == engine.number {
            return true;
        }
        let Some(differing) = lock(&self.engines).differing(by, engine.number) else { return false };
        let is_same = match differing.len() <= made.names.len() {
            true => !differing.iter().any(|name| made.names.binary_search(name).is_ok()),
            false => !made.names.iter().any(|name| differing.contains(name)),
        };
        if is_same {
            // Held against the next one, this one is nearer.
            made.engine.store(engine.number, Ordering::Relaxed);
        }
        is_same
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
                engines.differing.clear();
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
    ) -> (Arc<Node>, Option<Arc<TableName>>) {
        let key = (Arc::clone(&engine.world.root), Arc::clone(&candidate.path), candidate.id());
        if let Some(kept) = self.read.get(&key)
            && kept.node.candidate.is_same(&candidate)
            && self.is_same(&kept.made, engine)
        {
            return (Arc::clone(&kept.node), kept.table.clone());
        }
        let sought = Sought::default();
        let node = Arc::new(candidate.parse(engine, renderings, &sought));
        let table = config::is_enabled(&node.config).then(|| Arc::new(physical::table(engine, &node, &sought)));
        // Why a template failed names places in files of macros, and those may be others in the next version.
        if node.parsed.is_ok() {
            let read = Read { made: Made::by(engine, &sought), node: Arc::clone(&node), table: table.clone() };
            self.read.put(key, Arc::new(read));
        }
        (node, table)
    }

    /// The number of the project files of a package and of the root project, with the tests that the project writes
    /// anew: those that say the same have the same one.
    pub(super) fn settings(&self, own: &Json, root: Option<&Json>, replaced_tests: &BTreeSet<&'static str>) -> usize {
        let mut settings = lock(&self.settings);
        let found = settings.known.iter().position(|(known, of_root, replaced)| {
            known == own && of_root.as_ref() == root && replaced == replaced_tests
        });
        let place = found.unwrap_or_else(|| {
            if settings.known.len() == ENGINES {
                settings.known.pop_front();
                settings.let_go += 1;
            }
            settings.known.push_back((own.clone(), root.cloned(), replaced_tests.clone()));
            settings.known.len() - 1
        });
        settings.let_go + place
    }

    /// What is said of a node beside its file, and what is configured by that and by settings of this number.
    pub(super) fn configured(
        &self,
        root: &Arc<str>,
        (section, path, name): (&'static str, &Arc<str>, &str),
        said: Option<&Arc<Object>>,
        settings: usize,
        make: impl FnOnce() -> Told,
    ) -> Told {
        let key = (Arc::clone(root), Arc::clone(path), section, name.to_owned());
        let is_same = |kept: &Arc<Said>| {
            kept.settings == settings
                && match (&kept.said, said) {
                    (Some(kept), Some(said)) => Arc::ptr_eq(kept, said),
                    (None, None) => true,
                    _ => false,
                }
        };
        if let Some(kept) = self.configured.get(&key).filter(is_same) {
            return kept.told.clone();
        }
        let told = make();
        // What was rendered may be otherwise by other macros.
        if said.is_none_or(|said| Arc::ptr_eq(said, &told.rendered)) {
            let kept = Said { said: said.cloned(), settings, told: told.clone() };
            self.configured.put(key, Arc::new(kept));
        }
        told
    }

    /// The tables of a source of a package, where sources are configured so.
    pub(super) fn sources(
        &self,
        engine: &Engine,
        package: &Arc<str>,
        entry: &Arc<SourceEntry>,
        configured: &[Option<Json>],
        make: impl FnOnce(&Sought) -> Arc<[Source]>,
    ) -> Arc<[Source]> {
        let Entry { path, position, .. } = &entry.source;
        let key = (Arc::clone(&engine.world.root), Arc::clone(package), Arc::clone(path), *position);
        if let Some(kept) = self.sources.get(&key)
            && Arc::ptr_eq(&kept.entry, entry)
            && kept.configured == *configured
            && self.is_same(&kept.made, engine)
        {
            return Arc::clone(&kept.tables);
        }
        let sought = Sought::default();
        let tables = make(&sought);
        let made = Made::by(engine, &sought);
        let (entry, configured) = (Arc::clone(entry), configured.to_vec());
        let declared = Declared { made, entry, configured, tables: Arc::clone(&tables) };
        self.sources.put(key, Arc::new(declared));
        tables
    }

    /// The relation of a node as it was put together, if nothing that it depends on differs.
    pub(super) fn relation(&self, engine: &Engine, depends: &Depends, graph: &Graph) -> Option<Assembled> {
        let kept = self.relations.get(&depends.key(engine))?;
        let package = &depends.node.candidate.package;
        let holds = kept.depends.is_same(depends)
            && self.is_same(&kept.made, engine)
            && (kept.graph.load(Ordering::Relaxed) == graph.number
                || kept.links.iter().all(|link| link.holds(graph, package)));
        if holds {
            kept.graph.store(graph.number, Ordering::Relaxed);
        }
        holds.then(|| kept.assembled.clone())
    }

    /// Keeps a relation with all that it depends on.
    pub(super) fn keep(
        &self,
        (engine, graph): (&Engine, &Graph),
        depends: Depends,
        links: Vec<Link>,
        sought: &Sought,
        assembled: Assembled,
    ) {
        let made = Made::by(engine, sought);
        self.relations.put(
            depends.key(engine),
            Arc::new(Built { made, depends, links, graph: AtomicUsize::new(graph.number), assembled }),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::split::blocks;
    use super::*;

    fn macros(texts: &[(&str, &str)]) -> Vec<Arc<Macro>> {
        let of = |(package, text): &(&str, &str)| {
            let (package, path, text) = (Arc::from(*package), Arc::from("macros/m.sql"), Arc::from(*text));
            blocks(&text).iter().map(|block| Arc::new(Macro::new(&package, &path, &text, block))).collect::<Vec<_>>()
        };
        texts.iter().flat_map(of).collect()
    }

    #[test]
    fn renderers_differ_in_the_names_of_macros_or_in_anything() {
        const A: &str = "{% macro a() %}1{% endmacro %}";
        const B: &str = "{% macro b() %}2{% endmacro %}";
        let both = [("shop", A), ("tools", B)];
        let of = |world, texts: &[(&str, &str)]| {
            let found = differing(&(0, macros(&both)), &(world, macros(texts)))?;
            Some(found.iter().map(|name| &**name).collect::<Vec<_>>().join(" "))
        };
        let moved = format!("{{# below #}}{B}");
        assert_eq!(of(0, &[("shop", A), ("tools", &moved)]).as_deref(), Some(""));
        assert_eq!(of(0, &[("shop", A), ("tools", &B.replace('2', "3"))]).as_deref(), Some("b"));
        assert_eq!(of(0, &[("shop", A), ("shop", B), ("tools", B)]).as_deref(), Some("b"));
        assert_eq!(of(0, &[("shop", B), ("tools", A)]).as_deref(), Some("a b"));
        assert_eq!(of(1, &both), None, "another world");
        assert_eq!(of(0, &[("shop", A), ("shop", B)]), None, "a package has none any more");
        assert_eq!(of(0, &[("shop", A), ("tools", B), ("kit", A)]), None, "another package");
    }

    /// What was made long ago may be held against a renderer that nobody remembers.
    #[test]
    fn renderers_of_long_ago_are_like_none() {
        let recall = Recall::default();
        let texts = (0..ENGINES + 2).map(|nth| format!("{{% macro a() %}}{nth}{{% endmacro %}}")).collect::<Vec<_>>();
        let numbers: Vec<usize> = texts.iter().map(|text| recall.number(0, &macros(&[("shop", text)]))).collect();
        let mut engines = lock(&recall.engines);
        assert!(engines.differing(numbers[0], numbers[ENGINES]).is_none());
        assert!(engines.differing(numbers[2], numbers[ENGINES]).is_some_and(|names| names.len() == 1));
    }
}
