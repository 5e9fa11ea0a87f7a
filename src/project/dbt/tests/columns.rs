//! Templates that ask for the columns of a table.

use std::collections::BTreeSet;

use headsup_lineage::change::compare;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::graph::LineageGraph;
use headsup_lineage::graph::tables::Tables;
use headsup_lineage::reach::{Arrival, spread};
use headsup_lineage::relation::{Body, RelationId, Rung};

use super::{Options, given, with};
use crate::project::rendered::{Known, with_named_reads};

const PASS_ON: &str = "select id {% for column in adapter.get_columns_in_relation(ref('a')) %}\
     {% if column.name.startswith('x_') %}, {{ column.name }}{% endif %}{% endfor %} from {{ ref('b') }}";

#[test]
fn columns_of_a_model_are_known() {
    let read = given(&[
        ("models/m.sql", PASS_ON),
        ("models/a.sql", "select id, v as x_one, x_two from {{ source('s', 't') }}"),
        ("models/b.sql", "select * from {{ ref('a') }}"),
        ("models/s.yml", "sources: [{name: s, tables: [{name: t}]}]"),
    ]);
    assert_eq!(read.codes(), [""; 0], "{:?}", read.told());
    assert_eq!(read.sql("model.shop.m"), ["select id , x_one, x_two from \"dbt_target\".\"b\""]);
    // Nothing of `a` is read but what its columns are called.
    assert_eq!(read.parents("model.shop.m"), ["model.shop.a", "model.shop.b"]);
    let described: Vec<&str> =
        read.relation("model.shop.m").writers[0].described.iter().map(|id| id.as_str()).collect();
    assert_eq!(described, ["model.shop.a"]);
    assert_eq!(read.rung("model.shop.m"), Rung::Open);
}

#[test]
fn columns_pass_through_stars_and_through_others_that_ask() {
    let read = given(&[
        (
            "models/m.sql",
            "select {% for column in adapter.get_columns_in_relation(ref('b')) %}{{ column.name }},{% endfor %} 1 as n from {{ ref('b') }}",
        ),
        ("models/b.sql", "{{ dbt_utils.union_relations([ref('a'), ref('c')], source_column_name=none) }}"),
        ("models/a.sql", "select * from (select 1 as p, 2 as q)"),
        ("models/c.sql", "select 1 as q, 2 as r"),
    ]);
    assert_eq!(read.codes(), [""; 0], "{:?}", read.told());
    assert_eq!(read.sql("model.shop.m"), ["select p,q,r, 1 as n from \"dbt_target\".\"b\""]);
}

#[test]
fn a_star_and_a_type_are_as_far_as_they_are_known() {
    let types = "select {% for column in adapter.get_columns_in_relation(ref('a')) %}cast(null as {{ column.data_type }}) as {{ column.name }},{% endfor %} 1 as n";
    let read = given(&[("models/m.sql", types), ("models/a.sql", "select cast(v as int) as v from t")]);
    assert_eq!(read.codes(), [""; 0], "{:?}", read.told());
    assert_eq!(read.sql("model.shop.m"), ["select cast(null as INT) as v, 1 as n"]);
    let read = given(&[("models/m.sql", types), ("models/a.sql", "select v from t")]);
    assert_eq!(read.codes(), ["asks-warehouse"], "{:?}", read.told());
}

/// What dbt_utils makes of the columns of a table is made of those that the project gives it.
#[test]
fn what_dbt_utils_makes_of_columns_follows_from_the_project() {
    let a = ("models/a.sql", "select id, mode, \"_2023\", \"_2024\" from {{ source('s', 't') }}");
    let source = ("models/s.yml", "sources: [{name: s, tables: [{name: t}]}]");
    let of = |template: &'static str| {
        let read = given(&[("models/m.sql", template), a, source]);
        assert_eq!(read.codes(), [""; 0], "{template}: {:?}", read.told());
        assert_eq!(read.parents("model.shop.m"), ["model.shop.a"], "{template}");
        let sql = read.sql("model.shop.m").remove(0);
        sql.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        of(
            "{{ dbt_utils.unpivot(ref('a'), cast_to='int', exclude=['ID'], remove=['Mode'], field_name='year', value_name='n') }}"
        ),
        "select ID, cast('_2023' as text) as year, cast(_2023 as int) as n from \"dbt_target\".\"a\" union all \
         select ID, cast('_2024' as text) as year, cast(_2024 as int) as n from \"dbt_target\".\"a\""
    );
    assert_eq!(
        of(
            "select {{ dbt_utils.star(ref('a'), relation_alias='r', except=['ID', 'mode'], prefix='y') }} from {{ ref('a') }} as r"
        ),
        "select r.\"_2023\" as \"y_2023\", r.\"_2024\" as \"y_2024\" from \"dbt_target\".\"a\" as r"
    );
    assert_eq!(
        of(
            "select {{ dbt_utils.get_filtered_columns_in_relation(ref('a'), except=['Id']) | join('+') }} as n from {{ ref('a') }}"
        ),
        "select mode+_2023+_2024 as n from \"dbt_target\".\"a\""
    );
}

