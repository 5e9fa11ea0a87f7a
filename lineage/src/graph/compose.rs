//! From relations to their columns: shapes, and what each column and the rows depend on.

use std::sync::Arc;

use crate::dependency::{ColumnPath, EdgeKind, Extent, Shape};
use crate::diagnostic::Position;
use crate::relation::Declaration;

use super::columns::Part;
use super::columns::weave::Weave;
use super::{LineageGraph, Node};

/// Finds the shapes of all relations and what their columns depend on.
pub(super) fn compose(graph: &mut LineageGraph) {
    let mut weave = Weave::default();
    let nodes: Vec<Node> = graph.nodes().collect();
    graph.shapes = nodes.iter().map(|node| declared(graph, *node)).collect();
    for node in &nodes {
        let path = graph.relation(*node).files().first().map_or_else(|| Arc::from(""), Arc::clone);
        weave.part(*node, Part::Rows);
        let [any, every, others] = [Part::Any, Part::Every, Part::Others].map(|part| weave.part(*node, part));
        weave.depend(every, others, EdgeKind::Identity, &path, Position::START);
        weave.depend(others, any, EdgeKind::Identity, &path, Position::START);
        for column in graph.shape(*node).columns.clone() {
            let column = weave.part(*node, Part::Column(ColumnPath::whole(column)));
            weave.know(column);
            weave.depend(every, column, EdgeKind::Identity, &path, Position::START);
            weave.depend(column, any, EdgeKind::Identity, &path, Position::START);
        }
    }
    for reader in &nodes {
        for parent in graph.parents(*reader) {
            for site in graph.read_sites(parent, *reader) {
                for on in [Part::Rows, Part::Any].map(|part| weave.part(parent, part)) {
                    for of in [Part::Rows, Part::Every].map(|part| weave.part(*reader, part)) {
                        weave.depend(on, of, EdgeKind::Unknown, &site.path, site.position);
                    }
                }
            }
        }
    }
    graph.columns = weave.finish(nodes.len());
}

/// What the declaration of a relation says of its columns.
fn declared(graph: &LineageGraph, node: Node) -> Shape {
    let relation = graph.relation(node);
    let columns = relation.schema.columns.iter().map(|column| column.name.clone()).collect();
    let extent = match relation.declaration {
        Declaration::Ddl => Extent::Closed,
        Declaration::Described => Extent::Open,
    };
    Shape { columns, extent, keys: Vec::new() }
}
