//! What goes wrong, and how little it takes away.

use headsup_lineage::dialect::Dialect;
use headsup_lineage::relation::{Body, Rung};

use super::given;
use crate::project::dbt::{Options, read};
use crate::snapshot::Snapshot;

#[test]
fn a_missing_macro_leaves_the_refs() {
    let read = given(&[
        ("models/m.sql", "select * from {{ ref('a') }}\nwhere {{ absent.macro(ref('b')) }}"),
        ("models/a.sql", "select 1"),
        ("models/b.sql", "select 1"),
    ]);
    assert_eq!(read.rung("model.shop.m"), Rung::Refs);
    assert_eq!(read.parents("model.shop.m"), ["model.shop.a", "model.shop.b"]);
    assert!(read.relation("model.shop.m").writers[0].incomplete.is_some());
    assert!(read.told()[0].contains(" models/m.sql:2:"), "{:?}", read.told());
    let read = given(&[("models/m.sql", "select {{ absent() }}")]);
    assert!(read.told()[0].starts_with("unknown-macro models/m.sql:1:11"), "{:?}", read.told());
}

#[test]
fn an_error_in_a_macro_points_into_the_macro() {
    let read = given(&[
        ("macros/f.sql", "{% macro f() %}\n\n  {{ 1 / 0 }} {{ ref('a') }}\n{% endmacro %}"),
        ("models/m.sql", "{{ f() }}"),
        ("models/a.sql", "select 1"),
    ]);
    assert!(read.told()[0].starts_with("not-rendered macros/f.sql:3:"), "{:?}", read.told());
    assert!(read.told()[0].contains("`m`"));
    assert_eq!(read.parents("model.shop.m"), ["model.shop.a"]);
    let Body::Template { inputs, .. } = &read.relation("model.shop.m").writers[0].body else { panic!("rendered") };
    assert!(inputs.contains("macro f()"));
}

#[test]
fn a_loop_without_end_costs_its_own_model_only() {
    let read = given(&[
        (
            "macros/f.sql",
            "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{% macro g(n) %}{% if n > 0 %}{{ g(n - 1) }}{{ g(n - 1) }}{% endif %}{% endmacro %}",
        ),
        ("models/deep.sql", "{{ f(0) }}{{ ref('a') }}"),
        ("models/wide.sql", "{{ g(60) }}{{ ref('a') }}"),
        (
            "models/long.sql",
            "{% for i in range(90000) %}{% for j in range(90000) %}{{ j }}{% endfor %}{% endfor %}{{ ref('a') }}",
        ),
        (
            "models/big.sql",
            "{% set ns = namespace(s='x') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ref('a') }}",
        ),
        ("models/a.sql", "select 1"),
    ]);
    for model in ["deep", "wide", "long", "big"] {
        assert_eq!(read.rung(&format!("model.shop.{model}")), Rung::Refs, "{model}");
        assert_eq!(read.parents(&format!("model.shop.{model}")), ["model.shop.a"], "{model}");
    }
    assert_eq!(read.rung("model.shop.a"), Rung::Open);
    assert_eq!(read.codes(), ["not-rendered"; 4]);
}

#[test]
fn broken_yaml_is_one_diagnostic() {
    let read = given(&[("models/p.yml", "models:\n  - name: m\n bad: [\n"), ("models/m.sql", "select 1")]);
    assert_eq!(read.codes(), ["invalid-yaml"]);
    assert!(read.part.diagnostics[0].position.is_some());
    assert_eq!(read.rung("model.shop.m"), Rung::Open);
}

#[test]
fn a_broken_project_file_is_told() {
    let read = given(&[("dbt_project.yml", "name: [\n")]);
    assert_eq!(read.codes(), ["invalid-yaml"]);
    assert!(read.part.relations.is_empty());
}

#[test]
fn a_model_that_is_no_text_stays() {
    let files: [(&str, &[u8]); 3] = [
        ("dbt_project.yml", b"name: shop\n"),
        ("models/m.sql", b"select '\xe9'"),
        ("models/a.sql", b"select * from {{ ref('m') }}"),
    ];
    let part = read(
        &Snapshot::of_texts("test", files).unwrap(),
        &Options { dialect: Some(Dialect::Ansi), ..Options::default() },
    );
    assert_eq!(part.diagnostics[0].code, "not-utf8");
    assert_eq!(part.relations[1].rung, Rung::Opaque);
    assert!(part.relations[1].writers[0].incomplete.is_some());
}

#[test]
fn two_models_of_one_name_are_both_read() {
    let read = given(&[
        ("models/x/m.sql", "select * from {{ ref('a') }}"),
        ("models/y/m.sql", "select * from {{ ref('b') }}"),
        ("models/a.sql", "select 1"),
        ("models/b.sql", "select 1"),
    ]);
    assert_eq!(read.codes(), ["duplicate-model"]);
    assert_eq!(read.parents("model.shop.m"), ["model.shop.a", "model.shop.b"]);
}

