//! Calls of functions: names, arguments, and what a call says beside them.

use sqlparser::ast::{
    DuplicateTreatment, Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments,
    HavingBoundKind, Ident, ListAggOnOverflow, NullTreatment, ObjectName, ObjectNamePart, OrderByExpr, OrderBySort,
    WildcardAdditionalOptions, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType,
};

use super::super::names::{Named, named};
use super::super::rules::{dictionary, is_builtin, relation_argument};
use super::Lowering;
use crate::dialect::Dialect;
use crate::name::Quoting;
use crate::query::tree::{Clauses, Direction, Expr, ExprId, LiteralKind, NullsAt, SortKey, SubqueryKind, Text, Window};

mod words;

/// What the value of a subquery among the arguments is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// Its one value, as everywhere in an expression.
    Values,
    /// Its rows: a table function.
    Rows,
}

impl<'a> Lowering<'a> {
    pub(super) fn call(&mut self, function: &'a Function) -> ExprId {
        if let Some(column) = self.proposed_column(function) {
            return column;
        }
        if let FunctionArguments::Subquery(query) = &function.args
            && Self::is_function(&function.name, &["array"])
        {
            let block = self.query(query);
            return self.subquery(SubqueryKind::Array, None, block);
        }
        if let Some(rows) = relation_argument(function).and_then(|name| self.rows_of_path(name)) {
            return self.subquery(SubqueryKind::Array, None, rows);
        }
        let name = self.function_name(&function.name);
        self.call_of(name, Vec::new(), function)
    }

    /// Takes note of a call of what may be a routine of the project.
    fn take_call(&mut self, call: ExprId, function: &Function) {
        if is_builtin(self.dialect, &function.name) {
            return;
        }
        if let Named::Relation(name, position) = named(self.dialect, self.origin, &function.name) {
            self.build.calls(call, name, position);
        }
    }

    /// `VALUES(a)` in ON DUPLICATE KEY UPDATE: the column of the row that was to be inserted.
    fn proposed_column(&mut self, function: &'a Function) -> Option<ExprId> {
        let row = self.proposed?;
        let FunctionArguments::List(list) = &function.args else { return None };
        let [FunctionArg::Unnamed(FunctionArgExpr::Expr(Ast::Identifier(column)))] = list.args.as_slice() else {
            return None;
        };
        if !Self::is_function(&function.name, &["values"]) {
            return None;
        }
        let column_symbol = self.symbol(column);
        let path = self.build.path_of(&[row, column_symbol]);
        let place = self.place_of(column.span.start);
        Some(self.build.expr(Expr::Column(path, place)))
    }

    /// `x.f(y)`: the expression before the dot is the first argument.
    pub(super) fn method(&mut self, receiver: ExprId, function: &'a Function) -> ExprId {
        let name = self.function_name(&function.name);
        self.call_of(name, vec![receiver], function)
    }

