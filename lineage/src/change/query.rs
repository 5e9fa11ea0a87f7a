//! What differs between two versions of one query. It must not know files, nor who is downstream.

use std::collections::BTreeSet;

use crate::canonical::{Canonical, Relations, Terms, canonicalize};
use crate::dialect::Dialect;
use crate::difference::{ColumnOrder, Difference, Differences, RelationChange, carried, differences, failing};
use crate::name::ColumnName;
use crate::parse::{parse, parse_with_lists, tokens};
use crate::query::block::Matching;
use crate::query::{Action, Output, Queries, Reading, Script, Statement};

mod words;

pub(super) use words::unheld;

use super::followed::RenamedColumn;
use super::{Effect, EffectKind, script, stars};

/// What the comparison of two queries says.
#[derive(Debug)]
pub(super) enum Compared {
    /// They are shown to give the same on every database.
    Same,
    /// They differ in this, and in nothing else. The columns that only have another name are among it.
    Differ(Vec<Effect>, Vec<RenamedColumn>),
    /// It is not worked out.
    Unclear(String),
}

/// One version of a query, and what it sees.
pub(crate) struct Version<'a> {
    pub(crate) text: &'a str,
    pub(crate) sees: &'a dyn Relations,
}

/// Compares two versions of a query.
pub(super) fn compare(base: &Version<'_>, head: &Version<'_>, dialect: Dialect) -> Compared {
    let scripts = (parse_with_lists(base.text, dialect), parse_with_lists(head.text, dialect));
    let is_read = |output: &Output| matches!(output.action, Action::Return | Action::Replace);
    let (Some((old, before, from)), Some((new, after, to))) = (only_query(&scripts.0), only_query(&scripts.1)) else {
        return script::compare(base, head, [&scripts.0, &scripts.1], dialect);
    };
    if !is_read(from) && !is_read(to) {
        return script::compare(base, head, [&scripts.0, &scripts.1], dialect);
    }
    if (from.action, &from.target, &from.columns, &from.matching) != (to.action, &to.target, &to.columns, &to.matching)
        || !matches!(from.action, Action::Return | Action::Replace)
    {
        return Compared::Unclear("what becomes of its rows differs".to_owned());
    }
    if let Some(word) = unheld(base.text, head.text, dialect, [old, new]) {
        return Compared::Unclear(format!("`{word}` is in one version only, and is not understood"));
    }
    let mut terms = Terms::new(dialect);
    let old = canonicalize(&mut terms, before, from.block, base.sees);
    let new = canonicalize(&mut terms, after, to.block, head.sees);
    let (mut old, mut new) = match (old, new) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(why), _) | (_, Err(why)) => return Compared::Unclear(why),
    };
    // A list of columns gives them other names.
    for (form, output) in [(&mut old, from), (&mut new, to)] {
        if output.columns.len() == form.columns.len() {
            form.columns.clone_from(&output.columns);
        }
    }
    // Where a table is filled, or named column by column, places count and not what the query calls its columns.
    let is_by_place = script::is_put_in(base.text, dialect) || !from.columns.is_empty();
    let is_open = [&old, &new].iter().any(|form| terms.width(form.plan).is_none());
    let lists = [before, after].map(stars::beside_others);
    if is_by_place && is_open && lists.iter().any(|list| !list.is_empty()) {
        return Compared::Unclear("which of its columns stands where is not known".to_owned());
    }
    let is_called_alike = old.columns == new.columns;
    let mut found = differences(&mut terms, &old, &new);
    if script::is_put_in(base.text, dialect)
        && from.columns.is_empty()
        && from.matching != Matching::Name
        && (!is_called_alike || found.list.iter().any(|one| one.column.is_some()))
    {
        return Compared::Unclear("its columns go where they stand, and which these are is not known".to_owned());
    }
    let mut renamed = Vec::new();
    if let Some((better, pairs)) = under_one_name(&mut terms, &old, &new, &found.alike) {
        (found, renamed) = (better, pairs);
    }
    let mut effects: Vec<Effect> = found.list.into_iter().map(effect).collect();
    effects.extend(renamed.iter().flat_map(RenamedColumn::effects));
    let comes_or_goes = |effect: &Effect| matches!(effect.kind, EffectKind::Added | EffectKind::Removed);
    let is_moved = found.order == ColumnOrder::Changed || (is_open && lists[0] != lists[1]);
    if is_moved && !effects.iter().any(comes_or_goes) {
        effects.push(Effect::on_relation(EffectKind::Reordered, "its columns stand in another order"));
    }
    effects.extend(of_what_is_there(base.text, head.text, dialect));
    effects.extend(of_what_fails(&terms, &old, &new));
    if effects.is_empty() { Compared::Same } else { Compared::Differ(effects, renamed) }
}

