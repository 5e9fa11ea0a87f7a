//! What people read, word by word: a dozen situations, each as a terminal, Slack, GitHub, Teams, mail and a
//! program would have it. The messages come from SQL, by way of the whole program.

use serde_json::{Value, json};

use crate::support::{File, Fixture, list, word};

const SETTINGS: &str = "version: 1
dialect: postgres
teams:
  finance: { owner: finance@example.com, channel: finance-channel }
  marketing: { owner: marketing@example.com, channel: marketing-channel }
jobs:
  - { name: finance_audit_report, team: finance, criticality: critical, reads: [marts.revenue] }
  - { name: refund_check, team: finance, reads: [marts.refunds] }
  - { name: campaign_dashboard, team: marketing, criticality: important, reads: [core.orders] }
";
const RAW: &str =
    "create table raw.orders (id int primary key, month date, amount numeric, discount numeric, tax numeric);
create table raw.promotions (order_id int, code text);
create table raw.refunds (id int primary key, month date, amount numeric);";
const ORDERS: &str = "create table core.orders as
select o.id, o.month, o.amount, o.discount, o.tax from raw.orders as o";
const REVENUE: &str = "create table marts.revenue as
select month, sum(amount) as revenue, sum(tax) as tax from core.orders group by month";
const REFUNDS: &str = "create table marts.refunds as select month, amount from raw.refunds";

const BASE: [File; 5] = [
    ("headsup.yml", SETTINGS),
    ("raw.sql", RAW),
    ("core/orders.sql", ORDERS),
    ("marts/revenue.sql", REVENUE),
    ("marts/refunds.sql", REFUNDS),
];

/// The channels of both teams as each kind has them.
const KINDS: [(&str, &str); 6] = [
    ("text", "{ kind: stdout }"),
    ("slack", "{ kind: slack, token_env: TOKEN, channel: C0FINANCE, mention: U0ANN }"),
    ("github", "{ kind: github, token_env: TOKEN }"),
    ("teams", "{ kind: teams, webhook_env: HOOK }"),
    ("email", "{ kind: email, to: audit@example.com, from: headsup@example.com }"),
    ("json", "{ kind: webhook, webhook_env: HOOK }"),
];

/// What a change would send, in every form.
#[track_caller]
fn shown(change: &[File], arguments: &str) -> String {
    shown_of(&BASE, change, arguments)
}

#[track_caller]
fn shown_of(base: &[File], change: &[File], arguments: &str) -> String {
    let fixture = on_a_pull_request(Fixture::pair(base, change));
    KINDS.map(|(name, kind)| in_form(&fixture, name, kind, arguments)).concat()
}

fn on_a_pull_request(fixture: Fixture) -> Fixture {
    let event = json!({ "pull_request": {
        "number": 412, "html_url": "https://github.com/acme/warehouse/pull/412", "user": { "login": "ann" },
        "head": { "ref": "optimise-orders", "repo": { "full_name": "acme/warehouse" } },
    } });
    let fixture = fixture
        .with("GITHUB_REPOSITORY", "acme/warehouse")
        .with("GITHUB_EVENT_PATH", "[DIR]/../tmp/event.json")
        .with("TOKEN", "a-token-that-is-secret")
        .with("HOOK", "https://hooks.example.com/secret/path")
        .with("SMTP_URL", "smtps://ann:secretpass@mail.example.com");
    std::fs::write(fixture.root().join("../tmp/event.json"), event.to_string()).unwrap();
    fixture
}

/// What would be sent through one kind of channel.
#[track_caller]
fn in_form(fixture: &Fixture, name: &str, kind: &str, arguments: &str) -> String {
    let settings =
        format!("{}channels:\n  finance-channel: {kind}\n  marketing-channel: {kind}\n", fixture.read("headsup.yml"));
    std::fs::write(fixture.root().join("../tmp/settings.yml"), settings).unwrap();
    let run = fixture.run(&format!(
        "notify --dry-run --config [DIR]/../tmp/settings.yml --format json --base main --head HEAD {arguments}"
    ));
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let mut out = format!("═══ {name} ═══\n");
    let mut seen = Vec::new();
    for delivery in list(&report["deliveries"]) {
        for parcel in delivery["parcels"].as_array().into_iter().flatten() {
            is_short(&word(&parcel["body"]));
            let text = readable(&word(&parcel["body"]));
            // Two channels of one kind are two comments with the same words.
            if !seen.contains(&text) {
                out.push_str(&format!("→ {}\n{text}\n", word(&parcel["to"])));
                seen.push(text);
            }
        }
    }
    out
}

/// Ten lines are the most that anybody reads in a chat: a subject, and nine below it.
fn is_short(body: &str) {
    if let Ok(value) = serde_json::from_str::<Value>(body)
        && let Some(lines) = value["lines"].as_array()
    {
        assert!(lines.len() <= 9, "{body}");
    }
}

