//! FROM: what is a relation there, how items are joined, and what they hold.

use super::*;

#[test]
fn joins_stand_in_a_row() {
    check(
        Dialect::Ansi,
        "select * from a as x join b y on x.i = y.i left join c using (i, j) right join d on true full join e natural join f cross join g",
        &[
            "#0 select * from a as x, inner b as y on (= x.i y.i), left c using (i, j), right d on true, full e, inner f natural, g",
        ],
    );
    check(
        Dialect::MySql,
        "select * from a straight_join b on a.x = b.x join c",
        &["#0 select * from a, inner b on (= a.x b.x), c"],
    );
    check(
        Dialect::Databricks,
        "select * from a left semi join b on a.x = b.x left anti join c using (y)",
        &["#0 select * from a, semi b on (= a.x b.x), anti c using (y)"],
    );
    check(Dialect::Ansi, "select * from a natural left join b", &["#0 select * from a, left b natural"]);
    check(
        Dialect::Snowflake,
        "select * from a asof join b match_condition (a.t >= b.t) on a.x = b.x",
        &["#0 select * from a, asof left b closest (>= a.t b.t) on (= a.x b.x)"],
    );
    check(
        Dialect::TSql,
        "select * from a cross apply (select top 1 * from b where b.x = a.x) b outer apply dbo.f(a.x) f",
        &[
            "#0 select * from b where (= b.x a.x) limit 1",
            "#1 select * from a, lateral #0 as b, left dbo.f[dbo.f](a.x) as f",
        ],
    );
}

#[test]
fn what_stands_behind_a_comma_keeps_its_brackets_where_that_matters() {
    check(
        Dialect::Ansi,
        "select * from a, b right join c on b.x = c.x, d join e using (k), f left join g on f.x = g.x",
        &["#0 select * from a, (b, right c on (= b.x c.x)), (d, inner e using (k)), f, left g on (= f.x g.x)"],
    );
    check(
        Dialect::BigQuery,
        "select * from a, b right join c on b.x = c.x",
        &["#0 select * from a, b, right c on (= b.x c.x)"],
    );
    check(
        Dialect::Snowflake,
        "select * from a, lateral flatten(a.x) f join b using (k)",
        &["#0 select * from a, flatten(a.x) as f, inner b using (k)"],
    );
    check(
        Dialect::Ansi,
        "select * from (a join b on a.x = b.x) left join (c cross join d) on true",
        &["#0 select * from (a, inner b on (= a.x b.x)), left (c, d) on true"],
    );
    check(
        Dialect::Postgres,
        "select * from (a join b using (x)) as j (p, q)",
        &["#0 select * from (a, inner b using (x)) as j(p, q)"],
    );
}

#[test]
fn derived_tables_are_blocks() {
    check(
        Dialect::Ansi,
        "select * from (select 1 as x) t (y), lateral (select t.y from u) as l",
        &["#0 select 1 as x", "#1 select t.y from u", "#2 select * from #0 as t(y), lateral #1 as l"],
    );
}

#[test]
fn relations_keep_their_version_and_sample() {
    check(
        Dialect::Snowflake,
        "select * from t at (timestamp => '2024-01-01'::timestamp) as o join u before (statement => 'x') on true",
        &[
            "#0 select * from t [at(timestamp => '2024-01-01'::timestamp)] as o, inner u [before(statement => 'x')] on true",
        ],
    );
    check(
        Dialect::BigQuery,
        "select * from ds.t for system_time as of timestamp '2024-01-01' as o tablesample system (10 percent)",
        &[
            "#0 select * from ds.t [for system_time as of timestamp '2024-01-01'] as o [tablesample system (10 percent)]",
        ],
    );
    check(
        Dialect::Snowflake,
        "select * from t sample (10) join u tablesample bernoulli (5) seed (1) on true",
        &["#0 select * from t [sample (10)], inner u [tablesample bernoulli (5) seed (1)] on true"],
    );
    check(
        Dialect::Databricks,
        "select * from t version as of 12 v, u timestamp as of '2024-01-01'",
        &["#0 select * from t [version as of 12] as v, u [timestamp as of '2024-01-01']"],
    );
    check(
        Dialect::TSql,
        "select * from a with (nolock) join b (nolock) on a.x = b.x",
        &["#0 select * from a, inner b on (= a.x b.x)"],
    );
    check(Dialect::Postgres, "select * from only ev", &["#0 select * from ev [only]"]);
    check(Dialect::ClickHouse, "select t.x from t final", &["#0 select t.x from t [final]"]);
    check(Dialect::MySql, "select * from t partition (p0) use index (i)", &["#0 select * from t [partition (p0)]"]);
    check(
        Dialect::BigQuery,
        "select * from ds.t for system_time as of (select max(x) from ds.u)",
        &["#0 select max(x) from ds.u", "#1 select * from time travel[ds.t]((#0))"],
    );
}

