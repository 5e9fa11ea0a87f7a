//! Pairs of queries of which one may fail where the other does not, and pairs of which none may.

use super::failing;
use crate::canonical::Terms;
use crate::canonical::tests::{form, known};
use crate::dialect::Dialect;

const SCHEMA: &str = "t(id!, a, b, x, kind); u(id!, t_id, v)";

fn told(dialect: Dialect, base: &str, head: &str) -> Vec<String> {
    let known = known(dialect, SCHEMA);
    let mut terms = Terms::new(dialect);
    let base = form(&mut terms, base, &known);
    let head = form(&mut terms, head, &known);
    failing(&terms, &base, &head)
}

/// Checks what is told of pairs, and that nothing is told of them the other way round.
fn check(pairs: &[(Dialect, &str, &str, &str)]) {
    for (dialect, base, head, expected) in pairs {
        assert_eq!(told(*dialect, base, head), [*expected], "{base}\n{head}");
        assert!(told(*dialect, head, base).is_empty(), "{head}\n{base}");
        assert!(told(*dialect, base, base).is_empty() && told(*dialect, head, head).is_empty(), "{base}\n{head}");
    }
}

fn silent(pairs: &[(Dialect, &str, &str)]) {
    for (dialect, base, head) in pairs {
        assert!(told(*dialect, base, head).is_empty(), "{base}\n{head}: {:?}", told(*dialect, base, head));
    }
}

use Dialect::{BigQuery, DuckDb, MySql, Postgres, Snowflake, Trino};

#[test]
fn a_form_that_does_not_fail_becomes_one_that_does() {
    check(&[
        (
            Snowflake,
            "select try_cast(x as int) as n from t",
            "select cast(x as int) as n from t",
            "`cast(t.x as int)` may fail now: it was `try_cast(t.x as int)`",
        ),
        (
            Postgres,
            "select a / nullif(b, 0) as r from t",
            "select a / b as r from t",
            "`t.a / t.b` may fail now: it was divided by `nullif(t.b, 0)`",
        ),
        (
            BigQuery,
            "select safe_divide(a, b) as r from t",
            "select a / b as r from t",
            "`t.a / t.b` may fail now: it was `safe_divide(t.a, t.b)`",
        ),
        (
            Trino,
            "select try(cast(x as bigint)) as n from t",
            "select cast(x as bigint) as n from t",
            "`cast(t.x as bigint)` may fail now: it was `try(cast(t.x as bigint))`",
        ),
        (
            Trino,
            "select element_at(x, 1) as n from t",
            "select x[1] as n from t",
            "`t.x[1]` may fail now: it was `element_at(t.x, 1)`",
        ),
        (
            Snowflake,
            "select try_to_date(x) as d from t",
            "select to_date(x) as d from t",
            "`to_date(t.x)` may fail now: it was `try_to_date(t.x)`",
        ),
    ]);
}

#[test]
fn a_condition_that_guarded_is_gone() {
    check(&[
        (
            Postgres,
            "select case when b <> 0 then a / b end as r from t",
            "select a / b as r from t",
            "`t.a / t.b` may fail now: `t.b <> 0` does not stand before it any more",
        ),
        (
            Postgres,
            "select case when b is null or b = 0 then 0 else a / b end as r from t",
            "select case when b is null then 0 else a / b end as r from t",
            "`t.a / t.b` may fail now: `t.b = 0` does not stand before it any more",
        ),
        (
            Postgres,
            "select a / b as r from t where b > 0",
            "select a / b as r from t",
            "`t.a / t.b` may fail now: `t.b > 0` does not stand before it any more",
        ),
        (
            Postgres,
            "select cast(x as int) as n from t where x ~ '^[0-9]+$'",
            "select cast(x as int) as n from t",
            "`cast(t.x as int)` may fail now: `t.x ~ '^[0-9]+$'` does not stand before it any more",
        ),
        (
            Snowflake,
            "select cast(x as int) as n from t where length(x) = 8",
            "select cast(x as int) as n from t",
            "`cast(t.x as int)` may fail now: `length(t.x) = 8` does not stand before it any more",
        ),
        (
            Postgres,
            "select cast(x as int) as n from t where x <> ''",
            "select cast(x as int) as n from t where x is not null",
            "`cast(t.x as int)` may fail now: `t.x <> ''` does not stand before it any more",
        ),
    ]);
}

