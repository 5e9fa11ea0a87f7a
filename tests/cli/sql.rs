//! Plain SQL: what a folder of `.sql` files builds, and who reads what.

use crate::support::{File, Fixture, names};

/// The graph of some files of one dialect.
#[track_caller]
fn graph(dialect: &str, files: &[File]) -> String {
    Fixture::folder(files).graph_of(&format!("models --dialect {dialect}"))
}

/// The graph of one script.
#[track_caller]
fn script(dialect: &str, text: &str) -> String {
    graph(dialect, &[("script.sql", text)])
}

#[test]
fn statements_that_build_a_table_are_models() {
    insta::assert_snapshot!(script("postgres", "create table core.orders as select * from raw.orders"), @"
    core.orders: model, open ← raw.orders
    raw.orders: external, open
    ");
    insta::assert_snapshot!(script("snowflake", "create or replace view core.orders as select * from raw.orders"), @"
    core.orders: model, open ← raw.orders
    raw.orders: external, open
    ");
    insta::assert_snapshot!(script("postgres", "create materialized view core.orders as select * from raw.orders"), @"
    core.orders: model, open ← raw.orders
    raw.orders: external, open
    ");
    insta::assert_snapshot!(script("tsql", "select a.id into core.orders from raw.orders a"), @"
    core.orders: model, columns ← raw.orders
    raw.orders: external, open
    ");
    insta::assert_snapshot!(
        script("bigquery", "create or replace table `p.core.orders` partition by day as select * from `p.raw.orders`"), @"
    p.core.orders: model, open ← p.raw.orders
    p.raw.orders: external, open
    "
    );
}

#[test]
fn statements_that_fill_a_table_are_its_writers() {
    insta::assert_snapshot!(script("postgres", "insert into core.orders select * from raw.orders"), @"
    core.orders: model, open ← raw.orders
    raw.orders: external, open
    ");
    insta::assert_snapshot!(
        script("databricks", "insert overwrite table core.orders partition (day) select * from raw.orders"), @"
    core.orders: model, open ← raw.orders
    raw.orders: external, open
    "
    );
    insta::assert_snapshot!(
        script(
            "snowflake",
            "merge into core.orders o using (select * from raw.orders join raw.people using (id)) n on o.id = n.id
             when matched then update set amount = n.amount
             when not matched then insert (id, amount) values (n.id, (select max(x) from raw.rates))"
        ),
        @"
    core.orders: model, open ← raw.orders, raw.people, raw.rates
    raw.orders: external, open
    raw.people: external, open
    raw.rates: external, open
    "
    );
    insta::assert_snapshot!(script("postgres", "update core.orders o set amount = r.amount from raw.orders r where r.id = o.id"), @"
    core.orders: model, columns ← raw.orders
    raw.orders: external, open
    ");
    insta::assert_snapshot!(script("postgres", "delete from core.orders where id in (select id from raw.erased)"), @"
    core.orders: model, open ← raw.erased
    raw.erased: external, open
    ");
    insta::assert_snapshot!(script("postgres", "delete from core.orders o using raw.erased e where o.id = e.id"), @"
    core.orders: model, columns ← raw.erased
    raw.erased: external, open
    ");
    insta::assert_snapshot!(script("postgres", "insert into core.orders values (1, 2)"), @"core.orders: model, open");
}

#[test]
fn subqueries_and_set_operations_are_read_and_ctes_are_not() {
    insta::assert_snapshot!(
        script(
            "postgres",
            "create view v as
             with recursive a as (select * from t1), b as (select * from a union all select b.* from b)
             select (select max(x) from t2), t3.y
             from b left join t3 on exists (select 1 from t4 where t4.id = t3.id)
             where b.id in (select id from t5 except select id from t6)
             union select * from (with a as (select * from t7) select * from a) s"
        ),
        @"
    t1: external, open
    t2: external, open
    t3: external, open
    t4: external, open
    t5: external, open
    t6: external, open
    t7: external, open
    v: model, open ← t1, t2, t3, t4, t5, t6, t7
    "
    );
}

#[test]
fn temporary_tables_stay_inside_their_file() {
    let load = "create temp table paid as select * from raw.orders where paid;
        insert into paid select * from raw.more_orders;
        create table core.orders as select * from paid join core.people using (id);
        drop table paid;";
    let other =
        "create temporary table paid as select * from raw.invoices;\ninsert into core.invoices select * from paid;";
    insta::assert_snapshot!(graph("postgres", &[("load.sql", load), ("other.sql", other), ("reads.sql", "select * from paid")]), @"
    core.invoices: model, open ← raw.invoices
    core.orders: model, open ← core.people, raw.more_orders, raw.orders
    core.people: external, open
    paid: external, open
    raw.invoices: external, open
    raw.more_orders: external, open
    raw.orders: external, open
    reads: model, open ← paid
    ");
    insta::assert_snapshot!(
        script("tsql", "select * into #paid from raw.orders;\ninsert into core.orders select * from #paid;"), @"
    core.orders: model, open ← raw.orders
    raw.orders: external, open
    "
    );
}

#[test]
fn what_a_temporary_table_holds_is_part_of_what_is_built_from_it() {
    let load = "create temp table paid as select * from raw.orders where paid;\ncreate table core.orders as select * from paid;
        create table core.people as select * from raw.people;";
    let files = [("load.sql", load), ("v.sql", "create view v as select * from core.orders")];
    let fixture = Fixture::pair(&files, &[("load.sql", &load.replace("where paid", "where not paid"))]);
    insta::assert_snapshot!(fixture.verdict("impact --dialect postgres"), @"
    modified core.orders: unspecified
    unchanged core.people: the file differs outside its query
    ");
    assert_eq!(names(&fixture.json("impact --dialect postgres")["relations"], "relation"), ["core.orders", "v"]);
}

#[test]
fn a_script_that_fills_several_tables_is_a_model_of_each() {
    insta::assert_snapshot!(
        script(
            "postgres",
            "create table a as select * from raw.a; create table b as select * from a; insert into c select * from b"
        ),
        @"
    a: model, open ← raw.a
    b: model, open ← a
    c: model, open ← b
    raw.a: external, open
    "
    );
}

#[test]
fn a_bare_query_is_named_by_its_path() {
    let files = [("core/orders.sql", "select * from raw_orders"), ("marts/revenue.sql", "select sum(x) from orders")];
    insta::assert_snapshot!(graph("postgres", &files), @"
    orders: model, open ← raw_orders
    raw_orders: external, open
    revenue: model, columns ← orders
    ");
    let files =
        [("core/orders.sql", "select * from lake.invoices"), ("marts/revenue.sql", "select sum(x) from core.orders")];
    insta::assert_snapshot!(graph("postgres", &files), @"
    core.orders: model, open ← lake.invoices
    lake.invoices: external, open
    marts.revenue: model, columns ← core.orders
    ");
}

#[test]
fn settings_say_how_queries_are_named() {
    let named_by = |pattern: &str| {
        let settings =
            format!("version: 1\nprojects:\n  - {{ kind: sql, path: jobs, dialect: postgres, name: \"{pattern}\" }}\n");
        let query = ("jobs/core/orders.sql", "select * from lake.invoices");
        let graph = Fixture::folder(&[("headsup.yml", &settings), query]).graph();
        graph.lines().find(|line| line.contains("model")).map(str::to_owned).unwrap()
    };
    assert_eq!(named_by("{stem}"), "orders: model, open ← lake.invoices");
    assert_eq!(named_by("{parent}.{stem}"), "core.orders: model, open ← lake.invoices");
    assert_eq!(named_by("dwh.{parent}_{stem}"), "dwh.core_orders: model, open ← lake.invoices");
    let odd = "version: 1\nprojects:\n  - { kind: sql, path: jobs, name: \"{steam}\" }\n";
    insta::assert_snapshot!(Fixture::folder(&[("headsup.yml", odd)]).error("models"), @"
    exit 2
    error: headsup.yml has a problem
      headsup.yml:3:36: `{steam}` is none of {stem}, {parent}, {parent2} and {parent3} (settings-value)
        for instance `{stem}` or `{parent}.{stem}`
    ");
}

#[test]
fn one_folder_a_table_is_detected() {
    let files = [
        ("sql/shop-prod/core/orders/query.sql", "select * from `shop-prod.raw.orders`"),
        ("sql/shop-prod/core/orders/metadata.yaml", "owners: [ann@example.com]"),
        ("sql/shop-prod/marts/revenue/query.sql", "select sum(x) from `shop-prod.core.orders`"),
        ("sql/shop-prod/marts/revenue_live/view.sql", "select * from marts.revenue"),
    ];
    let fixture = Fixture::folder(&files);
    insta::assert_snapshot!(fixture.graph(), @"
    shop-prod.core.orders: model, open ← shop-prod.raw.orders
    shop-prod.marts.revenue: model, columns ← shop-prod.core.orders
    shop-prod.marts.revenue_live: model, columns ← shop-prod.marts.revenue
    shop-prod.raw.orders: external, open
    ");
    let project = &fixture.json("doctor")["projects"][0];
    assert_eq!(
        (project["name"].as_str(), project["dialect"].as_str()),
        (Some("{parent3}.{parent2}.{parent}"), Some("bigquery"))
    );
}

#[test]
fn files_of_one_name_are_told_apart_by_their_folders() {
    insta::assert_snapshot!(
        graph("postgres", &[("a/load.sql", "select * from x"), ("b/load.sql", "select * from y"), ("b/more.sql", "select * from b.load")]), @"
    a.load: model, open ← x
    b.load: model, open ← y
    b.more: model, open ← b.load
    x: external, open
    y: external, open
    "
    );
}

#[test]
fn a_name_finds_the_relation_with_the_longest_suffix() {
    let files = [
        ("1.sql", "create table prod.core.orders as select 1 as id"),
        ("2.sql", "create table dev.other.orders as select 1 as id"),
        ("by_three.sql", "create view v3 as select * from prod.core.orders"),
        ("by_two.sql", "create view v2 as select * from core.orders"),
        ("of_another.sql", "create view v4 as select * from stage.core.orders"),
    ];
    insta::assert_snapshot!(graph("postgres", &files), @"
    dev.other.orders: model, columns
    prod.core.orders: model, columns
    stage.core.orders: external, open
    v2: model, columns ← prod.core.orders
    v3: model, columns ← prod.core.orders
    v4: model, open ← stage.core.orders
    ");
}

#[test]
fn an_ambiguous_name_depends_on_each_candidate_and_is_told() {
    let files = [
        ("1.sql", "create table core.orders as select 1 as id"),
        ("2.sql", "create table archive.orders as select 1 as id"),
        ("3.sql", "create view v as\nselect * from orders"),
    ];
    let fixture = Fixture::folder(&files);
    insta::assert_snapshot!(fixture.graph(), @"
    archive.orders: model, columns
    core.orders: model, columns
    v: model, open ← archive.orders, core.orders
    ");
    insta::assert_snapshot!(fixture.diagnostics(), @"ambiguous-name 3.sql:2:15 `orders` can mean `archive.orders` or `core.orders`");
    let fixture = Fixture::pair(&files, &[("2.sql", "create table archive.orders as select 2 as id")]);
    insta::assert_snapshot!(fixture.verdict("impact"), @"modified archive.orders: revalued id");
    assert_eq!(names(&fixture.json("impact")["relations"], "relation"), ["archive.orders", "v"]);
}

#[test]
fn case_counts_as_in_the_dialect() {
    let reads = |dialect: &str, built: &str, read: &str| {
        let (built, read) =
            (format!("create table {built} as select 1 as id"), format!("create view v as select * from {read}"));
        let graph = graph(dialect, &[("a.sql", &built), ("b.sql", &read)]);
        // A name that finds nothing is a third relation.
        graph.lines().count() == 2
    };
    assert!(reads("postgres", "orders", "ORDERS"));
    assert!(reads("postgres", "Orders", "\"orders\""));
    assert!(!reads("postgres", "orders", "\"Orders\""));
    assert!(!reads("postgres", "\"Orders\"", "orders"));
    assert!(reads("snowflake", "orders", "\"ORDERS\""));
    assert!(!reads("snowflake", "orders", "\"orders\""));
    assert!(reads("snowflake", "Orders", "oRDERS"));
    assert!(!reads("bigquery", "Orders", "orders"));
    assert!(reads("bigquery", "`Orders`", "Orders"));
    assert!(reads("duckdb", "orders", "\"ORDERS\""));
    assert!(reads("databricks", "orders", "`ORDERS`"));
    assert!(reads("trino", "Orders", "\"orders\""));
    assert!(reads("redshift", "Orders", "orders"));
    assert!(!reads("clickhouse", "orders", "Orders"));
    assert!(reads("tsql", "[orders]", "orders"));
}

#[test]
fn a_quoted_name_with_a_dot_is_one_name() {
    let files = [
        ("1.sql", "create table core.\"eu.orders\" as select 1 as id"),
        ("2.sql", "create table eu.orders as select 1 as id"),
        ("3.sql", "create view v as select * from \"eu.orders\""),
        ("4.sql", "create view w as select * from eu.orders"),
    ];
    insta::assert_snapshot!(graph("postgres", &files), @r#"
    core."eu.orders": model, columns
    eu.orders: model, columns
    v: model, columns ← core."eu.orders"
    w: model, columns ← eu.orders
    "#);
    insta::assert_snapshot!(script("bigquery", "create view `p.d.v` as select * from `p.d`.t join p.`d.u` using (id)"), @"
    p.d.t: external, open
    p.d.u: external, open
    p.d.v: model, open ← p.d.t, p.d.u
    ");
}

#[test]
fn declared_tables_are_sources_whose_columns_and_keys_count() {
    let declared =
        "create table raw.orders (id int primary key, amount numeric, person int references raw.people (id));
        create table raw.people (id int not null, mail text, unique (id));";
    let base =
        [("ddl.sql", declared), ("core/orders.sql", "create table core.orders as select id, amount from raw.orders")];
    insta::assert_snapshot!(graph("postgres", &base), @"
    core.orders: model, columns ← raw.orders
    raw.orders: source, open
    raw.people: source, open
    ");
    let compare = |from: &str, to: &str| {
        Fixture::pair(&base, &[("ddl.sql", &declared.replace(from, to))]).verdict("impact --dialect postgres")
    };
    insta::assert_snapshot!(compare("amount numeric", "amount text"), @"
    modified raw.orders: retyped amount
    unchanged raw.people: it declares the same columns and keys
    ");
    insta::assert_snapshot!(compare("amount numeric, ", ""), @"
    modified raw.orders: removed amount
    unchanged raw.people: it declares the same columns and keys
    ");
    insta::assert_snapshot!(compare("amount numeric", "amount numeric, note text"), @"
    modified raw.orders: added note
    unchanged raw.people: it declares the same columns and keys
    ");
    insta::assert_snapshot!(compare(" primary key", ""), @"
    modified raw.orders: regrained, revalued id
    unchanged raw.people: it declares the same columns and keys
    ");
    insta::assert_snapshot!(compare("create table raw.people", "-- who buys\nCREATE TABLE raw.people"), @"
    unchanged raw.orders: it declares the same columns and keys
    unchanged raw.people: it declares the same columns and keys
    ");
}

#[test]
fn a_new_column_of_a_source_reaches_who_selects_all() {
    let base =
        [("ddl.sql", "create table raw.orders (id int)"), ("v.sql", "create view v as select * from raw.orders")];
    let wider = Fixture::pair(&base, &[("ddl.sql", "create table raw.orders (id int, x int)")]);
    assert_eq!(names(&wider.json("impact")["relations"], "relation"), ["raw.orders", "v"]);
    let declared_now = Fixture::pair(&base[1..], &[base[0]]);
    assert_eq!(names(&declared_now.json("impact")["relations"], "relation"), ["raw.orders"], "it was there before");
}

#[test]
fn two_files_that_fill_one_table_are_one_relation_with_two_writers() {
    let base = [
        ("eu.sql", "insert into core.orders select * from raw.eu_orders"),
        ("us.sql", "insert into core.orders select * from raw.us_orders"),
        ("v.sql", "create view v as select * from core.orders"),
    ];
    let fixture = Fixture::pair(&base, &[("us.sql", "insert into core.orders select * from raw.us_orders where paid")]);
    insta::assert_snapshot!(fixture.graph(), @"
    core.orders: model, open ← raw.eu_orders, raw.us_orders
    raw.eu_orders: external, open
    raw.us_orders: external, open
    v: model, open ← core.orders
    ");
    insta::assert_snapshot!(fixture.verdict("impact"), @"modified core.orders: rows_removed");
    let one_gone = Fixture::pair(&base, &[("us.sql", crate::support::GONE)]);
    insta::assert_snapshot!(one_gone.verdict("impact"), @"modified core.orders: rows_removed");
}

#[test]
fn a_model_named_like_its_source_reads_the_source() {
    let base = [("orders.sql", "select * from raw.orders"), ("revenue.sql", "select sum(x) as x from orders")];
    insta::assert_snapshot!(graph("postgres", &base), @"
    orders: model, open ← raw.orders
    raw.orders: external, open
    revenue: model, columns ← orders
    ");
    let declared = [base[0], base[1], ("ddl.sql", "create table raw.orders (id int, x int)")];
    insta::assert_snapshot!(graph("postgres", &declared), @"
    orders: model, columns ← raw.orders
    raw.orders: source, open
    revenue: model, columns ← orders
    ");
}

/// An INSERT without a list of columns fills them by their places.
#[test]
fn columns_that_are_declared_in_another_order_are_filled_with_others() {
    let fixture = Fixture::pair(
        &[
            ("ddl.sql", "create table core.people (id int, name text, note text)"),
            ("fill.sql", "insert into core.people select person, called, said from raw.people"),
            ("job.sql", "create view names as select name from core.people"),
            ("other.sql", "create view notes as select note from core.people"),
            (
                "headsup.yml",
                "version: 1\njobs:\n  - {name: names_job, reads: [names]}\n  - {name: notes_job, reads: [notes]}\n",
            ),
        ],
        &[("ddl.sql", "create table core.people (name text, id int, note text)")],
    );
    insta::assert_snapshot!(fixture.verdict("impact"), @"
    modified core.people: revalued id, revalued name, reordered
    reached names_job by core.people → names
    not_reached notes_job
    ");
}

#[test]
fn a_table_may_read_itself() {
    let base = [
        ("orders.sql", "insert into core.orders select * from raw.orders where id > (select max(id) from core.orders)"),
        ("v.sql", "create view v as select * from core.orders"),
    ];
    insta::assert_snapshot!(graph("postgres", &base), @"
    core.orders: model, open ← raw.orders
    raw.orders: external, open
    v: model, open ← core.orders
    ");
    let fixture = Fixture::pair(&base, &[("orders.sql", "insert into core.orders select * from raw.orders")]);
    insta::assert_snapshot!(fixture.verdict("impact"), @"modified core.orders: rows_duplicated, rows_added");
}

#[test]
fn a_circle_ends_and_is_told() {
    let base = [
        ("a.sql", "select * from c"),
        ("b.sql", "select * from a"),
        ("c.sql", "select * from b join d using (id)"),
        ("d.sql", "select 1 as id"),
    ];
    let fixture = Fixture::pair(&base, &[("d.sql", "select 2 as id")]);
    assert_eq!(names(&fixture.json("impact")["relations"], "relation"), ["a", "b", "c", "d"]);
    insta::assert_snapshot!(fixture.diagnostics(), @"cycle a.sql:1:1 a, b, c read each other in a circle");
}

#[test]
fn folders_of_tools_and_of_tests_hold_no_models() {
    let files = [
        ("a.sql", "select 1 as id"),
        ("tests/expected.sql", "select 2 as id"),
        ("node_modules/x/b.sql", "select 2 as id"),
        (".hidden/c.sql", "select 2 as id"),
        ("target/run/d.sql", "select 2 as id"),
    ];
    assert_eq!(graph("postgres", &files), "a: model, columns");
}

#[test]
fn templates_outside_dbt_keep_what_they_name() {
    let files = [
        ("daily.sql", "insert into core.orders select * from raw.orders where day = '{{ ds }}'"),
        ("any.sql", "select * from {{ params.table }} join core.orders using (id)"),
        ("held.sql", "select * from raw.x where day = ${day} and y = :y and z = %(z)s"),
    ];
    let fixture = Fixture::folder(&files);
    insta::assert_snapshot!(fixture.graph(), @"
    any: model, refs ← core.orders
    core.orders: model, open ← raw.orders
    held: model, refs ← raw.x
    raw.orders: external, open
    raw.x: external, open
    ");
    insta::assert_snapshot!(fixture.diagnostics(), @"
    templated-name any.sql:1:15 the name of a table comes from a template
    templated-query held.sql:1:59 what the template leaves is no SQL; its relations were found word by word
    ");
}
