//! Property files: what YAML says of models, seeds, snapshots and sources, and the exposures and
//! groups that it declares. Values are taken as they stand; who reads them renders them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headsup_lineage::diagnostic::{Diagnostic, Position};
use headsup_lineage::dialect::Dialect;
use headsup_lineage::name::{ColumnName, Quoting, RelationName};
use headsup_lineage::query::{DeclaredColumn, DeclaredKey, ForeignKey, KeyKind, Nullability, TableSchema};
use serde_json::{Map, Value as Json};

use super::proof::{Test, tests};
use crate::project::{Contact, OwnerClaim, OwnerRule};

/// An object of a YAML file.
pub(in crate::project) type Object = Map<String, Json>;

/// One entry of a property file and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// What it says.
    pub(super) said: Arc<Object>,
    /// The file.
    pub(super) path: Arc<str>,
    /// The path of the file within its folder, which decides which project configuration applies.
    pub(super) inner: Arc<str>,
    /// Where in the file.
    pub(super) position: Position,
}

/// A source and its tables.
#[derive(Debug, Clone)]
pub(super) struct SourceEntry {
    /// The source's own entry, without its tables.
    pub(super) source: Entry,
    /// What is said of each table, and where.
    pub(super) tables: Vec<(Arc<Object>, Position)>,
}

/// What one property file declares.
#[derive(Debug, Default)]
pub(super) struct PropertyFile {
    patches: Vec<((&'static str, String), Entry)>,
    sources: Vec<Arc<SourceEntry>>,
    exposures: Vec<Entry>,
    semantic_models: Vec<Entry>,
    metrics: Vec<Entry>,
    saved_queries: Vec<Entry>,
    groups: Vec<(String, Arc<Object>)>,
}

/// Everything that the property files of one package declare.
#[derive(Debug, Default)]
pub(super) struct Properties {
    /// What is said of models, seeds and snapshots, by section and name.
    pub(super) patches: BTreeMap<(&'static str, String), Entry>,
    /// The names of those models that have versions.
    pub(super) versioned: BTreeSet<String>,
    /// The sources with their tables.
    pub(super) sources: Vec<Arc<SourceEntry>>,
    /// The exposures.
    pub(super) exposures: Vec<Entry>,
    /// The semantic models.
    pub(super) semantic_models: Vec<Entry>,
    /// The metrics.
    pub(super) metrics: Vec<Entry>,
    /// The saved queries.
    pub(super) saved_queries: Vec<Entry>,
    /// Owners by group.
    pub(super) groups: BTreeMap<String, Arc<Object>>,
}

/// The name that an entry gives itself.
pub(super) fn name(said: &Object) -> Option<&str> {
    said.get("name").and_then(Json::as_str)
}

/// The objects of a list.
pub(super) fn objects<'a>(said: &'a Object, key: &str) -> impl Iterator<Item = &'a Object> {
    said.get(key).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_object)
}

/// The objects of a list, taken out of it.
fn taken(file: &mut Object, key: &str) -> Vec<Object> {
    let Some(Json::Array(items)) = file.remove(key) else { return Vec::new() };
    let objects = items.into_iter().filter_map(|item| match item {
        Json::Object(object) => Some(object),
        _ => None,
    });
    objects.collect()
}

impl PropertyFile {
    /// What a file declares; `inner` is its path within its folder.
    pub(super) fn of(path: &Arc<str>, inner: &str, text: &str, file: Json) -> Self {
        let mut declared = Self::default();
        let Json::Object(mut file) = file else { return declared };
        let inner: Arc<str> = Arc::from(inner);
        let entry = |said: Object, position: Position| Entry {
            said: Arc::new(said),
            path: Arc::clone(path),
            inner: Arc::clone(&inner),
            position,
        };
        for section in ["models", "seeds", "snapshots", "functions"] {
            let mut places = Places::from(text, section);
            for said in taken(&mut file, section) {
                let Some(name) = name(&said).map(ToOwned::to_owned) else { continue };
                let position = places.find(&name);
                declared.patches.push(((section, name), entry(said, position)));
            }
        }
        let mut places = Places::from(text, "sources");
        for mut source in taken(&mut file, "sources") {
            let tables = taken(&mut source, "tables");
            let Some(source_name) = name(&source).map(ToOwned::to_owned) else { continue };
            let position = places.find(&source_name);
            let tables = tables.into_iter().filter_map(|table| {
                let position = places.find(name(&table)?);
                Some((Arc::new(table), position))
            });
            let tables = tables.collect();
            declared.sources.push(Arc::new(SourceEntry { source: entry(source, position), tables }));
        }
        let consumers = [
            ("exposures", &mut declared.exposures),
            ("semantic_models", &mut declared.semantic_models),
            ("metrics", &mut declared.metrics),
            ("saved_queries", &mut declared.saved_queries),
        ];
        for (section, entries) in consumers {
            let mut places = Places::from(text, section);
            for said in taken(&mut file, section) {
                let Some(name) = name(&said).map(ToOwned::to_owned) else { continue };
                let position = places.find(&name);
                entries.push(entry(said, position));
            }
        }
        for said in taken(&mut file, "groups") {
            if let Some(name) = name(&said).map(ToOwned::to_owned) {
                declared.groups.push((name, Arc::new(said)));
            }
        }
        declared
    }
}

