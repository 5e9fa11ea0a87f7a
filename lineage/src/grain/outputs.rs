//! Which output of a SELECT an expression of one of its clauses is.

use std::cell::OnceCell;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::equality::{Atom, atom_of, same};
use crate::hashing::HashMap;
use crate::query::tree::{BlockId, Expr, ExprId, Tree};
use crate::resolve::{Binding, Resolved, SortedBy, Value, sorted_by};

/// The outputs of a SELECT, to be found by what they are.
pub(super) struct Outputs<'a> {
    tree: &'a Tree,
    resolved: &'a Resolved,
    id: BlockId,
    index: OnceCell<Index>,
}

/// Where each output stands.
#[derive(Default)]
struct Index {
    by_expr: HashMap<ExprId, usize>,
    /// Those of one digest may be the same; others are not.
    by_digest: HashMap<u64, Vec<(usize, ExprId)>>,
    by_atom: HashMap<Atom, usize>,
}

impl<'a> Outputs<'a> {
    pub(super) fn new(tree: &'a Tree, resolved: &'a Resolved, id: BlockId) -> Self {
        Self { tree, resolved, id, index: OnceCell::new() }
    }

    /// The output that an expression of a clause is; the first if it is several.
    pub(super) fn place_of(&self, expr: ExprId) -> Option<usize> {
        let expr = match sorted_by(self.tree, self.resolved.block(self.id), expr) {
            SortedBy::Output(place) => return Some(place),
            SortedBy::Unknown => return None,
            SortedBy::Expr(expr) => expr,
        };
        let aliased = match self.resolved.binding(expr) {
            Some(Binding::Alias(alias, fields)) if fields.is_empty() => Some(*alias),
            // Where the alias is of the very column, it does not matter which of the two is meant.
            Some(Binding::AliasOr(alias, uses)) => {
                let own = self.resolved.binding(*alias);
                matches!(own, Some(Binding::Columns(of)) if of == uses).then_some(*alias)
            }
            _ => None,
        };
        let index = self.index.get_or_init(|| self.index());
        let by_alias = aliased.and_then(|alias| index.by_expr.get(&alias)).copied();
        let atom = atom_of(self.tree, self.resolved, self.id, expr);
        let by_atom = atom.and_then(|atom| index.by_atom.get(&atom)).copied();
        let alike = index.by_digest.get(&self.digest(expr)).into_iter().flatten();
        let mut alike = alike.filter(|(_, own)| same(self.tree, self.resolved, *own, expr));
        let by_form = alike.next().map(|(place, _)| *place);
        by_alias.into_iter().chain(by_atom).chain(by_form).min()
    }

    fn index(&self) -> Index {
        let mut index = Index::default();
        for (place, column) in self.resolved.block(self.id).outputs.iter().enumerate() {
            match &column.value {
                Value::Expr(expr) => {
                    index.by_expr.entry(*expr).or_insert(place);
                    index.by_digest.entry(self.digest(*expr)).or_default().push((place, *expr));
                }
                Value::Columns(parts) => {
                    if let [part] = parts.as_slice() {
                        index.by_atom.entry(part.clone()).or_insert(place);
                    }
                }
                Value::Branches(_) | Value::Rows(_) => {}
            }
        }
        index
    }

    /// Equal for expressions that are the same.
    fn digest(&self, root: ExprId) -> u64 {
        let mut hasher = DefaultHasher::new();
        let mut ahead = vec![root];
        while let Some(expr) = ahead.pop() {
            let form = self.tree.expr(expr);
            std::mem::discriminant(form).hash(&mut hasher);
            match form {
                Expr::Column(..) => self.resolved.binding(expr).hash(&mut hasher),
                Expr::Literal(kind, text) => (kind, text).hash(&mut hasher),
                Expr::Parameter(text) | Expr::Apply(text, _) => text.hash(&mut hasher),
                Expr::Call { function, clauses: None, .. } => function.hash(&mut hasher),
                Expr::Case { operand, otherwise, .. } => {
                    (operand.is_some(), otherwise.is_some()).hash(&mut hasher);
                }
                Expr::Cast { data_type, mode, .. } => (data_type, mode).hash(&mut hasher),
                Expr::Field(_, name) => name.hash(&mut hasher),
                Expr::Index(..) => {}
                // These are the same as themselves only.
                Expr::Star(_)
                | Expr::Call { clauses: Some(_), .. }
                | Expr::Subquery { .. }
                | Expr::Lambda(..)
                | Expr::Named(..) => {
                    expr.hash(&mut hasher);
                    continue;
                }
            }
            let parts = self.tree.parts(expr);
            parts.len().hash(&mut hasher);
            ahead.extend(parts);
        }
        hasher.finish()
    }
}
