//! Macros: across files and packages, their arguments, and what they return.

use super::{given, with};
use crate::project::dbt::Options;
use headsup_lineage::dialect::Dialect;

/// Renders a model with macros beside it.
fn check(macros: &str, template: &str, expected: &str) {
    let read = given(&[("macros/m.sql", macros), ("models/m.sql", template), ("models/a.sql", "select 1")]);
    assert_eq!(read.sql("model.shop.m"), [expected], "{macros} {template} {:?}", read.part.diagnostics);
}

#[test]
fn arguments_bind_as_in_python() {
    let macros = "{% macro f(a, b='x', c=[]) %}{{ a }}{{ b }}{{ c }}{{ varargs }}{{ kwargs }}{% endmacro %}";
    check(macros, "{{ f(1) }}", "1x[][]{}");
    check(macros, "{{ f(1, c=[2], b='y') }}", "1y[2][]{}");
    check(macros, "{{ f(1, 2, 3, 4, z=5) }}", "123[4]{'z': 5}");
    check("{% macro f(a, b=a) %}{{ a }}{{ b }}{% endmacro %}", "{{ f(1) }} {{ f(1, 2) }}", "11 12");
    check("{% macro f(a) %}{{ a }}{% endmacro %}", "{{ f(*[1]) }}{{ f(**{'a': 2}) }}", "12");
}

#[test]
fn a_default_is_new_for_each_call() {
    let macros = "{% macro f(l=[]) %}{% do l.append(1) %}{{ l }}{% endmacro %}";
    check(macros, "{{ f() }} {{ f() }}", "[1] [1]");
}

#[test]
fn return_gives_values_rather_than_text() {
    check(
        "{% macro f() %}noise{{ return([1, 2]) }}{% endmacro %}",
        "{{ f() | length }}{% for x in f() %}{{ x }}{% endfor %}",
        "212",
    );
    check(
        "{% macro f() %}{% for i in [1, 2] %}{% if i == 2 %}{% do return({'i': i}) %}{% endif %}{% endfor %}{% endmacro %}",
        "{{ f().i }}",
        "2",
    );
    check(
        "{% macro f() %}{{ return(ref('a')) }}{% endmacro %}",
        "select * from {{ f() }}",
        "select * from \"dbt_target\".\"a\"",
    );
    check("{% macro f(n) %}{{ return(1 if n <= 1 else n * f(n - 1)) }}{% endmacro %}", "{{ f(5) }}", "120");
}

#[test]
fn call_blocks_and_local_macros() {
    check(
        "{% macro wrap(x) %}<{{ caller() }}{{ x }}>{% endmacro %}",
        "{% call wrap(1) %}a{{ 2 }}{% endcall %}",
        "<a21>",
    );
    check("", "{% macro local(x) %}[{{ x }}]{% endmacro %}{{ local(1) }}", "[1]");
}

#[test]
fn refs_inside_macros_count() {
    let read = given(&[
        (
            "macros/m.sql",
            "{% macro all(names) %}{% set rs = [] %}{% for n in names %}{% do rs.append(ref(n)) %}{% endfor %}{{ return(rs) }}{% endmacro %}",
        ),
        (
            "models/m.sql",
            "{% for r in all(['a', 'b']) %}select * from {{ r }}{{ ' union all ' if not loop.last }}{% endfor %}",
        ),
        ("models/a.sql", "select 1"),
        ("models/b.sql", "select 2"),
    ]);
    assert_eq!(read.parents("model.shop.m"), ["model.shop.a", "model.shop.b"]);
}

