//! Queries: CTEs, set operations, ORDER BY and LIMIT. Long chains of set operations take no stack.

use sqlparser::ast::{
    self, Fetch, ForClause, LimitClause, OrderBy, OrderByKind, OrderBySort, Query, SetExpr, SetOperator as AstOperator,
    SetQuantifier, Values,
};

use super::{Cte, CteState, Lowering, Scope, function, start};
use crate::diagnostic::Position;
use crate::dialect::Dialect;
use crate::hashing::HashMap;
use crate::name::{ColumnName, Quoting, RelationName};
use crate::query::block::{
    Block, BlockKind, Duplicates, FromItem, Join, Lateral, Limit, Matching, Projection, ProjectionKind, Select,
    SetOperation, SetOperator, Source,
};
use crate::query::tree::{BlockId, Direction, Expr, ExprId, List, NamedRelation, SortKey, Symbol};

/// CTEs under WITH RECURSIVE that each name a later one; beyond it nobody has written the text.
const MAX_AWAITED: usize = 24;

/// What stands before ORDER BY and LIMIT.
pub(super) enum Body {
    /// A block that can still be given an order and a limit.
    Open(Block),
    /// A query in brackets, or what another statement returns.
    Done(BlockId),
}

impl<'a> Lowering<'a> {
    /// A query, with its CTEs; the block belongs to nobody else.
    pub(super) fn query(&mut self, query: &'a Query) -> BlockId {
        let scoped = query.with.is_some();
        if let Some(with) = &query.with {
            self.with(with);
        }
        let mut block = if query.pipe_operators.is_empty() {
            let body = self.body(&query.body);
            self.ordered(body, query)
        } else {
            self.piped(query)
        };
        match &query.for_clause {
            Some(ForClause::Json { .. }) => block = self.as_one_text(block, "json"),
            Some(ForClause::Xml { .. }) => block = self.as_one_text(block, "xml"),
            Some(ForClause::Browse) | None => {}
        }
        if scoped {
            self.scopes.pop();
        }
        block
    }

    fn with(&mut self, with: &'a ast::With) {
        self.scopes.push(Scope::Ctes(HashMap::default()));
        if !with.recursive {
            for cte in &with.cte_tables {
                let index = self.ctes.len();
                self.ctes.push(Cte { ast: cte, state: CteState::Waiting });
                // Where the keyword is optional, a union is what a recursive CTE looks like.
                let implied = matches!(self.dialect, Dialect::TSql | Dialect::Snowflake);
                if implied && matches!(&*cte.query.body, SetExpr::SetOperation { .. }) {
                    self.show(index);
                    self.lower_cte(index);
                } else {
                    self.lower_cte(index);
                    self.show(index);
                }
            }
            return;
        }
        let first = self.ctes.len();
        for cte in &with.cte_tables {
            self.ctes.push(Cte { ast: cte, state: CteState::Waiting });
        }
        let all = first..self.ctes.len();
        all.clone().for_each(|index| self.show(index));
        for index in all {
            if matches!(self.ctes[index].state, CteState::Waiting) {
                self.lower_cte(index);
            }
        }
    }

    /// Makes the name of a CTE visible in the innermost scope.
    fn show(&mut self, index: usize) {
        let name = self.symbol(&self.ctes[index].ast.alias.name);
        if let Some(Scope::Ctes(names)) = self.scopes.last_mut() {
            names.insert(name, index);
        }
    }

    fn lower_cte(&mut self, index: usize) {
        let cte = self.ctes[index].ast;
        self.ctes[index].state = CteState::Open(None);
        let block = self.query(&cte.query);
        let name = self.symbol(&cte.alias.name);
        let columns = self.symbols(cte.alias.columns.iter().map(|column| &column.name));
        let lowered = self.build.block_mut(block);
        lowered.name = Some(name);
        lowered.columns = columns;
        if let CteState::Open(Some(stand_in)) = self.ctes[index].state {
            self.build.recursive(stand_in, block);
        }
        self.ctes[index].state = CteState::Done(block);
    }

    /// The CTE that a name of one part means here.
    pub(super) fn cte(&mut self, name: Symbol, position: Position) -> Option<Source> {
        let mut scopes = self.scopes.iter().enumerate().rev();
        let (scope, index) = scopes.find_map(|(scope, names)| match names {
            Scope::Ctes(names) => names.get(&name).map(|index| (scope, *index)),
            Scope::Items { .. } => None,
        })?;
        if matches!(self.ctes[index].state, CteState::Waiting) {
            if self.awaited >= MAX_AWAITED {
                self.refuse();
                return Some(Source::Block(self.build.block(Block::nothing(position))));
            }
            let inner = self.scopes.split_off(scope + 1);
            self.awaited += 1;
            self.lower_cte(index);
            self.awaited -= 1;
            self.scopes.extend(inner);
        }
        Some(match self.ctes[index].state {
            CteState::Done(block) => Source::Block(block),
            CteState::Open(Some(stand_in)) => Source::Recursive(stand_in),
            CteState::Open(None) | CteState::Waiting => {
                let stand_in = self.build.reserve(position);
                self.ctes[index].state = CteState::Open(Some(stand_in));
                Source::Recursive(stand_in)
            }
        })
    }

