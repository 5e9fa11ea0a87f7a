//! Queries: clauses, set operations, CTEs.

use super::*;

#[test]
fn a_select_has_its_clauses() {
    check(
        Dialect::Postgres,
        "select a, t.b as c, * from t where x group by a, 2 having count(*) > 1 order by a, c desc nulls last limit 10 offset 5",
        &[
            "#0 select a, t.b as c, * from t where x group by a, 2 having (> count(*) 1) order by a, c desc nulls last limit 10 offset 5",
        ],
    );
    check(
        Dialect::Snowflake,
        "select a, sum(b) over (partition by c) s from t qualify row_number() over (order by s) = 1 order by 1 limit 5",
        &[
            "#0 select a, sum(b over (partition by c)) as s from t qualify (= row_number( over (order by s)) 1) order by 1 limit 5",
        ],
    );
    check(Dialect::Postgres, "select distinct on (a, b) c from t", &["#0 select distinct on (a, b) c from t"]);
    check(
        Dialect::Ansi,
        "select distinct a from t fetch first 5 rows with ties",
        &["#0 select distinct a from t limit 5 with ties"],
    );
    check(
        Dialect::TSql,
        "select top 10 percent a, b = c, y as [z z] from t order by b",
        &["#0 select a, c as b, y as z z from t order by b limit 10 percent"],
    );
    check(
        Dialect::TSql,
        "select a from t order by b offset 5 rows fetch next 10 rows only",
        &["#0 select a from t order by b limit 10 offset 5"],
    );
    check(
        Dialect::ClickHouse,
        "select a from t prewhere x where y limit 2 by a",
        &["#0 select a from t where (and x y) limit 2 by a"],
    );
    check(
        Dialect::ClickHouse,
        "select a from t order by a with fill from 1 to 10 step 2",
        &["#0 select a from t order by (with fill a 1 10 2)"],
    );
    check(Dialect::Databricks, "select a from t sort by b", &["#0 select a from t order by b"]);
    check(Dialect::DuckDb, "select a from t order by all desc", &["#0 select a from t order by * desc"]);
    check(Dialect::BigQuery, "select as value s from t as s", &["#0 select as value s from t as s"]);
    check(
        Dialect::Snowflake,
        "select level, a from t start with p is null connect by prior id = p and x > 1",
        &["#0 select level, a from t connect by (start with (is null p)), (connect by (and (= (prior id) p) (> x 1)))"],
    );
    check(Dialect::DuckDb, "from t", &["#0 select * from t"]);
    check(Dialect::DuckDb, "from t select a where b", &["#0 select a from t where b"]);
    check(Dialect::Ansi, "select 1", &["#0 select 1"]);
}

#[test]
fn a_star_says_what_it_leaves_out() {
    check(
        Dialect::BigQuery,
        "select t.a.*, s.* except (x, y) replace (z + 1 as z), (select as struct 1 a).* from t as s",
        &["#0 select as struct 1 as a", "#1 select t.a.*, s.* except (x, y) replace z: (+ z 1), (#0).* from t as s"],
    );
    check(
        Dialect::Snowflake,
        "select * exclude (a) rename (b as c, d as e), t.* replace (x + 1 as x) from t",
        &["#0 select * except (a) rename b: c rename d: e, t.* replace x: (+ x 1) from t"],
    );
    check(Dialect::Snowflake, "select * ilike '%id%' from t", &["#0 select * like '%id%' from t"]);
    check(
        Dialect::Redshift,
        "select a, b as x, * exclude (b, x) from t",
        &["#0 select a, b as x, * except (b, x) from t"],
    );
    check(
        Dialect::DuckDb,
        "select columns('a.*'), columns(*), columns(* exclude (x)), max(columns('a')) from t",
        &["#0 select * matching 'a.*', *, * except (x), max(columns('a')) from t"],
    );
    check(
        Dialect::DuckDb,
        "select t.* exclude (a) replace (b as c) from t",
        &["#0 select t.* except (a) replace c: b from t"],
    );
    check(
        Dialect::Databricks,
        "select stack(2, a, b) as (x, y) from t",
        &["#0 select stack(2, a, b) as (x, y) from t"],
    );
}

