//! Models that are added to: what a change of how they are kept does to their rows.

use crate::support::{File, Fixture};

const SETTINGS: &str = "version: 1\njobs:\n  - { name: audit, owner: ann@example.com, reads: [revenue] }\n  \
                        - { name: names, owner: ann@example.com, reads: [revenue], columns: { revenue: [kind] } }\n";

/// What `impact` says of a model whose configuration and text differ.
fn verdict(before: (&str, &str), after: (&str, &str)) -> String {
    let model = |(config, text): (&str, &str)| format!("{{{{ config({config}) }}}}\n{text}");
    let (before, after) = (model(before), model(after));
    let files: [File; 4] = [
        ("headsup.yml", SETTINGS),
        ("dbt_project.yml", "name: shop\n"),
        ("models/t.sql", "select 1 as x, 'a' as kind, 2 as day"),
        ("models/revenue.sql", &before),
    ];
    Fixture::pair(&files, &[("models/revenue.sql", &after)]).verdict("impact")
}

const WHOLE: &str = "select x, kind, day from {{ ref('t') }}";
const ADDED: &str = "select x, kind, day from {{ ref('t') }}\n\
                     {% if is_incremental() %} where day > (select max(day) from {{ this }}) {% endif %}";
const INCREMENTAL: &str = "materialized='incremental', unique_key='x', incremental_strategy='merge'";

