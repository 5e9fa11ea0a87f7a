//! Rules on groups of groups, on what has no rows, and on constant keys.

use super::{check_different, check_different_numbers, check_same, check_same_where_numbers};
use crate::dialect::Dialect;

#[test]
fn groups_of_groups() {
    let same = [
        (
            "select a, sum(n) as n from (select a, b, count(*) as n from t group by a, b) q group by a",
            "select a, count(*) as n from t group by a",
        ),
        (
            "select a, max(m) as m from (select a, b, max(c) as m from t group by a, b) q group by a",
            "select a, max(c) as m from t group by a",
        ),
        (
            "select a, sum(n) as n from (select a, b, sum(c) as n from t group by a, b) q group by a",
            "select a, sum(c) as n from t group by a",
        ),
        (
            "select a, count(b) as n from (select distinct a, b from t) q group by a",
            "select a, count(distinct b) as n from t group by a",
        ),
        (
            "select a, sum(b) as n from (select a, b, max(c) as m from t group by a, b) q group by a",
            "select a, sum(distinct b) as n from t group by a",
        ),
        (
            "select a, sum(n) as n, min(m) as m from (select a, count(*) as n, min(b) as m from t group by a union all select a, count(*), min(d) from u group by a) q group by a",
            "select a, count(*) as n, min(b) as m from (select a, b from t union all select a, d from u) q group by a",
        ),
        (
            "select sum(n) as n from (select count(*) as n from t union all select count(*) from u) q",
            "select count(*) as n from (select 1 as x from t union all select 1 from u) q",
        ),
        (
            "select coalesce(sum(n), 0) as n from (select a, count(*) as n from t group by a) q",
            "select count(*) as n from t",
        ),
        (
            "select a, sum(n) as m from (select a, b, count(*) as n from t group by a, b) q where b > 1 group by a having sum(n) > 2",
            "select a, count(*) as m from t where b > 1 group by a having count(*) > 2",
        ),
    ];
    for dialect in [Dialect::Databricks, Dialect::Trino, Dialect::BigQuery] {
        check_same_where_numbers(dialect, &same);
    }
    check_different_numbers(
        Dialect::Trino,
        &[
            // The SUM of no counts is NULL.
            ("select sum(n) as n from (select a, count(*) as n from t group by a) q", "select count(*) as n from t"),
            // Groups are counted, not their rows.
            (
                "select a, count(n) as n from (select a, b, count(*) as n from t group by a, b) q group by a",
                "select a, count(*) as n from t group by a",
            ),
            // The average of averages is not the average of all.
            (
                "select a, avg(n) as n from (select a, b, avg(c) as n from t group by a, b) q group by a",
                "select a, avg(c) as n from t group by a",
            ),
            (
                "select a, max(n) as n from (select a, b, sum(c) as n from t group by a, b) q group by a",
                "select a, sum(c) as n from t group by a",
            ),
            (
                "select a, sum(n) as n from (select a, b, max(c) as n from t group by a, b) q group by a",
                "select a, sum(c) as n from t group by a",
            ),
            (
                "select a, sum(n) as n from (select a, b, count(distinct c) as n from t group by a, b) q group by a",
                "select a, count(distinct c) as n from t group by a",
            ),
            // There are groups of b for each c too.
            (
                "select a, count(b) as n from (select distinct a, b, c from t) q group by a",
                "select a, count(distinct b) as n from t group by a",
            ),
            // The same value may be in both branches.
            (
                "select a, count(b) as n from (select distinct a, b from t union all select distinct a, d from u) q group by a",
                "select a, count(distinct b) as n from (select a, b from t union all select a, d from u) q group by a",
            ),
            // A group that is there without rows has its constant.
            (
                "select min(k) as k from (select 'x' as k, count(*) as n from t) q",
                "select min(k) as k from (select 'x' as k from t) q",
            ),
            (
                "select a, sum(n) as n from (select a, b, count(*) as n from t group by a, b having count(*) > 1) q group by a",
                "select a, count(*) as n from t group by a",
            ),
            (
                "select a, sum(n) as n from (select a, b, count(*) as n from t group by a, b limit 3) q group by a",
                "select a, count(*) as n from t group by a",
            ),
            (
                "select a, sum(n) as n from (select a, b, count(*) as n from t group by a, b) q where n > 1 group by a",
                "select a, count(*) as n from t group by a",
            ),
        ],
    );
    // The SUM of counts is no count in these, and the SUM of sums another type than the SUM.
    let retyped = [
        (
            "select a, sum(n) as n from (select a, b, count(*) as n from t group by a, b) q group by a",
            "select a, count(*) as n from t group by a",
        ),
        (
            "select a, sum(n) as n from (select a, b, sum(c) as n from t group by a, b) q group by a",
            "select a, sum(c) as n from t group by a",
        ),
    ];
    check_different_numbers(Dialect::Postgres, &retyped);
    check_different_numbers(Dialect::DuckDb, &retyped);
    // What is summed may be a float, whose sum depends on the order.
    check_different(
        Dialect::Trino,
        &[(
            "select a, sum(n) as n from (select a, b, sum(c) as n from t group by a, b) q group by a",
            "select a, sum(c) as n from t group by a",
        )],
    );
    check_different_numbers(
        Dialect::ClickHouse,
        &[(
            "select min(m) as m from (select min(a) as m from t union all select min(a) from u) q",
            "select min(a) as m from (select a from t union all select a from u) q",
        )],
    );
}

