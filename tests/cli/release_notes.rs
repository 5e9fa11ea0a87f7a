//! `headsup release-notes`: what changed between two releases, told to each team, to a channel, and in a
//! changelog.

use crate::replay::quarter;
use crate::support::{Fixture, list, names};

/// The quarter, whose commits have a page.
fn released() -> Fixture {
    let fixture = quarter();
    fixture.repository().remote("origin", "https://github.com/acme/shop.git").unwrap();
    fixture.day(
        75,
        "Count the orders (#23)\n\nCo-authored-by: Bob <bob@example.com>",
        &[("models/marts/count.sql", "select count(*) as number from core.orders")],
    );
    fixture
}

#[test]
fn for_a_person() {
    insta::assert_snapshot!(released().text("release-notes main~9..main"), @"
    From main~9 to main: 9 commits by Ann, Bob; 3 tables differ, and 1 job is
    reached or may be.

    marketing
      newsletter
        mail may differ
        core.people.mail → marts.audience.mail
      because core.people: column mail may differ: the expression changed from
        `people.mail` to `lower(people.mail)`
        Mails in lower case (#19), Ann

    finance
      The one job is not reached; core.orders upstream differs, and nothing of it
      arrives.

    New tables: marts.count

    Commits
      2026-03-17  1a1433f  Count the orders (#23), Ann
      2026-03-12  0f80feb  Mails of orders, Ann
      2026-02-17  353bfb2  Give it back, Ann
      2026-02-11  c5d6f22  Give up the audience, Ann
      2026-02-10  00ae856  Mails in lower case (#19), Ann
      2026-01-24  4d2a8a7  Revert refunds (#15), Ann
      2026-01-21  1f3d2f2  Add refunds to the orders (#14), Ann
      2026-01-10  c4e0966  Shorten notes (#12), Ann
      2026-01-06  c3d37b1  Say what this is, Ann
    ");
}

#[test]
fn for_one_team() {
    let fixture = released();
    insta::assert_snapshot!(fixture.text("release-notes joined~1..joined --team marketing"), @"
    From joined~1 to joined: 1 commit by Ann; 1 table differs, and no job is
    reached.

    marketing
      The one job is not reached.

    Commits
      2026-01-21  1f3d2f2  Add refunds to the orders (#14), Ann
    ");
    insta::assert_snapshot!(fixture.error("release-notes joined~1..joined --team markting"), @"
    exit 2
    error: no job belongs to `markting`
    hint: did you mean `marketing`?
    ");
}

#[test]
fn for_a_release_page() {
    let text = released().text("release-notes joined~1.. --format markdown").replace('\u{200b}', "");
    insta::assert_snapshot!(text, @r#"
    ## What changed from joined\~1 to HEAD

    From joined\~1 to HEAD: 7 commits by Ann, Bob; 3 tables differ, and 1 job is reached or may be.

    ### marketing

    - **newsletter**: mail may differ  
      core.people.mail → marts.audience.mail

    - because `core.people`: column mail may differ: the expression changed from \`people.mail\` to \`lower\(people.mail\)\` ([Mails in lower case \(\#19\)](https://github.com/acme/shop/pull/19), by Ann)

    ### finance

    The one job is not reached; core.orders upstream differs, and nothing of it arrives.

    **New tables:** `marts.count`

    <details><summary>7 commits</summary>

    - [Count the orders \(\#23\)](https://github.com/acme/shop/pull/23), Ann and Bob 2026-03-17
    - [Mails of orders](https://github.com/acme/shop/commit/0f80feb219dd56fba86102af5ee395564ebeeca5), Ann 2026-03-12
    - [Give it back](https://github.com/acme/shop/commit/353bfb26b016dbf779dcb018d00f5001e637fe82), Ann 2026-02-17
    - [Give up the audience](https://github.com/acme/shop/commit/c5d6f22949fd389badcfa74df42b55c3b84ced76), Ann 2026-02-11
    - [Mails in lower case \(\#19\)](https://github.com/acme/shop/pull/19), Ann 2026-02-10
    - [Revert refunds \(\#15\)](https://github.com/acme/shop/pull/15), Ann 2026-01-24
    - [Add refunds to the orders \(\#14\)](https://github.com/acme/shop/pull/14), Ann 2026-01-21

    </details>
    "#);
}

#[test]
fn for_a_channel() {
    let text = released().text("release-notes main~3..main --for slack").replace('\u{200b}', "");
    insta::assert_snapshot!(text, @"
    *What changed from main~3 to main*
    From main~3 to main: 3 commits by Ann, Bob; 3 tables differ, and 1 job is reached or may be.

    *marketing*
    • *newsletter*: it is new
       because marts.audience: new model (<https://github.com/acme/shop/commit/353bfb26b016dbf779dcb018d00f5001e637fe82|Give it back>, Ann)

    *finance*
    The one job is not reached; core.orders upstream differs, and nothing of it arrives.

    *New tables:* marts.audience, marts.count
    ");
}

#[test]
fn for_a_changelog() {
    let text = released().text("release-notes joined~1..main --for changelog").replace('\u{200b}', "");
    insta::assert_snapshot!(text, @r#"
    ## [main] - 2026-03-17

    ### Added

    - `marts.count` ([#23](https://github.com/acme/shop/pull/23))

    ### Changed

    - `core.people`: column mail may differ: the expression changed from \`people.mail\` to \`lower\(people.mail\)\` ([#19](https://github.com/acme/shop/pull/19))
    - `core.orders`: column mail added: the column is new ([#15](https://github.com/acme/shop/pull/15), [#14](https://github.com/acme/shop/pull/14))
    "#);
}

/// A macro, a variable, a setting and a name differ, and no file of the tables that change by it.
#[test]
fn a_commit_is_named_by_what_it_does_where_it_touches_no_file_of_the_table() {
    const PROJECT: &str = "name: shop\nversion: '1'\nvars: {from: 1}\n";
    let fixture = Fixture::new(&[
        ("dbt_project.yml", PROJECT),
        ("headsup.yml", "version: 1\njobs:\n  - {name: audit, reads: [revenue]}\n"),
        ("models/revenue.sql", "select {{ cents('amount') }} as amount from raw.orders"),
        ("models/late.sql", "select id from raw.orders where id > {{ var('from') }}"),
        ("models/built.sql", "select id from raw.orders"),
        ("macros/cents.sql", "{% macro cents(a) %}{{ a }} / 100{% endmacro %}"),
    ]);
    let commit = |days, message: &str, path: &str, text: &str| fixture.day(days, message, &[(path, text)]).to_string();
    let cents = "{% macro cents(a) %}round({{ a }} / 100, 2){% endmacro %}";
    let rounded = commit(3, "Round", "macros/cents.sql", cents);
    commit(4, "Say what this is", "readme.md", "A shop.");
    let later = commit(5, "Later", "dbt_project.yml", &PROJECT.replace("1}", "2}"));
    let built =
        PROJECT.replace("1}", "2}") + "models: {shop: {built: {+materialized: incremental, +unique_key: id}}}\n";
    let built = commit(6, "Build it bit by bit", "dbt_project.yml", &built);
    let report = fixture.json("release-notes main~4..main");
    let by = |relation: &str| {
        let changes = list(&report["changes"]).iter();
        let change = changes.clone().find(|change| change["relation"] == relation).unwrap();
        list(&change["commits"]).iter().map(|id| id.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((by("revenue"), by("late"), by("built")), (vec![rounded], vec![later], vec![built]));
    insta::assert_snapshot!(fixture.text("release-notes main~4..main"), @"
    From main~4 to main: 4 commits by Ann; 3 tables differ, and 1 job is reached or
    may be.

    jobs of nobody
      audit
        amount may differ
        revenue.amount
      because revenue: column amount may differ: the expression changed from
        `orders.amount / 100` to `round(orders.amount / 100, 2)`
        Round, Ann

    Commits
      2026-01-07  aea3292  Build it bit by bit, Ann
      2026-01-06  0da3248  Later, Ann
      2026-01-05  64e89be  Say what this is, Ann
      2026-01-04  2f99977  Round, Ann
    ");
}

/// Of two tables by which a job is reached the way of one is shown; of the other it is not said that nothing arrives.
#[test]
fn what_may_have_part_is_not_told_to_stay_away() {
    let fixture = Fixture::new(&[
        ("headsup.yml", "version: 1\njobs:\n  - {name: audit, reads: [marts.revenue]}\n"),
        (
            "marts/revenue.sql",
            "create table marts.revenue as select o.id, p.price from core.orders o join core.prices p on p.id = o.id",
        ),
        ("core/orders.sql", "create table core.orders as select id from raw.orders"),
        ("core/prices.sql", "create table core.prices as select id, price from core.lists"),
        ("core/lists.sql", "create table core.lists as select id, price, note from raw.lists"),
    ]);
    fixture.day(
        3,
        "Paid ones, in cents",
        &[
            ("core/orders.sql", "create table core.orders as select id from raw.orders where paid"),
            ("core/prices.sql", "create table core.prices as select id, price * 100 as price from core.lists"),
            ("core/lists.sql", "create table core.lists as select id, price, upper(note) as note from raw.lists"),
        ],
    );
    let report = fixture.json("release-notes main~1..main");
    let team = &report["teams"][0];
    let shown = team["reached"][0]["from"].as_str().unwrap();
    let other = if shown == "core.orders" { "core.prices" } else { "core.orders" };
    assert_eq!(
        (team["others"].to_string(), team["upstream"].to_string()),
        (format!("[\"{other}\"]"), "[\"core.lists\"]".to_owned())
    );
    // Those first that matter most.
    assert_eq!(names(&report["changes"], "relation"), [shown, other, "core.lists"]);
    let text = fixture.text("release-notes main~1..main").split_whitespace().collect::<Vec<_>>().join(" ");
    let rest = format!(
        "One more table upstream differs, and may have part in it: {other}; core.lists upstream differs, and nothing of it arrives."
    );
    assert!(text.contains(&rest), "{text}");
}

#[test]
fn for_a_program() {
    let report = released().json("release-notes joined~1..joined");
    assert_eq!(names(&report["changes"], "relation"), ["core.orders"]);
    assert_eq!(report["changes"][0]["commits"][0], report["commits"][0]["id"]);
    assert_eq!(report["commits"][0]["link"], "https://github.com/acme/shop/pull/14");
    assert_eq!(names(&report["teams"][0]["reached"], "job"), ["audit"]);
    assert_eq!(list(&report["teams"]).len(), 2);
}

#[test]
fn what_is_no_range_is_told() {
    let fixture = released();
    insta::assert_snapshot!(fixture.error("release-notes joined"), @"
    exit 2
    error: `joined` does not say from where to where
    hint: name two releases with two dots between them, such as v1.4..v1.5
    ");
    insta::assert_snapshot!(fixture.error("release-notes joined...main"), @"
    exit 2
    error: `joined...main` does not say from where to where
    hint: name two releases with two dots between them, such as v1.4..v1.5
    ");
}
