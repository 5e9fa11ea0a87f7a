//! INSERT: rows of a query or of constants, into one table or into several.

use sqlparser::ast::{
    Assignment, BinaryOperator, ConflictTarget, Expr as Ast, Ident, Insert, MultiTableInsertIntoClause,
    MultiTableInsertType, MultiTableInsertValue, ObjectName, OnConflictAction, OnInsert, SqliteOnConflict, TableObject,
};

use super::super::query::item;
use super::super::{Lowering, start};
use super::{Changed, Kept, Rows, returned};
use crate::diagnostic::Position;
use crate::name::{ColumnName, Quoting};
use crate::query::block::{
    Block, BlockKind, FromItem, JoinCondition, JoinKind, Projection, ProjectionKind, Select, Source, Star,
};
use crate::query::tree::{BlockId, Expr, ExprId, LiteralKind, NamedRelation, Symbol};
use crate::query::{Action, Output};

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
        let mut columns = if columns.is_empty() { after } else { columns };
        let block = self.partitioned(insert, block, &mut columns, place);
        let first = self.outputs.len();
        let block = self.meeting(insert, &changed, &columns, block, place);
        let (target, matching) = (changed.relation.clone(), self.notes.matching.clone());
        self.outputs.insert(first, Output { target, columns, matching, block, action });
        let returned = returned(insert.returning.as_ref(), insert.output.as_ref());
        self.give_back(returned, rows, &changed, place, |lowering, select| {
            select.from.extend(lowering.changed_item(&changed, place));
        })
    }

    /// The table that is changed, as an item of its own.
    pub(super) fn changed_item(&mut self, changed: &Changed, position: Position) -> Option<FromItem> {
        let name = changed.relation.clone()?;
        let source = Source::Relation { relation: NamedRelation { name, position }, version: None };
        let mut item = item(source, position);
        item.alias = changed.known_as.first().copied();
        Some(item)
    }

    /// `PARTITION (day = '2024-01-01')`: behind the columns of the query stands a constant. Where other
    /// partitions are found in the query itself, the constant has no place among its columns.
    fn partitioned(
        &mut self,
        insert: &'a Insert,
        block: BlockId,
        columns: &mut Vec<ColumnName>,
        place: Position,
    ) -> BlockId {
        let partitions = insert.partitioned.as_deref().unwrap_or_default();
        let constants: Vec<(&'a Ident, &'a Ast)> = partitions.iter().filter_map(constant).collect();
        if constants.is_empty() || constants.len() < partitions.len() {
            return block;
        }
        let (block, ()) = self.over(place, |lowering, select| {
            select.from.push(item(Source::Block(block), place));
            select.projection.push(Projection { kind: ProjectionKind::Star(Box::default()), position: place });
            for (name, value) in &constants {
                let value = lowering.expr(value);
                let name = lowering.symbol(name);
                select.projection.push(Projection { kind: ProjectionKind::Expr(value, Some(name)), position: place });
            }
            ((), Kept::default())
        });
        if !columns.is_empty() {
            columns.extend(self.names(constants.iter().map(|(name, _)| *name)));
        }
        block
    }

    /// What becomes of rows that meet one with the same key: it is changed, it goes, or they stay out.
    /// The block is that of the rows that come in.
    fn meeting(
        &mut self,
        insert: &'a Insert,
        changed: &Changed,
        columns: &[ColumnName],
        block: BlockId,
        place: Position,
    ) -> BlockId {
        let replaces = insert.replace_into || insert.or == Some(SqliteOnConflict::Replace);
        let mut stays_out = insert.ignore || insert.or == Some(SqliteOnConflict::Ignore);
        let mut keys = None;
        let mut update: Option<(&'a [Assignment], Option<&'a Ast>)> = None;
        match &insert.on {
            Some(OnInsert::DuplicateKeyUpdate(sets)) => update = Some((sets, None)),
            Some(OnInsert::OnConflict(conflict)) => {
                keys = conflict.conflict_target.as_ref();
                match &conflict.action {
                    OnConflictAction::DoNothing => stays_out = true,
                    OnConflictAction::DoUpdate(does) => update = Some((&does.assignments, does.selection.as_ref())),
                }
            }
            Some(_) => self.refuse(),
            None => {}
        }
        if !replaces && !stays_out && update.is_none() {
            return block;
        }
        let Some(table) = self.changed_item(changed, place) else { return block };
        let (proposed, row) = self.proposed_rows(insert, columns, block, place);
        let met = self.met(keys, table.alias, row, place);
        if let Some((sets, selection)) = update {
            self.proposed = Some(row);
            let (block, columns) = self.over(place, |lowering, select| {
                select.from = vec![table.clone(), joined(proposed.clone(), JoinKind::Inner, met)];
                select.selection = selection.map(|selection| lowering.expr(selection));
                let sets: Vec<_> = sets.iter().collect();
                (lowering.assignments(&sets, changed, &mut select.projection), Kept::default())
            });
            self.proposed = None;
            self.set(changed, columns, block);
        }
        if replaces {
            let (block, ()) = self.over(place, |_, select| {
                select.from = vec![table.clone(), joined(proposed.clone(), JoinKind::Inner, met)];
                ((), Kept::default())
            });
            self.output(changed.relation.clone(), Vec::new(), block, Action::Delete);
        }
        if !stays_out {
            return block;
        }
        let (block, ()) = self.over(place, |lowering, select| {
            let star = Star { qualifier: Some(lowering.build.path_of(&[row])), ..Star::default() };
            select.from = vec![proposed, joined(table, JoinKind::Anti, met)];
            select.projection = vec![Projection { kind: ProjectionKind::Star(Box::new(star)), position: place }];
            ((), Kept::default())
        });
        block
    }

    /// The rows that were to be inserted, and what they are called: `excluded` unless they have a name.
    fn proposed_rows(
        &mut self,
        insert: &'a Insert,
        columns: &[ColumnName],
        block: BlockId,
        place: Position,
    ) -> (FromItem, Symbol) {
        let row = insert.insert_alias.as_ref().and_then(|alias| self.last_symbol(&alias.row_alias));
        let row = row.unwrap_or_else(|| self.made_up("excluded", Quoting::Bare));
        let mut proposed = item(Source::Block(block), place);
        proposed.alias = Some(row);
        proposed.columns = columns.iter().map(|column| self.build.symbol(column.clone())).collect();
        if let Some(aliases) = insert.insert_alias.as_ref().and_then(|alias| alias.col_aliases.as_ref()) {
            proposed.columns = self.symbols(aliases);
        }
        (proposed, row)
    }

    /// When a row meets one of the table: their keys are the same, where the statement names them.
    fn met(&mut self, keys: Option<&'a ConflictTarget>, table: Option<Symbol>, row: Symbol, place: Position) -> ExprId {
        let mut equal: Vec<ExprId> = Vec::new();
        if let (Some(ConflictTarget::Columns(keys)), Some(table)) = (keys, table) {
            for key in keys {
                let key = self.symbol(key);
                let sides = [table, row].map(|side| {
                    let path = self.build.path_of(&[side, key]);
                    self.build.expr(Expr::Column(path, place))
                });
                equal.push(self.apply("=", &sides));
            }
        }
        match self.all(equal) {
            Some(equal) => equal,
            None => self.apply("conflict", &[]),
        }
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
            let before: &[&'a Ast] = if first { &failed } else { &[] };
            for clause in &when.into_clauses {
                self.branch_of_insert(clause, before, Some(&when.condition), block, place);
            }
            failed.push(&when.condition);
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
        let mut conditions = self.none_of(failed);
        conditions.extend(condition.map(|condition| self.expr(condition)));
        let mut select = Select { from: vec![item(Source::Block(source), place)], ..Select::default() };
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

/// An item, joined.
fn joined(mut item: FromItem, kind: JoinKind, condition: ExprId) -> FromItem {
    item.join.kind = kind;
    item.join.condition = JoinCondition::On(condition);
    item
}

/// The partition that is written as a constant.
fn constant(partition: &Ast) -> Option<(&Ident, &Ast)> {
    match partition {
        Ast::BinaryOp { left, op: BinaryOperator::Eq, right } => match &**left {
            Ast::Identifier(name) => Some((name, right)),
            _ => None,
        },
        _ => None,
    }
}
