//! What an effect on one part of a relation does to a part of another that depends on it: the rules of
//! the design's section 6. It must not know the graph.

use crate::change::EffectKind;
use crate::dependency::EdgeKind;
use crate::graph::columns::Part;

/// What becomes of an effect behind a dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carried {
    /// These effects; none if it cannot be noticed there.
    As(&'static [EffectKind]),
    /// The effect itself.
    Same,
    /// Perhaps anything: how the one depends on the other is not known.
    Perhaps,
}

/// Whether copies of rows that are there already can be told in the rows of what is read into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Copies {
    /// They come through.
    Seen,
    /// By its own query there is one row for each value of some columns, whatever is copied below.
    Absorbed,
}

const NOTHING: Carried = Carried::As(&[]);
const OTHER_VALUES: Carried = Carried::As(&[EffectKind::Revalued]);
const OTHER_ROWS: Carried = Carried::As(&[EffectKind::RowsRemoved, EffectKind::RowsAdded]);

/// What an effect on `read` does to `reader`, which depends on it in a way.
pub(super) fn carried(effect: EffectKind, read: &Part, way: EdgeKind, reader: &Part, copies: Copies) -> Carried {
    match way {
        // It is there, and what it holds does not matter.
        EdgeKind::Named => return NOTHING,
        // That it is read is sure, and what it has to do with which rows there are.
        EdgeKind::Unknown if *read == Part::Rows => return Carried::As(&[EffectKind::Unspecified]),
        EdgeKind::Unknown => return Carried::Perhaps,
        _ => {}
    }
    match (effect, read, reader) {
        (EffectKind::Unspecified, ..) => Carried::Same,
        // Those two stand for columns inside their own relation; what is read is another matter.
        (_, _, Part::Any | Part::Every) => Carried::Same,
        (_, Part::Rows, Part::Rows) => rows_to_rows(effect, way, copies),
        (_, Part::Rows, Part::Column(_) | Part::Others) => OTHER_VALUES,
        // A column more or less in what is compared as a whole: other rows are the same now.
        (EffectKind::Added | EffectKind::Removed, _, Part::Rows) => Carried::As(&[EffectKind::Regrained]),
        (_, _, Part::Rows) => OTHER_ROWS,
        (EffectKind::Retyped, ..) if way.is_direct() => Carried::Same,
        _ if way == EdgeKind::Identity => Carried::Same,
        _ => OTHER_VALUES,
    }
}

fn rows_to_rows(effect: EffectKind, way: EdgeKind, copies: Copies) -> Carried {
    match (way, effect, copies) {
        // By way of an aggregate, a window or a value: HAVING count(*) > 1 can keep or drop any row.
        (
            EdgeKind::Filter
            | EdgeKind::Window
            | EdgeKind::Sort
            | EdgeKind::Subquery
            | EdgeKind::Aggregation
            | EdgeKind::Conditional
            | EdgeKind::Transformation,
            ..,
        ) => OTHER_ROWS,
        (_, EffectKind::RowsDuplicated, Copies::Absorbed) => NOTHING,
        (_, EffectKind::Regrained, Copies::Absorbed) => OTHER_ROWS,
        _ => Carried::Same,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dependency::ColumnPath;
    use crate::dialect::Dialect;
    use crate::name::{ColumnName, Quoting};

    fn column(name: &str) -> Part {
        Part::Column(ColumnPath::whole(ColumnName::new(Dialect::Ansi, name, Quoting::Bare)))
    }

    #[test]
    fn a_column_keeps_its_effect_where_it_passes_as_it_is() {
        let (a, b) = (column("a"), column("b"));
        for effect in [EffectKind::Revalued, EffectKind::Retyped, EffectKind::Added] {
            assert_eq!(carried(effect, &a, EdgeKind::Identity, &b, Copies::Seen), Carried::Same);
        }
        assert_eq!(carried(EffectKind::Added, &a, EdgeKind::Conditional, &b, Copies::Seen), OTHER_VALUES);
        assert_eq!(carried(EffectKind::Retyped, &a, EdgeKind::Aggregation, &b, Copies::Seen), Carried::Same);
    }

    #[test]
    fn a_column_that_decides_over_rows_makes_rows_come_and_go() {
        let a = column("a");
        for way in [EdgeKind::Filter, EdgeKind::Join, EdgeKind::GroupBy] {
            assert_eq!(carried(EffectKind::Revalued, &a, way, &Part::Rows, Copies::Seen), OTHER_ROWS);
        }
        let distinct = carried(EffectKind::Added, &a, EdgeKind::Distinct, &Part::Rows, Copies::Seen);
        assert_eq!(distinct, Carried::As(&[EffectKind::Regrained]));
    }

    #[test]
    fn copies_of_rows_are_absorbed_where_there_is_one_row_for_each_key() {
        let copied = |way, copies| carried(EffectKind::RowsDuplicated, &Part::Rows, way, &Part::Rows, copies);
        assert_eq!(copied(EdgeKind::Rows, Copies::Seen), Carried::Same);
        assert_eq!(copied(EdgeKind::Join, Copies::Seen), Carried::Same);
        assert_eq!(copied(EdgeKind::Rows, Copies::Absorbed), NOTHING);
        // HAVING count(*) > 1 sees them all the same.
        assert_eq!(copied(EdgeKind::Filter, Copies::Absorbed), OTHER_ROWS);
    }

    #[test]
    fn what_is_only_named_and_what_is_not_known() {
        let a = column("a");
        assert_eq!(carried(EffectKind::Revalued, &a, EdgeKind::Named, &Part::Rows, Copies::Seen), NOTHING);
        assert_eq!(carried(EffectKind::Added, &Part::Any, EdgeKind::Unknown, &a, Copies::Seen), Carried::Perhaps);
        let other_rows = carried(EffectKind::RowsAdded, &Part::Rows, EdgeKind::Unknown, &a, Copies::Seen);
        assert_eq!(other_rows, Carried::As(&[EffectKind::Unspecified]));
        assert_eq!(carried(EffectKind::Unspecified, &a, EdgeKind::Sort, &Part::Rows, Copies::Seen), Carried::Same);
    }
}
