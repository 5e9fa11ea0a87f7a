//! Texts that are nearly SQL: pieces of real constructs, cut, doubled and mixed. Whatever comes of it,
//! reading it and working out its lineage ends without a panic, in every dialect.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use headsup_lineage::columns::lineage;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::parse::parse;

const SEEDS: [&str; 24] = [
    "with a as (select x, y from t where z > 1) select a.x, sum(y) over (partition by x order by y) from a",
    "select * except (a) replace (b + 1 as b) from t left join u using (id) where exists (select 1 from v where v.k = t.k)",
    "select id, f.value:a.b::string from t, lateral flatten(input => payload:items) f qualify row_number() over (partition by id order by f.index) = 1",
    "select distinct on (a) a, b from t natural join u order by a, b desc limit 10",
    "select a, b from t union all by name select * from u except select c, d from v order by 1",
    "with recursive r as (select id, parent from t union all select t.id, t.parent from t join r on t.parent = r.id) select * from r",
    "select case when a in (select b from u) then (select max(c) from v where v.a = t.a) else array(select d from w) end from t",
    "merge into t using u on t.id = u.id when matched and u.gone then delete when matched then update set a = u.a when not matched then insert (id, a) values (u.id, u.a)",
    "update t set (a, b) = (select c, d from u where u.id = t.id), e = default from v where v.id = t.id",
    "delete from t using u where t.id = u.id and not u.kept returning t.*",
    "insert all when a > 1 then into x (p) values (a) else into y select a, b from t",
    "from t |> where a > 1 |> aggregate sum(b) as s group by c |> join u on u.c = t.c |> extend s * 2 as d |> select * except (s)",
    "select * from t pivot (sum(a) as s, count(*) for b in ('x' as x, 'y')) unpivot (v for n in (x_s, y_s)) as p (c, d, e)",
    "select tag, o from t, unnest(tags) as tag with offset as o, t.items as i where i.price > 1 group by all having count(*) > 1",
    "select transform(xs, x -> x + y), filter(ys, (a, b) -> a > b) from t cross join unnest(xs, ys) with ordinality as u (p, q, n)",
    "create temp table s as select 1 as a; insert into t (b) select a from s; drop table s; create view v (c) as select b from t",
    "select grouping(a), a, b from t group by grouping sets ((a, b), rollup (a), ()) window w as (order by a rows between 1 preceding and current row)",
    "select * from t match_recognize (partition by a order by b measures last(x.c) as m one row per match pattern (x+ y?) define x as x.c > 1)",
    "select t.*, q.* from t outer apply (select top 3 with ties a from u where u.id = t.id order by a) q option (recompile)",
    "select s.f.g[0]['k'], struct(a as b).b, (select as struct r.* from unnest([1, 2]) as n) from `p.d.t` as s",
    "select a from t asof left join u match_condition (t.at >= u.at) on t.id = u.id sample (10) for update",
    "select lag(a, 1, 0) ignore nulls over w, sum(distinct b) filter (where c) from t window w as (partition by d)",
    "select sumIf(a, b = 1) as s, s * 2 as d from t final prewhere x > 1 array join ys as y limit 1 by a settings q = 1",
    "select \"A\".b, [c d].e, 'it''s', $$x$$, @v, :p, ? from \"A\" -- end\n/* more */ where a ~ 'x' and b is not distinct from c",
];

/// Numbers that look random and are the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % 1_000_003).unwrap() % bound.max(1)
    }
}

/// The words of a text, with the spaces between them.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let end = if is_word(first) { rest.find(|c| !is_word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        words.push(&rest[..end]);
        rest = &rest[end..];
    }
    words
}

fn mutated(numbers: &mut Numbers) -> String {
    let mut text: Vec<&str> = words(SEEDS[numbers.below(SEEDS.len())]);
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(text.len());
        match numbers.below(5) {
            0 => drop(text.drain(at..(at + 1 + numbers.below(6)).min(text.len()))),
            1 => text.insert(at, text[numbers.below(text.len())]),
            2 => {
                let other = numbers.below(text.len());
                text.swap(at, other);
            }
            3 => {
                let other = words(SEEDS[numbers.below(SEEDS.len())]);
                let start = numbers.below(other.len());
                let end = (start + numbers.below(20)).min(other.len());
                text.splice(at..at, other[start..end].iter().copied());
            }
            _ => text.truncate(at.max(1)),
        }
        if text.is_empty() {
            text.push("select");
        }
    }
    text.concat()
}

/// A number that the environment sets, for longer runs than those of every day.
fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn no_text_is_too_odd() {
    let mut numbers = Numbers(setting("HEADSUP_MUTATION_SEED", 0x9E37_79B9_7F4A_7C15));
    let mut understood = 0;
    for round in 0..usize::try_from(setting("HEADSUP_MUTATIONS", 6_000)).unwrap() {
        let text = mutated(&mut numbers);
        let dialect = Dialect::ALL[round % Dialect::ALL.len()];
        let script = parse(&text, dialect);
        for queries in script.statements.iter().filter_map(|statement| statement.queries.as_ref()) {
            understood += lineage(queries, &BTreeMap::new()).len();
        }
    }
    assert!(understood > 500, "only {understood} outputs were understood: the texts are too odd to say anything");
}
