//! The two versions of one relation, and what their queries say of each other. It must not know the
//! others, but for the names that changed upstream.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::canonical::{Relations, TextComparison, compare_texts};
use crate::dialect::Dialect;
use crate::graph::{LineageGraph, Node};
use crate::name::RelationName;
use crate::query::{Read, ReadRole};
use crate::relation::conditions::{Agreement, agreement, elsewhere};
use crate::relation::{Body, Reference, RelationId, RelationKind, Writer};

use super::declared::Way;
use super::followed::{Followed, RenamedColumn, UnderOldNames, hands_on, is_rebuilt};
use super::query::{self, Compared};
use super::still::StillSaid;
use super::{Bodies, Effect, EffectKind, Files, Learned, Version, data};

const SAME_MEANING: &str = "the SQL is written in another way and means the same";
const SAME_ROWS: &str = "the file is written in another way, and its rows are the same";
const SAME_UNDER_NEW_NAMES: &str = "it asks by the new name for what it read before";

/// The two versions of one relation.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) base: &'a LineageGraph,
    pub(super) head: &'a LineageGraph,
    pub(super) before: Node,
    pub(super) after: Node,
    pub(super) followed: &'a Followed,
    pub(super) files: &'a Files<'a>,
}

/// What the texts of two writers, one for each variant that can run, say of each other.
enum Texts {
    Same,
    /// They differ in this, and in nothing else; some columns only have another name.
    Differ(Vec<Effect>, Vec<RenamedColumn>),
    Unclear(String),
}

