//! The JSON of `notify` and `outbox` is what the published schema says, and the page names every field.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::ledger::{headsup, report};
use crate::support::Fixture;

#[path = "../support/schema.rs"]
mod evaluator;
#[path = "../support/fields.rs"]
mod fields;

use fields::{closed, keys};

const SETTINGS: &str = "version: 1\nchannels:\n  out: { kind: file, path: out.txt }\n  unset: { kind: slack, webhook_env: UNSET }\n  \
                        later: { kind: stdout, digest: weekly }\n";

#[test]
fn notify_and_outbox_print_what_the_schema_says() {
    let mut calm = headsup("calm", "later", "x may differ");
    calm["about"][0]["criticality"] = json!("normal");
    let fixture = Fixture::new(&[("headsup.yml", SETTINGS), ("a.sql", "create view a as select 1 as x")]);
    fixture.write("report.json", report(&[headsup("a", "out", "x"), headsup("b", "unset", "x"), calm]));
    let run = |arguments: &str| -> Value {
        let run = fixture.run(&format!("{arguments} --format json"));
        serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{arguments}: {}{}", run.stdout, run.stderr))
    };
    let deliveries = [
        run("notify --from report.json --dry-run"),
        run("notify --from report.json"),
        run("notify --resume"),
        run("outbox --retry"),
        run("outbox --due"),
    ];
    let listed = [run("outbox"), run("outbox --all")];
    let published: Value = serde_json::from_str(include_str!("../../docs/notify.schema.json")).unwrap();
    let strict = closed(&published);
    let mut seen = BTreeSet::new();
    for (root, part, reports) in
        [(&strict, &strict, &deliveries[..]), (&strict, &strict["$defs"]["outbox"], &listed[..])]
    {
        for report in reports {
            assert_eq!(evaluator::check(root, part, report), Ok(()), "{report:#}");
            keys(report, &mut seen);
        }
    }
    let page = include_str!("../../docs/json.md");
    for key in seen {
        assert!(page.contains(&format!("`{key}`")), "docs/json.md does not name `{key}`");
    }
    let outcomes = published["$defs"]["delivery"]["properties"]["outcome"]["enum"].as_array().unwrap();
    for outcome in outcomes {
        assert!(page.contains(&format!("| `{}` |", outcome.as_str().unwrap())), "{outcome}");
    }
}

#[test]
fn every_kind_of_channel_that_settings_have_may_stand_in_a_report() {
    let of_settings: Value = serde_json::from_str(include_str!("../../docs/headsup.schema.json")).unwrap();
    let of_reports: Value = serde_json::from_str(include_str!("../../docs/notify.schema.json")).unwrap();
    let words = |value: &Value| -> BTreeSet<String> {
        value.as_array().into_iter().flatten().filter_map(|word| word.as_str().map(str::to_owned)).collect()
    };
    let mut kinds = BTreeSet::new();
    for channel in of_settings["$defs"]["channel"]["oneOf"].as_array().unwrap() {
        let kind = &channel["properties"]["kind"];
        kinds.extend(words(&kind["enum"]));
        kinds.extend(kind["const"].as_str().map(str::to_owned));
    }
    assert!(kinds.len() >= 9, "{kinds:?}");
    assert_eq!(words(&of_reports["$defs"]["delivery"]["properties"]["kind"]["enum"]), kinds);
}
