//! Two versions of a small project held against a database, and laws that hold of any two: the derived
//! tables of a random query are models of their own, edits happen in any of them, and columns and models
//! are renamed, with readers who follow and readers who do not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headsup_lineage::change::{Comparison, EffectKind, compare};
use headsup_lineage::diagnostic::Position;
use headsup_lineage::filling::{Filling, Places, Target};
use headsup_lineage::graph::LineageGraph;
use headsup_lineage::graph::tables::Tables;
use headsup_lineage::name::{ColumnName, Quoting, RelationName};
use headsup_lineage::parse::parse;
use headsup_lineage::query::{DeclaredColumn, DeclaredKey, ForeignKey, KeyKind, Nullability, TableSchema};
use headsup_lineage::reach::{Arrival, Reach, spread, spread_toward};
use headsup_lineage::relation::{Body, Declaration, Reference, Relation, RelationId, RelationKind, Rung, Writer};
use rusqlite::Connection;

use crate::chance::Chance;
use crate::data::{DIALECT, TABLES, run};
use crate::query::{Query, Source, What};
use crate::{Table, bag, databases, differs, number, pair};

/// A version of a project: models in the order in which they can be built.
type Models = Vec<(String, String)>;

/// What is declared of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keys {
    /// Columns and keys.
    Declared,
    /// Columns, and no keys.
    Unknown,
    /// Nothing: they have whatever is asked of them.
    Open,
}

fn name(text: &str) -> RelationName {
    RelationName::parse(DIALECT, text)
}

fn column(text: &str) -> ColumnName {
    ColumnName::new(DIALECT, text, Quoting::Bare)
}

fn source(table: &crate::data::Table, keys: Keys) -> Relation {
    let known = keys == Keys::Declared;
    let columns = table.columns.iter().map(|called| DeclaredColumn {
        name: column(called),
        data_type: String::new(),
        nullability: if known && table.not_null.contains(called) {
            Nullability::NotNull
        } else {
            Nullability::Nullable
        },
    });
    let mut schema = TableSchema { columns: columns.collect(), ..TableSchema::default() };
    if known && table.has_key {
        schema.keys.push(DeclaredKey { columns: vec![column(table.columns[0])], kind: KeyKind::Primary });
    }
    if let Some((own, other)) = table.refers.filter(|_| known) {
        schema.references.push(ForeignKey {
            columns: vec![column(own)],
            relation: name(other),
            relation_columns: vec![column("id")],
        });
    }
    Relation {
        kind: RelationKind::Source,
        writers: Vec::new(),
        schema,
        declaration: Declaration::Ddl,
        ..model(table.name, "select 1 as one")
    }
}

fn model(called: &str, sql: &str) -> Relation {
    let script = parse(sql, DIALECT);
    let reads = script.statements.iter().flat_map(|statement| statement.reads.clone()).map(Reference::Name).collect();
    let path: Arc<str> = Arc::from(format!("{called}.sql"));
    let writer = Writer {
        path: Arc::clone(&path),
        position: Position::START,
        reads,
        described: Default::default(),
        incomplete: None,
        body: Body::Sql { dialect: DIALECT, variants: vec![Arc::from(sql)], conditions: None },
        fillings: vec![Filling::query(Arc::new(script.into()), Target::Whole, Places::File)],
    };
    Relation {
        id: RelationId::new(called),
        name: name(called),
        aliases: Vec::new(),
        kind: RelationKind::Model,
        rung: Rung::Open,
        project: Arc::from("shop"),
        writers: vec![writer],
        declared_in: Some((path, Position::START)),
        schema: TableSchema::default(),
        declaration: Declaration::Described,
        config: BTreeMap::new(),
    }
}

fn graphs(base: &Models, head: &Models, keys: Keys) -> (LineageGraph, LineageGraph, Comparison) {
    let side = |models: &Models| -> Vec<Relation> {
        let sources = TABLES.iter().filter(|_| keys != Keys::Open).map(|table| source(table, keys));
        sources.chain(models.iter().map(|(called, sql)| model(called, sql))).collect()
    };
    let (base, head) = LineageGraph::build_both(side(base), side(head), &Tables::default());
    let comparison = compare(&base.graph, &head.graph, &BTreeSet::new());
    (base.graph, head.graph, comparison)
}

fn arrivals(base: &Models, head: &Models, keys: Keys) -> BTreeMap<String, Arrival> {
    let (base, head, comparison) = graphs(base, head, keys);
    let spread = spread(&base, &head, &comparison);
    spread.arrivals().iter().map(|(id, arrival)| (id.to_string(), arrival.clone())).collect()
}

