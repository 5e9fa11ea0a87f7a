//! Names that changed upstream and that readers follow: columns that have another name and nothing else,
//! and models. A reader that asks for the new name reads what it read before. It must not know what
//! differs about the readers.

use std::collections::{BTreeMap, BTreeSet};

use crate::canonical::{Reference as ForeignKey, Relations};
use crate::dependency::{Extent, Schemas, Shape};
use crate::graph::{LineageGraph, Node, Sight};
use crate::name::{ColumnName, RelationName};
use crate::relation::{Body, Relation, RelationId, RelationKind};

use super::declared::is_built_anew;
use super::{Effect, EffectKind};

/// A column that has another name and holds what it held.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RenamedColumn {
    /// What base calls it. Head has no column of that name.
    pub(crate) base: ColumnName,
    /// What head calls it. Base has no column of that name.
    pub(crate) head: ColumnName,
}

impl RenamedColumn {
    /// What that does to the relation: a column goes, and one comes.
    pub(super) fn effects(&self) -> [Effect; 2] {
        let Self { base, head } = self;
        [
            Effect::on_column(EffectKind::Removed, base, format!("renamed to {head}")),
            Effect::on_column(EffectKind::Added, head, format!("renamed from {base}")),
        ]
    }
}

/// What has another name in head, as far as it is proved, and who follows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Followed {
    columns: BTreeMap<RelationId, Vec<RenamedColumn>>,
    /// The relations of head that base has by another name, with the id there.
    relations: BTreeMap<RelationId, RelationId>,
    /// The ids of base that stand for relations by another name in head.
    left: BTreeMap<RelationId, RelationId>,
    /// The relations that were compared under base's names for all that they read.
    settled: BTreeSet<RelationId>,
}

impl Followed {
    /// Keeps the columns of a relation that have another name.
    pub(super) fn rename_columns(&mut self, id: &RelationId, columns: Vec<RenamedColumn>) {
        if !columns.is_empty() {
            self.columns.insert(id.clone(), columns);
        }
    }

    /// Keeps that a relation has another name.
    pub(super) fn rename_relation(&mut self, base: &RelationId, head: &RelationId) {
        self.relations.insert(head.clone(), base.clone());
        self.left.insert(base.clone(), head.clone());
    }

    /// Keeps that a relation was compared under base's names.
    pub(super) fn settle(&mut self, id: &RelationId) {
        self.settled.insert(id.clone());
    }

    /// Whether all that a relation reads by another name was taken for what it is.
    pub(crate) fn is_settled(&self, id: &RelationId) -> bool {
        self.settled.contains(id)
    }

    /// The columns of a relation of head that have another name.
    pub(crate) fn columns(&self, id: &RelationId) -> &[RenamedColumn] {
        self.columns.get(id).map(Vec::as_slice).unwrap_or_default()
    }

    /// The relation of head that a relation of base is by another name.
    pub(crate) fn now(&self, base: &RelationId) -> Option<&RelationId> {
        self.left.get(base)
    }

    /// The relation of base that a relation of head is by another name.
    pub(crate) fn before(&self, head: &RelationId) -> Option<&RelationId> {
        self.relations.get(head)
    }

    /// Whether something that a relation of head reads, or read in base, has another name.
    pub(super) fn concerns(&self, head: &LineageGraph, reader: Node) -> bool {
        let is_renamed = |node: &Node| {
            let id = &head.relation(*node).id;
            self.columns.contains_key(id) || self.relations.contains_key(id)
        };
        !(self.columns.is_empty() && self.relations.is_empty()) && head.parents(reader).iter().any(is_renamed)
    }
}

/// What a query of head sees, under base's names.
pub(super) struct UnderOldNames<'a> {
    pub(super) head: &'a LineageGraph,
    pub(super) sight: Sight<'a>,
    pub(super) followed: &'a Followed,
}

