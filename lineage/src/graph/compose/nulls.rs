//! In which columns NULL never stands: those that are declared so, and those that only ever hold what
//! such a column holds. It must not know SQL.

use std::collections::BTreeSet;

use crate::dependency::{ColumnPath, EdgeKind};
use crate::graph::columns::Part;
use crate::graph::{LineageGraph, Node};
use crate::name::ColumnName;
use crate::query::Nullability;
use crate::relation::{Body, Relation};

/// The columns of each relation in which NULL never stands, by the relation's place; `order` has each
/// relation after those that it reads.
pub(super) fn never_null(graph: &LineageGraph, order: &[Node]) -> Vec<BTreeSet<ColumnName>> {
    let mut found = vec![BTreeSet::new(); graph.graph.node_count()];
    for node in order {
        let relation = graph.relation(*node);
        let declared = relation.schema.columns.iter().filter(|column| column.nullability == Nullability::NotNull);
        let mut columns: BTreeSet<ColumnName> = declared.map(|column| column.name.clone()).collect();
        if is_one_query(relation) && !groups(graph, *node) {
            let passed = graph.shape(*node).columns.iter().filter(|column| passes(graph, *node, column, &found));
            columns.extend(passed.cloned().collect::<Vec<_>>());
        }
        found[node.0.index()] = columns;
    }
    found
}

/// Whether a relation holds what one query returns, and nothing from before.
fn is_one_query(relation: &Relation) -> bool {
    let is_kept = relation.config.get("materialized").is_some_and(|kind| kind.contains("incremental"));
    let [writer] = relation.writers.as_slice() else { return false };
    !is_kept && writer.incomplete.is_none() && matches!(&writer.body, Body::Sql { variants, .. } if variants.len() == 1)
}

/// Whether it groups: grouping sets put NULL in the place of keys.
fn groups(graph: &LineageGraph, node: Node) -> bool {
    let columns = graph.columns();
    let rows = columns.part(node, &Part::Rows);
    rows.is_some_and(|rows| columns.upstream(rows).any(|(_, edge)| edge.kind == EdgeKind::GroupBy))
}

/// Whether a column is, wherever it comes from, a column that is never NULL as it is. One that an outer
/// join can leave without a row depends on that join as well.
fn passes(graph: &LineageGraph, node: Node, column: &ColumnName, known: &[BTreeSet<ColumnName>]) -> bool {
    let columns = graph.columns();
    let Some(id) = columns.part(node, &Part::Column(ColumnPath::whole(column.clone()))) else { return false };
    let mut sources = columns.upstream(id).peekable();
    sources.peek().is_some()
        && sources.all(|(from, edge)| {
            let source = columns.node(from);
            let is_never_null =
                |path: &ColumnPath| path.fields().is_empty() && known[source.relation.0.index()].contains(&path.column);
            edge.kind == EdgeKind::Identity && source.relation != node && source.column().is_some_and(is_never_null)
        })
}
