//! The parser's dialects, ours: thin wrappers that accept what the stock ones miss.

// The macro makes its types and their constructors public, whether anybody needs them or not.
#![allow(unreachable_pub, dead_code)]

use sqlparser::derive_dialect;
use sqlparser::dialect as stock;

use super::Dialect;

derive_dialect!(AnsiGrammar, stock::GenericDialect, preserve_type_id = true, overrides = {
    supports_outer_join_operator = true,
    supports_select_wildcard_with_alias = true,
    supports_table_versioning = true,
    supports_execute_immediate = true,
    supports_trailing_commas = false,
    supports_lambda_functions = true,
    supports_subquery_as_function_arg = true,
    supports_nested_comments = false,
    supports_string_literal_concatenation_with_newline = true,
    supports_create_table_like_parenthesized = true,
});
derive_dialect!(SnowflakeGrammar, stock::SnowflakeDialect, preserve_type_id = true, overrides = {
    supports_bitwise_shift_operators = true,
    supports_subquery_as_function_arg = true,
    supports_lambda_functions = true,
    supports_filter_during_aggregation = true,
});
derive_dialect!(BigQueryGrammar, stock::BigQueryDialect, preserve_type_id = true, overrides = {
    supports_bitwise_shift_operators = true,
    supports_subquery_as_function_arg = true,
    supports_lambda_functions = true,
    supports_trailing_commas = false,
    supports_string_literal_concatenation = false,
    supports_named_fn_args_with_rarrow_operator = true,
});
derive_dialect!(RedshiftGrammar, stock::RedshiftSqlDialect, preserve_type_id = true, overrides = {
    supports_outer_join_operator = true,
    supports_select_wildcard_except = true,
    supports_group_by_with_modifier = true,
    supports_trailing_commas = false,
});
derive_dialect!(PostgresGrammar, stock::PostgreSqlDialect, preserve_type_id = true, overrides = {
    supports_lambda_functions = false,
});
derive_dialect!(DatabricksGrammar, stock::DatabricksDialect, preserve_type_id = true, overrides = {
    supports_bitwise_shift_operators = true,
    supports_execute_immediate = true,
    supports_numeric_prefix = true,
    supports_filter_during_aggregation = true,
    supports_match_recognize = true,
});
// The stock parser reads Trino best as Generic; lambdas, time travel and functions over
// subqueries are what Generic lacks.
derive_dialect!(TrinoGrammar, stock::GenericDialect, preserve_type_id = true, overrides = {
    supports_lambda_functions = true,
    supports_table_versioning = true,
    supports_subquery_as_function_arg = true,
    supports_match_recognize = true,
    supports_execute_immediate = true,
    supports_in_empty_list = false,
    supports_nested_comments = false,
    supports_multiline_comment_hints = false,
    supports_from_first_select = false,
    supports_dictionary_syntax = false,
    support_map_literal_syntax = false,
    supports_named_fn_args_with_rarrow_operator = true,
});
derive_dialect!(DuckDbGrammar, stock::DuckDbDialect, preserve_type_id = true, overrides = {
    supports_named_fn_args_with_eq_operator = false,
    supports_select_wildcard_with_alias = true,
    supports_match_recognize = false,
    supports_table_versioning = true,
    supports_select_wildcard_rename = true,
    supports_select_wildcard_replace = true,
    supports_projection_trailing_commas = true,
    supports_bitwise_shift_operators = true,
});
derive_dialect!(MySqlGrammar, stock::MySqlDialect, preserve_type_id = true, overrides = {
    supports_select_wildcard_with_alias = false,
});
derive_dialect!(TSqlGrammar, stock::MsSqlDialect, preserve_type_id = true, overrides = {
    supports_trailing_commas = false,
    supports_object_name_double_dot_notation = true,
});
derive_dialect!(ClickHouseGrammar, stock::ClickHouseDialect, preserve_type_id = true, overrides = {
    supports_trailing_commas = false,
    supports_filter_during_aggregation = true,
});

impl Dialect {
    /// The parser's dialect.
    pub(crate) fn grammar(self) -> &'static dyn stock::Dialect {
        match self {
            Self::Ansi => &AnsiGrammar { dialect: stock::GenericDialect {} },
            Self::Snowflake => &SnowflakeGrammar { dialect: stock::SnowflakeDialect {} },
            Self::BigQuery => &BigQueryGrammar { dialect: stock::BigQueryDialect {} },
            Self::Redshift => &RedshiftGrammar { dialect: stock::RedshiftSqlDialect {} },
            Self::Postgres => &PostgresGrammar { dialect: stock::PostgreSqlDialect {} },
            Self::Databricks => &DatabricksGrammar { dialect: stock::DatabricksDialect {} },
            Self::Trino => &TrinoGrammar { dialect: stock::GenericDialect {} },
            Self::DuckDb => &DuckDbGrammar { dialect: stock::DuckDbDialect {} },
            Self::MySql => &MySqlGrammar { dialect: stock::MySqlDialect {} },
            Self::TSql => &TSqlGrammar { dialect: stock::MsSqlDialect {} },
            Self::ClickHouse => &ClickHouseGrammar { dialect: stock::ClickHouseDialect {} },
        }
    }
}