impl Pair<'_> {
    /// Whether both versions hold the relation in common, as they do most of them, and have no file of it that differs.
    pub(super) fn is_untouched(self, differing: &BTreeSet<Arc<str>>) -> bool {
        let (before, after) = (self.base.relation(self.before), self.head.relation(self.after));
        std::ptr::eq(before, after) && !self.followed.concerns(self.head, self.after) && !before.is_of(differing)
    }

    /// A source that is declared to be another table: whoever reads it reads that. Where the repository builds the table,
    /// in both versions by the same, it has another name only.
    pub(super) fn another_source(self) -> Option<Effect> {
        let (was, is) = (self.base.relation(self.before), self.head.relation(self.after));
        let (old, new) = (was.aliases.first()?, is.aliases.first()?);
        let built_by = |graph: &LineageGraph, node: Node| -> BTreeSet<RelationId> {
            graph.parents(node).into_iter().map(|parent| graph.relation(parent).id.clone()).collect()
        };
        if is.kind != RelationKind::Source || old == new {
            return None;
        }
        let builders = built_by(self.head, self.after);
        let is_the_same = !builders.is_empty() && builders == built_by(self.base, self.before);
        let detail = || format!("whoever reads it reads {new} instead of {old}");
        (!is_the_same).then(|| Effect::on_relation(EffectKind::Unspecified, detail()))
    }

    /// Compares the queries that two writers of the relation are; none if they are no such pair.
    pub(super) fn compare_queries(self, old: &Writer, new: &Writer) -> Option<(Bodies, Learned)> {
        let concerned = self.followed.concerns(self.head, self.after);
        let found = if concerned { self.under_old_names(old, new) } else { None };
        let (found, settled) = match found {
            Some(found @ (Texts::Same | Texts::Differ(..))) => (found, true),
            _ => (self.texts(old, new, &self.head.sight(self.after, new), false)?, false),
        };
        let found = self.with_other_tables(found, old, new);
        Some(match found {
            Texts::Same if settled => (Bodies::Same(SAME_UNDER_NEW_NAMES), Learned { settled, ..Learned::default() }),
            Texts::Same => (Bodies::Same(SAME_MEANING), Learned::default()),
            Texts::Differ(effects, renamed) => {
                (Bodies::Effects(effects), Learned { renamed: self.handed_on(renamed), settled, was: None })
            }
            Texts::Unclear(why) => {
                let detail = format!("the SQL differs, and in what is not worked out: {why}");
                (Bodies::Differ(detail), Learned::default())
            }
        })
    }

    /// What differs, and the names that one text alone reads and of which it is not known whether the warehouse has what
    /// we take them for.
    fn with_other_tables(self, found: Texts, old: &Writer, new: &Writer) -> Texts {
        let (was, is) = (doubtful(self.base, self.before, old), doubtful(self.head, self.after, new));
        let (placed, now_placed) = (databases(self.base, self.before, old), databases(self.head, self.after, new));
        // Of a table that is read by one version only, enough is said.
        let elsewhere = placed.iter().find_map(|(id, names)| names.symmetric_difference(now_placed.get(id)?).next());
        let other = was.symmetric_difference(&is).next().or(elsewhere);
        match (found, other) {
            (Texts::Same, Some(name)) => Texts::Differ(vec![may_be_another(name)], Vec::new()),
            (Texts::Differ(mut effects, renamed), Some(name)) => {
                effects.push(may_be_another(name));
                Texts::Differ(effects, renamed)
            }
            (found, _) => found,
        }
    }

    /// Compares the rows of two files of data.
    pub(super) fn compare_data(self, old: &Writer, new: &Writer, otherwise: String) -> Bodies {
        let texts = ((self.files)(Version::Base, &old.path), (self.files)(Version::Head, &new.path));
        let (Some(before), Some(after)) = texts else { return Bodies::Differ(otherwise) };
        let (was, is) = (self.base.relation(self.before), self.head.relation(self.after));
        match data::compare((was, &before), (is, &after)) {
            data::Compared::Same => Bodies::Same(SAME_ROWS),
            data::Compared::Differ(effects) => Bodies::Effects(effects),
            data::Compared::Unclear(why) => Bodies::Differ(format!("{otherwise}, and {why}")),
        }
    }

    /// What becomes of names that changed upstream, of a relation that is written as it was.
    pub(super) fn follow(self, old: &[Writer], new: &[Writer]) -> Learned {
        let ([old], [new]) = (old, new) else { return Learned::default() };
        if !self.followed.concerns(self.head, self.after) {
            return Learned::default();
        }
        match self.under_old_names(old, new) {
            Some(Texts::Same) => Learned { settled: true, ..Learned::default() },
            Some(Texts::Differ(effects, renamed)) if renamed.len() * 2 == effects.len() => {
                let found = self.handed_on(renamed);
                // What is not handed on is carried on as what comes and goes.
                Learned { settled: found.len() * 2 == effects.len(), renamed: found, was: None }
            }
            _ => Learned::default(),
        }
    }

    /// Columns by other names are handed on to readers only where the relation is built anew.
    fn handed_on(self, renamed: Vec<RenamedColumn>) -> Vec<RenamedColumn> {
        let does = hands_on(self.base, self.before) && hands_on(self.head, self.after);
        if does { renamed } else { Vec::new() }
    }

    fn under_old_names(self, old: &Writer, new: &Writer) -> Option<Texts> {
        let sees = UnderOldNames { head: self.head, sight: self.head.sight(self.after, new), followed: self.followed };
        self.texts(old, new, &sees, true)
    }

    /// Compares texts; those that are the same to the letter count as the same unless they see other names.
    fn texts(self, old: &Writer, new: &Writer, sees: &dyn Relations, names_differ: bool) -> Option<Texts> {
        let (
            Body::Sql { dialect, variants: before, conditions: asked },
            Body::Sql { dialect: now, variants: after, conditions: asks },
        ) = (&old.body, &new.body)
        else {
            return None;
        };
        let agreement = agreement(asked.as_deref(), asks.as_deref());
        if dialect != now || agreement == Agreement::Apart {
            return None;
        }
        let ways = [Way::of(self.base.relation(self.before)), Way::of(self.head.relation(self.after))];
        let runs = runs(before, after, ways)?;
        let sight = self.base.sight(self.before, old);
        let base = StillSaid { sight, head: self.head, followed: self.followed };
        let mut effects: Vec<Effect> = Vec::new();
        let mut renamed = Vec::new();
        let mut all: Vec<_> = runs.into_iter().enumerate().map(|(index, pair)| (index, None, pair)).collect();
        let elsewhere = elsewhere((before, asked.as_deref()), (after, asks.as_deref()));
        for (under, was, is) in elsewhere.filter(|_| agreement == Agreement::Rendered) {
            let runs = self::runs(was, is, ways)?;
            all.extend(runs.into_iter().enumerate().map(|(index, pair)| (index, Some(under), pair)));
        }
        let mut compared: Vec<(Dialect, &str, &str)> = Vec::new();
        for (index, under, (before, after)) in all {
            let dialect = under.map_or(*dialect, |under| under.dialect(*dialect));
            // For most targets the same is rendered, and what differs has been told.
            if compared.contains(&(dialect, &**before, &**after)) {
                continue;
            }
            compared.push((dialect, before, after));
            let when = under.map(|under| &under.when);
            if !names_differ && compare_texts(before, after, dialect) != TextComparison::Different {
                continue;
            }
            let old = query::Version { text: before, sees: &base };
            let new = query::Version { text: after, sees };
            match query::compare(&old, &new, dialect) {
                Compared::Same => {}
                Compared::Differ(found, pairs) => {
                    // What an incremental run does as well as a full one is told of the full one.
                    let is_told = |found: &Effect| {
                        effects.iter().any(|effect| (effect.kind, &effect.column) == (found.kind, &found.column))
                    };
                    let found: Vec<Effect> = match (index, when) {
                        (0, None) => found,
                        _ => found.into_iter().filter(|one| !is_told(one)).collect(),
                    };
                    let found = found.into_iter().map(|effect| effect.in_variant(index));
                    match when {
                        Some(when) => effects.extend(found.map(|effect| effect.under(when))),
                        None => effects.extend(found),
                    }
                    if when.is_none() {
                        renamed.extend(pairs);
                    }
                }
                Compared::Unclear(why) => return Some(Texts::Unclear(why)),
            }
        }
        Some(if effects.is_empty() { Texts::Same } else { Texts::Differ(effects, renamed) })
    }
}

