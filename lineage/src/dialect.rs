//! The SQL dialects and their rules, as methods. What a dialect's parser must accept beyond the
//! stock one lives here too; lineage does not.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

mod grammar;
mod sight;

pub use sight::{AliasSight, Clause};

/// A SQL dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// The standard, and whatever most engines accept beyond it.
    #[default]
    Ansi,
    /// Snowflake.
    Snowflake,
    /// Google BigQuery.
    BigQuery,
    /// Amazon Redshift.
    Redshift,
    /// PostgreSQL.
    Postgres,
    /// Databricks SQL and Spark SQL.
    #[serde(alias = "spark")]
    Databricks,
    /// Trino, Presto and Athena.
    #[serde(alias = "presto", alias = "athena")]
    Trino,
    /// DuckDB.
    DuckDb,
    /// MySQL and MariaDB.
    #[serde(alias = "mariadb")]
    MySql,
    /// Transact-SQL: SQL Server, Synapse, Fabric.
    #[serde(alias = "sqlserver", alias = "synapse", alias = "fabric")]
    TSql,
    /// ClickHouse.
    ClickHouse,
}

/// How a dialect decides whether two spellings name one relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CaseRule {
    /// Unquoted names fold to upper case, quoted ones are exact: `orders` is `"ORDERS"`.
    FoldUpper,
    /// Unquoted names fold to lower case, quoted ones are exact: `Orders` is `"orders"`.
    FoldLower,
    /// Case never matters, quoted or not.
    Insensitive,
    /// Case always matters, quoted or not.
    Sensitive,
}

impl Dialect {
    /// Every dialect, in the order of the documentation.
    pub const ALL: [Self; 11] = [
        Self::Ansi,
        Self::Snowflake,
        Self::BigQuery,
        Self::Redshift,
        Self::Postgres,
        Self::Databricks,
        Self::Trino,
        Self::DuckDb,
        Self::MySql,
        Self::TSql,
        Self::ClickHouse,
    ];

    /// The name used in settings, arguments and output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ansi => "ansi",
            Self::Snowflake => "snowflake",
            Self::BigQuery => "bigquery",
            Self::Redshift => "redshift",
            Self::Postgres => "postgres",
            Self::Databricks => "databricks",
            Self::Trino => "trino",
            Self::DuckDb => "duckdb",
            Self::MySql => "mysql",
            Self::TSql => "tsql",
            Self::ClickHouse => "clickhouse",
        }
    }

    /// How names of relations are compared.
    ///
    /// ANSI folds to upper case in the standard, but a text whose dialect nobody knows is read so
    /// that two spellings are one relation rather than none: a missed edge is the worse mistake.
    #[must_use]
    pub const fn relation_case(self) -> CaseRule {
        match self {
            Self::Snowflake => CaseRule::FoldUpper,
            Self::Postgres => CaseRule::FoldLower,
            Self::Ansi | Self::Redshift | Self::Databricks | Self::Trino | Self::DuckDb | Self::TSql => {
                CaseRule::Insensitive
            }
            Self::BigQuery | Self::MySql | Self::ClickHouse => CaseRule::Sensitive,
        }
    }

    /// How names of columns are compared.
    #[must_use]
    pub const fn column_case(self) -> CaseRule {
        match self {
            Self::BigQuery | Self::MySql => CaseRule::Insensitive,
            other => other.relation_case(),
        }
    }

    /// The schema that `db..orders` means.
    #[must_use]
    pub const fn default_schema(self) -> Option<&'static str> {
        match self {
            Self::TSql => Some("dbo"),
            Self::Snowflake => Some("public"),
            _ => None,
        }
    }

    /// Whether a quoted name is split at its dots: BigQuery writes `` `project.dataset.table` ``.
    #[must_use]
    pub const fn quoted_dots(self) -> QuotedDots {
        match self {
            Self::BigQuery => QuotedDots::Split,
            _ => QuotedDots::Kept,
        }
    }
}

/// What a dot inside quotes means in the name of a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuotedDots {
    /// It separates parts.
    Split,
    /// It is a character of the name.
    Kept,
}

impl fmt::Display for Dialect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// The text names no dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownDialect(pub String);

impl fmt::Display for UnknownDialect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "unknown dialect `{}`", self.0)
    }
}

impl std::error::Error for UnknownDialect {}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    /// Reads the names of [`Dialect::name`], dbt's adapter types, and the usual other spellings.
    fn from_str(text: &str) -> Result<Self, UnknownDialect> {
        match text.to_ascii_lowercase().as_str() {
            "ansi" | "generic" => Ok(Self::Ansi),
            "snowflake" => Ok(Self::Snowflake),
            "bigquery" => Ok(Self::BigQuery),
            "redshift" => Ok(Self::Redshift),
            "postgres" | "postgresql" => Ok(Self::Postgres),
            "databricks" | "spark" | "sparksql" | "hive" => Ok(Self::Databricks),
            "trino" | "presto" | "athena" => Ok(Self::Trino),
            "duckdb" | "motherduck" => Ok(Self::DuckDb),
            "mysql" | "mariadb" => Ok(Self::MySql),
            "tsql" | "mssql" | "sqlserver" | "synapse" | "fabric" => Ok(Self::TSql),
            "clickhouse" => Ok(Self::ClickHouse),
            _ => Err(UnknownDialect(text.to_owned())),
        }
    }
}
