//! What dbt adds to a snapshot: columns that say from when to when a row held, and a row for each
//! state that it was found in.

use crate::dependency::{ColumnPath, EdgeKind};
use crate::dialect::Dialect;
use crate::graph::Node;
use crate::graph::columns::Part;
use crate::graph::columns::weave::Weave;
use crate::name::{ColumnName, Quoting};
use crate::relation::{Body, Relation, RelationKind};

/// The columns that dbt adds, but for projects that call them otherwise.
const COLUMNS: [&str; 4] = ["dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to"];

/// The columns that dbt adds to a relation.
pub(super) fn columns(relation: &Relation) -> Vec<ColumnName> {
    match relation.kind {
        RelationKind::Snapshot => COLUMNS.iter().map(|name| column(relation, name)).collect(),
        _ => Vec::new(),
    }
}

fn column(relation: &Relation, name: &str) -> ColumnName {
    ColumnName::new(dialect(relation), name, Quoting::Bare)
}

/// The dialect of the SQL that fills a relation.
pub(super) fn dialect(relation: &Relation) -> Dialect {
    let of_body = |body: &Body| match body {
        Body::Sql { dialect, .. } => Some(*dialect),
        Body::Template { .. } | Body::Data { .. } | Body::Opaque { .. } => None,
    };
    relation.writers.iter().find_map(|writer| of_body(&writer.body)).unwrap_or_default()
}

/// A row is kept anew when its time of change is later, by the one strategy, or when some column
/// of it differs, by the other; and that decides what the added columns say.
pub(super) fn keep(relation: &Relation, node: Node, weave: &mut Weave) {
    let Some(writer) = relation.writers.first().filter(|_| relation.kind == RelationKind::Snapshot) else { return };
    let said = |key: &str| relation.config.get(key).map(|value| &**value);
    let time = said("updated_at").filter(|_| said("strategy") == Some("timestamp"));
    let time = time.map(|name| Part::Column(ColumnPath::whole(column(relation, name))));
    let known = time.filter(|part| weave.find(node, part).is_some_and(|column| weave.is_known(column)));
    let deciding = weave.part(node, known.unwrap_or(Part::Any));
    let added = columns(relation).into_iter().map(|name| Part::Column(ColumnPath::whole(name)));
    for part in added.chain([Part::Rows]) {
        let reader = weave.part(node, part);
        weave.depend(deciding, reader, EdgeKind::Distinct, &writer.path, writer.position);
    }
}
