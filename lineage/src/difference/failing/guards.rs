//! What conditions say of a value that is worked out behind them. It must not know what may fail.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::canonical::Terms;
use crate::canonical::plan::{Block, Plan, PlanId};
use crate::canonical::term::{Term, TermId};
use crate::query::tree::LiteralKind;
use crate::stack::with_room;

/// What is known of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    /// It is true.
    True,
    /// It is false or NULL.
    NotTrue,
}

/// What conditions say.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// Values that are not zero, each with the condition that says so.
    not_zero: Vec<(String, String)>,
    /// Conditions that look at what a value looks like, each with the columns that it names.
    looks: Vec<(BTreeSet<String>, String)>,
    /// Conditions that choose rows of some kind, each with the column that says of which.
    keys: Vec<(String, String)>,
    /// All of them.
    all: BTreeSet<String>,
}

impl Facts {
    /// The condition by which a value is not zero.
    pub(super) fn not_zero(&self, value: &str) -> Option<&String> {
        self.not_zero.iter().find(|(known, _)| known == value).map(|(_, condition)| condition)
    }

    /// The condition that looks at any of some columns.
    pub(super) fn looks_at(&self, columns: &BTreeSet<String>) -> Option<&String> {
        self.looks.iter().find(|(known, _)| !known.is_disjoint(columns)).map(|(_, condition)| condition)
    }

    /// The conditions by which a column of the same relation as any of some columns says of which kind its rows are.
    pub(super) fn keys_beside(&self, columns: &BTreeSet<String>) -> BTreeSet<String> {
        let relation = |column: &str| column.rsplit_once('.').map(|(relation, _)| relation.to_owned());
        let relations: BTreeSet<String> = columns.iter().filter_map(|column| relation(column)).collect();
        let is_beside = |column: &str| relation(column).is_some_and(|relation| relations.contains(&relation));
        self.keys.iter().filter(|(column, _)| is_beside(column)).map(|(_, condition)| condition.clone()).collect()
    }

    /// The conditions.
    pub(super) fn conditions(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(String::as_str)
    }

    /// What is said beside a condition: it is no guard of itself.
    pub(super) fn beside(&self, condition: &str) -> Self {
        let mut facts = self.clone();
        facts.not_zero.retain(|(_, known)| known != condition);
        facts.looks.retain(|(_, known)| known != condition);
        facts.keys.retain(|(_, known)| known != condition);
        facts
    }

    fn add(&mut self, other: &Self) {
        self.not_zero.extend_from_slice(&other.not_zero);
        self.looks.extend_from_slice(&other.looks);
        self.keys.extend_from_slice(&other.keys);
        self.all.extend(other.all.iter().cloned());
    }

    /// The same where a condition of a CASE or beside an OR is known as well. There, whatever looks at a
    /// column looks at it for the sake of what comes next, unless it only asks whether there is anything: NULL fails nowhere.
    pub(super) fn with(&self, terms: &Terms, block: &Block, condition: TermId, truth: Truth) -> Self {
        let mut facts = self.clone();
        facts.learn(terms, block, condition, truth);
        let is_null_check = |term: TermId| {
            let asked = terms.args_of(term, "is null").and_then(|args| args.first());
            asked.is_some_and(|asked| matches!(terms.term(*asked), Term::Column(_)))
        };
        let columns = columns_in(terms, block, condition, &is_null_check);
        if !columns.is_empty() {
            facts.looks.push((columns, terms.print(condition, Some(block))));
        }
        facts
    }

    fn learn(&mut self, terms: &Terms, block: &Block, condition: TermId, truth: Truth) {
        let text = terms.print(condition, Some(block));
        if let Some(value) = never_zero(terms, condition, truth) {
            self.not_zero.push((terms.print(value, Some(block)), text.clone()));
        }
        match (terms.applied(condition), truth) {
            (Some(("and", parts)), Truth::True) | (Some(("or", parts)), Truth::NotTrue) => {
                with_room(|| parts.iter().for_each(|part| self.learn(terms, block, *part, truth)));
                return;
            }
            (Some(("not", [inner])), Truth::True) => {
                with_room(|| self.learn(terms, block, *inner, Truth::NotTrue));
            }
            _ => {}
        }
        if truth == Truth::NotTrue {
            return;
        }
        if looks_at_form(terms, condition) {
            self.looks.push((columns_of(terms, block, condition), text.clone()));
        }
        if let Some(column) = kind(terms, condition) {
            self.keys.push((terms.print(column, Some(block)), text.clone()));
        }
        self.all.insert(text);
    }
}

/// The column by which a condition chooses rows of some kind: it is true, it is some constant or like one, or it is not.
fn kind(terms: &Terms, condition: TermId) -> Option<TermId> {
    let column = |term: TermId| matches!(terms.term(term), Term::Column(_)).then_some(term);
    match terms.applied(condition) {
        None => column(condition),
        Some(("not", [inner])) => kind(terms, *inner),
        Some(("is true" | "is false", [value])) => column(*value),
        Some(("=" | "<>" | "in" | "like" | "ilike" | "rlike" | "similar to" | "~" | "~*", [value, others @ ..])) => {
            let (value, others) = match others {
                [other] if terms.constant(*value).is_some() => (other, std::slice::from_ref(value)),
                _ => (value, others),
            };
            let is_constant = others.iter().all(|other| terms.constant(*other).is_some());
            column(*value).filter(|_| is_constant)
        }
        Some(_) => None,
    }
}

