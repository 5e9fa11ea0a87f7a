//! What a statement does with the rows of its queries. Which relation it fills is said as in
//! [`super::super::statement`].

use sqlparser::ast::{CreateView, Ident, Insert, ObjectName, Query, Statement as Ast, TableObject};

use super::super::names::{Named, column, named};
use super::Lowering;
use crate::diagnostic::Position;
use crate::name::{ColumnName, RelationName};
use crate::query::block::Block;
use crate::query::tree::BlockId;
use crate::query::{Action, Output};

impl<'a> Lowering<'a> {
    pub(super) fn statement(&mut self, ast: &'a Ast) {
        match ast {
            Ast::Query(query) => self.bare_query(query),
            Ast::Directory { source, .. } => self.bare_query(source),
            Ast::ExportData(export) => self.bare_query(&export.query),
            Ast::CreateTable(table) => {
                if let Some(query) = &table.query {
                    let block = self.query(query);
                    let columns = self.names(table.columns.iter().map(|column| &column.name));
                    self.fill(&table.name, columns, block, Action::Replace);
                }
            }
            Ast::CreateView(view) => self.view(view),
            Ast::AlterView { name, columns, query, .. } => {
                let block = self.query(query);
                let columns = self.names(columns);
                self.fill(name, columns, block, Action::Replace);
            }
            Ast::Cache { table_name, query: Some(query), .. } => {
                let block = self.query(query);
                self.fill(table_name, Vec::new(), block, Action::Replace);
            }
            Ast::Insert(insert) => self.insert(insert),
            _ => {}
        }
    }

    fn bare_query(&mut self, query: &'a Query) {
        let block = self.query(query);
        let built = std::mem::take(&mut self.built);
        if built.is_empty() {
            self.output(None, Vec::new(), block, Action::Return);
        }
        for target in built {
            self.output(Some(target), Vec::new(), block, Action::Replace);
        }
    }

    fn view(&mut self, view: &'a CreateView) {
        let block = self.query(&view.query);
        let columns = self.names(view.columns.iter().map(|column| &column.name));
        if let Some(to) = &view.to {
            self.fill(to, Vec::new(), block, Action::Append);
        }
        self.fill(&view.name, columns, block, Action::Replace);
    }

    fn insert(&mut self, insert: &'a Insert) {
        let (TableObject::TableName(name), Some(source)) = (&insert.table, &insert.source) else { return };
        let block = self.query(source);
        let columns = insert.columns.iter().filter_map(|name| name.0.last().and_then(|part| part.as_ident()));
        let columns = self.names(columns);
        let action = if insert.overwrite { Action::Replace } else { Action::Append };
        self.fill(name, columns, block, action);
    }

    pub(super) fn names(&self, idents: impl IntoIterator<Item = &'a Ident>) -> Vec<ColumnName> {
        idents.into_iter().map(|ident| column(self.dialect, ident)).collect()
    }

    /// The relation that is filled; one that is known only at run time is nobody's.
    pub(super) fn target(&self, name: &ObjectName) -> Option<RelationName> {
        match named(self.dialect, self.origin, name) {
            Named::Relation(relation, _) => Some(relation),
            Named::Elsewhere | Named::Runtime => None,
        }
    }

    pub(super) fn fill(&mut self, name: &ObjectName, columns: Vec<ColumnName>, block: BlockId, action: Action) {
        let target = self.target(name);
        self.output(target, columns, block, action);
    }

    pub(super) fn output(
        &mut self,
        target: Option<RelationName>,
        columns: Vec<ColumnName>,
        block: BlockId,
        action: Action,
    ) {
        self.outputs.push(Output { target, columns, block, action });
    }

    /// A statement that changes a table in the place of a query; its rows are those of RETURNING.
    pub(super) fn returning(&mut self, statement: &'a Ast) -> BlockId {
        self.statement(statement);
        self.refuse();
        self.build.block(Block::nothing(self.place_of_nothing()))
    }

    const fn place_of_nothing(&self) -> Position {
        self.origin.0
    }
}
