//! How functions behave, as far as rules depend on it. It must not know who calls them.

use super::term::Call;
use crate::functions;

/// Whether a function may give another value at each call, or does more than give one. What is fixed
/// for a statement, such as `current_date`, is not among these.
pub(super) fn is_volatile(function: &str) -> bool {
    #[rustfmt::skip]
    const VOLATILE: [&str; 46] = [
    "canonical_rand", "clock_timestamp", "currval", "gen_random_uuid", "generate_uuid", "generateuuidv4",
    "generateuuidv7", "get_lock", "lastval", "monotonically_increasing_id", "newid", "newsequentialid", "nextval",
    "normal", "now64", "pg_sleep", "rand", "rand32", "rand64", "randcanonical", "randn", "random", "random_bytes",
    "random_normal", "randomblob", "randomstring", "randstr", "rownum", "rownumberinallblocks", "rownumberinblock",
    "seq1", "seq2", "seq4", "seq8", "session_seq", "setseed", "setval", "sleep", "timeofday", "uniform", "uuid",
    "uuid_generate_v1", "uuid_generate_v4", "uuid_short", "uuid_string", "zipf",
];
    let last = function.rsplit('.').next().unwrap_or(function).to_ascii_lowercase();
    VOLATILE.binary_search(&last.as_str()).is_ok() || last == "uuidv7" || last == "uuidv4"
}

/// Whether a function makes several rows of one.
pub(super) fn makes_rows(function: &str) -> bool {
    functions::makes_rows(function)
}

/// Whether a call without OVER makes one value of many rows.
pub(super) fn surely_aggregates(function: &str, call: &Call) -> bool {
    // `count(*)` has no argument here.
    functions::surely_aggregates(function, call.args.len()) || (function == "count" && call.args.is_empty())
}

/// Whether a call without OVER may make one value of many rows: nothing is known of the function.
pub(super) fn may_aggregate(function: &str) -> bool {
    if is_scalar(function) {
        return false;
    }
    functions::is_unknown(function) || functions::is_aggregate(function) || functions::is_window(function)
}

/// Whether a function of one value a row is known, beside those that every engine has.
fn is_scalar(function: &str) -> bool {
    SCALAR.binary_search(&function).is_ok()
}

/// Functions of one value a row that give the same for the same, sorted.
#[rustfmt::skip]
const SCALAR: [&str; 290] = [
    "abs", "acos", "add_months", "array", "array_append", "array_cat", "array_compact", "array_concat",
    "array_construct", "array_contains", "array_distinct", "array_insert", "array_intersect", "array_join",
    "array_length", "array_position", "array_reverse", "array_size", "array_slice", "array_sort",
    "array_to_string", "arrayelement", "arrays_overlap", "as_varchar", "ascii", "asin", "at_timezone", "atan",
    "atan2", "base64_decode_string", "base64_encode", "bit_length", "bitand", "bitor", "bitxor", "btrim",
    "cardinality", "cbrt", "ceil", "ceiling", "char", "char_length", "character_length", "charindex", "chr",
    "coalesce", "concat", "concat_ws", "contains", "convert_timezone", "cos", "cosh", "cot", "current_date",
    "current_datetime", "current_time", "current_timestamp", "date", "date_add", "date_bin", "date_diff",
    "date_format", "date_from_parts", "date_from_unix_date", "date_parse", "date_part", "date_sub", "date_trunc",
    "dateadd", "datediff", "datefromparts", "datename", "datepart", "datetime", "datetime_add", "datetime_diff",
    "datetime_from_parts", "datetime_sub", "datetime_trunc", "day", "day_of_month", "day_of_week", "day_of_year",
    "dayname", "dayofmonth", "dayofweek", "dayofweek_iso", "dayofweekiso", "dayofyear", "decode", "degrees", "div",
    "element_at", "ends_with", "endswith", "exp", "extract", "farm_fingerprint", "floor", "format", "format_date",
    "format_datetime", "format_timestamp", "from_base64", "from_hex", "from_iso8601_date",
    "from_iso8601_timestamp", "from_unixtime", "from_utf8", "generate_array", "generate_date_array", "get",
    "get_path", "getdate", "greatest", "hash", "haversine", "hex", "hour", "if", "iff", "ifnull", "iif", "ilike",
    "initcap", "instr", "is_null_value", "isnull", "json_array_length", "json_extract", "json_extract_array",
    "json_extract_path_text", "json_extract_scalar", "json_extract_string", "json_query", "json_valid",
    "json_value", "jsonb_extract_path_text", "julianday", "last_day", "lcase", "least", "left", "len", "length",
    "like", "ln", "localtime", "localtimestamp", "locate", "log", "log10", "log2", "lower", "lpad", "ltrim",
    "make_date", "map_keys", "map_values", "md5", "minute", "mod", "month", "monthname", "months_between",
    "next_day", "now", "nullif", "nullifzero", "nvl", "nvl2", "object_construct", "object_insert", "object_keys",
    "octet_length", "parse_date", "parse_json", "parse_url", "pi", "position", "pow", "power", "printf", "quarter",
    "quote", "quotename", "radians", "regexp_contains", "regexp_count", "regexp_extract", "regexp_instr",
    "regexp_like", "regexp_replace", "regexp_substr", "repeat", "replace", "reverse", "right", "rlike", "round",
    "rpad", "rtrim", "safe_cast", "safe_divide", "second", "sha1", "sha2", "sign", "sin", "soundex", "space",
    "split", "split_part", "sqrt", "st_distance", "st_point", "st_x", "st_y", "starts_with", "startswith",
    "str_to_date", "strftime", "strpos", "struct", "stuff", "substr", "substring", "tan", "time", "time_trunc",
    "timestamp", "timestamp_add", "timestamp_diff", "timestamp_from_parts", "timestamp_sub", "timestamp_trunc",
    "timestampadd", "timestampdiff", "timezone", "to_array", "to_base64", "to_boolean", "to_char", "to_date",
    "to_decimal", "to_hex", "to_iso8601", "to_json", "to_json_string", "to_number", "to_numeric", "to_object",
    "to_time", "to_timestamp", "to_utf8", "to_varchar", "to_variant", "tochar", "todate", "todatetime", "toint32",
    "toint64", "tointervalday", "tostartofday", "tostartofmonth", "tostartofweek", "tostring", "touint64",
    "translate", "trim", "trunc", "truncate", "try_cast", "try_parse_json", "try_to_date", "try_to_number",
    "try_to_timestamp", "typeof", "ucase", "unhex", "unicode", "unix_timestamp", "upper", "urldecode", "week",
    "weekiso", "weekofyear", "year", "yearofweek", "zeroifnull",
];
