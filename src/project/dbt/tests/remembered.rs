//! What is kept from one reading for the next must never change what is read: a project is read, edited,
//! and read again with and without what was kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

use headsup_lineage::dialect::Dialect;
use headsup_lineage::relation::Relation;

use super::super::{Options, Remembered, read};
use crate::snapshot::Snapshot;

type Files = Vec<(String, String)>;

/// A project in which templates look at all that a project can tell them.
const PROJECT: [(&str, &str); 36] = [
    ("dbt_project.yml", "name: shop\nvars: {level: 1}\nmodels:\n  shop:\n    marts: {+schema: marts}\ndispatch: []\n"),
    ("packages.yml", "packages:\n  - local: tools\n"),
    ("tools/dbt_project.yml", "name: tools\n"),
    ("tools/macros/t.sql", "{% macro cents(c) %}{{ c }} / 100{% endmacro %}"),
    ("tools/models/tool_days.sql", "select {{ cents('d') }} as d from {{ source('raw', 'days') }}"),
    ("macros/m.sql", "{% macro twice(x) %}{{ once(x) }} * 2{% endmacro %}\n{% macro once(x) %}{{ x }}{% endmacro %}"),
    (
        "macros/d.sql",
        "{% macro now() %}{{ return(adapter.dispatch('now')()) }}{% endmacro %}{% macro default__now() %}now(){% endmacro %}",
    ),
    (
        "models/schema.yml",
        "sources:\n  - {name: raw, schema: lake, tables: [{name: days}, {name: orders}]}\nmodels:\n  - {name: a, config: {tags: [x]}}\n",
    ),
    ("models/a.sql", "select {{ twice('v') }} as v, {{ now() }} as t from {{ source('raw', 'orders') }}"),
    (
        "models/b.sql",
        "{{ config(materialized='incremental') }} select * from {{ ref('a') }} {% if is_incremental() %} where v > (select max(v) from {{ this }}) {% endif %}",
    ),
    ("models/marts/c.sql", "select {{ var('level') }} as level, {{ tools.cents('v') }} as v from {{ ref('b') }}"),
    (
        "models/d.sql",
        "{% for node in graph.nodes.values() if node.name != 'd' %}select '{{ node.alias }}' as n {{ 'union all' if not loop.last }} {% endfor %}",
    ),
    (
        "models/e.sql",
        "{% set helper = context['once'] %}select {{ helper('1') }} as one, '{{ target.name }}' as t from {{ ref('tool_days') }}",
    ),
    (
        "models/f.sql",
        "{% if shape is defined %}select {{ shape() }} as s{% else %}select 0 as s{% endif %} from {{ ref('c') }}",
    ),
    (
        "models/g.sql",
        "{{ config(post_hook=\"insert into log select * from {{ ref('a') }}\") }}{% macro own() %}7{% endmacro %}select {{ own() }} as o",
    ),
    (
        "snapshots/s.sql",
        "{% snapshot s %}{{ config(target_schema='snap', unique_key='v', strategy='check', check_cols='all') }}select * from {{ ref('a') }}{% endsnapshot %}",
    ),
    (
        "models/owned.yml",
        "groups:\n  - {name: finance, owner: {name: Fin, email: fin@shop.example}}\nmodels:\n  - {name: i, config: {group: finance}}\n  - {name: v, latest_version: 1, versions: [{v: 1}, {v: 2, columns: [{name: w}]}]}\nseeds:\n  - {name: rates, columns: [{name: day, data_tests: [unique]}], config: {column_types: {day: date}}}\n",
    ),
    ("models/i.sql", "select * from {{ ref('rates') }} join {{ ref('v') }} using (day)"),
    ("models/v_v1.sql", "select day from {{ ref('tool_days') }}"),
    ("models/v_v2.sql", "select day, 1 as w from {{ ref('nowhere') }}"),
    ("seeds/rates.csv", "day,rate\n2020-01-01,1\n"),
    (
        "models/k.sql",
        "{% set found = run_query(\"select table_name from information_schema.tables where table_name like 'a%'\") %}select 1 as one",
    ),
    (
        "models/l.sql",
        "select {% for c in adapter.get_columns_in_relation(ref('c')) %}{{ c.name }}, {% endfor %}1 as one from {{ ref('b') }}",
    ),
    ("models/p.py", "def model(dbt, session):\n    return dbt.ref('a')\n"),
    // Macros that are sought in each way that there is: see the edits.
    (
        "macros/sought.sql",
        "{% macro note() %}{{ said() }}{% endmacro %}{% macro said() %}comment on table t is 'x'{% endmacro %}\
         {% macro note_too() %}{{ note() }}{% endmacro %}{% macro note_more() %}{{ note() }}{% endmacro %}\
         {% macro generate_database_name(name, node) %}{{ return(base_of(name)) }}{% endmacro %}",
    ),
    ("macros/answers.sql", ANSWERS),
    ("models/hooked/one.sql", "{{ config(post_hook=\"{{ note_too() }}\") }}select 1 as one"),
    ("models/hooked/two.sql", "{{ config(post_hook=\"{{ note_too() }}\") }}select 2 as two"),
    ("models/hooked/three.sql", "{{ config(pre_hook=\"{{ written() }}\") }}select 3 as three"),
    ("models/hooked/five.sql", "{{ config(post_hook=\"{% if false %}{{ far_note() }}{% endif %}\") }}select 5 as five"),
    ("models/hooked/six.sql", "{{ config(post_hook=\"{% if false %}{{ far_note() }}{% endif %}\") }}select 6 as six"),
    ("models/hooked/four.sql", "{{ config(alias=called()) }}select 4 as four"),
    (
        "models/told/far.sql",
        "select {% if target.name == 'ci' %}{{ context['only' ~ '_ci']() }}{% else %}0{% endif %} as far",
    ),
    ("models/told/never.sql", "select {% if false %}{{ never() }}{{ adapter.dispatch('late')() }}{% endif %} 1 as n"),
    (
        "models/told/other.sql",
        "{% if target.type == 'snowflake' %}select v from {{ ref('a') }}{% else %}select 1 as v{% endif %}",
    ),
    (
        "models/swamp.yml",
        "sources:\n  - {name: deep, schema: \"{{ swamp() }}\", tables: [{name: t, identifier: \"{{ swamp() }}_t\"}]}\n",
    ),
];

