//! Expressions. What is built from the left, such as `a + b - c`, `x::date::text` or `a[0].b`, is
//! lowered in a loop, so that only brackets and arguments take a level of the stack.
//!
//! Operators and forms have one spelling each, in lower case:
//!
//! - comparison: `=`, `<>`, `<`, `<=`, `>`, `>=`, `is not distinct from`, `between` (three parts), `in`
//!   (the operand, then the list), `in unnest`, `like`, `ilike`, `similar to`, `rlike` (each with the
//!   escape character as a third part; `like any` and `ilike any` against a list), `~`, `~*`, `= any`,
//!   `> all` and their like;
//! - logic: `and`, `or`, `xor`, `not`, `is null`, `is true`, `is false`. What SQL negates in a word of
//!   its own has `not` around it: `x IS NOT NULL`, `x NOT LIKE y`, `x IS DISTINCT FROM y`. IN and
//!   EXISTS over a query carry their negation instead;
//! - arithmetic and text: `+`, `-`, `*`, `/`, `%`, `//`, `div`, `||`, `&`, `|`, `^`, `<<`, `>>`; the signs
//!   are `+` and `-` with one part; whatever else an engine has is spelled as the engine does;
//! - forms: `tuple`, `array`, `struct` (fields are [`Expr::Named`]), `map` (keys and values in turn),
//!   `slice`, `extract` (the field, then the operand), `interval`, `at time zone`, `collate`, `position`
//!   (what, in what), `trim`, `trim leading`, `trim trailing`, `cast format`, `convert using`,
//!   `convert style`, `match against`, `member of`, `is json`, `is normalized`, `prior`, `(+)`,
//!   `variable` (a column, then the variable of the same name, if it is none).

use sqlparser::ast::{CaseWhen, CastFormat, CastKind, DataType, Expr as Ast, Ident, Query, UnaryOperator, Value};

use super::super::variables;
use super::operator::{self, Sign};
use super::{Lowering, access};
use crate::dialect::Dialect;
use crate::name::Quoting;
use crate::query::tree::{CastMode, Expr, ExprId, LiteralKind, Negation, SubqueryKind, Text};

mod form;

impl<'a> Lowering<'a> {
    pub(super) fn expr(&mut self, ast: &'a Ast) -> ExprId {
        let mut wholes = Vec::new();
        let mut at = ast;
        while let Some(first) = Self::first(at) {
            if !matches!(at, Ast::Nested(_)) {
                wholes.push(at);
            }
            at = first;
        }
        let mut built = self.leaf(at);
        while let Some(whole) = wholes.pop() {
            built = match whole {
                Ast::BinaryOp { op, right, .. } if operator::is_chained(op) => {
                    let mut parts = vec![built, self.expr(right)];
                    while let Some(Ast::BinaryOp { op: next, right, .. }) = wholes.last()
                        && next == op
                    {
                        wholes.pop();
                        parts.push(self.expr(right));
                    }
                    let (spelled, _) = operator::binary(op, self.dialect);
                    self.apply(&spelled, &parts)
                }
                _ => self.around(built, whole),
            };
        }
        built
    }

    pub(super) fn exprs(&mut self, asts: impl IntoIterator<Item = &'a Ast>) -> Vec<ExprId> {
        asts.into_iter().map(|ast| self.expr(ast)).collect()
    }

