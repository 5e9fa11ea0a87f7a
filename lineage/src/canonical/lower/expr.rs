//! Expressions as terms: names become columns, and forms that only spell another are that other.

use super::Lowering;
use crate::canonical::term::{Call, Over, Sort, SubqueryKind, Term, TermId, Traits};
use crate::canonical::terms::number;
use crate::diagnostic::Position;
use crate::dialect::Dialect;
use crate::query::block::BlockKind;
use crate::query::tree::{self, Clauses, Expr, ExprId, List, Negation, Path, SortKey, Symbol, Window};
use crate::resolve::Binding;
use crate::stack::with_room;

impl<'a> Lowering<'a> {
    /// The term of an expression of the block that is read.
    pub(super) fn expr(&mut self, id: ExprId) -> TermId {
        let in_lambda = self.frames.last().is_some_and(|frame| !frame.lambdas.is_empty());
        if let Some(known) = self.frames.last().and_then(|frame| frame.known.get(&id)).filter(|_| !in_lambda) {
            return *known;
        }
        if self.refused.is_some() || self.terms.effort.is_spent() {
            self.refuse("it is too large");
            return self.terms.null();
        }
        let term = with_room(|| self.lower(id));
        if let Some(frame) = self.frames.last_mut().filter(|_| !in_lambda) {
            frame.known.insert(id, term);
        }
        if let Some(position) = self.start_of(id) {
            self.terms.origins.entry(term).or_insert(position);
        }
        term
    }

    /// Where an expression begins, as far as its first names say.
    fn start_of(&self, mut id: ExprId) -> Option<Position> {
        const FAR: usize = 16;
        for _ in 0..FAR {
            if let Expr::Column(_, position) = self.tree.expr(id) {
                return Some(*position);
            }
            id = *self.tree.parts(id).first()?;
        }
        None
    }

    fn list(&mut self, list: List) -> Vec<TermId> {
        self.tree.list(list).iter().map(|expr| self.expr(*expr)).collect()
    }

    fn lower(&mut self, id: ExprId) -> TermId {
        let tree = self.tree;
        match tree.expr(id) {
            Expr::Column(path, _) => self.name(id, *path),
            Expr::Star(_) => self.star(id),
            Expr::Literal(kind, text) => self.terms.literal(*kind, tree.text(*text)),
            Expr::Parameter(text) => {
                let word = self.terms.word(tree.text(*text));
                self.terms.keep(Term::Parameter(word))
            }
            Expr::Apply(operator, args) => {
                let args = self.list(*args);
                self.terms.apply(tree.text(*operator), args)
            }
            Expr::Call { function, args, clauses } => self.call(id, tree.text(*function), *args, clauses.as_deref()),
            Expr::Case { operand, branches, otherwise } => self.case(*operand, *branches, *otherwise),
            Expr::Cast { expr, data_type, mode } => {
                let inner = self.expr(*expr);
                let data_type = self.terms.word(tree.text(*data_type));
                self.terms.make(Term::Cast(inner, data_type, *mode))
            }
            Expr::Field(inner, name) => {
                let inner = self.expr(*inner);
                let name = self.symbol(*name);
                self.terms.make(Term::Field(inner, name))
            }
            Expr::Index(inner, at) => {
                let inner = self.expr(*inner);
                let at = self.expr(*at);
                self.terms.make(Term::Index(inner, at))
            }
            Expr::Subquery { kind, operand, block } => {
                let operand = operand.map(|operand| self.expr(operand));
                let plan = self.block(*block);
                let (kind, negation) = match kind {
                    tree::SubqueryKind::Scalar => (SubqueryKind::Scalar, Negation::Plain),
                    tree::SubqueryKind::Exists(negation) => (SubqueryKind::Exists, *negation),
                    tree::SubqueryKind::In(negation) => (SubqueryKind::In, *negation),
                    tree::SubqueryKind::Compared(text) => {
                        (SubqueryKind::Compared(self.terms.word(tree.text(*text))), Negation::Plain)
                    }
                    tree::SubqueryKind::Array => (SubqueryKind::Array, Negation::Plain),
                };
                let term = self.terms.subquery(kind, operand, plan);
                match negation {
                    Negation::Plain => term,
                    Negation::Negated => self.terms.apply("not", vec![term]),
                }
            }
            Expr::Lambda(parameters, body) => {
                let symbols = tree.path(*parameters);
                if let Some(frame) = self.frames.last_mut() {
                    frame.lambdas.push(symbols);
                }
                let body = self.expr(*body);
                if let Some(frame) = self.frames.last_mut() {
                    frame.lambdas.pop();
                }
                self.terms.keep(Term::Lambda(number(symbols.len()), body))
            }
            Expr::Named(name, inner) => {
                let inner = self.expr(*inner);
                let name = self.symbol(*name);
                self.terms.make(Term::Named(name, inner))
            }
        }
    }