    /// What a query is without its CTEs, its order and its limit.
    pub(super) fn body(&mut self, body: &'a SetExpr) -> Body {
        let mut steps = Vec::new();
        let mut at = body;
        while let SetExpr::SetOperation { left, op, set_quantifier, right } = at {
            steps.push((*op, *set_quantifier, &**right));
            at = left;
        }
        let mut built = self.branch(at);
        let place = self.position_of_body(at);
        while let Some((operator, quantifier, right)) = steps.pop() {
            let mut branches = vec![self.finished(built), self.branch_block(right)];
            while let Some((next, same, right)) = steps.last()
                && *next == operator
                && *same == quantifier
            {
                branches.push(self.branch_block(right));
                steps.pop();
            }
            let block = self.set_operation(operator, quantifier, branches, place);
            built = Body::Open(block);
        }
        built
    }

    pub(super) fn finished(&mut self, body: Body) -> BlockId {
        match body {
            Body::Open(block) => self.build.block(block),
            Body::Done(block) => block,
        }
    }

    fn branch_block(&mut self, body: &'a SetExpr) -> BlockId {
        let built = self.branch(body);
        self.finished(built)
    }

    pub(super) fn set_operation(
        &mut self,
        operator: AstOperator,
        quantifier: SetQuantifier,
        branches: Vec<BlockId>,
        place: Position,
    ) -> Block {
        let operator = match operator {
            AstOperator::Union => SetOperator::Union,
            AstOperator::Intersect => SetOperator::Intersect,
            AstOperator::Except | AstOperator::Minus => SetOperator::Except,
        };
        let (duplicates, matching) = match quantifier {
            SetQuantifier::All => (Duplicates::Kept, Matching::Position),
            SetQuantifier::AllByName => (Duplicates::Kept, self.by_name()),
            SetQuantifier::ByName | SetQuantifier::DistinctByName => (Duplicates::Dropped, self.by_name()),
            SetQuantifier::Distinct | SetQuantifier::None => (Duplicates::Dropped, Matching::Position),
        };
        let operation = SetOperation { operator, duplicates, matching, branches };
        Block::new(BlockKind::SetOperation(operation), place)
    }

    /// How BY NAME matches columns: as it says, or as CORRESPONDING, for which it stands.
    fn by_name(&mut self) -> Matching {
        let notes = self.notes;
        let Some(names) = &notes.corresponding else { return Matching::Name };
        let symbol = |(name, quoting): &(String, Quoting)| ColumnName::new(self.dialect, name, *quoting);
        let names: Vec<ColumnName> = names.iter().map(symbol).collect();
        Matching::Corresponding(names.into_iter().map(|name| self.build.symbol(name)).collect())
    }

    fn branch(&mut self, body: &'a SetExpr) -> Body {
        match body {
            SetExpr::Select(select) => Body::Open(self.select(select)),
            SetExpr::Query(query) => Body::Done(self.query(query)),
            SetExpr::SetOperation { .. } => self.body(body),
            SetExpr::Values(values) => Body::Open(self.values(values)),
            SetExpr::Table(table) => {
                let parts = [&table.schema_name, &table.table_name];
                let parts: Vec<&'a str> = parts.into_iter().flatten().map(String::as_str).collect();
                Body::Done(self.table_command(&parts))
            }
            SetExpr::Insert(statement)
            | SetExpr::Update(statement)
            | SetExpr::Delete(statement)
            | SetExpr::Merge(statement) => Body::Done(self.returning(statement)),
        }
    }

