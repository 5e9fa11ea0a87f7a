//! Rules on scalar terms.

use super::{check_different, check_same};
use crate::dialect::Dialect;

#[test]
fn conjunctions_are_sets() {
    check_same(
        Dialect::Ansi,
        &[
            ("select 1 as x from t where a and (b and c)", "select 1 as x from t where c and a and b and a"),
            (
                "select 1 as x from t where a = 1 or (b = 2 or c = 3)",
                "select 1 as x from t where (c = 3 or a = 1) or b = 2",
            ),
            ("select 1 as x from t where a = 1 and (a = 1 or b = 2)", "select 1 as x from t where a = 1"),
            ("select 1 as x from t where a = 1 or (a = 1 and b = 2)", "select 1 as x from t where a = 1"),
            (
                "select 1 as x from t where (a = 1 and b = 2) or (a = 1 and c = 2)",
                "select 1 as x from t where a = 1 and (b = 2 or c = 2)",
            ),
            ("select 1 as x from t where a = 1 and true", "select 1 as x from t where a = 1"),
            ("select 1 as x from t where 1 = 1 and a = 1", "select 1 as x from t where a = 1"),
            ("select 1 as x from t where (a > 1) = true", "select 1 as x from t where 1 < a"),
        ],
    );
    check_different(
        Dialect::Ansi,
        &[
            ("select 1 as x from t where a and b or c", "select 1 as x from t where a and (b or c)"),
            ("select a or not a as x from t", "select true as x from t"),
            ("select 1 as x from t where random() < a and random() < a", "select 1 as x from t where random() < a"),
            ("select a and false or b as x from t", "select a as x from t"),
            // A number is a truth value in some engines.
            ("select a and a as x from t", "select a as x from t"),
        ],
    );
}

#[test]
fn not_goes_inside() {
    check_same(
        Dialect::Ansi,
        &[
            ("select 1 as x from t where not (a = 1 and b = 2)", "select 1 as x from t where a <> 1 or b != 2"),
            (
                "select 1 as x from t where not (a = 1 or b is null)",
                "select 1 as x from t where a <> 1 and b is not null",
            ),
            ("select 1 as x from t where not a > 1", "select 1 as x from t where a <= 1"),
            ("select 1 as x from t where not (not (a > 1))", "select 1 as x from t where a > 1"),
            ("select 1 as x from t where a not in (1, 2)", "select 1 as x from t where a <> 1 and a <> 2"),
            ("select 1 as x from t where a not between 1 and 2", "select 1 as x from t where a < 1 or a > 2"),
        ],
    );
    check_different(
        Dialect::Ansi,
        &[
            ("select 1 as x from t where not (a = 1)", "select 1 as x from t where a <> 1 or a is null"),
            ("select 1 as x from t where a is distinct from 1", "select 1 as x from t where a <> 1"),
            ("select 1 as x from t where a is not true", "select 1 as x from t where not a"),
        ],
    );
    // NaN is neither less than one nor at least one.
    check_different(
        Dialect::BigQuery,
        &[("select 1 as x from t where not a > 1", "select 1 as x from t where a <= 1")],
    );
}

#[test]
fn comparisons_have_one_form() {
    check_same(
        Dialect::Ansi,
        &[
            ("select 1 as x from t where a = b", "select 1 as x from t where b = a"),
            ("select 1 as x from t where a between 1 and b", "select 1 as x from t where a >= 1 and b >= a"),
            ("select 1 as x from t where a in (1)", "select 1 as x from t where a = 1"),
            ("select 1 as x from t where a in (2, 1, 2)", "select 1 as x from t where a = 1 or a = 2"),
            ("select 1 as x from t where a in ('x', b)", "select 1 as x from t where a = b or a = 'x'"),
            ("select 1 as x from t where a is not distinct from null", "select 1 as x from t where a is null"),
            ("select 1 as x from t where a = 1 + 1", "select 1 as x from t where a = 2"),
            ("select a + b as x from t", "select b + a as x from t"),
            ("select (a) * (b) as x from t", "select a * b as x from t"),
            ("select 1 as x from t where coalesce(a > 1, false)", "select 1 as x from t where a > 1"),
            ("select 1 as x from t where case when a > 1 then true else false end", "select 1 as x from t where a > 1"),
        ],
    );
    check_different(
        Dialect::Ansi,
        &[
            ("select 1 as x from t where a < b", "select 1 as x from t where b < a"),
            ("select 1 as x from t where a = b collate nocase", "select 1 as x from t where b collate nocase = a"),
            ("select 1 as x from t where a in (1, null)", "select 1 as x from t where a = 1"),
            ("select 1 as x from t where a not in (1, null)", "select 1 as x from t where a <> 1"),
            ("select a in (1, null) as x from t", "select a = 1 as x from t"),
            ("select 1 as x from t where a = a", "select 1 as x from t"),
            ("select 7 / 2 as x", "select 3.5 as x"),
            ("select 1 / 3 * 3 as x", "select 1 as x"),
            ("select 1.0 as x", "select 1.00 as x"),
            ("select 1 as x", "select 1.0 as x"),
            ("select a + b + c as x from t", "select a + (b + c) as x from t"),
            ("select a - b as x from t", "select b - a as x from t"),
            ("select a || b as x from t", "select b || a as x from t"),
            ("select 2147483647 + 1 as x", "select 2147483648 as x"),
            ("select coalesce(a > 1, false) as x from t", "select a > 1 as x from t"),
            ("select a = null as x from t", "select a is null as x from t"),
        ],
    );
    check_different(Dialect::TSql, &[("select a + b as x from t", "select b + a as x from t")]);
}

