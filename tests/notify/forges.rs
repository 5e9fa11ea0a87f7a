//! Comments on pull requests: one, found again, changed in place, and only where there is something to say.

use serde_json::json;

use crate::http::{Answer, Manner};
use crate::ledger::{fixture, headsup, outcomes, report};
use crate::places::{Forge, GITHUB_TOKEN, GITLAB_TOKEN, May};
use crate::support::Fixture;

const GITHUB: &str = "  pr: { kind: github }\n  out: { kind: file, path: out.txt }\n";
const GITLAB: &str = "  mr: { kind: gitlab }\n";

/// A run for pull request 412, as GitHub starts one.
fn on_github(forge: &Forge, headsups: &[serde_json::Value], repository: &str) -> Fixture {
    let fixture = fixture(GITHUB, headsups)
        .with("GITHUB_TOKEN", GITHUB_TOKEN)
        .with("GITHUB_REPOSITORY", "acme/warehouse")
        .with("GITHUB_API_URL", &forge.server.url)
        .with("GITHUB_EVENT_PATH", "[DIR]/event.json")
        .with("GITHUB_STEP_SUMMARY", "[DIR]/summary.md");
    let event = json!({ "pull_request": {
        "number": 412,
        "html_url": "https://github.com/acme/warehouse/pull/412",
        "user": { "login": "ann" },
        "head": { "ref": "optimise-orders", "repo": { "full_name": repository, "fork": repository != "acme/warehouse" } },
    } });
    fixture.write("event.json", event.to_string());
    fixture
}

fn on_gitlab(forge: &Forge, headsups: &[serde_json::Value]) -> Fixture {
    fixture(GITLAB, headsups)
        .with("GITLAB_TOKEN", GITLAB_TOKEN)
        .with("CI_API_V4_URL", &format!("{}/api/v4", forge.server.url))
        .with("CI_PROJECT_ID", "77")
        .with("CI_PROJECT_URL", "https://gitlab.example.com/acme/warehouse")
        .with("CI_MERGE_REQUEST_IID", "412")
        .with("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "optimise-orders")
        .with("GITLAB_USER_NAME", "Ann")
}

#[test]
fn all_owners_share_one_comment_that_follows_the_change() {
    let forge = Forge::new(&["First!"], May::Write, &[]);
    let both = [headsup("finance", "pr", "revenue may differ"), headsup("sales", "out", "x may differ")];
    let fixture = on_github(&forge, &both, "acme/warehouse");
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["sales sent", "finance+sales sent"]);
    let ours = forge.ours();
    assert_eq!(ours.len(), 1);
    assert!(ours[0].body.contains("For **finance**") && ours[0].body.contains("For **sales**"), "{}", ours[0].body);
    assert!(ours[0].body.contains("ann, pull request 412"), "{}", ours[0].body);
    // Another machine, no ledger: the comment itself knows.
    assert_eq!(outcomes(&fixture, "notify --from report.json --ledger new.db").0[1], "finance+sales already_told");
    fixture.write("report.json", report(&both[..1]));
    assert_eq!(outcomes(&fixture, "notify --from report.json --ledger newer.db").0, ["finance updated"]);
    fixture.write("report.json", report(&[]));
    assert_eq!(outcomes(&fixture, "notify --from report.json --ledger newest.db").0, [" updated"]);
    let ours = forge.ours();
    assert_eq!((ours.len(), ours[0].changes), (1, 3));
    assert!(ours[0].body.contains("This change no longer reaches any job."));
    // It says so already.
    assert_eq!(outcomes(&fixture, "notify --from report.json --ledger last.db").0, Vec::<String>::new());
    assert_eq!(forge.ours()[0].changes, 3);
    assert!(fixture.read("summary.md").contains("For **sales**"));
}

#[test]
fn a_change_that_reaches_nobody_makes_no_comment() {
    let forge = Forge::new(&[], May::Write, &[]);
    let fixture = on_github(&forge, &[], "acme/warehouse");
    assert_eq!(outcomes(&fixture, "notify --from report.json"), (Vec::new(), 0));
    assert!(forge.comments().is_empty());
    assert_eq!(forge.server.lines(), ["GET /repos/acme/warehouse/issues/412/comments"]);
}

#[test]
fn the_comment_is_found_behind_many_others() {
    let others = vec!["thanks"; 250];
    let forge = Forge::new(&others, May::Write, &[]);
    let fixture = on_github(&forge, &[headsup("finance", "pr", "x")], "acme/warehouse");
    outcomes(&fixture, "notify --from report.json");
    fixture.write("report.json", report(&[headsup("finance", "pr", "y")]));
    assert_eq!(outcomes(&fixture, "notify --from report.json --ledger new.db").0, ["finance updated"]);
    assert_eq!((forge.ours().len(), forge.comments().len()), (1, 251));
}

