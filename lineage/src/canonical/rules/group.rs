//! GROUP BY, HAVING and QUALIFY.

use std::collections::BTreeSet;

use super::Outcome;
use crate::canonical::plan::{Block, Distinct};
use crate::canonical::term::{Term, TermId, Traits};
use crate::canonical::terms::Terms;
use crate::stack::with_room;

/// A HAVING over nothing but keys is a WHERE. Not without any key: then there is one row whatever holds,
/// and not over several grouping sets, which put NULL in the place of keys.
pub(super) fn having_over_keys(terms: &mut Terms, block: &mut Block) -> Outcome {
    let Some(group) = block.group.as_ref().filter(|group| group.sets.is_none() && !group.keys.is_empty()) else {
        return Outcome::Unchanged;
    };
    let keys: BTreeSet<TermId> = group.keys.iter().copied().collect();
    let (down, stays): (Vec<TermId>, Vec<TermId>) =
        block.having.iter().partition(|condition| terms.is_made_of(**condition, &keys));
    if down.is_empty() {
        return Outcome::Unchanged;
    }
    block.having = stays;
    block.conditions.extend(down);
    Outcome::Changed
}

/// A QUALIFY over nothing but what every window is partitioned by is asked before the windows: they see
/// the same rows of each partition that is left. One without any window at all is a HAVING or WHERE.
pub(super) fn qualify_over_partitions(terms: &mut Terms, block: &mut Block) -> Outcome {
    if block.qualify.is_empty() {
        return Outcome::Unchanged;
    }
    let mut windows: Vec<BTreeSet<TermId>> = Vec::new();
    let mut seen = BTreeSet::new();
    let order: Vec<TermId> = block.order.iter().map(|key| key.term).collect();
    let on: &[TermId] = match &block.distinct {
        Distinct::On(keys) => keys,
        _ => &[],
    };
    for term in block.outputs.iter().chain(&block.qualify).chain(&order).chain(on) {
        gather_windows(terms, *term, &mut windows, &mut seen);
    }
    let goes = |condition: &TermId| {
        !terms.has(*condition, Traits::WINDOW.and(Traits::VOLATILE).and(Traits::UNKNOWN).and(Traits::SUBQUERY))
            && windows.iter().all(|partition| terms.is_made_of(*condition, partition))
    };
    let (down, stays): (Vec<TermId>, Vec<TermId>) = block.qualify.iter().partition(|condition| goes(condition));
    if down.is_empty() {
        return Outcome::Unchanged;
    }
    block.qualify = stays;
    if block.group.is_some() {
        block.having.extend(down);
    } else {
        block.conditions.extend(down);
    }
    Outcome::Changed
}

fn gather_windows(terms: &Terms, id: TermId, found: &mut Vec<BTreeSet<TermId>>, seen: &mut BTreeSet<TermId>) {
    if !terms.has(id, Traits::WINDOW) || !seen.insert(id) {
        return;
    }
    with_room(|| {
        if let Term::Call(call) = terms.term(id)
            && let Some(over) = &call.over
        {
            found.push(over.partition.iter().copied().collect());
        }
        terms.term(id).parts().into_iter().for_each(|part| gather_windows(terms, part, found, seen));
    });
}

/// GROUP BY of exactly what is projected, without an aggregate, is DISTINCT.
pub(super) fn group_as_distinct(terms: &mut Terms, block: &mut Block) -> Outcome {
    let Some(group) = block.group.as_ref().filter(|group| group.sets.is_none() && !group.keys.is_empty()) else {
        return Outcome::Unchanged;
    };
    const MORE: Traits =
        Traits::AGGREGATE.and(Traits::WINDOW).and(Traits::UNKNOWN).and(Traits::GENERATOR).and(Traits::VOLATILE);
    let varies = |term: &&TermId| terms.constant(**term).is_none();
    let keys: BTreeSet<TermId> = group.keys.iter().filter(varies).copied().collect();
    let projected: BTreeSet<TermId> = block.outputs.iter().filter(varies).copied().collect();
    let plain = |term: &TermId| !terms.has(*term, MORE);
    if keys != projected
        || !keys.iter().all(plain)
        || !block.having.is_empty()
        || !block.qualify.is_empty()
        || block.rest.is_some()
        || block.limit.is_some()
        || !block.order.is_empty()
        || matches!(block.distinct, Distinct::On(_))
    {
        return Outcome::Unchanged;
    }
    block.group = None;
    block.distinct = Distinct::Distinct;
    Outcome::Changed
}

/// DISTINCT over groups of which every key is projected drops nothing.
pub(super) fn distinct_over_groups(terms: &mut Terms, block: &mut Block) -> Outcome {
    if block.distinct != Distinct::Distinct {
        return Outcome::Unchanged;
    }
    let Some(group) = block.group.as_ref().filter(|group| group.sets.is_none()) else { return Outcome::Unchanged };
    let makes_rows = block.outputs.iter().any(|output| terms.has(*output, Traits::GENERATOR.and(Traits::UNKNOWN)));
    let is_there = |key: &TermId| terms.constant(*key).is_some() || block.outputs.contains(key);
    if makes_rows || !group.keys.iter().all(is_there) {
        return Outcome::Unchanged;
    }
    block.distinct = Distinct::All;
    Outcome::Changed
}

/// A constant among other keys makes no difference.
pub(super) fn constant_keys(terms: &mut Terms, block: &mut Block) -> Outcome {
    let Some(group) = block.group.as_mut().filter(|group| group.sets.is_none() && group.keys.len() > 1) else {
        return Outcome::Unchanged;
    };
    let is_constant = |terms: &Terms, key: TermId| terms.constant(key).is_some();
    let kept: Vec<TermId> = group.keys.iter().filter(|key| !is_constant(terms, **key)).copied().collect();
    if kept.is_empty() || kept.len() == group.keys.len() {
        return Outcome::Unchanged;
    }
    group.keys = kept;
    Outcome::Changed
}

impl Terms {
    /// Whether a term is computed from some terms and constants alone, the same each time.
    pub(in crate::canonical) fn is_made_of(&self, term: TermId, given: &BTreeSet<TermId>) -> bool {
        if given.contains(&term) {
            return true;
        }
        let facts = self.facts(term);
        const MORE: Traits = Traits::AGGREGATE
            .and(Traits::WINDOW)
            .and(Traits::VOLATILE)
            .and(Traits::UNKNOWN)
            .and(Traits::GENERATOR)
            .and(Traits::SUBQUERY);
        if facts.traits.has(MORE) {
            return false;
        }
        // What stands outside of the block is the same for all its rows.
        match self.term(term) {
            Term::Column(column) => column.level > 0,
            Term::Candidates(_) => false,
            found => with_room(|| found.parts().into_iter().all(|part| self.is_made_of(part, given))),
        }
    }
}
