//! Lineage held against a database: one column of one table changes, or its rows do, and whatever changes
//! in the result must depend on it.

use std::collections::BTreeSet;

use headsup_lineage::canonical::Terms;
use headsup_lineage::change::EffectKind;
use headsup_lineage::columns::lineage;
use headsup_lineage::dependency::{Dependency, QueryLineage, Slot};
use headsup_lineage::difference::{Differences, RelationChange, carried};
use headsup_lineage::name::{ColumnName, Quoting};
use headsup_lineage::parse::parse;
use rusqlite::Connection;

use crate::chance::Chance;
use crate::data::{Cell, DIALECT, Declared, TABLES, Values, database, run, values};
use crate::{bag, differs, number, pair};

/// What is changed: a column of a table, or its rows.
#[derive(Debug, Clone, Copy)]
struct Change {
    table: usize,
    column: Option<usize>,
}

/// A database, and others in which one thing differs.
struct Neighbours {
    middle: Connection,
    values: Values,
    around: Vec<(Change, Values, Connection)>,
}

fn neighbours(seed: u64) -> Neighbours {
    let mut chance = Chance::new(seed);
    let all = values(&mut chance);
    let mut around = Vec::new();
    for (place, table) in TABLES.iter().enumerate() {
        for (at, name) in table.columns.iter().enumerate() {
            // What others refer to, or what refers to others, cannot be changed at will.
            let is_key = at == 0 && table.has_key;
            if is_key || table.refers.is_some_and(|(own, _)| own == *name) {
                continue;
            }
            let mut changed = all.clone();
            let is_text = at == table.columns.len() - 1;
            for row in changed.get_mut(table.name).expect("a table") {
                if chance.percent(60) {
                    let null = chance.percent(30) && !table.not_null.contains(name);
                    row[at] = match (null, is_text) {
                        (true, _) => "null".to_owned(),
                        (false, true) => format!("'{}'", chance.pick(&["a", "b", "c"])),
                        (false, false) => chance.below(4).to_string(),
                    };
                }
            }
            let change = Change { table: place, column: Some(at) };
            let database = database(&changed);
            around.push((change, changed, database));
        }
        let changed = other_rows(&all, place, &mut chance);
        let database_of = database(&changed);
        around.push((Change { table: place, column: None }, changed, database_of));
    }
    Neighbours { middle: database(&all), values: all, around }
}

/// Some rows of a table are gone or there more often, also where they should be unique.
fn other_rows(all: &Values, table: usize, chance: &mut Chance) -> Values {
    let mut changed = all.clone();
    if chance.percent(40) && !all[TABLES[table].name].is_empty() {
        let rows = changed.get_mut(TABLES[table].name).expect("a table");
        let again: Vec<Vec<String>> = rows.iter().filter(|_| chance.percent(50)).cloned().collect();
        rows.extend(again);
        return changed;
    }
    let referred = TABLES.iter().any(|other| other.refers.is_some_and(|(_, to)| to == TABLES[table].name));
    let rows = changed.get_mut(TABLES[table].name).expect("a table");
    if referred {
        // A row more: nobody refers to it.
        rows.push(vec!["9".to_owned(), chance.below(4).to_string(), chance.below(4).to_string(), "'a'".to_owned()]);
        return changed;
    }
    if chance.percent(50) || TABLES[table].has_key {
        let kept = chance.below(rows.len().max(1));
        rows.truncate(kept);
    } else {
        let again = rows.clone();
        rows.extend(again.into_iter().take(2));
    }
    changed
}

fn depends(sources: &[Dependency], lineage: &QueryLineage, change: Change) -> bool {
    let table = &TABLES[change.table];
    sources.iter().any(|source| {
        lineage.inputs[source.input.index()].name.table_key() == table.name
            && match (&source.on, change.column) {
                (Slot::Rows, None) | (Slot::Any, Some(_)) => true,
                (Slot::Column(path), Some(column)) => path.column.key() == table.columns[column],
                _ => false,
            }
    })
}

