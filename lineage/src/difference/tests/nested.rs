//! What differs inside a query, as seen from its columns and rows.

use super::check;

#[test]
fn derived_tables() {
    let totals = "with totals as (select customer_id, sum(amount) as total, count(*) as n from orders where status = 'a' group by 1)";
    let changed = "with totals as (select customer_id, sum(amount - refund) as total, count(*) as n from orders where status = 'a' group by 1)";
    let wider = "with totals as (select customer_id, sum(amount) as total, count(*) as n from orders group by 1)";
    let tail = "select c.name, t.total, t.n from customers c join totals t on t.customer_id = c.customer_id";
    let left = "select c.name, t.total, t.n from customers c left join totals t on t.customer_id = c.customer_id";
    let q = |cte: &str, tail: &str| format!("{cte} {tail}");
    check(&[
        (&q(totals, tail), &q(changed, tail), &["revalued total: …"]),
        (
            &q(totals, tail),
            &q(wider, tail),
            &["rows_added: `orders.status = 'a'` no…", "revalued n…", "revalued total…"],
        ),
        (&q(totals, left), &q(wider, left), &["revalued n…", "revalued total…"]),
        (
            &q(totals, "select c.name from customers c join totals t on t.customer_id = c.customer_id and t.total > 5"),
            &q(
                changed,
                "select c.name from customers c join totals t on t.customer_id = c.customer_id and t.total > 5",
            ),
            &["rows_removed: …", "rows_added: …"],
        ),
        (
            "select max(n) as m from (select customer_id, count(*) as n from orders group by 1) q",
            "select max(n) as m from (select customer_id, count(*) as n from orders where amount > 0 group by 1) q",
            &["revalued m: …"],
        ),
        // A join that is compared as a whole asks for what differs in another input.
        (
            "select a.order_id from orders a full join lines b on a.order_id = b.order_id right join (select min(name) as n, count(region) as r from customers) q on q.n = a.status and q.r = b.quantity",
            "select a.order_id from orders a full join lines b on a.order_id = b.order_id right join (select max(name) as n, count(region) as r from customers) q on q.n = a.status and q.r = b.quantity",
            &["rows_duplicated: …", "rows_removed: …", "rows_added: …", "revalued order_id: …"],
        ),
    ]);
}

#[test]
fn duplicates_are_absorbed() {
    check(&[
        (
            "select q.order_id, max(q.day) as last from (select order_id, day from lines union select order_id, status from orders) q group by 1",
            "select q.order_id, max(q.day) as last from (select order_id, day from lines union all select order_id, status from orders) q group by 1",
            &[],
        ),
        (
            "select distinct q.order_id from (select order_id, day from lines union select order_id, status from orders) q",
            "select distinct q.order_id from (select order_id, day from lines union all select order_id, status from orders) q",
            &[],
        ),
        (
            "select q.order_id, count(*) as n from (select order_id, day from lines union select order_id, status from orders) q group by 1",
            "select q.order_id, count(*) as n from (select order_id, day from lines union all select order_id, status from orders) q group by 1",
            &["revalued n: …"],
        ),
    ]);
}

#[test]
fn a_block_around_another() {
    check(&[
        (
            "select customer_id, sum(amount) as total from orders group by 1",
            "select q.customer_id, q.total, c.name from (select customer_id, sum(amount) as total from orders group by 1) q left join customers c on c.customer_id = q.customer_id",
            &["added name: the column is new"],
        ),
        (
            "select order_id from lines union all select order_id from orders",
            "select q.order_id from (select order_id from lines union all select order_id from orders) q where q.order_id > 5",
            &["rows_removed: `lines…", "rows_removed: `orders…"],
        ),
    ]);
}

#[test]
fn a_derived_table_that_no_longer_drops_rows() {
    check(&[
        (
            "with l as (select distinct order_id, sku from lines where day = 'x') select o.amount, l.sku from orders o join l on l.order_id = o.order_id where o.status = 'a'",
            "with l as (select order_id, sku from lines where day = 'x') select o.amount, l.sku from orders o join l on l.order_id = o.order_id where o.status = 'a'",
            &["rows_duplicated: rows may be duplicated: DISTINCT is gone", "regrained: …"],
        ),
        (
            "with l as (select order_id, sku from lines where day = 'x') select o.amount, l.sku from orders o join l on l.order_id = o.order_id where o.status = 'a'",
            "with l as (select distinct order_id, sku from lines where day = 'x') select o.amount, l.sku from orders o join l on l.order_id = o.order_id where o.status = 'a'",
            &["regrained: …", "rows_removed: DISTINCT drops repeated rows now"],
        ),
        (
            "with l as (select order_id, sku from lines qualify row_number() over (partition by order_id order by day) = 1) select o.order_id, o.amount, l.sku from orders o left join l on l.order_id = o.order_id",
            "with l as (select order_id, sku from lines) select o.order_id, o.amount, l.sku from orders o left join l on l.order_id = o.order_id",
            &[
                "rows_duplicated: rows may be duplicated: the join to lines on (order_id) is no longer on a unique key…",
                "revalued sku: …",
            ],
        ),
        (
            "with l as (select order_id, sku from lines qualify row_number() over (partition by order_id order by day) = 1) select o.order_id, sum(o.amount) as total, max(l.sku) as sku from orders o join l on l.order_id = o.order_id group by 1",
            "with l as (select order_id, sku from lines) select o.order_id, sum(o.amount) as total, max(l.sku) as sku from orders o join l on l.order_id = o.order_id group by 1",
            &["rows_added: …", "rows_added: …", "revalued sku: …", "revalued total: …"],
        ),
    ]);
}

