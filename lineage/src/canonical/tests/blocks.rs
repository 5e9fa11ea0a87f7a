//! Rules on blocks and set operations.

use super::{check_different, check_same, check_same_numbers};
use crate::dialect::Dialect;

#[test]
fn filters_go_inside() {
    check_same(
        Dialect::Ansi,
        &[
            ("select a from (select a from t) q where a > 1", "select a from (select a from t where a > 1) q"),
            (
                "select a, s from (select a, sum(b) as s from t group by a) q where a > 1",
                "select a, sum(b) as s from t where a > 1 group by a",
            ),
            (
                "select a, s from (select a, sum(b) as s from t group by a) q where s > 1",
                "select a, sum(b) as s from t group by a having sum(b) > 1",
            ),
            (
                "select a, sum(b) as s from t group by a having a > 1",
                "select a, sum(b) as s from t where a > 1 group by a",
            ),
            (
                "select a, s + 1 as s from (select a, sum(b) as s from t group by a) q",
                "select a, sum(b) + 1 as s from t group by 1",
            ),
            (
                "select a from (select a from t union all select a from u) q where a > 1",
                "select a from t where a > 1 union all select a from u where a > 1",
            ),
            ("select a from (select distinct a from t) q where a > 1", "select distinct a from t where a > 1"),
            (
                "select a, r from (select a, row_number() over (partition by a order by id) as r from t) q where r = 1",
                "select a, row_number() over (partition by a order by id) as r from t qualify r = 1",
            ),
            (
                "select a, b, r from (select a, b, row_number() over (partition by a order by id) as r from t) q where a = 3",
                "select a, b, row_number() over (partition by a order by id) as r from t where a = 3",
            ),
            (
                "with x as (select * from t), y as (select a, count(*) as n from x group by a), z as (select * from y where n > 1) select a from z",
                "select a from t group by a having count(*) > 1",
            ),
            (
                "with x as (select t.*, u.d from t left join u on t.id = u.id), f as (select * from x where a > 1) select id, d from f",
                "select t.id, u.d from t left join u on t.id = u.id where t.a > 1",
            ),
        ],
    );
    check_different(
        Dialect::Ansi,
        &[
            ("select a from (select a from t limit 3) q where a > 1", "select a from t where a > 1 limit 3"),
            (
                "select a, s from (select a, sum(b) as s from t group by a) q where s > 1",
                "select a, sum(b) as s from t where b > 1 group by a",
            ),
            // A filter on no group leaves one row, one behind it none.
            ("select count(*) as n from t having false", "select count(*) as n from t where false"),
            ("select n from (select count(*) as n from t) q where n > 5", "select count(*) as n from t where id > 5"),
            (
                "select a, r from (select a, row_number() over (partition by a order by id) as r from t) q where a = 3",
                "select a, row_number() over (order by id) as r from t where a = 3",
            ),
            (
                "select r from (select b, row_number() over (partition by a order by id) as r from t) q where b = 3",
                "select row_number() over (partition by a order by id) as r from t where b = 3",
            ),
            ("select a from (select a, b from t group by a, b) q", "select a from t group by a"),
            ("select a from (select distinct a, b from t) q", "select distinct a from t"),
            (
                "select a / 2 as x from (select a from t union all select d from u) q",
                "select a / 2 as x from t union all select d / 2 as x from u",
            ),
            (
                "select a, sum(b) as s from t group by rollup(a) having a > 1",
                "select a, sum(b) as s from t where a > 1 group by rollup(a)",
            ),
            (
                "select a, s from (select a, sum(b) over (partition by a) as s from t) q where s > 1",
                "select a, sum(b) over (partition by a) as s from t where b > 1",
            ),
        ],
    );
}

