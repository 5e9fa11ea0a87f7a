//! What files ask of dbt's target in one of two versions and not in the other: both are to be rendered for the same
//! targets, that they can be compared. It must not know how templates are rendered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headsup_lineage::relation::{Body, Relation};

use super::dbt::{Tests, tests_of_target};
use crate::snapshot::Snapshot;

/// The files of templates that do not ask the same of the target in two versions, with what they ask in either; nothing where
/// one of them asks more than whether a part of the target is some text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elsewhere {
    files: BTreeMap<Arc<str>, Option<Tests>>,
}

/// No files.
pub(super) static NOTHING: Elsewhere = Elsewhere { files: BTreeMap::new() };

impl Elsewhere {
    /// Those of two versions.
    pub(super) fn between(base: &Snapshot, head: &Snapshot) -> Self {
        let paths = base.files().chain(head.files()).map(|(path, _)| path);
        let differing: BTreeSet<&Arc<str>> =
            paths.filter(|path| path.ends_with(".sql") && base.id(path) != head.id(path)).collect();
        let of = |side: &Snapshot, path: &str| match side.id(path) {
            Some(_) => side.text(path).ok().and_then(|text| tests_of_target(&text)),
            None => Some(Tests::new()),
        };
        let asked = |path: &Arc<str>| {
            let (was, is) = (of(base, path), of(head, path));
            let both = was.clone().zip(is.clone()).map(|(was, is)| was.into_iter().chain(is).collect());
            (was != is).then(|| (Arc::clone(path), both))
        };
        Self { files: differing.into_iter().filter_map(asked).collect() }
    }

    /// What a text in a file asks of the target: where the file asks otherwise in one of two versions, all that it asks in
    /// either, so that both are rendered for the same targets. None if it asks more than whether a part of the target is
    /// some text.
    pub(super) fn tests(&self, path: &str, text: &str) -> Option<Tests> {
        self.files.get(path).map_or_else(|| tests_of_target(text), Clone::clone)
    }

    /// Whether what a relation is built by is to be rendered for the targets of both versions.
    pub(super) fn concerns(&self, relation: &Relation) -> bool {
        let files = relation.writers.iter().filter_map(|writer| match &writer.body {
            Body::Sql { conditions: Some(conditions), .. } => Some(&conditions.files),
            _ => None,
        });
        !self.files.is_empty() && files.into_iter().any(|files| files.iter().any(|path| self.files.contains_key(path)))
    }
}
