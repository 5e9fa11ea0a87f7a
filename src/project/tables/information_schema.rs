//! A CSV file of the columns of an information schema, as any warehouse gives with a query.

use std::collections::BTreeMap;

use headsup_lineage::diagnostic::Position;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::graph::tables::Tables;
use headsup_lineage::query::{DeclaredColumn, Nullability, TableSchema};

use super::{Read, bad_list, column, relation};

const HINT: &str = "the first line names the columns: table_schema, table_name, column_name, and if there are \
                    any table_catalog, ordinal_position, data_type, is_nullable";

/// Where each thing stands in a line.
struct Places {
    table: usize,
    column: usize,
    catalog: Option<usize>,
    schema: Option<usize>,
    ordinal: Option<usize>,
    data_type: Option<usize>,
    nullable: Option<usize>,
}

impl Places {
    fn of(header: &csv::StringRecord) -> Option<Self> {
        let names: Vec<String> =
            header.iter().map(|name| name.trim().trim_start_matches('\u{feff}').to_ascii_lowercase()).collect();
        let place = |name: &str| names.iter().position(|known| known == name);
        Some(Self {
            table: place("table_name")?,
            column: place("column_name")?,
            catalog: place("table_catalog"),
            schema: place("table_schema"),
            ordinal: place("ordinal_position"),
            data_type: place("data_type"),
            nullable: place("is_nullable"),
        })
    }
}

/// Adds the tables of a file. Its lines may stand in any order if they say their places in the table.
///
/// # Errors
/// The text is no such file, with the place where that shows.
pub fn read(text: &str, path: &str, dialect: Dialect, tables: &mut Tables) -> Read {
    let delimiter = delimiter(text);
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| broken(path, &error))?.clone();
    let Some(places) = Places::of(&header) else {
        return Err(bad_list(path, Position::START, "the file does not say its `table_name` and `column_name`", HINT));
    };
    let mut found: BTreeMap<Vec<String>, Vec<(u64, DeclaredColumn)>> = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(|error| broken(path, &error))?;
        let field = |place: Option<usize>| place.and_then(|place| record.get(place)).unwrap_or_default().trim();
        let place = |index: usize| place_of(text, &record, index, delimiter);
        for (index, what) in [(places.table, "table"), (places.column, "column")] {
            if field(Some(index)).is_empty() {
                return Err(bad_list(path, place(index), format!("the {what} has no name"), HINT));
            }
        }
        let ordinal = match (places.ordinal, field(places.ordinal)) {
            (None, _) | (_, "") => u64::MAX,
            (Some(index), text) => text.parse().map_err(|_| {
                bad_list(path, place(index), format!("`{text}` is no number of a place in a table"), HINT)
            })?,
        };
        let nullable = field(places.nullable).to_ascii_lowercase();
        let nullability = match nullable.as_str() {
            "no" | "false" | "n" | "f" | "0" => Nullability::NotNull,
            _ => Nullability::Nullable,
        };
        let table = [places.catalog, places.schema, Some(places.table)].map(|place| field(place).to_owned());
        let column = column(dialect, field(Some(places.column)), field(places.data_type), nullability);
        found.entry(table.to_vec()).or_default().push((ordinal, column));
    }
    for (table, mut columns) in found {
        columns.sort_by_key(|(ordinal, _)| *ordinal);
        let columns = columns.into_iter().map(|(_, column)| column).collect();
        let name = relation(dialect, table.iter().map(String::as_str));
        tables.add(name, None, TableSchema { columns, ..TableSchema::default() });
    }
    Ok(())
}

/// What separates the fields of the first line, for none of its names has it inside.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    [b'\t', b';'].into_iter().find(|delimiter| header.as_bytes().contains(delimiter)).unwrap_or(b',')
}

fn broken(path: &str, error: &csv::Error) -> Box<headsup_lineage::diagnostic::Diagnostic> {
    let line = error.position().map_or(1, |place| u32::try_from(place.line()).unwrap_or(u32::MAX));
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the line has {len} fields, and the first line has {expected_len}")
        }
        _ => "the file is not valid CSV".to_owned(),
    };
    bad_list(path, Position::new(line, 1), message, HINT)
}

/// The place of a field of a record; its first character, or its quote.
fn place_of(text: &str, record: &csv::StringRecord, index: usize, delimiter: u8) -> Position {
    let Some(place) = record.position() else { return Position::START };
    let start = usize::try_from(place.byte()).unwrap_or(usize::MAX);
    // The reader counts a line's end to the record after it.
    let before = text.get(start..).map_or(0, |rest| rest.len() - rest.trim_start_matches(['\r', '\n']).len());
    let start = start.saturating_add(before);
    let mut left = index;
    let mut quoted = false;
    for (offset, character) in text.get(start..).unwrap_or_default().char_indices() {
        if left == 0 {
            return crate::text::position(text, start + offset);
        }
        match character {
            '"' => quoted = !quoted,
            _ if character == char::from(delimiter) && !quoted => left -= 1,
            _ => {}
        }
    }
    crate::text::position(text, text.len())
}
