//! Texts of any size, by kind.

/// A kind of text, and how to make one of some size.
pub(crate) type Kind = (&'static str, fn(usize) -> String);

fn around(before: &str, inner: &str, after: &str, depth: usize) -> String {
    format!("{}{inner}{}", before.repeat(depth), after.repeat(depth))
}

fn list(count: usize, separator: &str, item: impl Fn(usize) -> String) -> String {
    let items: Vec<String> = (0..count).map(item).collect();
    items.join(separator)
}

/// Each level stands inside the one before.
pub(crate) const NESTED: &[Kind] = &[
    ("brackets", |n| format!("select {} from t", around("(", "a", ")", n))),
    ("brackets around a table", |n| format!("select a from {}", around("(", "t", ")", n))),
    ("brackets around joins", |n| format!("select a from {}", around("(", "t", " join u using (a))", n))),
    ("brackets around a query", |n| around("(", "select a from t", ")", n)),
    ("set operations in brackets", |n| around("(", "select a from t", ") union (select b from u)", n)),
    ("derived tables", |n| around("select * from (", "select a from t", ") as d", n)),
    ("derived tables with names", |n| around("select a from (", "select a from t", ") as d where a > 1", n)),
    ("scalar subqueries", |n| around("select (", "select a from t", ") as a from u", n)),
    ("correlated subqueries", |n| around("select a from t where exists (", "select 1 from u where u.a = t.a", ")", n)),
    ("subqueries in IN", |n| around("select a from t where a in (", "select a from u", ")", n)),
    ("CTEs inside CTEs", |n| around("with c as (", "select a from t", ") select a from c", n)),
    ("recursive CTEs inside recursive CTEs", |n| {
        around(
            "with recursive c as (select a from t union all select a from c join (",
            "select a from u",
            ") d using (a)) select a from c",
            n,
        )
    }),
    ("cases", |n| format!("select {} from t", around("case when a then ", "b", " else c end", n))),
    ("cases in conditions", |n| format!("select {} from t", around("case when ", "b", " then a end", n))),
    ("calls", |n| format!("select {} from t", around("abs(", "a", ")", n))),
    ("casts", |n| format!("select {} from t", around("cast(", "a", " as int)", n))),
    ("nots", |n| format!("select {} a from t", "not ".repeat(n))),
    ("signs", |n| format!("select {} a from t", "- ".repeat(n))),
    ("arrays", |n| format!("select {} from t", around("array[", "a", "]", n))),
    ("structs", |n| format!("select {} from t", around("struct(", "a", ")", n))),
    ("lambdas", |n| format!("select {} from t", around("transform(a, x -> ", "x", ")", n))),
    ("types", |n| format!("select cast(a as {}) from t", around("array<", "int", ">", n))),
    ("joins whose conditions wait", |n| format!("select 1 from t{}{}", " join u".repeat(n), " on true".repeat(n))),
    ("explains", |n| format!("{} select 1 from t", "explain ".repeat(n))),
    ("windows", |n| format!("select {} from t", around("sum(", "a", ") over ()", n))),
    ("filters", |n| format!("select {} from t", around("sum(a) filter (where ", "b", ")", n))),
    ("intervals", |n| format!("select {} a from t", "interval ".repeat(n))),
    ("priors", |n| format!("select a from t connect by {} a", "prior ".repeat(n))),
    ("blocks", |n| format!("{} select a from t; {}", "begin ".repeat(n), "end; ".repeat(n))),
];

/// Each level stands around all before it, without a bracket that would say so.
pub(crate) const CHAINED: &[Kind] = &[
    ("casts behind", |n| format!("select a{} from t", "::int".repeat(n))),
    ("indexes", |n| format!("select a{} from t", "[1]".repeat(n))),
    ("fields", |n| format!("select a{} from t", ".b".repeat(n))),
    ("paths", |n| format!("select a:b{} from t", ".c".repeat(n))),
    ("arrows", |n| format!("select a{} from t", " -> 'b'".repeat(n))),
    ("nulls tested", |n| format!("select a{} from t", " is null".repeat(n))),
    ("zones", |n| format!("select a{} from t", " at time zone 'utc'".repeat(n))),
    ("collations", |n| format!("select a{} from t", " collate c".repeat(n))),
    ("lists of values", |n| format!("select a{} from t", " in (1)".repeat(n))),
    ("betweens", |n| format!("select a{} from t", " between 1 and 2".repeat(n))),
    ("likes", |n| format!("select a{} from t", " like 'b'".repeat(n))),
    ("pivots", |n| format!("select * from t{}", " pivot (sum(a) for b in ('x', 'y')) as p".repeat(n))),
    ("unpivots", |n| format!("select * from t{}", " unpivot (v for k in (a, b)) as p".repeat(n))),
    ("pipes", |n| format!("from t{}", " |> where a > 1".repeat(n))),
    ("selecting pipes", |n| format!("from t{}", " |> select a".repeat(n))),
    ("minus", |n| format!("select a from t{}", " minus select a from t".repeat(n))),
    ("union and except in turn", |n| {
        format!("select a from t{}", " union select a from t except select a from u".repeat(n))
    }),
];

/// Many of one thing beside one another.
pub(crate) const LONG: &[Kind] = &[
    ("union all", |n| list(n, " union all ", |i| format!("select a, b as c, {i} as n from t"))),
    ("union all of many relations", |n| list(n, " union all ", |i| format!("select a, b from t{i}"))),
    ("union all of stars", |n| list(n, " union all ", |_| "select * from t".to_owned())),
    ("union of columns", |n| list(n, " union ", |_| "select a, b from t".to_owned())),
    ("union by name", |n| list(n, " union all by name ", |i| format!("select a, b as c{i} from t",))),
    ("except", |n| list(n, " except ", |_| "select a from t".to_owned())),
    ("columns", |n| format!("select {} from t", list(n, ", ", |i| format!("c{i}")))),
    ("columns of one name", |n| format!("select {} from t", list(n, ", ", |_| "a".to_owned()))),
    ("columns through stars", |n| {
        let columns = list(n, ", ", |i| format!("c{i}"));
        let stars = list(10, ", ", |i| format!("s{} as (select * from s{i})", i + 1));
        format!("with s0 as (select {columns} from t), {stars} select * from s10")
    }),
    ("columns grouped", |n| {
        let columns = list(n, ", ", |i| format!("c{i}"));
        format!("select {columns}, count(*) as n from t group by {columns}")
    }),
    ("expressions grouped", |n| {
        let columns = list(n, ", ", |i| format!("f(c, {i})"));
        format!("select {columns}, count(*) as n from t group by {columns}")
    }),
    ("places grouped", |n| {
        let columns = list(n, ", ", |i| format!("c{i}"));
        format!("select {columns}, count(*) as n from t group by {}", list(n, ", ", |i| (i + 1).to_string()))
    }),
    ("columns distinct and ordered", |n| {
        let columns = list(n, ", ", |i| format!("c{i}"));
        format!("select distinct {columns} from t order by {columns} limit 10")
    }),
    ("columns excepted", |n| {
        let columns = list(n, ", ", |i| format!("c{i}"));
        format!("select * except ({columns}) from (select {columns}, d from t) as s")
    }),
    ("columns replaced", |n| {
        let columns = list(n, ", ", |i| format!("c{i}"));
        let replaced = list(n, ", ", |i| format!("c{i} + 1 as c{i}"));
        format!("select * replace ({replaced}) from (select {columns} from t) as s")
    }),
    ("columns renamed", |n| {
        let columns = list(n, ", ", |i| format!("c{i}"));
        let renamed = list(n, ", ", |i| format!("c{i} as d{i}"));
        format!("select * rename ({renamed}) from (select {columns} from t) as s")
    }),
    ("cases with many branches", |n| {
        format!("select case {} else d end as c from t", list(n, " ", |i| format!("when a = {i} then c{i}")))
    }),
    ("columns of one sum", |n| format!("select sum({}) as s from t", list(n, " + ", |i| format!("c{i}")))),
    ("values in IN", |n| format!("select a from t where b in ({})", list(n, ", ", |i| i.to_string()))),
    ("values", |n| format!("insert into t (a, b) values {}", list(n, ", ", |i| format!("({i}, 'x')")))),
    ("wide values", |n| format!("select * from (values ({})) as v", list(n, ", ", |i| i.to_string()))),
    ("and", |n| format!("select a from t where {}", list(n, " and ", |i| format!("c{i} = 1")))),
    ("or", |n| format!("select a from t where {}", list(n, " or ", |i| format!("c{i} = 1")))),
    ("concatenations", |n| format!("select {} as c from t", list(n, " || ", |i| format!("c{i}")))),
    ("equal columns", |n| {
        format!("select a from t join u on {}", list(n, " and ", |i| format!("t.c{} = u.c{i}", n - i)))
    }),
    ("equal columns in a row", |n| {
        format!("select c0 from t where {}", list(n, " and ", |i| format!("c{} = c{}", n - i, n - i - 1)))
    }),
    ("commas", |n| format!("select t1.a from {}", list(n, ", ", |i| format!("t t{i}")))),
    ("commas with unqualified names", |n| {
        format!("select {} from {}", list(n, ", ", |i| format!("x{i}")), list(n, ", ", |i| format!("t t{i}")))
    }),
    ("joins", |n| {
        let joins = list(n, " ", |i| format!("join t t{} on t{}.a = t{i}.a", i + 1, i + 1));
        format!("select t0.a, t{n}.b from t t0 {joins}")
    }),
    ("left joins", |n| {
        let joins = list(n, " ", |i| format!("left join t t{} on t{}.c0 = t{i}.c0", i + 1, i + 1));
        format!("select t0.c1, t{n}.c2 from t t0 {joins}")
    }),
    ("left joins of columns", |n| {
        let joins = list(n, " ", |i| format!("left join t t{} on t{}.c0 = t0.c0", i + 1, i + 1));
        format!("select t0.c1, {} from t t0 {joins}", list(n, ", ", |i| format!("t{i}.c2 as x{i}")))
    }),
    ("full joins", |n| {
        let joins = list(n, " ", |i| format!("full join t t{} on t{}.c0 = t{i}.c0", i + 1, i + 1));
        format!("select {} from t t0 {joins}", list(n, ", ", |i| format!("t{i}.c2 as x{i}")))
    }),
    ("joins with using", |n| {
        format!("select * from t t0 {}", list(n, " ", |i| format!("join t t{} using (c0)", i + 1)))
    }),
    ("full joins with using", |n| {
        format!("select * from t t0 {}", list(n, " ", |i| format!("full join t t{} using (c0, c1)", i + 1)))
    }),
    ("natural joins", |n| format!("select * from t t0 {}", list(n, " ", |i| format!("natural join t t{}", i + 1)))),
    ("using many columns", |n| format!("select * from t join u using ({})", list(n, ", ", |i| format!("c{i}")))),
    ("cross joins", |n| format!("select * from t {}", list(n, " ", |i| format!("cross join t t{i}")))),
    ("unnests", |n| format!("select * from t {}", list(n, " ", |i| format!("cross join unnest(a) as u{i}(x{i})")))),
    ("laterals", |n| {
        format!("select * from t {}", list(n, " ", |i| format!("cross join lateral (select t.a as b{i}) l{i}")))
    }),
    ("subqueries", |n| {
        format!("select {} from t", list(n, ", ", |i| format!("(select max(b) from u where u.a = t.a) as m{i}")))
    }),
    ("exists", |n| {
        format!("select a from t where {}", list(n, " and ", |_| "exists (select 1 from u where u.a = t.a)".to_owned()))
    }),
    ("CTEs that read the one before", |n| {
        let ctes = list(n, ", ", |i| format!("c{} as (select a, b from c{i})", i + 1));
        format!("with c0 as (select a, b from t), {ctes} select * from c{n}")
    }),
    ("CTEs of stars", |n| {
        let ctes = list(n, ", ", |i| format!("c{} as (select * from c{i})", i + 1));
        format!("with c0 as (select * from t), {ctes} select * from c{n}")
    }),
    ("CTEs that add a column", |n| {
        let ctes = list(n, ", ", |i| format!("c{} as (select *, a + {i} as x{i} from c{i})", i + 1));
        format!("with c0 as (select * from t), {ctes} select * from c{n}")
    }),
    ("CTEs that read all before", |n| {
        let ctes = list(n, ", ", |i| {
            let before = list(i.min(50) + 1, " union all ", |j| format!("select a from c{}", i - j));
            format!("c{} as ({before})", i + 1)
        });
        format!("with c0 as (select a from t), {ctes} select * from c{n}")
    }),
    ("CTEs that join the one before with itself", |n| {
        let ctes = list(n, ", ", |i| format!("c{} as (select x.a, y.b from c{i} x join c{i} y using (a))", i + 1));
        format!("with c0 as (select a, b from t), {ctes} select * from c{n}")
    }),
    ("CTEs with names that nobody has", |n| {
        let ctes = list(n, ", ", |i| format!("c{} as (select a, nowhere from c{i})", i + 1));
        format!("with c0 as (select a from t), {ctes} select * from c{n}")
    }),
    ("recursive CTEs", |n| {
        let ctes = list(n, ", ", |i| {
            format!("c{} as (select a from c{i} union all select a + 1 from c{} where a < 9)", i + 1, i + 1)
        });
        format!("with recursive c0 as (select a from t), {ctes} select * from c{n}")
    }),
    ("a recursive CTE that turns its columns", |n| {
        let columns = |shift: usize| list(n, ", ", move |i| format!("c{}", (i + shift) % n));
        format!(
            "with recursive r as (select {} from t union all select {} from r) select * from r",
            columns(0),
            columns(1)
        )
    }),
    ("recursive CTEs under one another", |n| {
        let ctes = list(n, ", ", |i| {
            format!("c{} as (select a from t union all select x.a from c{} x join c{i} y using (a))", i + 1, i + 1)
        });
        format!("with recursive c0 as (select a from t), {ctes} select * from c{n}")
    }),
    ("aliases that double", |n| {
        format!("select a as x0, {} from t", list(n, ", ", |i| format!("x{i} + x{i} as x{}", i + 1)))
    }),
    ("aliases that double, filtered", |n| {
        format!(
            "select a as x0, {}, sum(a) over () as w from t where x{n} > 1",
            list(n, ", ", |i| format!("x{i} + x{i} as x{}", i + 1))
        )
    }),
    ("aliases that double, grouped", |n| {
        format!(
            "select a as x0, {}, sum(b) as w from t group by x{n}",
            list(n, ", ", |i| format!("x{i} + x{i} as x{}", i + 1))
        )
    }),
    ("aliases that double backwards", |n| {
        format!(
            "select {}, a as x0 from t",
            list(n, ", ", |i| format!("x{} + x{} as x{}", n - i - 1, n - i - 1, n - i))
        )
    }),
    ("windows beside one another", |n| {
        format!("select {} from t", list(n, ", ", |i| format!("sum(c{i}) over (partition by a order by b) as s{i}")))
    }),
    ("numbered rows", |n| {
        format!(
            "select {} from t",
            list(n, ", ", |i| format!("row_number() over (partition by c{i} order by b) as s{i}"))
        )
    }),
    ("named windows", |n| {
        format!(
            "select {} from t window {}",
            list(n, ", ", |i| format!("sum(a) over w{i} as s{i}")),
            list(n, ", ", |i| format!("w{i} as (partition by c{i})"))
        )
    }),
    ("window over many", |n| {
        format!("select a, sum(b) over (partition by {}) as s from t", list(n, ", ", |i| format!("c{i}")))
    }),
    ("statements", |n| list(n, ";\n", |i| format!("create table t{} as select * from t{i}", i + 1))),
    ("inserts", |n| list(n, ";\n", |i| format!("insert into t (a, b) select x + {i}, y from u"))),
    ("merge branches", |n| {
        format!(
            "merge into t using u on t.a = u.a {}",
            list(n, " ", |i| format!("when matched and u.b = {i} then update set b = u.c{i}"))
        )
    }),
    ("pivoted values", |n| {
        format!("select * from t pivot (sum(a) for b in ({}))", list(n, ", ", |i| format!("'v{i}'")))
    }),
    ("unpivoted columns", |n| format!("select * from t unpivot (v for k in ({}))", list(n, ", ", |i| format!("c{i}")))),
    ("grouping sets", |n| {
        format!("select a, count(*) from t group by grouping sets ({})", list(n, ", ", |i| format!("(a, c{i})")))
    }),
    ("long names", |n| format!("select {} from {}", "a".repeat(n * 10), "t".repeat(n * 10))),
    ("long texts", |n| format!("select '{}' as a from t", "x".repeat(n * 100))),
    ("comments", |n| format!("select a {} from t", "/* note */ -- more\n".repeat(n))),
    ("empty statements", |n| ";".repeat(n)),
    ("fields of fields of CTEs", |n| {
        let ctes = list(n, ", ", |i| format!("c{} as (select a.b as a from c{i})", i + 1));
        format!("with c0 as (select a from t), {ctes} select a.b.c.d as e from c{n}")
    }),
    ("a script", |n| {
        let statement = |i: usize| {
            format!(
                "create or replace table mart.t{i} as\nwith orders as (\n  select o.*, row_number() over (partition by o.id order by o.at desc) as place\n  \
                 from raw.orders_{i} as o\n  where o.status <> 'void'\n)\nselect o.id, c.name, sum(o.amount) as amount, \
                 case when c.kind = 'x' then 'new' else 'old' end as age\nfrom orders as o\nleft join mart.customers as c on c.id = o.customer_id\n\
                 where o.place = 1\ngroup by 1, 2, 4"
            )
        };
        list(n, ";\n", statement)
    }),
];
