//! MERGE: a SELECT for each of its branches, over the rows of source and target that the branch is
//! about. The source is lowered once, and the branches share it.

use sqlparser::ast::{
    Expr as Ast, Merge, MergeAction, MergeClause, MergeClauseKind, MergeInsertExpr, MergeInsertKind, MergeUpdateExpr,
    MergeUpdateKind, TableFactor,
};

use super::super::Lowering;
use super::{Changed, Kept, MAX_BRANCHES, Rows, returned};
use crate::diagnostic::Position;
use crate::name::{ColumnName, Quoting};
use crate::query::block::{
    FromItem, JoinCondition, JoinKind, Matching, Projection, ProjectionKind, Select, Source, Star,
};
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
        if merge.clauses.len() > MAX_BRANCHES {
            self.refuse();
            return None;
        }
        let place = self.place_of(merge.merge_token.0.span.start);
        let changed = self.changed(name, None, &merge.table);
        let target = self.factor(&merge.table);
        let target = self.shared(target);
        let source = self.factor(&merge.source);
        let source = self.shared(source);
        let sides = Sides { target, source, on: &merge.on, changed, place };
        // The first branch whose condition holds takes the row.
        let mut taken: Vec<(Kind, &'a Ast)> = Vec::new();
        for clause in &merge.clauses {
            let kind = Kind::of(&clause.clause_kind);
            let before: Vec<&'a Ast> = taken.iter().filter(|(of, _)| *of == kind).map(|(_, ast)| *ast).collect();
            self.branch_of_merge(clause, kind, &before, &sides);
            taken.extend(clause.predicate.as_ref().map(|predicate| (kind, predicate)));
        }
        let returned = returned(None, merge.output.as_ref());
        self.give_back(returned, rows, &sides.changed.clone(), place, |lowering, select| {
            lowering.sides(&sides, Kind::Either, select);
        })
    }

    fn branch_of_merge(&mut self, clause: &'a MergeClause, kind: Kind, before: &[&'a Ast], sides: &Sides<'a>) {
        let when = When { kind, before, predicate: clause.predicate.as_ref() };
        match &clause.action {
            MergeAction::Insert(insert) => self.merge_insert(insert, &when, sides),
            MergeAction::Update(update) => self.merge_update(update, &when, sides),
            MergeAction::Delete { .. } => self.merge_delete(None, &when, sides),
            MergeAction::DoNothing { .. } => {}
        }
    }

    fn merge_insert(&mut self, insert: &'a MergeInsertExpr, when: &When<'a, '_>, sides: &Sides<'a>) {
        let columns = self.listed(&insert.columns);
        let names: Vec<Symbol> = insert.columns.iter().filter_map(|name| self.last_symbol(name)).collect();
        let (block, matching) = self.over(sides.place, |lowering, select| {
            lowering.sides(sides, Kind::OnlySource, select);
            select.selection = lowering.condition_of(when, insert.insert_predicate.as_ref());
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

    fn merge_update(&mut self, update: &'a MergeUpdateExpr, when: &When<'a, '_>, sides: &Sides<'a>) {
        let (block, columns) = self.over(sides.place, |lowering, select| {
            lowering.sides(sides, when.kind, select);
            select.selection = lowering.condition_of(when, update.update_predicate.as_ref());
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
            self.merge_delete(Some(gone), when, sides);
        }
    }

    fn merge_delete(&mut self, more: Option<&'a Ast>, when: &When<'a, '_>, sides: &Sides<'a>) {
        let (block, ()) = self.over(sides.place, |lowering, select| {
            lowering.sides(sides, when.kind, select);
            select.selection = lowering.condition_of(when, more);
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

    /// When a branch takes a row.
    fn condition_of(&mut self, when: &When<'a, '_>, more: Option<&'a Ast>) -> Option<ExprId> {
        let mut conditions = self.none_of(when.before);
        conditions.extend(self.exprs(when.predicate.into_iter().chain(more)));
        self.all(conditions)
    }

    /// `INSERT ROW`, `INSERT *` and `UPDATE SET *`: all columns of the source.
    fn all_of_source(&mut self, sides: &Sides<'a>) -> Projection {
        let alias = match (sides.source.alias, &sides.source.source) {
            (None, Source::Relation { relation, .. }) => {
                let name = ColumnName::new(self.dialect, relation.name.table(), Quoting::Bare);
                Some(self.build.symbol(name))
            }
            (alias, _) => alias,
        };
        let qualifier = alias.map(|alias| self.build.path_of(&[alias]));
        let star = Star { qualifier, ..Star::default() };
        Projection { kind: ProjectionKind::Star(Box::new(star)), position: sides.place }
    }
}

/// When a branch takes a row: if it is one of a kind, if none of the branches before takes it, and if
/// a condition holds.
struct When<'a, 'b> {
    kind: Kind,
    before: &'b [&'a Ast],
    predicate: Option<&'a Ast>,
}

impl Kind {
    const fn of(kind: &MergeClauseKind) -> Self {
        match kind {
            MergeClauseKind::Matched => Self::Matched,
            MergeClauseKind::NotMatched | MergeClauseKind::NotMatchedByTarget => Self::OnlySource,
            MergeClauseKind::NotMatchedBySource => Self::OnlyTarget,
        }
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
