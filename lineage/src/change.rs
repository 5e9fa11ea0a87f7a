//! What changed: two versions of a project to the relations that differ, and those whose files
//! differ while the relation does not. It must not know who is downstream.
//!
//! This is table level: a relation whose SQL differs by more than layout may differ in any column
//! and in its rows, and the effect says so. What is exact already: relations that come, go, move or
//! are configured otherwise, and the columns that DDL declares for what has no query.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::canonical::{TextComparison, compare_texts};
use crate::graph::{LineageGraph, Node};
use crate::name::{ColumnName, RelationName};
use crate::relation::conditions::{Agreement, agreement, elsewhere};
use crate::relation::{Body, Declaration, Relation, RelationId, RelationKind, Rung, Writer};

mod beside;
mod clauses;
mod data;
mod declared;
pub(crate) mod followed;
pub(crate) mod query;
mod redefined;
mod script;
mod stars;
mod still;
mod versions;

use beside::Only;
use clauses::clause_effects;
use declared::{Readers, config_effects, contract_effects, schema_effects};
use followed::{Followed, RenamedColumn, by_height};
pub use redefined::Redefinition;
use versions::Pair;

/// What happens to a column, to the rows, or to a relation as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// It no longer runs: something that it reads is gone.
    Broken,
    /// A column, or without one the whole relation, is gone.
    Removed,
    /// A column has another type.
    Retyped,
    /// Rows may stand in it more than once.
    RowsDuplicated,
    /// It has another grain.
    Regrained,
    /// It may fail when it runs where it did not before.
    MayFail,
    /// Rows may be missing.
    RowsRemoved,
    /// Rows may be new.
    RowsAdded,
    /// Values of a column may differ.
    Revalued,
    /// Columns and rows may differ in any way; which is not worked out.
    Unspecified,
    /// It has another physical name.
    Moved,
    /// Its columns stand in another order: who reads them by place reads others.
    Reordered,
    /// It is built in another way.
    Config,
    /// A column, or without one the whole relation, is new.
    Added,
}

impl EffectKind {
    /// The name used in output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Removed => "removed",
            Self::Retyped => "retyped",
            Self::RowsDuplicated => "rows_duplicated",
            Self::Regrained => "regrained",
            Self::MayFail => "may_fail",
            Self::RowsRemoved => "rows_removed",
            Self::RowsAdded => "rows_added",
            Self::Revalued => "revalued",
            Self::Unspecified => "unspecified",
            Self::Moved => "moved",
            Self::Reordered => "reordered",
            Self::Config => "config",
            Self::Added => "added",
        }
    }

    /// Whether a reader may fail or be silently wrong, as the standard `breaking` asks.
    ///
    /// What is not worked out may be any of it.
    #[must_use]
    pub const fn may_break(self) -> bool {
        match self {
            Self::Broken
            | Self::Removed
            | Self::Retyped
            | Self::RowsDuplicated
            | Self::Regrained
            | Self::MayFail
            | Self::Unspecified
            | Self::Moved => true,
            Self::RowsRemoved | Self::RowsAdded | Self::Revalued | Self::Reordered | Self::Config | Self::Added => {
                false
            }
        }
    }
}

impl fmt::Display for EffectKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// One thing that changes about a relation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Effect {
    /// What happens.
    #[serde(rename = "effect")]
    pub kind: EffectKind,
    /// To which column; `None` is the rows, or the relation as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<ColumnName>,
    /// How that is known, as a lower-case fragment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Effect {
    /// An effect on the relation as a whole.
    #[must_use]
    pub fn on_relation(kind: EffectKind, detail: impl Into<String>) -> Self {
        Self { kind, column: None, detail: Some(detail.into()) }
    }

    /// The same in one of the forms that an incremental model is run in.
    fn in_variant(self, variant: usize) -> Self {
        let run = match variant {
            0 => return self,
            _ => "in an incremental run",
        };
        let detail = self.detail.map_or_else(|| run.to_owned(), |detail| format!("{detail}, {run}"));
        Self { detail: Some(detail), ..self }
    }

    /// The same under a condition.
    fn under(self, when: &str) -> Self {
        let detail = self.detail.map_or_else(|| format!("for {when}"), |detail| format!("{detail}, for {when}"));
        Self { detail: Some(detail), ..self }
    }

    fn on_column(kind: EffectKind, column: &ColumnName, detail: impl Into<String>) -> Self {
        Self { kind, column: Some(column.clone()), detail: Some(detail.into()) }
    }
}

