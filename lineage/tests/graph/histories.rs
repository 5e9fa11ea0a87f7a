//! A graph that is made of the one before is the graph that is made of nothing.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use headsup_lineage::diagnostic::Diagnostic;
use headsup_lineage::graph::tables::Tables;
use headsup_lineage::graph::{BuiltGraph, LineageGraph, Lineages};
use headsup_lineage::relation::{Reference, Relation, RelationId, RelationKind};
use proptest::prelude::*;

use super::support::{name, relation, spelled};

/// A relation of a history: which one, what it is, and the names that it has beside its id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Written {
    id: &'static str,
    text: String,
    aliases: Vec<&'static str>,
    project: &'static str,
    /// Whether its name is written in capitals, which means the same.
    is_loud: bool,
}

/// One version: what is in each place.
type Version = BTreeMap<usize, Written>;

const IDS: [&str; 7] = ["a", "b", "c", "d", "raw_a", "f", "zz"];
/// Some are names of one relation or another, some of none, and some of what is a name of its own elsewhere.
const READ: [&str; 13] =
    ["a", "b", "c", "d", "core.a", "raw.a", "Raw.A", "raw.b", "lake.raw.b", "nowhere", "Nowhere", "f", "raw.zz"];
const ALIASES: [&str; 6] = ["core.a", "raw.a", "raw.b", "core.b", "lake.core.c", "raw.zz"];

fn text() -> impl Strategy<Value = String> {
    let read = || prop::sample::select(READ.to_vec());
    let id = || prop::sample::select(IDS.to_vec());
    let column = || prop::sample::select(vec!["x", "y", "z"]);
    prop_oneof![
        2 => prop::collection::vec(column(), 0..3).prop_map(|list| format!("table ({}, ...)", list.join(", "))),
        2 => prop::collection::vec(column(), 1..3).prop_map(|list| format!("table ({})", list.join(", "))),
        1 => prop::collection::vec(column(), 1..3).prop_map(|list| format!("table ({}!)", list.join("!, "))),
        1 => read().prop_map(|read| format!("source: select * from {read}")),
        1 => (id(), id()).prop_map(|(one, other)| format!("template of {one}, {other}")),
        4 => (read(), column()).prop_map(|(read, one)| format!("select {one}, x as w from {read}")),
        4 => (read(), column()).prop_map(|(read, by)| format!("select * from {read} where {by} > 0")),
        1 => (read(), column()).prop_map(|(read, by)| format!("select f({by}) as g from {read}")),
        2 => (read(), read(), column()).prop_map(|(one, other, by)| {
            format!("select l.{by}, r.* from {one} l left join {other} r on l.{by} = r.{by}")
        }),
        1 => read().prop_map(|read| format!("bigquery: select * from `raw.z*` cross join {read}")),
        1 => Just("create function f(v int) returns int as $$ select v $$ language sql".to_owned()),
        1 => Just("create function f(v int) returns table (x int) as $$ select v $$ language sql".to_owned()),
        1 => Just("routine of a, raw_a".to_owned()),
    ]
}

fn written(id: &'static str) -> impl Strategy<Value = Written> {
    let project = prop::sample::select(vec!["shop", "shop", "lab"]);
    (text(), prop::sample::subsequence(ALIASES.to_vec(), 0..3), project, prop::bool::weighted(0.2))
        .prop_map(move |(text, aliases, project, is_loud)| Written { id, text, aliases, project, is_loud })
}

fn version() -> impl Strategy<Value = Version> {
    let all: Vec<_> = IDS.into_iter().enumerate().map(|(place, id)| (Just(place), written(id))).collect();
    (all, 0_usize..IDS.len()).prop_map(|(mut all, without)| {
        all.remove(without);
        all.into_iter().collect()
    })
}

