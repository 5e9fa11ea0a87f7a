//! INSERT: rows of a query or of constants, into one table or into several.

use sqlparser::ast::{
    ConflictTarget, Expr as Ast, Insert, MultiTableInsertIntoClause, MultiTableInsertType, MultiTableInsertValue,
    ObjectName, OnConflictAction, OnInsert, TableObject,
};

use super::super::{Lowering, start};
use super::{Changed, Kept, Rows, returned};
use crate::diagnostic::Position;
use crate::name::{ColumnName, Quoting};
use crate::query::Action;
use crate::query::block::{
    Block, BlockKind, FromItem, Join, JoinCondition, JoinKind, Projection, ProjectionKind, Select, Source,
};
use crate::query::tree::{BlockId, Expr, ExprId, LiteralKind, NamedRelation, Symbol};

/// Conditions of INSERT FIRST that a later one still says it lacks.
const MAX_FAILED: usize = 16;

impl<'a> Lowering<'a> {
    pub(in super::super) fn insert(&mut self, insert: &'a Insert, rows: Rows) -> Option<BlockId> {
        let place = self.place_of(insert.insert_token.0.span.start);
        let several = insert.multi_table_insert_type.is_some();
        if several {
            self.insert_into_several(insert, place);
            return None;
        }
        let columns = self.listed(&insert.columns);
        let block = match &insert.source {
            Some(source) => Some(self.query(source)),
            None if !insert.assignments.is_empty() => None,
            None => return None,
        };
        let TableObject::TableName(name) = &insert.table else {
            let block = block?;
            self.output(None, columns, block, Action::Append);
            return None;
        };
        let mut known_as: Vec<Symbol> = Vec::new();
        known_as.extend(insert.table_alias.as_ref().map(|alias| self.symbol(&alias.alias)));
        known_as.extend(self.last_symbol(name));
        let through = self.cte_of(name);
        let relation = match through {
            Some(block) => self.base_of(block),
            None => self.target(name),
        };
        let changed = Changed { relation, through, known_as };
        let (block, columns) = match block {
            Some(block) => (block, columns),
            None => self.over(place, |lowering, select| {
                let sets: Vec<_> = insert.assignments.iter().collect();
                (lowering.assignments(&sets, &changed, &mut select.projection), Kept::default())
            }),
        };
        // What is overwritten is one partition; the others stay.
        let whole = insert.overwrite && insert.partitioned.is_none();
        let action = if whole { Action::Replace } else { Action::Append };
        let after = self.names(&insert.after_columns);
        let columns = if columns.is_empty() { after } else { columns };
        self.output(changed.relation.clone(), columns.clone(), block, action);
        if let Some(output) = self.outputs.last_mut() {
            output.matching = self.notes.matching.clone();
        }
        if let Some(on) = &insert.on {
            self.conflict(insert, on, &changed, &columns, block, place);
        }
        let returned = returned(insert.returning.as_ref(), insert.output.as_ref());
        self.give_back(returned, rows, &changed, place, |lowering, select| {
            select.from.extend(lowering.changed_item(&changed, place));
        })
    }

    /// The table that is changed, as an item of its own.
    pub(super) fn changed_item(&mut self, changed: &Changed, position: Position) -> Option<FromItem> {
        let name = changed.relation.clone()?;
        let source = Source::Relation { relation: NamedRelation { name, position }, version: None };
        let mut item = super::super::query::item(source, position);
        item.alias = changed.known_as.first().copied();
        Some(item)
    }

