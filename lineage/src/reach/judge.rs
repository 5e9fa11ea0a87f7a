//! What arrives at something that reads relations: a job, with the columns that it reads if it names
//! any.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::change::{Effect, EffectKind};
use crate::graph::columns::Part;
use crate::graph::{LineageGraph, Node};
use crate::name::{ColumnName, RelationName};
use crate::relation::{Reference, Relation, RelationId, RelationKind};

use super::cut::Cut;
use super::walk::{Hit, Place, is_declared_now};
use super::{Noticed, Reach, Spread, Step, nameless, relations};
use crate::change::own;

/// Which columns a job reads of a relation; `None` if it does not say.
pub type Wanted<'w> = dyn Fn(&Relation) -> Option<Vec<ColumnName>> + 'w;

/// One effect that arrives, and how it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The relation that it arrives at.
    pub relation: RelationName,
    /// What happens.
    pub effect: Noticed,
    /// How sure it is; never [`Reach::NotReached`].
    pub reach: Reach,
    /// The way from the change, part by part.
    pub steps: Vec<Step>,
    /// Why it cannot be told, where it cannot.
    pub reason: Option<String>,
}

/// What arrives at something that reads relations: a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobReach {
    /// How sure it is.
    pub reach: Reach,
    /// What happens to what it reads.
    pub effects: BTreeSet<Noticed>,
    /// The relations from the change to what the job reads, both included; empty if not reached.
    pub path: Vec<RelationName>,
    /// The same way, part by part.
    pub steps: Vec<Step>,
    /// Everything that arrives, and by which way.
    pub ways: Vec<Way>,
    /// Why it cannot be told, where it cannot.
    pub reason: Option<String>,
    /// Where the changes that are upstream of it stop, if it is not reached.
    pub cut: Option<Cut>,
    /// The relations that it reads.
    pub reads: Vec<RelationName>,
    /// How many relations are upstream of it, those that it reads included.
    pub upstream: usize,
}

