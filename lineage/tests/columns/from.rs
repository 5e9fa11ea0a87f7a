//! FROM: what is taken apart, pivoted, matched, or called.

use headsup_lineage::dialect::Dialect::{Ansi, BigQuery, Databricks, DuckDb, Postgres, Snowflake, TSql, Trino};

use crate::support::check;

const SHOP: &str = "orders(id!, tags, items, payload, at); quotes(at, price); sales(region, year, amount)";

#[test]
fn unnest_takes_an_array_apart() {
    let expected = "
        id <- orders.id identity
        tag <- orders.tags transformation
        rows <- orders rows, orders.tags expansion";
    check(BigQuery, SHOP, "select id, tag from orders, unnest(tags) as tag", expected);
    check(Trino, SHOP, "select id, tag from orders cross join unnest(tags) as t (tag)", expected);
    check(Postgres, SHOP, "select id, tag from orders, unnest(tags) as t (tag)", expected);
    check(Databricks, SHOP, "select id, tag from orders lateral view explode(tags) t as tag", expected);
}

#[test]
fn the_place_of_an_element_is_not_its_value() {
    let sql = "select tag, place from orders cross join unnest(tags) with ordinality as t (tag, place)";
    let expected = "
        tag <- orders.tags transformation
        place <- orders.tags expansion
        rows <- orders rows, orders.tags expansion";
    check(Trino, SHOP, sql, expected);
    let sql = "select tag, place from orders, unnest(tags) as tag with offset as place";
    check(BigQuery, SHOP, sql, expected);
}

#[test]
fn the_fields_of_unnested_records_are_paths() {
    let sql = "select i.sku, price from orders, unnest(items) as i";
    let expected = "
        sku <- orders.items.sku transformation
        price <- orders.items.price transformation
        rows <- orders rows, orders.items expansion";
    check(BigQuery, SHOP, sql, expected);
    check(BigQuery, SHOP, "select i.sku, price from orders as o, o.items as i", expected);
}

#[test]
fn flatten_has_columns_of_its_own() {
    let sql =
        "select f.value:sku::string as sku, f.index as place from orders, lateral flatten(input => payload:items) f";
    let expected = "
        sku <- orders.payload.items.sku transformation
        place <- orders.payload.items expansion
        rows <- orders rows, orders.payload.items expansion";
    check(Snowflake, SHOP, sql, expected);
}

#[test]
fn pivot_groups_by_what_it_does_not_use() {
    let sql = "select * from sales pivot (sum(amount) for year in (2024 as y24, 2025 as y25))";
    let expected = "
        region <- sales.region identity
        y24 <- sales aggregation, sales.amount aggregation, sales.region group_by, sales.year conditional
        y25 <- sales aggregation, sales.amount aggregation, sales.region group_by, sales.year conditional
        rows <- sales rows, sales.region group_by";
    check(BigQuery, SHOP, sql, expected);
}

#[test]
fn unpivot_makes_rows_of_columns() {
    let sql = "select * from q unpivot (amount for quarter in (q1, q2))";
    let expected = "
        region <- q.region identity
        quarter <-
        amount <- q.q1 identity, q.q2 identity
        rows <- q rows, q.q1 expansion, q.q2 expansion";
    check(Snowflake, "q(region, q1, q2)", sql, expected);
}

#[test]
fn an_asof_join_finds_at_most_one_row() {
    let sql = "select o.id, q.price from orders o asof join quotes q match_condition (o.at >= q.at)";
    let found = crate::support::print(Snowflake, SHOP, sql);
    assert!(found.contains("price <- orders.at join, quotes join, quotes.at join, quotes.price identity"), "{found}");
}

#[test]
fn a_semi_join_only_decides_over_rows() {
    let sql = "select * from orders left semi join sales on sales.region = orders.id";
    let found = crate::support::print(Databricks, SHOP, sql);
    assert!(found.contains("rows <- orders rows, orders.id join, sales join, sales.region join"), "{found}");
    assert!(!found.contains("amount"), "{found}");
}

#[test]
fn apply_sees_the_row_that_it_is_applied_to() {
    let sql = "select o.id, q.price from orders o outer apply (select top 1 price from quotes where at < o.at order by at desc) q";
    let expected = "
        id <- orders.id identity
        price <- orders.at filter, quotes join, quotes.at filter, quotes.at sort, quotes.price identity
        rows <- orders rows
        key (id)";
    check(TSql, SHOP, sql, expected);
}

