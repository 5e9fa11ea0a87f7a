//! Lineage as OpenLineage events, one run for each statement that fills something. Nothing runs, so
//! what tells runs apart is what they read: the same input gives the same events.

use std::collections::BTreeMap;

use headsup_lineage::dependency::EdgeKind;
use headsup_lineage::name::RelationName;
use serde_json::{Map, Value, json};

use crate::git::content_id;
use crate::report::lineage::{ColumnEntry, LineageReport, NAMELESS, SourceEntry, StatementEntry};

/// Of which form the events are.
const EVENT: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
/// Of which form the column lineage in them is.
const COLUMN_LINEAGE: &str = "https://openlineage.io/spec/facets/1-2-0/ColumnLineageDatasetFacet.json";
/// Who says so.
const PRODUCER: &str = concat!("urn:headsup:", env!("CARGO_PKG_VERSION"));

pub(super) fn events(report: &LineageReport) -> Vec<Value> {
    let several = report.statements.len() > 1;
    let statements = report.statements.iter().enumerate();
    statements.map(|(number, entry)| event(report, entry, several.then_some(number + 1))).collect()
}

fn event(report: &LineageReport, entry: &StatementEntry, number: Option<usize>) -> Value {
    let namespace = &report.run.namespace;
    let name = match (&entry.file, entry.targets.first(), number) {
        (Some(_), Some(target), _) => target.to_string(),
        (_, _, Some(number)) => format!("{}#{number}", report.input),
        (_, _, None) => report.input.clone(),
    };
    let dataset = |name: &RelationName| json!({ "namespace": namespace, "name": name.to_string() });
    let outputs: Vec<Value> = entry.targets.iter().map(|target| output(namespace, entry, target)).collect();
    json!({
        "eventType": "COMPLETE",
        "eventTime": report.run.time,
        "producer": PRODUCER,
        "schemaURL": EVENT,
        "run": { "runId": run_id(&name, &report.run.digest) },
        "job": { "namespace": "headsup", "name": name },
        "inputs": entry.sources.iter().map(dataset).collect::<Vec<_>>(),
        "outputs": outputs,
    })
}

fn output(namespace: &str, entry: &StatementEntry, target: &RelationName) -> Value {
    let is_own = |column: &&ColumnEntry| column.of.as_ref().is_none_or(|of| of == target);
    // What has no name has no field that it could be listed under.
    let named = entry.columns.iter().filter(is_own).filter(|column| column.target != NAMELESS);
    let mut fields = Map::new();
    for column in named {
        fields.insert(
            column.target.clone(),
            json!({ "inputFields": inputs(namespace, &column.sources, Flow::IntoColumn) }),
        );
    }
    let facet = json!({
        "_producer": PRODUCER,
        "_schemaURL": COLUMN_LINEAGE,
        "fields": fields,
        "dataset": inputs(namespace, &entry.rows, Flow::IntoRows),
    });
    json!({ "namespace": namespace, "name": target.to_string(), "facets": { "columnLineage": facet } })
}

/// Fields that something depends on, each once with all its ways. Which rows there are is no field, and
/// of what is only named nothing flows.
fn inputs(namespace: &str, sources: &[SourceEntry], flow: Flow) -> Vec<Value> {
    let mut by_field: BTreeMap<(&RelationName, &str), Vec<Value>> = BTreeMap::new();
    for source in sources.iter().filter(|source| source.kind != EdgeKind::Named) {
        let Some(column) = source.column.as_deref().filter(|column| !column.ends_with(NAMELESS)) else { continue };
        by_field.entry((&source.relation, column)).or_default().push(transformation(source.kind, flow));
    }
    let field = |((relation, field), transformations): ((&RelationName, &str), Vec<Value>)| json!({ "namespace": namespace, "name": relation.to_string(), "field": field, "transformations": transformations });
    by_field.into_iter().map(field).collect()
}

/// What something flows into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    IntoColumn,
    IntoRows,
}

/// A kind in the words of OpenLineage; where it has none, in ours beside the nearest.
fn transformation(kind: EdgeKind, flow: Flow) -> Value {
    // Whoever follows values only is not to miss one; no value flows into the mere number of rows.
    let perhaps = if flow == Flow::IntoColumn { ("DIRECT", "TRANSFORMATION") } else { ("INDIRECT", "FILTER") };
    let (flow, subtype, description) = match kind {
        EdgeKind::Identity => ("DIRECT", "IDENTITY", ""),
        EdgeKind::Transformation => ("DIRECT", "TRANSFORMATION", ""),
        EdgeKind::Aggregation => ("DIRECT", "AGGREGATION", ""),
        EdgeKind::Conditional => ("INDIRECT", "CONDITIONAL", ""),
        EdgeKind::Window => ("INDIRECT", "WINDOW", ""),
        EdgeKind::Join => ("INDIRECT", "JOIN", ""),
        EdgeKind::Filter => ("INDIRECT", "FILTER", ""),
        EdgeKind::GroupBy => ("INDIRECT", "GROUP_BY", ""),
        EdgeKind::Sort => ("INDIRECT", "SORT", ""),
        EdgeKind::Distinct => ("INDIRECT", "GROUP_BY", "whole rows are compared"),
        EdgeKind::Subquery => ("INDIRECT", "FILTER", "a subquery finds it"),
        EdgeKind::Expansion => (perhaps.0, perhaps.1, "it is taken apart into rows"),
        EdgeKind::Rows => ("INDIRECT", "FILTER", "it decides which rows there are"),
        EdgeKind::Named => ("INDIRECT", "FILTER", "it has to be there"),
        EdgeKind::Unknown => (perhaps.0, perhaps.1, "may depend on it: this was not worked out"),
    };
    let mut transformation = json!({ "type": flow, "subtype": subtype });
    if !description.is_empty() {
        transformation["description"] = json!(description);
    }
    transformation
}

/// An id from what is run and what it reads, in the form of a name-based UUID.
fn run_id(job: &str, input: &str) -> String {
    let name = format!("{}:{job}{input}", job.len());
    // No content is known that cannot be hashed; the nil UUID would be a valid id all the same.
    let hash = content_id(name.as_bytes()).map_or([0; 20], |id| id.0);
    let mut id: [u8; 16] = [0; 16];
    id.copy_from_slice(&hash[..16]);
    id[6] = (id[6] & 0x0f) | 0x50;
    id[8] = (id[8] & 0x3f) | 0x80;
    let digits: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    parts.join("-")
}
