//! Expressions: one spelling for each form, and no part of one is lost.

use super::*;

#[test]
fn chains_of_one_operator_are_one_application() {
    check(
        Dialect::Ansi,
        "select a and b and (c or d or e) and not f from t",
        &["#0 select (and a b (or c d e) (not f)) from t"],
    );
    check(
        Dialect::Ansi,
        "select a - b + c + d * e * f || g || h from t",
        &["#0 select (+ (- a b) c (|| (* d e f) g h)) from t"],
    );
    check(
        Dialect::Ansi,
        "select (a + b) + c, a + (b + c), x::date::text::int from t",
        &["#0 select (+ a b c), (+ a (+ b c)), cast(cast(cast(x as DATE) as TEXT) as INT) from t"],
    );
}

#[test]
fn each_operator_has_one_spelling() {
    check(
        Dialect::Ansi,
        "select x = 1, x <> 2, x != 3, x >= 5, -x, +x, not x, x % 2 from t",
        &["#0 select (= x 1), (<> x 2), (<> x 3), (>= x 5), (- x), (+ x), (not x), (% x 2) from t"],
    );
    check(
        Dialect::Ansi,
        "select x is null, x is not null, x is true, x is not false, x is unknown from t",
        &["#0 select (is null x), (not (is null x)), (is true x), (not (is false x)), (is null x) from t"],
    );
    check(
        Dialect::Ansi,
        "select x is distinct from y, x is not distinct from y from t",
        &["#0 select (not (is not distinct from x y)), (is not distinct from x y) from t"],
    );
    check(
        Dialect::MySql,
        "select a <=> b, a xor b, a div b, a regexp 'x' from t",
        &["#0 select (is not distinct from a b), (xor a b), (div a b), (rlike a 'x') from t"],
    );
    check(
        Dialect::Postgres,
        "select a <=> b, x ~ 'y', x !~* 'z', x ~~ 'l', x !~~ 'm', a -> 'b', a ->> 'c', a #> '{x}', a @> b from t",
        &[
            "#0 select (<=> a b), (~ x 'y'), (not (~* x 'z')), (like x 'l'), (not (like x 'm')), (-> a 'b'), (->> a 'c'), (#> a '{x}'), (@> a b) from t",
        ],
    );
    check(
        Dialect::Postgres,
        "select x operator(pg_catalog.+) y, x is json, x is json object, x is not normalized from t",
        &["#0 select (operator(pg_catalog.+) x y), (is json x), (is json x 'object'), (not (is normalized x)) from t"],
    );
    check(Dialect::DuckDb, "select x // 2 from t", &["#0 select (// x 2) from t"]);
    check(
        Dialect::Ansi,
        "select x in (1, 2), x not in (y), x between 1 and z, x not between 1 and 2 from t",
        &["#0 select (in x 1 2), (not (in x y)), (between x 1 z), (not (between x 1 2)) from t"],
    );
    check(
        Dialect::Ansi,
        "select x like 'a%' escape '!', x not like y, x ilike 'b', x similar to 'c' from t",
        &["#0 select (like x 'a%' '!'), (not (like x y)), (ilike x 'b'), (similar to x 'c') from t"],
    );
    check(
        Dialect::Snowflake,
        "select x like any ('a', 'b'), x rlike 'y' from t",
        &["#0 select (like any x (tuple 'a' 'b')), (rlike x 'y') from t"],
    );
    check(
        Dialect::BigQuery,
        "select x in unnest(arr), x not in unnest([1, 2]) from t",
        &["#0 select (in unnest x arr), (not (in unnest x (array 1 2))) from t"],
    );
}

