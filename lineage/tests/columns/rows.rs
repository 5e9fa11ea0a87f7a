//! What decides which rows there are.

use headsup_lineage::dialect::Dialect::{
    Ansi, BigQuery, ClickHouse, Databricks, DuckDb, Postgres, Snowflake, TSql as TSqlDialect,
};

use crate::support::{check, check_script, print};

const SHOP: &str = "orders(id!, customer, amount, status, at); customers(id!, name, region); lines(order_id, sku, n)";

#[test]
fn a_filter_decides_over_rows_and_not_over_values() {
    let sql = "select id, amount from orders where status = 'paid'";
    let expected = "
        id <- orders.id identity
        amount <- orders.amount identity
        rows <- orders rows, orders.status filter
        key (id)";
    check(Ansi, SHOP, sql, expected);
}

#[test]
fn an_aggregate_depends_on_rows_and_on_what_decides_them() {
    let sql = "select customer, sum(amount) as total from orders where status = 'paid' group by customer";
    let expected = "
        customer <- orders.customer identity
        total <- orders aggregation, orders.customer group_by, orders.amount aggregation, orders.status filter
        rows <- orders rows, orders.customer group_by, orders.status filter
        key (customer)";
    check(
        Ansi,
        SHOP,
        sql,
        &expected.replace(
            "orders aggregation, orders.customer group_by, orders.amount aggregation",
            "orders aggregation, orders.amount aggregation, orders.customer group_by",
        ),
    );
}

#[test]
fn an_aggregate_without_keys_has_one_row_whatever_is_below() {
    let sql = "select count(*) as n from orders";
    check(Ansi, SHOP, sql, "n <- orders aggregation\nrows <-\nkey ()");
}

#[test]
fn a_left_join_on_a_unique_key_neither_adds_nor_drops_rows() {
    let sql = "select o.id, c.name from orders o left join customers c on c.id = o.customer";
    let expected = "
        id <- orders.id identity
        name <- orders.customer join, customers join, customers.id join, customers.name identity
        rows <- orders rows
        key (id)";
    check(Ansi, SHOP, sql, expected);
}

#[test]
fn a_left_join_on_anything_else_decides_over_rows() {
    let sql = "select o.id from orders o left join lines l on l.order_id = o.id";
    let expected = "
        id <- orders.id identity
        rows <- orders rows, orders.id join, lines rows, lines.order_id join";
    check(Ansi, SHOP, sql, expected);
}

#[test]
fn an_inner_join_on_a_unique_key_still_drops_rows() {
    let sql = "select o.id from orders o join customers c using (id)";
    let expected = "
        id <- orders.id identity
        rows <- orders rows, orders.id join, customers rows, customers.id join
        key (id)";
    check(Ansi, SHOP, sql, expected);
}

#[test]
fn in_and_exists_decide_over_rows_by_the_rows_that_they_find() {
    let sql = "select id from orders where customer in (select id from customers where region = 'eu')";
    let expected = "
        id <- orders.id identity
        rows <- orders rows, orders.customer filter, customers subquery, customers.id subquery, customers.region filter
        key (id)";
    check(Ansi, SHOP, sql, expected);
    let sql = "select id from orders o where exists (select 1 from lines l where l.order_id = o.id)";
    let expected = "
        id <- orders.id identity
        rows <- orders rows, orders.id filter, lines subquery, lines.order_id filter
        key (id)";
    check(Ansi, SHOP, sql, expected);
}

#[test]
fn distinct_compares_every_projected_column() {
    let sql = "select distinct customer, status from orders";
    let expected = "
        customer <- orders.customer identity
        status <- orders.status identity
        rows <- orders rows, orders.customer distinct, orders.status distinct
        key (customer, status)";
    check(Ansi, SHOP, sql, expected);
}

#[test]
fn a_limit_keeps_rows_by_what_is_sorted_by() {
    let sql = "select id from orders order by at desc limit 10";
    check(Ansi, SHOP, sql, "id <- orders.id identity\nrows <- orders rows, orders.at sort\nkey (id)");
    let sql = "select id from orders order by at desc";
    check(Ansi, SHOP, sql, "id <- orders.id identity\nrows <- orders rows, orders.at named\nkey (id)");
}

#[test]
fn what_is_named_and_flows_nowhere_has_to_be_there() {
    // The list of an EXISTS, the key of a join that drops out, a column that the outer query leaves.
    let sql = "select id from orders where exists (select x from a where y > 1)";
    check(
        Ansi,
        SHOP,
        sql,
        "id <- orders.id identity\nrows <- orders rows, a subquery, a.x named, a.y filter\nkey (id)",
    );
    // A CTE that nobody reads; of its table nothing else is read.
    let sql = "with dead as (select x from a where y > 1), empty as (select 1 as one from b) select id from orders";
    check(Ansi, SHOP, sql, "id <- orders.id identity\nrows <- orders rows, b named, a.x named, a.y named\nkey (id)");
    // What flows is not only named.
    let sql = "select id from (select id, at from orders order by id) q order by at limit 1";
    check(Ansi, SHOP, sql, "id <- orders.id identity\nrows <- orders rows, orders.at sort\nkey ()");
}

