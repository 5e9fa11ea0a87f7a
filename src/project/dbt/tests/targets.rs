//! Two versions of templates that ask for the target.

use std::collections::BTreeSet;

use headsup_lineage::change::{Comparison, compare};
use headsup_lineage::dialect::Dialect;
use headsup_lineage::graph::LineageGraph;
use headsup_lineage::graph::columns::ColumnId;
use headsup_lineage::graph::tables::Tables;

use super::super::compared::tests_of_target;
use super::super::{Options, read};
use crate::project::elsewhere::Elsewhere;
use crate::project::rendered::{Known, with_named_reads};
use crate::snapshot::Snapshot;

/// Two versions, and what differs between them.
fn both(base: &[(&str, &str)], head: &[(&str, &str)]) -> (LineageGraph, LineageGraph, Comparison) {
    let snapshot = |files: &[(&str, &str)]| {
        let mut all: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
        if !all.iter().any(|(path, _)| *path == "dbt_project.yml") {
            all.push(("dbt_project.yml", b"name: shop\nconfig-version: 2\n"));
        }
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
    (base.graph, head.graph, comparison)
}

/// What is told of the models of two versions, an effect a line.
fn told(base: &[(&str, &str)], head: &[(&str, &str)]) -> Vec<String> {
    let (.., comparison) = both(base, head);
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

/// What a template says here is the same in all of these, and what it says for some other target is not.
#[test]
fn whatever_another_target_gets_is_told() {
    const CALLS: &str = "select id from t {{ recent() }}";
    let week = |test: &str| format!("{{% macro recent() %}}{{% if {test} %}}limit 7{{% endif %}}{{% endmacro %}}");
    let is_told = |base: &[(&str, &str)], head: &[(&str, &str)]| {
        assert_ne!(told(base, head), [""; 0], "{head:?}");
    };
    for test in [
        "target.name == 'ci'",
        "target.name == 'ci' and target.schema == 's'",
        "target.name == 'ci' and env_var('x', '') == 'y'",
        "target.name != 'dev' and target.name != 'default'",
        "target.name not in ['dev', 'default', 'ci']",
        "'stg_' ~ target.name == 'stg_ci'",
        "target['name'] == 'ci'",
        "(target | attr('name')) == 'ci'",
        "target.name == 'a' or target.name == 'b' or target.schema == 'c' or target.type == 'd'",
        "env_var('x', '') == 'y'",
    ] {
        let (old, new) = (week(test), week(test).replace('7', "1"));
        let file = |text: &'static str, recent| [("models/m.sql", text), ("macros/recent.sql", recent)];
        is_told(&file(CALLS, &old), &file(CALLS, &new));
        // In the model itself.
        let model = |limit: &str| format!("select id from t {{% if {test} %}}limit {limit}{{% endif %}}");
        is_told(&[("models/m.sql", &model("7"))], &[("models/m.sql", &model("1"))]);
        // What a part that asks calls, is given, or stands in; and what a macro that asks is called with.
        let number = |number: &str| format!("{{% macro number() %}}{number}{{% endmacro %}}");
        let (seven, one) = (number("7"), number("1"));
        let calls = model("{{ number() }}");
        is_told(
            &[("models/m.sql", &calls), ("macros/number.sql", &seven)],
            &[("models/m.sql", &calls), ("macros/number.sql", &one)],
        );
        let through =
            format!("{{% macro through() %}}{{% if {test} %}}{{{{ number() }}}}{{% endif %}}{{% endmacro %}}");
        let (calls, through) =
            (("models/m.sql", "select id from t {{ through() }}"), ("macros/through.sql", &*through));
        is_told(&[calls, through, ("macros/number.sql", &seven)], &[calls, through, ("macros/number.sql", &one)]);
        let given = |limit: &str| {
            format!(
                "{{% set n = {limit} %}} select id, a, b, c, d, e, f, g from t {{% if {test} %}}limit {{{{ n }}}}{{% endif %}}"
            )
        };
        is_told(&[("models/m.sql", &given("7"))], &[("models/m.sql", &given("1"))]);
        let each = |last: &str| {
            format!(
                "select id, {{% for c in ['a', '{last}'] %}} {{% if {test} %}} {{{{ c }}}} as x{{{{ loop.index }}}}, \
                 {{% endif %}} {{% endfor %}} g from t"
            )
        };
        is_told(&[("models/m.sql", &each("b"))], &[("models/m.sql", &each("c"))]);
        let within = |day: &str| {
            format!(
                "select id from t {{% if var('x', {day}) == 7 %}} {{# #}} {{% if {test} %}}limit 7{{% endif %}} {{% endif %}}"
            )
        };
        is_told(&[("models/m.sql", &within("7"))], &[("models/m.sql", &within("1"))]);
        let asked = format!("{{% macro few(n) %}}{{% if {test} %}}limit {{{{ n }}}}{{% endif %}}{{% endmacro %}}");
        let call = |n: &str| format!("select id, a, b, c, d, e, f, g, h from t {{{{ few({n}) }}}}");
        let (old, new) = (call("7"), call("1"));
        is_told(
            &[("models/m.sql", &old), ("macros/few.sql", &asked)],
            &[("models/m.sql", &new), ("macros/few.sql", &asked)],
        );
        let between = |n: &str| format!("{{% macro between() %}}{{{{ few({n}) }}}}{{% endmacro %}}");
        let (old, new) = (between("7"), between("1"));
        let model = ("models/m.sql", "select id from t {{ between() }}");
        is_told(
            &[model, ("macros/few.sql", &asked), ("macros/between.sql", &old)],
            &[model, ("macros/few.sql", &asked), ("macros/between.sql", &new)],
        );
        // Its own configuration, where only such a part has that.
        let configured = |n: &str| {
            format!(
                "{{{{ config(meta={{'n': {n}}}) }}}} select id from t {{% if {test} %}}limit {{{{ config.get('meta').n }}}}{{% endif %}}"
            )
        };
        is_told(&[("models/m.sql", &configured("7"))], &[("models/m.sql", &configured("1"))]);
        // A variable of the project that only such a part has.
        let project = |n: &str| format!("name: shop\nconfig-version: 2\nvars: {{days: {n}}}\n");
        let model = format!("select id from t {{% if {test} %}}limit {{{{ var('days') }}}}{{% endif %}}");
        let (old, new) = (project("7"), project("1"));
        is_told(
            &[("dbt_project.yml", &old), ("models/m.sql", &model)],
            &[("dbt_project.yml", &new), ("models/m.sql", &model)],
        );
    }
}

/// A change comes through what a model reads for another target only.
#[test]
fn what_is_read_for_another_target_is_read() {
    const ORDERS: &str = "select id, fee, tip from t";
    let reads = |model: &str| {
        let model = ("models/m.sql", model);
        let (_, head, _) = both(&[("models/o.sql", ORDERS), model], &[("models/o.sql", ORDERS), model]);
        let node = |name: &str| head.nodes().find(|node| head.relation(*node).name.to_string() == name).unwrap();
        let columns = head.columns();
        let is_fee = |id: &ColumnId| columns.node(*id).column().is_some_and(|path| path.to_string() == "fee");
        let fee = columns.columns_of(node("o")).find(is_fee).unwrap();
        (head.parents(node("m")).contains(&node("o")), columns.downstream(fee).count())
    };
    let on = |test: &str| format!("select id {{% if {test} %}}, fee{{% endif %}} from {{{{ ref('o') }}}}");
    let from = |test: &str| format!("select fee from {{% if {test} %}}{{{{ ref('o') }}}}{{% else %}}s{{% endif %}}");
    assert_eq!(reads("select id from {{ ref('o') }}"), (true, 0));
    assert_eq!(reads("select fee from s"), (false, 0));
    for test in ["target.name == 'prod'", "target.name != 'dev' and target.schema == 's'"] {
        assert_eq!(reads(&on(test)), (true, 1), "{test}");
        assert_eq!(reads(&from(test)), (true, 1), "{test}");
    }
    // The warehouse is known.
    assert_eq!(reads(&on("target.type == 'bigquery'")), (true, 0));
    assert_eq!(reads(&from("target.type == 'bigquery'")), (false, 0));
    // What cannot be rendered for all targets.
    assert!(reads(&from("env_var('x', '') == 'y'")).0);
    assert!(reads(&from("target.schema.startswith('x')")).0);
}

#[test]
fn what_is_on_for_another_target_is_on() {
    let config = |test: &str| format!("{{{{ config(enabled = {test}) }}}} select id from t");
    let few = |model: &str| model.replace("from t", "from t limit 1");
    let is_told = |base: &[(&str, &str)], head: &[(&str, &str)]| !told(base, head).is_empty();
    for (test, is_on) in [
        ("target.name == 'prod'", true),
        ("env_var('x', '') == 'y'", true),
        ("target.type == 'bigquery'", false),
        ("var('x', false)", false),
    ] {
        let model = config(test);
        assert_eq!(is_told(&[("models/m.sql", &model)], &[("models/m.sql", &few(&model))]), is_on, "{test}");
        let text = format!("\"{{{{ {test} }}}}\"");
        let yml = format!("models: [{{name: m, config: {{enabled: {text}}}}}]");
        let project = format!("name: shop\nconfig-version: 2\nmodels: {{shop: {{+enabled: {text}}}}}\n");
        for beside in [("models/m.yml", &*yml), ("dbt_project.yml", &*project)] {
            let (base, head) = (("models/m.sql", "select id from t"), ("models/m.sql", "select id from t limit 1"));
            assert_eq!(is_told(&[base, beside], &[head, beside]), is_on, "{beside:?}");
            let other = beside.1.replace("prod", "ci").replace("'y'", "'z'");
            assert_eq!(is_told(&[base, beside], &[base, (beside.0, &other)]), is_on, "{beside:?}");
        }
    }
}

/// Where a table stands elsewhere, and what stands for `ref`, is not rendered for other targets.
#[test]
fn macros_that_stand_for_names_count_as_they_are_written() {
    let model = ("models/m.sql", "select id from {{ ref('o') }}");
    let orders = ("models/o.sql", "{{ config(schema='x') }} select id from t");
    for own in [
        "{% macro generate_schema_name(name, node) %}{{ 'a' if target.name == 'prod' else 'b' }}{% endmacro %}",
        "{% macro ref(name) %}{% if target.name == 'a' %}{% do return('z') %}{% endif %}\
         {% do return(builtins.ref(name)) %}{% endmacro %}",
    ] {
        let other = own.replace("'a'", "'c'");
        let side = |text| [model, orders, ("macros/own.sql", text)];
        assert_ne!(told(&side(own), &side(&other)), [""; 0], "{own}");
        assert_eq!(told(&side(own), &side(own)), [""; 0], "{own}");
    }
}

/// A block for another warehouse is compared in that one's dialect.
#[test]
fn a_block_for_another_warehouse_is_in_its_dialect() {
    let model = |day: &str| {
        format!(
            "select {{% if target.type == 'sqlserver' %}}top (5) id{{% else %}}id{{% endif %}} from t where day > {day}"
        )
    };
    let macros = |top: &str| {
        format!(
            "{{% macro few() %}}{{% if target.type == 'sqlserver' %}}top ({top}) id{{% else %}}id{{% endif %}}{{% endmacro %}}"
        )
    };
    let (old, new) = (model("7"), model("1"));
    assert_eq!(
        told(&[("models/m.sql", &old)], &[("models/m.sql", &new)]),
        [
            // Of the first five rows, some may be others then.
            "m: rows_removed: the condition changed from `t.day > 7` to `t.day > 1`, for target.type = 'sqlserver'",
            "m: rows_added: the condition changed from `t.day > 7` to `t.day > 1`"
        ]
    );
    let (old, new) = (macros("5"), macros("6"));
    let model = ("models/m.sql", "select {{ few() }} from t where day > 7");
    let told = told(&[model, ("macros/few.sql", &old)], &[model, ("macros/few.sql", &new)]);
    assert!(told.iter().any(|line| line.ends_with("for target.type = 'sqlserver'")), "{told:?}");
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

/// What a run brings with it is asked as the target is: an edit of what stands under it is not silent.
#[test]
fn where_a_table_is_built_and_what_else_a_run_brings_is_asked() {
    let of =
        |condition: &str, days: u8| format!("select id from t {{% if {condition} %}}where day > {days}{{% endif %}}");
    for condition in [
        "this.schema == 'prod'",
        "'prod' in this.schema",
        "model.database != 'prod'",
        "invocation_args_dict.which == 'build'",
        "run_started_at.strftime('%u') == '7'",
        "modules.datetime.datetime.now().weekday() == 6",
        "flags['FULL_REFRESH']",
        "graph['nodes'] | length > 99",
        "selected_resources | length > 3",
        "adapter.check_schema_exists('a', 'b')",
    ] {
        let told = told(&[("models/m.sql", &of(condition, 1))], &[("models/m.sql", &of(condition, 7))]);
        assert!(!told.is_empty(), "{condition}");
    }
    // Who prints the place, or hands it on, asks nothing.
    let printed = |beside: &str| format!("select id, '{{{{ this.schema }}}}' as place from t {beside}");
    let told = told(&[("models/m.sql", &printed(""))], &[("models/m.sql", &printed("-- more"))]);
    assert!(told.is_empty(), "{told:?}");
}

/// Both answers to what a project's own `is_incremental` asks are rendered.
#[test]
fn a_model_that_begins_to_ask_whether_it_is_added_to() {
    let macros = (
        "macros/i.sql",
        "{% macro is_incremental() %}{% set r = adapter.get_relation(this.database, this.schema, this.table) %}\
         {{ return(r is not none and model.config.materialized == 'incremental' and not should_full_refresh()) }}\
         {% endmacro %}",
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
    let is_doubted = |base: &[(&str, &str)], head: &[(&str, &str)]| {
        let told = told(base, head);
        assert!(told.iter().any(|line| line.contains("unspecified")), "{told:?}");
    };
    is_doubted(&[("models/m.sql", &some), macros], &[("models/m.sql", &some), other]);
    // One that says the same of a table that is built anew has a third answer.
    let there =
        ("macros/i.sql", "{% macro is_incremental() %}{{ return(load_relation(this) is not none) }}{% endmacro %}");
    is_doubted(&[("models/m.sql", &some), macros], &[("models/m.sql", &some), there]);
    let few = some.replace("> 7", "> 8").replace("incremental', unique_key='id'", "table'");
    let many = few.replace("> 8", "> 7");
    is_doubted(&[("models/m.sql", &many), there], &[("models/m.sql", &few), there]);
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
    is("{{ config(enabled = target.name == 'ci') }}", "name=ci");
    is("{{ dict(to='target') }}{{ log('of target') }}{{ x == \"it's \\\"target\" }}", "");
    is("{% if x.target.name %}{{ my_target.y }}{% endif %}", "");
    for text in [
        "{{ target.name }}",
        "{{ target['name'] == 'ci' }}",
        "{% if 'ci' == target.name %}a{% endif %}",
        "{% if target.name == 'c' ~ x %}a{% endif %}",
        "{% if target.name == x %}a{% endif %}",
        "{% if target.name in targets %}a{% endif %}",
        "{{ config(enabled = target.name == 'ci') }}{{ config.get('enabled') }}",
        "{% if target.name == 'ci' %}{{ env_var('x') }}{% endif %}",
        "{% set mine = target %}",
        "{{ context['target'].name == 'ci' }}",
        "{{ context.get('target') }}",
        "{{ config(post_hook='{{ target.name }}') }}{{ config.get('post_hook') }}",
        "{% if 'c' ~ target.name == 'ci' %}a{% endif %}",
        "{% if x == target.name == 'ci' %}a{% endif %}",
    ] {
        assert_eq!(tests(text), None, "{text}");
    }
}

#[test]
fn a_macro_that_is_handed_on_as_a_value_counts() {
    let limit = |number: u32| {
        format!("{{% macro limit() %}}{{% if env_var('x', '') == 'y' %}}limit {number}{{% endif %}}{{% endmacro %}}")
    };
    let (old, new) = (limit(7), limit(1));
    for model in [
        "{% set f = limit %}select id from t {{ f() }}",
        "{% set f = shop.limit %}select id from t {{ f() }}",
        "{% set f = {'a': [limit]} %}select id from t {{ f['a'][0]() }}",
        "select id from t {{ applied(limit) }}",
        "select id from t {{ applied(then=limit) }}",
    ] {
        let applied = "{% macro applied(then) %}{{ then() }}{% endmacro %}";
        let of = |limit| [("models/m.sql", model), ("macros/applied.sql", applied), ("macros/limit.sql", limit)];
        assert_ne!(told(&of(&old), &of(&new)), [""; 0], "{model}");
        assert_eq!(told(&of(&old), &of(&old)), [""; 0], "{model}");
    }
}

#[test]
fn a_source_that_is_another_table_for_another_target_is_told() {
    let declared = |said: &str| format!("sources: [{{name: raw, {said}, tables: [{{name: orders}}]}}]");
    let schema = |ci: &str| declared(&format!("schema: \"{{{{ '{ci}' if target.name == 'ci' else 'raw' }}}}\""));
    let enabled = |ci: &str| declared(&format!("config: {{enabled: \"{{{{ target.name != '{ci}' }}}}\"}}"));
    let model = "select id from {{ source('raw', 'orders') }}";
    for (old, new) in [(schema("old"), schema("new")), (enabled("ci"), enabled("qa"))] {
        let of = |said| [("models/s.yml", said), ("models/m.sql", model)];
        assert_ne!(told(&of(&old), &of(&new)), [""; 0], "{new}");
        assert_eq!(told(&of(&old), &of(&old)), [""; 0], "{old}");
    }
}

/// What is configured for another target is told, wherever the question stands; what is configured for all is not.
#[test]
fn what_is_configured_for_another_target() {
    let macros = (
        "macros/m.sql",
        "{% macro kind(other) %}{{ return(other if target.name == 'prod' else 'view') }}{% endmacro %}",
    );
    for template in [
        "{% if target.name == 'prod' %}{{ config(materialized='[table]') }}{% endif %}select id from t",
        "{% set kind = '[table]' if target.name == 'prod' else 'view' %}{{ config(materialized=kind) }}select id from t",
        "{{ config(materialized='[table]' if target.name == 'prod' else 'view') }}select id from t",
        "{{ config(materialized=kind('[table]')) }}select id from t",
        "{% if target.name.startswith('prod') %}{{ config(materialized='[table]') }}{% endif %}select id from t",
        "{% set kind = '[table]' if target.name.startswith('prod') else 'view' %}{{ config(materialized=kind) }}select id from t",
    ] {
        let of = |kind: &str, beside: &str| {
            template.replace("[table]", kind).replace("{{ config(", &format!("{{{{ config({beside}"))
        };
        let told = |base: &str, head: &str| told(&[macros, ("models/m.sql", base)], &[macros, ("models/m.sql", head)]);
        let (base, other) = (of("table", ""), of("incremental", ""));
        let found = told(&base, &other);
        assert!(!found.is_empty(), "{template}");
        assert!(told(&base, &base.replace("select id", "select  id")).is_empty(), "{template}");
        if !template.contains("startswith") {
            let found = told(&base, &of("table", "tags=['a'], "));
            assert!(found.is_empty(), "{template}: {found:?}");
        }
    }
    let of = |hook: &str| {
        format!("{{% if target.name == 'prod' %}}{{{{ config(post_hook='{hook}') }}}}{{% endif %}}select id from t")
    };
    assert!(!told(&[("models/m.sql", &of("delete from t"))], &[("models/m.sql", &of("delete from u"))]).is_empty());
    let told =
        told(&[("models/m.sql", &of("grant select on t to a"))], &[("models/m.sql", &of("grant select on t to b"))]);
    assert!(told.is_empty(), "{told:?}");
}

/// What a hook is given counts as its text does.
#[test]
fn what_a_hook_is_given_is_part_of_it() {
    let with = |hook: &str, limit: u8| {
        vec![
            ("dbt_project.yml", format!("name: shop\nvars: {{lim: {limit}}}\n")),
            (
                "macros/m.sql",
                "{% macro fix() %}delete from {{ this }} where a < {{ var('lim') }}{% endmacro %}".to_owned(),
            ),
            (
                "macros/n.sql",
                "{% macro of() %}delete from {{ this }} where a < {{ model.config.meta.lim }}{% endmacro %}".to_owned(),
            ),
            ("models/m.yml", format!("models: [{{name: m, config: {{meta: {{lim: {limit}}}}}}}]")),
            ("models/m.sql", format!("{{{{ config(post_hook=\"{hook}\") }}}}select a from t")),
        ]
    };
    let differs = |hook: &str| {
        let (base, head) = (with(hook, 1), with(hook, 2));
        let base: Vec<_> = base.iter().map(|(path, text)| (*path, &**text)).collect();
        let head: Vec<_> = head.iter().map(|(path, text)| (*path, &**text)).collect();
        !told(&base, &head).is_empty()
    };
    assert!(differs("delete from {{ this }} where a < {{ var('lim') }}"));
    assert!(differs("{{ fix() }}"));
    assert!(differs("{{ of() }}"));
    assert!(!differs("delete from {{ this }} where a < 5"));
    assert!(!differs("grant select on {{ this }} to {{ var('lim') }}"));
}

/// Which columns a table has that nobody declares is not known, and so is what is made of some of them.
#[test]
fn what_is_made_of_columns_that_are_not_known() {
    for (template, other) in [
        ("{{ dbt_utils.unpivot(relation=source('a', 'b'), exclude=['[x]']) }}", "y"),
        ("select {{ dbt_utils.star(from=source('a', 'b'), except=['[x]']) }} from {{ source('a', 'b') }}", "y"),
        (
            "select {% for c in dbt_utils.get_filtered_columns_in_relation(source('a', 'b'), except=['[x]']) %}{{ c }},{% endfor %} 1 as z from t",
            "y",
        ),
    ] {
        let of = |column: &str| template.replace("[x]", column);
        let sources = ("models/s.yml", "sources: [{name: a, tables: [{name: b}]}]");
        assert!(
            !told(&[sources, ("models/m.sql", &of("x"))], &[sources, ("models/m.sql", &of(other))]).is_empty(),
            "{template}"
        );
        assert!(told(&[sources, ("models/m.sql", &of("x"))], &[sources, ("models/m.sql", &of("x"))]).is_empty());
    }
}

/// A name that is computed from what is asked may be any.
#[test]
fn a_name_that_depends_on_the_target_may_be_any() {
    let reads = |template: &str, macros: &str| {
        let files = [
            ("models/x_dev.sql", "select 1 as a"),
            ("models/x_prod.sql", "select 1 as a"),
            ("macros/m.sql", macros),
            ("models/m.sql", template),
        ];
        let relation = super::given(&files).relation("model.shop.m").clone();
        relation.writers[0].incomplete.clone()
    };
    for template in [
        "select a from {{ ref('x_' ~ target.name) }}",
        "select a from {{ ref({'prod': 'x_prod', 'dev': 'x_dev'}[target.name]) }}",
        "select a from {{ ref('x_prod' if env_var('E', 'd') == 'p' else 'x_dev') }}",
        "{% set n = 'x_' ~ target.name %}select a from {{ ref(n) }}",
    ] {
        assert!(reads(template, "").is_some(), "{template}");
    }
    let asking = "{% macro m() %}select a from {{ ref('x_' ~ target.name) }}{% endmacro %}";
    assert!(reads("{{ m() }}", asking).is_some());
    for template in [
        "select a from {{ ref('x_' ~ 'dev') }} {% if target.name.startswith('x') %}limit 1{% endif %}",
        "{% for n in ['dev', 'prod'] %}select a from {{ ref('x_' ~ n) }}{% if env_var('E', '') %} limit 1{% endif %}{% endfor %}",
    ] {
        assert_eq!(reads(template, ""), None, "{template}");
    }
}
