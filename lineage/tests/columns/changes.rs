//! Statements that fill and change relations, each branch an output of its own.

use headsup_lineage::dialect::Dialect::{Ansi, Postgres, Snowflake};

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
