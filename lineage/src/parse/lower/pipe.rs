//! Pipe syntax, `FROM t |> WHERE … |> AGGREGATE … GROUP BY …`: SELECTs inside one another. As many
//! operators as can mean the same in one SELECT stay in one, so that the names of FROM can be used
//! behind WHERE, JOIN and ORDER BY; behind EXTEND, SET, DROP and RENAME they name the rows so far.

use sqlparser::ast::{
    ExprWithAliasAndOrderBy, FunctionArguments, JoinOperator, PipeOperator, Query, SelectFlavor, SetExpr,
    SetOperator as AstOperator,
};

use super::from::sample::limited;
use super::function::{Over, ascending};
use super::query::item;
use super::{Lowering, Scope, start};
use crate::diagnostic::Position;
use crate::name::{ColumnName, Quoting};
use crate::query::block::{
    Block, BlockKind, FromItem, GroupBy, GroupingSets, Limit, Projection, ProjectionKind, Select, Source, Star,
    Unpivot, UnpivotNulls,
};
use crate::query::tree::{BlockId, Expr, LiteralKind, SortKey, SubqueryKind, Symbol};

/// A SELECT that grows.
struct Flow {
    select: Select,
    order_by: Vec<SortKey>,
    limit: Option<Limit>,
    shape: Shape,
    place: Position,
}

/// What is projected so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Nothing is said: all columns of FROM.
    All,
    /// All, with some added, replaced or left out; the names of FROM still qualify them.
    Most,
    /// Other columns; the names of FROM are gone.
    Other,
}

impl<'a> Lowering<'a> {
    /// A query that begins with FROM and goes on with pipes, or any other before its pipes.
    pub(super) fn piped(&mut self, query: &'a Query) -> BlockId {
        self.scopes.push(Scope::Items { names: Vec::new(), hidden: 0 });
        let renamed = self.renamed.len();
        let place = self.position_of_body(&query.body);
        let mut flow = Flow::over(Vec::new(), place);
        let plain = query.order_by.is_none() && query.limit_clause.is_none() && query.fetch.is_none();
        match &*query.body {
            SetExpr::Select(select)
                if plain
                    && select.flavor == SelectFlavor::FromFirstNoSelect
                    && select.projection.is_empty()
                    && select.selection.is_none() =>
            {
                flow.select.from = self.from(&select.from);
                self.lateral_views(&select.lateral_views, &mut flow.select.from);
            }
            _ => {
                let body = self.body(&query.body);
                let block = self.ordered(body, query);
                flow.select.from.push(item(Source::Block(block), place));
            }
        }
        for operator in &query.pipe_operators {
            self.pipe(operator, &mut flow);
        }
        self.scopes.pop();
        self.renamed.truncate(renamed);
        self.flowed(flow)
    }

    /// The block of a SELECT that grows no more.
    fn flowed(&mut self, mut flow: Flow) -> BlockId {
        if flow.shape == Shape::All {
            let kind = ProjectionKind::Star(Box::default());
            flow.select.projection = vec![Projection { kind, position: flow.place }];
        }
        let mut block = Block::new(BlockKind::Select(Box::new(flow.select)), flow.place);
        block.order_by = flow.order_by;
        block.limit = flow.limit;
        self.build.block(block)
    }

    /// Goes on over the rows so far.
    fn close(&mut self, flow: &mut Flow) {
        let names = match flow.shape {
            Shape::All | Shape::Most => self.item_names(&flow.select.from),
            Shape::Other => Vec::new(),
        };
        let place = flow.place;
        let done = std::mem::replace(flow, Flow::over(Vec::new(), place));
        let block = self.flowed(done);
        let mut rows = item(Source::Block(block), place);
        rows.alias = names.first().copied();
        // Several names mean the same rows now.
        let depth = self.depth();
        for name in names.iter().skip(1) {
            self.renamed.push((*name, names[0], depth));
        }
        flow.select.from.push(rows);
    }

    fn item_names(&mut self, items: &[FromItem]) -> Vec<Symbol> {
        let mut names = Vec::new();
        for item in items {
            match (&item.alias, &item.source) {
                (Some(alias), _) => names.push(*alias),
                (None, Source::Relation { relation, .. }) => {
                    let name = ColumnName::new(self.dialect, relation.name.table(), Quoting::Bare);
                    names.push(self.build.symbol(name));
                }
                (None, Source::Nested(items)) => names.extend(self.item_names(items)),
                (None, _) => {}
            }
        }
        names
    }

