//! dbt projects, from their source and from manifests.

use serde_json::{Value, json};

use crate::support::{File, Fixture, list, names, word};

/// A bit of everything that a dbt project has.
const PROJECT: &[File] = &[
    (
        "dbt_project.yml",
        "name: shop\nversion: 1.0.0\nprofile: shop\nvars:\n  first_year: 2020\nmodels:\n  shop:\n    marts:\n      \
         +schema: marts\n      +materialized: table\nseeds:\n  shop:\n    +schema: seeds\n",
    ),
    (
        "profiles.yml",
        "shop:\n  target: prod\n  outputs:\n    prod: { type: postgres, dbname: dwh, schema: analytics }\n",
    ),
    (
        "models/sources.yml",
        "sources:\n  - name: raw\n    schema: landing\n    tables:\n      - name: orders\n        columns:\n          \
         - { name: id, tests: [unique, not_null] }\n      - name: people\n",
    ),
    ("seeds/rates.csv", "currency,rate\neur,1.1\n"),
    (
        "snapshots/people.sql",
        "{% snapshot people_history %}\n{{ config(unique_key='id', strategy='check', check_cols='all', target_schema='history') }}\nselect * from {{ source('raw', 'people') }}\n{% endsnapshot %}\n",
    ),
    ("macros/money.sql", "{% macro cents(column) %}({{ column }} / 100.0){% endmacro %}\n"),
    (
        "models/staging/stg_orders.sql",
        "select id, person, {{ cents('amount') }} as amount from {{ source('raw', 'orders') }} where year >= {{ var('first_year') }}",
    ),
    (
        "models/staging/events.sql",
        "{{ config(materialized='incremental', unique_key='id') }}\nselect * from {{ ref('stg_orders') }}\n\
         {% if is_incremental() %}where at > (select max(at) from {{ this }}) and id not in (select id from {{ ref('late') }}){% endif %}",
    ),
    (
        "models/staging/late.sql",
        "select id from {{ source('raw', 'orders') }} where late and '{{ target.name }}' = 'prod'",
    ),
    ("models/marts/dim_people_v1.sql", "select * from {{ ref('people_history') }}"),
    ("models/marts/dim_people_v2.sql", "select *, 1 as one from {{ ref('people_history') }}"),
    (
        "models/marts/revenue.sql",
        "select sum(o.amount * r.rate) as revenue from {{ ref('shop', 'stg_orders') }} o join {{ ref('rates') }} r using (currency)",
    ),
    ("models/marts/people.sql", "select * from {{ ref('dim_people', v=1) }} where '{{ env_var(\"SECRET\") }}' <> ''"),
    (
        "models/marts/marts.yml",
        "groups:\n  - name: finance\n    owner: { name: Finance, email: finance@example.com }\nmodels:\n  - name: revenue\n    \
         group: finance\n    config: { meta: { critical: true } }\n  - name: dim_people\n    latest_version: 2\n    versions:\n      \
         - v: 1\n      - v: 2\nexposures:\n  - name: audience\n    type: dashboard\n    owner: { name: Marketing, email: marketing@example.com }\n    \
         depends_on: [ref('people')]\n",
    ),
];

fn changed(path: &str, text: &str) -> Fixture {
    Fixture::pair(PROJECT, &[(path, text)]).with("SECRET", "hunter2")
}