/// How a relation came to differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It is new in head.
    Added,
    /// It is gone in head.
    Removed,
    /// It is in both and differs.
    Modified,
    /// It has another name, and its query is the same.
    Renamed,
}

/// One relation that differs.
#[derive(Debug, Clone)]
pub struct Change {
    /// Which.
    pub id: RelationId,
    /// What reports call it.
    pub name: RelationName,
    /// How it came to differ.
    pub kind: ChangeKind,
    /// What differs, worst first.
    pub effects: Vec<Effect>,
    /// The files that fill or declare it, sorted.
    pub files: Vec<Arc<str>>,
    /// Why it cannot be told whether it really differs, where it cannot.
    pub unknown: Option<String>,
}

/// One relation whose file differs and which does not.
#[derive(Debug, Clone)]
pub struct Unchanged {
    /// Which.
    pub id: RelationId,
    /// What reports call it.
    pub name: RelationName,
    /// Those of its files that differ.
    pub files: Vec<Arc<str>>,
    /// Why it is the same, as a lower-case fragment.
    pub why: &'static str,
}

/// What differs between two versions, and what only seems to.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// The relations that differ, by name.
    pub changes: Vec<Change>,
    /// The relations whose files differ and which do not, by name.
    pub unchanged: Vec<Unchanged>,
    /// Parts of the input that differ and could not be read at all, each with its reason: what they
    /// would have changed is not among the changes.
    pub unread: Vec<String>,
    /// What is no relation and is defined otherwise, by name; nothing is downstream of it but the jobs that it names.
    pub redefined: Vec<Redefinition>,
    /// What has another name, and who follows.
    pub(crate) followed: Followed,
}

impl Comparison {
    /// Whether there is anything that could be noticed downstream.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.changes.is_empty() && self.unread.is_empty()
    }
}

/// Which of two versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// What is compared with.
    Base,
    /// What is compared.
    Head,
}

/// The text of a file of a version, where it can be had.
pub type Files<'f> = dyn Fn(Version, &str) -> Option<String> + Sync + 'f;

/// Compares two versions without their files of data, of which it is said then that they differ.
#[must_use]
pub fn compare(base: &LineageGraph, head: &LineageGraph, differing: &BTreeSet<Arc<str>>) -> Comparison {
    compare_with(base, head, differing, &|_, _| None)
}

/// Compares two versions; `differing` are the paths whose content differs or that only one side has.
#[must_use]
pub fn compare_with(
    base: &LineageGraph,
    head: &LineageGraph,
    differing: &BTreeSet<Arc<str>>,
    files: &Files<'_>,
) -> Comparison {
    let mut comparison = Comparison::default();
    let is_built = |graph: &LineageGraph, node: &Node| graph.relation(*node).kind != RelationKind::External;
    let mut gone: Vec<Node> =
        base.nodes().filter(|node| is_built(base, node) && head.counterpart(base, *node).is_none()).collect();
    // What is upstream of a relation is known when it is compared: what has another name there.
    for nodes in by_height(head) {
        let pair = |after: Node| {
            let before = base.counterpart(head, after)?;
            Some(Pair { base, head, before, after, followed: &comparison.followed, files })
        };
        let is_touched = |after: &Node| pair(*after).is_none_or(|pair| !pair.is_untouched(differing));
        let touched = nodes.into_par_iter().with_min_len(FEW);
        let nodes: Vec<Node> = touched.filter(|node| is_built(head, node) && is_touched(node)).collect();
        let compare = |after: &Node| Some(compare_relation(pair(*after)?, differing));
        // Some of them take a thousand times as long as others.
        let compared: Vec<Option<(Verdict, Learned)>> = nodes.par_iter().with_max_len(1).map(compare).collect();
        for (after, compared) in nodes.into_iter().zip(compared) {
            let (found, learned) =
                compared.unwrap_or_else(|| pair_up(base, head, &mut gone, after, &comparison.followed));
            learned.add_to(&mut comparison.followed, &head.relation(after).id);
            found.add_to(&mut comparison);
        }
    }
    for before in gone {
        comparison.changes.push(whole(base.relation(before), ChangeKind::Removed, EffectKind::Removed, "removed"));
    }
    comparison.changes.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    comparison.unchanged.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    comparison
}

