//! Hooks that leave rows and columns as they are, and those that may not.

use crate::support::{File, Fixture, list, word};

const SETTINGS: &str =
    "version: 1\njobs:\n  - { name: audit, owner: ann@example.com, criticality: critical, reads: [revenue] }\n";

const MACROS: &str = "\
{% macro properties(pairs) %}map_from_entries(ARRAY[{% for key, value in pairs.items() %}ROW('{{ key }}', '{{ value }}'){% if not loop.last %},{% endif %}{% endfor %}]){% endmacro %}\n\
{% macro columns(pairs) %}{% do pairs.update({'dune': tojson(model.config.get('x', none))}) %}{% endmacro %}\n\
{% macro expose(chains, who) %}{% if who == 'null' %}{%- do exceptions.raise_compiler_error(\"Invalid '%s'.\" % who) -%}{% endif %}{% set pairs = {'chains': chains} %}{% do columns(pairs) %}{% if target.name == 'prod' %}\
{% if model.config.materialized == 'view' %}CALL {{ model.database }}._internal.alter_view_properties('{{ model.schema }}', {{ properties(pairs) }})\
{% else %}ALTER TABLE {{ this }} SET PROPERTIES extra_properties = {{ properties(pairs) }}{% endif %}{% endif %}{% endmacro %}\n\
{% macro share(who) %}{% if target.name == 'prod' %}grant select on {{ this }} to {{ who }}{% else %}{{ clean() }}{% endif %}{% endmacro %}\n\
{% macro clean() %}delete from {{ this }} where x = 1{% endmacro %}\n\
{% macro text(x) %}{{ return('delete from ' ~ x) }}{% endmacro %}\n\
{% macro runs(x) %}{% do run_query('delete from ' ~ x) %}{% endmacro %}\n";

/// The reach of a job whose table has the hook `before` and then `after`.
fn reach(before: &str, after: &str) -> String {
    let model = |hook: &str| format!("{{{{ config(materialized='table', post_hook=\"{hook}\") }}}}\nselect 1 as x");
    let (before, after) = (model(before), model(after));
    let files: [File; 4] = [
        ("headsup.yml", SETTINGS),
        ("dbt_project.yml", "name: shop\n"),
        ("macros/m.sql", MACROS),
        ("models/revenue.sql", &before),
    ];
    let report = Fixture::pair(&files, &[("models/revenue.sql", &after)]).json("impact");
    let job = list(&report["jobs"]).iter().find(|job| word(&job["job"]) == "audit").unwrap();
    word(&job["reach"])
}

#[test]
fn what_describes_shares_or_tidies_a_table_is_not_told() {
    for (before, after) in [
        ("{{ expose(['a'], 'x') }}", "{{ expose(['a', 'b'], 'y') }}"),
        ("comment on table {{ this }} is 'a'", "comment on table {{ this }} is 'delete from; it'"),
        ("comment on column {{ this }}.x is 'a'", "comment on column {{ this }}.x is 'b'"),
        ("grant select on {{ this }} to a", "grant select, insert on {{ this }} to {{ var('b', 'b') }}"),
        ("grant select on {{ this }} to a", "revoke select on {{ this }} from a; analyze {{ this }};"),
        ("alter table {{ this }} set tag a = 'b'", "alter view {{ this }} unset tblproperties ('a')"),
        ("alter table {{ this }} set comment = 'a'", "alter table if exists {{ this }} set comment = 'modify'"),
        ("alter warehouse w resume if suspended", "alter warehouse w suspend"),
        ("optimize {{ this }} zorder by (x)", "vacuum {{ this }}"),
        ("{% if target.name == 'prod' %}analyze {{ this }}{% endif %}", "{{ 'analyze x' }}"),
        ("-- a\\nanalyze {{ this }}", "/* delete */ analyze {{ this }}"),
    ] {
        assert_eq!(reach(before, after), "not_reached", "{after}");
        assert_eq!(reach("", after), "not_reached", "{after}");
    }
}

#[test]
fn what_writes_a_table_that_nobody_reads_is_not_told() {
    for hook in [
        "insert into log select count(*) from {{ this }}",
        "create or replace table y as select 1",
        "{% set sql = 'delete from x' %}{{ sql }}",
    ] {
        assert_eq!(reach("analyze {{ this }}", hook), "not_reached", "{hook}");
        assert_eq!(reach(hook, "analyze {{ this }}"), "not_reached", "{hook}");
    }
}

#[test]
fn what_may_change_rows_or_columns_is_told() {
    for hook in [
        "delete from {{ this }} where x = 1",
        "insert into {{ this }} select 2",
        "analyze {{ this }}; delete from {{ this }}",
        "{{ clean() }}",
        "{% do ops.delete_rows(this, 'x > 1') %}",
        "{% do delete_rows(this, 'x > 1') %}",
        "{% do drop_relation(this) %}",
        "alter dynamic table {{ this }} suspend",
        "{{ share('x') }}",
        "{{ text(this) }}",
        "{{ runs(this) }}",
        "{{ nothing_known() }}",
        "{% if target.name == 'prod' %}analyze {{ this }}{% else %}truncate {{ this }}{% endif %}",
        "{% if target.name == 'prod' %}analyze {{ this }};{% endif %} truncate {{ this }}",
        "{% set sql = 'delete from ' ~ this %}{{ sql }}",
        "{{ 'delete from ' ~ this }}",
        "{{ 'delete from x' if target.name == 'prod' }}",
        "alter table {{ this }} add column y int",
        "alter table {{ this }} set comment = 'a', modify column x set masking policy p",
        "alter table {{ this }} modify column x set masking policy p",
        "alter table {{ this }} {% if x %} set comment = 'a' {% else %} swap with b {% endif %}",
        "alter table {{ this }} {{ clean() }}",
        "alter session set timezone = 'UTC'",
        "set session x = 1",
        "call shop.tidy('{{ this }}')",
        "call shop.vacuum.tidy('{{ this }}')",
        "create or replace table {{ this }} as select 1",
        "select tidy()",
        "comment on table {{ this }} is 'it\\\\'s'; delete from {{ this }} where x = '",
    ] {
        assert_ne!(reach("analyze {{ this }}", hook), "not_reached", "{hook}");
        assert_ne!(reach(hook, "analyze {{ this }}"), "not_reached", "{hook}");
    }
}
