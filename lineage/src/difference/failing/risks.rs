//! What of an expression can fail for some values, and by what it is guarded. It must not know how the
//! other version has it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::guards::{Facts, Guards, Truth, columns_of};
use crate::canonical::Terms;
use crate::canonical::plan::{Block, PlanId};
use crate::canonical::term::{Call, Term, TermId};
use crate::dialect::Dialect;
use crate::query::tree::{CastMode, LiteralKind};
use crate::stack::with_room;

/// What can fail, by the value that decides over it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Risk {
    /// A division by it.
    Zero(String),
    /// Its conversion into another type.
    Conversion(String),
    /// Taking an element of it.
    Element(String),
}

/// What keeps something from failing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Guard {
    /// How it is written: `try_cast`, `safe_divide`.
    Form(String),
    /// A divisor that is NULL where it would be zero.
    Divisor(String),
    /// A condition.
    Condition(String),
}

impl Guard {
    /// In words, what has become of it.
    pub(super) fn lost(&self, conditions: &BTreeSet<String>) -> String {
        match self {
            Self::Form(form) => format!("it was `{form}`"),
            Self::Divisor(value) => format!("it was divided by `nullif({value}, 0)`"),
            Self::Condition(condition) if conditions.contains(condition) => {
                format!("it is worked out before `{condition}`")
            }
            Self::Condition(condition) => format!("`{condition}` does not stand before it any more"),
        }
    }
}

/// Where something that can fail was seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// How it is written where nothing guards it.
    pub(super) unguarded: Option<String>,
    /// What guards it elsewhere.
    pub(super) guards: Vec<Guard>,
    /// By which constants rows are chosen before it, place by place.
    places: Vec<BTreeSet<String>>,
}

impl Seen {
    /// The conditions by which rows are chosen before it, wherever it stands.
    pub(super) fn keys(&self) -> impl Iterator<Item = &String> {
        let first = self.places.first().into_iter().flatten();
        first.filter(|key| self.stands_behind(key))
    }

    /// Whether it stands behind a condition everywhere.
    pub(super) fn stands_behind(&self, condition: &str) -> bool {
        self.places.iter().all(|place| place.contains(condition))
    }
}

/// Gathers what can fail in a block.
pub(super) fn gather(
    terms: &Terms,
    guards: &mut Guards<'_>,
    plan: PlanId,
    block: &Block,
    found: &mut BTreeMap<Risk, Seen>,
) {
    let mut gatherer = Gatherer { terms, block, found, risky: HashMap::new() };
    let all = block.terms();
    if !all.iter().any(|term| gatherer.is_risky(*term)) {
        return;
    }
    let facts = guards.of(plan);
    // What decides over pairs of rows stands beside it.
    let mut of_joins = (*facts).clone();
    let joins = block.from.terms();
    for condition in &joins {
        of_joins = of_joins.with(terms, block, *condition, Truth::True);
    }
    for (place, term) in all.into_iter().enumerate() {
        gatherer.term(term, if place < joins.len() { &of_joins } else { &facts });
    }
}

/// What of a term itself can fail, the value that decides over it, and how it is written.
type Own = (fn(String) -> Risk, TermId, Written);

/// How something that can fail is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    /// So that it gives NULL instead.
    Safely,
    /// So that it fails.
    Plainly,
}

impl Written {
    const fn safely(is_safe: bool) -> Self {
        if is_safe { Self::Safely } else { Self::Plainly }
    }
}

struct Gatherer<'a> {
    terms: &'a Terms,
    block: &'a Block,
    found: &'a mut BTreeMap<Risk, Seen>,
    /// Whether there is anything in a term that can fail, or that keeps something from failing.
    risky: HashMap<TermId, bool>,
}

