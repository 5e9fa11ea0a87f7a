//! What dbt's own names mean in a template: `ref`, `source`, `config`, `var`, `target`, `adapter`
//! and the rest. Nothing here runs anything, asks a warehouse, or reads the environment.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Tuple};
use minijinja::{Error, ErrorKind, State, Value};
use serde_json::Value as Json;

use super::call::{Arguments, Cause, Signal, caused, function, stateful};
use super::columns;
use super::engine::{Run, capture};
use super::graph::Listing;
use super::modules;
use super::relation::TableName;
use super::sentinel;
use super::sought::For;
use super::subject::{Asked, Pass, RefCall, Sees, View};
use super::told;
use super::trace::Question;
use super::values::{self, dict, list, own_deep, record};
use super::yaml;

/// A name of dbt's as a value of one run.
#[derive(Debug)]
struct Native {
    run: Arc<Run>,
    own: Arc<str>,
    name: &'static str,
}

/// What a name of dbt's means, if it is one.
pub(super) fn native(run: &Arc<Run>, own: &Arc<str>, name: &str) -> Option<Value> {
    const OBJECTS: [&str; 12] = [
        "ref",
        "function",
        "source",
        "config",
        "var",
        "adapter",
        "exceptions",
        "builtins",
        "api",
        "statement",
        "run_query",
        "load_result",
    ];
    if let Some(name) = OBJECTS.into_iter().find(|known| *known == name) {
        return Some(Value::from_object(Native { run: Arc::clone(run), own: Arc::clone(own), name }));
    }
    let world = &run.engine.world;
    let subject = &run.subject;
    Some(match name {
        "env_var" => {
            let run = Arc::clone(run);
            function(move |arguments| {
                let name = arguments.text(0, "var")?;
                if let Some(value) = run.engine.world.environment.get(&name) {
                    return Ok(Value::from(value.as_str()));
                }
                // The true value may be a secret, and differs between machines.
                Ok(arguments.at(1, "default").unwrap_or_else(|| Value::from(placeholder(&name))))
            })
        }
        "execute" => Value::from(run.pass != Pass::Parse),
        "is_incremental" => {
            let incremental = run.pass.is_incremental();
            function(move |_| Ok(Value::from(incremental)))
        }
        "should_full_refresh" => function(|_| Ok(Value::from(false))),
        "should_store_failures" => function(|_| Ok(Value::from(false))),
        "this" => this(run),
        "target" => run.target.get_or_init(|| own_deep(&from_json(&world.target), 0)).clone(),
        "schema" => from_json(world.target.get("schema").unwrap_or(&Json::Null)),
        "database" => from_json(world.target.get("database").unwrap_or(&Json::Null)),
        "model" | "node" if !subject.id.is_empty() => {
            run.ask(Question::Told);
            run.model.get_or_init(|| told::node(run)).clone()
        }
        "graph" => match run.engine.graph.get().filter(|_| run.pass != Pass::Parse) {
            Some(_) => {
                capture(run, |captured| captured.view = View::Whole);
                Value::from_object(Listing(Arc::clone(&run.engine)))
            }
            None => record(
                ["nodes", "sources", "exposures", "metrics", "groups", "semantic_models"].map(|name| (name, dict([]))),
            ),
        },
        "flags" => record([
            ("FULL_REFRESH", Value::from(false)),
            ("STORE_FAILURES", Value::from(false)),
            ("WHICH", Value::from("compile")),
            ("EMPTY", Value::from(false)),
            ("INDIRECT_SELECTION", Value::from("eager")),
        ]),
        "invocation_args_dict" | "dbt_metadata_envs" => dict([]),
        "selected_resources" => list([]),
        "invocation_id" => Value::from("00000000-0000-0000-0000-000000000000"),
        "thread_id" => Value::from("Thread-1"),
        "run_started_at" => modules::now(),
        "modules" => modules::all(),
        "dbt_version" => Value::from("1.11.0"),
        "project_name" => Value::from(&*world.root),
        "log" | "print" | "debug" => function(|_| Ok(Value::from(""))),
        "__columns" => columns::names(run),
        "__ask" => {
            let run = Arc::clone(run);
            function(move |arguments| {
                ask(&run, &arguments.text(0, "what")?);
                Ok(Value::from(""))
            })
        }
        "return" => {
            let run = Arc::clone(run);
            stateful(move |state, args| {
                let value = args.first().cloned().unwrap_or_else(|| Value::from(()));
                let spent = state.fuel_levels().map_or(0, |(spent, _)| spent);
                run.spend(i64::try_from(spent).unwrap_or(i64::MAX))?;
                Err(Error::new(ErrorKind::InvalidOperation, "return").with_source(Signal::Return(values::own(value))))
            })
        }
        "fromjson" => function(|arguments| {
            let parsed: Result<Json, _> = serde_json::from_str(&arguments.text(0, "string")?);
            Ok(parsed.map_or_else(|_| fallback(arguments), |json| own_deep(&from_json(&json), 0)))
        }),
        "fromyaml" => function(|arguments| {
            let parsed = yaml::parse(&arguments.text(0, "value")?);
            Ok(parsed.map_or_else(|_| fallback(arguments), |json| own_deep(&from_json(&json), 0)))
        }),
        "tojson" => function(|arguments| {
            let value = arguments.at(0, "value").unwrap_or_default();
            let sorted = arguments.at(2, "sort_keys").is_some_and(|sorted| sorted.is_true());
            Ok(Value::from(python_json(&if sorted { yaml::sorted(&to_json(&value)) } else { to_json(&value) })))
        }),
        "toyaml" => function(|arguments| {
            let value = to_json(&arguments.at(0, "value").unwrap_or_default());
            Ok(serde_yaml::to_string(&value).map_or_else(|_| fallback(arguments), Value::from))
        }),
        "set" | "set_strict" => function(|arguments| match arguments.at(0, "value") {
            Some(value) => Ok(list(values::distinct(value.try_iter()?))),
            None => Ok(list([])),
        }),
        "zip" | "zip_strict" => function(|arguments| {
            let mut columns = Vec::new();
            for value in &arguments.positional {
                columns.push(value.try_iter()?.collect::<Vec<_>>());
            }
            let length = columns.iter().map(Vec::len).min().unwrap_or(0);
            Ok(list((0..length).map(|row| {
                Value::from(Tuple::from(
                    columns.iter().filter_map(|column| column.get(row).cloned()).collect::<Vec<_>>(),
                ))
            })))
        }),
        "local_md5" => function(|arguments| Ok(Value::from(fingerprint(&arguments.text(0, "value")?)))),
        "store_result" | "store_raw_result" | "write" | "track_model_usage" => function(|_| Ok(Value::from(""))),
        "try_or_compiler_error" => stateful(|state, args| match args.get(1) {
            Some(called) => called.call(state, args.get(2..).unwrap_or_default()),
            None => Err(Error::from(ErrorKind::MissingArgument)),
        }),
        "load_relation" => {
            let run = Arc::clone(run);
            function(move |arguments| {
                let relation = arguments.at(0, "relation").unwrap_or_default();
                let part =
                    |name: &str| relation.get_attr(name).ok().filter(|part| !part.is_none() && !part.is_undefined());
                Ok(existing(&run, part("schema").as_ref(), part("identifier").as_ref()))
            })
        }
        _ => return None,
    })
}