#[test]
fn qualify_decides_by_what_its_window_looks_at() {
    let sql = "select id, customer from orders qualify row_number() over (partition by customer order by at) = 1";
    let expected = "
        id <- orders.id identity
        customer <- orders.customer identity
        rows <- orders rows, orders window, orders.at window, orders.customer window
        key (id)
        key (customer)";
    check(Snowflake, SHOP, sql, expected);
}

#[test]
fn distinct_on_keeps_one_row_of_each_by_the_order() {
    let sql = "select distinct on (customer) customer, amount from orders order by customer, at desc";
    let expected = "
        customer <- orders.customer identity
        amount <- orders.amount identity
        rows <- orders rows, orders.at sort, orders.customer distinct, orders.customer sort
        key (customer)";
    check(Postgres, SHOP, sql, expected);
}

#[test]
fn a_scalar_subquery_gives_its_value_and_its_rows_to_the_column() {
    let sql = "select id, (select max(n) from lines l where l.order_id = o.id) as most from orders o";
    let expected = "
        id <- orders.id identity
        most <- orders.id filter, lines aggregation, lines.n aggregation, lines.order_id filter
        rows <- orders rows
        key (id)";
    check(BigQuery, SHOP, sql, expected);
}

#[test]
fn having_filters_by_what_it_aggregates() {
    let sql = "select customer from orders group by 1 having sum(amount) > 10";
    let expected = "
        customer <- orders.customer identity
        rows <- orders rows, orders filter, orders.amount filter, orders.customer group_by
        key (customer)";
    check(Ansi, SHOP, sql, expected);
}

#[test]
fn what_may_not_be_an_aggregate_keeps_the_rows() {
    for function in ["first", "any", "my_total", "max(1, "] {
        let call = if function.ends_with(' ') { format!("{function}amount)") } else { format!("{function}(amount)") };
        let found = print(Ansi, SHOP, &format!("select {call} as v from orders"));
        assert!(found.contains("rows <- orders rows"), "{found}");
    }
    let found = print(Ansi, SHOP, "select sum(amount) as v, customer from orders");
    assert!(found.contains("rows <- orders rows"), "{found}");
    assert!(!found.contains("key ()"), "{found}");
}

#[test]
fn a_window_over_groups_looks_at_the_groups() {
    let sql = "select customer, sum(sum(amount)) over () as total from orders group by customer";
    let expected = "
        customer <- orders.customer identity
        total <- orders aggregation, orders window, orders.amount aggregation, orders.customer group_by
        rows <- orders rows, orders.customer group_by
        key (customer)";
    check(Ansi, SHOP, sql, expected);
}

#[test]
fn an_alias_wins_in_group_by_where_the_dialect_says_so_or_a_column_would_be_ambiguous() {
    let sql = "select o.id + 1 as id from orders o join customers c on c.id = o.customer group by id";
    let found = print(BigQuery, SHOP, sql);
    assert!(found.contains("orders.id group_by") && !found.contains("customers.id group_by"), "{found}");
    assert!(!found.contains("open"), "{found}");
}

#[test]
fn order_by_all_sorts_by_the_columns_of_the_result() {
    let sql = "select id, (select count(*) from lines where order_id = id) as n from orders order by all limit 2";
    let expected = "
        id <- orders.id identity
        n <- orders.id filter, lines aggregation, lines.order_id filter
        rows <- orders rows, orders.id filter, orders.id sort, lines sort, lines.order_id filter
        key (id)";
    check(DuckDb, SHOP, sql, expected);
}

#[test]
fn a_function_that_makes_rows_in_a_projection_decides_over_them() {
    let schema = "t(id!, tags)";
    for (dialect, call) in [
        (Postgres, "unnest(tags)"),
        (DuckDb, "unnest(tags)"),
        (Databricks, "explode(tags)"),
        (ClickHouse, "arrayJoin(tags)"),
    ] {
        let sql = format!("select id, {call} as tag from t");
        let expected = "
            id <- t.id identity
            tag <- t.tags transformation
            rows <- t rows, t.tags expansion";
        check(dialect, schema, &sql, expected);
    }
    let found = print(DuckDb, schema, "select unnest(array_agg(tags)) as tag from t");
    assert!(found.contains("rows <- t rows") && !found.contains("key"), "{found}");
}

