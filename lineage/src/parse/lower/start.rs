//! Where an expression begins, as far as the parser's tokens say: at the first name, constant or
//! CASE in it. It must not walk more than the way there.

use sqlparser::ast::{Expr, ObjectName, ObjectNamePart, Query, Select, SetExpr};
use sqlparser::tokenizer::Location;

/// Where a name begins.
pub(super) fn of_name(name: &ObjectName) -> Option<Location> {
    match name.0.first()? {
        ObjectNamePart::Identifier(ident) => Some(ident.span.start),
        ObjectNamePart::Function(function) => Some(function.name.span.start),
    }
}

/// Where a SELECT begins.
pub(super) fn of_select(select: &Select) -> Location {
    select.select_token.0.span.start
}

/// Where the body of a query begins, brackets aside.
pub(super) fn of_body(body: &SetExpr) -> Option<Location> {
    let mut at = body;
    loop {
        match at {
            SetExpr::Select(select) => return Some(of_select(select)),
            SetExpr::Query(query) => at = &query.body,
            SetExpr::SetOperation { left, .. } => at = left,
            SetExpr::Values(values) => {
                return values.rows.first().and_then(|row| row.content.first()).and_then(of_expr);
            }
            _ => return None,
        }
    }
}

/// Where a query begins.
pub(super) fn of_query(query: &Query) -> Option<Location> {
    match &query.with {
        Some(with) => Some(with.with_token.0.span.start),
        None => of_body(&query.body),
    }
}

/// Where an expression begins; `None` if nothing in it has a place.
pub(super) fn of_expr(expr: &Expr) -> Option<Location> {
    let mut at = expr;
    loop {
        at = match at {
            Expr::Identifier(ident) => return Some(ident.span.start),
            Expr::CompoundIdentifier(idents) => return idents.first().map(|ident| ident.span.start),
            Expr::Value(value) => return Some(value.span.start),
            Expr::TypedString(typed) => return Some(typed.value.span.start),
            Expr::Function(function) => return of_name(&function.name),
            Expr::Case { case_token, .. } => return Some(case_token.0.span.start),
            Expr::Wildcard(token) => return Some(token.0.span.start),
            Expr::QualifiedWildcard(name, _) => return of_name(name),
            Expr::Prefixed { prefix, .. } => return Some(prefix.span.start),
            Expr::Exists { subquery, .. } | Expr::Subquery(subquery) => return of_query(subquery),
            Expr::MatchAgainst { columns, .. } => return columns.first().and_then(of_name),
            Expr::CompoundFieldAccess { root, .. } => root,
            Expr::JsonAccess { value, .. } => value,
            Expr::BinaryOp { left, .. } | Expr::AnyOp { left, .. } | Expr::AllOp { left, .. } => left,
            Expr::AtTimeZone { timestamp, .. } => timestamp,
            Expr::Interval(interval) => &interval.value,
            Expr::Lambda(lambda) => &lambda.body,
            Expr::MemberOf(member) => &member.value,
            Expr::Tuple(items) | Expr::Struct { values: items, .. } => items.first()?,
            Expr::Array(array) => array.elem.first()?,
            Expr::Map(map) => &map.entries.first()?.key,
            Expr::Dictionary(fields) => return fields.first().map(|field| field.key.span.start),
            Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => sets.first()?.first()?,
            Expr::IsFalse(expr)
            | Expr::IsNotFalse(expr)
            | Expr::IsTrue(expr)
            | Expr::IsNotTrue(expr)
            | Expr::IsNull(expr)
            | Expr::IsNotNull(expr)
            | Expr::IsUnknown(expr)
            | Expr::IsNotUnknown(expr)
            | Expr::IsDistinctFrom(expr, _)
            | Expr::IsNotDistinctFrom(expr, _)
            | Expr::IsJson { expr, .. }
            | Expr::IsNormalized { expr, .. }
            | Expr::InList { expr, .. }
            | Expr::InSubquery { expr, .. }
            | Expr::InUnnest { expr, .. }
            | Expr::Between { expr, .. }
            | Expr::Like { expr, .. }
            | Expr::ILike { expr, .. }
            | Expr::SimilarTo { expr, .. }
            | Expr::RLike { expr, .. }
            | Expr::UnaryOp { expr, .. }
            | Expr::Convert { expr, .. }
            | Expr::Cast { expr, .. }
            | Expr::Extract { expr, .. }
            | Expr::Ceil { expr, .. }
            | Expr::Floor { expr, .. }
            | Expr::Position { expr, .. }
            | Expr::Substring { expr, .. }
            | Expr::Trim { expr, .. }
            | Expr::Overlay { expr, .. }
            | Expr::Collate { expr, .. }
            | Expr::Nested(expr)
            | Expr::Named { expr, .. }
            | Expr::OuterJoin(expr)
            | Expr::Prior(expr) => expr,
        };
    }
}
