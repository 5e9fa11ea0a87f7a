//! FROM: relations, derived tables and joins. What only looks like a relation is one here exactly if
//! [`super::super::extract`] reads it as one.

use sqlparser::ast::{
    self, Expr as Ast, JoinConstraint, JoinOperator, LateralView, ObjectName, TableAlias, TableFactor, TableVersion,
    TableWithJoins,
};
use sqlparser::tokenizer::Location;

use super::super::names::{Named, literal, named};
use super::super::rules::{is_array_join, is_dual, is_hint, is_hint_word, is_only, item_name, path_of};
use super::query::item;
use super::{Lowering, Scope, start};
use crate::diagnostic::Position;
use crate::dialect::Dialect;
use crate::name::RelationName;
use crate::query::block::{Block, BlockKind, FromItem, JoinCondition, JoinKind, Lateral, Source, UnnestOutput};
use crate::query::tree::{BlockId, Expr, ExprId, List, LiteralKind, NamedRelation, Symbol};

mod function;
mod pivot;
pub(super) mod sample;

/// The name and the columns that an alias gives.
type Alias<'a> = Option<&'a TableAlias>;

impl<'a> Lowering<'a> {
    pub(super) fn from(&mut self, tables: &'a [TableWithJoins]) -> Vec<FromItem> {
        let mut items = Vec::with_capacity(tables.len());
        self.more_items(tables, &mut items);
        items
    }

    /// Items behind a comma, if any stand before it.
    pub(super) fn more_items(&mut self, tables: &'a [TableWithJoins], items: &mut Vec<FromItem>) {
        let mut tables = tables.iter();
        while let Some(table) = tables.next() {
            if table.joins.last().is_some_and(|join| is_array_join(&join.join_operator)) {
                self.join_to(table, items);
                self.more_arrays(tables.as_slice(), items);
                return;
            }
            if !items.is_empty() && self.keeps_brackets(table) {
                let nested = self.nested(table);
                items.push(nested);
            } else {
                self.join_to(table, items);
            }
        }
    }

    /// Whether the joins behind a comma would mean something else if they were joined one by one to
    /// all that stands before the comma. BigQuery does join them so.
    fn keeps_brackets(&self, table: &TableWithJoins) -> bool {
        // Elements made of what stands before the comma can be matched with it by name.
        let made = matches!(
            table.relation,
            TableFactor::UNNEST { .. } | TableFactor::Function { .. } | TableFactor::TableFunction { .. }
        );
        self.dialect != Dialect::BigQuery
            && table.joins.iter().any(|join| match bracketed(&join.join_operator) {
                Bracketed::Always => true,
                Bracketed::ByName => !made,
                Bracketed::Never => false,
            })
    }

    /// Joins in brackets; what they are made of may see what stands before them.
    fn nested(&mut self, table: &'a TableWithJoins) -> FromItem {
        let mut items = Vec::with_capacity(1 + table.joins.len());
        self.join_to(table, &mut items);
        let place = items.first().map_or(self.origin.0, |first| first.position);
        let lateral = items.iter().any(|item| item.lateral == Lateral::Yes);
        let mut nested = item(Source::Nested(items), place);
        nested.lateral = if lateral { Lateral::Yes } else { Lateral::No };
        nested
    }

    pub(super) fn join_to(&mut self, table: &'a TableWithJoins, items: &mut Vec<FromItem>) {
        items.push(self.factor(&table.relation));
        let mut before = &table.relation;
        for join in &table.joins {
            let mut joined = self.join(join);
            if let Some(kind) = swallowed(before) {
                joined.join.kind = kind;
            }
            items.push(joined);
            before = &join.relation;
        }
    }