/// What may fail now, and did not before.
pub(super) fn of_what_fails(terms: &Terms, base: &Canonical, head: &Canonical) -> Vec<Effect> {
    let told = failing(terms, base, head);
    told.into_iter().map(|why| Effect::on_relation(EffectKind::MayFail, why)).collect()
}

/// What becomes of rows of a table that is there already, where one version leaves it as it is.
fn of_what_is_there(base: &str, head: &str, dialect: Dialect) -> Vec<Effect> {
    let leaves = |text: &str| {
        let Ok(tokens) = tokens(text, dialect) else { return false };
        let is = |token: &crate::parse::Token, word: &str| token.text.eq_ignore_ascii_case(word);
        tokens.windows(3).any(|three| is(&three[0], "if") && is(&three[1], "not") && is(&three[2], "exists"))
    };
    let why = match (leaves(base), leaves(head)) {
        (false, true) => "it is left as it is now where it is there already",
        (true, false) => "it is built anew now where it is there already",
        _ => return Vec::new(),
    };
    let kinds = [EffectKind::RowsAdded, EffectKind::RowsRemoved, EffectKind::Revalued];
    kinds.into_iter().map(|kind| Effect::on_relation(kind, why)).collect()
}

/// What differs once columns that only have another name are known by one, and which those are; none if
/// there are none.
///
/// A column has another name and nothing else if the queries are the same in it under one name.
fn under_one_name(
    terms: &mut Terms,
    base: &Canonical,
    head: &Canonical,
    alike: &[(usize, usize)],
) -> Option<(Differences, Vec<RenamedColumn>)> {
    /// What looks like a rename and is none shows in the first of these.
    const MOST: usize = 3;
    let once = |columns: &[ColumnName], name: &ColumnName| columns.iter().filter(|column| *column == name).count() == 1;
    let mut pairs: Vec<(usize, RenamedColumn)> = Vec::new();
    for (gone, come) in alike {
        let (Some(was), Some(is)) = (base.columns.get(*gone), head.columns.get(*come)) else { continue };
        let is_other = !base.columns.contains(is) && !head.columns.contains(was);
        let is_taken = pairs.iter().any(|(at, pair)| at == come || pair.base == *was);
        if is_other && !is_taken && once(&base.columns, was) && once(&head.columns, is) {
            pairs.push((*come, RenamedColumn { base: was.clone(), head: is.clone() }));
        }
    }
    for _ in 0..MOST {
        if pairs.is_empty() {
            return None;
        }
        let mut known = head.clone();
        for (place, pair) in &pairs {
            known.columns[*place] = pair.base.clone();
        }
        let found = differences(terms, base, &known);
        let differs = |column: &ColumnName| {
            let of_it = |difference: &Difference| {
                difference.kind == EffectKind::Unspecified || difference.column.as_ref() == Some(column)
            };
            found.list.iter().any(of_it)
        };
        let all = pairs.len();
        pairs.retain(|(_, pair)| !differs(&pair.base));
        if pairs.len() == all {
            return Some((found, pairs.into_iter().map(|(_, pair)| pair).collect()));
        }
    }
    None
}

fn effect(difference: Difference) -> Effect {
    Effect { kind: difference.kind, column: difference.column, detail: Some(difference.detail) }
}