#[test]
fn grouping_sets_are_spelled_by_the_numbers_of_the_keys() {
    check(
        Dialect::Postgres,
        "select a, b, count(*) from t group by grouping sets ((a, b), (a), ()), c",
        &["#0 select a, b, count(*) from t group by a, b, c [grouping sets ((1, 2), (1), ()), 3]"],
    );
    check(
        Dialect::Postgres,
        "select a from t group by rollup (a, b), cube (c, (d, e))",
        &["#0 select a from t group by a, b, c, d, e [rollup ((1), (2)), cube ((3), (4, 5))]"],
    );
    check(
        Dialect::MySql,
        "select a from t group by a, b with rollup",
        &["#0 select a from t group by a, b [1, 2 with rollup]"],
    );
    check(
        Dialect::Databricks,
        "select a from t group by a, b grouping sets ((a), (a, b))",
        &["#0 select a from t group by a, b [1, 2 with grouping sets ((1), (1, 2))]"],
    );
    check(
        Dialect::BigQuery,
        "select a, sum(b) from t group by all having sum(b) > 1",
        &["#0 select a, sum(b) from t group by all having (> sum(b) 1)"],
    );
    check(Dialect::Ansi, "select a from t group by ()", &["#0 select a from t group by "]);
    check(Dialect::Postgres, "select a from t group by (a, b)", &["#0 select a from t group by a, b"]);
}

#[test]
fn set_operations_of_one_kind_are_one_block() {
    check(
        Dialect::Postgres,
        "select a from t union select b from u union select c from v except select d from w intersect select e from x",
        &[
            "#0 select a from t",
            "#1 select b from u",
            "#2 select c from v",
            "#3 union #0 #1 #2",
            "#4 select d from w",
            "#5 select e from x",
            "#6 intersect #4 #5",
            "#7 except #3 #6",
        ],
    );
    check(
        Dialect::Ansi,
        "select a from t union all (select b from u union all select c from v) union all select d from w",
        &[
            "#0 select a from t",
            "#1 select b from u",
            "#2 select c from v",
            "#3 union all #1 #2",
            "#4 select d from w",
            "#5 union all #0 #3 #4",
        ],
    );
    check(
        Dialect::DuckDb,
        "select a from t union by name select b from u union all by name select c from v",
        &[
            "#0 select a from t",
            "#1 select b from u",
            "#2 union by name #0 #1",
            "#3 select c from v",
            "#4 union all by name #2 #3",
        ],
    );
    check(
        Dialect::Snowflake,
        "select a from t minus select b from u",
        &["#0 select a from t", "#1 select b from u", "#2 except #0 #1"],
    );
    check(
        Dialect::Postgres,
        "(select a from t order by b limit 1) union all (select c from u) order by 1 limit 3",
        &["#0 select a from t order by b limit 1", "#1 select c from u", "#2 union all #0 #1 order by 1 limit 3"],
    );
}

#[test]
fn brackets_keep_their_own_order_and_limit() {
    check(
        Dialect::Postgres,
        "((select a from t order by b limit 1)) order by a",
        &["#0 select a from t order by b limit 1", "#1 select * from #0 order by a"],
    );
    check(Dialect::Postgres, "(select a from t) order by b limit 2", &["#0 select a from t order by b limit 2"]);
    check(
        Dialect::Postgres,
        "(select a from t) limit (select 1 from u)",
        &["#0 select a from t", "#1 select 1 from u", "#2 select * from #0 limit (#1)"],
    );
    check(Dialect::TSql, "select top 5 a from t order by b", &["#0 select a from t order by b limit 5"]);
}

#[test]
fn rows_can_be_given_as_values() {
    check(
        Dialect::Postgres,
        "values (1, 'a'), (2, (select max(x) from t)) order by 1",
        &["#0 select max(x) from t", "#1 values (1, 'a') (2, (#0)) order by 1"],
    );
    check(
        Dialect::Snowflake,
        "select * from values (1, 'a'), (2, 'b') as v (n, s)",
        &["#0 values (1, 'a') (2, 'b')", "#1 select * from #0 as v(n, s)"],
    );
    check(Dialect::Postgres, "table orders", &["#0 select * from orders"]);
    check(Dialect::Snowflake, "select 1 from dual", &["#0 values ()", "#1 select 1 from #0"]);
}

