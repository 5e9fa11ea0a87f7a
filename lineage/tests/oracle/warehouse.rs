//! Edits in a warehouse: some models that read tables and each other, one of which is edited. Both versions are
//! built on many databases. Whatever differs must have been told, and what is told should differ: how often
//! edits that change nothing are silent, and how often models are alarmed that stay as they are, is printed by
//! kind of edit.
//!
//! `ORACLE_EDITS` says how many edits are tried, `ORACLE_DATABASES` on how many databases, `ORACLE_KIND`
//! which kinds with commas between, `ORACLE_SHOW=loud` shows edits that change nothing and were told, and `ORACLE_CASES` names a file that each is written to, a
//! line of JSON with the tables, both versions, and what came of it, for those who want to hold others against it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use headsup_lineage::change::compare;
use headsup_lineage::diagnostic::Position;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::filling::{Filling, Places, Target};
use headsup_lineage::graph::LineageGraph;
use headsup_lineage::graph::tables::Tables;
use headsup_lineage::name::RelationName;
use headsup_lineage::parse::parse;
use headsup_lineage::query::{DeclaredColumn, DeclaredKey, ForeignKey, KeyKind, Nullability, TableSchema};
use headsup_lineage::reach::spread;
use headsup_lineage::relation::{Body, Declaration, Reference, Relation, RelationId, RelationKind, Rung, Writer};
use rusqlite::Connection;

use crate::chance::Chance;
use crate::data::{TABLES, Table, Values, column, database, run, values};
use crate::query::{Maker, Query};
use crate::refactor::REFACTORS;
use crate::text::{DRESSES, dressed};
use crate::{differs, number};

/// Types behave in SQLite as in this dialect, as far as the queries here go.
const DIALECT: Dialect = Dialect::Databricks;

/// So many models are in a warehouse.
const MODELS: usize = 6;

/// The models of one version, by name, in an order in which they can be built.
type Models = Vec<(String, String)>;

struct Case {
    kind: &'static str,
    /// Whether the edit is one that changes nothing.
    harmless: bool,
    edited: String,
    base: Models,
    head: Models,
}

/// A warehouse and an edit of one of its models; none if the kind of edit fits nowhere.
fn case(seed: u64, kind: &'static str) -> Option<Case> {
    let mut chance = Chance::new(seed);
    let mut maker = Maker { chance: &mut chance, count: 0, models: Vec::new() };
    let mut queries: Vec<(String, Query)> = Vec::new();
    for place in 0..MODELS {
        let depth = maker.chance.below(3);
        let query = maker.query(depth);
        let name = format!("m{place}");
        maker.models.push((name.clone(), query.columns()));
        queries.push((name, query));
    }
    // What was made last is read by nobody.
    let all = maker.models.clone();
    let first = maker.chance.below(MODELS - 1);
    let order = (first..MODELS).chain(0..first);
    let base: Models = queries.iter().map(|(name, query)| (name.clone(), query.sql())).collect();
    for place in order {
        maker.models = all[..place].to_vec();
        let mut query = queries[place].1.clone();
        let harmless = REFACTORS.contains(&kind) || DRESSES.contains(&kind);
        let sql = if DRESSES.contains(&kind) {
            dressed(kind, &query)
        } else if REFACTORS.contains(&kind) {
            if !maker.refactor(kind, &mut query) {
                continue;
            }
            query.sql()
        } else if kind == "several refactors" {
            let mut done = 0;
            for _ in 0..12 {
                let next = *maker.chance.pick(&REFACTORS);
                done += usize::from(maker.refactor(next, &mut query));
            }
            let dress = *maker.chance.pick(&DRESSES);
            if done < 2 {
                continue;
            }
            dressed(dress, &query)
        } else {
            // Other kinds of edits come as they come.
            if maker.edit(&mut query) != kind {
                continue;
            }
            query.sql()
        };
        let mut head = base.clone();
        if head[place].1 == sql {
            continue;
        }
        head[place].1 = sql;
        let edited = base[place].0.clone();
        let harmless = harmless || kind == "several refactors";
        // What comes on one way goes on the other.
        let (base, head) = if seed.is_multiple_of(2) { (base, head) } else { (head, base) };
        return Some(Case { kind, harmless, edited, base, head });
    }
    None
}

fn relation(called: &str, kind: RelationKind) -> Relation {
    Relation {
        id: RelationId::new(called),
        name: RelationName::parse(DIALECT, called),
        aliases: Vec::new(),
        kind,
        rung: Rung::Columns,
        project: Arc::from("shop"),
        writers: Vec::new(),
        declared_in: Some((Arc::from(format!("{called}.sql")), Position::START)),
        schema: TableSchema::default(),
        declaration: Declaration::Ddl,
        config: BTreeMap::new(),
    }
}

