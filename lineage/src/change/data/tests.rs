//! What is said of two versions of a file of rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::dialect::Dialect;
use crate::name::{Quoting, RelationName};
use crate::query::{DeclaredColumn, DeclaredKey, Nullability, TableSchema};
use crate::relation::{Declaration, RelationId, RelationKind, Rung};

/// A seed with the columns of its header, and a key where one is named.
fn seed(text: &str, key: &[&str], types: &[(&str, &str)]) -> Relation {
    let header = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
    let name = |name: &str| ColumnName::new(Dialect::Postgres, name, Quoting::Bare);
    let columns = header.split([',', ';']).map(|column| {
        let column = column.trim().trim_matches('"');
        let data_type = types.iter().find(|(of, _)| *of == column).map(|(_, said)| (*said).to_owned());
        DeclaredColumn {
            name: name(column),
            data_type: data_type.unwrap_or_default(),
            nullability: Nullability::Nullable,
        }
    });
    let mut schema = TableSchema { columns: columns.collect(), ..TableSchema::default() };
    if !key.is_empty() {
        schema.keys.push(DeclaredKey {
            columns: key.iter().map(|column| name(column)).collect(),
            kind: crate::query::KeyKind::Unique,
        });
    }
    let mut config = BTreeMap::new();
    if header.contains(';') {
        config.insert(Arc::from("delimiter"), Arc::from(";"));
    }
    Relation {
        id: RelationId::new("seed.shop.s"),
        name: RelationName::bare(Dialect::Postgres, ["s"]),
        aliases: Vec::new(),
        kind: RelationKind::Seed,
        rung: Rung::Columns,
        project: Arc::from("shop"),
        writers: Vec::new(),
        declared_in: None,
        schema,
        declaration: Declaration::Ddl,
        config,
    }
}

fn told(compared: Compared) -> Vec<String> {
    match compared {
        Compared::Same => Vec::new(),
        Compared::Unclear(why) => vec![format!("unclear: {why}")],
        Compared::Differ(effects) => effects
            .into_iter()
            .map(|effect| {
                let column = effect.column.map(|column| format!(" {column}")).unwrap_or_default();
                format!("{}{column}: {}", effect.kind, effect.detail.unwrap_or_default())
            })
            .collect(),
    }
}

fn check_with(base: &str, head: &str, key: &[&str], types: &[(&str, &str)], expected: &[&str]) {
    let (old, new) = (seed(base, key, types), seed(head, key, types));
    assert_eq!(told(compare((&old, base), (&new, head))), expected, "{base:?} | {head:?}");
}

fn check(base: &str, head: &str, expected: &[&str]) {
    check_with(base, head, &[], &[], expected);
}

#[test]
fn how_a_file_is_written_does_not_count() {
    let base = "id,name\n1,apple\n2,pear tree\n";
    for head in [
        "id,name\r\n1,apple\r\n2,pear tree\r\n",
        "id,name\n1,apple\n2,pear tree",
        "\u{feff}id,name\n1,apple\n2,pear tree\n",
        "\"id\",\"name\"\n\"1\",\"apple\"\n\"2\",\"pear tree\"\n",
        "id,name\n2,pear tree\n1,apple\n",
        "name,id\napple,1\npear tree,2\n",
        "id;name\n1;apple\n2;pear tree\n",
        "ID,Name\n1,apple\n2,pear tree\n",
    ] {
        check(base, head, &[]);
    }
    check("id,t\n1,\"a \"\"b\"\", c\"\n", "id,t\n\"1\",\"a \"\"b\"\", c\"", &[]);
}

