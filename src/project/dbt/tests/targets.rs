//! Two versions of templates that ask for the target.

use std::collections::BTreeSet;

use headsup_lineage::change::compare;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::graph::LineageGraph;
use headsup_lineage::graph::tables::Tables;

use super::super::conditions::tests_of_target;
use super::super::{Options, read};
use crate::project::elsewhere::Elsewhere;
use crate::project::rendered::{Known, with_named_reads};
use crate::snapshot::Snapshot;

/// What is told of the models of two versions, an effect a line.
fn told(base: &[(&str, &str)], head: &[(&str, &str)]) -> Vec<String> {
    let snapshot = |files: &[(&str, &str)]| {
        let mut all: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
        all.push(("dbt_project.yml", b"name: shop\nconfig-version: 2\n"));
        Snapshot::of_texts("test", all).unwrap()
    };
    let (base, head) = (snapshot(base), snapshot(head));
    let elsewhere = Elsewhere::between(&base, &head);
    let relations = |side: &Snapshot| {
        let options = Options { dialect: Some(Dialect::DuckDb), elsewhere: elsewhere.clone(), ..Options::default() };
        with_named_reads(read(side, &options), &Known::default()).relations
    };
    let (base, head) = LineageGraph::build_both(relations(&base), relations(&head), &Tables::default());
    let comparison = compare(&base.graph, &head.graph, &BTreeSet::new());
    let lines = comparison.changes.iter().flat_map(|change| {
        let unknown = change.unknown.as_ref().map(|_| format!("{}: unknown", change.name));
        let effects = change.effects.iter().map(|effect| {
            let column = effect.column.as_ref().map(|column| format!(" {column}")).unwrap_or_default();
            format!("{}: {}{column}: {}", change.name, effect.kind, effect.detail.as_deref().unwrap_or_default())
        });
        unknown.into_iter().chain(effects).collect::<Vec<_>>()
    });
    lines.collect()
}

const MODEL: &str = "select id, {{ price('a') }} as price from t {{ recent() }}";

fn files(price: &'static str, recent: &'static str) -> [(&'static str, &'static str); 3] {
    [("models/m.sql", MODEL), ("macros/price.sql", price), ("macros/recent.sql", recent)]
}

const PRICE: &str = "{% macro price(c) %}{{ c }} * 2{% endmacro %}";

#[test]
fn a_block_for_another_target_is_compared_under_that() {
    let week = "{% macro recent() %}{% if target.name == 'ci' %}where day > 7{% endif %}{% endmacro %}";
    let day = "{% macro recent() %}{% if target.name == 'ci' %}where day > 1{% endif %}{% endmacro %}";
    assert_eq!(
        told(&files(PRICE, week), &files(PRICE, day)),
        ["m: rows_added: the condition changed from `t.day > 7` to `t.day > 1`, for target.name = 'ci'"]
    );
    // The block comes, or goes, and something else with it.
    let none = "{% macro recent() %}{% endmacro %}";
    assert_eq!(
        told(&files(PRICE, none), &files(PRICE, day)),
        ["m: rows_removed: `t.day > 1` filters rows now, for target.name = 'ci'"]
    );
    let triple = "{% macro price(c) %}{{ c }} * 3{% endmacro %}";
    assert_eq!(
        told(&files(PRICE, week), &files(triple, none)),
        [
            "m: rows_added: `t.day > 7` no longer filters rows, for target.name = 'ci'",
            "m: revalued price: the expression changed from `t.a * 2` to `t.a * 3`"
        ]
    );
    assert_eq!(told(&files(PRICE, week), &files(PRICE, week)), [""; 0]);
    // Written otherwise, and the same under both.
    let other = "{% macro recent() %}{% if target.name != 'ci' %}{% else %}where 7 < day{% endif %}{% endmacro %}";
    assert_eq!(told(&files(PRICE, week), &files(PRICE, other)), [""; 0]);
}

#[test]
fn in_the_model_itself_as_well() {
    let model =
        |day: &str| format!("select id from t {{% if target.type in ('x', \"y\") %}} where day > {day} {{% endif %}}");
    let (old, new) = (model("7"), model("1"));
    assert_eq!(
        told(&[("models/m.sql", &old)], &[("models/m.sql", &new)]),
        ["m: rows_added: the condition changed from `t.day > 7` to `t.day > 1`, for target.type = 'x'"]
    );
}

