//! What is known of the tables that a pair of texts reads: DDL, or the same facts as JSON.

use headsup_lineage::dialect::Dialect;
use headsup_lineage::name::{ColumnName, Quoting, RelationName};
use headsup_lineage::query::{DeclaredColumn, DeclaredKey, ForeignKey, KeyKind, Nullability, TableSchema};
use serde_json::{Map, Value};

/// What is known of tables.
#[derive(Debug, Clone, Default)]
pub enum Schema {
    /// Nothing.
    #[default]
    Unknown,
    /// CREATE TABLE statements.
    Ddl(String),
    /// The same as JSON.
    Json(Value),
}

/// What is wrong with a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaFault {
    /// What was found.
    pub message: String,
    /// How to mend it.
    pub hint: &'static str,
}

/// How to write one.
const FORM: &str = "write {\"table\": [\"column\", …]}, {\"table\": {\"column\": \"type\", …}} or {\"table\": {\"columns\": …, \
                    \"primary_key\": […], \"unique\": [[…]], \"foreign_keys\": [{\"columns\": […], \"references\": \"table\"}]}}";

impl Schema {
    /// A schema from a text: JSON if it is an object, and DDL otherwise.
    ///
    /// # Errors
    /// If it begins like JSON and is none.
    pub fn of_text(text: &str) -> Result<Self, SchemaFault> {
        let text = text.trim_start_matches('\u{feff}');
        if !text.trim_start().starts_with('{') {
            return Ok(Self::Ddl(text.to_owned()));
        }
        let read = serde_json::from_str(text);
        read.map(Self::Json).map_err(|error| wrong(format!("the schema is no JSON: {error}")))
    }

    /// A schema from a value: an object, or a text of DDL.
    ///
    /// # Errors
    /// If it is neither.
    pub fn of_value(value: &Value) -> Result<Self, SchemaFault> {
        match value {
            Value::Null => Ok(Self::Unknown),
            Value::String(text) => Self::of_text(text),
            Value::Object(_) => Ok(Self::Json(value.clone())),
            _ => Err(wrong("`schema` is neither DDL nor an object".to_owned())),
        }
    }

    /// The DDL, if it is that.
    pub(super) fn ddl(&self) -> Option<&str> {
        match self {
            Self::Ddl(text) => Some(text),
            Self::Unknown | Self::Json(_) => None,
        }
    }

    /// The tables that JSON describes.
    pub(super) fn tables(&self, dialect: Dialect) -> Result<Vec<(RelationName, TableSchema)>, SchemaFault> {
        let Self::Json(described) = self else { return Ok(Vec::new()) };
        let described = described.get("tables").filter(|tables| tables.is_object()).unwrap_or(described);
        let Value::Object(described) = described else { return Err(wrong("the schema is no object".to_owned())) };
        let table = |(name, said): (&String, &Value)| {
            Reader { dialect, table: name }.table(said).map(|table| (RelationName::parse(dialect, name), table))
        };
        described.iter().map(table).collect()
    }
}

fn wrong(message: String) -> SchemaFault {
    SchemaFault { message, hint: FORM }
}

/// Reads what is said of one table.
struct Reader<'a> {
    dialect: Dialect,
    table: &'a str,
}

impl Reader<'_> {
    fn wrong(&self, what: &str) -> SchemaFault {
        wrong(format!("{what} of `{}` cannot be read", self.table))
    }

    fn name(&self, name: &str) -> ColumnName {
        ColumnName::new(self.dialect, name, Quoting::Bare)
    }

    fn table(&self, said: &Value) -> Result<TableSchema, SchemaFault> {
        let Value::Object(parts) = said else {
            return Ok(TableSchema { columns: self.columns(said)?, ..TableSchema::default() });
        };
        // A column may be called `columns`; then what is said of it is a type.
        let Some(columns) = parts.get("columns").filter(|columns| !columns.is_string()) else {
            return Ok(TableSchema { columns: self.columns(said)?, ..TableSchema::default() });
        };
        let mut table = TableSchema { columns: self.columns(columns)?, ..TableSchema::default() };
        if let Some(primary) = parts.get("primary_key").filter(|key| !key.is_null()) {
            let columns = self.names(primary).ok_or_else(|| self.wrong("the primary key"))?;
            for column in table.columns.iter_mut().filter(|column| columns.contains(&column.name)) {
                column.nullability = Nullability::NotNull;
            }
            // Who exports schemas writes an empty list where there is no key.
            if !columns.is_empty() {
                table.keys.push(DeclaredKey { columns, kind: KeyKind::Primary });
            }
        }
        for unique in list(parts, "unique") {
            // Names beside each other may be meant as one key or as several.
            let columns = self.names(unique).filter(|_| unique.is_array());
            let columns = columns.ok_or_else(|| self.wrong("a unique key"))?;
            if !columns.is_empty() {
                table.keys.push(DeclaredKey { columns, kind: KeyKind::Unique });
            }
        }
        for key in list(parts, "foreign_keys") {
            table.references.push(self.foreign_key(key).ok_or_else(|| self.wrong("a foreign key"))?);
        }
        Ok(table)
    }

    /// `["id", {"name": "amount", "type": "int", "nullable": false}]`, or an object by name.
    fn columns(&self, said: &Value) -> Result<Vec<DeclaredColumn>, SchemaFault> {
        let column = |name: &str, said: &Value| {
            let data_type = said.as_str().or_else(|| said["type"].as_str()).unwrap_or_default();
            let is_never_null = said["nullable"] == Value::Bool(false) || said["not_null"] == Value::Bool(true);
            DeclaredColumn {
                name: self.name(name),
                data_type: data_type.to_uppercase(),
                nullability: if is_never_null { Nullability::NotNull } else { Nullability::Nullable },
            }
        };
        let columns = match said {
            Value::Array(columns) => columns
                .iter()
                .map(|said| match said {
                    Value::String(name) => Some(column(name, &Value::Null)),
                    said => said["name"].as_str().map(|name| column(name, said)),
                })
                .collect(),
            Value::Object(columns) => Some(columns.iter().map(|(name, said)| column(name, said)).collect()),
            _ => None,
        };
        columns.ok_or_else(|| self.wrong("the list of columns"))
    }

    fn foreign_key(&self, said: &Value) -> Option<ForeignKey> {
        let (relation, columns) = match &said["references"] {
            Value::String(table) => (table.as_str(), &said["to"]),
            other => (other["table"].as_str()?, &other["columns"]),
        };
        Some(ForeignKey {
            columns: self.names(&said["columns"])?,
            relation: RelationName::parse(self.dialect, relation),
            relation_columns: self.names(columns).unwrap_or_default(),
        })
    }

    /// `["id"]`, or `"id"`.
    fn names(&self, said: &Value) -> Option<Vec<ColumnName>> {
        match said {
            Value::String(name) => Some(vec![self.name(name)]),
            Value::Array(names) => names.iter().map(|name| name.as_str().map(|name| self.name(name))).collect(),
            _ => None,
        }
    }
}

fn list<'a>(parts: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a Value> {
    parts.get(key).and_then(Value::as_array).into_iter().flatten()
}