    /// The part that an expression is built around, where it has one.
    fn first(ast: &Ast) -> Option<&Ast> {
        match ast {
            Ast::CompoundFieldAccess { root, .. } => (!access::is_path(root)).then_some(&**root),
            Ast::JsonAccess { value: first, .. }
            | Ast::BinaryOp { left: first, .. }
            | Ast::AnyOp { left: first, .. }
            | Ast::AllOp { left: first, .. }
            | Ast::AtTimeZone { timestamp: first, .. }
            | Ast::IsFalse(first)
            | Ast::IsNotFalse(first)
            | Ast::IsTrue(first)
            | Ast::IsNotTrue(first)
            | Ast::IsNull(first)
            | Ast::IsNotNull(first)
            | Ast::IsUnknown(first)
            | Ast::IsNotUnknown(first)
            | Ast::IsDistinctFrom(first, _)
            | Ast::IsNotDistinctFrom(first, _)
            | Ast::IsJson { expr: first, .. }
            | Ast::IsNormalized { expr: first, .. }
            | Ast::InList { expr: first, .. }
            | Ast::InSubquery { expr: first, .. }
            | Ast::InUnnest { expr: first, .. }
            | Ast::Between { expr: first, .. }
            | Ast::Like { expr: first, .. }
            | Ast::ILike { expr: first, .. }
            | Ast::SimilarTo { expr: first, .. }
            | Ast::RLike { expr: first, .. }
            | Ast::UnaryOp { expr: first, .. }
            | Ast::Cast { expr: first, .. }
            | Ast::Collate { expr: first, .. }
            | Ast::Nested(first)
            | Ast::Named { expr: first, .. }
            | Ast::OuterJoin(first)
            | Ast::Prior(first) => Some(first),
            _ => None,
        }
    }

    /// An expression around the part that is lowered already.
    fn around(&mut self, first: ExprId, whole: &'a Ast) -> ExprId {
        match whole {
            Ast::BinaryOp { op, right, .. } => {
                let right = self.expr(right);
                let (spelled, sign) = operator::binary(op, self.dialect);
                self.signed(sign, &spelled, &[first, right])
            }
            Ast::UnaryOp { op: UnaryOperator::Not | UnaryOperator::BangNot, .. } => self.negated(first),
            Ast::UnaryOp { op, .. } => self.apply(&operator::unary(*op), &[first]),
            Ast::CompoundFieldAccess { access_chain, .. } => self.accesses(first, access_chain),
            Ast::JsonAccess { path, .. } => self.json_path(first, path),
            Ast::Cast { kind, data_type, format, .. } => self.cast(first, kind, data_type, format.as_ref()),
            Ast::Named { name, .. } => {
                let name = self.symbol(name);
                self.build.expr(Expr::Named(name, first))
            }
            Ast::AnyOp { compare_op, right, .. } => {
                let (spelled, _) = operator::binary(compare_op, self.dialect);
                self.compared(first, &format!("{spelled} any"), right)
            }
            Ast::AllOp { compare_op, right, .. } => {
                let (spelled, _) = operator::binary(compare_op, self.dialect);
                self.compared(first, &format!("{spelled} all"), right)
            }
            _ => self.predicate(first, whole),
        }
    }

    fn predicate(&mut self, first: ExprId, whole: &'a Ast) -> ExprId {
        match whole {
            Ast::IsFalse(_) => self.apply("is false", &[first]),
            Ast::IsNotFalse(_) => self.signed(Sign::Negated, "is false", &[first]),
            Ast::IsTrue(_) => self.apply("is true", &[first]),
            Ast::IsNotTrue(_) => self.signed(Sign::Negated, "is true", &[first]),
            Ast::IsNull(_) | Ast::IsUnknown(_) => self.apply("is null", &[first]),
            Ast::IsNotNull(_) | Ast::IsNotUnknown(_) => self.signed(Sign::Negated, "is null", &[first]),
            Ast::IsDistinctFrom(_, other) | Ast::IsNotDistinctFrom(_, other) => {
                let other = self.expr(other);
                let sign = Sign::of(matches!(whole, Ast::IsDistinctFrom(..)));
                self.signed(sign, "is not distinct from", &[first, other])
            }
            Ast::InList { list, negated, .. } => {
                if let Some(block) = self.relation_in_list(list) {
                    return self.subquery(SubqueryKind::In(negation(*negated)), Some(first), block);
                }
                let mut parts = vec![first];
                parts.extend(list.iter().map(|item| self.expr(item)));
                self.signed(Sign::of(*negated), "in", &parts)
            }
            Ast::InSubquery { subquery, negated, .. } => {
                let block = self.query(subquery);
                self.subquery(SubqueryKind::In(negation(*negated)), Some(first), block)
            }
            Ast::InUnnest { array_expr, negated, .. } => {
                let array = self.expr(array_expr);
                self.signed(Sign::of(*negated), "in unnest", &[first, array])
            }
            Ast::Between { low, high, negated, .. } => {
                let parts = [first, self.expr(low), self.expr(high)];
                self.signed(Sign::of(*negated), "between", &parts)
            }
            Ast::Like { negated, any, pattern, escape_char, .. } => {
                let name = if *any { "like any" } else { "like" };
                self.matched(first, name, *negated, pattern, escape_char.as_deref())
            }
            Ast::ILike { negated, any, pattern, escape_char, .. } => {
                let name = if *any { "ilike any" } else { "ilike" };
                self.matched(first, name, *negated, pattern, escape_char.as_deref())
            }
            Ast::SimilarTo { negated, pattern, escape_char, .. } => {
                self.matched(first, "similar to", *negated, pattern, escape_char.as_deref())
            }
            Ast::RLike { negated, pattern, .. } => self.matched(first, "rlike", *negated, pattern, None),
            _ => self.form_around(first, whole),
        }
    }