    fn symbol(&mut self, symbol: Symbol) -> crate::canonical::term::Word {
        self.terms.word(self.tree.name(symbol).key())
    }

    fn name(&mut self, id: ExprId, path: Path) -> TermId {
        let (tree, resolved) = (self.tree, self.resolved);
        match resolved.binding(id) {
            None => {
                self.refuse("a name was not looked up");
                self.terms.null()
            }
            Some(Binding::Free) => self.free(tree.path(path)),
            Some(Binding::Columns(uses)) if uses.is_empty() => self.free(tree.path(path)),
            Some(Binding::Columns(uses)) => self.columns(uses),
            Some(Binding::Alias(alias, fields)) => {
                let value = self.alias(*alias);
                self.fields(value, fields)
            }
            Some(Binding::AliasOr(alias, uses)) => {
                let mut parts = vec![self.alias(*alias)];
                parts.extend(uses.iter().map(|used| self.column_use(used)));
                let either = self.terms.word("alias or column");
                self.terms.keep(Term::Apply(either, parts))
            }
        }
    }

    /// What an alias stands for. An alias of a SELECT further out was read there.
    fn alias(&mut self, alias: ExprId) -> TermId {
        let Some(frame) = self.frames.last_mut() else { return self.terms.null() };
        if !frame.aliases.insert(alias) {
            self.refuse("an alias is made of itself");
            return self.terms.null();
        }
        let lambdas = std::mem::take(&mut frame.lambdas);
        let is_own = self.is_own(alias);
        if !is_own {
            self.refuse("an alias of an outer query is used inside another");
        }
        let term = self.expr(alias);
        if let Some(frame) = self.frames.last_mut() {
            frame.lambdas = lambdas;
            frame.aliases.remove(&alias);
        }
        // It is worked out once, however often it is named.
        if self.terms.has(term, Traits::VOLATILE.and(Traits::UNKNOWN)) {
            let alias = self.terms.word("value of an alias");
            return self.terms.keep(Term::Apply(alias, vec![term]));
        }
        term
    }

    /// Whether an expression is one that the block that is read projects.
    fn is_own(&self, alias: ExprId) -> bool {
        let Some(frame) = self.frames.last() else { return false };
        match &self.tree.block(frame.block).kind {
            BlockKind::Select(_) => self
                .resolved
                .block(frame.block)
                .outputs
                .iter()
                .any(|column| matches!(column.value, crate::resolve::Value::Expr(expr) if expr == alias)),
            BlockKind::SetOperation(_) | BlockKind::Values(_) => false,
        }
    }

    /// A name that is no column: a parameter of a lambda, a constant, a variable.
    fn free(&mut self, path: &[Symbol]) -> TermId {
        let tree = self.tree;
        let lambdas = self.frames.last().map(|frame| frame.lambdas.clone()).unwrap_or_default();
        let Some((first, fields)) = path.split_first() else { return self.terms.null() };
        for (out, parameters) in lambdas.iter().rev().enumerate() {
            if let Some(place) = parameters.iter().position(|parameter| parameter == first) {
                let bound = self.terms.keep(Term::Bound(number(out), number(place)));
                let fields: Vec<_> = fields.iter().map(|field| tree.name(*field).clone()).collect();
                return self.fields(bound, &fields);
            }
        }
        let names: Vec<&str> = path.iter().map(|part| tree.name(*part).key()).collect();
        let spelled = names.join(".").to_lowercase();
        if matches!(
            spelled.as_str(),
            "current_date" | "current_timestamp" | "current_time" | "current_datetime" | "localtimestamp"
        ) {
            let function = self.terms.word(&spelled);
            return self.terms.make(Term::Call(Box::new(Call::plain(function, Vec::new()))));
        }
        let word = self.terms.word(&names.join("."));
        self.terms.keep(Term::Parameter(word))
    }

