//! What is said of a statement in which too much depends on too much: that any of it may depend on any
//! of what the statement reads.

use std::collections::BTreeSet;

use crate::dependency::{Dependency, EdgeKind, Input, InputId, OutputLineage, QueryLineage, Rest, Slot};
use crate::diagnostic::{Diagnostic, Position};
use crate::name::RelationName;
use crate::query::block::{BlockKind, FromItem, Source};
use crate::query::tree::{NamedRelation, Tree};
use crate::query::{Output, Queries, ReadRole};

/// What the outputs of a statement may depend on, in their order.
pub(super) fn lineage(queries: &Queries) -> Vec<OutputLineage> {
    let lineage = of_tree(&queries.tree);
    let each = |output: &Output| OutputLineage {
        target: output.target.clone(),
        action: output.action,
        lineage: lineage.clone(),
    };
    queries.outputs.iter().map(each).collect()
}

fn of_tree(tree: &Tree) -> QueryLineage {
    let mut inputs: Vec<Input> = Vec::new();
    let mut seen: BTreeSet<&RelationName> = BTreeSet::new();
    let mut named = named(tree);
    named.sort_by_key(|relation| relation.position);
    for NamedRelation { name, position } in named {
        if seen.insert(name) {
            inputs.push(Input { name: name.clone(), position: *position, role: ReadRole::Table });
        }
    }
    let mut all = Vec::with_capacity(2 * inputs.len());
    for (place, input) in (0..).zip(&inputs) {
        for on in [Slot::Rows, Slot::Any] {
            let (input, position) = (InputId(place), input.position);
            all.push(Dependency { input, on, kind: EdgeKind::Unknown, position });
        }
    }
    let first = (!inputs.is_empty()).then(|| Rest {
        input: InputId(0),
        inside: None,
        except: BTreeSet::new(),
        also: all.clone(),
        kind: EdgeKind::Unknown,
    });
    let reason = "the statement does too much to tell which columns depend on which";
    let position = tree.blocks().map(|(_, block)| block.position).min().unwrap_or(Position::START);
    QueryLineage {
        inputs,
        columns: Vec::new(),
        rest: first.into_iter().collect(),
        rows: all,
        keys: Vec::new(),
        open: vec![Diagnostic::note("column-not-bound", reason).at(position)],
    }
}

/// The relations that stand in the FROM of any block.
fn named(tree: &Tree) -> Vec<&NamedRelation> {
    let mut found = Vec::new();
    for (_, block) in tree.blocks() {
        let BlockKind::Select(select) = &block.kind else { continue };
        let mut ahead: Vec<&FromItem> = select.from.iter().collect();
        while let Some(item) = ahead.pop() {
            match &item.source {
                Source::Relation { relation, .. } | Source::Function { relation: Some(relation), .. } => {
                    found.push(relation);
                }
                Source::Nested(items) => ahead.extend(items),
                Source::Pivot(pivot) => ahead.push(&pivot.input),
                Source::Unpivot(unpivot) => ahead.push(&unpivot.input),
                Source::MatchRecognize(matching) => ahead.push(&matching.input),
                Source::Block(_)
                | Source::Recursive(_)
                | Source::Unnest { .. }
                | Source::Function { relation: None, .. } => {}
            }
        }
    }
    found
}
