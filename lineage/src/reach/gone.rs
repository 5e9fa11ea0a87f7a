//! What becomes of those that read a relation that is gone. It must not know effects.

use crate::graph::{LineageGraph, Node};
use crate::relation::{Reference, Relation, RelationKind};

/// What became of the read of a relation that is gone, or has another name.
pub(super) enum GoneRead {
    /// The name finds nothing any more.
    Lost,
    /// The name finds another relation.
    Elsewhere,
    /// The reader no longer asks for it, or finds it still.
    Given,
}

pub(super) fn read_of_gone(head: &LineageGraph, reader: Node, gone: &Relation) -> GoneRead {
    let relation = head.relation(reader);
    let asked = relation.writers.iter().flat_map(|writer| &writer.reads).filter(|read| match read {
        Reference::Id(id, _) => *id == gone.id,
        Reference::Name(read) => {
            std::iter::once(&gone.name).chain(&gone.aliases).any(|name| name.agreement(&read.name).is_some())
        }
    });
    let mut verdict = GoneRead::Given;
    for reference in asked {
        let found = head.resolve(reference, Some(&relation.project));
        let is_it = |node: &&Node| {
            let relation = head.relation(**node);
            relation.id == gone.id && relation.kind != RelationKind::External
        };
        if let Some(node) = found.iter().find(is_it) {
            // What the warehouse has by that name still is no longer built.
            let stays_behind = match reference {
                Reference::Id(..) => false,
                Reference::Name(read) => gone.is_known_as(&read.name) && !head.relation(*node).is_known_as(&read.name),
            };
            if stays_behind {
                verdict = GoneRead::Elsewhere;
            }
            continue;
        }
        if found.iter().all(|node| head.relation(*node).kind == RelationKind::External) {
            return GoneRead::Lost;
        }
        verdict = GoneRead::Elsewhere;
    }
    verdict
}
