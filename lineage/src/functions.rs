//! What functions do with rows, by name. It must not know who calls them.

use crate::parse::is_builtin;

/// The last part of a function's name: `safe.sum` and `udfs.sum` do what their names say.
fn own_name(function: &str) -> &str {
    function.rsplit('.').next().unwrap_or(function)
}

/// Whether a function makes one value of many rows when it stands without OVER.
#[must_use]
pub fn is_aggregate(function: &str) -> bool {
    let name = own_name(function).to_ascii_lowercase();
    let name = name.as_str();
    AGGREGATES.binary_search(&name).is_ok()
        || name.ends_with("_agg")
        || name.starts_with("approx_")
        || function.to_ascii_lowercase().starts_with("hll_count.")
        || is_combined(name)
}

/// Whether a function is an aggregate by its whole name, or by that and a combinator of ClickHouse.
fn is_listed(name: &str) -> bool {
    AGGREGATES.binary_search(&name).is_ok() || is_combined(name)
}

/// Whether a function that usually stands before OVER aggregates where it does not.
#[must_use]
pub fn is_window(function: &str) -> bool {
    matches!(
        function,
        "first_value" | "last_value" | "nth_value" | "rank" | "dense_rank" | "percent_rank" | "cume_dist" | "ntile"
    )
}

/// Whether a function of so many arguments is an aggregate in every dialect that has it.
#[must_use]
pub fn surely_aggregates(function: &str, arguments: usize) -> bool {
    const ELSEWHERE_SCALAR: [&str; 19] = [
        "any",
        "checksum",
        "entropy",
        "every",
        "first",
        "grouping",
        "grouping_id",
        "histogram",
        "hll_estimate",
        "last",
        "list",
        "merge",
        "mode",
        "percentile",
        "quantile",
        "some",
        "st_collect",
        "st_union",
        "topk",
    ];
    let name = own_name(function).to_ascii_lowercase();
    match name.as_str() {
        "min" | "max" => arguments == 1,
        // What a project calls so itself may be anything.
        _ => !function.contains('.') && is_listed(&name) && ELSEWHERE_SCALAR.binary_search(&name.as_str()).is_err(),
    }
}

/// ClickHouse puts combinators behind its aggregates: `sumIf`, `uniqExactMerge`, `argMaxOrNull`.
fn is_combined(name: &str) -> bool {
    const COMBINATORS: [&str; 9] =
        ["if", "array", "map", "state", "merge", "foreach", "distinct", "ornull", "ordefault"];
    COMBINATORS
        .iter()
        .any(|combinator| name.strip_suffix(combinator).is_some_and(|inner| AGGREGATES.binary_search(&inner).is_ok()))
}

/// Whether nothing is known of a function: it is one of the project's own, or of an engine's rarer
/// ones, and may aggregate.
#[must_use]
pub fn is_unknown(function: &str) -> bool {
    function.contains('.') || !(is_builtin(function) || is_aggregate(function))
}

/// Whether a function in a projection makes several rows of one: Postgres's set-returning functions, the
/// generators of Spark, `unnest` of DuckDB, `arrayJoin` of ClickHouse.
#[must_use]
pub fn makes_rows(function: &str) -> bool {
    const GENERATORS: [&str; 28] = [
        "arrayjoin",
        "explode",
        "explode_outer",
        "generate_series",
        "generate_subscripts",
        "inline",
        "inline_outer",
        "json_array_elements",
        "json_array_elements_text",
        "json_each",
        "json_each_text",
        "json_object_keys",
        "json_populate_recordset",
        "json_tuple",
        "jsonb_array_elements",
        "jsonb_array_elements_text",
        "jsonb_each",
        "jsonb_each_text",
        "jsonb_object_keys",
        "jsonb_path_query",
        "posexplode",
        "posexplode_outer",
        "regexp_matches",
        "regexp_split_to_table",
        "stack",
        "string_to_table",
        "unnest",
        "variant_explode",
    ];
    GENERATORS.binary_search(&own_name(function).to_ascii_lowercase().as_str()).is_ok()
}

