//! Outer joins of the old form, `WHERE a.id = b.id (+)`, as the LEFT JOINs that they are.
//!
//! The conditions that mark one item of FROM become the condition of its join, and the item goes behind
//! those that it is joined to. Where that cannot be told (a mark without a qualifier, a `*` whose columns
//! would change places), the conditions stay in WHERE, where they decide over rows all the same.

use std::collections::{BTreeSet, HashMap};

use super::super::Lowering;
use crate::name::{ColumnName, Quoting};
use crate::query::block::{FromItem, JoinCondition, JoinKind, Lateral, ProjectionKind, Select, Source};
use crate::query::tree::{Expr, ExprId, Symbol};

/// So many items are put in order.
const MAX_ITEMS: usize = 200;

/// What a condition names.
#[derive(Default)]
struct Named {
    /// The item that it marks.
    marked: Option<usize>,
    /// The others.
    others: BTreeSet<usize>,
}

impl Lowering<'_> {
    /// Makes joins of the marks in WHERE.
    pub(super) fn join_marked(&mut self, select: &mut Select) {
        let Some(selection) = select.selection else { return };
        let mut kept: Vec<ExprId> = Vec::new();
        let mut joins: HashMap<usize, (Vec<ExprId>, BTreeSet<usize>)> = HashMap::new();
        let items: HashMap<Symbol, usize> = {
            let names: Vec<Option<Symbol>> = select.from.iter().map(|item| self.known_as(item)).collect();
            names.into_iter().enumerate().filter_map(|(place, name)| Some((name?, place))).collect()
        };
        for condition in self.conjuncts(selection) {
            match self.is_marked(condition) {
                false => kept.push(condition),
                true => {
                    let Some(Named { marked: Some(marked), others }) = self.named_in(condition, &items) else { return };
                    let join = joins.entry(marked).or_default();
                    join.0.push(condition);
                    join.1.extend(others);
                }
            }
        }
        let is_plain = |item: &FromItem| {
            item.join.kind == JoinKind::Cross
                && item.join.condition == JoinCondition::None
                && item.lateral == Lateral::No
        };
        if joins.is_empty() || select.from.len() > MAX_ITEMS || !select.from.iter().all(is_plain) {
            return;
        }
        if let ([_, second], Some((conditions, _))) = (select.from.as_mut_slice(), joins.get(&0))
            && joins.len() == 1
        {
            // No item has to change its place.
            second.join.kind = JoinKind::Right;
            second.join.condition = self.all(conditions.clone()).map_or(JoinCondition::None, JoinCondition::On);
            select.selection = self.all(kept);
            return;
        }
        let Some(order) = order(select.from.len(), &joins) else { return };
        let moves = order.iter().enumerate().any(|(place, item)| place != *item);
        if moves && select.projection.iter().any(|item| matches!(item.kind, ProjectionKind::Star(_))) {
            return;
        }
        let mut from = Vec::with_capacity(order.len());
        for place in order {
            let mut item = select.from[place].clone();
            if let Some((conditions, _)) = joins.remove(&place) {
                item.join.kind = JoinKind::Left;
                item.join.condition = self.all(conditions).map_or(JoinCondition::None, JoinCondition::On);
            }
            from.push(item);
        }
        select.from = from;
        select.selection = self.all(kept);
    }

    /// What qualifies the columns of an item.
    fn known_as(&mut self, item: &FromItem) -> Option<Symbol> {
        match (item.alias, &item.source) {
            (None, Source::Relation { relation, .. }) => {
                let name = ColumnName::new(self.dialect, relation.name.table(), Quoting::Bare);
                Some(self.build.symbol(name))
            }
            (alias, _) => alias,
        }
    }

    fn conjuncts(&self, condition: ExprId) -> Vec<ExprId> {
        let tree = self.build.tree();
        let mut found = Vec::new();
        let mut ahead = vec![condition];
        while let Some(expr) = ahead.pop() {
            match tree.expr(expr) {
                Expr::Apply(operator, args) if tree.text(*operator) == "and" => {
                    ahead.extend(tree.list(*args).iter().rev());
                }
                _ => found.push(expr),
            }
        }
        found
    }

    fn is_marked(&self, condition: ExprId) -> bool {
        let tree = self.build.tree();
        let mut ahead = vec![condition];
        while let Some(expr) = ahead.pop() {
            if matches!(tree.expr(expr), Expr::Apply(operator, _) if tree.text(*operator) == "(+)") {
                return true;
            }
            tree.add_parts(expr, &mut ahead);
        }
        false
    }

    /// The items whose columns a condition names; nothing if there are others, or marks on several.
    fn named_in(&self, condition: ExprId, items: &HashMap<Symbol, usize>) -> Option<Named> {
        let tree = self.build.tree();
        let mut named = Named::default();
        let mut ahead = vec![(condition, false)];
        while let Some((expr, marked)) = ahead.pop() {
            match tree.expr(expr) {
                Expr::Column(path, _) => {
                    let path = tree.path(*path);
                    let qualifier = path.len().checked_sub(2).map(|place| path[place])?;
                    let item = *items.get(&qualifier)?;
                    if !marked {
                        named.others.insert(item);
                    } else if *named.marked.get_or_insert(item) != item {
                        return None;
                    }
                }
                Expr::Subquery { .. } => return None,
                Expr::Apply(operator, args) if tree.text(*operator) == "(+)" => {
                    ahead.extend(tree.list(*args).iter().map(|arg| (*arg, true)));
                }
                _ => ahead.extend(tree.parts(expr).into_iter().map(|part| (part, marked))),
            }
        }
        if let Some(marked) = named.marked {
            named.others.remove(&marked);
        }
        Some(named)
    }
}

/// The items that are not marked, then each marked one behind those that it is joined to; nothing if they
/// go in a circle, or if none is left to be joined to.
fn order(count: usize, joins: &HashMap<usize, (Vec<ExprId>, BTreeSet<usize>)>) -> Option<Vec<usize>> {
    let fits = |placed: &[usize], item: usize| {
        joins.get(&item).is_none_or(|(_, others)| others.iter().all(|other| placed.contains(other)))
    };
    // Most often they are in order already.
    let as_written: Vec<usize> = (0..count).collect();
    if (0..count).all(|item| fits(&as_written[..item], item)) && !joins.contains_key(&0) {
        return Some(as_written);
    }
    let mut placed: Vec<usize> = (0..count).filter(|item| !joins.contains_key(item)).collect();
    if placed.is_empty() {
        return None;
    }
    while placed.len() < count {
        let next = (0..count).find(|item| !placed.contains(item) && fits(&placed, *item))?;
        placed.push(next);
    }
    Some(placed)
}
