//! A sequence gives for each pair what reading the pair by itself gives.

use std::collections::BTreeSet;
use std::sync::Arc;

use headsup_lineage::change::compare;
use headsup_lineage::reach::spread;

use super::{Ahead, Sequence};
use crate::project::{Project, Source, plan, read_both};
use crate::settings::Settings;
use crate::snapshot::Snapshot;

mod edits;

/// A path, and its text from here on; none where it goes.
type Edit<'a> = (&'a str, Option<&'a str>);

fn versions(steps: &[&[Edit<'_>]]) -> Vec<Snapshot> {
    let mut files = std::collections::BTreeMap::new();
    let version = |edits: &&[Edit<'_>]| {
        for (path, text) in *edits {
            match text {
                Some(text) => files.insert((*path).to_owned(), (*text).to_owned()),
                None => files.remove(*path),
            };
        }
        Snapshot::of_texts("version", &files).unwrap()
    };
    steps.iter().map(version).collect()
}

fn differing_files(base: &Snapshot, head: &Snapshot) -> Vec<Arc<str>> {
    let paths: BTreeSet<&Arc<str>> = base.files().chain(head.files()).map(|(path, _)| path).collect();
    paths.into_iter().filter(|path| base.id(path) != head.id(path)).cloned().collect()
}

/// What differs between two projects, and where it arrives.
fn verdict(base: &Project, head: &Project, changed: &[Arc<str>]) -> String {
    let comparison = compare(&base.graph, &head.graph, &changed.iter().cloned().collect());
    let spread = spread(&base.graph, &head.graph, &comparison);
    let (before, after) = (whole(base), whole(head));
    format!("{:#?}\n{:#?}\n{:#?}\n{before}\n{after}", comparison.changes, comparison.unchanged, spread.arrivals())
}

/// All that was found of a project.
fn whole(project: &Project) -> String {
    let graph = &project.graph;
    let node = |node| {
        let ids =
            |nodes: BTreeSet<_>| nodes.into_iter().map(|node| graph.relation(node).id.clone()).collect::<Vec<_>>();
        let parents = ids(graph.parents(node).into_iter().collect());
        (graph.relation(node), graph.rung(node), graph.shape(node), parents)
    };
    let nodes: Vec<_> = graph.nodes().map(node).collect();
    let Project { attributes, jobs, selectors, diagnostics, sizes, unread, graph: _ } = project;
    format!("{nodes:#?}\n{attributes:#?}\n{jobs:#?}\n{selectors:#?}\n{diagnostics:#?}\n{sizes:#?}\n{unread:#?}")
}

/// Goes through versions in a sequence, as a walk along a history does, and holds each pair against reading
/// it alone; gives how many pairs have differences.
fn check(steps: &[&[Edit<'_>]]) -> usize {
    let versions = versions(steps);
    let mut sequence: Option<Sequence> = None;
    let mut differing = 0;
    let mut ahead = None;
    for (number, pair) in versions.windows(2).enumerate() {
        let [base, head] = pair else { continue };
        let changed = differing_files(base, head);
        let settings = settings(head);
        let planned = plan(&[base, head], &settings, None);
        let alone = read_both(source(base), source(head), &planned);
        let alone = verdict(&alone.0, &alone.1, &changed);
        let sequence = sequence.get_or_insert_with(|| Sequence::new(plan(&[base, head], &settings, None)));
        if sequence.needs_plan(&changed) {
            sequence.change_plan(planned, &changed);
        } else {
            assert!(sequence.plan().reads_like(&planned), "{changed:?} ask for another plan");
        }
        let unread = !sequence.plan().may_read(&changed) && sequence.last.is_some();
        if unread {
            let nothing = read_both(source(base), source(base), &plan(&[base, base], &settings, None));
            assert_eq!(alone, verdict(&nothing.0, &nothing.1, &[]), "{changed:?} are read");
            sequence.pass(head);
            continue;
        }
        // Some are read before the one before them has its graph.
        let following = versions.get(number + 2).filter(|then| {
            let changed = differing_files(head, then);
            number % 3 != 2 && !sequence.needs_plan(&changed) && sequence.plan().may_read(&changed)
        });
        let following = following.map(|then| Ahead::read(head, then, sequence.plan()));
        let (base, head) = sequence.next(source(base), source(head), std::mem::replace(&mut ahead, following));
        assert_eq!(verdict(&base, head, &changed), alone, "{changed:?}");
        differing += usize::from(alone.contains("Effect {"));
    }
    differing
}

/// What settings of a version say.
fn settings(version: &Snapshot) -> Settings {
    version
        .text("headsup.yml")
        .map_or_else(|_| Settings::default(), |text| Settings::from_yaml(&text, "headsup.yml").unwrap().0)
}

fn source(snapshot: &Snapshot) -> Source<'_> {
    Source { snapshot, manifest: None }
}

#[test]
fn plain_sql() {
    let differing = check(&[
        &[
            ("core/orders.sql", Some("create table core.orders as select id, amount from raw.orders")),
            ("marts/revenue.sql", Some("create table marts.revenue as select sum(amount) as revenue from core.orders")),
        ],
        &[("core/orders.sql", Some("create table core.orders as select id, amount from raw.orders where paid"))],
        &[("readme.md", Some("nothing that is read"))],
        &[(
            "marts/revenue.sql",
            Some("create table marts.revenue as select sum(amount) as revenue, 1 as one from core.orders"),
        )],
        &[("core/new.sql", Some("select amount from core.orders"))],
        &[("marts/revenue.sql", None)],
    ]);
    assert_eq!(differing, 4);
}

#[test]
fn a_name_that_comes_to_be_set_apart() {
    check(&[
        &[("orders.sql", Some("select id from raw.people")), ("late.sql", Some("select id from raw.orders"))],
        &[("orders.sql", Some("select id from raw.orders"))],
        &[("late.sql", Some("select id, 1 as one from raw.orders"))],
        &[("orders.sql", Some("select id from raw.people"))],
        &[("late.sql", Some("select id, 2 as one from raw.orders"))],
        &[("late.sql", Some("select id, 3 as one from raw.orders"))],
    ]);
}

#[test]
fn a_dbt_project() {
    const MODEL: &str = "select {{ cents('amount') }} as amount, id from {{ source('raw', 'orders') }}";
    let differing = check(&[
        &[
            ("dbt_project.yml", Some("name: shop\nversion: '1'\n")),
            ("models/sources.yml", Some("sources:\n- name: raw\n  tables: [{name: orders}]\n")),
            ("models/orders.sql", Some(MODEL)),
            ("models/revenue.sql", Some("select sum(amount) as revenue from {{ ref('orders') }}")),
            ("macros/cents.sql", Some("{% macro cents(a) %}{{ a }} / 100{% endmacro %}")),
        ],
        &[("macros/cents.sql", Some("{% macro cents(a) %}({{ a }} / 100.0){% endmacro %}"))],
        &[(".github/workflows/ci.yml", Some("on: push"))],
        &[(
            "models/jobs.yml",
            Some(
                "exposures:\n- name: audit\n  type: dashboard\n  owner: {email: a@example.com}\n  depends_on: [ref('revenue')]\n",
            ),
        )],
        &[("models/revenue.sql", Some("select sum(amount) as revenue from {{ ref('orders') }} where id > 0"))],
        &[("scripts/load.sql", Some("create table raw.orders as select 1 as id, 2 as amount"))],
        &[("dbt_project.yml", Some("name: shop\nversion: '1'\nmodels: {shop: {+materialized: table}}\n"))],
        &[("models/orders.sql", Some("select amount, id from {{ source('raw', 'orders') }}"))],
        &[("macros/cents.sql", None)],
        &[("models/revenue.sql", None)],
    ]);
    assert!(differing >= 6, "{differing}");
}

/// What a source is called may be asked of a macro, of a variable, or of nobody.
#[test]
fn sources_by_what_they_ask() {
    const SOURCES: &str = "sources:\n\
        - name: plain\n  schema: base\n  tables: [{name: people}]\n\
        - name: called\n  schema: \"{{ where_raw_is() }}\"\n  tables: [{name: orders}]\n\
        - name: set\n  schema: \"{{ var('where') }}\"\n  tables: [{name: days}]\n\
        - name: inside\n  schema: base\n  tables: [{name: n, identifier: \"{{ where_raw_is() }}_n\"}]\n";
    let where_raw_is = |place: &str| format!("{{% macro where_raw_is() %}}{{{{ return('{place}') }}}}{{% endmacro %}}");
    let project = |place: &str| format!("name: shop\nversion: '1'\nvars: {{where: {place}}}\n");
    let [first, second] = ["one", "two"].map(where_raw_is);
    let [third, fourth] = ["three", "four"].map(project);
    let differing = check(&[
        &[
            ("profiles.yml", Some("default: {target: dev, outputs: {dev: {type: duckdb}}}\n")),
            ("dbt_project.yml", Some(&third)),
            ("models/sources.yml", Some(SOURCES)),
            ("models/plain.sql", Some("select id from {{ source('plain', 'people') }}")),
            ("models/called.sql", Some("select id from {{ source('called', 'orders') }}")),
            ("models/set.sql", Some("select day from {{ source('set', 'days') }}")),
            ("models/inside.sql", Some("select n from {{ source('inside', 'n') }}")),
            ("macros/where.sql", Some(&first)),
        ],
        &[("macros/where.sql", Some(&second))],
        &[("macros/other.sql", Some("{% macro other() %}1{% endmacro %}"))],
        &[("dbt_project.yml", Some(&fourth))],
        &[("macros/where.sql", Some(&first))],
        &[("macros/other.sql", None)],
    ]);
    assert_eq!(differing, 3);
}

#[test]
fn a_project_that_comes_to_be_a_part_of_another() {
    let differing = check(&[
        &[
            ("dbt_project.yml", Some("name: shop\nversion: '1'\n")),
            ("models/orders.sql", Some("select id, amount from raw.orders")),
            ("models/revenue.sql", Some("select sum(amount) as revenue from {{ ref('orders') }}")),
        ],
        &[
            ("tests/dbt_project.yml", Some("name: checks\nversion: '1'\n")),
            ("tests/packages.yml", Some("packages: [{local: ../}]\n")),
        ],
        &[("models/orders.sql", Some("select id, amount from raw.orders where paid"))],
        &[("tests/models/more.sql", Some("select id from {{ ref('orders') }}"))],
        &[("models/orders.sql", Some("select id, amount + 1 as amount from raw.orders where paid"))],
        &[("tests/packages.yml", None)],
        &[("models/orders.sql", Some("select id, amount + 2 as amount from raw.orders where paid"))],
        &[("models/orders.sql", Some("select id, amount + 3 as amount from raw.orders where paid"))],
    ]);
    assert!(differing >= 5, "{differing}");
}

/// What one project was found to hold stands as long as nothing that it reads differs, its packages beside it
/// and folders outside of it included.
#[test]
fn projects_side_by_side() {
    let differing = check(&[
        &[
            ("profiles.yml", Some("shop:\n  outputs: {dev: {type: duckdb}}\n")),
            ("one/dbt_project.yml", Some("name: one\nprofile: shop\nmodel-paths: [models, ../more]\n")),
            ("one/packages.yml", Some("packages: [{local: ../common}]\n")),
            ("one/models/orders.sql", Some("select {{ common.cents('amount') }} as amount, id from raw.orders")),
            ("two/dbt_project.yml", Some("name: two\nprofile: shop\n")),
            ("two/packages.yml", Some("packages: [{local: ../common}, {local: ../later}]\n")),
            ("two/models/audit.sql", Some("select sum(amount) as total from orders")),
            ("common/dbt_project.yml", Some("name: common\nprofile: shop\n")),
            ("common/macros/cents.sql", Some("{% macro cents(a) %}{{ a }} / 100{% endmacro %}")),
        ],
        &[("two/models/audit.sql", Some("select sum(amount) as total, count(*) as n from orders"))],
        &[("common/macros/cents.sql", Some("{% macro cents(a) %}{{ a }} / 1000{% endmacro %}"))],
        &[("more/days.sql", Some("select day from raw.days"))],
        &[("more/days.sql", Some("select day from raw.days where day > '2020-01-01'"))],
        &[
            ("later/dbt_project.yml", Some("name: later\nprofile: shop\n")),
            ("later/models/late.sql", Some("select 1 as late")),
        ],
        &[("later/models/late.sql", Some("select 2 as late"))],
        &[("one/models/orders.sql", Some("select amount, id from raw.orders"))],
        &[("two/models/audit.sql", None)],
    ]);
    assert!(differing >= 6, "{differing}");
}

#[test]
fn blocks_for_other_targets_differ_in_one_pair_only() {
    let recent = |days: u8| {
        format!("{{% macro recent() %}}{{% if target.name == 'ci' %}}where day > {days}{{% endif %}}{{% endmacro %}}")
    };
    let (seven, one) = (recent(7), recent(1));
    let other = recent(3).replace("target.name == 'ci'", "target.name in ('ci', 'cd') and target.schema != 's'");
    let none = "{% macro recent() %}where day > 3{% endmacro %}".to_owned();
    let model = |column: &str| format!("select id, {column} from t {{{{ recent() }}}}");
    let (narrow, wide) = (model("a"), model("a, b"));
    let differing = check(&[
        &[
            ("dbt_project.yml", Some("name: shop\n")),
            ("profiles.yml", Some("default: {target: dev, outputs: {dev: {type: duckdb}}}\n")),
            ("macros/recent.sql", Some(&seven)),
            ("models/m.sql", Some(&narrow)),
        ],
        &[("macros/recent.sql", Some(&one))],
        &[("models/m.sql", Some(&wide))],
        &[("macros/recent.sql", Some(&seven)), ("models/m.sql", Some(&narrow))],
        &[("models/m.sql", Some(&wide))],
        // Other targets are asked for from here on, and then none.
        &[("macros/recent.sql", Some(&other))],
        &[("models/m.sql", Some(&narrow))],
        &[("macros/recent.sql", Some(&none))],
        &[("models/m.sql", Some(&wide))],
    ]);
    assert_eq!(differing, 8);
}
