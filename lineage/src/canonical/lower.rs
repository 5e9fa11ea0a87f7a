//! From a tree with its names bound to plans: block by block, from the inside out. What is not
//! understood becomes an opaque plan. It must not know when two forms mean the same.

use super::Relations;
use super::plan::{Plan, PlanId};
use super::term::{Column, Part, Term, TermId, Traits, Word};
use super::terms::{Terms, number};
use crate::hashing::{HashMap, HashSet};
use crate::name::{ColumnName, RelationName};
use crate::query::block::{BlockKind, Matching, SetOperation, SetOperator};
use crate::query::tree::{BlockId, ExprId, Symbol, Tree};
use crate::resolve::{ColumnUse, Resolved, ResolvedBlock, Value};
use crate::scope::{self, ColumnAt, ItemSource, Parts};
use crate::stack::with_room;

mod expr;
mod from;
mod opaque;
mod select;

/// So many blocks are lowered for one statement; a CTE that is read in several places counts once,
/// unless it stands in a correlated or recursive query.
const MOST_BLOCKS: usize = 20_000;

/// What lowers one statement.
pub(super) struct Lowering<'a> {
    pub(super) terms: &'a mut Terms,
    pub(super) tree: &'a Tree,
    pub(super) resolved: &'a Resolved,
    pub(super) relations: &'a dyn Relations,
    /// The blocks around the place that is read, outermost first.
    frames: Vec<Frame<'a>>,
    /// Blocks that use nothing around them.
    closed: HashMap<BlockId, PlanId>,
    /// The blocks that name themselves.
    recursions: HashSet<BlockId>,
    /// How many FROM items read each block.
    readers: HashMap<BlockId, usize>,
    /// How many blocks were found that are read several times and differ from call to call.
    volatile: usize,
    /// Those that name themselves and are being read, outermost first.
    recursive: Vec<BlockId>,
    /// How many blocks were read.
    read: usize,
    /// The form of each block by itself, in the order in which they were read to their ends.
    pub(super) stages: Vec<PlanId>,
    /// Why there is no form, where there is none.
    pub(super) refused: Option<String>,
}

/// A block that is being read.
struct Frame<'a> {
    block: BlockId,
    from: Option<&'a scope::From>,
    known: HashMap<ExprId, TermId>,
    /// The parameters of the lambdas around the place that is read, outermost first.
    lambdas: Vec<&'a [Symbol]>,
    /// The aliases that are being read.
    aliases: HashSet<ExprId>,
}

impl<'a> Lowering<'a> {
    pub(super) fn new(
        terms: &'a mut Terms,
        tree: &'a Tree,
        resolved: &'a Resolved,
        relations: &'a dyn Relations,
    ) -> Self {
        Self {
            terms,
            tree,
            resolved,
            relations,
            frames: Vec::new(),
            closed: HashMap::default(),
            recursions: from::recursions(tree),
            readers: from::readers(tree),
            volatile: 0,
            recursive: Vec::new(),
            read: 0,
            stages: Vec::new(),
            refused: None,
        }
    }

    /// The plan of a block.
    pub(super) fn block(&mut self, id: BlockId) -> PlanId {
        if let Some(known) = self.closed.get(&id) {
            return *known;
        }
        self.read += 1;
        if self.read > MOST_BLOCKS || self.terms.effort.is_spent() {
            self.refuse("it is too large");
        }
        if self.refused.is_some() {
            return self.nothing();
        }
        let plan = if self.recursions.contains(&id) {
            self.recursive.push(id);
            self.enter(id);
            let inner = with_room(|| self.read_block(id));
            self.leave();
            self.recursive.pop();
            self.terms.keep_plan(Plan::Recursive(inner))
        } else {
            with_room(|| self.read_block(id))
        };
        self.stages.push(plan);
        let plan = self.once(id, plan);
        if self.terms.plan_facts(plan).outer == 0 && self.recursive.is_empty() {
            self.closed.insert(id, plan);
        }
        self.terms.plan_origins.entry(plan).or_insert(self.tree.block(id).position);
        plan
    }

