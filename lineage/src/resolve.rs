//! Names to what they mean: the FROM items of every block, `*` written out, and each dotted name
//! bound to the columns that it can be. It must not know other models, but for the shapes of the
//! relations that the query names.
//!
//! A name that cannot be told is bound to every candidate, and a diagnostic says so; nothing is
//! dropped and nothing is invented.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use crate::dependency::{Input, InputId, Schemas, Shape};
use crate::diagnostic::{Diagnostic, Position};
use crate::dialect::{AliasSight, Clause, Dialect};
use crate::effort::Effort;
use crate::hashing::{HashMap, HashSet};
use crate::name::{ColumnName, RelationName};
use crate::query::block::{BlockKind, Select};
use crate::query::tree::{BlockId, ExprId, Tree};
use crate::query::{ReadRole, Returns};
use crate::scope::{ColumnAt, From, ItemColumn, ItemColumns};
use crate::stack::with_room;

mod asked;
mod bind;
mod from;
mod output;
mod reshape;
mod select;

pub use select::{SortedBy, sorted_by};

/// A tree with its names bound.
#[derive(Debug)]
pub struct Resolved {
    /// The relations outside the query, each once, in the order of the text.
    pub inputs: Vec<Input>,
    /// What is known of each of them.
    pub shapes: Vec<Shape>,
    /// Why something is bound to more than it may be, by the block where it stands.
    pub open: Vec<(BlockId, Diagnostic)>,
    /// Which blocks use names of a block around them, each with that block.
    pub outward: BTreeSet<(BlockId, BlockId)>,
    /// Whether it is all there.
    pub outcome: Outcome,
    /// The calls of routines that are known, by the expression.
    calls: HashMap<ExprId, RoutineCall>,
    blocks: Vec<ResolvedBlock>,
    bindings: Bindings,
}

/// A call of a routine that is known.
#[derive(Debug, Clone, Copy)]
struct RoutineCall {
    input: InputId,
    position: Position,
    returns: Returns,
}

/// Whether names were bound to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// They were.
    Complete,
    /// There are too many columns; what is there is not to be used.
    GivenUp,
}

/// What each dotted name means.
#[derive(Debug, Default)]
struct Bindings {
    /// By expression: the place in the list, from one on.
    places: Vec<u32>,
    list: Vec<Binding>,
}

impl Bindings {
    fn of(&self, expr: ExprId) -> Option<&Binding> {
        let place = self.places.get(expr.index()).copied().unwrap_or_default() as usize;
        self.list.get(place.checked_sub(1)?)
    }

    fn bind(&mut self, expr: ExprId, binding: Binding) {
        self.list.push(binding);
        if let (Some(place), Ok(last)) = (self.places.get_mut(expr.index()), u32::try_from(self.list.len())) {
            *place = last;
        }
    }
}

/// A block with its names bound.
#[derive(Debug, Clone, Default)]
pub struct ResolvedBlock {
    /// Its FROM.
    pub from: From,
    /// Its columns, in order.
    pub outputs: Vec<BlockColumn>,
    /// Columns that pass through by their own names.
    pub rest: Vec<BlockRest>,
    /// The blocks inside it, in FROM, in branches and in expressions.
    pub children: Vec<BlockId>,
    /// Where each column stands; made when it is first asked for.
    places: OnceLock<HashMap<ColumnName, usize>>,
}

impl ResolvedBlock {
    /// The place of a column by its name; the first of several.
    #[must_use]
    pub fn column(&self, name: &ColumnName) -> Option<usize> {
        const FEW: usize = 8;
        if self.outputs.len() <= FEW {
            return self.outputs.iter().position(|column| column.name == *name);
        }
        let places = self.places.get_or_init(|| {
            let columns = self.outputs.iter().enumerate();
            columns.map(|(place, column)| (column.name.clone(), place)).rev().collect()
        });
        places.get(name).copied()
    }
}

/// A column of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockColumn {
    /// Its name.
    pub name: ColumnName,
    /// What it is.
    pub value: Value,
    /// Where it is projected.
    pub position: Position,
}

