//! Laws that hold for any project.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use headsup_lineage::change::compare;
use headsup_lineage::dependency::Extent;
use headsup_lineage::diagnostic::Position;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::graph::columns::{ColumnId, Direction};
use headsup_lineage::graph::tables::Tables;
use headsup_lineage::graph::{LineageGraph, Lineages, Node};
use headsup_lineage::name::{ColumnName, Quoting};
use headsup_lineage::parsed::Parsed;
use headsup_lineage::query::{Read, ReadRole};
use headsup_lineage::reach::{spread, spread_toward};
use headsup_lineage::relation::{Reference, Relation};
use proptest::prelude::*;

use super::support::{columns, name, relation, spelled};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
const COLUMNS: [&str; 4] = ["x", "y", "z", "rec"];

fn columns_named(names: &[&str]) -> Vec<ColumnName> {
    names.iter().map(|name| ColumnName::new(Dialect::Ansi, name, Quoting::Bare)).collect()
}

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

/// The relations of a version whose texts are read once for all versions.
fn sharing(project: &[(&'static str, String)], scripts: &mut HashMap<String, Arc<Parsed>>) -> Vec<Relation> {
    let mut read = relations(project);
    for filling in read.iter_mut().flat_map(|relation| &mut relation.writers).flat_map(|writer| &mut writer.fillings) {
        let text = format!("{:?}", filling.text);
        filling.text = Arc::clone(scripts.entry(text).or_insert_with(|| Arc::clone(&filling.text)));
    }
    read
}

/// Every dependency, in words.
fn lines(graph: &LineageGraph) -> Vec<String> {
    let of_part = |id: ColumnId| {
        let upstream = graph.columns().upstream(id);
        upstream.map(move |(on, edge)| format!("{} <- {} {edge:?}", spelled(graph, id), spelled(graph, on)))
    };
    parts(graph).into_iter().flat_map(of_part).collect()
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
        prop_assert_eq!(lines(&one), lines(&other));
    }

    /// Edges are made for what is downstream of a change, or for all; the change arrives at the same places.
    #[test]
    fn what_a_change_does_not_concern_is_not_missed(
        project in project(),
        edits in prop::collection::vec((model("a"), 0_usize..5), 1..3),
        gone in prop::option::of(0_usize..5),
    ) {
        let mut other = project.clone();
        for ((_, text), place) in edits {
            other[place].1 = text.replace("insert into a ", &format!("insert into {} ", other[place].0));
        }
        if let Some(place) = gone {
            other.remove(place);
        }
        let both = || {
            let tables = Tables::default();
            let (base, head) = LineageGraph::build_both(relations(&project), relations(&other), &tables);
            (base.graph, head.graph)
        };
        let arrivals = |base: &LineageGraph, head: &LineageGraph| {
            let comparison = compare(base, head, &BTreeSet::new());
            let spread = spread(base, head, &comparison);
            let ways = spread.arrivals().iter().map(|(id, arrival)| format!("{id}: {arrival:?} by {:?}", spread.path(id)));
            ways.collect::<Vec<_>>()
        };
        let ((base, head), (all_of_base, all_of_head)) = (both(), both());
        let (_, _) = (all_of_base.columns(), all_of_head.columns());
        prop_assert_eq!(arrivals(&base, &head), arrivals(&all_of_base, &all_of_head));
        // Toward one reader, it is walked among what is upstream of him only.
        let (base, head) = both();
        let comparison = compare(&base, &head, &BTreeSet::new());
        let whole = spread(&base, &head, &comparison);
        for (called, _) in project.iter().chain(&other) {
            let read = [Reference::Name(Read { name: name(called), role: ReadRole::Table, position: Position::START })];
            let toward = spread_toward(read.iter().map(|read| (read, None)), &base, &head, &comparison);
            for wanted in [None, Some(columns_named(&["x"])), Some(columns_named(&["y", "z"]))] {
                let wanted = |_: &Relation| wanted.clone();
                prop_assert_eq!(toward.judge(&read, None, &wanted), whole.judge(&read, None, &wanted), "{}", called);
            }
        }
    }

    /// What was found of a text in one version is found of it in another one only where that is so there.
    #[test]
    fn what_other_versions_showed_of_texts_changes_nothing(
        project in project(),
        edits in prop::collection::vec((model("a"), 0_usize..5, any::<bool>()), 1..4),
    ) {
        let mut versions = vec![project];
        for ((_, text), place, is_loud) in edits {
            let mut next = versions[versions.len() - 1].clone();
            // Names print as they are written, whatever they are compared by.
            let text = if is_loud && text.starts_with("select") { text.to_uppercase() } else { text };
            let text = text.replace("insert into a ", &format!("insert into {} ", next[place].0));
            next[place].1 = text;
            versions.push(next);
        }
        let mut scripts = HashMap::new();
        let mut read: Vec<Vec<Relation>> = versions.iter().map(|version| sharing(version, &mut scripts)).collect();
        read.reverse();
        let mut next = || read.pop().unwrap();
        let (tables, lineages) = (Tables::default(), Lineages::default());
        let (first, second, mut apart) = LineageGraph::build_first(next(), next(), &tables, &lineages);
        let mut graphs = vec![first.graph, second.graph];
        for _ in 2..versions.len() {
            let (built, names) = graphs[graphs.len() - 1].build_next(next(), &apart, &tables, &lineages).unwrap();
            apart = names;
            graphs.push(built.graph);
        }
        for (graph, version) in graphs.iter().zip(&versions) {
            let alone = built(version, &tables);
            prop_assert_eq!(lines(graph), lines(&alone));
            for node in alone.nodes() {
                prop_assert_eq!(format!("{:?}", graph.shape(node)), format!("{:?}", alone.shape(node)));
                prop_assert_eq!(graph.openness(node), alone.openness(node));
                prop_assert_eq!(graph.never_null(node), alone.never_null(node));
            }
        }
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
