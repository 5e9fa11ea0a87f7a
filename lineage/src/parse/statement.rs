//! What a parsed statement does: its kind and its targets.

use std::sync::Arc;

use sqlparser::ast::{
    AlterTable, AlterTableOperation, CopyIntoSnowflakeKind, CopySource, CreateTable, CreateTableLikeKind, DataType,
    FunctionReturnType, MacroDefinition, ObjectName, ObjectType, RenameTableNameKind, Statement as Ast,
};

use super::alter;
use super::extract::{Found, Place, extract};
use super::lower::lower;
use super::names::{Named, Origin, literal, named};
use super::rewrite::Notes;
use super::rules::{is_temporary, renamed};
use super::schema;
use super::variables::{self, Variables};
use crate::dialect::Dialect;
use crate::name::RelationName;
use crate::query::block::{BlockKind, Source};
use crate::query::{Action, Lifetime, Output, Queries, Read, ReadRole, Returns, Statement, StatementKind, TableSchema};

/// Why the reads of dynamic SQL are not known.
pub(super) const DYNAMIC: &str = "runs text that is built at run time";

/// A text inside a statement that is SQL itself.
#[derive(Debug, Default)]
pub(super) struct Nested(pub(super) Vec<String>);

struct Describer {
    dialect: Dialect,
    origin: Origin,
    found: Found,
    targets: Vec<RelationName>,
    nested: Nested,
}

/// What a parsed statement does, and the SQL texts inside it.
pub(super) fn describe(
    ast: &Ast,
    dialect: Dialect,
    origin: Origin,
    place: Place,
    notes: &Notes,
    variables: Variables<'_>,
) -> (Statement, Nested) {
    let found = match ast {
        // Explaining a query reads nothing.
        Ast::Explain { .. } => Found::default(),
        _ => extract(ast, dialect, origin, place),
    };
    let queries = match ast {
        Ast::Explain { .. } => None,
        _ => lower(ast, dialect, origin, place, notes, variables).map(|mut queries| {
            // One call that has no place in the tree could be of any routine that has one.
            if queries.tree.calls().count() < found.calls {
                queries.tree.forget_calls();
            }
            Arc::new(queries)
        }),
    };
    let mut describer = Describer { dialect, origin, found, targets: Vec::new(), nested: Nested::default() };
    let kind = describer.kind(ast);
    let (mut statement, nested) = describer.finish(kind);
    if let Some(queries) = &queries {
        filled_beside(&mut statement, queries);
        let sets = |output: &Output| output.target.as_ref().is_some_and(variables::is_variable);
        if matches!(statement.kind, StatementKind::Query | StatementKind::Other) && queries.outputs.iter().all(sets) {
            statement.kind = StatementKind::Build(Lifetime::Temporary);
        }
        read_variables(&mut statement, queries);
    }
    statement.queries = queries;
    (statement, nested)
}

/// Adds the relations that a statement fills beside the one that it is about: the other tables of a
/// join that MySQL updates, the table that OUTPUT goes to.
fn filled_beside(statement: &mut Statement, queries: &Queries) {
    for output in &queries.outputs {
        let Some(target) = &output.target else { continue };
        if statement.targets.contains(target) {
            continue;
        }
        statement.targets.push(target.clone());
        if statement.kind == StatementKind::Empty && output.action != Action::Delete {
            statement.kind = StatementKind::Fill;
        }
    }
}

/// Adds the variables that the queries of a statement mention to what it reads.
fn read_variables(statement: &mut Statement, queries: &Queries) {
    let items = queries.tree.blocks().flat_map(|(_, block)| match &block.kind {
        BlockKind::Select(select) => select.from.as_slice(),
        BlockKind::SetOperation(_) | BlockKind::Values(_) => &[],
    });
    for item in items {
        if let Source::Relation { relation, .. } = &item.source
            && variables::is_variable(&relation.name)
            && !statement.reads.iter().any(|read| read.name == relation.name)
        {
            let (name, position) = (relation.name.clone(), relation.position);
            statement.reads.push(Read { name, role: ReadRole::Table, position });
        }
    }
    statement.reads.sort();
}

