//! Tables whose columns are known from outside the project: what dbt's catalog or an information
//! schema lists. It must not know where such lists come from.

use std::sync::Arc;

use crate::catalog::{Catalog, Found};
use crate::dependency::{Extent, Schemas, Shape};
use crate::hashing::HashMap;
use crate::name::RelationName;
use crate::query::TableSchema;
use crate::relation::{Relation, RelationId};

/// Tables whose columns are known from outside the project.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    list: Vec<TableSchema>,
    by_id: HashMap<RelationId, usize>,
    by_name: Catalog<usize>,
}

impl Tables {
    /// Adds a table; what lists it may know its id.
    pub fn add(&mut self, name: RelationName, id: Option<RelationId>, schema: TableSchema) {
        let place = self.list.len();
        self.list.push(schema);
        self.by_name.add(name, &Arc::from(""), place);
        if let Some(id) = id {
            self.by_id.entry(id).or_insert(place);
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The table that a relation is, by its id or else by the one of its names that says most; `None`
    /// if no table or more than one has that name.
    #[must_use]
    pub fn find(&self, relation: &Relation) -> Option<&TableSchema> {
        if let Some(place) = self.by_id.get(&relation.id) {
            return self.list.get(*place);
        }
        let names = std::iter::once(&relation.name).chain(&relation.aliases);
        self.named(names.max_by_key(|name| name.len())?)
    }

    fn named(&self, name: &RelationName) -> Option<&TableSchema> {
        match self.by_name.find(name, None) {
            Found::One(place) => self.list.get(place),
            Found::Ambiguous(_) | Found::Nothing => None,
        }
    }
}

impl Schemas for Tables {
    fn shape(&self, name: &RelationName) -> Shape {
        let columns = |schema: &TableSchema| schema.columns.iter().map(|column| column.name.clone()).collect();
        let shape = |schema| Shape { columns: columns(schema), extent: Extent::Closed, ..Shape::default() };
        self.named(name).map(shape).unwrap_or_default()
    }
}
