//! One SELECT against another, clause by clause.

use super::check;

#[test]
fn columns() {
    check(&[
        ("select order_id, amount from orders", "select o.order_id, o.amount from orders as o", &[]),
        (
            "select order_id, sum(amount) as total from orders group by order_id",
            "select order_id, sum(amount - refund) as total from orders group by order_id",
            &[
                "revalued total: the expression changed from `sum(orders.amount)` to `sum(orders.amount - orders.refund)`",
            ],
        ),
        ("select order_id from orders", "select order_id, amount from orders", &["added amount: the column is new"]),
        ("select order_id, amount from orders", "select order_id from orders", &["removed amount: the column is gone"]),
        (
            "select order_id, amount as total from orders",
            "select order_id, amount as revenue from orders",
            &["removed total: renamed to revenue", "added revenue: renamed from total"],
        ),
        ("select order_id, amount from orders", "select amount, order_id from orders", &["reordered"]),
        (
            "select order_id, amount from orders",
            "select order_id, cast(amount as bigint) as amount from orders",
            &["retyped amount: the expression changed from `orders.amount` to `cast(orders.amount as bigint)`"],
        ),
    ]);
}

#[test]
fn conditions() {
    check(&[
        (
            "select order_id from orders where status <> 'test'",
            "select order_id from orders",
            &["rows_added: `orders.status <> 'test'` no longer filters rows"],
        ),
        (
            "select order_id from orders",
            "select order_id from orders where status <> 'test'",
            &["rows_removed: `orders.status <> 'test'` filters rows now"],
        ),
        ("select order_id from orders where 1 = 0", "select order_id from orders", &["rows_added: …"]),
        (
            "select order_id from orders where amount > 5",
            "select order_id from orders where amount > 3",
            &["rows_added: the condition changed…"],
        ),
        (
            "select order_id from orders where status = 'a'",
            "select order_id from orders where status in ('a', 'b')",
            &["rows_added: the condition changed…"],
        ),
        (
            "select order_id from orders where status = 'a'",
            "select order_id from orders where status is not null",
            &["rows_added: the condition changed…"],
        ),
        (
            "select order_id from orders where status = 'a' and amount > 1",
            "select order_id from orders where status = 'a' or amount > 1",
            &["rows_added: …", "rows_added: …"],
        ),
        (
            "select order_id from orders where status = 'a'",
            "select order_id from orders where status = 'b'",
            &["rows_removed: the condition…", "rows_added: the condition…"],
        ),
        (
            "select sum(amount) as total from orders where status = 'a'",
            "select sum(amount) as total from orders",
            &[
                "revalued total: `sum(orders.amount)` is over what differs: `orders.status = 'a'` no longer filters rows",
            ],
        ),
        (
            "select customer_id, sum(amount) as total from orders where status = 'a' group by 1",
            "select customer_id, sum(amount) as total from orders group by 1",
            &["rows_added: `orders.status = 'a'` no…", "revalued total: …"],
        ),
        (
            "select customer_id, count(*) as n from orders group by 1 having count(*) > 1",
            "select customer_id, count(*) as n from orders group by 1",
            &["rows_added: `count(*) > 1` no longer filters rows"],
        ),
    ]);
}

