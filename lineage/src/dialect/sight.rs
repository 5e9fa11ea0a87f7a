//! Where the aliases of a SELECT can be used besides the result, by dialect, as their manuals say.

use super::Dialect;

/// A clause of a SELECT in which a name can stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clause {
    /// FROM and the conditions of its joins.
    From,
    /// WHERE.
    Where,
    /// The projection and the windows.
    Projection,
    /// GROUP BY.
    GroupBy,
    /// HAVING.
    Having,
    /// QUALIFY.
    Qualify,
    /// ORDER BY.
    OrderBy,
}

/// Whether a clause sees the aliases of its SELECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AliasSight {
    /// It does not.
    Never,
    /// It does, where no column has the name.
    AfterColumns,
    /// It does, and an alias hides a column of its name.
    BeforeColumns,
    /// It does, and which of the two wins depends on more than the name.
    Either,
}

impl Dialect {
    /// Whether a clause sees the aliases of its SELECT. In the projection it is the aliases before
    /// the item (lateral column aliases), but for ClickHouse, where it is all of them.
    #[must_use]
    pub const fn alias_sight(self, clause: Clause) -> AliasSight {
        use AliasSight::{AfterColumns, BeforeColumns, Either, Never};
        match (self, clause) {
            (_, Clause::From) => Never,
            (Self::ClickHouse | Self::BigQuery, Clause::GroupBy | Clause::Having | Clause::Qualify)
            | (Self::ClickHouse, _)
            | (_, Clause::OrderBy) => BeforeColumns,
            // A text whose dialect nobody knows is read as leniently as any of them would.
            (Self::Ansi | Self::Snowflake | Self::DuckDb, _) => AfterColumns,
            (Self::Redshift | Self::Databricks, Clause::Projection) => AfterColumns,
            (_, Clause::Where | Clause::Projection) => Never,
            (Self::Trino, _) => Never,
            (Self::TSql, _) => Never,
            (Self::Postgres, Clause::GroupBy) => AfterColumns,
            (Self::Postgres, _) => Never,
            (Self::MySql, Clause::GroupBy) => AfterColumns,
            (Self::MySql, _) => Either,
            (Self::Redshift | Self::Databricks, _) => AfterColumns,
        }
    }
}
