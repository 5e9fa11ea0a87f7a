//! Variables that are made of what queries read: where they are set, and where they are used.

use sqlparser::ast::{Expr as Ast, Ident, ObjectName, Query, SelectItem, SetExpr};

use super::super::rules::into_builds;
use super::super::variables;
use super::Lowering;
use super::change::Kept;
use super::query::item;
use crate::diagnostic::Position;
use crate::dialect::Dialect;
use crate::name::{ColumnName, Quoting};
use crate::query::Action;
use crate::query::block::{Block, BlockKind, FromItem, Projection, ProjectionKind, Select, Source, Star};
use crate::query::tree::{BlockId, Expr, ExprId, NamedRelation, SubqueryKind, Symbol};

impl<'a> Lowering<'a> {
    /// The value of a variable, if it is one that is made of what queries read.
    pub(super) fn variable(&mut self, name: &str, position: Position) -> Option<ExprId> {
        let key = variables::key(name).filter(|key| self.variables.known.contains(key))?;
        let column = self.build.symbol(variables::column(self.dialect, &key));
        let name = variables::relation(self.dialect, &key);
        let source = Source::Relation { relation: NamedRelation { name, position }, version: None };
        let block = self.column_of(item(source, position), column, position);
        Some(self.subquery(SubqueryKind::Scalar, None, block))
    }

    /// What a name means that may be a column or a variable; which one it is only the columns can tell.
    pub(super) fn column_or_variable(&mut self, ident: &'a Ident, column: ExprId) -> ExprId {
        let may_be = variables::look_like_columns(self.dialect) && ident.quote_style.is_none();
        if self.variables.known.is_empty() || !may_be {
            return column;
        }
        let position = self.place_of(ident.span.start);
        match self.variable(&ident.value, position) {
            Some(variable) => self.apply("variable", &[column, variable]),
            None => column,
        }
    }

    /// A dotted name, which may be a field of a loop's record.
    pub(super) fn compound_or_field(&mut self, idents: &'a [Ident]) -> ExprId {
        let column = self.compound(idents);
        let [record, field, inner @ ..] = idents else { return column };
        if record.quote_style.is_some() {
            return column;
        }
        let Some(key) = variables::key(&record.value).filter(|key| self.variables.records.contains(key)) else {
            return column;
        };
        let position = self.place_of(record.span.start);
        let field = self.symbol(field);
        let table = self.record_item(&key, position);
        let block = self.column_of(table, field, position);
        let mut value = self.subquery(SubqueryKind::Scalar, None, block);
        for field in inner {
            let field = self.symbol(field);
            value = self.build.expr(Expr::Field(value, field));
        }
        self.apply("variable", &[column, value])
    }

    /// The key of the record that a name before `.*` is.
    pub(super) fn record_of(&self, name: &ObjectName) -> Option<String> {
        let [part] = name.0.as_slice() else { return None };
        let ident = part.as_ident().filter(|ident| ident.quote_style.is_none())?;
        variables::key(&ident.value).filter(|key| self.variables.records.contains(key))
    }

    /// `r.*` among values: all columns of a record.
    pub(super) fn whole_record(&mut self, name: &'a ObjectName) -> ExprId {
        let place = self.origin.0;
        let key = self.record_of(name).unwrap_or_default();
        let table = self.record_item(&key, place);
        let block = self.all_of_item(table);
        self.subquery(SubqueryKind::Array, None, block)
    }

    fn record_item(&self, key: &str, position: Position) -> FromItem {
        let name = variables::relation(self.dialect, key);
        item(Source::Relation { relation: NamedRelation { name, position }, version: None }, position)
    }

    /// What a statement fills inside loops it fills once for each of their rows: `SELECT rows.* FROM rows, @r`.
    pub(super) fn repeat_in_loops(&mut self) {
        let loops = self.variables.loops;
        let place = self.origin.0;
        for index in 0..self.outputs.len() {
            if self.outputs[index].target.is_none() || self.variables.looped.is_some() {
                continue;
            }
            for record in loops.iter().flatten() {
                let own = self.build.symbol(ColumnName::new(self.dialect, "@rows", Quoting::Quoted));
                let mut rows = item(Source::Block(self.outputs[index].block), place);
                rows.alias = Some(own);
                let table = self.record_item(record, place);
                let qualifier = Some(self.build.path_of(&[own]));
                let kind = ProjectionKind::Star(Box::new(Star { qualifier, ..Star::default() }));
                let projection = vec![Projection { kind, position: place }];
                let select = Select { from: vec![rows, table], projection, ..Select::default() };
                let block = self.build.block(Block::new(BlockKind::Select(Box::new(select)), place));
                self.outputs[index].block = block;
            }
        }
    }