#[test]
fn a_table_that_is_built_anew_now_loses_what_earlier_runs_left() {
    insta::assert_snapshot!(verdict((INCREMENTAL, ADDED), ("materialized='table'", ADDED)), @"
    modified revenue: rows_removed, rows_added, revalued, config
    reached audit by revenue
    reached names by revenue
    ");
    insta::assert_snapshot!(verdict((INCREMENTAL, ADDED), ("materialized='view', unique_key='x'", WHOLE)), @"
    modified revenue: rows_removed, rows_added, revalued, config
    reached audit by revenue
    reached names by revenue
    ");
    let other = WHOLE.replace("x,", "x + 1 as x,");
    insta::assert_snapshot!(verdict((INCREMENTAL, ADDED), ("materialized='table'", &other)), @"
    modified revenue: rows_removed, rows_added, revalued, revalued x, config
    reached audit by revenue
    reached names by revenue
    ");
}

#[test]
fn a_table_that_is_added_to_now_may_have_rows_twice_without_a_key() {
    insta::assert_snapshot!(verdict(("materialized='table'", WHOLE), (INCREMENTAL, ADDED)), @"
    modified revenue: rows_removed, rows_added, revalued, config
    reached audit by revenue
    reached names by revenue
    ");
    insta::assert_snapshot!(verdict(("materialized='table'", WHOLE), ("materialized='incremental'", ADDED)), @"
    modified revenue: rows_duplicated, rows_removed, rows_added, revalued, config
    reached audit by revenue
    reached names by revenue
    ");
    let append = "materialized='incremental', unique_key='x', incremental_strategy='append'";
    insta::assert_snapshot!(verdict(("materialized='table'", WHOLE), (append, ADDED)), @"
    modified revenue: rows_duplicated, rows_removed, rows_added, revalued, config
    reached audit by revenue
    reached names by revenue
    ");
}

#[test]
fn what_decides_how_rows_are_added_is_nothing_to_a_table_that_is_built_anew() {
    insta::assert_snapshot!(verdict(("materialized='table', unique_key='x'", WHOLE), ("materialized='view'", WHOLE)), @"
    modified revenue: config
    reached audit by revenue
    reached names by revenue
    ");
}

#[test]
fn a_way_that_is_not_known_may_do_anything() {
    insta::assert_snapshot!(verdict((INCREMENTAL, ADDED), ("materialized='ours'", ADDED)), @"
    modified revenue: rows_duplicated, unspecified, unspecified, unspecified, config, config, config
    reached audit by revenue
    reached names by revenue
    ");
    insta::assert_snapshot!(verdict((INCREMENTAL, ADDED), ("materialized='incremental', unique_key='kind', incremental_strategy='merge'", ADDED)), @"
    modified revenue: rows_duplicated, rows_removed, rows_added, revalued, config
    reached audit by revenue
    reached names by revenue
    ");
}

#[test]
fn how_rows_are_found_again_decides_on_rows_and_values_and_not_on_columns() {
    let way = |more: &str| format!("materialized='incremental'{more}");
    let verdict = |before: &str, after: &str| {
        let told = verdict((&way(before), ADDED), (&way(after), ADDED));
        told.lines().next().unwrap_or_default().to_owned()
    };
    insta::assert_snapshot!(verdict("", ", unique_key='x'"), @"modified revenue: rows_removed, rows_added, revalued, config");
    insta::assert_snapshot!(verdict(", unique_key='x'", ""), @"modified revenue: rows_duplicated, rows_removed, rows_added, revalued, config");
    let keyed = |strategy: &str| format!(", unique_key='x', incremental_strategy='{strategy}'");
    insta::assert_snapshot!(verdict(&keyed("append"), &keyed("delete+insert")), @"modified revenue: rows_removed, rows_added, revalued, config");
    insta::assert_snapshot!(verdict(&keyed("merge"), &keyed("append")), @"modified revenue: rows_duplicated, rows_removed, rows_added, revalued, config");
    insta::assert_snapshot!(verdict(", incremental_strategy='insert_overwrite'", ", incremental_strategy='merge'"), @"modified revenue: rows_duplicated, rows_removed, rows_added, revalued, config");
    insta::assert_snapshot!(verdict("", ", incremental_predicates=['day > 1']"), @"modified revenue: rows_removed, rows_added, revalued, config");
    insta::assert_snapshot!(verdict("", ", on_schema_change='append_new_columns'"), @"modified revenue: config");
}

#[test]
fn how_rows_are_stored_is_nothing_to_readers_unless_runs_replace_partitions() {
    let told = |before: &str, after: &str, text: &str| {
        let told = verdict((before, text), (after, text));
        told.lines().next().unwrap_or_default().to_owned()
    };
    for stored in ["partition_by=['day']", "file_format='delta'", "clustered_by=['day'], buckets=4"] {
        for kept in ["materialized='table'", "materialized='view'", INCREMENTAL] {
            let words = told(kept, &format!("{kept}, {stored}"), WHOLE);
            assert!(
                words.starts_with("modified revenue: config") && !words.contains("rows"),
                "{kept} {stored}: {words}"
            );
        }
        for kept in
            ["materialized='incremental', incremental_strategy='insert_overwrite'", "materialized='incremental'"]
        {
            let words = told(kept, &format!("{kept}, {stored}"), ADDED);
            assert!(words.starts_with("modified revenue: rows_removed, "), "{kept} {stored}: {words}");
        }
        // Rows that expire with their partition, or become one with others of it.
        for goes in ["partition_expiration_days=5", "engine='ReplacingMergeTree()'"] {
            let kept = format!("materialized='table', {goes}");
            let words = told(&kept, &format!("{kept}, {stored}"), WHOLE);
            assert!(words.starts_with("modified revenue: rows_removed, "), "{kept} {stored}: {words}");
        }
        let kept = "materialized='table', engine='MergeTree()'";
        assert!(told(kept, &format!("{kept}, {stored}"), WHOLE).starts_with("modified revenue: config"), "{stored}");
        let words = told("materialized='ours'", &format!("materialized='ours', {stored}"), WHOLE);
        assert!(words.starts_with("modified revenue: unspecified"), "{stored}: {words}");
    }
}

#[test]
fn an_incremental_run_of_its_own_is_compared_with_the_one_before() {
    insta::assert_snapshot!(verdict((INCREMENTAL, WHOLE), (INCREMENTAL, ADDED)), @"
    modified revenue: rows_removed
    reached audit by revenue
    reached names by revenue
    ");
    insta::assert_snapshot!(verdict((INCREMENTAL, ADDED), (INCREMENTAL, WHOLE)), @"
    modified revenue: rows_added
    reached audit by revenue
    reached names by revenue
    ");
}

#[test]
fn tables_of_which_the_same_is_said_are_told_together() {
    let models: Vec<String> = (1..=5).map(|number| format!("models/m{number}.sql")).collect();
    let settings = |way: &str| format!("name: shop\nmodels:\n  +materialized: {way}\n  +unique_key: x\n");
    let (before, after) = (settings("incremental"), settings("table"));
    let mut files: Vec<File> = models.iter().map(|path| (path.as_str(), "select 1 as x")).collect();
    files.push(("dbt_project.yml", &before));
    let fixture = Fixture::pair(&files, &[("dbt_project.yml", &after)]);
    insta::assert_snapshot!(fixture.text("impact"), @"
    change → main: 1 file differs, 5 tables changed

      5 tables  materialized: incremental → table, so rows and values that earlier
                runs left may differ: m1, m2, m3 and 2 more

    No other table of the repository is known to read them.

    No jobs are known, so there is nobody to tell. Name the reports that matter
    under `jobs:` in headsup.yml, or as dbt exposures.

    5 models read: 5 with all columns.
    ");
    let full = fixture.text("impact -v");
    assert!(full.contains("m5  materialized: incremental → table"), "{full}");
    let markdown = fixture.text("impact --format markdown");
    assert!(markdown.contains("<summary>5 tables</summary>`m1`, `m2`, `m3`, `m4`, `m5`"), "{markdown}");
}

#[test]
fn what_is_upstream_of_such_a_model_does_not_count() {
    let many: Vec<(String, String)> = (0..12)
        .map(|number| (format!("models/a{number}.sql"), "select 1 as x, 2 as y, 3 as z".to_owned()))
        .chain([("models/m.sql".to_owned(), "select x, y from {{ ref('a1') }}".to_owned())])
        .chain([("models/z.sql".to_owned(), "select x as only from {{ ref('m') }}".to_owned())])
        .collect();
    let settings = |way: &str| format!("name: shop\nmodels:\n  shop:\n    m:\n      +materialized: {way}\n");
    let (before, after) = (settings("incremental"), settings("table"));
    let mut files: Vec<File> = many.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    files.push(("dbt_project.yml", &before));
    let report = Fixture::pair(&files, &[("dbt_project.yml", &after)]).json("impact");
    let reached: Vec<String> =
        crate::support::list(&report["relations"]).iter().map(|one| crate::support::word(&one["relation"])).collect();
    assert_eq!(reached, ["m", "z"]);
}

#[test]
fn a_type_that_a_contract_declares_is_that_of_the_column() {
    let told = |contract: &str, before: &str, after: &str| {
        let yaml = |data_type: &str| {
            format!(
                "models:\n  - name: revenue\n    config: {{ materialized: table{contract} }}\n    columns:\n      \
                 - {{ name: x, data_type: {data_type} }}\n      - {{ name: kind, data_type: text }}\n"
            )
        };
        let (before, after) = (yaml(before), yaml(after));
        let files: [File; 5] = [
            ("headsup.yml", SETTINGS),
            ("dbt_project.yml", "name: shop\n"),
            ("models/t.sql", "select 1 as x, 'a' as kind, 2 as day"),
            ("models/revenue.sql", WHOLE),
            ("models/revenue.yml", &before),
        ];
        Fixture::pair(&files, &[("models/revenue.yml", &after)]).verdict("impact")
    };
    let enforced = ", contract: { enforced: true }";
    insta::assert_snapshot!(told(enforced, "int", "bigint"), @"
    modified revenue: retyped x
    reached audit by revenue
    not_reached names
    ");
    insta::assert_snapshot!(told(enforced, "int", "INT"), @"
    not_reached audit
    not_reached names
    ");
    // Without one it is but a description.
    insta::assert_snapshot!(told("", "int", "bigint"), @"
    not_reached audit
    not_reached names
    ");
}