impl Gatherer<'_> {
    fn is_risky(&mut self, id: TermId) -> bool {
        if let Some(known) = self.risky.get(&id) {
            return *known;
        }
        let own = self.own(id).is_some();
        let risky = own || with_room(|| self.terms.term(id).parts().into_iter().any(|part| self.is_risky(part)));
        self.risky.insert(id, risky);
        risky
    }

    fn print(&self, term: TermId) -> String {
        self.terms.print(term, Some(self.block))
    }

    fn term(&mut self, id: TermId, facts: &Facts) {
        if !self.is_risky(id) {
            return;
        }
        if let Some(own) = self.own(id) {
            self.note(id, own, facts);
        }
        let (terms, block) = (self.terms, self.block);
        with_room(|| match terms.term(id) {
            Term::Case(branches, otherwise) => {
                let mut facts = facts.clone();
                for (when, then) in branches {
                    self.term(*when, &facts);
                    if self.is_risky(*then) {
                        let taken = facts.with(terms, block, *when, Truth::True);
                        self.term(*then, &taken);
                    }
                    facts = facts.with(terms, block, *when, Truth::NotTrue);
                }
                self.term(*otherwise, &facts);
            }
            Term::Apply(operator, parts) if matches!(terms.text(*operator), "or" | "and") => {
                let truth = if terms.text(*operator) == "or" { Truth::NotTrue } else { Truth::True };
                for part in parts {
                    if self.is_risky(*part) {
                        let beside = parts.iter().filter(|other| *other != part);
                        let facts = beside.fold(facts.clone(), |facts, other| facts.with(terms, block, *other, truth));
                        self.term(*part, &facts);
                    }
                }
            }
            // NULL where anything in it fails.
            Term::Call(call) if terms.text(call.function) == "try" => {
                let mut inner = BTreeMap::new();
                let mut within = Gatherer { terms, block, found: &mut inner, risky: std::mem::take(&mut self.risky) };
                call.args.iter().for_each(|arg| within.term(*arg, facts));
                self.risky = std::mem::take(&mut within.risky);
                for (risk, _) in inner {
                    let form = Guard::Form(self.print(id));
                    self.found.entry(risk).or_default().guards.push(form);
                }
            }
            Term::Call(call) => {
                let kept = call.filter.map(|filter| facts.with(terms, block, filter, Truth::True));
                let facts = kept.as_ref().unwrap_or(facts);
                terms.term(id).parts().into_iter().for_each(|part| self.term(part, facts));
            }
            term => term.parts().into_iter().for_each(|part| self.term(part, facts)),
        });
    }

    /// What of a term itself can fail, if anything.
    fn own(&self, id: TermId) -> Option<Own> {
        let terms = self.terms;
        match terms.term(id) {
            Term::Apply(operator, args) => match (terms.text(*operator), args.as_slice()) {
                ("/" | "%" | "//" | "div", [_, rest @ ..]) if fails_by_zero(terms.dialect) => {
                    let divisor = *rest.last()?;
                    match without_zero(terms, divisor) {
                        Some(value) => Some((Risk::Zero, value, Written::Safely)),
                        None => Some((Risk::Zero, divisor, Written::safely(self.is_never_zero(divisor)))),
                    }
                }
                _ => None,
            },
            Term::Cast(inner, data_type, mode) if converts(terms, *inner, terms.text(*data_type)) => {
                Some((Risk::Conversion, *inner, Written::safely(*mode == CastMode::Try)))
            }
            Term::Index(inner, at) => match terms.dialect {
                Dialect::Trino | Dialect::Databricks => Some((Risk::Element, *inner, Written::Plainly)),
                Dialect::BigQuery => {
                    let is_safe = matches!(terms.term(*at), Term::Call(call)
                        if terms.text(call.function).starts_with("safe_"));
                    Some((Risk::Element, *inner, Written::safely(is_safe)))
                }
                _ => None,
            },
            Term::Call(call) if call.over.is_none() => self.of_call(call),
            _ => None,
        }
    }

    fn of_call(&self, call: &Call) -> Option<Own> {
        const CONVERT: [&str; 15] = [
            "date_parse",
            "from_iso8601_date",
            "from_iso8601_timestamp",
            "json_parse",
            "parse_date",
            "parse_datetime",
            "parse_json",
            "parse_timestamp",
            "to_boolean",
            "to_date",
            "to_decimal",
            "to_double",
            "to_number",
            "to_numeric",
            "to_timestamp",
        ];
        let name = self.terms.text(call.function);
        match (name, call.args.as_slice()) {
            ("safe_divide" | "try_divide" | "div0" | "div0null", [_, divisor]) => {
                Some((Risk::Zero, *divisor, Written::Safely))
            }
            ("mod" | "div", [_, divisor]) if fails_by_zero(self.terms.dialect) => {
                match without_zero(self.terms, *divisor) {
                    Some(value) => Some((Risk::Zero, value, Written::Safely)),
                    None => Some((Risk::Zero, *divisor, Written::safely(self.is_never_zero(*divisor)))),
                }
            }
            ("element_at" | "try_element_at", [inner, _]) => Some((Risk::Element, *inner, Written::Safely)),
            (_, [value, ..]) => {
                let plain = name.strip_prefix("try_").or_else(|| name.strip_prefix("safe."));
                let known = |name: &str| CONVERT.binary_search(&name).is_ok();
                // PARSE_DATE(format, value).
                let is_behind = |name: &str| name.starts_with("parse_") && name != "parse_json";
                let value = if is_behind(plain.unwrap_or(name)) { call.args.last().copied()? } else { *value };
                let is_constant = self.terms.constant(value).is_some();
                (known(plain.unwrap_or(name)) && !is_constant).then_some((
                    Risk::Conversion,
                    value,
                    Written::safely(plain.is_some()),
                ))
            }
            _ => None,
        }
    }

    /// Whether a divisor cannot be zero by itself: a constant, the rows of a group.
    fn is_never_zero(&self, id: TermId) -> bool {
        match self.terms.term(id) {
            Term::Literal(LiteralKind::Number, text) => {
                self.terms.text(*text).parse::<f64>().is_ok_and(|number| number != 0.0)
            }
            Term::Literal(..) => true,
            Term::Call(call) => {
                let has_rows = call.over.is_some()
                    || self.block.group.as_ref().is_some_and(|group| !group.keys.is_empty() && group.sets.is_none());
                call.args.is_empty() && call.filter.is_none() && has_rows && self.terms.text(call.function) == "count"
            }
            Term::Cast(inner, ..) => self.is_never_zero(*inner),
            _ => false,
        }
    }

    fn divides(&self, id: TermId) -> bool {
        match self.terms.term(id) {
            Term::Apply(..) => true,
            Term::Call(call) => matches!(self.terms.text(call.function), "mod" | "div"),
            _ => false,
        }
    }

    fn note(&mut self, id: TermId, (risk, operand, written): Own, facts: &Facts) {
        let mut value = operand;
        // A division by a number that was made another number is one by the same value.
        while let Term::Cast(inner, ..) = self.terms.term(value) {
            value = *inner;
        }
        let text = self.print(value);
        let risk = risk(text.clone());
        let columns = columns_of(self.terms, self.block, value);
        let condition = match &risk {
            Risk::Zero(_) => facts.not_zero(&text).or_else(|| facts.not_zero(&self.print(operand))),
            Risk::Conversion(_) | Risk::Element(_) => facts.looks_at(&columns),
        };
        let guard = match (written, condition) {
            (Written::Safely, _) if self.divides(id) => Some(Guard::Divisor(text)),
            (Written::Safely, _) => Some(Guard::Form(self.print(id))),
            (Written::Plainly, Some(condition)) => Some(Guard::Condition(condition.clone())),
            (Written::Plainly, None) => None,
        };
        let is_conversion = matches!(risk, Risk::Conversion(_));
        let shown = self.print(id);
        let seen = self.found.entry(risk).or_default();
        match guard {
            Some(guard) => seen.guards.push(guard),
            None => {
                seen.unguarded.get_or_insert(shown);
                if is_conversion {
                    seen.places.push(facts.keys_beside(&columns));
                }
            }
        }
    }
}

