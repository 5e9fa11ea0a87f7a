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

const TEAMS_TOKEN: &str = "ghp_s3cr3tofteams000";
const OF_A_TEAM: &str = "version: 1
dialect: postgres
jobs:
  - { name: audit, owner: f@example.com, sign_off: [ann, '@acme/finance', acme/audit], reads: [t] }
";

/// Reviews, and an organisation whose teams only another token may read; one of them has 130 members.
fn organisation(reviews: Vec<Value>) -> Server {
    Server::new(move |asked: &Asked| {
        let token = asked.header("authorization").trim_start_matches("Bearer ");
        let members: Vec<Value> = match (asked.path.as_str(), token) {
            ("/repos/acme/warehouse/pulls/412/reviews", GITHUB_TOKEN) => reviews.clone(),
            ("/orgs/acme/teams/finance/members", TEAMS_TOKEN) => {
                (0..130).map(|number| json!({ "login": format!("Member{number}") })).collect()
            }
            ("/orgs/acme/teams/audit/members", TEAMS_TOKEN) => Vec::new(),
            _ => return Answer::json(404, &json!({ "message": "Not Found" })),
        };
        let (size, page) = (asked.number("per_page", 30).min(100), asked.number("page", 1));
        let shown: Vec<&Value> = members.iter().skip((page - 1) * size).take(size).collect();
        Answer::json(200, &json!(shown)).tagged(asked)
    })
}

/// A pull request that reaches a job which a team signs off.
fn of_a_team(server: impl Fn(&str, &str) -> Server, second: &str) -> (Fixture, Server) {
    let base = [("headsup.yml", OF_A_TEAM), ("t.sql", "create view t as select 1 as x")];
    let fixture = Fixture::pair(&base, &[("t.sql", "create view t as select 2 as x")]);
    let first = fixture.repository().head().unwrap().target().unwrap().to_string();
    fixture.write("t.sql", second);
    let newest = fixture.commit("more").to_string();
    let server = server(&first, &newest);
    let fixture = on_github(fixture, &server, &newest).with("HEADSUP_TEAMS_TOKEN", TEAMS_TOKEN);
    (fixture, server)
}

#[test]
fn a_review_by_a_member_of_a_team_counts_for_the_team() {
    let judged = |name: &'static str| {
        let (fixture, server) = of_a_team(|_, newest| organisation(vec![review(name, "APPROVED", newest)]), OTHER);
        let run = fixture.run("impact --fail-on sign-off --format json");
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(report["diagnostics"], json!([]));
        let orgs = server.asked().iter().filter(|asked| asked.path.starts_with("/orgs/")).count();
        (run.code, report["jobs"][0]["hold"]["approved_by"].clone(), orgs)
    };
    // The member stands on the second page; both teams are asked for, as either could have him.
    assert_eq!(judged("member120"), (0, json!(["member120 of @acme/finance"]), 3));
    assert_eq!(judged("mallory"), (1, json!([]), 3));
    // Whoever is named needs no team, and nobody is asked who is in one.
    assert_eq!(judged("ann"), (0, json!(["ann"]), 0));
}

#[test]
fn a_member_counts_for_what_he_saw() {
    let judged = |second: &str| {
        let reviews = |first: &str, _: &str| organisation(vec![review("member7", "APPROVED", first)]);
        of_a_team(reviews, second).0.run("impact --fail-on sign-off").code
    };
    assert_eq!((judged(OTHER), judged(SAME)), (1, 0));
}

#[test]
fn a_team_that_cannot_be_read_has_no_members_and_that_is_said() {
    let (fixture, _) = of_a_team(|_, newest| organisation(vec![review("member1", "APPROVED", newest)]), OTHER);
    let fixture = fixture.with("HEADSUP_TEAMS_TOKEN", "");
    let run = fixture.run("impact --fail-on sign-off --format json");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let said: Vec<&str> =
        report["diagnostics"].as_array().unwrap().iter().filter_map(|said| said["message"].as_str()).collect();
    assert_eq!(
        said,
        [
            "who is in @acme/audit cannot be told: GitHub answered 404: Not Found",
            "who is in @acme/finance cannot be told: GitHub answered 404: Not Found",
        ]
    );
    assert_eq!((run.code, &report["jobs"][0]["hold"]["approved_by"]), (1, &json!([])));
    assert_eq!(report["diagnostics"][0]["code"], "approvals-unknown");
    assert!(!run.stdout.contains(GITHUB_TOKEN) && !run.stderr.contains(GITHUB_TOKEN));
    // Without any approval there is nothing to look up.
    let (fixture, server) = of_a_team(|_, _| organisation(Vec::new()), OTHER);
    assert_eq!(fixture.run("impact --fail-on sign-off").code, 1);
    assert_eq!(server.lines(), ["GET /repos/acme/warehouse/pulls/412/reviews"]);
}

#[test]
fn reviews_and_members_that_have_not_changed_are_not_read_again() {
    let (fixture, server) = of_a_team(|_, newest| organisation(vec![review("member1", "APPROVED", newest)]), OTHER);
    // Any ledger remembers; this one has somebody else's word in it.
    assert_eq!(fixture.run("approve --as ann --head main").code, 0);
    let made = fixture.run("approve --as ann --head HEAD~1 --base main");
    assert_eq!(made.code, 0, "{}", made.stderr);
    assert_eq!(fixture.run("impact --fail-on sign-off --no-cache").code, 0);
    let before = server.asked().len();
    assert_eq!(fixture.run("impact --fail-on sign-off --no-cache").code, 0);
    let tagged = server.asked().split_off(before);
    assert!(tagged.iter().all(|asked| asked.header("if-none-match").starts_with("W/")), "{tagged:?}");
    assert_eq!(tagged.len(), 4);
}

#[test]
fn a_group_signs_off_on_gitlab() {
    let (fixture, _) = of_a_team(|_, _| organisation(Vec::new()), OTHER);
    let server = Server::new(|asked: &Asked| match asked.path.as_str() {
        "/api/v4/projects/77/merge_requests/412/approvals" => {
            Answer::json(200, &json!({ "approved_by": [{ "user": { "username": "bob" } }] }))
        }
        "/api/v4/groups/acme%2Ffinance/members/all" => Answer::json(
            200,
            &json!([{ "username": "carol", "state": "active" }, { "username": "bob", "state": "active" }]),
        ),
        "/api/v4/groups/acme%2Faudit/members/all" => {
            Answer::json(200, &json!([{ "username": "bob", "state": "blocked" }]))
        }
        _ => Answer::json(404, &json!({ "message": "404 Not Found" })),
    });
    let fixture = fixture
        .with("GITLAB_TOKEN", GITLAB_TOKEN)
        .with("CI_API_V4_URL", &format!("{}/api/v4", server.url))
        .with("CI_PROJECT_ID", "77")
        .with("CI_MERGE_REQUEST_IID", "412");
    let report = fixture.json("impact --fail-on sign-off");
    assert_eq!(report["jobs"][0]["hold"]["approved_by"], json!(["bob of @acme/finance"]), "{:?}", server.lines());
}
