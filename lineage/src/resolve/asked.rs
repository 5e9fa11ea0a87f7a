//! What a SELECT asks for by name: `o.amount` says that `o` has an `amount`. Where the columns of `o` are
//! not all known, an `amount` without a qualifier is then the same one, or it would be ambiguous.

use crate::hashing::{HashMap, HashSet};
use crate::name::ColumnName;
use crate::query::block::{FromItem, GroupBy, JoinCondition, ProjectionKind, Select, Source};
use crate::query::tree::{BlockId, Expr, ExprId, Tree};

/// The columns that are asked for with a qualifier, each with its qualifiers. Subqueries are not looked into.
pub(super) fn asked(tree: &Tree, id: BlockId, select: &Select) -> HashMap<ColumnName, HashSet<ColumnName>> {
    let mut found: HashMap<ColumnName, HashSet<ColumnName>> = HashMap::default();
    // With one relation there is nothing to tell apart.
    if select.from.len() < 2 && !matches!(select.from.first().map(|item| &item.source), Some(Source::Nested(_))) {
        return found;
    }
    let mut ahead = roots(tree, id, select);
    while let Some(expr) = ahead.pop() {
        match tree.expr(expr) {
            Expr::Column(path, _) => {
                if let [qualifier, column, ..] = tree.path(*path) {
                    let qualifiers = found.entry(tree.name(*column).clone()).or_default();
                    qualifiers.insert(tree.name(*qualifier).clone());
                }
            }
            _ => tree.add_parts(expr, &mut ahead),
        }
    }
    found
}

/// The expressions of a SELECT.
fn roots(tree: &Tree, id: BlockId, select: &Select) -> Vec<ExprId> {
    let mut roots: Vec<ExprId> = Vec::new();
    conditions(&select.from, &mut roots);
    for item in &select.projection {
        match &item.kind {
            ProjectionKind::Expr(expr, _) | ProjectionKind::Several(expr, _) | ProjectionKind::Fields(expr, _) => {
                roots.push(*expr);
            }
            ProjectionKind::Star(star) => roots.extend(star.replace.iter().map(|(_, expr)| *expr)),
        }
    }
    roots.extend(select.selection.into_iter().chain(select.having).chain(select.qualify));
    if let GroupBy::Keys { keys, .. } = &select.group_by {
        roots.extend_from_slice(tree.list(*keys));
    }
    roots.extend(tree.block(id).order_by.iter().map(|key| key.expr));
    roots
}

fn conditions(items: &[FromItem], roots: &mut Vec<ExprId>) {
    for item in items {
        if let JoinCondition::On(condition) = item.join.condition {
            roots.push(condition);
        }
        if let Source::Nested(inner) = &item.source {
            conditions(inner, roots);
        }
    }
}
