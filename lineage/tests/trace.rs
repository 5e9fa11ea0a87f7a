//! What depends on what in a small project: how near, in which ways, how surely, and by which way.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headsup_lineage::dependency::Slot;
use headsup_lineage::diagnostic::Position;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::filling::{Filling, Places, Target};
use headsup_lineage::graph::columns::{ColumnId, Direction, Part};
use headsup_lineage::graph::tables::Tables;
use headsup_lineage::graph::{LineageGraph, Node};
use headsup_lineage::name::RelationName;
use headsup_lineage::parse::parse;
use headsup_lineage::query::{Reading, TableSchema};
use headsup_lineage::relation::{Body, Declaration, Reference, Relation, RelationId, RelationKind, Rung, Writer};
use headsup_lineage::trace::{Certainty, Follow, connect, is_inner, trace};

const DIALECT: Dialect = Dialect::Postgres;

/// A small shop. `torn` does not parse, and nobody knows the columns of `raw.stock`.
const SHOP: [(&str, &str); 9] = [
    ("stg_orders", "select id, amount, status, customer_id from raw.orders"),
    ("orders", "select id, amount * 2 as amount, customer_id from stg_orders where status <> 'gone'"),
    (
        "customers",
        "select c.id, case when c.vip then o.amount else 0 end as value\n from raw.people c left join orders o on o.customer_id = c.id",
    ),
    ("revenue", "select customer_id, sum(amount) as total from orders group by customer_id"),
    ("report", "select total as shown from revenue"),
    ("by_hand", "select id from customers"),
    ("stock", "select s.*, o.id as order_id from raw.stock s cross join orders o"),
    ("torn", "select ((( from report"),
    ("below", "select * from torn"),
];

fn relation((called, sql): &(&str, &str)) -> Relation {
    let script = parse(sql, DIALECT);
    let rung = if script.reading == Reading::Parsed { Rung::Open } else { Rung::Tables };
    let reads = script.statements.iter().flat_map(|statement| statement.reads.clone()).map(Reference::Name).collect();
    let fillings = match rung {
        Rung::Open => vec![Filling::query(Arc::new(script.into()), Target::Whole, Places::File)],
        _ => Vec::new(),
    };
    let path: Arc<str> = Arc::from(format!("{called}.sql"));
    let body = Body::Sql { dialect: DIALECT, variants: vec![Arc::from(*sql)], conditions: None };
    Relation {
        id: RelationId::new(*called),
        name: RelationName::parse(DIALECT, called),
        aliases: Vec::new(),
        kind: RelationKind::Model,
        rung,
        project: Arc::from("shop"),
        writers: vec![Writer {
            path,
            position: Position::START,
            reads,
            described: Default::default(),
            incomplete: None,
            body,
            fillings,
        }],
        declared_in: None,
        schema: TableSchema::default(),
        declaration: Declaration::Described,
        config: BTreeMap::new(),
    }
}

fn shop() -> LineageGraph {
    LineageGraph::build(SHOP.iter().map(relation).collect(), &Tables::default()).graph
}

fn node(graph: &LineageGraph, called: &str) -> Node {
    graph.nodes().find(|node| graph.relation(*node).name.to_string() == called).expect("the relation is there")
}

/// `orders.amount`, `orders` for its rows, `orders.*` for all of it.
fn parts(graph: &LineageGraph, called: &str) -> Vec<ColumnId> {
    let columns = graph.columns();
    let (relation, column) = match called.rsplit_once('.') {
        Some((relation, column)) if relation != "raw" => (relation, Some(column)),
        _ => (called, None),
    };
    let relation = node(graph, relation);
    match column {
        Some("*") => columns.parts_of(relation).collect(),
        Some(column) => {
            let is_it = |id: &ColumnId| columns.node(*id).column().is_some_and(|path| path.to_string() == column);
            columns.parts_of(relation).filter(is_it).collect()
        }
        None => columns.find(relation, &Slot::Rows).into_iter().collect(),
    }
}

fn called(graph: &LineageGraph, id: ColumnId) -> String {
    let node = graph.columns().node(id);
    let relation = &graph.relation(node.relation).name;
    match &node.part {
        Part::Rows => relation.to_string(),
        Part::Column(path) => format!("{relation}.{path}"),
        Part::Others | Part::Any | Part::Every => format!("{relation}.?"),
    }
}

