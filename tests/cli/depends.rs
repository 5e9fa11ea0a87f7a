//! `headsup depends`: who depends on a table or a column, and on what it depends.

use serde_json::{Value, json};

use crate::support::{File, Fixture, list, names, word};

/// Orders, what is built from them, and three jobs.
pub const SHOP: &[File] = &[
    (
        "headsup.yml",
        "version: 1\ndialect: postgres\nprojects:\n  - { kind: sql, path: models, name: \"{parent}.{stem}\" }\n\
         owners:\n  - { path: models/marts/**, owner: finance@example.com }\n\
         jobs:\n  - { name: audit, team: finance, criticality: critical, reads: [marts.revenue], columns: {marts.revenue: [total]} }\n  \
         - { name: board, owner: board@example.com, reads: [marts.revenue] }\n  \
         - { name: stock_take, owner: stock@example.com, reads: [core.stock] }\nteams:\n  finance: {}\n",
    ),
    (
        "models/core/orders.sql",
        "select\n    id,\n    customer_id,\n    amount,\n    promo_code\nfrom raw.orders\nwhere status <> 'gone'\n",
    ),
    ("models/core/customers.sql", "select id, name, country from raw.customers\n"),
    ("models/core/promotions.sql", "select promo_code, count(*) as uses from core.orders group by promo_code\n"),
    (
        "models/marts/revenue.sql",
        "select\n    c.country,\n    sum(o.amount) as total,\n    count(*) as orders\nfrom core.orders o\n\
         join core.customers c on c.id = o.customer_id\ngroup by c.country\n",
    ),
    ("models/core/stock.sql", "select sku, pieces from raw.stock\n"),
];

/// One that does not parse, and one that may read more than it says.
const TROUBLE: &[File] = &[
    ("models/core/torn.sql", "select ((( amount from core.orders\n"),
    ("models/core/stock_levels.sql", "select sku from core.stock, {{ more_tables }}\n"),
];

fn shop() -> Fixture {
    Fixture::new(SHOP)
}

fn troubled() -> Fixture {
    let fixture = shop();
    for (path, text) in TROUBLE {
        fixture.write(path, text);
    }
    fixture
}

/// What depends, a line each: `1 marts.revenue: aggregation (total)`; then jobs.
fn dependents(report: &Value, way: &str) -> String {
    let doubt = |entry: &Value| if entry["certainty"] == "possible" { " ~" } else { "" };
    let line = |entry: &Value| {
        let columns = names(&entry["columns"], "column");
        let rows: Vec<String> = list(&entry["rows"]).iter().map(word).collect();
        let rows = if rows.is_empty() { String::new() } else { format!("; rows by {}", rows.join(", ")) };
        let (depth, relation, kind) = (&entry["depth"], word(&entry["relation"]), word(&entry["kind"]));
        format!("{depth} {relation}{}: {kind} ({}{rows})", doubt(entry), columns.join(", "))
    };
    let mut lines: Vec<String> = report[way].as_array().into_iter().flatten().map(line).collect();
    lines.extend(list(&report["jobs"]).iter().map(|job| format!("job {}{}", word(&job["job"]), doubt(job))));
    lines.join("\n")
}