    /// A CTE that differs from call to call is worked out once for all who read it, or so it may be:
    /// it is not the same as another that is written alike.
    fn once(&mut self, id: BlockId, plan: PlanId) -> PlanId {
        let facts = self.terms.plan_facts(plan);
        if !facts.traits.has(Traits::VOLATILE) || self.readers.get(&id).copied().unwrap_or_default() < 2 {
            return plan;
        }
        if facts.outer > 0 {
            self.refuse("a correlated query that differs from call to call is read twice");
            return plan;
        }
        self.volatile += 1;
        let bound = self.resolved.block(id);
        let text = format!("read several times, {} of {}", self.volatile, bound.outputs.len());
        let text = self.terms.word(&text);
        if bound.rest.is_empty() {
            self.terms.widths.insert(text, bound.outputs.len());
        }
        self.terms.keep_plan(Plan::Opaque(text, Vec::new(), vec![plan]))
    }

    fn nothing(&mut self) -> PlanId {
        self.terms.keep_plan(Plan::Values(Vec::new()))
    }

    fn refuse(&mut self, why: &str) {
        self.refused.get_or_insert_with(|| why.to_owned());
    }

    fn read_block(&mut self, id: BlockId) -> PlanId {
        let (tree, resolved) = (self.tree, self.resolved);
        let block = tree.block(id);
        let bound = resolved.block(id);
        let names_of_rest = !block.columns.is_empty() && !bound.rest.is_empty();
        if names_of_rest {
            return self.opaque(id);
        }
        match &block.kind {
            BlockKind::Select(select) => self.select(id, select),
            BlockKind::SetOperation(operation) => self.set_operation(id, operation, bound),
            BlockKind::Values(rows) => {
                self.enter(id);
                let rows: Vec<Vec<TermId>> =
                    rows.iter().map(|row| tree.list(*row).iter().map(|expr| self.expr(*expr)).collect()).collect();
                self.leave();
                if !block.order_by.is_empty() || block.limit.is_some() {
                    return self.opaque(id);
                }
                self.terms.values(rows)
            }
        }
    }

    fn set_operation(&mut self, id: BlockId, operation: &SetOperation, bound: &ResolvedBlock) -> PlanId {
        let block = self.tree.block(id);
        let branches: Vec<PlanId> = {
            self.enter(id);
            let branches = operation.branches.iter().map(|branch| self.block(*branch)).collect();
            self.leave();
            branches
        };
        if !bound.rest.is_empty() || block.limit.is_some_and(|limit| !limit.by.is_empty()) {
            return self.opaque(id);
        }
        let Some(branches) = self.matched(operation, bound, branches) else { return self.opaque(id) };
        let Some((order, limit)) = self.behind(id, bound) else { return self.opaque(id) };
        self.terms.set(super::plan::SetPlan {
            operator: operation.operator,
            duplicates: operation.duplicates,
            branches,
            width: number(bound.outputs.len()),
            order,
            limit,
        })
    }

