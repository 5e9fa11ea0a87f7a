//! What decides which rows a block has.

use std::ops::Range;
use std::rc::Rc;

use super::block::Composer;
use super::dependencies::{Dep, Way};
use crate::aggregation;
use crate::dependency::EdgeKind;
use crate::query::block::{
    BlockKind, Distinct, Duplicates, GroupBy, JoinKind, Matching, ProjectionKind, Select, SetOperation, SetOperator,
};
use crate::query::tree::{BlockId, Expr, ExprId};
use crate::resolve::{SortedBy, Value, sorted_by};
use crate::scope::ColumnAt;

impl Composer<'_> {
    /// Adds up what the rows of a block depend on; `columns` are its own.
    pub(super) fn rows(&mut self, id: BlockId, columns: &[Rc<[Dep]>], grouped: bool) -> Vec<Dep> {
        let tree = self.tree;
        let block = tree.block(id);
        let mut rows = match &block.kind {
            BlockKind::Select(select) => self.select_rows(id, select, columns, grouped),
            BlockKind::SetOperation(operation) => self.set_rows(id, operation, columns),
            BlockKind::Values(_) => Vec::new(),
        };
        for call in aggregation::generators_behind(tree, block) {
            let way = self.behind(id, EdgeKind::Expansion);
            self.expression(id, call, way, &mut rows);
        }
        if let Some(limit) = block.limit {
            self.order(id, columns, &mut rows);
            for expr in limit.count.into_iter().chain(limit.offset) {
                let way = self.behind(id, EdgeKind::Filter);
                self.expression(id, expr, way, &mut rows);
            }
            for expr in tree.list(limit.by) {
                let way = self.behind(id, EdgeKind::Sort);
                self.expression(id, *expr, way, &mut rows);
            }
        }
        rows
    }

    /// The way from what stands behind all joins of a block.
    fn behind(&self, id: BlockId, kind: EdgeKind) -> Way {
        Way::new(kind, self.tree.block(id).position)
    }

    /// Adds every column of a block, also those that pass through.
    fn any_output(&mut self, id: BlockId, columns: &[Rc<[Dep]>], kind: EdgeKind, out: &mut Vec<Dep>) {
        out.extend(columns.iter().flat_map(|deps| deps.iter()).map(|dep| dep.then(kind)));
        self.all_passing(id, kind, out);
    }

    /// The keys of ORDER BY, where they decide which rows are kept.
    fn order(&mut self, id: BlockId, columns: &[Rc<[Dep]>], out: &mut Vec<Dep>) {
        let tree = self.tree;
        let block = tree.block(id);
        for key in &block.order_by {
            match (sorted_by(tree, self.resolved.block(id), key.expr), &block.kind) {
                // ORDER BY ALL sorts by the columns of the result.
                (SortedBy::Expr(expr), _) if matches!(tree.expr(expr), Expr::Star(_)) => {
                    self.any_output(id, columns, EdgeKind::Sort, out);
                }
                (SortedBy::Output(place), _) => out.extend(columns[place].iter().map(|dep| dep.then(EdgeKind::Sort))),
                (SortedBy::Unknown, _) => self.any_output(id, columns, EdgeKind::Sort, out),
                (SortedBy::Expr(expr), BlockKind::Select(_)) => {
                    let way = self.behind(id, EdgeKind::Sort);
                    self.expression(id, expr, way, out);
                }
                // Behind a set operation a name is one of its own columns.
                (SortedBy::Expr(expr), _) => match self.own_column(id, expr) {
                    Some(place) => out.extend(columns[place].iter().map(|dep| dep.then(EdgeKind::Sort))),
                    None => self.any_output(id, columns, EdgeKind::Sort, out),
                },
            }
        }
    }

    /// The column of the block that a bare name is.
    fn own_column(&self, id: BlockId, expr: ExprId) -> Option<usize> {
        let Expr::Column(path, _) = self.tree.expr(expr) else { return None };
        let [name] = self.tree.path(*path) else { return None };
        let name = self.tree.name(*name);
        self.resolved.block(id).column(name)
    }

    fn select_rows(&mut self, id: BlockId, select: &Select, columns: &[Rc<[Dep]>], grouped: bool) -> Vec<Dep> {
        let mut rows = Vec::new();
        if grouped {
            // Without keys there is one row, whatever the rows below.
            if self.has_keys(select) {
                rows.extend_from_slice(&self.grouped_rows(id));
            }
        } else {
            rows.extend_from_slice(&self.input_rows(id));
        }
        for call in aggregation::generators(self.tree, self.resolved, select) {
            let way = self.behind(id, EdgeKind::Expansion);
            self.expression(id, call, way, &mut rows);
        }
        for condition in select.having.into_iter().chain(select.qualify) {
            let way = self.behind(id, EdgeKind::Filter);
            self.expression(id, condition, way, &mut rows);
        }
        match select.distinct {
            Distinct::All => {}
            Distinct::Distinct => {
                self.any_output(id, columns, EdgeKind::Distinct, &mut rows);
            }
            Distinct::On(keys) => {
                for key in self.tree.list(keys) {
                    match sorted_by(self.tree, self.resolved.block(id), *key) {
                        SortedBy::Output(place) => {
                            rows.extend(columns[place].iter().map(|dep| dep.then(EdgeKind::Distinct)));
                        }
                        SortedBy::Unknown => self.any_output(id, columns, EdgeKind::Distinct, &mut rows),
                        SortedBy::Expr(expr) => {
                            let way = self.behind(id, EdgeKind::Distinct);
                            self.expression(id, expr, way, &mut rows);
                        }
                    }
                }
                self.order(id, columns, &mut rows);
            }
        }
        rows
    }

    fn has_keys(&self, select: &Select) -> bool {
        match &select.group_by {
            GroupBy::None => false,
            GroupBy::Keys { keys, .. } => !keys.is_empty(),
            GroupBy::All => true,
        }
    }

    fn set_rows(&mut self, id: BlockId, operation: &SetOperation, columns: &[Rc<[Dep]>]) -> Vec<Dep> {
        let mut rows = Vec::new();
        let union = operation.operator == SetOperator::Union;
        let compares = !union || operation.duplicates == Duplicates::Dropped;
        let resolved = self.resolved.block(id);
        // CORRESPONDING leaves out what is not compared.
        let some = matches!(operation.matching, Matching::Corresponding(_)) && resolved.rest.is_empty();
        let compared: Vec<ColumnAt> = if some {
            resolved.outputs.iter().map(|column| ColumnAt::Named(column.name.clone())).collect()
        } else {
            vec![ColumnAt::All]
        };
        for (place, branch) in operation.branches.iter().enumerate() {
            let flat = self.flat(*branch);
            let kind = if union || place == 0 { EdgeKind::Rows } else { EdgeKind::Distinct };
            rows.extend(flat.rows.iter().map(|dep| dep.then(kind)));
            for column in compared.iter().filter(|_| compares) {
                self.block_column(*branch, column, &[], EdgeKind::Distinct, &mut rows);
            }
            self.shorten(&mut rows);
        }
        if compares {
            rows.extend(columns.iter().flat_map(|deps| deps.iter()).map(|dep| dep.then(EdgeKind::Distinct)));
        }
        rows
    }

    /// What the rows before grouping depend on: FROM, its joins, WHERE.
    pub(super) fn input_rows(&mut self, id: BlockId) -> Rc<[Dep]> {
        if let Some(known) = self.input_rows.get(&id) {
            return Rc::clone(known);
        }
        // Whoever asks again while this is worked out gets nothing: a condition does not decide over
        // the rows that it is decided by.
        self.input_rows.insert(id, Rc::from([]));
        self.known.begin_rows();
        let mut rows = Vec::new();
        self.rows_of_from(id, &mut rows);
        if let BlockKind::Select(select) = &self.tree.block(id).kind {
            if let Some(condition) = select.selection {
                let way = self.behind(id, EdgeKind::Filter);
                self.expression(id, condition, way, &mut rows);
            }
            for call in aggregation::generators_below(self.tree, select) {
                let way = self.behind(id, EdgeKind::Expansion);
                self.expression(id, call, way, &mut rows);
            }
            for expr in self.tree.list(select.hierarchy) {
                let way = self.behind(id, EdgeKind::Filter);
                self.expression(id, *expr, way, &mut rows);
            }
        }
        self.known.end_rows();
        let rows = self.normal(rows);
        self.input_rows.insert(id, Rc::clone(&rows));
        rows
    }

    fn rows_of_from(&mut self, id: BlockId, out: &mut Vec<Dep>) {
        let resolved = self.resolved;
        let from = &resolved.block(id).from;
        let mut kinds = vec![Some(EdgeKind::Rows); from.items.len()];
        let mut silent: Vec<Range<usize>> = Vec::new();
        for (place, step) in from.joins.iter().enumerate() {
            let (side, kind) = match step.kind {
                JoinKind::Semi | JoinKind::Anti => (step.right..step.end, Some(EdgeKind::Join)),
                JoinKind::RightSemi | JoinKind::RightAnti => (step.start..step.right, Some(EdgeKind::Join)),
                // At most one row matches, and without one the row stays.
                JoinKind::AsOfLeft => (step.right..step.end, None),
                JoinKind::Left if self.grain.joins_one(id, place) => (step.right..step.end, None),
                _ => (0..0, None),
            };
            if !side.is_empty() && kind.is_none() {
                silent.push(side.clone());
            }
            kinds[side].iter_mut().for_each(|known| *known = kind);
        }
        let silent = Silent::of(silent);
        for (place, step) in from.joins.iter().enumerate() {
            if self.has_given_up() {
                return;
            }
            if !silent.is(&(step.right..step.end)) && !silent.holds(&(step.start..step.end)) {
                self.join_condition(id, place, step, out);
                self.shorten(out);
            }
        }
        for (item, kind) in kinds.into_iter().enumerate() {
            if let Some(kind) = kind {
                let mut rows = Vec::new();
                self.item_rows(id, item, &mut rows);
                out.extend(rows.into_iter().map(|dep| dep.then(kind)));
                self.shorten(out);
            }
        }
    }

    /// What the rows and the aggregates of a grouped block depend on: the rows below, and the keys.
    pub(super) fn grouped_rows(&mut self, id: BlockId) -> Rc<[Dep]> {
        if let Some(known) = self.grouped_rows.get(&id) {
            return Rc::clone(known);
        }
        let input = self.input_rows(id);
        // A key that calls a function that nobody knows does not aggregate.
        self.grouped_rows.insert(id, Rc::clone(&input));
        self.known.begin_rows();
        let mut rows = input.to_vec();
        if let BlockKind::Select(select) = &self.tree.block(id).kind {
            match &select.group_by {
                GroupBy::None => {}
                GroupBy::Keys { keys, .. } => {
                    for key in self.tree.list(*keys) {
                        match sorted_by(self.tree, self.resolved.block(id), *key) {
                            SortedBy::Output(place) => self.output(id, place, EdgeKind::GroupBy, &mut rows),
                            SortedBy::Unknown => self.all_outputs(id, &mut rows),
                            SortedBy::Expr(expr) => {
                                let way = self.behind(id, EdgeKind::GroupBy);
                                self.expression(id, expr, way, &mut rows);
                            }
                        }
                    }
                }
                GroupBy::All => self.group_all(id, select, &mut rows),
            }
        }
        self.known.end_rows();
        let rows = self.normal(rows);
        self.grouped_rows.insert(id, Rc::clone(&rows));
        rows
    }

    /// GROUP BY ALL groups by what is projected and aggregates nothing.
    fn group_all(&mut self, id: BlockId, select: &Select, out: &mut Vec<Dep>) {
        for item in &select.projection {
            match &item.kind {
                ProjectionKind::Expr(expr, _) | ProjectionKind::Several(expr, _) | ProjectionKind::Fields(expr, _) => {
                    if !aggregation::aggregates(self.tree, *expr) {
                        let way = self.behind(id, EdgeKind::GroupBy);
                        self.expression(id, *expr, way, out);
                    }
                }
                ProjectionKind::Star(_) => {}
            }
        }
        self.all_passing(id, EdgeKind::GroupBy, out);
        let outputs = self.resolved.block(id).outputs.len();
        for place in 0..outputs {
            if matches!(self.resolved.block(id).outputs[place].value, Value::Columns(_)) {
                self.output(id, place, EdgeKind::GroupBy, out);
            }
        }
    }

    /// A place behind a `*` whose columns are not known can be any of them.
    fn all_outputs(&mut self, id: BlockId, out: &mut Vec<Dep>) {
        self.all_passing(id, EdgeKind::GroupBy, out);
        for place in 0..self.resolved.block(id).outputs.len() {
            let aggregates = match self.resolved.block(id).outputs[place].value {
                Value::Expr(expr) => aggregation::aggregates(self.tree, expr),
                _ => false,
            };
            if !aggregates {
                self.output(id, place, EdgeKind::GroupBy, out);
            }
        }
    }

    /// Adds what a column of a SELECT depends on.
    fn output(&mut self, id: BlockId, place: usize, kind: EdgeKind, out: &mut Vec<Dep>) {
        let resolved = self.resolved;
        let column = &resolved.block(id).outputs[place];
        match &column.value {
            Value::Expr(expr) => {
                let way = self.behind(id, kind);
                self.expression(id, *expr, way, out);
            }
            Value::Columns(parts) => {
                for (item, at) in parts {
                    self.item_column(id, *item, at, &[], Way::new(kind, column.position), out);
                }
            }
            Value::Branches(_) | Value::Rows(_) => {}
        }
    }
}

/// Sides of joins that neither add nor drop rows.
struct Silent {
    /// By their beginning.
    sides: Vec<Range<usize>>,
    /// The last end of each and of all before it.
    ends: Vec<usize>,
}

impl Silent {
    fn of(mut sides: Vec<Range<usize>>) -> Self {
        sides.sort_by_key(|side| (side.start, side.end));
        let ends = sides.iter().scan(0, |last, side| {
            *last = side.end.max(*last);
            Some(*last)
        });
        Self { ends: ends.collect(), sides }
    }

    /// Whether a side is one of them.
    fn is(&self, side: &Range<usize>) -> bool {
        self.sides.binary_search_by_key(&(side.start, side.end), |side| (side.start, side.end)).is_ok()
    }

    /// Whether items lie within one of them.
    fn holds(&self, items: &Range<usize>) -> bool {
        let begun = self.sides.partition_point(|side| side.start <= items.start);
        begun.checked_sub(1).is_some_and(|last| items.end <= self.ends[last])
    }
}