#[test]
fn a_comment_that_somebody_removed_is_made_anew() {
    let forge = Forge::new(&[], May::Write, &[]);
    let fixture = on_github(&forge, &[headsup("finance", "pr", "x")], "acme/warehouse");
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["finance sent"]);
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["finance already_told"]);
    forge.clear();
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["finance sent"]);
    assert_eq!(forge.ours().len(), 1);
}

#[test]
fn a_comment_that_quotes_ours_is_not_ours() {
    let forge = Forge::new(&[], May::Write, &[]);
    let fixture = on_github(&forge, &[headsup("finance", "pr", "x")], "acme/warehouse");
    outcomes(&fixture, "notify --from report.json");
    let quoted = format!("> {}", forge.ours()[0].body);
    let forge = Forge::new(&[&quoted], May::Write, &[]);
    let fixture = fixture.with("GITHUB_API_URL", &forge.server.url);
    assert_eq!(outcomes(&fixture, "notify --from report.json --ledger new.db").0, ["finance sent"]);
    assert_eq!((forge.comments().len(), forge.comments()[0].changes), (2, 1));
}

#[test]
fn a_fork_gets_a_summary_and_no_error() {
    let forge = Forge::new(&[], May::Read, &[]);
    let both = [headsup("finance", "pr", "revenue may differ"), headsup("sales", "hook", "x")];
    let fixture = on_github(&forge, &both, "somebody/warehouse");
    fixture.write(
        "headsup.yml",
        "version: 1\nchannels:\n  pr: { kind: github }\n  hook: { kind: slack, webhook_env: UNSET }\n",
    );
    let (said, code) = outcomes(&fixture, "notify --from report.json");
    assert_eq!(code, 0);
    assert_eq!(said[0], "sales skipped: the environment variable UNSET is not set: runs for a fork have no secrets");
    assert!(said[1].starts_with("finance+sales skipped: GitHub answered 403"), "{said:?}");
    assert!(fixture.read("summary.md").contains("For **finance**"));
    // Without any token there is no comment for an owner without a channel either.
    let mut nowhere = headsup("finance", "pr", "x");
    nowhere.as_object_mut().unwrap().remove("channel");
    fixture.write("report.json", report(&[nowhere]));
    let fixture = fixture.with("GITHUB_TOKEN", "");
    let (said, code) = outcomes(&fixture, "notify --from report.json --ledger none.db");
    assert_eq!((said[0].as_str(), code), ("finance skipped: runs for a fork have no secrets, and so no comment", 0));
    // In one's own repository the same answer is a failure.
    let fixture = on_github(&forge, &both[..1], "acme/warehouse");
    assert_eq!(outcomes(&fixture, "notify --from report.json").1, 4);
}

#[test]
fn a_comment_is_cut_and_the_summary_is_not() {
    let forge = Forge::new(&[], May::Write, &[]);
    let owners: Vec<String> = (0..120).map(|number| format!("team{number}")).collect();
    let all: Vec<_> = owners.iter().map(|owner| headsup(owner, "pr", &"ä&".repeat(300))).collect();
    let fixture = on_github(&forge, &all, "acme/warehouse");
    assert_eq!(outcomes(&fixture, "notify --from report.json").1, 0);
    let body = forge.ours()[0].body.clone();
    assert!(body.len() <= 65_000 && body.len() > 60_000, "{}", body.len());
    assert!(body.ends_with("This was cut: the full report is in the summary of the run.\n"));
    assert_eq!(body.matches("<details>").count(), body.matches("</details>").count());
    assert!(fixture.read("summary.md").contains("For **team119**"));
}

#[test]
fn a_wrong_token_and_a_lost_answer() {
    let forge = Forge::new(&[], May::Write, &[]);
    let fixture =
        on_github(&forge, &[headsup("finance", "pr", "x")], "acme/warehouse").with("GITHUB_TOKEN", "ghs_wrong");
    let (said, code) = outcomes(&fixture, "notify --from report.json");
    assert_eq!((said[0].as_str(), code), ("finance undelivered: GitHub answered 401: Bad credentials", 4));
    // The comment is made, and the answer does not arrive: it is looked for before another is made.
    let forge = Forge::new(&[], May::Write, &[(1, Answer::text(200, "").in_manner(Manner::Silent))]);
    let fixture = on_github(&forge, &[headsup("finance", "pr", "x")], "acme/warehouse");
    assert_eq!(outcomes(&fixture, "notify --from report.json").1, 0);
    assert_eq!(forge.ours().len(), 1, "{:?}", forge.server.lines());
}