/// What a column of a block is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// An expression.
    Expr(ExprId),
    /// Columns of FROM items, as a star finds them: one, or those that a USING merges.
    Columns(Vec<(usize, ColumnAt)>),
    /// One column of each branch of a set operation that has it.
    Branches(Vec<(BlockId, ColumnAt)>),
    /// One expression of each row of VALUES.
    Rows(Vec<ExprId>),
}

/// Columns that pass through a block by their own names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockRest {
    /// Where from.
    pub of: RestOf,
    /// What does not pass.
    pub except: Arc<BTreeSet<ColumnName>>,
}

/// Where columns pass through a block from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestOf {
    /// From a FROM item.
    Item(usize),
    /// The fields of a record.
    Fields(ExprId),
    /// The fields of columns of FROM items, perhaps of an outer SELECT.
    Record(Vec<ColumnUse>),
    /// From a branch of a set operation, whose names the result has.
    Branch(BlockId),
    /// From another branch, whose columns are matched by position: any of them may be meant.
    AnyOf(BlockId),
}

/// What a dotted name means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Binding {
    /// Nothing that changes: a parameter, a variable, a constant that is spelled like a name.
    Free,
    /// Columns: one, those that a USING merges, or every candidate.
    Columns(Vec<ColumnUse>),
    /// The expression of a SELECT alias, and the fields of it that are asked for.
    Alias(ExprId, Vec<ColumnName>),
    /// The expression of a SELECT alias, or columns of the same name.
    AliasOr(ExprId, Vec<ColumnUse>),
}

/// A use of a column.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ColumnUse {
    /// The block whose FROM item it is: an outer one in a correlated subquery.
    pub block: BlockId,
    /// The item.
    pub item: usize,
    /// The column.
    pub column: ColumnAt,
    /// The field of it.
    pub fields: Vec<ColumnName>,
}

impl Resolved {
    /// A block; an empty one if nothing reaches it.
    #[must_use]
    pub fn block(&self, id: BlockId) -> &ResolvedBlock {
        &self.blocks[id.index()]
    }

    /// What a dotted name means, or a star as an argument; `None` for other expressions.
    #[must_use]
    pub fn binding(&self, expr: ExprId) -> Option<&Binding> {
        self.bindings.of(expr)
    }

    /// The routine that an expression calls, if it is known to be one, and where.
    #[must_use]
    pub fn call(&self, expr: ExprId) -> Option<(InputId, Position)> {
        self.calls.get(&expr).map(|call| (call.input, call.position))
    }

    /// Whether an expression calls a routine that is known to return any number of rows.
    #[must_use]
    pub fn calls_for_rows(&self, expr: ExprId) -> bool {
        self.calls.get(&expr).is_some_and(|call| call.returns == Returns::Rows)
    }

    /// All calls of routines, in any order.
    pub fn calls(&self) -> impl Iterator<Item = (InputId, Position)> {
        self.calls.values().map(|call| (call.input, call.position))
    }

    /// A block and all inside it, each once, in the order of the ids.
    #[must_use]
    pub fn within(&self, block: BlockId) -> BTreeSet<BlockId> {
        let mut found = BTreeSet::new();
        let mut ahead = vec![block];
        while let Some(id) = ahead.pop() {
            if found.insert(id) {
                ahead.extend(&self.block(id).children);
            }
        }
        found
    }
}

/// Binds the names of the blocks that are asked for, and of all blocks in them.
#[must_use]
pub fn resolve(tree: &Tree, roots: impl IntoIterator<Item = BlockId>, schemas: &dyn Schemas) -> Resolved {
    let mut resolver = Resolver {
        tree,
        schemas,
        dialect: tree.dialect,
        inputs: Vec::new(),
        shapes: Vec::new(),
        input_columns: Vec::new(),
        input_ids: HashMap::default(),
        blocks: vec![None; tree.block_count()],
        block_columns: vec![None; tree.block_count()],
        progress: vec![Progress::Ahead; tree.block_count()],
        bindings: Bindings { places: vec![0; tree.expr_count()], list: Vec::new() },
        scope: Scope::new(BlockId::default()),
        outer: Vec::new(),
        reading: Vec::new(),
        outward: BTreeSet::new(),
        open: Vec::new(),
        binding: None,
        said: HashSet::default(),
        made_of: RefCell::default(),
        effort: Effort::new(MOST),
    };
    for root in roots {
        resolver.block(root);
    }
    let calls = resolver.calls();
    Resolved {
        calls,
        inputs: resolver.inputs,
        shapes: resolver.shapes,
        open: resolver.open,
        outward: resolver.outward,
        outcome: if resolver.effort.is_spent() { Outcome::GivenUp } else { Outcome::Complete },
        blocks: resolver.blocks.into_iter().map(Option::unwrap_or_default).collect(),
        bindings: resolver.bindings,
    }
}