#[test]
fn names_that_are_known_at_run_time_or_elsewhere_are_functions() {
    check(
        Dialect::Snowflake,
        "select * from @stage/path (file_format => 'x') t, table($y), identifier($x)",
        &["#0 select * from @stage/path(file_format: 'x') as t, table($y), identifier(identifier($x))"],
    );
    check(Dialect::Snowflake, "select * from identifier('db.t'), table('db.u')", &["#0 select * from db.t, db.u"]);
    check(
        Dialect::Databricks,
        "with s as (select 1) select * from stream(t), identifier('x.y'), stream(s)",
        &["#0 s = select 1", "#1 select * from t [stream], x.y, #0 as s"],
    );
    check(
        Dialect::DuckDb,
        "select * from 'a.parquet', read_csv('b.csv', header = true) c",
        &["#0 select * from file('a.parquet'), read_csv('b.csv', header: true) as c"],
    );
}

#[test]
fn paths_into_an_earlier_item_are_unnested() {
    check(
        Dialect::BigQuery,
        "select * from ds.t as o, o.lines as l, l.parts cross join o.items",
        &["#0 select * from ds.t as o, unnest(o.lines) as l, unnest(l.parts) as parts, unnest(o.items) as items"],
    );
    check(
        Dialect::BigQuery,
        "select * from ds.t where exists (select 1 from t.items i where i.x = t.y)",
        &["#0 select 1 from unnest(t.items) as i where (= i.x t.y)", "#1 select * from ds.t where (exists #0)"],
    );
    check(
        Dialect::Redshift,
        "select * from c.orders as o, o.lines as l at i, unpivot o.attrs as v at k",
        &["#0 select * from c.orders as o, unnest(o.lines) offset i as l, elements(o.attrs) offset k as v"],
    );
}

#[test]
fn arrays_are_unnested() {
    check(
        Dialect::BigQuery,
        "select x, o, s.* from t, unnest(t.xs) as x with offset as o, unnest([struct(1 as a)]) as s with offset",
        &["#0 select x, o, s.* from t, unnest(t.xs) offset o as x, unnest((array (struct a: 1))) offset offset as s"],
    );
    check(
        Dialect::BigQuery,
        "select * from t, unnest(t.xs) with offset left join unnest(t.ys) y on y = x",
        &["#0 select * from t, unnest(t.xs) offset offset, left unnest(t.ys) as y on (= y x)"],
    );
    check(
        Dialect::Trino,
        "select * from t cross join unnest(a, b) with ordinality as u (x, y, n), unnest(map_keys(m)) with ordinality k",
        &["#0 select * from t, unnest(a, b) offset n as u(x, y), unnest(map_keys(m)) offset ordinality as k"],
    );
    check(Dialect::DuckDb, "select * from t, unnest(t.x) u", &["#0 select * from t, elements(t.x) as u"]);
    check(
        Dialect::Snowflake,
        "select f.value:x from t, lateral flatten(input => t.payload, outer => true) f, table(flatten(t.arr, 'p')) g",
        &["#0 select f.value:x from t, left flatten(t.payload) as f, flatten(t.arr['p']) as g"],
    );
    check(
        Dialect::Snowflake,
        "select * from t left join lateral flatten(t.x, recursive => true)",
        &["#0 select * from t, left flatten(t.x, recursive: true)"],
    );
    check(
        Dialect::Databricks,
        "select * from t lateral view explode(xs) e as x lateral view outer posexplode(ys) p as i, y lateral view json_tuple(j, 'a') jt as a lateral view inline(s) v",
        &[
            "#0 select * from t, explode(xs) as e(x), left posexplode(ys) as p(i, y), json_tuple[json_tuple](j, 'a') as jt(a), unnest(s) as v",
        ],
    );
    check(
        Dialect::Databricks,
        "select * from t, lateral explode(t.xs) as e (x), explode_outer(array(1, 2))",
        &["#0 select * from t, explode(t.xs) as e(x), left explode(array(1, 2))"],
    );
    check(
        Dialect::ClickHouse,
        "select i, j, f from t array join items as i, t.x as j, arrayMap(x -> x + 1, k) as f left array join z",
        &["#0 select i, j, f from t, elements(items, t.x, arraymap((x -> (+ x 1)), k))(i, j, f), left elements(z)(z)"],
    );
}

