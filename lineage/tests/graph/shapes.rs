//! What is known of a relation: its columns, its keys, and why not all of them.

use std::sync::Arc;

use headsup_lineage::dependency::{Extent, Ground};
use headsup_lineage::graph::LineageGraph;
use headsup_lineage::graph::tables::Tables;
use headsup_lineage::query::{DeclaredKey, KeyKind};
use headsup_lineage::relation::{Relation, RelationId, RelationKind, Rung};

use super::support::{Model, column, columns, graph, name, node, relation};

const RAW: Model = ("raw", "table (id, amount, state)");
const LAKE: Model = ("lake", "table (id, ...)");

/// The shape of a relation as text: columns, `...` if there may be others, and keys.
fn shape(graph: &LineageGraph, called: &str) -> String {
    let shape = graph.shape(node(graph, called));
    let mut parts: Vec<String> = shape.columns.iter().map(ToString::to_string).collect();
    if shape.extent == Extent::Open {
        parts.push("...".to_owned());
    }
    for key in shape.keys.iter() {
        let columns: Vec<&str> = key.columns.iter().map(|column| column.as_str()).collect();
        let ground = if key.proof.ground == Ground::Declared { "declared " } else { "" };
        parts.push(format!("{ground}key ({})", columns.join(" ")));
    }
    parts.join(", ")
}

/// Checks the shape of the last relation.
fn check(models: &[Model], expected: &str) {
    let called = models.last().unwrap().0;
    assert_eq!(shape(&graph(models), called), expected, "{models:#?}");
}

/// The same relation, built by dbt.
fn built_by_dbt(mut relation: Relation, kind: RelationKind, config: &[(&str, &str)]) -> Relation {
    relation.kind = kind;
    relation.config = config.iter().map(|(key, value)| (Arc::from(*key), Arc::from(*value))).collect();
    for filling in &mut relation.writers[0].fillings {
        filling.target = headsup_lineage::filling::Target::Part;
    }
    relation
}

fn built(relations: Vec<Relation>, tables: &Tables) -> LineageGraph {
    LineageGraph::build(relations, tables).graph
}

#[test]
fn a_query_says_all_columns_unless_a_star_hides_some() {
    check(&[RAW, ("orders", "select id, amount * 2 from raw")], "id, ?column?");
    check(&[LAKE, ("orders", "select *, 1 as one from lake")], "id, one, ...");
    check(&[("orders", "insert into orders (id) select 1")], "id, ...");
    check(&[("orders", "create table orders as select 1 as id")], "id, key ()");
    check(&[RAW, ("orders", "template of raw")], "...");
    check(&[LAKE], "id, ...");
    check(&[RAW], "id, amount, state");
}

#[test]
fn keys_hold_where_one_query_is_all_of_the_relation() {
    let grouped = "select id, sum(amount) as total from raw group by id";
    check(&[RAW, ("orders", "select id, sum(amount) as total from raw group by id")], "id, total, key (id)");
    check(&[RAW, ("orders", "create table orders as select distinct state from raw")], "state, key (state)");
    check(
        &[RAW, ("orders", "create table orders as select distinct state from raw; insert into orders values ('new')")],
        "state",
    );
    check(
        &[
            RAW,
            ("orders", "create table orders as select distinct id, state from raw; update orders set state = 'new'"),
        ],
        "id, state",
    );
    let kept = built_by_dbt(relation(("orders", grouped)), RelationKind::Model, &[("materialized", "incremental")]);
    assert_eq!(shape(&built(vec![relation(RAW), kept], &Tables::default()), "orders"), "id, total");
}

#[test]
fn declared_keys_say_that_they_are() {
    let mut raw = relation(RAW);
    raw.schema.keys = vec![DeclaredKey { columns: vec![column("id")], kind: KeyKind::Unique }];
    let graph = built(vec![raw, relation(("orders", "select * from raw"))], &Tables::default());
    assert_eq!(shape(&graph, "raw"), "id, amount, state, declared key (id)");
    assert_eq!(shape(&graph, "orders"), "id, amount, state, declared key (id)");
    let steps = &graph.shape(node(&graph, "raw")).keys[0].proof.steps;
    assert_eq!(steps, &["unique in raw (unique constraint)"]);
}

