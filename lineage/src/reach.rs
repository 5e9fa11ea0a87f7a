//! Changes carried downstream: which relations they reach, which jobs, and where they stop. It must
//! not know owners or policy.
//!
//! A worklist over relations. What arrives at one is a set of effects and how sure it is, both only
//! ever grow, and the sets are finite, so it ends on any graph, circles included. Each arrival keeps
//! the relation that it first came from, so that a path can be shown.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Serialize;

use crate::change::{Change, ChangeKind, Comparison, EffectKind, own};
use crate::graph::{LineageGraph, Node};
use crate::name::RelationName;
use crate::relation::{Reference, Relation, RelationId, RelationKind};

/// Whether something is reached, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// No change can be noticed there.
    NotReached,
    /// It cannot be told; policy treats it as reached.
    Unknown,
    /// A change arrives.
    Reached,
}

impl Reach {
    /// The name used in output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotReached => "not_reached",
            Self::Unknown => "unknown",
            Self::Reached => "reached",
        }
    }
}

/// What arrives at one relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// How sure it is; never [`Reach::NotReached`].
    pub reach: Reach,
    /// What happens to the relation.
    pub effects: BTreeSet<EffectKind>,
    /// Where it came from; `None` where it started.
    pub from: Option<RelationId>,
    /// Why it cannot be told, where `reach` is [`Reach::Unknown`].
    pub reason: Option<String>,
}

/// What one version's changes reach.
#[derive(Debug)]
pub struct Spread<'a> {
    base: &'a LineageGraph,
    head: &'a LineageGraph,
    arrivals: BTreeMap<RelationId, Arrival>,
    anything_changed: bool,
    /// Why there may be more changes than are known.
    unread: Option<String>,
}

/// What arrives at something that reads relations: a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobReach {
    /// How sure it is.
    pub reach: Reach,
    /// What happens to what it reads.
    pub effects: BTreeSet<EffectKind>,
    /// The relations from the change to what the job reads, both included; empty if not reached.
    pub path: Vec<RelationName>,
    /// Why it cannot be told, where it cannot.
    pub reason: Option<String>,
    /// The relations that it reads.
    pub reads: Vec<RelationName>,
    /// How many relations are upstream of it, those that it reads included.
    pub upstream: usize,
}

/// Carries changes downstream. Removals are walked on base, everything else on head.
#[must_use]
pub fn spread<'a>(base: &'a LineageGraph, head: &'a LineageGraph, comparison: &Comparison) -> Spread<'a> {
    let mut walk = Walk { base, head, arrivals: BTreeMap::new(), ahead: VecDeque::new() };
    for change in &comparison.changes {
        walk.start(change);
    }
    for change in comparison.changes.iter().filter(|change| change.kind == ChangeKind::Removed) {
        walk.readers_of_what_is_gone(change);
    }
    walk.run();
    let anything_changed = !comparison.is_silent();
    if anything_changed {
        walk.start_where_reads_are_incomplete();
        walk.run();
    }
    Spread { base, head, arrivals: walk.arrivals, anything_changed, unread: comparison.unread.first().cloned() }
}

struct Walk<'a> {
    base: &'a LineageGraph,
    head: &'a LineageGraph,
    arrivals: BTreeMap<RelationId, Arrival>,
    ahead: VecDeque<RelationId>,
}

