//! What a SQL text says, independent of the parser: statements, what each fills and reads, and
//! the blocks and expressions of its queries. It must not know the parser's types.

use std::sync::Arc;

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Position};
use crate::name::{ColumnName, RelationName};

pub mod block;
mod print;
pub mod tree;
pub mod walk;

pub(crate) use print::block_text;

use block::{Block, Matching};
use tree::{BlockId, Tree};

/// A whole SQL text, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// The statements in the order of the text.
    pub statements: Vec<Statement>,
    /// How the text was read; the worst of its statements.
    pub reading: Reading,
    /// What was not understood; positions are those of the text.
    pub diagnostics: Vec<Diagnostic>,
}

impl Script {
    /// What a routine returns that the text declares; of several of its name, rows if one does.
    #[must_use]
    pub fn returns(&self, name: &RelationName) -> Option<Returns> {
        let declared = self.statements.iter().filter_map(|statement| match statement.kind {
            StatementKind::Routine(_, returns) if statement.targets.contains(name) => Some(returns),
            _ => None,
        });
        declared.max()
    }
}

/// How a text was understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Reading {
    /// The parser understood all of it, perhaps after a token-level rewrite that keeps its tables.
    #[default]
    Parsed,
    /// It did not parse; relations were found in the token stream.
    Scanned,
}

/// One statement: what it does to which relations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What the statement does.
    pub kind: StatementKind,
    /// What it builds or fills; several for a multi-table insert, none for a bare query.
    pub targets: Vec<RelationName>,
    /// Every relation that it reads, CTE names excluded, sorted by name, each once.
    pub reads: Vec<Read>,
    /// The first character of the statement.
    pub position: Position,
    /// Why `reads` may be too short, where it may: dynamic SQL, a statement cut off.
    pub incomplete: Option<String>,
    /// Its queries, where the parser understood them; without, every column and the rows of the
    /// targets depend on every column and the rows of whatever it reads.
    pub queries: Option<Arc<Queries>>,
}

/// The queries of a statement, and what becomes of their rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queries {
    /// The blocks and expressions.
    pub tree: Tree,
    /// What becomes of the rows of which blocks; a bare query has one output without a target.
    pub outputs: Vec<Output>,
}

impl Queries {
    /// The block of an output.
    #[must_use]
    pub fn block(&self, output: &Output) -> &Block {
        self.tree.block(output.block)
    }
}

/// The rows of a block, and what becomes of them.
///
/// The branches of a MERGE are an output each; UPDATE and DELETE are a SELECT over the target joined
/// with what else they name, so that the target itself is among what the block reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The relation that they go to; `None` for a bare query.
    pub target: Option<RelationName>,
    /// The columns of the target that the block's columns fill, in order; empty where the statement
    /// names none.
    pub columns: Vec<ColumnName>,
    /// How the block's columns find those of the target where the statement names none.
    pub matching: Matching,
    /// The block.
    pub block: BlockId,
    /// What becomes of the rows.
    pub action: Action,
}

/// What becomes of the rows of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// They are what the query returns.
    Return,
    /// They are all that the relation holds: CREATE TABLE AS, CREATE VIEW, INSERT OVERWRITE.
    Replace,
    /// They are added: INSERT, the insert branch of MERGE.
    Append,
    /// Their values replace those of the target's rows: UPDATE. Rows stay.
    Update,
    /// The target's rows among them go: DELETE.
    Delete,
}

/// What a statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementKind {
    /// A query that is nobody's body.
    Query,
    /// Builds a relation from a query: CREATE TABLE AS, CREATE VIEW, SELECT INTO.
    Build(Lifetime),
    /// Adds to, replaces part of, or changes what a relation holds: INSERT, MERGE, UPDATE, COPY.
    Fill,
    /// Takes rows out of a relation: DELETE, TRUNCATE.
    Empty,
    /// Declares a relation's columns and keys without filling it: CREATE TABLE (…), CREATE EXTERNAL TABLE.
    Declare(Lifetime, TableSchema),
    /// ALTER TABLE, where it changes what the table holds or what is known of it: what it says beside what the
    /// table says already.
    Alter(TableSchema),
    /// Declares a function or procedure whose body reads relations; `targets` names the routine.
    Routine(Lifetime, Returns),
    /// Drops relations; within a script a dropped temporary name is free again.
    Drop,
    /// Runs text that is built at run time: EXECUTE IMMEDIATE, EXEC(@sql).
    Dynamic,
    /// Neither reads nor fills a relation: SET, GRANT, USE, BEGIN.
    Other,
}

/// What a routine returns where an expression calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Returns {
    /// One value, or nothing is said.
    #[default]
    Value,
    /// Any number of rows: RETURNS SETOF, RETURNS TABLE.
    Rows,
}

/// How long a built relation lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lifetime {
    /// It outlives the script: other files can read it.
    Permanent,
    /// It stays inside its script.
    Temporary,
}

