//! The statements of one text, each with what its outputs depend on: what an earlier statement builds
//! is known to the later ones. It must not know other texts.

use std::collections::BTreeMap;

use crate::catalog::{Catalog, Found};
use crate::columns;
use crate::dependency::{Extent, Ground, Key, OutputLineage, Proof, Schemas, Shape};
use crate::name::RelationName;
use crate::query::{Action, KeyKind, Script, Statement, StatementKind, TableSchema};

/// What the outputs of each statement depend on, in the order of the statements; nothing for one
/// whose queries were not understood.
#[must_use]
pub fn lineage(script: &Script, schemas: &dyn Schemas) -> Vec<Vec<OutputLineage>> {
    let mut known = Known { built: Tables::default(), schemas };
    let mut all = Vec::with_capacity(script.statements.len());
    for statement in &script.statements {
        let outputs = match &statement.queries {
            Some(queries) => columns::lineage(queries, &known),
            None => Vec::new(),
        };
        known.learn(statement, &outputs);
        all.push(outputs);
    }
    all
}

/// Shapes of tables by name. A name finds the table whose name shares the most parts with it, if the
/// shorter of the two is the end of the other.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    catalog: Catalog<usize>,
    places: BTreeMap<RelationName, usize>,
    tables: Vec<(RelationName, Shape)>,
}

impl Tables {
    /// Says what is known of a table, in place of what was known before.
    pub fn insert(&mut self, name: RelationName, shape: Shape) {
        if let Some(place) = self.places.get(&name) {
            self.tables[*place].1 = shape;
            return;
        }
        let place = self.tables.len();
        self.tables.push((name.clone(), shape));
        self.catalog.add(name.clone(), "", place);
        self.places.insert(name, place);
    }

    fn find(&self, name: &RelationName) -> Option<&(RelationName, Shape)> {
        match self.catalog.find(name, None) {
            Found::One(place) => self.tables.get(place),
            Found::Ambiguous(_) | Found::Nothing => None,
        }
    }
}

impl Schemas for Tables {
    fn shape(&self, name: &RelationName) -> Shape {
        self.find(name).map(|(_, shape)| shape.clone()).unwrap_or_default()
    }
}

/// What is known before a statement is read: what the ones before it built, then what was known
/// before the script.
struct Known<'s> {
    built: Tables,
    schemas: &'s dyn Schemas,
}

impl Schemas for Known<'_> {
    fn shape(&self, name: &RelationName) -> Shape {
        // `raw.orders` is not the temporary table `orders`.
        match self.built.find(name).filter(|(built, _)| built.len() >= name.len()) {
            Some((_, shape)) => shape.clone(),
            None => self.schemas.shape(name),
        }
    }
}

impl Known<'_> {
    fn learn(&mut self, statement: &Statement, outputs: &[OutputLineage]) {
        match &statement.kind {
            StatementKind::Declare(_, schema) if !schema.columns.is_empty() => {
                for target in &statement.targets {
                    self.built.insert(target.clone(), declared(target, schema));
                }
            }
            StatementKind::Build(_) | StatementKind::Drop => {
                for target in &statement.targets {
                    self.built.insert(target.clone(), Shape::default());
                }
                for output in outputs.iter().filter(|output| output.action == Action::Replace) {
                    if let Some(target) = &output.target {
                        self.built.insert(target.clone(), shape_of(output));
                    }
                }
            }
            _ => {}
        }
    }
}

fn shape_of(output: &OutputLineage) -> Shape {
    let lineage = &output.lineage;
    Shape {
        columns: lineage.columns.iter().map(|column| column.name.clone()).collect(),
        extent: if lineage.rest.is_empty() { Extent::Closed } else { Extent::Open },
        keys: lineage.keys.clone(),
    }
}

fn declared(name: &RelationName, schema: &TableSchema) -> Shape {
    let key = |key: &crate::query::DeclaredKey| {
        let constraint = match key.kind {
            KeyKind::Primary => "primary key",
            KeyKind::Unique => "unique",
        };
        let steps = vec![format!("unique in {name} ({constraint})")];
        Key { columns: key.columns.iter().cloned().collect(), proof: Proof { steps, ground: Ground::Declared } }
    };
    Shape {
        columns: schema.columns.iter().map(|column| column.name.clone()).collect(),
        extent: Extent::Closed,
        keys: schema.keys.iter().map(key).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use crate::name::{ColumnName, Quoting};
    use crate::parse::parse;

    fn name(text: &str) -> RelationName {
        RelationName::parse(Dialect::Postgres, text)
    }

    fn shape(columns: &[&str]) -> Shape {
        let columns = columns.iter().map(|column| ColumnName::new(Dialect::Postgres, column, Quoting::Bare));
        Shape { columns: columns.collect(), extent: Extent::Closed, keys: Vec::new() }
    }

    fn tables(tables: &[(&str, &[&str])]) -> Tables {
        let mut known = Tables::default();
        for (table, columns) in tables {
            known.insert(name(table), shape(columns));
        }
        known
    }

    #[test]
    fn a_table_is_found_by_the_end_of_its_name() {
        let known = tables(&[("shop.core.orders", &["id"]), ("shop.raw.orders", &["a"]), ("people", &["mail"])]);
        assert_eq!(known.shape(&name("core.orders")), shape(&["id"]));
        assert_eq!(known.shape(&name("shop.people")), shape(&["mail"]));
        assert_eq!(known.shape(&name("orders")), Shape::default(), "it can be either");
        assert_eq!(known.shape(&name("nobody")), Shape::default());
    }

    #[test]
    fn what_is_said_last_of_a_table_counts() {
        let mut known = tables(&[("orders", &["id"])]);
        known.insert(name("orders"), shape(&["id", "amount"]));
        assert_eq!(known.shape(&name("orders")), shape(&["id", "amount"]));
    }

    #[test]
    fn a_table_that_the_script_declares_is_known_below() {
        let script = parse(
            "create table t (id int primary key, a text); create temp table t2 (b int); drop table t2",
            Dialect::Postgres,
        );
        let before = tables(&[("s.t", &["other"])]);
        let mut known = Known { built: Tables::default(), schemas: &before };
        for statement in &script.statements {
            known.learn(statement, &[]);
        }
        assert_eq!(known.shape(&name("t")).columns, shape(&["id", "a"]).columns);
        assert_eq!(known.shape(&name("t")).keys[0].proof.steps, ["unique in t (primary key)"]);
        assert_eq!(known.shape(&name("s.t")), shape(&["other"]), "another table");
        assert_eq!(known.shape(&name("t2")), Shape::default(), "it is gone");
    }
}