impl Walk<'_> {
    fn start(&mut self, change: &Change) {
        let reach = if change.unknown.is_some() { Reach::Unknown } else { Reach::Reached };
        let effects = change.effects.iter().map(|effect| effect.kind).collect();
        let reason = change.unknown.as_ref().map(|reason| format!("{}: {reason}", change.name));
        self.arrive(change.id.clone(), Arrival { reach, effects, from: None, reason });
    }

    /// Whoever still reads what is gone is broken; whoever finds another relation by the same name
    /// reads other rows. Who stopped reading it has changed by himself.
    fn readers_of_what_is_gone(&mut self, change: &Change) {
        let base = self.base;
        let Some(gone) = base.by_id(&change.id) else { return };
        for reader in base.children(gone) {
            let id = &base.relation(reader).id;
            let Some(reader) = own(self.head, id) else { continue };
            let effect = match read_of_gone(self.head, reader, base.relation(gone)) {
                GoneRead::Lost => EffectKind::Broken,
                GoneRead::Elsewhere => EffectKind::Unspecified,
                GoneRead::Given => continue,
            };
            self.arrive(
                id.clone(),
                Arrival {
                    reach: Reach::Reached,
                    effects: BTreeSet::from([effect]),
                    from: Some(change.id.clone()),
                    reason: None,
                },
            );
        }
    }

    fn start_where_reads_are_incomplete(&mut self) {
        for node in self.head.nodes() {
            let relation = self.head.relation(node);
            let reason = relation.writers.iter().find_map(|writer| writer.incomplete.as_ref());
            if let Some(reason) = reason {
                let arrival = Arrival {
                    reach: Reach::Unknown,
                    effects: BTreeSet::from([EffectKind::Unspecified]),
                    from: None,
                    reason: Some(format!("{} may read more than could be found: {reason}", relation.name)),
                };
                self.arrive(relation.id.clone(), arrival);
            }
        }
    }

    /// Joins what arrives with what is there; whoever learns something new tells his readers.
    fn arrive(&mut self, id: RelationId, arrival: Arrival) {
        match self.arrivals.get_mut(&id) {
            None => {
                self.arrivals.insert(id.clone(), arrival);
            }
            Some(known) => {
                let surer = arrival.reach > known.reach;
                let more = !arrival.effects.is_subset(&known.effects);
                if !surer && !more {
                    return;
                }
                known.effects.extend(&arrival.effects);
                if surer {
                    known.reach = arrival.reach;
                    known.from = arrival.from;
                    known.reason = arrival.reason;
                }
            }
        }
        self.ahead.push_back(id);
    }

    fn run(&mut self) {
        while let Some(id) = self.ahead.pop_front() {
            let Some(node) = self.head.by_id(&id) else { continue };
            let Some(known) = self.arrivals.get(&id) else { continue };
            let effects: BTreeSet<EffectKind> = known
                .effects
                .iter()
                .filter_map(|effect| carried(self.base, self.head.relation(node), *effect))
                .collect();
            if effects.is_empty() {
                continue;
            }
            let (reach, reason) = (known.reach, known.reason.clone());
            for child in self.head.children(node).into_iter().filter(|child| *child != node) {
                let arrival =
                    Arrival { reach, effects: effects.clone(), from: Some(id.clone()), reason: reason.clone() };
                self.arrive(self.head.relation(child).id.clone(), arrival);
            }
        }
    }
}

/// Whether a relation is a source that only head declares: it was there before, and nobody's rows
/// change. A column that is new in a known source is another matter.
fn is_declared_now(base: &LineageGraph, relation: &Relation) -> bool {
    relation.kind == RelationKind::Source && own(base, &relation.id).is_none()
}

/// What an effect on a relation does to its readers, at table level.
fn carried(base: &LineageGraph, relation: &Relation, effect: EffectKind) -> Option<EffectKind> {
    match effect {
        EffectKind::Added if is_declared_now(base, relation) => None,
        EffectKind::Broken => Some(EffectKind::Broken),
        _ => Some(EffectKind::Unspecified),
    }
}

/// What became of the read of a relation that is gone.
enum GoneRead {
    /// The name finds nothing any more.
    Lost,
    /// The name finds another relation.
    Elsewhere,
    /// The reader no longer asks for it.
    Given,
}

fn read_of_gone(head: &LineageGraph, reader: Node, gone: &Relation) -> GoneRead {
    let relation = head.relation(reader);
    let asked = relation.writers.iter().flat_map(|writer| &writer.reads).filter(|read| match read {
        Reference::Id(id, _) => *id == gone.id,
        Reference::Name(read) => {
            std::iter::once(&gone.name).chain(&gone.aliases).any(|name| name.agreement(&read.name).is_some())
        }
    });
    let mut verdict = GoneRead::Given;
    for reference in asked {
        let found = head.resolve(reference, Some(&relation.project));
        if found.iter().all(|node| head.relation(*node).kind == RelationKind::External) {
            return GoneRead::Lost;
        }
        verdict = GoneRead::Elsewhere;
    }
    verdict
}

