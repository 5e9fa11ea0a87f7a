//! The last rung: the relations of statements that no parser reads.

use super::*;

#[test]
fn relations_are_found_word_by_word() {
    let ansi = Dialect::Ansi;
    check_scan(ansi, "select 1 from raw.orders o !! join customers c on", "query <- customers, raw.orders");
    check_scan(ansi, "select from a, b as x, (select 1 from c) d where ] x", "query <- a, b, c");
    check_scan(ansi, "select ] from (a join b on a.x = b.x), c", "query <- a, b, c");
    check_scan(ansi, "insert into t select ] from s", "fill t <- s");
    check_scan(ansi, "merge into t using s on ] t.x = s.x", "fill t <- s");
    check_scan(ansi, "update t set x = ] from s", "fill t <- s");
    check_scan(ansi, "create or replace view core.v as select ] from s", "build core.v <- s");
    check_scan(ansi, "create temporary table t as select ] from s", "build temp t <- s");
    check_scan(ansi, "with x as (select 1 from s) insert into t select ] from x", "fill t <- s");
}

#[test]
fn commands_that_are_queries_are_read_like_them() {
    check_scan(Dialect::DuckDb, "select ] from (pivot t on c using sum(x)), (summarize s.u) x", "query <- s.u, t");
    check_scan(Dialect::DuckDb, "create table r as unpivot t on * exclude (id) ]", "build r <- [exclude], t");
    check_scan(Dialect::MySql, "update t a, u b, w set a.x = ] b.y", "fill t <- u, w");
    check_scan(Dialect::Postgres, "insert into x table y ]", "fill x <- y");
}

#[test]
fn ctes_and_keywords_are_not_relations() {
    let ansi = Dialect::Ansi;
    check_scan(ansi, "with o as (select 1 from x), p (a) as (select 1 from o) select ] from o, p", "query <- x");
    check_scan(ansi, "with orders as (select 1 from orders) select ] from orders", "query <- orders");
    check_scan(
        ansi,
        "select extract(year from d), trim(both ' ' from e), substring(f from 2), g is distinct from h ] from t",
        "query <- t",
    );
    check_scan(Dialect::BigQuery, "select ] from ds.t x, x.items, unnest(x.y)", "query <- ds.t");
    check_scan(Dialect::ClickHouse, "select ] from t array join items", "query <- t");
    check_scan(Dialect::Snowflake, "select ] from @stage, dual, table(core.f(1))", "query <- core.f, [core.f]");
    check_scan(ansi, "select ] core.f(x), max(y) from t", "query <- [core.f], t");
}

#[test]
fn odd_statements_name_their_relations() {
    check_scan(
        Dialect::Databricks,
        "from s insert overwrite table a select x insert into b select y",
        "fill a, b <- s",
    );
    check_scan(Dialect::DuckDb, "pivot a.t on x using sum(y) ]", "query <- a.t");
    check_scan(Dialect::Postgres, "create table t (like s including all)", "declare t <- s");
    check_scan(Dialect::ClickHouse, "create table a.t as a.s engine = Memory", "declare a.t <- a.s");
    check_scan(Dialect::TSql, "insert into t exec a.p", "fill t <- [a.p]");
    check_scan(Dialect::Redshift, "alter table a.t append from a.s", "fill a.t <- a.s");
}

#[test]
fn one_bad_statement_does_not_cost_the_others() {
    let script = parse("select 1 from a; select ] from b; create table t as select 1 from c", Dialect::Snowflake);
    assert_eq!(summaries(&script), "query <- a; query <- b; build t <- c");
    assert_eq!(script.reading, Reading::Scanned);
    assert_eq!(script.diagnostics.len(), 1);
    assert_eq!(script.diagnostics[0].position.unwrap().line, 1);
}

#[test]
fn what_reads_nothing_is_not_worth_a_diagnostic() {
    for sql in ["vacuum full analyze nonsense ]", "frobnicate ] x", "use ] role"] {
        let script = parse(sql, Dialect::Snowflake);
        assert_eq!(summaries(&script), "other", "{sql}");
        assert!(script.diagnostics.is_empty(), "{sql}");
    }
}
