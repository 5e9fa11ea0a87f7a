//! Statements that were rewritten before they parsed.

use super::*;

#[test]
fn what_is_rewritten_keeps_its_columns() {
    check(
        Dialect::Trino,
        "select json_query(a, 'lax $.x' omit quotes), json_value(b, '$.y' passing c as z, d.e as w returning varchar default f on empty error on error) from t",
        &[
            "#0 select json_query(a, 'lax $.x', 'omit quotes'), json_value(b, '$.y', 'passing as z as w returning varchar default on empty error on error', c, d.e, f) from t",
        ],
    );
    check(
        Dialect::Trino,
        "select cast(x as row(y array(varchar))), cast(y as date), cast(z as decimal(10, 2)) from t for timestamp as of timestamp '2024-01-01' u where u.q",
        &[
            "#0 select cast(x as ROW(Y ARRAY(VARCHAR))), cast(y as DATE), cast(z as DECIMAL(10,2)) from t [for timestamp as of timestamp '2024-01-01'] as u where u.q",
        ],
    );
    check(
        Dialect::Trino,
        "select 1 from t for version as of 12 as o join u on t.x = u.x",
        &["#0 select 1 from t [for version as of 12] as o, inner u on (= t.x u.x)"],
    );
    check(Dialect::Databricks, "select * from t for version as of 12", &["#0 select * from t [for version as of 12]"]);
    check(
        Dialect::DuckDb,
        "select 1 from t asof left join u on t.k = u.k and t.x >= u.x join v using (k)",
        &["#0 select 1 from t, asof left u on (and (= t.k u.k) (>= t.x u.x)), inner v using (k)"],
    );
    check(Dialect::DuckDb, "select 1 from t asof join u using (k, x)", &["#0 select 1 from t, asof u using (k, x)"]);
    check(Dialect::DuckDb, "select 1 from t asof right join u using (k, x)", &["no queries"]);
    check(
        Dialect::ClickHouse,
        "select * from a.t global any left join a.s using (x) asof join b.c as c on a.x = c.x and a.t > c.t",
        &[
            "#0 select * from a.t, asof left a.s closest 'any' using (x), asof b.c as c on (and (= a.x c.x) (> a.t c.t))",
        ],
    );
    check(
        Dialect::ClickHouse,
        "select * from t as o final join u final using (k)",
        &["#0 select * from t [final] as o, inner u [final] using (k)"],
    );
    check(
        Dialect::BigQuery,
        "create materialized view ds.v (a, b) options (description = 'x') as select x, y from ds.t",
        &["#0 select x, y from ds.t", "replace ds.v (a, b) #0"],
    );
    check(
        Dialect::BigQuery,
        "create table ds.v (a int64 options (description = 'x'), b string) partition by a options (k = 'v') as select x, y from ds.t",
        &["#0 select x, y from ds.t", "replace ds.v (a, b) #0"],
    );
    check(
        Dialect::BigQuery,
        "select array<struct<k string, v int64>>[('a', 1), ('b', 2)] as m from ds.t",
        &["#0 select cast((array (tuple 'a' 1) (tuple 'b' 2)) as ARRAY<STRUCT<K STRING, V INT64>>) as m from ds.t"],
    );
    check(
        Dialect::BigQuery,
        "select * from ds.t, unnest(xs) with offset left outer join ds.u on true",
        &["#0 select * from ds.t, unnest(xs) offset offset, left ds.u on true"],
    );
    check(
        Dialect::BigQuery,
        "select * from ml.predict(model ds.m, table ds.t)",
        &[
            "#0 select * from ds.m",
            "#1 select * from ds.t",
            "#2 select * from ml.predict[ml.predict]((rows #0), (rows #1))",
        ],
    );
    check(Dialect::BigQuery, "select {name} from ds.t", &["no queries"]);
    check(
        Dialect::BigQuery,
        "select mozfun.assert.null(1), a[0]._x from ds.t",
        &["#0 select mozfun.assert.null(1), a[0]:_x from ds.t"],
    );
    check(
        Dialect::Redshift,
        "select * from only a.t join only b on true",
        &["#0 select * from a.t [only], inner b [only] on true"],
    );
    check(
        Dialect::Redshift,
        "select approximate count(distinct x) from a.t",
        &["#0 select approximate_count(distinct x) from a.t"],
    );
    check(
        Dialect::Databricks,
        "insert into a.t by name select * from stream a.s",
        &["#0 select * from a.s [stream]", "append a.t by name #0"],
    );
    check(Dialect::Databricks, "create table a.t shallow clone a.s", &["#0 select * from a.s", "replace a.t #0"]);
    check(Dialect::Snowflake, "create stream s on table a.t", &["no queries"]);
    check(
        Dialect::TSql,
        "create view v with schemabinding as select a from t with check option",
        &["#0 select a from t", "replace v #0"],
    );
    check(
        Dialect::TSql,
        "merge a.t with (holdlock) as t using a.s as s on t.x = s.x when matched then delete;",
        &["#0 select from a.t as t, inner a.s as s on (= t.x s.x)", "delete a.t #0"],
    );
    check(
        Dialect::Trino,
        "select * from t match_recognize (order by a measures final last(b) as c pattern (x) define x as b > 1)",
        &[
            "#0 select * from match_recognize(t partition by order by a measure last(b, 'final') as c define x as (> b 1) [x])",
        ],
    );
    check(
        Dialect::Postgres,
        "create materialized view m as select * from t with no data",
        &["#0 select * from t", "replace m #0"],
    );
    check(
        Dialect::Ansi,
        "select (((select 1 from a) union (select 2 from b)))",
        &["#0 select 1 from a", "#1 select * from #0", "#2 select 2 from b", "#3 union #1 #2", "#4 select (#3)"],
    );
}
