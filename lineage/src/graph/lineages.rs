//! What texts were found to do, kept for the same texts in another version of the project. It must not
//! know the graph.
//!
//! A lineage depends on its text and on what that asks of the relations that it names. So the answers are
//! kept with it, and it is found again only where all of them are what they were.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::dependency::{Schemas, Shape};
use crate::filling::{Filled, Filling};
use crate::hashing::HashMap;
use crate::name::{ColumnName, RelationName};
use crate::query::Returns;
use crate::relation::{Relation, Writer};

/// A lineage that was not asked for in so many versions is let go of: a change that is taken back soon is
/// known again, and one of long ago need not be.
const VERSIONS: u32 = 4;

/// The lineages of the texts of some versions.
#[derive(Debug, Default)]
pub struct Lineages {
    kept: Mutex<ByText>,
    /// Relations without their texts, by the place in memory of what they were made of, as long as that is there.
    bare: Mutex<OfRelation<Arc<Relation>>>,
    /// How many versions there were.
    version: AtomicU32,
}

/// Something that was made of relations, by the place in memory of each.
type OfRelation<T> = HashMap<usize, (Weak<Relation>, T)>;

/// By the place of the text in memory, which each of them keeps there, and the statements that count.
type ByText = HashMap<(usize, Vec<usize>), Vec<Arc<Kept>>>;

/// One lineage, and all that it depends on.
#[derive(Debug)]
struct Kept {
    filling: Filling,
    known: Vec<ColumnName>,
    shapes: Vec<(RelationName, Shape)>,
    routines: Vec<(RelationName, Option<Returns>)>,
    filled: Arc<Filled>,
    /// The version that asked for it last.
    asked: AtomicU32,
}

impl Lineages {
    /// What a relation depends on by a text, as [`Filling::lineage`] says: as it was found before, or found now.
    pub(super) fn of(&self, filling: &Filling, known: &[ColumnName], schemas: &dyn Schemas) -> Arc<Filled> {
        let key = (Arc::as_ptr(&filling.text).addr(), filling.statements.clone());
        let candidates = self.kept().get(&key).cloned().unwrap_or_default();
        if let Some(kept) = candidates.iter().find(|kept| kept.holds(filling, known, schemas)) {
            kept.asked.store(self.version.load(Ordering::Relaxed), Ordering::Relaxed);
            return Arc::clone(&kept.filled);
        }
        let listening = Listening { schemas, shapes: RefCell::default(), routines: RefCell::default() };
        let filled = Arc::new(filling.lineage(known, &listening));
        let kept = Kept {
            filling: filling.clone(),
            known: known.to_vec(),
            shapes: listening.shapes.into_inner().into_iter().collect(),
            routines: listening.routines.into_inner().into_iter().collect(),
            filled: Arc::clone(&filled),
            asked: AtomicU32::new(self.version.load(Ordering::Relaxed)),
        };
        self.kept().entry(key).or_default().push(Arc::new(kept));
        filled
    }

    /// Says that another version comes, and lets go of what none of the last ones asked for.
    pub fn turn(&self) {
        let version = self.version.fetch_add(1, Ordering::Relaxed) + 1;
        let is_fresh = |kept: &Arc<Kept>| {
            // What a graph has is not asked for again as long as its relation stays as it is.
            version - kept.asked.load(Ordering::Relaxed) <= VERSIONS || Arc::strong_count(&kept.filled) > 1
        };
        self.kept().retain(|_, kept| {
            kept.retain(is_fresh);
            !kept.is_empty()
        });
        lock(&self.bare).retain(|_, (of, _)| of.strong_count() > 0);
    }

    fn kept(&self) -> MutexGuard<'_, ByText> {
        lock(&self.kept)
    }
}