#[test]
fn aliases_that_are_each_other_end() {
    for sql in ["select b as a, a as b from t", "select count() as c, c + d as e, e as d from t"] {
        print(ClickHouse, "t(a, b, d)", sql);
    }
}

#[test]
fn a_key_of_a_pipe_is_no_alias_of_itself() {
    let found = print(BigQuery, "t(s, v)", "from t |> aggregate count(*) as n group by s");
    assert!(found.contains("s <- t.s identity") && found.contains("t.s group_by"), "{found}");
}

#[test]
fn a_name_that_a_derived_table_seems_not_to_have_is_any_of_its_columns() {
    let found = print(Snowflake, "t(a, b)", "select d.$1 as first from (select a, b from t) d");
    assert!(found.contains("t.a") && found.contains("open: "), "{found}");
    let found = print(Ansi, "t(a, b)", "with c as (select a from t) select c.gone from c");
    assert!(found.contains("gone <- t.a") && found.contains("open: "), "{found}");
}

#[test]
fn a_derived_table_of_duckdb_sees_its_siblings() {
    let found = print(DuckDb, "t(a)", "select x.v from t, (select t.a + 1 as v) x");
    assert!(found.contains("v <- t.a transformation"), "{found}");
    let found = print(DuckDb, "t(a, b)", "select min(columns('a|b')) as m from t where columns('b') > 1");
    assert!(found.contains("m <- t aggregation, t.* aggregation"), "{found}");
}

#[test]
fn functions_that_aggregate_only_without_over_do() {
    let found = print(Databricks, "t(a, b, c)", "select a, first_value(b) as f from t where c > 1 group by a");
    assert!(found.contains("f <- t aggregation") && found.contains("t.c filter"), "{found}");
    let found = print(TSqlDialect, "t(id, x, y)", "select checksum(id, x) as h from t where y > 1");
    assert!(found.contains("rows <- t rows, t.y filter"), "{found}");
}

#[test]
fn the_joins_inside_a_nullable_side_decide_over_its_columns() {
    let schema = "a(k!); b(id!, y); c(id!, z)";
    let sql = "select a.k, c.z from a left join (b join c on c.id = b.y) on a.k = b.id";
    let expected = "
        k <- a.k identity
        z <- a.k join, b join, b.id join, b.y join, c join, c.id join, c.z identity
        rows <- a rows
        key (k)";
    check(Postgres, schema, sql, expected);
}

#[test]
fn places_and_keys_behind_an_open_star_are_any_column() {
    let found = print(Snowflake, "", "select *, count(*) as c from t group by all");
    assert!(found.contains("t.* group_by"), "{found}");
    let found = print(Snowflake, "", "select *, x + 1 as y from t order by 1 limit 3");
    assert!(found.contains("t.* sort"), "{found}");
    let found = print(Ansi, "", "select * from a union all select * from b order by x limit 5");
    assert!(found.contains("a.* sort"), "{found}");
}

#[test]
fn what_makes_rows_outside_the_projection_decides_over_rows_too() {
    let sql = "select id, a from t where arrayJoin(arr) > 1";
    let expected = "
        id <- t.id identity
        a <- t.a identity
        rows <- t rows, t.arr filter, t.arr expansion";
    check(ClickHouse, "t(id!, a, arr)", sql, expected);
    let sql = "select max(a) as m from t where arrayJoin(arr) > 1";
    let expected = "
        m <- t aggregation, t.a aggregation, t.arr filter, t.arr expansion
        rows <-
        key ()";
    check(ClickHouse, "t(id!, a, arr)", sql, expected);
    let sql = "select id from t order by unnest(arr)";
    let expected = "
        id <- t.id identity
        rows <- t rows, t.arr expansion";
    check(Postgres, "t(id!, a, arr)", sql, expected);
    let sql = "select id, n from t order by day with fill to (select max(last) from u)";
    let expected = "
        id <- t.id identity
        n <- t.n identity
        rows <- t rows, t.day expansion, u expansion, u.last expansion";
    check(ClickHouse, "t(id!, day, n); u(last)", sql, expected);
}

