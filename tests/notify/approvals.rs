//! Approvals on GitHub and GitLab: whose counts, and for which version.

use serde_json::{Value, json};

use crate::http::{Answer, Asked, Server};
use crate::places::{GITHUB_TOKEN, GITLAB_TOKEN};
use crate::support::Fixture;

const SETTINGS: &str = "version: 1
dialect: postgres
jobs:
  - { name: audit, owner: f@example.com, sign_off: [Ann, bob], reads: [t] }
";

/// A branch with two commits after base: what the first one changes for the job, the second keeps or not.
fn fixture(second: &str) -> (Fixture, [String; 2]) {
    let base = [("headsup.yml", SETTINGS), ("t.sql", "create view t as select 1 as x"), ("u.sql", "select 1 as x")];
    let fixture = Fixture::pair(&base, &[("t.sql", "create view t as select 2 as x")]);
    let first = fixture.repository().head().unwrap().target().unwrap().to_string();
    fixture.write("t.sql", second);
    fixture.write("u.sql", "select 2 as x");
    let newest = fixture.commit("more").to_string();
    (fixture, [first, newest])
}

fn review(name: &str, state: &str, commit: &str) -> Value {
    json!({ "user": { "login": name }, "state": state, "commit_id": commit })
}

fn github(reviews: Vec<Value>) -> Server {
    Server::new(move |asked: &Asked| {
        if asked.header("authorization") != format!("Bearer {GITHUB_TOKEN}") {
            return Answer::json(401, &json!({ "message": "Bad credentials" }));
        }
        if asked.path != "/repos/acme/warehouse/pulls/412/reviews" {
            return Answer::json(404, &json!({ "message": "Not Found" }));
        }
        let (size, page) = (asked.number("per_page", 30).min(100), asked.number("page", 1));
        let shown: Vec<&Value> = reviews.iter().skip((page - 1) * size).take(size).collect();
        Answer::json(200, &json!(shown))
    })
}

fn on_github(fixture: Fixture, server: &Server, head: &str) -> Fixture {
    let event = json!({ "pull_request": {
        "number": 412,
        "head": { "sha": head, "ref": "change", "repo": { "full_name": "acme/warehouse" } },
    } });
    std::fs::write(fixture.root().join("../tmp/event.json"), event.to_string()).unwrap();
    fixture
        .with("GITHUB_TOKEN", GITHUB_TOKEN)
        .with("GITHUB_REPOSITORY", "acme/warehouse")
        .with("GITHUB_API_URL", &server.url)
        .with("GITHUB_EVENT_PATH", "[DIR]/../tmp/event.json")
}

const SAME: &str = "create view t as select 2 as x -- as in the commit before";
const OTHER: &str = "create view t as select 3 as x";

#[test]
fn a_review_by_somebody_who_is_named_counts_for_what_he_saw() {
    let judged = |second: &str, reviews: &dyn Fn(&str, &str) -> Vec<Value>| {
        let (fixture, [first, newest]) = fixture(second);
        let server = github(reviews(&first, &newest));
        let fixture = on_github(fixture, &server, &newest);
        fixture.run("impact --base main --head HEAD --fail-on sign-off").code
    };
    assert_eq!(judged(OTHER, &|_, _| Vec::new()), 1);
    assert_eq!(judged(OTHER, &|_, newest| vec![review("ann", "APPROVED", newest)]), 0);
    assert_eq!(judged(OTHER, &|_, newest| vec![review("mallory", "APPROVED", newest)]), 1);
    assert_eq!(judged(OTHER, &|first, _| vec![review("ann", "APPROVED", first)]), 1, "she saw something else");
    assert_eq!(judged(SAME, &|first, _| vec![review("ann", "APPROVED", first)]), 0, "nothing has changed for the job");
    let gone = "0123456789012345678901234567890123456789";
    assert_eq!(judged(SAME, &|_, _| vec![review("ann", "APPROVED", gone)]), 1, "nobody knows what she saw");
    let taken_back = |state: &'static str| {
        judged(OTHER, &move |_, newest| vec![review("ann", "APPROVED", newest), review("ann", state, newest)])
    };
    assert_eq!([taken_back("COMMENTED"), taken_back("DISMISSED"), taken_back("CHANGES_REQUESTED")], [0, 1, 1]);
    let late = |_: &str, newest: &str| {
        let mut all = vec![review("mallory", "COMMENTED", newest); 130];
        all.push(review("bob", "APPROVED", newest));
        all
    };
    assert_eq!(judged(OTHER, &late), 0, "on the second page");
}

#[test]
fn what_cannot_be_asked_is_no_approval() {
    let (fixture, [_, newest]) = fixture(OTHER);
    let server = Server::new(|_| Answer::json(401, &json!({ "message": "Bad credentials" })));
    let fixture = on_github(fixture, &server, &newest);
    let run = fixture.run("impact --fail-on sign-off --format json");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let said = report["diagnostics"][0].clone();
    assert_eq!((run.code, said["code"].as_str()), (1, Some("approvals-unknown")), "{said}");
    assert_eq!(said["message"], "who has approved the change cannot be told: GitHub answered 401: Bad credentials");
    assert!(!run.stdout.contains(GITHUB_TOKEN));
    let before = server.asked().len();
    assert_eq!(fixture.run("impact").code, 0);
    assert_eq!(fixture.run("notify --dry-run").code, 4, "nobody says where to tell the owner");
    assert_eq!(server.asked().len(), before, "nobody is asked where nothing hangs on it");
}

#[test]
fn an_approval_on_gitlab_counts_for_the_version_that_was_there() {
    let judged = |second: &str, at: &'static str| {
        let (fixture, [first, newest]) = fixture(second);
        let server = Server::new(move |asked: &Asked| {
            if asked.header("private-token") != GITLAB_TOKEN {
                return Answer::json(401, &json!({ "message": "401 Unauthorized" }));
            }
            match asked.path.strip_prefix("/api/v4/projects/77/merge_requests/412/") {
                Some("approvals") => {
                    let mut approval = json!({ "user": { "username": "bob" } });
                    if !at.is_empty() {
                        approval["approved_at"] = json!(at);
                    }
                    Answer::json(200, &json!({ "approved_by": [approval] }))
                }
                Some("versions") => Answer::json(
                    200,
                    &json!([
                        { "created_at": "2026-11-20T12:00:00.000Z", "head_commit_sha": newest },
                        { "created_at": "2026-11-20T10:00:00.000Z", "head_commit_sha": first },
                    ]),
                ),
                _ => Answer::json(404, &json!({ "message": "404 Not Found" })),
            }
        });
        let fixture = fixture
            .with("GITLAB_TOKEN", GITLAB_TOKEN)
            .with("CI_API_V4_URL", &format!("{}/api/v4", server.url))
            .with("CI_PROJECT_ID", "77")
            .with("CI_MERGE_REQUEST_IID", "412");
        fixture.run("impact --base main --head HEAD --fail-on freeze,sign-off").code
    };
    assert_eq!(judged(OTHER, "2026-11-20T13:00:00.000Z"), 0);
    assert_eq!(judged(OTHER, "2026-11-20T11:00:00.000Z"), 1, "he saw the version before");
    assert_eq!(judged(SAME, "2026-11-20T11:00:00.000Z"), 0, "which did the same to the job");
    assert_eq!(judged(OTHER, ""), 0, "an old GitLab does not say when");
}
