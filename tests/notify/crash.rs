//! Runs that are killed at any point of a delivery: every message arrives, and where the service lets us
//! look before sending, it arrives once.
//!
//! `HEADSUP_KILLS` says how often; a few in everyday tests.

use std::process::Stdio;
use std::time::Duration;

use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::checks::SHA;
use crate::ledger::{fixture, headsup, outcomes};
use crate::places::{Forge, GITHUB_TOKEN, HOOK, May, SLACK_TOKEN, Slack};
use crate::support::Fixture;

const CHANNELS: &str = "  bot: { kind: slack, token_env: BOT, channel: C0FINANCE }
  hook: { kind: slack, webhook_env: HOOK }
  pr: { kind: github }
  check: { kind: github-check }
  text: { kind: file, path: out.txt }
  lines: { kind: file, path: out.jsonl }
";
/// A lease ends soon where its holder is killed on purpose.
const DELIVERY: &str = "--lease-ms 1000 --give-up-after 30";

/// The places of one round.
struct World {
    bot: Slack,
    hook: Slack,
    forge: Forge,
    fixture: Fixture,
}

impl World {
    fn new() -> Self {
        let (bot, hook, forge) = (Slack::new(), Slack::new(), Forge::new(&["hello"], May::Write, &[]));
        let all = ["bot", "hook", "text", "lines"].map(|channel| headsup(channel, channel, "revenue may differ"));
        let fixture = fixture(CHANNELS, &all)
            .with("BOT", SLACK_TOKEN)
            .with("SLACK_API_URL", &format!("{}/api", bot.server.url))
            .with("HOOK", &format!("{}{HOOK}", hook.server.url))
            .with("GITHUB_TOKEN", GITHUB_TOKEN)
            .with("GITHUB_REPOSITORY", "acme/warehouse")
            .with("GITHUB_EVENT_PATH", "[DIR]/event.json")
            .with("GITHUB_API_URL", &forge.server.url);
        let event = json!({ "pull_request": {
            "number": 412, "head": { "sha": SHA, "repo": { "full_name": "acme/warehouse" } },
        } });
        fixture.write("event.json", event.to_string());
        // Notes for two requests.
        let mut report: Value = serde_json::from_str(&fixture.read("report.json")).unwrap();
        let place = |line| json!({ "file": "orders.sql", "line": line, "says": "x", "jobs": ["audit"] });
        report["changes"] = json!([{ "relation": "orders", "places": (1..=60).map(place).collect::<Vec<_>>() }]);
        report["jobs"] = json!([{ "job": "audit", "criticality": "normal", "reach": "reached" }]);
        fixture.write("report.json", report.to_string());
        Self { bot, hook, forge, fixture }
    }

    /// Starts a run, and kills it after so many microseconds.
    fn killed(&self, arguments: &str, after: u64) {
        let mut command = self.fixture.command(&format!("{arguments} {DELIVERY}"));
        let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(after));
        // It may have come to its end.
        let _ = run.kill();
        run.wait().unwrap();
    }

    #[track_caller]
    fn holds(&self, kills: &[u64]) {
        let text = self.fixture.read("out.txt");
        let lines = self.fixture.read("out.jsonl");
        let whole = lines.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).count();
        let told = (self.bot.messages().len(), self.bot.posted().len(), self.forge.ours().len());
        let checks: Vec<_> =
            self.forge.runs().iter().map(|run| (run.notes.len(), run.body["status"].clone())).collect();
        assert_eq!(checks, [(60, json!("completed"))], "killed after {kills:?}\n{:?}", self.forge.server.lines());
        assert_eq!(told, (1, 2, 1), "killed after {kills:?}\n{:?}", self.bot.server.lines());
        assert_eq!((text.matches("\n-- ").count(), whole), (1, 1), "killed after {kills:?}\n{text}\n{lines}");
        // A webhook cannot be asked what it has: one message for each run that was killed, at most.
        let hook = self.hook.messages().len();
        assert!(hook >= 1 && hook <= 1 + kills.len(), "killed after {kills:?}: {hook}");
        assert_eq!(self.fixture.text("outbox"), "Nothing is waiting.\n");
    }
}

/// How long a whole run takes here, in microseconds.
fn length_of_a_run() -> u64 {
    let world = World::new();
    let start = std::time::Instant::now();
    assert_eq!(outcomes(&world.fixture, &format!("notify --from report.json {DELIVERY}")).1, 0);
    world.holds(&[]);
    u64::try_from(start.elapsed().as_micros()).unwrap()
}

#[test]
fn a_run_that_is_killed_loses_nothing_and_repeats_nothing() {
    let kills: u32 = std::env::var("HEADSUP_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(10);
    let length = length_of_a_run();
    let mut runner =
        TestRunner::new(Config { cases: kills.div_ceil(2), failure_persistence: None, ..Config::default() });
    runner
        .run(&(0..length * 5 / 4, 0..length * 5 / 4), |(first, second)| {
            let world = World::new();
            world.killed("notify --from report.json", first);
            world.killed("notify --resume", second);
            // What was in the ledger is sent; and what was not, because the first run came to nothing.
            outcomes(&world.fixture, &format!("notify --resume {DELIVERY}"));
            assert_eq!(outcomes(&world.fixture, &format!("notify --from report.json {DELIVERY}")).1, 0);
            world.holds(&[first, second]);
            Ok(())
        })
        .unwrap();
}
