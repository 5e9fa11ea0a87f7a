//! Columns and keys of CREATE TABLE and ALTER TABLE.

use super::*;
use crate::query::{KeyKind, Nullability, TableSchema};

/// A schema in one line: columns, then keys, then references.
fn described(dialect: Dialect, sql: &str) -> String {
    let script = parse(sql, dialect);
    assert_eq!(script.reading, Reading::Parsed, "{sql}\n{:?}", script.diagnostics);
    let schema: &TableSchema = script
        .statements
        .iter()
        .find_map(|statement| match &statement.kind {
            StatementKind::Declare(_, schema) | StatementKind::Alter(schema) => Some(schema),
            _ => None,
        })
        .unwrap();
    let columns =
        |columns: &[crate::name::ColumnName]| columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let mut parts: Vec<String> = schema
        .columns
        .iter()
        .map(|column| {
            let not_null = if column.nullability == Nullability::NotNull { " not null" } else { "" };
            format!("{} {}{not_null}", column.name, column.data_type)
        })
        .collect();
    parts.extend(schema.keys.iter().map(|key| {
        let kind = if key.kind == KeyKind::Primary { "primary" } else { "unique" };
        format!("{kind}({})", columns(&key.columns))
    }));
    parts.extend(
        schema
            .references
            .iter()
            .map(|key| format!("({}) -> {}({})", columns(&key.columns), key.relation, columns(&key.relation_columns))),
    );
    parts.join(", ")
}

#[test]
fn columns_and_keys_are_declared() {
    assert_eq!(
        described(
            Dialect::Postgres,
            "create table t (id bigint primary key, c int not null references customers (id), e text unique, \
             n numeric(10, 2), foreign key (c, n) references s.x, unique (c, e))"
        ),
        "id BIGINT not null, c INT not null, e TEXT, n NUMERIC(10,2), primary(id), unique(e), unique(c e), \
         (c) -> customers(id), (c n) -> s.x()"
    );
    assert_eq!(
        described(Dialect::Snowflake, "create table t (a int, b string, constraint pk primary key (a, b))"),
        "a INT not null, b STRING not null, primary(a b)"
    );
    assert_eq!(described(Dialect::Snowflake, "alter table t add constraint pk primary key (a)"), "primary(a)");
    assert_eq!(
        described(Dialect::Postgres, "alter table t add unique (a), add foreign key (b) references u (c)"),
        "unique(a), (b) -> u(c)"
    );
}

#[test]
fn a_sort_order_is_no_key() {
    assert_eq!(
        described(
            Dialect::ClickHouse,
            "create table t (a UInt64, b Nullable(String)) engine = MergeTree order by a primary key a"
        ),
        "a UINT64 not null, b NULLABLE(STRING)"
    );
}