impl Properties {
    /// Adds what a file declares.
    pub(super) fn add(&mut self, file: &PropertyFile, diagnostics: &mut Vec<Diagnostic>) {
        for (key, entry) in &file.patches {
            if let Some(other) = self.patches.get(key) {
                diagnostics.push(
                    Diagnostic::warning(
                        "duplicate-properties",
                        format!("`{}` is described here and in {}", key.1, other.path),
                    )
                    .in_file(&*entry.path)
                    .at(entry.position)
                    .hint("dbt refuses two descriptions of one node; the first is used"),
                );
                continue;
            }
            if key.0 == "models" && entry.said.contains_key("versions") {
                self.versioned.insert(key.1.clone());
            }
            self.patches.insert(key.clone(), entry.clone());
        }
        self.sources.extend(file.sources.iter().cloned());
        self.exposures.extend(file.exposures.iter().cloned());
        self.semantic_models.extend(file.semantic_models.iter().cloned());
        self.metrics.extend(file.metrics.iter().cloned());
        self.saved_queries.extend(file.saved_queries.iter().cloned());
        self.groups.extend(file.groups.iter().cloned());
    }
}

/// Finds `name: x` lines in the order of the file; the YAML reader gives no places.
struct Places<'a> {
    text: &'a str,
    from: usize,
    /// The number of the line that starts at `from`, from one.
    line: u32,
}

impl<'a> Places<'a> {
    /// Looks from where a section starts.
    fn from(text: &'a str, section: &str) -> Self {
        let from = section_start(text, section);
        let lines = text[..from].bytes().filter(|byte| *byte == b'\n').count();
        Self { text, from, line: u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(1) }
    }

    fn find(&mut self, name: &str) -> Position {
        let (mut at, mut number) = (self.from, self.line);
        for line in self.text[self.from..].split_inclusive('\n') {
            let plain = line.trim().trim_start_matches('-').trim_start();
            if let Some(value) = plain.strip_prefix("name:") {
                let value = value.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']);
                if value == name {
                    let column = line.find("name:").unwrap_or(0);
                    self.from = at + line.len();
                    self.line = number.saturating_add(1);
                    return Position::new(number, crate::text::position(line, column).column);
                }
            }
            at += line.len();
            number = number.saturating_add(1);
        }
        Position::START
    }
}

fn section_start(text: &str, section: &str) -> usize {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.strip_prefix(section).is_some_and(|rest| rest.trim_start().starts_with(':')) {
            return at;
        }
        at += line.len();
    }
    0
}

/// The columns and keys that an entry declares, by tests, constraints and types.
pub(in crate::project) fn schema(said: &Object, dialect: Dialect) -> TableSchema {
    let named = |name: &str, quoting| ColumnName::new(dialect, name, quoting);
    let column = |name: &str| named(name, Quoting::Bare);
    let mut schema = TableSchema::default();
    let mut key = |columns: Vec<ColumnName>, kind: KeyKind| {
        let key = DeclaredKey { columns, kind };
        if !key.columns.is_empty() && !schema.keys.contains(&key) {
            schema.keys.push(key);
        }
    };
    for entry in objects(said, "columns") {
        let Some(name) = name(entry) else { continue };
        // The test asks for it as it is declared: where names are folded, in quotes that may be another column.
        let is_quoted = entry.get("quote").and_then(super::config::truthy) == Some(true);
        let own = named(name, if is_quoted { Quoting::Quoted } else { Quoting::Bare });
        let mut nullability = Nullability::Nullable;
        for test in tests(entry) {
            match test.name.as_str() {
                "unique" if test.proves() => key(vec![own.clone()], KeyKind::Unique),
                "not_null" if test.proves() => nullability = Nullability::NotNull,
                "relationships" if test.proves() => schema.references.extend(foreign_key(&test, own.clone(), dialect)),
                _ => {}
            }
        }
        for constraint in objects(entry, "constraints") {
            match constraint.get("type").and_then(Json::as_str) {
                Some("primary_key") => {
                    nullability = Nullability::NotNull;
                    key(vec![own.clone()], KeyKind::Primary);
                }
                Some("unique") => key(vec![own.clone()], KeyKind::Unique),
                Some("not_null") => nullability = Nullability::NotNull,
                Some("foreign_key") => {
                    schema.references.extend(foreign_key_of(constraint, vec![own.clone()], dialect));
                }
                _ => {}
            }
        }
        let data_type = entry.get("data_type").and_then(Json::as_str).unwrap_or_default();
        let data_type = data_type.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase();
        schema.columns.push(DeclaredColumn { name: own, data_type, nullability });
    }
    let names = |value: Option<&Json>| -> Vec<ColumnName> {
        value.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).map(column).collect()
    };
    for test in tests(said).iter().filter(|test| test.proves()) {
        match test.name.as_str() {
            "dbt_utils.unique_combination_of_columns" => {
                key(names(test.arguments.get("combination_of_columns")), KeyKind::Unique);
            }
            // Of a model as a whole it says which column, or which columns put together.
            "unique" => {
                let of = test.arguments.get("column_name").and_then(Json::as_str).filter(|text| is_column(text));
                key(of.map(column).into_iter().collect(), KeyKind::Unique);
            }
            _ => {}
        }
    }
    for constraint in objects(said, "constraints") {
        match constraint.get("type").and_then(Json::as_str) {
            Some("primary_key") => key(names(constraint.get("columns")), KeyKind::Primary),
            Some("unique") => key(names(constraint.get("columns")), KeyKind::Unique),
            Some("foreign_key") => {
                let columns = names(constraint.get("columns"));
                schema.references.extend(foreign_key_of(constraint, columns, dialect));
            }
            _ => {}
        }
    }
    schema
}