#[test]
fn joins_have_one_form() {
    check_same(
        Dialect::Ansi,
        &[
            (
                "select t.a from t join u on t.id = u.id join v on v.k = u.a",
                "select t.a from v, u, t where u.a = v.k and u.id = t.id",
            ),
            (
                "select t.a from t left join u on t.id = u.id where u.d > 1",
                "select t.a from t join u on t.id = u.id where u.d > 1",
            ),
            (
                "select t.a from t left join u on t.id = u.a where u.d is not null",
                "select t.a from t join u on t.id = u.a and u.d is not null",
            ),
            (
                "select t.a from t full join u on t.id = u.id where t.a = 1 and u.a = 2",
                "select t.a from t join u on t.id = u.id where t.a = 1 and u.a = 2",
            ),
            (
                "select t.a, u.d from t full join u on t.id = u.id where t.a = 1",
                "select t.a, u.d from t left join u on t.id = u.id where t.a = 1",
            ),
            ("select t.a from t full join u on t.id = u.a", "select t.a from u full outer join t on u.a = t.id"),
            ("select t.a from t left join u on t.id = u.id", "select a from t"),
            (
                "select t.a from t left join (select a, max(d) as d from u group by a) u on t.id = u.a",
                "select a from t",
            ),
            ("select t.a from t left join (select distinct a from u) u on t.id = u.a", "select a from t"),
            (
                "select t.a, w.d from t left join u on t.id = u.a left join u w on t.b = w.a",
                "select t.a, w.d from t left join u w on t.b = w.a left join u on t.id = u.a",
            ),
            ("select distinct t.a from t left join u on t.id = u.a", "select distinct a from t"),
            (
                "select t.a, max(t.b) as m from t left join u on t.id = u.a group by t.a",
                "select a, max(b) as m from t group by a",
            ),
            (
                "select o.amount, c.name from orders o left join customers c on o.customer_id = c.customer_id",
                "select o.amount, c.name from orders o join customers c on o.customer_id = c.customer_id",
            ),
            (
                "select o.amount from orders o join customers c on o.customer_id = c.customer_id",
                "select amount from orders",
            ),
            ("select t.a from t left join u on t.id = u.id left join v on v.k = t.b", "select a from t"),
            (
                "select t.a from t left join (u join v on u.id = v.x) on t.id = u.a",
                "select t.a from t left join (select u.a from u, v where v.x = u.id) q on q.a = t.id",
            ),
        ],
    );
    check_different(
        Dialect::Ansi,
        &[
            ("select t.a from t left join u on t.id = u.a", "select a from t"),
            ("select t.a from t join u on t.id = u.id", "select a from t"),
            ("select t.a from t left join u on t.id = u.id or t.a = 1", "select a from t"),
            (
                "select t.a from t left join u on t.id = u.a where u.d is null",
                "select t.a from t join u on t.id = u.a where u.d is null",
            ),
            (
                "select t.a from t left join u on t.id = u.a where coalesce(u.d, 1) = 1",
                "select t.a from t join u on t.id = u.a where coalesce(u.d, 1) = 1",
            ),
            (
                "select t.a, count(*) as n from t left join u on t.id = u.a group by t.a",
                "select a, count(*) as n from t group by a",
            ),
            (
                "select c.name from orders o join customers c on o.customer_id = c.customer_id",
                "select c.name from customers c",
            ),
            (
                "select o.amount from orders o join customers c on o.customer_id = c.customer_id and c.region = 'x'",
                "select amount from orders",
            ),
            (
                "select o.amount from orders o join customers c on o.order_id = c.customer_id",
                "select amount from orders",
            ),
            (
                "select t.a from t left join u on t.id = u.a and t.b = 1",
                "select t.a from t left join u on t.id = u.a where t.b = 1",
            ),
            ("select t.a, u.d from t left join u on t.id = u.a", "select t.a, u.d from u left join t on t.id = u.a"),
            (
                "select t.a, w.d from t left join u on t.id = u.a left join u w on u.d = w.a",
                "select t.a, w.d from t left join u w on t.id = w.a left join u on w.d = u.a",
            ),
            // A key that can be NULL is not unique for what compares NULLs as equal.
            ("select t.a from t left join v on t.a is not distinct from v.k", "select a from t"),
        ],
    );
}

