//! Names to what they mean: the FROM items of every block, `*` written out, and each dotted name
//! bound to the columns that it can be. It must not know other models, but for the shapes of the
//! relations that the query names.
//!
//! A name that cannot be told is bound to every candidate, and a diagnostic says so; nothing is
//! dropped and nothing is invented.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::dependency::{Input, InputId, Schemas};
use crate::diagnostic::{Diagnostic, Position};
use crate::dialect::{AliasSight, Clause, Dialect};
use crate::name::{ColumnName, RelationName};
use crate::query::block::{BlockKind, Select};
use crate::query::tree::{BlockId, ExprId, Tree};
use crate::scope::{ColumnAt, From, Item, ItemSource};
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
    /// Why something is bound to more than it may be, by the block where it stands.
    pub open: Vec<(BlockId, Diagnostic)>,
    blocks: Vec<ResolvedBlock>,
    bindings: HashMap<ExprId, Binding>,
}

/// A block with its names bound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResolvedBlock {
    /// Its FROM.
    pub from: From,
    /// Its columns, in order.
    pub outputs: Vec<BlockColumn>,
    /// Columns that pass through by their own names.
    pub rest: Vec<BlockRest>,
    /// The blocks inside it, in FROM, in branches and in expressions.
    pub children: Vec<BlockId>,
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
    pub except: BTreeSet<ColumnName>,
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
        self.bindings.get(&expr)
    }

    /// Whether any block reads itself.
    #[must_use]
    pub fn has_recursion(&self) -> bool {
        let reads_itself = |item: &Item| matches!(item.source, ItemSource::Recursive(_));
        self.blocks.iter().any(|block| block.from.items.iter().any(reads_itself))
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
        input_ids: HashMap::new(),
        blocks: vec![None; tree.block_count()],
        begun: HashSet::new(),
        bindings: HashMap::new(),
        scope: Scope::new(BlockId::default()),
        outer: Vec::new(),
        children: Vec::new(),
        open: Vec::new(),
        binding: None,
        said: HashSet::new(),
    };
    for root in roots {
        resolver.block(root);
    }
    Resolved {
        inputs: resolver.inputs,
        open: resolver.open,
        blocks: resolver.blocks.into_iter().map(Option::unwrap_or_default).collect(),
        bindings: resolver.bindings,
    }
}

struct Resolver<'a> {
    tree: &'a Tree,
    schemas: &'a dyn Schemas,
    dialect: Dialect,
    inputs: Vec<Input>,
    input_ids: HashMap<RelationName, InputId>,
    blocks: Vec<Option<ResolvedBlock>>,
    begun: HashSet<BlockId>,
    bindings: HashMap<ExprId, Binding>,
    /// The innermost SELECT around the place that is being read.
    scope: Scope,
    /// Those around it, outermost first.
    outer: Vec<Scope>,
    /// The blocks inside each block that is being read.
    children: Vec<Vec<BlockId>>,
    open: Vec<(BlockId, Diagnostic)>,
    /// The name that is being bound; it is no alias of itself.
    binding: Option<ExprId>,
    said: HashSet<String>,
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
    /// The columns that are asked for with a qualifier, by the qualifier.
    asked: HashMap<ColumnName, HashSet<ColumnName>>,
    /// How many derived tables, which do not see their siblings, are being read.
    hidden: usize,
    /// Whether any word may stand before a column: the rows of a MATCH_RECOGNIZE pattern.
    qualifiers: Qualifiers,
}

impl Scope {
    fn new(block: BlockId) -> Self {
        Self {
            block,
            from: From::default(),
            aliases: HashMap::new(),
            implied: HashMap::new(),
            projecting: None,
            asked: HashMap::new(),
            hidden: 0,
            qualifiers: Qualifiers::Items,
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
        if let Some(children) = self.children.last_mut() {
            children.push(id);
        }
        if !self.begun.insert(id) {
            return;
        }
        self.children.push(Vec::new());
        with_room(|| self.read_block(id));
        let mut children = self.children.pop().unwrap_or_default();
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
    }

    fn input(&mut self, name: &RelationName, position: Position) -> InputId {
        if let Some(id) = self.input_ids.get(name) {
            return *id;
        }
        let id = InputId(u32::try_from(self.inputs.len()).unwrap_or(u32::MAX));
        self.inputs.push(Input { name: name.clone(), position });
        self.input_ids.insert(name.clone(), id);
        id
    }

    /// Says once why something is bound to more than it may be.
    fn open(&mut self, position: Position, message: String) {
        if self.said.insert(message.clone()) {
            self.open.push((self.scope.block, Diagnostic::note("column-not-bound", message).at(position)));
        }
    }

    fn select(&mut self, id: BlockId, select: &Select) -> ResolvedBlock {
        self.outer.push(std::mem::replace(&mut self.scope, Scope::new(id)));
        self.scope.asked = asked::asked(self.tree, id, select);
        self.read_from(&select.from);
        let (outputs, rest) = self.project(select);
        let mut resolved = ResolvedBlock { outputs, rest, ..ResolvedBlock::default() };
        self.clauses(id, select, &resolved);
        if let Some(outer) = self.outer.pop() {
            resolved.from = std::mem::replace(&mut self.scope, outer).from;
        }
        resolved
    }

    fn sight(&self, clause: Clause) -> AliasSight {
        self.dialect.alias_sight(clause)
    }
}