#[test]
fn dispatch_prefers_the_adapter_and_the_root() {
    let package = [
        ("dbt_packages/kit/dbt_project.yml", "name: kit\nconfig-version: 2\n"),
        (
            "dbt_packages/kit/macros/x.sql",
            "{% macro x() %}{{ return(adapter.dispatch('x', 'kit')()) }}{% endmacro %}{% macro default__x() %}default{% endmacro %}{% macro postgres__x() %}postgres{% endmacro %}",
        ),
        ("models/m.sql", "{{ kit.x() }}"),
    ];
    let of = |dialect: Dialect, more: &[(&str, &str)]| {
        let files: Vec<_> = package.iter().chain(more).copied().collect();
        with(&files, &Options { dialect: Some(dialect), ..Options::default() }).sql("model.shop.m").remove(0)
    };
    assert_eq!(of(Dialect::DuckDb, &[]), "default");
    assert_eq!(of(Dialect::Redshift, &[]), "postgres");
    assert_eq!(of(Dialect::DuckDb, &[("macros/x.sql", "{% macro default__x() %}mine{% endmacro %}")]), "mine");
    let order = [
        ("dbt_project.yml", "name: shop\ndispatch:\n  - macro_namespace: kit\n    search_order: [kit, shop]\n"),
        ("macros/x.sql", "{% macro default__x() %}mine{% endmacro %}"),
    ];
    assert_eq!(of(Dialect::DuckDb, &order), "default");
}

#[test]
fn the_builtins_can_be_overridden() {
    let read = given(&[
        ("macros/ref.sql", "{% macro ref(name) %}{{ return(builtins.ref(name).include(schema=false)) }}{% endmacro %}"),
        ("models/m.sql", "select * from {{ ref('a') }}"),
        ("models/a.sql", "select 1"),
    ]);
    assert_eq!(read.sql("model.shop.m"), ["select * from \"a\""]);
    assert_eq!(read.parents("model.shop.m"), ["model.shop.a"]);
}

#[test]
fn a_project_may_decide_itself_what_is_incremental() {
    let own = "{% macro is_incremental() %}{% if not execute %}{{ return(false) }}{% endif %}{% set r = adapter.get_relation(this.database, this.schema, this.table) %}{{ return(r is not none and r.type == 'table' and model.config.materialized == 'incremental' and not should_full_refresh()) }}{% endmacro %}";
    let template = "{{ config(materialized='incremental') }}select 1{% if is_incremental() %} where x{% endif %}";
    let read = given(&[("macros/i.sql", own), ("models/m.sql", template)]);
    assert_eq!(read.sql("model.shop.m"), ["select 1", "select 1 where x"]);
    assert_eq!(read.codes(), [""; 0]);
}

/// What dbt's own macros give, adapter by adapter.
#[test]
fn macros_of_dbt_give_what_dbt_gives() {
    use Dialect::{BigQuery, Databricks, DuckDb, Postgres, Redshift, Snowflake, Trino};
    let cases = [
        (Snowflake, "dbt.current_timestamp()", "convert_timezone('UTC', current_timestamp())"),
        (Postgres, "dbt.current_timestamp()", "now()"),
        (Redshift, "dbt.current_timestamp()", "getdate()"),
        (Databricks, "dbt.current_timestamp()", "current_timestamp()"),
        (Trino, "dbt.current_timestamp()", "current_timestamp"),
        (DuckDb, "dbt.current_timestamp_in_utc_backcompat()", "current_timestamp::timestamp"),
        (Snowflake, "dbt.type_timestamp()", "timestamp"),
        (BigQuery, "dbt.type_bigint() ~ dbt.type_boolean()", "bigintboolean"),
        (Redshift, "dbt.type_string()", "text"),
        (DuckDb, "dbt.safe_cast('x', 'integer')", "cast(x as integer)"),
        (DuckDb, "dbt.split_part('x', \"','\", -1)", "string_split(x, ',')[ -1 ]"),
        (Postgres, "dbt.split_part('x', \"','\", 2)", "split_part(x, ',', 2)"),
        (Postgres, "dbt.datediff('a', 'b', 'day')", "((b)::date - (a)::date)"),
        (
            Postgres,
            "dbt.datediff('a', 'b', 'hour')",
            "(((b)::date - (a)::date) * 24 + date_part('hour', (b)::timestamp) - date_part('hour', (a)::timestamp))",
        ),
        (Trino, "dbt.datediff('a', 'b', 'year')", "(year(cast(b as timestamp)) - year(cast(a as timestamp)))"),
        (Databricks, "dbt.datediff('a', 'b', 'day')", "timestampdiff(day, date_trunc('day', a), date_trunc('day', b))"),
        (DuckDb, "dbt.date(2020, 1, 2)", "make_date(2020, 1, 2)"),
        (Snowflake, "dbt.date(2020, 1, 2)", "to_date('2020-01-02', 'YYYY-MM-DD')"),
        (Trino, "dbt.listagg('x', \"'|'\", 'order by y')", "array_join(array_agg(x order by y), '|')"),
        (BigQuery, "dbt.listagg('x', \"'|'\", 'order by y', 3)", "string_agg(x, '|' order by y limit 3)"),
        (Postgres, "dbt.array_construct([], 'integer')", "array[]::integer[]"),
        (BigQuery, "dbt.array_append('x', '1')", "array_concat(x, [1])"),
        (BigQuery, "dbt.string_literal('x')", "'''x'''"),
        (Snowflake, "dbt.escape_single_quotes(\"it's\")", "it\\'s"),
        (DuckDb, "dbt.generate_series(10)", "select generate_series as generated_number from generate_series(1, 10)"),
        (
            Trino,
            "dbt.generate_series(3)",
            "with p as (select 0 as generated_number union all select 1), unioned as ( select p0.generated_number * power(2, 0) + p1.generated_number * power(2, 1) + 1 as generated_number from p as p0 cross join p as p1) select * from unioned where generated_number <= 3 order by generated_number",
        ),
        (Databricks, "api.Column.numeric_type('numeric', 10, 2)", "decimal(10,2)"),
        (Trino, "api.Column.translate_type('float')", "DOUBLE"),
        (DuckDb, "diff_of_two_dicts({'a': [1, 2], 'b': [3]}, {'a': [2]})", "{'a': [1], 'b': [3]}"),
        (DuckDb, "model.path", "m.sql"),
    ];
    for (dialect, expression, expected) in cases {
        let template = format!("{{{{ {expression} }}}}");
        let read =
            super::with(&[("models/m.sql", &template)], &Options { dialect: Some(dialect), ..Options::default() });
        assert_eq!(read.sql("model.shop.m"), [expected], "{dialect:?}: {expression}");
    }
}

