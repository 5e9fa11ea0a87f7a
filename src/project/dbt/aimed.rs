//! What a template renders to under other targets than the one that is known: under each text that a part of the
//! target is compared with, and under one that nobody names. It must not know what these renderings are compared by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headsup_lineage::relation::conditions::{Conditions, Types, Under};
use serde_json::{Value as Json, json};

use super::answered::Asking;
use super::assemble::{Assembly, Found};
use super::conditions::{Asks, Columns, Template, conditions, parts, tags_name, without_own_table};
use super::config::{Config, ELSEWHERE};
use super::engine::Run;
use super::fed::{Macros, Variables, unrendered};
use super::hook::Hooks;
use super::natives::from_json;
use super::nodes::Node;
use super::scan::{self, Reach};
use super::sought::Sought;
use super::subject::{Captured, View};
use super::types;
use super::values::{lock, own_deep};

/// The parts of a target that are other than they are known to be, each with its text.
type Target<'t> = Vec<(&'t str, Option<&'t str>)>;

/// A text that nobody gives a part of the target: what is rendered where it is none of those that are asked for.
const OTHER: &str = "any other";

/// Each target is one more rendering.
const MOST: usize = 6;

impl Assembly<'_> {
    /// What of a node's template decides what it is elsewhere. What it reads there is added to what was found.
    pub(super) fn elsewhere(
        &self,
        node: &Node,
        hooks: &Hooks,
        without_hooks: &str,
        columns: Columns,
        asking: &Asking<'_>,
        found: &mut Found,
    ) -> Option<Arc<Conditions>> {
        let (package, path) = (&node.candidate.package, &node.candidate.path);
        let template = Template {
            file: without_hooks,
            path,
            reach: asking.reach,
            unrendered: &unrendered(self.engine, package, hooks, asking.sought),
            columns,
            variables: Variables { world: &self.engine.world, package },
            config: &node.config,
            said: &node.candidate.said,
        };
        let mut configured = Config::new();
        let conditions = conditions(&template, || {
            let aimed = at_targets(self, asking, path);
            configured = self.configured_at(&aimed, node, asking.sought);
            for captured in &aimed.captured {
                found.add(captured);
                if captured.column_questions > 0 {
                    found.view = View::Whole;
                }
            }
            aimed.texts
        });
        found.configured = configured;
        // What only another answer leads to may be read as well.
        if conditions.as_deref().is_some_and(|conditions| conditions.asks() && conditions.elsewhere.is_empty()) {
            for (call, offset) in &asking.reach.refs {
                found.refs.entry(call.clone()).or_insert(*offset);
            }
            for (call, offset) in &asking.reach.sources {
                found.sources.entry(call.clone()).or_insert(*offset);
            }
            // What is named after an answer of the warehouse has been looked into with that.
            let is_answered = columns == Columns::Known && asking.queries.is_empty();
            if is_answered && computes_names(without_hooks, asking.reach) {
                let why = || "which tables it reads depends on the target, the environment or the warehouse".to_owned();
                found.incomplete.get_or_insert_with(why);
            }
        }
        conditions
    }

    /// What a template says of how it is built for some targets, where that is other than it says for the one that is known.
    fn configured_at(&self, aimed: &Aimed, node: &Node, sought: &Sought) -> Config {
        let own = said_last(&node.captured);
        let mut differing: BTreeMap<&String, Vec<Json>> = BTreeMap::new();
        for (under, said) in aimed.texts.iter().zip(&aimed.said) {
            let keys: BTreeSet<&String> =
                own.keys().chain(said.keys()).filter(|key| own.get(*key) != said.get(*key)).collect();
            for key in keys {
                let held = said.get(key).cloned().unwrap_or_default();
                let counts = Config::from([(key.clone(), held)]);
                let counts = Hooks::of(self.engine, &node.candidate.package, &counts, sought).config;
                let value = counts.get(key).cloned().unwrap_or_default();
                differing.entry(key).or_default().push(json!({ &*under.when: value }));
            }
        }
        differing.into_iter().map(|(key, values)| (format!("{key}{ELSEWHERE}"), Json::Array(values))).collect()
    }
}

/// Whether a template, or a macro that it reaches, computes the name of a table where it asks.
fn computes_names(template: &str, reach: &Reach) -> bool {
    let macros = Macros::of(reach);
    let asking = macros.that_ask(Asks::More);
    let names = macros.names(&asking);
    let computes = |text: &str| {
        let computed = scan::template(text, 0..text.len()).computed;
        !computed.is_empty()
            && parts(text, &names).map_or_else(
                || Asks::of(text) > Asks::Nothing || tags_name(text, &names),
                |parts| parts.places.iter().any(|place| computed.iter().any(|at| place.contains(at))),
            )
    };
    computes(template) || macros.bodies(&asking).any(computes)
}

