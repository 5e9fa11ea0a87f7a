//! The columns and keys that CREATE TABLE declares, and what else it says.

use sqlparser::ast::{
    ColumnDef, ColumnOption, CreateTable, CreateTableOptions, Expr, ForeignKeyConstraint, IndexColumn, TableConstraint,
};

use super::names::{Named, Origin, column, named};
use crate::dialect::Dialect;
use crate::name::ColumnName;
use crate::query::{Clause, ClauseKind, DeclaredColumn, DeclaredKey, ForeignKey, KeyKind, Nullability, TableSchema};

/// What CREATE TABLE declares.
pub(super) fn declared(table: &CreateTable, dialect: Dialect, origin: Origin) -> TableSchema {
    let mut schema = TableSchema::default();
    for definition in &table.columns {
        add_column(&mut schema, definition, dialect, origin);
    }
    for constraint in &table.constraints {
        add_constraint(&mut schema, constraint, dialect, origin);
    }
    schema.clauses.extend(clauses(table, dialect));
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

/// What it says of the whole table that decides which rows it holds, or which of them a reader sees.
fn clauses(table: &CreateTable, dialect: Dialect) -> Vec<Clause> {
    // An engine of ClickHouse may merge the rows of one key; what an external table is, its options say.
    let is_telling = table.external || table.location.is_some() || dialect == Dialect::ClickHouse;
    let options = match &table.table_options {
        CreateTableOptions::None => None,
        options => Some(options.to_string()),
    };
    let order_by = table.order_by.as_ref().map(|order_by| format!("ORDER BY {order_by}"));
    let said = [
        options.filter(|_| is_telling),
        order_by.filter(|_| dialect == Dialect::ClickHouse),
        table.location.as_ref().map(|location| format!("LOCATION {location}")),
        table.default_ddl_collation.as_ref().map(|collation| format!("DEFAULT_DDL_COLLATION {collation}")),
        table.with_aggregation_policy.as_ref().map(|policy| format!("AGGREGATION POLICY {policy}")),
        table.with_row_access_policy.as_ref().map(ToString::to_string),
        table.partition_of.as_ref().map(|of| format!("PARTITION OF {of}")),
    ];
    said.into_iter().flatten().map(|text| of_table(&text)).collect()
}

/// Something that is said of a whole table, and not followed.
pub(super) fn of_table(text: &str) -> Clause {
    Clause { column: None, does: ClauseKind::Other, text: one_space_apart(text) }
}

/// Something that is said of a column.
pub(super) fn of_column(column: ColumnName, does: ClauseKind, text: &str) -> Clause {
    Clause { column: Some(column), does, text: one_space_apart(text) }
}

fn one_space_apart(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether an option of a column decides what values stand in it, or what its readers see of them.
pub(super) const fn fills(option: &ColumnOption) -> bool {
    match option {
        ColumnOption::Null
        | ColumnOption::NotNull
        | ColumnOption::PrimaryKey(_)
        | ColumnOption::Unique(_)
        | ColumnOption::ForeignKey(_)
        | ColumnOption::Check(_)
        | ColumnOption::Comment(_)
        | ColumnOption::Options(_)
        | ColumnOption::OnConflict(_)
        | ColumnOption::Tags(_) => false,
        ColumnOption::Default(_)
        | ColumnOption::Materialized(_)
        | ColumnOption::Ephemeral(_)
        | ColumnOption::Alias(_)
        | ColumnOption::DialectSpecific(_)
        | ColumnOption::CharacterSet(_)
        | ColumnOption::Collation(_)
        | ColumnOption::OnUpdate(_)
        | ColumnOption::Generated { .. }
        | ColumnOption::Identity(_)
        | ColumnOption::Policy(_)
        | ColumnOption::Srid(_)
        | ColumnOption::Invisible => true,
    }
}

/// A column as it is declared, by CREATE TABLE or where it is added.
pub(super) fn add_column(schema: &mut TableSchema, definition: &ColumnDef, dialect: Dialect, origin: Origin) {
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
            option if fills(option) => {
                let clause = of_column(name.clone(), ClauseKind::Fills, &option.to_string());
                schema.clauses.push(clause);
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
