//! The one place where terms and plans are kept, for both sides of a comparison: what is equal is kept
//! once. It must not know which forms mean the same.

use crate::hashing::HashMap;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::hash::Hash;
use std::sync::Arc;

use super::Relations;
use super::behaviour;
use super::plan::{Block, Input, Plan, PlanId};
use super::term::{Call, Facts, Kept, SubqueryKind, Term, TermId, Traits, Word};
use super::unique::Unique;
use crate::dependency::Proof;
use crate::diagnostic::Position;
use crate::dialect::Dialect;
use crate::effort::Effort;
use crate::name::{ColumnName, RelationName};
use crate::query::tree::LiteralKind;
use crate::resolve::Resolved;

/// So much may be done for one side of a pair.
const MOST: usize = 2_000_000;

/// Terms and plans, each kept once.
#[derive(Debug)]
pub struct Terms {
    /// Whose rules hold.
    pub dialect: Dialect,
    words: Store<str>,
    terms: Vec<Kept<Term>>,
    term_ids: HashMap<Arc<Term>, TermId>,
    plans: Vec<Kept<Plan>>,
    plan_ids: HashMap<Arc<Plan>, PlanId>,
    pub(super) effort: Effort,
    /// Where terms and plans of the side that is being read stand in its text.
    pub(super) origins: HashMap<TermId, Position>,
    pub(super) plan_origins: HashMap<PlanId, Position>,
    /// What is declared of relations of that side, by identity.
    pub(super) declared: HashMap<Word, Declared>,
    /// By what words columns of relations of that side are known, where it is not their own name.
    renamed: HashMap<(Word, Word), Word>,
    /// What of it a rule has rested on.
    pub(super) proofs: Vec<Proof>,
    /// How many columns opaque plans of a text have, where that is known.
    pub(super) widths: HashMap<Word, usize>,
    /// The keys of plans, as far as they were asked for.
    pub(super) known_keys: RefCell<HashMap<PlanId, Arc<Vec<Unique>>>>,
}

/// What is kept of a side when its form is made.
#[derive(Debug, Clone, Default)]
pub(super) struct Side {
    /// Where its terms stand in the text.
    pub(super) origins: HashMap<TermId, Position>,
    /// Where its plans stand in the text.
    pub(super) plan_origins: HashMap<PlanId, Position>,
    /// What it declares of relations.
    pub(super) declared: HashMap<Word, Declared>,
    /// What of it a rule has rested on.
    pub(super) proofs: Vec<Proof>,
}

/// What is declared of a relation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Declared {
    /// Columns that are never NULL.
    pub(super) not_null: BTreeSet<Word>,
    /// The types of columns, upper case.
    pub(super) types: HashMap<Word, String>,
    /// Columns that are unique where none of them is NULL.
    pub(super) keys: Vec<(BTreeSet<Word>, Proof)>,
    /// Columns that refer to unique columns of another relation.
    pub(super) references: Vec<(Vec<Word>, Word, Vec<Word>)>,
}

/// Values by their number, each once.
#[derive(Debug)]
struct Store<T: ?Sized> {
    list: Vec<Arc<T>>,
    ids: HashMap<Arc<T>, u32>,
}

impl<T: ?Sized + Eq + Hash> Store<T> {
    fn new() -> Self {
        Self { list: Vec::new(), ids: HashMap::default() }
    }
}

/// A statement is below four gigabytes, and so is the number of its parts.
#[allow(clippy::cast_possible_truncation)]
pub(crate) const fn number(index: usize) -> u32 {
    index as u32
}

