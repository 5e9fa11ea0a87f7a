//! Block by block: the dependencies of each on the relations outside the query.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::dependencies::{Dep, Slots, Way, normal};
use crate::aggregation;
use crate::dependency::{ColumnPath, EdgeKind, InputId};
use crate::grain::Grain;
use crate::name::ColumnName;
use crate::query::block::{BlockKind, GroupBy};
use crate::query::tree::{BlockId, ExprId, Tree};
use crate::resolve::{Resolved, Value};
use crate::scope::{ColumnAt, Item, ItemSource};
use crate::stack::with_room;

/// What a block depends on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Flat {
    /// Of each column.
    pub(super) columns: Vec<Rc<[Dep]>>,
    /// Of the columns that pass through.
    pub(super) rest: Vec<FlatRest>,
    /// Of the rows.
    pub(super) rows: Rc<[Dep]>,
}

/// Columns that pass through by their own names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FlatRest {
    pub(super) input: InputId,
    /// The column whose fields they are.
    pub(super) inside: Option<ColumnPath>,
    pub(super) except: Rc<BTreeSet<ColumnName>>,
    pub(super) also: Rc<[Dep]>,
    pub(super) kind: EdgeKind,
}

/// A recursive query is followed until nothing new comes, at most so often.
const MAX_ROUNDS: usize = 12;

/// Composes what blocks depend on, each once.
pub(super) struct Composer<'a> {
    pub(super) tree: &'a Tree,
    pub(super) resolved: &'a Resolved,
    pub(super) grain: &'a Grain,
    pub(super) slots: Slots,
    flats: Vec<Option<Rc<Flat>>>,
    /// What the rows before grouping depend on, by block.
    pub(super) input_rows: HashMap<BlockId, Rc<[Dep]>>,
    /// The same with the keys of GROUP BY.
    pub(super) grouped_rows: HashMap<BlockId, Rc<[Dep]>>,
    /// How many of those two are being worked out.
    pub(super) rows_begun: usize,
    /// What the expressions of aliases depend on.
    pub(super) aliases: HashMap<ExprId, Rc<[Dep]>>,
    /// The aliases that are being worked out.
    pub(super) aliases_begun: HashSet<ExprId>,
    /// What an item gets from the outer joins around it, by block, item and number of joins.
    pub(super) nullable: HashMap<(BlockId, usize, usize), Rc<[Dep]>>,
    /// What the elements of unnested arrays depend on, by block and item.
    pub(super) elements: HashMap<(BlockId, usize), Rc<[Dep]>>,
    /// Whether any block reads itself.
    has_recursion: bool,
    /// The blocks composed since a recursive one was begun.
    composed: Vec<BlockId>,
}

impl<'a> Composer<'a> {
    pub(super) fn new(tree: &'a Tree, resolved: &'a Resolved, grain: &'a Grain) -> Self {
        Self {
            tree,
            resolved,
            grain,
            slots: Slots::default(),
            flats: vec![None; tree.block_count()],
            input_rows: HashMap::new(),
            grouped_rows: HashMap::new(),
            rows_begun: 0,
            aliases: HashMap::new(),
            aliases_begun: HashSet::new(),
            nullable: HashMap::new(),
            elements: HashMap::new(),
            has_recursion: resolved.has_recursion(),
            composed: Vec::new(),
        }
    }

    /// What a block depends on.
    pub(super) fn flat(&mut self, id: BlockId) -> Rc<Flat> {
        if let Some(flat) = &self.flats[id.index()] {
            return Rc::clone(flat);
        }
        with_room(|| self.compose_until_stable(id))
    }

    /// A recursive block depends on itself: it is composed again with what was found, until nothing
    /// is added. What is found only grows, so rounds end where they do not change anything.
    fn compose_until_stable(&mut self, id: BlockId) -> Rc<Flat> {
        let recursive = self.is_recursive(id);
        if recursive {
            let width = self.resolved.block(id).outputs.len();
            let nothing = Flat { columns: vec![Rc::from([]); width], ..Flat::default() };
            self.flats[id.index()] = Some(Rc::new(nothing));
        }
        let mut rounds = 0;
        loop {
            let begun = self.composed.len();
            let flat = Rc::new(self.compose(id));
            let stable = !recursive || self.flats[id.index()].as_ref() == Some(&flat) || rounds >= MAX_ROUNDS;
            self.flats[id.index()] = Some(Rc::clone(&flat));
            self.composed.push(id);
            if stable {
                return flat;
            }
            rounds += 1;
            for inner in self.composed.split_off(begun) {
                if inner != id {
                    self.flats[inner.index()] = None;
                }
                self.input_rows.remove(&inner);
                self.grouped_rows.remove(&inner);
                self.nullable.retain(|(block, ..), _| *block != inner);
                self.elements.retain(|(block, _), _| *block != inner);
            }
            self.aliases.clear();
        }
    }

