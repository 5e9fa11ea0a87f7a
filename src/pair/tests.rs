//! Pairs of texts, and what is said of them.

use headsup_lineage::dialect::Dialect;
use serde_json::{Value, json};

use super::log::{Defaults, answer};
use super::{Schema, Verdict, judge};
use crate::lines::{Content, Line};

const DDL: &str =
    "create table orders (id int primary key, customer int not null references customers (id), amount int);
create table customers (id int primary key, country text);";

fn schema() -> Value {
    json!({
        "orders": {
            "columns": [
                {"name": "id", "type": "int"}, {"name": "customer", "type": "int", "nullable": false}, {"name": "amount", "type": "int"},
            ],
            "primary_key": ["id"],
            "foreign_keys": [{"columns": ["customer"], "references": "customers", "to": ["id"]}],
        },
        "customers": {"columns": {"id": "int", "country": "text"}, "primary_key": "id"},
    })
}

/// `changed: revalued total`, worst first.
#[track_caller]
fn said(old: &str, new: &str, schema: &Schema) -> String {
    let judged = judge(old, new, schema, Dialect::Postgres).unwrap();
    let effects = judged.effects.iter().map(|effect| {
        let column = effect.column.as_ref().map(|column| format!(" {column}")).unwrap_or_default();
        format!("{}{column}", effect.kind)
    });
    let effects: Vec<String> = effects.collect();
    [judged.verdict.name().to_owned(), effects.join(", ")].join(": ").trim_end_matches(": ").to_owned()
}

#[test]
fn verdicts_with_what_a_schema_says() {
    let both = [Schema::of_text(DDL).unwrap(), Schema::of_value(&schema()).unwrap()];
    for schema in &both {
        let said = |old, new| said(old, new, schema);
        assert_eq!(said("select id from orders", "SELECT id\nFROM orders -- all"), "same");
        assert_eq!(said("select distinct id from orders", "select id from orders"), "same");
        assert_eq!(
            said("select o.id from orders o join customers c on c.id = o.customer", "select o.id from orders o",),
            "same"
        );
        assert_eq!(said("select id, amount from orders", "select amount, id from orders"), "changed: reordered");
        assert_eq!(
            said("select id / nullif(amount, 0) as r from orders", "select id / amount as r from orders"),
            "changed: may_fail, revalued r"
        );
        assert_eq!(
            said("select distinct amount from orders", "select amount from orders"),
            "changed: rows_duplicated, regrained"
        );
        assert_eq!(
            said("select sum(amount) as total from orders", "select max(amount) as total from orders"),
            "changed: revalued total"
        );
        assert_eq!(
            said("select id from orders where amount > 1", "select id from orders where amount > 2"),
            "changed: rows_removed"
        );
        assert_eq!(said("select id, amount from orders", "select id from orders"), "changed: removed amount");
    }
    // Without the key a row may be there twice.
    assert_eq!(
        said("select distinct id from orders", "select id from orders", &Schema::Unknown),
        "changed: rows_duplicated, regrained"
    );
}

#[test]
fn what_fills_a_table_is_compared_as_what_it_holds() {
    let fills = |query: &str| format!("create table mart as {query}");
    let schema = Schema::of_text(DDL).unwrap();
    assert_eq!(said(&fills("select id from orders"), &fills("select o.id from orders as o"), &schema), "same");
    assert_eq!(
        said(&fills("select id from orders"), &fills("select id from orders where amount > 0"), &schema),
        "changed: rows_removed"
    );
    assert_eq!(
        said("insert into orders select 1, 2, 3", "insert into orders select 1, 2, 4", &schema).split(':').next(),
        Some("changed")
    );
}

