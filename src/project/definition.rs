//! Definitions that are no tables: what a metric, a semantic model, a saved query or an exposure says of itself, and in
//! what two versions of it differ. It must not know how a project says it, nor who is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headsup_lineage::canonical::{TextComparison, compare_texts};
use headsup_lineage::change::{Change, ChangeKind, Comparison, Effect, EffectKind, Redefinition};
use headsup_lineage::dialect::Dialect;
use headsup_lineage::graph::LineageGraph;
use headsup_lineage::name::{ColumnName, Quoting, RelationName};
use headsup_lineage::relation::{Reference, RelationId, RelationKind};
use serde_json::{Map, Value as Json};

use super::{DeclaredJob, Project};

/// What is defined.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Defined {
    /// What a report calls it: `metric:revenue`.
    pub name: Arc<str>,
    /// A measure, a dimension or an entity of it, by kind and name; `None` is the thing itself.
    pub part: Option<(&'static str, Arc<str>)>,
}

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// By key, without what is said for people only.
    pub said: BTreeMap<String, String>,
    /// The relations that it names.
    pub reads: Vec<Reference>,
    /// The file.
    pub path: Arc<str>,
    /// In which expressions are written.
    pub dialect: Dialect,
}

/// All by which a job is computed.
pub type DefinedBy = BTreeMap<Defined, Arc<Definition>>;

/// Keys that change nothing of what is computed, and those that dbt adds for itself.
const QUIET: [&str; 22] = [
    "config",
    "create_metric",
    "created_at",
    "depends_on",
    "description",
    "docs",
    "fqn",
    "group",
    "label",
    "meta",
    "metadata",
    "original_file_path",
    "owner",
    "package_name",
    "path",
    "refs",
    "resource_type",
    "source_file",
    "sources",
    "tags",
    "unique_id",
    "unrendered_config",
];

/// What an object says, by key; some of its keys are told in another way.
#[must_use]
pub fn said(object: &Map<String, Json>, elsewhere: &[&str]) -> BTreeMap<String, String> {
    let mut said = BTreeMap::new();
    for (key, value) in object.iter().filter(|(key, _)| *key != "name" && !elsewhere.contains(&key.as_str())) {
        add(&mut said, key.clone(), key, value);
    }
    said
}

fn add(said: &mut BTreeMap<String, String>, path: String, key: &str, value: &Json) {
    // Behind a key may stand what it is computed from in another environment.
    if QUIET.contains(&key.split(' ').next().unwrap_or(key)) {
        return;
    }
    match value {
        // To say no is to say nothing.
        Json::Null | Json::Bool(false) => {}
        Json::Object(object) => {
            for (key, value) in object {
                // `{name: x}` is `x`.
                let path = if key == "name" { path.clone() } else { format!("{path}.{key}") };
                add(said, path, key, value);
            }
        }
        Json::Array(items) => {
            let mut items: Vec<String> = items.iter().map(item).collect();
            // Of filters, metrics and groupings each counts, wherever it stands.
            if key != "order_by" {
                items.sort();
            }
            if !items.is_empty() {
                said.insert(path, items.join(", "));
            }
        }
        Json::String(text) => {
            said.insert(path, text.trim().to_owned());
        }
        other => {
            said.insert(path, other.to_string());
        }
    }
}

fn item(item: &Json) -> String {
    match item {
        Json::String(text) => text.trim().to_owned(),
        Json::Object(object) => {
            let kept = object
                .iter()
                .filter(|(key, value)| !value.is_null() && !matches!(key.as_str(), "description" | "label" | "meta"));
            let kept: Map<String, Json> = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
            match (kept.len(), kept.get("name")) {
                (1, Some(Json::String(name))) => name.clone(),
                _ => Json::Object(kept).to_string(),
            }
        }
        other => other.to_string(),
    }
}

/// What is defined otherwise in head, for the jobs of base that are computed by it.
#[must_use]
pub fn redefinitions(base: &Project, head: &Project, comparison: &Comparison) -> Vec<Redefinition> {
    let renamed = renamed(&all(base, &BTreeMap::new()), &all(head, &BTreeMap::new()));
    let (before, after) = (all(base, &renamed), all(head, &BTreeMap::new()));
    let versions = Versions { base, head, comparison, before: &before, after: &after };
    let both: BTreeSet<&Defined> = before.keys().chain(after.keys()).collect();
    let effects = both.into_iter().map(|defined| (defined, versions.effects(defined)));
    let differing: BTreeMap<&Defined, BTreeSet<Effect>> = effects.filter(|(_, effects)| !effects.is_empty()).collect();
    if differing.is_empty() {
        return Vec::new();
    }
    let mut found: BTreeMap<Arc<str>, Redefinition> = BTreeMap::new();
    let of_head: BTreeMap<&str, &DeclaredJob> = head.jobs.iter().map(|job| (job.name.as_str(), job)).collect();
    for job in &base.jobs {
        let now = of_head.get(job.name.as_str()).into_iter().flat_map(|now| now.definitions.keys().cloned());
        let computed_by = job.definitions.keys().map(|defined| defined.under(&renamed)).chain(now).collect();
        for defined in versions.concerned(job, computed_by, &differing) {
            let effects = &differing[&defined];
            let redefined = found.entry(Arc::clone(&defined.name)).or_insert_with(|| versions.redefinition(&defined));
            redefined.change.effects.extend(effects.iter().cloned());
            redefined.concerns.entry(Arc::from(&*job.name)).or_default().extend(effects.iter().cloned());
        }
    }
    let mut found: Vec<Redefinition> = found.into_values().collect();
    for redefined in &mut found {
        redefined.change.effects.sort();
        redefined.change.effects.dedup();
    }
    found
}