    pub(super) fn join(&mut self, join: &'a ast::Join) -> FromItem {
        if let JoinOperator::ArrayJoin | JoinOperator::LeftArrayJoin | JoinOperator::InnerArrayJoin = join.join_operator
        {
            return self.array_join(join);
        }
        let mut item = self.factor(&join.relation);
        let kind = |kind: JoinKind, constraint: &'a JoinConstraint| (kind, Some(constraint));
        let (kind, constraint) = match &join.join_operator {
            JoinOperator::Join(constraint)
            | JoinOperator::Inner(constraint)
            | JoinOperator::StraightJoin(constraint) => kind(JoinKind::Inner, constraint),
            JoinOperator::CrossJoin(constraint) => kind(JoinKind::Inner, constraint),
            JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => kind(JoinKind::Left, constraint),
            JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => kind(JoinKind::Right, constraint),
            JoinOperator::FullOuter(constraint) => kind(JoinKind::Full, constraint),
            JoinOperator::Semi(constraint) | JoinOperator::LeftSemi(constraint) => kind(JoinKind::Semi, constraint),
            JoinOperator::RightSemi(constraint) => kind(JoinKind::RightSemi, constraint),
            JoinOperator::Anti(constraint) | JoinOperator::LeftAnti(constraint) => kind(JoinKind::Anti, constraint),
            JoinOperator::RightAnti(constraint) => kind(JoinKind::RightAnti, constraint),
            JoinOperator::CrossApply => {
                item.lateral = Lateral::Yes;
                (JoinKind::Cross, None)
            }
            JoinOperator::OuterApply => {
                item.lateral = Lateral::Yes;
                (JoinKind::Left, None)
            }
            JoinOperator::AsOf { match_condition, constraint } => {
                let (closest, at_most_one) = self.closest(match_condition);
                item.join.closest = closest;
                kind(at_most_one, constraint)
            }
            // Lowered above.
            JoinOperator::ArrayJoin | JoinOperator::LeftArrayJoin | JoinOperator::InnerArrayJoin => {
                (JoinKind::Cross, None)
            }
        };
        item.join.condition = constraint.map_or(JoinCondition::None, |constraint| self.condition(constraint));
        item.join.kind = match (kind, &item.join.condition) {
            (JoinKind::Inner, JoinCondition::None) => JoinKind::Cross,
            (kind, _) => kind,
        };
        // FLATTEN (OUTER => TRUE) keeps the rows without elements whatever joins it.
        if item.join.kind == JoinKind::Cross && self.is_outer(&join.relation) {
            item.join.kind = JoinKind::Left;
        }
        item
    }

    /// What makes a match the closest, and which rows are kept: Snowflake's ASOF JOIN keeps those
    /// without one; elsewhere a rewrite says so in a text.
    fn closest(&mut self, condition: &'a Ast) -> (Option<ExprId>, JoinKind) {
        match literal(condition) {
            Some("asof") => (None, JoinKind::AsOf),
            Some("asof left") => (None, JoinKind::AsOfLeft),
            Some("any") => (Some(self.word("any")), JoinKind::AsOf),
            Some("any left") => (Some(self.word("any")), JoinKind::AsOfLeft),
            _ if self.dialect == Dialect::Snowflake => (Some(self.expr(condition)), JoinKind::AsOfLeft),
            _ => (Some(self.expr(condition)), JoinKind::AsOf),
        }
    }

    fn condition(&mut self, constraint: &'a JoinConstraint) -> JoinCondition {
        match constraint {
            JoinConstraint::On(condition) => JoinCondition::On(self.expr(condition)),
            JoinConstraint::Using(names) => {
                JoinCondition::Using(names.iter().filter_map(|name| self.last_symbol(name)).collect())
            }
            JoinConstraint::Natural => JoinCondition::Natural,
            JoinConstraint::None => JoinCondition::None,
        }
    }