/// What cannot be rendered for all targets is told as before.
#[test]
fn what_asks_for_more_than_a_text_is_not_worked_out() {
    let week = "{% macro recent() %}{% if target.name == 'ci' %}where day > 7{% endif %}{% endmacro %}";
    for recent in [
        "{% macro recent() %}{% if target.name == 'ci' %}where day > {{ target.threads }}{% endif %}{% endmacro %}",
        "{% macro recent() %}{% if target.name.startswith('ci') %}where day > 7{% endif %}{% endmacro %}",
        "{% macro recent() %}{% set t = target %}{% if t.name == 'ci' %}where day > 1{% endif %}{% endmacro %}",
        "{% macro recent() %}{% if target.name == 'c' ~ 'i' %}where day > 1{% endif %}{% endmacro %}",
        "{% macro recent() %}{% if target.name == 'ci' and env_var('x', '') %}where day > 1{% endif %}{% endmacro %}",
    ] {
        let told = told(&files(PRICE, week), &files(PRICE, recent));
        assert!(told.iter().any(|line| line.contains("unspecified")), "{recent}: {told:?}");
    }
    // A block that is as it was elsewhere does not hide one that is not.
    let both = |day: &str| {
        format!("select id from t {{{{ recent() }}}} {{% if target.schema == day %}}and day > {day}{{% endif %}}")
    };
    let (old, new) = (both("7"), both("1"));
    let told = told(
        &[("models/m.sql", &old), ("macros/recent.sql", week)],
        &[("models/m.sql", &new), ("macros/recent.sql", week)],
    );
    assert!(told.iter().any(|line| line.contains("unspecified")), "{told:?}");
}

/// Both answers to what a project's own `is_incremental` asks are rendered.
#[test]
fn a_model_that_begins_to_ask_whether_it_is_added_to() {
    let macros = (
        "macros/i.sql",
        "{% macro is_incremental() %}{% set r = adapter.get_relation(this.database, this.schema, this.table) %}\
         {{ return(r is not none and not should_full_refresh()) }}{% endmacro %}",
    );
    let config = "{{ config(materialized='incremental', unique_key='id') }}";
    let (all, some) = (
        format!("{config} select id from t"),
        format!("{config} select id from t {{% if is_incremental() %}}where day > 7{{% endif %}}"),
    );
    assert_eq!(
        told(&[("models/m.sql", &all), macros], &[("models/m.sql", &some), macros]),
        ["m: rows_removed: `t.day > 7` filters rows now, in an incremental run"]
    );
    // What else it asks is asked.
    let other =
        ("macros/i.sql", "{% macro is_incremental() %}{{ return(target.schema.startswith('x')) }}{% endmacro %}");
    let told = told(&[("models/m.sql", &some), macros], &[("models/m.sql", &some), other]);
    assert!(told.iter().any(|line| line.contains("unspecified")), "{told:?}");
}

#[test]
fn what_is_asked_of_the_target() {
    let tests = |text: &str| {
        tests_of_target(text)
            .map(|tests| tests.iter().map(|(part, text)| format!("{part}={text}")).collect::<Vec<_>>().join(" "))
    };
    let is = |text: &str, expected: &str| assert_eq!(tests(text).as_deref(), Some(expected), "{text}");
    is("select target.a from t as target", "");
    is(
        "{% if target.name == 'ci' and target.type != \"x\" %}a{% elif target.name not in ['p', 'q'] %}b{% endif %}",
        "name=ci name=p name=q type=x",
    );
    is("{% if x.target.name %}{{ my_target.y }}{% endif %}", "");
    for text in [
        "{{ target.name }}",
        "{{ target['name'] == 'ci' }}",
        "{% if 'ci' == target.name %}a{% endif %}",
        "{% if target.name == 'c' ~ x %}a{% endif %}",
        "{% if target.name == x %}a{% endif %}",
        "{% if target.name in targets %}a{% endif %}",
        "{{ config(enabled = target.name == 'ci') }}",
        "{% if target.name == 'ci' %}{{ env_var('x') }}{% endif %}",
        "{% set mine = target %}",
    ] {
        assert_eq!(tests(text), None, "{text}");
    }
}
