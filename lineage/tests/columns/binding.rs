//! Which column a name means.

use headsup_lineage::dialect::Dialect::{Ansi, BigQuery, ClickHouse, DuckDb, Postgres, Redshift, Snowflake, Trino};

use crate::support::check;

const SHOP: &str = "orders(id!, customer, amount); customers(id!, name)";

#[test]
fn a_qualifier_is_an_alias_a_table_or_a_path_to_it() {
    let expected = "amount <- shop.orders.amount identity\nrows <- shop.orders rows";
    for sql in [
        "select o.amount from shop.orders o",
        "select orders.amount from shop.orders",
        "select shop.orders.amount from shop.orders",
    ] {
        check(Ansi, "", sql, expected);
    }
}

#[test]
fn a_name_that_one_relation_is_known_to_have_is_that_relations() {
    let sql = "select name, extra from customers, raw.events";
    let expected = "
        name <- customers.name identity
        extra <- raw.events.extra identity
        rows <- customers rows, raw.events rows";
    check(Ansi, SHOP, sql, expected);
}

#[test]
fn a_name_that_several_relations_may_have_is_bound_to_each() {
    let sql = "select extra from raw.a, raw.b";
    let expected = "
        extra <- raw.a.extra transformation, raw.b.extra transformation
        rows <- raw.a rows, raw.b rows
        open: `extra` can be a column of several relations";
    check(Ansi, "", sql, expected);
}

#[test]
fn a_name_that_nothing_has_is_asked_of_all() {
    let sql = "select gone from orders o join customers c on c.id = o.customer";
    let expected = "
        gone <- orders.gone transformation, customers.gone transformation
        rows <- orders rows, orders.customer join, customers rows, customers.id join
        open: no relation in sight has a column `gone`";
    check(Ansi, SHOP, sql, expected);
}

#[test]
fn an_alias_can_be_used_again_where_the_dialect_allows() {
    let sql = "select amount * 2 as twice, twice + 1 as more from orders";
    let expected = "
        twice <- orders.amount transformation
        more <- orders.amount transformation
        rows <- orders rows";
    for dialect in [Snowflake, Redshift, ClickHouse] {
        check(dialect, SHOP, sql, expected);
    }
    let refused = "
        twice <- orders.amount transformation
        more <- orders.twice transformation
        rows <- orders rows
        open: no relation in sight has a column `twice`";
    for dialect in [Postgres, BigQuery, Trino] {
        check(dialect, SHOP, sql, refused);
    }
}

#[test]
fn a_column_hides_an_alias_but_in_clickhouse() {
    let sql = "select customer as amount, amount + 1 as more from orders";
    let columns = "
        amount <- orders.customer identity
        more <- orders.amount transformation
        rows <- orders rows";
    check(Snowflake, SHOP, sql, columns);
    check(ClickHouse, SHOP, sql, &columns.replace("orders.amount", "orders.customer"));
}

#[test]
fn a_correlated_name_is_the_outer_relations_if_the_inner_has_none() {
    let sql = "select id from orders where exists (select 1 from customers where customers.id = customer)";
    let expected = "
        id <- orders.id identity
        rows <- orders rows, orders.customer filter, customers subquery, customers.id filter
        key (id)";
    check(Ansi, SHOP, sql, expected);
}

#[test]
fn a_derived_table_does_not_see_its_siblings_unless_lateral() {
    let sql = "select q.n from orders o, lateral (select o.amount as n) q";
    check(Postgres, SHOP, sql, "n <- orders.amount identity\nrows <- orders rows");
}

#[test]
fn quotes_and_case_follow_the_dialect() {
    let schema = "orders(amount)";
    check(Snowflake, schema, "select \"AMOUNT\" from ORDERS", "AMOUNT <- ORDERS.amount identity\nrows <- ORDERS rows");
    let sql = "select \"Amount\" from orders";
    let expected = "
        Amount <- orders.Amount identity
        rows <- orders rows
        open: no relation in sight has a column `Amount`";
    check(Postgres, schema, sql, expected);
}

#[test]
fn constants_that_are_spelled_like_names_depend_on_nothing() {
    check(Ansi, SHOP, "select current_date as today from orders", "today <-\nrows <- orders rows");
}

#[test]
fn order_by_sees_aliases_first() {
    let sql = "select customer as amount from orders order by amount limit 1";
    check(Postgres, SHOP, sql, "amount <- orders.customer identity\nrows <- orders rows, orders.customer sort\nkey ()");
}

#[test]
fn a_quoted_path_qualifies_as_its_parts_do() {
    let expected = "
        uid <- p.d.t.uid identity
        v <- p.d.t.v identity
        rows <- p.d.t rows, p.d.u rows";
    check(BigQuery, "p.d.t(uid, v); p.d.u(uid, v)", "select `p.d.t`.uid, `p.d.t.v` from `p.d.t`, `p.d.u`", expected);
}

#[test]
fn a_comparison_in_a_call_is_no_named_argument() {
    let expected = "b <- orders.customer transformation\nrows <- orders rows";
    check(DuckDb, SHOP, "select coalesce(customer = 'x', false) as b from orders", expected);
}

#[test]
fn a_field_of_what_a_function_returns_is_no_column() {
    let sql = "select udf.parts(customer).first as f from orders";
    check(BigQuery, SHOP, sql, "f <- orders.customer transformation\nrows <- orders rows");
}

#[test]
fn what_is_asked_of_a_relation_by_its_name_is_its_own() {
    let sql = "select a.x, x + 1 as y from raw.a join raw.b on a.id = b.id where x > 0";
    let expected = "
        x <- raw.a.x identity
        y <- raw.a.x transformation
        rows <- raw.a rows, raw.a.id join, raw.a.x filter, raw.b rows, raw.b.id join";
    check(Ansi, "", sql, expected);
}

#[test]
fn an_alias_over_a_column_of_its_own_name_says_that_there_is_one() {
    let sql = "select lower(email) as email from raw.a where email is not null";
    let expected = "
        email <- raw.a.email transformation
        rows <- raw.a rows, raw.a.email filter";
    check(Snowflake, "", sql, expected);
    let sql = "select lower(mail) as email from raw.a where email is not null";
    let found = crate::support::print(Snowflake, "", sql);
    assert!(found.contains("open: `email`") && found.contains("raw.a.mail filter"), "{found}");
}

#[test]
fn a_dotted_column_gives_its_name_to_the_result() {
    let sql = "select o.payload.country, count(*) as n from raw.o as o join raw.p as p on o.id = p.id group by country";
    let found = crate::support::print(BigQuery, "", sql);
    assert!(found.contains("raw.o.payload.country group_by") && !found.contains("open"), "{found}");
    let sql = "select o.id from orders o join customers c on c.id = o.customer order by id limit 1";
    let found = crate::support::print(Postgres, SHOP, sql);
    assert!(found.contains("orders.id sort") && !found.contains("customers.id sort"), "{found}");
}
