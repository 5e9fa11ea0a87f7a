//! The parts of a repository to one project: ids and names made unique, and everything in one graph.

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt, HashSet};

use headsup_lineage::diagnostic::{Diagnostic, Severity};
use headsup_lineage::dialect::Dialect;
use headsup_lineage::graph::BuiltGraph;
use headsup_lineage::name::RelationName;
use headsup_lineage::relation::{Declaration, Reference, Relation, RelationId, RelationKind};

use super::memory::Derived;
use super::{Part, Project, is_built};

/// What the projects of a repository hold, before it is known who reads whom.
#[derive(Debug, Default)]
pub(super) struct Assembled {
    pub(super) relations: Vec<Arc<Relation>>,
    rest: Part,
    sizes: BTreeMap<Arc<str>, usize>,
    unread: BTreeMap<Arc<str>, Diagnostic>,
}

/// One whole from the parts of a repository, each with its folder. `namesakes` are the relations of other versions
/// that were told from those of the same name.
pub(super) fn assemble(parts: Vec<(Arc<str>, Part)>, namesakes: &Derived<Arc<Relation>>) -> Assembled {
    let mut whole = Part::default();
    let mut runs: Vec<(Box<str>, Vec<Arc<Relation>>)> = Vec::new();
    let mut sizes: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    let mut unread = BTreeMap::new();
    for (root, mut part) in parts {
        let mut own = by_package(std::mem::take(&mut part.relations));
        if is_another_dbt_project_of_the_same_name(&own, &runs) {
            part.relations = own.into_iter().flat_map(|(_, relations)| relations).collect();
            rename(&mut part, &root);
            own = by_package(std::mem::take(&mut part.relations));
        }
        // Nothing but an error: the file that makes it a project could not be read.
        let error = part.diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error);
        if let (true, Some(error)) = (own.is_empty(), error) {
            unread.insert(Arc::clone(&root), error.clone());
        }
        let relations = own.iter().flat_map(|(_, relations)| relations);
        *sizes.entry(root).or_default() += relations.filter(|relation| is_built(relation)).count();
        runs.append(&mut own);
        whole.attributes.extend(part.attributes);
        whole.jobs.extend(part.jobs);
        whole.selectors.extend(part.selectors);
        whole.diagnostics.extend(part.diagnostics);
    }
    // Those of one package are sorted already, so that little is left to sort.
    runs.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut relations = merge(runs.into_iter().flat_map(|(_, relations)| relations).collect());
    tell_namesakes_apart(&mut relations, namesakes);
    whole.jobs.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    Assembled { relations, rest: whole, sizes, unread }
}

impl Assembled {
    /// The project with its graph, which was built from the relations.
    pub(super) fn with_graph(self, built: BuiltGraph) -> Project {
        let Part { attributes, jobs, selectors, mut diagnostics, .. } = self.rest;
        diagnostics.extend(built.diagnostics);
        diagnostics.sort();
        diagnostics.dedup();
        Project { graph: built.graph, attributes, jobs, selectors, diagnostics, sizes: self.sizes, unread: self.unread }
    }
}

/// Relations in turn, those together that stand together and whose ids begin alike, up to the second dot: dbt has the
/// kind and the package there.
fn by_package(relations: Vec<Arc<Relation>>) -> Vec<(Box<str>, Vec<Arc<Relation>>)> {
    let mut runs: Vec<(Box<str>, Vec<Arc<Relation>>)> = Vec::new();
    for relation in relations {
        let id = relation.id.as_str();
        match runs.last_mut().filter(|(package, _)| package.ends_with('.') && id.starts_with(&**package)) {
            Some((_, run)) => run.push(relation),
            None => {
                let end = id.match_indices('.').nth(1).map_or(id.len(), |(dot, _)| dot + 1);
                runs.push((Box::from(&id[..end]), vec![relation]));
            }
        }
    }
    runs
}

