//! Query blocks: one SELECT with its clauses, a set operation, or rows given as values. A CTE, a
//! subquery and each branch of a set operation is a block of its own.

use crate::diagnostic::Position;

use super::tree::{BlockId, ExprId, List, NamedRelation, Path, SortKey, Symbol, Text, Window};

/// A query block, with the ORDER BY and LIMIT behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What it does.
    pub kind: BlockKind,
    /// The name of the CTE that it is.
    pub name: Option<Symbol>,
    /// The names that its first columns get: `WITH c (a, b) AS …`.
    pub columns: Vec<Symbol>,
    /// ORDER BY.
    pub order_by: Vec<SortKey>,
    /// LIMIT, TOP, FETCH, OFFSET.
    pub limit: Option<Limit>,
    /// Where it begins.
    pub position: Position,
}

impl Block {
    /// A block without names, order or limit.
    #[must_use]
    pub const fn new(kind: BlockKind, position: Position) -> Self {
        Self { kind, name: None, columns: Vec::new(), order_by: Vec::new(), limit: None, position }
    }

    /// The block of no rows and no columns.
    #[must_use]
    pub const fn nothing(position: Position) -> Self {
        Self::new(BlockKind::Values(Vec::new()), position)
    }
}

/// What a block does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockKind {
    /// SELECT.
    Select(Box<Select>),
    /// UNION, INTERSECT, EXCEPT; a chain of the same is one block with many branches.
    SetOperation(SetOperation),
    /// VALUES, row by row.
    Values(Vec<List>),
}

/// How many rows of a block are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// At most so many; none for a bare OFFSET.
    pub count: Option<ExprId>,
    /// After so many.
    pub offset: Option<ExprId>,
    /// LIMIT n BY these (ClickHouse).
    pub by: List,
    /// WITH TIES, PERCENT, in lower case.
    pub modifiers: Option<Text>,
}

/// A set operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetOperation {
    /// Which.
    pub operator: SetOperator,
    /// What becomes of duplicates.
    pub duplicates: Duplicates,
    /// How the columns of the branches are matched.
    pub matching: Matching,
    /// The branches, in order; at least one.
    pub branches: Vec<BlockId>,
}

/// Which set operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SetOperator {
    /// UNION.
    Union,
    /// INTERSECT.
    Intersect,
    /// EXCEPT, MINUS: the first branch without the others.
    Except,
}

/// What becomes of duplicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Duplicates {
    /// They stay: ALL.
    Kept,
    /// They go: DISTINCT, or what most dialects do when nothing is said.
    Dropped,
}

/// How the columns of a set operation's branches are matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matching {
    /// By position.
    Position,
    /// BY NAME: by name, those missing are NULL.
    Name,
    /// CORRESPONDING: by name, those that not all have are dropped; BY (a, b) names them.
    Corresponding(Vec<Symbol>),
}

/// One SELECT.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Select {
    /// FROM, in order; each item but the first is joined to all before it. A comma is a cross join.
    pub from: Vec<FromItem>,
    /// The projection.
    pub projection: Vec<Projection>,
    /// WHERE and PREWHERE.
    pub selection: Option<ExprId>,
    /// START WITH and CONNECT BY.
    pub hierarchy: List,
    /// GROUP BY.
    pub group_by: GroupBy,
    /// HAVING.
    pub having: Option<ExprId>,
    /// WINDOW.
    pub windows: Vec<(Symbol, Window)>,
    /// QUALIFY.
    pub qualify: Option<ExprId>,
    /// DISTINCT.
    pub distinct: Distinct,
    /// SELECT AS STRUCT, SELECT AS VALUE.
    pub shape: RowShape,
}

/// DISTINCT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Distinct {
    /// None.
    #[default]
    All,
    /// SELECT DISTINCT.
    Distinct,
    /// SELECT DISTINCT ON (…).
    On(List),
}

/// What a row of the result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowShape {
    /// Columns.
    #[default]
    Columns,
    /// One record of the columns: SELECT AS STRUCT.
    Struct,
    /// The one value itself, whose fields are the columns if it is a record: SELECT AS VALUE.
    Value,
}

/// GROUP BY.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum GroupBy {
    /// None.
    #[default]
    None,
    /// GROUP BY ALL: every projected expression that aggregates nothing.
    All,
    /// By these: expressions, positions, aliases.
    Keys {
        /// The keys of all sets, in order.
        keys: List,
        /// The grouping sets, where there are several: ROLLUP and CUBE written out if they have at
        /// most eight keys, and otherwise as `GroupingSets::Some`.
        sets: GroupingSets,
    },
}