/// The names, with a schema, that a writer reads a relation by of which only its own name is known to be that.
fn doubtful<'a>(graph: &LineageGraph, node: Node, writer: &'a Writer) -> BTreeSet<&'a RelationName> {
    let project = &graph.relation(node).project;
    let is_doubtful = |name: &RelationName| {
        let found = graph.by_name(name, Some(project)).candidates();
        let is_other = |node: &Node| {
            let relation = graph.relation(*node);
            relation.kind != RelationKind::External && !relation.is_known_as(name)
        };
        name.len() > 1 && !found.is_empty() && found.iter().all(is_other)
    };
    let names = writer.reads.iter().filter_map(|read| match read {
        Reference::Name(read) if read.role == ReadRole::Table => Some(&read.name),
        Reference::Name(_) | Reference::Id(..) => None,
    });
    names.filter(|name| is_doubtful(name)).collect()
}

/// The relations that a writer reads, each with the names of it that give a database which is not known to be its own.
fn databases<'a>(
    graph: &LineageGraph,
    node: Node,
    writer: &'a Writer,
) -> BTreeMap<RelationId, BTreeSet<&'a RelationName>> {
    let project = &graph.relation(node).project;
    let mut read: BTreeMap<RelationId, BTreeSet<&RelationName>> = BTreeMap::new();
    for reference in &writer.reads {
        match reference {
            Reference::Id(id, _) => {
                read.entry(id.clone()).or_default();
            }
            Reference::Name(Read { name, role: ReadRole::Table, .. }) => {
                for found in graph.by_name(name, Some(project)).candidates() {
                    let relation = graph.relation(found);
                    let names = read.entry(relation.id.clone()).or_default();
                    if relation.kind != RelationKind::External
                        && relation.is_known_as(name)
                        && !relation.is_called(name)
                    {
                        names.insert(name);
                    }
                }
            }
            Reference::Name(_) => {}
        }
    }
    read
}

fn may_be_another(name: &RelationName) -> Effect {
    let detail = format!("{name} is read in one version only, and may be another table than it is taken for");
    Effect::on_relation(EffectKind::Unspecified, detail)
}

/// The texts of both versions that are run in the same situation: when the table is built as a whole, and when
/// it is added to. None where that is not clear.
///
/// Of an incremental model whose text is the same in both situations there is one text. A table that is added to
/// in one version only differs from the other in how it is kept, which its configuration tells; what its query gives as a whole
/// is compared.
pub(super) fn runs<'a>(
    before: &'a [Arc<str>],
    after: &'a [Arc<str>],
    ways: [Way; 2],
) -> Option<Vec<(&'a Arc<str>, &'a Arc<str>)>> {
    if before.len() == after.len() {
        return Some(before.iter().zip(after).collect());
    }
    let whole = before.first().zip(after.first())?;
    match ways {
        [Way::Added, Way::Added] => Some(vec![whole, before.last().zip(after.last())?]),
        [Way::Added, Way::Anew] | [Way::Anew, Way::Added] => Some(vec![whole]),
        _ => None,
    }
}

/// So many relations that are gone are held against one that is new.
const MOST_PAIRS: usize = 20;

/// The relation of base, one of those that are gone, that a new one of head is by another name, and the
/// columns that have another name as well.
pub(super) fn same_by_another_name(
    base: &LineageGraph,
    head: &LineageGraph,
    gone: &[Node],
    after: Node,
    followed: &Followed,
) -> Option<(Node, Vec<RenamedColumn>)> {
    let is = head.relation(after);
    let [new] = is.writers.as_slice() else { return None };
    if !hands_on(head, after) || !is_rebuilt(is) {
        return None;
    }
    let columns = head.shape(after).columns.len();
    let likely = |node: &&Node| {
        let was = base.relation(**node);
        was.kind == is.kind && hands_on(base, **node) && base.shape(**node).columns.len() == columns
    };
    // A file that has another place only is looked at first.
    let file = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut likely: Vec<Node> = gone.iter().filter(likely).copied().collect();
    likely.sort_by_key(|node| {
        let was = base.relation(*node);
        let same_file = was.writers.iter().any(|writer| file(&writer.path) == file(&new.path));
        (!same_file, was.name.clone())
    });
    likely.into_iter().take(MOST_PAIRS).find_map(|before| {
        let [old] = base.relation(before).writers.as_slice() else { return None };
        let pair = Pair { base, head, before, after, followed, files: &|_, _| None };
        match pair.under_old_names(old, new)? {
            Texts::Same => Some((before, Vec::new())),
            Texts::Differ(effects, renamed) if renamed.len() * 2 == effects.len() => Some((before, renamed)),
            Texts::Differ(..) | Texts::Unclear(_) => None,
        }
    })
}