#[test]
fn what_has_no_rows() {
    check_same(
        Dialect::Ansi,
        &[
            (
                "select t.a, u.d from t join (select * from u where false) u on t.id = u.id",
                "select t.a, u.d from t cross join u where 1 = 0",
            ),
            ("select a from t limit 0", "select a from t where false"),
            ("select count(*) as n from t where false", "select count(*) as n from u where 1 = 0"),
            ("select a from t where exists (select 1 from u where false)", "select a from t where false"),
            ("select a from t where not exists (select 1 from u limit 0)", "select a from t"),
        ],
    );
    check_different(
        Dialect::Ansi,
        &[
            // One group is there without rows.
            ("select count(*) as n from t where false", "select count(*) as n from t where false group by a"),
            (
                "select t.a from t left join (select * from u where false) u on t.id = u.id",
                "select t.a from t where false",
            ),
            ("select a from t limit 0", "select a from t limit 1"),
            ("select count(*) as n from t limit 0", "select count(*) as n from t where false"),
        ],
    );
}

#[test]
fn set_operations_of_several() {
    check_same(
        Dialect::Ansi,
        &[
            (
                "select a from t except select a from u except select x from v",
                "select a from t except select x from v except select a from u",
            ),
            (
                "select * from (select a from t except select a from u) q except select x from v",
                "select a from t except select a from u except select x from v",
            ),
            (
                "select * from (select a from t intersect select a from u) q intersect select x from v",
                "select x as a from v intersect select a from t intersect select a from u",
            ),
            ("select a from t except select a from u except select a from u", "select a from t except select a from u"),
            ("select a from t except select distinct a from u", "select a from t except select a from u"),
            (
                "select max(b) as m from (select a, b from t union all select a, d from u) q group by a",
                "select max(y) as m from (select b as y, a as x from t union all select d, a from u) q group by x",
            ),
        ],
    );
    check_different(
        Dialect::Ansi,
        &[
            ("select a from t except select a from u", "select a from u except select a from t"),
            (
                "select a from t except (select a from u except select x from v)",
                "select a from t except select a from u except select x from v",
            ),
            (
                "select a from t except all select a from u except all select a from u",
                "select a from t except all select a from u",
            ),
            (
                "select * from (select a from t except all select a from u) q except select x from v",
                "select a from t except all select a from u except all select x from v",
            ),
            ("select a from t intersect all select a from t", "select a from t intersect select a from t"),
        ],
    );
}

#[test]
fn branches_without_rows() {
    check_same(
        Dialect::Ansi,
        &[
            ("select a from t union all select a from t where false", "select a from t"),
            (
                "select a, b from t union all select id, null from u union all select a, b from t where 1 = 0",
                "select a, b from t union all select id, null from u",
            ),
            ("select a from t union select null where false", "select distinct a from t"),
            ("select a from t except select a from t where false", "select distinct a from t"),
        ],
    );
    check_different(
        Dialect::Ansi,
        &[
            // What stands in the branch without rows may make the column another type.
            ("select a from t union all select d from u where false", "select a from t"),
            ("select a from t union all select 'x' where false", "select a from t"),
            ("select a from t intersect select a from t where false", "select a from t"),
            ("select a from t where false except select a from t", "select a from t"),
        ],
    );
}

#[test]
fn aggregates_of_one_row() {
    check_same(
        Dialect::Ansi,
        &[
            ("select id, count(distinct a) as n from t group by id", "select id, count(a) as n from t group by id"),
            (
                "select a, sum(distinct n) as n from (select a, count(*) as n from t group by a) q group by a",
                "select a, sum(n) as n from (select a, count(*) as n from t group by a) q group by a",
            ),
        ],
    );
    check_different(
        Dialect::Ansi,
        &[
            ("select a, count(distinct b) as n from t group by a", "select a, count(b) as n from t group by a"),
            // A key that may be NULL several times.
            ("select k, count(distinct x) as n from v group by k", "select k, count(x) as n from v group by k"),
            ("select count(distinct a) as n from t", "select count(a) as n from t"),
        ],
    );
}

#[test]
fn columns_of_unions_that_are_one() {
    check_same(
        Dialect::Ansi,
        &[(
            "select max(x) as m, min(y) as n from (select a as x, a as y from t union all select d, d from u) q",
            "select max(x) as m, min(x) as n from (select a as x from t union all select d from u) q",
        )],
    );
    check_different(
        Dialect::Ansi,
        &[
            (
                "select max(x) as m, min(y) as n from (select a as x, a as y from t union all select d, a from u) q",
                "select max(x) as m, min(x) as n from (select a as x from t union all select d from u) q",
            ),
            (
                "select max(x) as m, min(y) as n from (select random() as x, random() as y from t union all select d, d from u) q",
                "select max(x) as m, min(x) as n from (select random() as x from t union all select d from u) q",
            ),
        ],
    );
}
