//! Scripts of several statements, and what they do to one relation.

use super::support::{Model, check};

const RAW: Model = ("raw", "table (id, amount, state)");
const LAKE: Model = ("lake", "table (id, ...)");

#[test]
fn a_temporary_table_is_seen_through() {
    check(
        &[
            RAW,
            (
                "orders",
                "create temp table paid as select * from raw where state = 'paid';
                 create table orders as select id, sum(amount) as total from paid group by id;",
            ),
        ],
        "
         orders <- raw rows, raw.id group_by, raw.state filter
         orders.id <- raw.id identity
         orders.total <- raw aggregation, raw.id group_by, raw.amount aggregation, raw.state filter",
    );
}

#[test]
fn a_temporary_table_that_is_built_anew_forgets_what_it_was() {
    check(
        &[
            RAW,
            LAKE,
            (
                "orders",
                "create temp table step as select id from raw;
                 create temp table step as select id from lake;
                 create table orders as select id from step;",
            ),
        ],
        "
         orders <- lake rows
         orders.id <- lake.id identity",
    );
}

#[test]
fn columns_pass_through_a_temporary_table() {
    check(
        &[
            LAKE,
            (
                "orders",
                "create temp table step as select * from lake where id > 0;
                 create table orders as select amount, (payload).total from step;",
            ),
        ],
        "
         lake.payload.total <- lake.payload identity
         orders <- lake rows, lake.id filter
         orders.amount <- lake.amount identity
         orders.total <- lake.payload.total identity",
    );
}

#[test]
fn what_is_inserted_goes_to_the_columns_that_are_listed() {
    check(
        &[RAW, ("orders", "insert into orders (order_id, total) select id, amount from raw where state = 'paid'")],
        "
         orders <- raw rows, raw.state filter
         orders.order_id <- raw.id identity
         orders.total <- raw.amount identity",
    );
}

#[test]
fn what_is_inserted_without_a_list_goes_to_places_whose_names_are_guessed() {
    check(
        &[
            RAW,
            ("orders", "insert into orders select id, amount from raw"),
            ("report", "select amount, total from orders"),
        ],
        "
         raw.* <- raw.id identity, raw.amount identity, raw.state identity
         orders <- raw rows
         orders.id <- raw.id identity
         orders.amount <- raw.amount identity
         orders.total <- raw.* unknown
         orders.? <- raw.* unknown
         report <- orders rows
         report.amount <- orders.amount identity
         report.total <- orders.total identity",
    );
}

#[test]
fn what_is_inserted_without_a_list_goes_to_the_places_of_the_table() {
    check(
        &[
            RAW,
            (
                "orders",
                "create table orders as select id as order_id, amount as total from raw;
                 insert into orders select amount, id from raw;",
            ),
        ],
        "
         orders <- raw rows
         orders.order_id <- raw.id identity, raw.amount identity
         orders.total <- raw.id identity, raw.amount identity",
    );
}

#[test]
fn an_update_changes_values_and_no_rows() {
    check(
        &[
            RAW,
            (
                "orders",
                "create table orders as select id, amount from raw;
                 update orders set amount = 0 from raw where raw.id = orders.id and raw.state = 'void';",
            ),
        ],
        "
         orders <- raw rows
         orders.id <- raw.id identity
         orders.amount <- orders.id filter, raw conditional, raw.id filter, raw.amount identity, raw.state filter",
    );
}

#[test]
fn a_delete_changes_rows_and_no_values() {
    check(
        &[
            RAW,
            (
                "orders",
                "create table orders as select id, amount from raw;
                 delete from orders where id in (select id from raw where state = 'void');",
            ),
        ],
        "
         orders <- orders.id filter, raw rows, raw subquery, raw.id subquery, raw.state filter
         orders.id <- raw.id identity
         orders.amount <- raw.amount identity",
    );
}

#[test]
fn a_merge_does_all_of_it() {
    check(
        &[
            RAW,
            (
                "orders",
                "merge into orders o using raw r on o.id = r.id
                 when matched and r.state = 'void' then delete
                 when matched then update set amount = r.amount
                 when not matched then insert (id, amount) values (r.id, r.amount);",
            ),
        ],
        "
         orders <- orders.id join, raw rows, raw.id join, raw.state filter
         orders.amount <- orders.id join, raw conditional, raw.id join, raw.amount identity, raw.state filter
         orders.id <- raw.id identity",
    );
}