#[test]
fn a_project_is_read_without_dbt() {
    let fixture = Fixture::new(PROJECT);
    insta::assert_snapshot!(fixture.graph(), @"
    dim_people_v1: model, open ← people_history
    dim_people_v2: model, open ← people_history
    events: model, open ← late, stg_orders
    late: model, columns ← raw.orders
    people: model, open ← dim_people_v1
    people_history: snapshot, open ← raw.people
    rates: seed, columns
    raw.orders: source, open
    raw.people: source, open
    revenue: model, columns ← stg_orders, rates
    stg_orders: model, columns ← raw.orders
    ");
    insta::assert_snapshot!(fixture.diagnostics(), @"");
}

#[test]
fn jobs_are_exposures_and_critical_models() {
    insta::assert_snapshot!(Fixture::new(PROJECT).text("jobs"), @"
    audience
      owner     Marketing (owner of the exposure)
      told by   nothing: no channel is set
      hears of  what is reachable, also where it cannot be told (the default)
      reads     people (4 tables upstream)
      from      models/marts/marts.yml:14

    revenue  critical
      owner     Finance (group of the model)
      told by   nothing: no channel is set
      hears of  what is reachable, also where it cannot be told (the default)
      reads     revenue (4 tables upstream)
      from      models/marts/revenue.sql:1

    2 jobs, 1 critical.
    ");
}

#[test]
fn macros_vars_sources_and_seeds_reach_what_uses_them() {
    let cents = changed("macros/money.sql", "{% macro cents(column) %}round({{ column }} / 100.0, 2){% endmacro %}\n");
    insta::assert_snapshot!(cents.verdict("impact"), @"
    modified stg_orders: revalued amount
    not_reached audience
    reached revenue by stg_orders → revenue
    ");
    let comment = changed(
        "macros/money.sql",
        "{# money #}\n{% macro cents(column) -%}\n({{ column }} / 100.0)\n{%- endmacro %}\n",
    );
    insta::assert_snapshot!(comment.verdict("impact"), @"
    not_reached audience
    not_reached revenue
    ");
    let project = PROJECT[0].1.replace("2020", "2021");
    insta::assert_snapshot!(changed("dbt_project.yml", &project).verdict("impact"), @"
    modified stg_orders: rows_removed
    not_reached audience
    reached revenue by stg_orders → revenue
    ");
    insta::assert_snapshot!(changed("seeds/rates.csv", "currency,rate\neur,1.2\n").verdict("impact"), @"
    modified rates: revalued rate
    not_reached audience
    reached revenue by rates → revenue
    ");
    let moved = PROJECT[2].1.replace("landing", "lake");
    insta::assert_snapshot!(changed("models/sources.yml", &moved).verdict("impact"), @"
    modified raw.orders: unspecified, moved
    modified raw.people: unspecified, moved
    reached audience by raw.people → people_history → dim_people_v1 → people
    reached revenue by raw.orders → stg_orders → revenue
    ");
}

#[test]
fn both_branches_of_an_incremental_model_count() {
    let late = changed("models/staging/late.sql", "select id from {{ source('raw', 'orders') }}");
    assert_eq!(names(&late.json("impact")["relations"], "relation"), ["events", "late"]);
    let filter = PROJECT[7].1.replace("max(at)", "min(at)");
    insta::assert_snapshot!(changed("models/staging/events.sql", &filter).verdict("impact"), @"
    modified events: rows_removed, rows_added
    not_reached audience
    not_reached revenue
    ");
}

#[test]
fn configuration_is_a_change_and_documentation_is_none() {
    let events = PROJECT[7].1.replace("unique_key='id'", "unique_key=['id', 'at']");
    let report = changed("models/staging/events.sql", &events).json("impact");
    insta::assert_snapshot!(report["changes"][0]["effects"], @r#"[{"effect":"rows_duplicated","detail":"unique_key: id → [\"id\",\"at\"]"},{"effect":"rows_removed","detail":"unique_key: id → [\"id\",\"at\"]"},{"effect":"rows_added","detail":"unique_key: id → [\"id\",\"at\"]"},{"effect":"revalued","detail":"unique_key: id → [\"id\",\"at\"]"},{"effect":"config","detail":"unique_key: id → [\"id\",\"at\"]"}]"#);
    let view = PROJECT[0].1.replace("+materialized: table", "+materialized: view");
    insta::assert_snapshot!(changed("dbt_project.yml", &view).verdict("impact"), @"
    modified dim_people_v1: config
    modified dim_people_v2: config
    modified people: config
    modified revenue: config
    reached audience by people
    reached revenue by revenue
    ");
    let documented = PROJECT[13].1.replace("  - name: revenue\n", "  - name: revenue\n    description: what came in\n");
    assert_ne!(documented, PROJECT[13].1);
    let report = changed("models/marts/marts.yml", &documented).json("impact");
    assert_eq!((list(&report["changes"]), &report["files_changed"]), (&[][..], &json!(1)));
}

#[test]
fn the_environment_never_leaks() {
    let fixture = changed(
        "models/marts/people.sql",
        "select '{{ env_var(\"SECRET\") }}' as x from {{ ref('dim_people', v=1) }} where {{ nope(env_var('SECRET')) }}",
    );
    for command in ["impact", "impact -v", "models -v", "jobs -v", "doctor -v"] {
        for format in ["text", "markdown", "json"] {
            let run = fixture.run(&format!("{command} --format {format}"));
            assert_eq!(run.code, 0, "{}", run.stderr);
            assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"), "{command} {format}");
        }
    }
    let people = changed("notes.md", "x").json("impact");
    assert_eq!(people["changes"], json!([]), "a placeholder is the same on both sides");
}

#[test]
fn settings_let_a_variable_of_the_environment_in() {
    let base = [
        ("dbt_project.yml", "name: shop\n"),
        ("headsup.yml", "version: 1\nallow_env: [TABLE]\n"),
        ("models/a.sql", "select * from {{ env_var('TABLE') }}"),
    ];
    let fixture = Fixture::new(&base).with("TABLE", "lake.orders");
    insta::assert_snapshot!(fixture.graph(), @"
    a: model, open ← lake.orders
    lake.orders: external, open
    ");
    let not_allowed = Fixture::new(&[base[0], base[2]]).with("TABLE", "lake.orders");
    assert!(!not_allowed.graph().contains("lake"), "{}", not_allowed.graph());
}

#[test]
fn packages_are_part_of_the_project() {
    let kit = [
        ("dbt_packages/kit/dbt_project.yml", "name: kit\n"),
        ("dbt_packages/kit/macros/twice.sql", "{% macro twice(x) %}({{ x }} * 2){% endmacro %}"),
        ("dbt_packages/kit/models/calendar.sql", "select 1 as day"),
    ];
    let own = [
        (".gitignore", "dbt_packages/\n"),
        ("dbt_project.yml", "name: shop\n"),
        ("packages.yml", "packages:\n  - package: example/kit\n    version: 1.0.0\n"),
        (
            "models/a.sql",
            "select {{ kit.twice('day') }} as x from {{ ref('calendar') }} join {{ ref('kit', 'calendar') }} using (day)",
        ),
    ];
    let fixture = Fixture::pair(&own, &[("models/b.sql", "select * from {{ ref('a') }}")]);
    for (path, text) in kit {
        fixture.write(path, text);
    }
    insta::assert_snapshot!(fixture.graph(), @"
    a: model, columns ← calendar
    b: model, columns ← a
    calendar: model, columns
    ");
    assert_eq!(names(&fixture.json("impact")["changes"], "relation"), ["b"]);
}

#[test]
fn a_missing_macro_lowers_the_rung_and_loses_no_reader() {
    let base = [
        PROJECT,
        &[(
            "models/marts/revenue.sql",
            "select {{ gone.magic('x') }} from {{ ref('stg_orders') }} join {{ source('raw', 'people') }} using (id)",
        )],
    ]
    .concat();
    let fixture = Fixture::pair(&base, &[("models/staging/stg_orders.sql", "select 1 as id")]);
    let line = fixture.graph().lines().find(|line| line.starts_with("revenue:")).map(str::to_owned);
    insta::assert_snapshot!(line.unwrap_or_default(), @"revenue: model, refs ← stg_orders, raw.people");
    insta::assert_snapshot!(fixture.diagnostics(), @"unknown-macro models/marts/revenue.sql:1:15 `revenue` cannot be rendered: undefined has no method named magic; `gone.magic` is no macro that is known here");
    insta::assert_snapshot!(fixture.verdict("impact"), @"
    modified stg_orders: removed amount, removed person, rows_removed, rows_added, revalued id
    not_reached audience
    reached revenue by stg_orders → revenue
    ");
    let inside = Fixture::pair(
        &base,
        &[("models/marts/revenue.sql", "select {{ gone.magic('y') }} from {{ ref('stg_orders') }}")],
    );
    insta::assert_snapshot!(inside.verdict("impact"), @"
    modified revenue: unspecified
    not_reached audience
    unknown revenue by revenue
    ");
}

#[test]
fn projects_of_different_kinds_are_one_graph() {
    let below: Vec<(String, &str)> = PROJECT.iter().map(|(path, text)| (format!("transform/{path}"), *text)).collect();
    let mut base: Vec<File> = below.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    base.push(("jobs/export.sql", "create table export.revenue as select * from analytics_marts.revenue"));
    base.push(("jobs/feed.sql", "insert into landing.orders select * from shop.orders"));
    base.push((
        "headsup.yml",
        "version: 1\njobs:\n  - { name: bank_feed, owner: treasury@example.com, reads: [export.revenue] }\n",
    ));
    let change = [("transform/models/staging/stg_orders.sql", "select 1 as id")];
    let fixture = Fixture::pair(&base, &change);
    insta::assert_snapshot!(fixture.verdict("impact"), @"
    modified stg_orders: removed amount, removed person, rows_removed, rows_added, revalued id
    not_reached audience
    reached bank_feed by stg_orders → revenue → export.revenue
    reached revenue by stg_orders → revenue
    ");
    let feed =
        Fixture::pair(&base, &[("jobs/feed.sql", "insert into landing.orders select * from shop.orders where ok")]);
    insta::assert_snapshot!(feed.verdict("impact"), @"
    modified landing.orders: rows_removed
    not_reached audience
    reached bank_feed by landing.orders → raw.orders → stg_orders → revenue → export.revenue
    reached revenue by landing.orders → raw.orders → stg_orders → revenue
    ");
    let kinds: Vec<String> = list(&fixture.json("doctor")["projects"])
        .iter()
        .map(|project| format!("{} {} {}", word(&project["path"]), word(&project["kind"]), project["models"]))
        .collect();
    insta::assert_snapshot!(kinds.join("\n"), @"
    transform dbt 9
    . sql 2
    ");
}

#[test]
fn a_cycle_of_refs_ends() {
    let base = [
        ("dbt_project.yml", "name: shop\n"),
        ("models/a.sql", "select * from {{ ref('b') }}"),
        ("models/b.sql", "select * from {{ ref('a') }} join {{ ref('c') }} using (id)"),
        ("models/c.sql", "select 1 as id"),
    ];
    let fixture = Fixture::pair(&base, &[("models/c.sql", "select 2 as id")]);
    assert_eq!(names(&fixture.json("impact")["relations"], "relation"), ["a", "b", "c"]);
    assert!(fixture.diagnostics().contains("cycle "), "{}", fixture.diagnostics());
}

/// A manifest with a source, two models, a seedless chain and an exposure.
fn manifest(stg_orders: &str) -> String {
    let model = |name: &str, sql: &str, parents: &[&str]| {
        json!({
            "unique_id": format!("model.shop.{name}"),
            "resource_type": "model",
            "package_name": "shop",
            "name": name,
            "alias": name,
            "database": "dwh",
            "schema": "analytics",
            "original_file_path": format!("models/{name}.sql"),
            "language": "sql",
            "raw_code": sql,
            "compiled_code": sql,
            "relation_name": format!("\"dwh\".\"analytics\".\"{name}\""),
            "config": { "materialized": "table", "enabled": true, "meta": {} },
            "depends_on": { "nodes": parents, "macros": [] },
            "columns": {},
            "meta": {},
        })
    };
    let nodes: Vec<Value> = vec![
        model("stg_orders", stg_orders, &["source.shop.raw.orders"]),
        model("revenue", "select sum(x) as x from \"dwh\".\"analytics\".\"stg_orders\"", &["model.shop.stg_orders"]),
    ];
    let nodes: serde_json::Map<String, Value> =
        nodes.into_iter().map(|node| (word(&node["unique_id"]), node)).collect();
    json!({
        "metadata": {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
            "project_name": "shop",
            "adapter_type": "postgres",
        },
        "nodes": nodes,
        "sources": { "source.shop.raw.orders": {
            "unique_id": "source.shop.raw.orders", "resource_type": "source", "package_name": "shop",
            "source_name": "raw", "name": "orders", "identifier": "orders", "database": "dwh", "schema": "landing",
            "original_file_path": "models/sources.yml", "columns": {}, "config": { "enabled": true }, "meta": {},
        } },
        "exposures": { "exposure.shop.audit": {
            "unique_id": "exposure.shop.audit", "resource_type": "exposure", "package_name": "shop", "name": "audit",
            "type": "dashboard", "owner": { "name": "Finance", "email": "finance@example.com" },
            "original_file_path": "models/exposures.yml", "depends_on": { "nodes": ["model.shop.revenue"] },
            "meta": { "critical": true }, "config": { "enabled": true },
        } },
        "groups": {}, "macros": {}, "metrics": {}, "disabled": {},
    })
    .to_string()
}

#[test]
fn manifests_are_read_in_place_of_the_source() {
    let fixture = Fixture::new(&[("notes.md", "nothing here")]);
    fixture.write("../base.json", manifest("select x from dwh.landing.orders"));
    fixture.write("../head.json", manifest("select x from dwh.landing.orders where paid"));
    insta::assert_snapshot!(fixture.graph_of("models --manifest ../head.json"), @"
    raw.orders: source, open
    revenue: model, columns ← stg_orders
    stg_orders: model, columns ← raw.orders
    ");
    insta::assert_snapshot!(fixture.verdict("impact --base HEAD --base-manifest ../base.json --manifest ../head.json"), @"
    modified stg_orders: rows_removed
    reached audit by stg_orders → revenue
    ");
    let same = "impact --base HEAD --base-manifest ../head.json --manifest ../head.json";
    assert_eq!(fixture.verdict(same), "not_reached audit");
    insta::assert_snapshot!(fixture.error("models --manifest ../none.json"), @"
    exit 3
    error: cannot read the manifest ../none.json
      because No such file or directory (os error 2)
    ");
    fixture.write("../broken.json", "{\"metadata\": ");
    insta::assert_snapshot!(fixture.error("doctor --manifest ../broken.json"), @"
    exit 3
    error: cannot read the manifest ../broken.json:1:13: the file is not valid JSON
    hint: write it again with `dbt parse` or `dbt compile`
    ");
    fixture.write("../other.json", "{\"metadata\": {}}");
    insta::assert_snapshot!(fixture.error("impact --base HEAD --manifest ../head.json --base-manifest ../other.json"), @"
    exit 3
    error: cannot read the manifest ../other.json: the file does not say that it is a dbt manifest
    hint: point to the manifest.json in dbt's target directory
    ");
    assert!(fixture.error("impact --base HEAD --manifest ../broken.json").starts_with("exit 3\n"));
}

#[test]
fn one_manifest_cannot_stand_for_two_versions() {
    let fixture = changed("models/staging/late.sql", "select 1 as id");
    fixture.write("../head.json", manifest("select x from dwh.landing.orders"));
    insta::assert_snapshot!(fixture.error("impact --manifest ../head.json"), @"
    exit 2
    error: models/staging/late.sql differs, and --manifest says only what its project is in head
    hint: give base's manifest with --base-manifest, or leave both out to read the project from its source
    ");
    let elsewhere = Fixture::pair(
        &[("load.sql", "create table dwh.landing.orders as select 1 as x")],
        &[("load.sql", "create table dwh.landing.orders as select 2 as x")],
    );
    elsewhere.write("../head.json", manifest("select x from dwh.landing.orders"));
    insta::assert_snapshot!(elsewhere.verdict("impact --manifest ../head.json"), @"
    modified dwh.landing.orders: revalued x
    reached audit by dwh.landing.orders → raw.orders → stg_orders → revenue
    ");
}

#[test]
fn settings_name_a_manifest_in_the_repository() {
    let settings = ("headsup.yml", "version: 1\nprojects:\n  - { kind: manifest, path: target/manifest.json }\n");
    let (before, after) = (manifest("select x from dwh.landing.orders"), manifest("select y from dwh.landing.orders"));
    let fixture = Fixture::pair(&[settings, ("target/manifest.json", &before)], &[("target/manifest.json", &after)]);
    insta::assert_snapshot!(fixture.verdict("impact"), @"
    modified stg_orders: removed x, added y
    reached audit by stg_orders → revenue
    ");
}
