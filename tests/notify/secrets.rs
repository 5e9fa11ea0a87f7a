//! No secret is in the output, the errors, the ledger, or any file that a run leaves.

use serde_json::json;

use crate::checks::SHA;
use crate::http::{Answer, Server};
use crate::ledger::{fixture, headsup};
use crate::support::{Fixture, state};

const CHANNELS: &str = "  hook: { kind: slack, webhook_env: HOOK }
  bot: { kind: slack, token_env: BOT, channel: C0FINANCE }
  team: { kind: teams, webhook_env: TEAM }
  any: { kind: webhook, webhook_env: ANY, token_env: TOKEN, secret_env: KEY }
  mail: { kind: email, to: a@example.com, from: b@example.com }
  pr: { kind: github, token_env: GITHUB }
  check: { kind: github-check, token_env: GITHUB }
";

/// The variables and what of each must never be seen.
const SECRETS: [(&str, &str, &str); 8] = [
    ("HOOK", "[URL]/services/T0/B0/s3cr3thookpart", "s3cr3thookpart"),
    ("BOT", "xoxb-s3cr3tbot", "s3cr3tbot"),
    ("TEAM", "[URL]/workflows/x?sig=s3cr3tteamsig", "s3cr3tteamsig"),
    ("ANY", "[URL]/s3cr3tanypath", "s3cr3tanypath"),
    ("TOKEN", "s3cr3ttoken", "s3cr3ttoken"),
    ("KEY", "s3cr3tkeyvalue", "s3cr3tkeyvalue"),
    ("SMTP_URL", "smtp://ann:s3cr3tmail@127.0.0.1:1?tls=none", "s3cr3tmail"),
    ("GITHUB", "ghs_s3cr3tgithub", "s3cr3tgithub"),
];

fn with_secrets(url: &str) -> Fixture {
    let all = ["hook", "bot", "team", "any", "mail", "pr"].map(|channel| headsup(channel, channel, "x may differ"));
    let mut fixture = fixture(CHANNELS, &all)
        .with("GITHUB_REPOSITORY", "acme/warehouse")
        .with("GITHUB_EVENT_PATH", "[DIR]/event.json")
        .with("GITHUB_API_URL", url)
        .with("GITHUB_STEP_SUMMARY", "[DIR]/summary.md")
        .with("SLACK_API_URL", url);
    let event = json!({ "pull_request": {
        "number": 412, "head": { "sha": SHA, "repo": { "full_name": "acme/warehouse" } },
    } });
    fixture.write("event.json", event.to_string());
    for (name, value, _) in SECRETS {
        fixture = fixture.with(name, &value.replace("[URL]", url));
    }
    fixture
}

#[track_caller]
fn holds_no_secret(what: &str, text: &[u8]) {
    for (name, _, secret) in SECRETS {
        let found = text.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{what} holds {name}:\n{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn no_secret_is_shown_or_kept() {
    // A service that repeats what it was asked, in its errors and in its answers.
    let echo = |status: u16| {
        Server::new(move |asked| {
            let everything = format!("{} {:?} {:?} {}", asked.path, asked.query, asked.headers, asked.body);
            Answer::text(status, &everything)
        })
    };
    let servers = [echo(200), echo(400), echo(401), echo(429), echo(500), echo(302)];
    let mut urls: Vec<String> = servers.iter().map(|server| server.url.clone()).collect();
    // Nobody is there.
    urls.push("http://127.0.0.1:9".to_owned());
    for url in urls {
        let fixture = with_secrets(&url);
        for arguments in [
            "notify --from report.json --dry-run -v",
            "notify --from report.json --give-up-after 0 -v",
            "notify --resume --give-up-after 0 --format json -v",
            "outbox --all --format json",
            "outbox --retry --give-up-after 0 --format markdown",
        ] {
            let run = fixture.run(arguments);
            holds_no_secret(arguments, run.stdout.as_bytes());
            holds_no_secret(arguments, run.stderr.as_bytes());
        }
        for (path, content, _) in state(&fixture.root()) {
            holds_no_secret(&path.display().to_string(), &content.unwrap_or_default());
        }
    }
}
