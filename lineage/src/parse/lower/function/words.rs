//! Arguments that are words of the grammar and no columns: `DATE_TRUNC(day, …)`,
//! `DATE_DIFF(a, b, MONTH)`, `NORMALIZE(x, NFKC)`.

use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments};

use crate::dialect::Dialect;

/// The place of the argument that can be a word, where a function has one.
pub(super) fn place(function: &str, arguments: usize, dialect: Dialect) -> Option<usize> {
    let last = arguments.checked_sub(1)?;
    match function {
        // With two arguments both are dates, or a date and a number of days.
        "datediff" | "datediff_big" | "timediff" | "timestampdiff" | "dateadd" | "timeadd" | "timestampadd"
        | "date_bucket" => (last > 1).then_some(0),
        "date_diff" | "timestamp_diff" | "datetime_diff" | "time_diff" | "date_add" | "timestamp_add" => {
            (last > 1).then_some(if dialect == Dialect::BigQuery { last } else { 0 })
        }
        "datepart" | "date_part" | "datename" | "datetrunc" => Some(0),
        "date_trunc" | "timestamp_trunc" | "datetime_trunc" | "time_trunc" => {
            Some(if dialect == Dialect::BigQuery { last.min(1) } else { 0 })
        }
        "last_day" | "normalize" | "normalize_and_casefold" => (last > 0).then_some(1),
        "trunc" => (dialect == Dialect::Snowflake && last > 0).then_some(1),
        _ => None,
    }
}

/// The word that an argument is, where it is one: `DAY`, `WEEK(MONDAY)`, `NFKC`.
pub(super) fn spelled(argument: &FunctionArg) -> Option<String> {
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument else { return None };
    match expr {
        Expr::Identifier(ident) if ident.quote_style.is_none() && is_word(&ident.value) => Some(ident.value.clone()),
        Expr::Function(function) => match &function.args {
            FunctionArguments::List(list) if function.name.to_string().eq_ignore_ascii_case("week") => {
                let [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(day)))] = list.args.as_slice() else {
                    return None;
                };
                Some(format!("week({})", day.value))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The units of time and other words that engines take, in lower case, sorted.
#[rustfmt::skip]
const WORDS: [&str; 110] = [
    "centuries", "century", "d", "date", "datetime", "day", "day_of_week", "day_of_week_iso", "day_of_year",
    "dayofmonth", "dayofweek", "dayofweek_iso", "dayofweekiso", "dayofyear", "days", "dd", "decade", "decades", "dow",
    "dow_iso", "doy", "dw", "dy", "epoch", "epoch_microsecond", "epoch_millisecond", "epoch_nanosecond",
    "epoch_second", "h", "hh", "hour", "hours", "hr", "hrs", "iso_week", "isodow", "isoweek", "isowk", "isoww",
    "isoyear", "m", "mcs", "mi", "microsecond", "microseconds", "millennium", "millisecond", "milliseconds", "min",
    "mins", "minute", "minutes", "mm", "mon", "mons", "month", "months", "ms", "msec", "mth", "n", "nanosecond",
    "nanoseconds", "nfc", "nfd", "nfkc", "nfkd", "ns", "nsec", "q", "qq", "qtr", "quarter", "quarters", "s", "sec",
    "second", "seconds", "secs", "ss", "time", "timezone", "timezone_hour", "timezone_minute", "tz", "tzh", "tzm",
    "tzoffset", "us", "usec", "w", "week", "week_iso", "weekday", "weekday_iso", "weekiso", "weekofyear", "weeks",
    "wk", "ww", "y", "year", "yearofweek", "yearofweekiso", "years", "yr", "yrs", "yy", "yyy", "yyyy",
];

fn is_word(word: &str) -> bool {
    WORDS.binary_search(&word.to_ascii_lowercase().as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_are_sorted() {
        assert!(super::WORDS.is_sorted());
    }
}
