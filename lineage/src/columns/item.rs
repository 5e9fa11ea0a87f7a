//! What the columns and rows of a FROM item depend on.

use std::rc::Rc;

use super::block::Composer;
use super::dependencies::{Dep, Way, normal};
use super::slot_of;
use crate::dependency::{ColumnPath, EdgeKind, Extent, InputId, Slot};
use crate::diagnostic::Position;
use crate::name::ColumnName;
use crate::query::block::JoinKind;
use crate::query::tree::{BlockId, ExprId};
use crate::scope::{ColumnAt, Grouping, Item, ItemSource, JoinStep, Part, Reshaped, ReshapedColumn, UnnestPart};

impl Composer<'_> {
    /// Adds what a column of a FROM item depends on, of which only the first joins are done.
    pub(super) fn item_column(
        &mut self,
        block: BlockId,
        item: usize,
        at: &ColumnAt,
        fields: &[ColumnName],
        way: Way,
        out: &mut Vec<Dep>,
    ) {
        let resolved = self.resolved;
        let Some(found) = resolved.block(block).from.items.get(item) else { return };
        if *at == ColumnAt::All && matches!(found.source, ItemSource::Unnest { .. }) {
            let elements = self.elements(block, item);
            out.extend(elements.iter().map(|dep| dep.then(way.kind)));
            let nullable = self.nullable(block, item, way.joins);
            out.extend(nullable.iter().map(|dep| dep.then(way.kind)));
            return;
        }
        // What an item is computed from was joined before it.
        let before = resolved.block(block).from.joins.partition_point(|step| step.end <= item);
        self.source_column(block, found, at, fields, way.behind(before), out);
        let nullable = self.nullable(block, item, way.joins);
        out.extend(nullable.iter().map(|dep| dep.then(way.kind)));
    }

    fn source_column(
        &mut self,
        block: BlockId,
        item: &Item,
        at: &ColumnAt,
        fields: &[ColumnName],
        way: Way,
        out: &mut Vec<Dep>,
    ) {
        match &item.source {
            ItemSource::Input(input) => {
                let slot = self.slots.id(input_slot(item, at, fields));
                out.push(Dep { input: *input, slot, kind: way.kind, position: way.position });
            }
            ItemSource::Block(inner) | ItemSource::Recursive(inner) => match at {
                // A name of a column list stands for a column that passes through, which is not known.
                ColumnAt::Known(place) if *place >= item.by_place_from => {
                    self.block_column(*inner, &ColumnAt::All, &[], way.kind, out);
                }
                _ => self.block_column(*inner, at, fields, way.kind, out),
            },
            ItemSource::Unnest { arrays, parts } => self.element(block, (arrays, parts), at, fields, way, out),
            ItemSource::Function { args, relation } => {
                for arg in args {
                    self.expression(block, *arg, way.after(EdgeKind::Transformation), out);
                }
                if let Some(input) = relation {
                    self.whole_relation(*input, way, out);
                }
            }
            ItemSource::Reshaped(reshaped) => {
                self.reshaped_column(block, reshaped, at, fields, way, out);
            }
        }
    }

    /// What the elements of an unnested array depend on, worked out once: many arrays can each be
    /// candidates for what the next one is taken from.
    fn elements(&mut self, block: BlockId, item: usize) -> Rc<[Dep]> {
        if let Some(known) = self.elements.get(&(block, item)) {
            return Rc::clone(known);
        }
        let resolved = self.resolved;
        let from = &resolved.block(block).from;
        let before = from.joins.partition_point(|step| step.end <= item);
        let way = Way::new(EdgeKind::Transformation, self.tree.block(block).position).behind(before);
        let mut deps = Vec::new();
        if let Some(Item { source: ItemSource::Unnest { arrays, .. }, .. }) = from.items.get(item) {
            for array in arrays {
                self.expression(block, *array, way, &mut deps);
            }
        }
        let deps: Rc<[Dep]> = Rc::from(normal(deps));
        self.elements.insert((block, item), Rc::clone(&deps));
        deps
    }

    /// Everything of a routine or view of the project, in a way that is not worked out.
    fn whole_relation(&mut self, input: InputId, way: Way, out: &mut Vec<Dep>) {
        for slot in [Slot::Any, Slot::Rows] {
            let slot = self.slots.id(slot);
            out.push(Dep { input, slot, kind: EdgeKind::Unknown.then(way.kind), position: way.position });
        }
    }

    fn element(
        &mut self,
        block: BlockId,
        (arrays, parts): (&[ExprId], &[UnnestPart]),
        at: &ColumnAt,
        fields: &[ColumnName],
        way: Way,
        out: &mut Vec<Dep>,
    ) {
        let value = way.after(EdgeKind::Transformation);
        let (chosen, way, path): (&[ExprId], Way, Vec<ColumnName>) = match at {
            ColumnAt::Known(place) => match parts.get(*place) {
                Some(UnnestPart::Element(array)) => {
                    (arrays.get(*array).map_or(arrays, std::slice::from_ref), value, fields.to_vec())
                }
                Some(UnnestPart::Whole) => (arrays, way, fields.to_vec()),
                Some(UnnestPart::Place) | None => (arrays, way.after(EdgeKind::Expansion), Vec::new()),
            },
            // A name that is not known is a field of the elements.
            ColumnAt::Named(name) => {
                (arrays, value, std::iter::once(name).chain(fields).cloned().collect::<Vec<ColumnName>>())
            }
            ColumnAt::All => (arrays, value, Vec::new()),
        };
        let path: Rc<[ColumnName]> = Rc::from(path);
        for array in chosen {
            self.expression_fields(block, *array, Rc::clone(&path), way, out);
        }
    }

    fn reshaped_column(
        &mut self,
        block: BlockId,
        reshaped: &Reshaped,
        at: &ColumnAt,
        fields: &[ColumnName],
        way: Way,
        out: &mut Vec<Dep>,
    ) {
        match at {
            ColumnAt::Known(place) => {
                if let Some(column) = reshaped.columns.get(*place) {
                    self.made_of(block, reshaped, column, fields, way, out);
                }
            }
            ColumnAt::Named(name) => {
                if reshaped.except.as_ref().is_some_and(|except| !except.contains(name)) {
                    for item in self.open_below(block, reshaped) {
                        self.item_column(block, item, at, fields, way, out);
                    }
                }
                if let Some(other) = &reshaped.other {
                    self.made_of(block, reshaped, other, &[], way, out);
                }
            }
            ColumnAt::All => {
                for column in reshaped.columns.iter().chain(&reshaped.other) {
                    self.made_of(block, reshaped, column, &[], way, out);
                }
                for item in self.open_below(block, reshaped) {
                    self.item_column(block, item, at, &[], way, out);
                }
            }
        }
    }

    /// The open items below a reshaped one, which stand right before it.
    pub(super) fn open_below(&self, block: BlockId, reshaped: &Reshaped) -> Vec<usize> {
        let items = &self.resolved.block(block).from.items;
        let end = items.iter().position(|item| match &item.source {
            ItemSource::Reshaped(other) => std::ptr::eq(other.as_ref(), reshaped),
            _ => false,
        });
        let end = end.unwrap_or(items.len());
        (reshaped.below..end).filter(|index| items[*index].extent == Extent::Open).collect()
    }

    fn made_of(
        &mut self,
        block: BlockId,
        reshaped: &Reshaped,
        column: &ReshapedColumn,
        fields: &[ColumnName],
        way: Way,
        out: &mut Vec<Dep>,
    ) {
        let mut computed = false;
        for part in &column.values {
            match part {
                Part::Column(item, at) => {
                    self.item_column(block, *item, at, fields, way, out);
                }
                Part::Expr(expr) => {
                    computed = true;
                    self.expression(block, *expr, way.after(EdgeKind::Transformation), out);
                }
            }
        }
        for part in &column.conditions {
            self.part(block, part, way.after(EdgeKind::Conditional), out);
        }
        if computed && reshaped.grouping == Grouping::Grouped {
            let end = self.resolved.block(block).from.items.len();
            let mut rows = Vec::new();
            for item in reshaped.below..end {
                let below = &self.resolved.block(block).from.items[item];
                if matches!(&below.source, ItemSource::Reshaped(own) if std::ptr::eq(own.as_ref(), reshaped)) {
                    break;
                }
                self.item_rows(block, item, &mut rows);
            }
            out.extend(rows.into_iter().map(|dep| dep.then(EdgeKind::Aggregation).then(way.kind)));
        }
    }

    fn part(&mut self, block: BlockId, part: &Part, way: Way, out: &mut Vec<Dep>) {
        match part {
            Part::Column(item, at) => self.item_column(block, *item, at, &[], way, out),
            Part::Expr(expr) => self.expression(block, *expr, way, out),
        }
    }

    /// Adds what decides which rows an item has.
    pub(super) fn item_rows(&mut self, block: BlockId, item: usize, out: &mut Vec<Dep>) {
        let resolved = self.resolved;
        let Some(found) = resolved.block(block).from.items.get(item) else { return };
        let before = resolved.block(block).from.joins.partition_point(|step| step.end <= item);
        let at_block = Way::new(EdgeKind::Rows, self.tree.block(block).position).behind(before);
        match &found.source {
            ItemSource::Input(input) => {
                let position = self.resolved.inputs.get(input.index()).map_or(Position::START, |input| input.position);
                let slot = self.slots.id(Slot::Rows);
                out.push(Dep { input: *input, slot, kind: EdgeKind::Rows, position });
            }
            ItemSource::Block(inner) | ItemSource::Recursive(inner) => {
                let flat = self.flat(*inner);
                out.extend_from_slice(&flat.rows);
            }
            ItemSource::Unnest { arrays, .. } => {
                for array in arrays {
                    self.expression(block, *array, at_block.after(EdgeKind::Expansion), out);
                }
            }
            ItemSource::Function { args, relation } => {
                for arg in args {
                    self.expression(block, *arg, at_block.after(EdgeKind::Expansion), out);
                }
                if let Some(input) = relation {
                    self.whole_relation(*input, at_block, out);
                }
            }
            ItemSource::Reshaped(reshaped) => {
                let kind = match reshaped.grouping {
                    Grouping::Grouped => EdgeKind::GroupBy,
                    Grouping::Single => EdgeKind::Expansion,
                };
                for part in &reshaped.deciding {
                    self.part(block, part, at_block.after(kind), out);
                }
            }
        }
    }

    /// What each column of an item gets from the outer joins around it.
    pub(super) fn nullable_of(&mut self, block: BlockId, item: usize) -> Rc<[Dep]> {
        self.nullable(block, item, usize::MAX)
    }

    /// What a column of an item gets from being on the nullable side of outer joins: it is NULL where
    /// no row of its side matches. Only the first joins are done.
    fn nullable(&mut self, block: BlockId, item: usize, joins: usize) -> Rc<[Dep]> {
        let resolved = self.resolved;
        let steps = &resolved.block(block).from.joins;
        let joins = joins.min(steps.len());
        if !steps[..joins].iter().any(|step| !sides_of(step, item).is_empty()) {
            return Rc::from([]);
        }
        if let Some(known) = self.nullable.get(&(block, item, joins)) {
            return Rc::clone(known);
        }
        let mut deps = Vec::new();
        for (place, step) in steps[..joins].iter().enumerate() {
            let sides = sides_of(step, item);
            if sides.is_empty() {
                continue;
            }
            self.join_condition(block, place, step, &mut deps);
            // Which rows the side has, its own joins decide as well.
            for (inner, step) in steps[..place].iter().enumerate() {
                if step.start >= sides.start && step.end <= sides.end {
                    self.join_condition(block, inner, step, &mut deps);
                }
            }
            let mut rows = Vec::new();
            for side in sides {
                self.item_rows(block, side, &mut rows);
            }
            deps.extend(rows.into_iter().map(|dep| dep.then(EdgeKind::Join)));
        }
        let deps: Rc<[Dep]> = Rc::from(normal(deps));
        self.nullable.insert((block, item, joins), Rc::clone(&deps));
        deps
    }

    /// Adds the columns of a join's condition.
    pub(super) fn join_condition(&mut self, block: BlockId, place: usize, step: &JoinStep, out: &mut Vec<Dep>) {
        let way = Way::new(EdgeKind::Join, self.tree.block(block).position).behind(place);
        for condition in &step.on {
            self.expression(block, *condition, way, out);
        }
        for (item, at) in step.using.iter().flat_map(|pair| pair.left.iter().chain(&pair.right)) {
            self.item_column(block, *item, at, &[], way, out);
        }
        if step.natural_rest {
            for item in step.start..step.end {
                if self.resolved.block(block).from.items[item].extent == Extent::Open {
                    self.item_column(block, item, &ColumnAt::All, &[], way, out);
                }
            }
        }
    }
}

/// The items of the sides of a join that can be missing for a row, if an item is on such a side.
fn sides_of(step: &JoinStep, item: usize) -> std::ops::Range<usize> {
    let left = step.start..step.right;
    let right = step.right..step.end;
    match step.kind {
        JoinKind::Left | JoinKind::AsOfLeft | JoinKind::AsOf if right.contains(&item) => right,
        JoinKind::Right if left.contains(&item) => left,
        JoinKind::Full if left.contains(&item) || right.contains(&item) => step.start..step.end,
        _ => 0..0,
    }
}

/// The part of a relation that a column of an item is.
fn input_slot(item: &Item, at: &ColumnAt, fields: &[ColumnName]) -> Slot {
    match at {
        ColumnAt::All => Slot::Any,
        ColumnAt::Named(name) => slot_of(ColumnPath::field(name.clone(), fields)),
        ColumnAt::Known(place) if *place >= item.by_place_from => Slot::Any,
        ColumnAt::Known(place) => match item.columns.get(*place) {
            Some(column) => {
                let name = column.original.as_ref().unwrap_or(&column.name);
                slot_of(ColumnPath::field(name.clone(), fields))
            }
            None => Slot::Any,
        },
    }
}
