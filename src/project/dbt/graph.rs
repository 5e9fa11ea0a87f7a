//! What `ref` and `source` mean, once every node has been found.

use std::collections::BTreeMap;

use super::engine::RefCall;
use super::relation::TableName;

/// A node that can be referred to.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its id.
    pub(super) id: String,
    /// Its package.
    pub(super) package: String,
    /// The table that it builds.
    pub(super) table: TableName,
    /// Its version, where it has one.
    pub(super) version: Option<String>,
    /// Whether `ref` without a version means it.
    pub(super) is_latest: bool,
}

/// Every node by its name.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// The package that the run is about.
    pub(super) root: String,
    /// Whether a package looks into itself before it looks into the root.
    pub(super) own_first: bool,
    /// Models, seeds and snapshots by name.
    pub(super) nodes: BTreeMap<String, Vec<Entry>>,
    /// Sources by source and table.
    pub(super) sources: BTreeMap<(String, String), Vec<Entry>>,
    /// Names of nodes that are switched off, with their files.
    pub(super) disabled: BTreeMap<String, String>,
}

impl Graph {
    /// The packages to search, in order; `None` is any.
    fn order<'a>(&'a self, package: &'a str) -> Vec<Option<&'a str>> {
        if package == self.root {
            vec![Some(package), None]
        } else if self.own_first {
            vec![Some(package), Some(&self.root), None]
        } else {
            vec![Some(&self.root), Some(package), None]
        }
    }

    fn search<'a>(&self, entries: &'a [Entry], order: &[Option<&str>], fits: impl Fn(&Entry) -> bool) -> Option<&'a Entry> {
        order.iter().find_map(|package| {
            entries.iter().find(|entry| package.is_none_or(|package| package == entry.package) && fits(entry))
        })
    }

    /// What `ref` means in a package.
    pub(super) fn reference(&self, package: &str, call: &RefCall) -> Option<&Entry> {
        let entries = self.nodes.get(&call.name)?;
        let order = match &call.package {
            Some(named) => vec![Some(named.as_str())],
            None => self.order(package),
        };
        self.search(entries, &order, |entry| match &call.version {
            Some(version) => entry.version.as_deref() == Some(version.trim_start_matches('v')),
            None => entry.is_latest,
        })
    }

    /// What `source` means in a package.
    pub(super) fn source(&self, package: &str, source: &str, table: &str) -> Option<&Entry> {
        let entries = self.sources.get(&(source.to_owned(), table.to_owned()))?;
        self.search(entries, &self.order(package), |_| true)
    }
}
