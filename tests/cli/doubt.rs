//! What cannot be told is unknown, with its reason, and never not reached.

use crate::support::{File, Fixture, list, word};

const SETTINGS: &str =
    "version: 1\njobs:\n  - { name: audit, owner: ann@example.com, criticality: critical, reads: [revenue] }\n";
const PROJECT: File = ("dbt_project.yml", "name: shop\n");

/// The reach of the job `audit` and its reason, when `change` is made to `files`.
fn audit(files: &[File], change: &[File]) -> (String, String) {
    let mut base = vec![("headsup.yml", SETTINGS)];
    base.extend(files);
    let report = Fixture::pair(&base, change).json("impact");
    let job = list(&report["jobs"]).iter().find(|job| word(&job["job"]) == "audit").unwrap();
    let reason = if job["reason"].is_null() { String::new() } else { word(&job["reason"]) };
    (word(&job["reach"]), reason)
}

#[test]
fn sql_that_is_built_at_run_time_may_read_anything() {
    let files = [
        ("a.sql", "create table a as select 1 as x"),
        ("revenue.sql", "execute immediate 'create table revenue as select * from ' || src;"),
    ];
    let change = [("a.sql", "create table a as select 2 as x")];
    let (reach, reason) = audit(&files, &change);
    assert_eq!(reach, "unknown");
    assert!(reason.starts_with("revenue may read more than could be found"), "{reason}");
    let codes = Fixture::new(&files).diagnostics();
    assert!(codes.contains("dynamic-sql revenue.sql:1:1"), "{codes}");
}

#[test]
fn a_project_that_cannot_be_read_leaves_every_job_in_doubt() {
    let files =
        [("dbt_project.yml", "name: [shop\n"), ("macros/m.sql", "{% macro m() %}1{% endmacro %}"), ("a.csv", "x\n1\n")];
    let (reach, reason) = audit(&files, &[("a.csv", "x\n2\n")]);
    assert_eq!(reach, "unknown");
    assert!(reason.starts_with("a project could not be read, and differs: dbt_project.yml"), "{reason}");
    let (reach, _) = audit(&files, &[("README.md", "words")]);
    assert_eq!(reach, "not_reached", "no part of a project differs");
}

#[test]
fn a_template_that_asks_which_tables_there_are_may_read_any() {
    let files = [
        PROJECT,
        ("models/a.sql", "select 1 as x"),
        (
            "models/revenue.sql",
            "{% set found = run_query('select name from tables') %}\nselect 1 as x\n\
             {% for row in found.rows %} union all select x from {{ row[0] }} {% endfor %}",
        ),
    ];
    let (reach, reason) = audit(&files, &[("models/a.sql", "select 2 as x")]);
    assert_eq!(reach, "unknown");
    assert_eq!(
        reason,
        "revenue may read more than could be found: it asks the warehouse, with run_query, what to read"
    );
}

/// The catalogue is asked which tables there are of a name in some schemas, and no model has it.
#[test]
fn a_template_that_asks_for_tables_of_some_names_reads_those_only() {
    let query = |name: &str| {
        format!(
            "{{% set query %}}{{% for one in ['raw', 'web'] %}}select table_schema, table_name from information_schema.tables \
             where table_schema ilike '{{{{ one }}}}' and lower(table_name) in ('{name}') {{% if not loop.last %}} union all \
             {{% endif %}}{{% endfor %}}{{% endset %}}\n{{% set found = run_query(query) %}}\nselect 1 as x\n\
             {{% for row in found.rows %}} union all select x from {{{{ row[0] }}}} {{% endfor %}}"
        )
    };
    let change = [("models/a.sql", "select 2 as x")];
    let pages = query("pages");
    let files = [PROJECT, ("models/a.sql", "select 1 as x"), ("models/revenue.sql", &pages)];
    assert_eq!(audit(&files, &change).0, "not_reached");
    let a = query("a");
    let files = [PROJECT, ("models/a.sql", "select 1 as x"), ("models/revenue.sql", &a)];
    assert_eq!(audit(&files, &change).0, "unknown", "its schema is not known, and its name is sought");
}

