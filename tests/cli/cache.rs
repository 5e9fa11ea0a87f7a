//! What an earlier run found is what would be found now.

use std::fs;
use std::path::PathBuf;

use crate::support::Fixture;

const QUESTIONS: [&str; 9] = [
    "models --format json",
    "jobs",
    "doctor",
    "depends raw.orders",
    "why revenue raw.orders --format markdown",
    "impact --base main --head worktree",
    "impact --base main --head worktree --fail-on reached --format json",
    "check --base main --head worktree --format json",
    "models +revenue config.materialized:view",
];

const MODELS: [(&str, &str); 4] = [
    (
        "headsup.yml",
        "jobs:\n  - { name: audit, team: finance, criticality: critical, reads: [revenue] }\nteams: { finance: {} }\n",
    ),
    ("raw.sql", "create table raw.orders (id int primary key, amount int, note text);"),
    ("orders.sql", "create table orders as select id, amount, note from raw.orders;"),
    ("revenue.sql", "create table revenue as select sum(amount) as total from orders;"),
];

/// Texts that files can have; some of them say the same in other words, and some are no SQL.
const EDITS: [(&str, &str); 9] = [
    ("orders.sql", "create table orders as select id, amount, note from raw.orders where amount > 0;"),
    ("orders.sql", "create table orders as\nselect id, amount, note\nfrom raw.orders;"),
    ("orders.sql", "create table orders as select id, amount * 2 as amount from raw.orders;"),
    ("orders.sql", "create table orders as select (((;"),
    ("revenue.sql", "create table revenue as select max(amount) as total from orders;"),
    ("headsup.yml", "jobs:\n  - { name: audit, owner: ann@example.com, reads: [orders] }\n"),
    ("CODEOWNERS", "*.sql @shop/data\n"),
    ("more.sql", "create table more as select note from orders;"),
    ("readme.md", "not read at all"),
];

/// The files below the folder of a user's cache.
fn entries(fixture: &Fixture) -> Vec<PathBuf> {
    let folder = fixture.root().with_file_name("home").join(".cache/headsup");
    let below = |folder: &PathBuf| -> Vec<PathBuf> {
        fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
    };
    below(&folder).iter().flat_map(below).collect()
}

#[test]
fn what_was_found_before_is_what_is_found_now_after_any_edits() {
    let fixture = Fixture::new(&MODELS);
    // A walk through edits that comes back to states of before; the same one in every run.
    let mut dice = 20_u64;
    for step in 0..10 {
        for question in QUESTIONS {
            let question = &format!("{question} --color never");
            let kept = fixture.run(question);
            assert_eq!(kept, fixture.run(&format!("{question} --no-cache")), "after {step} edits");
            assert_eq!(kept, fixture.run(question), "asked twice after {step} edits");
        }
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (path, text) = EDITS[usize::try_from(dice >> 33).unwrap() % EDITS.len()];
        let before = MODELS.iter().find(|(model, _)| *model == path).map(|(_, text)| *text);
        match before {
            Some(before) if fixture.read(path) == text => fixture.write(path, before),
            _ => fixture.write(path, text),
        }
    }
}

#[test]
fn an_answer_is_taken_from_where_it_was_kept() {
    let fixture = Fixture::new(&MODELS);
    let first = fixture.text("depends raw.orders");
    let kept = entries(&fixture);
    assert_eq!(kept.len(), 1, "{kept:?}");
    // Whoever can write there can say what he likes, as in any cache.
    let entry = fs::read(&kept[0]).unwrap();
    let value = entry[entry.len() - first.len() - 1..].to_vec();
    assert_eq!(value, format!("\0{first}").into_bytes());
    assert_eq!(fixture.text("depends raw.orders"), first);
    assert_eq!(entries(&fixture), kept);
    fixture.text("depends raw.orders --format json");
    assert_eq!(entries(&fixture).len(), 2);
}

#[test]
fn a_damaged_answer_is_found_anew() {
    let fixture = Fixture::new(&MODELS);
    let first = fixture.text("models");
    let kept = entries(&fixture);
    for damage in [&b""[..], b"headsup\x01", b"nothing of the kind"] {
        fs::write(&kept[0], damage).unwrap();
        assert_eq!(fixture.text("models"), first);
        assert_eq!(entries(&fixture), kept, "kept again");
    }
}

#[test]
fn nothing_is_kept_where_nothing_may_be() {
    let fixture = Fixture::new(&MODELS);
    fixture.text("models --no-cache");
    assert_eq!(entries(&fixture).len(), 0);
    // What is said on the way is not kept, so it is found anew.
    fixture.text("models --verbose");
    assert_eq!(entries(&fixture).len(), 0);
    let fixture = fixture.with("HEADSUP_NO_CACHE", "1");
    fixture.text("models");
    assert_eq!(entries(&fixture).len(), 0);
    let fixture = Fixture::new(&MODELS).with("HEADSUP_CACHE_DIR", "[DIR]/../elsewhere");
    fixture.text("models");
    assert_eq!(entries(&fixture).len(), 0);
    assert!(fixture.root().with_file_name("elsewhere").is_dir());
}

/// The environment counts as far as a project may see it.
#[test]
fn a_variable_that_templates_may_see_is_part_of_the_question() {
    let files = [
        ("headsup.yml", "allow_env: [SHOP]\n"),
        ("dbt_project.yml", "name: shop\nprofile: shop\n"),
        ("models/orders.sql", "select * from {{ env_var('SHOP') }}.orders"),
    ];
    let fixture = Fixture::new(&files).with("SHOP", "north");
    assert!(fixture.text("models").contains("north.orders"));
    let fixture = fixture.with("SHOP", "south").with("OTHER", "1");
    assert!(fixture.text("models").contains("south.orders"));
    assert_eq!(entries(&fixture).len(), 2);
    let fixture = fixture.with("OTHER", "2");
    fixture.text("models");
    assert_eq!(entries(&fixture).len(), 2);
}

#[test]
fn what_hangs_on_the_time_or_on_an_approval_is_not_kept() {
    let settings =
        "jobs:\n  - { name: audit, owner: a@example.com, freeze: 2026-12-01, sign_off: ann, reads: [orders] }\n";
    let base = [MODELS[1], MODELS[2], ("headsup.yml", settings)];
    let fixture = Fixture::pair(&base, &[EDITS[0], ("headsup.yml", "version: 1\n")]);
    let code = |arguments: &str| fixture.run(&format!("impact --fail-on freeze {arguments}")).code;
    assert_eq!((code("--now 2026-12-01T12:00:00Z"), code("--now 2026-12-02T12:00:00Z")), (1, 0));
    assert_eq!((code("--now 2026-12-01T12:00:00Z"), entries(&fixture).len()), (1, 0), "base alone has the freeze");
    fixture.text("approve --as ann");
    assert_eq!(code("--now 2026-12-01T12:00:00Z"), 0);
    fixture.switch("main");
    fixture.text("jobs");
    fixture.text("models");
    assert_eq!(entries(&fixture).len(), 1, "only what was read is kept");
}
