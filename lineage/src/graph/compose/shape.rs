//! The columns and keys of a relation, from its queries, its declaration, and lists from outside.

use std::collections::BTreeSet;

use crate::dependency::{Extent, Ground, Key, Proof, Shape};
use crate::dialect::Dialect;
use crate::filling::Filled;
use crate::graph::tables::Tables;
use crate::hashing::HashSet;
use crate::name::{ColumnName, Quoting};
use crate::query::{DeclaredKey, KeyKind, TableSchema};
use crate::relation::{Declaration, Relation};

use super::history;
use super::names::each_once;

/// What is said of a relation's columns beside its queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// CREATE TABLE or the header of a seed: it has these.
    Declared,
    /// A list from outside: it has these, as far as queries do not say otherwise.
    Listed,
    /// A property file: these are among them.
    Described,
}

/// A shape in the making.
pub(super) struct Draft<'a> {
    relation: &'a Relation,
    said: Said,
    said_columns: Vec<ColumnName>,
    filled: Vec<ColumnName>,
    seen: HashSet<ColumnName>,
    /// Whether a query gives all columns there are.
    all: Completeness,
    /// What is unique in each of the texts that fill it; `None` before the first.
    keys: Option<Vec<Key>>,
}

/// Whether all columns that queries give are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Completeness {
    /// No query says so.
    Unsaid,
    /// One does.
    Whole,
    /// A query gives columns that are not known.
    Vague,
}

impl<'a> Draft<'a> {
    pub(super) fn new(relation: &'a Relation, tables: &Tables) -> Self {
        let names = |schema: &TableSchema| schema.columns.iter().map(|column| column.name.clone()).collect();
        let (said, said_columns) = match (relation.declaration, tables.find(relation)) {
            (Declaration::Ddl, _) if !relation.schema.columns.is_empty() => (Said::Declared, names(&relation.schema)),
            (_, Some(listed)) => (Said::Listed, names(listed)),
            (_, None) => (Said::Described, names(&relation.schema)),
        };
        Self {
            relation,
            said,
            said_columns,
            filled: Vec::new(),
            seen: HashSet::default(),
            all: Completeness::Unsaid,
            keys: None,
        }
    }

    /// The columns that values without names go to, in order.
    pub(super) fn places(&self) -> &[ColumnName] {
        match self.said {
            Said::Declared | Said::Listed => &self.said_columns,
            Said::Described => &[],
        }
    }

    /// Adds what a text fills.
    pub(super) fn take(&mut self, filled: &Filled) {
        for column in &filled.columns {
            if self.seen.insert(column.name.clone()) {
                self.filled.push(column.name.clone());
            }
        }
        let is_vague = !filled.rest.is_empty() || !filled.others.is_empty();
        self.all = self.all.max(match filled.extent {
            _ if is_vague => Completeness::Vague,
            Extent::Closed => Completeness::Whole,
            Extent::Open => Completeness::Unsaid,
        });
        self.keys = Some(match self.keys.take() {
            None => filled.keys.clone(),
            Some(keys) => {
                let holds = |key: &Key| filled.keys.iter().any(|other| other.columns.is_subset(&key.columns));
                keys.into_iter().filter(holds).collect()
            }
        });
    }

    /// Adds that something fills it that is not understood.
    pub(super) fn take_unknown(&mut self) {
        self.all = Completeness::Vague;
        self.keys = Some(Vec::new());
    }

    /// What is known now.
    pub(super) fn shape(&self) -> Shape {
        let (first, then, extent): (&[ColumnName], &[ColumnName], _) = match (self.said, self.all) {
            (Said::Declared, _) => (&self.said_columns, &self.filled, Extent::Closed),
            (_, Completeness::Whole) => (&self.filled, &[], Extent::Closed),
            (Said::Listed, _) => (&self.filled, &self.said_columns, Extent::Closed),
            (Said::Described, _) => (&self.filled, &self.said_columns, Extent::Open),
        };
        let of_history = if self.filled.is_empty() { Vec::new() } else { history::columns(self.relation) };
        let columns = each_once(first.iter().chain(then).chain(&of_history));
        let several = self.relation.writers.len() > 1;
        let mut keys = self.keys.clone().filter(|_| !several).unwrap_or_default();
        keys.extend(declared_keys(self.relation));
        keys.sort();
        keys.dedup();
        Shape { columns, extent, keys: keys.into() }
    }
}

/// What is known of a relation that others build, or nothing does, with what is known of those: a declared source
/// is what builds it.
pub(super) fn with_builders(mut shape: Shape, builders: &[Shape]) -> Shape {
    if builders.is_empty() {
        return shape;
    }
    let of_builders = builders.iter().flat_map(|built| built.columns.iter());
    shape.columns = each_once(shape.columns.iter().chain(of_builders));
    if let [only] = builders {
        shape.extent = only.extent;
        shape.keys = shape.keys.iter().chain(only.keys.iter()).cloned().collect();
    }
    shape
}

/// Whether an incremental strategy replaces the rows of the same unique key, each by one.
fn replaces_by_key(strategy: Option<&str>, dialect: Dialect) -> bool {
    // delete+insert keeps what a run brings twice, and the others do not look at the key.
    match strategy {
        Some(strategy) => strategy == "merge",
        None => matches!(dialect, Dialect::Snowflake | Dialect::BigQuery | Dialect::Databricks),
    }
}

fn declared_keys(relation: &Relation) -> Vec<Key> {
    let key = |columns: BTreeSet<ColumnName>, how: &str| Key {
        columns,
        proof: Proof { steps: vec![format!("unique in {} ({how})", relation.name)], ground: Ground::Declared },
    };
    let of_schema = |declared: &DeclaredKey| {
        let how = match (declared.kind, relation.declaration) {
            (KeyKind::Primary, _) => "primary key",
            (KeyKind::Unique, Declaration::Ddl) => "unique constraint",
            (KeyKind::Unique, Declaration::Described) => "unique test or constraint",
        };
        key(declared.columns.iter().cloned().collect(), how)
    };
    let mut keys: Vec<Key> = relation.schema.keys.iter().map(of_schema).collect();
    let said = |name: &str| relation.config.get(name).map(|value| &**value);
    if let (Some("incremental"), Some(columns)) = (said("materialized"), said("unique_key"))
        && replaces_by_key(said("incremental_strategy"), history::dialect(relation))
    {
        // dbt merges by these, so that a row replaces the one before it.
        let list = columns.strip_prefix('[').and_then(|list| list.strip_suffix(']'));
        let names = list.map_or_else(|| vec![columns], |list| list.split(',').collect());
        let is_name = |name: &&str| name.chars().all(|c| c.is_alphanumeric() || c == '_');
        let names: Vec<&str> = names.into_iter().map(|name| name.trim().trim_matches('"')).collect();
        if names.iter().all(is_name) {
            let names = names.iter().map(|name| ColumnName::new(history::dialect(relation), name, Quoting::Bare));
            keys.push(key(names.collect(), "unique_key of its configuration"));
        }
    }
    keys
}
