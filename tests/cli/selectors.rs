//! Selections as dbt users write them, in arguments and in `selectors.yml`; what each picks is what
//! `dbt ls` of dbt 1.11 lists.

use crate::support::{File, Fixture, names};

const SELECTORS: &str = "
selectors:
- {name: finance, definition: 'group:finance'}
- name: staging
  definition:
    union:
    - {method: path, value: models/staging}
    - 'tag:nightly'
    - exclude: [stg_customers]
- name: both
  definition:
    intersection:
    - {method: fqn, value: '*'}
    - '@source:raw'
    - {method: selector, value: staging}
- {name: children, definition: {method: fqn, value: stg_orders, children: true, children_depth: 1}}
- {name: parents, definition: {method: fqn, value: report, parents: true, exclude: [{method: resource_type, value: source}]}}
- {name: nightly, definition: {tag: nightly}}
- {name: either, definition: 'stg_orders+1,path:models/marts report'}
- {name: none, definition: {tag: nobody}}
- {name: modified, definition: {method: state, value: modified}}
- {name: itself, definition: {method: selector, value: itself}}
";

const PROJECT: [File; 9] = [
    (
        "dbt_project.yml",
        "name: shop\nmodels:\n  shop:\n    marts:\n      +group: finance\n      +materialized: table\n",
    ),
    ("requirements.txt", "dbt-postgres\n"),
    ("selectors.yml", SELECTORS),
    ("models/staging/stg_orders.sql", "select id, customer from {{ source('raw', 'orders') }}"),
    ("models/staging/stg_customers.sql", "select 1 as customer"),
    ("models/marts/orders.sql", "{{ config(tags='nightly', access='public') }} select id from {{ ref('stg_orders') }}"),
    ("models/marts/people_v1.sql", "select customer from {{ ref('stg_customers') }}"),
    ("models/marts/report.sql", "select id from {{ ref('orders') }}"),
    (
        "models/m.yml",
        "groups: [{name: finance, owner: {name: F}}]\nsources: [{name: raw, tables: [{name: orders}]}]\n\
         models: [{name: people, versions: [{v: 1}]}]\n\
         semantic_models:\n- {name: o, model: \"ref('orders')\", measures: [{name: n, agg: sum, expr: id}]}\n\
         metrics: [{name: number, type: simple, type_params: {measure: n}}]\n",
    ),
];

#[track_caller]
fn check(fixture: &Fixture, selector: &str, expected: &str) {
    let report = fixture.json(&format!("models {selector}"));
    assert_eq!(names(&report["relations"], "relation").join(" "), expected, "{selector}");
}

#[test]
fn methods_pick_what_they_pick_in_dbt() {
    let fixture = Fixture::folder(&PROJECT);
    for (selector, expected) in [
        ("group:finance", "orders people_v1 report"),
        ("access:public", "orders"),
        ("access:protected", "people_v1 report stg_customers stg_orders"),
        ("config.materialized:table", "orders people_v1 report"),
        ("config.tags:nightly", "orders"),
        ("resource_type:source", "raw.orders"),
        ("package:shop", "orders people_v1 raw.orders report stg_customers stg_orders"),
        ("package:this", "orders people_v1 raw.orders report stg_customers stg_orders"),
        ("fqn:shop.marts.*", "orders people_v1 report"),
        ("fqn:staging", "stg_customers stg_orders"),
        ("fqn:people", "people_v1"),
        ("file:report.sql", "report"),
        ("stg_orders+1", "orders stg_orders"),
        ("2+report", "orders report stg_orders"),
        ("metric:number", "orders"),
        ("tag:nightly report", "orders report"),
    ] {
        check(&fixture, selector, expected);
    }
}

#[test]
fn selections_of_a_project_are_asked_for_by_name() {
    let fixture = Fixture::folder(&PROJECT);
    for (selector, expected) in [
        ("finance", "orders people_v1 report"),
        ("staging", "orders stg_orders"),
        ("both", "orders stg_orders"),
        ("children", "orders stg_orders"),
        ("parents", "orders report stg_orders"),
        ("nightly", "orders"),
        ("either", "orders report"),
    ] {
        check(&fixture, &format!("selector:{selector}"), expected);
    }
    let depends = fixture.json("depends selector:nightly");
    assert_eq!(names(&depends["downstream"], "relation"), ["report"]);
    assert_eq!(names(&depends["jobs"], "job"), ["metric:number", "semantic_model:o"]);
}

#[test]
fn a_selection_that_means_nothing_is_told() {
    let fixture = Fixture::folder(&PROJECT);
    for (selector, expected) in [
        ("selector:financ", "no selector is called `financ`\nhint: did you mean `finance`?"),
        ("selector:none", "`selector:none` selects no table"),
        (
            "selector:modified",
            "the selector `modified` is not understood: the selector `state:` of dbt is not understood",
        ),
        ("selector:itself", "the selector `itself` is defined by itself"),
        ("group:nobody", "`group:nobody` selects no table"),
    ] {
        let error = fixture.error(&format!("models {selector}"));
        assert!(error.contains(expected), "{error}");
    }
}