/// Replaces a name, with what stands before it, wherever it is not part of another.
fn replace(text: &str, from: &str, to: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, behind) = (&rest[..at], &rest[at + from.len()..]);
        let part = |letter: char| letter.is_alphanumeric() || letter == '_';
        let is_name = !before.ends_with(part) && !behind.starts_with(part);
        out.push_str(before);
        out.push_str(if is_name { to } else { from });
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// A derived table that is a model of its own.
struct Hoisted {
    alias: String,
    model: String,
    columns: Vec<String>,
}

/// A query with its derived tables as models.
fn hoisted(query: &Query) -> (Vec<Hoisted>, Models) {
    let mut query = query.clone();
    let mut models = Models::new();
    let mut found = Vec::new();
    if let Query::Select(select) = &mut query {
        for (place, source) in select.sources.iter_mut().enumerate() {
            let Source { alias, what, .. } = source;
            let What::Query(inner) = what else { continue };
            let model = format!("m{place}");
            found.push(Hoisted { alias: alias.clone(), model: model.clone(), columns: inner.columns() });
            models.push((model, inner.sql()));
        }
    }
    let mut sql = query.sql();
    for (hoisted, (_, inner)) in found.iter().zip(&models) {
        sql = sql.replacen(
            &format!("({inner}) as {}", hoisted.alias),
            &format!("{} as {}", hoisted.model, hoisted.alias),
            1,
        );
    }
    models.push(("top".to_owned(), sql));
    models.push(("mirror".to_owned(), "select * from top".to_owned()));
    (found, models)
}

/// Gives columns and models of a version other names; who reads them follows, but for some.
fn renamed(found: &[Hoisted], models: &mut Models, chance: &mut Chance) {
    for hoisted in found {
        let Some(place) = models.iter().position(|(called, _)| *called == hoisted.model) else { continue };
        if chance.percent(60) {
            let at = chance.below(hoisted.columns.len());
            let (old, new) = (&hoisted.columns[at], format!("n{}", hoisted.columns[at]));
            // Sometimes a name that another column has already.
            let new = if chance.percent(10) { chance.pick(&hoisted.columns).clone() } else { new };
            let inner = &models[place].1;
            let columns: Vec<String> = hoisted
                .columns
                .iter()
                .enumerate()
                .map(
                    |(number, column)| {
                        if number == at { format!("r.{column} as {new}") } else { format!("r.{column}") }
                    },
                )
                .collect();
            models[place].1 = format!("select {} from ({inner}) as r", columns.join(", "));
            if chance.percent(90) {
                let top = &mut models[found.len()].1;
                *top = replace(top, &format!("{}.{old}", hoisted.alias), &format!("{}.{new}", hoisted.alias));
            }
        }
        if chance.percent(30) {
            let other = format!("x{}", hoisted.model);
            models[place].0.clone_from(&other);
            let top = &mut models[found.len()].1;
            if chance.percent(90) {
                *top = replace(top, &hoisted.model, &other);
            }
        }
    }
}

fn versions(seed: u64) -> (Models, Models) {
    let mut chance = Chance::new(seed ^ 0x5eed);
    let (base, head, _) = pair(seed);
    let (_, old) = hoisted(&base);
    let (found, mut new) = hoisted(if chance.percent(50) { &base } else { &head });
    renamed(&found, &mut new, &mut chance);
    if seed.is_multiple_of(3) { (new, old) } else { (old, new) }
}

/// The tables that models make, and those that cannot be made.
fn built(database: &Connection, models: &Models) -> BTreeMap<String, Option<Table>> {
    let mut found = BTreeMap::new();
    for (called, sql) in models {
        let view = database.execute_batch(&format!("create temp view {called} as {sql}"));
        let table = view.ok().and_then(|()| run(database, &format!("select * from {called}")).ok());
        found.insert(called.clone(), table);
    }
    for (called, _) in models.iter().rev() {
        let _ = database.execute_batch(&format!("drop view if exists {called}"));
    }
    found
}