/// What stands for the value of an environment variable.
pub(super) fn placeholder(name: &str) -> String {
    format!("env_{}", name.to_lowercase())
}

fn fallback(arguments: &Arguments) -> Value {
    arguments.at(1, "default").unwrap_or_else(|| Value::from(()))
}

/// A digest that is the same on every machine; the real one is MD5, and only equality matters.
fn fingerprint(text: &str) -> String {
    crate::git::content_id(text.as_bytes()).map_or_else(|_| String::new(), |id| id.to_string()[..32].to_owned())
}

/// A value of a file as one of templates.
pub(super) fn from_json(json: &Json) -> Value {
    Value::from(minijinja::value::Serde(json))
}

/// A value of templates as one of files; what has no such form becomes its text.
pub(super) fn to_json(value: &Value) -> Json {
    match value.as_object() {
        Some(object) if object.downcast_ref::<TableName>().is_some() => Json::String(value.to_string()),
        _ => serde_json::to_value(value).unwrap_or_else(|_| Json::String(value.to_string())),
    }
}

/// JSON as Python spells it, with a space after each comma and colon.
fn python_json(json: &Json) -> String {
    match json {
        Json::Array(items) => format!("[{}]", items.iter().map(python_json).collect::<Vec<_>>().join(", ")),
        Json::Object(pairs) => {
            let pairs =
                pairs.iter().map(|(key, value)| format!("{}: {}", Json::String(key.clone()), python_json(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Notes that a template asked the warehouse something.
pub(super) fn ask(run: &Run, what: &str) {
    note(run, Asked::new(what));
}

/// Notes that a template asked for the result of a query, where it is known of which.
fn ask_query(run: &Run, what: &str, query: Option<String>) {
    match query.filter(|query| !query.trim().is_empty()) {
        Some(query) => {
            capture(run, |captured| captured.queries.push(query));
            note(run, Asked::Query(what.to_owned()));
        }
        None => ask(run, what),
    }
}

fn note(run: &Run, asked: Asked) {
    capture(run, |captured| {
        if captured.asked.as_ref().is_none_or(|known| *known < asked) {
            captured.asked = Some(asked);
        }
    });
}

/// The relation of a name, if it is there: of the node's own table the pass says whether it is, of
/// any other only a warehouse knows.
fn existing(run: &Run, schema: Option<&Value>, identifier: Option<&Value>) -> Value {
    let own = run.subject.this.as_ref().filter(|own| {
        let same = |part: Option<&Value>, mine: Option<&String>| {
            part.is_some_and(|part| mine.is_some_and(|mine| part.to_string().eq_ignore_ascii_case(mine)))
        };
        same(identifier, own.identifier.as_ref()) && (schema.is_none() || same(schema, own.schema.as_ref()))
    });
    match (own, run.pass) {
        (Some(own), pass) if pass.is_incremental() => {
            Value::from_object(TableName { kind: Some("table".to_owned()), ..own.clone() })
        }
        (Some(_), Pass::Full | Pass::FullAnswered(_)) => Value::from(()),
        _ => {
            ask(run, "adapter.get_relation");
            if let Some(identifier) = identifier {
                let name = schema.into_iter().chain([identifier]).map(ToString::to_string).collect();
                capture(run, |captured| captured.tables.push(name));
            }
            Value::from(())
        }
    }
}

fn this(run: &Run) -> Value {
    match &run.subject.this {
        Some(table) => Value::from_object(table.clone()),
        None => Value::from_object(run.engine.world.table(&run.subject.name)),
    }
}

fn reference(run: &Run, arguments: &Arguments) -> Result<Value, Error> {
    let version = arguments.keyword("v").or_else(|| arguments.keyword("version")).filter(|version| !version.is_none());
    let (package, name) = match arguments.positional.as_slice() {
        [name] => (None, name.to_string()),
        [package, name, ..] => (Some(package.to_string()), name.to_string()),
        [] => (arguments.keyword("package").map(|package| package.to_string()), arguments.text(0, "model_name")?),
    };
    let call = RefCall { package, name, version: version.map(|version| version.to_string()) };
    let found = run.engine.graph.get().and_then(|graph| graph.reference(&run.subject.package, &call));
    let table = match found {
        Some(found) => TableName::clone(&found.table),
        None => run.engine.world.table(&call.name),
    };
    run.ask(Question::Ref(call.clone()));
    capture(run, |captured| captured.refs.push(call));
    Ok(Value::from_object(table))
}

fn source(run: &Run, arguments: &Arguments) -> Result<Value, Error> {
    let (source, table) = (arguments.text(0, "source_name")?, arguments.text(1, "table_name")?);
    let found = run.engine.graph.get().and_then(|graph| graph.source(&run.subject.package, &source, &table));
    let name = match found {
        Some(found) => TableName::clone(&found.table),
        None => TableName { schema: Some(source.clone()), ..run.engine.world.table(&table) },
    };
    run.ask(Question::Source(source.clone(), table.clone()));
    capture(run, |captured| captured.sources.push((source, table)));
    Ok(Value::from_object(name))
}

fn configure(run: &Run, arguments: &Arguments) {
    let mut pairs = Vec::new();
    for value in &arguments.positional {
        if let Json::Object(object) = to_json(value) {
            pairs.extend(object);
        }
    }
    pairs.extend(arguments.keywords.iter().map(|(key, value)| (key.clone(), to_json(value))));
    capture(run, |captured| captured.config.extend(pairs));
}

fn configured(run: &Run, key: &str) -> Option<Value> {
    let said =
        values::lock(&run.captured).config.iter().rev().find(|(held, _)| held == key).map(|(_, value)| value.clone());
    // What is no configuration of dbt's is looked for in `meta` as well.
    let of_meta = || run.subject.config.get("meta")?.get(key).cloned();
    let value = said.or_else(|| run.subject.config.get(key).cloned()).or_else(of_meta)?;
    (!value.is_null()).then(|| own_deep(&from_json(&value), 0))
}

fn variable(run: &Arc<Run>, arguments: &Arguments) -> Result<Value, Error> {
    let name = arguments.text(0, "var")?;
    // Without a value or a default dbt would stop; the project's own is the better guess then.
    let has_default = arguments.at(1, "default").is_some();
    let value = match run.subject.sees {
        Sees::Given if has_default => run.engine.world.overrides.get(&name),
        Sees::Nothing if has_default => None,
        _ => run.engine.world.variable(&run.subject.package, &name),
    };
    if let Some(value) = value {
        return match value {
            Json::String(text) if text.contains("{{") || text.contains("{%") => run.nested(text),
            value => Ok(own_deep(&from_json(value), 0)),
        };
    }
    if let Some(default) = arguments.at(1, "default") {
        return Ok(values::own(default));
    }
    capture(run, |captured| captured.unknown_vars.push(name));
    Ok(Value::from(()))
}

fn dispatch(run: &Arc<Run>, arguments: &Arguments) -> Result<Value, Error> {
    let name = arguments.text(0, "macro_name")?;
    let namespace = arguments.at(1, "macro_namespace").filter(|value| !value.is_none());
    let namespace = namespace.map(|value| value.to_string());
    run.ask(Question::Dispatch(name.clone(), namespace.clone()));
    if let Some(found) = run.engine.dispatch(For::Asked, &run.subject.package, &name, namespace.as_deref()) {
        return Ok(run.macro_value(found));
    }
    // What dbt implements in Python or in its adapters, we implement as a native function.
    if let Some(native) = native(run, &run.subject.package, &name) {
        return Ok(native);
    }
    let adapter = &run.engine.world.adapter;
    Err(caused(Cause::UnknownMacro, format!("`{name}` has no implementation for {adapter}, nor a default one")))
}

impl Native {
    fn adapter(&self, method: &str, arguments: &Arguments) -> Result<Value, Error> {
        let run = &self.run;
        let none = Value::from(());
        Ok(match method {
            "dispatch" => return dispatch(run, arguments),
            "quote" => {
                let name = arguments.text(0, "identifier")?;
                Value::from(run.engine.world.quoted(&name))
            }
            "quote_as_configured" => Value::from(arguments.text(0, "identifier")?),
            "type" => Value::from(run.engine.world.adapter.as_str()),
            "get_relation" => {
                let part = |index: usize, name: &str| arguments.at(index, name).filter(|part| !part.is_none());
                existing(run, part(1, "schema").as_ref(), part(2, "identifier").as_ref())
            }
            "get_partitions_metadata" => {
                ask(run, &format!("adapter.{method}"));
                none
            }
            "check_schema_exists" | "is_replaceable" | "already_exists" => {
                ask(run, &format!("adapter.{method}"));
                Value::from(false)
            }
            "get_columns_in_relation" => columns::asked(run, arguments),
            "get_missing_columns"
            | "list_relations"
            | "list_relations_without_caching"
            | "list_schemas"
            | "get_columns_in_table"
            | "get_column_schema_from_query"
            | "get_columns_in_select_sql" => {
                ask(run, &format!("adapter.{method}"));
                list([])
            }
            "execute" => {
                ask(run, "adapter.execute");
                list([modules::nothing(), modules::nothing()])
            }
            "create_schema"
            | "drop_schema"
            | "drop_relation"
            | "truncate_relation"
            | "rename_relation"
            | "expand_target_column_types"
            | "cache_added"
            | "cache_dropped"
            | "cache_renamed"
            | "commit"
            | "commit_if_has_connection"
            | "set_query_tag" => Value::from(""),
            "behavior" => modules::nothing(),
            "valid_incremental_strategies" => {
                list(["append", "merge", "delete+insert", "insert_overwrite"].map(Value::from))
            }
            _ => {
                ask(run, &format!("adapter.{method}"));
                modules::nothing()
            }
        })
    }

    fn exception(method: &str, arguments: &Arguments) -> Result<Value, Error> {
        if method == "warn" || method.starts_with("warn_") {
            return Ok(Value::from(""));
        }
        let message = arguments.positional.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        Err(caused(Cause::Raised, format!("the project itself refuses to compile: {message}")))
    }

    fn config_method(&self, method: &str, arguments: &Arguments) -> Result<Value, Error> {
        let key = || arguments.text(0, "name");
        Ok(match method {
            "get" => configured(&self.run, &key()?).unwrap_or_else(|| fallback(arguments)),
            "require" => configured(&self.run, &key()?).unwrap_or_default(),
            "meta_get" | "meta_require" => {
                let meta = configured(&self.run, "meta").unwrap_or_default();
                let value = meta.get_item(&Value::from(key()?)).ok().filter(|value| !value.is_undefined());
                value.unwrap_or_else(|| fallback(arguments))
            }
            "set" => {
                let value = to_json(&arguments.at(1, "value").unwrap_or_default());
                let key = key()?;
                capture(&self.run, |captured| captured.config.push((key, value)));
                Value::from("")
            }
            "persist_relation_docs" | "persist_column_docs" => Value::from(false),
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        })
    }
}

impl Object for Native {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        match self.name {
            "builtins" => native(&self.run, &self.own, key),
            "api" => Some(match key {
                "Relation" => Value::from_object(TableName {
                    identifier: None,
                    schema: None,
                    database: None,
                    ..self.run.engine.world.table("")
                }),
                "Column" => modules::column_class(&self.run.engine.world.adapter),
                _ => return None,
            }),
            "adapter" => {
                let this = Arc::clone(self);
                let method = key.to_owned();
                Some(match key {
                    "Relation" => return native(&self.run, &self.own, "api")?.get_attr("Relation").ok(),
                    "behavior" => modules::nothing(),
                    _ => function(move |arguments| this.adapter(&method, arguments)),
                })
            }
            "exceptions" => {
                let method = key.to_owned();
                Some(function(move |arguments| Self::exception(&method, arguments)))
            }
            // `config.materialized` and the like read the configuration.
            "config" => {
                let this = Arc::clone(self);
                let method = key.to_owned();
                match key {
                    "get" | "require" | "set" => {
                        Some(function(move |arguments| this.config_method(&method, arguments)))
                    }
                    _ => configured(&self.run, key),
                }
            }
            // `builtins.ref.config` is dbt's whole runtime configuration; nobody here has one.
            "ref" | "source" if key == "config" => {
                ask(&self.run, "the runtime configuration");
                Some(modules::nothing())
            }
            _ => None,
        }
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let arguments = Arguments::of(args);
        match self.name {
            "ref" | "function" => reference(&self.run, &arguments),
            "source" => source(&self.run, &arguments),
            "config" => {
                configure(&self.run, &arguments);
                Ok(Value::from(""))
            }
            "var" => variable(&self.run, &arguments),
            "statement" => {
                let name = arguments.at(0, "name").map(|name| name.to_string());
                if let Some(caller) = arguments.keyword("caller") {
                    let query = caller.call(state, &[])?.to_string();
                    capture(&self.run, |captured| captured.has_run(name, query));
                }
                Ok(Value::from(""))
            }
            "run_query" => {
                if self.run.pass == Pass::Parse {
                    return Ok(Value::from(()));
                }
                ask_query(&self.run, "run_query", arguments.at(0, "sql").map(|query| query.to_string()));
                Ok(self.run.pass.sample().map_or_else(modules::empty_table, sentinel::table))
            }
            "load_result" => {
                if self.run.pass == Pass::Parse {
                    return Ok(Value::from(()));
                }
                let name = arguments.text(0, "name")?;
                let mut query = None;
                capture(&self.run, |captured| query = captured.statements.get(&name).cloned());
                ask_query(&self.run, "load_result", query);
                if let Some(sample) = self.run.pass.sample() {
                    return Ok(sentinel::result(sample));
                }
                Ok(record([("response", Value::from("")), ("data", list([])), ("table", modules::empty_table())]))
            }
            name => Err(values::invalid(format!("`{name}` is not callable"))),
        }
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let arguments = Arguments::of(args);
        match (self.name, method) {
            ("var", "has_var") => {
                let name = arguments.text(0, "var")?;
                Ok(Value::from(self.run.engine.world.variable(&self.run.subject.package, &name).is_some()))
            }
            ("adapter", _) => self.adapter(method, &arguments),
            ("exceptions", _) => Self::exception(method, &arguments),
            ("config", _) => self.config_method(method, &arguments),
            ("builtins" | "api", _) => match self.get_value(&Value::from(method)) {
                Some(value) => value.call(state, args),
                None => Err(Error::from(ErrorKind::UnknownMethod)),
            },
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}
