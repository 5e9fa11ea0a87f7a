//! Scripts, blocks, and the bodies of routines.

use super::*;

#[test]
fn blocks_are_flattened() {
    let big = Dialect::BigQuery;
    check(big, "begin insert into ds.a select 1 from ds.b; end", "fill ds.a <- ds.b");
    check(
        big,
        "if exists (select 1 from ds.a) then delete from ds.b where true; else truncate table ds.c; end if;",
        "query <- ds.a; empty ds.b; empty ds.c",
    );
    check(big, "while x < (select max(y) from ds.a) do set x = x + 1; end while;", "query <- ds.a; other");
    check(
        big,
        "loop insert into ds.t select 1 from ds.s; if x then break; end if; end loop;",
        "fill ds.t <- ds.s; other",
    );
    check(
        big,
        "for r in (select * from ds.a) do insert into ds.b select r.x; end for;",
        "build temp @r <- ds.a; fill ds.b <- @r",
    );
    check(big, "declare x int64 default (select max(y) from ds.a); select x", "build temp @x <- ds.a; query <- @x");
    check(
        big,
        "begin transaction; insert into ds.t select 1 from ds.s; commit transaction;",
        "other; fill ds.t <- ds.s; other",
    );
    check(
        big,
        "begin select 1 from ds.a; exception when error then select 2 from ds.b; end;",
        "query <- ds.a; query <- ds.b",
    );
    check(
        Dialect::TSql,
        "if exists (select 1 from a) begin insert into b select case when x = 1 then 2 end from c end else delete from d",
        "query <- a; fill b <- c; empty d",
    );
    check(Dialect::TSql, "select 1 from a\ngo\nselect 2 from b\nGO", "query <- a; query <- b");
    check(Dialect::TSql, "insert into a select 1 from b\ninsert into c select 1 from d", "fill a <- b; fill c <- d");
    check(Dialect::Postgres, "do $$ begin insert into a select 1 from b; end $$;", "fill a <- b");
}

#[test]
fn routines_read_what_their_bodies_read() {
    check(
        Dialect::BigQuery,
        "create or replace function ds.f(x int64) returns int64 as ((select max(y) from ds.t where y > x))",
        "routine ds.f <- ds.t",
    );
    check(
        Dialect::BigQuery,
        "create table function ds.f(x int64) as select * from ds.t where y > x; select 1 from ds.u",
        "routine ds.f <- ds.t; query <- ds.u",
    );
    check(
        Dialect::BigQuery,
        "create temp function f(x string) returns string language js as \"\"\"return 'select 1 from t; ' + x;\"\"\"; \
         select f(y) from ds.t",
        "temp routine f; query <- ds.t, [f]",
    );
    check(
        Dialect::BigQuery,
        "create procedure ds.p(out x int64) begin create temp table a as select 1 from ds.s; if x then insert into ds.t select * from a; \
         end if; end; select 1 from ds.u",
        "routine ds.p <- a, ds.s; build temp a <- ds.s; fill ds.t <- a; query <- ds.u",
    );
    check(
        Dialect::Postgres,
        "create function f() returns int language sql as $$ select max(x) from t $$; select 1 from u",
        "routine f <- t; query <- u",
    );
    check(
        Dialect::Postgres,
        "create function f() returns void as $body$ declare n int; begin select x into n from t; insert into u select n from v; end \
         $body$ language plpgsql",
        "routine f <- t, v; build temp @n <- t; fill u <- @n, v",
    );
    check(
        Dialect::Snowflake,
        "create procedure p() returns string language sql as 'begin insert into t select ''a'' from s; return 1; end'",
        "routine p <- s; fill t <- s",
    );
    check(
        Dialect::Snowflake,
        "create procedure p() returns string language javascript as $$ snowflake.execute({sqlText: 'x'}) $$",
        "routine p …",
    );
    check(
        Dialect::Snowflake,
        "create task k warehouse = w schedule = '1 minute' as insert into t select * from s",
        "fill t <- s",
    );
    check(
        Dialect::TSql,
        "create procedure p @x int as begin insert into t select 1 from s end\ngo\nselect 1 from u",
        "routine p <- s; fill t <- s; query <- u",
    );
    check(
        Dialect::TSql,
        "create or alter proc p as\nset nocount on;\nselect 1 from s;\ndelete from t where x = 1",
        "routine p <- s; empty t",
    );
    check(Dialect::Databricks, "create function f(x int) returns int return (select max(y) from t)", "routine f <- t");
    check(Dialect::DuckDb, "create macro f(x) as table select * from t where y = x", "routine f <- t");
}

#[test]
fn assigned_values_and_returned_queries_are_read() {
    check(
        Dialect::Snowflake,
        "begin let x := (select max(a) from s.t); insert into s.u select 1 from s.v; end",
        "build temp @x <- s.t; fill s.u <- s.v",
    );
    check(
        Dialect::Postgres,
        "create function f() returns setof t as $$ begin perform g(1); return query select * from s.t; end $$ language plpgsql",
        "routine f <- [g], s.t",
    );
    check(
        Dialect::MySql,
        "create definer=`x`@`y` procedure p() begin insert into a.t select * from a.s; end",
        "routine p <- a.s; fill a.t <- a.s",
    );
}

#[test]
fn dynamic_sql_is_incomplete() {
    check(Dialect::BigQuery, "execute immediate format('select %s', x)", "dynamic …");
    check(Dialect::TSql, "exec(@sql)", "dynamic …");
    check(Dialect::Snowflake, "execute immediate $$ insert into t select * from s $$", "dynamic; fill t <- s");
    check(Dialect::TSql, "exec core.load_orders 1", "other <- [core.load_orders]");
    check(Dialect::Snowflake, "call core.load_orders(1)", "other <- [core.load_orders]");
}
