//! Texts as relations, as readers of projects hand them to the graph. It must not know where the texts
//! come from.

use std::collections::BTreeMap;
use std::sync::Arc;

use headsup_lineage::diagnostic::Position;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::filling::{Filling, Places, Target};
use headsup_lineage::name::RelationName;
use headsup_lineage::parse::parse;
use headsup_lineage::query::{Read, Reading, TableSchema};
use headsup_lineage::relation::{Body, Declaration, Reference, Relation, RelationId, RelationKind, Rung, Writer};

/// A table, by the parts of its name, and the texts that fill it.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) table: Vec<String>,
    pub(crate) texts: Vec<Arc<str>>,
}

/// The relation, with what its texts say.
pub(crate) fn relation(Source { table, texts }: Source, dialect: Dialect) -> Relation {
    let name = RelationName::bare(dialect, table.iter().map(String::as_str));
    let mut reads: Vec<Read> = Vec::new();
    let mut fillings = Vec::new();
    let mut rung = Rung::Open;
    for text in &texts {
        let script = parse(text, dialect);
        if script.reading == Reading::Scanned {
            rung = Rung::Tables;
        }
        reads.extend(script.statements.iter().flat_map(|statement| &statement.reads).cloned());
        fillings.push(Filling::query(Arc::new(script.into()), Target::Whole, Places::Rendering));
    }
    if rung == Rung::Tables {
        fillings.clear();
    }
    reads.sort();
    reads.dedup();
    let path: Arc<str> = Arc::from(table.join("/"));
    Relation {
        id: RelationId::new(format!("sql.{name}")),
        aliases: Vec::new(),
        kind: RelationKind::Model,
        rung,
        project: Arc::from(""),
        writers: vec![Writer {
            path,
            position: Position::START,
            reads: reads.into_iter().filter(|read| read.name != name).map(Reference::Name).collect(),
            described: Default::default(),
            incomplete: None,
            body: Body::Sql { dialect, variants: texts, conditions: None },
            fillings,
        }],
        name,
        declared_in: None,
        schema: TableSchema::default(),
        declaration: Declaration::Described,
        config: BTreeMap::new(),
    }
}
