//! What is gone from a form by construction: aliases, CTEs, layout, derived tables.

use super::{check_different, check_same};
use crate::dialect::Dialect;

#[test]
fn names_and_layout_do_not_matter() {
    check_same(
        Dialect::Ansi,
        &[
            ("select a, b from t", "SELECT x.a, x.b\nFROM t AS x -- all"),
            ("select a from t where a > 1 and b < 2", "select q.a from t q where q.b < 2 and a > 1"),
            ("with c as (select a from t) select a from c", "select a from t"),
            ("with c as (select a from t) select a from c", "with d as (select a as z from t) select z as a from d"),
            ("with c as (select * from t), d as (select * from c) select a from d", "select a from t"),
            ("with unused as (select * from u) select a from t", "select a from t"),
            ("select a from (select a, b, c from t) as q", "select a from t"),
            ("select t.a, u.d from t join u on t.id = u.id", "select q.a, w.d from t q, u w where w.id = q.id"),
            ("select t.a, u.d from t join u on t.id = u.id", "select t.a, u.d from u inner join t using (id)"),
            ("select * from t", "select id, a, b, c from t"),
            ("select * from (select * from o) q", "select * from o"),
            ("with src as (select * from o) select x, y from src where z > 1", "select x, y from o where z > 1"),
            ("with src as (select *, 1 as one from o) select x, one from src", "select x, 1 as one from o"),
            ("with f as (select * from t) select * from f", "select * from t"),
            (
                "with f as (select a, sum(b) as s from t group by a) select * from f",
                "select a, sum(b) as s from t group by 1",
            ),
            ("with f as (select distinct a, b from t) select * from f", "select distinct a, b from t"),
            (
                "with f as (select a from t union all select a from u) select * from f",
                "select a from t union all select a from u",
            ),
            (
                "select t.a from t left join u on t.id = u.a and u.d = 1",
                "select t.a from t left join (select a from u where d = 1) u on u.a = t.id",
            ),
            ("select u.d from t right join u on t.a = u.a", "select u.d from u left join t on t.a = u.a"),
            (
                "select t.a from t where exists (select 1 from u where u.a = t.a)",
                "select x.a from t x where exists (select 1 from u y where x.a = y.a)",
            ),
            ("select x.a, y.b from t x join t y on x.id = y.a", "select y.a, x.b from t x join t y on y.id = x.a"),
            (
                "with a as (select id from t), b as (select id from u) select a.id from a join b on a.id = b.id",
                "select t.id from t join u on t.id = u.id",
            ),
        ],
    );
}

#[test]
fn what_matters_is_kept() {
    check_different(
        Dialect::Ansi,
        &[
            ("select a, b from t", "select b, a from t"),
            ("select a from t", "select a as b from t"),
            ("select a from t", "select a from u"),
            ("select a from t where a > 1", "select a from t where a >= 1"),
            ("select distinct a from t", "select a from t"),
            ("select a from t union select a from u", "select a from t union all select a from u"),
            ("select a from t except select a from u", "select a from u except select a from t"),
            ("select t.a from t left join u on t.id = u.a", "select t.a from t join u on t.id = u.a"),
            (
                "select t.a from t left join u on t.id = u.a and t.b = 1",
                "select t.a from t left join u on t.id = u.a where t.b = 1",
            ),
            (
                "select t.a, q.z from t left join (select a, coalesce(d, 0) as z from u) q on t.id = q.a",
                "select t.a, coalesce(u.d, 0) as z from t left join u on t.id = u.a",
            ),
            ("select a from (select a from t limit 5) q", "select a from t"),
            ("select x.a, y.b from t x join t y on x.id = y.a", "select x.a, y.b from t x join t y on y.id = x.a"),
            ("select *, 1 as one from o", "select 1 as one, * from o"),
            ("select * from (select * from o) q", "select * from (select * exclude (x) from o) q"),
            ("select a, random() as r from t", "select a, random() as r, 1 as o from t"),
            ("select q.r, q.r as s from (select random() as r from t) q", "select random() as r, random() as s from t"),
            (
                "with r as (select random() as x from t) select p.x, q.x as y from r p join r q on true",
                "select p.x, q.x as y from (select random() as x from t) p join (select random() as x from t) q on true",
            ),
            (
                "with r as (select random() as x from t) select x from r union all select x from r",
                "with r as (select random() as x from t), s as (select random() as x from t) select x from r union all select x from s",
            ),
            ("select count(*) as n from (select a from t where a > 1) q", "select count(*) as n from t"),
            ("select q.n from (select count(*) as n from t) q, u", "select count(*) as n from t, u"),
        ],
    );
}