impl Describer {
    fn finish(mut self, mut kind: StatementKind) -> (Statement, Nested) {
        let mut targets = std::mem::take(&mut self.targets);
        for name in std::mem::take(&mut self.found.changed) {
            if !targets.contains(&name) {
                targets.push(name);
            }
        }
        for (name, lifetime) in std::mem::take(&mut self.found.built) {
            if kind == StatementKind::Query {
                kind = StatementKind::Build(lifetime);
            }
            targets.push(name);
        }
        if kind == StatementKind::Query && !targets.is_empty() {
            kind = StatementKind::Fill;
        }
        let reads = self.found.reads.into_vec();
        if self.found.through_cte {
            targets.extend(reads.iter().filter(|read| read.role == ReadRole::Table).map(|read| read.name.clone()));
            kind = StatementKind::Fill;
        }
        // A variable set from a query carries what it read into later statements.
        if kind == StatementKind::Other && reads.iter().any(|read| read.role == ReadRole::Table) {
            kind = if targets.is_empty() { StatementKind::Query } else { StatementKind::Fill };
        }
        let statement = Statement {
            kind,
            targets,
            reads,
            position: self.origin.0,
            incomplete: self.found.incomplete.map(str::to_owned),
            queries: None,
        };
        (statement, self.nested)
    }

    fn relation(&mut self, name: &ObjectName) -> Option<RelationName> {
        match named(self.dialect, self.origin, name) {
            Named::Relation(relation, _) => Some(relation),
            Named::Elsewhere => None,
            Named::Runtime => {
                self.found.incomplete = Some("a relation is named by an expression that is known only at run time");
                None
            }
        }
    }

    fn target(&mut self, name: &ObjectName) {
        let relation = self.relation(name);
        self.targets.extend(relation);
    }

    fn read(&mut self, name: &ObjectName, role: ReadRole) {
        if let Named::Relation(relation, position) = named(self.dialect, self.origin, name) {
            self.found.reads.add(relation, role, position);
        }
    }

    fn lifetime(&self, temporary: bool) -> Lifetime {
        let named_so = self.targets.first().is_some_and(|name| is_temporary(self.dialect, name));
        if temporary || named_so { Lifetime::Temporary } else { Lifetime::Permanent }
    }

    fn kind(&mut self, ast: &Ast) -> StatementKind {
        match ast {
            Ast::Query(_) | Ast::Directory { .. } | Ast::ExportData(_) => StatementKind::Query,
            Ast::Insert(_) | Ast::Update(_) | Ast::Merge(_) => StatementKind::Fill,
            Ast::Delete(_) => StatementKind::Empty,
            Ast::Truncate(truncate) => {
                for table in &truncate.table_names {
                    self.target(&table.name);
                }
                StatementKind::Empty
            }
            Ast::CreateTable(table) => self.create_table(table),
            Ast::CreateView(view) => {
                self.target(&view.name);
                if let Some(to) = &view.to {
                    self.target(to);
                }
                StatementKind::Build(self.lifetime(view.temporary))
            }
            Ast::AlterView { name, .. } => {
                self.target(name);
                StatementKind::Build(Lifetime::Permanent)
            }
            Ast::CreateVirtualTable { name, .. } => {
                self.target(name);
                StatementKind::Declare(Lifetime::Permanent, TableSchema::default())
            }
            Ast::AlterTable(alter) => self.alter_table(alter),
            Ast::RenameTable(renames) => {
                for rename in renames {
                    self.read(&rename.old_name, ReadRole::Table);
                    self.target(&rename.new_name);
                }
                StatementKind::Fill
            }
            Ast::Cache { table_name, .. } => {
                self.target(table_name);
                StatementKind::Build(Lifetime::Temporary)
            }
            Ast::LoadData { table_name, .. } => {
                self.target(table_name);
                StatementKind::Fill
            }
            Ast::Prepare { statement, .. } => self.kind(statement),
            _ => self.routine_or_other(ast),
        }
    }

