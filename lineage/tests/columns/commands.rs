//! Forms that are another way to write a query: TABLE, PIVOT and SUMMARIZE as commands, an UPDATE of
//! several tables.

use headsup_lineage::dialect::Dialect::{DuckDb, MySql, Postgres, Snowflake};

use crate::support::check;

#[test]
fn an_update_of_several_tables_changes_those_that_it_qualifies() {
    let sql = "update t, u set t.a = u.b where t.id = u.id";
    let expected = "
        t Update
        a <- u.b identity
        rows <- t rows, t.id filter, u rows, u.id filter";
    check(MySql, "t(id, a); u(id, b)", sql, expected);
    let sql = "update t as x, u as y set y.b = x.a where x.id = y.id";
    let expected = "
        u Update
        b <- t.a identity
        rows <- t rows, t.id filter, u rows, u.id filter";
    check(MySql, "t(id, a); u(id, b)", sql, expected);
    let sql = "update low_priority t, u join w on w.id = u.id set t.a = w.c, u.b = t.a";
    let expected = "
        t Update
        a <- w.c identity
        rows <- t rows, u rows, u.id join, w rows, w.id join
        u Update
        b <- t.a identity
        rows <- t rows, u rows, u.id join, w rows, w.id join";
    check(MySql, "t(id, a); u(id, b); w(id, c)", sql, expected);
}

#[test]
fn a_table_command_is_a_query_wherever_one_can_stand() {
    let sql = "insert into x table y";
    let expected = "
        x Append
        a <- y.a identity
        b <- y.b identity
        rows <- y rows";
    check(Postgres, "y(a, b)", sql, expected);
    let sql = "insert into x (c, d) table y";
    let expected = "
        x Append
        c <- y.a identity
        d <- y.b identity
        rows <- y rows";
    check(MySql, "y(a, b)", sql, expected);
    let sql = "with q as (table z) insert into x table y union all table q";
    let expected = "
        x Append
        a <- y.a identity, z.c identity
        b <- y.b identity, z.d identity
        rows <- y rows, z rows";
    check(Postgres, "y(a, b); z(c, d)", sql, expected);
}

#[test]
fn the_command_pivot_is_a_query() {
    let sql = "pivot t on c using sum(x)";
    let expected = "
        k <- t.k identity
        * <- t.x aggregation except (k) also <- t aggregation, t.c conditional, t.k group_by
        rows <- t rows, t.k group_by, t.x named";
    check(DuckDb, "t(x, c, k)", sql, expected);
    let sql = "select * from (pivot t on c in ('a', 'b') using sum(x))";
    let expected = "
        k <- t.k identity
        a <- t aggregation, t.c conditional, t.k group_by, t.x aggregation
        b <- t aggregation, t.c conditional, t.k group_by, t.x aggregation
        rows <- t rows, t.k group_by";
    check(DuckDb, "t(x, c, k)", sql, expected);
    let sql = "create table r as pivot t on c, k using sum(x) as s group by j";
    let expected = "
        r Replace
        j <- t.j identity
        * <- t.x aggregation except (j) also <- t aggregation, t.c conditional, t.j group_by, t.k conditional
        rows <- t rows, t.j group_by, t.x named";
    check(DuckDb, "t(x, c, k, j)", sql, expected);
    let sql = "create table r as unpivot t on a, b into name n value v";
    let expected = "
        r Replace
        k <- t.k identity
        n <-
        v <- t.a identity, t.b identity
        rows <- t rows, t.a expansion, t.b expansion";
    check(DuckDb, "t(k, a, b)", sql, expected);
}

#[test]
fn a_pivot_over_unknown_columns_loses_none() {
    let sql = "select * from (pivot t on c using sum(x))";
    let expected = "
        k <- t.k identity
        * <- t identity except (c, k, x) also <- t aggregation, t.c conditional, t.k group_by, t.x aggregation, t.* group_by
        rows <- t rows, t.k group_by, t.* group_by";
    check(DuckDb, "t(k, ...)", sql, expected);
    let sql = "select * from t pivot (sum(x) for c in (any))";
    let expected = "
        k <- t.k identity
        * <- t identity except (c, k, x) also <- t aggregation, t.c conditional, t.k group_by, t.x aggregation, t.* group_by
        rows <- t rows, t.k group_by, t.* group_by";
    check(Snowflake, "t(k, ...)", sql, expected);
}

#[test]
fn the_command_summarize_aggregates_every_column() {
    let sql = r#"select column_name, "max", count from (summarize t)"#;
    let expected = "
        column_name <- t.* transformation
        max <- t aggregation, t.* aggregation, t.* group_by
        count <- t aggregation, t.* group_by
        rows <- t rows, t.* group_by
        key (column_name)";
    check(DuckDb, "t(k, a)", sql, expected);
    let sql = "select q50 from (summarize select a from t where k > 1)";
    let expected = "
        q50 <- t aggregation, t.a aggregation, t.a group_by, t.k filter
        rows <- t rows, t.a group_by, t.k filter";
    check(DuckDb, "t(k, a)", sql, expected);
}
