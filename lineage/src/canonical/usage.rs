//! Which columns of a block's inputs terms and plans use, however deep they stand. It must not know
//! what for.

use crate::hashing::HashSet;
use std::collections::BTreeSet;

use super::plan::{Block, Plan, PlanId};
use super::term::{Column, Term, TermId};
use super::terms::Terms;
use crate::stack::with_room;

/// Columns of one block, found in terms of it and below.
#[derive(Default)]
pub(crate) struct Usage {
    /// The columns; their level is 0.
    pub(crate) columns: BTreeSet<Column>,
    terms: HashSet<(TermId, u32)>,
    plans: HashSet<(PlanId, u32)>,
}

impl Usage {
    /// Adds the columns that a term of the block uses.
    pub(crate) fn add(&mut self, terms: &Terms, term: TermId) {
        self.term(terms, term, 0);
    }

    /// Adds the columns that an input of the block uses.
    pub(crate) fn add_plan(&mut self, terms: &Terms, plan: PlanId) {
        self.plan(terms, plan, 1);
    }

    fn term(&mut self, terms: &Terms, id: TermId, depth: u32) {
        if terms.facts(id).outer <= depth || !self.terms.insert((id, depth)) {
            return;
        }
        with_room(|| {
            let term = terms.term(id);
            match term {
                Term::Column(column) if column.level == depth => {
                    self.columns.insert(Column { level: 0, ..*column });
                }
                Term::Subquery(_, operand, plan) => {
                    operand.iter().for_each(|operand| self.term(terms, *operand, depth));
                    self.plan(terms, *plan, depth + 1);
                }
                _ => term.parts().into_iter().for_each(|part| self.term(terms, part, depth)),
            }
        });
    }

    fn plan(&mut self, terms: &Terms, id: PlanId, depth: u32) {
        if terms.plan_facts(id).outer < depth || !self.plans.insert((id, depth)) {
            return;
        }
        with_room(|| match terms.plan(id) {
            Plan::Relation(..) | Plan::Step(_) => {}
            Plan::Block(block) => {
                block.terms().into_iter().for_each(|term| self.term(terms, term, depth));
                block.inputs.iter().for_each(|input| self.plan(terms, input.plan, depth + 1));
            }
            Plan::Set(set) => {
                set.terms().into_iter().for_each(|term| self.term(terms, term, depth));
                set.branches.iter().for_each(|branch| self.plan(terms, *branch, depth + 1));
            }
            Plan::Values(rows) => rows.iter().flatten().for_each(|term| self.term(terms, *term, depth)),
            Plan::Recursive(inner) => self.plan(terms, *inner, depth + 1),
            Plan::Unnest(_, parts) | Plan::Function(_, _, parts) => {
                parts.iter().for_each(|term| self.term(terms, *term, depth));
            }
            Plan::Opaque(_, parts, plans) => {
                parts.iter().for_each(|term| self.term(terms, *term, depth));
                plans.iter().for_each(|plan| self.plan(terms, *plan, depth + 1));
            }
        });
    }
}

impl Terms {
    /// The inputs of the block that a term of it uses, in order.
    pub(crate) fn inputs_of(&self, term: TermId) -> Vec<u32> {
        let mut inputs: Vec<u32> = self.columns_of(term).into_iter().map(|column| column.input).collect();
        inputs.dedup();
        inputs
    }

    /// The columns of the block's inputs that a term of it uses, in order.
    pub(crate) fn columns_of(&self, term: TermId) -> BTreeSet<Column> {
        let mut usage = Usage::default();
        usage.add(self, term);
        usage.columns
    }

    /// The columns of its inputs that a block uses, in order, without those that pass as a rest.
    pub(super) fn columns_in(&self, block: &Block) -> BTreeSet<Column> {
        let mut usage = Usage::default();
        block.terms().into_iter().for_each(|term| usage.add(self, term));
        block.inputs.iter().for_each(|input| usage.add_plan(self, input.plan));
        usage.columns
    }
}
