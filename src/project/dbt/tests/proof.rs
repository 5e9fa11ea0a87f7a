//! Which tests prove that a column is a key.

use headsup_lineage::name::{ColumnName, Quoting};

use super::*;
use crate::project::dbt::Remembered;

/// How many keys a model, one of its versions and a source have by a test each, within a project that says more of tests.
fn keys(test: &str, project: &str, more: &[(&str, &str)]) -> [usize; 3] {
    let project = format!("name: shop\nconfig-version: 2\n{project}");
    let properties = format!(
        "models:\n- name: c\n  columns: [{{name: id, data_tests: [{test}]}}]\n- name: v\n  versions: [{{v: 1, columns: [{{name: id, tests: [{test}]}}]}}]\n\
         sources:\n- name: raw\n  tables: [{{name: t, columns: [{{name: id, tests: [{test}]}}]}}]\n"
    );
    let mut files = vec![
        ("dbt_project.yml", project.as_str()),
        ("models/core/c.sql", "select 1 as id"),
        ("models/core/v_v1.sql", "select 1 as id"),
        ("models/core/p.yml", &properties),
    ];
    files.extend(more);
    let read = given(&files);
    ["model.shop.c", "model.shop.v.v1", "source.shop.raw.t"].map(|id| read.relation(id).schema.keys.len())
}

#[test]
fn a_test_proves_something_where_a_single_row_makes_it_fail() {
    for test in [
        "unique",
        "dbt.unique",
        "unique: {severity: ERROR, where: null}",
        "unique: {config: {severity: error, enabled: true, error_if: '> 0', limit: 10, store_failures: true}}",
        "unique: {config: {warn_if: '>10', error_if: '!= 0', fail_calc: 'count(*)'}}",
        "unique: {config: {enabled: \"{{ (var('testing', true)) | as_bool }}\", severity: \"{{ var('how', 'error') }}\"}}",
    ] {
        assert_eq!(keys(&format!("{{{}}}", object(test)), "", &[]), [1; 3], "{test}");
    }
    for test in [
        "unique: {config: {severity: warn}}",
        "unique: {config: {severity: \"{{ env_var('SEVERITY', 'error') }}\"}}",
        "unique: {config: {enabled: false}}",
        "unique: {config: {enabled: \"{{ var('testing', false) | as_bool }}\"}}",
        "unique: {config: {severity: \"{{ var('how', 'warn') }}\"}}",
        "unique: {config: {enabled: \"{{ target.name == 'ci' }}\"}}",
        "unique: {config: {error_if: '>100'}}",
        "unique: {error_if: '>100'}",
        "unique: {config: {fail_calc: 'max(n)'}}",
        "unique: {config: {limit: 0}}",
        "unique: {config: {where: 'id > 5'}}",
        "ours.unique",
    ] {
        assert_eq!(keys(&format!("{{{}}}", object(test)), "", &[]), [0; 3], "{test}");
    }
}

/// A test that is given nothing is a name alone.
fn object(test: &str) -> String {
    if test.contains(':') { test.to_owned() } else { format!("{test}: null") }
}

#[test]
fn a_project_configures_its_tests_by_folder() {
    const PLAIN: &str = "unique";
    for project in [
        "data_tests: {+severity: warn}\n",
        "tests: {+enabled: false}\n",
        "tests: {shop: {core: {severity: warn}}}\n",
        "data_tests: {shop: {+error_if: '>10'}}\n",
        "data_tests: {+where: \"updated_at > current_date - 3\"}\n",
        "data_tests: {+severity: \"{{ 'error' if target.name == 'prod' else 'warn' }}\"}\n",
    ] {
        assert_eq!(keys(PLAIN, project, &[]), [0; 3], "{project}");
        // What a test says itself is nearer.
        let own = "unique: {config: {severity: error, enabled: true, error_if: '>0', where: null}}";
        let expected = if project.contains("{{") { [0; 3] } else { [1; 3] };
        assert_eq!(keys(&format!("{{{own}}}"), project, &[]), expected, "{project}");
    }
    for project in [
        "data_tests: {+store_failures: true}\n",
        "data_tests: {shop: {marts: {+severity: warn}}}\n",
        "data_tests: {dbt_utils: {+severity: warn}}\n",
        "data_tests: {+severity: warn, shop: {core: {+severity: error}}}\n",
        "data_tests: {+severity: \"{{ var('severity', 'error') }}\"}\n",
    ] {
        assert_eq!(keys(PLAIN, project, &[]), [1; 3], "{project}");
    }
    assert_eq!(keys(PLAIN, "data_tests: {shop: {core: {unique_c_id: {+severity: warn}}}}\n", &[]), [0, 1, 1]);
    assert_eq!(
        keys(PLAIN, "data_tests: {shop: {core: {source_unique_raw_t_id: {+severity: warn}}}}\n", &[]),
        [1, 1, 0]
    );
}