    /// `TABLE orders`.
    fn table_command(&mut self, parts: &[&'a str]) -> BlockId {
        let place = self.origin.0;
        if let [name] = parts {
            let symbol = self.made_up(name, Quoting::Bare);
            if let Some(source) = self.cte(symbol, place) {
                return self.all_of(source, place);
            }
        }
        let name = RelationName::bare(self.dialect, parts.iter().copied());
        self.rows_of((name, place))
    }

    /// `SELECT * FROM relation`.
    pub(super) fn rows_of(&mut self, (name, position): (RelationName, Position)) -> BlockId {
        let source = Source::Relation { relation: NamedRelation { name, position }, version: None };
        self.all_of(source, position)
    }

    /// `SELECT * FROM source`.
    pub(super) fn all_of(&mut self, source: Source, position: Position) -> BlockId {
        self.all_of_item(item(source, position))
    }

    /// `SELECT * FROM item`.
    pub(super) fn all_of_item(&mut self, item: FromItem) -> BlockId {
        self.build.block(Self::all_of_rows(item))
    }

    fn all_of_rows(item: FromItem) -> Block {
        let position = item.position;
        let kind = ProjectionKind::Star(Box::default());
        let projection = vec![Projection { kind, position }];
        let select = Select { from: vec![item], projection, ..Select::default() };
        Block::new(BlockKind::Select(Box::new(select)), position)
    }

    fn values(&mut self, values: &'a Values) -> Block {
        let mut rows = Vec::with_capacity(values.rows.len());
        for row in &values.rows {
            let row: Vec<ExprId> = row.content.iter().map(|value| self.assigned_value(value)).collect();
            rows.push(self.build.list(&row));
        }
        let place = values.rows.first().and_then(|row| row.content.first()).and_then(start::of_expr);
        let place = place.map_or(self.origin.0, |place| self.place_of(place));
        Block::new(BlockKind::Values(rows), place)
    }

    pub(super) fn position_of_body(&self, body: &SetExpr) -> Position {
        start::of_body(body).map_or(self.origin.0, |place| self.place_of(place))
    }

    /// ORDER BY, LIMIT and FETCH behind a body.
    pub(super) fn ordered(&mut self, body: Body, query: &'a Query) -> BlockId {
        let blocks = self.build.tree().block_count();
        let order_by = query.order_by.as_ref().map(|order| self.order_by(order)).unwrap_or_default();
        let limit = self.limit(query.limit_clause.as_ref(), query.fetch.as_ref());
        let mut block = match body {
            Body::Open(block) if block.limit.is_none() || limit.is_none() => block,
            body => {
                let inner = self.finished(body);
                if order_by.is_empty() && limit.is_none() {
                    return inner;
                }
                // A query in brackets can have an order and a limit of its own, and TOP is one too.
                let later = self.build.tree().block_count() > blocks;
                let known = self.build.block_mut(inner);
                if known.order_by.is_empty() && known.limit.is_none() && !later {
                    known.order_by = order_by;
                    known.limit = limit;
                    return inner;
                }
                let place = self.build.tree().block(inner).position;
                let from = item(Source::Block(inner), place);
                Self::all_of_rows(from)
            }
        };
        block.order_by.extend(order_by);
        block.limit = limit.or(block.limit);
        self.build.block(block)
    }

    pub(super) fn order_by(&mut self, order: &'a OrderBy) -> Vec<SortKey> {
        let mut keys: Vec<SortKey> = match &order.kind {
            OrderByKind::All(options) => {
                let direction = match &options.sort {
                    Some(OrderBySort::Desc) => Direction::Descending,
                    _ => Direction::Ascending,
                };
                let expr = self.build.expr(Expr::Star(None));
                vec![SortKey { expr, direction, nulls: function::nulls(options.nulls_first) }]
            }
            OrderByKind::Expressions(keys) => keys.iter().map(|key| self.sort_key(key)).collect(),
        };
        let filled = order.interpolate.iter().flat_map(|interpolate| interpolate.exprs.iter().flatten());
        for item in filled {
            if let Some(expr) = &item.expr {
                let expr = self.expr(expr);
                let name = self.symbol(&item.column);
                let named = self.build.expr(Expr::Named(name, expr));
                let expr = self.apply("interpolate", &[named]);
                keys.push(SortKey { expr, direction: Direction::Ascending, nulls: None });
            }
        }
        keys
    }

    fn limit(&mut self, clause: Option<&'a LimitClause>, fetch: Option<&'a Fetch>) -> Option<Limit> {
        let mut limit = Limit { count: None, offset: None, by: List::default(), modifiers: None };
        match clause {
            Some(LimitClause::LimitOffset { limit: count, offset, limit_by }) => {
                limit.count = count.as_ref().map(|count| self.expr(count));
                limit.offset = offset.as_ref().map(|offset| self.expr(&offset.value));
                let by = self.exprs(limit_by);
                limit.by = self.build.list(&by);
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit: count }) => {
                limit.offset = Some(self.expr(offset));
                limit.count = Some(self.expr(count));
            }
            None => {}
        }
        if let Some(fetch) = fetch {
            limit.count = Some(match &fetch.quantity {
                Some(quantity) => self.expr(quantity),
                None => self.one(),
            });
            limit.modifiers = self.limit_modifiers(fetch.percent, fetch.with_ties);
        }
        (limit.count.is_some() || limit.offset.is_some()).then_some(limit)
    }

    fn one(&mut self) -> ExprId {
        self.literal(crate::query::tree::LiteralKind::Number, "1")
    }

    pub(super) fn limit_modifiers(&mut self, percent: bool, ties: bool) -> Option<crate::query::tree::Text> {
        match (percent, ties) {
            (false, false) => None,
            (true, false) => Some(self.text("percent")),
            (false, true) => Some(self.text("with ties")),
            (true, true) => Some(self.text("percent with ties")),
        }
    }
}

/// A FROM item without a name, the first of its FROM.
pub(super) const fn item(source: Source, position: Position) -> FromItem {
    FromItem {
        join: Join::cross(),
        source,
        alias: None,
        columns: Vec::new(),
        lateral: Lateral::No,
        sample: None,
        position,
    }
}