    fn form_around(&mut self, first: ExprId, whole: &'a Ast) -> ExprId {
        match whole {
            Ast::AtTimeZone { time_zone, .. } => {
                let zone = self.expr(time_zone);
                self.apply("at time zone", &[first, zone])
            }
            Ast::Collate { collation, .. } => {
                let collation = self.literal(LiteralKind::Other, &collation.to_string());
                self.apply("collate", &[first, collation])
            }
            Ast::IsJson { kind, unique_keys, negated, .. } => {
                let mut said = String::new();
                for word in [kind.map(|kind| kind.to_string()), unique_keys.map(|keys| keys.to_string())] {
                    said.extend(word);
                }
                let mut parts = vec![first];
                if !said.is_empty() {
                    parts.push(self.word(said.trim()));
                }
                self.signed(Sign::of(*negated), "is json", &parts)
            }
            Ast::IsNormalized { form, negated, .. } => {
                let mut parts = vec![first];
                if let Some(form) = form {
                    parts.push(self.word(&form.to_string()));
                }
                self.signed(Sign::of(*negated), "is normalized", &parts)
            }
            Ast::OuterJoin(_) => self.apply("(+)", &[first]),
            Ast::Prior(_) => self.apply("prior", &[first]),
            // Every form that has a first part is above.
            _ => first,
        }
    }

    fn matched(
        &mut self,
        first: ExprId,
        name: &str,
        negated: bool,
        pattern: &'a Ast,
        escape: Option<&'a Ast>,
    ) -> ExprId {
        let mut parts = vec![first, self.expr(pattern)];
        parts.extend(escape.map(|escape| self.expr(escape)));
        self.signed(Sign::of(negated), name, &parts)
    }

    fn signed(&mut self, sign: Sign, name: &str, parts: &[ExprId]) -> ExprId {
        let plain = self.apply(name, parts);
        match sign {
            Sign::Plain => plain,
            Sign::Negated => self.apply("not", &[plain]),
        }
    }

    /// NOT before an expression; a query in it carries its negation itself.
    fn negated(&mut self, expr: ExprId) -> ExprId {
        let flipped = match self.build.tree().expr(expr) {
            Expr::Subquery { kind: SubqueryKind::Exists(negation), operand, block } => {
                Some((SubqueryKind::Exists(flip(*negation)), *operand, *block))
            }
            Expr::Subquery { kind: SubqueryKind::In(negation), operand, block } => {
                Some((SubqueryKind::In(flip(*negation)), *operand, *block))
            }
            _ => None,
        };
        match flipped {
            Some((kind, operand, block)) => self.subquery(kind, operand, block),
            None => self.apply("not", &[expr]),
        }
    }

    pub(super) fn subquery(
        &mut self,
        kind: SubqueryKind,
        operand: Option<ExprId>,
        block: crate::query::tree::BlockId,
    ) -> ExprId {
        self.build.expr(Expr::Subquery { kind, operand, block })
    }