#[test]
fn duplicates() {
    check_same(
        Dialect::Ansi,
        &[
            ("select distinct id, a from t", "select id, a from t"),
            ("select a, b from t group by a, b", "select distinct a, b from t"),
            ("select distinct a, sum(b) as s from t group by a", "select a, sum(b) as s from t group by a"),
            ("select distinct a from (select distinct a, b from t) q", "select distinct a from t"),
            ("select id, a from t group by id, a", "select id, a from t"),
            ("select a from t where id in (select distinct a from u)", "select a from t where id in (select a from u)"),
            (
                "select a from t where exists (select distinct u.d, 1 from u where u.a = t.a order by 1)",
                "select a from t where exists (select * from u where u.a = t.a)",
            ),
            (
                "select a from t where id in (select a from u)",
                "select a from t where exists (select 1 from u where u.a = t.id)",
            ),
            (
                "select t.id, max(u.d) as m from t join u on t.id = u.a group by t.id",
                "select t.id, max(u.d) as m from t join (select distinct a, d from u) u on t.id = u.a group by t.id",
            ),
            ("select count(id) as n from t", "select count(*) as n from t"),
            ("select a from t where id is not null", "select a from t"),
            ("select count(a) as n from t where a > 1", "select count(*) as n from t where a > 1"),
            ("select a from t where a > 1 and a is not null", "select a from t where a > 1"),
            ("select a from t where a > 1 and a > 3", "select a from t where a > 3"),
            ("select a from t where a = 2 and a > 1", "select a from t where a = 2"),
            ("select a from t where a > 2 and a < 1", "select a from t where false"),
            ("select distinct t.a from t join u on t.a = u.a where false", "select a from t where 1 = 0"),
            ("select a, 'x' as k from t group by a, 'x'", "select distinct a, 'x' as k from t"),
        ],
    );
    check_different(
        Dialect::Ansi,
        &[
            ("select distinct k, x from v", "select k, x from v"),
            ("select count(*) as n from t join u on t.a = u.a where false", "select 1 as n from t where false"),
            ("select t.a from t left join u on false where t.b = 1", "select t.a from t where false"),
            ("select distinct a from t", "select a from t"),
            ("select a from t group by a, b", "select distinct a from t"),
            (
                "select a, count(*) as n from (select distinct a, b from t) q group by a",
                "select a, count(*) as n from t group by a",
            ),
            ("select count(a) as n from t", "select count(*) as n from t"),
            (
                "select count(u.id) as n from t left join u on t.id = u.a",
                "select count(*) as n from t left join u on t.id = u.a",
            ),
            (
                "select a from t where id not in (select a from u)",
                "select a from t where not exists (select 1 from u where u.a = t.id)",
            ),
            (
                "select id in (select a from u) as x from t",
                "select exists (select 1 from u where u.a = t.id) as x from t",
            ),
            ("select a from t where a is not null", "select a from t"),
            ("select distinct t.id from t join u on t.id = u.a", "select t.id from t join u on t.id = u.a"),
            (
                "select distinct a.id from t a join (u b join u c on b.id = c.id) on true",
                "select a.id from t a join (u b join u c on b.id = c.id) on true",
            ),
            ("select 'x' as k from t group by 'x'", "select 'x' as k"),
            (
                "select a from t where exists (select count(*) from u where u.a = t.a having count(*) > 1)",
                "select a from t",
            ),
        ],
    );
    check_same(
        Dialect::Ansi,
        &[("select a from t where exists (select count(*) from u where u.a = t.a)", "select a from t")],
    );
}

