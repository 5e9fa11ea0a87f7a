//! In which columns NULL never stands: those that are declared so, and those that only ever hold what
//! such a column holds. It must not know SQL.

use std::collections::BTreeSet;

use crate::dependency::{Dependency, EdgeKind, Extent, Rest, Shape, Slot};
use crate::filling::RowsOf;
use crate::hashing::HashMap;
use crate::name::ColumnName;
use crate::query::Nullability;
use crate::relation::{Body, Relation};

use super::reading::{Reading, Text};
use super::{Composer, history};

/// The columns of a relation in which NULL never stands; what it reads has been gone through.
pub(super) fn never_null(
    relation: &Relation,
    shape: &Shape,
    reading: &Reading,
    composer: &Composer<'_>,
) -> BTreeSet<ColumnName> {
    let declared = relation.schema.columns.iter().filter(|column| column.nullability == Nullability::NotNull);
    let mut columns: BTreeSet<ColumnName> = declared.map(|column| column.name.clone()).collect();
    let Some(text) = only_text(relation, reading) else { return columns };
    // Grouping sets put NULL in the place of keys, and what fills every column fills each with anything.
    let is_grouped = text.filled.rows.iter().any(|on| on.kind == EdgeKind::GroupBy);
    if is_grouped || !text.filled.every.is_empty() || !text.filled.others.is_empty() {
        return columns;
    }
    let is_known = |node: &super::Node| composer.never_null.get(node.0.index()).is_some_and(Option::is_some);
    if !text.inputs.iter().flatten().any(is_known) {
        return columns;
    }
    let added = history::columns(relation);
    let mut sources: HashMap<&ColumnName, Vec<&Dependency>> = HashMap::default();
    for column in &text.filled.columns {
        sources.entry(&column.name).or_default().extend(&column.sources);
    }
    let source = Source { text, sources, reading, composer };
    let passed = shape.columns.iter().filter(|column| !added.contains(column) && source.passes(column));
    columns.extend(passed.cloned());
    columns
}

/// The text of a relation that holds what one query returns, and nothing from before, where that makes each row of
/// rows that it reads.
fn only_text<'r>(relation: &Relation, reading: &'r Reading) -> Option<&'r Text> {
    let is_kept = relation.config.get("materialized").is_some_and(|kind| kind.contains("incremental"));
    let ([writer], [written]) = (relation.writers.as_slice(), reading.writers.as_slice()) else { return None };
    let is_one = matches!(&writer.body, Body::Sql { variants, .. } if variants.len() == 1);
    let is_followed = written.unfollowed.is_empty() && reading.builders.is_empty() && writer.incomplete.is_none();
    let [text] = written.texts.as_slice() else { return None };
    (is_one && is_followed && !is_kept && text.filled.rows_of == RowsOf::Read).then_some(text)
}

/// A text whose columns may pass on what they hold.
struct Source<'a> {
    text: &'a Text,
    /// What each column that has a name is made of.
    sources: HashMap<&'a ColumnName, Vec<&'a Dependency>>,
    reading: &'a Reading,
    composer: &'a Composer<'a>,
}

impl Source<'_> {
    /// Whether a column is, wherever it comes from, a column that is never NULL as it is. One that an outer
    /// join can leave without a row depends on that join as well.
    fn passes(&self, column: &ColumnName) -> bool {
        let named = self.sources.get(column).into_iter().flatten();
        let starred = self.text.filled.rest.iter().filter(|rest| !rest.except.contains(column));
        let mut comes = named.map(|on| self.is_never_null(on)).chain(starred.map(|rest| self.flows(rest, column)));
        let mut any = false;
        comes.all(|never_null| {
            any = true;
            never_null
        }) && any
    }

    fn is_never_null(&self, on: &Dependency) -> bool {
        let Slot::Column(path) = &on.on else { return false };
        let nodes = self.text.meant(on, &|node| self.composer.known(node));
        on.kind == EdgeKind::Identity
            && path.fields().is_empty()
            && !nodes.is_empty()
            && nodes.iter().all(|node| self.has_no_null(*node, &path.column))
    }

    /// Whether a column that a `*` passes on is one that is never NULL where it comes from.
    fn flows(&self, rest: &Rest, column: &ColumnName) -> bool {
        let from = self.text.inputs.get(rest.input.index()).map(Vec::as_slice).unwrap_or_default();
        let may_have = |node: &&super::Node| {
            let shape = self.composer.known(**node);
            shape.is_none_or(|shape| shape.extent == Extent::Open || shape.columns.contains(column))
        };
        let mut from = from.iter().filter(may_have).peekable();
        rest.kind == EdgeKind::Identity
            && rest.inside.is_none()
            && rest.also.is_empty()
            && from.peek().is_some()
            && from.all(|node| self.has_no_null(*node, column))
    }

    fn has_no_null(&self, node: super::Node, column: &ColumnName) -> bool {
        let known = self.composer.never_null.get(node.0.index()).and_then(Option::as_ref);
        node != self.reading.node && known.is_some_and(|known| known.contains(column))
    }
}