    /// The branches of a set operation with their columns in the order of the result.
    fn matched(
        &mut self,
        operation: &SetOperation,
        bound: &ResolvedBlock,
        branches: Vec<PlanId>,
    ) -> Option<Vec<PlanId>> {
        let mut columns: Vec<Vec<Option<usize>>> = vec![Vec::with_capacity(bound.outputs.len()); branches.len()];
        let places: HashMap<BlockId, usize> =
            operation.branches.iter().enumerate().rev().map(|(place, branch)| (*branch, place)).collect();
        // A CTE may be several branches at once.
        if places.len() < branches.len() && operation.matching != Matching::Position {
            return None;
        }
        // What stands behind EXCEPT gives no values; its columns are matched all the same.
        let gives_first = operation.operator == SetOperator::Except && operation.matching == Matching::Position;
        let is_as_wide = |branch: &BlockId| {
            let found = self.resolved.block(*branch);
            found.rest.is_empty() && found.outputs.len() == bound.outputs.len()
        };
        for (index, column) in bound.outputs.iter().enumerate() {
            let Value::Branches(parts) = &column.value else { return None };
            if let (true, [(_, ColumnAt::Known(at))]) = (gives_first, parts.as_slice()) {
                if !operation.branches.iter().all(is_as_wide) {
                    return None;
                }
                columns.iter_mut().for_each(|columns| columns.push(Some(index)));
                columns[0][index] = Some(*at);
                continue;
            }
            if operation.matching == Matching::Position {
                if parts.len() != branches.len() {
                    return None;
                }
                for (place, (_, at)) in parts.iter().enumerate() {
                    let ColumnAt::Known(at) = at else { return None };
                    columns[place].push(Some(*at));
                }
                continue;
            }
            let mut found: Vec<Option<usize>> = vec![None; branches.len()];
            for (branch, at) in parts {
                let ColumnAt::Known(at) = at else { return None };
                found[*places.get(branch)?] = Some(*at);
            }
            columns.iter_mut().zip(found).for_each(|(columns, found)| columns.push(found));
        }
        let widths = operation.branches.iter().map(|branch| self.resolved.block(*branch).outputs.len());
        let widths: Vec<usize> = widths.collect();
        let mut matched = Vec::with_capacity(branches.len());
        for ((columns, plan), width) in columns.iter().zip(branches).zip(widths) {
            let whole = columns.len() == width;
            if whole && columns.iter().enumerate().all(|(place, at)| *at == Some(place)) {
                // A branch stands one level below the operation, as it was read.
                matched.push(plan);
                continue;
            }
            if self.terms.plan_facts(plan).outer > 0 {
                return None;
            }
            let outputs = columns
                .iter()
                .map(|at| match at {
                    Some(at) => {
                        self.terms.keep(Term::Column(Column { level: 0, input: 0, part: Part::Place(number(*at)) }))
                    }
                    None => self.terms.null(),
                })
                .collect();
            matched.push(self.terms.projection(plan, outputs));
        }
        Some(matched)
    }

    /// ORDER BY and LIMIT behind a set operation; none if they cannot be told.
    fn behind(
        &mut self,
        id: BlockId,
        bound: &ResolvedBlock,
    ) -> Option<(Vec<super::term::Sort>, Option<super::plan::Limit>)> {
        let tree = self.tree;
        let block = tree.block(id);
        let Some(limit) = block.limit else { return Some((Vec::new(), None)) };
        let mut order = Vec::new();
        for key in &block.order_by {
            let place = match crate::resolve::sorted_by(tree, bound, key.expr) {
                crate::resolve::SortedBy::Output(place) => place,
                crate::resolve::SortedBy::Unknown => return None,
                crate::resolve::SortedBy::Expr(expr) => match tree.expr(expr) {
                    crate::query::tree::Expr::Column(path, _) => match tree.path(*path) {
                        [only] => bound.column(tree.name(*only))?,
                        _ => return None,
                    },
                    _ => return None,
                },
            };
            let column = Column { level: 0, input: 0, part: Part::Place(number(place)) };
            let term = self.terms.keep(Term::Column(column));
            order.push(super::term::Sort { term, direction: key.direction, nulls: key.nulls });
        }
        self.enter(id);
        let count = limit.count.map(|count| self.expr(count));
        let offset = limit.offset.map(|offset| self.expr(offset));
        self.leave();
        let modifiers = limit.modifiers.map(|modifiers| self.terms.word(tree.text(modifiers)));
        Some((order, Some(super::plan::Limit { count, offset, by: Vec::new(), modifiers })))
    }

    fn enter(&mut self, block: BlockId) {
        self.frames.push(Frame {
            block,
            from: None,
            known: HashMap::default(),
            lambdas: Vec::new(),
            aliases: HashSet::default(),
        });
    }

    fn leave(&mut self) {
        self.frames.pop();
    }