    /// `x = ANY (…)`: over a query, or over an array.
    fn compared(&mut self, first: ExprId, name: &str, right: &'a Ast) -> ExprId {
        let mut right = right;
        while let Ast::Nested(inner) = right {
            right = inner;
        }
        if let Ast::Subquery(query) = right {
            let block = self.query(query);
            let name = self.text(name);
            return self.subquery(SubqueryKind::Compared(name), Some(first), block);
        }
        let right = self.expr(right);
        self.apply(name, &[first, right])
    }

    /// An expression that is built around no part of it.
    fn leaf(&mut self, ast: &'a Ast) -> ExprId {
        match ast {
            Ast::Identifier(ident) => self.identifier(ident),
            Ast::CompoundIdentifier(idents) => self.compound_or_field(idents),
            Ast::CompoundFieldAccess { root, access_chain } => self.path_access(root, access_chain),
            Ast::Value(value) => self.value(&value.value),
            Ast::Function(function) => self.call(function),
            Ast::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            Ast::Subquery(query) => {
                let block = self.query(query);
                self.subquery(SubqueryKind::Scalar, None, block)
            }
            Ast::Exists { subquery, negated } => self.exists(subquery, *negated),
            Ast::TypedString(typed) => {
                // The parser takes `tuple(a, b).1` of ClickHouse for a type and a number.
                if matches!(typed.value.value, Value::Number(..)) {
                    self.refuse();
                }
                let data_type = self.data_type_text(&typed.data_type);
                let spelled = format!("{} {}", self.build.tree().text(data_type), typed.value);
                self.literal(LiteralKind::Other, &spelled)
            }
            Ast::Wildcard(_) => self.build.expr(Expr::Star(None)),
            Ast::QualifiedWildcard(name, _) if self.record_of(name).is_some() => self.whole_record(name),
            Ast::QualifiedWildcard(name, _) => {
                let path = self.path(name);
                self.build.expr(Expr::Star(Some(path)))
            }
            Ast::Lambda(lambda) => self.lambda(lambda),
            Ast::Interval(interval) => self.interval(interval),
            _ => self.form(ast),
        }
    }

    pub(super) fn called(&mut self, function: &str, args: &[ExprId]) -> ExprId {
        let function = self.text(function);
        let args = self.build.list(args);
        self.build.expr(Expr::Call { function, args, clauses: None })
    }

    fn identifier(&mut self, ident: &'a Ident) -> ExprId {
        if ident.quote_style.is_none() && self.is_parameter(&ident.value) {
            let position = self.place_of(ident.span.start);
            if variables::have_signs(self.dialect)
                && let Some(value) = self.variable(&ident.value, position)
            {
                return value;
            }
            let name = self.text(&ident.value);
            return self.build.expr(Expr::Parameter(name));
        }
        if ident.quote_style.is_none()
            && self.dialect == Dialect::Redshift
            && ident.value.eq_ignore_ascii_case("sysdate")
        {
            return self.called("sysdate", &[]);
        }
        let column = self.compound(std::slice::from_ref(ident));
        self.column_or_variable(ident, column)
    }

    /// `@day` in the dialects whose parameters and variables look like names.
    fn is_parameter(&self, name: &str) -> bool {
        name.starts_with('@') && self.dialect != Dialect::Postgres
    }

    pub(super) fn compound(&mut self, idents: &'a [Ident]) -> ExprId {
        let symbols = self.path_symbols(idents);
        let path = self.path_of(symbols);
        let place = idents.first().map_or(self.origin.0, |ident| self.place_of(ident.span.start));
        self.build.expr(Expr::Column(path, place))
    }