/// All definitions of a version.
type All<'a> = BTreeMap<Defined, &'a Definition>;

/// All that a version defines, what has another name now under that.
fn all<'a>(project: &'a Project, renamed: &BTreeMap<Arc<str>, Arc<str>>) -> All<'a> {
    let definitions = project.jobs.iter().flat_map(|job| &job.definitions);
    definitions.map(|(defined, definition)| (defined.under(renamed), &**definition)).collect()
}

/// What has another name in head: a semantic model that is gone, for another one that has a measure of it. The names of
/// measures are unique in a project.
fn renamed(before: &All<'_>, after: &All<'_>) -> BTreeMap<Arc<str>, Arc<str>> {
    let is_in = |all: &All<'_>, name: &Arc<str>| all.contains_key(&Defined { name: Arc::clone(name), part: None });
    let measures = |defined: &&Defined| matches!(defined.part, Some(("measure", _)));
    let new: BTreeMap<_, &Arc<str>> = after
        .keys()
        .filter(|defined| !is_in(before, &defined.name))
        .filter(measures)
        .map(|defined| (&defined.part, &defined.name))
        .collect();
    let gone = before.keys().filter(|defined| !is_in(after, &defined.name)).filter(measures);
    gone.filter_map(|defined| Some((Arc::clone(&defined.name), Arc::clone(new.get(&defined.part)?)))).collect()
}

/// Two versions whose definitions are compared.
struct Versions<'a> {
    base: &'a Project,
    head: &'a Project,
    comparison: &'a Comparison,
    before: &'a All<'a>,
    after: &'a All<'a>,
}