/// The query of a text that is one query, and what becomes of its rows.
fn only_query(script: &Script) -> Option<(&Statement, &Queries, &Output)> {
    let [statement] = script.statements.as_slice() else { return None };
    let queries = statement.queries.as_deref().filter(|_| script.reading == Reading::Parsed)?;
    let [output] = queries.outputs.as_slice() else { return None };
    Some((statement, queries, output))
}

/// What of a query that has not changed shows that rows of a relation are there more often.
#[derive(Debug, Clone, Default)]
pub(crate) struct Copied {
    /// What happens to its rows.
    pub(crate) rows: BTreeSet<EffectKind>,
    /// The columns that may hold something else.
    pub(crate) columns: BTreeSet<ColumnName>,
}

/// Carries copies of rows of the relation of an identity through a query; `None` if that is not worked
/// out.
pub(crate) fn copied(version: &Version<'_>, dialect: Dialect, identity: &str) -> Option<Copied> {
    let script = parse(version.text, dialect);
    let (_, queries, output) = only_query(&script)?;
    if !matches!(output.action, Action::Return | Action::Replace) {
        return None;
    }
    let more = |relation: &str| {
        let rows = vec![(EffectKind::RowsDuplicated, "rows are there more often".to_owned())];
        let is_it = relation.split(" or ").any(|one| one == identity);
        is_it.then(|| RelationChange { rows, ..RelationChange::default() })
    };
    let mut terms = Terms::new(dialect);
    let found = carried(&mut terms, queries, output.block, version.sees, &more).ok()?;
    let mut copied = Copied::default();
    for difference in found.list {
        match (difference.kind, difference.column) {
            (EffectKind::Unspecified, _) => return None,
            (kind, None) => drop(copied.rows.insert(kind)),
            // A list of columns gives them other names, and nobody is to miss one of them.
            (_, Some(_)) if !output.columns.is_empty() => return None,
            (_, Some(column)) => drop(copied.columns.insert(column)),
        }
    }
    Some(copied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dependency::NoSchemas;

    fn compared(dialect: Dialect, base: &str, head: &str) -> Compared {
        compare(&Version { text: base, sees: &NoSchemas }, &Version { text: head, sees: &NoSchemas }, dialect)
    }

    /// Words that change what a query returns, each with the query without it.
    #[test]
    fn no_word_that_matters_is_lost_on_the_way_to_the_form() {
        use Dialect::{BigQuery, ClickHouse, Databricks, DuckDb, MySql, Postgres, Snowflake, TSql, Trino};
        let pairs = [
            (ClickHouse, "select a from t", "select a from t final"),
            (ClickHouse, "select a from t", "select a from t sample 0.1"),
            (ClickHouse, "select a from t array join b", "select a from t left array join b"),
            (
                ClickHouse,
                "select t.a from t left join u on t.a = u.a",
                "select t.a from t any left join u on t.a = u.a",
            ),
            (ClickHouse, "select a, count(*) from t group by a", "select a, count(*) from t group by a with totals"),
            (ClickHouse, "select a from t order by a limit 3", "select a from t order by a limit 3 by b"),
            (ClickHouse, "select a from t order by a", "select a from t order by a with fill"),
            (Postgres, "select a from t", "select a from t tablesample bernoulli (10)"),
            (
                Postgres,
                "select a from t order by a fetch first 3 rows only",
                "select a from t order by a fetch first 3 rows with ties",
            ),
            (Postgres, "select a from t order by a limit 3", "select a from t order by a desc limit 3"),
            (Postgres, "select a from t order by a limit 3", "select a from t order by a nulls first limit 3"),
            (Postgres, "select a from t order by a limit 3", "select a from t order by a limit 3 offset 1"),
            (Postgres, "select a from t", "select a from only t"),
            (Postgres, "select sum(a) from t", "select sum(distinct a) from t"),
            (Postgres, "select sum(a) from t", "select sum(a) filter (where b) from t"),
            (Postgres, "select string_agg(a, ',') from t", "select string_agg(a, ',' order by b) from t"),
            (Postgres, "select a like 'x' from t", "select a ilike 'x' from t"),
            (Postgres, "select a like 'x' from t", "select a like 'x' escape '!' from t"),
            (Postgres, "select a from t where a = 'x'", "select a from t where a = 'x' collate \"C\""),
            (
                Postgres,
                "select sum(a) over (order by b) from t",
                "select sum(a) over (order by b rows 1 preceding) from t",
            ),
            (
                Postgres,
                "select sum(a) over (order by b) from t",
                "select sum(a) over (order by b groups unbounded preceding exclude ties) from t",
            ),
            (Postgres, "select a at time zone 'utc' from t", "select a from t"),
            (Postgres, "select a from t union select a from u", "select a from t union all select a from u"),
            (Postgres, "select a from t, unnest(b) as x", "select a from t, unnest(b) with ordinality as x"),
            (
                Postgres,
                "select a, b, count(*) from t group by a, b",
                "select a, b, count(*) from t group by rollup (a, b)",
            ),
            (
                Postgres,
                "select a, b, count(*) from t group by cube (a, b)",
                "select a, b, count(*) from t group by rollup (a, b)",
            ),
            (Postgres, "select x from t, generate_series(1, 3) as x", "select x from t, generate_series(1, 4) as x"),
            (Postgres, "select a::int from t", "select a::bigint from t"),
            (DuckDb, "select cast(a as int) from t", "select try_cast(a as int) from t"),
            (Snowflake, "select cast(a as int) from t", "select try_cast(a as int) from t"),
            (TSql, "select cast(a as int) from t", "select try_cast(a as int) from t"),
            (DuckDb, "select a::date from t", "select try_cast(a as date) from t"),
            (TSql, "select try_cast(a as int) from t", "select try_cast(a as bigint) from t"),
            (Postgres, "select a::numeric(10, 2) from t", "select a::numeric(10, 3) from t"),
            (Postgres, "select interval '1 day'", "select interval '1' hour"),
            (Postgres, "select extract(day from a) from t", "select extract(month from a) from t"),
            (Postgres, "select position('a' in b) from t", "select position(b in 'a') from t"),
            (Postgres, "select trim(leading from a) from t", "select trim(trailing from a) from t"),
            (Postgres, "select overlay(a placing 'x' from 1) from t", "select overlay(a placing 'x' from 2) from t"),
            (Postgres, "select E'a\\nb'", "select 'a\\nb'"),
            (BigQuery, "select r'a\\nb'", "select 'a\\nb'"),
            (BigQuery, "select a from t", "select a from t for system_time as of timestamp '2024-01-01'"),
            (BigQuery, "select array_agg(a) from t", "select array_agg(a ignore nulls) from t"),
            (BigQuery, "select array_agg(a) from t", "select array_agg(a limit 3) from t"),
            (BigQuery, "select x from t, unnest(b) as x", "select x from t left join unnest(b) as x"),
            (BigQuery, "select * except (a) from t", "select * from t"),
            (BigQuery, "select * replace (1 as a) from t", "select * from t"),
            (BigQuery, "select safe_cast(a as int64) from t", "select cast(a as int64) from t"),
            (BigQuery, "select safe.parse_date('%F', a) from t", "select parse_date('%F', a) from t"),
            (BigQuery, "select date_diff(a, b, day) from t", "select date_diff(a, b, week) from t"),
            (BigQuery, "select date_diff(a, b, week) from t", "select date_diff(a, b, week(monday)) from t"),
            (
                BigQuery,
                "select last_value(a) over (order by b) from t",
                "select last_value(a ignore nulls) over (order by b) from t",
            ),
            (
                Snowflake,
                "select f.value from t, lateral flatten(input => a) f",
                "select f.value from t, lateral flatten(input => a, outer => true) f",
            ),
            (
                Snowflake,
                "select f.value from t, lateral flatten(input => a) f",
                "select f.value from t, lateral flatten(input => a, recursive => true) f",
            ),
            (Snowflake, "select a from t", "select a from t at (offset => -60)"),
            (Snowflake, "select a from t sample (10)", "select a from t sample (20)"),
            (
                Snowflake,
                "select listagg(a) within group (order by a) from t",
                "select listagg(a) within group (order by b) from t",
            ),
            (Snowflake, "select listagg(a) from t", "select listagg(a) within group (order by a) from t"),
            (Postgres, "select mode(a) from t", "select mode() within group (order by a) from t"),
            (
                Postgres,
                "select percentile_cont(0.5) within group (order by a) from t",
                "select percentile_cont(0.5) within group (order by b) from t",
            ),
            (Databricks, "select listagg(a) from t", "select listagg(a) within group (order by b) from t"),
            (TSql, "select string_agg(a, ',') from t", "select string_agg(a, ',') within group (order by b) from t"),
            (
                Snowflake,
                "select a from t qualify row_number() over (partition by a order by b) = 1",
                "select a from t qualify rank() over (partition by a order by b) = 1",
            ),
            (
                Snowflake,
                "select a from t asof join u match_condition (t.b >= u.b)",
                "select a from t asof join u match_condition (t.b > u.b)",
            ),
            (Snowflake, "select a:b from t", "select a:B from t"),
            (
                Databricks,
                "select x from t lateral view explode(a) as x",
                "select x from t lateral view outer explode(a) as x",
            ),
            (
                Databricks,
                "select x from t lateral view explode(a) as x",
                "select x from t lateral view posexplode(a) as p, x",
            ),
            (DuckDb, "select a from t union all select b from u", "select a from t union all by name select b from u"),
            (DuckDb, "select a from t", "select a from t using sample 10"),
            (DuckDb, "select a from t positional join u", "select a from t join u using (a)"),
            (Trino, "select try(a / b) from t", "select a / b from t"),
            (
                Trino,
                "select x from t cross join unnest(b) as u (x)",
                "select x from t cross join unnest(b) with ordinality as u (x, n)",
            ),
            (TSql, "select top 3 a from t order by a", "select top 3 with ties a from t order by a"),
            (TSql, "select top 3 a from t order by a", "select top 3 percent a from t order by a"),
            (TSql, "select a from t", "select a from t for system_time as of '2024-01-01'"),
            (TSql, "select a from t cross apply f(t.b) as x", "select a from t outer apply f(t.b) as x"),
            (MySql, "select a, sum(b) from t group by a", "select a, sum(b) from t group by a with rollup"),
            (MySql, "select group_concat(a) from t", "select group_concat(a separator ';') from t"),
            (MySql, "select a / b from t", "select a div b from t"),
            (MySql, "select a = b from t", "select a <=> b from t"),
        ];
        let lost: Vec<String> = pairs
            .iter()
            .flat_map(|(dialect, one, other)| [(dialect, one, other), (dialect, other, one)])
            .filter(|(dialect, base, head)| matches!(compared(**dialect, base, head), Compared::Same))
            .map(|(dialect, base, head)| format!("{dialect}: {base} | {head}"))
            .collect();
        assert_eq!(lost, Vec::<String>::new());
    }

    #[test]
    fn bytes_are_found_in_the_tree_however_they_begin() {
        let list = |last: &str| format!("select a from (values (0x01), ({last})) as t (a)");
        let kinds: Vec<&str> = match compared(Dialect::Trino, &list("0xab"), &list("0xcd")) {
            Compared::Differ(effects, _) => effects.iter().map(|effect| effect.kind.name()).collect(),
            Compared::Same | Compared::Unclear(_) => Vec::new(),
        };
        assert_eq!(kinds, ["rows_removed", "rows_added"]);
    }

    #[test]
    fn long_lists_of_constants_are_compared_row_by_row() {
        let list = |last: &str| {
            let rows: Vec<String> = (0..40).map(|row| format!("('x', {row}, 0x{row:04x})")).collect();
            format!("select a, b, c from (values {}{last}) as t (a, b, c)", rows.join(", "))
        };
        let told = |base: &str, head: &str| match compared(Dialect::Trino, base, head) {
            Compared::Same => "same".to_owned(),
            Compared::Differ(effects, _) => {
                effects.iter().map(|effect| effect.kind.name()).collect::<Vec<_>>().join(" ")
            }
            Compared::Unclear(why) => why,
        };
        let (whole, more) = (list(""), list(", ('y', 40, 0xff)"));
        assert_eq!(told(&whole, &more), "rows_added");
        assert_eq!(told(&more, &whole), "rows_removed");
        assert_eq!(told(&whole, &whole.replace("7, 0x0007", "7, 0x0008")), "rows_removed rows_added");
        assert_eq!(told(&whole, &list(", ('x', 7, 0x0007)")), "rows_added");
        let moved = whole.replace("('x', 0, 0x0000), ", "").replace(") as t", ", ('x', 0, 0x0000)) as t");
        assert_eq!(told(&whole, &moved), "same", "{moved}");
    }

    #[test]
    fn a_table_that_is_left_as_it_is_is_told() {
        let told = |base: &str, head: &str| match compared(Dialect::Snowflake, base, head) {
            Compared::Same => Vec::new(),
            Compared::Differ(effects, _) => effects.iter().map(|effect| effect.kind.name()).collect(),
            Compared::Unclear(_) => vec!["unclear"],
        };
        let rows = ["rows_added", "rows_removed", "revalued"];
        for built in ["create table", "create or replace table"] {
            let (built, left) =
                (format!("{built} m as select a from t"), "create table if not exists m as select a from t");
            assert_eq!((told(&built, left), told(left, &built)), (rows.to_vec(), rows.to_vec()));
        }
        let asks = "create table m as select a from t where not exists (select 1 from u)";
        let built = asks.replace("create table", "CREATE OR REPLACE TABLE");
        let left = asks.replace("create table", "create table IF NOT EXISTS");
        assert_eq!((told(asks, &built), told(&left, &left.replace("where", "where true and"))), (vec![], vec![]));
        assert_eq!(told(asks, &left), rows);
    }

    #[test]
    fn a_table_that_is_overwritten_has_columns_of_its_own() {
        let told = |base: &str, head: &str| match compared(Dialect::Databricks, base, head) {
            Compared::Same => vec!["same"],
            Compared::Differ(effects, _) => effects.iter().map(|effect| effect.kind.name()).collect(),
            Compared::Unclear(_) => vec!["unclear"],
        };
        let base = "insert overwrite table t select a as x, b as y from o";
        assert_eq!(told(base, "insert overwrite table t select b as y, a as x from o"), ["unclear"]);
        assert_eq!(told(base, "insert overwrite table t select c as x, b as y from o"), ["unclear"]);
        assert_eq!(told(base, "insert overwrite table t select a as x, b as y from o where a > 1"), ["rows_removed"]);
        assert_eq!(told(base, "insert overwrite table t select p.a as x, p.b as y from o as p"), ["same"]);
        let star = "insert overwrite table t select a, o.* from o";
        assert_eq!(told(star, "insert overwrite table t select o.*, a from o"), ["unclear"]);
        let view = "create view m (x, y, z) as select a as q, o.* from o";
        assert_eq!(told(view, "create view m (x, y, z) as select o.*, a as q from o"), ["unclear"]);
    }

    #[test]
    fn what_says_the_same_is_the_same() {
        let pairs = [
            ("select a from t where b and c", "with x as (select * from t) select y.a from x as y where y.c and y.b"),
            ("select t.a from t join u on t.a = u.a", "select t.a from u inner join t using (a)"),
            (
                "select \"core\".\"o\".a from \"core\".\"o\" where b ~ 'x' and c",
                "select a from core.o where c and b ~ 'x'",
            ),
            ("create view v as select a from t", "CREATE VIEW v AS (SELECT t.a FROM t)"),
        ];
        for (base, head) in pairs {
            assert!(matches!(compared(Dialect::Postgres, base, head), Compared::Same), "{base} | {head}");
        }
    }
}
