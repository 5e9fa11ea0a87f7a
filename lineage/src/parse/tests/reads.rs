//! Scopes: what a query reads and what only looks like a relation.

use super::*;

#[test]
fn relations_stand_in_from_and_joins() {
    check_all("select 1 from raw.orders", "query <- raw.orders");
    check_all("select 1 from a, b join c on a.x = c.x left join s.d on true", "query <- a, b, c, s.d");
    check_all("select 1 from (a join b on a.x = b.x)", "query <- a, b");
    check_all("select 1 from a union all select 2 from b union all (select 3 from c)", "query <- a, b, c");
    check_all("select 1", "query");
}

#[test]
fn subqueries_stand_everywhere() {
    check_all("select (select max(x) from a) from b", "query <- a, b");
    check_all("select 1 from a where x in (select x from b) and exists (select 1 from c)", "query <- a, b, c");
    check_all("select 1 from a join b on a.x = (select max(x) from c)", "query <- a, b, c");
    check_all("select x from a group by x having count(*) > (select 1 from b)", "query <- a, b");
    check_all("select x from a order by (select max(y) from b)", "query <- a, b");
    check_all("select case when x = (select 1 from b) then (select 2 from c) else 3 end from a", "query <- a, b, c");
    check_all("select coalesce((select 1 from b), 2) from a", "query <- a, b");
    check_all("select sum(x) over (partition by (select 1 from b)) from a", "query <- a, b");
    check(
        Dialect::Snowflake,
        "select 1 from a qualify row_number() over (order by (select 1 from b)) = 1",
        "query <- a, b",
    );
    check(Dialect::Postgres, "select 1 from a limit (select n from b)", "query <- a, b");
    check(Dialect::Postgres, "select 1 from (values ((select 1 from b))) v", "query <- b");
    check(Dialect::Postgres, "select 1 from a, lateral (select * from b where b.x = a.x) l", "query <- a, b");
}

#[test]
fn ctes_are_not_relations_where_they_are_visible() {
    check_all("with o as (select * from raw.orders) select * from o", "query <- raw.orders");
    check_all("with a as (select 1 from x), b as (select * from a) select * from a, b", "query <- x");
    check_all("with orders as (select * from orders) select * from orders", "query <- orders");
    check_all("with a as (select * from b), b as (select 1 from x) select * from a, b", "query <- b, x");
    check_all("select * from (with o as (select 1 from x) select * from o) t, o", "query <- o, x");
    check_all(
        "with o as (select 1 from x) select * from (with o as (select * from o) select * from o) t",
        "query <- x",
    );
    check_all("with o as (select 1 from x) select * from s.o", "query <- s.o, x");
    check(
        Dialect::Postgres,
        "with recursive t as (select 1 from base union all select 1 from t) select * from t",
        "query <- base",
    );
    check(
        Dialect::TSql,
        "with t as (select 1 as x from base union all select 1 from t) select * from t",
        "query <- base",
    );
    check(Dialect::BigQuery, "with Orders as (select 1 from ds.x) select * from orders", "query <- ds.x");
    check(Dialect::Snowflake, "with \"o\" as (select 1 from x) select * from o", "query <- o, x");
}

#[test]
fn paths_into_an_earlier_item_are_not_relations() {
    let big = Dialect::BigQuery;
    check(big, "select 1 from ds.t, t.items", "query <- ds.t");
    check(big, "select 1 from ds.t as x, x.items i, i.parts", "query <- ds.t");
    check(big, "select 1 from ds.t cross join unnest(t.items) as i", "query <- ds.t");
    check(big, "select (select count(*) from t.items) from ds.t", "query <- ds.t");
    check(big, "select 1 from b.c, a.b", "query <- a.b, b.c");
    // A derived table sees none of its siblings.
    check(big, "select 1 from (select 1 from b.c) x, a.b", "query <- a.b, b.c");
    check(Dialect::Redshift, "select 1 from customers c, c.orders o", "query <- customers");
    check(Dialect::Postgres, "select 1 from raw.orders, orders.lines", "query <- orders.lines, raw.orders");
    check(Dialect::ClickHouse, "select 1 from t array join items as i", "query <- t");
}

