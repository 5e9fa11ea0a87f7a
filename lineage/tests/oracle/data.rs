//! The tables, what is declared of them, and many small databases that obey it: with NULLs, rows that are
//! there twice, ties, and tables without rows.

use std::collections::{BTreeMap, BTreeSet};

use headsup_lineage::canonical::{Reference, Relations};
use headsup_lineage::dependency::{Extent, Ground, Key, Proof, Schemas, Shape};
use headsup_lineage::dialect::Dialect;
use headsup_lineage::name::{ColumnName, Quoting, RelationName};
use rusqlite::Connection;

use crate::chance::Chance;

/// A table: its columns, of which the last holds text; the first is its key, if it has one.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [&'static str],
    pub(crate) has_key: bool,
    pub(crate) not_null: &'static [&'static str],
    /// A column, and the table whose key it refers to.
    pub(crate) refers: Option<(&'static str, &'static str)>,
}

pub(crate) const TABLES: [Table; 4] = [
    Table { name: "t", columns: &["id", "a", "b", "s"], has_key: true, not_null: &["id"], refers: None },
    Table {
        name: "u",
        columns: &["id", "t_id", "x", "s"],
        has_key: true,
        not_null: &["id", "t_id"],
        refers: Some(("t_id", "t")),
    },
    Table { name: "v", columns: &["k", "a", "x", "s"], has_key: false, not_null: &["x"], refers: None },
    Table {
        name: "w",
        columns: &["id", "t_id", "z", "s"],
        has_key: true,
        not_null: &["id"],
        refers: Some(("t_id", "t")),
    },
];

pub(crate) const DIALECT: Dialect = Dialect::Ansi;

/// What is declared.
pub(crate) struct Declared;

pub(crate) fn column(name: &str) -> ColumnName {
    ColumnName::new(DIALECT, name, Quoting::Bare)
}

fn table(name: &RelationName) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name.table_key())
}

impl Schemas for Declared {
    fn shape(&self, name: &RelationName) -> Shape {
        let Some(table) = table(name) else { return Shape::default() };
        let key = Key {
            columns: BTreeSet::from([column(table.columns[0])]),
            proof: Proof { steps: vec!["declared".to_owned()], ground: Ground::Declared },
        };
        Shape {
            columns: table.columns.iter().map(|name| column(name)).collect(),
            extent: Extent::Closed,
            keys: if table.has_key { [key].into() } else { [].into() },
        }
    }
}

impl Relations for Declared {
    fn not_null(&self, name: &RelationName) -> BTreeSet<ColumnName> {
        table(name).map(|table| table.not_null.iter().map(|name| column(name)).collect()).unwrap_or_default()
    }

    fn references(&self, name: &RelationName) -> Vec<Reference> {
        let found = table(name).and_then(|table| table.refers);
        found
            .map(|(own, other)| Reference {
                columns: vec![column(own)],
                relation: RelationName::parse(DIALECT, other),
                relation_columns: vec![column("id")],
            })
            .into_iter()
            .collect()
    }
}

/// The values of each table, row by row, as literals.
pub(crate) type Values = BTreeMap<&'static str, Vec<Vec<String>>>;

/// Values that obey what is declared.
pub(crate) fn values(chance: &mut Chance) -> Values {
    let mut found = Values::new();
    let spread = 2 + chance.below(3);
    let nulls = *chance.pick(&[0, 15, 40]);
    for table in &TABLES {
        let most = *chance.pick(&[0, 1, 3, 4, 6, 7]);
        let mut rows: Vec<Vec<String>> = Vec::new();
        let mut ids: Vec<usize> = (0..8).collect();
        for _ in 0..most {
            let mut row = Vec::new();
            for (place, name) in table.columns.iter().enumerate() {
                let is_null = chance.percent(nulls) && !table.not_null.contains(name);
                let value = if place == 0 && table.has_key {
                    let at = chance.below(ids.len());
                    ids.swap_remove(at).to_string()
                } else if is_null {
                    "null".to_owned()
                } else if place == table.columns.len() - 1 {
                    format!("'{}'", chance.pick(&["a", "b", "c"]))
                } else {
                    chance.below(spread).to_string()
                };
                row.push(value);
            }
            if !table.has_key && chance.percent(30) {
                rows.push(row.clone());
            }
            rows.push(row);
        }
        if let Some((own, other)) = table.refers {
            let at = table.columns.iter().position(|name| *name == own).expect("a column");
            let targets: Vec<String> = found[other].iter().map(|row| row[0].clone()).collect();
            let nullable = !table.not_null.contains(&own);
            if targets.is_empty() && !nullable {
                rows.clear();
            }
            for row in &mut rows {
                if targets.is_empty() || (row[at] == "null" && nullable) {
                    row[at] = "null".to_owned();
                } else {
                    row[at] = chance.pick(&targets).clone();
                }
            }
        }
        found.insert(table.name, rows);
    }
    found
}

/// A database of some values.
pub(crate) fn database(values: &Values) -> Connection {
    let database = Connection::open_in_memory().expect("a database");
    let mut script = String::new();
    for table in &TABLES {
        let columns: Vec<String> = table
            .columns
            .iter()
            .enumerate()
            .map(|(place, name)| {
                format!("{name} {}", if place == table.columns.len() - 1 { "text" } else { "integer" })
            })
            .collect();
        script.push_str(&format!("create table {} ({});\n", table.name, columns.join(", ")));
        for row in &values[table.name] {
            script.push_str(&format!("insert into {} values ({});\n", table.name, row.join(", ")));
        }
    }
    database.execute_batch(&script).expect("tables");
    database
}

/// A value, comparable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Cell {
    Null,
    Integer(i64),
    Real(u64),
    Text(String),
}

/// The columns and rows of a query; none if it does not run.
pub(crate) fn run(database: &Connection, sql: &str) -> Result<(Vec<String>, Vec<Vec<Cell>>), String> {
    let mut statement = database.prepare(sql).map_err(|error| error.to_string())?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([]).map_err(|error| error.to_string())?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(|error| error.to_string())? {
        let cells = (0..names.len())
            .map(|place| {
                use rusqlite::types::ValueRef;
                match row.get_ref(place).expect("a cell") {
                    ValueRef::Null => Cell::Null,
                    ValueRef::Integer(value) => Cell::Integer(value),
                    ValueRef::Real(value) => Cell::Real(value.to_bits()),
                    ValueRef::Text(text) | ValueRef::Blob(text) => {
                        Cell::Text(String::from_utf8_lossy(text).into_owned())
                    }
                }
            })
            .collect();
        found.push(cells);
    }
    Ok((names, found))
}