/// What differs about one model and did not arrive there.
fn missed(arrival: Option<&Arrival>, before: Option<&Table>, after: Option<&Table>) -> Option<String> {
    let effects: BTreeSet<(EffectKind, Option<&str>)> = arrival
        .into_iter()
        .flat_map(|arrival| &arrival.effects)
        .map(|effect| (effect.kind, effect.column.as_ref().map(ColumnName::as_str)))
        .collect();
    let anything = |kind: EffectKind| effects.contains(&(kind, None));
    if [EffectKind::Unspecified, EffectKind::Broken].into_iter().any(anything) {
        return None;
    }
    let (before, after) = match (before, after) {
        (Some(before), Some(after)) => (before, after),
        (Some(_), None) if effects.is_empty() => return Some("it cannot be built any more".to_owned()),
        _ => return None,
    };
    let touched: BTreeSet<&str> = effects.iter().filter_map(|(_, column)| *column).collect();
    for name in before.0.iter().chain(&after.0) {
        if before.0.contains(name) != after.0.contains(name) && !touched.contains(name.as_str()) {
            return Some(format!("column {name} came or went"));
        }
    }
    let same: Vec<&String> =
        before.0.iter().filter(|name| after.0.contains(name) && !touched.contains(name.as_str())).collect();
    let places = |table: &Table| -> Vec<usize> {
        same.iter().map(|name| table.0.iter().position(|found| found == *name).expect("a column")).collect()
    };
    let rows = [EffectKind::RowsAdded, EffectKind::RowsRemoved, EffectKind::RowsDuplicated, EffectKind::Regrained];
    let told = rows.into_iter().any(anything);
    (!told && bag(&before.1, &places(before)) != bag(&after.1, &places(after)))
        .then(|| format!("rows differ in {same:?}"))
}

fn shown(models: &Models) -> String {
    models.iter().map(|(called, sql)| format!("  {called}: {sql}")).collect::<Vec<_>>().join("\n")
}

#[test]
fn whatever_differs_in_a_project_arrives() {
    let rounds = number("ORACLE_ROUNDS", 400);
    let first = number("ORACLE_SEED", 1);
    let databases = databases(first + 3, 10);
    let mut failed: Vec<String> = Vec::new();
    let (mut tried, mut differing, mut reached) = (0, 0, 0);
    for seed in first..first + rounds {
        let (base, head) = versions(seed);
        if base.len() < 3 {
            continue;
        }
        let arrived = arrivals(&base, &head, Keys::Declared);
        let (mut differed, mut missing) = (false, None);
        for database in &databases {
            let (before, after) = (built(database, &base), built(database, &head));
            for called in ["top", "mirror"] {
                let (was, is) = (before[called].as_ref(), after[called].as_ref());
                if let (Some(was), Some(is)) = (was, is) {
                    differed |= differs(was, is);
                }
                let what = missed(arrived.get(called), was, is);
                missing = missing.or(what.map(|what| format!("{called}: {what}")));
            }
        }
        tried += 1;
        differing += usize::from(differed);
        reached += usize::from(arrived.contains_key("top"));
        if let Some(what) = missing {
            let told: Vec<String> =
                arrived.iter().map(|(id, arrival)| format!("  {id}: {:?}", arrival.effects)).collect();
            failed.push(format!(
                "seed {seed}: {what}\nbase\n{}\nhead\n{}\ntold\n{}",
                shown(&base),
                shown(&head),
                told.join("\n")
            ));
        }
    }
    println!("{tried} projects, {differing} differ, {reached} are reached");
    failed.sort_by_key(String::len);
    let shown: Vec<&str> = failed.iter().take(6).map(String::as_str).collect();
    assert!(failed.is_empty(), "{} missed\n\n{}", failed.len(), shown.join("\n\n"));
    assert!(differing * 8 > tried && reached < tried, "{tried} projects are of one kind");
}

fn laws(check: impl Fn(u64, &Models, &Models) -> Result<(), String>) {
    let rounds = number("ORACLE_ROUNDS", 100);
    let first = number("ORACLE_SEED", 1);
    for seed in first..first + rounds {
        let (base, head) = versions(seed);
        if let Err(what) = check(seed, &base, &head) {
            panic!("seed {seed}: {what}\nbase\n{}\nhead\n{}", shown(&base), shown(&head));
        }
    }
}

#[test]
fn a_version_against_itself_is_silent() {
    laws(|_, base, head| {
        let silent = arrivals(base, base, Keys::Declared).is_empty() && arrivals(head, head, Keys::Unknown).is_empty();
        silent.then_some(()).ok_or_else(|| "it differs from itself".to_owned())
    });
}