#[test]
fn a_template_that_tidies_its_own_table_reads_what_it_names() {
    let revenue = "{{ config(materialized='incremental') }}\n{% do run_query('delete from shop.revenue using shop.a where \
                   revenue.x = a.x') %}\nselect 1 as x";
    let files = [
        PROJECT,
        ("models/a.sql", "select 1 as x"),
        ("models/b.sql", "select 1 as x"),
        ("models/revenue.sql", revenue),
    ];
    assert_eq!(audit(&files, &[("models/b.sql", "select 2 as x")]).0, "not_reached");
    assert_eq!(audit(&files, &[("models/a.sql", "select 2 as x")]).0, "unknown");
}

#[test]
fn a_template_that_asks_for_columns_reads_what_it_names() {
    let files = [
        PROJECT,
        ("models/a.sql", "select 1 as x"),
        ("models/b.sql", "select 1 as x"),
        (
            "models/revenue.sql",
            "{% set columns = adapter.get_columns_in_relation(ref('a')) %}\n\
             select {% for column in columns %}{{ column.name }}, {% endfor %} 1 as y from {{ ref('a') }}",
        ),
    ];
    assert_eq!(audit(&files, &[("models/b.sql", "select 2 as x")]).0, "not_reached");
    assert_eq!(audit(&files, &[("models/a.sql", "select 2 as x")]).0, "reached", "its columns follow from its SQL");
    let mut open = files;
    open[1].1 = "select *, 1 as x from t";
    assert_eq!(audit(&open, &[("models/b.sql", "select 2 as x")]).0, "not_reached");
    let changed = [("models/a.sql", "select *, 2 as x from t")];
    assert_eq!(audit(&open, &changed).0, "unknown", "nobody knows which columns it reads");
}

#[test]
fn a_table_that_a_template_asks_for_by_name_is_read() {
    let files = [
        PROJECT,
        ("models/a.sql", "select 1 as x"),
        (
            "models/revenue.sql",
            "{% set found = adapter.get_relation(database='d', schema=target.schema, identifier='a') %}\n\
             {% if found %}select x from {{ found }}{% else %}select 0 as x{% endif %}",
        ),
    ];
    assert_eq!(audit(&files, &[("models/a.sql", "select 2 as x")]).0, "unknown", "nobody knows which columns it reads");
}