impl Versions<'_> {
    /// By what a job of base is computed otherwise.
    fn concerned(
        &self,
        job: &DeclaredJob,
        computed_by: BTreeSet<Defined>,
        differing: &BTreeMap<&Defined, BTreeSet<Effect>>,
    ) -> BTreeSet<Defined> {
        let is_gone = |defined: &Defined| !self.after.contains_key(defined);
        let mut all = computed_by;
        all.retain(|defined| differing.contains_key(defined));
        // Who asks for something else now does not miss what is gone; whose whole is gone does not ask for its parts.
        let asks_otherwise = all.iter().any(|defined| defined.part.is_none() && !is_gone(defined));
        all.retain(|defined| match is_gone(defined) {
            false => true,
            true if defined.part.is_some() && is_gone(&defined.whole()) => false,
            true => *defined.name == *job.name || !asks_otherwise,
        });
        all
    }

    /// What differs of one thing, still without its effects.
    fn redefinition(&self, defined: &Defined) -> Redefinition {
        let of_it = |(other, _): &(&Defined, &&Definition)| other.name == defined.name;
        let both = || self.before.iter().filter(of_it).chain(self.after.iter().filter(of_it));
        let files: BTreeSet<Arc<str>> = both().map(|(_, definition)| Arc::clone(&definition.path)).collect();
        let change = Change {
            id: RelationId::new(Arc::clone(&defined.name)),
            name: RelationName::label(&defined.name),
            kind: if self.after.contains_key(&defined.whole()) { ChangeKind::Modified } else { ChangeKind::Removed },
            effects: Vec::new(),
            files: files.into_iter().collect(),
            unknown: None,
        };
        let said = both().map(|(defined, definition)| format!("{defined:?} {:?}\n", definition.said));
        Redefinition { change, concerns: BTreeMap::new(), said: said.collect() }
    }

    fn effects(&self, defined: &Defined) -> BTreeSet<Effect> {
        let (before, after) = (self.before.get(defined).copied(), self.after.get(defined).copied());
        let column = |dialect| defined.column().map(|name| ColumnName::new(dialect, name, Quoting::Bare));
        let one = |kind, column, detail: String| BTreeSet::from([Effect { kind, column, detail: Some(detail) }]);
        match (before, after) {
            (Some(before), Some(after)) => {
                let (kind, column) = match column(after.dialect) {
                    Some(column) => (EffectKind::Revalued, Some(column)),
                    None => (EffectKind::Unspecified, None),
                };
                let mut effects: BTreeSet<Effect> = differences(before, after)
                    .map(|detail| Effect { kind, column: column.clone(), detail: Some(defined.phrase(&detail)) })
                    .collect();
                let detail = self.other_reads(before, after);
                effects.extend(detail.map(|detail| Effect::on_relation(EffectKind::Unspecified, detail)));
                effects
            }
            // What nobody draws any more is nobody's loss.
            (Some(_), None) if defined.is_exposure() => BTreeSet::new(),
            (Some(before), None) => match &defined.part {
                Some(("measure", name)) if let Some(owner) = self.owner_now(name) => {
                    one(EffectKind::Unspecified, None, format!("`{name}` is a measure of {owner} now"))
                }
                Some((kind, _)) => one(EffectKind::Removed, column(before.dialect), format!("the {kind} is gone")),
                None => one(EffectKind::Removed, None, "it is gone".to_owned()),
            },
            // A metric takes the place of the measure of its name.
            (None, Some(after)) if defined.part.is_none() && defined.column().is_some() => {
                one(EffectKind::Revalued, column(after.dialect), "it is defined by itself now".to_owned())
            }
            (None, _) => BTreeSet::new(),
        }
    }

    /// What has a measure in head.
    fn owner_now(&self, measure: &str) -> Option<&str> {
        let has = |defined: &&Defined| matches!(&defined.part, Some(("measure", name)) if **name == *measure);
        self.after.keys().find(has).map(|defined| &*defined.name)
    }

    /// Which relations a definition names in one version only. What is gone itself arrives by that.
    fn other_reads(&self, before: &Definition, after: &Definition) -> Option<String> {
        let of = |graph: &LineageGraph, reads: &[Reference]| -> BTreeMap<RelationId, String> {
            let found = reads.iter().flat_map(|read| graph.resolve(read, None));
            let known = found.map(|node| graph.relation(node)).filter(|found| found.kind != RelationKind::External);
            known.map(|found| (found.id.clone(), found.name.to_string())).collect()
        };
        let is_there = |id: &RelationId| self.head.graph.by_id(id).is_some();
        let (was, is) = (of(&self.base.graph, &before.reads), of(&self.head.graph, &after.reads));
        let was: BTreeMap<&RelationId, &String> =
            was.iter().map(|(id, name)| (self.comparison.now(id), name)).collect();
        let list = |names: Vec<&str>| names.join("`, `");
        let new = list(is.iter().filter(|(id, _)| !was.contains_key(id)).map(|(_, name)| name.as_str()).collect());
        let old = was.iter().filter(|(id, _)| !is.contains_key(**id) && is_there(id));
        let old = list(old.map(|(_, name)| name.as_str()).collect());
        match (new.is_empty(), old.is_empty()) {
            (true, true) => None,
            (false, true) => Some(format!("it reads `{new}` as well now")),
            (true, false) => Some(format!("it no longer reads `{old}`")),
            (false, false) => Some(format!("it reads `{new}` and no longer `{old}`")),
        }
    }
}

impl Defined {
    fn whole(&self) -> Self {
        Self { name: Arc::clone(&self.name), part: None }
    }

    /// The same by its name in head.
    fn under(&self, renamed: &BTreeMap<Arc<str>, Arc<str>>) -> Self {
        let name = renamed.get(&self.name).unwrap_or(&self.name);
        Self { name: Arc::clone(name), part: self.part.clone() }
    }

    /// The column that asks for it; none where it is no value, or several.
    fn column(&self) -> Option<&str> {
        match &self.part {
            Some(("entity", _)) => None,
            Some((_, name)) => Some(name),
            None => self.name.strip_prefix("metric:"),
        }
    }

    fn is_exposure(&self) -> bool {
        self.name.starts_with("exposure:")
    }

    fn phrase(&self, detail: &str) -> String {
        match &self.part {
            Some((kind @ "entity", name)) => format!("{kind} `{name}` is defined otherwise, {detail}"),
            _ => format!("defined otherwise, {detail}"),
        }
    }
}

/// What is said otherwise, a phrase a key.
fn differences<'d>(before: &'d Definition, after: &'d Definition) -> impl Iterator<Item = String> + 'd {
    let keys: BTreeSet<&String> = before.said.keys().chain(after.said.keys()).collect();
    keys.into_iter().filter_map(|key| {
        let called = key.split(' ').next().unwrap_or(key);
        Some(match (before.said.get(key), after.said.get(key)) {
            (Some(before), Some(is)) if compare_texts(before, is, after.dialect) != TextComparison::Different => {
                return None;
            }
            (Some(before), Some(after)) => format!("`{called}`: {} → {}", short(before), short(after)),
            (Some(before), None) => format!("`{called}` is gone: {}", short(before)),
            (None, Some(after)) => format!("`{called}` is new: {}", short(after)),
            (None, None) => return None,
        })
    })
}

/// The beginning of a text, in one line.
fn short(text: &str) -> String {
    const MOST: usize = 120;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests;