#[test]
fn the_dependents_of_a_column_for_a_person() {
    insta::assert_snapshot!(shop().text("depends core.orders.amount"), @"
    1 table and 2 jobs depend on core.orders.amount

    steps  table          how          owner                columns
    1      marts.revenue  aggregation  finance@example.com  total

    job  audit  critical · finance
         reads marts.revenue
    job  board  board@example.com
         reads marts.revenue

    5 models read: 5 with all columns.
    ");
}

#[test]
fn the_dependents_of_a_table_for_a_person() {
    insta::assert_snapshot!(troubled().text("who core.orders"), @"
    2 tables and 2 jobs depend on core.orders, and 1 table more may

    1 step
      core.promotions  aggregation
          promo_code, uses; rows by group by
      marts.revenue  aggregation · finance@example.com
          total, orders; rows by join
      core.torn ~  unknown
          any column; rows

    job  audit  critical · finance
         reads marts.revenue
    job  board  board@example.com
         reads marts.revenue

    ~ may depend: the SQL of 1 table was not parsed.
    Cannot tell for 1 table: core.stock_levels may read more than could be found:
      the name of a table comes from a template.
    7 models read: 5 with all columns, 1 by their tables only, 1 from templates that
    could not be rendered.
    ");
}

#[test]
fn what_a_table_depends_on_for_a_person() {
    insta::assert_snapshot!(shop().text("depends marts.revenue --upstream"), @"
    marts.revenue depends on 4 tables

    steps  table           how          columns
    1      core.customers  identity     id, country; rows
           core.orders     aggregation  customer_id, amount; rows
    2      raw.customers   identity     country, id; rows
           raw.orders      aggregation  amount, customer_id, status; rows

    5 models read: 5 with all columns.
    ");
}

#[test]
fn a_page_of_them() {
    // Names hold zero-width spaces so that they mention nobody.
    let page = troubled().text("depends core.orders.amount --format markdown").replace('\u{200b}', "");
    insta::assert_snapshot!(page, @r#"
    ### 1 table and 2 jobs depend on core.orders.amount, and 1 table more may

    | steps | table | how | owner | columns |
    | --- | --- | --- | --- | --- |
    | 1 | `marts.revenue` | aggregation | finance@example.com | total |
    | 1 | `core.torn` \~ | unknown |  | any column; rows |

    | job |  | owner | how |
    | --- | --- | --- | --- |
    | `audit` | **critical** | finance | reads `marts.revenue` |
    | `board` |  | board@example.com | reads `marts.revenue` |

    \~ may depend: the SQL of 1 table was not parsed.

    Cannot tell for 1 table: core.stock\_levels may read more than could be found: the name of a table comes from a template.

    <sub>7 models read (5 columns, 1 tables, 1 refs).</sub>
    "#);
}

#[test]
fn a_diagram_of_them() {
    insta::assert_snapshot!(troubled().text("depends core.orders.amount --format mermaid"), @r#"
    flowchart LR
      n0["core.orders"]
      n1["core.torn"]
      n2["marts.revenue"]
      n3(["audit"])
      n4(["board"])
      n0 -.->|"unknown"| n1
      n0 -->|"aggregation"| n2
      n2 --> n3
      n2 --> n4
      classDef asked stroke-width:3px
      class n0 asked
    "#);
    insta::assert_snapshot!(troubled().text("depends core.orders.amount --format dot"), @r#"
    digraph headsup {
      rankdir=LR;
      node [shape=box];
      n0 [label="core.orders", penwidth=2];
      n1 [label="core.torn"];
      n2 [label="marts.revenue"];
      n3 [label="audit", shape=oval];
      n4 [label="board", shape=oval];
      n0 -> n1 [label="unknown", style=dashed];
      n0 -> n2 [label="aggregation"];
      n2 -> n3;
      n2 -> n4;
    }
    "#);
}

#[test]
fn rows_of_them() {
    insta::assert_snapshot!(troubled().text("depends core.orders.amount --format csv"), @"
    direction,steps,type,name,column,kind,certainty,owner,reads
    downstream,1,table,marts.revenue,total,aggregation,certain,finance@example.com,
    downstream,1,table,core.torn,*,unknown,possible,,
    downstream,1,table,core.torn,,unknown,possible,,
    downstream,2,job,audit,,reads,certain,finance,marts.revenue
    downstream,2,job,board,,reads,certain,board@example.com,marts.revenue
    downstream,,table,core.stock_levels,,,unknown,,
    ");
}

#[test]
fn how_far_and_which_way_is_chosen() {
    let fixture = shop();
    let found = |arguments: &str, way: &str| dependents(&fixture.json(&format!("depends {arguments}")), way);
    let promotions = "1 core.promotions: aggregation (promo_code, uses; rows by group_by, rows)";
    let revenue = "1 marts.revenue: aggregation (total, orders; rows by join, rows)";
    assert_eq!(found("core.orders", "downstream"), format!("{promotions}\n{revenue}\njob audit\njob board"));
    assert_eq!(found("core.orders --depth 1", "downstream"), format!("{promotions}\n{revenue}"));
    assert_eq!(found("core.orders+1", "downstream"), format!("{promotions}\n{revenue}"));
    assert_eq!(found("core.orders --jobs-only", "downstream"), "job audit\njob board");
    assert_eq!(found("core.orders.amount", "downstream"), "1 marts.revenue: aggregation (total)\njob audit\njob board");
    assert_eq!(found("+core.promotions", "downstream"), "");
    assert_eq!(
        found("1+core.promotions", "upstream"),
        "1 core.orders: identity (promo_code; rows by aggregation, rows)"
    );
    let report = fixture.json("depends 1+core.orders+1");
    assert_eq!(
        (names(&report["upstream"], "relation"), list(&report["downstream"]).len()),
        (vec!["raw.orders".to_owned()], 2)
    );
}

#[test]
fn values_alone_are_followed_on_demand() {
    let fixture = shop();
    let found = |arguments: &str| dependents(&fixture.json(&format!("depends {arguments}")), "downstream");
    assert_eq!(
        found("core.orders.customer_id"),
        "1 marts.revenue: join (total, orders; rows by join)\njob audit\njob board"
    );
    assert_eq!(found("core.orders.customer_id --direct"), "");
    assert_eq!(found("core.orders.amount --direct"), "1 marts.revenue: aggregation (total)\njob audit\njob board");
}

#[test]
fn a_job_that_names_columns_depends_on_them_and_on_the_rows() {
    let fixture = shop();
    let jobs = |target: &str| names(&fixture.json(&format!("depends {target}"))["jobs"], "job").join(", ");
    assert_eq!(jobs("core.orders.amount"), "audit, board");
    assert_eq!(jobs("marts.revenue.orders"), "board");
    assert_eq!(jobs("marts.revenue.total"), "audit, board");
    // Who is in which country decides which rows there are.
    assert_eq!(jobs("core.customers.country"), "audit, board");
    assert_eq!(jobs("core.customers.name"), "");
}

#[test]
fn selectors_mean_what_they_mean_in_dbt() {
    let fixture = shop();
    let targets =
        |selector: &str| names(&fixture.json(&format!("depends {selector}"))["targets"], "relation").join(", ");
    assert_eq!(targets("path:models/marts"), "marts.revenue");
    assert_eq!(targets("path:models/core/orders.sql"), "core.orders");
    assert_eq!(targets("source:raw.orders"), "raw.orders");
    assert_eq!(targets("source:raw"), "raw.customers, raw.orders, raw.stock");
    assert_eq!(targets("exposure:audit"), "marts.revenue");
    assert_eq!(targets("core.c* raw.*s"), "core.customers, raw.customers, raw.orders");
    assert_eq!(targets("revenue"), "marts.revenue");
    assert_eq!(targets("core.orders.*"), "core.orders");
    assert_eq!(dependents(&fixture.json("depends exposure:board"), "upstream").lines().count(), 4);
}

#[test]
fn tags_of_dbt_select() {
    let fixture = Fixture::new(&[
        ("dbt_project.yml", "name: shop\nprofile: shop\n"),
        ("models/orders.sql", "{{ config(tags=['nightly']) }} select id from {{ source('raw', 'orders') }}"),
        ("models/late.sql", "select id from {{ ref('orders') }}"),
        ("models/sources.yml", "version: 2\nsources: [{name: raw, tables: [{name: orders}]}]\n"),
    ]);
    let targets =
        |selector: &str| names(&fixture.json(&format!("depends {selector}"))["targets"], "relation").join(", ");
    assert_eq!(targets("tag:nightly"), "orders");
    assert_eq!(targets("source:raw.orders"), "raw.orders");
    assert_eq!(
        fixture.error("depends tag:nightli"),
        "exit 2\nerror: no table has the tag `nightli`\nhint: did you mean `tag:nightly`?\n"
    );
    assert_eq!(
        dependents(&fixture.json("depends raw.orders.id"), "downstream"),
        "1 orders: identity (id)\n2 late: identity (id)"
    );
}

#[test]
fn a_name_is_found_by_its_end_if_only_one_has_it() {
    let fixture = shop();
    let error = |arguments: &str| fixture.error(&format!("depends {arguments}"));
    assert_eq!(
        error("orders"),
        "exit 2\nerror: `orders` can mean `core.orders` and `raw.orders`\nhint: write more of the name\n"
    );
    // Only one of them has the column.
    assert_eq!(
        fixture.json("depends orders.status")["targets"],
        json!([{"relation": "raw.orders", "column": "status"}])
    );
    assert_eq!(
        error("revenu"),
        "exit 2\nerror: no table or column is called `revenu`\nhint: did you mean `marts.revenue`?\n"
    );
    assert_eq!(
        error("core.orders.amuont"),
        "exit 2\nerror: `core.orders` has no column `amuont`\nhint: did you mean `core.orders.amount`?\n"
    );
    assert_eq!(
        error("Total"),
        "exit 2\nerror: no table or column is called `Total`\nhint: a column is named with its table: `marts.revenue.total`\n"
    );
    assert_eq!(
        error("audit"),
        "exit 2\nerror: `audit` is a job, not a table\nhint: `headsup why audit` shows what it depends on\n"
    );
    assert_eq!(
        error("nowhere.at.all"),
        "exit 2\nerror: no table or column is called `nowhere.at.all`\nhint: `headsup models` lists the tables\n"
    );
    assert_eq!(error("x*"), "exit 2\nerror: no table is called like `x*`\nhint: `headsup models` lists the tables\n");
    assert_eq!(
        error("path:models/x").lines().nth(1),
        Some("error: no file below `models/x` builds or declares a table")
    );
}

#[test]
fn a_table_goes_before_a_column_of_the_same_name() {
    let fixture = Fixture::folder(&[
        ("a.sql", "create table s.orders as select 1 as lines"),
        ("b.sql", "create table s.orders.lines as select * from s.orders"),
        ("c.sql", "create table t.c as select * from s.orders.lines"),
    ]);
    let report = fixture.json("depends orders.lines");
    assert_eq!(report["targets"], json!([{"relation": "s.orders.lines"}]));
    assert_eq!(report["notes"], json!(["`orders.lines` is a table; the column `lines` of s.orders was not asked for"]));
}

#[test]
fn letter_case_matters_where_it_does_in_the_dialect() {
    let with = |dialect: &str| {
        let settings = format!("projects: [{{kind: sql, path: ., dialect: {dialect}}}]\n");
        Fixture::folder(&[("headsup.yml", &settings), ("o.sql", "create table Core.Orders as select Id from raw.o")])
    };
    assert_eq!(
        with("duckdb").json("depends core.ORDERS.ID")["targets"],
        json!([{"relation": "Core.Orders", "column": "Id"}])
    );
    assert_eq!(
        with("bigquery").json("depends Core.Orders.iD")["targets"],
        json!([{"relation": "Core.Orders", "column": "Id"}])
    );
    assert_eq!(
        with("bigquery").error("depends core.orders"),
        "exit 2\nerror: no table or column is called `core.orders`\nhint: did you mean `Core.Orders`?\n"
    );
}

#[test]
fn a_column_that_nobody_names_may_be_passed_on() {
    let fixture = Fixture::folder(&[("a.sql", "create table a as select * from raw.o")]);
    let report = fixture.json("depends raw.o.secret");
    assert_eq!(report["notes"], json!(["nothing here names a column `secret` of raw.o"]));
    assert_eq!(dependents(&report, "downstream"), "1 a: identity (*)");
}

#[test]
fn what_cannot_be_told_is_said() {
    let report = troubled().json("depends core.orders.amount");
    assert_eq!(
        dependents(&report, "downstream"),
        "1 marts.revenue: aggregation (total)\n1 core.torn ~: unknown (*; rows by unknown)\njob audit\njob board"
    );
    assert_eq!(
        report["unknown"],
        json!([{
            "relation": "core.stock_levels",
            "reason": "core.stock_levels may read more than could be found: the name of a table comes from a template",
        }])
    );
    let fixture = Fixture::folder(&[
        (
            "headsup.yml",
            "jobs:\n  - {name: a, reads: [nowhere]}\n  - {name: b, reads: [c]}\n  - {name: spared, reads: [o]}\n",
        ),
        ("o.sql", "create table o as select 1 as id"),
        ("b.sql", "create table b as select * from {{ x }}"),
        ("c.sql", "create table c as select * from b"),
    ]);
    let report = fixture.json("depends o.id");
    assert_eq!(names(&report["unknown"], "relation"), ["b", "c"]);
    assert_eq!(report["unknown"][1]["because"], "b");
    let jobs: Vec<(String, Value)> =
        list(&report["jobs"]).iter().map(|job| (word(&job["job"]), job["reason"].clone())).collect();
    assert_eq!(jobs[0], ("spared".to_owned(), Value::Null));
    assert_eq!(jobs[1], ("a".to_owned(), json!("it reads `nowhere`, which nothing here builds or reads")));
    assert_eq!(jobs[2].0, "b");
}

#[test]
fn forms_that_a_command_does_not_have_are_refused_before_anything_is_read() {
    let fixture = Fixture::folder(&[]);
    for command in ["impact", "models", "jobs", "doctor", "demo"] {
        for form in ["mermaid", "dot", "csv", "openlineage"] {
            let more = if command == "impact" { ", github" } else { "" };
            assert_eq!(
                fixture.error(&format!("{command} --format {form}")),
                format!(
                    "exit 2\nerror: `headsup {command}` has no form `{form}`\nhint: --format is one of text, markdown, \
                     json{more}\n"
                )
            );
        }
    }
    assert_eq!(
        fixture.error("depends x --format openlineage"),
        "exit 2\nerror: `headsup depends` has no form `openlineage`\nhint: --format is one of text, markdown, json, mermaid, dot, csv\n"
    );
    assert_eq!(fixture.run("depends").code, 2);
    assert_eq!(fixture.run("depends x --depth 0").code, 2);
    assert_eq!(fixture.run("depends x --jobs-only --upstream").code, 2);
}

#[test]
fn names_of_a_project_steer_neither_terminal_nor_page() {
    let fixture = Fixture::folder(&[
        ("a.sql", "create table \"a\u{1b}[2J|<b>\" as select 1 as \"=x\""),
        ("b.sql", "create table \"b](http://x)\" as select \"=x\" from \"a\u{1b}[2J|<b>\""),
    ]);
    for form in ["text", "markdown", "mermaid", "dot", "csv"] {
        let text = fixture.text(&format!("depends path:a.sql --format {form}"));
        assert!(!text.contains('\u{1b}'), "{form}: {text}");
        if form == "csv" {
            assert!(text.contains(",'=x,"), "{text}");
        }
        if form == "mermaid" {
            assert!(!text.contains("](") && !text.contains("<b>"), "{text}");
        }
    }
}

#[test]
fn the_same_input_gives_the_same_bytes_within_eighty_columns() {
    let fixture = troubled();
    for form in ["text", "markdown", "json", "mermaid", "dot", "csv"] {
        let text = |run: usize| (run, fixture.text(&format!("depends core.orders raw.* --format {form}"))).1;
        assert_eq!(text(1), text(2), "{form}");
    }
    let text = fixture.text("depends core.orders raw.*");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}
