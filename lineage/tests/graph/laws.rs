//! Laws that hold for any project.

use std::collections::BTreeSet;

use headsup_lineage::dependency::Extent;
use headsup_lineage::graph::columns::{ColumnId, Direction};
use headsup_lineage::graph::tables::Tables;
use headsup_lineage::graph::{LineageGraph, Node};
use headsup_lineage::relation::Relation;
use proptest::prelude::*;

use super::support::{columns, name, relation, spelled};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
const COLUMNS: [&str; 4] = ["x", "y", "z", "rec"];

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// Any relation of five that read each other, in circles as well.
fn model(called: &'static str) -> impl Strategy<Value = (&'static str, String)> {
    let read = || prop::sample::select(NAMES.to_vec());
    let column = || prop::sample::select(COLUMNS.to_vec());
    prop_oneof![
        prop::collection::vec(column(), 0..3).prop_map(|list| format!("table ({}, ...)", list.join(", "))),
        prop::collection::vec(column(), 1..3).prop_map(|list| format!("table ({})", list.join(", "))),
        (read(), read()).prop_map(|(one, other)| format!("template of {one}, {other}")),
        (read(), column(), column()).prop_map(|(read, one, other)| format!("select {one}, {other} as w from {read}")),
        (read(), column()).prop_map(|(read, by)| format!("select * from {read} where {by} > 0")),
        (read(), column()).prop_map(|(read, by)| format!("select {by}, count(*) as n from {read} group by {by}")),
        (read(), column())
            .prop_map(|(read, record)| format!("select ({record}).f, ({record}).g as {record} from {read}")),
        (read(), read(), column()).prop_map(|(one, other, by)| {
            format!("select l.{by}, r.* from {one} l left join {other} r on l.{by} = r.{by}")
        }),
        (read(), read()).prop_map(|(one, other)| format!("select x, y from {one} union all select y, x from {other}")),
        (read(), column()).prop_map(move |(read, by)| {
            format!("create temp table t as select * from {read}; insert into {called} select {by}, z from t;")
        }),
    ]
    .prop_map(move |text| (called, text))
}

fn project() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    (model("a"), model("b"), model("c"), model("d"), model("e")).prop_map(|(a, b, c, d, e)| vec![a, b, c, d, e])
}

fn relations(project: &[(&'static str, String)]) -> Vec<Relation> {
    project.iter().map(|(called, text)| relation((called, leak(text.clone())))).collect()
}

fn built(project: &[(&'static str, String)], tables: &Tables) -> LineageGraph {
    LineageGraph::build(relations(project), tables).graph
}

fn parts(graph: &LineageGraph) -> Vec<ColumnId> {
    graph.nodes().flat_map(|node| graph.columns().parts_of(node).collect::<Vec<_>>()).collect()
}

fn reached(graph: &LineageGraph, from: ColumnId, way: Direction) -> BTreeSet<ColumnId> {
    graph.columns().walk(&[from], way).iter().map(|reached| reached.id).collect()
}

fn is_field(graph: &LineageGraph, id: ColumnId) -> bool {
    graph.columns().node(id).column().is_some_and(|path| !path.fields().is_empty())
}

/// The relations that something in a relation depends on directly.
fn read_by(graph: &LineageGraph, reader: Node) -> BTreeSet<Node> {
    let columns = graph.columns();
    let upstream = columns.parts_of(reader).flat_map(|part| columns.upstream(part).collect::<Vec<_>>());
    upstream.map(|(on, _)| columns.node(on).relation).filter(|read| *read != reader).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn upstream_is_downstream_the_other_way_round(project in project()) {
        let graph = built(&project, &Tables::default());
        for from in parts(&graph).into_iter().filter(|id| !is_field(&graph, *id)) {
            for to in reached(&graph, from, Direction::Downstream) {
                prop_assert!(reached(&graph, to, Direction::Upstream).contains(&from));
            }
        }
    }

    #[test]
    fn what_reads_a_record_is_downstream_of_its_fields(project in project()) {
        let graph = built(&project, &Tables::default());
        for field in parts(&graph).into_iter().filter(|id| is_field(&graph, *id)) {
            let found = reached(&graph, field, Direction::Downstream);
            let node = graph.columns().node(field);
            let record = graph.columns().locate(node.relation, &headsup_lineage::dependency::Slot::Column(
                headsup_lineage::dependency::ColumnPath::whole(node.column().unwrap().column.clone()),
            )).unwrap();
            for (reader, _) in graph.columns().downstream(record).filter(|(id, _)| !is_field(&graph, *id)) {
                prop_assert!(found.contains(&reader), "{}", spelled(&graph, reader));
            }
        }
    }

    #[test]
    fn every_relation_that_is_read_is_read_in_some_column_or_for_its_rows(project in project()) {
        let graph = built(&project, &Tables::default());
        for reader in graph.nodes() {
            let read: BTreeSet<Node> = graph.parents(reader).into_iter().filter(|parent| *parent != reader).collect();
            prop_assert_eq!(read_by(&graph, reader), read, "{}", graph.relation(reader).name);
        }
    }

    #[test]
    fn the_same_project_gives_the_same_graph(project in project()) {
        let (one, other) = (built(&project, &Tables::default()), built(&project, &Tables::default()));
        let lines = |graph: &LineageGraph| -> Vec<String> {
            parts(graph).into_iter().flat_map(|id| {
                let upstream = graph.columns().upstream(id).map(|(on, edge)| format!("{} <- {} {edge:?}", spelled(graph, id), spelled(graph, on)));
                upstream.collect::<Vec<_>>()
            }).collect()
        };
        prop_assert_eq!(lines(&one), lines(&other));
    }

    #[test]
    fn columns_come_after_all_that_is_known_of_them(project in project()) {
        let graph = built(&project, &Tables::default());
        for node in graph.nodes() {
            let shape = graph.shape(node);
            let own: Vec<_> = graph.columns().columns_of(node).skip(1).map(|id| graph.columns().node(id).column().cloned()).collect();
            for (known, column) in shape.columns.iter().zip(&own) {
                prop_assert_eq!(Some(known), column.as_ref().map(|path| &path.column));
            }
            prop_assert!(shape.columns.len() <= own.len());
            if shape.extent == Extent::Open {
                prop_assert!(graph.columns().part(node, &headsup_lineage::graph::columns::Part::Others).is_some());
            }
        }
    }

    /// Who learns the columns of a table that reads nothing learns nothing that was not so before.
    #[test]
    fn to_know_more_of_a_table_takes_no_relation_away_from_its_readers(project in project(), known in prop::sample::select(NAMES.to_vec())) {
        let mut tables = Tables::default();
        tables.add(name(known), None, columns("x, y, z, rec, w, n, f"));
        let (less, more) = (built(&project, &Tables::default()), built(&project, &tables));
        for reader in less.nodes() {
            prop_assert_eq!(read_by(&less, reader), read_by(&more, reader), "{}", less.relation(reader).name);
        }
    }
}
