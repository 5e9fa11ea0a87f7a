//! What dbt makes of a file below `functions/`: the statement that creates the function, whose body the file is. It must not
//! know who calls it.

use std::sync::Arc;

use headsup_lineage::dialect::Dialect;
use headsup_lineage::relation::Body;
use serde_json::Value as Json;

use super::properties::{Object, name as name_of, objects};

/// The statements of a function whose body is rendered to these texts.
pub(in crate::project) fn created(body: Body, name: &str, said: &Object) -> Body {
    match body {
        Body::Sql { dialect, variants, conditions } => {
            let create = |text: &Arc<str>| Arc::from(create(dialect, name, said, text));
            Body::Sql { dialect, variants: variants.iter().map(create).collect(), conditions }
        }
        body => body,
    }
}

/// The statement that creates a function of a name with this body, of which a property file says what it takes and
/// returns.
fn create(dialect: Dialect, name: &str, said: &Object, body: &str) -> String {
    let typed = |argument: &Object| {
        let kind = argument.get("data_type").and_then(Json::as_str).unwrap_or_default();
        let default = argument.get("default_value").map(|value| match value {
            Json::String(text) => format!(" DEFAULT {text}"),
            other => format!(" DEFAULT {other}"),
        });
        Some(match dialect {
            Dialect::DuckDb | Dialect::ClickHouse => name_of(argument)?.to_owned(),
            _ => format!("{} {kind}{}", name_of(argument)?, default.unwrap_or_default()),
        })
    };
    let arguments: Vec<String> = objects(said, "arguments").filter_map(typed).collect();
    let arguments = arguments.join(", ");
    let returned = said.get("returns").and_then(|returns| returns.get("data_type")).and_then(Json::as_str);
    let returns = returned.map(|kind| format!(" RETURNS {kind}")).unwrap_or_default();
    let body = body.trim();
    match dialect {
        // These have no types of their own.
        Dialect::DuckDb => format!("CREATE OR REPLACE FUNCTION {name}({arguments}) AS ({})", cast(body, returned)),
        Dialect::ClickHouse => {
            format!("CREATE OR REPLACE FUNCTION {name} AS ({arguments}) -> ({})", cast(body, returned))
        }
        Dialect::BigQuery => format!("CREATE OR REPLACE FUNCTION {name}({arguments}){returns} AS (\n{body}\n)"),
        Dialect::Databricks | Dialect::Trino => {
            format!("CREATE OR REPLACE FUNCTION {name}({arguments}){returns} RETURN {body}")
        }
        Dialect::TSql | Dialect::MySql => format!("CREATE FUNCTION {name}({arguments}){returns} RETURN {body}"),
        Dialect::Snowflake => format!("CREATE OR REPLACE FUNCTION {name}({arguments}){returns} AS $$\n{body}\n$$"),
        Dialect::Ansi | Dialect::Postgres | Dialect::Redshift => {
            format!("CREATE OR REPLACE FUNCTION {name}({arguments}){returns} AS $$\n{body}\n$$ LANGUAGE SQL")
        }
    }
}

fn cast(body: &str, returned: Option<&str>) -> String {
    returned.map_or_else(|| body.to_owned(), |kind| format!("CAST(({body}) AS {kind})"))
}

#[cfg(test)]
mod tests {
    use headsup_lineage::parse::parse;
    use headsup_lineage::query::StatementKind;
    use serde_json::json;

    use super::*;

    #[test]
    fn each_dialect_knows_it_for_a_routine() {
        let said = json!({"arguments": [{"name": "x", "data_type": "float"}], "returns": {"data_type": "float"}});
        for dialect in Dialect::ALL {
            let text = create(dialect, "s.f", said.as_object().unwrap(), "x * 2");
            let script = parse(&text, dialect);
            let [statement] = script.statements.as_slice() else { panic!("{dialect}: {text}: {script:?}") };
            assert!(matches!(statement.kind, StatementKind::Routine(..)), "{dialect}: {text}: {statement:?}");
            assert_eq!(statement.targets.len(), 1, "{dialect}: {text}");
        }
    }
}