/// A relation without its texts, and the same with them, if it has any: they are by far the largest part of what was
/// read, and go as soon as it has been read. One that several versions have in common stays the same without them.
pub(super) fn apart(relation: Arc<Relation>, lineages: Option<&Lineages>) -> (Arc<Relation>, Option<Arc<Relation>>) {
    if relation.writers.iter().all(|writer| writer.fillings.is_empty()) {
        return (relation, None);
    }
    let bare = || Arc::new(without_texts(&relation));
    let bare = lineages.map_or_else(bare, |lineages| kept_or_made(&lineages.bare, &relation, bare));
    (bare, Some(relation))
}

/// What was made of a relation, as long as it is there, or what is made of it now.
fn kept_or_made<T: Clone>(kept: &Mutex<OfRelation<T>>, of: &Arc<Relation>, make: impl FnOnce() -> T) -> T {
    let place = Arc::as_ptr(of).addr();
    // As long as it is referred to, if weakly, nothing else comes to its place.
    let known = lock(kept).get(&place).filter(|(known, _)| known.strong_count() > 0).map(|(_, made)| made.clone());
    known.unwrap_or_else(|| {
        let made = make();
        lock(kept).insert(place, (Arc::downgrade(of), made.clone()));
        made
    })
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

fn without_texts(relation: &Relation) -> Relation {
    let Relation { id, name, aliases, kind, rung, project, writers, declared_in, schema, declaration, config } =
        relation;
    let bare = |Writer { path, position, reads, incomplete, body, fillings: _, described }: &Writer| Writer {
        path: Arc::clone(path),
        position: *position,
        reads: reads.clone(),
        incomplete: incomplete.clone(),
        body: body.clone(),
        fillings: Vec::new(),
        described: described.clone(),
    };
    Relation {
        id: id.clone(),
        name: name.clone(),
        aliases: aliases.clone(),
        kind: *kind,
        rung: *rung,
        project: Arc::clone(project),
        writers: writers.iter().map(bare).collect(),
        declared_in: declared_in.clone(),
        schema: schema.clone(),
        declaration: *declaration,
        config: config.clone(),
    }
}

impl Kept {
    /// Whether the same text asks the same of those that answer now as it did then.
    fn holds(&self, filling: &Filling, known: &[ColumnName], schemas: &dyn Schemas) -> bool {
        let Filling { text, statements, target, local, order, places } = &self.filling;
        Arc::ptr_eq(text, &filling.text)
            && *statements == filling.statements
            && *target == filling.target
            && *local == filling.local
            && *order == filling.order
            && *places == filling.places
            && are_spelled_alike(&self.known, known)
            && self.shapes.iter().all(|(name, shape)| is_same_to_the_letter(shape, &schemas.shape(name)))
            && self.routines.iter().all(|(name, returns)| schemas.routine(name) == *returns)
    }
}

/// Whether what is known of a relation is the same, and prints the same.
pub(super) fn is_same_to_the_letter(shape: &Shape, other: &Shape) -> bool {
    shape == other && are_spelled_alike(&shape.columns, &other.columns)
}

/// Whether names are the same and print the same.
fn are_spelled_alike(names: &[ColumnName], others: &[ColumnName]) -> bool {
    if std::ptr::eq(names, others) {
        return true;
    }
    names.len() == others.len()
        && names.iter().zip(others).all(|(one, other)| one == other && one.as_str() == other.as_str())
}

/// Passes questions on, and remembers the answers.
struct Listening<'a> {
    schemas: &'a dyn Schemas,
    shapes: RefCell<HashMap<RelationName, Shape>>,
    routines: RefCell<HashMap<RelationName, Option<Returns>>>,
}

impl Schemas for Listening<'_> {
    fn shape(&self, name: &RelationName) -> Shape {
        if let Some(known) = self.shapes.borrow().get(name) {
            return known.clone();
        }
        let shape = self.schemas.shape(name);
        self.shapes.borrow_mut().insert(name.clone(), shape.clone());
        shape
    }

    fn routine(&self, name: &RelationName) -> Option<Returns> {
        if let Some(known) = self.routines.borrow().get(name) {
            return *known;
        }
        let answer = self.schemas.routine(name);
        self.routines.borrow_mut().insert(name.clone(), answer);
        answer
    }
}
