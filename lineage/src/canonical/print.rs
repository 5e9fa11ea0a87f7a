//! Terms as short SQL, for people: relations stand for the inputs. It must not know why a term is
//! shown.

use super::plan::{Block, Plan, PlanId};
use super::term::{Call, Over, Part, Sort, SubqueryKind, Term, TermId};
use super::terms::Terms;
use crate::query::tree::{Direction, LiteralKind, NullsAt};
use crate::stack::with_room;

/// What is longer is cut.
const LONGEST: usize = 300;
/// What is nested deeper is left out.
const DEEPEST: usize = 24;

impl Terms {
    /// A term of a block as short SQL; `…` stands for what is left out.
    #[must_use]
    pub fn print(&self, term: TermId, block: Option<&Block>) -> String {
        let mut printer = Printer { terms: self, blocks: block.into_iter().collect(), text: String::new(), depth: 0 };
        printer.term(term);
        printer.text
    }

    /// What an input is called: its relation, or what is read in it.
    #[must_use]
    pub fn print_plan(&self, plan: PlanId) -> String {
        let mut printer = Printer { terms: self, blocks: Vec::new(), text: String::new(), depth: 0 };
        printer.plan_name(plan);
        printer.text
    }
}

struct Printer<'a> {
    terms: &'a Terms,
    /// The blocks around the place that is printed, outermost first.
    blocks: Vec<&'a Block>,
    text: String,
    depth: usize,
}

