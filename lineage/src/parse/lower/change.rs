//! Statements that change rows in place: UPDATE and DELETE, as SELECTs over the table that they
//! change and whatever else they name.

use sqlparser::ast::{
    Assignment, AssignmentTarget, Delete, Expr as Ast, FromTable, ObjectName, OrderByExpr, OutputClause, SelectInto,
    SelectItem, TableFactor, TableWithJoins, Update, UpdateTableFromKind,
};

use super::super::names::column;
use super::super::rules::{aliased, changes_first, kept_in, only, other_qualifier};
use super::{Lowering, Scope, start};
use crate::diagnostic::Position;
use crate::dialect::Dialect;
use crate::name::{ColumnName, Quoting, RelationName};
use crate::query::Action;
use crate::query::block::{Block, BlockKind, FromItem, Limit, Projection, ProjectionKind, Select, Source};
use crate::query::tree::{BlockId, Expr, ExprId, List, LiteralKind, SortKey, Symbol};

mod insert;
mod merge;
mod through;

/// Branches of one statement: for each of them what they share is lowered again.
pub(super) const MAX_BRANCHES: usize = 64;

/// Whether somebody reads the rows that a changing statement returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// A CTE around it does.
    Wanted,
    /// They go to the client.
    Unwanted,
}

/// How much of a column is set.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Whole,
    /// One field of a record, by the way to it.
    Field(Vec<Symbol>),
}

/// What a statement returns beside changing rows, and the table that keeps it.
pub(super) type Returned<'a> = Option<(&'a [SelectItem], Option<&'a SelectInto>)>;

/// ORDER BY and LIMIT of MySQL: together they decide which rows change.
#[derive(Default)]
pub(super) struct Kept {
    order_by: Vec<SortKey>,
    limit: Option<Limit>,
}

/// What a statement changes.
#[derive(Debug, Clone)]
pub(super) struct Changed {
    /// The relation; `None` for one that is known only at run time.
    pub(super) relation: Option<RelationName>,
    /// The CTE through which it is changed.
    pub(super) through: Option<BlockId>,
    /// What qualifies its columns.
    pub(super) known_as: Vec<Symbol>,
}

