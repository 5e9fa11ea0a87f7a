//! What a statement names and nothing of it flows from: the columns of an EXISTS, the key of a LEFT
//! JOIN that drops out, a CTE that nobody reads. The statement fails if it is gone, and that is all.

use crate::dependency::{EdgeKind, InputId, Slot};
use crate::diagnostic::Position;
use crate::hashing::HashMap;
use crate::name::ColumnName;
use crate::query::tree::{BlockId, Expr, ExprId, Tree};
use crate::resolve::{Binding, ColumnUse, Resolved};
use crate::scope::{ColumnAt, Item, ItemSource};

use super::dependencies::{Dep, SlotId, Slots};
use super::item::input_slot;

/// Every column that a statement names, and every relation, each where it is named first.
pub(super) fn named(tree: &Tree, resolved: &Resolved, slots: &mut Slots) -> Vec<Dep> {
    let mut found = Found { slots, first: HashMap::default() };
    for (id, block) in tree.blocks() {
        let from = &resolved.block(id).from;
        for item in &from.items {
            if let ItemSource::Input(input) = item.source {
                let position = resolved.inputs.get(input.index()).map_or(block.position, |input| input.position);
                found.add(input, Slot::Rows, position);
            }
        }
        for pair in from.joins.iter().flat_map(|join| &join.using) {
            for side in [&pair.left, &pair.right] {
                // Of several that it may be, nobody knows which it names.
                if let [(item, column)] = side.as_slice()
                    && let Some(item) = from.items.get(*item)
                {
                    found.column(item, column, &[], block.position);
                }
            }
        }
    }
    for (id, expr) in tree.exprs() {
        if let Expr::Column(_, position) = expr {
            found.expression(resolved, id, *position);
        }
    }
    for (input, position) in resolved.calls() {
        found.add(input, Slot::Rows, position);
    }
    let dep = |((input, slot), position)| Dep { input, slot, kind: EdgeKind::Named, position };
    let mut deps: Vec<Dep> = found.first.into_iter().map(dep).collect();
    deps.sort_unstable();
    deps
}

/// The roots of a tree that no output reaches: CTEs that nobody reads.
pub(super) fn unread(tree: &Tree) -> impl Iterator<Item = BlockId> {
    // Parts have smaller ids than what they are part of.
    let ids: Vec<BlockId> = tree.blocks().map(|(id, _)| id).collect();
    ids.into_iter().rev()
}

struct Found<'s> {
    slots: &'s mut Slots,
    first: HashMap<(InputId, SlotId), Position>,
}

impl Found<'_> {
    fn expression(&mut self, resolved: &Resolved, expr: ExprId, position: Position) {
        let Some(Binding::Columns(uses)) = resolved.binding(expr) else { return };
        let [ColumnUse { block, item, column, fields }] = uses.as_slice() else { return };
        if let Some(item) = resolved.block(*block).from.items.get(*item) {
            self.column(item, column, fields, position);
        }
    }

    fn column(&mut self, item: &Item, column: &ColumnAt, fields: &[ColumnName], position: Position) {
        let ItemSource::Input(input) = item.source else { return };
        let slot = input_slot(item, column, fields);
        if slot != Slot::Any {
            self.add(input, slot, position);
        }
    }

    fn add(&mut self, input: InputId, slot: Slot, position: Position) {
        let first = self.first.entry((input, self.slots.id(slot))).or_insert(position);
        *first = (*first).min(position);
    }
}