    /// ON CONFLICT DO UPDATE, ON DUPLICATE KEY UPDATE: the row that was to be inserted is `excluded`.
    fn conflict(
        &mut self,
        insert: &'a Insert,
        on: &'a OnInsert,
        changed: &Changed,
        columns: &[ColumnName],
        block: BlockId,
        place: Position,
    ) {
        let (sets, selection, target) = match on {
            OnInsert::DuplicateKeyUpdate(sets) => (sets, None, None),
            OnInsert::OnConflict(conflict) => match &conflict.action {
                OnConflictAction::DoNothing => return,
                OnConflictAction::DoUpdate(update) => {
                    (&update.assignments, update.selection.as_ref(), conflict.conflict_target.as_ref())
                }
            },
            _ => {
                self.refuse();
                return;
            }
        };
        let row = match &insert.insert_alias {
            Some(alias) => self.last_symbol(&alias.row_alias),
            None => None,
        };
        let row = row.unwrap_or_else(|| self.made_up("excluded", Quoting::Bare));
        let mut names: Vec<Symbol> = columns.iter().map(|column| self.build.symbol(column.clone())).collect();
        if let Some(aliases) = insert.insert_alias.as_ref().and_then(|alias| alias.col_aliases.as_ref()) {
            names = self.symbols(aliases);
        }
        let Some(first) = self.changed_item(changed, place) else { return };
        let table = first.alias;
        let mut proposed = super::super::query::item(Source::Block(block), place);
        proposed.alias = Some(row);
        proposed.columns = names;
        proposed.join = Join { kind: JoinKind::Inner, ..Join::cross() };
        if let (Some(ConflictTarget::Columns(keys)), Some(table)) = (target, table) {
            let mut equal: Vec<ExprId> = Vec::new();
            for key in keys {
                let key = self.symbol(key);
                let sides = [table, row].map(|side| {
                    let path = self.build.path_of(&[side, key]);
                    self.build.expr(Expr::Column(path, place))
                });
                equal.push(self.apply("=", &sides));
            }
            proposed.join.condition = self.all(equal).map_or(JoinCondition::None, JoinCondition::On);
        }
        if proposed.join.condition == JoinCondition::None {
            proposed.join.kind = JoinKind::Cross;
        }
        self.proposed = Some(row);
        let (block, columns) = self.over(place, |lowering, select| {
            select.from = vec![first, proposed];
            select.selection = selection.map(|selection| lowering.expr(selection));
            let sets: Vec<_> = sets.iter().collect();
            (lowering.assignments(&sets, changed, &mut select.projection), Kept::default())
        });
        self.proposed = None;
        self.set(changed, columns, block);
    }

    /// INSERT ALL and INSERT FIRST: each INTO takes its own from the rows of the query.
    fn insert_into_several(&mut self, insert: &'a Insert, place: Position) {
        let Some(source) = &insert.source else { return };
        let block = self.query(source);
        for clause in &insert.multi_table_into_clauses {
            self.branch_of_insert(clause, &[], None, block, place);
        }
        let first = insert.multi_table_insert_type == Some(MultiTableInsertType::First);
        let mut failed: Vec<&'a Ast> = Vec::new();
        for when in &insert.multi_table_when_clauses {
            let before: &[&'a Ast] = if first && failed.len() <= MAX_FAILED { &failed } else { &[] };
            for clause in &when.into_clauses {
                self.branch_of_insert(clause, before, Some(&when.condition), block, place);
            }
            failed.push(&when.condition);
        }
        if failed.len() > MAX_FAILED {
            failed.clear();
        }
        for clause in insert.multi_table_else_clause.iter().flatten() {
            self.branch_of_insert(clause, &failed, None, block, place);
        }
    }

    fn branch_of_insert(
        &mut self,
        clause: &'a MultiTableInsertIntoClause,
        failed: &[&'a Ast],
        condition: Option<&'a Ast>,
        source: BlockId,
        place: Position,
    ) {
        let mut conditions: Vec<ExprId> = Vec::new();
        for condition in failed {
            let condition = self.expr(condition);
            let holds = self.apply("is true", &[condition]);
            conditions.push(self.apply("not", &[holds]));
        }
        conditions.extend(condition.map(|condition| self.expr(condition)));
        let mut select =
            Select { from: vec![super::super::query::item(Source::Block(source), place)], ..Select::default() };
        select.selection = self.all(conditions);
        match &clause.values {
            None => select.projection.push(Projection { kind: ProjectionKind::Star(Box::default()), position: place }),
            Some(values) => {
                for value in &values.values {
                    select.projection.push(self.branch_value(value, place));
                }
            }
        }
        let block = self.build.block(Block::new(BlockKind::Select(Box::new(select)), place));
        let columns = self.names(&clause.columns);
        self.fill(&clause.table_name, columns, block, Action::Append);
    }

    fn branch_value(&mut self, value: &'a MultiTableInsertValue, place: Position) -> Projection {
        match value {
            MultiTableInsertValue::Expr(expr) => {
                let position = start::of_expr(expr).map_or(place, |location| self.place_of(location));
                Projection { kind: ProjectionKind::Expr(self.assigned_value(expr), None), position }
            }
            MultiTableInsertValue::Default => {
                let value = self.literal(LiteralKind::Other, "default");
                Projection { kind: ProjectionKind::Expr(value, None), position: place }
            }
        }
    }

    /// The columns of the target are a list of names.
    pub(super) fn listed(&self, names: &'a [ObjectName]) -> Vec<ColumnName> {
        self.names(names.iter().filter_map(|name| name.0.last().and_then(|part| part.as_ident())))
    }
}