    fn routine_or_other(&mut self, ast: &Ast) -> StatementKind {
        match ast {
            Ast::Drop { object_type, names, .. } => {
                if !matches!(object_type, ObjectType::Table | ObjectType::View | ObjectType::MaterializedView) {
                    return StatementKind::Other;
                }
                for name in names {
                    self.target(name);
                }
                StatementKind::Drop
            }
            Ast::CopyIntoSnowflake { kind, into, from_obj, .. } => {
                if let Some(from) = from_obj {
                    self.read(from, ReadRole::Table);
                }
                match kind {
                    CopyIntoSnowflakeKind::Table => {
                        self.target(into);
                        StatementKind::Fill
                    }
                    CopyIntoSnowflakeKind::Location => StatementKind::Query,
                }
            }
            Ast::Copy { source: CopySource::Table { table_name, .. }, to, .. } => {
                if *to {
                    self.read(table_name, ReadRole::Table);
                    StatementKind::Query
                } else {
                    self.target(table_name);
                    StatementKind::Fill
                }
            }
            Ast::Copy { .. } => StatementKind::Query,
            Ast::Unload { query_text, .. } => {
                self.nested.0.extend(query_text.clone());
                StatementKind::Query
            }
            Ast::Call(function) => {
                self.read(&function.name, ReadRole::Call);
                StatementKind::Other
            }
            Ast::Execute { name, parameters, immediate, .. } => self.execute(name.as_ref(), parameters, *immediate),
            Ast::CreateFunction(function) => {
                self.target(&function.name);
                StatementKind::Routine(self.lifetime(function.temporary), returns(function.return_type.as_ref()))
            }
            Ast::CreateProcedure { name, .. } => {
                self.target(name);
                StatementKind::Routine(Lifetime::Permanent, Returns::Value)
            }
            Ast::CreateMacro {
                name,
                temporary,
                definition: MacroDefinition::Expr(_) | MacroDefinition::Table(_),
                ..
            } => {
                self.target(name);
                StatementKind::Routine(self.lifetime(*temporary), Returns::Value)
            }
            _ => StatementKind::Other,
        }
    }

    fn execute(
        &mut self,
        name: Option<&ObjectName>,
        parameters: &[sqlparser::ast::Expr],
        immediate: bool,
    ) -> StatementKind {
        match name {
            Some(name) if !immediate => {
                self.read(name, ReadRole::Call);
                return StatementKind::Other;
            }
            Some(_) => {}
            None => {
                if let [only] = parameters
                    && let Some(text) = literal(only)
                {
                    self.nested.0.push(text.to_owned());
                    return StatementKind::Dynamic;
                }
            }
        }
        self.found.incomplete = Some(DYNAMIC);
        StatementKind::Dynamic
    }

    fn create_table(&mut self, table: &CreateTable) -> StatementKind {
        self.target(&table.name);
        let lifetime = self.lifetime(table.temporary || table.volatile);
        if let Some(original) = &table.clone {
            self.read(original, ReadRole::Table);
            return StatementKind::Build(lifetime);
        }
        if table.query.is_some() {
            return StatementKind::Build(lifetime);
        }
        if let Some(CreateTableLikeKind::Parenthesized(like) | CreateTableLikeKind::Plain(like)) = &table.like {
            self.read(&like.name, ReadRole::Table);
        }
        StatementKind::Declare(lifetime, schema::declared(table, self.dialect, self.origin))
    }

    fn alter_table(&mut self, alter: &AlterTable) -> StatementKind {
        let mut filled = false;
        for operation in &alter.operations {
            match operation {
                AlterTableOperation::RenameTable { table_name } => {
                    let (RenameTableNameKind::As(new) | RenameTableNameKind::To(new)) = table_name;
                    self.read(&alter.name, ReadRole::Table);
                    self.target(&renamed(&alter.name, new));
                    filled = true;
                }
                AlterTableOperation::SwapWith { table_name } => {
                    for name in [&alter.name, table_name] {
                        self.target(name);
                        self.read(name, ReadRole::Table);
                    }
                    filled = true;
                }
                _ => {}
            }
        }
        if filled {
            return StatementKind::Fill;
        }
        let altered = alter::altered(&alter.operations, self.dialect, self.origin);
        if altered == TableSchema::default() {
            return StatementKind::Other;
        }
        self.target(&alter.name);
        StatementKind::Alter(altered)
    }
}

/// What a function of this type returns.
fn returns(declared: Option<&FunctionReturnType>) -> Returns {
    match declared {
        Some(FunctionReturnType::SetOf(_)) => Returns::Rows,
        Some(FunctionReturnType::DataType(DataType::Table(_))) => Returns::Rows,
        Some(FunctionReturnType::DataType(_)) | None => Returns::Value,
    }
}
