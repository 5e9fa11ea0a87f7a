//! What a manifest is read as.

use super::*;

const MANIFEST: &str = r#"{
    "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json", "adapter_type": "snowflake", "project_name": "shop"},
    "nodes": {
        "model.shop.orders": {"resource_type": "model", "name": "orders", "package_name": "shop", "database": "DB", "schema": "core", "alias": "orders",
            "relation_name": "DB.core.orders", "original_file_path": "models/orders.sql", "language": "sql", "tags": ["nightly"],
            "config": {"materialized": "table", "tags": ["nightly"], "meta": {"owner": "data@shop.test", "critical": true}},
            "columns": {"id": {"name": "id", "data_type": "int"}}, "compiled_code": "select 1 as id from raw",
            "depends_on": {"nodes": ["source.shop.raw.orders"], "macros": []}},
        "model.shop.revenue": {"resource_type": "model", "name": "revenue", "package_name": "shop", "schema": "core", "alias": "revenue",
            "original_file_path": "models/revenue.sql", "raw_code": "{{ m() }}", "config": {"materialized": "view"},
            "depends_on": {"nodes": ["model.shop.orders"], "macros": ["macro.shop.m"]}},
        "test.shop.unique_orders_id": {"resource_type": "test", "attached_node": "model.shop.orders", "column_name": "id",
            "test_metadata": {"name": "unique", "kwargs": {"column_name": "id"}}, "config": {"where": null, "severity": "ERROR"}}
    },
    "sources": {"source.shop.raw.orders": {"source_name": "raw", "name": "orders", "database": "DB", "schema": "raw", "identifier": "orders", "original_file_path": "models/s.yml"}},
    "macros": {"macro.shop.m": {"macro_sql": "{% macro m() %}{% endmacro %}", "depends_on": {"macros": []}}},
    "metrics": {"metric.shop.total": {"depends_on": {"nodes": ["model.shop.revenue"]}}},
    "exposures": {"exposure.shop.board": {"name": "board", "original_file_path": "models/e.yml", "owner": {"email": "board@shop.test"},
        "depends_on": {"nodes": ["metric.shop.total"]}, "meta": {}}}
}"#;

#[test]
fn compiled_sql_is_read_and_the_rest_stands_on_refs() {
    let part = read(MANIFEST, "target/manifest.json");
    assert_eq!(part.diagnostics, []);
    let rungs: Vec<_> = part.relations.iter().map(|relation| (relation.id.as_str(), relation.rung)).collect();
    assert_eq!(
        rungs,
        [("model.shop.orders", Rung::Open), ("model.shop.revenue", Rung::Refs), ("source.shop.raw.orders", Rung::Open)]
    );
    let orders = &part.relations[0];
    assert_eq!(orders.aliases[0].to_string(), "DB.core.orders");
    assert_eq!(orders.schema.keys.len(), 1);
    assert_eq!(&*orders.config[&Arc::from("materialized")], "table");
    assert!(
        matches!(&part.relations[1].writers[0].body, Body::Template { inputs, .. } if inputs.contains("macro m()"))
    );
    let attributes = &part.attributes[&orders.id];
    assert_eq!(attributes.criticality, Some(crate::project::Criticality::Critical));
    assert_eq!(attributes.owners[0].contact.emails, ["data@shop.test"]);
}

