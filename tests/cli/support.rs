//! Repositories as lists of files, and the real binary run in them with nothing of the machine: no
//! home, no environment, no configuration of git, and every commit made at the same moment.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use git2::{IndexAddOption, Oid, Repository, RepositoryInitOptions, Signature, Time};
use serde_json::Value;
use tempfile::TempDir;

/// A path and the text that stands there.
pub type File<'a> = (&'a str, &'a str);

/// In place of a text: the file is not there on this branch.
pub const GONE: &str = "(gone)";

/// Stands for the folder of a fixture, in arguments and in what comes back.
const DIR: &str = "[DIR]";

/// A folder to run in, and the environment to run with.
pub struct Fixture {
    /// Holds `repo`, `home` and `tmp`.
    place: TempDir,
    variables: Vec<(String, String)>,
}

/// What a run came to; paths of the fixture are [`DIR`].
#[derive(Debug, PartialEq, Eq)]
pub struct Run {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

impl Fixture {
    /// A folder outside git.
    pub fn folder(files: &[File]) -> Self {
        let place = tempfile::tempdir().unwrap();
        for folder in ["repo", "home", "tmp"] {
            fs::create_dir(place.path().join(folder)).unwrap();
        }
        let fixture = Self { place, variables: Vec::new() };
        fixture.write_all(files);
        fixture
    }

    /// A repository without commits.
    pub fn unborn(files: &[File]) -> Self {
        let fixture = Self::folder(files);
        let mut options = RepositoryInitOptions::new();
        options.initial_head("main").external_template(false);
        let repository = Repository::init_opts(fixture.root(), &options).unwrap();
        let mut config = repository.config().unwrap();
        for (key, value) in [("core.autocrlf", "false"), ("core.excludesfile", ""), ("core.attributesfile", "")] {
            config.set_str(key, value).unwrap();
        }
        fixture
    }

    /// A repository with one commit on `main`.
    pub fn new(files: &[File]) -> Self {
        let fixture = Self::unborn(files);
        fixture.commit("main");
        fixture
    }

    /// The same with a branch `change` on top, checked out.
    pub fn pair(main: &[File], change: &[File]) -> Self {
        Self::new(main).branch("change", change)
    }

    /// Starts a branch here, with one commit.
    pub fn branch(self, name: &str, files: &[File]) -> Self {
        {
            let repository = self.repository();
            let head = repository.head().unwrap().peel_to_commit().unwrap();
            repository.branch(name, &head, false).unwrap();
            repository.set_head(&format!("refs/heads/{name}")).unwrap();
        }
        self.write_all(files);
        self.commit(name);
        self
    }

    /// Checks a branch out.
    pub fn switch(&self, name: &str) {
        let repository = self.repository();
        repository.set_head(&format!("refs/heads/{name}")).unwrap();
        repository.checkout_head(Some(git2::build::CheckoutBuilder::new().force().remove_untracked(true))).unwrap();
    }

    /// The same fixture with an environment variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.replace(DIR, &self.root().display().to_string())));
        self
    }

    pub fn root(&self) -> PathBuf {
        self.place.path().join("repo")
    }

    pub fn repository(&self) -> Repository {
        Repository::open(self.root()).unwrap()
    }

    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    fn write_all(&self, files: &[File]) {
        for (path, text) in files {
            if *text == GONE {
                fs::remove_file(self.root().join(path)).unwrap();
            } else {
                self.write(path, text);
            }
        }
    }

    /// Stages everything there is.
    pub fn add(&self) -> Oid {
        let repository = self.repository();
        let mut index = repository.index().unwrap();
        index.add_all(["*"], IndexAddOption::DEFAULT, None).unwrap();
        index.update_all(["*"], None).unwrap();
        index.write().unwrap();
        index.write_tree().unwrap()
    }

    /// Commits everything there is.
    pub fn commit(&self, message: &str) -> Oid {
        self.commit_at(message, 1_767_225_600)
    }

    /// Writes files and commits everything there is, so many days after the first commit.
    pub fn day(&self, days: i64, message: &str, files: &[File]) -> Oid {
        self.write_all(files);
        self.commit_at(message, 1_767_225_600 + days * 86_400 + 36_000)
    }

    fn commit_at(&self, message: &str, seconds: i64) -> Oid {
        let tree = self.add();
        let repository = self.repository();
        let tree = repository.find_tree(tree).unwrap();
        let parent = repository.head().ok().map(|head| head.peel_to_commit().unwrap());
        let parents: Vec<_> = parent.iter().collect();
        let author = Signature::new("Ann", "ann@example.com", &Time::new(seconds, 0)).unwrap();
        repository.commit(Some("HEAD"), &author, &author, message, &tree, &parents).unwrap()
    }

    /// Runs the binary at the root of the repository; the arguments are words, in which [`DIR`] is
    /// that root.
    pub fn run(&self, arguments: &str) -> Run {
        self.run_in("", arguments)
    }

    /// The same in a folder of the repository.
    pub fn run_in(&self, folder: &str, arguments: &str) -> Run {
        let output = self.command(arguments).current_dir(self.root().join(folder)).output().unwrap();
        self.ended(arguments, output)
    }