/// Everything that was reached but for where it began: `1 revenue.total: aggregation`.
fn reached(from: &str, way: Direction, follow: Follow, most: usize) -> String {
    let graph = shop();
    let start = parts(&graph, from);
    assert!(!start.is_empty(), "{from}");
    let traced = trace(graph.columns(), &start, way, follow, most);
    let others = traced.arrivals.iter().filter(|arrival| !start.contains(&arrival.id));
    let lines: BTreeSet<String> = others
        .map(|arrival| {
            let kinds: Vec<&str> = arrival.ways.kinds().into_iter().map(|kind| kind.name()).collect();
            let doubt = if arrival.ways.certainty() == Certainty::Possible { " ~" } else { "" };
            format!("{} {}: {}{doubt}", arrival.depth, called(&graph, arrival.id), kinds.join(", "))
        })
        .collect();
    lines.into_iter().collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check(found: &str, expected: &str) {
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(found.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_column_is_followed_downstream_with_the_ways_in_which_it_is_used() {
    check(
        &reached("stg_orders.amount", Direction::Downstream, Follow::Everything, 3),
        "1 orders.amount: transformation
         2 customers.value: transformation
         2 revenue.total: aggregation
         3 report.?: aggregation ~
         3 report.shown: aggregation",
    );
}

#[test]
fn what_decides_about_rows_goes_on_with_them() {
    check(
        &reached("stg_orders.status", Direction::Downstream, Follow::Everything, 2),
        "1 orders: filter
         2 customers.value: filter
         2 customers: filter
         2 revenue.total: filter
         2 revenue: filter
         2 stock: filter",
    );
}

#[test]
fn values_can_be_followed_alone() {
    assert_eq!(reached("stg_orders.status", Direction::Downstream, Follow::Values, usize::MAX), "");
    check(
        &reached("orders.customer_id", Direction::Downstream, Follow::Values, usize::MAX),
        "1 revenue.customer_id: identity",
    );
}

#[test]
fn what_was_not_understood_may_depend_on_all_that_it_reads() {
    check(
        &reached("report.shown", Direction::Downstream, Follow::Everything, usize::MAX),
        "0 report.?: identity ~
         1 torn.?: unknown ~
         1 torn: unknown ~
         2 below.?: unknown ~
         2 below: unknown ~",
    );
}

#[test]
fn upstream_is_the_other_way_round() {
    check(
        &reached("report.shown", Direction::Upstream, Follow::Values, usize::MAX),
        "1 revenue.total: identity
         2 orders.amount: aggregation
         2 orders: aggregation
         3 stg_orders.amount: aggregation
         4 raw.orders.amount: aggregation",
    );
}

#[test]
fn a_trace_finds_what_a_walk_finds_and_a_way_leads_there() {
    let graph = shop();
    let columns = graph.columns();
    let all: Vec<ColumnId> = graph.nodes().flat_map(|node| columns.parts_of(node)).collect();
    for start in &all {
        for way in [Direction::Downstream, Direction::Upstream] {
            let walked: BTreeMap<ColumnId, usize> =
                columns.walk(&[*start], way).iter().map(|reached| (reached.id, reached.depth)).collect();
            let traced = trace(columns, &[*start], way, Follow::Everything, usize::MAX);
            let traced: BTreeMap<ColumnId, usize> =
                traced.arrivals.iter().map(|arrival| (arrival.id, arrival.depth)).collect();
            assert_eq!(traced, walked, "{}", called(&graph, *start));
        }
        let below: BTreeMap<ColumnId, usize> =
            columns.walk(&[*start], Direction::Downstream).iter().map(|reached| (reached.id, reached.depth)).collect();
        for end in &all {
            let connection = connect(columns, &[*start], &[*end], 1);
            assert_eq!(connection.is_some(), below.contains_key(end), "{}", called(&graph, *end));
            let Some(connection) = connection else { continue };
            let path = &connection.paths[0];
            let joined = path.windows(2).all(|steps| steps[0].to == steps[1].from);
            let ends =
                path.first().is_none_or(|step| step.from == *start) && path.last().is_none_or(|step| step.to == *end);
            assert!(joined && ends, "{path:?}");
            let certain = path.iter().all(|step| step.certainty == Certainty::Certain);
            assert_eq!(connection.certainty == Certainty::Certain, certain, "{path:?}");
            let crosses = |from: ColumnId, to: ColumnId| columns.node(from).relation != columns.node(to).relation;
            let length = path.iter().filter(|step| crosses(step.from, step.to)).count();
            assert!(length >= below[end] && (certain || length == below[end]), "{path:?}");
        }
    }
}

/// The ways from one thing to another, each in a line; a number of others between them at the end.
fn ways(from: &str, to: &str) -> String {
    let graph = shop();
    let Some(connection) = connect(graph.columns(), &parts(&graph, from), &parts(&graph, to), 3) else {
        return "none".to_owned();
    };
    let doubt = if connection.certainty == Certainty::Possible { "~ " } else { "" };
    let line = |path: &Vec<headsup_lineage::trace::Step<'_>>| {
        let mut line = format!("{doubt}{from}");
        for step in path.iter().filter(|step| !is_inner(graph.columns(), step.from, step.to, step.edge)) {
            let place = format!("{}:{}", step.edge.path, step.edge.position.line);
            line.push_str(&format!(" → {} ({}, {place})", called(&graph, step.to), step.edge.kind));
        }
        line
    };
    let mut lines: Vec<String> = connection.paths.iter().map(line).collect();
    lines.extend(connection.others.iter().map(|node| format!("and {}", graph.relation(*node).name)));
    lines.join("\n")
}

#[test]
fn the_shortest_way_is_shown_step_by_step() {
    check(
        &ways("raw.orders.amount", "report.shown"),
        "raw.orders.amount → stg_orders.amount (identity, stg_orders.sql:1) → orders.amount (transformation, \
         orders.sql:1) → revenue.total (aggregation, revenue.sql:1) → report.shown (identity, report.sql:1)",
    );
}

#[test]
fn of_two_ways_of_one_length_values_go_first() {
    check(&ways("stg_orders.*", "orders.*"), "stg_orders.* → orders.id (identity, orders.sql:1)");
    check(&ways("orders.*", "customers.*"), "orders.* → customers.value (transformation, customers.sql:1)");
}

#[test]
fn a_way_that_may_be_there_is_shown_where_no_other_is() {
    check(
        &ways("report.shown", "below.*"),
        "~ report.shown → torn.? (unknown, torn.sql:1) → below.? (identity, below.sql:1)",
    );
    assert_eq!(ways("stg_orders.amount", "by_hand.id"), "none");
    assert_eq!(ways("report.shown", "orders.*"), "none");
}

#[test]
fn each_further_way_goes_through_another_relation() {
    let models = [
        ("a", "select x from raw.a"),
        ("b1", "select x from a"),
        ("b2", "select x + 1 as x from a"),
        ("b3", "select x from a"),
        ("b4", "select x from a"),
        ("c", "select x from b1 union all select x from b2 union all select x from b3 union all select x from b4"),
    ];
    let graph = LineageGraph::build(models.iter().map(relation).collect(), &Tables::default()).graph;
    let (from, to) = (parts(&graph, "a.x"), parts(&graph, "c.x"));
    let connection = connect(graph.columns(), &from, &to, 3).expect("there is a way");
    let through: Vec<String> = connection.paths.iter().map(|path| called(&graph, path[0].to)).collect();
    assert_eq!(through, ["b1.x", "b2.x", "b3.x"]);
    let others: Vec<String> = connection.others.iter().map(|node| graph.relation(*node).name.to_string()).collect();
    assert_eq!(others, ["b4"]);
}

#[test]
fn a_circle_comes_to_an_end() {
    let models = [("a", "select x from raw.a union all select x from b"), ("b", "select x from a")];
    let graph = LineageGraph::build(models.iter().map(relation).collect(), &Tables::default()).graph;
    let traced = trace(graph.columns(), &parts(&graph, "a.x"), Direction::Downstream, Follow::Everything, usize::MAX);
    let found: BTreeSet<String> = traced.arrivals.iter().map(|arrival| called(&graph, arrival.id)).collect();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a.x", "b.x"]);
    let path = &connect(graph.columns(), &parts(&graph, "b.x"), &parts(&graph, "a.x"), 3).expect("a way").paths[0];
    assert_eq!(path.len(), 1);
}
