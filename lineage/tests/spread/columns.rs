//! Changes that are known by column and by row, and how far they are noticed.

use headsup_lineage::reach::{Cut, Reach};

use super::*;

const RAW: (&str, &str) = ("raw", "source");

/// `orders` and three readers: of its amounts, of its rows, and of all its columns.
const SHOP: [(&str, &str); 5] = [
    RAW,
    ("orders", "select r.id, r.amount, r.promo, r.customer from raw r"),
    ("revenue", "select o.customer, sum(o.amount) as total from orders o group by o.customer"),
    ("counts", "select count(*) as n from orders"),
    ("mirror", "select * from orders"),
];

fn with<'a>(models: &[(&'a str, &'a str)], called: &'a str, sql: &'a str) -> Vec<(&'a str, &'a str)> {
    models.iter().map(|model| if model.0 == called { (called, sql) } else { *model }).collect()
}

fn changed(sql: &str, expected: &str) {
    check(&SHOP, &with(&SHOP, "orders", sql), expected);
}

#[test]
fn a_column_that_nobody_else_reads_reaches_nobody_else() {
    changed(
        "select r.id, r.amount, lower(r.promo) as promo, r.customer from raw r",
        "mirror: reached revalued promo (orders → mirror)
         orders: reached revalued promo (orders)",
    );
}

#[test]
fn a_value_reaches_what_is_computed_from_it() {
    changed(
        "select r.id, coalesce(r.amount, 0) as amount, r.promo, r.customer from raw r",
        "mirror: reached revalued amount (orders → mirror)
         orders: reached revalued amount (orders)
         revenue: reached revalued total (orders → revenue)",
    );
}

#[test]
fn fewer_rows_reach_whatever_is_made_of_rows() {
    changed(
        "select r.id, r.amount, r.promo, r.customer from raw r where r.amount > 0",
        "counts: reached revalued n (orders → counts)
         mirror: reached rows_removed (orders → mirror)
         orders: reached rows_removed (orders)
         revenue: reached revalued total + rows_removed (orders → revenue)",
    );
}

#[test]
fn a_column_that_is_gone_breaks_who_names_it() {
    changed(
        "select r.id, r.promo, r.customer from raw r",
        "mirror: reached removed amount (orders → mirror)
         orders: reached removed amount (orders)
         revenue: reached broken (orders → revenue)",
    );
}

#[test]
fn what_is_broken_breaks_all_that_is_below() {
    let below = [SHOP.as_slice(), &[("top", "select r.customer from revenue r")]].concat();
    check(
        &below,
        &with(&below, "orders", "select r.id, r.promo, r.customer from raw r"),
        "mirror: reached removed amount (orders → mirror)
         orders: reached removed amount (orders)
         revenue: reached broken (orders → revenue)
         top: reached broken (orders → revenue → top)",
    );
}

#[test]
fn a_column_that_is_only_named_breaks_as_well() {
    let named = [
        RAW,
        ("orders", "select r.id, r.amount, r.customer from raw r"),
        ("people", "select r.id from raw r where exists (select o.amount from orders o)"),
    ];
    check(
        &named,
        &with(&named, "orders", "select r.id, r.customer from raw r"),
        "orders: reached removed amount (orders)
         people: reached broken (orders → people)",
    );
    // Other values of it do not matter.
    check(
        &named,
        &with(&named, "orders", "select r.id, -r.amount as amount, r.customer from raw r"),
        "orders: reached revalued amount (orders)",
    );
}

#[test]
fn a_column_more_passes_by_stars_and_is_compared_with_the_row() {
    let shop = [SHOP.as_slice(), &[("once", "select distinct * from orders")]].concat();
    check(
        &shop,
        &with(&shop, "orders", "select r.id, r.amount, r.promo, r.customer, r.tax from raw r"),
        "mirror: reached added tax (orders → mirror)
         once: reached added tax + regrained (orders → once)
         orders: reached added tax (orders)",
    );
}

#[test]
fn copies_of_rows_end_where_there_is_one_row_for_each_key() {
    let blind = [
        ("customers", "select distinct o.customer from orders o"),
        ("latest", "select o.customer, max(o.amount) as most from orders o group by o.customer"),
        ("buyers", "select r.id from raw r where exists (select 1 from orders o where o.customer = r.id)"),
    ];
    let shop = [SHOP.as_slice(), &blind].concat();
    let joined = "select r.id, r.amount, r.promo, r.customer from raw r left join shipments s on s.order_id = r.id";
    check(
        &shop,
        &with(&shop, "orders", joined),
        "counts: reached revalued n (orders → counts)
         mirror: reached rows_duplicated (orders → mirror)
         orders: reached rows_duplicated (orders)
         revenue: reached revalued total (orders → revenue)",
    );
}

fn judged(head: &[(&str, &str)], reads: &str, columns: &[&str]) -> JobReachOf {
    let (base, head, comparison) = compared(&SHOP, head);
    let spread = spread(&base, &head, &comparison);
    let read = Read { name: name(reads), role: ReadRole::Table, position: Position::START };
    let wanted: Vec<ColumnName> =
        columns.iter().map(|column| ColumnName::new(DIALECT, column, Quoting::Bare)).collect();
    let job = spread.judge(&[Reference::Name(read)], None, &|_| (!wanted.is_empty()).then(|| wanted.clone()));
    let effects = job.effects.iter().map(|effect| match &effect.column {
        Some(column) => format!("{} {column}", effect.kind),
        None => effect.kind.to_string(),
    });
    JobReachOf { reach: job.reach, effects: effects.collect(), cut: job.cut }
}

struct JobReachOf {
    reach: Reach,
    effects: Vec<String>,
    cut: Option<Cut>,
}

#[test]
fn a_job_that_names_columns_is_reached_by_these_and_by_rows() {
    let promo = with(&SHOP, "orders", "select r.id, r.amount, lower(r.promo) as promo, r.customer from raw r");
    assert_eq!(judged(&promo, "orders", &[]).effects, ["revalued promo"]);
    assert_eq!(judged(&promo, "orders", &["PROMO"]).effects, ["revalued promo"]);
    let spared = judged(&promo, "orders", &["amount"]);
    assert_eq!(spared.reach, Reach::NotReached);
    let Some(Cut::Unnoticed { from, reader: None, .. }) = spared.cut else { panic!("the cut is at the job") };
    assert_eq!(from.to_string(), "orders");
    let fewer = with(&SHOP, "orders", "select r.id, r.amount, r.promo, r.customer from raw r where r.amount > 0");
    assert_eq!(judged(&fewer, "orders", &["amount"]).effects, ["rows_removed"]);
    let gone = with(&SHOP, "orders", "select r.id, r.amount, r.customer from raw r");
    assert_eq!(judged(&gone, "orders", &["promo"]).effects, ["broken promo"]);
}

#[test]
fn where_a_change_stops_is_told() {
    let promo = with(&SHOP, "orders", "select r.id, r.amount, lower(r.promo) as promo, r.customer from raw r");
    let spared = judged(&promo, "revenue", &[]);
    assert_eq!(spared.reach, Reach::NotReached);
    let Some(Cut::Unnoticed { from, reader: Some(reader), reads, .. }) = spared.cut else { panic!("there is a cut") };
    let reads: Vec<String> = reads.iter().map(ToString::to_string).collect();
    assert_eq!(
        (from.to_string(), reader.to_string(), reads.join(" ")),
        ("orders".into(), "revenue".into(), "amount customer".into())
    );
}
