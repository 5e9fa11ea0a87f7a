//! Two versions of a small project: what changed, and what that reaches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headsup_lineage::change::{Comparison, compare};
use headsup_lineage::diagnostic::{Diagnostic, Position};
use headsup_lineage::dialect::Dialect;
use headsup_lineage::filling::{Filling, Places, Target};
use headsup_lineage::graph::LineageGraph;
use headsup_lineage::graph::tables::Tables;
use headsup_lineage::name::{ColumnName, Quoting, RelationName};
use headsup_lineage::parse::parse;
use headsup_lineage::query::{Read, ReadRole, TableSchema};
use headsup_lineage::reach::spread;
use headsup_lineage::relation::{Body, Declaration, Reference, Relation, RelationId, RelationKind, Rung, Writer};

#[path = "spread/columns.rs"]
mod columns;
#[path = "spread/declared.rs"]
mod declared;
#[path = "spread/renamed.rs"]
mod renamed;

const DIALECT: Dialect = Dialect::Postgres;

fn name(text: &str) -> RelationName {
    RelationName::parse(DIALECT, text)
}

/// A relation that a query builds; a text that starts with `!` could not be rendered, one that
/// starts with `?` may read more than it says, and `source` is a relation without a query.
fn relation(called: &str, sql: &str) -> Relation {
    let kind = if sql == "source" { RelationKind::Source } else { RelationKind::Model };
    let (incomplete, text) = match sql.strip_prefix('?') {
        Some(rest) => (Some(Arc::from("dynamic SQL")), rest),
        None => (None, sql),
    };
    let body = match text.strip_prefix('!') {
        Some(template) => {
            Body::Template { text: Arc::from(template), inputs: Arc::from(""), reason: Arc::from("no macro `x`") }
        }
        None => Body::Sql { dialect: DIALECT, variants: vec![Arc::from(text)], conditions: None },
    };
    let script = parse(text.trim_start_matches('!'), DIALECT);
    let reads = script.statements.iter().flat_map(|statement| statement.reads.clone()).map(Reference::Name).collect();
    let fillings = match body {
        Body::Sql { .. } => vec![Filling::query(Arc::new(script.into()), Target::Whole, Places::File)],
        _ => Vec::new(),
    };
    let path: Arc<str> = Arc::from(format!("{called}.sql"));
    let writer = Writer {
        path: Arc::clone(&path),
        position: Position::START,
        reads,
        described: Default::default(),
        incomplete,
        body,
        fillings,
    };
    Relation {
        id: RelationId::new(called),
        name: name(called),
        aliases: Vec::new(),
        kind,
        rung: if text.starts_with('!') { Rung::Refs } else { Rung::Open },
        project: Arc::from("shop"),
        writers: if kind == RelationKind::Source { Vec::new() } else { vec![writer] },
        declared_in: Some((path, Position::START)),
        schema: TableSchema::default(),
        declaration: Declaration::Described,
        config: BTreeMap::new(),
    }
}

fn graph(models: &[(&str, &str)]) -> (LineageGraph, Vec<Diagnostic>) {
    let built =
        LineageGraph::build(models.iter().map(|(called, sql)| relation(called, sql)).collect(), &Tables::default());
    (built.graph, built.diagnostics)
}

fn compared(base: &[(&str, &str)], head: &[(&str, &str)]) -> (LineageGraph, LineageGraph, Comparison) {
    let differing: BTreeSet<Arc<str>> = base
        .iter()
        .chain(head)
        .filter(|model| !base.contains(model) || !head.contains(model))
        .map(|(called, _)| Arc::from(format!("{called}.sql")))
        .collect();
    let side = |models: &[(&str, &str)]| models.iter().map(|(called, sql)| relation(called, sql)).collect();
    let (base, head) = LineageGraph::build_both(side(base), side(head), &Tables::default());
    let comparison = compare(&base.graph, &head.graph, &differing);
    (base.graph, head.graph, comparison)
}

/// What differs and what that reaches, a relation a line: `name: reach effects (path)`.
fn check(base: &[(&str, &str)], head: &[(&str, &str)], expected: &str) {
    let (base, head, comparison) = compared(base, head);
    let spread = spread(&base, &head, &comparison);
    let mut lines = Vec::new();
    for (id, arrival) in spread.arrivals() {
        let effects: BTreeSet<String> = arrival
            .effects
            .iter()
            .map(|effect| match &effect.column {
                Some(column) => format!("{} {column}", effect.kind),
                None => effect.kind.to_string(),
            })
            .collect();
        let effects: Vec<String> = effects.into_iter().collect();
        let path: Vec<String> = spread.path(id).iter().map(ToString::to_string).collect();
        lines.push(format!("{id}: {} {} ({})", arrival.reach.name(), effects.join(" + "), path.join(" → ")));
    }
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, expected);
}