#[test]
fn ctes_become_the_blocks_that_they_are() {
    check(
        Dialect::Ansi,
        "with a as (select 1 as x from t), b (y) as (select x from a) select * from a join b as c on a.x = c.y",
        &[
            "#0 a = select 1 as x from t",
            "#1 b(y) = select x from #0 as a",
            "#2 select * from #0 as a, inner #1 as c on (= a.x c.y)",
        ],
    );
    check(
        Dialect::Ansi,
        "with orders as (select * from orders) select * from orders",
        &["#0 orders = select * from orders", "#1 select * from #0 as orders"],
    );
    check(Dialect::Ansi, "with unused as (select 1 from u) select * from t", &["#0 select * from t"]);
    check(
        Dialect::Ansi,
        "with a as (select 1 from x) select * from (with a as (select * from a) select * from a) t, a",
        &[
            "#0 a = select 1 from x",
            "#1 a = select * from #0 as a",
            "#2 select * from #1 as a",
            "#3 select * from #2 as t, #0 as a",
        ],
    );
    check(
        Dialect::Ansi,
        "with a as (select * from b), b as (select 1 from x) select * from a, b",
        &["#0 a = select * from b", "#1 b = select 1 from x", "#2 select * from #0 as a, #1 as b"],
    );
    check(Dialect::Ansi, "with o as (select 1 from x) select * from s.o", &["#0 select * from s.o"]);
    check(Dialect::Snowflake, "with \"o\" as (select 1 from x) select * from o", &["#0 select * from o"]);
    check(
        Dialect::BigQuery,
        "with orders as (select 1 from ds.x) select Orders.a from Orders",
        &["#0 orders = select 1 from ds.x", "#1 select orders.a from #0 as orders"],
    );
    check(
        Dialect::Ansi,
        "with a as (select 1 from t) select (select max(x) from a where a.x = u.x), exists (select 1 from a) from u",
        &[
            "#0 a = select 1 from t",
            "#1 select max(x) from #0 as a where (= a.x u.x)",
            "#2 select 1 from #0 as a",
            "#3 select (#1), (exists #2) from u",
        ],
    );
    check(
        Dialect::Ansi,
        "select * from t where x in (with q as (select y from u) select * from q)",
        &["#0 q = select y from u", "#1 select * from #0 as q", "#2 select * from t where (in x #1)"],
    );
    check(
        Dialect::Ansi,
        "with a as (with b as (select 1 from t) select * from b) select * from a, b",
        &["#0 b = select 1 from t", "#1 a = select * from #0 as b", "#2 select * from #1 as a, b"],
    );
}

#[test]
fn recursive_ctes_stand_behind_their_parts() {
    check(
        Dialect::Postgres,
        "with recursive r (n) as (select 1 union all select n + 1 from r where n < 10) select * from r",
        &[
            "#0 select 1",
            "#1 select (+ n 1) from recursive #2 as r where (< n 10)",
            "#2 r(n) = union all #0 #1",
            "#3 select * from #2 as r",
        ],
    );
    check(
        Dialect::Postgres,
        "with recursive r as (select 1 from t union all (with q as (select * from r) select * from q)) select * from r",
        &[
            "#0 select 1 from t",
            "#1 q = select * from recursive #3 as r",
            "#2 select * from #1 as q",
            "#3 r = union all #0 #2",
            "#4 select * from #3 as r",
        ],
    );
    check(
        Dialect::TSql,
        "with r as (select 1 as n from base union all select n + 1 from r) select * from r",
        &[
            "#0 select 1 as n from base",
            "#1 select (+ n 1) from recursive #2 as r",
            "#2 r = union all #0 #1",
            "#3 select * from #2 as r",
        ],
    );
    check(
        Dialect::Snowflake,
        "with r as (select 1 as n from base union all select n + 1 from r), s as (select * from s) select * from r, s",
        &[
            "#0 select 1 as n from base",
            "#1 select (+ n 1) from recursive #2 as r",
            "#2 r = union all #0 #1",
            "#3 s = select * from s",
            "#4 select * from #2 as r, #3 as s",
        ],
    );
    check(
        Dialect::Postgres,
        "with recursive a as (select * from b), b as (select 1 from x) select * from a",
        &["#0 b = select 1 from x", "#1 a = select * from #0 as b", "#2 select * from #1 as a"],
    );
    check(
        Dialect::Postgres,
        "with recursive a as (select * from b), b as (select 1 from x union select * from a) select * from a, b",
        &[
            "#0 select 1 from x",
            "#1 select * from recursive #3 as a",
            "#2 b = union #0 #1",
            "#3 a = select * from #2 as b",
            "#4 select * from #3 as a, #2 as b",
        ],
    );
}

#[test]
fn all_rows_can_become_one_text() {
    check(
        Dialect::TSql,
        "select a, (select x from u for json path) as j from t for xml path",
        &[
            "#0 select x from u",
            "#1 select for('json', *) from #0 group by ",
            "#2 select a, (#1) as j from t",
            "#3 select for('xml', *) from #2 group by ",
        ],
    );
}