/// What a template says of its configuration.
fn said_last(captured: &Captured) -> Config {
    captured.config.iter().cloned().collect()
}

/// What a template is for other targets.
#[derive(Default)]
struct Aimed {
    /// Its texts, one target each.
    texts: Vec<Under>,
    /// What it says there of its configuration.
    said: Vec<Config>,
    /// What the texts name that a target of the known type gets.
    captured: Vec<Captured>,
}

/// A template under every target that it can tell from others; nothing where it asks for more than whether
/// parts of the target are some texts, or cannot be rendered so.
fn at_targets(assembly: &Assembly<'_>, asking: &Asking<'_>, path: &str) -> Aimed {
    let macros = asking.reach.macros.values().filter(|one| &*one.package != "dbt");
    let mut tests = assembly.elsewhere.tests(path, asking.file);
    for one in macros {
        let more = assembly.elsewhere.tests(&one.path, &without_own_table(one));
        tests = tests.zip(more).map(|(tests, more)| tests.into_iter().chain(more).collect());
    }
    let Some(tests) = tests else { return Aimed::default() };
    let mut texts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (part, text) in &tests {
        texts.entry(part).or_default().insert(text);
    }
    if texts.is_empty() || texts.values().map(|texts| texts.len() + 1).product::<usize>() > MOST {
        return Aimed::default();
    }
    let mut targets: Vec<Target<'_>> = vec![Vec::new()];
    for (part, texts) in &texts {
        let each = texts.iter().copied().map(Some).chain([None]);
        let with = |text| targets.iter().map(move |target| [&target[..], &[(*part, text)]].concat());
        targets = each.flat_map(with).collect();
    }
    let kind = assembly.engine.world.target["type"].as_str();
    let known = texts.get("type").map(|texts| kind.filter(|kind| texts.contains(kind)));
    let mut aimed = Aimed::default();
    for target in targets {
        let Some(texts) = under(&target, assembly, asking) else { return Aimed::default() };
        let (texts, captured): (Vec<_>, Vec<_>) = texts.into_iter().unzip();
        let is_known = |(part, text): &(&str, Option<&str>)| *part != "type" || Some(*text) == known;
        let types = match target.iter().find(|part| !is_known(part)) {
            None => Types::Known,
            Some((_, text)) => {
                let dialect = text.and_then(|text| text.parse().ok());
                Types::Other(dialect.unwrap_or(assembly.engine.world.dialect))
            }
        };
        aimed.said.push(captured.first().map(said_last).unwrap_or_default());
        if types == Types::Known {
            aimed.captured.extend(captured);
        }
        aimed.texts.push(Under { when: said(&target), types, texts });
    }
    aimed
}

/// The texts of a template for one target, each once, with what was found of it.
fn under(target: &Target<'_>, assembly: &Assembly<'_>, asking: &Asking<'_>) -> Option<Vec<(Arc<str>, Captured)>> {
    let mut texts: Vec<(Arc<str>, Captured)> = Vec::new();
    for pass in asking.passes {
        let run = Run::new(assembly.engine, asking.subject, *pass);
        aim(&run, target);
        let rendered = run.render(asking.template, asking.file);
        run.tell(asking.sought);
        let rendered = rendered.ok()?;
        let captured = std::mem::take(&mut *lock(&run.captured));
        let is_by_types = || captured.type_questions > 0 && types::decide(asking.file, asking.reach);
        if captured.asked.is_some() || is_by_types() {
            return None;
        }
        if !texts.iter().any(|(text, _)| **text == *rendered) {
            texts.push((Arc::from(rendered), captured));
        }
    }
    Some(texts)
}

fn said(target: &Target<'_>) -> Arc<str> {
    let parts = target.iter().map(|(part, text)| match text {
        Some(text) => format!("target.{part} = '{text}'"),
        None => format!("another target.{part}"),
    });
    Arc::from(parts.collect::<Vec<_>>().join(" and "))
}

/// Gives a run that has not begun another target.
fn aim(run: &Run, target: &Target<'_>) {
    let mut known = run.engine.world.target.clone();
    if let Json::Object(parts) = &mut known {
        for (part, text) in target {
            let same = if *part == "name" { ["name", "target_name"] } else { [*part, *part] };
            for part in same {
                parts.insert(part.to_owned(), Json::String(text.unwrap_or(OTHER).to_owned()));
            }
        }
    }
    let _ = run.target.set(own_deep(&from_json(&known), 0));
}