fn job(base: &[(&str, &str)], head: &[(&str, &str)], reads: &str) -> String {
    let (base, head, comparison) = compared(base, head);
    let spread = spread(&base, &head, &comparison);
    let read = Read { name: name(reads), role: ReadRole::Table, position: Position::START };
    let job = spread.judge(&[Reference::Name(read)], None, &|_| None);
    let path: Vec<String> = job.path.iter().map(ToString::to_string).collect();
    format!("{} {}", job.reach.name(), path.join(" → ")).trim().to_owned()
}

const SHOP: [(&str, &str); 4] = [
    ("stg_orders", "select id, amount from raw.orders"),
    ("orders", "select id, amount from stg_orders"),
    ("revenue", "select sum(amount) as total from orders"),
    ("stock", "select * from raw.stock"),
];

fn shop_with(called: &str, sql: &'static str) -> Vec<(&'static str, &'static str)> {
    SHOP.iter().map(|model| if model.0 == called { (model.0, sql) } else { *model }).collect()
}

#[test]
fn a_version_against_itself_is_silent() {
    check(&SHOP, &SHOP, "");
}

#[test]
fn layout_comments_and_case_are_no_change() {
    let head = shop_with("orders", "SELECT id, -- the key\n  Amount\nFROM stg_orders;");
    let (_, _, comparison) = compared(&SHOP, &head);
    assert!(comparison.changes.is_empty());
    assert_eq!(comparison.unchanged.len(), 1);
    assert_eq!(comparison.unchanged[0].why, "its query differs only in layout, comments or letter case");
}

#[test]
fn a_changed_query_reaches_everything_downstream_and_nothing_else() {
    check(
        &SHOP,
        &shop_with("orders", "select id, 2 * amount as amount from stg_orders"),
        "orders: reached revalued amount (orders)
         revenue: reached revalued total (orders → revenue)",
    );
}

#[test]
fn who_still_reads_what_is_gone_is_broken() {
    let head: Vec<_> = SHOP.iter().filter(|model| model.0 != "orders").copied().collect();
    check(
        &SHOP,
        &head,
        "orders: reached removed (orders)
         revenue: reached broken (orders → revenue)",
    );
    assert_eq!(job(&SHOP, &head, "revenue"), "reached orders → revenue");
    assert_eq!(job(&SHOP, &head, "orders"), "reached orders");
    assert_eq!(job(&SHOP, &head, "stock"), "not_reached");
}

/// A run that fails builds nothing that is below; who gives the same rows otherwise is not told to give others.
#[test]
fn what_may_fail_reaches_all_that_is_below() {
    let with =
        |stg: &'static str| [("stg", stg), ("orders", "select id from stg"), ("stock", "select * from raw.stock")];
    let guarded = "with g as (select * from raw.orders where x <> '') select id, cast(x as int) as n from g";
    let later = "with g as (select id, x, cast(x as int) as n from raw.orders) select id, n from g where x <> ''";
    check(
        &with(guarded),
        &with(later),
        "orders: reached may_fail (stg → orders)
         stg: reached may_fail (stg)",
    );
    check(&with(later), &with(guarded), "");
}

/// When a row happened matters to models that are run in batches of time: their own, and those that they read.
#[test]
fn the_time_of_a_row_matters_to_batches_only() {
    let side = |event_time: Option<&str>, strategy: &str| {
        let mut orders = relation("orders", "select id, day from raw");
        orders.config.extend(event_time.map(|column| (Arc::from("event_time"), Arc::from(column))));
        let mut revenue = relation("revenue", "select id from orders");
        revenue.config.insert(Arc::from("incremental_strategy"), Arc::from(format!("\"{strategy}\"")));
        vec![orders, revenue]
    };
    let told = |strategy: &str| {
        let built = LineageGraph::build_both(side(None, strategy), side(Some("day"), strategy), &Tables::default());
        let changes = compare(&built.0.graph, &built.1.graph, &BTreeSet::new()).changes;
        let effects = changes.iter().flat_map(|change| &change.effects).map(|effect| effect.kind.name());
        effects.collect::<Vec<_>>()
    };
    assert!(told("merge").is_empty());
    let batches = told("microbatch");
    assert!(batches.len() > 1 && batches.contains(&"config"), "{batches:?}");
}

#[test]
fn who_stops_reading_what_is_gone_is_changed_and_not_broken() {
    let head = [SHOP[0], ("revenue", "select sum(amount) as total from stg_orders"), SHOP[3]];
    check(
        &SHOP,
        &head,
        "orders: reached removed (orders)
         revenue: reached revalued total (revenue)",
    );
}

#[test]
fn a_new_relation_that_takes_over_a_name_reaches_its_readers() {
    let base = [("revenue", "select sum(amount) from orders")];
    let head = [("orders", "select 1 as amount"), ("revenue", "select sum(amount) from orders")];
    check(
        &base,
        &head,
        "orders: reached added (orders)
         revenue: reached unspecified (orders → revenue)",
    );
}

