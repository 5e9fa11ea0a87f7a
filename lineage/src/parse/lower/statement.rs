//! What a statement does with the rows of its queries. Which relation it fills is said as in
//! [`super::super::statement`].

use sqlparser::ast::{
    AlterTable, AlterTableOperation, CopyIntoSnowflakeKind, CopySource, CreateTable, CreateView, DeclareAssignment,
    Ident, ObjectName, Query, RenameTableNameKind, ReturnStatement, ReturnStatementValue, Set, SetExpr,
    Statement as Ast,
};

use super::super::names::{Named, column, named};
use super::super::rules::renamed;
use super::super::variables;
use super::Lowering;
use super::change::Rows;
use crate::name::{ColumnName, RelationName};
use crate::query::block::{Block, Matching};
use crate::query::tree::BlockId;
use crate::query::{Action, Output};

impl<'a> Lowering<'a> {
    pub(super) fn statement(&mut self, ast: &'a Ast) {
        match ast {
            Ast::Query(query) => self.bare_query(query),
            Ast::Directory { source, .. } => self.bare_query(source),
            Ast::ExportData(export) => self.bare_query(&export.query),
            Ast::CreateTable(table) => self.create_table(table),
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
            Ast::Insert(insert) => drop(self.insert(insert, Rows::Unwanted)),
            Ast::Update(update) => drop(self.update(update, Rows::Unwanted)),
            Ast::Delete(delete) => drop(self.delete(delete, Rows::Unwanted)),
            Ast::Merge(merge) => drop(self.merge(merge, Rows::Unwanted)),
            Ast::Prepare { statement, .. } => self.statement(statement),
            _ => self.copying(ast),
        }
    }

    /// Statements that hand on whole relations, or have a query in their middle.
    fn copying(&mut self, ast: &'a Ast) {
        match ast {
            Ast::AlterTable(alter) => self.alter_table(alter),
            Ast::RenameTable(renames) => {
                for rename in renames {
                    self.replaced_by(&rename.new_name, &rename.old_name);
                }
            }
            Ast::CopyIntoSnowflake { kind, into, into_columns, from_query, from_obj, from_transformations, .. } => {
                let block = match (from_query, from_transformations, from_obj) {
                    (Some(query), _, _) => Some(self.query(query)),
                    // The columns of a file are nobody's.
                    (None, Some(_), _) | (None, None, None) => None,
                    (None, None, Some(name)) => self.rows_of_name(name),
                };
                let Some(block) = block else { return };
                match kind {
                    CopyIntoSnowflakeKind::Location => self.output(None, Vec::new(), block, Action::Return),
                    CopyIntoSnowflakeKind::Table => {
                        let columns = self.names(into_columns.iter().flatten());
                        self.fill(into, columns, block, Action::Append);
                    }
                }
            }
            Ast::Set(Set::SingleAssignment { variable, values, .. }) => {
                let name = values.len() == 1;
                self.set_variables(values.iter().map(|value| (name.then(|| variable.to_string()), value)));
            }
            Ast::Set(Set::ParenthesizedAssignments { variables, values }) => {
                let same = variables.len() == values.len();
                let name = |place: usize| variables.get(place).filter(|_| same).map(ToString::to_string);
                self.set_variables(values.iter().enumerate().map(|(place, value)| (name(place), value)));
            }
            Ast::Set(Set::MultipleAssignments { assignments }) => {
                let sets = assignments.iter().map(|set| (Some(set.name.to_string()), &set.value));
                self.set_variables(sets);
            }
            Ast::Declare { stmts } => {
                for declared in stmts {
                    let value = match &declared.assignment {
                        Some(
                            DeclareAssignment::Expr(value)
                            | DeclareAssignment::Default(value)
                            | DeclareAssignment::DuckAssignment(value)
                            | DeclareAssignment::For(value)
                            | DeclareAssignment::MsSqlAssignment(value),
                        ) => &**value,
                        None => continue,
                    };
                    self.set_variables(declared.names.iter().map(|name| (Some(name.value.clone()), value)));
                }
                for query in stmts.iter().filter_map(|declared| declared.for_query.as_deref()) {
                    self.bare_query(query);
                }
            }
            Ast::Return(ReturnStatement { value: Some(ReturnStatementValue::Expr(value)) }) => {
                self.set_variables([(None, value)]);
            }
            Ast::Copy { source: CopySource::Query(query), .. } | Ast::Unload { query: Some(query), .. } => {
                self.bare_query(query);
            }
            Ast::Copy { source: CopySource::Table { table_name, .. }, to: true, .. } => {
                if let Some(block) = self.rows_of_name(table_name) {
                    self.output(None, Vec::new(), block, Action::Return);
                }
            }
            _ => {}
        }
    }

