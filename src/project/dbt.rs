//! A dbt project, read from its source: no dbt, no warehouse, nothing of the project runs.
//!
//! The way is dbt's own: find the packages and their macros, read every property file, read every
//! node once with `execute` false to learn its configuration and what it refers to, give each its
//! name in the warehouse, and read it again with `execute` true for its SQL, twice if it is
//! incremental. What cannot be rendered keeps what its text and its macros name.
//!
//! Templates are untrusted: they run with fuel, limits on depth and output, one fixed clock, and
//! placeholders for the environment.

mod aimed;
mod answer;
mod answered;
mod asked;
mod assemble;
mod call;
mod columns;
mod compared;
mod compiled;
mod conditions;
pub(super) mod config;
mod declared;
mod engine;
mod fed;
mod filters;
mod function;
mod graph;
mod hook;
mod layout;
mod listed;
mod lookup;
mod modules;
mod natives;
mod nodes;
mod physical;
mod proof;
pub(super) mod properties;
mod python;
mod question;
mod recall;
mod regex;
mod relation;
mod render;
mod rewrite;
mod rows;
mod scan;
mod semantic;
mod sentinel;
mod setup;
mod size;
mod sought;
mod split;
mod subject;
mod tokens;
mod told;
mod trace;
mod types;
mod values;
mod work;
mod world;
mod writes;
mod yaml;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use headsup_lineage::diagnostic::Diagnostic;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::relation::{Relation, RelationId};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use serde_json::{Map, Value as Json};

use crate::project::assemble::namesakes;
use crate::project::elsewhere::Elsewhere;
use crate::project::memory::Shelf;
use crate::project::{Attributes, Part};
use crate::selector::definition::{Definitions, definitions};
use crate::snapshot::{ContentId, Snapshot, is_below};
pub(super) use assemble::criticality;
use assemble::{Assembled, Assembly};
pub(super) use compared::{Tests, tests_of_target};
pub(super) use compiled::{Compiled, Written};
use engine::{Engine, Macro};
pub(super) use function::created;
use graph::{Entry, Meanings, Nodes};
use layout::{Folder, Package};
use nodes::{Known, Node};
use properties::{Properties, PropertyFile};
use recall::Recall;
use relation::TableName;
use semantic::Layer;
pub use setup::Profile;
use subject::Sees;
use trace::Renderings;
pub(super) use world::TARGET_SCHEMA;

/// Macros of a project may call each other deeply, and each call takes a part of the stack.
const STACK: usize = 256 << 20;

/// So many nodes are read by one thread before another one may take those that follow: some templates are a hundred
/// times as long as others.
const SHARE: usize = 16;

/// How to read a project.
#[derive(Debug, Clone, Default)]
pub struct Options<'a> {
    /// The directory of `dbt_project.yml` in the snapshot; empty for the root.
    pub root: &'a str,
    /// The dialect; without one, a profile or the Python requirements in the repository say.
    pub dialect: Option<Dialect>,
    /// What is known of the warehouse; without it, the snapshot is asked.
    pub profile: Option<&'a Profile>,
    /// The name of dbt's target; without one, that of a profile in the repository, else `dev`.
    pub target: Option<&'a str>,
    /// Variables that override the project's own, as dbt's `--vars` does.
    pub vars: Map<String, Json>,
    /// The environment variables that templates may see, with their values; any other yields its
    /// default or a placeholder.
    pub environment: BTreeMap<String, String>,
    /// What was read before in this run, if anybody keeps it.
    pub remembered: Option<&'a Remembered>,
    /// What files ask of the target that differ in the version that this one is compared with.
    pub elsewhere: Elsewhere,
}

/// The content, the path, and the path within the folder of a property file.
type PropertyFileKey = (ContentId, Arc<str>, String);

/// The content, the package, and the path of a file of macros.
type MacroFileKey = (ContentId, Arc<str>, Arc<str>);

/// What the readings of dbt projects keep for each other.
#[derive(Debug, Default)]
pub struct Remembered {
    files: Shelf<PropertyFileKey, Result<Arc<PropertyFile>, Box<Diagnostic>>>,
    macros: Shelf<MacroFileKey, Arc<[Arc<Macro>]>>,
    /// What only the versions of one project have in common, by its folder.
    projects: Shelf<Arc<str>, Arc<OfProject>>,
}

/// What the readings of one project keep for each other.
#[derive(Debug, Default)]
struct OfProject {
    renderings: Renderings,
    recall: Recall,
    meanings: Meanings,
}