    fn pipe(&mut self, operator: &'a PipeOperator, flow: &mut Flow) {
        if flow.limit.is_some() {
            self.close(flow);
        }
        match operator {
            PipeOperator::OrderBy { exprs } => {
                flow.order_by = exprs.iter().map(|key| self.sort_key(key)).collect();
                return;
            }
            PipeOperator::Limit { expr, offset } => {
                let count = Some(self.expr(expr));
                let offset = offset.as_ref().map(|offset| self.expr(offset));
                flow.limit = Some(Limit { count, offset, by: Default::default(), modifiers: None });
                return;
            }
            _ => {}
        }
        if flow.shape != Shape::All {
            self.close(flow);
        }
        match operator {
            PipeOperator::Where { expr } => {
                let condition = self.expr(expr);
                let conditions = flow.select.selection.into_iter().chain([condition]).collect();
                flow.select.selection = self.all(conditions);
            }
            PipeOperator::Join(join) => {
                let keeps_right = matches!(
                    join.join_operator,
                    JoinOperator::Right(_)
                        | JoinOperator::RightOuter(_)
                        | JoinOperator::FullOuter(_)
                        | JoinOperator::RightSemi(_)
                        | JoinOperator::RightAnti(_)
                );
                if keeps_right && flow.select.selection.is_some() {
                    self.close(flow);
                }
                let joined = self.join(join);
                flow.select.from.push(joined);
            }
            PipeOperator::Select { exprs } => {
                flow.select.projection = self.projections(exprs, flow.place);
                flow.shape = Shape::Other;
            }
            PipeOperator::Extend { exprs } => {
                let star = ProjectionKind::Star(Box::default());
                flow.select.projection = vec![Projection { kind: star, position: flow.place }];
                flow.select.projection.extend(self.projections(exprs, flow.place));
                flow.shape = Shape::Most;
            }
            PipeOperator::Aggregate { full_table_exprs, group_by_expr } => {
                self.aggregate(full_table_exprs, group_by_expr, flow);
            }
            _ => self.pipe_over_rows(operator, flow),
        }
    }

    fn pipe_over_rows(&mut self, operator: &'a PipeOperator, flow: &mut Flow) {
        match operator {
            PipeOperator::Set { assignments } => {
                let mut star = Star::default();
                for assignment in assignments {
                    let value = self.expr(&assignment.value);
                    if let sqlparser::ast::AssignmentTarget::ColumnName(name) = &assignment.target
                        && let Some(name) = self.last_symbol(name)
                    {
                        star.replace.push((name, value));
                    } else {
                        self.refuse();
                    }
                }
                flow.most(star);
            }
            PipeOperator::Drop { columns } => {
                let star = Star { except: self.symbols(columns), ..Star::default() };
                flow.most(star);
            }
            PipeOperator::Rename { mappings } => {
                let mut star = Star::default();
                for mapping in mappings {
                    star.rename.push((self.symbol(&mapping.ident), self.symbol(&mapping.alias)));
                }
                flow.most(star);
            }
            PipeOperator::As { alias } => {
                if flow.select.selection.is_some() || flow.select.from.len() > 1 || !flow.order_by.is_empty() {
                    self.close(flow);
                }
                let alias = self.symbol(alias);
                if let Some(rows) = flow.select.from.first_mut() {
                    rows.alias = Some(alias);
                }
                self.sight(alias);
            }
            PipeOperator::TableSample { sample } => {
                self.close(flow);
                let spelled = sample.to_string();
                let spelled = self.lower_text(spelled.trim());
                if let Some(rows) = flow.select.from.first_mut() {
                    rows.sample = Some(spelled);
                }
                if let Some(count) = self.sample_size(sample) {
                    flow.limit = Some(limited(count));
                    self.close(flow);
                }
            }
            PipeOperator::Union { set_quantifier, queries } => {
                self.pipe_set(AstOperator::Union, *set_quantifier, queries, flow);
            }
            PipeOperator::Intersect { set_quantifier, queries } => {
                self.pipe_set(AstOperator::Intersect, *set_quantifier, queries, flow);
            }
            PipeOperator::Except { set_quantifier, queries } => {
                self.pipe_set(AstOperator::Except, *set_quantifier, queries, flow);
            }
            _ => self.pipe_reshaping(operator, flow),
        }
    }

    fn pipe_set(
        &mut self,
        operator: AstOperator,
        quantifier: sqlparser::ast::SetQuantifier,
        queries: &'a [Query],
        flow: &mut Flow,
    ) {
        let place = flow.place;
        let done = std::mem::replace(flow, Flow::over(Vec::new(), place));
        let mut branches = vec![self.flowed(done)];
        branches.extend(queries.iter().map(|query| self.query(query)).collect::<Vec<_>>());
        let block = self.set_operation(operator, quantifier, branches, place);
        let block = self.build.block(block);
        flow.select.from.push(item(Source::Block(block), place));
    }

