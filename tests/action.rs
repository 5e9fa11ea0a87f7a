//! Runs the shell steps of `action.yml` as a runner would, on the sample warehouse, with an event of a pull
//! request; and holds what the documents say of the action against it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use http::{Answer, Server};
use serde_json::json;
use serde_yaml::Value;

#[allow(unreachable_pub, dead_code)]
#[path = "notify/http.rs"]
mod http;

const PROGRAM: &str = env!("CARGO_BIN_EXE_headsup");

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn action() -> Value {
    serde_yaml::from_str(&file("action.yml")).unwrap()
}

/// The sample warehouse with a branch checked out.
fn warehouse(folder: &Path, branch: &str) -> PathBuf {
    let repository = folder.join("warehouse");
    let done = Command::new(PROGRAM).args(["demo", "--quiet", "--branch", branch]).arg(&repository).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    repository
}

/// What a run of the action left behind.
struct Run {
    status: i32,
    outputs: BTreeMap<String, String>,
    summary: String,
    said: String,
}

/// The value of an expression of the runner: the first of its alternatives that is not empty.
fn value(expression: &str, known: &BTreeMap<String, String>) -> String {
    let alternatives = expression.split("||").map(|one| known.get(one.trim()).cloned().unwrap_or_default());
    alternatives.into_iter().find(|one| !one.is_empty()).unwrap_or_default()
}

/// A text with its expressions replaced.
fn filled(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (expression, after) = after.split_once("}}").expect("an expression ends");
        filled.push_str(before);
        filled.push_str(&value(expression, known));
        rest = after;
    }
    filled + rest
}

/// Runs the action as a workflow with these inputs, and what the event says, does, on a pull request from a branch to main.
fn run(branch: &str, inputs: &[(&str, &str)]) -> Run {
    run_with(branch, inputs, |_| Vec::new())
}

/// The same, with variables for all steps that are known only when the repository is there.
fn run_with(branch: &str, inputs: &[(&str, &str)], prepare: impl Fn(&Path) -> Vec<(&'static str, String)>) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let repository = warehouse(folder.path(), branch);
    let variables = prepare(&repository);
    let action = action();
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for (name, input) in action["inputs"].as_mapping().unwrap() {
        let default = input["default"].as_str().unwrap_or_default();
        known.insert(format!("inputs.{}", name.as_str().unwrap()), default.to_owned());
    }
    known.insert("inputs.program".to_owned(), PROGRAM.to_owned());
    known.insert("runner.temp".to_owned(), folder.path().display().to_string());
    known.insert("github.event.pull_request.base.sha".to_owned(), "main".to_owned());
    for (name, text) in inputs {
        let name = if name.starts_with("github.") { (*name).to_owned() } else { format!("inputs.{name}") };
        assert!(name.starts_with("github.") || known.contains_key(&name), "{name} is no input");
        known.insert(name, (*text).to_owned());
    }
    let summary = folder.path().join("summary");
    let (mut said, mut status) = (String::new(), 0);
    for step in action["runs"]["steps"].as_sequence().unwrap() {
        let Some(script) = step["run"].as_str() else { continue };
        let output = folder.path().join("output");
        std::fs::write(&output, "").unwrap();
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]).current_dir(&repository).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", folder.path());
        command.env("SLACK_FINANCE_WEBHOOK", "https://hooks.example.com/nobody");
        command.env("GITHUB_OUTPUT", &output).env("GITHUB_STEP_SUMMARY", &summary);
        command.envs(variables.iter().map(|(name, text)| (name, text)));
        for (name, text) in step["env"].as_mapping().into_iter().flatten() {
            command.env(name.as_str().unwrap(), filled(text.as_str().unwrap(), &known));
        }
        let done: Output = command.output().unwrap();
        said += &String::from_utf8_lossy(&done.stdout);
        said += &String::from_utf8_lossy(&done.stderr);
        status = done.status.code().unwrap();
        for line in std::fs::read_to_string(&output).unwrap().lines() {
            let (name, text) = line.split_once('=').unwrap();
            known.insert(format!("steps.{}.outputs.{name}", step["id"].as_str().unwrap()), text.to_owned());
        }
        if status != 0 {
            break;
        }
    }
    let outputs = action["outputs"].as_mapping().unwrap().iter();
    let outputs = outputs
        .map(|(name, output)| (name.as_str().unwrap().to_owned(), filled(output["value"].as_str().unwrap(), &known)));
    Run { status, outputs: outputs.collect(), summary: std::fs::read_to_string(summary).unwrap_or_default(), said }
}