#[test]
fn another_layout_is_silent() {
    laws(|seed, base, _| {
        let laid_out = |sql: &str| {
            let sql = if seed.is_multiple_of(2) { sql.to_uppercase() } else { sql.to_owned() };
            // Texts keep their case.
            let sql =
                ["'A'", "'B'", "'C'", "'Z'"].iter().fold(sql, |sql, text| sql.replace(text, &text.to_lowercase()));
            format!("-- another layout\n{};", sql.replace(' ', "\n  ").replace(",\n", " /* and */ ,\n"))
        };
        let other = base.iter().map(|(called, sql)| (called.clone(), laid_out(sql))).collect();
        let arrived = arrivals(base, &other, Keys::Declared);
        if arrived.is_empty() { Ok(()) } else { Err(format!("{arrived:?}")) }
    });
}

#[test]
fn what_is_reached_by_column_is_downstream_of_a_change() {
    laws(|_, base, head| {
        let (old, new, comparison) = graphs(base, head, Keys::Declared);
        let spread = spread(&old, &new, &comparison);
        let starts = |graph: &LineageGraph| {
            let mut nodes: Vec<_> = comparison.changes.iter().filter_map(|change| graph.by_id(&change.id)).collect();
            // What has another name is named by the one of head.
            let is_gone = |id: &RelationId| new.by_id(id).is_none();
            nodes.extend(graph.nodes().filter(|node| is_gone(&graph.relation(*node).id)));
            let below: BTreeSet<RelationId> =
                graph.downstream(nodes).into_iter().map(|node| graph.relation(node).id.clone()).collect();
            below
        };
        let below: BTreeSet<RelationId> = starts(&old).union(&starts(&new)).cloned().collect();
        let beside: Vec<&RelationId> = spread.arrivals().keys().filter(|id| !below.contains(id)).collect();
        // What has another name left under its old one.
        let beside: Vec<_> = beside.into_iter().filter(|id| new.by_id(id).is_some()).collect();
        if beside.is_empty() { Ok(()) } else { Err(format!("{beside:?}")) }
    });
}

#[test]
fn toward_one_reader_it_is_the_same() {
    laws(|_, base, head| {
        for keys in [Keys::Declared, Keys::Open] {
            let (old, new, comparison) = graphs(base, head, keys);
            let whole = spread(&old, &new, &comparison);
            let of =
                |graph: &LineageGraph| graph.nodes().map(|node| graph.relation(node).id.clone()).collect::<Vec<_>>();
            for id in of(&old).into_iter().chain(of(&new)) {
                let read = [Reference::Id(id.clone(), Position::START)];
                let toward = spread_toward(read.iter().map(|read| (read, None)), &old, &new, &comparison);
                let (toward, whole) = (toward.judge(&read, None, &|_| None), whole.judge(&read, None, &|_| None));
                if toward != whole {
                    return Err(format!("{id}: {toward:?}\nand not {whole:?}"));
                }
            }
        }
        Ok(())
    });
}

#[test]
fn less_schema_and_fewer_keys_never_silence() {
    laws(|_, base, head| {
        let reached = |keys: Keys| -> BTreeSet<String> {
            let arrivals = arrivals(base, head, keys);
            let reached = arrivals.into_iter().filter(|(_, arrival)| arrival.reach > Reach::NotReached);
            reached.map(|(id, _)| id).collect()
        };
        let (keys, columns, nothing) = (reached(Keys::Declared), reached(Keys::Unknown), reached(Keys::Open));
        for (known, unknown, less) in [(&keys, &columns, "keys"), (&columns, &nothing, "columns")] {
            let silenced: Vec<&String> = known.difference(unknown).collect();
            if !silenced.is_empty() {
                return Err(format!("{silenced:?} are silent without {less}"));
            }
        }
        Ok(())
    });
}

#[test]
fn the_other_way_round_what_came_is_gone() {
    laws(|_, base, head| {
        let there = graphs(base, head, Keys::Declared).2;
        let back = graphs(head, base, Keys::Declared).2;
        let told = |comparison: &Comparison, kind: EffectKind| -> BTreeSet<(String, Option<String>)> {
            let effects = comparison.changes.iter().flat_map(|change| {
                change.effects.iter().map(|effect| (change.id.to_string(), effect.kind, effect.column.clone()))
            });
            // A model with another name has one on each side.
            let effects = effects.filter(|(id, ..)| !id.contains('m') || id == "mirror");
            effects
                .filter(|(_, of, _)| *of == kind)
                .map(|(id, _, column)| (id, column.map(|column| column.to_string())))
                .collect()
        };
        for (one, other) in [(EffectKind::Added, EffectKind::Removed), (EffectKind::Removed, EffectKind::Added)] {
            if told(&there, one) != told(&back, other) {
                return Err(format!("{one}: {:?} {:?}", told(&there, one), told(&back, other)));
            }
        }
        Ok(())
    });
}