/// So many relations are looked at by one thread at least: most of them are the same.
const FEW: usize = 256;

/// The node of an id that the version itself builds or declares.
pub(crate) fn own(graph: &LineageGraph, id: &RelationId) -> Option<Node> {
    graph.by_id(id).filter(|node| graph.relation(*node).kind != RelationKind::External)
}

fn whole(relation: &Relation, kind: ChangeKind, effect: EffectKind, detail: &str) -> Change {
    let article = match relation.kind {
        RelationKind::Model => "model",
        RelationKind::Seed => "seed",
        RelationKind::Snapshot => "snapshot",
        RelationKind::Source => "declared source",
        RelationKind::Routine => "routine",
        RelationKind::External => "table",
    };
    Change {
        id: relation.id.clone(),
        name: relation.name.clone(),
        kind,
        effects: vec![Effect::on_relation(effect, format!("{detail} {article}"))],
        files: relation.files(),
        unknown: None,
    }
}

/// What the comparison of one relation found.
enum Verdict {
    Changed(Change),
    Unchanged(Unchanged),
    Untouched,
}

impl Verdict {
    fn add_to(self, comparison: &mut Comparison) {
        match self {
            Self::Changed(change) => comparison.changes.push(change),
            Self::Unchanged(unchanged) => comparison.unchanged.push(unchanged),
            Self::Untouched => {}
        }
    }
}

/// A relation that base does not have: it is new, or one that base has by another name.
fn pair_up(
    base: &LineageGraph,
    head: &LineageGraph,
    gone: &mut Vec<Node>,
    after: Node,
    followed: &Followed,
) -> (Verdict, Learned) {
    let relation = head.relation(after);
    let found = versions::same_by_another_name(base, head, gone, after, followed);
    let Some((before, renamed)) = found else {
        let mut change = whole(relation, ChangeKind::Added, EffectKind::Added, "new");
        change.effects.extend(clauses::of_new(relation));
        return (Verdict::Changed(change), Learned::default());
    };
    gone.retain(|node| *node != before);
    let was = base.relation(before);
    let mut effects = config_effects(was, relation, Readers::of([(base, before), (head, after)]));
    if effects.iter().all(|effect| effect.kind != EffectKind::Moved) && was.name != relation.name {
        effects.push(Effect::on_relation(EffectKind::Moved, format!("{} → {}", was.name, relation.name)));
    }
    effects.extend(renamed.iter().flat_map(RenamedColumn::effects));
    effects.sort();
    let mut files = was.files();
    files.extend(relation.files());
    files.sort();
    files.dedup();
    let (id, name) = (relation.id.clone(), relation.name.clone());
    let change = Change { id, name, kind: ChangeKind::Renamed, effects, files, unknown: None };
    (Verdict::Changed(change), Learned { was: Some(was.id.clone()), settled: true, renamed })
}

fn compare_relation(pair: Pair<'_>, differing: &BTreeSet<Arc<str>>) -> (Verdict, Learned) {
    let (before, after) = (pair.base.relation(pair.before), pair.head.relation(pair.after));
    let (bodies, learned) = compare_writers(pair, &before.writers, &after.writers);
    let readers = Readers::of([(pair.base, pair.before), (pair.head, pair.after)]);
    let mut verdict = verdict((before, after), bodies, readers, differing);
    if let (Verdict::Changed(change), Some(effect)) = (&mut verdict, pair.another_source()) {
        change.effects.push(effect);
        change.effects.sort();
    }
    (verdict, learned)
}

