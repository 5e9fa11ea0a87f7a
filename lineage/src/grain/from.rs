//! Keys of FROM: those of its items, carried through its joins.

use std::collections::{BTreeMap, BTreeSet};

use super::equality::{Atom, Equalities};
use super::{FromKey, MAX_JOINED, Prover, least};
use crate::dependency::{Ground, Proof};
use crate::query::block::{JoinKind, Lateral};
use crate::query::tree::BlockId;
use crate::scope::{ColumnAt, Item, ItemSource, JoinStep};

/// Neighbouring items that are joined already, by the first of them: the end, and the keys of the
/// result.
type Groups = BTreeMap<usize, Group>;

struct Group {
    end: usize,
    keys: Vec<FromKey>,
}

/// The first of the groups that lie between two places.
fn between(groups: &Groups, start: usize, end: usize) -> Option<&Group> {
    groups.range(start..end).next().map(|(_, group)| group).filter(|group| group.end <= end)
}

impl Prover<'_> {
    /// The keys of a block's FROM, and what all its conditions make equal.
    pub(super) fn keys_of_from(&mut self, id: BlockId) -> (Vec<FromKey>, Equalities) {
        let resolved = self.resolved;
        let from = &resolved.block(id).from;
        let mut equalities = Equalities::default();
        let mut groups = Groups::new();
        for (place, item) in from.items.iter().enumerate() {
            if let ItemSource::Reshaped(reshaped) = &item.source {
                // What is reshaped has other rows than what is below.
                groups.split_off(&reshaped.below);
            }
            groups.insert(place, Group { end: place + 1, keys: self.item_keys(place, item) });
        }
        for (place, step) in from.joins.iter().enumerate() {
            let left = between(&groups, step.start, step.right);
            let right = between(&groups, step.right, step.end);
            let (Some(left), Some(right)) = (left, right) else { continue };
            let mut on = Equalities::default();
            on.add_using(step);
            for condition in &step.on {
                on.add(self.tree, resolved, id, *condition);
            }
            let joined = self.joined(id, place, step, left, right, &on);
            if matches!(step.kind, JoinKind::Cross | JoinKind::Inner) {
                equalities.pairs.extend(on.pairs);
                equalities.fixed.extend(on.fixed);
            }
            let inside: Vec<usize> = groups
                .range(step.start..step.end)
                .filter(|(_, group)| group.end <= step.end)
                .map(|(start, _)| *start)
                .collect();
            for start in inside {
                groups.remove(&start);
            }
            groups.insert(step.start, joined);
        }
        let single = if groups.len() == 1 { groups.pop_first() } else { None };
        let keys = match single {
            Some((_, one)) => one.keys,
            // No FROM at all is one row.
            None if from.items.is_empty() => {
                vec![FromKey { columns: BTreeSet::new(), proof: Proof::inferred("a single row without FROM") }]
            }
            None => Vec::new(),
        };
        (keys, equalities)
    }

    fn item_keys(&mut self, place: usize, item: &Item) -> Vec<FromKey> {
        match &item.source {
            ItemSource::Input(input) => {
                let known = self.resolved.inputs.get(input.index()).zip(self.resolved.shapes.get(input.index()));
                let Some((input, shape)) = known else { return Vec::new() };
                let key = |key: &crate::dependency::Key| {
                    let columns = key.columns.iter().map(|name| (place, original(item, name))).collect();
                    let said = match key.proof.ground {
                        Ground::Declared => "declared",
                        Ground::Inferred => "inferred",
                    };
                    let names: Vec<&str> = key.columns.iter().map(crate::name::ColumnName::as_str).collect();
                    let step = format!("{} is unique in {} ({said})", names.join(", "), input.name);
                    FromKey { columns, proof: Proof { steps: vec![step], ground: key.proof.ground } }
                };
                shape.keys.iter().map(key).collect()
            }
            ItemSource::Block(inner) => {
                let keys = self.keys(*inner);
                let key = |key: super::BlockKey| FromKey {
                    columns: key.columns.iter().map(|column| (place, ColumnAt::Known(*column))).collect(),
                    proof: key.proof,
                };
                keys.into_iter().map(key).collect()
            }
            ItemSource::Recursive(_)
            | ItemSource::Unnest { .. }
            | ItemSource::Function { .. }
            | ItemSource::Reshaped(_) => Vec::new(),
        }
    }

    fn joined(
        &mut self,
        id: BlockId,
        place: usize,
        step: &JoinStep,
        left: &Group,
        right: &Group,
        on: &Equalities,
    ) -> Group {
        let right_once = matched_once(&right.keys, on, step.right, step.end);
        // What a lateral item is unique by is so for one row of the left only.
        let items = &self.resolved.block(id).from.items[step.right..step.end];
        let alone = items.iter().all(|item| item.lateral == Lateral::No);
        let left_once = matched_once(&left.keys, on, step.start, step.right).filter(|_| alone);
        if let Some(proof) = &right_once {
            self.grain.unique.insert((id, place), proof.clone());
        }
        let mut keys = Vec::new();
        let keep = |side: &Group, proof: &Option<Proof>, keys: &mut Vec<FromKey>| {
            if let Some(proof) = proof {
                let kept = side.keys.iter().map(|key| FromKey { proof: key.proof.clone().with(proof), ..key.clone() });
                keys.extend(kept);
            }
        };
        match step.kind {
            JoinKind::Semi | JoinKind::Anti | JoinKind::AsOf | JoinKind::AsOfLeft => keys.clone_from(&left.keys),
            JoinKind::RightSemi | JoinKind::RightAnti => keys.clone_from(&right.keys),
            JoinKind::Cross | JoinKind::Inner => {
                keep(left, &right_once, &mut keys);
                keep(right, &left_once, &mut keys);
            }
            JoinKind::Left => keep(left, &right_once, &mut keys),
            JoinKind::Right => keep(right, &left_once, &mut keys),
            JoinKind::Full => {}
        }
        if !matches!(
            step.kind,
            JoinKind::Semi
                | JoinKind::Anti
                | JoinKind::RightSemi
                | JoinKind::RightAnti
                | JoinKind::AsOf
                | JoinKind::AsOfLeft
        ) {
            for mine in &left.keys {
                for theirs in &right.keys {
                    if mine.columns.len() + theirs.columns.len() > MAX_JOINED {
                        continue;
                    }
                    let columns = mine.columns.union(&theirs.columns).cloned().collect();
                    keys.push(FromKey { columns, proof: mine.proof.clone().with(&theirs.proof) });
                }
            }
        }
        Group { end: step.end, keys: least(keys) }
    }
}

/// Whether a side of a join has at most one row for each row of the other: one of its keys is compared
/// for equality as a whole.
fn matched_once(keys: &[FromKey], on: &Equalities, start: usize, end: usize) -> Option<Proof> {
    let inside = |atom: &Atom| (start..end).contains(&atom.0);
    let compared = |atom: &Atom| {
        on.fixed.contains(atom) || on.pairs.iter().any(|(a, b)| (a == atom && !inside(b)) || (b == atom && !inside(a)))
    };
    keys.iter().find(|key| key.columns.iter().all(compared)).map(|key| key.proof.clone())
}

/// The column of an item that its source calls so.
fn original(item: &Item, name: &crate::name::ColumnName) -> ColumnAt {
    let place = item.columns.iter().position(|column| column.original.as_ref().unwrap_or(&column.name) == name);
    place.map_or_else(|| ColumnAt::Named(name.clone()), ColumnAt::Known)
}