#[test]
fn a_source_that_is_declared_now_changes_nobodys_rows() {
    let base = [("orders", "select * from raw.orders")];
    let head = [("orders", "select * from raw.orders"), ("raw.orders", "source")];
    check(&base, &head, "raw.orders: reached added (raw.orders)");
    assert_eq!(job(&base, &head, "raw.orders"), "not_reached");
}

#[test]
fn a_template_that_could_not_be_rendered_is_unknown_when_it_differs() {
    let base = shop_with("orders", "!select * from stg_orders {{ x() }}");
    check(&base, &base, "");
    check(
        &base,
        &shop_with("orders", "!select * from stg_orders  {{ x() }}"),
        "orders: unknown unspecified (orders)
         revenue: unknown unspecified total (orders → revenue)",
    );
}

#[test]
fn who_may_read_anything_is_unknown_as_soon_as_anything_changed() {
    let base = shop_with("stock", "?select * from raw.stock");
    check(&base, &base, "");
    let head: Vec<_> = shop_with("orders", "select 1 as amount")
        .into_iter()
        .map(|model| if model.0 == "stock" { (model.0, "?select * from raw.stock") } else { model })
        .collect();
    check(
        &base,
        &head,
        "orders: reached removed id + revalued amount + rows_added + rows_removed (orders)
         revenue: reached revalued total (orders → revenue)
         stock: unknown unspecified (stock)",
    );
}

#[test]
fn a_name_that_nothing_has_makes_a_job_unknown_once_something_changed() {
    assert_eq!(job(&SHOP, &SHOP, "no_such_table"), "not_reached");
    assert_eq!(job(&SHOP, &shop_with("stock", "select 1"), "no_such_table"), "unknown");
}

#[test]
fn a_circle_is_walked_once_and_reported_once() {
    let base = [
        ("a", "select * from b"),
        ("b", "select * from c"),
        ("c", "select * from a"),
        ("d", "select * from c"),
        ("self", "select * from self"),
    ];
    let (graph, diagnostics) = graph(&base);
    let cycles: Vec<_> = diagnostics.iter().filter(|diagnostic| diagnostic.code == "cycle").collect();
    assert_eq!(cycles.len(), 1);
    assert_eq!(cycles[0].message, "a, b, c read each other in a circle");
    assert_eq!(graph.cycles().len(), 1);
    let mut head = base;
    head[1].1 = "select 1 from c";
    check(
        &base,
        &head,
        "a: reached unspecified (b → a)
         b: reached unspecified (b)
         c: reached unspecified (b → a → c)
         d: reached unspecified (b → a → c → d)",
    );
}

#[test]
fn a_model_named_like_its_source_is_not_its_own_reader() {
    let models = [
        ("orders", "select * from raw.orders"),
        ("late", "select * from raw.orders where late"),
        ("revenue", "select sum(amount) from analytics.orders"),
    ];
    let (_, diagnostics) = graph(&models);
    let apart = diagnostics.iter().filter(|diagnostic| diagnostic.code == "source-named-like-model");
    assert_eq!(apart.count(), 1);
    let mut head = models;
    head[0].1 = "select 1 from raw.orders";
    check(
        &models,
        &head,
        "orders: reached unspecified (orders)
         revenue: reached unspecified sum (orders → revenue)",
    );
}

#[test]
fn an_ambiguous_name_depends_on_each_candidate() {
    let models = [
        ("core.orders", "select 1 as id"),
        ("raw.orders", "select 2 as id"),
        ("revenue", "select count(*) from orders"),
    ];
    let (_, diagnostics) = graph(&models);
    assert_eq!(diagnostics[0].code, "ambiguous-name");
    assert_eq!(diagnostics[0].message, "`orders` can mean `core.orders` or `raw.orders`");
    for changed in 0..2 {
        let mut head = models;
        head[changed].1 = "select 3 as id union all select 4";
        assert_eq!(job(&models, &head, "revenue"), format!("reached {} → revenue", models[changed].0));
    }
}

#[test]
fn a_quoted_name_with_a_dot_is_one_name() {
    let models = [("\"core.orders\"", "select 1"), ("core.orders", "select 2"), ("r", "select * from \"core.orders\"")];
    let mut head = models;
    head[1].1 = "select 3";
    assert_eq!(job(&models, &head, "r"), "not_reached");
    let mut head = models;
    head[0].1 = "select 3";
    assert_eq!(job(&models, &head, "r"), "reached \"core.orders\" → r");
}