fn declared(table: &Table) -> Relation {
    let mut found = relation(table.name, RelationKind::Source);
    let columns = table.columns.iter().enumerate().map(|(place, name)| DeclaredColumn {
        name: column(name),
        data_type: (if place == table.columns.len() - 1 { "STRING" } else { "INT" }).to_owned(),
        nullability: if table.not_null.contains(name) { Nullability::NotNull } else { Nullability::Nullable },
    });
    found.schema.columns = columns.collect();
    if table.has_key {
        let key = DeclaredKey { columns: vec![column(table.columns[0])], kind: KeyKind::Primary };
        found.schema.keys.push(key);
    }
    if let Some((own, other)) = table.refers {
        found.schema.references.push(ForeignKey {
            columns: vec![column(own)],
            relation: RelationName::parse(DIALECT, other),
            relation_columns: vec![column("id")],
        });
    }
    found
}

fn relations(models: &Models) -> Vec<Relation> {
    let mut found: Vec<Relation> = TABLES.iter().map(declared).collect();
    for (name, sql) in models {
        let script = parse(sql, DIALECT);
        let reads = script.statements.iter().flat_map(|statement| statement.reads.clone());
        let mut model = relation(name, RelationKind::Model);
        model.declaration = Declaration::Described;
        model.writers.push(Writer {
            path: Arc::from(format!("{name}.sql")),
            position: Position::START,
            reads: reads.map(Reference::Name).collect(),
            described: Default::default(),
            incomplete: None,
            body: Body::Sql { dialect: DIALECT, variants: vec![Arc::from(sql.as_str())], conditions: None },
            fillings: vec![Filling::query(Arc::new(script.into()), Target::Whole, Places::File)],
        });
        found.push(model);
    }
    found
}

/// The models that are told to be reached, the edited one among them if it is told to differ.
fn told(case: &Case) -> BTreeSet<String> {
    let (base, head) = LineageGraph::build_both(relations(&case.base), relations(&case.head), &Tables::default());
    let differing = BTreeSet::from([Arc::from(format!("{}.sql", case.edited))]);
    let comparison = compare(&base.graph, &head.graph, &differing);
    let reached = spread(&base.graph, &head.graph, &comparison);
    reached.arrivals().keys().map(|id| id.as_str().to_owned()).collect()
}

/// What the models hold on one database; none if they cannot be built.
fn built(database: &Connection, models: &Models) -> Option<BTreeMap<String, crate::Table>> {
    let mut found = BTreeMap::new();
    let mut fits = true;
    for (name, sql) in models {
        fits = fits && database.execute_batch(&format!("create table {name} as {sql}")).is_ok();
        match run(database, &format!("select * from {name}")) {
            Ok(rows) if fits => {
                found.insert(name.clone(), rows);
            }
            _ => break,
        }
    }
    for (name, _) in models {
        let _ = database.execute_batch(&format!("drop table if exists {name}"));
    }
    (found.len() == models.len()).then_some(found)
}

/// The models that differ on some database; none if they cannot be built.
fn changed(case: &Case, databases: &[(Values, Connection)]) -> Option<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for (_, database) in databases {
        let (base, head) = (built(database, &case.base)?, built(database, &case.head)?);
        let differing = base.iter().filter(|(name, rows)| differs(rows, &head[*name]));
        found.extend(differing.map(|(name, _)| name.clone()));
    }
    Some(found)
}

/// The models below the edited one, itself included.
fn below(case: &Case) -> BTreeSet<String> {
    let mut found = BTreeSet::from([case.edited.clone()]);
    for models in [&case.base, &case.head] {
        for (name, sql) in models {
            let reads = |other: &String| sql.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == other);
            if found.iter().any(reads) {
                found.insert(name.clone());
            }
        }
    }
    found
}

/// How edits of one kind fared.
#[derive(Default)]
struct Tally {
    edits: usize,
    /// Those that changed nothing, and those of them that were silent.
    harmless: usize,
    silent: usize,
    /// Models that stayed as they were, and those of them that were told.
    unchanged: usize,
    alarmed: usize,
    changed: usize,
    missed: usize,
}

fn kinds() -> Vec<&'static str> {
    #[rustfmt::skip]
    const CHANGES: [&str; 29] = [
        "expression", "column added", "column removed", "column renamed", "condition added", "condition removed",
        "condition changed", "join kind", "join condition", "join added", "join removed", "distinct", "key added",
        "key removed", "having", "limit", "conditions swapped", "partition", "joins reordered", "constant",
        "inside a condition", "window over groups", "set operator", "branch removed", "branch added",
        "branches swapped", "wrapped", "wrapped and filtered", "several refactors",
    ];
    let mut all: Vec<&str> = REFACTORS.iter().chain(&DRESSES).chain(&CHANGES).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn line(case: &Case, databases: &[(Values, Connection)], told: &BTreeSet<String>, differ: &BTreeSet<String>) -> String {
    let list = |names: &BTreeSet<String>| names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let models = |models: &Models| {
        let each: Vec<String> = models.iter().map(|(name, sql)| format!("\"{name}\": {sql:?}")).collect();
        format!("{{{}}}", each.join(", "))
    };
    let mut text = String::new();
    let _ = write!(
        text,
        "{{\"kind\": \"{}\", \"harmless\": {}, \"edited\": \"{}\", \"base\": {}, \"head\": {}, \"below\": [{}], \"told\": [{}], \"changed\": [{}], \"databases\": {}}}",
        case.kind,
        differ.is_empty(),
        case.edited,
        models(&case.base),
        models(&case.head),
        list(&below(case)),
        list(told),
        list(differ),
        databases.len()
    );
    text
}

