//! The columns and keys that CREATE TABLE and ALTER TABLE declare.

use sqlparser::ast::{ColumnDef, ColumnOption, CreateTable, Expr, ForeignKeyConstraint, IndexColumn, TableConstraint};

use super::names::{Named, Origin, column, named};
use crate::dialect::Dialect;
use crate::name::ColumnName;
use crate::query::{DeclaredColumn, DeclaredKey, ForeignKey, KeyKind, Nullability, TableSchema};

/// What CREATE TABLE declares.
pub(super) fn declared(table: &CreateTable, dialect: Dialect, origin: Origin) -> TableSchema {
    let mut schema = TableSchema::default();
    for definition in &table.columns {
        add_column(&mut schema, definition, dialect, origin);
    }
    for constraint in &table.constraints {
        add_constraint(&mut schema, constraint, dialect, origin);
    }
    // ClickHouse calls its sort order a primary key; it is not unique and declares nothing.
    let primary: Vec<ColumnName> = schema
        .keys
        .iter()
        .filter(|key| key.kind == KeyKind::Primary)
        .flat_map(|key| key.columns.iter().cloned())
        .collect();
    for column in &mut schema.columns {
        if primary.contains(&column.name) {
            column.nullability = Nullability::NotNull;
        }
    }
    schema
}

fn add_column(schema: &mut TableSchema, definition: &ColumnDef, dialect: Dialect, origin: Origin) {
    let name = column(dialect, &definition.name);
    // Types are nullable in ClickHouse only where they say so.
    let data_type = spelled(&definition.data_type.to_string());
    let mut nullability = if dialect == Dialect::ClickHouse && !data_type.starts_with("NULLABLE") {
        Nullability::NotNull
    } else {
        Nullability::Nullable
    };
    for option in &definition.options {
        match &option.option {
            ColumnOption::NotNull => nullability = Nullability::NotNull,
            ColumnOption::Null => nullability = Nullability::Nullable,
            ColumnOption::PrimaryKey(_) => {
                nullability = Nullability::NotNull;
                schema.keys.push(DeclaredKey { columns: vec![name.clone()], kind: KeyKind::Primary });
            }
            ColumnOption::Unique(_) => {
                schema.keys.push(DeclaredKey { columns: vec![name.clone()], kind: KeyKind::Unique });
            }
            ColumnOption::ForeignKey(key) => {
                let columns = vec![name.clone()];
                schema.references.extend(foreign_key(key, columns, dialect, origin));
            }
            _ => {}
        }
    }
    schema.columns.push(DeclaredColumn { name, data_type, nullability });
}

/// Adds what a table constraint declares; a key over expressions or of a prefix declares nothing.
pub(super) fn add_constraint(schema: &mut TableSchema, constraint: &TableConstraint, dialect: Dialect, origin: Origin) {
    match constraint {
        TableConstraint::PrimaryKey(key) if dialect != Dialect::ClickHouse => {
            schema.keys.extend(key_of(&key.columns, KeyKind::Primary, dialect));
        }
        TableConstraint::Unique(key) => schema.keys.extend(key_of(&key.columns, KeyKind::Unique, dialect)),
        TableConstraint::ForeignKey(key) => {
            let columns = key.columns.iter().map(|ident| column(dialect, ident)).collect();
            schema.references.extend(foreign_key(key, columns, dialect, origin));
        }
        _ => {}
    }
}

fn key_of(columns: &[IndexColumn], kind: KeyKind, dialect: Dialect) -> Option<DeclaredKey> {
    let columns: Option<Vec<ColumnName>> = columns
        .iter()
        .map(|indexed| match &indexed.column.expr {
            Expr::Identifier(ident) => Some(column(dialect, ident)),
            _ => None,
        })
        .collect();
    columns.filter(|columns| !columns.is_empty()).map(|columns| DeclaredKey { columns, kind })
}

fn foreign_key(
    key: &ForeignKeyConstraint,
    columns: Vec<ColumnName>,
    dialect: Dialect,
    origin: Origin,
) -> Option<ForeignKey> {
    match named(dialect, origin, &key.foreign_table) {
        Named::Relation(relation, _) => Some(ForeignKey {
            columns,
            relation,
            relation_columns: key.referred_columns.iter().map(|ident| column(dialect, ident)).collect(),
        }),
        Named::Elsewhere | Named::Runtime => None,
    }
}

/// A type in upper case with single spaces.
pub(super) fn spelled(data_type: &str) -> String {
    data_type.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase()
}