#[test]
fn time_travel_and_samples_read_the_same_relation() {
    check(
        Snowflake,
        SHOP,
        "select id from orders at (timestamp => '2024-01-01'::timestamp)",
        "id <- orders.id identity\nrows <- orders rows\nkey (id)",
    );
    check(
        Ansi,
        SHOP,
        "select id from orders tablesample bernoulli (10)",
        "id <- orders.id identity\nrows <- orders rows\nkey (id)",
    );
}

#[test]
fn values_depend_on_nothing() {
    check(Postgres, "", "select a from (values (1, 2), (3, 4)) as v (a, b)", "a <-\nrows <-");
}

#[test]
fn from_first_and_a_table_alone_are_stars() {
    check(DuckDb, "t(a)", "from t", "a <- t.a identity\nrows <- t rows");
}

#[test]
fn match_recognize_depends_on_all_that_decides_the_match() {
    let sql = "
        select * from quotes match_recognize (
            order by at measures first(a.price) as opening one row per match
            pattern (a b+) define b as b.price > 10
        )";
    let found = crate::support::print(Trino, SHOP, sql);
    assert!(found.contains("opening <- "), "{found}");
    for part in ["quotes.price", "quotes.at", "quotes aggregation"] {
        assert!(found.contains(part), "{part}\n{found}");
    }
}

#[test]
fn arrays_that_may_each_be_a_field_of_the_last_do_not_multiply() {
    let arrays: Vec<String> = (0..60).map(|n| format!("left join unnest(m.c.f{n}) as u{n}")).collect();
    let sql = format!("select u59.x, other from raw.t {}", arrays.join(" "));
    let found = crate::support::print(BigQuery, "", &sql);
    assert!(found.contains("raw.t.m.c.f59"), "{found}");
    assert!(found.len() < 200_000, "{}", found.len());
}

#[test]
fn marks_of_the_old_form_are_left_joins() {
    let sql = "select a.x, b.y from a, b where a.id = b.id (+) and a.x > 1";
    let expected = "
        x <- a.x identity
        y <- a.id join, b join, b.id join, b.y identity
        rows <- a rows, a.id join, a.x filter, b rows, b.id join";
    check(Snowflake, "a(id, x); b(id!, y)", sql, expected);
    let sql = "select a.x, b.y from b, a where a.id + 1 = upper(b.id (+)) and b.k (+) = 1";
    let expected = "
        x <- a.x identity
        y <- b join, b.id join, b.k join, b.y identity, a.id join
        rows <- b rows, b.id join, b.k join, a rows, a.id join";
    check(Snowflake, "a(id, x); b(id, y, k)", sql, expected);
    let sql = "select c.z from c, a, b where a.id = b.id (+) and b.y = c.id (+)";
    let expected = "
        z <- a.id join, b join, b.id join, b.y join, c join, c.id join, c.z identity
        rows <- a rows, a.id join, b rows, b join, b.id join, b.y join, c rows, c.id join";
    check(Snowflake, "a(id, x); b(id, y); c(id, z)", sql, expected);
    let sql = "select * from b, a where a.id = b.id (+)";
    let expected = "
        id <- b join, b.id identity, b.id join, a.id join
        y <- b join, b.id join, b.y identity, a.id join
        id <- a.id identity
        x <- a.x identity
        rows <- b rows, b.id join, a rows, a.id join";
    check(Snowflake, "a(id, x); b(id, y)", sql, expected);
    let sql = "select * from c, b, a where a.id = b.id (+)";
    let expected = "
        id <- c.id identity
        id <- b.id identity
        y <- b.y identity
        id <- a.id identity
        x <- a.x identity
        rows <- c rows, b rows, b.id filter, a rows, a.id filter";
    check(Snowflake, "a(id, x); b(id, y); c(id)", sql, expected);
}

#[test]
fn what_every_engine_brings_along_is_no_relation() {
    let sql = "select f.value from t, table(split_to_table(t.a, ',')) f";
    let expected = "
        value <- t.a transformation
        rows <- t rows, t.a expansion";
    check(Snowflake, "t(a)", sql, expected);
    let sql = "select x from read_parquet('s.parquet')";
    let expected = "
        x <-
        rows <-";
    check(DuckDb, "", sql, expected);
}