impl Printer<'_> {
    fn term(&mut self, id: TermId) {
        if self.text.len() > LONGEST || self.depth > DEEPEST {
            self.more();
            return;
        }
        self.depth += 1;
        with_room(|| self.form(id));
        self.depth -= 1;
    }

    fn more(&mut self) {
        if !self.text.ends_with('…') {
            self.text.push('…');
        }
    }

    fn form(&mut self, id: TermId) {
        let terms = self.terms;
        match terms.term(id) {
            Term::Column(column) => {
                let level = column.level as usize;
                let block = self.blocks.len().checked_sub(1 + level).and_then(|at| self.blocks.get(at).copied());
                let input = block.and_then(|block| block.inputs.get(column.input as usize));
                match input {
                    Some(input) => self.input_column(input.plan, column.part),
                    None => self.part(column.part),
                }
            }
            Term::Candidates(parts) => match parts.first() {
                Some(first) => self.term(*first),
                None => self.more(),
            },
            Term::Literal(LiteralKind::String, text) => {
                let text = terms.text(*text).replace('\'', "''");
                self.text.push_str(&format!("'{text}'"));
            }
            Term::Literal(_, text) | Term::Parameter(text) => self.text.push_str(terms.text(*text)),
            Term::Bound(_, place) => self.text.push_str(&format!("${place}")),
            Term::Apply(operator, args) => self.apply(terms.text(*operator), args),
            Term::Call(call) => self.call(call),
            Term::Case(branches, otherwise) => {
                self.text.push_str("case");
                for (when, then) in branches {
                    self.text.push_str(" when ");
                    self.term(*when);
                    self.text.push_str(" then ");
                    self.term(*then);
                }
                if !terms.is_null(*otherwise) {
                    self.text.push_str(" else ");
                    self.term(*otherwise);
                }
                self.text.push_str(" end");
            }
            Term::Cast(inner, data_type, mode) => {
                self.text.push_str(match mode {
                    crate::query::tree::CastMode::Strict => "cast(",
                    crate::query::tree::CastMode::Try => "try_cast(",
                });
                self.term(*inner);
                self.text.push_str(" as ");
                self.text.push_str(&terms.text(*data_type).to_lowercase());
                self.text.push(')');
            }
            Term::Field(inner, name) => {
                self.term(*inner);
                self.text.push('.');
                self.text.push_str(terms.text(*name));
            }
            Term::Index(inner, at) => {
                self.term(*inner);
                self.text.push('[');
                self.term(*at);
                self.text.push(']');
            }
            Term::Subquery(kind, operand, plan) => self.subquery(*kind, *operand, *plan),
            Term::Lambda(_, body) => {
                self.text.push_str("-> ");
                self.term(*body);
            }
            Term::Named(name, inner) => {
                self.text.push_str(terms.text(*name));
                self.text.push_str(" => ");
                self.term(*inner);
            }
        }
    }

    fn input_column(&mut self, plan: PlanId, part: Part) {
        let terms = self.terms;
        // A column of a derived table is shown as what it is, if that is short.
        if let (Plan::Block(block), Part::Place(place)) = (terms.plan(plan), part)
            && let Some(output) = block.outputs.get(place as usize)
        {
            let outer = std::mem::replace(&mut self.blocks, vec![block]);
            self.term(*output);
            self.blocks = outer;
            return;
        }
        if let Plan::Relation(..) = terms.plan(plan) {
            self.plan_name(plan);
            self.text.push('.');
        }
        match part {
            Part::Place(place) => match Self::column_name(terms, plan, place) {
                Some(name) => self.text.push_str(name),
                None => self.part(part),
            },
            _ => self.part(part),
        }
    }

    /// What a column of a set operation is called in its first branch, where it is passed on there.
    fn column_name(terms: &Terms, mut plan: PlanId, mut place: u32) -> Option<&str> {
        for _ in 0..DEEPEST {
            match terms.plan(plan) {
                Plan::Set(set) => plan = *set.branches.first()?,
                Plan::Block(block) => {
                    let mut output = *block.outputs.get(place as usize)?;
                    while let Term::Cast(inner, ..) = terms.term(output) {
                        output = *inner;
                    }
                    let Term::Column(column) = terms.term(output) else { return None };
                    match column.part {
                        Part::Name(name) => return Some(terms.text(name)),
                        Part::Place(inner) if column.level == 0 => {
                            (plan, place) = (block.inputs.get(column.input as usize)?.plan, inner);
                        }
                        Part::Place(_) | Part::Row => return None,
                    }
                }
                _ => return None,
            }
        }
        None
    }

    fn part(&mut self, part: Part) {
        match part {
            Part::Place(place) => self.text.push_str(&format!("column {}", place + 1)),
            Part::Name(name) => self.text.push_str(self.terms.text(name)),
            Part::Row => self.text.push('*'),
        }
    }

    fn plan_name(&mut self, plan: PlanId) {
        let terms = self.terms;
        if self.depth > DEEPEST {
            self.more();
            return;
        }
        self.depth += 1;
        match terms.plan(plan) {
            Plan::Relation(name, _) => {
                let name = terms.text(*name);
                self.text.push_str(name.rsplit('.').next().unwrap_or(name));
            }
            Plan::Block(block) => match block.inputs.first() {
                Some(input) => self.plan_name(input.plan),
                None => self.text.push_str("select"),
            },
            Plan::Set(set) => match set.branches.first() {
                Some(branch) => self.plan_name(*branch),
                None => self.more(),
            },
            Plan::Values(_) => self.text.push_str("values"),
            Plan::Recursive(inner) => self.plan_name(*inner),
            Plan::Unnest(..) => self.text.push_str("unnest"),
            Plan::Function(name, ..) => {
                let name = terms.text(*name);
                self.text.push_str(name.split('(').next().unwrap_or(name));
            }
            Plan::Step(_) | Plan::Opaque(..) => self.more(),
        }
        self.depth -= 1;
    }

    fn list(&mut self, terms: &[TermId], between: &str) {
        for (place, term) in terms.iter().enumerate() {
            if self.text.len() > LONGEST {
                self.more();
                return;
            }
            if place > 0 {
                self.text.push_str(between);
            }
            self.term(*term);
        }
    }

    /// An operand, in brackets if it is an operation itself.
    fn operand(&mut self, id: TermId) {
        let brackets = matches!(self.terms.applied(id), Some((operator, args)) if args.len() > 1 && is_infix(operator));
        if brackets {
            self.text.push('(');
        }
        self.term(id);
        if brackets {
            self.text.push(')');
        }
    }

    fn apply(&mut self, operator: &str, args: &[TermId]) {
        match (operator, args) {
            ("not", [arg]) => {
                if let Some(("is null", [operand])) = self.terms.applied(*arg) {
                    self.operand(*operand);
                    self.text.push_str(" is not null");
                    return;
                }
                self.text.push_str("not ");
                self.operand(*arg);
            }
            ("-" | "+" | "~", [arg]) => {
                self.text.push_str(operator);
                self.operand(*arg);
            }
            ("is null" | "is true" | "is false", [arg]) => {
                self.operand(*arg);
                self.text.push(' ');
                self.text.push_str(operator);
            }
            ("in", [operand, items @ ..]) => {
                self.operand(*operand);
                self.text.push_str(" in (");
                self.list(items, ", ");
                self.text.push(')');
            }
            ("=" | "<>" | "<" | "<=", [left, right])
                if self.terms.constant(*left).is_some() && self.terms.constant(*right).is_none() =>
            {
                self.operand(*right);
                self.text.push_str(match operator {
                    "<" => " > ",
                    "<=" => " >= ",
                    "=" => " = ",
                    _ => " <> ",
                });
                self.operand(*left);
            }
            _ if args.len() > 1 && is_infix(operator) => {
                for (place, arg) in args.iter().enumerate() {
                    if self.text.len() > LONGEST {
                        self.more();
                        return;
                    }
                    if place > 0 {
                        self.text.push_str(&format!(" {operator} "));
                    }
                    self.operand(*arg);
                }
            }
            _ => {
                self.text.push_str(operator);
                self.text.push('(');
                self.list(args, ", ");
                self.text.push(')');
            }
        }
    }

    fn call(&mut self, call: &Call) {
        let terms = self.terms;
        self.text.push_str(terms.text(call.function));
        self.text.push('(');
        if call.distinct {
            self.text.push_str("distinct ");
        }
        if call.args.is_empty() && crate::functions::counts_rows(terms.text(call.function)) {
            self.text.push('*');
        }
        self.list(&call.args, ", ");
        self.order(&call.order);
        self.text.push(')');
        if let Some(filter) = call.filter {
            self.text.push_str(" filter (where ");
            self.term(filter);
            self.text.push(')');
        }
        if let Some(modifiers) = call.modifiers {
            self.text.push(' ');
            self.text.push_str(terms.text(modifiers));
        }
        if let Some(over) = &call.over {
            self.over(over);
        }
    }

    fn over(&mut self, over: &Over) {
        self.text.push_str(" over (");
        if !over.partition.is_empty() {
            self.text.push_str("partition by ");
            self.list(&over.partition, ", ");
        }
        self.order(&over.order);
        if let Some(frame) = over.frame {
            self.text.push(' ');
            self.text.push_str(self.terms.text(frame));
        }
        self.text.push(')');
    }

    fn order(&mut self, order: &[Sort]) {
        for (place, key) in order.iter().enumerate() {
            let before = match place {
                0 if self.text.ends_with('(') => "order by ",
                0 => " order by ",
                _ => ", ",
            };
            self.text.push_str(before);
            self.term(key.term);
            if key.direction == Direction::Descending {
                self.text.push_str(" desc");
            }
            match key.nulls {
                Some(NullsAt::First) => self.text.push_str(" nulls first"),
                Some(NullsAt::Last) => self.text.push_str(" nulls last"),
                None => {}
            }
        }
    }

    fn subquery(&mut self, kind: SubqueryKind, operand: Option<TermId>, plan: PlanId) {
        let terms = self.terms;
        if let Some(operand) = operand {
            self.operand(operand);
            self.text.push(' ');
        }
        match kind {
            SubqueryKind::Scalar => {}
            SubqueryKind::Exists => self.text.push_str("exists "),
            SubqueryKind::In => self.text.push_str("in "),
            SubqueryKind::Compared(word) => {
                self.text.push_str(terms.text(word));
                self.text.push(' ');
            }
            SubqueryKind::Array => self.text.push_str("array "),
        }
        self.text.push_str("(select ");
        match terms.plan(plan) {
            Plan::Block(block) => {
                self.blocks.push(block);
                if block.outputs.is_empty() {
                    self.text.push('…');
                }
                self.list(&block.outputs, ", ");
                self.text.push_str(" from ");
                self.plan_name(plan);
                if !block.conditions.is_empty() {
                    self.text.push_str(" where ");
                    self.list(&block.conditions, " and ");
                }
                self.blocks.pop();
            }
            _ => {
                self.text.push_str("… from ");
                self.plan_name(plan);
            }
        }
        self.text.push(')');
    }
}

fn is_infix(operator: &str) -> bool {
    matches!(
        operator,
        "and"
            | "or"
            | "xor"
            | "like"
            | "ilike"
            | "rlike"
            | "similar to"
            | "is not distinct from"
            | "at time zone"
            | "div"
    ) || !operator.chars().any(char::is_alphanumeric)
}