#[test]
fn a_test_that_the_project_writes_anew_proves_nothing() {
    let body = "(model, column_name) %}select 1 where 1 = 0";
    for (path, head, end) in [
        ("tests/generic/u.sql", "{% test unique", "{% endtest %}"),
        ("macros/u.sql", "{%- data_test unique", "{% enddata_test %}"),
        ("macros/u.sql", "{% macro test_unique", "{% endmacro %}"),
        ("macros/u.sql", "{% macro default__test_unique", "{% endmacro %}"),
    ] {
        assert_eq!(keys("unique", "", &[(path, &format!("{head}{body}{end}"))]), [0; 3], "{path} {head}");
    }
    // Another test, one of a single table, and no test at all.
    for (path, text) in [
        ("tests/generic/u.sql", format!("{{% test not_null{body}{{% endtest %}}")),
        ("tests/u.sql", format!("{{% test unique{body}{{% endtest %}}")),
        ("macros/u.sql", "{% docs unique %}{% enddocs %}{% macro unique() %}{% endmacro %}".to_owned()),
    ] {
        assert_eq!(keys("unique", "", &[(path, &text)]), [1; 3], "{path} {text}");
    }
}

#[test]
fn a_test_that_comes_to_prove_nothing_is_known_in_the_next_version() {
    let remembered = Remembered::default();
    let keys = |project: &str, more: &[(&str, &str)]| {
        let mut files = vec![
            ("dbt_project.yml", project),
            ("models/c.sql", "select 1 as id"),
            (
                "models/p.yml",
                "models: [{name: c, columns: [{name: id, tests: [unique]}]}]\nsources: [{name: raw, tables: [{name: t, columns: [{name: id, tests: [unique]}]}]}]\n",
            ),
        ];
        files.extend(more);
        let dialect = Some(Dialect::DuckDb);
        let read = with(&files, &Options { dialect, remembered: Some(&remembered), ..Options::default() });
        ["model.shop.c", "source.shop.raw.t"].map(|id| read.relation(id).schema.keys.len())
    };
    let replaced = [("tests/generic/u.sql", "{% test unique(model, column_name) %}select 1{% endtest %}")];
    assert_eq!(keys("name: shop\n", &[]), [1; 2]);
    assert_eq!(keys("name: shop\n", &replaced), [0; 2]);
    assert_eq!(keys("name: shop\n", &[]), [1; 2]);
    assert_eq!(keys("name: shop\ntests: {+severity: warn}\n", &[]), [0; 2]);
    assert_eq!(keys("name: shop\n", &[]), [1; 2]);
}

#[test]
fn a_column_in_quotes_is_tested_as_it_is_written() {
    let key = |column: &str| {
        let properties = format!("models: [{{name: c, columns: [{{{column}, tests: [unique]}}]}}]\n");
        let files = [("models/c.sql", "select 1 as id"), ("models/p.yml", properties.as_str())];
        let read = with(&files, &Options { dialect: Some(Dialect::Snowflake), ..Options::default() });
        let relation = read.relation("model.shop.c");
        let id = ColumnName::new(Dialect::Snowflake, "id", Quoting::Bare);
        relation.schema.keys[0].columns == [id]
    };
    assert!(key("name: id") && key("name: ID, quote: true") && key("name: id, quote: false"));
    assert!(!key("name: id, quote: true"));
}