struct Resolver<'a> {
    tree: &'a Tree,
    schemas: &'a dyn Schemas,
    dialect: Dialect,
    inputs: Vec<Input>,
    /// What is known of each input.
    shapes: Vec<Shape>,
    /// The same, as FROM items have it.
    input_columns: Vec<Arc<ItemColumns>>,
    input_ids: HashMap<RelationName, InputId>,
    blocks: Vec<Option<ResolvedBlock>>,
    /// The columns of each block that was read to the end, as FROM items have them.
    block_columns: Vec<Option<Arc<ItemColumns>>>,
    progress: Vec<Progress>,
    bindings: Bindings,
    /// The innermost SELECT around the place that is being read.
    scope: Scope,
    /// Those around it, outermost first.
    outer: Vec<Scope>,
    /// The blocks that are being read, outermost first, each with the blocks inside it.
    reading: Vec<(BlockId, Vec<BlockId>)>,
    outward: BTreeSet<(BlockId, BlockId)>,
    open: Vec<(BlockId, Diagnostic)>,
    /// The name that is being bound; it is no alias of itself.
    binding: Option<ExprId>,
    said: HashSet<String>,
    /// The columns that aliases are made of, for those that were asked.
    made_of: RefCell<HashMap<ExprId, MadeOf>>,
    effort: Effort,
}

/// Columns, each by its block, the item of that block's FROM, and the column there.
type MadeOf = HashSet<(BlockId, usize, ColumnAt)>;

/// So many columns and candidates of one statement are kept: some hundreds of megabytes.
const MOST: usize = 2_000_000;

/// How far a block is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Ahead,
    Begun,
    Done,
}

/// What a SELECT that is being read brings into sight.
struct Scope {
    block: BlockId,
    from: From,
    /// The aliases of the projection so far.
    aliases: HashMap<ColumnName, ExprId>,
    /// The names that dotted columns get in the result without an alias.
    implied: HashMap<ColumnName, ExprId>,
    /// The projected expression that is being read; its own alias is not in sight.
    projecting: Option<ExprId>,
    /// How many derived tables, which do not see their siblings, are being read.
    hidden: usize,
    /// Whether any word may stand before a column: the rows of a MATCH_RECOGNIZE pattern.
    qualifiers: Qualifiers,
    /// The place among the outer SELECTs of the nearest one whose items are in sight.
    around: Option<usize>,
}

impl Scope {
    fn new(block: BlockId) -> Self {
        Self {
            block,
            from: From::default(),
            aliases: HashMap::default(),
            implied: HashMap::default(),
            projecting: None,
            hidden: 0,
            qualifiers: Qualifiers::Items,
            around: None,
        }
    }
}

/// Which words may qualify a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Qualifiers {
    Items,
    Anything,
}

