//! What templates can know of a project beside its nodes: variables, target, packages, adapter.

use std::collections::BTreeMap;
use std::sync::Arc;

use headsup_lineage::dialect::Dialect;
use headsup_lineage::name::Quoting;
use serde_json::{Map, Value as Json, json};

use super::relation::{QuotePolicy, TableName};

/// Stands for the schema of a target that nobody knows.
pub(in crate::project) const TARGET_SCHEMA: &str = "dbt_target";
/// Stands for the database of a target that nobody knows.
pub(super) const TARGET_DATABASE: &str = "dbt_database";

/// What templates can know of a project beside its nodes.
#[derive(Debug, Default, PartialEq)]
pub(super) struct World {
    /// The package of the project itself.
    pub(super) root: Arc<str>,
    /// The dialect of its SQL.
    pub(super) dialect: Dialect,
    /// The type of its adapter, as dbt spells it.
    pub(super) adapter: String,
    /// What the names of implementations start with, best first.
    pub(super) prefixes: Vec<&'static str>,
    /// `target`.
    pub(super) target: Json,
    /// The variables of each package, as its own project file gives them.
    pub(super) packages: BTreeMap<String, Map<String, Json>>,
    /// Variables that the caller sets.
    pub(super) overrides: Map<String, Json>,
    /// Environment variables that templates may see.
    pub(super) environment: BTreeMap<String, String>,
    /// Where `adapter.dispatch` searches, by namespace.
    pub(super) dispatch: BTreeMap<String, Vec<String>>,
    /// How names are quoted.
    pub(super) quoting: Option<QuotePolicy>,
}

impl World {
    /// A variable as a package sees it: the caller's, then the root project's for the package and for
    /// all, then the package's own.
    pub(super) fn variable(&self, package: &str, name: &str) -> Option<&Json> {
        let of = |owner: &str| {
            let vars = self.packages.get(owner)?;
            let scoped = vars.get(package).and_then(Json::as_object).and_then(|scoped| scoped.get(name));
            scoped.or_else(|| vars.get(name))
        };
        self.overrides.get(name).or_else(|| of(&self.root)).or_else(|| of(package))
    }

    /// Every variable as one text, for what cannot be rendered and may depend on any.
    pub(super) fn variables_text(&self) -> String {
        json!({"vars": self.packages, "overrides": self.overrides}).to_string()
    }

    /// How names are quoted.
    pub(super) fn quoting(&self) -> QuotePolicy {
        self.quoting.unwrap_or_else(|| QuotePolicy::of(self.dialect))
    }

    /// The table of a name in the target's own schema.
    pub(super) fn table(&self, identifier: &str) -> TableName {
        let part = |key: &str| self.target.get(key).and_then(Json::as_str).map(ToOwned::to_owned);
        TableName {
            database: part("database").filter(|database| database != TARGET_DATABASE),
            schema: part("schema"),
            identifier: Some(identifier.to_owned()),
            quoting: self.quoting(),
            dialect: self.dialect,
            kind: None,
        }
    }

    /// A name in quotes.
    pub(super) fn quoted(&self, name: &str) -> String {
        let quoting = QuotePolicy { identifier: Quoting::Quoted, ..self.quoting() };
        TableName { database: None, schema: None, quoting, ..self.table(name) }.to_string()
    }
}

/// What dbt calls the adapter of a dialect.
pub(super) const fn adapter_of(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::TSql => "sqlserver",
        Dialect::Ansi => "postgres",
        other => other.name(),
    }
}

/// What the names of an adapter's implementations start with, best first.
pub(super) fn prefixes(adapter: &str) -> Vec<&'static str> {
    const PARENTS: [(&str, &[&str]); 17] = [
        ("redshift", &["redshift", "postgres"]),
        ("databricks", &["databricks", "spark"]),
        ("spark", &["spark"]),
        ("snowflake", &["snowflake"]),
        ("bigquery", &["bigquery"]),
        ("postgres", &["postgres"]),
        ("trino", &["trino"]),
        ("presto", &["presto"]),
        ("athena", &["athena"]),
        ("duckdb", &["duckdb"]),
        ("motherduck", &["duckdb"]),
        ("mysql", &["mysql"]),
        ("mariadb", &["mariadb"]),
        ("sqlserver", &["sqlserver"]),
        ("synapse", &["synapse", "fabric", "sqlserver"]),
        ("fabric", &["fabric"]),
        ("clickhouse", &["clickhouse"]),
    ];
    let own = PARENTS.iter().find(|(name, _)| *name == adapter).map_or(&[][..], |(_, own)| own);
    own.iter().copied().chain(["default"]).collect()
}