impl Remembered {
    /// Says that another version comes, and lets go of what only versions of long ago had.
    pub(super) fn sweep(&self) {
        for project in self.projects.values() {
            project.renderings.sweep();
            project.recall.sweep();
        }
    }

    /// Lets go of everything.
    pub(super) fn forget(&self) {
        self.files.forget();
        self.macros.forget();
        self.projects.forget();
    }

    /// Lets go of what only the versions of the project in a folder have in common; folders outside of it may be
    /// those of others as well.
    pub(super) fn forget_project(&self, root: &str) {
        self.projects.remove(root);
        self.files.remove_all(|(_, path, _)| is_below(path, root));
    }

    fn of_project(&self, root: &str) -> Arc<OfProject> {
        self.projects.get_or_make(Arc::from(root), Arc::default)
    }
}

/// The files that the reading of a project depends on, with what identifies their contents. Where they are the
/// same, and the options are, so is what is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Inputs {
    files: Vec<(Arc<str>, ContentId)>,
}

impl Inputs {
    /// Those of a project in a snapshot; `None` if it has no such project.
    pub(super) fn of(snapshot: &Snapshot, root: &str) -> Option<Self> {
        let layout = layout::find(snapshot, root, &mut Vec::new());
        (!layout.packages.is_empty()).then(|| Self { files: layout::files(snapshot, &layout) })
    }
}

/// Finds the directories of the dbt projects of a snapshot.
///
/// A package that a project installed is no project of its own. Where a project stands inside
/// another one that it uses as a local package, as `integration_tests` does, it is read instead of
/// the outer one: it builds all that the outer one has, and switches on what is off by default.
/// Where there are several such projects, the outer one is read alone.
#[must_use]
pub fn find_roots(snapshot: &Snapshot) -> Vec<Arc<str>> {
    layout::roots(snapshot)
}

/// What a snapshot says of the warehouse that a project is for; `None` if it has no such project.
#[must_use]
pub fn profile(snapshot: &Snapshot, root: &str, dialect: Option<Dialect>, target: Option<&str>) -> Option<Profile> {
    let layout = layout::find(snapshot, root, &mut Vec::new());
    layout.packages.first().map(|package| setup::profile_of(snapshot, package, dialect, target))
}

/// The folders that belong to the dbt projects of a snapshot, packages included.
#[must_use]
pub fn folders(snapshot: &Snapshot) -> Vec<Arc<str>> {
    layout::folders(snapshot)
}

/// Threads with enough stack to read projects. They stay: of what others let go of in memory that come for one version
/// of many, nobody could use the rest.
static DEEP_THREADS: OnceLock<Result<ThreadPool, ThreadPoolBuildError>> = OnceLock::new();

/// Does something on threads with enough stack to read projects.
///
/// # Errors
/// If the system gives no threads.
pub(super) fn on_deep_threads<R: Send>(work: impl FnOnce() -> R + Send) -> Result<R, &'static ThreadPoolBuildError> {
    let threads = DEEP_THREADS.get_or_init(|| ThreadPoolBuilder::new().stack_size(STACK).build());
    threads.as_ref().map(|threads| threads.install(work))
}

/// Does something that needs no such stack where projects were read, for what was let go of there is of use; and else here.
pub(super) fn where_projects_were_read<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    match DEEP_THREADS.get() {
        Some(Ok(threads)) => threads.install(work),
        Some(Err(_)) | None => work(),
    }
}

/// Reads a project and the packages that it uses.
#[must_use]
pub fn read(snapshot: &Snapshot, options: &Options<'_>) -> Part {
    on_deep_threads(|| read_all(snapshot, options)).unwrap_or_else(|error| Part {
        diagnostics: vec![Diagnostic::error(
            "no-threads",
            format!("cannot start threads to read dbt projects: {error}"),
        )],
        ..Part::default()
    })
}

