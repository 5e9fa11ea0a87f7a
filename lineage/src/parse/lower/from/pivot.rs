//! FROM items that make other rows and columns of an item: PIVOT, UNPIVOT, MATCH_RECOGNIZE.

use sqlparser::ast::{
    EmptyMatchesMode, Expr as Ast, ExprWithAlias, Ident, NullInclusion, PivotValueSource, RowsPerMatch as AstRows,
    TableFactor,
};

use super::super::query::item;
use super::super::{Lowering, start};
use crate::parse::names::literal;
use crate::parse::rewrite::GROUPED;
use crate::query::block::{FromItem, MatchRecognize, Pivot, RowsPerMatch, Source, UnnestOutput, Unpivot, UnpivotNulls};
use crate::query::tree::{ExprId, LiteralKind, SubqueryKind, Symbol};

impl<'a> Lowering<'a> {
    pub(super) fn reshaped(&mut self, factor: &'a TableFactor) -> FromItem {
        match factor {
            TableFactor::Pivot { table, aggregate_functions, value_column, value_source, default_on_null, alias } => {
                let input = self.factor(table);
                let columns = self.exprs(value_column);
                let pivot = self.pivot(input, aggregate_functions, columns, value_source, default_on_null.as_ref());
                let place = pivot.input.position;
                let mut item = self.item_of(Source::Pivot(Box::new(pivot)), alias.as_ref(), None);
                item.position = place;
                item
            }
            TableFactor::Unpivot { table, value, name, columns, null_inclusion, alias } => {
                let input = self.factor(table);
                let place = input.position;
                let values = self.unpivoted(value);
                let name = self.symbol(name);
                let columns = columns
                    .iter()
                    .map(|column| {
                        let group = self.unpivoted(&column.expr);
                        let label = column.alias.as_ref().map(|alias| self.literal(LiteralKind::String, &alias.value));
                        (group, label)
                    })
                    .collect();
                let nulls = match null_inclusion {
                    Some(NullInclusion::IncludeNulls) => UnpivotNulls::Included,
                    Some(NullInclusion::ExcludeNulls) | None => UnpivotNulls::Excluded,
                };
                let unpivot = Unpivot { input, values, name, columns, nulls };
                let mut item = self.item_of(Source::Unpivot(Box::new(unpivot)), alias.as_ref(), None);
                item.position = place;
                item
            }
            // Redshift: the values of an object, one a row.
            TableFactor::UnpivotExpr { expression, value_alias, attribute_alias } => {
                let array = self.expr(expression);
                let attribute = attribute_alias.as_ref().map(|alias| self.symbol(alias));
                let place = start::of_expr(expression);
                let mut item = self.unnest(vec![array], attribute, UnnestOutput::Elements, None, place);
                item.alias = Some(self.symbol(value_alias));
                item
            }
            _ => self.match_recognize(factor),
        }
    }

    pub(in super::super) fn pivot(
        &mut self,
        input: FromItem,
        aggregates: &'a [ExprWithAlias],
        mut columns: Vec<ExprId>,
        source: &'a PivotValueSource,
        default: Option<&'a Ast>,
    ) -> Pivot {
        let aggregates = aggregates
            .iter()
            .map(|aggregate| {
                let expr = self.expr(&aggregate.expr);
                (expr, aggregate.alias.as_ref().map(|alias| self.symbol(alias)))
            })
            .collect();
        let values = match source {
            PivotValueSource::List(values) => Some(
                values
                    .iter()
                    .map(|value| {
                        let expr = self.pivot_value(&value.expr);
                        (expr, value.alias.as_ref().map(|alias| self.symbol(alias)))
                    })
                    .collect(),
            ),
            // The order of the columns is all that an ORDER BY decides here.
            PivotValueSource::Any(_) => None,
            PivotValueSource::Subquery(query) => {
                let block = self.query(query);
                columns.push(self.subquery(SubqueryKind::Array, None, block));
                None
            }
        };
        let (group_by, default) = match default.and_then(grouped) {
            Some(keys) => {
                let keys = self.exprs(keys);
                (Some(self.build.list(&keys)), None)
            }
            None => (None, default.map(|default| self.expr(default))),
        };
        let columns = self.build.list(&columns);
        Pivot { input, aggregates, columns, values, group_by, default }
    }

    /// A value of the pivoted column; T-SQL writes it as a name: `IN ([2023], [2024])`.
    fn pivot_value(&mut self, expr: &'a Ast) -> ExprId {
        match expr {
            Ast::Identifier(ident) => self.literal(LiteralKind::String, &ident.value),
            _ => self.expr(expr),
        }
    }

    /// The columns that stand in one place of an UNPIVOT: one, or several in brackets.
    fn unpivoted(&mut self, expr: &'a Ast) -> Vec<Symbol> {
        let mut names: Vec<&'a Ident> = Vec::new();
        let mut pending = vec![expr];
        while let Some(expr) = pending.pop() {
            match expr {
                Ast::Identifier(ident) => names.push(ident),
                Ast::CompoundIdentifier(idents) => names.extend(idents.last()),
                Ast::Nested(inner) => pending.push(inner),
                Ast::Tuple(exprs) => pending.extend(exprs.iter().rev()),
                // Nothing but names can stand here.
                _ => self.refuse(),
            }
        }
        self.symbols(names)
    }

    fn match_recognize(&mut self, factor: &'a TableFactor) -> FromItem {
        let TableFactor::MatchRecognize {
            table,
            partition_by,
            order_by,
            measures,
            rows_per_match,
            after_match_skip,
            pattern,
            symbols,
            alias,
        } = factor
        else {
            self.refuse();
            let source = self.plain_function("unknown", &[]);
            return item(source, self.origin.0);
        };
        let input = self.factor(table);
        let place = input.position;
        let partition_by = self.exprs(partition_by);
        let partition_by = self.build.list(&partition_by);
        let order_by = order_by.iter().map(|key| self.sort_key(key)).collect();
        let measures = measures
            .iter()
            .map(|measure| {
                let expr = self.expr(&measure.expr);
                (expr, self.symbol(&measure.alias))
            })
            .collect();
        let definitions = symbols
            .iter()
            .map(|definition| {
                let name = self.symbol(&definition.symbol);
                (name, self.expr(&definition.definition))
            })
            .collect();
        let mut spelled = pattern.to_string();
        if let Some(skip) = after_match_skip {
            spelled.push(' ');
            spelled.push_str(&skip.to_string());
        }
        if let Some(AstRows::AllRows(Some(mode))) = rows_per_match {
            spelled.push_str(match mode {
                EmptyMatchesMode::Show => " show empty matches",
                EmptyMatchesMode::Omit => " omit empty matches",
                EmptyMatchesMode::WithUnmatched => " with unmatched rows",
            });
        }
        let pattern = self.lower_text(&spelled);
        let rows = match rows_per_match {
            Some(AstRows::AllRows(_)) => RowsPerMatch::All,
            Some(AstRows::OneRow) | None => RowsPerMatch::One,
        };
        let recognize = MatchRecognize { input, partition_by, order_by, measures, definitions, pattern, rows };
        let mut item = self.item_of(Source::MatchRecognize(Box::new(recognize)), alias.as_ref(), None);
        item.position = place;
        item
    }
}

/// The keys of a GROUP BY that a rewrite has put in the place of DEFAULT ON NULL.
fn grouped(default: &Ast) -> Option<&[Ast]> {
    match default {
        Ast::Tuple(parts) => match parts.split_first() {
            Some((first, keys)) if literal(first) == Some(GROUPED) => Some(keys),
            _ => None,
        },
        _ => None,
    }
}