    /// The same at the root, with something on standard input.
    pub fn run_on(&self, input: &[u8], arguments: &str) -> Run {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let input = input.to_vec();
        // Whoever has read enough closes the pipe.
        let writer = std::thread::spawn(move || drop(pipe.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        self.ended(arguments, output)
    }

    /// The binary with arguments and nothing of the machine, at the root of the repository.
    pub fn command(&self, arguments: &str) -> Command {
        let place = self.place.path();
        let root = self.root().display().to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_headsup"));
        command
            .args(arguments.split_whitespace().map(|argument| argument.replace(DIR, &root)))
            .current_dir(self.root())
            .env_clear()
            .env("HOME", place.join("home"))
            .env("TMPDIR", place.join("tmp"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    fn ended(&self, arguments: &str, output: Output) -> Run {
        let place = self.place.path();
        let root = self.root().display().to_string();
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).expect("what is written is UTF-8");
            text.replace(&root, DIR).replace(&place.display().to_string(), "[PLACE]")
        };
        let run = Run {
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            code: output.status.code().expect("no signal ends it"),
        };
        assert!(!run.stderr.contains("panicked at"), "{arguments}: {}", run.stderr);
        assert!(run.code <= 4, "{arguments}: {run:?}");
        run
    }

    /// What a command that succeeds writes to standard output.
    #[track_caller]
    pub fn text(&self, arguments: &str) -> String {
        self.run(arguments).ok()
    }

    /// The same as JSON.
    #[track_caller]
    pub fn json(&self, arguments: &str) -> Value {
        serde_json::from_str(&self.text(&format!("{arguments} --format json"))).expect("the report is JSON")
    }

    /// What a command that fails says, after its exit code.
    #[track_caller]
    pub fn error(&self, arguments: &str) -> String {
        let run = self.run(arguments);
        assert_eq!(run.stdout, "", "{arguments}");
        assert_ne!(run.code, 0, "{arguments}");
        format!("exit {}\n{}", run.code, run.stderr)
    }

    /// Every relation with what it reads, a line each: `core.orders: model, open ← raw.orders`.
    #[track_caller]
    pub fn graph(&self) -> String {
        self.graph_of("models")
    }

    /// The same, as a command with arguments sees it.
    #[track_caller]
    pub fn graph_of(&self, arguments: &str) -> String {
        let report = self.json(arguments);
        let relations = list(&report["relations"]);
        let named = |id: &Value| {
            let found = relations.iter().find(|relation| relation["id"] == *id);
            found.map_or_else(|| word(id), |relation| word(&relation["relation"]))
        };
        let line = |relation: &Value| {
            let parents: Vec<String> = list(&relation["parents"]).iter().map(named).collect();
            let arrow = if parents.is_empty() { String::new() } else { format!(" ← {}", parents.join(", ")) };
            format!("{}: {}, {}{arrow}", word(&relation["relation"]), word(&relation["kind"]), word(&relation["rung"]))
        };
        relations.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Every diagnostic, a line each: `code path:line:column message`.
    #[track_caller]
    pub fn diagnostics(&self) -> String {
        self.diagnostics_but(&["open-columns"])
    }

    /// The diagnostics of one version without those of some codes, one a line.
    #[track_caller]
    pub fn diagnostics_but(&self, codes: &[&str]) -> String {
        let report = self.json("doctor");
        let line = |found: &Value| {
            let place = match (found["line"].as_u64(), found["column"].as_u64()) {
                (Some(line), Some(column)) => format!(":{line}:{column}"),
                _ => String::new(),
            };
            let path = found["path"].as_str().unwrap_or("-");
            format!("{} {path}{place} {}", word(&found["code"]), word(&found["message"]))
        };
        let found = list(&report["diagnostics"]).iter();
        found.filter(|found| !codes.contains(&&*word(&found["code"]))).map(line).collect::<Vec<_>>().join("\n")
    }

    /// The verdict of `impact` in a few lines: changes, what is touched and the same, and jobs.
    #[track_caller]
    pub fn verdict(&self, arguments: &str) -> String {
        verdict(&self.json(arguments))
    }
}

impl Run {
    /// Standard output of a run that has to have succeeded.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self.stdout
    }
}

/// A report of `impact` in a few lines.
pub fn verdict(report: &Value) -> String {
    let mut lines = Vec::new();
    for change in list(&report["changes"]) {
        let effects: Vec<String> = list(&change["effects"])
            .iter()
            .map(|effect| match effect["column"].as_str() {
                Some(column) => format!("{} {column}", word(&effect["effect"])),
                None => word(&effect["effect"]),
            })
            .collect();
        lines.push(format!("{} {}: {}", word(&change["kind"]), word(&change["relation"]), effects.join(", ")));
    }
    for same in list(&report["unchanged"]) {
        lines.push(format!("unchanged {}: {}", word(&same["relation"]), word(&same["why"])));
    }
    for job in list(&report["jobs"]) {
        let path: Vec<String> = job["path"].as_array().into_iter().flatten().map(word).collect();
        let path = if path.is_empty() { String::new() } else { format!(" by {}", path.join(" → ")) };
        lines.push(format!("{} {}{path}", word(&job["reach"]), word(&job["job"])));
    }
    lines.join("\n")
}

/// The items of a list.
#[track_caller]
pub fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

/// A text in JSON.
#[track_caller]
pub fn word(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// One relation's name for each item of a list of objects.
pub fn names(value: &Value, key: &str) -> Vec<String> {
    list(value).iter().map(|item| word(&item[key])).collect()
}

/// The fields of an object, sorted.
#[track_caller]
pub fn fields(value: &Value) -> Vec<&str> {
    let mut fields: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    fields.sort_unstable();
    fields
}

/// Every file below a folder, git's own included, with what it holds and when it was written.
pub fn state(folder: &Path) -> Vec<(PathBuf, Option<Vec<u8>>, std::time::SystemTime)> {
    let mut pending = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(path) = pending.pop() {
        let metadata = fs::metadata(&path).unwrap();
        let content = if metadata.is_dir() {
            pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            None
        } else {
            Some(fs::read(&path).unwrap())
        };
        found.push((path, content, metadata.modified().unwrap()));
    }
    found.sort();
    found
}