impl<'a> Lowering<'a> {
    pub(super) fn update(&mut self, update: &'a Update, rows: Rows) -> Option<BlockId> {
        let from: &'a [TableWithJoins] = match &update.from {
            Some(UpdateTableFromKind::BeforeSet(from) | UpdateTableFromKind::AfterSet(from)) => from,
            None => &[],
        };
        let TableFactor::Table { name, .. } = &update.table.relation else {
            self.refuse();
            return None;
        };
        let in_from = aliased(name, from).or_else(|| self.same_table(name, from));
        let changed = self.changed(name, in_from, &update.table.relation);
        let place = self.place_of(update.update_token.0.span.start);
        let first = in_from.is_none().then_some(&update.table);
        let own: Vec<&'a Assignment> =
            update.assignments.iter().filter(|set| !self.is_of_another(set, update)).collect();
        if changes_first(update, self.dialect) {
            let (block, columns) = self.over(place, |lowering, select| {
                select.from = lowering.changed_items(first, from);
                select.selection = update.selection.as_ref().map(|selection| lowering.expr(selection));
                let columns = lowering.assignments(&own, &changed, &mut select.projection);
                (columns, lowering.kept(&update.order_by, update.limit.as_ref()))
            });
            self.set(&changed, columns, block);
        }
        self.other_tables(update, from, place);
        let returned = returned(update.returning.as_ref(), update.output.as_ref());
        self.give_back(returned, rows, &changed, place, |lowering, select| {
            select.from = lowering.changed_items(first, from);
            select.selection = update.selection.as_ref().map(|selection| lowering.expr(selection));
        })
    }

    /// A SELECT in a scope of its own; what the statement says beside it is handed on.
    pub(super) fn over<T>(
        &mut self,
        place: Position,
        build: impl FnOnce(&mut Self, &mut Select) -> (T, Kept),
    ) -> (BlockId, T) {
        self.scopes.push(Scope::Items { names: Vec::new(), hidden: 0 });
        let mut select = Select::default();
        let (more, kept) = build(self, &mut select);
        self.scopes.pop();
        let mut block = Block::new(BlockKind::Select(Box::new(select)), place);
        block.order_by = kept.order_by;
        block.limit = kept.limit;
        (self.build.block(block), more)
    }

    /// The table that is changed, if FROM does not hold it, and what FROM holds.
    fn changed_items(&mut self, first: Option<&'a TableWithJoins>, from: &'a [TableWithJoins]) -> Vec<FromItem> {
        let mut items = Vec::new();
        if let Some(first) = first {
            self.join_to(first, &mut items);
        }
        self.more_items(from, &mut items);
        items
    }

    fn kept(&mut self, order_by: &'a [OrderByExpr], limit: Option<&'a Ast>) -> Kept {
        let order_by = order_by.iter().map(|key| self.sort_key(key)).collect();
        let count = limit.map(|limit| self.expr(limit));
        let by = List::default();
        Kept { order_by, limit: count.map(|count| Limit { count: Some(count), offset: None, by, modifiers: None }) }
    }

    /// T-SQL: the table that is changed can stand in FROM without an alias, and is one with it there.
    fn same_table(&self, name: &ObjectName, from: &'a [TableWithJoins]) -> Option<&'a ObjectName> {
        if self.dialect != Dialect::TSql {
            return None;
        }
        let wanted = self.target(name)?;
        let factors = from
            .iter()
            .flat_map(|item| std::iter::once(&item.relation).chain(item.joins.iter().map(|join| &join.relation)));
        factors.into_iter().find_map(|factor| match factor {
            TableFactor::Table { name, alias: None, .. } if self.target(name).as_ref() == Some(&wanted) => Some(name),
            _ => None,
        })
    }

    /// What a name stands for that is changed: the relation in FROM whose alias it is, a CTE, or
    /// itself.
    fn changed(&mut self, name: &'a ObjectName, in_from: Option<&'a ObjectName>, factor: &'a TableFactor) -> Changed {
        let mut known_as: Vec<Symbol> = self.last_symbol(name).into_iter().collect();
        if let TableFactor::Table { alias: Some(alias), .. } = factor {
            known_as.insert(0, self.symbol(&alias.name));
        }
        let name = in_from.unwrap_or(name);
        known_as.extend(self.last_symbol(name));
        let through = self.cte_of(name);
        let relation = match (through, only(factor, self.dialect)) {
            (Some(block), _) => self.base_of(block),
            (None, Some(behind)) => self.target(&behind),
            (None, None) => self.target(name),
        };
        if through.is_some() && relation.is_none() {
            self.refuse();
        }
        Changed { relation, through, known_as }
    }

    /// SET: what is projected, and the columns that it goes to.
    pub(super) fn assignments(
        &mut self,
        assignments: &[&'a Assignment],
        changed: &Changed,
        projection: &mut Vec<Projection>,
    ) -> Vec<ColumnName> {
        let mut columns = Vec::new();
        for assignment in assignments {
            match &assignment.target {
                AssignmentTarget::ColumnName(name) => {
                    let Some((target, part)) = self.assigned(name, changed) else { continue };
                    let mut value = self.assigned_value(&assignment.value);
                    if let Part::Field(fields) = part {
                        // The other fields of the record stay.
                        let path = self.build.path_of(&[target]);
                        let place = start::of_name(name).map_or(self.origin.0, |place| self.place_of(place));
                        let mut parts = vec![self.build.expr(Expr::Column(path, place))];
                        for field in fields {
                            let field = self.build.tree().name(field).as_str().to_owned();
                            parts.push(self.literal(LiteralKind::String, &field));
                        }
                        parts.push(value);
                        value = self.apply("with field", &parts);
                    }
                    let position = self.position_of_expr(&assignment.value, name);
                    columns.push(self.build.tree().name(target).clone());
                    projection.push(Projection { kind: ProjectionKind::Expr(value, Some(target)), position });
                }
                AssignmentTarget::Tuple(names) => {
                    self.assigned_tuple(names, &assignment.value, projection, &mut columns);
                }
            }
        }
        columns
    }

    /// `(a, b) = (1, 2)`, `(a, b) = (SELECT …)`.
    fn assigned_tuple(
        &mut self,
        names: &'a [ObjectName],
        value: &'a Ast,
        projection: &mut Vec<Projection>,
        columns: &mut Vec<ColumnName>,
    ) {
        let symbols: Vec<Symbol> = names.iter().filter_map(|name| self.last_symbol(name)).collect();
        let Some(first) = names.first() else { return };
        let position = self.position_of_expr(value, first);
        columns.extend(symbols.iter().map(|symbol| self.build.tree().name(*symbol).clone()));
        match value {
            Ast::Tuple(values) if values.len() == symbols.len() => {
                for (value, symbol) in values.iter().zip(symbols) {
                    let value = self.assigned_value(value);
                    projection.push(Projection { kind: ProjectionKind::Expr(value, Some(symbol)), position });
                }
            }
            _ => {
                let value = self.expr(value);
                projection.push(Projection { kind: ProjectionKind::Several(value, symbols), position });
            }
        }
    }

    fn position_of_expr(&self, expr: &Ast, otherwise: &ObjectName) -> Position {
        let place = start::of_expr(expr).or_else(|| start::of_name(otherwise));
        place.map_or(self.origin.0, |place| self.place_of(place))
    }

    /// The column that a name in SET means, and how much of it is set.
    fn assigned(&mut self, name: &'a ObjectName, changed: &Changed) -> Option<(Symbol, Part)> {
        let parts = self.symbols(name.0.iter().filter_map(|part| part.as_ident()));
        let of = |column: Symbol, fields: &[Symbol]| {
            let part = if fields.is_empty() { Part::Whole } else { Part::Field(fields.to_vec()) };
            Some((column, part))
        };
        let has_records =
            matches!(self.dialect, Dialect::BigQuery | Dialect::Databricks | Dialect::DuckDb | Dialect::Postgres);
        match parts.as_slice() {
            [] => None,
            [only] => of(*only, &[]),
            [.., before, last] if !has_records || (parts.len() > 2 && changed.known_as.contains(before)) => {
                of(*last, &[])
            }
            [first, column, fields @ ..] if changed.known_as.contains(first) => of(*column, fields),
            [column, fields @ ..] => of(*column, fields),
        }
    }

    /// The value in SET or VALUES; DEFAULT is a word there.
    pub(super) fn assigned_value(&mut self, value: &'a Ast) -> ExprId {
        match value {
            Ast::Identifier(ident) if ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("default") => {
                self.literal(LiteralKind::Other, "default")
            }
            _ => self.expr(value),
        }
    }

    /// An UPDATE of some columns.
    pub(super) fn set(&mut self, changed: &Changed, columns: Vec<ColumnName>, block: BlockId) {
        let columns = match changed.through {
            Some(cte) => columns.into_iter().map(|column| self.base_column(cte, &column)).collect(),
            None => Some(columns),
        };
        match columns {
            Some(columns) => self.output(changed.relation.clone(), columns, block, Action::Update),
            None => self.refuse(),
        }
    }

    /// Whether an assignment of MySQL changes another table of the join than the first.
    fn is_of_another(&self, assignment: &Assignment, update: &Update) -> bool {
        other_qualifier(assignment, update, self.dialect).is_some()
    }

    /// MySQL: the other tables that `UPDATE a JOIN b SET a.x = 1, b.y = 2` changes.
    fn other_tables(&mut self, update: &'a Update, from: &'a [TableWithJoins], place: Position) {
        let mut names: Vec<&'a ObjectName> = Vec::new();
        for assignment in &update.assignments {
            if let Some(name) = other_qualifier(assignment, update, self.dialect)
                && !names.iter().any(|known| std::ptr::eq(*known, name))
            {
                names.push(name);
            }
        }
        if names.len() > MAX_BRANCHES {
            self.refuse();
            return;
        }
        for name in names {
            let sets = update.assignments.iter();
            let own: Vec<&'a Assignment> = sets
                .filter(|set| other_qualifier(set, update, self.dialect).is_some_and(|other| std::ptr::eq(other, name)))
                .collect();
            let changed = self.changed(name, None, &update.table.relation);
            let (block, columns) = self.over(place, |lowering, select| {
                select.from = lowering.changed_items(Some(&update.table), from);
                select.selection = update.selection.as_ref().map(|selection| lowering.expr(selection));
                (lowering.assignments(&own, &changed, &mut select.projection), Kept::default())
            });
            self.set(&changed, columns, block);
        }
    }

    pub(super) fn delete(&mut self, delete: &'a Delete, rows: Rows) -> Option<BlockId> {
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        let using = delete.using.as_deref().unwrap_or_default();
        let place = self.place_of(delete.delete_token.0.span.start);
        let mut changed: Vec<Changed> = Vec::new();
        // The items of FROM that only name what USING holds.
        let mut named: Vec<usize> = Vec::new();
        if delete.tables.is_empty() {
            for (index, table) in from.iter().enumerate() {
                let TableFactor::Table { name, .. } = &table.relation else {
                    self.refuse();
                    return None;
                };
                let in_using = aliased(name, using);
                if in_using.is_some() {
                    named.push(index);
                }
                changed.push(self.changed(name, in_using, &table.relation));
            }
        }
        for name in &delete.tables {
            let Some(first) = from.first() else { continue };
            let in_from = aliased(name, from);
            changed.push(self.changed(name, in_from, &first.relation));
        }
        let build = |lowering: &mut Self, select: &mut Select| {
            for (index, table) in from.iter().enumerate() {
                if !named.contains(&index) {
                    lowering.more_items(std::slice::from_ref(table), &mut select.from);
                }
            }
            lowering.more_items(using, &mut select.from);
            select.selection = delete.selection.as_ref().map(|selection| lowering.expr(selection));
        };
        let (block, ()) = self.over(place, |lowering, select| {
            build(lowering, select);
            ((), lowering.kept(&delete.order_by, delete.limit.as_ref()))
        });
        for target in &changed {
            self.output(target.relation.clone(), Vec::new(), block, Action::Delete);
        }
        let returned = returned(delete.returning.as_ref(), delete.output.as_ref());
        self.give_back(returned, rows, changed.first()?, place, build)
    }

    /// That none of some conditions holds: what an earlier branch takes, a later one does not see.
    pub(super) fn none_of(&mut self, conditions: &[&'a Ast]) -> Vec<ExprId> {
        if conditions.len() > MAX_BRANCHES {
            // Each would be lowered again for every branch behind it.
            self.refuse();
            return Vec::new();
        }
        let mut failed = Vec::with_capacity(conditions.len());
        for condition in conditions {
            let condition = self.expr(condition);
            let holds = self.apply("is true", &[condition]);
            failed.push(self.apply("not", &[holds]));
        }
        failed
    }

    /// What a statement returns, over the rows that it changes.
    pub(super) fn give_back(
        &mut self,
        returned: Returned<'a>,
        rows: Rows,
        changed: &Changed,
        place: Position,
        from: impl FnOnce(&mut Self, &mut Select),
    ) -> Option<BlockId> {
        let (items, into) = returned?;
        if into.is_none() && rows == Rows::Unwanted {
            return None;
        }
        let (block, ()) = self.over(place, |lowering, select| {
            from(lowering, select);
            // T-SQL calls the rows before and after by names of their own.
            if let Some(target) = changed.known_as.first() {
                let depth = lowering.depth();
                for name in ["inserted", "deleted"] {
                    let name = lowering.made_up(name, Quoting::Bare);
                    lowering.renamed.push((name, *target, depth));
                }
            }
            select.projection = lowering.projections(items, place);
            lowering.renamed.clear();
            ((), Kept::default())
        });
        match into.map(kept_in) {
            Some(Some((name, columns))) => {
                let target = self.target(&name);
                let columns = columns.into_iter().map(|name| column(self.dialect, name)).collect();
                self.output(target, columns, block, Action::Append);
            }
            Some(None) => self.refuse(),
            None => {}
        }
        Some(block)
    }

    /// An item of a FROM that several blocks share: a relation or a block, nothing with expressions.
    pub(super) fn shared(&mut self, item: FromItem) -> FromItem {
        if matches!(item.source, Source::Relation { .. } | Source::Block(_)) {
            return item;
        }
        let position = item.position;
        let (alias, columns) = (item.alias, item.columns.clone());
        let block = self.all_of_item(item);
        let mut shared = super::query::item(Source::Block(block), position);
        shared.alias = alias;
        shared.columns = columns;
        shared
    }
}

/// What RETURNING or OUTPUT asks for.
pub(super) fn returned<'a>(returning: Option<&'a Vec<SelectItem>>, output: Option<&'a OutputClause>) -> Returned<'a> {
    match output {
        Some(OutputClause::Output { select_items, into_table, .. }) => Some((select_items, into_table.as_ref())),
        Some(OutputClause::Returning { select_items, .. }) => Some((select_items, None)),
        None => returning.map(|items| (items.as_slice(), None)),
    }
}