    fn alter_table(&mut self, alter: &'a AlterTable) {
        for operation in &alter.operations {
            match operation {
                AlterTableOperation::RenameTable {
                    table_name: RenameTableNameKind::As(new) | RenameTableNameKind::To(new),
                } => self.replaced_by(&renamed(&alter.name, new), &alter.name),
                AlterTableOperation::SwapWith { table_name } => {
                    self.replaced_by(table_name, &alter.name);
                    self.replaced_by(&alter.name, table_name);
                }
                _ => {}
            }
        }
    }

    /// The rows of one relation, all of them, become those of another.
    fn replaced_by(&mut self, new: &ObjectName, old: &ObjectName) {
        if let Some(block) = self.rows_of_name(old) {
            self.fill(new, Vec::new(), block, Action::Replace);
        }
    }

    fn rows_of_name(&mut self, name: &ObjectName) -> Option<BlockId> {
        match named(self.dialect, self.origin, name) {
            Named::Relation(relation, position) => Some(self.rows_of((relation, position))),
            Named::Elsewhere | Named::Runtime => None,
        }
    }

    fn bare_query(&mut self, query: &'a Query) {
        let block = self.query(query);
        if let Some(record) = self.variables.looped {
            let target = variables::relation(self.dialect, record);
            self.output(Some(target), Vec::new(), block, Action::Replace);
            return;
        }
        let built = std::mem::take(&mut self.built);
        let variables = self.filled_by(query);
        if !variables.is_empty() {
            self.put_into(&variables, block);
        } else if built.is_empty() && !only_changes(query) {
            self.output(None, Vec::new(), block, Action::Return);
        }
        for target in built {
            self.output(Some(target), Vec::new(), block, Action::Replace);
        }
    }

    fn create_table(&mut self, table: &'a CreateTable) {
        if let Some(original) = &table.clone {
            let source = self.relation(original);
            let source = match &table.version {
                Some(version) => self.versioned(source, version),
                None => source,
            };
            let block = self.all_of(source, self.origin.0);
            self.fill(&table.name, Vec::new(), block, Action::Replace);
        } else if let Some(query) = &table.query {
            let block = self.query(query);
            let columns = self.names(table.columns.iter().map(|column| &column.name));
            self.fill(&table.name, columns, block, Action::Replace);
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

    pub(super) fn names(&self, idents: impl IntoIterator<Item = &'a Ident>) -> Vec<ColumnName> {
        idents.into_iter().map(|ident| column(self.dialect, ident)).collect()
    }

    /// The relation that is filled; `None` for one that is known only at run time.
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
        self.outputs.push(Output { target, columns, matching: Matching::Position, block, action });
    }

    /// A statement that changes a table in the place of a query; its rows are those of RETURNING.
    pub(super) fn returning(&mut self, statement: &'a Ast) -> BlockId {
        let block = match statement {
            Ast::Insert(insert) => self.insert(insert, Rows::Wanted),
            Ast::Update(update) => self.update(update, Rows::Wanted),
            Ast::Delete(delete) => self.delete(delete, Rows::Wanted),
            Ast::Merge(merge) => self.merge(merge, Rows::Wanted),
            _ => {
                self.refuse();
                None
            }
        };
        block.unwrap_or_else(|| self.build.block(Block::nothing(self.origin.0)))
    }
}

/// Whether a query is a changing statement behind its WITH, whose rows only go to the client.
fn only_changes(query: &Query) -> bool {
    matches!(&*query.body, SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_))
}
