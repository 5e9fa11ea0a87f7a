//! One SELECT as a block. What depends on more than its columns and conditions is opaque.

use super::Lowering;
use super::from::leaves;
use crate::aggregation;
use crate::canonical::plan::{Block, Distinct, Group, Input, Limit, PlanId, Rest};
use crate::canonical::term::{Sort, Term, TermId, Traits};
use crate::canonical::terms::number;
use crate::query::block::{self, GroupBy, GroupingSets, ProjectionKind, RowShape, Select};
use crate::query::tree::{BlockId, List, SortKey};
use crate::resolve::{BlockRest, ColumnUse, ResolvedBlock, RestOf, SortedBy, Value, sorted_by};
use crate::scope::ItemSource;

impl<'a> Lowering<'a> {
    pub(super) fn select(&mut self, id: BlockId, select: &'a Select) -> PlanId {
        let resolved = self.resolved;
        let bound = resolved.block(id);
        let is_plain = select.shape == RowShape::Columns
            && select.hierarchy.is_empty()
            && !bound.from.items.iter().any(|item| matches!(item.source, ItemSource::Reshaped(_)));
        let leaves = if is_plain { leaves(select) } else { None };
        let Some(leaves) = leaves else { return self.opaque(id) };
        self.enter(id);
        if let Some(frame) = self.frames.last_mut() {
            frame.from = Some(&bound.from);
        }
        let built = self.inputs(&leaves, &bound.from).and_then(|inputs| self.built(id, select, bound, inputs));
        self.leave();
        match built {
            Some(block) => self.terms.block(block),
            None => self.opaque(id),
        }
    }

    fn built(
        &mut self,
        id: BlockId,
        select: &'a Select,
        bound: &'a ResolvedBlock,
        inputs: Vec<Input>,
    ) -> Option<Block> {
        let tree = self.tree;
        // What makes rows elsewhere than in the projection is not followed.
        let makes_rows = aggregation::generators_behind(tree, tree.block(id));
        if !makes_rows.is_empty() || !aggregation::generators_below(tree, select).is_empty() {
            return None;
        }
        let (from, mut conditions) = self.joined(&bound.from, &inputs)?;
        conditions.extend(select.selection.map(|condition| self.expr(condition)));
        let outputs: Vec<TermId> =
            bound.outputs.iter().map(|column| self.output(id, &column.value)).collect::<Option<_>>()?;
        let rest = self.rest(select, bound)?;
        let having: Vec<TermId> = select.having.iter().map(|condition| self.expr(*condition)).collect();
        let qualify: Vec<TermId> = select.qualify.iter().map(|condition| self.expr(*condition)).collect();
        let distinct = match select.distinct {
            block::Distinct::All => Distinct::All,
            block::Distinct::Distinct => Distinct::Distinct,
            block::Distinct::On(keys) => Distinct::On(self.keys(keys, bound, &outputs)?),
        };
        let written = tree.block(id);
        let keeps_order = written.limit.is_some() || matches!(distinct, Distinct::On(_));
        let order = if keeps_order { self.order(&written.order_by, bound, &outputs)? } else { Vec::new() };
        let limit = written.limit.map(|limit| {
            let by = tree.list(limit.by).iter().map(|expr| self.expr(*expr)).collect();
            Limit {
                count: limit.count.map(|count| self.expr(count)),
                offset: limit.offset.map(|offset| self.expr(offset)),
                by,
                modifiers: limit.modifiers.map(|modifiers| self.terms.word(tree.text(modifiers))),
            }
        });
        let group = self.group(&select.group_by, bound, &outputs, [&having, &qualify], &order)?;
        let mut block = Block {
            inputs,
            from,
            conditions,
            group,
            having,
            qualify,
            distinct,
            outputs,
            rest,
            order,
            limit,
            frozen: None,
        };
        // HAVING without groups or aggregates makes one group of all rows.
        if block.group.is_none() && !block.having.is_empty() {
            block.group = Some(Group::default());
        }
        Some(block)
    }

    fn output(&mut self, id: BlockId, value: &Value) -> Option<TermId> {
        match value {
            Value::Expr(expr) => Some(self.expr(*expr)),
            Value::Columns(parts) => {
                let used = |(item, column): &(usize, crate::scope::ColumnAt)| ColumnUse {
                    block: id,
                    item: *item,
                    column: column.clone(),
                    fields: Vec::new(),
                };
                let uses: Vec<ColumnUse> = parts.iter().map(used).collect();
                (!uses.is_empty()).then(|| self.columns(&uses))
            }
            Value::Branches(_) | Value::Rows(_) => None,
        }
    }