fn read_all(snapshot: &Snapshot, options: &Options<'_>) -> Part {
    let mut part = Part::default();
    let layout = layout::find(snapshot, options.root, &mut part.diagnostics);
    let Some(root) = layout.packages.first() else { return part };
    let nothing = Remembered::default();
    let remembered = options.remembered.unwrap_or(&nothing);
    let kept = remembered.of_project(options.root);
    let engine = Arc::new(setup::engine(snapshot, &layout, options, remembered, &mut part.diagnostics));
    let read = |package| read_properties(snapshot, package, remembered, &mut part.diagnostics);
    let properties: Vec<Properties> = layout.packages.iter().map(read).collect();
    let settings: Vec<Json> = layout.packages.iter().map(|package| rendered(&engine, package)).collect();
    let replaced_tests = proof::replaced(&engine);
    let known: Vec<Known<'_>> = layout
        .packages
        .iter()
        .zip(&properties)
        .zip(&settings)
        .map(|((package, properties), own)| {
            let root = settings.first().filter(|_| package.name != root.name);
            let settings_number = kept.recall.settings(own, root, &replaced_tests);
            let (recall, replaced_tests) = (&kept.recall, &replaced_tests);
            Known { package, properties, settings: own, root, settings_number, recall, replaced_tests }
        })
        .collect();

    let mut candidates = Vec::new();
    for package in &known {
        candidates.extend(package.candidates(snapshot, &engine, &mut part.diagnostics));
    }
    let read: Vec<(Arc<Node>, Option<Arc<TableName>>)> = candidates
        .into_par_iter()
        .with_max_len(SHARE)
        .map(|candidate| kept.recall.read(candidate, &engine, &kept.renderings))
        .collect();
    let (mut nodes, mut disabled) = (Vec::with_capacity(read.len()), Vec::new());
    for (node, table) in read {
        match table {
            Some(table) => nodes.push((node, table)),
            None => disabled.push(node),
        }
    }

    let mut by_name = Nodes::new();
    for (node, table) in &nodes {
        by_name.entry(node.candidate.name.clone()).or_default().push(Entry {
            id: node.id.clone(),
            package: node.candidate.package.to_string(),
            table: Arc::clone(table),
            version: node.candidate.version.clone(),
            is_latest: node.candidate.is_latest,
        });
    }
    let sources: Vec<_> = known.iter().flat_map(|package| declared::sources(&engine, package, &kept.recall)).collect();
    for source in sources.iter().flat_map(|found| found.iter()) {
        keep_attributes(&mut part, &source.relation.id, &source.attributes);
        part.relations.push(Arc::clone(&source.relation));
    }
    let mut graph = kept.meanings.graph(&root.name, searches_itself_first(root), by_name, sources);
    graph.disabled =
        disabled.iter().map(|node| (node.candidate.name.clone(), node.candidate.path.to_string())).collect();
    graph.listed.clone_from(&nodes);
    graph.consumers = known.iter().flat_map(|known| known.consumers()).collect();
    let graph = engine.graph.get_or_init(|| graph);

    part.selectors = selectors_of(snapshot, root);
    let groups = known
        .iter()
        .flat_map(|known| {
            known
                .properties
                .groups
                .iter()
                .map(|(name, said)| ((Arc::clone(&known.package.name), name.clone()), Arc::clone(said)))
        })
        .collect();
    let assembly = Assembly {
        snapshot,
        engine: &engine,
        graph,
        renderings: &kept.renderings,
        recall: &kept.recall,
        missing: &layout.missing,
        groups: &groups,
        elsewhere: &options.elsewhere,
    };
    let assembled: Vec<Assembled> =
        nodes.par_iter().with_max_len(SHARE).map(|(node, table)| assembly.relation(node, table)).collect();
    let mut places: BTreeMap<RelationId, usize> = BTreeMap::new();
    for one in assembled {
        part.diagnostics.extend(one.diagnostics);
        part.written.extend(one.written);
        if let Some(place) = places.get(&one.relation.id) {
            add_writer(&mut part, *place, &one.relation);
            continue;
        }
        places.insert(one.relation.id.clone(), part.relations.len());
        keep_attributes(&mut part, &one.relation.id, &one.attributes);
        part.relations.push(one.relation);
    }
    for package in &known {
        let layer = Layer::read(&engine, package, graph);
        let jobs = declared::exposures(&engine, package, graph, &layer, &mut part.diagnostics);
        part.jobs.extend(jobs);
        part.jobs.extend(layer.consumers(&package.package.name, &groups));
    }
    for package in &layout.packages {
        part.written.extend(writes::of_runs(&assembly, package));
    }
    distinguish(&mut part, engine.world.dialect);
    finish(part)
}

/// The selections that `selectors.yml` beside the project file names; a file that cannot be read is dbt's
/// to complain of, and nobody may ever ask for it.
fn selectors_of(snapshot: &Snapshot, root: &Package) -> Definitions {
    let Some(path) = layout::join(&root.directory, "selectors.yml") else { return Definitions::new() };
    let file = snapshot.id(&path).and_then(|_| yaml::parse(&snapshot.text(&path).ok()?).ok());
    file.map(|file| definitions(&file)).unwrap_or_default()
}