#[test]
fn table_functions_keep_their_arguments() {
    check(
        Dialect::Snowflake,
        "select * from table(generator(rowcount => 10)), table(my.udtf(a, b) over (partition by c order by d)), table(split_to_table(x, ','))",
        &[
            "#0 select * from generator(rowcount: 10), my.udtf[my.udtf](a, b, c, d), split_to_table(x, ',') columns (seq, index, value)",
        ],
    );
    check(
        Dialect::BigQuery,
        "select * from ds.tvf(3, (select * from ds.x)), ml.predict(model ds.m, table ds.t)",
        &[
            "#0 select * from ds.x",
            "#1 select * from ds.m",
            "#2 select * from ds.t",
            "#3 select * from ds.tvf[ds.tvf](3, (rows #0)), ml.predict[ml.predict]((rows #1), (rows #2))",
        ],
    );
    check(
        Dialect::Postgres,
        "select * from generate_series(1, n) with ordinality as g (i, o), jsonb_to_recordset(y) as r (a int, b text)",
        &[
            "#0 select * from generate_series(1, n) offset o as g(i), jsonb_to_recordset[jsonb_to_recordset](y) columns (a, b) as r(a, b)",
        ],
    );
    check(
        Dialect::ClickHouse,
        "select * from numbers(10), remote('h', db.t), s3('x', 'y')",
        &[
            "#0 select * from db.t",
            "#1 select * from numbers[numbers](10), remote[remote]('h', db.t, (rows #0)), s3[s3]('x', 'y')",
        ],
    );
    check(
        Dialect::MySql,
        "select * from json_table(t.j, '$[*]' columns (a int path '$.a', nested path '$.n' columns (b int path '$.b'), o for ordinality)) as jt",
        &[
            "#0 select * from json_table(t.j, '$[*]', a INT PATH '$.a', NESTED PATH '$.n' COLUMNS (b INT PATH '$.b'), o FOR ORDINALITY) columns (a, b, o) as jt",
        ],
    );
    check(
        Dialect::TSql,
        "select * from t cross apply openjson(t.j) with (a int '$.a', b nvarchar(max) '$.b' as json) as o cross apply openjson(t.k) p",
        &[
            "#0 select * from t, openjson(t.j, a INT '$.a', b NVARCHAR(MAX) '$.b' AS JSON) columns (a, b) as o, openjson(t.k) columns (key, value, type) as p",
        ],
    );
    check(
        Dialect::Postgres,
        "select * from xmltable('/a' passing t.x columns p int path 'p' default 1, o for ordinality) as x",
        &[
            "#0 select * from xmltable(t.x, '/a', 'p', 1, p INT PATH 'p' DEFAULT 1, o FOR ORDINALITY) columns (p, o) as x",
        ],
    );
}

#[test]
fn pivots_and_their_kin_hold_what_they_reshape() {
    check(
        Dialect::Snowflake,
        "select * from t pivot (sum(x) for m in ('jan' as j, 'feb')) as p (a, b, c)",
        &["#0 select * from pivot(t; sum(x) for m in 'jan' as j, 'feb') as p(a, b, c)"],
    );
    check(
        Dialect::Snowflake,
        "select * from t pivot (max(x) for m in (any order by m)) p join u using (k)",
        &["#0 select * from pivot(t; max(x) for m) as p, inner u using (k)"],
    );
    check(
        Dialect::Snowflake,
        "select * from t pivot (max(x) for m in (select d from u) default on null (0))",
        &["#0 select d from u", "#1 select * from pivot(t; max(x) for m, (rows #0) default 0)"],
    );
    check(
        Dialect::BigQuery,
        "select * from t pivot (sum(x) as s, count(*) as c for q in ('a', 'b' as bb))",
        &["#0 select * from pivot(t; sum(x) as s, count(*) as c for q in 'a', 'b' as bb)"],
    );
    check(
        Dialect::TSql,
        "select * from t as o pivot (sum(x) for m in ([1], [2])) p unpivot (v for n in (a, b)) u",
        &["#0 select * from unpivot(pivot(t as o; sum(x) for m in '1', '2') as p; (v) for n in (a) (b)) as u"],
    );
    check(
        Dialect::Snowflake,
        "select * from t unpivot include nulls (v for n in (a as 'x', b, c))",
        &["#0 select * from unpivot(t; (v) for n in (a) as 'x' (b) (c) with nulls)"],
    );
    check(
        Dialect::BigQuery,
        "select * from t unpivot ((v, w) for n in ((a, b) as 'p', (c, d) as 'q'))",
        &["#0 select * from unpivot(t; (v, w) for n in (a, b) as 'p' (c, d) as 'q')"],
    );
    check(
        Dialect::Snowflake,
        "select * from t match_recognize (partition by a order by b measures last(c) as d all rows per match after match skip past last row pattern (x y+) define x as c > 1, y as c > lag(c)) as r",
        &[
            "#0 select * from match_recognize(t partition by a order by b measure last(c) as d define x as (> c 1) define y as (> c lag(c)) [x y+ after match skip past last row] all rows) as r",
        ],
    );
}
