//! What dbt computes from tables: metrics, semantic models, saved queries.

use crate::support::Fixture;

/// There is nobody to tell of them, and there may be hundreds.
#[test]
fn metrics_that_nobody_owns_take_a_line_and_the_page_shows_the_job() {
    let files = [
        ("dbt_project.yml", "name: shop\n"),
        ("models/orders.sql", "select id, amount from raw.orders"),
        (
            "models/m.yml",
            "semantic_models:\n- name: sales\n  model: ref('orders')\n  entities: [{name: id, type: primary}]\n  \
             measures: [{name: sum_amount, agg: sum, expr: amount}, {name: n, agg: count, expr: id}]\n\
             metrics:\n- {name: revenue, type: simple, type_params: {measure: sum_amount}}\n\
             - {name: number, type: simple, type_params: {measure: n}}\n\
             exposures: [{name: audit, type: dashboard, owner: {name: Ann}, depends_on: [ref('orders')]}]\n",
        ),
    ];
    let fixture = Fixture::pair(&files, &[("models/orders.sql", "select id, amount * 2 as amount from raw.orders")]);
    insta::assert_snapshot!(fixture.text("impact"));
    insta::assert_snapshot!(fixture.text("impact --format markdown"));
    assert!(fixture.text("impact -v").contains("REACHED  metric:revenue"));
}
