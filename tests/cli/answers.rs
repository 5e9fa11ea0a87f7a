//! Templates that write their SQL from the rows of a table: what they read whatever the rows are, and
//! where that cannot be told.

use crate::support::{File, Fixture, list, word};

const SETTINGS: &str =
    "version: 1\njobs:\n  - { name: audit, owner: ann@example.com, criticality: critical, reads: [revenue] }\n";
const SEED: &str = "name,kind\nx,card\ny,cash\n";

/// What the job that reads `revenue`, which is made of `model`, hears when `changed` differs: of `a`, which
/// nobody names, of `asked`, whose rows are asked for, of `t`, which is selected from, of the seed `rules`.
fn reach(model: &str, macros: &str, seed: &str, changed: &str) -> String {
    let files: [File; 8] = [
        ("headsup.yml", SETTINGS),
        ("dbt_project.yml", "name: shop\n"),
        ("macros/m.sql", macros),
        ("models/a.sql", "select 1 as x, 'p' as kind"),
        ("models/asked.sql", "select 1 as x, 'p' as kind"),
        ("models/t.sql", "select 1 as x, 'p' as kind"),
        ("models/revenue.sql", model),
        ("seeds/rules.csv", seed),
    ];
    let (path, after) = match changed {
        "rules" => ("seeds/rules.csv".to_owned(), format!("{seed}z,wire\n")),
        changed => (format!("models/{changed}.sql"), "select 2 as x, 'q' as kind".to_owned()),
    };
    let report = Fixture::pair(&files, &[(&path, &after)]).json("impact");
    let job = list(&report["jobs"]).iter().find(|job| word(&job["job"]) == "audit").unwrap();
    word(&job["reach"])
}

/// Asks for the kinds of `asked`, and goes through the rows.
fn pivot(inside: &str) -> String {
    format!(
        "{{% set found = run_query('select distinct kind from ' ~ ref('asked')) %}}\n\
         {{% if execute %}}{{% set kinds = found.columns[0].values() %}}{{% else %}}{{% set kinds = [] %}}{{% endif %}}\n\
         select x {{% for kind in kinds %}}{inside}{{% endfor %}} from {{{{ ref('t') }}}}"
    )
}

#[test]
fn answers_in_texts_and_names_of_columns_name_no_table() {
    for inside in [
        ", sum(case when kind = '{{ kind }}' then x end) as {{ kind }}_x",
        ", sum(case when kind = '{{ kind | lower }}' then x end) as \"{{ kind }}\"",
        ", x as {{ kind }}",
        "{% if kind == 'card' %}, 1 as card {% else %}, n_{{ kind }} {% endif %}",
        "{% if loop.first %}, '{{ kinds | length }}' as n {% endif %}",
    ] {
        let model = pivot(inside);
        assert_eq!(reach(&model, "", SEED, "a"), "not_reached", "{inside}");
        assert_eq!(reach(&model, "", SEED, "t"), "unknown", "{inside}");
        assert_eq!(reach(&model, "", SEED, "asked"), "unknown", "{inside}");
    }
}

#[test]
fn answers_that_may_be_tables_or_sql_leave_it_in_doubt() {
    for inside in [
        // A query could be the answer.
        ", {{ kind }}",
        ", ({{ kind }}) as y",
        ", max({{ kind }}) as y",
        // A table could.
        ", (select max(x) from {{ kind }}) as y",
        ", (select max(x) from raw.{{ kind }}) as y",
        ", (select max(x) from {{ ref(kind) }}) as y",
        ", (select max(x) from t_{{ kind }}) as y",
        ", (select max(x) from {{ {'p': 'a'}[kind] }}) as y",
        // Only for some answers, which no rendering gave.
        "{% if kind == 'card' %}, (select max(x) from {{ kind }}) as y{% endif %}",
        "{% if kind == 'card' %}, (select max(x) from {{ api.Relation.create(identifier=kind) }}) as y{% endif %}",
        // By way of what another question answers.
        "{% for row in run_query('select y from ' ~ kind) %}, {{ row[0] }}{% endfor %}",
        // By way of a macro.
        ", {{ highest(kind) }} as y",
    ] {
        let model = pivot(inside);
        let macros = "{% macro highest(table) %}(select max(x) from {{ table }}){% endmacro %}";
        assert_eq!(reach(&model, macros, SEED, "a"), "unknown", "{inside}");
    }
}

#[test]
fn tables_that_the_text_names_for_some_answers_are_read() {
    for inside in [
        "{% if kind == 'card' %}, (select max(x) from a) as y{% endif %}",
        "{% if kind == 'card' %}, (select max(x) from {{ ref('a') }}) as y{% endif %}",
        "{% if kinds | length > 7 %}, (select max(x) from shop.a) as y{% endif %}",
        "{% if kind == 'card' %}, ({{ 'select max(x) from ' ~ ref('a') }}) as y{% endif %}",
    ] {
        let model = pivot(inside);
        assert_ne!(reach(&model, "", SEED, "a"), "not_reached", "{inside}");
    }
}

#[test]
fn a_question_is_read_as_well_if_only_another_answer_leads_to_it() {
    let model = pivot(
        "{% if kind %}{% set more = run_query('select max(x) from ' ~ ref('a')) %}, '{{ more }}' as y{% endif %}",
    );
    assert_ne!(reach(&model, "", SEED, "a"), "not_reached");
}

#[test]
fn answers_that_are_no_sql_may_stand_alone() {
    let newest = "{% set found = run_query('select max(x) as x from ' ~ ref('asked')) %}\n\
                  select x from {{ ref('t') }} {% if execute %} where x > {{ found.rows[0]['x'] | int }} {% endif %}";
    assert_eq!(reach(newest, "", SEED, "a"), "not_reached");
    assert_eq!(reach(newest, "", SEED, "asked"), "unknown");
    let macros = "{% macro rules() %}{% call statement('q', fetch_result=True) %} select * from {{ ref('rules') }} \
                  order by kind {% endcall %}{% set out = {} %}{% if execute %}{% for group in \
                  load_result('q').table.rows | groupby('KIND') %}{% set rows = [] %}{% for row in group.list %}\
                  {% do rows.append(row.dict()) %}{% endfor %}{% do out.update({group.grouper: rows}) %}{% endfor %}{% endif %}\
                  {{ return(out) }}{% endmacro %}";
    let model = "-- depends_on: {{ ref('rules') }}\nselect case {% for kind, rows in rules().items() %}{% for row in rows %} \
                 when {{ row['NAME'] }} = 1 then '{{ kind }}' {% endfor %}{% endfor %} end as kind from {{ ref('t') }}";
    assert_eq!(reach(model, macros, SEED, "a"), "not_reached");
    assert_ne!(reach(model, macros, SEED, "rules"), "not_reached");
    let sql = "name,kind\n(select x from a),card\n";
    assert_eq!(reach(model, macros, sql, "a"), "unknown", "a rule that is a query");
}

#[test]
fn a_statement_that_changes_other_tables_leaves_it_in_doubt() {
    let model = "{% do run_query('delete from shop.other') %} select x from {{ ref('t') }}";
    assert_eq!(reach(model, "", SEED, "a"), "unknown");
}