/// Whether a division by zero ends a query in a dialect; elsewhere it gives NULL or infinity.
const fn fails_by_zero(dialect: Dialect) -> bool {
    !matches!(dialect, Dialect::MySql | Dialect::DuckDb | Dialect::ClickHouse)
}

/// The value of which a divisor is NULL where it is zero: `nullif(x, 0)`, `CASE WHEN x <> 0 THEN x END`.
fn without_zero(terms: &Terms, divisor: TermId) -> Option<TermId> {
    let is_zero = |term: TermId| match terms.constant(term) {
        Some((LiteralKind::Number, text)) => text.parse::<f64>().is_ok_and(|number| number == 0.0),
        _ => false,
    };
    match terms.term(divisor) {
        Term::Call(call) if call.is_plain() => match (terms.text(call.function), call.args.as_slice()) {
            ("nullif", [value, zero]) if is_zero(*zero) => Some(*value),
            ("nullifzero", [value]) => Some(*value),
            _ => None,
        },
        Term::Cast(inner, ..) => without_zero(terms, *inner),
        Term::Case(branches, otherwise) => match branches.as_slice() {
            [(when, then)] => {
                let (value, operator) = match (terms.is_null(*then), terms.is_null(*otherwise)) {
                    (true, false) => (*otherwise, "="),
                    (false, true) => (*then, "<>"),
                    _ => return None,
                };
                let args = terms.args_of(*when, operator)?;
                (args.contains(&value) && args.iter().any(|arg| is_zero(*arg))).then_some(value)
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether a cast can fail for some values: not into text, and not of a constant.
fn converts(terms: &Terms, inner: TermId, data_type: &str) -> bool {
    let data_type = data_type.to_ascii_lowercase();
    let is_text = ["char", "text", "string", "variant", "json", "clob", "super", "object"]
        .iter()
        .any(|name| data_type.contains(name));
    !is_text && terms.dialect != Dialect::MySql && terms.constant(inner).is_none()
}