fn verdict(
    (before, after): (&Relation, &Relation),
    bodies: Bodies,
    readers: Readers,
    differing: &BTreeSet<Arc<str>>,
) -> Verdict {
    let mut effects = Vec::new();
    let mut unknown = None;
    match &bodies {
        Bodies::Same(_) => {}
        Bodies::Differ(detail) => effects.push(Effect::on_relation(EffectKind::Unspecified, detail)),
        Bodies::Effects(found) => effects.extend(found.iter().cloned()),
        Bodies::Unknown(reason) => {
            effects.push(Effect::on_relation(EffectKind::Unspecified, reason));
            unknown = Some(reason.clone());
        }
    }
    if matches!(bodies, Bodies::Differ(_)) && before.rung.max(after.rung) == Rung::Tables {
        unknown = Some("its SQL is understood in part only, and its text differs".to_owned());
    }
    if before.declaration == Declaration::Ddl && after.declaration == Declaration::Ddl {
        // What an ALTER TABLE does is told by that.
        let told = clause_effects(before, after);
        let is_told = |effect: &Effect| told.iter().any(|one| one.kind == effect.kind && one.column == effect.column);
        effects.extend(schema_effects(before, after).into_iter().filter(|effect| !is_told(effect)));
        effects.extend(told);
    }
    effects.extend(contract_effects(before, after));
    effects.extend(config_effects(before, after, readers));
    let mut files = before.files();
    files.extend(after.files());
    files.sort();
    files.dedup();
    if effects.is_empty() {
        files.retain(|file| differing.contains(file));
        // A property file describes a hundred sources; that one line of it differs says nothing of them.
        let only_described = after.writers.is_empty() && after.declaration == Declaration::Described;
        let Bodies::Same(why) = bodies else { return Verdict::Untouched };
        return if files.is_empty() || only_described {
            Verdict::Untouched
        } else {
            Verdict::Unchanged(Unchanged { id: after.id.clone(), name: after.name.clone(), files, why })
        };
    }
    effects.sort();
    effects.dedup();
    Verdict::Changed(Change {
        id: after.id.clone(),
        name: after.name.clone(),
        kind: ChangeKind::Modified,
        effects,
        files,
        unknown,
    })
}

/// What the comparison of one relation says about its readers'.
#[derive(Default)]
struct Learned {
    /// Which of its columns have another name.
    renamed: Vec<RenamedColumn>,
    /// Which relation of base it is, where it has another name itself.
    was: Option<RelationId>,
    /// Whether it was compared under base's names for all that it reads.
    settled: bool,
}

impl Learned {
    fn add_to(self, followed: &mut Followed, id: &RelationId) {
        followed.rename_columns(id, self.renamed);
        if let Some(was) = &self.was {
            followed.rename_relation(was, id);
        }
        if self.settled {
            followed.settle(id);
        }
    }
}

