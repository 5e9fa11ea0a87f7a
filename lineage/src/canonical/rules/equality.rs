//! Columns that are equal in all rows.

use std::collections::{BTreeMap, BTreeSet};

use super::Outcome;
use super::compare::whole_number;
use crate::canonical::plan::{Block, FromPart, Plan};
use crate::canonical::substitute::Replacement;
use crate::canonical::term::{Column, Part, Term, TermId};
use crate::canonical::terms::Terms;

/// Of columns that conditions make equal one stands for all, and each is compared with that one, or with
/// the number that they equal. Holds for columns of joined inputs that are declared with one type, of
/// which equal values are the same: with other types `a = b AND b = c` does not say that `a = c`.
pub(super) fn equal_columns(terms: &mut Terms, block: &mut Block) -> Outcome {
    let mut classes = Classes::default();
    let mut gone: BTreeSet<TermId> = BTreeSet::new();
    for condition in &block.conditions {
        let Some([left, right]) = terms.args_of(*condition, "=") else { continue };
        let (left, right) = (*left, *right);
        match (exact(terms, block, left), exact(terms, block, right)) {
            // `a = a` says that a is not NULL, and nothing of any other.
            (Some(one), Some(other)) if one == other && left != right => {
                classes.join(left, right);
                gone.insert(*condition);
            }
            (Some(_), None) if whole_number(terms, right).is_some() => {
                classes.fix(left, right);
                gone.insert(*condition);
            }
            (None, Some(_)) if whole_number(terms, left).is_some() => {
                classes.fix(right, left);
                gone.insert(*condition);
            }
            _ => {}
        }
    }
    let mut stands_for: BTreeMap<TermId, TermId> = BTreeMap::new();
    let mut conditions: Vec<TermId> =
        block.conditions.iter().filter(|condition| !gone.contains(condition)).copied().collect();
    let mut said: Vec<TermId> = Vec::new();
    for (members, numbers) in classes.all() {
        // What is no key stands for what is: the relation of the key may then turn out to be unused.
        let rank = |member: &&TermId| (is_key(terms, block, **member), **member);
        let Some(first) = members.iter().min_by_key(rank).copied() else { continue };
        stands_for.extend(members.iter().map(|member| (*member, first)));
        for number in &numbers {
            said.extend(members.iter().map(|member| terms.apply("=", vec![*member, *number])));
        }
        if numbers.is_empty() {
            let others = members.iter().filter(|member| **member != first);
            said.extend(others.map(|member| terms.apply("=", vec![first, *member])));
        }
    }
    if stands_for.iter().all(|(member, first)| member == first) && said.iter().all(|term| gone.contains(term)) {
        return Outcome::Unchanged;
    }
    let before = block.clone();
    let mut put = |terms: &mut Terms, column: Column| {
        let term = terms.keep(Term::Column(column));
        stands_for.get(&term).copied().unwrap_or(term)
    };
    let mut replacement = Replacement::new(&mut put);
    conditions.iter_mut().for_each(|term| *term = terms.replace(&mut replacement, *term));
    block.conditions = Vec::new();
    block.change_terms(&mut |term| terms.replace(&mut replacement, term));
    conditions.extend(said);
    block.conditions = conditions;
    terms.conjuncts(&mut block.conditions);
    if *block == before { Outcome::Unchanged } else { Outcome::Changed }
}

/// Whether a column is unique by itself in its input.
fn is_key(terms: &Terms, block: &Block, term: TermId) -> bool {
    let Term::Column(column) = terms.term(term) else { return false };
    let Some(input) = block.inputs.get(column.input as usize) else { return false };
    terms.keys(input.plan).iter().any(|key| key.columns.len() == 1 && key.columns.contains(&column.part))
}

/// The type of a column of a joined input, if equal values of it are the same value.
fn exact(terms: &Terms, block: &Block, term: TermId) -> Option<String> {
    let Term::Column(column) = terms.term(term) else { return None };
    let is_joined = column.level == 0 && block.from.core.contains(&FromPart::Input(column.input));
    let found = terms.type_of(block, *column).filter(|_| is_joined)?;
    let is_exact = is_whole_type(found) || matches!(found, "DATE" | "BOOLEAN" | "BOOL" | "UUID");
    is_exact.then(|| found.to_owned())
}

/// Whether a type holds whole numbers and nothing else.
pub(super) fn is_whole_type(data_type: &str) -> bool {
    matches!(data_type, "INT" | "INTEGER" | "BIGINT" | "SMALLINT" | "TINYINT" | "INT2" | "INT4" | "INT8" | "INT64")
}

/// Terms that are equal, and the numbers that they equal.
#[derive(Default)]
struct Classes {
    class_of: BTreeMap<TermId, usize>,
    members: Vec<(BTreeSet<TermId>, BTreeSet<TermId>)>,
}

impl Classes {
    fn class(&mut self, term: TermId) -> usize {
        let next = self.members.len();
        let class = *self.class_of.entry(term).or_insert(next);
        if class == next {
            self.members.push((BTreeSet::from([term]), BTreeSet::new()));
        }
        class
    }

    fn fix(&mut self, term: TermId, number: TermId) {
        let class = self.class(term);
        self.members[class].1.insert(number);
    }

    fn join(&mut self, one: TermId, other: TermId) {
        let (one, other) = (self.class(one), self.class(other));
        if one == other {
            return;
        }
        // The smaller one goes into the larger.
        let (small, large) =
            if self.members[one].0.len() < self.members[other].0.len() { (one, other) } else { (other, one) };
        let (terms, numbers) = std::mem::take(&mut self.members[small]);
        for term in terms {
            self.class_of.insert(term, large);
            self.members[large].0.insert(term);
        }
        self.members[large].1.extend(numbers);
    }

    fn all(self) -> Vec<(Vec<TermId>, Vec<TermId>)> {
        let each = self.members.into_iter().filter(|(terms, _)| !terms.is_empty());
        let mut all: Vec<(Vec<TermId>, Vec<TermId>)> =
            each.map(|(terms, numbers)| (terms.into_iter().collect(), numbers.into_iter().collect())).collect();
        all.sort();
        all
    }
}

impl Terms {
    /// The declared type of a column of an input.
    pub(super) fn type_of(&self, block: &Block, column: Column) -> Option<&str> {
        let input = block.inputs.get(column.input as usize)?;
        match (self.plan(input.plan), column.part) {
            (Plan::Relation(name, _), Part::Name(word)) => {
                self.declared.get(name)?.types.get(&word).map(String::as_str)
            }
            (Plan::Block(inner), Part::Place(place)) => match self.term(*inner.outputs.get(place as usize)?) {
                Term::Column(column) if column.level == 0 => self.type_of(inner, *column),
                _ => None,
            },
            _ => None,
        }
    }
}