#[test]
fn queries_stand_in_expressions() {
    check(
        Dialect::Ansi,
        "select x in (select y from u), not x in (select y from v), not exists (select 1 from w) from t",
        &[
            "#0 select y from u",
            "#1 select y from v",
            "#2 select 1 from w",
            "#3 select (in x #0), (not in x #1), (not exists #2) from t",
        ],
    );
    check(
        Dialect::Ansi,
        "select (select max(y) from u), x > all (select y from u), x = some (select y from v) from t",
        &[
            "#0 select max(y) from u",
            "#1 select y from u",
            "#2 select y from v",
            "#3 select (#0), (> all x #1), (= any x #2) from t",
        ],
    );
    check(
        Dialect::Postgres,
        "select x = any(arr), array(select y from u) from t",
        &["#0 select y from u", "#1 select (= any x arr), (rows #0) from t"],
    );
    check(
        Dialect::BigQuery,
        "select array(select x from u), f((select 1 from v)) from t",
        &["#0 select x from u", "#1 select 1 from v", "#2 select (rows #0), f((#1)) from t"],
    );
    check(
        Dialect::ClickHouse,
        "select x in orders, x not in (1), dictGet('d.x', 'a', k) from t",
        &[
            "#0 select * from orders",
            "#1 select * from d.x",
            "#2 select (in x #0), (not (in x 1)), dictget('d.x', 'a', k, (rows #1)) from t",
        ],
    );
    check(
        Dialect::Trino,
        "select * from table(f(input => table(t))), table(g(table(select 1 from u)))",
        &[
            "#0 select * from t",
            "#1 select 1 from u",
            "#2 select * from f[f](input: (rows #0)), g[g](table((rows #1)))",
        ],
    );
}

#[test]
fn constants_are_spelled_as_written() {
    check(
        Dialect::Ansi,
        "select date '2024-01-01', interval '1' day, interval n day, null, true, 1.5, 'it''s', x'ff' from t",
        &["#0 select DATE '2024-01-01', INTERVAL '1' DAY, (interval n 'day'), null, true, 1.5, 'it''s', X'ff' from t"],
    );
    check(
        Dialect::BigQuery,
        "select r'\\d', b'ab', \"dq\", '''tq''', json '{\"a\": 1}', numeric '1.5' from t",
        &["#0 select '\\d', B'ab', 'dq', 'tq', JSON '{\"a\": 1}', NUMERIC '1.5' from t"],
    );
    check(
        Dialect::Postgres,
        "select e'a\\'b', U&'x', $$d$$, b'01', 1e5 from t",
        &["#0 select 'a''b', 'x', 'd', B'01', 1e5 from t"],
    );
}

#[test]
fn parameters_are_no_columns() {
    check(Dialect::Ansi, "select ?, :day, $1 from t", &["#0 select ?, :day, $1 from t"]);
    check(Dialect::BigQuery, "select @day, @@time from t", &["#0 select @day, @@time from t"]);
    check(Dialect::TSql, "select @v from t", &["#0 select @v from t"]);
    check(Dialect::Snowflake, "select $1, t.$2, $name from t", &["#0 select $1, t.$2, $name from t"]);
    check(Dialect::ClickHouse, "select {day:Date} from t", &["#0 select {day: Date} from t"]);
}

#[test]
fn casts_keep_their_types() {
    check(
        Dialect::Ansi,
        "select cast(x as int), try_cast(x as decimal(10, 2)), x::varchar(3)::text from t",
        &["#0 select cast(x as INT), try_cast(x as DECIMAL(10,2)), cast(cast(x as VARCHAR(3)) as TEXT) from t"],
    );
    check(
        Dialect::BigQuery,
        "select safe_cast(x as array<struct<a int64>>), cast(x as date format 'YYYY' at time zone 'UTC') from t",
        &["#0 select try_cast(x as ARRAY<STRUCT<A INT64>>), (cast format cast(x as DATE) 'YYYY' 'UTC') from t"],
    );
    check(
        Dialect::MySql,
        "select convert(a using utf8), convert(a, char), _utf8'abc' from t",
        &["#0 select (convert using a utf8), cast(a as CHAR), (_utf8 'abc') from t"],
    );
    check(
        Dialect::TSql,
        "select convert(varchar(10), d, 120), try_convert(int, x) from t",
        &["#0 select (convert style cast(d as VARCHAR(10)) 120), try_cast(x as INT) from t"],
    );
}

