//! What the columns and rows of a FROM item depend on.

use std::ops::Range;
use std::rc::Rc;

use super::block::Composer;
use super::dependencies::{Dep, Way};
use super::slot_of;
use crate::dependency::{ColumnPath, EdgeKind, Extent, InputId, Slot};
use crate::diagnostic::Position;
use crate::hashing::HashMap;
use crate::name::ColumnName;
use crate::query::block::JoinKind;
use crate::query::tree::{BlockId, ExprId};
use crate::scope::{ColumnAt, Grouping, Item, ItemSource, JoinStep, Part, Reshaped, ReshapedColumn, UnnestPart};
use crate::stack::with_room;

/// What comes through the nullable sides of the outer joins of a block.
#[derive(Debug, Default)]
pub(super) struct Nullable {
    /// By join.
    of_join: HashMap<usize, Rc<[Dep]>>,
    /// By item, and how many of the outer joins around it are done.
    of_item: HashMap<(usize, usize), Rc<[Dep]>>,
}

/// Stands for the place where a column is used while what it depends on is worked out for all uses.
const WHERE_USED: Position = Position::new(u32::MAX, u32::MAX);

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
        self.handle(1);
        if self.has_given_up() {
            return;
        }
        let resolved = self.resolved;
        let Some(found) = resolved.block(block).from.items.get(item) else { return };
        // What an item is computed from was joined before it.
        let before = resolved.block(block).from.joins.partition_point(|step| step.end <= item);
        self.source_column(block, (item, found), at, fields, way.behind(before), out);
        let nullable = self.nullable(block, item, way.joins);
        self.handle(nullable.len());
        out.extend(nullable.iter().map(|dep| dep.then(way.kind)));
    }

    fn source_column(
        &mut self,
        block: BlockId,
        (place, item): (usize, &Item),
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
            ItemSource::Unnest { .. } | ItemSource::Function { .. } | ItemSource::Reshaped(_) => {
                let deps = self.computed(block, (place, item), at, fields, way.joins);
                self.handle(deps.len());
                let used = |dep: &Dep| {
                    let position = if dep.position == WHERE_USED { way.position } else { dep.position };
                    Dep { position, ..dep.then(way.kind) }
                };
                out.extend(deps.iter().map(used));
            }
        }
    }

    /// What a column of an item is computed from that is no relation, for all its uses.
    fn computed(
        &mut self,
        block: BlockId,
        (place, item): (usize, &Item),
        at: &ColumnAt,
        fields: &[ColumnName],
        joins: usize,
    ) -> Rc<[Dep]> {
        let column = (place, at.clone(), fields.to_vec());
        if let Some(known) = self.known.computed(block, &column) {
            return known;
        }
        let way = Way::new(EdgeKind::Identity, WHERE_USED).behind(joins);
        let mut deps = Vec::new();
        with_room(|| match &item.source {
            ItemSource::Input(_) | ItemSource::Block(_) | ItemSource::Recursive(_) => {}
            ItemSource::Unnest { arrays, parts } => self.element(block, (arrays, parts), at, fields, way, &mut deps),
            ItemSource::Function { args, relation } => {
                for arg in args {
                    self.expression(block, *arg, way.after(EdgeKind::Transformation), &mut deps);
                }
                if let Some(input) = relation {
                    self.whole_relation(*input, way, &mut deps);
                }
            }
            ItemSource::Reshaped(reshaped) => {
                self.reshaped_column(block, (place, reshaped), at, fields, way, &mut deps);
            }
        });
        self.handle(deps.len());
        deps.sort_unstable();
        deps.dedup();
        let deps: Rc<[Dep]> = Rc::from(deps);
        self.known.keep_computed(block, column, &deps);
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
        (own, reshaped): (usize, &Reshaped),
        at: &ColumnAt,
        fields: &[ColumnName],
        way: Way,
        out: &mut Vec<Dep>,
    ) {
        match at {
            ColumnAt::Known(place) => {
                if let Some(column) = reshaped.columns.get(*place) {
                    self.made_of(block, (own, reshaped), column, fields, way, out);
                }
            }
            ColumnAt::Named(name) => {
                if reshaped.except.as_ref().is_some_and(|except| !except.contains(name)) {
                    for item in self.open_below(block, own, reshaped) {
                        self.item_column(block, item, at, fields, way, out);
                    }
                }
                if let Some(other) = &reshaped.other {
                    self.made_of(block, (own, reshaped), other, &[], way, out);
                }
            }
            ColumnAt::All => {
                for column in reshaped.columns.iter().chain(&reshaped.other) {
                    self.made_of(block, (own, reshaped), column, &[], way, out);
                }
                for item in self.open_below(block, own, reshaped) {
                    self.item_column(block, item, at, &[], way, out);
                }
            }
        }
    }

    /// The open items that a reshaped one is made of; those below another reshaped one are in that.
    pub(super) fn open_below(&self, block: BlockId, own: usize, reshaped: &Reshaped) -> Vec<usize> {
        let items = &self.resolved.block(block).from.items;
        let mut below = Vec::new();
        let mut end = own;
        while end > reshaped.below {
            end -= 1;
            if items[end].extent == Extent::Open {
                below.push(end);
            }
            if let ItemSource::Reshaped(inner) = &items[end].source {
                end = inner.below;
            }
        }
        below.reverse();
        below
    }

    pub(super) fn made_of(
        &mut self,
        block: BlockId,
        (own, reshaped): (usize, &Reshaped),
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
            let mut rows = Vec::new();
            for item in reshaped.below..own {
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
                let deps = match self.known.deciding(block, item) {
                    Some(known) => known,
                    None => {
                        let mut deps = Vec::new();
                        for part in &reshaped.deciding {
                            self.part(block, part, at_block.after(kind), &mut deps);
                        }
                        let deps = self.normal(deps);
                        self.known.keep_deciding(block, item, &deps);
                        deps
                    }
                };
                self.handle(deps.len());
                out.extend_from_slice(&deps);
                // Every column that is not known is one that is grouped by.
                if reshaped.grouping == Grouping::Grouped && reshaped.except.is_some() {
                    for open in self.open_below(block, item, reshaped) {
                        self.item_column(block, open, &ColumnAt::All, &[], at_block.after(kind), out);
                    }
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
        let around = self.outer_joins(block);
        let around = around.get(item).map(Vec::as_slice).unwrap_or_default();
        let done = around.partition_point(|place| *place < joins);
        if done == 0 || self.has_given_up() {
            return Rc::from([]);
        }
        let known = |nullable: &Nullable| nullable.of_item.get(&(item, done)).cloned();
        if let Some(known) = self.nullable.get(&block).and_then(known) {
            return known;
        }
        let mut deps = Vec::new();
        for place in &around[..done] {
            let missing = with_room(|| self.missing(block, *place));
            deps.extend_from_slice(&missing);
            self.shorten(&mut deps);
            if self.has_given_up() {
                break;
            }
        }
        let deps = self.normal(deps);
        self.nullable.entry(block).or_default().of_item.insert((item, done), Rc::clone(&deps));
        deps
    }

    /// What decides whether a row has its part of the nullable side of an outer join.
    fn missing(&mut self, block: BlockId, place: usize) -> Rc<[Dep]> {
        if let Some(known) = self.nullable.get(&block).and_then(|nullable| nullable.of_join.get(&place)) {
            return Rc::clone(known);
        }
        let resolved = self.resolved;
        let step = &resolved.block(block).from.joins[place];
        let mut deps = Vec::new();
        self.join_condition(block, place, step, &mut deps);
        // Which rows the side has, its own joins decide as well.
        let sides = missing_side(step);
        let before = resolved.block(block).from.joins[..place].iter().enumerate().rev();
        for (inner, step) in before.take_while(|(_, step)| step.end > sides.start) {
            if self.has_given_up() {
                break;
            }
            if step.start >= sides.start && step.end <= sides.end {
                self.join_condition(block, inner, step, &mut deps);
            }
        }
        let mut rows = Vec::new();
        for side in sides {
            self.item_rows(block, side, &mut rows);
        }
        deps.extend(rows.into_iter().map(|dep| dep.then(EdgeKind::Join)));
        let deps = self.normal(deps);
        self.nullable.entry(block).or_default().of_join.insert(place, Rc::clone(&deps));
        deps
    }

    /// Of each item of a block, the outer joins that it can be missing from, in order.
    fn outer_joins(&mut self, block: BlockId) -> Rc<[Vec<usize>]> {
        if let Some(known) = self.outer_joins.get(&block) {
            return Rc::clone(known);
        }
        let from = &self.resolved.block(block).from;
        let mut found: Vec<Vec<usize>> = Vec::new();
        for (place, step) in from.joins.iter().enumerate() {
            let side = missing_side(step);
            self.handle(side.len());
            if self.has_given_up() {
                break;
            }
            if !side.is_empty() {
                found.resize(from.items.len(), Vec::new());
                found[side].iter_mut().for_each(|around| around.push(place));
            }
        }
        let found: Rc<[Vec<usize>]> = Rc::from(found);
        self.outer_joins.insert(block, Rc::clone(&found));
        found
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
                if self.has_given_up() {
                    return;
                }
                if self.resolved.block(block).from.items[item].extent == Extent::Open {
                    self.item_column(block, item, &ColumnAt::All, &[], way, out);
                }
            }
        }
    }
}

/// The items of the sides of a join that can be missing for a row.
fn missing_side(step: &JoinStep) -> Range<usize> {
    match step.kind {
        JoinKind::Left | JoinKind::AsOfLeft | JoinKind::AsOf => step.right..step.end,
        JoinKind::Right => step.start..step.right,
        JoinKind::Full => step.start..step.end,
        _ => 0..0,
    }
}

/// The part of a relation that a column of an item is.
pub(super) fn input_slot(item: &Item, at: &ColumnAt, fields: &[ColumnName]) -> Slot {
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