#[test]
fn table_functions_are_relations_where_they_are_qualified() {
    check(Dialect::BigQuery, "select 1 from ds.recent(7)", "query <- ds.recent");
    check(Dialect::Postgres, "select 1 from generate_series(1, 10) g", "query");
    check(Dialect::Postgres, "select 1 from recent(7)", "query <- [recent]");
    check(Dialect::Snowflake, "select 1 from t, lateral flatten(input => t.x) f", "query <- t");
    check(Dialect::Snowflake, "select 1 from table(core.recent(7))", "query <- core.recent");
    check(Dialect::Snowflake, "select 1 from table(flatten(input => parse_json('[]')))", "query");
    check(Dialect::DuckDb, "select 1 from read_csv('x.csv')", "query");
    check(Dialect::DuckDb, "select 1 from 'x.parquet'", "query");
    check(Dialect::Databricks, "select 1 from t lateral view explode(t.x) e as y", "query <- t");
    check(Dialect::Trino, "select 1 from t cross join unnest(t.x) as u(y)", "query <- t");
    check(Dialect::TSql, "select 1 from orders with (nolock)", "query <- orders");
    check(Dialect::TSql, "select 1 from orders (nolock)", "query <- orders");
}

#[test]
fn calls_are_kept_unless_every_engine_has_them() {
    check_all("select core.net(x), net(x), sum(x) from t", "query <- [core.net], [net], t");
    check(Dialect::BigQuery, "select mozfun.assert.null(x) from t", "query <- [mozfun.assert.null], t");
    check(
        Dialect::ClickHouse,
        "select dictGet('shop.customers', 'name', id) from t",
        "query <- [dictGet], shop.customers, t",
    );
}

#[test]
fn names_keep_what_dialects_write() {
    check(Dialect::BigQuery, "select 1 from my-project.ds.t", "query <- my-project.ds.t");
    check(Dialect::BigQuery, "select 1 from `my-project.ds.events_*`", "query <- my-project.ds.events_*");
    check(Dialect::BigQuery, "select 1 from `p.ds.t$20240101`", "query <- p.ds.t");
    check(Dialect::BigQuery, "select 1 from ds.t for system_time as of current_timestamp()", "query <- ds.t");
    check(Dialect::TSql, "select 1 from db..t join [a b].[c] on 1 = 1", "query <- \"a b\".c, db.dbo.t");
    check(Dialect::Snowflake, "select 1 from db..t", "query <- db.public.t");
    check(Dialect::Snowflake, "select 1 from @stage/path (file_format => 'x') s", "query");
    check(Dialect::Snowflake, "select 1 from identifier($x)", "query …");
    check(Dialect::Snowflake, "select 1 from identifier('core.orders')", "query <- core.orders");
    check(Dialect::Snowflake, "select 1 from dual", "query");
    check(Dialect::MySql, "select 1 from dual", "query");
    check(Dialect::Postgres, "select 1 from dual", "query <- dual");
    check(Dialect::Snowflake, "select 1 from t at (timestamp => 'x'::timestamp)", "query <- t");
    check(Dialect::ClickHouse, "select 1 from t final sample 0.1", "query <- t");
}

#[test]
fn pivots_and_patterns_read_their_input() {
    check(Dialect::Snowflake, "select * from t pivot(sum(x) for m in ('a', 'b')) p", "query <- t");
    check(Dialect::Snowflake, "select * from t unpivot(x for m in (a, b))", "query <- t");
    check(Dialect::BigQuery, "select * from (select 1 from t) pivot(sum(x) for m in ('a'))", "query <- t");
    check(
        Dialect::Snowflake,
        "select * from t match_recognize (order by x measures final last(a.x) as y pattern (a+) define a as x > 1)",
        "query <- t",
    );
    check(Dialect::Postgres, "table raw.orders", "query <- raw.orders");
}