#[test]
fn forms_have_names() {
    check(
        Dialect::Ansi,
        "select extract(year from d), position('a' in s), substring(s from 2 for 3), substring(s for 2) from t",
        &["#0 select (extract 'year' d), (position 'a' s), substring(s, 2, 3), substring(s, 1, 2) from t"],
    );
    check(
        Dialect::Ansi,
        "select trim(s), trim(leading 'x' from s), trim(both 'y' from s), overlay(s placing 'x' from 2 for 1) from t",
        &["#0 select trim(s), (trim leading s 'x'), trim(s, 'y'), overlay(s, 'x', 2, 1) from t"],
    );
    check(
        Dialect::Ansi,
        "select ceil(x), floor(x to day), d at time zone 'UTC', s collate \"de\" from t",
        &["#0 select ceil(x), floor(x, 'day'), (at time zone d 'UTC'), (collate s \"de\") from t"],
    );
    check(
        Dialect::Ansi,
        "select case x when 1 then a when 2 then b else c end, case when p then q end from t",
        &["#0 select (case x when 1 then a when 2 then b else c), (case when p then q) from t"],
    );
    check(
        Dialect::Ansi,
        "select (1, a), row(1, b), array[1, c] from t",
        &["#0 select (tuple 1 a), row(1, b), (array 1 c) from t"],
    );
    check(
        Dialect::MySql,
        "select match(a, b) against ('x' in boolean mode), x member of(y) from t",
        &["#0 select (match against a b 'x' 'in boolean mode'), (member of x y) from t"],
    );
}

#[test]
fn records_and_maps_keep_the_names_of_their_parts() {
    check(
        Dialect::BigQuery,
        "select struct(a as x, b), struct<p int64, q string>(1, c), (select as struct 1 as a) from t",
        &[
            "#0 select as struct 1 as a",
            "#1 select (struct x: a b), (struct p: cast(1 as INT64) q: cast(c as STRING)), (#0) from t",
        ],
    );
    check(
        Dialect::DuckDb,
        "select {'k': v}, map {'a': b}, [a, b] from t",
        &["#0 select (struct k: v), (map 'a' b), (array a b) from t"],
    );
    check(
        Dialect::Databricks,
        "select struct(a, b as c), named_struct('a', b), map(a, b) from t",
        &["#0 select (struct a c: b), named_struct('a', b), map(a, b) from t"],
    );
}

#[test]
fn fields_and_elements_are_reached_step_by_step() {
    check(
        Dialect::BigQuery,
        "select s.a.b, arr[offset(0)].c, arr[safe_ordinal(i)], a[0].b[1].c from t",
        &["#0 select s.a.b, arr[offset(0)]:c, arr[safe_ordinal(i)], a[0]:b[1]:c from t"],
    );
    check(
        Dialect::Snowflake,
        "select payload:a.b[0]::int, payload:\"A b\", payload['k'].x, f(x):y from t",
        &["#0 select cast(payload:a:b[0] as INT), payload:A b, payload['k']:x, f(x):y from t"],
    );
    check(
        Dialect::Postgres,
        "select a[1], a[1:2], (r).f, (f(x)).g from t",
        &["#0 select a[1], (slice a 1 2 null), r:f, f(x):g from t"],
    );
    check(
        Dialect::DuckDb,
        "select l[1], l[2:3], s.f, name.upper().lower() from t",
        &["#0 select l[1], (slice l 2 3 null), s.f, lower(upper(name)) from t"],
    );
    check(Dialect::Redshift, "select a.b.c[0].d from t", &["#0 select a.b.c[0]:d from t"]);
    check(Dialect::Databricks, "select a:b.c, a[0] from t", &["#0 select a:b:c, a[0] from t"]);
}

#[test]
fn lambdas_have_parameters() {
    check(
        Dialect::DuckDb,
        "select list_transform(l, x -> x + y), list_filter(l, lambda q: q + 1) from t",
        &["#0 select list_transform(l, (x -> (+ x y))), list_filter(l, (q -> (+ q 1))) from t"],
    );
    check(
        Dialect::Databricks,
        "select transform(a, (x, i) -> x + i + b) from t",
        &["#0 select transform(a, (x i -> (+ x i b))) from t"],
    );
    check(
        Dialect::ClickHouse,
        "select arrayMap((x, y) -> x + y + z, a, b) from t",
        &["#0 select arraymap((x y -> (+ x y z)), a, b) from t"],
    );
    check(
        Dialect::Trino,
        "select reduce(a, 0, (s, x) -> s + x, s -> s) from t",
        &["#0 select reduce(a, 0, (s x -> (+ s x)), (s -> s)) from t"],
    );
}

