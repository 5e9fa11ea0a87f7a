//! What becomes of the rows of a statement's queries.

use super::*;

#[test]
fn an_insert_adds_its_rows() {
    check(
        Dialect::MySql,
        "insert into t set a = 1, b = (select max(x) from u)",
        &["#0 select max(x) from u", "#1 select 1 as a, (#0) as b", "append t (a, b) #1"],
    );
    check(
        Dialect::Databricks,
        "insert overwrite table t partition (day = '2024-01-01') select a from s",
        &["#0 select a from s", "#1 select *, '2024-01-01' as day from #0", "append t #1"],
    );
    check(Dialect::Databricks, "insert overwrite t select a from s", &["#0 select a from s", "replace t #0"]);
    check(
        Dialect::Databricks,
        "insert into t partition (day) select a, day from s",
        &["#0 select a, day from s", "append t #0"],
    );
    check(Dialect::Databricks, "insert into t by name select a from s", &["#0 select a from s", "append t by name #0"]);
    check(
        Dialect::Snowflake,
        "insert overwrite into t (a) select a from s",
        &["#0 select a from s", "replace t (a) #0"],
    );
    check(
        Dialect::BigQuery,
        "insert ds.t (a, b) select a, b from ds.s",
        &["#0 select a, b from ds.s", "append ds.t (a, b) #0"],
    );
    check(
        Dialect::TSql,
        "insert into t (a) output inserted.a into log select a from s",
        &["#0 select a from s", "#1 select t.a from t as t", "append t (a) #0", "append log #1"],
    );
}

#[test]
fn rows_that_meet_another_change_it_or_stay_out() {
    check(
        Dialect::Postgres,
        "insert into t (a, b) select x, y from s on conflict (a) do nothing",
        &[
            "#0 select x, y from s",
            "#1 select excluded.* from #0 as excluded(a, b), anti t as t on (= t.a excluded.a)",
            "append t (a, b) #1",
        ],
    );
    check(
        Dialect::Postgres,
        "insert into t (a, b) values (1, default) on conflict (a, c) do update set b = excluded.b + t.b where t.b > 1 returning a",
        &[
            "#0 values (1, default)",
            "#1 select (+ excluded.b t.b) as b from t as t, inner #0 as excluded(a, b) on (and (= t.a excluded.a) (= t.c excluded.c)) where (> t.b 1)",
            "append t (a, b) #0",
            "update t (b) #1",
        ],
    );
    check(
        Dialect::Postgres,
        "insert into t select * from s on conflict on constraint k do update set b = excluded.b",
        &[
            "#0 select * from s",
            "#1 select excluded.b as b from t as t, inner #0 as excluded on (conflict)",
            "append t #0",
            "update t (b) #1",
        ],
    );
    check(
        Dialect::MySql,
        "insert ignore into t (a) values (1)",
        &["#0 values (1)", "#1 select excluded.* from #0 as excluded(a), anti t as t on (conflict)", "append t (a) #1"],
    );
    check(
        Dialect::MySql,
        "replace into t select * from s",
        &[
            "#0 select * from s",
            "#1 select from t as t, inner #0 as excluded on (conflict)",
            "append t #0",
            "delete t #1",
        ],
    );
    check(
        Dialect::MySql,
        "insert into t (a, b) select a, b from s on duplicate key update b = values(b) + t.b",
        &[
            "#0 select a, b from s",
            "#1 select (+ excluded.b t.b) as b from t as t, inner #0 as excluded(a, b) on (conflict)",
            "append t (a, b) #0",
            "update t (b) #1",
        ],
    );
    check(
        Dialect::MySql,
        "insert into t (a, b) values (1, 2) as new (x, y) on duplicate key update b = new.y",
        &[
            "#0 values (1, 2)",
            "#1 select new.y as b from t as t, inner #0 as new(x, y) on (conflict)",
            "append t (a, b) #0",
            "update t (b) #1",
        ],
    );
}

#[test]
fn a_multi_table_insert_has_an_output_for_each_table() {
    check(
        Dialect::Snowflake,
        "insert all into t1 into t2 (x, y) values (a, default) select a, b from s",
        &[
            "#0 select a, b from s",
            "#1 select * from #0",
            "#2 select a, default from #0",
            "append t1 #1",
            "append t2 (x, y) #2",
        ],
    );
    check(
        Dialect::Snowflake,
        "insert first when a > 1 then into t1 when b > 1 then into t2 (x) values (b) else into t3 select a, b from s",
        &[
            "#0 select a, b from s",
            "#1 select * from #0 where (> a 1)",
            "#2 select b from #0 where (and (not (is true (> a 1))) (> b 1))",
            "#3 select * from #0 where (and (not (is true (> a 1))) (not (is true (> b 1))))",
            "append t1 #1",
            "append t2 (x) #2",
            "append t3 #3",
        ],
    );
}