#[test]
fn set_operations() {
    check_same(
        Dialect::Ansi,
        &[
            ("select a from t union all select a from u", "select a from u union all select a from t"),
            (
                "(select a from t union all select a from u) union all select x from v",
                "select a from t union all (select a from u union all select x from v)",
            ),
            ("select a from t union select a from u", "select a from u union select distinct a from t"),
            ("select a from t union select a from t", "select distinct a from t"),
            (
                "select distinct a from (select a from t union all select a from u) q",
                "select a from t union select a from u",
            ),
            (
                "select a from t union (select a from u union all select x from v)",
                "select a from t union select a from u union select x from v",
            ),
            (
                "with c as (select a, b from t union all select a, d from u) select a from c",
                "select a from t union all select a from u",
            ),
            ("select a from t intersect select a from u", "select a from u intersect select a from t"),
        ],
    );
    check_different(
        Dialect::Ansi,
        &[
            ("select a from t union all select a from t", "select a from t"),
            (
                "(select a from t union select a from u) union all select x from v as v(a, x, y)",
                "select a from t union all select a from u union all select x from v as v(a, x, y)",
            ),
            ("select a from t except select a from u", "select a from u except select a from t"),
            (
                "select a from t union all select a from u",
                "select a from t union all select a from u union all select a from u",
            ),
            ("select a, b from t union select a, d from u", "select b, a from t union select d, a from u"),
            ("select a from (select a, b from t union select a, d from u) q", "select a from t union select a from u"),
        ],
    );
}

#[test]
fn columns_that_nobody_reads() {
    check_same(
        Dialect::Ansi,
        &[
            (
                "with c as (select a, b, sum(c) as s, count(*) as n from t group by a, b) select a, s from c where n > 1",
                "with c as (select sum(c) as s, b, count(*) as n, a, max(c) as m from t group by a, b) select a, s from c where n > 1",
            ),
            (
                "select t.a, q.n from t join (select a, count(*) as n, max(d) as m from u group by a) q on t.id = q.a",
                "select t.a, q.n from t join (select count(*) as n, a from u group by a) q on t.id = q.a",
            ),
            ("select q.a from (select a, row_number() over (order by id) as r from t) q", "select a from t"),
            ("select q.a from (select a, b from t order by b) q", "select a from t"),
            (
                "select q.a + 1 as a from (select b, a from t order by b limit 3) q",
                "select a + 1 as a from t order by b limit 3",
            ),
        ],
    );
    check_different(
        Dialect::Ansi,
        &[(
            "select q.a from (select distinct a, b from t) q join u on u.id = q.a",
            "select q.a from (select distinct a from t) q join u on u.id = q.a",
        )],
    );
}

#[test]
fn whether_there_is_a_match() {
    check_same(
        Dialect::Ansi,
        &[
            (
                "select t.id from t left join u on t.id = u.a where u.id is null",
                "select id from t where not exists (select 1 from u where u.a = t.id)",
            ),
            (
                "select id from t where id not in (select u.id from u)",
                "select id from t where not exists (select 1 from u where u.id = t.id)",
            ),
            (
                "select t.a from t join u on t.id = u.id",
                "select a from t where exists (select 1 from u where u.id = t.id)",
            ),
            ("select t.a from t join u on t.id = u.id", "select a from t where id in (select id from u)"),
            (
                "select t.a from t join (select distinct a from u) q on q.a = t.id",
                "select a from t where id in (select a from u)",
            ),
            (
                "select t.a from t join (select a from u group by a) q on q.a = t.id",
                "select a from t where id in (select a from u)",
            ),
            (
                "select a, b from t where (a, b) in (select a, d from u)",
                "select a, b from t where exists (select 1 from u where u.a = t.a and u.d = t.b)",
            ),
            (
                "select distinct t.b from t join u on t.id = u.a",
                "select distinct b from t where exists (select 1 from u where u.a = t.id)",
            ),
            (
                "select case when a > 0 then b end as x from t where a > 0",
                "select case when true then b end as x from t where a > 0",
            ),
            (
                "with r as (select *, row_number() over (partition by id order by at desc) as n from o) select id, x from r where n = 1",
                "select id, x from o qualify row_number() over (partition by id order by at desc) = 1",
            ),
        ],
    );
    check_different(
        Dialect::Ansi,
        &[
            (
                "select t.id from t left join u on t.id = u.a where u.d is null",
                "select id from t where not exists (select 1 from u where u.a = t.id)",
            ),
            (
                "select id from t where id not in (select u.a from u)",
                "select id from t where not exists (select 1 from u where u.a = t.id)",
            ),
            (
                "select id from t where a not in (select u.id from u)",
                "select id from t where not exists (select 1 from u where u.id = t.a)",
            ),
            (
                "select t.a from t join u on t.id = u.a",
                "select a from t where exists (select 1 from u where u.a = t.id)",
            ),
            (
                "select t.a, u.d from t join u on t.id = u.id",
                "select t.a, t.b as d from t where exists (select 1 from u where u.id = t.id)",
            ),
            (
                "select distinct t.b, count(*) over () as n from t join u on t.id = u.a",
                "select distinct b, count(*) over () as n from t where exists (select 1 from u where u.a = t.id)",
            ),
            (
                "select t.a, count(*) as n from t join u on t.id = u.a group by t.a",
                "select a, count(*) as n from t where exists (select 1 from u where u.a = t.id) group by a",
            ),
            ("select case when a > 0 then b end as x from t where a > 1", "select b as x from t where a > 1"),
            (
                "with r as (select *, row_number() over (partition by id order by at desc) as n from o) select id, x from r where n = 1 and x > 0",
                "select id, x from o where x > 0 qualify row_number() over (partition by id order by at desc) = 1",
            ),
            (
                "with r as (select *, rank() over (partition by id order by at desc) as n from o) select id, x from r where n = 1",
                "select id, x from o qualify row_number() over (partition by id order by at desc) = 1",
            ),
        ],
    );
}

