//! Where a change stands that reaches jobs: in the JSON, and beside the lines of a pull request on GitHub.

use crate::support::{File, Fixture, GONE, list, word};

const BASE: [File; 4] = [
    (
        "headsup.yml",
        "version: 1\ndialect: postgres\njobs:\n- { name: audit, owner: f@example.com, criticality: critical, reads: [marts.revenue] }\n\
         - { name: refunds, owner: s@example.com, reads: [core.refunds] }\n",
    ),
    ("raw.sql", "create table raw.orders (id int primary key, amount numeric, tax numeric, promo text);\n"),
    (
        "core/orders.sql",
        "create table core.orders as\nselect\n  o.id,\n  o.promo,\n  o.amount,\n  o.tax\nfrom raw.orders as o\n",
    ),
    (
        "marts/revenue.sql",
        "create table marts.revenue as\nselect sum(amount) as revenue, sum(tax) as tax from core.orders\n",
    ),
];

const REFUNDS: File = ("core/refunds.sql", "create table core.refunds as select 1 as id\n");

/// One line that reaches the audit, one that nobody reads, and a table that is gone.
fn change() -> Fixture {
    let mut base = BASE.to_vec();
    base.push(REFUNDS);
    let orders = "create table core.orders as\nselect\n  o.id,\n  upper(o.promo) as promo,\n  o.amount * 2 as amount,\n  \
                  o.tax\nfrom raw.orders as o\n";
    Fixture::pair(&base, &[("core/orders.sql", orders), ("core/refunds.sql", GONE)])
}

#[test]
fn what_reaches_a_job_has_its_line_and_what_does_not_has_none() {
    let report = change().json("impact --base main --head HEAD");
    let shown: Vec<String> = list(&report["changes"])
        .iter()
        .flat_map(|change| change["places"].as_array().into_iter().flatten())
        .map(|place| format!("{}:{} {} | {}", word(&place["file"]), place["line"], word(&place["says"]), place["jobs"]))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    core/orders.sql:5 column amount may differ: the expression changed from `orders.amount` to `orders.amount * 2` | ["audit"]
    core/refunds.sql:1 it is gone | ["refunds"]
    "#);
}

#[test]
fn annotations_stand_beside_the_lines_and_name_whom_they_reach() {
    let shown = change().text("impact --base main --head HEAD --format github").replace('\u{200b}', "");
    insta::assert_snapshot!(shown, @"
    ::warning file=core/orders.sql,line=5,title=reaches audit%2C which is critical::core.orders: column amount may differ: the expression changed from `orders.amount` to `orders.amount * 2`%0AReaches audit (critical, f@example.com)
    ::notice file=core/refunds.sql,line=1,title=reaches refunds::core.refunds: it is gone%0AReaches refunds (s@example.com)
    headsup impact: reaches 2 jobs, 1 critical
    ");
    let calm = Fixture::pair(&BASE, &[("core/orders.sql", &BASE[2].1.replace("select", "SELECT"))]);
    assert_eq!(calm.text("impact --base main --head HEAD --format github"), "headsup impact: reaches no job\n");
}

#[test]
fn annotations_start_at_the_root_of_the_repository() {
    let inner = |(path, text): File<'static>| (format!("warehouse/{path}"), text);
    let base: Vec<(String, &str)> = BASE.iter().map(|file| inner(*file)).collect();
    let base: Vec<File> = base.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let fixture =
        Fixture::pair(&base, &[("warehouse/marts/revenue.sql", "create table marts.revenue as select 1 as revenue\n")]);
    let text = fixture.text("impact --project-dir warehouse --base main --head HEAD --format github");
    assert!(text.contains("::warning file=warehouse/marts/revenue.sql,line=1,"), "{text}");
}

#[test]
fn a_change_that_cannot_be_told_stands_at_its_first_line() {
    let orders = "create table core.orders as\nselect o.id, o.promo, o.amount, o.tax from {{ orders() }} as o\n";
    let text =
        Fixture::pair(&BASE, &[("core/orders.sql", orders)]).text("impact --base main --head HEAD --format github");
    insta::assert_snapshot!(text.replace('\u{200b}', ""), @"
    ::warning file=core/orders.sql,line=2,title=reaches audit%2C which is critical::core.orders: the SQL differs, and in what is not worked out: it is understood in part only%0AReaches audit (critical, f@example.com)
    headsup impact: reaches 1 job, and may reach 1 more, 1 critical
    ");
}

#[test]
fn a_long_file_of_data_stands_at_the_first_line_that_differs() {
    let settings = "version: 1\njobs:\n- { name: audit, owner: f@example.com, reads: [rates] }\n";
    let line = format!("{}\n", "x".repeat(1_000));
    let data = |last: &str| format!("name\n{}{last}\n", line.repeat(1_200));
    let base = [("headsup.yml", settings), ("dbt_project.yml", "name: shop\n"), ("seeds/rates.csv", &*data("a"))];
    let report = Fixture::pair(&base, &[("seeds/rates.csv", &data("b"))]).json("impact --base main --head HEAD");
    assert_eq!(report["changes"][0]["places"][0]["line"], 1_202, "{report:#}");
}
