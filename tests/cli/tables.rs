//! Lists of tables from outside: what they tell of tables that nobody here builds.

use serde_json::Value;

use crate::support::{File, Fixture, list, names, word};

const SHOP: &[File] = &[
    ("stage.sql", "create view core.stage as select *, now() as loaded from raw.orders o join raw.people p using (id)"),
    ("report.sql", "create view marts.report as select amount, mail, loaded from core.stage"),
];

const CSV: &str =
    "table_schema,table_name,column_name\nraw,orders,id\nraw,orders,amount\nraw,people,id\nraw,people,mail\n";

fn rungs(fixture: &Fixture, arguments: &str) -> String {
    fixture.graph_of(&format!("models --dialect postgres {arguments}"))
}

#[test]
fn a_csv_file_of_columns_binds_what_stars_hide() {
    let fixture = Fixture::folder(SHOP);
    insta::assert_snapshot!(rungs(&fixture, ""), @"
    core.stage: model, open ← raw.orders, raw.people
    marts.report: model, columns ← core.stage
    raw.orders: external, open
    raw.people: external, open
    ");
    fixture.write("../columns.csv", CSV);
    insta::assert_snapshot!(rungs(&fixture, "--columns ../columns.csv"), @"
    core.stage: model, columns ← raw.orders, raw.people
    marts.report: model, columns ← core.stage
    raw.orders: external, open
    raw.people: external, open
    ");
    assert_eq!(upstream(&fixture, "--columns ../columns.csv"), ["core.stage mail certain", "raw.people mail certain"]);
}

/// What `marts.report.mail` depends on, with how much of each is known.
fn upstream(fixture: &Fixture, arguments: &str) -> Vec<String> {
    let report = fixture.json(&format!("depends marts.report.mail --upstream --dialect postgres {arguments}"));
    let entry = |entry: &Value| {
        let columns = names(&entry["columns"], "column").join(" ");
        format!("{} {columns} {}", word(&entry["relation"]), word(&entry["certainty"]))
    };
    list(&report["upstream"]).iter().map(entry).collect()
}

#[test]
fn settings_name_lists_that_are_committed() {
    let fixture = Fixture::folder(SHOP);
    fixture.write("warehouse/columns.csv", CSV);
    fixture.write("headsup.yml", "dialect: postgres\ncolumns: warehouse/columns.csv\n");
    assert_eq!(upstream(&fixture, ""), ["core.stage mail certain", "raw.people mail certain"]);
    fixture.write("../other.csv", "table_name,column_name\nnothing,x\n");
    let without = upstream(&fixture, "--columns ../other.csv");
    let both = ["core.stage mail certain", "raw.orders mail certain", "raw.people mail certain"];
    assert_eq!(without, both, "an argument wins");
}

#[test]
fn a_catalog_of_dbt_is_matched_by_id_and_by_name() {
    let fixture = Fixture::folder(&[
        ("dbt_project.yml", "name: shop\n"),
        ("models/sources.yml", "sources:\n  - name: raw\n    tables: [{name: orders}]\n"),
        ("models/orders.sql", "select * from {{ source('raw', 'orders') }}"),
        ("models/report.sql", "select * from landing.other"),
    ]);
    let columns = r#"{"id": {"type": "int", "index": 1, "name": "id"}}"#;
    let metadata = r#"{"database": "dwh", "schema": "landing", "name": "other"}"#;
    let catalog = format!(
        r#"{{"nodes": {{}}, "sources": {{
            "source.shop.raw.orders": {{"metadata": {{"schema": "elsewhere", "name": "x"}}, "columns": {columns}}},
            "source.other.landing.other": {{"metadata": {metadata}, "columns": {columns}}}
        }}}}"#
    );
    fixture.write("../catalog.json", catalog);
    insta::assert_snapshot!(fixture.graph(), @"
    landing.other: external, open
    orders: model, open ← raw.orders
    raw.orders: source, open
    report: model, open ← landing.other
    ");
    insta::assert_snapshot!(fixture.graph_of("models --catalog ../catalog.json"), @"
    landing.other: external, open
    orders: model, columns ← raw.orders
    raw.orders: source, open
    report: model, columns ← landing.other
    ");
}

#[test]
fn a_text_of_its_own_is_bound_by_lists_as_well() {
    let fixture = Fixture::folder(&[("notes.md", "nothing")]);
    fixture.write("../columns.csv", CSV);
    fixture.write("../query.sql", "select * from raw.people");
    let report = fixture.json("lineage ../query.sql --dialect postgres --columns ../columns.csv");
    assert_eq!(names(&report["statements"][0]["columns"], "target"), ["id", "mail"], "{report:#}");
}

#[test]
fn a_list_that_is_none_ends_the_run_with_its_place() {
    let fixture = Fixture::folder(SHOP);
    fixture.write("../columns.csv", "table_name,column_name\norders\n");
    fixture.write("../catalog.json", "{\"nodes\": 3");
    insta::assert_snapshot!(fixture.error("models --columns ../columns.csv"), @"
    exit 3
    error: cannot read ../columns.csv:2:1: the line has 1 fields, and the first line has 2
    hint: the first line names the columns: table_schema, table_name, column_name, and if there are any table_catalog, ordinal_position, data_type, is_nullable
    ");
    insta::assert_snapshot!(fixture.error("models --catalog ../catalog.json"), @"
    exit 3
    error: cannot read ../catalog.json:1:11: the file is not valid JSON
    hint: give the catalog.json that `dbt docs generate` writes into dbt's target directory
    ");
    insta::assert_snapshot!(fixture.error("models --catalog ../missing.json"), @"
    exit 3
    error: cannot read ../missing.json
      because No such file or directory (os error 2)
    ");
    fixture.write("headsup.yml", "catalog: target/catalog.json\n");
    insta::assert_snapshot!(fixture.error("models"), @"
    exit 3
    error: cannot read target/catalog.json: no such file
    ");
}