impl Spread<'_> {
    /// What arrives at each relation, changed ones included, by id.
    #[must_use]
    pub fn arrivals(&self) -> &BTreeMap<RelationId, Arrival> {
        &self.arrivals
    }

    /// What reports call a relation of either version.
    #[must_use]
    pub fn name(&self, id: &RelationId) -> Option<&RelationName> {
        let of = |graph: &'_ LineageGraph| graph.by_id(id);
        of(self.head)
            .map(|node| &self.head.relation(node).name)
            .or_else(|| of(self.base).map(|node| &self.base.relation(node).name))
    }

    /// The relations from the change to `id`, both included.
    #[must_use]
    pub fn path(&self, id: &RelationId) -> Vec<RelationName> {
        let mut path = Vec::new();
        let mut next = Some(id);
        while let Some(id) = next {
            // Predecessors never form a circle; the bound is for a future that forgets it.
            if path.len() > self.arrivals.len() {
                break;
            }
            path.extend(self.name(id).cloned());
            next = self.arrivals.get(id).and_then(|arrival| arrival.from.as_ref());
        }
        path.reverse();
        path
    }

    /// What arrives at a job through the relations that it reads.
    ///
    /// A read that finds nothing in either version makes the job unknown as soon as anything
    /// changed: the name may be one that we failed to recognise.
    #[must_use]
    pub fn judge(&self, reads: &[Reference], project: Option<&str>) -> JobReach {
        let mut job = JobReach {
            reach: Reach::NotReached,
            effects: BTreeSet::new(),
            path: Vec::new(),
            reason: None,
            reads: Vec::new(),
            upstream: 0,
        };
        let mut nodes = BTreeSet::new();
        for reference in reads {
            let found = self.head.resolve(reference, project);
            let built = found.iter().any(|node| self.head.relation(*node).kind != RelationKind::External);
            let before = if built { Vec::new() } else { self.base.resolve(reference, project) };
            let gone: Vec<&Relation> = before
                .iter()
                .map(|node| self.base.relation(*node))
                .filter(|relation| relation.kind != RelationKind::External && own(self.head, &relation.id).is_none())
                .collect();
            for relation in &gone {
                job.meet(Reach::Reached, [EffectKind::Broken], || (self.path(&relation.id), None));
                job.reads.push(relation.name.clone());
            }
            if found.is_empty() && gone.is_empty() {
                let written = written_name(reference);
                if self.anything_changed {
                    let reason = format!("it reads `{written}`, which nothing here builds, declares or reads");
                    job.meet(Reach::Unknown, [EffectKind::Unspecified], || (Vec::new(), Some(reason)));
                }
                job.reads.push(written);
            }
            for node in found {
                let relation = self.head.relation(node);
                job.reads.push(relation.name.clone());
                if let Some(arrival) = self.arrivals.get(&relation.id) {
                    let at_job = arrival
                        .effects
                        .iter()
                        .filter(|effect| !(**effect == EffectKind::Added && is_declared_now(self.base, relation)));
                    let effects: Vec<EffectKind> = at_job.copied().collect();
                    if !effects.is_empty() {
                        job.meet(arrival.reach, effects, || (self.path(&relation.id), arrival.reason.clone()));
                    }
                }
                nodes.insert(node);
            }
        }
        if reads.is_empty() && self.anything_changed {
            let reason = "nothing says what it reads".to_owned();
            job.meet(Reach::Unknown, [EffectKind::Unspecified], || (Vec::new(), Some(reason)));
        }
        if let (Some(reason), true) = (&self.unread, job.reach < Reach::Reached && job.path.is_empty()) {
            job.reach = Reach::Unknown;
            job.effects.insert(EffectKind::Unspecified);
            job.reason = Some(reason.clone());
        }
        job.upstream = self.head.upstream(nodes).len();
        job.reads.sort();
        job.reads.dedup();
        job
    }
}

fn written_name(reference: &Reference) -> RelationName {
    match reference {
        Reference::Id(id, _) => RelationName::bare(crate::dialect::Dialect::Ansi, [id.as_str()]),
        Reference::Name(read) => read.name.clone(),
    }
}

impl JobReach {
    /// Joins one arrival; the path shown is that of the surest, and among equals the shortest.
    fn meet(
        &mut self,
        reach: Reach,
        effects: impl IntoIterator<Item = EffectKind>,
        how: impl FnOnce() -> (Vec<RelationName>, Option<String>),
    ) {
        self.effects.extend(effects);
        if reach < self.reach {
            return;
        }
        let (path, reason) = how();
        if reach > self.reach || (path.len(), &path) < (self.path.len(), &self.path) {
            self.reach = reach;
            self.path = path;
            self.reason = reason;
        }
    }
}
