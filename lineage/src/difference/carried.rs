//! What a query that has not changed makes of changes in the relations that it reads. It must not know
//! how those came about.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::delta::{ColumnChange, Delta, Places, Rows, because};
use super::{ColumnOrder, Comparer, Differences, by_name, told};
use crate::canonical::plan::{Plan, PlanId};
use crate::canonical::{Reference, Relations, Terms, canonicalize};
use crate::change::EffectKind;
use crate::dependency::{Key, Schemas, Shape};
use crate::name::{ColumnName, RelationName};
use crate::query::Queries;
use crate::query::tree::BlockId;
use crate::stack::with_room;

/// What differs about a relation.
#[derive(Debug, Clone, Default)]
pub struct RelationChange {
    /// What happens to the rows, and how that is said.
    pub rows: Vec<(EffectKind, String)>,
    /// What happens to columns.
    pub columns: BTreeMap<ColumnName, (EffectKind, String)>,
}

impl RelationChange {
    fn has(&self, kinds: &[EffectKind]) -> bool {
        self.rows.iter().any(|(kind, _)| kinds.contains(kind))
    }

    /// Whether anything may differ.
    fn is_anything(&self) -> bool {
        self.has(&[EffectKind::Unspecified, EffectKind::Broken, EffectKind::Moved, EffectKind::Config])
    }
}

/// Carries changes of relations through a query that reads them. Relations are named by their identity.
///
/// # Errors
///
/// Why that cannot be told: the query has no canonical form.
pub fn carried(
    terms: &mut Terms,
    queries: &Queries,
    root: BlockId,
    relations: &dyn Relations,
    changes: &dyn Fn(&str) -> Option<RelationChange>,
) -> Result<Differences, String> {
    let doubted = Doubted { relations, changes };
    let form = canonicalize(terms, queries, root, &doubted)?;
    let mut found: HashMap<_, Delta> = HashMap::new();
    for name in relations_of(terms, form.plan) {
        if let Some(change) = changes(terms.text(name)) {
            let delta = delta_of(terms, &change);
            if !delta.is_none() {
                found.insert(name, delta);
            }
        }
    }
    let matching = by_name(&form.columns, &form.columns);
    let mut comparer = Comparer::new(terms, &form, &form);
    comparer.carried = found;
    let delta = comparer.plans(form.plan, form.plan, Some(&matching));
    let mut proofs = form.proofs.clone();
    proofs.append(&mut comparer.proofs);
    proofs.sort();
    proofs.dedup();
    Ok(Differences { list: told(&delta, &form, &form, terms), order: ColumnOrder::Kept, alike: Vec::new(), proofs })
}

fn delta_of(terms: &mut Terms, change: &RelationChange) -> Delta {
    if change.is_anything() {
        let why = change.rows.first().map_or_else(|| because("it changed"), |(_, detail)| because(detail));
        return Delta::anything(Places::same(0), why);
    }
    let mut delta = Delta::default();
    for (kind, detail) in &change.rows {
        let why = because(detail);
        match kind {
            EffectKind::RowsAdded => delta.say(Rows::Added, &why),
            EffectKind::RowsRemoved => delta.say(Rows::Removed, &why),
            EffectKind::RowsDuplicated => delta.say(Rows::More, &why),
            // What is said of a grain is said of rows, too; alone it may be anything.
            _ if change.rows.len() == 1 => {
                for rows in [Rows::Added, Rows::Removed, Rows::More] {
                    delta.say(rows, &why);
                }
            }
            _ => {}
        }
    }
    for (column, (kind, detail)) in &change.columns {
        let change = match kind {
            EffectKind::Added => ColumnChange::Added,
            EffectKind::Removed => ColumnChange::Removed,
            EffectKind::Retyped => ColumnChange::Retyped,
            _ => ColumnChange::Revalued,
        };
        let word = terms.word(column.key());
        delta.named.insert(word, (change, because(detail)));
    }
    delta
}

/// Every relation that a plan reads.
fn relations_of(terms: &Terms, plan: PlanId) -> BTreeSet<crate::canonical::term::Word> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut ahead = vec![plan];
    while let Some(plan) = ahead.pop() {
        if !seen.insert(plan) {
            continue;
        }
        if let Plan::Relation(name, _) | Plan::Function(_, Some(name), _) = terms.plan(plan) {
            found.insert(*name);
        }
        let parts = parts_of(terms, plan);
        found.extend(parts.1);
        ahead.extend(parts.0);
    }
    found
}

