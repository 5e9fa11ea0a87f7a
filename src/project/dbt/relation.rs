//! What `ref()`, `source()` and `this` are in a template: a name of one to three parts that prints
//! as the adapter writes it. It must not know which relations exist.

use std::fmt;
use std::sync::Arc;

use headsup_lineage::dialect::Dialect;
use headsup_lineage::name::{Quoting, RelationName};
use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use super::call::Arguments;

/// Which parts of a name are quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct QuotePolicy {
    /// The database.
    pub(super) database: Quoting,
    /// The schema.
    pub(super) schema: Quoting,
    /// The table's own name.
    pub(super) identifier: Quoting,
}

impl QuotePolicy {
    /// What dbt's adapter does unless told otherwise.
    pub(super) const fn of(dialect: Dialect) -> Self {
        let quoting = match dialect {
            Dialect::Snowflake | Dialect::Ansi => Quoting::Bare,
            _ => Quoting::Quoted,
        };
        Self { database: quoting, schema: quoting, identifier: quoting }
    }
}

/// A physical name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct TableName {
    /// The database, where known.
    pub(super) database: Option<String>,
    /// The schema, where known.
    pub(super) schema: Option<String>,
    /// The table's own name; a schema alone has none.
    pub(super) identifier: Option<String>,
    /// How it is quoted.
    pub(super) quoting: QuotePolicy,
    /// The dialect that it is written in.
    pub(super) dialect: Dialect,
    /// What it is said to be: `table`, `view`, `cte`.
    pub(super) kind: Option<String>,
}

impl TableName {
    /// The parts that are known, outermost first.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&str, Quoting)> {
        [
            (self.database.as_deref(), self.quoting.database),
            (self.schema.as_deref(), self.quoting.schema),
            (self.identifier.as_deref(), self.quoting.identifier),
        ]
        .into_iter()
        .filter_map(|(part, quoting)| part.filter(|part| !part.is_empty()).map(|part| (part, quoting)))
    }

    /// The name for lineage.
    pub(super) fn name(&self) -> RelationName {
        RelationName::new(self.dialect, self.parts())
    }

    fn quote(&self, text: &str) -> String {
        let mark = match self.dialect {
            Dialect::BigQuery | Dialect::Databricks | Dialect::MySql | Dialect::ClickHouse => '`',
            _ => '"',
        };
        format!("{mark}{text}{mark}")
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (part, quoting)) in self.parts().enumerate() {
            if index > 0 {
                out.write_str(".")?;
            }
            match quoting {
                Quoting::Quoted => out.write_str(&self.quote(part))?,
                Quoting::Bare => out.write_str(part)?,
            }
        }
        Ok(())
    }
}

fn text(value: Option<&String>) -> Value {
    value.map_or_else(|| Value::from(()), |text| Value::from(text.as_str()))
}

fn chosen(value: &Value) -> Option<String> {
    (!value.is_none() && !value.is_undefined()).then(|| value.to_string())
}

impl TableName {
    fn with_path(&self, arguments: &Arguments) -> Self {
        let mut table = self.clone();
        for (name, part) in [("database", 0), ("schema", 1), ("identifier", 2)] {
            if let Some(value) = arguments.keyword(name) {
                let place = match part {
                    0 => &mut table.database,
                    1 => &mut table.schema,
                    _ => &mut table.identifier,
                };
                *place = chosen(&value);
            }
        }
        if let Some(kind) = arguments.keyword("type") {
            table.kind = chosen(&kind);
        }
        table
    }
}

impl Object for TableName {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let is = |kind: &str| Value::from(self.kind.as_deref() == Some(kind));
        Some(match key.as_str()? {
            "database" | "project" => text(self.database.as_ref()),
            "schema" | "dataset" => text(self.schema.as_ref()),
            "identifier" | "name" | "table" => text(self.identifier.as_ref()),
            "type" => text(self.kind.as_ref()),
            "path" | "include_policy" | "quote_policy" => Value::from_dyn_object(Arc::clone(self)),
            "is_table" => is("table"),
            "is_view" => is("view"),
            "is_cte" => is("cte"),
            "is_materialized_view" | "is_dynamic_table" | "is_iceberg_format" | "is_delta" => Value::from(false),
            "Table" => Value::from("table"),
            "View" => Value::from("view"),
            "External" => Value::from("external"),
            _ => return None,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let arguments = Arguments::of(args);
        let mut table = TableName::clone(self);
        match method {
            "include" => {
                let flag = |name: &str| arguments.keyword(name).is_none_or(|value| value.is_true());
                table.database = table.database.filter(|_| flag("database"));
                table.schema = table.schema.filter(|_| flag("schema"));
                table.identifier = table.identifier.filter(|_| flag("identifier"));
            }
            "quote" => {
                let flag = |name: &str, now: Quoting| match arguments.keyword(name) {
                    Some(value) if value.is_true() => Quoting::Quoted,
                    Some(_) => Quoting::Bare,
                    None => now,
                };
                table.quoting = QuotePolicy {
                    database: flag("database", table.quoting.database),
                    schema: flag("schema", table.quoting.schema),
                    identifier: flag("identifier", table.quoting.identifier),
                };
            }
            "replace_path" | "create" | "replace" | "create_from" => table = self.with_path(&arguments),
            "incorporate" => {
                table = self.with_path(&arguments);
                if let Some(path) = arguments.keyword("path") {
                    let part = |name: &str| path.get_attr(name).ok().as_ref().and_then(chosen);
                    table.database = part("database").or(table.database);
                    table.schema = part("schema").or(table.schema);
                    table.identifier = part("identifier").or(table.identifier);
                }
            }
            "without_identifier" => table.identifier = None,
            "information_schema" => {
                table.schema = Some("information_schema".to_owned());
                table.identifier = arguments.at(0, "view_name").as_ref().and_then(chosen);
            }
            "information_schema_only" => {
                table.schema = Some("information_schema".to_owned());
                table.identifier = None;
            }
            "render" | "__str__" => return Ok(Value::from(self.to_string())),
            "get" => {
                let key = arguments.at(0, "key").unwrap_or_default();
                return Ok(self
                    .get_value(&key)
                    .or_else(|| arguments.at(1, "default"))
                    .unwrap_or_else(|| Value::from(())));
            }
            "quoted" => {
                let part = arguments.at(0, "identifier").unwrap_or_default();
                return Ok(Value::from(self.quote(&part.to_string())));
            }
            "matches" => {
                let same = |name: &str, mine: Option<&String>| {
                    arguments
                        .keyword(name)
                        .is_none_or(|value| mine.is_some_and(|mine| value.to_string().eq_ignore_ascii_case(mine)))
                };
                return Ok(Value::from(
                    same("database", self.database.as_ref())
                        && same("schema", self.schema.as_ref())
                        && same("identifier", self.identifier.as_ref()),
                ));
            }
            "get_ddl_prefix_for_create" | "get_ddl_prefix_for_alter" | "render_limited" => return Ok(Value::from("")),
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }
        Ok(Value::from_object(table))
    }

    fn render(self: &Arc<Self>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", **self)
    }
}