#[test]
fn a_condition_that_guarded_comes_later() {
    check(&[
        (
            Postgres,
            "with g as (select * from t where b <> 0) select id, a / b as r from g",
            "with r as (select id, b, a / b as r from t) select id, r from r where b <> 0",
            "`t.a / t.b` may fail now: it is worked out before `t.b <> 0`",
        ),
        (
            Postgres,
            "with g as (select x from t where kind = 'age') select cast(x as int) as n from g",
            "with g as (select kind, cast(x as int) as n from t) select n from g where kind = 'age'",
            "`cast(t.x as int)` may fail now: it is worked out before `t.kind = 'age'`",
        ),
    ]);
}

#[test]
fn a_divisor_that_was_never_zero_may_be() {
    for (divisor, shown) in [
        ("coalesce(nullif(b, 0), 1)", "coalesce(case when t.b = 0 then null else t.b end, 1)"),
        ("greatest(b, 1)", "greatest(t.b, 1)"),
        ("case when b > 0 then b end", "case when t.b > 0 then t.b end"),
        ("case when b = 0 then 1 else b end", "case when t.b = 0 then 1 else t.b end"),
        ("nullif(coalesce(b, 0), 0)", "nullif(t.b, 0)"),
    ] {
        let base = format!("select a / {divisor} as r from t");
        let head = "select a / b as r from t";
        let lost = format!("`t.a / t.b` may fail now: it was divided by `{shown}`");
        assert_eq!(told(Postgres, &base, head), [lost], "{divisor}");
        assert!(told(Postgres, head, &base).is_empty(), "{divisor}");
    }
}

/// What stands in a condition is not guarded by that condition.
#[test]
fn a_condition_is_no_guard_of_itself() {
    check(&[
        (
            Snowflake,
            "select u.v from t left join u on try_to_number(t.x) = u.id",
            "select u.v from t left join u on to_number(t.x) = u.id",
            "`to_number(t.x)` may fail now: it was `try_to_number(t.x)`",
        ),
        (
            Snowflake,
            "select id from t where try_to_date(x) <> '2020-01-01'",
            "select id from t where to_date(x) <> '2020-01-01'",
            "`to_date(t.x)` may fail now: it was `try_to_date(t.x)`",
        ),
    ]);
}

#[test]
fn more_functions_that_fail_by_value() {
    check(&[
        (
            Snowflake,
            "select try_to_timestamp_ntz(x) as d from t",
            "select to_timestamp_ntz(x) as d from t",
            "`to_timestamp_ntz(t.x)` may fail now: it was `try_to_timestamp_ntz(t.x)`",
        ),
        (
            BigQuery,
            "select safe.ln(a) as d from t",
            "select ln(a) as d from t",
            "`ln(t.a)` may fail now: it was `safe.ln(t.a)`",
        ),
        (
            Dialect::ClickHouse,
            "select toInt32OrNull(x) as d from t",
            "select toInt32(x) as d from t",
            "`toint32(t.x)` may fail now: it was `toint32ornull(t.x)`",
        ),
        (
            Postgres,
            "select cast(nullif(x, '') as int) as n from t",
            "select cast(x as int) as n from t",
            "`cast(t.x as int)` may fail now: `t.x = ''` does not stand before it any more",
        ),
    ]);
}

#[test]
fn a_kind_of_rows_that_is_told_later() {
    for kind in ["a", "not a", "kind like 'n%'", "kind <> 'text'", "kind not in ('text', 'date')"] {
        let base = format!("with g as (select x from t where {kind}) select cast(x as int) as n from g");
        let head = format!("with g as (select a, kind, cast(x as int) as n from t) select n from g where {kind}");
        assert_eq!(told(Postgres, &base, &head).len(), 1, "{kind}");
        assert!(told(Postgres, &head, &base).is_empty(), "{kind}");
    }
}