    pub(super) fn value(&mut self, value: &'a Value) -> ExprId {
        match value {
            Value::Number(number, long) => {
                if *long {
                    self.literal(LiteralKind::Number, &format!("{number}L"))
                } else {
                    self.literal(LiteralKind::Number, number)
                }
            }
            Value::SingleQuotedString(text)
            | Value::TripleSingleQuotedString(text)
            | Value::TripleDoubleQuotedString(text)
            | Value::EscapedStringLiteral(text)
            | Value::UnicodeStringLiteral(text)
            | Value::SingleQuotedRawStringLiteral(text)
            | Value::DoubleQuotedRawStringLiteral(text)
            | Value::TripleSingleQuotedRawStringLiteral(text)
            | Value::TripleDoubleQuotedRawStringLiteral(text)
            | Value::NationalStringLiteral(text)
            | Value::DoubleQuotedString(text) => self.literal(LiteralKind::String, text),
            Value::DollarQuotedString(text) => self.literal(LiteralKind::String, &text.value),
            Value::QuoteDelimitedStringLiteral(text) | Value::NationalQuoteDelimitedStringLiteral(text) => {
                self.literal(LiteralKind::String, &text.value)
            }
            Value::SingleQuotedByteStringLiteral(_)
            | Value::DoubleQuotedByteStringLiteral(_)
            | Value::TripleSingleQuotedByteStringLiteral(_)
            | Value::TripleDoubleQuotedByteStringLiteral(_)
            | Value::HexStringLiteral(_) => self.literal(LiteralKind::Other, &value.to_string()),
            Value::Boolean(truth) => self.literal(LiteralKind::Boolean, if *truth { "true" } else { "false" }),
            Value::Null => self.literal(LiteralKind::Null, "null"),
            Value::Placeholder(name) => self.placeholder(name),
        }
    }

    /// `?`, `:day`, `$1`; in Snowflake `$1` is the first column of what is read.
    fn placeholder(&mut self, name: &'a str) -> ExprId {
        let digits = name.strip_prefix('$').unwrap_or_default();
        let is_column = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if self.dialect == Dialect::Snowflake && is_column {
            let symbol = self.made_up(name, Quoting::Bare);
            let path = self.build.path_of(&[symbol]);
            return self.build.expr(Expr::Column(path, self.origin.0));
        }
        if let Some(value) = self.variable(name, self.origin.0) {
            return value;
        }
        let name = self.text(name);
        self.build.expr(Expr::Parameter(name))
    }

    fn exists(&mut self, query: &'a Query, negated: bool) -> ExprId {
        let block = self.query(query);
        self.subquery(SubqueryKind::Exists(negation(negated)), None, block)
    }

    fn case(&mut self, operand: Option<&'a Ast>, conditions: &'a [CaseWhen], otherwise: Option<&'a Ast>) -> ExprId {
        let operand = operand.map(|operand| self.expr(operand));
        let branches = self.exprs(conditions.iter().flat_map(|when| [&when.condition, &when.result]));
        let branches = self.build.list(&branches);
        let otherwise = otherwise.map(|otherwise| self.expr(otherwise));
        self.build.expr(Expr::Case { operand, branches, otherwise })
    }

    fn cast(
        &mut self,
        expr: ExprId,
        kind: &CastKind,
        data_type: &'a DataType,
        format: Option<&'a CastFormat>,
    ) -> ExprId {
        let mode = match kind {
            CastKind::Cast | CastKind::DoubleColon => CastMode::Strict,
            CastKind::TryCast | CastKind::SafeCast => CastMode::Try,
        };
        let data_type = self.data_type_text(data_type);
        let cast = self.build.expr(Expr::Cast { expr, data_type, mode });
        match format {
            None => cast,
            Some(CastFormat::Value(format)) => {
                let format = self.value(&format.value);
                self.apply("cast format", &[cast, format])
            }
            Some(CastFormat::ValueAtTimeZone(format, zone)) => {
                let parts = [cast, self.value(&format.value), self.value(&zone.value)];
                self.apply("cast format", &parts)
            }
        }
    }

    pub(super) fn data_type_text(&mut self, data_type: &DataType) -> Text {
        let spelled = super::super::schema::spelled(&data_type.to_string());
        // A rewrite makes a name of a type that the parser does not know.
        let quoted = spelled.strip_prefix(['"', '`']).and_then(|name| name.strip_suffix(['"', '`']));
        self.text(quoted.unwrap_or(&spelled))
    }
}

const fn negation(negated: bool) -> Negation {
    if negated { Negation::Negated } else { Negation::Plain }
}

const fn flip(negation: Negation) -> Negation {
    match negation {
        Negation::Plain => Negation::Negated,
        Negation::Negated => Negation::Plain,
    }
}