#[test]
fn macros_of_dbt_speak_the_dialect() {
    let sql = |dialect: Dialect, template: &str| {
        with(&[("models/m.sql", template)], &Options { dialect: Some(dialect), ..Options::default() })
            .sql("model.shop.m")
            .remove(0)
    };
    assert_eq!(sql(Dialect::Snowflake, "{{ dbt.dateadd('day', 1, 'd') }}"), "dateadd(day, 1, d)");
    assert_eq!(sql(Dialect::Postgres, "{{ dateadd('day', 1, 'd') }}"), "d + ((interval '1 day') * (1))");
    assert_eq!(
        sql(Dialect::BigQuery, "{{ dbt.safe_cast('x', api.Column.translate_type('string')) }}"),
        "safe_cast(x as string)"
    );
    assert_eq!(sql(Dialect::BigQuery, "{{ dbt.concat(['a', 'b']) }} {{ dbt.type_string() }}"), "a || b string");
    assert_eq!(
        sql(Dialect::DuckDb, "{{ dbt_utils.generate_surrogate_key(['a', 'b']) }}").matches("coalesce").count(),
        2
    );
    assert_eq!(sql(Dialect::Snowflake, "{{ dbt_utils.star(ref('m2'), except=['a']) }}"), "* exclude (a)");
}

/// The packages hand each of their macros on to `adapter.dispatch`, which looks into the project first unless told otherwise.
#[test]
fn a_projects_own_implementation_stands_for_that_of_a_popular_package() {
    let sql = |own: &str, more: &str| {
        let project = format!("name: shop\n{more}");
        let files = [
            ("dbt_project.yml", &*project),
            ("macros/o.sql", own),
            ("models/m.sql", "select {{ dbt_utils.generate_surrogate_key(['a']) }} as k"),
        ];
        given(&files).sql("model.shop.m").join("")
    };
    let own = "{% macro default__generate_surrogate_key(fields) %}hash({{ fields[0] }}){% endmacro %}";
    assert_eq!(sql(own, ""), "select hash(a) as k");
    let last = "dispatch: [{macro_namespace: dbt_utils, search_order: [dbt_utils, shop]}]";
    assert!(sql(own, last).contains("coalesce"));
    assert!(sql("{% macro generate_surrogate_key(fields) %}x{% endmacro %}", "").contains("coalesce"));
}