/// A body without what says nothing to a reader.
fn readable(body: &str) -> String {
    let Ok(value) = serde_json::from_str::<Value>(body) else {
        let is_marker = |line: &&str| !line.starts_with("<!-- headsup");
        return body.lines().filter(is_marker).map(|line| format!("{}\n", line.trim_end())).collect();
    };
    let mut texts = Vec::new();
    strings(&value, &mut texts);
    texts.join("\n") + "\n"
}

/// The texts of a JSON value that people or programs read.
fn strings(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| strings(item, texts)),
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(text)
                        if ["text", "url", "title", "summary", "label", "subject", "happens"]
                            .contains(&key.as_str()) =>
                    {
                        texts.push(format!("{key}: {text}"));
                    }
                    _ => strings(value, texts),
                }
            }
        }
        _ => {}
    }
}

macro_rules! situation {
    ($name:ident, $shown:expr) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), $shown);
        }
    };
}

situation!(duplicated_rows_that_are_summed, shown(
    &[("core/orders.sql", "create table core.orders as
select o.id, o.month, o.amount, o.discount, o.tax from raw.orders as o left join raw.promotions as p on p.order_id = o.id")],
    "",
));

situation!(
    a_removed_column_that_breaks,
    shown(
        &[(
            "core/orders.sql",
            "create table core.orders as select o.id, o.month, o.amount, o.discount from raw.orders as o"
        )],
        "",
    )
);

situation!(
    a_revalued_column_with_a_word_of_the_author,
    shown(
        &[(
            "core/orders.sql",
            "create table core.orders as
select o.id, o.month, o.amount - o.discount as amount, o.discount, o.tax from raw.orders as o"
        )],
        "--message Refunds_are_now_subtracted_before_the_sum. --lands 24_November",
    )
);

situation!(
    missing_rows,
    shown(
        &[(
            "marts/revenue.sql",
            "create table marts.revenue as
select month, sum(amount) as revenue, sum(tax) as tax from core.orders where amount > 0 group by month"
        )],
        "",
    )
);

situation!(a_table_that_is_gone, shown(&[("marts/refunds.sql", crate::support::GONE)], ""));

situation!(
    a_template_that_cannot_be_rendered,
    shown(
        &[(
            "core/orders.sql",
            "create table core.orders as
select o.id, o.month, o.amount, o.discount, o.tax from {{ source_of_orders() }} as o"
        )],
        "",
    )
);

situation!(
    two_jobs_of_one_owner,
    shown(
        &[
            (
                "core/orders.sql",
                "create table core.orders as
select o.id, o.month, o.amount * 2 as amount, o.discount, o.tax from raw.orders as o"
            ),
            ("marts/refunds.sql", "create table marts.refunds as select month, -amount as amount from raw.refunds"),
        ],
        "--only finance",
    )
);

situation!(
    a_new_column,
    shown(
        &[(
            "core/orders.sql",
            "create table core.orders as
select o.id, o.month, o.amount, o.discount, o.tax, o.amount - o.tax as net from raw.orders as o"
        )],
        "",
    )
);

situation!(
    another_type,
    shown(
        &[(
            "raw.sql",
            "create table raw.orders (id int primary key, month date, amount numeric, discount numeric, tax numeric);
create table raw.promotions (order_id int, code text);
create table raw.refunds (id int primary key, month date, amount text);"
        )],
        "",
    )
);

#[test]
fn an_owner_who_wants_to_hear_of_everything() {
    let settings = SETTINGS.replace("channel: finance-channel", "channel: finance-channel, standard: touched");
    let base: Vec<File> =
        BASE.iter().map(|(path, text)| (*path, if *path == "headsup.yml" { &settings } else { *text })).collect();
    let change = [(
        "core/orders.sql",
        "create table core.orders as
select o.id, o.month, o.amount, o.discount, o.tax /* as before */ from raw.orders o",
    )];
    insta::assert_snapshot!("an_owner_who_wants_to_hear_of_everything", shown_of(&base, &change, ""));
}

#[test]
fn many_jobs_and_many_tables() {
    let jobs: String = (1..=7)
        .map(|number| format!("  - {{ name: report_{number}, team: finance, reads: [marts.t{number}] }}\n"))
        .collect();
    let settings = format!("{SETTINGS}{jobs}");
    let names: Vec<String> = (1..=7).map(|number| format!("marts/t{number}.sql")).collect();
    let before: Vec<String> = (1..=7)
        .map(|number| format!("create table marts.t{number} as select id, amount as x from raw.orders"))
        .collect();
    let after: Vec<String> = before.iter().map(|text| text.replace("amount as x", "tax as x")).collect();
    let mut base: Vec<File> = BASE.iter().skip(1).copied().chain([("headsup.yml", settings.as_str())]).collect();
    base.extend(names.iter().map(String::as_str).zip(before.iter().map(String::as_str)));
    let change: Vec<File> = names.iter().map(String::as_str).zip(after.iter().map(String::as_str)).collect();
    insta::assert_snapshot!("many_jobs_and_many_tables", shown_of(&base, &change, ""));
}

#[test]
fn a_frozen_job_that_waits_for_a_word() {
    let settings = SETTINGS.replace(
        "channel: finance-channel",
        "channel: finance-channel, freeze: month-end-2bd..month-start+3bd, sign_off: [ann, '@acme/finance']",
    );
    let base: Vec<File> =
        BASE.iter().map(|(path, text)| (*path, if *path == "headsup.yml" { &settings } else { *text })).collect();
    let change = [(
        "marts/revenue.sql",
        "create table marts.revenue as
select month, sum(amount - discount) as revenue, sum(tax) as tax from core.orders group by month",
    )];
    let text = shown_of(&base, &change, "--now 2026-11-30T12:00:00Z");
    insta::assert_snapshot!("a_frozen_job_that_waits_for_a_word", text);
}

#[test]
fn one_job_that_is_reached_and_one_that_may_be() {
    let doubtful = ("marts/refunds.sql", "execute immediate 'create table marts.refunds as select * from ' || src;");
    let base: Vec<File> = BASE.iter().map(|file| if file.0 == doubtful.0 { doubtful } else { *file }).collect();
    let change = [(
        "core/orders.sql",
        "create table core.orders as
select o.id, o.month, o.amount * 2 as amount, o.discount, o.tax from raw.orders as o",
    )];
    insta::assert_snapshot!("one_job_that_is_reached_and_one_that_may_be", shown_of(&base, &change, ""));
}

#[test]
fn jobs_of_which_the_same_is_to_be_said() {
    let more: String = ["a_year", "b_month"]
        .map(|name| format!("  - {{ name: {name}, team: finance, reads: [marts.revenue] }}\n"))
        .concat();
    let settings = format!("{SETTINGS}{more}");
    let base: Vec<File> =
        BASE.iter().map(|(path, text)| (*path, if *path == "headsup.yml" { &settings } else { *text })).collect();
    let change = [
        (
            "marts/revenue.sql",
            "create table marts.revenue as select month, sum(amount) as revenue from core.orders group by month",
        ),
        ("marts/refunds.sql", "create table marts.refunds as select month, -amount as amount from raw.refunds"),
    ];
    insta::assert_snapshot!("jobs_of_which_the_same_is_to_be_said", shown_of(&base, &change, ""));
}

#[test]
fn names_that_want_to_be_more_than_names() {
    let long = "x".repeat(10_000);
    let settings = format!(
        "version: 1
dialect: postgres
teams:
  '<!channel> @here': {{ channel: finance-channel }}
jobs:
  - {{ name: \"[x](http://evil) <!channel> @here \\e[31m*b* `c` |d| {long}\", team: '<!channel> @here', reads: [a.b] }}
"
    );
    let base = [
        ("headsup.yml", settings.as_str()),
        ("a.sql", "create table a.b as select 1 as \"<script>@channel</script>\""),
    ];
    let change = [("a.sql", "create table a.b as select 2 as \"<script>@channel</script>\"")];
    let text = shown_of(&base, &change, "--message <!everyone>[click](https://evil.example)@all");
    assert!(!text.contains('\u{1b}') && !text.contains("\\u001b") && !text.contains(&"x".repeat(500)));
    insta::assert_snapshot!("names_that_want_to_be_more_than_names", text);
}

#[test]
fn a_change_that_is_withdrawn() {
    let change = [(
        "core/orders.sql",
        "create table core.orders as
select o.id, o.month, o.amount * 2 as amount, o.discount, o.tax from raw.orders as o",
    )];
    let fixture = on_a_pull_request(Fixture::pair(&BASE, &change));
    let file = "{ kind: file, path: ../tmp/out.txt }".replace("../tmp/", "");
    let settings = format!("{SETTINGS}channels:\n  finance-channel: {file}\n  marketing-channel: {file}\n");
    std::fs::write(fixture.root().join("../tmp/settings.yml"), settings).unwrap();
    let run = fixture.run("notify --config [DIR]/../tmp/settings.yml --base main --head HEAD");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let forms: Vec<String> = KINDS
        .iter()
        .filter(|(name, _)| *name != "github")
        .map(|(name, kind)| in_form(&fixture, name, kind, "--withdraw"))
        .collect();
    insta::assert_snapshot!("a_change_that_is_withdrawn", forms.concat());
}

#[test]
fn no_message_is_longer_than_ten_lines_in_chat() {
    for name in ["many_jobs_and_many_tables", "a_revalued_column_with_a_word_of_the_author", "two_jobs_of_one_owner"] {
        let path = format!("{}/tests/notify/snapshots/notify__situations__{name}.snap", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let slack = text.split("═══ slack ═══").nth(1).unwrap().split("═══").next().unwrap();
        let first = slack.split("→ POST").nth(1).unwrap();
        let lines = first.lines().filter(|line| line.starts_with('*') || line.starts_with("text: *")).count();
        assert!((5..=10).contains(&lines), "{name}: {lines} lines\n{first}");
    }
}
