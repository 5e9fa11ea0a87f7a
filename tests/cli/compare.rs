//! `headsup compare`: of two files, of standard input, and line by line.

use serde_json::{Value, json};

use crate::support::Fixture;

const OLD: &str = "select c.country, sum(o.amount) as total\nfrom orders o join customers c on c.id = o.customer\n\
                   where o.status <> 'gone'\ngroup by c.country\n";
const SCHEMA: &str = "create table customers (id int primary key, country text not null);\n\
                      create table orders (id int primary key, customer int, amount int, status text);\n";

fn pair(new: &str) -> Fixture {
    Fixture::folder(&[("old.sql", OLD), ("new.sql", new), ("schema.sql", SCHEMA)])
}

#[test]
fn a_refactor_is_the_same() {
    let new = "with kept as (select * from orders where status <> 'gone')\n\
               select customers.country, sum(kept.amount) as total\nfrom kept inner join customers on kept.customer = customers.id\n\
               group by 1\n";
    insta::assert_snapshot!(
        pair(new).text("compare old.sql new.sql --schema schema.sql --dialect postgres"),
        @"old.sql → new.sql, read as postgres: the same columns and rows, whatever the data are"
    );
}

#[test]
fn what_differs_is_told_with_its_reason() {
    let new = OLD.replace("sum(o.amount)", "max(o.amount)").replace("'gone'", "'lost'");
    let asked = "compare old.sql new.sql --schema schema.sql --dialect postgres";
    let found = pair(&new).json(asked);
    assert_eq!(found["verdict"], "changed");
    let effects: Vec<&Value> = found["effects"].as_array().unwrap().iter().map(|effect| &effect["effect"]).collect();
    assert!(effects.contains(&&json!("revalued")), "{found}");
    let text = pair(&new).text(asked);
    assert!(text.contains("not the same") && text.contains("total"), "{text}");
    let markdown = pair(&new).text(&format!("{asked} --format markdown"));
    assert!(markdown.starts_with("`old.sql` → `new.sql`: **not the same**\n\n| column | effect |"), "{markdown}");
}

#[test]
fn what_is_not_understood_is_unknown() {
    let found = pair("select ((( from orders").json("compare old.sql new.sql --dialect postgres");
    assert_eq!(found["verdict"], "unknown");
    assert!(found["reason"].is_string(), "{found}");
}

#[test]
fn standard_input_and_lines() {
    let run = pair("").run_on(OLD.as_bytes(), "compare old.sql - --format json");
    let found: Value = serde_json::from_str(&run.ok()).unwrap();
    assert_eq!((&found["verdict"], &found["new"]), (&json!("same"), &json!("-")));
    let lines = "{\"id\": 1, \"old\": \"select distinct id from orders\", \"new\": \"select id from orders\"}\n\
                 {\"id\": 2, \"old\": \"select 1\"}\n{\"old\": \"select a from t\", \"new\": \"select a\\nfrom t\"}\n";
    let run = pair("").run_on(lines.as_bytes(), "compare --jsonl --schema schema.sql --dialect postgres");
    let found: Vec<Value> = run.ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let verdicts: Vec<&Value> = found.iter().map(|found| &found["verdict"]).collect();
    assert_eq!(verdicts, [&json!("same"), &Value::Null, &json!("same")]);
    assert_eq!(found[1]["error"]["code"], "missing-sql");
}

#[test]
fn bad_input_is_one_clear_error() {
    let fixture = Fixture::folder(&[("old.sql", OLD), ("schema.json", "{\"t\": 3}")]);
    let run = fixture.run("compare old.sql gone.sql");
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("cannot read gone.sql"), "{}", run.stderr);
    let run = fixture.run("compare old.sql old.sql --schema schema.json");
    assert_eq!(run.code, 3);
    assert!(
        run.stderr.contains("cannot read schema.json: the list of columns of `t` cannot be read"),
        "{}",
        run.stderr
    );
    assert_eq!(fixture.run("compare old.sql").code, 2);
}
