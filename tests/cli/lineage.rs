//! `headsup lineage`: of a file, of standard input, of a project, and of a query log.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Fixture, fields, list, word};

const REPORT: &str = "\
create table marts.revenue as
select c.country, sum(o.amount) as total, count(*) as orders
from core.orders o
join core.customers c on c.id = o.customer_id
where o.status <> 'gone'
group by c.country;
";

fn with_report() -> Fixture {
    Fixture::folder(&[("report.sql", REPORT)])
}

/// The lineage of a text, as JSON.
#[track_caller]
fn lineage(sql: &str, arguments: &str) -> Value {
    let run = Fixture::folder(&[]).run_on(sql.as_bytes(), &format!("lineage - --format json {arguments}"));
    serde_json::from_str(&run.ok()).unwrap()
}

/// `total ← core.orders.amount (aggregation), core.orders (aggregation)`, a line a column, rows last.
fn depends(statement: &Value) -> String {
    let source = |source: &Value| match source["column"].as_str() {
        Some(column) => format!("{}.{column} ({})", word(&source["relation"]), word(&source["kind"])),
        None => format!("{} ({})", word(&source["relation"]), word(&source["kind"])),
    };
    let sources = |value: &Value| list(value).iter().map(source).collect::<Vec<_>>().join(", ");
    let mut lines: Vec<String> = list(&statement["columns"])
        .iter()
        .map(|column| {
            let of = column["of"].as_str().map(|of| format!("{of}.")).unwrap_or_default();
            format!("{of}{} ← {}", word(&column["target"]), sources(&column["sources"]))
        })
        .collect();
    lines.push(format!("rows ← {}", sources(&statement["rows"])));
    lines.join("\n")
}