impl Spread<'_> {
    /// What arrives at a job through the relations that it reads.
    ///
    /// A read that finds nothing in either version makes the job unknown as soon as anything
    /// changed: the name may be one that we failed to recognise.
    #[must_use]
    pub fn judge(&self, reads: &[Reference], project: Option<&str>, wanted: &Wanted<'_>) -> JobReach {
        let (base, head) = (self.walk.base, self.walk.head);
        let mut job = JobReach {
            reach: Reach::NotReached,
            effects: BTreeSet::new(),
            path: Vec::new(),
            steps: Vec::new(),
            ways: Vec::new(),
            reason: None,
            cut: None,
            reads: Vec::new(),
            upstream: 0,
        };
        let mut nodes = BTreeSet::new();
        for reference in reads {
            let found = head.resolve(reference, project);
            let is_built = |graph: &LineageGraph, node: &Node| graph.relation(*node).kind != RelationKind::External;
            let before = match found.iter().any(|node| is_built(head, node)) {
                true => Vec::new(),
                false => base.resolve(reference, project),
            };
            let mut gone: Vec<Node> = before
                .into_iter()
                .filter(|node| is_built(base, node) && own(head, &base.relation(*node).id).is_none())
                .collect();
            // What it reads by another name now is among its reads.
            let known = gone.len();
            gone.retain(|node| !self.follows(&base.relation(*node).id, reads, project));
            if known > 0 && gone.is_empty() {
                continue;
            }
            for node in &gone {
                let hit = Hit { place: Place::Gone(*node), kind: EffectKind::Removed };
                let effect = Noticed { kind: EffectKind::Broken, column: None };
                job.reads.push(base.relation(*node).name.clone());
                self.meet(&mut job, Reach::Reached, effect, Some(&hit), None);
            }
            if found.is_empty() && gone.is_empty() {
                let written = written_name(reference);
                job.reads.push(written.clone());
                if self.anything_changed {
                    let reason = format!("it reads `{written}`, which nothing here builds, declares or reads");
                    let effect = Noticed { kind: EffectKind::Unspecified, column: None };
                    self.meet(&mut job, Reach::Unknown, effect, None, Some(reason));
                }
            }
            for node in found {
                self.read(&mut job, node, wanted);
                nodes.insert(node);
            }
        }
        if reads.is_empty() && self.anything_changed {
            let effect = Noticed { kind: EffectKind::Unspecified, column: None };
            self.meet(&mut job, Reach::Unknown, effect, None, Some("nothing says what it reads".to_owned()));
        }
        if let (Some(reason), true) = (&self.unread, job.reach < Reach::Reached && job.path.is_empty()) {
            job.reach = Reach::Unknown;
            job.effects.insert(Noticed { kind: EffectKind::Unspecified, column: None });
            job.reason = Some(reason.clone());
        }
        job.upstream = head.upstream(nodes.iter().copied()).len();
        Self::fold(&mut job.effects);
        job.reads.sort();
        job.reads.dedup();
        if job.reach == Reach::NotReached {
            job.cut = self.cut(&nodes, wanted);
        }
        job
    }

    /// Whether what reads a relation of base reads it by its other name as well.
    fn follows(&self, gone: &RelationId, reads: &[Reference], project: Option<&str>) -> bool {
        let head = self.walk.head;
        let Some(now) = self.walk.followed.now(gone).and_then(|id| head.by_id(id)) else { return false };
        reads.iter().any(|read| head.resolve(read, project).contains(&now))
    }

    /// What arrives at a job by way of one relation that it reads.
    fn read(&self, job: &mut JobReach, node: Node, wanted: &Wanted<'_>) {
        let head = self.walk.head;
        let relation = head.relation(node);
        job.reads.push(relation.name.clone());
        let columns = wanted(relation);
        for (hit, known) in self.walk.at(node) {
            let Some(mut effect) = self.noticed(hit) else { continue };
            if effect.kind == EffectKind::Added && effect.column.is_none() && is_declared_now(self.walk.base, relation)
            {
                continue;
            }
            if let Some(columns) = &columns {
                match (&hit.place, &effect.column) {
                    // Of columns that nobody names, one may be what the job means.
                    (Place::Part(id), None) if self.walk.columns.node(*id).part == Part::Others => {
                        let is_known = |column: &ColumnName| head.shape(node).columns.contains(column);
                        if columns.iter().all(is_known) {
                            continue;
                        }
                    }
                    (_, Some(column)) if !columns.iter().any(|wanted| is_meant(wanted, column)) => continue,
                    (Place::Lost(..), Some(_)) => effect.kind = EffectKind::Broken,
                    _ => {}
                }
            }
            let reason = known.reason.as_ref().map(ToString::to_string);
            self.meet(job, known.reach, effect, Some(hit), reason);
        }
    }

    /// Joins what arrives by one way through the graph.
    fn meet(&self, job: &mut JobReach, reach: Reach, effect: Noticed, hit: Option<&Hit>, reason: Option<String>) {
        let steps = hit.map(|hit| self.steps(hit)).unwrap_or_default();
        let end = || steps.last().map(|step| step.relation.clone());
        let relation = job.reads.last().cloned().or_else(end).unwrap_or_else(nameless);
        job.join(Way { relation, effect, reach, steps, reason });
    }
}

impl JobReach {
    /// Joins one arrival; the way shown is that of the surest, among equals of what may break, and then
    /// the shortest.
    fn join(&mut self, way: Way) {
        let path = relations(&way.steps);
        let shown = self.steps.last().map(|last| last.kind.may_break());
        let key = |reach: Reach, may_break: Option<bool>, path: &[RelationName]| {
            (reach, may_break, Reverse((path.len(), path.to_vec())))
        };
        let is_better = self.effects.is_empty()
            || key(way.reach, Some(way.effect.kind.may_break()), &path) > key(self.reach, shown, &self.path);
        self.effects.insert(way.effect.clone());
        if is_better {
            self.reach = way.reach;
            self.path = path;
            self.steps.clone_from(&way.steps);
            self.reason.clone_from(&way.reason);
        }
        self.ways.push(way);
    }

    /// Joins an effect on a definition that the job is computed by, and what that is to the job.
    pub(crate) fn join_definition(&mut self, name: &RelationName, effect: &Effect, noticed: Noticed) {
        let column = effect.column.as_ref().map(ToString::to_string);
        let step = Step { relation: name.clone(), column, kind: effect.kind, by: None };
        let reach = Reach::Reached;
        self.join(Way { relation: name.clone(), effect: noticed, reach, steps: vec![step], reason: None });
        self.cut = None;
    }
}

/// Whether a column that a job names is one of a relation; a job may spell it in another case.
fn is_meant(wanted: &ColumnName, column: &ColumnName) -> bool {
    wanted == column || wanted.as_str().eq_ignore_ascii_case(column.as_str())
}

fn written_name(reference: &Reference) -> RelationName {
    match reference {
        Reference::Id(id, _) => RelationName::bare(crate::dialect::Dialect::Ansi, [id.as_str()]),
        Reference::Name(read) => read.name.clone(),
    }
}
