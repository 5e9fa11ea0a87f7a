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
fn a_temporary_table_has_the_columns_that_it_was_given_later() {
    check(
        &[
            RAW,
            (
                "orders",
                "create temp table step (id int);
                 alter table step add column total int;
                 insert into step select id, amount from raw;
                 create table orders as select total from step;",
            ),
        ],
        "
         orders <- raw rows
         orders.total <- raw.amount identity",
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
         orders <- raw rows
         orders.id <- raw.id identity, raw.id unknown, raw.amount unknown
         orders.amount <- raw.id unknown, raw.amount identity, raw.amount unknown
         orders.total <- raw.id unknown, raw.amount unknown
         orders.? <- raw.id unknown, raw.amount unknown
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

#[test]
fn what_uses_a_variable_depends_on_what_it_was_made_of() {
    let made = "
         orders <- lake rows, lake.day filter, raw filter, raw.amount filter, raw.state filter
         orders.id <- lake.id identity";
    for script in [
        "tsql: declare @x int; select @x = max(amount) from raw where state = 'paid';
         insert into orders (id) select id from lake where day > @x",
        "tsql: declare @x int = (select max(amount) from raw where state = 'paid');
         insert into orders (id) select id from lake where day > @x",
        "bigquery: declare x int64; set x = (select max(amount) from raw where state = 'paid');
         create table orders as select lake.id from lake where lake.day > x",
        "snowflake: set x = (select max(amount) from raw where state = 'paid');
         create table orders as select id from lake where day > $x",
        "mysql: set @x = (select max(amount) from raw where state = 'paid');
         insert into orders (id) select id from lake where day > @x",
    ] {
        check(&[RAW, ("lake", "table (id, day)"), ("orders", script)], made);
    }
}

#[test]
fn a_variable_can_be_made_of_another_and_hold_rows() {
    check(
        &[
            RAW,
            (
                "orders",
                "tsql: declare @x int, @y int; select @x = amount from raw where state = 'paid';
                 set @y = @x + 1; set @x = 0;
                 insert into orders (id, total) select 1, @y; insert into orders (id) select @x",
            ),
        ],
        "
         orders.total <- raw subquery, raw.amount transformation, raw.state filter",
    );
}

#[test]
fn a_condition_on_a_variable_decides_what_comes_after() {
    check(
        &[
            RAW,
            ("lake", "table (id)"),
            (
                "orders",
                "tsql: declare @n int = (select count(*) from raw);
                 if @n > 0 insert into orders (id) select id from lake",
            ),
        ],
        "
         orders <- lake rows, raw unknown
         orders.id <- lake.id identity, orders.+ identity
         orders.? <- orders.+ identity
         orders.+ <- raw unknown",
    );
}

#[test]
fn the_record_of_a_loop_is_a_row_of_its_query() {
    let made = "
         orders <- lake rows, lake.day filter, raw rows, raw subquery, raw.id filter, raw.state filter
         orders.id <- lake.id identity
         orders.total <- raw subquery, raw.amount transformation, raw.state filter";
    for script in [
        "bigquery: for r in (select * from raw where state = 'paid') do
         insert into orders (id, total) select l.id, r.amount from lake as l where l.day = r.id; end for;",
        "snowflake: begin for r in (select id, amount from raw where state = 'paid') do
         insert into orders (id, total) select l.id, r.amount from lake as l where l.day = r.id; end for; end;",
        "postgres: do $$ declare r record; begin for r in select id, amount from raw where state = 'paid' loop
         insert into orders (id, total) select l.id, r.amount from lake as l where l.day = r.id; end loop; end $$;",
    ] {
        check(&[RAW, ("lake", "table (id, day)"), ("orders", script)], made);
    }
}

#[test]
fn what_stands_in_a_loop_runs_for_each_of_its_rows() {
    check(
        &[
            RAW,
            ("lake", "table (id, day)"),
            (
                "orders",
                "bigquery: for r in (select id from raw where state = 'paid') do
                 for s in (select day from lake where id = r.id) do
                 insert into orders (id) values (1);
                 update orders set total = s.day where true;
                 end for; end for;",
            ),
        ],
        "
         orders <- lake rows, lake.id filter, raw rows, raw subquery, raw.id filter, raw.state filter
         orders.total <- lake conditional, lake subquery, lake.id filter, lake.day transformation, raw conditional, raw subquery, raw.id filter, raw.state filter",
    );
    // What stands behind it does not.
    check(
        &[
            RAW,
            ("lake", "table (id, day)"),
            (
                "orders",
                "bigquery: for r in (select id from raw) do insert into log (id) values (r.id); end for;
                 insert into orders (id) select r.id from lake as r;",
            ),
        ],
        "
         orders <- lake rows
         orders.id <- lake.id identity",
    );
}

#[test]
fn a_record_as_a_whole_and_a_loop_over_a_cursor_count_for_everything() {
    check(
        &[
            RAW,
            (
                "orders",
                "postgres: do $$ declare r raw; begin
                 for r in select * from raw loop insert into orders values (r.*); end loop; end $$;",
            ),
        ],
        "
         orders <- raw rows
         orders.column1 <- raw aggregation, raw.id aggregation, raw.amount aggregation, raw.state aggregation
         orders.? <- raw unknown, raw.id unknown, raw.amount unknown, raw.state unknown",
    );
    check(
        &[
            RAW,
            (
                "orders",
                "snowflake: declare c cursor for select id from raw;
                 begin for r in c do insert into orders (id) values (r.id); end for; end;",
            ),
        ],
        "
         orders <- raw unknown, raw.id unknown
         orders.id <- orders.+ identity
         orders.? <- orders.+ identity
         orders.+ <- raw unknown, raw.id unknown",
    );
}