fn answers(input: &[u8], arguments: &str) -> Vec<Value> {
    let run = Fixture::folder(&[]).run_on(input, &format!("lineage --jsonl {arguments}"));
    run.ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_file_for_a_person() {
    insta::assert_snapshot!(with_report().text("lineage report.sql"), @"
    report.sql: 1 statement, read as ansi

    marts.revenue  line 1
      reads core.customers, core.orders
      country  identity     core.customers.country
      total    aggregation  core.orders.amount, (rows)
      orders   aggregation  (rows)
      (rows)   join         core.customers.id, core.orders.customer_id
               filter       core.orders.status
               group by     core.customers.country
               rows         core.customers, core.orders
    ");
}

#[test]
fn a_page_of_a_file() {
    insta::assert_snapshot!(with_report().text("lineage report.sql --format markdown"), @"
    ### `report.sql`: 1 statement, read as ansi

    **marts.revenue**, line 1

    | column | how | from |
    | --- | --- | --- |
    | `country` | identity | `core.customers.country` |
    | `total` | aggregation | `core.orders.amount`, `(rows)` |
    | `orders` | aggregation | `(rows)` |
    | `(rows)` | join | `core.customers.id`, `core.orders.customer_id` |
    | `(rows)` | filter | `core.orders.status` |
    | `(rows)` | group by | `core.customers.country` |
    | `(rows)` | rows | `core.customers`, `core.orders` |
    ");
}

#[test]
fn a_diagram_of_a_file() {
    let fixture = Fixture::folder(&[("v.sql", "create view v as select a, b + 1 as b from t where c")]);
    insta::assert_snapshot!(fixture.text("lineage v.sql --format mermaid"), @r#"
    flowchart LR
      subgraph f0["v"]
        n0["a"]
        n2["b"]
        n4["(rows)"]
      end
      subgraph f1["t"]
        n1["a"]
        n3["b"]
        n5["(rows)"]
        n6["c"]
      end
      n1 --> n0
      n3 -->|"transformation"| n2
      n5 -->|"rows"| n4
      n6 -->|"filter"| n4
    "#);
    insta::assert_snapshot!(fixture.text("lineage v.sql --format dot"), @r#"
    digraph headsup {
      rankdir=LR;
      node [shape=box];
      subgraph cluster_0 {
        label="v";
        n0 [label="a"];
        n2 [label="b"];
        n4 [label="(rows)"];
      }
      subgraph cluster_1 {
        label="t";
        n1 [label="a"];
        n3 [label="b"];
        n5 [label="(rows)"];
        n6 [label="c"];
      }
      n1 -> n0;
      n3 -> n2 [label="transformation"];
      n5 -> n4 [label="rows"];
      n6 -> n4 [label="filter"];
    }
    "#);
}

#[test]
fn the_json_has_the_fields_that_are_promised() {
    let report = lineage("create table t as select a, count(*) as n from s where b group by a", "");
    let statement = &report["statements"][0];
    assert_eq!(statement["targets"], json!(["t"]));
    assert_eq!(statement["sources"], json!(["s"]));
    assert_eq!(statement["complete"], true);
    assert_eq!(fields(&statement["columns"][0]), ["sources", "target"]);
    assert_eq!(fields(&statement["columns"][0]["sources"][0]), ["column", "kind", "position", "relation"]);
    assert_eq!(
        depends(statement),
        "a ← s.a (identity)\nn ← s (aggregation), s.a (group_by), s.b (filter)\nrows ← s (rows), s.a (group_by), s.b (filter)"
    );
}

#[test]
fn a_statement_knows_what_those_before_it_built() {
    let report = lineage(
        "create temp table t (a int, b int);
         create table u as select * from t;
         insert into v select u.b, x from u, w;
         drop table t;
         select * from t",
        "--dialect postgres",
    );
    let statements: Vec<String> = list(&report["statements"]).iter().map(depends).collect();
    assert_eq!(statements[0], "a ← t.a (identity)\nb ← t.b (identity)\nrows ← t (rows)");
    assert_eq!(statements[1], "b ← u.b (identity)\nx ← w.x (identity)\nrows ← u (rows), w (rows)");
    assert_eq!(statements[2], "* ← t.* (identity)\nrows ← t (rows)");
    assert_eq!(report["statements"][2]["complete"], false);
    assert_eq!(report["statements"][2]["reasons"], json!(["the columns of t are not known"]));
}

#[test]
fn what_is_not_understood_depends_on_all_that_it_reads() {
    let report = lineage("create table t as select ((( from s", "--dialect postgres");
    let statement = &report["statements"][0];
    assert_eq!(depends(statement), "* ← s (unknown), s.* (unknown)\nrows ← s (unknown), s.* (unknown)");
    assert_eq!((&statement["complete"], &statement["targets"]), (&json!(false), &json!(["t"])));
    assert_eq!(report["diagnostics"][0]["code"], "sql-not-parsed");
    let report = lineage("select * from {{ x }}", "");
    assert_eq!(report["statements"][0]["complete"], false);
}

#[test]
fn a_merge_fills_each_column_once() {
    let report = lineage(
        "merge into t using s on t.id = s.id when matched then update set a = s.x when not matched then insert (id, a) values (s.id, s.y)",
        "--dialect snowflake",
    );
    let columns: Vec<String> =
        list(&report["statements"][0]["columns"]).iter().map(|column| word(&column["target"])).collect();
    let once: std::collections::BTreeSet<&String> = columns.iter().collect();
    assert_eq!(once.len(), columns.len(), "{columns:?}");
    assert_eq!(report["statements"][0]["targets"], json!(["t"]));
    assert_eq!(report["statements"][0]["actions"], json!(["update", "append"]));
}

#[test]
fn the_dialect_is_given_or_recognised() {
    assert_eq!(lineage("select safe_cast(a as int64) from `p.d.t`", "")["dialect"], "bigquery");
    assert_eq!(lineage("select 1", "--dialect trino")["dialect"], "trino");
}

#[test]
fn a_project_is_read_as_a_whole() {
    let fixture = Fixture::new(&[
        ("b.sql", "create table b as select x as y from a"),
        ("a.sql", "create table a as select x from raw.t where z"),
    ]);
    let report = fixture.json("lineage");
    let statements: Vec<(Value, Value)> =
        list(&report["statements"]).iter().map(|entry| (entry["targets"][0].clone(), entry["file"].clone())).collect();
    assert_eq!(statements, [(json!("a"), json!("a.sql")), (json!("b"), json!("b.sql"))]);
    assert_eq!(depends(&report["statements"][0]), "x ← raw.t.x (identity)\nrows ← raw.t (rows), raw.t.z (filter)");
    assert_eq!(
        fixture.run_in("", "lineage [DIR] --format json").ok(),
        fixture.run_in("", "lineage --format json").ok()
    );
    insta::assert_snapshot!(fixture.text("lineage"), @"
    working tree: 2 tables, read as ansi

    a  a.sql
      reads raw.t
      x       identity  x
      (rows)  filter    z
              rows      raw.t

    b  b.sql
      reads a
      y       identity  x
      (rows)  rows      a
    ");
    insta::assert_snapshot!(fixture.text("lineage --format mermaid"), @r#"
    flowchart LR
      n0["a"]
      n1["raw.t"]
      n2["b"]
      n1 --> n0
      n0 --> n2
    "#);
}

#[test]
fn a_template_of_a_project_is_rendered() {
    let fixture = Fixture::new(&[
        ("dbt_project.yml", "name: shop\nprofile: shop\n"),
        ("models/orders.sql", "select id, {{ 'amount' }} as paid from raw.orders"),
        ("models/other.sql", "select 1 as a"),
    ]);
    let report = fixture.json("lineage models/orders.sql");
    assert_eq!(list(&report["statements"]).len(), 1);
    assert_eq!(
        depends(&report["statements"][0]),
        "id ← raw.orders.id (identity)\npaid ← raw.orders.amount (identity)\nrows ← raw.orders (rows)"
    );
}

#[test]
fn what_cannot_be_read_ends_the_run() {
    let fixture = Fixture::folder(&[]);
    fixture.write("latin.sql", b"select 'caf\xe9'");
    let error = |arguments: &str| fixture.error(&format!("lineage {arguments}"));
    assert!(error("gone.sql").starts_with("exit 3\nerror: cannot read gone.sql\n"), "{}", error("gone.sql"));
    assert!(error("latin.sql").starts_with("exit 3\nerror: cannot read latin.sql: byte 11 (0xe9) is not UTF-8\n"));
    assert!(error("--format csv").contains("`headsup lineage` has no form `csv`"));
    assert!(error("--jsonl --format openlineage").contains("`headsup lineage --jsonl` has no form `openlineage`"));
    assert!(error("x.sql --jsonl").contains("--jsonl reads standard input, and no file"));
    assert!(error("--event-time yesterday").starts_with("exit 2\n"));
}

/// What every RunEvent and every column-lineage facet of OpenLineage has to have, in our words.
fn check_event(event: &Value) {
    let uri = |value: &Value| {
        word(value).split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
    };
    let dataset = |value: &Value| word(&value["namespace"]).is_empty() || word(&value["name"]).is_empty();
    assert!(["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"].contains(&event["eventType"].as_str().unwrap()));
    assert!(word(&event["eventTime"]).parse::<headsup::moment::Rfc3339>().is_ok());
    assert!(uri(&event["producer"]) && uri(&event["schemaURL"]));
    let id = word(&event["run"]["runId"]);
    let parts: Vec<usize> = id.split('-').map(str::len).collect();
    assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
    assert!(id.chars().all(|c| c == '-' || c.is_ascii_hexdigit()), "{id}");
    assert!(!dataset(&event["job"]));
    assert!(!list(&event["inputs"]).iter().any(dataset) && !list(&event["outputs"]).iter().any(dataset));
    for output in list(&event["outputs"]) {
        let facet = &output["facets"]["columnLineage"];
        assert!(uri(&facet["_producer"]));
        assert_eq!(facet["_schemaURL"], "https://openlineage.io/spec/facets/1-2-0/ColumnLineageDatasetFacet.json");
        let fields = facet["fields"].as_object().unwrap().values().flat_map(|field| list(&field["inputFields"]));
        for input in fields.chain(list(&facet["dataset"])) {
            assert!(!dataset(input) && !word(&input["field"]).is_empty());
            for transformation in list(&input["transformations"]) {
                let subtypes: &[&str] = match transformation["type"].as_str() {
                    Some("DIRECT") => &["IDENTITY", "TRANSFORMATION", "AGGREGATION"],
                    Some("INDIRECT") => &["JOIN", "GROUP_BY", "FILTER", "SORT", "WINDOW", "CONDITIONAL"],
                    other => panic!("{other:?}"),
                };
                assert!(subtypes.contains(&transformation["subtype"].as_str().unwrap()), "{transformation}");
                assert!(transformation.get("description").is_none_or(Value::is_string));
            }
        }
    }
}

fn events(fixture: &Fixture, arguments: &str) -> Vec<Value> {
    let text = fixture.text(&format!("lineage {arguments} --format openlineage"));
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    events.iter().for_each(check_event);
    events
}

#[test]
fn events_have_the_form_of_openlineage() {
    let fixture = with_report();
    let events = events(&fixture, "report.sql --dialect postgres --event-time 2026-01-31T12:00:00Z");
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(event["eventTime"], "2026-01-31T12:00:00Z");
    assert_eq!(event["job"], json!({"namespace": "headsup", "name": "report.sql"}));
    assert_eq!(event["inputs"][0], json!({"namespace": "postgres", "name": "core.customers"}));
    let facet = &event["outputs"][0]["facets"]["columnLineage"];
    assert_eq!(
        facet["fields"]["country"]["inputFields"],
        json!([{
            "namespace": "postgres",
            "name": "core.customers",
            "field": "country",
            "transformations": [{"type": "DIRECT", "subtype": "IDENTITY"}],
        }])
    );
    let of_total: Vec<String> =
        list(&facet["fields"]["total"]["inputFields"]).iter().map(|input| word(&input["field"])).collect();
    assert_eq!(of_total, ["country", "id", "amount", "customer_id", "status"]);
    let rows: Vec<(String, String)> = list(&facet["dataset"])
        .iter()
        .map(|input| (word(&input["field"]), word(&input["transformations"][0]["subtype"])))
        .collect();
    let row = |field: &str, how: &str| (field.to_owned(), how.to_owned());
    assert_eq!(
        rows,
        [row("country", "GROUP_BY"), row("id", "JOIN"), row("customer_id", "JOIN"), row("status", "FILTER")]
    );
}

#[test]
fn every_kind_of_dependency_has_an_event() {
    let sql = "create table t as
        select a, b + 1 as b, max(c) over (partition by d order by e) as m, case when f then g end as g,
               (select max(h) from u where u.k = s.k) as h, count(distinct i) over () as i
        from s join w using (j) cross join unnest(l) as x where n in (select p from v) order by q limit 5;
        create table d as select distinct a from s union select b from w;
        create table torn as select ((( from s;
        insert into t select * from s; delete from t where a = 1; select 1;";
    let fixture = Fixture::folder(&[("all.sql", sql)]);
    let events = events(&fixture, "all.sql --dialect postgres --namespace postgres://shop:5432");
    assert!(events.len() >= 5);
    assert_eq!(events[0]["job"]["name"], "all.sql#1");
    assert_eq!(events[0]["outputs"][0]["namespace"], "postgres://shop:5432");
}

#[test]
fn events_of_a_project_stand_at_its_commit_and_repeat_themselves() {
    let fixture = Fixture::new(&[
        ("a.sql", "create table s.a as select x from raw.t"),
        ("b.sql", "create table b as select x from s.a"),
    ]);
    let first = events(&fixture, "");
    assert_eq!(first, events(&fixture, ""));
    assert_eq!(first[0]["eventTime"], "2026-01-01T00:00:00Z");
    assert_ne!(first[0]["run"]["runId"], first[1]["run"]["runId"]);
    let names: Vec<String> = first.iter().map(|event| word(&event["job"]["name"])).collect();
    assert_eq!(names, ["b", "s.a"]);
    let outside = Fixture::folder(&[("a.sql", "create table s.a as select x from raw.t")]);
    assert_eq!(events(&outside, "")[0]["eventTime"], "1970-01-01T00:00:00Z");
}

#[test]
fn each_line_of_a_query_log_has_one_answer() {
    let log = "\u{feff}{\"id\":1,\"sql\":\"select * from orders\",\"schema\":{\"orders\":[\"id\",\"amount\"]}}\n\
               not json\n\
               {\"id\":\"x\"}\n\
               [1]\n\
               \n\
               {\"id\":{\"a\":1},\"sql\":\"select a from t\",\"dialect\":\"klingon\"}\r\n\
               {\"id\":3,\"sql\":\"select o.* from orders o\",\"schema\":{\"shop.orders\":{\"Id\":\"int\"}},\"dialect\":\"snowflake\"}\n\
               {\"id\":4,\"sql\":5}\n\
               {\"id\":5,\"sql\":\"select 1\",\"schema\":[]}\n\
               {\"id\":6,\"sql\":\"select 1\",\"schema\":{\"t\":5}}\n\
               {\"id\":7,\"sql\":\"select ((( from t\"}";
    let answers = answers(log.as_bytes(), "");
    let outcome = |answer: &Value| match answer["error"]["code"].as_str() {
        Some(code) => code.to_owned(),
        None => depends(&answer["statements"][0]).lines().next().unwrap().to_owned(),
    };
    let outcomes: Vec<(Value, u64, String)> = answers
        .iter()
        .map(|answer| (answer["id"].clone(), answer["line"].as_u64().unwrap(), outcome(answer)))
        .collect();
    let answer = |id: Value, line: u64, outcome: &str| (id, line, outcome.to_owned());
    assert_eq!(
        outcomes,
        [
            answer(json!(1), 1, "id ← orders.id (identity)"),
            answer(Value::Null, 2, "invalid-json"),
            answer(json!("x"), 3, "missing-sql"),
            answer(Value::Null, 4, "not-an-object"),
            answer(Value::Null, 5, "invalid-json"),
            answer(json!({"a": 1}), 6, "unknown-dialect"),
            answer(json!(3), 7, "Id ← orders.Id (identity)"),
            answer(json!(4), 8, "missing-sql"),
            answer(json!(5), 9, "invalid-schema"),
            answer(json!(6), 10, "invalid-schema"),
            answer(json!(7), 11, "* ← t (unknown), t.* (unknown)"),
        ]
    );
    assert!(answers.iter().filter(|answer| answer.get("error").is_some()).all(|answer| {
        fields(answer) == ["error", "id", "line"] && fields(&answer["error"]) == ["code", "hint", "message"]
    }));
}

#[test]
fn a_schema_says_which_columns_a_star_stands_for() {
    let fixture = Fixture::folder(&[("q.sql", "select * from raw.people")]);
    fixture.write("../columns.csv", "table_schema,table_name,column_name\nraw,people,id\nraw,people,mail\n");
    let columns = |statement: &Value| -> Vec<String> {
        list(&statement["columns"]).iter().map(|column| word(&column["target"])).collect()
    };
    let report = fixture.json("lineage q.sql --dialect postgres --schema ../columns.csv");
    assert_eq!(columns(&report["statements"][0]), ["id", "mail"]);
    let log = "{\"sql\":\"select * from raw.people\"}\n\
               {\"sql\":\"select * from raw.people\",\"schema\":{\"raw.people\":[\"own\"]}}\n";
    let run = fixture.run_on(log.as_bytes(), "lineage --jsonl --dialect postgres --schema ../columns.csv");
    let answers: Vec<Value> = run.ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(columns(&answers[0]["statements"][0]), ["id", "mail"]);
    assert_eq!(columns(&answers[1]["statements"][0]), ["own"], "a line knows better");
    assert_eq!(fixture.run("lineage q.sql --schema ../gone.csv").code, 3);
    assert_eq!(fixture.run("lineage q.sql --schema ../columns.csv --columns ../columns.csv").code, 2);
}

#[test]
fn bytes_that_are_no_text_are_one_answer() {
    let answers = answers(b"{\"id\":1,\"sql\":\"caf\xe9\"}\n{\"id\":2,\"sql\":\"select 1\"}\n", "");
    assert_eq!((&answers[0]["error"]["code"], &answers[1]["id"]), (&json!("not-utf8"), &json!(2)));
}

#[test]
fn a_long_log_is_answered_in_order() {
    let log: String = (0..5_000).map(|id| format!("{{\"id\":{id},\"sql\":\"select a from t{id}\"}}\n")).collect();
    let answers = answers(log.as_bytes(), "--dialect duckdb");
    assert_eq!(answers.len(), 5_000);
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!((answer["id"].as_u64(), answer["line"].as_u64()), (Some(number as u64), Some(number as u64 + 1)));
        assert_eq!(answer["statements"][0]["sources"], json!([format!("t{number}")]));
    }
}

#[test]
fn a_line_is_answered_before_the_next_is_written() {
    let fixture = Fixture::folder(&[]);
    let mut command = fixture.command("lineage --jsonl");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut lines = BufReader::new(stdout).lines();
    for id in 0..3 {
        writeln!(stdin, "{{\"id\":{id},\"sql\":\"select 1\"}}").unwrap();
        let answer: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(answer["id"], id);
    }
    drop(stdin);
    assert!(lines.next().is_none());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn whoever_has_seen_enough_may_close_the_pipe() {
    let fixture = Fixture::folder(&[]);
    let mut command = fixture.command("lineage --jsonl");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let line = b"{\"sql\":\"select 1\"}\n";
    // It ends by itself, so that sooner or later nobody reads what is written.
    while stdin.write_all(line).is_ok() {}
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