/// What changed without depending on what did.
fn missed(found: &QueryLineage, change: Change, before: &[Vec<Cell>], after: &[Vec<Cell>]) -> bool {
    if depends(&found.rows, found, change) {
        return false;
    }
    let columns = 0..found.columns.len();
    let same: Vec<usize> = columns.filter(|place| !depends(&found.columns[*place].sources, found, change)).collect();
    bag(before, &same) != bag(after, &same)
}

#[test]
fn whatever_changes_depends_on_what_does() {
    let rounds = number("ORACLE_ROUNDS", 600);
    let first = number("ORACLE_SEED", 1);
    let all: Vec<Neighbours> = (0..6).map(|seed| neighbours(100 + seed)).collect();
    let mut failed: Vec<String> = Vec::new();
    let mut tried = 0;
    for seed in first..first + rounds {
        let sql = pair(seed).1.sql();
        let script = parse(&sql, DIALECT);
        let Some(queries) = script.statements.first().and_then(|statement| statement.queries.clone()) else { continue };
        let outputs = lineage(&queries, &Declared);
        let Some(found) = outputs.first().map(|output| &output.lineage) else { continue };
        let mut lines: BTreeSet<String> = BTreeSet::new();
        for neighbours in &all {
            let Ok((names, before)) = run(&neighbours.middle, &sql) else { continue };
            if names.len() != found.columns.len() {
                continue;
            }
            tried += 1;
            for (change, values, database) in &neighbours.around {
                // What is declared holds on both sides.
                if breaks_key(*change, values) {
                    continue;
                }
                if !sql.contains(&format!(" {} as ", TABLES[change.table].name)) {
                    continue;
                }
                let Ok((_, after)) = run(database, &sql) else { continue };
                if missed(found, *change, &before, &after) {
                    let table = &TABLES[change.table];
                    let what = change.column.map_or("the rows", |column| table.columns[column]);
                    lines.insert(format!("{what} of {}", table.name));
                }
            }
        }
        if !lines.is_empty() {
            let lines: Vec<String> = lines.into_iter().collect();
            failed.push(format!("seed {seed}\n{sql}\ndoes not depend on {}", lines.join(", ")));
        }
    }
    failed.sort_by_key(String::len);
    println!("{rounds} queries, {} missed", failed.len());
    let shown: Vec<String> = failed.iter().take(8).cloned().collect();
    assert!(failed.is_empty(), "{} missed\n\n{}", failed.len(), shown.join("\n\n"));
    assert!(tried > rounds, "most queries do not run");
}

/// Whether a table holds a key twice.
fn breaks_key(change: Change, values: &Values) -> bool {
    let table = &TABLES[change.table];
    let keys: Vec<&String> = values[table.name].iter().map(|row| &row[0]).collect();
    table.has_key && keys.iter().collect::<BTreeSet<_>>().len() < keys.len()
}

/// What a change of the data is, in the words of effects.
fn told_of(change: Change, before: &Values, after: &Values) -> RelationChange {
    let table = &TABLES[change.table];
    let mut told = RelationChange::default();
    match change.column {
        Some(column) => {
            let name = ColumnName::new(DIALECT, table.columns[column], Quoting::Bare);
            told.columns.insert(name, (EffectKind::Revalued, "it changed".to_owned()));
        }
        None => {
            let (old, new) = (&before[table.name], &after[table.name]);
            let kind = if old.iter().any(|row| !new.contains(row)) {
                EffectKind::RowsRemoved
            } else if new.iter().any(|row| !old.contains(row)) {
                EffectKind::RowsAdded
            } else {
                EffectKind::RowsDuplicated
            };
            told.rows.push((kind, "they changed".to_owned()));
        }
    }
    told
}

