//! Any way through many edits, of all that something found in one version may depend on in the next: each file
//! is one of several texts, or is not there.

use proptest::prelude::*;
use proptest::sample::Index;

use super::{Edit, check};

/// A path, and what may stand there; what stands first is where each way begins.
type Place = (&'static str, &'static [Option<&'static str>]);

const SETTINGS: [Option<&str>; 3] = [
    None,
    Some("version: 1\nvars: {days: 3}\n"),
    Some("version: 1\ndialect: snowflake\njobs: [{name: j, team: t, reads: [total]}]\nteams: {t: {owner: a@b.c}}\n"),
];

const PLACES: [Place; 37] = [
    ("headsup.yml", &SETTINGS),
    (
        "profiles.yml",
        &[
            Some("shop: {target: dev, outputs: {dev: {type: duckdb, schema: dev}}}\n"),
            Some("shop: {target: dev, outputs: {dev: {type: snowflake, schema: dev, database: d}}}\n"),
            Some("shop: {target: dev, outputs: {dev: {type: duckdb, schema: other}}}\n"),
            None,
        ],
    ),
    (
        "one/dbt_project.yml",
        &[
            Some("name: one\nprofile: shop\n"),
            Some("name: one\nprofile: shop\nmodels: {one: {+schema: marts, b: {+materialized: table}}}\n"),
            Some(
                "name: one\nprofile: shop\nvars: {days: 9}\nsources: {one: {raw: {+enabled: \"{{ var('on', true) }}\"}}}\n",
            ),
            Some(
                "name: one\nprofile: shop\nvars: {on: false}\nsources: {one: {raw: {+enabled: \"{{ var('on', true) }}\"}}}\n",
            ),
            Some(
                "name: one\nprofile: shop\nmodels: {one: {b: {+enabled: false}}}\nsources: {one: {raw: {+enabled: false}}}\n",
            ),
            Some("name: two\nprofile: shop\n"),
            Some(
                "name: one\nprofile: shop\non-run-end: [\"delete from {{ ref('b') }} where id = {{ var('days', 1) }}\"]\n",
            ),
        ],
    ),
    ("one/packages.yml", &[Some("packages: [{local: ../common}]\n"), None]),
    (
        "one/models/schema.yml",
        &[
            Some(
                "models: [{name: a, columns: [{name: id, tests: [unique, not_null]}, {name: v}]}]\nsources: [{name: raw, schema: raw, tables: [{name: t, columns: [{name: id, tests: [unique]}, {name: v}]}, {name: u}]}]\n",
            ),
            Some(
                "models: [{name: a, columns: [{name: id}, {name: v}]}]\nsources: [{name: raw, schema: raw, tables: [{name: t, columns: [{name: id, tests: [unique]}, {name: v}]}, {name: u}]}]\n",
            ),
            Some(
                "models: [{name: a, columns: [{name: id, tests: [unique]}, {name: v}]}]\nsources: [{name: raw, schema: raw, tables: [{name: t, columns: [{name: ID}, {name: v}]}, {name: u}]}]\n",
            ),
            Some(
                "models: [{name: a, config: {contract: {enforced: true}}, columns: [{name: id, data_type: int}, {name: v, data_type: text}]}]\nsources: [{name: raw, schema: other, tables: [{name: t, identifier: tt, columns: [{name: id}, {name: w}]}, {name: u}]}]\n",
            ),
            Some(
                "models: [{name: a, config: {alias: aa}}]\nsources: [{name: raw, database: \"{{ target.database }}\", schema: \"{{ var('days', 'raw') }}\", tables: [{name: t}, {name: u, columns: [{name: id, tests: [unique]}]}]}]\n",
            ),
            Some("sources: [{name: raw, tables: [{name: u}]}]\n"),
            Some(
                "# one more line\nsources: [{name: raw, tables: [{name: u}, {name: t, quoting: {identifier: true}}]}]\nmodels: [{name: a, group: g, config: {meta: {owner: x@y.z}}}]\ngroups: [{name: g, owner: {email: g@y.z}}]\n",
            ),
            None,
        ],
    ),
    (
        "one/models/more.yml",
        &[
            None,
            Some(
                "exposures: [{name: audit, type: dashboard, owner: {email: a@b.c}, depends_on: [ref('c'), source('raw', 'u')]}]\n",
            ),
            Some(
                "models: [{name: b, tests: [{dbt_utils.unique_combination_of_columns: {combination_of_columns: [id, v]}}], config: {materialized: incremental, unique_key: id}}]\n",
            ),
            Some(
                "models: [{name: b, config: {event_time: v}}, {name: c, config: {materialized: incremental, incremental_strategy: microbatch, event_time: v}}]\n",
            ),
            Some("models: [{name: b, config: {event_time: w, schema: b_schema}}]\n"),
        ],
    ),
    (
        "one/models/a.sql",
        &[
            Some("select id, v from {{ source('raw', 't') }}"),
            Some("select id, v, v as w from {{ source('raw', 't') }}"),
            Some("select v, id from {{ source('raw', 't') }} where id > 1"),
            Some("select * from {{ source('raw', 't') }}"),
            Some("{{ config(alias='other') }} select id, v from {{ source('raw', 't') }}"),
            Some("{{ config(materialized='ephemeral') }} select id, v, 1 as x_one from {{ source('raw', 'u') }}"),
            Some("{{ config(enabled=false) }} select id, v from {{ source('raw', 't') }}"),
            Some("select id, {{ cents('v') }} as v from {{ source('raw', 't') }}"),
            None,
        ],
    ),
    (
        "one/models/b.sql",
        &[
            Some(
                "select a.id, a.v, u.n from {{ ref('a') }} as a left join {{ source('raw', 'u') }} as u on a.id = u.id",
            ),
            Some("select * from {{ ref('a') }}"),
            Some("select id, v, '{{ model.description }}{{ model.columns.get('id') }}' as told from {{ ref('a') }}"),
            Some(
                "select id, v, '{% if execute %}{{ graph.nodes['model.one.a'].columns['id'].description }}{{ graph.sources['source.one.raw.t'].description }}{% endif %}' as told from {{ ref('a') }}",
            ),
            Some(
                "{{ config(post_hook=\"update {{ ref('a') }} set v = 1 where id = {{ var('days', 1) }}\") }} select 1 as id",
            ),
            Some(
                "{{ config(pre_hook=\"insert into {{ source('raw', 'u') }} (id, n) select id, v from {{ ref('a') }}\") }} select * from {{ source('raw', 'u') }}",
            ),
            Some("{{ config(materialized='table') }} {{ dbt_utils.union_relations([ref('a'), ref('s')]) }}"),
            Some("{% set a = ref('a') %} select id, v from a where v > {{ var('days', 1) }}"),
            Some(
                "select id {% for c in adapter.get_columns_in_relation(ref('a')) %}{% if c.name != 'id' %}, {{ c.name }}{% endif %}{% endfor %} from {{ ref('a') }}",
            ),
            Some(
                "select id, v from {{ ref('one', 'a') }} {% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}",
            ),
            Some(
                "models: [{name: a, description: one, meta: {k: 1}, columns: [{name: id, description: two}, {name: v, meta: {k: 3}}]}, {name: b, description: four}]\nsources: [{name: raw, schema: raw, description: five, meta: {k: 6}, tables: [{name: t, description: seven, columns: [{name: id}, {name: v}]}, {name: u}]}]\n",
            ),
            Some(
                "models: [{name: a, description: uno, meta: {k: 1}, columns: [{name: id, description: dos}, {name: v, meta: {k: 3}}]}, {name: b, description: cuatro}]\nsources: [{name: raw, schema: raw, description: cinco, meta: {k: 6}, tables: [{name: t, description: siete, columns: [{name: id}, {name: v}]}, {name: u}]}]\n",
            ),
        ],
    ),
    (
        "one/models/c.sql",
        &[
            Some("select id, sum(v) as v from {{ ref('b') }} group by id"),
            Some("select {{ dbt_utils.star(ref('b')) }} from {{ ref('b') }}"),
            Some(
                "{% for c in adapter.get_columns_in_relation(ref('b')) %}select '{{ c.name }}' as n {{ 'union all' if not loop.last }}{% endfor %}",
            ),
            Some("select distinct * from {{ ref('b') }}"),
            None,
        ],
    ),
    (
        "one/models/deep/c2.sql",
        &[
            None,
            Some("select id from {{ ref('c') }} join dev.a using (id)"),
            Some("select f(id) as id from {{ ref('a') }}"),
        ],
    ),
    ("one/models/deep/c.sql", &[None, Some("select id, 7 as v from {{ ref('b') }}")]),
    ("one/models/a_v2.sql", &[None, Some("select 2 as id")]),
    ("one/seeds/s.csv", &[Some("id,v\n1,2\n"), Some("id,v,w\n1,2,3\n"), Some("id,v\n1,3\n2,4\n"), None]),
    (
        "one/snapshots/h.sql",
        &[
            None,
            Some(
                "{% snapshot h %}{{ config(unique_key='id', strategy='check', check_cols='all', target_schema='snap') }} select * from {{ ref('a') }}{% endsnapshot %}",
            ),
            Some(
                "{% snapshot h %}{{ config(unique_key='id', strategy='timestamp', updated_at='v', target_schema='snap') }} select id, v from {{ ref('b') }}{% endsnapshot %}",
            ),
        ],
    ),
    (
        "one/macros/cents.sql",
        &[
            Some("{% macro cents(a) %}{{ a }} / 100{% endmacro %}"),
            Some("{% macro cents(a) %}{{ a }} / 1000{% endmacro %}"),
            Some("{% macro other() %}{% endmacro %}\n{% macro cents(a) %}{{ a }} / 100{% endmacro %}"),
            None,
        ],
    ),
    ("one/macros/moved.sql", &[None, Some("{% macro cents(a) %}{{ a }} / 100{% endmacro %}")]),
    (
        "one/macros/generate.sql",
        &[
            None,
            Some("{% macro generate_schema_name(name, node) %}{{ name or 'plain' }}{% endmacro %}"),
            Some("{% macro generate_alias_name(name, node) %}{{ name or node.name ~ '_x' }}{% endmacro %}"),
            Some("{% macro is_incremental() %}{{ return(false) }}{% endmacro %}"),
            Some(
                "{% macro is_incremental() %}{{ return(load_relation(this) is not none and not should_full_refresh()) }}{% endmacro %}",
            ),
        ],
    ),
    (
        "one/macros/sought.sql",
        &[
            Some(
                "{% macro note() %}comment on table x is 'y'{% endmacro %}{% macro far() %}1{% endmacro %}{% macro default__near() %}v{% endmacro %}",
            ),
            Some(
                "{% macro note() %}insert into log select * from dev.a{% endmacro %}{% macro far() %}2{% endmacro %}{% macro default__near() %}v{% endmacro %}{% macro duckdb__near() %}v + 1{% endmacro %}",
            ),
            Some(
                "{# down #}{% macro far() %}{{ target.schema }}{% endmacro %}{% macro note() %}{{ far() }}{% endmacro %}{% macro default__near() %}{{ far() }}{% endmacro %}",
            ),
            None,
        ],
    ),
    (
        "one/models/d.sql",
        &[
            Some(
                "{{ config(post_hook=\"{{ note() }}\") }} select id, {{ adapter.dispatch('near')() }} as v from {{ ref('a') }}",
            ),
            Some(
                "select id, {% if target.name == 'ci' %}{{ context['f' ~ 'ar']() }}{% else %}0{% endif %} as v from {{ ref('b') }}",
            ),
            Some(
                "{% if target.type == 'snowflake' %}select id from {{ ref('b') }}{% else %}select id, v from {{ ref('a') }}{% endif %}",
            ),
            Some("{{ config(alias='d' ~ far()) }} select 1 as id {% if false %}, {{ far() }}{% endif %}"),
        ],
    ),
    (
        "two/dbt_project.yml",
        &[
            Some("name: two\nprofile: shop\n"),
            Some("name: one\nprofile: shop\n"),
            Some("name: two\nprofile: shop\nmodels: {two: {+schema: raw}}\n"),
            None,
        ],
    ),
    ("two/packages.yml", &[Some("packages: [{local: ../common}]\n"), Some("packages: [{local: ../one}]\n"), None]),
    (
        "two/models/a.sql",
        &[
            Some("select id, v from dev.b"),
            Some("{{ config(alias='t', schema='raw') }} select 1 as id, 2 as v"),
            Some("select id, {{ common.cents('v') }} as v from dev.a"),
            Some("{{ dbt_utils.union_relations([ref('z')]) }}"),
            None,
        ],
    ),
    (
        "two/models/z.sql",
        &[Some("select 1 as id, 2 as z"), Some("select 1 as id, 2 as z, 3 as y"), Some("select f(1) as id")],
    ),
    (
        "two/models/schema.yml",
        &[
            None,
            Some("models: [{name: a, columns: [{name: id, tests: [unique]}]}]\n"),
            Some("models: [{name: z, config: {tags: [x], alias: a}}]\n"),
        ],
    ),
    (
        "common/dbt_project.yml",
        &[Some("name: common\nprofile: shop\n"), Some("name: common\nprofile: shop\nvars: {days: 5}\n")],
    ),
    (
        "common/macros/cents.sql",
        &[
            Some("{% macro cents(a) %}{{ a }} / 10{% endmacro %}"),
            Some("{% macro cents(a) %}round({{ a }}, {{ var('days', 2) }}){% endmacro %}"),
            None,
        ],
    ),
    ("common/models/k.sql", &[None, Some("select 1 as id, 5 as k"), Some("select id, v as k from raw.t")]),
    (
        "common/models/schema.yml",
        &[
            None,
            Some("sources: [{name: raw, tables: [{name: t}]}]\n"),
            Some("models: [{name: k, columns: [{name: id, tests: [unique]}]}]\n"),
        ],
    ),
    (
        "load/total.sql",
        &[
            Some("create table total as select t.id, f(k.v) as v from dev.b as t left join keys as k on t.id = k.id"),
            Some("select sum(v) as v from dev.c"),
            Some("create view total as select * from keys"),
            None,
        ],
    ),
    (
        "load/keys.sql",
        &[
            Some("create table keys (id int primary key, v int)"),
            Some("create table keys (id int, v int)"),
            Some("create table keys (v int, id int unique not null, w int)"),
            None,
        ],
    ),
    (
        "load/f.sql",
        &[
            Some("create function f(x int) returns int as $$ select x + 1 $$ language sql;"),
            Some("create function f(x int) returns int as $$ select max(v) from keys $$ language sql;"),
            Some("create function f(x int) returns setof int as $$ select v from keys $$ language sql;"),
            None,
        ],
    ),
    ("load/g.sql", &[None, Some("create function f(x int) returns int as $$ select x + 1 $$ language sql;")]),
    (
        "load/t.sql",
        &[None, Some("create table raw.t as select 1 as id, 2 as v"), Some("insert into raw.t select 3, 4")],
    ),
    ("load/dup.sql", &[None, Some("create table total as select 1 as id")]),
    ("load/sub/total.sql", &[None, Some("select sum(v) as v from dev.c")]),
    (
        "load/b.sql",
        &[
            None,
            Some("insert into dev.b select 1, 2, 3"),
            Some("update keys set v = 1 where id in (select id from total)"),
        ],
    ),
    ("readme.md", &[None, Some("nothing")]),
];

/// The edits of a way: which places change in each step, and to which of their texts.
fn steps(way: &[Vec<(Index, Index)>]) -> Vec<Vec<Edit<'static>>> {
    let begin = PLACES.iter().filter_map(|(path, texts)| Some((*path, Some(texts[0]?)))).collect();
    let step = |edits: &Vec<(Index, Index)>| {
        let edit = |(place, text): &(Index, Index)| {
            let (path, texts) = PLACES[place.index(PLACES.len())];
            (path, texts[text.index(texts.len())])
        };
        edits.iter().map(edit).collect()
    };
    std::iter::once(begin).chain(way.iter().map(step)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn any_way_through_the_edits_reads_the_same(
        way in prop::collection::vec(prop::collection::vec((any::<Index>(), any::<Index>()), 1..4), 1..12),
    ) {
        let steps = steps(&way);
        let steps: Vec<&[Edit<'_>]> = steps.iter().map(Vec::as_slice).collect();
        check(&steps);
    }
}