#[test]
fn what_a_change_returns_can_be_read() {
    check(
        Dialect::Postgres,
        "with new as (insert into t (a) select a from s returning a, b) select * from new join u using (a)",
        &[
            "#0 select a from s",
            "#1 new = select a, b from t as t",
            "#2 select * from #1 as new, inner u using (a)",
            "append t (a) #0",
        ],
    );
    check(
        Dialect::Postgres,
        "with gone as (delete from t where x < 1 returning *) insert into log select * from gone",
        &[
            "#0 select from t where (< x 1)",
            "#1 gone = select * from t where (< x 1)",
            "#2 select * from #1 as gone",
            "delete t #0",
            "append log #2",
        ],
    );
    check(
        Dialect::TSql,
        "update t set a = 1 output deleted.a, inserted.b into audit where x = 1",
        &[
            "#0 select 1 as a from t where (= x 1)",
            "#1 select t.a, t.b from t where (= x 1)",
            "update t (a) #0",
            "append audit #1",
        ],
    );
    check(
        Dialect::TSql,
        "delete from orders output deleted.* into archive where x = 1",
        &[
            "#0 select from orders where (= x 1)",
            "#1 select orders.* from orders where (= x 1)",
            "delete orders #0",
            "append archive #1",
        ],
    );
}

#[test]
fn an_update_selects_what_it_sets() {
    check(
        Dialect::Postgres,
        "with s as (select * from raw) update t set a = s.a from s where s.id = t.id",
        &["#0 s = select * from raw", "#1 select s.a as a from t, #0 as s where (= s.id t.id)", "update t (a) #1"],
    );
    check(
        Dialect::Postgres,
        "update t as x set a = x.a + 1, (b, c) = (select p, q from u where u.id = x.id), (d, e) = (1, f) where x.g",
        &[
            "#0 select p, q from u where (= u.id x.id)",
            "#1 select (+ x.a 1) as a, (#0) as (b, c), 1 as d, f as e from t as x where x.g",
            "update t (a, b, c, d, e) #1",
        ],
    );
    check(
        Dialect::Postgres,
        "update only t set a = default",
        &["#0 select default as a from t [only]", "update t (a) #0"],
    );
    check(
        Dialect::TSql,
        "update o set o.a = c.b from orders o join c on c.id = o.id where o.x > 1",
        &["#0 select c.b as a from orders as o, inner c on (= c.id o.id) where (> o.x 1)", "update orders (a) #0"],
    );
    check(
        Dialect::TSql,
        "update orders set a = c.b from orders join c on c.id = orders.id",
        &["#0 select c.b as a from orders, inner c on (= c.id orders.id)", "update orders (a) #0"],
    );
    check(
        Dialect::MySql,
        "update a join b on a.x = b.x set a.y = b.y, b.z = a.z where a.q > 1",
        &[
            "#0 select b.y as y from a, inner b on (= a.x b.x) where (> a.q 1)",
            "#1 select a.z as z from a, inner b on (= a.x b.x) where (> a.q 1)",
            "update a (y) #0",
            "update b (z) #1",
        ],
    );
    check(
        Dialect::MySql,
        "update t set a = 1 where b order by c limit 5",
        &["#0 select 1 as a from t where b order by c limit 5", "update t (a) #0"],
    );
    check(
        Dialect::BigQuery,
        "update ds.t x set x.a = s.a, b.c = 1, x.d.e = s.e from ds.s where s.id = x.id",
        &[
            "#0 select s.a as a, (with field b 'c' 1) as b, (with field d 'e' s.e) as d from ds.t as x, ds.s where (= s.id x.id)",
            "update ds.t (a, b, d) #0",
        ],
    );
}

#[test]
fn a_delete_selects_what_goes() {
    check(
        Dialect::TSql,
        "delete o from orders as o join c on c.id = o.id",
        &["#0 select from orders as o, inner c on (= c.id o.id)", "delete orders #0"],
    );
    check(
        Dialect::MySql,
        "delete t, s from a.t join a.s on t.x = s.x where t.y",
        &["#0 select from a.t, inner a.s on (= t.x s.x) where t.y", "delete a.t #0", "delete a.s #0"],
    );
    check(
        Dialect::MySql,
        "delete from t where x order by y limit 1",
        &["#0 select from t where x order by y limit 1", "delete t #0"],
    );
    check(
        Dialect::Postgres,
        "delete from t using s, u where t.id = s.id and s.k = u.k",
        &["#0 select from t, s, u where (and (= t.id s.id) (= s.k u.k))", "delete t #0"],
    );
    check(
        Dialect::BigQuery,
        "delete ds.t where x in (select y from ds.u)",
        &["#0 select y from ds.u", "#1 select from ds.t where (in x #0)", "delete ds.t #1"],
    );
}

