//! What the columns and rows of a query depend on, as plain values (design, section 4), and what is
//! known beforehand of the relations that a query names. Computing them is the business of
//! [`crate::columns`]; composing them over a project that of [`crate::graph`].

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Position};
use crate::name::{ColumnName, RelationName};
use crate::query::{Action, ReadRole, Returns};

/// What a statement does to one relation, or returns, and what that depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputLineage {
    /// The relation; `None` for a bare query.
    pub target: Option<RelationName>,
    /// What becomes of the rows.
    pub action: Action,
    /// What they depend on.
    pub lineage: QueryLineage,
}

/// What the columns and rows of one query depend on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueryLineage {
    /// The relations that it reads, each once, in the order of the text.
    pub inputs: Vec<Input>,
    /// Its columns, in order. A name may stand there twice.
    pub columns: Vec<OutputColumn>,
    /// Columns that pass through a `*` from inputs whose columns are not all known.
    pub rest: Vec<Rest>,
    /// What decides which rows there are, sorted, each once.
    pub rows: Vec<Dependency>,
    /// What is unique per row.
    pub keys: Vec<Key>,
    /// Why something is bound to more than it may be; empty if all is exact.
    pub open: Vec<Diagnostic>,
}

/// A relation that a query reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The name as written, to be found in a catalog.
    pub name: RelationName,
    /// Where it is first read.
    pub position: Position,
    /// As what it is read: as a relation, or as a routine that is called.
    pub role: ReadRole,
}

/// One of the inputs of a [`QueryLineage`], by its place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InputId(pub u32);

impl InputId {
    /// Its place in the list.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A column of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputColumn {
    /// Its name; one that the engine makes up where the query gives none.
    pub name: ColumnName,
    /// What it depends on, sorted, each once.
    pub sources: Vec<Dependency>,
    /// Where it is projected.
    pub position: Position,
}

/// The columns that pass through a `*` from an input whose columns are not all known: each column
/// of the input by its own name, except those that are known, left out or renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    /// From which input.
    pub input: InputId,
    /// Where it is not the columns of the input that pass, but the fields of one: that column, or
    /// field of one.
    pub inside: Option<ColumnPath>,
    /// What does not pass: columns among [`QueryLineage::columns`] already, EXCEPT and RENAME.
    pub except: BTreeSet<ColumnName>,
    /// What each of them depends on beside the input's column of its name.
    pub also: Vec<Dependency>,
    /// How the input's column flows into it.
    pub kind: EdgeKind,
}

/// One thing that a column or the rows of a query depend on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    /// Of which input.
    pub input: InputId,
    /// Which part of it.
    pub on: Slot,
    /// In which way.
    pub kind: EdgeKind,
    /// Where it is used first.
    pub position: Position,
}

/// A part of a relation that something can depend on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// Which rows there are, and how often.
    Rows,
    /// A column, or a part of one.
    Column(ColumnPath),
    /// Some column; which one is not known, so any of them.
    Any,
}

/// A column, or a field inside one: `payload`, `payload.address.city`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnPath {
    /// The column.
    pub column: ColumnName,
    /// The way from it to the field; nearly always empty.
    pub fields: Option<Arc<[ColumnName]>>,
}

impl ColumnPath {
    /// A whole column.
    #[must_use]
    pub const fn whole(column: ColumnName) -> Self {
        Self { column, fields: None }
    }

    /// A field of a column; no fields mean the whole column.
    #[must_use]
    pub fn field(column: ColumnName, fields: &[ColumnName]) -> Self {
        Self { column, fields: (!fields.is_empty()).then(|| Arc::from(fields)) }
    }

    /// The fields, outermost first.
    #[must_use]
    pub fn fields(&self) -> &[ColumnName] {
        self.fields.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for ColumnPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.column)?;
        self.fields().iter().try_for_each(|field| write!(out, ".{field}"))
    }
}

