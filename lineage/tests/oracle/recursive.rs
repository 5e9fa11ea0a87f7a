//! Recursive queries held against a database: versions that differ in where they begin, in the step, in what is
//! dropped, and in what is made of it.

use crate::chance::Chance;
use crate::{Outcome, databases, number, try_pair};

/// What a query begins with: a number, a value and a text.
const SEEDS: [&str; 8] = [
    "select 0, a, s from t",
    "select 0, a, s from t where b > 0",
    "select 0, a, s from t where b > 1 and b > 0",
    "select 0, b, s from t",
    "select 0, a, 'x' from t",
    "select 1, a, s from t",
    "select 0, x, s from v",
    "select distinct 0, x, s from v",
];

const STEPS: [&str; 14] = [
    "select r.n + 1, v.x, r.s from r join v on v.a = r.a where r.n < 2",
    "select r.n + 1, v.x, r.s from r join v on v.a = r.a where r.n < 3",
    "select r.n + 1, v.x, r.s from r join v on v.a = r.a and v.k = 1 where r.n < 2",
    "select r.n + 1, v.x, v.s from r join v on v.a = r.a where r.n < 2",
    "select r.n + 1, r.a, r.s from r where r.n < 2",
    "select r.n + 1, r.a + 1, r.s from r where r.n < 2 and r.a < 2",
    "select r.n + 1, t.b, r.s from r join t on t.id = r.a where r.n < 2",
    "select r.n + 1, t.b, t.s from r join t on t.id = r.a where r.n < 2",
    "select r.n + 1, t.b, r.s from r left join t on t.id = r.a where r.n < 2",
    "select r.n + 1, r.n, r.s from r where r.n < 2",
    "select r.n + 1, r.a, 'y' from r where r.n < 2 and r.s = 'a'",
    "select r.n + 1, r.a, r.s from r where r.n < 2 and r.a in (select x from v)",
    "select r.n + 1, q.x, r.s from r join (select a, max(x) as x from v group by a) q on q.a = r.a where r.n < 2",
    "select r.n + 1, q.x, r.s from r join (select a, min(x) as x from v group by a) q on q.a = r.a where r.n < 2",
];

const TOPS: [&str; 8] = [
    "select n, a, s from r",
    "select a, s from r",
    "select n, s from r where a > 0",
    "select s, count(*) as c, max(a) as a from r group by s",
    "select distinct s from r",
    "select n from r",
    "select r.s, t.b from r join t on t.id = r.a",
    "select max(n) as n from r",
];

fn query([seed, step, operator, top]: [usize; 4]) -> String {
    let operator = ["union all", "union"][operator];
    format!("with recursive r(n, a, s) as ({} {operator} {}) {}", SEEDS[seed], STEPS[step], TOPS[top])
}

#[test]
fn whatever_differs_about_recursion_is_told() {
    let rounds = number("ORACLE_ROUNDS", 500);
    let first = number("ORACLE_SEED", 1);
    let databases = databases(first + 11, 16);
    let (mut missed, mut void, mut whole, mut quiet) = (Vec::new(), 0, 0, 0);
    for seed in first..first + rounds {
        let mut chance = Chance::new(seed ^ 0x0eed);
        let most = [SEEDS.len(), STEPS.len(), 2, TOPS.len()];
        let base = most.map(|most| chance.below(most));
        let mut head = base;
        let part = *chance.pick(&[0, 0, 1, 1, 1, 2]);
        head[part] = chance.below(most[part]);
        if chance.percent(20) {
            head[1] = chance.below(most[1]);
        }
        let (base, head) = (query(base), query(head));
        match try_pair(&base, &head, &databases, None) {
            Outcome::Void => void += 1,
            Outcome::Missed(what) => missed.push(format!("seed {seed}\n{base}\n{head}\n{what}")),
            Outcome::Fine { told, differed, unspecified } => {
                whole += u64::from(unspecified);
                quiet += u64::from(told && !differed);
            }
        }
    }
    println!("{rounds} recursive pairs, {void} void, {whole} told as a whole, {quiet} told and never seen");
    missed.sort_by_key(String::len);
    let shown: Vec<&str> = missed.iter().take(6).map(String::as_str).collect();
    assert!(missed.is_empty(), "{} missed\n\n{}", missed.len(), shown.join("\n\n"));
    assert!(void * 10 < rounds && whole * 4 < rounds, "{void} void and {whole} whole of {rounds}");
}