#[test]
fn a_change_through_a_cte_changes_its_table() {
    check(
        Dialect::TSql,
        "with c as (select *, row_number() over (partition by k order by z) as rn from a.t) delete from c where rn > 1",
        &[
            "#0 c = select *, row_number( over (partition by k order by z)) as rn from a.t",
            "#1 select from #0 as c where (> rn 1)",
            "delete a.t #1",
        ],
    );
    check(
        Dialect::TSql,
        "with c as (select id, a as b from a.t) update c set b = 1",
        &["#0 c = select id, a as b from a.t", "#1 select 1 as b from #0 as c", "update a.t (a) #1"],
    );
    check(Dialect::TSql, "with c as (select id, a + 1 as b from a.t) update c set b = 1", &["no queries"]);
    check(Dialect::TSql, "with c as (select t.id from a.t join a.u on t.id = u.id) delete from c", &["no queries"]);
}

#[test]
fn a_merge_has_an_output_for_each_branch() {
    check(
        Dialect::BigQuery,
        "merge ds.t t using (select * from ds.s) s on t.id = s.id when matched and s.gone then delete when matched then update set a = s.a, b = t.b + 1 when not matched then insert (id, a) values (s.id, s.a) when not matched by source and t.old then delete when not matched by source then update set b = 0",
        &[
            "#0 select * from ds.s",
            "#1 select from ds.t as t, inner #0 as s on (= t.id s.id) where s.gone",
            "#2 select s.a as a, (+ t.b 1) as b from ds.t as t, inner #0 as s on (= t.id s.id) where (not (is true s.gone))",
            "#3 select s.id as id, s.a as a from #0 as s, anti ds.t as t on (= t.id s.id)",
            "#4 select from ds.t as t, anti #0 as s on (= t.id s.id) where t.old",
            "#5 select 0 as b from ds.t as t, anti #0 as s on (= t.id s.id) where (not (is true t.old))",
            "delete ds.t #1",
            "update ds.t (a, b) #2",
            "append ds.t (id, a) #3",
            "delete ds.t #4",
            "update ds.t (b) #5",
        ],
    );
    check(
        Dialect::BigQuery,
        "merge ds.t using ds.s on t.id = s.id when not matched then insert row",
        &["#0 select s.* from ds.s, anti ds.t on (= t.id s.id)", "append ds.t #0"],
    );
    check(
        Dialect::BigQuery,
        "merge ds.t using ds.s on false when not matched and s.x then insert (a) row when not matched by source then delete",
        &[
            "#0 select s.* from ds.s, anti ds.t on false where s.x",
            "#1 select from ds.t, anti ds.s on false",
            "append ds.t (a) #0",
            "delete ds.t #1",
        ],
    );
    check(
        Dialect::Databricks,
        "merge into t using s on t.id = s.id when matched then update set * when not matched then insert *",
        &[
            "#0 select s.* from t, inner s on (= t.id s.id)",
            "#1 select s.* from s, anti t on (= t.id s.id)",
            "update t by name #0",
            "append t by name #1",
        ],
    );
    check(
        Dialect::Snowflake,
        "merge into t using (select $1 as id from @st) s on t.id = s.id when matched then update set t.a = s.id",
        &[
            "#0 select $1 as id from file('@st')",
            "#1 select s.id as a from t, inner #0 as s on (= t.id s.id)",
            "update t (a) #1",
        ],
    );
    check(
        Dialect::TSql,
        "merge a.t as t using (values (1, 2)) as s (id, v) on t.id = s.id when matched then update set v = s.v output $action, inserted.id, deleted.v into log;",
        &[
            "#0 values (1, 2)",
            "#1 select s.v as v from a.t as t, inner #0 as s(id, v) on (= t.id s.id)",
            "#2 select $action, t.id, t.v from a.t as t, full #0 as s(id, v) on (= t.id s.id)",
            "update a.t (v) #1",
            "append log #2",
        ],
    );
}

