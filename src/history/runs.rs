//! When jobs ran and how that ended: a log of runs as CSV or JSON lines, and the results that dbt writes.
//! It must not know where the files lie.

use serde::Deserialize;

use super::seconds;

/// One run of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The job.
    pub job: String,
    /// How it ended.
    pub ended: Ended,
    /// When it began, in seconds since 1970.
    pub time: i64,
    /// What it said.
    pub error: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It worked.
    Well,
    /// It failed.
    Badly,
}

/// A line of a log that says nothing that can be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Which, from one.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

/// A line as machines write it; other fields are passed over.
#[derive(Deserialize)]
struct Line {
    job: String,
    status: String,
    started_at: String,
    #[serde(default)]
    error: Option<String>,
}

impl Line {
    /// The run; none of one that was skipped, or is not over.
    fn run(self) -> Result<Option<Run>, String> {
        let Some(time) = seconds(&self.started_at) else {
            return Err(format!("`{}` is no moment such as 2026-01-31T12:00:00Z", self.started_at));
        };
        let ended = match self.status.trim().to_lowercase().as_str() {
            "success" | "succeeded" | "ok" | "pass" | "passed" | "warn" | "done" | "finished" | "completed" => {
                Ended::Well
            }
            "fail" | "failed" | "failure" | "error" | "errored" | "crashed" | "timeout" => Ended::Badly,
            "skipped" | "skip" | "running" | "queued" | "cancelled" | "canceled" | "aborted" | "upstream_failed" => {
                return Ok(None);
            }
            other => return Err(format!("`{other}` is no status: `success` and `failed` are")),
        };
        let error = self.error.filter(|error| !error.trim().is_empty());
        Ok(Some(Run { job: self.job, ended, time, error }))
    }
}

/// The runs of a log, oldest first: CSV with a heading `job,status,started_at,error`, or a JSON object a line.
///
/// # Errors
/// The first line that cannot be understood.
pub fn read_log(text: &str) -> Result<Vec<Run>, BadLine> {
    let text = text.trim_start_matches('\u{feff}');
    let mut runs = if text.trim_start().starts_with('{') { json_lines(text) } else { csv(text) }?;
    runs.sort_by(|a, b| (a.time, &a.job).cmp(&(b.time, &b.job)));
    Ok(runs)
}

fn json_lines(text: &str) -> Result<Vec<Run>, BadLine> {
    let mut runs = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let bad = |why: String| BadLine { line: at + 1, why };
        let line: Line = serde_json::from_str(line).map_err(|error| bad(without_place(&error)))?;
        runs.extend(line.run().map_err(bad)?);
    }
    Ok(runs)
}

/// What is wrong, without the place in the one line that was read.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

fn csv(text: &str) -> Result<Vec<Run>, BadLine> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().cloned().unwrap_or_default();
    let place = |names: &[&str]| header.iter().position(|cell| names.contains(&cell.to_lowercase().as_str()));
    let need = |names: &[&str]| {
        let why = format!("the heading has no `{}`: it is job,status,started_at,error", names.first().unwrap_or(&""));
        place(names).ok_or(BadLine { line: 1, why })
    };
    let (job, status) = (need(&["job"])?, need(&["status"])?);
    let started = need(&["started_at"])?;
    let error = place(&["error"]);
    let mut runs = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(1, |position| usize::try_from(position.line()).unwrap_or(1));
            BadLine { line, why: "it is not CSV".to_owned() }
        })?;
        let line = record.position().map_or(1, |position| usize::try_from(position.line()).unwrap_or(1));
        let cell = |at: usize| record.get(at).unwrap_or_default().to_owned();
        let error = error.map(cell);
        let run = Line { job: cell(job), status: cell(status), started_at: cell(started), error }.run();
        runs.extend(run.map_err(|why| BadLine { line, why })?);
    }
    Ok(runs)
}

/// What dbt's `run_results.json` says of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Results {
    /// When it ended, in seconds since 1970.
    pub time: Option<i64>,
    /// What failed.
    pub failures: Vec<Failure>,
}

