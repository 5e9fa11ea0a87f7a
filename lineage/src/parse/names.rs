//! The parser's names and places as ours.

use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, ObjectNamePart, Value};
use sqlparser::tokenizer::Location;

use crate::diagnostic::Position;
use crate::dialect::Dialect;
use crate::name::{ColumnName, Quoting, RelationName};

/// Where a piece of text handed to the parser begins in the whole text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin(pub(super) Position);

impl Origin {
    /// A place of the piece as one of the whole text; the origin itself where the parser has none.
    pub(super) fn place(self, location: Location) -> Position {
        let bound = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        match (bound(location.line), bound(location.column)) {
            (0, _) => self.0,
            (1, column) => Position::new(self.0.line, self.0.column.saturating_add(column.saturating_sub(1))),
            (line, column) => Position::new(self.0.line.saturating_add(line - 1), column),
        }
    }

    /// A place of ours within the piece as one of the whole text.
    pub(super) fn shift(self, position: Position) -> Position {
        self.place(Location::new(u64::from(position.line), u64::from(position.column)))
    }
}

/// What a name in the place of a relation says.
pub(super) enum Named {
    /// A relation, and where its name stands.
    Relation(RelationName, Position),
    /// A stage, a file: nothing that a statement could have filled.
    Elsewhere,
    /// A name that is known only at run time.
    Runtime,
}

pub(super) const fn quoting(ident: &Ident) -> Quoting {
    if ident.quote_style.is_some() { Quoting::Quoted } else { Quoting::Bare }
}

pub(super) fn column(dialect: Dialect, ident: &Ident) -> ColumnName {
    ColumnName::new(dialect, &ident.value, quoting(ident))
}

/// What a name in the place of a relation says.
pub(super) fn named(dialect: Dialect, origin: Origin, name: &ObjectName) -> Named {
    let mut idents: Vec<&Ident> = Vec::with_capacity(name.0.len());
    for part in &name.0 {
        match part {
            ObjectNamePart::Identifier(ident) => idents.push(ident),
            ObjectNamePart::Function(function) => {
                let position = origin.place(function.name.span.start);
                return match function.args.first().and_then(literal_argument) {
                    Some(text) => Named::Relation(RelationName::parse(dialect, text), position),
                    None => Named::Runtime,
                };
            }
        }
    }
    let Some(first) = idents.first() else { return Named::Runtime };
    match (first.quote_style, first.value.chars().next()) {
        (Some('\''), _) => return file_or_name(dialect, first, origin),
        (None, Some('@')) if dialect != Dialect::TSql => return Named::Elsewhere,
        (None, Some('$' | ':' | '?')) => return Named::Runtime,
        _ => {}
    }
    let last = idents.len() - 1;
    let parts = idents.iter().enumerate().map(|(index, ident)| {
        let text = if index == last { undecorated(dialect, &ident.value) } else { &ident.value };
        (text, quoting(ident))
    });
    let read = RelationName::new(dialect, parts);
    if read.is_empty() {
        return Named::Runtime;
    }
    Named::Relation(read, origin.place(first.span.start))
}

/// A string in the place of a relation: a file to most engines, a name to a few.
fn file_or_name(dialect: Dialect, ident: &Ident, origin: Origin) -> Named {
    match dialect {
        Dialect::DuckDb | Dialect::ClickHouse | Dialect::Ansi => Named::Elsewhere,
        Dialect::Snowflake if ident.value.starts_with('@') => Named::Elsewhere,
        _ => Named::Relation(RelationName::parse(dialect, &ident.value), origin.place(ident.span.start)),
    }
}

/// A BigQuery table without its partition decorator: `events$20240101` is rows of `events`.
pub(super) fn undecorated(dialect: Dialect, text: &str) -> &str {
    match (dialect, text.find(['$', '@'])) {
        (Dialect::BigQuery, Some(at)) if at > 0 => &text[..at],
        _ => text,
    }
}

/// The string that an argument is, where it is one.
pub(super) fn literal_argument(argument: &FunctionArg) -> Option<&str> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))
        | FunctionArg::Named { arg: FunctionArgExpr::Expr(expr), .. } => literal(expr),
        _ => None,
    }
}

/// The string that an expression is, where it is one.
pub(super) fn literal(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => Some(text),
            Value::DollarQuotedString(text) => Some(&text.value),
            _ => None,
        },
        _ => None,
    }
}
