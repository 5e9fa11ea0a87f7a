//! The queries of one statement as a tree of blocks and expressions, in an arena.
//!
//! Everything is an index into a vector, so a tree of any depth is dropped and walked without
//! recursion, and costs a few bytes a token. Two invariants make that work:
//!
//! - what an expression or block is made of comes before it: its parts have smaller ids, except
//!   that a recursive CTE refers to its own block;
//! - CTEs are gone: a FROM item that names one holds its block, and several items may hold the same.

use std::hash::{BuildHasher, RandomState};

use crate::diagnostic::Position;
use crate::dialect::Dialect;
use crate::hashing::HashMap;
use crate::name::{ColumnName, Quoting, RelationName};

use super::block::{Block, BlockKind, FromItem, Projection, ProjectionKind, Source};

/// The queries of one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// Whose rules of names and scopes hold.
    pub dialect: Dialect,
    names: Vec<ColumnName>,
    /// All texts, one behind the other.
    spelled: String,
    /// Where each text ends.
    text_ends: Vec<u32>,
    exprs: Vec<Expr>,
    lists: Vec<ExprId>,
    paths: Vec<Symbol>,
    blocks: Vec<Block>,
    /// The functions that no engine has of itself, each once.
    routines: Vec<RelationName>,
    /// Where they are called, by the expression.
    calls: Vec<RoutineCall>,
}

/// A call of a function that no engine has of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoutineCall {
    /// The expression.
    pub expr: ExprId,
    /// Where it stands.
    pub position: Position,
    routine: u32,
}

/// An identifier of a tree; equal if the names are equal under the dialect's rule for columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(u32);

/// A text of a tree: of a literal, an operator, a function, a type; equal if the texts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(u32);

/// An expression of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExprId(u32);

/// A block of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct BlockId(u32);

/// Expressions of a tree, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct List {
    start: u32,
    len: u32,
}

impl List {
    /// How many there are.
    #[must_use]
    pub const fn len(self) -> usize {
        self.len as usize
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// A dotted name of a tree, `o.amount`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Path {
    start: u32,
    len: u32,
}

impl ExprId {
    /// Its place among the expressions of its tree.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl BlockId {
    /// Its place among the blocks of its tree.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// An expression.
///
/// Chains of one operator are one application: `a AND b AND c` has three arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// A dotted name: a column, a field of one, a SELECT alias, a parameter of a lambda.
    Column(Path, Position),
    /// `*` or `t.*` as an argument: all columns, of one FROM item where a path names it.
    Star(Option<Path>),
    /// A constant, spelled as written.
    Literal(LiteralKind, Text),
    /// A placeholder or a variable: `?`, `:day`, `@day`, `$1`.
    Parameter(Text),
    /// An operator or a form with a grammar of its own, named in lower case: `and`, `=`,
    /// `is null`, `between`, `like`, `extract`, `tuple`, `array`, `struct`, `at time zone`.
    Apply(Text, List),
    /// A call of a function; its name is in lower case unless it was quoted, its parts joined by dots.
    Call {
        /// The name.
        function: Text,
        /// The arguments.
        args: List,
        /// DISTINCT, ORDER BY, FILTER, OVER, where there are any.
        clauses: Option<Box<Clauses>>,
    },
    /// CASE.
    Case {
        /// `CASE operand WHEN …`
        operand: Option<ExprId>,
        /// Conditions and results in turn: WHEN, THEN, WHEN, THEN …
        branches: List,
        /// ELSE.
        otherwise: Option<ExprId>,
    },
    /// A cast.
    Cast {
        /// What is cast.
        expr: ExprId,
        /// To which type: upper case, single spaces.
        data_type: Text,
        /// What happens to a value that does not fit.
        mode: CastMode,
    },
    /// A field of a record, or a path into semi-structured data: `payload:a`, `f(x).a`.
    Field(ExprId, Symbol),
    /// An element of an array or a map: `a[0]`, `m['k']`.
    Index(ExprId, ExprId),
    /// A query inside an expression.
    Subquery {
        /// In what role.
        kind: SubqueryKind,
        /// What is compared with it: the left side of IN, ANY and ALL.
        operand: Option<ExprId>,
        /// The query.
        block: BlockId,
    },
    /// `x -> x + 1`; the parameters hide columns of the same name.
    Lambda(Path, ExprId),
    /// An expression with a name of its own: a field of a struct, a named argument.
    Named(Symbol, ExprId),
}

/// What kind of constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LiteralKind {
    /// A number.
    Number,
    /// A text, without its quotes.
    String,
    /// TRUE or FALSE.
    Boolean,
    /// NULL.
    Null,
    /// Whatever else: dates, intervals, bytes; spelled as written.
    Other,
}

