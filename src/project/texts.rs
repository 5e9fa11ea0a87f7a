//! Two texts as two versions of a project that is one file, beside a schema that holds for both.

use std::collections::BTreeMap;
use std::sync::Arc;

use headsup_lineage::dialect::Dialect;
use headsup_lineage::graph::LineageGraph;
use headsup_lineage::graph::tables::Tables;
use headsup_lineage::name::RelationName;
use headsup_lineage::query::TableSchema;
use headsup_lineage::relation::{Declaration, Relation, RelationId, RelationKind, Rung};

use super::assemble::{Assembled, assemble};
use super::memory::Derived;
use super::name_pattern::NamePattern;
use super::{Part, Project, sql};
use crate::snapshot::Snapshot;

/// What the file of the text is called.
pub const QUERY: &str = "query.sql";
/// What the file of the schema is called.
const SCHEMA: &str = "schema.sql";

/// Two texts, and what is known of tables.
#[derive(Debug)]
pub struct Texts<'a> {
    /// The first.
    pub old: &'a str,
    /// The second.
    pub new: &'a str,
    /// Statements that declare tables.
    pub ddl: Option<&'a str>,
    /// Tables that are described otherwise.
    pub tables: Vec<(RelationName, TableSchema)>,
    /// The dialect of all.
    pub dialect: Dialect,
}

/// The two versions.
#[must_use]
pub fn read_texts(texts: &Texts<'_>) -> (Project, Project) {
    let (mut base, mut head) = (read(texts.old, texts), read(texts.new, texts));
    let relations = (std::mem::take(&mut base.relations), std::mem::take(&mut head.relations));
    let (of_base, of_head) = LineageGraph::build_both(relations.0, relations.1, &Tables::default());
    (base.with_graph(of_base), head.with_graph(of_head))
}

fn read(text: &str, texts: &Texts<'_>) -> Assembled {
    let files = [(QUERY, Some(text)), (SCHEMA, texts.ddl)];
    let files = files.into_iter().filter_map(|(path, text)| Some((path, text?)));
    let options = sql::Options {
        root: Arc::from(""),
        except: Vec::new(),
        dialect: texts.dialect,
        name: NamePattern::default(),
        // What a query gives is all there is of it.
        results: sql::Results::Replaced,
        schema: None,
        project: Arc::from(""),
    };
    let part = match Snapshot::of_texts("text", files) {
        Ok(snapshot) => sql::read(&snapshot, &options),
        Err(_) => Part::default(),
    };
    let described = texts.tables.iter().map(|(name, schema)| Arc::new(described(name, schema))).collect();
    let described = Part { relations: described, ..Part::default() };
    assemble(vec![(Arc::from(""), part), (Arc::from(SCHEMA), described)], &Derived::default())
}

fn described(name: &RelationName, schema: &TableSchema) -> Relation {
    Relation {
        id: RelationId::new(format!("sql.{}", name.keys().collect::<Vec<_>>().join("."))),
        name: name.clone(),
        aliases: Vec::new(),
        kind: RelationKind::Source,
        rung: Rung::Columns,
        project: Arc::from(""),
        writers: Vec::new(),
        declared_in: None,
        schema: schema.clone(),
        declaration: Declaration::Ddl,
        config: BTreeMap::new(),
    }
}