/// Which subsets of the keys are grouped by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum GroupingSets {
    /// All keys at once.
    #[default]
    Plain,
    /// Several subsets: each row has NULL in the keys that its set lacks. The text spells which,
    /// in lower case: `rollup`, `cube`, `grouping sets`.
    Several(Text),
}

/// One item of a projection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// What is projected.
    pub kind: ProjectionKind,
    /// Where it begins.
    pub position: Position,
}

/// What is projected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectionKind {
    /// An expression, perhaps with an alias.
    Expr(ExprId, Option<Symbol>),
    /// `expr AS (a, b)`: the columns of a table function or record.
    Several(ExprId, Vec<Symbol>),
    /// `*`, `t.*`.
    Star(Box<Star>),
    /// `expr.*`: the fields of a record.
    Fields(ExprId, Box<Star>),
}

/// `*` and what it leaves out or replaces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Star {
    /// `t.*`.
    pub qualifier: Option<Path>,
    /// EXCEPT, EXCLUDE.
    pub except: Vec<Symbol>,
    /// REPLACE: an expression in the place of a column.
    pub replace: Vec<(Symbol, ExprId)>,
    /// RENAME: from, to.
    pub rename: Vec<(Symbol, Symbol)>,
    /// ILIKE, or COLUMNS('regex'): only columns that match a pattern.
    pub like: Option<StarPattern>,
}

/// A pattern that the columns of a star match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StarPattern {
    /// ILIKE.
    Like(Text),
    /// A regular expression.
    Regex(Text),
}

/// One item of FROM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FromItem {
    /// How it is joined to what is before it; [`JoinKind::Cross`] for the first.
    pub join: Join,
    /// What it is.
    pub source: Source,
    /// The name that the rest of the block knows it by.
    pub alias: Option<Symbol>,
    /// The names that its first columns get.
    pub columns: Vec<Symbol>,
    /// Whether it sees the items before it.
    pub lateral: Lateral,
    /// TABLESAMPLE, in lower case.
    pub sample: Option<Text>,
    /// Where it begins.
    pub position: Position,
}

impl FromItem {
    /// Makes what refers to one recursive CTE refer to another.
    pub(super) fn redirect(&mut self, from: BlockId, to: BlockId) {
        match &mut self.source {
            Source::Recursive(block) if *block == from => *block = to,
            Source::Nested(items) => items.iter_mut().for_each(|item| item.redirect(from, to)),
            Source::Pivot(pivot) => pivot.input.redirect(from, to),
            Source::Unpivot(unpivot) => unpivot.input.redirect(from, to),
            Source::MatchRecognize(recognize) => recognize.input.redirect(from, to),
            _ => {}
        }
    }
}

/// Whether a FROM item sees those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lateral {
    /// It does: LATERAL, APPLY, UNNEST and functions over columns.
    Yes,
    /// It does not.
    No,
}

/// How an item is joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// Which rows are kept.
    pub kind: JoinKind,
    /// Which pairs match.
    pub condition: JoinCondition,
    /// MATCH_CONDITION of an ASOF join.
    pub closest: Option<ExprId>,
}

impl Join {
    /// A comma, or the first item.
    #[must_use]
    pub const fn cross() -> Self {
        Self { kind: JoinKind::Cross, condition: JoinCondition::None, closest: None }
    }
}

/// Which rows a join keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JoinKind {
    /// Every pair.
    Cross,
    /// Pairs that match.
    Inner,
    /// And rows of the left without a match.
    Left,
    /// And rows of the right without a match.
    Right,
    /// Both.
    Full,
    /// Rows of the left with a match, without the columns of the right.
    Semi,
    /// Rows of the left without a match, without the columns of the right.
    Anti,
    /// Rows of the right with a match, without the columns of the left.
    RightSemi,
    /// Rows of the right without a match, without the columns of the left.
    RightAnti,
    /// At most one match, the closest: inner.
    AsOf,
    /// At most one match, the closest: left.
    AsOfLeft,
}

/// Which pairs a join matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JoinCondition {
    /// All.
    None,
    /// ON.
    On(ExprId),
    /// USING: equal in these columns, which the result has once.
    Using(Vec<Symbol>),
    /// NATURAL: equal in all columns of the same name.
    Natural,
}