/// Where not all of it follows from the project, the warehouse is asked as before.
#[test]
fn what_is_not_known_is_asked_of_the_warehouse() {
    for a in [
        // Columns of tables outside of the project.
        "select * from t",
        // A table that is there already may have others.
        "{{ config(materialized='incremental') }} select id, x_one from t",
        // No table of its own.
        "{{ config(materialized='ephemeral') }} select id, x_one from t",
        // Names that the warehouse makes.
        "select id, 1 + 1 from t",
        "select 1",
        // Columns that depend on answers themselves.
        "select id, {{ run_query('select 1').columns[0].values()[0] }} as x_one from t",
        "select {% for c in adapter.get_columns_in_relation(ref('m')) %}{{ c.name }}{% endfor %} 1 as y",
    ] {
        let read = given(&[("models/m.sql", PASS_ON), ("models/a.sql", a), ("models/b.sql", "select 1 as id")]);
        assert!(read.codes().contains(&"asks-warehouse"), "{a}: {:?}", read.told());
        assert_eq!(read.rung("model.shop.m"), Rung::Tables, "{a}");
        assert!(read.parents("model.shop.m").contains(&"model.shop.a".to_owned()), "{a}");
    }
    let read = given(&[("models/m.sql", PASS_ON), ("seeds/a.csv", "id,x_one\n"), ("models/b.sql", "select 1 as id")]);
    assert_eq!(read.rung("model.shop.m"), Rung::Tables);
}

#[test]
fn names_are_those_of_the_warehouse() {
    let files = [
        (
            "models/m.sql",
            "select {% for c in adapter.get_columns_in_relation(ref('a')) %}'{{ c.name }}',{% endfor %} 1 as n",
        ),
        ("models/a.sql", "select Id, v as \"Odd\" from t"),
    ];
    for (dialect, expected) in
        [(Dialect::Snowflake, "select 'ID','Odd', 1 as n"), (Dialect::Postgres, "select 'id','Odd', 1 as n")]
    {
        let read = with(&files, &Options { dialect: Some(dialect), ..Options::default() });
        assert_eq!(read.sql("model.shop.m"), [expected], "{dialect}");
    }
}

/// What the macro that asks says besides is compared by what it renders to.
#[test]
fn a_template_whose_answers_are_known_has_nothing_that_asks() {
    let conditions = |a: &str| {
        let read = given(&[("models/m.sql", PASS_ON), ("models/a.sql", a), ("models/b.sql", "select 1 as id")]);
        match &read.relation("model.shop.m").writers[0].body {
            Body::Sql { conditions, .. } => conditions.is_some(),
            _ => true,
        }
    };
    assert!(!conditions("select id, x_one from t"));
    assert!(conditions("select * from t"));
}

/// A macro that asks is the same where it is written the same, whether its answer is known now or not; where it
/// is written otherwise, its renderings say what differs only if both have the answers.
#[test]
fn macros_that_ask_are_compared_where_answers_are_missing() {
    let files = |a: &'static str, also: &'static str| {
        [("models/m.sql", "select id {{ more() }} from t"), ("models/a.sql", a), ("macros/more.sql", also)]
    };
    let more = "{% macro more() %}{% for c in adapter.get_columns_in_relation(ref('a')) %}\
                {% if c.name.startswith('x_') %}, {{ c.name }}{% endif %}{% endfor %}{% endmacro %}";
    let other = "{% macro more() %}{% for c in adapter.get_columns_in_relation(ref('a')) %}\
                {% if c.name.startswith('y_') %}, {{ c.name }}{% endif %}{% endfor %}{% endmacro %}";
    let (known, open) = ("select id, z from u", "select * from u");
    let of_m = |base: &[(&str, &str)], head: &[(&str, &str)]| {
        let lines = arrives(base, head);
        lines.into_iter().filter(|line| line.starts_with("model.shop.m")).collect::<Vec<_>>()
    };
    assert_eq!(of_m(&files(known, more), &files(known, other)), [""; 0]);
    assert_eq!(of_m(&files(open, more), &files(open, other)), ["model.shop.m: unknown unspecified"]);
    assert_eq!(of_m(&files(open, more), &files(known, other)), ["model.shop.m: unknown unspecified"]);
}

/// A warehouse may call a type otherwise than the cast that makes it.
#[test]
fn what_is_decided_by_types_is_not_known() {
    let (number, text) = ("select cast(v as int) as v from t", "select cast(v as text) as v from t");
    let files = |m: &'static str, a: &'static str| {
        [("models/m.sql", m), ("models/a.sql", a), ("models/b.sql", "select 1 as id")]
    };
    for compared in ["== 'character varying'", ".startswith('char')"] {
        let m = format!(
            "select id, 0 {{% for c in adapter.get_columns_in_relation(ref('a')) %}}\
             {{% if c.data_type {compared} %}} + 1 {{% endif %}}{{% endfor %}} as texts from {{{{ ref('b') }}}}"
        );
        let with = |a| [("models/m.sql", &*m), ("models/a.sql", a), ("models/b.sql", "select 1 as id")];
        let told = arrives(&with(number), &with(text));
        assert!(told.contains(&"model.shop.m: unknown unspecified".to_owned()), "{told:?}");
    }
    let printed = "select {% for c in adapter.get_columns_in_relation(ref('a')) %}cast(null as {{ c.dtype }}) as {{ c.name }}{% endfor %} from {{ ref('b') }}";
    let told = arrives(&files(printed, number), &files(printed, text));
    assert!(told.contains(&"model.shop.m: reached retyped v".to_owned()), "{told:?}");
}

