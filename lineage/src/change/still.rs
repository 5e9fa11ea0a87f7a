//! What a query of base sees, as far as head still says so. A key that head no longer declares is checked
//! by nobody any more, so a query that rested on it may give other rows than it gave. It must not know what
//! differs about the queries.

use std::collections::{BTreeMap, BTreeSet};

use crate::canonical::{Reference as ForeignKey, Relations};
use crate::dependency::{Ground, Key, Schemas, Shape};
use crate::graph::{LineageGraph, Node, Sight};
use crate::name::{ColumnName, RelationName};
use crate::relation::RelationId;

use super::followed::Followed;

/// What a query of base sees, without what was declared then and is not now.
pub(super) struct StillSaid<'a> {
    pub(super) sight: Sight<'a>,
    pub(super) head: &'a LineageGraph,
    pub(super) followed: &'a Followed,
}

impl StillSaid<'_> {
    /// The relation of head that a name of base means.
    fn now(&self, name: &RelationName) -> Option<Node> {
        let id = RelationId::new(self.sight.identity(name));
        self.head.by_id(self.followed.now(&id).unwrap_or(&id))
    }

    /// What head calls columns of base.
    fn called_now<'c>(&self, node: Node, columns: impl IntoIterator<Item = &'c ColumnName>) -> BTreeSet<ColumnName> {
        let renamed = self.followed.columns(&self.head.relation(node).id);
        let now = |column: &ColumnName| {
            let found = renamed.iter().find(|renamed| renamed.base == *column);
            found.map_or_else(|| column.clone(), |renamed| renamed.head.clone())
        };
        columns.into_iter().map(now).collect()
    }
}

impl Schemas for StillSaid<'_> {
    fn shape(&self, name: &RelationName) -> Shape {
        let mut shape = self.sight.shape(name);
        if shape.keys.iter().all(|key| key.proof.ground == Ground::Inferred) {
            return shape;
        }
        let now = self.now(name).map(|node| (node, self.head.shape(node)));
        let is_still_said = |key: &&Key| {
            let holds = |(node, shape): &(Node, &Shape)| {
                let columns = self.called_now(*node, &key.columns);
                shape.keys.iter().any(|now| now.columns.is_subset(&columns))
            };
            key.proof.ground == Ground::Inferred || now.as_ref().is_some_and(holds)
        };
        shape.keys = shape.keys.iter().filter(is_still_said).cloned().collect();
        shape
    }
}

impl Relations for StillSaid<'_> {
    fn identity(&self, name: &RelationName) -> String {
        self.sight.identity(name)
    }

    fn not_null(&self, name: &RelationName) -> BTreeSet<ColumnName> {
        let mut columns = self.sight.not_null(name);
        let now = self.now(name).map(|node| (node, self.head.never_null(node)));
        columns.retain(|column| {
            let holds =
                |(node, never): &(Node, &BTreeSet<ColumnName>)| self.called_now(*node, [column]).is_subset(never);
            now.as_ref().is_some_and(holds)
        });
        columns
    }

    fn types(&self, name: &RelationName) -> BTreeMap<ColumnName, String> {
        self.sight.types(name)
    }

    fn references(&self, name: &RelationName) -> Vec<ForeignKey> {
        let mut keys = self.sight.references(name);
        let Some(node) = self.now(name) else { return Vec::new() };
        let held = &self.head.relation(node).schema.references;
        keys.retain(|key| {
            let columns = self.called_now(node, &key.columns);
            // Under another name the relation that is referred to is not looked for.
            held.iter().any(|now| {
                now.relation == key.relation
                    && now.relation_columns == key.relation_columns
                    && now.columns.iter().cloned().collect::<BTreeSet<_>>() == columns
            })
        });
        keys
    }
}