/// What a cast does with a value that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CastMode {
    /// It fails.
    Strict,
    /// It gives NULL: TRY_CAST, SAFE_CAST.
    Try,
}

/// In what role a query stands in an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubqueryKind {
    /// Its one value.
    Scalar,
    /// Whether it has rows.
    Exists(Negation),
    /// Whether its rows hold the operand.
    In(Negation),
    /// `operand op ANY (…)`, `operand op ALL (…)`; the text is both, such as `> all`.
    Compared(Text),
    /// `ARRAY(SELECT …)` and other functions over all rows.
    Array,
}

/// Whether NOT stands before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Negation {
    /// No.
    Plain,
    /// Yes.
    Negated,
}

/// What a call says beside its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Clauses {
    /// DISTINCT.
    pub distinct: bool,
    /// ORDER BY in the brackets or WITHIN GROUP.
    pub order_by: Vec<SortKey>,
    /// FILTER (WHERE …).
    pub filter: Option<ExprId>,
    /// OVER.
    pub over: Option<Window>,
    /// IGNORE NULLS, RESPECT NULLS, LIMIT, HAVING MAX and the like, in lower case.
    pub modifiers: Option<Text>,
    /// Expressions of the modifiers.
    pub modifier_args: List,
}

/// A window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Window {
    /// The named window that it is or extends, defined in the block's WINDOW clause.
    pub base: Option<Symbol>,
    /// PARTITION BY.
    pub partition_by: List,
    /// ORDER BY.
    pub order_by: Vec<SortKey>,
    /// The frame, spelled in lower case; `?` stands for a bound that is no constant.
    pub frame: Option<Text>,
    /// The bounds of the frame that are no constants.
    pub frame_args: List,
}

/// One key of an ORDER BY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortKey {
    /// What is sorted by.
    pub expr: ExprId,
    /// Which way.
    pub direction: Direction,
    /// NULLS FIRST or LAST where said.
    pub nulls: Option<NullsAt>,
}

/// Which way is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// ASC, or nothing.
    Ascending,
    /// DESC.
    Descending,
}

/// Where NULLs are sorted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NullsAt {
    /// NULLS FIRST.
    First,
    /// NULLS LAST.
    Last,
}

