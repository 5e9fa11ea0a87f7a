//! `*`, written out where columns are known, and passed through where they are not.

use headsup_lineage::dialect::Dialect::{Ansi, BigQuery, DuckDb, Postgres, Snowflake};

use crate::support::check;

const SHOP: &str = "orders(id!, customer, amount); customers(id!, name)";

#[test]
fn a_star_is_every_known_column() {
    let expected = "
        id <- orders.id identity
        customer <- orders.customer identity
        amount <- orders.amount identity
        rows <- orders rows
        key (id)";
    check(Ansi, SHOP, "select * from orders", expected);
    check(Ansi, SHOP, "select o.* from orders as o", expected);
    check(Ansi, SHOP, "with c as (select * from orders) select * from (select * from c)", expected);
}

#[test]
fn a_star_leaves_out_replaces_and_renames() {
    let sql = "select * except (customer) replace (amount / 100 as amount) from orders";
    let expected = "
        id <- orders.id identity
        amount <- orders.amount transformation
        rows <- orders rows
        key (id)";
    check(BigQuery, SHOP, sql, expected);
    let sql = "select * exclude (amount) rename (customer as buyer) from orders";
    let expected = "
        id <- orders.id identity
        buyer <- orders.customer identity
        rows <- orders rows
        key (id)";
    check(Snowflake, SHOP, sql, expected);
    let sql = "select * ilike '%OM%' from orders";
    check(Snowflake, SHOP, sql, "customer <- orders.customer identity\nrows <- orders rows");
}

#[test]
fn a_star_over_using_has_the_merged_columns_once_and_first() {
    let expected = "
        id <- orders.id identity
        customer <- orders.customer identity
        amount <- orders.amount identity
        name <- orders.id join, customers join, customers.id join, customers.name identity
        rows <- orders rows
        key (id)";
    check(Postgres, SHOP, "select * from orders left join customers using (id)", expected);
    check(Postgres, SHOP, "select * from orders natural left join customers", expected);
}

#[test]
fn a_full_join_merges_the_columns_of_both_sides() {
    let sql = "select id from orders full join customers using (id)";
    let expected = "
        id <- orders join, orders.id transformation, orders.id join, customers join, customers.id transformation, customers.id join
        rows <- orders rows, orders.id join, customers rows, customers.id join";
    check(Postgres, SHOP, sql, expected);
}

#[test]
fn columns_that_are_not_known_pass_through_by_their_names() {
    let sql = "select *, amount * 2 as twice from raw.orders";
    let expected = "
        twice <- raw.orders.amount transformation
        * <- raw.orders identity except ()
        rows <- raw.orders rows";
    check(DuckDb, "", sql, expected);
    let sql = "with c as (select * except (secret) from raw.orders) select c.*, c.amount as a from c";
    let expected = "
        a <- raw.orders.amount identity
        * <- raw.orders identity except (secret)
        rows <- raw.orders rows";
    check(BigQuery, "", sql, expected);
}

#[test]
fn a_renamed_column_of_an_open_relation_does_not_pass_by_its_old_name() {
    let sql = "select * rename (a as b) from raw.orders";
    let expected = "
        b <- raw.orders.a identity
        * <- raw.orders identity except (a)
        rows <- raw.orders rows";
    check(Snowflake, "", sql, expected);
}

#[test]
fn the_fields_of_a_record_pass_through() {
    let sql = "select item.* from raw.orders, unnest(items) as item";
    let expected = "
        * <- raw.orders.items transformation except (item)
        rows <- raw.orders rows, raw.orders.items expansion";
    check(BigQuery, "", sql, expected);
}

#[test]
fn the_fields_of_a_value_are_columns() {
    let sql = "select as value struct(a as x, b) from ds.t as t";
    let expected = "
        x <- ds.t.a identity
        b <- ds.t.b identity
        rows <- ds.t rows";
    check(BigQuery, "t(a, b)", sql, expected);
    let sql = "select v.x, v from (select as value struct(a as x, b as y) from t) as v";
    let expected = "
        x <- t.a identity
        v <- t.a identity, t.b identity
        rows <- t rows";
    check(BigQuery, "t(a, b)", sql, expected);
    let sql = "select (select as value struct(max(a) as x, b as y) from t group by b).y";
    let expected = "
        y <- t subquery, t.b identity, t.b group_by
        rows <- t.a named
        key ()";
    check(BigQuery, "t(a, b)", sql, expected);
    let sql = "select as value a + b from t";
    let expected = "
        f0_ <- t.a transformation, t.b transformation
        rows <- t rows";
    check(BigQuery, "t(a, b)", sql, expected);
    let sql = "select as value any_value(t) from t group by b";
    let expected = "
        f0_ <- t aggregation, t.b group_by, t.* aggregation
        * <- t unknown except () also <- t aggregation, t.b group_by, t.* aggregation
        rows <- t rows, t.b group_by";
    check(BigQuery, "t(a, b)", sql, expected);
    let sql = "select struct(a as x, b as y).* except (x) from t";
    let expected = "
        y <- t.b identity
        rows <- t rows, t.a named";
    check(BigQuery, "t(a, b)", sql, expected);
    let sql = "select array(select as value struct(a as x, b as y) from t) as s";
    let expected = "
        s <- t aggregation, t.a aggregation, t.b aggregation
        rows <-
        key ()";
    check(BigQuery, "t(a, b)", sql, expected);
}