/// Ids of dbt carry the name of the project, not its folder; a plain SQL table is one table
/// wherever it is written.
fn is_another_dbt_project_of_the_same_name(
    part: &[(Box<str>, Vec<Arc<Relation>>)],
    others: &[(Box<str>, Vec<Arc<Relation>>)],
) -> bool {
    part.iter().filter(|(_, relations)| !relations.first().is_some_and(|first| is_plain(first))).any(
        |(package, own)| {
            // Most projects have no package in common, and their ids need not be looked at.
            let of_package = others.iter().filter(|(other, _)| other == package);
            let taken: HashSet<&RelationId> = of_package.flat_map(|(_, known)| known).map(|known| &known.id).collect();
            !taken.is_empty() && own.iter().any(|relation| taken.contains(&relation.id))
        },
    )
}

fn is_plain(relation: &Relation) -> bool {
    relation.id.as_str().starts_with("sql.")
}

fn rename(part: &mut Part, root: &str) {
    let renamed = |id: &RelationId| RelationId::new(format!("{id}@{root}"));
    let rename_read = |read: &mut Reference| {
        if let Reference::Id(id, _) = read {
            *id = renamed(id);
        }
    };
    for relation in part.relations.iter_mut().map(Arc::make_mut) {
        relation.id = renamed(&relation.id);
        relation.writers.iter_mut().flat_map(|writer| &mut writer.reads).for_each(rename_read);
    }
    part.attributes = std::mem::take(&mut part.attributes).into_iter().map(|(id, said)| (renamed(&id), said)).collect();
    for job in &mut part.jobs {
        let definitions = job.definitions.values_mut().flat_map(|definition| &mut Arc::make_mut(definition).reads);
        job.reads.iter_mut().chain(definitions).for_each(rename_read);
    }
}

/// Relations of one id become one: two folders that fill one table are two writers of it.
fn merge(mut relations: Vec<Arc<Relation>>) -> Vec<Arc<Relation>> {
    let mut merged: Vec<Arc<Relation>> = Vec::with_capacity(relations.len());
    relations.sort_by(|one, other| one.id.cmp(&other.id));
    for relation in relations {
        match merged.last_mut().filter(|known| known.id == relation.id) {
            None => merged.push(relation),
            Some(known) => {
                let (known, relation) = (Arc::make_mut(known), Arc::unwrap_or_clone(relation));
                known.rung = known.rung.max(relation.rung);
                if known.kind == RelationKind::Source {
                    known.kind = relation.kind;
                }
                if known.declaration == Declaration::Described {
                    known.declaration = relation.declaration;
                    known.schema = relation.schema;
                }
                known.writers.extend(relation.writers);
                known.aliases.extend(relation.aliases);
                known.declared_in = known.declared_in.take().or(relation.declared_in);
            }
        }
    }
    merged
}

/// Reports call a relation by its short name; where two would be called the same, by the name of
/// their project as well.
fn tell_namesakes_apart(relations: &mut [Arc<Relation>], known: &Derived<Arc<Relation>>) {
    for place in namesakes(relations) {
        let Some(relation) = relations.get_mut(place).filter(|relation| !relation.project.is_empty()) else { continue };
        *relation = known.get_or_make(relation, || {
            let mut called = Relation::clone(relation);
            let short = called.name.clone();
            called.name = short.within(Dialect::Ansi, &called.project);
            called.aliases.push(short);
            Arc::new(called)
        });
    }
}

/// The places of relations whose name others have as well.
pub(super) fn namesakes(relations: &[Arc<Relation>]) -> Vec<usize> {
    let mut count: HashMap<&RelationName, usize> = HashMap::with_capacity(relations.len());
    for relation in relations {
        *count.entry(&relation.name).or_default() += 1;
    }
    let is_shared = |relation: &Arc<Relation>| count.get(&relation.name).is_some_and(|count| *count > 1);
    relations.iter().enumerate().filter(|(_, relation)| is_shared(relation)).map(|(place, _)| place).collect()
}
