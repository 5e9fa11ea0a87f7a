//! Which SELECTs make one row of many. What follows from that takes row dependencies away, so only
//! what is sure counts here. It must not know where names come from.

use crate::functions;
use crate::hashing::HashSet;
use crate::query::block::{Block, GroupBy, ProjectionKind, Select};
use crate::query::tree::{Expr, ExprId, Tree};
use crate::resolve::{Binding, Resolved};

/// Whether a SELECT without GROUP BY makes a single row of all its rows: it aggregates, and names no
/// column outside its aggregates, as it would have to if a function only looked like one.
#[must_use]
pub fn makes_one_row(tree: &Tree, resolved: &Resolved, select: &Select) -> bool {
    if select.group_by != GroupBy::None || !generators(tree, resolved, select).is_empty() {
        return false;
    }
    let mut exprs = Vec::new();
    for item in &select.projection {
        match &item.kind {
            ProjectionKind::Expr(expr, _) => exprs.push(*expr),
            ProjectionKind::Several(..) | ProjectionKind::Fields(..) | ProjectionKind::Star(_) => return false,
        }
    }
    exprs.extend(select.having);
    let mut aggregates = false;
    let mut seen = HashSet::default();
    let mut ahead = exprs;
    while let Some(expr) = ahead.pop() {
        if is_aggregate(tree, expr) {
            aggregates = true;
            continue;
        }
        match tree.expr(expr) {
            Expr::Star(_) => return false,
            Expr::Column(..) => match resolved.binding(expr) {
                None | Some(Binding::Free) => {}
                // In ClickHouse two aliases can each be the other.
                Some(Binding::Alias(alias, _)) if seen.insert(*alias) => ahead.push(*alias),
                Some(Binding::Alias(..)) => {}
                Some(Binding::Columns(_) | Binding::AliasOr(..)) => return false,
            },
            _ => tree.add_parts(expr, &mut ahead),
        }
    }
    aggregates
}

/// Whether an expression surely aggregates somewhere, outside its subqueries and windows.
#[must_use]
pub fn aggregates(tree: &Tree, root: ExprId) -> bool {
    let mut ahead = vec![root];
    while let Some(expr) = ahead.pop() {
        if is_aggregate(tree, expr) {
            return true;
        }
        tree.add_parts(expr, &mut ahead);
    }
    false
}

/// The calls in a projection that make several rows of one: of functions that do by their names, and of
/// routines that are declared to return rows.
#[must_use]
pub fn generators(tree: &Tree, resolved: &Resolved, select: &Select) -> Vec<ExprId> {
    let mut ahead: Vec<ExprId> = Vec::new();
    for item in &select.projection {
        match &item.kind {
            ProjectionKind::Expr(expr, _) | ProjectionKind::Several(expr, _) | ProjectionKind::Fields(expr, _) => {
                ahead.push(*expr);
            }
            ProjectionKind::Star(star) => ahead.extend(star.replace.iter().map(|(_, expr)| *expr)),
        }
    }
    generators_in(tree, Some(resolved), ahead)
}

/// The calls in WHERE that make several rows of one, as arrayJoin does in ClickHouse, before anything is
/// grouped.
#[must_use]
pub fn generators_below(tree: &Tree, select: &Select) -> Vec<ExprId> {
    generators_in(tree, None, select.selection.into_iter().collect())
}

/// What makes rows in ORDER BY, after everything else: a set of Postgres, WITH FILL of ClickHouse.
#[must_use]
pub fn generators_behind(tree: &Tree, block: &Block) -> Vec<ExprId> {
    generators_in(tree, None, block.order_by.iter().map(|key| key.expr).collect())
}

fn generators_in(tree: &Tree, resolved: Option<&Resolved>, mut ahead: Vec<ExprId>) -> Vec<ExprId> {
    let mut found = Vec::new();
    while let Some(expr) = ahead.pop() {
        let makes_rows = match tree.expr(expr) {
            Expr::Call { function, .. } => {
                functions::makes_rows(tree.text(*function))
                    || resolved.is_some_and(|resolved| resolved.calls_for_rows(expr))
            }
            Expr::Apply(operator, _) => tree.text(*operator) == "with fill",
            _ => false,
        };
        if makes_rows {
            found.push(expr);
        }
        tree.add_parts(expr, &mut ahead);
    }
    found
}

/// Whether an expression is a call that surely aggregates.
fn is_aggregate(tree: &Tree, expr: ExprId) -> bool {
    match tree.expr(expr) {
        Expr::Call { function, args, clauses } => {
            clauses.as_ref().is_none_or(|clauses| clauses.over.is_none())
                && functions::surely_aggregates(tree.text(*function), args.len())
        }
        _ => false,
    }
}