    /// The name that a projected variable gives its column, which would be lost in the value.
    pub(super) fn name_of_variable(&mut self, expr: &'a Ast) -> Option<Symbol> {
        match expr {
            Ast::Identifier(ident) if !ident.value.starts_with('@') => {
                let key = variables::key(&ident.value)?;
                (self.variables.known.contains(&key)).then(|| self.symbol(ident))
            }
            _ => None,
        }
    }

    /// `SELECT column FROM item`.
    fn column_of(&mut self, mut item: FromItem, column: Symbol, position: Position) -> BlockId {
        // By a name that no other item has, so that no table around it is asked for the column.
        let qualifier = self.build.symbol(ColumnName::new(self.dialect, "@", Quoting::Quoted));
        item.alias = Some(qualifier);
        let path = self.build.path_of(&[qualifier, column]);
        let value = self.build.expr(Expr::Column(path, position));
        let projection = vec![Projection { kind: ProjectionKind::Expr(value, Some(column)), position }];
        let select = Select { from: vec![item], projection, ..Select::default() };
        self.build.block(Block::new(BlockKind::Select(Box::new(select)), position))
    }

    /// Variables that are set to values. One that holds a constant matters only if it holds something else
    /// at another time.
    pub(super) fn set_variables(&mut self, values: impl IntoIterator<Item = (Option<String>, &'a Ast)>) {
        let place = self.origin.0;
        for (name, value) in values {
            let key = name.as_deref().and_then(variables::key);
            let blocks = self.build.tree().block_count();
            let column = key.as_deref().map(|key| self.build.symbol(variables::column(self.dialect, key)));
            let (block, ()) = self.over(place, |lowering, select| {
                let value = lowering.expr(value);
                select.projection.push(Projection { kind: ProjectionKind::Expr(value, column), position: place });
                ((), Kept::default())
            });
            // Without a query among the values there is nothing to say.
            let depends = self.build.tree().block_count() > blocks + 1;
            match key {
                Some(key) if depends || self.variables.known.contains(&key) => {
                    let target = variables::relation(self.dialect, &key);
                    self.output(Some(target), Vec::new(), block, Action::Replace);
                }
                None if depends => self.output(None, Vec::new(), block, Action::Return),
                Some(_) | None => {}
            }
        }
    }

    /// The variables that the rows of a query are put in, in the order of its columns: `SELECT @x = …` of
    /// T-SQL, `SELECT … INTO x`, or the one that the text assigns the query to.
    pub(super) fn filled_by(&self, query: &Query) -> Vec<String> {
        if let Some(assigned) = self.variables.assigned {
            return vec![assigned.to_owned()];
        }
        let SetExpr::Select(select) = &*query.body else { return Vec::new() };
        let assigned = |item: &SelectItem| match item {
            SelectItem::ExprWithAlias { alias, .. } if alias.value.starts_with('@') => variables::key(&alias.value),
            _ => None,
        };
        if self.dialect == Dialect::TSql {
            return select.projection.iter().map(assigned).collect::<Option<_>>().unwrap_or_default();
        }
        let Some(into) = &select.into else { return Vec::new() };
        let target = |target: &Ast| match target {
            Ast::Identifier(ident) => variables::key(&ident.value),
            Ast::Value(value) => variables::key(&value.to_string()),
            _ => None,
        };
        let builds = into_builds(self.dialect, self.place);
        let targets = into.targets.iter().filter(|_| !builds).map(target);
        targets.collect::<Option<_>>().unwrap_or_default()
    }

    /// Puts the columns of a block into variables. Without a row they keep what they held.
    pub(super) fn put_into(&mut self, names: &[String], block: BlockId) {
        let place = self.origin.0;
        let columns: Vec<Symbol> =
            names.iter().map(|key| self.build.symbol(variables::column(self.dialect, key))).collect();
        for (name, column) in names.iter().zip(&columns) {
            let mut from = item(Source::Block(block), place);
            from.columns.clone_from(&columns);
            let value = self.column_of(from, *column, place);
            let target = variables::relation(self.dialect, name);
            self.output(Some(target), Vec::new(), value, Action::Append);
        }
    }
}