#[test]
fn dbt_merges_an_incremental_model_by_its_unique_key() {
    let config = [("materialized", "incremental"), ("unique_key", r#"["id","state"]"#)];
    let merged = [config[0], config[1], ("incremental_strategy", "merge")];
    let orders = relation(("orders", "select id, state from raw"));
    let orders = built_by_dbt(orders, RelationKind::Model, &merged);
    assert_eq!(
        shape(&built(vec![relation(RAW), orders], &Tables::default()), "orders"),
        "id, state, declared key (id state)"
    );
    // What a run brings twice stays twice where rows are deleted and inserted, or only added.
    for strategy in ["delete+insert", "append", "insert_overwrite", "microbatch"] {
        let config = [config[0], config[1], ("incremental_strategy", strategy)];
        let orders = built_by_dbt(relation(("orders", "select id, state from raw")), RelationKind::Model, &config);
        assert_eq!(shape(&built(vec![relation(RAW), orders], &Tables::default()), "orders"), "id, state", "{strategy}");
    }
}

#[test]
fn a_snapshot_has_columns_of_its_own_and_keeps_no_key() {
    let orders = relation(("orders", "select id, max(state) as state from raw group by id"));
    let orders = built_by_dbt(orders, RelationKind::Snapshot, &[("strategy", "timestamp"), ("updated_at", "state")]);
    let graph = built(vec![relation(RAW), orders], &Tables::default());
    let expected = "id, state, dbt_scd_id, dbt_updated_at, dbt_valid_from, dbt_valid_to";
    assert_eq!(shape(&graph, "orders"), expected);
    let printed = super::support::print(&graph, &[("orders", "")]);
    assert!(printed.contains("orders.dbt_valid_to <- orders.state distinct\n"), "{printed}");
    assert!(printed.starts_with("orders <- orders.state distinct, raw rows"), "{printed}");
}

#[test]
fn tables_from_outside_fill_in_what_the_project_does_not_say() {
    let mut tables = Tables::default();
    tables.add(name("db.shop.lake"), None, columns("id, amount"));
    tables.add(name("db.other"), Some(RelationId::new("other")), columns("x"));
    tables.add(name("db.shop.orders"), None, columns("stale"));
    let models =
        [LAKE, ("orders", "select * from lake"), ("other", "template of lake"), ("report", "select y from nowhere")];
    tables.add(name("nowhere"), None, columns("y"));
    let graph = built(models.iter().map(|model| relation(*model)).collect(), &tables);
    assert_eq!(shape(&graph, "lake"), "id, amount");
    assert_eq!(shape(&graph, "orders"), "id, amount", "its own SQL wins");
    assert_eq!(shape(&graph, "other"), "x");
    assert_eq!(shape(&graph, "nowhere"), "y", "nobody declares it");
}

#[test]
fn a_name_that_several_tables_have_says_nothing() {
    let mut tables = Tables::default();
    tables.add(name("a.lake"), None, columns("x"));
    tables.add(name("b.lake"), None, columns("y"));
    assert_eq!(shape(&built(vec![relation(LAKE)], &tables), "lake"), "id, ...");
}

/// The rung of the last relation, and why it is not higher.
fn rung(models: &[Model]) -> (Rung, Vec<String>) {
    let graph = graph(models);
    let node = node(&graph, models.last().unwrap().0);
    let reasons = graph.openness(node).iter().map(|reason| reason.message.clone());
    (graph.rung(node), reasons.collect())
}

#[test]
fn who_has_all_columns_bound_stands_on_the_highest_rung() {
    assert_eq!(rung(&[RAW, ("orders", "select * from raw")]), (Rung::Columns, Vec::new()));
    assert_eq!(rung(&[LAKE, ("orders", "select id, amount from lake")]), (Rung::Columns, Vec::new()));
}

#[test]
fn who_has_not_says_why() {
    let (rung_of, reasons) = rung(&[LAKE, ("orders", "select * from lake")]);
    assert_eq!(
        (rung_of, reasons.as_slice()),
        (Rung::Open, &["it passes on all columns of `lake`, which are not all known".to_owned()][..])
    );
    let (rung_of, reasons) = rung(&[RAW, ("orders", "insert into orders select id from raw")]);
    assert_eq!(
        (rung_of, reasons.as_slice()),
        (Rung::Open, &["it fills columns by their places, and not all of their names are known".to_owned()][..])
    );
    let (rung_of, reasons) = rung(&[RAW, ("orders", "template of raw")]);
    assert_eq!(
        (rung_of, reasons.as_slice()),
        (Rung::Refs, &["its query is not understood column by column".to_owned()][..])
    );
}

#[test]
fn a_function_of_another_file_that_returns_rows_multiplies_those_of_its_caller() {
    const KEYED: Model = ("keyed", "select distinct id from raw");
    const CALLER: Model = ("numbered", "select id, numbers(id) as n from keyed");
    let one = ("numbers", "create function numbers(n int) returns int language sql as $$ select n $$");
    let many = ("numbers", "create function numbers(n int) returns setof int language sql as $$ select n $$");
    check(&[RAW, KEYED, one, CALLER], "id, n, key (id)");
    check(&[RAW, KEYED, many, CALLER], "id, n");
}