/// The plans directly inside of a plan, those in its expressions included, and relations that an opaque
/// one names.
pub(super) fn parts_of(terms: &Terms, plan: PlanId) -> (Vec<PlanId>, Vec<crate::canonical::term::Word>) {
    use crate::canonical::term::Term;
    let (mut plans, mut names) = (Vec::new(), Vec::new());
    let exprs = match terms.plan(plan) {
        Plan::Relation(..) | Plan::Step(_) => Vec::new(),
        Plan::Block(block) => {
            plans.extend(block.inputs.iter().map(|input| input.plan));
            block.terms()
        }
        Plan::Set(set) => {
            plans.extend(&set.branches);
            set.order.iter().map(|key| key.term).collect()
        }
        Plan::Values(rows) => rows.iter().flatten().copied().collect(),
        Plan::Recursive(inner) => {
            plans.push(*inner);
            Vec::new()
        }
        Plan::Unnest(_, exprs) | Plan::Function(_, _, exprs) => exprs.clone(),
        Plan::Opaque(_, exprs, inner) => {
            plans.extend(inner);
            for expr in exprs {
                if let Term::Parameter(name) = terms.term(*expr) {
                    names.push(*name);
                }
            }
            exprs.clone()
        }
    };
    for expr in exprs {
        plans.extend(super::stage::plans_in(terms, expr).into_iter().map(|(_, plan)| plan));
    }
    (plans, names)
}

impl Comparer<'_> {
    /// Whether a plan reads a relation that differs.
    pub(super) fn is_affected(&mut self, plan: PlanId) -> bool {
        if self.carried.is_empty() {
            return false;
        }
        if let Some(known) = self.affected.get(&plan) {
            return *known;
        }
        let own = match self.terms.plan(plan) {
            Plan::Relation(name, _) | Plan::Function(_, Some(name), _) => self.carried.contains_key(name),
            _ => false,
        };
        let (plans, names) = parts_of(self.terms, plan);
        let found = own
            || names.iter().any(|name| self.carried.contains_key(name))
            || with_room(|| plans.into_iter().any(|plan| self.is_affected(plan)));
        self.affected.insert(plan, found);
        found
    }
}

/// Relations of which is not taken for granted what their changes may break.
struct Doubted<'a> {
    relations: &'a dyn Relations,
    changes: &'a dyn Fn(&str) -> Option<RelationChange>,
}

impl Doubted<'_> {
    fn change(&self, name: &RelationName) -> Option<RelationChange> {
        (self.changes)(&self.relations.identity(name))
    }
}

/// A key holds no longer where rows are there more often, or where its columns hold something else.
fn breaks_keys(change: &RelationChange) -> bool {
    change.is_anything() || change.has(&[EffectKind::RowsDuplicated, EffectKind::Regrained])
}

impl Schemas for Doubted<'_> {
    fn shape(&self, name: &RelationName) -> Shape {
        let mut shape = self.relations.shape(name);
        if let Some(change) = self.change(name) {
            let broken = breaks_keys(&change);
            let holds = |key: &&Key| !broken && !key.columns.iter().any(|column| change.columns.contains_key(column));
            shape.keys = shape.keys.iter().filter(holds).cloned().collect();
        }
        shape
    }
}

impl Relations for Doubted<'_> {
    fn identity(&self, name: &RelationName) -> String {
        self.relations.identity(name)
    }

    fn not_null(&self, name: &RelationName) -> BTreeSet<ColumnName> {
        let mut found = self.relations.not_null(name);
        if let Some(change) = self.change(name) {
            // Rows that are new may hold NULL.
            if change.is_anything() || !change.rows.is_empty() {
                found.clear();
            }
            found.retain(|column| !change.columns.contains_key(column));
        }
        found
    }

    fn references(&self, name: &RelationName) -> Vec<Reference> {
        if self.change(name).is_some() {
            return Vec::new();
        }
        let mut found = self.relations.references(name);
        found.retain(|reference| self.change(&reference.relation).is_none());
        found
    }
}
