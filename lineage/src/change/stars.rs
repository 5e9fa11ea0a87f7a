//! Where stars stand beside other columns. The columns of a star that nobody knows have no places in the form of a
//! query, so what stands before and behind it has to be seen in what was written. It must not know what the columns
//! are for.

use crate::query::Queries;
use crate::query::block::{BlockKind, ProjectionKind};

/// What a SELECT gives at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Item {
    Star,
    Column,
}

/// What each SELECT gives that has a star beside other columns, in order; the SELECTs in no order.
pub(super) fn beside_others(queries: &Queries) -> Vec<Vec<Item>> {
    let item = |kind: &ProjectionKind| match kind {
        ProjectionKind::Star(_) | ProjectionKind::Fields(..) => Item::Star,
        ProjectionKind::Expr(..) | ProjectionKind::Several(..) => Item::Column,
    };
    let lists = queries.tree.blocks().filter_map(|(_, block)| match &block.kind {
        BlockKind::Select(select) => Some(select.projection.iter().map(|one| item(&one.kind)).collect::<Vec<_>>()),
        BlockKind::SetOperation(_) | BlockKind::Values(_) => None,
    });
    let mut beside: Vec<Vec<Item>> = lists.filter(|list| list.len() > 1 && list.contains(&Item::Star)).collect();
    beside.sort_unstable();
    beside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use crate::parse::parse;

    #[test]
    fn what_stands_before_and_behind_a_star_counts() {
        let lists = |text: &str| {
            let script = parse(text, Dialect::Postgres);
            beside_others(script.statements[0].queries.as_ref().unwrap())
        };
        assert_eq!(lists("select a, o.* from o"), [[Item::Column, Item::Star]]);
        assert_eq!(lists("select * from (select o.*, a from o) x"), [[Item::Star, Item::Column]]);
        assert_eq!(lists("select * from (select a from o) x"), [[Item::Star; 0]; 0]);
        assert_eq!(lists("select o.*, p.* from o, p"), [[Item::Star, Item::Star]]);
    }
}
