//! A small project to its column graph as text: one line for each part of a relation that depends on
//! something.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use headsup_lineage::diagnostic::Position;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::filling::{Filling, Order, Places, Target};
use headsup_lineage::graph::columns::{ColumnId, Part};
use headsup_lineage::graph::tables::Tables;
use headsup_lineage::graph::{LineageGraph, Node};
use headsup_lineage::name::{ColumnName, Quoting, RelationName};
use headsup_lineage::parsed::Parsed;
use headsup_lineage::query::{DeclaredColumn, Lifetime, Nullability, Script, StatementKind, TableSchema};
use headsup_lineage::relation::{Body, Declaration, Reference, Relation, RelationId, RelationKind, Rung, Writer};

pub(crate) const DIALECT: Dialect = Dialect::Postgres;

/// A relation of a test: its name and what it is.
///
/// - `table (a, b)` has these columns, `table (a, ...)` has these among others; in `a!` NULL never stands;
/// - `template of a, b` was not rendered and reads these, and so does a `routine of a, b`;
/// - anything else is SQL: a query, or statements that fill the relation; `tsql: …` is SQL of T-SQL.
pub(crate) type Model = (&'static str, &'static str);

pub(crate) fn name(text: &str) -> RelationName {
    RelationName::parse(DIALECT, text)
}

pub(crate) fn column(text: &str) -> ColumnName {
    ColumnName::new(DIALECT, text, Quoting::Bare)
}

pub(crate) fn columns(list: &str) -> TableSchema {
    let names = list.split(',').map(str::trim).filter(|name| !name.is_empty() && *name != "...");
    let declared = names.map(|name| DeclaredColumn {
        name: column(name.trim_end_matches('!')),
        data_type: String::new(),
        nullability: if name.ends_with('!') { Nullability::NotNull } else { Nullability::Nullable },
    });
    TableSchema { columns: declared.collect(), ..TableSchema::default() }
}

pub(crate) fn relation((called, text): Model) -> Relation {
    let path: Arc<str> = Arc::from(format!("{called}.sql"));
    let mut relation = Relation {
        id: RelationId::new(called),
        name: name(called),
        aliases: Vec::new(),
        kind: RelationKind::Model,
        rung: Rung::Open,
        project: Arc::from("shop"),
        writers: Vec::new(),
        declared_in: Some((Arc::clone(&path), Position::START)),
        schema: TableSchema::default(),
        declaration: Declaration::Described,
        config: BTreeMap::new(),
    };
    let mut writer = Writer {
        path,
        position: Position::START,
        reads: Vec::new(),
        described: Default::default(),
        incomplete: None,
        body: Body::Opaque { digest: Arc::from("") },
        fillings: Vec::new(),
    };
    if let Some(list) = text.strip_prefix("table (").and_then(|rest| rest.strip_suffix(')')) {
        relation.kind = RelationKind::Source;
        relation.schema = columns(list);
        relation.declaration = if list.contains("...") { Declaration::Described } else { Declaration::Ddl };
        return relation;
    }
    if text.starts_with("routine of ") || text.starts_with("create function ") {
        relation.kind = RelationKind::Routine;
    }
    if let Some(reads) = text.strip_prefix("template of ").or_else(|| text.strip_prefix("routine of ")) {
        let by_id = |read: &str| Reference::Id(RelationId::new(read.trim()), Position::START);
        writer.reads = reads.split(',').map(by_id).collect();
        relation.rung = Rung::Refs;
    } else {
        let (dialect, text) = in_dialect(text);
        let parsed = Arc::new(Parsed::read(&Arc::from(text), dialect));
        let script = parsed.script();
        assert!(script.diagnostics.is_empty(), "{text}\n{:?}", script.diagnostics);
        let reads = script.statements.iter().flat_map(|statement| statement.reads.clone());
        let local = locals(&script);
        let reads: BTreeSet<_> = reads.filter(|read| !local.contains(&read.name)).map(Reference::Name).collect();
        writer.reads = reads.into_iter().collect();
        writer.body = Body::Sql { dialect, variants: vec![Arc::from(text)], conditions: None };
        writer.fillings = vec![filling(called, parsed, local)];
    }
    relation.writers = vec![writer];
    relation
}

/// The dialect that a text begins with, if it begins with one.
fn in_dialect(text: &'static str) -> (Dialect, &'static str) {
    let begun = text.split_once(": ").and_then(|(dialect, text)| Some((dialect.parse().ok()?, text)));
    begun.unwrap_or((DIALECT, text))
}

fn locals(script: &Script) -> BTreeSet<RelationName> {
    let is_local = |kind: &StatementKind| {
        matches!(kind, StatementKind::Build(Lifetime::Temporary) | StatementKind::Declare(Lifetime::Temporary, _))
    };
    let statements = script.statements.iter().filter(|statement| is_local(&statement.kind));
    statements.flat_map(|statement| statement.targets.clone()).collect()
}

fn filling(called: &str, text: Arc<Parsed>, local: BTreeSet<RelationName>) -> Filling {
    let script = text.script();
    let fills = script.statements.iter().any(|statement| statement.targets.contains(&name(called)));
    let target = if fills { Target::Named(name(called)) } else { Target::Whole };
    let statements = (0..script.statements.len()).collect();
    Filling { text, statements, target, local, order: Order::Straight, places: Places::File }
}

pub(crate) fn graph(models: &[Model]) -> LineageGraph {
    let relations = models.iter().map(|model| relation(*model)).collect();
    LineageGraph::build(relations, &Tables::default()).graph
}

pub(crate) fn node(graph: &LineageGraph, called: &str) -> Node {
    let found = graph.by_name(&name(called), None).candidates();
    assert_eq!(found.len(), 1, "{called} is one relation");
    found[0]
}

/// A part as text: `orders` are its rows, `orders.*` some column of it, `orders.+` all of them, and
/// `orders.?` those that nobody names.
pub(crate) fn spelled(graph: &LineageGraph, id: ColumnId) -> String {
    let part = graph.columns().node(id);
    let relation = &graph.relation(part.relation).name;
    match &part.part {
        Part::Rows => relation.to_string(),
        Part::Column(path) => format!("{relation}.{path}"),
        Part::Others => format!("{relation}.?"),
        Part::Any => format!("{relation}.*"),
        Part::Every => format!("{relation}.+"),
    }
}

/// A line for each part of each relation that depends on something: on what, and how.
pub(crate) fn print(graph: &LineageGraph, models: &[Model]) -> String {
    let mut text = String::new();
    let parts = models.iter().flat_map(|(called, _)| graph.columns().parts_of(node(graph, called)));
    for id in parts {
        let upstream = graph.columns().upstream(id);
        let upstream: Vec<String> =
            upstream.map(|(from, edge)| format!("{} {}", spelled(graph, from), edge.kind)).collect();
        if !upstream.is_empty() {
            writeln!(text, "{} <- {}", spelled(graph, id), upstream.join(", ")).unwrap();
        }
    }
    text
}

/// Checks what everything depends on.
pub(crate) fn check(models: &[Model], expected: &str) {
    let graph = graph(models);
    let found = print(&graph, models);
    let wanted: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let lines: Vec<&str> = found.lines().map(str::trim_end).collect();
    assert!(lines == wanted, "{models:#?}\n\nfound\n{found}\nexpected\n{}\n", wanted.join("\n"));
}
