//! The `catalog.json` that `dbt docs generate` writes: the tables of models and sources as the
//! warehouse has them.

use headsup_lineage::diagnostic::Position;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::graph::tables::Tables;
use headsup_lineage::query::{Nullability, TableSchema};
use headsup_lineage::relation::RelationId;
use serde_json::{Map, Value as Json};

use super::{Read, bad_list, column, relation};

const HINT: &str = "give the catalog.json that `dbt docs generate` writes into dbt's target directory";

/// Adds the tables of a catalog; each is known by its id and by its name in the warehouse.
///
/// # Errors
/// The text is no catalog, with the place where that shows.
pub fn read(text: &str, path: &str, dialect: Dialect, tables: &mut Tables) -> Read {
    let catalog: Json = serde_json::from_str(text).map_err(|error| {
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).max(1);
        let place = Position::new(number(error.line()), number(error.column()));
        bad_list(path, place, "the file is not valid JSON", HINT)
    })?;
    let sections: Vec<&Map<String, Json>> =
        ["nodes", "sources"].iter().filter_map(|section| catalog.get(section)?.as_object()).collect();
    if sections.is_empty() {
        let message = "the file has neither `nodes` nor `sources`, as a catalog of dbt has";
        return Err(bad_list(path, Position::START, message, HINT));
    }
    for (id, entry) in sections.into_iter().flatten() {
        let Some(columns) = entry.get("columns").and_then(Json::as_object) else { continue };
        let said = |key: &str| entry.get("metadata").and_then(|metadata| metadata.get(key)).and_then(Json::as_str);
        let name = relation(dialect, ["database", "schema", "name"].map(|key| said(key).unwrap_or_default()));
        tables.add(name, Some(RelationId::new(id.as_str())), schema(columns, dialect));
    }
    Ok(())
}

fn schema(columns: &Map<String, Json>, dialect: Dialect) -> TableSchema {
    let mut columns: Vec<(&String, &Json)> = columns.iter().collect();
    columns.sort_by_key(|(_, column)| column.get("index").and_then(Json::as_u64).unwrap_or(u64::MAX));
    let columns = columns.into_iter().map(|(key, said)| {
        let text = |key: &str| said.get(key).and_then(Json::as_str);
        let data_type = text("type").unwrap_or_default();
        column(dialect, text("name").unwrap_or(key), data_type, Nullability::Nullable)
    });
    TableSchema { columns: columns.collect(), ..TableSchema::default() }
}
