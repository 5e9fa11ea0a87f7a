//! Where the rows that a text gives come from.

use crate::query::Script;
use crate::query::block::{Block, BlockKind, FromItem, Source};

use super::Filling;

/// Where the rows that a text gives come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowsOf {
    /// Each is made of rows of what is read, and of nothing else.
    Read,
    /// Some may be written out, or made of values: a branch of a UNION can be NULL without reading anything.
    #[default]
    Made,
}

impl RowsOf {
    /// Where those come from that a part of a script gives.
    pub(super) fn of(filling: &Filling, script: &Script) -> Self {
        let [statement] = filling.statements.as_slice() else { return Self::Made };
        let statement = script.statements.get(*statement);
        let Some(queries) = statement.and_then(|statement| statement.queries.as_ref()) else { return Self::Made };
        let is_plain = |block: &Block| match &block.kind {
            BlockKind::Select(select) => {
                !select.from.is_empty() && select.hierarchy.is_empty() && select.from.iter().all(is_of_rows)
            }
            BlockKind::SetOperation(_) | BlockKind::Values(_) => false,
        };
        if queries.tree.blocks().all(|(_, block)| is_plain(block)) { Self::Read } else { Self::Made }
    }
}

/// Whether an item of FROM is a relation or made of such.
fn is_of_rows(item: &FromItem) -> bool {
    match &item.source {
        Source::Relation { .. } | Source::Block(_) => true,
        Source::Nested(items) => items.iter().all(is_of_rows),
        _ => false,
    }
}