/// Who is asked for columns and read by a name of odd letters, in SQL that does not parse, is read.
#[test]
fn a_table_of_an_odd_name_is_read_where_it_stands() {
    let m = "select {% for c in adapter.get_columns_in_relation(ref('a')) %}{{ c.name }}{% endfor %} from {{ ref('a') }} ?? what";
    let base = [("models/m.sql", m), ("models/a.sql", "{{ config(alias='a-1') }} select id from t")];
    let head = [base[0], ("models/a.sql", "{{ config(alias='a-1') }} select id from t where id > 3")];
    let told = arrives(&base, &head);
    assert!(told.iter().any(|line| line.starts_with("model.shop.m: ")), "{told:?}");
}

/// What is asked of a long way first says no less of what stands in the middle of it than what is asked there.
#[test]
fn how_far_columns_come_does_not_depend_on_who_asks_first() {
    const LONG: usize = 60;
    let ask = |of: usize| {
        format!(
            "select {{% for c in adapter.get_columns_in_relation(ref('a{of}')) %}}{{{{ c.name }}}}, {{% endfor %}} 1 as n"
        )
    };
    let path = |name: &str| format!("models/{name}.sql");
    let mut files = vec![(path("a0"), "select 1 as id".to_owned())];
    files.extend((1..LONG).map(|of| (path(&format!("a{of}")), format!("select * from {{{{ ref('a{}') }}}}", of - 1))));
    files.extend((0..LONG).map(|of| (path(&format!("by{of}")), ask(LONG - 1 - of))));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
    let read = given(&files);
    assert_eq!(read.codes(), [""; 0], "{:?}", read.told());
    assert_eq!(read.sql("model.shop.by0"), ["select id, 1 as n"]);
}

/// Batches of time take the rows of a source by it.
#[test]
fn the_time_of_the_rows_of_a_source() {
    let files = |said: &'static str| {
        let m = "{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='day', begin='2020-01-01', batch_size='day') }} \
                 select id, day from {{ source('s', 't') }}";
        [("models/m.sql", m), ("models/s.yml", said)]
    };
    let told = arrives(
        &files("sources: [{name: s, tables: [{name: t}]}]"),
        &files("sources: [{name: s, tables: [{name: t, config: {event_time: day}}]}]"),
    );
    assert!(told.iter().any(|line| line.starts_with("model.shop.m: reached rows_removed")), "{told:?}");
}

/// What differs and what that reaches, a relation a line.
pub(super) fn arrives(base: &[(&str, &str)], head: &[(&str, &str)]) -> Vec<String> {
    let relations = |files: &[(&str, &str)]| with_named_reads(given(files).part, &Known::default()).relations;
    let (base, head) = LineageGraph::build_both(relations(base), relations(head), &Tables::default());
    let comparison = compare(&base.graph, &head.graph, &BTreeSet::new());
    let spread = spread(&base.graph, &head.graph, &comparison);
    let line = |(id, arrival): (&RelationId, &Arrival)| {
        let effects = arrival.effects.iter().map(|effect| match &effect.column {
            Some(column) => format!("{} {column}", effect.kind),
            None => effect.kind.to_string(),
        });
        format!("{id}: {} {}", arrival.reach.name(), effects.collect::<Vec<_>>().join(" + "))
    };
    spread.arrivals().iter().map(line).collect()
}

#[test]
fn who_asks_for_columns_only_notices_columns() {
    let files = |a: &'static str| {
        [("models/m.sql", PASS_ON), ("models/a.sql", a), ("models/b.sql", "select id, x_one, x_two from t")]
    };
    let base = files("select id, v as x_one from u");
    // Nothing of what stands in `a` is in `m`.
    assert_eq!(
        arrives(&base, &files("select id, v + 1 as x_one from u where id > 3")),
        ["model.shop.a: reached rows_removed + revalued x_one"]
    );
    assert_eq!(
        arrives(&base, &files("select id, v as x_one, w as y_two from u")),
        ["model.shop.a: reached added y_two"]
    );
    // A column that `m` passes on from `b` because `a` has it.
    assert_eq!(
        arrives(&base, &files("select id, v as x_one, w as x_two from u")),
        ["model.shop.a: reached added x_two", "model.shop.m: reached added x_two"]
    );
    assert_eq!(
        arrives(&base, &files("select id from u")),
        ["model.shop.a: reached removed x_one", "model.shop.m: reached removed x_one"]
    );
    // Which columns it has is not known any more.
    let told = arrives(&base, &files("select * from u"));
    assert!(told.contains(&"model.shop.m: reached unspecified".to_owned()), "{told:?}");
}
