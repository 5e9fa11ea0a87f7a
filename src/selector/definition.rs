//! Selections that a project gives a name, as `selectors.yml` of dbt has them. It must not know what a
//! project holds.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::{Selector, Steps};

/// What a named selection means, or why that is not understood.
pub type Definitions = BTreeMap<String, Result<Definition, String>>;

/// A selection put together from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Definition {
    /// What one selector picks, with what surrounds it.
    Pick(Selector, Around),
    /// All of some selections.
    Union(Vec<Self>),
    /// What some selections share.
    Intersection(Vec<Self>),
    /// The first without the second.
    Without(Box<Self>, Box<Self>),
    /// Another selection, by its name.
    Named(String),
}

/// What is picked beside what a selector says itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Around {
    /// Nothing.
    Nothing,
    /// Everything downstream, and all that this is built from.
    ParentsOfChildren,
}

/// The named selections of a file.
#[must_use]
pub fn definitions(file: &Json) -> Definitions {
    let listed = file.get("selectors").and_then(Json::as_array).into_iter().flatten();
    let named = listed.filter_map(|said| {
        let name = said.get("name")?.as_str()?.to_owned();
        let meant = said.get("definition").map_or_else(|| Err("it has no definition".to_owned()), definition);
        Some((name, meant))
    });
    named.collect()
}

fn definition(said: &Json) -> Result<Definition, String> {
    match said {
        Json::String(text) => of_text(text),
        Json::Object(said) => of_object(said),
        Json::Array(items) => union(items),
        other => Err(format!("`{other}` is no selection")),
    }
}

/// Selectors as typed: several with spaces mean all of them, with commas what they share.
fn of_text(text: &str) -> Result<Definition, String> {
    let mut any: Vec<Definition> = Vec::new();
    for word in text.split_whitespace() {
        let all: Vec<Definition> = word.split(',').map(one).collect::<Result<_, _>>()?;
        any.push(alone(all, Definition::Intersection));
    }
    match any.is_empty() {
        true => Err("it is empty".to_owned()),
        false => Ok(alone(any, Definition::Union)),
    }
}

fn one(word: &str) -> Result<Definition, String> {
    let (around, word) = match word.strip_prefix('@') {
        Some(rest) => (Around::ParentsOfChildren, rest),
        None => (Around::Nothing, word),
    };
    if let Some(name) = word.strip_prefix("selector:") {
        return Ok(Definition::Named(name.to_owned()));
    }
    // What is no method is matched against folders and names.
    let has_method = word.contains(':');
    let bare = word.trim_matches(|letter: char| letter == '+' || letter.is_ascii_digit());
    let is_path = bare.contains('/') || bare.ends_with(".sql");
    let spelled = match (has_method, is_path) {
        (true, _) => word.to_owned(),
        (false, true) => word.replacen(bare, &format!("path:{bare}"), 1),
        (false, false) => word.replacen(bare, &format!("fqn:{bare}"), 1),
    };
    let selector = Selector::parse(&spelled).map_err(|error| error.to_string())?;
    Ok(Definition::Pick(selector, around))
}

fn of_object(said: &Map<String, Json>) -> Result<Definition, String> {
    if let Some(items) = said.get("union").and_then(Json::as_array) {
        return union(items);
    }
    if let Some(items) = said.get("intersection").and_then(Json::as_array) {
        return with_exclusions(items, Definition::Intersection);
    }
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let (method, value) = match (said.get("method"), said.get("value"), said.iter().next()) {
        (Some(method), Some(value), _) => (text(method), text(value)),
        (None, None, Some((method, value))) if said.len() == 1 => (method.clone(), text(value)),
        _ => return Err("it has neither a method with a value, nor a union, nor an intersection".to_owned()),
    };
    let excluded = said.get("exclude").and_then(Json::as_array);
    if method == "selector" {
        return without(Definition::Named(value), excluded.map(Vec::as_slice).unwrap_or_default());
    }
    let mut selector = Selector::parse(&format!("{method}:{value}")).map_err(|error| error.to_string())?;
    let wanted = |key: &str| said.get(key).and_then(Json::as_bool).unwrap_or(false);
    let steps = |key: &str| {
        let depth = said.get(key).and_then(Json::as_u64).and_then(|depth| usize::try_from(depth).ok());
        depth.map_or(Steps::All, Steps::AtMost)
    };
    if wanted("parents") {
        selector.upstream = Some(steps("parents_depth"));
    }
    if wanted("children") {
        selector.downstream = Some(steps("children_depth"));
    }
    let around = if wanted("childrens_parents") { Around::ParentsOfChildren } else { Around::Nothing };
    without(Definition::Pick(selector, around), excluded.map(Vec::as_slice).unwrap_or_default())
}

fn union(items: &[Json]) -> Result<Definition, String> {
    with_exclusions(items, Definition::Union)
}

/// Items, the last of which may say what is left out.
fn with_exclusions(items: &[Json], combine: fn(Vec<Definition>) -> Definition) -> Result<Definition, String> {
    let left_out = |item: &Json| item.as_object().filter(|item| item.len() == 1)?.get("exclude")?.as_array().cloned();
    let excluded: Vec<Json> = items.iter().filter_map(left_out).flatten().collect();
    let kept: Vec<Definition> =
        items.iter().filter(|item| left_out(item).is_none()).map(definition).collect::<Result<_, _>>()?;
    without(combine(kept), &excluded)
}

fn without(definition: Definition, excluded: &[Json]) -> Result<Definition, String> {
    match excluded.is_empty() {
        true => Ok(definition),
        false => Ok(Definition::Without(Box::new(definition), Box::new(union(excluded)?))),
    }
}

fn alone(mut items: Vec<Definition>, combine: fn(Vec<Definition>) -> Definition) -> Definition {
    match (items.len(), items.pop()) {
        (1, Some(only)) => only,
        (_, last) => combine(items.into_iter().chain(last).collect()),
    }
}
