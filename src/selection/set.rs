//! Sets of relations, put together by methods and by named selections. It must not know what is asked of
//! them.

use std::collections::BTreeSet;

use headsup_lineage::graph::Node;
use headsup_lineage::relation::{Relation, RelationKind};

use super::wildcard::Wildcard;
use super::{Finder, Target};
use crate::error::{Error, Result, did_you_mean};
use crate::project::Access;
use crate::selector::definition::{Around, Definition};
use crate::selector::{Method, Selector, Steps, Subject};

/// How deep named selections may name each other.
const DEEPEST: usize = 32;

impl Finder<'_> {
    /// The relations that a selector picks, with what its `+` asks for.
    ///
    /// # Errors
    /// If it means nothing, or a name means several things.
    pub fn relations(&self, selector: &Selector) -> Result<BTreeSet<Node>> {
        let own = self.select(selector)?.targets.iter().map(|target| target.relation).collect();
        Ok(self.surrounded(own, selector))
    }

    /// The relations that a method picks.
    pub(super) fn by_method(&self, method: &Method, value: &str) -> Result<Vec<Target>> {
        let found = match method {
            Method::Selector => self.named_set(value, 0)?,
            _ => self.picked(method, value),
        };
        if found.is_empty() {
            let message = format!("`{}:{value}` selects no table", method.name());
            return Err(Error::usage(message).hint("`headsup models` lists the tables".to_owned()));
        }
        Ok(found.into_iter().map(Target::whole).collect())
    }

    fn picked(&self, method: &Method, value: &str) -> BTreeSet<Node> {
        let graph = &self.project.graph;
        let said = |relation: &Relation| self.project.attributes.get(&relation.id);
        let is_meant = |relation: &Relation| match method {
            Method::Group => said(relation).is_some_and(|said| said.group.as_deref() == Some(value)),
            Method::Access => {
                let is_model = relation.id.as_str().starts_with("model.");
                let access = said(relation).and_then(|said| said.access).unwrap_or(Access::Protected);
                is_model && Access::parse(value) == Some(access)
            }
            Method::Package => parts_of_id(relation).is_some_and(|(_, package)| {
                let this = (value == "this").then(|| &*relation.project);
                fits(this.unwrap_or(value), package)
            }),
            Method::ResourceType => match relation.kind {
                RelationKind::Model => value == "model",
                RelationKind::Seed => value == "seed",
                RelationKind::Snapshot => value == "snapshot",
                RelationKind::Source => value == "source",
                RelationKind::Routine | RelationKind::External => false,
            },
            Method::Config(key) => {
                let key = if key == "schema" { "" } else { key };
                let held = relation.config.get(key).map(|held| held.trim_matches('"'));
                let tagged = key == "tags" && said(relation).is_some_and(|said| said.tags.contains(value));
                tagged || held == Some(value)
            }
            Method::File => relation.files().iter().any(|file| {
                let name = file.rsplit('/').next().unwrap_or_default();
                fits(value, name) || name.rsplit_once('.').is_some_and(|(stem, _)| fits(value, stem))
            }),
            Method::Fqn => is_called(relation, value),
            Method::Selector => false,
        };
        graph.nodes().filter(|node| is_meant(graph.relation(*node))).collect()
    }

    /// What a named selection of a project means.
    fn named_set(&self, name: &str, depth: usize) -> Result<BTreeSet<Node>> {
        let known = &self.project.selectors;
        match known.get(name) {
            Some(Ok(definition)) if depth < DEEPEST => self.set(definition, depth + 1),
            Some(Ok(_)) => Err(Error::usage(format!("the selector `{name}` is defined by itself"))),
            Some(Err(why)) => Err(Error::usage(format!("the selector `{name}` is not understood: {why}"))),
            None => {
                let hint = match did_you_mean(name, known.keys().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => "no project has a selectors.yml that defines one".to_owned(),
                    None => format!("there are {}", known.keys().cloned().collect::<Vec<_>>().join(", ")),
                };
                Err(Error::usage(format!("no selector is called `{name}`")).hint(hint))
            }
        }
    }

    fn set(&self, definition: &Definition, depth: usize) -> Result<BTreeSet<Node>> {
        Ok(match definition {
            Definition::Named(name) => self.named_set(name, depth)?,
            Definition::Without(all, some) => &self.set(all, depth)? - &self.set(some, depth)?,
            Definition::Union(parts) => {
                let mut found = BTreeSet::new();
                for part in parts {
                    found.extend(self.set(part, depth)?);
                }
                found
            }
            Definition::Intersection(parts) => {
                let mut found: Option<BTreeSet<Node>> = None;
                for part in parts {
                    let own = self.set(part, depth)?;
                    found = Some(found.map_or_else(|| own.clone(), |found| &found & &own));
                }
                found.unwrap_or_default()
            }
            Definition::Pick(selector, around) => self.pick(selector, *around, depth)?,
        })
    }

    /// What a selector picks, with what it wants around it. In a set, what picks nothing is no mistake.
    fn pick(&self, selector: &Selector, around: Around, depth: usize) -> Result<BTreeSet<Node>> {
        let own: BTreeSet<Node> = match &selector.subject {
            Subject::Method(Method::Selector, name) => self.named_set(name, depth)?,
            Subject::Method(method, value) => self.picked(method, value),
            Subject::Name(name) => self.picked(&Method::Fqn, name),
            _ => self
                .select(selector)
                .map(|found| found.targets)
                .unwrap_or_default()
                .iter()
                .map(|target| target.relation)
                .collect(),
        };
        let graph = &self.project.graph;
        let mut found = self.surrounded(own.clone(), selector);
        if around == Around::ParentsOfChildren {
            found.extend(graph.upstream(graph.downstream(own)));
        }
        Ok(found)
    }

    fn surrounded(&self, own: BTreeSet<Node>, selector: &Selector) -> BTreeSet<Node> {
        let graph = &self.project.graph;
        let mut found = own.clone();
        if let Some(steps) = selector.upstream {
            found.extend(walk(&own, steps, |node| graph.parents(node)));
        }
        if let Some(steps) = selector.downstream {
            found.extend(walk(&own, steps, |node| graph.children(node)));
        }
        found
    }
}