impl Tree {
    /// The expression of an id.
    #[must_use]
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.index()]
    }

    /// How many expressions there are.
    #[must_use]
    pub fn expr_count(&self) -> usize {
        self.exprs.len()
    }

    /// Every expression, parts before wholes.
    pub fn exprs(&self) -> impl Iterator<Item = (ExprId, &Expr)> {
        self.exprs.iter().enumerate().map(|(index, expr)| (ExprId(id(index)), expr))
    }

    /// Every call of a function that no engine has of itself, with what it calls.
    pub fn calls(&self) -> impl Iterator<Item = (&RoutineCall, &RelationName)> {
        self.calls.iter().filter_map(|call| Some((call, self.routines.get(call.routine as usize)?)))
    }

    /// Forgets the calls, where not all of those that there are have come into the tree.
    pub(crate) fn forget_calls(&mut self) {
        self.calls = Vec::new();
    }

    /// The expressions of a list.
    #[must_use]
    pub fn list(&self, list: List) -> &[ExprId] {
        &self.lists[list.start as usize..(list.start + list.len) as usize]
    }

    /// The parts of a dotted name, outermost first; at least one.
    #[must_use]
    pub fn path(&self, path: Path) -> &[Symbol] {
        &self.paths[path.start as usize..(path.start + path.len) as usize]
    }

    /// The name of a symbol.
    #[must_use]
    pub fn name(&self, symbol: Symbol) -> &ColumnName {
        &self.names[symbol.0 as usize]
    }

    /// A text.
    #[must_use]
    pub fn text(&self, text: Text) -> &str {
        let place = text.0 as usize;
        let start = if place == 0 { 0 } else { self.text_ends[place - 1] };
        &self.spelled[start as usize..self.text_ends[place] as usize]
    }

    /// Every name in it, and all texts, as they are spelled.
    pub fn spelled(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(ColumnName::as_str).chain(std::iter::once(&*self.spelled))
    }

    /// The tree with one more column in a SELECT, the last: the whole row of the one item of its FROM that is a
    /// relation. `None` where there is no such item, or several.
    ///
    /// UPDATE and DELETE are about rows of a table, which what they set and ask for does not tell apart.
    pub(crate) fn with_row_of(&self, block: BlockId, relation: &RelationName, name: ColumnName) -> Option<Self> {
        let BlockKind::Select(select) = &self.block(block).kind else { return None };
        let is_it = |item: &&FromItem| matches!(&item.source, Source::Relation { relation: named, .. } if named.name == *relation);
        let mut found = select.from.iter().filter(is_it);
        let (Some(item), None) = (found.next(), found.next()) else { return None };
        let (alias, position) = (item.alias, item.position);
        let mut tree = self.clone();
        let called = ColumnName::new(self.dialect, relation.table(), Quoting::Bare);
        let qualifier = alias.unwrap_or_else(|| tree.one_more_name(called));
        let path = Path { start: id(tree.paths.len()), len: 1 };
        tree.paths.push(qualifier);
        let expr = ExprId(id(tree.exprs.len()));
        tree.exprs.push(Expr::Star(Some(path)));
        let name = tree.one_more_name(name);
        if let BlockKind::Select(select) = &mut tree.blocks[block.index()].kind {
            select.projection.push(Projection { kind: ProjectionKind::Expr(expr, Some(name)), position });
        }
        Some(tree)
    }

    fn one_more_name(&mut self, name: ColumnName) -> Symbol {
        let known = self.names.iter().position(|other| *other == name);
        Symbol(id(known.unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        })))
    }

    /// The block of an id.
    #[must_use]
    pub fn block(&self, id: BlockId) -> &Block {
        &self.blocks[id.index()]
    }

    /// Every block, parts before wholes.
    pub fn blocks(&self) -> impl Iterator<Item = (BlockId, &Block)> {
        self.blocks.iter().enumerate().map(|(index, block)| (BlockId(id(index)), block))
    }

    /// How many blocks there are.
    #[must_use]
    pub fn block_count(&self) -> usize {
        self.blocks.len()
    }

    /// The expressions that an expression is directly made of, in order. What is in the block of a
    /// subquery is not among them.
    #[must_use]
    pub fn parts(&self, expr: ExprId) -> Vec<ExprId> {
        let mut parts = Vec::new();
        self.add_parts(expr, &mut parts);
        parts
    }

    /// The same behind others.
    pub fn add_parts(&self, expr: ExprId, parts: &mut Vec<ExprId>) {
        match self.expr(expr) {
            Expr::Column(..) | Expr::Star(_) | Expr::Literal(..) | Expr::Parameter(_) => {}
            Expr::Apply(_, args) => parts.extend_from_slice(self.list(*args)),
            Expr::Call { args, clauses, .. } => {
                parts.extend_from_slice(self.list(*args));
                if let Some(clauses) = clauses {
                    parts.extend(clauses.order_by.iter().map(|key| key.expr));
                    parts.extend(clauses.filter);
                    parts.extend_from_slice(self.list(clauses.modifier_args));
                    if let Some(window) = &clauses.over {
                        parts.extend_from_slice(self.list(window.partition_by));
                        parts.extend(window.order_by.iter().map(|key| key.expr));
                        parts.extend_from_slice(self.list(window.frame_args));
                    }
                }
            }
            Expr::Case { operand, branches, otherwise } => {
                parts.extend(operand.iter().chain(self.list(*branches)).chain(otherwise).copied());
            }
            Expr::Cast { expr, .. } | Expr::Field(expr, _) | Expr::Lambda(_, expr) | Expr::Named(_, expr) => {
                parts.push(*expr);
            }
            Expr::Index(expr, index) => parts.extend([*expr, *index]),
            Expr::Subquery { operand, .. } => parts.extend(operand.iter().copied()),
        }
    }
}

/// Builds a tree, from its parts to its wholes.
#[derive(Debug)]
pub struct TreeBuilder {
    tree: Tree,
    names: HashMap<ColumnName, Symbol>,
    routines: HashMap<RelationName, u32>,
    /// The texts by what they hash to; one whose place is taken by another is in the next that is free.
    texts: HashMap<u64, Text>,
    hashing: RandomState,
}