/// In which way something depends on a column or on rows.
///
/// The first four are direct: the value flows in. The others are indirect: it decides what flows or
/// which rows there are. Names and meaning follow the OpenLineage column-lineage facet where it has
/// one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// Rows for rows: they stand in FROM, a join or a set operation.
    Rows,
    /// The value as it is.
    Identity,
    /// The value computed from it and others of the same row.
    Transformation,
    /// The value aggregated from many rows.
    Aggregation,
    /// Which of several values it is: CASE, IF, COALESCE.
    Conditional,
    /// PARTITION BY or ORDER BY of a window.
    Window,
    /// A join condition, and what comes through the nullable side of an outer join.
    Join,
    /// WHERE, HAVING, QUALIFY, and the FILTER of an aggregate.
    Filter,
    /// GROUP BY.
    GroupBy,
    /// DISTINCT and set operations that compare whole rows.
    Distinct,
    /// ORDER BY with a LIMIT, or inside an aggregate.
    Sort,
    /// IN, EXISTS and scalar subqueries: which rows the subquery finds.
    Subquery,
    /// Taken apart into rows: UNNEST, FLATTEN, PIVOT, UNPIVOT, table functions.
    Expansion,
    /// It is named, and nothing of it flows: without it the query fails, and whatever it holds does not
    /// matter.
    Named,
    /// In a way that was not worked out: the SQL was not parsed, or the form is not understood.
    Unknown,
}

impl EdgeKind {
    /// The name used in output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Identity => "identity",
            Self::Transformation => "transformation",
            Self::Aggregation => "aggregation",
            Self::Conditional => "conditional",
            Self::Window => "window",
            Self::Join => "join",
            Self::Filter => "filter",
            Self::GroupBy => "group_by",
            Self::Distinct => "distinct",
            Self::Sort => "sort",
            Self::Subquery => "subquery",
            Self::Expansion => "expansion",
            Self::Named => "named",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the value itself flows.
    #[must_use]
    pub const fn is_direct(self) -> bool {
        matches!(self, Self::Identity | Self::Transformation | Self::Aggregation)
    }

    /// The kind of a way of two steps, this one first: toward the source it is this one, toward the
    /// target the other. [`EdgeKind::Identity`] and [`EdgeKind::Rows`] change nothing; of two direct
    /// kinds the stronger counts; what is indirect once stays so, as it was at first; where something
    /// is only named on the way, no more than that is left. This is associative, so that lineage of a composed query is the composition of lineages.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        match (self, next) {
            (Self::Named, _) | (_, Self::Named) => Self::Named,
            (Self::Rows | Self::Identity, next) => next,
            (first, Self::Rows | Self::Identity) => first,
            (first, next) if first.is_direct() && next.is_direct() => first.max(next),
            (first, _) if !first.is_direct() => first,
            (_, next) => next,
        }
    }
}

impl fmt::Display for EdgeKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

/// Columns that are unique per row. No columns at all: there is at most one row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Key {
    /// The columns.
    pub columns: BTreeSet<ColumnName>,
    /// How that is known.
    pub proof: Proof,
}

/// How it is known that columns are unique.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Proof {
    /// The steps, as lower-case fragments, upstream first: `grouped by order_id`, `unique in
    /// shop.orders (primary key)`.
    pub steps: Vec<String>,
    /// Whether it rests on nothing but the SQL itself.
    pub ground: Ground,
}

/// What a proof rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// The SQL itself.
    Inferred,
    /// A key that is declared somewhere: a constraint, a unique test.
    Declared,
}

/// What is known of a relation before a query that reads it is looked at.
/// Everybody who reads a relation asks for it: a copy costs no more than two pointers.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    /// The columns that are known, in order.
    pub columns: Arc<[ColumnName]>,
    /// Whether there may be others.
    pub extent: Extent,
    /// What is unique per row.
    pub keys: Arc<[Key]>,
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        let Self { columns, extent, keys } = self;
        *extent == other.extent
            && (Arc::ptr_eq(columns, &other.columns) || *columns == other.columns)
            && (Arc::ptr_eq(keys, &other.keys) || *keys == other.keys)
    }
}

impl Eq for Shape {}

/// Whether a relation may have columns that are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Extent {
    /// It has exactly the columns that are known.
    Closed,
    /// It has whatever is asked of it.
    #[default]
    Open,
}

/// What is known of the relations that queries name.
pub trait Schemas {
    /// What is known of one; the default shape if nothing is.
    fn shape(&self, name: &RelationName) -> Shape;

    /// What a function that a query calls returns, if it is a routine that is known: what the call stands in
    /// depends on it.
    fn routine(&self, _name: &RelationName) -> Option<Returns> {
        None
    }
}

/// Nothing is known of any relation.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSchemas;

impl Schemas for NoSchemas {
    fn shape(&self, _: &RelationName) -> Shape {
        Shape::default()
    }
}

impl Schemas for std::collections::BTreeMap<RelationName, Shape> {
    fn shape(&self, name: &RelationName) -> Shape {
        self.get(name).cloned().unwrap_or_default()
    }
}
