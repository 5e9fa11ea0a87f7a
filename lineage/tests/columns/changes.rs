//! Statements that fill and change relations, each branch an output of its own.

use headsup_lineage::dialect::Dialect::{Ansi, Postgres, Snowflake, TSql};

use crate::support::check;

const SHOP: &str = "orders(id!, amount, status); fixes(id!, amount, gone)";

#[test]
fn what_builds_a_relation_replaces_it() {
    let expected = "
        t Replace
        id <- orders.id identity
        n <- orders.amount transformation
        rows <- orders rows
        key (id)";
    check(Ansi, SHOP, "create table t as select id, amount * 2 as n from orders", expected);
    check(Ansi, SHOP, "create view t (id, n) as select id, amount * 2 from orders", expected);
}

#[test]
fn an_insert_fills_the_columns_that_it_names() {
    let expected = "
        t Append
        b <- orders.id identity
        a <- orders.amount identity
        rows <- orders rows";
    check(Ansi, SHOP, "insert into t (b, a) select id, amount from orders", expected);
}

#[test]
fn an_update_replaces_values_by_what_it_joins() {
    let sql = "update orders set amount = f.amount from fixes f where f.id = orders.id and not f.gone";
    let expected = "
        orders Update
        amount <- fixes.amount identity
        rows <- orders rows, orders.id filter, fixes rows, fixes.gone filter, fixes.id filter";
    check(Postgres, SHOP, sql, expected);
}

#[test]
fn a_delete_takes_rows_by_what_it_asks() {
    let sql = "delete from orders where id in (select id from fixes where gone)";
    let found = crate::support::print(Ansi, SHOP, sql);
    assert!(found.starts_with("orders Delete"), "{found}");
    assert!(found.contains("fixes subquery, fixes.gone filter, fixes.id subquery"), "{found}");
}

#[test]
fn a_merge_has_an_output_for_each_branch() {
    let sql = "
        merge into orders o using fixes f on o.id = f.id
        when matched and f.gone then delete
        when matched then update set amount = f.amount
        when not matched then insert (id, amount) values (f.id, f.amount)";
    let found = crate::support::print(Snowflake, SHOP, sql);
    for part in [
        "orders Delete",
        "orders Update",
        "orders Append",
        "amount <- fixes.amount identity",
        "id <- fixes.id identity",
    ] {
        assert!(found.contains(part), "{part}\n{found}");
    }
}

#[test]
fn what_output_says_goes_to_the_table_that_keeps_it() {
    let sql = "update t set a = b output inserted.a, deleted.b into log (x, y) where id > 1";
    let expected = "
        t Update
        a <- t.b identity
        rows <- t rows, t.id filter
        log Append
        x <- t.a identity
        y <- t.b identity
        rows <- t rows, t.id filter";
    check(TSql, "t(id, a, b); s(id, q)", sql, expected);
    let sql = "delete from t output deleted.a into dbo.log (x) where b > 1";
    let expected = "
        t Delete
        rows <- t rows, t.b filter
        dbo.log Append
        x <- t.a identity
        rows <- t rows, t.b filter";
    check(TSql, "t(id, a, b); s(id, q)", sql, expected);
    let sql = "insert into t (a) output inserted.a into @log (x) select q from s";
    let expected = "
        t Append
        a <- s.q identity
        rows <- s rows
        @log Append
        x <- t.a identity
        rows <- t rows";
    check(TSql, "t(id, a, b); s(id, q)", sql, expected);
    let sql = "update x set a = s.q output s.q into log (x) from t as x join s on s.id = x.id";
    let expected = "
        t Update
        a <- s.q identity
        rows <- t rows, t.id join, s rows, s.id join
        log Append
        x <- s.q identity
        rows <- t rows, t.id join, s rows, s.id join";
    check(TSql, "t(id, a, b); s(id, q)", sql, expected);
    let sql =
        "merge t using s on t.id = s.id when matched then update set a = s.q output inserted.a, s.q into log (x, y);";
    let expected = "
        t Update
        a <- s.q identity
        rows <- t rows, t.id join, s rows, s.id join
        log Append
        x <- t join, t.a identity, t.id join, s join, s.id join
        y <- t join, t.id join, s join, s.id join, s.q identity
        rows <- t rows, t.id join, s rows, s.id join";
    check(TSql, "t(id, a, b); s(id, q)", sql, expected);
}

#[test]
fn what_is_listed_is_all_that_is_filled() {
    let sql = "insert into t (a, b) select * from src";
    let expected = "
        t Append
        a <- src.id identity, src.* identity
        b <- src.id identity, src.* identity
        rows <- src rows
        open: which column of a `*` goes to which of those that are listed is not known";
    check(Postgres, "src(id, ...)", sql, expected);
    let sql = "create view v (a, b) as select * from src where id > 1";
    let expected = "
        v Replace
        a <- src.id identity, src.* identity
        b <- src.id identity, src.* identity
        rows <- src rows, src.id filter
        open: which column of a `*` goes to which of those that are listed is not known";
    check(Postgres, "src(id, ...)", sql, expected);
}
