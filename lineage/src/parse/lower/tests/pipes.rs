//! Pipe syntax.

use super::*;

#[test]
fn operators_stay_in_one_select_as_long_as_they_mean_the_same() {
    check(
        Dialect::BigQuery,
        "from ds.t as t |> where t.a > 1 |> join ds.u on t.id = u.id |> where u.b = 2 |> extend t.a + 1 as c |> where c > 2 and u.z = 1 |> aggregate sum(c) as s group by t.k |> order by s desc |> limit 10",
        &[
            "#0 select *, (+ t.a 1) as c from ds.t as t, inner ds.u on (= t.id u.id) where (and (> t.a 1) (= u.b 2))",
            "#1 select t.k, sum(c) as s from #0 as t where (and (> c 2) (= t.z 1)) group by t.k order by s desc limit 10",
        ],
    );
    check(
        Dialect::BigQuery,
        "from ds.t |> set a = b + 1 |> drop d |> rename e as f |> select a, f |> as x |> where x.a > 1",
        &[
            "#0 select * replace a: (+ b 1) from ds.t",
            "#1 select * except (d) from #0 as t",
            "#2 select * rename e: f from #1 as t",
            "#3 select a, f from #2 as t",
            "#4 select * from #3 as x where (> x.a 1)",
        ],
    );
    check(
        Dialect::BigQuery,
        "from ds.t |> union all (select * from ds.w), (select * from ds.v) |> pivot (sum(x) for q in ('a', 'b')) |> call ds.tvf(3) as z",
        &[
            "#0 select * from ds.t",
            "#1 select * from ds.w",
            "#2 select * from ds.v",
            "#3 union all #0 #1 #2",
            "#4 select * from #3",
            "#5 select * from pivot(#4; sum(x) for q in 'a', 'b')",
            "#6 select * from #5",
            "#7 select * from ds.tvf[ds.tvf]((rows #6), 3) as z",
        ],
    );
    check(
        Dialect::BigQuery,
        "select a from ds.t order by a limit 3 |> where a > 1",
        &["#0 select a from ds.t order by a limit 3", "#1 select * from #0 where (> a 1)"],
    );
    check(
        Dialect::BigQuery,
        "from ds.t |> limit 5 |> where a > 1 |> left join unnest(t.xs) as x on x = t.y",
        &[
            "#0 select * from ds.t limit 5",
            "#1 select * from #0 as t, left unnest(t.xs) as x on (= x t.y) where (> a 1)",
        ],
    );
    check(
        Dialect::BigQuery,
        "from ds.t |> where a |> full join ds.u using (k) |> aggregate count(*) as n, max(x)",
        &[
            "#0 select * from ds.t where a",
            "#1 select count(*) as n, max(x) from #0 as t, full ds.u using (k) group by ",
        ],
    );
    check(
        Dialect::BigQuery,
        "with c as (select 1 as x from ds.t) from c |> tablesample system (10 percent) |> unpivot (v for n in (a, b))",
        &[
            "#0 c = select 1 as x from ds.t",
            "#1 select * from #0 as c",
            "#2 select * from #1 as c [tablesample system (10 percent)]",
            "#3 select * from unpivot(#2 as c; (v) for n in (a) (b))",
        ],
    );
    check(
        Dialect::BigQuery,
        "create table ds.n as from ds.t |> where a",
        &["#0 select * from ds.t where a", "replace ds.n #0"],
    );
}
