//! Lineage held against a database: one column of one table changes, or its rows do, and whatever changes
//! in the result must depend on it.

use std::collections::BTreeSet;

use headsup_lineage::columns::lineage;
use headsup_lineage::dependency::{Dependency, QueryLineage, Slot};
use headsup_lineage::parse::parse;
use rusqlite::Connection;

use crate::chance::Chance;
use crate::data::{Cell, DIALECT, Declared, TABLES, Values, database, run, values};
use crate::{bag, number, pair};

/// What is changed: a column of a table, or its rows.
#[derive(Debug, Clone, Copy)]
struct Change {
    table: usize,
    column: Option<usize>,
}

/// A database, and others in which one thing differs.
struct Neighbours {
    middle: Connection,
    around: Vec<(Change, Connection)>,
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
            around.push((Change { table: place, column: Some(at) }, database(&changed)));
        }
        around.push((Change { table: place, column: None }, database(&other_rows(&all, place, &mut chance))));
    }
    Neighbours { middle: database(&all), around }
}

/// Some rows of a table are gone, or, without a key, there more often.
fn other_rows(all: &Values, table: usize, chance: &mut Chance) -> Values {
    let mut changed = all.clone();
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
            for (change, database) in &neighbours.around {
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
                neighbours.around.iter().any(|(change, database)| {
                    run(database, &sql).is_ok_and(|(_, after)| missed(&found, *change, &before, &after))
                })
            })
        })
    };
    assert!(noticed(&|found| found.rows.retain(|source| source.on == Slot::Rows)));
    assert!(noticed(&|found| found.rows.retain(|source| source.on != Slot::Rows)));
    assert!(noticed(&|found| found.columns[0].sources.clear()));
}