/// What becomes of the relation at a place.
#[derive(Debug, Clone)]
enum Edit {
    Gone,
    Replaced(String),
    Called(Vec<&'static str>),
    Respelled,
    New(Written),
}

fn edit() -> impl Strategy<Value = (usize, Edit)> {
    let place = 0_usize..IDS.len();
    let aliases = || prop::sample::subsequence(ALIASES.to_vec(), 0..3);
    place.prop_flat_map(move |place| {
        let edit = prop_oneof![
            1 => Just(Edit::Gone),
            4 => text().prop_map(Edit::Replaced),
            1 => aliases().prop_map(Edit::Called),
            1 => Just(Edit::Respelled),
            2 => written(IDS[place]).prop_map(Edit::New),
        ];
        (Just(place), edit)
    })
}

fn edits() -> impl Strategy<Value = Vec<(usize, Edit)>> {
    prop::collection::vec(edit(), 0..4)
}

fn edited(version: &Version, edits: &[(usize, Edit)]) -> Version {
    let mut next = version.clone();
    for (place, edit) in edits {
        match edit {
            Edit::Gone => {
                next.remove(place);
            }
            Edit::New(written) => {
                next.insert(*place, written.clone());
            }
            Edit::Replaced(text) => {
                next.entry(*place).and_modify(|written| written.text.clone_from(text));
            }
            Edit::Respelled => {
                next.entry(*place).and_modify(|written| written.is_loud = !written.is_loud);
            }
            Edit::Called(aliases) => {
                next.entry(*place).and_modify(|written| written.aliases.clone_from(aliases));
            }
        }
    }
    next
}

fn made(written: &Written) -> Arc<Relation> {
    let text: &'static str = Box::leak(written.text.clone().into_boxed_str());
    let mut made = relation((written.id, text.strip_prefix("source: ").unwrap_or(text)));
    if text.starts_with("source: ") {
        made.kind = RelationKind::Source;
    }
    if written.is_loud {
        made.name = name(&written.id.to_uppercase());
    }
    made.id = RelationId::new(format!("model.{}", written.id));
    for read in made.writers.iter_mut().flat_map(|writer| &mut writer.reads) {
        if let Reference::Id(id, _) = read {
            *id = RelationId::new(format!("model.{id}"));
        }
    }
    made.aliases = written.aliases.iter().map(|alias| name(alias)).collect();
    made.project = Arc::from(written.project);
    Arc::new(made)
}

/// All that can be asked of a graph, in words.
fn told(built: &BuiltGraph) -> Vec<String> {
    fn one(what: &str, answer: impl Debug) -> String {
        format!("{what}: {answer:?}")
    }
    let graph = &built.graph;
    let mut lines: Vec<String> = built.diagnostics.iter().map(|found: &Diagnostic| one("diagnostic", found)).collect();
    for node in graph.nodes() {
        let relation = graph.relation(node);
        let called = |nodes: &mut dyn Iterator<Item = headsup_lineage::graph::Node>| {
            nodes.map(|node| graph.relation(node).id.to_string()).collect::<Vec<_>>()
        };
        lines.push(one("relation", (&relation.id, relation.name.to_string(), relation.kind == RelationKind::External)));
        lines.push(one("parents", called(&mut graph.parents(node).into_iter())));
        lines.push(one("children", called(&mut graph.children(node).into_iter())));
        for parent in graph.parents(node) {
            lines.push(one("sites", graph.read_sites(parent, node)));
        }
        lines.push(one("shape", (graph.shape(node), graph.never_null(node), graph.rung(node), graph.openness(node))));
        lines.push(one("by id", graph.by_id(&relation.id) == Some(node)));
        for part in graph.columns().parts_of(node) {
            for (on, edge) in graph.columns().upstream(part) {
                lines.push(format!("{} <- {} {edge:?}", spelled(graph, part), spelled(graph, on)));
            }
        }
    }
    for text in READ.into_iter().chain(ALIASES) {
        for project in [None, Some("shop"), Some("lab")] {
            let found = graph.by_name(&name(text), project).candidates();
            let found = found.into_iter().map(|node| graph.relation(node).id.to_string());
            lines.push(one(text, found.collect::<Vec<_>>()));
        }
    }
    lines.push(one("cycles", graph.cycles()));
    lines
}

/// Two versions read for themselves: nothing of one is the same as anything of the other.
fn alone(base: &Version, head: &Version) -> (BuiltGraph, BuiltGraph) {
    let relations = |version: &Version| version.values().map(made).collect::<Vec<_>>();
    LineageGraph::build_both(relations(base), relations(head), &Tables::default())
}

/// What one graph tells and another does not.
fn differing(one: &BuiltGraph, other: &BuiltGraph) -> String {
    let (one, other) = (told(one), told(other));
    let only = |these: &[String], those: &[String], sign: &str| {
        let lines = these.iter().filter(|line| !those.contains(line)).map(|line| format!("{sign} {line}\n"));
        lines.collect::<String>()
    };
    match one == other {
        true => String::new(),
        false => format!("differs:\n{}{}", only(&one, &other, "-"), only(&other, &one, "+")),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_history_gives_the_graphs_that_each_pair_gives(
        first in version(),
        steps in prop::collection::vec((edits(), prop::option::weighted(0.3, edits())), 1..6),
    ) {
        let mut known: BTreeMap<Written, Arc<Relation>> = BTreeMap::new();
        let mut relations = |version: &Version| {
            let relation = |written: &Written| Arc::clone(known.entry(written.clone()).or_insert_with(|| made(written)));
            version.values().map(relation).collect::<Vec<_>>()
        };
        let (tables, lineages) = (Tables::default(), Lineages::default());
        let mut last: Option<(BuiltGraph, _)> = None;
        let mut version = first;
        for (edits, leap) in &steps {
            // Base can be read otherwise than it was as the head of the pair before.
            let base_version = leap.as_ref().map_or_else(|| version.clone(), |leap| edited(&version, leap));
            let head_version = edited(&base_version, edits);
            let go_on = last.as_ref().filter(|_| leap.is_none());
            let next = go_on.and_then(|(before, apart)| {
                before.graph.build_next(relations(&head_version), apart, &tables, &lineages)
            });
            let (head, apart) = next.unwrap_or_else(|| {
                let pair = (relations(&base_version), relations(&head_version));
                let (base, head, apart) = match &last {
                    Some((earlier, apart)) => earlier.graph.build_pair(apart, pair.0, pair.1, &tables, &lineages),
                    None => LineageGraph::build_first(pair.0, pair.1, &tables, &lineages),
                };
                last = Some((base, apart.clone()));
                (head, apart)
            });
            let (base_alone, head_alone) = alone(&base_version, &head_version);
            if let Some((base, _)) = &last {
                // Which relation showed that a name is to be set apart is told of the pair in which it was first seen.
                let of_graph = differing(base, &base_alone);
                let others = of_graph.lines().skip(1).filter(|line| !line.contains("source-named-like-model"));
                prop_assert_eq!(others.count(), 0, "{}", of_graph);
            }
            prop_assert_eq!(differing(&head, &head_alone), "");
            last = Some((head, apart));
            version = head_version;
        }
    }
}