    fn pipe_reshaping(&mut self, operator: &'a PipeOperator, flow: &mut Flow) {
        self.close(flow);
        let Some(input) = flow.select.from.pop() else { return };
        let place = input.position;
        let (source, alias) = match operator {
            PipeOperator::Pivot { aggregate_functions, value_column, value_source, alias } => {
                let columns = vec![self.compound(value_column)];
                let pivot = self.pivot(input, aggregate_functions, columns, value_source, None);
                (Source::Pivot(Box::new(pivot)), alias.as_ref())
            }
            PipeOperator::Unpivot { value_column, name_column, unpivot_columns, alias } => {
                let values = vec![self.symbol(value_column)];
                let name = self.symbol(name_column);
                let columns = self.symbols(unpivot_columns).into_iter().map(|column| (vec![column], None)).collect();
                let unpivot = Unpivot { input, values, name, columns, nulls: UnpivotNulls::Excluded };
                (Source::Unpivot(Box::new(unpivot)), alias.as_ref())
            }
            PipeOperator::Call { function, alias } => {
                let block = self.all_of_item(input);
                let rows = self.subquery(SubqueryKind::Array, None, block);
                let mut args = vec![rows];
                if let FunctionArguments::List(list) = &function.args {
                    args.extend(list.args.iter().map(|arg| self.argument(arg, Over::Rows)).collect::<Vec<_>>());
                }
                let relation = self.routine(&function.name);
                let args = self.build.list(&args);
                let function = self.function_name(&function.name);
                let source = Source::Function { function, relation, args, offset: None, columns: Vec::new() };
                (source, alias.as_ref())
            }
            _ => {
                self.refuse();
                return;
            }
        };
        let mut reshaped = item(source, place);
        reshaped.alias = alias.map(|alias| self.symbol(alias));
        flow.select.from.push(reshaped);
    }

    /// AGGREGATE: first the keys, then the aggregates; both can be sorted by where they stand.
    fn aggregate(
        &mut self,
        aggregates: &'a [ExprWithAliasAndOrderBy],
        keys: &'a [ExprWithAliasAndOrderBy],
        flow: &mut Flow,
    ) {
        flow.order_by.clear();
        let mut lowered = Vec::new();
        for (index, listed) in keys.iter().chain(aggregates).enumerate() {
            let expr = self.expr(&listed.expr.expr);
            let alias = listed.expr.alias.as_ref().map(|alias| self.symbol(alias));
            let position = start::of_expr(&listed.expr.expr).map_or(flow.place, |place| self.place_of(place));
            flow.select.projection.push(Projection { kind: ProjectionKind::Expr(expr, alias), position });
            if index < keys.len() {
                lowered.push(expr);
            }
            if let Some(sort) = &listed.order_by.sort {
                let mut key = ascending(expr);
                if matches!(sort, sqlparser::ast::OrderBySort::Desc) {
                    key.direction = crate::query::tree::Direction::Descending;
                }
                key.nulls = super::function::nulls(listed.order_by.nulls_first);
                flow.order_by.push(key);
            }
        }
        // Without keys there is one row, whether or not anything aggregates in a way that we know.
        let keys = self.build.list(&lowered);
        flow.select.group_by = GroupBy::Keys { keys, sets: GroupingSets::Plain };
        flow.shape = Shape::Other;
    }

    /// `FOR JSON`, `FOR XML`: all rows as one text.
    pub(super) fn as_one_text(&mut self, block: BlockId, name: &str) -> BlockId {
        let place = self.build.tree().block(block).position;
        let star = self.build.expr(Expr::Star(None));
        let spelled = self.literal(LiteralKind::String, name);
        let text = self.called("for", &[spelled, star]);
        let mut select = Select { from: vec![item(Source::Block(block), place)], ..Select::default() };
        select.projection.push(Projection { kind: ProjectionKind::Expr(text, None), position: place });
        select.group_by = GroupBy::Keys { keys: Default::default(), sets: GroupingSets::Plain };
        self.build.block(Block::new(BlockKind::Select(Box::new(select)), place))
    }
}

impl Flow {
    fn over(from: Vec<FromItem>, place: Position) -> Self {
        let select = Select { from, ..Select::default() };
        Self { select, order_by: Vec::new(), limit: None, shape: Shape::All, place }
    }

    fn most(&mut self, star: Star) {
        self.select.projection = vec![Projection { kind: ProjectionKind::Star(Box::new(star)), position: self.place }];
        self.shape = Shape::Most;
    }
}