impl Run {
    fn output(&self, name: &str) -> &str {
        &self.outputs[name]
    }
}

#[test]
fn a_pull_request_that_reaches_a_job_says_so() {
    let run = run("optimise-orders", &[]);
    assert_eq!(run.status, 0, "{}", run.said);
    assert_eq!(
        ["verdict", "reached", "unknown", "changed"].map(|name| run.output(name)),
        ["reached", "1", "0", "1"],
        "{}",
        run.said
    );
    assert!(run.output("report").ends_with("headsup-report.json"));
    assert!(run.summary.contains("finance_audit_report"), "{}", run.summary);
}

#[test]
fn one_that_reaches_nobody_says_that() {
    let run = run("tidy-customers", &[("fail-on", "unknown"), ("summary", "false")]);
    assert_eq!((run.status, run.output("verdict"), &*run.summary), (0, "not_reached", ""), "{}", run.said);
}

#[test]
fn it_fails_where_that_is_asked_for_and_says_why_after_the_messages() {
    let run = run("optimise-orders", &[("fail-on", "critical"), ("notify", "dry-run")]);
    assert_eq!(run.status, 1, "{}", run.said);
    assert_eq!(run.output("verdict"), "reached");
    let message = run.said.find("a change to core.orders reaches finance_audit_report").expect("a message");
    let error = run.said.find("::error title=headsup::").expect("an error");
    assert!(message < error, "{}", run.said);
}

#[test]
fn nothing_is_sent_from_a_fork() {
    let run = run("optimise-orders", &[("notify", "send"), ("github.event.pull_request.head.repo.fork", "true")]);
    assert_eq!(run.status, 0, "{}", run.said);
    assert!(run.said.contains("nothing is sent from a fork"), "{}", run.said);
}

#[test]
fn wrong_inputs_are_errors() {
    assert_eq!(run("tidy-customers", &[("notify", "maybe")]).status, 2);
    assert_eq!(run("tidy-customers", &[("fail-on", "sometimes")]).status, 2);
    assert_eq!(run("tidy-customers", &[("base", "no-such-branch")]).status, 2);
}

#[test]
fn the_messages_arrive_and_the_check_concludes_as_the_step_does() {
    for (fail_on, conclusion, status) in [("never", "neutral", 0), ("critical", "failure", 1)] {
        // GitHub without any comment or check, which takes what it gets.
        let github = Server::new(|asked| match (asked.method.as_str(), asked.path.contains("check-runs")) {
            ("GET", true) => Answer::json(200, &json!({ "check_runs": [] })),
            ("GET", false) => Answer::json(200, &json!([])),
            _ => Answer::json(201, &json!({ "id": 1 })),
        });
        let run = run_with("optimise-orders", &[("fail-on", fail_on), ("notify", "send")], |repository| {
            let settings = repository.join("headsup.yml");
            let text = std::fs::read_to_string(&settings).unwrap();
            let (text, _) = text.split_once("  slack-finance:\n").unwrap();
            let own = "  slack-finance: { kind: file, path: out.txt }\n  pr: { kind: github }\n  check: { kind: github-check }\n";
            let others = "  slack-marketing: { kind: stdout }\n  slack-operations: { kind: stdout }\n";
            std::fs::write(&settings, format!("{text}{own}{others}")).unwrap();
            let event = repository.join("../event.json");
            let sha = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";
            let head = json!({ "sha": sha, "repo": { "full_name": "acme/warehouse" } });
            std::fs::write(&event, json!({ "pull_request": { "number": 7, "head": head } }).to_string()).unwrap();
            vec![
                ("GITHUB_TOKEN", "ghs_s3cr3t".to_owned()),
                ("GITHUB_REPOSITORY", "acme/warehouse".to_owned()),
                ("GITHUB_API_URL", github.url.clone()),
                ("GITHUB_EVENT_PATH", event.display().to_string()),
            ]
        });
        assert_eq!(run.status, status, "{}", run.said);
        let written: Vec<_> = github.asked().into_iter().filter(|asked| asked.method == "POST").collect();
        let [first, second] = written.as_slice() else { panic!("{:?}: {}", github.lines(), run.said) };
        let (check, comment) = if first.path.ends_with("check-runs") { (first, second) } else { (second, first) };
        assert!(comment.json()["body"].as_str().unwrap().contains("a change to core.orders reaches"));
        let check = check.json();
        assert_eq!(check["conclusion"], conclusion);
        let note = &check["output"]["annotations"][0];
        assert_eq!(
            (note["path"].as_str(), note["annotation_level"].as_str()),
            (Some("models/core/orders.sql"), Some("warning"))
        );
        assert!(!run.said.contains("ghs_s3cr3t"), "{}", run.said);
    }
}