#[test]
fn joins() {
    check(&[
        (
            "select o.order_id, o.amount from orders o",
            "select o.order_id, o.amount from orders o join lines l on l.order_id = o.order_id",
            &[
                "rows_duplicated: rows may be duplicated: the join to lines on (order_id) is not on a unique key",
                "rows_removed: only rows with a match in lines are left: it is joined in now",
            ],
        ),
        (
            "select o.order_id, o.amount from orders o",
            "select o.order_id, o.amount, l.sku from orders o left join lines l on l.order_id = o.order_id",
            &[
                "rows_duplicated: rows may be duplicated: the join to lines on (order_id) is not on a unique key",
                "added sku: the column is new",
            ],
        ),
        (
            "select o.order_id from orders o",
            "select o.order_id, c.name from orders o left join customers c on c.customer_id = o.customer_id",
            &["added name: the column is new"],
        ),
        // A foreign key whose column is never NULL.
        (
            "select o.order_id from orders o",
            "select o.order_id, c.name from orders o join customers c on c.customer_id = o.customer_id",
            &["added name: the column is new"],
        ),
        (
            "select o.order_id, c.name from orders o left join customers c on c.customer_id = o.order_id",
            "select o.order_id, c.name from orders o join customers c on c.customer_id = o.order_id",
            &["rows_removed: rows without a match in customers are dropped: the left join is an inner join now"],
        ),
        (
            "select o.order_id, c.name from orders o join customers c on c.customer_id = o.order_id",
            "select o.order_id, c.name from orders o left join customers c on c.customer_id = o.order_id",
            &["rows_added: rows without a match in customers are kept: the inner join is a left join now"],
        ),
        // The join is widened.
        (
            "select o.order_id, l.sku from orders o join lines l on l.order_id = o.order_id and l.day = o.status",
            "select o.order_id, l.sku from orders o join lines l on l.order_id = o.order_id",
            &[
                "rows_duplicated: rows may be duplicated: the join to lines on (order_id) is not on a unique key",
                "rows_added: …",
            ],
        ),
        (
            "select o.order_id, c.name from orders o left join customers c on c.customer_id = o.customer_id",
            "select o.order_id, c.name from orders o left join customers c on c.region = o.status",
            &[
                "rows_duplicated: rows may be duplicated: the join to customers on (region) is no longer on a unique key…",
                "revalued name: the left join…",
            ],
        ),
        (
            "select o.order_id from orders o join lines l on l.order_id = o.order_id",
            "select o.order_id from orders o",
            &["rows_removed: rows may no longer be duplicated…", "rows_added: rows no longer need a match in lines…"],
        ),
        (
            "select o.order_id, c.name from orders o full join customers c on c.customer_id = o.order_id",
            "select o.order_id, c.name from orders o left join customers c on c.customer_id = o.order_id",
            &["rows_removed: …"],
        ),
        (
            "select o.order_id, x.amount from orders o join orders x on x.customer_id = o.customer_id where o.amount > 1",
            "select o.order_id, x.amount from orders o join orders x on x.customer_id = o.customer_id where o.amount > 1 and x.status = 'a'",
            &["rows_removed: `orders.status = 'a'` filters rows now"],
        ),
        (
            "select o.order_id from orders o",
            "select o.order_id from orders o, unnest(o.tags) as t",
            &["rows_duplicated: …", "rows_removed: …"],
        ),
    ]);
}

#[test]
fn grain() {
    check(&[
        (
            "select order_id, sum(quantity) as q from lines group by order_id",
            "select order_id, sku, sum(quantity) as q from lines group by order_id, sku",
            &[
                "rows_duplicated: one row for each order_id, sku instead of each order_id",
                "regrained: one row for each order_id, sku instead of each order_id",
                "revalued q: `sum(lines.quantity)` is over what differs: one row for each order_id, sku instead of each order_id",
                "added sku: the column is new",
                "reordered",
            ],
        ),
        (
            "select distinct order_id, sku from lines",
            "select order_id, sku from lines",
            &["rows_duplicated: rows may be duplicated: DISTINCT is gone", "regrained: …"],
        ),
        (
            "select order_id from lines union select customer_id from customers",
            "select order_id from lines union all select customer_id from customers",
            &["rows_duplicated: rows may be duplicated: UNION became UNION ALL", "regrained: …"],
        ),
        (
            "select order_id, sku from lines qualify row_number() over (partition by order_id order by day) = 1",
            "select order_id, sku from lines",
            &[
                "rows_duplicated: no longer one row for each order_id…",
                "regrained: …",
                "rows_added: …",
                "rows_added: …",
            ],
        ),
        (
            "select order_id, sku from lines qualify row_number() over (partition by order_id order by day) = 1",
            "select order_id, sku from lines qualify row_number() over (partition by order_id, day order by sku) = 1",
            &["rows_duplicated: one row for each …", "regrained: one row for each…", "revalued sku…"],
        ),
        (
            "select order_id, sku from lines qualify row_number() over (partition by order_id order by day) = 1",
            "select order_id, sku from lines qualify row_number() over (partition by order_id order by quantity) = 1",
            &["revalued sku: another row is kept of several…"],
        ),
        (
            "select distinct order_id, sku from lines",
            "select distinct order_id, sku, day from lines",
            &["rows_duplicated: …", "regrained: …", "added day…"],
        ),
        (
            "select distinct order_id, lower(sku) as s from lines",
            "select distinct order_id, sku as s from lines",
            &["rows_removed: …", "rows_added: …", "revalued s: …"],
        ),
        (
            "select order_id, sku from lines order by sku limit 5",
            "select order_id, sku from lines order by sku limit 10",
            &["rows_added: the LIMIT changed"],
        ),
        (
            "select order_id from lines union all select order_id from orders",
            "select order_id from lines",
            &["rows_removed: the rows of orders are no longer put in by the set operation"],
        ),
        (
            "select order_id from orders where exists (select 1 from lines where lines.order_id = orders.order_id and lines.sku = 'a')",
            "select order_id from orders where exists (select 1 from lines where lines.order_id = orders.order_id)",
            &["rows_added: the condition changed from…"],
        ),
        (
            "select order_id from orders where not exists (select 1 from lines where lines.order_id = orders.order_id and lines.sku = 'a')",
            "select order_id from orders where not exists (select 1 from lines where lines.order_id = orders.order_id)",
            &["rows_removed: the condition changed from…"],
        ),
    ]);
}