impl UnderOldNames<'_> {
    fn old_id(&self, id: &str) -> String {
        let id = RelationId::new(id);
        match self.followed.relations.get(&id) {
            Some(base) => base.to_string(),
            // Who still asks for what has another name finds something else.
            None if self.followed.left.contains_key(&id) => format!("{id} (gone)"),
            None => id.to_string(),
        }
    }
}

impl Schemas for UnderOldNames<'_> {
    fn shape(&self, name: &RelationName) -> Shape {
        self.sight.shape(name)
    }
}

impl Relations for UnderOldNames<'_> {
    fn identity(&self, name: &RelationName) -> String {
        let identity = self.sight.identity(name);
        let mut ids: Vec<String> = identity.split(" or ").map(|id| self.old_id(id)).collect();
        ids.sort_unstable();
        ids.join(" or ")
    }

    fn not_null(&self, name: &RelationName) -> BTreeSet<ColumnName> {
        self.sight.not_null(name)
    }

    fn types(&self, name: &RelationName) -> BTreeMap<ColumnName, String> {
        self.sight.types(name)
    }

    fn references(&self, name: &RelationName) -> Vec<ForeignKey> {
        self.sight.references(name)
    }

    fn renamed(&self, name: &RelationName) -> Vec<(ColumnName, ColumnName)> {
        let id = RelationId::new(self.sight.identity(name));
        // A name that may mean several relations has columns of either.
        if self.head.by_id(&id).is_none() {
            return Vec::new();
        }
        let columns = self.followed.columns(&id).iter();
        columns.map(|column| (column.head.clone(), column.base.clone())).collect()
    }
}

/// Whether readers of a relation find the same columns under other names: those of base under base's, and
/// those of head under head's, and no others.
pub(super) fn hands_on(graph: &LineageGraph, node: Node) -> bool {
    let relation = graph.relation(node);
    relation.kind == RelationKind::Model && graph.shape(node).extent == Extent::Closed && is_rebuilt(relation)
}

/// Whether a relation holds what its query gives, and nothing of earlier runs.
pub(super) fn is_rebuilt(relation: &Relation) -> bool {
    let is_one = matches!(relation.writers.as_slice(), [writer] if match &writer.body {
        Body::Sql { variants, .. } => variants.len() == 1,
        _ => false,
    });
    is_one && relation.config.get("materialized").is_none_or(|value| is_built_anew(value))
}

/// The relations of a graph in steps, each in a later one than all that it reads but for circles. Those of one step
/// do not read each other.
pub(super) fn by_height(graph: &LineageGraph) -> Vec<Vec<Node>> {
    let order = upstream_first(graph);
    let mut heights: Vec<Option<usize>> = vec![None; order.len()];
    let mut steps: Vec<Vec<Node>> = Vec::new();
    for node in order {
        let below = graph.reads(node).into_iter().filter_map(|parent| heights.get(parent.place()).copied().flatten());
        let height = below.max().map_or(0, |below| below + 1);
        heights[node.place()] = Some(height);
        if steps.len() <= height {
            steps.resize_with(height + 1, Vec::new);
        }
        if let Some(step) = steps.get_mut(height) {
            step.push(node);
        }
    }
    steps
}

/// The relations of a graph, each after all that it reads but for circles.
fn upstream_first(graph: &LineageGraph) -> Vec<Node> {
    let count = graph.nodes().count();
    let mut order: Vec<Node> = Vec::with_capacity(count);
    let mut seen = vec![false; count];
    let mut enter = |node: Node| !std::mem::replace(&mut seen[node.place()], true);
    for start in graph.nodes() {
        // Entered relations, each with those that it reads and that are still to be entered.
        let mut ahead: Vec<(Node, Vec<Node>)> = Vec::new();
        if enter(start) {
            ahead.push((start, graph.reads(start)));
        }
        while let Some((node, parents)) = ahead.last_mut() {
            match parents.pop() {
                Some(parent) => {
                    if enter(parent) {
                        ahead.push((parent, graph.reads(parent)));
                    }
                }
                None => {
                    order.push(*node);
                    ahead.pop();
                }
            }
        }
    }
    order
}
