//! Blocks that no rule understands: their text, with everything in it that a name can mean. It must not
//! know what they do.

use std::fmt::Write as _;

use super::Lowering;
use crate::canonical::plan::{Plan, PlanId};
use crate::canonical::term::TermId;
use crate::dependency::Extent;
use crate::query::tree::{BlockId, Expr};
use crate::resolve::{Binding, ColumnUse};
use crate::scope::ItemSource;

impl Lowering<'_> {
    /// A block as its own text. Two of them are the same if they are written the same, down to the
    /// aliases, over the same blocks, relations and outer columns.
    pub(super) fn opaque(&mut self, id: BlockId) -> PlanId {
        let (tree, resolved) = (self.tree, self.resolved);
        let (mut text, children) = crate::query::block_text(tree, id);
        let bound = resolved.block(id);
        for column in &bound.outputs {
            let _ = write!(text, " |{}", column.name.key());
        }
        let mut parts: Vec<TermId> = Vec::new();
        for item in &bound.from.items {
            text.push_str(if item.extent == Extent::Open { " <~" } else { " <" });
            for column in item.columns.iter() {
                let original = column.original.as_ref().unwrap_or(&column.name);
                let _ = write!(text, " {}:{}", column.name.key(), original.key());
            }
            if let ItemSource::Input(input) = &item.source {
                let name = self.relation_word(&resolved.inputs[input.index()].name);
                parts.push(self.terms.keep(crate::canonical::term::Term::Parameter(name)));
            }
        }
        // Names of blocks around mean columns that the text does not show.
        let inside = resolved.within(id);
        let exprs = self.exprs_of(id);
        for expr in exprs {
            if let Some(Binding::Columns(uses) | Binding::AliasOr(_, uses)) = resolved.binding(expr) {
                let outer: Vec<ColumnUse> = uses.iter().filter(|used| !inside.contains(&used.block)).cloned().collect();
                for used in outer {
                    let term = self.column_use(&used);
                    parts.push(self.terms.shift(term, 1));
                }
            }
        }
        self.enter(id);
        if let Some(frame) = self.frames.last_mut() {
            // What is correlated names items by their places, which the text fixes.
            frame.from = Some(&bound.from);
        }
        let mut plans = Vec::new();
        for child in children {
            if self.recursive.contains(&child) {
                self.refuse("a recursive query in a form that is not understood");
                continue;
            }
            plans.push(self.block(child));
            for column in &resolved.block(child).outputs {
                let _ = write!(text, " >{}", column.name.key());
            }
        }
        self.leave();
        let text = self.terms.word(&text);
        if bound.rest.is_empty() {
            self.terms.widths.insert(text, bound.outputs.len());
        }
        self.terms.keep_plan(Plan::Opaque(text, parts, plans))
    }

    /// Every expression that stands in a block itself.
    fn exprs_of(&self, id: BlockId) -> Vec<crate::query::tree::ExprId> {
        let mut ahead = self.tree.block_parts(id).exprs;
        ahead.reverse();
        let mut found = Vec::new();
        while let Some(expr) = ahead.pop() {
            if matches!(self.tree.expr(expr), Expr::Column(..) | Expr::Star(_)) {
                found.push(expr);
            }
            ahead.extend(self.tree.parts(expr).into_iter().rev());
        }
        found
    }
}