impl Terms {
    /// Nothing yet.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            words: Store::new(),
            terms: Vec::new(),
            term_ids: HashMap::default(),
            plans: Vec::new(),
            plan_ids: HashMap::default(),
            effort: Effort::new(MOST),
            origins: HashMap::default(),
            plan_origins: HashMap::default(),
            declared: HashMap::default(),
            renamed: HashMap::default(),
            proofs: Vec::new(),
            widths: HashMap::default(),
            known_keys: RefCell::default(),
        }
    }

    /// Begins a side: what is declared of its relations.
    pub(super) fn begin(&mut self, resolved: &Resolved, relations: &dyn Relations) {
        self.declared.clear();
        self.origins.clear();
        self.plan_origins.clear();
        self.proofs.clear();
        self.known_keys.borrow_mut().clear();
        self.effort = Effort::new(MOST);
        self.renamed.clear();
        for input in &resolved.inputs {
            self.rename(&input.name, relations);
        }
        for (input, shape) in resolved.inputs.iter().zip(&resolved.shapes) {
            let identity = relations.identity(&input.name);
            let identity = self.word(&identity);
            let mut declared = Declared::default();
            for column in relations.not_null(&input.name) {
                declared.not_null.insert(self.column_word(identity, &column));
            }
            for (column, data_type) in relations.types(&input.name) {
                declared.types.insert(self.column_word(identity, &column), data_type.to_uppercase());
            }
            for key in shape.keys.iter() {
                let columns = key.columns.iter().map(|column| self.column_word(identity, column)).collect();
                declared.keys.push((columns, key.proof.clone()));
            }
            for reference in relations.references(&input.name) {
                self.rename(&reference.relation, relations);
                let own = reference.columns.iter().map(|column| self.column_word(identity, column)).collect();
                let other = relations.identity(&reference.relation);
                let other = self.word(&other);
                let others = reference.relation_columns.iter().map(|column| self.column_word(other, column)).collect();
                declared.references.push((own, other, others));
            }
            self.declared.insert(identity, declared);
        }
    }

    /// Learns by what words the columns of a relation are known.
    fn rename(&mut self, name: &RelationName, relations: &dyn Relations) {
        for (here, there) in relations.renamed(name) {
            let identity = relations.identity(name);
            let identity = self.word(&identity);
            let (own, other) = (self.word(here.key()), self.word(there.key()));
            // Who still asks for it by the other's name does not get it.
            let gone = self.word(&format!("{} (gone)", there.key()));
            self.renamed.insert((identity, own), other);
            self.renamed.entry((identity, other)).or_insert(gone);
        }
    }

    /// Whether a column of that side is known by another name than its own.
    pub(super) fn has_renamed(&self) -> bool {
        !self.renamed.is_empty()
    }

    /// The word by which a column of a relation is known.
    pub(super) fn column_word(&mut self, relation: Word, column: &ColumnName) -> Word {
        let word = self.word(column.key());
        self.renamed.get(&(relation, word)).copied().unwrap_or(word)
    }

    /// Ends a side.
    pub(super) fn finish(&mut self) -> Side {
        let mut proofs = std::mem::take(&mut self.proofs);
        proofs.sort();
        proofs.dedup();
        Side {
            origins: std::mem::take(&mut self.origins),
            plan_origins: std::mem::take(&mut self.plan_origins),
            declared: std::mem::take(&mut self.declared),
            proofs,
        }
    }

    /// Keys and the like are asked for as one side declares them, from here on.
    pub(crate) fn take_side(&mut self, side: &super::Canonical) {
        self.known_keys.borrow_mut().clear();
        self.declared.clone_from(&side.side.declared);
    }

    /// Whether nothing is left of the effort that one pair may take.
    pub(crate) fn is_spent(&self) -> bool {
        self.effort.is_spent()
    }

    /// The word of a text.
    pub fn word(&mut self, text: &str) -> Word {
        if let Some(id) = self.words.ids.get(text) {
            return Word(*id);
        }
        let id = number(self.words.list.len());
        let kept: Arc<str> = Arc::from(text);
        self.words.list.push(Arc::clone(&kept));
        self.words.ids.insert(kept, id);
        Word(id)
    }

    /// A text.
    #[must_use]
    pub fn text(&self, word: Word) -> &str {
        &self.words.list[word.0 as usize]
    }

    /// A term.
    #[must_use]
    pub fn term(&self, id: TermId) -> &Term {
        &self.terms[id.0 as usize].value
    }

    /// A plan.
    #[must_use]
    pub fn plan(&self, id: PlanId) -> &Plan {
        &self.plans[id.0 as usize].value
    }

    /// The block that a plan is, if it is one.
    #[must_use]
    pub fn block_of(&self, id: PlanId) -> Option<&Block> {
        match self.plan(id) {
            Plan::Block(block) => Some(block),
            _ => None,
        }
    }

    /// What is known of a term.
    #[must_use]
    pub fn facts(&self, id: TermId) -> Facts {
        self.terms[id.0 as usize].facts
    }

    /// What is known of a plan; its level counts from outside of it.
    #[must_use]
    pub fn plan_facts(&self, id: PlanId) -> Facts {
        self.plans[id.0 as usize].facts
    }

    /// Whether any of some traits is in a term.
    #[must_use]
    pub fn has(&self, id: TermId, traits: Traits) -> bool {
        self.facts(id).traits.has(traits)
    }

    /// A term, to be looked at while others are made.
    pub(super) fn shared(&self, id: TermId) -> Arc<Term> {
        Arc::clone(&self.terms[id.0 as usize].value)
    }

    /// A plan, to be looked at while others are made.
    pub(crate) fn shared_plan(&self, id: PlanId) -> Arc<Plan> {
        Arc::clone(&self.plans[id.0 as usize].value)
    }

    /// Keeps a term as it is.
    pub(crate) fn keep(&mut self, term: Term) -> TermId {
        if let Some(id) = self.term_ids.get(&term) {
            return *id;
        }
        self.effort.spend(1);
        let facts = self.facts_of(&term);
        let id = TermId(number(self.terms.len()));
        let value = Arc::new(term);
        self.term_ids.insert(Arc::clone(&value), id);
        self.terms.push(Kept { value, facts });
        id
    }

    /// Keeps a plan as it is.
    pub(crate) fn keep_plan(&mut self, plan: Plan) -> PlanId {
        if let Some(id) = self.plan_ids.get(&plan) {
            return *id;
        }
        let facts = self.facts_of_plan(&plan);
        let id = PlanId(number(self.plans.len()));
        let value = Arc::new(plan);
        self.plan_ids.insert(Arc::clone(&value), id);
        self.plans.push(Kept { value, facts });
        id
    }

    fn facts_of(&self, term: &Term) -> Facts {
        let mut facts = Facts { size: 1, ..Facts::default() };
        for part in term.parts() {
            let part = self.facts(part);
            facts.outer = facts.outer.max(part.outer);
            facts.traits = facts.traits.and(part.traits);
            facts.size = facts.size.saturating_add(part.size);
        }
        match term {
            Term::Column(column) => {
                facts.outer = column.level + 1;
                if column.part == super::term::Part::Row {
                    facts.traits = facts.traits.and(Traits::ROW);
                }
            }
            Term::Bound(..) => facts.traits = facts.traits.and(Traits::BOUND),
            Term::Call(call) => facts.traits = facts.traits.and(self.traits_of(call)),
            Term::Parameter(word) if behaviour::is_volatile(self.text(*word)) => {
                facts.traits = facts.traits.and(Traits::VOLATILE);
            }
            Term::Subquery(_, _, plan) => {
                let plan = self.plan_facts(*plan);
                facts.outer = facts.outer.max(plan.outer);
                let inherited = plan.traits.only(Traits::VOLATILE);
                facts.traits = facts.traits.and(inherited).and(Traits::SUBQUERY);
                facts.size = facts.size.saturating_add(plan.size);
            }
            _ => {}
        }
        facts
    }

    fn traits_of(&self, call: &Call) -> Traits {
        let name = self.text(call.function);
        let mut traits = Traits::default();
        if behaviour::is_volatile(name) {
            traits = traits.and(Traits::VOLATILE);
        }
        if call.over.is_some() {
            return traits.and(Traits::WINDOW);
        }
        if behaviour::makes_rows(name) {
            traits = traits.and(Traits::GENERATOR);
        }
        if behaviour::surely_aggregates(name, call) {
            traits.and(Traits::AGGREGATE)
        } else if behaviour::may_aggregate(name) {
            traits.and(Traits::UNKNOWN)
        } else {
            traits
        }
    }

    fn facts_of_plan(&self, plan: &Plan) -> Facts {
        let mut facts = Facts { size: 1, ..Facts::default() };
        let mut add_term = |id: TermId| {
            let term = self.facts(id);
            facts.outer = facts.outer.max(term.outer.saturating_sub(1));
            facts.traits = facts.traits.and(term.traits.only(Traits::VOLATILE));
            if term.traits.has(Traits::UNKNOWN) {
                facts.traits = facts.traits.and(Traits::UNKNOWN);
            }
            facts.size = facts.size.saturating_add(term.size);
        };
        let mut plans: Vec<PlanId> = Vec::new();
        match plan {
            Plan::Relation(..) | Plan::Step(_) => {}
            Plan::Block(block) => {
                block.terms().into_iter().for_each(&mut add_term);
                plans.extend(block.inputs.iter().map(|input: &Input| input.plan));
                if block.inputs.iter().any(|input| input.sample.is_some()) {
                    facts.traits = facts.traits.and(Traits::VOLATILE);
                }
            }
            Plan::Set(set) => {
                set.terms().into_iter().for_each(&mut add_term);
                plans.extend(&set.branches);
            }
            Plan::Values(rows) => rows.iter().flatten().copied().for_each(&mut add_term),
            Plan::Recursive(inner) => plans.push(*inner),
            Plan::Unnest(_, arrays) => arrays.iter().copied().for_each(&mut add_term),
            Plan::Function(_, _, args) => args.iter().copied().for_each(&mut add_term),
            Plan::Opaque(_, terms, inner) => {
                terms.iter().copied().for_each(&mut add_term);
                plans.extend(inner);
            }
        }
        for plan in plans {
            let plan = self.plan_facts(plan);
            facts.outer = facts.outer.max(plan.outer.saturating_sub(1));
            facts.traits = facts.traits.and(plan.traits);
            facts.size = facts.size.saturating_add(plan.size);
        }
        facts
    }

    /// An operator over arguments, brought to its form.
    pub(super) fn apply(&mut self, operator: &str, args: Vec<TermId>) -> TermId {
        let operator = self.word(operator);
        self.make(Term::Apply(operator, args))
    }

    /// A constant.
    pub(super) fn literal(&mut self, kind: LiteralKind, text: &str) -> TermId {
        let text = self.word(text);
        self.keep(Term::Literal(kind, text))
    }

    /// TRUE or FALSE.
    pub(super) fn truth(&mut self, truth: bool) -> TermId {
        self.literal(LiteralKind::Boolean, if truth { "true" } else { "false" })
    }

    /// NULL.
    pub(super) fn null(&mut self) -> TermId {
        self.literal(LiteralKind::Null, "null")
    }

    /// A query in an expression.
    pub(super) fn subquery(&mut self, kind: SubqueryKind, operand: Option<TermId>, plan: PlanId) -> TermId {
        self.make(Term::Subquery(kind, operand, plan))
    }

    /// The operator and arguments of an application.
    pub(crate) fn applied(&self, id: TermId) -> Option<(&str, &[TermId])> {
        match self.term(id) {
            Term::Apply(operator, args) => Some((self.text(*operator), args)),
            _ => None,
        }
    }

    /// The arguments of an application of one operator.
    pub(crate) fn args_of(&self, id: TermId, operator: &str) -> Option<&[TermId]> {
        self.applied(id).filter(|(found, _)| *found == operator).map(|(_, args)| args)
    }

    /// The constant that a term is.
    pub(crate) fn constant(&self, id: TermId) -> Option<(LiteralKind, &str)> {
        match self.term(id) {
            Term::Literal(kind, text) => Some((*kind, self.text(*text))),
            _ => None,
        }
    }

    /// TRUE or FALSE, where a term is that.
    pub(crate) fn truth_of(&self, id: TermId) -> Option<bool> {
        match self.constant(id) {
            Some((LiteralKind::Boolean, text)) => Some(text == "true"),
            _ => None,
        }
    }

    /// Whether a term is NULL.
    pub(crate) fn is_null(&self, id: TermId) -> bool {
        matches!(self.constant(id), Some((LiteralKind::Null, _)))
    }
}
