//! How values flow through expressions.

use headsup_lineage::dialect::Dialect::{Ansi, BigQuery, ClickHouse, Databricks, Snowflake, Trino};

use crate::support::check;

const SHOP: &str = "orders(id!, customer, amount, tax, status, at, payload, tags)";

fn column(dialect: headsup_lineage::dialect::Dialect, expression: &str, sources: &str) {
    let sql = format!("select {expression} as v from orders");
    let rows = if sources.contains("orders aggregation") && !sources.contains("window") {
        "rows <-\nkey ()".to_owned()
    } else {
        "rows <- orders rows".to_owned()
    };
    check(dialect, SHOP, &sql, &format!("v <- {sources}\n{rows}").replace("<- \n", "<-\n"));
}

#[test]
fn what_is_computed_is_a_transformation() {
    column(Ansi, "amount + tax", "orders.amount transformation, orders.tax transformation");
    column(Ansi, "cast(amount as decimal(10, 2))", "orders.amount transformation");
    column(Ansi, "coalesce(amount, tax, 0)", "orders.amount transformation, orders.tax transformation");
    column(Ansi, "amount", "orders.amount identity");
    column(Ansi, "(amount)", "orders.amount identity");
    column(Ansi, "1", "");
}

#[test]
fn what_decides_among_values_is_conditional() {
    column(
        Ansi,
        "case when status = 'paid' then amount else tax end",
        "orders.amount transformation, orders.status conditional, orders.tax transformation",
    );
    column(Ansi, "case status when 'paid' then amount end", "orders.amount transformation, orders.status conditional");
    column(Snowflake, "iff(status = 'paid', amount, 0)", "orders.amount transformation, orders.status conditional");
    column(BigQuery, "if(status = 'paid', amount, 0)", "orders.amount transformation, orders.status conditional");
}

#[test]
fn an_aggregate_and_its_filter_and_order() {
    column(Ansi, "sum(amount)", "orders aggregation, orders.amount aggregation");
    column(
        Ansi,
        "sum(amount) filter (where status = 'paid')",
        "orders aggregation, orders.amount aggregation, orders.status filter",
    );
    column(
        Snowflake,
        "listagg(status, ',') within group (order by at)",
        "orders aggregation, orders.at sort, orders.status aggregation",
    );
    column(
        ClickHouse,
        "sumIf(amount, status = 'paid')",
        "orders aggregation, orders.amount aggregation, orders.status aggregation",
    );
}

#[test]
fn a_window_depends_on_its_rows_and_its_order() {
    let sql = "select sum(amount) over (partition by customer order by at) as running from orders";
    let expected = "
        running <- orders window, orders.amount aggregation, orders.at window, orders.customer window
        rows <- orders rows";
    check(Ansi, SHOP, sql, expected);
    let named = "select sum(amount) over w as running from orders window w as (partition by customer order by at)";
    check(Ansi, SHOP, named, expected);
}

#[test]
fn a_path_into_a_value_is_a_path() {
    column(Snowflake, "payload:a.b::string", "orders.payload.a.b transformation");
    column(Snowflake, "payload:a", "orders.payload.a identity");
    column(Snowflake, "payload['a']", "orders.payload.a identity");
    column(BigQuery, "payload.a.b", "orders.payload.a.b identity");
    column(BigQuery, "orders.payload.a", "orders.payload.a identity");
    // The other field has to be there, and that is all.
    let sql = "select struct(amount as a, tax as b).b as v from orders";
    check(BigQuery, SHOP, sql, "v <- orders.tax identity\nrows <- orders rows, orders.amount named");
}

#[test]
fn the_parameters_of_a_lambda_hide_columns() {
    column(Trino, "transform(tags, amount -> amount + tax)", "orders.tags transformation, orders.tax transformation");
    column(Databricks, "filter(tags, t -> t > amount)", "orders.amount transformation, orders.tags transformation");
}

#[test]
fn a_path_through_ctes_stays_a_path() {
    let sql = "with c as (select payload as p from orders) select p:x.y as v from c";
    check(Snowflake, SHOP, sql, "v <- orders.payload.x.y identity\nrows <- orders rows");
}

#[test]
fn a_row_as_a_value_is_all_its_columns() {
    check(
        BigQuery,
        SHOP,
        "select to_json_string(o) as v from orders o",
        "v <- orders.* transformation\nrows <- orders rows",
    );
}

#[test]
fn the_fields_of_a_record_that_a_subquery_rebuilds() {
    let sql = "select (select as struct payload.* except (b), amount as a) as p from orders";
    let expected = "
        p <- orders.amount transformation, orders.payload transformation
        rows <- orders rows";
    check(BigQuery, SHOP, sql, expected);
    let sql = "select (select as struct payload.* replace (amount as a)) as p from orders";
    check(BigQuery, SHOP, sql, expected);
}
