//! What an expression depends on: from its root down, each part with the kind of the way to it.

use std::rc::Rc;

use super::block::Composer;
use super::dependencies::{Dep, Way};
use crate::dependency::{EdgeKind, Slot};
use crate::dialect::Dialect;
use crate::functions;
use crate::hashing::HashMap;
use crate::name::{ColumnName, Quoting};
use crate::query::block::{BlockKind, Projection, ProjectionKind, RowShape, Select};
use crate::query::tree::{BlockId, Clauses, Expr, ExprId, LiteralKind, SubqueryKind, Symbol, Window};
use crate::resolve::Binding;
use crate::scope::ColumnAt;

/// The fields of an expression that are asked for, outermost first.
type Fields = Rc<[ColumnName]>;

/// An expression that is still to be looked at: how it flows to the root, and which fields of it.
type Ahead = Vec<(ExprId, EdgeKind, Fields)>;

impl Composer<'_> {
    /// Adds what an expression of a block depends on. In the condition of a join only the joins
    /// before it count.
    pub(super) fn expression(&mut self, block: BlockId, root: ExprId, way: Way, out: &mut Vec<Dep>) {
        self.expression_fields(block, root, Rc::from([]), way, out);
    }

    /// The same, of some fields of the expression.
    pub(super) fn expression_fields(
        &mut self,
        block: BlockId,
        root: ExprId,
        fields: Fields,
        way: Way,
        out: &mut Vec<Dep>,
    ) {
        let tree = self.tree;
        let none: Fields = Rc::from([]);
        let mut ahead: Ahead = vec![(root, way.kind, fields)];
        while let Some((expr, kind, fields)) = ahead.pop() {
            self.handle(1);
            self.shorten(out);
            if self.has_given_up() {
                return;
            }
            let step = |step: EdgeKind| step.then(kind);
            let transformed = step(EdgeKind::Transformation);
            if let Some((input, position)) = self.resolved.call(expr) {
                let slot = self.slots.id(Slot::Rows);
                out.push(Dep { input, slot, kind: step(EdgeKind::Unknown), position });
            }
            match tree.expr(expr) {
                Expr::Literal(..) | Expr::Parameter(_) => {}
                Expr::Column(_, position) => {
                    self.column(block, expr, &fields, Way { kind, position: *position, ..way }, out);
                }
                Expr::Star(_) => self.column(block, expr, &none, Way { kind: transformed, ..way }, out),
                Expr::Apply(operator, args) => {
                    // Of a column that may be a variable only the column, where that is sure.
                    let sure = self.resolved.binding(expr).is_some();
                    let args = if sure { &tree.list(*args)[..1] } else { tree.list(*args) };
                    match self.field_of_struct(tree.text(*operator), args, &fields) {
                        Some(inner) => ahead.push((inner, kind, Rc::from(&fields[1..]))),
                        None => ahead.extend(args.iter().map(|arg| (*arg, transformed, Rc::clone(&none)))),
                    }
                }
                Expr::Call { .. } if self.resolved.binding(expr).is_some() => {
                    self.column(block, expr, &none, Way { kind: transformed, ..way }, out);
                }
                Expr::Call { function, args, clauses } => {
                    let name = tree.text(*function);
                    let call = (name, tree.list(*args), clauses.as_deref());
                    self.call(block, call, kind, &mut ahead, out);
                }
                Expr::Case { operand, branches, otherwise } => {
                    let deciding = step(EdgeKind::Conditional);
                    ahead.extend(operand.map(|operand| (operand, deciding, Rc::clone(&none))));
                    for (place, part) in tree.list(*branches).iter().enumerate() {
                        let kind = if place % 2 == 0 { deciding } else { transformed };
                        ahead.push((*part, kind, Rc::clone(&none)));
                    }
                    ahead.extend(otherwise.map(|otherwise| (otherwise, transformed, Rc::clone(&none))));
                }
                Expr::Cast { expr, .. } => ahead.push((*expr, transformed, Rc::clone(&none))),
                Expr::Named(_, expr) => ahead.push((*expr, kind, fields)),
                Expr::Lambda(_, body) => ahead.push((*body, transformed, Rc::clone(&none))),
                Expr::Field(..) | Expr::Index(..) => {
                    let record = self.record(expr, kind, &fields, &mut ahead);
                    ahead.push(record);
                }
                Expr::Subquery { kind: role, operand, block: inner } => {
                    ahead.extend(operand.map(|operand| (operand, transformed, Rc::clone(&none))));
                    self.subquery(*role, *inner, kind, &fields, out);
                }
            }
        }
    }

    /// The record that fields and elements are taken of, with those fields before the ones that are asked
    /// for; the places of elements are still to be looked at.
    fn record(&self, expr: ExprId, kind: EdgeKind, fields: &Fields, ahead: &mut Ahead) -> (ExprId, EdgeKind, Fields) {
        let tree = self.tree;
        let (mut expr, mut kind) = (expr, kind);
        let mut inner: Vec<ColumnName> = Vec::new();
        loop {
            match tree.expr(expr) {
                Expr::Field(record, name) => {
                    inner.push(tree.name(*name).clone());
                    expr = *record;
                }
                Expr::Index(record, index) => {
                    match tree.expr(*index) {
                        Expr::Literal(LiteralKind::String, text) => {
                            inner.push(ColumnName::new(tree.dialect, tree.text(*text), Quoting::Quoted));
                        }
                        _ => {
                            kind = EdgeKind::Transformation.then(kind);
                            ahead.push((*index, kind, Rc::from([])));
                        }
                    }
                    expr = *record;
                }
                _ => return (expr, kind, inner.into_iter().rev().chain(fields.iter().cloned()).collect()),
            }
        }
    }

    /// The value of a struct's field where a field is asked of a struct that is made on the spot.
    fn field_of_struct(&self, operator: &str, args: &[ExprId], fields: &[ColumnName]) -> Option<ExprId> {
        let wanted = fields.first().filter(|_| operator == "struct")?;
        args.iter().find_map(|arg| match self.tree.expr(*arg) {
            Expr::Named(name, value) if self.tree.name(*name) == wanted => Some(*value),
            _ => None,
        })
    }

    /// A dotted name, or a star as an argument.
    fn column(&mut self, own: BlockId, expr: ExprId, fields: &Fields, way: Way, out: &mut Vec<Dep>) {
        let resolved = self.resolved;
        let (alias, inner, uses) = match resolved.binding(expr) {
            None | Some(Binding::Free) => return,
            Some(Binding::Columns(uses)) => (None, None, uses.as_slice()),
            Some(Binding::Alias(alias, inner)) => (Some(*alias), Some(inner), [].as_slice()),
            Some(Binding::AliasOr(alias, uses)) => (Some(*alias), None, uses.as_slice()),
        };
        // What merges several columns, or may be one of several, is not simply one of them.
        let way = if uses.len() > 1 { way.after(EdgeKind::Transformation) } else { way };
        if let Some(alias) = alias {
            let path: Vec<ColumnName> = inner.into_iter().flatten().chain(fields.iter()).cloned().collect();
            let deps = self.alias(own, alias);
            self.fields_through(&deps, &path, way.kind, out);
        }
        for used in uses {
            let path: Vec<ColumnName> = used.fields.iter().chain(fields.iter()).cloned().collect();
            // An outer SELECT's joins are all done when a subquery of its WHERE runs.
            let way = if used.block == own { way } else { way.behind(usize::MAX) };
            self.item_column(used.block, used.item, &used.column, &path, way, out);
        }
    }

    fn call(
        &mut self,
        block: BlockId,
        (function, args, clauses): (&str, &[ExprId], Option<&Clauses>),
        kind: EdgeKind,
        ahead: &mut Ahead,
        out: &mut Vec<Dep>,
    ) {
        let none: Fields = Rc::from([]);
        let mut add = |expr: ExprId, step: EdgeKind| ahead.push((expr, step.then(kind), Rc::clone(&none)));
        let over = clauses.and_then(|clauses| clauses.over.as_ref());
        let aggregate = functions::is_aggregate(function) || (over.is_none() && functions::is_window(function));
        // In a grouped block a function that nobody knows may be an aggregate.
        let grouping = over.is_none() && (aggregate || (functions::is_unknown(function) && self.is_grouped(block)));
        let value = if aggregate { EdgeKind::Aggregation } else { EdgeKind::Transformation };
        let conditional = functions::is_choice(function);
        let counts_rows = over.is_none() && functions::counts_rows(function);
        for (place, arg) in args.iter().enumerate() {
            match self.tree.expr(*arg) {
                Expr::Star(_) if counts_rows => {}
                _ if conditional && place == 0 => add(*arg, EdgeKind::Conditional),
                _ => add(*arg, value),
            }
        }
        if let Some(clauses) = clauses {
            clauses.order_by.iter().for_each(|key| add(key.expr, EdgeKind::Sort));
            clauses.filter.iter().for_each(|filter| add(*filter, EdgeKind::Filter));
            self.tree.list(clauses.modifier_args).iter().for_each(|arg| add(*arg, EdgeKind::Sort));
        }
        if let Some(window) = over {
            for expr in self.window(block, window) {
                add(expr, EdgeKind::Window);
            }
            // A window looks at what grouping has made.
            let rows = if self.is_grouped(block) { self.grouped_rows(block) } else { self.input_rows(block) };
            out.extend(rows.iter().map(|dep| dep.then(EdgeKind::Window).then(kind)));
        } else if grouping {
            let around = if aggregate { self.aggregated_around(block, args) } else { None };
            let rows = self.grouped_rows(around.unwrap_or(block));
            out.extend(rows.iter().map(|dep| dep.then(EdgeKind::Aggregation).then(kind)));
        }
    }

    /// The SELECT whose rows an aggregate inside a subquery is over, where all of its columns are of one
    /// around it: `SELECT (SELECT sum(o.x)) FROM o`. Elsewhere than in these dialects an aggregate is always
    /// one of the SELECT that it stands in.
    fn aggregated_around(&self, own: BlockId, args: &[ExprId]) -> Option<BlockId> {
        use Dialect::{Ansi, DuckDb, MySql, Postgres, Redshift, TSql};
        if !matches!(self.tree.dialect, Ansi | DuckDb | MySql | Postgres | Redshift | TSql) {
            return None;
        }
        let mut around = None;
        let mut ahead = args.to_vec();
        while let Some(expr) = ahead.pop() {
            match self.resolved.binding(expr) {
                Some(Binding::Columns(uses)) => {
                    for used in uses {
                        if used.block == own || around.is_some_and(|known| known != used.block) {
                            return None;
                        }
                        around = Some(used.block);
                    }
                }
                Some(Binding::Alias(..) | Binding::AliasOr(..)) => return None,
                Some(Binding::Free) | None => {}
            }
            self.tree.add_parts(expr, &mut ahead);
        }
        around
    }

    /// The expressions of a window and of the named windows that it extends.
    fn window(&mut self, block: BlockId, window: &Window) -> Vec<ExprId> {
        let tree = self.tree;
        let mut exprs = Vec::new();
        let mut current = Some(window);
        // A window can only extend one that is defined before it.
        for _ in 0..16 {
            let Some(window) = current else { break };
            exprs.extend_from_slice(tree.list(window.partition_by));
            exprs.extend(window.order_by.iter().map(|key| key.expr));
            exprs.extend_from_slice(tree.list(window.frame_args));
            current = window.base.and_then(|base| match &tree.block(block).kind {
                BlockKind::Select(select) => {
                    let places = self.windows.entry(block).or_insert_with(|| places_of_windows(select));
                    places.get(&base).and_then(|place| select.windows.get(*place)).map(|(_, window)| window)
                }
                _ => None,
            });
        }
        exprs
    }

    fn subquery(&mut self, role: SubqueryKind, inner: BlockId, kind: EdgeKind, fields: &Fields, out: &mut Vec<Dep>) {
        let flat = self.flat(inner);
        let (columns, rows) = match role {
            SubqueryKind::Scalar => (Some(kind), EdgeKind::Subquery.then(kind)),
            SubqueryKind::Exists(_) => (None, EdgeKind::Subquery.then(kind)),
            SubqueryKind::In(_) | SubqueryKind::Compared(_) => {
                (Some(EdgeKind::Subquery.then(kind)), EdgeKind::Subquery.then(kind))
            }
            SubqueryKind::Array => (Some(EdgeKind::Aggregation.then(kind)), EdgeKind::Aggregation.then(kind)),
        };
        if let Some(kind) = columns {
            match role {
                // A record of several columns: a field of it is one of them.
                SubqueryKind::Scalar if self.is_record(inner) => match fields.split_first() {
                    Some((name, fields)) => {
                        self.block_column(inner, &ColumnAt::Named(name.clone()), fields, kind, out);
                    }
                    None => self.block_column(inner, &ColumnAt::All, &[], EdgeKind::Transformation.then(kind), out),
                },
                SubqueryKind::Scalar if !flat.columns.is_empty() => {
                    self.block_column(inner, &ColumnAt::Known(0), fields, kind, out);
                }
                _ => self.block_column(inner, &ColumnAt::All, &[], kind, out),
            }
        }
        out.extend(flat.rows.iter().map(|dep| dep.then(rows)));
        if role == SubqueryKind::Array && matches!(self.tree.block(inner).kind, BlockKind::Select(_)) {
            let tree = self.tree;
            for key in &tree.block(inner).order_by {
                let way = Way::new(EdgeKind::Sort.then(kind), tree.block(inner).position);
                self.expression(inner, key.expr, way, out);
            }
        }
    }

    /// Whether the row of a block is one record.
    fn is_record(&self, block: BlockId) -> bool {
        match &self.tree.block(block).kind {
            BlockKind::Select(select) => match (select.shape, select.projection.as_slice()) {
                (RowShape::Struct, _) => true,
                (RowShape::Value, [Projection { kind: ProjectionKind::Expr(expr, _), .. }]) => {
                    matches!(self.tree.expr(*expr), Expr::Apply(name, _) if self.tree.text(*name) == "struct")
                }
                (RowShape::Value | RowShape::Columns, _) => false,
            },
            BlockKind::SetOperation(_) | BlockKind::Values(_) => false,
        }
    }
}

/// Where each named window stands; of two of one name it is the first.
fn places_of_windows(select: &Select) -> HashMap<Symbol, usize> {
    let named = select.windows.iter().enumerate().rev();
    named.map(|(place, (name, _))| (*name, place)).collect()
}
