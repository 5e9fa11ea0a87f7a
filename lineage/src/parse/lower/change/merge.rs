//! MERGE: a SELECT for each of its branches, over the rows of source and target that the branch is
//! about. The source is lowered once, and the branches share it.

use sqlparser::ast::{
    Expr as Ast, Merge, MergeAction, MergeClause, MergeClauseKind, MergeInsertExpr, MergeInsertKind, MergeUpdateExpr,
    MergeUpdateKind, TableFactor,
};

use super::super::Lowering;
use super::{Changed, Kept, Rows, returned};
use crate::diagnostic::Position;
use crate::query::block::{FromItem, JoinCondition, JoinKind, Matching, Projection, ProjectionKind, Select, Star};
use crate::query::tree::{BlockId, ExprId, Symbol};
use crate::query::{Action, Output};

/// Both sides of a MERGE.
struct Sides<'a> {
    target: FromItem,
    source: FromItem,
    on: &'a Ast,
    changed: Changed,
    place: Position,
}

impl<'a> Lowering<'a> {
    pub(in super::super) fn merge(&mut self, merge: &'a Merge, rows: Rows) -> Option<BlockId> {
        let TableFactor::Table { name, .. } = &merge.table else {
            self.refuse();
            return None;
        };
        let place = self.place_of(merge.merge_token.0.span.start);
        let changed = self.changed(name, None, &merge.table);
        let target = self.factor(&merge.table);
        let target = self.shared(target);
        let source = self.factor(&merge.source);
        let source = self.shared(source);
        let sides = Sides { target, source, on: &merge.on, changed, place };
        for clause in &merge.clauses {
            self.branch_of_merge(clause, &sides);
        }
        let returned = returned(None, merge.output.as_ref());
        self.give_back(returned, rows, &sides.changed.clone(), place, |lowering, select| {
            lowering.sides(&sides, Kind::Either, select);
        })
    }

    fn branch_of_merge(&mut self, clause: &'a MergeClause, sides: &Sides<'a>) {
        let kind = match clause.clause_kind {
            MergeClauseKind::Matched => Kind::Matched,
            MergeClauseKind::NotMatched | MergeClauseKind::NotMatchedByTarget => Kind::OnlySource,
            MergeClauseKind::NotMatchedBySource => Kind::OnlyTarget,
        };
        let predicate = clause.predicate.as_ref();
        match &clause.action {
            MergeAction::Insert(insert) => self.merge_insert(insert, predicate, sides),
            MergeAction::Update(update) => self.merge_update(update, predicate, kind, sides),
            MergeAction::Delete { .. } => self.merge_delete([predicate, None], kind, sides),
            MergeAction::DoNothing { .. } => {}
        }
    }

    fn merge_insert(&mut self, insert: &'a MergeInsertExpr, predicate: Option<&'a Ast>, sides: &Sides<'a>) {
        let columns = self.listed(&insert.columns);
        let names: Vec<Symbol> = insert.columns.iter().filter_map(|name| self.last_symbol(name)).collect();
        let (block, matching) = self.over(sides.place, |lowering, select| {
            lowering.sides(sides, Kind::OnlySource, select);
            select.selection = lowering.both([predicate, insert.insert_predicate.as_ref()]);
            let matching = match &insert.kind {
                MergeInsertKind::Values(values) => {
                    let row = values.rows.first().map(|row| row.content.as_slice()).unwrap_or_default();
                    for (index, value) in row.iter().enumerate() {
                        let position = super::start::of_expr(value).map_or(sides.place, |at| lowering.place_of(at));
                        let value = lowering.assigned_value(value);
                        let kind = ProjectionKind::Expr(value, names.get(index).copied());
                        select.projection.push(Projection { kind, position });
                    }
                    if values.rows.len() > 1 {
                        lowering.refuse();
                    }
                    Matching::Position
                }
                MergeInsertKind::Row => {
                    select.projection.push(lowering.all_of_source(sides));
                    Matching::Position
                }
                MergeInsertKind::Wildcard => {
                    select.projection.push(lowering.all_of_source(sides));
                    Matching::Name
                }
            };
            (matching, Kept::default())
        });
        let target = sides.changed.relation.clone();
        self.outputs.push(Output { target, columns, matching, block, action: Action::Append });
    }

    fn merge_update(&mut self, update: &'a MergeUpdateExpr, predicate: Option<&'a Ast>, kind: Kind, sides: &Sides<'a>) {
        let (block, columns) = self.over(sides.place, |lowering, select| {
            lowering.sides(sides, kind, select);
            select.selection = lowering.both([predicate, update.update_predicate.as_ref()]);
            let columns = match &update.kind {
                MergeUpdateKind::Set(sets) => {
                    let sets: Vec<_> = sets.iter().collect();
                    Some(lowering.assignments(&sets, &sides.changed, &mut select.projection))
                }
                MergeUpdateKind::Wildcard => {
                    select.projection.push(lowering.all_of_source(sides));
                    None
                }
            };
            (columns, Kept::default())
        });
        match columns {
            Some(columns) => self.set(&sides.changed, columns, block),
            None => {
                let target = sides.changed.relation.clone();
                let matching = Matching::Name;
                self.outputs.push(Output { target, columns: Vec::new(), matching, block, action: Action::Update });
            }
        }
        if let Some(gone) = &update.delete_predicate {
            self.merge_delete([predicate, Some(gone)], kind, sides);
        }
    }

    fn merge_delete(&mut self, conditions: [Option<&'a Ast>; 2], kind: Kind, sides: &Sides<'a>) {
        let (block, ()) = self.over(sides.place, |lowering, select| {
            lowering.sides(sides, kind, select);
            select.selection = lowering.both(conditions);
            ((), Kept::default())
        });
        self.output(sides.changed.relation.clone(), Vec::new(), block, Action::Delete);
    }

    /// The rows that a branch is about, as the FROM of its SELECT.
    fn sides(&mut self, sides: &Sides<'a>, kind: Kind, select: &mut Select) {
        let on = self.expr(sides.on);
        let joined = |mut item: FromItem, kind| {
            item.join.kind = kind;
            item.join.condition = JoinCondition::On(on);
            item
        };
        let (target, source) = (sides.target.clone(), sides.source.clone());
        select.from = match kind {
            Kind::Matched => vec![target, joined(source, JoinKind::Inner)],
            Kind::OnlySource => vec![source, joined(target, JoinKind::Anti)],
            Kind::OnlyTarget => vec![target, joined(source, JoinKind::Anti)],
            Kind::Either => vec![target, joined(source, JoinKind::Full)],
        };
    }

    fn both(&mut self, conditions: [Option<&'a Ast>; 2]) -> Option<ExprId> {
        let conditions = self.exprs(conditions.into_iter().flatten());
        self.all(conditions)
    }

    /// `INSERT ROW`, `INSERT *` and `UPDATE SET *`: all columns of the source.
    fn all_of_source(&mut self, sides: &Sides<'a>) -> Projection {
        let alias = sides.source.alias.or_else(|| {
            match &sides.source.source {
                crate::query::block::Source::Relation { relation, .. } => Some(relation.name.table().to_owned()),
                _ => None,
            }
            .map(|name| {
                self.build.symbol(crate::name::ColumnName::new(self.dialect, &name, crate::name::Quoting::Bare))
            })
        });
        let qualifier = alias.map(|alias| self.build.path_of(&[alias]));
        let star = Star { qualifier, ..Star::default() };
        Projection { kind: ProjectionKind::Star(Box::new(star)), position: sides.place }
    }
}

/// Which rows a branch is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Matched,
    OnlySource,
    OnlyTarget,
    Either,
}
