//! Tables that are written by what is no file of their own: a hook of another model. Who writes them is found for each
//! when all relations of a project are known. It must not know why they are written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use foldhash::{HashMap, HashSet};
use headsup_lineage::name::RelationName;
use headsup_lineage::query::{Read, ReadRole, TableSchema};
use headsup_lineage::relation::{Declaration, Reference, Relation, RelationId, RelationKind, Rung, Writer};

use super::Part;
use super::rendered::is_in_target;

/// A table that something writes that does not build it.
#[derive(Debug, Clone)]
pub struct Written {
    /// Which.
    pub target: Target,
    /// What it is, if nobody else says so.
    pub kind: RelationKind,
    /// How well it was read what is written.
    pub rung: Rung,
    /// The project that writes it.
    pub project: Arc<str>,
    /// The relation whose hook writes it: what is called alike is not that one.
    pub by: Option<RelationId>,
    /// Who writes it, and how.
    pub writer: Writer,
}

/// How a table that is written is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// As a relation of the project.
    Known(RelationId),
    /// By its name in SQL.
    Named(RelationName),
}

/// The places of relations by the last part of their names.
struct Places<'r> {
    relations: &'r [Arc<Relation>],
    by_table: HashMap<&'r str, Vec<usize>>,
}

impl<'r> Places<'r> {
    fn of(relations: &'r [Arc<Relation>], wanted: &HashSet<String>) -> Self {
        let mut by_table: HashMap<&str, Vec<usize>> = HashMap::default();
        for (place, relation) in relations.iter().enumerate() {
            for name in names(relation).filter(|name| wanted.contains(name.table_key())) {
                let places = by_table.entry(name.table_key()).or_default();
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
        }
        Self { relations, by_table }
    }

    /// The relations that a name means: those that share the most parts with it.
    fn find(&self, name: &RelationName) -> Vec<usize> {
        let shared = |place: &usize| {
            let agreement = |own: &RelationName| match is_in_target(name)(own) {
                true => Some(name.len()),
                false => own.agreement(name),
            };
            names(&self.relations[*place]).filter_map(agreement).max()
        };
        let candidates = self.by_table.get(name.table_key()).map(Vec::as_slice).unwrap_or_default();
        let agreeing = candidates.iter().filter_map(|place| Some((shared(place)?, *place)));
        let agreeing: Vec<(usize, usize)> = agreeing.collect();
        let most = agreeing.iter().map(|(shared, _)| *shared).max();
        agreeing.into_iter().filter(|(shared, _)| Some(*shared) == most).map(|(_, place)| place).collect()
    }
}

/// The names by which SQL finds a relation.
fn names(relation: &Relation) -> impl Iterator<Item = &RelationName> {
    std::iter::once(&relation.name).chain(&relation.aliases)
}

/// Puts those who write tables beside what else fills these. What nobody of the project builds, declares or reads is
/// nobody's business.
pub(super) fn attach(part: &mut Part) {
    if part.written.is_empty() {
        return;
    }
    let written = std::mem::take(&mut part.written);
    let mut wanted: HashSet<String> = HashSet::default();
    for one in &written {
        if let Target::Named(name) = &one.target {
            wanted.insert(name.table_key().to_owned());
        }
        wanted.extend(named(&one.writer).map(|read| read.name.table_key().to_owned()));
    }
    let places = Places::of(&part.relations, &wanted);
    let mut found: BTreeMap<usize, Vec<(Rung, Writer)>> = BTreeMap::new();
    let mut new: BTreeMap<RelationId, Relation> = BTreeMap::new();
    let read = Named::of(&part.relations);
    for one in written {
        let mut writer = one.writer;
        let meant = |reference: &Reference| -> Vec<Reference> {
            let Reference::Name(read) = reference else { return vec![reference.clone()] };
            let by_id = |place: usize| Reference::Id(part.relations[place].id.clone(), writer.position);
            let known = if read.role == ReadRole::Table { places.find(&read.name) } else { Vec::new() };
            match known.as_slice() {
                [] => vec![Reference::Name(Read { position: writer.position, ..read.clone() })],
                known => known.iter().map(|place| by_id(*place)).collect(),
            }
        };
        let reads: BTreeSet<Reference> = writer.reads.iter().flat_map(meant).collect();
        writer.reads = reads.into_iter().collect();
        let name = match &one.target {
            Target::Known(id) => {
                let place = part.relations.iter().position(|relation| relation.id == *id);
                found.entry(place.unwrap_or(usize::MAX)).or_default().push((one.rung, writer));
                continue;
            }
            Target::Named(name) => name,
        };
        let mut known = places.find(name);
        known.retain(|place| one.by.as_ref() != Some(&part.relations[*place].id));
        for place in &known {
            found.entry(*place).or_default().push((one.rung, writer.clone()));
        }
        if known.is_empty() && read.has(name) {
            let relation = plain(name, one.kind, &one.project);
            let held = new.entry(relation.id.clone()).or_insert(relation);
            held.rung = held.rung.max(one.rung);
            held.writers.push(writer);
        }
    }
    for (place, writers) in found {
        let Some(relation) = part.relations.get_mut(place).map(Arc::make_mut) else { continue };
        for (rung, writer) in writers {
            relation.rung = relation.rung.max(rung);
            relation.writers.push(writer);
        }
    }
    part.relations.extend(new.into_values().map(Arc::new));
}

fn named(writer: &Writer) -> impl Iterator<Item = &Read> {
    writer.reads.iter().filter_map(|reference| match reference {
        Reference::Name(read) => Some(read),
        Reference::Id(..) => None,
    })
}

/// The last parts of the names that SQL reads or calls.
struct Named(HashSet<String>);

impl Named {
    fn of(relations: &[Arc<Relation>]) -> Self {
        let writers = relations.iter().flat_map(|relation| &relation.writers);
        Self(writers.flat_map(named).map(|read| read.name.table_key().to_owned()).collect())
    }

    fn has(&self, name: &RelationName) -> bool {
        self.0.contains(name.table_key())
    }
}

/// A table or a routine that nobody else says anything of: as if a plain file filled it.
fn plain(name: &RelationName, kind: RelationKind, project: &Arc<str>) -> Relation {
    Relation {
        id: RelationId::new(format!("sql.{}", name.keys().collect::<Vec<_>>().join("."))),
        name: name.clone(),
        aliases: Vec::new(),
        kind,
        rung: Rung::Columns,
        project: Arc::clone(project),
        writers: Vec::new(),
        declared_in: None,
        schema: TableSchema::default(),
        declaration: Declaration::Described,
        config: BTreeMap::new(),
    }
}
