//! Large queries whose lineage is known: below the limits on work nothing is left out of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Write;

use headsup_lineage::columns::lineage;
use headsup_lineage::dependency::OutputLineage;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::parse::parse;

/// The outputs of a text, worked out on a thread with as little stack as any has.
fn outputs(dialect: Dialect, sql: String) -> Vec<OutputLineage> {
    let work = move || {
        let script = parse(&sql, dialect);
        assert!(!script.statements.is_empty(), "no statement was found");
        let queries = script.statements.iter().filter_map(|statement| statement.queries.as_ref());
        queries.flat_map(|queries| lineage(queries, &BTreeMap::new())).collect()
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap()
}

fn numbered(count: usize, between: &str, each: impl Fn(usize) -> String) -> String {
    (0..count).map(each).collect::<Vec<_>>().join(between)
}

#[test]
fn three_hundred_levels_are_followed_to_the_bottom() {
    let sql = format!("{}select a as v from t{}", "select * from (".repeat(300), ") as q".repeat(300));
    let found = outputs(Dialect::Postgres, sql);
    assert_eq!(found[0].lineage.columns[0].sources.len(), 1);
}

#[test]
fn a_hundred_thousand_columns_end() {
    let list = numbered(100_000, ", ", |n| format!("a{n} + b as c{n}"));
    let found =
        outputs(Dialect::Ansi, format!("with w as (select {list} from t) select * from (select * from w) as q"));
    assert_eq!(found[0].lineage.columns.len(), 100_000);
}

#[test]
fn long_chains_of_operators_end() {
    for operator in [" and ", " or ", " + ", " || "] {
        let sql = format!("select 1 as v from t where {}", numbered(15_000, operator, |n| format!("a{n}")));
        let found = outputs(Dialect::Ansi, sql);
        assert_eq!(found[0].lineage.rows.len(), 15_001, "{operator}");
    }
}

#[test]
fn ctes_that_each_read_the_one_before_end() {
    let mut sql = "with c0 as (select a, b from t)".to_owned();
    for n in 1..1_000 {
        write!(sql, ", c{n} as (select a, b from c{} where b > {n})", n - 1).unwrap();
    }
    let found = outputs(Dialect::Ansi, sql + " select * from c999");
    assert_eq!(found[0].lineage.columns.len(), 2);
}

#[test]
fn what_doubles_at_every_step_is_worked_out_once() {
    let aliases =
        numbered(500, ", ", |n| if n == 0 { "a as x0".to_owned() } else { format!("x{0} + x{0} as x{n}", n - 1) });
    let found = outputs(Dialect::Snowflake, format!("select {aliases} from t"));
    assert!(found[0].lineage.columns[499].sources.len() <= 502);
    let mut sql = "with c0 as (select a from t)".to_owned();
    for n in 1..200 {
        write!(sql, ", c{n} as (select l.a from c{0} l join c{0} r on l.a = r.a)", n - 1).unwrap();
    }
    let found = outputs(Dialect::Ansi, sql + " select a from c199");
    assert_eq!(found[0].lineage.inputs.len(), 1);
}

#[test]
fn five_hundred_outer_joins_end() {
    let joins = numbered(500, " ", |n| format!("left join d{n} on d{n}.id = o.d{n}_id"));
    let columns = numbered(500, ", ", |n| format!("d{n}.name as n{n}"));
    let found = outputs(Dialect::Ansi, format!("select {columns} from o {joins}"));
    assert_eq!(found[0].lineage.columns.len(), 500);
}
