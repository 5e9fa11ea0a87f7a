//! The semantic layer as what reads models, and what constraints and tests say of keys; each as dbt 1.11
//! has it in its manifest.

use super::*;
use headsup_lineage::query::KeyKind;

const LAYER: &str = "
semantic_models:
- name: orders
  model: ref('orders')
  defaults: {agg_time_dimension: ordered_at}
  entities:
  - {name: order_id, type: primary}
  - {name: customer, type: foreign, expr: customer_id}
  dimensions:
  - {name: ordered_at, type: time, expr: ordered_on}
  - {name: region, type: categorical}
  - {name: is_large, type: categorical, expr: amount > 10}
  measures:
  - {name: total, agg: sum, expr: amount}
  - {name: number, agg: sum, expr: 1, create_metric: true}
  - {name: margin, agg: sum, expr: amount - cost}
- name: customers
  model: ref('customers')
  entities: [{name: customer, type: primary, expr: customer_id}]
  dimensions: [{name: country, type: categorical}]
- name: lines
  model: ref('lines')
  entities: [{name: order_id, type: foreign}]
  dimensions: [{name: product, type: categorical}]
- name: off
  config: {enabled: false}
  model: ref('orders')
metrics:
- {name: revenue, type: simple, type_params: {measure: total}}
- {name: orders, type: simple, type_params: {measure: {name: number}}}
- {name: margin, type: simple, type_params: {measure: margin}}
- {name: average, type: ratio, type_params: {numerator: revenue, denominator: {name: number}}}
- {name: growth, type: derived, type_params: {expr: a - b, metrics: [{name: revenue, alias: a}, {name: revenue, alias: b}]}}
- {name: north, type: simple, type_params: {measure: total}, filter: \"{{ Dimension('order_id__region') }} = 'north'\"}
- {name: abroad, type: simple, type_params: {measure: total}, filter: \"{{ Dimension('customer__country') }} = 'x'\", config: {group: finance}}
- {name: round, type: derived, type_params: {metrics: [round]}}
saved_queries:
- name: monthly
  query_params: {metrics: [growth], group_by: [\"Dimension('customer__country')\"]}
groups: [{name: finance, owner: {name: Finance, email: f@example.com}}]
exposures:
- {name: board, owner: {name: Ann}, depends_on: [\"metric('average')\"]}
";

fn layer() -> Read {
    given(&[
        (
            "models/orders.sql",
            "select 1 as order_id, 2 as customer_id, 3 as amount, 4 as cost, 5 as ordered_on, 6 as region",
        ),
        ("models/customers.sql", "select 2 as customer_id, 'a' as country"),
        ("models/lines.sql", "select 1 as order_id, 'a' as product"),
        ("models/m.yml", LAYER),
    ])
}

/// Each job that reads something: `name: relation(columns)…`.
fn jobs(read: &Read) -> Vec<String> {
    let reads = |job: &crate::project::DeclaredJob| {
        let one = |read: &Reference| match read {
            Reference::Id(id, _) => {
                let table = id.as_str().rsplit('.').next().unwrap_or_default();
                let columns = job.columns.get(table).map(|columns| columns.join(" "));
                format!("{table}({})", columns.as_deref().unwrap_or("*"))
            }
            Reference::Name(read) => read.name.to_string(),
        };
        job.reads.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    read.part.jobs.iter().map(|job| format!("{}: {}", job.name, reads(job))).collect()
}

#[test]
fn metrics_and_what_asks_for_them_read_the_columns_of_their_measures() {
    assert_eq!(
        jobs(&layer()),
        [
            "board: orders(*)",
            "metric:abroad: customers(country customer_id), orders(amount customer_id ordered_on)",
            "metric:average: orders(amount ordered_on)",
            "metric:growth: orders(amount ordered_on)",
            "metric:margin: orders(*)",
            "metric:north: orders(amount order_id ordered_on region)",
            "metric:orders: orders(ordered_on)",
            "metric:revenue: orders(amount ordered_on)",
            "saved_query:monthly: customers(country customer_id), orders(amount customer_id ordered_on)",
            "semantic_model:customers: customers(country customer_id)",
            "semantic_model:lines: lines(order_id product)",
            "semantic_model:orders: orders(*)",
        ]
    );
}

#[test]
fn a_metric_belongs_to_whom_it_names() {
    let read = layer();
    let owners = |name: &str| {
        let job = read.part.jobs.iter().find(|job| job.name == name).unwrap();
        job.owners.iter().filter_map(|claim| claim.contact.label()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!((owners("metric:abroad"), owners("metric:revenue")), ("Finance".to_owned(), String::new()));
}

#[test]
fn whole_folders_of_the_layer_can_be_switched_off() {
    let project = "name: shop\nmetrics:\n  shop:\n    +enabled: false\nexposures:\n  +enabled: false\n";
    let read = given(&[
        ("dbt_project.yml", project),
        ("models/orders.sql", "select 1 as a"),
        ("models/customers.sql", "select 1 as a"),
        ("models/lines.sql", "select 1 as a"),
        ("models/m.yml", LAYER),
    ]);
    let names: Vec<String> = jobs(&read).iter().filter_map(|job| Some(job.split_once(": ")?.0.to_owned())).collect();
    assert_eq!(
        names,
        ["saved_query:monthly", "semantic_model:customers", "semantic_model:lines", "semantic_model:orders"]
    );
}

#[test]
fn a_metric_of_before_the_layer_reads_its_model() {
    let metrics = "metrics:\n- {name: revenue, model: ref('orders'), calculation_method: sum, expression: amount}\n\
                   exposures:\n- {name: board, owner: {name: Ann}, depends_on: [metric('revenue')]}\n";
    let read = given(&[("models/orders.sql", "select 1 as amount"), ("models/m.yml", metrics)]);
    assert_eq!(jobs(&read), ["board: orders(*)", "metric:revenue: orders(*)"]);
}

#[test]
fn constraints_and_tests_are_keys() {
    let properties = "
models:
- name: lines
  constraints:
  - {type: primary_key, columns: [order_id, line]}
  - {type: foreign_key, columns: [order_id], to: ref('orders'), to_columns: [id]}
  - {type: foreign_key, columns: [product], expression: shop.products (id)}
  columns:
  - name: line
    constraints: [{type: not_null}]
  - name: customer
    constraints: [{type: foreign_key, to: \"source('raw', 'customers')\", to_columns: [id]}]
    data_tests: [{unique: {arguments: {}, config: {severity: error}}}]
  - name: shop
    data_tests: [{relationships: {arguments: {to: \"ref('shop', 'shops')\", field: id}}}, {unique: {config: {where: 'true'}}}]
  data_tests:
  - unique: {arguments: {column_name: barcode}}
  - unique: {arguments: {column_name: order_id || line}}
  - dbt_utils.unique_combination_of_columns: {arguments: {combination_of_columns: [customer, line]}}
";
    let read = given(&[("models/lines.sql", "select 1 as line"), ("models/m.yml", properties)]);
    let schema = &read.relation("model.shop.lines").schema;
    let names = |columns: &[headsup_lineage::name::ColumnName]| {
        columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    let keys: Vec<_> = schema.keys.iter().map(|key| (names(&key.columns), key.kind)).collect();
    let expected = [
        ("customer", KeyKind::Unique),
        ("barcode", KeyKind::Unique),
        ("customer line", KeyKind::Unique),
        ("order_id line", KeyKind::Primary),
    ];
    assert_eq!(keys, expected.map(|(columns, kind)| (columns.to_owned(), kind)));
    let references: Vec<String> = schema
        .references
        .iter()
        .map(|key| format!("{} → {} {}", names(&key.columns), key.relation, names(&key.relation_columns)))
        .collect();
    assert_eq!(references, ["customer → raw.customers id", "shop → shops id", "order_id → orders id"]);
}

#[test]
fn unit_tests_are_nothing_that_reads() {
    let tests = "unit_tests:\n- {name: t, model: m, given: [{input: ref('a'), rows: []}], expect: {rows: []}}\n";
    let read = given(&[("models/m.sql", "select 1 as x"), ("models/a.sql", "select 1 as x"), ("models/t.yml", tests)]);
    assert_eq!((read.codes(), jobs(&read)), (vec![], Vec::<String>::new()));
}
