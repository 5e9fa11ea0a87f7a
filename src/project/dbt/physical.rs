//! What the warehouse calls a node: the project's own naming macros, asked with a target that is
//! not known, and what of the answer does not depend on it.

use std::sync::Arc;

use headsup_lineage::name::RelationName;
use headsup_lineage::relation::RelationKind;
use minijinja::Value;
use serde_json::Value as Json;

use super::config;
use super::engine::{Engine, Run};
use super::natives::native;
use super::nodes::Node;
use super::properties::Object;
use super::relation::{QuotePolicy, TableName};
use super::setup::quoting;
use super::sought::{For, Sought};
use super::subject::{Pass, Subject};
use super::world::{TARGET_DATABASE, TARGET_SCHEMA};

/// The table that a node builds, as its SQL is rendered.
pub(super) fn table(engine: &Arc<Engine>, node: &Node, sought: &Sought) -> TableName {
    let seeker = For::Kept(sought);
    let world = &engine.world;
    let run = Run::new(engine, &Arc::new(node.candidate.subject(&node.config)), Pass::Parse);
    let asked = |name: &str, custom: Option<String>| {
        let called = engine.find(seeker, &world.root, name).or_else(|| engine.find(seeker, "dbt", name))?;
        let custom = custom.map_or_else(|| Value::from(()), Value::from);
        let model = native(&run, &node.candidate.package, "model").unwrap_or_default();
        let answer = run.call_macro(called, &[custom, model]).ok()?.to_string();
        Some(answer.trim().to_owned()).filter(|answer| !answer.is_empty() && !answer.contains(char::is_whitespace))
    };
    let said = |key: &str| config::text(&node.config, key);
    let is_snapshot = node.candidate.kind == RelationKind::Snapshot;
    let fixed = |key: &str| if is_snapshot { said(key) } else { None };
    let schema = fixed("target_schema").or_else(|| asked("generate_schema_name", said("schema")));
    let custom_database = said("database").or_else(|| said("project")).or_else(|| said("catalog"));
    let database = fixed("target_database").or_else(|| asked("generate_database_name", custom_database));
    let alias = asked("generate_alias_name", said("alias"));
    run.tell(sought);
    let base = world.table("");
    TableName {
        database: database.filter(|database| !database.contains(TARGET_DATABASE)),
        schema: schema.map(|schema| known_schema(&schema)).or(base.schema),
        identifier: Some(alias.or_else(|| said("alias")).unwrap_or_else(|| node.candidate.full_name())),
        quoting: node
            .config
            .get("quoting")
            .and_then(Json::as_object)
            .map_or(base.quoting, |said| quoting(said, base.quoting)),
        dialect: base.dialect,
        kind: Some(if said("materialized").as_deref() == Some("view") { "view" } else { "table" }.to_owned()),
    }
}

/// What of a schema's name does not depend on the target: `dbt_target_finance` is known as `finance`.
/// The target's own schema stays, so that a name in SQL is never mistaken for a CTE.
fn known_schema(schema: &str) -> String {
    match schema.strip_prefix(TARGET_SCHEMA) {
        Some("") | None => schema.to_owned(),
        Some(rest) => rest.trim_start_matches('_').to_owned(),
    }
}

/// The names that SQL elsewhere can find a table by.
pub(super) fn aliases(table: &TableName) -> Vec<RelationName> {
    let plain = TableName { schema: table.schema.clone().filter(|schema| schema != TARGET_SCHEMA), ..table.clone() };
    let plain = if plain.schema.is_none() { TableName { database: None, ..plain } } else { plain };
    vec![plain.name()]
}

/// The table of a source.
pub(super) fn source_table(engine: &Engine, subject: &Subject, said: &Object, table: &Object) -> TableName {
    let text = |key: &str, held: &Object| held.get(key).and_then(Json::as_str).map(ToOwned::to_owned);
    let base = engine.world.table("");
    let quoted = [said, table].into_iter().filter_map(|held| held.get("quoting").and_then(Json::as_object));
    // What the project says of quoting is not said of its sources.
    let adapters = QuotePolicy::of(base.dialect);
    TableName {
        database: text("database", said)
            .or_else(|| text("catalog", said))
            .filter(|name| !name.contains(TARGET_DATABASE) && !name.is_empty()),
        schema: text("schema", said)
            .filter(|name| !name.is_empty())
            .map(|schema| known_schema(&schema))
            .or_else(|| text("name", said)),
        identifier: text("identifier", table).or_else(|| Some(subject.name.clone())),
        quoting: quoted.fold(adapters, |otherwise, said| quoting(said, otherwise)),
        dialect: base.dialect,
        kind: None,
    }
}