#[test]
fn whatever_is_carried_through_is_told() {
    let rounds = number("ORACLE_ROUNDS", 900) / 15;
    let first = number("ORACLE_SEED", 1);
    let all: Vec<Neighbours> = (0..8).map(|seed| neighbours(100 + seed)).collect();
    let mut failed: Vec<String> = Vec::new();
    let (mut tried, mut quiet, mut silent) = (0, 0, 0);
    for seed in first..first + rounds {
        let sql = pair(seed).1.sql();
        let script = parse(&sql, DIALECT);
        let Some(queries) = script.statements.first().and_then(|statement| statement.queries.clone()) else { continue };
        for neighbours in &all {
            let Ok(before) = run(&neighbours.middle, &sql) else { continue };
            for (change, values, database) in &neighbours.around {
                let table = &TABLES[change.table];
                if !sql.contains(&format!(" {} as ", table.name)) {
                    continue;
                }
                let Ok(after) = run(database, &sql) else { continue };
                let told = told_of(*change, &neighbours.values, values);
                let what = format!("{told:?}");
                let mut terms = Terms::new(DIALECT);
                let found = carried(&mut terms, &queries, queries.outputs[0].block, &Declared, &|name| {
                    (name == table.name).then(|| told.clone())
                });
                let Ok(found) = found else { continue };
                tried += 1;
                silent += usize::from(found.list.is_empty());
                quiet += usize::from(!found.list.is_empty() && !differs(&before, &after));
                if let Some(missed) = crate::missed(&found, &before, &after) {
                    let lines: Vec<String> = found
                        .list
                        .iter()
                        .map(|told| format!("  {} {:?}: {}", told.kind, told.column, told.detail))
                        .collect();
                    failed.push(format!(
                        "seed {seed}\n{sql}\n{} changed: {what}\n{missed}\ntold:\n{}",
                        table.name,
                        lines.join("\n")
                    ));
                }
            }
        }
    }
    failed.sort_by_key(String::len);
    println!("{tried} changes carried, {} missed, {silent} silent, {quiet} told and not seen", failed.len());
    let shown: Vec<String> = failed.iter().take(8).cloned().collect();
    assert!(failed.is_empty(), "{} missed\n\n{}", failed.len(), shown.join("\n\n"));
}

#[test]
fn what_is_not_carried_is_noticed() {
    let all: Vec<Neighbours> = (0..3).map(|seed| neighbours(100 + seed)).collect();
    let noticed = (1..300).any(|seed| {
        let sql = pair(seed).1.sql();
        let nothing = Differences::default();
        all.iter().any(|neighbours| {
            let Ok(before) = run(&neighbours.middle, &sql) else { return false };
            neighbours.around.iter().any(|(_, _, database)| {
                run(database, &sql).is_ok_and(|after| crate::missed(&nothing, &before, &after).is_some())
            })
        })
    });
    assert!(noticed);
}

#[test]
fn a_dependency_that_is_missing_is_noticed() {
    let all: Vec<Neighbours> = (0..3).map(|seed| neighbours(100 + seed)).collect();
    let noticed = |without: &dyn Fn(&mut QueryLineage)| {
        (1..300).any(|seed| {
            let sql = pair(seed).1.sql();
            let script = parse(&sql, DIALECT);
            let Some(queries) = &script.statements[0].queries else { return false };
            let mut found = lineage(queries, &Declared).remove(0).lineage;
            without(&mut found);
            all.iter().any(|neighbours| {
                let Ok((_, before)) = run(&neighbours.middle, &sql) else { return false };
                neighbours.around.iter().any(|(change, values, database)| {
                    !breaks_key(*change, values)
                        && run(database, &sql).is_ok_and(|(_, after)| missed(&found, *change, &before, &after))
                })
            })
        })
    };
    assert!(noticed(&|found| found.rows.retain(|source| source.on == Slot::Rows)));
    assert!(noticed(&|found| found.rows.retain(|source| source.on != Slot::Rows)));
    assert!(noticed(&|found| found.columns[0].sources.clear()));
}