/// A model that failed, or a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its unique id.
    pub id: String,
    /// What was said.
    pub message: String,
}

impl Failure {
    /// Its kind: `model`, `test`, `seed` and the like.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.id.split('.').next().unwrap_or_default()
    }

    /// Its name, without the package and a test's hash.
    #[must_use]
    pub fn name(&self) -> &str {
        self.id.split('.').nth(2).unwrap_or(&self.id)
    }
}

/// Reads dbt's results.
///
/// # Errors
/// What is wrong with the text.
pub fn read_results(text: &str) -> Result<Results, String> {
    #[derive(Deserialize)]
    struct File {
        #[serde(default)]
        metadata: Metadata,
        results: Vec<One>,
    }
    #[derive(Deserialize, Default)]
    struct Metadata {
        generated_at: Option<String>,
    }
    #[derive(Deserialize)]
    struct One {
        unique_id: String,
        status: String,
        #[serde(default)]
        message: Option<String>,
    }
    let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let failed = |one: &One| matches!(one.status.as_str(), "error" | "fail" | "runtime error");
    let failures = file.results.into_iter().filter(failed);
    let failures = failures.map(|one| Failure { id: one.unique_id, message: one.message.unwrap_or_default() });
    Ok(Results { time: file.metadata.generated_at.as_deref().and_then(seconds), failures: failures.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_as_csv_and_as_json_lines() {
        let csv = "job,status,started_at,error\naudit,failed,2026-01-02 06:00,\"column \"\"x\"\", gone\"\n\
                   audit,success,2026-01-01T06:00:00Z,\naudit,skipped,2026-01-03,\n";
        let lines = "{\"job\":\"audit\",\"status\":\"ok\",\"started_at\":\"2026-01-01T06:00:00Z\",\"by\":\"x\"}\n\n\
                     {\"job\":\"audit\",\"status\":\"error\",\"started_at\":\"2026-01-02T07:00:00+01:00\",\
                     \"error\":\"column \\\"x\\\", gone\"}\n";
        let runs = read_log(csv).unwrap();
        assert_eq!(runs, read_log(lines).unwrap());
        assert_eq!(runs.iter().map(|run| run.ended).collect::<Vec<_>>(), [Ended::Well, Ended::Badly]);
        assert_eq!(runs[1].error.as_deref(), Some("column \"x\", gone"));
    }

    #[test]
    fn what_cannot_be_understood_is_told_with_its_line() {
        let why = |text| {
            let bad = read_log(text).unwrap_err();
            format!("{}: {}", bad.line, bad.why)
        };
        assert_eq!(
            why("job,started_at\na,2026-01-01\n"),
            "1: the heading has no `status`: it is job,status,started_at,error"
        );
        assert_eq!(
            why("job,status,started_at\na,ok,2026-01-01\na,green,2026-01-01\n"),
            "3: `green` is no status: `success` and `failed` are"
        );
        assert_eq!(
            why("{\"job\":\"a\",\"status\":\"ok\",\"started_at\":\"noon\"}"),
            "1: `noon` is no moment such as 2026-01-31T12:00:00Z"
        );
        assert_eq!(why("{\"job\":\"a\"}"), "1: missing field `status`");
        assert_eq!(read_log("").unwrap_err().line, 1);
    }

    #[test]
    fn results_of_dbt() {
        let text = r#"{"metadata":{"generated_at":"1970-01-01T00:01:00.5Z"},"results":[
            {"unique_id":"model.shop.orders","status":"success"},
            {"unique_id":"test.shop.unique_orders_id.fed0","status":"fail","message":"Got 3 results"}]}"#;
        let results = read_results(text).unwrap();
        assert_eq!(results.time, Some(60));
        assert_eq!(results.failures.len(), 1);
        assert_eq!((results.failures[0].kind(), results.failures[0].name()), ("test", "unique_orders_id"));
        assert!(read_results("{}").is_err());
    }
}