    /// One item, and its name in sight of what follows.
    pub(super) fn factor(&mut self, factor: &'a TableFactor) -> FromItem {
        let mut item = match factor {
            TableFactor::Table { name, alias, args: None, .. } => self.table(factor, name, alias.as_ref()),
            TableFactor::Table { name, alias, args: Some(args), .. } if is_hint(&args.args, self.dialect) => {
                let source = self.relation(name);
                self.item_of(source, alias.as_ref(), start::of_name(name))
            }
            TableFactor::Derived { lateral, subquery, alias, .. } => {
                if !lateral {
                    self.hide(Hiding::Begins);
                }
                let block = self.query(subquery);
                if !lateral {
                    self.hide(Hiding::Ends);
                }
                let mut item = self.item_of(Source::Block(block), alias.as_ref(), start::of_query(subquery));
                item.lateral = if *lateral { Lateral::Yes } else { Lateral::No };
                item
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                let mut item = self.nested(table_with_joins);
                if let Some(alias) = alias {
                    item.alias = Some(self.symbol(&alias.name));
                    item.columns = self.symbols(alias.columns.iter().map(|column| &column.name));
                }
                item
            }
            TableFactor::Pivot { .. }
            | TableFactor::Unpivot { .. }
            | TableFactor::UnpivotExpr { .. }
            | TableFactor::MatchRecognize { .. } => self.reshaped(factor),
            _ => self.function_factor(factor),
        };
        item = self.sampled(item, factor);
        if self.is_outer(factor) {
            item.join.kind = JoinKind::Left;
        }
        self.see(factor);
        item
    }

    /// Lets paths that follow begin with an item.
    fn see(&mut self, factor: &TableFactor) {
        if !has_paths(self.dialect) {
            return;
        }
        let Some(name) = item_name(factor, self.dialect) else { return };
        let name = self.build.symbol(name);
        self.sight(name);
    }

    pub(super) fn sight(&mut self, name: Symbol) {
        if let Some(Scope::Items { names, .. }) = self.scopes.last_mut() {
            names.push(name);
        }
    }

    fn hide(&mut self, hiding: Hiding) {
        let innermost = self.scopes.iter_mut().rev().find_map(|scope| match scope {
            Scope::Items { hidden, .. } => Some(hidden),
            Scope::Ctes(_) => None,
        });
        if let Some(hidden) = innermost {
            *hidden = match hiding {
                Hiding::Begins => *hidden + 1,
                Hiding::Ends => hidden.saturating_sub(1),
            };
        }
    }

    /// Whether a name is a path into a FROM item in sight: `FROM orders AS o, o.lines`.
    fn is_path(&mut self, name: &'a ObjectName) -> bool {
        if name.0.len() < 2 || !has_paths(self.dialect) {
            return false;
        }
        let Some(first) = name.0.first().and_then(|part| part.as_ident()) else { return false };
        let first = self.symbol(first);
        self.scopes.iter().any(|scope| matches!(scope, Scope::Items { names, hidden: 0 } if names.contains(&first)))
    }