    /// A call whose name is a dotted one, of which the parser gives the last part to the function.
    pub(super) fn call_within(&mut self, spaces: &[&'a Ident], function: &'a Function) -> ExprId {
        let mut spelled = String::new();
        for space in spaces {
            match space.quote_style {
                Some(_) => spelled.push_str(&space.value),
                None => spelled.push_str(&space.value.to_lowercase()),
            }
            spelled.push('.');
        }
        let own = self.function_name(&function.name);
        spelled.push_str(self.build.tree().text(own));
        let name = self.text(&spelled);
        self.call_of(name, Vec::new(), function)
    }

    fn call_of(&mut self, name: Text, mut args: Vec<ExprId>, function: &'a Function) -> ExprId {
        let mut clauses = Clauses::default();
        let mut modifiers = Modifiers::default();
        self.arguments(name, &function.args, &mut args, &mut clauses, &mut modifiers);
        self.parameters(&function.parameters, &mut modifiers);
        for part in &function.name.0 {
            if let ObjectNamePart::Function(part) = part {
                modifiers.word("name");
                modifiers.args.extend(part.args.iter().map(|arg| self.argument(arg, Over::Values)).collect::<Vec<_>>());
            }
        }
        clauses.order_by.extend(function.within_group.iter().map(|key| self.sort_key(key)).collect::<Vec<_>>());
        if let Some(filter) = &function.filter {
            clauses.filter = Some(self.expr(filter));
        }
        match function.null_treatment {
            Some(NullTreatment::IgnoreNulls) => modifiers.word("ignore nulls"),
            Some(NullTreatment::RespectNulls) => modifiers.word("respect nulls"),
            None => {}
        }
        clauses.over = function.over.as_ref().map(|over| self.window_type(over));
        if let Some(dictionary) = self.dictionary(&function.name, &function.args) {
            args.push(self.subquery(SubqueryKind::Array, None, dictionary));
        }
        if !modifiers.words.is_empty() {
            clauses.modifiers = Some(self.text(&modifiers.words));
            clauses.modifier_args = self.build.list(&modifiers.args);
        }
        let plain = clauses == Clauses::default();
        let args = self.build.list(&args);
        let call = self.build.expr(Expr::Call { function: name, args, clauses: (!plain).then(|| Box::new(clauses)) });
        self.take_call(call, function);
        call
    }

    /// The name of a function in lower case unless quoted, its parts joined by dots.
    pub(super) fn function_name(&mut self, name: &ObjectName) -> Text {
        if let [ObjectNamePart::Identifier(ident)] = name.0.as_slice()
            && ident.quote_style.is_none()
        {
            return self.lower_text(&ident.value);
        }
        let mut spelled = String::new();
        for part in &name.0 {
            if !spelled.is_empty() {
                spelled.push('.');
            }
            match part {
                ObjectNamePart::Identifier(ident) if ident.quote_style.is_some() => spelled.push_str(&ident.value),
                ObjectNamePart::Identifier(ident) => spelled.push_str(&ident.value.to_lowercase()),
                ObjectNamePart::Function(function) => spelled.push_str(&function.name.value.to_lowercase()),
            }
        }
        self.text(&spelled)
    }

    fn arguments(
        &mut self,
        name: Text,
        arguments: &'a FunctionArguments,
        args: &mut Vec<ExprId>,
        clauses: &mut Clauses,
        modifiers: &mut Modifiers,
    ) {
        let list = match arguments {
            FunctionArguments::None => return,
            FunctionArguments::Subquery(query) => {
                let block = self.query(query);
                args.push(self.subquery(SubqueryKind::Array, None, block));
                return;
            }
            FunctionArguments::List(list) => list,
        };
        clauses.distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        let word = words::place(self.build.tree().text(name), list.args.len(), self.dialect);
        for (index, arg) in list.args.iter().enumerate() {
            let spelled = (word == Some(index)).then(|| words::spelled(arg)).flatten();
            args.push(match spelled {
                Some(word) => self.word(&word),
                None => self.argument(arg, Over::Values),
            });
            if let FunctionArg::Unnamed(FunctionArgExpr::WildcardWithOptions(options)) = arg {
                args.extend(self.replaced(options));
            }
        }
        for clause in &list.clauses {
            self.clause(clause, clauses, modifiers);
        }
    }

    fn clause(&mut self, clause: &'a FunctionArgumentClause, clauses: &mut Clauses, modifiers: &mut Modifiers) {
        match clause {
            FunctionArgumentClause::IgnoreOrRespectNulls(NullTreatment::IgnoreNulls) => modifiers.word("ignore nulls"),
            FunctionArgumentClause::IgnoreOrRespectNulls(NullTreatment::RespectNulls) => {
                modifiers.word("respect nulls");
            }
            FunctionArgumentClause::Where(condition) => clauses.filter = Some(self.expr(condition)),
            FunctionArgumentClause::OrderBy(keys) => {
                clauses.order_by = keys.iter().map(|key| self.sort_key(key)).collect();
            }
            FunctionArgumentClause::Limit(count) => {
                modifiers.word("limit");
                modifiers.args.push(self.expr(count));
            }
            FunctionArgumentClause::OnOverflow(ListAggOnOverflow::Error) => modifiers.word("on overflow error"),
            FunctionArgumentClause::OnOverflow(ListAggOnOverflow::Truncate { filler, with_count }) => {
                modifiers.word(if *with_count { "on overflow truncate with count" } else { "on overflow truncate" });
                modifiers.args.extend(filler.as_deref().map(|filler| self.expr(filler)));
            }
            FunctionArgumentClause::Having(bound) => {
                modifiers.word(match bound.0 {
                    HavingBoundKind::Min => "having min",
                    HavingBoundKind::Max => "having max",
                });
                modifiers.args.push(self.expr(&bound.1));
            }
            FunctionArgumentClause::Separator(separator) => {
                modifiers.word("separator");
                modifiers.args.push(self.value(&separator.value));
            }
            FunctionArgumentClause::JsonNullClause(clause) => modifiers.word(&clause.to_string().to_lowercase()),
            FunctionArgumentClause::JsonReturningClause(clause) => {
                modifiers.word(&clause.to_string().to_lowercase());
            }
        }
    }

    /// ClickHouse: `quantile(0.9)(x)`.
    fn parameters(&mut self, parameters: &'a FunctionArguments, modifiers: &mut Modifiers) {
        match parameters {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(query) => {
                let block = self.query(query);
                modifiers.word("parameters");
                modifiers.args.push(self.subquery(SubqueryKind::Array, None, block));
            }
            FunctionArguments::List(list) => {
                modifiers.word("parameters");
                for arg in &list.args {
                    let arg = self.argument(arg, Over::Values);
                    modifiers.args.push(arg);
                }
            }
        }
    }

    /// One argument.
    pub(super) fn argument(&mut self, arg: &'a FunctionArg, over: Over) -> ExprId {
        // DuckDB: `read_csv('x', header = true)`; among values it is a comparison.
        if let FunctionArg::Unnamed(FunctionArgExpr::Expr(Ast::BinaryOp { left, op, right })) = arg
            && (over, self.dialect) == (Over::Rows, Dialect::DuckDb)
            && *op == sqlparser::ast::BinaryOperator::Eq
            && let Ast::Identifier(name) = &**left
        {
            let value = self.expr(right);
            let name = self.symbol(name);
            return self.build.expr(Expr::Named(name, value));
        }
        match arg {
            FunctionArg::Unnamed(arg) => self.argument_value(arg, over),
            FunctionArg::Named { name, arg, .. } => {
                let value = self.argument_value(arg, over);
                let name = self.symbol(name);
                self.build.expr(Expr::Named(name, value))
            }
            FunctionArg::ExprNamed { name, arg, .. } => {
                let parts = [self.expr(name), self.argument_value(arg, over)];
                self.apply(":", &parts)
            }
        }
    }

    fn argument_value(&mut self, arg: &'a FunctionArgExpr, over: Over) -> ExprId {
        match arg {
            FunctionArgExpr::Expr(Ast::Subquery(query)) if over == Over::Rows => {
                let block = self.query(query);
                self.subquery(SubqueryKind::Array, None, block)
            }
            FunctionArgExpr::Expr(expr) => self.expr(expr),
            FunctionArgExpr::QualifiedWildcard(name) => {
                let path = self.path(name);
                self.build.expr(Expr::Star(Some(path)))
            }
            FunctionArgExpr::Wildcard | FunctionArgExpr::WildcardWithOptions(_) => self.build.expr(Expr::Star(None)),
        }
    }

    /// What stands in the place of columns in `f(* REPLACE (x AS y))`.
    fn replaced(&mut self, options: &'a WildcardAdditionalOptions) -> Vec<ExprId> {
        let mut replaced = Vec::new();
        for item in options.opt_replace.iter().flat_map(|replace| &replace.items) {
            let expr = self.expr(&item.expr);
            let name = self.symbol(&item.column_name);
            replaced.push(self.build.expr(Expr::Named(name, expr)));
        }
        replaced
    }

    fn window_type(&mut self, over: &'a WindowType) -> Window {
        match over {
            WindowType::NamedWindow(name) => Window { base: Some(self.symbol(name)), ..Window::default() },
            WindowType::WindowSpec(spec) => self.window(spec),
        }
    }

    pub(super) fn window(&mut self, spec: &'a WindowSpec) -> Window {
        let base = spec.window_name.as_ref().map(|name| self.symbol(name));
        let partition_by = self.exprs(&spec.partition_by);
        let partition_by = self.build.list(&partition_by);
        let order_by = spec.order_by.iter().map(|key| self.sort_key(key)).collect();
        let mut window = Window { base, partition_by, order_by, ..Window::default() };
        if let Some(frame) = &spec.window_frame {
            self.frame(frame, &mut window);
        }
        window
    }

    fn frame(&mut self, frame: &'a WindowFrame, window: &mut Window) {
        let mut args = Vec::new();
        let mut spelled = String::from(match frame.units {
            WindowFrameUnits::Rows => "rows ",
            WindowFrameUnits::Range => "range ",
            WindowFrameUnits::Groups => "groups ",
        });
        spelled.push_str("between ");
        self.bound(&frame.start_bound, &mut spelled, &mut args);
        spelled.push_str(" and ");
        match &frame.end_bound {
            Some(end) => self.bound(end, &mut spelled, &mut args),
            None => spelled.push_str("current row"),
        }
        window.frame = Some(self.text(&spelled));
        window.frame_args = self.build.list(&args);
    }

    fn bound(&mut self, bound: &'a WindowFrameBound, spelled: &mut String, args: &mut Vec<ExprId>) {
        let (expr, direction) = match bound {
            WindowFrameBound::CurrentRow => {
                spelled.push_str("current row");
                return;
            }
            WindowFrameBound::Preceding(expr) => (expr, " preceding"),
            WindowFrameBound::Following(expr) => (expr, " following"),
        };
        match expr.as_deref() {
            None => spelled.push_str("unbounded"),
            Some(Ast::Value(value)) => spelled.push_str(&value.to_string().to_lowercase()),
            Some(expr) => {
                spelled.push('?');
                args.push(self.expr(expr));
            }
        }
        spelled.push_str(direction);
    }

    pub(super) fn sort_key(&mut self, key: &'a OrderByExpr) -> SortKey {
        let mut expr = self.expr(&key.expr);
        if let Some(fill) = &key.with_fill {
            let mut parts = vec![expr];
            parts.extend([&fill.from, &fill.to, &fill.step].into_iter().flatten().map(|bound| self.expr(bound)));
            expr = self.apply("with fill", &parts);
        }
        let direction = match &key.options.sort {
            Some(OrderBySort::Desc) => Direction::Descending,
            Some(OrderBySort::Asc) | None => Direction::Ascending,
            Some(OrderBySort::Using(operator)) => {
                let operator = self.literal(LiteralKind::Other, &operator.to_string());
                expr = self.apply("using", &[expr, operator]);
                Direction::Ascending
            }
        };
        SortKey { expr, direction, nulls: nulls(key.options.nulls_first) }
    }

    /// `dictGet('shop.customers', …)` reads a dictionary, `joinGet('t', …)` a join table.
    fn dictionary(
        &mut self,
        name: &'a ObjectName,
        arguments: &'a FunctionArguments,
    ) -> Option<crate::query::tree::BlockId> {
        if self.dialect != Dialect::ClickHouse {
            return None;
        }
        let FunctionArguments::List(list) = arguments else { return None };
        let relation = dictionary(self.dialect, self.origin, name, &list.args)?;
        Some(self.rows_of(relation))
    }
}

/// A key that is sorted by upward.
pub(super) const fn ascending(expr: ExprId) -> SortKey {
    SortKey { expr, direction: Direction::Ascending, nulls: None }
}

pub(super) fn nulls(first: Option<bool>) -> Option<NullsAt> {
    first.map(|first| if first { NullsAt::First } else { NullsAt::Last })
}

/// What a call says beside its arguments, as words and expressions.
#[derive(Default)]
struct Modifiers {
    words: String,
    args: Vec<ExprId>,
}

impl Modifiers {
    fn word(&mut self, word: &str) {
        if !self.words.is_empty() {
            self.words.push(' ');
        }
        self.words.push_str(word);
    }
}

impl Lowering<'_> {
    /// Whether the name of a function of one part is one of these.
    pub(super) fn is_function(name: &ObjectName, wanted: &[&str]) -> bool {
        let [part] = name.0.as_slice() else { return false };
        part.as_ident().is_some_and(|ident| {
            super::quoting(ident) == Quoting::Bare
                && wanted.iter().any(|wanted| ident.value.eq_ignore_ascii_case(wanted))
        })
    }
}