/// The file of macros of which each edit gives another text for one.
const ANSWERS: &str = "{% macro base_of(name) %}{{ return(name) }}{% endmacro %}{% macro called() %}h1{% endmacro %}\
    {% macro swamp() %}swamp{% endmacro %}{% macro only_ci() %}1{% endmacro %}\
    {% macro never() %}{{ target.name }}{% endmacro %}{% macro written() %}insert into l select 1{% endmacro %}\
    {% macro far_note() %}comment on table f is 'x'{% endmacro %}";

/// Edits: a file and what becomes of it; nothing removes it.
const EDITS: [(&str, Option<&str>); 46] = [
    ("models/marts/c.sql", Some("select {{ tools.cents('v') }} as v, {{ var('level') }} as x from {{ ref('b') }}")),
    ("models/marts/c.sql", Some("select * from {{ ref('a') }}")),
    (
        "macros/m.sql",
        Some(
            "{% macro twice(x) %}{{ once(x) }} + {{ once(x) }}{% endmacro %}\n{% macro once(x) %}{{ x }}{% endmacro %}",
        ),
    ),
    (
        "macros/m.sql",
        Some(
            "{# moved down #}\n\n{% macro once(x) %}({{ x }}){% endmacro %}\n{% macro twice(x) %}{{ once(x) }} * 2{% endmacro %}",
        ),
    ),
    ("macros/m.sql", None),
    (
        "macros/d.sql",
        Some(
            "{% macro now() %}{{ return(adapter.dispatch('now')()) }}{% endmacro %}{% macro default__now() %}now(){% endmacro %}{% macro duckdb__now() %}today(){% endmacro %}",
        ),
    ),
    ("macros/cents.sql", Some("{% macro cents(c) %}{{ c }} / 1000{% endmacro %}")),
    ("macros/ref.sql", Some("{% macro ref(name) %}{{ return(builtins.ref(name)) }}{% endmacro %}")),
    ("macros/source.sql", Some("{% macro source(a, b) %}other.{{ a }}_{{ b }}{% endmacro %}")),
    ("macros/shape.sql", Some("{% macro shape() %}1{% endmacro %}")),
    ("macros/schema.sql", Some("{% macro generate_schema_name(name, node) %}{{ name or 'plain' }}{% endmacro %}")),
    ("macros/alias.sql", Some("{% macro generate_alias_name(name, node) %}v_{{ node.name }}{% endmacro %}")),
    ("macros/own.sql", Some("{% macro own() %}8{% endmacro %}")),
    ("tools/macros/t.sql", Some("{% macro cents(c) %}{{ c }} / 10{% endmacro %}")),
    ("tools/models/tool_days.sql", None),
    (
        "tools/models/tool_days.sql",
        Some(
            "{{ config(alias='days_of_tools', materialized='view') }}select {{ cents('d') }} as d from {{ source('raw', 'days') }}",
        ),
    ),
    ("dbt_project.yml", Some("name: shop\nvars: {level: 2}\nmodels:\n  shop:\n    marts: {+schema: marts}\n")),
    (
        "dbt_project.yml",
        Some(
            "name: shop\nvars: {level: \"{{ env_var('LEVEL') }}\"}\nmodels:\n  shop:\n    +materialized: table\n    marts: {+schema: other}\n",
        ),
    ),
    (
        "models/schema.yml",
        Some(
            "sources:\n  - {name: raw, schema: swamp, tables: [{name: days}, {name: orders, identifier: orders_v2}]}\n",
        ),
    ),
    ("models/schema.yml", Some("models:\n  - {name: a, config: {enabled: false}}\n")),
    (
        "models/a.sql",
        Some(
            "{{ config(alias='first') }}select {{ twice('v') }} as v, {{ now() }} as t from {{ source('raw', 'orders') }}",
        ),
    ),
    ("models/a.sql", Some("{{ config(materialized='view', schema='elsewhere') }}select 1 as v")),
    ("models/a.sql", None),
    ("models/marts/a.sql", Some("select 2 as v")),
    ("models/h.sql", Some("select * from {{ ref('c') }}")),
    ("models/b.sql", Some("{{ config(materialized='table') }} select * from {{ ref('a') }}")),
    (
        "snapshots/s.sql",
        Some(
            "{% snapshot s %}{{ config(target_schema='snap', unique_key='t', strategy='check', check_cols='all') }}select * from {{ ref('a') }}{% endsnapshot %}",
        ),
    ),
    ("models/g.sql", Some("{% macro own() %}9{% endmacro %}select {{ own() }} as o")),
    (
        "models/owned.yml",
        Some(
            "groups:\n  - {name: finance, owner: {name: Finance, email: fin@shop.example}}\nmodels:\n  - {name: i, config: {group: finance}}\nseeds:\n  - {name: rates, config: {column_types: {day: date}}}\n",
        ),
    ),
    (
        "models/owned.yml",
        Some(
            "models:\n  - {name: i, description: as it was, config: {tags: [y], meta: {owner: ann}}}\n  - {name: v, latest_version: 2, versions: [{v: 1}, {v: 2}]}\n",
        ),
    ),
    ("models/owned.yml", None),
    ("seeds/rates.csv", Some("day,rate,note\n2020-01-01,1,x\n")),
    ("seeds/rates.csv", Some("day,rate\n2020-01-01,2\n")),
    ("seeds/nowhere.csv", Some("day\n2020-01-01\n")),
    ("models/nowherr.sql", Some("select 1 as day")),
    ("models/a_more.sql", Some("select 1 as day")),
    ("models/p.py", Some("def model(dbt, session):\n    return dbt.ref('b')\n")),
    ("models/v_v1.sql", Some("select day from {{ ref('tool_days') }} where {{ unknown_macro() }}")),
    ("packages.yml", Some("packages:\n  - local: tools\n  - package: some/where\n    version: 1.0.0\n")),
    ("macros/rates.sql", Some("{% macro unknown_macro() %}true{% endmacro %}")),
    ("macros/then_said.sql", Some("{% macro said() %}insert into l select 1{% endmacro %}")),
    ("tools/macros/sought.sql", Some("{% macro default__late() %}{{ target.name }}{% endmacro %}")),
    ("macros/is_incremental.sql", Some("{% macro is_incremental() %}{{ return(target.name == 'dev') }}{% endmacro %}")),
    ("tests/generic/unique.sql", Some("{% test unique(model, column_name) %}select 1{% endtest %}")),
    (
        "dbt_project.yml",
        Some(
            "name: shop\nvars: {level: 1}\nmodels:\n  shop:\n    marts: {+schema: marts}\ndispatch: []\ndata_tests: {+severity: warn}\n",
        ),
    ),
    ("profiles.yml", Some("shop:\n  outputs:\n    dev: {type: duckdb, schema: own}\n")),
];