    fn table(&mut self, factor: &'a TableFactor, name: &'a ObjectName, alias: Alias<'a>) -> FromItem {
        let place = start::of_name(name);
        let mut said = place.and_then(|place| self.notes.version(place)).map(str::to_owned);
        let mut alias = alias;
        if let Some(word) = alias.filter(|_| self.dialect == Dialect::ClickHouse)
            && !word.explicit
            && word.name.quote_style.is_none()
            && word.name.value.eq_ignore_ascii_case("final")
        {
            // The parser takes FINAL for an alias.
            alias = None;
            said = Some("final".to_owned());
        }
        if let TableFactor::Table { with_hints, .. } = factor
            && self.dialect != Dialect::TSql
            && !with_hints.iter().all(is_hint_word)
        {
            // `START WITH (…)` is an alias and hints to a parser that does not know it.
            self.refuse();
        }
        if let TableFactor::Table { partitions, .. } = factor
            && !partitions.is_empty()
        {
            let names: Vec<&str> = partitions.iter().map(|partition| partition.value.as_str()).collect();
            said = Some(format!("partition ({})", names.join(", ")));
        }
        if let Some(alias) = alias.filter(|_| is_only(name, self.dialect)) {
            // Postgres: ONLY stands in the place of the table, and the table in that of its alias.
            let relation = ObjectName::from(vec![alias.name.clone()]);
            let source = match named(self.dialect, self.origin, &relation) {
                Named::Relation(relation, position) => self.read(relation, position),
                Named::Elsewhere | Named::Runtime => Source::Block(self.build.block(Block::nothing(self.origin.0))),
            };
            let source = self.with_version(source, "only");
            return self.item_of(source, None, Some(alias.name.span.start));
        }
        if self.is_path(name) {
            let path = self.path(name);
            let position = place.map_or(self.origin.0, |place| self.place_of(place));
            let array = self.build.expr(Expr::Column(path, position));
            let mut item = self.unnest(vec![array], None, UnnestOutput::ElementsOrFields, alias, place);
            if alias.is_none() {
                item.alias = self.last_symbol(name);
            }
            return item;
        }
        if let [part] = name.0.as_slice()
            && let Some(ident) = part.as_ident()
        {
            let symbol = self.symbol(ident);
            let position = self.place_of(ident.span.start);
            if let Some(source) = self.cte(symbol, position) {
                let mut item = self.item_of(source, alias, place);
                item.alias = item.alias.or(Some(symbol));
                return item;
            }
        }
        let mut source = self.relation(name);
        if let TableFactor::Table { version: Some(version), .. } = factor {
            source = self.versioned(source, version);
        }
        if let Some(version) = said {
            source = self.with_version(source, &version);
        }
        self.item_of(source, alias, place)
    }

    /// What a name that is no CTE stands for.
    pub(super) fn relation(&mut self, name: &'a ObjectName) -> Source {
        match named(self.dialect, self.origin, name) {
            Named::Relation(relation, position) => self.read(relation, position),
            Named::Elsewhere => {
                let name = match name.0.as_slice() {
                    [part] if let Some(ident) = part.as_ident() => self.literal(LiteralKind::String, &ident.value),
                    _ => self.literal(LiteralKind::String, &name.to_string()),
                };
                self.plain_function("file", &[name])
            }
            Named::Runtime => {
                let name = self.text(&name.to_string());
                let name = self.build.expr(Expr::Parameter(name));
                self.plain_function("identifier", &[name])
            }
        }
    }

    /// A relation; the table of one row is a row without columns.
    pub(super) fn read(&mut self, name: RelationName, position: Position) -> Source {
        if is_dual(self.dialect, &name) {
            let block = Block::new(BlockKind::Values(vec![List::default()]), position);
            return Source::Block(self.build.block(block));
        }
        Source::Relation { relation: NamedRelation { name, position }, version: None }
    }

    pub(super) fn plain_function(&mut self, function: &str, args: &[ExprId]) -> Source {
        let function = self.text(function);
        let args = self.build.list(args);
        Source::Function { function, relation: None, args, offset: None, columns: Vec::new() }
    }

    pub(super) fn with_version(&mut self, source: Source, version: &str) -> Source {
        match source {
            Source::Relation { relation, .. } => Source::Relation { relation, version: Some(self.text(version)) },
            other => other,
        }
    }

    /// Time travel. Where its expression asks something of other relations, it is kept as an argument.
    pub(super) fn versioned(&mut self, source: Source, version: &'a TableVersion) -> Source {
        let blocks = self.build.tree().block_count();
        let args = match version {
            TableVersion::ForSystemTimeAsOf(expr)
            | TableVersion::TimestampAsOf(expr)
            | TableVersion::VersionAsOf(expr)
            | TableVersion::Function(expr) => self.exprs([expr]),
            TableVersion::Changes { changes, at, end } => self.exprs([changes, at].into_iter().chain(end)),
        };
        match source {
            Source::Relation { relation, .. } if self.build.tree().block_count() > blocks => {
                let function = self.text("time travel");
                let args = self.build.list(&args);
                Source::Function { function, relation: Some(relation), args, offset: None, columns: Vec::new() }
            }
            Source::Relation { relation, .. } => {
                let spelled = version.to_string();
                let version = Some(self.lower_text(&spelled));
                Source::Relation { relation, version }
            }
            other => other,
        }
    }

