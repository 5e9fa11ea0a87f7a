//! `headsup why`: the ways by which something depends on something, or where they end.

use serde_json::{Value, json};

use crate::depends::SHOP;
use crate::support::{Fixture, list, names, word};

fn shop() -> Fixture {
    Fixture::new(SHOP)
}

/// The ways of an answer, each in a line: `core.orders.amount → marts.revenue.total (aggregation, …:3)`.
fn ways(report: &Value) -> String {
    let place = |value: &Value| match value["column"].as_str() {
        Some(column) => format!("{}.{column}", word(&value["relation"])),
        None => word(&value["relation"]),
    };
    let way = |path: &Value| {
        let mut line = list(path).first().map(|step| place(&step["from"])).unwrap_or_default();
        for step in list(path) {
            let site = format!("{}:{}", word(&step["file"]), step["line"]);
            line.push_str(&format!(" → {} ({}, {site})", place(&step["to"]), word(&step["kind"])));
        }
        line
    };
    let paths = report["on"]["paths"].as_array();
    let lines: Vec<String> = paths.into_iter().flatten().map(way).collect();
    format!("{}\n{}", word(&report["on"]["verdict"]), lines.join("\n")).trim_end().to_owned()
}

#[test]
fn the_way_for_a_person() {
    insta::assert_snapshot!(shop().text("why audit raw.orders.amount"), @"
    audit depends on raw.orders.amount

      raw.orders.amount
      → core.orders.amount   identity     models/core/orders.sql:4
      → marts.revenue.total  aggregation  models/marts/revenue.sql:3
      → audit                reads it     headsup.yml:8

    What depends on it in marts.revenue: total.

    5 models read: 5 with all columns.
    ");
}

#[test]
fn where_the_way_ends_for_a_person() {
    insta::assert_snapshot!(shop().text("why audit core.orders.promo_code"), @"
    audit does not depend on core.orders.promo_code

    core.orders.promo_code is read by core.promotions (identity).
    The way ends here:
      marts.revenue reads 2 columns of core.orders (amount, customer_id), and not
        promo_code
        models/marts/revenue.sql:5

    5 models read: 5 with all columns.
    ");
}

#[test]
fn all_that_a_job_depends_on_for_a_person() {
    insta::assert_snapshot!(shop().text("why audit"), @"
    audit  critical
      reads marts.revenue.total
      and by way of that depends on 4 tables

    steps  table           how          columns
    1      core.customers  join         id, country; rows
           core.orders     aggregation  customer_id, amount; rows
    2      raw.customers   join         country, id; rows
           raw.orders      aggregation  amount, customer_id, status; rows

    `headsup why audit raw.orders` shows the way.
    5 models read: 5 with all columns.
    ");
}

#[test]
fn a_page_of_the_way() {
    insta::assert_snapshot!(shop().text("why audit raw.orders.amount --format markdown"), @"
    ### audit depends on raw.orders.amount

    | from | to | how | where |
    | --- | --- | --- | --- |
    | `raw.orders.amount` | `core.orders.amount` | identity | `models/core/orders.sql:4` |
    | `core.orders.amount` | `marts.revenue.total` | aggregation | `models/marts/revenue.sql:3` |
    | `marts.revenue.total` | `audit` | reads it | `headsup.yml:8` |

    What depends on it in `marts.revenue`: total.

    <sub>5 models read (5 columns).</sub>
    ");
}

#[test]
fn a_page_of_where_it_ends() {
    insta::assert_snapshot!(shop().text("why audit core.orders.promo_code --format markdown"), @r#"
    ### audit does not depend on core.orders.promo\_code

    It is read by core.promotions \(identity\).

    - marts.revenue reads 2 columns of core.orders \(amount, customer\_id\), and not promo\_code (`models/marts/revenue.sql:5`)

    <sub>5 models read (5 columns).</sub>
    "#);
}

#[test]
fn every_step_has_its_place() {
    let fixture = shop();
    let found = |arguments: &str| ways(&fixture.json(&format!("why {arguments}")));
    assert_eq!(
        found("audit raw.orders.amount"),
        "depends\nraw.orders.amount → core.orders.amount (identity, models/core/orders.sql:4) → marts.revenue.total \
         (aggregation, models/marts/revenue.sql:3)"
    );
    assert_eq!(
        found("marts.revenue core.orders.customer_id"),
        "depends\ncore.orders.customer_id → marts.revenue (join, models/marts/revenue.sql:6)"
    );
    // The condition decides which rows there are, and the total adds them up.
    assert_eq!(
        found("marts.revenue.total raw.orders.status"),
        "depends\nraw.orders.status → core.orders (filter, models/core/orders.sql:7) → marts.revenue.total \
         (aggregation, models/marts/revenue.sql:5)"
    );
    assert_eq!(found("marts.revenue.country core.orders.amount"), "independent");
}

#[test]
fn the_end_names_what_is_read_instead() {
    let report = shop().json("why audit core.orders.promo_code");
    assert_eq!(report["on"]["verdict"], "independent");
    assert_eq!(report["on"]["tables"], "upstream");
    assert_eq!(names(&report["on"]["readers"], "relation"), ["core.promotions"]);
    assert_eq!(
        report["on"]["ends"],
        json!([{
            "relation": "core.orders",
            "columns": ["promo_code"],
            "rows": false,
            "reader": "marts.revenue",
            "reads": ["amount", "customer_id"],
            "file": "models/marts/revenue.sql",
            "line": 5,
            "column": 6,
            "of": "file",
        }])
    );
    // The job reads one column of the table, and not the one that depends.
    let report = shop().json("why audit marts.revenue.orders");
    assert_eq!(
        (&report["on"]["verdict"], &report["on"]["ends"][0]["reader"], &report["on"]["ends"][0]["reads"]),
        (&json!("independent"), &json!("audit"), &json!(["total"]))
    );
}

#[test]
fn tables_that_do_not_hang_together_are_told_apart() {
    let fixture = shop();
    let tables = |arguments: &str| word(&fixture.json(&format!("why {arguments}"))["on"]["tables"]);
    assert_eq!(tables("stock_take core.orders"), "apart");
    assert_eq!(tables("core.orders marts.revenue"), "downstream");
    assert!(fixture.text("why core.orders marts.revenue").contains("It is the other way round"));
}

#[test]
fn what_cannot_be_told_is_said() {
    let fixture = Fixture::folder(&[
        ("o.sql", "create table o as select a, b from raw.o"),
        ("torn.sql", "create table torn as select ((( a from o"),
        ("t.sql", "create table t as select 1 as x from {{ y }}"),
    ]);
    let report = fixture.json("why torn o.a");
    assert_eq!(ways(&report), "unknown\no.a → torn (unknown, torn.sql:1)");
    let report = fixture.json("why t o.a");
    assert_eq!((ways(&report).as_str(), &report["on"]["tables"]), ("unknown", &json!("apart")));
    assert_eq!(
        report["unknown"],
        json!(["t may read more than could be found: the name of a table comes from a template"])
    );
    insta::assert_snapshot!(fixture.text("why t o.a"), @"
    t is not known to depend on o.a, and may

    o.a is read by torn (unknown).
    No table leads from o to t.

    It may depend on more: t may read more than could be found: the name of a table
      comes from a template.
    3 models read: 1 with all columns, 1 by their tables only, 1 from templates that
    could not be rendered.
    ");
}

#[test]
fn lines_of_rendered_sql_are_told_from_those_of_the_file() {
    let fixture = Fixture::new(&[
        ("dbt_project.yml", "name: shop\nprofile: shop\n"),
        ("models/orders.sql", "{% set x = 'amount' %}\n{#\n a\n long\n comment #}\nselect\n  {{ x }}\nfrom raw.orders"),
        ("models/total.sql", "select sum(amount) as total\nfrom {{ ref('orders') }}"),
    ]);
    let report = fixture.json("why total raw.orders.amount");
    let step = &report["on"]["paths"][0][0];
    assert_eq!((&step["of"], &step["line"]), (&json!("rendering"), &json!(4)));
    insta::assert_snapshot!(fixture.text("why total raw.orders.amount"), @"
    total depends on raw.orders.amount

      raw.orders.amount
      → orders.amount  identity     models/orders.sql, rendered line 4
      → total.total    aggregation  models/total.sql, rendered line 1

    What depends on it in total: total.

    2 models read: 2 with all columns.
    ");
}

#[test]
fn names_that_mean_nothing_get_suggestions() {
    let fixture = shop();
    let error = |arguments: &str| fixture.error(&format!("why {arguments}"));
    assert_eq!(
        error("audti"),
        "exit 2\nerror: no job, table or column is called `audti`\nhint: did you mean the job `audit`?\n"
    );
    assert_eq!(
        error("marts.revenu"),
        "exit 2\nerror: no table or column is called `marts.revenu`\nhint: did you mean `marts.revenue`?\n"
    );
    assert_eq!(
        error("audit raw.*"),
        "exit 2\nerror: `raw.*` means 3 tables, and `why` explains one\nhint: name one of them\n"
    );
    assert_eq!(
        error("audit --format dot"),
        "exit 2\nerror: `headsup why` has no form `dot`\nhint: --format is one of text, markdown, json\n"
    );
}

#[test]
fn what_is_only_named_is_said_to_be() {
    let fixture = Fixture::new(&[
        ("raw.sql", "create table dim (id int primary key, name text);\ncreate table o (id int, dim_id int);\n"),
        ("v.sql", "create view v as\nselect o.id from o left join dim on dim.id = o.dim_id;\n"),
        ("w.sql", "create view w as select id from v;\n"),
    ]);
    insta::assert_snapshot!(fixture.text("why w dim.id"), @"
    w depends on dim.id

      dim.id
      → v (rows)  named  v.sql:2
      → w (rows)  rows   w.sql:1

    What depends on it in w: nothing; it is only named.

    2 models read: 2 with all columns.
    ");
}

/// The shop with a branch on which `core.orders` says something else.
fn changing(orders: &str) -> Fixture {
    Fixture::pair(SHOP, &[("models/core/orders.sql", orders)])
}

#[test]
fn by_which_way_a_change_reaches_a_job() {
    let fixture = changing(
        "select\n    id,\n    customer_id,\n    coalesce(amount, 0) as amount,\n    promo_code\nfrom raw.orders\n",
    );
    let report = fixture.json("why audit --base main");
    assert_eq!(report["reach"], "reached");
    assert!(report.get("cut").is_none());
    let ways = list(&report["ways"]);
    let effects: Vec<String> = ways.iter().map(|way| word(&way["effect"])).collect();
    assert!(effects.contains(&"revalued".to_owned()), "{effects:?}");
    let revalued = ways.iter().find(|way| way["effect"] == "revalued").unwrap();
    assert_eq!(revalued["relation"], "marts.revenue");
    assert_eq!(revalued["columns"], json!(["total"]));
    let steps: Vec<String> = list(&revalued["steps"]).iter().map(|step| word(&step["relation"])).collect();
    assert_eq!(steps, ["core.orders", "marts.revenue"]);
    assert!(list(&revalued["because"]).len() == 1, "{revalued}");
    for form in ["why audit --base main", "why audit --base main --format markdown"] {
        let text = fixture.text(form);
        for said in ["audit is reached", "core.orders", "marts.revenue", "total"] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert!(form.contains("markdown") || text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
    let table = fixture.json("why core.promotions --base main");
    assert_eq!(table["reach"], "reached");
    assert!(table.get("job").is_none());
}

#[test]
fn where_a_change_stops_on_its_way_to_a_job() {
    let fixture = changing(
        "select\n    id,\n    customer_id,\n    amount,\n    lower(promo_code) as promo_code\nfrom raw.orders\nwhere status <> 'gone'\n",
    );
    let report = fixture.json("why audit --base main");
    assert_eq!((&report["reach"], &report["ways"]), (&json!("not_reached"), &json!([])));
    assert!(word(&report["cut"]).contains("core.orders.promo_code"), "{report}");
    assert!(fixture.text("why audit --base main").contains("audit is not reached"));
    let apart = fixture.json("why stock_take --base main");
    assert!(word(&apart["cut"]).contains("none of them changed"), "{apart}");
}

#[test]
fn either_a_change_or_a_table_is_asked_for() {
    let run = changing("select 1 as id").run("why audit raw.orders --base main");
    assert_eq!(run.code, 2, "{run:?}");
}
