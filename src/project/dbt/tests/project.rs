//! Projects: configuration, versions, seeds, snapshots, sources, exposures, packages, names.

use std::collections::BTreeMap;

use headsup_lineage::dialect::Dialect;
use headsup_lineage::relation::{RelationKind, Rung};

use super::{given, with};
use crate::project::dbt::{Options, find_roots};
use crate::project::{Criticality, OwnerRule};
use crate::snapshot::Snapshot;

#[test]
fn configuration_merges_in_the_order_of_dbt() {
    let read = given(&[
        (
            "dbt_project.yml",
            "name: shop\nmodels:\n  shop:\n    +materialized: view\n    marts:\n      +materialized: table\n      +post-hook: \"delete from {{ this }} where x\"\n    off:\n      +enabled: false\n",
        ),
        ("models/marts/a.sql", "select 1"),
        ("models/marts/b.sql", "{{ config(materialized='incremental', unique_key=['id', 'day'], tags='t') }}select 1"),
        ("models/marts/c.sql", "select 1"),
        ("models/off/d.sql", "select 1"),
        ("models/e.sql", "{{ config(enabled=var('e', false)) }}select 1"),
        ("models/p.yml", "models:\n  - name: c\n    config:\n      materialized: ephemeral\n"),
    ]);
    assert_eq!(read.ids(), ["model.shop.a", "model.shop.b", "model.shop.c"]);
    assert_eq!(read.config("model.shop.a", "materialized").as_deref(), Some("table"));
    assert_eq!(read.config("model.shop.c", "materialized").as_deref(), Some("ephemeral"));
    assert_eq!(read.config("model.shop.b", "unique_key").as_deref(), Some(r#"["id","day"]"#));
    assert_eq!(read.config("model.shop.b", "tags"), None);
    assert!(read.config("model.shop.a", "post_hook").is_some());
}

#[test]
fn incremental_models_render_both_ways_and_read_the_union() {
    let read = given(&[
        (
            "models/m.sql",
            "{{ config(materialized='incremental') }}select * from {{ ref('a') }}{% if is_incremental() %} where x > (select max(x) from {{ this }}) and y in (select y from {{ ref('b') }}){% endif %}",
        ),
        ("models/a.sql", "select 1"),
        ("models/b.sql", "select 1"),
    ]);
    let sql = read.sql("model.shop.m");
    assert_eq!(sql.len(), 2);
    assert!(sql[1].contains("from \"dbt_target\".\"m\""), "{sql:?}");
    assert_eq!(read.parents("model.shop.m"), ["model.shop.a", "model.shop.b"]);
}

#[test]
fn execute_is_false_first_and_true_for_the_text() {
    let read = given(&[
        (
            "models/m.sql",
            "-- depends_on: {{ ref('a') }}\n{% if execute %}select 1{% else %}select {{ ref('b') }}{% endif %}",
        ),
        ("models/a.sql", "select 1"),
        ("models/b.sql", "select 1"),
    ]);
    assert_eq!(read.parents("model.shop.m"), ["model.shop.a", "model.shop.b"]);
    assert!(read.sql("model.shop.m")[0].ends_with("select 1"));
}

#[test]
fn versions_have_ids_of_their_own() {
    let yaml = "models:\n  - name: dim\n    latest_version: 2\n    columns:\n      - name: id\n        tests: [unique]\n      - name: old\n    versions:\n      - v: 1\n        defined_in: dim_first\n      - v: 2\n        config: {alias: dim}\n        columns:\n          - include: all\n            exclude: [old]\n";
    let read = given(&[
        ("models/dim_first.sql", "select 1"),
        ("models/dim_v2.sql", "select 2"),
        ("models/p.yml", yaml),
        ("models/m.sql", "{{ ref('dim') }} {{ ref('dim', v=1) }} {{ ref('shop', 'dim', version=2) }}"),
    ]);
    assert_eq!(read.parents("model.shop.m"), ["model.shop.dim.v1", "model.shop.dim.v2"]);
    assert_eq!(read.relation("model.shop.dim.v1").name.to_string(), "dim_v1");
    assert_eq!(read.aliases("model.shop.dim.v1"), ["dim_v1"]);
    assert_eq!(read.aliases("model.shop.dim.v2"), ["dim"]);
    assert_eq!(read.relation("model.shop.dim.v2").schema.columns.len(), 1);
}

#[test]
fn seeds_snapshots_and_python_models() {
    let read = given(&[
        ("seeds/codes.csv", "code,\"long name\"\n1,x\n"),
        (
            "snapshots/s.sql",
            "{% snapshot orders_snapshot %}{{ config(target_schema='snaps', unique_key='id', strategy='check', check_cols='all') }}select * from {{ ref('codes') }}{% endsnapshot %}",
        ),
        (
            "snapshots/s.yml",
            "snapshots:\n  - name: yaml_snapshot\n    relation: ref('codes')\n    config: {unique_key: id, strategy: timestamp, updated_at: at}\n",
        ),
        ("models/p.py", "def model(dbt, session):\n    return dbt.ref('codes')\n"),
    ]);
    let seed = read.relation("seed.shop.codes");
    assert_eq!((seed.kind, seed.rung, seed.schema.columns.len()), (RelationKind::Seed, Rung::Columns, 2));
    assert_eq!(read.parents("snapshot.shop.orders_snapshot"), ["seed.shop.codes"]);
    assert_eq!(read.aliases("snapshot.shop.orders_snapshot"), ["snaps.orders_snapshot"]);
    assert_eq!(read.parents("snapshot.shop.yaml_snapshot"), ["seed.shop.codes"]);
    assert_eq!(read.rung("model.shop.p"), Rung::Opaque);
    assert_eq!(read.parents("model.shop.p"), ["seed.shop.codes"]);
}

#[test]
fn sources_exposures_and_owners() {
    let yaml = "groups:\n  - name: finance\n    owner: {name: Finance, email: fin@shop.test}\nsources:\n  - name: raw\n    database: lake\n    schema: landing\n    tables:\n      - name: orders\n        identifier: ORDERS_V2\n        columns:\n          - name: id\n            data_tests: [unique, not_null]\n      - name: gone\n        config: {enabled: false}\nmodels:\n  - name: m\n    group: finance\n    config:\n      meta: {owner: '#data', critical: true}\nexposures:\n  - name: audit\n    owner: {email: audit@shop.test}\n    meta: {criticality: important, referenced_columns: {m: [id]}}\n    depends_on: [ref('m'), \"source('raw', 'orders')\"]\n";
    let read = given(&[("models/m.sql", "select * from {{ source('raw', 'orders') }}"), ("models/p.yml", yaml)]);
    assert_eq!(read.ids(), ["model.shop.m", "source.shop.raw.orders"]);
    assert_eq!(read.sql("model.shop.m"), ["select * from \"lake\".\"landing\".\"ORDERS_V2\""]);
    let source = read.relation("source.shop.raw.orders");
    assert_eq!((source.name.to_string(), source.schema.keys.len()), ("raw.orders".to_owned(), 1));
    assert_eq!(source.declared_in.as_ref().map(|(_, position)| position.line), Some(9));
    let job = &read.part.jobs[0];
    assert_eq!((job.reads.len(), job.criticality, job.position.line), (2, Some(Criticality::Important), 22));
    assert_eq!(job.columns["m"], ["id"]);
    let owners = &read.part.attributes[&read.relation("model.shop.m").id];
    assert_eq!(
        owners.owners.iter().map(|claim| claim.rule).collect::<Vec<_>>(),
        [OwnerRule::Group, OwnerRule::ModelMeta]
    );
    assert_eq!(owners.criticality, Some(Criticality::Critical));
}

#[test]
fn physical_names_leave_out_what_depends_on_the_target() {
    let files = [
        ("models/a.sql", "{{ config(schema='core', alias='orders') }}select 1"),
        ("models/b.sql", "select * from {{ ref('a') }}"),
    ];
    let read = given(&files);
    assert_eq!(read.aliases("model.shop.a"), ["core.orders"]);
    assert_eq!(read.aliases("model.shop.b"), ["b"]);
    assert_eq!(read.sql("model.shop.b"), ["select * from \"core\".\"orders\""]);
    let own =
        "{% macro generate_schema_name(custom_schema_name, node) %}{{ custom_schema_name or 'misc' }}{% endmacro %}";
    let read = given(&[files[0], files[1], ("macros/g.sql", own)]);
    assert_eq!(read.aliases("model.shop.b"), ["misc.b"]);
    let profile = "default:\n  target: ci\n  outputs:\n    ci: {type: duckdb, schema: main, database: db}\n";
    let read = given(&[files[0], files[1], ("profiles.yml", profile)]);
    assert_eq!(read.aliases("model.shop.a"), ["db.main_core.orders"]);
}

/// What is tried out on an engineer's machine is no other warehouse than that of production, which jobs read.
#[test]
fn a_project_is_read_as_production_runs_it() {
    const PROFILE: &str = "default:\n  target: local\n  outputs:\n    local: {type: duckdb, schema: own}\n    \
                           qa: {type: trino, schema: qa}\n    production: {type: trino, schema: pro}\n";
    let model =
        ("models/m.sql", "select '{{ target.name }}' as a, '{{ target.type }}' as b, '{{ target.schema }}' as c");
    let said = |profile: &str, options: &Options<'_>| {
        let read = with(&[model, ("profiles.yml", profile)], options);
        (read.sql("model.shop.m").remove(0), read.codes().join(" "))
    };
    let asked = |target| Options { target, ..Options::default() };
    let of = |name: &str, kind: &str, schema: &str| format!("select '{name}' as a, '{kind}' as b, '{schema}' as c");
    assert_eq!(said(PROFILE, &asked(None)), (of("production", "trino", "pro"), String::new()));
    assert_eq!(said(PROFILE, &asked(Some("local"))), (of("local", "duckdb", "own"), String::new()));
    assert_eq!(said(PROFILE, &asked(Some("qa"))), (of("qa", "trino", "qa"), String::new()));
    let trino = Options { dialect: Some(Dialect::Trino), ..Options::default() };
    assert_eq!(said(PROFILE, &trino), (of("production", "trino", "pro"), String::new()));
    // On one warehouse, dbt's own choice.
    let one = PROFILE.replace("trino", "duckdb");
    assert_eq!(said(&one, &asked(None)), (of("local", "duckdb", "own"), String::new()));
    // A name that no profile has may be a slip of the pen.
    assert_eq!(
        said(PROFILE, &asked(Some("porduction"))),
        (of("porduction", "trino", "pro"), "target-unknown".to_owned())
    );
}

#[test]
fn packages_bring_models_and_the_root_configures_them() {
    let files = [
        (
            "dbt_project.yml",
            "name: shop\nmodels:\n  kit:\n    off:\n      +enabled: false\nvars:\n  kit:\n    x: root\n  x: everywhere\n",
        ),
        ("packages.yml", "packages:\n  - local: ./local\n  - package: a/absent\n    version: 1\n"),
        ("local/dbt_project.yml", "name: local\n"),
        ("local/models/l.sql", "select 1"),
        ("dbt_packages/kit/dbt_project.yml", "name: kit\nvars:\n  x: own\n  y: own\n"),
        ("dbt_packages/kit/models/k.sql", "select '{{ var('x') }}', '{{ var('y') }}', '{{ var('z', 'd') }}'"),
        ("dbt_packages/kit/models/off/o.sql", "select 1"),
        ("dbt_packages/kit/integration_tests/dbt_project.yml", "name: tests\n"),
        ("models/m.sql", "{{ ref('k') }} {{ ref('local', 'l') }} {{ var('x') }}"),
    ];
    let read = given(&files);
    assert_eq!(read.ids(), ["model.kit.k", "model.local.l", "model.shop.m"]);
    assert_eq!(read.sql("model.kit.k"), ["select 'root', 'own', 'd'"]);
    assert!(read.sql("model.shop.m")[0].ends_with("everywhere"));
    let snapshot = Snapshot::of_texts("test", files).unwrap();
    assert_eq!(find_roots(&snapshot).iter().map(|root| &**root).collect::<Vec<_>>(), ["", "local"]);
}

#[test]
fn the_project_that_tests_a_package_stands_for_both() {
    let files = [
        ("dbt_project.yml", "name: kit\n"),
        ("models/m.sql", "select 1"),
        ("integration_tests/dbt_project.yml", "name: tests\n"),
        ("integration_tests/packages.yml", "packages:\n  - local: ../\n"),
        ("second_tests/dbt_project.yml", "name: more\n"),
        ("second_tests/packages.yml", "packages:\n  - local: ../\n"),
    ];
    let roots = |files: &[(&str, &str)]| {
        let snapshot = Snapshot::of_texts("test", files.iter().copied()).unwrap();
        find_roots(&snapshot).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(roots(&files[..4]), ["integration_tests"]);
    assert_eq!(roots(&files), [""]);
    let snapshot = Snapshot::of_texts("test", files).unwrap();
    let read = crate::project::dbt::read(&snapshot, &Options { root: "integration_tests", ..Options::default() });
    assert!(read.relations.iter().any(|relation| relation.id.as_str() == "model.kit.m"));
}

#[test]
fn the_environment_never_leaks() {
    let files = [("models/m.sql", "{{ env_var('HOME') }} {{ env_var('X', 'd') }} {{ env_var('Y') }}")];
    let environment = BTreeMap::from([("Y".to_owned(), "said".to_owned())]);
    let read = with(&files, &Options { environment, dialect: Some(Dialect::Ansi), ..Options::default() });
    assert_eq!(read.sql("model.shop.m"), ["env_home d said"]);
}

#[test]
fn overriding_variables_win() {
    let vars = serde_json::json!({"x": ["a", "b"]}).as_object().cloned().unwrap_or_default();
    let files = [
        ("dbt_project.yml", "name: shop\nvars: {x: [c]}\n"),
        ("models/m.sql", "{{ var('x') | join(',') }} {{ var.has_var('y') }}"),
    ];
    let read = with(&files, &Options { vars, dialect: Some(Dialect::Ansi), ..Options::default() });
    assert_eq!(read.sql("model.shop.m"), ["a,b False"]);
}

#[test]
fn a_variable_may_be_a_template() {
    let project = "name: shop\nvars:\n  x: \"{{ env_var('X', 'd') }}\"\n  y: \"{{ var('y') }}\"\n";
    let read =
        given(&[("dbt_project.yml", project), ("models/m.sql", "{{ var('x') }}"), ("models/n.sql", "{{ var('y') }}")]);
    assert_eq!(read.sql("model.shop.m"), ["d"]);
    assert_eq!(read.rung("model.shop.n"), Rung::Refs);
}

#[test]
fn tests_declare_keys_unless_they_hold_for_some_rows_only() {
    let yaml = "models:\n  - name: m\n    data_tests:\n      - dbt_utils.unique_combination_of_columns:\n          arguments:\n            combination_of_columns: [a, b]\n    columns:\n      - name: a\n        tests:\n          - unique: {where: x}\n      - name: b\n        tests:\n          - relationships: {to: ref('n'), field: id}\n";
    let read = given(&[("models/m.sql", "select 1"), ("models/n.sql", "select 1"), ("models/p.yml", yaml)]);
    let schema = &read.relation("model.shop.m").schema;
    assert_eq!(schema.keys.len(), 1);
    assert_eq!(schema.keys[0].columns.len(), 2);
    assert_eq!(schema.references[0].relation.to_string(), "n");
}

#[test]
fn hooks_are_templates_that_refer() {
    let read = given(&[
        ("models/m.sql", "{{ config(post_hook=\"insert into log select * from {{ ref('a') }}\") }}select 1"),
        ("models/a.sql", "select 1"),
    ]);
    assert_eq!(read.parents("model.shop.m"), ["model.shop.a"]);
}

#[test]
fn the_graph_shows_the_other_nodes() {
    let read = given(&[
        (
            "models/m.sql",
            "{% for n in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | sort(attribute='name') %}{{ n.name }} {% endfor %}",
        ),
        ("models/a.sql", "select 1"),
    ]);
    assert_eq!(read.sql("model.shop.m"), ["a m"]);
}

#[test]
fn each_part_of_a_node_can_be_asked_for() {
    let rendered = |template: &str| {
        let files = [
            ("models/m.sql", template),
            ("models/a.sql", "{{ config(materialized='table', meta={'tier': 1}) }}select * from {{ ref('b') }}"),
            ("models/b.sql", "select 1 as day"),
            ("models/a.yml", "models:\n  - {name: a, columns: [{name: day, data_type: date}]}\n"),
        ];
        given(&files).sql("model.shop.m").concat()
    };
    let of_a = |asked: &str| {
        let template = format!("{{% set a = graph.nodes['model.shop.a'] %}}{{{{ {asked} }}}}");
        rendered(&format!("{{% if execute %}}{template}{{% endif %}}"))
    };
    assert_eq!(of_a("a.name ~ ' ' ~ a.resource_type ~ ' ' ~ a.alias"), "a model a");
    assert_eq!(of_a("(a.config.get('meta', {}) or {}).get('tier', 0)"), "1");
    assert_eq!(of_a("a.config.materialized ~ (a.config.get('nothing') is none)"), "tableTrue");
    assert_eq!(of_a("a.columns.day.data_type ~ a.depends_on.nodes[0]"), "datemodel.shop.b");
    assert_eq!(of_a("a.get('nothing', 'else') ~ (a is mapping) ~ (a.config is mapping)"), "elseTrueTrue");
    let printed = of_a("tojson(a)");
    assert!(printed.starts_with("{\"unique_id\": \"model.shop.a\", \"name\": \"a\""), "{printed}");
    assert!(printed.contains("\"meta\": {\"tier\": 1}"), "{printed}");
}

#[test]
fn the_graph_has_the_methods_of_a_mapping() {
    let rendered = |template: &str| {
        let sources = "sources:\n  - {name: raw, schema: lake, tables: [{name: events}]}\n";
        given(&[("models/m.sql", template), ("models/s.yml", sources)]).sql("model.shop.m").to_vec()
    };
    assert_eq!(
        rendered("{% for id, s in graph.sources.items() %}{{ id }} {{ s.schema }}{% endfor %}"),
        ["source.shop.raw.events lake"]
    );
    assert_eq!(
        rendered("{{ graph.get('nodes', {}) | length }} {{ graph['nodes'].keys() | list }}"),
        ["1 ['model.shop.m']"]
    );
    assert_eq!(rendered("{{ graph.keys() | join(',') }}").join("").split(',').count(), 8);
    assert_eq!(
        rendered("{{ 'nodes' in graph }} {{ graph.metrics | length }} {{ graph.none is defined }}"),
        ["True 0 False"]
    );
    assert_eq!(rendered("{% set g = graph %}{{ (g | tojson | fromjson).nodes | length }}"), ["1"]);
}

#[test]
fn hooks_read_what_their_sql_names() {
    let parents = |hook: &str| {
        let model = format!("{{{{ config(post_hook=\"{hook}\") }}}}select 1 as a");
        let sources = "sources:\n  - {name: raw, tables: [{name: events}]}\n";
        given(&[("models/m.sql", &model), ("models/a.sql", "select 1"), ("models/s.yml", sources)])
            .parents("model.shop.m")
    };
    assert_eq!(parents("insert into log select * from raw.events"), ["name raw.events"]);
    assert_eq!(parents("insert into log select '{{ target.name }}', * from other.events"), ["name other.events"]);
    assert_eq!(parents("delete from {{ this }} where a in (select a from {{ ref('a') }})"), ["model.shop.a"]);
    assert_eq!(parents("grant select on {{ this }} to role reader"), [""; 0]);
    assert_eq!(parents("update {{ this }} set a = 1 where a in (select a from m)"), [""; 0]);
}

/// dbt renders project files before it knows their variables: those of `--vars` count, and their defaults.
#[test]
fn a_project_file_sees_only_the_variables_that_are_given() {
    const PROJECT: &str = "name: shop\nconfig-version: 2\nvars: {how: none}\nmodels: {shop: {+materialized: \"{{ var('how', 'table') }}\"}}\n";
    let files = [("dbt_project.yml", PROJECT), ("models/m.sql", "select '{{ var('how', 'table') }}' as how")];
    let read = given(&files);
    assert_eq!(read.config("model.shop.m", "materialized").as_deref(), Some("table"));
    assert_eq!(read.sql("model.shop.m"), ["select 'none' as how"]);
    let mut vars = serde_json::Map::new();
    vars.insert("how".to_owned(), "incremental".into());
    let options = Options { dialect: Some(Dialect::DuckDb), vars, ..Options::default() };
    assert_eq!(with(&files, &options).config("model.shop.m", "materialized").as_deref(), Some("incremental"));
    // Without a default dbt stops; what the project says is the better guess.
    let bare = PROJECT.replace(", 'table'", "");
    let read = given(&[("dbt_project.yml", bare.as_str()), ("models/m.sql", "select 1 as one")]);
    assert_eq!(read.config("model.shop.m", "materialized").as_deref(), Some("none"));
}

#[test]
fn the_project_file_of_a_package_sees_no_variables() {
    let package = "name: tools\nconfig-version: 2\nmodels: {tools: {+enabled: \"{{ var('on', false) }}\"}}\n";
    let files = [
        ("dbt_project.yml", "name: shop\nconfig-version: 2\nvars: {on: true}\n"),
        ("dbt_packages/tools/dbt_project.yml", package),
        ("dbt_packages/tools/models/t.sql", "select 1 as one"),
        ("models/m.sql", "select 1 as one"),
    ];
    assert_eq!(given(&files).ids(), ["model.shop.m"]);
}

#[test]
fn tags_beside_the_configuration_of_a_model_are_not_its_tags() {
    let yaml = "models: [{name: m, tags: [a], config: {tags: [b]}}]\nexposures: [{name: e, type: dashboard, tags: [c], depends_on: [ref('m')]}]\n";
    let read = given(&[("models/m.sql", "select 1 as one"), ("models/m.yml", yaml)]);
    let tags = &read.part.attributes.values().next().unwrap().tags;
    assert_eq!(tags.iter().map(String::as_str).collect::<Vec<_>>(), ["b"]);
}

/// A source is quoted as its adapter does it, or as it says itself, whatever the project says of its models.
#[test]
fn quoting_of_the_project_is_not_that_of_its_sources() {
    let project = "name: shop\nconfig-version: 2\nquoting: {database: false, schema: false, identifier: false}\n";
    let sources = "sources: [{name: raw, tables: [{name: a}, {name: b, quoting: {identifier: false}}]}]\n";
    let read = with(
        &[
            ("dbt_project.yml", project),
            ("models/s.yml", sources),
            ("models/n.sql", "select 1 as one"),
            ("models/m.sql", "select * from {{ source('raw', 'a') }}, {{ source('raw', 'b') }}, {{ ref('n') }}"),
        ],
        &Options { dialect: Some(Dialect::Trino), ..Options::default() },
    );
    assert_eq!(read.sql("model.shop.m"), ["select * from \"raw\".\"a\", \"raw\".b, dbt_target.n"]);
}