#[test]
fn what_cannot_be_told_is_unknown() {
    for (old, new) in [
        ("select ((( from x", "select (((( from x"),
        ("select {{ a }} from x", "select {{ b }} from x"),
        ("", "-- nothing\n;"),
        ("select * from open", "select a, b from open"),
    ] {
        let judged = judge(old, new, &Schema::Unknown, Dialect::Ansi).unwrap();
        assert_ne!(judged.verdict, Verdict::Same, "{old} against {new}");
        assert!(judged.verdict == Verdict::Changed || judged.reason.is_some(), "{old} against {new}: {judged:?}");
    }
    let same = judge("select ((( from x", "select ((( from x", &Schema::Unknown, Dialect::Ansi).unwrap();
    assert_eq!(same.verdict, Verdict::Same);
}

fn line(value: &Value) -> Value {
    let line = Line { number: 3, content: Content::Text(value.to_string()) };
    let found = answer(&line, Defaults { dialect: Dialect::Postgres, schema: &Schema::Unknown });
    serde_json::to_value(found).unwrap()
}

#[test]
fn a_line_is_answered_by_a_line() {
    let asked =
        json!({"id": "a", "old": "select distinct id from orders", "new": "select id from orders", "schema": DDL});
    assert_eq!(line(&asked), json!({"id": "a", "line": 3, "verdict": "same", "effects": []}));
    let asked =
        json!({"old": "select a from t", "new": "select a, b from t", "dialect": "trino", "schema": {"t": ["a", "b"]}});
    let effects = json!([{"effect": "added", "column": "b", "detail": "the column is new"}]);
    assert_eq!(line(&asked), json!({"id": null, "line": 3, "verdict": "changed", "effects": effects}));
    for (asked, code) in [
        (json!([]), "not-an-object"),
        (json!({"old": "select 1"}), "missing-sql"),
        (json!({"old": "select 1", "new": 2}), "missing-sql"),
        (json!({"old": "select 1", "new": "select 1", "dialect": "klingon"}), "unknown-dialect"),
        (json!({"old": "select 1", "new": "select 1", "schema": 3}), "invalid-schema"),
        (json!({"old": "select 1", "new": "select 1", "schema": {"t": 3}}), "invalid-schema"),
        (
            json!({"old": "select 1", "new": "select 1", "schema": {"t": {"columns": ["a"], "primary_key": 3}}}),
            "invalid-schema",
        ),
    ] {
        assert_eq!(line(&asked)["error"]["code"], code, "{asked}");
    }
}

#[test]
fn what_stands_beside_a_table_is_not_taken_for_the_same() {
    for (old, new) in [
        ("select a from t; select x from u", "select b from t; select x from u"),
        ("insert into x select a from t; select a from x", "insert into x select a from t; select b from x"),
        (
            "insert into m select a from t; insert into n select a from m",
            "insert into n select a from m; insert into m select a from t",
        ),
        ("insert into m select 1; drop table a", "insert into m select 1; drop table b"),
        ("create table m as select a from t", "create table if not exists m as select a from t"),
    ] {
        let judged = judge(old, new, &Schema::Unknown, Dialect::Postgres).unwrap();
        assert_ne!(judged.verdict, Verdict::Same, "{old} against {new}");
    }
}

#[test]
fn null_that_a_branch_makes_is_seen() {
    let schema = Schema::of_text("create table src (id int not null)").unwrap();
    for made in [
        "select id from src union all select null",
        "select id from src union all (values (null))",
        "select null as id union all select id from src",
        "select id from (select id from src union all select null) x",
        "with recursive r as (select id from src union all select null from r) select id from r",
    ] {
        let (old, new) =
            (format!("select id from ({made}) m"), format!("select id from ({made}) m where id is not null"));
        assert_ne!(judge(&old, &new, &schema, Dialect::Postgres).unwrap().verdict, Verdict::Same, "{made}");
    }
}

#[test]
fn an_empty_key_is_none() {
    let schema = json!({"t": {"columns": ["a"], "primary_key": [], "unique": [[]]}});
    let schema = Schema::of_value(&schema).unwrap();
    assert_eq!(said("select distinct a from t", "select a from t", &schema), "changed: rows_duplicated, regrained");
    let schema = Schema::of_value(&json!({"t": {"columns": ["a", "b"], "unique": ["a", "b"]}})).unwrap();
    assert!(judge("select 1", "select 2", &schema, Dialect::Ansi).is_err());
}