    /// What passes through; none if that is more than the rest of FROM items.
    #[allow(clippy::option_option)]
    fn rest(&mut self, select: &Select, bound: &ResolvedBlock) -> Option<Option<Rest>> {
        let is_known = |item: &block::Projection| match &item.kind {
            ProjectionKind::Expr(..) => true,
            ProjectionKind::Star(star) => star.like.is_none(),
            ProjectionKind::Several(..) | ProjectionKind::Fields(..) => false,
        };
        if !select.projection.iter().all(is_known) {
            return None;
        }
        if bound.rest.is_empty() {
            return Some(None);
        }
        let mut parts = Vec::new();
        for BlockRest { of, except } in &bound.rest {
            let RestOf::Item(item) = of else { return None };
            let except = except.iter().map(|name| self.name_word(name)).collect();
            parts.push((number(*item), except));
        }
        let mut skeleton = String::new();
        for item in &select.projection {
            match &item.kind {
                ProjectionKind::Star(star) if star.replace.is_empty() && star.rename.is_empty() => {
                    skeleton.push_str(&spread(star.qualifier.is_some(), bound));
                }
                // Where the columns go that a star replaces or renames depends on what is not known.
                ProjectionKind::Star(_) => skeleton.push('?'),
                _ => skeleton.push('e'),
            }
        }
        let names = bound.outputs.iter().map(|column| self.name_word(&column.name)).collect();
        let skeleton = self.terms.word(&skeleton);
        Some(Some(Rest { skeleton, parts, names }))
    }

    fn key(&mut self, key: crate::query::tree::ExprId, bound: &ResolvedBlock, outputs: &[TermId]) -> Option<TermId> {
        match sorted_by(self.tree, bound, key) {
            SortedBy::Output(place) => outputs.get(place).copied(),
            SortedBy::Unknown => None,
            SortedBy::Expr(expr) => Some(self.expr(expr)),
        }
    }

    fn keys(&mut self, keys: List, bound: &ResolvedBlock, outputs: &[TermId]) -> Option<Vec<TermId>> {
        self.tree.list(keys).iter().map(|key| self.key(*key, bound, outputs)).collect()
    }

    fn order(&mut self, keys: &[SortKey], bound: &ResolvedBlock, outputs: &[TermId]) -> Option<Vec<Sort>> {
        let sort = |key: &SortKey| {
            let term = self.key(key.expr, bound, outputs)?;
            Some(Sort { term, direction: key.direction, nulls: key.nulls })
        };
        keys.iter().map(sort).collect()
    }

    /// GROUP BY; without it, one group where something surely aggregates.
    #[allow(clippy::option_option)]
    fn group(
        &mut self,
        group_by: &GroupBy,
        bound: &ResolvedBlock,
        outputs: &[TermId],
        conditions: [&[TermId]; 2],
        order: &[Sort],
    ) -> Option<Option<Group>> {
        let tree = self.tree;
        match group_by {
            GroupBy::None => {
                let mut terms = outputs.iter().chain(conditions[0]).chain(conditions[1]);
                let aggregates = terms.any(|term| self.terms.has(*term, Traits::AGGREGATE))
                    || order.iter().any(|key| self.terms.has(key.term, Traits::AGGREGATE));
                Some(aggregates.then(Group::default))
            }
            GroupBy::All => {
                if !bound.rest.is_empty() {
                    return None;
                }
                let mut keys = Vec::new();
                for output in outputs {
                    let traits = self.terms.facts(*output).traits;
                    if traits.has(Traits::UNKNOWN.and(Traits::GENERATOR).and(Traits::SUBQUERY)) {
                        return None;
                    }
                    if !traits.has(Traits::AGGREGATE.and(Traits::WINDOW)) {
                        keys.push(*output);
                    } else if !self.is_aggregate(*output) {
                        return None;
                    }
                }
                Some(Some(Group { keys, sets: None }))
            }
            GroupBy::Keys { keys, sets } => {
                let keys = self.keys(*keys, bound, outputs)?;
                let sets = match sets {
                    GroupingSets::Plain => None,
                    GroupingSets::Several(spelled) => Some(self.terms.word(tree.text(*spelled))),
                };
                Some(Some(Group { keys, sets }))
            }
        }
    }

    /// Whether a term is a single aggregate and nothing around it.
    fn is_aggregate(&self, term: TermId) -> bool {
        match self.terms.term(term) {
            Term::Call(call) => call.over.is_none() && self.terms.has(term, Traits::AGGREGATE),
            _ => false,
        }
    }
}

/// How a star is spelled in a skeleton: alone, or with how many columns each item is known to have.
fn spread(is_qualified: bool, bound: &ResolvedBlock) -> String {
    let items = &bound.from.items;
    if is_qualified || (items.len() == 1 && items.iter().all(|item| item.columns.is_empty())) {
        return "*".to_owned();
    }
    let counts = items.iter().map(|item| {
        let open = if item.extent == crate::dependency::Extent::Open { "+" } else { "" };
        format!("{}{open}", item.columns.len())
    });
    format!("[{}]", counts.collect::<Vec<_>>().join(","))
}
