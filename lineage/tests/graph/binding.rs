//! Columns from one relation to the next.

use super::support::{Model, check};

const RAW: Model = ("raw", "table (id, amount, state)");
const LAKE: Model = ("lake", "table (id, ...)");

#[test]
fn a_query_sees_the_columns_of_what_it_reads() {
    check(
        &[RAW, ("orders", "select id, amount * 2 as twice from raw where state = 'paid'")],
        "
         orders <- raw rows, raw.state filter
         orders.id <- raw.id identity
         orders.twice <- raw.amount transformation",
    );
}

#[test]
fn a_star_is_all_columns_of_what_is_read() {
    check(
        &[RAW, ("stage", "select * from raw"), ("orders", "select * from stage")],
        "
         stage <- raw rows
         stage.id <- raw.id identity
         stage.amount <- raw.amount identity
         stage.state <- raw.state identity
         orders <- stage rows
         orders.id <- stage.id identity
         orders.amount <- stage.amount identity
         orders.state <- stage.state identity",
    );
}

#[test]
fn a_column_nobody_declares_is_there_because_it_is_asked_for() {
    check(
        &[LAKE, ("orders", "select id, amount from lake")],
        "
         orders <- lake rows
         orders.id <- lake.id identity
         orders.amount <- lake.amount identity",
    );
}

#[test]
fn columns_pass_through_stars_that_nobody_can_expand() {
    check(
        &[
            LAKE,
            ("stage", "select *, now() as loaded from lake"),
            ("orders", "select amount, loaded from stage"),
            ("other", "select region from lake"),
            ("all", "select * from stage"),
        ],
        "
         stage <- lake rows
         stage.id <- lake.id identity
         stage.amount <- lake.amount identity
         stage.? <- lake.region identity, lake.? identity
         orders <- stage rows
         orders.amount <- stage.amount identity
         orders.loaded <- stage.loaded identity
         other <- lake rows
         other.region <- lake.region identity
         all <- stage rows
         all.id <- stage.id identity
         all.loaded <- stage.loaded identity
         all.? <- stage.amount identity, stage.? identity",
    );
}

#[test]
fn a_star_does_not_pass_what_is_there_by_another_name() {
    check(
        &[
            ("lake", "table (id, secret, ...)"),
            ("stage", "select lake.*, 1 as extra from lake"),
            ("orders", "select secret, extra, more from stage"),
        ],
        "
         stage <- lake rows
         stage.id <- lake.id identity
         stage.secret <- lake.secret identity
         stage.more <- lake.more identity
         stage.? <- lake.? identity
         orders <- stage rows
         orders.secret <- stage.secret identity
         orders.extra <- stage.extra identity
         orders.more <- stage.more identity",
    );
}

#[test]
fn a_template_depends_on_all_that_it_reads_and_so_do_its_readers() {
    check(
        &[RAW, ("orders", "template of raw"), ("report", "select total from orders")],
        "
         raw.* <- raw.id identity, raw.amount identity, raw.state identity
         orders <- raw unknown, raw.* unknown
         orders.total <- orders.+ identity
         orders.? <- orders.+ identity
         orders.+ <- raw unknown, raw.* unknown
         report <- orders rows
         report.total <- orders.total identity",
    );
}

#[test]
fn a_field_is_that_of_the_record_it_comes_from() {
    check(
        &[LAKE, ("stage", "select payload as p, id from lake"), ("orders", "select (p).total from stage")],
        "
         lake.payload.total <- lake.payload identity
         stage <- lake rows
         stage.p <- lake.payload identity
         stage.id <- lake.id identity
         stage.p.total <- lake.payload.total identity, stage.p identity
         orders <- stage rows
         orders.total <- stage.p.total identity",
    );
}

#[test]
fn relations_in_a_circle_are_bound_as_far_as_they_are_known() {
    check(
        &[("a", "select x, y from b"), ("b", "select * from a")],
        "
         a <- b rows
         a.x <- b.x identity
         a.y <- b.y identity
         b <- a rows
         b.x <- a.x identity
         b.y <- a.y identity",
    );
}