#[test]
fn rows_that_fill_gaps_hold_what_is_interpolated() {
    let schema = "t(a, b, c); u(last)";
    let cases = [
        (
            "select a, b from t order by a with fill interpolate (b as b + c)",
            "a <- t.a identity
             b <- t.b identity, t.b transformation, t.c transformation
             rows <- t rows, t.a expansion",
        ),
        (
            "select a, b as x, c from t order by a with fill interpolate (x as x + c, c)",
            "a <- t.a identity
             x <- t.b identity, t.b transformation, t.c transformation
             c <- t.c identity
             rows <- t rows, t.a expansion",
        ),
        (
            "select a, b from t order by a with fill interpolate (b)",
            "a <- t.a identity
             b <- t.b identity
             rows <- t rows, t.a expansion",
        ),
        (
            "select a, b from t order by a with fill interpolate",
            "a <- t.a identity
             b <- t.b identity
             rows <- t rows, t.a expansion",
        ),
        (
            "select * from t order by a with fill interpolate (b as c)",
            "a <- t.a identity
             b <- t.b identity, t.c transformation
             c <- t.c identity
             rows <- t rows, t.a expansion",
        ),
        (
            "select a as day, b from t order by a with fill to (select max(last) from u)",
            "day <- t.a identity, u aggregation, u.last aggregation
             b <- t.b identity
             rows <- t rows, t.a expansion, u expansion, u.last expansion",
        ),
        // What makes rows comes last: a DISTINCT does not see it.
        (
            "select distinct a, b from t order by a with fill interpolate (b as b + 1)",
            "a <- t.a identity
             b <- t.b identity, t.b transformation
             rows <- t rows, t.a distinct, t.a expansion, t.b distinct",
        ),
        // Of an open relation it can be any column that nobody names.
        (
            "select * from v order by a with fill interpolate (b as c)",
            "* <- v identity except () also <- v.c transformation
             rows <- v rows, v.a expansion",
        ),
    ];
    for (sql, expected) in cases {
        check(ClickHouse, &format!("{schema}; v(...)"), sql, expected);
    }
}

#[test]
fn an_aggregate_of_an_outer_query_is_over_its_rows() {
    let sql = "select (select sum(o.x)) as v from o where o.k = 1";
    let expected = "
        v <- o aggregation, o.k filter, o.x aggregation
        rows <- o rows, o.k filter";
    check(Postgres, "o(a, x, y, k); p(w, y)", sql, expected);
    let sql =
        "select o.a from o where o.k = 1 group by o.a having max(o.x) > (select min(p.y) from p where p.w = sum(o.y))";
    let expected = "
        a <- o.a identity
        rows <- o rows, o filter, o.a group_by, o.k filter, o.x filter, o.y filter, p filter, p.w filter, p.y filter
        key (a)";
    check(Postgres, "o(a, x, y, k); p(w, y)", sql, expected);
    let sql = "select (select sum(o.x + p.y) from p) as v from o";
    let expected = "
        v <- o.x aggregation, p aggregation, p.y aggregation
        rows <- o rows";
    check(Postgres, "o(a, x, y, k); p(w, y)", sql, expected);
    let sql = "select (select sum(o.x) from p) as v from o";
    let expected = "
        v <- o.x aggregation, p aggregation
        rows <- o rows";
    check(BigQuery, "o(a, x, y, k); p(w, y)", sql, expected);
}

#[test]
fn a_function_of_the_text_that_returns_rows_multiplies_the_rows_of_a_projection() {
    let query = "select t.id, my_rows(t.x) as v from t";
    for returns in ["setof int", "table (a int, b text)"] {
        let sql = format!("create function my_rows(a int) returns {returns} as 'select 1' language sql; {query}");
        let expected = "
            id <- t.id identity
            v <- t.x transformation, my_rows unknown
            rows <- t rows, t.x expansion, my_rows unknown";
        check_script(Postgres, "t(id!, x)", &sql, expected);
    }
    let sql = format!("create function my_rows(a int) returns int as 'select 1' language sql; {query}");
    let expected = "
        id <- t.id identity
        v <- t.x transformation, my_rows unknown
        rows <- t rows
        key (id)";
    check_script(Postgres, "t(id!, x)", &sql, expected);
    // Of a function that nobody declares nothing is said.
    let expected = "
        id <- t.id identity
        v <- t.x transformation
        rows <- t rows
        key (id)";
    check_script(Postgres, "t(id!, x)", query, expected);
    let sql = "create function my_rows() returns setof int as 'select 1' language sql;
        select count(*) as n, my_rows() as v from t";
    let expected = "
        n <- t aggregation
        v <- my_rows unknown
        rows <- t rows, my_rows unknown";
    check_script(Postgres, "t(id!, x)", sql, expected);
}

#[test]
fn hints_behind_a_statement_of_tsql_change_nothing() {
    for hint in ["recompile", "maxdop 1", "hash group, force order", "optimize for (@a = 1)", "label = 'x'"] {
        let expected = "
            a <- t.a identity
            rows <- t rows, t.b filter";
        check(TSqlDialect, "t(a, b)", &format!("select a from t where b = 1 option ({hint})"), expected);
    }
    let sql = "with c as (select id from t union all select t.id from t join c on c.id = t.up) select id from c option (maxrecursion 0)";
    let expected = "
        id <- t.id identity
        rows <- t rows, t.id join, t.up join";
    check(TSqlDialect, "t(id, up)", sql, expected);
}