#[test]
fn nothing_is_absorbed_by_groups_of_one_side() {
    check(&[(
        "select sku, sum(quantity) as q from lines group by sku",
        "select l.sku, sum(l.quantity) as q from lines l right join (select order_id, max(amount) as m from orders group by 1) o on o.order_id = l.order_id group by l.sku",
        &[
            "rows_removed: only rows…",
            "rows_removed: …",
            "rows_added: rows without a match in lines are kept…",
            "revalued q: …",
        ],
    )]);
}

/// The order of a union's columns is that of the terms in its branches.
#[test]
fn one_branch_more_leaves_the_columns_of_the_others_where_they_are() {
    let query = |branches: &[&str], asked: &str| {
        let branches: Vec<String> = branches
            .iter()
            .map(|table| format!("select order_id, amount, refund, status, tags from {table}"))
            .collect();
        format!("select {asked} from ({}) u join customers c on c.name = u.status", branches.join(" union all "))
    };
    let all = "u.tags, u.order_id, u.amount, u.refund, c.region";
    let (two, three) = (query(&["orders", "raw"], all), query(&["orders", "raw", "archive"], all));
    let added: &[&str] = &["rows_added: the rows of archive are put in by the set operation now"];
    let removed: &[&str] = &["rows_removed: the rows of archive are no longer put in by the set operation"];
    let one = three.replace("refund, status, tags from raw", "amount, status, tags from raw");
    check(&[(&two, &three, added), (&three, &two, removed)]);
    let lines = super::found(&two, &one);
    assert!(lines.iter().any(|line| line.starts_with("revalued refund")), "{lines:?}");
    assert!(!lines.iter().any(|line| line.starts_with("revalued tags")), "{lines:?}");
}

/// Many columns may be those of another row, and still only rows come.
#[test]
fn one_branch_more_below_a_filter_on_row_number() {
    let columns = "order_id, amount, refund, status, tags, day, week, month, year, place";
    let query = |branches: &[&str]| {
        let branches: Vec<String> =
            branches.iter().map(|table| format!("select {columns} from {table} where amount > 0")).collect();
        format!(
            "with u as ({}), j as (select u.*, c.region from u join customers c on c.name = u.status and c.customer_id = u.order_id), \
             f as (select *, row_number() over (partition by order_id, status, place order by tags) as rank from j) \
             select * from f where rank = 1",
            branches.join(" union all ")
        )
    };
    let (one, two, three) = (query(&["a"]), query(&["a", "b"]), query(&["a", "b", "c"]));
    for (base, head) in [(&one, &two), (&two, &three)] {
        for (base, head, rows) in [(base, head, "rows_added"), (head, base, "rows_removed")] {
            let lines = super::found(base, head);
            assert!(lines[0].starts_with(rows), "{lines:?}");
            let revalued = |line: &String| line.starts_with("revalued") && line.contains("by the set operation");
            assert!(lines[1..].iter().all(revalued), "{lines:?}");
            // What the rows are told apart by stays, and so does the number that is 1 in all of them.
            let stays = |column: &str| !lines.iter().any(|line| line.starts_with(&format!("revalued {column}:")));
            assert!(["order_id", "status", "place", "rank"].into_iter().all(stays), "{lines:?}");
        }
    }
}

#[test]
fn one_branch_more_hides_nothing() {
    let tail = "join customers c on c.name = u.status";
    check(&[
        (
            &format!("select u.amount, c.region from (select amount, status from orders where amount > 0) u {tail}"),
            &format!(
                "select u.amount, c.region from (select amount, status from orders where amount > 0 union all select amount, status from raw) u {tail}"
            ),
            &["rows_added: the rows of raw are put in by the set operation now"],
        ),
        // The branch itself changed.
        (
            &format!("select u.amount, c.region from (select amount, status from orders where amount > 0) u {tail}"),
            &format!(
                "select u.amount, c.region from (select amount, status from orders where amount > 1 union all select amount, status from raw) u {tail}"
            ),
            &["rows_removed: `orders.amount > 1` filters…", "rows_added: …", "rows_added: the rows of raw…"],
        ),
        // Repeated rows of the one branch are dropped by the other operator.
        (
            &format!("select u.amount, c.region from (select amount, status from orders) u {tail}"),
            &format!(
                "select u.amount, c.region from (select amount, status from orders union select amount, status from raw) u {tail}"
            ),
            &["regrained: …", "rows_removed: …", "rows_added: the rows of raw…"],
        ),
    ]);
}

/// A number by which a row is kept is the same only where both versions keep the first.
#[test]
fn the_number_of_another_row_differs() {
    let more = |where_: &str| {
        format!(
            "select * from (select order_id, row_number() over (partition by order_id order by day) as r from lines{where_}) q where q.r <= 2"
        )
    };
    let lines = super::found(&more(""), &more(" where quantity > 0"));
    assert!(lines.iter().any(|line| line.starts_with("revalued r")), "{lines:?}");
}

#[test]
fn an_expression_below_distinct_changes_and_distinct_stays() {
    let query = |by: &str| {
        format!(
            "with t as (select sku, day, sum(quantity) over (partition by sku order by day) as total from lines) \
             select distinct sku, day, total + {by} as x, lag(total) over (partition by sku order by day) as l from t"
        )
    };
    check(&[(
        &query("1"),
        &query("2"),
        &[
            "rows_removed: the rows are distinct by a column that changed: …",
            "rows_added: the rows are distinct by a column that changed: …",
            "revalued x: …",
        ],
    )]);
}