impl Resolver<'_> {
    /// Reads a block, once.
    fn block(&mut self, id: BlockId) {
        if let Some((_, children)) = self.reading.last_mut() {
            children.push(id);
        }
        if self.progress[id.index()] != Progress::Ahead || self.effort.is_spent() {
            return;
        }
        self.progress[id.index()] = Progress::Begun;
        self.reading.push((id, Vec::new()));
        with_room(|| self.read_block(id));
        let (_, mut children) = self.reading.pop().unwrap_or_default();
        children.sort_unstable();
        children.dedup();
        if let Some(block) = &mut self.blocks[id.index()] {
            block.children = children;
        }
    }

    fn read_block(&mut self, id: BlockId) {
        let tree = self.tree;
        let block = tree.block(id);
        let mut resolved = match &block.kind {
            BlockKind::Select(select) => self.select(id, select),
            BlockKind::SetOperation(operation) => self.set_operation(id, operation),
            BlockKind::Values(rows) => self.values(rows, block.position),
        };
        for (column, name) in resolved.outputs.iter_mut().zip(&block.columns) {
            column.name = tree.name(*name).clone();
        }
        if !matches!(block.kind, BlockKind::Select(_)) {
            self.bind_behind(id, &resolved);
        }
        self.blocks[id.index()] = Some(resolved);
        self.progress[id.index()] = Progress::Done;
    }

    /// The calls of routines that are known; those come behind the relations that are read.
    fn calls(&mut self) -> HashMap<ExprId, RoutineCall> {
        let tree = self.tree;
        let mut ids: HashMap<&RelationName, Option<(InputId, Returns)>> = HashMap::default();
        let mut calls = HashMap::default();
        for (call, name) in tree.calls() {
            let id = *ids.entry(name).or_insert_with(|| {
                let id = InputId(u32::try_from(self.inputs.len()).unwrap_or(u32::MAX));
                let routine = Input { name: name.clone(), position: call.position, role: ReadRole::Call };
                self.schemas.routine(name).map(|returns| {
                    self.inputs.push(routine);
                    self.shapes.push(Shape::default());
                    (id, returns)
                })
            });
            if let Some((input, returns)) = id {
                calls.insert(call.expr, RoutineCall { input, position: call.position, returns });
            }
        }
        calls
    }

    fn input(&mut self, name: &RelationName, position: Position) -> InputId {
        if let Some(id) = self.input_ids.get(name) {
            return *id;
        }
        let id = InputId(u32::try_from(self.inputs.len()).unwrap_or(u32::MAX));
        let shape = self.schemas.shape(name);
        self.effort.spend(shape.columns.len());
        self.input_columns.push(Arc::new(shape.columns.iter().cloned().map(ItemColumn::same).collect()));
        self.shapes.push(shape);
        self.inputs.push(Input { name: name.clone(), position, role: ReadRole::Table });
        self.input_ids.insert(name.clone(), id);
        id
    }

    /// Remembers that the block that is being read uses columns of blocks around it.
    fn look_outward(&mut self, uses: &[ColumnUse]) {
        for used in uses {
            self.look_outward_to(used.block);
        }
    }

    fn look_outward_to(&mut self, block: BlockId) {
        if let Some((own, _)) = self.reading.last()
            && *own != block
        {
            self.outward.insert((*own, block));
        }
    }

    /// Says once why something is bound to more than it may be.
    fn open(&mut self, position: Position, message: String) {
        if self.said.insert(message.clone()) {
            self.open.push((self.scope.block, Diagnostic::note("column-not-bound", message).at(position)));
        }
    }

    /// Begins a SELECT inside the one that is being read.
    fn enter(&mut self, id: BlockId) {
        let outer = std::mem::replace(&mut self.scope, Scope::new(id));
        // While a SELECT inside it is read, what a SELECT hides stays hidden.
        self.scope.around = if outer.hidden == 0 { Some(self.outer.len()) } else { outer.around };
        self.outer.push(outer);
    }

    /// Ends it; what it had in sight.
    fn leave(&mut self) -> From {
        match self.outer.pop() {
            Some(outer) => std::mem::replace(&mut self.scope, outer).from,
            None => From::default(),
        }
    }

    fn select(&mut self, id: BlockId, select: &Select) -> ResolvedBlock {
        self.enter(id);
        self.scope.from.ask(asked::asked(self.tree, id, select));
        self.read_from(&select.from);
        let (outputs, rest) = self.project(select);
        let mut resolved = ResolvedBlock { outputs, rest, ..ResolvedBlock::default() };
        self.clauses(id, select, &resolved);
        resolved.from = self.leave();
        resolved
    }

    fn sight(&self, clause: Clause) -> AliasSight {
        self.dialect.alias_sight(clause)
    }
}