    /// An item with its alias.
    pub(super) fn item_of(&mut self, source: Source, alias: Alias<'a>, place: Option<Location>) -> FromItem {
        let place = place.or(alias.map(|alias| alias.name.span.start));
        let mut item = item(source, place.map_or(self.origin.0, |place| self.place_of(place)));
        if let Some(alias) = alias {
            item.alias = Some(self.symbol(&alias.name));
            item.columns = self.symbols(alias.columns.iter().map(|column| &column.name));
            let typed = alias.columns.iter().any(|column| column.data_type.is_some());
            if typed && matches!(item.source, Source::Relation { .. } | Source::Block(_)) {
                // Only functions have columns of a type: something else was taken for an alias.
                self.refuse();
            }
        }
        item
    }

    fn unnest(
        &mut self,
        arrays: Vec<ExprId>,
        offset: Option<Symbol>,
        output: UnnestOutput,
        alias: Alias<'a>,
        place: Option<Location>,
    ) -> FromItem {
        let arrays = self.build.list(&arrays);
        let at = alias.and_then(|alias| alias.at.as_ref()).map(|at| self.symbol(at));
        let mut item = self.item_of(Source::Unnest { arrays, offset: offset.or(at), output }, alias, place);
        item.lateral = Lateral::Yes;
        item
    }

    /// `ARRAY JOIN items AS item` of ClickHouse.
    fn array_join(&mut self, join: &'a ast::Join) -> FromItem {
        let Some((array, name, place)) = self.array(&join.relation) else {
            let mut item = self.factor(&join.relation);
            item.lateral = Lateral::Yes;
            return item;
        };
        let mut item = self.unnest(vec![array], None, UnnestOutput::Elements, None, place);
        item.columns.extend(name);
        item.join.kind = match join.join_operator {
            JoinOperator::LeftArrayJoin => JoinKind::Left,
            _ => JoinKind::Cross,
        };
        item
    }

    /// An array of an ARRAY JOIN, and what its elements are called.
    fn array(&mut self, factor: &'a TableFactor) -> Option<(ExprId, Option<Symbol>, Option<Location>)> {
        let TableFactor::Table { name, alias, args, .. } = factor else { return None };
        let place = start::of_name(name);
        let array = match args {
            Some(args) => self.function_value(name, &args.args),
            None => {
                let path = self.path(name);
                let position = place.map_or(self.origin.0, |place| self.place_of(place));
                self.build.expr(Expr::Column(path, position))
            }
        };
        let called = match alias {
            Some(alias) => Some(self.symbol(&alias.name)),
            None => self.last_symbol(name),
        };
        Some((array, called, place))
    }

    /// `ARRAY JOIN a, b`: the elements stand side by side.
    fn more_arrays(&mut self, tables: &'a [TableWithJoins], items: &mut Vec<FromItem>) {
        let first = items.len().saturating_sub(1);
        let mut all = Vec::new();
        let mut names = Vec::new();
        for table in tables {
            if let Some((array, called, _)) = self.array(&table.relation) {
                all.push(array);
                names.extend(called);
            } else {
                items.push(self.factor(&table.relation));
            }
            items.extend(table.joins.iter().map(|join| self.join(join)).collect::<Vec<_>>());
        }
        let array_join = items.get_mut(first).and_then(|item| match &mut item.source {
            Source::Unnest { arrays, .. } => Some((arrays, &mut item.columns)),
            _ => None,
        });
        if let Some((arrays, columns)) = array_join {
            let mut beside = self.build.tree().list(*arrays).to_vec();
            beside.extend(all);
            *arrays = self.build.list(&beside);
            columns.extend(names);
        }
    }