#[test]
fn choices_have_one_form() {
    check_same(
        Dialect::Snowflake,
        &[
            ("select nvl(a, 0) as x from t", "select coalesce(a, 0) as x from t"),
            ("select ifnull(a, 0) as x from t", "select case when a is null then 0 else a end as x from t"),
            ("select zeroifnull(a) as x from t", "select case when a is not null then a else 0 end as x from t"),
            ("select iff(a > 1, b, c) as x from t", "select case when a > 1 then b else c end as x from t"),
            ("select nullif(a, 0) as x from t", "select case when a = 0 then null else a end as x from t"),
            (
                "select case a when 1 then b when 2 then c end as x from t",
                "select case when a = 1 then b when a = 2 then c else null end as x from t",
            ),
            (
                "select case when a = 1 then 'x' when b = 1 then 'x' else 'y' end as x from t",
                "select case when a = 1 or b = 1 then 'x' else 'y' end as x from t",
            ),
            (
                "select case when a = 1 then b else case when a = 2 then c end end as x from t",
                "select case when a = 1 then b when a = 2 then c end as x from t",
            ),
            ("select coalesce(a, coalesce(b, c)) as x from t", "select coalesce(a, b, c) as x from t"),
            ("select nvl2(a, b, c) as x from t", "select iff(a is null, c, b) as x from t"),
            (
                "select case when false then null when a > 1 then 1 else 2 end as x from t",
                "select case when a > 1 then 1 else 2 end as x from t",
            ),
        ],
    );
    check_different(
        Dialect::Snowflake,
        &[
            ("select coalesce(a, b) as x from t", "select coalesce(b, a) as x from t"),
            ("select coalesce(a, 0) as x from t", "select a as x from t"),
            (
                "select case when a = 1 then b when c = 2 then d end as x from t, u",
                "select case when c = 2 then d when a = 1 then b end as x from t, u",
            ),
            ("select iff(a > 1, b, c) as x from t", "select iff(a <= 1, c, b) as x from t"),
            (
                "select case when not a > 1 then b else c end as x from t",
                "select case when a > 1 then c else b end as x from t",
            ),
            ("select nullif(a, b) as x from t", "select nullif(b, a) as x from t"),
            // Both results have a say in the type.
            ("select case when false then 0.5 else b end as x from t", "select b as x from t"),
        ],
    );
}

#[test]
fn casts_and_types() {
    check_same(
        Dialect::Snowflake,
        &[
            ("select a::string as x from t", "select cast(a as varchar) as x from t"),
            ("select cast(cast(a as integer) as bigint) as x from t", "select a::int as x from t"),
            ("select a from t where b >= '2020-01-01'::date", "select a from t where b >= date '2020-01-01'"),
        ],
    );
    check_different(
        Dialect::Postgres,
        &[
            ("select a::text as x from t", "select a::varchar as x from t"),
            ("select a::int as x from t", "select a as x from t"),
            ("select a::int::text as x from t", "select a::text as x from t"),
            ("select a::numeric(10, 2) as x from t", "select a::numeric as x from t"),
            ("select a from t where b >= '2020-1-1'::date", "select a from t where b >= '2020-01-01'::date"),
        ],
    );
}