#[test]
fn a_relation_that_reads_itself_depends_on_its_own_columns() {
    check(
        &[
            RAW,
            (
                "orders",
                "select raw.id, coalesce(raw.amount, old.amount) as amount from raw left join orders old on old.id = raw.id",
            ),
        ],
        "
         orders <- orders.id join, raw rows, raw.id join
         orders.id <- raw.id identity
         orders.amount <- orders join, orders.id join, raw.id join, raw.amount transformation",
    );
}

#[test]
fn an_ambiguous_name_is_each_of_what_it_can_mean_that_may_have_the_column() {
    check(
        &[
            ("a.orders", "table (id, amount)"),
            ("b.orders", "table (id, state)"),
            ("report", "select id, state from orders"),
        ],
        "
         report <- a.orders rows, b.orders rows
         report.id <- a.orders.id identity, b.orders.id identity
         report.state <- b.orders.state identity",
    );
}

#[test]
fn a_column_that_is_not_there_is_any() {
    check(
        &[RAW, ("orders", "select id, amount from raw"), ("report", "select nothing from orders")],
        "
         orders <- raw rows
         orders.id <- raw.id identity
         orders.amount <- raw.amount identity
         orders.nothing <- orders.* unknown
         orders.* <- orders.id identity, orders.amount identity, orders.nothing identity
         report <- orders rows
         report.nothing <- orders.nothing identity",
    );
}

#[test]
fn a_column_spelled_in_another_case_is_the_same() {
    check(
        &[("raw", "table (id)"), ("orders", "select \"ID\" from raw")],
        "
         raw.ID <- raw.id identity
         orders <- raw rows
         orders.ID <- raw.ID identity",
    );
}

#[test]
fn a_query_without_columns_of_its_own_depends_on_rows() {
    check(
        &[RAW, ("orders", "select count(*) as n from raw")],
        "
         orders.n <- raw aggregation",
    );
}

#[test]
fn a_wildcard_reads_every_table_that_begins_like_it() {
    check(
        &[
            ("ds.events_2024", "table (id, day)"),
            ("ds.events_2025", "bigquery: select id, n from ds.other"),
            ("ds.other", "table (id, n)"),
            ("away.events_2024", "table (id)"),
            ("daily", "bigquery: create table daily as select id from `ds.events_*` where _table_suffix > '2023'"),
        ],
        "
         ds.events_2025 <- ds.other rows
         ds.events_2025.id <- ds.other.id identity
         ds.events_2025.n <- ds.other.n identity
         daily <- ds.events_2024 rows, ds.events_2025 rows, ds.events_* rows, ds.events_*._table_suffix filter
         daily.id <- ds.events_2024.id identity, ds.events_2025.id identity, ds.events_*.id identity",
    );
}

#[test]
fn a_routine_of_the_project_counts_where_it_is_called() {
    const RATE: Model = ("rate", "routine of rates");
    const RATES: Model = ("rates", "table (currency, value)");
    check(
        &[ORDERS_OF_RATES, RATES, RATE, ("sums", "select o.id, rate(o.amount) as euros from orders o")],
        "
         rates.* <- rates.currency identity, rates.value identity
         rate <- rates unknown, rates.* unknown
         rate.? <- rate.+ identity
         rate.+ <- rates unknown, rates.* unknown
         sums <- orders rows
         sums.id <- orders.id identity
         sums.euros <- orders.amount transformation, rate unknown",
    );
    check(
        &[
            ORDERS_OF_RATES,
            RATES,
            RATE,
            ("sums", "select o.id from orders o where rate(o.amount) > 1 order by rate(id)"),
        ],
        "
         rates.* <- rates.currency identity, rates.value identity
         rate <- rates unknown, rates.* unknown
         rate.? <- rate.+ identity
         rate.+ <- rates unknown, rates.* unknown
         sums <- orders rows, orders.amount filter, rate unknown
         sums.id <- orders.id identity",
    );
    // Of what it is called for nothing flows, but it has to be there.
    check(
        &[
            ORDERS_OF_RATES,
            RATES,
            RATE,
            ("sums", "select o.id from orders o where exists (select rate(id) from orders)"),
        ],
        "
         rates.* <- rates.currency identity, rates.value identity
         rate <- rates unknown, rates.* unknown
         rate.? <- rate.+ identity
         rate.+ <- rates unknown, rates.* unknown
         sums <- orders rows, orders subquery, rate named
         sums.id <- orders.id identity",
    );
}

const ORDERS_OF_RATES: Model = ("orders", "table (id, amount)");
