//! Macros of packages that are not in the repository: those of dbt_date and dbt_expectations that stand in
//! models, and those of dbt_utils that shape SQL. On DuckDB, the calendar was held against what the package
//! itself computes, for every column and 1,867 days.

use headsup_lineage::parse::parse;
use headsup_lineage::query::Reading;

use super::*;

/// Every macro of dbt_date with what it is called with.
const CALLS: [&str; 44] = [
    "convert_timezone('t')",
    "convert_timezone('t', 'Europe/Berlin', 'UTC')",
    "convert_timezone('t', source_tz='UTC')",
    "date_part('month', 'd')",
    "day_name('d')",
    "day_name('d', short=false)",
    "day_of_month('d')",
    "day_of_week('d')",
    "day_of_week('d', isoweek=false)",
    "day_of_year('d')",
    "from_unixtimestamp('e')",
    "from_unixtimestamp('e', format='milliseconds')",
    "from_unixtimestamp('e', format='nanoseconds')",
    "iso_week_end('d')",
    "iso_week_of_year('d')",
    "iso_week_start()",
    "iso_year_week('d')",
    "last_month()",
    "last_month_name()",
    "last_month_number('Europe/Berlin')",
    "last_week()",
    "month_name('d')",
    "month_name('d', short=false)",
    "n_days_ago(7)",
    "n_days_ago(7, date='d')",
    "n_days_away(7, date='d')",
    "n_months_ago(3)",
    "n_months_away(3)",
    "n_weeks_ago(2)",
    "n_weeks_away(2)",
    "next_month()",
    "next_month_name(short=false)",
    "next_month_number()",
    "next_week()",
    "now()",
    "periods_since('t', period_name='minute')",
    "round_timestamp('t')",
    "to_unixtimestamp('t')",
    "today('Europe/Berlin')",
    "tomorrow(date='d')",
    "week_end('d')",
    "week_of_year('d')",
    "week_start('d', tz='Europe/Berlin')",
    "yesterday()",
];

const DIALECTS: [Dialect; 7] = [
    Dialect::Snowflake,
    Dialect::BigQuery,
    Dialect::Redshift,
    Dialect::Postgres,
    Dialect::Databricks,
    Dialect::Trino,
    Dialect::DuckDb,
];

/// Renders a model in every dialect; the SQL has to be understood.
#[track_caller]
fn understood(template: &str) {
    for dialect in DIALECTS {
        let read = with(&[("models/m.sql", template)], &Options { dialect: Some(dialect), ..Options::default() });
        assert_eq!(read.codes(), [""; 0], "{dialect}: {template}: {:?}", read.part.diagnostics);
        let sql = &read.sql("model.shop.m")[0];
        assert_eq!(parse(sql, dialect).reading, Reading::Parsed, "{dialect}: {sql}");
    }
}

#[test]
fn every_macro_of_the_calendar_is_understood_in_every_dialect() {
    let columns: Vec<String> =
        CALLS.iter().enumerate().map(|(number, call)| format!("{{{{ dbt_date.{call} }}}} as c{number}")).collect();
    understood(&format!("select {} from days", columns.join(",\n")));
    understood("{{ dbt_date.get_date_dimension('2015-01-01', '2022-12-31') }}");
    understood("{{ dbt_date.get_base_dates(start_date='2015-01-01', end_date='2023-01-01', datepart='week') }}");
    understood("with d as ({{ dbt_date.get_base_dates(n_dateparts=365*3) }}) select date_day from d");
}

#[test]
fn the_calendar_on_duckdb() {
    for (call, expected) in [
        ("round_timestamp('t')", "date_trunc('day', (t + cast(12 as bigint) * interval 1 hour))"),
        ("day_of_week('d')", "date_part('isodow', d)"),
        ("day_name('d', language='es')", "coalesce(strftime(d, '%a'), 'es')"),
        ("tomorrow('d')", "cast((d + cast(1 as bigint) * interval 1 day) as date)"),
        ("date_part('month', 'd')", "date_part('month', d)"),
        (
            "convert_timezone('t', 'Europe/Berlin')",
            "cast(cast(t as timestamp) at time zone 'UTC' at time zone 'Europe/Berlin' as timestamp)",
        ),
    ] {
        renders(&format!("select {{{{ dbt_date.{call} }}}}"), &format!("select {expected}"));
    }
    let zone = [
        ("dbt_project.yml", "name: shop\nvars:\n  \"dbt_date:time_zone\": Asia/Tokyo\n"),
        ("models/m.sql", "select {{ dbt_date.today() }}"),
    ];
    assert_eq!(
        given(&zone).sql("model.shop.m"),
        [
            "select cast(cast(cast(now() as timestamp) at time zone 'UTC' at time zone 'Asia/Tokyo' as timestamp) as date)"
        ]
    );
}

