//! Hooks that write the tables of others, and what runs before and after all models.

use super::columns::arrives;

const STG: (&str, &str) = (
    "models/stg.sql",
    "{{ config(materialized='table') }} select id, amount, status from {{ source('raw', 'orders') }}",
);
const TOTAL: (&str, &str) = ("models/total.sql", "select sum(amount) as amount from {{ ref('stg') }}");
const STATES: (&str, &str) = ("models/states.sql", "select id, status from {{ ref('stg') }}");
const SOURCES: (&str, &str) = ("models/raw.yml", "sources: [{name: raw, tables: [{name: orders}, {name: customers}]}]");

/// What reaches the readers of `stg` or anything else, where another model has one hook and then another one.
fn told(base: &str, head: &str) -> Vec<String> {
    let hooked = |hook: &str| match hook {
        "" => "select 1 as a".to_owned(),
        hook => format!("{{{{ config(materialized='view', post_hook=\"{hook}\") }}}} select 1 as a"),
    };
    told_of(("models/other.sql", &hooked(base)), ("models/other.sql", &hooked(head)))
}

fn told_of(base: (&str, &str), head: (&str, &str)) -> Vec<String> {
    let shared = [STG, TOTAL, STATES, SOURCES];
    let with = |own| shared.into_iter().chain([own]).collect::<Vec<(&str, &str)>>();
    arrives(&with(base), &with(head))
}

#[test]
fn who_reads_what_a_hook_writes_is_told() {
    let reached = |lines: &[String], id: &str| lines.iter().any(|line| line.starts_with(id) && !line.contains(": not"));
    for (base, head) in [
        ("", "delete from {{ ref('stg') }} where id = 1"),
        ("delete from {{ ref('stg') }} where id = 1", "delete from {{ ref('stg') }} where id = 2"),
        ("truncate table {{ ref('stg') }}", ""),
        ("", "insert into {{ ref('stg') }} select 1, 2, 'x'"),
        ("", "delete from {{ source('raw', 'orders') }} where id = 1"),
        ("", "delete from raw.orders where id = 1"),
        ("", "alter table {{ ref('stg') }} drop column status"),
        ("{% if target.name == 'prod' %}delete from {{ ref('stg') }} where id = 1{% endif %}", ""),
        ("{% do run_query('delete from ' ~ ref('stg')) %}", ""),
        ("{% call statement() %}delete from {{ ref('stg') }}{% endcall %}", ""),
        ("{{ unknown_here(1) }} delete from {{ ref('stg') }} where id = 1", ""),
    ] {
        let lines = told(base, head);
        for id in ["model.shop.total", "model.shop.states"] {
            assert!(reached(&lines, id), "{base} | {head}: {lines:?}");
        }
    }
}

#[test]
fn columns_that_a_hook_sets_reach_their_readers_only() {
    let set = |value: &str| format!("update {{{{ ref('stg') }}}} set status = '{value}'");
    let expected = ["model.shop.states: reached revalued status", "model.shop.stg: reached revalued status"];
    assert_eq!(told("", &set("x")), expected);
    assert_eq!(told(&set("x"), ""), expected);
    assert_eq!(told(&set("x"), &set("y")), expected);
    assert_eq!(told(&set("x"), &set("x").replace("set", "SET  ")), [""; 0]);
    let gone = "delete from {{ ref('stg') }} where id = 1";
    assert_eq!(
        told("", gone),
        [
            "model.shop.states: reached rows_removed",
            "model.shop.stg: reached rows_removed",
            "model.shop.total: reached revalued amount",
        ]
    );
}

#[test]
fn what_describes_or_logs_is_silent() {
    for hook in [
        "grant select on {{ ref('stg') }} to reporter",
        "analyze {{ ref('stg') }}",
        "insert into audit.log select count(*) from {{ this }}",
        "insert into {{ target.schema }}.log select count(*) from {{ ref('stg') }}",
    ] {
        assert_eq!(
            told("", hook).iter().filter(|line| !line.starts_with("model.shop.other: reached config")).count(),
            0
        );
    }
}

/// Two models log what they have done: one of them does not hear of the other, and who reads the log hears of both.
#[test]
fn models_that_write_one_log_do_not_read_each_other() {
    let logging = |from: &str| {
        format!(
            "{{{{ config(post_hook=\"insert into {{{{ ref('log') }}}} (n) select count(*) from {{{{ this }}}}\") }}}} {from}"
        )
    };
    let files = |a: &str| {
        vec![
            ("models/log.sql", "{{ config(materialized='incremental') }} select 0 as n".to_owned()),
            ("models/a.sql", logging(a)),
            ("models/b.sql", logging("select 1 as x from {{ source('raw', 'customers') }}")),
            ("models/watch.sql", "select max(n) as n from {{ ref('log') }}".to_owned()),
            (SOURCES.0, SOURCES.1.to_owned()),
        ]
    };
    let (base, head) = (files("select id from raw.orders"), files("select id from raw.orders where id > 1"));
    let lines = arrives(
        &base.iter().map(|(path, text)| (*path, text.as_str())).collect::<Vec<_>>(),
        &head.iter().map(|(path, text)| (*path, text.as_str())).collect::<Vec<_>>(),
    );
    assert!(lines.iter().any(|line| line.starts_with("model.shop.watch: reached")), "{lines:?}");
    assert!(!lines.iter().any(|line| line.starts_with("model.shop.b:")), "{lines:?}");
}

#[test]
fn what_runs_before_and_after_all_models_writes_too() {
    let project = |key: &str, hook: &str| format!("name: shop\nconfig-version: 2\n{key}: [\"{hook}\"]\n");
    let told = |base: String, head: String| told_of(("dbt_project.yml", &base), ("dbt_project.yml", &head));
    let deletes = |id: u32| format!("delete from {{{{ source('raw', 'orders') }}}} where id = {id}");
    let lines = told(project("on-run-start", &deletes(1)), project("on-run-start", &deletes(2)));
    assert!(lines.iter().any(|line| line.starts_with("model.shop.total: reached")), "{lines:?}");
    let grants = "{% for one in schemas %}grant usage on schema {{ one }} to reporter;{% endfor %}";
    assert_eq!(told(project("on-run-end", ""), project("on-run-end", grants)), [""; 0]);
}

#[test]
fn a_routine_that_a_hook_makes_reaches_who_calls_it() {
    let files = |factor: u32| {
        let made = format!("create or replace function cents(x) as (x * {factor})");
        [
            ("dbt_project.yml", format!("name: shop\nconfig-version: 2\non-run-start: [\"{made}\"]\n")),
            ("models/m.sql", "select cents(amount) as amount, id from raw.orders".to_owned()),
            ("models/apart.sql", "select id from raw.orders".to_owned()),
        ]
    };
    let (base, head) = (files(10), files(100));
    let lines = arrives(
        &base.each_ref().map(|(path, text)| (*path, text.as_str())),
        &head.each_ref().map(|(path, text)| (*path, text.as_str())),
    );
    assert!(lines.iter().any(|line| line.starts_with("model.shop.m: reached")), "{lines:?}");
    assert!(!lines.iter().any(|line| line.starts_with("model.shop.apart")), "{lines:?}");
}
