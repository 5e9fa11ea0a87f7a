//! Block by block: the dependencies of each on the relations outside the query.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use super::alias::Begun;
use super::dependencies::{Dep, Slots, Way, normal};
use super::item::Nullable;
use super::known::Known;
use super::recursion::Recursion;
use crate::aggregation;
use crate::dependency::{ColumnPath, EdgeKind, InputId};
use crate::effort::Effort;
use crate::grain::Grain;
use crate::hashing::HashMap;
use crate::name::ColumnName;
use crate::query::block::{BlockKind, GroupBy};
use crate::query::tree::{BlockId, Symbol, Tree};
use crate::resolve::{Resolved, Value};
use crate::scope::ColumnAt;
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
    pub(super) except: Arc<BTreeSet<ColumnName>>,
    pub(super) also: Rc<[Dep]>,
    pub(super) kind: EdgeKind,
}

/// So many dependencies of one statement are kept.
const MOST_KEPT: usize = 4_000_000;
/// So many are handled on the way.
const MOST_HANDLED: usize = 5_000_000;
/// What an expression depends on is put in order when it has become so much.
const MANY: usize = 1_000_000;

/// Composes what blocks depend on, each once.
pub(super) struct Composer<'a> {
    pub(super) tree: &'a Tree,
    pub(super) resolved: &'a Resolved,
    pub(super) grain: &'a Grain,
    pub(super) slots: Slots,
    pub(super) flats: Vec<Option<Rc<Flat>>>,
    /// What the rows before grouping depend on, by block.
    pub(super) input_rows: HashMap<BlockId, Rc<[Dep]>>,
    /// The same with the keys of GROUP BY.
    pub(super) grouped_rows: HashMap<BlockId, Rc<[Dep]>>,
    pub(super) known: Known,
    pub(super) begun: Begun,
    /// What comes through the nullable sides of outer joins, by block.
    pub(super) nullable: HashMap<BlockId, Nullable>,
    /// The outer joins around each item, by block.
    pub(super) outer_joins: HashMap<BlockId, Rc<[Vec<usize>]>>,
    /// Where the named windows stand, by block.
    pub(super) windows: HashMap<BlockId, HashMap<Symbol, usize>>,
    /// Whether many rows become one, by block.
    grouped: HashMap<BlockId, bool>,
    pub(super) recursion: Recursion,
    handled: Effort,
    kept: Effort,
}

impl<'a> Composer<'a> {
    pub(super) fn new(tree: &'a Tree, resolved: &'a Resolved, grain: &'a Grain) -> Self {
        Self {
            tree,
            resolved,
            grain,
            slots: Slots::default(),
            flats: vec![None; tree.block_count()],
            input_rows: HashMap::default(),
            grouped_rows: HashMap::default(),
            known: Known::new(),
            begun: Begun::default(),
            nullable: HashMap::default(),
            outer_joins: HashMap::default(),
            windows: HashMap::default(),
            grouped: HashMap::default(),
            recursion: Recursion::of(tree, resolved),
            handled: Effort::new(MOST_HANDLED),
            kept: Effort::new(MOST_KEPT),
        }
    }

    /// What a block depends on.
    pub(super) fn flat(&mut self, id: BlockId) -> Rc<Flat> {
        if let Some(flat) = &self.flats[id.index()] {
            return Rc::clone(flat);
        }
        if self.has_given_up() {
            return Rc::default();
        }
        with_room(|| {
            if self.recursion.reads_itself(id) {
                self.compose_recursive(id)
            } else {
                let flat = Rc::new(self.compose(id));
                self.flats[id.index()] = Some(Rc::clone(&flat));
                flat
            }
        })
    }

    /// Whether there is too much of everything, so that nothing that was worked out is to be used.
    pub(super) fn has_given_up(&self) -> bool {
        self.handled.is_spent() || self.kept.is_spent()
    }

    /// Takes account of so many dependencies or steps to them.
    pub(super) fn handle(&mut self, amount: usize) {
        self.handled.spend(amount);
    }

    /// A list of dependencies in order, each once.
    pub(super) fn normal(&mut self, deps: Vec<Dep>) -> Rc<[Dep]> {
        self.handled.spend(deps.len());
        let deps = normal(deps);
        self.kept.spend(deps.len());
        Rc::from(deps)
    }

    /// Keeps a list short that is being added to.
    pub(super) fn shorten(&mut self, deps: &mut Vec<Dep>) {
        if deps.len() >= MANY {
            self.handled.spend(deps.len());
            *deps = normal(std::mem::take(deps));
            self.kept.spend(deps.len());
        }
    }

    pub(super) fn compose(&mut self, id: BlockId) -> Flat {
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
            columns.push(self.normal(deps));
        }
        let rows = self.rows(id, &columns, grouped);
        let mut rest = self.rest(id);
        self.fill_gaps(id, &mut columns, &mut rest);
        Flat { columns, rest, rows: self.normal(rows) }
    }

    /// Adds what fields of a value depend on: of what is passed on as it is, the same fields.
    pub(super) fn fields_through(&mut self, deps: &[Dep], fields: &[ColumnName], kind: EdgeKind, out: &mut Vec<Dep>) {
        self.handle(deps.len());
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
        self.handle(1);
        match at {
            ColumnAt::Known(place) => {
                if let Some(deps) = flat.columns.get(*place) {
                    self.fields_through(deps, fields, kind, out);
                }
            }
            ColumnAt::Named(name) => {
                // A recursive step may name a column of its own CTE before that was read to the end.
                if let Some(place) = self.resolved.block(block).column(name) {
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
    pub(super) fn is_grouped(&mut self, id: BlockId) -> bool {
        if let Some(known) = self.grouped.get(&id) {
            return *known;
        }
        let grouped = match &self.tree.block(id).kind {
            BlockKind::Select(select) => {
                select.group_by != GroupBy::None || aggregation::makes_one_row(self.tree, self.resolved, select)
            }
            BlockKind::SetOperation(_) | BlockKind::Values(_) => false,
        };
        self.grouped.insert(id, grouped);
        grouped
    }
}
