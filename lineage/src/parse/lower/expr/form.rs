//! Forms with a grammar of their own that begin with no part: constructors, functions with words
//! between their arguments, lambdas, intervals.

use sqlparser::ast::{
    CeilFloorKind, DataType, DateTimeField, Expr as Ast, Interval, LambdaFunction, OneOrManyWithParens, TrimWhereField,
    Value,
};

use super::super::{Lowering, start};
use crate::dialect::Dialect;
use crate::query::tree::{CastMode, Expr, ExprId, LiteralKind};

impl<'a> Lowering<'a> {
    pub(super) fn form(&mut self, ast: &'a Ast) -> ExprId {
        match ast {
            Ast::Tuple(items) => self.applied("tuple", items),
            Ast::Array(array) => self.applied("array", &array.elem),
            Ast::GroupingSets(sets) => self.sets("grouping sets", sets),
            Ast::Cube(sets) => self.sets("cube", sets),
            Ast::Rollup(sets) => self.sets("rollup", sets),
            Ast::Struct { values, fields } => {
                let mut parts = Vec::with_capacity(values.len());
                for (index, value) in values.iter().enumerate() {
                    let mut value = self.expr(value);
                    if let Some(field) = fields.get(index) {
                        let data_type = self.data_type_text(&field.field_type);
                        value = self.build.expr(Expr::Cast { expr: value, data_type, mode: CastMode::Strict });
                    }
                    let name = fields.get(index).and_then(|field| field.field_name.as_ref());
                    let name = name.map(|name| self.symbol(name));
                    parts.push(match name {
                        Some(name) => self.build.expr(Expr::Named(name, value)),
                        None => value,
                    });
                }
                self.apply("struct", &parts)
            }
            // `{day:Date}` is a parameter in ClickHouse, whose maps have texts for keys.
            Ast::Dictionary(fields)
                if self.dialect == Dialect::ClickHouse
                    && matches!(fields.as_slice(), [only] if only.key.quote_style.is_none()) =>
            {
                let name = self.text(&ast.to_string());
                self.build.expr(Expr::Parameter(name))
            }
            Ast::Dictionary(fields) => {
                let mut parts = Vec::with_capacity(fields.len());
                for field in fields {
                    let value = self.expr(&field.value);
                    let name = self.symbol(&field.key);
                    parts.push(self.build.expr(Expr::Named(name, value)));
                }
                self.apply("struct", &parts)
            }
            Ast::Map(map) => {
                let parts = self.exprs(map.entries.iter().flat_map(|entry| [&*entry.key, &*entry.value]));
                self.apply("map", &parts)
            }
            Ast::Extract { field, expr, .. } => {
                let parts = [self.word(&field.to_string()), self.expr(expr)];
                self.apply("extract", &parts)
            }
            Ast::Prefixed { prefix, value } => {
                let value = self.expr(value);
                self.apply(&prefix.value.to_lowercase(), &[value])
            }
            Ast::MemberOf(member) => {
                let parts = [self.expr(&member.value), self.expr(&member.array)];
                self.apply("member of", &parts)
            }
            Ast::Convert { is_try, expr, data_type, charset, styles, .. } => {
                let mode = if *is_try { CastMode::Try } else { CastMode::Strict };
                let mut built = self.expr(expr);
                if let Some(data_type) = data_type {
                    let data_type = self.data_type_text(data_type);
                    built = self.build.expr(Expr::Cast { expr: built, data_type, mode });
                }
                if let Some(charset) = charset {
                    let charset = self.literal(LiteralKind::Other, &charset.to_string());
                    built = self.apply("convert using", &[built, charset]);
                }
                if styles.is_empty() {
                    return built;
                }
                let mut parts = vec![built];
                parts.extend(styles.iter().map(|style| self.expr(style)));
                self.apply("convert style", &parts)
            }
            Ast::MatchAgainst { columns, match_value, opt_search_modifier } => {
                let mut parts = Vec::new();
                for name in columns {
                    let path = self.path(name);
                    let place = start::of_name(name).map_or(self.origin.0, |place| self.place_of(place));
                    parts.push(self.build.expr(Expr::Column(path, place)));
                }
                parts.push(self.value(&match_value.value));
                if let Some(modifier) = opt_search_modifier {
                    parts.push(self.word(&modifier.to_string()));
                }
                self.apply("match against", &parts)
            }
            _ => self.function_form(ast),
        }
    }