#[test]
fn relations_are_built_from_queries() {
    check(
        Dialect::Postgres,
        "create view v (a, b) as select x, y from t",
        &["#0 select x, y from t", "replace v (a, b) #0"],
    );
    check(Dialect::Postgres, "create table n as select * from t", &["#0 select * from t", "replace n #0"]);
    check(
        Dialect::Postgres,
        "create table n (a, b) as select x, y from t",
        &["#0 select x, y from t", "replace n (a, b) #0"],
    );
    check(Dialect::Postgres, "create materialized view m as select 1 as x", &["#0 select 1 as x", "replace m #0"]);
    check(
        Dialect::ClickHouse,
        "create materialized view m to s.t as select x from u",
        &["#0 select x from u", "append s.t #0", "replace m #0"],
    );
    check(
        Dialect::Snowflake,
        "create or replace table c clone s.d at (timestamp => '2024-01-01'::timestamp)",
        &["#0 select * from s.d [at(timestamp => '2024-01-01'::timestamp)]", "replace c #0"],
    );
    check(
        Dialect::Snowflake,
        "create or replace dynamic table d target_lag = '1 minute' warehouse = w as select x from t",
        &["#0 select x from t", "replace d #0"],
    );
    check(Dialect::Postgres, "select a into n from t", &["#0 select a from t", "replace n #0"]);
    check(
        Dialect::TSql,
        "select a into #n from t union all select b from u",
        &["#0 select a from t", "#1 select b from u", "#2 union all #0 #1", "replace #n #2"],
    );
    check(Dialect::Databricks, "cache table c as select a from t", &["#0 select a from t", "replace c #0"]);
    check(Dialect::Databricks, "alter view v as select a from t", &["#0 select a from t", "replace v #0"]);
    check(
        Dialect::BigQuery,
        "create table ds.x as select 1 as a; begin; delete ds.t where true; end",
        &[
            "#0 select 1 as a",
            "replace ds.x #0",
            "no queries",
            "#0 select from ds.t where true",
            "delete ds.t #0",
            "no queries",
        ],
    );
}

#[test]
fn relations_are_handed_on_whole() {
    check(Dialect::Snowflake, "alter table s.a rename to s.b", &["#0 select * from s.a", "replace s.b #0"]);
    check(
        Dialect::Snowflake,
        "alter table s.a swap with s.b",
        &["#0 select * from s.a", "#1 select * from s.b", "replace s.b #0", "replace s.a #1"],
    );
    check(
        Dialect::MySql,
        "rename table a to b, c to d",
        &["#0 select * from a", "#1 select * from c", "replace b #0", "replace d #1"],
    );
    check(Dialect::Postgres, "alter table s.t rename to u", &["#0 select * from s.t", "replace s.u #0"]);
}

#[test]
fn other_statements_have_queries_too() {
    check(Dialect::Snowflake, "copy into t (a, b) from (select $1, $2:x from @st/p)", &["no queries"]);
    check(Dialect::Snowflake, "copy into @st/p from (select a from t)", &["#0 select a from t"]);
    check(Dialect::Snowflake, "copy into @st/p from t", &["#0 select * from t"]);
    check(Dialect::Postgres, "copy (select a from t) to '/x'", &["#0 select a from t"]);
    check(Dialect::Postgres, "copy t to stdout", &["#0 select * from t"]);
    check(
        Dialect::BigQuery,
        "declare x int64 default (select max(a) from ds.t)",
        &["#0 select max(a) from ds.t", "#1 select (#0) as x", "replace @x #1"],
    );
    let set = ["#0 select max(a) from t", "#1 select (#0) as x", "replace @x #1"];
    check(Dialect::BigQuery, "set x = (select max(a) from t)", &set);
    check(Dialect::Snowflake, "set x = (select max(a) from t)", &set);
    check(Dialect::MySql, "set @x = (select max(a) from t)", &set);
    check(Dialect::TSql, "set @x = 1; set @@rowcount = (select 1)", &["no queries", "#0 select 1", "#1 select (#0)"]);
    check(
        Dialect::TSql,
        "select @x = a, @y = b from t",
        &[
            "#0 select a as @x, b as @y from t",
            "#1 select @.x as x from #0 as @(x, y)",
            "#2 select @.y as y from #0 as @(x, y)",
            "append @x #1",
            "append @y #2",
        ],
    );
    check(Dialect::Postgres, "explain select * from t", &["no queries"]);
    check(Dialect::Postgres, "prepare p as select * from t where a = $1", &["#0 select * from t where (= a $1)"]);
    check(Dialect::BigQuery, "export data options (uri = 'x') as select a from ds.t", &["#0 select a from ds.t"]);
    check(
        Dialect::Databricks,
        "insert overwrite directory '/x' using parquet select a from t",
        &["#0 select a from t"],
    );
    check(Dialect::Redshift, "unload ('select a from t') to 's3://x'", &["no queries", "#0 select a from t"]);
}
