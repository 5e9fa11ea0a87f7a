//! The tables that rendered SQL names itself, beside those that its template named with `ref` and
//! `source`: names written out in full, which no template engine sees.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use foldhash::HashMap;
use headsup_lineage::diagnostic::Diagnostic;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::filling::{Filling, Places, Target};
use headsup_lineage::name::RelationName;
use headsup_lineage::parsed::Parsed;
use headsup_lineage::query::Reading;
use headsup_lineage::relation::{Body, Reference, Relation, RelationId, RelationKind, Rung, Writer};
use rayon::prelude::*;

use super::dbt::TARGET_SCHEMA;
use super::memory::Derived;
use super::{Part, written};

/// What rendered SQL was found to say.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The texts, by dialect.
    scripts: Scripts,
    /// Relations with what their SQL says, by those that they were before it was read.
    relations: Derived<Named>,
}

/// A relation with what its SQL says, and what was found in that.
type Named = (Arc<Relation>, Arc<[Diagnostic]>);

/// Texts that were read, as long as a relation has them.
#[derive(Debug, Default)]
struct Scripts(Mutex<ByText>);

type ByText = HashMap<(Dialect, Arc<str>), Weak<Parsed>>;

impl Scripts {
    /// A text that was read. Two threads may both read it; it says the same to both.
    fn get_or_parse(&self, dialect: Dialect, text: &Arc<str>) -> Arc<Parsed> {
        let key = (dialect, Arc::clone(text));
        let known = self.held().get(&key).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let parsed = Arc::new(Parsed::read(text, dialect));
            let mut held = self.held();
            if held.len() == held.capacity() {
                held.retain(|_, parsed| parsed.strong_count() > 0);
            }
            held.insert(key, Arc::downgrade(&parsed));
            parsed
        })
    }

    fn forget(&self) {
        std::mem::take(&mut *self.held());
    }

    fn held(&self) -> MutexGuard<'_, ByText> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Lets go of what was made of relations that nobody holds any more.
    pub(super) fn sweep(&self) {
        self.relations.sweep();
    }

    /// Lets go of everything.
    pub(super) fn forget(&self) {
        self.scripts.forget();
        self.relations.forget();
    }
}

/// The same part with the names of its rendered SQL among what its models read, and on the rung
/// `tables` what does not parse.
///
/// A relation that another version has in common with this one refers to the same tables in both: what was found of
/// it stands.
pub(super) fn with_named_reads(mut part: Part, known: &Known) -> Part {
    let physical: HashMap<&RelationId, &[RelationName]> =
        part.relations.iter().map(|relation| (&relation.id, relation.aliases.as_slice())).collect();
    let read = |relation: &Arc<Relation>| {
        let make = || {
            let mut read = Relation::clone(relation);
            let found = read_relation(&mut read, &physical, &known.scripts);
            (Arc::new(read), Arc::from(found))
        };
        (!relation.writers.is_empty()).then(|| known.relations.get_or_make(relation, make))
    };
    let read: Vec<Option<Named>> = part.relations.par_iter().with_max_len(SHARE).map(read).collect();
    let mut found: Vec<Diagnostic> = Vec::new();
    for (relation, read) in part.relations.iter_mut().zip(read) {
        let Some((read, more)) = read else { continue };
        *relation = read;
        found.extend(more.iter().cloned());
    }
    // Where the warehouse gives no answer, the SQL has gaps, and that it does not parse is no news.
    let asking: BTreeSet<Option<String>> = part
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.code == "asks-warehouse")
        .map(|diagnostic| diagnostic.path.clone())
        .collect();
    part.diagnostics.extend(found.into_iter().filter(|diagnostic| !asking.contains(&diagnostic.path)));
    written::attach(&mut part);
    part
}

/// So many relations are read by one thread before another one may take those that follow: some texts are a hundred times
/// as long as others.
const SHARE: usize = 8;

