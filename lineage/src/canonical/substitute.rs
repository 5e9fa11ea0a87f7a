//! Putting other terms in the place of columns, through all levels of queries inside a term. It must
//! not know why.

use super::plan::{Input, Plan, PlanId};
use super::term::{Column, Term, TermId};
use super::terms::Terms;
use crate::hashing::HashMap;
use crate::stack::with_room;

/// One replacement of columns by terms; what was worked out once is remembered.
pub(crate) struct Replacement<'f> {
    /// What stands in the place of a column. Its level counts from the block whose terms are mapped;
    /// so do the levels of what it gives.
    column: &'f mut dyn FnMut(&mut Terms, Column) -> TermId,
    terms: HashMap<(TermId, u32), TermId>,
    plans: HashMap<(PlanId, u32), PlanId>,
}

impl<'f> Replacement<'f> {
    pub(crate) fn new(column: &'f mut dyn FnMut(&mut Terms, Column) -> TermId) -> Self {
        Self { column, terms: HashMap::default(), plans: HashMap::default() }
    }
}

impl Terms {
    /// A term with other terms in the place of its columns.
    pub(crate) fn replace(&mut self, with: &mut Replacement<'_>, term: TermId) -> TermId {
        self.replace_at(with, term, 0)
    }

    fn replace_at(&mut self, with: &mut Replacement<'_>, id: TermId, depth: u32) -> TermId {
        if self.facts(id).outer <= depth {
            return id;
        }
        if let Some(known) = with.terms.get(&(id, depth)) {
            return *known;
        }
        self.effort.spend(1);
        let term = self.shared(id);
        let replaced = match &*term {
            Term::Column(column) => {
                let column = Column { level: column.level - depth, ..*column };
                let found = (with.column)(self, column);
                self.shift(found, depth)
            }
            Term::Subquery(kind, operand, plan) => with_room(|| {
                let operand = operand.map(|operand| self.replace_at(with, operand, depth));
                let plan = self.replace_plan(with, *plan, depth + 1);
                self.subquery(*kind, operand, plan)
            }),
            _ => with_room(|| {
                let parts: Vec<TermId> =
                    term.parts().into_iter().map(|part| self.replace_at(with, part, depth)).collect();
                self.make(term.with_parts(&parts))
            }),
        };
        with.terms.insert((id, depth), replaced);
        if let Some(origin) = self.origins.get(&id).copied() {
            self.origins.entry(replaced).or_insert(origin);
        }
        replaced
    }

    /// A plan with other terms in the place of columns of what is so many levels around its own terms.
    pub(crate) fn replace_plan(&mut self, with: &mut Replacement<'_>, id: PlanId, depth: u32) -> PlanId {
        if self.plan_facts(id).outer < depth {
            return id;
        }
        if let Some(known) = with.plans.get(&(id, depth)) {
            return *known;
        }
        let plan = self.shared_plan(id);
        let replaced = with_room(|| match &*plan {
            Plan::Relation(..) | Plan::Step(_) => id,
            Plan::Block(block) => {
                let mut block = (**block).clone();
                for input in &mut block.inputs {
                    *input = Input { plan: self.replace_plan(with, input.plan, depth + 1), ..*input };
                }
                block.change_terms(&mut |term| self.replace_at(with, term, depth));
                self.block(block)
            }
            Plan::Set(set) => {
                let mut set = set.clone();
                for branch in &mut set.branches {
                    *branch = self.replace_plan(with, *branch, depth + 1);
                }
                set.order.iter_mut().for_each(|key| key.term = self.replace_at(with, key.term, depth));
                if let Some(limit) = &mut set.limit {
                    limit.change(&mut |term| self.replace_at(with, term, depth));
                }
                self.set(set)
            }
            Plan::Values(rows) => {
                let rows = rows
                    .iter()
                    .map(|row| row.iter().map(|term| self.replace_at(with, *term, depth)).collect())
                    .collect();
                self.keep_plan(Plan::Values(rows))
            }
            Plan::Recursive(inner) => {
                let inner = self.replace_plan(with, *inner, depth + 1);
                self.keep_plan(Plan::Recursive(inner))
            }
            Plan::Unnest(columns, arrays) => {
                let arrays = arrays.iter().map(|term| self.replace_at(with, *term, depth)).collect();
                self.keep_plan(Plan::Unnest(*columns, arrays))
            }
            Plan::Function(name, relation, args) => {
                let args = args.iter().map(|term| self.replace_at(with, *term, depth)).collect();
                self.keep_plan(Plan::Function(*name, *relation, args))
            }
            Plan::Opaque(text, terms, plans) => {
                let terms = terms.iter().map(|term| self.replace_at(with, *term, depth)).collect();
                let plans = plans.iter().map(|plan| self.replace_plan(with, *plan, depth + 1)).collect();
                self.keep_plan(Plan::Opaque(*text, terms, plans))
            }
        });
        with.plans.insert((id, depth), replaced);
        if let Some(origin) = self.plan_origins.get(&id).copied() {
            self.plan_origins.entry(replaced).or_insert(origin);
        }
        replaced
    }

    /// A term so many levels further in.
    pub(super) fn shift(&mut self, term: TermId, by: u32) -> TermId {
        if by == 0 || self.facts(term).outer == 0 {
            return term;
        }
        let mut deeper =
            |terms: &mut Terms, column: Column| terms.keep(Term::Column(Column { level: column.level + by, ..column }));
        self.replace(&mut Replacement::new(&mut deeper), term)
    }

    /// A plan in FROM or an expression so many levels further in.
    pub(crate) fn shift_plan(&mut self, plan: PlanId, by: u32) -> PlanId {
        if by == 0 || self.plan_facts(plan).outer == 0 {
            return plan;
        }
        let mut deeper =
            |terms: &mut Terms, column: Column| terms.keep(Term::Column(Column { level: column.level + by, ..column }));
        self.replace_plan(&mut Replacement::new(&mut deeper), plan, 1)
    }
}