#[test]
fn aggregates_and_windows() {
    check_same(
        Dialect::Snowflake,
        &[
            ("select count(1) as n from t", "select count(*) as n from t"),
            ("select count('x') as n from t", "select count(*) as n from t"),
            ("select min(distinct a) as n from t", "select min(a) as n from t"),
            ("select count_if(a > 1) as n from t", "select count(case when a > 1 then 1 end) as n from t"),
            (
                "select row_number() over (partition by a, b order by c) as n from t",
                "select row_number() over (partition by b, a order by c asc nulls last) as n from t",
            ),
            (
                "select sum(a) over (partition by b order by c range between unbounded preceding and current row) as n from t",
                "select sum(a) over (partition by b order by c) as n from t",
            ),
        ],
    );
    check_different(
        Dialect::Snowflake,
        &[
            ("select count(a) as n from t", "select count(*) as n from t"),
            ("select count(distinct a) as n from t", "select count(a) as n from t"),
            ("select sum(distinct a) as n from t", "select sum(a) as n from t"),
            ("select sum(case when a > 1 then 1 else 0 end) as n from t", "select count_if(a > 1) as n from t"),
            (
                "select row_number() over (partition by a order by b, c) as n from t",
                "select row_number() over (partition by a order by c, b) as n from t",
            ),
            (
                "select row_number() over (order by c desc) as n from t",
                "select row_number() over (order by c) as n from t",
            ),
            (
                "select sum(a) over (partition by b order by c rows between unbounded preceding and current row) as n from t",
                "select sum(a) over (partition by b order by c) as n from t",
            ),
            (
                "select sum(a) over (partition by b order by b) as n from t",
                "select sum(a) over (partition by b order by c) as n from t",
            ),
            (
                "select row_number() over (order by c nulls first) as n from t",
                "select row_number() over (order by c) as n from t",
            ),
        ],
    );
    check_same(
        Dialect::DuckDb,
        &[("select sum(a) filter (where b > 1) as n from t", "select sum(case when b > 1 then a end) as n from t")],
    );
}

#[test]
fn between_one_number_and_itself() {
    check_same(
        Dialect::Ansi,
        &[
            ("select a from t where b between 1 and 1", "select a from t where b = 1"),
            ("select a from t where b >= 1 and 1 >= b", "select a from t where b = 1"),
            (
                "select a, row_number() over (partition by a order by id) as r from t qualify r <= 1 and r >= 1",
                "select a, row_number() over (partition by a order by id) as r from t qualify r = 1",
            ),
        ],
    );
    check_different(
        Dialect::Ansi,
        &[
            ("select a from t where b between 1 and 2", "select a from t where b = 1"),
            ("select a from t where b > 1 and b <= 1", "select a from t where b = 1"),
            ("select a from t where b between 'x' and 'x'", "select a from t where b = 'y'"),
        ],
    );
}

#[test]
fn cases_of_constants() {
    check_same(
        Dialect::Ansi,
        &[
            (
                "select id from t where case when a = 2 then 2 when a = 1 then 1 else 3 end = 1",
                "select id from t where a = 1",
            ),
            (
                "select id from t where case when a = 3 then 1 when a = 2 then 2 when a in (1, 4) then 1 else 0 end = 1",
                "select id from t where a in (1, 3, 4)",
            ),
            ("select id from t where case when a = 1 then null else 1 end is null", "select id from t where a = 1"),
            ("select id from t where case when a > 1 then 5 end > 3", "select id from t where a > 1"),
            (
                "select id, case when a > 1 then 1 else 0 end = 1 as f from t",
                "select id, case when a > 1 then true else false end as f from t",
            ),
            ("select id from t where a = 1 and a <> 2", "select id from t where a = 1"),
            ("select id from t where a = 1 and not a = 1", "select id from t where false"),
        ],
    );
    check_different(
        Dialect::Ansi,
        &[
            // Both conditions may be true at once, and the first one counts.
            (
                "select id from t where case when a = 2 then 2 when b = 1 then 1 else 3 end = 1",
                "select id from t where b = 1",
            ),
            // Where a is NULL the ELSE is taken.
            ("select id from t where case when a = 2 then 2 else 1 end = 1", "select id from t where a <> 2"),
            ("select id from t where case when a > 1 then 5 end < 3", "select id from t where not a > 1"),
            ("select id from t where case when a = 1 then null else b end is null", "select id from t where a = 1"),
            (
                "select id from t where case when a = 1 then 1 when a = 1 then 2 else 3 end = 2",
                "select id from t where a = 1",
            ),
            ("select id, case when a > 1 then 1 else 0 end = 1 as f from t", "select id, a > 1 as f from t"),
            ("select id from t where a <> 1 and a <> 2", "select id from t where a <> 1"),
        ],
    );
}