#[test]
fn rows_are_held_against_each_other_by_key() {
    let base = "id,name\n1,apple\n2,pear\n";
    check(base, "id,name\n1,apple\n2,pear\n3,plum\n", &["rows_added: 1 row more, by id"]);
    check(base, "id,name\n2,pear\n", &["rows_removed: 1 row gone, by id"]);
    check(base, "id,name\n1,apple\n2,quince\n", &["revalued name: another value in 1 row, by id"]);
    check(base, "id,name\n1,Apple\n2,pear \n", &["revalued name: another value in 2 rows, by id"]);
    check(
        "id,name\n1,\n",
        "id,name\n1,\"\"\n",
        &[
            "retyped name: its values look otherwise, and by them its type is found",
            "revalued name: another value in 1 row, by id",
        ],
    );
    // A key that is declared counts before the first that is found.
    check_with(
        "n,id,name\n1,a,apple\n2,b,pears\n",
        "n,id,name\n2,a,apple\n1,b,pears\n",
        &["id"],
        &[],
        &["revalued n: another value in 2 rows, by id"],
    );
    check(
        "a,b,v\nx,one,5\nx,two,5\ny,one,5\n",
        "a,b,v\nx,one,5\nx,two,6\ny,one,5\n",
        &["revalued v: another value in 1 row, by a, b"],
    );
}

#[test]
fn without_a_key_rows_are_a_bag() {
    let base = "a,b\nxxxx,1\nxxxx,1\nyyyy,2\n";
    check(base, "a,b\nyyyy,2\nxxxx,1\nxxxx,1\n", &[]);
    check(base, "a,b\nxxxx,1\nxxxx,1\nxxxx,1\nyyyy,2\n", &["rows_duplicated: 1 row repeated"]);
    check(base, "a,b\nxxxx,1\nyyyy,2\n", &["rows_removed: 1 row gone"]);
    check(base, "a,b\nxxxx,1\nxxxx,3\nyyyy,2\n", &["rows_added: 1 row new", "rows_removed: 1 row gone"]);
}

#[test]
fn a_key_that_is_no_longer_unique_is_told() {
    check_with(
        "id,name\n1,apple\n2,pear\n",
        "id,name\n1,apple\n2,pear\n2,plum\n",
        &["id"],
        &[],
        &["rows_added: 1 row more, by name", "rows_duplicated: id is no longer unique in the file"],
    );
}

#[test]
fn values_that_look_otherwise_may_have_another_type() {
    let retyped = "retyped v: its values look otherwise, and by them its type is found";
    for (was, is, expected) in [
        ("1", "2", false),
        ("1", "1.5", true),
        ("1", "none", true),
        ("1.5", "2.5", false),
        ("1.0", "2", true),
        ("", "1", true),
        ("2024-01-01", "2024-02-01", false),
        ("2024-01-01", "2024-01-01 10:00", true),
        ("true", "false", false),
        ("true", "yes", true),
        ("apple", "cherry", false),
        ("$1", "$2", true),
        ("10.11.0", "10.12.0", false),
        ("1.2.3.4", "1.2.3.5", false),
        ("10.11.24", "10.12.24", true),
        ("2024.1.1", "2024.2.1", true),
        ("10.11.0", "10.11", true),
        ("qzd5g81daibrxqfbppoeg1mezo", "a8sy4f7x3pbt9m4u5j6xzgthqr", false),
        ("20240101T101010Z", "20240102T101010Z", true),
        ("0x1f4a5b6c7d8e", "0x1f4a5b6c7d8f", true),
        ("12jan2024utc1", "13jan2024utc1", true),
        ("1e1000000000", "1e1000000001", true),
    ] {
        let (base, head) = (format!("id,v\n1,{was}\n"), format!("id,v\n1,{is}\n"));
        let mut all = vec!["revalued v: another value in 1 row, by id"];
        if expected {
            all.insert(0, retyped);
        }
        check(&base, &head, &all);
        check_with(&base, &head, &[], &[("v", "TEXT")], &["revalued v: another value in 1 row, by id"]);
    }
}

#[test]
fn what_is_not_understood_is_said() {
    check("id,name\n1,a\n", "id,name\n1,a,b\n", &["unclear: its rows are not of one length"]);
    check("id,name\n1,a\n", "id,name\n1,\"a\n", &["unclear: a quoted value does not end"]);
    // Loaders differ in what they take an empty line for.
    check("id,name\n1,a\n", "id,name\n1,a\n\n", &["unclear: its rows are not of one length"]);
    check("id,id\n1,2\n", "id,id\n1,3\n", &["unclear: its header is not understood"]);
    check("a\n1\n", "b\n1\n", &["unclear: no column is in both versions"]);
}
