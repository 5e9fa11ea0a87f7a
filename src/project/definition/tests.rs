//! Two versions of a project whose semantic layer differs, and whom that concerns.

use std::collections::BTreeSet;

use headsup_lineage::change::compare;
use headsup_lineage::reach::{Reach, spread};

use super::*;
use crate::project::{Source, plan, read_both};
use crate::settings::Settings;
use crate::snapshot::Snapshot;

const LAYER: &str = "
semantic_models:
- name: orders
  model: ref('orders')
  label: Orders
  defaults: {agg_time_dimension: ordered_at}
  entities: [{name: order_id, type: primary}, {name: customer, type: foreign, expr: customer_id}]
  dimensions:
  - {name: ordered_at, type: time, type_params: {time_granularity: day}}
  - {name: region, type: categorical}
  measures: [{name: total, agg: sum, expr: amount}, {name: number, agg: count, expr: order_id}]
metrics:
- {name: revenue, label: Revenue, type: simple, type_params: {measure: total}}
- {name: orders, type: simple, type_params: {measure: number}, filter: \"{{ Dimension('order_id__region') }} = 'north'\"}
- {name: average, type: ratio, type_params: {numerator: revenue, denominator: {name: orders}}}
saved_queries:
- name: monthly
  query_params: {metrics: [average, revenue], group_by: [\"Dimension('order_id__region')\"]}
exposures:
- {name: board, owner: {name: Ann}, depends_on: [ref('orders'), metric('revenue')]}
";

fn read(files: &[(&str, &str)], layer: &str) -> Snapshot {
    let of_all = [("dbt_project.yml", "name: shop\nconfig-version: 2\n"), ("models/m.yml", layer)];
    let all = files.iter().chain(&of_all).map(|(path, text)| (*path, text.as_bytes()));
    Snapshot::of_texts("test", all).unwrap()
}

const ORDERS: &str = "select 1 as order_id, 2 as customer_id, 3 as amount, 4 as ordered_at, 5 as region";

fn between(base: &Snapshot, head: &Snapshot) -> (Project, Project, Comparison) {
    let plan = plan(&[base, head], &Settings::default(), Some(Dialect::DuckDb));
    let source = |snapshot| Source { snapshot, manifest: None };
    let (base, head) = read_both(source(base), source(head), &plan);
    let mut comparison = compare(&base.graph, &head.graph, &BTreeSet::new());
    comparison.redefined = redefinitions(&base, &head, &comparison);
    (base, head, comparison)
}

/// What is defined otherwise, an effect a line, with the jobs that it concerns.
fn shown(comparison: &Comparison) -> Vec<String> {
    let lines = comparison.redefined.iter().flat_map(|redefined| {
        let change = &redefined.change;
        change.effects.iter().map(move |effect| {
            let column = effect.column.as_ref().map(|column| format!(".{column}")).unwrap_or_default();
            let detail = effect.detail.as_deref().unwrap_or_default();
            let jobs = redefined.concerns.iter().filter(|(_, effects)| effects.contains(effect));
            let jobs: Vec<&str> = jobs.map(|(job, _)| &**job).collect();
            format!("{}{column} {}: {detail} [{}]", change.name, effect.kind, jobs.join(" "))
        })
    });
    lines.collect()
}

/// The same for a layer in which something is written in another way.
fn told(edits: &[(&str, &str)]) -> Vec<String> {
    let head = edits.iter().fold(LAYER.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old}");
        text.replace(old, new)
    });
    let files = [("models/orders.sql", ORDERS), ("models/lines.sql", "select 1 as order_id")];
    shown(&between(&read(&files, LAYER), &read(&files, &head)).2)
}

#[test]
fn a_measure_that_is_defined_otherwise_concerns_the_metrics_that_are_made_of_it() {
    assert_eq!(
        told(&[("agg: sum", "agg: max")]),
        ["semantic_model:orders.total revalued: defined otherwise, `agg`: sum → max \
             [board metric:average metric:revenue saved_query:monthly semantic_model:orders]"]
    );
    assert_eq!(
        told(&[("agg: count, expr: order_id", "agg: count_distinct, expr: order_id")]),
        ["semantic_model:orders.number revalued: defined otherwise, `agg`: count → count_distinct \
             [metric:average metric:orders saved_query:monthly semantic_model:orders]"]
    );
}

#[test]
fn what_a_metric_needs_beside_its_measure_counts_and_nothing_else() {
    assert_eq!(
        told(&[("{name: region, type: categorical}", "{name: region, type: categorical, expr: upper(region)}")]),
        ["semantic_model:orders.region revalued: defined otherwise, `expr`: region → upper(region) \
             [metric:average metric:orders saved_query:monthly semantic_model:orders]"]
    );
    assert_eq!(
        told(&[("time_granularity: day", "time_granularity: month")]),
        ["semantic_model:orders.ordered_at revalued: defined otherwise, `type_params.time_granularity`: day → month \
             [board metric:average metric:orders metric:revenue saved_query:monthly semantic_model:orders]"]
    );
    assert_eq!(
        told(&[("type: foreign, expr", "type: natural, expr")]),
        ["semantic_model:orders unspecified: entity `customer` is defined otherwise, `type`: foreign → natural \
             [semantic_model:orders]"]
    );
}

#[test]
fn a_metric_that_is_defined_otherwise_concerns_what_asks_for_it() {
    assert_eq!(
        told(&[("= 'north'", "= 'south'")]),
        [
            "metric:orders.orders revalued: defined otherwise, `filter`: {{ Dimension('order_id__region') }} = 'north' → \
             {{ Dimension('order_id__region') }} = 'south' [metric:average metric:orders saved_query:monthly]"
        ]
    );
    assert_eq!(
        told(&[("numerator: revenue", "numerator: orders")]),
        ["metric:average.average revalued: defined otherwise, `type_params.numerator`: revenue → orders \
             [metric:average saved_query:monthly]"]
    );
    assert_eq!(
        told(&[("[\"Dimension('order_id__region')\"]", "[]")]),
        ["saved_query:monthly unspecified: defined otherwise, `query_params.group_by` is gone: \
             Dimension('order_id__region') [saved_query:monthly]"]
    );
}

#[test]
fn what_is_read_otherwise_is_told_where_no_relation_differs() {
    assert_eq!(
        told(&[("model: ref('orders')", "model: ref('lines')")]),
        ["semantic_model:orders unspecified: it reads `lines` and no longer `orders` \
             [board metric:average metric:orders metric:revenue saved_query:monthly semantic_model:orders]"]
    );
    assert_eq!(
        told(&[("[ref('orders'), metric('revenue')]", "[ref('lines'), metric('orders')]")]),
        [
            "exposure:board unspecified: defined otherwise, `metrics`: revenue → orders [board]",
            "exposure:board unspecified: it reads `lines` and no longer `orders` [board]",
        ]
    );
}

#[test]
fn what_is_gone_is_missed_by_whom_it_was_asked_for() {
    assert_eq!(
        told(&[("{name: total, agg: sum, expr: amount}, ", "")]),
        ["semantic_model:orders.total removed: the measure is gone \
             [board metric:average metric:revenue saved_query:monthly semantic_model:orders]"]
    );
    let without = told(&[("- {name: revenue, label: Revenue, type: simple, type_params: {measure: total}}\n", "")]);
    assert_eq!(
        without,
        ["metric:revenue removed: it is gone [board metric:average metric:revenue saved_query:monthly]"]
    );
}

#[test]
fn what_is_said_for_people_and_in_another_way_is_silent() {
    for edits in [
        [("label: Revenue", "label: Turnover, description: more, config: {meta: {a: 1}}")].as_slice(),
        &[("label: Orders", "description: all orders")],
        &[("{measure: total}", "{measure: {name: total, fill_nulls_with: null, join_to_timespine: false}}")],
        &[("= 'north'\"", "=   'north'  \"")],
        &[("[average, revenue]", "[revenue, average]")],
        &[("{name: region, type: categorical}", "{name: region, type: categorical, expr: region}")],
        &[("agg: sum, ", "agg: sum, agg_time_dimension: ordered_at, ")],
        // A metric that nobody asks for yet, and another dimension.
        &[("saved_queries:", "- {name: more, type: simple, type_params: {measure: total}}\nsaved_queries:")],
        &[("  measures:", "  - {name: status, type: categorical}\n  measures:")],
        // The semantic model or a measure under another name.
        &[("- name: orders\n", "- name: all_orders\n")],
    ] {
        assert_eq!(told(edits), [""; 0], "{edits:?}");
    }
}

#[test]
fn a_model_under_another_name_is_the_same_to_what_follows_it() {
    let base = read(&[("models/orders.sql", ORDERS)], LAYER);
    let head = read(&[("models/all_orders.sql", ORDERS)], &LAYER.replace("ref('orders')", "ref('all_orders')"));
    assert_eq!(shown(&between(&base, &head).2), [""; 0]);
}

#[test]
fn a_definition_reaches_the_job_and_says_by_which_way() {
    let files = [("models/orders.sql", ORDERS)];
    let head = LAYER.replace("agg: sum", "agg: max").replace("= 'north'", "= 'south'");
    let (base, head, comparison) = between(&read(&files, LAYER), &read(&files, &head));
    let spread = spread(&base.graph, &head.graph, &comparison);
    let judged = |name: &str| {
        let job = head.jobs.iter().find(|job| job.name == name).unwrap();
        let mut reach = spread.judge(&job.reads, None, &|_| None);
        reach.redefine(name, &comparison);
        let ways = reach.ways.iter().map(|way| way.relation.to_string()).collect::<Vec<_>>().join(" ");
        (reach.reach, ways)
    };
    assert_eq!(judged("metric:revenue"), (Reach::Reached, "semantic_model:orders".to_owned()));
    assert_eq!(judged("metric:average"), (Reach::Reached, "metric:orders semantic_model:orders".to_owned()));
}

#[test]
fn what_is_gone_breaks_the_others_that_are_made_of_it() {
    let files = [("models/orders.sql", ORDERS)];
    let head = LAYER.replace("- {name: orders, type: simple", "- {name: number_of_orders, type: simple");
    let (base, head, comparison) = between(&read(&files, LAYER), &read(&files, &head));
    let spread = spread(&base.graph, &head.graph, &comparison);
    let effects = |name: &str| {
        let job = base.jobs.iter().find(|job| job.name == name).unwrap();
        let mut reach = spread.judge(&job.reads, None, &|_| None);
        reach.redefine(name, &comparison);
        reach.effects.iter().map(|effect| effect.kind).collect::<Vec<_>>()
    };
    assert_eq!(effects("metric:orders"), [EffectKind::Removed]);
    assert_eq!(effects("metric:average"), [EffectKind::Broken]);
    assert_eq!(effects("metric:revenue"), []);
}