#[test]
fn edits_by_kind() {
    let only = std::env::var("ORACLE_KIND").ok();
    let kinds: Vec<&str> = kinds()
        .into_iter()
        .filter(|kind| only.as_deref().is_none_or(|only| only.split(',').any(|name| name == *kind)))
        .collect();
    let edits = number("ORACLE_EDITS", 240);
    let first = number("ORACLE_SEED", 1);
    let show = std::env::var("ORACLE_SHOW").ok();
    let mut chance = Chance::new(first);
    let databases: Vec<(Values, Connection)> = (0..number("ORACLE_DATABASES", 16))
        .map(|_| {
            let values = values(&mut chance);
            let connection = database(&values);
            (values, connection)
        })
        .collect();
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    let (mut missed, mut loud, mut lines) = (Vec::new(), Vec::new(), String::new());
    let mut seed = first * 1_000_003;
    for turn in 0..usize::try_from(edits).expect("few") {
        let kind = kinds[turn % kinds.len()];
        let found = (0..60).find_map(|_| {
            seed += 1;
            case(seed, kind)
        });
        let Some(case) = found else { continue };
        let Some(differ) = changed(&case, &databases) else { continue };
        let told = told(&case);
        lines.push_str(&line(&case, &databases, &told, &differ));
        lines.push('\n');
        let tally = tallies.entry(kind).or_default();
        tally.edits += 1;
        if case.harmless {
            assert!(differ.is_empty(), "{kind} changes something\n{}", words(&case));
        }
        if differ.is_empty() {
            tally.harmless += 1;
            tally.silent += usize::from(told.is_empty());
            if !told.is_empty() && case.harmless {
                loud.push(format!("seed {seed}, {kind}\n{}", words(&case)));
            }
        }
        for model in below(&case) {
            if differ.contains(&model) {
                tally.changed += 1;
                if !told.contains(&model) {
                    tally.missed += 1;
                    missed.push(format!("seed {seed}, {kind}: {model} is not told\n{}", all_words(&case)));
                }
            } else {
                tally.unchanged += 1;
                let is_told = told.contains(&model);
                tally.alarmed += usize::from(is_told);
                if is_told && show.as_deref() == Some(kind) {
                    println!("seed {seed}, {kind}: {model} stays\n{}", all_words(&case));
                }
            }
        }
    }
    report(&tallies);
    if show.as_deref() == Some("loud") {
        loud.iter().for_each(|text| println!("{text}\n"));
    }
    if let Ok(path) = std::env::var("ORACLE_CASES") {
        std::fs::write(path, lines).expect("a file");
    }
    missed.sort_by_key(String::len);
    let shown: Vec<String> = missed.iter().take(4).cloned().collect();
    assert!(missed.is_empty(), "{} missed\n\n{}", missed.len(), shown.join("\n\n"));
    assert!(only.is_some() || tallies.len() >= 60, "{} kinds of edits fit", tallies.len());
}

fn words(case: &Case) -> String {
    let of = |models: &Models| models.iter().find(|(name, _)| *name == case.edited).map(|(_, sql)| sql.clone());
    format!("{}\n{}", of(&case.base).unwrap_or_default(), of(&case.head).unwrap_or_default())
}

fn all_words(case: &Case) -> String {
    let models: Vec<String> = case.base.iter().map(|(name, sql)| format!("{name}: {sql}")).collect();
    format!("{}\n{}\n{}", case.edited, words(case), models.join("\n"))
}

fn report(tallies: &BTreeMap<&str, Tally>) {
    let percent = |part: usize, all: usize| {
        if all == 0 { "-".to_owned() } else { format!("{:.0} %", part as f64 * 100.0 / all as f64) }
    };
    println!(
        "{:>26} {:>6} {:>9} {:>8} {:>10} {:>8} {:>8} {:>7}",
        "edit", "edits", "harmless", "silent", "unchanged", "alarmed", "changed", "missed"
    );
    let line = |kind: &str, tally: &Tally| {
        println!(
            "{kind:>26} {:>6} {:>9} {:>8} {:>10} {:>8} {:>8} {:>7}",
            tally.edits,
            tally.harmless,
            percent(tally.silent, tally.harmless),
            tally.unchanged,
            percent(tally.alarmed, tally.unchanged),
            tally.changed,
            tally.missed
        );
    };
    let (mut tidy, mut other) = (Tally::default(), Tally::default());
    for (kind, tally) in tallies {
        line(kind, tally);
        let is_refactor = REFACTORS.contains(kind) || DRESSES.contains(kind) || *kind == "several refactors";
        let sum = if is_refactor { &mut tidy } else { &mut other };
        sum.edits += tally.edits;
        sum.harmless += tally.harmless;
        sum.silent += tally.silent;
        sum.unchanged += tally.unchanged;
        sum.alarmed += tally.alarmed;
        sum.changed += tally.changed;
        sum.missed += tally.missed;
    }
    line("refactors", &tidy);
    line("other edits", &other);
}