#[test]
fn statements_fill_their_targets() {
    check_all("insert into core.orders select * from raw.orders", "fill core.orders <- raw.orders");
    check_all("insert into t (a, b) values (1, 2)", "fill t");
    check_all("update t set x = 1 where y in (select y from u)", "fill t <- u");
    check_all("delete from t where y in (select y from u)", "empty t <- u");
    check_all("create view v as select * from a join b on a.x = b.x", "build v <- a, b");
    check_all("drop table t", "drop t");
    check_all("truncate table t", "empty t");
    check(Dialect::Databricks, "insert overwrite table t select * from s", "fill t <- s");
    check(Dialect::Databricks, "insert overwrite directory '/x' using parquet select * from s", "query <- s");
    check(Dialect::Postgres, "with x as (select 1 from s) insert into t select * from x", "fill t <- s");
    check(Dialect::Postgres, "insert into t with x as (select 1 from s) select * from x", "fill t <- s");
    check(Dialect::Postgres, "with x as (delete from t returning *) insert into u select * from x", "fill t, u");
    check(Dialect::Postgres, "update t set x = s.x from s where s.id = t.id", "fill t <- s");
    check(Dialect::TSql, "update o set x = s.x from orders o join s on s.id = o.id", "fill orders <- orders, s");
    check(Dialect::Postgres, "delete from t using s where s.id = t.id", "empty t <- s");
    check(Dialect::MySql, "delete o from orders o join s on s.id = o.id", "empty orders <- orders, s");
    check(
        Dialect::Snowflake,
        "merge into t using (select * from s) s on t.id = s.id when matched then update set x = (select 1 from u) \
         when not matched then insert (id) values (s.id)",
        "fill t <- s, u",
    );
    check(Dialect::Snowflake, "insert all into a into b select * from s", "fill a, b <- s");
    check(Dialect::Snowflake, "insert first when x > 1 then into a else into b select * from s", "fill a, b <- s");
    check(Dialect::Snowflake, "copy into t from @stage/x", "fill t");
    check(Dialect::Snowflake, "copy into @stage/x from t", "query <- t");
    check(Dialect::Snowflake, "copy into t from (select $1 from @stage/x)", "fill t");
    check(Dialect::Snowflake, "alter table a swap with b", "fill a, b <- a, b");
    check(Dialect::Postgres, "alter table s.a rename to b", "fill s.b <- s.a");
    check(Dialect::BigQuery, "export data options (uri = 'x') as select * from ds.t", "query <- ds.t");
}

#[test]
fn tables_are_built_from_queries() {
    check_all("create table t as select * from s", "build t <- s");
    check(Dialect::TSql, "select * into #t from s", "build temp #t <- s");
    check(Dialect::Postgres, "select * into t from s", "build t <- s");
    check(Dialect::Snowflake, "create table t clone s", "build t <- s");
    check(Dialect::Snowflake, "create table t like s", "declare t <- s");
    check(Dialect::BigQuery, "create temp table t as select 1 from ds.s", "build temp t <- ds.s");
    check(Dialect::BigQuery, "create temporary table t (x int64)", "declare temp t");
    check(
        Dialect::BigQuery,
        "create materialized view ds.v partition by d cluster by x options (enable_refresh = true) as select 1 from ds.s",
        "build ds.v <- ds.s",
    );
    check(
        Dialect::Snowflake,
        "create dynamic table t target_lag = '1 day' warehouse = w as select * from s",
        "build t <- s",
    );
    check(Dialect::ClickHouse, "create materialized view v to t as select * from s", "build v, t <- s");
}

