//! Keys, inferred and declared, and how they are carried.

use headsup_lineage::dialect::Dialect::{Ansi, BigQuery, Snowflake};

use crate::support::outputs;

const SHOP: &str = "orders(id!, customer, amount, at); customers(id!, name); lines(order_id, n)";

fn keys(dialect: headsup_lineage::dialect::Dialect, sql: &str) -> Vec<String> {
    let outputs = outputs(dialect, SHOP, sql);
    let keys = outputs.iter().flat_map(|output| &output.lineage.keys);
    keys.map(|key| key.columns.iter().map(|column| column.as_str()).collect::<Vec<_>>().join(",")).collect()
}

#[test]
fn keys_are_carried_through_joins_on_keys() {
    assert_eq!(keys(Ansi, "select o.id, c.name from orders o join customers c on c.id = o.customer"), ["id"]);
    assert_eq!(keys(Ansi, "select o.id from orders o left join lines l on l.order_id = o.id"), [""; 0]);
    assert_eq!(keys(Ansi, "select o.id as oid, c.id as cid from orders o cross join customers c"), ["cid,oid"]);
    assert_eq!(keys(Ansi, "select o.id from orders o, customers c where c.id = o.id"), ["id"]);
}

#[test]
fn a_key_whose_columns_are_not_projected_is_lost() {
    assert_eq!(keys(Ansi, "select customer from orders"), [""; 0]);
    assert_eq!(keys(Ansi, "select id + 1 as next from orders"), [""; 0]);
}

#[test]
fn grouping_distinct_and_numbering_make_keys() {
    assert_eq!(keys(Ansi, "select customer, max(at) from orders group by customer"), ["customer"]);
    assert_eq!(keys(BigQuery, "select date(at) as day, count(*) as n from orders group by day"), ["day"]);
    assert_eq!(keys(Ansi, "select max(at) from orders group by customer"), [""; 0]);
    assert_eq!(keys(Ansi, "select distinct customer, amount from orders"), ["amount,customer"]);
    assert_eq!(keys(Ansi, "select distinct id, amount from orders"), ["id"]);
    let numbered = "select customer, amount from (
        select customer, amount, row_number() over (partition by customer order by at) as rn from orders) where rn = 1";
    assert_eq!(keys(Ansi, numbered), ["customer"]);
    let ranked = numbered.replace("row_number", "rank");
    assert_eq!(keys(Ansi, &ranked), [""; 0]);
    assert_eq!(keys(Snowflake, "select customer, sum(amount) from orders group by rollup (customer)"), [""; 0]);
}

#[test]
fn unions_keep_no_key_and_differences_do() {
    assert_eq!(keys(Ansi, "select id from orders union all select id from customers"), [""; 0]);
    assert_eq!(keys(Ansi, "select id from orders except select id from customers"), ["id"]);
}

#[test]
fn a_key_column_with_one_value_is_not_needed() {
    assert_eq!(
        keys(
            Ansi,
            "select customer from (select customer, at, max(id) as id from orders group by customer, at) where at = 1"
        ),
        ["customer"]
    );
}

#[test]
fn what_is_unique_for_each_row_of_the_left_is_not_unique_overall() {
    let sql = "select q.id from lines l, lateral (select id from customers where customers.name = l.n limit 1) q";
    assert_eq!(keys(Ansi, sql), [""; 0]);
}
