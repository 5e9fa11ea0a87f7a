//! Keys of FROM: those of its items, carried through its joins.

use std::collections::BTreeSet;

use super::equality::{Atom, Equalities};
use super::{FromKey, Prover, least};
use crate::dependency::{Ground, Proof};
use crate::query::block::{JoinKind, Lateral};
use crate::query::tree::BlockId;
use crate::scope::{ColumnAt, Item, ItemSource, JoinStep};

/// Neighbouring items that are joined already, and the keys of the result.
struct Group {
    start: usize,
    end: usize,
    keys: Vec<FromKey>,
}

impl Prover<'_> {
    /// The keys of a block's FROM, and what all its conditions make equal.
    pub(super) fn keys_of_from(&mut self, id: BlockId) -> (Vec<FromKey>, Equalities) {
        let resolved = self.resolved;
        let from = &resolved.block(id).from;
        let mut equalities = Equalities::default();
        let mut groups: Vec<Group> = Vec::new();
        for (place, item) in from.items.iter().enumerate() {
            if let ItemSource::Reshaped(reshaped) = &item.source {
                // What is reshaped has other rows than what is below.
                groups.retain(|group| group.start < reshaped.below);
            }
            groups.push(Group { start: place, end: place + 1, keys: self.item_keys(place, item) });
        }
        for (place, step) in from.joins.iter().enumerate() {
            let inside = |group: &Group, start: usize, end: usize| group.start >= start && group.end <= end;
            let left = groups.iter().position(|group| inside(group, step.start, step.right));
            let right = groups.iter().position(|group| inside(group, step.right, step.end));
            let (Some(left), Some(right)) = (left, right) else { continue };
            let mut on = Equalities::default();
            on.add_using(step);
            for condition in &step.on {
                on.add(self.tree, resolved, id, *condition);
            }
            let joined = self.joined(id, place, step, &groups[left], &groups[right], &on);
            if matches!(step.kind, JoinKind::Cross | JoinKind::Inner) {
                equalities.pairs.extend(on.pairs);
                equalities.fixed.extend(on.fixed);
            }
            groups.retain(|group| !inside(group, step.start, step.end));
            let at = groups.iter().position(|group| group.start > step.start).unwrap_or(groups.len());
            groups.insert(at, joined);
        }
        let keys = match groups.as_mut_slice() {
            [one] => std::mem::take(&mut one.keys),
            // No FROM at all is one row.
            [] if from.items.is_empty() => {
                vec![FromKey { columns: BTreeSet::new(), proof: Proof::inferred("a single row without FROM") }]
            }
            _ => Vec::new(),
        };
        (keys, equalities)
    }

    fn item_keys(&mut self, place: usize, item: &Item) -> Vec<FromKey> {
        match &item.source {
            ItemSource::Input(input) => {
                let Some(input) = self.resolved.inputs.get(input.index()) else { return Vec::new() };
                let shape = self.schemas.shape(&input.name);
                let key = |key: crate::dependency::Key| {
                    let columns = key.columns.iter().map(|name| (place, original(item, name))).collect();
                    let said = match key.proof.ground {
                        Ground::Declared => "declared",
                        Ground::Inferred => "inferred",
                    };
                    let names: Vec<&str> = key.columns.iter().map(crate::name::ColumnName::as_str).collect();
                    let step = format!("{} is unique in {} ({said})", names.join(", "), input.name);
                    FromKey { columns, proof: Proof { steps: vec![step], ground: key.proof.ground } }
                };
                shape.keys.into_iter().map(key).collect()
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
                    let columns = mine.columns.union(&theirs.columns).cloned().collect();
                    keys.push(FromKey { columns, proof: mine.proof.clone().with(&theirs.proof) });
                }
            }
        }
        Group { start: step.start, end: step.end, keys: least(keys) }
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