    /// `LATERAL VIEW [OUTER] EXPLODE(…) t AS a, b`.
    pub(super) fn lateral_views(&mut self, views: &'a [LateralView], items: &mut Vec<FromItem>) {
        for view in views {
            let place = start::of_expr(&view.lateral_view);
            let source = self.expression_source(&view.lateral_view);
            let mut item = self.item_of(source, None, place);
            item.lateral = Lateral::Yes;
            item.alias = self.last_symbol(&view.lateral_view_name);
            item.columns = self.symbols(&view.lateral_col_alias);
            if view.outer {
                item.join.kind = JoinKind::Left;
            }
            items.push(item);
        }
    }

    /// The rows of the relation that `id IN orders` names in ClickHouse.
    pub(super) fn relation_in_list(&mut self, list: &'a [Ast]) -> Option<BlockId> {
        match list {
            [only] if self.dialect == Dialect::ClickHouse => self.rows_of_path(only),
            _ => None,
        }
    }

    /// The rows of the relation or CTE that a name among expressions means.
    pub(super) fn rows_of_path(&mut self, expr: &'a Ast) -> Option<BlockId> {
        let name = path_of(expr)?;
        let place = start::of_expr(expr).map_or(self.origin.0, |place| self.place_of(place));
        if let Ast::Identifier(ident) = expr {
            let symbol = self.symbol(ident);
            if let Some(source) = self.cte(symbol, place) {
                return Some(self.all_of(source, place));
            }
        }
        match named(self.dialect, self.origin, &name) {
            Named::Relation(relation, position) => Some(self.rows_of((relation, position))),
            Named::Elsewhere | Named::Runtime => None,
        }
    }
}

/// Whether a derived table that sees none of its siblings begins or ends.
#[derive(Clone, Copy)]
enum Hiding {
    Begins,
    Ends,
}

/// Which join begins with the word that the parser takes for the alias in `WITH OFFSET LEFT JOIN`.
pub(super) fn swallowed(factor: &TableFactor) -> Option<JoinKind> {
    let TableFactor::UNNEST { with_offset_alias: Some(alias), .. } = factor else { return None };
    if alias.quote_style.is_some() {
        return None;
    }
    match alias.value.to_ascii_uppercase().as_str() {
        "LEFT" => Some(JoinKind::Left),
        "RIGHT" => Some(JoinKind::Right),
        "FULL" => Some(JoinKind::Full),
        "INNER" => Some(JoinKind::Inner),
        "CROSS" => Some(JoinKind::Cross),
        _ => None,
    }
}

/// Whether a name in FROM can be a path into an earlier item.
const fn has_paths(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::BigQuery | Dialect::Redshift)
}

/// Whether a join has to stay apart from what stands before the comma.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bracketed {
    /// It keeps rows of its right side.
    Always,
    /// USING finds its columns on the left, and there it must not look further.
    ByName,
    Never,
}

const fn bracketed(operator: &JoinOperator) -> Bracketed {
    let constraint = match operator {
        JoinOperator::Right(_)
        | JoinOperator::RightOuter(_)
        | JoinOperator::FullOuter(_)
        | JoinOperator::RightSemi(_)
        | JoinOperator::RightAnti(_) => return Bracketed::Always,
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Semi(constraint)
        | JoinOperator::LeftSemi(constraint)
        | JoinOperator::Anti(constraint)
        | JoinOperator::LeftAnti(constraint)
        | JoinOperator::StraightJoin(constraint)
        | JoinOperator::AsOf { constraint, .. } => constraint,
        _ => return Bracketed::Never,
    };
    match constraint {
        JoinConstraint::Using(_) | JoinConstraint::Natural => Bracketed::ByName,
        JoinConstraint::On(_) | JoinConstraint::None => Bracketed::Never,
    }
}
