//! The statements of one text, each with what its outputs depend on: what an earlier statement builds
//! is known to the later ones. It must not know other texts.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::{Catalog, Found};
use crate::columns;
use crate::dependency::{Extent, Ground, Key, OutputLineage, Proof, Schemas, Shape};
use crate::name::RelationName;
use crate::query::{Action, KeyKind, Returns, Script, Statement, StatementKind, TableSchema};

/// What the outputs of each statement depend on, in the order of the statements; nothing for one
/// whose queries were not understood.
#[must_use]
pub fn lineage(script: &Script, schemas: &dyn Schemas) -> Vec<Vec<OutputLineage>> {
    let mut known = Known { script, built: Built::default(), schemas };
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

/// What the statements of a script built so far, by name.
#[derive(Debug, Default)]
struct Built {
    catalog: Catalog<usize>,
    places: BTreeMap<RelationName, usize>,
    tables: Vec<(RelationName, Shape)>,
}

impl Built {
    /// Says what is known of a table, in place of what was known before.
    fn insert(&mut self, name: RelationName, shape: Shape) {
        if let Some(place) = self.places.get(&name) {
            self.tables[*place].1 = shape;
            return;
        }
        let place = self.tables.len();
        self.tables.push((name.clone(), shape));
        self.catalog.add(name.clone(), &Arc::from(""), place);
        self.places.insert(name, place);
    }

    fn find(&self, name: &RelationName) -> Option<&(RelationName, Shape)> {
        match self.catalog.find(name, None) {
            Found::One(place) => self.tables.get(place),
            Found::Ambiguous(_) | Found::Nothing => None,
        }
    }
}

/// What is known before a statement is read: what the ones before it built, then what was known
/// before the script.
struct Known<'s> {
    script: &'s Script,
    built: Built,
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

    fn routine(&self, name: &RelationName) -> Option<Returns> {
        self.script.returns(name).or_else(|| self.schemas.routine(name))
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
            StatementKind::Alter(altered) => {
                for target in &statement.targets {
                    let Some((name, mut shape)) = self.built.find(target).cloned() else { continue };
                    let added = altered.added().map(|column| column.name.clone());
                    shape.columns = shape.columns.iter().cloned().chain(added).collect();
                    self.built.insert(name, shape);
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
        keys: lineage.keys.as_slice().into(),
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
    use crate::graph::tables::Tables;
    use crate::name::{ColumnName, Quoting};
    use crate::parse::parse;
    use crate::query::{DeclaredColumn, Nullability};

    fn name(text: &str) -> RelationName {
        RelationName::parse(Dialect::Postgres, text)
    }

    fn tables(tables: &[(&str, &[&str])]) -> Tables {
        let mut known = Tables::default();
        for (table, columns) in tables {
            let column = |column: &&str| DeclaredColumn {
                name: ColumnName::new(Dialect::Postgres, column, Quoting::Bare),
                data_type: String::new(),
                nullability: Nullability::Nullable,
            };
            let schema = TableSchema { columns: columns.iter().map(column).collect(), ..TableSchema::default() };
            known.add(name(table), None, schema);
        }
        known
    }

    /// The columns of a shape, or `?` for one that is not known.
    fn names(shape: &Shape) -> String {
        let columns: Vec<&str> = shape.columns.iter().map(ColumnName::as_str).collect();
        if *shape == Shape::default() { "?".to_owned() } else { columns.join(" ") }
    }

    #[test]
    fn a_listed_table_is_found_by_the_end_of_its_name() {
        let known = tables(&[("shop.core.orders", &["id"]), ("shop.raw.orders", &["a"]), ("people", &["mail"])]);
        let found = |text| names(&known.shape(&name(text)));
        assert_eq!((found("core.orders"), found("shop.people")), ("id".to_owned(), "mail".to_owned()));
        assert_eq!(found("orders"), "?", "it can be either");
        assert_eq!(found("nobody"), "?");
    }

    /// What is known of tables after some statements.
    fn after(sql: &str, before: &Tables, asked: &str) -> String {
        let script = Script::default();
        let mut known = Known { script: &script, built: Built::default(), schemas: before };
        for statement in &parse(sql, Dialect::Postgres).statements {
            let outputs = statement.queries.as_ref().map(|queries| crate::columns::lineage(queries, &known));
            known.learn(statement, &outputs.unwrap_or_default());
        }
        names(&known.shape(&name(asked)))
    }

    #[test]
    fn a_table_that_the_script_built_is_known_below() {
        let before = tables(&[("s.t", &["other"]), ("u", &["x", "y"])]);
        let declared = "create table t (id int primary key, a text); create temp table t2 (b int); drop table t2;";
        assert_eq!(after(declared, &before, "t"), "id a");
        assert_eq!(after(declared, &before, "s.t"), "other", "another table");
        assert_eq!(after(declared, &before, "t2"), "?", "it is gone");
        assert_eq!(after("create table v as select *, 1 as z from u", &before, "v"), "x y z");
        assert_eq!(after("create table u as select 1 as only", &before, "u"), "only");
        assert_eq!(after("create table u as select ((( from x", &before, "u"), "?", "what it was is no longer so");
    }
}