    /// Functions whose arguments have words between them.
    fn function_form(&mut self, ast: &'a Ast) -> ExprId {
        match ast {
            Ast::Ceil { expr, field } => self.rounded("ceil", expr, field),
            Ast::Floor { expr, field } => self.rounded("floor", expr, field),
            Ast::Position { expr, r#in } => {
                let parts = [self.expr(expr), self.expr(r#in)];
                self.apply("position", &parts)
            }
            Ast::Substring { expr, substring_from, substring_for, .. } => {
                let mut parts = vec![self.expr(expr)];
                match substring_from {
                    Some(from) => parts.push(self.expr(from)),
                    None if substring_for.is_some() => parts.push(self.literal(LiteralKind::Number, "1")),
                    None => {}
                }
                parts.extend(substring_for.as_deref().map(|length| self.expr(length)));
                self.called("substring", &parts)
            }
            Ast::Trim { trim_where, trim_what, expr, trim_characters } => {
                let mut parts = vec![self.expr(expr)];
                parts.extend(trim_what.as_deref().map(|what| self.expr(what)));
                parts.extend(trim_characters.iter().flatten().map(|what| self.expr(what)));
                match trim_where {
                    Some(TrimWhereField::Leading) => self.apply("trim leading", &parts),
                    Some(TrimWhereField::Trailing) => self.apply("trim trailing", &parts),
                    Some(TrimWhereField::Both) | None => self.called("trim", &parts),
                }
            }
            Ast::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
                let mut parts = self.exprs([&**expr, &**overlay_what, &**overlay_from]);
                parts.extend(overlay_for.as_deref().map(|length| self.expr(length)));
                self.called("overlay", &parts)
            }
            // Whatever begins with a part of its own is lowered around it.
            _ => {
                self.refuse();
                self.apply("unknown", &[])
            }
        }
    }

    fn applied(&mut self, name: &str, items: &'a [Ast]) -> ExprId {
        let parts = self.exprs(items);
        self.apply(name, &parts)
    }

    fn sets(&mut self, name: &str, sets: &'a [Vec<Ast>]) -> ExprId {
        let tuples: Vec<ExprId> = sets.iter().map(|set| self.applied("tuple", set)).collect();
        self.apply(name, &tuples)
    }

    fn rounded(&mut self, name: &str, expr: &'a Ast, field: &'a CeilFloorKind) -> ExprId {
        let mut parts = vec![self.expr(expr)];
        match field {
            CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) => {}
            CeilFloorKind::DateTimeField(field) => parts.push(self.word(&field.to_string())),
            CeilFloorKind::Scale(scale) => parts.push(self.value(&scale.value)),
        }
        self.called(name, &parts)
    }

    pub(super) fn lambda(&mut self, lambda: &'a LambdaFunction) -> ExprId {
        let parameters = match &lambda.params {
            OneOrManyWithParens::One(parameter) => std::slice::from_ref(parameter),
            OneOrManyWithParens::Many(parameters) => parameters.as_slice(),
        };
        // The parser takes `(a IN (…)) -> b` for a parameter `a` of the type `IN (…)`.
        if parameters.iter().any(|parameter| matches!(parameter.data_type, Some(DataType::Custom(..)))) {
            self.refuse();
        }
        let parameters = self.symbols(parameters.iter().map(|parameter| &parameter.name));
        let body = self.expr(&lambda.body);
        let parameters = self.build.path_of(&parameters);
        self.build.expr(Expr::Lambda(parameters, body))
    }

    /// `INTERVAL '1' DAY` is a constant, `INTERVAL n DAY` is computed.
    pub(super) fn interval(&mut self, interval: &'a Interval) -> ExprId {
        let constant = matches!(&*interval.value, Ast::Value(value) if !matches!(value.value, Value::Placeholder(_)));
        if constant {
            return self.literal(LiteralKind::Other, &interval.to_string());
        }
        let mut parts = vec![self.expr(&interval.value)];
        for field in [&interval.leading_field, &interval.last_field].into_iter().flatten() {
            parts.push(self.word(&field.to_string()));
        }
        self.apply("interval", &parts)
    }
}