#[test]
fn calls_keep_what_stands_beside_their_arguments() {
    check(
        Dialect::Ansi,
        "select count(*), count(t.*), count(distinct a, b), sum(x) filter (where y), f(a, b => c), my.f(x), \"F\"(x) from t",
        &["#0 select count(*), count(t.*), count(distinct a, b), sum(x filter y), f(a, b: c), my.f(x), F(x) from t"],
    );
    check(
        Dialect::Ansi,
        "select string_agg(a, ',' order by b desc nulls last, c), listagg(a) within group (order by b) from t",
        &["#0 select string_agg(a, ',' order by b desc nulls last, c), listagg(a order by b) from t"],
    );
    check(
        Dialect::Ansi,
        "select percentile_cont(0.5) within group (order by x) over (partition by y) from t",
        &["#0 select percentile_cont(0.5 order by x over (partition by y)) from t"],
    );
    check(
        Dialect::BigQuery,
        "select array_agg(x ignore nulls order by y limit 3), any_value(x having max y) from t",
        &["#0 select array_agg(x order by y [ignore nulls limit 3]), any_value(x [having max y]) from t"],
    );
    check(
        Dialect::MySql,
        "select group_concat(distinct a order by b separator ';') from t",
        &["#0 select group_concat(distinct a order by b [separator ';']) from t"],
    );
    check(
        Dialect::ClickHouse,
        "select quantile(0.9)(x), sumIf(a, b), countIf(x) over () from t",
        &["#0 select quantile(x [parameters 0.9]), sumif(a, b), countif(x over ()) from t"],
    );
    check(
        Dialect::Snowflake,
        "select object_construct(*), array_agg(distinct x) within group (order by y) from t",
        &["#0 select object_construct(*), array_agg(distinct x order by y) from t"],
    );
}

#[test]
fn windows_keep_their_frames() {
    check(
        Dialect::Ansi,
        "select row_number() over (partition by a order by b), first_value(x) ignore nulls over (order by y range current row) from t",
        &[
            "#0 select row_number( over (partition by a order by b)), first_value(x [ignore nulls] over (order by y range between current row and current row)) from t",
        ],
    );
    check(
        Dialect::Ansi,
        "select sum(x) over w, sum(x) over (w rows between n preceding and unbounded following) from t window w as (partition by k), v as (w order by z)",
        &[
            "#0 select sum(x over (w)), sum(x over (w rows between ? preceding and unbounded following bounds n)) from t window w (partition by k) window v (w order by z)",
        ],
    );
    check(
        Dialect::Trino,
        "select f(x) over (order by y rows between 1 preceding and 3 following) from t",
        &["#0 select f(x over (order by y rows between 1 preceding and 3 following)) from t"],
    );
}

#[test]
fn words_of_the_grammar_are_no_columns() {
    check(
        Dialect::BigQuery,
        "select date_trunc(d, month), date_diff(a, b, day), timestamp_trunc(ts, week(monday)), last_day(d, year) from t",
        &[
            "#0 select date_trunc(d, 'month'), date_diff(a, b, 'day'), timestamp_trunc(ts, 'week(monday)'), last_day(d, 'year') from t",
        ],
    );
    check(
        Dialect::BigQuery,
        "select normalize(s, nfkc), extract(date from ts), date_add(d, interval n day), date_diff(day, month, year) from t",
        &[
            "#0 select normalize(s, 'nfkc'), (extract 'date' ts), date_add(d, (interval n 'day')), date_diff(day, month, 'year') from t",
        ],
    );
    check(
        Dialect::Snowflake,
        "select datediff(day, a, b), dateadd('month', 1, d), date_part(epoch_second, d), date_trunc(week, d), trunc(d, month) from t",
        &[
            "#0 select datediff('day', a, b), dateadd('month', 1, d), date_part('epoch_second', d), date_trunc('week', d), trunc(d, 'month') from t",
        ],
    );
    check(
        Dialect::Databricks,
        "select date_diff(day, a, b), datediff(date, start), timestampadd(hour, 1, d), date_add(date, 7) from t",
        &[
            "#0 select date_diff('day', a, b), datediff(date, start), timestampadd('hour', 1, d), date_add(date, 7) from t",
        ],
    );
    check(
        Dialect::TSql,
        "select datepart(weekday, d), dateadd(day, 1, d), year(date) from t",
        &["#0 select datepart('weekday', d), dateadd('day', 1, d), year(date) from t"],
    );
    check(
        Dialect::Redshift,
        "select sysdate, getdate(), datediff(day, a, b) from t",
        &["#0 select sysdate(), getdate(), datediff('day', a, b) from t"],
    );
}
