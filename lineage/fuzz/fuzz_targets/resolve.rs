//! Any text, in any dialect, from its statements to the columns that they depend on: alone, with all
//! columns known, and as the models of a project that read each other in a circle.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headsup_lineage::columns::lineage;
use headsup_lineage::dependency::{Extent, Ground, Key, NoSchemas, Proof, Schemas, Shape};
use headsup_lineage::diagnostic::Position;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::filling::{Filling, Places, Target};
use headsup_lineage::graph::LineageGraph;
use headsup_lineage::graph::tables::Tables;
use headsup_lineage::name::{ColumnName, Quoting, RelationName};
use headsup_lineage::parse::parse;
use headsup_lineage::query::{Script, TableSchema};
use headsup_lineage::relation::{Body, Declaration, Reference, Relation, RelationId, RelationKind, Rung, Writer};
use headsup_lineage::script;
use libfuzzer_sys::fuzz_target;

/// Every relation has the same columns and a key.
struct Known(Dialect);

impl Schemas for Known {
    fn shape(&self, _: &RelationName) -> Shape {
        let column = |name: &str| ColumnName::new(self.0, name, Quoting::Bare);
        let proof = Proof { steps: vec!["declared".to_owned()], ground: Ground::Declared };
        Shape {
            columns: ["a", "b", "c", "id", "x", "y"].map(column).to_vec(),
            extent: Extent::Closed,
            keys: vec![Key { columns: BTreeSet::from([column("id")]), proof }],
        }
    }
}

/// A model that holds what a text returns.
fn model(name: &str, script: &Arc<Script>, dialect: Dialect) -> Relation {
    let reads = script.statements.iter().flat_map(|statement| &statement.reads).cloned();
    Relation {
        id: RelationId::new(name),
        name: RelationName::bare(dialect, [name]),
        aliases: Vec::new(),
        kind: RelationKind::Model,
        rung: Rung::Open,
        project: Arc::from(""),
        writers: vec![Writer {
            path: Arc::from(name),
            position: Position::START,
            reads: reads.map(Reference::Name).collect(),
            described: Default::default(), incomplete: None,
            body: Body::Opaque { digest: Arc::from("") },
            fillings: vec![Filling::query(Arc::new(Script::clone(script).into()), Target::Whole, Places::Rendering)],
        }],
        declared_in: None,
        schema: TableSchema::default(),
        declaration: Declaration::Described,
        config: BTreeMap::new(),
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((dialect, text)) = data.split_first() else { return };
    let dialect = Dialect::ALL[usize::from(*dialect) % Dialect::ALL.len()];
    let text = String::from_utf8_lossy(text);
    let read = Arc::new(parse(&text, dialect));
    for queries in read.statements.iter().filter_map(|statement| statement.queries.as_ref()) {
        for schemas in [&NoSchemas as &dyn Schemas, &Known(dialect)] {
            assert_eq!(lineage(queries, schemas).len(), queries.outputs.len());
        }
    }
    assert_eq!(script::lineage(&read, &NoSchemas).len(), read.statements.len());
    let models = ["t", "u", "v"].map(|name| model(name, &read, dialect)).to_vec();
    let built = LineageGraph::build(models, &Tables::default());
    assert!(built.graph.nodes().count() >= 3);
});
