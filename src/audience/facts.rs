//! What is known of a change at one job, and whether that is enough for its owner to hear of it. It must
//! not know owners or channels.

use std::collections::BTreeSet;

use headsup_lineage::change::Comparison;
use headsup_lineage::graph::LineageGraph;
use headsup_lineage::reach::{JobReach, Reach};
use headsup_lineage::relation::RelationId;

use super::Job;
use crate::settings::{Standard, Unknown};

/// What is known of a change at one job, from the widest standard to the narrowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// A file upstream differs.
    pub touched: bool,
    /// A relation upstream differs.
    pub changed: bool,
    /// It arrives.
    pub reachable: bool,
    /// It arrives and may break something.
    pub breaking: bool,
}

/// How what cannot be told is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// As if it were so.
    Counts,
    /// As if it were not.
    Passes,
}

/// Whether an owner hears of a change at his job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hears {
    /// He is told.
    Yes,
    /// A message that is sent anyway mentions it.
    InPassing,
    /// Nothing is said.
    No,
}

impl Facts {
    /// What a comparison and its spread say of a job.
    ///
    /// Each standard takes in the one after it, whatever the input: what is reachable counts as
    /// changed even where the reason is one that no relation upstream shows.
    #[must_use]
    pub fn new(job: &Job, reach: &JobReach, comparison: &Comparison, graph: &LineageGraph, doubt: Doubt) -> Self {
        let read = job.reads.iter().flat_map(|read| graph.resolve(read, job.project.as_deref()));
        let upstream: BTreeSet<&RelationId> =
            graph.upstream(read).into_iter().map(|node| &graph.relation(node).id).collect();
        let is_sure = |sure: bool| sure || doubt == Doubt::Counts;
        let reachable = reach.reach > Reach::NotReached && is_sure(reach.reach == Reach::Reached);
        let breaking =
            reachable && (reach.reach == Reach::Unknown || reach.effects.iter().any(|effect| effect.kind.may_break()));
        let mut changes = comparison.changes.iter().filter(|change| upstream.contains(&change.id));
        let changed = reachable || changes.clone().any(|change| is_sure(change.unknown.is_none()));
        let touched = changed
            || changes.next().is_some()
            || comparison.unchanged.iter().any(|unchanged| upstream.contains(&unchanged.id));
        Self { touched, changed, reachable, breaking }
    }

    /// The narrowest standard that is met, if any is.
    #[must_use]
    pub fn narrowest(self) -> Option<Standard> {
        Standard::ALL.into_iter().rev().map(|(_, standard)| standard).find(|standard| self.meet(*standard))
    }

    /// Whether someone with a standard hears of it.
    #[must_use]
    pub const fn meet(self, standard: Standard) -> bool {
        match standard {
            Standard::Touched => self.touched,
            Standard::Changed => self.changed,
            Standard::Reachable => self.reachable,
            Standard::Breaking => self.breaking,
        }
    }
}