impl TreeBuilder {
    /// An empty tree.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        let tree = Tree {
            dialect,
            names: Vec::new(),
            spelled: String::new(),
            text_ends: Vec::new(),
            exprs: Vec::new(),
            lists: Vec::new(),
            paths: Vec::new(),
            blocks: Vec::new(),
            routines: Vec::new(),
            calls: Vec::new(),
        };
        Self {
            tree,
            names: HashMap::default(),
            routines: HashMap::default(),
            texts: HashMap::default(),
            hashing: RandomState::new(),
        }
    }

    /// The tree so far.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The symbol of a name.
    pub fn symbol(&mut self, name: ColumnName) -> Symbol {
        if let Some(symbol) = self.names.get(&name) {
            return *symbol;
        }
        let symbol = Symbol(id(self.tree.names.len()));
        self.tree.names.push(name.clone());
        self.names.insert(name, symbol);
        symbol
    }

    /// A text.
    pub fn text(&mut self, text: &str) -> Text {
        let mut hash = self.hashing.hash_one(text);
        while let Some(known) = self.texts.get(&hash) {
            if self.tree.text(*known) == text {
                return *known;
            }
            hash = hash.wrapping_add(1);
        }
        let new = Text(id(self.tree.text_ends.len()));
        self.tree.spelled.push_str(text);
        self.tree.text_ends.push(id(self.tree.spelled.len()));
        self.texts.insert(hash, new);
        new
    }

    /// A dotted name.
    pub fn path(&mut self, parts: impl IntoIterator<Item = ColumnName>) -> Path {
        let symbols: Vec<Symbol> = parts.into_iter().map(|part| self.symbol(part)).collect();
        let start = id(self.tree.paths.len());
        self.tree.paths.extend_from_slice(&symbols);
        Path { start, len: id(symbols.len()) }
    }

    /// A dotted name of symbols.
    pub fn path_of(&mut self, parts: &[Symbol]) -> Path {
        let start = id(self.tree.paths.len());
        self.tree.paths.extend_from_slice(parts);
        Path { start, len: id(parts.len()) }
    }

    /// A list of expressions.
    pub fn list(&mut self, exprs: &[ExprId]) -> List {
        let start = id(self.tree.lists.len());
        self.tree.lists.extend_from_slice(exprs);
        List { start, len: id(exprs.len()) }
    }

    /// An expression.
    pub fn expr(&mut self, expr: Expr) -> ExprId {
        let new = ExprId(id(self.tree.exprs.len()));
        self.tree.exprs.push(expr);
        new
    }

    /// Says which routine an expression calls that has just been made, if it is one.
    pub fn calls(&mut self, expr: ExprId, routine: RelationName, position: Position) {
        let known = self.routines.get(&routine).copied();
        let routine = known.unwrap_or_else(|| {
            let new = id(self.tree.routines.len());
            self.tree.routines.push(routine.clone());
            self.routines.insert(routine, new);
            new
        });
        self.tree.calls.push(RoutineCall { expr, position, routine });
    }

    /// A block.
    pub fn block(&mut self, block: Block) -> BlockId {
        let new = BlockId(id(self.tree.blocks.len()));
        self.tree.blocks.push(block);
        new
    }

    /// A stand-in for a recursive CTE's own block before it is there; give both to
    /// [`TreeBuilder::recursive`] when it is.
    pub fn reserve(&mut self, position: Position) -> BlockId {
        self.block(Block::nothing(position))
    }

    /// Makes every [`Source::Recursive`] that means the stand-in mean the block, which comes after
    /// its parts as every block does. The stand-in stays behind, empty and used by nobody.
    pub fn recursive(&mut self, stand_in: BlockId, block: BlockId) {
        for part in &mut self.tree.blocks[stand_in.index()..] {
            if let BlockKind::Select(select) = &mut part.kind {
                select.from.iter_mut().for_each(|item| item.redirect(stand_in, block));
            }
        }
    }

    /// Changes a block that is there: its CTE's name, its columns.
    pub fn block_mut(&mut self, block: BlockId) -> &mut Block {
        &mut self.tree.blocks[block.index()]
    }

    /// The finished tree.
    #[must_use]
    pub fn finish(mut self) -> Tree {
        self.tree.names.shrink_to_fit();
        self.tree.spelled.shrink_to_fit();
        self.tree.text_ends.shrink_to_fit();
        self.tree.exprs.shrink_to_fit();
        self.tree.lists.shrink_to_fit();
        self.tree.paths.shrink_to_fit();
        self.tree.blocks.shrink_to_fit();
        self.tree.routines.shrink_to_fit();
        self.tree.calls.shrink_to_fit();
        self.tree
    }
}

/// The text of a statement is below four gigabytes, and so is the number of its parts.
#[allow(clippy::cast_possible_truncation)]
const fn id(index: usize) -> u32 {
    index as u32
}

/// A relation that a FROM item names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRelation {
    /// The name as written, to be found in a catalog.
    pub name: RelationName,
    /// Where it stands.
    pub position: Position,
}