#[test]
fn two_machines_at_once_leave_one_comment() {
    // Both look before either writes.
    let late = || Answer::text(200, "").in_manner(Manner::Slow(1_500));
    for (on, path) in
        [(on_github as fn(&Forge, &[serde_json::Value], &str) -> Fixture, "pr"), (|f, h, _| on_gitlab(f, h), "mr")]
    {
        let forge = Forge::new(&["hello"], May::Write, &[(0, late()), (1, late())]);
        let fixture = on(&forge, &[headsup("finance", path, "x")], "acme/warehouse");
        let start = |ledger: &str| {
            let mut command = fixture.command(&format!("notify --from report.json --ledger {ledger}"));
            command.stdout(std::process::Stdio::null()).spawn().unwrap()
        };
        let mut runs = [start("one.db"), start("two.db")];
        assert!(runs.iter_mut().all(|run| run.wait().unwrap().success()));
        assert_eq!(forge.ours().len(), 1, "{:?}", forge.server.lines());
    }
}

#[test]
fn outside_a_pull_request_a_comment_has_no_place() {
    let fixture = fixture(GITHUB, &[headsup("finance", "pr", "x"), headsup("sales", "out", "x")]);
    let (said, code) = outcomes(&fixture, "notify --from report.json");
    assert_eq!((said[1].as_str(), code), ("finance undelivered: this run is not for a pull request on GitHub", 4));
}

#[test]
fn gitlab_has_a_note_that_follows_the_change() {
    let forge = Forge::new(&vec!["thanks"; 130], May::Write, &[]);
    let fixture = on_gitlab(&forge, &[headsup("finance", "mr", "x")]);
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["finance sent"]);
    assert!(forge.ours()[0].body.contains("Ann, merge request 412"));
    assert_eq!(outcomes(&fixture, "notify --from report.json --ledger a.db").0, ["finance already_told"]);
    fixture.write("report.json", report(&[headsup("finance", "mr", "y")]));
    assert_eq!(outcomes(&fixture, "notify --from report.json --ledger b.db").0, ["finance updated"]);
    fixture.write("report.json", report(&[]));
    assert_eq!(outcomes(&fixture, "notify --from report.json --ledger c.db").0, [" updated"]);
    assert_eq!((forge.ours().len(), forge.ours()[0].changes), (1, 3));
}

#[test]
fn an_owner_who_hears_by_the_comment_alone_is_not_forgotten_without_a_pull_request() {
    let mut nowhere = headsup("finance", "x", "y");
    nowhere.as_object_mut().unwrap().remove("channel");
    let fixture = fixture(GITHUB, &[nowhere]).with("GITHUB_TOKEN", GITHUB_TOKEN);
    let (said, code) = outcomes(&fixture, "notify --from report.json");
    let wanted = "finance undelivered: the comment is for runs on a pull request, and this is none; give the team a \
                  `channel` of its own";
    assert_eq!((said, code), (vec![wanted.to_owned()], 4));
}

#[test]
fn what_has_not_changed_is_not_read_again_where_the_ledger_lasts() {
    let others = vec!["thanks"; 250];
    let forge = Forge::new(&others, May::Write, &[]);
    let fixture = on_github(&forge, &[headsup("finance", "pr", "x")], "acme/warehouse");
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["finance sent"]);
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["finance already_told"]);
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["finance already_told"]);
    // Of all reads but the first of each page, one counts: that of the page with the new comment.
    assert_eq!((forge.budget(), forge.server.lines().len()), (5_000 - 3 - 1 - 1, (3 + 1 + 3) + 3 + 3));
    forge.exhaust();
    assert_eq!(outcomes(&fixture, "notify --from report.json"), (vec!["finance already_told".to_owned()], 0));
    let (said, code) = outcomes(&fixture, "notify --from report.json --ledger new.db --give-up-after 1");
    assert!(said[0].contains("API rate limit exceeded") && code == 4, "{said:?}");
    // What others write is not kept, and neither is the token.
    let ledger = std::fs::read(fixture.root().join(".headsup/ledger.db")).unwrap();
    let holds = |text: &str| ledger.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("comments?per_page=100&page=3") && !holds("thanks") && !holds(GITHUB_TOKEN));
}

#[test]
fn what_has_changed_is_read_again() {
    let forge = Forge::new(&["hello"], May::Write, &[]);
    let fixture = on_github(&forge, &[headsup("finance", "pr", "x")], "acme/warehouse");
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["finance sent"]);
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["finance already_told"]);
    forge.clear();
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["finance sent"]);
    assert_eq!(forge.ours().len(), 1);
}

