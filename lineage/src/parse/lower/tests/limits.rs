//! Texts that nobody writes: long, deep, or in circles.

use super::*;
use crate::query::block::BlockKind;
use crate::query::tree::Expr;

/// The queries of the first statement.
fn queries(sql: &str, dialect: Dialect) -> std::sync::Arc<crate::query::Queries> {
    parse(sql, dialect).statements[0].queries.clone().unwrap()
}

#[test]
fn a_long_chain_of_one_operator_is_flat() {
    for (operator, length) in [("and", 19_000), ("or", 19_000), ("||", 19_000), ("+", 19_000), ("*", 250)] {
        let sql = format!("select {}", vec!["x"; length].join(&format!(" {operator} ")));
        let queries = queries(&sql, Dialect::Ansi);
        let tree = &queries.tree;
        assert_eq!(tree.expr_count(), length + 1, "{operator}");
        let root = tree.block_parts(queries.outputs[0].block).exprs[0];
        assert!(matches!(tree.expr(root), Expr::Apply(_, args) if args.len() == length), "{operator}");
    }
}

#[test]
fn a_long_chain_of_set_operations_is_flat() {
    let sql = vec!["select 1 from t"; 19_000].join(" union all ");
    let queries = queries(&sql, Dialect::Ansi);
    let BlockKind::SetOperation(operation) = &queries.block(&queries.outputs[0]).kind else { panic!("a union") };
    assert_eq!(operation.branches.len(), 19_000);
}

#[test]
fn long_chains_of_many_kinds_are_lowered_and_printed() {
    for chain in [" + y - ", " and y or ", "::int::", " - "] {
        let sql = format!("select {}", vec!["x"; 5_000].join(chain));
        assert!(queries(&sql, Dialect::Ansi).to_string().len() > 5_000, "{chain}");
    }
    let unions = vec!["select 1"; 6_000].join(" union all select 2 union ");
    assert!(queries(&unions, Dialect::Ansi).to_string().len() > 6_000);
}

#[test]
fn many_items_are_lowered() {
    let names = (0..10_000).map(|index| format!("t{index}")).collect::<Vec<_>>();
    let tables = queries(&format!("select 1 from {}", names.join(", ")), Dialect::BigQuery);
    assert_eq!(tables.tree.block_parts(tables.outputs[0].block).relations.len(), 10_000);
    let joins = queries(&format!("select 1 from {}", names.join(" join x using (k), ")), Dialect::Ansi);
    assert_eq!(joins.tree.block_parts(joins.outputs[0].block).relations.len(), 19_999);
    let arrays = queries(&format!("select 1 from t array join {}", names.join(", ")), Dialect::ClickHouse);
    assert_eq!(arrays.tree.expr_count(), 10_001);
    let ctes: Vec<String> = (1..5_000).map(|index| format!("c{index} as (select * from c{})", index - 1)).collect();
    let ctes = queries(&format!("with {} select * from c4999", ctes.join(", ")), Dialect::Ansi);
    assert_eq!(ctes.tree.block_count(), 5_000);
}

#[test]
fn ctes_that_wait_for_one_another_end() {
    let forward = |length: usize| {
        let ctes: Vec<String> =
            (0..length).map(|index| format!("c{index} as (select * from c{})", index + 1)).collect();
        parse(&format!("with recursive {} select * from c0", ctes.join(", ")), Dialect::Postgres)
    };
    assert!(forward(10).statements[0].queries.is_some());
    // Each would take a level of the stack.
    assert!(forward(5_000).statements[0].queries.is_none());
    let circle =
        "with recursive a as (select * from b), b as (select * from c), c as (select * from a) select * from a";
    check(
        Dialect::Postgres,
        circle,
        &[
            "#0 c = select * from recursive #2 as a",
            "#1 b = select * from #0 as c",
            "#2 a = select * from #1 as b",
            "#3 select * from #2 as a",
        ],
    );
}

#[test]
fn many_pipes_and_layers_end() {
    let pipes = format!("from t{}", " |> extend 1 as x |> where x > 1".repeat(2_000));
    assert_eq!(queries(&pipes, Dialect::BigQuery).tree.block_count(), 2_001);
    let ctes: Vec<String> = (1..3_000).map(|index| format!("c{index} as (select * from c{})", index - 1)).collect();
    let gone = queries(&format!("with {} delete from c2999 where x = 1", ctes.join(", ")), Dialect::TSql);
    assert!(gone.to_string().ends_with("delete c0 #2999"));
}

#[test]
fn many_branches_are_not_lowered_for_one_another() {
    let whens = |length: usize| {
        let whens: Vec<String> = (0..length).map(|index| format!("when x = {index} then into t{index}")).collect();
        parse(&format!("insert first {} select x from s", whens.join(" ")), Dialect::Snowflake)
    };
    assert!(whens(20).statements[0].queries.is_some());
    assert!(whens(2_000).statements[0].queries.is_none());
}
