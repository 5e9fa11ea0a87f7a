//! One statement's dependencies: what each column and the rows of its outputs depend on. It must not
//! know the graph, nor what other relations are but for their shapes.

use crate::dependency::{OutputLineage, QueryLineage, Schemas};
use crate::query::Queries;

/// What the outputs of a statement depend on, in their order.
#[must_use]
pub fn lineage(queries: &Queries, schemas: &dyn Schemas) -> Vec<OutputLineage> {
    let _ = schemas;
    let output = |output: &crate::query::Output| OutputLineage {
        target: output.target.clone(),
        action: output.action,
        lineage: QueryLineage::default(),
    };
    queries.outputs.iter().map(output).collect()
}