#[test]
fn a_dry_run_away_from_a_pull_request_shows_what_the_comment_would_say() {
    let mut nowhere = headsup("finance", "x", "revenue may differ");
    nowhere.as_object_mut().unwrap().remove("channel");
    let fixture = fixture(GITHUB, &[nowhere, headsup("sales", "pr", "x")]);
    let run = fixture.run("notify --from report.json --dry-run");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let begins = run.stdout.lines().take(9).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(begins, @"
    optimise-orders → main: 2 messages

    would send  to finance by pr (github)
      a change to core.orders reaches finance_report
      the comment is for runs on a pull request; in one it would say this
      → the comment on the pull request
        Heads-up: a change to core.orders reaches finance_report
        What     core.orders: rows may be duplicated: the join to stg_promotions is
                 not on a unique key
    ");
    assert!(run.stdout.contains("would send  to sales by pr (github)"), "{}", run.stdout);
}

#[test]
fn settings_that_are_not_committed_yet_are_spoken_of() {
    let exposure =
        "exposures:\n- { name: report, type: dashboard, owner: { name: Ann }, depends_on: [\"ref('a')\"] }\n";
    let base = [
        ("dbt_project.yml", "name: shop\nprofile: shop\n"),
        ("models/a.sql", "select 1 as x"),
        ("models/reports.yml", exposure),
    ];
    let fixture = Fixture::pair(&base, &[("models/a.sql", "select 2 as x")]);
    let said = |arguments: &str| outcomes(&fixture, &format!("notify --dry-run --base main {arguments}")).0.remove(0);
    let nowhere = "Ann undelivered: nobody says where to tell this owner; give the team a `channel`";
    assert_eq!(said("--head HEAD"), nowhere);
    fixture.write("headsup.yml", "version: 1\n");
    assert_eq!(
        said("--head HEAD"),
        "Ann undelivered: headsup.yml is in the folder and not in change, so no channel is known; commit it, or name it \
         with --config headsup.yml"
    );
    assert_eq!((said("--head HEAD --config headsup.yml").as_str(), said("").as_str()), (nowhere, nowhere));
}

#[test]
fn a_pull_request_that_is_closed_takes_back_what_was_said_and_one_that_is_merged_does_not() {
    let closed = |merged: bool| {
        let forge = Forge::new(&[], May::Write, &[]);
        let both = [headsup("finance", "pr", "revenue may differ"), headsup("sales", "out", "x may differ")];
        let fixture = on_github(&forge, &both, "acme/warehouse");
        outcomes(&fixture, "notify --from report.json");
        let mut event: serde_json::Value = serde_json::from_str(&fixture.read("event.json")).unwrap();
        event["action"] = json!("closed");
        event["pull_request"]["merged"] = json!(merged);
        fixture.write("event.json", event.to_string());
        (outcomes(&fixture, "notify --from report.json").0, forge.ours()[0].body.clone(), fixture.read("out.txt"))
    };
    let (said, comment, file) = closed(false);
    assert_eq!(said, ["sales sent", " updated"]);
    assert!(comment.contains("This change no longer reaches any job."), "{comment}");
    assert!(file.contains("all clear: pull request 412 no longer reaches sales_report"), "{file}");
    let (said, comment, _) = closed(true);
    assert_eq!(said, ["sales already_told", "finance+sales already_told"]);
    assert!(comment.contains("For **finance**"));
}

#[test]
fn a_fork_on_gitlab_has_no_token_and_no_error() {
    let forge = Forge::new(&[], May::Read, &[]);
    let from = |source: &str, token: &str| {
        let fixture = on_gitlab(&forge, &[headsup("finance", "mr", "x")])
            .with("CI_MERGE_REQUEST_PROJECT_ID", "77")
            .with("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", source)
            .with("GITLAB_TOKEN", token);
        let (said, code) = outcomes(&fixture, "notify --from report.json");
        (said[0].split(':').next().unwrap().to_owned(), code)
    };
    assert_eq!(from("88", ""), ("finance skipped".to_owned(), 0));
    assert_eq!(from("88", GITLAB_TOKEN), ("finance skipped".to_owned(), 0));
    assert_eq!(from("77", ""), ("finance undelivered".to_owned(), 4));
    assert_eq!(from("77", GITLAB_TOKEN), ("finance undelivered".to_owned(), 4));
}

#[test]
fn nobody_is_asked_to_answer_himself() {
    let forge = Forge::new(&[], May::Write, &[]);
    let fixture = on_github(&forge, &[headsup("@Ann", "out", "x may differ")], "acme/warehouse");
    outcomes(&fixture, "notify --from report.json");
    let text = fixture.read("out.txt");
    assert!(text.contains("Do       nothing, if this is what you expect; otherwise look again before it is"), "{text}");
}