#[test]
fn what_a_sample_is_computed_from_decides_over_the_rows() {
    let schema = "t(id, a); u(p); v(id, b)";
    let cases = [
        (
            Snowflake,
            "select a from t tablesample bernoulli ((select max(p) from u))",
            "a <- t.a identity
             rows <- t rows, u filter, u.p filter",
        ),
        (
            Postgres,
            "select t.a, v.b from t tablesample bernoulli ((select max(p) from u)) repeatable (3) join v on v.id = t.id",
            "a <- t.a identity
             b <- v.b identity
             rows <- t rows, t.id join, u filter, u.p filter, v rows, v.id join",
        ),
        (
            BigQuery,
            "select x.a from t as x tablesample system ((select max(p) from u) percent)",
            "a <- t.a identity
             rows <- t rows, u filter, u.p filter",
        ),
        (
            BigQuery,
            "from t |> tablesample system ((select max(p) from u) percent) |> select a",
            "a <- t.a identity
             rows <- t rows, u filter, u.p filter",
        ),
        (
            Snowflake,
            "select q.a from (select * from t) as q sample ((select max(p) from u) rows)",
            "a <- t.a identity
             rows <- t rows, u filter, u.p filter",
        ),
        (
            Databricks,
            "select a from t tablesample (bucket 4 out of 10 on id)",
            "a <- t.a identity
             rows <- t rows, t.id filter",
        ),
        (
            Snowflake,
            "select a from t sample block (3) seed (82)",
            "a <- t.a identity
             rows <- t rows",
        ),
    ];
    for (dialect, sql, expected) in cases {
        check(dialect, schema, sql, expected);
    }
    for sample in [
        "using sample 10",
        "using sample 10%",
        "using sample 20 rows",
        "using sample reservoir(50 rows) repeatable (100)",
        "using sample 10 percent (bernoulli)",
        "using sample 20% (system, 377)",
        "tablesample reservoir(10%)",
        "tablesample 10%",
    ] {
        let expected = "
            a <- t.a identity
            rows <- t rows";
        check(DuckDb, schema, &format!("select a from t {sample}"), expected);
    }
}

#[test]
fn pivots_of_duckdb_without_columns_and_over_joins() {
    let schema = "cities(id, year, population); names(id, name)";
    let over_a_join = "name <- names.name identity
             2000 <- cities aggregation, cities.id join, cities.population aggregation, cities.year conditional, names aggregation, names.id join, names.name group_by
             rows <- cities rows, cities.id join, names rows, names.id join, names.name group_by";
    let cases = [
        (
            "pivot cities using sum(population) as p",
            "p <- cities aggregation, cities.population aggregation
             rows <-
             key ()",
        ),
        (
            "pivot cities using sum(population) as p group by year",
            "year <- cities.year identity
             p <- cities aggregation, cities.population aggregation, cities.year group_by
             rows <- cities rows, cities.year group_by
             key (year)",
        ),
        ("pivot cities join names using (id) on year in ('2000') using sum(population) group by name", over_a_join),
        ("pivot (cities join names using (id)) on year in ('2000') using sum(population) group by name", over_a_join),
        (
            "pivot cities as c left join names as n on c.id = n.id on year in ('2000') using sum(population) group by name",
            "name <- cities.id join, names join, names.id join, names.name identity
             2000 <- cities aggregation, cities.id join, cities.population aggregation, cities.year conditional, names aggregation, names join, names.id join, names.name group_by
             rows <- cities rows, cities.id join, names rows, names join, names.id join, names.name group_by",
        ),
    ];
    for (sql, expected) in cases {
        check(DuckDb, schema, sql, expected);
    }
}

#[test]
fn an_unpivot_of_duckdb_over_a_pattern_is_of_any_column() {
    let schema = "t(id, jan, feb)";
    let values = "t.* transformation";
    let rows = "rows <- t rows, t.* expansion";
    for pattern in ["columns(* exclude (id))", "* exclude id", "columns(* exclude id)"] {
        let sql = format!("unpivot t on {pattern} into name n value v");
        check(DuckDb, schema, &sql, &format!("id <- t.id identity\nn <-\nv <- {values}\n{rows}"));
    }
    let sql = "unpivot t on columns(*)";
    check(DuckDb, schema, sql, &format!("name <-\nvalue <- {values}\n{rows}"));
    let sql = "unpivot t on columns('(jan|feb)') into name n value v";
    let kept = "id <- t.id identity\njan <- t.jan identity\nfeb <- t.feb identity";
    check(DuckDb, schema, sql, &format!("{kept}\nn <-\nv <- {values}\n{rows}"));
}
