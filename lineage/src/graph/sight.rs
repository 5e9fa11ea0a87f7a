//! What the SQL of one writer sees in a finished graph: what its names mean, and what is known of the
//! relations behind them. It must not know SQL.

use std::collections::BTreeSet;

use crate::canonical::{Reference as ForeignKey, Relations};
use crate::dependency::{Schemas, Shape};
use crate::name::{ColumnName, RelationName};
use crate::query::ReadRole;
use crate::relation::Writer;

use super::compose::names::{Names, joint};
use super::{LineageGraph, Node};

/// What the SQL of one writer sees.
pub struct Sight<'a> {
    graph: &'a LineageGraph,
    names: Names<'a>,
}

impl LineageGraph {
    /// What the SQL of a relation's writer sees.
    #[must_use]
    pub fn sight<'a>(&'a self, node: Node, writer: &Writer) -> Sight<'a> {
        Sight { graph: self, names: Names::new(self, node, writer) }
    }
}

impl Sight<'_> {
    fn nodes(&self, name: &RelationName) -> Vec<Node> {
        self.names.find(name, ReadRole::Table)
    }

    /// The one relation that a name means.
    fn only(&self, name: &RelationName) -> Option<Node> {
        match self.nodes(name).as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }
}

impl Schemas for Sight<'_> {
    fn shape(&self, name: &RelationName) -> Shape {
        joint(self.nodes(name).into_iter().map(|node| self.graph.shape(node)))
    }
}

impl Relations for Sight<'_> {
    fn identity(&self, name: &RelationName) -> String {
        let mut ids: Vec<&str> = self.nodes(name).iter().map(|node| self.graph.relation(*node).id.as_str()).collect();
        ids.sort_unstable();
        match ids.as_slice() {
            [] => name.keys().collect::<Vec<_>>().join("."),
            ids => ids.join(" or "),
        }
    }

    fn not_null(&self, name: &RelationName) -> BTreeSet<ColumnName> {
        self.only(name).map(|node| self.graph.never_null(node).clone()).unwrap_or_default()
    }

    fn references(&self, name: &RelationName) -> Vec<ForeignKey> {
        let Some(node) = self.only(name) else { return Vec::new() };
        let keys = self.graph.relation(node).schema.references.iter();
        keys.map(|key| ForeignKey {
            columns: key.columns.clone(),
            relation: key.relation.clone(),
            relation_columns: key.relation_columns.clone(),
        })
        .collect()
    }
}