/// What a FROM item is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A relation, found in a catalog.
    Relation {
        /// Which.
        relation: NamedRelation,
        /// Time travel, in lower case: another version of the same relation.
        version: Option<Text>,
    },
    /// A derived table or a CTE.
    Block(BlockId),
    /// A recursive CTE inside itself: what the steps before gave.
    Recursive(BlockId),
    /// `(a JOIN b ON …)`.
    Nested(Vec<FromItem>),
    /// `FROM orders o, o.lines`, `UNNEST(…)`, `LATERAL VIEW EXPLODE(…)`, `FLATTEN(…)`: one row for
    /// each element.
    Unnest {
        /// The arrays, side by side.
        arrays: List,
        /// The columns that the elements' places get: WITH OFFSET, WITH ORDINALITY.
        offset: Option<Symbol>,
        /// Which columns there are.
        output: UnnestOutput,
    },
    /// A table function.
    Function {
        /// Its name, as in [`super::tree::Expr::Call`].
        function: Text,
        /// Its relation if the name can be one of the project's: a routine, a parameterised view.
        relation: Option<NamedRelation>,
        /// Its arguments.
        args: List,
        /// WITH ORDINALITY.
        offset: Option<Symbol>,
        /// The columns that it says it has: `JSON_TABLE(… COLUMNS …)`, `AS t (a INT)`.
        columns: Vec<Symbol>,
    },
    /// PIVOT.
    Pivot(Box<Pivot>),
    /// UNPIVOT.
    Unpivot(Box<Unpivot>),
    /// MATCH_RECOGNIZE.
    MatchRecognize(Box<MatchRecognize>),
}

/// Which columns the rows of an UNNEST have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnnestOutput {
    /// One for each array, named by the column list or, where there is none, by the alias itself:
    /// `UNNEST(tags) AS tag` (BigQuery), or `unnest`, `col`.
    Elements,
    /// The fields of the element where it is a record, and else as above.
    ElementsOrFields,
    /// Those of Snowflake's FLATTEN: SEQ, KEY, PATH, INDEX, VALUE, THIS.
    Flatten,
    /// POSEXPLODE: the place and the element.
    PositionAndElement,
    /// EXPLODE of a map or an array: `key`, `value`, or `col`.
    KeyAndValue,
}

/// PIVOT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pivot {
    /// What is pivoted.
    pub input: FromItem,
    /// The aggregates, with their aliases.
    pub aggregates: Vec<(ExprId, Option<Symbol>)>,
    /// FOR: the columns whose values become columns.
    pub columns: List,
    /// IN: the values, with the names of their columns; none if they are found at run time.
    pub values: Option<Vec<(ExprId, Option<Symbol>)>>,
    /// GROUP BY, in DuckDB; elsewhere every column that is not otherwise used.
    pub group_by: Option<List>,
    /// DEFAULT ON NULL.
    pub default: Option<ExprId>,
}

/// UNPIVOT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpivot {
    /// What is unpivoted.
    pub input: FromItem,
    /// The columns for the values; one, or several side by side.
    pub values: Vec<Symbol>,
    /// The column for the names.
    pub name: Symbol,
    /// The columns that become rows, in groups as wide as `values`, with the names of the groups.
    pub columns: Vec<(Vec<Symbol>, Option<ExprId>)>,
    /// What becomes of values that are NULL.
    pub nulls: UnpivotNulls,
}

/// Whether UNPIVOT makes rows of NULLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum UnpivotNulls {
    /// EXCLUDE NULLS, or nothing.
    #[default]
    Excluded,
    /// INCLUDE NULLS.
    Included,
}

/// MATCH_RECOGNIZE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchRecognize {
    /// Where the rows come from.
    pub input: FromItem,
    /// PARTITION BY.
    pub partition_by: List,
    /// ORDER BY.
    pub order_by: Vec<SortKey>,
    /// MEASURES.
    pub measures: Vec<(ExprId, Symbol)>,
    /// DEFINE; the names of rows of the pattern qualify columns.
    pub definitions: Vec<(Symbol, ExprId)>,
    /// PATTERN, AFTER MATCH, in lower case.
    pub pattern: Text,
    /// ONE ROW PER MATCH or ALL.
    pub rows: RowsPerMatch,
}

/// What MATCH_RECOGNIZE returns for a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowsPerMatch {
    /// One row: the partition and the measures.
    One,
    /// Each row of the match, with all its columns and the measures.
    All,
}