/// Whether the first argument decides which of the others is the value.
#[must_use]
pub fn is_choice(function: &str) -> bool {
    matches!(function, "if" | "iff" | "iif" | "nvl2" | "choose" | "multiif")
}

/// Whether `f(*)` only counts rows.
#[must_use]
pub fn counts_rows(function: &str) -> bool {
    matches!(function, "count" | "count_big" | "approx_count")
}

/// Aggregates of all dialects, sorted.
#[rustfmt::skip]
const AGGREGATES: [&str; 182] = [
    "any", "any_value", "anyheavy", "anylast", "approx_count_distinct", "arbitrary", "arg_max", "arg_min",
    "argmax", "argmin", "array_agg", "array_collect", "array_concat_agg", "array_union_agg", "array_unique_agg",
    "avg", "avg_if", "avgweighted", "bit_and", "bit_and_agg", "bit_or", "bit_or_agg", "bit_xor", "bit_xor_agg",
    "bitand_agg", "bitmap_agg", "bitmap_construct_agg", "bitmap_or_agg", "bitor_agg", "bitwise_and_agg",
    "bitwise_or_agg", "bitxor_agg", "bool_and", "bool_or", "booland_agg", "boolor_agg", "boolxor_agg", "checksum",
    "checksum_agg", "collect_list", "collect_set", "corr", "corr_matrix", "count", "count_big", "count_if",
    "countif", "covar_pop", "covar_samp", "deltasum", "entropy", "every", "exponentialmovingavg", "favg", "first",
    "fsum", "geometric_mean", "group_concat", "group_concat_distinct", "grouparray", "groupbitand", "groupbitor",
    "groupbitxor", "grouping", "grouping_id", "groupuniqarray", "hash_agg", "histogram", "hll", "hll_accumulate",
    "hll_combine", "hll_estimate", "hll_union_agg", "json_agg", "json_arrayagg", "json_group_array",
    "json_group_object", "json_object_agg", "json_objectagg", "jsonb_agg", "jsonb_object_agg", "kurtosis",
    "kurtosis_pop", "last", "learn_linear_regression", "list", "listagg", "logical_and", "logical_or", "mad",
    "map_agg", "map_union", "max", "max_by", "max_if", "maxmap", "mean", "median", "merge", "min", "min_by",
    "min_if", "minhash", "minhash_combine", "minmap", "mode", "multimap_agg", "ndv", "numeric_histogram",
    "object_agg", "objectagg", "percentile", "percentile_approx", "percentile_cont", "percentile_disc", "product",
    "qdigest_agg", "quantile", "quantile_cont", "quantile_disc", "quantileexact", "quantiles", "quantiletdigest",
    "range_agg", "reduce_agg", "regr_avgx", "regr_avgy", "regr_count", "regr_intercept", "regr_r2", "regr_slope",
    "regr_sxx", "regr_sxy", "regr_syy", "reservoir_quantile", "set_agg", "set_union", "skew", "skewness",
    "skewness_pop", "some", "spatial_union_agg", "st_collect", "st_union", "st_union_agg", "stddev", "stddev_pop",
    "stddev_samp", "stdev", "stdevp", "string_agg", "struct_agg", "sum", "sum_distinct", "sum_if", "sumif",
    "sumkahan", "summap", "sumwithoverflow", "tdigest_agg", "to_array_agg", "topk", "topkweighted", "try_avg",
    "try_sum", "union_agg", "uniq", "uniqcombined", "uniqexact", "uniqhll12", "uniqthetasketch", "unique_count",
    "uniqup", "var", "var_pop", "var_samp", "variance", "variance_pop", "variance_samp", "varp", "wm_concat",
    "xmlagg",
];