fn read_relation(
    relation: &mut Relation,
    physical: &HashMap<&RelationId, &[RelationName]>,
    known: &Scripts,
) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let own: BTreeSet<&RelationName> = relation.aliases.iter().collect();
    let target = target(relation.kind, relation.config.get("materialized").map(|value| &**value));
    for writer in &mut relation.writers {
        let Body::Sql { dialect, variants, conditions } = &writer.body else { continue };
        let mut named = BTreeSet::new();
        let mut found = Vec::new();
        let mut scripts = Vec::new();
        // What may run elsewhere reads as well.
        let elsewhere = conditions.iter().flat_map(|conditions| conditions.texts());
        let texts: BTreeSet<&Arc<str>> = elsewhere.filter(|text| !variants.contains(text)).collect();
        for variant in variants.iter().chain(texts) {
            let parsed = known.get_or_parse(*dialect, variant);
            let gist = parsed.gist();
            if gist.reading == Reading::Scanned {
                relation.rung = relation.rung.max(Rung::Tables);
            }
            found.extend_from_slice(&gist.diagnostics);
            named.extend(gist.reads.iter().cloned());
            if let Some(reason) = &gist.incomplete {
                writer.incomplete.get_or_insert_with(|| Arc::clone(reason));
            }
            scripts.push(parsed);
        }
        // On a lower rung the text is not what will run, or was not understood.
        if relation.rung != Rung::Open {
            scripts.iter().for_each(|script| script.let_go());
        } else {
            let target = |text: &Parsed| {
                let declared = || match text.script().statements.first()?.targets.as_slice() {
                    [name] => Some(name.clone()),
                    _ => None,
                };
                let routine = (relation.kind == RelationKind::Routine).then(declared).flatten();
                routine.map_or_else(|| target.clone(), Target::Named)
            };
            let fills = scripts.into_iter().map(|text| {
                let target = target(&text);
                Filling::query(text, target, Places::Rendering)
            });
            writer.fillings = fills.collect();
        }
        diagnostics.extend(first_of_each_code(found, writer));
        let known = given_names(writer, physical);
        let position = writer.position;
        let is_given = |name: &RelationName| {
            known.contains(name)
                || own.contains(name)
                || known.iter().chain(own.iter().copied()).any(is_in_target(name))
        };
        let more = named.into_iter().filter(|read| !is_given(&read.name));
        writer.reads.extend(more.map(|mut read| {
            read.position = position;
            Reference::Name(read)
        }));
        writer.reads.sort();
        writer.reads.dedup();
    }
    diagnostics
}

/// Whether a relation is what its query returns, or keeps what it returned before: only of those
/// materializations that dbt itself has is it known that they start afresh.
fn target(kind: RelationKind, materialized: Option<&str>) -> Target {
    match materialized {
        None | Some("view" | "table" | "ephemeral" | "materialized_view") if kind == RelationKind::Model => {
            Target::Whole
        }
        _ => Target::Part,
    }
}

/// One finding of each kind for a file: where one statement is not understood, those after it are
/// often not either, and the same SQL comes back in the other variant.
///
/// Places in rendered SQL are no places in the file, so the file's own place is given.
fn first_of_each_code(found: Vec<Diagnostic>, writer: &Writer) -> Vec<Diagnostic> {
    let mut first: BTreeMap<&'static str, Diagnostic> = BTreeMap::new();
    for diagnostic in found {
        first.entry(diagnostic.code).or_insert_with(|| {
            let place = diagnostic.position.map(|place| format!(" (line {} of its rendered SQL)", place.line));
            let message = format!("{}{}", diagnostic.message, place.unwrap_or_default());
            Diagnostic { message, ..diagnostic }.in_file(&*writer.path).at(writer.position)
        });
    }
    first.into_values().collect()
}

/// Whether a name is that of a table in the schema of the target, which the table's own names leave out.
pub(super) fn is_in_target(name: &RelationName) -> impl Fn(&RelationName) -> bool {
    let mut keys = name.keys().rev();
    let in_target = keys.nth(1).is_some_and(|schema| schema.eq_ignore_ascii_case(TARGET_SCHEMA));
    move |own| in_target && own.len() == 1 && own.table_key() == name.table_key()
}

/// The names that `ref` and `source` put into the text.
fn given_names(writer: &Writer, physical: &HashMap<&RelationId, &[RelationName]>) -> BTreeSet<RelationName> {
    let ids = writer.reads.iter().filter_map(|read| match read {
        Reference::Id(id, _) => Some(id),
        Reference::Name(_) => None,
    });
    ids.filter_map(|id| physical.get(id)).copied().flatten().cloned().collect()
}
