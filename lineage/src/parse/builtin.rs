//! Functions that every engine brings along. A call of one is never a call of a project's routine,
//! so it need not be kept; a name that is missing here only costs a look-up in the catalogue.

/// Sorted, lower case.
const BUILTIN: &[&str] = &[
"abs", "any_value", "approx_count_distinct", "approx_quantiles", "array_agg", "array_concat", "array_length", "array_reverse", "array_size", "array_to_string", "at", "avg", "before", "bool_and", "bool_or", "cast", "ceil", "ceiling", "changes", "char_length", "charindex", "classifier", "coalesce", "concat", "contains", "convert_timezone", "corr", "count", "count_if", "countif", "cume_dist", "current_date", "current_time", "current_timestamp", "current_user", "date", "date_add", "date_diff", "date_from_unix_date", "date_part", "date_sub", "date_trunc", "dateadd", "datediff", "datetime", "day", "decode", "dense_rank", "exp", "explode", "extract", "first", "first_value", "flatten", "floor", "format", "format_date", "format_timestamp", "from_unixtime", "generate_array", "generate_date_array", "generate_series", "generate_uuid", "getdate", "greatest", "grouping", "hash", "hour", "if", "iff", "ifnull", "initcap", "instr", "isnull", "json_extract", "json_extract_scalar", "json_query", "json_value", "lag", "last", "last_day", "last_value", "lead", "least", "left", "len", "length", "listagg", "ln", "log", "logical_and", "logical_or", "lower", "lpad", "ltrim", "max", "max_by", "md5", "median", "min", "min_by", "minute", "mod", "model", "month", "next", "now", "nth_value", "ntile", "nullif", "nvl", "object_construct", "offset", "ordinal", "overlay", "parse_date", "parse_json", "percent_rank", "percentile_cont", "posexplode", "position", "pow", "power", "prev", "rand", "random", "rank", "read_csv", "regexp_contains", "regexp_extract", "regexp_replace", "replace", "right", "round", "row_number", "rpad", "rtrim", "safe_divide", "safe_offset", "sha256", "sign", "split", "split_part", "sqrt", "string_agg", "struct", "substr", "substring", "sum", "table", "timestamp", "timestamp_add", "timestamp_diff", "timestamp_micros", "timestamp_millis", "timestamp_seconds", "timestamp_sub", "timestamp_trunc", "to_char", "to_date", "to_hex", "to_json", "to_json_string", "to_timestamp", "to_varchar", "trim", "trunc", "try_cast", "try_to_number", "unix_date", "unnest", "upper", "week", "year",
];

/// Whether an unqualified name is a function of every engine.
pub(super) fn is_builtin(name: &str) -> bool {
    name.len() <= 24 && name.is_ascii() && BUILTIN.binary_search(&&*name.to_ascii_lowercase()).is_ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_list_is_sorted() {
        assert!(super::BUILTIN.is_sorted());
    }
}