/// The SQL was compiled for one target and one run; what the template says in others counts.
#[test]
fn what_was_not_compiled_is_compared_as_a_template() {
    let asks = |raw: &str, macro_sql: &str, hook: &str| {
        let mut manifest: Json = serde_json::from_str(MANIFEST).unwrap();
        let orders = &mut manifest["nodes"]["model.shop.orders"];
        orders["raw_code"] = raw.into();
        orders["depends_on"]["macros"] = serde_json::json!(["macro.shop.m", "macro.dbt.is_incremental"]);
        orders["config"]["post-hook"] = serde_json::json!([{"sql": hook, "transaction": true}]);
        manifest["macros"]["macro.shop.m"] = serde_json::json!({"name": "m", "package_name": "shop", "macro_sql": macro_sql, "depends_on": {"macros": []}});
        let part = read(&manifest.to_string(), "target/manifest.json");
        let Body::Sql { conditions, .. } = &part.relations[0].writers[0].body else { panic!() };
        conditions.clone()
    };
    let plain = "select 1 as id from raw";
    let no_macro = "{% macro m() %}1{% endmacro %}";
    assert_eq!(asks(plain, no_macro, ""), None);
    for (raw, macro_sql, hook) in [
        ("select 1 as id from raw {% if is_incremental() %}where a > @{% endif %}", no_macro, ""),
        ("select 1 as id from raw {% if target.name == 'prod' %}where a > @{% endif %}", no_macro, ""),
        ("select {{ m() }} as id from raw", "{% macro m() %}{{ 1 if is_incremental() else @ }}{% endmacro %}", ""),
        (plain, "{% macro m() %}delete from t where a > @{% endmacro %}", "{{ m() }}"),
    ] {
        let of =
            |number: &str| asks(&raw.replace('@', number), &macro_sql.replace('@', number), &hook.replace('@', number));
        assert!(of("1").is_some(), "{raw} {macro_sql}");
        assert_ne!(of("1"), of("2"), "{raw} {macro_sql}");
        let with_comment = asks(&format!("{{# why #}}{}", raw.replace('@', "1")), &macro_sql.replace('@', "1"), hook);
        assert_eq!(of("1"), with_comment, "{raw}");
    }
}

#[test]
fn an_exposure_of_a_metric_reads_its_model() {
    let part = read(MANIFEST, "target/manifest.json");
    assert_eq!(part.jobs[0].reads, [Reference::Id(RelationId::new("model.shop.revenue"), Position::START)]);
}

#[test]
fn a_job_is_defined_by_all_of_the_layer_that_it_depends_on() {
    let text = MANIFEST.replace(
        r#"{"metric.shop.total": {"#,
        r#"{"metric.shop.total": {"name": "total", "label": "All", "filter": "x", "#,
    );
    let part = read(&text, "target/manifest.json");
    let said = |job: &DeclaredJob| {
        let said = job.definitions.iter().map(|(defined, definition)| (&*defined.name, &definition.said));
        said.map(|(name, said)| format!("{name} {said:?}")).collect::<Vec<_>>()
    };
    let metric = r#"metric:total {"filter": "x"}"#;
    assert_eq!(said(&part.jobs[0]), [r#"exposure:board {"metrics": "metric.shop.total"}"#, metric]);
    assert_eq!(said(&part.jobs[1]), [metric]);
}

#[test]
fn a_test_that_a_project_writes_anew_is_no_key() {
    let keys = |macros: &str| {
        let depends = format!(r#""depends_on": {{"macros": [{macros}]}}, "column_name": "id","#);
        let text = MANIFEST.replacen(r#""column_name": "id","#, &depends, 1);
        read(&text, "m.json").relations[0].schema.keys.len()
    };
    assert_eq!(keys(r#""macro.dbt.test_unique", "macro.dbt.get_where_subquery""#), 1);
    assert_eq!(keys(r#""macro.dbt.test_unique", "macro.shop.default__test_unique""#), 0);
    assert_eq!(keys(r#""macro.shop.test_unique""#), 0);
}

#[test]
fn what_is_no_manifest_is_told() {
    assert_eq!(read("{", "m.json").diagnostics[0].code, "invalid-manifest");
    assert_eq!(read("{}", "m.json").diagnostics[0].code, "invalid-manifest");
    let old = r#"{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v7.json"}}"#;
    assert_eq!(read(old, "m.json").diagnostics[0].code, "old-manifest");
}

/// What calls a function depends on its body.
#[test]
fn functions_are_routines() {
    let mut manifest: Json = serde_json::from_str(MANIFEST).unwrap();
    manifest["functions"]["function.shop.f"] = serde_json::json!({
        "resource_type": "function", "name": "f", "package_name": "shop", "schema": "core", "alias": "f", "language": "sql",
        "original_file_path": "functions/f.sql", "raw_code": "x * 2", "returns": {"data_type": "float"},
        "arguments": [{"name": "x", "data_type": "float"}], "config": {"materialized": "function"},
    });
    let part = read(&manifest.to_string(), "target/manifest.json");
    let function = part.relations.iter().find(|relation| relation.kind == RelationKind::Routine).unwrap();
    assert_eq!(function.id.as_str(), "function.shop.f");
    let Body::Sql { variants, .. } = &function.writers[0].body else { panic!() };
    assert!(variants[0].starts_with("CREATE OR REPLACE FUNCTION core.f(x float) RETURNS float"), "{variants:?}");
}