#[test]
fn rewrites_keep_the_relations() {
    check(Dialect::Trino, "select json_query(a, 'lax $.x' omit quotes) from t", "query <- t");
    check(Dialect::Trino, "select cast(x as row(y array(varchar))) from t", "query <- t");
    check(Dialect::Trino, "select 1 from t for version as of 12 join u on t.x = u.x", "query <- t, u");
    check(
        Dialect::Trino,
        "select 1 from t for timestamp as of timestamp '2024-01-01 00:00:00 UTC' where x",
        "query <- t",
    );
    check(Dialect::Trino, "select * from table(f(input => table(select * from t)))", "query <- [f], t");
    check(Dialect::BigQuery, "select 1 << 2, array<struct<k string>>[('a')] from t", "query <- t");
    check(Dialect::BigQuery, "select a[0]._x from t", "query <- t");
    check(
        Dialect::BigQuery,
        "select * from ml.predict(model ds.m, (select * from ds.t))",
        "query <- ds.m, ds.t, ml.predict",
    );
    check(Dialect::BigQuery, "select * from ml.predict(model `ds.m`, table ds.t)", "query <- ds.m, ds.t, ml.predict");
    check(Dialect::Trino, "select 1 from t asof left join u on t.x >= u.x", "query <- t, u");
}

#[test]
fn words_that_change_no_relation_are_dropped() {
    check(Dialect::Databricks, "insert into a.t by name select * from a.s", "fill a.t <- a.s");
    check(Dialect::Databricks, "create table a.t shallow clone a.s", "build a.t <- a.s");
    check(Dialect::Databricks, "create streaming table a.t as select * from stream(a.s)", "build a.t <- a.s");
    check(Dialect::Databricks, "select * from stream a.s", "query <- a.s");
    check(Dialect::Databricks, "select * from identifier(:name)", "query …");
    check(Dialect::BigQuery, "create table ds.c copy ds.t", "build ds.c <- ds.t");
    check(Dialect::Postgres, "create materialized view m as select * from t with no data", "build m <- t");
    check(Dialect::Postgres, "select * from only a.t", "query <- a.t");
    check(Dialect::ClickHouse, "select * from a.t global any left join a.s using (x)", "query <- a.s, a.t");
    check(Dialect::Redshift, "select approximate count(distinct x) from a.t", "query <- a.t");
    check(
        Dialect::TSql,
        "merge a.t with (holdlock) as t using a.s as s on t.x = s.x when matched then delete;",
        "fill a.t <- a.s",
    );
    check(Dialect::TSql, "create table #t (x int primary key clustered)", "declare temp #t");
    check(Dialect::TSql, "create view v with schemabinding as select x from t with check option", "build v <- t");
    check(Dialect::Snowflake, "create or replace stream s on table a.b", "build s <- a.b");
}

#[test]
fn a_change_through_a_cte_changes_what_the_cte_reads() {
    check(Dialect::TSql, "with c as (select * from a.t) delete from c where x = 1", "fill a.t <- a.t");
    check(Dialect::MySql, "delete t, s from a.t join a.s on t.x = s.x", "empty a.t, a.s <- a.s, a.t");
}

#[test]
fn positions_are_those_of_the_names() {
    let script = parse(
        "-- x\nselect 1\n  from raw.orders o,\n\traw.items;\n\ninsert into t select 1 from é.x, y",
        Dialect::Postgres,
    );
    let places: Vec<String> = script
        .statements
        .iter()
        .flat_map(|statement| {
            std::iter::once(statement.position.to_string())
                .chain(statement.reads.iter().map(|read| format!("{} {}", read.name, read.position)))
        })
        .collect();
    assert_eq!(places, ["2:1", "raw.items 4:2", "raw.orders 3:8", "6:1", "y 6:34", "é.x 6:29"]);
}

#[test]
fn only_is_no_table_in_postgres() {
    check(Dialect::Postgres, "select * from only ev where x > 1", "query <- ev");
    check(Dialect::Postgres, "select * from \"only\" ev", "query <- only");
}
