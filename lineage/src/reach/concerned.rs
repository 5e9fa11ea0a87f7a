//! Which relations a comparison concerns: nothing arrives anywhere else. It must not know columns.

use std::collections::BTreeSet;

use crate::change::Comparison;
use crate::graph::{LineageGraph, Node};
use crate::relation::{Reference, RelationId};

/// Relations of base, and of head.
pub(super) type OfBoth = (BTreeSet<Node>, BTreeSet<Node>);

/// The relations of both versions that anything can start at or arrive at: what changed, what may read more than
/// could be found, and all that is downstream of it in either version, by whatever name it goes there.
pub(super) fn concerned(base: &LineageGraph, head: &LineageGraph, comparison: &Comparison) -> OfBoth {
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

/// Those of them that are upstream of what somebody reads, in either version and by whatever name; himself he is in the
/// project that is given with it. On the way from a change to him there is no other. Whatever else reads them is there
/// as well: which columns a relation has is shown by those who ask for them.
pub(super) fn concerned_upstream<'r>(
    base: &LineageGraph,
    head: &LineageGraph,
    comparison: &Comparison,
    reads: impl IntoIterator<Item = (&'r Reference, Option<&'r str>)>,
) -> OfBoth {
    let (all_of_base, all_of_head) = concerned(base, head, comparison);
    let (mut of_base, mut of_head) = (BTreeSet::new(), BTreeSet::new());
    let mut ahead: Vec<RelationId> = Vec::new();
    for (read, project) in reads {
        for graph in [base, head] {
            ahead.extend(graph.resolve(read, project).into_iter().map(|node| graph.relation(node).id.clone()));
        }
    }
    let followed = &comparison.followed;
    while let Some(id) = ahead.pop() {
        for (graph, all, within) in [(base, &all_of_base, &mut of_base), (head, &all_of_head, &mut of_head)] {
            let Some(node) = graph.by_id(&id).filter(|node| all.contains(node) && within.insert(*node)) else {
                continue;
            };
            ahead.extend(graph.parents(node).into_iter().map(|parent| graph.relation(parent).id.clone()));
            ahead.extend([followed.before(&id), followed.now(&id)].into_iter().flatten().cloned());
        }
    }
    (base.downstream(of_base), head.downstream(of_head))
}