/// The value that cannot be zero, as a condition says.
fn never_zero(terms: &Terms, condition: TermId, truth: Truth) -> Option<TermId> {
    let number = |term: TermId| match terms.constant(term) {
        Some((LiteralKind::Number, text)) => text.parse::<f64>().ok(),
        _ => None,
    };
    let (operator, args) = terms.applied(condition)?;
    let found = match (operator, args) {
        ("in", [value, rest @ ..]) if truth == Truth::True => {
            let is_number = |item: &TermId| number(*item).is_some_and(|number| number != 0.0);
            (!rest.is_empty() && rest.iter().all(is_number)).then_some(*value)
        }
        ("in", [value, rest @ ..]) => rest.iter().any(|item| number(*item) == Some(0.0)).then_some(*value),
        (_, [left, right]) => {
            let holds = |left: f64, right: f64| match operator {
                "=" | "is not distinct from" => Some(left == right),
                "<>" => Some(left != right),
                "<" => Some(left < right),
                "<=" => Some(left <= right),
                _ => None,
            };
            let (value, with_zero) = match (number(*left), number(*right)) {
                (Some(left), None) => (*right, holds(left, 0.0)?),
                (None, Some(right)) => (*left, holds(0.0, right)?),
                _ => return None,
            };
            (with_zero == (truth == Truth::NotTrue)).then_some(value)
        }
        _ => None,
    }?;
    // `coalesce(x, 0) <> 0` says it of x.
    match terms.term(found) {
        Term::Call(call) if call.is_plain() && terms.text(call.function) == "coalesce" => match call.args.as_slice() {
            [value, rest] if number(*rest) == Some(0.0) => Some(*value),
            _ => Some(found),
        },
        _ => Some(found),
    }
}

/// Whether a condition is one that people write to keep out what cannot be converted: a pattern, a function that
/// says what a value looks like, or that it is not some text. A window of time is none of these.
fn looks_at_form(terms: &Terms, condition: TermId) -> bool {
    let looks = |term: &TermId| match terms.term(*term) {
        Term::Call(call) => looks(terms.text(call.function)),
        Term::Cast(_, _, mode) => *mode == crate::query::tree::CastMode::Try,
        _ => false,
    };
    let is_constant = |term: &TermId| terms.constant(*term).is_some();
    match terms.applied(condition) {
        Some(("like" | "ilike" | "rlike" | "similar to" | "~" | "~*", _)) => true,
        Some(("<>", args)) => args.iter().any(is_constant),
        Some(("not", [inner])) => match terms.applied(*inner) {
            Some(("is null", [value])) => looks(value),
            Some(("in" | "=", [_, constants @ ..])) => constants.iter().all(is_constant),
            _ => looks_at_form(terms, *inner),
        },
        Some(("=" | "<" | "<=" | "is true", args)) => args.iter().any(looks),
        Some(_) => false,
        None => looks(&condition),
    }
}

/// Whether a function says what a text looks like.
fn looks(function: &str) -> bool {
    const SOME: [&str; 7] = ["char_length", "json_valid", "len", "length", "octet_length", "try", "typeof"];
    SOME.contains(&function)
        || ["is", "regexp", "rlike", "safe.", "try_"].iter().any(|start| function.starts_with(start))
}

/// The columns that a term names, as they are shown.
pub(super) fn columns_of(terms: &Terms, block: &Block, term: TermId) -> BTreeSet<String> {
    columns_in(terms, block, term, &|_| false)
}

/// The same outside of some of its parts.
fn columns_in(terms: &Terms, block: &Block, term: TermId, but: &dyn Fn(TermId) -> bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut ahead = vec![term];
    while let Some(term) = ahead.pop() {
        if but(term) || !seen.insert(term) {
            continue;
        }
        match terms.term(term) {
            Term::Column(_) => drop(found.insert(terms.print(term, Some(block)))),
            other => ahead.extend(other.parts()),
        }
    }
    found
}

/// What the conditions of plans say, each worked out once.
pub(super) struct Guards<'a> {
    terms: &'a Terms,
    known: HashMap<PlanId, Arc<Facts>>,
}

impl<'a> Guards<'a> {
    pub(super) fn new(terms: &'a Terms) -> Self {
        Self { terms, known: HashMap::new() }
    }

    /// What the conditions of a plan and of what it reads say of its rows.
    pub(super) fn of(&mut self, plan: PlanId) -> Arc<Facts> {
        if let Some(known) = self.known.get(&plan) {
            return Arc::clone(known);
        }
        let mut facts = Facts::default();
        if let Plan::Block(block) = self.terms.plan(plan) {
            for condition in block.conditions.iter().chain(&block.having).chain(&block.qualify) {
                facts.learn(self.terms, block, *condition, Truth::True);
            }
            for input in &block.inputs {
                facts.add(&with_room(|| self.of(input.plan)));
            }
        }
        let facts = Arc::new(facts);
        self.known.insert(plan, Arc::clone(&facts));
        facts
    }
}