#[test]
fn what_is_not_understood_is_itself() {
    let pivot = "select * from (select a, b, c from t) pivot (sum(c) for b in (1, 2))";
    check_same(
        Dialect::Snowflake,
        &[
            (pivot, &format!("with p as ({pivot}) select * from p")),
            (
                "select * from x.a union all select * from x.b",
                "with q as (select * from x.a union all select * from x.b) select * from q",
            ),
            ("select * from o natural join x.b", "select * from o natural join x.b"),
        ],
    );
    check_different(
        Dialect::Snowflake,
        &[
            (pivot, "select * from (select a, b, c from t where c > 1) pivot (sum(c) for b in (1, 2))"),
            (pivot, "select * from (select a, b, c from t) pivot (max(c) for b in (1, 2))"),
            ("select * from x.a union all select * from x.b", "select * from x.b union all select * from x.a"),
            ("select * from o natural join x.b", "select * from o natural join x.c"),
        ],
    );
}

#[test]
fn columns_that_are_equal() {
    check_same_numbers(&[
        (
            "select t.b, u.d from t join u on t.id = u.id where t.id = 5",
            "select t.b, u.d from t join u on t.id = u.id where u.id = 5",
        ),
        (
            "select t.b, u.d from t join u on t.id = u.a and u.a = 5",
            "select t.b, u.d from t join u on t.id = 5 and u.a = 5",
        ),
        ("select t.id as x, u.d from t join u on t.id = u.a", "select u.a as x, u.d from t join u on t.id = u.a"),
        (
            "select t.b, u.d, v.x from t, u, v where t.a = u.a and u.a = v.y",
            "select t.b, u.d, v.x from t, u, v where t.a = u.a and t.a = v.y",
        ),
        (
            "select t.a, count(*) as n from t join u on t.a = u.a group by t.a",
            "select u.a, count(*) as n from t join u on t.a = u.a group by u.a",
        ),
    ]);
}

#[test]
fn a_column_that_is_equal_to_itself_is_not_null() {
    let mut known = super::known(Dialect::Ansi, super::SCHEMA);
    known.numbers = true;
    let mut terms = crate::canonical::Terms::new(Dialect::Ansi);
    let base = super::form(&mut terms, "select a from t where a = a", &known);
    let head = super::form(&mut terms, "select a from t", &known);
    assert!(!base.is_same(&head));
}
