//! Which relations a comparison concerns: nothing arrives anywhere else. It must not know columns.

use std::collections::BTreeSet;

use crate::change::Comparison;
use crate::graph::{LineageGraph, Node};
use crate::relation::RelationId;

/// The relations of both versions that anything can start at or arrive at: what changed, what may read more than
/// could be found, and all that is downstream of it in either version, by whatever name it goes there.
pub(super) fn concerned(
    base: &LineageGraph,
    head: &LineageGraph,
    comparison: &Comparison,
) -> (BTreeSet<Node>, BTreeSet<Node>) {
    let (mut of_base, mut of_head) = (BTreeSet::new(), BTreeSet::new());
    let mut ahead: Vec<RelationId> = comparison.changes.iter().map(|change| change.id.clone()).collect();
    let followed = &comparison.followed;
    ahead.extend(comparison.changes.iter().filter_map(|change| followed.before(&change.id)).cloned());
    if !comparison.is_silent() {
        let may_read_more = |node: &Node| head.relation(*node).writers.iter().any(|writer| writer.incomplete.is_some());
        ahead.extend(head.nodes().filter(may_read_more).map(|node| head.relation(node).id.clone()));
    }
    while let Some(id) = ahead.pop() {
        for (graph, within) in [(base, &mut of_base), (head, &mut of_head)] {
            let Some(node) = graph.by_id(&id).filter(|node| within.insert(*node)) else { continue };
            ahead.extend(graph.children(node).into_iter().map(|child| graph.relation(child).id.clone()));
        }
    }
    (of_base, of_head)
}