#[test]
fn an_installed_package_is_used_in_place_of_ours() {
    let read = given(&[
        ("models/m.sql", "select {{ dbt_date.today() }} as a, {{ dbt_expectations.log_natural('x') }} as b"),
        ("packages.yml", "packages: [{package: calogica/dbt_date, version: 0.10.0}]"),
        ("dbt_packages/dbt_date/dbt_project.yml", "name: dbt_date\n"),
        ("dbt_packages/dbt_date/macros/today.sql", "{% macro today(tz=none) %}installed{% endmacro %}"),
    ]);
    assert_eq!(read.sql("model.shop.m"), ["select installed as a, ln(x) as b"]);
}

#[test]
fn statistics_of_dbt_expectations_are_understood() {
    understood(
        "select {{ dbt_expectations.median('x') }} as a, {{ dbt_expectations.rand() }} as b, \
         {{ dbt_expectations.log_natural('x') }} as c, {{ dbt_expectations.regexp_instr('x', 'a+') }} as d from t",
    );
}

#[test]
fn what_dbt_utils_had_before_dbt_itself_is_there() {
    for (call, expected) in [
        ("string_literal('a')", "'a'"),
        ("any_value('x')", "arbitrary(x)"),
        ("bool_or('x')", "bool_or(x)"),
        ("length('x')", "length(x)"),
        ("right('x', 2)", "right(x, 2)"),
        ("replace('x', \"'a'\", \"'b'\")", "replace(x, 'a', 'b')"),
        ("position(\"'a'\", 'x')", "position('a' in x)"),
        ("type_boolean()", "boolean"),
        ("except()", "except"),
    ] {
        renders(&format!("select {{{{ dbt_utils.{call} }}}}"), &format!("select {expected}"));
    }
    let types = "select {{ dbt_utils.get_table_types_sql() }} from information_schema.tables";
    understood(types);
}

#[test]
fn rows_are_deduplicated_without_a_column_more() {
    let template = "{{ dbt_utils.deduplicate(ref('a'), partition_by='id', order_by='at desc') }}";
    let sql = |dialect: Dialect| {
        let files = [("models/m.sql", template), ("models/a.sql", "select 1 as id, 2 as at")];
        with(&files, &Options { dialect: Some(dialect), ..Options::default() }).sql("model.shop.m").remove(0)
    };
    assert!(sql(Dialect::Snowflake).ends_with("qualify row_number() over (partition by id order by at desc) = 1"));
    assert!(sql(Dialect::Postgres).starts_with("select distinct on (id) * from"));
    assert!(sql(Dialect::Postgres).ends_with("order by id, at desc"));
}

/// Who reads a fiscal calendar reads the days that it is given, and all of its columns are known.
#[test]
fn fiscal_calendars_are_read_by_column() {
    const DAYS: &str = "select date_day, year_number, month_of_year, month_end_date, day_of_week from raw.days";
    for dialect in [Dialect::DuckDb, Dialect::Snowflake, Dialect::BigQuery, Dialect::Postgres] {
        for call in ["get_fiscal_year_dates(ref('days'), 1)", "get_fiscal_periods(ref('days'), 12, 1, shift_year=0)"] {
            let model = format!("{{{{ dbt_date.{call} }}}}");
            let options = Options { dialect: Some(dialect), ..Options::default() };
            let read = super::with(&[("models/days.sql", DAYS), ("models/fiscal.sql", &model)], &options);
            assert_eq!(read.codes(), [""; 0], "{dialect:?} {call} {:?}", read.part.diagnostics);
            assert_eq!(read.parents("model.shop.fiscal"), ["model.shop.days"]);
            assert_eq!(read.rung("model.shop.fiscal"), Rung::Open);
            let sql = read.sql("model.shop.fiscal").remove(0);
            assert_eq!(parse(&sql, dialect).reading, Reading::Parsed, "{dialect}: {sql}");
        }
    }
}
