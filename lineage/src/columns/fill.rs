//! WITH FILL and INTERPOLATE of ClickHouse: rows that stand in gaps, and what their columns hold. They are
//! made last of all, so what is sorted, grouped or told apart does not see them.

use std::rc::Rc;

use super::block::{Composer, FlatRest};
use super::dependencies::{Dep, Way};
use crate::dependency::EdgeKind;
use crate::hashing::HashMap;
use crate::name::ColumnName;
use crate::query::tree::{BlockId, Expr, ExprId};
use crate::resolve::{Binding, ResolvedBlock, Value};

impl Composer<'_> {
    /// Adds what the columns hold in the rows that a block is filled up with.
    pub(super) fn fill_gaps(&mut self, id: BlockId, columns: &mut [Rc<[Dep]>], rest: &mut [FlatRest]) {
        let tree = self.tree;
        let resolved = self.resolved.block(id);
        let mut by_column: HashMap<usize, Vec<Dep>> = HashMap::default();
        let mut passing = Vec::new();
        for key in &tree.block(id).order_by {
            let Expr::Apply(operator, args) = tree.expr(key.expr) else { continue };
            let (place, values) = match (tree.text(*operator), tree.list(*args)) {
                // The rows between two that are there are made of the bounds and the step.
                ("with fill", [filled, bounds @ ..]) if !bounds.is_empty() => (self.place_of(id, *filled), bounds),
                ("interpolate", values @ [only]) => match tree.expr(*only) {
                    Expr::Named(name, _) => (resolved.column(tree.name(*name)), values),
                    _ => continue,
                },
                _ => continue,
            };
            let mut deps = Vec::new();
            for value in values {
                let way = Way::new(EdgeKind::Transformation, tree.block(id).position);
                self.expression(id, *value, way, &mut deps);
            }
            match place {
                Some(place) => by_column.entry(place).or_default().extend(deps),
                None => passing.extend(deps),
            }
        }
        for (place, mut deps) in by_column {
            deps.extend(columns[place].iter());
            columns[place] = self.normal(deps);
        }
        if !passing.is_empty() {
            // A column behind a `*` that nobody has named: it may be any of those that pass through.
            let passing = self.normal(passing);
            for rest in rest {
                rest.also = self.both(&rest.also, &passing);
            }
        }
    }

    /// The column of the block that a key of its ORDER BY is.
    fn place_of(&self, id: BlockId, key: ExprId) -> Option<usize> {
        let resolved = self.resolved.block(id);
        if let Some(Binding::Alias(alias, fields)) = self.resolved.binding(key)
            && fields.is_empty()
        {
            return resolved.outputs.iter().position(|column| column.value == Value::Expr(*alias));
        }
        let name = last_name(self, key)?;
        resolved.column(name).or_else(|| same_column(self, resolved, key))
    }
}

/// The name at the end of a dotted one.
fn last_name<'a>(composer: &Composer<'a>, key: ExprId) -> Option<&'a ColumnName> {
    let Expr::Column(path, _) = composer.tree.expr(key) else { return None };
    composer.tree.path(*path).last().map(|name| composer.tree.name(*name))
}

/// The column that is the same one under another name: `SELECT day AS d … ORDER BY day`.
fn same_column(composer: &Composer<'_>, block: &ResolvedBlock, key: ExprId) -> Option<usize> {
    let meant = composer.resolved.binding(key)?;
    block.outputs.iter().position(|column| match column.value {
        Value::Expr(expr) => composer.resolved.binding(expr) == Some(meant),
        _ => false,
    })
}