/// Puts the package before names that two packages use, for reports to tell them apart.
fn distinguish(part: &mut Part, dialect: Dialect) {
    for place in namesakes(&part.relations) {
        let Some(relation) = part.relations.get_mut(place).map(Arc::make_mut) else { continue };
        let package = relation.id.as_str().split('.').nth(1).unwrap_or_default();
        relation.name = relation.name.within(dialect, package);
    }
}

/// Two files with one name: dbt refuses them, and we read both.
fn add_writer(part: &mut Part, place: usize, other: &Relation) {
    let Some(first) = part.relations.get_mut(place).map(Arc::make_mut) else { return };
    let path = first.writers.first().map(|writer| Arc::clone(&writer.path)).unwrap_or_default();
    for writer in other.writers.iter().cloned() {
        part.diagnostics.push(
            Diagnostic::error("duplicate-model", format!("`{}` is built here and in {path}", first.name))
                .in_file(&*writer.path)
                .at(writer.position)
                .hint("rename one of the two, or switch one off"),
        );
        first.writers.push(writer);
    }
    first.rung = first.rung.max(other.rung);
}

fn keep_attributes(part: &mut Part, id: &RelationId, attributes: &Attributes) {
    if *attributes != Attributes::default() {
        part.attributes.insert(id.clone(), attributes.clone());
    }
}

fn finish(mut part: Part) -> Part {
    part.relations.sort_by(|left, right| left.id.cmp(&right.id));
    part.jobs.sort_by(|left, right| (&left.name, &left.path).cmp(&(&right.name, &right.path)));
    part.diagnostics.sort();
    part.diagnostics.dedup();
    part
}

/// Whether `ref` in a package looks into that package before it looks into the root project.
fn searches_itself_first(root: &Package) -> bool {
    let flag = root.settings.get("flags").and_then(|flags| flags.get("require_ref_searches_node_package_before_root"));
    flag.and_then(config::truthy).unwrap_or(false)
}

/// A project file with the templates of its configuration rendered.
fn rendered(engine: &Arc<Engine>, package: &Package) -> Json {
    let path = Arc::from(layout::join(&package.directory, layout::PROJECT_FILE).unwrap_or_default());
    // dbt reads project files before there are variables but those of `--vars`, and packages without these.
    let sees = if package.name == engine.world.root { Sees::Given } else { Sees::Nothing };
    let run = render::run(engine, &engine.world.root, &path, sees);
    let mut settings = Map::new();
    const SECTIONS: [&str; 9] = [
        "models",
        "seeds",
        "snapshots",
        "functions",
        "sources",
        "exposures",
        "semantic-models",
        "metrics",
        "saved-queries",
    ];
    for section in SECTIONS.into_iter().chain(proof::SECTIONS) {
        if let Some(said) = package.settings.get(section) {
            settings.insert(section.to_owned(), render::value(&run, said));
        }
    }
    Json::Object(settings)
}

fn read_properties(
    snapshot: &Snapshot,
    package: &Package,
    remembered: &Remembered,
    diagnostics: &mut Vec<Diagnostic>,
) -> Properties {
    let mut properties = Properties::default();
    let mut seen = BTreeSet::new();
    let mut files = Vec::new();
    for folder in [Folder::Models, Folder::Seeds, Folder::Snapshots, Folder::Functions, Folder::Macros] {
        let found = package.files(snapshot, folder, &["yml", "yaml"]);
        files.extend(found.into_iter().filter(|(path, _)| seen.insert(Arc::clone(path))));
    }
    let read: Vec<_> = files.par_iter().map(|(path, inner)| property_file(snapshot, path, inner, remembered)).collect();
    for file in read {
        match file {
            Ok(file) => properties.add(&file, diagnostics),
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    properties
}

fn property_file(
    snapshot: &Snapshot,
    path: &Arc<str>,
    inner: &str,
    remembered: &Remembered,
) -> Result<Arc<PropertyFile>, Box<Diagnostic>> {
    let read = || {
        let text = snapshot.text(path)?;
        let file = yaml::parse(&text).map_err(|diagnostic| Box::new(diagnostic.in_file(&**path)))?;
        Ok(Arc::new(PropertyFile::of(path, inner, &text, file)))
    };
    match snapshot.id(path) {
        Some(id) => remembered.files.get_or_make((id, Arc::clone(path), inner.to_owned()), read),
        None => read(),
    }
}
