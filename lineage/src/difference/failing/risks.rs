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
    /// A divisor that is never zero, as it is written.
    Divisor(String),
    /// A condition.
    Condition(String),
}

impl Guard {
    /// In words, what has become of it.
    pub(super) fn lost(&self, conditions: &BTreeSet<String>) -> String {
        match self {
            Self::Form(form) => format!("it was `{form}`"),
            Self::Divisor(divisor) => format!("it was divided by `{divisor}`"),
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
    let joins = block.from.terms();
    let conditions: BTreeSet<TermId> =
        block.conditions.iter().chain(&block.having).chain(&block.qualify).copied().collect();
    for (place, term) in all.into_iter().enumerate() {
        if !gatherer.is_risky(term) {
            continue;
        }
        if place < joins.len() {
            // What decides over pairs of rows stands beside it.
            let others = joins.iter().filter(|other| **other != term);
            let beside =
                others.fold((*facts).clone(), |facts, condition| facts.with(terms, block, *condition, Truth::True));
            gatherer.term(term, &beside);
        } else if conditions.contains(&term) {
            gatherer.term(term, &facts.beside(&terms.print(term, Some(block))));
        } else {
            gatherer.term(term, &facts);
        }
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
                    match self.without_zero(divisor) {
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
        let name = self.terms.text(call.function);
        match (name, call.args.as_slice()) {
            ("safe_divide" | "ieee_divide" | "try_divide" | "div0" | "div0null", [_, divisor]) => {
                Some((Risk::Zero, *divisor, Written::Safely))
            }
            ("mod" | "div", [_, divisor]) if fails_by_zero(self.terms.dialect) => match self.without_zero(*divisor) {
                Some(value) => Some((Risk::Zero, value, Written::Safely)),
                None => Some((Risk::Zero, *divisor, Written::safely(self.is_never_zero(*divisor)))),
            },
            ("element_at" | "try_element_at", [inner, _]) => Some((Risk::Element, *inner, Written::Safely)),
            (_, [value, ..]) => {
                let plain = plain_name(self.terms.dialect, name);
                // PARSE_DATE(format, value).
                let is_behind = |name: &str| name.starts_with("parse_") && name != "parse_json";
                let value = if is_behind(plain.unwrap_or(name)) { call.args.last().copied()? } else { *value };
                let is_constant = self.terms.constant(value).is_some();
                (fails_by_value(self.terms.dialect, plain.unwrap_or(name)) && !is_constant).then_some((
                    Risk::Conversion,
                    value,
                    Written::safely(plain.is_some()),
                ))
            }
            _ => None,
        }
    }

    /// The value of which a divisor is something else where that is zero: `nullif(x, 0)`, `CASE WHEN x <> 0 THEN x END`,
    /// `greatest(x, 1)`.
    fn without_zero(&self, divisor: TermId) -> Option<TermId> {
        let terms = self.terms;
        let number = |term: &TermId| match terms.constant(*term) {
            Some((LiteralKind::Number, text)) => text.parse::<f64>().ok(),
            _ => None,
        };
        match terms.term(divisor) {
            Term::Call(call) if call.is_plain() => match (terms.text(call.function), call.args.as_slice()) {
                ("nullif", [value, zero]) if number(zero) == Some(0.0) => Some(*value),
                ("nullifzero", [value]) => Some(*value),
                ("coalesce", [value, rest @ ..])
                    if rest.iter().all(|one| number(one).is_some_and(|one| one != 0.0)) =>
                {
                    self.without_zero(*value)
                }
                ("greatest", [value, least] | [least, value]) if number(least).is_some_and(|least| least > 0.0) => {
                    Some(*value)
                }
                _ => None,
            },
            Term::Cast(inner, ..) => self.without_zero(*inner),
            Term::Case(branches, otherwise) => {
                let mut facts = Facts::default();
                let mut found = None;
                let mut is_never_zero = |result: TermId, facts: &Facts| {
                    let is_known = terms.is_null(result) || number(&result).is_some_and(|number| number != 0.0);
                    let is_guarded =
                        || [result, self.decides(result)].iter().any(|one| facts.not_zero(&self.print(*one)).is_some());
                    is_known || (is_guarded() && *found.get_or_insert(result) == result)
                };
                for (when, then) in branches {
                    if !is_never_zero(*then, &facts.with(terms, self.block, *when, Truth::True)) {
                        return None;
                    }
                    facts = facts.with(terms, self.block, *when, Truth::NotTrue);
                }
                is_never_zero(*otherwise, &facts).then_some(found).flatten()
            }
            _ => None,
        }
    }

    /// The only value that a CASE gives beside NULL, with what is known of it there: `nullif(x, '')`.
    fn chosen(&self, value: TermId, facts: &Facts) -> Option<(TermId, Facts)> {
        let Term::Case(branches, otherwise) = self.terms.term(value) else { return None };
        let mut facts = facts.clone();
        let mut chosen = None;
        for (when, then) in branches {
            if !self.terms.is_null(*then) && chosen.is_none() {
                chosen = Some((*then, facts.with(self.terms, self.block, *when, Truth::True)));
            } else if !self.terms.is_null(*then) {
                return None;
            }
            facts = facts.with(self.terms, self.block, *when, Truth::NotTrue);
        }
        match (chosen, self.terms.is_null(*otherwise)) {
            (None, false) => Some((*otherwise, facts)),
            (chosen, true) => chosen,
            (Some(_), false) => None,
        }
    }

    /// The value that decides over another one that is made of it: by it that is zero, or cannot be converted.
    fn decides(&self, mut value: TermId) -> TermId {
        loop {
            value = match self.terms.term(value) {
                // A division by a number that was made another number is one by the same value.
                Term::Cast(inner, ..) => *inner,
                Term::Call(call) if call.is_plain() => match (self.terms.text(call.function), call.args.as_slice()) {
                    ("abs", [inner]) => *inner,
                    ("coalesce", [inner, rest @ ..]) if rest.iter().all(|one| self.terms.constant(*one).is_some()) => {
                        *inner
                    }
                    _ => return value,
                },
                _ => return value,
            }
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

    /// What a division is by, as people write it, if it is one.
    fn divided_by(&self, id: TermId, value: &str) -> Option<String> {
        let divisor = match self.terms.term(id) {
            Term::Apply(_, args) => *args.last()?,
            Term::Call(call) if matches!(self.terms.text(call.function), "mod" | "div") => *call.args.last()?,
            _ => return None,
        };
        let zero = match self.terms.term(divisor) {
            Term::Case(branches, _) => match branches.as_slice() {
                [(when, then)] if self.terms.is_null(*then) => self.terms.args_of(*when, "="),
                _ => None,
            },
            _ => None,
        };
        Some(if zero.is_some() { format!("nullif({value}, 0)") } else { self.print(divisor) })
    }

    fn note(&mut self, id: TermId, (risk, operand, written): Own, facts: &Facts) {
        let by_value = !matches!(risk(String::new()), Risk::Zero(_));
        let chosen = if by_value { self.chosen(operand, facts) } else { None };
        let (operand, facts) = chosen.as_ref().map_or((operand, facts), |(operand, facts)| (*operand, facts));
        let value = self.decides(operand);
        let text = self.print(value);
        let risk = risk(text.clone());
        let columns = columns_of(self.terms, self.block, value);
        let condition = match &risk {
            Risk::Zero(_) => facts.not_zero(&text).or_else(|| facts.not_zero(&self.print(operand))),
            Risk::Conversion(_) | Risk::Element(_) => facts.looks_at(&columns),
        };
        let guard = match (written, condition) {
            (Written::Safely, _) => Some(match self.divided_by(id, &text) {
                Some(divisor) => Guard::Divisor(divisor),
                None => Guard::Form(self.print(id)),
            }),
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

/// Functions that some values fail in.
const FAILING: [&str; 34] = [
    "base64_decode_binary",
    "base64_decode_string",
    "date_parse",
    "from_base64",
    "from_hex",
    "from_iso8601_date",
    "from_iso8601_timestamp",
    "hex_decode_binary",
    "hex_decode_string",
    "json_parse",
    "ln",
    "log",
    "log10",
    "parse_bignumeric",
    "parse_date",
    "parse_datetime",
    "parse_json",
    "parse_numeric",
    "parse_time",
    "parse_timestamp",
    "sqrt",
    "strptime",
    "to_binary",
    "to_boolean",
    "to_date",
    "to_decimal",
    "to_double",
    "to_geography",
    "to_geometry",
    "to_number",
    "to_numeric",
    "to_time",
    "to_timestamp",
    "unhex",
];

fn fails_by_value(dialect: Dialect, name: &str) -> bool {
    let of_clickhouse = ["todate", "todecimal", "tofloat", "toint", "touint", "parsedatetime"];
    // TO_TIMESTAMP_NTZ and the like.
    let name = ["_ltz", "_ntz", "_tz"].iter().find_map(|zone| name.strip_suffix(zone)).unwrap_or(name);
    FAILING.binary_search(&name).is_ok()
        || (dialect == Dialect::ClickHouse && of_clickhouse.iter().any(|start| name.starts_with(start)))
}

/// What a function that gives NULL instead is called where it fails.
fn plain_name(dialect: Dialect, name: &str) -> Option<&str> {
    let before = ["try_", "safe."].iter().find_map(|start| name.strip_prefix(start));
    let behind = || ["ornull", "orzero", "ordefault"].iter().find_map(|end| name.strip_suffix(end));
    before.or_else(|| behind().filter(|_| dialect == Dialect::ClickHouse))
}

/// Whether a division by zero ends a query in a dialect; elsewhere it gives NULL or infinity.
const fn fails_by_zero(dialect: Dialect) -> bool {
    !matches!(dialect, Dialect::MySql | Dialect::DuckDb | Dialect::ClickHouse)
}

/// Whether a cast can fail for some values: not into text, and not of a constant.
fn converts(terms: &Terms, inner: TermId, data_type: &str) -> bool {
    let data_type = data_type.to_ascii_lowercase();
    let is_text = ["char", "text", "string", "variant", "json", "clob", "super", "object"]
        .iter()
        .any(|name| data_type.contains(name));
    !is_text && terms.dialect != Dialect::MySql && terms.constant(inner).is_none()
}
