//! Walks through the columns of a project.

use headsup_lineage::dependency::{ColumnPath, Slot};
use headsup_lineage::graph::LineageGraph;
use headsup_lineage::graph::columns::{ColumnId, Direction};

use super::support::{Model, column, graph, node, spelled};

const SHOP: [Model; 5] = [
    ("raw", "table (id, amount, payload)"),
    ("stage", "select * from raw"),
    ("orders", "select id, amount * 2 as twice, (payload).total, (payload).tax from stage"),
    ("totals", "select sum(twice) as total from orders"),
    ("copies", "select payload from stage"),
];

fn slot(path: &str) -> Slot {
    let mut parts = path.split('.').map(column);
    match parts.next().filter(|_| !path.is_empty()) {
        None => Slot::Rows,
        Some(first) => Slot::Column(ColumnPath::field(first, &parts.collect::<Vec<_>>())),
    }
}

fn place(graph: &LineageGraph, relation: &str, path: &str) -> ColumnId {
    graph.columns().find(node(graph, relation), &slot(path)).unwrap()
}

/// What a walk from one part finds, each with its depth.
fn walk(relation: &str, path: &str, way: Direction) -> Vec<String> {
    let graph = graph(&SHOP);
    let found = graph.columns().walk(&[place(&graph, relation, path)], way);
    found.iter().map(|reached| format!("{} {}", reached.depth, spelled(&graph, reached.id))).collect()
}

#[test]
fn a_walk_goes_from_the_nearest_to_the_farthest() {
    assert_eq!(
        walk("raw", "amount", Direction::Downstream),
        ["0 raw.amount", "1 stage.amount", "2 orders.twice", "3 totals.total"]
    );
    assert_eq!(
        walk("totals", "total", Direction::Upstream),
        ["0 totals.total", "1 orders", "1 orders.twice", "2 stage", "2 stage.amount", "3 raw", "3 raw.amount"]
    );
}

#[test]
fn a_walk_from_a_field_finds_who_reads_the_record_and_not_the_other_fields() {
    let found = walk("raw", "payload.tax", Direction::Downstream);
    assert!(found.contains(&"2 orders.tax".to_owned()), "{found:?}");
    assert!(found.contains(&"2 copies.payload".to_owned()), "{found:?}");
    let found = walk("orders", "tax", Direction::Upstream);
    assert!(found.contains(&"2 raw.payload.tax".to_owned()), "{found:?}");
    assert!(!found.contains(&"2 raw.payload.total".to_owned()), "{found:?}");
}

#[test]
fn each_step_of_a_walk_leads_back_to_its_start() {
    let graph = graph(&SHOP);
    let start = place(&graph, "totals", "total");
    let found = graph.columns().walk(&[start], Direction::Upstream);
    for reached in &found {
        let mut at = *reached;
        while let Some((before, edge)) = at.via {
            assert!(edge.path.ends_with(".sql"), "{edge:?}");
            at = *found.iter().find(|other| other.id == before).unwrap();
        }
        assert_eq!(at.id, start);
    }
}

#[test]
fn what_nobody_names_is_located_where_it_would_be() {
    let graph = graph(&[("lake", "table (id, ...)"), ("stage", "select * from lake"), ("raw", "table (id)")]);
    let located = |relation: &str, path: &str| {
        graph.columns().locate(node(&graph, relation), &slot(path)).map(|id| spelled(&graph, id))
    };
    assert_eq!(located("stage", "id").as_deref(), Some("stage.id"));
    assert_eq!(located("stage", "amount").as_deref(), Some("stage.?"));
    assert_eq!(located("stage", "id.inner").as_deref(), Some("stage.id"));
    assert_eq!(located("raw", "amount"), None);
    let found = graph
        .columns()
        .walk(&[graph.columns().locate(node(&graph, "lake"), &slot("amount")).unwrap()], Direction::Downstream);
    let found: Vec<String> = found.iter().map(|reached| spelled(&graph, reached.id)).collect();
    assert_eq!(found, ["lake.?", "stage.?"]);
}

#[test]
fn rows_come_before_columns_in_their_order_and_those_that_are_asked_for_by_name() {
    let graph = graph(&[("lake", "table (id, at, ...)"), ("orders", "select y, x, (at).z from lake")]);
    let columns = graph.columns().columns_of(node(&graph, "lake"));
    let columns: Vec<String> = columns.map(|id| spelled(&graph, id)).collect();
    assert_eq!(columns, ["lake", "lake.id", "lake.at", "lake.at.z", "lake.x", "lake.y"]);
}
