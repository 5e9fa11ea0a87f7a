//! What is declared of relations, and who relies on it in which version.

use headsup_lineage::query::{DeclaredColumn, DeclaredKey, KeyKind, Nullability};

use super::*;

/// A source `raw` with the columns `id` and `kind`; `id` is tested for what the words say.
fn raw(tests: &str) -> Relation {
    let column = |name: &str| ColumnName::new(DIALECT, name, Quoting::Bare);
    let mut raw = relation("raw", "source");
    let nullability = if tests.contains("not_null") { Nullability::NotNull } else { Nullability::Nullable };
    raw.schema.columns = vec![
        DeclaredColumn { name: column("id"), data_type: String::new(), nullability },
        DeclaredColumn { name: column("kind"), data_type: String::new(), nullability: Nullability::Nullable },
    ];
    if tests.contains("unique") {
        raw.schema.keys = vec![DeclaredKey { columns: vec![column("id")], kind: KeyKind::Unique }];
    }
    raw
}

/// What a model that reads `raw` becomes when its query and the tests of `raw` change.
fn becomes((tests, sql): (&str, &str), (now_tests, now_sql): (&str, &str)) -> Vec<String> {
    let base = vec![raw(tests), relation("ids", sql)];
    let head = vec![raw(now_tests), relation("ids", now_sql)];
    let (base, head) = LineageGraph::build_both(base, head, &Tables::default());
    let differing = BTreeSet::from([Arc::from("ids.sql"), Arc::from("raw.sql")]);
    let comparison = compare(&base.graph, &head.graph, &differing);
    let changes = comparison.changes.iter().filter(|change| change.id.as_str() == "ids");
    changes.flat_map(|change| &change.effects).map(|effect| effect.kind.to_string()).collect()
}

#[test]
fn a_key_counts_as_long_as_it_is_declared() {
    let (with, without) = ("select distinct id, kind from raw", "select id, kind from raw");
    assert_eq!(becomes(("unique not_null", with), ("unique not_null", without)), [""; 0]);
    assert_eq!(becomes(("unique not_null", without), ("unique not_null", with)), [""; 0]);
    // Who drops the test along with what it made needless relies on nothing any more.
    assert_eq!(becomes(("unique not_null", with), ("", without)), ["rows_duplicated", "regrained"]);
    // What is declared anew was checked by nobody so far.
    assert_eq!(becomes(("", with), ("unique not_null", without)), ["rows_duplicated", "regrained"]);
}

#[test]
fn so_does_that_nothing_is_null() {
    let (with, without) = ("select id from raw where id is not null", "select id from raw");
    assert_eq!(becomes(("not_null", with), ("not_null", without)), [""; 0]);
    assert_eq!(becomes(("not_null", with), ("", without)), ["rows_added"]);
}

/// What a name says beyond what is known of a table may make it another one.
#[test]
fn a_database_that_nobody_knows_may_be_another_one() {
    let becomes = |sql: &str, now: &str| {
        let version = |sql: &str| vec![relation("raw.orders", "source"), relation("ids", sql)];
        let (base, head) = LineageGraph::build_both(version(sql), version(now), &Tables::default());
        let comparison = compare(&base.graph, &head.graph, &BTreeSet::from([Arc::from("ids.sql")]));
        comparison.changes.into_iter().flat_map(|change| change.effects).map(|effect| effect.kind.to_string()).collect()
    };
    let told: Vec<String> = becomes("select id from a.raw.orders", "select id from b.raw.orders");
    assert_eq!(told, ["unspecified"]);
    assert_eq!(becomes("select id from raw.orders", "select id from b.raw.orders"), ["unspecified"]);
    assert_eq!(becomes("select id from a.raw.orders", "select x.id from a.raw.orders as x"), [""; 0]);
    assert_eq!(becomes("select id from raw.orders", "select id from orders"), [""; 0]);
}

/// dbt compares what types are called, and has the warehouse cut what is longer.
#[test]
fn a_contract_that_comes_may_cut_values() {
    let model = |contract: &str, materialized: &str, data_type: &str| {
        let mut model = relation("ids", "select id from raw");
        let name = ColumnName::new(DIALECT, "id", Quoting::Bare);
        let nullability = Nullability::Nullable;
        model.schema.columns = vec![DeclaredColumn { name, data_type: data_type.to_owned(), nullability }];
        model.config = [("contract", contract), ("materialized", materialized)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| (Arc::from(key), Arc::from(value)))
            .collect();
        vec![relation("raw", "source"), model]
    };
    let becomes = |materialized: &str, data_type: &str, contracts: [&str; 2]| -> Vec<String> {
        let [base, head] = contracts.map(|contract| model(contract, materialized, data_type));
        let (base, head) = LineageGraph::build_both(base, head, &Tables::default());
        let comparison = compare(&base.graph, &head.graph, &BTreeSet::from([Arc::from("ids.sql")]));
        comparison.changes.into_iter().flat_map(|change| change.effects).map(|effect| effect.kind.to_string()).collect()
    };
    for contracts in [["", "enforced"], ["enforced", ""]] {
        assert_eq!(becomes("table", "NUMERIC(10,2)", contracts), ["retyped", "config"]);
        assert_eq!(becomes("incremental", "NUMBER", contracts), ["retyped", "config"]);
        assert_eq!(becomes("view", "NUMERIC(10,2)", contracts), ["config"]);
        assert_eq!(becomes("table", "BIGINT", contracts), ["config"]);
    }
    assert_eq!(becomes("table", "NUMERIC(10,2)", ["enforced", "enforced"]), [""; 0]);
}