    /// Whether a block reads itself.
    fn is_recursive(&self, id: BlockId) -> bool {
        let reads_it = |item: &Item| matches!(item.source, ItemSource::Recursive(own) if own == id);
        self.has_recursion
            && self.resolved.within(id).iter().any(|block| self.resolved.block(*block).from.items.iter().any(reads_it))
    }

    fn compose(&mut self, id: BlockId) -> Flat {
        let resolved = self.resolved.block(id);
        let grouped = self.is_grouped(id);
        let mut columns = Vec::with_capacity(resolved.outputs.len());
        for column in &resolved.outputs {
            let mut deps = Vec::new();
            match &column.value {
                Value::Expr(expr) => {
                    columns.push(self.alias(id, *expr));
                    continue;
                }
                Value::Columns(parts) => {
                    let kind = if parts.len() > 1 { EdgeKind::Transformation } else { EdgeKind::Identity };
                    let way = Way::new(kind, column.position);
                    for (item, at) in parts {
                        self.item_column(id, *item, at, &[], way, &mut deps);
                    }
                }
                Value::Branches(parts) => {
                    for (branch, at) in parts {
                        self.block_column(*branch, at, &[], EdgeKind::Identity, &mut deps);
                    }
                }
                Value::Rows(exprs) => {
                    for expr in exprs {
                        self.expression(id, *expr, Way::new(EdgeKind::Identity, column.position), &mut deps);
                    }
                }
            }
            columns.push(Rc::from(normal(deps)));
        }
        let rows = self.rows(id, &columns, grouped);
        let rest = self.rest(id);
        Flat { columns, rest, rows: Rc::from(normal(rows)) }
    }

    /// What the expression of a projection depends on, worked out once.
    pub(super) fn alias(&mut self, block: BlockId, expr: ExprId) -> Rc<[Dep]> {
        if let Some(known) = self.aliases.get(&expr) {
            return Rc::clone(known);
        }
        if !self.aliases_begun.insert(expr) {
            // An alias over itself: ClickHouse sees aliases before they are given.
            return Rc::from([]);
        }
        let mut deps = Vec::new();
        let way = Way::new(EdgeKind::Identity, self.tree.block(block).position);
        self.expression(block, expr, way, &mut deps);
        self.aliases_begun.remove(&expr);
        let deps: Rc<[Dep]> = Rc::from(normal(deps));
        // While the rows are being worked out, what depends on them is not complete.
        if self.rows_begun == 0 {
            self.aliases.insert(expr, Rc::clone(&deps));
        }
        deps
    }

    /// Adds what fields of a value depend on: of what is passed on as it is, the same fields.
    pub(super) fn fields_through(&mut self, deps: &[Dep], fields: &[ColumnName], kind: EdgeKind, out: &mut Vec<Dep>) {
        for dep in deps {
            let mut dep = *dep;
            if dep.kind == EdgeKind::Identity {
                dep.slot = self.slots.field(dep.slot, fields);
            }
            out.push(dep.then(kind));
        }
    }

    /// A column of a block, as another block reads it.
    pub(super) fn block_column(
        &mut self,
        block: BlockId,
        at: &ColumnAt,
        fields: &[ColumnName],
        kind: EdgeKind,
        out: &mut Vec<Dep>,
    ) {
        let flat = self.flat(block);
        match at {
            ColumnAt::Known(place) => {
                if let Some(deps) = flat.columns.get(*place) {
                    self.fields_through(deps, fields, kind, out);
                }
            }
            ColumnAt::Named(name) => {
                // A recursive step may name a column of its own CTE before that was read to the end.
                let outputs = &self.resolved.block(block).outputs;
                if let Some(place) = outputs.iter().position(|column| column.name == *name) {
                    self.block_column(block, &ColumnAt::Known(place), fields, kind, out);
                    return;
                }
                let before = out.len();
                for rest in flat.rest.iter().filter(|rest| !rest.except.contains(name)) {
                    self.passing(rest, Some(name), fields, kind, out);
                }
                // A name that the block seems not to have: a column whose name the engine made up, or one of
                // a form that is not understood. It can be any.
                if out.len() == before {
                    self.block_column(block, &ColumnAt::All, &[], EdgeKind::Transformation.then(kind), out);
                }
            }
            ColumnAt::All => {
                out.extend(flat.columns.iter().flat_map(|deps| deps.iter()).map(|dep| dep.then(kind)));
                for rest in &flat.rest {
                    self.passing(rest, None, &[], kind, out);
                }
            }
        }
    }

    /// Whether many rows of FROM become one row of the block.
    pub(super) fn is_grouped(&self, id: BlockId) -> bool {
        let BlockKind::Select(select) = &self.tree.block(id).kind else { return false };
        select.group_by != GroupBy::None || aggregation::makes_one_row(self.tree, self.resolved, select)
    }
}