#[test]
fn a_first_push_is_compared_with_where_the_branch_began() {
    let run = run("optimise-orders", &[("base", "0000000000000000000000000000000000000000")]);
    assert_eq!((run.status, run.output("verdict")), (0, "reached"), "{}", run.said);
}

#[test]
fn documents_and_action_have_the_same_inputs_and_outputs() {
    let documented = file("docs/ci.md");
    let action = action();
    for part in ["inputs", "outputs"] {
        for (name, _) in action[part].as_mapping().unwrap() {
            let name = format!("`{}`", name.as_str().unwrap());
            assert!(documented.contains(&name), "docs/ci.md says nothing of {name}");
        }
    }
    let github = documented.split("```yaml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let workflow: Value = serde_yaml::from_str(github).unwrap();
    let steps = workflow["jobs"]["headsup"]["steps"].as_sequence().unwrap();
    let uses = steps.iter().find(|step| step["id"] == "headsup").unwrap();
    for (name, _) in uses["with"].as_mapping().unwrap() {
        assert!(action["inputs"].get(name).is_some(), "the example gives {name:?}, which is no input");
    }
}

#[test]
fn hooks_and_the_gitlab_job_run_commands_that_exist() {
    let hooks: Value = serde_yaml::from_str(&file(".pre-commit-hooks.yaml")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let repository = warehouse(folder.path(), "optimise-orders");
    for hook in hooks.as_sequence().unwrap() {
        assert_eq!(hook["pass_filenames"], Value::from(false));
        let entry: Vec<&str> = hook["entry"].as_str().unwrap().split(' ').collect();
        assert_eq!(entry[0], "headsup");
        let done = Command::new(PROGRAM).args(&entry[1..]).current_dir(&repository).output().unwrap();
        let refuses = entry.contains(&"--fail-on");
        assert_eq!(done.status.code(), Some(i32::from(refuses)), "{hook:?}: {done:?}");
    }
    let gitlab: Value = serde_yaml::from_str(&file(".gitlab/headsup.yml")).unwrap();
    let script = gitlab["headsup"]["script"].as_sequence().unwrap();
    let lines: Vec<&str> = script.iter().skip(2).map(|line| line.as_str().unwrap()).collect();
    let run = |fail_on: &str| {
        let mut command = Command::new("bash");
        command.args(["-ec", &lines.join("\n")]).current_dir(&repository).env("HOME", folder.path());
        let mut path = vec![Path::new(PROGRAM).parent().unwrap().to_path_buf()];
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
        command.env("PATH", std::env::join_paths(path).unwrap());
        command
            .env("SLACK_FINANCE_WEBHOOK", "https://hooks.example.com/nobody")
            .env("CI_MERGE_REQUEST_DIFF_BASE_SHA", "main")
            .env("CI_COMMIT_SHA", "optimise-orders")
            .env("HEADSUP_FAIL_ON", fail_on)
            .env("HEADSUP_NOTIFY", "dry-run");
        command.output().unwrap()
    };
    let (calm, strict) = (run("never"), run("critical"));
    assert_eq!((calm.status.code(), strict.status.code()), (Some(0), Some(1)), "{calm:?} {strict:?}");
    let said = String::from_utf8_lossy(&calm.stdout);
    assert!(said.contains("Heads-up: a change to core.orders reaches finance_audit_report"), "{said}");
}