fn snapshot(files: &Files) -> Snapshot {
    Snapshot::of_texts("test", files.iter().map(|(path, text)| (path.as_str(), text.as_bytes()))).unwrap()
}

fn edited(files: &Files, (path, text): (&str, Option<&str>)) -> Files {
    let others = files.iter().filter(|(known, _)| known != path).cloned();
    others.chain(text.map(|text| (path.to_owned(), text.to_owned()))).collect()
}

/// All that a reading says.
fn told(files: &Files, remembered: Option<&Remembered>) -> String {
    let options = Options { dialect: Some(Dialect::DuckDb), remembered, ..Options::default() };
    format!("{:#?}", read(&snapshot(files), &options))
}

fn project() -> Files {
    PROJECT.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn each_edit_is_seen_with_what_was_kept() {
    let kept = Remembered::default();
    let before = told(&project(), Some(&kept));
    assert_eq!(before, told(&project(), None));
    let mut seen = 0;
    for edit in EDITS {
        let after = edited(&project(), edit);
        let fresh = told(&after, None);
        assert_eq!(told(&after, Some(&kept)), fresh, "{edit:?}");
        seen += usize::from(fresh != before);
        assert_eq!(told(&project(), Some(&kept)), before, "{edit:?}, undone");
    }
    assert!(seen + 6 >= EDITS.len(), "only {seen} edits change anything, so the others show nothing");
}

/// What a source is called is spelled by the rules of a dialect, even where no template is in its file.
#[test]
fn a_dialect_is_none_of_another() {
    let kept = Remembered::default();
    let in_dialect = |dialect, remembered| {
        let options = Options { dialect: Some(dialect), remembered, ..Options::default() };
        format!("{:#?}", read(&snapshot(&project()), &options))
    };
    for dialect in [Dialect::DuckDb, Dialect::Snowflake, Dialect::BigQuery, Dialect::DuckDb] {
        assert_eq!(in_dialect(dialect, Some(&kept)), in_dialect(dialect, None), "{dialect}");
    }
}

/// Those of one folder go with it, and what is read afterwards is what was read before.
#[test]
fn what_versions_of_long_ago_had_goes() {
    let kept = Remembered::default();
    let count = || kept.of_project("").renderings.count();
    let before = told(&project(), Some(&kept));
    let of_one = count();
    for day in 1..=20 {
        kept.sweep();
        let text = format!("day,rate\n2020-01-{day:02},1\n");
        let rates = edited(&project(), ("seeds/rates.csv", Some(&text)));
        let query = format!("select {day} as v");
        let files = edited(&rates, ("models/a.sql", Some(&query)));
        assert_eq!(told(&files, Some(&kept)), told(&files, None), "{day}");
    }
    // Each version renders at least one text that no other has.
    assert!(count() < of_one + 20, "{} for {of_one}", count());
    for _ in 0..10 {
        kept.sweep();
    }
    assert_eq!(told(&project(), Some(&kept)), before);
}

#[test]
fn what_is_let_go_of_is_read_again() {
    let kept = Remembered::default();
    let before = told(&project(), Some(&kept));
    let id = snapshot(&project()).id("models/schema.yml").unwrap();
    let key = (id, Arc::from("models/schema.yml"), "schema.yml".to_owned());
    kept.forget_project("elsewhere");
    assert!(kept.files.get(&key).is_some());
    kept.forget_project("");
    assert!(kept.files.get(&key).is_none());
    assert_eq!(told(&project(), Some(&kept)), before);
}

/// Another text of one macro each, and which relations are others with it.
const ANSWERED: [(&str, &str, &[&str]); 10] = [
    ("comment on table f", "insert into f", &["five", "six"]),
    ("return(name)", "return('base')", &["one", "far", "a", "tool_days"]),
    ("}h1{", "}h2{", &["four"]),
    ("}swamp{", "}sea{", &["t"]),
    ("}1{", "}2{", &["far"]),
    ("target.name", "target.schema", &["never"]),
    ("insert into l select 1", "grant select on t to u", &["three"]),
    ("insert into l select 1", "insert into l select 1 from {{ ref('a') }}", &["three"]),
    (
        "select 1{% endmacro %}",
        "select 1{% endmacro %}{% macro default__late() %}{{ env_var('X') }}{% endmacro %}",
        &["never"],
    ),
    (
        "select 1{% endmacro %}",
        "select 1{% endmacro %}{% macro ref(n) %}{{ builtins.ref(n) if target.name == 'x' }}{% endmacro %}",
        &["g", "never"],
    ),
];

/// A macro that is sought counts however it is, and one that is not sought does not.
#[test]
fn what_seeks_a_macro_is_made_again_where_that_is_another_one() {
    let relations = |files: &Files, kept: &Remembered| {
        let options = Options { dialect: Some(Dialect::DuckDb), remembered: Some(kept), ..Options::default() };
        let read = read(&snapshot(files), &options).relations;
        let called = |relation: &Arc<Relation>| relation.id.as_str().rsplit('.').next().unwrap().to_owned();
        read.into_iter().map(|relation| (called(&relation), relation)).collect::<BTreeMap<_, _>>()
    };
    for (was, is, others) in ANSWERED {
        let kept = Remembered::default();
        let before = relations(&project(), &kept);
        let after = edited(&project(), ("macros/answers.sql", Some(&ANSWERS.replacen(was, is, 1))));
        let fresh = relations(&after, &Remembered::default());
        let after = relations(&after, &kept);
        assert_eq!(format!("{after:#?}"), format!("{fresh:#?}"), "{was}: {is}");
        let is_same = |name: &str| Arc::ptr_eq(&before[name], &after[name]);
        for name in others {
            assert!(!is_same(name), "{was}: {is}: {name} is taken for what it was");
        }
        let kept = ["rates", "days", "two"].into_iter().filter(|name| !others.contains(name) && is_same(name)).count();
        assert!(kept >= 2 || was == "return(name)", "{was}: {is}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_way_through_the_edits_reads_the_same(
        way in prop::collection::vec((subsequence((0..EDITS.len()).collect::<Vec<_>>(), 0..6), any::<Index>()), 1..4),
    ) {
        let kept = Remembered::default();
        for (edits, turn) in way {
            let mut order = edits.clone();
            if !order.is_empty() {
                order.rotate_left(turn.index(edits.len()));
            }
            let files = order.iter().fold(project(), |files, edit| edited(&files, EDITS[*edit]));
            prop_assert_eq!(told(&files, Some(&kept)), told(&files, None));
        }
    }
}
