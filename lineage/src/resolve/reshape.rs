//! PIVOT, UNPIVOT and MATCH_RECOGNIZE as FROM items: what their columns are made of.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Binding, Qualifiers, Resolver};
use crate::dependency::Extent;
use crate::dialect::{Clause, Dialect};
use crate::name::{ColumnName, Quoting};
use crate::query::block::{FromItem, MatchRecognize, Pivot, RowsPerMatch, Unpivot};
use crate::query::tree::{Expr, ExprId, Symbol};
use crate::scope::{ColumnAt, Found, Grouping, Item, ItemColumn, ItemSource, Part, Reshaped, ReshapedColumn, Sight};

/// A column under construction: its name, and what it is made of.
type Made = (ColumnName, ReshapedColumn);

impl Resolver<'_> {
    /// Reads the items below; the first of them.
    fn below(&mut self, input: &FromItem) -> usize {
        let first = self.from().items.len();
        self.read_item(input);
        first
    }

    /// The columns of the items from `below` on that pass through unchanged.
    fn passing(&mut self, below: usize, used: &BTreeSet<ColumnName>) -> Vec<Made> {
        let items = self.from().items.iter().enumerate().skip(below);
        let columns = items.filter(|(_, item)| item.sight == Sight::Visible).flat_map(|(index, item)| {
            item.columns.iter().enumerate().map(move |(place, column)| (index, place, column.name.clone()))
        });
        columns
            .filter(|(_, _, name)| !used.contains(name))
            .map(|(index, place, name)| {
                let values = vec![Part::Column(index, ColumnAt::Known(place))];
                (name, ReshapedColumn { values, conditions: Vec::new() })
            })
            .collect()
    }

    fn is_open_from(&mut self, below: usize) -> bool {
        self.from().items[below..].iter().any(|item| item.extent == Extent::Open)
    }

    /// Puts the reshaped item behind those below it, which go out of sight.
    fn reshaped(&mut self, made: Vec<Made>, reshaped: Reshaped, extent: Extent, name: (Option<ColumnName>, &[Symbol])) {
        let below = reshaped.below;
        for item in &mut self.from().items[below..] {
            item.sight = Sight::Gone;
        }
        let (names, columns): (Vec<ColumnName>, Vec<ReshapedColumn>) = made.into_iter().unzip();
        let reshaped = Reshaped { columns, ..reshaped };
        self.effort.spend(names.len());
        let columns = Arc::new(names.into_iter().map(ItemColumn::same).collect());
        let item = Item::new(ItemSource::Reshaped(Box::new(reshaped)), columns, extent);
        self.add(item, name.0, name.1);
    }

    /// The columns of FROM items that an expression names, by their names.
    fn names_in(&self, root: ExprId) -> BTreeSet<ColumnName> {
        let mut names = BTreeSet::new();
        let mut ahead = vec![root];
        while let Some(expr) = ahead.pop() {
            if let Some(Binding::Columns(uses)) = self.bindings.of(expr) {
                for used in uses.iter().filter(|used| used.block == self.scope.block) {
                    match &used.column {
                        ColumnAt::Known(place) => {
                            let column = self.scope.from.items.get(used.item).and_then(|item| item.columns.get(*place));
                            names.extend(column.map(|column| column.name.clone()));
                        }
                        ColumnAt::Named(name) => {
                            names.insert(name.clone());
                        }
                        ColumnAt::All => {}
                    }
                }
            }
            self.tree.add_parts(expr, &mut ahead);
        }
        names
    }

    /// A key that is grouped by: the column itself, where it is one.
    fn key(&self, expr: ExprId) -> Part {
        match self.bindings.of(expr) {
            Some(Binding::Columns(uses)) => match uses.as_slice() {
                [used] if used.block == self.scope.block && used.fields.is_empty() => {
                    Part::Column(used.item, used.column.clone())
                }
                _ => Part::Expr(expr),
            },
            _ => Part::Expr(expr),
        }
    }

    /// PIVOT groups by every column that it does not use, and makes a column of each value and
    /// aggregate: the aggregate, where the pivoted columns have the value.
    pub(super) fn pivot(&mut self, pivot: &Pivot, alias: Option<ColumnName>, columns: &[Symbol]) {
        let below = self.below(&pivot.input);
        let mut used = BTreeSet::new();
        let keys: Vec<ExprId> = self.tree.list(pivot.columns).to_vec();
        for expr in pivot.aggregates.iter().map(|(expr, _)| *expr).chain(keys.iter().copied()) {
            self.bind_expr(expr, Clause::From);
            used.extend(self.names_in(expr));
        }
        for (value, _) in pivot.values.iter().flatten() {
            self.bind_expr(*value, Clause::From);
        }
        let conditions: Vec<Part> = keys.iter().copied().map(Part::Expr).collect();
        let (mut made, except) = match pivot.group_by {
            Some(grouped) => {
                self.bind_list(grouped, Clause::GroupBy);
                let exprs = self.tree.list(grouped).to_vec();
                let column = |expr: ExprId| {
                    let names = self.names_in(expr);
                    let name = names.into_iter().next()?;
                    Some((name, ReshapedColumn { values: vec![self.key(expr)], conditions: Vec::new() }))
                };
                (exprs.into_iter().filter_map(column).collect(), None)
            }
            None => (self.passing(below, &used), self.is_open_from(below).then(|| used.clone())),
        };
        let deciding: Vec<Part> = made.iter().flat_map(|(_, column)| column.values.iter().cloned()).collect();
        let several = pivot.aggregates.len() > 1;
        for (value, name) in pivot.values.iter().flatten() {
            for (aggregate, suffix) in &pivot.aggregates {
                let name = self.pivoted_name(*value, *name, (*aggregate, *suffix), several);
                let mut values = vec![Part::Expr(*aggregate)];
                values.extend(pivot.default.map(Part::Expr));
                made.push((name, ReshapedColumn { values, conditions: conditions.clone() }));
            }
        }
        if let Some(default) = pivot.default {
            self.bind_expr(default, Clause::From);
        }
        let other = pivot.values.is_none().then(|| ReshapedColumn {
            values: pivot.aggregates.iter().map(|(expr, _)| Part::Expr(*expr)).collect(),
            conditions,
        });
        let extent = if other.is_some() || except.is_some() { Extent::Open } else { Extent::Closed };
        let reshaped = Reshaped { below, columns: Vec::new(), deciding, except, other, grouping: Grouping::Grouped };
        self.reshaped(made, reshaped, extent, (alias, columns));
    }

    /// The name of a column that a PIVOT makes.
    fn pivoted_name(
        &self,
        value: ExprId,
        alias: Option<Symbol>,
        (aggregate, suffix): (ExprId, Option<Symbol>),
        several: bool,
    ) -> ColumnName {
        let value = match alias {
            Some(alias) => self.tree.name(alias).as_str().to_owned(),
            None => {
                let constant = match self.tree.expr(value) {
                    Expr::Cast { expr, .. } => self.constant(*expr),
                    _ => self.constant(value),
                };
                let constant = constant.unwrap_or("value");
                // Snowflake keeps the quotes of the text in the name of the column.
                let quoted = matches!(self.tree.expr(value), Expr::Literal(crate::query::tree::LiteralKind::String, _));
                if self.dialect == Dialect::Snowflake && quoted { format!("'{constant}'") } else { constant.to_owned() }
            }
        };
        let suffix = suffix.map(|suffix| self.tree.name(suffix).as_str().to_owned());
        let function = || match self.tree.expr(aggregate) {
            Expr::Call { function, .. } => self.tree.text(*function).to_owned(),
            _ => "value".to_owned(),
        };
        let name = match (self.dialect, suffix) {
            (Dialect::BigQuery, Some(suffix)) => format!("{suffix}_{value}"),
            (_, Some(suffix)) => format!("{value}_{suffix}"),
            (_, None) if several => format!("{value}_{}", function()),
            (_, None) => value,
        };
        let quoting = if alias.is_some() { Quoting::Bare } else { Quoting::Quoted };
        ColumnName::new(self.dialect, &name, quoting)
    }

    /// UNPIVOT makes a row of each column; the values of the columns decide, by NULL, which rows.
    pub(super) fn unpivot(&mut self, unpivot: &Unpivot, alias: Option<ColumnName>, columns: &[Symbol]) {
        let below = self.below(&unpivot.input);
        let mut used = BTreeSet::new();
        let mut values: Vec<Vec<Part>> = vec![Vec::new(); unpivot.values.len().max(1)];
        for (group, label) in &unpivot.columns {
            if let Some(label) = label {
                self.bind_expr(*label, Clause::From);
            }
            for (place, column) in group.iter().enumerate() {
                let name = self.tree.name(*column).clone();
                let end = self.from().items.len();
                let found = match self.from().find_among(below..end, &name) {
                    Found::Columns(found) | Found::Ambiguous(found) | Found::Perhaps(found) => found,
                    Found::Row(_) | Found::Nothing => vec![(below, ColumnAt::Named(name.clone()))],
                };
                let last = values.len() - 1;
                values[place.min(last)].extend(found.into_iter().map(|(item, at)| Part::Column(item, at)));
                used.insert(name);
            }
        }
        let mut made = self.passing(below, &used);
        let except = self.is_open_from(below).then(|| used.clone());
        let deciding: Vec<Part> = values.iter().flatten().cloned().collect();
        made.push((self.tree.name(unpivot.name).clone(), ReshapedColumn::default()));
        for (name, values) in unpivot.values.iter().zip(values) {
            made.push((self.tree.name(*name).clone(), ReshapedColumn { values, conditions: Vec::new() }));
        }
        let extent = if except.is_some() { Extent::Open } else { Extent::Closed };
        let reshaped =
            Reshaped { below, columns: Vec::new(), deciding, except, other: None, grouping: Grouping::Single };
        self.reshaped(made, reshaped, extent, (alias, columns));
    }

    /// MATCH_RECOGNIZE, conservatively: every measure depends on all that decides the matches.
    pub(super) fn match_recognize(&mut self, matching: &MatchRecognize, alias: Option<ColumnName>, columns: &[Symbol]) {
        let below = self.below(&matching.input);
        let before = std::mem::replace(&mut self.scope.qualifiers, Qualifiers::Anything);
        let partition: Vec<ExprId> = self.tree.list(matching.partition_by).to_vec();
        let ordering = matching.order_by.iter().map(|key| key.expr);
        let defining = matching.definitions.iter().map(|(_, expr)| *expr);
        let deciding: Vec<ExprId> = partition.iter().copied().chain(ordering).chain(defining).collect();
        for expr in deciding.iter().copied().chain(matching.measures.iter().map(|(expr, _)| *expr)) {
            self.bind_expr(expr, Clause::From);
        }
        self.scope.qualifiers = before;
        let (mut made, except) = match matching.rows {
            RowsPerMatch::All => {
                let none = BTreeSet::new();
                (self.passing(below, &none), self.is_open_from(below).then_some(none))
            }
            RowsPerMatch::One => {
                let mut columns = Vec::new();
                for expr in &partition {
                    if let Some(name) = self.names_in(*expr).into_iter().next() {
                        let column = ReshapedColumn { values: vec![Part::Expr(*expr)], conditions: Vec::new() };
                        columns.push((name, column));
                    }
                }
                (columns, None)
            }
        };
        let deciding: Vec<Part> = deciding.into_iter().map(Part::Expr).collect();
        for (expr, name) in &matching.measures {
            let column = ReshapedColumn { values: vec![Part::Expr(*expr)], conditions: deciding.clone() };
            made.push((self.tree.name(*name).clone(), column));
        }
        let extent = if except.is_some() { Extent::Open } else { Extent::Closed };
        let reshaped =
            Reshaped { below, columns: Vec::new(), deciding, except, other: None, grouping: Grouping::Grouped };
        self.reshaped(made, reshaped, extent, (alias, columns));
    }
}
