//! Rules on queries that only ask whether something is there.

use super::{check_different, check_same};
use crate::dialect::Dialect;

#[test]
fn outer_joins_that_ask_for_a_match() {
    check_same(
        Dialect::Ansi,
        &[
            (
                "select t.a, case when q.f is not null then true else false end as f from t left join (select distinct a, 1 as f from u) q on t.id = q.a",
                "select t.a, exists (select 1 from u where u.a = t.id) as f from t",
            ),
            (
                "select t.id, case when u.id is null then 'new' else 'known' end as k from t left join u on t.id = u.id",
                "select t.id, case when exists (select 1 from u where u.id = t.id) then 'known' else 'new' end as k from t",
            ),
            (
                "select t.id from t left join u on t.id = u.id where u.id is not null or t.a = 1",
                "select t.id from t where t.a = 1 or t.id in (select id from u)",
            ),
            (
                "select t.id from t left join (select distinct a from u where a is not null) q on t.a = q.a where q.a is null or t.b = 1",
                "select t.id from t where t.b = 1 or not exists (select 1 from u where u.a = t.a)",
            ),
            (
                "select t.id from t cross join (select 1 as one from u where d > 1 group by 'x') q",
                "select t.id from t where exists (select 1 from u where d > 1)",
            ),
        ],
    );
    check_different(
        Dialect::Ansi,
        &[
            // Of several matches each makes a row.
            (
                "select t.id, case when u.id is null then 1 else 2 end as k from t left join u on t.id = u.a",
                "select t.id, case when exists (select 1 from u where u.a = t.id) then 2 else 1 end as k from t",
            ),
            // The column may be NULL in a row that matches.
            (
                "select t.id, case when u.d is null then 1 else 2 end as k from t left join u on t.id = u.id",
                "select t.id, case when exists (select 1 from u where u.id = t.id) then 2 else 1 end as k from t",
            ),
            // Something else of the row is used.
            (
                "select t.id, u.d, case when u.id is null then 1 else 2 end as k from t left join u on t.id = u.id",
                "select t.id, null as d, case when exists (select 1 from u where u.id = t.id) then 2 else 1 end as k from t",
            ),
            // What is not single multiplies.
            (
                "select t.id from t cross join (select 1 as one from u where d > 1) q",
                "select t.id from t where exists (select 1 from u where d > 1)",
            ),
            (
                "select t.id from t cross join (select 1 as one from u where d > 1 group by a) q",
                "select t.id from t where exists (select 1 from u where d > 1)",
            ),
        ],
    );
}

#[test]
fn in_where_nothing_is_null() {
    check_same(
        Dialect::Ansi,
        &[
            (
                "select c in (select id from u) as f from t",
                "select exists (select 1 from u where u.id = t.c) as f from t",
            ),
            (
                "select id from t where a = 1 or c not in (select id from u)",
                "select id from t where a = 1 or not exists (select 1 from u where id = t.c)",
            ),
            (
                "select id from t where a = 1 or (c, id) not in (select id, id from u)",
                "select id from t where a = 1 or not exists (select 1 from u where u.id = t.c and u.id = t.id)",
            ),
            (
                "select id from t where a > 0 and (b = 1 or a not in (select id from u))",
                "select id from t where a > 0 and (b = 1 or not exists (select 1 from u where id = t.a))",
            ),
        ],
    );
    check_different(
        Dialect::Ansi,
        &[
            // a may be NULL, and so may what is looked in.
            (
                "select a in (select id from u) as f from t",
                "select exists (select 1 from u where u.id = t.a) as f from t",
            ),
            (
                "select c in (select a from u) as f from t",
                "select exists (select 1 from u where u.a = t.c) as f from t",
            ),
            (
                "select id from t where b = 1 or a not in (select id from u)",
                "select id from t where b = 1 or not exists (select 1 from u where id = t.a)",
            ),
            (
                "select id from t where (a > 0 or b > 0) and a not in (select id from u)",
                "select id from t where (a > 0 or b > 0) and not exists (select 1 from u where id = t.a)",
            ),
        ],
    );
}

#[test]
fn outer_joins_with_computed_columns() {
    check_same(
        Dialect::Ansi,
        &[
            (
                "select t.id, q.x from t left join (select id, case when d > 1 then d else a end as x from u) q on t.id = q.id",
                "select t.id, case when u.d > 1 then u.d else u.a end as x from t left join u on t.id = u.id",
            ),
            (
                "select t.id, q.x from t left join (select id, coalesce(d, a) as x from u) q on t.id = q.id",
                "select t.id, coalesce(u.d, u.a) as x from t left join u on t.id = u.id",
            ),
        ],
    );
    check_different(
        Dialect::Ansi,
        &[
            (
                "select t.id, q.x from t left join (select id, case when d > 1 then d else 0 end as x from u) q on t.id = q.id",
                "select t.id, case when u.d > 1 then u.d else 0 end as x from t left join u on t.id = u.id",
            ),
            (
                "select t.id, q.x from t left join (select id, coalesce(d, 0) as x from u) q on t.id = q.id",
                "select t.id, coalesce(u.d, 0) as x from t left join u on t.id = u.id",
            ),
        ],
    );
}

#[test]
fn what_is_looked_for_is_there() {
    check_same(
        Dialect::Ansi,
        &[
            (
                "select t.id, u.d from t left join u on t.id = u.a where exists (select 1 from v where v.x = u.d)",
                "select t.id, u.d from t join u on t.id = u.a where exists (select 1 from v where v.x = u.d)",
            ),
            (
                "select t.id, u.d from t left join u on t.id = u.a where u.d in (select x from v)",
                "select t.id, u.d from t join u on t.id = u.a where u.d in (select x from v)",
            ),
        ],
    );
    check_different(
        Dialect::Ansi,
        &[
            (
                "select t.id, u.d from t left join u on t.id = u.a where not exists (select 1 from v where v.x = u.d)",
                "select t.id, u.d from t join u on t.id = u.a where not exists (select 1 from v where v.x = u.d)",
            ),
            (
                "select t.id, u.d from t left join u on t.id = u.a where exists (select 1 from v where v.x = t.a)",
                "select t.id, u.d from t join u on t.id = u.a where exists (select 1 from v where v.x = t.a)",
            ),
            (
                "select t.id, u.d from t left join u on t.id = u.a where exists (select 1 from v where v.x = u.d or v.x = 1)",
                "select t.id, u.d from t join u on t.id = u.a where exists (select 1 from v where v.x = u.d or v.x = 1)",
            ),
            (
                "select t.id, u.d from t left join u on t.id = u.a where exists (select count(*) from v where v.x = u.d having count(*) < 3)",
                "select t.id, u.d from t join u on t.id = u.a where exists (select count(*) from v where v.x = u.d having count(*) < 3)",
            ),
        ],
    );
}