/// Every node so many steps from some.
fn walk(from: &BTreeSet<Node>, steps: Steps, next: impl Fn(Node) -> BTreeSet<Node>) -> BTreeSet<Node> {
    let mut seen = from.clone();
    let mut ring = from.clone();
    let mut number = 1;
    while !ring.is_empty() && steps.allow(number) {
        ring = ring.iter().flat_map(|node| next(*node)).filter(|node| !seen.contains(node)).collect();
        seen.extend(ring.iter().copied());
        number += 1;
    }
    seen
}

/// The kind and the package in an id of dbt.
fn parts_of_id(relation: &Relation) -> Option<(&str, &str)> {
    let mut parts = relation.id.as_str().split('.');
    let kind = parts.next().filter(|kind| matches!(*kind, "model" | "seed" | "snapshot" | "source"))?;
    Some((kind, parts.next()?))
}

/// Whether a relation is meant by its name, or by package and folders: `stg_orders`, `staging.shop`,
/// `shop.staging.*`.
fn is_called(relation: &Relation, value: &str) -> bool {
    if relation.kind == RelationKind::External {
        return false;
    }
    let name = relation.name.table();
    // A version of a model is called by the model's name, too: `model.shop.customers.v2`.
    let of_model = relation.id.as_str().strip_prefix("model.").and_then(|id| Some(id.split_once('.')?.1));
    let model = of_model.map(|name| name.split('.').next().unwrap_or(name));
    let own = [Some(name), of_model, model].into_iter().flatten();
    if fits(value, &relation.name.to_string()) || own.clone().any(|name| fits(value, name)) {
        return true;
    }
    let wanted: Vec<&str> = value.split('.').collect();
    let starts = |parts: &[&str]| {
        parts.len() >= wanted.len() && wanted.iter().zip(parts).all(|(wanted, part)| fits(wanted, part))
    };
    let package = parts_of_id(relation).map(|(_, package)| package);
    relation.files().iter().any(|file| {
        let mut parts: Vec<&str> = file.split('/').collect();
        parts.pop();
        parts.push(name);
        // Which folder holds the models is the project's own choice.
        (0..parts.len()).any(|from| {
            let inner = &parts[from..];
            starts(inner) || package.is_some_and(|package| starts(&[&[package], inner].concat()))
        })
    })
}

fn fits(pattern: &str, text: &str) -> bool {
    match Wildcard::new(pattern) {
        Some(wildcard) => wildcard.fits(text),
        None => pattern.eq_ignore_ascii_case(text),
    }
}
