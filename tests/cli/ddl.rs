//! Tables that plain SQL declares, and files that alter them.

use crate::support::{Fixture, list, word};

const SETTINGS: &str = "version: 1
dialect: postgres
teams: { fin: { owner: fin@example.com } }
jobs: [{ name: report, team: fin, criticality: critical, reads: [mart] }]
";
const ORDERS: &str = "create table raw.orders (id int, amount numeric, status text default 'new');";
const MART: &str = "create table mart as select id, amount, status from raw.orders;";

/// What changes where files come or differ, as `orders.amount removed`, and whether the report is reached.
fn told(base: &[(&str, &str)], edits: &[(&str, &str)]) -> (Vec<String>, String) {
    let always = [("headsup.yml", SETTINGS), ("orders.sql", ORDERS), ("mart.sql", MART)];
    let report = Fixture::pair(&[&always, base].concat(), edits).json("impact");
    let mut effects = Vec::new();
    for change in list(&report["changes"]) {
        for effect in list(&change["effects"]) {
            let column = effect["column"].as_str().map(|column| format!(".{column}")).unwrap_or_default();
            effects.push(format!("{}{column} {}", word(&change["relation"]), word(&effect["effect"])));
        }
    }
    (effects, word(&report["jobs"][0]["reach"]).to_owned())
}

#[test]
fn a_file_that_alters_a_table_changes_it() {
    for (alter, effect, reach) in [
        ("drop column amount", "raw.orders.amount removed", "reached"),
        ("alter column amount type int", "raw.orders.amount retyped", "reached"),
        ("alter column amount set default 3", "raw.orders.amount revalued", "reached"),
        ("alter column amount drop not null", "raw.orders.amount revalued", "reached"),
        ("enable row level security", "raw.orders unspecified", "reached"),
        ("frobnicate all", "raw.orders unspecified", "reached"),
        ("set options (expiration_timestamp = null)", "raw.orders unspecified", "reached"),
        ("add column x int default 1", "raw.orders.x added", "not_reached"),
        ("add columns (x decimal(10, 2))", "raw.orders.x added", "not_reached"),
    ] {
        let alter = format!("alter table raw.orders {alter};");
        let (effects, found) = told(&[], &[("migrations/2.sql", &alter)]);
        assert_eq!((effects.join(", ").as_str(), found.as_str()), (effect, reach), "{alter}");
        let (effects, _) = told(&[("migrations/2.sql", &alter)], &[("migrations/3.sql", "select 1")]);
        assert!(!effects.iter().any(|told| told == effect), "{alter} was there before: {effects:?}");
    }
    let (effects, reach) = told(&[], &[("2.sql", "alter table raw.orders rename column amount to total;")]);
    assert_eq!((effects.len(), reach.as_str()), (2, "reached"), "{effects:?}");
    assert_eq!(told(&[], &[("2.sql", "drop table raw.orders;")]).1, "reached");
    for quiet in [
        "alter table raw.orders owner to somebody;",
        "alter table raw.orders add constraint c check (id > 0);",
        "alter table raw.orders set (fillfactor = 70);",
        "alter table raw.orders set tag t = 'x';",
        "alter table if exists raw.orders alter column amount encode zstd;",
        "create index i on raw.orders (id);",
        "comment on table raw.orders is 'all of them';",
        "drop table if exists raw.tmp_orders;",
        "create table work (a int); alter table work add column b int; drop table work;",
    ] {
        let (effects, reach) = told(&[], &[("2.sql", quiet)]);
        assert_eq!((effects, reach.as_str()), (Vec::new(), "not_reached"), "{quiet}");
    }
}

/// `*` gives the columns that are left, in the order of the files' numbers.
#[test]
fn what_is_altered_is_known_downstream() {
    let all = ("mart.sql", "create table mart as select * from raw.orders;");
    let files = [
        all,
        ("migrations/V2.sql", "alter table raw.orders add column x int;"),
        ("migrations/V10.sql", "alter table raw.orders drop column x;"),
    ];
    let (effects, _) = told(&files, &[("migrations/V11.sql", "alter table raw.orders add column y int;")]);
    assert_eq!(effects, ["raw.orders.y added"]);
    let reads = ("mart.sql", "create table mart as select x from raw.orders;");
    let (effects, reach) = told(&files[..2], &[reads, ("migrations/V10.sql", "select 1")]);
    assert!(!effects.is_empty() && reach == "reached", "{effects:?}");
}

/// What fills a column is part of its table.
#[test]
fn a_declaration_says_more_than_types() {
    let other = |sql: &str| told(&[], &[("orders.sql", sql)]);
    for (sql, effect) in [
        ("create table raw.orders (id int, amount numeric, status text default 'old');", "raw.orders.status revalued"),
        (
            "create table raw.orders (id int, amount numeric, status text collate \"C\" default 'new');",
            "raw.orders.status revalued",
        ),
        (
            "create table raw.orders (id int, amount numeric generated always as (id * 2) stored, status text default 'new');",
            "raw.orders.amount revalued",
        ),
    ] {
        let (effects, reach) = other(sql);
        assert!(effects.iter().all(|told| told == effect) && reach == "reached", "{sql}: {effects:?}");
    }
    let quiet = "CREATE TABLE raw.orders (id INT, amount NUMERIC CHECK (amount > 0), status TEXT DEFAULT 'new');";
    assert_eq!(other(quiet), (Vec::new(), "not_reached".to_owned()));
    // What is not understood is compared word by word.
    let odd = |start: &str| format!("create table odd (id int frobnicated {start});");
    let (effects, _) = told(&[("odd.sql", &odd("1"))], &[("odd.sql", &odd("2"))]);
    assert_eq!(effects, ["odd unspecified"; 2], "one is gone and another has come");
    assert!(told(&[("odd.sql", &odd("1"))], &[("odd.sql", &format!("-- why\n{}", odd("1")))]).0.is_empty());
}
