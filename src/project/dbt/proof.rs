//! Tests of property files that prove something of every row: those that dbt runs, that fail by a single row, and that
//! are dbt's own. It must not know what they prove.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::config::{self, Config, ELSEWHERE};
use super::engine::Engine;
use super::nodes::Known;
use super::properties::{self, Object};
use super::sought::{For, implementation};

/// The tests that prove something, each with the package that it is of.
const PROVING: [(&str, &str); 4] =
    [("dbt", "not_null"), ("dbt", "relationships"), ("dbt", "unique"), ("dbt_utils", "unique_combination_of_columns")];

/// The sections of a project file that configure tests, by their former and their present name.
pub(super) const SECTIONS: [&str; 2] = ["tests", "data_tests"];

/// A test of a property file.
pub(super) struct Test {
    /// Its name, with its package where that is written; dbt's own are called by their names alone.
    pub(super) name: String,
    /// What it is given, configuration included.
    pub(super) arguments: Object,
}

impl Test {
    /// Whether it holds for every row.
    pub(super) fn proves(&self) -> bool {
        self.proves_within(&[], &[])
    }

    /// The same where its project configures tests before and after it does itself.
    fn proves_within(&self, before: &[Map<String, Json>], after: &[Map<String, Json>]) -> bool {
        const KEYS: [&str; 6] = ["enabled", "error_if", "fail_calc", "limit", "severity", "where"];
        let mut config = Config::new();
        before.iter().for_each(|level| config::merge(&mut config, level));
        let own = self.arguments.get("config").and_then(Json::as_object).unwrap_or(&self.arguments);
        let counts = |key: &str| KEYS.contains(&key.strip_suffix(ELSEWHERE).unwrap_or(key));
        config::merge(&mut config, own.iter().chain(&self.arguments).filter(|(key, _)| counts(key)));
        after.iter().for_each(|level| config::merge(&mut config, level));
        let text = |key| config::text(&config, key).map(|text| text.to_lowercase().replace(' ', ""));
        let is = |key, usual: &[&str]| text(key).is_none_or(|text| usual.contains(&text.as_str()));
        let varies = KEYS.iter().any(|key| config.contains_key(&format!("{key}{ELSEWHERE}")));
        // A template is none of these words, and may be any of them.
        !varies
            && is("severity", &["error"])
            && config.get("enabled").is_none_or(|said| said.is_null() || config::truthy(said) == Some(true))
            && is("error_if", &["!=0", "<>0", ">0", ">=1"])
            && is("fail_calc", &["count(*)"])
            && text("limit").is_none_or(|limit| limit.parse::<u64>().is_ok_and(|limit| limit > 0))
            && text("where").is_none()
    }

    /// Its name as a member of [`PROVING`].
    fn kind(&self) -> Option<&'static str> {
        PROVING.into_iter().map(|(_, known)| known).find(|known| self.name.rsplit('.').next() == Some(known))
    }
}

/// The tests of a table or a column.
pub(super) fn tests(said: &Object) -> Vec<Test> {
    let listed = SECTIONS.iter().filter_map(|key| said.get(*key).and_then(Json::as_array));
    listed.flatten().filter_map(test).collect()
}

fn test(said: &Json) -> Option<Test> {
    let test = match said {
        Json::String(name) => return Some(of(name, Object::new())),
        Json::Object(test) => test,
        _ => return None,
    };
    let named = test.get("test_name").and_then(Json::as_str);
    let pair = test.iter().find(|(_, value)| value.is_object() || value.is_null());
    let (name, arguments) = match (named, pair) {
        (Some(name), _) => (name, test.clone()),
        (None, Some((name, arguments))) => (name.as_str(), arguments.as_object().cloned().unwrap_or_default()),
        (None, None) => return None,
    };
    // Newer files put a test's arguments below `arguments`, and its config beside the name.
    let mut all = arguments.clone();
    if let Some(Json::Object(inner)) = arguments.get("arguments") {
        all.extend(inner.clone());
    }
    if let Some(config) = test.get("config") {
        all.insert("config".to_owned(), config.clone());
    }
    Some(of(name, all))
}

fn of(name: &str, arguments: Object) -> Test {
    Test { name: name.strip_prefix("dbt.").unwrap_or(name).to_owned(), arguments }
}

/// The tests that a project or one of its packages writes anew; what they find is not what dbt's own do.
pub(super) fn replaced(engine: &Engine) -> BTreeSet<&'static str> {
    let is_replaced = |(of, test): &(&str, &str)| {
        let called = format!("test_{test}");
        let names = || {
            let prefixes = engine.world.prefixes.iter().map(|prefix| implementation(prefix, &called));
            prefixes.chain([called.clone()])
        };
        let mut others = engine.packages().filter(|package| package.as_ref() != *of);
        others.any(|package| names().any(|name| engine.find(For::Asked, package, &name).is_some()))
    };
    PROVING.into_iter().filter(is_replaced).map(|(_, test)| test).collect()
}

impl Known<'_> {
    /// What a property file says of a table, without the tests that prove nothing: by how the project configures them
    /// in that folder, or because they are its own.
    pub(super) fn trusting(&self, said: &Arc<Object>, inner: &str, table: &str) -> Arc<Object> {
        let sections = |settings: Option<&Json>| SECTIONS.map(|key| settings?.get(key)?.as_object().cloned());
        let (own, root) = (sections(Some(self.settings)), sections(self.root));
        let is_configured = own.iter().chain(&root).any(Option::is_some);
        if !is_configured && self.replaced_tests.is_empty() {
            return Arc::clone(said);
        }
        let prefix = self.prefix(inner);
        let proves = |json: &Json, column: Option<&str>| {
            let Some((test, kind)) = test(json).and_then(|test| test.kind().map(|kind| (test, kind))) else {
                return true;
            };
            // A test may be configured by its name, too: by that of its own, or that which dbt makes up.
            let column = column.map(|column| format!("_{column}")).unwrap_or_default();
            let made = [format!("{kind}_{table}{column}"), format!("source_{kind}_{table}{column}")];
            let given = test.arguments.get("name").and_then(Json::as_str).map(ToOwned::to_owned);
            let levels = |sections: &[Option<Object>; 2]| -> Vec<Map<String, Json>> {
                let of_section = |section: &Object| {
                    let mut levels = config::levels(section, &prefix);
                    let folders = levels.len();
                    for name in made.iter().chain(&given) {
                        let fqn: Vec<String> = prefix.iter().chain([name]).cloned().collect();
                        levels.extend(config::levels(section, &fqn).into_iter().skip(folders));
                    }
                    levels
                };
                sections.iter().flatten().flat_map(of_section).collect()
            };
            !self.replaced_tests.contains(kind) && test.proves_within(&levels(&own), &levels(&root))
        };
        let mut trusted = Object::clone(said);
        keep(&mut trusted, |json| proves(json, None));
        for column in trusted.get_mut("columns").and_then(Json::as_array_mut).into_iter().flatten() {
            let Some(column) = column.as_object_mut() else { continue };
            let called = properties::name(column).map(ToOwned::to_owned);
            keep(column, |json| proves(json, called.as_deref()));
        }
        if trusted == **said { Arc::clone(said) } else { Arc::new(trusted) }
    }
}

/// Leaves those tests of a table or a column of which something is true.
fn keep(said: &mut Object, is_kept: impl Fn(&Json) -> bool) {
    for key in SECTIONS {
        if let Some(Json::Array(tests)) = said.get_mut(key) {
            tests.retain(&is_kept);
        }
    }
}