    /// `*` or `t.*` as an argument: the rows of the items, as wholes.
    fn star(&mut self, id: ExprId) -> TermId {
        let resolved = self.resolved;
        let rows: Vec<TermId> = match resolved.binding(id) {
            Some(Binding::Columns(uses)) => uses.iter().map(|used| self.column_use(used)).collect(),
            _ => Vec::new(),
        };
        let star = self.terms.word("*");
        self.terms.keep(Term::Apply(star, rows))
    }

    fn call(&mut self, id: ExprId, function: &str, args: List, clauses: Option<&'a Clauses>) -> TermId {
        let tree = self.tree;
        if self.dialect() == Dialect::DuckDb && function == "columns" && self.resolved.binding(id).is_some() {
            self.refuse("columns are chosen by a pattern");
        }
        let counts = crate::functions::counts_rows(function);
        let exprs = tree.list(args);
        let is_star = matches!(exprs, [only] if matches!(tree.expr(*only), Expr::Star(None)));
        let args = if counts && is_star { Vec::new() } else { self.list(args) };
        let function = self.terms.word(function);
        let mut call = Call::plain(function, args);
        if let Some(clauses) = clauses {
            call.distinct = clauses.distinct;
            call.order = self.sort(&clauses.order_by);
            call.filter = clauses.filter.map(|filter| self.expr(filter));
            call.over = clauses.over.as_ref().map(|window| self.over(window, 0));
            call.modifiers = clauses.modifiers.map(|modifiers| self.terms.word(tree.text(modifiers)));
            call.modifier_args = self.list(clauses.modifier_args);
        }
        self.terms.make(Term::Call(Box::new(call)))
    }

    fn dialect(&self) -> Dialect {
        self.tree.dialect
    }

    fn sort(&mut self, keys: &[SortKey]) -> Vec<Sort> {
        keys.iter().map(|key| Sort { term: self.expr(key.expr), direction: key.direction, nulls: key.nulls }).collect()
    }

    /// A window with what it takes from the named one that it extends.
    fn over(&mut self, window: &'a Window, depth: usize) -> Over {
        const DEEP: usize = 64;
        let tree = self.tree;
        let mut over = Over {
            partition: self.list(window.partition_by),
            order: self.sort(&window.order_by),
            frame: window.frame.map(|frame| self.terms.word(tree.text(frame))),
            frame_args: self.list(window.frame_args),
        };
        let Some(base) = window.base else { return over };
        let Some(named) = self.named_window(base).filter(|_| depth < DEEP) else {
            self.refuse("a window is not defined");
            return over;
        };
        let named = self.over(named, depth + 1);
        if over.partition.is_empty() {
            over.partition = named.partition;
        }
        if over.order.is_empty() {
            over.order = named.order;
        }
        if over.frame.is_none() {
            over.frame = named.frame;
            over.frame_args = named.frame_args;
        }
        over
    }

    fn named_window(&self, name: Symbol) -> Option<&'a Window> {
        let frame = self.frames.last()?;
        match &self.tree.block(frame.block).kind {
            BlockKind::Select(select) => {
                select.windows.iter().find(|(found, _)| *found == name).map(|(_, found)| found)
            }
            BlockKind::SetOperation(_) | BlockKind::Values(_) => None,
        }
    }

    /// CASE with an operand compares it in each branch.
    fn case(&mut self, operand: Option<ExprId>, branches: List, otherwise: Option<ExprId>) -> TermId {
        let operand = operand.map(|operand| self.expr(operand));
        let parts = self.list(branches);
        let otherwise = match otherwise {
            Some(otherwise) => self.expr(otherwise),
            None => self.terms.null(),
        };
        let once = operand.filter(|operand| self.terms.has(*operand, Traits::VOLATILE.and(Traits::UNKNOWN)));
        if once.is_some() {
            let word = self.terms.word("case of");
            let mut all: Vec<TermId> = once.into_iter().collect();
            all.extend(parts);
            all.push(otherwise);
            return self.terms.keep(Term::Apply(word, all));
        }
        let mut made = Vec::with_capacity(parts.len() / 2);
        for pair in parts.chunks_exact(2) {
            let when = match operand {
                Some(operand) => self.terms.apply("=", vec![operand, pair[0]]),
                None => pair[0],
            };
            made.push((when, pair[1]));
        }
        self.terms.make(Term::Case(made, otherwise))
    }
}