/// One relation that a statement reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Read {
    /// The name as written, to be found in a catalog.
    pub name: RelationName,
    /// In what place of the statement it stands.
    pub role: ReadRole,
    /// Where it is first read.
    pub position: Position,
}

/// In what place of a statement a name stands, which decides what it can refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReadRole {
    /// In FROM, a join, a set operation, IN or EXISTS: a table, a view, or a table function.
    Table,
    /// Called like a function in an expression: only ever one of the project's own routines.
    Call,
}

/// Columns and keys that a DDL statement declares.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TableSchema {
    /// The columns in order; empty if the statement names none.
    pub columns: Vec<DeclaredColumn>,
    /// PRIMARY KEY and UNIQUE, on a column or on the table.
    pub keys: Vec<DeclaredKey>,
    /// FOREIGN KEY and REFERENCES.
    pub references: Vec<ForeignKey>,
    /// Whatever else decides what the table holds, or what its readers see of it.
    pub clauses: Vec<Clause>,
}

/// What DDL says of a table beside its columns and keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clause {
    /// The column that it is about; `None` for the whole table.
    pub column: Option<ColumnName>,
    /// What it does.
    pub does: ClauseKind,
    /// As written, but for white space.
    pub text: String,
}

/// What a clause does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClauseKind {
    /// ALTER TABLE … ADD: the column comes behind the others.
    Adds(DeclaredColumn),
    /// ALTER TABLE … DROP COLUMN.
    Drops,
    /// ALTER TABLE … RENAME COLUMN.
    Renames(ColumnName),
    /// ALTER TABLE … TYPE: the type as that of a declared column.
    Retypes(String),
    /// It decides what values stand in the column: DEFAULT, GENERATED, an identity, a collation, a masking policy.
    Fills,
    /// Whether NULL can stand in the column from now on.
    Nulls(Nullability),
    /// A constraint goes, and it is not known which.
    Unkeys,
    /// It is not followed.
    Other,
}

impl TableSchema {
    /// What DROP TABLE says of a table that something else declares.
    #[must_use]
    pub fn dropped() -> Self {
        let clause = Clause { column: None, does: ClauseKind::Other, text: "DROP TABLE".to_owned() };
        Self { clauses: vec![clause], ..Self::default() }
    }

    /// The columns that an ALTER TABLE adds.
    pub fn added(&self) -> impl Iterator<Item = &DeclaredColumn> {
        self.clauses.iter().filter_map(|clause| match &clause.does {
            ClauseKind::Adds(column) => Some(column),
            _ => None,
        })
    }

    /// Does what an ALTER TABLE says, as far as the columns of the table are known.
    pub fn alter(&mut self, altered: Self) {
        for clause in altered.clauses {
            let named = |column: &&mut DeclaredColumn| Some(&column.name) == clause.column.as_ref();
            match &clause.does {
                ClauseKind::Adds(column) if !self.columns.is_empty() => {
                    if self.columns.iter().all(|known| known.name != column.name) {
                        self.columns.push(column.clone());
                    }
                }
                ClauseKind::Drops => self.columns.retain(|known| Some(&known.name) != clause.column.as_ref()),
                ClauseKind::Renames(to) => {
                    self.columns.iter_mut().filter(named).for_each(|column| column.name = to.clone());
                }
                ClauseKind::Retypes(data_type) => {
                    self.columns.iter_mut().filter(named).for_each(|column| column.data_type.clone_from(data_type));
                }
                ClauseKind::Nulls(nullability) => {
                    self.columns.iter_mut().filter(named).for_each(|column| column.nullability = *nullability);
                }
                ClauseKind::Unkeys => self.keys.clear(),
                ClauseKind::Adds(_) | ClauseKind::Fills | ClauseKind::Other => {}
            }
            self.clauses.push(clause);
        }
        self.keys.extend(altered.keys);
        self.references.extend(altered.references);
    }
}

/// A column of a DDL statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeclaredColumn {
    /// Its name.
    pub name: ColumnName,
    /// Its type as written, upper case, single spaces.
    pub data_type: String,
    /// Whether NULL can stand in it.
    pub nullability: Nullability,
}

/// Whether NULL can stand in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Nullability {
    /// NOT NULL, or part of a primary key.
    NotNull,
    /// Nothing forbids NULL.
    Nullable,
}

/// A set of columns that is unique per row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeclaredKey {
    /// The columns, as declared.
    pub columns: Vec<ColumnName>,
    /// Which constraint says so.
    pub kind: KeyKind,
}

/// The constraint behind a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// PRIMARY KEY: unique and never NULL.
    Primary,
    /// UNIQUE: unique where no column is NULL.
    Unique,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ForeignKey {
    /// The referring columns.
    pub columns: Vec<ColumnName>,
    /// The relation that is referred to.
    pub relation: RelationName,
    /// Its columns; empty where the statement leaves them to the primary key.
    pub relation_columns: Vec<ColumnName>,
}