/// What the comparison of all files that fill one relation says.
enum Bodies {
    Same(&'static str),
    Differ(String),
    /// In this, and in nothing else.
    Effects(Vec<Effect>),
    Unknown(String),
}

/// Writers are a bag: a file that is renamed or moved is the same writer.
fn compare_writers(pair: Pair<'_>, base: &[Writer], head: &[Writer]) -> (Bodies, Learned) {
    let mut left: Vec<&Writer> = base.iter().collect();
    let mut unmatched: Vec<&Writer> = Vec::new();
    let mut why = match head {
        [] => "it declares the same columns and keys",
        _ => "the file differs outside its query",
    };
    for writer in head {
        let found = left.iter().position(|other| {
            matches!(compare_bodies(&other.body, &writer.body), Bodies::Same(_)) && other.path == writer.path
        });
        let found = found.or_else(|| {
            left.iter().position(|other| matches!(compare_bodies(&other.body, &writer.body), Bodies::Same(_)))
        });
        match found {
            Some(index) => {
                if let Bodies::Same(reason) = compare_bodies(&left[index].body, &writer.body) {
                    if left[index].path != writer.path {
                        why = "only the file moved";
                    } else if reason == SAME_TOKENS {
                        why = SAME_TOKENS;
                    }
                }
                left.remove(index);
            }
            None => unmatched.push(writer),
        }
    }
    let bodies = match (left.as_slice(), unmatched.as_slice()) {
        ([], []) => return (Bodies::Same(why), pair.follow(base, head)),
        ([before], [after]) => match compare_bodies(&before.body, &after.body) {
            Bodies::Differ(detail) if matches!(after.body, Body::Data { .. }) => {
                pair.compare_data(before, after, detail)
            }
            Bodies::Differ(detail) => {
                return pair.compare_queries(before, after).unwrap_or((Bodies::Differ(detail), Learned::default()));
            }
            bodies => bodies,
        },
        ([], come) => beside::compare(come, head, Only::Head),
        (gone, []) => beside::compare(gone, base, Only::Base),
        _ => Bodies::Differ("several of the files that fill it differ".to_owned()),
    };
    (bodies, Learned::default())
}

const SAME_TOKENS: &str = "its query differs only in layout, comments or letter case";

fn compare_bodies(base: &Body, head: &Body) -> Bodies {
    match (base, head) {
        (
            Body::Sql { dialect: before, variants: old, conditions: asked },
            Body::Sql { dialect: after, variants: new, conditions: asks },
        ) => {
            if before != after {
                return Bodies::Differ(format!("the dialect was {before} and is {after}"));
            }
            let agreement = agreement(asked.as_deref(), asks.as_deref());
            match compare_variants(old, new, *after) {
                // What was rendered is the same; what another target or the warehouse's answer would
                // make of the template was not rendered.
                Bodies::Same(_) if agreement == Agreement::Apart => Bodies::Unknown(
                    "the template differs where it asks for the target, the environment or the warehouse, or in a hook"
                        .to_owned(),
                ),
                Bodies::Differ(detail) if agreement == Agreement::Apart => Bodies::Differ(format!(
                    "{detail}, and so does the template where it asks for the target, the environment or the warehouse"
                )),
                Bodies::Same(_)
                    if agreement == Agreement::Rendered
                        && elsewhere((old, asked.as_deref()), (new, asks.as_deref())).any(|(under, was, is)| {
                            !matches!(compare_variants(was, is, under.dialect(*after)), Bodies::Same(_))
                        }) =>
                {
                    Bodies::Differ("the SQL of another target differs".to_owned())
                }
                verdict => verdict,
            }
        }
        (Body::Template { text: old, inputs: before, reason }, Body::Template { text: new, inputs: after, .. }) => {
            if old == new && before == after {
                Bodies::Same("the template and all that it names are the same")
            } else {
                Bodies::Unknown(format!("the template differs and could not be rendered: {reason}"))
            }
        }
        (Body::Template { reason, .. }, _) => {
            Bodies::Unknown(format!("the template of base could not be rendered: {reason}"))
        }
        (_, Body::Template { reason, .. }) => {
            Bodies::Unknown(format!("the template of head could not be rendered: {reason}"))
        }
        (Body::Data { digest: old }, Body::Data { digest: new }) => {
            if old == new {
                Bodies::Same("the data is the same")
            } else {
                Bodies::Differ("the data differs".to_owned())
            }
        }
        (Body::Opaque { digest: old }, Body::Opaque { digest: new }) => {
            if old == new {
                Bodies::Same("the text is the same")
            } else {
                Bodies::Unknown("the text differs and is not SQL".to_owned())
            }
        }
        _ => Bodies::Unknown("it is written in another language now".to_owned()),
    }
}

fn compare_variants(base: &[Arc<str>], head: &[Arc<str>], dialect: crate::dialect::Dialect) -> Bodies {
    if base.len() != head.len() {
        return Bodies::Differ("it has an incremental form in one version only".to_owned());
    }
    let mut same = "the query is the same";
    let mut differing = Vec::new();
    for (index, (before, after)) in base.iter().zip(head).enumerate() {
        match compare_texts(before, after, dialect) {
            TextComparison::Identical => {}
            TextComparison::SameTokens => same = SAME_TOKENS,
            TextComparison::Different => differing.push(index),
        }
    }
    match differing.as_slice() {
        [] => Bodies::Same(same),
        [0] if base.len() > 1 => Bodies::Differ("the SQL of the full refresh differs".to_owned()),
        [_] if base.len() > 1 => Bodies::Differ("the SQL of the incremental run differs".to_owned()),
        _ => Bodies::Differ("the SQL differs".to_owned()),
    }
}