#[test]
fn an_unknown_ref_becomes_an_external_relation() {
    let read = given(&[
        ("models/m.sql", "select *\nfrom {{ ref('ordres') }}"),
        ("models/orders.sql", "select 1"),
        ("models/off.sql", "{{ config(enabled=false) }}select 1"),
        ("models/n.sql", "{{ ref('off') }}{{ source('a', 'b') }}"),
    ]);
    assert_eq!(read.parents("model.shop.m"), ["name ordres"]);
    let told = read.told();
    assert_eq!(read.codes(), ["unknown-ref", "unknown-ref", "unknown-source"].map(|code| code), "{told:?}");
    assert!(told[0].starts_with("unknown-ref models/m.sql:2:9"), "{told:?}");
    assert_eq!(read.part.diagnostics[0].hint.as_deref(), Some("did you mean `orders`?"));
    assert!(told[1].contains("switched off"), "{told:?}");
}

#[test]
fn a_computed_ref_in_what_cannot_be_rendered_is_incomplete() {
    let read =
        given(&[("models/m.sql", "{{ ref('a') }}{{ ref(var('x')) }}{{ nope() }}"), ("models/a.sql", "select 1")]);
    let incomplete = read.relation("model.shop.m").writers[0].incomplete.as_deref().unwrap_or_default();
    assert!(incomplete.contains("computed"), "{incomplete}");
}

#[test]
fn a_project_that_refuses_keeps_its_refs() {
    let read = given(&[
        ("models/m.sql", "{{ exceptions.raise_compiler_error('set x') }}{{ ref('a') }}"),
        ("models/a.sql", "select 1"),
    ]);
    assert_eq!(read.rung("model.shop.m"), Rung::Refs);
    assert_eq!(read.parents("model.shop.m"), ["model.shop.a"]);
    assert!(read.told()[0].contains("set x"));
    let read = given(&[("models/m.sql", "{{ exceptions.warn('x') }}{{ log('y', info=true) }}select 1")]);
    assert_eq!(read.sql("model.shop.m"), ["select 1"]);
}

#[test]
fn asking_the_warehouse_lowers_the_rung() {
    for template in [
        "{% set r = run_query('select 1') %}{% if execute %}{% for v in r.columns[0].values() %}{{ v }}{% endfor %}{% endif %}select 1",
        "{% call statement('s', fetch_result=true) %}select 1{% endcall %}{{ load_result('s').data }}",
        "{% set r = adapter.get_relation('a', 'b', 'c') %}{% if r %}x{% endif %}",
        "{{ dbt_utils.union_relations([ref('a')]) }}",
    ] {
        let read = given(&[("models/m.sql", template), ("models/a.sql", "select * from t")]);
        assert_eq!(read.codes(), ["asks-warehouse"], "{template} {:?}", read.told());
        assert_eq!(read.rung("model.shop.m"), Rung::Tables);
    }
}

#[test]
fn a_variable_without_a_value_is_told() {
    let read = given(&[("models/m.sql", "select '{{ var('x') }}'")]);
    assert_eq!(read.codes(), ["unknown-var"]);
    assert_eq!(read.sql("model.shop.m"), ["select 'None'"]);
}

#[test]
fn odd_templates_end_in_a_diagnostic() {
    let odd = [
        "{{ 'é",
        "{% set x = 'é\\",
        "{{ -9223372036854775808 % -1 }}",
        "{{ [nan] | sort }}",
        "{{ (1).x.y }}",
        "{% macro f( %}",
        "{{ ref( }}",
        "{{ ref(}} {%",
        "{{ 'x' | center(99999999) | length }}",
        "{{ modules.datetime.datetime(9999, 12, 31) + modules.datetime.timedelta(days=9999999999999) }}",
    ];
    for template in odd {
        let read = given(&[("models/m.sql", template)]);
        assert_eq!(read.ids(), ["model.shop.m"], "{template}");
    }
}

#[test]
fn what_only_a_warehouse_can_answer_leaves_the_first_reading() {
    let read = given(&[
        (
            "models/m.sql",
            "{% if execute %}{{ exceptions.raise_compiler_error('no') }}{% endif %}select * from {{ ref('a') }}",
        ),
        ("models/a.sql", "select 1"),
    ]);
    assert_eq!(read.codes(), ["rendered-in-part"]);
    assert_eq!(read.rung("model.shop.m"), Rung::Tables);
}

#[test]
fn the_same_project_reads_the_same_twice() {
    let files =
        [("models/a.sql", "{{ ref('x') }}"), ("models/b.sql", "{{ ref('y') }}"), ("models/c.sql", "{{ nope() }}")];
    assert_eq!(given(&files).told(), given(&files).told());
}

#[test]
fn what_would_print_too_much_is_not_printed() {
    for template in [
        "{{ [1] * 100000000 }}",
        "{{ [[1] * 10000] * 10000 }}",
        "{{ {'x': [1] * 100000000} }}",
        "{% set ns = namespace(l=[]) %}{% for i in range(50000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
    ] {
        let read = given(&[("models/m.sql", template)]);
        assert_eq!(read.codes(), ["not-rendered"], "{template}");
        let limits = ["prints more than", "a value that is too large"];
        assert!(limits.iter().any(|limit| read.told()[0].contains(limit)), "{template} {:?}", read.told());
    }
}