#[test]
fn a_file_that_only_moved_is_the_same_writer() {
    let base = graph(&SHOP).0;
    let mut relations: Vec<Relation> = SHOP.iter().map(|(called, sql)| relation(called, sql)).collect();
    relations[1].writers[0].path = Arc::from("new/orders.sql");
    let head = LineageGraph::build(relations, &Tables::default()).graph;
    let differing = BTreeSet::from([Arc::from("orders.sql"), Arc::from("new/orders.sql")]);
    let comparison = compare(&base, &head, &differing);
    assert!(comparison.changes.is_empty());
    assert_eq!(comparison.unchanged[0].why, "only the file moved");
}

#[test]
fn a_second_writer_changes_a_relation() {
    let base = graph(&SHOP).0;
    let mut relations: Vec<Relation> = SHOP.iter().map(|(called, sql)| relation(called, sql)).collect();
    let mut second = relation("orders", "select * from web_orders").writers.remove(0);
    second.path = Arc::from("web.sql");
    relations[1].writers.push(second);
    let head = LineageGraph::build(relations, &Tables::default()).graph;
    let comparison = compare(&base, &head, &BTreeSet::from([Arc::from("web.sql")]));
    assert_eq!(comparison.changes.len(), 1);
    assert_eq!(comparison.changes[0].effects[0].detail.as_deref(), Some("web.sql fills it too now"));
}

mod laws {
    use proptest::prelude::*;

    use super::*;

    /// Twelve models, each reading some of the models before it, and which of them change.
    fn projects() -> impl Strategy<Value = (Vec<Vec<usize>>, Vec<bool>)> {
        let reads =
            (0..12_usize).map(|model| proptest::collection::vec(0..model.max(1), 0..3).boxed()).collect::<Vec<_>>();
        (reads, proptest::collection::vec(any::<bool>(), 12))
    }

    fn built(reads: &[Vec<usize>], changed: &[bool]) -> LineageGraph {
        let models: Vec<(String, String)> = reads
            .iter()
            .enumerate()
            .map(|(model, reads)| {
                let from: Vec<String> =
                    reads.iter().filter(|read| **read != model).map(|read| format!("m{read}")).collect();
                let from = if from.is_empty() { "raw".to_owned() } else { from.join(" cross join ") };
                // What differs is which rows there are, which whoever reads them depends on.
                (format!("m{model}"), format!("select 1 as one from {from} limit {}", 5 + u8::from(changed[model])))
            })
            .collect();
        let relations = models.iter().map(|(called, sql)| relation(called, sql)).collect();
        LineageGraph::build(relations, &Tables::default()).graph
    }

    proptest! {
        #[test]
        fn reach_is_what_is_downstream_of_a_change((reads, changed) in projects()) {
            let (base, head) = (built(&reads, &[false; 12]), built(&reads, &changed));
            let comparison = compare(&base, &head, &BTreeSet::new());
            let spread = spread(&base, &head, &comparison);
            let starts = comparison.changes.iter().filter_map(|change| head.by_id(&change.id));
            let expected: BTreeSet<&RelationId> =
                head.downstream(starts).into_iter().map(|node| &head.relation(node).id).collect();
            let reached: BTreeSet<&RelationId> = spread.arrivals().keys().collect();
            prop_assert_eq!(reached, expected);
        }

        #[test]
        fn a_path_leads_from_a_change_along_edges((reads, changed) in projects()) {
            let (base, head) = (built(&reads, &[false; 12]), built(&reads, &changed));
            let comparison = compare(&base, &head, &BTreeSet::new());
            let spread = spread(&base, &head, &comparison);
            for id in spread.arrivals().keys() {
                let path = spread.path(id);
                prop_assert!(comparison.changes.iter().any(|change| change.name == path[0]));
                for pair in path.windows(2) {
                    let node = |name: &RelationName| head.by_name(name, None).candidates()[0];
                    prop_assert!(head.children(node(&pair[0])).contains(&node(&pair[1])));
                }
            }
        }

        #[test]
        fn swapping_the_versions_swaps_added_and_removed(present in proptest::collection::vec(any::<(bool, bool)>(), 6)) {
            use headsup_lineage::change::ChangeKind;
            let side = |pick: fn(&(bool, bool)) -> bool| {
                let models = present.iter().enumerate().filter(|(_, present)| pick(present));
                let relations = models.map(|(model, _)| relation(&format!("m{model}"), "select 1")).collect();
                LineageGraph::build(relations, &Tables::default()).graph
            };
            let (base, head) = (side(|present| present.0), side(|present| present.1));
            let kinds = |one: &LineageGraph, other: &LineageGraph, wanted: ChangeKind| -> Vec<String> {
                let changes = compare(one, other, &BTreeSet::new()).changes;
                changes.iter().filter(|change| change.kind == wanted).map(|change| change.name.to_string()).collect()
            };
            prop_assert_eq!(
                kinds(&base, &head, ChangeKind::Added),
                kinds(&head, &base, ChangeKind::Removed)
            );
        }
    }
}
