//! What two versions of one statement do to the table that they fill: INSERT, UPDATE, DELETE and the branches of
//! MERGE. It must not know what other statements do to it.

use std::collections::BTreeSet;

use crate::canonical::plan::Plan;
use crate::canonical::{Canonical, Terms, canonicalize};
use crate::dependency::Extent;
use crate::dialect::Dialect;
use crate::difference::{Difference, Differences, differences};
use crate::name::{ColumnName, Quoting};
use crate::query::block::Matching;
use crate::query::{Action, Output, Queries};

use super::super::query::{Version, of_what_fails};
use super::super::{Effect, EffectKind, stars};

/// A column that no table has: the row that is set or taken out, as a whole.
const ROW: &str = "the row itself";

/// Whether rows that are added depend on what is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    /// One of the versions asks the table that they are added to.
    AtTarget,
    Elsewhere,
}

/// What differs in what becomes of the rows of two blocks; an error, if that cannot be told.
pub(super) fn fills(
    (before, from, old): (&Queries, &Output, &Version<'_>),
    (after, to, new): (&Queries, &Output, &Version<'_>),
    looks: Looks,
    dialect: Dialect,
) -> Result<Vec<Effect>, String> {
    let differs = || Err("one of its statements differs".to_owned());
    if (from.action, &from.target, &from.matching) != (to.action, &to.target, &to.matching) {
        return differs();
    }
    let mut terms = Terms::new(dialect);
    let mut base = form(&mut terms, (before, from), old)?;
    let mut head = form(&mut terms, (after, to), new)?;
    let is_named = from.matching == Matching::Name || !from.columns.is_empty();
    let places = match from.action {
        Action::Append if !is_named => by_place(from, [old, new], &mut base, &mut head)?,
        _ => Places::Known,
    };
    match from.action {
        // In MySQL a column that is set is seen by those behind it.
        Action::Update if dialect == Dialect::MySql && base.plan != head.plan => return differs(),
        _ => {}
    }
    if from.columns.is_empty() != to.columns.is_empty() {
        return differs();
    }
    // Columns of a star that nobody knows have names and no places.
    let is_open = [&base, &head].iter().any(|form| terms.width(form.plan).is_none());
    let is_found = |form: &Canonical, output: &Output| output.columns.is_empty() || form.columns == output.columns;
    let is_blind = is_open || places == Places::Unknown || !is_found(&base, from) || !is_found(&head, to);
    // Where a column stands beside a star that nobody knows decides where it goes.
    let is_by_place = from.action == Action::Append && from.matching != Matching::Name;
    if is_open && is_by_place && [before, after].into_iter().any(|queries| !stars::beside_others(queries).is_empty()) {
        return differs();
    }
    if is_blind && from.action == Action::Append && from.matching != Matching::Name && from.columns != to.columns {
        return differs();
    }
    let is_same = base.is_same(&head);
    let found = differences(&mut terms, &base, &head);
    let fails = of_what_fails(&terms, &base, &head);
    if is_blind && from.action == Action::Append && found.list.iter().any(|one| one.column.is_some()) {
        return differs();
    }
    if found.list.is_empty() {
        // Which column stands where does not matter where each has its name.
        return if is_same || is_named || base.columns == head.columns { Ok(fails) } else { differs() };
    }
    let set: BTreeSet<&ColumnName> = from.columns.iter().chain(&to.columns).collect();
    // A variable of T-SQL.
    if set.iter().any(|column| column.as_str().starts_with('@')) {
        return differs();
    }
    let mut effects = match from.action {
        Action::Append => appended(found, looks),
        Action::Update if !set.is_empty() => updated(found, &set)?,
        Action::Delete => deleted(found)?,
        Action::Return | Action::Replace | Action::Update => return differs(),
    };
    effects.extend(fails);
    Ok(effects)
}

/// The canonical form of a block, with the row of the target where that is what it is about.
fn form(terms: &mut Terms, (queries, output): (&Queries, &Output), version: &Version<'_>) -> Result<Canonical, String> {
    let unclear = || "which rows it is about cannot be told from others".to_owned();
    if !matches!(output.action, Action::Update | Action::Delete) {
        let mut form = canonicalize(terms, queries, output.block, version.sees)?;
        name(&mut form, &output.columns);
        return Ok(form);
    }
    let target = output.target.as_ref().ok_or_else(unclear)?;
    let row = ColumnName::new(terms.dialect, ROW, Quoting::Quoted);
    let tree = queries.tree.with_row_of(output.block, target, row.clone()).ok_or_else(unclear)?;
    let queries = Queries { tree, outputs: Vec::new() };
    let mut form = canonicalize(terms, &queries, output.block, version.sees)?;
    let tells_rows_apart = match terms.plan(form.plan) {
        Plan::Values(rows) => rows.is_empty(),
        Plan::Block(block) => block.outputs.last().is_some_and(|row| !terms.columns_of(*row).is_empty()),
        _ => false,
    };
    if !tells_rows_apart {
        return Err(unclear());
    }
    let columns: Vec<ColumnName> = output.columns.iter().cloned().chain([row]).collect();
    if columns.len() != form.columns.len() {
        return Err("which columns are set cannot be told".to_owned());
    }
    name(&mut form, &columns);
    Ok(form)
}

/// A list of columns gives those of a query their names.
fn name(form: &mut Canonical, columns: &[ColumnName]) {
    if columns.len() == form.columns.len() {
        form.columns = columns.to_vec();
    }
}

/// Whether it is known which column of a table is at which place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Places {
    Known,
    Unknown,
}

/// Without a list of columns they are found by their places: by the names of the target, where these are known.
/// What the query calls them does not matter.
fn by_place(
    output: &Output,
    versions: [&Version<'_>; 2],
    base: &mut Canonical,
    head: &mut Canonical,
) -> Result<Places, String> {
    if base.columns.len() != head.columns.len() {
        return Err("another number of columns is put in".to_owned());
    }
    let shape = |version: &Version<'_>| output.target.as_ref().map(|target| version.sees.shape(target));
    let [was, is] = versions.map(|version| shape(version).unwrap_or_default());
    let is_known = was.extent == Extent::Closed && was.columns.len() >= base.columns.len() && was.columns == is.columns;
    if is_known {
        base.columns = was.columns.iter().take(base.columns.len()).cloned().collect();
    }
    head.columns.clone_from(&base.columns);
    Ok(if is_known { Places::Known } else { Places::Unknown })
}

fn because(difference: &Difference, kind: EffectKind) -> Effect {
    Effect { kind, column: None, detail: Some(difference.detail.clone()) }
}

/// Rows that are added to a table: what differs about them differs in the table. Where it is looked at for what is
/// there already, more rows may be some that are there.
fn appended(found: Differences, looks: Looks) -> Vec<Effect> {
    let effect = |difference: Difference| {
        let kind = match difference.kind {
            // The table has its columns and their types whatever is put in.
            EffectKind::Added | EffectKind::Removed | EffectKind::Retyped if difference.column.is_some() => {
                EffectKind::Revalued
            }
            kind => kind,
        };
        Effect { kind, column: difference.column, detail: Some(difference.detail) }
    };
    let more = found.list.iter().filter(|one| looks == Looks::AtTarget && one.kind == EffectKind::RowsAdded);
    let again: Vec<Effect> = more.map(|one| because(one, EffectKind::RowsDuplicated)).collect();
    found.list.into_iter().map(effect).chain(again).collect()
}

/// Rows of which some columns are set: they stay, and hold other values.
fn updated(found: Differences, set: &BTreeSet<&ColumnName>) -> Result<Vec<Effect>, String> {
    let mut effects = Vec::new();
    for difference in &found.list {
        match &difference.column {
            Some(column) if set.contains(column) => {
                effects.push(Effect { column: Some(column.clone()), ..because(difference, EffectKind::Revalued) });
            }
            Some(_) => return Err("the rows that it is about are told apart in another way".to_owned()),
            // Other rows are set, or the same ones by something else.
            None => {
                effects.extend(set.iter().map(|column| Effect {
                    column: Some((*column).clone()),
                    ..because(difference, EffectKind::Revalued)
                }))
            }
        }
    }
    Ok(effects)
}

/// Rows that go.
fn deleted(found: Differences) -> Result<Vec<Effect>, String> {
    let mut effects = Vec::new();
    for difference in &found.list {
        if difference.column.is_some() {
            return Err("the rows that it is about are told apart in another way".to_owned());
        }
        let kinds: &[EffectKind] = match difference.kind {
            EffectKind::RowsAdded => &[EffectKind::RowsRemoved],
            EffectKind::RowsRemoved => &[EffectKind::RowsAdded],
            // A row goes once, however often it is found.
            EffectKind::RowsDuplicated | EffectKind::Regrained => &[],
            _ => &[EffectKind::RowsAdded, EffectKind::RowsRemoved],
        };
        effects.extend(kinds.iter().map(|kind| because(difference, *kind)));
    }
    Ok(effects)
}

#[cfg(test)]
mod tests {
    use crate::canonical::Relations;
    use crate::change::query::{Compared, Version};
    use crate::dependency::{Extent, NoSchemas, Schemas, Shape};
    use crate::dialect::Dialect;
    use crate::name::{ColumnName, Quoting, RelationName};
    use crate::parse::parse;

    /// The table that is filled is declared with these columns.
    struct Declared(&'static [&'static str]);

    impl Schemas for Declared {
        fn shape(&self, name: &RelationName) -> Shape {
            let column = |column: &&str| ColumnName::new(Dialect::Postgres, column, Quoting::Bare);
            match name.table() {
                "t" => {
                    Shape { columns: self.0.iter().map(column).collect(), extent: Extent::Closed, ..Shape::default() }
                }
                _ => Shape::default(),
            }
        }
    }

    impl Relations for Declared {}

    fn told(dialect: Dialect, base: &str, head: &str) -> String {
        told_of(dialect, base, head, &NoSchemas)
    }

    fn told_of(dialect: Dialect, base: &str, head: &str, sees: &dyn Relations) -> String {
        let (before, after) = (parse(base, dialect), parse(head, dialect));
        let (old, new) = (Version { text: base, sees }, Version { text: head, sees });
        match super::super::compare(&old, &new, [&before, &after], dialect) {
            Compared::Same => "same".to_owned(),
            Compared::Unclear(_) => "unclear".to_owned(),
            Compared::Differ(effects, _) => {
                let word = |effect: &crate::change::Effect| match &effect.column {
                    Some(column) => format!("{} {column}", effect.kind),
                    None => effect.kind.to_string(),
                };
                let mut words: Vec<String> = effects.iter().map(word).collect();
                words.dedup();
                words.join(", ")
            }
        }
    }

    fn check(dialect: Dialect, cases: &[(&str, &str, &str)]) {
        let found: Vec<_> = cases.iter().map(|(base, head, _)| (*base, *head, told(dialect, base, head))).collect();
        let wanted: Vec<_> = cases.iter().map(|(base, head, told)| (*base, *head, (*told).to_owned())).collect();
        assert_eq!(found, wanted);
    }

    const INSERT: &str = "insert into t (id, a) select o.id, o.a from o where o.b > 1";

    #[test]
    fn what_is_inserted_differs_in_the_table() {
        check(
            Dialect::Postgres,
            &[
                (INSERT, "insert into t (id, a) select o.id, o.a from o where o.b > 2", "rows_removed"),
                (INSERT, "insert into t (id, a) select o.id, o.a from o", "rows_added"),
                (INSERT, "insert into t (id, a) select o.id, o.a + 1 from o where o.b > 1", "revalued a"),
                (INSERT, "insert into t (a, id) select o.id, o.a from o where o.b > 1", "revalued a, revalued id"),
                (INSERT, "insert into t (a, id) select o.a, o.id from o where o.b > 1", "same"),
                (INSERT, "insert into t (id, a, c) select o.id, o.a, o.c from o where o.b > 1", "revalued c"),
                (INSERT, "insert into t (id) select o.id from o where o.b > 1", "revalued a"),
                (
                    INSERT,
                    "insert into t (id, a) select o.id, o.a from o join u on u.x = o.id where o.b > 1",
                    "rows_duplicated, rows_removed",
                ),
                (INSERT, "insert into u (id, a) select o.id, o.a from o where o.b > 1", "unclear"),
                (
                    INSERT,
                    "insert into t (id, a) select o.id, o.a from o where o.b > 1 on conflict do nothing",
                    "unclear",
                ),
                // Without a list of columns their places count.
                ("insert into t select a, b from o", "insert into t select a as x, b as y from o", "same"),
                ("insert into t select a, b from o", "insert into t select b, a from o", "unclear"),
                ("insert into t select a as x from o", "insert into t select b as x from o", "unclear"),
                ("insert into t select a, o.* from o", "insert into t select o.*, a from o", "unclear"),
                ("insert into t (x, y) select a, o.* from o", "insert into t (x, y) select o.*, a from o", "unclear"),
                ("insert into t select a, b from o", "insert into t select a, b, c from o", "unclear"),
                (
                    "insert into t select * from o where a = 1",
                    "insert into t select * from o where a = 1 and b = 2",
                    "rows_removed",
                ),
                ("insert into t (a, b) select * from o", "insert into t (b, a) select * from o", "unclear"),
                ("insert into t select * from o", "insert into t select o.a, o.* from o", "unclear"),
                // What is there already is put in once more.
                (
                    "insert into t select * from o where o.id > (select max(id) from t)",
                    "insert into t select * from o",
                    "rows_duplicated, rows_added",
                ),
            ],
        );
        let overwrite = "insert overwrite t partition (day = '1') select a from o where b = 1";
        check(Dialect::Databricks, &[(overwrite, &overwrite.replace("b = 1", "b = 1 and c"), "unclear")]);
        check(Dialect::Databricks, &[(overwrite, &overwrite.replace("'1'", "'2'"), "unclear")]);
        check(
            Dialect::DuckDb,
            &[
                ("insert into t by name select a, b from o", "insert into t by name select b, a from o", "same"),
                ("insert into t by name select a, b from o", "insert into t by name select a from o", "revalued b"),
                ("insert into t by name select a, b from o", "insert into t select a, b from o", "unclear"),
            ],
        );
    }

    #[test]
    fn places_are_those_of_the_table() {
        let told = |base: &str, head: &str| told_of(Dialect::Postgres, base, head, &Declared(&["id", "a", "c"]));
        let base = "insert into t select o.a as c, o.b as z from o";
        assert_eq!(told(base, "insert into t select o.b as c, o.b as z from o"), "revalued id");
        assert_eq!(told(base, "insert into t select o.b, o.a from o"), "revalued a, revalued id");
        assert_eq!(told(base, "insert into t select o.a as q, o.b as c from o"), "same");
        assert_eq!(told(base, "insert into t select o.a as q, o.b as c from o where o.b > 1"), "rows_removed");
        assert_eq!(told("insert into t select 1, 2, 3, 4 from o", "insert into t select 1, 2, 3, 5 from o"), "unclear");
    }

    #[test]
    fn what_stands_in_the_way_of_others_is_not_worked_out() {
        let insert = |verb: &str, select: &str, tail: &str| format!("{verb} into t (id, a) {select}{tail}");
        let (one, other) = ("select o.id, o.a from o where o.b > 1", "select o.id, o.a from o where o.b > 2");
        let update = " on conflict (id) do update set a = excluded.a";
        let duplicate = " on duplicate key update a = 1";
        let ways = [
            (Dialect::Postgres, "insert", update),
            (Dialect::Postgres, "insert", " on conflict do nothing"),
            (Dialect::MySql, "insert", duplicate),
            (Dialect::MySql, "insert ignore", ""),
            (Dialect::MySql, "replace", ""),
            (Dialect::DuckDb, "insert or replace", ""),
        ];
        for (dialect, verb, tail) in ways {
            assert_eq!(told(dialect, &insert(verb, one, tail), &insert(verb, other, tail)), "unclear", "{verb}{tail}");
            let [by_a, by_b] = ["a", "b"].map(|by| insert(verb, &format!("{one} order by {by}"), tail));
            assert_eq!(told(dialect, &by_a, &by_b), "unclear", "{verb}{tail}");
            let said_otherwise = insert(verb, "select o.id, o.a from o where 1 < o.b", tail);
            assert_eq!(told(dialect, &insert(verb, one, tail), &said_otherwise), "same", "{verb}{tail}");
        }
    }

    #[test]
    fn a_field_is_part_of_its_column() {
        let fields = [
            (Dialect::BigQuery, "update t set r.x = 1 where a = 1", "update t set r.y = 1 where a = 1", "revalued r"),
            (Dialect::BigQuery, "update t set t.r.x = 1 where a", "update t set t.r.z = 1 where a", "revalued r"),
            (Dialect::Databricks, "update t set r.x = 1 where a", "update t set r.x = 2 where a", "revalued r"),
            (Dialect::DuckDb, "update t set r.x = 1 where a", "update t set q.x = 1 where a", "revalued q, revalued r"),
            (Dialect::Postgres, "update t set r.x = 1 where a", "update t set r.y = 1 where a", "revalued r"),
            (Dialect::Databricks, "update t set t.x = 1 where a", "update t set t.x = 2 where a", "revalued x"),
            (Dialect::MySql, "update t set t.x = 1 where a", "update t set t.y = 1 where a", "revalued x, revalued y"),
            (Dialect::Snowflake, "update s.t set s.t.x = 1 where a", "update s.t set s.t.x = 2 where a", "revalued x"),
            (Dialect::TSql, "update t set @n = a where b = 1", "update t set @n = a where b = 2", "unclear"),
        ];
        for (dialect, base, head, wanted) in fields {
            assert_eq!(told(dialect, base, head), wanted, "{base} → {head}");
        }
        let merge = "merge into t using s on t.id = s.id when matched then update set r.x = s.a";
        assert_eq!(told(Dialect::BigQuery, merge, &merge.replace("r.x", "r.y")), "revalued r");
    }

    #[test]
    fn rows_that_are_set_stay() {
        const UPDATE: &str = "update t set a = s.a, b = 1 from s where s.id = t.id and s.ok";
        check(
            Dialect::Postgres,
            &[
                (UPDATE, "update t set a = s.a + 1, b = 1 from s where s.id = t.id and s.ok", "revalued a"),
                (UPDATE, "update t set a = s.a, b = 1 from s where s.id = t.id", "revalued a, revalued b"),
                (UPDATE, "update t set a = s.a from s where s.id = t.id and s.ok", "revalued b"),
                (UPDATE, "update t set b = 1, a = s.a from s where s.id = t.id and s.ok", "same"),
                (UPDATE, "update t set a = s.a, c = 1 from s where s.id = t.id and s.ok", "revalued b, revalued c"),
                ("update t set a = 1 where b", "update t set a = 1 where c", "revalued a"),
                ("update t set a = 1 where b", "delete from t where b", "unclear"),
                // Which of two rows is set is no matter of the rows that are found.
                (
                    "update t set a = 1 from t u where t.x = u.y",
                    "update t set a = 1 from t u where u.x = t.y",
                    "unclear",
                ),
            ],
        );
        check(Dialect::MySql, &[("update t set a = 1, b = a", "update t set b = a, a = 1", "unclear")]);
    }

    #[test]
    fn rows_go_once() {
        const DELETE: &str = "delete from t using s where s.id = t.id and s.gone";
        check(
            Dialect::Postgres,
            &[
                (DELETE, "delete from t using s where s.id = t.id", "rows_removed"),
                (DELETE, "delete from t using s where s.id = t.id and s.gone and t.b > 1", "rows_added"),
                ("delete from t where a = 1", "delete from t where a = 2", "rows_removed, rows_added"),
                ("delete from t where a = 1", "delete from t", "rows_removed"),
                ("delete from t", "delete from t using s", "rows_added"),
                ("delete from t using t as u where t.x = u.y", "delete from t using t as u where u.x = t.y", "unclear"),
                // As many rows are found, and others of the table.
                (
                    "delete from t using s where t.id = s.a",
                    "delete from t using s where t.id = s.b",
                    "rows_removed, rows_added",
                ),
            ],
        );
    }

    #[test]
    fn the_branches_of_a_merge() {
        const MERGE: &str = "merge into m using (select o.id, o.a from o where o.b > 1) s on m.id = s.id \
                             when matched and s.a < 0 then delete \
                             when matched then update set a = s.a \
                             when not matched then insert (id, a) values (s.id, s.a)";
        let head = |from: &str, to: &str| {
            let head = MERGE.replacen(from, to, 1);
            assert_ne!(head, MERGE);
            told(Dialect::Snowflake, MERGE, &head)
        };
        assert_eq!(head("values (s.id, s.a)", "values (s.id, s.a + 1)"), "revalued a");
        assert_eq!(head("set a = s.a", "set a = s.a * 2"), "revalued a");
        assert_eq!(head("set a = s.a", "set b = s.a"), "revalued a, revalued b");
        assert_eq!(head("matched and s.a < 0", "matched and s.a < 1"), "rows_removed, revalued a");
        assert_eq!(head("o.b > 1", "o.b > 2"), "rows_removed, rows_added, revalued a");
        assert_eq!(head("m.id = s.id", "m.id = s.a"), "rows_removed, rows_added, revalued a");
        assert_eq!(head("not matched then", "not matched and s.a > 5 then"), "rows_removed");
        assert_eq!(head("then update set a = s.a", "then delete"), "unclear");
        assert_eq!(head("when matched and s.a < 0 then delete ", ""), "unclear");
    }

    #[test]
    fn what_comes_behind_counts() {
        let fill = |delete: &str, insert: &str| {
            format!("delete from t where {delete}; insert into t (a, d) select o.a, o.d from o where {insert}")
        };
        let base = fill("d = 1", "o.d = 1");
        check(
            Dialect::Postgres,
            &[
                (&base, &fill("d = 1", "o.d = 1 and o.a > 2"), "rows_removed"),
                (&base, &fill("d = 1 and a = 3", "o.d = 1"), "rows_added"),
                (&base, &fill("d = 2", "o.d = 2"), "unclear"),
                (
                    "insert into t select a from o; delete from t where b",
                    "insert into t select a from o where c; delete from t where b",
                    "unclear",
                ),
                (
                    "insert into t select a from o; insert into u select a from t",
                    "insert into t select a from o where c; insert into u select a from t",
                    "unclear",
                ),
                (
                    "insert into t select a from o; insert into t select a from t",
                    "insert into t select a from o where c; insert into t select a from t",
                    "unclear",
                ),
                (
                    "create temp table x as select a from o; insert into t select a from x",
                    "create temp table x as select a from o where b; insert into t select a from x",
                    "unclear",
                ),
                (
                    "delete from t where b = 1; insert into t (id) select id from s on conflict do nothing",
                    "delete from t where b = 2; insert into t (id) select id from s on conflict do nothing",
                    "unclear",
                ),
                (
                    "insert into t (id) select id from o; alter table t rename column a to z",
                    "insert into t (id) select id from o where a; alter table t rename column a to z",
                    "unclear",
                ),
                (
                    "delete from x.t where d = 1; insert into x.t (a) select t.a from t",
                    "delete from x.t where d = 2; insert into x.t (a) select t.a from t",
                    "unclear",
                ),
            ],
        );
    }
}