/// Whether a text is a column's name, and no expression.
fn is_column(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}

/// A constraint that refers to another table, by `to` and `to_columns`; what its `expression` says is the
/// warehouse's own language.
fn foreign_key_of(constraint: &Object, columns: Vec<ColumnName>, dialect: Dialect) -> Option<ForeignKey> {
    let relation = named_by(constraint.get("to")?.as_str()?, dialect);
    let to = constraint.get("to_columns").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    let relation_columns = to.map(|name| ColumnName::new(dialect, name, Quoting::Bare)).collect();
    (!columns.is_empty() && !relation.is_empty()).then_some(ForeignKey { columns, relation, relation_columns })
}

/// The relation that `ref(…)` or `source(…)` names.
fn named_by(to: &str, dialect: Dialect) -> RelationName {
    let mut names: Vec<&str> = to.split(['\'', '"']).skip(1).step_by(2).collect();
    // `ref('package', 'model')` names a package, `source('shop', 'orders')` a source.
    if to.trim_start().trim_start_matches("{{").trim_start().starts_with("ref") && names.len() > 1 {
        names.drain(..names.len() - 1);
    }
    RelationName::bare(dialect, names)
}

fn foreign_key(test: &Test, column: ColumnName, dialect: Dialect) -> Option<ForeignKey> {
    let to = test.arguments.get("to")?.as_str()?;
    let field = test.arguments.get("field").and_then(Json::as_str);
    Some(ForeignKey {
        columns: vec![column],
        relation: named_by(to, dialect),
        relation_columns: field.into_iter().map(|field| ColumnName::new(dialect, field, Quoting::Bare)).collect(),
    })
    .filter(|key| !key.relation.is_empty())
}

/// Whom an `owner` names: a text, or an object with a name, addresses and a channel.
pub(in crate::project) fn contact(owner: &Json) -> Option<Contact> {
    let texts = |value: Option<&Json>| -> Vec<String> {
        match value {
            Some(Json::String(text)) => {
                text.split([',', ';']).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
            }
            Some(Json::Array(items)) => items.iter().filter_map(Json::as_str).map(ToOwned::to_owned).collect(),
            _ => Vec::new(),
        }
    };
    let contact = match owner {
        Json::String(text) if text.trim().is_empty() => return None,
        Json::String(text) => one(text.trim()),
        Json::Array(items) => {
            let mut all = Contact::default();
            for item in items.iter().filter_map(contact) {
                all.name = all.name.or(item.name);
                all.emails.extend(item.emails);
                all.channel = all.channel.or(item.channel);
            }
            all
        }
        Json::Object(owner) => {
            let text = |keys: &[&str]| {
                keys.iter().find_map(|key| owner.get(*key)).and_then(Json::as_str).map(ToOwned::to_owned)
            };
            Contact {
                name: text(&["name", "team"]),
                emails: texts(owner.get("email").or_else(|| owner.get("emails"))),
                channel: text(&["slack", "channel", "slack_channel"]),
            }
        }
        _ => return None,
    };
    (contact != Contact::default()).then_some(contact)
}

fn one(text: &str) -> Contact {
    match text {
        channel if channel.starts_with('#') => Contact { channel: Some(channel.to_owned()), ..Contact::default() },
        email if email.contains('@') && !email.starts_with('@') && !email.contains(' ') => {
            Contact { emails: vec![email.to_owned()], ..Contact::default() }
        }
        name => Contact { name: Some(name.to_owned()), ..Contact::default() },
    }
}

/// The owner that a `meta` names, by a rule.
pub(in crate::project) fn meta_owner(meta: Option<&Json>, rule: OwnerRule) -> Option<OwnerClaim> {
    let meta = meta?.as_object()?;
    let owner = ["owner", "owners", "team"].iter().find_map(|key| meta.get(*key))?;
    let mut contact = contact(owner)?;
    let channel = ["slack", "slack_channel", "channel"].iter().find_map(|key| meta.get(*key)).and_then(Json::as_str);
    contact.channel = contact.channel.or_else(|| channel.map(ToOwned::to_owned));
    Some(OwnerClaim { rule, contact })
}