#[test]
fn plain_sql_beside_a_dbt_project_at_the_root_is_read() {
    let settings = SETTINGS.replace("revenue", "export.revenue");
    let files = [
        ("headsup.yml", settings.as_str()),
        PROJECT,
        ("models/a.sql", "select 1 as x"),
        ("jobs/export.sql", "create table export.revenue as select * from a"),
        ("tests/no_model.sql", "select * from a"),
    ];
    let fixture = Fixture::pair(&files, &[("models/a.sql", "select 2 as x")]);
    insta::assert_snapshot!(fixture.verdict("impact"), @"
    modified a: revalued x
    reached audit by a → export.revenue
    ");
    assert!(!fixture.graph().contains("no_model"));
}

#[test]
fn the_schema_of_a_project_makes_its_names_whole() {
    let settings =
        "version: 1\nprojects:\n  - { kind: sql, path: ., dialect: postgres, schema: core, name: \"{stem}\" }\n";
    let fixture = Fixture::new(&[
        ("headsup.yml", settings),
        ("orders.sql", "select * from stg_orders"),
        ("stg_orders.sql", "select * from raw.orders"),
    ]);
    insta::assert_snapshot!(fixture.graph(), @r"
    core.orders: model, open ← core.stg_orders
    core.stg_orders: model, open ← raw.orders
    raw.orders: external, open
    ");
}

#[test]
fn the_project_that_tests_a_package_is_read_in_its_place() {
    let fixture = Fixture::new(&[
        ("dbt_project.yml", "name: kit\n"),
        ("models/a.sql", "{{ config(enabled=var('on', false)) }}select 1 as x"),
        ("integration_tests/dbt_project.yml", "name: kit_tests\nvars:\n  on: true\n"),
        ("integration_tests/packages.yml", "packages:\n  - local: ../\n"),
    ]);
    assert!(fixture.graph().contains("a: model, columns"), "{}", fixture.graph());
}

#[test]
fn an_owner_who_wants_to_hear_of_every_file_is_told_without_a_reach() {
    let settings = SETTINGS.replace("reads:", "standard: touched, reads:");
    let files = [("headsup.yml", settings.as_str()), ("revenue.sql", "select 1 as x")];
    let fixture = Fixture::pair(&files, &[("revenue.sql", "select 1 as x -- the same")]);
    let text = fixture.text("impact");
    assert!(!text.contains("Nobody needs to know"), "{text}");
    assert!(text.contains("ann@example.com is told all the same, as asked"), "{text}");
}

#[test]
fn a_branch_of_a_template_that_was_not_rendered_is_in_doubt() {
    let model = "select {% if 'prod' in target.name %}a{% else %}b{% endif %} as x from {{ source('raw', 't') }}";
    let sources = ("models/s.yml", "sources: [{name: raw, tables: [{name: t}]}]\n");
    let files = [PROJECT, sources, ("models/revenue.sql", model)];
    let changed = model.replace("}a{", "}c{");
    let (reach, reason) = audit(&files, &[("models/revenue.sql", &changed)]);
    assert_eq!(reach, "unknown");
    assert!(reason.contains("where it asks for the target"), "{reason}");
    let commented = format!("{{# a word #}}\n{model}  ");
    assert_eq!(audit(&files, &[("models/revenue.sql", &commented)]).0, "not_reached");
    // What is asked for is known: it is rendered for that target as well.
    let model = model.replace("'prod' in target.name", "target.name == 'prod'");
    let changed = model.replace("}a{", "}c{");
    let files = [PROJECT, sources, ("models/revenue.sql", &model)];
    assert_eq!(audit(&files, &[("models/revenue.sql", &changed)]).0, "reached");
}

#[test]
fn a_branch_cannot_take_a_job_out_of_the_way_of_its_own_change() {
    let files =
        [("a.sql", "create table a as select 1 as x"), ("revenue.sql", "create table revenue as select 1 as y")];
    let less = SETTINGS.replace("reads: [revenue]", "reads: [revenue, a]");
    let mut base = vec![("headsup.yml", less.as_str())];
    base.extend(files);
    let quiet = SETTINGS.replace(", criticality: critical", "");
    let change = [("headsup.yml", quiet.as_str()), ("a.sql", "create table a as select 2 as x")];
    let fixture = Fixture::pair(&base, &change);
    let report = fixture.json("impact");
    let job = &list(&report["jobs"])[0];
    assert_eq!((word(&job["reach"]).as_str(), word(&job["criticality"]).as_str()), ("reached", "critical"));
    assert_eq!(fixture.run("impact --fail-on critical").code, 1);
}

#[test]
fn a_target_that_a_template_names_in_part_is_found_by_the_rest() {
    for text in
        ["insert into {{ params.schema }}.revenue select a from src", "insert into ${db}.revenue select a from src"]
    {
        let files = [("revenue.sql", text)];
        let changed = text.replace("select a", "select b");
        assert_eq!(audit(&files, &[("revenue.sql", &changed)]).0, "reached", "{text}");
    }
    let files =
        [("ev.sql", "create table ev as select 1"), ("revenue.sql", "create table revenue as select * from ${db}.ev")];
    assert_ne!(audit(&files, &[("ev.sql", "create table ev as select 2")]).0, "not_reached");
}

#[test]
fn a_folder_below_the_settings_is_refused() {
    let files = [("headsup.yml", SETTINGS), ("jobs/revenue.sql", "create table revenue as select 1 as x")];
    let fixture = Fixture::pair(&files, &[("jobs/revenue.sql", "create table revenue as select 2 as x")]);
    let run = fixture.run_in("jobs", "impact");
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("headsup.yml is for a folder above this one"), "{}", run.stderr);
}

#[test]
fn a_table_variable_stays_inside_its_script() {
    let settings = format!("{SETTINGS}dialect: tsql\n");
    let script = |from: &str, to: &str| {
        format!("declare @z table (x int); insert into @z select x from {from}; insert into {to} select x from @z;")
    };
    let (one, other) = (script("a", "out_a"), script("b", "revenue"));
    let files = [("headsup.yml", settings.as_str()), ("one.sql", one.as_str()), ("other.sql", other.as_str())];
    let changed = one.replace("select x from a", "select x + 1 from a");
    let fixture = Fixture::pair(&files, &[("one.sql", &changed)]);
    assert!(fixture.verdict("impact").contains("not_reached audit"), "{}", fixture.verdict("impact"));
}

#[test]
fn the_macro_of_a_hook_can_change_what_a_table_holds() {
    let files = [
        PROJECT,
        ("macros/clean.sql", "{% macro clean() %}delete from {{ this }} where x = 1{% endmacro %}"),
        ("models/revenue.sql", "{{ config(post_hook='{{ clean() }}') }} select 1 as x"),
        ("models/other.sql", "select 1 as x"),
    ];
    let change = [("macros/clean.sql", "{% macro clean() %}delete from {{ this }} where x = 2{% endmacro %}")];
    assert_eq!(audit(&files, &change).0, "unknown");
    assert_eq!(audit(&files, &[("models/other.sql", "select 2 as x")]).0, "not_reached");
}

/// One job is surely reached, two may be, and of one of these nobody knows by which way.
#[test]
fn a_message_tells_what_is_reached_from_what_may_be() {
    let asks = "{% set found = run_query('select name from tables') %}\nselect 1 as x\n\
                {% for row in found.rows %} union all select x from {{ row[0] }} {% endfor %}";
    let job =
        |name: &str, reads: &str, owner: &str| format!("  - {{ name: {name}, owner: {owner}, reads: [{reads}] }}\n");
    let settings = [
        "version: 1\njobs:\n".to_owned(),
        job("sure", "b", "ann"),
        job("perhaps", "c", "ann"),
        job("alone", "c", "bob"),
    ];
    let files = [
        ("headsup.yml", &*settings.concat()),
        PROJECT,
        ("models/a.sql", "select 1 as x"),
        ("models/b.sql", "select x from {{ ref('a') }}"),
        ("models/c.sql", asks),
    ];
    let report = Fixture::pair(&files, &[("models/a.sql", "select 2 as x")]).json("impact");
    let shown: Vec<String> = list(&report["headsups"])
        .iter()
        .map(|headsup| format!("{}: {} | {}", word(&headsup["owner"]), word(&headsup["subject"]), headsup["what"]))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    ann: a change to a reaches sure, and may reach 1 more of your jobs | ["a: column x may differ: the expression changed from `1` to `2`"]
    bob: a change may reach alone | ["a: column x may differ: the expression changed from `1` to `2`"]
    "#);
}

#[test]
fn what_a_hook_puts_into_its_table_reaches_who_reads_the_table() {
    let hooks = [
        "insert into {{ this }} (x) select x from {{ ref(\"corrections\") }}",
        "insert into {{ this }} (x) select x from {{ this.schema }}.corrections",
        "update {{ this }} set x = (select max(x) from {{ ref(\"corrections\") }})",
    ];
    for hook in hooks {
        let revenue = format!("{{{{ config(post_hook='{hook}') }}}} select x from {{{{ ref('base') }}}}");
        let files = [
            PROJECT,
            ("models/base.sql", "select 1 as x"),
            ("models/corrections.sql", "select 1 as x"),
            ("models/unread.sql", "select 1 as x"),
            ("models/revenue.sql", revenue.as_str()),
        ];
        assert_eq!(audit(&files, &[("models/corrections.sql", "select 2 as x")]).0, "unknown", "{hook}");
        assert_eq!(audit(&files, &[("models/base.sql", "select 2 as x")]).0, "reached", "{hook}");
        assert_eq!(audit(&files, &[("models/unread.sql", "select 2 as x")]).0, "not_reached", "{hook}");
    }
}