#[test]
fn a_query_that_stands_for_one_value_may_find_several() {
    check(&[(
        Postgres,
        "select id, (select max(v) from u where u.t_id = t.id) as v from t",
        "select id, (select v from u where u.t_id = t.id) as v from t",
        "a query of `u` that stands for one value may find several rows now",
    )]);
}

#[test]
fn what_is_as_safe_as_before_is_not_told() {
    silent(&[
        // One guard for another.
        (Postgres, "select a / nullif(b, 0) as r from t", "select case when b <> 0 then a / b end as r from t"),
        (Postgres, "select a / b as r from t where b > 0", "select a / b as r from t where b >= 10"),
        (Postgres, "select a / b as r from t where b > 0", "select a / nullif(b, 0) as r from t"),
        // The filter stands in the same SELECT as before, or further inside.
        (
            Postgres,
            "with g as (select * from t where b <> 0) select a / b as r from g",
            "select a / b as r from t where b <> 0",
        ),
        (
            Postgres,
            "select n from (select kind, cast(x as int) as n from t) as g where kind = 'age'",
            "select cast(x as int) as n from t where kind = 'age'",
        ),
        // It was not guarded before.
        (Postgres, "select a / b as r from t where a > 1", "select a / b as r from t"),
        (Postgres, "select a / b as r, a / nullif(b, 0) as s from t", "select a / b as r, a / b as s from t"),
        (Postgres, "select cast(x as int) as n from t where kind = 'age'", "select cast(x as int) as n from t"),
        (Postgres, "select cast(x as int) as n from t where a > 1", "select cast(x as int) as n from t where a > 2"),
        // That there is something says nothing of what it looks like.
        (
            Postgres,
            "select case when x is not null then cast(x as int) end as n from t",
            "select cast(x as int) as n from t",
        ),
        (
            Postgres,
            "select case when x is null then 0 else cast(x as int) end as n from t",
            "select coalesce(cast(x as int), 0) as n from t",
        ),
        (Postgres, "select a / b as r from t where b <> 0", "select a / b as r from t where b is distinct from 0"),
        // A window of time says nothing about what the values look like.
        (
            Trino,
            "select cast(date_trunc('day', x) as date) as d from t where x >= date_trunc('day', now() - interval '3' day)",
            "select cast(date_trunc('day', x) as date) as d from t where x >= date_trunc('day', now() - interval '9' day)",
        ),
        (
            Trino,
            "select cast(from_unixtime(a / 1e9) as timestamp) as d from t where cast(from_unixtime(a / 1e9) as timestamp) > now()",
            "select cast(from_unixtime(a / 1e9) as timestamp) as d from t",
        ),
        // New altogether.
        (Postgres, "select a from t", "select a, a / b as r, cast(x as int) as n from t"),
        // Nobody asks for it.
        (
            Postgres,
            "select id from (select id, a / nullif(b, 0) as r from t) as g",
            "select id from (select id, a / b as r from t) as g",
        ),
        // It does not fail there, or not at all.
        (DuckDb, "select a / nullif(b, 0) as r from t", "select a / b as r from t"),
        (MySql, "select a / nullif(b, 0) as r from t", "select a / b as r from t"),
        (Snowflake, "select try_cast(x as varchar) as n from t", "select cast(x as varchar) as n from t"),
        (Postgres, "select a / nullif(100, 0) as r from t", "select a / 100 as r from t"),
        (
            Postgres,
            "select kind, sum(a) / nullif(count(*), 0) as r from t group by kind",
            "select kind, sum(a) / count(*) as r from t group by kind",
        ),
        (
            Postgres,
            "select id, (select max(v) from u where u.t_id = t.id) as v from t",
            "select id, (select min(v) from u where u.t_id = t.id) as v from t",
        ),
    ]);
}