    /// A column of a FROM item of one of the blocks around.
    fn column_use(&mut self, used: &ColumnUse) -> TermId {
        let Some(level) = self.frames.iter().rev().position(|frame| frame.block == used.block) else {
            self.refuse("a name means a column that is not in sight");
            return self.terms.null();
        };
        let from = self.frames[self.frames.len() - 1 - level].from;
        let Some(item) = from.and_then(|from| from.items.get(used.item)) else {
            self.refuse("a name means a column that is not in sight");
            return self.terms.null();
        };
        let part = match (&used.column, &item.source) {
            (ColumnAt::All, _) => {
                // The names are part of what is read then.
                if self.terms.has_renamed() {
                    self.refuse("a row is read as a whole, and one of its columns has another name");
                }
                Part::Row
            }
            (ColumnAt::Named(name), ItemSource::Input(input)) => Part::Name(self.column_word(*input, name)),
            (ColumnAt::Named(name), _) => Part::Name(self.name_word(name)),
            (ColumnAt::Known(place), ItemSource::Input(input)) => match item.columns.get(*place) {
                Some(column) if *place < item.by_place_from => {
                    let name = column.original.as_ref().unwrap_or(&column.name).clone();
                    Part::Name(self.column_word(*input, &name))
                }
                _ => Part::Place(number(*place)),
            },
            (ColumnAt::Known(place), _) => Part::Place(number(*place)),
        };
        let column = Column { level: number(level), input: number(used.item), part };
        let column = self.terms.keep(Term::Column(column));
        self.fields(column, &used.fields)
    }

    fn fields(&mut self, mut term: TermId, fields: &[ColumnName]) -> TermId {
        for field in fields {
            let name = self.name_word(field);
            term = self.terms.make(Term::Field(term, name));
        }
        term
    }

    fn name_word(&mut self, name: &ColumnName) -> Word {
        self.terms.word(name.key())
    }

    /// The word by which a column of an input is known.
    fn column_word(&mut self, input: crate::dependency::InputId, name: &ColumnName) -> Word {
        let relation = self.relation_word(&self.resolved.inputs[input.index()].name);
        self.terms.column_word(relation, name)
    }

    fn relation_word(&mut self, name: &RelationName) -> Word {
        let identity = self.relations.identity(name);
        self.terms.word(&identity)
    }

    /// What several columns mean that a name or a star is bound to, in the block that is read.
    fn columns(&mut self, uses: &[ColumnUse]) -> TermId {
        if let [only] = uses {
            return self.column_use(only);
        }
        let terms: Vec<TermId> = uses.iter().map(|used| self.column_use(used)).collect();
        let plain = uses.iter().all(|used| used.fields.is_empty() && used.block == uses[0].block);
        let parts: Parts = uses.iter().map(|used| (used.item, used.column.clone())).collect();
        let from = self.frames.iter().rev().find(|frame| frame.block == uses[0].block).and_then(|frame| frame.from);
        if plain && from.is_some_and(|from| is_merged_by_full(from, &parts)) {
            let coalesce = self.terms.word("coalesce");
            return self.terms.make(Term::Call(Box::new(super::term::Call::plain(coalesce, terms))));
        }
        let mut terms = terms;
        terms.sort_unstable();
        terms.dedup();
        self.terms.keep(Term::Candidates(terms))
    }
}

/// Whether columns are those that the USING of full joins merges, each of which is known.
fn is_merged_by_full(from: &scope::From, parts: &Parts) -> bool {
    if let [(_, at)] = parts.as_slice() {
        return !matches!(at, ColumnAt::All);
    }
    let full = from.joins.iter().filter(|step| step.kind == crate::query::block::JoinKind::Full);
    full.flat_map(|step| &step.using).any(|pair| {
        let (left, right) = (&pair.left, &pair.right);
        !left.is_empty()
            && !right.is_empty()
            && left.len() + right.len() == parts.len()
            && parts.starts_with(left)
            && parts.ends_with(right)
            && is_merged_by_full(from, left)
            && is_merged_by_full(from, right)
    })
}