impl Job {
    /// Whether the job's owner hears of a change. What he asked to hear of and is surely so, he hears;
    /// what may only be so, as he wants it.
    #[must_use]
    pub fn hears(&self, reach: &JobReach, comparison: &Comparison, graph: &LineageGraph) -> Hears {
        let meet = |doubt| Facts::new(self, reach, comparison, graph, doubt).meet(self.standard);
        match self.unknown {
            _ if !meet(Doubt::Counts) => Hears::No,
            Unknown::Notify => Hears::Yes,
            _ if meet(Doubt::Passes) => Hears::Yes,
            Unknown::Mention => Hears::InPassing,
            Unknown::Ignore => Hears::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use headsup_lineage::change::{Change, ChangeKind, EffectKind, Unchanged};
    use headsup_lineage::diagnostic::Position;
    use headsup_lineage::dialect::Dialect;
    use headsup_lineage::name::RelationName;
    use headsup_lineage::query::{Read, ReadRole};
    use headsup_lineage::reach::Noticed;
    use headsup_lineage::relation::Reference;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::project::texts::{Texts, read_texts};

    /// The job reads the second table, and that one the first.
    const SQL: &str =
        "create table a as select 1 as x; create table b as select x from a; create table c as select 2 as y";

    const KINDS: [EffectKind; 14] = [
        EffectKind::Broken,
        EffectKind::Removed,
        EffectKind::Retyped,
        EffectKind::RowsDuplicated,
        EffectKind::Regrained,
        EffectKind::MayFail,
        EffectKind::RowsRemoved,
        EffectKind::RowsAdded,
        EffectKind::Revalued,
        EffectKind::Unspecified,
        EffectKind::Moved,
        EffectKind::Reordered,
        EffectKind::Config,
        EffectKind::Added,
    ];

    /// What a comparison says of a table: nothing, that it differs, that it may, or that it is the same.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Said {
        Nothing,
        Differs,
        MayDiffer,
        Same,
    }

    fn comparison(graph: &LineageGraph, said: &[Said]) -> Comparison {
        let mut comparison = Comparison::default();
        for (node, said) in graph.nodes().zip(said) {
            let relation = graph.relation(node);
            let (id, name) = (relation.id.clone(), relation.name.clone());
            match said {
                Said::Nothing => {}
                Said::Same => comparison.unchanged.push(Unchanged { id, name, files: Vec::new(), why: "the same" }),
                Said::Differs | Said::MayDiffer => comparison.changes.push(Change {
                    id,
                    name,
                    kind: ChangeKind::Modified,
                    effects: Vec::new(),
                    files: Vec::new(),
                    unknown: (*said == Said::MayDiffer).then(|| "it is not SQL".to_owned()),
                }),
            }
        }
        comparison
    }

    fn arriving(reach: Reach, kinds: &[EffectKind]) -> JobReach {
        JobReach {
            reach,
            effects: kinds.iter().map(|kind| Noticed { kind: *kind, column: None }).collect(),
            path: Vec::new(),
            steps: Vec::new(),
            ways: Vec::new(),
            reason: None,
            cut: None,
            reads: Vec::new(),
            upstream: 2,
        }
    }

    proptest! {
        /// Whatever a comparison and its spread say: who hears by a narrow standard hears by each that is wider.
        #[test]
        fn standards_form_a_chain(
            said in proptest::collection::vec(select(vec![Said::Nothing, Said::Differs, Said::MayDiffer, Said::Same]), 3),
            reach in select(vec![Reach::NotReached, Reach::Unknown, Reach::Reached]),
            kinds in proptest::collection::vec(select(KINDS.to_vec()), 0..4),
            unknown in select(vec![Unknown::Notify, Unknown::Mention, Unknown::Ignore]),
        ) {
            let texts = Texts { old: SQL, new: SQL, ddl: None, tables: Vec::new(), dialect: Dialect::Postgres };
            let graph = read_texts(&texts).1.graph;
            let comparison = comparison(&graph, &said);
            let reach = arriving(reach, &kinds);
            let name = RelationName::parse(Dialect::Postgres, "b");
            let read = Read { name, role: ReadRole::Table, position: Position::START };
            let mut job = Job { reads: vec![Reference::Name(read)], unknown, ..Job::default() };
            let mut before: Option<[bool; 3]> = None;
            for (_, standard) in Standard::ALL {
                let meets = |doubt| Facts::new(&job, &reach, &comparison, &graph, doubt).meet(standard);
                let (sure, may_be) = (meets(Doubt::Passes), meets(Doubt::Counts));
                prop_assert!(!sure || may_be, "{standard:?} is met surely, and not perhaps");
                job.standard = standard;
                let hears = job.hears(&reach, &comparison, &graph);
                let now = [sure, may_be, hears != Hears::No];
                for (wide, narrow) in before.into_iter().flatten().zip(now) {
                    prop_assert!(wide || !narrow, "{standard:?} is met, and what is wider is not");
                }
                before = Some(now);
            }
        }
    }
}
