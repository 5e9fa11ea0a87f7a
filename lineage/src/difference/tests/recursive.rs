//! What differs between recursive queries.

use super::check;

fn query(seed: &str, step: &str, top: &str) -> String {
    format!("with recursive r (id, name, depth) as ({seed} union all {step}) {top}")
}

const SEED: &str = "select order_id, status, 0 from orders where amount > 5";
const STEP: &str = "select l.sku, r.name, r.depth + 1 from r join lines l on l.order_id = r.id where r.depth < 9";
const TOP: &str = "select id, name, depth from r";

#[test]
fn what_differs_goes_on_from_step_to_step() {
    let base = query(SEED, STEP, TOP);
    check(&[
        // A value that steps hand on, and that decides on no rows.
        (
            &base,
            &query("select order_id, tags, 0 from orders where amount > 5", STEP, TOP),
            &["revalued name: the expression changed…"],
        ),
        (&base, &query(SEED, &STEP.replace("r.name", "l.day"), TOP), &["revalued name: …"]),
        // One by which steps are joined decides on rows.
        (
            &base,
            &query("select amount, status, 0 from orders where amount > 5", STEP, TOP),
            &[
                "rows_removed: `lines.order_id = the\u{a0}rows\u{a0}before.column 1` decides…",
                "rows_added: …",
                "revalued id: …",
            ],
        ),
        (&base, &query(SEED, &STEP.replace("depth < 9", "depth < 10"), TOP), &["rows_added: …"]),
        (&base, &query("select order_id, status, 0 from orders", STEP, TOP), &["rows_added: `orders.amount > 5` no…"]),
        (
            &base,
            &query(SEED, &STEP.replace("where", "join customers c on c.name = l.sku where"), TOP),
            &["rows_duplicated: …", "rows_removed: …"],
        ),
        // What is made of it does not ask for what differs.
        (
            &query(SEED, STEP, "select id from r"),
            &query(SEED, &STEP.replace("r.name", "l.day"), "select id from r"),
            &[],
        ),
    ]);
}

#[test]
fn what_is_not_taken_apart_may_be_anything() {
    let base = query(SEED, STEP, TOP);
    let asks = STEP.replace("where", "where l.day not in (select name from r) and");
    check(&[(&base, &query(SEED, &asks, TOP), &["unspecified: a recursive query changed"])]);
}

#[test]
fn rows_that_are_there_already_count_where_they_are_dropped() {
    let dropping = |seed: &str| query(seed, STEP, TOP).replace("union all", "union");
    check(&[(
        &dropping(SEED),
        &dropping("select order_id, status, 0 from orders"),
        &["rows_removed: …", "rows_added: `orders.amount > 5` no…"],
    )]);
}
